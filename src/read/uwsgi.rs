//! Configurations of uWSGI.

use crate::source::{FileId, SourceFile};

use super::Facts;

/// Reads one.
pub(super) fn read_ini(_file: FileId, _source: &SourceFile, _facts: &mut Facts) {}

/// Reads one.
pub(super) fn read_yaml(_file: FileId, _source: &SourceFile, _facts: &mut Facts) {}

/// Reads one.
pub(super) fn read_json(_file: FileId, _source: &SourceFile, _facts: &mut Facts) {}

/// Reads one.
pub(super) fn read_xml(_file: FileId, _source: &SourceFile, _facts: &mut Facts) {}
