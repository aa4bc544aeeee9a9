//! A shell that follows a script without running anything.
//!
//! Decides which programs a command line starts, with which words, in which environment and folder, as
//! far as the files of the project tell. What a program prints or how it ends is not known, with a few
//! exceptions that the module `substitute` lists. Every way that may be taken is followed, within a
//! budget.

mod arithmetic;
mod builtin;
mod condition;
mod dialect;
mod expand;
mod lines;
mod loaders;
mod loops;
mod parameter;
mod pattern;
mod processes;
mod program;
mod shield;
mod state;
mod statement;
mod substitute;
mod text;
mod user;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::commands::{Managed, Start, Surroundings};
use crate::python::evaluate::Dependency;
use crate::read::shell::{self, Script};
use crate::read::{Command, Decoded, FilledBy, Form, Lexed};
use crate::servers::arguments::Argument;
use crate::source::{FileId, Files, Place, Span, WordPart};
use loops::{Returned, Round};
pub(super) use parameter::is_name;
use shield::Position;
pub use shield::{Shield, ShieldKind};
use state::State;
use text::Field;
pub(super) use text::INSTANCE;

/// Commands that are followed in all, branches that are copied included.
const MAX_STEPS: usize = 20_000;

/// A run through the commands of one unit.
pub(super) struct Shell<'a> {
    surroundings: &'a Surroundings<'a>,
    /// How many cores the machine is taken to have; `None` to leave it open.
    cpus: Option<u32>,
    /// Programs that are started, in order.
    pub(super) found: Vec<Start>,
    /// Whether anything asked for the number of cores.
    pub(super) asked_for_cores: bool,
    steps: usize,
    /// Lists and calls that are open.
    depth: usize,
    /// Scripts and shells that are open.
    scripts: usize,
    /// What the commands print, where somebody takes it.
    printed: Option<Field>,
    /// Whether a substitution was met since the command began.
    substituted: bool,
    /// Whether the command reads what another one prints.
    piped: bool,
    /// Where the command stands that is next.
    position: Position,
    /// The loops that are open.
    rounds: Vec<Round>,
    /// Ways that leave the functions that are open.
    returned: Vec<Vec<Returned>>,
    /// Files that a command writes, so that what the project holds is not what lies there.
    written: BTreeSet<String>,
    /// Lines of files that a command changes, and the command.
    patched: Vec<(Place, Place)>,
    /// The program of a manager that is followed.
    managed: Option<Managed>,
    /// Scripts of the project that were run.
    pub(super) visited: BTreeSet<FileId>,
    /// What the shell that runs it does not know.
    pub(super) strange: BTreeSet<(Place, String)>,
    /// What the shell that runs it could not expand, which ends it.
    broken: Option<Place>,
    /// Texts that were read before.
    parsed: BTreeMap<FileId, Option<Arc<Script>>>,
}

impl<'a> Shell<'a> {
    pub(super) fn new(surroundings: &'a Surroundings<'a>, cpus: Option<u32>) -> Self {
        Self {
            surroundings,
            cpus,
            found: Vec::new(),
            asked_for_cores: false,
            steps: MAX_STEPS,
            depth: 0,
            scripts: 0,
            printed: None,
            substituted: false,
            piped: false,
            position: Position::Last,
            rounds: Vec::new(),
            returned: Vec::new(),
            written: BTreeSet::new(),
            patched: Vec::new(),
            managed: None,
            visited: BTreeSet::new(),
            strange: BTreeSet::new(),
            broken: None,
            parsed: BTreeMap::new(),
        }
    }

    /// Runs what an entry point and a command are together, with further words that nobody knows if `is_open`.
    pub(super) fn run(&mut self, entrypoint: Option<&Command>, command: Option<&Command>, is_open: bool) {
        let (front, behind) = match (entrypoint, command) {
            // A shell that is the entry point gets the command as its arguments, and most ask for none.
            (Some(entrypoint), behind) if entrypoint.form == Form::Shell => {
                (entrypoint, behind.filter(|_| asks_for_arguments(entrypoint)))
            }
            (Some(entrypoint), behind) => (entrypoint, behind),
            (None, Some(command)) => (command, None),
            (None, None) => return,
        };
        let place = behind.unwrap_or(front).place;
        let surroundings = self.surroundings;
        let mut state = State::new(&surroundings.environment, surroundings.roots.clone(), place);
        let mut fields = self.given(front, &state);
        let own = fields.len();
        fields.extend(behind.into_iter().flat_map(|command| self.given(command, &state)));
        fields.extend(is_open.then(|| Field::any(place)));
        self.launch(&mut state, fields, own, place);
    }

    /// Runs a program that code starts with these words and nothing else.
    pub(super) fn run_words(&mut self, words: &[Argument], depends: &[Vec<Dependency>], place: Place) {
        let surroundings = self.surroundings;
        let mut state = State::new(&surroundings.environment, surroundings.roots.clone(), place);
        let fields = words.iter().enumerate().map(|(at, word)| {
            let text = word.text.as_ref().map_or_else(text::hole, Clone::clone);
            let mut field = if word.single { Field::new(&text, word.place) } else { Field::any(word.place) };
            field.depends = depends.get(at).cloned().unwrap_or_default();
            field.source = word.literal.then_some(word.place);
            field
        });
        self.launch(&mut state, fields.collect(), 0, place);
    }

    /// Runs a script of the project by its path, with arguments that are not known or with none.
    pub(super) fn run_file(&mut self, file: FileId, with_arguments: bool) {
        let surroundings = self.surroundings;
        let Some(script) = surroundings.facts.scripts.get(&file) else { return };
        let place = Place::new(file, Span::new(0, 0));
        let mut state = State::new(&surroundings.environment, surroundings.roots.clone(), place);
        if with_arguments {
            state.arguments = vec![Field::any(place)];
        }
        self.visited.insert(file);
        self.interpret(file, script, &mut state);
    }

