//! A configuration of Gunicorn or Hypercorn, where no command in the project starts that server.
//!
//! Whoever says just `gunicorn` in the folder of a `gunicorn.conf.py` starts what it says; a file by another name
//! counts where the user asks about it, or where what it binds is what Gunicorn is configured with. Who starts it, and with which options, variables and, without `wsgi_app`
//! (Gunicorn 20.1), which application, is not known.

use super::Assembly;
use super::commands::{Parted, Start};
use super::environment::Environment;
use super::locate::Roots;
use crate::python::syntax::ast::{Expr, Stmt};
use crate::python::syntax::{Module, span_of};
use crate::read::{self, Facts, Unit, UnitKind};
use crate::servers::arguments::Argument;
use crate::servers::{Program, Server, table};
use crate::source::{FileId, Files, Place};

/// The file that Gunicorn looks for where no option names one.
const USUAL: &str = "gunicorn.conf.py";

/// A unit for each such file, and what it starts; `asked` are the files that the user names.
pub(super) fn alone(files: &Files, facts: &Facts, assembly: &Assembly, asked: &[FileId]) -> Vec<(Unit, Start)> {
    // Another command may load it in a way that is not followed.
    let runs = |server: Server| assembly.deployments.iter().any(|one| one.server == server);
    let in_python = facts.python.iter().filter_map(|(&file, module)| {
        let name = files.get(file).name();
        let server = match name {
            USUAL => Server::Gunicorn,
            _ if !is_loaded(file, assembly) && is_configuration(file, module, files, facts) => Server::Gunicorn,
            _ => [Server::Gunicorn, Server::Hypercorn]
                .into_iter()
                .find(|server| asked.contains(&file) && name.contains(table(*server).distribution()))?,
        };
        Some((server, file, set_at(server, file, module)?))
    });
    let in_toml = asked.iter().filter_map(|&file| {
        let source = files.get(file);
        source.name().strip_suffix(".toml").filter(|name| name.contains(table(Server::Hypercorn).distribution()))?;
        let said = read::toml_settings(file, source.text());
        let entry = said.entries.iter().find(|entry| table(Server::Hypercorn).setting(&entry.key).is_some())?;
        Some((Server::Hypercorn, file, entry.key_place))
    });
    let own = in_python.chain(in_toml).filter(|(server, file, _)| !runs(*server) && !files.is_foreign(*file));
    own.map(|(server, file, place)| unit(server, file, place, files)).collect()
}

/// Whether a server of the project loads a file already: Hypercorn has settings of the same names.
fn is_loaded(file: FileId, assembly: &Assembly) -> bool {
    assembly.deployments.iter().any(|one| one.loaded.contains(&file))
}

/// Fewer names could be anybody's.
const ENOUGH: usize = 3;

/// Settings of which a file that configures Gunicorn binds one at least: no other kind of file has names like these.
const TELLING: [&str; 8] = [
    "worker_class",
    "workers",
    "bind",
    "preload_app",
    "max_requests",
    "graceful_timeout",
    "worker_connections",
    "accesslog",
];

/// Whether a module is a configuration of Gunicorn by what it binds, in a project that asks for Gunicorn.
///
/// Half of its names have to be settings, and it defines nothing that a program would: no class, and no main guard.
fn is_configuration(file: FileId, module: &Module, files: &Files, facts: &Facts) -> bool {
    let wanted = || facts.requirements.iter().any(|one| one.name == table(Server::Gunicorn).distribution());
    let named = || files.get(file).name().contains(table(Server::Gunicorn).distribution());
    let mut bound: Vec<&str> = Vec::new();
    for stmt in &module.body {
        match stmt {
            Stmt::Assign(assign) => bound.extend(assign.targets.iter().filter_map(|target| match target {
                Expr::Name(name) => Some(name.id.as_str()),
                _ => None,
            })),
            Stmt::ClassDef(_) => return false,
            Stmt::If(branch) if files.get(file).slice(span_of(&*branch.test)).contains("__name__") => return false,
            _ => {}
        }
    }
    bound.sort_unstable();
    bound.dedup();
    let is_setting = |name: &&&str| table(Server::Gunicorn).setting(name).is_some();
    let settings: Vec<&str> = bound.iter().filter(is_setting).copied().collect();
    let telling = settings.iter().filter(|name| TELLING.contains(name)).count();
    settings.len() >= ENOUGH && settings.len() * 2 >= bound.len() && telling > 0 && (named() || telling > 1 && wanted())
}

/// Where a module names its application, or else where its first setting stands.
fn set_at(server: Server, file: FileId, module: &Module) -> Option<Place> {
    let names = module.body.iter().filter_map(|stmt| {
        let Stmt::Assign(assign) = stmt else { return None };
        let [Expr::Name(name)] = assign.targets.as_slice() else { return None };
        Some((name.id.as_str(), Place::new(file, span_of(name)), &*assign.value))
    });
    let is_app = |value: &Expr| matches!(value, Expr::StringLiteral(_));
    let known: Vec<_> = names.filter(|(name, ..)| table(server).setting(name).is_some()).collect();
    let app = known.iter().find(|(name, _, value)| *name == "wsgi_app" && is_app(value));
    app.or_else(|| known.first()).map(|(_, place, _)| *place)
}

