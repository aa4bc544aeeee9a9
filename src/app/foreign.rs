//! Which applications and routers of the loaded modules the served application has nothing to do with.
//!
//! An application belongs to the served one where that is given it (`app.mount("/admin", admin)`), directly or
//! through others; a router unless it is given to such others alone. Whatever is done with an object that is not
//! understood makes it belong: what nobody serves is left out only where that is plain.

use std::collections::{BTreeMap, BTreeSet};

use super::known::{APPLICATIONS, WRAPPERS};
use super::target::Target;
use crate::python::calls::last_name;
use crate::python::frameworks::{Foreign, Made, is_told, made, stands_for};
use crate::python::names::Bound;
use crate::python::syntax::ast::{self, Expr, Stmt};
use crate::python::syntax::{Module, span_of, visitor};
use crate::python::types::{Frame, FunctionId, Types, Value};
use crate::source::FileId;

/// Attributes that are the application itself, in another form.
const ITSELF: [&str; 4] = ["wsgi_app", "asgi_app", "asgi", "app"];

/// Those that are only what it routes, without what it puts around that.
const ROUTES: [&str; 2] = ["router", "routes"];

/// Functions and methods that run an application by itself, or send requests to it as tests do.
const RUNS: [&str; 8] =
    ["run", "run_app", "run_simple", "TestClient", "make_server", "WSGIServer", "AsyncClient", "ASGITransport"];

/// Ends of the names of what serves an application that it is given.
const PASSES_ON: [&str; 10] =
    ["Middleware", "App", "Mount", "Route", "Router", "Host", "Dispatcher", "Handler", "Runner", "Config"];

/// Methods by which an application takes another one, or a router, whatever they are called on.
pub(super) const TAKES: [&str; 13] = [
    "mount",
    "host",
    "add_route",
    "add_websocket_route",
    "add_subapp",
    "include_router",
    "register_blueprint",
    "blueprint",
    "add_routes",
    "register",
    "add_api",
    "add_namespace",
    "set_app",
];

/// Finds them among what these modules make; nothing where the served application is not one of theirs.
pub(super) fn find<'a>(
    types: &Types<'a>,
    loaded: &[u32],
    trees: &'a BTreeMap<FileId, Module>,
    object: &Target,
) -> Foreign {
    let nodes = nodes(types, loaded);
    let of = |place: crate::source::Place| Some((types.index_of(place.file)?, place.span.start));
    let served: Vec<Made> = [Some(object.place), object.made].into_iter().flatten().filter_map(of).collect();
    let names: BTreeSet<_> = served.iter().filter_map(|made| nodes.get(made)).map(|node| node.name).collect();
    let others = nodes.values().filter(|node| node.is_application && !names.contains(&node.name));
    if names.is_empty() || others.count() == 0 {
        return Foreign::default();
    }
    let mut uses = Uses::new(types, &nodes);
    for &index in loaded {
        let facts = types.facts_at(index);
        let Some(module) = trees.get(&facts.file) else { continue };
        uses.file = index;
        uses.functions = vec![0];
        visitor::Visitor::visit_body(&mut uses, &module.body);
    }
    // What a server calls may return one or another.
    for factory in &object.factories {
        uses.results(factory.function);
    }
    let Uses { mut kept, mut edges, given, taken, lent, .. } = uses;
    for (parameter, made) in taken {
        // Whoever is not known to be given there may be the served one.
        match given.get(&parameter) {
            Some(all) if all.iter().all(Option::is_some) => {
                edges.extend(all.iter().flatten().map(|owner| (*owner, made)));
            }
            _ => {
                kept.insert(made);
            }
        }
    }
    for (made, node) in &nodes {
        // The same name in several branches stands for one of them.
        let is_given = || edges.iter().any(|(_, to)| to == made);
        if names.contains(&node.name) || !node.is_application && !is_given() {
            kept.insert(*made);
        }
    }
    reach(&mut kept, &edges);
    let whole = kept.clone();
    kept.extend(lent);
    reach(&mut kept, &edges);
    let is_lent = |made: &Made| nodes.get(made).is_some_and(|node| node.is_application) && !whole.contains(made);
    let lent: BTreeSet<Made> = kept.iter().copied().filter(is_lent).collect();
    let objects: BTreeSet<Made> = nodes.into_keys().filter(|made| !kept.contains(made)).collect();
    let foreign = |all: &BTreeSet<Option<Made>>| all.iter().all(|one| one.is_some_and(|one| objects.contains(&one)));
    let parameters = given.into_iter().filter(|(_, all)| foreign(all)).map(|(parameter, _)| parameter).collect();
    Foreign { objects, parameters, lent, ..Foreign::default() }
}

