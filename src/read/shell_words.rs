//! A command line becomes words with their places.
//!
//! Decides where a word begins and ends, what quotes and backslashes stand for, and which words are
//! not arguments at all (redirections). Which words form a command is `shell_commands`'.

use std::ops::Range;

use crate::source::{FileId, Place, Word, WordPart};

use super::decoded::Decoded;
use super::expansion::{self, Dialect};

/// How many words a command line may have; the longest that people write have some hundred.
pub(super) const MAX_WORDS: usize = 20_000;

/// A word, and its text with this layer of quoting taken off, for a shell inside a shell.
#[derive(Debug, Clone)]
pub struct Lexed {
    /// The word.
    pub word: Word,
    /// Its text with one layer of quoting taken off.
    pub content: Decoded,
    /// Whether any of it was quoted, so that it cannot be a reserved word.
    pub has_quotes: bool,
}

/// A word or what stands between words.
#[derive(Debug, Clone)]
pub(super) enum Token {
    Word(Lexed),
    /// `;`, `&&`, `||`, `|`, `&` or the end of a line.
    Separator,
    /// `;;`, which ends a branch of `case`.
    BranchEnd,
    Open,
    Close,
}

/// The tokens of a shell command line; `None` if it has more than anybody writes.
pub(super) fn shell(text: &Decoded, file: FileId) -> Option<Vec<Token>> {
    Lexer::new(text, file, Dialect::Shell).run()
}

/// The words of a command that compose splits itself: quotes and white space count, operators do not.
pub(super) fn split(text: &Decoded, file: FileId) -> Option<Vec<Lexed>> {
    Some(only_words(Lexer::new(text, file, Dialect::Compose).run()?))
}

/// The words that Python's `shlex.split` makes of a text; `None` where it refuses, because of a quote
/// that is not closed.
pub(super) fn split_plain(text: &Decoded, file: FileId) -> Option<Vec<Lexed>> {
    let mut lexer = Lexer::new(text, file, Dialect::Plain);
    lexer.all()?;
    (!lexer.is_open).then(|| only_words(lexer.tokens))
}

fn only_words(tokens: Vec<Token>) -> Vec<Lexed> {
    tokens.into_iter().filter_map(|token| if let Token::Word(lexed) = token { Some(lexed) } else { None }).collect()
}

struct Lexer<'a> {
    decoded: &'a Decoded,
    text: &'a str,
    file: FileId,
    dialect: Dialect,
    at: usize,
    /// Where the last token ended, from which a removal starts.
    previous_end: usize,
    tokens: Vec<Token>,
    words: usize,
    /// Whether a quote was not closed.
    is_open: bool,
    heredocs: Vec<Heredoc>,
}

struct Heredoc {
    end: String,
    strip_tabs: bool,
}

impl<'a> Lexer<'a> {
    fn new(decoded: &'a Decoded, file: FileId, dialect: Dialect) -> Self {
        Self {
            decoded,
            text: decoded.text(),
            file,
            dialect,
            at: 0,
            previous_end: 0,
            tokens: Vec::new(),
            words: 0,
            is_open: false,
            heredocs: Vec::new(),
        }
    }

