//! Names of modules that stand for the same literal for as long as the process runs: `TRACE = False`.
//!
//! Whoever switches one on edits the file. What is assigned again anywhere, what a star import may bind as
//! well, and what the text writes to by name, `globals()["TRACE"]`, is no constant.

use super::{ClassId, FunctionId, Known, ModuleRef, Types, Value};
use crate::python::calls::{asks_for_tests, is_flag, last_name};
use crate::python::names::{Binding, Bound};
use crate::python::syntax::ast::{Expr, Number};
use crate::source::Span;

/// Through how many modules a name is followed that others import from each other.
const MAX_HOPS: u8 = 4;

impl<'a> Types<'a> {
    /// What a name of a module stands for, if it is a constant.
    pub(super) fn constant(&self, name: &str, file: u32) -> Option<Known<'a>> {
        self.constant_within(name, file, MAX_HOPS)
    }

    fn constant_within(&self, name: &str, file: u32, hops: u8) -> Option<Known<'a>> {
        let facts = self.facts_at(file);
        let module = self.function(FunctionId { file, index: 0 });
        let bindings = module.bindings.get(name)?.as_slice();
        let is_regular = |one: &&Binding<'a>| !module.is_exceptional(Span::new(one.at, one.at));
        let only = match bindings {
            [only] => Some(only),
            // What stands in for something that cannot be imported is no regular way.
            several if self.assumes_defaults() => {
                let mut regular = several.iter().filter(is_regular);
                regular.next().filter(|_| regular.next().is_none())
            }
            _ => None,
        };
        let Some(binding) = only else {
            return self.stays_none(name, file).then_some(Known::None).or_else(|| self.stays_off(name, file));
        };
        match binding.bound {
            Bound::Value { value: Some(value), .. } => {
                let known = constant_value(value)
                    .or_else(|| self.constant_of_system(value, file))
                    .or_else(|| self.constant_by_default(value, file))?;
                // What is switched on for developing is not what serves.
                let is_switch = known == Known::Bool(true) && is_flag(name);
                let is_written =
                    module.changed.contains(name) || facts.written.contains(name) || self.is_set_from_outside(name);
                let may_be_bound = facts.binds_any || !facts.stars.is_empty();
                (!is_switch && !is_written && !may_be_bound).then_some(known)
            }
            Bound::From { level, module, name } if hops > 0 => {
                let Value::Module(ModuleRef::File(file)) = self.imported(facts.file, level, module)? else {
                    return None;
                };
                self.constant_within(name, self.index_of(file)?, hops - 1)
            }
            _ => None,
        }
    }
}

impl<'a> Types<'a> {
    /// What the body of a class of the project alone gives to an attribute, of itself and of `self`, where
    /// nothing that the project has assigns to it again.
    pub(super) fn constant_of_class(&self, class: ClassId, name: &str) -> Option<Known<'a>> {
        let facts = self.class(class);
        // What a library makes of a class may read the attribute from elsewhere.
        let is_plain = facts.bases.is_empty() && facts.decorators.is_empty() && facts.metaclass.is_none();
        let [binding] = facts.fields.get(name)?.as_slice() else { return None };
        let Bound::Value { value: Some(value), .. } = binding.bound else { return None };
        let of_body = self.function(FunctionId { file: class.file, index: binding.scope }).class != Some(class.index);
        let known = scalar(value)?;
        let is_switch = known == Known::Bool(true) && is_flag(name);
        let below = self.below(class);
        let is_hidden = below.iter().any(|below| self.class(*below).fields.contains_key(name));
        // Whoever is given the class may make objects with other values.
        let is_handed = self.sites().handed.contains(facts.name);
        let may_be_set = is_handed || self.is_changed(name) || self.sets_by_name(class, &below);
        (is_plain && of_body && !is_switch && !is_hidden && !may_be_set).then_some(known)
    }

    /// Whether a class, or one below it, writes attributes by names that it computes.
    fn sets_by_name(&self, class: ClassId, below: &[ClassId]) -> bool {
        let files = std::iter::once(class.file).chain(below.iter().map(|below| below.file));
        files.into_iter().any(|file| {
            let facts = self.facts_at(file);
            facts.binds_any || facts.calls.iter().any(|(_, call)| matches!(last_name(&call.func), "setattr" | "vars"))
        })
    }
}

impl Types<'_> {
    /// Whether a name of a module is `None` for as long as the process serves: only functions set it that nothing of
    /// what is loaded calls, hands over or registers, another program's.
    fn stays_none(&self, name: &str, file: u32) -> bool {
        let facts = self.facts_at(file);
        let module = self.function(FunctionId { file, index: 0 });
        let bindings = module.bindings.get(name).map(Vec::as_slice).unwrap_or_default();
        let [first, others @ ..] = bindings else { return false };
        let is_none = matches!(first.bound, Bound::Value { value: Some(Expr::NoneLiteral(_)), .. }) && first.scope == 0;
        is_none
            && !facts.binds_any
            && facts.stars.is_empty()
            && !module.changed.contains(name)
            && !self.is_set_from_outside(name)
            && others.iter().all(|other| {
                let sets_none = matches!(other.bound, Bound::Value { value: Some(Expr::NoneLiteral(_)), .. });
                sets_none || other.scope != 0 && self.is_never_called(FunctionId { file, index: other.scope })
            })
    }
}

impl<'a> Types<'a> {
    /// That a name of a module is false whichever of its assignments is the last, where nobody sets the variables that
    /// these read.
    fn stays_off(&self, name: &str, file: u32) -> Option<Known<'a>> {
        let facts = self.facts_at(file);
        let module = self.function(FunctionId { file, index: 0 });
        let is_written =
            module.changed.contains(name) || facts.written.contains(name) || self.is_set_from_outside(name);
        if !self.assumes_defaults() || is_written || facts.binds_any || !facts.stars.is_empty() {
            return None;
        }
        let is_off = module.bindings.get(name)?.iter().all(|binding| match binding.bound {
            _ if self.is_switched_binding(binding, file) => true,
            Bound::Value { value: Some(value), .. } if binding.scope == 0 => {
                let known = constant_value(value).or_else(|| self.constant_by_default(value, file));
                known.and_then(Known::truth) == Some(false)
            }
            _ => false,
        });
        is_off.then_some(Known::False)
    }
}

/// A literal, or what a question comes out as that only tests answer otherwise: `PYTEST = "pytest" in sys.modules`.
fn constant_value(expr: &Expr) -> Option<Known<'_>> {
    scalar(expr).or_else(|| asks_for_tests(expr).map(Known::Bool))
}

/// Literals that nobody changes in place.
fn scalar(expr: &Expr) -> Option<Known<'_>> {
    match expr {
        Expr::NoneLiteral(_) | Expr::BooleanLiteral(_) | Expr::StringLiteral(_) => super::known::literal(expr),
        Expr::NumberLiteral(number) if matches!(number.value, Number::Int(_)) => super::known::literal(expr),
        _ => None,
    }
}
