//! Files of variables: which one is read, and what it fills in.

use std::rc::Rc;

use crate::source::Span;
use crate::values::Value;

use super::call::Arguments;
use super::cell::{Cell, Dep, Deps, Text, Thing};
use super::run::{Run, Step};
use super::state::{ENVIRON, Environ, Object};
use super::{FilePath, Lookup};

/// One variable of such a file.
pub(super) struct Variable {
    pub(super) name: Text,
    /// `None` where it is not followed what it holds.
    pub(super) value: Option<Text>,
    /// Whether every reader of such files takes the same text from it.
    pub(super) plain: bool,
}

impl<'a> Run<'a, '_> {
    /// What the file at a path holds; `None` if the project has none there.
    pub(super) fn variables_of_file(&self, path: &Cell<'a>) -> Option<Vec<Variable>> {
        let found = match &path.thing {
            Thing::Str(path) | Thing::Path(path) => (self.inputs.env_file)(FilePath::Running(path))?,
            Thing::Inside { path, .. } => (self.inputs.env_file)(FilePath::Project(path))?,
            _ => return None,
        };
        let variables = found.into_iter().map(|variable| Variable {
            name: variable.name.into(),
            value: variable.value.map(Into::into),
            plain: variable.plain,
        });
        Some(variables.collect())
    }

    /// The nearest file of this name in the folder of the code that runs, or above it.
    pub(super) fn nearest(&self, name: &str) -> Option<Cell<'a>> {
        let file = self.modules.get(self.module)?.file;
        let path = (self.inputs.path_of)(file)?;
        let mut folder = path.as_str();
        loop {
            folder = folder.rfind('/').map_or("", |at| folder.get(..at).unwrap_or(""));
            let candidate = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
            if (self.inputs.env_file)(FilePath::Project(&candidate)).is_some() {
                return Some(Cell::new(Thing::Inside { path: candidate.into(), object: false }));
            }
            if folder.is_empty() {
                return None;
            }
        }
    }

    fn named_file(&self, arguments: &Arguments<'a>, position: usize, name: &str) -> Option<Cell<'a>> {
        match arguments.get(position, name) {
            None | Some(Cell { thing: Thing::None, .. }) => self.nearest(".env"),
            Some(path) => Some(path.clone()),
        }
    }

    /// A file of variables is loaded: it fills in what is absent, or replaces what is set.
    pub(super) fn load_variables(&mut self, arguments: &Arguments<'a>, parameter: &str) -> Step<Cell<'a>> {
        let replaces = match arguments.named("override").or_else(|| arguments.named("overwrite")) {
            Some(cell) => self.truth(cell),
            None if arguments.open => None,
            None => Some(false),
        };
        let odd = arguments.named("stream").is_some() || arguments.named("recurse").is_some();
        let file = self.named_file(arguments, 0, parameter).filter(|_| !odd && replaces.is_some());
        let variables = file.and_then(|file| self.variables_of_file(&file));
        let (Some(variables), Some(replaces)) = (variables, replaces) else {
            // The deployment may have a file that the project does not hold.
            if let Some(Object::Environ(environ)) = self.state.get_mut(ENVIRON) {
                environ.filled = true;
                environ.replaced |= replaces != Some(false);
            }
            return Ok(Cell::unknown("whether a file of variables was found"));
        };
        for variable in variables {
            self.spend(2)?;
            self.fill(&variable, replaces);
        }
        Ok(Cell::new(Thing::Bool(true)).with_deps(&Deps::one(Dep::Other("a file of variables".into()))))
    }

    fn fill(&mut self, variable: &Variable, replaces: bool) {
        let (own, lost) = match self.state.get(ENVIRON) {
            Some(Object::Environ(environ)) => (environ.set.contains_key(&variable.name), environ.lost),
            _ => (false, true),
        };
        let lookup = (self.inputs.environ)(&variable.name);
        if !replaces && (own || lost || matches!(lookup, Lookup::Set(_) | Lookup::Likely(_))) {
            return;
        }
        let value = variable.value.as_ref().map(|text| Value::Str(text.to_string()));
        let cell = match &variable.value {
            Some(text) => Cell::new(Thing::Str(Rc::clone(text))),
            None => Cell::unknown(&format!("{} stands in a file in a way that is not followed", variable.name)),
        };
        let deps = match lookup {
            Lookup::Unknown if !replaces => super::outside::open_variable(&variable.name, value),
            _ => Deps::default(),
        };
        let cell = cell.with_deps(&deps).with_deps(&self.control);
        if let Some(Object::Environ(Environ { set, .. })) = self.state.get_mut(ENVIRON) {
            set.insert(Rc::clone(&variable.name), Some(cell));
        }
    }

    /// `dotenv_values(path)`.
    pub(super) fn file_values(&mut self, arguments: &Arguments<'a>, at: Span) -> Step<Cell<'a>> {
        let variables = self.named_file(arguments, 0, "dotenv_path").and_then(|file| self.variables_of_file(&file));
        let Some(variables) = variables else {
            return self.settle_unknown("a file of variables that is not in the project", &[], at);
        };
        let dict = self.dict(Vec::new())?;
        for variable in variables {
            let value = match variable.value {
                Some(text) => Cell::new(Thing::Str(text)),
                None => Cell::unknown("a variable that is not followed"),
            };
            self.put_entry(&dict, Cell::new(Thing::Str(variable.name)), value, at)?;
        }
        Ok(dict)
    }

    /// Variables that the file itself set.
    pub(super) fn own_variables(&self) -> impl Iterator<Item = &str> {
        let set = match self.state.get(ENVIRON) {
            Some(Object::Environ(environ)) => Some(environ.set.keys()),
            _ => None,
        };
        set.into_iter().flatten().map(AsRef::as_ref)
    }
}
