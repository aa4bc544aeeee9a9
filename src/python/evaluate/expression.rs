//! The value of an expression.

use std::rc::Rc;

use crate::source::Span;

use super::super::syntax::ast::{self, BoolOp, Expr, Number as Literal};
use super::super::syntax::span_of;
use super::How;
use super::cell::{Cell, Deps, Text, Thing};
use super::flow::Decision;
use super::operators::tuple;
use super::outside::{is_environ, is_environ_copy};
use super::reads::Touched;
use super::run::{Halt, Run, Site, Step};
use super::state::Object;

impl<'a> Run<'a, '_> {
    pub(super) fn expression(&mut self, expr: &'a Expr) -> Step<Cell<'a>> {
        self.spend(1)?;
        let mut value = self.nested(|run| run.expression_here(expr))?;
        if let Some(shape) = self.state.shape(&value.thing) {
            value.deps.add(shape);
        }
        if self.watch.is_empty() {
            return Ok(value);
        }
        let at = span_of(expr);
        let value = self.watch.given(at).filter(|_| self.module == 0).cloned().unwrap_or(value);
        self.note(at, &value);
        Ok(value)
    }

    fn expression_here(&mut self, expr: &'a Expr) -> Step<Cell<'a>> {
        let at = span_of(expr);
        match expr {
            Expr::NoneLiteral(_) => Ok(Cell::new(Thing::None)),
            Expr::BooleanLiteral(literal) => Ok(Cell::new(Thing::Bool(literal.value))),
            Expr::NumberLiteral(literal) => Ok(match &literal.value {
                Literal::Int(int) => {
                    int.as_i64().map_or_else(|| Cell::unknown("too large"), |n| Cell::new(Thing::Int(n)))
                }
                Literal::Float(x) => Cell::new(Thing::Float(*x)),
                Literal::Complex { .. } => Cell::unknown("a complex number"),
            }),
            Expr::StringLiteral(literal) => self.text_literal(literal.value.to_str()),
            Expr::FString(string) => self.f_string(string),
            Expr::Name(name) => self.name(&name.id, at),
            Expr::BoolOp(op) => self.bool_op(op.op, &op.values),
            Expr::Named(named) => {
                let value = self.expression(&named.value)?;
                if let Expr::Name(name) = named.target.as_ref() {
                    let scope = self.scope;
                    self.scope = self.home;
                    let target = self.scope_for(&name.id);
                    self.scope = scope;
                    let site = Site { name: span_of(name), value: Some(&named.value), how: How::Assignment };
                    self.bind(target, &name.id, value.clone(), site)?;
                }
                Ok(value)
            }
            Expr::BinOp(op) => {
                let left = self.expression(&op.left)?;
                let right = self.expression(&op.right)?;
                self.binary(op.op, &left, &right, at)
            }
            Expr::UnaryOp(op) => {
                let operand = self.expression(&op.operand)?;
                self.unary(op.op, &operand, at)
            }
            Expr::Lambda(lambda) => self.lambda(lambda),
            Expr::If(choice) => {
                let test = self.expression(&choice.test)?;
                self.choose(&test, |run, side| run.expression(if side { &choice.body } else { &choice.orelse }))
            }
            Expr::Dict(dict) => self.dict_display(dict),
            Expr::Set(set) if is_placeholder(set) => Ok(Cell::unknown("a template placeholder")),
            Expr::Set(set) => {
                let items = self.elements(&set.elts)?;
                match items {
                    Some((items, whole)) => Ok(self.set_of(items, at)?.with_deps(&whole)),
                    None => Ok(Cell::unknown("a set with unknown elements")),
                }
            }
            Expr::List(list) => match self.elements(&list.elts)? {
                Some((items, whole)) => Ok(self.list(items)?.with_deps(&whole)),
                None => Ok(Cell::unknown("a list with unknown elements")),
            },
            Expr::Tuple(elements) => match self.elements(&elements.elts)? {
                Some((items, whole)) => Ok(tuple(items).with_deps(&whole)),
                None => Ok(Cell::unknown("a tuple with unknown elements")),
            },
            Expr::ListComp(comp) => self.comprehension(&comp.generators, Making::List(&comp.elt)),
            Expr::SetComp(comp) => self.comprehension(&comp.generators, Making::Set(&comp.elt)),
            Expr::DictComp(comp) => match &comp.key {
                Some(key) => self.comprehension(&comp.generators, Making::Dict(key, &comp.value)),
                None => Ok(Cell::unknown("a comprehension that is not followed")),
            },
            Expr::Compare(compare) => self.comparison(compare, at),
            Expr::Call(call) => self.call(call),
            Expr::Attribute(attribute) => {
                let value = self.expression(&attribute.value)?;
                self.attribute(&value, &attribute.attr, at)
            }
            Expr::Subscript(subscript) => {
                let value = self.expression(&subscript.value)?;
                self.subscript(&value, &subscript.slice, at)
            }
            Expr::Await(awaited) => {
                let value = self.expression(&awaited.value)?;
                let followed = !matches!(value.thing, Thing::Unknown(_) | Thing::Dotted(_) | Thing::Object(_));
                if followed && self.witness.is_some() {
                    return Ok(value);
                }
                self.settle_unknown("the result of something awaited", &[&value], at)
            }
            Expr::EllipsisLiteral(_) => Ok(Cell::dotted("Ellipsis")),
            Expr::BytesLiteral(literal) => {
                let bytes: Vec<u8> = literal.value.bytes().collect();
                if bytes.len() > super::operators::MAX_TEXT {
                    return Ok(Cell::unknown("too large"));
                }
                Ok(Cell::new(Thing::Bytes(bytes.into())))
            }
            _ => {
                let why: Text = "an expression that is not followed".into();
                let touched = Touched::expression(expr);
                self.disturb(&touched, &why, &Deps::default());
                let result = Cell::new(Thing::Unknown(why));
                self.may_raise(None, &result, at)?;
                Ok(result)
            }
        }
    }

    fn text_literal(&mut self, text: &str) -> Step<Cell<'a>> {
        self.spend(text.len() / 64)?;
        if text.len() > super::operators::MAX_TEXT {
            return Ok(Cell::unknown("too large"));
        }
        if has_placeholder(text) {
            return Ok(Cell::unknown("a template placeholder"));
        }
        Ok(Cell::str(text))
    }

    fn name(&mut self, name: &str, at: Span) -> Step<Cell<'a>> {
        if let Some(function) = &self.function
            && function.is_local(name)
            && !self.is_bound_here(name)
        {
            return self.raise("NameError", at, "a local name that is not bound yet");
        }
        if let Some((_, slot)) = self.find_from(self.scope, name) {
            let (cell, conditional) = (slot.cell.clone(), slot.conditional);
            if conditional {
                self.may_raise(Some("NameError"), &cell, at)?;
            }
            return Ok(cell);
        }
        if let Some(why) = self.lost_scope() {
            return Ok(Cell::new(Thing::Unknown(why)));
        }
        match name {
            "__name__" if self.program && self.module == 0 => return Ok(Cell::str("__main__")),
            "__name__" => return Ok(Cell::dotted("__name__")),
            "__file__" => {
                let file = self.modules.get(self.module).map(|module| module.file);
                return Ok(match file.and_then(|file| (self.inputs.path_of)(file)) {
                    Some(path) => Cell::new(Thing::Inside { path: path.into(), object: false }),
                    None => Cell::dotted("__file__"),
                });
            }
            _ if super::names::is_builtin(name) => return Ok(Cell::dotted(name)),
            _ => {}
        }
        let broken = self.modules.get(self.module).is_some_and(|module| !module.errors.is_empty());
        if name.starts_with("__")
            || broken
            || self.modules.get(self.module).is_none_or(|module| module.untrusted.is_some())
        {
            return Ok(Cell::unknown("a name that is not bound in the file"));
        }
        if self.is_lenient() {
            return Ok(Cell::unknown("a name that is not bound in the file"));
        }
        self.raise("NameError", at, "a name that is not bound")
    }

    /// Whether the function, or a comprehension in it, binds a name.
    fn is_bound_here(&self, name: &str) -> bool {
        let mut at = Some(self.scope);
        while let Some(scope) = at.and_then(|id| self.state.scope(id)) {
            if scope.names.contains_key(name) {
                return true;
            }
            at = if at == Some(self.home) { None } else { scope.parent };
        }
        false
    }

    /// Why the names of a scope around here may be more than is known.
    fn lost_scope(&self) -> Option<Text> {
        let mut at = Some(self.scope);
        while let Some(id) = at {
            match self.state.get(id) {
                Some(Object::Scope(scope)) => {
                    if let Some(why) = &scope.lost {
                        return Some(Rc::clone(why));
                    }
                    at = scope.parent;
                }
                Some(Object::Lost(why, _)) => return Some(Rc::clone(why)),
                _ => return None,
            }
        }
        None
    }

    fn bool_op(&mut self, op: BoolOp, values: &'a [Expr]) -> Step<Cell<'a>> {
        let Some((first, rest)) = values.split_first() else { return Ok(Cell::new(Thing::None)) };
        let value = self.expression(first)?;
        if rest.is_empty() {
            return Ok(value);
        }
        self.nested(|run| {
            run.choose(&value.clone(), |run, side| {
                if side == (op == BoolOp::And) {
                    run.bool_op(op, rest)
                } else {
                    // On the side that is not presumed the value is some text nobody knows.
                    let set = run.state.assumed.iter().any(|name| value.deps.open().any(|open| open == name));
                    Ok(if set {
                        Cell { thing: Thing::Unknown(value.because()), soft: false, ..value.clone() }
                    } else {
                        value.clone()
                    })
                }
            })
        })
    }

    /// The value of one of two expressions, or of both where the condition is open.
    pub(super) fn choose(
        &mut self,
        test: &Cell<'a>,
        mut side: impl FnMut(&mut Self, bool) -> Step<Cell<'a>>,
    ) -> Step<Cell<'a>> {
        let (deps, presumed, soft, because) = match self.decide(test) {
            Decision::Sure(truth, deps) => {
                let value = side(self, truth)?;
                return Ok(value.with_deps(&deps));
            }
            Decision::Open { deps, presumed, soft, because } => (deps, presumed, soft, because),
        };
        let earlier = std::mem::take(&mut self.escapes);
        let (on_true, on_false, after_true) = self.fork((&deps, presumed, soft, &because), |run, truth| {
            let result = match side(run, truth) {
                Err(Halt::Raise(raised)) => Err(raised),
                other => Ok(other?),
            };
            Ok((result, std::mem::take(&mut run.escapes)))
        })?;
        let after_false = std::mem::take(&mut self.state);
        self.escapes = earlier;
        let (on_true, true_escapes) = on_true;
        let (on_false, false_escapes) = on_false;
        for (state, raised) in true_escapes.into_iter().chain(false_escapes).rev() {
            self.keep_escape(state, raised);
        }
        match (on_true, on_false) {
            (Ok(a), Ok(b)) => {
                let (state, cell) = super::join::join(after_true, after_false, Some((a, b)));
                self.state = state;
                Ok(cell.unwrap_or_else(|| Cell::unknown("depends on a condition")))
            }
            (Ok(value), Err(raised)) => {
                self.keep_escape(after_false, raised);
                self.state = after_true;
                Ok(value)
            }
            (Err(raised), Ok(value)) => {
                self.keep_escape(after_true, raised);
                self.state = after_false;
                Ok(value)
            }
            (Err(a), Err(b)) => {
                self.state = super::join::join(after_true, after_false, None).0;
                Err(Halt::Raise(super::flow::either(a, &b)))
            }
        }
    }

    /// The elements of a display, and what decides how many there are; `None` if that is not known.
    pub(super) fn elements(&mut self, elements: &'a [Expr]) -> Step<Option<(Vec<Cell<'a>>, Deps)>> {
        let (mut items, mut whole) = (Vec::new(), Deps::default());
        let mut known = true;
        for element in elements {
            if let Expr::Starred(starred) = element {
                let value = self.expression(&starred.value)?;
                whole.add(&value.deps);
                match self.iterate(&value, span_of(element))? {
                    Some(more) => items.extend(more),
                    None => known = false,
                }
            } else {
                items.push(self.expression(element)?);
            }
            self.spend(1)?;
        }
        Ok(known.then_some((items, whole)))
    }

    fn dict_display(&mut self, dict: &'a ast::ExprDict) -> Step<Cell<'a>> {
        let mut result = self.dict(Vec::new())?;
        let mut known = true;
        for item in &dict.items {
            if let Some(key) = &item.key {
                let key = self.expression(key)?;
                let value = self.expression(&item.value)?;
                known &= self.put_entry(&result, key, value, span_of(&item.value))?;
            } else {
                let mut more = self.expression(&item.value)?;
                if is_environ(&more) {
                    more = self.environ_copy()?;
                }
                let entries = match &more.thing {
                    Thing::Dict(id) => self.entries(*id).map(<[_]>::to_vec),
                    _ => None,
                };
                result.deps.add(&more.deps);
                match entries {
                    Some(entries) => {
                        for (key, value) in entries {
                            let value = value.with_deps(&more.deps);
                            known &= self.put_entry(&result, key, value, span_of(&item.value))?;
                        }
                    }
                    None => known = false,
                }
            }
        }
        Ok(if known { result } else { Cell::unknown("a dict with unknown entries") })
    }

    /// Sets one entry; false if the key cannot be told apart from the others.
    pub(super) fn put_entry(&mut self, dict: &Cell<'a>, key: Cell<'a>, value: Cell<'a>, at: Span) -> Step<bool> {
        self.check_key(&key, at)?;
        let Thing::Dict(id) = dict.thing else { return Ok(false) };
        let Some(entries) = self.entries(id) else { return Ok(false) };
        let length = entries.len();
        let copied = is_environ_copy(entries);
        let found = match self.position(entries, &key).filter(|_| key.is_settled()) {
            None if copied && matches!(key.thing, Thing::Str(_)) && key.is_settled() => Some(None),
            found => found,
        };
        self.spend(1 + length / 8)?;
        if is_environ(&key)
            && let Some(Object::Dict(entries)) = self.state.get_mut(id)
        {
            // Whatever stands before may be replaced by what the environment holds.
            for (_, value) in entries.iter_mut() {
                *value = Cell::unknown("the environment may hold another");
            }
        }
        let Some(Object::Dict(entries)) = self.state.get_mut(id) else { return Ok(false) };
        match found {
            None => {
                let why = key.because();
                self.state.put(id, Object::Lost(why, key.deps.clone()));
                Ok(false)
            }
            Some(Some(at)) => {
                if let Some(entry) = entries.get_mut(at) {
                    entry.1 = value;
                }
                Ok(true)
            }
            Some(None) => {
                entries.push((key, value));
                Ok(length < super::operators::MAX_ITEMS)
            }
        }
    }

    /// Raises for what cannot be a key of a dict or an element of a set.
    pub(super) fn check_key(&mut self, key: &Cell<'a>, at: Span) -> Step<()> {
        // Tuples may hold the same tuple many times, on every level.
        fn changes(thing: &Thing<'_>, left: &mut usize) -> bool {
            *left = left.saturating_sub(1);
            match thing {
                Thing::List(_) | Thing::Dict(_) => true,
                Thing::Tuple(items) => items.iter().any(|item| *left > 0 && changes(&item.thing, left)),
                _ => false,
            }
        }
        if changes(&key.thing, &mut 200) {
            self.fault(&[key], "TypeError", at, "a key that can change")?;
        }
        Ok(())
    }

    /// A set of these, each once.
    pub(super) fn set_of(&mut self, items: Vec<Cell<'a>>, at: Span) -> Step<Cell<'a>> {
        let mut unique: Vec<Cell<'a>> = Vec::new();
        for item in items {
            self.spend(1 + unique.len() / 8)?;
            self.check_key(&item, at)?;
            match self.contains(&unique, &item) {
                Some(false) => unique.push(item),
                Some(true) => {}
                None => return Ok(super::cell::unknown_from(&[&item], "a set with unknown elements")),
            }
        }
        Ok(Cell::new(Thing::Set(self.allocate(Object::Set(unique))?)))
    }
}

/// What a comprehension makes.
#[derive(Clone, Copy)]
pub(super) enum Making<'a> {
    List(&'a Expr),
    Set(&'a Expr),
    Dict(&'a Expr, &'a Expr),
}

/// `{{ name }}`: a set with a set in it, which Python always refuses.
fn is_placeholder(set: &ast::ExprSet) -> bool {
    matches!(set.elts.as_slice(), [Expr::Set(_) | Expr::Dict(_) | Expr::SetComp(_)])
}

/// Whether a text holds `{{ name`, which only a template engine replaces.
fn has_placeholder(text: &str) -> bool {
    text.match_indices("{{").any(|(at, _)| {
        let rest = text.get(at + 2..).unwrap_or("");
        let name = rest.trim_start_matches(['-', ' ']);
        name.starts_with(|c: char| c.is_alphabetic() || c == '_') && rest.contains("}}")
    })
}
