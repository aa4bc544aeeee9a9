//! What is called at once only where there is nothing to hand it to.
//!
//! `if tasks: tasks.add_task(f, x)`, `else: f(x)`. Who serves requests hands it over; scripts and tests call it.

use super::kept::is_same;
use crate::python::syntax::ast::{self, CmpOp, Expr, Stmt};
use crate::python::syntax::span_of;
use crate::source::Span;

/// Methods that have a function run elsewhere, or later.
const HANDS_OVER: [&str; 7] =
    ["add_task", "submit", "run_in_executor", "apply_async", "enqueue", "add_background_task", "spawn"];

/// The branch that calls what the other one hands over.
pub(super) fn fallback(stmt: &ast::StmtIf) -> Option<Span> {
    let [clause] = stmt.elif_else_clauses.as_slice() else { return None };
    let (asked, present) = subject(&stmt.test)?;
    let (there, missing) = if present { (&stmt.body, &clause.body) } else { (&clause.body, &stmt.body) };
    let handed = clause.test.is_none().then(|| there.iter().find_map(|stmt| handed_over(stmt, asked)))??;
    let calls_it = |stmt: &Stmt| call_of(stmt).is_some_and(|call| is_same(&call.func, handed));
    let (first, last) = (missing.first()?, missing.last()?);
    missing.iter().any(calls_it).then(|| Span::new(span_of(first).start, span_of(last).end))
}

/// What a condition asks for, and whether it holds where that is there.
fn subject(test: &Expr) -> Option<(&Expr, bool)> {
    match test {
        Expr::Name(_) | Expr::Attribute(_) => Some((test, true)),
        Expr::UnaryOp(operation) if operation.op == ast::UnaryOp::Not => match &*operation.operand {
            operand @ (Expr::Name(_) | Expr::Attribute(_)) => Some((operand, false)),
            _ => None,
        },
        Expr::Compare(compare) => match (&*compare.ops, &*compare.comparators) {
            ([CmpOp::IsNot], [Expr::NoneLiteral(_)]) => Some((&compare.left, true)),
            ([CmpOp::Is], [Expr::NoneLiteral(_)]) => Some((&compare.left, false)),
            _ => None,
        },
        _ => None,
    }
}

/// The function that a statement hands to `to`.
fn handed_over<'a>(stmt: &'a Stmt, to: &Expr) -> Option<&'a Expr> {
    let call = call_of(stmt)?;
    let Expr::Attribute(method) = &*call.func else { return None };
    if !HANDS_OVER.contains(&method.attr.as_str()) || !is_same(&method.value, to) {
        return None;
    }
    call.arguments.args.iter().find(|argument| matches!(argument, Expr::Name(_) | Expr::Attribute(_)))
}

/// The call that a statement is, or waits for, or returns.
fn call_of(stmt: &Stmt) -> Option<&ast::ExprCall> {
    let value = match stmt {
        Stmt::Expr(stmt) => &*stmt.value,
        Stmt::Return(stmt) => stmt.value.as_deref()?,
        Stmt::Assign(assign) => &*assign.value,
        _ => return None,
    };
    match value {
        Expr::Call(call) => Some(call),
        Expr::Await(awaited) => awaited.value.as_call_expr(),
        _ => None,
    }
}
