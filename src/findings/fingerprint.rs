//! What stays the same about a finding while the lines around it move.
//!
//! Decides which two findings of two runs are the same one. Line numbers have no part in it, nor has
//! the message, whose wording and numbers change with farrier and with other files: a finding is its rule,
//! its file, the function it stands in, and the text it points at.

use std::fmt;

use super::Finding;
use crate::source::{Files, Place};

/// The identity of a finding. Two equal ones in one function share it, so whoever compares runs counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(u64);

impl Fingerprint {
    /// The fingerprint of a finding about `files`.
    pub fn of(finding: &Finding, files: &Files) -> Self {
        Self::at(finding.rule, finding.primary.place, finding.function.as_deref(), files)
    }

    /// That of what a rule says about a place in a function.
    pub fn at(rule: &str, place: Place, function: Option<&str>, files: &Files) -> Self {
        Self(hash([rule, files.get(place.file).path(), function.unwrap_or_default(), &text(place, files)]))
    }

    /// Those of all that a finding stands for, its own first.
    pub fn all(finding: &Finding, files: &Files) -> Vec<(Place, Self)> {
        let own = finding.primary.place;
        let others = finding.cause.iter().flat_map(|cause| {
            let others = cause.places().into_iter().filter(|place| *place != own);
            others.map(|place| {
                let function = cause.functions.get(&place).map(String::as_str);
                (place, Self::at(finding.rule, place, function, files))
            })
        });
        std::iter::once((own, Self::of(finding, files))).chain(others).collect()
    }

    /// The fingerprint that is written as 16 hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        digits.then(|| u64::from_str_radix(text, 16).ok()).flatten().map(Self)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// The text at a place, white space and line continuations made equal; the whole line where
/// it points between two characters.
fn text(place: Place, files: &Files) -> String {
    let file = files.get(place.file);
    let span = place.span;
    let line = || file.line_span(file.line(span.start)).map(|line| file.slice(line)).unwrap_or_default();
    let text = if span.is_empty() { line() } else { file.slice(span) };
    text.split_whitespace().filter(|word| *word != "\\").collect::<Vec<_>>().join(" ")
}

/// FNV-1a over texts, each closed by a byte that none of them holds. It has to be the same on every machine
/// and in every version; it guards against nothing.
fn hash<const N: usize>(texts: [&str; N]) -> u64 {
    let bytes = texts.iter().flat_map(|text| text.bytes().chain([0xff]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::findings::{Confidence, Label, Severity};
    use crate::source::Span;

    fn of(text: &str, what: &str, function: Option<&str>) -> Fingerprint {
        let mut files = Files::new();
        let id = files.add("app.py", text);
        let start = text.find(what).unwrap();
        let finding = Finding {
            rule: "too-many",
            code: "MAN001",
            severity: Severity::Error,
            confidence: Confidence::High,
            message: format!("line {start}"),
            primary: Label::new(Place::new(id, Span::new(start, start + what.len())), ""),
            related: Vec::new(),
            help: None,
            category: None,
            pattern: None,
            handlers: Vec::new(),
            way: Vec::new(),
            cause: None,
            function: function.map(str::to_owned),
            fix: None,
        };
        Fingerprint::of(&finding, &files)
    }

    #[test]
    fn lines_that_move_change_nothing() {
        let before = of("get(1)\n", "get(1)", Some("index"));
        assert_eq!(before, of("import x\n\n\nother = 1\nget(1)\n", "get(1)", Some("index")));
        assert_eq!(before.to_string().len(), 16);
        assert_eq!(Fingerprint::parse(&before.to_string()), Some(before));
    }

    #[test]
    fn how_a_command_is_broken_into_lines_changes_nothing() {
        assert_eq!(of("run -a -b", "run -a -b", None), of("run \\\n   -a \\\r\n -b", "run \\\n   -a \\\r\n -b", None));
    }

    #[test]
    fn another_text_or_function_is_another_finding() {
        let before = of("get(1)", "get(1)", Some("index"));
        assert_ne!(before, of("get(2)", "get(2)", Some("index")));
        assert_ne!(before, of("get(1)", "get(1)", Some("detail")));
        assert_ne!(before, of("get(1)", "get(1)", None));
    }

    #[test]
    fn the_hash_is_the_published_one() {
        // From the reference vectors of FNV: the 64-bit FNV-1a of "foobar" is 85944171f73967e8.
        let plain = "foobar"
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        assert_eq!(format!("{plain:016x}"), "85944171f73967e8");
        assert_eq!(hash(["foobar"]), (plain ^ 0xff).wrapping_mul(0x0100_0000_01b3));
    }

    #[test]
    fn what_is_no_fingerprint_is_refused() {
        for text in ["", "123", "zzzzzzzzzzzzzzzz", "+123456789abcdef"] {
            assert_eq!(Fingerprint::parse(text), None, "{text}");
        }
    }
}
