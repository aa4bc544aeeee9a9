//! Which parts of a function run only where the environment says otherwise than by default:
//! `if os.getenv("GATEWAY", "FALSE") == "TRUE":`.
//!
//! Nothing of that is certain: whoever starts the application may set the variable. Where no file of the project does,
//! what stands behind a switch that is off speaks of few installations, and what stands behind a choice among several, or
//! behind an address that nobody has to give, of some of them.

use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};

use super::variables::{is_same, is_switch, read_by, set_by_assignment, set_by_call, switches, values_of};
use super::{ClassId, Entry, Frame, FunctionId, Known, Types, Value};
use crate::python::calls::{EventKind, last_name};
use crate::python::names::{Binding, Bound};
use crate::python::syntax::ast::{self, Expr};
use crate::python::syntax::span_of;
use crate::python::syntax::visitor::{self, Visitor};
use crate::source::{Place, Span};
use crate::values::{HashMap, HashSet};

/// How many functions that read variables are looked through for one condition.
const MAX_ANSWERED: u8 = 4;
/// How many calls of a function are looked at that switches something on.
const MAX_SETTING: usize = 32;
/// How many times names are looked for that stand for other ones.
const ROUNDS: usize = 2;
/// The doubts about what stands behind a switch that is off, and behind another choice.
const OFF: u8 = 2;
const ANOTHER: u8 = 1;

/// What answers rest on while variables are taken for what they are by default.
#[derive(Debug, Clone, Copy, Default)]
#[allow(clippy::struct_excessive_bools, reason = "independent facts, not the states of one")]
pub(super) struct Assumed {
    /// Whether they are.
    pub(super) on: bool,
    /// Whether one was read.
    read: bool,
    /// Whether one was read that stands for one of several.
    chosen: bool,
    /// Whether one was read that has no default, and no name of a switch.
    absent: bool,
    /// Whether one was compared with a text.
    compared: bool,
    /// Whether that is done to answer another such question.
    nested: bool,
}

/// A condition that is not met where nobody sets a variable, and how much that speaks against what stands behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Switch {
    /// The condition.
    pub test: Place,
    /// How it has to come out.
    pub holds: bool,
    /// How much speaks against it.
    pub doubts: u8,
}

/// The parts of a function that only run where somebody sets a variable, with the doubts about each.
pub(super) type Switched = Rc<[(Span, u8)]>;
/// What files set variables to, by whether any name that ends so is meant, and the name; for all applications together.
pub(super) type Variables = Mutex<HashMap<(bool, Box<str>), Arc<[Box<str>]>>>;

/// Names that may stand for a variable, and functions that read one.
#[derive(Debug, Default)]
pub(super) struct Switches<'a> {
    names: HashSet<&'a str>,
    readers: HashSet<&'a str>,
    /// Options of files that somebody reads without anything to fall back to: whoever installs it has them set.
    relied_on: HashSet<&'a str>,
    /// Variables that modules set themselves, to a text where it is one.
    set: HashMap<&'a str, Option<&'a str>>,
    reads: bool,
}

impl<'a> Types<'a> {
    /// How much speaks against a part of a function where nobody sets a variable.
    pub fn switched_at(&self, frame: Frame, span: Span) -> u8 {
        let switched = self.switched(frame);
        let around = switched.iter().filter(|(region, _)| region.start <= span.start && span.end <= region.end);
        around.map(|(_, doubts)| *doubts).sum::<u8>().min(OFF)
    }

    /// The condition that speaks most against a part of a function where nobody sets a variable.
    pub fn switch_at(&self, frame: Frame, span: Span) -> Option<Switch> {
        let doubts = self.switched_at(frame, span);
        if doubts == 0 {
            return None;
        }
        let conditions = &self.function(frame.function).conditions;
        let around = conditions.iter().filter(|one| one.region.start <= span.start && span.end <= one.region.end);
        let off =
            around.filter(|one| self.holds_by_default(one.test, frame).is_some_and(|(holds, _)| holds != one.holds));
        let one = off.last()?;
        let test = Place::new(self.facts_at(frame.function.file).file, span_of(one.test));
        Some(Switch { test, holds: one.holds, doubts })
    }

