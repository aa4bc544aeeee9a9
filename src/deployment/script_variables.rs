//! What a shell script puts into a variable of its own before it starts a server.
//!
//! Finds the formula behind `-w "$WORKERS"` where one line of the script alone gives the variable its value and does
//! nothing else: `WORKERS=$(nproc)`, `export WORKERS=${WORKERS:-$(nproc)}`, `: "${WORKERS:=$(nproc)}"`. Of a variable
//! that several lines set, or that others are made from, nothing is said.

use super::Deployment;
use super::behind::{closing, reference};
use super::effective::Candidate;
use crate::source::{Files, Place, Span};

/// What a line gives to a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// The bytes of the formula.
    pub place: Place,
    /// The variable of the environment in whose place it stands, as long as nobody sets that.
    pub unless: Option<String>,
}

impl Deployment {
    /// The formula that asks for the cores at `cores`, and that a line of the script gives to the variable which stands
    /// where `winner` is set.
    pub fn given_before(&self, winner: &Candidate, cores: Place, files: &Files) -> Option<Given> {
        let place = winner.place?;
        let name = reference(files.text_at(place)).filter(|_| place.file == cores.file)?;
        let file = files.get(place.file);
        if file.is_python() || is_made_into_another(name, file.text()) {
            return None;
        }
        let line = files.line_of(cores);
        let (span, stands_in_for) = formula(name, files.text_at(line))?;
        let at = Span::new(line.span.start + span.start, line.span.start + span.end);
        let holds = at.start <= cores.span.start && cores.span.end <= at.end;
        let unless = stands_in_for.map(str::to_owned);
        // What a file gives to the variable is said in the file.
        let is_open = unless.as_ref().is_none_or(|name| !self.assigned.contains_key(name));
        // What a value rests on beside its cores is the variable that it stands in for.
        let known = winner.named_variables().all(|other| unless.as_deref() == Some(other));
        (holds && is_open && known).then_some(Given { place: Place::new(place.file, at), unless })
    }
}

/// Whether a script gives a variable a value more than once, or makes another one out of it.
fn is_made_into_another(name: &str, text: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let ends_word = |before: &str| !before.ends_with(is_word);
    let count = |open: &str| text.match_indices(open).filter(|(at, _)| ends_word(&text[..*at])).count();
    let others = text.lines().filter(|line| {
        let assigned = line.trim_start().trim_start_matches("export ").split_once('=').map_or("", |(name, _)| name);
        assigned != name
            && !assigned.is_empty()
            && assigned.chars().all(is_word)
            && [format!("${name}"), format!("${{{name}")].iter().any(|used| line.contains(used.as_str()))
    });
    count(&format!("{name}=")) + count(&format!("{name}:=")) + count(&format!("read {name}")) != 1 || others.count() > 0
}

/// Where the formula stands in a line that gives it to a variable, and the variable that it stands in for.
fn formula<'l>(name: &'l str, line: &'l str) -> Option<(Span, Option<&'l str>)> {
    let start = line.len() - line.trim_start().len();
    let rest = line.get(start..)?.trim_end();
    let begin = ["export ", ": "].into_iter().find(|begin| rest.starts_with(begin)).unwrap_or_default();
    let value = match begin {
        ": " => begin.len(),
        _ => begin.len() + rest.get(begin.len()..)?.strip_prefix(name)?.strip_prefix('=').map(|_| name.len() + 1)?,
    };
    let (mut from, mut to) = (start + value, start + rest.len());
    if line.get(from..to)?.starts_with('"') && line.get(from + 1..to)?.ends_with('"') {
        (from, to) = (from + 1, to - 1);
    }
    let text = line.get(from..to)?;
    let Some(inner) = text.strip_prefix("${") else {
        let opens = text.starts_with("$(") && text.ends_with(')') && begin != ": ";
        return (opens && !text.contains([';', '&', '\'', '"', '#'])).then_some((Span::new(from, to), None));
    };
    let end = closing(inner)?;
    let operators: &[&str] = if begin == ": " { &[":=", "="] } else { &[":-", "-", ":=", "="] };
    let (other, default) =
        operators.iter().find_map(|operator| inner.split_once(operator).filter(|(other, _)| is_name(other)))?;
    let at = from + 2 + (inner.len() - default.len());
    let is_whole = end + 1 == inner.len() && (begin != ": " || other == name);
    is_whole.then_some((Span::new(at, from + 2 + end), Some(other)))
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_does_nothing_else_gives_a_formula() {
        let of = |line: &'static str| {
            formula("W", line).map(|(span, other)| (&line[span.start..span.end], other.unwrap_or_default()))
        };
        assert_eq!(of("W=$(nproc)"), Some(("$(nproc)", "")));
        assert_eq!(of("  export W=\"$(nproc)\""), Some(("$(nproc)", "")));
        assert_eq!(of("W=$(( 2 * $(nproc) + 1 ))"), Some(("$(( 2 * $(nproc) + 1 ))", "")));
        assert_eq!(of("W=${W:-$(nproc)}"), Some(("$(nproc)", "W")));
        assert_eq!(of("W=\"${WEB:-$(( $(nproc) * 2 ))}\""), Some(("$(( $(nproc) * 2 ))", "WEB")));
        assert_eq!(of(": \"${W:=$(nproc)}\""), Some(("$(nproc)", "W")));
        for line in
            ["W=$(nproc); X=2", "W=2$(nproc)", "X=$(nproc)", ": ${V:=$(nproc)}", "W=${W:-$(nproc)}0", "if W=$(nproc)"]
        {
            assert_eq!(of(line), None, "{line}");
        }
    }

    #[test]
    fn what_is_set_twice_or_made_into_another_is_left_alone() {
        assert!(!is_made_into_another("W", "W=$(nproc)\necho $W\nexec gunicorn -w $W\n"));
        assert!(is_made_into_another("W", "W=$(nproc)\nif x; then W=2; fi\n"));
        assert!(is_made_into_another("W", "W=$(nproc)\nT=$W\n"));
        assert!(is_made_into_another("W", "read W\nW=$(nproc)\n"));
    }
}
