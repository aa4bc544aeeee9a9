//! Definitions of functions: their defaults, and what their decorators make of them.

use std::rc::Rc;

use super::super::syntax::ast::{self};
use super::super::syntax::span_of;
use super::How;
use super::cell::{Body, Cell, Deps, Function, Role, Text, Thing};
use super::class::Validates;
use super::reads::Touched;
use super::run::{Run, Site, Step};
use super::state::Object;

impl<'a> Run<'a, '_> {
    pub(super) fn define(&mut self, def: &'a ast::StmtFunctionDef) -> Step<()> {
        let mut decorators = Vec::new();
        for decorator in &def.decorator_list {
            decorators.push(self.expression(&decorator.expression)?);
        }
        let mut function = self.function_of(def)?;
        let mut followed = true;
        for decorator in &decorators {
            followed &= self.decorate(&mut function, decorator)?;
        }
        let function = Rc::new(function);
        let command = self.as_command(&decorators, &function, span_of(def))?;
        let mut cell = command.unwrap_or_else(|| Cell::new(Thing::Function(function)));
        if !followed && self.witness.is_none() {
            // Whoever decorates it may call it now.
            decorators.push(cell);
            self.forget_values(decorators, &"a decorated function may have changed it".into(), &Deps::default());
            cell = Cell::new(Thing::Object(def.name.as_str().into()));
        }
        let scope = self.scope_for(&def.name);
        self.bind(scope, &def.name, cell, Site { name: span_of(&def.name), value: None, how: How::Function })
    }

    /// Takes up what a decorator says about a function; false if it may do something else with it.
    fn decorate(&mut self, function: &mut Function<'a>, decorator: &Cell<'a>) -> Step<bool> {
        if let Some(role) = Self::role_of(decorator) {
            function.role = role;
            return Ok(true);
        }
        match &decorator.thing {
            Thing::Dotted(name) if matches!(name.as_ref(), "functools.cache" | "functools.lru_cache") => {
                function.memory = Some(self.allocate(Object::List(Vec::new()))?);
                Ok(true)
            }
            Thing::Dotted(name) => Ok(matches!(
                name.as_ref(),
                "atexit.register"
                    | "typing.override"
                    | "typing_extensions.override"
                    | "abc.abstractmethod"
                    | "pydantic.computed_field"
                    | "typing.no_type_check"
                    | "typing.final"
            )),
            Thing::Made(what, arguments) => {
                let Some(whole_model) = validator_kind(what) else { return Ok(false) };
                let fields: Vec<Text> = arguments
                    .positional
                    .iter()
                    .filter_map(|cell| if let Thing::Str(name) = &cell.thing { Some(Rc::clone(name)) } else { None })
                    .collect();
                let mode = arguments.named("mode").map(|cell| &cell.thing);
                let before = match mode {
                    None => arguments.named("pre").is_some_and(|cell| self.truth(cell) != Some(false)),
                    Some(Thing::Str(mode)) if mode.as_ref() == "after" => false,
                    Some(Thing::Str(mode)) if mode.as_ref() == "before" => true,
                    Some(_) => return Ok(false),
                };
                if function.role == Role::Plain && !whole_model {
                    function.role = Role::Class;
                }
                let complete = whole_model == fields.is_empty();
                function.validates = Some(Rc::new(Validates { fields, before }));
                Ok(complete)
            }
            _ => Ok(false),
        }
    }

    pub(super) fn function_of(&mut self, def: &'a ast::StmtFunctionDef) -> Step<Function<'a>> {
        let locals = Touched::block(&def.body);
        self.spend(locals.loaded.len())?;
        Ok(Function {
            name: def.name.as_str().into(),
            parameters: Some(&def.parameters),
            body: Body::Block(&def.body),
            defaults: self.defaults(&def.parameters)?,
            scope: self.home,
            module: self.module,
            suspends: def.is_async || locals.suspends,
            role: Role::Plain,
            memory: None,
            validates: None,
            locals: with_parameters(locals, &def.parameters),
        })
    }

    pub(super) fn lambda(&mut self, lambda: &'a ast::ExprLambda) -> Step<Cell<'a>> {
        let parameters = lambda.parameters.as_deref();
        let defaults = match parameters {
            Some(parameters) => self.defaults(parameters)?,
            None => Vec::new(),
        };
        let locals = Touched::expression(&lambda.body);
        let locals = match parameters {
            Some(parameters) => with_parameters(locals, parameters),
            None => locals,
        };
        let function = Function {
            name: "<lambda>".into(),
            parameters,
            body: Body::Expression(&lambda.body),
            defaults,
            scope: self.scope,
            module: self.module,
            suspends: locals.suspends,
            role: Role::Plain,
            memory: None,
            validates: None,
            locals,
        };
        Ok(Cell::new(Thing::Function(Rc::new(function))))
    }

    fn defaults(&mut self, parameters: &'a ast::Parameters) -> Step<Vec<(Text, Cell<'a>)>> {
        let mut defaults = Vec::new();
        for parameter in parameters.iter_non_variadic_params() {
            if let Some(default) = parameter.default() {
                let value = self.expression(default)?;
                defaults.push((parameter.name().as_str().into(), value));
            }
        }
        Ok(defaults)
    }
}

/// Parameters are bound in the scope of the call.
fn with_parameters(mut locals: Touched, parameters: &ast::Parameters) -> Touched {
    for parameter in parameters {
        locals.stored.insert(parameter.name().as_str().into());
    }
    locals
}

/// Whether a decorator of pydantic checks the whole model (`true`) or single fields.
fn validator_kind(what: &str) -> Option<bool> {
    match what {
        "pydantic.field_validator" | "pydantic.validator" | "pydantic.v1.validator" => Some(false),
        "pydantic.model_validator" => Some(true),
        _ => None,
    }
}
