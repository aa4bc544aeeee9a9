//! Text with one layer of notation taken off: continuation lines, escapes, folded lines.
//!
//! Formats wrap command lines in notations of their own. Whoever splits the command wants plain text,
//! whoever points at a word or replaces it wants the bytes of the file. A [`Decoded`] is both.

use std::ops::Range;

use crate::source::Span;

/// Plain text that remembers which bytes of the file each of its bytes stands for.
#[derive(Debug, Clone, Default)]
pub struct Decoded {
    text: String,
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, Copy)]
struct Piece {
    /// Where it begins in the plain text.
    at: usize,
    source: Span,
    /// Whether the file holds the same bytes; an escape stands for other ones.
    verbatim: bool,
}

impl Decoded {
    /// Whether all of it stands in the file as it is, in one piece or several.
    #[must_use]
    pub fn is_verbatim(&self) -> bool {
        self.pieces.iter().all(|piece| piece.verbatim)
    }

    /// Text that stands in the file as it is, from byte `offset` on.
    pub fn verbatim(text: &str, offset: usize) -> Self {
        let mut decoded = Self::default();
        decoded.push(text, offset);
        decoded
    }

    /// Adds text that stands in the file as it is, from byte `offset` on.
    pub fn push(&mut self, text: &str, offset: usize) {
        if text.is_empty() {
            return;
        }
        let at = self.text.len();
        self.text.push_str(text);
        if let Some(last) = self.pieces.last_mut()
            && last.verbatim
            && last.source.end == offset
        {
            last.source.end += text.len();
            return;
        }
        let source = Span::new(offset, offset + text.len());
        self.pieces.push(Piece { at, source, verbatim: true });
    }

    /// Adds text that the file spells as `source`.
    pub fn push_escaped(&mut self, text: &str, source: Span) {
        if !text.is_empty() {
            self.pieces.push(Piece { at: self.text.len(), source, verbatim: false });
            self.text.push_str(text);
        }
    }

    /// Adds `range` of another text, which may be an escape as a whole.
    pub fn push_from(&mut self, other: &Self, range: Range<usize>) {
        let mut index = other.piece_at(range.start);
        while let Some(&piece) = other.pieces.get(index) {
            let end = other.pieces.get(index + 1).map_or(other.text.len(), |next| next.at);
            let part = piece.at.max(range.start)..end.min(range.end);
            if part.start >= part.end {
                break;
            }
            let text = other.text.get(part.clone()).unwrap_or_default();
            if piece.verbatim {
                self.push(text, piece.source.start + part.start - piece.at);
            } else {
                self.push_escaped(text, piece.source);
            }
            index += 1;
        }
    }

    /// The same text, where `outer` is what its bytes were taken from: a text inside a text.
    #[must_use]
    pub fn through(&self, outer: &Self) -> Self {
        let mut through = Self::default();
        for (index, piece) in self.pieces.iter().enumerate() {
            let end = self.pieces.get(index + 1).map_or(self.text.len(), |next| next.at);
            let source = piece.source.start..piece.source.end;
            if piece.verbatim {
                through.push_from(outer, source);
            } else {
                through.push_escaped(self.text.get(piece.at..end).unwrap_or_default(), outer.span(source));
            }
        }
        through
    }

    /// The same text, with `home` for what stands at no byte so far.
    pub(super) fn homed(mut self, home: Span) -> Self {
        for piece in self.pieces.iter_mut().filter(|piece| piece.source.is_empty()) {
            piece.source = home;
        }
        self
    }

    /// Moves the bytes to where `find` says that they are; what it does not find counts as spelled by
    /// `whole` in another way.
    pub(super) fn settle(&mut self, whole: Span, find: &dyn Fn(Span) -> Option<Span>) {
        for piece in &mut self.pieces {
            if let Some(found) = find(piece.source) {
                piece.source = found;
            } else {
                (piece.source, piece.verbatim) = (whole, false);
            }
        }
    }

    /// A part of it.
    #[must_use]
    pub fn part(&self, range: Range<usize>) -> Self {
        let mut part = Self::default();
        part.push_from(self, range);
        part
    }

    /// The plain text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The bytes of the file that `range` of the plain text stands for. An empty range lies behind the
    /// byte in front of it.
    pub fn span(&self, range: Range<usize>) -> Span {
        if range.is_empty() && range.start > 0 {
            let behind = self.source_end(range.start);
            return Span::new(behind, behind);
        }
        let start = self.source_start(range.start);
        let end = if range.is_empty() { start } else { self.source_end(range.end) };
        Span::new(start, end.max(start))
    }

    fn piece_at(&self, at: usize) -> usize {
        self.pieces.partition_point(|piece| piece.at <= at).saturating_sub(1)
    }

    fn source_start(&self, at: usize) -> usize {
        self.pieces.get(self.piece_at(at)).map_or(0, |piece| {
            if piece.verbatim { (piece.source.start + at - piece.at).min(piece.source.end) } else { piece.source.start }
        })
    }

    fn source_end(&self, end: usize) -> usize {
        let last = end.saturating_sub(1);
        self.pieces.get(self.piece_at(last)).map_or(0, |piece| {
            if piece.verbatim { (piece.source.start + end - piece.at).min(piece.source.end) } else { piece.source.end }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_range_finds_its_bytes() {
        // `ab\<newline>cd\"e` as a continued line with an escaped quote.
        let mut decoded = Decoded::default();
        decoded.push("ab", 10);
        decoded.push("cd", 14);
        decoded.push_escaped("\"", Span::new(16, 18));
        decoded.push("e", 18);
        assert_eq!(decoded.text(), "abcd\"e");
        assert_eq!(decoded.span(0..2), Span::new(10, 12));
        assert_eq!(decoded.span(1..3), Span::new(11, 15));
        assert_eq!(decoded.span(4..5), Span::new(16, 18));
        assert_eq!(decoded.span(3..6), Span::new(15, 19));
        assert_eq!(decoded.span(2..2), Span::new(12, 12));
        let part = decoded.part(3..5);
        assert_eq!(part.text(), "d\"");
        assert_eq!(part.span(0..2), Span::new(15, 18));
    }
}
