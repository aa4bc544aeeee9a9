//! From what was followed to what is reported.

use std::collections::BTreeSet;
use std::rc::Rc;

use crate::source::{FileId, Place};
use crate::values::Order as _;
use crate::values::Value;

use super::cell::{Cell, Dep, Deps, Text, Thing, because_of};
use super::reads::Touched;
use super::run::{Raised, Record, Run};
use super::state::{Object, Slot, State};
use super::{Binding, Dependency, Evaluated, Globals, Outcome};

/// How much of a value is reported, in elements, and how deep.
const MAX_ELEMENTS: usize = 20_000;
const MAX_DEPTH: usize = 16;

/// The value of a cell, or why there is none.
pub(super) fn to_value(cell: &Cell<'_>, state: &State<'_>) -> Result<Value, Text> {
    let mut deps = Deps::default();
    value_of(cell, state, 0, &mut MAX_ELEMENTS.clone(), &mut deps)
}

fn value_of(
    cell: &Cell<'_>,
    state: &State<'_>,
    depth: usize,
    left: &mut usize,
    deps: &mut Deps,
) -> Result<Value, Text> {
    deps.add(&cell.deps);
    if depth > MAX_DEPTH || *left == 0 {
        return Err("too large".into());
    }
    *left -= 1;
    if cell.soft && !matches!(cell.thing, Thing::Unknown(_)) {
        return Err(because_of(&cell.deps).unwrap_or_else(|| "depends on the environment".into()));
    }
    let mut all = |items: &[Cell<'_>]| {
        items.iter().map(|item| value_of(item, state, depth + 1, left, deps)).collect::<Result<Vec<_>, _>>()
    };
    let lost = |id| match state.get(id) {
        Some(Object::Lost(why, _)) => Rc::clone(why),
        _ => "not followed".into(),
    };
    match &cell.thing {
        Thing::Unknown(why) => Err(Rc::clone(why)),
        Thing::None => Ok(Value::None),
        Thing::Bool(b) => Ok(Value::Bool(*b)),
        Thing::Int(n) => Ok(Value::Int(*n)),
        Thing::Float(x) => Ok(Value::Float(*x)),
        Thing::Str(text) => Ok(Value::Str(text.to_string())),
        Thing::Tuple(items) => all(items).map(Value::List),
        Thing::List(id) => match state.get(*id) {
            Some(Object::List(items)) => all(items).map(Value::List),
            _ => Err(lost(*id)),
        },
        Thing::Dict(id) => match state.get(*id) {
            Some(Object::Dict(entries)) => {
                let mut result = Vec::new();
                for (key, value) in entries {
                    let key = value_of(key, state, depth + 1, left, deps)?;
                    result.push((key, value_of(value, state, depth + 1, left, deps)?));
                }
                Ok(Value::Dict(result))
            }
            _ => Err(lost(*id)),
        },
        Thing::Set(_) => Err("a set, which has no order".into()),
        Thing::Range(..) => Err("a range".into()),
        Thing::Bytes(bytes) if std::str::from_utf8(bytes).is_ok_and(|text| text.parse::<i64>().is_err()) => {
            Ok(Value::Object(format!("b'{}'", bytes.escape_ascii())))
        }
        Thing::Bytes(_) => Err("bytes".into()),
        Thing::Namespace(_) => Err("the names of a module".into()),
        Thing::Iterator(_) | Thing::View(..) => Err("an iterator".into()),
        Thing::Function(function) => Ok(Value::Object(function.name.to_string())),
        Thing::Class(class) => Ok(Value::Object(class.name.to_string())),
        Thing::Object(name) => Ok(Value::Object(name.to_string())),
        Thing::Instance(class, id) => match class.items_of(state, *id) {
            Some(items) => all(&items).map(Value::List),
            None => Ok(Value::Object(format!("{}()", class.name))),
        },
        Thing::Member(member) if member.class.mixed => value_of(&member.value, state, depth + 1, left, deps),
        Thing::Member(member) => Ok(Value::Object(format!("{}.{}", member.class.name, member.name))),
        Thing::Made(what, _) => Ok(Value::Object(format!("{what}()"))),
        Thing::Reader(_) => Ok(Value::Object("a reader of settings".to_owned())),
        Thing::Path(path) => Ok(Value::Object(format!("Path({path:?})"))),
        Thing::Inside { .. } => Err("depends on where the project lies".into()),
        Thing::Method(_) => Err("a method".into()),
        Thing::Project(_) => Ok(Value::Object("module".into())),
        Thing::Dotted(name) if super::names::is_object(name) => Ok(Value::Object(name.to_string())),
        Thing::Dotted(name) if name.starts_with("__") => Err(format!("depends on {name}").into()),
        Thing::Dotted(name) => Err(format!("comes from {name}, which is not part of the project").into()),
    }
}

