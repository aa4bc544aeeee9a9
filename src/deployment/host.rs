//! Where the folders of a machine lie in the project.
//!
//! A unit of systemd or a `supervisord.conf` says `WorkingDirectory=/srv/app`, which no file of the project maps
//! to a folder, and lies in `deploy/` itself. Decided by evidence: the folder that holds what the command names.
//! Where two folders hold as much, the one with the name of the machine's folder counts, then the root of the
//! project; between others nothing is guessed.

use std::collections::{BTreeMap, BTreeSet};

use super::locate::{self, Roots};
use crate::read::{Unit, UnitKind};
use crate::source::{FileId, Files};

/// More words than any command has that names what it needs.
const MAX_WORDS: usize = 500;

/// More parts than the end of a path needs to be told from others.
const MAX_DEPTH: usize = 12;

/// Endings of files that a command may name.
const NAMED: [&str; 9] = ["py", "ini", "sh", "yaml", "yml", "json", "xml", "toml", "conf"];

/// Endings of files from which another one is made before a server reads it.
const TEMPLATES: [&str; 6] = ["j2", "jinja", "jinja2", "tmpl", "tpl", "template"];

/// Whether a file is one from which another one is made.
pub(super) fn is_template(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, end)| TEMPLATES.contains(&end))
}

/// Whether a unit speaks of folders of a machine, none of which the project says where to find.
pub(super) const fn is_remote(kind: UnitKind) -> bool {
    matches!(kind, UnitKind::SystemdService | UnitKind::SupervisorProgram | UnitKind::UwsgiConfiguration)
}

/// The folders that the commands of `unit` see; `texts` is what they say besides.
pub(super) fn roots(unit: &Unit, texts: &[String], files: &Files) -> Roots {
    let working = unit.working_folder.as_ref().map(|working| working.value.as_str());
    let beside = files.get(unit.place.file).folder();
    let mut words: Vec<String> = texts.iter().take(MAX_WORDS).cloned().collect();
    for lexed in unit.command.iter().flat_map(|command| &command.words).take(MAX_WORDS) {
        words.extend(lexed.content.text().split_whitespace().take(MAX_WORDS).map(str::to_owned));
    }
    let folder = folder(&words, working, beside, files);
    match working {
        Some(working) if working.starts_with('/') => Roots::machine(&folder, beside, Some(working)),
        // uWSGI goes there itself.
        Some(working) if unit.kind != UnitKind::UwsgiConfiguration => {
            let mut roots = Roots::machine(&folder, beside, None);
            roots.enter(working);
            roots
        }
        Some(_) | None => Roots::machine(&folder, beside, None),
    }
}

/// The folder of the project that the words speak of; the root where nothing tells.
fn folder(words: &[String], working: Option<&str>, beside: &str, files: &Files) -> String {
    let wanted: BTreeSet<Vec<String>> = words.iter().filter_map(|word| evidence(word, working)).collect();
    let mut holds: BTreeMap<&str, usize> = BTreeMap::new();
    for paths in &wanted {
        let folders: BTreeSet<&str> =
            files.iter().filter_map(|(_, file)| paths.iter().find_map(|path| above(file.path(), path))).collect();
        for folder in folders {
            *holds.entry(folder).or_default() += 1;
        }
    }
    let Some(&most) = holds.values().max() else {
        return named_alike(working, files).unwrap_or_default();
    };
    let best: Vec<&str> = holds.iter().filter(|(_, count)| **count == most).map(|(folder, _)| *folder).collect();
    if let [only] = best.as_slice() {
        return (*only).to_owned();
    }
    let alike = |folder: &&&str| working.is_some_and(|working| tail(working, folder) > 0);
    let longest = best.iter().filter(alike).max_by_key(|folder| folder.len());
    let own = best.iter().filter(|folder| beside == **folder || beside.starts_with(&format!("{folder}/")));
    let root = best.iter().find(|folder| folder.is_empty());
    longest.or(root).or_else(|| own.max_by_key(|folder| folder.len())).copied().unwrap_or_default().to_owned()
}

/// The only folder of the project that has the name of the machine's.
fn named_alike(working: Option<&str>, files: &Files) -> Option<String> {
    let name = working
        .filter(|working| working.starts_with('/'))?
        .trim_end_matches('/')
        .rsplit('/')
        .next()
        .filter(|name| !name.is_empty())?;
    let mut found = BTreeSet::new();
    for (_, file) in files.iter() {
        let mut folder = file.folder();
        while !folder.is_empty() {
            let (above, last) = folder.rsplit_once('/').unwrap_or(("", folder));
            if last == name {
                found.insert(folder);
            }
            folder = above;
        }
    }
    let mut found = found.into_iter();
    found.next().filter(|_| found.next().is_none()).map(str::to_owned)
}

/// How many parts at the end two paths have in common, if all of the second are among them.
fn tail(path: &str, folder: &str) -> usize {
    let parts = folder.split('/').count();
    let same = !folder.is_empty() && format!("/{}", path.trim_matches('/')).ends_with(&format!("/{folder}"));
    if same { parts } else { 0 }
}

/// The folder in which `path` is `below`.
fn above<'p>(path: &'p str, below: &str) -> Option<&'p str> {
    let rest = path.strip_suffix(below)?;
    if rest.is_empty() { Some("") } else { rest.strip_suffix('/') }
}

