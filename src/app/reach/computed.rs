//! Modules that code imports by a name it computes: plugins, and whatever lies in a package.
//!
//! `import_module(f"plugins.{name}")` is taken to load every module that the name may be. A name of which
//! not even the package is written down loads nothing here.

use super::Reach;
use crate::python::calls::last_name;
use crate::python::modules::ModuleRef;
use crate::python::names::Bound;
use crate::python::syntax::ast::{self, Expr};
use crate::python::syntax::span_of;
use crate::python::types::{Frame, FunctionId, Value, is_import};

/// How many modules one call may load.
const MAX_MODULES: usize = 200;
/// How many bindings are followed to a text.
const MAX_HOPS: usize = 3;

/// The name of a module, as far as it is written down.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Asked {
    Exactly(String),
    /// A name that begins and ends like this, in a package that is known.
    Like(String, String),
}

impl Reach<'_, '_> {
    /// `import_module(name)` and `pkgutil.iter_modules(package.__path__)`.
    pub(super) fn computed(&mut self, call: &ast::ExprCall, frame: Frame) {
        let name = match &*call.func {
            Expr::Attribute(attribute) => attribute.attr.as_str(),
            Expr::Name(name) => name.id.as_str(),
            _ => return,
        };
        let Some(first) = call.arguments.args.first() else { return };
        match name {
            "import_module" | "import_string" | "__import__" => {
                let package = call.arguments.find_keyword("package").map(|keyword| &keyword.value);
                let package = package.or_else(|| call.arguments.args.get(1));
                let asked = self.asked(first, frame, MAX_HOPS);
                if asked.is_empty() && !matches!(first, Expr::FString(_) | Expr::BinOp(_)) {
                    self.load_listed(frame);
                }
                for asked in asked {
                    self.load(&asked, package, frame);
                }
            }
            "iter_modules" | "walk_packages" => {
                for package in self.package_of_path(first, frame) {
                    self.load_below(&package, "", "");
                }
            }
            _ => self.walked(call, frame),
        }
    }

