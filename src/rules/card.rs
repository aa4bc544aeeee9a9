//! Rule cards as constants: what farrier believes, and why.
//!
//! The build script turns `rules/checks/**.toml` into [`CARDS`]; a rule names its card in a constant
//! expression, so a rule without one does not compile.

use crate::findings::{Confidence, Severity};

/// Everything about a rule that is not code.
#[derive(Debug)]
pub struct Card {
    /// The folder the card lies in.
    pub group: &'static str,
    /// The rule's name: its identity, and what suppressions and settings use.
    pub name: &'static str,
    /// Three letters and three digits; accepted wherever the name is.
    pub code: &'static str,
    /// Names the rule had before.
    pub aliases: &'static [&'static str],
    /// What happens if nothing is done.
    pub severity: Severity,
    /// The most that the rule can be sure.
    pub confidence: Confidence,
    /// The safest fix it offers: `safe`, `unsafe` or `none`.
    pub fix: &'static str,
    /// Whether it is right too seldom, or too often, to run unless somebody asks for it.
    pub noisy: bool,
    /// The fault as a clause that reads well after "allow".
    pub title: &'static str,
    /// A failure that a user would recognise.
    pub why: &'static str,
    /// What to do.
    pub advice: &'static str,
    /// Numbers that settings may override.
    pub parameters: &'static [Parameter],
    /// What tests show on the real servers.
    pub reproduced: &'static [&'static str],
    /// What the rule rests on.
    pub evidence: &'static [Evidence],
    /// Small projects that the tests run.
    pub examples: &'static [Example],
}

/// A number of a rule that settings may override.
#[derive(Debug)]
pub struct Parameter {
    /// Its key in the settings.
    pub name: &'static str,
    /// The value if no settings give one.
    pub default: f64,
    /// What it does, with its unit.
    pub doc: &'static str,
}

/// A reason to believe the rule.
#[derive(Debug)]
pub struct Evidence {
    /// `measured`, `source`, `spec` or `issue`, from the strongest to the weakest.
    pub grade: &'static str,
    /// What was seen, and where.
    pub text: &'static str,
}

/// A small project and what the rule says to it.
#[derive(Debug)]
pub struct Example {
    /// What it shows.
    pub title: &'static str,
    /// What the rule does.
    pub expect: Expect,
    /// `file:line` of each finding.
    pub at: &'static [&'static str],
    /// Texts that the findings' messages contain.
    pub says: &'static [&'static str],
    /// Paths and contents.
    pub files: &'static [(&'static str, &'static str)],
    /// What the files hold after all of the rule's fixes.
    pub fixed: &'static [(&'static str, &'static str)],
}

/// What a rule does on an example.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    /// Reports at the places given.
    Fires,
    /// Says nothing, although it looks alike.
    Silent,
    /// Would report, but a comment in the files forbids it.
    Suppressed,
}

/// All cards, sorted by group and name.
pub const CARDS: &[Card] = include!(concat!(env!("OUT_DIR"), "/cards.rs"));

impl Card {
    /// The card of a rule, by name, code or former name.
    pub fn find(word: &str) -> Option<&'static Self> {
        CARDS
            .iter()
            .find(|card| card.name == word || card.code.eq_ignore_ascii_case(word) || card.aliases.contains(&word))
    }

    /// The default of a parameter; zero for a name that the card does not have.
    pub fn parameter(&self, name: &str) -> f64 {
        self.parameters.iter().find(|parameter| parameter.name == name).map_or(0.0, |parameter| parameter.default)
    }
}

/// The index of the card `name` in [`CARDS`], at compile time.
///
/// # Panics
/// Stops the build where no card has that name.
pub(super) const fn index_of(name: &str) -> usize {
    let mut i = 0;
    while i < CARDS.len() {
        if same(CARDS[i].name, name) {
            return i;
        }
        i += 1;
    }
    panic!("this rule has no card in rules/checks");
}

const fn same(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len() != b.len() {
        return false;
    }
    let mut i = 0;
    while i < a.len() {
        if a[i] != b[i] {
            return false;
        }
        i += 1;
    }
    true
}
