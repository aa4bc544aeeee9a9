//! Where in the text the value of an argument stands.

use std::collections::BTreeSet;

use super::super::effective::Site;
use super::Launched;
use crate::python::evaluate::written_out;
use crate::python::launches::{CallSite, Element, call_at};
use crate::python::syntax::ast::{Expr, Stmt};
use crate::python::syntax::visitor::{self, Visitor};
use crate::python::syntax::{Module, span_of};
use crate::read::Facts;
use crate::source::{FileId, Files, Place, Span};
use crate::values::Value;

/// The text around a call.
pub(super) struct Sites<'a> {
    pub(super) place: Place,
    module: Option<&'a Module>,
    text: &'a str,
    call: Option<CallSite>,
}

/// A place and how it can be edited.
pub(super) struct Found {
    pub(super) place: Place,
    pub(super) site: Option<Site>,
}

impl Found {
    /// The same without what is around the value.
    pub(super) fn alone(self) -> Self {
        let site = match self.site {
            Some(Site::Pair { literal, .. }) => literal.map(|place| argument(Some(place))),
            site => site,
        };
        Self { site, ..self }
    }
}

impl<'a> Sites<'a> {
    pub(super) fn new(place: Place, module: Option<&'a Module>, files: &'a Files) -> Self {
        let text = files.get(place.file).text();
        let call = module.and_then(|module| call_at(module, text, place.span));
        Self { place, module, text, call }
    }

    /// Those of a call that starts a server, which may be written as arguments of another one.
    pub(super) fn of(launched: &Launched, facts: &'a Facts, files: &'a Files) -> Self {
        let place = launched.sighting.place;
        let mut sites = Self::new(place, facts.python.get(&place.file), files);
        match launched.sighting.offset {
            Some(0) => {}
            Some(offset) => {
                if let Some(call) = &mut sites.call {
                    call.positional.drain(..offset.min(call.positional.len()));
                }
            }
            None => sites.call = None,
        }
        sites
    }

    pub(super) const fn file(&self) -> FileId {
        self.place.file
    }

    pub(super) const fn call(&self) -> Option<&CallSite> {
        self.call.as_ref()
    }

    /// An argument by its name, or by its position.
    pub(super) fn argument(&self, name: &str, index: Option<usize>) -> Found {
        let Some(call) = &self.call else { return self.whole() };
        if let Some(keyword) = call.keywords.iter().find(|keyword| keyword.name.as_deref() == Some(name)) {
            let place = Place::new(self.file(), keyword.value.span);
            let whole = Place::new(self.file(), keyword.whole);
            let literal = keyword.value.literal.then_some(place);
            let removal = self.removal(self.place.span, keyword.whole).map(|span| self.at(span));
            return Found { place, site: Some(Site::Argument { literal, whole: Some(whole), removal }) };
        }
        let positional = index.and_then(|index| call.positional.get(index)).and_then(Option::as_ref);
        if let Some(element) = positional {
            return self.element(element);
        }
        // It comes out of what `**` unpacks.
        let Some(unpacked) = call.keywords.iter().find(|keyword| keyword.name.is_none()) else { return self.whole() };
        match self.entry(name) {
            Some(entry) => Found { place: self.at(entry.value), site: Some(self.pair(&entry, entry.literal, name)) },
            None => Found { place: self.at(unpacked.value.span), site: None },
        }
    }

