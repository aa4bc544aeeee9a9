//! Helm charts.

use crate::source::{FileId, SourceFile};

use super::Facts;

/// Reads a template.
pub(super) fn read_template(_file: FileId, _source: &SourceFile, _facts: &mut Facts) {}

/// Reads the values of a chart.
pub(super) fn read_values(_file: FileId, _source: &SourceFile, _facts: &mut Facts) {}
