//! Which file of the project a path of the running server is.
//!
//! In a container the server sees the paths of the image; `COPY` and the working folder tell which
//! folder of the project they came from. Where several answers are possible, the ones that exist in
//! the project are tried in the order of likelihood.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use super::host;
use super::left_out::LeftOut;
use crate::source::{FileId, Files, Place, pattern_fits};
use crate::values::Order as _;

/// More copies and mounts than any container has; each path of a server is held against all of them.
const MAX_COPIES: usize = 2_000;

/// One `COPY` with its paths made comparable.
#[derive(Debug, Clone)]
struct Copy {
    /// Relative to the project root.
    source: String,
    /// Absolute in the image.
    destination: String,
    /// Whether the source keeps its name below the destination.
    into_folder: bool,
    /// Whether the destination lies below a working folder that nobody knows, because the base image sets it.
    floats: bool,
    /// What does not come with it.
    left_out: Option<Arc<LeftOut>>,
    /// What its source fits, where that is a pattern: it is asked about every import that is followed.
    landings: Landings,
}

/// Files, and where in the path of each the one begins that it lands at; in the order of those.
type Landings = Arc<OnceLock<Vec<(FileId, usize)>>>;

/// The folders of a running server, in terms of the project.
#[derive(Debug, Clone, Default)]
pub(super) struct Roots {
    /// The folder it starts in, as the server sees it; empty where it is the project's own.
    working: String,
    /// The project's folder that stands for it when nothing better is known.
    base: String,
    copies: Arc<Vec<Copy>>,
    /// The folder of the file that starts it, where it runs on a machine that nothing else tells of.
    remote: Option<String>,
    /// What is known of the rest of the image, where that is all there is.
    rest: Option<Rest>,
    /// What copies from the project leave behind.
    left_out: Option<Arc<LeftOut>>,
    /// Whether it may have gone to a folder that nobody knows.
    adrift: bool,
    /// Lines that commands change before the server reads them, and the commands.
    patched: Arc<Vec<(Place, Place)>>,
}

/// What an image holds besides copies from the project.
#[derive(Debug, Clone, Default)]
pub(super) struct Rest {
    /// Files of which nothing but the path is known.
    pub(super) holds: Vec<String>,
    /// The commands that ran while it was built, which may have left files.
    pub(super) commands: Vec<String>,
}

impl Roots {
    /// A server on a machine that has `folder` of the project somewhere, at `working` if that is known; the
    /// file that starts it lies in `beside`.
    pub(super) fn machine(folder: &str, beside: &str, working: Option<&str>) -> Self {
        let mut roots = Self::project(folder);
        roots.remote = Some(beside.to_owned());
        if let Some(working) = working {
            roots.working = join("/", working);
            roots.mount(folder, working);
        }
        roots
    }

    /// A server that starts in a folder of the project itself.
    pub(super) fn project(folder: &str) -> Self {
        Self {
            working: String::new(),
            base: folder.to_owned(),
            copies: Arc::default(),
            remote: None,
            rest: None,
            left_out: None,
            adrift: false,
            patched: Arc::default(),
        }
    }

    /// A server in an image built from `context`, started in `working`.
    pub(super) fn image(context: &str, working: Option<&str>) -> Self {
        let working = working.map_or_else(|| "/".to_owned(), |path| join("/", path));
        Self {
            working,
            base: context.to_owned(),
            copies: Arc::default(),
            remote: None,
            rest: None,
            left_out: None,
            adrift: false,
            patched: Arc::default(),
        }
    }

    /// Records that the image holds nothing else than `rest` and what was copied.
    pub(super) fn close(&mut self, rest: Rest) {
        self.rest = Some(rest);
    }

    /// Says what copies from the project leave behind from here on.
    pub(super) fn leave(&mut self, left_out: Option<LeftOut>) {
        self.left_out = left_out.map(Arc::new);
    }

    /// Whether there is a file at `path`; `None` where that is not known.
    pub(super) fn has(&self, files: &Files, path: &str) -> Option<bool> {
        if self.file(files, path).is_some() {
            return Some(true);
        }
        let rest = self.rest.as_ref()?;
        let absolute = join(&self.working, path);
        if rest.holds.contains(&absolute) {
            return Some(true);
        }
        // Only Python code and scripts are sure to be among the files that are read.
        let name =
            absolute.rsplit('/').next().filter(|name| matches!(name.rsplit_once('.'), Some((_, "py" | "sh"))))?;
        (!rest.commands.iter().any(|command| may_leave(command, name))).then_some(false)
    }

