//! Values that Gunicorn takes when it reads them and stumbles over when it starts.

use super::effective::{Candidate, Effective, Layer, Resolved, Settings};
use crate::servers::address_fault;
use crate::source::Located;
use crate::values::Value;

/// What stops the start although every setting was accepted.
pub(super) fn at_start(settings: &Settings) -> Vec<Located<String>> {
    let mut faults = addresses(settings);
    let class = settings.get("worker_class").filter(|class| class.value() == Some(&Value::None));
    let place = class.and_then(Effective::place);
    faults.extend(place.map(|place| Located::new("`worker_class`: `None` is no class".to_owned(), place)));
    let logging = settings.get("logconfig_dict").and_then(|logging| Some((logging.value()?, logging.place()?)));
    if let Some((Value::Dict(entries), place)) = logging {
        let fault = logging_fault(entries).map(|fault| format!("`logconfig_dict`: {fault}"));
        faults.extend(fault.map(|fault| Located::new(fault, place)));
    }
    faults
}

/// What `logging.config.dictConfig` refuses once each entry has taken the place of Gunicorn's own
/// (`gunicorn.glogging.CONFIG_DEFAULTS` of 27.0.1): names of handlers and formatters that nobody defines any more.
fn logging_fault(given: &[(Value, Value)]) -> Option<String> {
    if entry(given, "incremental").is_some_and(|value| *value != Value::Bool(false)) {
        return None;
    }
    let formatters = match entry(given, "formatters") {
        None => vec!["generic"],
        Some(value) => names(value)?,
    };
    let mut handlers: Vec<(&str, Option<&str>)> = match entry(given, "handlers") {
        None => vec![("console", Some("generic")), ("error_console", Some("generic"))],
        Some(Value::Dict(all)) => {
            all.iter().map(|(name, handler)| Some((name.as_str()?, formatter(handler)))).collect::<Option<_>>()?
        }
        Some(_) => return None,
    };
    handlers.sort_unstable();
    let unformatted =
        |&&(_, formatter): &&(&str, Option<&str>)| formatter.is_some_and(|name| !formatters.contains(&name));
    if let Some((name, formatter)) = handlers.iter().find(unformatted) {
        let formatter = formatter.unwrap_or_default();
        return Some(format!("Unable to configure handler '{name}': `formatters` has no `{formatter}`"));
    }
    let missing = |wanted: &[&str]| -> Option<String> {
        let missing = wanted.iter().find(|wanted| !handlers.iter().any(|(name, _)| name == *wanted))?;
        Some(format!("`handlers` has no `{missing}`"))
    };
    let loggers = match entry(given, "loggers") {
        None => vec![("gunicorn.error", vec!["error_console"]), ("gunicorn.access", vec!["console"])],
        Some(Value::Dict(all)) => {
            all.iter().map(|(name, logger)| Some((name.as_str()?, handlers_of(logger)?))).collect::<Option<_>>()?
        }
        Some(_) => return None,
    };
    let own = if entry(given, "loggers").is_some() { "" } else { ", which is Gunicorn's own" };
    if let Some(fault) = loggers.iter().find_map(|(name, wanted)| Some((name, missing(wanted)?))) {
        let (name, why) = fault;
        return Some(format!("Unable to configure logger '{name}'{own}: {why}"));
    }
    let root = match entry(given, "root") {
        None => vec!["console"],
        Some(root) => handlers_of(root)?,
    };
    missing(&root).map(|why| format!("Unable to configure root logger: {why}"))
}

/// The formatter that a handler names.
fn formatter(handler: &Value) -> Option<&str> {
    let Value::Dict(entries) = handler else { return None };
    entry(entries, "formatter").and_then(Value::as_str)
}

fn entry<'v>(entries: &'v [(Value, Value)], name: &str) -> Option<&'v Value> {
    entries.iter().find(|(key, _)| key.as_str() == Some(name)).map(|(_, value)| value)
}

/// The keys of a mapping; `None` for anything else.
fn names(value: &Value) -> Option<Vec<&str>> {
    let Value::Dict(entries) = value else { return None };
    entries.iter().map(|(key, _)| key.as_str()).collect()
}

/// The handlers that a logger names; `None` where it is no mapping.
fn handlers_of(logger: &Value) -> Option<Vec<&str>> {
    let Value::Dict(entries) = logger else { return None };
    match entry(entries, "handlers") {
        None => Some(Vec::new()),
        Some(Value::List(all)) => all.iter().map(Value::as_str).collect(),
        Some(_) => None,
    }
}

/// `create_sockets` of Gunicorn 27.0.1: with sockets that systemd opened, no `bind` counts.
pub(super) fn activate(settings: &mut Settings, sockets: &[Located<String>], awaited: Option<&Located<String>>) {
    let address = |socket: &Located<String>| Value::Str(listen_address(&socket.value));
    let (place, value) = match (sockets.first(), awaited) {
        (Some(first), _) => (first.place, Resolved::Known(Value::List(sockets.iter().map(address).collect()))),
        (None, Some(unit)) => {
            let why = format!("the socket comes from `{}`, which is not in the project", unit.value);
            (unit.place, Resolved::Unknown(why))
        }
        (None, None) => return,
    };
    let candidate = Candidate { value, layer: Layer::Manager, place: Some(place), site: None, depends: Vec::new() };
    settings.outrank("bind", candidate);
}

/// A `ListenStream=` as Gunicorn writes addresses: a port alone is one of all interfaces (`systemd.socket(5)`).
fn listen_address(text: &str) -> String {
    if text.starts_with(['/', '@']) {
        format!("unix:{text}")
    } else if text.bytes().all(|byte| byte.is_ascii_digit()) {
        format!("[::]:{text}")
    } else {
        text.to_owned()
    }
}

fn addresses(settings: &Settings) -> Vec<Located<String>> {
    let Some(bind) = settings.get("bind").filter(|bind| bind.winner.layer > Layer::Default) else {
        return Vec::new();
    };
    let (Some(Value::List(addresses)), Some(place)) = (bind.value(), bind.place()) else { return Vec::new() };
    addresses
        .iter()
        .filter_map(|address| match address {
            Value::None => Some("`None` is no address".to_owned()),
            address => address_fault(address.as_str()?),
        })
        .map(|fault| Located::new(format!("`bind`: {fault}"), place))
        .collect()
}
