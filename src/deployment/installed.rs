//! Which lists of requirements the build of an image installs.
//!
//! Decides by the commands of its `RUN` instructions and by where its copies land. Of a command that names its
//! lists by variables nothing is known.

use std::collections::BTreeMap;

use super::image::{Image, Ran};
use super::locate::{Roots, join};
use crate::read::Requirement;
use crate::source::{FileId, Files, Place};

/// Lists that name lists are followed this far.
const MAX_LISTS: usize = 32;

/// What installs a project in a folder, by the words of the command, and the files that say what comes with it.
const PROJECTS: [(&[&str], &[&str]); 6] = [
    (&["uv", "sync"], &["uv.lock", "pyproject.toml"]),
    (&["poetry", "install"], &["poetry.lock", "pyproject.toml"]),
    (&["pdm", "install"], &["pdm.lock", "pyproject.toml"]),
    (&["pdm", "sync"], &["pdm.lock", "pyproject.toml"]),
    (&["pipenv", "install"], &["Pipfile.lock", "Pipfile"]),
    (&["pipenv", "sync"], &["Pipfile.lock"]),
];

/// When the build of an image comes to something: at which of its commands, and how far in the text of that.
pub(super) type Moment = (usize, usize);

/// The files with the requirements that are known to be installed.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Installed {
    /// Each with the moment of the last command that names it; `None` where another list does.
    lists: BTreeMap<FileId, Option<Moment>>,
    /// The commands of the build, in the order in which they run.
    commands: Vec<Place>,
}

impl Installed {
    pub(super) fn is_empty(&self) -> bool {
        self.lists.is_empty()
    }

    pub(super) fn contains(&self, file: FileId) -> bool {
        self.lists.contains_key(&file)
    }

    /// Whether a requirement is of one of the files, and not of another image that the same file builds.
    pub(super) fn names(&self, requirement: &Requirement) -> bool {
        let file = requirement.place.file;
        self.contains(file) && (self.command(requirement).is_some() || self.commands.iter().all(|ran| ran.file != file))
    }

    fn command(&self, requirement: &Requirement) -> Option<usize> {
        let Place { file, span } = requirement.place;
        self.commands.iter().position(|ran| ran.file == file && ran.span.contains(span.start))
    }

    pub(super) fn files(&self) -> impl Iterator<Item = FileId> {
        self.lists.keys().copied()
    }

    /// When a requirement is installed, as far as that is known.
    pub(super) fn moment(&self, requirement: &Requirement) -> Option<Moment> {
        let Place { file, span } = requirement.place;
        match self.command(requirement) {
            Some(command) => Some((command, span.start - self.commands.get(command)?.span.start)),
            None => self.lists.get(&file).copied().flatten(),
        }
    }

    /// Lists alone, installed at a moment that nobody knows.
    #[cfg(test)]
    pub(super) fn of(lists: &[FileId]) -> Self {
        Self { lists: lists.iter().map(|list| (*list, None)).collect(), commands: Vec::new() }
    }
}

/// The files of the project that say what is installed in an image that is built from `context`; `folders` tells
/// the folders that a command of its build, or of the build of an image that it copies from, finds there.
pub(super) fn lists(image: &Image, context: &str, folders: &dyn Fn(&Image, &Ran) -> Roots, files: &Files) -> Installed {
    let mut found = BTreeMap::new();
    let mut commands = Vec::new();
    let stages = image.copied.iter().filter_map(|landed| landed.from.as_deref());
    // What is installed after the copies from another stage comes later than what that stage installs.
    for stage in stages.chain(std::iter::once(image)) {
        for ran in &stage.runs {
            let text = files.text_at(ran.place);
            if ["install", "sync"].iter().any(|verb| text.contains(verb)) {
                let at = commands.len();
                of_command(ran, folders(stage, ran), context, files, &mut |list, word| {
                    found.insert(list, Some((at, text.rfind(word).unwrap_or_default())));
                });
            }
            commands.push(ran.place);
        }
    }
    // A list may name others.
    let mut left: Vec<FileId> = found.keys().copied().collect();
    while let Some(list) = left.pop().filter(|_| found.len() < MAX_LISTS) {
        let file = files.get(list);
        for line in file.text().lines().filter(|_| file.name().rsplit('.').next() != Some("lock")) {
            let Some(named) = named_list(&mut line.split_whitespace()) else { continue };
            let moment = found.get(&list).copied().flatten();
            if let Some(other) = files.find(&join(file.folder(), named)).filter(|other| !found.contains_key(other)) {
                found.insert(other, moment);
                left.push(other);
            }
        }
    }
    // What it installs by name stands in the file itself.
    if !image.runs.is_empty() {
        found.insert(image.stage.place.file, None);
    }
    Installed { lists: found, commands }
}

