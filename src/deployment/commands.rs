//! From the commands of a unit to the programs they start.
//!
//! Decides which words reach which program, with which environment and in which folder, following
//! what shells and container runtimes do with them.

use std::collections::BTreeMap;

use super::environment::{Environment, split_assignment};
use super::locate::Roots;
use crate::read::{Command, ConsoleScript, FilledBy, Form, ScriptCommand};
use crate::servers::arguments::Argument;
use crate::servers::{Program, recognise_among};
use crate::source::{FileId, Files, Place, Word, WordPart};

/// A program with everything it is given.
#[derive(Debug, Clone)]
pub(super) struct Start {
    pub(super) program: Program,
    pub(super) arguments: Vec<Argument>,
    pub(super) environment: Environment,
    pub(super) roots: Roots,
    pub(super) place: Place,
    /// Whether it stands in a branch of a script, so that it may or may not run.
    pub(super) conditional: bool,
}

/// What surrounds the commands of a unit.
pub(super) struct Surroundings<'a> {
    pub(super) environment: Environment,
    pub(super) roots: Roots,
    pub(super) files: &'a Files,
    /// The scripts of the project.
    pub(super) scripts: &'a BTreeMap<FileId, Vec<ScriptCommand>>,
    /// The commands that its packages install.
    pub(super) installed: &'a BTreeMap<FileId, Vec<ConsoleScript>>,
    /// Answers for variables that compose or Kubernetes fills in before the process exists.
    pub(super) outer: &'a dyn Fn(&str) -> Option<String>,
}

/// The programs that an entry point and a command start together.
pub(super) fn starts(
    entrypoint: Option<&Command>,
    command: Option<&Command>,
    surroundings: Surroundings,
) -> Vec<Start> {
    let mut runner = Runner { surroundings, found: Vec::new(), exports: false, depth: 0 };
    let calls = |command: &'_ Command, words| Call {
        words,
        filled_by: command.filled_by,
        place: command.place,
        conditional: false,
    };
    match (entrypoint, command) {
        // A shell that is the entry point ignores the command.
        (Some(entrypoint), Some(command)) if entrypoint.form == Form::Exec => {
            // What stands in front is either the program itself or a wrapper; a wrapper around a
            // shell is one around each command of the shell.
            let front = entrypoint.simple.first().map_or(&[][..], Vec::as_slice);
            for simple in &command.simple {
                runner.run(Some(calls(entrypoint, front)), calls(command, simple));
            }
        }
        (Some(only), _) | (None, Some(only)) => {
            for simple in &only.simple {
                runner.run(None, calls(only, simple));
            }
        }
        (None, None) => {}
    }
    runner.found
}

/// Whether what is filled in may become several words; an assignment never does.
fn is_split(word: &Word) -> bool {
    let assigns = matches!(word.parts.first(), Some(WordPart::Text(text)) if split_assignment(text).is_some());
    !word.quoted && !word.is_literal() && !assigns
}

/// `exec "$@"`: what the script was given.
fn passes_on(words: &[Word]) -> bool {
    let all = |word: &Word| matches!(word.parts.as_slice(), [WordPart::Opaque(text)] if text == "$@" || text == "${@}");
    match words {
        [only] => all(only),
        [first, rest @ ..] => first.text().as_deref() == Some("exec") && rest.len() == 1 && rest.iter().all(all),
        [] => false,
    }
}

/// Scripts that call scripts are followed this far.
const MAX_SCRIPTS: usize = 4;

/// A list of words about to be run.
#[derive(Clone, Copy)]
struct Call<'w> {
    words: &'w [Word],
    filled_by: FilledBy,
    place: Place,
    /// Whether it may be skipped.
    conditional: bool,
}

struct Runner<'a> {
    surroundings: Surroundings<'a>,
    found: Vec<Start>,
    /// Whether an assignment alone makes a variable visible to programs.
    exports: bool,
    /// How many scripts are open.
    depth: usize,
}

