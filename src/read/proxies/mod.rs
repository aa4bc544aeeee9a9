//! Reverse proxies.

use crate::source::{FileId, SourceFile};

use super::Facts;

/// Reads one.
pub(super) fn read_nginx(_file: FileId, _source: &SourceFile, _facts: &mut Facts) {}

/// Reads one.
pub(super) fn read_caddyfile(_file: FileId, _source: &SourceFile, _facts: &mut Facts) {}