/// Tells `found` each list that a command of a build installs, and the word there that brings it.
fn of_command(ran: &Ran, mut roots: Roots, context: &str, files: &Files, found: &mut dyn FnMut(FileId, &str)) {
    let mut folder = ran.folder.clone().unwrap_or_else(|| "/".to_owned());
    let text = files.text_at(ran.place);
    for mount in text.split_whitespace().filter_map(|word| word.strip_prefix("--mount=")) {
        let part = |names: [&str; 3]| {
            let mut parts = mount.split(',').filter_map(|part| part.split_once('='));
            parts.find(|(name, _)| names.contains(name)).map(|(_, value)| value)
        };
        let is_elsewhere = part(["from", "", ""]).is_some();
        if let (Some(source), Some(target), false) =
            (part(["source", "src", ""]), part(["target", "dst", "destination"]), is_elsewhere)
        {
            roots.mount(&join(context, source), &join(&folder, target));
        }
    }
    for command in text.replace("\\\r\n", " ").replace("\\\n", " ").split(['&', ';', '|', '\n']) {
        let words: Vec<&str> = command.split_whitespace().collect();
        if let Some(at) = words.iter().position(|word| *word == "cd") {
            folder = words.get(at + 1).map_or_else(|| folder.clone(), |path| join(&folder, path));
        }
        // The folder of a cache may be called like the tool: `--mount=type=cache,target=/root/.cache/uv`.
        let names =
            |tool: &str| words.iter().position(|word| !word.starts_with('-') && word.rsplit('/').next() == Some(tool));
        let held = |path: &str| roots.holds(files, &join(&folder, path));
        // Where it is seen what brings the project, nothing else brings its lock.
        let is_seen = |lists: &[&str]| lists.iter().skip(1).any(|list| held(list).is_some());
        let mut add = |path: &str, word: &str| {
            if let Some(list) = roots.file(files, &join(&folder, path)) {
                found(list, word);
            }
        };
        for (command, lists) in PROJECTS {
            let [tool, verb] = command else { continue };
            if names(tool).is_some_and(|at| words.get(at + 1) == Some(verb)) {
                let seen = is_seen(lists);
                for list in lists.iter().filter(|list| !seen || held(list).is_some()) {
                    add(list, verb);
                }
            }
        }
        let installs = words.iter().any(|word| word.contains("pip")) || names("uv").is_some();
        if !installs || !words.iter().any(|word| matches!(*word, "install" | "sync")) {
            continue;
        }
        let mut rest = words.iter().copied();
        while let Some(path) = named_list(&mut rest) {
            let path = path.trim_matches(['"', '\'']);
            add(path, path);
        }
        // `uv pip sync requirements.txt`
        let synced = words.iter().position(|word| *word == "sync").into_iter().flat_map(|at| words.iter().skip(at + 1));
        for path in synced.filter(|word| word.rsplit('.').next() == Some("txt")) {
            add(path, path);
        }
        let local = |word: &&&str| word.split('[').next().is_some_and(|path| matches!(path, "." | "./" | "\"." | "'."));
        if words.iter().any(|word| local(&word)) {
            for list in ["pyproject.toml", "setup.cfg", "setup.py"] {
                add(list, "install");
            }
        }
    }
}

