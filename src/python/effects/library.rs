//! What calls of libraries do, with what they are given.

use std::rc::Rc;

use super::arguments::{OF_ADDRESS, argument, waits};
use super::expand::Work;
use crate::python::catalogue::{self, Category, Effect, Gevent, KnownType, Weight};
use crate::python::syntax::ast::{self, Expr};
use crate::python::types::{Frame, Value, is_runner};
use crate::source::Span;

/// Builtins and methods that run through what they are given.
const CONSUMERS: [&str; 16] = [
    "list",
    "tuple",
    "set",
    "frozenset",
    "sorted",
    "sum",
    "any",
    "all",
    "max",
    "min",
    "dict",
    "next",
    "join",
    "extend",
    "update",
    "writelines",
];
/// How many lists inside lists are looked into.
const MAX_DISPLAYS: u8 = 3;
/// Files that the kernel makes up, or that it keeps in memory.
const OF_THE_KERNEL: [&str; 5] = ["/dev/", "/proc/", "/run/", "/sys/", "/var/run/"];
/// Files of control groups, which the kernel makes up wherever they are mounted.
const OF_CGROUPS: [&str; 12] = [
    "cgroup.controllers",
    "cgroup.procs",
    "cpu.max",
    "cpu.stat",
    "cpuacct.usage",
    "io.stat",
    "memory.current",
    "memory.limit_in_bytes",
    "memory.max",
    "memory.stat",
    "memory.usage_in_bytes",
    "pids.current",
];
/// Files of a line or a few, which are in memory as soon as anybody has asked for them.
const SMALL: [&str; 4] = ["/etc/hostname", "/etc/machine-id", "/etc/os-release", "/etc/timezone"];
/// Functions that call what they are given first.
const CALLERS: [&str; 2] = ["retry.api.retry_call", "retry.retry_call"];
/// Methods that have the loop call a function later.
pub const SCHEDULERS: [&str; 8] = [
    "call_soon",
    "call_later",
    "call_at",
    "call_soon_threadsafe",
    "add_done_callback",
    "add_reader",
    "add_writer",
    "add_signal_handler",
];
/// Methods of clients that have the loop run a coroutine function for each message that comes in: `aio_pika`, `nats`,
/// `aiomqtt` and their like.
const LISTENERS: [&str; 5] = ["add_listener", "consume", "listen", "psubscribe", "subscribe"];
/// Calls that leave a coroutine running.
const SPAWNERS: [&str; 5] = ["create_task", "ensure_future", "start_soon", "start", "spawn"];
/// Calls whose coroutine runs on another loop, or is waited for from another thread.
const ELSEWHERE: [&str; 5] = ["run", "run_until_complete", "run_coroutine_threadsafe", "async_to_sync", "submit"];
/// Builtins that ask an object of the project by a method of its own.
const ASKED: [(&str, &[&str]); 6] = [
    ("len", &["__len__"]),
    ("bool", &["__bool__", "__len__"]),
    ("str", &["__str__", "__repr__"]),
    ("repr", &["__repr__"]),
    ("hash", &["__hash__"]),
    ("next", &["__next__"]),
];

/// How addresses begin that libraries fetch files from by themselves.
const REMOTE: [&str; 11] =
    ["http://", "https://", "ftp://", "s3://", "s3a://", "gs://", "gcs://", "abfs://", "abfss://", "az://", "hdfs://"];
/// What the parameter is called by which libraries are told what to read.
const PATHS: [&str; 5] = ["filepath_or_buffer", "path_or_buf", "path_or_buffer", "path", "io"];

