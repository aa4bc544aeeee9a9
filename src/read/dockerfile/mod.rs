//! A Dockerfile becomes one unit per build stage.
//!
//! A stage holds what its own lines say. What it takes over from the image it starts `FROM`, an
//! earlier stage or one in a registry, is joined later.

mod assignments;
mod health;
mod instructions;
#[cfg(test)]
mod tests;
mod written;

use std::collections::BTreeMap;

use crate::findings::Note;
use crate::source::{FileId, Located, Place, SourceFile, Word};

use super::command;
use super::decoded::Decoded;
use super::embedded::Embedded;
use super::expansion::{self, Dialect};
use super::requirements::installs;
use super::{Command, Copied, Facts, Stage, Step, Unit, UnitKind, Variable, json_words};
use instructions::Instruction;

/// More stages than any image has.
const MAX_STAGES: usize = 200;

/// More instructions than `ONBUILD` repeats.
const MAX_TRIGGERS: usize = 1_000;
/// More variables than all stages together set.
const MAX_VARIABLES: usize = 10_000;
/// More files than one `COPY` names.
const MAX_SOURCES: usize = 1_000;
/// What is longer is no part of the name of a package.
const MAX_HELD: usize = 200;
/// Arguments that name arguments are followed this far.
const MAX_DEPTH: usize = 8;

/// Reads a Dockerfile.
pub(super) fn read(file: FileId, source: &SourceFile, facts: &mut Facts) {
    let (instructions, comments) = instructions::scan(source.text());
    facts.comments.insert(file, comments);
    let mut reader = Reader {
        file,
        source,
        facts,
        stages: Vec::new(),
        arguments: Vec::new(),
        shells: Vec::new(),
        triggers: Vec::new(),
        replayed: 0,
        variables: 0,
        held: BTreeMap::new(),
    };
    for instruction in &instructions {
        reader.instruction(instruction);
    }
    if instructions.len() >= instructions::MAX_INSTRUCTIONS || reader.variables >= MAX_VARIABLES {
        reader.facts.notes.push(Note::file(source.path(), "longer than any Dockerfile, so it was read in part"));
    }
    let stages = reader.stages;
    facts.units.extend(stages);
}

/// The files that a Dockerfile holds and writes into its images.
pub(super) fn embedded(text: &str, file: FileId) -> Vec<Embedded> {
    // Few Dockerfiles write files, and all are scanned again.
    if !text.contains("<<") && !text.contains('>') && !text.contains("tee ") {
        return Vec::new();
    }
    let (instructions, _) = instructions::scan(text);
    let incomplete = written::incomplete(&instructions, file);
    let files = instructions.iter().flat_map(|instruction| written::files(instruction, file));
    // Of a relative path it is not told here whether it is that of an absolute one.
    let name = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
    let same = |one: &str, other: &str| {
        one == other || (!one.starts_with('/') || !other.starts_with('/')) && name(one) == name(other)
    };
    files.filter(|file| !incomplete.iter().any(|path| same(path, &file.path))).collect()
}

struct Reader<'a> {
    file: FileId,
    source: &'a SourceFile,
    facts: &'a mut Facts,
    stages: Vec<Unit>,
    /// `ARG`s in front of the first `FROM`; a stage sees one once it names it again.
    arguments: Vec<Variable>,
    /// What runs shell form at the end of each stage so far; a stage takes it over from the one it starts
    /// from.
    shells: Vec<Shell>,
    /// The instructions of each stage so far that run in what starts from it (`ONBUILD`).
    triggers: Vec<Vec<Instruction>>,
    /// How many of those ran.
    replayed: usize,
    /// How many variables are set so far.
    variables: usize,
    /// What the variables of the stage hold so far, unless somebody builds with other values.
    held: BTreeMap<String, Option<String>>,
}

/// What runs shell form.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shell {
    /// Whatever `/bin/sh` is.
    System,
    Bash,
    Other,
}

