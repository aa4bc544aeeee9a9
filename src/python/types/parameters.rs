//! What parameters stand for, and which arguments of a call are carried into the function.

use std::rc::Rc;

use super::{ClassId, Entry, Frame, FunctionId, Types, Value, Values};
use crate::python::calls::Parameter;
use crate::python::catalogue;
use crate::python::syntax::ast::{self, Expr};

/// How many arguments of one call are carried into the function.
const MAX_ARGUMENTS: usize = 4;
/// How many values of one argument are carried into the function.
const MAX_CHOICES: usize = 4;
/// How many where all of them are coroutines.
const MAX_COROUTINES: usize = 64;
/// How many arguments of one call are looked at.
const MAX_LOOKED_AT: usize = 16;

impl<'a> Types<'a> {
    /// A function together with those arguments of a call that its annotations say nothing about.
    pub fn with_arguments(&self, callee: &Value<'a>, call: &'a ast::ExprCall, frame: Frame) -> Value<'a> {
        let Value::Function(target) = callee else {
            return callee.clone();
        };
        let function = self.function(target.function);
        if function.parameters.is_empty() {
            return callee.clone();
        }
        let shift = self.receiver_shift(callee, call, frame) + self.bound_arguments(*target);
        let mut entries = self.entries(target, shift, &call.arguments.args, &call.arguments.keywords, frame);
        entries.extend(self.certain_entries(target, shift, call, frame));
        entries.extend(self.of_receiver(target.function, call, frame));
        entries.extend(self.handed_on(*target, call, frame));
        entries.extend(self.handed_in(*target, call, frame));
        Value::Function(Frame { environment: self.extend(target.environment, entries), ..*target })
    }

    /// How many parameters a call leaves to the object that the method is taken from.
    pub fn receiver_shift(&self, callee: &Value<'a>, call: &'a ast::ExprCall, frame: Frame) -> usize {
        let Value::Function(target) = callee else { return 0 };
        let function = self.function(target.function);
        if function.class.is_none() || self.has_decorator(target.function, "staticmethod") {
            return 0;
        }
        match &*call.func {
            // `Class.method(object, ...)`.
            Expr::Attribute(attribute)
                if attribute.attr.as_str() == function.name
                    && !self.has_decorator(target.function, "classmethod")
                    && self.value(&attribute.value, frame).iter().any(|base| matches!(base, Value::Class(_))) =>
            {
                0
            }
            // A wrapper hands on the object that it was given; a class makes one of its own.
            Expr::Name(_)
                if matches!(call.arguments.args.first(), Some(Expr::Name(first)) if first.id.as_str() == "self")
                    && !self.value(&call.func, frame).iter().any(|made| matches!(made, Value::Class(_))) =>
            {
                0
            }
            _ => 1,
        }
    }

    /// `functools.partial(f, ...)`.
    pub(super) fn partially(&self, call: &'a ast::ExprCall, frame: Frame) -> Vec<Value<'a>> {
        let Some((first, rest)) = call.arguments.args.split_first() else {
            return Vec::new();
        };
        let bind = |value: &Value<'a>| match value {
            Value::Function(target) => {
                let function = self.function(target.function);
                let is_method = function.class.is_some() && !self.has_decorator(target.function, "staticmethod");
                let before = self.bound_arguments(*target);
                let mut entries =
                    self.entries(target, before + usize::from(is_method), rest, &call.arguments.keywords, frame);
                if !rest.is_empty() {
                    entries.push(Self::bound_entry(target.function, before + rest.len()));
                }
                Value::Function(Frame { environment: self.extend(target.environment, entries), ..*target })
            }
            other => other.clone(),
        };
        self.value(first, frame).iter().map(bind).collect()
    }

    fn entries(
        &self,
        target: &Frame,
        shift: usize,
        arguments: &'a [Expr],
        keywords: &'a [ast::Keyword],
        frame: Frame,
    ) -> Vec<Entry<'a>> {
        let parameters = &self.function(target.function).parameters;
        let mut entries: Vec<Entry<'a>> = Vec::new();
        let mut beyond: Vec<Values<'a>> = Vec::new();
        let mut position = shift;
        let mut give = |position: usize, values: &dyn Fn() -> Values<'a>, entries: &mut Vec<Entry<'a>>| match parameters
            .get(position)
            .filter(|parameter| parameter.positional)
        {
            Some(parameter) => self.carry(target, position, parameter, values, entries),
            None if beyond.len() < MAX_ARGUMENTS => beyond.push(values()),
            None => {}
        };
        for argument in arguments.iter().take(MAX_LOOKED_AT) {
            match argument {
                Expr::Starred(starred) => {
                    // Only of a tuple is it known how many there are.
                    let Some(Value::Tuple(parts)) = self.value(&starred.value, frame).first().cloned() else {
                        break;
                    };
                    for part in parts.iter() {
                        give(position, &|| Rc::clone(part), &mut entries);
                        position += 1;
                    }
                }
                argument => {
                    give(position, &|| self.argument_values(argument, frame), &mut entries);
                    position += 1;
                }
            }
        }
        let rest = parameters.iter().position(|parameter| parameter.variadic && !parameter.keywords);
        if let Some(rest) = rest
            && beyond.iter().flat_map(|part| part.iter()).any(|value| is_useful(value, 0))
        {
            let rest = u16::try_from(rest).unwrap_or(u16::MAX - 1);
            entries.push(((target.function, rest), Value::Tuple(beyond.into())));
        }
        for keyword in keywords {
            let Some(name) = &keyword.arg else { continue };
            let position =
                parameters.iter().position(|parameter| parameter.name == name.as_str() && !parameter.variadic);
            if let Some(position) = position {
                let values = || self.argument_values(&keyword.value, frame);
                self.carry(target, position, &parameters[position], &values, &mut entries);
            }
        }
        entries
    }

    fn argument_values(&self, argument: &'a Expr, frame: Frame) -> Values<'a> {
        // A literal says nothing that matters here.
        let plausible = matches!(
            argument,
            Expr::Name(_)
                | Expr::Attribute(_)
                | Expr::Call(_)
                | Expr::Lambda(_)
                | Expr::Await(_)
                | Expr::Subscript(_)
                | Expr::List(_)
                | Expr::Tuple(_)
                | Expr::Dict(_)
                | Expr::ListComp(_)
                | Expr::Generator(_)
                | Expr::If(_)
                | Expr::BoolOp(_)
        );
        if plausible { self.with_rows(self.value(argument, frame), argument, frame) } else { Rc::new([]) }
    }

    fn carry(
        &self,
        target: &Frame,
        position: usize,
        parameter: &Parameter<'a>,
        values: &dyn Fn() -> Values<'a>,
        entries: &mut Vec<Entry<'a>>,
    ) {
        if parameter.variadic || entries.len() >= MAX_ARGUMENTS {
            return;
        }
        let around = self.around(*target);
        let declared = parameter.annotation.map(|annotation| self.annotation(annotation, around)).unwrap_or_default();
        // What is given is more exact than a base class, and than what a callable promises to return.
        let is_exact = |value: &Value<'a>| match value {
            Value::Object(class) => !declared.contains(&Value::Object(*class)),
            Value::Function(_)
            | Value::Class(_)
            | Value::Member(..)
            | Value::External(_)
            | Value::Generator(_)
            | Value::Lazy(_) => true,
            Value::Instance(ty) => is_in_memory(ty) || works_when_walked(ty),
            _ => false,
        };
        let is_loose = |value: &Value<'a>| match value {
            Value::Object(class) => !self.below(*class).is_empty() || self.is_protocol(*class),
            // `Iterable[Model]` does not say what fetches them.
            Value::Returns(_) | Value::Items(_) => true,
            Value::Instance(ty) if ty.starts_with("io.") || ty.starts_with("typing.") => true,
            // `DecoratedCallable` and its like say nothing of what is given.
            Value::Instance(ty) => catalogue::known_type(ty).is_none() && is_callable_type(ty),
            _ => false,
        };
        if !declared.is_empty() && !declared.iter().any(is_loose) {
            return;
        }
        let values = values();
        let wanted = |value: &&Value<'a>| is_useful(value, 0) && (declared.is_empty() || is_exact(value));
        let key = (target.function, u16::try_from(position).unwrap_or(u16::MAX - 1));
        // Each of several coroutines may be the one that runs.
        let is_coroutine = |value: &Value<'a>| matches!(value, Value::Coroutine(_));
        let most = if values.iter().all(is_coroutine) { MAX_COROUTINES } else { MAX_CHOICES };
        let wanted: Vec<&Value<'a>> = values.iter().filter(wanted).take(most).collect();
        match *wanted {
            [one] => entries.push((key, one.clone())),
            [_, ..] => entries.push((key, Value::Either(wanted.into_iter().cloned().collect()))),
            // A default no longer counts once something else is given.
            [] if declared.is_empty() && parameter.default.is_some_and(is_callable_default) => {
                entries.push((key, Value::Unknown));
            }
            [] => {}
        }
    }

    /// What a parameter stands for: the argument, if one is known; its annotation; what its default
    /// injects; for the first one of a method, the class.
    pub(super) fn parameter(&self, frame: Frame, position: u16) -> Vec<Value<'a>> {
        match self.argument(frame, frame.function, position) {
            Some(Value::Unknown) => return Vec::new(),
            Some(Value::Either(values)) => return values.to_vec(),
            Some(value) => return vec![value],
            None => {}
        }
        let function = self.function(frame.function);
        let Some(parameter) = function.parameters.get(usize::from(position)) else {
            return Vec::new();
        };
        let around = self.around(frame);
        let declared = parameter.annotation.map(|annotation| self.annotation(annotation, around)).unwrap_or_default();
        let injected = || match parameter.default {
            Some(Expr::Call(call)) => self.injected(call, around),
            _ => Vec::new(),
        };
        if !declared.is_empty() && parameter.variadic {
            return if parameter.keywords { Self::kept(declared) } else { Self::held(declared) };
        }
        if !declared.is_empty() {
            if !matches!(*declared, [Value::Object(_)]) {
                return declared;
            }
            let declared = self.more_exactly(declared, injected);
            return if self.is_open(frame) { self.with_given(declared, frame, position) } else { declared };
        }
        if position == 0
            && let Some(index) = function.class
            && !self.has_decorator(frame.function, "staticmethod")
        {
            let class = ClassId { file: frame.function.file, index };
            if function.name == "__init_subclass__" {
                return self.below(class).into_iter().map(Value::Class).collect();
            }
            let is_class = self.has_decorator(frame.function, "classmethod") || function.name == "__new__";
            return vec![if is_class { Value::Class(class) } else { Value::Object(class) }];
        }
        let injected = injected();
        if !injected.is_empty() {
            return injected;
        }
        let given = if self.is_open(frame) { self.given(frame, position) } else { Vec::new() };
        match parameter.default.filter(|default| is_callable_default(default)) {
            Some(default) if given.is_empty() => self.value(default, around).to_vec(),
            // Every framework calls it so, and all that is asked of it is what the project put there.
            None if given.is_empty() && parameter.name == "request" && !parameter.variadic => {
                let is_of_django = self.has_django_settings() && !self.is_of_rest_framework(frame.function);
                vec![Value::Instance(if is_of_django { "django.http.HttpRequest" } else { "Request" }.into())]
            }
            _ => given,
        }
    }

    /// Whether a function is given what the REST framework makes of a request: it has asked who sends it before.
    fn is_of_rest_framework(&self, function: FunctionId) -> bool {
        let of_class = self.function(function).class.is_some_and(|index| {
            let bases = self.library_bases(ClassId { file: function.file, index });
            bases.iter().any(|base| base.starts_with("rest_framework.") || base.starts_with("adrf."))
        });
        of_class || self.has_decorator(function, "api_view")
    }

    /// What a parameter is declared as, and what callers give that is of a class below it. There may be others.
    fn with_given(&self, mut declared: Vec<Value<'a>>, frame: Frame, position: u16) -> Vec<Value<'a>> {
        let [Value::Object(base)] = *declared else { return declared };
        if self.is_protocol(base) {
            let given = self.more_than_protocol(base, self.given(frame, position));
            return if given.is_empty() { declared } else { given };
        }
        if !self.below(base).is_empty() {
            if let Some(given) = self.given_by_all(frame, position, base) {
                return given;
            }
            let is_below = |value: &Value<'a>| matches!(value, Value::Object(class) if self.ancestry(*class).contains(&Value::Class(base)));
            declared.extend(self.given(frame, position).into_iter().filter(is_below));
        }
        declared
    }

    /// What a dependency marker (`Depends(f)`) injects.
    pub(super) fn injected(&self, call: &'a ast::ExprCall, frame: Frame) -> Vec<Value<'a>> {
        let marker = self.value(&call.func, frame);
        if !marker.iter().any(|value| matches!(value, Value::External(name) if is_marker(name))) {
            return Vec::new();
        }
        let provider = call.arguments.args.first().or_else(|| {
            let named = call
                .arguments
                .keywords
                .iter()
                .find(|keyword| keyword.arg.as_ref().is_some_and(|arg| arg.as_str() == "dependency"));
            named.map(|keyword| &keyword.value)
        });
        let Some(provider) = provider else {
            return Vec::new();
        };
        self.value(provider, frame).iter().flat_map(|value| self.provided(value)).collect()
    }

    /// What a dependency gives to who asks for it.
    fn provided(&self, provider: &Value<'a>) -> Vec<Value<'a>> {
        match provider {
            Value::Function(frame) if self.function(frame.function).is_generator => self.yielded(*frame).to_vec(),
            Value::Function(frame) => self.returned(*frame).to_vec(),
            Value::Object(class) => {
                self.method(*class, "__call__").iter().flat_map(|method| self.provided(method)).collect()
            }
            other => self.result_of(other),
        }
    }
}

/// Whether handlers are registered on an instance of a library's class.
pub(super) fn registers(ty: &str) -> bool {
    let last = ty.rsplit('.').next().unwrap_or(ty);
    super::outside::is_application(ty) || ["Router", "Blueprint", "RouteTableDef"].iter().any(|end| last.ends_with(end))
}

/// Whether a class is one of files that are kept in memory.
pub fn is_in_memory(class: &str) -> bool {
    matches!(class, "io.BytesIO" | "io.StringIO")
}

/// Whether objects of a library's class do their work while somebody goes through them.
fn works_when_walked(class: &str) -> bool {
    catalogue::known_type(class).is_some_and(|known| known.iterate().is_some())
}

/// Whether a library's callable marks a parameter as injected.
pub(super) fn is_marker(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or(name);
    name.starts_with("fastapi.") && matches!(last, "Depends" | "Security")
}

/// Whether a library's type is called like one for functions.
fn is_callable_type(ty: &str) -> bool {
    let last = ty.rsplit('.').next().unwrap_or(ty);
    ["Callable", "Func", "Handler", "Endpoint", "Decorat", "Coroutine"].iter().any(|part| last.contains(part))
}

/// Whether a default may be something that is called or used, rather than a number or a text.
fn is_callable_default(default: &Expr) -> bool {
    matches!(default, Expr::Name(_) | Expr::Attribute(_) | Expr::Lambda(_) | Expr::Call(_))
}

/// Whether knowing an argument can make a difference inside the function.
fn is_useful(value: &Value<'_>, depth: u8) -> bool {
    let any = |values: &Values<'_>| values.iter().any(|value| is_useful(value, depth + 1));
    match value {
        Value::Function(_)
        | Value::Class(_)
        | Value::Object(_)
        | Value::Member(..)
        | Value::Generator(_)
        | Value::Coroutine(_)
        | Value::Manager(_)
        | Value::Rows(..)
        | Value::RowsMethod(..)
        | Value::Lazy(_) => true,
        Value::Instance(ty) => catalogue::known_type(ty).is_some() || registers(ty) || is_in_memory(ty),
        Value::External(name) => catalogue::call(name).is_some(),
        Value::Items(inner) | Value::Mapping(inner) | Value::Returns(inner) => depth < 3 && is_useful(inner, depth + 1),
        Value::Tuple(parts) => depth < 3 && parts.iter().any(any),
        Value::Record(entries) => depth < 3 && entries.iter().any(|(_, values)| any(values)),
        _ => false,
    }
}
