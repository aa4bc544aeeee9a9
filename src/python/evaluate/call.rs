//! Calls and attributes: who is asked, and with what.

use std::rc::Rc;

use crate::source::Span;

use super::super::syntax::ast::{self, Expr};
use super::super::syntax::span_of;
use super::How;
use super::cell::{Body, Cell, Deps, Function, Id, Text, Thing};
use super::expression::Making;
use super::flow::{Exits, merge};
use super::operators::{Calc, tuple};
use super::run::{Halt, MAX_DEPTH, Run, Site, Step};
use super::state::{Object, Scope};

/// The arguments of a call.
#[derive(Debug, Default, Clone)]
pub(super) struct Arguments<'a> {
    pub(super) positional: Vec<Cell<'a>>,
    pub(super) named: Vec<(Text, Cell<'a>)>,
    /// Whether `*args` or `**kwargs` may hold more than is known.
    pub(super) open: bool,
    /// Variables that decide which entries there are in what `**` unpacks.
    pub(super) rests: Vec<Text>,
}

impl<'a> Arguments<'a> {
    /// An argument by position or name.
    pub(super) fn get(&self, index: usize, name: &str) -> Option<&Cell<'a>> {
        self.positional.get(index).or_else(|| self.named(name))
    }

    pub(super) fn named(&self, name: &str) -> Option<&Cell<'a>> {
        self.named.iter().find(|(known, _)| known.as_ref() == name).map(|(_, cell)| cell)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Cell<'a>> {
        self.positional.iter().chain(self.named.iter().map(|(_, cell)| cell))
    }
}

/// What was left to follow something in another scope.
pub(super) struct Outside<'a> {
    module: usize,
    scope: Id,
    home: Id,
    function: Option<Rc<Function<'a>>>,
    control: Deps,
}

