//! From the name of some code to the calls in it that start servers.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::super::commands::Start;
use super::super::configuration::Reader;
use super::super::locate::{installed, join};
use super::Launched;
use crate::python::evaluate::{self, Course, FilePath, Imported, Inputs, Outcome, Watched};
use crate::python::launches::{self, Api, Launch};
use crate::read::Facts;
use crate::servers::{Code, Program, Server, table};
use crate::source::{FileId, Files, Place, Span};
use crate::values::Value;

/// Code of the project, and how it is run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Entry {
    pub(in super::super) file: FileId,
    /// What is called once the file was read; `None` where the file is the program.
    pub(in super::super) call: Option<String>,
    /// Whether the file is run by its path, so that imports begin in its folder.
    pub(in super::super) by_path: bool,
}

/// The code that a command names; `None` if it is not in the project.
pub(in super::super) fn entry(code: &Code, start: &Start, files: &Files, facts: &Facts) -> Option<Entry> {
    let find = |path: &str| {
        let beside = [path.to_owned(), join("src", path)];
        beside.iter().find_map(|path| start.roots.file(files, path)).filter(|file| facts.python.contains_key(file))
    };
    match code {
        Code::File(path) => Some(Entry { file: find(path)?, call: None, by_path: true }),
        Code::Module(name) => {
            let path = name.replace('.', "/");
            let paths = [format!("{path}/__main__.py"), format!("{path}.py")];
            let beside = || paths.iter().find_map(|path| find(path));
            let installed = || {
                let folder = installed(files, &paths)?;
                let file = paths.iter().find_map(|path| files.find(&join(&folder, path)))?;
                facts.python.contains_key(&file).then_some(file)
            };
            let file = beside().or_else(installed)?;
            Some(Entry { file, call: None, by_path: false })
        }
        Code::Script(name) => {
            let all =
                facts.console_scripts.iter().flat_map(|(file, scripts)| scripts.iter().map(move |one| (*file, one)));
            let (declared, script) = all.into_iter().find(|(_, script)| script.name == *name)?;
            script_entry(declared, &script.target.value, files, facts)
        }
    }
}

/// The function behind `package.module:function`, declared in some file beside the package or above it.
pub(in super::super) fn script_entry(declared: FileId, target: &str, files: &Files, facts: &Facts) -> Option<Entry> {
    let (module, function) = target.split_once(':')?;
    let path = module.trim().replace('.', "/");
    let home = files.get(declared).folder();
    let exact = [home.to_owned(), join(home, "src"), join(home, "lib")];
    let names = [format!("{path}.py"), format!("{path}/__init__.py")];
    let at = |folder: &String| names.iter().find_map(|name| files.find(&join(folder, name)));
    let file = exact.iter().find_map(at).or_else(|| {
        // Packages may lie anywhere below, where the build says so.
        let ends = names.iter().map(|name| format!("/{name}")).collect::<Vec<_>>();
        let mut below = files.iter().filter(|(_, file)| {
            file.path().starts_with(home) && ends.iter().any(|end| file.path().ends_with(end.as_str()))
        });
        let (found, _) = below.next()?;
        below.next().is_none().then_some(found)
    })?;
    let function = function.split('[').next().unwrap_or_default().trim();
    facts.python.contains_key(&file).then(|| Entry { file, call: Some(function.to_owned()), by_path: false })
}