    fn byte(&self, ahead: usize) -> Option<u8> {
        self.text.as_bytes().get(self.at + ahead).copied()
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn run(mut self) -> Option<Vec<Token>> {
        self.all()?;
        Some(self.tokens)
    }

    /// Reads to the end; `None` where there are too many words.
    fn all(&mut self) -> Option<()> {
        while let Some(byte) = self.byte(0) {
            match byte {
                b'\n' if self.dialect == Dialect::Shell => {
                    self.at += 1;
                    self.skip_heredocs();
                    self.token(Token::Separator);
                }
                _ if byte.is_ascii_whitespace() => self.at += 1,
                b'\\' if self.byte(1) == Some(b'\n') => self.at += 2,
                b'\\' if self.rest().starts_with("\\\r\n") => self.at += 3,
                _ if self.dialect == Dialect::Shell && self.operator(byte) => {}
                _ => {
                    self.words += 1;
                    if self.words > MAX_WORDS {
                        return None;
                    }
                    let lexed = self.word();
                    self.token(Token::Word(lexed));
                }
            }
        }
        Some(())
    }

    fn token(&mut self, token: Token) {
        self.previous_end = self.at;
        self.tokens.push(token);
    }

    /// Takes an operator, a redirection with its target, or a comment; `false` if a word starts here.
    fn operator(&mut self, byte: u8) -> bool {
        let rest = self.rest();
        match byte {
            b'#' => self.at += rest.find('\n').unwrap_or(rest.len()),
            b';' if self.byte(1) == Some(b';') => {
                self.at += 2;
                self.token(Token::BranchEnd);
            }
            b'&' if self.byte(1) == Some(b'>') => {
                self.at += 1;
                self.redirection();
            }
            b'<' | b'>' if self.byte(1) == Some(b'(') => return false,
            b'<' | b'>' => self.redirection(),
            b'0'..=b'9' => {
                let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
                if !matches!(rest.as_bytes().get(digits), Some(b'<' | b'>')) {
                    return false;
                }
                self.at += digits;
                self.redirection();
            }
            b';' | b'&' | b'|' => {
                self.at += if self.byte(1) == Some(byte) { 2 } else { 1 };
                self.token(Token::Separator);
            }
            b'(' | b')' => {
                self.at += 1;
                self.token(if byte == b'(' { Token::Open } else { Token::Close });
            }
            _ => return false,
        }
        true
    }

    fn redirection(&mut self) {
        let operators = ["<<<", "<<-", "<<", "<>", "<&", "<", ">>", ">|", ">&", ">"];
        let operator = operators.into_iter().find(|operator| self.rest().starts_with(operator)).unwrap_or_default();
        self.at += operator.len();
        while matches!(self.byte(0), Some(b' ' | b'\t')) {
            self.at += 1;
        }
        let is_word = self.byte(0).is_some_and(|byte| !byte.is_ascii_whitespace() && !b";&|<>()".contains(&byte));
        if is_word {
            let target = self.word();
            if matches!(operator, "<<" | "<<-") {
                self.heredocs.push(Heredoc { end: target.content.text().to_owned(), strip_tabs: operator == "<<-" });
            }
        }
        self.previous_end = self.at;
    }

    fn skip_heredocs(&mut self) {
        for heredoc in std::mem::take(&mut self.heredocs) {
            loop {
                let line = self.rest().split_inclusive('\n').next().unwrap_or_default();
                self.at += line.len();
                let content = line.trim_end_matches(['\n', '\r']);
                let content = if heredoc.strip_tabs { content.trim_start_matches('\t') } else { content };
                if line.is_empty() || content == heredoc.end {
                    break;
                }
            }
        }
    }

    fn word(&mut self) -> Lexed {
        let start = self.at;
        let mut building = Building::default();
        while let Some(byte) = self.byte(0) {
            let ends = byte.is_ascii_whitespace() || (self.dialect == Dialect::Shell && b";&|()<>".contains(&byte));
            match byte {
                b'<' | b'>' if self.dialect == Dialect::Shell && self.at == start => {
                    self.substitution(&mut building);
                }
                _ if ends => break,
                b'\\' if self.byte(1) == Some(b'\n') => self.at += 2,
                b'\\' => self.escape(&mut building),
                b'\'' => self.single_quoted(&mut building),
                b'"' => self.double_quoted(&mut building),
                _ => self.plain(&mut building),
            }
        }
        let range = match building.only_quotes {
            Some(ref inside) if building.segments == 1 => inside.clone(),
            _ => start..self.at,
        };
        let quoted = building.has_quotes && !building.splits;
        // Nothing belongs to the first word; every other one goes with the white space in front of it.
        let removal = if self.tokens.is_empty() { start..self.at } else { self.previous_end..self.at };
        let place = |range: Range<usize>| Place::new(self.file, self.decoded.span(range));
        let word = Word { parts: building.parts, place: place(range), removal: place(removal), quoted };
        Lexed { word, content: building.content, has_quotes: building.has_quotes }
    }

    /// `<(command)`: a file name that only the shell knows.
    fn substitution(&mut self, building: &mut Building) {
        let start = self.at;
        let mut depth = 0_usize;
        while let Some(byte) = self.byte(0) {
            self.at += 1;
            match byte {
                b'(' => depth += 1,
                b')' if depth <= 1 => break,
                b')' => depth -= 1,
                _ => {}
            }
        }
        building.segments += 1;
        self.opaque(building, start);
    }

    fn opaque(&self, building: &mut Building, start: usize) {
        let text = self.text.get(start..self.at).unwrap_or_default();
        expansion::add(&mut building.parts, WordPart::Opaque(text.to_owned()));
        building.content.push_from(self.decoded, start..self.at);
    }

    fn literal(&mut self, building: &mut Building, length: usize) {
        let text = self.text.get(self.at..self.at + length).unwrap_or_default();
        expansion::add(&mut building.parts, WordPart::Text(text.to_owned()));
        building.content.push_from(self.decoded, self.at..self.at + length);
        self.at += length;
    }

    fn escape(&mut self, building: &mut Building) {
        building.segments += 1;
        building.has_quotes = true;
        let escaped = self.rest().chars().nth(1).map_or(0, char::len_utf8);
        if escaped == 0 {
            self.literal(building, 1);
            return;
        }
        self.at += 1;
        self.literal(building, escaped);
    }

    fn single_quoted(&mut self, building: &mut Building) {
        building.segments += 1;
        building.has_quotes = true;
        self.at += 1;
        let start = self.at;
        let end = start + self.rest().find('\'').unwrap_or(self.rest().len());
        // Compose fills in before it splits, and knows no quotes then.
        while self.dialect == Dialect::Compose
            && let Some(dollar) = self.text.get(self.at..end).and_then(|inside| inside.find('$'))
        {
            self.literal(building, dollar);
            self.expandable(building);
        }
        self.literal(building, end.saturating_sub(self.at));
        let closed = self.byte(0).is_some();
        self.is_open |= !closed;
        building.only_quotes = closed.then_some(start..self.at);
        self.at += usize::from(closed);
    }

    fn double_quoted(&mut self, building: &mut Building) {
        building.segments += 1;
        building.has_quotes = true;
        self.at += 1;
        let start = self.at;
        while let Some(byte) = self.byte(0) {
            match byte {
                b'"' => {
                    building.only_quotes = Some(start..self.at);
                    self.at += 1;
                    return;
                }
                b'\\' => match self.byte(1) {
                    Some(b'\n') => self.at += 2,
                    Some(next)
                        if self.dialect != Dialect::Plain && b"$`".contains(&next)
                            || b"\"\\".contains(&next)
                            || (self.dialect == Dialect::Compose && next.is_ascii()) =>
                    {
                        self.at += 1;
                        self.literal(building, 1);
                    }
                    _ => self.literal(building, 1),
                },
                _ => {
                    self.expandable(building);
                }
            }
        }
        self.is_open = true;
    }

    /// Text outside quotes, up to what may end it.
    fn plain(&mut self, building: &mut Building) {
        if !building.in_plain {
            building.segments += 1;
        }
        building.in_plain = true;
        building.splits |= self.expandable(building);
        building.in_plain = !matches!(self.byte(0), Some(b'\'' | b'"' | b'\\'));
    }

    /// One variable, substitution or character in a place where variables count; says whether what comes
    /// of it is only known when it runs.
    fn expandable(&mut self, building: &mut Building) -> bool {
        let start = self.at;
        match self.byte(0) {
            Some(b'$') => {
                let (part, end) = expansion::dollar(self.text, self.at, self.dialect);
                self.at = end.max(start + 1);
                match part {
                    WordPart::Text(text) => {
                        let span = self.decoded.span(start..self.at);
                        expansion::add(&mut building.parts, WordPart::Text(text.clone()));
                        building.content.push_escaped(&text, span);
                        return false;
                    }
                    part => {
                        expansion::add(&mut building.parts, part);
                        building.content.push_from(self.decoded, start..self.at);
                    }
                }
            }
            Some(b'`') if self.dialect == Dialect::Shell => {
                self.at = expansion::backtick_end(self.text, self.at);
                self.opaque(building, start);
            }
            Some(b'{') if expansion::placeholder_end(self.text, start).is_some() => {
                self.at = expansion::placeholder_end(self.text, start).unwrap_or(start + 1);
                self.opaque(building, start);
            }
            _ => {
                let length = self.rest().chars().next().map_or(1, char::len_utf8);
                self.literal(building, length);
                return false;
            }
        }
        true
    }
}

#[derive(Default)]
struct Building {
    parts: Vec<WordPart>,
    content: Decoded,
    /// How many differently quoted pieces there are.
    segments: usize,
    in_plain: bool,
    has_quotes: bool,
    /// Whether something that is filled in stands outside quotes.
    splits: bool,
    /// What stands inside the quotes, if the last piece was quoted.
    only_quotes: Option<Range<usize>>,
}

#[cfg(test)]
mod tests;
