//! Attributes that are asked for by a name: `getattr(object, name)`.
//!
//! A name that is put together, as `f"handle_{event}"`, may be that of any method with the same beginning and
//! end; one of which nothing is known, any method that the class lists in a table of its own.

use std::collections::BTreeSet;

use super::{ClassId, Frame, Types, Value};
use crate::python::names::Bound;
use crate::python::syntax::ast::{self, Expr, Operator};
use crate::python::syntax::span_of;

/// How many letters of a name must be known.
const MIN_LETTERS: usize = 3;
/// How many methods one name may mean.
const MAX_METHODS: usize = 64;
/// Through how many names and calls a text is followed to where it is put together.
const MAX_DEPTH: u8 = 4;
/// How many parts of a table are looked at.
const MAX_PARTS: usize = 1_000;

/// The verbs of HTTP, as methods are called after them.
const VERBS: [&str; 7] = ["get", "post", "put", "patch", "delete", "head", "options"];

/// How a text begins and ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Ends<'a> {
    start: &'a str,
    end: &'a str,
}

impl Ends<'_> {
    fn fit(self, name: &str) -> bool {
        name.len() > self.start.len() + self.end.len() && name.starts_with(self.start) && name.ends_with(self.end)
    }
}

impl<'a> Types<'a> {
    /// What `getattr(object, name)` and `getattr(object, name, default)` give.
    pub(super) fn getattr(&self, call: &'a ast::ExprCall, frame: Frame) -> Vec<Value<'a>> {
        let [object, name, rest @ ..] = &*call.arguments.args else { return Vec::new() };
        let object = self.value(object, frame);
        if let Expr::StringLiteral(name) = name {
            return object.iter().flat_map(|value| self.attribute(value, name.value.to_str())).collect();
        }
        let ends = self.ends_of(name, frame, 0).filter(|ends| ends.start.len() + ends.end.len() >= MIN_LETTERS);
        let mut names = BTreeSet::new();
        for value in object.iter() {
            let (Value::Object(class) | Value::Class(class)) = *value else { continue };
            match ends {
                Some(ends) => names.extend(self.methods_like(class, ends)),
                None => names.extend(self.methods_in_tables(class)),
            }
        }
        let mut found = if self.is_verb(name, frame, 0) { self.verbs_of(&object) } else { Vec::new() };
        for name in names.into_iter().take(MAX_METHODS) {
            let methods = object.iter().flat_map(|value| self.attribute(value, name));
            found.extend(methods.filter(|value| matches!(value, Value::Function(_))));
        }
        found.extend(rest.iter().take(1).flat_map(|default| self.value(default, frame).to_vec()));
        found
    }

    /// `request.method.lower()`
    fn is_verb(&self, name: &'a Expr, frame: Frame, depth: u8) -> bool {
        match name {
            Expr::Call(call) => match &*call.func {
                Expr::Attribute(changed) if matches!(changed.attr.as_str(), "lower" | "casefold") => {
                    matches!(&*changed.value, Expr::Attribute(verb) if matches!(verb.attr.as_str(), "method" | "http_method"))
                }
                _ => false,
            },
            Expr::Name(text) if depth < MAX_DEPTH => {
                match *self.sources(text.id.as_str(), frame, span_of(text).start) {
                    [(Bound::Value { value: Some(value), .. }, frame)] => self.is_verb(value, frame, depth + 1),
                    _ => false,
                }
            }
            _ => false,
        }
    }

    /// The methods of objects, and of the classes below theirs, that are called like the verbs of HTTP.
    fn verbs_of(&self, objects: &[Value<'a>]) -> Vec<Value<'a>> {
        let mut found: Vec<Value<'a>> = Vec::new();
        for object in objects {
            let Value::Object(class) = *object else { continue };
            for class in std::iter::once(class).chain(self.below(class)) {
                let methods = VERBS.iter().flat_map(|verb| self.attribute(&Value::Object(class), verb));
                found.extend(methods.filter(|value| matches!(value, Value::Function(_))));
            }
        }
        found
    }

    /// How a text begins and ends, as far as that is written out.
    fn ends_of(&self, text: &'a Expr, frame: Frame, depth: u8) -> Option<Ends<'a>> {
        if depth > MAX_DEPTH {
            return None;
        }
        match text {
            Expr::StringLiteral(text) => {
                let text = text.value.to_str();
                Some(Ends { start: text, end: "" })
            }
            Expr::FString(text) => {
                let literal = |element: Option<&'a ast::InterpolatedStringElement>| match element {
                    Some(ast::InterpolatedStringElement::Literal(literal)) => &*literal.value,
                    _ => "",
                };
                let mut elements: Vec<_> = text.value.elements().collect();
                let start = literal(elements.first().copied());
                let end = if elements.len() > 1 { literal(elements.pop()) } else { "" };
                Some(Ends { start, end })
            }
            Expr::BinOp(operation) if operation.op == Operator::Add => {
                let left = self.ends_of(&operation.left, frame, depth + 1).unwrap_or_default();
                let end = match &*operation.right {
                    Expr::StringLiteral(right) => right.value.to_str(),
                    _ => "",
                };
                Some(Ends { start: left.start, end })
            }
            Expr::BinOp(operation) if operation.op == Operator::Mod => format_ends(&operation.left, '%'),
            Expr::Call(call) => match &*call.func {
                Expr::Attribute(method) => match method.attr.as_str() {
                    "format" => format_ends(&method.value, '{'),
                    // What is known of the ends are names already.
                    "lower" | "strip" => self.ends_of(&method.value, frame, depth + 1),
                    "join" => joined_ends(call.arguments.args.first()?),
                    _ => None,
                },
                _ => None,
            },
            Expr::Name(name) => match *self.sources(name.id.as_str(), frame, span_of(text).start) {
                [(Bound::Value { value: Some(value), .. }, frame)] => self.ends_of(value, frame, depth + 1),
                _ => None,
            },
            _ => None,
        }
    }

    /// The methods of a class, inherited ones among them, with such names.
    fn methods_like(&self, class: ClassId, ends: Ends<'_>) -> Vec<&'a str> {
        let line = self.ancestry(class);
        let owners = line.iter().filter_map(|value| if let Value::Class(owner) = value { Some(*owner) } else { None });
        let names = owners.flat_map(|owner| self.class(owner).methods.keys().copied().collect::<Vec<_>>());
        names.filter(|name| ends.fit(name)).collect()
    }

    /// The methods of a class whose names stand as texts in what its body assigns.
    fn methods_in_tables(&self, class: ClassId) -> Vec<&'a str> {
        let line = self.ancestry(class);
        let owners =
            || line.iter().filter_map(|value| if let Value::Class(owner) = value { Some(*owner) } else { None });
        let mut found = Vec::new();
        for owner in owners() {
            for binding in self.class(owner).fields.values().flatten() {
                if binding.scope == self.class(owner).scope
                    && let Bound::Value {
                        value: Some(table @ (Expr::List(_) | Expr::Dict(_) | Expr::Tuple(_))), ..
                    } = binding.bound
                {
                    texts_in(table, &mut found);
                }
            }
        }
        found.retain(|name| owners().any(|owner| self.class(owner).methods.contains_key(name)));
        found
    }
}

/// The ends of `"handle_%s" % event` and `"handle_{}".format(event)`.
fn format_ends(template: &Expr, placeholder: char) -> Option<Ends<'_>> {
    let Expr::StringLiteral(text) = template else { return None };
    let text = text.value.to_str();
    let (start, _) = text.split_once(placeholder)?;
    let closing = if placeholder == '{' { '}' } else { 's' };
    let end = text.rsplit_once(closing).map_or("", |(_, end)| end);
    // Nothing is known of the end of a template without the usual form of a placeholder.
    let end = if text.len() >= start.len() + end.len() + 2 { end } else { "" };
    Some(Ends { start, end })
}

/// The beginning of `"_".join(["handle", event])`.
fn joined_ends(parts: &Expr) -> Option<Ends<'_>> {
    let first = match parts {
        Expr::List(list) => list.elts.first(),
        Expr::Tuple(tuple) => tuple.elts.first(),
        Expr::BinOp(operation) if operation.op == Operator::Add => return joined_ends(&operation.left),
        _ => None,
    };
    match first? {
        Expr::StringLiteral(first) => Some(Ends { start: first.value.to_str(), end: "" }),
        _ => None,
    }
}

/// The texts in a display, however deep.
fn texts_in<'a>(table: &'a Expr, found: &mut Vec<&'a str>) {
    let mut open = vec![table];
    let mut seen = 0;
    while let Some(expr) = open.pop() {
        seen += 1;
        if seen > MAX_PARTS {
            return;
        }
        match expr {
            Expr::StringLiteral(text) => found.push(text.value.to_str()),
            Expr::List(list) => open.extend(&list.elts),
            Expr::Tuple(tuple) => open.extend(&tuple.elts),
            Expr::Dict(dict) => open.extend(dict.items.iter().map(|item| &item.value)),
            _ => {}
        }
    }
}
