//! What a constructor does unless its object has been set up before: `if hasattr(self, "ready"): return`.
//!
//! Of an object that is new this is all of it. Whether the class gives one that it has kept is not asked here.

use super::Reader;
use super::flags::is_nothing;
use super::kept::{absent, present};
use crate::python::syntax::ast::{self, CmpOp, Expr, Stmt};
use crate::python::syntax::span_of;
use crate::source::Span;

impl Reader<'_> {
    /// The part of a constructor that runs only for an object which it has not set up yet.
    pub(super) fn behind_set_up(&self, stmt: &Stmt, rest: &[Stmt]) -> Option<Span> {
        let Stmt::If(choice) = stmt else { return None };
        let function = &self.facts.functions[self.function as usize];
        let object = function.parameters.first()?.name;
        if function.name != "__init__" || function.class.is_none() || !choice.elif_else_clauses.is_empty() {
            return None;
        }
        let marks = |body: &[Stmt], name: &str| body.iter().any(|stmt| sets(stmt, object, name));
        if let Some(name) = attribute_there(&choice.test, object) {
            let leaves = matches!(choice.body.last(), Some(Stmt::Return(_)));
            let end = self.blocks.last()?.end;
            return (leaves && marks(rest, name)).then(|| Span::new(span_of(stmt).end, end));
        }
        let name = attribute_missing(&choice.test, object)?;
        let (first, last) = (choice.body.first()?, choice.body.last()?);
        marks(&choice.body, name).then(|| Span::new(span_of(first).start, span_of(last).end))
    }
}

/// The attribute that a condition says the object has, and that it says something.
fn attribute_there<'t>(test: &'t Expr, object: &str) -> Option<&'t str> {
    asked(present(test), object)
}

fn attribute_missing<'t>(test: &'t Expr, object: &str) -> Option<&'t str> {
    if let Expr::Compare(compare) = test
        && *compare.ops == [CmpOp::NotIn]
    {
        return among_attributes(compare, object);
    }
    asked(absent(test)?, object)
}

/// `self.ready`, `hasattr(self, "ready")`, `getattr(self, "ready", False)`, `"ready" in self.__dict__`
fn asked<'t>(expr: &'t Expr, object: &str) -> Option<&'t str> {
    match expr {
        Expr::Attribute(attribute) => is_name(&attribute.value, object).then_some(attribute.attr.as_str()),
        Expr::Compare(compare) if *compare.ops == [CmpOp::In] => among_attributes(compare, object),
        Expr::Call(call) => {
            let callee = call.func.as_name_expr()?.id.as_str();
            let (owner, name) = match &*call.arguments.args {
                [owner, Expr::StringLiteral(name)] if callee == "hasattr" => (owner, name),
                [owner, Expr::StringLiteral(name), default] if callee == "getattr" && is_nothing(default) => {
                    (owner, name)
                }
                _ => return None,
            };
            is_name(owner, object).then(|| name.value.to_str())
        }
        _ => None,
    }
}

fn among_attributes<'t>(compare: &'t ast::ExprCompare, object: &str) -> Option<&'t str> {
    match (&*compare.left, &*compare.comparators) {
        (Expr::StringLiteral(name), [Expr::Attribute(all)])
            if all.attr.as_str() == "__dict__" && is_name(&all.value, object) =>
        {
            Some(name.value.to_str())
        }
        _ => None,
    }
}

fn is_name(expr: &Expr, name: &str) -> bool {
    matches!(expr, Expr::Name(one) if one.id.as_str() == name)
}

/// Whether a statement gives the attribute a value that says something.
fn sets(stmt: &Stmt, object: &str, name: &str) -> bool {
    let is_it = |target: &Expr| match target {
        Expr::Attribute(attribute) => attribute.attr.as_str() == name && is_name(&attribute.value, object),
        _ => false,
    };
    match stmt {
        Stmt::Assign(assign) => !is_nothing(&assign.value) && assign.targets.iter().any(is_it),
        Stmt::AnnAssign(assign) => {
            assign.value.as_deref().is_some_and(|value| !is_nothing(value)) && is_it(&assign.target)
        }
        Stmt::With(with) => with.body.iter().any(|stmt| sets(stmt, object, name)),
        Stmt::Try(attempt) => attempt.body.iter().chain(&attempt.orelse).any(|stmt| sets(stmt, object, name)),
        _ => false,
    }
}
