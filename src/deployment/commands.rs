//! From the commands of a unit to the programs they start.
//!
//! Decides which words reach which program, with which environment and in which folder, following
//! what shells and container runtimes do with them.

use super::environment::{Environment, split_assignment};
use super::locate::Roots;
use crate::read::{Command, FilledBy, Form};
use crate::servers::arguments::Argument;
use crate::servers::{Program, recognise};
use crate::source::{Files, Place, Word};

/// A program with everything it is given.
#[derive(Debug, Clone)]
pub(super) struct Start {
    pub(super) program: Program,
    pub(super) arguments: Vec<Argument>,
    pub(super) environment: Environment,
    pub(super) roots: Roots,
    pub(super) place: Place,
}

/// What surrounds the commands of a unit.
pub(super) struct Surroundings<'a> {
    pub(super) environment: Environment,
    pub(super) roots: Roots,
    pub(super) files: &'a Files,
    /// Answers for variables that compose fills in before the process exists.
    pub(super) outer: &'a dyn Fn(&str) -> Option<String>,
}

/// The programs that an entry point and a command start together.
pub(super) fn starts(
    entrypoint: Option<&Command>,
    command: Option<&Command>,
    surroundings: Surroundings,
) -> Vec<Start> {
    let mut script = Script { surroundings, found: Vec::new() };
    match (entrypoint, command) {
        // A shell that is the entry point ignores the command.
        (Some(entrypoint), Some(command)) if entrypoint.form == Form::Exec => {
            // What stands in front is either the program itself or a wrapper; a wrapper around a
            // shell is one around each command of the shell.
            let front = entrypoint.simple.first().map_or(&[][..], Vec::as_slice);
            for simple in &command.simple {
                let mut arguments = script.fill_in(front, entrypoint.filled_by);
                arguments.extend(script.fill_in(simple, command.filled_by));
                script.run(&arguments, front.iter().chain(simple), command.place);
            }
        }
        (Some(only), _) | (None, Some(only)) => {
            for simple in &only.simple {
                let arguments = script.fill_in(simple, only.filled_by);
                script.run(&arguments, simple.iter(), only.place);
            }
        }
        (None, None) => {}
    }
    script.found
}

struct Script<'a> {
    surroundings: Surroundings<'a>,
    found: Vec<Start>,
}

impl Script<'_> {
    fn run<'w>(&mut self, arguments: &[Argument], words: impl Iterator<Item = &'w Word>, place: Place) {
        let texts: Vec<Option<String>> = arguments.iter().map(|argument| argument.text.clone()).collect();
        let here = &mut self.surroundings;
        match texts.first().and_then(Option::as_deref) {
            Some("cd") => {
                if let Some(Some(folder)) = texts.get(1) {
                    here.roots.enter(folder);
                }
            }
            Some("export") => words.skip(1).for_each(|word| {
                here.environment.assign(word);
            }),
            _ => match recognise(&texts) {
                Some(program) => {
                    let first = program.first_argument();
                    let mut environment = here.environment.clone();
                    // `A=b gunicorn`, `env A=b gunicorn`: the words in front of the program.
                    for word in words.take(first) {
                        environment.assign(word);
                    }
                    self.found.push(Start {
                        arguments: arguments.get(first..).unwrap_or_default().to_vec(),
                        program,
                        environment,
                        roots: here.roots.clone(),
                        place,
                    });
                }
                None if texts.iter().all(|text| text.as_deref().and_then(split_assignment).is_some()) => {
                    words.for_each(|word| {
                        here.environment.assign(word);
                    });
                }
                None => {}
            },
        }
    }

    /// Words with their variables filled in; an unquoted variable may hold several words.
    fn fill_in(&self, words: &[Word], filled_by: FilledBy) -> Vec<Argument> {
        let here = &self.surroundings;
        let lookup = |name: &str| match filled_by {
            FilledBy::Nobody => None,
            FilledBy::Shell => here.environment.text(name),
            FilledBy::Compose => (here.outer)(name),
            // Whoever fills it in, a value on which both agree is the value.
            FilledBy::Mixed => {
                let inner = here.environment.text(name);
                inner.filter(|inner| (here.outer)(name).is_none_or(|outer| outer == *inner))
            }
        };
        let mut arguments = Vec::new();
        for word in words {
            let mut argument = Argument::new(word, &lookup);
            // Only bytes that are exactly the text can be replaced by another.
            argument.literal &= argument.text.as_deref() == Some(here.files.text_at(word.place));
            match &argument.text {
                Some(text) if !word.quoted && !word.is_literal() && text.split_whitespace().count() != 1 => {
                    arguments.extend(text.split_whitespace().map(|piece| Argument {
                        text: Some(piece.to_owned()),
                        prefix: piece.to_owned(),
                        ..argument.clone()
                    }));
                }
                _ => arguments.push(argument),
            }
        }
        arguments
    }
}
