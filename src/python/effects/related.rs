//! Objects on the other side of a relation of Django, which are asked for when the attribute is read.
//!
//! Told only of an object that the same function has just awaited from a query which fetches nothing along with it.
//! Whoever is given the object, or has it from elsewhere, may have the other one as well.

use super::expand::Work;
use crate::python::calls::EventKind;
use crate::python::catalogue::{self, Effect};
use crate::python::names::Bound;
use crate::python::syntax::ast::{self, Expr};
use crate::python::types::{ClassId, QUERY, Value};
use crate::source::Span;

/// Methods that give one object.
const ONE: [&str; 5] = ["aget", "afirst", "alast", "aearliest", "alatest"];
/// Methods that leave a query as it is, as far as what comes along goes.
const PLAIN: [&str; 6] = ["all", "filter", "exclude", "order_by", "distinct", "reverse"];
/// How much a function may do before it is left alone.
const MAX_EVENTS: usize = 1_000;
/// How many methods of one query are looked at.
const MAX_CHAIN: usize = 16;

impl<'a> Work<'_, 'a> {
    /// What reading a relation of an object asks.
    pub(super) fn asks_for_related(&mut self, class: ClassId, attribute: &'a ast::ExprAttribute, span: Span) {
        let name = attribute.attr.as_str();
        let Expr::Name(object) = &*attribute.value else { return };
        if !self.types.leads_to_one(class, name) || !self.is_fetched_alone(object, name, span) {
            return;
        }
        let Some(effect) = catalogue::known_type(QUERY).and_then(|known| known.method("get")) else { return };
        let effect = Effect { instead: "`select_related` in the query that gives the object", ..effect };
        self.sink(effect, &format!("django.db.models.Model.{name}"), span, false);
    }

    /// Whether an object has just been awaited from a query, and nobody else has had it since.
    fn is_fetched_alone(&self, object: &'a ast::ExprName, name: &str, span: Span) -> bool {
        let function = self.types.function(self.frame.function);
        let Some([only]) = function.bindings.get(object.id.as_str()).map(Vec::as_slice) else { return false };
        let Bound::Value { value: Some(Expr::Await(awaited)), .. } = only.bound else { return false };
        if function.events.len() > MAX_EVENTS {
            return false;
        }
        let functions = &self.types.facts_at(self.frame.function.file).functions;
        if functions.iter().any(|inner| inner.parent == self.frame.function.index) || !self.is_plain_query(awaited) {
            return false;
        }
        let is_object = |expr: &Expr| matches!(expr, Expr::Name(found) if found.id == object.id);
        let is_it = |expr: &Expr| match expr {
            Expr::Attribute(found) => found.attr.as_str() == name && is_object(&found.value),
            _ => false,
        };
        !function.events.iter().any(|event| match event.kind {
            EventKind::Write(target) => is_it(target),
            EventKind::Read(read) => {
                event.span.end <= span.start && read.attr.as_str() == name && is_object(&read.value)
            }
            EventKind::Call(call, _) => {
                let named = call.arguments.keywords.iter().map(|keyword| &keyword.value);
                event.span.start < span.start
                    && call.arguments.args.iter().chain(named).any(|given| mentions(given, object))
            }
            _ => false,
        })
    }

    /// `Model.objects.filter(...).afirst()` with a manager of Django's own.
    fn is_plain_query(&self, awaited: &'a ast::ExprAwait) -> bool {
        let Expr::Call(call) = &*awaited.value else { return false };
        let mut methods = &ONE[..];
        let mut called = &*call.func;
        for _ in 0..MAX_CHAIN {
            let Expr::Attribute(method) = called else { return false };
            if !methods.contains(&method.attr.as_str()) {
                return false;
            }
            methods = &PLAIN;
            match &*method.value {
                Expr::Call(inner) => called = &inner.func,
                manager => {
                    let values = self.types.value(manager, self.frame);
                    return manager.is_attribute_expr()
                        && matches!(&*values, [Value::Rows(query)] if query.own.is_empty() && &*query.class == QUERY);
                }
            }
        }
        false
    }
}

/// Whether an argument is an object, or is put together from it.
fn mentions(expr: &Expr, object: &ast::ExprName) -> bool {
    match expr {
        Expr::Name(found) => found.id == object.id,
        Expr::Starred(starred) => mentions(&starred.value, object),
        Expr::List(list) => list.elts.iter().any(|element| mentions(element, object)),
        Expr::Tuple(tuple) => tuple.elts.iter().any(|element| mentions(element, object)),
        _ => false,
    }
}
