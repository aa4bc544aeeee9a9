//! Which of Django's settings count: those of the module that the server names, after everything that changes them.
//!
//! `production.py` begins with `from .base import *` and says a few things again; what it says again counts no more
//! in `base.py`. The statements are put into the order in which they run. What stands under a condition, and what
//! somebody may still change in a way that is not followed, counts as unknown and is left alone.

use std::collections::BTreeMap;

use super::reach::{SETTINGS, named_by_default};
use super::target::Target;
use crate::python::calls::{EventKind, is_development};
use crate::python::modules::ModuleRef;
use crate::python::syntax::ast::{self, Expr, Stmt};
use crate::python::syntax::{Module, span_of, visitor};
use crate::python::types::{ClassId, Types, is_for_developers};
use crate::source::{FileId, Place, Span};

/// How many files settings are put together from.
const MAX_FILES: usize = 60;

/// Names of settings that others build on.
const PARTS: [&str; 4] = ["base", "common", "default", "defaults"];

/// The settings that one application runs with.
#[derive(Debug)]
pub(super) struct Settings<'a> {
    /// What is done, in the order in which it is; `None` where it is not known which module is loaded.
    steps: Option<Vec<Step<'a>>>,
    /// The files that bind what settings of Django bind.
    files: Vec<FileId>,
    /// The classes that django-configurations may make settings of.
    classes: Vec<Place>,
    /// The file whose settings are loaded where the environment names no other.
    stands_in: Option<FileId>,
    /// Whether the application names them itself, in a way that is not followed to one name.
    chosen: bool,
}

/// A statement that says something about settings.
#[derive(Debug, Clone, Copy)]
struct Step<'a> {
    file: FileId,
    span: Span,
    does: Does<'a>,
    is_conditional: bool,
}

#[derive(Debug, Clone, Copy)]
enum Does<'a> {
    /// `NAME = value`, `NAME["key"] = value`.
    Binds { target: &'a Expr, value: Option<&'a Expr> },
    /// `NAME.update(...)`, `NAME += ...`, `del NAME[...]`.
    Changes(&'a str),
    /// Anything may be set here.
    Anything,
}

/// Finds them among the modules that an application loads. `named` is what the environment of its server names.
pub(super) fn find<'a>(
    types: &Types<'a>,
    loaded: &[u32],
    trees: &'a BTreeMap<FileId, Module>,
    object: &Target,
    named: Option<&str>,
) -> Settings<'a> {
    let classes: Vec<ClassId> = loaded.iter().flat_map(|&index| types.configurations(index)).collect();
    let binds = |index: &u32| {
        let bindings = &types.facts_at(*index).functions[0].bindings;
        let settings = ["INSTALLED_APPS", "MIDDLEWARE", "ROOT_URLCONF", "DATABASES"];
        settings.iter().any(|name| bindings.contains_key(name)) || classes.iter().any(|class| class.file == *index)
    };
    let bodies = || {
        let found = classes.iter().filter_map(|class| Some(span_of(class_body(types, trees, *class)?)));
        found.zip(&classes).map(|(span, class)| Place::new(types.facts_at(class.file).file, span)).collect()
    };
    let files: Vec<FileId> =
        loaded.iter().filter(|index| binds(index)).map(|&index| types.facts_at(index).file).collect();
    if files.is_empty() {
        return Settings { steps: None, files, classes: Vec::new(), stands_in: None, chosen: false };
    }
    let by_default = || {
        let mut defaults = object.modules.iter().flat_map(|&index| {
            types.facts_at(index).functions.iter().flat_map(|function| &function.events).filter_map(|event| match event
                .kind
            {
                EventKind::Call(call, _) => named_by_default(call, SETTINGS),
                _ => None,
            })
        });
        let first = defaults.next()?;
        // What others build on is run by somebody who names what he has built.
        let is_whole = !PARTS.contains(&first.rsplit('.').next().unwrap_or(first));
        (is_whole && defaults.all(|name| name == first)).then_some(first)
    };
    let steps_of = |name: &str| {
        let Some(ModuleRef::File(file)) = types.modules().find(name, None) else { return None };
        let mut walk = Walk { types, trees, steps: Vec::new(), open: Vec::new(), files: 0 };
        walk.file(file, false);
        if !classes.is_empty() {
            walk.classes(file, types.configuration().as_deref());
        }
        Some(walk.steps)
    };
    let steps = match named {
        // Of settings that are not in the project nothing is known, and those that are do not count.
        Some(name) => Some(steps_of(name).unwrap_or_default()),
        None => by_default().and_then(steps_of),
    };
    let speaks = |index: &u32| trees.get(&types.facts_at(*index).file).is_some_and(names_settings);
    let chosen = steps.is_none() && object.modules.iter().any(speaks);
    let stands_in = match named {
        Some(_) => None,
        None => by_default().and_then(|name| match types.modules().find(name, None)? {
            ModuleRef::File(file) => Some(file),
            ModuleRef::Folder(_) => None,
        }),
    };
    Settings { steps, files, classes: bodies(), stands_in, chosen }
}

