//! The walk.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use ignore::overrides::{Override, OverrideBuilder};
use ignore::{DirEntry, WalkBuilder};

use super::{Error, tracked};
use crate::findings::Note;
use crate::source::{Guess, read_text};
use crate::values::Order as _;

/// Folders that hold other people's code, or what a build made; skipped whatever ignore files say.
const SKIPPED: [&str; 10] = [
    "node_modules",
    "__pycache__",
    "site-packages",
    "__pypackages__",
    "build",
    "dist",
    "target",
    "htmlcov",
    "bower_components",
    "vendor",
];

/// Hidden folders in which platforms look for their files.
const HIDDEN: [&str; 8] = [".do", ".aws", ".azure", ".ebextensions", ".platform", ".docker", ".deploy", ".k8s"];

/// What stands in the root of a project.
const MARKERS: [&str; 8] = [
    ".git",
    "pyproject.toml",
    "setup.py",
    "Procfile",
    "Dockerfile",
    "compose.yaml",
    "docker-compose.yml",
    "farrier.toml",
];

/// What stands in the root of a service that shares its repository with others, and less often elsewhere in it: where a
/// folder is named, it tells which of them.
const FOLDER_MARKERS: [&str; 8] = [
    "setup.cfg",
    "requirements.txt",
    "Pipfile",
    "manage.py",
    "compose.yml",
    "docker-compose.yaml",
    "farrier-baseline.json",
    ".farrierignore",
];

/// A package with one of these is the root of a project, which some test runners want to be a package; and who puts
/// settings into one wants it to be looked at by itself.
const SETTLED: [&str; 11] = [
    "farrier.toml",
    "farrier-baseline.json",
    ".git",
    "pyproject.toml",
    "setup.py",
    "setup.cfg",
    "Procfile",
    "manage.py",
    "requirements.txt",
    "compose.yaml",
    "docker-compose.yml",
];

/// More files than a project has that nothing but git makes one. A home folder under git has more, and all of `/tmp`.
const MAX_AROUND: usize = 20_000;

/// More files than a project has; a walk from `/` ends here.
const MAX_FILES: usize = 50_000;

/// How to walk.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Patterns of paths to leave out, spelled as in a `.gitignore` in the root.
    pub exclude: Vec<String>,
}

/// A file that has a reader.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Candidate {
    /// Path relative to the root, with `/` between its parts.
    pub path: String,
    /// What its name tells.
    pub kind: Guess,
}

/// What a walk came back with, both sorted by path.
#[derive(Debug, Default)]
pub struct Found {
    /// The files to read.
    pub files: Vec<Candidate>,
    /// The other files, whose names say nothing: they are read if something that is read names them.
    pub others: Vec<String>,
    /// What was left out although its name says it matters.
    pub notes: Vec<Note>,
    /// What the user does not want to be read, whoever names it.
    pub unwanted: Unwanted,
    /// The patterns that leave out nothing that would have been looked at without them.
    pub idle: Vec<String>,
}

impl Found {
    /// Adds what an editor holds at these paths and has not saved yet.
    pub fn add_unsaved<'p>(&mut self, root: &Path, paths: impl Iterator<Item = &'p String>) {
        let new = paths.filter(|path| !root.join(path).exists() && !self.unwanted.holds(path));
        let new = new.filter_map(|path| Some(Candidate { path: path.clone(), kind: Guess::of(path)? }));
        self.files.extend(new.collect::<Vec<_>>());
        self.files.order();
    }
}

/// What the user leaves out, by the settings or by a `.farrierignore` in the root.
#[derive(Debug)]
pub struct Unwanted(Gitignore);

impl Default for Unwanted {
    fn default() -> Self {
        Self(Gitignore::empty())
    }
}

impl Unwanted {
    /// Whether a path relative to the root, or a folder around it, is left out.
    pub(super) fn holds(&self, path: &str) -> bool {
        self.0.matched_path_or_any_parents(path, false).is_ignore()
    }
}

