//! Applications whose class is a package's that nobody has here, known by what is mounted on them: `app.blueprint(...)`
//! is how Sanic is given its blueprints, and no other framework.

use std::collections::BTreeSet;

use super::target::Verdict;
use super::{Framework, Interface};
use crate::python::syntax::ast::{self, Expr, Stmt};
use crate::python::syntax::{Module, visitor};
use crate::python::types::{Frame, Types, Value};
use crate::values::{HashMap, HashSet};

/// The method that mounts.
const MOUNTS: &str = "blueprint";

/// The names of what is called where such an application is made.
pub(super) fn constructors<'m>(modules: impl Iterator<Item = &'m Module>) -> BTreeSet<&'m str> {
    let mut names = BTreeSet::new();
    for module in modules {
        let mut uses = Uses::default();
        visitor::Visitor::visit_body(&mut uses, &module.body);
        names.extend(uses.mounted.iter().filter_map(|name| uses.made.get(name)));
    }
    names
}

/// What a call makes that is named like one of those, if its class is not in the project.
pub(super) fn kind<'a>(types: &Types<'a>, call: &'a ast::ExprCall, frame: Frame) -> Option<Verdict> {
    let is_foreign = types.value(&call.func, frame).iter().any(|value| match value {
        Value::External(_) => true,
        Value::Class(class) => !types.library_bases(*class).is_empty(),
        _ => false,
    });
    (is_foreign && types.imports_package("sanic")).then_some((Interface::Asgi, Framework::Sanic))
}

#[derive(Default)]
struct Uses<'m> {
    /// What names are given that are assigned the result of a call.
    made: HashMap<&'m str, &'m str>,
    mounted: HashSet<&'m str>,
}

impl<'m> visitor::Visitor<'m> for Uses<'m> {
    fn visit_stmt(&mut self, statement: &'m Stmt) {
        let (target, value) = match statement {
            Stmt::Assign(assign) => (assign.targets.first(), Some(&*assign.value)),
            Stmt::AnnAssign(assign) => (Some(&*assign.target), assign.value.as_deref()),
            _ => (None, None),
        };
        if let (Some(Expr::Name(name)), Some(Expr::Call(call))) = (target, value)
            && let Some(class) = call.func.as_name_expr()
        {
            self.made.insert(name.id.as_str(), class.id.as_str());
        }
        visitor::walk_stmt(self, statement);
    }

    fn visit_expr(&mut self, expr: &'m Expr) {
        if let Expr::Call(call) = expr
            && let Expr::Attribute(method) = &*call.func
            && let Expr::Name(name) = &*method.value
            && method.attr.as_str() == MOUNTS
            && !call.arguments.args.is_empty()
        {
            self.mounted.insert(name.id.as_str());
        }
        visitor::walk_expr(self, expr);
    }
}
