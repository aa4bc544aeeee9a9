//! Light types: what an expression of the project may stand for.
//!
//! Decides from constructors, annotations, assignments, return values and the catalogue, never from
//! anything that is installed. A value is a short list of possibilities; an empty list is "unknown",
//! and what is unknown has no effect that could be reported.

mod annotations;
mod applied;
mod asked_before;
mod aspects;
mod asserted;
mod branches;
mod caches;
mod candidates;
mod classes;
mod configured;
mod constants;
mod containers;
mod decorators;
mod emptiness;
mod environments;
mod everywhere;
mod expressions;
mod fields;
mod generics;
mod handing;
mod hashing;
mod injection;
mod iterators;
mod known;
mod lifetimes;
mod listeners;
mod lookup;
mod made;
mod making;
mod managers;
mod named;
mod narrowing;
mod offloaders;
mod outlines;
mod outside;
mod overrides;
mod parameters;
mod project;
mod protocols;
mod questions;
mod relations;
mod results;
mod rows;
mod served;
mod settings_classes;
mod signals;
mod singletons;
mod sites;
mod splats;
mod states;
mod switches;
mod system;
mod texts;
mod uncalled;
mod variables;
mod weights;

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use self::aspects::Aspect;
pub use self::asserted::said;
use self::branches::ByName;
pub(super) use self::hashing::{QuickMap, QuickSet};
pub use self::known::Known;
use self::making::Keeping;
pub use self::offloaders::is_runner;
pub use self::parameters::is_in_memory;
pub use self::project::{Project, is_import};
use self::questions::{Key, MAX_DEPTH, Question, Tentative};
use self::relations::Relations;
pub use self::rows::QUERY;
pub use self::settings_classes::is_for_developers;
use self::signals::Signals;
use self::sites::Sites;
pub use self::switches::Switch;
use self::switches::{Assumed, Switched, Switches};
use super::calls::{Class, FileFacts, Function, Interest};
use super::modules::{ModuleRef, Modules, Start};
use super::syntax::ast;
use crate::source::{FileId, Place, Span};
use crate::values::HashMap;