/// The next list among words: `-r a.txt`, `-ra.txt`, `--requirement=a.txt`.
fn named_list<'w>(words: &mut dyn Iterator<Item = &'w str>) -> Option<&'w str> {
    while let Some(word) = words.next() {
        if matches!(word, "-r" | "--requirement" | "--requirements") {
            return words.next();
        }
        let glued = ["--requirement=", "--requirements="].iter().find_map(|option| word.strip_prefix(option));
        let short = || word.strip_prefix("-r").filter(|rest| !rest.is_empty() && !word.starts_with("--"));
        if let Some(path) = glued.or_else(short) {
            return Some(path);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::assemble;
    use crate::read;
    use crate::servers::{Server, table};
    use crate::source::{FileKind, Files, Guess};

    /// The versions of the servers that an image of this recipe starts, built from the root of a project with these
    /// lists.
    fn versions(recipe: &str, lists: &[(&str, &str)]) -> Vec<String> {
        let mut files = Files::new();
        let mut kinds = BTreeMap::new();
        let image = [("Dockerfile", recipe)];
        for (path, text) in lists.iter().chain(&image) {
            let file = files.add(*path, *text);
            kinds.extend(Guess::of(path).and_then(|guess| guess.settle(path, text)).map(|kind| (file, kind)));
        }
        assert!(kinds.values().any(|kind| *kind == FileKind::Dockerfile));
        let facts = read::all(&files, &kinds);
        assemble(&files, &facts).deployments.iter().map(|one| one.version.version_text().to_owned()).collect()
    }

    #[test]
    fn a_lock_that_the_build_does_not_have_says_nothing() {
        let lists = [
            ("pyproject.toml", "[project]\ndependencies = [\"gunicorn>=20\"]\n"),
            ("uv.lock", "[[package]]\nname = \"gunicorn\"\nversion = \"22.0.0\"\n"),
        ];
        let of = |copies: &str, install: &str| {
            let recipe = format!("FROM python\nWORKDIR /srv\nCOPY {copies} ./\nRUN {install}\nCMD gunicorn app:app\n");
            versions(&recipe, &lists).join(" ")
        };
        let newest = table(Server::Gunicorn).newest().to_string();
        let cached = "--mount=type=cache,target=/root/.cache/uv \\\n    uv sync";
        assert_eq!(of("pyproject.toml", cached), newest);
        assert_eq!(of("pyproject.toml", "uv sync"), newest);
        assert_eq!(of("pyproject.toml uv.lock", cached), "22.0.0");
        assert_eq!(of("pyproject.toml uv.lock*", "uv sync --locked"), "22.0.0");
        assert_eq!(of(".", "uv sync"), "22.0.0");
        // pip asks no lock of another tool.
        assert_eq!(of(". .", "pip install ."), newest);
        let mounted = "--mount=type=bind,source=uv.lock,target=uv.lock uv sync";
        assert_eq!(of("pyproject.toml", mounted), "22.0.0");
        assert_eq!(of(".", "make install"), "22.0.0");
    }

    #[test]
    fn what_the_build_installs_says_the_version() {
        let lists = [
            ("requirements.txt", "gunicorn==20.1.0\n"),
            ("web/requirements.txt", "gunicorn==23.0.0\n"),
            ("web/requirements/prod.txt", "-r base.txt\nflask\n"),
            ("web/requirements/base.txt", "gunicorn==22.0.0\n"),
            ("web/main.py", "app = 1\n"),
        ];
        let of = |install: &str| {
            let recipe = format!("FROM python\nWORKDIR /srv\n{install}\nCMD gunicorn app:app\n");
            versions(&recipe, &lists).join(" ")
        };
        assert_eq!(of("COPY web/requirements.txt .\nRUN pip install -r requirements.txt\nCOPY . ."), "23.0.0");
        assert_eq!(of("COPY requirements.txt .\nRUN pip3 install --no-cache-dir -rrequirements.txt"), "20.1.0");
        assert_eq!(of("COPY . .\nRUN cd web && pip install --requirement=requirements/prod.txt"), "22.0.0");
        assert_eq!(of("COPY . .\nRUN pip install --no-cache-dir \\\n    -r web/requirements.txt"), "23.0.0");
        assert_eq!(of("COPY . .\nRUN python -m pip install -r $LIST gunicorn==21.2.0"), "21.2.0");
        let mounted = "RUN --mount=type=bind,source=web/requirements/base.txt,target=/tmp/r.txt uv pip install --system -r /tmp/r.txt";
        assert_eq!(of(mounted), "22.0.0");
        let stages = "FROM python AS build\nWORKDIR /build\nCOPY requirements.txt .\nRUN pip wheel -r requirements.txt \
                      && pip install -r requirements.txt\nFROM python\nCOPY --from=build /venv /venv\nCMD gunicorn app:app\n";
        assert_eq!(versions(stages, &lists), ["20.1.0"]);
    }

    #[test]
    fn what_is_installed_later_replaces_what_was() {
        let lists = [
            ("requirements.txt", "gunicorn==20.1.0\n"),
            ("all.txt", "-r requirements.txt\n"),
            ("pyproject.toml", "[project]\ndependencies = [\"gunicorn>=20\"]\n"),
            ("uv.lock", "[[package]]\nname = \"gunicorn\"\nversion = \"22.0.0\"\n"),
        ];
        let of = |install: &str| {
            let recipe = format!("FROM python\nWORKDIR /srv\nCOPY . .\n{install}\nCMD gunicorn app:app\n");
            versions(&recipe, &lists).join(" ")
        };
        assert_eq!(of("RUN pip install -r requirements.txt\nRUN pip install gunicorn==23.0.0"), "23.0.0");
        assert_eq!(of("RUN pip install gunicorn==23.0.0\nRUN pip install -r requirements.txt"), "20.1.0");
        assert_eq!(of("RUN pip install -r all.txt \\\n && pip install gunicorn==23.0.0"), "23.0.0");
        assert_eq!(of("RUN pip install gunicorn==23.0.0 && pip install -r all.txt"), "20.1.0");
        assert_eq!(of("RUN uv sync\nRUN uv pip install gunicorn==21.2.0"), "21.2.0");
        assert_eq!(of("RUN uv pip install gunicorn==21.2.0 && uv sync"), "22.0.0");
        // What another stage installs does not come into this one.
        let stages = "FROM python AS old\nRUN pip install gunicorn==19.9.0\nFROM python\nWORKDIR /srv\nCOPY . .\n\
                      RUN pip install gunicorn==23.0.0\nCMD gunicorn app:app\n";
        assert_eq!(versions(stages, &lists), ["23.0.0"]);
    }
}
