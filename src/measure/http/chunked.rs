//! Where a chunked body ends (RFC 9112, section 7.1).

use super::Malformed;

/// Longest chunk-size line with its extensions, and longest trailer section.
const MOST_LINE: usize = 8 * 1024;

/// A chunked body that is counted off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Chunked {
    chunk: Chunk,
    /// Bytes of the current line or trailer section, capped.
    line: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Chunk {
    /// Digits of the size so far; whether there was one.
    Size { size: u64, digits: u8 },
    /// Anything after the size up to the end of the line.
    Extension { size: u64 },
    /// This many bytes of data are left.
    Data(u64),
    /// The line end after the data.
    DataEnd { carriage: bool },
    /// Trailer fields; `empty` while the current line holds nothing.
    Trailer { empty: bool },
}

impl Chunked {
    /// Before the first chunk.
    pub(super) fn new() -> Self {
        Self { chunk: Chunk::Size { size: 0, digits: 0 }, line: 0 }
    }

    /// Takes the next bytes: how many of them belong to the body, and whether it is complete.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<(usize, bool), Malformed> {
        let mut at = 0;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            let (used, complete) = self.step(rest)?;
            at += used;
            if complete {
                return Ok((at, true));
            }
        }
        Ok((at, false))
    }

    /// Takes one byte of a line or all there is of the data.
    fn step(&mut self, bytes: &[u8]) -> Result<(usize, bool), Malformed> {
        if let Chunk::Data(left) = self.chunk {
            let used = left.min(bytes.len() as u64);
            self.chunk = if used == left { Chunk::DataEnd { carriage: false } } else { Chunk::Data(left - used) };
            return Ok((super::length(used), false));
        }
        self.line += 1;
        if self.line > MOST_LINE {
            return Err(Malformed::Chunk);
        }
        let Some(&byte) = bytes.first() else {
            return Ok((0, false));
        };
        self.chunk = match (self.chunk, byte) {
            (Chunk::Size { size, digits }, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F') => {
                // Fifteen digits are an exabyte; more could overflow.
                if digits == 15 {
                    return Err(Malformed::Chunk);
                }
                let digit = char::from(byte).to_digit(16).map_or(0, u64::from);
                Chunk::Size { size: size * 16 + digit, digits: digits + 1 }
            }
            (Chunk::Size { digits: 0, .. } | Chunk::Data(_), _) => return Err(Malformed::Chunk),
            (Chunk::Size { size, .. } | Chunk::Extension { size }, b'\n') => {
                self.line = 0;
                if size == 0 { Chunk::Trailer { empty: true } } else { Chunk::Data(size) }
            }
            (Chunk::Size { size, .. }, b';' | b'\r' | b' ' | b'\t') | (Chunk::Extension { size }, _) => {
                Chunk::Extension { size }
            }
            (Chunk::DataEnd { carriage: false }, b'\r') => Chunk::DataEnd { carriage: true },
            (Chunk::DataEnd { .. }, b'\n') => {
                self.line = 0;
                Chunk::Size { size: 0, digits: 0 }
            }
            (Chunk::Size { .. } | Chunk::DataEnd { .. }, _) => return Err(Malformed::Chunk),
            (Chunk::Trailer { empty: true }, b'\n') => return Ok((1, true)),
            (Chunk::Trailer { .. }, b'\n') => Chunk::Trailer { empty: true },
            (Chunk::Trailer { empty }, b'\r') => Chunk::Trailer { empty },
            (Chunk::Trailer { .. }, _) => Chunk::Trailer { empty: false },
        };
        Ok((1, false))
    }
}