pub(super) fn dependencies(deps: &Deps) -> Vec<Dependency> {
    deps.iter()
        .map(|dep| match dep {
            Dep::Environment { name, default, .. } => {
                Dependency::Environment { name: name.to_string(), default: default.clone() }
            }
            Dep::Cpus { place, spelling, limited } => {
                Dependency::Cpus { place: *place, spelling: spelling.to_string(), limited: *limited }
            }
            Dep::Quota(path) => Dependency::Quota { path: path.to_string() },
            Dep::Other(what) => Dependency::Other { what: what.to_string() },
        })
        .collect()
}

pub(super) fn evaluated(cell: &Cell<'_>, state: &State<'_>) -> Evaluated {
    let mut deps = Deps::default();
    let outcome = match value_of(cell, state, 0, &mut MAX_ELEMENTS.clone(), &mut deps) {
        Ok(value) => Outcome::Known(value),
        Err(why) => Outcome::Unknown(why.to_string()),
    };
    if let Thing::List(id) | Thing::Dict(id) | Thing::Set(id) = cell.thing
        && let Some(Object::Lost(_, lost)) = state.get(id)
    {
        deps.add(lost);
    }
    if let Some(shape) = state.shape(&cell.thing) {
        deps.add(shape);
    }
    Evaluated { outcome, depends: dependencies(&deps) }
}

/// What the first module of a run left behind.
pub(super) fn globals(run: &Run<'_, '_>, touched: &Touched, raised: Option<&Raised>) -> Globals {
    let Some(module) = run.modules.first() else { return empty() };
    let mut bindings = Vec::new();
    let mut final_records = BTreeSet::new();
    if let Some(scope) = run.state.scope(module.scope) {
        for slot in scope.names.values() {
            final_records.extend(slot.records.iter().copied());
            let Some(record) = slot.records.last().and_then(|at| run.records.get(*at)) else { continue };
            bindings.push(binding(record, Some(slot), run, module.file, touched));
        }
    }
    bindings.order_by_key(|binding| (binding.name_place.span, binding.name.clone()));
    let replaced = run.records.iter().enumerate().filter(|(at, _)| !final_records.contains(at));
    let mut overridden: Vec<Binding> =
        replaced.map(|(_, record)| binding(record, None, run, module.file, touched)).collect();
    overridden.order_by_key(|binding| (binding.name_place.span, binding.name.clone()));
    Globals {
        bindings,
        overridden,
        untrusted: module.untrusted.as_ref().map(|(place, why)| (*place, why.to_string())),
        fails: raised.map(|raised| (raised.place, raised.what.to_string())),
    }
}

fn binding(
    record: &Record<'_>,
    slot: Option<&Slot<'_>>,
    run: &Run<'_, '_>,
    file: FileId,
    touched: &Touched,
) -> Binding {
    let value = evaluated(slot.map_or(&record.cell, |slot| &slot.cell), &run.state);
    let alone = slot.is_none_or(|slot| slot.records.len() == 1);
    let literal = record.literal && alone && matches!(value.outcome, Outcome::Known(_));
    Binding {
        name: record.name.to_string(),
        value,
        name_place: Place::new(file, record.name_span),
        value_place: record.value.map(|span| Place::new(file, span)),
        statement: Place::new(file, record.statement),
        how: record.how,
        conditional: slot.is_some_and(|slot| slot.conditional),
        absent: slot.is_some_and(|slot| slot.absent),
        literal,
        read: touched.loaded.contains(&record.name),
    }
}

fn empty() -> Globals {
    Globals { bindings: Vec::new(), overridden: Vec::new(), untrusted: None, fails: None }
}
