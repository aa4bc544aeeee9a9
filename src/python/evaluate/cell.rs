//! What a name, an element or an expression holds while a file is followed.

use std::rc::Rc;

use crate::source::Place;
use crate::values::Value;

use super::super::syntax::ast;
use super::call::Arguments;
use super::class::{Class, Validates};

pub(super) type Text = Rc<str>;

/// Names a mutable object of the heap.
pub(super) type Id = u32;

/// A Python object, as far as it is known.
#[derive(Debug, Clone)]
pub(super) enum Thing<'a> {
    /// Not known, because of this.
    Unknown(Text),
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Str(Text),
    Tuple(Rc<[Cell<'a>]>),
    List(Id),
    Dict(Id),
    Set(Id),
    Range(i64, i64, i64),
    Bytes(Rc<[u8]>),
    /// An iterator, over what is left in a list of the heap.
    Iterator(Id),
    /// What `keys()`, `values()` or `items()` of a dict shows.
    View(Id, Part),
    Function(Rc<Function<'a>>),
    /// A method of a value of a built-in type, or of a class of the file.
    Method(Rc<(Cell<'a>, Text)>),
    /// Something outside the project by its full name: `os`, `os.getenv`, `len`, `flask.Flask`.
    Dotted(Text),
    /// A module of the project, by its index among those that were met.
    Project(usize),
    /// A class of the project, simple enough that its attributes can be followed.
    Class(Rc<Class<'a>>),
    /// An instance of such a class, with the scope that holds its own attributes.
    Instance(Rc<Class<'a>>, Id),
    /// A member of an enumeration.
    Member(Rc<Member<'a>>),
    /// What a call of something outside the project made, where only its arguments matter.
    Made(Text, Rc<Arguments<'a>>),
    /// A reader of settings from outside packages.
    Reader(Id),
    /// The names of a module as a dict.
    Namespace(Id),
    /// A `pathlib` path.
    Path(Text),
    /// A place in the project, whose absolute path is not known; a path object or a text.
    Inside {
        path: Text,
        object: bool,
    },
    /// A class, or an object of one, of which only the name is known.
    Object(Text),
}

/// A thing and what it rests on.
#[derive(Debug, Clone)]
pub(super) struct Cell<'a> {
    pub(super) thing: Thing<'a>,
    pub(super) deps: Deps,
    /// Whether the thing is what follows from a variable being absent although nothing in the file
    /// says what should count then.
    pub(super) soft: bool,
}

/// A part of every entry of a dict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Keys,
    Values,
    Items,
}

/// A member of an enumeration.
#[derive(Debug)]
pub(super) struct Member<'a> {
    pub(super) class: Rc<Class<'a>>,
    pub(super) name: Text,
    pub(super) value: Cell<'a>,
}

/// What a function is in a class.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Plain,
    Property,
    /// A property that is worked out once, and an attribute of the object from then on.
    Kept,
    Class,
    Static,
}

/// A function of the file or of the project.
#[derive(Debug)]
pub(super) struct Function<'a> {
    pub(super) name: Text,
    pub(super) parameters: Option<&'a ast::Parameters>,
    pub(super) body: Body<'a>,
    /// Defaults by parameter name, evaluated where the function was defined.
    pub(super) defaults: Vec<(Text, Cell<'a>)>,
    pub(super) scope: Id,
    pub(super) module: usize,
    /// Whether calling it gives a coroutine or a generator instead of a value.
    pub(super) suspends: bool,
    pub(super) role: Role,
    /// A list that holds the result once it was called without arguments, for `functools.cache`.
    pub(super) memory: Option<Id>,
    /// The fields whose values it checks or changes.
    pub(super) validates: Option<Rc<Validates>>,
    pub(super) locals: super::reads::Touched,
}

impl Function<'_> {
    /// Whether a name belongs to the call itself.
    pub(super) fn is_local(&self, name: &str) -> bool {
        let locals = &self.locals;
        locals.stored.contains(name) && !locals.global.contains(name) && !locals.nonlocal.contains(name)
    }
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Body<'a> {
    Block(&'a [ast::Stmt]),
    Expression(&'a ast::Expr),
}

/// Something outside the file.
#[derive(Debug, Clone)]
pub(super) enum Dep {
    Environment {
        name: Text,
        default: Option<Value>,
        /// Whether it is known to be set or absent, so that nothing else could happen.
        sure: bool,
    },
    Cpus {
        place: Place,
        spelling: Text,
        limited: bool,
    },
    /// A file of the kernel that states the limit of a container.
    Quota(Text),
    Other(Text),
}

impl Dep {
    #[allow(clippy::match_same_arms, reason = "the fields have different types")]
    fn same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Environment { name: a, .. }, Self::Environment { name: b, .. }) => a == b,
            (Self::Cpus { place: a, .. }, Self::Cpus { place: b, .. }) => a == b,
            (Self::Other(a), Self::Other(b)) | (Self::Quota(a), Self::Quota(b)) => a == b,
            _ => false,
        }
    }
}

/// How many dependencies one value keeps; more would say nothing.
const MAX_DEPS: usize = 24;

/// A shared, ordered set of dependencies.
#[derive(Debug, Clone, Default)]
pub(super) struct Deps(Option<Rc<Vec<Dep>>>);

impl Deps {
    pub(super) fn one(dep: Dep) -> Self {
        Self(Some(Rc::new(vec![dep])))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Dep> {
        self.0.iter().flat_map(|deps| deps.iter())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Adds those of `other`; of two for the same variable the one with a default stays.
    pub(super) fn add(&mut self, other: &Self) {
        let Some(theirs) = &other.0 else { return };
        let Some(mine) = &mut self.0 else {
            self.0 = Some(Rc::clone(theirs));
            return;
        };
        if Rc::ptr_eq(mine, theirs) {
            return;
        }
        for dep in theirs.iter() {
            let known = mine.iter().position(|known| known.same(dep));
            match known {
                None if mine.len() < MAX_DEPS => Rc::make_mut(mine).push(dep.clone()),
                None => {}
                Some(at) => {
                    if let (Some(Dep::Environment { default: None, .. }), Dep::Environment { default: Some(_), .. }) =
                        (mine.get(at), dep)
                        && let Some(slot) = Rc::make_mut(mine).get_mut(at)
                    {
                        *slot = dep.clone();
                    }
                }
            }
        }
    }

    /// The same with each passed through `change`.
    #[must_use]
    pub(super) fn map(&self, change: impl Fn(&Dep) -> Dep) -> Self {
        Self(self.0.as_ref().map(|deps| Rc::new(deps.iter().map(change).collect())))
    }

    /// Variables that may turn out to be set.
    pub(super) fn open(&self) -> impl Iterator<Item = &Text> {
        self.iter().filter_map(|dep| match dep {
            Dep::Environment { name, sure: false, .. } => Some(name),
            _ => None,
        })
    }

    pub(super) fn is_open(&self) -> bool {
        self.open().next().is_some()
    }

    /// Whether the two share a variable that may turn out to be set.
    pub(super) fn shares_open(&self, other: &Self) -> bool {
        self.open().any(|name| other.open().any(|theirs| theirs == name))
    }

    /// Gives the open variables without a default this one.
    #[must_use]
    pub(super) fn with_default(&self, value: Option<&Value>) -> Self {
        self.map(|dep| match dep {
            Dep::Environment { name, default: None, sure: false } => {
                Dep::Environment { name: Rc::clone(name), default: value.cloned(), sure: false }
            }
            dep => dep.clone(),
        })
    }
}

impl<'a> Cell<'a> {
    pub(super) fn new(thing: Thing<'a>) -> Self {
        Self { thing, deps: Deps::default(), soft: false }
    }

    pub(super) fn unknown(why: &str) -> Self {
        Self::new(Thing::Unknown(why.into()))
    }

    pub(super) fn str(text: &str) -> Self {
        Self::new(Thing::Str(text.into()))
    }

    pub(super) fn dotted(name: &str) -> Self {
        Self::new(Thing::Dotted(name.into()))
    }

    /// Also rests on what `other` rests on.
    #[must_use]
    pub(super) fn resting_on(mut self, other: &Self) -> Self {
        self.deps.add(&other.deps);
        self.soft |= other.soft;
        self
    }

    #[must_use]
    pub(super) fn with_deps(mut self, deps: &Deps) -> Self {
        self.deps.add(deps);
        self
    }

    pub(super) fn is_unknown(&self) -> bool {
        matches!(self.thing, Thing::Unknown(_))
    }

    /// Whether nothing that nobody answered for could change it.
    pub(super) fn is_settled(&self) -> bool {
        !self.is_unknown() && !self.soft && !self.deps.is_open()
    }

    /// The reason to give when something cannot be told because of this cell.
    pub(super) fn because(&self) -> Text {
        match &self.thing {
            Thing::Unknown(why) => Rc::clone(why),
            _ => because_of(&self.deps).unwrap_or_else(|| "depends on something outside the file".into()),
        }
    }
}

/// `depends on X` for the first thing that is not certain.
pub(super) fn because_of(deps: &Deps) -> Option<Text> {
    if let Some(name) = deps.open().next() {
        return Some(format!("depends on the environment variable {name}").into());
    }
    deps.iter().next().map(|dep| match dep {
        Dep::Environment { name, .. } => format!("depends on the environment variable {name}").into(),
        Dep::Cpus { spelling, .. } => format!("depends on {spelling}").into(),
        Dep::Quota(path) => format!("depends on `{path}`").into(),
        Dep::Other(what) => format!("depends on {what}").into(),
    })
}

/// The result of something that could not be worked out from these operands.
pub(super) fn unknown_from<'a>(operands: &[&Cell<'a>], why: &str) -> Cell<'a> {
    let reason = operands.iter().find(|cell| cell.is_unknown()).map_or_else(|| why.into(), |cell| cell.because());
    let mut result = Cell::new(Thing::Unknown(reason));
    for operand in operands {
        result.deps.add(&operand.deps);
    }
    result
}
