//! Which modules an application loads.
//!
//! Follows imports from the module that the server is told to load, those inside functions included,
//! and what Django is told by name: its settings, the root of its routes, middleware, `include`.

mod computed;

use std::collections::BTreeSet;

use crate::python::calls::EventKind;
use crate::python::modules::ModuleRef;
use crate::python::names::Bound;
use crate::python::syntax::ast::{self, Expr};
use crate::python::types::{Types, Value, is_for_developers};
use crate::source::FileId;

/// The indices of all modules that loading these may load, in order.
///
/// `settings` is the module of Django's settings that the environment of the server names.
pub(super) fn modules(types: &Types<'_>, start: &[u32], settings: Option<&str>) -> Vec<u32> {
    // One that is not in the project says nothing about those that are.
    let settings = settings.filter(|name| matches!(types.modules().find(name, None), Some(ModuleRef::File(_))));
    let mut reach = Reach { types, settings, seen: BTreeSet::new(), open: Vec::new() };
    for &index in start {
        reach.add(index);
    }
    reach.run();
    reach.settings_by_shape();
    reach.seen.into_iter().collect()
}

/// The modules that the imports of one name.
pub(super) fn imported_by(types: &Types<'_>, index: u32) -> BTreeSet<u32> {
    let mut reach = Reach { types, settings: None, seen: BTreeSet::new(), open: Vec::new() };
    reach.imports(index);
    reach.seen
}

struct Reach<'t, 'a> {
    types: &'t Types<'a>,
    settings: Option<&'t str>,
    seen: BTreeSet<u32>,
    open: Vec<u32>,
}

impl Reach<'_, '_> {
    fn run(&mut self) {
        while let Some(index) = self.open.pop() {
            self.imports(index);
            self.named(index);
        }
    }

    /// A project of Django's may compute the name of its settings; then it is known by what they bind.
    fn settings_by_shape(&mut self) {
        let binds = |index: u32| !self.types.django_setting(index, "ROOT_URLCONF").is_empty();
        let is_django = self.seen.iter().any(|&index| {
            self.types.facts_at(index).imports.iter().any(|import| {
                let starts = ["django.core.asgi", "django.core.wsgi", "configurations.asgi", "configurations.wsgi"];
                starts.contains(&import.module)
            })
        });
        if !is_django || self.seen.iter().any(|&index| binds(index)) {
            return;
        }
        let aside = |index: u32| {
            let path = self.types.modules().path_of(self.types.facts_at(index).file).unwrap_or_default();
            path.split('/').any(|part| part.starts_with("test") || part == "docs")
        };
        let settings: Vec<u32> = self.types.files().filter(|&index| binds(index) && !aside(index)).collect();
        for index in settings {
            self.add(index);
        }
        self.run();
    }

    fn add(&mut self, index: u32) {
        if self.seen.insert(index) {
            self.open.push(index);
        }
    }

    fn add_module(&mut self, module: Option<&ModuleRef>) {
        let Some(ModuleRef::File(file)) = module else {
            return;
        };
        let files = std::iter::once(*file).chain(self.types.modules().packages_of(*file));
        let indices: Vec<u32> = files.filter_map(|file| self.types.index_of(file)).collect();
        for index in indices {
            self.add(index);
        }
    }

    /// A dotted name of a module, or of an object in one.
    fn add_dotted(&mut self, dotted: &str, from: FileId) {
        let modules = self.types.modules();
        let found = modules.find(dotted, Some(from));
        let found = found.or_else(|| dotted.rsplit_once('.').and_then(|(module, _)| modules.find(module, Some(from))));
        self.add_module(found.as_ref());
    }

    fn imports(&mut self, index: u32) {
        let facts = self.types.facts_at(index);
        let modules = self.types.modules();
        for import in &facts.imports {
            let module = if import.level > 0 {
                modules.relative(facts.file, import.level, import.module)
            } else {
                modules.find(import.module, Some(facts.file))
            };
            let child = module.as_ref().zip(import.name).and_then(|(module, name)| modules.child(module, name));
            self.add_module(module.as_ref());
            self.add_module(child.as_ref());
        }
    }

    /// `package.module` imports nothing by itself, but whoever writes it has seen to that: a package
    /// that imports its modules when they are asked for, for one.
    fn read(&mut self, index: u32, attribute: &ast::ExprAttribute) {
        let Expr::Name(name) = &*attribute.value else { return };
        let facts = self.types.facts_at(index);
        let bindings = facts.functions[0].bindings.get(name.id.as_str());
        let modules = self.types.modules();
        let children = bindings.into_iter().flatten().filter_map(|binding| {
            let package = match binding.bound {
                Bound::From { level, module, name } if level > 0 => {
                    modules.relative(facts.file, level, module).and_then(|module| modules.child(&module, name))
                }
                Bound::From { module, name, .. } => {
                    modules.find(module, Some(facts.file)).and_then(|module| modules.child(&module, name))
                }
                Bound::Import { dotted, .. } => modules.find(dotted, Some(facts.file)),
                _ => None,
            };
            modules.child(&package?, attribute.attr.as_str())
        });
        let children: Vec<_> = children.collect();
        for child in &children {
            self.add_module(Some(child));
        }
    }