    /// The parts of a function that only run where somebody sets a variable, with the doubts about each.
    pub fn switched(&self, frame: Frame) -> Switched {
        let asking = self.asking_variables(frame.function);
        if asking.is_empty() {
            return Rc::new([]);
        }
        if let Some(known) = self.switched.borrow().get(&frame) {
            return Rc::clone(known);
        }
        let outer = self.rests_on.replace(usize::MAX);
        let conditions = &self.function(frame.function).conditions;
        let mut found = Vec::new();
        for condition in asking.iter().filter_map(|&index| conditions.get(index)) {
            if let Some((holds, doubts)) = self.holds_by_default(condition.test, frame)
                && holds != condition.holds
            {
                found.push((condition.region, doubts));
            }
        }
        let found: Switched = found.into();
        let inner = self.rests_on.replace(outer);
        if inner == usize::MAX {
            self.switched.borrow_mut().insert(frame, Rc::clone(&found));
        }
        self.rests_on(inner);
        found
    }

    /// The number that an expression is where nobody sets the variables that it is read from.
    pub fn number_by_default(&self, expr: &'a Expr, frame: Frame) -> Option<u64> {
        let outer = self.assumed.replace(Assumed { on: true, ..Assumed::default() });
        self.looked_at.set(0);
        let known = self.known_within(expr, frame, 0);
        self.assumed.set(outer);
        match known {
            Some(Known::Number(number)) => Some(number),
            _ => None,
        }
    }

    /// How a condition comes out where nobody sets the variables that it asks about, and the doubts about the contrary.
    fn holds_by_default(&self, test: &'a Expr, frame: Frame) -> Option<(bool, u8)> {
        let nested = self.assumed.get().on;
        let outer = self.assumed.replace(Assumed { on: true, nested, ..Assumed::default() });
        self.looked_at.set(0);
        let holds = self.truth_of(test, frame, 0);
        let assumed = self.assumed.replace(outer);
        let is_choice = assumed.chosen || assumed.absent && !assumed.compared;
        holds.filter(|_| assumed.read).map(|holds| (holds, if is_choice { ANOTHER } else { OFF }))
    }

