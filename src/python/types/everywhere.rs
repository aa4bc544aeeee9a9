//! What every object of a class keeps, because all calls that make one agree: an argument that nobody gives.
//!
//! Only of classes that the project makes itself, by calls that show what they give. What is handed to somebody
//! who may make more of them, what is spread from `**options` of unknown keys, and what is assigned elsewhere stays unknown.

use super::{ClassId, Entry, Frame, FunctionId, Known, Types, Value};
use crate::python::calls::{Event, EventKind, Parameter, last_name};
use crate::python::names::Bound;
use crate::python::syntax::ast::{self, Expr};
use crate::python::syntax::span_of;

/// How deep one attribute may rest on others.
const MAX_DEPTH: u8 = 4;
/// Calls that are given a class and make no object of it.
const ONLY_ASKS: [&str; 8] = ["cast", "getattr", "hasattr", "isinstance", "issubclass", "setattr", "super", "type"];

/// What a call says about a parameter.
pub(super) enum Given<'a> {
    /// It is this argument.
    As(&'a Expr),
    /// It is left to its default.
    Not,
    /// That cannot be seen.
    Unseen,
}

/// What is certain of each argument of a constructor.
type Arguments<'a> = Vec<Option<Known<'a>>>;

impl<'a> Types<'a> {
    /// What is certain of an attribute of all objects of a class.
    pub(super) fn kept_by_all(&self, class: ClassId, attribute: &'a str, depth: u8) -> Option<Known<'a>> {
        // What holds by default only is nothing to keep.
        if depth > MAX_DEPTH || self.loaded.borrow().is_empty() || self.assumed.get().on {
            return None;
        }
        if let Some(known) = self.kept_by_all.borrow().get(&(class, attribute)) {
            return *known;
        }
        // Whoever leads back here knows nothing yet.
        self.kept_by_all.borrow_mut().insert((class, attribute), None);
        let outer = self.rests_on.replace(usize::MAX);
        let known = match self.read_all(class, attribute, depth) {
            // What begins empty may be filled.
            Some(Known::Empty) => Some(Known::Some),
            Some(Known::False) => None,
            known => known,
        };
        let inner = self.rests_on.replace(outer);
        self.rests_on(inner);
        // Half of an answer would leave out some of those that make objects.
        let is_whole = inner == usize::MAX;
        if !is_whole {
            self.kept_by_all.borrow_mut().remove(&(class, attribute));
        }
        let known = known.filter(|_| is_whole);
        self.kept_by_all.borrow_mut().entry((class, attribute)).and_modify(|kept| *kept = known);
        known
    }

    fn read_all(&self, class: ClassId, attribute: &'a str, depth: u8) -> Option<Known<'a>> {
        let below = self.below(class);
        let keeper = self.keeps_alone(class, &below, attribute)?;
        let [binding] = self.class(keeper).fields.get(attribute)?.as_slice() else { return None };
        let init = FunctionId { file: keeper.file, index: binding.scope };
        let function = self.function(init);
        let Bound::Value { value: Some(value), .. } = binding.bound else { return None };
        let is_own = function.name == "__init__" && function.class == Some(keeper.index);
        if !is_own || !self.leaves_arguments(init) || !function.always_reaches(span_of(value)) {
            return None;
        }
        // Of a family, a base may make objects by `cls(...)`.
        let is_family = keeper != class || !below.is_empty();
        if self.is_changed(attribute) || is_family && !self.calls_through_class(keeper).is_empty() {
            return None;
        }
        let mut all = None;
        for class in std::iter::once(class).chain(below) {
            let made_by = if class == keeper { init } else { self.constructor_of(class)? };
            let given = self.given_to_all(class, made_by, depth)?;
            if given.is_empty() {
                continue;
            }
            let given = self.given_above(made_by, given, init, depth, MAX_DEPTH)?;
            let entries = certain(init, given);
            let environment = self.extend(super::Environment::default(), entries);
            let known = self.known_within(value, Frame { function: init, environment }, depth + 1)?;
            all = Some(match all {
                None => known,
                Some(before) => known.or(before)?,
            });
        }
        all
    }

    /// What all calls that make objects of a class give for the parameters of its constructor. Without
    /// parameters, not even the object's own, where nobody makes one; none where that cannot be seen.
    fn given_to_all(&self, class: ClassId, init: FunctionId, depth: u8) -> Option<Arguments<'a>> {
        let (facts, function) = (self.class(class), self.function(init));
        if self.sites().handed.contains(facts.name) || !self.leaves_arguments(init) {
            return None;
        }
        let mut given: Arguments<'a> = vec![None; function.parameters.len()];
        let mut made = 0;
        for (caller, call) in self.calls_of(facts.name) {
            let frame = self.plain(caller);
            let callees = self.value(&call.func, frame);
            if callees.is_empty() {
                return None;
            }
            if !callees.contains(&Value::Class(class)) {
                continue;
            }
            for (position, known) in self.given_by(call, frame, init, depth).into_iter().enumerate() {
                let before = given[position];
                given[position] = if made == 0 { known } else { before.zip(known).and_then(|(a, b)| a.or(b)) };
            }
            made += 1;
        }
        Some(if made > 0 { given } else { Vec::new() })
    }

    /// What is certain of the arguments that one call gives to a constructor.
    fn given_by(&self, call: &'a ast::ExprCall, frame: Frame, init: FunctionId, depth: u8) -> Arguments<'a> {
        let lacks = |name: &str, mapping: &Expr| self.lacks(mapping, name, frame.function);
        let known = |(position, parameter): (usize, &Parameter<'a>)| {
            let lacks = |mapping: &'a Expr| lacks(parameter.name, mapping);
            match given_for(position, parameter.name, call, &lacks) {
                Given::As(argument) if position > 0 => self.known_within(argument, frame, depth + 1),
                Given::Not if position > 0 => parameter.default.and_then(super::known::literal),
                _ => None,
            }
        };
        self.function(init).parameters.iter().enumerate().map(known).collect()
    }

    /// What the constructor of a base is given where the one of a class is given this, and always calls it.
    fn given_above(
        &self,
        init: FunctionId,
        given: Arguments<'a>,
        wanted: FunctionId,
        depth: u8,
        hops: u8,
    ) -> Option<Arguments<'a>> {
        if init == wanted {
            return Some(given);
        }
        let (call, base) = self.calls_base(init).filter(|_| hops > 0)?;
        let environment = self.extend(super::Environment::default(), certain(init, given));
        let frame = Frame { function: init, environment };
        self.given_above(base, self.given_by(call, frame, base, depth), wanted, depth, hops - 1)
    }

    /// The class that gives an attribute its values, if no other one above or below does.
    fn keeps_alone(&self, class: ClassId, below: &[ClassId], attribute: &str) -> Option<ClassId> {
        let keeps = |class: &ClassId| self.class(*class).fields.contains_key(attribute);
        let line = self.ancestry(class);
        let of_project = |value: &Value<'a>| if let Value::Class(other) = value { Some(*other) } else { None };
        let mut keepers = line.iter().filter_map(of_project).filter(keeps);
        let (keeper, None) = (keepers.next()?, keepers.next()) else { return None };
        (!below.iter().any(keeps)).then_some(keeper)
    }

    /// The constructor of a class, or the one that it has from its base.
    fn constructor_of(&self, class: ClassId) -> Option<FunctionId> {
        match self.method(class, "__init__").as_slice() {
            [Value::Function(init)] => Some(init.function),
            _ => None,
        }
    }

    /// Whether a mapping that a function writes out, and adds to by literal keys alone, has no entry of this name.
    fn lacks(&self, mapping: &Expr, entry: &str, caller: FunctionId) -> bool {
        let Expr::Name(mapping) = mapping else { return false };
        let mapping = mapping.id.as_str();
        let function = self.function(caller);
        let is_it = |expr: &Expr| matches!(expr, Expr::Name(name) if name.id.as_str() == mapping);
        let is_other = |key: &Expr| matches!(key, Expr::StringLiteral(key) if key.value.to_str() != entry);
        let Some([binding]) = function.bindings.get(mapping).map(Vec::as_slice) else { return false };
        let Bound::Value { value: Some(Expr::Dict(written)), .. } = binding.bound else { return false };
        let is_written = written.items.iter().all(|item| item.key.as_ref().is_some_and(is_other));
        let may_add = |event: &Event<'a>| match event.kind {
            EventKind::Write(Expr::Subscript(target)) => is_it(&target.value) && !is_other(&target.slice),
            EventKind::Call(call, _) => {
                let on_it = matches!(&*call.func, Expr::Attribute(method) if is_it(&method.value));
                on_it || call.arguments.args.iter().any(is_it)
            }
            _ => false,
        };
        is_written && !function.events.iter().chain(&function.once).any(may_add)
    }
}

