//! Application classes of Gunicorn (27.0.1): what they set, and that they run.
//!
//! `BaseApplication.__init__` makes a configuration and calls `load_config`, which the class of a project
//! overrides; `run` starts the server.

use std::collections::BTreeSet;
use std::rc::Rc;

use crate::source::Span;
use crate::values::Order as _;

use super::super::call::Arguments;
use super::super::cell::{Cell, Deps, Id, Text, Thing};
use super::super::class::Class;
use super::super::export::evaluated;
use super::super::operators::tuple;
use super::super::run::{Run, Step};
use super::super::state::{Object, Slot};
use super::loads::Loads;
use super::{Set, Sighting};

const BASES: [(&str, &str); 5] = [
    ("gunicorn.app.base.BaseApplication", "gunicorn.app.base.BaseApplication"),
    ("gunicorn.app.base.Application", "gunicorn.app.base.Application"),
    ("gunicorn.app.wsgiapp.WSGIApplication", "gunicorn.app.wsgiapp.WSGIApplication"),
    ("gunicorn.app.wsgiapp.Application", "gunicorn.app.base.Application"),
    ("gunicorn.app.pasterapp.PasterBaseApplication", "gunicorn.app.base.Application"),
];

/// The class that a name stands for, if it is one to derive an application from.
pub(super) fn base_of(name: &str) -> Option<&'static str> {
    BASES.iter().find(|(known, _)| *known == name).map(|(_, base)| *base)
}

/// The class of what an application holds its settings in.
const CONFIGURATION: &str = "gunicorn.config.Config";

/// Begins the names under which a configuration holds what is set.
const SET: &str = "(set)";
/// More names than this are no options of a server.
const MAX_STRANGERS: usize = 100;
/// Stands among them for the command line and the files that it names.
const COMMAND_LINE: &str = "(command line)";

