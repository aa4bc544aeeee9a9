//! Words become simple commands.
//!
//! Decides which words belong together and which are the shell's own (`if`, `do`, `{`). Does not
//! decide which branch runs: every command of every branch is there.

use crate::source::FileId;

use super::decoded::Decoded;
use super::shell_words::{self, Lexed, Token};

/// The simple commands of a shell command line, in order; `None` if it is longer than anybody writes.
pub(super) fn commands(text: &Decoded, file: FileId) -> Option<Vec<Vec<Lexed>>> {
    Some(grouped(text, file)?.into_iter().map(|(words, _)| words).collect())
}

/// The same, each with whether it stands in a branch or a loop, so that it may or may not run.
pub(super) fn grouped(text: &Decoded, file: FileId) -> Option<Vec<(Vec<Lexed>, bool)>> {
    let mut grouping = Grouping::default();
    for token in shell_words::shell(text, file)? {
        grouping.take(token);
    }
    grouping.end_command();
    Some(grouping.commands)
}

#[derive(Default)]
struct Grouping {
    commands: Vec<(Vec<Lexed>, bool)>,
    current: Vec<Lexed>,
    /// How many branches and loops are open.
    depth: usize,
    /// Each `case` that is open; whether its next word is a pattern.
    cases: Vec<bool>,
    /// Words up to the end of the command belong to `for` or `case`.
    header: Option<Header>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Header {
    For,
    Case,
    Function,
}

impl Grouping {
    fn take(&mut self, token: Token) {
        let in_pattern = self.cases.last() == Some(&true);
        match token {
            Token::Close if in_pattern => self.set_pattern(false),
            Token::Word(lexed) if in_pattern => {
                if is_reserved(&lexed, "esac") {
                    self.cases.pop();
                    self.depth = self.depth.saturating_sub(1);
                }
            }
            _ if in_pattern => {}
            Token::BranchEnd => {
                self.end_command();
                self.set_pattern(true);
            }
            Token::Separator | Token::Close => self.end_command(),
            // `name() {` declares a function: its name is no command.
            Token::Open => {
                if self.current.len() == 1 && self.header.is_none() {
                    self.current.clear();
                }
                self.end_command();
            }
            Token::Word(lexed) => self.word(lexed),
        }
    }

    fn set_pattern(&mut self, expected: bool) {
        if let Some(case) = self.cases.last_mut() {
            *case = expected;
        }
    }

    fn word(&mut self, lexed: Lexed) {
        match self.header {
            Some(Header::Case) => {
                if is_reserved(&lexed, "in") {
                    self.header = None;
                    self.cases.push(true);
                }
                return;
            }
            Some(Header::For) => return,
            Some(Header::Function) => {
                self.header = None;
                return;
            }
            None => {}
        }
        if !self.current.is_empty() {
            self.current.push(lexed);
            return;
        }
        let text = if lexed.has_quotes { "" } else { lexed.content.text() };
        match text {
            "then" | "elif" | "else" | "do" | "{" | "}" | "!" | "time" => {}
            "if" | "while" | "until" => self.depth += 1,
            "fi" | "done" => self.depth = self.depth.saturating_sub(1),
            "esac" => {
                self.cases.pop();
                self.depth = self.depth.saturating_sub(1);
            }
            "for" | "select" => {
                self.depth += 1;
                self.header = Some(Header::For);
            }
            "case" => {
                self.depth += 1;
                self.header = Some(Header::Case);
            }
            "function" => self.header = Some(Header::Function),
            _ => self.current.push(lexed),
        }
    }

    fn end_command(&mut self) {
        // `case $1` may be continued on the next line before its `in`.
        if self.header != Some(Header::Case) {
            self.header = None;
        }
        if !self.current.is_empty() {
            self.commands.push((std::mem::take(&mut self.current), self.depth > 0));
        }
    }
}

fn is_reserved(lexed: &Lexed, word: &str) -> bool {
    !lexed.has_quotes && lexed.content.text() == word
}
