//! Every symbol and colour of the output, and what a terminal can show of them.
//!
//! No state is told by colour alone: each has its word or its symbol too.

use std::borrow::Cow;
use std::fmt::Write as _;

use miette::{GraphicalTheme, ThemeCharacters, ThemeStyles};

use crate::findings::Severity;

/// Narrower than this, snippets are cut so short that they say nothing.
const MIN_WIDTH: usize = 40;
/// Wider than this, sentences are hard to read.
const MAX_WIDTH: usize = 120;
/// For output that goes into a file or a pipe.
const DEFAULT_WIDTH: usize = 100;

/// What the output may look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// Columns to fill.
    pub width: usize,
    /// Whether to use colour.
    pub colour: bool,
    /// Whether to draw with characters beyond ASCII.
    pub unicode: bool,
}

impl Look {
    /// Draws with everything but colour.
    pub const PLAIN: Self = Self { width: DEFAULT_WIDTH, colour: false, unicode: true };

    /// What suits this environment. `columns` is the width of the terminal that the output goes to,
    /// `None` if it goes anywhere else.
    ///
    /// `NO_COLOR` (<https://no-color.org>) takes the colour, `FORCE_COLOR` and `CLICOLOR_FORCE` give it
    /// to pipes. A locale that is not UTF-8, or `TERM=dumb`, gets ASCII.
    pub fn detect(columns: Option<usize>, variable: &dyn Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let dumb = set("TERM").is_some_and(|term| term == "dumb");
        let forced = ["FORCE_COLOR", "CLICOLOR_FORCE"].iter().any(|name| set(name).is_some_and(|v| v != "0"));
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| set(name));
        let utf8 = locale.is_none_or(|locale| {
            let locale = locale.to_ascii_lowercase();
            locale.contains("utf-8") || locale.contains("utf8")
        });
        let width = set("COLUMNS").and_then(|text| text.parse().ok()).or(columns).unwrap_or(DEFAULT_WIDTH);
        Self {
            width: width.clamp(MIN_WIDTH, MAX_WIDTH),
            colour: set("NO_COLOR").is_none() && (forced || (columns.is_some() && !dumb)),
            unicode: utf8 && !dumb,
        }
    }

    /// The theme of a finding's snippets; `highlights` says for each label, in the order of the
    /// snippets, whether it is the primary one.
    pub(super) fn theme(self, severity: Severity, highlights: &[bool]) -> GraphicalTheme {
        let mut characters = if self.unicode { ThemeCharacters::unicode() } else { ThemeCharacters::ascii() };
        if self.unicode {
            // Two columns wide in many terminals.
            "!".clone_into(&mut characters.warning);
            "i".clone_into(&mut characters.advice);
        }
        let mut styles = ThemeStyles::none();
        if self.colour {
            styles = ThemeStyles::ansi();
            let primary = match severity {
                Severity::Error => styles.error,
                Severity::Warning => styles.warning,
                Severity::Advice => styles.advice,
            };
            let related = styles.help;
            styles.highlights = highlights.iter().map(|&first| if first { primary } else { related }).collect();
        }
        GraphicalTheme { characters, styles }
    }

    pub(super) fn bold(self, text: &str) -> String {
        self.paint("1", text)
    }

    pub(super) fn dim(self, text: &str) -> String {
        self.paint("2", text)
    }

    pub(super) fn severity(self, severity: Severity, text: &str) -> String {
        let code = match severity {
            Severity::Error => "31;1",
            Severity::Warning => "33;1",
            Severity::Advice => "36;1",
        };
        self.paint(code, text)
    }

    pub(super) fn good(self, text: &str) -> String {
        self.paint("32", text)
    }

    pub(super) const fn ellipsis(self) -> &'static str {
        if self.unicode { "…" } else { "..." }
    }

    /// A bar of at most `width` columns for a share of 0 to 1, in steps of an eighth of a column; never empty above 0.
    pub(super) fn bar(self, share: f64, width: u8) -> String {
        const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
        let columns = share.clamp(0.0, 1.0) * f64::from(width);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 8 times 255")]
        if self.unicode {
            let eighths = ((columns * 8.0).round() as usize).max(usize::from(share > 0.0));
            "█".repeat(eighths / 8) + EIGHTHS[eighths % 8]
        } else {
            "#".repeat((columns.round() as usize).max(usize::from(share > 0.0)))
        }
    }

    fn paint(self, code: &str, text: &str) -> String {
        if self.colour && !text.is_empty() { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

/// Whether a terminal would act on the character instead of showing it, or show others in a wrong
/// order for it. Project files must not be able to do that.
pub(super) const fn is_control(c: char) -> bool {
    matches!(c, '\0'..='\x1f' | '\x7f'..='\u{9f}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2028}' | '\u{2029}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// Text of the user's project, safe to show on a terminal; line breaks stay.
pub(super) fn printable(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|c| is_control(c) && c != '\n') {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        if is_control(c) && c != '\n' {
            let _ = write!(safe, "\\u{{{:x}}}", u32::from(c));
        } else {
            safe.push(c);
        }
    }
    Cow::Owned(safe)
}

/// [`printable`] on one line.
pub(super) fn one_line(text: &str) -> String {
    printable(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(columns: Option<usize>, set: &[(&str, &str)]) -> Look {
        let find = |name: &str| set.iter().find(|(n, _)| *n == name).map(|(_, value)| (*value).to_owned());
        Look::detect(columns, &find)
    }

    #[test]
    fn colour_is_for_terminals_unless_told_otherwise() {
        assert!(look(Some(80), &[]).colour);
        assert!(!look(None, &[]).colour);
        assert!(look(None, &[("FORCE_COLOR", "1")]).colour);
        assert!(!look(Some(80), &[("NO_COLOR", "1")]).colour);
        assert!(look(Some(80), &[("NO_COLOR", "")]).colour);
        assert!(!look(Some(80), &[("TERM", "dumb")]).colour);
    }

    #[test]
    fn other_locales_get_ascii_and_odd_widths_are_bounded() {
        assert!(!look(Some(80), &[("LANG", "C")]).unicode);
        assert!(look(Some(80), &[("LC_ALL", "de_DE.UTF-8"), ("LANG", "C")]).unicode);
        assert_eq!(look(Some(3), &[]).width, MIN_WIDTH);
        assert_eq!(look(None, &[("COLUMNS", "72")]).width, 72);
    }

    #[test]
    fn a_bar_is_as_long_as_its_share() {
        let plain = Look::PLAIN;
        assert_eq!(plain.bar(1.0, 4), "████");
        assert_eq!(plain.bar(0.5, 5), "██▌");
        assert_eq!((plain.bar(0.0, 9), plain.bar(0.001, 9)), (String::new(), "▏".to_owned()));
        let ascii = Look { unicode: false, ..plain };
        assert_eq!((ascii.bar(0.5, 5), ascii.bar(0.001, 9)), ("###".to_owned(), "#".to_owned()));
        assert_eq!(plain.bar(7.0, 2), "██");
    }

    #[test]
    fn escape_sequences_of_a_file_do_not_reach_the_terminal() {
        assert_eq!(printable("a\x1b[31mb\u{202e}"), "a\\u{1b}[31mb\\u{202e}");
        assert_eq!(one_line("a\nb\t c"), "a b\\u{9} c");
    }
}
