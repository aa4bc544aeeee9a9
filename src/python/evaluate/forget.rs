//! What is not known any more once code ran that is not followed.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::cell::{Cell, Deps, Id, Text, Thing};
use super::outside::{forget_environ, is_environ};
use super::reads::Touched;
use super::run::Run;
use super::state::{ENVIRON, Object, Slot};

impl<'a> Run<'a, '_> {
    /// Forgets everything that code which is not followed may have changed.
    pub(super) fn disturb(&mut self, touched: &Touched, why: &Text, deps: &Deps) {
        let is_alias = |name: &Text| self.find_from(self.scope, name).is_some_and(|(_, slot)| is_environ(&slot.cell));
        if touched.environ || touched.changed.iter().any(is_alias) {
            self.forget_variables();
        }
        let waiting = self.forget_names(touched, self.scope, self.module, why, deps);
        self.forget_values(waiting, why, deps);
        let handled = touched.handled.iter().filter_map(|name| self.find_from(self.scope, name));
        let handled: Vec<Cell<'a>> = handled.map(|(_, slot)| slot.cell.clone()).collect();
        for cell in handled {
            self.forget_sets(&cell, why, deps);
        }
    }

    /// Forgets what can be reached from values that went where they cannot be followed.
    pub(super) fn forget_values(&mut self, mut waiting: Vec<Cell<'a>>, why: &Text, deps: &Deps) {
        // Values can hold themselves, and functions can call each other.
        let mut objects = BTreeSet::new();
        let mut functions = BTreeSet::new();
        let mut tuples = BTreeSet::new();
        while let Some(cell) = waiting.pop() {
            match &cell.thing {
                _ if self.is_kept(&cell) => {}
                Thing::Tuple(items) if tuples.insert(items.as_ptr() as usize) => waiting.extend(items.iter().cloned()),
                Thing::Method(bound) => waiting.push(bound.0.clone()),
                Thing::Made(_, arguments) => waiting.extend(arguments.all().cloned()),
                Thing::List(_)
                | Thing::Dict(_)
                | Thing::Set(_)
                | Thing::Class(_)
                | Thing::Instance(..)
                | Thing::Reader(_)
                | Thing::Iterator(_)
                | Thing::View(..) => {
                    let id = match &cell.thing {
                        Thing::Class(class) => &class.scope,
                        Thing::List(id)
                        | Thing::Dict(id)
                        | Thing::Set(id)
                        | Thing::Instance(_, id)
                        | Thing::Reader(id)
                        | Thing::Iterator(id)
                        | Thing::View(id, _) => id,
                        _ => continue,
                    };
                    if !objects.insert(*id) {
                        continue;
                    }
                    match self.state.get(*id) {
                        Some(Object::List(items) | Object::Set(items)) => waiting.extend(items.iter().cloned()),
                        Some(Object::Dict(items)) => waiting.extend(items.iter().map(|(_, value)| value.clone())),
                        Some(Object::Scope(scope)) => {
                            waiting.extend(scope.names.values().map(|slot| slot.cell.clone()));
                        }
                        _ => {}
                    }
                    self.state.put(*id, Object::Lost(Rc::clone(why), deps.clone()));
                }
                Thing::Namespace(id) => self.lose_namespace(*id, self.statement),
                Thing::Function(function) if functions.insert(Rc::as_ptr(function).cast::<()>() as usize) => {
                    let (scope, module) = (function.scope, function.module);
                    if function.locals.environ {
                        self.forget_variables();
                    }
                    waiting.extend(self.forget_names(&function.locals, scope, module, why, deps));
                }
                _ => {}
            }
        }
    }

    /// Forgets the names that code in `scope` declares `global` or `nonlocal`; returns the values of
    /// those it reads.
    pub(super) fn forget_names(
        &mut self,
        touched: &Touched,
        scope: Id,
        module: usize,
        why: &Text,
        deps: &Deps,
    ) -> Vec<Cell<'a>> {
        let reached = touched.loaded.iter().filter_map(|name| self.find_from(scope, name));
        let reached = reached.map(|(_, slot)| slot.cell.clone()).collect();
        let global = self.modules.get(module).map_or(scope, |module| module.scope);
        for name in &touched.global {
            self.forget_name(global, name, why, deps);
        }
        for name in &touched.nonlocal {
            if let Some((id, _)) = self.find_from(scope, name) {
                self.forget_name(id, name, why, deps);
            }
        }
        reached
    }

    /// Takes every variable of the environment for changed.
    fn forget_variables(&mut self) {
        if let Some(Object::Environ(environ)) = self.state.get_mut(ENVIRON) {
            forget_environ(environ);
        }
    }

    /// Makes a name unknown, bound or not.
    pub(super) fn forget_name(&mut self, scope: Id, name: &Text, why: &Text, deps: &Deps) {
        let Some(scope) = self.state.scope_mut(scope) else { return };
        let unknown = Cell::new(Thing::Unknown(Rc::clone(why))).with_deps(deps);
        if let Some(slot) = scope.names.get_mut(name) {
            slot.cell = unknown;
        } else {
            let slot = Slot { cell: unknown, conditional: true, absent: false, records: Rc::from([]) };
            scope.names.insert(Rc::clone(name), slot);
        }
    }
}
