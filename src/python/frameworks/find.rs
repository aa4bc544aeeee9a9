//! Finds what the frameworks' tables speak of.

use std::collections::{BTreeMap, BTreeSet};

use super::follow::registrars;
use super::foreign::Foreign;
use super::index::{Entry, among, index, last, names_method};
use super::prefixes::{Prefix, joined};
use super::requests::{changes, reads, route_of};
use super::{Context, Form, Framework, ON_LOOP, Pool, Role, Told};
use crate::python::calls::EventKind;
use crate::python::syntax::ast::{self, Expr};
use crate::python::syntax::span_of;
use crate::python::types::{ClassId, Frame, FunctionId, Switch, Types, Value};
use crate::source::Span;

static STREAM: Form = ON_LOOP.form(Told::Named { names: &[] }, Role::Stream);

/// A function that a framework calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// What runs: the function, or the wrapper that a decorator made of it, with the class it is called
    /// on where that matters.
    pub frame: Frame,
    /// The function as the project defines it.
    pub function: FunctionId,
    /// Who calls it.
    pub framework: Framework,
    /// What it is for.
    pub role: Role,
    /// Where the framework runs it.
    pub context: Context,
    /// The path it answers.
    pub route: Option<String>,
    /// Whether it answers GET, as far as is written.
    pub reads: bool,
    /// Of what is called once, as soon as the loop runs: the function that says so.
    pub told_once_by: Option<FunctionId>,
    /// How much speaks against it where nobody sets a variable of the environment.
    pub doubts: u8,
    /// What has to be set for it to be told at all.
    pub switch: Option<Switch>,
}

/// What is known of the application as a whole.
#[derive(Debug, Clone, Copy)]
pub struct Setting<'s> {
    /// What it is written with. Objects that nothing is known of are taken for its own where they are
    /// used like them.
    pub framework: Framework,
    /// Whether it is served on a loop.
    pub is_asgi: bool,
    /// Functions that the server itself calls.
    pub callables: &'s [Frame],
    /// Objects that it has nothing to do with.
    pub foreign: &'s Foreign,
}

/// Everything that the modules of these indices tell a framework to call, in the order of files and
/// lines; a function that is told of twice in one context counts for the first role in the order of
/// [`Role`].
pub fn find(types: &Types<'_>, modules: &[u32], setting: Setting<'_>) -> Vec<Found> {
    let registrars = registrars(types, modules);
    let mut finder = Finder {
        types,
        setting,
        registrars,
        found: BTreeMap::new(),
        visited: BTreeSet::new(),
        depth: 0,
        teller: None,
        doubts: 0,
        switch: None,
        prefix: Some(String::new()),
        reads: true,
    };
    for &file in modules {
        finder.module(file);
    }
    finder.callables();
    finder.settings(modules);
    finder.models();
    finder.found.into_values().collect()
}

pub(super) struct Finder<'t, 'a> {
    pub(super) types: &'t Types<'a>,
    pub(super) setting: Setting<'t>,
    pub(super) found: BTreeMap<(FunctionId, Frame, Context), Found>,
    /// Names of functions that register something on what they are given.
    pub(super) registrars: BTreeSet<String>,
    /// Functions that were read with arguments known from a caller.
    pub(super) visited: BTreeSet<Frame>,
    /// How many functions that are read with what they are given are being read.
    pub(super) depth: usize,
    /// The function whose call is read.
    teller: Option<FunctionId>,
    /// How much speaks against what is told here.
    doubts: u8,
    /// What has to be set for it to be told.
    switch: Option<Switch>,
    /// What stands in front of the paths that are told.
    prefix: Prefix,
    /// Whether what is told answers GET.
    reads: bool,
}

/// The object a method is called on, as a library's class and the attributes that lead from it.
pub(super) struct Owner {
    pub(super) class: String,
    pub(super) path: String,
}

