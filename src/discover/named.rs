//! Files whose names say nothing, found by who names them.
//!
//! `gunicorn -c conf/web.conf`, `EnvironmentFile=/etc/default/web`, `COPY settings /etc/app/`: a file that a
//! command or an image uses may be called anything. Decides by the last part of the path alone, because
//! variables, copies and mounts stand between a file and the path that a server sees. Whether it is a
//! configuration is for its text to tell.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::{FileId, FileKind, Files};

/// More files than a project names in this way.
const MAX_NAMED: usize = 500;

/// Words of the Python files that may start a server.
const SERVERS: [&str; 4] = ["gunicorn", "uvicorn", "hypercorn", "uwsgi"];

/// Those of `paths` whose last part one of the texts names.
pub(super) fn among<'p>(paths: &[&'p str], files: &Files, kinds: &BTreeMap<FileId, FileKind>) -> Vec<&'p str> {
    let mut by_name: BTreeMap<&str, Vec<&'p str>> = BTreeMap::new();
    for path in paths {
        by_name.entry(path.rsplit('/').next().unwrap_or(path)).or_default().push(path);
    }
    let mut named = BTreeSet::new();
    if by_name.is_empty() {
        return Vec::new();
    }
    for (&file, &kind) in kinds {
        let text = files.get(file).text();
        let launches = || kind == FileKind::Python && SERVERS.iter().any(|word| text.contains(word));
        if !starts_servers(kind) && !launches() {
            continue;
        }
        for word in text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '@' | '+'))) {
            // A sentence ends with a dot as well.
            if let Some((name, _)) = by_name.get_key_value(word.trim_end_matches('.')) {
                named.insert(*name);
            }
        }
    }
    let mut found: Vec<&str> = named.iter().flat_map(|name| by_name.get(name).into_iter().flatten().copied()).collect();
    found.sort_unstable();
    found.truncate(MAX_NAMED);
    found
}

/// Whether a file of this kind says how something is started.
const fn starts_servers(kind: FileKind) -> bool {
    !matches!(
        kind,
        FileKind::Python
            | FileKind::PythonConfiguration
            | FileKind::Requirements
            | FileKind::PoetryLock
            | FileKind::UvLock
            | FileKind::Pipfile
            | FileKind::PipfileLock
            | FileKind::SetupConfig
            | FileKind::CondaEnvironment
            | FileKind::HelmChart
            | FileKind::Dockerignore
            | FileKind::Nginx
            | FileKind::Caddyfile
    )
}
