//! The XML form: an element for each option.
//!
//! Reads what uWSGI uses of XML: elements one level below `<uwsgi>`, their text, comments and the entities that
//! every document has. Whatever else a document may hold ends the reading with a note.

use crate::findings::Note;
use crate::source::{Comment, FileId, Located, Place, SourceFile, Span};

use super::super::{Facts, UwsgiFile, UwsgiSection};
use super::plain;

/// More elements than any configuration has.
const MAX_ELEMENTS: usize = 20_000;

/// Reads a configuration in XML form.
pub(in super::super) fn read(file: FileId, source: &SourceFile, facts: &mut Facts) {
    let mut scanner = Scanner { text: source.text(), at: 0, comments: Vec::new() };
    let mut configuration = UwsgiFile::default();
    let mut open: Option<UwsgiSection> = None;
    for _ in 0..MAX_ELEMENTS {
        match scanner.next() {
            Some(Token::Open { name, span, id, empty }) => match &mut open {
                None if name == "uwsgi" => {
                    let name = id.unwrap_or_else(|| super::DEFAULT.to_owned());
                    let place = Place::new(file, span);
                    open = Some(UwsgiSection { name: Located::new(name, place), options: Vec::new() });
                }
                None => {}
                Some(section) => {
                    let key_place = Place::new(file, Span::new(span.start + 1, span.start + 1 + name.len()));
                    let key = Located::new(name.to_owned(), key_place);
                    let behind = Place::new(file, Span::new(span.end, span.end));
                    if empty {
                        section.options.push(plain(key, "1", behind, false));
                        continue;
                    }
                    let value = scanner.text_until_tag();
                    let written = scanner.text.get(value.start..value.end).unwrap_or_default();
                    let text = unescaped(written);
                    let literal = text == written && !text.trim().is_empty() && text.trim() == text;
                    // An element without children is one that is merely there.
                    let text = if written.is_empty() { "1" } else { text.as_str() };
                    section.options.push(plain(key, text, Place::new(file, value), literal));
                    if !scanner.skip_element(name) {
                        break;
                    }
                }
            },
            Some(Token::Close { name }) => {
                if name == "uwsgi" {
                    configuration.sections.extend(open.take());
                }
            }
            None => break,
        }
    }
    configuration.sections.extend(open.take());
    if scanner.at < scanner.text.trim_end().len() {
        let line = source.line(scanner.at);
        facts.notes.push(Note::line(source.path(), line, "XML that is not understood, so the rest was not read"));
    }
    facts.uwsgi.insert(file, configuration);
    facts.comments.insert(file, scanner.comments);
}

enum Token<'t> {
    Open { name: &'t str, span: Span, id: Option<String>, empty: bool },
    Close { name: &'t str },
}

struct Scanner<'t> {
    text: &'t str,
    at: usize,
    comments: Vec<Comment>,
}

impl<'t> Scanner<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// The next tag; `None` at the end or where something is not understood.
    fn next(&mut self) -> Option<Token<'t>> {
        loop {
            let rest = self.rest();
            let start = self.at + rest.find('<')?;
            self.at = start;
            let rest = self.rest();
            if rest.starts_with("<!--") {
                let end = start + rest.find("-->")? + 3;
                self.comments.push(Comment { span: Span::new(start, end), own_line: true });
                self.at = end;
            } else if rest.starts_with("<?") {
                self.at += rest.find("?>")? + 2;
            } else if rest.starts_with("<!DOCTYPE") && !rest.get(..rest.find('>')?)?.contains('[') {
                self.at += rest.find('>')? + 1;
            } else if rest.starts_with("<!") {
                return None;
            } else {
                return self.tag(start);
            }
        }
    }

    fn tag(&mut self, start: usize) -> Option<Token<'t>> {
        let rest = self.rest();
        let end = rest.find('>')?;
        let inside = rest.get(1..end)?;
        self.at = start + end + 1;
        if let Some(name) = inside.strip_prefix('/') {
            return Some(Token::Close { name: name.trim_end() });
        }
        let empty = inside.ends_with('/');
        let inside = inside.strip_suffix('/').unwrap_or(inside);
        let name = inside.split_ascii_whitespace().next()?;
        let attributes = inside.get(name.len()..).unwrap_or_default();
        let id = attributes.split_once("id=").and_then(|(_, value)| {
            let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
            value.get(1..)?.split(quote).next().map(str::to_owned)
        });
        Some(Token::Open { name, span: Span::new(start, self.at), id, empty })
    }

    /// The bytes up to the next tag.
    fn text_until_tag(&mut self) -> Span {
        let length = self.rest().find('<').unwrap_or(self.rest().len());
        let span = Span::new(self.at, self.at + length);
        self.at += length;
        span
    }

    /// Goes behind the end of the element `name`; `false` if it has none.
    fn skip_element(&mut self, name: &str) -> bool {
        for _ in 0..MAX_ELEMENTS {
            match self.next() {
                Some(Token::Close { name: found }) if found == name => return true,
                Some(_) => {}
                None => return false,
            }
        }
        false
    }
}

fn unescaped(text: &str) -> String {
    if !text.contains('&') {
        return text.to_owned();
    }
    let entities = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")];
    entities.iter().fold(text.to_owned(), |text, (entity, char)| text.replace(entity, char))
}