    /// A function of the project that is given a package, and imports by computed names, imports what lies in it:
    /// `import_all(plugins)`, `import_all(__path__)`.
    fn walked(&mut self, call: &ast::ExprCall, frame: Frame) {
        if !self.may_walk(&call.func, frame) {
            return;
        }
        let is_own = |name: &str| matches!(name, "__file__" | "__name__" | "__path__");
        let mut packages: Vec<String> = Vec::new();
        for given in call.arguments.args.iter().take(MAX_HOPS) {
            match given {
                Expr::Name(name) if is_own(name.id.as_str()) => packages.extend(self.own_package(frame)),
                Expr::Attribute(attribute) if is_own(attribute.attr.as_str()) => {
                    packages.extend(self.folders_of(&attribute.value, frame));
                }
                other => packages.extend(self.folders_of(other, frame)),
            }
        }
        packages.retain(|folder| !folder.is_empty());
        if packages.is_empty() {
            return;
        }
        let named = |expr: &Expr| match expr {
            Expr::Name(name) => self.types.name(name.id.as_str(), frame, span_of(name).start),
            _ => Vec::new(),
        };
        let callee: Vec<Value<'_>> = match &*call.func {
            Expr::Attribute(method) => {
                let owners = named(&method.value);
                owners.iter().flat_map(|owner| self.types.attribute(owner, method.attr.as_str())).collect()
            }
            other => named(other),
        };
        let walks = |value: &Value<'_>| match value {
            Value::Function(target) => self.imports_computed(target.function, MAX_HOPS),
            _ => false,
        };
        if callee.iter().any(walks) {
            for package in packages {
                self.load_below(&package, "", "");
            }
        }
    }

    /// Whether what is called, by its own name or by the one that the module gives it, may import modules.
    fn may_walk(&self, callee: &Expr, frame: Frame) -> bool {
        let name = last_name(callee);
        let renamed = || {
            let bindings = self.types.facts_at(frame.function.file).functions[0].bindings.get(name);
            bindings.into_iter().flatten().any(|binding| match binding.bound {
                Bound::From { name, .. } => self.types.may_import(name),
                Bound::Value { .. } => true,
                _ => false,
            })
        };
        self.types.may_import(name) || callee.is_name_expr() && renamed()
    }

    /// Whether a function, or one of its file that it calls, imports modules.
    fn imports_computed(&self, function: FunctionId, hops: usize) -> bool {
        let facts = self.types.facts_at(function.file);
        let own = facts.calls.iter().filter(|(caller, _)| *caller == function.index);
        own.map(|(_, call)| last_name(&call.func)).filter(|name| !name.is_empty()).any(|name| {
            let mut others = facts.functions.iter().zip(0..).filter(|(other, _)| other.name == name);
            is_import(name)
                || hops > 0
                    && others.any(|(_, index)| {
                        index != function.index && self.imports_computed(FunctionId { index, ..function }, hops - 1)
                    })
        })
    }

    /// The folder of the package whose `__init__.py` `frame` is in.
    fn own_package(&self, frame: Frame) -> Option<String> {
        let path = self.types.modules().path_of(self.types.facts_at(frame.function.file).file)?;
        path.strip_suffix("/__init__.py").map(str::to_owned)
    }

    /// A name that comes from somewhere else is one of those that the module lists, where it lists any:
    /// `HANDLERS = {"files": ["server.files.handlers"]}`.
    fn load_listed(&mut self, frame: Frame) {
        let facts = self.types.facts_at(frame.function.file);
        let mut names = Vec::new();
        facts.functions[0].bindings.values().flatten().for_each(|binding| {
            if let Bound::Value { value: Some(value @ (Expr::Dict(_) | Expr::List(_) | Expr::Tuple(_))), .. } =
                binding.bound
            {
                listed(value, &mut names, 0);
            }
        });
        names.sort_unstable();
        names.dedup();
        for name in names.into_iter().take(MAX_MODULES) {
            if let module @ Some(ModuleRef::File(_)) = self.types.modules().find(name, Some(facts.file)) {
                self.add_module(module.as_ref());
            }
        }
    }

    fn asked(&self, expr: &Expr, frame: Frame, hops: usize) -> Vec<Asked> {
        match expr {
            Expr::StringLiteral(text) => vec![Asked::Exactly(text.value.to_str().to_owned())],
            Expr::FString(_) | Expr::BinOp(_) => {
                let (begins, ends) = (self.begins(expr, frame), ends(expr));
                if begins.contains('.') { vec![Asked::Like(begins, ends)] } else { Vec::new() }
            }
            Expr::List(list) => list.elts.iter().flat_map(|element| self.asked(element, frame, hops)).collect(),
            Expr::Tuple(tuple) => tuple.elts.iter().flat_map(|element| self.asked(element, frame, hops)).collect(),
            Expr::Name(name) if hops > 0 => {
                let sources = self.types.sources(name.id.as_str(), frame, span_of(name).start);
                let parts = sources.iter().filter_map(|(bound, frame)| match *bound {
                    Bound::ItemPart(table, position) => Some(self.column(table, position, *frame, hops - 1)),
                    _ => None,
                });
                let parts: Vec<Asked> = parts.flatten().collect();
                let exprs = sources.into_iter().filter_map(|(bound, frame)| match bound {
                    Bound::Value { value: Some(value), .. } | Bound::Item(value) => Some((value, frame)),
                    _ => None,
                });
                exprs.flat_map(|(expr, frame)| self.asked(expr, frame, hops - 1)).chain(parts).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The texts that a name stands for.
    pub(super) fn texts_of(&self, name: &Expr, frame: Frame) -> Vec<String> {
        let asked = self.asked(name, frame, MAX_HOPS).into_iter();
        asked.filter_map(|asked| if let Asked::Exactly(text) = asked { Some(text) } else { None }).collect()
    }

    /// The text that literals and names of one text each come to: `f"{PROJECT}.urls"`, `PROJECT + ".urls"`,
    /// `"%s.urls" % PROJECT`.
    pub(super) fn put_together(&self, expr: &Expr, frame: Frame) -> Option<String> {
        let text_of = |expr: &Expr| match self.texts_of(expr, frame).as_slice() {
            [only] => Some(only.clone()),
            _ => self.own_name(expr, frame),
        };
        match expr {
            Expr::FString(text) => text.value.elements().try_fold(String::new(), |text, part| match part {
                ast::InterpolatedStringElement::Literal(literal) => Some(text + &literal.value),
                ast::InterpolatedStringElement::Interpolation(part) => {
                    let plain = part.format_spec.is_none() && part.conversion == ast::ConversionFlag::None;
                    plain.then(|| text_of(&part.expression)).flatten().map(|own| text + &own)
                }
            }),
            Expr::BinOp(sum) if sum.op == ast::Operator::Add => Some(text_of(&sum.left)? + &text_of(&sum.right)?),
            Expr::BinOp(format) if format.op == ast::Operator::Mod => {
                let template = text_of(&format.left)?;
                let (before, behind) = template.split_once("%s")?;
                (!behind.contains('%'))
                    .then(|| text_of(&format.right))
                    .flatten()
                    .map(|own| before.to_owned() + &own + behind)
            }
            plain => text_of(plain),
        }
    }

    /// What stands at a position of each row of a table that is written out.
    fn column(&self, table: &Expr, position: usize, frame: Frame, hops: usize) -> Vec<Asked> {
        match table {
            Expr::List(ast::ExprList { elts, .. }) | Expr::Tuple(ast::ExprTuple { elts, .. }) => {
                let cells = elts.iter().filter_map(|row| match row {
                    Expr::Tuple(ast::ExprTuple { elts, .. }) | Expr::List(ast::ExprList { elts, .. }) => {
                        elts.get(position)
                    }
                    _ => None,
                });
                cells.flat_map(|cell| self.asked(cell, frame, hops)).collect()
            }
            Expr::Name(name) if hops > 0 => {
                let sources = self.types.sources(name.id.as_str(), frame, span_of(name).start);
                let tables = sources.into_iter().filter_map(|(bound, frame)| match bound {
                    Bound::Value { value: Some(value), .. } => Some((value, frame)),
                    _ => None,
                });
                tables.flat_map(|(table, frame)| self.column(table, position, frame, hops - 1)).collect()
            }
            _ => Vec::new(),
        }
    }

    /// What a text begins with, up to the first part that is computed.
    fn begins(&self, expr: &Expr, frame: Frame) -> String {
        match expr {
            Expr::StringLiteral(text) => text.value.to_str().to_owned(),
            Expr::BinOp(sum) if sum.op == ast::Operator::Add => {
                let left = self.begins(&sum.left, frame);
                let whole = matches!(&*sum.left, Expr::StringLiteral(_)) || self.own_name(&sum.left, frame).is_some();
                if whole { left + &self.begins(&sum.right, frame) } else { left }
            }
            Expr::FString(text) => {
                let mut begins = String::new();
                for part in text.value.elements() {
                    match part {
                        ast::InterpolatedStringElement::Literal(literal) => begins.push_str(&literal.value),
                        ast::InterpolatedStringElement::Interpolation(part) => {
                            match self.own_name(&part.expression, frame) {
                                Some(name) => begins.push_str(&name),
                                None => break,
                            }
                        }
                    }
                }
                begins
            }
            other => self.own_name(other, frame).unwrap_or_default(),
        }
    }

    /// `__name__`, `__package__`, `package.__name__`: as a dotted name from the root.
    fn own_name(&self, expr: &Expr, frame: Frame) -> Option<String> {
        let path = match expr {
            Expr::Name(name) if matches!(name.id.as_str(), "__name__" | "__package__") => self.own_folder(frame),
            Expr::Attribute(attribute) if matches!(attribute.attr.as_str(), "__name__" | "__package__") => {
                self.folders_of(&attribute.value, frame).into_iter().next()
            }
            _ => None,
        };
        path.map(|path| path.replace('/', "."))
    }

    fn package_of_path(&self, expr: &Expr, frame: Frame) -> Vec<String> {
        match expr {
            Expr::Attribute(attribute) if attribute.attr.as_str() == "__path__" => {
                self.folders_of(&attribute.value, frame)
            }
            Expr::Name(name) if name.id.as_str() == "__path__" => self.own_folder(frame).into_iter().collect(),
            _ => Vec::new(),
        }
    }

    /// The folder of the file that `frame` is in.
    fn own_folder(&self, frame: Frame) -> Option<String> {
        let path = self.types.modules().path_of(self.types.facts_at(frame.function.file).file)?;
        Some(path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned())
    }

    /// The folders of the packages that an expression stands for.
    fn folders_of(&self, expr: &Expr, frame: Frame) -> Vec<String> {
        let Expr::Name(name) = expr else { return Vec::new() };
        let values = self.types.name(name.id.as_str(), frame, span_of(name).start);
        let folder = |value: &Value<'_>| match value {
            Value::Module(ModuleRef::Folder(folder)) => Some(folder.to_string()),
            Value::Module(ModuleRef::File(file)) => {
                let path = self.types.modules().path_of(*file)?;
                path.strip_suffix("/__init__.py").map(str::to_owned)
            }
            _ => None,
        };
        values.iter().filter_map(folder).collect()
    }

    fn load(&mut self, asked: &Asked, package: Option<&Expr>, frame: Frame) {
        let from = self.types.facts_at(frame.function.file).file;
        let absolute = |name: &str, this: &Self| match name.strip_prefix('.') {
            None => Some(name.to_owned()),
            Some(rest) => {
                let package = package.map(|package| this.begins(package, frame)).filter(|name| !name.is_empty())?;
                Some(format!("{package}.{rest}"))
            }
        };
        match asked {
            Asked::Exactly(name) => {
                if let Some(name) = absolute(name, self) {
                    self.add_dotted(&name, from);
                }
            }
            Asked::Like(begins, ends) => {
                let Some(begins) = absolute(begins, self) else { return };
                let Some((package, rest)) = begins.rsplit_once('.') else { return };
                let folder = match self.types.modules().find(package, Some(from)) {
                    Some(ModuleRef::Folder(folder)) => folder.to_string(),
                    Some(ModuleRef::File(file)) => {
                        let path =
                            self.types.modules().path_of(file).and_then(|path| path.strip_suffix("/__init__.py"));
                        let Some(path) = path else { return };
                        path.to_owned()
                    }
                    None => return,
                };
                self.load_below(&folder, rest, ends);
            }
        }
    }

    /// Loads the modules below a folder whose dotted name there begins and ends like this.
    fn load_below(&mut self, folder: &str, begins: &str, ends: &str) {
        let modules = self.types.modules();
        let is_meant = |index: &u32| {
            let path = modules.path_of(self.types.facts_at(*index).file).unwrap_or_default();
            let inside = path.strip_prefix(folder).and_then(|path| path.strip_prefix('/'));
            let Some(inside) = inside else { return false };
            let dotted = inside.trim_end_matches(".py").trim_end_matches("/__init__").replace('/', ".");
            let last = dotted.rsplit('.').next().unwrap_or_default();
            let is_test =
                last.starts_with("test_") || last == "conftest" || dotted.split('.').any(|part| part == "tests");
            dotted.starts_with(begins) && dotted.ends_with(ends) && !is_test && dotted.matches('.').count() < 3
        };
        let meant: Vec<u32> = self.types.files().filter(is_meant).take(MAX_MODULES).collect();
        for index in meant {
            let file = self.types.facts_at(index).file;
            self.add_module(Some(&ModuleRef::File(file)));
        }
    }
}

/// The dotted names among the texts of a container.
fn listed<'e>(expr: &'e Expr, names: &mut Vec<&'e str>, depth: usize) {
    let mut within = |expr: &'e Expr| listed(expr, names, depth + 1);
    match expr {
        _ if depth > MAX_HOPS => {}
        Expr::Dict(dict) => dict.items.iter().for_each(|item| within(&item.value)),
        Expr::List(list) => list.elts.iter().for_each(within),
        Expr::Tuple(tuple) => tuple.elts.iter().for_each(within),
        Expr::StringLiteral(text) if text.value.to_str().contains('.') => names.push(text.value.to_str()),
        _ => {}
    }
}

/// What a text ends with, behind the last part that is computed.
fn ends(expr: &Expr) -> String {
    match expr {
        Expr::StringLiteral(text) => text.value.to_str().to_owned(),
        Expr::BinOp(sum) if sum.op == ast::Operator::Add => ends(&sum.right),
        Expr::FString(text) => {
            let mut ends = String::new();
            for part in text.value.elements() {
                match part {
                    ast::InterpolatedStringElement::Literal(literal) => ends.push_str(&literal.value),
                    ast::InterpolatedStringElement::Interpolation(_) => ends.clear(),
                }
            }
            ends
        }
        _ => String::new(),
    }
}
