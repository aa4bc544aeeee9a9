//! Files whose names say nothing, or which lie where nobody looks, found by who names them.
//!
//! `gunicorn -c conf/web.conf`, `EnvironmentFile=/etc/default/web`, `COPY settings /etc/app/`: a file that a
//! command or an image uses may be called anything. Decides by the last part of the path alone, because
//! variables, copies and mounts stand between a file and the path that a server sees. Whether it is a
//! configuration is for its text to tell.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::walk::{Unwanted, is_left_out};
use crate::source::{FileId, FileKind, Files};

/// More files than a project names in this way.
const MAX_NAMED: usize = 500;

/// How many paths the file system is asked about.
const MAX_ASKED: usize = 2000;

/// Longer paths are none that somebody wrote.
const MAX_PATH: usize = 256;

/// What a folder is named for, by whoever builds or installs what is in it.
const MAIN_FILES: [&str; 7] = [
    "Dockerfile",
    "Chart.yaml",
    "values.yaml",
    "kustomization.yaml",
    "compose.yaml",
    "docker-compose.yml",
    "docker-compose.yaml",
];

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
    // Texts have far more words than there are names.
    let shapes = Shapes::of(by_name.keys().copied());
    for (&file, &kind) in kinds {
        let text = front(files.get(file).text());
        let launches = || kind == FileKind::Python && SERVERS.iter().any(|word| text.contains(word));
        if !starts_servers(kind) && !launches() {
            continue;
        }
        for word in text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '@' | '+'))) {
            // A sentence ends with a dot as well.
            let word = word.trim_end_matches('.');
            if shapes.fit(word)
                && let Some((name, _)) = by_name.get_key_value(word)
            {
                named.insert(*name);
            }
        }
    }
    let mut found: Vec<&str> = named.iter().flat_map(|name| by_name.get(name).into_iter().flatten().copied()).collect();
    found.sort_unstable();
    found.truncate(MAX_NAMED);
    found
}

/// How long names are, by their first byte: what has another shape is none of them.
struct Shapes([u64; 256]);

impl Shapes {
    fn of<'n>(names: impl Iterator<Item = &'n str>) -> Self {
        let mut shapes = Self([0; 256]);
        for name in names {
            if let Some(lengths) = name.bytes().next().and_then(|first| shapes.0.get_mut(usize::from(first))) {
                *lengths |= 1 << (name.len() % 64);
            }
        }
        shapes
    }

    fn fit(&self, word: &str) -> bool {
        let lengths = word.bytes().next().and_then(|first| self.0.get(usize::from(first)));
        lengths.is_some_and(|lengths| lengths & (1 << (word.len() % 64)) != 0)
    }
}

/// Lists of requirements that another list, or a command that installs, names: `-r base.txt`. Those among `paths`.
pub(super) fn lists<'p>(paths: &[&'p str], files: &Files, kinds: &BTreeMap<FileId, FileKind>) -> Vec<&'p str> {
    let mut found = BTreeSet::new();
    for (&file, &kind) in kinds {
        let is_list = kind == FileKind::Requirements;
        if !is_list && !starts_servers(kind) {
            continue;
        }
        let here = files.get(file);
        for line in front(here.text()).lines() {
            let mut words =
                line.split(|c: char| c.is_whitespace() || "\"',[]".contains(c)).filter(|word| !word.is_empty());
            while let Some(word) = words.next() {
                let glued =
                    ["--requirement=", "--requirements=", "-r"].iter().find_map(|option| word.strip_prefix(option));
                let named = match word {
                    "-r" | "--requirement" | "--requirements" => words.next(),
                    _ => glued.filter(|rest| !rest.is_empty()),
                };
                let Some(named) = named else { continue };
                // A command runs in a folder that its own file does not tell.
                let last = named.rsplit('/').next().unwrap_or(named);
                let own = joined(here.folder(), named);
                let is_it =
                    |path: &&&str| own.as_deref() == Some(**path) || !is_list && path.rsplit('/').next() == Some(last);
                found.extend(paths.iter().filter(is_it).copied());
            }
        }
    }
    found.into_iter().take(MAX_NAMED).collect()
}

