//! Light types: what an expression of the project may stand for.
//!
//! Decides from constructors, annotations, assignments, return values and the catalogue, never from
//! anything that is installed. A value is a short list of possibilities; an empty list is "unknown",
//! and what is unknown has no effect that could be reported.

mod annotations;
mod classes;
mod expressions;
mod results;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;

use rayon::prelude::*;

use super::calls::{self, Class, FileFacts, Function};
use super::modules::{ModuleRef, Modules};
use super::names::{Bound, visible};
use super::syntax::{Module, ast};
use crate::source::{FileId, Files, Place};

/// How many possibilities are kept.
const MAX_VALUES: usize = 8;
/// How deep a question may lead to further questions.
const MAX_DEPTH: usize = 48;
/// How many environments one run may tell apart.
const MAX_ENVIRONMENTS: usize = 20_000;
/// How deep callables may be bound inside callables.
const MAX_NESTED_ENVIRONMENTS: u8 = 3;

/// One function of the project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FunctionId {
    /// Its file, as an index into the facts.
    pub file: u32,
    /// Its index in the file.
    pub index: u32,
}

/// One class of the project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClassId {
    /// Its file, as an index into the facts.
    pub file: u32,
    /// Its index in the file.
    pub index: u32,
}

/// Names a set of known arguments; zero for none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Environment(u32);

/// A function together with what is known of its arguments and of those of the functions around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Frame {
    /// The function.
    pub function: FunctionId,
    /// What is known.
    pub environment: Environment,
}

/// What an expression may stand for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Value<'a> {
    /// A module of the project.
    Module(ModuleRef),
    /// An object of a library, or a builtin, by its dotted name.
    External(Rc<str>),
    /// An instance of a class of a library.
    Instance(Rc<str>),
    /// An attribute of such an instance, dotted for attributes of attributes.
    Member(Rc<str>, Rc<str>),
    /// A function of the project.
    Function(Frame),
    /// A class of the project.
    Class(ClassId),
    /// An instance of a class of the project.
    Object(ClassId),
    /// What `super()` gives inside this class, on an instance of the other.
    Super(ClassId, ClassId),
    /// Something that holds such values.
    Items(Rc<Value<'a>>),
    /// The result of calling an `async def`, before it is awaited.
    Coroutine(Frame),
    /// The result of calling a generator function.
    Generator(Frame),
    /// The result of calling a generator function that is a context manager.
    Manager(Frame),
    /// An annotation under a name of its own, and where it is read.
    Alias(ExprRef<'a>, Frame),
}

/// An expression of the tree, compared by where it stands.
#[derive(Debug, Clone, Copy)]
pub struct ExprRef<'a>(pub &'a ast::Expr);

impl PartialEq for ExprRef<'_> {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.0, other.0)
    }
}

impl Eq for ExprRef<'_> {}

impl std::hash::Hash for ExprRef<'_> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        std::ptr::hash(self.0, state);
    }
}

/// The possibilities, without duplicates, in the order they were found.
pub type Values<'a> = Rc<[Value<'a>]>;

type Entry<'a> = ((FunctionId, u16), Value<'a>);

