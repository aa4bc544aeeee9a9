//! A template becomes text.
//!
//! Follows what `helm template` does, as far as the files of the chart decide it. What the cluster, the
//! release or an unknown function decides becomes a hole; a condition that nobody can decide makes a hole
//! of what it guards, unless its branches come to the same.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::source::Span;
use crate::values::Order as _;

use super::super::decoded::Decoded;
use super::functions;
use super::syntax::{Expression, Piece, parse};
use super::value::{Value, hole};

/// Templates that include templates are followed this far.
const MAX_INCLUDES: usize = 24;
/// More steps than the rendering of any template takes.
const MAX_STEPS: usize = 200_000;
/// More text than any template makes.
const MAX_TEXT: usize = 4 << 20;

/// The named templates of a chart.
pub(super) type Defined = BTreeMap<String, Rc<Vec<Piece>>>;

/// Renders templates of one chart.
pub(super) struct Renderer<'a> {
    defined: &'a Defined,
    /// What stands behind `$`: the values, the chart, the release.
    root: Value,
    variables: Vec<(String, Value)>,
    depth: usize,
    steps: usize,
    written: usize,
}

impl<'a> Renderer<'a> {
    pub(super) fn new(defined: &'a Defined, root: Value) -> Self {
        Self { defined, root, variables: Vec::new(), depth: 0, steps: MAX_STEPS, written: 0 }
    }

    /// The text of a template; `None` if it is larger than anything real.
    pub(super) fn render(&mut self, pieces: &[Piece]) -> Option<Decoded> {
        let root = self.root.clone();
        self.variables = vec![("$".to_owned(), root.clone())];
        let mut out = Decoded::default();
        self.pieces(pieces, &root, &mut out);
        (self.steps > 0 && self.written < MAX_TEXT).then_some(out)
    }

    fn pieces(&mut self, pieces: &[Piece], dot: &Value, out: &mut Decoded) {
        let scope = self.variables.len();
        for piece in pieces {
            self.steps = self.steps.saturating_sub(1);
            if self.steps == 0 || self.written > MAX_TEXT {
                break;
            }
            self.piece(piece, dot, out);
        }
        self.variables.truncate(scope);
    }

    fn push(&mut self, out: &mut Decoded, text: &Decoded) {
        self.written += text.text().len();
        if self.written <= MAX_TEXT {
            out.push_from(text, 0..text.text().len());
        }
    }

    fn piece(&mut self, piece: &Piece, dot: &Value, out: &mut Decoded) {
        match piece {
            Piece::Text(text) => self.push(out, text),
            Piece::Define(..) => {}
            Piece::Output(expression, start, end) => {
                let span = Span::new(*start, *end);
                let value = match self.value(expression, dot, span) {
                    // Go prints a number without the fraction that it does not have: `2.0` is `2`.
                    Value::Number(text) if text.text().contains('.') => functions::plain_number(&text),
                    value => value,
                };
                let text = value.written(span).homed(span);
                self.push(out, &text);
            }
            Piece::Assign(name, expression) => {
                let value = self.value(expression, dot, Span::default());
                self.assign(name, value);
            }
            Piece::If(branches) => self.choose(branches, dot, out),
            Piece::With { value, name, body, otherwise } => {
                let value = self.value(value, dot, Span::default());
                match value.truth() {
                    Some(true) => {
                        let scope = self.variables.len();
                        self.variables.extend(name.iter().map(|name| (name.clone(), value.clone())));
                        self.pieces(body, &value, out);
                        self.variables.truncate(scope);
                    }
                    Some(false) => self.pieces(otherwise, dot, out),
                    None => self.blank(body, out),
                }
            }
            Piece::Range { over, names, body, otherwise } => self.range(over, names, body, otherwise, dot, out),
        }
    }

    /// `$x := …`, or `$x = …` for one that exists: the two are alike here, as an inner one of the same
    /// name is seldom meant to hide an outer one.
    fn assign(&mut self, name: &str, value: Value) {
        match self.variables.iter_mut().rev().find(|(own, _)| own == name) {
            Some((_, own)) => *own = value,
            None => self.variables.push((name.to_owned(), value)),
        }
    }

