//! Questions whether an event loop runs. Where one could be blocked, the answer is known.

use super::last_name;
use crate::python::syntax::ast::{self, BoolOp, CmpOp, Expr, Stmt};

/// Calls that fail where no loop runs.
const PROBES: [&str; 3] = ["current_async_library", "get_event_loop", "get_running_loop"];

/// Whether a block asks for the running loop, which fails where there is none.
pub(super) fn probes_for_loop(body: &[Stmt]) -> bool {
    body.iter().any(|stmt| match stmt {
        Stmt::Assign(assign) => is_probe(&assign.value),
        Stmt::Expr(stmt) => is_probe(&stmt.value),
        Stmt::Return(result) => result.value.as_deref().is_some_and(|value| is_probe(value) || is_running(value)),
        _ => false,
    })
}

/// Whether a statement leaves wherever a loop runs: `try: get_running_loop()`, `except RuntimeError: pass`,
/// `else: raise`.
pub(super) fn leaves_on_loop(stmt: &Stmt) -> bool {
    let Stmt::Try(attempt) = stmt else { return false };
    let Some(probe) = attempt.body.iter().position(|one| probes_for_loop(std::slice::from_ref(one))) else {
        return false;
    };
    let gets_through = match attempt.body.last() {
        // What is raised here may be caught below.
        Some(Stmt::Raise(raise)) if probe + 1 < attempt.body.len() => !attempt.handlers.iter().any(|handler| {
            let ast::ExceptHandler::ExceptHandler(handler) = handler;
            may_catch(handler.type_.as_deref(), raise.exc.as_deref())
        }),
        Some(Stmt::Return(_)) => true,
        _ => false,
    };
    gets_through || attempt.orelse.last().is_some_and(|last| matches!(last, Stmt::Raise(_) | Stmt::Return(_)))
}

/// Whether a handler may be for what is raised, as far as the names show.
fn may_catch(handled: Option<&Expr>, raised: Option<&Expr>) -> bool {
    match (handled, raised.map(last_name)) {
        (Some(Expr::Tuple(all)), Some(_)) => all.elts.iter().any(|one| may_catch(Some(one), raised)),
        (Some(handled), Some(raised)) => {
            let handled = last_name(handled);
            matches!(handled, "Exception" | "BaseException") || handled == raised
        }
        _ => true,
    }
}

fn is_probe(expr: &Expr) -> bool {
    matches!(expr, Expr::Call(call) if PROBES.contains(&last_name(&call.func)))
}

/// `loop.is_running()`: it does where handlers run.
pub fn asks_for_loop(call: &ast::ExprCall) -> Option<bool> {
    let Expr::Attribute(method) = &*call.func else { return None };
    (method.attr.as_str() == "is_running" && is_loop(&method.value)).then_some(true)
}

/// `loop`, `self._loop`, `asyncio.get_event_loop()`.
fn is_loop(expr: &Expr) -> bool {
    match expr {
        Expr::Call(call) => PROBES.contains(&last_name(&call.func)),
        Expr::Name(_) | Expr::Attribute(_) => {
            let name = last_name(expr).trim_start_matches('_');
            matches!(name, "loop" | "event_loop" | "eventloop" | "main_loop" | "running_loop")
                || name.ends_with("_loop")
        }
        _ => false,
    }
}

/// `loop.is_running()`, `loop is not None and loop.is_running()`.
fn is_running(expr: &Expr) -> bool {
    match expr {
        Expr::Call(call) => asks_for_loop(call) == Some(true),
        Expr::BoolOp(all) if all.op == BoolOp::And => match all.values.split_last() {
            Some((last, before)) => is_running(last) && before.iter().all(has_loop),
            None => false,
        },
        _ => false,
    }
}

/// `loop`, `loop is not None`.
fn has_loop(expr: &Expr) -> bool {
    match expr {
        Expr::Compare(compare) => {
            is_loop(&compare.left)
                && matches!((&*compare.ops, &*compare.comparators), ([CmpOp::IsNot], [Expr::NoneLiteral(_)]))
        }
        other => is_loop(other),
    }
}

/// Whether what a function answers where a loop runs is true, if that is all it asks: `return loop.is_running()`, or a
/// probe whose failure is answered otherwise.
pub(super) fn answer_on_loop(body: &[Stmt]) -> Option<bool> {
    let is_text = |stmt: &&Stmt| matches!(stmt, Stmt::Expr(text) if text.value.is_string_literal_expr());
    let body: Vec<&Stmt> = body.iter().filter(|stmt| !is_text(stmt)).collect();
    let (attempt, last) = match *body.as_slice() {
        [Stmt::Return(result)] => return result.value.as_deref().is_some_and(is_running).then_some(true),
        [Stmt::Try(attempt)] => (attempt, None),
        [Stmt::Try(attempt), last @ Stmt::Return(_)] => (attempt, Some(last)),
        _ => return None,
    };
    let only = attempt.body.iter().all(|stmt| matches!(stmt, Stmt::Assign(_) | Stmt::Expr(_) | Stmt::Return(_)));
    if !only || !probes_for_loop(&attempt.body) || !attempt.finalbody.is_empty() {
        return None;
    }
    // Where a loop runs, the probe does not fail.
    let ran = attempt.body.iter().chain(&attempt.orelse).find(|stmt| stmt.is_return_stmt()).or(last)?;
    let Stmt::Return(result) = ran else { return None };
    match result.value.as_deref() {
        None | Some(Expr::NoneLiteral(_)) => Some(false),
        Some(Expr::BooleanLiteral(answer)) => Some(answer.value),
        Some(Expr::Name(name)) => is_bound_to_probe(&attempt.body, name.id.as_str()).then_some(true),
        Some(value) => (is_probe(value) || is_running(value)).then_some(true),
    }
}

/// Whether a block binds a name to the loop that runs.
fn is_bound_to_probe(body: &[Stmt], name: &str) -> bool {
    body.iter().any(|stmt| match stmt {
        Stmt::Assign(assign) => {
            is_probe(&assign.value) && matches!(&*assign.targets, [Expr::Name(target)] if target.id.as_str() == name)
        }
        _ => false,
    })
}
