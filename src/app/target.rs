//! Which object a server loads, and what that object is.

use std::collections::BTreeSet;

use super::known::{APPLICATIONS, WRAPPERS, Wrapper};
use super::{Framework, Interface, reach};
use crate::python::calls::EventKind;
use crate::python::frameworks::stands_for;
use crate::python::modules::ModuleRef;
use crate::python::names::Bound;
use crate::python::syntax::ast::{self, Expr};
use crate::python::syntax::span_of;
use crate::python::types::{ClassId, Frame, FunctionId, Types, Value};
use crate::source::{FileId, Place};

/// How many wrappers and factories are looked through.
const MAX_LAYERS: usize = 12;

/// How many applications behind a function are looked at, and how deep.
const MAX_BEHIND: usize = 4;

/// The object that a target names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    /// Where it is bound, or made.
    pub(super) place: Place,
    /// The call of a library that makes it, where a factory of the project does.
    pub(super) made: Option<Place>,
    /// What a server has to speak to it.
    pub(super) interface: Interface,
    /// What it is written with.
    pub(super) framework: Framework,
    /// The module that the server imports; where it is not known how the application is started, also
    /// those that may start it.
    pub(super) modules: Vec<u32>,
    /// Functions of the project that the server calls for each request, and those that they wrap.
    pub(super) callables: Vec<Frame>,
    /// Functions of the project that make the object and that none of those modules is known to call.
    pub(super) factories: Vec<Frame>,
}

impl Target {
    /// Adds those of `programs` that import the module of the application: what else they import, its process loads
    /// as well, and that may hold handlers.
    pub(super) fn load(&mut self, types: &Types<'_>, programs: &[FileId]) {
        let own = self.modules.clone();
        let indices = programs.iter().filter_map(|file| types.index_of(*file));
        let starting = indices.filter(|&index| {
            let imported = reach::imported_by(types, index);
            !own.contains(&index) && own.iter().any(|module| imported.contains(module))
        });
        let starting: BTreeSet<u32> = starting.collect();
        self.modules.extend(starting);
    }
}

/// Finds the object that `target` names; `None` if its module or its name is not in the project.
pub(super) fn find(types: &Types<'_>, target: &str) -> Option<Target> {
    let (module, attribute) = target.split_once(':').unwrap_or((target, "application"));
    let Some(ModuleRef::File(file)) = types.modules().find(module.trim(), None) else {
        return None;
    };
    let index = types.index_of(file)?;
    let name = attribute.split(['(', '.']).next().unwrap_or(attribute).trim();
    let frame = types.module_frame(index);
    let sources = types.sources(name, frame, usize::MAX - 1);
    let first = sources.first().copied()?;
    let mut judge = Judge::new(types);
    let place = place_of(types, first, frame);
    let is_call = attribute.contains('(');
    let verdicts = sources.into_iter().map(|source| judge.source(source, is_call));
    let path = attribute.split('(').next().unwrap_or(attribute).trim();
    let (interface, framework) = if path.contains('.') {
        let mut values = types.name(name, frame, usize::MAX - 1);
        for part in path.split('.').skip(1) {
            values = values.iter().flat_map(|value| types.attribute(value, part)).collect();
        }
        let verdicts = values.iter().map(|value| match value {
            Value::Function(maker) if is_call => judge.factory(*maker),
            other => judge.value(other),
        });
        verdicts.collect::<Vec<_>>().into_iter().find(is_known).unwrap_or(UNKNOWN)
    } else {
        let verdicts: Vec<_> = verdicts.collect();
        agree(&verdicts)
    };
    let factories = if is_call { judge.factories } else { Vec::new() };
    let made = judge.made;
    Some(Target { place, made, interface, framework, modules: vec![index], callables: judge.callables, factories })
}

pub(super) type Verdict = (Interface, Framework);

pub(super) const UNKNOWN: Verdict = (Interface::Unknown, Framework::Unknown);

fn is_known(verdict: &Verdict) -> bool {
    verdict.0 != Interface::Unknown
}