    /// What a call gives where it reads a variable that nobody sets.
    pub(super) fn given_by_default(&self, call: &'a ast::ExprCall, frame: Frame, depth: u8) -> Option<Known<'a>> {
        if !self.assumed.get().on {
            return None;
        }
        if let Some(variable) = read_by(call) {
            let Known::Text(name) = self.known_within(variable.name, frame, depth + 1)? else { return None };
            let default = match variable.default {
                Some(default) => self.known_within(default, frame, depth + 1)?,
                None => Known::None,
            };
            let default = cast(default, variable.cast).unwrap_or(default);
            return self.taken(name, false, default);
        }
        // `parser.getboolean("section", "NAME", fallback=False)`
        if let (Some(fallback), [_, name], true) =
            (call.arguments.find_keyword("fallback"), &*call.arguments.args, last_name(&call.func).starts_with("get"))
        {
            let Known::Text(name) = self.known_within(name, frame, depth + 1)? else { return None };
            if self.switches().relied_on.contains(name) {
                return None;
            }
            let default = self.known_within(&fallback.value, frame, depth + 1)?;
            return self.taken(name, false, default);
        }
        if let (Expr::Name(callee), [given]) = (&*call.func, &*call.arguments.args) {
            let made = match callee.id.as_str() {
                "bool" => return self.truth_of(given, frame, depth + 1).map(Known::Bool),
                "str" => match self.known_within(given, frame, depth + 1)? {
                    Known::Bool(on) => Some(Known::Text(if on { "True" } else { "False" })),
                    text @ Known::Text(_) => Some(text),
                    _ => None,
                },
                name @ ("int" | "strtobool") => cast(self.known_within(given, frame, depth + 1)?, Some(name)),
                _ => None,
            };
            if made.is_some() {
                return made;
            }
        }
        self.answered_by_default(call, frame, depth)
    }

    /// Takes a variable for its default, unless a file of the project says otherwise.
    fn taken(&self, name: &str, ends: bool, default: Known<'a>) -> Option<Known<'a>> {
        let default = match self.switches().set.get(name) {
            Some(text) => Known::Text((*text)?),
            None => default,
        };
        if self.is_set_otherwise(name, ends, default) {
            return None;
        }
        let mut assumed = self.assumed.get();
        assumed.read = true;
        match default {
            Known::Text("") | Known::None | Known::Empty => assumed.absent |= !is_switch(name),
            Known::Text(text) => assumed.chosen |= switches(text).is_none(),
            Known::Number(_) => assumed.chosen = true,
            _ => {}
        }
        self.assumed.set(assumed);
        Some(default)
    }

    /// Whether a file of the project sets a variable to something else than that.
    fn is_set_otherwise(&self, name: &str, ends: bool, default: Known<'a>) -> bool {
        let kept = || self.project.variables.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (ends, Box::from(name));
        let known = kept().get(&key).cloned();
        // Nobody waits for the lock while the files are looked through.
        let values = known.unwrap_or_else(|| {
            let values: Arc<[Box<str>]> =
                values_of(self.project.files, name, ends).into_iter().map(Box::from).collect();
            kept().insert(key, Arc::clone(&values));
            values
        });
        values.iter().any(|value| !is_same(default, value))
    }

    /// What a function of the project answers that reads a variable: `def flag(name, default): ...`.
    fn answered_by_default(&self, call: &'a ast::ExprCall, frame: Frame, depth: u8) -> Option<Known<'a>> {
        let readers = &self.switches().readers;
        if depth > MAX_ANSWERED || !readers.contains(last_name(&call.func)) {
            return None;
        }
        let [Value::Function(target)] = *self.value(&call.func, frame) else { return None };
        let function = self.function(target.function);
        if function.is_async || function.is_generator || function.class.is_some() {
            return None;
        }
        let mut entries: Vec<Entry<'a>> = Vec::new();
        for (parameter, position) in function.parameters.iter().zip(0_u16..) {
            let named = call.arguments.find_keyword(parameter.name).map(|keyword| &keyword.value);
            let known = match named.or_else(|| call.arguments.args.get(usize::from(position))) {
                Some(given) => self.known_within(given, frame, depth + 1),
                None => parameter.default.and_then(super::known::literal),
            };
            entries.extend(known.map(|known| ((target.function, Self::certain(position)), Value::Known(known))));
        }
        let within = Frame { environment: self.extend(target.environment, entries), ..target };
        let before = self.assumed.get();
        let runs = |result: &&&'a Expr| {
            let at = span_of(**result);
            let around = function.conditions.iter().filter(|one| one.region.contains(at.start));
            around.into_iter().all(|one| self.truth_of(one.test, within, depth + 1) != Some(!one.holds))
        };
        let mut results = function.results.iter().filter(runs);
        let (result, None) = (results.next()?, results.next()) else { return None };
        let known = self.known_within(result, within, depth + 1)?;
        // The function has a default of its own for what is not set.
        if known != Known::None {
            let inner = self.assumed.get();
            let chosen = matches!(known, Known::Text(text) if switches(text).is_none());
            self.assumed.set(Assumed { absent: before.absent, chosen: inner.chosen || chosen, ..inner });
        }
        Some(known)
    }

    /// What an attribute of a class, or of its objects, is where nobody sets the variable that it is read from.
    pub(super) fn attribute_by_default(
        &self,
        class: ClassId,
        name: &'a str,
        is_settings: bool,
        depth: u8,
    ) -> Option<Known<'a>> {
        if !self.assumed.get().on || self.is_set_from_outside(name) {
            return None;
        }
        let line = self.ancestry(class);
        let (owner, bindings) = line.iter().find_map(|value| match value {
            Value::Class(owner) => self.class(*owner).fields.get(name).map(|bindings| (*owner, bindings)),
            _ => None,
        })?;
        let (first, others) = bindings.split_first()?;
        let Bound::Value { value: Some(value), .. } = first.bound else { return None };
        if !others.is_empty() && !self.only_switched_set(others, owner.file) {
            return None;
        }
        let frame = self.plain(FunctionId { file: owner.file, index: first.scope });
        if is_settings || self.is_of_settings(class) {
            let default = self.known_within(field_default(value)?, frame, depth + 1)?;
            if self.is_set_otherwise(name, false, default) {
                return None;
            }
            return self.taken(&name.to_ascii_uppercase(), true, default);
        }
        let known = self.known_within(value, frame, depth + 1)?;
        if !others.is_empty() {
            self.reads_variable();
        }
        // What is switched on later is off until then.
        (others.is_empty() || known.truth() == Some(false)).then_some(known)
    }

    /// Whether each of these assignments only runs where somebody sets a variable: they stand behind a switch, or all
    /// calls of their function do.
    fn only_switched_set(&self, assigned: &[Binding<'a>], file: u32) -> bool {
        !self.assumed.get().nested
            && assigned.iter().all(|binding| {
                if matches!(binding.bound, Bound::Value { value: Some(Expr::BooleanLiteral(flag)), .. } if !flag.value)
                {
                    return true;
                }
                let function = self.plain(FunctionId { file, index: binding.scope });
                self.switched_at(function, Span::new(binding.at, binding.at)) > 0
                    || binding.scope != 0 && self.is_only_called_switched(function.function)
            })
    }

    fn is_only_called_switched(&self, id: FunctionId) -> bool {
        let name = self.function(id).name;
        let mut calls = self.calls_of(name);
        if calls.is_empty() {
            // The program that starts the server is not what the server loads.
            let everywhere = self.project.calls_named(name);
            if everywhere.len() > MAX_SETTING {
                return false;
            }
            calls = everywhere.collect();
        }
        // What is done with what a call gives is done with nothing here.
        let is_used = |caller: FunctionId, call: &'a ast::ExprCall| {
            let is_it = |given: &Expr| matches!(given, Expr::Call(other) if std::ptr::eq(other, call));
            let calls = &self.facts_at(caller.file).calls;
            self.function(id).results.is_empty()
                && calls.iter().any(|(_, outer)| outer.arguments.args.iter().any(is_it))
        };
        let may_mean = |(caller, call): &(FunctionId, &'a ast::ExprCall)| {
            let callees = self.value(&call.func, self.plain(*caller));
            callees.is_empty() && !is_used(*caller, call)
                || callees.iter().any(|callee| matches!(callee, Value::Function(target) if target.function == id))
        };
        if calls.len() > MAX_SETTING {
            return false;
        }
        let mut calls = calls.into_iter().filter(may_mean).peekable();
        calls.peek().is_some() && calls.all(|(caller, call)| self.switched_at(self.plain(caller), span_of(call)) > 0)
    }

    /// Says that an answer rests on what a variable is by default.
    fn reads_variable(&self) {
        let assumed = self.assumed.get();
        self.assumed.set(Assumed { read: true, ..assumed });
    }

    /// Whether the fields of an object are what somebody configures: a model that the module itself holds.
    pub(super) fn is_held_by_module(&self, object: &'a Expr, class: ClassId, frame: Frame) -> bool {
        if !self.assumed.get().on || !self.library_bases(class).iter().any(|base| base.ends_with(".BaseModel")) {
            return false;
        }
        let mut root = object;
        while let Expr::Attribute(attribute) = root {
            root = &attribute.value;
        }
        let Expr::Name(name) = root else { return false };
        let sources = self.sources(name.id.as_str(), frame, span_of(name).start);
        let is_of_module = |(bound, home): &(Bound<'a>, Frame)| {
            home.function.index == 0 && matches!(bound, Bound::Value { value: Some(Expr::Call(_)), .. })
        };
        !sources.is_empty() && sources.iter().all(is_of_module)
    }

    /// Whether a name of a module is only given a value here where somebody sets a variable.
    pub(super) fn is_switched_binding(&self, binding: &Binding<'a>, file: u32) -> bool {
        let is = binding.scope == 0 && self.only_switched_set(std::slice::from_ref(binding), file);
        if is {
            self.reads_variable();
        }
        is
    }

    /// Whether the fields of a class are read from variables of their names.
    fn is_of_settings(&self, class: ClassId) -> bool {
        self.ancestry(class).iter().any(|base| match base {
            Value::External(name) => name.ends_with(".BaseSettings"),
            // One of the project's own, written after the library's.
            Value::Class(base) => *base != class && self.class(*base).name == "BaseSettings",
            _ => false,
        })
    }

    /// Says that a text is what something was compared with: that is one of several, or a switch.
    pub(super) fn compares_text(&self, compares: bool) {
        let assumed = self.assumed.get();
        self.assumed.set(Assumed { compared: assumed.compared || compares && assumed.on, ..assumed });
    }

    /// Whether variables are taken for what they are by default.
    pub(super) fn assumes_defaults(&self) -> bool {
        self.assumed.get().on
    }

    /// What a name of a module stands for where nobody sets the variable that it is read from.
    pub(super) fn constant_by_default(&self, value: &'a Expr, file: u32) -> Option<Known<'a>> {
        if !self.assumed.get().on {
            return None;
        }
        self.known_within(value, self.module_frame(file), 1)
    }

    /// The conditions of a function that may ask about variables.
    fn asking_variables(&self, id: FunctionId) -> Rc<[usize]> {
        let conditions = &self.function(id).conditions;
        if conditions.is_empty() || !self.switches().reads {
            return Rc::new([]);
        }
        if let Some(known) = self.asking_variables.borrow().get(&id) {
            return Rc::clone(known);
        }
        let mut asks = Asks { switches: self.switches(), types: Some((self, id)), hops: 2, found: false };
        let asking = conditions.iter().zip(0..).filter(|(condition, _)| {
            asks.found = false;
            asks.visit_expr(condition.test);
            asks.found && !condition.in_development
        });
        let asking: Rc<[usize]> = asking.map(|(_, index)| index).collect();
        self.asking_variables.borrow_mut().insert(id, Rc::clone(&asking));
        asking
    }

    fn switches(&self) -> &Switches<'a> {
        self.switches.get_or_init(|| {
            let mut switches = Switches::default();
            let reads: Vec<bool> = self.files().map(|file| switches.reads_in(self, file)).collect();
            for _ in 0..ROUNDS {
                for (file, reads) in self.files().zip(&reads) {
                    switches.names_of(self, file, *reads);
                }
            }
            switches.reads |= !switches.names.is_empty();
            switches
        })
    }
}

impl<'a> Switches<'a> {
    /// Whether a file reads variables; the functions that do are kept.
    fn reads_in(&mut self, types: &Types<'a>, file: u32) -> bool {
        let facts = types.facts_at(file);
        let mut reads = false;
        let is_loaded = types.is_loaded(file);
        for event in facts.functions.iter().flat_map(|function| &function.events).filter(|_| is_loaded) {
            if let EventKind::Write(target) = event.kind
                && let Some(name) = set_by_assignment(target)
            {
                self.set.insert(name, None);
            }
        }
        for (index, call) in &facts.calls {
            if let Some((name, value)) = set_by_call(call).filter(|_| is_loaded) {
                let text = value.as_string_literal_expr().map(|text| text.value.to_str());
                self.set.entry(name).and_modify(|known| *known = known.filter(|one| text == Some(one))).or_insert(text);
            }
            self.relied_on.extend(option_relied_on(call));
            if read_by(call).is_some() {
                reads = true;
                if let Some(function) = facts.functions.get(*index as usize).filter(|_| *index != 0) {
                    self.readers.insert(function.name);
                }
            }
        }
        self.reads |= reads;
        reads
    }

