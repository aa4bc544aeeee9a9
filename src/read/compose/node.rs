//! A node of one of the files that a service is put together from.

use crate::source::{FileId, Located, Place, SourceFile, Span, Word, WordPart};

use super::super::Variable;
use super::super::decoded::Decoded;
use super::super::expansion::{self, Dialect};
use super::super::yaml::{Entry, Mark, NodeId, Tree};
use super::quantities;

/// Fills in what compose itself fills in; `None` for a variable that no file sets.
pub(super) type Outer<'a> = &'a dyn Fn(&str) -> Option<String>;

/// A node, and the file that it stands in.
#[derive(Clone, Copy)]
pub(super) struct Node<'a> {
    pub(super) file: FileId,
    pub(super) source: &'a SourceFile,
    pub(super) tree: &'a Tree,
    pub(super) id: NodeId,
}

impl<'a> Node<'a> {
    pub(super) fn at(self, id: NodeId) -> Self {
        Self { id, ..self }
    }

    pub(super) fn get(self, key: &str) -> Option<Self> {
        self.tree.get(self.id, key).map(|id| self.at(id))
    }

    /// The text of a scalar that is not null.
    pub(super) fn text(self) -> Option<&'a str> {
        self.tree.text(self.id)
    }

    /// Whether it is `key:` without a value.
    pub(super) fn is_null(self) -> bool {
        self.text().is_none() && !self.tree.is_mapping(self.id) && self.tree.items(self.id).is_none()
    }

    pub(super) fn is_list(self) -> bool {
        self.tree.items(self.id).is_some()
    }

    pub(super) fn mark(self) -> Option<Mark> {
        self.tree.mark(self.id)
    }

    pub(super) fn items(self) -> Vec<Self> {
        let (items, _) = self.tree.items(self.id).unwrap_or_default();
        items.iter().map(|&id| self.at(id)).collect()
    }

    pub(super) fn entries(self) -> Vec<(Self, Self)> {
        self.tree.entries(self.id).into_iter().map(|Entry { key, value }| (self.at(key), self.at(value))).collect()
    }

    pub(super) fn place(self, span: Span) -> Place {
        Place::new(self.file, span)
    }

    /// The bytes of its text, or all of a collection.
    pub(super) fn content(self) -> Place {
        self.place(self.tree.content(self.id))
    }

    pub(super) fn decoded(self) -> Option<Decoded> {
        self.tree.decoded(self.source.text(), self.id)
    }

    /// The text with what compose fills in; as it is written where that is unknown, which is no name of
    /// anything and no number.
    pub(super) fn filled(self, outer: Outer) -> Option<Located<String>> {
        let text = self.text()?;
        let word = Word { parts: expansion::parts(text, Dialect::Compose), ..self.unknown() };
        Some(Located::new(word.resolve(outer).unwrap_or_else(|| text.to_owned()), self.content()))
    }

    /// The variables that nobody sets, in whose place it gives a text, each with that text where all of it is known.
    pub(super) fn stand_ins(self, outer: Outer) -> Vec<(String, Option<String>)> {
        let Some(text) = self.text() else { return Vec::new() };
        let word = Word { parts: expansion::parts(text, Dialect::Compose), ..self.unknown() };
        word.stand_ins(outer)
    }

    /// One text or a list of them.
    pub(super) fn texts(self, outer: Outer) -> Vec<Located<String>> {
        self.filled(outer).into_iter().chain(self.items().into_iter().filter_map(|item| item.filled(outer))).collect()
    }

    /// A text that may hold variables, standing at `place`.
    pub(super) fn word(text: &Decoded, place: Place) -> Word {
        Word { parts: expansion::parts(text.text(), Dialect::Compose), place, removal: place, quoted: true }
    }

    fn unknown(self) -> Word {
        let place = self.content();
        let parts = vec![WordPart::Opaque(self.text().unwrap_or_default().to_owned())];
        Word { parts, place, removal: place, quoted: true }
    }

    /// `environment` and `args` in either notation.
    pub(super) fn variables(self) -> Vec<Variable> {
        if self.tree.is_mapping(self.id) {
            return self.entries().into_iter().filter_map(|(key, value)| key.variable(value)).collect();
        }
        self.items().into_iter().filter_map(Self::assignment).collect()
    }

    /// `NAME: value`.
    fn variable(self, value: Self) -> Option<Variable> {
        let name = self.text()?.to_owned();
        let (key_span, value_span) = (self.tree.span(self.id), self.tree.span(value.id));
        // A value behind an alias stands elsewhere; the assignment does not span the file.
        let follows = value_span.start >= key_span.end;
        let place = self.place(if follows { key_span.cover(value_span) } else { key_span });
        let value = value.text().map(|written| {
            // The value of a number is what counts, not its spelling.
            if let Some(number) = quantities::number(written).filter(|_| value.tree.is_plain(value.id)) {
                return Word { quoted: true, ..Word::literal(number, value.content(), value.content()) };
            }
            let text = value.decoded();
            text.map_or_else(|| value.unknown(), |text| Self::word(&text, value.content()))
        });
        Some(Variable { name, value, place, build_only: false })
    }

    /// `- NAME=value`, or `- NAME` for one that is passed on.
    fn assignment(self) -> Option<Variable> {
        let text = self.decoded()?;
        let plain = text.text();
        let Some((name, _)) = plain.split_once('=') else {
            return Some(Variable {
                name: plain.trim().to_owned(),
                value: None,
                place: self.content(),
                build_only: false,
            });
        };
        let range = name.len() + 1..plain.len();
        let place = self.place(text.span(range.clone()));
        let value = Self::word(&text.part(range), place);
        Some(Variable { name: name.trim().to_owned(), value: Some(value), place: self.content(), build_only: false })
    }
}
