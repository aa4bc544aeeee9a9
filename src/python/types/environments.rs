//! What is known of arguments, kept small enough to be compared.

use crate::values::Order as _;
use std::rc::Rc;

use super::{Entry, Environment, Frame, FunctionId, Types, Value};

/// How many environments one run may tell apart.
const MAX_ENVIRONMENTS: usize = 20_000;
/// How deep callables may be bound inside callables.
const MAX_NESTED_ENVIRONMENTS: u8 = 3;

/// The function whose argument marks an environment in which callers are asked for what is not known.
const ANYONE: FunctionId = FunctionId { file: u32::MAX, index: u32::MAX };
/// The position under which the number of arguments that are bound already is kept.
const BOUND: u16 = u16::MAX;

impl<'a> Types<'a> {
    /// The same function, with its parameters joined over all of its callers.
    pub(super) fn open(&self, frame: Frame) -> Frame {
        Frame { environment: self.extend(frame.environment, vec![((ANYONE, 0), Value::Unknown)]), ..frame }
    }

    /// Whether callers are asked for what is not known.
    pub(super) fn is_open(&self, frame: Frame) -> bool {
        self.argument(frame, ANYONE, 0).is_some()
    }

    /// How many positional arguments of a function are bound already.
    pub(super) fn bound_arguments(&self, frame: Frame) -> usize {
        match self.argument(frame, frame.function, BOUND) {
            Some(Value::Tuple(parts)) => parts.len(),
            _ => 0,
        }
    }

    /// An entry that says how many are.
    pub(super) fn bound_entry(function: FunctionId, count: usize) -> Entry<'a> {
        let nothing: super::Values<'a> = Rc::new([]);
        let parts = std::iter::repeat_n(nothing, count.min(16));
        ((function, BOUND), Value::Tuple(parts.collect()))
    }

    /// Everything that an environment says.
    pub(super) fn entries_of(&self, environment: Environment) -> Rc<[Entry<'a>]> {
        self.environments.borrow().get(environment.0 as usize).cloned().unwrap_or_else(|| Rc::new([]))
    }

    /// What is known of a parameter.
    pub(super) fn argument(&self, frame: Frame, function: FunctionId, position: u16) -> Option<Value<'a>> {
        let environments = self.environments.borrow();
        let entries = environments.get(frame.environment.0 as usize)?;
        entries.iter().find(|(key, _)| *key == (function, position)).map(|(_, value)| value.clone())
    }

    /// `environment` with more known arguments.
    pub(super) fn extend(&self, environment: Environment, more: Vec<Entry<'a>>) -> Environment {
        if more.is_empty() {
            return environment;
        }
        let mut entries: Vec<Entry<'a>> = self.environments.borrow()[environment.0 as usize].to_vec();
        for (key, value) in more {
            if self.nesting(&value) > MAX_NESTED_ENVIRONMENTS {
                continue;
            }
            match entries.iter_mut().find(|(known, _)| *known == key) {
                Some(entry) => entry.1 = value,
                None => entries.push((key, value)),
            }
        }
        entries.order_by_key(|entry| entry.0);
        let entries: Rc<[Entry<'a>]> = entries.into();
        if let Some(&known) = self.known_environments.borrow().get(&entries) {
            return known;
        }
        let deepest = self.deepest(entries.iter().map(|(_, value)| value));
        let mut environments = self.environments.borrow_mut();
        if environments.len() >= MAX_ENVIRONMENTS {
            return Environment::default();
        }
        self.depths.borrow_mut().push(deepest.saturating_add(1));
        let new = Environment(u32::try_from(environments.len()).unwrap_or(0));
        environments.push(Rc::clone(&entries));
        self.known_environments.borrow_mut().insert(entries, new);
        new
    }

    /// How many environments a value leads through.
    pub(super) fn nesting(&self, value: &Value<'a>) -> u8 {
        let frame = match value {
            Value::Function(frame)
            | Value::Coroutine(frame)
            | Value::Generator(frame)
            | Value::Manager(frame)
            | Value::Alias(_, frame) => frame,
            Value::Items(inner) | Value::Mapping(inner) | Value::Returns(inner) => return self.nesting(inner),
            Value::Either(values) => return self.deepest(values.iter()),
            Value::Tuple(parts) => return self.deepest(parts.iter().flat_map(|part| part.iter())),
            Value::Record(entries) => return self.deepest(entries.iter().flat_map(|(_, values)| values.iter())),
            Value::Lazy(lazy) => return self.deepest(lazy.calls.iter().chain(&lazy.over).chain(&lazy.items)),
            _ => return 0,
        };
        self.depths.borrow().get(frame.environment.0 as usize).copied().unwrap_or(0)
    }

    fn deepest<'v>(&self, values: impl Iterator<Item = &'v Value<'a>>) -> u8
    where
        'a: 'v,
    {
        values.map(|value| self.nesting(value)).max().unwrap_or(0)
    }
}
