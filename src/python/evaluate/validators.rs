//! What a value must pass to become the field of a model: its type, its bounds, and the validators of
//! the class.

use std::cmp::Ordering;
use std::rc::Rc;

use crate::source::Span;

use super::call::Arguments;
use super::cell::{Cell, Deps, Function, Role, Thing};
use super::class::{Class, Family, Field};
use super::construct::{field_options, parameter_count};
use super::hints::{Converted, Hint};
use super::run::{Run, Step};

impl<'a> Run<'a, '_> {
    /// What a value becomes as the field of a model.
    pub(super) fn validated(
        &mut self,
        class: &Rc<Class<'a>>,
        field: &Field<'a>,
        cell: &Cell<'a>,
        at: Span,
    ) -> Step<Cell<'a>> {
        let hint = self.hint_of(field)?;
        let cell = self.run_validators(class, field, cell.clone(), true, at)?;
        let hint = if class.family == Family::OldSettings { old(hint, &cell) } else { hint };
        let converted = match self.convert(&cell, &hint)? {
            Converted::Is(converted) => converted,
            Converted::Unknown if cell.is_unknown() => cell,
            Converted::Unknown => super::cell::unknown_from(&[&cell], "a value of a type that is not followed"),
            Converted::Refused => {
                return self.fault(&[&cell], "ValueError", at, "a value that its field does not take");
            }
        };
        if let Some(options) = field_options(field) {
            self.check_bounds(&options, &converted, at)?;
        }
        self.run_validators(class, field, converted, false, at)
    }

    /// `Field(ge=1)` and its kin.
    fn check_bounds(&mut self, options: &Arguments<'a>, cell: &Cell<'a>, at: Span) -> Step<()> {
        for (name, refused) in [
            ("ge", [Ordering::Less, Ordering::Less]),
            ("gt", [Ordering::Less, Ordering::Equal]),
            ("le", [Ordering::Greater, Ordering::Greater]),
            ("lt", [Ordering::Greater, Ordering::Equal]),
        ] {
            let Some(bound) = options.named(name) else { continue };
            if let Ok(Some(order)) = self.ordering(cell, bound)
                && refused.contains(&order)
            {
                self.fault(&[cell], "ValueError", at, "a value outside the bounds of its field")?;
            }
        }
        Ok(())
    }

    pub(super) fn hint_of(&mut self, field: &Field<'a>) -> Step<Hint<'a>> {
        let Some(annotation) = field.annotation else {
            return Ok(match field.default.as_ref().map(|cell| &cell.thing) {
                Some(Thing::Bool(_)) => Hint::Bool,
                Some(Thing::Int(_)) => Hint::Int,
                Some(Thing::Float(_)) => Hint::Float,
                Some(Thing::Str(_)) => Hint::Str,
                _ => Hint::Unknown,
            });
        };
        let outside = self.step_into(field.module, field.scope, None);
        let hint = self.hint(annotation);
        self.step_out(outside);
        hint
    }

    /// Calls the validators of a field that see its value before or after it is converted.
    fn run_validators(
        &mut self,
        class: &Rc<Class<'a>>,
        field: &Field<'a>,
        mut cell: Cell<'a>,
        before: bool,
        at: Span,
    ) -> Step<Cell<'a>> {
        for function in self.validators(class)? {
            let Some(validates) = &function.validates else { continue };
            let applies = validates.fields.iter().any(|name| *name == field.name || name.as_ref() == "*");
            if validates.before != before || !applies {
                continue;
            }
            let mut positional = vec![Cell::new(Thing::Class(Rc::clone(class))), cell.clone()];
            if function.role == Role::Static {
                positional.remove(0);
            }
            while positional.len() < parameter_count(&function) {
                positional.push(Cell::unknown("what a validator is told about the other fields"));
            }
            let arguments = Arguments { positional, ..Arguments::default() };
            cell = self.call_function(&function, arguments, at)?.resting_on(&cell);
        }
        Ok(cell)
    }

    /// Calls the validators of a whole model, which may change it.
    pub(super) fn check_model(&mut self, class: &Rc<Class<'a>>, instance: Cell<'a>, at: Span) -> Step<Cell<'a>> {
        for function in self.validators(class)? {
            let Some(validates) = &function.validates else { continue };
            if !validates.fields.is_empty() {
                continue;
            }
            if validates.before || parameter_count(&function) != 1 {
                self.forget_values(
                    vec![instance.clone()],
                    &"changed by a validator of the model".into(),
                    &Deps::default(),
                );
                continue;
            }
            let arguments = Arguments { positional: vec![instance.clone()], ..Arguments::default() };
            let result = self.call_function(&function, arguments, at)?;
            let same = match (&result.thing, &instance.thing) {
                (Thing::Instance(_, a), Thing::Instance(_, b)) => a == b,
                _ => false,
            };
            if !same {
                self.forget_values(
                    vec![instance.clone()],
                    &"replaced by a validator of the model".into(),
                    &Deps::default(),
                );
            }
        }
        // It has the last word (`BaseModel.model_post_init` of pydantic 2).
        if let Ok(Some(Cell { thing: Thing::Function(function), .. })) = self.class_member(class, "model_post_init") {
            let positional = vec![instance.clone(), Cell::new(Thing::None)];
            self.call_function(&function, Arguments { positional, ..Arguments::default() }, at)?;
        }
        Ok(instance)
    }

    fn validators(&mut self, class: &Class<'a>) -> Step<Vec<Rc<Function<'a>>>> {
        let mut found: Vec<Rc<Function<'a>>> = Vec::new();
        for class in class.line() {
            // Every field asks, and every name of the class is looked at.
            self.spend(self.state.scope(class.scope).map_or(0, |scope| scope.names.len()) / 64)?;
            let Some(scope) = self.state.scope(class.scope) else { continue };
            for slot in scope.names.values() {
                if let Thing::Function(function) = &slot.cell.thing
                    && function.validates.is_some()
                    && !found.iter().any(|known| known.name == function.name)
                {
                    found.push(Rc::clone(function));
                }
            }
        }
        Ok(found)
    }
}

/// Before version 2 a number became a text where one was asked for, and a union was tried from the left.
fn old<'a>(hint: Hint<'a>, cell: &Cell<'a>) -> Hint<'a> {
    match (hint, &cell.thing) {
        (Hint::Str, Thing::Str(_)) => Hint::Str,
        (Hint::Union(members), Thing::None) if members.iter().any(|member| matches!(member, Hint::None)) => Hint::None,
        (Hint::Union(mut members), Thing::Str(_)) => {
            members.retain(|member| !matches!(member, Hint::None));
            if members.len() == 1 { members.remove(0) } else { Hint::Unknown }
        }
        (Hint::Str | Hint::Union(_), _) => Hint::Unknown,
        (hint, _) => hint,
    }
}
