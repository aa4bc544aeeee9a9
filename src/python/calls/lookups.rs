//! What runs once for each key, because a table of the process keeps what it makes: a global, or an attribute of a
//! function, a class or a module.
//!
//! Recognised by the lookup before it: `if key in TABLE: return TABLE[key]`. How many keys there are is not asked.

use super::Reader;
use super::kept::{Kept, absent, assigns, compares_with_none, is_same, present};
use crate::python::names::Bound;
use crate::python::syntax::ast::{self, CmpOp, Expr, Stmt};
use crate::python::syntax::span_of;
use crate::python::syntax::visitor::{self, Visitor};
use crate::source::Span;

/// How deep blocks are looked into.
const MAX_DEPTH: usize = 8;

impl<'a> Reader<'a> {
    /// What follows a statement that returns what is kept, or stands in it, runs once for each key.
    pub(super) fn behind_lookup(&mut self, stmt: &'a Stmt, rest: &[Stmt]) {
        let part = match stmt {
            Stmt::If(choice) if self.looks_up(&choice.test).is_some() => self.behind_get(stmt, choice, rest),
            Stmt::If(choice) => match absent_from(&choice.test) {
                Some((_, table, false)) if self.is_table(table) => match &*choice.elif_else_clauses {
                    [] if returns(&choice.body, table) => self.rest_of_block(stmt),
                    // `if key in TABLE: value = TABLE[key]`, `else: TABLE[key] = value = ...`
                    [ast::ElifElseClause { test: None, body, .. }] => {
                        let takes = takes(&choice.body, table);
                        (takes && self.keeps(body, table)).then(|| block_of(body)).flatten()
                    }
                    _ => None,
                },
                Some((key, table, true)) if choice.elif_else_clauses.is_empty() && self.is_table(table) => {
                    let filled =
                        fills(&choice.body, table, Some(key), 0) || self.is_kept_by_callee(&choice.body, table);
                    filled.then(|| block_of(&choice.body)).flatten()
                }
                _ => None,
            },
            Stmt::Try(attempt) => self.failed_lookup(stmt, attempt, rest),
            _ => None,
        };
        let part = part.or_else(|| self.behind_question(stmt, rest));
        self.current().rarely.extend(part);
        let of_object = self.behind_own_lookup(stmt, rest);
        self.current().rarely_of_object.extend(of_object);
        let awaitable = self.perhaps_awaitable(stmt);
        self.current().perhaps_awaitable.extend(awaitable);
        let stamped = self.behind_stamp(stmt, rest);
        self.current().stamped.extend(stamped.map(|(part, kept)| (part, kept == Kept::Object)));
    }

    /// What follows `if KEPT is not None:` with a further question inside, whether what is kept is still good, of
    /// which the answer may be to return it; what follows keeps another one.
    fn behind_question(&self, stmt: &Stmt, rest: &[Stmt]) -> Option<Span> {
        let Stmt::If(choice) = stmt else { return None };
        let kept = present(&choice.test);
        if !choice.elif_else_clauses.is_empty() || self.kept(kept) != Kept::Process || choice.body.len() < 2 {
            return None;
        }
        let gives = |stmt: &Stmt| match stmt {
            Stmt::If(choice) => match &*choice.body {
                [Stmt::Return(result)] => result.value.as_deref().is_some_and(|given| is_same(given, kept)),
                _ => false,
            },
            _ => false,
        };
        (choice.body.iter().any(gives) && assigns(rest, kept, 0)).then(|| self.rest_of_block(stmt))?
    }

    /// As [`behind_lookup`](Self::behind_lookup), for tables that an object keeps: `if key in self.cache:`.
    fn behind_own_lookup(&self, stmt: &Stmt, rest: &[Stmt]) -> Option<Span> {
        let Stmt::If(choice) = stmt else { return None };
        let Some((key, table, is_missing)) = absent_from(&choice.test) else {
            let (name, table, key) = self.looks_up_own(&choice.test)?;
            return self.behind_found(stmt, choice, rest, (name, table, key));
        };
        if !choice.elif_else_clauses.is_empty() || !self.is_own_table(table) {
            return None;
        }
        if is_missing {
            return fills(&choice.body, table, Some(key), 0).then(|| block_of(&choice.body))?;
        }
        (returns(&choice.body, table) && fills(rest, table, None, 0)).then(|| self.rest_of_block(stmt))?
    }

    /// `self.cache` in a method.
    pub(super) fn is_own_table(&self, expr: &Expr) -> bool {
        let function = &self.facts.functions[self.function as usize];
        match expr {
            Expr::Attribute(attribute) => match &*attribute.value {
                Expr::Name(object) => {
                    function.class.is_some()
                        && function.parameters.first().is_some_and(|first| first.name == object.id.as_str())
                }
                _ => false,
            },
            _ => false,
        }
    }

    /// `value = TABLE.get(key)` and then `if value is None: TABLE[key] = ...`, or
    /// `if value is not None: return value` before that.
    fn behind_get(&self, stmt: &Stmt, choice: &ast::StmtIf, rest: &[Stmt]) -> Option<Span> {
        self.behind_found(stmt, choice, rest, self.looks_up(&choice.test)?)
    }

