//! Which places of blocking calls have to be told apart, because comments or settings speak about some of them.
//!
//! Decides nothing about findings: those are silenced when they are made. Here the same is asked of places before, so
//! that no finding stands for a place that is silenced and for one that is not.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::Directives;
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
}

impl Apart<'_> {
    /// Whether there is anything that could be said.
    pub fn says_something(&self) -> bool {
        let names = self.files.iter().any(|(_, file)| !(self.of_file)(file.path()).is_empty());
        names || self.rules.iter().any(|rule| self.directives.name(rule))
    }

    /// What is said about a line at which the loop stands still, as a number.
    pub fn of_line(&self, place: Place) -> u64 {
        let settings = (self.of_file)(self.files.get(place.file).path());
        number(&(self.silenced(place), settings))
    }

    /// What is said about a call that others lead to. Settings for a file are about those who wait.
    pub fn of_call(&self, place: Place) -> u64 {
        number(&(self.silenced(place), Vec::new()))
    }

    fn silenced(&self, place: Place) -> Vec<&'static str> {
        self.directives.silenced_at(place, &self.rules, &|place| self.facts.extent(self.files, place))
    }
}

/// The same number for the same in every run; 0 for nothing.
fn number(said: &(Vec<&'static str>, Vec<usize>)) -> u64 {
    if said.0.is_empty() && said.1.is_empty() {
        return 0;
    }
    let mut hasher = DefaultHasher::new();
    said.hash(&mut hasher);
    hasher.finish().max(1)
}
