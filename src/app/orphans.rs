//! Applications that no known server runs.
//!
//! A project may be checked before anybody has written down how it is started, and many applications
//! start themselves: `web.run_app(make_app())`. They are found by the calls that make them, wherever
//! those stand; what they are worth is told by the same analysis. Modules that are run as programs and
//! import the one of the application are taken to start it. Django's is the one that its settings name.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::known::APPLICATIONS;
use super::target::{Target, find, library};
use super::usual_names::usual_names;
use super::{Application, Asked, Code, Framework, Instructions, Interface, assemble, mounted, reach};
use crate::python::calls::EventKind;
use crate::python::syntax::ast::{self, Expr, Stmt};
use crate::python::syntax::{Module, span_of, visitor};
use crate::python::test_imports::is_of_tests;
use crate::python::types::{Frame, FunctionId, Types, Value};
use crate::source::{FileId, Files, Place};

/// Folders whose applications exist for tests and documents.
const ASIDE: [&str; 8] = ["tests", "test", "docs", "doc", "docs_src", "examples", "example", "benchmarks"];

/// Files that a program or a server is usually told to load.
const PROGRAMS: [&str; 7] = ["__main__.py", "app.py", "asgi.py", "main.py", "run.py", "server.py", "wsgi.py"];

/// How many programs are looked at for what they load through others.
const MAX_PROGRAMS: usize = 16;

/// Analyses every application of the project whose handlers share a loop and that is not among `known`, and the
/// one of Django where none is known.
pub fn orphans(code: &Code<'_>, known: &[Option<Application>], instructions: &Instructions) -> Vec<Application> {
    let found = instructions.catalogue.during(|| unknown(code, known));
    let loads = |orphan: &Orphan| {
        instructions.catalogue.during(|| {
            let types = Types::new(code.project(), &orphan.folder.as_str().into());
            types.configure(reach::configuration(&types, &orphan.object.modules, None).as_deref());
            reach::modules(&types, &orphan.object.modules, None)
        })
    };
    let loaded: Vec<Vec<u32>> = found.par_iter().map(loads).collect();
    // What one application loads is nothing to another one, but those that load the same ask the same.
    let mut alike: Alike<'_> = BTreeMap::new();
    for ((at, orphan), loaded) in found.iter().enumerate().zip(&loaded) {
        alike.entry((&orphan.folder, loaded)).or_default().push((at, orphan));
    }
    let groups: Vec<_> = alike.into_iter().collect();
    let each = groups.par_iter().flat_map_iter(|((folder, loaded), orphans)| {
        instructions.catalogue.during(|| {
            let types = Types::new(code.project(), &(*folder).into());
            let analysed = orphans.iter().map(|(at, orphan)| {
                let asked = Asked::by_name(&orphan.name, (*folder).into());
                types.configure(reach::configuration(&types, &orphan.object.modules, None).as_deref());
                (*at, assemble(code, &types, loaded, &asked, &orphan.object, orphan.is_beside, instructions))
            });
            analysed.collect::<Vec<_>>()
        })
    });
    let analysed: BTreeMap<usize, Application> = each.collect();
    analysed.into_values().collect()
}

/// An application that nothing is known to start.
pub(super) struct Orphan {
    pub(super) folder: String,
    pub(super) name: String,
    pub(super) object: Target,
    /// Whether it stands beside one that is known, so that it is clear what belongs to which.
    pub(super) is_beside: bool,
}

/// Those that one folder and one set of modules belong to, with their places among all.
type Alike<'o> = BTreeMap<(&'o str, &'o [u32]), Vec<(usize, &'o Orphan)>>;

