//! Objects of libraries that are acted out: each an instance of a class without a body.

use std::rc::Rc;

use crate::source::Span;

use super::super::call::Arguments;
use super::super::cell::{Cell, Id, Text, Thing};
use super::super::class::{Class, Family};
use super::super::run::{Run, Step};
use super::super::state::{Object, Scope};

impl Class<'_> {
    /// Whether it stands for a class of a library; a class of the project has no dot in its name.
    pub(in super::super) fn is_tool(&self) -> bool {
        self.name.contains('.')
    }
}

impl<'a> Run<'a, '_> {
    /// The class that stands for the one of a library.
    pub(super) fn tool_class(&mut self, name: &str) -> Step<Rc<Class<'a>>> {
        let known = self.witness.iter().flat_map(|witness| &witness.tools).find(|class| class.name.as_ref() == name);
        if let Some(class) = known.map(Rc::clone) {
            // The version of the world in which it was made may not be this one.
            if self.state.get(class.scope).is_none() {
                self.state.put(class.scope, Object::Scope(Scope::default()));
            }
            return Ok(class);
        }
        let scope = self.allocate(Object::Scope(Scope::default()))?;
        let class = Rc::new(Class {
            name: name.into(),
            scope,
            family: Family::Plain,
            bases: Vec::new(),
            fields: Vec::new(),
            config: Vec::new(),
            mixed: false,
        });
        if let Some(witness) = &mut self.witness {
            witness.tools.push(Rc::clone(&class));
        }
        Ok(class)
    }

    /// An object of a library with these attributes.
    pub(super) fn tool(&mut self, name: &str, attributes: Vec<(Text, Cell<'a>)>) -> Step<Cell<'a>> {
        let class = self.tool_class(name)?;
        self.instance(&class, attributes)
    }

    /// The class of Gunicorn that a class of the project may derive from.
    pub(in super::super) fn base_class(&mut self, cell: &Cell<'a>) -> Step<Option<Cell<'a>>> {
        let Thing::Dotted(name) = &cell.thing else { return Ok(None) };
        if self.witness.is_none() || super::gunicorn::base_of(name).is_none() {
            return Ok(None);
        }
        let name = Rc::clone(name);
        let class = self.tool_class(&name)?;
        Ok(Some(Cell::new(Thing::Class(class))))
    }

    /// An attribute that an object has of its own.
    pub(super) fn own(&self, id: Id, name: &str) -> Option<Cell<'a>> {
        self.state.scope(id)?.names.get(name).map(|slot| slot.cell.clone())
    }

    /// The elements of a list that an object holds.
    pub(super) fn listed(&self, id: Id, name: &str) -> Option<Vec<Cell<'a>>> {
        match self.own(id, name)?.thing {
            Thing::List(list) => self.items(list).map(<[_]>::to_vec),
            _ => None,
        }
    }

    /// Adds to a list that an object holds.
    pub(super) fn push_to(&mut self, id: Id, name: &str, cell: Cell<'a>) -> Step<()> {
        self.spend(1)?;
        if let Some(Thing::List(list)) = self.own(id, name).map(|cell| cell.thing)
            && let Some(Object::List(items)) = self.state.get_mut(list)
        {
            items.push(cell);
        }
        Ok(())
    }

    /// A method of an object of a library; `None` where it is none that is acted out.
    pub(in super::super) fn tool_method(
        &mut self,
        receiver: &Cell<'a>,
        class: &Rc<Class<'a>>,
        method: &str,
        arguments: &Arguments<'a>,
        at: Span,
    ) -> Step<Option<Cell<'a>>> {
        let Thing::Instance(_, id) = receiver.thing else { return Ok(None) };
        let Some(tool) = class.line().find(|class| class.is_tool()).map(|class| Rc::clone(&class.name)) else {
            return Ok(None);
        };
        match tool.as_ref() {
            "argparse.ArgumentParser" => self.parser_method(receiver, id, method, arguments, at).map(Some),
            "argparse.Subparsers" => self.subparsers_method(id, method, arguments, at).map(Some),
            "click.Context" => self.context_method(receiver, method, arguments, at).map(Some),
            "click.Command" => self.command_method(receiver, id, method, arguments, at).map(Some),
            "gunicorn.config.Config" => self.configuration_method(id, method, arguments, at).map(Some),
            name if super::gunicorn::base_of(name).is_some() => {
                self.application_method(receiver, id, name, method, arguments, at).map(Some)
            }
            _ => Ok(None),
        }
    }
}
