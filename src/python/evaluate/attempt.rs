//! `try`, `with` and `raise`: where exceptions start and end.

use std::rc::Rc;

use super::super::syntax::ast::{self, ExceptHandler, Expr, Stmt};
use super::super::syntax::span_of;
use super::super::syntax::visitor::{self, Visitor};
use super::How;
use super::cell::{Cell, Deps, Text, Thing};
use super::flow::{Exits, merge};
use super::quota::is_group_file;
use super::reads::Touched;
use super::run::{Raised, Run, Site, Step};
use super::state::State;

/// Built-in exceptions with the class each derives from.
const EXCEPTIONS: &[(&str, &str)] = &[
    ("ArithmeticError", "Exception"),
    ("AssertionError", "Exception"),
    ("AttributeError", "Exception"),
    ("ConnectionError", "OSError"),
    ("Exception", "BaseException"),
    ("FileExistsError", "OSError"),
    ("FileNotFoundError", "OSError"),
    ("IndexError", "LookupError"),
    ("ImportError", "Exception"),
    ("KeyError", "LookupError"),
    ("KeyboardInterrupt", "BaseException"),
    ("LookupError", "Exception"),
    ("ModuleNotFoundError", "ImportError"),
    ("NameError", "Exception"),
    ("NotImplementedError", "RuntimeError"),
    ("OSError", "Exception"),
    ("OverflowError", "ArithmeticError"),
    ("PermissionError", "OSError"),
    ("RecursionError", "RuntimeError"),
    ("RuntimeError", "Exception"),
    ("StopIteration", "Exception"),
    ("SyntaxError", "Exception"),
    ("SystemExit", "BaseException"),
    ("TimeoutError", "OSError"),
    ("TypeError", "Exception"),
    ("UnicodeError", "ValueError"),
    ("ValueError", "Exception"),
    ("ZeroDivisionError", "ArithmeticError"),
];

fn parent(class: &str) -> Option<&'static str> {
    EXCEPTIONS.iter().find(|(name, _)| *name == class).map(|(_, parent)| *parent)
}

/// Whether a name is that of a built-in exception.
pub(super) fn is_exception(name: &str) -> bool {
    matches!(name, "BaseException" | "EnvironmentError" | "IOError") || parent(name).is_some()
}

/// Whether an exception is caught by a handler for `caught`.
fn is_caught(class: Option<&str>, caught: &str) -> Option<bool> {
    let caught = if matches!(caught, "EnvironmentError" | "IOError") { "OSError" } else { caught };
    if caught == "BaseException" {
        return Some(true);
    }
    let Some(class) = class else {
        // What an unknown call may raise is an ordinary exception.
        return (caught == "Exception").then_some(true);
    };
    if !is_exception(caught) {
        return None;
    }
    let mut at = Some(class);
    while let Some(name) = at {
        if name == caught {
            return Some(true);
        }
        at = parent(name);
    }
    // A failed import raises the subclass when the module is not there at all.
    (!(class == "ImportError" && caught == "ModuleNotFoundError")).then_some(false)
}

