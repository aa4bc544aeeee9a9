//! The directives of an nginx configuration: words up to a `;`, or up to a block of further directives.
//!
//! Kept in one flat list, so that a file of a hundred thousand open braces costs no more than its size. A
//! template is read as far as its braces are nginx's.

use crate::source::{Comment, FileId, Located, Place, Span};

/// More directives than any configuration has.
const MAX_DIRECTIVES: usize = 50_000;

/// Deeper blocks than anybody writes.
const MAX_DEPTH: usize = 64;

/// One directive.
#[derive(Debug)]
pub(super) struct Directive {
    /// Its words; the first is its name.
    pub(super) words: Vec<Located<String>>,
    /// What its block holds, by number.
    pub(super) block: Vec<usize>,
}

impl Directive {
    pub(super) fn name(&self) -> &str {
        self.words.first().map_or("", |word| word.value.as_str())
    }

    pub(super) fn arguments(&self) -> &[Located<String>] {
        self.words.get(1..).unwrap_or_default()
    }
}

/// What one file holds.
#[derive(Debug, Default)]
pub(super) struct Directives {
    pub(super) all: Vec<Directive>,
    /// The outermost ones.
    pub(super) top: Vec<usize>,
    pub(super) comments: Vec<Comment>,
    /// Why the rest was not read, and where.
    pub(super) error: Option<(usize, &'static str)>,
}

/// Parses a configuration.
pub(super) fn parse(file: FileId, text: &str) -> Directives {
    let mut found = Directives::default();
    let mut open: Vec<usize> = Vec::new();
    let mut words: Vec<Located<String>> = Vec::new();
    let mut lexer = Lexer { text, at: text.len() - text.trim_start_matches('\u{feff}').len(), file };
    while let Some(token) = lexer.next(&mut found.comments) {
        match token {
            Token::Word(word) => words.push(word),
            Token::End | Token::Open => {
                let opens = matches!(token, Token::Open);
                if words.is_empty() && !opens {
                    continue;
                }
                if found.all.len() >= MAX_DIRECTIVES {
                    found.error = Some((lexer.at, "more directives than are read; the rest was not read"));
                    break;
                }
                let index = found.all.len();
                found.all.push(Directive { words: std::mem::take(&mut words), block: Vec::new() });
                match open.last().and_then(|&parent| found.all.get_mut(parent)) {
                    Some(parent) => parent.block.push(index),
                    None => found.top.push(index),
                }
                if opens {
                    open.push(index);
                    if open.len() > MAX_DEPTH {
                        found.error = Some((lexer.at, "blocks deeper than are read; the rest was not read"));
                        break;
                    }
                }
            }
            Token::Close => {
                words.clear();
                if open.pop().is_none() {
                    found.error = found.error.or(Some((lexer.at, "a `}` that closes nothing")));
                }
            }
        }
    }
    if !open.is_empty() && found.error.is_none() {
        found.error = Some((text.len(), "a `{` that is not closed"));
    }
    found
}

enum Token {
    Word(Located<String>),
    /// `;`
    End,
    /// `{`
    Open,
    /// `}`
    Close,
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    file: FileId,
}

impl Lexer<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn next(&mut self, comments: &mut Vec<Comment>) -> Option<Token> {
        loop {
            let rest = self.rest();
            self.at += rest.len() - rest.trim_start().len();
            let rest = self.rest();
            let first = rest.chars().next()?;
            if first == '#' {
                let length = rest.find('\n').unwrap_or(rest.len());
                let start = self.at;
                let content = rest.get(..length).unwrap_or_default().trim_end();
                let before = self.text.get(..start).unwrap_or_default();
                let own_line = before.rsplit('\n').next().unwrap_or_default().trim().is_empty();
                comments.push(Comment { span: Span::new(start, start + content.len()), own_line });
                self.at += length;
                continue;
            }
            // Lines of a template engine are as good as comments.
            if rest.starts_with("{%") {
                let line = rest.split('\n').next().unwrap_or_default();
                self.at += line.find("%}").map_or(line.len(), |end| end + 2);
                continue;
            }
            match first {
                ';' => {
                    self.at += 1;
                    return Some(Token::End);
                }
                '{' if !rest.starts_with("{{") => {
                    self.at += 1;
                    return Some(Token::Open);
                }
                '}' => {
                    self.at += 1;
                    return Some(Token::Close);
                }
                '"' | '\'' => return Some(Token::Word(self.quoted(first))),
                _ => return Some(Token::Word(self.word())),
            }
        }
    }

    /// A word in quotes; a backslash only matters before a quote or another one.
    fn quoted(&mut self, quote: char) -> Located<String> {
        self.at += 1;
        let start = self.at;
        let mut value = String::new();
        let mut escaped = false;
        let mut end = self.text.len();
        for (at, char) in self.text.get(start..).unwrap_or_default().char_indices() {
            if escaped {
                if !matches!(char, '"' | '\'' | '\\') {
                    value.push('\\');
                }
                value.push(char);
                escaped = false;
            } else if char == '\\' {
                escaped = true;
            } else if char == quote {
                end = start + at;
                break;
            } else {
                value.push(char);
            }
        }
        self.at = (end + 1).min(self.text.len());
        Located::new(value, Place::new(self.file, Span::new(start, end)))
    }

    fn word(&mut self) -> Located<String> {
        let start = self.at;
        let rest = self.text.get(start..).unwrap_or_default();
        let mut length = rest.len();
        let mut inside = None;
        let mut previous = ' ';
        for (at, char) in rest.char_indices() {
            match (char, inside) {
                ('}', Some('{')) => inside = None,
                (_, Some(_)) if char != '\n' => {}
                // `${NAME}` and `{{ name }}` are part of the word.
                ('{', None) if previous == '$' || rest.get(at..).is_some_and(|rest| rest.starts_with("{{")) => {
                    inside = Some('{');
                }
                ('}', None) if previous == '}' => {}
                (';' | '{', None) => {
                    length = at;
                    break;
                }
                ('}', None) if at == 0 || previous != '\\' => {
                    length = at;
                    break;
                }
                _ if char.is_whitespace() => {
                    length = at;
                    break;
                }
                _ => {}
            }
            previous = char;
        }
        let length = length.max(rest.chars().next().map_or(0, char::len_utf8));
        self.at += length;
        let value = rest.get(..length).unwrap_or_default().to_owned();
        Located::new(value, Place::new(self.file, Span::new(start, start + length)))
    }
}
