//! Imports: modules of the project are followed, all others are known by name only.

use std::rc::Rc;

use crate::source::Span;

use super::super::syntax::ast;
use super::super::syntax::span_of;
use super::How;
use super::cell::{Cell, Deps, Text, Thing};
use super::names::is_standard;
use super::run::{Halt, MAX_DEPTH, Run, Site, Step};
use super::state::Object;

impl<'a> Run<'a, '_> {
    pub(super) fn import(&mut self, stmt: &'a ast::StmtImport) -> Step<()> {
        for alias in &stmt.names {
            let full = alias.name.as_str();
            let at = span_of(alias);
            let module = self.module_cell(full, at)?;
            let (name, cell, span) = match &alias.asname {
                Some(name) => (name.as_str(), module, span_of(name)),
                // `import a.b` binds `a`.
                None => match full.split_once('.') {
                    Some((first, _)) => (first, self.module_cell(first, at)?, span_of(&alias.name)),
                    None => (full, module, span_of(&alias.name)),
                },
            };
            let scope = self.scope_for(name);
            self.bind(scope, name, cell, Site { name: span, value: None, how: How::Import })?;
        }
        Ok(())
    }

    /// A module by its full name, followed if it is of the project.
    fn module_cell(&mut self, full: &str, at: Span) -> Step<Cell<'a>> {
        if let Some(index) = self.project_module(full)? {
            return Ok(Cell::new(Thing::Project(index)));
        }
        self.not_of_the_project(full, at)?;
        Ok(Cell::dotted(full))
    }

    /// An import of what the project does not have, or has where nobody looks for it.
    fn not_of_the_project(&mut self, full: &str, at: Span) -> Step<()> {
        if is_standard(full) {
            return Ok(());
        }
        if !self.is_lenient() && (self.inputs.missing)(full) {
            let what = format!("ModuleNotFoundError: `{full}` is not where Python looks for it");
            return self.raise("ModuleNotFoundError", at, &what);
        }
        let why = Cell::unknown(&format!("depends on whether {full} is installed"));
        self.may_raise(Some("ImportError"), &why, at)
    }

    pub(super) fn import_from(&mut self, stmt: &'a ast::StmtImportFrom) -> Step<()> {
        let at = span_of(stmt);
        let written = stmt.module.as_ref().map_or("", ast::Identifier::as_str);
        let full = self.absolute(stmt.level, written);
        if written == "__future__" {
            return Ok(());
        }
        let module = self.project_module(&full)?;
        let mut outside_checked = false;
        for alias in &stmt.names {
            let name = alias.name.as_str();
            if name == "*" {
                self.import_all(module, &full, at)?;
                continue;
            }
            let cell = match module {
                Some(module) => self.member(module, name, at)?,
                None => {
                    if let Some(index) = self.project_module(&join_name(&full, name))? {
                        Cell::new(Thing::Project(index))
                    } else {
                        if !outside_checked {
                            outside_checked = true;
                            self.not_of_the_project(&full, at)?;
                        }
                        Self::outside_attribute(&full, name)
                    }
                }
            };
            let bound = alias.asname.as_ref().unwrap_or(&alias.name);
            let scope = self.scope_for(bound);
            self.bind(scope, bound, cell, Site { name: span_of(bound), value: None, how: How::Import })?;
        }
        Ok(())
    }

    /// The name to ask the project for: inside an imported module a relative one is made absolute.
    fn absolute(&self, level: u32, written: &str) -> String {
        let level = usize::try_from(level).unwrap_or(0);
        let here: &str = self.modules.get(self.module).map_or("", |module| &module.name);
        if level == 0 {
            return written.to_owned();
        }
        if here.is_empty() {
            return format!("{}{written}", ".".repeat(level.min(64)));
        }
        let mut package = here;
        // To a package one dot is the package itself.
        let file = self.modules.get(self.module).map(|module| module.file);
        let path = file.and_then(|file| (self.inputs.path_of)(file)).unwrap_or_default();
        let is_package = path == "__init__.py" || path.ends_with("/__init__.py");
        for _ in 0..level.saturating_sub(usize::from(is_package)) {
            package = match package.rsplit_once('.') {
                Some(("", _)) => ".",
                Some((package, _)) => package,
                None => "",
            };
        }
        join_name(package, written)
    }

    /// Runs a module of the project once; its index among the modules that were met.
    pub(super) fn project_module(&mut self, full: &str) -> Step<Option<usize>> {
        if let Some(index) = self.modules.iter().skip(1).position(|module| module.name.as_ref() == full) {
            return Ok(Some(index + 1));
        }
        if full.is_empty() || full.len() > 512 {
            return Ok(None);
        }
        let Some(imported) = (self.inputs.resolve)(full) else { return Ok(None) };
        self.spend(16)?;
        let index = self.load(full, imported.file, imported.module, imported.text)?;
        if self.depth >= MAX_DEPTH {
            self.lose_module(index, "imports nest too deeply");
            return Ok(Some(index));
        }
        let before = self.snapshot()?;
        let scope = self.modules.get(index).map_or(0, |module| module.scope);
        let outside = self.step_into(index, scope, None);
        let result = self.with_half(|run| run.nested(|run| run.block(&imported.module.body)));
        self.step_out(outside);
        if let Some(module) = self.modules.get_mut(index) {
            module.finished = true;
        }
        match result {
            Ok(exits) => self.after(exits)?,
            Err(Halt::Exhausted) => {
                self.state = before;
                self.lose_module(index, "the imported module takes too long to follow");
            }
            Err(other) => return Err(other),
        }
        Ok(Some(index))
    }

    fn lose_module(&mut self, index: usize, why: &str) {
        if let Some(module) = self.modules.get(index) {
            self.state.put(module.scope, Object::Lost(why.into(), Deps::default()));
        }
    }

    /// A name of a project module.
    pub(super) fn member(&mut self, index: usize, name: &str, at: Span) -> Step<Cell<'a>> {
        let Some(module) = self.modules.get(index) else { return Ok(Cell::unknown("an unknown module")) };
        let full = Rc::clone(&module.name);
        let certain = module.finished && module.untrusted.is_none() && module.errors.is_empty();
        let found = match self.state.get(module.scope) {
            Some(Object::Scope(scope)) => match scope.names.get(name) {
                Some(slot) if slot.conditional => {
                    let why = format!("{full} binds {name} only under a condition");
                    return self.settle_unknown(&why, &[&slot.cell.clone()], at);
                }
                slot => slot.map(|slot| slot.cell.clone()),
            },
            Some(Object::Lost(why, _)) => Some(Cell::new(Thing::Unknown(Rc::clone(why)))),
            _ => None,
        };
        if let Some(cell) = found {
            return Ok(cell);
        }
        if let Some(index) = self.project_module(&join_name(&full, name))? {
            return Ok(Cell::new(Thing::Project(index)));
        }
        // A module may make up what it is asked for (PEP 562).
        let scope = self.modules.get(index).and_then(|module| self.state.scope(module.scope));
        let makes_up = scope.is_some_and(|scope| scope.names.contains_key("__getattr__"));
        if certain && !makes_up && !name.starts_with("__") && !self.is_lenient() {
            return self.raise("ImportError", at, &format!("{full} has no {name}"));
        }
        self.settle_unknown(&format!("{full} may or may not bind {name}"), &[], at)
    }

    fn import_all(&mut self, module: Option<usize>, full: &str, at: Span) -> Step<()> {
        let found =
            module.and_then(|index| self.modules.get(index)).map(|module| (module.scope, module.untrusted.is_some()));
        let Some((scope, untrusted)) = found else {
            self.not_of_the_project(full, at)?;
            self.lose_names(at, &format!("imports every name of {full}, which is not part of the project"));
            return Ok(());
        };
        if untrusted || self.state.scope(scope).is_none_or(|scope| scope.lost.is_some()) {
            self.lose_names(at, &format!("imports every name of {full}, which may bind anything"));
        }
        let names: Vec<(Text, Cell<'a>)> = match self.state.scope(scope) {
            Some(scope) => scope.names.iter().map(|(name, slot)| (Rc::clone(name), slot.cell.clone())).collect(),
            None => Vec::new(),
        };
        let listed = names.iter().find(|(name, _)| name.as_ref() == "__all__").map(|(_, cell)| cell.clone());
        let listed = match listed {
            Some(cell) => self.iterate(&cell, at)?,
            None => None,
        };
        let here = self.scope;
        for (name, cell) in names {
            let public = match &listed {
                Some(listed) => self.contains(listed, &Cell::new(Thing::Str(Rc::clone(&name)))) != Some(false),
                None => !name.starts_with('_'),
            };
            if public {
                self.bind(here, &name, cell, Site { name: at, value: None, how: How::Import })?;
            }
        }
        Ok(())
    }

    /// From here on any name of the scope may be bound to anything.
    fn lose_names(&mut self, at: Span, why: &str) {
        self.lose_names_of(self.scope, at, why);
    }
}

/// `a` and `b` as `a.b`, where `a` may be only dots.
fn join_name(package: &str, name: &str) -> String {
    if package.is_empty() || package.ends_with('.') || name.is_empty() {
        format!("{package}{name}")
    } else {
        format!("{package}.{name}")
    }
}
