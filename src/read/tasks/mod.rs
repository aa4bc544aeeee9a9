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

use crate::source::Span;

use super::decoded::Decoded;
use super::platforms::reader::Reader;
use super::{Command, Unit, UnitKind, command};

/// A task that runs `script`.
fn task(name: &str, span: Span, script: &Decoded, reader: &mut Reader) -> Option<Unit> {
    let mut unit = Unit::new(UnitKind::Task, name, reader.place(span));
    unit.command = Some(run(script, reader)?);
    Some(unit)
}

fn run(script: &Decoded, reader: &mut Reader) -> Option<Command> {
    let whole = script.span(0..script.text().len());
    let command = command::shell(script, reader.place(whole));
    if command.is_none() {
        reader.note(whole, "longer than any command, so it was not read");
    }
    command
}