impl<'a> Run<'a, '_> {
    pub(super) fn try_statement(&mut self, stmt: &'a ast::StmtTry) -> Step<Exits<'a>> {
        let outer = std::mem::take(&mut self.escapes);
        let control = self.control.clone();
        self.tries += 1;
        let before = if stmt.handlers.is_empty() { None } else { Some(self.snapshot()?) };
        let body = self.nested(|run| run.block_or_raise(|run| run.block(&stmt.body)));
        self.tries -= 1;
        let mut body = body?;
        if let Some(before) = before
            && let Some(state) = body.next.take()
        {
            body.next = Some(state);
            body = self.or_raised(stmt, body, before)?;
        }
        let raises = std::mem::take(&mut body.raises);
        let mut all = match body.next.take() {
            Some(state) if !stmt.orelse.is_empty() => {
                self.state = state;
                let orelse = self.nested(|run| run.block_or_raise(|run| run.block(&stmt.orelse)))?;
                merge(orelse, body)
            }
            next => Exits { next, ..body },
        };
        for (state, raised) in raises {
            let handled = self.nested(|run| run.handle(state, raised, &stmt.handlers))?;
            all = merge(all, handled);
        }
        self.control = control;
        if !stmt.finalbody.is_empty() {
            all = self.finally(all, &stmt.finalbody)?;
        }
        self.escapes = outer;
        Ok(all)
    }

    /// What is computed from a variable that somebody may set to anything may raise then, so that a handler runs
    /// in place of the rest of the body.
    fn or_raised(&mut self, stmt: &'a ast::StmtTry, mut body: Exits<'a>, before: State<'a>) -> Step<Exits<'a>> {
        let mut touched = Touched::default();
        touched.add(&stmt.body);
        let Some(after) = body.next.take() else { return Ok(body) };
        self.state = after;
        let mut deps = Deps::default();
        if stmt.body.iter().any(may_fail) {
            for name in &touched.stored {
                let scope = self.scope_for(name);
                let slot = self.state.scope(scope).and_then(|scope| scope.names.get(name));
                if let Some(slot) = slot.filter(|slot| !slot.cell.is_unknown() && !slot.cell.soft) {
                    deps.add(&slot.cell.deps);
                }
            }
        }
        if !deps.is_open() {
            body.next = Some(std::mem::take(&mut self.state));
            return Ok(body);
        }
        let because: Text = super::cell::because_of(&deps).unwrap_or_else(|| "depends on an exception".into());
        let mut before = Some(before);
        let (on, off, _) = self.fork((&deps, Some(true), false, &because), |run, side| {
            if side {
                return Ok(Exits::next(std::mem::take(&mut run.state)));
            }
            if let Some(mut before) = before.take() {
                before.path = std::mem::take(&mut run.state.path);
                run.state = before;
                run.state.assume_set(&deps);
            }
            let raised =
                Raised { class: None, what: Rc::clone(&because), deps: deps.clone(), place: run.place(span_of(stmt)) };
            let Some(ExceptHandler::ExceptHandler(handler)) = stmt.handlers.first() else {
                return Ok(Exits::default());
            };
            run.nested(|run| run.recover(handler, &raised))
        })?;
        let off = Exits { raises: Vec::new(), ..off };
        Ok(merge(merge(body, on), off))
    }

    /// Follows the first handler that catches, and the others where that is not certain.
    fn handle(&mut self, state: State<'a>, raised: Raised, handlers: &'a [ExceptHandler]) -> Step<Exits<'a>> {
        let Some((ExceptHandler::ExceptHandler(handler), rest)) = handlers.split_first() else {
            return Ok(Exits { raises: vec![(state, raised)], ..Exits::default() });
        };
        self.state = state;
        let caught = match &handler.type_ {
            None => Some(true),
            Some(classes) => self.catches(classes, raised.class.as_deref())?,
        };
        match caught {
            Some(true) => self.recover(handler, &raised),
            Some(false) => {
                let state = std::mem::take(&mut self.state);
                self.handle(state, raised, rest)
            }
            None => {
                let because: Text = "depends on which exception is raised".into();
                let (yes, no, _) = self.fork((&Deps::default(), None, false, &because), |run, side| {
                    if side {
                        return run.recover(handler, &raised);
                    }
                    let state = std::mem::take(&mut run.state);
                    run.nested(|run| run.handle(state, raised.clone(), rest))
                })?;
                Ok(merge(yes, no))
            }
        }
    }

    fn catches(&mut self, classes: &'a Expr, class: Option<&str>) -> Step<Option<bool>> {
        let single = std::slice::from_ref(classes);
        let classes = if let Expr::Tuple(tuple) = classes { tuple.elts.as_slice() } else { single };
        let mut caught = Some(false);
        for one in classes {
            let cell = match self.expression(one) {
                Err(super::run::Halt::Raise(_)) => Cell::unknown("an unknown exception"),
                other => other?,
            };
            let this = match &cell.thing {
                Thing::Dotted(name) => is_caught(class, name),
                _ => None,
            };
            match this {
                Some(true) => return Ok(Some(true)),
                Some(false) => {}
                None => caught = None,
            }
        }
        Ok(caught)
    }

    fn recover(&mut self, handler: &'a ast::ExceptHandlerExceptHandler, raised: &Raised) -> Step<Exits<'a>> {
        let before = self.control.clone();
        self.control.add(&raised.deps);
        let outer = self.handling.replace(raised.clone());
        if let Some(name) = &handler.name {
            let scope = self.scope_for(name);
            let site = Site { name: span_of(name), value: None, how: How::Other };
            self.bind(scope, name, Cell::unknown("an exception"), site)?;
        }
        let exits = self.block_or_raise(|run| run.block(&handler.body));
        self.handling = outer;
        self.control = before;
        let mut exits = exits?;
        if let (Some(name), Some(state)) = (&handler.name, &mut exits.next) {
            let scope = self.scope_for(name);
            if let Some(scope) = state.scope_mut(scope) {
                scope.names.remove(name.id.as_str());
            }
        }
        Ok(exits)
    }

    /// Runs the last block of a `try` on every way out of it.
    fn finally(&mut self, exits: Exits<'a>, body: &'a [Stmt]) -> Step<Exits<'a>> {
        let mut all = Exits::default();
        let mut pass = |run: &mut Self, state: State<'a>, wrap: &dyn Fn(State<'a>) -> Exits<'a>| -> Step<()> {
            run.state = state;
            let mut done = run.nested(|run| run.block_or_raise(|run| run.block(body)))?;
            let through = done.next.take().map(wrap).unwrap_or_default();
            let so_far = std::mem::take(&mut all);
            all = merge(so_far, merge(through, done));
            Ok(())
        };
        if let Some(state) = exits.next {
            pass(self, state, &|state| Exits { next: Some(state), ..Exits::default() })?;
        }
        if let Some((state, cell)) = exits.returns {
            pass(self, state, &|state| Exits { returns: Some((state, cell.clone())), ..Exits::default() })?;
        }
        if let Some(state) = exits.breaks {
            pass(self, state, &|state| Exits { breaks: Some(state), ..Exits::default() })?;
        }
        if let Some(state) = exits.continues {
            pass(self, state, &|state| Exits { continues: Some(state), ..Exits::default() })?;
        }
        for (state, raised) in exits.raises {
            pass(self, state, &|state| Exits { raises: vec![(state, raised.clone())], ..Exits::default() })?;
        }
        Ok(all)
    }

    pub(super) fn with_statement(&mut self, stmt: &'a ast::StmtWith) -> Step<Exits<'a>> {
        for item in &stmt.items {
            let manager = self.expression(&item.context_expr)?;
            if let Some(target) = &item.optional_vars {
                let value = if is_group_file(&manager) {
                    manager
                } else {
                    super::cell::unknown_from(&[&manager], "what a context manager gives")
                };
                self.assign(target, &value, None, How::With)?;
            }
        }
        let outer = std::mem::take(&mut self.escapes);
        self.tries += 1;
        let body = self.nested(|run| run.block_or_raise(|run| run.block(&stmt.body)));
        self.tries -= 1;
        let mut all = body?;
        self.escapes = outer;
        // The manager may swallow an exception (`contextlib.suppress`), or not.
        for (state, _) in all.raises.clone() {
            self.spend(8 + state.heap.len())?;
            all = merge(all, Exits::next(state));
        }
        Ok(all)
    }

    pub(super) fn raise_statement(&mut self, stmt: &'a ast::StmtRaise) -> Step<Option<Exits<'a>>> {
        let place = self.place(span_of(stmt));
        let raised = match &stmt.exc {
            None => self.handling.clone(),
            Some(expr) => {
                let cell = self.expression(expr)?;
                let class = match &cell.thing {
                    Thing::Dotted(name) | Thing::Object(name) if is_exception(name) => Some(name.clone()),
                    _ => None,
                };
                let what = match &class {
                    Some(class) => format!("raises {class}").into(),
                    None => "raises an exception".into(),
                };
                Some(Raised { class, place, what, deps: self.control.clone() })
            }
        };
        let raised = raised.unwrap_or_else(|| Raised {
            class: Some("RuntimeError".into()),
            place,
            what: "raises without an exception".into(),
            deps: Deps::default(),
        });
        Err(super::run::Halt::Raise(raised))
    }
}

/// Whether a statement computes something that another value of the same kind could make it raise at.
fn may_fail(stmt: &Stmt) -> bool {
    struct Converts(bool);
    impl<'a> Visitor<'a> for Converts {
        fn visit_expr(&mut self, expr: &'a Expr) {
            self.0 |= match expr {
                Expr::Subscript(_) => true,
                Expr::Call(call) => match call.func.as_ref() {
                    Expr::Name(name) => name.id.as_str() != "str",
                    Expr::Attribute(method) => method.attr.as_str() == "loads",
                    _ => false,
                },
                _ => false,
            };
            visitor::walk_expr(self, expr);
        }
    }
    let mut found = Converts(false);
    found.visit_stmt(stmt);
    found.0
}
