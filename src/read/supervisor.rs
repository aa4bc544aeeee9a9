//! Configurations of supervisord.

use crate::source::{FileId, SourceFile};

use super::Facts;

/// Reads one.
pub(super) fn read(_file: FileId, _source: &SourceFile, _facts: &mut Facts) {}
