//! Settings of Django that are written as classes, and what binds a setting, in a class or a module.
//!
//! django-configurations makes settings of the class that `DJANGO_CONFIGURATION` names and of those that it inherits
//! from (`configurations/importer.py` of 2.5.1). Where nobody says which that is, it is none that is named for
//! development.

use std::rc::Rc;

use super::{ClassId, Types, Value};
use crate::python::names::Binding;

/// What such classes inherit from.
const CONFIGURATION: [&str; 2] = ["configurations.Configuration", "configurations.base.Configuration"];
/// Parts of names that only developers choose.
const DEVELOPMENT: [&str; 6] = ["debug", "dev", "development", "local", "test", "testing"];

impl<'a> Types<'a> {
    /// Says which class the settings are made of.
    pub fn configure(&self, configuration: Option<&str>) {
        self.configuration.replace(configuration.map(Into::into));
    }

    /// The class that the settings are made of and those that it inherits from, nearest first, where it is known.
    pub fn configuration(&self) -> Option<Vec<ClassId>> {
        let name = self.configuration.borrow().clone()?;
        let named = self.files().flat_map(|file| {
            let classes = self.facts_at(file).classes.iter().zip(0..).filter(|(class, _)| class.name == &*name);
            classes.map(move |(_, index)| ClassId { file, index }).collect::<Vec<_>>()
        });
        let line = |class: ClassId| {
            let own = |value: &Value<'a>| if let Value::Class(own) = value { Some(*own) } else { None };
            self.ancestry(class).iter().filter_map(own).collect::<Vec<_>>()
        };
        named.filter(|class| self.is_configuration(*class)).map(line).next()
    }

    /// The classes of a module that settings may be made of.
    pub fn configurations(&self, file: u32) -> Vec<ClassId> {
        // Most projects have none, and asking what every class inherits from takes long.
        let is_used = self.has_configurations.get_or_init(|| {
            let mut imports = self.files().flat_map(|file| &self.facts_at(file).imports);
            imports.any(|import| import.module.split('.').next() == Some("configurations"))
        });
        if !is_used {
            return Vec::new();
        }
        let count = u32::try_from(self.facts_at(file).classes.len()).unwrap_or(u32::MAX);
        (0..count).map(|index| ClassId { file, index }).filter(|class| self.is_configuration(*class)).collect()
    }

    /// What binds a setting of Django where requests are served, in a module or in classes of it.
    pub fn django_setting(&self, file: u32, name: &str) -> Vec<Binding<'a>> {
        let mut found = self.facts_at(file).functions[0].bindings.get(name).cloned().unwrap_or_default();
        if self.facts_at(file).classes.iter().all(|class| !class.fields.contains_key(name)) {
            return found;
        }
        let line = self.configuration();
        for class in self.configurations(file) {
            let counts = match &line {
                Some(line) => line.contains(&class),
                None => !is_for_developers(self.class(class).name),
            };
            if counts {
                found.extend(self.class(class).fields.get(name).into_iter().flatten().copied());
            }
        }
        found
    }

    fn is_configuration(&self, class: ClassId) -> bool {
        let is_library = |value: &Value<'a>| {
            let Value::External(name) = value else { return false };
            let name: &Rc<str> = name;
            CONFIGURATION.contains(&&**name)
        };
        !self.class(class).bases.is_empty() && self.ancestry(class).iter().any(is_library)
    }
}

/// Whether a class of settings is named for developers or tests: `Development`, `LocalSettings`, `TestConfig`.
pub fn is_for_developers(name: &str) -> bool {
    let mut words: Vec<String> = Vec::new();
    for letter in name.chars() {
        match words.last_mut() {
            Some(word) if !letter.is_uppercase() && letter != '_' => word.push(letter),
            _ => words.push(letter.to_lowercase().filter(|letter| *letter != '_').collect()),
        }
    }
    words.iter().any(|word| DEVELOPMENT.contains(&word.as_str()))
}