impl Reader<'_> {
    fn instruction(&mut self, instruction: &Instruction) {
        let rest = &instruction.rest;
        match instruction.keyword.as_str() {
            "FROM" => self.from(instruction),
            "ARG" if self.stages.is_empty() => {
                let variables = assignments::variables(rest, self.file, true);
                self.arguments.extend(variables.into_iter().take(MAX_VARIABLES.saturating_sub(self.variables)));
                self.variables += self.arguments.len();
            }
            "RUN" => self.run(instruction),
            "ARG" => self.argument(rest),
            "MAINTAINER" | "LABEL" | "EXPOSE" => {}
            "VOLUME" => {
                let text = rest.text();
                let paths =
                    text.split(|c: char| c.is_whitespace() || "[],\"".contains(c)).filter(|path| !path.is_empty());
                let paths: Vec<String> = paths.map(str::to_owned).collect();
                self.stage(|stage| stage.outside.volumes.extend(paths));
            }
            "ONBUILD" => self.on_build(instruction),
            "HEALTHCHECK" => {
                let check = health::read(rest, self.file);
                self.stage(|stage| stage.health = check.into_iter().collect());
            }
            "SHELL" => self.set_shell(rest),
            "ENV" => {
                let variables = assignments::variables(rest, self.file, false);
                self.set(variables);
            }
            "WORKDIR" => self.working_folder(rest),
            "COPY" | "ADD" => {
                if let Some(copied) = copied(rest, self.file) {
                    self.copy(rest, copied);
                }
                self.write(instruction);
            }
            "USER" => {
                let (user, word) = (self.located(rest), self.word(rest));
                self.stage(|stage| {
                    stage.stage.get_or_insert_default().steps.push(Step::User(word));
                    stage.user = Some(user);
                });
            }
            "STOPSIGNAL" => {
                let (signal, word) = (self.located(rest), self.word(rest));
                self.stage(|stage| {
                    stage.stage.get_or_insert_default().steps.push(Step::Signal(word));
                    stage.stop_signal = Some(signal);
                });
            }
            "CMD" => {
                let command = self.command(instruction);
                self.stage(|stage| stage.command = command);
            }
            "ENTRYPOINT" => {
                let command = self.command(instruction);
                self.stage(|stage| stage.entrypoint = command);
            }
            _ => self.unknown(instruction),
        }
    }

    fn stage(&mut self, change: impl FnOnce(&mut Unit)) {
        if let Some(stage) = self.stages.last_mut() {
            change(stage);
        }
    }

    fn note(&mut self, instruction: &Instruction, reason: impl Into<String>) {
        let line = self.source.line(instruction.span.start);
        self.facts.notes.push(Note {
            path: self.source.path().to_owned(),
            line: Some(line),
            span: Some(instruction.span),
            reason: reason.into(),
        });
    }

    fn unknown(&mut self, instruction: &Instruction) {
        let known = self.facts.notes.iter().any(|note| note.path == self.source.path());
        // One is enough: a templated file would give one for every line of its template.
        if !known {
            let word: String = instruction.keyword.chars().take(20).collect();
            self.note(instruction, format!("`{word}` is no instruction, so this line was skipped"));
        }
    }

    fn located(&self, text: &Decoded) -> Located<String> {
        let all = 0..text.text().len();
        Located::new(text.text().to_owned(), Place::new(self.file, text.span(all)))
    }

    /// All of a text, its variables told apart.
    fn word(&self, text: &Decoded) -> Word {
        let place = Place::new(self.file, text.span(0..text.text().len()));
        Word { parts: expansion::parts(text.text(), Dialect::Build), place, removal: place, quoted: true }
    }

    fn from(&mut self, instruction: &Instruction) {
        if self.stages.len() >= MAX_STAGES {
            return;
        }
        let rest = &instruction.rest;
        let mut words = word_ranges(rest.text()).filter(|range| !rest.text()[range.clone()].starts_with("--"));
        let image = words.next();
        let is_as = words.next().is_some_and(|range| rest.text()[range].eq_ignore_ascii_case("as"));
        let name = words.next().filter(|_| is_as).map_or("", |range| &rest.text()[range]);
        let mut unit = Unit::new(UnitKind::Image, name, Place::new(self.file, instruction.span));
        let from = image.map(|range| {
            let place = Place::new(self.file, rest.span(range.clone()));
            let parts = expansion::parts(&rest.text()[range], Dialect::Build);
            Word { parts, place, removal: place, quoted: true }
        });
        unit.image = from.as_ref().map(|word| {
            let text = word.resolve(&|name| self.default_of(name, 0));
            let written = || self.source.slice(word.place.span).to_owned();
            Located::new(text.unwrap_or_else(written), word.place)
        });
        unit.stage = Some(Stage { from, arguments: self.arguments.clone(), ..Stage::default() });
        let named = |stage: &Unit, name: &Located<String>| stage.name.eq_ignore_ascii_case(&name.value);
        let base = unit.image.as_ref().filter(|name| !name.value.is_empty());
        let base = base.and_then(|name| self.stages.iter().position(|stage| named(stage, name)));
        self.shells.push(base.and_then(|base| self.shells.get(base).copied()).unwrap_or(Shell::System));
        self.triggers.push(Vec::new());
        self.held.clear();
        self.stages.push(unit);
        let triggers = base.and_then(|base| self.triggers.get(base).cloned()).unwrap_or_default();
        for trigger in triggers {
            self.replayed += 1;
            if self.replayed <= MAX_TRIGGERS {
                self.instruction(&trigger);
            }
        }
    }

    /// What an `ARG` in front of the first `FROM` holds unless somebody builds with another value.
    fn default_of(&self, name: &str, depth: usize) -> Option<String> {
        let at = self.arguments.iter().rposition(|argument| argument.name == name).filter(|_| depth < MAX_DEPTH)?;
        self.arguments[at].value.as_ref()?.resolve(&|name| self.default_of(name, depth + 1))
    }

    fn on_build(&mut self, instruction: &Instruction) {
        let rest = &instruction.rest;
        let text = rest.text();
        let end = text.find(char::is_whitespace).unwrap_or(text.len());
        let start = text.len() - text.get(end..).unwrap_or_default().trim_start().len();
        let keyword = text.get(..end).unwrap_or_default().to_ascii_uppercase();
        if matches!(keyword.as_str(), "ONBUILD" | "FROM" | "MAINTAINER") {
            return;
        }
        let trigger = Instruction {
            keyword,
            rest: rest.part(start..text.len()),
            span: instruction.span,
            documents: instruction.documents.clone(),
        };
        if let Some(triggers) = self.triggers.last_mut() {
            triggers.push(trigger);
        }
    }

    fn set(&mut self, mut variables: Vec<Variable>) {
        variables.truncate(MAX_VARIABLES.saturating_sub(self.variables));
        self.variables += variables.len();
        let known = |name: &str| self.held.get(name)?.clone();
        let value =
            |variable: &Variable| variable.value.as_ref()?.resolve(&known).filter(|text| text.len() <= MAX_HELD);
        let held: Vec<_> = variables.iter().map(|variable| (variable.name.clone(), value(variable))).collect();
        self.held.extend(held);
        self.stage(|stage| {
            let start = stage.environment.len();
            stage.environment.extend(variables);
            let range = start..stage.environment.len();
            stage.stage.get_or_insert_default().steps.push(Step::Set(range));
        });
    }

    fn argument(&mut self, rest: &Decoded) {
        let mut variables = assignments::variables(rest, self.file, true);
        for variable in &mut variables {
            if variable.value.is_none()
                && let Some(global) = self.arguments.iter().find(|global| global.name == variable.name)
            {
                variable.value.clone_from(&global.value);
            }
        }
        self.set(variables);
    }

    fn set_shell(&mut self, rest: &Decoded) {
        let name = json_words::words(rest, self.file).and_then(|words| words.first()?.word.text());
        let base = name.as_deref().and_then(|name| name.rsplit('/').next());
        if let Some(shell) = self.shells.last_mut() {
            *shell = match base {
                Some("sh" | "dash" | "ash") => Shell::System,
                Some("bash" | "zsh") => Shell::Bash,
                _ => Shell::Other,
            };
        }
    }

    fn working_folder(&mut self, rest: &Decoded) {
        let mut folder = self.located(rest).map(|text| text.trim_matches(['"', '\'']).to_owned());
        let word = self.word(rest);
        self.stage(|stage| {
            stage.stage.get_or_insert_default().steps.push(Step::Enter(word));
            if let Some(previous) = &stage.working_folder
                && !folder.value.starts_with(['/', '$'])
            {
                folder.value = format!("{}/{}", previous.value.trim_end_matches('/'), folder.value);
            }
            stage.working_folder = Some(folder);
        });
    }

    fn command(&mut self, instruction: &Instruction) -> Option<Command> {
        let rest = &instruction.rest;
        let place = Place::new(self.file, rest.span(0..rest.text().len()));
        let command = match json_words::words(rest, self.file) {
            Some(words) => command::exec(words, Dialect::Build, place),
            None if self.shells.last() == Some(&Shell::Other) => {
                self.note(instruction, "run by a shell that is not a POSIX shell, so it was not read");
                return None;
            }
            None if self.shells.last() == Some(&Shell::Bash) => command::shell_of("/bin/bash", rest, place),
            None => command::shell(rest, place),
        };
        if command.is_none() {
            self.note(instruction, "longer than any command, so it was not read");
        }
        command
    }

    fn copy(&mut self, rest: &Decoded, copied: Copied) {
        let place = Place::new(self.file, rest.span(0..rest.text().len()));
        let written = |text: &String| {
            let parts = expansion::parts(text, Dialect::Build);
            Word { parts, place, removal: place, quoted: true }
        };
        self.stage(|stage| {
            let index = stage.copied.len();
            let sources = copied.sources.iter().map(written).collect();
            let step = Step::Copy(index, sources, written(&copied.destination));
            stage.stage.get_or_insert_default().steps.push(step);
            stage.copied.push(landed(copied, stage.working_folder.as_ref()));
        });
    }

    /// The files whose text an instruction holds itself.
    fn write(&mut self, instruction: &Instruction) {
        for file in written::files(instruction, self.file) {
            let at = Some(super::embedded::start(&file.body));
            let copied = Copied { sources: Vec::new(), destination: file.path, stage: None, written: at };
            self.copy(&instruction.rest, copied);
        }
    }

    fn run(&mut self, instruction: &Instruction) {
        let place = Place::new(self.file, instruction.whole_script());
        self.stage(|stage| stage.stage.get_or_insert_default().steps.push(Step::Run(place)));
        self.write(instruction);
        for text in instruction.documents.iter().map(|document| &document.body).chain([&instruction.rest]) {
            let found = installs::requirements(text, self.file, &|name| self.held.get(name)?.clone());
            self.facts.requirements.extend(found);
        }
    }
}

