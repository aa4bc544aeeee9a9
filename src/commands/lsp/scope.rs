//! Which files a project speaks about.
//!
//! Decides that of several projects which hold a file, one tells its findings: the one that was opened closest around it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use farrier::discover;

use super::locations;
use super::project::Project;

/// Which part of a project the editor has opened: folders and files, by their paths; the root stands for all of it.
pub(super) type Scope = BTreeSet<String>;

/// Whether this project speaks about a file: of several that hold it, the one whose part lies closest around it does.
pub(super) fn is_told_here(root: &Path, project: &Project, path: &str, others: &[(&PathBuf, &Project)]) -> bool {
    let whole = root.join(path);
    let own = depth(root, &project.scope, &whole);
    let closer = |(other, project): &(&PathBuf, &Project)| depth(other, &project.scope, &whole) > own;
    !others.iter().any(closer)
}

/// How closely a part of a project lies around a path; `None` where none does.
pub(super) fn depth(root: &Path, scope: &Scope, path: &Path) -> Option<usize> {
    let parts = scope.iter().map(|name| if name.is_empty() { root.to_path_buf() } else { root.join(name) });
    parts.filter(|part| lies(path, part)).map(|part| part.components().count()).max()
}

pub(super) fn lies(path: &Path, folder: &Path) -> bool {
    path.starts_with(folder) || locations::relative(folder, path).is_some()
}

/// The project of a file that may not be there yet.
pub(super) fn root_of_file(path: &Path) -> Option<PathBuf> {
    let around = || discover::root_of(path.parent()?.ancestors().find(|one| one.is_dir())?).ok();
    discover::root_of(path).ok().or_else(around)
}
