//! What an application switches on besides answering requests: debuggers, metrics, exporters of traces, patches of
//! the standard library, sessions of Socket.IO, and the configuration of its loggers.
//!
//! Decides by calls of known names in the modules that the application loads. Whether one of them is a mistake
//! depends on the server and is for the rules.

use std::collections::BTreeMap;

use super::metrics;
use super::settings::Settings;
use crate::python::calls::EventKind;
use crate::python::frameworks::Foreign;
use crate::python::logging_file;
use crate::python::names::Bound;
use crate::python::patching::earlier;
use crate::python::syntax::ast::{self, Expr, Stmt};
use crate::python::syntax::{Module, span_of, visitor};
use crate::python::types::{Frame, FunctionId, Types, Value};
use crate::source::{FileId, Files, Located, Place, Span};
use crate::values::Order as _;

/// Something that an application switches on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instrument {
    /// What.
    pub kind: Kind,
    /// The name by which it is called: `DebuggedApplication`.
    pub what: String,
    /// The call.
    pub place: Place,
    /// Whether the import of its module runs it, and not a function that somebody has to call.
    pub at_import: bool,
}

/// What an [`Instrument`] is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Runs code that a browser sends.
    Debugger,
    /// Shows the text of exceptions to clients; the argument that says so.
    DebugPages(Place),
    /// Is set in the settings of Django: pages with settings and source for every error.
    DjangoDebug,
    /// Shows its figures to whoever scrapes them for Prometheus.
    Metrics {
        /// Whether it puts the figures of all processes together once there is a folder for them.
        collects: bool,
    },
    /// Puts the figures of all processes together.
    Collects,
    /// Sends its figures somewhere, so that nobody has to ask.
    Pushes,
    /// Names the folder that all processes share their figures in; with the import in front of it that looked for the
    /// name and did not find it.
    Folder(Option<Place>),
    /// Asks whether that folder is named: somebody names it where it runs.
    AsksForFolder,
    /// Sends spans or figures from a thread of its own.
    Exporter,
    /// Keeps sessions of Socket.IO in the memory of the process.
    Sessions {
        /// Whether it has a queue that takes its messages to other processes.
        queue: bool,
    },
    /// Serves web sockets that whoever calls the application has to hand over in `wsgi.websocket`.
    HandedSockets,
    /// Makes the standard library cooperate with greenlets; with an import in front of it that comes too late then.
    Patch(Option<Located<String>>),
    /// Configures loggers and switches off those that it does not name.
    Loggers {
        /// Those it names.
        named: Vec<String>,
        /// The `True` that says so; `None` where that is only the default.
        literal: Option<Place>,
        /// The first key of the mapping.
        first: Option<Place>,
    },
}

const SESSIONS: Kind = Kind::Sessions { queue: false };

/// What is called, its whole names, and what it is.
const CALLS: &[(&str, &[&str], Kind)] = &[
    ("DebuggedApplication", &["werkzeug.debug.DebuggedApplication"], Kind::Debugger),
    ("BatchSpanProcessor", &["opentelemetry.sdk.trace.export.BatchSpanProcessor"], Kind::Exporter),
    (
        "PeriodicExportingMetricReader",
        &["opentelemetry.sdk.metrics.export.PeriodicExportingMetricReader"],
        Kind::Exporter,
    ),
    ("BatchLogRecordProcessor", &["opentelemetry.sdk._logs.export.BatchLogRecordProcessor"], Kind::Exporter),
    ("SocketIO", &["flask_socketio.SocketIO"], SESSIONS),
    ("Sockets", &["flask_sockets.Sockets"], Kind::HandedSockets),
    ("Server", &["socketio.Server"], SESSIONS),
    ("AsyncServer", &["socketio.AsyncServer"], SESSIONS),
    ("patch_all", &["gevent.monkey.patch_all"], Kind::Patch(None)),
    (
        "MultiProcessCollector",
        &["prometheus_client.multiprocess.MultiProcessCollector", "prometheus_client.MultiProcessCollector"],
        Kind::Collects,
    ),
    (
        "GunicornPrometheusMetrics",
        &["prometheus_flask_exporter.multiprocess.GunicornPrometheusMetrics"],
        Kind::Collects,
    ),
    ("UWsgiPrometheusMetrics", &["prometheus_flask_exporter.multiprocess.UWsgiPrometheusMetrics"], Kind::Collects),
    (
        "push_to_gateway",
        &["prometheus_client.push_to_gateway", "prometheus_client.exposition.push_to_gateway"],
        Kind::Pushes,
    ),
    (
        "pushadd_to_gateway",
        &["prometheus_client.pushadd_to_gateway", "prometheus_client.exposition.pushadd_to_gateway"],
        Kind::Pushes,
    ),
];

