//! Bytes of a text as the editor counts them: lines, and units within a line.
//!
//! Decides how an offset becomes a position and back. An editor leaves out the byte order mark of a file, so it counts
//! for nothing here.

use farrier::source::{SourceFile, Span};
use lsp_types::{Position, PositionEncodingKind, Range};

const BOM: char = '\u{feff}';

/// What a line is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Encoding {
    Utf8,
    #[default]
    Utf16,
}

impl Encoding {
    /// The one to use: bytes, where the client offers them, because they need no counting.
    pub(super) const fn agreed(offers_bytes: bool) -> Self {
        if offers_bytes { Self::Utf8 } else { Self::Utf16 }
    }

    pub(super) const fn kind(self) -> PositionEncodingKind {
        match self {
            Self::Utf8 => PositionEncodingKind::UTF8,
            Self::Utf16 => PositionEncodingKind::UTF16,
        }
    }

    const fn units(self, letter: char) -> usize {
        match self {
            Self::Utf8 => letter.len_utf8(),
            Self::Utf16 => letter.len_utf16(),
        }
    }

    fn width(self, text: &str) -> usize {
        text.chars().map(|letter| self.units(letter)).sum()
    }

    /// Where a byte stands.
    pub(super) fn position(self, file: &SourceFile, offset: usize) -> Position {
        let line = file.line(offset);
        let start = file.line_span(line).map_or(0, |span| span.start);
        let before = file.slice(Span::new(start.max(mark(file)), offset));
        Position::new(number(line - 1), number(self.width(before)))
    }

    /// Where some bytes stand.
    pub(super) fn range(self, file: &SourceFile, span: Span) -> Range {
        Range::new(self.position(file, span.start), self.position(file, span.end))
    }

    /// The byte at a position of a file; the end of the line, or of the text, where it lies behind that.
    pub(super) fn offset(self, file: &SourceFile, position: Position) -> usize {
        let Some(line) = file.line_span(position.line as usize + 1) else { return file.text().len() };
        let start = line.start.max(mark(file));
        start + self.within(file.slice(Span::new(start, line.end)), position.character as usize)
    }

    /// The same in a text that is no file yet.
    pub(super) fn offset_in(self, text: &str, position: Position) -> usize {
        let mut start = 0;
        for _ in 0..position.line {
            match text[start..].find('\n') {
                Some(at) => start += at + 1,
                None => return text.len(),
            }
        }
        let line = text[start..].split('\n').next().unwrap_or_default();
        start + self.within(line.trim_end_matches('\r'), position.character as usize)
    }

    /// The byte of a line that so many units stand in front of, or that the unit is a part of.
    fn within(self, line: &str, units: usize) -> usize {
        let mut seen = 0;
        for (at, letter) in line.char_indices() {
            seen += self.units(letter);
            if seen > units {
                return at;
            }
        }
        line.len()
    }
}

/// Where a text begins behind its byte order mark.
fn mark(file: &SourceFile) -> usize {
    if file.text().starts_with(BOM) { BOM.len_utf8() } else { 0 }
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use farrier::source::Files;

    #[test]
    fn both_ways_agree_in_both_encodings() {
        let text = "\u{feff}a = 1\r\n\u{e4}\u{1f980} = 2\r\n\nend";
        let mut files = Files::new();
        let id = files.add("a.py", text);
        let file = files.get(id);
        for (encoding, crab) in [(Encoding::Utf16, 3), (Encoding::Utf8, 6)] {
            let at = text.find(" = 2").unwrap();
            assert_eq!(encoding.position(file, at), Position::new(1, crab));
            assert_eq!(encoding.position(file, 3), Position::new(0, 0));
            for (offset, _) in text.char_indices().skip(1).filter(|(_, letter)| *letter != '\n') {
                let position = encoding.position(file, offset);
                assert_eq!(encoding.offset(file, position), offset, "{encoding:?} {position:?}");
                assert_eq!(encoding.offset_in(&text[3..], position), offset - 3, "{encoding:?} {position:?}");
            }
        }
        // In the middle of a letter, behind the end of a line, behind the end of the text.
        let offset = |line, character| Encoding::Utf16.offset(file, Position::new(line, character));
        assert_eq!(offset(1, 2), text.find('\u{1f980}').unwrap());
        assert_eq!(offset(0, 99), text.find('\r').unwrap());
        assert_eq!(offset(99, 0), text.len());
    }
}
