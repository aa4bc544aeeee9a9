//! Reverse proxies.
//!
//! All files of a program are read together, because they include each other. Which server a proxy passes
//! requests to is `deployment`'s.

mod caddy;
mod directives;
mod nginx;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::source::{FileId, FileKind, Files};

use super::Facts;

/// Reads all configurations of proxies among `kinds`.
pub(super) fn read(files: &Files, kinds: &BTreeMap<FileId, FileKind>) -> Facts {
    let mut facts = Facts::default();
    let of = |wanted: FileKind| -> Vec<FileId> {
        kinds.iter().filter(|&(_, &kind)| kind == wanted).map(|(&file, _)| file).collect()
    };
    nginx::read(files, &of(FileKind::Nginx), &mut facts);
    for file in of(FileKind::Caddyfile) {
        caddy::read(file, files.get(file), &mut facts);
    }
    facts
}