    /// Starts in another folder from here on.
    pub(super) fn enter(&mut self, path: &str) {
        self.adrift &= !path.starts_with('/');
        if self.working.is_empty() && !path.starts_with('/') {
            self.base = join(&self.base, path);
        } else {
            self.working = join(&self.working, path);
        }
    }

    /// Whether the folder that it starts in is known.
    pub(super) const fn is_told(&self) -> bool {
        !self.adrift && self.remote.is_none()
    }

    /// Goes to a folder that nobody knows, or stays.
    pub(super) fn drift(&mut self) {
        self.adrift = true;
    }

    /// Whether it may be in another folder than this one.
    pub(super) fn is_adrift(&self) -> bool {
        self.adrift
    }

    /// Goes on where it is, or where `other` is.
    pub(super) fn join(&mut self, other: &Self) {
        let folder = |roots: &Self| (roots.working.clone(), roots.base.clone());
        self.adrift |= other.adrift || folder(self) != folder(other);
    }

    /// The folder it is in, as the server sees it, where the files tell.
    pub(super) fn absolute(&self) -> Option<String> {
        // Without a word about it a base image may have set another one.
        (self.working.starts_with('/') && self.working != "/").then(|| self.working.clone())
    }

    fn add(&mut self, copy: Copy) {
        if self.copies.len() < MAX_COPIES {
            Arc::make_mut(&mut self.copies).push(copy);
        }
    }

    /// Records that the image holds a copy of the project's `sources` at `destination`.
    pub(super) fn copy(&mut self, sources: &[String], destination: &str) {
        for source in sources {
            let into_folder = destination.ends_with('/') || sources.len() > 1 || destination == ".";
            self.add(Copy {
                source: join(&self.base, source.trim_start_matches('/')),
                destination: join(&self.working, destination),
                into_folder,
                floats: self.working == "/" && !destination.starts_with('/'),
                left_out: self.left_out.clone(),
                landings: Landings::default(),
            });
        }
    }

    /// Records that the container sees the file `source` of the project at `destination`.
    pub(super) fn mount(&mut self, source: &str, destination: &str) {
        let destination = join("/", destination);
        self.add(Copy {
            source: source.to_owned(),
            destination,
            into_folder: false,
            floats: false,
            left_out: None,
            landings: Landings::default(),
        });
    }

    /// The path of the server as it sees it from its root, or from the folder of the project that it starts in.
    pub(super) fn at(&self, path: &str) -> String {
        join(&self.working, path)
    }

    /// Records that what lies at `path` is not what the project holds.
    pub(super) fn hide(&mut self, path: &str) {
        self.add(Copy {
            // No file of a project has such a path.
            source: "\0".to_owned(),
            destination: path.to_owned(),
            into_folder: false,
            floats: false,
            left_out: None,
            landings: Landings::default(),
        });
    }

    /// Records that a command puts a copy of the file `source` of the project at `destination`.
    pub(super) fn lay(&mut self, source: &str, destination: &str) {
        self.add(Copy {
            source: source.to_owned(),
            destination: join(&self.working, destination),
            into_folder: destination.ends_with('/') || destination == ".",
            floats: false,
            left_out: None,
            landings: Landings::default(),
        });
    }

    /// Records that the image holds a copy of what another one, with the folders `other`, has at `sources`.
    pub(super) fn copy_from(&mut self, other: &Self, sources: &[String], destination: &str) {
        let target = join(&self.working, destination);
        for source in sources {
            let source = join("/", source);
            let taken = other.copies.iter().filter_map(|copy| {
                if let Some(rest) = below(&source, &copy.destination) {
                    return Some(Copy {
                        source: join(&copy.source, rest),
                        destination: target.clone(),
                        into_folder: destination == "."
                            || destination.ends_with('/')
                            || (rest.is_empty() && copy.into_folder),
                        floats: false,
                        left_out: copy.left_out.clone(),
                        landings: Landings::default(),
                    });
                }
                let rest = below(&copy.destination, &source)?;
                Some(Copy { destination: join(&target, rest), ..copy.clone() })
            });
            for copy in taken {
                self.add(copy);
            }
        }
    }

