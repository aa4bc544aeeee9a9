//! Words: where one begins and ends, and what its quotes and dollar signs stand for.

use std::ops::Range;
use std::sync::Arc;

use super::super::decoded::Decoded;
use super::super::expansion;
use super::scanner::{Lesser, MAX_DEPTH, Scanner, TooLong};
use super::{Part, PartKind, Refusals, Script, Word};

/// Where a word ends.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Until {
    /// At white space or an operator.
    Blank,
    /// At the closing brace of a parameter, or what separates its pieces.
    Brace { slash: bool, colon: bool, in_quotes: bool },
    /// At the end of the text, as within `(( ))` and documents: only expansions count.
    End,
    /// At the bracket that closes an index.
    Bracket,
    /// At white space or the end of a pattern of `[[ =~ ]]`, in which brackets are text.
    Expression,
}

#[derive(Default)]
struct Building {
    parts: Vec<Part>,
    quoted: bool,
    segments: usize,
    in_plain: bool,
    only_quotes: Option<Range<usize>>,
}

impl Building {
    /// Adds text, joining neighbours of one kind.
    fn text(&mut self, scanner: &Scanner, from: &Decoded, range: Range<usize>, quoted: bool) {
        let place = scanner.place(range.clone());
        if let Some(Part { kind: PartKind::Text(text), quoted: last, place: whole }) = self.parts.last_mut()
            && *last == quoted
        {
            text.push_from(from, range);
            whole.span.end = place.span.end.max(whole.span.end);
            return;
        }
        self.parts.push(Part { kind: PartKind::Text(from.part(range)), quoted, place });
    }
}