    /// The words of a command as the kernel gets them.
    fn given(&self, command: &Command, state: &State) -> Vec<Field> {
        command.words.iter().flat_map(|lexed| self.filled(lexed, command.filled_by, state)).collect()
    }

    fn filled(&self, lexed: &Lexed, filled_by: FilledBy, state: &State) -> Vec<Field> {
        let word = &lexed.word;
        let finish = |field: Field| Field { removal: word.removal, quoted: word.quoted, ..field };
        if word.is_literal() {
            return vec![finish(Field { quoted: true, ..Field::of(lexed.content.clone(), word.place) })];
        }
        let mut text = String::new();
        for part in &word.parts {
            text.push_str(&self.outer_text(part, filled_by, state));
        }
        // A shell that runs the word takes it as it is written, and asks for the variables itself.
        let mut field = finish(Field::new(&text, word.place));
        if filled_by == FilledBy::Compose {
            let open = word.stand_ins(&|name| self.outer_value(name, filled_by, state));
            let open = open.into_iter().map(|(name, default)| Dependency::InPlace { name, default });
            field.depends = open.collect();
        } else {
            // What fills it in rests on what the variables rest on.
            for variable in word.variables().iter().filter_map(|name| state.variables.get(*name)) {
                if let state::Held::One(held) = &variable.held {
                    field.depend_on(&held.depends);
                }
            }
        }
        let by_shell = word.parts.iter().any(|part| matches!(part, WordPart::Text(text) if text.contains('$')));
        let who = match filled_by {
            // `$$X` reaches the shell as `$X`, and which is which is not told apart.
            FilledBy::Compose if by_shell => FilledBy::Mixed,
            FilledBy::Compose | FilledBy::Mixed => filled_by,
            FilledBy::Shell | FilledBy::Kubernetes | FilledBy::Nobody => FilledBy::Shell,
        };
        field.raw = Some(Box::new((lexed.content.clone(), who)));
        let splits = !word.quoted && text::is_known(&text) && text.split_whitespace().count() != 1;
        if !splits {
            return vec![field];
        }
        let depends = field.depends;
        let piece = |piece| Field { depends: depends.clone(), ..Field::new(piece, word.place) };
        text.split_whitespace().map(|text| finish(piece(text))).collect()
    }

    fn outer_text(&self, part: &WordPart, filled_by: FilledBy, state: &State) -> String {
        match part {
            WordPart::Text(text) => text.clone(),
            WordPart::Opaque(text) if matches!(text.as_str(), "%i" | "%I") => text::instance(),
            WordPart::Opaque(_) => text::hole(),
            WordPart::Changed { .. } => {
                let found = part.resolve(&|name| self.outer_value(name, filled_by, state));
                found.unwrap_or_else(text::hole)
            }
            WordPart::Variable { name, default } => match (self.outer_value(name, filled_by, state), default) {
                (Some(text), _) if !text.is_empty() => text,
                (None, Some(default)) if default.iter().all(is_nothing) => text::missing(name),
                (_, Some(default)) => default.iter().map(|part| self.outer_text(part, filled_by, state)).collect(),
                (Some(empty), None) => empty,
                (None, None) => text::missing(name),
            },
        }
    }

    fn outer_value(&self, name: &str, filled_by: FilledBy, state: &State) -> Option<String> {
        let outer = self.surroundings.outer;
        match filled_by {
            FilledBy::Nobody => None,
            FilledBy::Shell => known(state, name),
            FilledBy::Compose => outer(name),
            FilledBy::Kubernetes => outer(name).or_else(|| known(state, name)),
            // Whoever fills it in, a value on which both agree is the value.
            FilledBy::Mixed => known(state, name).filter(|inner| outer(name).is_none_or(|outer| outer == *inner)),
        }
    }

    fn files(&self) -> &'a Files {
        self.surroundings.files
    }

    /// The file of the project that a path leads to, unless a command wrote it before.
    fn file(&self, path: &str, state: &State) -> Option<FileId> {
        if self.written.contains(&state.roots.at(path)) {
            return None;
        }
        state.roots.file(self.files(), path)
    }

    /// Whether there is a file at a path; `None` where that is not known.
    fn has(&self, path: &str, state: &State) -> Option<bool> {
        if self.written.contains(&state.roots.at(path)) {
            return None;
        }
        state.roots.has(self.files(), path)
    }

    /// Takes `steps` off the budget; `false` once it is used up.
    fn spend(&mut self, steps: usize) -> bool {
        self.steps = self.steps.saturating_sub(steps);
        self.steps > 0
    }

    /// The script that a text is.
    fn parse(text: &Decoded, file: FileId) -> Option<Arc<Script>> {
        shell::script(text, file).map(Arc::new)
    }
}

/// Whether a command in shell form uses what comes behind it: `ENTRYPOINT /start.sh $0 $@`.
fn asks_for_arguments(command: &Command) -> bool {
    let texts = command.words.iter().map(|lexed| lexed.content.text());
    texts.flat_map(|text| text.split('$').skip(1)).any(|name| {
        let name = name.strip_prefix('{').unwrap_or(name);
        name.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '@' | '*'))
    })
}

fn is_nothing(part: &WordPart) -> bool {
    matches!(part, WordPart::Text(text) if text.is_empty())
}

fn known(state: &State, name: &str) -> Option<String> {
    match &state.variables.get(name)?.held {
        state::Held::One(field) => field.known().map(str::to_owned),
        _ => None,
    }
}
