//! What an application does before the first request: while its modules are imported, and in its start-up hooks.
//!
//! A server that loads the application before it forks has its workers share what this leaves behind, or lose it;
//! one that loads it in each worker does all of it once for each. Which of the two happens is the server's
//! affair, and whether it is a mistake is for the rules. Followed are the imports at the top level of modules and
//! the functions that they call; what cannot be resolved counts for nothing.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use super::blocking::Entry;
use super::dropped::Holders;
use super::target::Target;
use super::{Category, Context, guarded};
use crate::python::calls::{Event, EventKind, Function};
use crate::python::effects::{Effects, Sink};
use crate::python::modules::ModuleRef;
use crate::python::names::Bound;
use crate::python::syntax::ast::{self, Expr};
use crate::python::syntax::{Module, span_of};
use crate::python::types::{Frame, FunctionId, Types, Value};
use crate::source::{FileId, Files, Place, Span};
use crate::values::Order as _;

/// Something that is done before the first request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beginning {
    /// What it does.
    pub kind: BeginningKind,
    /// The name by which it is called: `psycopg2.connect`.
    pub what: String,
    /// The call.
    pub place: Place,
    /// Whether an import runs it, and not a hook of the framework.
    pub at_import: bool,
    /// Whether a condition around it, or a lock, may keep it from being done everywhere.
    pub is_guarded: bool,
    /// How long the thread that it starts works.
    pub term: Term,
    /// Whether what it starts puts something where other processes find it: a cache, a table, a queue, a file.
    pub stores: bool,
}

/// How long a thread works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Term {
    /// Until its work is done.
    Ends,
    /// On and on, as far as can be seen.
    GoesOn,
}

/// What a [`Beginning`] does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum BeginningKind {
    /// Opens a connection that stays open.
    Connects,
    /// Starts a thread.
    Threads,
    /// Runs jobs at their times.
    Schedules,
    /// Makes use of a GPU.
    Gpu,
    /// Starts a task of the event loop.
    Loops,
}

/// Methods that start something, by the last part of their class.
const STARTS: &[(&str, &str, BeginningKind)] = &[
    ("threading.Thread", "start", BeginningKind::Threads),
    ("threading.Timer", "start", BeginningKind::Threads),
    ("concurrent.futures.Executor", "submit", BeginningKind::Threads),
    ("concurrent.futures.ThreadPoolExecutor", "submit", BeginningKind::Threads),
    ("concurrent.futures.thread.ThreadPoolExecutor", "submit", BeginningKind::Threads),
    ("apscheduler.*.BackgroundScheduler", "start", BeginningKind::Schedules),
    ("apscheduler.*.AsyncIOScheduler", "start", BeginningKind::Schedules),
    ("apscheduler.*.GeventScheduler", "start", BeginningKind::Schedules),
    ("apscheduler.*.TornadoScheduler", "start", BeginningKind::Schedules),
    ("flask_apscheduler.*APScheduler", "start", BeginningKind::Schedules),
    ("scheduler.*Scheduler", "exec_jobs", BeginningKind::Schedules),
];

/// Functions that do.
const CALLS: &[(&str, BeginningKind)] = &[
    ("fastapi_utils.tasks.repeat_every", BeginningKind::Schedules),
    ("fastapi_utilities.repeat_every", BeginningKind::Schedules),
    ("schedule.run_pending", BeginningKind::Schedules),
    // Each of its jobs is a task of the loop as soon as it is asked for (`scheduler` 0.8.11).
    ("scheduler.asyncio.Scheduler", BeginningKind::Schedules),
    ("scheduler.asyncio.scheduler.Scheduler", BeginningKind::Schedules),
    ("torch.cuda.*", BeginningKind::Gpu),
    ("tensorflow.Session", BeginningKind::Gpu),
    ("tensorflow.compat.v1.Session", BeginningKind::Gpu),
    ("tensorflow.compat.v1.InteractiveSession", BeginningKind::Gpu),
    ("pymongo.MongoClient", BeginningKind::Connects),
    ("pymongo.mongo_client.MongoClient", BeginningKind::Connects),
    ("grpc.insecure_channel", BeginningKind::Connects),
    ("grpc.secure_channel", BeginningKind::Connects),
];