fn word_ranges(text: &str) -> impl Iterator<Item = std::ops::Range<usize>> {
    text.split_whitespace().map(|word| {
        let start = word.as_ptr() as usize - text.as_ptr() as usize;
        start..start + word.len()
    })
}

/// A relative destination lies below the working folder at that line, not below the last one. One that a
/// stage takes over or that holds a variable is not known here.
fn landed(copied: Copied, working: Option<&Located<String>>) -> Copied {
    let Some(working) = working.filter(|folder| folder.value.starts_with('/') && !folder.value.contains('$')) else {
        return copied;
    };
    if copied.destination.starts_with(['/', '$']) {
        return copied;
    }
    let below = if copied.destination == "." { "" } else { copied.destination.as_str() };
    let destination = format!("{}/{below}", working.value.trim_end_matches('/'));
    Copied { destination, ..copied }
}

/// What a `COPY` takes.
fn copied(rest: &Decoded, file: FileId) -> Option<Copied> {
    let text = rest.text();
    let mut at = 0;
    let mut stage = None;
    for range in word_ranges(text) {
        let word = &text[range.clone()];
        if !word.starts_with("--") {
            at = range.start;
            break;
        }
        if let Some(name) = word.strip_prefix("--from=") {
            stage = Some(name.to_owned());
        }
        at = range.end;
    }
    let paths = rest.part(at..text.len());
    let mut words: Vec<String> = match json_words::words(&paths, file) {
        Some(words) => words.iter().filter_map(|lexed| lexed.word.text()).collect(),
        None => paths.text().split_whitespace().map(|word| word.trim_matches(['"', '\'']).to_owned()).collect(),
    };
    let destination = words.pop()?;
    words.truncate(MAX_SOURCES);
    words.retain(|source| !source.starts_with("<<"));
    (!words.is_empty()).then_some(Copied { sources: words, destination, stage, written: None })
}
