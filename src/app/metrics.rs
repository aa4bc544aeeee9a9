//! How an application shows its figures to Prometheus, and where it names the folder that processes share them in.

use std::collections::BTreeMap;

use super::instruments::{Instrument, Kind};
use crate::python::calls::EventKind;
use crate::python::deeds::Deeds;
use crate::python::names::Bound;
use crate::python::syntax::ast::{self, Expr, Stmt};
use crate::python::syntax::{Module, span_of};
use crate::python::types::{Frame, FunctionId, Types, Value};
use crate::source::{FileId, Files, Place};

/// What shows figures, by the end of its name, the package that it belongs to, and whether it puts those of all
/// processes together once there is a folder.
const METRICS: [(&str, &str, bool); 11] = [
    ("generate_latest", "prometheus_client", false),
    ("make_wsgi_app", "prometheus_client", false),
    ("make_asgi_app", "prometheus_client", false),
    ("start_http_server", "prometheus_client", false),
    ("start_wsgi_server", "prometheus_client", false),
    ("handle_metrics", "starlette_exporter", true),
    ("metrics", "starlette_prometheus", true),
    ("PrometheusMetrics", "prometheus_flask_exporter", false),
    ("RESTfulPrometheusMetrics", "prometheus_flask_exporter", false),
    ("ExportToDjangoView", "django_prometheus.exports", true),
    ("expose", "prometheus_fastapi_instrumentator", true),
];

/// The variable that makes `prometheus_client` share its figures, as it is and as it was called.
pub const FOLDER: [&str; 2] = ["PROMETHEUS_MULTIPROC_DIR", "prometheus_multiproc_dir"];

/// Longer chains of calls than anybody writes.
const MAX_CHAIN: usize = 32;

/// What shows figures: a call of one of [`METRICS`], or one that is handed it, by itself or by the name of its routes.
pub(super) fn shows<'a>(
    types: &Types<'a>,
    call: &'a ast::ExprCall,
    last: &str,
    frame: Frame,
) -> Option<(Kind, String)> {
    let of = |name: &str| {
        METRICS.iter().find(|(end, package, _)| {
            name.strip_prefix(package).is_some_and(|rest| rest.starts_with('.') && rest.rsplit('.').next() == Some(end))
        })
    };
    let named = |expr: &'a Expr| {
        let values = types.value(expr, frame);
        let found = values.iter().find_map(|value| match value {
            Value::External(name) => of(name),
            Value::Member(class, method) => of(&format!("{class}.{method}")),
            _ => None,
        });
        found.copied()
    };
    let is_last = |expr: &Expr| match expr {
        Expr::Name(name) => METRICS.iter().any(|(end, ..)| *end == name.id.as_str()),
        Expr::Attribute(attribute) => METRICS.iter().any(|(end, ..)| *end == attribute.attr.as_str()),
        _ => false,
    };
    let arguments = call.arguments.args.iter().chain(call.arguments.keywords.iter().map(|keyword| &keyword.value));
    let handed = || arguments.clone().filter(|argument| is_last(argument)).find_map(named);
    let routes = || {
        let text =
            |expr: &Expr| matches!(expr, Expr::StringLiteral(text) if text.value.to_str() == "django_prometheus.urls");
        (last == "include" && arguments.clone().any(text)).then_some(("django_prometheus.urls", "", true))
    };
    // A chain of calls ends in it: `Instrumentator().instrument(app).expose(app)`.
    let chained = || {
        let Expr::Attribute(attribute) = &*call.func else { return None };
        (last == "expose" && begins_with_instrumentator(types, &attribute.value, frame, MAX_CHAIN))
            .then_some(("expose", "", true))
    };
    let own = is_last(&call.func).then(|| named(&call.func)).flatten();
    let (what, _, collects) = own.or_else(handed).or_else(routes).or_else(chained)?;
    // Figures that are worked out anew for each scrape are those of no process.
    let made_here = |argument: &Expr| match argument {
        Expr::Name(name) => types.function(frame.function).bindings.contains_key(name.id.as_str()),
        _ => false,
    };
    let puts_together = ["MultiProcessCollector", "multiprocess"];
    let module = types.module_frame(frame.function.file);
    let imports = |name: &&str| types.function(module.function).bindings.contains_key(*name);
    if what == "generate_latest"
        && frame.function != module.function
        && arguments.clone().any(made_here)
        && !puts_together.iter().any(imports)
        && !puts_together.iter().any(|name| types.function(frame.function).bindings.contains_key(*name))
    {
        return None;
    }
    if what == "generate_latest" && arguments.clone().any(|argument| filled_from_elsewhere(types, argument, frame)) {
        return None;
    }
    Some((Kind::Metrics { collects }, what.to_owned()))
}

