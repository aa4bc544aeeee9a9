//! `$NAME`, `${NAME…}` and the special parameters.

use super::scanner::{MAX_DEPTH, Scanner, TooLong};
use super::words::Until;
use super::{Index, Occurrences, Operation, Parameter, PartKind};

impl Scanner<'_> {
    /// What the dollar sign here starts; `None` where it is text.
    pub(super) fn parameter(&mut self, quoted: bool) -> Result<Option<PartKind>, TooLong> {
        let behind = self.text.get(self.at + 1..).unwrap_or_default();
        let plain = |name: &str| {
            let parameter = Parameter { name: name.to_owned(), index: Index::None, operation: Operation::Value };
            Some(PartKind::Parameter(Box::new(parameter)))
        };
        let length = name_length(behind);
        if length > 0 {
            self.at += 1 + length;
            return Ok(plain(&behind[..length]));
        }
        match behind.as_bytes().first() {
            Some(b'{') => {
                self.at += 2;
                self.braced(quoted).map(Some)
            }
            Some(byte) if b"@*#?$!-0123456789".contains(byte) => {
                self.at += 2;
                Ok(plain(&behind[..1]))
            }
            _ => Ok(None),
        }
    }

    fn braced(&mut self, quoted: bool) -> Result<PartKind, TooLong> {
        if self.depth >= MAX_DEPTH {
            // Whoever nests this deep hides what the text is.
            self.is_whole = false;
            self.at = self.text.len();
            return Ok(PartKind::Unknown);
        }
        self.depth += 1;
        let parameter = self.inside_braces(quoted)?;
        self.depth -= 1;
        if self.eat("}") {
            return Ok(parameter.map_or(PartKind::Unknown, |parameter| PartKind::Parameter(Box::new(parameter))));
        }
        // What is not understood reaches to the closing brace.
        self.parts_until(Until::Brace { slash: false, colon: false, in_quotes: quoted })?;
        self.is_whole &= self.eat("}");
        Ok(PartKind::Unknown)
    }

    fn name(&mut self) -> Option<String> {
        let rest = self.rest();
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let length = match name_length(rest) {
            0 if digits > 0 => digits,
            0 => usize::from(rest.as_bytes().first().is_some_and(|byte| b"@*#?$!-".contains(byte))),
            length => length,
        };
        let name = rest.get(..length).filter(|name| !name.is_empty())?;
        self.at += length;
        Some(name.to_owned())
    }

    fn inside_braces(&mut self, quoted: bool) -> Result<Option<Parameter>, TooLong> {
        let prefix = match (self.byte(0), self.byte(1)) {
            // `${#}` is the number of arguments, `${#-x}` too.
            (Some(b'#'), Some(next)) if !b"}-=+?:%/".contains(&next) => Some(Operation::Length),
            (Some(b'!'), Some(next)) if next != b'}' => Some(Operation::Indirect),
            _ => None,
        };
        self.at += usize::from(prefix.is_some());
        let Some(name) = self.name() else { return Ok(None) };
        let mut index = Index::None;
        if self.eat("[") {
            index = if self.eat("@]") {
                Index::Each
            } else if self.eat("*]") {
                Index::Joined
            } else {
                let parts = self.parts_until(Until::Bracket)?;
                if !self.eat("]") {
                    return Ok(None);
                }
                Index::At(parts)
            };
        }
        let operation = match (prefix, self.byte(0)) {
            (Some(operation), Some(b'}')) => operation,
            (Some(_), _) => return Ok(None),
            (None, Some(b'}')) => Operation::Value,
            (None, _) => self.operation(quoted)?,
        };
        Ok(Some(Parameter { name, index, operation }))
    }

    fn operation(&mut self, quoted: bool) -> Result<Operation, TooLong> {
        let plain = Until::Brace { slash: false, colon: false, in_quotes: quoted };
        // Inside a pattern quotes count, whatever is around the braces.
        let pattern = Until::Brace { slash: false, colon: false, in_quotes: false };
        let colon = matches!((self.byte(0), self.byte(1)), (Some(b':'), Some(b'-' | b'=' | b'+' | b'?')));
        self.at += usize::from(colon);
        let Some(symbol) = self.byte(0) else { return Ok(Operation::Unknown) };
        self.at += 1;
        let doubled = self.byte(0) == Some(symbol);
        Ok(match symbol {
            b'-' => Operation::Default { colon, word: self.parts_until(plain)?, assigns: false },
            b'=' => Operation::Default { colon, word: self.parts_until(plain)?, assigns: true },
            b'+' => Operation::Alternative { colon, word: self.parts_until(plain)? },
            b'?' => {
                self.parts_until(plain)?;
                Operation::Required { colon }
            }
            b'#' | b'%' => {
                self.at += usize::from(doubled);
                let pattern = self.parts_until(pattern)?;
                Operation::Remove { pattern, from_end: symbol == b'%', longest: doubled }
            }
            b',' | b'^' => {
                self.at += usize::from(doubled);
                let limited = self.byte(0) != Some(b'}');
                self.parts_until(plain)?;
                if limited { Operation::Unknown } else { Operation::Case { upper: symbol == b'^', all: doubled } }
            }
            b'/' => self.replacement(pattern)?,
            b':' => {
                let offset = self.parts_until(Until::Brace { slash: false, colon: true, in_quotes: false })?;
                let length = if self.eat(":") { Some(self.parts_until(plain)?) } else { None };
                Operation::Part { offset, length }
            }
            _ => {
                self.parts_until(plain)?;
                Operation::Unknown
            }
        })
    }

    fn replacement(&mut self, pattern_end: Until) -> Result<Operation, TooLong> {
        let which = match self.byte(0) {
            Some(b'/') => Occurrences::All,
            Some(b'#') => Occurrences::Prefix,
            Some(b'%') => Occurrences::Suffix,
            _ => Occurrences::First,
        };
        self.at += usize::from(which != Occurrences::First);
        let pattern = self.parts_until(Until::Brace { slash: true, colon: false, in_quotes: false })?;
        let word = if self.eat("/") { self.parts_until(pattern_end)? } else { Vec::new() };
        Ok(Operation::Replace { pattern, word, which })
    }
}

/// How long the name of a variable at the beginning of `text` is.
pub(super) fn name_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    if bytes.first().is_some_and(u8::is_ascii_digit) {
        return 0;
    }
    bytes.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count()
}
