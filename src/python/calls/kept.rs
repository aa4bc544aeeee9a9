//! Code that runs once in the life of the process, or of an object, because what it makes is kept.
//!
//! Recognised by the condition alone: that nothing is kept yet. Whether somebody throws away what is kept is not
//! asked.

use super::Reader;
use crate::python::names::Bound;
use crate::python::syntax::ast::{self, CmpOp, Expr, Stmt, UnaryOp};
use crate::values::HashMap;

/// How deep blocks and conditions are looked into.
const MAX_DEPTH: usize = 16;

/// Names of objects that are another one for each request, wherever they are imported from.
const PER_REQUEST: [&str; 5] = ["g", "request", "session", "websocket", "current_user"];
/// Whether a name is that of an object that is another one for each request.
pub fn is_per_request(name: &str) -> bool {
    PER_REQUEST.contains(&name)
}

/// What applications are called: their attributes live as long as the process.
const APPLICATIONS: [&str; 3] = ["app", "application", "current_app"];

/// How long a value is kept that is filled in when it is first asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kept {
    /// It is not, as far as can be seen.
    No,
    /// As long as the object.
    Object,
    /// As long as the process.
    Process,
}

impl Reader<'_> {
    /// `if kept is not None: return kept`: what follows runs once in the life of what keeps it.
    pub(super) fn returns_kept_value(&self, stmt: &Stmt) -> Kept {
        let Stmt::If(stmt) = stmt else { return Kept::No };
        let [Stmt::Return(result)] = &*stmt.body else { return Kept::No };
        if !stmt.elif_else_clauses.is_empty() {
            return Kept::No;
        }
        match &*stmt.test {
            // `if kept is not None or failed: return kept`
            Expr::BoolOp(either) if either.op == ast::BoolOp::Or => {
                let returned = |kept: &Expr| result.value.as_deref().is_some_and(|given| is_same(given, kept));
                let asked = either.values.iter().map(present).filter(|kept| kept.is_name_expr() || returned(kept));
                asked.map(|kept| self.kept(kept)).find(|kept| *kept != Kept::No).unwrap_or(Kept::No)
            }
            // `if self.state == READY and self._it is not None: return self._it`
            Expr::BoolOp(all) if all.op == ast::BoolOp::And => {
                let returned = |kept: &Expr| match result.value.as_deref() {
                    Some(given) => is_same(given, kept),
                    None => self.kept(kept) != Kept::No,
                };
                let (kept, others): (Vec<&Expr>, Vec<&Expr>) =
                    all.values.iter().partition(|value| returned(present(value)));
                match *kept.as_slice() {
                    [kept] if others.iter().all(|one| says_how_far(one) || asks_about(one, present(kept))) => {
                        self.kept(present(kept))
                    }
                    _ => Kept::No,
                }
            }
            one => self.kept(present(one)),
        }
    }

    /// `if kept is None:` and `if not kept:`, alone or among others that must hold as well: the body runs once
    /// in the life of what keeps it.
    pub(super) fn fills_kept_value(&self, test: &Expr, body: &[Stmt]) -> Kept {
        // Several ways to say it: `not hasattr(cls, "_it") or cls._it is None`.
        if let Expr::BoolOp(either) = test
            && either.op == ast::BoolOp::Or
        {
            let each = either.values.iter().map(|value| self.fills_kept_value(value, body));
            return each.min().unwrap_or(Kept::No);
        }
        if let Some((owner, name)) = lacks(test) {
            let filled = filled(body, owner, name);
            return filled.map_or(Kept::No, |kept| match self.kept(kept) {
                Kept::No if self.is_kept_elsewhere(kept) => Kept::Process,
                known => known,
            });
        }
        let alone = absent(test).map_or(Kept::No, |kept| self.kept(kept));
        if alone != Kept::No {
            return alone;
        }
        if let Some(kept @ Expr::Name(name)) = absent(test)
            && (self.is_filled_by_callee(name.id.as_str(), body)
                || self.is_of_module(name.id.as_str()) && fills_in_place(body, kept, 0))
        {
            return Kept::Process;
        }
        let asked: Vec<&Expr> = match test {
            Expr::BoolOp(all) if all.op == ast::BoolOp::And => all.values.iter().filter_map(absent).collect(),
            one => absent(one).into_iter().collect(),
        };
        let found = asked.into_iter().map(|kept| match (kept, self.kept(kept)) {
            (Expr::Name(_), known) => known,
            _ if !assigns(body, kept, 0) => Kept::No,
            (_, Kept::No) if self.is_kept_elsewhere(kept) => Kept::Process,
            (_, known) => known,
        });
        found.into_iter().find(|kept| *kept != Kept::No).unwrap_or(Kept::No)
    }

    /// Whether a block does no more than to call functions of which one fills a global of this name:
    /// `if not rates: load_rates()`.
    fn is_filled_by_callee(&self, name: &str, body: &[Stmt]) -> bool {
        let callee = |stmt: &Stmt| match stmt {
            Stmt::Expr(stmt) => match &*stmt.value {
                Expr::Call(call) => call.func.as_name_expr().map(|callee| callee.id.to_string()),
                Expr::Await(awaited) => awaited.value.as_call_expr()?.func.as_name_expr().map(|one| one.id.to_string()),
                _ => None,
            },
            _ => None,
        };
        let fills = |callee: String| self.writers.get(callee.as_str()).is_some_and(|names| names.contains(&name));
        self.is_of_module(name) && body.iter().any(|stmt| callee(stmt).is_some_and(fills))
    }

    /// How long something outlives the call: a global that this function writes, or an attribute of the
    /// object or class.
    pub(super) fn kept(&self, expr: &Expr) -> Kept {
        let function = &self.facts.functions[self.function as usize];
        match expr {
            Expr::Name(name) if function.globals.contains(name.id.as_str()) => Kept::Process,
            // `kept = self._kept` in front of the question.
            Expr::Name(name) => match function.bindings.get(name.id.as_str()).map(Vec::as_slice) {
                Some([only]) => match only.bound {
                    Bound::Value { value: Some(source @ Expr::Attribute(_)), .. } => self.kept(source),
                    _ => Kept::No,
                },
                _ => Kept::No,
            },
            Expr::Attribute(attribute) => {
                let Expr::Name(object) = &*attribute.value else { return Kept::No };
                let is_own = function.class.is_some()
                    && attribute.attr.as_str().starts_with('_')
                    && function.parameters.first().is_some_and(|first| first.name == object.id.as_str());
                match (is_own, object.id.as_str()) {
                    (true, "self") => Kept::Object,
                    (true, _) => Kept::Process,
                    (false, _) => Kept::No,
                }
            }
            _ => Kept::No,
        }
    }

    /// Whether an expression is an attribute of the application, or of an object or a class that a module holds.
    pub(super) fn is_kept_elsewhere(&self, expr: &Expr) -> bool {
        let Expr::Attribute(attribute) = expr else { return false };
        let mut owner = &*attribute.value;
        // `cls.kept` in a method of the class.
        let function = &self.facts.functions[self.function as usize];
        if let Expr::Name(name) = owner
            && name.id.as_str() == "cls"
            && function.class.is_some()
            && function.parameters.first().is_some_and(|first| first.name == "cls")
        {
            return true;
        }
        for _ in 0..MAX_DEPTH {
            match owner {
                Expr::Attribute(outer) if APPLICATIONS.contains(&outer.attr.as_str()) => return true,
                Expr::Attribute(outer) => owner = &outer.value,
                Expr::Name(name) if APPLICATIONS.contains(&name.id.as_str()) => return true,
                Expr::Name(name) => return self.is_of_module(name.id.as_str()),
                _ => return false,
            }
        }
        false
    }

    /// Whether a name stands for what the module binds it to.
    pub(super) fn is_of_module(&self, name: &str) -> bool {
        let mut index = self.function;
        while index != 0 {
            let function = &self.facts.functions[index as usize];
            if function.bindings.contains_key(name) {
                return false;
            }
            index = function.parent;
        }
        !is_per_request(name) && self.facts.functions[0].bindings.contains_key(name)
    }
}