impl<'a> Settings<'a> {
    /// Whether what stands at a place holds for sure when requests are served; what is in no settings does.
    pub(super) fn counts(&self, place: Place) -> bool {
        let in_a_class = || {
            let mut around = self.classes.iter().filter(|class| class.file == place.file);
            around.any(|class| class.span.start <= place.span.start && place.span.end <= class.span.end)
        };
        let Some(steps) = &self.steps else { return !in_a_class() };
        let around = |step: &Step<'_>| {
            step.file == place.file && step.span.start <= place.span.start && place.span.end <= step.span.end
        };
        let Some(at) = steps.iter().rposition(|step| around(step) && matches!(step.does, Does::Binds { .. })) else {
            // Settings that the server does not load.
            let is_elsewhere = !steps.iter().any(|step| step.file == place.file) && self.files.contains(&place.file);
            return !is_elsewhere && !in_a_class();
        };
        let Does::Binds { target, value } = steps[at].does else { return true };
        let Some((name, mut path)) = subscripts(target) else { return true };
        path.extend(value.map(|value| keys(value, place.span)).unwrap_or_default());
        // What only configures a helper of the settings is read further on.
        let is_setting = name.chars().all(|c| !c.is_lowercase());
        !steps[at].is_conditional && (!is_setting || !steps[at + 1..].iter().any(|step| step.touches(name, &path)))
    }

    /// The value of a setting, where one statement gives it for sure and nothing changes it any more.
    pub(super) fn value(&self, name: &str) -> Option<(FileId, &'a Expr)> {
        let steps = self.steps.as_ref()?;
        let binds = |step: &Step<'_>| matches!(step.does, Does::Binds { target: Expr::Name(own), .. } if own.id.as_str() == name);
        let at = steps.iter().rposition(binds)?;
        let Does::Binds { value: Some(value), .. } = steps[at].does else { return None };
        let is_sure = !steps[at].is_conditional && !steps[at + 1..].iter().any(|step| step.touches(name, &[]));
        is_sure.then_some((steps[at].file, value))
    }

    /// Whether a file is what the server loads for sure: defaults of others are what somebody builds on.
    pub(super) fn are_of(&self, file: FileId) -> bool {
        self.stands_in.is_none_or(|own| own == file)
    }

    /// Whether somebody may name others, which build on these and say something else of a setting.
    pub(super) fn may_be_varied(&self, types: &Types<'_>, name: &str) -> bool {
        let Some(own) = self.stands_in else { return false };
        types.files().any(|index| {
            let facts = types.facts_at(index);
            let modules = types.modules();
            let builds = |&(level, module): &(u32, &str)| {
                let found = match level {
                    0 => modules.find(module, Some(facts.file)),
                    _ => modules.relative(facts.file, level, module),
                };
                matches!(found, Some(ModuleRef::File(file)) if file == own)
            };
            let stem = || modules.path_of(facts.file).unwrap_or_default().trim_end_matches(".py");
            facts.functions[0].bindings.contains_key(name)
                && facts.stars.iter().any(builds)
                && !is_for_developers(stem())
        })
    }

    /// Whether the application names its settings in a way that is not followed.
    pub(super) fn are_chosen(&self) -> bool {
        self.chosen
    }

    /// Whether it is known which settings are loaded.
    pub(super) fn are_known(&self) -> bool {
        self.steps.is_some()
    }
}