impl<'a> Run<'a, '_> {
    pub(super) fn step_into(&mut self, module: usize, scope: Id, function: Option<Rc<Function<'a>>>) -> Outside<'a> {
        self.depth += 1;
        Outside {
            module: std::mem::replace(&mut self.module, module),
            scope: std::mem::replace(&mut self.scope, scope),
            home: std::mem::replace(&mut self.home, scope),
            function: std::mem::replace(&mut self.function, function),
            control: self.control.clone(),
        }
    }

    /// Where the code stands, to come back to.
    pub(super) fn standing(&self) -> Outside<'a> {
        Outside {
            module: self.module,
            scope: self.scope,
            home: self.home,
            function: self.function.clone(),
            control: self.control.clone(),
        }
    }

    /// Comes back from wherever the code stood when it was given up.
    pub(super) fn stand(&mut self, outside: Outside<'a>) {
        self.depth += 1;
        self.step_out(outside);
    }

    pub(super) fn step_out(&mut self, outside: Outside<'a>) {
        self.depth -= 1;
        self.module = outside.module;
        self.scope = outside.scope;
        self.home = outside.home;
        self.function = outside.function;
        self.control = outside.control;
    }

    pub(super) fn call(&mut self, call: &'a ast::ExprCall) -> Step<Cell<'a>> {
        let callee = self.expression(&call.func)?;
        let mut arguments = Arguments::default();
        for argument in &call.arguments.args {
            if let Expr::Starred(starred) = argument {
                let value = self.expression(&starred.value)?;
                arguments.rests.extend(value.deps.open().cloned());
                if let Some(items) = self.iterate(&value, span_of(argument))? {
                    arguments.positional.extend(items);
                } else {
                    arguments.positional.push(value);
                    arguments.open = true;
                }
            } else {
                let value = self.argument(argument)?;
                arguments.positional.push(value);
            }
        }
        for keyword in &call.arguments.keywords {
            let value = self.expression(&keyword.value)?;
            if let Some(name) = &keyword.arg {
                arguments.named.push((name.as_str().into(), value));
                continue;
            }
            let entries = match &value.thing {
                Thing::Dict(id) => self.entries(*id).map(<[_]>::to_vec),
                _ => None,
            };
            if let Some(entries) = entries {
                let whole = value.deps;
                let deciding = entries.iter().flat_map(|(key, _)| key.deps.open()).chain(whole.open());
                arguments.rests.extend(deciding.cloned().collect::<Vec<_>>());
                for (key, value) in entries {
                    let value = value.with_deps(&whole);
                    match &key.thing {
                        Thing::Str(name) => arguments.named.push((Rc::clone(name), value)),
                        _ => arguments.open = true,
                    }
                }
            } else {
                arguments.positional.push(value);
                arguments.open = true;
            }
        }
        if let (Thing::Unknown(_) | Thing::Dotted(_) | Thing::Object(_), Expr::Attribute(method)) =
            (&callee.thing, call.func.as_ref())
        {
            self.call_given_by_method(&callee, method.attr.as_str(), &arguments, span_of(call))?;
        }
        self.call_cell(&callee, arguments, span_of(call))
    }

    /// A generator that is used up at once is as good as a list.
    fn argument(&mut self, argument: &'a Expr) -> Step<Cell<'a>> {
        match argument {
            Expr::Generator(generator) => {
                let made = self.comprehension(&generator.generators, Making::List(&generator.elt))?;
                Ok(match made.thing {
                    Thing::List(id) => Cell { thing: Thing::Iterator(id), ..made },
                    _ => made,
                })
            }
            _ => self.expression(argument),
        }
    }

    /// Calls what is already evaluated.
    pub(super) fn call_cell(&mut self, callee: &Cell<'a>, arguments: Arguments<'a>, at: Span) -> Step<Cell<'a>> {
        self.spend(1)?;
        if arguments.open && !matches!(callee.thing, Thing::Unknown(_) | Thing::Dotted(_) | Thing::Object(_)) {
            self.forget_values(vec![callee.clone()], &"called with unknown arguments".into(), &Deps::default());
            return self.call_unknown(callee, &arguments, "a call with unknown arguments", at);
        }
        match &callee.thing {
            Thing::Function(function) => {
                let result = self.call_function(function, arguments, at)?;
                Ok(result.resting_on(callee))
            }
            Thing::Dotted(name) => {
                let name = Rc::clone(name);
                match self.witnessed(&name, callee, &arguments, at)? {
                    Some(result) => Ok(result),
                    None => match self.look_at_groups(&name, &arguments, at) {
                        Some(found) => found,
                        None => self.call_dotted(&name, callee, &arguments, at),
                    },
                }
            }
            Thing::Method(bound) => {
                let (receiver, name) = (&bound.0, &bound.1);
                self.call_method(receiver, name, arguments, at)
            }
            Thing::Class(class) => {
                let class = Rc::clone(class);
                Ok(self.nested(|run| run.construct(&class, arguments, at))?.resting_on(callee))
            }
            Thing::Made(what, held) if what.as_ref() == "functools.partial" => {
                let held = Rc::clone(held);
                self.nested(|run| run.call_partial(&held, arguments, at))
            }
            Thing::Reader(id) => {
                let id = *id;
                self.read_setting(callee, id, "", &arguments, at)
            }
            Thing::Instance(class, _) => {
                let class = Rc::clone(class);
                self.call_bound(callee, &class, "__call__", arguments, at)
            }
            Thing::None | Thing::Bool(_) | Thing::Int(_) | Thing::Float(_) | Thing::Str(_) | Thing::Project(_) => {
                self.fault(&[callee], "TypeError", at, "a call of something that cannot be called")
            }
            Thing::Object(name) => {
                let why = format!("the result of {name}()");
                self.call_unknown(callee, &arguments, &why, at)
            }
            _ => self.call_unknown(callee, &arguments, "the result of a call that is not followed", at),
        }
    }

    /// A call that cannot be followed: what it was given may have changed.
    pub(super) fn call_unknown(
        &mut self,
        callee: &Cell<'a>,
        arguments: &Arguments<'a>,
        why: &str,
        at: Span,
    ) -> Step<Cell<'a>> {
        let given: Vec<Cell<'a>> = arguments.all().cloned().collect();
        self.forget_values(given, &format!("given to {}", shortened(self.source(at))).into(), &Deps::default());
        self.settle_unknown(why, &[callee], at)
    }

    pub(super) fn call_function(
        &mut self,
        function: &Rc<Function<'a>>,
        arguments: Arguments<'a>,
        at: Span,
    ) -> Step<Cell<'a>> {
        if function.suspends && !self.follows_coroutine(function) {
            let callee = Cell::new(Thing::Function(Rc::clone(function)));
            self.forget_values(vec![callee.clone()], &"a generator may change it".into(), &Deps::default());
            return self.call_unknown(&callee, &arguments, "a generator or coroutine", at);
        }
        if self.depth >= MAX_DEPTH {
            return Err(Halt::Exhausted);
        }
        let remembers = function.memory.filter(|_| arguments.all().next().is_none());
        if let Some(result) = remembers.and_then(|id| self.items(id)).and_then(<[_]>::first) {
            return Ok(result.clone());
        }
        let scope = Scope { parent: Some(function.scope), ..Scope::default() };
        let scope = self.allocate(Object::Scope(scope))?;
        if let Some(parameters) = function.parameters
            && !self.bind_parameters(scope, function, parameters, arguments)?
        {
            return self.raise("TypeError", at, "a call with arguments that do not fit");
        }
        let outside = self.step_into(function.module, scope, Some(Rc::clone(function)));
        let result = self.nested(|run| match function.body {
            Body::Expression(body) => run.expression(body).map(Some),
            Body::Block(body) => {
                let exits = run.block(body)?;
                run.returned(exits)
            }
        });
        self.step_out(outside);
        let result = result?.unwrap_or_else(|| Cell::new(Thing::None));
        if let Some(memory) = remembers {
            self.state.put(memory, Object::List(vec![result.clone()]));
        }
        Ok(result)
    }

    /// Goes on behind a call, with what it returns.
    fn returned(&mut self, exits: Exits<'a>) -> Step<Option<Cell<'a>>> {
        let fell_through = exits.next.map(|state| (state, Cell::new(Thing::None).with_deps(&self.control)));
        let both = merge(
            Exits { returns: fell_through, ..Exits::default() },
            Exits { returns: exits.returns, raises: exits.raises, ..Exits::default() },
        );
        if let Some((state, cell)) = both.returns {
            self.state = state;
            self.keep_all(both.raises);
            Ok(Some(cell))
        } else {
            self.after(Exits { raises: both.raises, ..Exits::default() })?;
            Ok(None)
        }
    }

    /// Gives the parameters their values; false if the call does not fit.
    fn bind_parameters(
        &mut self,
        scope: Id,
        function: &Function<'a>,
        parameters: &'a ast::Parameters,
        arguments: Arguments<'a>,
    ) -> Step<bool> {
        let site = |name: &'a ast::Identifier| Site { name: span_of(name), value: None, how: How::Other };
        let mut named = arguments.named;
        let mut positional = arguments.positional.into_iter();
        let by_place =
            parameters.posonlyargs.iter().map(|p| (p, false)).chain(parameters.args.iter().map(|p| (p, true)));
        let by_name = parameters.kwonlyargs.iter().map(|p| (p, true));
        let places = parameters.posonlyargs.len() + parameters.args.len();
        for (index, (parameter, nameable)) in by_place.chain(by_name).enumerate() {
            let name = parameter.name();
            let given = if index < places { positional.next() } else { None };
            let at = named.iter().position(|(known, _)| nameable && known.as_ref() == name.as_str());
            let value = match (given, at) {
                (Some(_), Some(_)) => return Ok(false),
                (Some(value), None) => value,
                (None, Some(at)) => named.remove(at).1,
                (None, None) => {
                    let default = function.defaults.iter().find(|(known, _)| known.as_ref() == name.as_str());
                    match default {
                        Some((_, value)) => value.clone(),
                        None => return Ok(false),
                    }
                }
            };
            self.bind(scope, name, value, site(name))?;
        }
        let rest: Vec<Cell<'a>> = positional.collect();
        match &parameters.vararg {
            Some(parameter) => self.bind(scope, &parameter.name, tuple(rest), site(&parameter.name))?,
            None if !rest.is_empty() => return Ok(false),
            None => {}
        }
        match &parameters.kwarg {
            Some(parameter) => {
                let entries = named.into_iter().map(|(name, cell)| (Cell::new(Thing::Str(name)), cell)).collect();
                let dict = self.dict(entries)?;
                self.bind(scope, &parameter.name, dict, site(&parameter.name))?;
            }
            None if !named.is_empty() => return Ok(false),
            None => {}
        }
        Ok(true)
    }

    fn call_method(&mut self, receiver: &Cell<'a>, name: &Text, arguments: Arguments<'a>, at: Span) -> Step<Cell<'a>> {
        match &receiver.thing {
            Thing::Str(text) => {
                let text = Rc::clone(text);
                self.text_method(receiver, &text, name, &arguments, at)
            }
            Thing::List(id) => self.list_method(receiver, *id, name, &arguments, at),
            Thing::Dict(id) => self.dict_method(receiver, *id, name, &arguments, at),
            Thing::Set(id) => self.set_method(receiver, *id, name, &arguments, at),
            Thing::Tuple(items) => {
                let items = Rc::clone(items);
                self.sequence_method(receiver, &items, name, &arguments, at)
            }
            Thing::Instance(class, _) | Thing::Class(class) => {
                let class = Rc::clone(class);
                self.call_bound(receiver, &class, name, arguments, at)
            }
            Thing::Reader(id) => {
                let id = *id;
                self.read_setting(receiver, id, name, &arguments, at)
            }
            Thing::Bytes(bytes) if name.as_ref() == "decode" && arguments.all().next().is_none() => {
                let calc = match std::str::from_utf8(bytes) {
                    Ok(text) => Calc::Is(Thing::Str(text.into())),
                    Err(_) => Calc::Raises("UnicodeError", "bytes that are no text"),
                };
                self.settle(calc, &[receiver], at)
            }
            Thing::Namespace(scope) => self.global_method(receiver, *scope, name, &arguments, at),
            Thing::Path(_) | Thing::Inside { .. } => {
                let asked = Arguments { positional: vec![receiver.clone()], ..Arguments::default() };
                match self.look_at_groups(&format!("pathlib.Path.{name}"), &asked, at) {
                    Some(found) => found,
                    None => self.path_method(receiver, name, &arguments, at),
                }
            }
            Thing::Made(..) => match self.read_group(receiver, name, at) {
                Some(read) => read,
                None => self.call_unknown(receiver, &arguments, "a method that is not followed", at),
            },
            _ => self.call_unknown(receiver, &arguments, "a method that is not followed", at),
        }
    }

    /// Notes that any global of the module may be set to anything from here on.
    pub(super) fn distrust(&mut self, at: Span, why: &str) {
        let place = self.place(at);
        if let Some(module) = self.modules.get_mut(self.module)
            && module.untrusted.is_none()
        {
            module.untrusted = Some((place, why.into()));
        }
    }
}

/// The first line of a call as written, for a message.
pub(super) fn shortened(source: &str) -> String {
    let line = source.lines().next().unwrap_or("");
    match line.char_indices().nth(48) {
        Some((at, _)) => format!("{}...", line.get(..at).unwrap_or("")),
        None => line.to_owned(),
    }
}