/// The files below `root` that have a reader; `named` ones are among them whatever ignore files say.
///
/// `.gitignore` counts with and without git, except for what git tracks all the same; `.farrierignore` counts as well. Hidden files are left out except
/// for `.env` and its relatives and the folders of platforms. Only regular files are opened, so that a pipe cannot stop the run; a
/// symbolic link counts if it leads to one inside the root.
pub fn discover(root: &Path, named: &[PathBuf], options: &Options) -> Result<Found, Error> {
    let metadata = fs::metadata(root).map_err(|_| Error::Missing(root.to_path_buf()))?;
    if !metadata.is_dir() {
        return Err(Error::Missing(root.to_path_buf()));
    }
    let real_root = root.canonicalize().map_err(|error| Error::Unreadable(root.to_path_buf(), error))?;
    let mut found = Found::default();
    let excluded = excluded(root, &options.exclude)?;
    found.idle = idle(root, &real_root, &options.exclude);
    let (first, mut closed) = walk(root, &real_root);
    let mut walks = vec![first];
    'all: while let Some(Walk { mut builder, put_off }) = walks.pop() {
        for entry in builder.overrides(excluded.clone()).sort_by_file_name(std::ffi::OsStr::cmp).build() {
            match entry {
                Ok(entry) if !entry.file_type().is_some_and(|kind| kind.is_dir()) => {
                    if found.files.len() >= MAX_FILES {
                        found.notes.push(Note::file("", format!("more than {MAX_FILES} files: the rest was not read")));
                        break 'all;
                    }
                    consider(&entry, root, &real_root, &mut found);
                }
                Ok(_) => {}
                Err(error) => found.notes.push(unreadable(&error, root)),
            }
        }
        for folder in put_off.take() {
            closed.extend(self::closed(&folder));
            walks.push(Walk::of_everything(&folder));
        }
    }
    add_tracked(root, &real_root, &excluded, &mut found);
    found.notes.extend(closed.iter().map(|path| {
        let path = path.strip_prefix(root).map_or_else(|_| path.display().to_string(), slashed);
        Note::file(path, "no regular file, so nothing was left out for it")
    }));
    for path in named {
        let real = path.canonicalize().map_err(|error| missing(path, error))?;
        let inside = real.strip_prefix(&real_root).map_err(|_| Error::Outside(path.clone(), root.to_path_buf()))?;
        let path = slashed(inside);
        if let Some(kind) = Guess::of(&path) {
            found.files.push(Candidate { path, kind });
        }
    }
    found.unwanted = unwanted(root, &options.exclude);
    found.files.order();
    found.files.dedup();
    found.notes.order();
    Ok(found)
}

/// Adds what git tracks although a `.gitignore` names it.
fn add_tracked(root: &Path, real_root: &Path, excluded: &Override, found: &mut Found) {
    let seen: HashSet<&str> =
        found.files.iter().map(|file| file.path.as_str()).chain(found.others.iter().map(String::as_str)).collect();
    let mut missing = tracked::files(real_root);
    missing.retain(|path| !seen.contains(path.as_str()) && root.join(path).is_file());
    if missing.is_empty() {
        return;
    }
    let (start, left) = (root.to_path_buf(), missing.clone());
    let leads_there = move |entry: &DirEntry| {
        let Ok(path) = entry.path().strip_prefix(&start) else { return false };
        let path = slashed(path);
        if !entry.file_type().is_some_and(|kind| kind.is_dir()) {
            return left.contains(&path);
        }
        let inside = format!("{path}/");
        path.is_empty() || left.range(inside.clone()..).next().is_some_and(|next| next.starts_with(&inside))
    };
    let mut builder = WalkBuilder::new(root);
    builder.hidden(false).require_git(false).git_global(false).git_ignore(false).git_exclude(false);
    builder.add_custom_ignore_filename(".farrierignore").overrides(excluded.clone());
    builder.filter_entry(move |entry| is_wanted(entry) && closed(entry.path()).is_none() && leads_there(entry));
    for entry in builder.sort_by_file_name(std::ffi::OsStr::cmp).build().flatten() {
        if !entry.file_type().is_some_and(|kind| kind.is_dir()) && found.files.len() < MAX_FILES {
            consider(&entry, root, real_root, found);
        }
    }
}

fn missing(path: &Path, error: std::io::Error) -> Error {
    if error.kind() == std::io::ErrorKind::NotFound {
        Error::Missing(path.to_path_buf())
    } else {
        Error::Unreadable(path.to_path_buf(), error)
    }
}

