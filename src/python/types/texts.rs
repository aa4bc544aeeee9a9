//! What is certain of the parts of texts, and which texts names of the module and attributes stand for.

use super::known::literal;
use super::{ClassId, Frame, Known, Types, Value};
use crate::python::names::{Binding, Bound, visible};
use crate::python::syntax::ast::{self, Expr, Number};
use crate::python::syntax::span_of;

/// How deep expressions that stand for each other are followed.
const MAX_DEPTH: u8 = 4;

impl<'a> Types<'a> {
    /// `len(text.split("/"))`
    pub(super) fn parts_counted(&self, call: &'a ast::ExprCall, frame: Frame, depth: u8) -> Option<Known<'a>> {
        let (Expr::Name(callee), [parts]) = (&*call.func, &*call.arguments.args) else { return None };
        if callee.id.as_str() != "len" {
            return None;
        }
        let (text, by) = self.split(parts, frame, depth)?;
        u64::try_from(text.split(by).count()).ok().map(Known::Number)
    }

    /// `text.split("/")[0]`
    pub(super) fn part_of_text(&self, part: &'a ast::ExprSubscript, frame: Frame, depth: u8) -> Option<Known<'a>> {
        let Expr::NumberLiteral(ast::ExprNumberLiteral { value: Number::Int(at), .. }) = &*part.slice else {
            return None;
        };
        let (text, by) = self.split(&part.value, frame, depth)?;
        text.split(by).nth(at.as_usize()?).map(Known::Text)
    }

    /// A known text that is taken apart, here or where the name that stands for its parts is bound, and by what.
    fn split(&self, parts: &'a Expr, frame: Frame, depth: u8) -> Option<(&'a str, &'a str)> {
        let call = match parts {
            Expr::Call(call) => call,
            Expr::Name(name) => {
                let function = self.function(frame.function);
                let name = name.id.as_str();
                let bindings = function.bindings.get(name).filter(|_| !function.changed.contains(name))?;
                match *visible(bindings, span_of(parts).start) {
                    [Binding { bound: Bound::Value { value: Some(Expr::Call(call)), .. }, .. }] => call,
                    _ => return None,
                }
            }
            _ => return None,
        };
        let (Expr::Attribute(method), [Expr::StringLiteral(by)], []) =
            (&*call.func, &*call.arguments.args, &*call.arguments.keywords)
        else {
            return None;
        };
        let by = by.value.to_str();
        match self.known_within(&method.value, frame, depth + 1)? {
            Known::Text(text) if method.attr.as_str() == "split" && !by.is_empty() => Some((text, by)),
            _ => None,
        }
    }

    /// Whether an object of the project has an attribute, where that is certain.
    pub(super) fn has_member(&self, object: &'a Expr, name: &str, frame: Frame) -> Option<bool> {
        let values = self.value(object, frame);
        let has = |value: &Value<'a>| match value {
            Value::Object(class) if !self.method(*class, name).is_empty() => Some(true),
            _ => None,
        };
        (!values.is_empty() && values.iter().all(|value| has(value) == Some(true))).then_some(true)
    }

    /// The text that an expression stands for, also where it is an attribute or a name of a module that is given a
    /// text once.
    pub fn text_of(&self, expr: &'a Expr, frame: Frame) -> Option<&'a str> {
        self.text_within(expr, frame, 0)
    }

    /// The text by which a descriptor says what an attribute is if nobody says otherwise: `Unicode("text")`, also
    /// where something is said of the descriptor itself: `Unicode("text").tag(config=True)` (traitlets).
    fn default_of_class(&self, class: ClassId, name: &str) -> Option<&'a str> {
        let line = self.ancestry(class);
        let bindings = line.iter().find_map(|value| match value {
            Value::Class(owner) => self.class(*owner).fields.get(name),
            _ => None,
        })?;
        let [Binding { bound: Bound::Value { value: Some(Expr::Call(call)), .. }, .. }] = bindings.as_slice() else {
            return None;
        };
        let call = match &*call.func {
            Expr::Attribute(method) if method.attr.as_str() == "tag" => method.value.as_call_expr()?,
            _ => call,
        };
        let mut named = call.arguments.keywords.iter().filter(|keyword| {
            keyword.arg.as_ref().is_some_and(|name| matches!(name.as_str(), "default" | "default_value"))
        });
        match named.next().map(|keyword| &keyword.value).or(call.arguments.args.first())? {
            Expr::StringLiteral(text) => Some(text.value.to_str()),
            _ => None,
        }
    }

    /// Whether a call opens a database that is kept in memory.
    pub fn opens_in_memory(&self, name: &str, call: &'a ast::ExprCall, frame: Frame) -> bool {
        let is_memory: fn(&str) -> bool = match name {
            "sqlite3.connect" | "sqlite3.dbapi2.connect" | "pysqlite2.dbapi2.connect" | "duckdb.connect" => {
                |text| text == ":memory:" || text.starts_with("file::memory:") || text.contains("mode=memory")
            }
            _ if name.ends_with(".create_engine") || name == "create_engine" => {
                |text| matches!(text, "sqlite://" | "sqlite:///:memory:")
            }
            _ => return false,
        };
        let named = ["database", "url"].into_iter().find_map(|name| call.arguments.find_keyword(name));
        let given = call.arguments.args.first().or(named.map(|keyword| &keyword.value));
        given.and_then(|given| self.text_of(given, frame)).is_some_and(is_memory)
    }

    fn text_within(&self, expr: &'a Expr, frame: Frame, depth: u8) -> Option<&'a str> {
        if let Some(Known::Text(text)) = literal(expr).or_else(|| self.known(expr, frame)) {
            return Some(text);
        }
        if depth > MAX_DEPTH {
            return None;
        }
        match expr {
            Expr::Name(name) => match *self.sources(name.id.as_str(), frame, span_of(name).start) {
                [(Bound::Value { value: Some(value), .. }, from)] => self.text_within(value, from, depth + 1),
                _ => None,
            },
            Expr::Attribute(attribute) => match *self.value(&attribute.value, frame) {
                [Value::Object(class) | Value::Class(class)] => {
                    let name = attribute.attr.as_str();
                    self.text_of_class(class, name).or_else(|| self.default_of_class(class, name))
                }
                _ => None,
            },
            _ => None,
        }
    }
}