/// Answers what the expressions of a project stand for.
#[derive(Debug)]
pub struct Types<'a> {
    modules: Modules,
    facts: Vec<FileFacts<'a>>,
    by_file: HashMap<FileId, u32>,
    environments: RefCell<Vec<Rc<[Entry<'a>]>>>,
    known_environments: RefCell<HashMap<Rc<[Entry<'a>]>, Environment>>,
    answers: RefCell<HashMap<(Question<'a>, Frame), Values<'a>>>,
    asking: RefCell<HashSet<(Question<'a>, Frame)>>,
    depth: Cell<usize>,
    /// Whether an answer was cut short, so that it must not be remembered.
    cut: Cell<bool>,
    subclasses: RefCell<Option<Rc<BTreeMap<ClassId, Vec<ClassId>>>>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Question<'a> {
    Expression(ExprRef<'a>),
    Annotation(ExprRef<'a>),
    Result(FunctionId),
    Yield(FunctionId),
    Decorated(FunctionId),
    Bases(ClassId),
}

impl<'a> Types<'a> {
    /// Reads the facts of every file, in parallel.
    pub fn new(files: &Files, modules: &'a BTreeMap<FileId, Module>, start: &str) -> Self {
        let list: Vec<_> = modules.iter().collect();
        let facts: Vec<_> = list
            .par_iter()
            .map(|(file, module)| calls::facts(**file, module))
            .collect();
        let by_file = facts
            .iter()
            .zip(0..)
            .map(|(facts, i)| (facts.file, i))
            .collect();
        Self {
            modules: Modules::new(files, modules, start),
            facts,
            by_file,
            environments: RefCell::new(vec![Rc::new([])]),
            known_environments: RefCell::new(HashMap::new()),
            answers: RefCell::new(HashMap::new()),
            asking: RefCell::new(HashSet::new()),
            depth: Cell::new(0),
            cut: Cell::new(false),
            subclasses: RefCell::new(None),
        }
    }

    /// Which files there are.
    pub fn modules(&self) -> &Modules {
        &self.modules
    }

    /// The facts of a file, by its index in identifiers.
    pub fn facts_at(&self, index: u32) -> &FileFacts<'a> {
        &self.facts[index as usize]
    }

    /// The index of a file in identifiers.
    pub fn index_of(&self, file: FileId) -> Option<u32> {
        self.by_file.get(&file).copied()
    }

    /// The facts of a function.
    pub fn function(&self, id: FunctionId) -> &Function<'a> {
        &self.facts[id.file as usize].functions[id.index as usize]
    }

    /// The facts of a class.
    pub fn class(&self, id: ClassId) -> &Class<'a> {
        &self.facts[id.file as usize].classes[id.index as usize]
    }

    /// Where the name of a function is written.
    pub fn place_of(&self, id: FunctionId) -> Place {
        Place::new(self.facts[id.file as usize].file, self.function(id).span)
    }

    /// The frame of a module's own statements.
    pub fn module_frame(&self, file: u32) -> Frame {
        Frame {
            function: FunctionId { file, index: 0 },
            environment: Environment::default(),
        }
    }

    /// The frame of a function of which no argument is known.
    pub fn plain(&self, function: FunctionId) -> Frame {
        Frame {
            function,
            environment: Environment::default(),
        }
    }

    /// The frame around a function, for what stands in its signature and its decorators.
    fn around(&self, frame: Frame) -> Frame {
        let index = self.function(frame.function).parent;
        Frame {
            function: FunctionId {
                index,
                ..frame.function
            },
            ..frame
        }
    }

    /// Asks a question once; a question that leads back to itself has no answer.
    fn ask(
        &self,
        question: Question<'a>,
        frame: Frame,
        answer: impl FnOnce() -> Vec<Value<'a>>,
    ) -> Values<'a> {
        let key = (question, frame);
        if let Some(known) = self.answers.borrow().get(&key) {
            return Rc::clone(known);
        }
        if self.depth.get() >= MAX_DEPTH || !self.asking.borrow_mut().insert(key) {
            self.cut.set(true);
            return Rc::new([]);
        }
        let outer = self.cut.replace(false);
        self.depth.set(self.depth.get() + 1);
        let values: Values<'a> = distinct(answer()).into();
        self.depth.set(self.depth.get() - 1);
        self.asking.borrow_mut().remove(&key);
        // An answer found on the way round a cycle depends on where the round began.
        if !self.cut.get() || self.depth.get() == 0 {
            self.answers.borrow_mut().insert(key, Rc::clone(&values));
        }
        self.cut.set(self.cut.get() || outer);
        values
    }

    /// What is known of a parameter.
    fn argument(&self, frame: Frame, function: FunctionId, position: u16) -> Option<Value<'a>> {
        let environments = self.environments.borrow();
        let entries = environments.get(frame.environment.0 as usize)?;
        entries
            .iter()
            .find(|(key, _)| *key == (function, position))
            .map(|(_, value)| value.clone())
    }

    /// `environment` with more known arguments.
    fn extend(&self, environment: Environment, more: Vec<Entry<'a>>) -> Environment {
        if more.is_empty() {
            return environment;
        }
        let mut entries: Vec<Entry<'a>> =
            self.environments.borrow()[environment.0 as usize].to_vec();
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

    fn nesting(&self, value: &Value<'a>) -> u8 {
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

    /// What `name`, used at offset `at` of `frame`'s function, stands for.
    pub fn name(&self, name: &str, frame: Frame, at: usize) -> Vec<Value<'a>> {
        let mut frame = frame;
        let mut at = at;
        loop {
            let function = self.function(frame.function);
            let global = function.globals.contains(name) && frame.function.index != 0;
            if let Some(bindings) = function.bindings.get(name).filter(|_| !global) {
                let seen = visible(bindings, at);
                return seen
                    .iter()
                    .flat_map(|binding| self.bound(binding.bound, frame, binding.scope))
                    .collect();
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
        if BUILTINS.contains(&name) {
            vec![Value::External(name.into())]
        } else {
            Vec::new()
        }
    }

    /// The bindings that a use of `name` at `at` sees, each with the frame it is read in. Imports from
    /// other modules of the project are followed to where the name is bound.
    pub fn sources(&self, name: &str, frame: Frame, at: usize) -> Vec<(Bound<'a>, Frame)> {
        self.sources_within(name, frame, at, 16)
    }

    fn sources_within(
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
                return seen
                    .iter()
                    .flat_map(|binding| self.source(binding.bound, frame, hops))
                    .collect();
            }
            if frame.function.index == 0 {
                return self.starred(name, frame, hops);
            }
            frame.function.index = function.parent;
            at = usize::MAX - 1;
        }
    }

    fn starred(&self, name: &str, frame: Frame, hops: usize) -> Vec<(Bound<'a>, Frame)> {
        let facts = self.facts_at(frame.function.file);
        let stars = facts
            .stars
            .iter()
            .filter_map(|&(level, module)| self.imported(facts.file, level, module));
        let followed = stars.map(|module| self.sources_in(&module, name, hops));
        followed
            .into_iter()
            .find(|found| !found.is_empty())
            .unwrap_or_default()
    }

    fn sources_in(&self, module: &Value<'a>, name: &str, hops: usize) -> Vec<(Bound<'a>, Frame)> {
        let Value::Module(ModuleRef::File(file)) = module else {
            return Vec::new();
        };
        let Some(index) = self.index_of(*file).filter(|_| hops > 0) else {
            return Vec::new();
        };
        self.sources_within(name, self.module_frame(index), usize::MAX - 1, hops - 1)
    }

    fn source(&self, bound: Bound<'a>, frame: Frame, hops: usize) -> Vec<(Bound<'a>, Frame)> {
        if let Bound::From {
            level,
            module,
            name,
        } = bound
            && let Some(module) =
                self.imported(self.facts_at(frame.function.file).file, level, module)
        {
            let found = self.sources_in(&module, name, hops);
            if !found.is_empty() {
                return found;
            }
        }
        vec![(bound, frame)]
    }

    /// What a binding gives; `scope` is the function that its right-hand side is read in.
    fn bound(&self, bound: Bound<'a>, frame: Frame, scope: u32) -> Vec<Value<'a>> {
        let file = frame.function.file;
        let reader = Frame {
            function: FunctionId { file, index: scope },
            ..frame
        };
        match bound {
            Bound::Import { dotted, whole } => {
                let name = if whole {
                    dotted
                } else {
                    dotted.split('.').next().unwrap_or(dotted)
                };
                self.imported(self.facts_at(file).file, 0, name)
                    .into_iter()
                    .collect()
            }
            Bound::From {
                level,
                module,
                name,
            } => self.from_import(file, level, module, name),
            Bound::Function(index) => self
                .decorated(Frame {
                    function: FunctionId { file, index },
                    ..frame
                })
                .to_vec(),
            Bound::Class(index) => vec![Value::Class(ClassId { file, index })],
            Bound::Value { value, annotation } => self.assigned(value, annotation, reader),
            Bound::With(context) => self.entered(&self.value(context, reader)),
            Bound::Item(iterable) => self.items(&self.value(iterable, reader)),
            Bound::Unpacked(value, position) => self.unpacked(value, position, reader),
            Bound::Parameter(position) => self.parameter(frame, position),
            Bound::Alias(annotation) => vec![Value::Alias(ExprRef(annotation), reader)],
            Bound::Opaque => Vec::new(),
        }
    }

    fn assigned(
        &self,
        value: Option<&'a ast::Expr>,
        annotation: Option<&'a ast::Expr>,
        frame: Frame,
    ) -> Vec<Value<'a>> {
        let declared = annotation
            .map(|annotation| self.annotation(annotation, frame))
            .unwrap_or_default();
        match value {
            Some(value) if declared.is_empty() => self.value(value, frame).to_vec(),
            _ => declared,
        }
    }

    /// The module that an import names: of the project, or of a library.
    fn imported(&self, from: FileId, level: u32, dotted: &str) -> Option<Value<'a>> {
        if level > 0 {
            return self
                .modules
                .relative(from, level, dotted)
                .map(Value::Module);
        }
        let found = self.modules.find(dotted, Some(from)).map(Value::Module);
        Some(found.unwrap_or_else(|| Value::External(dotted.into())))
    }

    fn from_import(&self, file: u32, level: u32, module: &str, name: &str) -> Vec<Value<'a>> {
        match self.imported(self.facts_at(file).file, level, module) {
            Some(Value::Module(module)) => self.module_attribute(&module, name),
            Some(Value::External(module)) => {
                vec![Value::External(format!("{module}.{name}").into())]
            }
            _ => Vec::new(),
        }
    }

    /// What `module.name` stands for.
    pub fn module_attribute(&self, module: &ModuleRef, name: &str) -> Vec<Value<'a>> {
        if let ModuleRef::File(file) = module
            && let Some(index) = self.index_of(*file)
            && self.depth.get() < MAX_DEPTH
        {
            self.depth.set(self.depth.get() + 1);
            let frame = self.module_frame(index);
            let bound = self.facts_at(index).functions[0]
                .bindings
                .contains_key(name);
            let stars = !self.facts_at(index).stars.is_empty() && !BUILTINS.contains(&name);
            let found = if bound || stars {
                self.name(name, frame, usize::MAX)
            } else {
                Vec::new()
            };
            self.depth.set(self.depth.get() - 1);
            if !found.is_empty() {
                return found;
            }
        }
        self.modules
            .child(module, name)
            .map(Value::Module)
            .into_iter()
            .collect()
    }
}

fn distinct(values: Vec<Value<'_>>) -> Vec<Value<'_>> {
    let mut kept: Vec<Value<'_>> = Vec::new();
    for value in values {
        if kept.len() < MAX_VALUES && !kept.contains(&value) {
            kept.push(value);
        }
    }
    kept
}

/// Builtins that block, consume what they are given, or make something.
const BUILTINS: [&str; 28] = [
    "all",
    "any",
    "breakpoint",
    "classmethod",
    "dict",
    "enumerate",
    "filter",
    "frozenset",
    "getattr",
    "input",
    "iter",
    "len",
    "list",
    "map",
    "max",
    "min",
    "next",
    "open",
    "property",
    "reversed",
    "set",
    "sorted",
    "staticmethod",
    "sum",
    "super",
    "tuple",
    "type",
    "zip",
];