impl Step<'_> {
    /// Whether it may change what a setting has below these keys.
    fn touches(&self, name: &str, path: &[&str]) -> bool {
        match self.does {
            Does::Anything => true,
            Does::Changes(own) => own == name,
            Does::Binds { target, .. } => subscripts(target).is_some_and(|(own, keys)| {
                let is_around = path.starts_with(&keys);
                // A part that is set beside it leaves it alone.
                let is_inside = keys.starts_with(path) && keys.last().is_some_and(|key| BELOW.contains(key));
                own == name && (is_around || is_inside || keys.contains(&""))
            }),
        }
    }
}

/// Keys that are set anew in what a call gives: `DATABASES["default"]["CONN_MAX_AGE"] = 0`.
const BELOW: [&str; 5] = ["CONN_MAX_AGE", "BACKEND", "OPTIONS", "disable_existing_loggers", "loggers"];

/// The name and the keys of `NAME["a"]["b"]`; a key that is computed is empty.
fn subscripts(target: &Expr) -> Option<(&str, Vec<&str>)> {
    match target {
        Expr::Name(name) => Some((name.id.as_str(), Vec::new())),
        Expr::Subscript(item) => {
            let (name, mut keys) = subscripts(&item.value)?;
            keys.push(if let Expr::StringLiteral(key) = &*item.slice { key.value.to_str() } else { "" });
            Some((name, keys))
        }
        _ => None,
    }
}

/// The keys of the dictionaries around a place in a value.
fn keys(value: &Expr, at: Span) -> Vec<&str> {
    let Expr::Dict(dict) = value else { return Vec::new() };
    let around = |item: &&ast::DictItem| {
        let span = span_of(&item.value);
        span.start <= at.start && at.end <= span.end
    };
    let Some(item) = dict.items.iter().find(around) else { return Vec::new() };
    let Some(Expr::StringLiteral(key)) = &item.key else { return Vec::new() };
    let mut found = vec![key.value.to_str()];
    found.extend(keys(&item.value, at));
    found
}

struct Walk<'t, 'a> {
    types: &'t Types<'a>,
    trees: &'a BTreeMap<FileId, Module>,
    steps: Vec<Step<'a>>,
    /// Files that are being read, outermost first.
    open: Vec<FileId>,
    files: usize,
}

