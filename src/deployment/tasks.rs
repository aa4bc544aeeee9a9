//! Which task a command calls: `make run`, `just serve`, `npm start`, `poetry run poe serve`.
//!
//! A call that changes what the task does, by variables or further words, is not followed: what the task
//! then runs is not what its file says.

use crate::read::{Unit, UnitKind};
use crate::source::Files;

/// A program that runs tasks.
struct Caller {
    name: &'static str,
    /// Words between its name and the task's; an empty one may be left out.
    verb: Option<&'static str>,
    /// Whether the verb may be left out.
    optional: bool,
    /// What the names of its files begin with, in lower case.
    files: &'static [&'static str],
}

const fn direct(name: &'static str, files: &'static [&'static str]) -> Caller {
    Caller { name, verb: None, optional: true, files }
}

const fn run(name: &'static str, optional: bool, files: &'static [&'static str]) -> Caller {
    Caller { name, verb: Some("run"), optional, files }
}

const CALLERS: [Caller; 13] = [
    direct("make", &["makefile", "gnumakefile"]),
    direct("just", &["justfile", ".justfile"]),
    direct("poe", &["pyproject.toml"]),
    direct("task", &["taskfile", "pyproject.toml"]),
    direct("go-task", &["taskfile"]),
    run("npm", false, &["package.json"]),
    run("pnpm", true, &["package.json"]),
    run("yarn", true, &["package.json"]),
    run("pdm", true, &["pyproject.toml"]),
    run("hatch", false, &["pyproject.toml"]),
    run("rye", false, &["pyproject.toml"]),
    run("pixi", false, &["pyproject.toml"]),
    run("pipenv", false, &["pipfile"]),
];

/// The task that `words`, run in `folder`, call.
pub(super) fn called<'u>(words: &[Option<String>], units: &'u [Unit], folder: &str, files: &Files) -> Option<&'u Unit> {
    let texts: Vec<&str> = words.iter().map_while(|word| word.as_deref()).collect();
    // A word that nobody knows may change anything.
    if texts.len() != words.len() {
        return None;
    }
    let (at, caller) = texts.iter().take(4).enumerate().find_map(|(at, text)| {
        let name = text.rsplit('/').next().unwrap_or(text);
        Some((at, CALLERS.iter().find(|caller| caller.name == name)?))
    })?;
    let rest: Vec<&str> = texts.get(at + 1..)?.iter().copied().filter(|text| !is_quiet(text)).collect();
    let name = match (rest.as_slice(), caller.verb) {
        ([verb, name], Some(expected)) if *verb == expected => name,
        // `npm start` is short for `npm run start`.
        (["start"], Some(_)) if caller.name == "npm" => "start",
        ([name], _) if caller.optional => name,
        _ => return None,
    };
    // `hatch run production:serve` names the environment as well.
    let name = if caller.name == "hatch" { name.rsplit(':').next().unwrap_or(name) } else { name };
    let mut found = units.iter().filter(|unit| {
        let file = files.get(unit.place.file);
        let kind = file.name().to_ascii_lowercase();
        let fits = unit.kind == UnitKind::Task && unit.name == name && file.folder() == folder;
        fits && caller.files.iter().any(|start| kind.starts_with(start))
    });
    found.next().filter(|_| found.next().is_none())
}

/// Options that only change what is printed.
fn is_quiet(word: &str) -> bool {
    matches!(word, "-s" | "-q" | "--silent" | "--quiet" | "--no-print-directory")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Place, Span};

    fn find(line: &str) -> Option<&'static str> {
        let mut files = Files::new();
        let mut units = Vec::new();
        for (path, name) in [
            ("Makefile", "run"),
            ("sub/Makefile", "run"),
            ("justfile", "serve"),
            ("package.json", "start"),
            ("pyproject.toml", "serve"),
            ("Pipfile", "web"),
        ] {
            let file = files.add(path, "");
            units.push(Unit::new(UnitKind::Task, name, Place::new(file, Span::default())));
        }
        let words: Vec<_> = line.split(' ').map(|word| (word != "?").then(|| word.to_owned())).collect();
        let unit = called(&words, &units, "", &files)?;
        let names = ["Makefile", "justfile", "package.json", "pyproject.toml", "Pipfile"];
        names.into_iter().find(|name| *name == files.get(unit.place.file).path())
    }

    #[test]
    fn callers_find_their_files() {
        for (line, file) in [
            ("make run", Some("Makefile")),
            ("exec make -s run", Some("Makefile")),
            ("make run PORT=80", None),
            ("make ?", None),
            ("make -C sub run", None),
            ("just serve", Some("justfile")),
            ("just serve 8000", None),
            ("npm start", Some("package.json")),
            ("npm run start", Some("package.json")),
            ("npm install start", None),
            ("yarn start", Some("package.json")),
            ("poetry run poe serve", Some("pyproject.toml")),
            ("pdm run serve", Some("pyproject.toml")),
            ("hatch run prod:serve", Some("pyproject.toml")),
            ("pipenv run web", Some("Pipfile")),
            ("echo make run it", None),
        ] {
            assert_eq!(find(line), file, "{line}");
        }
    }
}
