//! Tasks of developers: makefiles, justfiles, and the tables of tasks that package managers run.
//!
//! Decides what a task runs, with the variables of its own file filled in. Whether anybody calls it in
//! production is not told here.

mod justfile;
mod macros;
mod makefile;
mod tables;
#[cfg(test)]
mod tests;

pub(super) use justfile::read as read_justfile;
pub(super) use makefile::read as read_makefile;
pub(super) use tables::{read_package_json, read_pipfile, read_pyproject, read_taskfile};

use crate::source::{FileId, Operator, Place, Span, Word, WordPart};

use super::decoded::Decoded;
use super::platforms::reader::Reader;
use super::{Command, Unit, UnitKind, Variable, command};
use macros::{Macro, Macros, Scan};

/// Whether a line of a recipe changes something of its shell, which lines behind it do not see: each has a shell of
/// its own.
fn changes_shell(line: &str) -> bool {
    line.split([';', '&', '|']).any(|command| {
        let command = command.trim_start();
        let first = command.split_whitespace().next().unwrap_or_default();
        let name = first.split('=').next().unwrap_or_default();
        let assigns = first.contains('=')
            && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        assigns || matches!(first, "cd" | "export" | "." | "source" | "set" | "unset" | "umask" | "alias")
    })
}

/// A variable that the shells of recipes see.
fn exported(name: &str, of: &Macro, macros: &Macros, scan: Scan, file: FileId) -> Variable {
    let value = macros.value(of, scan);
    let known = value.is_some();
    let value = value.unwrap_or_default();
    let text = value.text().to_owned();
    let place = Place::new(file, value.span(0..text.len()));
    let part = match of {
        Macro::Default(asked, _) if known => {
            WordPart::Changed { name: asked.clone(), operator: Operator::IfUnset, word: vec![WordPart::Text(text)] }
        }
        _ if known => WordPart::Text(text),
        _ => WordPart::Opaque(text),
    };
    let word = Word { parts: vec![part], place, removal: place, quoted: true };
    Variable { name: name.to_owned(), value: Some(word), place, build_only: false }
}

/// A task that runs `script`.
fn task(name: &str, span: Span, script: &Decoded, reader: &mut Reader) -> Option<Unit> {
    let mut unit = Unit::new(UnitKind::Task, name, reader.place(span));
    unit.command = Some(run(script, reader)?);
    Some(unit)
}

const TOO_LONG: &str = "longer than any command, so it was not read";

fn run(script: &Decoded, reader: &mut Reader) -> Option<Command> {
    let whole = script.span(0..script.text().len());
    let command = command::shell(script, reader.place(whole));
    if command.is_none() {
        reader.note(whole, TOO_LONG);
    }
    command
}