    /// As [`behind_get`](Self::behind_get), with the name that the condition asks for, the table and the key.
    fn behind_found(
        &self,
        stmt: &Stmt,
        choice: &ast::StmtIf,
        rest: &[Stmt],
        (name, table, key): (&str, &Expr, &Expr),
    ) -> Option<Span> {
        let gives = |stmt: &Stmt| match stmt {
            Stmt::Return(result) => result.value.as_deref().is_some_and(|given| begins_with(given, name)),
            _ => false,
        };
        if is_absent(&choice.test) {
            let filled = fills(&choice.body, table, Some(key), 0) || self.is_kept_by_callee(&choice.body, table);
            return filled.then(|| block_of(&choice.body))?;
        }
        let returns = choice.body.last().is_some_and(gives) && choice.elif_else_clauses.is_empty();
        (returns && self.keeps(rest, table)).then(|| self.rest_of_block(stmt))?
    }

    /// The name that a condition asks for, where that was just looked up in a table of the module, the table, and
    /// the key.
    fn looks_up<'s>(&'s self, test: &'s Expr) -> Option<(&'s str, &'s Expr, &'s Expr)> {
        let (name, table, key) = self.looked_up(test)?;
        self.is_table(table).then_some((name, table, key))
    }

    /// As [`looks_up`](Self::looks_up), for a table that the object keeps.
    fn looks_up_own<'s>(&'s self, test: &'s Expr) -> Option<(&'s str, &'s Expr, &'s Expr)> {
        let (name, table, key) = self.looked_up(test)?;
        self.is_own_table(table).then_some((name, table, key))
    }

    /// As [`looks_up`](Self::looks_up), for anything that has a method `get`.
    fn looked_up<'s>(&'s self, test: &'s Expr) -> Option<(&'s str, &'s Expr, &'s Expr)> {
        let (name, value) = match asked_for(test) {
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
        Some((name, table_of(&method.value), key))
    }

    /// `try: return TABLE[key]`, `except KeyError:`, where the handler or what follows fills the table.
    fn failed_lookup(&self, stmt: &Stmt, attempt: &'a ast::StmtTry, rest: &[Stmt]) -> Option<Span> {
        let [lookup] = &*attempt.body else { return None };
        let (value, leaves) = match lookup {
            Stmt::Return(result) => (result.value.as_deref(), true),
            Stmt::Assign(assign) => (Some(&*assign.value), false),
            _ => return None,
        };
        let Some(Expr::Subscript(found)) = value else { return None };
        let [ast::ExceptHandler::ExceptHandler(handler)] = &*attempt.handlers else { return None };
        let misses =
            handler.type_.as_deref().is_some_and(|ty| matches!(ty, Expr::Name(name) if name.id.as_str() == "KeyError"));
        if !misses || !self.is_table(&found.value) {
            return None;
        }
        if fills(&handler.body, &found.value, Some(&*found.slice), 0)
            || self.is_kept_by_callee(&handler.body, &found.value)
        {
            return block_of(&handler.body);
        }
        let passes = matches!(&*handler.body, [Stmt::Pass(_)]);
        (leaves && passes && self.keeps(rest, &found.value)).then(|| self.rest_of_block(stmt))?
    }

    /// Whether a block puts something into a table, by itself or through a function of the module.
    fn keeps(&self, body: &[Stmt], table: &Expr) -> bool {
        fills(body, table, None, 0) || self.is_kept_by_callee(body, table)
    }

    /// Whether a block calls a function of the module that puts something into the table.
    fn is_kept_by_callee(&self, body: &[Stmt], table: &Expr) -> bool {
        let Some(table) = self.table(table) else { return false };
        let mut callees = Callees::default();
        callees.visit_body(body);
        let definitions = self.module.iter().filter_map(Stmt::as_function_def_stmt);
        let mut called = definitions.filter(|def| callees.0.contains(&def.name.as_str()));
        called.any(|def| fills(&def.body, table, None, 0))
    }

    pub(super) fn is_table(&self, expr: &Expr) -> bool {
        self.table(expr).is_some()
    }

    /// The table of the process that an expression stands for: a name that the module binds, an attribute of one,
    /// what a local name stands for, or a table in such a table.
    fn table<'s>(&'s self, expr: &'s Expr) -> Option<&'s Expr> {
        let name = match expr {
            Expr::Name(name) => name,
            Expr::Attribute(_) if self.is_kept_elsewhere(expr) || self.kept(expr) == Kept::Process => {
                return Some(expr);
            }
            _ => return None,
        };
        let bindings = &self.facts.functions[self.function as usize].bindings;
        match bindings.get(name.id.as_str()).map(Vec::as_slice) {
            Some([only]) if self.function != 0 => match only.bound {
                Bound::Value { value: Some(Expr::Subscript(part)), .. } => {
                    self.is_name_of_module(&part.value).then_some(expr)
                }
                Bound::Value { value: Some(Expr::Call(call)), .. } => match &*call.func {
                    Expr::Attribute(method) => {
                        let has = method.attr.as_str() == "setdefault" && self.is_name_of_module(&method.value);
                        has.then_some(expr)
                    }
                    _ => None,
                },
                // Another name for it.
                Bound::Value { value: Some(other @ Expr::Attribute(_)), .. } => self.table(other),
                Bound::Value { value: Some(other @ Expr::Name(_)), .. } => {
                    self.is_name_of_module(other).then_some(other)
                }
                _ => None,
            },
            _ => self.is_name_of_module(expr).then_some(expr),
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

/// What a condition asks for: `kept` of `kept is not None and kept.version == version`, and of `kept is None or
/// kept.version != version`. Whether it is still the one that is wanted is asked of what is kept.
fn asked_for(test: &Expr) -> &Expr {
    if let Expr::BoolOp(several) = test
        && let Some((first, others)) = several.values.split_first()
    {
        let kept = match several.op {
            ast::BoolOp::And => present(first),
            ast::BoolOp::Or => absent(first).unwrap_or(test),
        };
        let of_kept = |one: &Expr| kept.as_name_expr().is_some_and(|name| asks_of(one, name.id.as_str()));
        return if others.iter().all(of_kept) { kept } else { test };
    }
    absent(test).unwrap_or_else(|| present(test))
}

/// Whether such a condition holds where nothing is kept.
fn is_absent(test: &Expr) -> bool {
    match test {
        Expr::BoolOp(several) => several.op == ast::BoolOp::Or,
        other => absent(other).is_some(),
    }
}

/// Whether a condition asks for an attribute of what goes by this name, or compares one with something.
fn asks_of(test: &Expr, name: &str) -> bool {
    match test {
        Expr::Compare(compare) => {
            std::iter::once(&*compare.left).chain(&compare.comparators).any(|side| is_attribute_of(side, name))
        }
        Expr::UnaryOp(not) if not.op == ast::UnaryOp::Not => asks_of(&not.operand, name),
        Expr::Call(call) => is_attribute_of(&call.func, name),
        other => is_attribute_of(other, name),
    }
}

fn is_attribute_of(expr: &Expr, name: &str) -> bool {
    expr.is_attribute_expr() && begins_with(expr, name)
}

/// Whether an expression is this name, or an attribute of it.
fn begins_with(expr: &Expr, name: &str) -> bool {
    match expr {
        Expr::Name(found) => found.id.as_str() == name,
        Expr::Attribute(attribute) => begins_with(&attribute.value, name),
        _ => false,
    }
}

/// The table around the tables in it: `tables` of `tables[one]`, `tables.get(one, {})`, `tables.setdefault(one, {})`.
fn table_of(expr: &Expr) -> &Expr {
    match expr {
        Expr::Subscript(item) => table_of(&item.value),
        Expr::Call(call) => match &*call.func {
            Expr::Attribute(method) if matches!(method.attr.as_str(), "get" | "setdefault") => table_of(&method.value),
            _ => expr,
        },
        other => other,
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

/// Whether a block does nothing but give an item of the table to a name.
fn takes(body: &[Stmt], table: &Expr) -> bool {
    let value = match body {
        [Stmt::Assign(assign)] => Some(&*assign.value),
        [Stmt::Return(result)] => result.value.as_deref(),
        _ => None,
    };
    matches!(value, Some(Expr::Subscript(item)) if is_same(&item.value, table))
}

/// Whether a block puts something into the table, under the key where that is asked for.
fn fills(body: &[Stmt], table: &Expr, key: Option<&Expr>, depth: usize) -> bool {
    let is_item = |target: &Expr| match (target, key) {
        (Expr::Subscript(item), Some(key)) => is_same(table_of(&item.value), table) && is_same(&item.slice, key),
        (Expr::Subscript(item), None) => is_same(table_of(&item.value), table),
        _ => false,
    };
    let inner = |body: &[Stmt]| fills(body, table, key, depth + 1);
    depth < MAX_DEPTH
        && body.iter().any(|stmt| match stmt {
            Stmt::Assign(assign) => assign.targets.iter().any(is_item),
            Stmt::AnnAssign(assign) => is_item(&assign.target),
            Stmt::With(with) => inner(&with.body),
            Stmt::Try(attempt) => inner(&attempt.body) || inner(&attempt.orelse),
            Stmt::If(choice) => {
                inner(&choice.body) || choice.elif_else_clauses.iter().any(|clause| inner(&clause.body))
            }
            _ => false,
        })
}

/// The names of the functions that a block calls by name.
#[derive(Default)]
struct Callees<'b>(Vec<&'b str>);

impl<'b> Visitor<'b> for Callees<'b> {
    fn visit_expr(&mut self, expr: &'b Expr) {
        if let Expr::Call(call) = expr
            && let Expr::Name(callee) = &*call.func
        {
            self.0.push(callee.id.as_str());
        }
        visitor::walk_expr(self, expr);
    }
}

fn block_of(body: &[Stmt]) -> Option<Span> {
    Some(Span::new(span_of(body.first()?).start, span_of(body.last()?).end))
}