    /// Whether a name is one of the function around the call: a parameter, which nobody is seen to call with the
    /// global of that name, or something that it binds itself.
    pub(super) fn is_local(&self, name: &str) -> bool {
        struct Functions<'n> {
            span: Span,
            name: &'n str,
            of: Option<String>,
            binds: bool,
            global: bool,
            inside: bool,
            passed: BTreeSet<String>,
        }
        impl<'a> Visitor<'a> for Functions<'_> {
            fn visit_stmt(&mut self, stmt: &'a Stmt) {
                let own = span_of(stmt);
                let around = own.start <= self.span.start && self.span.end <= own.end;
                let names = |target: &Expr| matches!(target, Expr::Name(target) if target.id.as_str() == self.name);
                let outside = self.inside;
                match stmt {
                    Stmt::FunctionDef(def) => {
                        if around && def.parameters.iter().any(|parameter| parameter.name().as_str() == self.name) {
                            self.of = Some(def.name.as_str().to_owned());
                        }
                        self.inside = around;
                    }
                    Stmt::Assign(assign) => self.binds |= self.inside && assign.targets.iter().any(names),
                    Stmt::AnnAssign(assign) => self.binds |= self.inside && names(&assign.target),
                    Stmt::Global(global) => {
                        self.global |= self.inside && global.names.iter().any(|name| name.as_str() == self.name);
                    }
                    _ => {}
                }
                visitor::walk_stmt(self, stmt);
                self.inside = outside;
            }
            fn visit_expr(&mut self, expr: &'a Expr) {
                if let Expr::Call(call) = expr
                    && let Expr::Name(callee) = call.func.as_ref()
                {
                    let is_it = |value: &Expr| matches!(value, Expr::Name(given) if given.id.as_str() == self.name);
                    let by_name = call.arguments.keywords.iter().any(|keyword| is_it(&keyword.value));
                    if by_name || call.arguments.args.iter().any(is_it) {
                        self.passed.insert(callee.id.as_str().to_owned());
                    }
                }
                visitor::walk_expr(self, expr);
            }
        }
        let mut functions = Functions {
            span: self.place.span,
            name,
            of: None,
            binds: false,
            global: false,
            inside: false,
            passed: BTreeSet::new(),
        };
        for stmt in self.module.iter().flat_map(|module| &module.body) {
            functions.visit_stmt(stmt);
        }
        let Functions { of, binds, global, passed, .. } = functions;
        binds && !global || of.is_some_and(|function| !passed.contains(&function))
    }

    pub(super) fn element(&self, element: &Element) -> Found {
        let place = Place::new(self.file(), element.span);
        let literal = element.literal.then_some(place);
        Found { place, site: Some(argument(literal)) }
    }

    /// The call, where nothing inside it is to blame.
    pub(super) const fn whole(&self) -> Found {
        Found { place: self.place, site: None }
    }

    const fn at(&self, span: Span) -> Place {
        Place::new(self.place.file, span)
    }

    /// What takes one of several things between brackets out together with its comma; `None` where it is the only one.
    fn removal(&self, around: Span, whole: Span) -> Option<Span> {
        let behind = self.text.get(whole.end..around.end)?;
        let after = behind.trim_start();
        if after.starts_with(',') {
            let comma = whole.end + (behind.len() - after.len()) + 1;
            let rest = self.text.get(comma..around.end)?;
            let line_end = rest.find('\n').filter(|at| rest.get(..*at).is_some_and(|gap| gap.trim().is_empty()));
            let before = self.text.get(..whole.start)?;
            let line_start = before.rfind('\n').map_or(0, |at| at + 1);
            let alone = before.get(line_start..).is_some_and(|gap| gap.trim().is_empty());
            return match line_end {
                Some(end) if alone => Some(Span::new(line_start, comma + end + 1)),
                _ => {
                    let gap = rest.len() - rest.trim_start_matches(' ').len();
                    Some(Span::new(whole.start, comma + gap))
                }
            };
        }
        let before = self.text.get(around.start..whole.start)?.trim_end();
        before.ends_with(',').then(|| Span::new(around.start + before.len() - 1, whole.end))
    }

    /// How an entry can be edited.
    fn pair(&self, entry: &Entry, literal: bool, key: &str) -> Site {
        let literal = literal.then(|| self.at(entry.value));
        // Whoever asks for the entry by its key, elsewhere in the file, would miss it.
        let quoted = [format!("\"{key}\""), format!("'{key}'")];
        let names: usize = quoted.iter().map(|name| self.text.matches(name.as_str()).count()).sum();
        let is_quoted = self.text.get(entry.whole.start..).is_some_and(|text| text.starts_with(['"', '\'']));
        let removal = (names == usize::from(is_quoted)).then(|| self.removal(entry.around, entry.whole)).flatten();
        Site::Pair { literal, whole: self.at(entry.whole), removal: removal.map(|span| self.at(span)) }
    }

    /// An entry of a dict in the file, or a `name=` of `dict(...)`, by its key; `None` unless there is exactly one.
    fn entry(&self, key: &str) -> Option<Entry> {
        only(self.module?, &|expr, found| match expr {
            Expr::Dict(dict) => {
                for item in &dict.items {
                    if let Some(Expr::StringLiteral(text)) = &item.key
                        && text.value.to_str().eq_ignore_ascii_case(key)
                    {
                        let value = span_of(&item.value);
                        let whole = Span::new(span_of(text).start, value.end);
                        found.push(Entry { value, whole, around: span_of(dict), literal: is_literal(&item.value) });
                    }
                }
            }
            Expr::Call(call) if matches!(call.func.as_ref(), Expr::Name(name) if name.id == "dict") => {
                for keyword in &call.arguments.keywords {
                    if keyword.arg.as_ref().is_some_and(|name| name.as_str().eq_ignore_ascii_case(key)) {
                        let literal = is_literal(&keyword.value);
                        let around = span_of(&call.arguments);
                        found.push(Entry { value: span_of(&keyword.value), whole: span_of(keyword), around, literal });
                    }
                }
            }
            _ => {}
        })
    }

    /// The value that an entry of a dict gives to `key`, if its text says `value`.
    pub(super) fn entry_with(&self, key: &str, value: Option<&Value>) -> Option<Found> {
        let entry = self.entry(key)?;
        let says = self.text.get(entry.value.start..entry.value.end)?;
        let same = value.is_some_and(|value| {
            value.to_string() == says || value.as_str().is_some_and(|text| says.get(1..says.len() - 1) == Some(text))
        });
        Some(Found { place: self.at(entry.value), site: Some(self.pair(&entry, entry.literal && same, key)) })
    }

    /// The key of the only entry of a dict in the file that has this key.
    pub(super) fn key(&self, name: &str) -> Option<Place> {
        let span = only(self.module?, &|expr, found| {
            if let Expr::Dict(dict) = expr {
                let keys = dict.items.iter().filter_map(|item| item.key.as_ref());
                found.extend(keys.filter_map(|key| match key {
                    Expr::StringLiteral(text) if text.value.to_str() == name => Some(span_of(key)),
                    _ => None,
                }));
            }
        })?;
        // The text without its quotes.
        let at = span.start + self.text.get(span.start..span.end)?.find(name)?;
        Some(Place::new(self.file(), Span::new(at, at + name.len())))
    }

    /// The value of the only `object.name = value` in the file.
    pub(super) fn attribute(&self, name: &str) -> Option<Found> {
        struct Assigned<'n> {
            name: &'n str,
            found: Vec<(Span, Span, bool)>,
        }
        impl<'a> Visitor<'a> for Assigned<'_> {
            fn visit_stmt(&mut self, stmt: &'a Stmt) {
                if let Stmt::Assign(assign) = stmt
                    && let [Expr::Attribute(target)] = assign.targets.as_slice()
                    && target.attr.as_str() == self.name
                {
                    self.found.push((span_of(stmt), span_of(assign.value.as_ref()), is_literal(&assign.value)));
                }
                visitor::walk_stmt(self, stmt);
            }
            fn visit_expr(&mut self, _: &'a Expr) {}
        }
        let mut assigned = Assigned { name, found: Vec::new() };
        for stmt in &self.module?.body {
            assigned.visit_stmt(stmt);
        }
        let [(_, value, literal)] = assigned.found.as_slice() else { return None };
        let place = Place::new(self.file(), *value);
        let literal = literal.then_some(place);
        Some(Found { place, site: literal.map(|place| argument(Some(place))) })
    }
}

