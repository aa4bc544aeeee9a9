//! Classes that fill in a protocol without inheriting from it.

use super::{ClassId, FunctionId, Types, Value};
use crate::python::calls::Function;

/// How many implementations of a protocol are looked at.
const MAX_IMPLEMENTATIONS: usize = 8;

impl<'a> Types<'a> {
    /// Whether a class is a `Protocol` itself.
    pub(super) fn is_protocol(&self, class: ClassId) -> bool {
        let is_base = |value: &Value<'a>| matches!(value, Value::External(name) if name.ends_with(".Protocol"));
        self.bases(class).iter().any(is_base)
    }

    /// Of values that stand where a protocol is asked for, those that say more: objects of other classes, and functions.
    pub(super) fn more_than_protocol(&self, protocol: ClassId, values: Vec<Value<'a>>) -> Vec<Value<'a>> {
        let says_more = |value: &Value<'a>| match value {
            Value::Object(class) => *class != protocol && !self.is_protocol(*class),
            Value::Function(_) => self.class(protocol).methods.contains_key("__call__"),
            _ => false,
        };
        values.into_iter().filter(says_more).collect()
    }

    /// The loaded classes that have every method of a protocol, each as asynchronous as it asks.
    pub(super) fn implementations(&self, protocol: ClassId) -> Vec<ClassId> {
        if !self.is_protocol(protocol) {
            return Vec::new();
        }
        if let Some(known) = self.implementations.borrow().get(&protocol) {
            return known.clone();
        }
        let found = self.find_implementations(protocol);
        self.implementations.borrow_mut().insert(protocol, found.clone());
        found
    }

    fn find_implementations(&self, protocol: ClassId) -> Vec<ClassId> {
        let methods = &self.class(protocol).methods;
        let mut wanted: Vec<(&str, u32)> =
            methods.iter().filter_map(|(name, all)| Some((*name, *all.last()?))).collect();
        wanted.sort_unstable();
        wanted.retain(|(name, _)| !name.starts_with("__") || *name == "__call__");
        if wanted.is_empty() {
            return Vec::new();
        }
        let mut found = Vec::new();
        for &file in self.loaded.borrow().iter() {
            for (class, index) in self.facts_at(file).classes.iter().zip(0..) {
                let id = ClassId { file, index };
                // Cheap first: one of the methods is nearly always the class's own.
                let plausible = wanted.iter().any(|(name, _)| class.methods.contains_key(name));
                if plausible
                    && id != protocol
                    && found.len() < MAX_IMPLEMENTATIONS
                    && self.fills_in(id, protocol, &wanted)
                {
                    found.push(id);
                }
            }
        }
        found
    }

    fn fills_in(&self, class: ClassId, protocol: ClassId, wanted: &[(&str, u32)]) -> bool {
        if self.is_protocol(class) {
            return false;
        }
        let line = self.ancestry(class);
        wanted.iter().all(|&(name, index)| {
            let asked = self.function(FunctionId { file: protocol.file, index });
            line.iter().any(|value| {
                let Value::Class(owner) = value else { return false };
                let own = self.class(*owner).methods.get(name).and_then(|all| all.last());
                own.is_some_and(|&index| {
                    let function = self.function(FunctionId { file: owner.file, index });
                    function.is_async == asked.is_async
                        && !function.is_abstract
                        && takes_what(function, asked)
                        && (wanted.len() > 1 || name != "__call__" || is_named_alike(function, asked))
                })
            })
        })
    }
}

/// Whether a method takes as many arguments as one of a protocol is given.
fn takes_what(function: &Function<'_>, asked: &Function<'_>) -> bool {
    let open_ended = |function: &Function<'_>| function.parameters.iter().any(|one| one.variadic);
    let required = |function: &Function<'_>| {
        function.parameters.iter().filter(|one| !one.variadic && one.default.is_none()).count()
    };
    let most = |function: &Function<'_>| function.parameters.iter().filter(|one| !one.variadic).count();
    (open_ended(asked) || required(function) <= most(asked))
        && (open_ended(function) || required(asked) <= most(function))
}

/// Whether a method has the parameters of one of a protocol by their names. Where anything that can be called
/// would do, only these tell who is meant.
fn is_named_alike(function: &Function<'_>, asked: &Function<'_>) -> bool {
    let has = |name: &str| function.parameters.iter().any(|one| one.name == name && !one.variadic);
    let own = asked.parameters.iter().skip(1).filter(|one| !one.variadic && !one.name.starts_with("__"));
    own.clone().all(|one| has(one.name)) && (own.count() > 0 || !function.parameters.iter().any(|one| one.variadic))
}
