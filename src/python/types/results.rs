//! What a call gives, what a function returns, what a decorator leaves of a function.

use std::rc::Rc;

use super::classes::canonical;
use super::outside::{is_application, is_settings, names_application_inside};
use super::{ClassId, ExprRef, Frame, Question, Types, Value, Values};
use crate::python::calls::is_yielding_coroutine;
use crate::python::catalogue;
use crate::python::syntax::ast::{self, Expr};
use crate::python::syntax::span_of;

/// Functions that return what they are given.
const PASSING: [&str; 15] = [
    "contextlib.nullcontext",
    "contextlib.closing",
    "contextlib.aclosing",
    "copy.copy",
    "copy.deepcopy",
    "dataclasses.replace",
    "attrs.evolve",
    "attr.evolve",
    "asyncio.wait_for",
    "asyncio.shield",
    "asyncio.create_task",
    "asyncio.ensure_future",
    "inspect.unwrap",
    "fastapi.Depends",
    "fastapi.Security",
];

/// Functions that make an instance of the class that they are given, at a position or by a keyword.
const STRUCTURING: [(&str, usize, &str); 11] = [
    ("dacite.from_dict", 0, "data_class"),
    ("dacite.core.from_dict", 0, "data_class"),
    ("cattrs.structure", 1, "cl"),
    ("cattr.structure", 1, "cl"),
    ("msgspec.convert", 1, "type"),
    ("msgspec.json.decode", usize::MAX, "type"),
    ("msgspec.msgpack.decode", usize::MAX, "type"),
    ("msgspec.yaml.decode", usize::MAX, "type"),
    ("msgspec.toml.decode", usize::MAX, "type"),
    ("pydantic.parse_obj_as", 0, "type_"),
    ("pydantic.tools.parse_obj_as", 0, "type_"),
];

/// How many coroutines that are awaited together are told apart.
const MAX_GATHERED: usize = 16;
/// How many `return` and `yield` of one function are looked at: a factory may have one for each of its classes.
const MAX_RESULTS: usize = 64;