/// The project that `path` belongs to: the nearest folder, its own among them, that looks like the root of one.
///
/// Packages are climbed out of first, as long as they are no repository and no distribution of their own: their modules
/// are imported from beside them. What lies beside one that looks like a root is no project for that, unless it looks
/// like one itself: somebody keeps all his projects there. A path in no project is, or lies in, one of its own.
pub fn root_of(path: &Path) -> Result<PathBuf, Error> {
    let metadata = fs::metadata(path).map_err(|error| missing(path, error))?;
    let real = path.canonicalize().map_err(|error| missing(path, error))?;
    let is_folder = metadata.is_dir();
    let home = if is_folder { &*real } else { real.parent().unwrap_or(Path::new("/")) };
    let has = |folder: &Path, names: &[&str]| names.iter().any(|name| folder.join(name).exists());
    let package = |folder: &&Path| has(folder, &["__init__.py"]) && !has(folder, &SETTLED);
    let outside = home.ancestors().find(|folder| !package(folder)).unwrap_or(home);
    let marked = |folder: &&Path| has(folder, &MARKERS) || is_folder && has(folder, &FOLDER_MARKERS);
    let packages = || home.ancestors().take_while(package);
    let alone = || packages().filter(marked).last().unwrap_or(outside);
    let root = outside.ancestors().find(marked).unwrap_or_else(alone);
    let only_git = root != outside && !MARKERS.iter().any(|name| *name != ".git" && root.join(name).exists());
    let root = if only_git && outside.starts_with(root) && is_vast(root) { alone() } else { root };
    // What was typed is what notes and messages name.
    Ok(if is_folder && root == real { path.to_path_buf() } else { root.to_path_buf() })
}

fn is_vast(folder: &Path) -> bool {
    walk(folder, folder).0.builder.build().nth(MAX_AROUND).is_some()
}

/// Files that say what is left out. The walker opens whatever bears such a name, and a pipe would not answer.
const IGNORE_FILES: [&str; 4] = [".gitignore", ".ignore", ".farrierignore", ".git/info/exclude"];

/// The file in `folder` that ought to say what is left out, and that cannot be opened.
fn closed(folder: &Path) -> Option<PathBuf> {
    let paths = IGNORE_FILES.iter().map(|name| folder.join(name));
    paths.into_iter().find(|path| fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir()))
}

/// Folders that a walk must not enter.
#[derive(Clone, Default)]
struct PutOff(Arc<Mutex<Vec<PathBuf>>>);

impl PutOff {
    fn add(&self, folder: &Path) {
        if let Ok(mut folders) = self.0.lock() {
            folders.push(folder.to_path_buf());
        }
    }

    fn take(&self) -> Vec<PathBuf> {
        self.0.lock().map(|mut folders| std::mem::take(&mut *folders)).unwrap_or_default()
    }
}

/// A walk, and the folders that it has to leave to others.
struct Walk {
    builder: WalkBuilder,
    put_off: PutOff,
}

impl Walk {
    /// One that heeds the files that say what is left out, and puts off the folders in which one cannot be opened.
    fn of_what_is_kept(root: &Path) -> Self {
        let put_off = PutOff::default();
        let later = put_off.clone();
        let mut builder = WalkBuilder::new(root);
        builder.hidden(false).require_git(false).git_global(false).add_custom_ignore_filename(".farrierignore");
        builder.filter_entry(move |entry| {
            if !is_wanted(entry) {
                return false;
            }
            let enters = entry.depth() == 0 || !entry.file_type().is_some_and(|kind| kind.is_dir());
            let open = enters || closed(entry.path()).is_none();
            if !open {
                later.add(entry.path());
            }
            open
        });
        Self { builder, put_off }
    }

    /// One that opens no file that says what is left out.
    fn of_everything(root: &Path) -> Self {
        let mut builder = WalkBuilder::new(root);
        builder.hidden(false).require_git(false).git_global(false).filter_entry(is_wanted);
        // Those of the folders above are opened as long as any of them counts.
        builder.parents(false).git_ignore(false).git_exclude(false).ignore(false);
        Self { builder, put_off: PutOff::default() }
    }
}

/// What is looked at where no pattern leaves anything out, and what of the root and of the folders above it leaves out
/// nothing because it cannot be opened.
fn walk(root: &Path, real_root: &Path) -> (Walk, Vec<PathBuf>) {
    let above = real_root.ancestors().skip(1).filter_map(closed);
    let closed: Vec<PathBuf> = above.chain(closed(root)).collect();
    (if closed.is_empty() { Walk::of_what_is_kept(root) } else { Walk::of_everything(root) }, closed)
}

