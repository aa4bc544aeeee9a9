//! The text of a scalar and the bytes it was written with.

use granit_parser::ScalarStyle;

use crate::read::decoded::Decoded;
use crate::source::Span;

/// Matches the value that the parser gives to the bytes of its span, piece by piece.
///
/// Folding, indentation and escapes make the two differ; what is equal stays addressable byte by
/// byte, and the rest is known as a whole.
pub(super) fn decode(text: &str, span: Span, value: &str, style: ScalarStyle) -> Decoded {
    let source = text.get(span.start..span.end).unwrap_or_default();
    let quoted = matches!(style, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted) && source.len() >= 2;
    let (source, start) = if quoted { (&source[1..source.len() - 1], span.start + 1) } else { (source, span.start) };
    // The head of a block scalar (`>-`) is on the line above its text.
    let skip = match style {
        ScalarStyle::Literal | ScalarStyle::Folded if source.starts_with(['|', '>']) => {
            source.find('\n').map_or(source.len(), |at| at + 1)
        }
        _ => 0,
    };
    let mut matching = Matching { source, start, at: skip, style, decoded: Decoded::default() };
    if matching.take(value).is_some() {
        return matching.decoded;
    }
    let mut whole = Decoded::default();
    whole.push_escaped(value, span);
    whole
}

struct Matching<'t> {
    source: &'t str,
    start: usize,
    at: usize,
    style: ScalarStyle,
    decoded: Decoded,
}

impl Matching<'_> {
    fn take(&mut self, value: &str) -> Option<()> {
        let mut rest = value;
        while let Some(char) = rest.chars().next() {
            let here = self.source.get(self.at..)?;
            let next = here.chars().next();
            let length = char.len_utf8();
            if next == Some(char) && char != '\n' && !self.is_escape(char) {
                self.decoded.push(&rest[..length], self.start + self.at);
                self.at += length;
            } else {
                let used = self.escaped(here, char)?;
                let span = Span::new(self.start + self.at, self.start + self.at + used);
                self.decoded.push_escaped(&rest[..length], span);
                self.at += used;
            }
            rest = &rest[length..];
        }
        Some(())
    }

    /// Whether `char` in the source begins something that stands for another character.
    fn is_escape(&self, char: char) -> bool {
        match self.style {
            ScalarStyle::DoubleQuoted => char == '\\',
            ScalarStyle::SingleQuoted => char == '\'',
            _ => false,
        }
    }

    /// How many bytes of the source stand for `char`.
    fn escaped(&self, here: &str, char: char) -> Option<usize> {
        if self.style == ScalarStyle::DoubleQuoted
            && let Some(after) = here.strip_prefix('\\')
        {
            let simple = after.chars().next()?;
            let stands_for = match simple {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                other => other,
            };
            return (stands_for == char).then_some(1 + simple.len_utf8());
        }
        if self.style == ScalarStyle::SingleQuoted && here.starts_with("''") && char == '\'' {
            return Some(2);
        }
        // A line break with the indentation behind it is a space, or itself.
        let white = here.len() - here.trim_start_matches([' ', '\t', '\r', '\n']).len();
        (matches!(char, ' ' | '\n') && white > 0 && here[..white].contains('\n')).then(|| match self.style {
            // Each break of a literal block counts; its indentation does not.
            ScalarStyle::Literal => Self::one_break(here),
            _ => white,
        })
    }

    fn one_break(here: &str) -> usize {
        let line = here.find('\n').map_or(0, |at| at + 1);
        let indent = here[line..].len() - here[line..].trim_start_matches(' ').len();
        line + if here[line..].trim_start_matches(' ').starts_with(['\n', '\r']) { 0 } else { indent }
    }
}
