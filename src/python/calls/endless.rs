//! Loops that come to an end by themselves, next to those that go on until somebody stops them.

use crate::python::syntax::ast::{self, CmpOp, Expr, Stmt};

/// Whether a `while` loop ends by itself: it is left in its regular course, or counts towards a bound.
///
/// What only an exception leads to says nothing: `except CancelledError: break` ends what would go on for ever.
pub(super) fn ends_by_itself(stmt: &ast::StmtWhile) -> bool {
    counts(&stmt.test) || is_left(&stmt.body, true)
}

/// `attempt < 3`, `time.monotonic() < deadline`
fn counts(test: &Expr) -> bool {
    match test {
        Expr::Compare(compare) => {
            compare.ops.iter().any(|op| matches!(op, CmpOp::Lt | CmpOp::LtE | CmpOp::Gt | CmpOp::GtE))
        }
        Expr::BoolOp(operation) if operation.op == ast::BoolOp::And => operation.values.iter().any(counts),
        _ => false,
    }
}

/// Whether statements return, or break out of the loop that they are the body of.
fn is_left(body: &[Stmt], own: bool) -> bool {
    body.iter().any(|stmt| match stmt {
        Stmt::Break(_) => own,
        Stmt::Return(_) => true,
        Stmt::If(choice) => {
            is_left(&choice.body, own) || choice.elif_else_clauses.iter().any(|clause| is_left(&clause.body, own))
        }
        Stmt::With(with) => is_left(&with.body, own),
        Stmt::Match(choice) => choice.cases.iter().any(|case| is_left(&case.body, own)),
        Stmt::Try(attempt) => is_left(&attempt.body, own) || is_left(&attempt.orelse, own),
        Stmt::For(inner) => is_left(&inner.body, false) || is_left(&inner.orelse, own),
        Stmt::While(inner) => is_left(&inner.body, false) || is_left(&inner.orelse, own),
        _ => false,
    })
}