impl Scanner<'_> {
    /// The word that starts here.
    pub(super) fn word(&mut self) -> Result<Word, TooLong> {
        self.word_until(Until::Blank)
    }

    /// A pattern of `[[ =~ ]]`.
    pub(super) fn expression_word(&mut self) -> Result<Word, TooLong> {
        self.word_until(Until::Expression)
    }

    fn word_until(&mut self, until: Until) -> Result<Word, TooLong> {
        self.count()?;
        let start = self.at;
        let building = self.build(until)?;
        let range = match building.only_quotes {
            Some(ref inside) if building.segments == 1 => inside.clone(),
            _ => start..self.at,
        };
        let first = self.previous_end == 0 && self.words <= 1;
        let removal = if first { start..self.at } else { self.previous_end.min(start)..self.at };
        self.previous_end = self.at;
        Ok(Word {
            parts: building.parts,
            place: self.place(range),
            removal: self.place(removal),
            quoted: building.quoted,
        })
    }

    /// The parts up to an end other than white space.
    pub(super) fn parts_until(&mut self, until: Until) -> Result<Vec<Part>, TooLong> {
        Ok(self.build(until)?.parts)
    }

    fn ends(byte: u8, until: Until) -> bool {
        match until {
            Until::Blank => byte.is_ascii_whitespace() || b";&|()<>".contains(&byte),
            Until::Brace { slash, colon, .. } => byte == b'}' || (slash && byte == b'/') || (colon && byte == b':'),
            Until::End => false,
            Until::Bracket => byte == b']',
            Until::Expression => byte.is_ascii_whitespace(),
        }
    }

    fn build(&mut self, until: Until) -> Result<Building, TooLong> {
        let mut building = Building::default();
        let start = self.at;
        let in_quotes = matches!(until, Until::Brace { in_quotes: true, .. });
        let quotes_count = until != Until::End;
        while let Some(byte) = self.byte(0) {
            match byte {
                b'<' | b'>' if until == Until::Blank && self.at == start && self.byte(1) == Some(b'(') => {
                    self.process_substitution(&mut building)?;
                }
                _ if Self::ends(byte, until) => break,
                b'\\' if self.byte(1) == Some(b'\n') => self.at += 2,
                b'\\' if self.starts("\\\r\n") => self.at += 3,
                b'\\' => self.escape(&mut building, in_quotes || until == Until::End),
                b'\'' if quotes_count && !in_quotes => self.single_quoted(&mut building),
                b'"' if quotes_count => self.double_quoted(&mut building)?,
                b'$' if self.byte(1) == Some(b'\'') && quotes_count && !in_quotes => self.ansi_quoted(&mut building),
                b'$' if self.byte(1) == Some(b'"') && quotes_count => self.at += 1,
                _ => {
                    if !building.in_plain {
                        building.segments += 1;
                    }
                    building.in_plain = true;
                    self.expandable(&mut building, in_quotes)?;
                }
            }
        }
        Ok(building)
    }

    /// `<(command)`: a file name that only the shell knows.
    fn process_substitution(&mut self, building: &mut Building) -> Result<(), TooLong> {
        let start = self.at;
        self.refuse(Lesser::Dash, start);
        self.at += 2;
        self.list()?;
        self.is_whole &= self.eat(")");
        building.segments += 1;
        let place = self.place(start..self.at);
        building.parts.push(Part { kind: PartKind::Unknown, quoted: true, place });
        Ok(())
    }

    fn escape(&mut self, building: &mut Building, in_quotes: bool) {
        building.segments += 1;
        building.in_plain = false;
        let next = self.rest().chars().nth(1);
        if in_quotes && !next.is_some_and(|next| "$`\"\\}".contains(next)) {
            building.text(self, self.decoded, self.at..self.at + 1, true);
            self.at += 1;
            return;
        }
        building.quoted = true;
        let length = next.map_or(0, char::len_utf8);
        if length == 0 {
            building.text(self, self.decoded, self.at..self.at + 1, true);
            self.at += 1;
            return;
        }
        self.at += 1;
        building.text(self, self.decoded, self.at..self.at + length, true);
        self.at += length;
    }

    fn single_quoted(&mut self, building: &mut Building) {
        building.segments += 1;
        building.in_plain = false;
        building.quoted = true;
        self.at += 1;
        let start = self.at;
        let length = self.rest().find('\'').unwrap_or(self.rest().len());
        building.text(self, self.decoded, start..start + length, true);
        self.at += length;
        let closed = self.byte(0).is_some();
        self.is_whole &= closed;
        building.only_quotes = closed.then_some(start..self.at);
        self.at += usize::from(closed);
    }

    /// `$'a\n'` of bash, whose escapes are not taken off here.
    fn ansi_quoted(&mut self, building: &mut Building) {
        let start = self.at;
        self.at += 2;
        building.segments += 1;
        building.in_plain = false;
        building.quoted = true;
        let mut escaped = false;
        while let Some(byte) = self.byte(0) {
            self.at += 1;
            if byte == b'\'' && !escaped {
                break;
            }
            escaped = byte == b'\\' && !escaped;
        }
        let inside = start + 2..self.at.saturating_sub(1).max(start + 2);
        let place = self.place(start..self.at);
        building.parts.push(Part { kind: PartKind::Escaped(self.decoded.part(inside)), quoted: true, place });
    }

    fn double_quoted(&mut self, building: &mut Building) -> Result<(), TooLong> {
        building.segments += 1;
        building.in_plain = false;
        building.quoted = true;
        self.at += 1;
        let start = self.at;
        let before = building.parts.len();
        loop {
            match self.byte(0) {
                None => {
                    self.is_whole = false;
                    return Ok(());
                }
                Some(b'"') => {
                    building.only_quotes = Some(start..self.at);
                    if building.parts.len() == before {
                        building.text(self, self.decoded, start..start, true);
                    }
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => match self.byte(1) {
                    Some(b'\n') => self.at += 2,
                    Some(b'$' | b'`' | b'"' | b'\\') => {
                        building.text(self, self.decoded, self.at + 1..self.at + 2, true);
                        self.at += 2;
                    }
                    _ => {
                        building.text(self, self.decoded, self.at..self.at + 1, true);
                        self.at += 1;
                    }
                },
                Some(_) => self.expandable(building, true)?,
            }
        }
    }

    /// One variable, substitution or character in a place where variables count.
    fn expandable(&mut self, building: &mut Building, quoted: bool) -> Result<(), TooLong> {
        let start = self.at;
        let kind = match self.byte(0) {
            Some(b'$') => self.dollar(quoted)?,
            Some(b'`') => Some(self.backticks()?),
            Some(b'{') if expansion::placeholder_end(self.text, start).is_some() => {
                self.at = expansion::placeholder_end(self.text, start).unwrap_or(start + 1);
                Some(PartKind::Unknown)
            }
            _ => None,
        };
        if let Some(kind) = kind {
            let place = self.place(start..self.at);
            building.parts.push(Part { kind, quoted, place });
        } else {
            let length = self.rest().chars().next().map_or(1, char::len_utf8);
            // What means nothing anywhere is taken in one piece.
            let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.,=@%+~".contains(byte);
            let behind = self.text.as_bytes().get(start + length..).unwrap_or_default();
            let length = length + behind.iter().take_while(|byte| plain(byte)).count();
            building.text(self, self.decoded, start..start + length, quoted);
            self.at = start + length;
        }
        Ok(())
    }

    /// What a dollar sign starts; `None` where it is text.
    fn dollar(&mut self, quoted: bool) -> Result<Option<PartKind>, TooLong> {
        self.count()?;
        if self.starts("$((")
            && let Some(kind) = self.arithmetic()?
        {
            return Ok(Some(kind));
        }
        if self.starts("$(") {
            self.at += 2;
            return Ok(Some(self.substitution()?));
        }
        self.parameter(quoted)
    }

    fn substitution(&mut self) -> Result<PartKind, TooLong> {
        let before = (self.previous_end, self.is_whole);
        self.is_whole = true;
        let body = self.list()?;
        let is_whole = self.is_whole && self.eat(")");
        self.previous_end = before.0;
        self.is_whole = before.1 && is_whole;
        if !is_whole && self.depth >= MAX_DEPTH {
            self.at = self.text.len();
        }
        // What a shell refuses in it, it refuses with the whole statement around it.
        Ok(PartKind::Command(Arc::new(Script { body, is_whole, refused: Refusals::default() })))
    }

    /// `$(( … ))`; `None` if it turns out to be a subshell within a substitution.
    fn arithmetic(&mut self) -> Result<Option<PartKind>, TooLong> {
        let Some(inside) = self.double_brackets(self.at + 3) else { return Ok(None) };
        let parts = self.inner(inside.clone())?;
        self.at = inside.end + 2;
        Ok(Some(PartKind::Arithmetic(parts)))
    }

    /// The range up to the `))` that closes the `((` before byte `start`.
    pub(super) fn double_brackets(&self, start: usize) -> Option<Range<usize>> {
        let bytes = self.text.as_bytes();
        let mut depth = 0_usize;
        let mut at = start;
        while let Some(&byte) = bytes.get(at) {
            match byte {
                b'(' => depth += 1,
                b')' if depth == 0 => {
                    return (bytes.get(at + 1) == Some(&b')')).then_some(start..at);
                }
                b')' => depth -= 1,
                _ => {}
            }
            at += 1;
        }
        None
    }

    /// The parts of a piece of the text in which only expansions count.
    pub(super) fn inner(&mut self, range: Range<usize>) -> Result<Vec<Part>, TooLong> {
        if self.depth >= MAX_DEPTH {
            self.is_whole = false;
            let place = self.place(range);
            return Ok(vec![Part { kind: PartKind::Unknown, quoted: true, place }]);
        }
        let inside = self.decoded.part(range);
        let mut scanner = Scanner::new(&inside, self.file, self.depth + 1);
        scanner.words = self.words;
        let parts = scanner.parts_until(Until::End)?;
        self.words = scanner.words;
        self.is_whole &= scanner.is_whole;
        self.refuse_within(scanner.refused);
        Ok(parts)
    }

    fn backticks(&mut self) -> Result<PartKind, TooLong> {
        self.count()?;
        let end = expansion::backtick_end(self.text, self.at);
        let inside = self.at + 1..end.saturating_sub(1).max(self.at + 1);
        self.at = end;
        if self.depth >= MAX_DEPTH {
            return Ok(PartKind::Unknown);
        }
        let mut plain = Decoded::default();
        let bytes = self.text.as_bytes();
        let mut from = inside.start;
        for at in inside.clone() {
            if at >= from && bytes.get(at) == Some(&b'\\') && matches!(bytes.get(at + 1), Some(b'`' | b'\\' | b'$')) {
                plain.push_from(self.decoded, from..at);
                plain.push_from(self.decoded, at + 1..at + 2);
                from = at + 2;
            }
        }
        if from < inside.end {
            plain.push_from(self.decoded, from..inside.end);
        }
        let mut scanner = Scanner::new(&plain, self.file, self.depth + 1);
        scanner.words = self.words;
        let mut script = scanner.script().ok_or(TooLong)?;
        self.refuse_within(std::mem::take(&mut script.refused));
        Ok(PartKind::Command(Arc::new(script)))
    }
}