impl<'a> Finder<'_, 'a> {
    fn module(&mut self, file: u32) {
        let facts = self.types.facts_at(file);
        self.switch = self.setting.foreign.switched.modules.get(&file).copied();
        self.doubts = self.switch.map_or(0, |switch| switch.doubts);
        for (_, index) in facts.functions.iter().zip(0..) {
            self.function(self.types.plain(FunctionId { file, index }));
        }
        for (_, index) in facts.classes.iter().zip(0..) {
            self.class(ClassId { file, index });
        }
        for (&name, assigned) in &facts.outside {
            for entry in index().assigned.get(name).into_iter().flatten() {
                for outside in assigned {
                    self.attribute_given(outside, *entry, file);
                }
            }
        }
    }

    /// What one function says about itself, and what it tells frameworks.
    pub(super) fn function(&mut self, frame: Frame) {
        let function = self.types.function(frame.function);
        let around = Frame { function: FunctionId { index: function.parent, ..frame.function }, ..frame };
        // What is registered only while somebody develops serves nobody else.
        if Types::is_dead(&self.types.dead(around), function.span)
            || self.setting.foreign.is_uncalled(self.types, frame.function)
        {
            return;
        }
        let outer = (self.doubts, self.switch);
        self.switched_off(around, function.span);
        if !function.decorators.is_empty() {
            self.decorators(frame, around);
        }
        self.parameters(frame, around);
        let dead = self.types.dead(frame);
        let of_function = (self.doubts, self.switch);
        for event in function.events.iter().filter(|event| !Types::is_dead(&dead, event.span)) {
            if let EventKind::Call(call, _) = event.kind {
                self.switched_off(frame, event.span);
                self.prefix = self.setting.foreign.prefixes.at(frame.function.file, span_of(call));
                self.reads = reads(&call.func, Some(call));
                if let Expr::Attribute(method) = &*call.func {
                    self.told_to(&method.value, frame);
                }
                self.call(call, frame);
                self.prefix = Some(String::new());
                self.reads = true;
                (self.doubts, self.switch) = of_function;
            }
        }
        (self.doubts, self.switch) = outer;
    }

    /// What is told in this part of a function is only told where its switches are on.
    fn switched_off(&mut self, frame: Frame, part: Span) {
        let doubts = self.types.switched_at(frame, part);
        if doubts > self.doubts {
            self.doubts = doubts;
            self.switch = self.types.switch_at(frame, part);
        }
    }

    /// What is told to a router that is only registered where somebody sets a variable, or below a path.
    fn told_to(&mut self, router: &'a Expr, frame: Frame) {
        let own = self.setting.foreign.prefixes.of(self.types, router, frame);
        self.prefix = self.prefix.take().zip(own).map(|(around, own)| joined(&around, &own));
        if let Some(switch) = self.setting.foreign.switch_of(self.types, router, frame)
            && switch.doubts > self.doubts
        {
            self.doubts = switch.doubts;
            self.switch = Some(switch);
        }
    }

    pub(super) fn push(
        &mut self,
        frame: Frame,
        function: FunctionId,
        entry: Entry,
        context: Context,
        route: Option<String>,
    ) {
        let (framework, role) = (entry.framework, entry.form.role);
        let route = self.prefix.as_ref().zip(route).map(|(prefix, route)| joined(prefix, &route));
        let told_once_by = self.teller.filter(|_| entry.form.once);
        let (doubts, switch) = (self.doubts, self.switch);
        let defined = self.types.function(function);
        let reads = self.reads && (defined.class.is_none() || !changes(last(&defined.qualified)));
        let found = Found { frame, function, framework, role, context, route, reads, told_once_by, doubts, switch };
        self.found
            .entry((function, frame, context))
            .and_modify(|known| {
                // Who says so twice may say so while requests are served.
                let told_once_by = known.told_once_by.filter(|by| found.told_once_by == Some(*by));
                let (doubts, switch) = if known.doubts <= found.doubts {
                    (known.doubts, known.switch)
                } else {
                    (found.doubts, found.switch)
                };
                if found.role < known.role {
                    *known = found.clone();
                }
                known.told_once_by = told_once_by;
                known.reads |= found.reads;
                (known.doubts, known.switch) = (doubts, switch);
            })
            .or_insert(found);
        self.returned(frame, function, entry, context);
    }

    /// Quart streams what a handler returns; Tornado, Sanic and aiohttp await what a plain one returns.
    fn returned(&mut self, frame: Frame, function: FunctionId, entry: Entry, context: Context) {
        // Quart streams an asynchronous generator that a handler returns, alone or with a status.
        if entry.framework == Framework::Quart && entry.form.role == Role::Route {
            let all = self.types.returned(frame);
            let first = |value: &Value<'a>| match value {
                Value::Tuple(parts) => parts.first().map(|part| part.to_vec()).unwrap_or_default(),
                other => vec![other.clone()],
            };
            for value in all.iter().flat_map(first) {
                if let Value::Generator(stream) = value
                    && self.types.function(stream.function).is_async
                {
                    self.push(stream, stream.function, Entry { form: &STREAM, ..entry }, Context::Loop, None);
                }
            }
        }
        let awaits = matches!(entry.framework, Framework::Tornado | Framework::Sanic | Framework::Aiohttp);
        if !awaits || context != Context::Loop || self.types.function(frame.function).is_async {
            return;
        }
        for value in self.types.returned(frame).iter() {
            if let Value::Coroutine(inner) = *value
                && self.types.function(inner.function).is_async
            {
                self.push(inner, function, entry, context, None);
            }
        }
    }

    fn decorators(&mut self, frame: Frame, around: Frame) {
        let outer = (self.doubts, self.switch);
        for (decorator, position) in self.types.function(frame.function).decorators.iter().zip(0..) {
            (self.doubts, self.switch) = outer;
            self.prefix = Some(String::new());
            let callee = decorator.expression.as_call_expr().map_or(&decorator.expression, |call| &call.func);
            if let Expr::Attribute(method) = callee {
                self.told_to(&method.value, around);
            }
            self.reads = reads(callee, decorator.expression.as_call_expr());
            let forms = self.registering(&decorator.expression, around);
            if forms.is_empty() {
                self.hand_over(&decorator.expression, around, |types| types.decorated_below(frame, position));
                continue;
            }
            let given = self.types.decorated_below(frame, position);
            for form in forms {
                self.add_decorated(frame, &given, form.entry, form.plain, form.route.as_ref());
            }
        }
        (self.doubts, self.switch) = outer;
        self.prefix = Some(String::new());
        self.reads = true;
    }

    /// The forms in which an expression decorates, each with the context of plain functions.
    pub(super) fn decorating(
        &self,
        callee: &'a Expr,
        call: Option<&'a ast::ExprCall>,
        around: Frame,
    ) -> Vec<(Entry, Context)> {
        let mut found = Vec::new();
        if let Expr::Attribute(attribute) = callee
            && index().decorators.contains_key(attribute.attr.as_str())
            && self.setting.foreign.is(self.types, &attribute.value, around)
        {
            return found;
        }
        if let Expr::Attribute(attribute) = callee
            && let Some(entries) = index().decorators.get(attribute.attr.as_str())
        {
            let owners = self.owners(&attribute.value, around);
            let speaks_of = |entry: &&Entry| {
                if !call.map_or(entry.form.events.is_empty(), |call| entry.form.is_for_event_of(call)) {
                    return false;
                }
                let Told::Decorator { on, .. } = entry.form.told else { return false };
                let is_router = |owner: &Owner| owner.path.is_empty() || owner.path == "router";
                owners.iter().flatten().any(|owner| is_router(owner) && among(on, &owner.class))
            };
            let known = entries.iter().find(speaks_of);
            let own = |entry: &Entry| entry.framework == self.setting.framework && is_application(&attribute.value);
            // aiohttp's `route` is given the verb first, what others call so the path.
            let is_other = |entry: &Entry| {
                entry.framework == Framework::Aiohttp
                    && attribute.attr.as_str() == "route"
                    && call.and_then(route_of).is_none_or(|first| first.starts_with('/'))
            };
            let plausible = |entry: &&Entry| (self.may_be(entry, call) || own(entry)) && !is_other(entry);
            let guessed = || entries.iter().find(plausible).filter(|_| owners.is_none());
            found.extend(known.or_else(guessed).map(|entry| (*entry, entry.form.plain)));
        }
        let name = match callee {
            Expr::Attribute(attribute) => attribute.attr.as_str(),
            Expr::Name(_) => "",
            _ => return found,
        };
        if !name.is_empty() && !index().named.contains_key(name) {
            return found;
        }
        for value in self.types.value(callee, around).iter() {
            let entry = match value {
                Value::External(name) => {
                    let mut entries = index().named.get(last(name)).into_iter().flatten();
                    entries.find(|entry| matches!(entry.form.told, Told::Named { names } if among(names, name)))
                }
                // `get = router.get`, or a parameter that is given it.
                Value::Member(class, path) if name.is_empty() => {
                    let mut entries = index().decorators.get(last(path)).into_iter().flatten();
                    let is_router = matches!(path.rsplit_once('.'), None | Some(("router", _)));
                    entries.find(|entry| {
                        is_router && matches!(entry.form.told, Told::Decorator { on, .. } if among(on, class))
                    })
                }
                _ => None,
            };
            found.extend(entry.map(|entry| (*entry, call.map_or(entry.form.plain, |call| entry.form.plain_in(call)))));
        }
        found
    }

    /// Whether an object that nothing is known of is used like one of the application's framework: a
    /// path that begins with a slash is not what a client of an interface is given.
    fn may_be(&self, entry: &Entry, call: Option<&ast::ExprCall>) -> bool {
        entry.framework == self.setting.framework
            && matches!(entry.form.role, Role::Route | Role::WebSocket)
            && call.and_then(route_of).is_some_and(|route| route.starts_with('/'))
    }

    /// The classes of libraries that an expression may be an instance of; `None` if nothing is known.
    pub(super) fn owners(&self, expr: &'a Expr, frame: Frame) -> Option<Vec<Owner>> {
        let values = self.types.value(expr, frame);
        if values.is_empty() {
            return None;
        }
        let mut owners = Vec::new();
        for value in values.iter() {
            match value {
                Value::Instance(class) => owners.push(Owner { class: class.to_string(), path: String::new() }),
                Value::Member(class, path) => {
                    owners.push(Owner { class: class.to_string(), path: path.to_string() });
                }
                // What stands for the application of the request that is served.
                Value::External(name) if last(name) == "current_app" => {
                    let class = if name.starts_with("quart.") { "quart.Quart" } else { "flask.Flask" };
                    owners.push(Owner { class: class.to_owned(), path: String::new() });
                }
                Value::Object(class) => {
                    let bases = self.types.library_bases(*class);
                    owners.extend(bases.iter().map(|base| Owner { class: base.to_string(), path: String::new() }));
                }
                _ => {}
            }
        }
        // `app.middlewares` stands for what is put into it, and is still a list of the application's.
        if owners.is_empty()
            && let Expr::Attribute(attribute) = expr
        {
            let around = self.owners(&attribute.value, frame).unwrap_or_default().into_iter();
            owners.extend(around.map(|owner| {
                let path = [owner.path.as_str(), attribute.attr.as_str()].join(".").trim_start_matches('.').to_owned();
                Owner { path, ..owner }
            }));
        }
        Some(owners)
    }

    pub(super) fn call(&mut self, call: &'a ast::ExprCall, frame: Frame) {
        self.teller = Some(frame.function);
        match &*call.func {
            Expr::Attribute(attribute) => {
                self.method_call(attribute, call, frame);
                if index().calls.contains_key(attribute.attr.as_str()) {
                    self.named_call(call, frame);
                }
            }
            Expr::Name(_) | Expr::Subscript(_) => self.named_call(call, frame),
            // `app.get("/")(view)`
            decorator @ Expr::Call(_) => self.application(decorator, call, frame),
            _ => return,
        }
        self.follow(call, frame);
    }

    fn method_call(&mut self, attribute: &'a ast::ExprAttribute, call: &'a ast::ExprCall, frame: Frame) {
        let name = attribute.attr.as_str();
        let Some(entries) = index().methods.get(name) else {
            return;
        };
        if self.setting.foreign.is(self.types, &attribute.value, frame) {
            return;
        }
        let owners = self.owners(&attribute.value, frame);
        let event = entries.iter().find(|entry| !entry.form.events.is_empty() && entry.form.is_for_event_of(call));
        for entry in event.map_or(entries.as_slice(), std::slice::from_ref) {
            let Told::Method { on, names, argument } = entry.form.told else { continue };
            if !entry.form.is_for_event_of(call) {
                continue;
            }
            let calls = |owner: &Owner| {
                let full = if owner.path.is_empty() { name.to_owned() } else { format!("{}.{name}", owner.path) };
                among(on, &owner.class) && names.contains(&full.as_str())
            };
            let known = owners.iter().flatten().any(calls);
            let guessed = owners.is_none()
                && entry.framework == self.setting.framework
                && (names.contains(&name) && is_application(&attribute.value)
                    || spelled(attribute).is_some_and(|path| names.contains(&path.as_str()))
                    || names.contains(&name)
                        && is_response(&attribute.value)
                        && on.iter().all(|class| class.ends_with(".Response"))
                    || names.contains(&name) && name.starts_with("add_") && self.may_be(entry, Some(call)));
            if known || guessed {
                self.argument(call, argument, *entry, frame);
            }
        }
    }

    fn named_call(&mut self, call: &'a ast::ExprCall, frame: Frame) {
        self.layers(call, frame);
        for entry in self.calling(call, frame) {
            if let Told::Call { argument, .. } = entry.form.told {
                self.argument(call, argument, entry, frame);
            }
        }
        // `add = app.router.add_get`, and then `add("/", view)`.
        if let Expr::Name(_) = &*call.func {
            for value in self.types.value(&call.func, frame).iter() {
                if let Value::Member(class, path) = value {
                    self.member_call(class, path, call, frame);
                }
            }
        }
    }

    fn member_call(&mut self, class: &str, path: &str, call: &'a ast::ExprCall, frame: Frame) {
        for entry in index().methods.get(last(path)).into_iter().flatten() {
            if let Told::Method { on, names, argument } = entry.form.told
                && among(on, class)
                && names.contains(&path)
            {
                self.argument(call, argument, *entry, frame);
            }
        }
    }

    /// The forms in which something is called by its name.
    pub(super) fn calling(&self, call: &'a ast::ExprCall, frame: Frame) -> Vec<Entry> {
        let mut found = Vec::new();
        // `JWTAuth[User](...)`
        let callee = if let Expr::Subscript(generic) = &*call.func { &*generic.value } else { &*call.func };
        for value in self.types.value(callee, frame).iter() {
            let names = match value {
                Value::External(name) => vec![name.clone()],
                Value::Class(class) => self.types.library_bases(*class),
                _ => continue,
            };
            for name in &names {
                let entries = index().calls.get(last(name)).into_iter().flatten();
                found.extend(
                    entries.filter(
                        |entry| matches!(entry.form.told, Told::Call { names: known, .. } if among(known, name)),
                    ),
                );
            }
        }
        found
    }

    fn argument(&mut self, call: &'a ast::ExprCall, argument: super::Argument, entry: Entry, frame: Frame) {
        if entry.form.kept_by.is_some_and(|keyword| may_be_true(call, keyword)) {
            return;
        }
        let positional = argument.position.and_then(|position| call.arguments.args.get(position));
        let named = call
            .arguments
            .keywords
            .iter()
            .filter(|given| given.arg.as_ref().is_some_and(|arg| argument.keywords.contains(&arg.as_str())));
        let route = route_of(call);
        let plain = entry.form.plain_in(call);
        for given in positional.into_iter().chain(named.map(|given| &given.value)) {
            let wrapped = if entry.form.role == Role::Route { self.wrapped(given, frame) } else { Vec::new() };
            for value in self.given(given, frame).into_iter().chain(wrapped) {
                self.add_value(&value, entry, plain, route.as_ref());
            }
        }
    }

    fn class(&mut self, class: ClassId) {
        let is_unread = self.setting.foreign.unread.classes.contains(&class);
        if self.types.class(class).bases.is_empty() || is_unread || self.is_left_out(class) {
            return;
        }
        // Consumers and what stands around them are in reach of no WSGI application, whatever else the project serves.
        if !self.setting.is_asgi && self.types.library_bases(class).iter().any(|base| base.starts_with("channels.")) {
            return;
        }
        let mut entries: Vec<Entry> = Vec::new();
        for base in self.types.library_bases(class) {
            for entry in index().of_base(&base) {
                let (Told::Class { bases, .. }
                | Told::Maker { bases, .. }
                | Told::Messages { bases, .. }
                | Told::Field { bases, .. }) = entry.form.told
                else {
                    continue;
                };
                let is_new = !entries.iter().any(|known| std::ptr::eq(known.form, entry.form));
                if is_new && among(bases, &base) {
                    entries.push(entry);
                }
            }
        }
        for entry in entries {
            match entry.form.told {
                Told::Class { methods, .. } => self.add_methods(class, methods, entry, entry.form.plain, None),
                Told::Maker { methods, .. } => self.add_made(class, methods, entry),
                Told::Messages { parameters, .. } => self.add_messages(class, parameters, entry),
                Told::Field { names, .. } => self.add_fields(class, names, entry),
                _ => {}
            }
        }
    }

    /// The names of the methods that a class defines or inherits from the project, in order.
    pub(super) fn methods_of(&self, class: ClassId) -> BTreeSet<&'a str> {
        let line = self.types.ancestry(class);
        let classes = line.iter().filter_map(|value| if let Value::Class(class) = value { Some(*class) } else { None });
        classes.flat_map(|class| self.types.class(class).methods.keys().copied().collect::<Vec<_>>()).collect()
    }

    pub(super) fn add_methods(
        &mut self,
        class: ClassId,
        names: super::Names,
        entry: Entry,
        plain: Context,
        route: Option<&String>,
    ) {
        let rebound = self.rebound(class);
        for name in self.methods_of(class) {
            if !names_method(names, name) {
                continue;
            }
            match rebound.iter().find(|one| one.is_of(name)) {
                None => self.add_method(class, name, entry, plain, route),
                Some(one) => {
                    if let Some(context) = one.context {
                        self.add_method(class, name, entry, context, route);
                    }
                }
            }
        }
    }

    fn add_messages(&mut self, class: ClassId, parameters: super::Names, entry: Entry) {
        for name in self.methods_of(class) {
            let takes_message = |value: &Value<'a>| match value {
                Value::Function(frame) => {
                    let own = self.types.function(frame.function).parameters.get(1..).unwrap_or_default();
                    matches!(own, [only] if parameters.contains(&only.name))
                }
                _ => false,
            };
            if !name.starts_with('_') && self.types.method(class, name).iter().any(takes_message) {
                self.add_method(class, name, entry, entry.form.plain, None);
            }
        }
    }
}

