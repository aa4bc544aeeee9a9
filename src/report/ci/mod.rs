//! Findings in the formats that services for code review and integration read, one renderer per file.
//!
//! Decides how farrier's terms map to theirs: `advice` is the mildest level that each has. The exit code depends on
//! none of it.

mod checkstyle;
mod github;
mod gitlab;
mod junit;
mod markdown;
mod sarif;

pub use checkstyle::checkstyle;
pub use github::github;
pub use gitlab::gitlab;
pub use junit::junit;
pub use markdown::markdown;
pub use sarif::sarif;

use crate::findings::{Finding, Severity};
use crate::source::{Files, Place};

/// What there is to know of a rule besides its findings.
#[derive(Debug, Clone)]
pub struct About {
    /// Its name.
    pub rule: String,
    /// Its code.
    pub code: String,
    /// The folder that its card lies in.
    pub group: String,
    /// The fault as a clause.
    pub title: String,
    /// A failure that a user would recognise.
    pub why: String,
    /// What to do.
    pub advice: String,
    /// What happens if nothing is done.
    pub severity: Severity,
}

/// Lines and columns of a place, from one; the end is behind the last character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Extent {
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
}

impl Extent {
    fn of(files: &Files, place: Place) -> Self {
        let file = files.get(place.file);
        let (line, column) = file.line_column(place.span.start);
        let (end_line, end_column) = file.line_column(place.span.end);
        Self { line, column, end_line, end_column }
    }
}

/// The message with what else a reader of one line would want: the help, where there is one.
fn with_help(finding: &Finding) -> String {
    let help = finding.help.as_ref().map_or_else(String::new, |help| format!("\nhelp: {help}"));
    let fix = finding.fix.as_ref().map_or_else(String::new, |fix| format!("\nfix: {}", fix.title));
    format!("{}{help}{fix}", finding.message)
}

/// Text for XML 1.0, in an attribute or between tags: what it cannot hold at all becomes U+FFFD.
fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            // White space of an attribute becomes a space unless it is written as a reference.
            '\n' => out.push_str("&#10;"),
            '\t' => out.push_str("&#9;"),
            '\r' => out.push_str("&#13;"),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_cannot_hold_does_not_get_there() {
        assert_eq!(
            xml("a<b> & 'c' \"d\"\n\x1b[31m\0é"),
            "a&lt;b&gt; &amp; &apos;c&apos; &quot;d&quot;&#10;\u{fffd}[31m\u{fffd}é"
        );
    }
}
