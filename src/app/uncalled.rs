//! Functions that would register handlers if anything called them.
//!
//! Decided by names, over every file that was read: whatever mentions one, be it a test or a comment, keeps it. What
//! the server is told to call is kept as well, and what is called like something that it may be told.

use std::collections::BTreeSet;

use super::mentioned::walks;
use super::target::Target;
use crate::python::calls::{EventKind, FileFacts, last_name};
use crate::python::frameworks::may_register;
use crate::python::types::{FunctionId, Types};
use crate::source::{Files, Place};

/// Words in the names of functions that a server, or an installed script, is told to call.
const TOLD: [&str; 4] = ["app", "main", "run", "serve"];
/// How many of them are looked for in all files.
const MAX_LOOKED_FOR: usize = 64;

/// Finds them in these modules.
pub(super) fn uncalled(types: &Types<'_>, loaded: &[u32], files: &Files, object: &Target) -> BTreeSet<FunctionId> {
    let mut found: BTreeSet<FunctionId> = BTreeSet::new();
    for &file in loaded {
        let facts = types.facts_at(file);
        let registering: BTreeSet<u32> = (0..)
            .zip(&facts.functions)
            .filter(|(index, _)| registers(facts, *index))
            .filter_map(|(index, _)| outermost(facts, index))
            .collect();
        let makes = made_in(facts, object);
        let is_open = |index: &u32| {
            let function = &facts.functions[*index as usize];
            function.class.is_none()
                && function.decorators.is_empty()
                && !function.name.starts_with("__")
                && !TOLD.iter().any(|word| function.name.contains(word))
                && Some(*index) != makes
                && object.place != Place::new(facts.file, function.span)
        };
        found.extend(registering.into_iter().filter(is_open).map(|index| FunctionId { file, index }));
    }
    let served: Vec<FunctionId> =
        object.callables.iter().chain(&object.factories).map(|frame| frame.function).collect();
    found.retain(|id| !served.contains(id));
    if found.is_empty() || found.len() > MAX_LOOKED_FOR || loaded.iter().any(|&file| walks(types, file)) {
        return BTreeSet::new();
    }
    found.retain(|id| is_named_once(files, types.function(*id).name));
    found
}

/// Whether a function tells a framework of another one.
fn registers(facts: &FileFacts<'_>, index: u32) -> bool {
    let function = &facts.functions[index as usize];
    let is_nested = function.parent != 0 && function.class.is_none() && !function.decorators.is_empty();
    let tells = || {
        let mut events = function.events.iter().chain(&function.once);
        events.any(|event| matches!(event.kind, EventKind::Call(call, _) if may_register(last_name(&call.func))))
    };
    index != 0 && (is_nested || tells())
}

/// The function of the module in which one stands.
fn outermost(facts: &FileFacts<'_>, mut index: u32) -> Option<u32> {
    while facts.functions.get(index as usize)?.parent != 0 {
        index = facts.functions[index as usize].parent;
    }
    (index != 0).then_some(index)
}

/// The function of a module in which the application is made.
fn made_in(facts: &FileFacts<'_>, object: &Target) -> Option<u32> {
    let makes = [Some(object.place), object.made].into_iter().flatten().filter(|place| place.file == facts.file);
    let starts: Vec<usize> = makes.map(|place| place.span.start).collect();
    let mut calls = facts.calls.iter();
    let (index, _) = calls.find(|(_, call)| starts.contains(&crate::python::syntax::span_of(*call).start))?;
    outermost(facts, *index)
}

/// Whether a name is written nowhere but where it is bound.
fn is_named_once(files: &Files, name: &str) -> bool {
    let is_part = |character: Option<char>| character.is_some_and(|one| one.is_alphanumeric() || one == '_');
    let mut times = 0;
    for (_, file) in files.iter() {
        let text = file.text();
        for (at, _) in text.match_indices(name) {
            let is_whole = !is_part(text[..at].chars().next_back()) && !is_part(text[at + name.len()..].chars().next());
            times += usize::from(is_whole);
            if times > 1 {
                return false;
            }
        }
    }
    times == 1
}
