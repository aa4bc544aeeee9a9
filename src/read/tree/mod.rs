//! YAML, JSON and TOML in one shape, for formats that exist in several of them.
//!
//! Decides what a node is and where it stands. A node that only something else can fill in (a tag of
//! the application's own such as `!Ref`, an alias that repeats too much) is [`Kind::Open`]: it is there,
//! and nothing is known of it.

mod from_toml;
mod from_yaml;
#[cfg(test)]
mod tests;

use crate::source::Span;

use super::decoded::Decoded;

pub(super) use from_toml::{from_toml, read_toml};
pub(super) use from_yaml::read_yaml;

/// Deeper files than anybody writes.
const MAX_DEPTH: usize = 64;

/// A value with its bytes.
#[derive(Debug, Clone, Default)]
pub(super) struct Node {
    /// With its quotes or brackets.
    pub(super) span: Span,
    /// Inside the quotes.
    pub(super) content: Span,
    /// The bytes to take out so that the list around it stays well formed without it.
    pub(super) removal: Span,
    pub(super) kind: Kind,
}

/// What a node is.
#[derive(Debug, Clone, Default)]
pub(super) enum Kind {
    #[default]
    Null,
    /// A text, a number or a truth value, as written.
    Scalar(Decoded),
    List(Vec<Node>),
    Table(Vec<Entry>),
    /// Something that is filled in later.
    Open,
}

/// A key and its value.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) key: String,
    /// The bytes of the key inside its quotes.
    pub(super) key_span: Span,
    pub(super) value: Node,
}

impl Node {
    /// The plain text of a scalar.
    pub(super) fn text(&self) -> Option<&str> {
        self.scalar().map(Decoded::text)
    }

    /// A scalar with the bytes of its text.
    pub(super) const fn scalar(&self) -> Option<&Decoded> {
        match &self.kind {
            Kind::Scalar(text) => Some(text),
            _ => None,
        }
    }

    /// The items of a list; none of anything else.
    pub(super) fn items(&self) -> &[Self] {
        match &self.kind {
            Kind::List(items) => items,
            _ => &[],
        }
    }

    /// The entries of a table; none of anything else.
    pub(super) fn entries(&self) -> &[Entry] {
        match &self.kind {
            Kind::Table(entries) => entries,
            _ => &[],
        }
    }

    /// The value of a key that is not null.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        let entry = self.entries().iter().find(|entry| entry.key == key)?;
        (!matches!(entry.value.kind, Kind::Null)).then_some(&entry.value)
    }

    /// The same for the first of several spellings.
    pub(super) fn any(&self, keys: &[&str]) -> Option<&Self> {
        keys.iter().find_map(|key| self.get(key))
    }

    /// The value behind a path of keys.
    pub(super) fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }

    /// The key of an entry, for labels.
    pub(super) fn key_span(&self, key: &str) -> Option<Span> {
        self.entries().iter().find(|entry| entry.key == key).map(|entry| entry.key_span)
    }
}

/// A file in this shape.
#[derive(Debug, Default)]
pub(super) struct Document {
    /// The top of each part of the file; TOML and JSON have one.
    pub(super) tops: Vec<Node>,
}