impl Form {
    /// Where a function runs that is given in this form.
    pub(super) const fn runs(&self, is_async: bool, plain: Context) -> Context {
        if is_async { self.coroutine } else { plain }
    }

    /// Where a plain function runs that this call is given.
    fn plain_in(&self, call: &ast::ExprCall) -> Context {
        let moved = self.thread.is_some_and(|keyword| is_true(call, keyword));
        if moved { Context::Thread(Pool::Executor) } else { self.plain }
    }
}

impl Form {
    /// Whether it is for the event that a call names: `"server.init.before"`, `Event.SERVER_INIT_BEFORE`.
    fn is_for_event_of(&self, call: &ast::ExprCall) -> bool {
        let given = call.arguments.args.iter().chain(call.arguments.keywords.iter().map(|keyword| &keyword.value));
        let mut names = given.filter_map(|given| match given {
            Expr::StringLiteral(name) => Some(name.value.to_str().to_owned()),
            Expr::Attribute(member) => Some(member.attr.as_str().to_ascii_lowercase().replace('_', ".")),
            _ => None,
        });
        self.events.is_empty() || names.any(|name| self.events.iter().any(|event| name.starts_with(event)))
    }
}

/// Whether an expression is called what applications are called: `app`, `request.app`.
fn is_application(expr: &Expr) -> bool {
    let name = match expr {
        Expr::Name(name) => name.id.as_str(),
        Expr::Attribute(attribute) => attribute.attr.as_str(),
        _ => return false,
    };
    matches!(name, "app" | "application")
}

