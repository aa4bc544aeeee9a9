//! Whether a connection is gone when the function that works with it returns, because only local names ever held it.
//!
//! Decided by the text of one file: where the object comes from, and that no attribute, result, container or inner
//! function keeps it. A pool outlives the object that it is asked by, so those of `SQLAlchemy` never count as gone.

use crate::python::calls::FileFacts;
use crate::python::names::Bound;
use crate::python::syntax::ast::{self, Expr, Stmt};
use crate::python::syntax::{Module, span_of, visitor};
use crate::python::types::{FunctionId, Types, Value};
use crate::source::Span;

/// Methods whose result keeps the object that they belong to.
const PARTS: [&str; 6] = ["cursor", "pipeline", "pubsub", "channel", "lock", "client"];

/// What is asked about the functions of one file.
pub(super) struct Holders<'r, 'a> {
    pub(super) types: &'r Types<'a>,
    pub(super) file: u32,
    pub(super) module: &'r Module,
}

impl<'a> Holders<'_, 'a> {
    /// Whether the call at `span` opens or uses a connection that the function does not leave behind.
    pub(super) fn is_dropped(&self, index: u32, span: Span) -> bool {
        // What a module holds by a name stays.
        if index == 0 {
            return false;
        }
        let call = self.facts().calls.iter().find(|(_, call)| span_of(*call) == span).map(|(_, call)| *call);
        let Some(call) = call else { return false };
        let function = self.types.function(self.id(index));
        let bound_to = function.bindings.iter().find(|(_, bindings)| {
            bindings.iter().any(
                |binding| matches!(binding.bound, Bound::Value { value: Some(value), .. } if span_of(value) == span),
            )
        });
        match (bound_to, root(&call.func)) {
            (Some((name, _)), _) => self.is_local(index, name, ""),
            (None, Some(name)) => self.is_local(index, name, "") || self.is_lent(index, name),
            _ => false,
        }
    }

    fn facts(&self) -> &FileFacts<'a> {
        self.types.facts_at(self.file)
    }

    fn id(&self, index: u32) -> FunctionId {
        FunctionId { file: self.file, index }
    }

    /// Whether a name of a function stands for connections that it opens itself and hands to nobody but `lent_to`.
    fn is_local(&self, index: u32, name: &str, lent_to: &str) -> bool {
        let function = self.types.function(self.id(index));
        let Some(bindings) = function.bindings.get(name).filter(|_| !function.globals.contains(name)) else {
            return false;
        };
        let opened = bindings.iter().all(
            |binding| matches!(binding.bound, Bound::Value { value: Some(Expr::Call(call)), .. } if self.opens(call, index)),
        );
        opened && !bindings.is_empty() && !self.escapes(function.span, name, lent_to)
    }

    /// Whether a parameter is only ever given such a connection.
    fn is_lent(&self, index: u32, name: &str) -> bool {
        let function = self.types.function(self.id(index));
        let Some(position) = function.parameters.iter().position(|parameter| parameter.name == name) else {
            return false;
        };
        let only = function
            .bindings
            .get(name)
            .is_some_and(|bindings| bindings.iter().all(|binding| matches!(binding.bound, Bound::Parameter(_))));
        let mut callers = self.facts().calls.iter().filter(|(_, call)| last(&call.func) == function.name).peekable();
        let lends = |(caller, call): &(u32, &'a ast::ExprCall)| {
            let bound = usize::from(function.class.is_some() && matches!(&*call.func, Expr::Attribute(_)));
            let keywords = &call.arguments.keywords;
            let named = keywords.iter().find(|keyword| keyword.arg.as_ref().is_some_and(|arg| arg.as_str() == name));
            let given = named.map(|keyword| &keyword.value);
            let given = given.or_else(|| call.arguments.args.get(position.checked_sub(bound)?));
            matches!(given, Some(Expr::Name(given)) if *caller != 0 && self.is_local(*caller, given.id.as_str(), function.name))
        };
        only && callers.peek().is_some() && callers.all(lends) && !self.escapes(function.span, name, function.name)
    }

    /// Whether a call makes an object of a library, or is one of a function that does nothing else.
    fn opens(&self, call: &'a ast::ExprCall, index: u32) -> bool {
        let pooled =
            call.arguments.keywords.iter().any(|keyword| keyword.arg.as_ref().is_none_or(|arg| arg.contains("pool")));
        let values = self.types.value(&call.func, self.types.plain(self.id(index)));
        let library = |value: &Value<'a>| matches!(value, Value::External(name) if !name.starts_with("sqlalchemy"));
        let made = |value: &Value<'a>| match value {
            Value::Function(frame) => {
                let function = self.types.function(frame.function);
                let plain = function.globals.is_empty()
                    && function.decorators.iter().all(|decorator| is_static(&decorator.expression));
                let fresh = |result: &&'a Expr| {
                    matches!(result, Expr::Call(call) if self.types.value(&call.func, *frame).iter().all(library)
                        && !self.types.value(&call.func, *frame).is_empty())
                };
                plain && !function.results.is_empty() && function.results.iter().all(fresh)
            }
            value => library(value),
        };
        !pooled && !values.is_empty() && values.iter().all(made)
    }

    /// Whether the function whose name stands at `span` hands a name of its scope to somebody who may keep it.
    fn escapes(&self, span: Span, name: &str, lent_to: &str) -> bool {
        let mut seeker = Function { span, name, lent_to, escapes: None };
        visitor::Visitor::visit_body(&mut seeker, &self.module.body);
        seeker.escapes.unwrap_or(true)
    }
}