fn unknown(code: &Code<'_>, known: &[Option<Application>]) -> Vec<Orphan> {
    let &Code { files, modules, .. } = code;
    let mounted = mounted::constructors(modules.values());
    let mut constructors = constructors(modules);
    constructors.extend(mounted.iter().map(|name| (*name).to_owned()));
    let left: BTreeSet<FileId> =
        known.iter().flatten().flat_map(|application| &application.foreign).map(|(file, _)| *file).collect();
    let mut by_folder: BTreeMap<String, Vec<FileId>> = BTreeMap::new();
    for (&file, module) in modules {
        let path = files.get(file).path();
        if (!is_known(known, file) || left.contains(&file))
            && !is_aside(path)
            && !is_of_tests(files, file, module)
            && calls(module).iter().any(|call| constructors.contains(last_name(&call.func)))
        {
            by_folder.entry(import_path(files, path).0).or_default().push(file);
        }
    }
    let mut found = Vec::new();
    for (folder, candidates) in by_folder {
        let types = Types::new(code.project(), &folder.as_str().into());
        let programs = programs(files, modules, &types);
        let mut behind: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for file in candidates {
            let is_beside = is_known(known, file);
            for (made, bound) in made(&types, modules, file, (&constructors, &mounted), &|start| {
                let mut all = known.iter().flatten();
                !is_beside || all.any(|application| application.foreign.contains(&(file, start)))
            }) {
                let dotted = import_path(files, files.get(file).path()).1;
                let name = format!("{dotted}:{}", bound.as_deref().unwrap_or("?"));
                let index = types.index_of(file);
                let mut starting: Vec<u32> = programs
                    .iter()
                    .filter(|(_, imported)| index.is_some_and(|index| imported.contains(&index)))
                    .map(|(program, _)| *program)
                    .collect();
                // Where none of them imports it, it may be loaded by a name that is put together, or through others.
                if let (true, Some(index)) = (starting.is_empty(), index) {
                    starting.extend(programs.iter().map(|(program, _)| *program).take(MAX_PROGRAMS).filter(
                        |program| {
                            let loaded = behind.entry(*program);
                            loaded.or_insert_with(|| reach::modules(&types, &[*program], None)).contains(&index)
                        },
                    ));
                }
                let modules_of = made.modules.iter().copied().chain(starting).collect();
                let object = Target { modules: modules_of, ..made };
                found.push(Orphan { folder: folder.clone(), name, object, is_beside });
            }
        }
    }
    // Behind an application that is known Django's may be mounted.
    if known.iter().flatten().next().is_none() {
        found.extend(named_by_settings(code));
        if found.is_empty() {
            found.extend(usual_names(code));
        }
    }
    found
}

/// Whether an application that a server runs is made in this file.
fn is_known(known: &[Option<Application>], file: FileId) -> bool {
    known
        .iter()
        .flatten()
        .any(|application| application.place.file == file || application.made.is_some_and(|made| made.file == file))
}

/// The application of Django that its settings name for whoever starts it.
fn named_by_settings(code: &Code<'_>) -> Option<Orphan> {
    let &Code { files, modules, .. } = code;
    let settings = modules.iter().filter(|(file, _)| !is_aside(files.get(**file).path()));
    let named = |name: &'static str| {
        settings.clone().find_map(move |(&file, module)| {
            let (module, attribute) = text_of(module, name)?.rsplit_once('.')?;
            let target = format!("{module}:{attribute}");
            let folder = settings_folder(files, file, module)?;
            let types = Types::new(code.project(), &folder.as_str().into());
            let object = find(&types, &target).filter(|object| object.framework == Framework::Django)?;
            Some(Orphan { folder, name: target, object, is_beside: false })
        })
    };
    named("ASGI_APPLICATION").or_else(|| named("WSGI_APPLICATION"))
}

/// The text that a module binds a name to.
fn text_of<'m>(module: &'m Module, name: &str) -> Option<&'m str> {
    module.body.iter().rev().find_map(|stmt| match stmt {
        Stmt::Assign(assign) => match (assign.targets.as_slice(), &*assign.value) {
            ([Expr::Name(target)], Expr::StringLiteral(text)) if target.id.as_str() == name => {
                Some(text.value.to_str())
            }
            _ => None,
        },
        _ => None,
    })
}