/// Classes of applications that show the text of exceptions with `debug=True`.
const APPLICATIONS: [&str; 5] = [
    "fastapi.FastAPI",
    "fastapi.applications.FastAPI",
    "starlette.applications.Starlette",
    "litestar.Litestar",
    "litestar.app.Litestar",
];

/// What the modules of these indices switch on, in the order of files and lines.
pub(super) fn find<'a>(
    types: &Types<'a>,
    modules: &[u32],
    files: &Files,
    trees: &BTreeMap<FileId, Module>,
    foreign: &Foreign,
    settings: &Settings<'a>,
) -> Vec<Instrument> {
    let mut found = metrics::folders(files, trees);
    for &file in modules {
        let facts = types.facts_at(file);
        let counts = files.get(facts.file).text().contains("prometheus");
        for (function, index) in facts.functions.iter().zip(0..) {
            for event in &function.events {
                let EventKind::Call(call, _) = event.kind else { continue };
                let frame = types.plain(FunctionId { file, index });
                if foreign.objects.contains(&(file, span_of(call).start)) {
                    continue;
                }
                if let Some((kind, what)) = kind(types, call, frame, facts.file, files, counts) {
                    // Whoever took over its routes answers their errors.
                    if matches!(kind, Kind::DebugPages(_)) && foreign.lent.contains(&(file, span_of(call).start)) {
                        continue;
                    }
                    // What stands under a condition may be meant for developers, or never be switched on.
                    let sure = matches!(kind, Kind::Sessions { .. });
                    if !sure && trees.get(&facts.file).is_some_and(|module| is_conditional(module, event.span)) {
                        continue;
                    }
                    let kind = match kind {
                        Kind::Patch(_) => Kind::Patch(
                            trees.get(&facts.file).and_then(|module| earlier(module, event.span, facts.file)),
                        ),
                        kind => kind,
                    };
                    let place = Place::new(facts.file, event.span);
                    found.push(Instrument { kind, what, place, at_import: index == 0 });
                }
            }
        }
    }
    found.extend(django_logging(types, modules, files, settings));
    found.extend(django_debug(types, modules, files, trees, settings));
    found.order_by_key(|instrument| instrument.place);
    found.dedup();
    found
}

fn kind<'a>(
    types: &Types<'a>,
    call: &'a ast::ExprCall,
    frame: Frame,
    file: FileId,
    files: &Files,
    counts: bool,
) -> Option<(Kind, String)> {
    let last = match &*call.func {
        Expr::Name(name) => name.id.as_str(),
        Expr::Attribute(attribute) => attribute.attr.as_str(),
        _ => return None,
    };
    // What a name stands for is asked only where the answer may matter.
    let known = CALLS.iter().any(|(end, ..)| *end == last);
    let metric = counts.then(|| metrics::shows(types, call, last, frame)).flatten();
    if metric.is_some() {
        return metric;
    }
    if !known && !matches!(last, "dictConfig" | "fileConfig") && keyword(call, "debug").is_none() {
        return None;
    }
    let callee = types.value(&call.func, frame);
    let names =
        || callee.iter().filter_map(|value| if let Value::External(name) = value { Some(&**name) } else { None });
    if let Some((_, _, kind)) = CALLS.iter().find(|(_, all, _)| names().any(|name| all.contains(&name))) {
        let Kind::Sessions { .. } = kind else { return Some((kind.clone(), last.to_owned())) };
        let queue = has_queue(call);
        return (!only_websockets(call)).then(|| (Kind::Sessions { queue }, last.to_owned()));
    }
    if names().any(|name| APPLICATIONS.contains(&name)) {
        let debug = keyword(call, "debug").filter(|value| is_true(value))?;
        return Some((Kind::DebugPages(Place::new(file, span_of(debug))), last.to_owned()));
    }
    if names().any(|name| name == "logging.config.fileConfig") {
        let literal = match keyword(call, "disable_existing_loggers") {
            None => None,
            Some(value) if is_true(value) => Some(Place::new(file, span_of(value))),
            Some(_) => return None,
        };
        // Which loggers the file names is known where it lies in the project.
        let Some(Expr::StringLiteral(path)) = call.arguments.args.first() else { return None };
        let path = path.value.to_str();
        let found = files.iter().find(|(_, source)| {
            source.path() == path || source.path().ends_with(&format!("/{}", path.trim_start_matches("./")))
        });
        let Some((_, source)) = found else {
            let kind = Kind::Loggers { named: Vec::new(), literal, first: None };
            return literal.map(|_| (kind, "fileConfig".to_owned()));
        };
        let loggers = logging_file::loggers(source.text());
        return Some((Kind::Loggers { named: loggers, literal, first: None }, "fileConfig".to_owned()));
    }
    if names().any(|name| name == "logging.config.dictConfig") {
        let given = call.arguments.args.first().or_else(|| keyword(call, "config"))?;
        return Some((loggers(types, given, frame)?, "dictConfig".to_owned()));
    }
    None
}