    fn range(
        &mut self,
        over: &Expression,
        names: &[String],
        body: &[Piece],
        otherwise: &[Piece],
        dot: &Value,
        out: &mut Decoded,
    ) {
        let value = self.value(over, dot, Span::default());
        let items: Vec<(Value, Value)> = match &value {
            Value::Unknown => return self.blank(body, out),
            Value::List(items) => {
                let index = |at: usize| Value::made(&at.to_string(), Span::default());
                items.iter().enumerate().map(|(at, item)| (index(at), item.clone())).collect()
            }
            Value::Map(entries) => {
                let mut sorted: Vec<_> = entries.iter().collect();
                sorted.order_by(|a, b| a.0.text().cmp(b.0.text()));
                sorted.into_iter().map(|(key, value)| (Value::Text(key.clone()), value.clone())).collect()
            }
            _ => Vec::new(),
        };
        if items.is_empty() {
            return self.pieces(otherwise, dot, out);
        }
        for (key, item) in items {
            let scope = self.variables.len();
            match names {
                [only] => self.variables.push((only.clone(), item.clone())),
                [first, second, ..] => {
                    self.variables.push((first.clone(), key));
                    self.variables.push((second.clone(), item.clone()));
                }
                [] => {}
            }
            self.pieces(body, &item, out);
            self.variables.truncate(scope);
            if self.steps == 0 {
                break;
            }
        }
    }

    fn choose(&mut self, branches: &[(Option<Expression>, Vec<Piece>)], dot: &Value, out: &mut Decoded) {
        for (at, (condition, body)) in branches.iter().enumerate() {
            let truth = match condition {
                None => Some(true),
                Some(condition) => self.value(condition, dot, Span::default()).truth(),
            };
            match truth {
                Some(true) => return self.pieces(body, dot, out),
                Some(false) => {}
                None => return self.open(branches.get(at..).unwrap_or_default(), dot, out),
            }
        }
    }

    /// Branches of which nobody can tell which one counts.
    fn open(&mut self, branches: &[(Option<Expression>, Vec<Piece>)], dot: &Value, out: &mut Decoded) {
        let kept: usize = self.variables.iter().map(|(_, value)| 1 + value.weight() / 256).sum();
        self.steps = self.steps.saturating_sub(kept * (1 + branches.len()));
        if self.steps == 0 {
            return;
        }
        let before = self.variables.clone();
        let mut texts: Vec<Decoded> = Vec::new();
        let mut after = Vec::new();
        for (_, body) in branches {
            let mut text = Decoded::default();
            for piece in body {
                self.steps = self.steps.saturating_sub(1);
                self.piece(piece, dot, &mut text);
            }
            texts.push(text);
            after.push(std::mem::replace(&mut self.variables, before.clone()));
        }
        // A variable that a branch sets is unknown from here on.
        for (index, (_, value)) in self.variables.iter_mut().enumerate() {
            let same = |state: &Vec<(String, Value)>| {
                state.get(index).and_then(|(_, new)| new.known().map(str::to_owned)) == value.known().map(str::to_owned)
            };
            if !after.iter().all(same) {
                *value = Value::Unknown;
            }
        }
        if branches.last().is_none_or(|(condition, _)| condition.is_some()) {
            texts.push(Decoded::default());
        }
        let first = texts.first().cloned().unwrap_or_default();
        let alike = texts.iter().all(|text| text.text().trim() == first.text().trim());
        // Versions of an interface, and objects that an older cluster does not have.
        let is_object = first.text().lines().any(|line| line.starts_with("apiVersion:") || line.starts_with("kind:"));
        if alike || is_object {
            self.push(out, &first);
        } else {
            let longest = texts.iter().max_by_key(|text| text.text().len()).cloned().unwrap_or_default();
            self.leave_open(&longest, out);
        }
    }

    /// A body of which it is not known whether and with what it is written.
    fn blank(&mut self, body: &[Piece], out: &mut Decoded) {
        let mut text = Decoded::default();
        let kept: usize = self.variables.iter().map(|(_, value)| 1 + value.weight() / 256).sum();
        self.steps = self.steps.saturating_sub(kept);
        let before = self.variables.clone();
        self.pieces(body, &Value::Unknown, &mut text);
        self.variables = before;
        self.leave_open(&text, out);
    }