/// Methods that leave something where other processes find it.
const STORES: [&str; 33] = [
    "add",
    "basic_publish",
    "bulk_create",
    "bulk_update",
    "cas",
    "commit",
    "create",
    "hmset",
    "hset",
    "incr",
    "insert_many",
    "insert_one",
    "lpush",
    "mset",
    "publish",
    "put",
    "put_object",
    "replace",
    "replace_one",
    "rpush",
    "sadd",
    "save",
    "set",
    "set_many",
    "set_multi",
    "setex",
    "update_many",
    "update_one",
    "update_or_create",
    "upload_file",
    "write_bytes",
    "write_text",
    "xadd",
];

/// Packages that put models on the device that they are told.
const ON_DEVICE: [&str; 6] = ["torch", "transformers", "sentence_transformers", "diffusers", "whisper", "ultralytics"];

/// Libraries whose connections lead to files, and Django, which refuses its models as long as it is being loaded.
const LOCAL: [&str; 5] = ["python-sqlite3", "sqlite3", "duckdb", "diskcache", "django"];

/// Libraries whose pools ask for the process before they hand out a connection, so that a child opens its own
/// (`ConnectionPool._checkpid` of redis 5.2.1; measured with 8.1.0). A subscription has one connection and keeps it.
const FORK_SAFE: [&str; 2] = ["redis", "django-redis"];

/// How many names stand for names before it is given up.
const MAX_HOPS: usize = 4;

/// What the application does before the first request, in the order of files and lines.
pub(super) fn find(
    types: &Types<'_>,
    entries: &[Entry<'_>],
    object: &Target,
    files: &Files,
    trees: &BTreeMap<FileId, Module>,
) -> Vec<Beginning> {
    // A graph of its own: what imports do is no part of what handlers reach.
    let mut effects = Effects::new(types);
    let effects = &mut effects;
    let mut roots: Vec<usize> =
        closure(types, &object.modules).into_iter().map(|index| effects.explore(types.module_frame(index))).collect();
    roots.extend(object.factories.iter().map(|factory| effects.explore(*factory)));
    // Django runs its hooks while the application is imported.
    let early = |entry: &&Entry<'_>| {
        entry.found.context == Context::StartUp && entry.found.framework == super::Framework::Django
    };
    roots.extend(entries.iter().filter(early).map(|entry| effects.explore(entry.found.frame)));
    let hooks = entries.iter().filter(|entry| entry.found.context == Context::StartUp && !early(entry));
    let hooks: Vec<usize> = hooks.map(|entry| effects.explore(entry.found.frame)).collect();
    let reader = Reader { types, files, trees, torch: RefCell::default() };
    let imported = below(effects, roots.clone());
    let mut found: Vec<(Beginning, Vec<Frame>)> = Vec::new();
    let mut begun: Vec<usize> = Vec::new();
    let nodes = imported.iter().map(|node| (*node, true));
    let later = below(effects, hooks.clone());
    for (node, at_import) in nodes.chain(later.difference(&imported).map(|node| (*node, false))) {
        reader.node(effects, node, at_import, &mut found);
        begun.resize(found.len(), node);
    }
    // A condition around a call on the way keeps it from being made as well as one around itself.
    if found.iter().any(|(beginning, _)| !beginning.is_guarded) {
        let unasked = reader.unasked(effects, roots.into_iter().chain(hooks).collect());
        for ((beginning, _), node) in found.iter_mut().zip(&begun) {
            beginning.is_guarded |= !unasked.contains(node);
        }
    }
    let mut found: Vec<Beginning> = found
        .into_iter()
        .map(|(beginning, started)| {
            let started: Vec<usize> = started.into_iter().map(|frame| effects.explore(frame)).collect();
            // What is handed to a pool has an end, as a rule; a thread of its own rarely is for less than a loop.
            let is_open = started.is_empty() && beginning.what.rsplit('.').next() == Some("start");
            let is_timer = beginning.what.starts_with("Timer.");
            let mut below = below(effects, started);
            if beginning.kind == BeginningKind::Loops {
                let handed: Vec<Frame> = below.iter().flat_map(|&node| reader.handed(effects, node)).collect();
                let handed: Vec<usize> = handed.into_iter().map(|frame| effects.explore(frame)).collect();
                below.extend(self::below(effects, handed));
            }
            let stores = below.iter().any(|&node| effects.node(node).sinks.iter().any(stores));
            let is_endless = || {
                below.iter().any(|&node| {
                    let function = types.function(effects.node(node).frame.function);
                    function.goes_on || is_timer && makes_timers(function)
                })
            };
            let goes_on = match beginning.kind {
                BeginningKind::Threads => is_open || is_endless(),
                // What a loop does with the memory of its process, each process needs.
                BeginningKind::Loops => {
                    is_endless() && below.iter().any(|&node| effects.node(node).sinks.iter().any(is_outside))
                }
                _ => false,
            };
            Beginning { term: if goes_on { Term::GoesOn } else { Term::Ends }, stores, ..beginning }
        })
        .collect();
    found.order_by_key(|one| (one.place, one.kind));
    found.dedup_by_key(|one| (one.place, one.kind));
    found
}

