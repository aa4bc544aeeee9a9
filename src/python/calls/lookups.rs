//! What runs once for each key, because a table of the module keeps what it makes.
//!
//! Recognised by the lookup before it: `if key in TABLE: return TABLE[key]`. How many keys there are is not asked.

use super::Reader;
use super::kept::{absent, compares_with_none, is_same, present};
use crate::python::names::Bound;
use crate::python::syntax::ast::{self, CmpOp, Expr, Stmt};
use crate::python::syntax::span_of;
use crate::source::Span;

/// How deep blocks are looked into.
const MAX_DEPTH: usize = 8;

impl<'a> Reader<'a> {
    /// What follows a statement that returns what is kept, or stands in it, runs once for each key.
    pub(super) fn behind_lookup(&mut self, stmt: &'a Stmt, rest: &[Stmt]) {
        let part = match stmt {
            Stmt::If(choice) if self.looks_up(&choice.test).is_some() => self.behind_get(stmt, choice, rest),
            Stmt::If(choice) if choice.elif_else_clauses.is_empty() => match absent_from(&choice.test) {
                Some((_, table, false)) if self.is_table(table) && returns(&choice.body, table) => {
                    self.rest_of_block(stmt)
                }
                Some((key, table, true)) if self.is_table(table) && fills(&choice.body, table, key, 0) => {
                    block_of(&choice.body)
                }
                _ => None,
            },
            Stmt::Try(attempt) => self.failed_lookup(attempt),
            _ => None,
        };
        self.current().rarely.extend(part);
    }

    /// `value = TABLE.get(key)` and then `if value is None: TABLE[key] = ...`, or
    /// `if value is not None: return value` before that.
    fn behind_get(&self, stmt: &Stmt, choice: &ast::StmtIf, rest: &[Stmt]) -> Option<Span> {
        let (name, table, key) = self.looks_up(&choice.test)?;
        let gives = |stmt: &Stmt| match stmt {
            Stmt::Return(result) => {
                matches!(result.value.as_deref(), Some(Expr::Name(given)) if given.id.as_str() == name)
            }
            _ => false,
        };
        if absent(&choice.test).is_some() {
            return fills(&choice.body, table, key, 0).then(|| block_of(&choice.body))?;
        }
        let returns = choice.body.last().is_some_and(gives) && choice.elif_else_clauses.is_empty();
        (returns && fills(rest, table, key, 0)).then(|| self.rest_of_block(stmt))?
    }

    /// The name that a condition asks for, where that was just looked up in a table of the module, the table, and
    /// the key.
    fn looks_up<'s>(&'s self, test: &'s Expr) -> Option<(&'s str, &'s Expr, &'s Expr)> {
        let (name, value) = match absent(test).unwrap_or_else(|| present(test)) {
            Expr::Named(named) => (named.target.as_name_expr()?.id.as_str(), &*named.value),
            Expr::Name(name) => {
                let bindings = &self.facts.functions[self.function as usize].bindings;
                match bindings.get(name.id.as_str())?.iter().find(|binding| binding.at < span_of(test).start)?.bound {
                    Bound::Value { value: Some(value), .. } => (name.id.as_str(), value),
                    _ => return None,
                }
            }
            _ => return None,
        };
        let call = value.as_call_expr()?;
        let Expr::Attribute(method) = &*call.func else { return None };
        let key = call.arguments.args.first().filter(|_| method.attr.as_str() == "get")?;
        self.is_table(&method.value).then_some((name, &method.value, key))
    }

    /// `try: return TABLE[key]`, `except KeyError:`
    fn failed_lookup(&self, attempt: &'a ast::StmtTry) -> Option<Span> {
        let [Stmt::Return(result)] = &*attempt.body else { return None };
        let Some(Expr::Subscript(found)) = result.value.as_deref() else { return None };
        let [ast::ExceptHandler::ExceptHandler(handler)] = &*attempt.handlers else { return None };
        let misses =
            handler.type_.as_deref().is_some_and(|ty| matches!(ty, Expr::Name(name) if name.id.as_str() == "KeyError"));
        let keeps = fills(&handler.body, &found.value, &found.slice, 0);
        (misses && keeps && self.is_table(&found.value)).then(|| block_of(&handler.body))?
    }

    /// Whether an expression is a name that the module binds, or one for a table in such a table.
    fn is_table(&self, expr: &Expr) -> bool {
        let Expr::Name(name) = expr else { return false };
        let bindings = &self.facts.functions[self.function as usize].bindings;
        match bindings.get(name.id.as_str()).map(Vec::as_slice) {
            Some([only]) if self.function != 0 => match only.bound {
                Bound::Value { value: Some(Expr::Subscript(part)), .. } => self.is_name_of_module(&part.value),
                Bound::Value { value: Some(Expr::Call(call)), .. } => match &*call.func {
                    Expr::Attribute(method) => {
                        method.attr.as_str() == "setdefault" && self.is_name_of_module(&method.value)
                    }
                    _ => false,
                },
                _ => false,
            },
            _ => self.is_name_of_module(expr),
        }
    }

    fn is_name_of_module(&self, expr: &Expr) -> bool {
        matches!(expr, Expr::Name(name) if self.is_of_module(name.id.as_str()))
    }

    fn rest_of_block(&self, stmt: &Stmt) -> Option<Span> {
        let end = self.blocks.last()?.end;
        Some(Span::new(span_of(stmt).end, end))
    }
}

