//! Files of platforms.

use crate::source::{FileId, SourceFile};

use super::Facts;

/// Reads one.
pub(super) fn read_app_json(_file: FileId, _source: &SourceFile, _facts: &mut Facts) {}

/// Reads one.
pub(super) fn read_fly(_file: FileId, _source: &SourceFile, _facts: &mut Facts) {}

/// Reads one.
pub(super) fn read_render(_file: FileId, _source: &SourceFile, _facts: &mut Facts) {}

/// Reads one.
pub(super) fn read_app_engine(_file: FileId, _source: &SourceFile, _facts: &mut Facts) {}

/// Reads one.
pub(super) fn read_ecs_task(_file: FileId, _source: &SourceFile, _facts: &mut Facts) {}

/// Reads one.
pub(super) fn read_digital_ocean(_file: FileId, _source: &SourceFile, _facts: &mut Facts) {}

/// Reads one.
pub(super) fn read_azure(_file: FileId, _source: &SourceFile, _facts: &mut Facts) {}
