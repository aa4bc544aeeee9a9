//! The tables, by the last part of the names they speak of.

use std::sync::OnceLock;

use super::{Form, Framework, Names, TABLES, Told};
use crate::values::HashMap;

/// A form and whose it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) framework: Framework,
    pub(super) form: &'static Form,
}

type ByName = HashMap<&'static str, Vec<Entry>>;

/// All forms, by how they are told.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// By the name of the method that decorates.
    pub(super) decorators: ByName,
    /// By the last part of the decorator's name.
    pub(super) named: ByName,
    /// By the last part of the method's name.
    pub(super) methods: ByName,
    /// By the name of the attribute that is assigned.
    pub(super) assigned: ByName,
    /// By the last part of what is called.
    pub(super) calls: ByName,
    /// Of classes, by the last part of a base; `*` where any will do.
    bases: ByName,
    /// The classes on whose objects handlers are registered, by their last part; `*` where any will do.
    told: HashMap<&'static str, Vec<&'static str>>,
}

/// The index, made once.
pub(super) fn index() -> &'static Index {
    static INDEX: OnceLock<Index> = OnceLock::new();
    INDEX.get_or_init(|| {
        let mut index = Index::default();
        for &(framework, forms) in TABLES {
            for form in forms {
                index.add(Entry { framework, form });
            }
        }
        index
    })
}

impl Index {
    fn add(&mut self, entry: Entry) {
        let (map, names) = match entry.form.told {
            Told::Decorator { names, .. } => (&mut self.decorators, names),
            Told::Named { names, .. } => (&mut self.named, names),
            Told::Method { names, .. } => (&mut self.methods, names),
            Told::Call { names, .. } => (&mut self.calls, names),
            Told::Assigned { names, .. } => (&mut self.assigned, names),
            Told::Class { bases, .. }
            | Told::Maker { bases, .. }
            | Told::Messages { bases, .. }
            | Told::Field { bases, .. } => (&mut self.bases, bases),
        };
        if let Told::Decorator { on, .. } | Told::Method { on, .. } = entry.form.told {
            for class in on {
                let classes = self.told.entry(last(class)).or_default();
                if !classes.contains(class) {
                    classes.push(class);
                }
            }
        }
        for name in names {
            let entries = map.entry(last(name)).or_default();
            if !entries.iter().any(|known| std::ptr::eq(known.form, entry.form)) {
                entries.push(entry);
            }
        }
    }

    /// The forms that speak of classes with this base.
    pub(super) fn of_base(&self, base: &str) -> impl Iterator<Item = Entry> {
        let named = self.bases.get(last(base)).into_iter().flatten();
        named.chain(self.bases.get("*").into_iter().flatten()).copied()
    }
}

/// Whether handlers are registered on objects of this class of a library.
pub fn is_told(class: &str) -> bool {
    let told = &index().told;
    let classes = told.get(last(class)).into_iter().chain(told.get("*"));
    classes.flatten().any(|pattern| stands_for(pattern, class))
}

/// Whether something is told to a framework by calls of this name.
pub fn may_register(name: &str) -> bool {
    let index = index();
    index.methods.contains_key(name) || index.calls.contains_key(name)
}

/// Whether a framework calls methods of classes with this base.
pub fn is_called(base: &str) -> bool {
    index().of_base(base).any(|entry| matches!(entry.form.told, Told::Class { bases, .. } if among(bases, base)))
}

/// The last part of a dotted name.
pub(super) fn last(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// Whether one of the names of a table is `name`.
pub(super) fn among(names: Names, name: &str) -> bool {
    names.iter().any(|pattern| stands_for(pattern, name))
}

/// Whether `pattern`, in which a part `*` stands for any number of parts, is `name`: libraries offer the
/// same object from several of their modules.
pub fn stands_for(pattern: &str, name: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('.') else {
        return pattern == "*" || pattern == name;
    };
    if first != "*" {
        return name.split_once('.').is_some_and(|(part, tail)| part == first && stands_for(rest, tail));
    }
    stands_for(rest, name) || name.split_once('.').is_some_and(|(_, tail)| stands_for(pattern, tail))
}

/// Whether a name of a method is one of these, of which `on_*` stands for all that begin so.
pub(super) fn names_method(names: Names, method: &str) -> bool {
    names.iter().any(|name| match name.strip_suffix('*') {
        Some(prefix) => method.starts_with(prefix),
        None => *name == method,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_number_of_parts() {
        for name in ["fastapi.FastAPI", "fastapi.applications.FastAPI", "fastapi.a.b.FastAPI"] {
            assert!(stands_for("fastapi.*.FastAPI", name), "{name}");
        }
        for name in ["FastAPI", "starlette.FastAPI", "fastapi.FastAPI.x", "fastapi"] {
            assert!(!stands_for("fastapi.*.FastAPI", name), "{name}");
        }
        assert!(stands_for("django.*.signals.*.connect", "django.db.models.signals.post_save.connect"));
        assert!(stands_for("rest_framework.generics.*", "rest_framework.generics.ListAPIView"));
        assert!(!stands_for("falcon.App", "falcon.asgi.App"));
    }

    #[test]
    fn every_name_of_every_table_finds_its_form() {
        let index = index();
        for (framework, forms) in TABLES {
            for form in *forms {
                let (Told::Class { bases, .. } | Told::Call { names: bases, .. }) = form.told else {
                    continue;
                };
                for name in bases {
                    let plain = name.replace(".*", "");
                    let found =
                        index.of_base(&plain).chain(index.calls.get(last(&plain)).into_iter().flatten().copied());
                    assert!(
                        found.into_iter().any(|entry| entry.framework == *framework),
                        "{framework:?}: `{name}` is not found"
                    );
                    assert!(stands_for(name, &plain) || name.ends_with('*'), "{name}");
                }
            }
        }
    }
}
