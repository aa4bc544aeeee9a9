//! Tasks of developers.

use crate::source::{FileId, SourceFile};

use super::Facts;

/// Reads one.
pub(super) fn read_makefile(_file: FileId, _source: &SourceFile, _facts: &mut Facts) {}

/// Reads one.
pub(super) fn read_justfile(_file: FileId, _source: &SourceFile, _facts: &mut Facts) {}

/// Reads one.
pub(super) fn read_package_json(_file: FileId, _source: &SourceFile, _facts: &mut Facts) {}

/// Reads one.
pub(super) fn read_pyproject(_file: FileId, _source: &SourceFile, _facts: &mut Facts) {}

/// Reads one.
pub(super) fn read_taskfile(_file: FileId, _source: &SourceFile, _facts: &mut Facts) {}