impl<'a> Run<'a, '_> {
    /// A call of a class of Gunicorn itself, or of its program.
    pub(super) fn base_application(
        &mut self,
        name: &str,
        arguments: &Arguments<'a>,
        at: Span,
    ) -> Step<Option<Cell<'a>>> {
        if let Some(base) = base_of(name) {
            let class = self.tool_class(base)?;
            let made = self.instance(&class, Vec::new())?;
            if let Thing::Instance(_, id) = made.thing {
                self.application_method(&made, id, base, "__init__", arguments, at)?;
            }
            return Ok(Some(made));
        }
        if name == "gunicorn.arbiter.Arbiter"
            && let Some(app) = arguments.get(0, "app").cloned()
            && let Thing::Instance(class, id) = &app.thing
            && let Some(base) = class.line().find_map(|class| base_of(&class.name))
        {
            let class = Rc::clone(class);
            self.started(&class, *id, base, at);
        }
        Ok(None)
    }

    pub(super) fn application_method(
        &mut self,
        receiver: &Cell<'a>,
        id: Id,
        base: &str,
        method: &str,
        arguments: &Arguments<'a>,
        at: Span,
    ) -> Step<Cell<'a>> {
        match method {
            "__init__" => {
                let configuration = self.tool(CONFIGURATION, Vec::new())?;
                self.set_attribute(receiver, "cfg", &configuration, at)?;
                if let Thing::Instance(class, _) = &receiver.thing {
                    let class = Rc::clone(class);
                    self.call_bound(receiver, &class, "load_config", Arguments::default(), at)?;
                }
                Ok(Cell::new(Thing::None))
            }
            "load_config" if base != "gunicorn.app.base.BaseApplication" => {
                self.initialise(receiver, id, base, at)?;
                self.record_set(id, Cell::str(COMMAND_LINE), Cell::new(Thing::None), at)?;
                Ok(Cell::new(Thing::None))
            }
            "load_default_config" | "do_load_config" | "load_config" | "chdir" => Ok(Cell::new(Thing::None)),
            "run" => {
                if let Thing::Instance(class, _) = &receiver.thing {
                    let class = Rc::clone(class);
                    self.started(&class, id, base, at);
                }
                Ok(Cell::new(Thing::None))
            }
            _ => {
                let why = format!("what {method}() of an application gives");
                self.call_unknown(receiver, arguments, &why, at)
            }
        }
    }

    /// `init` of an application that reads the command line: what it returns is set in front of everything that
    /// the command line, the variable and the configuration file say.
    fn initialise(&mut self, receiver: &Cell<'a>, id: Id, base: &str, at: Span) -> Step<()> {
        let Thing::Instance(class, _) = &receiver.thing else { return Ok(()) };
        let class = Rc::clone(class);
        if let Ok(None) = self.class_member(&class, "init") {
            if base == "gunicorn.app.wsgiapp.WSGIApplication" {
                let named = Cell::unknown("the application that the command line names");
                self.set_attribute(receiver, "app_uri", &named, at)?;
            }
            return Ok(());
        }
        let words = || Cell::unknown("what is made of the words of the command line");
        let arguments = Arguments { positional: vec![words(), words(), words()], ..Arguments::default() };
        let returned = self.call_bound(receiver, &class, "init", arguments, at)?;
        let entries = match &returned.thing {
            Thing::None => Some(Vec::new()),
            Thing::Dict(entries) => self.entries(*entries).map(<[_]>::to_vec),
            _ => None,
        };
        match entries {
            Some(entries) => {
                for (name, value) in entries {
                    self.record_set(id, name, value, at)?;
                }
                Ok(())
            }
            None => self.record_set(id, Cell::unknown("a name that is not known"), returned, at),
        }
    }

    /// `cfg.set(name, value)`, and the names that there are.
    pub(super) fn configuration_method(
        &mut self,
        id: Id,
        method: &str,
        arguments: &Arguments<'a>,
        at: Span,
    ) -> Step<Cell<'a>> {
        if method == "set"
            && let (Some(name), Some(value)) = (arguments.get(0, "name"), arguments.get(1, "value"))
        {
            let (name, value) = (name.clone(), value.clone());
            self.record_set_in(id, name, value, at)?;
            return Ok(Cell::new(Thing::None));
        }
        Ok(Cell::unknown("something a configuration of Gunicorn gives"))
    }

    /// `cfg.settings`: by name, whatever each may be.
    pub(in super::super) fn setting_names(&mut self) -> Step<Cell<'a>> {
        let names: Vec<Text> = self.witness.iter().flat_map(|witness| witness.settings.iter().cloned()).collect();
        let entries = names.into_iter().map(|name| (Cell::new(Thing::Str(name)), Cell::unknown("a setting"))).collect();
        let dict = self.dict(entries)?;
        if let (Thing::Dict(id), Some(witness)) = (&dict.thing, &mut self.witness) {
            witness.setting_dicts.push(*id);
        }
        Ok(dict)
    }

    /// Notes a name that is not among the settings, where it was looked for there: a program that filters its options
    /// drops it without a word.
    pub(in super::super) fn looked_up(&mut self, name: &Cell<'a>, among: &Cell<'a>) {
        let (Thing::Str(text), Thing::Dict(id)) = (&name.thing, &among.thing) else { return };
        let Some(witness) = self.witness.as_mut().filter(|witness| witness.setting_dicts.contains(id)) else { return };
        if !name.soft && !text.is_empty() && witness.strangers.len() < MAX_STRANGERS {
            witness.strangers.push(text.to_string());
        }
    }

    fn record_set(&mut self, application: Id, name: Cell<'a>, value: Cell<'a>, at: Span) -> Step<()> {
        match self.own(application, "cfg").map(|cell| cell.thing) {
            Some(Thing::Instance(_, id)) => self.record_set_in(id, name, value, at),
            _ => Ok(()),
        }
    }

    fn record_set_in(&mut self, configuration: Id, name: Cell<'a>, value: Cell<'a>, at: Span) -> Step<()> {
        let place = self.place(at);
        let control = self.control.clone();
        let Some(witness) = &mut self.witness else { return Ok(()) };
        witness.places.push(place);
        let index = i64::try_from(witness.places.len() - 1).unwrap_or(0);
        // By its name, so that what is set under a condition makes no other setting uncertain.
        let key: Text = match &name.thing {
            Thing::Str(text) if !name.soft => format!("{SET}{text}").into(),
            _ => format!("{SET}({index})").into(),
        };
        let cell = tuple(vec![name, value.with_deps(&control), Cell::new(Thing::Int(index))]);
        self.spend(1)?;
        if let Some(scope) = self.state.scope_mut(configuration) {
            scope.names.insert(key, Slot { cell, conditional: false, absent: false, records: Rc::from([]) });
        }
        Ok(())
    }

    /// Takes an application, or a configuration, for one in which anything may have been set.
    pub(in super::super) fn forget_sets(&mut self, of: &Cell<'a>, why: &Text, deps: &Deps) {
        let Thing::Instance(class, id) = &of.thing else { return };
        let configuration = if class.line().any(|class| class.name.as_ref() == CONFIGURATION) {
            Some(*id)
        } else {
            match self.own(*id, "cfg").map(|cell| cell.thing) {
                Some(Thing::Instance(class, id)) if class.name.as_ref() == CONFIGURATION => Some(id),
                _ => None,
            }
        };
        if let Some(id) = configuration {
            self.state.put(id, Object::Lost(Rc::clone(why), deps.clone()));
        }
    }

    /// Variables that decide which settings there are in a configuration.
    fn deciding(&self, configuration: Id) -> Vec<String> {
        let Some(scope) = self.state.scope(configuration) else { return Vec::new() };
        let names = scope.names.values().filter_map(|slot| match &slot.cell.thing {
            Thing::Tuple(parts) => parts.first(),
            _ => None,
        });
        let names: BTreeSet<&Text> = names.flat_map(|name| name.deps.open()).collect();
        names.into_iter().map(ToString::to_string).collect()
    }

    /// What was set in a configuration, in order; `None` if that is not known.
    fn sets_of(&self, configuration: Id, at: Span) -> Option<Vec<Set>> {
        let scope = self.state.scope(configuration).filter(|scope| scope.lost.is_none())?;
        let mut sets = Vec::new();
        for (key, slot) in &scope.names {
            let Some(own) = key.strip_prefix(SET) else { continue };
            let parts = match &slot.cell.thing {
                Thing::Tuple(parts) => parts.as_ref(),
                _ => &[],
            };
            let [name, value, Cell { thing: Thing::Int(index), .. }] = parts else {
                let name = (!own.starts_with('(') || own == COMMAND_LINE).then(|| own.to_owned());
                let value =
                    evaluated(&Cell::unknown("set differently on several ways").resting_on(&slot.cell), &self.state);
                sets.push((usize::MAX, Set { name, value, absent: false, place: self.place(at) }));
                continue;
            };
            let index = usize::try_from(*index).ok()?;
            let place = *self.witness.as_ref()?.places.get(index)?;
            let name = match &name.thing {
                Thing::Str(text) if !name.soft => Some(text.to_string()),
                _ => None,
            };
            let value = if slot.conditional && !slot.absent {
                Cell::unknown("set only under a condition that cannot be decided here").with_deps(&slot.cell.deps)
            } else {
                value.clone().resting_on(&slot.cell)
            };
            sets.push((index, Set { name, value: evaluated(&value, &self.state), absent: slot.absent, place }));
        }
        sets.order_by_key(|(index, _)| *index);
        Some(sets.into_iter().map(|(_, set)| set).collect())
    }

    /// Notes that an application runs, with what it has set.
    fn started(&mut self, class: &Class<'a>, id: Id, base: &str, at: Span) {
        let configuration = match self.own(id, "cfg").map(|cell| cell.thing) {
            Some(Thing::Instance(_, configuration)) => Some(configuration),
            _ => None,
        };
        let sets = configuration.and_then(|configuration| self.sets_of(configuration, at));
        let known = sets.is_some();
        let rests = configuration.map(|configuration| self.deciding(configuration)).unwrap_or_default();
        let sets = sets.unwrap_or_default();
        let loads = self.loads(class, id);
        // A method that is not followed may load what one of these names; that of Gunicorn loads `app_uri`.
        let names: &[&str] = match &loads {
            None => &["app_uri"],
            Some(Loads::Unknown) => &["application", "app", "app_uri", "wsgi_app", "app_path", "app_import_str"],
            Some(_) => &[],
        };
        let app = names.iter().find_map(|name| self.own(id, name)).map(|cell| self.given(&cell));
        let sighting = Sighting {
            callee: format!("{base}.run"),
            place: self.place(at),
            positional: app.into_iter().collect(),
            named: Vec::new(),
            open: !known,
            rests,
            certain: self.is_certain(),
            words: self.argument_words(),
            environment: self.changed_environment(),
            environment_lost: self.is_environment_lost(),
            sets,
            strangers: self.witness.as_ref().map(|witness| witness.strangers.clone()).unwrap_or_default(),
            loads,
            offset: Some(0),
        };
        self.keep(sighting);
    }
}
