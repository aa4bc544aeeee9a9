//! Conditions under which code does not run on a server.

use super::last_name;
use crate::python::syntax::ast::{self, Expr, Stmt};

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Guard {
    None,
    Typing,
    /// Never while requests are served.
    Never,
    /// Only where the module is the program.
    Main,
    /// What an application without a framework does when it starts and when it stops.
    LifeSpan,
}

/// Whether a condition holds only for a type checker, only for a script, or only around serving.
pub(super) fn guard(test: &Expr) -> Guard {
    match test {
        Expr::Name(name) if name.id.as_str() == "TYPE_CHECKING" => Guard::Typing,
        Expr::Attribute(attribute) if attribute.attr.as_str() == "TYPE_CHECKING" => Guard::Typing,
        _ if is_zero_or_false(test) || asks_for_end(test) => Guard::Never,
        Expr::Compare(compare) if is_main(&compare.left) || compare.comparators.iter().any(is_main) => Guard::Main,
        Expr::Compare(compare) if is_lifespan(compare) => Guard::LifeSpan,
        Expr::BoolOp(all) if all.op == ast::BoolOp::And && all.values.iter().any(asks_lifespan) => Guard::LifeSpan,
        _ => Guard::None,
    }
}

/// Whether a condition holds only while the process ends: `sys.is_finalizing()`, `getattr(executor, "_shutdown", False)`.
fn asks_for_end(test: &Expr) -> bool {
    match test {
        Expr::Attribute(attribute) => attribute.attr.as_str() == "_shutdown",
        Expr::Call(call) => match (last_name(&call.func), &*call.arguments.args) {
            ("is_finalizing", []) => true,
            ("getattr", [_, Expr::StringLiteral(name), ..]) => name.value.to_str() == "_shutdown",
            _ => false,
        },
        _ => false,
    }
}

/// Whether a statement is what a module does where it is the program.
pub fn is_program(stmt: &Stmt) -> bool {
    matches!(stmt, Stmt::If(choice) if guard(&choice.test) == Guard::Main)
}

/// Whether the part of a module that only a program runs starts a server or a loop: `web.run_app(app)`,
/// `IOLoop.current().start()`, `asyncio.run(main())`.
pub(super) fn serves(body: &[Stmt]) -> bool {
    const STARTS: [&str; 10] = [
        "launch",
        "listen",
        "run",
        "run_app",
        "run_forever",
        "run_task",
        "run_until_complete",
        "serve",
        "serve_forever",
        "start",
    ];
    let starts = |expr: &Expr| match expr {
        Expr::Call(call) => STARTS.contains(&last_name(&call.func)),
        _ => false,
    };
    body.iter().any(|stmt| match stmt {
        Stmt::Expr(stmt) => starts(&stmt.value),
        Stmt::Assign(assign) => starts(&assign.value),
        Stmt::Try(attempt) => serves(&attempt.body),
        Stmt::With(with) => serves(&with.body),
        Stmt::If(choice) => serves(&choice.body) || choice.elif_else_clauses.iter().any(|clause| serves(&clause.body)),
        _ => false,
    })
}

/// What the type of a connection, or of a message, says around serving.
fn says_lifespan(expr: &Expr) -> bool {
    let is_it = |text: &str| matches!(text, "lifespan" | "lifespan.startup" | "lifespan.shutdown");
    match expr {
        Expr::StringLiteral(text) => is_it(text.value.to_str()),
        Expr::Tuple(ast::ExprTuple { elts, .. })
        | Expr::List(ast::ExprList { elts, .. })
        | Expr::Set(ast::ExprSet { elts, .. }) => !elts.is_empty() && elts.iter().all(says_lifespan),
        _ => false,
    }
}

fn asks_lifespan(expr: &Expr) -> bool {
    matches!(expr, Expr::Compare(compare) if is_lifespan(compare))
}

/// `scope["type"] == "lifespan"`, `message["type"] in ("lifespan.startup", "lifespan.shutdown")`, by whatever name
/// the type goes.
fn is_lifespan(compare: &ast::ExprCompare) -> bool {
    match (&*compare.left, &*compare.ops, &*compare.comparators) {
        (left, [ast::CmpOp::Eq], [right]) => says_lifespan(left) || says_lifespan(right),
        (_, [ast::CmpOp::In], [right]) => says_lifespan(right),
        _ => false,
    }
}

