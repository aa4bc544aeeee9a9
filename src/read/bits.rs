//! A value character by character, each with its bytes, with what somebody fills in kept apart.
//!
//! Managers of services fill in a value before they split it into words, each in a notation of its own.
//! What is common to them is here: a list of characters and gaps, and the word that becomes of some of them.

use crate::source::{FileId, Place, Span, Word, WordPart};

use super::decoded::Decoded;
use super::expansion::{self, Dialect};
use super::shell_words::Lexed;
use super::{Command, FilledBy};

/// More characters than any value of interest has.
pub(super) const MAX_BITS: usize = 200_000;

/// A character or a gap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum What {
    Char(char),
    /// What a variable holds.
    Variable(String),
    /// What only a running manager or a template engine knows, as written.
    Opaque(String),
}

/// A character or a gap, and the bytes it is written with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bit {
    pub(super) what: What,
    pub(super) span: Span,
}

impl Bit {
    pub(super) const fn char(&self) -> Option<char> {
        match self.what {
            What::Char(char) => Some(char),
            _ => None,
        }
    }

    pub(super) fn is(&self, wanted: char) -> bool {
        self.char() == Some(wanted)
    }

    pub(super) fn is_blank(&self) -> bool {
        self.char().is_some_and(|char| matches!(char, ' ' | '\t' | '\n' | '\r'))
    }

    fn part(&self) -> WordPart {
        match &self.what {
            What::Char(char) => WordPart::Text(char.to_string()),
            What::Variable(name) => WordPart::Variable { name: name.clone(), default: None },
            What::Opaque(text) => WordPart::Opaque(text.clone()),
        }
    }
}

/// The characters of a text, placeholders of template engines taken out; `None` for one that nobody wrote.
pub(super) fn of(decoded: &Decoded) -> Option<Vec<Bit>> {
    let text = decoded.text();
    if text.len() > MAX_BITS {
        return None;
    }
    let mut bits = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(char) = text.get(at..).and_then(|rest| rest.chars().next()) {
        let end = expansion::placeholder_end(text, at).or_else(|| statement_end(text, at));
        let what = match end {
            Some(end) => What::Opaque(text.get(at..end).unwrap_or_default().to_owned()),
            None => What::Char(char),
        };
        let end = end.unwrap_or(at + char.len_utf8());
        bits.push(Bit { what, span: decoded.span(at..end) });
        at = end;
    }
    Some(bits)
}

/// The byte behind the `%}` or `%>` of the statement of a template that starts at `at`, if one does.
fn statement_end(text: &str, at: usize) -> Option<usize> {
    let rest = text.get(at..)?;
    let close = if rest.starts_with("{%") {
        "%}"
    } else if rest.starts_with("<%") {
        "%>"
    } else {
        return None;
    };
    let window = rest.as_bytes().get(..rest.len().min(200))?;
    let found = window.windows(2).skip(2).position(|pair| pair == close.as_bytes())?;
    Some(at + found + 4)
}

/// Some bits that are one word of a command.
#[derive(Debug, Default)]
pub(super) struct Piece {
    pub(super) bits: Vec<Bit>,
    /// All of it, quotes included.
    pub(super) outer: Span,
    /// What stands inside the quotes, where they stand around the whole of it.
    pub(super) inner: Option<Span>,
    /// Whether what is filled in stays one word.
    pub(super) quoted: bool,
}

impl Piece {
    /// As a word of `file`.
    pub(super) fn word(&self, file: FileId, removal: Span) -> Word {
        let mut parts = Vec::new();
        for bit in &self.bits {
            expansion::add(&mut parts, bit.part());
        }
        let place = Place::new(file, self.inner.unwrap_or(self.outer));
        Word { parts, place, removal: Place::new(file, removal), quoted: self.quoted }
    }

    /// What a shell gets to see of it; a variable that was filled in before holds there what it held here.
    fn content(&self) -> Decoded {
        let mut content = Decoded::default();
        for bit in &self.bits {
            match &bit.what {
                What::Char(char) if bit.span.len() == char.len_utf8() => {
                    content.push(char.encode_utf8(&mut [0; 4]), bit.span.start);
                }
                What::Char(char) => content.push_escaped(char.encode_utf8(&mut [0; 4]), bit.span),
                What::Variable(name) => content.push_escaped(&format!("${{{name}}}"), bit.span),
                What::Opaque(text) if text.starts_with("{{") => content.push_escaped(text, bit.span),
                // Characters that stand for text which nobody knows, whatever quotes are around them.
                // The name of an instance of systemd's, which says what it is.
                What::Opaque(text) if matches!(text.as_str(), "%i" | "%I") => {
                    content.push_escaped("\u{10FFFE}%i\u{10FFFF}", bit.span);
                }
                What::Opaque(_) => content.push_escaped("\u{10FFFE}\u{10FFFF}", bit.span),
            }
        }
        content
    }
}

/// The command that the words are, which the manager fills in before it starts it.
pub(super) fn command(pieces: &[Piece], file: FileId, place: Span) -> Option<Command> {
    let mut end = None;
    let mut words = Vec::with_capacity(pieces.len());
    for piece in pieces {
        let removal = Span::new(end.unwrap_or(piece.outer.start), piece.outer.end);
        end = Some(piece.outer.end);
        let word = piece.word(file, removal);
        words.push(Lexed { word, content: piece.content(), has_quotes: piece.quoted });
    }
    let mut command = super::command::exec(words, Dialect::Plain, Place::new(file, place))?;
    command.filled_by = FilledBy::Shell;
    Some(command)
}

/// The bytes from the first to the last; an empty list stands at `at`.
pub(super) fn span(bits: &[Bit], at: usize) -> Span {
    match (bits.first(), bits.last()) {
        (Some(first), Some(last)) => Span::new(first.span.start, last.span.end.max(first.span.start)),
        _ => Span::new(at, at),
    }
}

/// The text, if nothing in it is a gap.
pub(super) fn text(bits: &[Bit]) -> Option<String> {
    bits.iter().map(Bit::char).collect()
}

/// Without the white space at both ends.
pub(super) fn trimmed(mut bits: &[Bit]) -> &[Bit] {
    while let [first, rest @ ..] = bits
        && first.is_blank()
    {
        bits = rest;
    }
    while let [rest @ .., last] = bits
        && last.is_blank()
    {
        bits = rest;
    }
    bits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_one_gap() {
        let bits = of(&Decoded::verbatim("a{{ b }}c{% if x %}", 5)).unwrap();
        let kinds: Vec<&What> = bits.iter().map(|bit| &bit.what).collect();
        assert_eq!(
            kinds,
            [&What::Char('a'), &What::Opaque("{{ b }}".into()), &What::Char('c'), &What::Opaque("{% if x %}".into())]
        );
        assert_eq!(bits[1].span, Span::new(6, 13));
        assert_eq!(span(&bits, 0), Span::new(5, 24));
    }
}
