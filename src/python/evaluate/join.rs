//! How two versions of the world, or of one value, become one.
//!
//! What both sides agree on stays known. Where they differ the side wins that is taken while nobody sets the variables
//! which decide; where that cannot be told, the value is unknown.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::cell::{Cell, Deps, Text, Thing};
use super::export::to_value;
use super::state::{Choice, Environ, Object, Scope, Slot, State};

/// Of more bindings that may each have been the last one, only the latest are told.
const MAX_RECORDS: usize = 200;

/// How many elements one join compares before all others count as different.
const MAX_COMPARED: usize = 20_000;

/// How deep containers within containers are compared.
const MAX_DEPTH: usize = 8;

/// What comparing the two versions has cost.
#[derive(Default)]
struct Budget {
    compared: std::cell::Cell<usize>,
    depth: std::cell::Cell<usize>,
}

impl Budget {
    /// Whether one more comparison can be paid for, here.
    fn pays(&self) -> bool {
        self.compared.set(self.compared.get() + 1);
        self.compared.get() <= MAX_COMPARED && self.depth.get() <= MAX_DEPTH
    }

    fn deeper(&self) {
        self.depth.set(self.depth.get() + 1);
    }

    fn back(&self) {
        self.depth.set(self.depth.get() - 1);
    }
}

/// Which way two versions parted.
struct Parting<'c> {
    choice: Option<&'c Choice>,
    /// The side the first of the two took.
    first: bool,
    budget: Budget,
}

impl Parting<'_> {
    /// Whether the first is the presumed one; `None` if neither is.
    fn presumed_first(&self) -> Option<bool> {
        self.choice.and_then(|choice| choice.presumed).map(|side| side == self.first)
    }

    fn soft(&self) -> bool {
        self.choice.is_some_and(|choice| choice.soft)
    }

    /// Whether they parted over nothing but this variable.
    fn decides_on(&self, name: &str) -> bool {
        let deps = self.deps();
        deps.is_open() && deps.open().all(|open| open.as_ref() == name)
    }

    fn because(&self) -> Text {
        self.choice.map_or_else(|| "depends on a condition".into(), |choice| Rc::clone(&choice.because))
    }

    fn deps(&self) -> Deps {
        self.choice.map(|choice| choice.deps.clone()).unwrap_or_default()
    }
}

/// Joins two versions, and a value that belongs to each.
#[allow(clippy::needless_pass_by_value, reason = "the second version is used up")]
pub(super) fn join<'a>(
    mut first: State<'a>,
    second: State<'a>,
    cells: Option<(Cell<'a>, Cell<'a>)>,
) -> (State<'a>, Option<Cell<'a>>) {
    let common = first
        .path
        .iter()
        .zip(&second.path)
        .take_while(|((a, side_a), (b, side_b))| a.id == b.id && side_a == side_b)
        .count();
    let parted = match (first.path.get(common), second.path.get(common)) {
        (Some((choice, side)), Some((other, _))) if choice.id == other.id => Some((Rc::clone(choice), *side)),
        // One of them is already a join: it cannot be told what the two disagree about.
        (Some((choice, side)), _) => Some((nobody_presumes(choice), *side)),
        (None, Some((choice, side))) => Some((nobody_presumes(choice), !*side)),
        (None, None) => None,
    };
    let parting = Parting {
        choice: parted.as_ref().map(|(choice, _)| choice.as_ref()),
        first: parted.as_ref().is_some_and(|p| p.1),
        budget: Budget::default(),
    };
    let cell = cells.map(|(a, b)| join_cells(a, b, &parting, &first, &second));
    let mut shapes = Vec::new();
    if !Rc::ptr_eq(&first.heap, &second.heap) {
        let mut heap = BTreeMap::clone(&first.heap);
        for (id, theirs) in second.heap.iter() {
            match heap.get(id) {
                None => {
                    heap.insert(*id, Rc::clone(theirs));
                }
                Some(mine) if Rc::ptr_eq(mine, theirs) => {}
                Some(mine) => {
                    let (joined, other_shape) = join_objects(mine, theirs, &parting, &first, &second);
                    heap.insert(*id, Rc::new(joined));
                    if other_shape {
                        shapes.push(*id);
                    }
                }
            }
        }
        first.heap = Rc::new(heap);
    }
    if !shapes.is_empty() || !Rc::ptr_eq(&first.shapes, &second.shapes) {
        let all = Rc::make_mut(&mut first.shapes);
        for (id, deps) in second.shapes.iter() {
            all.entry(*id).or_default().add(deps);
        }
        for id in shapes {
            all.entry(id).or_default().add(&parting.deps());
        }
    }
    first.path.truncate(common);
    if !Rc::ptr_eq(&first.assumed, &second.assumed) {
        first.assumed = Rc::new(first.assumed.intersection(&second.assumed).cloned().collect());
    }
    first.owed += second.owed + parting.budget.compared.get() / 4;
    (first, cell)
}