impl<'a> Types<'a> {
    /// What calling `callee` gives.
    pub fn called(&self, callee: &Value<'a>, call: &'a ast::ExprCall, frame: Frame) -> Vec<Value<'a>> {
        match callee {
            Value::External(name) => self.library_call(name, call, frame),
            Value::Instance(ty) => {
                let made = catalogue::made_by(&format!("{ty}()"));
                made.map(|made| Value::Instance(made.into())).into_iter().collect()
            }
            Value::Member(ty, path) => self.called_member(ty, path, call, frame),
            Value::Class(class) => match self.query_made(*class, call, frame) {
                Some(query) => vec![query],
                None => self.made_by_class(*class),
            },
            Value::Alias(alias, from) => self.annotation(alias.0, *from),
            Value::Returns(result) => {
                let other = call.arguments.args.get(1).filter(|_| is_lookup(&call.func));
                let other = other.map(|other| self.value(other, frame).to_vec()).unwrap_or_default();
                std::iter::once((**result).clone()).chain(other).collect()
            }
            Value::RowsMethod(query, method) => self.rows_call(query, method),
            Value::Rows(query) => self.rows_call(query, "__call__"),
            Value::Function(_) => self.result_of(&self.with_arguments(callee, call, frame)),
            Value::Object(class) => {
                self.method(*class, "__call__").iter().flat_map(|method| self.called(method, call, frame)).collect()
            }
            _ => Vec::new(),
        }
    }

    /// What calling a class gives: an instance of it, unless its `__new__` chooses another one.
    fn made_by_class(&self, class: ClassId) -> Vec<Value<'a>> {
        let own = vec![Value::Object(class)];
        if !self.has_special("__new__") {
            return own;
        }
        let made: Vec<Value<'a>> = self.method(class, "__new__").iter().flat_map(|new| self.result_of(new)).collect();
        let is_other = |value: &Value<'a>| matches!(value, Value::Object(other) if *other != class);
        if made.iter().any(is_other) { made } else { own }
    }

    fn called_member(&self, ty: &Rc<str>, path: &str, call: &'a ast::ExprCall, frame: Frame) -> Vec<Value<'a>> {
        if let ([key, ..], Some(settings)) = (&*call.arguments.args, path.strip_suffix(".get"))
            && is_settings(ty, settings)
        {
            return self.setting(key);
        }
        if path == "from_queryset" && &**ty == super::QUERY {
            return self.manager_of(call, frame);
        }
        if let ("enter_context" | "enter_async_context", [manager]) = (path, &*call.arguments.args) {
            return self.entered(&self.value(manager, frame));
        }
        if let Some(given) = self.given_to_class(ty, path, &call.func, frame) {
            return given;
        }
        if path == "glob"
            && &**ty == "pathlib.Path"
            && call.arguments.args.first().is_some_and(|pattern| self.lists_one_folder(pattern, frame))
        {
            return vec![Value::Instance("pathlib.Path.iterdir".into())];
        }
        let given = Self::member_call(ty, path);
        given.map_or_else(|| self.resolved(&format!("{ty}.{path}"), call, frame), |given| vec![given])
    }

    /// What a library makes of data, of the class that it is given.
    fn structured(&self, name: &str, call: &'a ast::ExprCall, frame: Frame) -> Option<Vec<Value<'a>>> {
        let (_, position, keyword) = STRUCTURING.iter().find(|(known, ..)| *known == name)?;
        let mut keywords = call.arguments.keywords.iter();
        let named = keywords.find(|given| given.arg.as_ref().is_some_and(|arg| arg.as_str() == *keyword));
        let class = named.map(|given| &given.value).or_else(|| call.arguments.args.get(*position));
        Some(class.map(|class| self.annotation(class, frame)).unwrap_or_default())
    }

    /// What is made with keywords alone: a dictionary, or an object that others may add to where nothing is known of it.
    fn namespace(&self, name: &Rc<str>, call: &'a ast::ExprCall, frame: Frame) -> Vec<Value<'a>> {
        let known = self.named_entries(&call.arguments.keywords, frame);
        if known.is_empty() && &**name != "dict" { vec![Value::Instance(Rc::clone(name))] } else { known }
    }

    fn library_call(&self, name: &Rc<str>, call: &'a ast::ExprCall, frame: Frame) -> Vec<Value<'a>> {
        if self.opens_in_memory(name, call, frame) {
            return Vec::new();
        }
        if let Some(made) = catalogue::made_by(name) {
            return vec![Value::Instance(made.into())];
        }
        if let Some(found) = self.lazy_call(name, call, frame).or_else(|| self.made_elsewhere(name, call, frame)) {
            return found;
        }
        if let Some(provided) = self.provider(name, call, frame) {
            return provided;
        }
        if let Some(made) = self.structured(name, call, frame) {
            return made;
        }
        if name.ends_with("Manager.from_queryset") {
            return self.manager_of(call, frame);
        }
        let first = || call.arguments.args.first().map(|first| self.value(first, frame).to_vec()).unwrap_or_default();
        if let Some(found) = self.looked_up(name, first).or_else(|| alike(name, first)) {
            return found;
        }
        match &**name {
            "super" => return self.super_of(call, frame),
            "typing.cast" => {
                let declared = call.arguments.args.first().map(|first| self.annotation(first, frame));
                let given = || call.arguments.args.get(1).map(|given| self.value(given, frame).to_vec());
                // `cast(Any, x)` is still `x`.
                let declared = declared.filter(|values| !values.is_empty());
                return declared.or_else(given).unwrap_or_default();
            }
            "getattr" => return self.getattr(call, frame),
            "inject.instance" => return self.resolved(name, call, frame),
            "threading.local" => return vec![Value::Instance(Rc::clone(name))],
            "aiohttp.web.AppKey" => {
                let ty = call.arguments.args.get(1);
                return Self::kept(ty.map(|ty| self.annotation(ty, frame)).unwrap_or_default());
            }
            "importlib.import_module" => return self.module_named(call, frame),
            "typing.TypeVar" | "typing_extensions.TypeVar" | "typing.NewType" => {
                return Self::stands_for(call, frame);
            }
            "functools.partial" | "functools.partialmethod" => return self.partially(call, frame),
            "contextlib.contextmanager" | "contextlib.asynccontextmanager" => {
                let manager = |value: &Value<'a>| match value {
                    Value::Function(frame) => Some(Value::Returns(Rc::new(Value::Manager(*frame)))),
                    _ => None,
                };
                return first().iter().filter_map(manager).collect();
            }
            "object.__new__" => {
                let made = |value: &Value<'a>| match value {
                    Value::Class(class) => Some(Value::Object(*class)),
                    _ => None,
                };
                return first().iter().filter_map(made).collect();
            }
            "asyncio.get_running_loop" | "asyncio.get_event_loop" | "asyncio.new_event_loop" => {
                return vec![Value::Instance("asyncio.AbstractEventLoop".into())];
            }
            "asyncio.gather" if !call.arguments.args.iter().any(Expr::is_starred_expr) => {
                let given = call.arguments.args.iter().take(MAX_GATHERED);
                return Self::parts(given.map(|one| self.awaited(&self.value(one, frame)).into()).collect());
            }
            "next" | "anext" => return self.items(&first()),
            "type" if call.arguments.args.len() == 1 => {
                let class = |value: &Value<'a>| {
                    if let Value::Object(class) = value { Some(Value::Class(*class)) } else { None }
                };
                return first().iter().filter_map(class).collect();
            }
            "dict" | "types.SimpleNamespace" if names_all(call) => return self.namespace(name, call, frame),
            "list" | "tuple" | "set" | "sorted" | "frozenset" => {
                return self.items(&first()).into_iter().map(|item| Value::Items(Rc::new(item))).collect();
            }
            "fastapi.Depends" | "fastapi.Security" => return Vec::new(),
            // Connecting a datagram socket sends nothing, and what it sends goes into a buffer.
            "socket.socket" if call.arguments.args.iter().any(is_datagram) => {
                return vec![Value::Instance("socket.socket(SOCK_DGRAM)".into())];
            }
            name if PASSING.contains(&name) => return first(),
            _ => {}
        }
        let last = name.rsplit('.').next().unwrap_or(name);
        let makes = catalogue::made_by(&format!("{name}()")).is_some();
        let is_class = makes || catalogue::known_type(name).is_some() || last.starts_with(char::is_uppercase);
        if is_class {
            let narrower = catalogue::narrower(name).filter(|narrower| is_made_with(call, narrower.made_with()));
            return vec![Value::Instance(narrower.map_or_else(|| canonical(name), |narrower| narrower.name().into()))];
        }
        // `Client.from_url(...)`: an alternative constructor of a class that is known.
        match name.rsplit_once('.') {
            Some((class, method)) if catalogue::known_type(class).is_some() && method.starts_with("from_") => {
                vec![Value::Instance(canonical(class))]
            }
            // `app = cors(app)` is the same application still, or one around it.
            Some((class, "get_app")) if is_application(class) => vec![Value::Instance(canonical(class))],
            _ => {
                let is_app = |value: &Value<'a>| matches!(value, Value::Instance(ty) if is_application(ty));
                first().into_iter().filter(is_app).collect()
            }
        }
    }

    /// What a type variable is bounded by, or a new type is made of.
    fn stands_for(call: &'a ast::ExprCall, frame: Frame) -> Vec<Value<'a>> {
        let bound = call.arguments.keywords.iter().find_map(|keyword| {
            let is_bound = keyword.arg.as_ref().is_some_and(|name| name.as_str() == "bound");
            is_bound.then_some(&keyword.value)
        });
        let is_new_type = call.arguments.args.len() == 2;
        let meant = bound.or_else(|| call.arguments.args.get(1).filter(|_| is_new_type));
        meant.map(|meant| Value::Alias(ExprRef(meant), frame)).into_iter().collect()
    }

    /// `super()` and `super(Class, self)`.
    fn super_of(&self, call: &'a ast::ExprCall, frame: Frame) -> Vec<Value<'a>> {
        let mut id = frame.function;
        while self.function(id).class.is_none() && id.index != 0 {
            id.index = self.function(id).parent;
        }
        let Some(index) = self.function(id).class else {
            return Vec::new();
        };
        let around = ClassId { file: id.file, index };
        let named = call.arguments.args.first().map(|class| self.value(class, frame).to_vec());
        let class = match named.as_deref() {
            None => around,
            Some([Value::Class(class)]) => *class,
            Some(_) => return Vec::new(),
        };
        let receiver = match self.argument(frame, id, 0) {
            Some(Value::Object(receiver) | Value::Class(receiver)) => receiver,
            Some(Value::Rows(query)) => return vec![Self::query_above(&query, class)],
            _ => around,
        };
        vec![Value::Super(class, receiver)]
    }

    /// The module that a call imports by a name which is written out.
    fn module_named(&self, call: &'a ast::ExprCall, frame: Frame) -> Vec<Value<'a>> {
        match &*call.arguments.args {
            [Expr::StringLiteral(name)] if !name.value.to_str().starts_with('.') => {
                let from = self.facts_at(frame.function.file).file;
                self.imported(from, 0, name.value.to_str()).into_iter().collect()
            }
            _ => Vec::new(),
        }
    }

    /// What calling a function of the project gives, once its arguments are bound.
    pub fn result_of(&self, callee: &Value<'a>) -> Vec<Value<'a>> {
        let frame = match callee {
            Value::Function(frame) => frame,
            Value::Class(class) => return self.made_by_class(*class),
            Value::Returns(result) => return vec![(**result).clone()],
            Value::Member(ty, path) => return Self::member_call(ty, path).into_iter().collect(),
            Value::RowsMethod(query, method) => return self.rows_call(query, method),
            Value::External(name) => {
                let made = catalogue::made_by(name).map(|made| Value::Instance(made.into()));
                let is_class = || name.rsplit('.').next().unwrap_or(name).starts_with(char::is_uppercase);
                let instance = || is_class().then(|| Value::Instance(canonical(name)));
                return made.or_else(instance).into_iter().collect();
            }
            Value::Object(class) => {
                return self.method(*class, "__call__").iter().flat_map(|method| self.result_of(method)).collect();
            }
            _ => return Vec::new(),
        };
        let function = self.function(frame.function);
        if self.has_decorator(frame.function, "contextmanager")
            || self.has_decorator(frame.function, "asynccontextmanager")
        {
            vec![Value::Manager(*frame)]
        } else if function.is_generator && !is_yielding_coroutine(function.decorators) {
            vec![Value::Generator(*frame)]
        } else if function.is_async || function.is_generator {
            vec![Value::Coroutine(*frame)]
        } else {
            self.returned(*frame).to_vec()
        }
    }

    /// What a function returns: by its annotation, else by its `return` statements.
    pub fn returned(&self, frame: Frame) -> Values<'a> {
        self.ask(Question::Result, frame)
    }

    /// What a function returns, read afresh.
    pub(super) fn read_results(&self, frame: Frame) -> Vec<Value<'a>> {
        let function = self.function(frame.function);
        let declared = function.returns.map(|returns| self.annotation(returns, self.around(frame)));
        let inferred = || -> Vec<Value<'a>> {
            let dead = self.dead(frame);
            let live = function.results.iter().filter(|result| !Self::is_dead(&dead, span_of(**result)));
            let value = |result: &&'a Expr| self.with_rows(self.value(result, frame), result, frame).to_vec();
            self.of_one_kind(live.take(MAX_RESULTS).flat_map(value).collect(), frame)
        };
        if declared.is_some() && self.gives_nothing(frame) {
            return Vec::new();
        }
        match declared.filter(|values| !values.is_empty()) {
            // Of more than are looked at, what is declared says more than the first of them.
            Some(values) if function.results.len() > MAX_RESULTS => values,
            Some(values) => match self.classes_returned(frame, &values) {
                Some(classes) => classes,
                None => self.more_exactly(values, inferred),
            },
            None => inferred(),
        }
    }

    /// Whether all that a function returns are names that are `None` for as long as the process serves, whatever it
    /// declares: only another program fills them.
    fn gives_nothing(&self, frame: Frame) -> bool {
        let function = self.function(frame.function);
        let module = self.function(self.module_frame(frame.function.file).function);
        // What nobody fills at all may be filled from elsewhere.
        let is_filled = |name: &str| module.bindings.get(name).is_some_and(|bindings| bindings.len() > 1);
        let is_nothing = |result: &&'a Expr| match result {
            Expr::Name(name) => is_filled(name.id.as_str()) && self.known(result, frame) == Some(super::Known::None),
            _ => false,
        };
        !function.is_async && !function.results.is_empty() && function.results.iter().all(is_nothing)
    }

    /// What a function returns that gives classes where it says that it gives an instance of one: `-> Driver` for
    /// `return SshDriver`.
    fn classes_returned(&self, frame: Frame, declared: &[Value<'a>]) -> Option<Vec<Value<'a>>> {
        let [Value::Object(base)] = *declared else { return None };
        let results = &self.function(frame.function).results;
        let mut found = Vec::new();
        for result in results.iter().filter(|result| !result.is_none_literal_expr()) {
            if !matches!(result, Expr::Name(_) | Expr::Attribute(_)) {
                return None;
            }
            found.extend(self.value(result, frame).iter().cloned());
        }
        let is_class = |value: &Value<'a>| matches!(value, Value::Class(class) if self.ancestry(*class).contains(&Value::Class(base)));
        (!found.is_empty() && found.iter().all(is_class)).then_some(found)
    }

    /// Of the wrappers that a decorator chooses from, those that suit the function it is given: who has one
    /// for coroutine functions and one for others asks which it is.
    fn of_one_kind(&self, mut results: Vec<Value<'a>>, frame: Frame) -> Vec<Value<'a>> {
        let is_async = |value: &Value<'a>| match value {
            Value::Function(wrapper) => Some(self.function(wrapper.function).is_async),
            _ => None,
        };
        let has = |wanted: bool| results.iter().any(|value| is_async(value) == Some(wanted));
        if has(true) && has(false) {
            let given = (0..2).find_map(|at| match self.argument(frame, frame.function, at) {
                Some(Value::Function(given)) => Some(self.function(given.function).is_async),
                _ => None,
            });
            if let Some(given) = given {
                results.retain(|value| is_async(value).is_none_or(|kind| kind == given));
            }
        }
        results
    }

    /// What is declared, or what is returned where that is of classes below the declared one.
    pub(super) fn more_exactly(
        &self,
        declared: Vec<Value<'a>>,
        inferred: impl FnOnce() -> Vec<Value<'a>>,
    ) -> Vec<Value<'a>> {
        // `-> DecoratedCallable` says no more than that what goes in comes out.
        let says_nothing =
            |value: &Value<'a>| matches!(value, Value::Instance(ty) if catalogue::known_type(ty).is_none());
        if declared.iter().all(says_nothing) {
            let found = inferred();
            // A class that nothing is known of may be the interface of one that is.
            let says_more = |value: &Value<'a>| match value {
                Value::Function(_) => true,
                Value::Instance(ty) => catalogue::known_type(ty).is_some(),
                _ => false,
            };
            return if found.is_empty() || !found.iter().all(says_more) { declared } else { found };
        }
        // `-> Callable[[F], F]` of a decorator says less than the function that it returns.
        if !declared.is_empty() && declared.iter().all(|value| matches!(value, Value::Returns(_))) {
            let found = inferred();
            let says_less = |value: &Value<'a>| matches!(value, Value::Returns(_));
            let (less, mut functions): (Vec<_>, Vec<_>) = found.into_iter().partition(says_less);
            functions.retain(|value| matches!(value, Value::Function(_)));
            if !functions.is_empty() && !less.is_empty() {
                functions.extend(less);
            }
            return if functions.is_empty() { declared } else { functions };
        }
        if self.says_query(&declared) {
            return self.query_meant(declared, inferred());
        }
        let [Value::Object(base)] = *declared else { return declared };
        if self.is_protocol(base) {
            let found = self.more_than_protocol(base, inferred());
            return if found.is_empty() { declared } else { found };
        }
        if self.below(base).is_empty() {
            return declared;
        }
        let found = inferred();
        let is_below = |value: &Value<'a>| matches!(value, Value::Object(class) if self.ancestry(*class).contains(&Value::Class(base)));
        if found.is_empty() || !found.iter().all(is_below) { declared } else { found }
    }

    /// What a generator function yields.
    pub fn yielded(&self, frame: Frame) -> Values<'a> {
        self.ask(Question::Yield, frame)
    }

    /// What a generator function yields, read afresh.
    pub(super) fn read_yields(&self, frame: Frame) -> Vec<Value<'a>> {
        let function = self.function(frame.function);
        let declared = function.returns.map(|returns| self.annotation(returns, self.around(frame)));
        let declared: Vec<_> = declared.map(|values| self.items(&values)).unwrap_or_default();
        if !declared.is_empty() {
            return declared;
        }
        function.yields.iter().take(MAX_RESULTS).flat_map(|value| self.value(value, frame).to_vec()).collect()
    }

    /// What awaiting gives.
    pub fn awaited(&self, values: &[Value<'a>]) -> Vec<Value<'a>> {
        let result = |value: &Value<'a>| match value {
            Value::Coroutine(frame) => self.returned(*frame).to_vec(),
            other => vec![other.clone()],
        };
        values.iter().flat_map(result).collect()
    }

    /// What iterating gives.
    pub fn items(&self, values: &[Value<'a>]) -> Vec<Value<'a>> {
        let items = |value: &Value<'a>| match value {
            Value::Items(item) => vec![(**item).clone()],
            Value::Generator(frame) => self.yielded(*frame).to_vec(),
            Value::Tuple(parts) => parts.iter().flat_map(|part| part.to_vec()).collect(),
            Value::Lazy(lazy) => lazy.items.clone(),
            Value::Rows(query) => vec![query.row.clone()],
            Value::Object(class) => self.iterated(*class),
            Value::Instance(ty) => {
                let item = catalogue::known_type(ty).and_then(|known| known.gives("__next__"));
                item.map(|item| Value::Instance(item.into())).into_iter().collect()
            }
            _ => Vec::new(),
        };
        values.iter().flat_map(items).collect()
    }

    /// What `with` gives.
    pub fn entered(&self, values: &[Value<'a>]) -> Vec<Value<'a>> {
        let entered = |value: &Value<'a>| match value {
            Value::Manager(frame) => self.yielded(*frame).to_vec(),
            Value::Object(class) => {
                let mut methods = self.method(*class, "__enter__");
                methods.extend(self.method(*class, "__aenter__"));
                let given: Vec<_> = methods.iter().flat_map(|method| self.awaited(&self.result_of(method))).collect();
                if given.is_empty() { vec![value.clone()] } else { given }
            }
            Value::Instance(ty) => {
                let given = catalogue::known_type(ty).and_then(|known| known.gives("__enter__"));
                vec![given.map_or_else(|| value.clone(), |given| Value::Instance(given.into()))]
            }
            other => vec![other.clone()],
        };
        values.iter().flat_map(entered).collect()
    }

    /// What iterating over an object of the project gives.
    fn iterated(&self, class: ClassId) -> Vec<Value<'a>> {
        let mut found = Vec::new();
        for name in ["__iter__", "__aiter__"].into_iter().filter(|name| self.has_special(name)) {
            for method in self.method(class, name) {
                for iterator in self.result_of(&method) {
                    match iterator {
                        Value::Object(iterator) => {
                            for name in ["__next__", "__anext__"] {
                                let methods = self.method(iterator, name);
                                found.extend(methods.iter().flat_map(|next| self.awaited(&self.result_of(next))));
                            }
                        }
                        other => found.extend(self.items(&[other])),
                    }
                }
            }
        }
        found
    }

    /// One part of the tuple that a function returns.
    fn returned_part(&self, frame: Frame, position: usize) -> Vec<Value<'a>> {
        let dead = self.dead(frame);
        let results = self.function(frame.function).results.iter();
        let results = results.filter(|result| !Self::is_dead(&dead, span_of(**result))).take(MAX_RESULTS);
        let parts = results.filter_map(|result| match result {
            Expr::Tuple(tuple) => tuple.elts.get(position),
            _ => None,
        });
        parts.flat_map(|part| self.with_rows(self.value(part, frame), part, frame).to_vec()).collect()
    }

    fn part_of_value(&self, value: &'a Expr, position: usize, frame: Frame) -> Vec<Value<'a>> {
        let values = self.awaited(&self.value(value, frame));
        values.iter().flat_map(|value| self.part_at(value, position)).collect()
    }

    /// The part of a value that one of several targets takes.
    pub(super) fn unpacked(&self, value: &'a Expr, position: usize, frame: Frame) -> Vec<Value<'a>> {
        match value {
            Expr::Tuple(tuple) => {
                tuple.elts.get(position).map(|part| self.value(part, frame).to_vec()).unwrap_or_default()
            }
            Expr::List(list) => {
                list.elts.get(position).map(|part| self.value(part, frame).to_vec()).unwrap_or_default()
            }
            Expr::Await(awaited) => self.unpacked(&awaited.value, position, frame),
            Expr::Call(call) => {
                let callees = self.value(&call.func, frame);
                let parts = callees.iter().flat_map(|callee| match self.with_arguments(callee, call, frame) {
                    Value::Function(target) => self.returned_part(target, position),
                    _ => Vec::new(),
                });
                let parts: Vec<_> = parts.collect();
                if parts.is_empty() { self.part_of_value(value, position, frame) } else { parts }
            }
            _ => self.part_of_value(value, position, frame),
        }
    }
}

/// Whether a call looks something up and may be told what to give otherwise.
fn is_made_with(call: &ast::ExprCall, arguments: &[String]) -> bool {
    arguments.iter().any(|name| {
        let given = match name.parse::<usize>() {
            Ok(position) => call.arguments.args.get(position),
            Err(_) => call.arguments.find_keyword(name).map(|keyword| &keyword.value),
        };
        given.is_some_and(|given| !is_none_or_zero(given))
    })
}

fn is_none_or_zero(argument: &Expr) -> bool {
    match argument {
        Expr::NoneLiteral(_) => true,
        Expr::NumberLiteral(number) => matches!(&number.value, ast::Number::Int(n) if n.as_u64() == Some(0)),
        _ => false,
    }
}

fn is_lookup(callee: &Expr) -> bool {
    matches!(callee, Expr::Attribute(attribute) if matches!(attribute.attr.as_str(), "get" | "pop"))
}

/// Whether an argument asks for a socket that sends datagrams, its own ones or those of IP.
fn is_datagram(argument: &Expr) -> bool {
    matches!(crate::python::calls::last_name(argument), "SOCK_DGRAM" | "SOCK_RAW")
}

/// Whether a call gives every argument a name.
fn names_all(call: &ast::ExprCall) -> bool {
    call.arguments.args.is_empty() && !call.arguments.keywords.is_empty()
}

/// `app = VersionedFastAPI(app)` is an application like the one that it is given.
fn alike<'a>(name: &str, given: impl FnOnce() -> Vec<Value<'a>>) -> Option<Vec<Value<'a>>> {
    let class = name.rsplit('.').next().unwrap_or(name);
    let is_alike = |value: &Value<'a>| match value {
        Value::Instance(ty) => is_application(ty) && class.ends_with(ty.rsplit('.').next().unwrap_or(ty)),
        _ => false,
    };
    let given = names_application_inside(class).then(given)?.into_iter().find(is_alike)?;
    Some(vec![given])
}