/// The patterns that match no file and no folder below `root`.
fn idle(root: &Path, real_root: &Path, patterns: &[String]) -> Vec<String> {
    let built = |pattern: &String| {
        let mut builder = GitignoreBuilder::new("");
        builder.add_line(None, pattern).ok()?;
        Some((pattern.clone(), builder.build().ok()?))
    };
    let mut open: Vec<(String, Gitignore)> = patterns.iter().filter_map(built).collect();
    if open.is_empty() {
        return Vec::new();
    }
    for entry in walk(root, real_root).0.builder.build().flatten().take(MAX_FILES) {
        let Ok(path) = entry.path().strip_prefix(root) else { continue };
        let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
        open.retain(|(_, pattern)| {
            path.as_os_str().is_empty() || !pattern.matched_path_or_any_parents(path, is_folder).is_ignore()
        });
        if open.is_empty() {
            break;
        }
    }
    open.into_iter().map(|(pattern, _)| pattern).collect()
}

fn unwanted(root: &Path, patterns: &[String]) -> Unwanted {
    let mut builder = GitignoreBuilder::new("");
    for pattern in patterns {
        // One that cannot be used has stopped the walk.
        let _ = builder.add_line(None, pattern);
    }
    for line in read_text(&root.join(".farrierignore")).unwrap_or_default().lines() {
        let _ = builder.add_line(None, line);
    }
    Unwanted(builder.build().unwrap_or_else(|_| Gitignore::empty()))
}

fn excluded(root: &Path, patterns: &[String]) -> Result<Override, Error> {
    let mut builder = OverrideBuilder::new(root);
    for pattern in patterns {
        // An override includes; with `!` it leaves out.
        builder.add(&format!("!{pattern}")).map_err(|error| Error::Pattern(pattern.clone(), error))?;
    }
    builder.build().map_err(|error| Error::Pattern(patterns.join(" "), error))
}

fn is_wanted(entry: &DirEntry) -> bool {
    // The root was asked for, whatever it is called.
    if entry.depth() == 0 {
        return true;
    }
    let name = entry.file_name().to_string_lossy();
    if !entry.file_type().is_some_and(|kind| kind.is_dir()) {
        return !name.starts_with('.')
            || name.starts_with(".env")
            || matches!(name.as_ref(), ".justfile" | ".dockerignore" | ".gitlab-ci.yml");
    }
    // Of what is kept for GitHub only what builds images says anything about them.
    if name == ".github" {
        return entry.path().join("workflows").is_dir();
    }
    if entry.path().parent().is_some_and(|outer| outer.ends_with(".github")) {
        return name == "workflows";
    }
    let foreign = SKIPPED.contains(&name.as_ref()) && !is_kept_by_people(entry.path(), &name);
    let hidden = name.starts_with('.') && !HIDDEN.contains(&name.as_ref());
    !(hidden || foreign || is_environment(entry.path()))
}

/// A folder called `build` may well be a package of the project, or hold what the project is built with.
fn is_kept_by_people(folder: &Path, name: &str) -> bool {
    let marks = ["Dockerfile", "docker/Dockerfile", "package/Dockerfile", "Chart.yaml"];
    folder.join("__init__.py").exists() || name == "build" && marks.iter().any(|mark| folder.join(mark).is_file())
}

/// Whether a folder is a virtual environment, old ones and those of conda included. What is only called `env` may
/// hold the variables of the services.
fn is_environment(folder: &Path) -> bool {
    let marks = ["pyvenv.cfg", "conda-meta", "bin/activate_this.py", "bin/activate", "Scripts/activate.bat"];
    marks.iter().any(|mark| folder.join(mark).exists())
}

/// Whether the walk leaves out what lies there by the name of a folder.
pub(super) fn is_left_out(path: &str) -> bool {
    let mut parts = path.split('/').rev();
    let name = parts.next().unwrap_or_default();
    name.starts_with('.')
        || parts.any(|part| part.starts_with('.') && !HIDDEN.contains(&part) || SKIPPED.contains(&part))
}

fn consider(entry: &DirEntry, root: &Path, real_root: &Path, found: &mut Found) {
    let path = slashed(entry.path().strip_prefix(root).unwrap_or(entry.path()));
    let file_type = entry.file_type();
    let Some(kind) = Guess::of(&path) else {
        if file_type.is_some_and(|kind| kind.is_file()) && found.others.len() < MAX_FILES {
            found.others.push(path);
        }
        return;
    };
    if file_type.is_some_and(|kind| kind.is_file()) {
        found.files.push(Candidate { path, kind });
        return;
    }
    let why = if file_type.is_some_and(|kind| kind.is_symlink()) {
        match entry.path().canonicalize() {
            Ok(real) if !real.starts_with(real_root) => "a symbolic link that leaves the project",
            Ok(real) if real.is_file() => {
                found.files.push(Candidate { path, kind });
                return;
            }
            Ok(_) => "a symbolic link to something that is no file",
            Err(_) => "a symbolic link that leads nowhere",
        }
    } else {
        "no regular file"
    };
    // A file that may well be something else is not missed.
    if !kind.is_open(&path) {
        found.notes.push(Note::file(path, format!("{why}, so it was not read")));
    }
}