impl<'a> Work<'_, 'a> {
    pub(super) fn library(
        &mut self,
        name: &Rc<str>,
        call: &'a ast::ExprCall,
        span: Span,
        awaited: bool,
        doubtful: bool,
    ) {
        self.makes_client(name, call, span);
        if awaited || self.types.opens_in_memory(name, call, self.frame) || self.opens_nothing(name, call) {
            return;
        }
        if let Some(known) = catalogue::call(name).filter(|known| !known.lazy && !known.decorator)
            && waits(&known.effect, call)
            && !self.is_of_address(&known.effect, call)
        {
            if &**name == "feedparser.parse" && call.arguments.args.first().is_some_and(is_fetched) {
                self.sink(
                    Effect { category: Category::Cpu, weight: Weight::Slight, ..known.effect },
                    name,
                    span,
                    doubtful,
                );
            } else if &**name == "glob.glob"
                && call.arguments.args.first().is_some_and(|it| self.types.lists_one_folder(it, self.frame))
            {
                // What `os.listdir` does.
                self.sink(Effect { weight: Weight::Slight, ..known.effect }, name, span, doubtful);
            } else if self.is_of_the_network(&known.effect, call) {
                self.sink(
                    Effect {
                        category: Category::Http,
                        weight: Weight::Unbounded,
                        gevent: Gevent::Yields,
                        ..known.effect
                    },
                    name,
                    span,
                    doubtful,
                );
            } else if !self.is_in_memory(&known.effect, call) && !self.asks_the_kernel(&known.effect, call) {
                self.sink(known.effect, name, span, doubtful);
            } else if known.effect.library != "stdlib" && !only_keeps(name) {
                // What is parsed is work all the same.
                self.sink(Effect { category: Category::Cpu, ..known.effect }, name, span, doubtful);
            }
        } else if let Some(effect) = catalogue::known_type(name).and_then(KnownType::construct) {
            let has_needed = effect.needs.is_empty() || waits(&effect, call);
            if has_needed && !self.is_in_memory(&effect, call) {
                self.sink(effect, name, span, doubtful);
            }
        } else if let Some((class, method)) = name.rsplit_once('.')
            && let Some(known) = catalogue::known_type(class).filter(|known| known.mentions(method))
            && let Some(effect) = known.method(method).filter(|effect| waits(effect, call))
        {
            self.sink(effect, name, span, doubtful);
        }
        let Some(first) = call.arguments.args.first() else {
            return;
        };
        if &**name == "functools.reduce" {
            self.calls_with_items(first, 1, call.arguments.args.get(1), span);
        } else if CALLERS.contains(&&**name) {
            self.calls_argument(first, span);
        }
        if let Some((_, methods)) = ASKED.iter().find(|(asked, _)| **asked == **name) {
            self.asks(first, methods, span);
            if matches!(&**name, "len" | "bool") {
                self.sends_query(first, span, KnownType::truth);
            }
        }
    }

    /// Whether a file is opened where it is known that there is no name of one, which fails at once.
    fn opens_nothing(&self, name: &str, call: &'a ast::ExprCall) -> bool {
        name == "open" && call.arguments.args.first().is_some_and(|path| self.types.is_empty_here(path, self.frame))
    }

    /// Whether what a call opens as a file, reads or writes is kept in memory: `ZipFile(BytesIO())`. What others
    /// compute of such a file is work all the same.
    fn is_in_memory(&self, effect: &Effect, call: &'a ast::ExprCall) -> bool {
        effect.category == Category::File && self.is_given_memory(call, self.frame)
    }

    /// Whether a library is told to fetch what it reads, or to send what it writes: `read_csv("https://...")`. The standard
    /// library opens no addresses.
    fn is_of_the_network(&self, effect: &Effect, call: &'a ast::ExprCall) -> bool {
        if effect.category != Category::File || effect.library == "stdlib" {
            return false;
        }
        let named = || PATHS.iter().find_map(|name| argument(call, name));
        let Some(first) = call.arguments.args.first().or_else(named) else { return false };
        let begins = match first {
            // `f"https://{host}/{name}.csv"`
            Expr::FString(text) => text.value.elements().next().and_then(|part| match part {
                ast::InterpolatedStringElement::Literal(literal) => Some(&*literal.value),
                ast::InterpolatedStringElement::Interpolation(_) => None,
            }),
            _ => self.types.text_of(first, self.frame),
        };
        begins.is_some_and(|text| REMOTE.iter().any(|scheme| text.starts_with(scheme)))
    }

    /// What a call of something outside of the project does with what it is given: it calls functions,
    /// runs through iterators, and leaves coroutines to the loop.
    pub(super) fn hands_on(&mut self, call: &'a ast::ExprCall, callees: &[Value<'a>], span: Span) {
        let name = last_name(&call.func);
        if self.in_thread {
            self.hand_back(name, call, span);
        }
        if name == "add_done_callback" && callees.iter().all(is_of_executor) && !callees.is_empty() {
            // The thread that has done the work calls it.
            call.arguments.args.iter().for_each(|argument| self.off_the_loop(argument, span));
        } else if SCHEDULERS.contains(&name) && !self.in_thread {
            let before = self.out.edges.len();
            call.arguments.args.iter().for_each(|argument| self.calls_argument(argument, span));
            self.out.edges.iter_mut().skip(before).for_each(|edge| edge.left = true);
        }
        if let Some(key) = argument(call, "key")
            .filter(|_| matches!(name, "sort" | "sorted" | "max" | "min" | "nlargest" | "nsmallest" | "groupby"))
        {
            let sorted = match &*call.func {
                Expr::Attribute(method) if name == "sort" => Some(&*method.value),
                _ => call.arguments.args.iter().find(|argument| !argument.is_literal_expr()),
            };
            self.calls_with_items(key, 0, sorted, span);
        }
        if matches!(name, "enter_context" | "enter_async_context")
            && let Some(context) = call.arguments.args.first()
        {
            self.enter(context, span, name == "enter_async_context");
        }
        if CONSUMERS.contains(&name)
            && let Some(first) = call.arguments.args.first()
        {
            self.iterate(first, span, false);
        }
        let before = self.out.edges.len();
        let begins = SPAWNERS.contains(&name);
        let is_joined = begins && self.waits_for_task(call, span);
        if begins {
            self.spawn(call, span, is_joined);
        }
        if LISTENERS.contains(&name) && !self.in_thread {
            self.listens(call, span);
        }
        if !ELSEWHERE.contains(&name) {
            self.takes_over(call, callees, span);
        }
        if begins && !is_joined && name != "start" {
            self.out.edges.iter_mut().skip(before).for_each(|edge| edge.task = true);
        }
        self.runs_inside(call, span);
    }

    /// A function that is called with each element of an iterable.
    fn calls_with_items(&mut self, function: &'a Expr, position: usize, iterable: Option<&'a Expr>, span: Span) {
        for callee in self.types.value(function, self.frame).iter() {
            let given = iterable.map(|items| self.types.called_with_items(callee, position, items, self.frame));
            self.calls(&given.unwrap_or_else(|| callee.clone()), span);
        }
    }

    fn calls_argument(&mut self, argument: &'a Expr, span: Span) {
        for value in self.types.value(argument, self.frame).iter() {
            let is_for_another = |target: &Frame| self.types.listens_to_another(target.function, argument, self.frame);
            if !matches!(value, Value::Function(target) if is_for_another(target)) {
                self.calls(value, span);
            }
        }
    }

    /// Coroutines among the arguments will run on the loop; generator expressions are consumed.
    fn takes_over(&mut self, call: &'a ast::ExprCall, callees: &[Value<'a>], span: Span) {
        if LOOKS.contains(&last_name(&call.func)) {
            return;
        }
        let is_lazy = callees.iter().any(|callee| matches!(callee, Value::External(name) if is_lazy(name)));
        let keywords = call.arguments.keywords.iter().map(|keyword| &keyword.value);
        for argument in call.arguments.args.iter().chain(keywords) {
            let plausible = match argument {
                Expr::Generator(_) => !is_lazy,
                Expr::Call(_) | Expr::Name(_) | Expr::Starred(_) | Expr::List(_) | Expr::ListComp(_) => true,
                _ => false,
            };
            if !plausible || self.in_thread {
                continue;
            }
            self.takes_over_one(argument, span, runs_at_once(last_name(&call.func)), 0);
        }
    }

    fn takes_over_one(&mut self, argument: &'a Expr, span: Span, at_once: bool, depth: u8) {
        match argument {
            Expr::List(list) if depth < MAX_DISPLAYS => {
                return list.elts.iter().for_each(|one| self.takes_over_one(one, span, at_once, depth + 1));
            }
            Expr::Starred(starred) if depth < MAX_DISPLAYS => {
                self.takes_over_one(&starred.value, span, at_once, depth + 1);
                if let Expr::Generator(_) = &*starred.value {
                    // `gather(*(fetch(x) for x in xs))`: what it gives are arguments.
                    let given = self.types.value(&starred.value, self.frame);
                    given.iter().for_each(|value| self.left_to_the_loop(value, span, false, 0));
                }
                return;
            }
            _ => {}
        }
        let values = self.types.value(argument, self.frame);
        // Several values of one call are what it may mean, those of a container are all there.
        let doubtful =
            at_once && values.len() > 1 && matches!(argument, Expr::Call(_) | Expr::ListComp(_) | Expr::Generator(_));
        let before = self.out.edges.len();
        for value in values.iter() {
            match value {
                Value::Generator(_) if matches!(argument, Expr::Generator(_)) => self.consume(value, span, false),
                _ => self.left_to_the_loop(value, span, doubtful, 0),
            }
        }
        if matches!(argument, Expr::Name(_) | Expr::Attribute(_) | Expr::Subscript(_)) {
            self.out.edges.iter_mut().skip(before).for_each(|edge| edge.kept = true);
        }
    }

    pub(super) fn left_to_the_loop(&mut self, value: &Value<'a>, span: Span, doubtful: bool, depth: u8) {
        match value {
            Value::Coroutine(_) => self.awaited(value, span, doubtful),
            Value::Generator(target) if self.types.function(target.function).is_async => {
                self.awaited(value, span, doubtful);
            }
            Value::Items(inner) | Value::Mapping(inner) if depth < 3 => {
                self.left_to_the_loop(inner, span, doubtful, depth + 1);
            }
            Value::Generator(target) if depth < 3 => {
                let items = self.types.yielded(*target);
                items.iter().for_each(|item| self.left_to_the_loop(item, span, doubtful, depth + 1));
            }
            Value::Tuple(parts) if depth < 3 => {
                let parts = parts.iter().flat_map(|part| part.iter());
                parts.for_each(|part| self.left_to_the_loop(part, span, doubtful, depth + 1));
            }
            Value::Lazy(lazy) if depth < 3 => {
                lazy.items.iter().for_each(|item| self.left_to_the_loop(item, span, doubtful, depth + 1));
            }
            _ => {}
        }
    }

    fn listens(&mut self, call: &'a ast::ExprCall, span: Span) {
        let keywords = call.arguments.keywords.iter().map(|keyword| &keyword.value);
        for argument in call.arguments.args.iter().chain(keywords) {
            for value in self.types.value(argument, self.frame).iter() {
                if let Value::Function(frame) = value
                    && self.types.function(frame.function).is_async
                {
                    self.out.spawned.push((*frame, 0));
                    self.out.makes.push(frame.function);
                    self.step(*frame, span, true);
                }
            }
        }
    }

    fn spawn(&mut self, call: &'a ast::ExprCall, span: Span, is_joined: bool) {
        let Some(first) = call.arguments.args.first() else {
            return;
        };
        for value in self.types.value(first, self.frame).iter() {
            let (frame, is_called) = match value {
                Value::Coroutine(frame) => (*frame, false),
                Value::Function(frame) if self.types.function(frame.function).is_async => (*frame, true),
                _ => continue,
            };
            if is_joined {
                self.out.joined.push(frame);
            } else {
                self.out.spawned.push((frame, 0));
            }
            if is_called {
                self.out.makes.push(frame.function);
                self.step(frame, span, false);
            }
        }
    }

    /// Whether a name is looked up that is an address in digits wherever it is written down.
    fn is_of_address(&self, effect: &Effect, call: &'a ast::ExprCall) -> bool {
        effect.unless.iter().any(|condition| condition == OF_ADDRESS)
            && call.arguments.args.first().is_some_and(|host| {
                let text = self.types.text_of(host, self.frame);
                text.is_some_and(|text| text.parse::<std::net::IpAddr>().is_ok())
            })
    }

    /// Whether a file is opened that the kernel makes up, or that is hardly one: `open("/proc/meminfo")`.
    fn asks_the_kernel(&self, effect: &Effect, call: &'a ast::ExprCall) -> bool {
        call.arguments.args.first().is_some_and(|path| self.is_of_kernel(effect, path))
    }

    pub(super) fn is_of_kernel(&self, effect: &Effect, path: &'a Expr) -> bool {
        if effect.category != Category::File {
            return false;
        }
        self.types.begins_with(path, &OF_THE_KERNEL, self.frame)
            || self.types.names_file(path, &OF_CGROUPS, self.frame)
            || self.types.text_of(path, self.frame).is_some_and(|path| SMALL.contains(&path))
    }
}