/// What a file assigns to an attribute of the object that a call makes.
pub(super) struct Assigned {
    pub(super) name: String,
    pub(super) found: Found,
    /// The value, where it is written out and every way through the program comes by.
    pub(super) value: Option<Value>,
}

impl Sites<'_> {
    /// What the file assigns to attributes of the object that the call makes, under the name that it gives to it.
    pub(super) fn assigned_later(&self) -> Vec<Assigned> {
        struct Later<'s> {
            sites: &'s Sites<'s>,
            /// What the object is called.
            object: Option<&'s str>,
            /// How far inside the block that names it.
            depth: isize,
            found: Vec<Assigned>,
        }
        impl<'a> Visitor<'a> for Later<'_> {
            fn visit_stmt(&mut self, stmt: &'a Stmt) {
                if let Stmt::Assign(assign) = stmt
                    && let [target] = assign.targets.as_slice()
                {
                    let written = |expr: &Expr| {
                        let span = span_of(expr);
                        self.sites.text.get(span.start..span.end)
                    };
                    if span_of(assign.value.as_ref()) == self.sites.place.span {
                        self.object = written(target);
                        self.depth = 0;
                    } else if let Expr::Attribute(attribute) = target
                        && self.object.is_some()
                        && written(&attribute.value) == self.object
                    {
                        let place = self.sites.at(span_of(assign.value.as_ref()));
                        let literal = is_literal(&assign.value).then_some(place);
                        self.found.push(Assigned {
                            name: attribute.attr.as_str().to_owned(),
                            found: Found { place, site: literal.map(|place| argument(Some(place))) },
                            value: written_out(&assign.value).filter(|_| self.depth == 0),
                        });
                    }
                }
                self.depth += 1;
                visitor::walk_stmt(self, stmt);
                self.depth -= 1;
            }
            fn visit_expr(&mut self, _: &'a Expr) {}
        }
        let mut later = Later { sites: self, object: None, depth: 0, found: Vec::new() };
        for stmt in self.module.iter().flat_map(|module| &module.body) {
            later.visit_stmt(stmt);
        }
        later.found
    }
}