/// How many names of other modules one question may lead to.
const MAX_FOLLOWED: usize = 1_000;

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
    /// A mapping to such values; its keys are not followed.
    Mapping(Rc<Value<'a>>),
    /// A tuple, part by part.
    Tuple(Rc<[Values<'a>]>),
    /// A mapping with literal keys.
    Record(Rc<[(Rc<str>, Values<'a>)]>),
    /// An iterator that works while it is consumed.
    Lazy(Rc<Lazy<'a>>),
    /// A query for instances of a model.
    Rows(Rc<Query<'a>>),
    /// A method that such a query has of its library.
    RowsMethod(Rc<Query<'a>>, Rc<str>),
    /// An argument that is given but not followed.
    Unknown,
    /// What is certain of an argument; kept beside what it may be.
    Known(Known<'a>),
    /// An argument that is one of these.
    Either(Rc<[Value<'a>]>),
    /// A method of a builtin container that gives such a value.
    Returns(Rc<Value<'a>>),
    /// The result of calling an `async def`, before it is awaited.
    Coroutine(Frame),
    /// The result of calling a generator function.
    Generator(Frame),
    /// The result of calling a generator function that is a context manager.
    Manager(Frame),
    /// An annotation under a name of its own, and where it is read.
    Alias(ExprRef<'a>, Frame),
}

/// Which query it is, and what its rows are.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Query<'a> {
    /// An instance of the model.
    pub row: Value<'a>,
    /// The library's class.
    pub class: Rc<str>,
    /// The classes of the project that it is an instance of, which have methods of their own.
    pub own: Rc<[ClassId]>,
    /// The class behind which a method is looked for: what `super()` gives.
    pub behind: Option<ClassId>,
    /// Whether all rows may have been fetched together with the object that it belongs to.
    pub fetched: bool,
}

/// What consuming an iterator does.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Lazy<'a> {
    /// What it calls for each element.
    pub calls: Vec<Value<'a>>,
    /// What it consumes.
    pub over: Vec<Value<'a>>,
    /// What it gives.
    pub items: Vec<Value<'a>>,
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

/// A call of the tree, compared by where it stands.
#[derive(Debug, Clone, Copy)]
pub struct CallRef<'a>(pub &'a ast::ExprCall);

impl PartialEq for CallRef<'_> {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.0, other.0)
    }
}

impl Eq for CallRef<'_> {}

impl std::hash::Hash for CallRef<'_> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        std::ptr::hash(self.0, state);
    }
}

/// The possibilities, without duplicates, in the order they were found.
pub type Values<'a> = Rc<[Value<'a>]>;

type Children = BTreeMap<ClassId, Vec<ClassId>>;

/// A name of a module that is being looked up: file, offset of the use, name, open questions.
type Followed = (u32, usize, Box<str>, usize);

/// What an import names: file, leading dots, where the name of the module is kept and how long it is.
type Imported = (FileId, u32, usize, usize);

type Entry<'a> = ((FunctionId, u16), Value<'a>);

/// Answers what the expressions of a project stand for.
#[derive(Debug)]
pub struct Types<'a> {
    project: &'a Project<'a>,
    modules: Modules,
    environments: RefCell<Vec<Rc<[Entry<'a>]>>>,
    /// How many environments lie inside each of them, itself included.
    depths: RefCell<Vec<u8>>,
    known_environments: RefCell<HashMap<Rc<[Entry<'a>]>, Environment>>,
    answers: RefCell<QuickMap<Key<'a>, Values<'a>>>,
    /// The questions that are being answered, numbered in the order in which one led to the next.
    asking: RefCell<QuickMap<Key<'a>, usize>>,
    /// The first of the open questions that the answer which is being found depends on.
    rests_on: Cell<usize>,
    /// The answer "unknown".
    nothing: Values<'a>,
    subclasses: RefCell<Option<Rc<Children>>>,
    /// Answers that are not final, for as long as the question that led to them is open.
    tentative: RefCell<Tentative<'a>>,
    /// Whether these are being made final.
    settling: Cell<bool>,
    asked: Cell<usize>,
    /// Questions on the way round cycles that are too long to settle.
    unsettled: RefCell<QuickSet<Key<'a>>>,
    /// How many questions led to answers that were not kept.
    wasted: Cell<usize>,
    /// The modules that the application loads, once they are known.
    loaded: RefCell<Vec<u32>>,
    /// The modules that a server is told to load.
    served: RefCell<Vec<u32>>,
    /// The class that Django's settings are made of.
    configuration: RefCell<Option<Rc<str>>>,
    /// Whether anything imports django-configurations.
    has_configurations: OnceCell<bool>,
    sites: OnceCell<Sites<'a>>,
    relations: RefCell<Option<Rc<Relations<'a>>>>,
    signals: OnceCell<Signals<'a>>,
    implementations: RefCell<QuickMap<ClassId, Vec<ClassId>>>,
    ancestries: RefCell<QuickMap<ClassId, Values<'a>>>,
    /// The parts of functions that cannot run.
    dead: RefCell<QuickMap<Frame, Rc<[Span]>>>,
    /// How much conditions ask about the parameters of functions.
    asks: RefCell<QuickMap<FunctionId, Rc<[Interest]>>>,
    by_name: OnceCell<ByName<'a>>,
    /// The loaded classes by the names of their attributes, as far as somebody asked for them.
    members: RefCell<HashMap<Box<str>, Rc<[ClassId]>>>,
    /// The arguments of constructors that attributes keep.
    keepings: RefCell<HashMap<FunctionId, Rc<[Keeping<'a>]>>>,
    /// Whether the objects of a class live no longer than a call.
    short_lived: RefCell<QuickMap<ClassId, bool>>,
    /// Whether nothing of the served program calls a function.
    never_called: RefCell<QuickMap<FunctionId, bool>>,
    kept_by_all: RefCell<HashMap<(ClassId, &'a str), Option<Known<'a>>>>,
    /// The attributes of their parameters that functions ask about.
    aspects: RefCell<QuickMap<FunctionId, Rc<[Aspect<'a>]>>>,
    /// What is taken for granted while a question about the environment is answered.
    assumed: Cell<Assumed>,
    switches: OnceCell<Switches<'a>>,
    asking_variables: RefCell<QuickMap<FunctionId, Rc<[usize]>>>,
    /// The parts of functions that only run where somebody sets a variable.
    switched: RefCell<QuickMap<Frame, Switched>>,
    /// How many expressions were looked at for what is certain.
    looked_at: Cell<u32>,
    following: RefCell<Vec<Followed>>,
    imports: RefCell<QuickMap<Imported, Option<Value<'a>>>>,
    followed: Cell<usize>,
}

impl<'a> Types<'a> {
    /// Nothing asked yet of an application whose server is started in `start`, relative to the root.
    pub fn new(project: &'a Project<'a>, start: &Start) -> Self {
        Self {
            project,
            modules: project.modules.started_in(start),
            environments: RefCell::new(vec![Rc::new([])]),
            depths: RefCell::new(vec![0]),
            known_environments: RefCell::new(HashMap::default()),
            answers: RefCell::default(),
            asking: RefCell::default(),
            rests_on: Cell::new(usize::MAX),
            nothing: Rc::new([]),
            tentative: RefCell::default(),
            settling: Cell::new(false),
            asked: Cell::new(0),
            unsettled: RefCell::default(),
            wasted: Cell::new(0),
            loaded: RefCell::new(Vec::new()),
            served: RefCell::new(Vec::new()),
            configuration: RefCell::new(None),
            has_configurations: OnceCell::new(),
            sites: OnceCell::new(),
            relations: RefCell::new(None),
            signals: OnceCell::new(),
            implementations: RefCell::default(),
            ancestries: RefCell::default(),
            subclasses: RefCell::new(None),
            dead: RefCell::default(),
            asks: RefCell::default(),
            by_name: OnceCell::new(),
            members: RefCell::default(),
            keepings: RefCell::default(),
            short_lived: RefCell::default(),
            never_called: RefCell::default(),
            kept_by_all: RefCell::default(),
            aspects: RefCell::default(),
            assumed: Cell::default(),
            switches: OnceCell::new(),
            asking_variables: RefCell::default(),
            switched: RefCell::default(),
            looked_at: Cell::new(0),
            following: RefCell::new(Vec::new()),
            imports: RefCell::default(),
            followed: Cell::new(0),
        }
    }

    /// Says which modules the application loads, in order. What others do to its objects does not count.
    pub fn load(&self, modules: &[u32]) {
        if *self.loaded.borrow() == modules {
            return;
        }
        *self.loaded.borrow_mut() = modules.to_vec();
        // What was asked to find them was answered without them.
        self.answers.borrow_mut().clear();
        self.unsettled.borrow_mut().clear();
        self.ancestries.borrow_mut().clear();
        self.asks.borrow_mut().clear();
        self.dead.borrow_mut().clear();
        self.switched.borrow_mut().clear();
        self.subclasses.replace(None);
        self.members.borrow_mut().clear();
    }

    /// Remembers which modules a server is told to load.
    pub fn serve(&self, modules: &[u32]) {
        *self.served.borrow_mut() = modules.to_vec();
    }

    /// Whether the application loads a module, as far as that is known.
    pub(super) fn is_loaded(&self, file: u32) -> bool {
        let loaded = self.loaded.borrow();
        loaded.is_empty() || loaded.binary_search(&file).is_ok()
    }

    /// Whether a class of the project defines this method with two underscores.
    pub fn has_special(&self, name: &str) -> bool {
        self.project.special.contains(name)
    }

    /// Whether a function of this name may import modules whose names it computes.
    pub fn may_import(&self, name: &str) -> bool {
        self.project.importers.contains(name)
    }

    /// Whether a file of the project imports a package.
    pub fn imports_package(&self, name: &str) -> bool {
        let is_of = |module: &str| module.split('.').next() == Some(name);
        self.files()
            .any(|file| self.facts_at(file).imports.iter().any(|import| import.level == 0 && is_of(import.module)))
    }

    /// Which files there are.
    pub fn modules(&self) -> &Modules {
        &self.modules
    }

    /// The facts of a file, by its index in identifiers.
    pub fn facts_at(&self, index: u32) -> &FileFacts<'a> {
        &self.project.facts[index as usize]
    }

    /// The indices of all files.
    pub fn files(&self) -> std::ops::Range<u32> {
        0..u32::try_from(self.project.facts.len()).unwrap_or(u32::MAX)
    }

    /// The index of a file in identifiers.
    pub fn index_of(&self, file: FileId) -> Option<u32> {
        self.project.by_file.get(&file).copied()
    }

    /// The facts of a function.
    pub fn function(&self, id: FunctionId) -> &Function<'a> {
        &self.project.facts[id.file as usize].functions[id.index as usize]
    }

    /// The facts of a class.
    pub fn class(&self, id: ClassId) -> &Class<'a> {
        &self.project.facts[id.file as usize].classes[id.index as usize]
    }

    /// Where the name of a function is written.
    pub fn place_of(&self, id: FunctionId) -> Place {
        Place::new(self.project.facts[id.file as usize].file, self.function(id).span)
    }

    /// The frame of a module's own statements.
    pub fn module_frame(&self, file: u32) -> Frame {
        Frame { function: FunctionId { file, index: 0 }, environment: Environment::default() }
    }

    /// The frame of a function of which no argument is known.
    pub fn plain(&self, function: FunctionId) -> Frame {
        Frame { function, environment: Environment::default() }
    }

    /// The frame around a function, for what stands in its signature and its decorators.
    fn around(&self, frame: Frame) -> Frame {
        let index = self.function(frame.function).parent;
        Frame { function: FunctionId { index, ..frame.function }, ..frame }
    }

    /// Looks up a name of a module. One that leads back to itself has no answer, and neither has one
    /// behind more names than any project has: modules that import from each other have as many ways
    /// through them as their number has permutations.
    fn follow<T>(&self, file: u32, at: usize, name: &str, look: impl FnOnce() -> Vec<T>) -> Vec<T> {
        let open = self.asking.borrow().len();
        if open == 0 && self.following.borrow().is_empty() {
            self.followed.set(0);
        }
        let is_same = |(known, offset, text, _): &&Followed| *known == file && *offset == at && **text == *name;
        let since = self.following.borrow().iter().find(is_same).map(|(.., since)| *since);
        if self.followed.get() >= MAX_FOLLOWED || self.following.borrow().len() >= MAX_DEPTH || since.is_some() {
            self.rests_on(since.map_or(0, |since| since.saturating_sub(1)));
            return Vec::new();
        }
        self.followed.set(self.followed.get() + 1);
        self.following.borrow_mut().push((file, at, name.into(), open));
        let found = look();
        self.following.borrow_mut().pop();
        found
    }
}
