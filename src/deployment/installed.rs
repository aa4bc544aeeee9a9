//! Which lists of requirements the build of an image installs.
//!
//! Decides by the commands of its `RUN` instructions and by where its copies land. Of a command that names its
//! lists by variables nothing is known.

use std::collections::BTreeSet;

use super::image::{Image, Ran};
use super::locate::{Roots, join};
use crate::source::{FileId, Files};

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

/// The files of the project that say what is installed in an image that is built from `context`; `folders` tells
/// the folders that a command of its build, or of the build of an image that it copies from, finds there.
pub(super) fn lists(
    image: &Image,
    context: &str,
    folders: &dyn Fn(&Image, &Ran) -> Roots,
    files: &Files,
) -> BTreeSet<FileId> {
    let mut found = BTreeSet::new();
    let stages = image.copied.iter().filter_map(|landed| landed.from.as_deref());
    for stage in std::iter::once(image).chain(stages) {
        let installs = |ran: &&Ran| ["install", "sync"].iter().any(|verb| files.text_at(ran.place).contains(verb));
        for ran in stage.runs.iter().filter(installs) {
            of_command(ran, folders(stage, ran), context, files, &mut found);
        }
    }
    // A list may name others.
    let mut left: Vec<FileId> = found.iter().copied().collect();
    while let Some(list) = left.pop().filter(|_| found.len() < MAX_LISTS) {
        let file = files.get(list);
        for line in file.text().lines().filter(|_| file.name().rsplit('.').next() != Some("lock")) {
            let Some(named) = named_list(&mut line.split_whitespace()) else { continue };
            if let Some(other) = files.find(&join(file.folder(), named)).filter(|other| found.insert(*other)) {
                left.push(other);
            }
        }
    }
    // What it installs by name stands in the file itself.
    if !image.runs.is_empty() {
        found.insert(image.stage.place.file);
    }
    found
}

fn of_command(ran: &Ran, mut roots: Roots, context: &str, files: &Files, found: &mut BTreeSet<FileId>) {
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
        let mut add = |path: &str| found.extend(roots.file(files, &join(&folder, path)));
        for (command, lists) in PROJECTS {
            let [tool, verb] = command else { continue };
            if names(tool).is_some_and(|at| words.get(at + 1) == Some(verb)) {
                let seen = is_seen(lists);
                for list in lists.iter().filter(|list| !seen || held(list).is_some()) {
                    add(list);
                }
            }
        }
        let installs = words.iter().any(|word| word.contains("pip")) || names("uv").is_some();
        if !installs || !words.iter().any(|word| matches!(*word, "install" | "sync")) {
            continue;
        }
        let mut rest = words.iter().copied();
        while let Some(path) = named_list(&mut rest) {
            add(path.trim_matches(['"', '\'']));
        }
        // `uv pip sync requirements.txt`
        let synced = words.iter().position(|word| *word == "sync").into_iter().flat_map(|at| words.iter().skip(at + 1));
        for path in synced.filter(|word| word.rsplit('.').next() == Some("txt")) {
            add(path);
        }
        let local = |word: &&&str| word.split('[').next().is_some_and(|path| matches!(path, "." | "./" | "\"." | "'."));
        if words.iter().any(|word| local(&word)) {
            for list in ["pyproject.toml", "setup.cfg", "setup.py"] {
                add(list);
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
}