    /// Records that the command at `by` changes a line of a file.
    pub(super) fn patch(&mut self, line: Place, by: Place) {
        if self.patched.len() < MAX_COPIES {
            Arc::make_mut(&mut self.patched).push((line, by));
        }
    }

    /// The command that changes the line around `place`.
    pub(super) fn patched(&self, place: Place) -> Option<Place> {
        let around = |line: Place| {
            line.file == place.file && line.span.start <= place.span.start && place.span.start < line.span.end.max(1)
        };
        self.patched.iter().find(|(line, _)| around(*line)).map(|(_, by)| *by)
    }

    /// Whether a file lies at `path` that is not among those that are read: a copy or a mount brings it.
    pub(super) fn hides(&self, files: &Files, path: &str) -> bool {
        self.hidden(files, &join(&self.working, path))
    }

    fn hidden(&self, files: &Files, absolute: &str) -> bool {
        let top = self.copies.iter().rev().find(|copy| !copy.into_folder && copy.destination == absolute);
        top.is_some_and(|copy| files.find(&copy.source).is_none() && !is_folder(files, &copy.source))
    }

    /// The file of the project that the server finds at `path`.
    pub(super) fn file(&self, files: &Files, path: &str) -> Option<FileId> {
        let absolute = join(&self.working, path);
        if self.hidden(files, &absolute) {
            return None;
        }
        let mut found = self.copied(files, &absolute).into_iter().find_map(|candidate| files.find(&candidate));
        // Where a whole folder of the project lies in its place, the file would have come with it.
        if self.rest.is_none() && !self.covers(files, &absolute) {
            found = found.or_else(|| self.guesses(path).iter().find_map(|candidate| files.find(candidate)));
        }
        found = found.or_else(|| self.floating(files, &absolute));
        if let Some(beside) = self.remote.as_ref().filter(|_| path.starts_with('/')) {
            found = found.or_else(|| host::by_tail(path, beside, files));
        }
        found
    }

    /// The file of the project that a copy is sure to have brought to an absolute path.
    pub(super) fn holds(&self, files: &Files, absolute: &str) -> Option<FileId> {
        if self.hidden(files, absolute) {
            return None;
        }
        self.copied(files, absolute).into_iter().find_map(|candidate| files.find(&candidate))
    }

    /// The file that the server looks for by itself in the folder it starts in, given that it imports `module`
    /// from there. Where copies are seen to bring the module, what else lies there is what copies brought.
    /// It may be imported from one of the folders `among` as well.
    pub(super) fn beside(&self, files: &Files, name: &str, module: Option<&str>, among: &[&str]) -> Option<FileId> {
        let base = module.map(|module| module.split(':').next().unwrap_or(module).trim().replace('.', "/"));
        let is_brought = base.is_some_and(|base| {
            let places = [format!("{base}.py"), format!("{base}/__init__.py")];
            let folders = among.iter().copied().chain([""]);
            let mut folders = folders.map(|folder| join(&self.working, folder));
            folders.any(|folder| places.iter().any(|path| self.holds(files, &join(&folder, path)).is_some()))
        });
        if is_brought { self.holds(files, &join(&self.working, name)) } else { self.file(files, name) }
    }

    /// The file that the end of a path names in what lies below an unknown working folder.
    fn floating(&self, files: &Files, absolute: &str) -> Option<FileId> {
        let copies = || self.copies.iter().rev().filter(|copy| copy.floats);
        copies().next()?;
        let mut tail = absolute.trim_start_matches('/');
        // The folders in front are those of the working folder, of which there is at least one.
        while let Some((_, rest)) = tail.split_once('/') {
            tail = rest;
            let at = join("/", tail);
            if let Some(file) = copies().flat_map(|copy| copy.origins(files, &at)).find_map(|path| files.find(&path)) {
                return Some(file);
            }
        }
        None
    }

    /// The file of the project that the image holds as the program `name` in one of `folders`, which is what
    /// its `PATH` says.
    pub(super) fn program(&self, files: &Files, name: &str, folders: &str) -> Option<FileId> {
        let mut candidates = folders.split(':').filter(|folder| folder.starts_with('/')).flat_map(|folder| {
            let absolute = join(folder, name);
            self.copied(files, &absolute)
        });
        candidates.find_map(|candidate| files.find(&candidate))
    }