fn unit(server: Server, file: FileId, place: Place, files: &Files) -> (Unit, Start) {
    let source = files.get(file);
    let named = (source.name() != USUAL).then(|| ["--config".to_owned(), source.name().to_owned()]);
    let start = Start {
        program: Program::Server { server, name: 0, by_module: false, first_argument: 0 },
        arguments: named.into_iter().flatten().map(|word| Argument::meant(word, place)).collect(),
        environment: Environment::default(),
        roots: Roots::project(source.folder()),
        place,
        conditional: false,
        only: std::collections::BTreeSet::new(),
        has_instead: false,
        awaits_words: false,
        parted: Parted::default(),
        managed: None,
        user: None,
        shield: None,
        on_large_node: None,
    };
    (Unit::new(UnitKind::GunicornConfiguration, "", place), start)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::assemble_asked;
    use crate::read;
    use crate::source::{FileKind, Files};

    /// Every deployment: its application, the folder it starts in, and its command.
    fn deployments(texts: &[(&str, &str)]) -> Vec<String> {
        asked(texts, None)
    }

    fn asked(texts: &[(&str, &str)], named: Option<&str>) -> Vec<String> {
        let mut files = Files::new();
        let mut kinds = BTreeMap::new();
        for (path, text) in texts {
            kinds.insert(files.add(*path, *text), FileKind::of_named(path, text).unwrap());
        }
        let facts = read::all(&files, &kinds);
        let asked: Vec<_> = named.and_then(|name| files.find(name)).into_iter().collect();
        let told = assemble_asked(&files, &facts, &asked).deployments.into_iter().map(|one| {
            assert!(one.errors.is_empty(), "{:?}", one.errors);
            let app = one.app.as_ref().map_or("?", |app| app.value.as_str());
            format!("{app} in {:?}, {}, {}", one.folder, files.describe(one.command), one.int("workers").unwrap_or(0))
        });
        told.collect()
    }

    const FILE: (&str, &str) = ("api/gunicorn.conf.py", "workers = 3\nwsgi_app = \"core.entry:application\"\n");

    #[test]
    fn a_file_that_names_its_application_starts_it() {
        assert_eq!(deployments(&[FILE]), ["core.entry:application in \"api\", api/gunicorn.conf.py:2, 3"]);
        assert_eq!(deployments(&[("gunicorn.conf.py", "workers = 3\n")]), ["? in \"\", gunicorn.conf.py:1, 3"]);
        assert!(deployments(&[("gunicorn.conf.py", "count = 3\n")]).is_empty());
        assert!(deployments(&[("gunicorn.dev.py", "wsgi_app = 'a:b'\n")]).is_empty());
    }

    #[test]
    fn a_file_by_another_name_counts_where_it_is_asked_about() {
        let python = ("gunicorn_settings.py", "timeout = 3\nworkers = 4\n");
        let toml = ("hypercorn.toml", "bind = \":8000\"\nworkers = 5\n");
        assert!(deployments(&[python, toml]).is_empty());
        assert_eq!(asked(&[python, toml], Some(python.0)), ["? in \"\", gunicorn_settings.py:1, 4"]);
        assert_eq!(asked(&[python, toml], Some(toml.0)), ["? in \"\", hypercorn.toml:1, 5"]);
        assert!(asked(&[("settings.py", "workers = 4\n")], Some("settings.py")).is_empty());
    }

    #[test]
    fn a_file_by_another_name_counts_by_what_it_binds() {
        let production = ("deploy/gunicorn_production.py", "bind = ':80'\nworkers = 4\ntimeout = 3\nextra = 1\n");
        let shown = ["? in \"deploy\", deploy/gunicorn_production.py:1, 4"];
        assert_eq!(deployments(&[production]), shown);
        // A command counts more.
        assert_eq!(deployments(&[production, ("Procfile", "web: gunicorn other:app\n")]).len(), 1);
        let plain = ("deploy/web.py", "bind = ':80'\nworkers = 4\ntimeout = 3\n");
        let list = ("requirements.txt", "gunicorn\n");
        assert_eq!(deployments(&[plain, list]), ["? in \"deploy\", deploy/web.py:1, 4"]);
        assert!(deployments(&[plain]).is_empty());
        let hypercorn = ("Procfile", "web: hypercorn -c file:deploy/web.py app:app\n");
        assert_eq!(deployments(&[plain, list, hypercorn]).len(), 1);
        for other in [
            "user = 'a'\ngroup = 'b'\ntimeout = 3\n",
            "bind = ':80'\nworkers = 4\n",
            "bind = ':80'\nworkers = 4\ntimeout = 3\na = 1\nb = 2\nc = 3\nd = 4\n",
            "bind = ':80'\nworkers = 4\ntimeout = 3\nclass Server: pass\n",
            "bind = ':80'\nworkers = 4\ntimeout = 3\nif __name__ == '__main__':\n    print(bind)\n",
        ] {
            assert!(deployments(&[("deploy/gunicorn_tool.py", other), list]).is_empty(), "{other}");
        }
    }

    #[test]
    fn a_command_counts_more() {
        let procfile = ("Procfile", "web: gunicorn other:app\n");
        assert_eq!(deployments(&[FILE, procfile]), ["other:app in \"\", Procfile:1, 1"]);
    }
}