/// The paths, relative to the folder it starts in, of which a word names one.
fn evidence(word: &str, working: Option<&str>) -> Option<Vec<String>> {
    let word = word.rsplit('=').next().unwrap_or(word).trim_matches(|c| matches!(c, '"' | '\''));
    let word = word.strip_prefix("file:").unwrap_or(word);
    let plain = |c: char| c.is_alphanumeric() || "_-./".contains(c);
    let path = word.split(':').next().unwrap_or(word);
    // A relative folder is entered from the one that is looked for.
    let entered = working.filter(|working| !working.starts_with('/')).unwrap_or_default();
    if !path.is_empty() && path.chars().all(plain) && path.rsplit_once('.').is_some_and(|(_, end)| NAMED.contains(&end))
    {
        if let Some(working) = working.filter(|working| working.starts_with('/'))
            && path.starts_with('/')
        {
            return Some(vec![path.strip_prefix(working)?.trim_start_matches('/').to_owned()]);
        }
        return (!path.starts_with('/')).then(|| vec![locate::join(entered, path)]);
    }
    let module = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
    let is_module = (word.contains(':') || path.contains('.'))
        && path.chars().all(module)
        && path.starts_with(|c: char| c.is_alphabetic() || c == '_');
    is_module.then(|| {
        let path = path.replace('.', "/");
        vec![locate::join(entered, &format!("{path}.py")), locate::join(entered, &format!("{path}/__init__.py"))]
    })
}

/// The file of the project that a machine has at the absolute `path`: one beside `beside` with its name, else
/// the only one that ends as it does. What is made of a template is no file of the project.
pub(super) fn by_tail(path: &str, beside: &str, files: &Files) -> Option<FileId> {
    let name = path.rsplit('/').next().filter(|name| !name.is_empty())?;
    if let Some(file) = files.find(&locate::join(beside, name)) {
        return Some(file);
    }
    if TEMPLATES.iter().any(|end| files.find(&locate::join(beside, &format!("{name}.{end}"))).is_some()) {
        return None;
    }
    let mut end = path.trim_start_matches('/');
    let depth = end.split('/').count();
    for _ in 0..depth.saturating_sub(MAX_DEPTH) {
        end = end.split_once('/')?.1;
    }
    loop {
        let mut found = files.iter().filter(|(_, file)| above(file.path(), end).is_some()).map(|(id, _)| id);
        match (found.next(), found.next()) {
            (Some(only), None) => return Some(only),
            (Some(_), Some(_)) => return None,
            (None, _) => end = end.split_once('/')?.1,
        }
    }
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

    fn told(paths: &[&str], words: &[&str], working: Option<&str>) -> String {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        folder(&words, working, "deploy", &project(paths))
    }

    #[test]
    fn the_folder_that_holds_what_is_named() {
        let paths = ["backend/shop/wsgi.py", "backend/gunicorn.conf.py", "frontend/app.py", "deploy/web.service"];
        assert_eq!(told(&paths, &["gunicorn", "-c", "gunicorn.conf.py", "shop.wsgi:application"], None), "backend");
        assert_eq!(
            told(&paths, &["gunicorn", "-c", "/srv/x/gunicorn.conf.py", "shop.wsgi"], Some("/srv/x")),
            "backend"
        );
        assert_eq!(told(&paths, &["gunicorn", "other:app"], Some("/srv/frontend")), "frontend");
        assert_eq!(told(&paths, &["gunicorn", "other:app"], Some("/srv/x")), "");
        assert_eq!(told(&paths, &["shop.wsgi"], Some("backend")), "");
    }

    #[test]
    fn between_two_the_name_decides_or_the_root() {
        let paths = ["a/main.py", "b/main.py", "deploy/web.service"];
        assert_eq!(told(&paths, &["main:app"], Some("/srv/b")), "b");
        assert_eq!(told(&paths, &["main:app"], Some("/srv/c")), "");
        let paths = ["main.py", "b/main.py"];
        assert_eq!(told(&paths, &["main:app"], Some("/srv/c")), "");
    }

    #[test]
    fn a_file_of_the_machine_is_told_by_its_end() {
        let files = project(&["contrib/gunicorn.py", "contrib/web.service", "a/x.env", "b/x.env"]);
        let path = |path: &str, beside: &str| by_tail(path, beside, &files).map(|id| files.get(id).path().to_owned());
        assert_eq!(path("/opt/app/gunicorn.py", "contrib").as_deref(), Some("contrib/gunicorn.py"));
        assert_eq!(path("/opt/app/gunicorn.py", "").as_deref(), Some("contrib/gunicorn.py"));
        assert_eq!(path("/opt/app/x.env", ""), None);
        assert_eq!(path("/opt/a/x.env", "").as_deref(), Some("a/x.env"));
        assert_eq!(path("/opt/", ""), None);
        // What is made of the template beside it is not the file of another part of the project.
        let files = project(&["conf/uwsgi.ini.j2", "conf/web.conf", "contrib/uwsgi.ini"]);
        assert_eq!(by_tail("/app/uwsgi.ini", "conf", &files), None);
        assert!(by_tail("/app/uwsgi.ini", "", &files).is_some());
    }
}