/// What is certain of the arguments of a function, as is kept with it.
fn certain(function: FunctionId, given: Arguments<'_>) -> Vec<Entry<'_>> {
    let known = given.into_iter().zip(0..);
    known.filter_map(|(known, position)| Some(((function, Types::certain(position)), Value::Known(known?)))).collect()
}

/// What a call gives for a parameter of a constructor, where `lacks` knows which mappings have no entry of its name.
pub(super) fn given_for<'a>(
    position: usize,
    name: &str,
    call: &'a ast::ExprCall,
    lacks: &dyn Fn(&'a Expr) -> bool,
) -> Given<'a> {
    let given = &call.arguments;
    let named = given.keywords.iter().find(|one| one.arg.as_ref().is_some_and(|arg| arg.as_str() == name));
    if let Some(keyword) = named {
        return Given::As(&keyword.value);
    }
    if given.args.iter().any(Expr::is_starred_expr) {
        return Given::Unseen;
    }
    if let Some(argument) = position.checked_sub(1).and_then(|at| given.args.get(at)) {
        return Given::As(argument);
    }
    let mut spread = given.keywords.iter().filter(|one| one.arg.is_none());
    if spread.all(|one| lacks(&one.value)) { Given::Not } else { Given::Unseen }
}

/// The names that a call is given, or that stand in a display: somebody else may call what they stand for.
pub(super) fn names_handed<'a>(expr: &'a Expr, found: &mut Vec<&'a str>, depth: u8) {
    if depth > MAX_DEPTH {
        return;
    }
    match expr {
        Expr::Name(name) => found.push(name.id.as_str()),
        Expr::Attribute(attribute) => found.push(attribute.attr.as_str()),
        Expr::List(ast::ExprList { elts, .. })
        | Expr::Tuple(ast::ExprTuple { elts, .. })
        | Expr::Set(ast::ExprSet { elts, .. }) => elts.iter().for_each(|one| names_handed(one, found, depth + 1)),
        Expr::Dict(dict) => dict.items.iter().for_each(|item| names_handed(&item.value, found, depth + 1)),
        Expr::If(choice) => {
            names_handed(&choice.body, found, depth + 1);
            names_handed(&choice.orelse, found, depth + 1);
        }
        _ => {}
    }
}

/// The names that a call hands on.
pub(super) fn handed_by<'a>(call: &'a ast::ExprCall, found: &mut Vec<&'a str>) {
    if ONLY_ASKS.contains(&last_name(&call.func)) {
        return;
    }
    call.arguments.args.iter().for_each(|argument| names_handed(argument, found, 0));
    call.arguments.keywords.iter().for_each(|keyword| names_handed(&keyword.value, found, 0));
}