/// Whether a function makes timers, as one does that is to be called again and again.
fn makes_timers(function: &Function<'_>) -> bool {
    let is_one = |event: &Event<'_>| matches!(event.kind, EventKind::Call(call, _) if last(&call.func) == "Timer");
    function.events.iter().any(is_one)
}

/// Whether a call has to do with anything outside of its process.
const fn is_outside(sink: &Sink) -> bool {
    !matches!(
        sink.effect.category,
        Category::Sleep | Category::Lock | Category::EventLoop | Category::Queue | Category::Cpu | Category::Input
    )
}

/// Whether a call leaves something where other processes find it.
fn stores(sink: &Sink) -> bool {
    let is_shared = matches!(
        sink.effect.category,
        Category::Cache
            | Category::Db
            | Category::Orm
            | Category::Search
            | Category::Mq
            | Category::Cloud
            | Category::File
    );
    is_shared && STORES.contains(&tail(&sink.what))
}

/// The modules that importing these imports, themselves included: what stands inside functions does not count.
fn closure(types: &Types<'_>, start: &[u32]) -> BTreeSet<u32> {
    let mut seen = BTreeSet::new();
    let mut open: Vec<u32> = start.to_vec();
    while let Some(index) = open.pop() {
        if !seen.insert(index) {
            continue;
        }
        let facts = types.facts_at(index);
        let modules = types.modules();
        let Some(top) = facts.functions.first() else { continue };
        let bound = top.bindings.values().flatten().flat_map(|binding| match binding.bound {
            Bound::Import { dotted, .. } => [modules.find(dotted, Some(facts.file)), None],
            Bound::From { level, module, name } => {
                let package = match level {
                    0 => modules.find(module, Some(facts.file)),
                    _ => modules.relative(facts.file, level, module),
                };
                let child = package.as_ref().and_then(|package| modules.child(package, name));
                [package, child]
            }
            _ => [None, None],
        });
        let starred = facts.stars.iter().map(|(_, module)| modules.find(module, Some(facts.file)));
        let files = bound
            .chain(starred)
            .flatten()
            .filter_map(|module| if let ModuleRef::File(file) = module { Some(file) } else { None });
        let files = files.flat_map(|file| std::iter::once(file).chain(modules.packages_of(file)));
        open.extend(files.filter_map(|file| types.index_of(file)));
    }
    seen
}

/// Whether a call is one of an open connection, or of what a connection gives: that has been opened elsewhere.
fn uses(what: &str) -> bool {
    let mut parts = what.rsplit('.');
    let (method, class) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    ["Connection", "connection", "Cursor", "cursor", "Result", "ScalarResult", "CursorResult"].contains(&class)
        && method != "connect"
}

/// These nodes and all that they call.
fn below(effects: &Effects<'_, '_>, mut open: Vec<usize>) -> BTreeSet<usize> {
    let mut seen = BTreeSet::new();
    while let Some(node) = open.pop() {
        if seen.insert(node) {
            open.extend(effects.node(node).steps.iter().filter(|step| step.doubts == 0).map(|step| step.to));
        }
    }
    seen
}

