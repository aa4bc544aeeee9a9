//! What a name stands for: in its scope, in a module, as the result of an import.

use super::{ClassId, ExprRef, Frame, FunctionId, Types, Value};
use crate::python::calls::FileFacts;
use crate::python::catalogue;
use crate::python::evaluate::is_builtin;
use crate::python::modules::ModuleRef;
use crate::python::names::{Binding, Bound, visible};
use crate::python::syntax::{ast, span_of};
use crate::source::FileId;

/// How many places that fill one container are looked at.
const MAX_FILLS: usize = 32;

/// Builtins that block, consume what they are given, or make something.
const BUILTINS: [&str; 35] = [
    "aiter",
    "all",
    "anext",
    "any",
    "bool",
    "breakpoint",
    "classmethod",
    "dict",
    "enumerate",
    "filter",
    "frozenset",
    "getattr",
    "hash",
    "input",
    "iter",
    "len",
    "list",
    "map",
    "max",
    "min",
    "next",
    "object",
    "open",
    "property",
    "repr",
    "reversed",
    "set",
    "sorted",
    "staticmethod",
    "str",
    "sum",
    "super",
    "tuple",
    "type",
    "zip",
];

impl<'a> Types<'a> {
    /// What `name`, used at offset `at` of `frame`'s function, stands for.
    pub fn name(&self, name: &str, frame: Frame, at: usize) -> Vec<Value<'a>> {
        let condition = self.condition_on(name, frame, at);
        let values = self.name_in_scope(name, frame, at);
        match condition {
            Some(ty) => self.narrowed(values, ty, frame),
            None => values,
        }
    }

    fn name_in_scope(&self, name: &str, frame: Frame, at: usize) -> Vec<Value<'a>> {
        let mut frame = frame;
        let mut at = at;
        loop {
            let function = self.function(frame.function);
            let global = function.globals.contains(name) && frame.function.index != 0;
            if let Some(bindings) = function.bindings.get(name).filter(|_| !global) {
                let seen = visible(bindings, at);
                let mut values: Vec<_> =
                    seen.iter().flat_map(|binding| self.bound(binding.bound, frame, binding.scope)).collect();
                if values.is_empty() {
                    values = self.declared(bindings, frame);
                } else if let [only] = bindings.as_slice()
                    && !(frame.function.index == 0 && self.is_set_from_outside(name))
                {
                    values = self.as_assigned(values, only, frame);
                }
                values.extend(self.filled(name, frame));
                return values;
            }
            if frame.function.index == 0 {
                break;
            }
            let parent = if global { 0 } else { function.parent };
            frame.function.index = parent;
            // A function may be called at any time after the one around it has bound its names.
            at = usize::MAX;
        }
        let facts = self.facts_at(frame.function.file);
        for &(level, module) in &facts.stars {
            if let Some(Value::Module(module)) = self.imported(facts.file, level, module) {
                let found = self.module_attribute(&module, name);
                if !found.is_empty() {
                    return found;
                }
            }
        }
        match name {
            _ if BUILTINS.contains(&name) => vec![Value::External(name.into())],
            _ if facts.stars.is_empty() || is_builtin(name) => Vec::new(),
            _ => self.starred_outside(name, facts),
        }
    }

    /// What a name that nothing in the project binds stands for where whole libraries are imported: of several, those
    /// that the catalogue knows to have it.
    fn starred_outside(&self, name: &str, facts: &FileFacts<'a>) -> Vec<Value<'a>> {
        let outside =
            facts.stars.iter().filter_map(|&(level, module)| match self.imported(facts.file, level, module) {
                Some(Value::External(module)) => Some(format!("{module}.{name}")),
                _ => None,
            });
        let mut found: Vec<String> = outside.collect();
        let is_known = |name: &String| catalogue::call(name).is_some() || catalogue::known_type(name).is_some();
        if found.iter().any(is_known) {
            found.retain(is_known);
        }
        found.into_iter().map(|name| Value::External(name.into())).collect()
    }

    /// What a name or an attribute stands for that is bound once: what it is given may be of a class below the
    /// one that it is declared as.
    pub(super) fn as_assigned(&self, values: Vec<Value<'a>>, only: &Binding<'a>, frame: Frame) -> Vec<Value<'a>> {
        match (only.bound, values.as_slice()) {
            (Bound::Value { value: Some(value), annotation: Some(_) }, [Value::Object(_)]) => {
                let reader = FunctionId { file: frame.function.file, index: only.scope };
                self.more_exactly(values, || self.value(value, Frame { function: reader, ..frame }).to_vec())
            }
            _ => values,
        }
    }

    /// What an annotation anywhere in the scope says about a name whose value does not.
    fn declared(&self, bindings: &[Binding<'a>], frame: Frame) -> Vec<Value<'a>> {
        let annotation = bindings.iter().find_map(|binding| match binding.bound {
            Bound::Value { annotation, .. } => annotation,
            _ => None,
        });
        annotation.map(|annotation| self.annotation(annotation, frame)).unwrap_or_default()
    }

    /// What is put into the container that a name of `frame`'s function stands for.
    fn filled(&self, name: &str, frame: Frame) -> Vec<Value<'a>> {
        let file = frame.function.file;
        let Some(fills) = self.facts_at(file).fills.get(name) else {
            return Vec::new();
        };
        let mut found = Vec::new();
        for fill in fills.iter().take(MAX_FILLS) {
            let reader = FunctionId { file, index: fill.scope };
            if self.scope_of(name, reader) != frame.function {
                continue;
            }
            let inside = Frame { function: frame.function, ..frame };
            let inside = if reader == frame.function { inside } else { self.open(inside) };
            found.extend(self.bound(fill.bound, inside, fill.scope));
        }
        found
    }

    /// The function in whose scope `name`, used in `function`, is bound.
    fn scope_of(&self, name: &str, function: FunctionId) -> FunctionId {
        let mut id = function;
        while id.index != 0 {
            let facts = self.function(id);
            if facts.globals.contains(name) {
                return FunctionId { index: 0, ..id };
            }
            if facts.bindings.contains_key(name) {
                return id;
            }
            id.index = facts.parent;
        }
        id
    }

    /// The bindings that a use of `name` at `at` sees, each with the frame it is read in. Imports from
    /// other modules of the project are followed to where the name is bound.
    pub fn sources(&self, name: &str, frame: Frame, at: usize) -> Vec<(Bound<'a>, Frame)> {
        self.sources_within(name, frame, at, 16)
    }

    pub(super) fn sources_within(
        &self,
        name: &str,
        mut frame: Frame,
        mut at: usize,
        hops: usize,
    ) -> Vec<(Bound<'a>, Frame)> {
        loop {
            let function = self.function(frame.function);
            if let Some(bindings) = function.bindings.get(name) {
                let seen = visible(bindings, at);
                return seen.iter().flat_map(|binding| self.source(binding.bound, frame, hops)).collect();
            }
            if frame.function.index == 0 {
                return self.starred(name, frame, hops);
            }
            frame.function.index = function.parent;
            at = usize::MAX - 1;
        }
    }

    pub(super) fn starred(&self, name: &str, frame: Frame, hops: usize) -> Vec<(Bound<'a>, Frame)> {
        let facts = self.facts_at(frame.function.file);
        let stars = facts.stars.iter().filter_map(|&(level, module)| self.imported(facts.file, level, module));
        let followed = stars.map(|module| self.sources_in(&module, name, hops));
        followed.into_iter().find(|found| !found.is_empty()).unwrap_or_default()
    }

    pub(super) fn sources_in(&self, module: &Value<'a>, name: &str, hops: usize) -> Vec<(Bound<'a>, Frame)> {
        let Value::Module(ModuleRef::File(file)) = module else {
            return Vec::new();
        };
        let Some(index) = self.index_of(*file).filter(|_| hops > 0) else {
            return Vec::new();
        };
        let at = usize::MAX - 1;
        self.follow(index, at, name, || self.sources_within(name, self.module_frame(index), at, hops - 1))
    }

    pub(super) fn source(&self, bound: Bound<'a>, frame: Frame, hops: usize) -> Vec<(Bound<'a>, Frame)> {
        if let Bound::From { level, module, name } = bound
            && let Some(module) = self.imported(self.facts_at(frame.function.file).file, level, module)
        {
            let found = self.sources_in(&module, name, hops);
            if !found.is_empty() {
                return found;
            }
        }
        vec![(bound, frame)]
    }

    /// What a binding gives; `scope` is the function that its right-hand side is read in.
    pub(super) fn bound(&self, bound: Bound<'a>, frame: Frame, scope: u32) -> Vec<Value<'a>> {
        let file = frame.function.file;
        let reader = Frame { function: FunctionId { file, index: scope }, ..frame };
        match bound {
            Bound::Import { dotted, whole } => {
                let name = if whole { dotted } else { dotted.split('.').next().unwrap_or(dotted) };
                self.imported(self.facts_at(file).file, 0, name).into_iter().collect()
            }
            Bound::From { level, module, name } => self.taken_from(file, level, module, name),
            Bound::Function(index) => {
                let function = FunctionId { file, index };
                let environment = self.for_scope(frame.environment, function);
                self.decorated(Frame { function, environment }).to_vec()
            }
            Bound::Class(index) => vec![Value::Class(ClassId { file, index })],
            Bound::Value { value, annotation } => self.assigned(value, annotation, reader),
            Bound::With(context) => self.entered(&self.value(context, reader)),
            Bound::Item(iterable) => self.items(&self.value(iterable, reader)),
            Bound::Unpacked(value, position) => self.unpacked(value, position, reader),
            Bound::ItemPart(iterable, position) => {
                let items = self.items(&self.value(iterable, reader));
                items.iter().flat_map(|item| self.part_at(item, position)).collect()
            }
            Bound::ItemPartOf(iterable, outer, position) => {
                let items = self.items(&self.value(iterable, reader));
                let parts = items.iter().flat_map(|item| self.part_at(item, outer));
                parts.flat_map(|part| self.part_at(&part, position)).collect()
            }
            Bound::Held(value) => Self::held(self.value(value, reader).to_vec()),
            Bound::Kept(value) => Self::kept(self.value(value, reader).to_vec()),
            Bound::KeptHeld(value) => Self::kept(Self::held(self.value(value, reader).to_vec())),
            Bound::HeldAll(values) => {
                let values = self.value(values, reader);
                let is_container = |value: &&Value<'a>| {
                    matches!(value, Value::Items(_) | Value::Mapping(_) | Value::Record(_) | Value::Tuple(_))
                };
                values.iter().filter(is_container).cloned().collect()
            }
            Bound::Parameter(position) => self.parameter(frame, position),
            Bound::Alias(annotation) => vec![Value::Alias(ExprRef(annotation), reader)],
            Bound::Narrowed(_) | Bound::Opaque => Vec::new(),
        }
    }

    pub(super) fn assigned(
        &self,
        value: Option<&'a ast::Expr>,
        annotation: Option<&'a ast::Expr>,
        frame: Frame,
    ) -> Vec<Value<'a>> {
        if let (Some(value), Some(annotation)) = (value, annotation)
            && super::annotations::says_alias(annotation)
        {
            return vec![Value::Alias(ExprRef(value), frame)];
        }
        let declared = annotation.map(|annotation| self.annotation(annotation, frame)).unwrap_or_default();
        match value {
            Some(value) if declared.is_empty() => self.value(value, frame).to_vec(),
            // The arguments of a constructor may tell more than the name of the class.
            Some(value) => match &*declared {
                [Value::Instance(class)] if catalogue::narrower(class).is_some() => {
                    let found = self.value(value, frame).to_vec();
                    if found.iter().any(|found| narrows(found, class)) { found } else { declared }
                }
                [Value::Instance(ty)] if is_unheard_of(ty) => {
                    self.more_exactly(declared, || self.value(value, frame).to_vec())
                }
                [Value::Returns(_)] => self.more_exactly(declared, || self.value(value, frame).to_vec()),
                declared_as if self.says_query(declared_as) => {
                    self.more_exactly(declared, || self.value(value, frame).to_vec())
                }
                _ => declared,
            },
            None => declared,
        }
    }

    /// The module that an import names: of the project, or of a library.
    pub(super) fn imported(&self, from: FileId, level: u32, dotted: &'a str) -> Option<Value<'a>> {
        // Every use of a name leads here, and the tree stays where it is for as long as anybody asks.
        let key = (from, level, dotted.as_ptr().addr(), dotted.len());
        if let Some(known) = self.imports.borrow().get(&key) {
            return known.clone();
        }
        let found = if level > 0 {
            self.modules.relative(from, level, dotted).map(Value::Module)
        } else {
            let found = self.modules.find(dotted, Some(from)).map(Value::Module);
            Some(found.unwrap_or_else(|| Value::External(dotted.into())))
        };
        self.imports.borrow_mut().insert(key, found.clone());
        found
    }

    /// What `from module import name` in a file gives.
    pub fn taken_from(&self, file: u32, level: u32, module: &'a str, name: &str) -> Vec<Value<'a>> {
        let own = self.facts_at(file).file;
        match self.imported(own, level, module) {
            Some(Value::Module(module)) => {
                // `from . import name` in a package: it has no other `name` than the module below it.
                let below = if module == ModuleRef::File(own) { self.modules.child(&module, name) } else { None };
                below.map_or_else(|| self.module_attribute(&module, name), |child| vec![Value::Module(child)])
            }
            Some(Value::External(module)) => {
                vec![Value::External(format!("{module}.{name}").into())]
            }
            _ => Vec::new(),
        }
    }

    /// What the `__getattr__` of a module gives for a name that it does not bind.
    fn made_by_module(&self, file: u32, name: &str) -> Vec<Value<'a>> {
        let bindings = self.facts_at(file).functions[0].bindings.get("__getattr__");
        let Some(Bound::Function(index)) = bindings.and_then(|all| all.last()).map(|binding| binding.bound) else {
            return Vec::new();
        };
        let frame = self.plain(FunctionId { file, index });
        let function = self.function(frame.function);
        let asked = function.parameters.first().map_or("", |parameter| parameter.name);
        let is_meant = |result: &&&'a ast::Expr| {
            let only = function.results_for.get(&span_of(**result).start);
            only.is_none_or(|(tested, text)| *tested != asked || *text == name)
        };
        let results = function.results.iter().filter(is_meant).take(8);
        self.follow(file, usize::MAX - 2, name, || {
            results.flat_map(|result| self.value(result, frame).to_vec()).collect()
        })
    }

    /// What `module.name` stands for.
    pub fn module_attribute(&self, module: &ModuleRef, name: &str) -> Vec<Value<'a>> {
        if let ModuleRef::File(file) = module
            && let Some(index) = self.index_of(*file)
        {
            let frame = self.module_frame(index);
            let bound = self.facts_at(index).functions[0].bindings.contains_key(name);
            let stars = !self.facts_at(index).stars.is_empty() && !BUILTINS.contains(&name);
            let found = self.follow(index, usize::MAX, name, || {
                if bound || stars { self.name(name, frame, usize::MAX) } else { Vec::new() }
            });
            if !found.is_empty() {
                return found;
            }
            // What starts as `None` is filled in by somebody else.
            if bound {
                return self.set_on_module(module, name);
            }
            let child = self.modules.child(module, name).map(Value::Module);
            return child.map_or_else(|| self.made_by_module(index, name), |child| vec![child]);
        }
        self.modules.child(module, name).map(Value::Module).into_iter().collect()
    }
}

/// Whether a library's class is neither in the catalogue nor one that frameworks are told by.
fn is_unheard_of(ty: &str) -> bool {
    catalogue::known_type(ty).is_none() && !super::parameters::registers(ty)
}

/// Whether a value is one of those instances of a class that the catalogue tells from the others.
fn narrows(value: &Value<'_>, class: &str) -> bool {
    let known = if let Value::Instance(ty) = value { catalogue::known_type(ty) } else { None };
    known.and_then(catalogue::KnownType::narrows).is_some_and(|narrowed| narrowed == catalogue::canonical(class))
}