fn nobody_presumes(choice: &Choice) -> Rc<Choice> {
    Rc::new(Choice {
        id: choice.id,
        deps: choice.deps.clone(),
        presumed: None,
        soft: false,
        because: Rc::clone(&choice.because),
    })
}

fn join_cells<'a>(a: Cell<'a>, b: Cell<'a>, parting: &Parting<'_>, of_a: &State<'a>, of_b: &State<'a>) -> Cell<'a> {
    if same(&a.thing, &b.thing, of_a, of_b, &parting.budget) {
        return a.resting_on(&b);
    }
    let (presumed, other, of_presumed) = match parting.presumed_first() {
        Some(true) => (a, b, of_a),
        Some(false) => (b, a, of_b),
        None => return differing(&a, &b, parting),
    };
    if parting.soft() && other.is_unknown() && !presumed.is_unknown() && other.deps.shares_open(&parting.deps()) {
        let value = to_value(&presumed, of_presumed).ok();
        let deps = parting.deps().with_default(value.as_ref());
        let mut joined = presumed;
        joined.deps.add(&deps);
        return joined;
    }
    presumed.with_deps(&parting.deps())
}

fn differing<'a>(a: &Cell<'a>, b: &Cell<'a>, parting: &Parting<'_>) -> Cell<'a> {
    let mut joined = Cell::new(Thing::Unknown(parting.because())).with_deps(&parting.deps());
    joined.deps.add(&a.deps);
    joined.deps.add(&b.deps);
    joined
}

/// Either of two objects, and whether which elements it has rests on the parting.
fn join_objects<'a>(
    a: &Object<'a>,
    b: &Object<'a>,
    parting: &Parting<'_>,
    of_a: &State<'a>,
    of_b: &State<'a>,
) -> (Object<'a>, bool) {
    let cells = |x: &Cell<'a>, y: &Cell<'a>| join_cells(x.clone(), y.clone(), parting, of_a, of_b);
    let joined = match (a, b) {
        (Object::Scope(a), Object::Scope(b)) => Object::Scope(join_scopes(a, b, parting, of_a, of_b)),
        (Object::Environ(a), Object::Environ(b)) => Object::Environ(join_environs(a, b, parting, of_a, of_b)),
        (Object::List(x), Object::List(y)) if x.len() == y.len() => {
            Object::List(x.iter().zip(y).map(|(x, y)| cells(x, y)).collect())
        }
        (Object::Dict(x), Object::Dict(y))
            if x.len() == y.len()
                && x.iter().zip(y).all(|(x, y)| same(&x.0.thing, &y.0.thing, of_a, of_b, &parting.budget)) =>
        {
            Object::Dict(x.iter().zip(y).map(|(x, y)| (cells(&x.0, &y.0), cells(&x.1, &y.1))).collect())
        }
        _ => {
            let Some(first) = parting.presumed_first() else {
                return (Object::Lost(parting.because(), parting.deps()), false);
            };
            let mut presumed = if first { a } else { b }.clone();
            rest_on(&mut presumed, &parting.deps());
            return (presumed, true);
        }
    };
    (joined, false)
}