    /// Whether the copy of a folder decides what lies at `absolute`.
    fn covers(&self, files: &Files, absolute: &str) -> bool {
        let folders = self.copies.iter().filter(|copy| is_folder(files, &copy.source));
        folders.into_iter().any(|copy| below(absolute, &copy.destination).is_some())
    }

    /// The folder of the project that the server starts in.
    pub(super) fn folder(&self, files: &Files) -> String {
        let mut candidates = self.copied(files, &join(&self.working, ".")).into_iter().chain(self.guesses("."));
        candidates.find(|folder| is_folder(files, folder)).unwrap_or_else(|| self.base.clone())
    }

    /// The folder of the project that the server starts in, given that it imports a module from there.
    ///
    /// A base image may set the working folder, which no file shows; then the folders that were copied
    /// are tried for one that holds the module. A module that is in none of them may be one of a package that
    /// the project installs.
    pub(super) fn folder_importing(&self, files: &Files, module: &str) -> String {
        let folder = self.folder(files);
        let path = module.split(':').next().unwrap_or(module).trim().replace('.', "/");
        let paths = [format!("{path}.py"), format!("{path}/__init__.py")];
        let holds = |folder: &str| paths.iter().any(|path| files.find(&join(folder, path)).is_some());
        if holds(&folder) || holds(&join(&folder, "src")) {
            return folder;
        }
        let copied = self.copies.iter().map(|copy| copy.source.as_str()).chain([self.base.as_str()]);
        let mut copied = copied.filter(|_| self.working == "/");
        let found = copied.find(|source| holds(source)).map(str::to_owned);
        found.or_else(|| installed(files, &paths)).unwrap_or(folder)
    }

    /// What lies below the folder that the server starts in, seen from there, with the paths of the project that
    /// it came from: the deepest first and, of what lies in the same place, what was copied last.
    pub(super) fn placed(&self, files: &Files) -> Vec<(String, String)> {
        let mut found: Vec<(String, String)> = Vec::new();
        let mut known = BTreeSet::new();
        let absolute = self.working.starts_with('/');
        // Where the folder that it starts in is not known, an absolute path does not lie below it.
        for copy in self.copies.iter().rev().filter(|copy| absolute || !copy.destination.starts_with('/')) {
            let source = copy.source.strip_suffix("/*").or_else(|| copy.source.strip_suffix("/*.py"));
            let source = source.unwrap_or(&copy.source);
            let place = match (below(&copy.destination, &self.working), below(&self.working, &copy.destination)) {
                (Some(place), _) if is_folder(files, source) => (place.to_owned(), source.to_owned()),
                (Some(place), _) if copy.into_folder => {
                    (join(place, source.rsplit('/').next().unwrap_or_default()), source.to_owned())
                }
                (Some(place), _) => (place.to_owned(), source.to_owned()),
                (None, Some(rest)) if is_folder(files, source) => (String::new(), join(source, rest)),
                _ => continue,
            };
            if known.insert(place.clone()) {
                found.push(place);
            }
        }
        found.order_by_key(|(place, _)| std::cmp::Reverse(if place.is_empty() { 0 } else { place.split('/').count() }));
        found
    }

    /// Paths of the project that were copied to `absolute`, the one that stays first.
    fn copied(&self, files: &Files, absolute: &str) -> Vec<String> {
        self.copies.iter().rev().flat_map(|copy| copy.origins(files, absolute)).collect()
    }

    /// Paths of the project that may stand for `path` where no copy is seen, likeliest first.
    fn guesses(&self, path: &str) -> Vec<String> {
        if self.working.is_empty() {
            return vec![join(&self.base, path.trim_start_matches('/'))];
        }
        let absolute = join(&self.working, path);
        let mut found = Vec::new();
        // Base images, mounts and generated files are not seen: guess that the working folder is the
        // context, which is how nearly every image is laid out.
        if let Some(rest) = below(&absolute, &self.working) {
            found.push(join(&self.base, rest));
        }
        found.push(join(&self.base, absolute.trim_start_matches('/')));
        found
    }
}

