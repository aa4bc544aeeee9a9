//! Which application a call serves, where it is named by a text or by a name of the code.

use super::super::locate::join;
use super::Launched;
use super::call::{Called, Reading, known};
use super::follow::outside_packages;
use crate::python::evaluate::{Evaluated, Loads};
use crate::python::launches::{Element, call_at, is_main};
use crate::python::syntax::ast::{self, Expr, Stmt};
use crate::python::syntax::span_of;
use crate::python::syntax::visitor::{self, Visitor};
use crate::source::{FileId, Files, Located, Place, Span};
use crate::values::Value;

/// The folder that a program imports `app` from: its own, if it is run by its path and the module is there, or
/// the one that holds the package of the call, where the module is only there.
pub(super) fn folder_of(launched: &Launched, app: &str, files: &Files) -> Option<String> {
    let path = app.split(':').next().unwrap_or(app).trim().replace('.', "/");
    let names = [format!("{path}.py"), format!("{path}/__init__.py")];
    let holds = |folder: &str| names.iter().any(|name| files.find(&join(folder, name)).is_some());
    let own = launched.program().map(|program| files.get(program).folder()).filter(|folder| holds(folder));
    let package = || {
        let folder = outside_packages(files, files.get(launched.sighting.place.file).folder());
        (!holds("") && !holds("src") && holds(folder)).then_some(folder)
    };
    own.or_else(package).map(str::to_owned)
}

/// The application that an argument is: a name that the file with the call has for itself, or an expression.
pub(super) fn object(reading: &Reading, element: &Element, called: &mut Called) {
    let file = reading.sites.file();
    let place = Place::new(file, element.span);
    let name = element.name.as_deref().filter(|name| !reading.sites.is_local(name));
    match name.and_then(|name| bound(reading, file, name)) {
        Some((folder, target)) => {
            let body = reading.facts.python.get(&file).map_or(&[][..], |module| &module.body);
            called.only_run = name.is_some_and(|name| !survives_import(reading.files, file, body, name));
            called.app = Some(Located::new(target, place));
            called.folder = Some(folder);
        }
        None if !element.literal => hand(reading, place, called),
        None => {}
    }
}

/// Notes the expression at `place` as what the server is handed.
fn hand(reading: &Reading, place: Place, called: &mut Called) {
    let written = reading.files.text_at(place).split_whitespace().collect::<Vec<_>>().join(" ");
    called.app = Some(Located::new(written, place));
    called.handed = Some(place);
    let folder = outside_packages(reading.files, reading.files.get(place.file).folder());
    called.folder = Some(folder.to_owned());
}

/// The application that a class derived from one of Gunicorn's serves: what its `load` returns, or the one that
/// Gunicorn itself imports by its name.
pub(super) fn of_application(reading: &Reading, called: &mut Called) {
    let sighting = &reading.launched.sighting;
    let place = sighting.place;
    called.loads_itself = sighting.loads.is_some();
    called.names_process = sighting.callee == "gunicorn.app.wsgiapp.WSGIApplication.run";
    let named = |value: &Evaluated, at: Place| match known(value) {
        Some(Value::Str(text)) => Some(Located::new(text.clone(), at)),
        _ => None,
    };
    match &sighting.loads {
        Some(Loads::Attribute { value, parameter }) => {
            let made = parameter.as_ref().and_then(|parameter| made_with(reading, parameter));
            let at = made.as_ref().map_or(place, |made| Place::new(place.file, made.span));
            called.app = named(&value.value, at);
            if let (None, Some(made)) = (&called.app, made) {
                object(reading, &made, called);
            }
        }
        Some(Loads::Global { name, place }) => match bound(reading, place.file, name) {
            Some((folder, target)) => {
                called.app = Some(Located::new(target, *place));
                called.folder = Some(folder);
            }
            None => hand(reading, *place, called),
        },
        Some(Loads::Expression { place: at, names }) => {
            called.app = names.as_ref().and_then(|names| named(&names.value, place));
            if called.app.is_none() {
                hand(reading, *at, called);
            }
        }
        Some(Loads::Unknown) | None => {
            called.app = sighting.positional.first().and_then(|given| named(&given.value, place));
        }
    }
}

/// The argument for a parameter in `Class(app, ...).run()`, or in `server.run()` behind
/// `server = Class(app, ...)`.
fn made_with(reading: &Reading, (index, name): &(usize, String)) -> Option<Element> {
    let place = reading.sites.place;
    let callee = reading.sites.call()?.callee;
    let module = reading.facts.python.get(&place.file)?;
    let text = reading.files.get(place.file).text();
    let method = text.get(callee.start..callee.end)?.rsplit('.').next()?.len() + 1;
    let receiver = Span::new(callee.start, callee.end.checked_sub(method)?);
    let inner = call_at(module, text, receiver)
        .or_else(|| call_at(module, text, only_value(&module.body, text.get(receiver.start..receiver.end)?)?))?;
    let by_name = inner.keywords.into_iter().find(|keyword| keyword.name.as_ref() == Some(name));
    by_name.map(|keyword| keyword.value).or_else(|| inner.positional.into_iter().nth(*index)?)
}

