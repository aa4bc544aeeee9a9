//! A formula over the cores of the machine, and which bytes of a file are it.
//!
//! Where it stands in for a variable that nobody sets, only the formula goes: the variable is there for whoever runs the
//! service. What is calculated from a variable and the cores together is no formula that another number could replace.

use crate::deployment::{Candidate, Dependency, Deployment, Layer};
use crate::findings::Edit;
use crate::source::{Files, Place, Span};
use crate::values::Value;

/// The bytes that calculate a number from the cores.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Formula {
    /// Those of the formula itself.
    pub(super) place: Place,
    /// Those of it as a text (`str(cpu_count())`), where it has to be one.
    whole: Place,
    /// The variable that decides instead, as soon as somebody sets it.
    pub(super) unless: Option<String>,
}

impl Formula {
    /// The formula that sets `winner` right where it is set, or under a name that the configuration file or the script
    /// gives it.
    pub(super) fn of(deployment: &Deployment, winner: &Candidate, files: &Files) -> Option<Self> {
        let (cores, _) = winner.host_cores()?;
        let known = |one: &Dependency| {
            matches!(one, Dependency::Cpus { .. } | Dependency::InPlace { .. } | Dependency::Environment { .. })
        };
        let place = winner.place.filter(|_| winner.depends.iter().all(known))?;
        if let Some(given) = deployment.given_before(winner, cores, files) {
            return Some(Self { place: given.place, whole: given.place, unless: given.unless });
        }
        let formula = if winner.named_variables().next().is_none() {
            let place = behind_flag(place, files);
            Self { place, whole: place, unless: None }
        } else {
            let found = deployment.stand_in(winner, files)?;
            Self { place: found.place, whole: found.whole, unless: Some(found.name) }
        };
        // `workers = cores * 2 + 1`, or a name for all of that.
        let named = winner.layer == Layer::ConfigFile
            && files.get(place.file).is_python()
            && cores.file == place.file
            && is_arithmetic(files.text_at(formula.place));
        (inside(formula.place, cores) || named).then_some(formula)
    }

    /// Puts a number in its place.
    pub(super) fn set(&self, value: &Value) -> Edit {
        let text = if self.whole == self.place { value.to_string() } else { format!("\"{value}\"") };
        Edit::replace(self.whole, text)
    }
}

fn inside(outer: Place, inner: Place) -> bool {
    outer.file == inner.file && outer.span.start <= inner.span.start && inner.span.end <= outer.span.end
}

/// `--workers=$(nproc)` without the name of the option.
fn behind_flag(place: Place, files: &Files) -> Place {
    let text = files.text_at(place);
    let flag = text.split_once('=').filter(|(flag, _)| flag.starts_with('-') && !flag.contains(char::is_whitespace));
    let start = flag.map_or(0, |(flag, _)| flag.len() + 1);
    Place::new(place.file, Span::new(place.span.start + start, place.span.end))
}

/// Whether a text calculates with names and numbers, and calls nothing.
fn is_arithmetic(text: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let calls = text.split('(').rev().skip(1).any(|before| before.trim_end().ends_with(is_word));
    !calls && text.chars().all(|c| is_word(c) || " +-*/()".contains(c))
}