/// The nearest folder around a file that has a module of this name.
fn settings_folder(files: &Files, file: FileId, module: &str) -> Option<String> {
    let path = format!("{}.py", module.replace('.', "/"));
    let mut folder = files.get(file).folder();
    loop {
        let at = if folder.is_empty() { path.clone() } else { format!("{folder}/{path}") };
        if files.find(&at).is_some() {
            return Some(folder.to_owned());
        }
        folder = folder.rsplit_once('/').map(|(outer, _)| outer).or((!folder.is_empty()).then_some(""))?;
    }
}

pub(super) fn is_aside(path: &str) -> bool {
    let is_test = |part: &str| part.starts_with("test_") || part.ends_with("_tests") || part == "conftest.py";
    path.split('/').any(|part| ASIDE.contains(&part) || is_test(part))
}

/// What is called where an application is made: a class of a framework, or one of the project that
/// inherits from it.
fn constructors(modules: &BTreeMap<FileId, Module>) -> BTreeSet<String> {
    // A router can be served, but is usually part of an application that is found by itself.
    let shared = APPLICATIONS
        .iter()
        .filter(|(name, interface, framework)| shares_loop(*interface, *framework) && !name.ends_with(".Router"));
    let mut names: BTreeSet<String> =
        shared.map(|(name, ..)| name.rsplit('.').next().unwrap_or(name).to_owned()).collect();
    for module in modules.values() {
        for statement in &module.body {
            if let Stmt::ClassDef(class) = statement
                && let Some(arguments) = &class.arguments
                && arguments.args.iter().any(|base| names.contains(last_name(base)))
            {
                names.insert(class.name.to_string());
            }
        }
    }
    names
}

/// Whether the handlers of all requests share a loop, for certain: every project of Django's has the
/// file that would serve it on one.
fn shares_loop(interface: Interface, framework: Framework) -> bool {
    matches!(interface, Interface::Asgi | Interface::Own(_))
        && !matches!(framework, Framework::Django | Framework::Unknown)
}

/// The applications that a module makes, one of each framework, with the name that the first is bound to.
fn made<'a>(
    types: &Types<'a>,
    modules: &'a BTreeMap<FileId, Module>,
    file: FileId,
    (constructors, mounted): (&BTreeSet<String>, &BTreeSet<&str>),
    counts: &dyn Fn(usize) -> bool,
) -> Vec<(Target, Option<String>)> {
    let mut found: Vec<(Target, Option<String>)> = Vec::new();
    let Some(index) = types.index_of(file) else { return found };
    let Some(module) = modules.get(&file) else { return found };
    let names = bound(module);
    let functions = types.facts_at(index).functions.iter().zip(0..);
    let events = functions.flat_map(|(function, number)| {
        let frame = types.plain(FunctionId { file: index, index: number });
        function.events.iter().filter_map(move |event| match event.kind {
            EventKind::Call(call, _) => Some((call, frame)),
            _ => None,
        })
    });
    let started = guarded(module).into_iter().map(|call| (call, types.module_frame(index)));
    for (call, frame) in events.chain(started) {
        if !constructors.contains(last_name(&call.func)) || !counts(span_of(call).start) {
            continue;
        }
        let by_mounts = || mounted.contains(last_name(&call.func)).then(|| mounted::kind(types, call, frame))?;
        let Some((interface, framework)) = kind(types, call, frame).or_else(by_mounts) else { continue };
        if !shares_loop(interface, framework) || found.iter().any(|(known, _)| known.framework == framework) {
            continue;
        }
        let place = Place::new(file, span_of(call));
        let target = Target {
            place,
            made: None,
            interface,
            framework,
            modules: vec![index],
            callables: Vec::new(),
            factories: Vec::new(),
        };
        found.push((target, names.get(&span_of(call).start).cloned()));
    }
    found
}

pub(super) fn kind<'a>(types: &Types<'a>, call: &'a ast::ExprCall, frame: Frame) -> Option<(Interface, Framework)> {
    let known = types.value(&call.func, frame);
    let known = known.iter().flat_map(|value| match value {
        Value::External(name) => vec![library(name)],
        Value::Class(class) => types.library_bases(*class).iter().map(|base| library(base)).collect(),
        _ => Vec::new(),
    });
    known.into_iter().find(|(interface, _)| *interface != Interface::Unknown)
}

