//! `globals()` and its kin: the names of a module as a dict.

use std::rc::Rc;

use crate::source::Span;

use super::How;
use super::call::Arguments;
use super::cell::{Cell, Id, Text, Thing};
use super::run::{Run, Site, Step};

impl<'a> Run<'a, '_> {
    /// `globals()[key] = value`.
    pub(super) fn set_global(&mut self, scope: Id, key: &Cell<'a>, value: &Cell<'a>, at: Span) -> Step<()> {
        match &key.thing {
            Thing::Str(name) if key.is_settled() => {
                let name = Rc::clone(name);
                self.bind(scope, &name, value.clone(), Site { name: at, value: None, how: How::Other })
            }
            _ => {
                self.lose_namespace(scope, at);
                Ok(())
            }
        }
    }

    /// `globals()[key]`; `None` as the default where there is none to give.
    pub(super) fn global_item(
        &mut self,
        scope: Id,
        key: &Cell<'a>,
        default: Option<Cell<'a>>,
        at: Span,
    ) -> Step<Cell<'a>> {
        let Thing::Str(name) = &key.thing else { return self.settle_unknown("an unknown name", &[key], at) };
        let certain = self.state.scope(scope).is_some_and(|scope| scope.lost.is_none());
        let found = self.state.scope(scope).and_then(|scope| scope.names.get(name)).cloned();
        match (found, default) {
            (Some(slot), _) if !slot.conditional => Ok(slot.cell.resting_on(key)),
            (None, Some(default)) if certain && !name.starts_with("__") => Ok(default.resting_on(key)),
            (None, None) if certain && !name.starts_with("__") => {
                self.fault(&[key], "KeyError", at, "a name that is not bound")
            }
            _ => self.settle_unknown("a name that may not be bound", &[key], at),
        }
    }

    /// A method of `globals()`.
    pub(super) fn global_method(
        &mut self,
        receiver: &Cell<'a>,
        scope: Id,
        name: &str,
        arguments: &Arguments<'a>,
        at: Span,
    ) -> Step<Cell<'a>> {
        match (name, arguments.positional.as_slice()) {
            ("get", [key, rest @ ..]) => {
                let default = rest.first().cloned().unwrap_or_else(|| Cell::new(Thing::None));
                self.global_item(scope, key, Some(default), at)
            }
            ("setdefault", [key, value]) => {
                let present = self.global_item(scope, key, Some(value.clone()), at)?;
                self.set_global(scope, key, &present, at)?;
                Ok(present)
            }
            ("update", more) if more.len() < 2 => {
                let entries = match more.first().map(|cell| &cell.thing) {
                    None => Some(Vec::new()),
                    Some(Thing::Dict(id)) => self.entries(*id).map(<[_]>::to_vec),
                    Some(_) => None,
                };
                let Some(entries) = entries else {
                    self.lose_namespace(scope, at);
                    return Ok(Cell::new(Thing::None));
                };
                let named =
                    arguments.named.iter().map(|(name, cell)| (Cell::new(Thing::Str(Rc::clone(name))), cell.clone()));
                for (key, value) in entries.into_iter().chain(named) {
                    self.set_global(scope, &key, &value, at)?;
                }
                Ok(Cell::new(Thing::None))
            }
            ("keys" | "values" | "items" | "copy", []) => self.settle_unknown("all names of a module", &[receiver], at),
            _ => {
                self.lose_namespace(scope, at);
                self.call_unknown(receiver, arguments, "the names of a module", at)
            }
        }
    }

    /// From here on any name of the module may be bound to anything.
    pub(super) fn lose_namespace(&mut self, scope: Id, at: Span) {
        self.lose_names_of(scope, at, "globals() may bind any name");
    }

    /// From here on any name of the module that is followed may be bound to anything.
    pub(super) fn lose_all_names(&mut self, at: Span, why: &str) {
        let scope = self.modules.get(self.module).map_or(self.scope, |module| module.scope);
        self.lose_names_of(scope, at, why);
    }

    /// The same for the names of any scope.
    pub(super) fn lose_names_of(&mut self, scope: Id, at: Span, why: &str) {
        self.distrust(at, why);
        let text: Text = why.into();
        let names: Vec<Text> = match self.state.scope_mut(scope) {
            Some(scope) => {
                scope.lost = Some(Rc::clone(&text));
                scope.names.keys().cloned().collect()
            }
            None => Vec::new(),
        };
        for name in names {
            self.forget_name(scope, &name, &text, &super::cell::Deps::default());
        }
    }
}