fn is_of_executor(callee: &Value<'_>) -> bool {
    matches!(callee, Value::Member(class, _) if &**class == "concurrent.futures.Future")
}

/// Whether a function only writes down what there is, or takes it back: `torch.save`.
fn only_keeps(name: &str) -> bool {
    matches!(name.rsplit('.').next(), Some("dump" | "load" | "save"))
}

/// What looks at a value and leaves it alone.
const LOOKS: [&str; 20] = [
    "callable",
    "critical",
    "debug",
    "error",
    "exception",
    "getattr",
    "hasattr",
    "id",
    "info",
    "isasyncgen",
    "isawaitable",
    "iscoroutine",
    "isgenerator",
    "isinstance",
    "issubclass",
    "print",
    "repr",
    "str",
    "type",
    "warning",
];

/// Whether a function of asyncio runs the coroutines that it is given as `await` would.
fn runs_at_once(name: &str) -> bool {
    SPAWNERS.contains(&name) || matches!(name, "gather" | "shield" | "wait" | "wait_for")
}

/// Whether an argument is a document rather than where to find one: what was awaited, or the text of an answer.
fn is_fetched(argument: &Expr) -> bool {
    match argument {
        Expr::Await(_) | Expr::BytesLiteral(_) => true,
        Expr::Attribute(attribute) => matches!(attribute.attr.as_str(), "text" | "content" | "body"),
        Expr::Call(call) => matches!(last_name(&call.func), "read" | "text" | "decode" | "decompress"),
        _ => false,
    }
}

/// Whether a library's function keeps an iterator for whoever consumes it later, maybe elsewhere.
fn is_lazy(name: &str) -> bool {
    matches!(name, "map" | "filter" | "zip" | "enumerate" | "iter" | "reversed")
        || name.starts_with("itertools.")
        || name.ends_with("Response")
        || name.ends_with("iterate_in_threadpool")
        || is_runner(name)
}

/// The last name of a callee: `create_task` of `asyncio.create_task`.
fn last_name(callee: &Expr) -> &str {
    match callee {
        Expr::Attribute(attribute) => attribute.attr.as_str(),
        Expr::Name(name) => name.id.as_str(),
        _ => "",
    }
}