fn keyword<'a>(call: &'a ast::ExprCall, name: &str) -> Option<&'a Expr> {
    let found = call.arguments.keywords.iter().find(|keyword| keyword.arg.as_ref().is_some_and(|arg| arg == name));
    found.map(|keyword| &keyword.value)
}

fn is_true(expr: &Expr) -> bool {
    matches!(expr, Expr::BooleanLiteral(literal) if literal.value)
}

/// Whether a server of Socket.IO is told how to reach its other processes.
fn has_queue(call: &ast::ExprCall) -> bool {
    let given = keyword(call, "message_queue").or_else(|| keyword(call, "client_manager"));
    given.is_some_and(|given| !matches!(given, Expr::NoneLiteral(_)))
}

/// Without polling, every client has one connection and with it one process.
fn only_websockets(call: &ast::ExprCall) -> bool {
    let is = |expr: &Expr| matches!(expr, Expr::StringLiteral(text) if text.value.to_str() == "websocket");
    match keyword(call, "transports") {
        Some(Expr::List(list)) => list.elts.iter().all(is),
        Some(Expr::Tuple(tuple)) => tuple.elts.iter().all(is),
        Some(one) => is(one),
        None => false,
    }
}

/// Whether an `if` decides that a place is reached.
fn is_conditional(module: &Module, at: Span) -> bool {
    let mut search = Conditions { at, found: false };
    visitor::Visitor::visit_body(&mut search, &module.body);
    search.found
}

/// Whether a handler goes on without a module.
fn misses_import(handler: &ast::ExceptHandler) -> bool {
    let ast::ExceptHandler::ExceptHandler(handler) = handler;
    let is = |expr: &Expr| matches!(expr, Expr::Name(name) if matches!(name.id.as_str(), "ImportError" | "ModuleNotFoundError"));
    match handler.type_.as_deref() {
        Some(Expr::Tuple(tuple)) => tuple.elts.iter().any(is),
        Some(one) => is(one),
        None => false,
    }
}

struct Conditions {
    at: Span,
    found: bool,
}

impl<'a> visitor::Visitor<'a> for Conditions {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        let span = span_of(statement);
        if span.start <= self.at.start && self.at.end <= span.end {
            self.found |= match statement {
                Stmt::If(_) => true,
                // What may be missing is there only where somebody asks for it.
                Stmt::Try(attempt) => attempt.handlers.iter().any(misses_import),
                _ => false,
            };
            visitor::walk_stmt(self, statement);
        }
    }
}

/// `DEBUG = True` of the settings, or of the only ones that are loaded, where nothing else can say otherwise.
fn django_debug(
    types: &Types<'_>,
    modules: &[u32],
    files: &Files,
    trees: &BTreeMap<FileId, Module>,
    settings: &Settings<'_>,
) -> Option<Instrument> {
    if settings.are_known() {
        let counts = |file: FileId| settings.are_of(file) && !settings.may_be_varied(types, "DEBUG");
        let (file, value) = settings.value("DEBUG").filter(|(file, value)| is_true(value) && counts(*file))?;
        let place = Place::new(file, span_of(value));
        return Some(Instrument { kind: Kind::DjangoDebug, what: "DEBUG".to_owned(), place, at_import: true });
    }
    // A name that is worked out may be that of other settings.
    if settings.are_chosen() {
        return None;
    }
    let top = |index: &u32| types.facts_at(*index).functions.first();
    let binds = |index: &&u32| top(index).is_some_and(|module| module.bindings.contains_key("DEBUG"));
    let mut settings = modules.iter().filter(binds);
    let (Some(&only), None) = (settings.next(), settings.next()) else { return None };
    let facts = types.facts_at(only);
    let module = facts.functions.first()?;
    // `defaults.py` and `base.py` are what others build on.
    let path = files.get(facts.file).path();
    if !path.ends_with("settings.py") && !path.ends_with("settings/__init__.py") {
        return None;
    }
    // What is imported whole may set it again, and so may settings that import these.
    if !module.bindings.contains_key("ROOT_URLCONF") || !facts.stars.is_empty() {
        return None;
    }
    let [binding] = module.bindings.get("DEBUG")?.as_slice() else { return None };
    let Bound::Value { value: Some(value), .. } = binding.bound else { return None };
    let place = Place::new(facts.file, span_of(value));
    let sure = !trees.get(&facts.file).is_none_or(|module| is_conditional(module, place.span));
    (sure && is_true(value)).then(|| Instrument {
        kind: Kind::DjangoDebug,
        what: "DEBUG".to_owned(),
        place,
        at_import: true,
    })
}

