//! From paths to texts.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use rayon::prelude::*;

use super::{Candidate, Unwanted, named};
use crate::findings::Note;
use crate::source::{FileId, FileKind, Files, Guess};

/// Longer than any source file that a person wrote.
const MAX_PYTHON: u64 = 2 << 20;
/// A script of this length carries something: archives, or all that an installer lays down.
const MAX_SHELL: u64 = 1 << 20;
/// Lock files of large projects have some megabytes.
const MAX_OTHER: u64 = 8 << 20;
/// What is longer is data, and nothing that a server is configured with; read only to be put away.
const MAX_OPEN: u64 = 1 << 20;

/// More Python than any project has, in bytes together; all of it is kept, as text and as what it means.
const MAX_TOGETHER: u64 = 128 << 20;
/// Fewer files than these do not come to that much.
const MANY: usize = 1_000;

/// How far lists of requirements are followed that name each other.
const MAX_LISTS: usize = 4;

/// How far files are followed that lie where nobody looks: a Dockerfile in `build` copies a script from there.
const MAX_NAMING: usize = 3;

/// The texts of a run.
#[derive(Debug, Default)]
pub struct Loaded {
    /// The texts, in the order of the candidates.
    pub files: Files,
    /// What each of them is.
    pub kinds: BTreeMap<FileId, FileKind>,
    /// What could not be read.
    pub notes: Vec<Note>,
}

/// Reads the texts of `candidates`, whose paths are relative to `root`, and those of `others` that one of
/// them names.
///
/// A file that is no UTF-8 text, too large or unreadable becomes a note.
pub fn load(root: &Path, candidates: &[Candidate], others: &[String], unwanted: &Unwanted) -> Loaded {
    load_over(root, candidates, others, unwanted, &BTreeMap::new())
}

/// The same, with texts that count instead of what is on disk, by their paths.
pub fn load_over(
    root: &Path,
    candidates: &[Candidate],
    others: &[String],
    unwanted: &Unwanted,
    unsaved: &BTreeMap<String, Arc<str>>,
) -> Loaded {
    let text = |path: &str, kind: Guess| match unsaved.get(path) {
        Some(held) => typed(held, kind),
        None => text(&root.join(path), kind),
    };
    let read = |candidate: &Candidate| {
        let settle = |text: &str| candidate.kind.settle(&candidate.path, text);
        match text(&candidate.path, candidate.kind) {
            Ok(text) => Ok(settle(&text).map(|kind| (kind, Arc::<str>::from(text)))),
            // A file that may well be something else is only missed if it looks like what it could be.
            Err(unread) if candidate.kind.is_open(&candidate.path) && settle(&unread.glimpse).is_none() => Ok(None),
            Err(unread) => Err(unread.why),
        }
    };
    let mut loaded = Loaded::default();
    // Rust without a manifest is nobody's program: a library of Python may hold some, an example may.
    let manifest = Guess::Sure(FileKind::CargoManifest);
    let has_packages = candidates.iter().any(|candidate| candidate.kind == manifest);
    let wanted: Vec<&Candidate> =
        candidates.iter().filter(|candidate| has_packages || !candidate.kind.is_rust()).collect();
    let within = within(root, &wanted, MAX_TOGETHER);
    if within.len() < wanted.len() {
        let reason = format!("more than {} MiB of code: the rest was not read", MAX_TOGETHER >> 20);
        loaded.notes.push(Note::file("", reason));
    }
    let candidates = within;
    let texts: Vec<_> = candidates.par_iter().copied().map(read).collect();
    let mut spare: Vec<&str> = others.iter().map(String::as_str).collect();
    for (candidate, text) in candidates.into_iter().zip(texts) {
        match text {
            Ok(Some((kind, text))) => {
                let file = loaded.files.add(candidate.path.clone(), text);
                loaded.kinds.insert(file, kind);
            }
            Ok(None) => spare.push(&candidate.path),
            Err(why) => loaded.notes.push(Note::file(candidate.path.clone(), why)),
        }
    }
    // A list may name a list that names another one.
    for _ in 0..MAX_LISTS {
        let lists: Vec<String> =
            named::lists(&spare, &loaded.files, &loaded.kinds).into_iter().map(str::to_owned).collect();
        spare.retain(|path| !lists.iter().any(|list| list == path));
        for path in &lists {
            if let Ok(text) = text(path, Guess::Sure(FileKind::Requirements)) {
                let file = loaded.files.add(path.clone(), text);
                loaded.kinds.insert(file, FileKind::Requirements);
            }
        }
        if lists.is_empty() {
            break;
        }
    }
    let mut named: Vec<String> =
        named::among(&spare, &loaded.files, &loaded.kinds).into_iter().map(str::to_owned).collect();
    let mut seen = BTreeMap::new();
    for _ in 0..MAX_NAMING {
        let fresh: BTreeMap<FileId, FileKind> = loaded
            .kinds
            .iter()
            .filter(|(file, _)| !seen.contains_key(*file))
            .map(|(&file, &kind)| (file, kind))
            .collect();
        named.extend(named::beyond(root, unwanted, &loaded.files, &fresh));
        seen.extend(fresh);
        for path in named.drain(..) {
            // Whether it is what a server reads, only its text tells.
            let Ok(text) = text(&path, Guess::Plain) else { continue };
            if let Some(kind) = FileKind::of_named(&path, &text) {
                let file = loaded.files.add(path, text);
                loaded.kinds.insert(file, kind);
            }
        }
    }
    loaded
}