/// Modules that are run as programs, or are named as what is, each with what it imports.
fn programs(files: &Files, modules: &BTreeMap<FileId, Module>, types: &Types<'_>) -> Vec<(u32, BTreeSet<u32>)> {
    let is_program = |file: FileId, module: &Module| {
        let path = files.get(file).path();
        let is_named = PROGRAMS.contains(&files.get(file).name());
        !is_aside(path)
            && !is_of_tests(files, file, module)
            && (is_named || module.body.iter().any(|stmt| main_guard(stmt).is_some()))
    };
    let programs = modules.iter().filter(|(file, module)| is_program(**file, module));
    let indices = programs.filter_map(|(file, _)| types.index_of(*file));
    indices.map(|index| (index, reach::imported_by(types, index))).collect()
}

/// The body of `if __name__ == "__main__":`.
fn main_guard(stmt: &Stmt) -> Option<&[Stmt]> {
    let Stmt::If(stmt) = stmt else { return None };
    let Expr::Compare(compare) = &*stmt.test else { return None };
    let names = |expr: &Expr| matches!(expr, Expr::Name(name) if name.id.as_str() == "__name__");
    (names(&compare.left) || compare.comparators.iter().any(names)).then_some(&*stmt.body)
}

/// The calls of the part of a module that only a program runs.
pub(super) fn guarded(module: &Module) -> Vec<&ast::ExprCall> {
    let mut calls = Calls::default();
    for statement in module.body.iter().filter_map(main_guard).flatten() {
        visitor::Visitor::visit_stmt(&mut calls, statement);
    }
    calls.found
}

fn calls(module: &Module) -> Vec<&ast::ExprCall> {
    let mut calls = Calls::default();
    for statement in &module.body {
        visitor::Visitor::visit_stmt(&mut calls, statement);
    }
    calls.found
}

#[derive(Default)]
struct Calls<'a> {
    found: Vec<&'a ast::ExprCall>,
}

impl<'a> visitor::Visitor<'a> for Calls<'a> {
    fn visit_expr(&mut self, expr: &'a Expr) {
        if let Expr::Call(call) = expr {
            self.found.push(call);
        }
        visitor::walk_expr(self, expr);
    }
}

/// The names that statements of the module bind to calls, by where the calls start.
fn bound(module: &Module) -> BTreeMap<usize, String> {
    let mut names = BTreeMap::new();
    for statement in &module.body {
        let (target, value) = match statement {
            Stmt::Assign(assign) if assign.targets.len() == 1 => (&assign.targets[0], &*assign.value),
            Stmt::AnnAssign(ast::StmtAnnAssign { target, value: Some(value), .. }) => (&**target, &**value),
            _ => continue,
        };
        if let (Expr::Name(name), Expr::Call(call)) = (target, value) {
            names.insert(span_of(call).start, name.id.to_string());
        }
    }
    names
}

fn last_name(expr: &Expr) -> &str {
    match expr {
        Expr::Name(name) => name.id.as_str(),
        Expr::Attribute(attribute) => attribute.attr.as_str(),
        _ => "",
    }
}

/// The folder from which a file is imported, and its dotted name there: packages are climbed out of.
pub(super) fn import_path(files: &Files, path: &str) -> (String, String) {
    let mut folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let is_package = |folder: &str| {
        let name = folder.rsplit('/').next().unwrap_or(folder);
        // A file of that name makes no package of a folder that cannot be named in an import.
        !name.contains(['-', '.', ' ']) && files.find(&format!("{folder}/__init__.py")).is_some()
    };
    while !folder.is_empty() && is_package(folder) {
        folder = folder.rsplit_once('/').map_or("", |(parent, _)| parent);
    }
    let inside = path[folder.len()..].trim_start_matches('/').trim_end_matches(".py");
    let dotted = inside.trim_end_matches("/__init__").replace('/', ".");
    (folder.to_owned(), dotted)
}