    /// Keeps the names of a file that stand for what is read.
    fn names_of(&mut self, types: &Types<'a>, file: u32, reads: bool) {
        let facts = types.facts_at(file);
        let asks = reads || facts.calls.iter().any(|(_, call)| self.readers.contains(last_name(&call.func)));
        let value = |binding: &Binding<'a>| match binding.bound {
            Bound::Value { value, .. } => value,
            _ => None,
        };
        let of_module = facts.functions.first().into_iter().flat_map(|module| &module.bindings);
        let of_classes = facts.classes.iter().flat_map(|class| &class.fields);
        let mut found = Vec::new();
        if asks {
            for (name, bindings) in
                of_module.map(|(name, all)| (*name, all)).chain(of_classes.map(|(name, all)| (*name, all)))
            {
                let mut asks = Asks { switches: self, types: None, hops: 0, found: false };
                bindings.iter().filter_map(value).for_each(|value| asks.visit_expr(value));
                found.extend(asks.found.then_some(name));
            }
        }
        // `if os.getenv("DUMPS"): DUMPS = make()`
        if let Some(module) = facts.functions.first().filter(|_| asks) {
            let mut asks = Asks { switches: self, types: None, hops: 0, found: false };
            let mut behind = Vec::new();
            for condition in &module.conditions {
                asks.found = false;
                asks.visit_expr(condition.test);
                behind.extend(asks.found.then_some(condition.region));
            }
            let is_behind = |binding: &Binding<'a>| behind.iter().any(|region| region.contains(binding.at));
            let names = module.bindings.iter().filter(|(_, all)| all.len() > 1 && all.iter().any(is_behind));
            found.extend(names.map(|(name, _)| *name));
        }
        // What a method sets that begins as `False` may be called behind a switch.
        for class in &facts.classes {
            let begins_off =
                |binding: &Binding<'a>| matches!(value(binding), Some(Expr::BooleanLiteral(flag)) if !flag.value);
            let flags = class.fields.iter().filter(|(_, all)| all.len() > 1 && all.first().is_some_and(begins_off));
            found.extend(flags.map(|(name, _)| *name));
        }
        // `def multi(): return settings.multi`
        let answering = facts.functions.iter().skip(1).filter(|function| {
            function.class.is_none()
                && function.results.len() == 1
                && function.bindings.len() == function.parameters.len()
        });
        let answering: Vec<&'a str> = answering
            .filter(|function| {
                let mut asks = Asks { switches: self, types: None, hops: 0, found: false };
                function.results.iter().for_each(|result| asks.visit_expr(result));
                asks.found
            })
            .map(|function| function.name)
            .collect();
        self.readers.extend(answering);
        let is_model = |name: &str| name.ends_with("Model") && name != "Model";
        let is_settings = |base: &Expr| last_name(base).ends_with("Settings") || is_model(last_name(base));
        let of_settings = facts.classes.iter().filter(|class| class.bases.iter().any(is_settings));
        found.extend(of_settings.flat_map(|class| class.fields.keys().copied()));
        self.names.extend(found);
    }
}