/// Several bindings are believed only where they agree: one in each branch of an `if`, perhaps.
pub(super) fn agree(verdicts: &[Verdict]) -> Verdict {
    let mut known = verdicts.iter().filter(|verdict| **verdict != UNKNOWN);
    let Some(first) = known.next() else {
        return UNKNOWN;
    };
    let mut agreed = *first;
    for verdict in known {
        if verdict.0 != agreed.0 {
            agreed.0 = Interface::Unknown;
        }
        if verdict.1 != agreed.1 {
            agreed.1 = Framework::Unknown;
        }
    }
    agreed
}

fn place_of(types: &Types<'_>, (bound, frame): (Bound<'_>, Frame), fallback: Frame) -> Place {
    let file = types.facts_at(frame.function.file).file;
    let function = |index| {
        let id = FunctionId { file: frame.function.file, index };
        types.place_of(id)
    };
    match bound {
        Bound::Value { value: Some(value), .. } | Bound::Unpacked(value, _) | Bound::With(value) => {
            Place::new(file, span_of(value))
        }
        Bound::Function(index) => function(index),
        Bound::Class(index) => Place::new(file, types.facts_at(frame.function.file).classes[index as usize].span),
        _ => Place::new(types.facts_at(fallback.function.file).file, crate::source::Span::default()),
    }
}

/// Looks at what expressions come to.
pub(super) struct Judge<'t, 'a> {
    pub(super) types: &'t Types<'a>,
    layers: usize,
    pub(super) callables: Vec<Frame>,
    /// The first call of a library, or of a class of the project, that makes an application.
    pub(super) made: Option<Place>,
    /// The files of all expressions that were looked at.
    pub(super) files: BTreeSet<u32>,
    /// The functions of the project that make it.
    pub(super) factories: Vec<Frame>,
    /// Calls that only a program makes, where those who call a function tell what its parameters are.
    pub(super) callers: Option<&'t [Caller<'a>]>,
}

/// A call, with the function it stands in.
pub(super) type Caller<'a> = (&'a ast::ExprCall, Frame);

impl<'t, 'a> Judge<'t, 'a> {
    pub(super) fn new(types: &'t Types<'a>) -> Self {
        Self {
            types,
            layers: MAX_LAYERS,
            callables: Vec::new(),
            made: None,
            files: BTreeSet::new(),
            factories: Vec::new(),
            callers: None,
        }
    }