/// The folder of the only package of the project that has one of the modules at `paths`: installing it makes them
/// importable from anywhere.
pub(super) fn installed(files: &Files, paths: &[String]) -> Option<String> {
    let mut found: Vec<String> = files
        .packages()
        .flat_map(|folder| [folder.to_owned(), join(folder, "src")])
        .filter(|folder| paths.iter().any(|path| files.find(&join(folder, path)).is_some()))
        .collect();
    found.order();
    found.dedup();
    found.pop().filter(|_| found.is_empty())
}

/// Whether a command that runs while an image is built may leave a file of this name.
fn may_leave(command: &str, name: &str) -> bool {
    let brings = ["git clone", "curl", "wget", "tar ", "unzip", "ln -s", "rsync", "cookiecutter", "copier"];
    command.contains(name) || brings.iter().any(|program| command.contains(program))
}

fn is_folder(files: &Files, path: &str) -> bool {
    path.is_empty() || files.has_folder(path)
}

impl Copy {
    /// The paths of the project, of those that are there, that it brings to `absolute`.
    fn origins(&self, files: &Files, absolute: &str) -> Vec<String> {
        let mut origins = Vec::new();
        if is_pattern(&self.source) {
            origins.extend(below(absolute, &self.destination).and_then(|rest| self.matching(files, rest)));
        } else if let Some(rest) = below(absolute, &self.destination) {
            // A folder's content lands in the destination, a file lands there under its own name.
            let name = self.source.rsplit('/').next().unwrap_or_default();
            if self.into_folder && rest == name {
                origins.push(self.source.clone());
            }
            origins.push(join(&self.source, rest));
            // So does one whose destination turns out to be a folder that is there.
            if !self.into_folder && rest == name && name.contains('.') {
                origins.push(self.source.clone());
            }
        }
        let is_there = |path: &str| files.find(path).is_some() || is_folder(files, path);
        let stays = |path: &str| self.left_out.as_ref().is_some_and(|left_out| left_out.holds(path));
        origins.retain(|path| is_there(path) && !stays(path));
        origins
    }

    /// What lands at `rest` below the destination, where the source is a pattern (`filepath.Match` of Go): a file
    /// that fits it under its own name, of a folder that does the content.
    fn matching(&self, files: &Files, rest: &str) -> Option<String> {
        let pattern: Vec<&str> = self.source.split('/').collect();
        let plain = pattern.iter().take_while(|part| !is_pattern(part)).count();
        let home = pattern.get(..plain)?.join("/");
        if rest.is_empty() {
            return Some(home);
        }
        let landings = self.landings.get_or_init(|| landings(files, &home, &pattern));
        let path = |index: usize| {
            let (file, at) = landings.get(index)?;
            let whole = files.get(*file).path();
            Some((whole, whole.get(*at..)?))
        };
        let first = |from: &str| {
            let before = |(file, at): &(FileId, usize)| files.get(*file).path().get(*at..) < Some(from);
            path(landings.partition_point(before))
        };
        // What is asked for is the file, or a folder that it lies in.
        if let Some((whole, _)) = first(rest).filter(|(_, landed)| *landed == rest) {
            return Some(whole.to_owned());
        }
        let folder = format!("{rest}/");
        let (whole, landed) = first(&folder).filter(|(_, landed)| landed.starts_with(&folder))?;
        let tail = landed.strip_prefix(rest)?;
        Some(whole.strip_suffix(tail).unwrap_or(whole).to_owned())
    }
}

/// The files below `home` that fit `pattern`: one that does lands under its own name, of a folder that does the
/// content.
fn landings(files: &Files, home: &str, pattern: &[&str]) -> Vec<(FileId, usize)> {
    let mut found: Vec<(FileId, usize)> = files
        .iter()
        .filter(|(_, file)| below_or_all(file.path(), home))
        .filter_map(|(id, file)| {
            let whole = file.path();
            let path: Vec<&str> = whole.split('/').collect();
            let (front, behind) = path.split_at_checked(pattern.len())?;
            let fits = pattern.iter().zip(front).all(|(pattern, part)| pattern_fits(pattern, part));
            let name = front.last().filter(|_| fits)?;
            let landed = if behind.is_empty() { name.len() } else { behind.join("/").len() };
            Some((id, whole.len() - landed))
        })
        .collect();
    let landed = |(file, at): &(FileId, usize)| files.get(*file).path().get(*at..);
    found.order_by(|one, other| landed(one).cmp(&landed(other)));
    found
}

