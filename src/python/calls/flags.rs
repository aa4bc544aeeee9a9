//! What runs once, because a mapping of the module keeps under a literal key that it has run:
//! `if STATE.get("ready"): return`.
//!
//! Only where nothing in the module takes the entry back, and the part that runs sets it.

use super::Reader;
use super::kept::{absent, is_same, present};
use crate::python::names::Bound;
use crate::python::syntax::ast::{self, CmpOp, Expr, Stmt};
use crate::python::syntax::visitor::{self, Visitor};

/// How deep blocks are looked into for what sets an entry.
const MAX_DEPTH: usize = 8;
/// Methods of mappings that take entries back, or may.
const TAKES_BACK: [&str; 4] = ["clear", "pop", "popitem", "update"];

impl Reader<'_> {
    /// `if STATE.get("ready"): return`, where what follows sets that entry.
    pub(super) fn returns_when_set(&self, stmt: &Stmt, rest: &[Stmt]) -> bool {
        let Stmt::If(choice) = stmt else { return false };
        if !choice.elif_else_clauses.is_empty() || !matches!(choice.body.last(), Some(Stmt::Return(_))) {
            return false;
        }
        let entry = there(&choice.test);
        entry.is_some_and(|(table, key)| sets(rest, table, key, 0) && self.stays_set(table, key))
    }

    /// `if not STATE.get("ready"):`, where the block sets that entry.
    pub(super) fn sets_what_is_not(&self, test: &Expr, body: &[Stmt]) -> bool {
        let entry = not_there(test);
        entry.is_some_and(|(table, key)| sets(body, table, key, 0) && self.stays_set(table, key))
    }

    /// `if self.is_new: ...; self.is_new = False`, where nothing but the constructor says otherwise.
    pub(super) fn clears_own_flag(&self, test: &Expr, body: &[Stmt]) -> bool {
        let (flag, meant) = match test {
            Expr::UnaryOp(not) if not.op == ast::UnaryOp::Not => (&*not.operand, true),
            other => (other, false),
        };
        let Expr::Attribute(attribute) = flag else { return false };
        let function = &self.facts.functions[self.function as usize];
        let is_own = function.class.is_some()
            && matches!(&*attribute.value, Expr::Name(object) if function.parameters.first().is_some_and(|first| first.name == object.id.as_str()));
        let is_said = |value: &Expr| matches!(value, Expr::BooleanLiteral(said) if said.value == meant);
        let clears = |stmt: &Stmt| match stmt {
            Stmt::Assign(assign) => is_said(&assign.value) && assign.targets.iter().any(|one| is_same(one, flag)),
            _ => false,
        };
        if !is_own || !body.iter().any(clears) {
            return false;
        }
        let mut returns = Returns { flag: attribute.attr.as_str(), meant, found: false };
        returns.visit_body(self.module);
        !returns.found
    }

    /// Whether a mapping that the module makes once never loses what it has under a key.
    fn stays_set(&self, table: &Expr, key: &str) -> bool {
        let Expr::Name(name) = table else { return false };
        let name = name.id.as_str();
        let is_mapping = match self.facts.functions[0].bindings.get(name).map(Vec::as_slice) {
            Some([only]) => match only.bound {
                Bound::Value { value: Some(Expr::Dict(_)), .. } => true,
                Bound::Value { value: Some(Expr::Call(made)), .. } => {
                    made.arguments.args.is_empty()
                        && matches!(&*made.func, Expr::Name(dict) if dict.id.as_str() == "dict")
                }
                _ => false,
            },
            _ => false,
        };
        if !is_mapping || !self.is_of_module(name) {
            return false;
        }
        let mut losses = Losses { table, key, found: false };
        losses.visit_body(self.module);
        !losses.found
    }
}

/// The mapping and the key of `STATE["ready"]`, `STATE.get("ready")`, `STATE.get("ready", False)`.
fn entry(expr: &Expr) -> Option<(&Expr, &str)> {
    let (table, key) = match expr {
        Expr::Subscript(part) => (&*part.value, &*part.slice),
        Expr::Call(call) => match (&*call.func, &*call.arguments.args) {
            (Expr::Attribute(method), [key, default @ ..]) => {
                let is_nothing = default.iter().all(is_nothing);
                (method.attr.as_str() == "get" && is_nothing).then_some((&*method.value, key))?
            }
            _ => return None,
        },
        _ => return None,
    };
    match key {
        Expr::StringLiteral(key) => Some((table, key.value.to_str())),
        _ => None,
    }
}