impl<'a> Walk<'_, 'a> {
    fn file(&mut self, file: FileId, is_conditional: bool) {
        let Some(module) = self.trees.get(&file) else { return };
        self.files += 1;
        if self.files > MAX_FILES || self.open.contains(&file) {
            return;
        }
        self.open.push(file);
        self.body(&module.body, file, is_conditional);
        self.open.pop();
    }

    /// What classes of settings say, behind what their module does: those in front are inherited from.
    fn classes(&mut self, file: FileId, line: Option<&[ClassId]>) {
        let Some(line) = line else {
            // Somebody else names the class, and it may say anything.
            if let Some(stmt) = self.trees.get(&file).and_then(|module| module.body.first()) {
                self.add(file, stmt, Does::Anything, true);
            }
            return;
        };
        for class in line.iter().rev() {
            let Some(Stmt::ClassDef(body)) = class_body(self.types, self.trees, *class) else { continue };
            let file = self.types.facts_at(class.file).file;
            for stmt in &body.body {
                match stmt {
                    // A property is a setting that is worked out.
                    Stmt::FunctionDef(own) if own.name.as_str().chars().all(|c| !c.is_lowercase()) => {
                        self.add(file, stmt, Does::Changes(own.name.as_str()), false);
                    }
                    Stmt::FunctionDef(hook) if sets(&hook.body) => self.add(file, stmt, Does::Anything, false),
                    _ => self.statement(stmt, file, false),
                }
            }
        }
    }

    fn add(&mut self, file: FileId, stmt: &'a Stmt, does: Does<'a>, is_conditional: bool) {
        self.steps.push(Step { file, span: span_of(stmt), does, is_conditional });
    }

    fn body(&mut self, body: &'a [Stmt], file: FileId, conditional: bool) {
        for stmt in body {
            self.statement(stmt, file, conditional);
        }
    }

    fn statement(&mut self, stmt: &'a Stmt, file: FileId, conditional: bool) {
        match stmt {
            Stmt::Assign(assign) => {
                for target in &assign.targets {
                    self.add(file, stmt, Does::Binds { target, value: Some(&assign.value) }, conditional);
                }
                self.names(stmt, file, conditional);
            }
            Stmt::AnnAssign(assign) if assign.value.is_some() => {
                self.add(
                    file,
                    stmt,
                    Does::Binds { target: &assign.target, value: assign.value.as_deref() },
                    conditional,
                );
            }
            Stmt::AugAssign(assign) => {
                if let Some((name, _)) = subscripts(&assign.target) {
                    self.add(file, stmt, Does::Changes(name), conditional);
                }
            }
            Stmt::Delete(delete) => {
                for (name, _) in delete.targets.iter().filter_map(subscripts) {
                    self.add(file, stmt, Does::Changes(name), conditional);
                }
            }
            Stmt::ImportFrom(import) => self.import(import, stmt, file, conditional),
            Stmt::Expr(expression) => {
                self.call(&expression.value, stmt, file, conditional);
                self.names(stmt, file, conditional);
            }
            Stmt::If(choice) => {
                // What runs for developers only says nothing about the server.
                if !is_development(&choice.test, true) {
                    let sure = is_development(&choice.test, false);
                    self.body(&choice.body, file, conditional || !sure);
                }
                let is_plain = is_development(&choice.test, true);
                for clause in &choice.elif_else_clauses {
                    let sure = is_plain && clause.test.is_none() && choice.elif_else_clauses.len() == 1;
                    self.body(&clause.body, file, conditional || !sure);
                }
            }
            Stmt::Try(attempt) => {
                self.body(&attempt.body, file, conditional);
                for ast::ExceptHandler::ExceptHandler(handler) in &attempt.handlers {
                    self.body(&handler.body, file, true);
                }
                self.body(&attempt.orelse, file, conditional);
                self.body(&attempt.finalbody, file, conditional);
            }
            Stmt::For(around) => {
                self.body(&around.body, file, true);
            }
            Stmt::With(around) => {
                self.body(&around.body, file, conditional);
                self.names(stmt, file, conditional);
            }
            _ => {}
        }
    }

    fn import(&mut self, import: &'a ast::StmtImportFrom, stmt: &'a Stmt, file: FileId, conditional: bool) {
        let modules = self.types.modules();
        let name = import.module.as_ref().map_or("", |module| module.as_str());
        let found =
            if import.level > 0 { modules.relative(file, import.level, name) } else { modules.find(name, Some(file)) };
        let whole = import.names.iter().any(|alias| alias.name.as_str() == "*");
        match found {
            Some(ModuleRef::File(of)) if whole => self.file(of, conditional),
            Some(ModuleRef::File(of)) => {
                // What is taken over from there is what it says in the end.
                let before = self.steps.len();
                self.file(of, conditional);
                let taken = |name: &str| import.names.iter().any(|alias| alias.name.as_str() == name);
                let mut inner = self.steps.split_off(before);
                inner.retain(|step| match step.does {
                    Does::Binds { target, .. } => subscripts(target).is_some_and(|(name, _)| taken(name)),
                    Does::Changes(name) => taken(name),
                    Does::Anything => false,
                });
                self.steps.extend(inner);
            }
            // A file that is not in the project may hold anything.
            _ if whole && is_own(self.types, import, name, file) => self.add(file, stmt, Does::Anything, conditional),
            _ => {}
        }
    }

    fn call(&mut self, expr: &'a Expr, stmt: &'a Stmt, file: FileId, conditional: bool) {
        let Expr::Call(call) = expr else { return };
        match &*call.func {
            // `include("base.py", optional("local.py"))` of django-split-settings, and nothing else at the top.
            Expr::Name(name) if name.id.as_str() == "include" => {
                let path = self.types.modules().path_of(file).unwrap_or_default().to_owned();
                let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
                for argument in &call.arguments.args {
                    let found = included(argument).and_then(|text| {
                        let path = if folder.is_empty() { text.to_owned() } else { format!("{folder}/{text}") };
                        self.trees.keys().copied().find(|one| self.types.modules().path_of(*one) == Some(path.as_str()))
                    });
                    match found {
                        Some(found) => self.file(found, conditional),
                        None => self.add(file, stmt, Does::Anything, conditional),
                    }
                }
            }
            Expr::Attribute(method) => {
                if let Some((name, _)) = subscripts(&method.value) {
                    self.add(file, stmt, Does::Changes(name), conditional);
                }
            }
            _ => {}
        }
    }

    /// Whoever is handed all names of the module may set any of them.
    fn names(&mut self, stmt: &'a Stmt, file: FileId, conditional: bool) {
        let mut search = Names { found: false };
        visitor::Visitor::visit_stmt(&mut search, stmt);
        if search.found {
            self.add(file, stmt, Does::Anything, conditional);
        }
    }
}