/// Looks for what may stand for a variable.
struct Asks<'s, 't, 'a> {
    switches: &'s Switches<'a>,
    /// The function whose names are looked through.
    types: Option<(&'t Types<'a>, FunctionId)>,
    hops: u8,
    found: bool,
}

impl<'a> Visitor<'a> for Asks<'_, '_, 'a> {
    fn visit_expr(&mut self, expr: &'a Expr) {
        let is_known = |name: &str| self.switches.names.contains(name);
        match expr {
            _ if self.found => {}
            Expr::Call(call) if read_by(call).is_some() || self.switches.readers.contains(last_name(&call.func)) => {
                self.found = true;
            }
            Expr::Attribute(attribute) if is_known(attribute.attr.as_str()) => self.found = true,
            Expr::Name(name) if is_known(name.id.as_str()) => self.found = true,
            Expr::Name(name) if self.hops > 0 => {
                let Some((types, id)) = self.types else { return };
                let bindings = types.function(id).bindings.get(name.id.as_str()).filter(|_| id.index != 0);
                self.hops -= 1;
                for binding in bindings.into_iter().flatten().take(4) {
                    if let Bound::Value { value: Some(value), .. } = binding.bound {
                        self.visit_expr(value);
                    }
                }
                self.hops += 1;
            }
            _ => visitor::walk_expr(self, expr),
        }
    }
}

/// `parser.getboolean("section", "NAME")`, which raises where the file does not have it.
fn option_relied_on(call: &ast::ExprCall) -> Option<&str> {
    let Expr::Attribute(method) = &*call.func else { return None };
    let [_, Expr::StringLiteral(name)] = &*call.arguments.args else { return None };
    let reads = matches!(method.attr.as_str(), "get" | "getboolean" | "getfloat" | "getint");
    (reads && call.arguments.keywords.is_empty()).then(|| name.value.to_str())
}

/// What a text is made into.
fn cast<'a>(known: Known<'a>, to: Option<&str>) -> Option<Known<'a>> {
    let Known::Text(text) = known else { return None };
    match to? {
        "bool" | "strtobool" => switches(text).map(Known::Bool),
        "int" => text.parse().ok().map(Known::Number),
        _ => None,
    }
}

/// The default of a field: `False`, `Field(False)`, `Field(default=False)`.
fn field_default(value: &Expr) -> Option<&Expr> {
    match value {
        Expr::Call(call) if last_name(&call.func) == "Field" => {
            let named = call.arguments.find_keyword("default").map(|keyword| &keyword.value);
            named.or_else(|| call.arguments.args.first())
        }
        other => Some(other),
    }
}