/// Whether what is shown is a registry of the project's own whose module only sets gauges: it shows what was read
/// elsewhere just before, which is the same for every process.
fn filled_from_elsewhere<'a>(types: &Types<'a>, registry: &'a Expr, frame: Frame) -> bool {
    let Expr::Name(name) = registry else { return false };
    let sources = types.sources(name.id.as_str(), frame, span_of(name).start);
    let [(Bound::Value { value: Some(Expr::Call(made)), .. }, home)] = sources.as_slice() else { return false };
    if !names(types, &made.func, *home, &["CollectorRegistry"]) {
        return false;
    }
    let called = |file: u32, last: &[&str]| {
        let functions = types.facts_at(file).functions.iter().zip(0..);
        functions.flat_map(move |(function, index)| function.events.iter().map(move |event| (event, index))).any(
            |(event, _)| {
                let EventKind::Call(call, _) = event.kind else { return false };
                matches!(&*call.func, Expr::Attribute(attribute) if last.contains(&attribute.attr.as_str()))
            },
        )
    };
    let counts = |file: u32| {
        let functions = types.facts_at(file).functions.iter().zip(0..);
        functions.flat_map(|(function, index)| function.events.iter().map(move |event| (event, index))).any(
            |(event, index)| {
                let EventKind::Call(call, _) = event.kind else { return false };
                names(types, &call.func, types.plain(FunctionId { file, index }), &["Counter", "Histogram", "Summary"])
            },
        )
    };
    let files = [frame.function.file, home.function.file];
    files.iter().any(|&file| called(file, &["set"]))
        && !files
            .iter()
            .any(|&file| called(file, &["inc", "dec", "observe", "time", "track_inprogress"]) || counts(file))
}

/// Whether an expression is one of these of `prometheus_client`.
fn names<'a>(types: &Types<'a>, expr: &'a Expr, frame: Frame, wanted: &[&str]) -> bool {
    let last = match expr {
        Expr::Name(name) => name.id.as_str(),
        Expr::Attribute(attribute) => attribute.attr.as_str(),
        _ => return false,
    };
    let is = |name: &str| {
        name.strip_prefix("prometheus_client.")
            .is_some_and(|rest| wanted.iter().any(|one| rest.rsplit('.').next() == Some(one)))
    };
    !last.is_empty() && types.value(expr, frame).iter().any(|value| matches!(value, Value::External(name) if is(name)))
}

/// Whether a chain of calls begins with an `Instrumentator`.
fn begins_with_instrumentator<'a>(types: &Types<'a>, expr: &'a Expr, frame: Frame, depth: usize) -> bool {
    let is = |name: &str| name.starts_with("prometheus_fastapi_instrumentator.");
    let own = types.value(expr, frame).iter().any(|value| match value {
        Value::External(name) => is(name),
        Value::Member(class, _) => is(class),
        _ => false,
    });
    let Some(depth) = depth.checked_sub(1).filter(|_| !own) else { return own };
    match expr {
        Expr::Call(call) => begins_with_instrumentator(types, &call.func, frame, depth),
        Expr::Attribute(attribute) => begins_with_instrumentator(types, &attribute.value, frame, depth),
        Expr::Name(name) => match types.sources(name.id.as_str(), frame, span_of(name).start).as_slice() {
            [(Bound::Value { value: Some(value @ Expr::Call(_)), .. }, home)] => {
                begins_with_instrumentator(types, value, *home, depth)
            }
            _ => false,
        },
        _ => false,
    }
}

/// Where Python names the folder that all processes share their figures in, or asks for it.
pub(super) fn folders(files: &Files, trees: &BTreeMap<FileId, Module>) -> Vec<Instrument> {
    let mut found = Vec::new();
    for (&file, module) in trees {
        let path = files.get(file).path();
        let is_test = path.split('/').any(|part| matches!(part, "test" | "tests") || part.starts_with("test_"));
        if is_test || !FOLDER.iter().any(|name| files.get(file).text().contains(name)) {
            continue;
        }
        let deeds = Deeds::of(module);
        for (name, span) in deeds.asks {
            if FOLDER.contains(&name.as_str()) {
                let place = Place::new(file, span);
                found.push(Instrument { kind: Kind::AsksForFolder, what: name, place, at_import: true });
            }
        }
        for (name, span) in deeds.variables {
            if !FOLDER.contains(&name.as_str()) {
                continue;
            }
            let early = module.body.iter().filter(|statement| span_of(*statement).end <= span.start);
            let early = early.filter(|statement| match statement {
                Stmt::Import(import) => import.names.iter().any(|alias| alias.name.starts_with("prometheus_client")),
                Stmt::ImportFrom(import) => {
                    import.module.as_ref().is_some_and(|module| module.starts_with("prometheus_client"))
                }
                _ => false,
            });
            let early = early.map(|statement| Place::new(file, span_of(statement))).next();
            let place = Place::new(file, span);
            found.push(Instrument { kind: Kind::Folder(early), what: name, place, at_import: true });
        }
    }
    found
}