fn contained(test: &Expr, by: CmpOp) -> Option<(&Expr, &str)> {
    let Expr::Compare(compare) = test else { return None };
    match (&*compare.left, &*compare.ops, &*compare.comparators) {
        (Expr::StringLiteral(key), [op], [table]) if *op == by => Some((table, key.value.to_str())),
        _ => None,
    }
}

fn there(test: &Expr) -> Option<(&Expr, &str)> {
    contained(test, CmpOp::In).or_else(|| entry(present(test)))
}

fn not_there(test: &Expr) -> Option<(&Expr, &str)> {
    contained(test, CmpOp::NotIn).or_else(|| entry(absent(test)?))
}

pub(super) fn is_nothing(value: &Expr) -> bool {
    matches!(value, Expr::NoneLiteral(_)) || super::guards::is_zero_or_false(value)
}

fn is_entry(target: &Expr, table: &Expr, key: &str) -> bool {
    matches!(target, Expr::Subscript(_))
        && entry(target).is_some_and(|(one, known)| known == key && is_same(one, table))
}

/// Whether a block puts something under a key.
fn sets(body: &[Stmt], table: &Expr, key: &str, depth: usize) -> bool {
    depth < MAX_DEPTH
        && body.iter().any(|stmt| match stmt {
            Stmt::Assign(assign) => {
                !is_nothing(&assign.value) && assign.targets.iter().any(|target| is_entry(target, table, key))
            }
            Stmt::With(with) => sets(&with.body, table, key, depth + 1),
            Stmt::Try(attempt) => [&attempt.body, &attempt.orelse, &attempt.finalbody]
                .into_iter()
                .any(|part| sets(part, table, key, depth + 1)),
            _ => false,
        })
}

/// Looks for what takes an entry back, or hands the mapping to somebody who may.
struct Losses<'t> {
    table: &'t Expr,
    key: &'t str,
    found: bool,
}

impl Losses<'_> {
    fn is_table(&self, expr: &Expr) -> bool {
        is_same(expr, self.table)
    }
}

impl<'a> Visitor<'a> for Losses<'_> {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        match stmt {
            Stmt::Assign(assign) => {
                let takes = |target: &Expr| match target {
                    Expr::Subscript(part) if self.is_table(&part.value) && !part.slice.is_string_literal_expr() => true,
                    target => is_nothing(&assign.value) && is_entry(target, self.table, self.key),
                };
                self.found |= assign.targets.iter().any(takes);
            }
            Stmt::Delete(delete) => {
                let of_table = |target: &Expr| matches!(target, Expr::Subscript(part) if self.is_table(&part.value));
                self.found |= delete.targets.iter().any(of_table);
            }
            _ => {}
        }
        visitor::walk_stmt(self, stmt);
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        if let Expr::Call(call) = expr {
            let given = call.arguments.args.iter().chain(call.arguments.keywords.iter().map(|one| &one.value));
            let is_handed = given.into_iter().any(|given| self.is_table(given));
            let takes_back = matches!(&*call.func, Expr::Attribute(ast::ExprAttribute { value, attr, .. })
                if TAKES_BACK.contains(&attr.as_str()) && self.is_table(value));
            self.found |= is_handed || takes_back;
        }
        visitor::walk_expr(self, expr);
    }
}

/// Looks for what takes back that a flag was set, outside of constructors.
struct Returns<'t> {
    flag: &'t str,
    /// What the flag says once it is set.
    meant: bool,
    found: bool,
}

impl<'a> Visitor<'a> for Returns<'_> {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        match stmt {
            Stmt::FunctionDef(def) if def.name.as_str() == "__init__" => return,
            Stmt::Assign(assign) => {
                let is_flag = |one: &Expr| matches!(one, Expr::Attribute(known) if known.attr.as_str() == self.flag);
                let is_said = matches!(&*assign.value, Expr::BooleanLiteral(said) if said.value == self.meant);
                self.found |= !is_said && assign.targets.iter().any(is_flag);
            }
            _ => {}
        }
        visitor::walk_stmt(self, stmt);
    }
}
