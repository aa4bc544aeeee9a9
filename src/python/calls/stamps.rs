//! What is made anew only when what it was made of has changed: beside the value, a memo keeps a version of it.
//!
//! Recognised by the guard, `if kept and kept.version == version: return kept.value`, in front of what fills the
//! memo again. How often the version changes is not asked.

use super::Reader;
use super::kept::{Kept, assigns, is_same, present};
use crate::python::names::Bound;
use crate::python::syntax::ast::{self, Expr, Stmt};
use crate::python::syntax::span_of;
use crate::python::syntax::visitor::{self, Visitor};
use crate::source::Span;

/// How deep lookups of lookups and blocks are followed.
const MAX_DEPTH: usize = 8;

/// What a condition asks for.
struct Memo<'s> {
    /// What is kept, as the condition names it.
    found: &'s Expr,
    /// Where it was looked up, unless it is that itself.
    table: Option<&'s Expr>,
    kept: Kept,
}

impl Reader<'_> {
    /// What runs only where the memo lacks something, or has it in another version; and for how long it is kept.
    pub(super) fn behind_stamp(&self, stmt: &Stmt, rest: &[Stmt]) -> Option<(Span, Kept)> {
        let Stmt::If(choice) = stmt else { return None };
        let Expr::BoolOp(all) = &*choice.test else { return None };
        let [first, stamps @ ..] = &*all.values else { return None };
        if !choice.elif_else_clauses.is_empty() || all.op != ast::BoolOp::And {
            return None;
        }
        let memo = self.memo(present(first))?;
        // Anything else that must hold as well may be what no request fulfils.
        if stamps.is_empty() || !stamps.iter().all(|stamp| compares(stamp, memo.found)) {
            return None;
        }
        let [.., Stmt::Return(result)] = &*choice.body else { return None };
        if !result.value.as_deref().is_some_and(|given| mentions(given, memo.found)) {
            return None;
        }
        let fills = match memo.table {
            Some(table) => fills(rest, table, 0),
            None => assigns(rest, memo.found, 0),
        };
        let end = self.blocks.last()?.end;
        fills.then(|| (Span::new(span_of(stmt).end, end), memo.kept))
    }

    /// The memo that a condition asks for: what was looked up in a table, or what is kept alone.
    fn memo<'s>(&'s self, asked: &'s Expr) -> Option<Memo<'s>> {
        let (found, value) = match asked {
            Expr::Named(named) => (&*named.target, Some(&*named.value)),
            Expr::Name(name) => {
                let bindings = &self.facts.functions[self.function as usize].bindings;
                let bound = bindings.get(name.id.as_str()).into_iter().flatten();
                let before = bound.filter(|binding| binding.at < span_of(asked).start).last();
                match before.map(|binding| binding.bound) {
                    Some(Bound::Value { value, .. }) => (asked, value),
                    _ => (asked, None),
                }
            }
            other => (other, None),
        };
        let table = value.and_then(|value| looked_up_in(value, 0));
        let kept = match table {
            Some(table) if self.is_table(table) => Kept::Process,
            Some(table) if self.is_own_table(table) => Kept::Object,
            Some(_) => Kept::No,
            None if self.is_kept_elsewhere(found) => Kept::Process,
            None => self.kept(found),
        };
        (kept != Kept::No).then_some(Memo { found, table, kept })
    }
}

/// The table that something was taken from: `self.cache` of `self.cache.get(a, {}).get(b)`.
fn looked_up_in(value: &Expr, depth: usize) -> Option<&Expr> {
    let Expr::Call(call) = value else { return None };
    let Expr::Attribute(method) = &*call.func else { return None };
    if depth >= MAX_DEPTH || method.attr.as_str() != "get" || call.arguments.args.is_empty() {
        return None;
    }
    Some(looked_up_in(&method.value, depth + 1).unwrap_or(&method.value))
}

/// Whether a condition compares something with a part of what is kept: `kept[0] == stamp`, `now < kept.until`.
fn compares(stamp: &Expr, kept: &Expr) -> bool {
    let is_part = |expr: &Expr| !is_same(expr, kept) && mentions(expr, kept);
    match stamp {
        Expr::Compare(compare) => std::iter::once(&*compare.left).chain(&compare.comparators).any(is_part),
        _ => false,
    }
}

/// Whether a block puts something into the table, however deep in it: `cache.setdefault(a, {})[b] = ...`.
fn fills(body: &[Stmt], table: &Expr, depth: usize) -> bool {
    let inner = |body: &[Stmt]| fills(body, table, depth + 1);
    let is_item = |target: &Expr| match target {
        Expr::Subscript(item) => mentions(&item.value, table),
        _ => false,
    };
    depth < MAX_DEPTH
        && body.iter().any(|stmt| match stmt {
            Stmt::Assign(assign) => assign.targets.iter().any(is_item),
            Stmt::With(with) => inner(&with.body),
            Stmt::Try(attempt) => inner(&attempt.body) || inner(&attempt.orelse),
            Stmt::If(choice) => {
                inner(&choice.body) || choice.elif_else_clauses.iter().any(|clause| inner(&clause.body))
            }
            _ => false,
        })
}

/// Whether something is part of an expression.
fn mentions(expr: &Expr, part: &Expr) -> bool {
    struct Parts<'p> {
        part: &'p Expr,
        found: bool,
    }
    impl<'a> Visitor<'a> for Parts<'_> {
        fn visit_expr(&mut self, expr: &'a Expr) {
            self.found = self.found || is_same(expr, self.part);
            if !self.found {
                visitor::walk_expr(self, expr);
            }
        }
    }
    let mut parts = Parts { part, found: false };
    parts.visit_expr(expr);
    parts.found
}