/// Notes in the elements that the whole depends on more; an empty container has none to note it in.
fn rest_on(object: &mut Object<'_>, deps: &Deps) {
    match object {
        Object::List(items) | Object::Set(items) => items.iter_mut().for_each(|item| item.deps.add(deps)),
        Object::Dict(items) => {
            for (key, value) in items {
                key.deps.add(deps);
                value.deps.add(deps);
            }
        }
        Object::Scope(_) | Object::Environ(_) | Object::Reader(_) | Object::Lost(..) => {}
    }
}

fn join_scopes<'a>(
    a: &Scope<'a>,
    b: &Scope<'a>,
    parting: &Parting<'_>,
    of_a: &State<'a>,
    of_b: &State<'a>,
) -> Scope<'a> {
    let mut joined =
        Scope { names: BTreeMap::new(), parent: a.parent, lost: a.lost.clone().or_else(|| b.lost.clone()) };
    for (name, mine) in &a.names {
        let slot = match b.names.get(name) {
            Some(theirs) => {
                let cell = join_cells(mine.cell.clone(), theirs.cell.clone(), parting, of_a, of_b);
                let absent = match parting.presumed_first() {
                    Some(true) => mine.absent,
                    Some(false) => theirs.absent,
                    None => mine.absent && theirs.absent,
                };
                let conditional = mine.conditional || theirs.conditional;
                Slot { cell, conditional, absent, records: together(mine, theirs, parting.presumed_first()) }
            }
            None => one_sided(mine, parting, true),
        };
        joined.names.insert(Rc::clone(name), slot);
    }
    for (name, theirs) in &b.names {
        if !a.names.contains_key(name) {
            joined.names.insert(Rc::clone(name), one_sided(theirs, parting, false));
        }
    }
    joined
}

fn one_sided<'a>(slot: &Slot<'a>, parting: &Parting<'_>, first: bool) -> Slot<'a> {
    let presumed = parting.presumed_first() == Some(first);
    let cell = slot.cell.clone().with_deps(&parting.deps());
    let elsewhere = parting.presumed_first() == Some(!first);
    Slot {
        cell,
        conditional: slot.conditional || !presumed,
        absent: elsewhere || presumed && slot.absent,
        records: Rc::clone(&slot.records),
    }
}

/// The bindings of both; those of the presumed way come last, because they are where the value stands.
fn together(a: &Slot<'_>, b: &Slot<'_>, presumed_first: Option<bool>) -> Rc<[usize]> {
    if a.records == b.records {
        return Rc::clone(&a.records);
    }
    let mut all: Vec<usize> = a.records.iter().chain(b.records.iter()).copied().collect();
    let presumed = presumed_first.map(|first| if first { &a.records } else { &b.records });
    all.sort_unstable_by_key(|record| (presumed.is_some_and(|presumed| presumed.contains(record)), *record));
    all.dedup();
    all.drain(..all.len().saturating_sub(MAX_RECORDS));
    all.into()
}

fn stand_in<'a>(cell: &Cell<'a>, parting: &Parting<'_>, state: &State<'a>) -> Cell<'a> {
    let value = to_value(cell, state).ok();
    cell.clone().with_deps(&parting.deps().with_default(value.as_ref()))
}