/// Whether a statement leaves the block unless a connection is there for starting and stopping:
/// `if scope["type"] != "lifespan": return await self.app(scope, receive, send)`.
pub(super) fn keeps_to_lifespan(stmt: &Stmt) -> bool {
    let Stmt::If(stmt) = stmt else { return false };
    let Expr::Compare(compare) = &*stmt.test else { return false };
    let differs = matches!((&*compare.ops, &*compare.comparators),
        ([ast::CmpOp::NotEq], [right]) if says_lifespan(&compare.left) || says_lifespan(right));
    differs && stmt.elif_else_clauses.is_empty() && stmt.body.last().is_some_and(leaves)
}

/// `case "lifespan":`
pub(super) fn matches_lifespan(pattern: &ast::Pattern) -> bool {
    match pattern {
        ast::Pattern::MatchValue(value) => says_lifespan(&value.value),
        ast::Pattern::MatchOr(either) => !either.patterns.is_empty() && either.patterns.iter().all(matches_lifespan),
        ast::Pattern::MatchMapping(mapping) => mapping.patterns.iter().any(matches_lifespan),
        _ => false,
    }
}

pub(super) fn is_main(expr: &Expr) -> bool {
    matches!(expr, Expr::Name(name) if name.id.as_str() == "__name__")
}

pub(super) fn is_zero_or_false(expr: &Expr) -> bool {
    match expr {
        Expr::BooleanLiteral(literal) => !literal.value,
        Expr::NumberLiteral(number) => {
            matches!(&number.value, ast::Number::Int(n) if n.as_u64() == Some(0))
        }
        _ => false,
    }
}

/// Whether a body only stands in for an override: a docstring, `pass`, `...`, or an exception, with a
/// message put together before it.
pub(super) fn is_placeholder(body: &[Stmt]) -> bool {
    let Some((last, before)) = body.split_last() else { return true };
    let says_nothing = |stmt: &Stmt| match stmt {
        Stmt::Pass(_) => true,
        Stmt::Expr(stmt) => matches!(&*stmt.value, Expr::StringLiteral(_) | Expr::EllipsisLiteral(_)),
        _ => false,
    };
    match last {
        Stmt::Raise(raise) => {
            let is_meant = raise.exc.as_deref().is_some_and(|exc| {
                let callee = if let Expr::Call(call) = exc { &*call.func } else { exc };
                matches!(callee, Expr::Name(name) if name.id.as_str() == "NotImplementedError")
            });
            is_meant && before.iter().all(|stmt| matches!(stmt, Stmt::Assign(_) | Stmt::Expr(_) | Stmt::Pass(_)))
        }
        last => says_nothing(last) && before.iter().all(says_nothing),
    }
}

/// The name and the text of `name == "text"`.
pub(super) fn equality(condition: &Expr) -> Option<(&str, &str)> {
    let Expr::Compare(compare) = condition else { return None };
    match (&*compare.left, &*compare.ops, &*compare.comparators) {
        (Expr::Name(name), [ast::CmpOp::Eq], [Expr::StringLiteral(text)]) => {
            Some((name.id.as_str(), text.value.to_str()))
        }
        _ => None,
    }
}

/// Whether a loop with this body may end before its condition says so.
pub(super) fn breaks(body: &[Stmt]) -> bool {
    body.iter().any(|stmt| match stmt {
        Stmt::Break(_) => true,
        Stmt::If(choice) => breaks(&choice.body) || choice.elif_else_clauses.iter().any(|clause| breaks(&clause.body)),
        Stmt::With(with) => breaks(&with.body),
        Stmt::Match(choice) => choice.cases.iter().any(|case| breaks(&case.body)),
        Stmt::Try(attempt) => {
            let mut handlers = attempt.handlers.iter();
            [&attempt.body, &attempt.orelse, &attempt.finalbody].into_iter().any(|part| breaks(part))
                || handlers.any(|ast::ExceptHandler::ExceptHandler(handler)| breaks(&handler.body))
        }
        // Those of a loop inside end that one, those behind its `else` this one.
        Stmt::For(inner) => breaks(&inner.orelse),
        Stmt::While(inner) => breaks(&inner.orelse),
        _ => false,
    })
}

/// Whether a loop ends by what it finds, though its condition holds: what goes on for as long as the process says
/// `while True`, or has no other end.
pub(super) fn is_left(stmt: &ast::StmtWhile) -> bool {
    !stmt.test.is_literal_expr() && breaks(&stmt.body)
}

/// Whether what follows in the same block is never reached.
pub(super) fn leaves(stmt: &Stmt) -> bool {
    matches!(stmt, Stmt::Return(_) | Stmt::Raise(_) | Stmt::Continue(_) | Stmt::Break(_))
}