    /// A hole in the shape of `text`: inside a line, or a line of its own.
    fn leave_open(&mut self, text: &Decoded, out: &mut Decoded) {
        let plain = text.text();
        let content = plain.trim();
        if content.is_empty() {
            return self.push(out, text);
        }
        let at = plain.len() - plain.trim_start().len();
        let span = text.span(at..at + content.len());
        let mut open = Decoded::default();
        if let Some(line) = plain.get(..at).filter(|front| front.contains('\n')).and_then(|front| front.rfind('\n')) {
            open.push_from(text, line..at);
        }
        let opened = hole(span);
        open.push_from(&opened, 0..opened.text().len());
        if plain.ends_with('\n') {
            open.push_escaped("\n", text.span(plain.len() - 1..plain.len()));
        }
        self.push(out, &open);
    }

    /// Pays for a value that is copied.
    fn value(&mut self, expression: &Expression, dot: &Value, span: Span) -> Value {
        self.steps = self.steps.saturating_sub(1);
        if self.steps == 0 {
            return Value::Unknown;
        }
        let value = self.plain_value(expression, dot, span);
        self.steps = self.steps.saturating_sub(value.weight() / 256);
        value
    }

    fn plain_value(&mut self, expression: &Expression, dot: &Value, span: Span) -> Value {
        match expression {
            Expression::Dot => dot.clone(),
            Expression::Variable(name) => {
                let found = self.variables.iter().rev().find(|(own, _)| own == name);
                found.map_or(Value::Unknown, |(_, value)| value.clone())
            }
            Expression::Field(base, path) => {
                let base = self.value(base, dot, span);
                path.iter().fold(base, |value, key| value.get(key))
            }
            Expression::Text(text) => Value::Text(text.clone()),
            Expression::Number(text) => Value::Number(text.clone()),
            Expression::Bool(value) => Value::bool(*value, span),
            Expression::Nil => Value::Nil,
            Expression::Strange => Value::Unknown,
            Expression::Call(name, arguments) => self.call(name, arguments, dot, span),
        }
    }

    fn call(&mut self, name: &str, arguments: &[Expression], dot: &Value, span: Span) -> Value {
        // These two stop at the first argument that decides.
        if matches!(name, "and" | "or") {
            let mut last = Value::Nil;
            for argument in arguments {
                last = self.value(argument, dot, span);
                match last.truth() {
                    Some(truth) if truth == (name == "or") => return last,
                    Some(_) => {}
                    None => return Value::Unknown,
                }
            }
            return last;
        }
        let values: Vec<Value> = arguments.iter().map(|argument| self.value(argument, dot, span)).collect();
        match (name, values.as_slice()) {
            ("include", [name, rest @ ..]) => {
                let dot = rest.first().cloned().unwrap_or(Value::Nil);
                self.include(name, &dot, span)
            }
            ("tpl", [text, rest @ ..]) => {
                let dot = rest.first().cloned().unwrap_or(Value::Nil);
                self.template(text, &dot)
            }
            _ => {
                let made = functions::call(name, &values, span);
                // A collection that is made anew is copied, which those that are handed on are not.
                self.steps = self.steps.saturating_sub(made.length() / 8);
                made
            }
        }
    }

    fn include(&mut self, name: &Value, dot: &Value, _span: Span) -> Value {
        let defined = self.defined;
        let Some(pieces) = name.known().and_then(|name| defined.get(name)) else { return Value::Unknown };
        self.inner(pieces, dot)
    }

    fn template(&mut self, text: &Value, dot: &Value) -> Value {
        let Value::Text(text) = text else { return text.clone() };
        if !text.text().contains("{{") {
            return Value::Text(text.clone());
        }
        match parse(text) {
            Ok(pieces) => self.inner(&pieces, dot),
            Err(_) => Value::Unknown,
        }
    }

    /// A template with variables of its own.
    fn inner(&mut self, pieces: &[Piece], dot: &Value) -> Value {
        if self.depth >= MAX_INCLUDES {
            return Value::Unknown;
        }
        self.depth += 1;
        let outer = std::mem::replace(&mut self.variables, vec![("$".to_owned(), dot.clone())]);
        let mut out = Decoded::default();
        self.pieces(pieces, dot, &mut out);
        self.variables = outer;
        self.depth -= 1;
        Value::Text(out)
    }
}
