//! Who else uses a handler than the framework it is registered with.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use crate::python::names::Bound;
use crate::python::syntax::ast::{self, Expr, Stmt};
use crate::python::syntax::{Module, span_of, visitor};
use crate::python::types::{FunctionId, Types, Value};
use crate::source::{FileId, Span};
use crate::values::{HashMap, HashSet};

/// Decorators by which a framework learns of a function; they hand it back as it is.
const ROUTES: [&str; 14] = [
    "get",
    "post",
    "put",
    "patch",
    "delete",
    "head",
    "options",
    "trace",
    "api_route",
    "route",
    "exception_handler",
    "errorhandler",
    "app_errorhandler",
    "endpoint",
];

/// Calls by which a framework learns of a function that it is given.
const REGISTERS: [&str; 10] = [
    "Depends",
    "Security",
    "add_api_route",
    "APIRoute",
    "Route",
    "add_route",
    "add_exception_handler",
    "add_url_rule",
    "add_task",
    "BackgroundTask",
];

/// Whether a decorator only tells a framework of a function.
pub(super) fn is_route(decorator: &Expr) -> bool {
    let callee = if let Expr::Call(call) = decorator { &*call.func } else { decorator };
    matches!(callee, Expr::Attribute(attribute) if ROUTES.contains(&attribute.attr.as_str()))
}

/// How the names of `async` functions are used by others than frameworks; found in one walk over each file.
#[derive(Debug, Default)]
pub(super) struct References<'s> {
    /// In the file that they stand in.
    at_home: HashSet<(FileId, &'s str)>,
    /// In files that import them, or something else of that name.
    abroad: HashMap<&'s str, Vec<FileId>>,
    /// As an attribute of what a file imports under this name.
    through: HashMap<&'s str, Vec<(FileId, &'s str)>>,
}

impl<'s> References<'s> {
    pub(super) fn new(types: &Types<'_>, modules: &'s BTreeMap<FileId, Module>) -> Self {
        let functions = types.files().flat_map(|index| &types.facts_at(index).functions);
        let wanted: HashSet<&str> =
            functions.filter(|function| function.is_async).map(|function| function.name).collect();
        let walked = modules.par_iter().map(|(&file, module)| {
            let mut uses = Uses::of(&wanted);
            visitor::Visitor::visit_body(&mut uses, &module.body);
            (file, uses.elsewhere, uses.imported, uses.renamed, uses.through)
        });
        let mut references = Self::default();
        for (file, elsewhere, imported, renamed, through) in walked.collect::<Vec<_>>() {
            for name in elsewhere.intersection(&imported).chain(renamed.difference(&elsewhere)) {
                references.abroad.entry(name).or_default().push(file);
            }
            for &(name, module) in &through {
                references.through.entry(name).or_default().push((file, module));
            }
            references.at_home.extend(elsewhere.into_iter().map(|name| (file, name)));
        }
        references
    }

    /// Whether all that happens to a function of a module is that frameworks are told of it.
    pub(super) fn only_registered(&self, types: &Types<'_>, id: FunctionId) -> bool {
        let name = types.function(id).name;
        let own = types.facts_at(id.file).file;
        let mut abroad = self.abroad.get(name).into_iter().flatten();
        let mut through = self.through.get(name).into_iter().flatten();
        types.function(id).is_async
            && !self.at_home.contains(&(own, name))
            && !abroad.any(|&file| imports(types, file, id))
            && !through.any(|&(file, module)| has(types, file, module, id))
    }
}

/// Whether a file may import a function, where it imports something of that name.
fn imports(types: &Types<'_>, file: FileId, id: FunctionId) -> bool {
    let Some(index) = types.index_of(file) else { return true };
    let wanted = types.function(id).name;
    let bindings = types.facts_at(index).functions.iter().flat_map(|function| function.bindings.values().flatten());
    let mut taken = bindings.filter_map(|binding| match binding.bound {
        Bound::From { level, module, name } if name == wanted => Some((level, module)),
        _ => None,
    });
    let mut found = taken.by_ref().peekable();
    found.peek().is_none() || found.any(|(level, module)| may_be(&types.taken_from(index, level, module, wanted), id))
}