/// Adds all that is given to one of them, directly or through others.
fn reach(kept: &mut BTreeSet<Made>, edges: &BTreeSet<(Made, Made)>) {
    loop {
        let before = kept.len();
        let reached: Vec<Made> = edges.iter().filter(|(from, _)| kept.contains(from)).map(|(_, to)| *to).collect();
        kept.extend(reached);
        if kept.len() == before {
            break;
        }
    }
}

/// An application or a router.
struct Node<'a> {
    /// What it is bound to, in which function.
    name: (FunctionId, &'a str),
    is_application: bool,
}

fn nodes<'a>(types: &Types<'a>, loaded: &[u32]) -> BTreeMap<Made, Node<'a>> {
    let mut nodes = BTreeMap::new();
    for &file in loaded {
        for (function, index) in types.facts_at(file).functions.iter().zip(0..) {
            let id = FunctionId { file, index };
            let bindings: BTreeMap<_, _> = function.bindings.iter().collect();
            for (&name, bindings) in bindings {
                for binding in bindings {
                    let Bound::Value { value: Some(Expr::Call(call)), .. } = binding.bound else { continue };
                    let Some(is_application) = kind(types, call, types.plain(id)) else { continue };
                    nodes.insert((file, span_of(call).start), Node { name: (id, name), is_application });
                }
            }
        }
    }
    nodes
}

/// Whether a call makes an application; `None` where it makes nothing that handlers are registered on.
fn kind<'a>(types: &Types<'a>, call: &'a ast::ExprCall, frame: Frame) -> Option<bool> {
    let values = types.value(&call.func, frame);
    let names = values.iter().flat_map(|value| match value {
        Value::External(name) => vec![name.clone()],
        Value::Class(class) => types.library_bases(*class),
        _ => Vec::new(),
    });
    let judge = |name: &str| {
        let is_application = !name.ends_with(".Router")
            && APPLICATIONS.iter().any(|(known, ..)| known.ends_with(last(name)) && stands_for(known, name));
        (is_application || is_told(name)).then_some(is_application)
    };
    names.filter_map(|name| judge(&name)).max()
}