/// Whether a condition only asks the object how far it is: `self.ready`, `self.state == State.READY`.
fn says_how_far(test: &Expr) -> bool {
    let is_own = |expr: &Expr| match expr {
        Expr::Attribute(attribute) => {
            matches!(&*attribute.value, Expr::Name(object) if matches!(object.id.as_str(), "self" | "cls"))
        }
        _ => false,
    };
    let is_fixed = |expr: &Expr| match expr {
        Expr::Attribute(member) => matches!(&*member.value, Expr::Name(_) | Expr::Attribute(_)),
        other => other.is_literal_expr(),
    };
    match test {
        Expr::Compare(compare) => match (&*compare.ops, &*compare.comparators) {
            ([CmpOp::Eq | CmpOp::Is], [fixed]) => is_own(&compare.left) && is_fixed(fixed) && !is_own(fixed),
            _ => false,
        },
        other => is_own(other),
    }
}

/// Whether a condition asks what is kept itself whether it can still be used: `self._it.closed == 0`, `not
/// self._it.closed`, `self._it.is_connected()`.
fn asks_about(test: &Expr, kept: &Expr) -> bool {
    match test {
        Expr::Compare(compare) => {
            asks_about(&compare.left, kept) && compare.comparators.iter().all(Expr::is_literal_expr)
        }
        Expr::UnaryOp(not) if not.op == UnaryOp::Not => asks_about(&not.operand, kept),
        Expr::Call(call) => call.arguments.is_empty() && asks_about(&call.func, kept),
        Expr::Attribute(attribute) => is_same(&attribute.value, kept) || asks_about(&attribute.value, kept),
        _ => false,
    }
}

