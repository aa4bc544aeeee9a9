//! The environment a server starts in, as far as files set it.
//!
//! Decides what a variable holds. A variable that no file sets is unknown, not absent: a platform
//! or a person may still set it.

use std::collections::{BTreeMap, BTreeSet};

use crate::python::evaluate::Lookup;
use crate::read::Variable;
use crate::source::{Place, Word};

/// Variables by name, each with the place that sets it.
#[derive(Debug, Clone, Default)]
pub(super) struct Environment {
    entries: BTreeMap<String, Entry>,
    /// Names that a shell was told to export, whether they hold something yet or not.
    exports: BTreeSet<String>,
}

/// One variable that a file mentions.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// What it holds; `None` where the file passes it on from outside.
    pub(super) text: Option<String>,
    /// The value's bytes, or the whole mention.
    pub(super) place: Place,
    /// Whether the bytes at `place` are exactly the text.
    pub(super) literal: bool,
    /// Whether programs see it, and not only the shell that holds it.
    exported: bool,
}

impl Environment {
    /// Sets the variables in order; a value may use those set before, and `outer` for the rest.
    pub(super) fn extend<'v>(
        &mut self,
        variables: impl IntoIterator<Item = &'v Variable>,
        outer: &dyn Fn(&str) -> Option<String>,
    ) {
        for variable in variables {
            // One that is passed on is not what was set before.
            let own = |name: &str| variable.value.as_ref().and_then(|_| self.text(name));
            let mut one = Self::default();
            one.set(variable, &|name| own(name).or_else(|| outer(name)));
            self.overlay(one);
        }
    }

    /// Sets one variable, filling in its value from `lookup` alone.
    pub(super) fn set(&mut self, variable: &Variable, lookup: &dyn Fn(&str) -> Option<String>) {
        let text = match &variable.value {
            Some(word) => word.resolve(lookup),
            None => lookup(&variable.name),
        };
        let entry = Entry {
            text,
            place: variable.value.as_ref().map_or(variable.place, |word| word.place),
            literal: variable.value.as_ref().is_some_and(Word::is_literal),
            exported: !variable.build_only,
        };
        self.entries.insert(variable.name.clone(), entry);
    }

    /// Adds what another environment holds, which wins.
    pub(super) fn overlay(&mut self, other: Self) {
        self.entries.extend(other.entries);
        self.exports.extend(other.exports);
    }

    /// Takes over the variables of `other` that are not there yet and whose name is `wanted`.
    pub(super) fn take_over(&mut self, other: Self, wanted: impl Fn(&str) -> bool) {
        for (name, entry) in other.entries {
            if wanted(&name) {
                self.entries.entry(name).or_insert(entry);
            }
        }
    }

    /// Ends the build: what only served to fill in other variables does not exist in the container.
    pub(super) fn start_running(&mut self) {
        self.entries.retain(|_, entry| entry.exported);
    }

    /// Reads a word of the form `NAME=value` and sets the variable; `false` for any other word. One that
    /// programs see already stays visible to them.
    pub(super) fn assign(&mut self, word: &Word, exported: bool) -> bool {
        let Some(text) = word.resolve(&|name| self.text(name)) else {
            return false;
        };
        let Some((name, value)) = split_assignment(&text) else {
            return false;
        };
        let literal = word.is_literal() && word.place.span.len() == text.len();
        let mut place = word.place;
        if literal {
            place.span.start += name.len() + 1;
        }
        let exported = exported || self.is_exported(name);
        self.entries.insert(name.to_owned(), Entry { text: Some(value.to_owned()), place, literal, exported });
        true
    }

    /// Sets a variable to a text, or to something that cannot be told, as a program does for itself.
    pub(super) fn put(&mut self, name: &str, text: Option<String>, place: Place) {
        self.entries.insert(name.to_owned(), Entry { text, place, literal: false, exported: true });
    }

    /// `export NAME`.
    pub(super) fn export(&mut self, name: &str) {
        self.exports.insert(name.to_owned());
        if let Some(entry) = self.entries.get_mut(name) {
            entry.exported = true;
        }
    }

    /// `unset NAME`.
    pub(super) fn remove(&mut self, name: &str) {
        self.entries.remove(name);
        self.exports.remove(name);
    }

    fn is_exported(&self, name: &str) -> bool {
        self.exports.contains(name) || self.entries.get(name).is_some_and(|entry| entry.exported)
    }

    /// Sets variables to something that cannot be told, as an assignment does that may be skipped.
    pub(super) fn forget(&mut self, word: &Word, exported: bool) {
        let text = word.resolve(&|_| Some(String::new())).unwrap_or_default();
        if let Some((name, _)) = split_assignment(&text) {
            let exported = exported || self.is_exported(name);
            self.entries.insert(name.to_owned(), Entry { text: None, place: word.place, literal: false, exported });
        }
    }

    /// What a shell puts in for a variable, if a file says so.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.entries.get(name)?.text.clone()
    }

    /// Every variable that programs see.
    pub(super) fn all(self) -> BTreeMap<String, Option<String>> {
        let seen = self.entries.into_iter().filter(|(_, entry)| entry.exported);
        seen.map(|(name, entry)| (name, entry.text)).collect()
    }

    /// Every variable with a value that programs see.
    pub(super) fn known(&self) -> Vec<(String, String)> {
        let seen = self.entries.iter().filter(|(_, entry)| entry.exported);
        seen.filter_map(|(name, entry)| Some((name.clone(), entry.text.clone()?))).collect()
    }

    /// The mention of a variable that programs see.
    pub(super) fn entry(&self, name: &str) -> Option<&Entry> {
        self.entries.get(name).filter(|entry| entry.exported)
    }

    /// What a program reads from a variable, in the terms of the evaluator.
    pub(super) fn lookup(&self, name: &str) -> Lookup {
        self.entry(name).and_then(|entry| entry.text.clone()).map_or(Lookup::Unknown, Lookup::Set)
    }
}

/// `NAME=value`, where `NAME` is a shell identifier.
pub(super) fn split_assignment(text: &str) -> Option<(&str, &str)> {
    let (name, value) = text.split_once('=')?;
    let identifier = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    identifier.then_some((name, value))
}