fn below_or_all(path: &str, home: &str) -> bool {
    home.is_empty() || below(path, home).is_some()
}

/// Whether `COPY` takes a source for a pattern.
fn is_pattern(source: &str) -> bool {
    source.contains(['*', '?', '['])
}

/// What remains of `path` below `folder`; empty for the folder itself.
fn below<'p>(path: &'p str, folder: &str) -> Option<&'p str> {
    if folder == "/" {
        return Some(path.trim_start_matches('/'));
    }
    let rest = path.strip_prefix(folder)?;
    if rest.is_empty() { Some("") } else { rest.strip_prefix('/') }
}

/// `path` seen from `folder`, without `.` and `..`; a relative folder stays relative, and no path
/// climbs out of it.
pub(super) fn join(folder: &str, path: &str) -> String {
    let absolute = path.starts_with('/') || folder.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    let start = if path.starts_with('/') { "" } else { folder };
    for part in start.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let joined = parts.join("/");
    if absolute { format!("/{joined}") } else { joined }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn project(paths: &[&str]) -> Files {
        let mut files = Files::new();
        for path in paths {
            files.add(*path, "");
        }
        files
    }

    #[test]
    fn what_lies_below_the_working_folder_tells_where_it_came_from() {
        let files = project(&["backend/app/main.py", "src/main.py", "one.py"]);
        let mut roots = Roots::image("", Some("/srv/web"));
        roots.copy(&[".".into()], "/srv");
        roots.copy(&["./backend/app".into()], "/srv/web/app");
        roots.copy(&["src/".into()], "lib/pkg/");
        roots.copy(&["one.py".into(), "two.py".into()], "app/");
        roots.copy(&["assets".into()], "/var/assets");
        let placed = roots.placed(&files);
        let placed: Vec<_> = placed.iter().map(|(place, source)| (place.as_str(), source.as_str())).collect();
        let files = [("app/two.py", "two.py"), ("app/one.py", "one.py")];
        let folders = [("lib/pkg", "src"), ("app", "backend/app"), ("", "web")];
        assert_eq!(placed, [&files[..], &folders[..]].concat());
    }

    #[test]
    fn joins_without_climbing_out() {
        assert_eq!(join("", "a/../b/./c"), "b/c");
        assert_eq!(join("a", "../../../etc/passwd"), "etc/passwd");
        assert_eq!(join("/app", "src"), "/app/src");
        assert_eq!(join("/app", "/srv"), "/srv");
    }

    #[test]
    fn follows_copies_back_to_the_project() {
        let files = project(&["backend/app/main.py", "backend/gunicorn.conf.py", "deploy/gunicorn.py"]);
        let mut roots = Roots::image("backend", Some("/srv"));
        roots.copy(&["./app".into()], "/srv/app");
        roots.copy(&["gunicorn.conf.py".into()], "./");
        let path = |p: &str| roots.file(&files, p).map(|id| files.get(id).path().to_owned());
        assert_eq!(path("gunicorn.conf.py").as_deref(), Some("backend/gunicorn.conf.py"));
        assert_eq!(path("/srv/app/main.py").as_deref(), Some("backend/app/main.py"));
        assert_eq!(path("nothing.py"), None);
        assert_eq!(roots.folder(&files), "backend");
    }

    #[test]
    fn a_copy_of_a_pattern_brings_what_fits_it() {
        let files =
            project(&["etc/uwsgi.conf", "etc/uwsgi.ini", "apps/web/src/main.py", "apps/web/run.sh", "top.conf"]);
        let mut roots = Roots::image("", Some("/srv"));
        roots.copy(&["etc/*.conf".into(), "./*.conf".into()], "/srv/conf/");
        roots.copy(&["apps/w*".into()], "code/");
        let path = |p: &str| roots.file(&files, p).map(|id| files.get(id).path().to_owned());
        assert_eq!(path("/srv/conf/uwsgi.conf").as_deref(), Some("etc/uwsgi.conf"));
        assert_eq!(path("conf/top.conf").as_deref(), Some("top.conf"));
        assert_eq!(path("/srv/conf/uwsgi.ini"), None);
        assert_eq!(path("/srv/code/src/main.py").as_deref(), Some("apps/web/src/main.py"));
        assert_eq!(path("code/run.sh").as_deref(), Some("apps/web/run.sh"));
        roots.enter("code/src");
        assert_eq!(roots.folder(&files), "apps/web/src");
    }

    /// Every import that is followed asks every copy: without a memory this takes minutes.
    #[test]
    fn what_fits_a_pattern_is_looked_for_once() {
        let paths: Vec<String> = (0..3_000).map(|n| format!("apps/one/part{n}/main.py")).collect();
        let files = project(&paths.iter().map(String::as_str).collect::<Vec<_>>());
        let mut roots = Roots::image("", Some("/srv"));
        roots.copy(&["apps/*/*".into()], "/srv/");
        for n in 0..20 {
            roots.copy(&[format!("*/o*{n}/*.whl")], "/srv/");
        }
        for n in 0..10_000 {
            assert_eq!(roots.file(&files, &format!("library{n}/__init__.py")), None);
        }
        assert!(roots.file(&files, "main.py").is_some());
    }

    #[test]
    fn a_file_is_missing_only_where_nothing_can_bring_it() {
        let files = project(&["app/main.py"]);
        let mut roots = Roots::image("", Some("/app"));
        roots.copy(&["./app".into()], "/app");
        assert_eq!((roots.has(&files, "/app/main.py"), roots.has(&files, "/app/other.py")), (Some(true), None));
        let holds = vec!["/app/pre.sh".to_owned()];
        let commands = vec!["RUN pip install x && cp a.py /app/made.py".to_owned()];
        roots.close(Rest { holds, commands });
        let has = |path: &str| roots.has(&files, path);
        assert_eq!((has("main.py"), has("/app/other.py"), has("pre.sh")), (Some(true), Some(false), Some(true)));
        assert_eq!((has("/app/made.py"), has("/app/data")), (None, None));
        roots.close(Rest { commands: vec!["RUN git clone x /app".to_owned()], ..Rest::default() });
        assert_eq!(roots.has(&files, "/app/other.py"), None);
    }

    #[test]
    fn beside_a_module_that_copies_bring_lies_what_copies_bring() {
        let files = project(&["shop/main.py", "gunicorn.conf.py"]);
        let mut roots = Roots::image("", Some("/app"));
        let found = |roots: &Roots| roots.beside(&files, "gunicorn.conf.py", Some("shop.main:app"), &[]).is_some();
        // Nothing tells how the module comes there.
        assert!(found(&roots));
        roots.copy(&["shop".into()], "./shop");
        assert!(!found(&roots));
        roots.copy(&["gunicorn.conf.py".into()], "./");
        assert!(found(&roots));
        // The module is imported from a folder below.
        let mut roots = Roots::image("", Some("/srv"));
        roots.copy(&[".".into()], "/srv/app");
        let among = |among: &[&str]| roots.beside(&files, "gunicorn.conf.py", Some("shop.main:app"), among).is_some();
        assert!(!among(&["app"]));
    }

    #[test]
    fn an_unknown_working_folder_is_told_by_what_it_holds() {
        let files = project(&["app/main.py", "tools/x.py"]);
        let mut roots = Roots::image("", None);
        roots.copy(&["tools".into()], "/tools");
        roots.copy(&["./app".into()], "/app");
        assert_eq!(roots.folder_importing(&files, "main:app"), "app");
        assert_eq!(roots.folder_importing(&files, "other:app"), "");
    }

    #[test]
    fn a_copy_into_a_working_folder_of_the_base_image_is_found_by_its_end() {
        let files = project(&["container/entrypoint.sh", "app/main.py"]);
        let mut roots = Roots::image("", None);
        roots.copy(&["./container/".into()], "./");
        roots.copy(&["app".into()], "/srv/app");
        let path = |p: &str| roots.file(&files, p).map(|id| files.get(id).path().to_owned());
        assert_eq!(path("/usr/local/web/entrypoint.sh").as_deref(), Some("container/entrypoint.sh"));
        assert_eq!((path("/usr/local/web/main.py"), path("/usr/local/web/other.sh")), (None, None));
    }

    #[test]
    fn a_folder_that_only_holds_a_copy_maps_to_its_source() {
        let files = project(&["src/main.py"]);
        let mut roots = Roots::image("", Some("/app"));
        roots.copy(&["src".into()], ".");
        assert_eq!(roots.folder(&files), "src");
        assert!(roots.file(&files, "main.py").is_some());
    }
}
