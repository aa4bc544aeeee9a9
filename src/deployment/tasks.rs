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

/// The folder that the caller of a task goes to first, and the words without that: `make -C web run`.
pub(super) fn entered(words: &[Option<String>]) -> Option<(String, Vec<Option<String>>)> {
    let caller = words.iter().flatten().find_map(|text| {
        let name = text.rsplit('/').next().unwrap_or(text);
        CALLERS.iter().find(|caller| caller.name == name)
    })?;
    let options: &[&str] = match caller.name {
        "make" | "poe" => &["-C", "--directory"],
        "just" => &["-d", "--working-directory"],
        "task" | "go-task" => &["-d", "--dir"],
        "npm" => &["--prefix"],
        "pnpm" => &["-C", "--dir"],
        "yarn" => &["--cwd"],
        "pdm" => &["-p", "--project"],
        _ => return None,
    };
    for (at, word) in words.iter().enumerate() {
        let Some(text) = word else { continue };
        let behind = options.iter().find_map(|option| {
            let rest = text.strip_prefix(option)?;
            let glued = !option.starts_with("--") && !rest.is_empty();
            if glued { Some(rest) } else { rest.strip_prefix('=').or(Some(rest).filter(|rest| rest.is_empty())) }
        });
        let (folder, taken) = match behind {
            Some("") => (words.get(at + 1)?.clone()?, 2),
            Some(folder) => (folder.to_owned(), 1),
            None => continue,
        };
        let mut rest = words.to_vec();
        rest.drain(at..at + taken);
        return Some((folder, rest));
    }
    None
}

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
    fn callers_go_to_a_folder_first() {
        for (line, expected) in [
            ("make -C sub run", Some(("sub", "make run"))),
            ("make --directory=sub run", Some(("sub", "make run"))),
            ("make -Csub run", Some(("sub", "make run"))),
            ("npm --prefix web run start", Some(("web", "npm run start"))),
            ("npm run start --prefix=web", Some(("web", "npm run start"))),
            ("make run", None),
            ("make -C ? run", None),
            ("make -C", None),
        ] {
            let words: Vec<_> = line.split(' ').map(|word| (word != "?").then(|| word.to_owned())).collect();
            let found = entered(&words)
                .map(|(folder, rest)| (folder, rest.into_iter().flatten().collect::<Vec<_>>().join(" ")));
            assert_eq!(found, expected.map(|(folder, rest)| (folder.to_owned(), rest.to_owned())), "{line}");
        }
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
