//! Finds what the frameworks' tables speak of.

use std::collections::BTreeMap;

use super::{Context, Form, Role, Told, forms};
use crate::python::calls::EventKind;
use crate::python::syntax::ast::{self, Expr};
use crate::python::types::{ClassId, Frame, FunctionId, Types, Value};

/// A function that a framework calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The function, with the class it is called on where that matters.
    pub frame: Frame,
    /// What it is for.
    pub role: Role,
    /// Where the framework runs it.
    pub context: Context,
    /// The path it answers.
    pub route: Option<String>,
}

/// Everything that the modules of these indices tell a framework to call, in the order of files and
/// lines; a function that is told of twice counts for the first role in the order of [`Role`].
pub fn find(types: &Types<'_>, modules: &[u32]) -> Vec<Found> {
    let mut finder = Finder { types, found: BTreeMap::new() };
    for &file in modules {
        finder.module(file);
    }
    finder.found.into_values().collect()
}

struct Finder<'t, 'a> {
    types: &'t Types<'a>,
    found: BTreeMap<(FunctionId, Frame), Found>,
}

impl<'a> Finder<'_, 'a> {
    fn module(&mut self, file: u32) {
        let facts = self.types.facts_at(file);
        for (function, index) in facts.functions.iter().zip(0..) {
            let id = FunctionId { file, index };
            let frame = self.types.plain(id);
            if !function.decorators.is_empty() {
                self.decorators(id);
            }
            for event in &function.events {
                if let EventKind::Call(call, _) = event.kind {
                    self.call(call, frame);
                }
            }
            let around = Frame { function: FunctionId { file, index: function.parent }, ..frame };
            for parameter in &function.parameters {
                parameter.annotation.into_iter().for_each(|annotation| self.annotation(annotation, around));
            }
        }
        for (_, index) in facts.classes.iter().zip(0..) {
            self.class(ClassId { file, index });
        }
    }

    fn add(&mut self, frame: Frame, form: &Form, route: Option<String>) {
        let function = self.types.function(frame.function);
        let context = if function.is_async { form.coroutine } else { form.plain };
        let found = Found { frame, role: form.role, context, route };
        self.found
            .entry((frame.function, frame))
            .and_modify(|known| {
                if found.role < known.role {
                    *known = found.clone();
                }
            })
            .or_insert(found);
    }

    /// Adds the functions that a value stands for: itself, what calling the object runs, what a
    /// middleware class does with each request.
    fn add_value(&mut self, value: &Value<'a>, form: &Form, route: Option<String>) {
        match value {
            Value::Function(frame) => self.add(*frame, form, route),
            Value::Class(class) if form.role == Role::Middleware => {
                self.add_method(*class, "__call__", form);
            }
            Value::Object(class) => self.add_method(*class, "__call__", form),
            _ => {}
        }
    }

    fn add_method(&mut self, class: ClassId, name: &str, form: &Form) {
        for method in self.types.method(class, name) {
            if let Value::Function(frame) = method {
                self.add(frame, form, None);
            }
        }
    }

    fn decorators(&mut self, id: FunctionId) {
        let function = self.types.function(id);
        let around = Frame { function: FunctionId { index: function.parent, ..id }, ..self.types.plain(id) };
        for decorator in function.decorators {
            let (callee, call) = match &decorator.expression {
                Expr::Call(call) => (&*call.func, Some(call)),
                other => (other, None),
            };
            self.named(id, callee, call, around);
            let Expr::Attribute(attribute) = callee else {
                continue;
            };
            let names = self.type_names(&attribute.value, around);
            let method = attribute.attr.as_str();
            for form in forms() {
                if let Told::Decorator { on, names: methods } = form.told
                    && methods.contains(&method)
                    && names.iter().any(|name| on.contains(&name.as_str()) || is_custom_router(name, on, call))
                {
                    self.add(self.types.plain(id), form, call.and_then(route_of));
                    break;
                }
            }
        }
    }

    /// `@get("/")` with a function of a library.
    fn named(&mut self, id: FunctionId, callee: &'a Expr, call: Option<&'a ast::ExprCall>, around: Frame) {
        for value in self.types.value(callee, around).iter() {
            let Value::External(name) = value else {
                continue;
            };
            for form in forms() {
                if let Told::Named { names, thread } = form.told
                    && names.contains(&&**name)
                {
                    let moved = thread.is_some_and(|keyword| call.is_some_and(|call| is_true(call, keyword)));
                    let plain = if moved { Context::Pool } else { form.plain };
                    self.add(self.types.plain(id), &Form { plain, ..*form }, call.and_then(route_of));
                }
            }
        }
    }

    /// The classes of the libraries that an expression may be an instance of.
    fn type_names(&self, expr: &'a Expr, frame: Frame) -> Vec<String> {
        let mut names = Vec::new();
        for value in self.types.value(expr, frame).iter() {
            match value {
                Value::Instance(ty) => names.push(ty.to_string()),
                Value::Object(class) => names.extend(self.types.library_bases(*class).iter().map(ToString::to_string)),
                // `self.app.router.get(...)`: the router of an application is one itself.
                Value::Member(ty, path) if &**path == "router" => names.push(ty.to_string()),
                _ => {}
            }
        }
        names
    }

    fn call(&mut self, call: &'a ast::ExprCall, frame: Frame) {
        let name = match &*call.func {
            Expr::Attribute(attribute) => attribute.attr.as_str(),
            Expr::Name(name) => name.id.as_str(),
            _ => return,
        };
        if let Expr::Attribute(attribute) = &*call.func
            && METHODS.with(|methods| methods.contains(&name))
        {
            let owners = self.type_names(&attribute.value, frame);
            for form in forms() {
                if let Told::Method { on, names, argument } = form.told
                    && names.contains(&name)
                    && owners.iter().any(|owner| on.contains(&owner.as_str()))
                {
                    self.argument(call, argument, form, frame);
                }
            }
        }
        let plausible = CALLS.with(|calls| calls.contains(&name)) || matches!(&*call.func, Expr::Name(_));
        if !plausible {
            return;
        }
        for value in self.types.value(&call.func, frame).iter() {
            let names = match value {
                Value::External(name) => vec![name.to_string()],
                Value::Class(class) => self.types.library_bases(*class).iter().map(ToString::to_string).collect(),
                _ => continue,
            };
            for form in forms() {
                if let Told::Call { names: known, argument } = form.told
                    && names.iter().any(|name| known.contains(&name.as_str()))
                {
                    self.argument(call, argument, form, frame);
                }
            }
        }
    }

    fn argument(&mut self, call: &'a ast::ExprCall, (position, keyword): (usize, &str), form: &Form, frame: Frame) {
        let named =
            call.arguments.keywords.iter().find(|given| given.arg.as_ref().is_some_and(|arg| arg.as_str() == keyword));
        let Some(argument) = call.arguments.args.get(position).or(named.map(|given| &given.value)) else {
            return;
        };
        for value in self.types.value(argument, frame).iter() {
            self.add_value(value, form, route_of(call));
        }
    }

    /// `Annotated[T, Depends(f)]` in a signature.
    fn annotation(&mut self, annotation: &'a Expr, frame: Frame) {
        let Expr::Subscript(subscript) = annotation else {
            return;
        };
        let Expr::Tuple(tuple) = &*subscript.slice else {
            return;
        };
        for element in &tuple.elts {
            match element {
                Expr::Call(call) => self.call(call, frame),
                Expr::Subscript(_) => self.annotation(element, frame),
                _ => {}
            }
        }
    }

    fn class(&mut self, class: ClassId) {
        if self.types.class(class).bases.is_empty() {
            return;
        }
        let bases = self.types.library_bases(class);
        for form in forms() {
            let Told::Class { bases: known, methods } = form.told else {
                continue;
            };
            if bases.iter().any(|base| known.contains(&&**base)) {
                for name in methods {
                    self.add_method(class, name, form);
                }
            }
        }
    }
}