    pub(super) fn source(&mut self, (bound, frame): (Bound<'a>, Frame), is_call: bool) -> Verdict {
        match bound {
            Bound::Parameter(position) => self.given(position, frame),
            Bound::Value { value: Some(value), .. } => self.expression(value, frame),
            Bound::Function(index) => {
                let id = FunctionId { file: frame.function.file, index };
                let callee = Frame { function: id, ..frame };
                if is_call { self.factory(callee) } else { self.function(callee) }
            }
            Bound::Class(index) if is_call => self.object(ClassId { file: frame.function.file, index }),
            // A server that is told to call a factory of a library, or to load its object.
            Bound::From { module, name, .. } => library(&format!("{module}.{name}")),
            _ => UNKNOWN,
        }
    }

    pub(super) fn expression(&mut self, expr: &'a Expr, frame: Frame) -> Verdict {
        if self.layers == 0 {
            return UNKNOWN;
        }
        self.layers -= 1;
        self.files.insert(frame.function.file);
        let verdict = match expr {
            Expr::Await(awaited) => self.expression(&awaited.value, frame),
            Expr::Name(name) => {
                let at = span_of(name).start;
                let sources = self.types.sources(name.id.as_str(), frame, at);
                let verdicts: Vec<_> = sources.into_iter().map(|source| self.source(source, false)).collect();
                let agreed = agree(&verdicts);
                if agreed == UNKNOWN { self.by_value(expr, frame) } else { agreed }
            }
            Expr::Call(call) => self.call(expr, call, frame),
            Expr::If(choice) => {
                let verdicts = [self.expression(&choice.body, frame), self.expression(&choice.orelse, frame)];
                agree(&verdicts)
            }
            Expr::BoolOp(operation) => {
                let verdicts: Vec<_> = operation.values.iter().map(|value| self.expression(value, frame)).collect();
                agree(&verdicts)
            }
            Expr::Attribute(attribute) if attribute.attr.as_str() == "wsgi_app" => {
                self.expression(&attribute.value, frame)
            }
            Expr::Attribute(attribute) if attribute.attr.as_str() == "asgi_app" => {
                self.expression(&attribute.value, frame)
            }
            Expr::Named(named) => self.expression(&named.value, frame),
            _ => self.by_value(expr, frame),
        };
        self.layers += 1;
        verdict
    }

    fn by_value(&mut self, expr: &'a Expr, frame: Frame) -> Verdict {
        let values = self.types.value(expr, frame);
        let verdicts: Vec<_> = values.iter().map(|value| self.value(value)).collect();
        agree(&verdicts)
    }

    fn value(&mut self, value: &Value<'a>) -> Verdict {
        match value {
            Value::Instance(ty) => library(ty),
            Value::Object(class) => self.object(*class),
            Value::Function(frame) => self.raw(*frame, false),
            _ => UNKNOWN,
        }
    }

    fn call(&mut self, expr: &'a Expr, call: &'a ast::ExprCall, frame: Frame) -> Verdict {
        let callees = self.types.value(&call.func, frame);
        let mut verdicts = Vec::new();
        for callee in callees.iter() {
            let verdict = match callee {
                Value::External(name) => self.library_call(name, call, frame),
                Value::Member(ty, path) => library(&format!("{ty}.{path}")),
                Value::Function(_) => match self.types.with_arguments(callee, call, frame) {
                    Value::Function(target) => {
                        let made = self.factory(target);
                        self.with_inner(made, call, frame)
                    }
                    _ => UNKNOWN,
                },
                Value::Class(class) => {
                    let own = self.object(*class);
                    self.with_inner(own, call, frame)
                }
                _ => UNKNOWN,
            };
            if is_known(&verdict) && self.made.is_none() {
                self.made = Some(Place::new(self.types.facts_at(frame.function.file).file, span_of(call)));
            }
            verdicts.push(verdict);
        }
        let agreed = agree(&verdicts);
        if agreed == UNKNOWN { self.by_value(expr, frame) } else { agreed }
    }

    /// Raw middleware of the project around an application: the framework is the inner one.
    fn with_inner(&mut self, own: Verdict, call: &'a ast::ExprCall, frame: Frame) -> Verdict {
        if own.1 != Framework::Raw {
            return own;
        }
        let inner = self.inner(call, frame);
        (own.0, if inner.1 == Framework::Unknown { own.1 } else { inner.1 })
    }

    fn library_call(&mut self, name: &str, call: &'a ast::ExprCall, frame: Frame) -> Verdict {
        let known = library(name);
        if known.0 != Interface::Unknown {
            return known;
        }
        if let Some((_, wrapper)) = WRAPPERS.iter().find(|(wrapper, _)| *wrapper == name) {
            let inner = self.inner(call, frame);
            return match wrapper {
                Wrapper::Into(interface) => (*interface, inner.1),
                Wrapper::Keeps => inner,
            };
        }
        // Middleware of a library speaks on both sides what the application behind it speaks.
        let last = name.rsplit('.').next().unwrap_or(name);
        if last.ends_with("Middleware") || name.contains(".middleware.") {
            return self.inner(call, frame);
        }
        UNKNOWN
    }

    /// The application that a wrapper is given.
    fn inner(&mut self, call: &'a ast::ExprCall, frame: Frame) -> Verdict {
        let named = call.arguments.keywords.iter().filter(|keyword| {
            keyword
                .arg
                .as_ref()
                .is_some_and(|arg| matches!(arg.as_str(), "app" | "application" | "other_asgi_app" | "wsgi_app"))
        });
        let candidates = call.arguments.args.iter().take(2).chain(named.map(|keyword| &keyword.value));
        let candidates: Vec<_> = candidates.collect();
        let verdicts: Vec<_> = candidates.into_iter().map(|candidate| self.expression(candidate, frame)).collect();
        let known = verdicts.iter().find(|verdict| is_known(verdict));
        // What has no interface of its own, such as a Socket.IO server, stands beside an application.
        known.or_else(|| verdicts.iter().find(|verdict| **verdict != UNKNOWN)).copied().unwrap_or(UNKNOWN)
    }

    /// A function without a call: an application itself, or what aiohttp's worker awaits to get one.
    fn function(&mut self, callee: Frame) -> Verdict {
        let raw = self.raw(callee, false);
        if is_known(&raw) {
            return raw;
        }
        let factories = self.factories.len();
        let made = self.factory(callee);
        // What takes nothing serves nothing: Uvicorn calls it to get what does.
        let function = self.types.function(callee.function);
        if matches!(made.0, Interface::Own(_)) || made.0 == Interface::Asgi && function.parameters.is_empty() {
            return made;
        }
        self.factories.truncate(factories);
        UNKNOWN
    }

    /// What a factory returns.
    fn factory(&mut self, frame: Frame) -> Verdict {
        let function = self.types.function(frame.function);
        self.factories.push(frame);
        let verdicts: Vec<_> = function.results.iter().map(|result| self.expression(result, frame)).collect();
        let agreed = agree(&verdicts);
        if agreed != UNKNOWN || self.layers == 0 {
            return agreed;
        }
        let returned: Vec<_> = self.types.returned(frame).iter().map(|value| self.value(value)).collect();
        agree(&returned)
    }

    /// A function, or a `__call__`, that a server calls for each request.
    fn raw(&mut self, frame: Frame, is_method: bool) -> Verdict {
        let function = self.types.function(frame.function);
        let parameters = function.parameters.get(usize::from(is_method)..).unwrap_or_default();
        let required = parameters.iter().filter(|parameter| parameter.default.is_none() && !parameter.variadic).count();
        let first = parameters.first().map_or("", |parameter| parameter.name);
        if function.is_async && required == 3 {
            self.callables.push(frame);
            return (Interface::Asgi, self.behind(frame, 3));
        }
        let named = first.trim_start_matches('_').starts_with("env");
        if !function.is_async && !function.is_generator && required == 2 && named {
            self.callables.push(frame);
            return (Interface::Wsgi, self.behind(frame, 2));
        }
        UNKNOWN
    }

    /// The framework of the one application that such a function hands its own arguments on to.
    fn behind(&mut self, frame: Frame, arguments: usize) -> Framework {
        // One behind another behind another is nothing that anybody writes.
        if self.layers + MAX_BEHIND < MAX_LAYERS {
            return Framework::Raw;
        }
        let function = self.types.function(frame.function);
        let own = |given: &Expr| matches!(given, Expr::Name(name) if function.parameters.iter().any(|parameter| parameter.name == name.id.as_str()));
        let calls = function.events.iter().filter_map(|event| match event.kind {
            EventKind::Call(call, _) => Some(call),
            _ => None,
        });
        let calls = calls.filter(|call| call.arguments.args.len() == arguments && call.arguments.args.iter().all(own));
        let calls: Vec<_> = calls.take(MAX_BEHIND).collect();
        let known = calls.into_iter().map(|call| self.expression(&call.func, frame).1);
        let mut known: Vec<_> = known.filter(|one| !matches!(one, Framework::Raw | Framework::Unknown)).collect();
        known.dedup();
        if let [only] = known.as_slice() { *only } else { Framework::Raw }
    }

    /// An instance of a class of the project.
    fn object(&mut self, class: ClassId) -> Verdict {
        let mut bases = self.types.library_bases(class).into_iter();
        if let Some(known) = bases.by_ref().map(|base| library(&base)).find(is_known) {
            return known;
        }
        for method in self.types.method(class, "__call__") {
            if let Value::Function(frame) = method {
                let raw = self.raw(frame, true);
                if is_known(&raw) {
                    return raw;
                }
            }
        }
        UNKNOWN
    }
}

/// What an application is that this name of a library makes.
pub(super) fn library(name: &str) -> Verdict {
    let known = APPLICATIONS.iter().find(|(known, ..)| stands_for(known, name));
    known.map_or(UNKNOWN, |&(_, interface, framework)| (interface, framework))
}
