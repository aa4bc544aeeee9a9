//! Who else uses a handler than the framework it is registered with.

use std::collections::{HashMap, HashSet};

use super::Sources;
use crate::python::syntax::ast::{self, Expr, Stmt};
use crate::python::syntax::{span_of, visitor};
use crate::python::types::{FunctionId, Types};
use crate::source::{FileId, Span};

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

/// Which files mention the names of `async` functions.
#[derive(Debug)]
pub(super) struct References {
    files: HashMap<String, HashSet<FileId>>,
}

impl References {
    pub(super) fn new(types: &Types<'_>, sources: &Sources<'_>) -> Self {
        let mut files: HashMap<String, HashSet<FileId>> = HashMap::new();
        for &file in sources.modules.keys() {
            let Some(index) = types.index_of(file) else { continue };
            for function in types.facts_at(index).functions.iter().filter(|function| function.is_async) {
                files.entry(function.name.to_owned()).or_default();
            }
        }
        for &file in sources.modules.keys() {
            let text = sources.files.get(file).text();
            for word in text.split(|c: char| c != '_' && !c.is_alphanumeric()) {
                if let Some(files) = files.get_mut(word) {
                    files.insert(file);
                }
            }
        }
        Self { files }
    }

    /// Whether all that happens to a function of a module is that frameworks are told of it.
    pub(super) fn only_registered(&self, types: &Types<'_>, sources: &Sources<'_>, id: FunctionId) -> bool {
        let name = types.function(id).name;
        let own = types.facts_at(id.file).file;
        let Some(files) = self.files.get(name) else { return false };
        files.iter().all(|file| {
            let Some(module) = sources.modules.get(file) else { return false };
            let mut uses = Uses {
                name,
                own: *file == own,
                imported: false,
                elsewhere: false,
                registered: HashSet::new(),
                modules: HashSet::new(),
            };
            visitor::Visitor::visit_body(&mut uses, &module.body);
            !(uses.elsewhere && (uses.own || uses.imported))
        })
    }
}

struct Uses<'n> {
    name: &'n str,
    own: bool,
    imported: bool,
    elsewhere: bool,
    registered: HashSet<Span>,
    /// Names that imports bind.
    modules: HashSet<&'n str>,
}

impl<'a> visitor::Visitor<'a> for Uses<'a> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        if let Stmt::ImportFrom(import) = statement {
            self.imported |= import.names.iter().any(|alias| alias.name.as_str() == self.name);
            // Under another name its uses are not seen here.
            self.elsewhere |=
                import.names.iter().any(|alias| alias.name.as_str() == self.name && alias.asname.is_some());
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

    fn visit_expr(&mut self, expr: &'a Expr) {
        match expr {
            Expr::Name(name) if name.id.as_str() == self.name => {
                self.elsewhere |= !self.registered.contains(&span_of(name));
            }
            Expr::Attribute(attribute) if attribute.attr.as_str() == self.name => {
                let is_call_of_module =
                    matches!(&*attribute.value, Expr::Name(name) if self.modules.contains(name.id.as_str()));
                let registered = self.registered.contains(&span_of(attribute));
                // `client.get` is somebody else's; `views.index` handed on is this one.
                if is_call_of_module && !registered && !ROUTES.contains(&self.name) {
                    self.imported = true;
                    self.elsewhere = true;
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
