//! `uvicorn.run(...)` and `uvicorn.Config(...)` (0.54.0).
//!
//! Nothing is converted on the way in: the command line does that, and it alone reads `UVICORN_*`.

use super::super::effective::{Candidate, Effective, Resolved, Settings};
use super::call::{Called, Reading, candidate, known, resolved};
use super::target;
use crate::python::evaluate::Given;
use crate::python::launches::Api;
use crate::servers::Setting;
use crate::source::{Located, Place};
use crate::values::Value;

/// The parameters that may be given by position, to `Config` alone.
const POSITIONAL: [&str; 7] = ["app", "host", "port", "uds", "fd", "loop", "http"];

/// Parameters that no option sets.
const UNLISTED: [&str; 5] = ["timeout_notify", "callback_notify", "ssl_context_factory", "app_dir", "debug"];

/// Attributes that `Config.__init__` makes use of, and nobody behind it.
const HEEDED_ONCE: [&str; 5] = ["log_config", "log_level", "use_colors", "env_file", "app"];

pub(super) fn read(reading: &Reading) -> Called {
    let mut called = Called::default();
    let sighting = &reading.launched.sighting;
    let positional = sighting.positional.iter().enumerate();
    let by_position = positional.filter_map(|(index, given)| Some((*POSITIONAL.get(index)?, Some(index), given)));
    let by_name = sighting.named.iter().map(|(name, given)| (name.as_str(), None, given));
    for (name, index, given) in by_position.chain(by_name) {
        if name == "app" {
            app(reading, given, index, &mut called);
        } else {
            argument(reading, name, index, given, &mut called);
        }
    }
    if reading.launched.api == Api::UvicornConfig {
        assigned(reading, &mut called);
        // `Server.run` serves in this process: whoever wants more starts a supervisor (`uvicorn.supervisors`), which does
        // what the configuration says.
        let text = reading.files.get(sighting.place.file).text();
        let supervised = |class: &str| text.contains(class);
        if !supervised("Multiprocess") {
            called.fixed.push(("workers", Value::Int(1)));
        }
        if !supervised("ChangeReload") {
            called.fixed.push(("reload", Value::Bool(false)));
        }
    }
    called
}

/// What the file sets on the object behind the call.
fn assigned(reading: &Reading, called: &mut Called) {
    let later = reading.sites.assigned_later().into_iter().filter(|one| !HEEDED_ONCE.contains(&one.name.as_str()));
    for one in later {
        let Some(setting) = reading.setting(&one.name) else { continue };
        let value = match one.value {
            Some(value) => Resolved::Known(value),
            None => Resolved::Unknown(format!("the code sets `{}` later", one.name)),
        };
        let candidate = Candidate { site: one.found.site, ..candidate(value, one.found.place) };
        called.candidates.push((setting, candidate));
    }
}

fn argument(reading: &Reading, name: &str, index: Option<usize>, given: &Given, called: &mut Called) {
    let found = reading.sites.argument(name, index);
    let Some(setting) = reading.setting(name) else {
        if !UNLISTED.contains(&name) {
            let function = if reading.launched.api == Api::UvicornRun { "uvicorn.run()" } else { "uvicorn.Config()" };
            called.errors.push(Located::new(format!("`{function}` has no parameter `{name}`"), found.place));
            called.unlisted.push(Located::new(name.to_owned(), found.place));
        }
        return;
    };
    let value = known(&given.value);
    // None stands for the variable, or for the default.
    if value == Some(&Value::None) && matches!(name, "workers" | "forwarded_allow_ips" | "log_level") {
        return;
    }
    if name == "env_file" {
        called.env_file = value.and_then(Value::as_str).map(str::to_owned);
    }
    let resolved = match resolved(&given.value, |value| passed(setting, value)) {
        // An object for a class of its own, a mapping of a logger: nothing a table describes.
        Ok(Resolved::Known(Value::Object(what))) if !matches!(name, "loop" | "http" | "ws" | "log_config") => {
            Ok(Resolved::Unknown(format!("it is {what}")))
        }
        other => other,
    };
    let candidate = Reading::candidate(name, &given.value, resolved, found, &mut called.errors);
    called.candidates.push((setting, candidate));
}

/// What `Config.__init__` makes of an argument.
fn passed(setting: &Setting, value: &Value) -> Result<Value, String> {
    match (setting.name(), value) {
        // `self.workers = workers or 1`, then `self.workers > 1`.
        ("workers", Value::Int(0) | Value::Bool(_)) => Ok(Value::Int(1)),
        ("workers", Value::Str(text)) if text.is_empty() => Ok(Value::Int(1)),
        ("workers", Value::Str(text)) => Err(format!("the text `{text}` cannot be compared with a number")),
        ("reload", value) => Ok(Value::Bool(truth(value))),
        ("log_level", Value::Str(text)) if !LEVELS.contains(&text.to_lowercase().as_str()) => {
            Err(format!("`{text}` is none of {}", LEVELS.join(", ")))
        }
        ("reload_dirs" | "reload_includes" | "reload_excludes", Value::Str(_)) => Ok(Value::List(vec![value.clone()])),
        ("headers", Value::None) => Ok(Value::List(Vec::new())),
        _ => Ok(value.clone()),
    }
}

/// `uvicorn.config.LOG_LEVELS`; 0.54 takes the names in any case.
const LEVELS: [&str; 6] = ["critical", "error", "warning", "info", "debug", "trace"];

fn truth(value: &Value) -> bool {
    match value {
        Value::None => false,
        Value::Bool(truth) => *truth,
        Value::Int(n) => *n != 0,
        Value::Float(x) => *x != 0.0,
        Value::Str(text) => !text.is_empty(),
        Value::List(items) => !items.is_empty(),
        Value::Dict(entries) => !entries.is_empty(),
        Value::Object(_) => true,
    }
}

fn app(reading: &Reading, given: &Given, index: Option<usize>, called: &mut Called) {
    let found = reading.sites.argument("app", index);
    match known(&given.value) {
        Some(Value::Str(text)) => called.app = Some(Located::new(text.clone(), found.place)),
        value => {
            let element = reading.sites.call().and_then(|call| {
                let by_name = call.keywords.iter().find(|keyword| keyword.name.as_deref() == Some("app"));
                by_name.map(|keyword| &keyword.value).or_else(|| call.positional.first()?.as_ref())
            });
            if let Some(element) = element {
                target::object(reading, element, called);
            }
            // What could be a text may name the application after all.
            let is_object = matches!(value, Some(Value::Object(_))) || called.app.is_some() && called.handed.is_none();
            called.object = is_object.then_some(found.place);
        }
    }
}

/// What stops a server whose application is handed over as an object, which its processes could not import:
/// `run` exits with status 3 (0.50 and later; 1 before).
pub(in super::super) fn object_fault(settings: &Settings, place: Place) -> Option<Located<String>> {
    let value = |name: &str| settings.get(name).and_then(Effective::value);
    let why = if value("reload") == Some(&Value::Bool(true)) {
        "`reload`".to_owned()
    } else {
        let workers = value("workers").and_then(Value::as_int).filter(|workers| *workers > 1)?;
        format!("{workers} workers")
    };
    Some(Located::new(format!("with {why} the application must be named by a text such as `main:app`"), place))
}
