//! Which classes of handlers are registered for developers alone: `if settings.DEBUG: urlpatterns += [...]`.
//!
//! Decided by names: one read in a part that does not run where requests are served for others, and read nowhere else in
//! what is loaded. Imports and `__all__` hand a name on and register nothing. Whoever asks has made sure that nothing
//! goes through modules.

use std::collections::BTreeMap;

use crate::python::syntax::ast::{self, Expr, Stmt};
use crate::python::syntax::{Module, span_of, visitor};
use crate::python::types::{FunctionId, Types};
use crate::source::{FileId, Span};
use crate::values::HashSet;

/// Those of `names` that only developers get to.
pub(super) fn only<'a>(
    types: &Types<'a>,
    loaded: &[u32],
    trees: &'a BTreeMap<FileId, Module>,
    names: HashSet<&'a str>,
) -> HashSet<&'a str> {
    let mut mentions = Mentions { names, dead: Vec::new(), aside: HashSet::default(), served: HashSet::default() };
    for &file in loaded {
        let Some(module) = trees.get(&types.facts_at(file).file) else { return HashSet::default() };
        mentions.dead = types.dead(types.plain(FunctionId { file, index: 0 })).to_vec();
        visitor::Visitor::visit_body(&mut mentions, &module.body);
    }
    &mentions.aside - &mentions.served
}

struct Mentions<'a> {
    names: HashSet<&'a str>,
    /// The parts of the module that do not run in production.
    dead: Vec<Span>,
    aside: HashSet<&'a str>,
    served: HashSet<&'a str>,
}

impl Mentions<'_> {
    fn meet(&mut self, name: &str, at: Span) {
        let Some(name) = self.names.get(name) else { return };
        let is_dead = self.dead.iter().any(|dead| dead.start <= at.start && at.end <= dead.end);
        if is_dead {
            self.aside.insert(name)
        } else {
            self.served.insert(name)
        };
    }
}

/// Whether a statement lists the names that a module hands on.
fn lists_names(statement: &Stmt) -> bool {
    let is = |target: &Expr| matches!(target, Expr::Name(name) if name.id.as_str() == "__all__");
    match statement {
        Stmt::Assign(assign) => assign.targets.iter().any(is),
        Stmt::AugAssign(assign) => is(&assign.target),
        Stmt::AnnAssign(assign) => is(&assign.target),
        _ => false,
    }
}

impl<'a> visitor::Visitor<'a> for Mentions<'a> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        if !lists_names(statement) {
            visitor::walk_stmt(self, statement);
        }
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        match expr {
            Expr::Name(name) if name.ctx.is_load() => self.meet(name.id.as_str(), span_of(name)),
            Expr::Attribute(ast::ExprAttribute { attr, .. }) => self.meet(attr.as_str(), span_of(expr)),
            Expr::StringLiteral(literal) => {
                let text = literal.value.to_str();
                self.meet(text.rsplit(['.', ':']).next().unwrap_or(text), span_of(expr));
            }
            _ => {}
        }
        visitor::walk_expr(self, expr);
    }
}
