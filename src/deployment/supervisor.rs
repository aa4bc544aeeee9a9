//! Which programs a supervisord starts, and what surrounds them.
//!
//! Decides which files belong to one configuration: those that `[include]` names, found where an image holds
//! copies of them, or, on a machine, beside the file that includes them. What a program does is not decided here.

use super::commands::Surroundings;
use super::environment::Environment;
use super::host;
use super::locate::{self, Roots};
use crate::read::{Facts, StopDefault, SupervisorFile, Unit, UnitKind, Variable};
use crate::source::{FileId, Files, Located};
use crate::values::Seconds;

/// Where supervisord looks without being told (`default_configfile` and `searchpaths` of supervisor 4.3).
const DEFAULTS: [&str; 5] = [
    "supervisord.conf",
    "etc/supervisord.conf",
    "/etc/supervisord.conf",
    "/etc/supervisor/supervisord.conf",
    "/etc/supervisor.conf",
];

/// What the configuration of Debian's package includes, which an image then has without a copy.
const PACKAGED: &str = "/etc/supervisor/conf.d/*.conf";

/// Options of supervisord that take the next word.
const VALUED: [&str; 13] = ["-c", "-u", "-m", "-d", "-l", "-y", "-z", "-e", "-j", "-i", "-q", "-a", "--configuration"];

/// A program that a supervisord starts.
pub(super) struct Program<'a> {
    pub(super) unit: &'a Unit,
    /// Variables for every program.
    pub(super) environment: &'a [Variable],
}

/// The programs of the supervisord that `words` start; `None` where they start another program.
pub(super) fn started<'a>(
    words: &[Option<String>],
    roots: &Roots,
    here: &'a Surroundings<'a>,
) -> Option<Vec<Program<'a>>> {
    let at = words.iter().take(8).position(|word| {
        let name = word.as_deref().unwrap_or_default().rsplit('/').next();
        matches!(name, Some("supervisord" | "supervisor.supervisord"))
    })?;
    let main = match configuration(words.get(at + 1..).unwrap_or_default()) {
        Named::This(path) => {
            Some(roots.file(here.files, path).filter(|file| here.facts.supervisors.contains_key(file))?)
        }
        Named::Unknown => return None,
        Named::Nothing => DEFAULTS
            .iter()
            .find_map(|path| roots.file(here.files, path).filter(|file| here.facts.supervisors.contains_key(file))),
    };
    let own = main.and_then(|main| here.facts.supervisors.get(&main));
    let environment = own.map_or(&[][..], |own| &own.environment);
    let mut parts: Vec<FileId> = main.into_iter().collect();
    let folder = main.map_or("", |main| here.files.get(main).folder());
    let patterns = own.into_iter().flat_map(|own| &own.included).map(|pattern| pattern.value.as_str());
    for pattern in patterns.chain(own.is_none().then_some(PACKAGED)) {
        let others = || here.facts.supervisors.keys().copied().filter(|&file| Some(file) != main);
        let fits = |file: &FileId| {
            let path = match_of(pattern, here.files.get(*file).name());
            path.is_some_and(|path| {
                if path.starts_with('/') {
                    roots.file(here.files, &path) == Some(*file)
                } else {
                    here.files.get(*file).path() == locate::join(folder, &path)
                }
            })
        };
        let mut found: Vec<FileId> = others().filter(fits).collect();
        if found.is_empty() && main.is_some() {
            // A script may put there what lies beside the file.
            let below = |file: &FileId| {
                let there = here.files.get(*file);
                let inside = there.folder().strip_prefix(folder);
                let inside = inside.is_some_and(|rest| folder.is_empty() || rest.is_empty() || rest.starts_with('/'));
                inside && match_of(pattern, there.name()).is_some()
            };
            found = others().filter(|file| !is_main(*file, here)).filter(below).collect();
        }
        found.retain(|file| !parts.contains(file));
        parts.extend(found);
    }
    let is_program = |unit: &&Unit| unit.kind == UnitKind::SupervisorProgram && parts.contains(&unit.place.file);
    let programs = here.facts.units.iter().filter(is_program).map(|unit| Program { unit, environment });
    Some(programs.collect())
}

fn is_main(file: FileId, here: &Surroundings) -> bool {
    here.facts.supervisors.get(&file).is_some_and(|configuration| configuration.is_main)
}

/// The configuration that a command line names.
enum Named<'w> {
    This(&'w str),
    Nothing,
    Unknown,
}

fn configuration(arguments: &[Option<String>]) -> Named<'_> {
    let mut rest = arguments.iter();
    while let Some(word) = rest.next() {
        let Some(word) = word.as_deref() else { return Named::Unknown };
        if matches!(word, "-c" | "--configuration") {
            return rest.next().and_then(Option::as_deref).map_or(Named::Unknown, Named::This);
        }
        let glued = word.strip_prefix("--configuration=").or_else(|| word.strip_prefix("-c"));
        let bundled =
            word.strip_prefix('-').filter(|letters| letters.len() == 2).and_then(|_| word.strip_prefix("-nc"));
        if bundled.is_some() {
            return rest.next().and_then(Option::as_deref).map_or(Named::Unknown, Named::This);
        }
        if let Some(path) = glued {
            return Named::This(path);
        }
        if VALUED.contains(&word) {
            rest.next();
        }
    }
    Named::Nothing
}

/// The path that a file called `name` has where the pattern finds it; `None` where it does not.
fn match_of(pattern: &str, name: &str) -> Option<String> {
    let (folder, last) = pattern.rsplit_once('/').unwrap_or(("", pattern));
    let glob = globset::GlobBuilder::new(last).literal_separator(true).build().ok()?;
    let path = if pattern.contains('/') { format!("{folder}/{name}") } else { name.to_owned() };
    glob.compile_matcher().is_match(name).then_some(path)
}

