//! The environment a server starts in, as far as files set it.
//!
//! Decides what a variable holds. A variable that no file sets is unknown, not absent: a platform
//! or a person may still set it.

use std::collections::{BTreeMap, BTreeSet};

use super::behind::Assigned;
use crate::python::evaluate::{Dependency, Lookup};
use crate::read::Variable;
use crate::source::Place;

/// Variables by name, each with the place that sets it.
#[derive(Debug, Clone, Default)]
pub(super) struct Environment {
    entries: BTreeMap<String, Entry>,
    /// What every variable holds that is not among them, where that cannot be told.
    lost: Option<Box<Entry>>,
    /// What the names begin with of further variables that something which is not in the project may set.
    open: BTreeSet<String>,
}

/// One variable that a file mentions.
#[derive(Debug, Clone)]
#[allow(clippy::struct_excessive_bools, reason = "independent facts, not the states of one")]
pub(super) struct Entry {
    /// What it holds; `None` where the file passes it on from outside.
    pub(super) text: Option<String>,
    /// The value's bytes, or the whole mention.
    pub(super) place: Place,
    /// Whether the bytes at `place` are exactly the text.
    pub(super) literal: bool,
    /// What the text rests on besides the files.
    pub(super) depends: Vec<Dependency>,
    /// Whether it is not set, unless somebody sets what it rests on.
    pub(super) absent: bool,
    /// Whether no default of the program that reads it counts, because something sets it to what cannot be told.
    pub(super) lost: bool,
    /// Whether programs see it, and not only the builder of an image.
    exported: bool,
}

impl Entry {
    /// A variable that programs see.
    pub(super) fn new(text: Option<String>, place: Place, literal: bool) -> Self {
        Self { text, place, literal, depends: Vec::new(), absent: false, lost: false, exported: true }
    }

    /// The same, resting on more than the files.
    pub(super) fn resting_on(self, depends: Vec<Dependency>) -> Self {
        Self { depends, ..self }
    }

    /// The same, where nobody can tell what it is set to.
    pub(super) fn lost(self) -> Self {
        Self { text: None, lost: true, ..self }
    }