struct Reader<'r, 'a> {
    types: &'r Types<'a>,
    files: &'r Files,
    trees: &'r BTreeMap<FileId, Module>,
    /// The files that were looked through for torch, and whether they mention it.
    torch: RefCell<BTreeMap<FileId, bool>>,
}

impl<'a> Reader<'_, 'a> {
    fn node(&self, effects: &Effects<'_, 'a>, node: usize, at_import: bool, found: &mut Vec<(Beginning, Vec<Frame>)>) {
        let node = effects.node(node);
        let function = self.types.function(node.frame.function);
        let file = self.types.facts_at(node.frame.function.file).file;
        // The work of a coroutine begins when somebody awaits it.
        if at_import && function.is_async {
            return;
        }
        let mut add = |kind, what: &str, span: Span, started: Vec<Frame>| {
            let is_guarded = self.is_guarded(file, span);
            let (what, place) = (what.to_owned(), Place::new(file, span));
            found.push((
                Beginning { kind, what, place, at_import, is_guarded, term: Term::Ends, stores: false },
                started,
            ));
        };
        let named = |event: &Event<'a>| match event.kind {
            EventKind::Call(call, _) => Some(last(&call.func)),
            _ => None,
        };
        let closes = function
            .events
            .iter()
            .filter_map(named)
            .any(|name| matches!(name, "close" | "dispose" | "disconnect" | "close_all" | "close_old_connections"));
        // What a thread does is not the module's own, but the jobs that it runs are run wherever it is started.
        let own = |kind: BeginningKind| !node.in_thread || kind == BeginningKind::Schedules;
        for sink in node.sinks.iter().filter(|_| own(BeginningKind::Connects)) {
            let connects = matches!(
                sink.effect.category,
                Category::Db | Category::Orm | Category::Cache | Category::Search | Category::Mq
            );
            let opens = connects && !uses(&sink.what) && !sink.doubtful && !closes;
            let renews = FORK_SAFE.contains(&sink.effect.library) && !sink.what.contains("PubSub");
            if opens
                && !renews
                && !LOCAL.contains(&sink.effect.library)
                && !self.is_dropped(node.frame, file, sink.span)
            {
                add(BeginningKind::Connects, &sink.what, sink.span, Vec::new());
            }
        }
        for event in &function.events {
            let EventKind::Call(call, _) = event.kind else { continue };
            if let Some((name, work)) = task(call) {
                let functions = self.functions(work, node.frame);
                if !functions.is_empty() {
                    add(BeginningKind::Loops, name, event.span, functions);
                }
            }
            if let Some((kind, what)) = self.starts(call, node.frame, file)
                && own(kind)
                && (kind != BeginningKind::Connects || !closes && !self.is_dropped(node.frame, file, event.span))
            {
                let started = if kind == BeginningKind::Threads { self.started(call, node.frame) } else { Vec::new() };
                add(kind, &what, event.span, started);
            }
        }
        for decorator in function.decorators {
            if let Expr::Call(call) = &decorator.expression
                && let Some((kind @ BeginningKind::Schedules, what)) = self.starts(call, node.frame, file)
            {
                add(kind, &what, span_of(call), Vec::new());
            }
        }
    }

    fn is_dropped(&self, frame: Frame, file: FileId, span: Span) -> bool {
        let FunctionId { file: of, index } = frame.function;
        let module = self.trees.get(&file);
        module.is_some_and(|module| Holders { types: self.types, file: of, module }.is_dropped(index, span))
    }

    fn starts(&self, call: &'a ast::ExprCall, frame: Frame, file: FileId) -> Option<(BeginningKind, String)> {
        let name = last(&call.func);
        let known = STARTS.iter().any(|(_, method, _)| *method == name)
            || CALLS.iter().any(|(whole, _)| whole.ends_with(name) && !name.is_empty())
            || self.mentions_torch(file);
        if !known {
            return None;
        }
        for value in self.types.value(&call.func, frame).iter() {
            let told = match value {
                Value::Member(class, method) => STARTS
                    .iter()
                    .find(|(known, start, _)| *start == &**method && fits(known, class))
                    .map(|(_, _, kind)| (*kind, format!("{}.{method}", tail(class)))),
                Value::External(name) => {
                    CALLS.iter().find(|(known, _)| fits(known, name)).map(|(_, kind)| (*kind, name.to_string()))
                }
                _ => None,
            };
            if told.is_some() {
                return told;
            }
        }
        let shown =
            if matches!(&*call.func, Expr::Attribute(_)) { format!(".{name}(...)") } else { format!("{name}(...)") };
        self.moves_to_gpu(call, frame, file).then_some((BeginningKind::Gpu, shown))
    }

    /// The functions of the project that a function has threads run, which hold up nothing and are done all the same.
    fn handed(&self, effects: &Effects<'_, 'a>, node: usize) -> Vec<Frame> {
        let frame = effects.node(node).frame;
        let work = self.types.function(frame.function).events.iter().filter_map(|event| {
            let EventKind::Call(call, _) = event.kind else { return None };
            match last(&call.func) {
                "to_thread" | "run_sync" | "run_in_threadpool" => call.arguments.args.first(),
                "run_in_executor" => call.arguments.args.get(1),
                _ => None,
            }
        });
        work.flat_map(|work| self.functions(work, frame)).collect()
    }

    /// The functions of the project that an expression stands for.
    fn functions(&self, expr: &'a Expr, home: Frame) -> Vec<Frame> {
        let values = self.types.value(expr, home);
        let of = |value: &Value<'a>| if let Value::Function(function) = value { Some(*function) } else { None };
        values.iter().filter_map(of).collect()
    }

    /// The functions of the project that a thread runs, by the call that starts it or hands it work.
    fn started(&self, call: &'a ast::ExprCall, frame: Frame) -> Vec<Frame> {
        let functions = |expr: &'a Expr, home: Frame| self.functions(expr, home);
        if last(&call.func) == "submit" {
            return call.arguments.args.first().map(|work| functions(work, frame)).unwrap_or_default();
        }
        let Expr::Attribute(method) = &*call.func else { return Vec::new() };
        let made = match &*method.value {
            Expr::Call(made) => Some((made, frame)),
            Expr::Name(name) => match self.types.sources(name.id.as_str(), frame, span_of(name).start).as_slice() {
                [(Bound::Value { value: Some(Expr::Call(made)), .. }, home)] => Some((made, *home)),
                _ => None,
            },
            _ => None,
        };
        // A thread of a class of its own does what that says.
        let values = self.types.value(&method.value, frame);
        let own = values.iter().filter_map(|value| if let Value::Object(class) = value { Some(*class) } else { None });
        let runs = own.flat_map(|class| self.types.method(class, "run"));
        let runs: Vec<Frame> =
            runs.filter_map(|run| if let Value::Function(run) = run { Some(run) } else { None }).collect();
        let Some((made, home)) = made.filter(|_| runs.is_empty()) else { return runs };
        let is_work = |keyword: &&ast::Keyword| {
            keyword.arg.as_ref().is_some_and(|arg| matches!(arg.as_str(), "target" | "function"))
        };
        let named = made.arguments.keywords.iter().find(is_work).map(|keyword| &keyword.value);
        named.or_else(|| made.arguments.args.get(1)).map(|work| functions(work, home)).unwrap_or_default()
    }

    fn mentions_torch(&self, file: FileId) -> bool {
        let text = self.files.get(file).text();
        let look = || ON_DEVICE.iter().any(|name| text.contains(name));
        *self.torch.borrow_mut().entry(file).or_insert_with(look)
    }

    /// `.cuda()`, `.to("cuda")`, or an argument that asks for such a device, in a file that imports what has devices.
    fn moves_to_gpu(&self, call: &'a ast::ExprCall, frame: Frame, file: FileId) -> bool {
        let arguments = &call.arguments;
        let named = |wanted: &[&str]| {
            arguments.keywords.iter().any(|keyword| {
                keyword.arg.as_ref().is_some_and(|arg| wanted.contains(&arg.as_str()))
                    && self.is_gpu(&keyword.value, frame, MAX_HOPS)
            })
        };
        let asks = match last(&call.func) {
            // Naming a device does not use it.
            "device" => false,
            "cuda" => matches!(&*call.func, Expr::Attribute(_)) && arguments.args.is_empty(),
            "to" => {
                arguments.args.first().is_some_and(|first| self.is_gpu(first, frame, MAX_HOPS)) || named(&["device"])
            }
            _ => named(&["device", "device_map", "map_location"]),
        };
        let text = self.files.get(file).text();
        asks && ON_DEVICE
            .iter()
            .any(|name| text.contains(&format!("import {name}")) || text.contains(&format!("from {name}")))
    }

    /// `"cuda:0"`, `torch.device("cuda")`, or a name that stands for one of them and nothing else.
    fn is_gpu(&self, expr: &'a Expr, frame: Frame, hops: usize) -> bool {
        match expr {
            Expr::StringLiteral(text) => text.value.to_str().starts_with("cuda"),
            Expr::Call(call) if last(&call.func) == "device" => {
                call.arguments.args.first().is_some_and(|first| self.is_gpu(first, frame, hops))
            }
            Expr::Name(name) if hops > 0 => {
                match self.types.sources(name.id.as_str(), frame, span_of(name).start).as_slice() {
                    [(Bound::Value { value: Some(value), .. }, home)] => self.is_gpu(value, *home, hops - 1),
                    _ => false,
                }
            }
            _ => false,
        }
    }

    /// These nodes and all that they call without asking whether to.
    fn unasked(&self, effects: &Effects<'_, 'a>, mut open: Vec<usize>) -> BTreeSet<usize> {
        let mut seen = BTreeSet::new();
        while let Some(at) = open.pop() {
            if !seen.insert(at) {
                continue;
            }
            let node = effects.node(at);
            let file = self.types.facts_at(node.frame.function.file).file;
            let text = self.files.get(file).text();
            let module = self.trees.get(&file);
            let asks = |span| module.is_some_and(|module| guarded::is_asked(module, text, span));
            let steps = node.steps.iter().filter(|step| step.doubts == 0 && !seen.contains(&step.to));
            let free: Vec<usize> = steps.filter(|step| !asks(step.span)).map(|step| step.to).collect();
            open.extend(free);
        }
        seen
    }

    /// Whether something may keep the call from being made in every process.
    fn is_guarded(&self, file: FileId, span: Span) -> bool {
        let text = self.files.get(file).text();
        self.trees.get(&file).is_some_and(|module| guarded::is_guarded(module, text, span))
    }
}

