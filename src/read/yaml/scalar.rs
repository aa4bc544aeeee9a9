//! Which bytes of the file each character of a scalar stands for.
//!
//! The parser says what a scalar holds and where it is written. Escapes, folded lines and indentation
//! make the two differ; walking both side by side tells which bytes belong together.

use granit_parser::ScalarStyle;

use crate::source::Span;

use super::super::decoded::Decoded;
use super::is_blank;

/// The scalar with its bytes; `None` if the two cannot be brought together.
pub(super) fn decode(source: &str, span: Span, text: &str, style: ScalarStyle) -> Option<Decoded> {
    let quoted = matches!(style, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted);
    let inner = if quoted { span.start + 1..span.end.checked_sub(1)? } else { span.start..span.end };
    let raw = source.get(inner.clone())?;
    if text.is_empty() {
        return Some(Decoded::default());
    }
    if raw == text {
        return Some(Decoded::verbatim(text, inner.start));
    }
    let mut walk = Walk { raw, offset: inner.start, at: 0, text, read: 0, decoded: Decoded::default() };
    while walk.read < text.len() {
        walk.step(style)?;
    }
    // What is left over may only be breaks and indentation, or the two did not run side by side.
    let rest = raw.get(walk.at..)?.trim_matches(|char| is_blank(char) || (char == '\\' && quoted));
    rest.is_empty().then_some(walk.decoded)
}

struct Walk<'a> {
    raw: &'a str,
    offset: usize,
    /// How far the raw text is used.
    at: usize,
    text: &'a str,
    /// How far the plain text is explained.
    read: usize,
    decoded: Decoded,
}

impl Walk<'_> {
    fn step(&mut self, style: ScalarStyle) -> Option<()> {
        let raw = self.raw.get(self.at..)?;
        let wanted = self.text.get(self.read..)?;
        let char = wanted.chars().next()?;
        let Some(next) = raw.chars().next() else {
            return self.line_break(wanted, 0);
        };
        let block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
        if self.at == 0 && char == '\n' && !is_blank(next) && block {
            // The parser lets a block begin with its first line that is not empty.
            let empty = wanted.len() - wanted.trim_start_matches('\n').len();
            return self.folded(wanted.get(..empty)?, 0);
        }
        match (style, next) {
            (ScalarStyle::SingleQuoted, '\'') if raw.starts_with("''") && char == '\'' => {
                self.take("'", 2);
                Some(())
            }
            (ScalarStyle::DoubleQuoted, '\\') => self.escape(raw, char),
            _ if is_blank(next) => {
                let run = raw.len() - raw.trim_start_matches(is_blank).len();
                let breaks = raw.get(..run)?.matches('\n').count();
                if breaks > 0 && style == ScalarStyle::DoubleQuoted {
                    // Counted, because an escape for a line feed may follow.
                    self.folded(if breaks == 1 { " " } else { wanted.get(..breaks - 1)? }, run)
                } else if breaks > 0 && char.is_ascii_whitespace() {
                    self.line_break(wanted, run)
                } else if breaks > 0 && !wanted.starts_with(next) {
                    // The indentation of the first line.
                    self.at += run;
                    Some(())
                } else {
                    // All of them at once: one by one, a line of blanks would take quadratic time.
                    let alike = raw.bytes().zip(wanted.bytes()).take(run).take_while(|(a, b)| a == b).count();
                    (alike > 0).then(|| self.verbatim(alike))?
                }
            }
            _ => (next == char).then(|| self.verbatim(char.len_utf8()))?,
        }
    }

    fn verbatim(&mut self, length: usize) -> Option<()> {
        self.decoded.push(self.text.get(self.read..self.read + length)?, self.offset + self.at);
        self.read += length;
        self.at += length;
        Some(())
    }

    fn take(&mut self, text: &str, length: usize) {
        let source = Span::new(self.offset + self.at, self.offset + self.at + length);
        self.decoded.push_escaped(text, source);
        self.at += length;
        self.read += text.len();
    }

    /// Breaks and indentation of a block or plain scalar: whatever blanks they became.
    fn line_break(&mut self, wanted: &str, run: usize) -> Option<()> {
        let folded = wanted.len() - wanted.trim_start_matches(is_blank).len();
        self.folded(wanted.get(..folded).filter(|text| !text.is_empty())?, run)
    }

    /// `run` bytes of breaks and indentation that became `text`.
    fn folded(&mut self, text: &str, run: usize) -> Option<()> {
        if !text.trim_matches(is_blank).is_empty() || !self.text.get(self.read..)?.starts_with(text) {
            return None;
        }
        self.take(text, run);
        Some(())
    }

    fn escape(&mut self, raw: &str, char: char) -> Option<()> {
        let kind = raw.chars().nth(1)?;
        if kind == '\n' || kind == '\r' {
            // The break is taken back, empty lines behind it are not.
            let blanks = raw.get(1..)?;
            let run = blanks.len() - blanks.trim_start_matches(is_blank).len();
            let lines = blanks.get(..run)?.matches('\n').count().saturating_sub(1);
            let empty = self.text.get(self.read..self.read + lines)?;
            return self.folded(empty, 1 + run);
        }
        let digits = match kind {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            _ => 0,
        };
        let mut length = 1 + kind.len_utf8() + digits;
        let spelled =
            if digits > 0 { u32::from_str_radix(raw.get(2..2 + digits)?, 16).ok()? } else { u32::from(named(kind)) };
        // JSON spells what lies beyond the first plane as a pair.
        if (0xd800..0xdc00).contains(&spelled) && char > '\u{ffff}' {
            length *= 2;
        } else if spelled != u32::from(char) {
            return None;
        }
        self.take(char.encode_utf8(&mut [0; 4]), length);
        Some(())
    }
}