/// The names of the module that each of its functions writes to.
pub(super) fn writers(module: &[Stmt]) -> HashMap<&str, Vec<&str>> {
    let mut found: HashMap<&str, Vec<&str>> = HashMap::default();
    for stmt in module {
        let Stmt::FunctionDef(def) = stmt else { continue };
        for stmt in &def.body {
            if let Stmt::Global(global) = stmt {
                let names = global.names.iter().map(ast::Identifier::as_str);
                found.entry(def.name.as_str()).or_default().extend(names);
            }
        }
    }
    found
}

/// `x` of `x is not None`, or of `x`.
pub(super) fn present(test: &Expr) -> &Expr {
    match test {
        Expr::Compare(compare) if compares_with_none(compare, CmpOp::IsNot) => &compare.left,
        other => other,
    }
}

/// `x` of `x is None`, or of `not x`.
pub(super) fn absent(test: &Expr) -> Option<&Expr> {
    match test {
        Expr::Compare(compare) if compares_with_none(compare, CmpOp::Is) => Some(&compare.left),
        Expr::UnaryOp(operation) if operation.op == UnaryOp::Not => Some(&operation.operand),
        _ => None,
    }
}

/// `not hasattr(owner, "name")`, `getattr(owner, "name", None) is None`, `"name" not in owner.__dict__`
fn lacks(test: &Expr) -> Option<(&Expr, &str)> {
    if let Expr::Compare(compare) = test
        && let (Expr::StringLiteral(name), [CmpOp::NotIn], [Expr::Attribute(all)]) =
            (&*compare.left, &*compare.ops, &*compare.comparators)
        && all.attr.as_str() == "__dict__"
    {
        return Some((&all.value, name.value.to_str()));
    }
    let Expr::Call(call) = absent(test)? else { return None };
    let callee = call.func.as_name_expr()?.id.as_str();
    match &*call.arguments.args {
        [owner, Expr::StringLiteral(name)] if callee == "hasattr" && !test.is_compare_expr() => {
            Some((owner, name.value.to_str()))
        }
        [owner, Expr::StringLiteral(name), Expr::NoneLiteral(_)] if callee == "getattr" => {
            Some((owner, name.value.to_str()))
        }
        _ => None,
    }
}

/// The attribute of this name that a block gives to `owner`.
fn filled<'b>(body: &'b [Stmt], owner: &Expr, name: &str) -> Option<&'b Expr> {
    body.iter().find_map(|stmt| {
        let Stmt::Assign(assign) = stmt else { return None };
        assign.targets.iter().find(|target| match target {
            Expr::Attribute(attribute) => attribute.attr.as_str() == name && is_same(&attribute.value, owner),
            _ => false,
        })
    })
}

pub(super) fn compares_with_none(compare: &ast::ExprCompare, by: CmpOp) -> bool {
    matches!((&*compare.ops, &*compare.comparators), ([op], [Expr::NoneLiteral(_)]) if *op == by)
}

/// Whether a block assigns to this expression.
pub(super) fn assigns(body: &[Stmt], target: &Expr, depth: usize) -> bool {
    depth < MAX_DEPTH
        && body.iter().any(|stmt| match stmt {
            Stmt::Assign(assign) => assign.targets.iter().any(|one| is_same(one, target)),
            Stmt::AnnAssign(assign) => is_same(&assign.target, target),
            Stmt::With(with) => assigns(&with.body, target, depth + 1),
            Stmt::Try(attempt) => {
                assigns(&attempt.body, target, depth + 1) || assigns(&attempt.orelse, target, depth + 1)
            }
            Stmt::If(choice) => {
                let others = choice.elif_else_clauses.iter().map(|clause| &clause.body);
                std::iter::once(&choice.body).chain(others).any(|body| assigns(body, target, depth + 1))
            }
            _ => false,
        })
}

/// Whether a block puts something into a container: `table.update(...)`, `table[key] = ...`.
fn fills_in_place(body: &[Stmt], container: &Expr, depth: usize) -> bool {
    let inner = |body: &[Stmt]| fills_in_place(body, container, depth + 1);
    depth < MAX_DEPTH
        && body.iter().any(|stmt| match stmt {
            Stmt::Expr(stmt) => match &*stmt.value {
                Expr::Call(call) => match &*call.func {
                    Expr::Attribute(method) => {
                        matches!(method.attr.as_str(), "add" | "append" | "extend" | "update")
                            && is_same(&method.value, container)
                    }
                    _ => false,
                },
                _ => false,
            },
            Stmt::Assign(assign) => assign.targets.iter().any(|target| match target {
                Expr::Subscript(item) => is_same(&item.value, container),
                _ => false,
            }),
            Stmt::With(with) => inner(&with.body),
            Stmt::For(each) => inner(&each.body),
            Stmt::Try(attempt) => inner(&attempt.body) || inner(&attempt.orelse),
            _ => false,
        })
}

/// Whether both are the same name, or the same attribute of the same.
pub(super) fn is_same(one: &Expr, other: &Expr) -> bool {
    match (one, other) {
        (Expr::Name(one), Expr::Name(other)) => one.id == other.id,
        (Expr::Attribute(one), Expr::Attribute(other)) => {
            one.attr.as_str() == other.attr.as_str() && is_same(&one.value, &other.value)
        }
        _ => false,
    }
}
