//! What a project says about its own code, and which functions that concerns.

use crate::python::catalogue::Extension;
use crate::python::effects::Mark;
use crate::python::frameworks::{Context, Found, Framework, Role};
use crate::python::modules::ModuleRef;
use crate::python::syntax::ast::{Decorator, Expr};
use crate::python::types::{FunctionId, Types, Value};
use crate::values::HashMap;

/// What a project says about its own code. Names are dotted, from the folder that imports start in; one
/// that ends in `.*` stands for every function of a module, or every method of a class.
#[derive(Debug, Clone, Default)]
pub struct Instructions {
    /// Libraries that the catalogue does not know, and functions of the project that block.
    pub catalogue: Extension,
    /// Functions that run elsewhere whatever they are given.
    pub offloaders: Vec<String>,
    /// Decorators that make the functions under them run elsewhere.
    pub safe_decorators: Vec<String>,
    /// Functions that the event loop calls although no framework shows it.
    pub entry_points: Vec<String>,
    /// The file that says so.
    pub file: String,
}

impl Instructions {
    /// Functions that need no look inside, among the modules of these indices.
    pub(super) fn marks(&self, types: &Types<'_>, modules: &[u32]) -> HashMap<FunctionId, Mark> {
        let mut marks = HashMap::default();
        for (name, effect) in self.catalogue.calls() {
            marks.extend(functions(types, name).into_iter().map(|id| (id, Mark::Blocks(name, effect))));
        }
        for (class, known) in self.catalogue.types() {
            for method in known.blocking() {
                for id in functions(types, &format!("{class}.{method}")) {
                    let own = types.function(id).name;
                    // A star stands for the public ones, less what is said to be safe.
                    if let Some(effect) = known.method(own) {
                        marks.insert(id, Mark::Blocks(class, effect));
                    }
                }
            }
        }
        let away = self.offloaders.iter().flat_map(|name| functions(types, name));
        marks.extend(away.map(|id| (id, Mark::Leave)));
        if !self.safe_decorators.is_empty() {
            let decorated = modules.iter().flat_map(|&file| self.decorated(types, file));
            marks.extend(decorated.map(|id| (id, Mark::Leave)));
        }
        marks
    }

    /// The functions of a module that a safe decorator stands above.
    fn decorated<'a>(&self, types: &Types<'a>, file: u32) -> Vec<FunctionId> {
        let wanted: Vec<FunctionId> = self.safe_decorators.iter().flat_map(|name| functions(types, name)).collect();
        let mut found = Vec::new();
        for (function, index) in types.facts_at(file).functions.iter().zip(0..) {
            let decorators: &'a [Decorator] = function.decorators;
            let around = types.plain(FunctionId { file, index: function.parent });
            let is_safe = decorators.iter().any(|decorator| {
                let callee =
                    if let Expr::Call(call) = &decorator.expression { &call.func } else { &decorator.expression };
                // A decorator of the project is known by where it is defined, one of a library by its name.
                types.value(callee, around).iter().any(|value| match value {
                    Value::External(name) => self.safe_decorators.iter().any(|safe| **safe == **name),
                    Value::Function(frame) => wanted.contains(&frame.function),
                    _ => false,
                })
            });
            if is_safe {
                found.push(FunctionId { file, index });
            }
        }
        found
    }

    /// The entry points that are there, and the names of those that are not.
    pub(super) fn entries(&self, types: &Types<'_>) -> (Vec<Found>, Vec<String>) {
        let (mut found, mut missing) = (Vec::new(), Vec::new());
        for name in &self.entry_points {
            let ids = functions(types, name);
            if ids.is_empty() {
                missing.push(name.clone());
            }
            found.extend(ids.into_iter().map(|id| Found {
                frame: types.plain(id),
                function: id,
                framework: Framework::Unknown,
                // Not a route: a framework that runs plain routes in threads does not run these.
                role: Role::Signal,
                context: Context::Loop,
                route: None,
                reads: true,
                told_once_by: None,
                doubts: 0,
                switch: None,
            }));
        }
        (found, missing)
    }
}

/// The functions of the project that a dotted name stands for.
fn functions(types: &Types<'_>, name: &str) -> Vec<FunctionId> {
    let parts: Vec<&str> = name.split('.').collect();
    for at in (1..parts.len()).rev() {
        let (module, rest) = parts.split_at(at);
        let Some(ModuleRef::File(file)) = types.modules().find(&module.join("."), None) else { continue };
        let Some(index) = types.index_of(file) else { continue };
        let rest = rest.join(".");
        let facts = types.facts_at(index);
        let is_meant = |qualified: &str| match rest.strip_suffix('*') {
            Some(prefix) => {
                qualified.strip_prefix(prefix).is_some_and(|own| !own.is_empty() && !own.contains(['.', '<']))
            }
            None => qualified == rest,
        };
        let meant = facts.functions.iter().zip(0..).filter(|(function, _)| is_meant(&function.qualified));
        return meant.map(|(_, number)| FunctionId { file: index, index: number }).collect();
    }
    Vec::new()
}
