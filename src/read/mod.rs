//! From text to the facts of one file, one file of code per format.
//!
//! Decides what a file says, not what it means together with others: joining a compose service
//! with the image it builds is `deployment`'s, calling a value wrong is a rule's.

mod command;
mod compose;
mod decoded;
mod dockerfile;
mod dotenv;
mod expansion;
mod facts;
mod json_words;
mod procfile;
mod requirements;
mod shell_commands;
mod shell_words;
mod yaml;

use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::findings::Note;
use crate::python::syntax;
use crate::source::{FileId, FileKind, Files, Place, SourceFile, Word};
use decoded::Decoded;

pub use facts::{Build, Command, Copied, Facts, FilledBy, Form, Limits, Requirement, Unit, UnitKind, Variable};

/// Reads every file that `kinds` names.
pub fn all(files: &Files, kinds: &BTreeMap<FileId, FileKind>) -> Facts {
    let each: Vec<Facts> = kinds.par_iter().map(|(&file, &kind)| one(file, kind, files.get(file))).collect();
    let mut all = Facts::default();
    for facts in each {
        all.units.extend(facts.units);
        all.python.extend(facts.python);
        all.requirements.extend(facts.requirements);
        all.environments.extend(facts.environments);
        all.comments.extend(facts.comments);
        all.notes.extend(facts.notes);
    }
    all
}

fn one(file: FileId, kind: FileKind, source: &SourceFile) -> Facts {
    let mut facts = Facts::default();
    match kind {
        FileKind::Dockerfile => dockerfile::read(file, source, &mut facts),
        FileKind::Compose => compose::read(file, source, &mut facts),
        FileKind::Procfile => procfile::read(file, source, &mut facts),
        FileKind::Dotenv => dotenv::read(file, source, &mut facts),
        FileKind::Python => python(file, source, &mut facts),
        FileKind::Requirements => requirements::lists::read(file, source, &mut facts),
        FileKind::Pyproject | FileKind::PoetryLock | FileKind::UvLock | FileKind::Pipfile => {
            requirements::tables::read(file, kind, source, &mut facts);
        }
    }
    facts
}

fn python(file: FileId, source: &SourceFile, facts: &mut Facts) {
    match syntax::parse(source.text()) {
        Ok(module) => {
            if let Some(error) = module.errors.first() {
                let line = source.line(error.span.start);
                let reason = format!("not Python: {}; what could be read was", error.message);
                facts.notes.push(Note::line(source.path(), line, reason));
            }
            facts.python.insert(file, module);
        }
        Err(error) => facts.notes.push(Note::file(source.path(), format!("{error}, so it was left out"))),
    }
}

/// The words of a text that a shell splits, with the bytes they stand at if the text stands at `place`
/// as it is.
pub fn words(text: &str, place: Place) -> Vec<Word> {
    let decoded = Decoded::verbatim(text, place.span.start);
    let lexed = shell_words::split(&decoded, place.file).unwrap_or_default();
    lexed.into_iter().map(|lexed| lexed.word).collect()
}
