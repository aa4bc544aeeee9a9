//! What is known of arguments, kept small enough to be compared.

use std::rc::Rc;

use super::{Entry, Environment, Frame, FunctionId, Types, Value};

/// How many environments one run may tell apart.
const MAX_ENVIRONMENTS: usize = 20_000;
/// How deep callables may be bound inside callables.
const MAX_NESTED_ENVIRONMENTS: u8 = 3;

impl<'a> Types<'a> {
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
        entries.sort_by_key(|entry| entry.0);
        let entries: Rc<[Entry<'a>]> = entries.into();
        if let Some(&known) = self.known_environments.borrow().get(&entries) {
            return known;
        }
        let mut environments = self.environments.borrow_mut();
        if environments.len() >= MAX_ENVIRONMENTS {
            return Environment::default();
        }
        let new = Environment(u32::try_from(environments.len()).unwrap_or(0));
        environments.push(Rc::clone(&entries));
        self.known_environments.borrow_mut().insert(entries, new);
        new
    }

    pub(super) fn nesting(&self, value: &Value<'a>) -> u8 {
        let (Value::Function(frame)
        | Value::Coroutine(frame)
        | Value::Generator(frame)
        | Value::Manager(frame)
        | Value::Alias(_, frame)) = value
        else {
            return 0;
        };
        if frame.environment == Environment::default() {
            return 0;
        }
        let entries = Rc::clone(&self.environments.borrow()[frame.environment.0 as usize]);
        let deepest = entries.iter().map(|(_, value)| self.nesting(value)).max();
        deepest.unwrap_or(0).saturating_add(1)
    }
}