/// The statement that defines a class.
fn class_body<'a>(types: &Types<'a>, trees: &'a BTreeMap<FileId, Module>, class: ClassId) -> Option<&'a Stmt> {
    let name = types.class(class).span;
    let module = trees.get(&types.facts_at(class.file).file)?;
    module.body.iter().find(|stmt| matches!(stmt, Stmt::ClassDef(own) if span_of(&own.name).start == name.start))
}

/// Whether a hook of such a class (`setup`, `post_setup`) sets what is no variable of its own.
fn sets(body: &[Stmt]) -> bool {
    body.iter().any(|stmt| match stmt {
        Stmt::Assign(assign) => assign.targets.iter().any(|target| !target.is_name_expr()),
        Stmt::AugAssign(assign) => !assign.target.is_name_expr(),
        Stmt::If(choice) => sets(&choice.body) || choice.elif_else_clauses.iter().any(|clause| sets(&clause.body)),
        Stmt::With(around) => sets(&around.body),
        Stmt::Try(attempt) => sets(&attempt.body),
        Stmt::Expr(expr) => matches!(&*expr.value, Expr::Call(call) if match &*call.func {
            Expr::Name(name) => name.id.as_str() == "setattr",
            Expr::Attribute(method) => method.attr.as_str() == "update",
            _ => false,
        }),
        _ => false,
    })
}

/// The path that `include` is given, `optional("...")` included.
fn included(argument: &Expr) -> Option<&str> {
    match argument {
        Expr::StringLiteral(text) => Some(text.value.to_str()).filter(|text| !text.contains('*')),
        Expr::Call(call) => call.arguments.args.first().and_then(included),
        _ => None,
    }
}

/// Whether a module that is not there belongs to the project: `.local`, `config.settings.local`.
fn is_own(types: &Types<'_>, import: &ast::StmtImportFrom, name: &str, file: FileId) -> bool {
    let first = name.split('.').next().unwrap_or_default();
    let is_local = ["local", "secret", "private"].iter().any(|word| name.contains(word));
    import.level > 0 || is_local || types.modules().find(first, Some(file)).is_some()
}

/// Whether a module speaks of the variable that names the settings.
fn names_settings(module: &Module) -> bool {
    let mut search = Mentions { found: false };
    visitor::Visitor::visit_body(&mut search, &module.body);
    search.found
}

struct Mentions {
    found: bool,
}

impl<'a> visitor::Visitor<'a> for Mentions {
    fn visit_expr(&mut self, expr: &'a Expr) {
        self.found |= matches!(expr, Expr::StringLiteral(text) if text.value.to_str() == SETTINGS);
        visitor::walk_expr(self, expr);
    }
}

struct Names {
    found: bool,
}

impl<'a> visitor::Visitor<'a> for Names {
    fn visit_expr(&mut self, expr: &'a Expr) {
        if let Expr::Call(call) = expr
            && matches!(&*call.func, Expr::Name(name) if matches!(name.id.as_str(), "locals" | "globals" | "vars"))
        {
            self.found = true;
        }
        visitor::walk_expr(self, expr);
    }
}