/// Where the value stands that a name is given, if it is given one only.
fn only_value(body: &[Stmt], name: &str) -> Option<Span> {
    struct Values<'n>(&'n str, Vec<Span>);
    impl<'a> Visitor<'a> for Values<'_> {
        fn visit_stmt(&mut self, stmt: &'a Stmt) {
            if let Stmt::Assign(assign) = stmt
                && assign.targets.iter().any(|target| is_named(target, self.0))
            {
                self.1.push(span_of(&*assign.value));
            }
            visitor::walk_stmt(self, stmt);
        }
    }
    let mut values = Values(name, Vec::new());
    values.visit_body(body);
    let [only] = values.1.as_slice() else { return None };
    Some(*only)
}

/// What a global name of a file is called by whoever imports it, and from which folder.
fn bound(reading: &Reading, file: FileId, name: &str) -> Option<(String, String)> {
    let module = reading.facts.python.get(&file)?;
    in_block(reading.files, file, &module.body, name)
}

fn in_block(files: &Files, file: FileId, body: &[Stmt], name: &str) -> Option<(String, String)> {
    body.iter().find_map(|stmt| match stmt {
        Stmt::ImportFrom(import) => imported(files, file, import, name),
        Stmt::Assign(assign) if assign.targets.iter().any(|target| is_named(target, name)) => {
            Some(here(files, file, name))
        }
        Stmt::AnnAssign(assign) if is_named(&assign.target, name) => Some(here(files, file, name)),
        Stmt::FunctionDef(def) if def.name.as_str() == name => Some(here(files, file, name)),
        Stmt::If(test) => {
            let others = test.elif_else_clauses.iter().find_map(|clause| in_block(files, file, &clause.body, name));
            in_block(files, file, &test.body, name).or(others)
        }
        // What is imported may be missing, and then the name stands for something else: it is this file's own.
        Stmt::Try(attempt) => in_block(files, file, &attempt.body, name).map(|_| here(files, file, name)),
        Stmt::With(with) => in_block(files, file, &with.body, name),
        _ => None,
    })
}

/// Whether a file binds a name outside of what only a program comes to.
fn survives_import(files: &Files, file: FileId, body: &[Stmt], name: &str) -> bool {
    let rest = |stmt: &&Stmt| !matches!(stmt, Stmt::If(test) if is_main(&test.test));
    body.iter().filter(rest).any(|stmt| in_block(files, file, std::slice::from_ref(stmt), name).is_some())
}

/// `from module import name`.
fn imported(files: &Files, file: FileId, import: &ast::StmtImportFrom, name: &str) -> Option<(String, String)> {
    let alias = import.names.iter().find(|alias| alias.asname.as_ref().unwrap_or(&alias.name).as_str() == name)?;
    let written = import.module.as_ref().map_or("", |module| module.as_str());
    let (own, folder) = dotted(files, file);
    let level = usize::try_from(import.level).unwrap_or(0);
    let path = if level == 0 {
        written.to_owned()
    } else {
        let package = package_of(files, file, &own, level);
        [package.as_str(), written].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(".")
    };
    Some((folder, format!("{path}:{}", alias.name.as_str())))
}

fn is_named(target: &Expr, name: &str) -> bool {
    matches!(target, Expr::Name(target) if target.id.as_str() == name)
}

fn here(files: &Files, file: FileId, name: &str) -> (String, String) {
    let (module, folder) = dotted(files, file);
    (folder, format!("{module}:{name}"))
}

/// The dotted name of a file, and the folder that it begins in.
fn dotted(files: &Files, file: FileId) -> (String, String) {
    let path = files.get(file).path();
    let path = path.strip_suffix(".py").unwrap_or(path);
    let path = path.strip_suffix("/__init__").unwrap_or(path);
    let folder = outside_packages(files, files.get(file).folder());
    let inside = path.strip_prefix(folder).unwrap_or(path).trim_start_matches('/');
    (inside.replace('/', "."), folder.to_owned())
}

/// The package that `level` dots mean in a file.
fn package_of(files: &Files, file: FileId, module: &str, level: usize) -> String {
    let is_package = files.get(file).path().ends_with("__init__.py");
    let mut package = module;
    for _ in 0..level.saturating_sub(usize::from(is_package)) {
        package = package.rsplit_once('.').map_or("", |(package, _)| package);
    }
    package.to_owned()
}
