//! Which places of blocking calls have to be told apart, because comments, settings or a baseline speak about some of
//! them.
//!
//! Decides nothing about findings: those are silenced when they are made. Here the same is asked of places before, so
//! that no finding stands for a place that is silenced and for one that is not.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::Directives;
use crate::findings::Fingerprint;
use crate::read::Facts;
use crate::source::{Files, Place};

/// What a project says that may concern some of the calls of one cause, and others not.
pub struct Apart<'a> {
    /// The texts.
    pub files: &'a Files,
    /// What they say.
    pub facts: &'a Facts,
    /// The comments.
    pub directives: Directives<'a>,
    /// The rules that speak about such calls.
    pub rules: Vec<&'static str>,
    /// Which settings speak about the file at a path.
    pub of_file: &'a (dyn Fn(&str) -> Vec<usize> + Sync),
    /// What is in the baseline.
    pub known: &'a BTreeSet<Fingerprint>,
}

impl Apart<'_> {
    /// Whether there is anything that could be said.
    pub fn says_something(&self) -> bool {
        let names = self.files.iter().any(|(_, file)| !(self.of_file)(file.path()).is_empty());
        names || !self.known.is_empty() || self.rules.iter().any(|rule| self.directives.name(rule))
    }

    /// What is said about a line at which the loop stands still, as a number.
    pub fn of_line(&self, place: Place) -> u64 {
        let settings = (self.of_file)(self.files.get(place.file).path());
        number(&(self.silenced(place), self.is_known(place), settings))
    }

    /// What is said about a call that others lead to. Settings for a file are about those who wait.
    pub fn of_call(&self, place: Place) -> u64 {
        number(&(self.silenced(place), self.is_known(place), Vec::new()))
    }

    fn silenced(&self, place: Place) -> Vec<&'static str> {
        self.directives.silenced_at(place, &self.rules, &|place| self.facts.extent(self.files, place))
    }

    fn is_known(&self, place: Place) -> bool {
        if self.known.is_empty() {
            return false;
        }
        let function = self.facts.python.get(&place.file).and_then(|module| module.function_around(place.span));
        let is_known =
            |rule: &&str| self.known.contains(&Fingerprint::at(rule, place, function.as_deref(), self.files));
        self.rules.iter().any(is_known)
    }
}

/// The same number for the same in every run; 0 for nothing.
fn number(said: &(Vec<&'static str>, bool, Vec<usize>)) -> u64 {
    if said.0.is_empty() && !said.1 && said.2.is_empty() {
        return 0;
    }
    let mut hasher = DefaultHasher::new();
    said.hash(&mut hasher);
    hasher.finish().max(1)
}
