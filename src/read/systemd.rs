//! Units of systemd.

use crate::source::{FileId, SourceFile};

use super::Facts;

/// Reads a unit or a drop-in.
pub(super) fn read(_file: FileId, _source: &SourceFile, _facts: &mut Facts) {}