    fn named(&mut self, index: u32) {
        let facts = self.types.facts_at(index);
        let file = facts.file;
        for (function, number) in facts.functions.iter().zip(0..) {
            for event in &function.events {
                let call = match event.kind {
                    EventKind::Call(call, _) => call,
                    EventKind::Read(attribute) => {
                        self.read(index, attribute);
                        continue;
                    }
                    _ => continue,
                };
                if let Some(by_default) = named_by_default(call, SETTINGS) {
                    self.add_dotted(self.settings.unwrap_or(by_default), file);
                }
                let id = crate::python::types::FunctionId { file: index, index: number };
                self.computed(call, self.types.plain(id));
                if !matches!(&*call.func, Expr::Name(name) if name.id.as_str() == "include") {
                    continue;
                }
                let callee = self.types.value(&call.func, self.types.plain(id));
                let is_include = |value: &Value<'_>| matches!(value, Value::External(name) if matches!(&**name, "django.urls.include" | "django.conf.urls.include"));
                // `include("shop.urls")`, or a pair of that and the name of the application.
                let first = match call.arguments.args.first() {
                    Some(Expr::Tuple(pair)) => pair.elts.first(),
                    first => first,
                };
                if !callee.iter().any(is_include) {
                    continue;
                }
                match first {
                    Some(Expr::StringLiteral(text)) => self.add_dotted(text.value.to_str(), file),
                    // `[path(url, include(urls)) for url, urls in TABLE]`
                    Some(name @ Expr::Name(_)) => {
                        for dotted in self.texts_of(name, self.types.plain(id)) {
                            self.add_dotted(&dotted, file);
                        }
                    }
                    _ => {}
                }
            }
        }
        for name in ["ROOT_URLCONF", "MIDDLEWARE", "ASGI_APPLICATION", "INSTALLED_APPS"] {
            let mut names = Vec::new();
            for binding in self.types.django_setting(index, name) {
                if let Bound::Value { value: Some(value), .. } = binding.bound {
                    self.strings(value, index, &mut names);
                }
            }
            for dotted in &names {
                self.add_dotted(dotted, file);
                if name == "INSTALLED_APPS" {
                    // Django imports these of every application: <https://docs.djangoproject.com/en/5.2/ref/applications/>
                    for module in ["apps", "models"] {
                        let found = self.types.modules().find(&format!("{dotted}.{module}"), Some(file));
                        self.add_module(found.as_ref());
                    }
                }
            }
        }
    }

    /// The texts of a setting of Django: `"shop.urls"`, `[...] + [...]`, `f"{PROJECT}.urls"`.
    fn strings(&self, expr: &Expr, index: u32, found: &mut Vec<String>) {
        match expr {
            Expr::List(ast::ExprList { elts, .. }) | Expr::Tuple(ast::ExprTuple { elts, .. }) => {
                for element in elts {
                    self.strings(element, index, found);
                }
            }
            Expr::BinOp(sum) if matches!(&*sum.left, Expr::List(_) | Expr::Tuple(_) | Expr::BinOp(_)) => {
                self.strings(&sum.left, index, found);
                self.strings(&sum.right, index, found);
            }
            Expr::BinOp(sum) if matches!(&*sum.right, Expr::List(_) | Expr::Tuple(_)) => {
                self.strings(&sum.right, index, found);
            }
            _ => found.extend(self.put_together(expr, self.types.module_frame(index))),
        }
    }
}

/// The variable that names the module of Django's settings.
pub(super) const SETTINGS: &str = "DJANGO_SETTINGS_MODULE";
/// The variable that names the class which django-configurations makes settings of.
const CONFIGURATION: &str = "DJANGO_CONFIGURATION";

/// What stands in for a variable: `os.environ.setdefault("DJANGO_SETTINGS_MODULE", "...")`.
pub(super) fn named_by_default<'c>(call: &'c ast::ExprCall, variable: &str) -> Option<&'c str> {
    match &*call.arguments.args {
        [Expr::StringLiteral(name), Expr::StringLiteral(value)] if name.value.to_str() == variable => {
            Some(value.value.to_str())
        }
        _ => None,
    }
}

/// The class of settings that the environment names, or that stands in for it among these modules. One that is named
/// for developers is not what a server runs with.
pub(super) fn configuration(types: &Types<'_>, start: &[u32], named: Option<&str>) -> Option<String> {
    let by_default = || {
        let functions = start.iter().flat_map(|&index| &types.facts_at(index).functions);
        let mut found = functions.flat_map(|function| &function.events).filter_map(|event| match event.kind {
            EventKind::Call(call, _) => named_by_default(call, CONFIGURATION),
            _ => None,
        });
        let first = found.next()?;
        (!is_for_developers(first) && found.all(|other| other == first)).then(|| first.to_owned())
    };
    named.map(str::to_owned).or_else(by_default)
}