/// What is called on something named as applications are: `middlewares.append` of `app.middlewares.append`.
fn spelled(attribute: &ast::ExprAttribute) -> Option<String> {
    let Expr::Attribute(outer) = &*attribute.value else { return None };
    let is_name = outer.value.is_name_expr() && is_application(&outer.value);
    is_name.then(|| format!("{}.{}", outer.attr, attribute.attr))
}

/// Whether a name is what responders call the response that they fill in.
pub(super) fn is_response(expr: &Expr) -> bool {
    matches!(expr, Expr::Name(name) if matches!(name.id.as_str(), "resp" | "response"))
}

/// Whether a keyword is given as a literal `True`.
fn is_true(call: &ast::ExprCall, name: &str) -> bool {
    call.arguments.keywords.iter().any(|keyword| {
        keyword.arg.as_ref().is_some_and(|arg| arg.as_str() == name)
            && matches!(&keyword.value, Expr::BooleanLiteral(literal) if literal.value)
    })
}

/// Whether a keyword is given that is not plainly false.
fn may_be_true(call: &ast::ExprCall, name: &str) -> bool {
    let of_name = |keyword: &&ast::Keyword| keyword.arg.as_ref().is_none_or(|arg| arg.as_str() == name);
    let is_false = |value: &Expr| matches!(value, Expr::BooleanLiteral(literal) if !literal.value);
    call.arguments.keywords.iter().filter(of_name).any(|keyword| !is_false(&keyword.value))
}