/// `LOGGING` of Django's settings, which it hands to `dictConfig` as it starts.
fn django_logging<'a>(
    types: &Types<'a>,
    modules: &[u32],
    files: &Files,
    settings: &Settings<'a>,
) -> Option<Instrument> {
    if settings.are_known() {
        // Then Django hands it to nobody.
        if settings.value("LOGGING_CONFIG").is_some_and(|(_, value)| value.is_none_literal_expr()) {
            return None;
        }
        let (file, value) = settings.value("LOGGING").filter(|(_, value)| value.is_dict_expr())?;
        let frame = types.module_frame(types.index_of(file)?);
        let place = Place::new(file, span_of(value));
        return Some(Instrument {
            kind: loggers(types, value, frame)?,
            what: "LOGGING".to_owned(),
            place,
            at_import: true,
        });
    }
    let binds = |index: u32, name: &str| {
        types.facts_at(index).functions.first().is_some_and(|module| module.bindings.contains_key(name))
    };
    // `production.py` takes the rest from `base.py`, and what it says itself counts.
    let builds = |index: u32| {
        let facts = types.facts_at(index);
        !facts.stars.is_empty() && files.get(facts.file).path().split('/').any(|part| part.contains("settings"))
    };
    let mut own = modules.iter().copied().filter(|&index| binds(index, "LOGGING"));
    let file = own.clone().find(|&index| builds(index)).or_else(|| own.find(|&index| binds(index, "ROOT_URLCONF")))?;
    let frame = types.module_frame(file);
    let config = types.sources("LOGGING_CONFIG", frame, usize::MAX - 1);
    if config.iter().any(|(bound, _)| matches!(bound, Bound::Value { value: Some(Expr::NoneLiteral(_)), .. })) {
        return None;
    }
    let (value, place) = match types.sources("LOGGING", frame, usize::MAX - 1).as_slice() {
        [(Bound::Value { value: Some(value @ Expr::Dict(dict)), .. }, home)] => {
            (*value, Place::new(types.facts_at(home.function.file).file, span_of(dict)))
        }
        _ => return None,
    };
    Some(Instrument { kind: loggers(types, value, frame)?, what: "LOGGING".to_owned(), place, at_import: true })
}

/// What a configuration of loggers switches off; `None` where it keeps the others, or that is not known.
fn loggers<'a>(types: &Types<'a>, given: &'a Expr, frame: Frame) -> Option<Kind> {
    let (dict, file) = match given {
        Expr::Dict(dict) => (dict, types.facts_at(frame.function.file).file),
        Expr::Name(name) => match types.sources(name.id.as_str(), frame, span_of(name).start).as_slice() {
            [(Bound::Value { value: Some(Expr::Dict(dict)), .. }, home)] => {
                (dict, types.facts_at(home.function.file).file)
            }
            _ => return None,
        },
        _ => return None,
    };
    let entry = |name: &str| {
        let is =
            |item: &&ast::DictItem| matches!(&item.key, Some(Expr::StringLiteral(key)) if key.value.to_str() == name);
        dict.items.iter().find(is).map(|item| &item.value)
    };
    // What is unpacked, or has a computed key, may say anything.
    let plain = |dict: &ast::ExprDict| dict.items.iter().all(|item| matches!(item.key, Some(Expr::StringLiteral(_))));
    if !plain(dict) || entry("incremental").is_some() {
        return None;
    }
    let literal = match entry("disable_existing_loggers") {
        None => None,
        Some(value) if is_true(value) => Some(Place::new(file, span_of(value))),
        Some(_) => return None,
    };
    let named = match entry("loggers") {
        None => Vec::new(),
        Some(Expr::Dict(loggers)) if plain(loggers) => {
            loggers.items.iter().filter_map(|item| text(item.key.as_ref()?)).collect()
        }
        Some(_) => return None,
    };
    let first = dict.items.first().and_then(|item| item.key.as_ref()).map(|key| Place::new(file, span_of(key)));
    Some(Kind::Loggers { named, literal, first })
}

fn text(expr: &Expr) -> Option<String> {
    if let Expr::StringLiteral(text) = expr { Some(text.value.to_str().to_owned()) } else { None }
}
