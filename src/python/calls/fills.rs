//! What containers are filled with, and what a condition says about a name.

use super::{Reader, last_name, one};
use crate::python::names::{Binding, Bound};
use crate::python::syntax::ast::{self, Expr, Stmt};
use crate::python::syntax::span_of;
use crate::source::Span;

/// What a text is made of that is compared without its case.
pub fn same_text(expr: &Expr) -> &Expr {
    match expr {
        Expr::Call(call) if call.arguments.args.is_empty() => match &*call.func {
            Expr::Attribute(method) if matches!(method.attr.as_str(), "lower" | "casefold" | "upper") => &method.value,
            _ => expr,
        },
        _ => expr,
    }
}

impl<'a> Reader<'a> {
    /// `object.__setattr__(self, "name", value)` and `super().__setattr__("name", value)` give a field its value.
    fn sets_field(&mut self, attribute: &'a ast::ExprAttribute, call: &'a ast::ExprCall) {
        let (name, value) = match &*call.arguments.args {
            [Expr::Name(_), Expr::StringLiteral(name), value]
                if self.class_of_receiver(&call.arguments.args[0]).is_some() =>
            {
                (name, value)
            }
            [Expr::StringLiteral(name), value] if last_name(&attribute.value) == "super" => (name, value),
            _ => return,
        };
        let Some(class) = self.facts.functions[self.function as usize].class else { return };
        let at = span_of(call).end;
        let bound = Bound::Value { value: Some(value), annotation: None };
        let binding = Binding { bound, scope: self.function, at, block: Span::new(at, at) };
        let fields = &mut self.facts.classes[class as usize].fields;
        fields.entry(name.value.to_str()).or_insert_with(one).push(binding);
    }

    /// `container.append(value)` and its like.
    pub(super) fn filling_call(&mut self, call: &'a ast::ExprCall) {
        let Expr::Attribute(attribute) = &*call.func else { return };
        if attribute.attr.as_str() == "__setattr__" {
            return self.sets_field(attribute, call);
        }
        let arguments = &*call.arguments.args;
        let bound = match (attribute.attr.as_str(), arguments) {
            ("append" | "add" | "appendleft" | "put" | "put_nowait", [value]) | ("insert", [_, value]) => {
                Bound::Held(value)
            }
            ("setdefault", [_, value]) => Bound::Kept(value),
            ("extend" | "update", [values]) => Bound::HeldAll(values),
            _ => return,
        };
        self.fill(&attribute.value, bound, span_of(call).end);
    }

    /// Something is put into the container that a name or an attribute of `self` stands for.
    pub(super) fn fill(&mut self, container: &'a Expr, bound: Bound<'a>, at: usize) {
        let binding = Binding { bound, scope: self.function, at, block: Span::new(at, at) };
        match (container, bound) {
            // `table[key].append(value)`, `table.setdefault(key, []).append(value)`
            (Expr::Subscript(subscript), Bound::Held(value)) => {
                return self.fill(&subscript.value, Bound::KeptHeld(value), at);
            }
            (Expr::Call(call), Bound::Held(value)) => {
                if let Expr::Attribute(lookup) = &*call.func
                    && lookup.attr.as_str() == "setdefault"
                {
                    self.fill(&lookup.value, Bound::KeptHeld(value), at);
                }
                return;
            }
            _ => {}
        }
        match container {
            Expr::Name(name) => self.facts.fills.entry(name.id.as_str()).or_insert_with(one).push(binding),
            Expr::Attribute(attribute) => match self.class_of_receiver(&attribute.value) {
                Some(class) => {
                    let fields = &mut self.facts.classes[class as usize].fields;
                    fields.entry(attribute.attr.as_str()).or_insert_with(one).push(binding);
                }
                None => self.bind_attribute(attribute, bound, at),
            },
            _ => {}
        }
    }