fn join_environs<'a>(
    a: &Environ<'a>,
    b: &Environ<'a>,
    parting: &Parting<'_>,
    of_a: &State<'a>,
    of_b: &State<'a>,
) -> Environ<'a> {
    let mut set = BTreeMap::new();
    for name in a.set.keys().chain(b.set.keys()) {
        let cell = match (a.set.get(name), b.set.get(name)) {
            (Some(None), Some(None)) => None,
            (Some(Some(x)), Some(Some(y))) => Some(join_cells(x.clone(), y.clone(), parting, of_a, of_b)),
            // `setdefault`: the value stands in where the variable itself is absent.
            (Some(Some(cell)), None) if parting.presumed_first() == Some(true) && parting.decides_on(name) => {
                Some(stand_in(cell, parting, of_a))
            }
            (None, Some(Some(cell))) if parting.presumed_first() == Some(false) && parting.decides_on(name) => {
                Some(stand_in(cell, parting, of_b))
            }
            _ => Some(Cell::new(Thing::Unknown(parting.because())).with_deps(&parting.deps())),
        };
        set.insert(Rc::clone(name), cell);
    }
    Environ { set, filled: a.filled || b.filled, replaced: a.replaced || b.replaced, lost: a.lost || b.lost }
}

/// Whether two things are certainly the same, or unknown for the same reason; containers by content, functions by identity.
fn same<'a>(a: &Thing<'a>, b: &Thing<'a>, of_a: &State<'a>, of_b: &State<'a>, budget: &Budget) -> bool {
    if !budget.pays() {
        return false;
    }
    let both = |x: &Cell<'a>, y: &Cell<'a>| {
        budget.deeper();
        let same = same(&x.thing, &y.thing, of_a, of_b, budget);
        budget.back();
        same
    };
    match (a, b) {
        (Thing::None, Thing::None) => true,
        (Thing::Bool(a), Thing::Bool(b)) => a == b,
        (Thing::Int(a), Thing::Int(b)) => a == b,
        (Thing::Float(a), Thing::Float(b)) => a.to_bits() == b.to_bits(),
        (Thing::Unknown(a), Thing::Unknown(b))
        | (Thing::Str(a), Thing::Str(b))
        | (Thing::Path(a), Thing::Path(b))
        | (Thing::Dotted(a), Thing::Dotted(b)) => a == b,
        (Thing::Tuple(a), Thing::Tuple(b)) => a.len() == b.len() && a.iter().zip(b.iter()).all(|(x, y)| both(x, y)),
        (Thing::Range(from, to, by), Thing::Range(start, end, every)) => (from, to, by) == (start, end, every),
        (Thing::Function(a), Thing::Function(b)) => Rc::ptr_eq(a, b),
        (Thing::Bytes(a), Thing::Bytes(b)) => a == b,
        (Thing::View(a, x), Thing::View(b, y)) => a == b && x == y,
        (Thing::Project(a), Thing::Project(b)) => a == b,
        (Thing::Class(a), Thing::Class(b)) => Rc::ptr_eq(a, b),
        (Thing::Instance(_, a), Thing::Instance(_, b))
        | (Thing::Iterator(a), Thing::Iterator(b))
        | (Thing::Reader(a), Thing::Reader(b)) => a == b,
        (Thing::Member(a), Thing::Member(b)) => a.class.scope == b.class.scope && a.name == b.name,
        (Thing::Made(_, a), Thing::Made(_, b)) => Rc::ptr_eq(a, b),
        (Thing::Inside { path: a, object: x }, Thing::Inside { path: b, object: y }) => a == b && x == y,
        // The contents of one object in two versions are joined where the object is.
        (Thing::List(a), Thing::List(b)) | (Thing::Set(a), Thing::Set(b)) | (Thing::Dict(a), Thing::Dict(b))
            if a == b =>
        {
            true
        }
        (Thing::List(a), Thing::List(b)) => match (of_a.get(*a), of_b.get(*b)) {
            (Some(Object::List(a)), Some(Object::List(b))) => {
                a.len() == b.len() && a.iter().zip(b).all(|(x, y)| both(x, y))
            }
            _ => false,
        },
        (Thing::Dict(a), Thing::Dict(b)) => match (of_a.get(*a), of_b.get(*b)) {
            (Some(Object::Dict(a)), Some(Object::Dict(b))) => {
                a.len() == b.len() && a.iter().zip(b).all(|(x, y)| both(&x.0, &y.0) && both(&x.1, &y.1))
            }
            _ => false,
        },
        _ => false,
    }
}