fn last(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// What is done with the objects.
struct Uses<'t, 'a> {
    types: &'t Types<'a>,
    nodes: &'t BTreeMap<Made, Node<'a>>,
    /// The names of functions that make one.
    factories: BTreeSet<&'a str>,
    file: u32,
    /// The functions around what is looked at.
    functions: Vec<u32>,
    /// Objects of which something is done that may serve them.
    kept: BTreeSet<Made>,
    /// Objects whose routes are read, which may serve those.
    lent: BTreeSet<Made>,
    /// Who is given whom.
    edges: BTreeSet<(Made, Made)>,
    /// What parameters of the project's functions are given.
    given: BTreeMap<Parameter, BTreeSet<Option<Made>>>,
    /// What they take there: `def add(app): app.register_blueprint(pages)`.
    taken: Vec<(Parameter, Made)>,
}

/// A parameter of a function, by its position.
type Parameter = (FunctionId, u16);

impl<'t, 'a> Uses<'t, 'a> {
    fn new(types: &'t Types<'a>, nodes: &'t BTreeMap<Made, Node<'a>>) -> Self {
        let (kept, edges, given) = (BTreeSet::new(), BTreeSet::new(), BTreeMap::new());
        let factories = nodes.values().map(|node| types.function(node.name.0).name).collect();
        let (lent, taken) = (BTreeSet::new(), Vec::new());
        Self { types, nodes, factories, file: 0, functions: vec![0], kept, lent, edges, given, taken }
    }

    fn frame(&self) -> Frame {
        let index = self.functions.last().copied().unwrap_or(0);
        self.types.plain(FunctionId { file: self.file, index })
    }

    fn node(&self, expr: &'a Expr) -> Option<Made> {
        if !matches!(expr, Expr::Name(_) | Expr::Call(_)) {
            return None;
        }
        made(self.types, expr, self.frame()).filter(|made| self.nodes.contains_key(made))
    }

    /// The parameter of the function around it that a name stands for.
    fn parameter(&self, expr: &'a Expr) -> Option<Parameter> {
        let name = expr.as_name_expr()?.id.as_str();
        let id = FunctionId { file: self.file, index: *self.functions.last()? };
        let [binding] = self.types.function(id).bindings.get(name)?.as_slice() else { return None };
        if let Bound::Parameter(position) = binding.bound { Some((id, position)) } else { None }
    }

    /// Whatever a function of the project may return is asked for.
    fn results(&mut self, function: FunctionId) {
        let results = &self.types.function(function).results;
        let made = results.iter().filter_map(|result| made(self.types, result, self.types.plain(function)));
        self.kept.extend(made.filter(|made| self.nodes.contains_key(made)));
    }

    /// The one that a function of the project returns.
    fn result(&self, function: FunctionId) -> Option<Made> {
        let results = &self.types.function(function).results;
        let mut all = results.iter().map(|result| made(self.types, result, self.types.plain(function)));
        let first = all.next()??;
        all.all(|one| one == Some(first)).then_some(first)
    }

    /// An object is handed to a call.
    fn handed(&mut self, node: Made, call: &'a ast::ExprCall, others: &[Made], is_statement: bool) {
        let name = last_name(&call.func);
        if let Expr::Attribute(method) = &*call.func {
            let receiver = match &*method.value {
                Expr::Attribute(inner) if inner.attr.as_str() == "router" => &*inner.value,
                other => other,
            };
            if let Some(owner) = self.node(receiver) {
                self.edges.insert((owner, node));
                return;
            }
            if TAKES.contains(&name) {
                match self.parameter(receiver) {
                    Some(parameter) => self.taken.push((parameter, node)),
                    None => {
                        self.kept.insert(node);
                    }
                }
                return;
            }
        }
        for &other in others.iter().filter(|other| **other != node) {
            self.edges.insert((other, node));
        }
        if RUNS.contains(&name) {
            return;
        }
        let callees = self.types.value(&call.func, self.frame());
        let passes_on = |callee: &Value<'a>| match callee {
            Value::External(full) => {
                WRAPPERS.iter().any(|(wrapper, _)| *wrapper == &**full)
                    || PASSES_ON.iter().any(|end| last(full).ends_with(end))
            }
            // What it returns may be the application once more.
            _ => !is_statement,
        };
        if callees.is_empty() && !is_statement || callees.iter().any(passes_on) {
            self.kept.insert(node);
        }
    }

    fn call(&mut self, call: &'a ast::ExprCall, is_statement: bool) {
        let arguments = call.arguments.args.iter().chain(call.arguments.keywords.iter().map(|keyword| &keyword.value));
        let arguments: Vec<&'a Expr> = arguments.collect();
        let nodes: Vec<Option<Made>> = arguments.iter().map(|argument| self.node(argument)).collect();
        let known: Vec<Made> = nodes.iter().copied().flatten().collect();
        for (argument, node) in arguments.iter().zip(&nodes) {
            match node {
                Some(node) => self.handed(*node, call, &known, is_statement),
                None => visitor::Visitor::visit_expr(self, argument),
            }
        }
        // What a function of the project is given stands for the same there.
        for callee in self.types.value(&call.func, self.frame()).iter() {
            let Value::Function(target) = callee else { continue };
            let function = self.types.function(target.function);
            // Which of several it makes is not known.
            if self.result(target.function).is_none() {
                self.results(target.function);
            }
            if function.class.is_some() {
                continue;
            }
            for (argument, node) in arguments.iter().zip(&nodes) {
                let named =
                    call.arguments.keywords.iter().find(|keyword| std::ptr::eq(&raw const keyword.value, *argument));
                let position = match named {
                    Some(keyword) => function
                        .parameters
                        .iter()
                        .position(|parameter| keyword.arg.as_ref().is_some_and(|arg| arg == parameter.name)),
                    None => call.arguments.args.iter().position(|one| std::ptr::eq(one, *argument)),
                };
                if let Some(position) = position.and_then(|position| u16::try_from(position).ok()) {
                    self.given.entry((target.function, position)).or_default().insert(*node);
                }
            }
        }
        match &*call.func {
            Expr::Attribute(method) if self.node(&method.value).is_some() => {}
            Expr::Name(_) => {}
            other => visitor::Visitor::visit_expr(self, other),
        }
    }
}