/// What a backslash and a letter stand for; any other character stands for itself.
fn named(letter: char) -> char {
    match letter {
        '0' => '\0',
        'a' => '\u{7}',
        'b' => '\u{8}',
        't' => '\t',
        'n' => '\n',
        'v' => '\u{b}',
        'f' => '\u{c}',
        'r' => '\r',
        'e' => '\u{1b}',
        'N' => '\u{85}',
        '_' => '\u{a0}',
        'L' => '\u{2028}',
        'P' => '\u{2029}',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::{collection, sample};

    use super::super::parse;

    /// Each word of the scalar under `k`, with the bytes of the file that it stands for.
    fn words(source: &str) -> Vec<(String, String)> {
        let tree = parse(source);
        let node = tree.get(tree.documents[0], "k").unwrap();
        let decoded = tree.decoded(source, node).unwrap();
        assert_eq!(Some(decoded.text()), tree.text(node), "{source}");
        let text = decoded.text();
        text.split_whitespace()
            .map(|word| {
                let start = word.as_ptr() as usize - text.as_ptr() as usize;
                let span = decoded.span(start..start + word.len());
                (word.to_owned(), source[span.start..span.end].to_owned())
            })
            .collect()
    }

    #[test]
    fn every_notation_leads_back_to_its_bytes() {
        for source in [
            "k: gunicorn -w 4 app\n",
            "k: 'gunicorn -w 4 app'\n",
            "k: \"gunicorn -w 4 app\"  # c\n",
            "k: >\n  gunicorn\n  -w 4\n  app\nz: 1\n",
            "k: >-\n  gunicorn\n    -w\n  4\n\n  app\n",
            "k: |\n  gunicorn\n  -w 4\n\n  app\n",
            "k: |\n\n\n  gunicorn\n  -w 4\n  app\n",
            "k: >-  # c\n\n  gunicorn -w\n  4 app",
            "k: |2\n    gunicorn -w\n  4 app\n",
            "k: gunicorn\n  -w 4\n\n  app\n",
            "k: \"gunicorn\n  -w 4\n  app\"\n",
            "k: \"gunicorn \\\n  -w 4 \\\n  app\"\n",
            "k: 'gunicorn\r\n  -w 4\r\n  app'\r\n",
            "k: |\r\n  gunicorn -w\r\n  4 app\r\n",
            "\u{feff}k: |\n  gunicorn -w\n  4 app",
        ] {
            let expected: Vec<_> = ["gunicorn", "-w", "4", "app"].map(|word| (word.to_owned(), word.to_owned())).into();
            assert_eq!(words(source), expected, "{source:?}");
        }
    }

    #[test]
    fn escapes_lead_back_to_their_spelling() {
        let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(words("k: \"a\\\"b \\u00e4 c\"\n"), [pair("a\"b", "a\\\"b"), pair("ä", "\\u00e4"), pair("c", "c")]);
        assert_eq!(words("k: \"\\uD834\\uDD1E b\"\n"), [pair("\u{1d11e}", "\\uD834\\uDD1E"), pair("b", "b")]);
        assert_eq!(words("k: \"a\n\n  \\  \\\"b\"\n"), [pair("a", "a"), pair("\"b", "\\\"b")]);
        assert!(words("k: |\nz: 1\n").is_empty());
        assert_eq!(words("k: 'it''s 4'\n"), [pair("it's", "it''s"), pair("4", "4")]);
    }

    proptest! {
        /// Whatever a scalar is written like, its bytes are found, in order and inside it.
        #[test]
        fn any_scalar_is_found_again(
            head in sample::select(vec!["\"", "'", "|\n  ", ">\n  ", ">-\n  ", "|+\n  ", ""]),
            pieces in collection::vec(sample::select(vec!["a", " ", "\n  ", "\n\n  ", "\\n", "''", "\\\"", "\u{e4}", "  ", "\r\n  ", "\\\n  "]), 1..10),
        ) {
            let close = if head.len() == 1 { head } else { "" };
            let source = format!("k: {head}x{}y{close}\n", pieces.concat());
            let tree = parse(&source);
            let node = tree.documents.first().and_then(|&top| tree.get(top, "k"));
            if let (None, Some(node)) = (&tree.error, node) {
                let decoded = tree.decoded(&source, node);
                prop_assert!(decoded.is_some(), "{source:?}");
                let decoded = decoded.unwrap();
                prop_assert_eq!(Some(decoded.text()), tree.text(node));
                let mut last = 0;
                for (at, char) in decoded.text().char_indices() {
                    let span = decoded.span(at..at + char.len_utf8());
                    prop_assert!(span.start >= last && span.end <= tree.span(node).end, "{source:?}");
                    if char.is_alphabetic() {
                        prop_assert_eq!(&source[span.start..span.end], char.to_string());
                    }
                    last = span.start;
                }
            }
        }
    }
}