/// Paths that one of the texts names, from its own folder or from the root, and that the walk has left out: a file
/// of variables in a hidden folder, a Dockerfile in one called `build`, an `.env` that git ignores.
pub(super) fn beyond(
    root: &Path,
    unwanted: &Unwanted,
    files: &Files,
    kinds: &BTreeMap<FileId, FileKind>,
) -> Vec<String> {
    let mut asked = BTreeSet::new();
    let mut found = BTreeSet::new();
    let Ok(real_root) = root.canonicalize() else { return Vec::new() };
    for (&file, &kind) in kinds {
        if !starts_servers(kind) {
            continue;
        }
        let here = files.get(file);
        let words = front(here.text())
            .split(|c: char| !(c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | '@' | '+' | '/')));
        let hidden = is_left_out(&format!("{}/x", here.folder()));
        let leads = |word: &&str| (word.contains('.') || word.contains('/')) && (hidden || leads_astray(word));
        for word in words.filter(leads) {
            for path in [joined(here.folder(), word), joined("", word)].into_iter().flatten() {
                if found.len() >= MAX_NAMED || asked.len() >= MAX_ASKED {
                    return found.into_iter().collect();
                }
                if word.contains('/') && is_left_out(&format!("{path}/x")) && !unwanted.holds(&path) {
                    let inside = |path: &String| files.find(path).is_none() && !unwanted.holds(path);
                    found.extend(within(root, &real_root, &path).into_iter().filter(inside));
                }
                if !is_left_out(&path)
                    || files.find(&path).is_some()
                    || !asked.insert(path.clone())
                    || unwanted.holds(&path)
                {
                    continue;
                }
                let inside =
                    root.join(&path).canonicalize().is_ok_and(|real| real.starts_with(&real_root) && real.is_file());
                if inside {
                    found.insert(path);
                }
            }
        }
    }
    found.into_iter().collect()
}

/// Whether a path goes through a folder that the walk leaves out, or to a hidden file.
fn leads_astray(path: &str) -> bool {
    path.split('/')
        .any(|part| is_left_out(&format!("{part}/x")) || part.starts_with('.') && !matches!(part, "." | ".."))
}

/// What a folder that is named, `build: ./build` or `helm install web ./dist/chart`, is named for.
fn within(root: &Path, real_root: &Path, folder: &str) -> Vec<String> {
    let at = root.join(folder);
    if !at.is_dir() || !at.canonicalize().is_ok_and(|real| real.starts_with(real_root)) {
        return Vec::new();
    }
    let mut names: Vec<String> = MAIN_FILES.iter().map(|&name| name.to_owned()).collect();
    if at.join("Chart.yaml").is_file() {
        let entries = at.join("templates").read_dir().into_iter().flatten().flatten().take(MAX_NAMED);
        names.extend(entries.map(|entry| format!("templates/{}", entry.file_name().to_string_lossy())));
    }
    names.retain(|name| at.join(name).is_file());
    names.into_iter().map(|name| format!("{folder}/{name}")).collect()
}

/// A relative path below a folder of the project; `None` where it leaves the project or is absolute.
fn joined(folder: &str, word: &str) -> Option<String> {
    if word.starts_with('/') || word.len() > MAX_PATH {
        return None;
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in word.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            // Other people's code is never what a project is configured with.
            "node_modules" | "site-packages" | ".git" => return None,
            part => parts.push(part),
        }
    }
    (!parts.is_empty()).then(|| parts.join("/"))
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
            | FileKind::Terraform
            | FileKind::Pipeline
            | FileKind::Nginx
            | FileKind::Caddyfile
            | FileKind::Rust
            | FileKind::CargoManifest
            | FileKind::CargoLock
            | FileKind::RocketToml
    )
}

/// More bytes than any script has that somebody wrote; what follows are documents in it.
const MAX_WRITTEN: usize = 256 << 10;

/// The part of a text in which commands are looked for.
fn front(text: &str) -> &str {
    let end = (0..=MAX_WRITTEN.min(text.len())).rev().find(|&end| text.is_char_boundary(end));
    text.get(..end.unwrap_or(0)).unwrap_or(text)
}
