//! A setting with everything that is known about it: the value, who set it, who lost.

use std::collections::BTreeMap;

use crate::findings::Confidence;
use crate::python::evaluate::Dependency;
use crate::servers::Setting;
use crate::source::Place;
use crate::values::Order as _;
use crate::values::Value;

/// Who sets a value; a later one wins over an earlier one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    /// The server's own default.
    Default,
    /// An environment variable that a default is computed from, or that stands for an option.
    Environment,
    /// The application class that starts the server, in front of its files and options (`init` of Gunicorn).
    Application,
    /// The configuration file.
    ConfigFile,
    /// The variable that holds further options.
    OptionsVariable,
    /// The command line.
    CommandLine,
    /// An argument of the call in Python code that starts the server.
    Call,
    /// Who starts the server, and hands over what the setting would make.
    Manager,
}

impl Layer {
    /// The word used in output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::Environment => "environment",
            Self::Application => "application",
            Self::ConfigFile => "config-file",
            Self::OptionsVariable => "GUNICORN_CMD_ARGS",
            Self::CommandLine => "command-line",
            Self::Call => "call",
            Self::Manager => "socket-activation",
        }
    }
}

/// A value, or why there is none.
#[derive(Debug, Clone, PartialEq)]
pub enum Resolved {
    /// The value that the server will use.
    Known(Value),
    /// It cannot be told from the files; the clause says why.
    Unknown(String),
}

/// The bytes that set a value, as far as they can be edited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Site {
    /// `name = value` in a Python file.
    Statement {
        /// The value's bytes, if they are a literal.
        literal: Option<Place>,
        /// The whole statement.
        statement: Place,
    },
    /// `name = value` in a TOML file.
    Entry {
        /// The value's bytes, if they are a literal.
        literal: Option<Place>,
        /// From the name to the end of the value.
        statement: Place,
    },
    /// `key = value`, or another form of an option, in a file of options.
    Option {
        /// The value's bytes, if they are literal.
        literal: Option<Place>,
        /// From the key to the end of the value, where a line is all it takes.
        statement: Option<Place>,
    },
    /// Words of a command line.
    Words {
        /// The value's bytes, if they are a literal word.
        literal: Option<Place>,
        /// What to take out to drop the option.
        removal: Vec<Place>,
    },
    /// An argument of a call in a Python file, or what the code makes one of.
    Argument {
        /// The value's bytes, if they are a literal.
        literal: Option<Place>,
        /// From the name to the end of the value, where it is given by name in the call itself.
        whole: Option<Place>,
        /// What to take out to drop the argument.
        removal: Option<Place>,
    },
    /// An entry of a dict in a Python file, all of which become settings.
    Pair {
        /// The value's bytes, if they are a literal.
        literal: Option<Place>,
        /// From the key to the end of the value.
        whole: Place,
        /// What to take out to drop the entry; `None` where something else asks for it by its key.
        removal: Option<Place>,
    },
    /// The value of an environment variable.
    Variable {
        /// The value's bytes, if they are literal.
        literal: Option<Place>,
    },
}

/// One attempt to set a setting.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// What it would be set to.
    pub value: Resolved,
    /// Who does it.
    pub layer: Layer,
    /// Where; `None` for a default.
    pub place: Option<Place>,
    /// How the place can be edited.
    pub site: Option<Site>,
    /// What the value rests on besides the bytes at `place`.
    pub depends: Vec<Dependency>,
}

impl Candidate {
    /// Whether nothing but the files decides it; what a file gives in place of a variable is what it says.
    pub fn is_settled(&self) -> bool {
        self.depends.iter().all(|dependency| matches!(dependency, Dependency::InPlace { .. }))
    }

    /// Whether the value follows the CPU limit of the container, so that the cores of the machine count only where
    /// there is none.
    pub fn follows_quota(&self) -> bool {
        self.depends.iter().any(|dependency| matches!(dependency, Dependency::Quota { .. }))
    }

    /// The call that makes the value depend on the cores of the machine without a bound, and how it
    /// is spelled.
    pub fn host_cores(&self) -> Option<(Place, &str)> {
        if self.follows_quota() {
            return None;
        }
        self.depends.iter().find_map(|dependency| match dependency {
            Dependency::Cpus { place, spelling, limited: false } => Some((*place, spelling.as_str())),
            _ => None,
        })
    }
}

impl Candidate {
    /// The environment variables that decide the value where they are set, as code.
    pub fn variables(&self) -> Vec<String> {
        self.named_variables().map(|name| format!("`{name}`")).collect()
    }

    /// The same, by their names alone.
    pub fn named_variables(&self) -> impl Iterator<Item = &str> {
        self.depends.iter().filter_map(|dependency| match dependency {
            Dependency::Environment { name, .. } | Dependency::InPlace { name, .. } => Some(name.as_str()),
            _ => None,
        })
    }
}

