//! Comments of every format in one shape.

use super::Span;

/// One `#` comment.
///
/// Formats differ in where a `#` starts a comment (inside a Python string it does not), so the
/// reader of each format finds them; what they say is the same everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Comment {
    /// From the `#` to the end of the line, without the line break.
    pub span: Span,
    /// Whether nothing but white space stands before it on its line.
    pub own_line: bool,
}
