//! A JSON list of strings on one logical line, which is how Dockerfiles write commands word by word.

use std::ops::Range;

use crate::source::{FileId, Place, Word, WordPart};

use super::decoded::Decoded;
use super::shell_words::{Lexed, MAX_WORDS};

/// The strings of the list that `text` is; `None` if it is anything else. A builder then takes the text
/// for a shell command, single quotes and all.
pub(super) fn words(text: &Decoded, file: FileId) -> Option<Vec<Lexed>> {
    let mut scanner = Scanner { decoded: text, text: text.text(), at: 0 };
    let strings = scanner.list()?;
    let mut words = Vec::new();
    for (index, string) in strings.iter().enumerate() {
        // The comma goes with the word: the one in front, or the one behind the first word.
        let removal = if index > 0 {
            strings.get(index - 1).map_or(string.outer.start, |previous| previous.outer.end)..string.outer.end
        } else {
            string.outer.start..strings.get(1).map_or(string.outer.end, |next| next.outer.start)
        };
        let content = string.content.text();
        let word = Word {
            parts: if content.is_empty() { Vec::new() } else { vec![WordPart::Text(content.to_owned())] },
            place: Place::new(file, text.span(string.outer.start + 1..string.outer.end - 1)),
            removal: Place::new(file, text.span(removal)),
            quoted: true,
        };
        words.push(Lexed { word, content: string.content.clone(), has_quotes: true });
    }
    Some(words)
}

struct Scanner<'a> {
    decoded: &'a Decoded,
    text: &'a str,
    at: usize,
}

struct JsonString {
    /// With its quotes.
    outer: Range<usize>,
    content: Decoded,
}

impl Scanner<'_> {
    fn peek(&mut self) -> Option<u8> {
        while self.text.as_bytes().get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
        self.text.as_bytes().get(self.at).copied()
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    fn list(&mut self) -> Option<Vec<JsonString>> {
        let mut strings = Vec::new();
        self.expect(b'[')?;
        if self.peek()? == b']' {
            self.at += 1;
        } else {
            loop {
                if strings.len() >= MAX_WORDS {
                    return None;
                }
                strings.push(self.string()?);
                match self.peek()? {
                    b',' => self.at += 1,
                    b']' => break self.at += 1,
                    _ => return None,
                }
            }
        }
        self.peek().is_none().then_some(strings)
    }

    fn string(&mut self) -> Option<JsonString> {
        self.expect(b'"')?;
        let start = self.at - 1;
        let mut content = Decoded::default();
        loop {
            let rest = self.text.get(self.at..)?;
            let plain = rest.find(['"', '\\'])?;
            content.push_from(self.decoded, self.at..self.at + plain);
            self.at += plain;
            if rest.as_bytes().get(plain) == Some(&b'"') {
                self.at += 1;
                return Some(JsonString { outer: start..self.at, content });
            }
            let (char, length) = escape(rest.get(plain + 1..)?)?;
            let span = self.decoded.span(self.at..self.at + 1 + length);
            content.push_escaped(char.encode_utf8(&mut [0; 4]), span);
            self.at += 1 + length;
        }
    }
}

/// What the escape behind a backslash stands for, and its length.
fn escape(text: &str) -> Option<(char, usize)> {
    let char = match text.as_bytes().first()? {
        b'"' => '"',
        b'\\' => '\\',
        b'/' => '/',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => {
            return Some((char::from_u32(u32::from_str_radix(text.get(1..5)?, 16).ok()?)?, 5));
        }
        _ => return None,
    };
    Some((char, 1))
}