    /// `app["name"] = value` and `app[KEY] = value`: known to all who have the application.
    pub(super) fn keep(&mut self, target: &'a ast::ExprSubscript, bound: Bound<'a>, at: usize) {
        let last = |expr: &'a Expr| match expr {
            Expr::Name(name) => Some(name.id.as_str()),
            Expr::Attribute(attribute) => Some(attribute.attr.as_str()),
            _ => None,
        };
        if !last(&target.value).is_some_and(|name| name.contains("app")) {
            return;
        }
        let key = match &*target.slice {
            Expr::StringLiteral(key) => Some(key.value.to_str()),
            other => last(other),
        };
        if let Some(key) = key {
            let binding = Binding { bound, scope: self.function, at, block: Span::new(at, at) };
            self.facts.state.entry(key).or_insert_with(one).push(binding);
        }
    }

    /// `yield {"name": value}` of a lifespan is how the state of requests is made.
    pub(super) fn yielded_state(&mut self, value: &'a Expr) {
        let Expr::Dict(dict) = value else { return };
        if !self.facts.functions[self.function as usize].is_async {
            return;
        }
        for item in &dict.items {
            if let Some(Expr::StringLiteral(key)) = &item.key {
                let at = span_of(value).end;
                let bound = Bound::Value { value: Some(&item.value), annotation: None };
                let binding = Binding { bound, scope: self.function, at, block: Span::new(at, at) };
                self.facts.state.entry(key.value.to_str()).or_insert_with(one).push(binding);
            }
        }
    }

    /// In the body of `if isinstance(name, Type):` the name is one.
    pub(super) fn narrowed(&mut self, test: &'a Expr, body: &'a [Stmt]) {
        let (Some(first), Some(last)) = (body.first(), body.last()) else {
            return;
        };
        let block = Span::new(span_of(first).start, span_of(last).end);
        self.narrow(test, block.start, block);
    }

    /// In the body of `case Type():` the name that is matched is one.
    pub(super) fn narrowed_by_pattern(&mut self, subject: &'a Expr, pattern: &'a ast::Pattern, body: &'a [Stmt]) {
        let (Some(first), Some(last)) = (body.first(), body.last()) else {
            return;
        };
        if let (Expr::Name(name), ast::Pattern::MatchClass(class), None) = (subject, pattern, self.class) {
            let block = Span::new(span_of(first).start, span_of(last).end);
            let bound = Bound::Narrowed(&class.cls);
            let binding = Binding { bound, scope: self.function, at: block.start, block };
            self.current().narrowed.entry(name.id.as_str()).or_insert_with(one).push(binding);
        }
    }

    /// After `assert isinstance(name, Type)` it is one up to the end of the block.
    pub(super) fn narrowed_by_assertion(&mut self, test: &'a Expr, at: usize) {
        let end = self.blocks.last().map_or(at, |block| block.end);
        self.narrow(test, at, Span::new(at, end));
    }

    fn narrow(&mut self, test: &'a Expr, at: usize, block: Span) {
        match test {
            Expr::BoolOp(operation) if operation.op == ast::BoolOp::And => {
                operation.values.iter().for_each(|value| self.narrow(value, at, block));
            }
            // `if thing.kind == "text":`
            Expr::Compare(compare) if self.class.is_none() => {
                if let ([ast::CmpOp::Eq], [Expr::StringLiteral(_)]) = (&*compare.ops, &*compare.comparators)
                    && let Expr::Attribute(attribute) = same_text(&compare.left)
                    && let Expr::Name(name) = &*attribute.value
                {
                    let binding = Binding { bound: Bound::Narrowed(test), scope: self.function, at, block };
                    self.current().narrowed.entry(name.id.as_str()).or_insert_with(one).push(binding);
                }
            }
            Expr::Call(call) if self.class.is_none() => {
                if let (Expr::Name(callee), [Expr::Name(name), ty]) = (&*call.func, &*call.arguments.args)
                    && callee.id.as_str() == "isinstance"
                {
                    let binding = Binding { bound: Bound::Narrowed(ty), scope: self.function, at, block };
                    self.current().narrowed.entry(name.id.as_str()).or_insert_with(one).push(binding);
                }
            }
            _ => {}
        }
    }
}