/// What the configuration that a program belongs to sets for every program; empty for any other unit.
pub(super) fn environment_of(unit: &Unit, files: &Files, facts: &Facts) -> Environment {
    let mut environment = Environment::default();
    if unit.kind != UnitKind::SupervisorProgram {
        return environment;
    }
    let own = unit.place.file;
    let includes = |entry: &(&FileId, &SupervisorFile)| {
        let (main, configuration) = (*entry.0, entry.1);
        main == own || configuration.included.iter().any(|pattern| belongs(pattern, main, own, files))
    };
    let mut mains = facts.supervisors.iter().filter(|(_, configuration)| configuration.is_main).filter(includes);
    // Which of two starts it is not known.
    if let (Some((_, main)), None) = (mains.next(), mains.next()) {
        environment.extend(&main.environment, &|_| None);
    }
    environment
}

fn belongs(pattern: &Located<String>, main: FileId, part: FileId, files: &Files) -> bool {
    let file = files.get(part);
    match_of(&pattern.value, file.name()).is_some_and(|path| {
        if path.starts_with('/') {
            host::by_tail(&path, files.get(main).folder(), files) == Some(part)
        } else {
            locate::join(files.get(main).folder(), &path) == file.path()
        }
    })
}

/// A program inside `unit`: what the manager says of it counts, what surrounds both stays. It may be that the manager
/// itself waits no longer than `kept`.
pub(super) fn within(unit: &Unit, program: &Unit, kept: Option<StopDefault>) -> Unit {
    let mut inner = unit.clone();
    inner.name.clone_from(&program.name);
    inner.stop_signal.clone_from(&program.stop_signal);
    inner.sockets.clone_from(&program.sockets);
    inner.user = program.user.clone().or(inner.user);
    inner.limits.replicas = inner.limits.replicas.or_else(|| program.limits.replicas.clone());
    inner.limits.abreast.clone_from(&program.limits.abreast);
    // Whichever kill comes first.
    let seconds = |limit: &Located<Seconds>| limit.value.0;
    inner.container.stops_group = program.container.stops_group;
    inner.limits.stop_grace = match (inner.limits.stop_grace.take(), program.limits.stop_grace.clone()) {
        (Some(outer), Some(own)) if seconds(&outer) < seconds(&own) => Some(outer),
        (outer, own) => {
            if own.is_some() {
                inner.limits.stop_default = program.limits.stop_default;
            }
            own.or(outer)
        }
    };
    if let Some(kept) = kept {
        let limits = &mut inner.limits;
        let outer = limits.stop_grace.as_ref().map(seconds).or(limits.stop_default.map(|usual| usual.value.0));
        if outer.is_none_or(|outer| kept.value.0 < outer) {
            limits.stop_grace = None;
            limits.stop_default = Some(kept);
        }
    }
    inner
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::assemble;
    use super::*;
    use crate::read;
    use crate::source::Guess;

    #[test]
    fn patterns_of_includes() {
        assert_eq!(match_of("conf.d/*.conf", "web.conf").as_deref(), Some("conf.d/web.conf"));
        assert_eq!(match_of("/etc/*.ini", "web.ini").as_deref(), Some("/etc/web.ini"));
        assert_eq!(match_of("web.conf", "web.conf").as_deref(), Some("web.conf"));
        assert_eq!(match_of("/etc/conf.d/*.conf", "web.ini"), None);
    }

    /// For each server that a project of these files starts its workers, and whether it runs in a container.
    fn started(paths: &[(&str, &str)]) -> Vec<(Option<i64>, bool)> {
        let mut files = Files::new();
        let mut kinds = BTreeMap::new();
        for (path, text) in paths {
            let file = files.add(*path, *text);
            kinds.extend(Guess::of(path).and_then(|guess| guess.settle(path, text)).map(|kind| (file, kind)));
        }
        let facts = read::all(&files, &kinds);
        let deployments = assemble(&files, &facts).deployments;
        deployments.iter().map(|one| (one.int("workers"), one.container.is_some())).collect()
    }

    #[test]
    fn a_script_puts_programs_where_the_manager_finds_them() {
        let script = "#!/bin/sh\nif [ \"$WEB\" = yes ]; then\n  cp deploy/web.conf /etc/supervisor/conf.d/web.conf\nfi\n\
                      exec /usr/bin/supervisord\n";
        let recipe = |web: &str| {
            format!(
                "FROM debian\nRUN apt-get install supervisor\nENV WEB={web}\nWORKDIR /app\nCOPY . .\nCMD [\"./start.sh\"]\n"
            )
        };
        let program = "[program:web]\ncommand=gunicorn -w 3 app:app\n";
        let with = |recipe: &str| {
            started(&[
                ("Dockerfile", recipe),
                ("start.sh", script),
                ("deploy/web.conf", program),
                ("app.py", "app = 1\n"),
            ])
        };
        assert_eq!(with(&recipe("yes")), [(Some(3), true)]);
        assert_eq!(with(&recipe("no")), [(Some(3), false)], "nothing here starts it, so somebody does elsewhere");
    }

    #[test]
    fn the_configuration_that_is_named() {
        let named = |line: &str| {
            let words: Vec<Option<String>> = line.split(' ').map(|word| Some(word.to_owned())).collect();
            match configuration(&words) {
                Named::This(path) => path.to_owned(),
                Named::Nothing => "nothing".to_owned(),
                Named::Unknown => "unknown".to_owned(),
            }
        };
        assert_eq!(named("-n -c /etc/x.conf"), "/etc/x.conf");
        assert_eq!(named("--configuration=/x"), "/x");
        assert_eq!(named("-nc /x"), "/x");
        assert_eq!(named("-n -e debug"), "nothing");
    }
}