const fn argument(literal: Option<Place>) -> Site {
    Site::Argument { literal, whole: None, removal: None }
}

fn is_literal(expr: &Expr) -> bool {
    match expr {
        Expr::NumberLiteral(_) | Expr::BooleanLiteral(_) | Expr::NoneLiteral(_) => true,
        Expr::StringLiteral(literal) => !literal.value.is_implicit_concatenated(),
        _ => false,
    }
}

/// An entry of a dict.
#[derive(Debug, Clone, Copy)]
struct Entry {
    value: Span,
    /// From the key to the end of the value.
    whole: Span,
    /// The dict with its brackets.
    around: Span,
    literal: bool,
}

/// Adds what is looked for in an expression.
type Look<'l, T> = dyn Fn(&Expr, &mut Vec<T>) + 'l;

/// What `look` finds in the expressions of a file, if it is one thing.
fn only<T: Copy>(module: &Module, look: &Look<T>) -> Option<T> {
    struct Each<'l, T> {
        look: &'l Look<'l, T>,
        found: Vec<T>,
    }
    impl<'a, T> Visitor<'a> for Each<'_, T> {
        fn visit_expr(&mut self, expr: &'a Expr) {
            (self.look)(expr, &mut self.found);
            visitor::walk_expr(self, expr);
        }
    }
    let mut each = Each { look, found: Vec::new() };
    for stmt in &module.body {
        each.visit_stmt(stmt);
    }
    if let [one] = each.found.as_slice() { Some(*one) } else { None }
}
