//! Whether a container that is empty where it is made, or handed over, may have been filled since.
//!
//! Only what is plainly read is left empty: a name that is tested, counted or gone through. Whatever else happens to
//! it, in the function or in one inside it, may put something in.

use super::{FunctionId, Types};
use crate::python::calls::EventKind;
use crate::python::names::Bound;
use crate::python::syntax::ast::{self, Expr};
use crate::python::syntax::span_of;
use crate::python::syntax::visitor::{self, Visitor};

/// Builtins that only look at what they are given.
const LOOKING: [&str; 12] =
    ["bool", "enumerate", "isinstance", "len", "list", "print", "repr", "reversed", "set", "sorted", "str", "tuple"];

impl<'a> Types<'a> {
    /// Whether nothing in a function can put something into a container that a name of it stands for.
    pub(super) fn is_left_empty(&self, name: &str, id: FunctionId) -> bool {
        let facts = self.facts_at(id.file);
        let inside = |index: u32| {
            let mut at = index;
            while at != id.index && at != 0 {
                at = facts.functions.get(at as usize).map_or(0, |function| function.parent);
            }
            at == id.index
        };
        if facts.fills.get(name).into_iter().flatten().any(|fill| inside(fill.scope)) {
            return false;
        }
        // A function inside may call it by another name.
        if id.index != 0 && facts.functions.iter().skip(1).any(|function| function.parent == id.index) {
            return false;
        }
        let function = self.function(id);
        let value = |bound: &Bound<'a>| match bound {
            Bound::Value { value: Some(value), .. } | Bound::Held(value) => Some(*value),
            _ => None,
        };
        let bindings = |name: &str| function.bindings.get(name).into_iter().flatten();
        // `items = other = []` makes one container with two names.
        let own: Vec<&Expr> = bindings(name).filter_map(|binding| value(&binding.bound)).collect();
        let goes_elsewhere =
            |given: &Expr| hands_on(given, name) || own.iter().any(|one| span_of(*one) == span_of(given));
        let aliased = function
            .bindings
            .iter()
            .filter(|(other, _)| **other != name)
            .any(|(_, all)| all.iter().filter_map(|binding| value(&binding.bound)).any(goes_elsewhere));
        !aliased
            && function.events.iter().all(|event| match event.kind {
                EventKind::Call(call, _) => !given(call, name),
                EventKind::Write(Expr::Subscript(item)) => !is_name(&item.value, name),
                _ => true,
            })
    }
}

fn is_name(expr: &Expr, name: &str) -> bool {
    matches!(expr, Expr::Name(one) if one.id.as_str() == name)
}

/// Whether a call is given the name, alone or in something else.
fn given(call: &ast::ExprCall, name: &str) -> bool {
    let looks = matches!(&*call.func, Expr::Name(callee) if LOOKING.contains(&callee.id.as_str()));
    let keywords = call.arguments.keywords.iter().map(|keyword| &keyword.value);
    !looks && call.arguments.args.iter().chain(keywords).any(|argument| hands_on(argument, name))
}

/// Whether the value of an expression may hold the container that the name stands for, or a method of it.
fn hands_on(expr: &Expr, name: &str) -> bool {
    let mut search = Search { name, found: false };
    search.visit_expr(expr);
    search.found
}

struct Search<'n> {
    name: &'n str,
    found: bool,
}

impl<'a> Visitor<'a> for Search<'_> {
    fn visit_expr(&mut self, expr: &'a Expr) {
        match expr {
            Expr::Name(_) => self.found |= is_name(expr, self.name),
            // What is compared, counted or picked out of it is no longer the container.
            Expr::Compare(_) => {}
            Expr::Call(call) if !given(call, self.name) && !matches!(&*call.func, Expr::Attribute(_)) => {}
            Expr::Subscript(item) if is_name(&item.value, self.name) => {}
            _ if !self.found => visitor::walk_expr(self, expr),
            _ => {}
        }
    }
}
