//! Everything a statement can change, and how two versions of it become one.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::cell::{Cell, Deps, Id, Text, Thing};
use super::readers::Reader;

/// The heap object that is the process environment.
pub(super) const ENVIRON: Id = 0;

/// A mutable object.
#[derive(Debug, Clone)]
pub(super) enum Object<'a> {
    Scope(Scope<'a>),
    List(Vec<Cell<'a>>),
    Dict(Vec<(Cell<'a>, Cell<'a>)>),
    Set(Vec<Cell<'a>>),
    Environ(Environ<'a>),
    Reader(Reader<'a>),
    /// Something may have changed it that could not be followed.
    Lost(Text, Deps),
}

/// The names of a module, a call, a comprehension or a class.
#[derive(Debug, Clone, Default)]
pub(super) struct Scope<'a> {
    pub(super) names: BTreeMap<Text, Slot<'a>>,
    pub(super) parent: Option<Id>,
    /// Whether names that are not here may be set nevertheless.
    pub(super) lost: Option<Text>,
}

/// A bound name.
#[derive(Debug, Clone)]
pub(super) struct Slot<'a> {
    pub(super) cell: Cell<'a>,
    /// Whether it may not be bound at all.
    pub(super) conditional: bool,
    /// Whether it is not bound on the presumed way.
    pub(super) absent: bool,
    /// The bindings, as indices into the record, that may have been the last one.
    pub(super) records: Rc<[usize]>,
}

/// What the file itself did to the environment.
#[derive(Debug, Clone, Default)]
pub(super) struct Environ<'a> {
    /// Variables it set, or removed.
    pub(super) set: BTreeMap<Text, Option<Cell<'a>>>,
    /// Whether a file of variables was loaded: what was absent may now be set.
    pub(super) filled: bool,
    /// Whether that may have replaced what was set.
    pub(super) replaced: bool,
    /// Whether any variable may have been set or removed.
    pub(super) lost: bool,
}

/// A condition that could go either way.
#[derive(Debug)]
pub(super) struct Choice {
    pub(super) id: u32,
    pub(super) deps: Deps,
    /// The side taken when no unanswered variable is set.
    pub(super) presumed: Option<bool>,
    /// Whether that side follows from mere absence rather than from a default in the file.
    pub(super) soft: bool,
    pub(super) because: Text,
}

/// One version of the world.
#[derive(Debug, Clone, Default)]
pub(super) struct State<'a> {
    pub(super) heap: Rc<BTreeMap<Id, Rc<Object<'a>>>>,
    /// The choices that led here and the sides taken.
    pub(super) path: Vec<(Rc<Choice>, bool)>,
    /// Variables that are set in this version, to an unknown text.
    pub(super) assumed: Rc<BTreeSet<Text>>,
    /// What decides which elements a container has.
    pub(super) shapes: Rc<BTreeMap<Id, Deps>>,
    /// What it has cost to join the versions that it was made of, and is not paid for yet.
    pub(super) owed: usize,
}

impl<'a> State<'a> {
    pub(super) fn get(&self, id: Id) -> Option<&Object<'a>> {
        self.heap.get(&id).map(Rc::as_ref)
    }

    pub(super) fn get_mut(&mut self, id: Id) -> Option<&mut Object<'a>> {
        let object = Rc::make_mut(&mut self.heap).get_mut(&id)?;
        // What another version shares is copied; the names are paid for with the version itself.
        if Rc::strong_count(object) > 1 && !matches!(object.as_ref(), Object::Scope(_)) {
            self.owed += object.weight() / 4;
        }
        Some(Rc::make_mut(object))
    }

    pub(super) fn put(&mut self, id: Id, object: Object<'a>) {
        Rc::make_mut(&mut self.heap).insert(id, Rc::new(object));
    }

    /// What decides which elements a thing has, where that is a container that was made in steps.
    pub(super) fn shape(&self, thing: &Thing<'a>) -> Option<&Deps> {
        match thing {
            Thing::List(id) | Thing::Dict(id) | Thing::Set(id) | Thing::View(id, _) | Thing::Iterator(id) => {
                self.shapes.get(id)
            }
            _ => None,
        }
    }

    pub(super) fn scope(&self, id: Id) -> Option<&Scope<'a>> {
        match self.get(id) {
            Some(Object::Scope(scope)) => Some(scope),
            _ => None,
        }
    }

    /// How many variables of the environment were set or removed.
    pub(super) fn variables(&self) -> usize {
        if let Some(Object::Environ(environ)) = self.get(ENVIRON) { environ.set.len() } else { 0 }
    }

    pub(super) fn scope_mut(&mut self, id: Id) -> Option<&mut Scope<'a>> {
        match self.get_mut(id) {
            Some(Object::Scope(scope)) => Some(scope),
            _ => None,
        }
    }

    /// Goes to the side of a choice that is not the presumed one: some of its variables are set, so
    /// what followed from their absence is not known any more.
    pub(super) fn assume_set(&mut self, deps: &Deps) {
        let names: BTreeSet<Text> = deps.open().cloned().collect();
        if names.is_empty() {
            return;
        }
        Rc::make_mut(&mut self.assumed).extend(names);
        for object in Rc::make_mut(&mut self.heap).values_mut() {
            self.owed += object.weight() / 16;
            if mentions(object, deps) {
                Rc::make_mut(object).each_cell(&mut |cell| {
                    if cell.deps.shares_open(deps) {
                        cell.thing = Thing::Unknown(cell.because());
                        cell.soft = false;
                    }
                });
            }
        }
    }
}

fn mentions(object: &Object<'_>, deps: &Deps) -> bool {
    let hit = |cell: &Cell<'_>| cell.deps.shares_open(deps);
    match object {
        Object::Scope(scope) => scope.names.values().any(|slot| hit(&slot.cell)),
        Object::List(items) | Object::Set(items) => items.iter().any(hit),
        Object::Dict(items) => items.iter().any(|(key, value)| hit(key) || hit(value)),
        Object::Environ(environ) => environ.set.values().flatten().any(hit),
        Object::Reader(_) | Object::Lost(..) => false,
    }
}

impl<'a> Object<'a> {
    fn each_cell(&mut self, change: &mut dyn FnMut(&mut Cell<'a>)) {
        match self {
            Self::Scope(scope) => scope.names.values_mut().for_each(|slot| change(&mut slot.cell)),
            Self::List(items) | Self::Set(items) => items.iter_mut().for_each(change),
            Self::Dict(items) => {
                for (key, value) in items {
                    change(key);
                    change(value);
                }
            }
            Self::Environ(environ) => environ.set.values_mut().flatten().for_each(change),
            Self::Reader(_) | Self::Lost(..) => {}
        }
    }

    /// A number for how much work it is to walk over it.
    pub(super) fn weight(&self) -> usize {
        match self {
            Self::Scope(scope) => scope.names.len(),
            Self::List(items) | Self::Set(items) => items.len(),
            Self::Dict(items) => items.len() * 2,
            Self::Environ(environ) => environ.set.len(),
            Self::Reader(reader) => reader.file.len(),
            Self::Lost(..) => 0,
        }
    }
}