impl<'a> visitor::Visitor<'a> for Uses<'_, 'a> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::FunctionDef(def) => {
                for decorator in &def.decorator_list {
                    self.visit_expr(&decorator.expression);
                }
                for default in def.parameters.iter_non_variadic_params().filter_map(|parameter| parameter.default()) {
                    self.visit_expr(default);
                }
                let name = span_of(&def.name);
                let functions = self.types.facts_at(self.file).functions.iter().zip(0..);
                let index = functions.filter(|(function, _)| function.span == name).map(|(_, index)| index).next();
                self.functions.push(index.unwrap_or(0));
                self.visit_body(&def.body);
                self.functions.pop();
            }
            Stmt::Expr(statement) => match &*statement.value {
                Expr::Call(call) => self.call(call, true),
                Expr::Await(awaited) if awaited.value.is_call_expr() => {
                    if let Expr::Call(call) = &*awaited.value {
                        self.call(call, true);
                    }
                }
                other => self.visit_expr(other),
            },
            // Another name for it, which is looked through.
            Stmt::Assign(assign) if assign.targets.iter().all(Expr::is_name_expr) => match &*assign.value {
                Expr::Name(_) => {}
                Expr::Call(call) => self.call(call, false),
                other => self.visit_expr(other),
            },
            Stmt::Return(returned) => match returned.value.as_deref() {
                Some(Expr::Name(_)) | None => {}
                Some(Expr::Call(call)) => self.call(call, false),
                Some(other) => self.visit_expr(other),
            },
            _ => visitor::walk_stmt(self, statement),
        }
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        match expr {
            Expr::Call(call) => self.call(call, false),
            Expr::Attribute(attribute) => match self.node(&attribute.value) {
                Some(node) if ROUTES.contains(&attribute.attr.as_str()) => {
                    self.lent.insert(node);
                }
                Some(node) if ITSELF.contains(&attribute.attr.as_str()) => {
                    self.kept.insert(node);
                }
                Some(_) => {}
                None => self.visit_expr(&attribute.value),
            },
            Expr::Name(name) if name.ctx.is_load() => {
                if let Some(node) = self.node(expr) {
                    self.kept.insert(node);
                } else if self.factories.contains(name.id.as_str()) {
                    // Who is handed a function may call it.
                    for value in self.types.value(expr, self.frame()).iter() {
                        if let Value::Function(target) = value {
                            self.results(target.function);
                        }
                    }
                }
            }
            _ => visitor::walk_expr(self, expr),
        }
    }
}
