//! A Dockerfile becomes instructions: continuation lines joined, comments between them taken out.
//!
//! Never refuses a file: an instruction that nobody knows is still a line with a first word, and the
//! ones around it count.

use crate::source::{Comment, Span};

use super::super::decoded::Decoded;

/// More instructions than any image is built with.
pub(super) const MAX_INSTRUCTIONS: usize = 20_000;

/// One instruction.
#[derive(Debug, Clone)]
pub(super) struct Instruction {
    /// In capital letters.
    pub(super) keyword: String,
    /// What follows it, joined into one line.
    pub(super) rest: Decoded,
    /// From the keyword to the end of its last line, without a here-document.
    pub(super) span: Span,
    /// The here-documents that belong to it.
    pub(super) documents: Vec<Document>,
}

impl Instruction {
    /// From the keyword to the end of what a shell runs, which may be the here-document itself.
    pub(super) fn whole_script(&self) -> Span {
        let mut words = self.rest.text().split_whitespace().skip_while(|word| word.starts_with("--"));
        let mut first = words.next();
        if first.is_some_and(|word| matches!(word.rsplit('/').next(), Some("sh" | "bash" | "ash" | "dash"))) {
            first = words.find(|word| !word.starts_with('-'));
        }
        let script = first.filter(|word| word.starts_with("<<")).and(self.documents.first());
        let end = script.map(|document| document.body.span(0..document.body.text().len()).end);
        Span::new(self.span.start, end.unwrap_or_default().max(self.span.end))
    }
}

/// A here-document, without its last line.
#[derive(Debug, Clone)]
pub(super) struct Document {
    /// The word that ends it.
    pub(super) name: String,
    /// Whether that word is quoted, so that nothing is filled in.
    pub(super) quoted: bool,
    pub(super) body: Decoded,
}

/// The instructions and whole-line comments of a file.
pub(super) fn scan(text: &str) -> (Vec<Instruction>, Vec<Comment>) {
    let mut scanner = Scanner { text, at: 0, escape: '\\', comments: Vec::new() };
    scanner.at = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
    scanner.directives();
    let mut instructions = Vec::new();
    while instructions.len() < MAX_INSTRUCTIONS
        && let Some(line) = scanner.next_line()
    {
        if let Some(instruction) = scanner.instruction(line) {
            instructions.push(instruction);
        }
    }
    (instructions, scanner.comments)
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
    escape: char,
    comments: Vec<Comment>,
}

/// A line without its line break.
#[derive(Clone, Copy)]
struct Line<'a> {
    text: &'a str,
    start: usize,
}

impl<'a> Scanner<'a> {
    fn next_line(&mut self) -> Option<Line<'a>> {
        let rest = self.text.get(self.at..).filter(|rest| !rest.is_empty())?;
        let whole = rest.split_inclusive('\n').next()?;
        let start = self.at;
        self.at += whole.len();
        Some(Line { text: whole.trim_end_matches(['\n', '\r']), start })
    }

    /// `# escape=` counts only above everything else.
    fn directives(&mut self) {
        for line in self.text.get(self.at..).unwrap_or_default().split_inclusive('\n') {
            let Some(directive) = line.trim().strip_prefix('#') else {
                return;
            };
            let Some((name, value)) = directive.split_once('=') else {
                return;
            };
            if name.trim().eq_ignore_ascii_case("escape") && value.trim() == "`" {
                self.escape = '`';
            }
        }
    }

    fn comment(&mut self, line: Line<'_>) -> bool {
        let indent = line.text.len() - line.text.trim_start().len();
        let is_comment = line.text.trim_start().starts_with('#');
        if is_comment {
            let span = Span::new(line.start + indent, line.start + line.text.len());
            self.comments.push(Comment { span, own_line: true });
        }
        is_comment
    }

    fn instruction(&mut self, first: Line<'a>) -> Option<Instruction> {
        if self.comment(first) || first.text.trim().is_empty() {
            return None;
        }
        let mut joined = Decoded::default();
        let mut line = first;
        let mut end = first.start + first.text.trim_end().len();
        loop {
            let Some(content) = line.text.trim_end_matches([' ', '\t']).strip_suffix(self.escape) else {
                joined.push(line.text, line.start);
                break;
            };
            joined.push(content, line.start);
            // Comments and empty lines between continued lines do not end the instruction.
            let Some(next) = self.next_content_line() else {
                break;
            };
            line = next;
            end = line.start + line.text.trim_end().len();
        }
        let text = joined.text();
        let start = text.len() - text.trim_start().len();
        let keyword_end = text[start..].find(char::is_whitespace).map_or(text.len(), |length| start + length);
        let keyword = text[start..keyword_end].to_ascii_uppercase();
        let rest_start = text.len() - text[keyword_end..].trim_start().len();
        let rest = joined.part(rest_start..text.trim_end().len().max(rest_start));
        let documents = self.documents(&keyword, rest.text());
        let span = Span::new(joined.span(start..keyword_end).start, end);
        Some(Instruction { keyword, rest, span, documents })
    }

    fn next_content_line(&mut self) -> Option<Line<'a>> {
        loop {
            let line = self.next_line()?;
            if !self.comment(line) && !line.text.trim().is_empty() {
                return Some(line);
            }
        }
    }

    fn documents(&mut self, keyword: &str, rest: &str) -> Vec<Document> {
        if !matches!(keyword, "RUN" | "COPY" | "ADD") || !rest.contains("<<") {
            return Vec::new();
        }
        let mut documents = Vec::new();
        for word in rest.split_whitespace() {
            let word = word.trim_start_matches(|c: char| c.is_ascii_digit());
            let Some(name) = word.strip_prefix("<<") else {
                continue;
            };
            let (strip_tabs, name) = name.strip_prefix('-').map_or((false, name), |name| (true, name));
            let quoted = name.starts_with(['"', '\'']);
            let name = name.trim_matches(['"', '\'']);
            if name.is_empty() || !name.chars().all(|c| c.is_alphanumeric() || c == '_') {
                continue;
            }
            let body = self.document(name, strip_tabs);
            documents.push(Document { name: name.to_owned(), quoted, body });
        }
        documents
    }

    fn document(&mut self, name: &str, strip_tabs: bool) -> Decoded {
        let mut body = Decoded::default();
        while let Some(line) = self.next_line() {
            let content = if strip_tabs { line.text.trim_start_matches('\t') } else { line.text };
            if content == name {
                break;
            }
            body.push(self.text.get(line.start..self.at).unwrap_or_default(), line.start);
        }
        body
    }
}