/// Whether `module.name` in a file may be a function of that name.
fn has(types: &Types<'_>, file: FileId, module: &str, id: FunctionId) -> bool {
    let Some(index) = types.index_of(file) else { return true };
    let owners = types.name(module, types.module_frame(index), usize::MAX - 1);
    owners.is_empty()
        || owners.iter().any(|owner| match owner {
            Value::Module(owner) => may_be(&types.module_attribute(owner, types.function(id).name), id),
            Value::Unknown => true,
            // Methods of objects are others than functions of modules.
            _ => false,
        })
}

/// Whether one of these may be a function.
fn may_be(values: &[Value<'_>], id: FunctionId) -> bool {
    let is_other = |value: &Value<'_>| match value {
        Value::Function(frame) => frame.function != id,
        Value::Class(_) | Value::External(_) | Value::Module(_) | Value::Object(_) | Value::Instance(_) => true,
        _ => false,
    };
    values.is_empty() || !values.iter().all(is_other)
}

struct Uses<'w, 's> {
    /// The names that are asked about.
    wanted: &'w HashSet<&'w str>,
    /// Those that this file imports.
    imported: HashSet<&'s str>,
    /// Those that it imports under another name, under which its uses are not seen here.
    renamed: HashSet<&'s str>,
    /// Those that it uses otherwise than to tell a framework of them.
    elsewhere: HashSet<&'s str>,
    /// Those that it takes from what it imports, and from what.
    through: BTreeSet<(&'s str, &'s str)>,
    registered: HashSet<Span>,
    /// Names that imports bind.
    modules: HashSet<&'s str>,
}

impl<'w> Uses<'w, '_> {
    fn of(wanted: &'w HashSet<&'w str>) -> Self {
        Self {
            wanted,
            imported: HashSet::default(),
            renamed: HashSet::default(),
            elsewhere: HashSet::default(),
            through: BTreeSet::new(),
            registered: HashSet::default(),
            modules: HashSet::default(),
        }
    }
}

impl<'s> visitor::Visitor<'s> for Uses<'_, 's> {
    fn visit_stmt(&mut self, statement: &'s Stmt) {
        if let Stmt::ImportFrom(import) = statement {
            for alias in import.names.iter().filter(|alias| self.wanted.contains(alias.name.as_str())) {
                self.imported.insert(alias.name.as_str());
                if alias.asname.is_some() {
                    self.renamed.insert(alias.name.as_str());
                }
            }
        }
        let names = match statement {
            Stmt::Import(import) => import.names.as_slice(),
            Stmt::ImportFrom(import) => import.names.as_slice(),
            _ => &[],
        };
        self.modules.extend(names.iter().map(|alias| {
            let whole = alias.asname.as_ref().unwrap_or(&alias.name).as_str();
            whole.split('.').next().unwrap_or(whole)
        }));
        visitor::walk_stmt(self, statement);
    }

    fn visit_expr(&mut self, expr: &'s Expr) {
        match expr {
            Expr::Name(name) if self.wanted.contains(name.id.as_str()) && !self.registered.contains(&span_of(name)) => {
                self.elsewhere.insert(name.id.as_str());
            }
            Expr::Attribute(attribute) if self.wanted.contains(attribute.attr.as_str()) => {
                let name = attribute.attr.as_str();
                let module = attribute.value.as_name_expr().map(|module| module.id.as_str());
                let registered = self.registered.contains(&span_of(attribute));
                // `client.get` is somebody else's; `views.index` handed on is this one.
                if let Some(module) = module.filter(|module| self.modules.contains(module))
                    && !registered
                    && !ROUTES.contains(&name)
                {
                    self.through.insert((name, module));
                }
            }
            Expr::Call(call) if registers(&call.func) => {
                let named = call.arguments.keywords.iter().map(|keyword| &keyword.value);
                for argument in call.arguments.args.iter().chain(named) {
                    if matches!(argument, Expr::Name(_) | Expr::Attribute(_)) {
                        self.registered.insert(span_of(argument));
                    }
                }
            }
            _ => {}
        }
        visitor::walk_expr(self, expr);
    }
}

fn registers(callee: &Expr) -> bool {
    match callee {
        Expr::Name(name) => REGISTERS.contains(&name.id.as_str()),
        Expr::Attribute(ast::ExprAttribute { attr, .. }) => REGISTERS.contains(&attr.as_str()),
        _ => false,
    }
}
