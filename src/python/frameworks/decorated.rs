//! Which function runs, and where, when a framework is given one that is decorated.
//!
//! A framework looks at what it is given: a plain wrapper around a coroutine function looks plain, an
//! `async` one around a plain function looks like a coroutine function. Frameworks unwrap the former,
//! or could not serve it; so a coroutine function counts as one in whatever it is wrapped.

use super::find::Finder;
use super::index::Entry;
use super::{Context, Pool, Role};
use crate::python::syntax::ast::{self, Expr};
use crate::python::types::{Frame, Value};

impl<'a> Finder<'_, 'a> {
    /// Adds a function of which a decorator is given `given`.
    pub(super) fn add_decorated(
        &mut self,
        decorated: Frame,
        given: &[Value<'a>],
        entry: Entry,
        plain: Context,
        route: Option<&String>,
    ) {
        let mut any = false;
        for value in given {
            if let Value::Function(frame) = value {
                any = true;
                self.add(*frame, entry, plain, route);
            }
        }
        if !any {
            // What is left is no function: a decorator below moves a plain one to a thread.
            let is_async = self.types.function(decorated.function).is_async;
            let context = if is_async { entry.form.coroutine } else { Context::Thread(Pool::Executor) };
            self.push(decorated, decorated.function, entry, context, route.cloned());
        }
    }

    /// Adds a function, or the wrapper that a decorator made of one.
    pub(super) fn add(&mut self, frame: Frame, entry: Entry, plain: Context, route: Option<&String>) {
        let inner = self.types.wrapped(frame).unwrap_or(frame);
        let is_async = |frame: Frame| self.types.function(frame.function).is_async;
        let (outer_runs, inner_runs) = (is_async(frame), is_async(inner));
        let context = entry.form.runs(outer_runs || inner_runs, plain);
        self.push(frame, inner.function, entry, context, route.cloned());
        // An `async` wrapper around a plain function calls it, which is seen in the wrapper, or moves it
        // to a thread.
        if inner.function != frame.function && (inner_runs || !outer_runs) {
            self.push(inner, inner.function, entry, context, route.cloned());
        }
    }

    /// What the signature of a function tells: `Annotated[T, Depends(f)]`, `service: Service = Depends()`.
    pub(super) fn parameters(&mut self, frame: Frame, around: Frame) {
        for parameter in &self.types.function(frame.function).parameters {
            let Some(annotation) = parameter.annotation else { continue };
            self.annotation(annotation, around);
            if let Some(Expr::Call(call)) = parameter.default {
                self.implied(call, annotation, around);
            }
        }
    }

    fn annotation(&mut self, annotation: &'a Expr, frame: Frame) {
        match annotation {
            Expr::BinOp(union) => {
                self.annotation(&union.left, frame);
                self.annotation(&union.right, frame);
            }
            Expr::Subscript(subscript) => match &*subscript.slice {
                Expr::Tuple(tuple) => self.metadata(&tuple.elts, frame),
                inner => self.annotation(inner, frame),
            },
            _ => {}
        }
    }

    fn metadata(&mut self, elements: &'a [Expr], frame: Frame) {
        for element in elements {
            match element {
                Expr::Call(call) => {
                    self.call(call, frame);
                    if let Some(first) = elements.first() {
                        self.implied(call, first, frame);
                    }
                }
                _ => self.annotation(element, frame),
            }
        }
    }

    /// `Depends()` without a function stands for the class of the annotation.
    fn implied(&mut self, call: &'a ast::ExprCall, annotation: &'a Expr, frame: Frame) {
        if !call.arguments.args.is_empty() || !call.arguments.keywords.is_empty() {
            return;
        }
        let entries = self.calling(call, frame).into_iter();
        for entry in entries.filter(|entry| entry.form.role == Role::Dependency) {
            for value in self.types.annotation(annotation, frame) {
                if let Value::Object(class) = value {
                    self.add_methods(class, &["__init__"], entry, entry.form.plain, None);
                }
            }
        }
    }
}
