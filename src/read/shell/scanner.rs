//! Where in the text the parser stands, and what lies ahead.

use std::ops::Range;

use crate::source::{FileId, Place};

use super::super::decoded::Decoded;
use super::{Refusal, Refusals, Script, Word};

/// How many words a script may have; the longest that people write have some thousand.
const MAX_WORDS: usize = 20_000;

/// How deep lists, words and expansions may nest.
pub(super) const MAX_DEPTH: usize = 24;

/// What went wrong badly enough to give up.
#[derive(Debug, Clone, Copy)]
pub(super) struct TooLong;

pub(super) struct Scanner<'a> {
    pub(super) decoded: &'a Decoded,
    pub(super) text: &'a str,
    pub(super) file: FileId,
    pub(super) at: usize,
    /// Where the last word ended, from which a removal starts.
    pub(super) previous_end: usize,
    /// How many lists and expansions are open.
    pub(super) depth: usize,
    pub(super) words: usize,
    /// Whether everything so far made sense.
    pub(super) is_whole: bool,
    pub(super) heredocs: Vec<Heredoc>,
    /// How many statements of the script stand in front of the list that is read.
    pub(super) statements: usize,
    pub(super) refused: Refusals,
}

/// Shells that know less than bash.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Lesser {
    Dash,
    All,
}

pub(super) struct Heredoc {
    pub(super) end: String,
    pub(super) strip_tabs: bool,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(decoded: &'a Decoded, file: FileId, depth: usize) -> Self {
        Self {
            decoded,
            text: decoded.text(),
            file,
            at: 0,
            previous_end: 0,
            depth,
            words: 0,
            is_whole: true,
            heredocs: Vec::new(),
            statements: 0,
            refused: Refusals::default(),
        }
    }

    /// Notes that `shells` do not understand what stands from byte `from` up to here.
    pub(super) fn refuse(&mut self, shells: Lesser, from: usize) {
        let refusal = Refusal { statement: self.statements, place: self.place(from..self.at.max(from)) };
        self.refused.dash.get_or_insert(refusal);
        if shells == Lesser::All {
            self.refused.busybox.get_or_insert(refusal);
        }
    }

    /// Takes over what shells refuse in a text within this one.
    pub(super) fn refuse_within(&mut self, refused: Refusals) {
        let here = |refusal: Refusal| Refusal { statement: self.statements, ..refusal };
        self.refused.dash = self.refused.dash.or(refused.dash.map(here));
        self.refused.busybox = self.refused.busybox.or(refused.busybox.map(here));
    }

    pub(super) fn script(mut self) -> Option<Script> {
        let mut body = Vec::new();
        loop {
            self.statements = body.len();
            body.extend(self.list().ok()?);
            if self.at >= self.text.len() {
                break;
            }
            // What closes nothing, such as a second `fi`.
            self.is_whole = false;
            let before = self.at;
            if self.reserved().is_some() {
                self.skip_reserved();
            }
            if self.at == before {
                self.at += self.rest().chars().next().map_or(1, char::len_utf8);
            }
        }
        Some(Script { body, is_whole: self.is_whole, refused: self.refused })
    }

    pub(super) fn byte(&self, ahead: usize) -> Option<u8> {
        self.text.as_bytes().get(self.at + ahead).copied()
    }

    pub(super) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub(super) fn starts(&self, text: &str) -> bool {
        self.rest().starts_with(text)
    }

    pub(super) fn eat(&mut self, text: &str) -> bool {
        let found = self.starts(text);
        self.at += if found { text.len() } else { 0 };
        found
    }

    pub(super) fn place(&self, range: Range<usize>) -> Place {
        Place::new(self.file, self.decoded.span(range))
    }

    /// White space and continued lines.
    pub(super) fn skip_blanks(&mut self) {
        loop {
            match self.byte(0) {
                Some(b' ' | b'\t' | b'\r') => self.at += 1,
                Some(b'\\') if self.byte(1) == Some(b'\n') => self.at += 2,
                Some(b'\\') if self.starts("\\\r\n") => self.at += 3,
                Some(b'#') => self.at += self.rest().find('\n').unwrap_or(self.rest().len()),
                _ => return,
            }
        }
    }

    /// Blanks and the ends of lines, with the documents that begin there.
    pub(super) fn skip_lines(&mut self) {
        loop {
            self.skip_blanks();
            if self.byte(0) != Some(b'\n') {
                return;
            }
            self.at += 1;
            self.skip_heredocs();
        }
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

    /// Counts a word; too many of them end the reading.
    pub(super) fn count(&mut self) -> Result<(), TooLong> {
        self.words += 1;
        if self.words > MAX_WORDS { Err(TooLong) } else { Ok(()) }
    }

    /// The word of the grammar that stands here, if one does: unquoted letters up to a delimiter.
    pub(super) fn reserved(&self) -> Option<&'a str> {
        let rest = self.rest();
        let length = rest.bytes().take_while(|byte| byte.is_ascii_lowercase() || b"{}![]".contains(byte)).count();
        let word = rest.get(..length)?;
        let ends =
            rest.as_bytes().get(length).is_none_or(|byte| byte.is_ascii_whitespace() || b";&|()<>".contains(byte));
        let known = [
            "if", "then", "elif", "else", "fi", "while", "until", "do", "done", "for", "select", "case", "esac", "{",
            "}", "!", "time", "function", "[[",
        ];
        (ends && known.contains(&word)).then_some(word)
    }

    pub(super) fn skip_reserved(&mut self) {
        self.at += self.reserved().map_or(0, str::len);
        self.previous_end = self.at;
    }

    /// A literal operator as a word, for the expressions of `[[ ]]`.
    pub(super) fn operator_word(&mut self, length: usize) -> Word {
        let range = self.at..self.at + length;
        self.at += length;
        let place = self.place(range.clone());
        let part = super::Part { kind: super::PartKind::Text(self.decoded.part(range)), quoted: false, place };
        Word { parts: vec![part], place, removal: place, quoted: false }
    }
}