impl Runner<'_> {
    /// Runs one command; `front` are words of another form that stand before it.
    fn run(&mut self, front: Option<Call>, call: Call) {
        let mut arguments = front.map_or_else(Vec::new, |front| self.fill_in(front.words, front.filled_by));
        arguments.extend(self.fill_in(call.words, call.filled_by));
        let words: Vec<&Word> = front.iter().flat_map(|front| front.words).chain(call.words).collect();
        let texts: Vec<Option<String>> = arguments.iter().map(|argument| argument.text.clone()).collect();
        match texts.first().and_then(Option::as_deref) {
            Some("cd") if !call.conditional => {
                if let Some(Some(folder)) = texts.get(1) {
                    self.surroundings.roots.enter(folder);
                }
            }
            // Asking where a program is does not start it.
            Some("command") if matches!(texts.get(1), Some(Some(option)) if option == "-v" || option == "-V") => {}
            Some("cd" | "type" | "hash" | "which") => {}
            Some("export") => {
                self.assign(words.get(1..).unwrap_or_default(), call.conditional, true);
                texts.iter().skip(1).flatten().for_each(|name| self.surroundings.environment.export(name));
            }
            Some("unset") if !call.conditional => {
                texts.iter().skip(1).flatten().for_each(|name| self.surroundings.environment.remove(name));
            }
            // `set -a` exports whatever is assigned from here on.
            Some("set") => self.exports |= texts.iter().flatten().any(|text| text == "-a" || text == "allexport"),
            _ => match recognise_among(&texts, &|name| self.installs(name)) {
                Some(program) => {
                    let in_front = front.map_or(0, |front| front.words.len());
                    // An entry point in Python runs in the end what it is given, unless it is the server.
                    let wraps =
                        matches!(program, Program::Python { .. }) && (1..=in_front).contains(&program.first_argument());
                    self.start(program, &arguments, &words, call);
                    if wraps {
                        self.run(None, call);
                    }
                }
                None if texts.iter().all(|text| text.as_deref().and_then(split_assignment).is_some()) => {
                    self.assign(&words, call.conditional, self.exports);
                }
                None => self.follow(&texts, front, call),
            },
        }
    }

    fn installs(&self, name: &str) -> bool {
        self.surroundings.installed.values().flatten().any(|script| script.name == name)
    }

    fn assign(&mut self, words: &[&Word], conditional: bool, exported: bool) {
        for word in words {
            // Of an assignment that may be skipped both outcomes are possible, and one whose value is
            // unknown hides what was there before.
            if conditional || !self.surroundings.environment.assign(word, exported) {
                self.surroundings.environment.forget(word, exported);
            }
        }
    }

    fn start(&mut self, program: Program, arguments: &[Argument], words: &[&Word], call: Call) {
        let first = program.first_argument();
        let mut environment = self.surroundings.environment.clone();
        // `A=b gunicorn`, `env -u C A=b gunicorn`: the words in front of the program.
        let mut removes = false;
        for (word, argument) in words.iter().zip(arguments).take(first) {
            let text = argument.text.as_deref().unwrap_or_default();
            if removes {
                environment.remove(text);
            } else {
                environment.assign(word, true);
            }
            removes = matches!(text, "-u" | "--unset");
        }
        self.found.push(Start {
            arguments: arguments.get(first..).unwrap_or_default().to_vec(),
            program,
            environment,
            roots: self.surroundings.roots.clone(),
            place: call.place,
            conditional: call.conditional,
        });
    }

    /// A script of the project, with the words behind its name as its arguments.
    fn follow(&mut self, texts: &[Option<String>], front: Option<Call>, call: Call) {
        let here = &self.surroundings;
        let script = texts.iter().take(8).enumerate().find_map(|(at, text)| {
            let file = here.roots.file(here.files, text.as_deref()?)?;
            Some((at, here.scripts.get(&file)?))
        });
        if self.depth >= MAX_SCRIPTS {
            return;
        }
        let behind = |at: usize| {
            let skipped = front.map_or(0, |front| front.words.len());
            Call { words: call.words.get((at + 1).saturating_sub(skipped)..).unwrap_or_default(), ..call }
        };
        self.depth += 1;
        if let Some((at, commands)) = script {
            for command in commands {
                let conditional = call.conditional || command.conditional;
                if passes_on(&command.words) {
                    self.run(None, Call { conditional, ..behind(at) });
                } else {
                    let own =
                        Call { words: &command.words, filled_by: FilledBy::Shell, place: command.place, conditional };
                    self.run(None, own);
                }
            }
        } else if front.is_some() {
            // An entry point that is not in the project, such as one of a base image, runs what it is
            // given in the end.
            self.run(None, behind(front.map_or(0, |front| front.words.len().saturating_sub(1))));
        }
        self.depth -= 1;
    }

    /// Words with their variables filled in; an unquoted variable may hold several words.
    fn fill_in(&self, words: &[Word], filled_by: FilledBy) -> Vec<Argument> {
        let here = &self.surroundings;
        let lookup = |name: &str| match filled_by {
            FilledBy::Nobody => None,
            FilledBy::Shell => here.environment.text(name),
            FilledBy::Compose | FilledBy::Kubernetes => (here.outer)(name),
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
                Some(text) if is_split(word) && text.split_whitespace().count() != 1 => {
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
