//! Conditions under which code does not run on a server, or only once.

use super::Reader;
use crate::python::syntax::ast::{self, Expr, Stmt};

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Guard {
    None,
    Typing,
    Main,
}

/// Whether a condition holds only for a type checker, or only for a script.
pub(super) fn guard(test: &Expr) -> Guard {
    match test {
        Expr::Name(name) if name.id.as_str() == "TYPE_CHECKING" => Guard::Typing,
        Expr::Attribute(attribute) if attribute.attr.as_str() == "TYPE_CHECKING" => Guard::Typing,
        _ if is_zero_or_false(test) => Guard::Main,
        Expr::Compare(compare) if is_main(&compare.left) || compare.comparators.iter().any(is_main) => Guard::Main,
        _ => Guard::None,
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

/// Whether a block asks for the running loop, which fails where there is none.
pub(super) fn probes_for_loop(body: &[Stmt]) -> bool {
    body.iter().any(|stmt| {
        let value = match stmt {
            Stmt::Assign(assign) => &*assign.value,
            Stmt::Expr(stmt) => &*stmt.value,
            _ => return false,
        };
        let Expr::Call(call) = value else {
            return false;
        };
        let name = match &*call.func {
            Expr::Attribute(attribute) => attribute.attr.as_str(),
            Expr::Name(name) => name.id.as_str(),
            _ => return false,
        };
        matches!(name, "get_running_loop" | "get_event_loop" | "current_async_library")
    })
}

/// Whether a body only stands in for an override: a docstring, `pass`, `...`, or an exception.
pub(super) fn is_placeholder(body: &[Stmt]) -> bool {
    body.iter().all(|stmt| match stmt {
        Stmt::Pass(_) => true,
        Stmt::Expr(stmt) => matches!(&*stmt.value, Expr::StringLiteral(_) | Expr::EllipsisLiteral(_)),
        Stmt::Raise(raise) => raise.exc.as_deref().is_some_and(|exc| {
            let callee = if let Expr::Call(call) = exc { &*call.func } else { exc };
            matches!(callee, Expr::Name(name) if name.id.as_str() == "NotImplementedError")
        }),
        _ => false,
    })
}

/// Whether what follows in the same block is never reached.
pub(super) fn leaves(stmt: &Stmt) -> bool {
    matches!(stmt, Stmt::Return(_) | Stmt::Raise(_) | Stmt::Continue(_) | Stmt::Break(_))
}

impl Reader<'_> {
    /// `if kept is not None: return kept`: what follows runs once in the life of the process.
    pub(super) fn returns_kept_value(&self, stmt: &Stmt) -> bool {
        let Stmt::If(stmt) = stmt else { return false };
        let returns = matches!(&*stmt.body, [Stmt::Return(_)]) && stmt.elif_else_clauses.is_empty();
        returns
            && self.is_kept(match &*stmt.test {
                Expr::Compare(compare) if matches!(&*compare.ops, [ast::CmpOp::IsNot]) => &compare.left,
                other => other,
            })
    }

    /// `if kept is None:` and `if not kept:`: the body runs once in the life of the process.
    pub(super) fn fills_kept_value(&self, test: &Expr) -> bool {
        match test {
            Expr::Compare(compare) if matches!(&*compare.ops, [ast::CmpOp::Is]) => self.is_kept(&compare.left),
            Expr::UnaryOp(operation) if operation.op == ast::UnaryOp::Not => self.is_kept(&operation.operand),
            _ => false,
        }
    }

    /// Whether an expression is something that outlives the call: a global that this function
    /// writes, or an attribute of the object or class.
    pub(super) fn is_kept(&self, expr: &Expr) -> bool {
        let function = &self.facts.functions[self.function as usize];
        match expr {
            Expr::Name(name) => function.globals.contains(name.id.as_str()),
            Expr::Attribute(attribute) => matches!(&*attribute.value, Expr::Name(object)
                if function.class.is_some()
                    && attribute.attr.as_str().starts_with('_')
                    && function.parameters.first().is_some_and(|first| first.name == object.id.as_str())),
            _ => false,
        }
    }
}