fn unreadable(error: &ignore::Error, root: &Path) -> Note {
    let path = match error {
        ignore::Error::WithPath { path, .. } => slashed(path.strip_prefix(root).unwrap_or(path)),
        _ => String::new(),
    };
    Note::file(path, format!("could not be walked: {error}"))
}

fn slashed(path: &Path) -> String {
    path.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(files: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let path = folder.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        folder
    }

    fn paths(root: &Path, named: &[PathBuf], options: &Options) -> Vec<String> {
        discover(root, named, options).unwrap().files.into_iter().map(|file| file.path).collect()
    }

    #[cfg(unix)]
    #[test]
    fn pipes_with_the_names_of_ignore_files_do_not_stop_the_walk() {
        let folder = project(&["app.py", "open/c.py", ".git/info/x"]);
        let pipe = |name: &str| {
            rustix::fs::mkfifoat(rustix::fs::CWD, folder.path().join(name), rustix::fs::Mode::RUSR).unwrap();
        };
        for name in IGNORE_FILES {
            pipe(name);
            let found = discover(folder.path(), &[], &Options::default()).unwrap();
            assert!(found.notes.iter().any(|note| note.path == name), "{name}");
            let inner = discover(&folder.path().join("open"), &[], &Options::default()).unwrap();
            assert_eq!(inner.notes.len(), 1, "{name}");
            fs::remove_file(folder.path().join(name)).unwrap();
        }
        // In a folder below, only that one is read whole.
        fs::write(folder.path().join(".gitignore"), "app.py\n").unwrap();
        for name in &IGNORE_FILES[..3] {
            let inside = format!("open/{name}");
            pipe(&inside);
            let found = discover(folder.path(), &[], &Options::default()).unwrap();
            assert!(found.notes.iter().any(|note| note.path == inside), "{name}");
            assert_eq!(found.files.iter().map(|file| file.path.as_str()).collect::<Vec<_>>(), ["open/c.py"]);
            fs::remove_file(folder.path().join(&inside)).unwrap();
        }
    }

    #[test]
    fn reads_what_has_a_reader_and_is_the_projects_own() {
        let folder = project(&[
            "app/main.py",
            ".venv/lib/x.py",
            "myenv/pyvenv.cfg",
            "myenv/y.py",
            "venv/bin/activate",
            "venv/z.py",
            "env/web.env",
            "node_modules/z.py",
            "build/__init__.py",
            "build/own.py",
            "api/build/package/Dockerfile",
            "api/dist/Dockerfile",
            "web/build/lib/setup.py",
            "dist/w.py",
            ".env.production",
            "Procfile",
            "README.md",
        ]);
        let found = paths(folder.path(), &[], &Options::default());
        assert_eq!(
            found,
            [
                ".env.production",
                "Procfile",
                "api/build/package/Dockerfile",
                "app/main.py",
                "build/__init__.py",
                "build/own.py",
                "env/web.env"
            ]
        );
    }

    #[test]
    fn ignore_files_count_unless_a_file_is_named() {
        let folder = project(&["a.py", "b.py", "c.py"]);
        fs::write(folder.path().join(".gitignore"), "b.py\n").unwrap();
        fs::write(folder.path().join(".farrierignore"), "c.py\n").unwrap();
        assert_eq!(paths(folder.path(), &[], &Options::default()), ["a.py"]);
        assert_eq!(paths(folder.path(), &[folder.path().join("b.py")], &Options::default()), ["a.py", "b.py"]);
        let without_a = Options { exclude: vec!["a.*".to_owned()] };
        assert!(paths(folder.path(), &[], &without_a).is_empty());
    }

    #[test]
    fn what_git_tracks_is_read_whatever_ignore_files_say() {
        let folder =
            project(&["a.py", "data/b.py", "data/c.py", "data/.venv/d.py", "logs/e.py", "f.py", "requirements.txt"]);
        let root = folder.path();
        fs::write(root.join(".gitignore"), "data/\nlogs/\n*.txt\n").unwrap();
        fs::write(root.join(".farrierignore"), "f.py\n").unwrap();
        let git = |words: &[&str]| {
            let done = std::process::Command::new("git").args(words).current_dir(root).status().unwrap();
            assert!(done.success(), "git {words:?}");
        };
        git(&["init", "--quiet"]);
        git(&["add", "--force", "data/b.py", "data/.venv/d.py", "f.py", "requirements.txt"]);
        assert_eq!(paths(root, &[], &Options::default()), ["a.py", "data/b.py", "requirements.txt"]);
        let without = Options { exclude: vec!["data".to_owned()] };
        assert_eq!(paths(root, &[], &without), ["a.py", "requirements.txt"]);
    }

    #[cfg(unix)]
    #[test]
    fn links_count_only_inside_the_project() {
        use std::os::unix::fs::symlink;
        let outside = project(&["secret.py"]);
        let folder = project(&["a/real.py"]);
        symlink(folder.path().join("a/real.py"), folder.path().join("link.py")).unwrap();
        symlink(outside.path().join("secret.py"), folder.path().join("out.py")).unwrap();
        symlink(folder.path(), folder.path().join("a/loop")).unwrap();
        symlink("nowhere", folder.path().join("gone.py")).unwrap();
        let found = discover(folder.path(), &[], &Options::default()).unwrap();
        let paths: Vec<_> = found.files.iter().map(|file| file.path.as_str()).collect();
        assert_eq!(paths, ["a/real.py", "link.py"]);
        assert_eq!(found.notes.iter().map(|note| note.path.as_str()).collect::<Vec<_>>(), ["gone.py", "out.py"]);
    }

    #[test]
    fn a_file_belongs_to_the_nearest_project() {
        let folder = project(&["Procfile", "deploy/gunicorn.conf.py"]);
        let root = root_of(&folder.path().join("deploy/gunicorn.conf.py")).unwrap();
        assert_eq!(root, folder.path().canonicalize().unwrap());
        assert!(matches!(root_of(Path::new("/nowhere/at/all")), Err(Error::Missing(_))));
    }

    #[test]
    fn a_folder_belongs_to_the_project_around_it() {
        let folder = project(&[
            "pyproject.toml",
            "src/shop/__init__.py",
            "src/shop/Dockerfile",
            "src/shop/api/__init__.py",
            "src/shop/api/items.py",
            "services/mail/requirements.txt",
            "services/mail/jobs/send.py",
            "known/__init__.py",
            "known/farrier.toml",
            "site/__init__.py",
            "site/Procfile",
            "site/shop/__init__.py",
        ]);
        let top = folder.path().canonicalize().unwrap();
        let root = |path: &str| root_of(&folder.path().join(path)).unwrap().canonicalize().unwrap();
        for inside in ["", "src", "src/shop", "src/shop/api", "src/shop/api/items.py", "services"] {
            assert_eq!(root(inside), top, "{inside}");
        }
        assert_eq!(root("services/mail"), top.join("services/mail"));
        assert_eq!(root("services/mail/jobs"), top.join("services/mail"));
        assert_eq!(root("known"), top.join("known"));
        assert_eq!(root("site"), top.join("site"));
        assert_eq!(root("site/shop"), top.join("site"));
        // Test runners want this root to be a package.
        for mark in ["Dockerfile", "pyproject.toml", ".git/HEAD", "manage.py"] {
            let many = project(&["other/app.py", "shop/__init__.py", "shop/api/__init__.py", &format!("shop/{mark}")]);
            let shop = many.path().canonicalize().unwrap().join("shop");
            for inside in ["shop", "shop/api"] {
                let found = root_of(&many.path().join(inside)).unwrap().canonicalize().unwrap();
                assert_eq!(found, shop, "{inside}, {mark}");
            }
        }
        let alone = project(&["shop/__init__.py", "shop/api/__init__.py"]);
        let home = alone.path().canonicalize().unwrap();
        assert_eq!(root_of(&alone.path().join("shop/api")).unwrap(), home);
        assert_eq!(root_of(alone.path()).unwrap(), alone.path());
    }

    #[test]
    fn what_only_git_holds_together_is_a_project_unless_it_is_vast() {
        let folder = project(&[".git/config", "work/notes/run.py"]);
        let top = folder.path().canonicalize().unwrap();
        assert_eq!(root_of(&top.join("work/notes")).unwrap(), top);
        for at in 0..MAX_AROUND {
            fs::File::create(top.join(format!("work/{at}"))).unwrap();
        }
        assert_eq!(root_of(&top.join("work/notes")).unwrap(), top.join("work/notes"));
    }
}
