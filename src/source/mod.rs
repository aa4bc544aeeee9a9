//! Files, byte spans and line numbers: where a thing stands in the user's project.
//!
//! Decides how text is addressed (byte offsets into UTF-8) and how an offset becomes a line and a
//! column. Knows nothing of formats or servers.

mod comment;
mod disk;
mod files;
mod kind;
mod pattern;
mod word;

pub use comment::Comment;
pub use disk::read_text;
pub use files::{FileId, Files, SourceFile};
pub use kind::{FileKind, Guess};
pub(crate) use pattern::fits as pattern_fits;
pub use word::{Operator, Word, WordPart};

/// A half-open range of bytes in one file's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// Offset of the first byte.
    pub start: usize,
    /// Offset just behind the last byte.
    pub end: usize,
}

impl Span {
    /// The range `start..end`.
    pub const fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// The smallest span that covers both.
    #[must_use]
    pub fn cover(self, other: Self) -> Self {
        Self { start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// Whether the two share a byte, or one is an insertion point inside the other.
    pub const fn overlaps(self, other: Self) -> bool {
        self.start < other.end && other.start < self.end
    }

    /// Whether `offset` lies inside.
    pub const fn contains(self, offset: usize) -> bool {
        self.start <= offset && offset < self.end
    }

    /// Length in bytes.
    pub const fn len(self) -> usize {
        self.end - self.start
    }

    /// Whether the span holds no byte, which makes it an insertion point.
    pub const fn is_empty(self) -> bool {
        self.start == self.end
    }

    /// The same span in a text in which this one's text begins at `offset`.
    #[must_use]
    pub const fn shifted(self, offset: usize) -> Self {
        Self { start: self.start + offset, end: self.end + offset }
    }
}

/// A span together with the file it is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The file.
    pub file: FileId,
    /// The bytes.
    pub span: Span,
}

impl Place {
    /// The span `span` of `file`.
    pub const fn new(file: FileId, span: Span) -> Self {
        Self { file, span }
    }
}

/// A value and where it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// The bytes it was read from.
    pub place: Place,
}

impl<T> Located<T> {
    /// `value`, read at `place`.
    pub const fn new(value: T, place: Place) -> Self {
        Self { value, place }
    }

    /// The same place with another value.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Located<U> {
        Located { value: f(self.value), place: self.place }
    }
}
