//! Lists, tuples, dictionaries: what they hold and what their methods give.

use std::rc::Rc;

use super::{Frame, Types, Value, Values};
use crate::python::catalogue;
use crate::python::syntax::ast::{self, Expr, Number};

/// How many parts of a tuple or keys of a dictionary are told apart.
const MAX_PARTS: usize = 12;
/// How many elements of a display are looked at.
const MAX_ELEMENTS: usize = 32;

impl<'a> Types<'a> {
    /// The values of several expressions.
    pub(super) fn all_of(&self, exprs: impl IntoIterator<Item = &'a Expr>, frame: Frame) -> Vec<Value<'a>> {
        // A long table is no better known for reading all of it.
        exprs.into_iter().take(MAX_ELEMENTS).flat_map(|expr| self.value(expr, frame).to_vec()).collect()
    }

    /// `[a, *b]`.
    pub(super) fn display(&self, elements: &'a [Expr], frame: Frame) -> Vec<Value<'a>> {
        let held = elements.iter().take(MAX_ELEMENTS).flat_map(|element| match element {
            Expr::Starred(starred) => self.items(&self.value(&starred.value, frame)),
            other => self.value(other, frame).to_vec(),
        });
        Self::held(held.collect())
    }

    pub(super) fn held(values: Vec<Value<'a>>) -> Vec<Value<'a>> {
        values.into_iter().map(|value| Value::Items(Rc::new(value))).collect()
    }

    pub(super) fn kept(values: Vec<Value<'a>>) -> Vec<Value<'a>> {
        values.into_iter().map(|value| Value::Mapping(Rc::new(value))).collect()
    }

    /// `(a, b)`.
    pub(super) fn tuple(&self, elements: &'a [Expr], frame: Frame) -> Vec<Value<'a>> {
        if elements.len() > MAX_PARTS || elements.iter().any(|element| matches!(element, Expr::Starred(_))) {
            return self.display(elements, frame);
        }
        Self::parts(elements.iter().map(|element| self.value(element, frame)).collect())
    }

    /// A tuple, unless nothing is known of any of its parts.
    pub(super) fn parts(parts: Vec<Values<'a>>) -> Vec<Value<'a>> {
        if parts.iter().all(|part| part.is_empty()) { Vec::new() } else { vec![Value::Tuple(parts.into())] }
    }

    /// `{"a": x, **more}`.
    pub(super) fn dictionary(&self, dict: &'a ast::ExprDict, frame: Frame) -> Vec<Value<'a>> {
        let mut entries: Vec<(Rc<str>, Values<'a>)> = Vec::new();
        for item in &dict.items {
            match &item.key {
                Some(Expr::StringLiteral(key)) if entries.len() < MAX_PARTS => {
                    entries.push((key.value.to_str().into(), self.value(&item.value, frame)));
                }
                _ => return self.mapping(dict, frame),
            }
        }
        let known = entries.iter().any(|(_, values)| !values.is_empty());
        if known { vec![Value::Record(entries.into())] } else { Vec::new() }
    }

    /// `dict(key=value)`
    pub(super) fn named_entries(&self, keywords: &'a [ast::Keyword], frame: Frame) -> Vec<Value<'a>> {
        let named = keywords.iter().take(MAX_PARTS);
        let entry = |keyword: &'a ast::Keyword| {
            Some((keyword.arg.as_ref()?.as_str().into(), self.value(&keyword.value, frame)))
        };
        let entries: Vec<(Rc<str>, Values<'a>)> = named.filter_map(entry).collect();
        let known = entries.iter().any(|(_, values)| !values.is_empty());
        if known { vec![Value::Record(entries.into())] } else { Vec::new() }
    }

    fn mapping(&self, dict: &'a ast::ExprDict, frame: Frame) -> Vec<Value<'a>> {
        let mut found = Vec::new();
        for item in dict.items.iter().take(MAX_ELEMENTS) {
            let values = self.value(&item.value, frame);
            if item.key.is_some() {
                found.extend(Self::kept(values.to_vec()));
            } else {
                found.extend(values.iter().cloned());
            }
        }
        found
    }

    /// A part of a container that a literal, or an expression that is not known, asks for.
    pub(super) fn part(container: &Value<'a>, index: &Expr) -> Vec<Value<'a>> {
        match (container, index) {
            (Value::Items(_), Expr::Slice(_)) => vec![container.clone()],
            (Value::Items(item) | Value::Mapping(item), _) => vec![(**item).clone()],
            (Value::Tuple(parts), Expr::NumberLiteral(number)) => match &number.value {
                Number::Int(n) => {
                    let part = n.as_usize().and_then(|n| parts.get(n));
                    part.map(|part| part.to_vec()).unwrap_or_default()
                }
                _ => Vec::new(),
            },
            (Value::Tuple(parts), _) => parts.iter().flat_map(|part| part.to_vec()).collect(),
            (Value::Record(entries), Expr::StringLiteral(key)) => {
                let found = entries.iter().find(|(known, _)| **known == *key.value.to_str());
                found.map(|(_, values)| values.to_vec()).unwrap_or_default()
            }
            (Value::Record(entries), _) => entries.iter().flat_map(|(_, values)| values.to_vec()).collect(),
            _ => Vec::new(),
        }
    }

    /// What a mapping holds.
    fn values_of(container: &Value<'a>) -> Vec<Value<'a>> {
        match container {
            Value::Items(item) | Value::Mapping(item) => vec![(**item).clone()],
            Value::Record(entries) => entries.iter().flat_map(|(_, values)| values.to_vec()).collect(),
            _ => Vec::new(),
        }
    }

    /// A method of a list or a dictionary that gives what it holds.
    pub(super) fn container_method(container: &Value<'a>, name: &str) -> Vec<Value<'a>> {
        let values = Self::values_of(container);
        let returns = |values: Vec<Value<'a>>| values.into_iter().map(|value| Value::Returns(Rc::new(value))).collect();
        match name {
            "get" | "pop" | "setdefault" | "popleft" => returns(values),
            "values" => returns(Self::held(values)),
            "items" => returns(Self::held(Self::parts(vec![Rc::new([]), values.into()]))),
            "copy" => vec![Value::Returns(Rc::new(container.clone()))],
            _ => Vec::new(),
        }
    }

    /// The part of a value that one of several targets takes.
    pub(super) fn part_at(&self, value: &Value<'a>, position: usize) -> Vec<Value<'a>> {
        match value {
            Value::Tuple(parts) => parts.get(position).map(|part| part.to_vec()).unwrap_or_default(),
            Value::Items(item) => vec![(**item).clone()],
            Value::Instance(ty) => {
                let item = catalogue::known_type(ty).and_then(|known| known.gives("[]"));
                item.map(|item| Value::Instance(item.into())).into_iter().collect()
            }
            Value::Object(class) => self.named_part(*class, position),
            _ => Vec::new(),
        }
    }
}