/// A setting as the server will see it.
#[derive(Debug, Clone)]
pub struct Effective {
    /// What the setting is.
    pub setting: &'static Setting,
    /// Who sets it.
    pub winner: Candidate,
    /// Who tried, from the strongest to the weakest.
    pub overridden: Vec<Candidate>,
}

impl Effective {
    /// The value, where it is known.
    pub const fn value(&self) -> Option<&Value> {
        match &self.winner.value {
            Resolved::Known(value) => Some(value),
            Resolved::Unknown(_) => None,
        }
    }

    /// The value as a whole number.
    pub fn int(&self) -> Option<i64> {
        self.value()?.as_int()
    }

    /// The value as text.
    pub fn text(&self) -> Option<&str> {
        self.value()?.as_str()
    }

    /// Whether anybody set it, as opposed to the server's own default.
    pub fn is_set(&self) -> bool {
        self.winner.layer > Layer::Default
    }

    /// Whether somebody sets it to something known that is not the server's own default.
    pub fn changes(&self) -> bool {
        let default = self.overridden.iter().find(|candidate| candidate.layer == Layer::Default);
        let same = |candidate: &Candidate| candidate.value == self.winner.value;
        self.is_set() && self.value().is_some() && !default.is_some_and(same)
    }

    /// Where it is set; `None` for a default.
    pub const fn place(&self) -> Option<Place> {
        self.winner.place
    }

    /// How sure the value is: a literal is, a default in place of an environment variable that
    /// nobody sets in the files is less so.
    pub fn confidence(&self) -> Confidence {
        match (&self.winner.value, self.winner.is_settled()) {
            (Resolved::Known(_), true) => Confidence::High,
            (Resolved::Known(_), false) => Confidence::Medium,
            (Resolved::Unknown(_), _) => Confidence::Low,
        }
    }
}

/// All settings of one deployment, by name.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    by_name: BTreeMap<&'static str, Effective>,
}

impl Settings {
    /// A setting by name.
    pub fn get(&self, name: &str) -> Option<&Effective> {
        self.by_name.get(name)
    }

    /// All settings, sorted by name.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&'static str, &Effective)> {
        self.by_name.iter().map(|(name, effective)| (*name, effective))
    }

    /// Every candidate of every setting, winners and losers.
    pub(super) fn candidates_mut(&mut self) -> impl Iterator<Item = &mut Candidate> {
        let all = self.by_name.values_mut();
        all.flat_map(|effective| std::iter::once(&mut effective.winner).chain(&mut effective.overridden))
    }

    /// Replaces the default of a setting that nobody sets.
    pub(super) fn change_default(&mut self, name: &str, change: impl FnOnce(&Candidate) -> Candidate) {
        if let Some(effective) = self.by_name.get_mut(name).filter(|effective| !effective.is_set()) {
            effective.winner = change(&effective.winner);
        }
    }

    /// Makes a setting count for nothing: whatever was set loses against `value`, which nobody set.
    pub(super) fn overrule(&mut self, name: &str, value: Value) {
        let Some(effective) = self.by_name.get_mut(name) else { return };
        let ruled = Candidate {
            value: Resolved::Known(value),
            layer: Layer::Default,
            place: None,
            site: None,
            depends: Vec::new(),
        };
        if effective.winner.value != ruled.value {
            let lost = std::mem::replace(&mut effective.winner, ruled);
            effective.overridden.insert(0, lost);
        }
    }

    /// Replaces what counts for a setting.
    pub(super) fn change(&mut self, name: &str, change: impl FnOnce(&Candidate) -> Candidate) {
        if let Some(effective) = self.by_name.get_mut(name) {
            effective.winner = change(&effective.winner);
        }
    }

    /// Puts a candidate above all others of a setting.
    pub(super) fn outrank(&mut self, name: &str, candidate: Candidate) {
        if let Some(effective) = self.by_name.get_mut(name) {
            let loser = std::mem::replace(&mut effective.winner, candidate);
            effective.overridden.insert(0, loser);
        }
    }

    /// Settles `setting` among its candidates, the default included.
    ///
    /// Candidates come in any order; of two of one layer the later wins, as with a repeated flag.
    pub(super) fn settle(&mut self, setting: &'static Setting, mut candidates: Vec<Candidate>) {
        candidates.order_by_key(|candidate| candidate.layer);
        self.settle_in_order(setting, candidates);
    }

    /// Settles `setting` among its candidates, the last of which wins.
    pub(super) fn settle_in_order(&mut self, setting: &'static Setting, mut candidates: Vec<Candidate>) {
        let Some(winner) = candidates.pop() else {
            return;
        };
        candidates.reverse();
        self.by_name.insert(setting.name(), Effective { setting, winner, overridden: candidates });
    }
}
