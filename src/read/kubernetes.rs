//! Manifests of Kubernetes.

use crate::source::{FileId, SourceFile};

use super::Facts;

/// Reads a file of manifests.
pub(super) fn read(_file: FileId, _source: &SourceFile, _facts: &mut Facts) {}