/// The launches that running `entry` with the words and the environment of `start` comes to; `words` is
/// `None` where nobody knows how it is called. Beside them the commands that it has, where one must be
/// chosen.
pub(in super::super) fn follow(
    entry: &Entry,
    start: &Start,
    words: Option<&[Option<String>]>,
    enter: Option<Span>,
    files: &Files,
    facts: &Facts,
) -> (Vec<Launched>, Vec<String>) {
    let Some(module) = facts.python.get(&entry.file) else { return (Vec::new(), Vec::new()) };
    let environ = |name: &str| start.environment.lookup(name);
    let variables: Vec<String> = start.environment.known().into_iter().map(|(name, _)| name).collect();
    let reader = Reader {
        files,
        python: &facts.python,
        roots: &start.roots,
        env_files: &facts.environments,
        variables: &variables,
        environ: &environ,
        requirements: &facts.requirements,
        cpus: None,
        quota: None,
        by_path: false,
        own_paths: false,
    };
    // The same names are imported again and again, most of them from libraries, for which every folder is tried.
    let imported: RefCell<HashMap<String, Option<Imported<'_>>>> = RefCell::default();
    let resolve = |name: &str| {
        if let Some(known) = imported.borrow().get(name) {
            return *known;
        }
        let found = import(&reader, entry, name);
        imported.borrow_mut().insert(name.to_owned(), found);
        found
    };
    let env_file = |path: FilePath<'_>| reader.env_file(path);
    let path_of = |file: FileId| Some(files.get(file).path().to_owned());
    let inputs = Inputs {
        environ: &environ,
        variables: &variables,
        cpus: None,
        quota: None,
        resolve: &resolve,
        missing: &|_| false,
        env_file: &env_file,
        path_of: &path_of,
    };
    let gunicorn: Vec<&str> = table(Server::Gunicorn).settings().map(crate::servers::Setting::name).collect();
    let name = match &start.program {
        Program::Python { code: Code::File(path), .. } => words.map(|_| path.as_str()),
        _ => None,
    };
    let course = Course {
        name,
        program: entry.call.is_none() && enter.is_none(),
        words,
        call: entry.call.as_deref(),
        enter,
        called: enter.is_some_and(|span| is_mentioned(entry.file, span, files, facts)),
        watched: &|name| launches::api(name).is_some(),
        gunicorn: &gunicorn,
    };
    let Watched { sightings, commands } =
        evaluate::launches(entry.file, module, files.get(entry.file).text(), &inputs, &course);
    let mut written: BTreeMap<FileId, BTreeMap<Span, Launch>> = BTreeMap::new();
    let mut written_at = |place: Place| {
        let of_file = written.entry(place.file).or_insert_with(|| {
            let all = facts.python.get(&place.file).map(launches::find).unwrap_or_default();
            all.into_iter().map(|launch| (launch.span, launch)).collect()
        });
        of_file.get(&place.span).copied()
    };
    let mut found: Vec<Launched> = Vec::new();
    for sighting in sightings {
        let Some(api) = launches::api(&sighting.callee) else { continue };
        let given = sighting.positional.iter().chain(sighting.named.iter().map(|(_, given)| given));
        let mut attributes = given.flat_map(|given| &given.attributes);
        let path = attributes.find(|(name, _)| name == evaluate::TOML).map(|(_, value)| &value.outcome);
        let loads = match path {
            Some(Outcome::Known(Value::Str(path))) => start.roots.file(files, path),
            _ => None,
        };
        let written = written_at(sighting.place);
        found.push(Launched { api, sighting, written, entry: entry.file, by_path: entry.by_path, loads });
    }
    // Where a default in place decides between two branches, it decides.
    let home = |one: &Launched| (one.sighting.place.file, one.written.and_then(|launch| launch.function));
    let decided: BTreeSet<_> = found.iter().filter(|one| one.sighting.certain).map(home).collect();
    found.retain(|one| one.sighting.certain || !decided.contains(&home(one)));
    // Nothing runs behind what takes the place of the program.
    let replaced =
        found.iter().position(|one| one.sighting.certain && matches!(one.api, Api::Words(words) if words.replaces));
    if let Some(at) = replaced {
        found.truncate(at + 1);
    }
    (found, commands)
}

/// Whether something in the project mentions a function by its name, so that it may be called with other
/// arguments than its defaults.
fn is_mentioned(file: FileId, definition: Span, files: &Files, facts: &Facts) -> bool {
    let text = files.get(file).text().get(definition.start..definition.end).unwrap_or_default();
    let Some((_, behind)) = text.split_once("def ") else { return true };
    let name = behind.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
    let is_part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let mentions = facts.python.keys().map(|file| {
        let text = files.get(*file).text();
        let found = text.match_indices(name).filter(|(at, _)| {
            !is_part(text[..*at].chars().next_back()) && !is_part(text[at + name.len()..].chars().next())
        });
        found.take(2).count()
    });
    name.is_empty() || mentions.sum::<usize>() > 1
}

/// Libraries that are followed by what is known of them, whatever the project calls its folders.
const LIBRARIES: [&str; 8] = ["uvicorn", "gunicorn", "hypercorn", "granian", "click", "typer", "argparse", "fire"];

/// A module of the project as the running program would import it.
fn import<'a>(reader: &Reader<'a>, entry: &Entry, name: &str) -> Option<Imported<'a>> {
    let here = reader.files.get(entry.file).folder();
    let dotted = name.trim_start_matches('.');
    let level = name.len() - dotted.len();
    let path = dotted.replace('.', "/");
    let mut folders: Vec<String> = Vec::new();
    if level > 0 {
        let mut folder = here;
        for _ in 1..level {
            folder = folder.rsplit_once('/').map_or("", |(outer, _)| outer);
        }
        folders.push(folder.to_owned());
    } else {
        if LIBRARIES.contains(&dotted.split('.').next().unwrap_or(dotted)) {
            return None;
        }
        if entry.by_path {
            folders.push(here.to_owned());
        }
        let start = reader.roots.folder(reader.files);
        folders.extend([join(&start, "src"), start]);
        folders.push(outside_packages(reader.files, here).to_owned());
    }
    // A package hides a module of the same name beside it.
    let names = [format!("{path}/__init__.py"), format!("{path}.py")];
    let in_roots = || names.iter().find_map(|name| reader.roots.file(reader.files, name));
    let in_folders = |folders: &[String]| {
        folders.iter().find_map(|folder| names.iter().find_map(|name| reader.files.find(&join(folder, name))))
    };
    let file = match folders.split_first() {
        Some((first, rest)) if entry.by_path && level == 0 => {
            in_folders(std::slice::from_ref(first)).or_else(in_roots).or_else(|| in_folders(rest))
        }
        _ if level == 0 => in_roots().or_else(|| in_folders(&folders)),
        _ => in_folders(&folders),
    };
    let elsewhere = || in_folders(&[installed(reader.files, &names).filter(|_| level == 0)?]);
    let file = file.or_else(elsewhere)?;
    Some(Imported { file, module: reader.python.get(&file)?, text: reader.files.get(file).text() })
}

/// The folder that holds the outermost package around `folder`.
pub(super) fn outside_packages<'p>(files: &Files, folder: &'p str) -> &'p str {
    let mut folder = folder;
    while !folder.is_empty() && files.find(&join(folder, "__init__.py")).is_some() {
        folder = folder.rsplit_once('/').map_or("", |(outer, _)| outer);
    }
    folder
}