/// The candidates without the files of code that come after the first `most` bytes of them.
fn within<'c>(root: &Path, candidates: &[&'c Candidate], most: u64) -> Vec<&'c Candidate> {
    if candidates.len() < MANY {
        return candidates.to_vec();
    }
    let is_code = |candidate: &Candidate| candidate.kind.is_python() || candidate.kind.is_rust();
    let length = |candidate: &&Candidate| {
        let length = || std::fs::metadata(root.join(&candidate.path)).map_or(0, |found| found.len());
        if is_code(candidate) { length() } else { 0 }
    };
    let lengths: Vec<u64> = candidates.par_iter().map(length).collect();
    let mut left = most;
    let fits = |length: u64| {
        let rest = left.checked_sub(length);
        left = rest.unwrap_or(0);
        rest.is_some()
    };
    let each: Vec<bool> = lengths.into_iter().map(fits).collect();
    candidates.iter().zip(each).filter(|(candidate, fits)| *fits || !is_code(candidate)).map(|(one, _)| *one).collect()
}

/// A file whose text cannot be used.
struct Unread {
    why: String,
    /// What can be made out of it, to tell whether it would have mattered.
    glimpse: String,
}

impl Unread {
    fn blind(why: impl Into<String>) -> Self {
        Self { why: why.into(), glimpse: String::new() }
    }
}

/// How long a text of this kind may be.
const fn most(kind: Guess) -> u64 {
    match kind {
        Guess::Sure(FileKind::Python | FileKind::Rust) => MAX_PYTHON,
        Guess::Sure(FileKind::Script) => MAX_SHELL,
        Guess::Sure(_) => MAX_OTHER,
        _ => MAX_OPEN,
    }
}

/// A text that is not read from a file, within the same bounds.
fn typed(text: &str, kind: Guess) -> Result<String, Unread> {
    let most = most(kind);
    if text.len() as u64 > most {
        let why = format!("larger than {} MiB, so it was not read", most >> 20);
        return Err(Unread { why, glimpse: text.to_owned() });
    }
    whole(text.to_owned())
}

fn text(path: &Path, kind: Guess) -> Result<String, Unread> {
    let most = most(kind);
    let unreadable = |error: std::io::Error| Unread::blind(format!("could not be read: {error}"));
    let file = File::open(path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    if !metadata.is_file() {
        return Err(Unread::blind("no regular file, so it was not read"));
    }
    // Room that grows by doubling stays with the text.
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len().min(most) + 1).unwrap_or_default());
    // One byte more than is allowed tells a file that is too large from one that just fits.
    file.take(most + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > most {
        let lossy = |error: std::string::FromUtf8Error| String::from_utf8_lossy(error.as_bytes()).into_owned();
        let glimpse = String::from_utf8(bytes).unwrap_or_else(lossy);
        return Err(Unread { why: format!("larger than {} MiB, so it was not read", most >> 20), glimpse });
    }
    decode(bytes)
}

fn decode(bytes: Vec<u8>) -> Result<String, Unread> {
    let big = bytes.starts_with(&[0xfe, 0xff]);
    if big || bytes.starts_with(&[0xff, 0xfe]) {
        let units = bytes.chunks_exact(2).map(|pair| match pair {
            [high, low] if big => u16::from_be_bytes([*high, *low]),
            [low, high] => u16::from_le_bytes([*low, *high]),
            _ => 0,
        });
        let glimpse = char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
        return Err(Unread { why: "UTF-16, and only UTF-8 is read".to_owned(), glimpse });
    }
    let text = String::from_utf8(bytes).map_err(|error| Unread {
        why: format!("no UTF-8 from byte {} on, so it was not read", error.utf8_error().valid_up_to()),
        glimpse: String::from_utf8_lossy(error.as_bytes()).into_owned(),
    })?;
    whole(text)
}