/// Decorators that leave a function what it is.
fn is_static(decorator: &Expr) -> bool {
    matches!(decorator, Expr::Name(name) if matches!(name.id.as_str(), "staticmethod" | "classmethod"))
}

/// The name that a chain of attributes, items and calls begins with.
fn root(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::Name(name) => Some(name.id.as_str()),
        Expr::Attribute(attribute) => root(&attribute.value),
        Expr::Subscript(item) => root(&item.value),
        Expr::Call(call) => root(&call.func),
        _ => None,
    }
}

fn last(callee: &Expr) -> &str {
    match callee {
        Expr::Attribute(attribute) => attribute.attr.as_str(),
        Expr::Name(name) => name.id.as_str(),
        _ => "",
    }
}

/// Looks for a function and what becomes of a name in it.
struct Function<'s> {
    span: Span,
    name: &'s str,
    lent_to: &'s str,
    escapes: Option<bool>,
}

impl<'a> visitor::Visitor<'a> for Function<'_> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::FunctionDef(def) if span_of(&def.name) == self.span => {
                let mut uses =
                    Uses { name: self.name, lent_to: self.lent_to, inside: false, keeps: false, found: false };
                visitor::Visitor::visit_body(&mut uses, &def.body);
                self.escapes = Some(uses.found);
            }
            _ => visitor::walk_stmt(self, statement),
        }
    }

    fn visit_expr(&mut self, _: &'a Expr) {}
}

/// Looks for a use of a name that is more than a call of one of its methods.
struct Uses<'s> {
    name: &'s str,
    lent_to: &'s str,
    /// Whether an inner function is read, which keeps all that it mentions.
    inside: bool,
    /// Whether what is read is returned, or kept by something other than a name.
    keeps: bool,
    found: bool,
}

impl Uses<'_> {
    fn is_it(&self, expr: &Expr) -> bool {
        !self.inside && matches!(expr, Expr::Name(name) if name.id.as_str() == self.name)
    }

    fn is_method(&self, callee: &Expr) -> bool {
        matches!(callee, Expr::Attribute(attribute) if self.is_it(&attribute.value)
            && !(self.keeps && PARTS.contains(&attribute.attr.as_str())))
    }
}

impl<'a> visitor::Visitor<'a> for Uses<'_> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        let (inside, keeps) = (self.inside, self.keeps);
        match statement {
            Stmt::FunctionDef(_) | Stmt::ClassDef(_) => self.inside = true,
            Stmt::Return(_) => self.keeps = true,
            Stmt::Assign(assign) => self.keeps |= !assign.targets.iter().all(Expr::is_name_expr),
            _ => {}
        }
        visitor::walk_stmt(self, statement);
        (self.inside, self.keeps) = (inside, keeps);
    }

    fn visit_with_item(&mut self, item: &'a ast::WithItem) {
        if !self.is_it(&item.context_expr) {
            visitor::walk_with_item(self, item);
        }
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        match expr {
            Expr::Lambda(_) => {
                let inside = std::mem::replace(&mut self.inside, true);
                visitor::walk_expr(self, expr);
                self.inside = inside;
            }
            Expr::Call(call) => {
                if !self.is_method(&call.func) {
                    self.visit_expr(&call.func);
                }
                let lends = !self.lent_to.is_empty() && last(&call.func) == self.lent_to;
                let keywords = call.arguments.keywords.iter().map(|keyword| &keyword.value);
                for argument in call.arguments.args.iter().chain(keywords) {
                    if !(lends && self.is_it(argument)) {
                        self.visit_expr(argument);
                    }
                }
            }
            Expr::Subscript(item) if self.is_it(&item.value) => self.visit_expr(&item.slice),
            Expr::Name(name) => {
                self.found |= name.id.as_str() == self.name && (self.inside || name.ctx == ast::ExprContext::Load);
            }
            _ => visitor::walk_expr(self, expr),
        }
    }
}