thread_local! {
    static METHODS: Vec<&'static str> = forms()
        .filter_map(|form| if let Told::Method { names, .. } = form.told { Some(names) } else { None })
        .flatten().copied().collect();
    static CALLS: Vec<&'static str> = forms()
        .filter_map(|form| if let Told::Call { names, .. } = form.told { Some(names) } else { None })
        .flatten().filter_map(|name| name.rsplit('.').next()).collect();
}

/// Routers of libraries on top of a framework are called routers too, and take a path first.
fn is_custom_router(name: &str, on: &[&str], call: Option<&ast::ExprCall>) -> bool {
    name.ends_with("APIRouter")
        && on.contains(&"fastapi.APIRouter")
        && call.is_some_and(|call| route_of(call).is_some())
}

/// Whether a keyword is given as a literal `True`.
fn is_true(call: &ast::ExprCall, name: &str) -> bool {
    call.arguments.keywords.iter().any(|keyword| {
        keyword.arg.as_ref().is_some_and(|arg| arg.as_str() == name)
            && matches!(&keyword.value, Expr::BooleanLiteral(literal) if literal.value)
    })
}

/// The path, if it is the first argument and a literal.
fn route_of(call: &ast::ExprCall) -> Option<String> {
    match call.arguments.args.first() {
        Some(Expr::StringLiteral(text)) => Some(text.value.to_str().to_owned()),
        _ => None,
    }
}
