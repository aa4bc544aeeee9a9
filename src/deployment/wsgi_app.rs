//! A `gunicorn.conf.py` that names its application, where no command in the project starts Gunicorn.
//!
//! Whoever says just `gunicorn` in that folder serves it (`wsgi_app`, since Gunicorn 20.1). Who that is, and with
//! which options and variables, is not known.

use super::Assembly;
use super::commands::{Parted, Start};
use super::environment::Environment;
use super::locate::Roots;
use crate::python::syntax::ast::{Expr, Stmt};
use crate::python::syntax::{Module, span_of};
use crate::read::{Facts, Unit, UnitKind};
use crate::servers::{Program, Server};
use crate::source::{FileId, Files, Place};

/// The file that Gunicorn looks for where no option names one.
const USUAL: &str = "gunicorn.conf.py";

/// A unit for each such file, and what it starts.
pub(super) fn alone(files: &Files, facts: &Facts, assembly: &Assembly) -> Vec<(Unit, Start)> {
    // Another command may load it in a way that is not followed.
    if assembly.deployments.iter().any(|one| one.server == Server::Gunicorn) {
        return Vec::new();
    }
    let usual = facts.python.iter().filter(|(file, _)| files.get(**file).name() == USUAL && !files.is_foreign(**file));
    usual.filter_map(|(&file, module)| Some(unit(named_at(file, module)?, files))).collect()
}

/// Where a module binds the application to a text.
fn named_at(file: FileId, module: &Module) -> Option<Place> {
    module.body.iter().find_map(|stmt| {
        let Stmt::Assign(assign) = stmt else { return None };
        let ([Expr::Name(name)], Expr::StringLiteral(_)) = (assign.targets.as_slice(), &*assign.value) else {
            return None;
        };
        (name.id.as_str() == "wsgi_app").then(|| Place::new(file, span_of(name)))
    })
}

fn unit(place: Place, files: &Files) -> (Unit, Start) {
    let start = Start {
        program: Program::Server { server: Server::Gunicorn, name: 0, by_module: false, first_argument: 0 },
        arguments: Vec::new(),
        environment: Environment::default(),
        roots: Roots::project(files.get(place.file).folder()),
        place,
        conditional: false,
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

    use super::super::assemble;
    use crate::read;
    use crate::source::{FileKind, Files};

    /// Every deployment: its application, the folder it starts in, and its command.
    fn deployments(texts: &[(&str, &str)]) -> Vec<String> {
        let mut files = Files::new();
        let mut kinds = BTreeMap::new();
        for (path, text) in texts {
            kinds.insert(files.add(*path, *text), FileKind::of_named(path, text).unwrap());
        }
        let facts = read::all(&files, &kinds);
        let told = assemble(&files, &facts).deployments.into_iter().map(|one| {
            let app = one.app.as_ref().map_or("?", |app| app.value.as_str());
            format!("{app} in {:?}, {}, {}", one.folder, files.describe(one.command), one.int("workers").unwrap_or(0))
        });
        told.collect()
    }

    const FILE: (&str, &str) = ("api/gunicorn.conf.py", "workers = 3\nwsgi_app = \"core.entry:application\"\n");

    #[test]
    fn a_file_that_names_its_application_starts_it() {
        assert_eq!(deployments(&[FILE]), ["core.entry:application in \"api\", api/gunicorn.conf.py:2, 3"]);
        assert!(deployments(&[("gunicorn.conf.py", "workers = 3\n")]).is_empty());
        assert!(deployments(&[("gunicorn.dev.py", "wsgi_app = 'a:b'\n")]).is_empty());
    }

    #[test]
    fn a_command_counts_more() {
        let procfile = ("Procfile", "web: gunicorn other:app\n");
        assert_eq!(deployments(&[FILE, procfile]), ["other:app in \"\", Procfile:1, 1"]);
    }
}