fn whole(text: String) -> Result<String, Unread> {
    if text.contains('\0') {
        let why = "it holds a NUL byte, so it was taken for a binary file and not read".to_owned();
        return Err(Unread { why, glimpse: text });
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::super::{Options, discover};
    use super::*;

    #[test]
    fn only_text_is_read() {
        let read = |bytes: &[u8]| decode(bytes.to_vec()).map_err(|unread| unread.why);
        assert_eq!(read(b"a = 1\r\n").unwrap(), "a = 1\r\n");
        assert!(read(b"a\xff").unwrap_err().contains("byte 1"));
        assert!(read(b"\xff\xfea\0").unwrap_err().contains("UTF-16"));
        assert!(read(b"a\0").unwrap_err().contains("NUL"));
    }

    #[test]
    fn a_file_that_cannot_be_read_is_a_note() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("Procfile"), "web: x\n").unwrap();
        std::fs::create_dir(folder.path().join("app.py")).unwrap();
        std::fs::write(folder.path().join("big.py"), vec![b'#'; (2 << 20) + 1]).unwrap();
        std::fs::write(folder.path().join("big.sh"), vec![b'#'; (1 << 20) + 1]).unwrap();
        let candidate = |path: &str, kind| Candidate { path: path.to_owned(), kind: Guess::Sure(kind) };
        let loaded = load(
            folder.path(),
            &[
                candidate("Procfile", FileKind::Procfile),
                candidate("app.py", FileKind::Python),
                candidate("big.py", FileKind::Python),
                candidate("big.sh", FileKind::Script),
                candidate("gone.py", FileKind::Python),
            ],
            &[],
            &Unwanted::default(),
        );
        assert_eq!(loaded.files.iter().count(), 1);
        let notes: Vec<_> = loaded.notes.iter().map(|note| note.path.as_str()).collect();
        assert_eq!(notes, ["app.py", "big.py", "big.sh", "gone.py"]);
    }

    #[test]
    fn what_an_editor_holds_counts_instead_of_what_is_on_disk() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("web.yaml"), "a: 1\n").unwrap();
        std::fs::write(folder.path().join("main.py"), "a = 1\n").unwrap();
        let held = |path: &str, text: &str| (path.to_owned(), Arc::from(text));
        let unsaved = BTreeMap::from([
            held("web.yaml", "apiVersion: v1\nkind: Pod\n"),
            held("Procfile", "web: x\n"),
            held("notes", "x\n"),
            held("main.py", "a = '\0'\n"),
        ]);
        let mut found = discover(folder.path(), &[], &Options::default()).unwrap();
        found.add_unsaved(folder.path(), unsaved.keys());
        let loaded = load_over(folder.path(), &found.files, &found.others, &found.unwanted, &unsaved);
        let kinds: Vec<_> = loaded.files.iter().map(|(id, file)| (file.path(), loaded.kinds[&id])).collect();
        assert_eq!(kinds, [("Procfile", FileKind::Procfile), ("web.yaml", FileKind::Kubernetes)]);
        assert!(matches!(loaded.notes.as_slice(), [note] if note.path == "main.py"), "{:?}", loaded.notes);
    }

    #[test]
    fn files_of_any_name_are_read_where_something_names_them() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write("Dockerfile", "COPY deploy.web /etc/app/settings\nCMD gunicorn -c /etc/app/settings a\n");
        write("deploy.web", "workers = 2\n");
        write("web.conf", "bind = ':80'\n");
        write("start.sh", "exec gunicorn --config=web.conf \"$CONFIG_FILE\" a\n");
        write("unnamed.conf", "bind = ':80'\n");
        let candidate = |path: &str| Candidate { path: path.to_owned(), kind: Guess::of(path).unwrap() };
        let candidates = ["Dockerfile", "start.sh", "unnamed.conf", "web.conf"].map(candidate);
        let loaded =
            load(folder.path(), &candidates, &["deploy.web".to_owned(), "gone.web".to_owned()], &Unwanted::default());
        let kind = |path: &str| loaded.kinds.get(&loaded.files.find(path)?).copied();
        assert_eq!(kind("deploy.web"), Some(FileKind::PythonConfiguration));
        assert_eq!(kind("web.conf"), Some(FileKind::PythonConfiguration));
        assert_eq!((kind("unnamed.conf"), kind("gone.web")), (None, None));
        assert!(loaded.notes.is_empty(), "{:?}", loaded.notes);
    }

    #[test]
    fn what_lies_where_nobody_looks_is_read_where_something_names_it() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        let services = "services:\n  web:\n    build: {context: .., dockerfile: build/Dockerfile}\n    env_file:\n      \
                        - ../.envs/.production/.django\n      - .env\n      - ../../outside.env\n";
        write("deploy/compose.yaml", services);
        write(".envs/.production/.django", "WEB_CONCURRENCY=4\n");
        write(".envs/.local/.django", "WEB_CONCURRENCY=1\n");
        write("deploy/.env", "A=1\n");
        write("build/Dockerfile", "FROM python\n");
        write("node_modules/x/.env", "A=1\n");
        let compose = Candidate { path: "deploy/compose.yaml".to_owned(), kind: Guess::Sure(FileKind::Compose) };
        let paths = |options: &Options| -> Vec<String> {
            let found = discover(folder.path(), &[], options).unwrap();
            let loaded = load(folder.path(), std::slice::from_ref(&compose), &[], &found.unwanted);
            loaded.files.iter().map(|(_, file)| file.path().to_owned()).collect()
        };
        let named = ["deploy/compose.yaml", ".envs/.production/.django", "build/Dockerfile", "deploy/.env"];
        assert_eq!(paths(&Options::default()), named);
        // What the user leaves out stays out.
        write(".farrierignore", "build\n");
        let options = Options { exclude: vec![".envs".to_owned()] };
        assert_eq!(paths(&options), ["deploy/compose.yaml", "deploy/.env"]);
    }

    #[test]
    fn a_named_folder_is_read_for_what_it_is_named_for() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("compose.yaml", "services:\n  web:\n    build: ./vendor/web\n");
        write("vendor/web/Dockerfile", "FROM python\nCOPY vendor/web/start.sh /\nCMD /start.sh\n");
        write("vendor/web/start.sh", "#!/bin/sh\nexec gunicorn app:app\n");
        write("vendor/other/Dockerfile", "FROM python\n");
        write("Makefile", "up:\n\thelm install web ./dist/chart\n");
        write("dist/chart/Chart.yaml", "name: web\n");
        write("dist/chart/values.yaml", "a: 1\n");
        write("dist/chart/templates/web.yaml", "apiVersion: v1\nkind: Pod\n");
        write("dist/other/Chart.yaml", "name: other\n");
        let found = discover(folder.path(), &[], &Options::default()).unwrap();
        let loaded = load(folder.path(), &found.files, &found.others, &found.unwanted);
        let mut paths: Vec<_> = loaded.files.iter().map(|(_, file)| file.path()).collect();
        paths.sort_unstable();
        let chart = ["dist/chart/Chart.yaml", "dist/chart/templates/web.yaml", "dist/chart/values.yaml"];
        let image = ["vendor/web/Dockerfile", "vendor/web/start.sh"];
        assert_eq!(paths, [&["Makefile", "compose.yaml"][..], &chart, &image].concat());
    }

    #[test]
    fn a_file_that_may_be_anything_is_noted_only_if_it_would_have_mattered() {
        let folder = tempfile::tempdir().unwrap();
        let wide = |text: &str| -> Vec<u8> {
            [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect()
        };
        std::fs::write(folder.path().join("web.yaml"), wide("apiVersion: v1\nkind: Pod\n")).unwrap();
        std::fs::write(folder.path().join("data.yaml"), wide("a: 1\n")).unwrap();
        std::fs::write(folder.path().join("uwsgi.ini"), b"[uwsgi]\nname = caf\xe9\n").unwrap();
        std::fs::write(folder.path().join("program"), b"\x7fELF\0").unwrap();
        let names = ["web.yaml", "data.yaml", "uwsgi.ini", "program"];
        let candidates: Vec<_> =
            names.iter().map(|&path| Candidate { path: path.to_owned(), kind: Guess::of(path).unwrap() }).collect();
        let notes = load(folder.path(), &candidates, &[], &Unwanted::default()).notes;
        assert_eq!(notes.iter().map(|note| note.path.as_str()).collect::<Vec<_>>(), ["web.yaml", "uwsgi.ini"]);
    }
}