    /// The same, where it is not set on the likelier of two ways.
    pub(super) fn absent(self, absent: bool) -> Self {
        Self { absent, ..self }
    }
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
            self.pass_on(variable, &mut one);
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
            literal: variable.value.as_ref().is_some_and(crate::source::Word::is_literal),
            depends: Vec::new(),
            absent: false,
            lost: false,
            exported: !variable.build_only,
        };
        self.entries.insert(variable.name.clone(), entry);
    }

    /// What a value is made of, it rests on as well.
    pub(super) fn pass_on(&self, variable: &Variable, one: &mut Self) {
        let Some(entry) = one.entries.get_mut(&variable.name) else { return };
        for name in variable.value.iter().flat_map(crate::source::Word::variables) {
            let used = self.entries.get(name).filter(|used| used.text.is_some());
            for dependency in used.iter().flat_map(|used| &used.depends) {
                if !entry.depends.contains(dependency) {
                    entry.depends.push(dependency.clone());
                }
            }
        }
    }

    /// The same, where whoever fills in the value may know variables that `lookup` has no answer for.
    pub(super) fn set_from_outside(&mut self, variable: &Variable, lookup: &dyn Fn(&str) -> Option<String>) {
        self.set(variable, lookup);
        let open = variable.value.as_ref().map(|word| word.stand_ins(lookup)).unwrap_or_default();
        if let Some(entry) = self.entries.get_mut(&variable.name) {
            let depends = open.into_iter().map(|(name, default)| Dependency::InPlace { name, default });
            entry.depends.extend(depends);
        }
    }

    /// `ARG`: what somebody builds with, or else the default, or else the argument of the same name in
    /// front of all stages. One that has none of them is not set.
    pub(super) fn argument(
        &mut self,
        variable: &Variable,
        given: &Self,
        globals: &Self,
        lookup: &dyn Fn(&str) -> Option<String>,
    ) {
        let entry = given.entries.get(&variable.name).cloned().or_else(|| {
            if variable.value.is_none() {
                return globals.entries.get(&variable.name).cloned();
            }
            let mut one = Self::default();
            one.set(variable, lookup);
            one.entries.remove(&variable.name)
        });
        if let Some(entry) = entry {
            self.entries.insert(variable.name.clone(), Entry { exported: false, ..entry });
        }
    }

    /// Whoever sets further variables later on, of which nothing is known but what their names begin with, may
    /// have another value for each of these.
    pub(super) fn rest_on_others(&mut self, prefix: &str) {
        self.open.insert(prefix.to_owned());
        for (name, entry) in self.entries.iter_mut().filter(|(name, _)| name.starts_with(prefix)) {
            let rests = |one: &Dependency| matches!(one, Dependency::InPlace { name: own, .. } if own == name);
            if !entry.depends.iter().any(rests) {
                entry.depends.push(Dependency::InPlace { name: name.clone(), default: entry.text.clone() });
            }
        }
    }

    /// Adds what another environment holds, which wins.
    pub(super) fn overlay(&mut self, other: Self) {
        if other.lost.is_some() {
            *self = other;
            return;
        }
        self.entries.extend(other.entries);
        self.open.extend(other.open);
    }

    /// Whether something that is not in the project may set a variable that nothing in it sets.
    pub(super) fn may_be_set(&self, name: &str) -> bool {
        !self.entries.contains_key(name) && self.open.iter().any(|prefix| name.starts_with(prefix.as_str()))
    }

    /// What the names of variables begin with that may be set like that.
    pub(super) fn open(&self) -> &BTreeSet<String> {
        &self.open
    }

    /// Takes over the variables of `other` that are not there yet and whose name is `wanted`.
    pub(super) fn take_over(&mut self, other: Self, wanted: impl Fn(&str) -> bool) {
        for (name, entry) in other.entries {
            if wanted(&name) {
                self.entries.entry(name).or_insert(entry);
            }
        }
    }

    /// Takes every variable for set to something that cannot be told, by what stands at `place`.
    pub(super) fn lose(&mut self, place: Place) {
        self.entries.clear();
        self.lost = Some(Box::new(Entry::new(None, place, false).lost()));
    }

    /// What may have set every variable to something that cannot be told.
    pub(super) fn lost_by(&self) -> Option<Place> {
        self.lost.as_ref().map(|entry| entry.place)
    }

    /// Every variable, whether programs see it or not.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&String, &Entry)> {
        self.entries.iter()
    }

    /// Sets a variable.
    pub(super) fn insert(&mut self, name: String, entry: Entry) {
        self.entries.insert(name, entry);
    }

    /// Takes a variable away.
    pub(super) fn remove(&mut self, name: &str) {
        self.entries.remove(name);
    }

    /// Sets a variable to a text, or to something that cannot be told, as a program does for itself.
    pub(super) fn put(&mut self, name: &str, text: Option<String>, place: Place) {
        let entry = Entry::new(text, place, false);
        self.entries.insert(name.to_owned(), entry);
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

    /// Where each variable is set, and whether the bytes there are its value, which nothing else decides.
    pub(super) fn assigned(&self) -> Assigned {
        let seen = self.entries.iter().filter(|(_, entry)| entry.exported && entry.text.is_some());
        let exact = |entry: &Entry| entry.literal && !entry.absent && entry.depends.is_empty();
        seen.map(|(name, entry)| (name.clone(), (entry.place, exact(entry)))).collect()
    }

    /// The mention of a variable that programs see.
    pub(super) fn entry(&self, name: &str) -> Option<&Entry> {
        self.entries.get(name).or(self.lost.as_deref()).filter(|entry| entry.exported)
    }

    /// What a program reads from a variable, in the terms of the evaluator.
    pub(super) fn lookup(&self, name: &str) -> Lookup {
        match self.entry(name) {
            Some(Entry { text: Some(text), depends, .. }) if depends.iter().any(is_open) => {
                Lookup::Likely(text.clone())
            }
            Some(Entry { text: Some(text), .. }) => Lookup::Set(text.clone()),
            Some(Entry { lost: true, .. }) => Lookup::Lost,
            // What a platform sets has no bytes, and is sure to be set.
            Some(Entry { text: None, place, .. }) if place.span.start == place.span.end => Lookup::Lost,
            _ => Lookup::Unknown,
        }
    }
}

/// Whether it is a variable that somebody may set.
fn is_open(dependency: &Dependency) -> bool {
    matches!(dependency, Dependency::Environment { .. } | Dependency::InPlace { .. })
}