/// The coroutine that a call hands to the loop, with its name: `asyncio.create_task(poll())`, `group.start_soon(poll)`.
fn task(call: &ast::ExprCall) -> Option<(&str, &Expr)> {
    let work = call.arguments.args.first()?;
    let work = match (last(&call.func), work) {
        ("create_task" | "ensure_future", Expr::Call(made)) => &*made.func,
        ("start_soon", work) => work,
        _ => return None,
    };
    Some((last(work), work))
}

/// Whether a dotted name is the known one, in which `*` stands for any text.
fn fits(known: &str, name: &str) -> bool {
    match known.split_once('*') {
        Some((front, end)) => name.len() + 1 >= known.len() && name.starts_with(front) && name.ends_with(end),
        None => known == name,
    }
}

fn tail(class: &str) -> &str {
    class.rsplit('.').next().unwrap_or(class)
}

pub(super) fn last(callee: &Expr) -> &str {
    match callee {
        Expr::Attribute(attribute) => attribute.attr.as_str(),
        Expr::Name(name) => name.id.as_str(),
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_their_patterns() {
        assert!(fits("apscheduler.*.BackgroundScheduler", "apscheduler.schedulers.background.BackgroundScheduler"));
        assert!(fits("torch.cuda.*", "torch.cuda.is_available"));
        assert!(!fits("torch.cuda.*", "torch.load"));
        assert!(fits("flask_apscheduler.*APScheduler", "flask_apscheduler.APScheduler"));
        assert!(!fits("apscheduler.*.BackgroundScheduler", "apscheduler.BackgroundScheduler2"));
    }
}
