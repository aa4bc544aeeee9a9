//! What runs once because a file says that it has run: `if exists(MARK): ...`, `else: ...; open(MARK, "w")`.
//!
//! Only where the name of the file is the same in every call, and the block itself writes that file. Whether somebody
//! removes it again is not asked.

use super::{Reader, last_name};
use crate::python::syntax::ast::comparable::ComparableExpr;
use crate::python::syntax::ast::{self, Expr, Stmt};
use crate::python::syntax::span_of;
use crate::python::syntax::visitor::{self, Visitor};
use crate::source::Span;

impl Reader<'_> {
    /// The block of a statement that writes the file whose absence leads to it.
    pub(super) fn marked_on_disk(&self, stmt: &ast::StmtIf) -> Option<Span> {
        let (test, is_missing) = match &*stmt.test {
            Expr::UnaryOp(not) if not.op == ast::UnaryOp::Not => (&*not.operand, true),
            other => (other, false),
        };
        let file = asked_for(test)?;
        let block = match stmt.elif_else_clauses.as_slice() {
            _ if is_missing => &stmt.body,
            [ast::ElifElseClause { test: None, body, .. }] => body,
            _ => return None,
        };
        if !self.is_same_in_all_calls(file) {
            return None;
        }
        let mut writes = Writes { file: ComparableExpr::from(file), found: false };
        writes.visit_body(block);
        writes.found.then(|| block_of(block)).flatten()
    }

    /// Whether no parameter, and nothing else that is bound in the function, is part of an expression.
    fn is_same_in_all_calls(&self, expr: &Expr) -> bool {
        let mut names = Names(Vec::new());
        names.visit_expr(expr);
        names.0.iter().all(|name| {
            let mut index = self.function;
            while index != 0 {
                let function = &self.facts.functions[index as usize];
                if function.bindings.contains_key(name) {
                    return false;
                }
                index = function.parent;
            }
            true
        })
    }
}

/// The file of `os.path.exists(file)`, `os.path.isfile(file)`, `file.exists()`, `file.is_file()`.
fn asked_for(test: &Expr) -> Option<&Expr> {
    let call = test.as_call_expr()?;
    match (last_name(&call.func), &*call.arguments.args, &*call.func) {
        ("exists" | "isfile", [file], _) => Some(file),
        ("exists" | "is_file", [], Expr::Attribute(method)) => Some(&method.value),
        _ => None,
    }
}

/// Looks for a call that writes a file.
struct Writes<'s> {
    file: ComparableExpr<'s>,
    found: bool,
}

impl<'s> Visitor<'s> for Writes<'_> {
    fn visit_expr(&mut self, expr: &'s Expr) {
        if let Expr::Call(call) = expr {
            let is_it = |one: &Expr| ComparableExpr::from(one) == self.file;
            let opens_to_write = |position: usize| matches!(call.arguments.args.get(position), Some(Expr::StringLiteral(mode)) if mode.value.to_str().contains(['w', 'x', 'a']));
            let is_written = match (&*call.func, last_name(&call.func)) {
                (Expr::Attribute(method), "open") if is_it(&method.value) => opens_to_write(0),
                (Expr::Attribute(method), "touch" | "write_text" | "write_bytes") => is_it(&method.value),
                (_, "open") => call.arguments.args.first().is_some_and(is_it) && opens_to_write(1),
                _ => false,
            };
            self.found |= is_written;
        }
        visitor::walk_expr(self, expr);
    }
}

struct Names<'s>(Vec<&'s str>);

impl<'s> Visitor<'s> for Names<'s> {
    fn visit_expr(&mut self, expr: &'s Expr) {
        if let Expr::Name(name) = expr {
            self.0.push(name.id.as_str());
        }
        visitor::walk_expr(self, expr);
    }
}

fn block_of(body: &[Stmt]) -> Option<Span> {
    Some(Span::new(span_of(body.first()?).start, span_of(body.last()?).end))
}