/// `key in table` and `key not in table`, with whether the latter; also as the first of several of which one must
/// hold: `key not in table or not table[key]`.
fn absent_from(test: &Expr) -> Option<(&Expr, &Expr, bool)> {
    match test {
        Expr::BoolOp(either) if either.op == ast::BoolOp::Or => {
            let first = absent_from(either.values.first()?)?;
            let of_table = |one: &Expr| match one {
                Expr::UnaryOp(not) if not.op == ast::UnaryOp::Not => item_of(&not.operand, first.1, first.0),
                Expr::Compare(compare) if compares_with_none(compare, CmpOp::Is) => {
                    item_of(&compare.left, first.1, first.0)
                }
                _ => false,
            };
            (first.2 && either.values.iter().skip(1).all(of_table)).then_some(first)
        }
        Expr::Compare(compare) => match (&*compare.ops, &*compare.comparators) {
            ([CmpOp::In], [table]) => Some((&compare.left, table, false)),
            ([CmpOp::NotIn], [table]) => Some((&compare.left, table, true)),
            _ => None,
        },
        _ => None,
    }
}

fn item_of(expr: &Expr, table: &Expr, key: &Expr) -> bool {
    matches!(expr, Expr::Subscript(item) if is_same(&item.value, table) && is_same(&item.slice, key))
}

/// Whether a block does nothing but return an item of the table.
fn returns(body: &[Stmt], table: &Expr) -> bool {
    let [Stmt::Return(result)] = body else { return false };
    matches!(result.value.as_deref(), Some(Expr::Subscript(item)) if is_same(&item.value, table))
}

/// Whether a block puts something into the table, under the key.
fn fills(body: &[Stmt], table: &Expr, key: &Expr, depth: usize) -> bool {
    let is_item = |target: &Expr| item_of(target, table, key);
    depth < MAX_DEPTH
        && body.iter().any(|stmt| match stmt {
            Stmt::Assign(assign) => assign.targets.iter().any(is_item),
            Stmt::AnnAssign(assign) => is_item(&assign.target),
            Stmt::With(with) => fills(&with.body, table, key, depth + 1),
            Stmt::Try(attempt) => fills(&attempt.body, table, key, depth + 1),
            Stmt::If(choice) => fills(&choice.body, table, key, depth + 1),
            _ => false,
        })
}

fn block_of(body: &[Stmt]) -> Option<Span> {
    Some(Span::new(span_of(body.first()?).start, span_of(body.last()?).end))
}
