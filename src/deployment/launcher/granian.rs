//! `Granian(target, ...)` (2.8.7), whose parameters have other names than its options.

use super::super::effective::Resolved;
use super::call::{Called, Reading, known, resolved};
use crate::python::launches::Api;
use crate::servers::{Kind, Setting, Version};
use crate::source::Located;
use crate::values::Value;

/// Parameters by the option that they stand for.
const RENAMED: [(&str, &str); 7] = [
    ("address", "host"),
    ("log_dictconfig", "log_config"),
    ("log_access", "log_access_enabled"),
    ("log_access_format", "log_access_fmt"),
    ("ssl_cert", "ssl_certificate"),
    ("ssl_key", "ssl_keyfile"),
    ("ssl_key_password", "ssl_keyfile_password"),
];

/// Parameters in front, in the order in which they may be given by position.
const POSITIONAL: [&str; 8] =
    ["target", "address", "port", "uds", "uds_permissions", "interface", "workers", "blocking_threads"];

/// The same for a server on a loop that is there, which is one process.
const EMBEDDED: [&str; 6] = ["target", "address", "port", "uds", "interface", "blocking_threads"];

/// Parameters that no option sets.
const UNLISTED: [&str; 1] = ["reload_filter"];

pub(super) fn read(reading: &Reading) -> Called {
    let mut called = Called::default();
    let sighting = &reading.launched.sighting;
    let embedded = reading.launched.api == Api::GranianEmbedded;
    let in_front: &[&str] = if embedded { &EMBEDDED } else { &POSITIONAL };
    if embedded {
        called.fixed.push(("workers", Value::Int(1)));
    }
    let positional = sighting.positional.iter().enumerate();
    let by_position = positional.filter_map(|(index, given)| Some((*in_front.get(index)?, Some(index), given)));
    let by_name = sighting.named.iter().map(|(name, given)| (name.as_str(), None, given));
    for (name, index, given) in by_position.chain(by_name) {
        let found = reading.sites.argument(name, index);
        if name == "target" {
            if let Some(Value::Str(text)) = known(&given.value) {
                called.app = Some(Located::new(text.clone(), found.place));
            } else if embedded && let Some(call) = reading.sites.call() {
                let by_name = call.keywords.iter().find(|keyword| keyword.name.as_deref() == Some("target"));
                let element = by_name.map(|keyword| &keyword.value).or_else(|| call.positional.first()?.as_ref());
                if let Some(element) = element {
                    super::target::object(reading, element, &mut called);
                }
            }
            continue;
        }
        if let Some(version) = name.strip_suffix("_settings") {
            // One object holds what many options set.
            for setting in reading.table.settings().filter(|setting| setting.name().starts_with(version)) {
                let why = format!("`{name}` may set it");
                called.candidates.push((setting, super::call::candidate(Resolved::Unknown(why), found.place)));
            }
            continue;
        }
        let option = RENAMED.iter().find(|(known, _)| *known == name).map_or(name, |(_, option)| *option);
        let is_option_only = RENAMED.iter().any(|(_, option)| *option == name)
            || name.starts_with("http1_")
            || name.starts_with("http2_");
        let Some(setting) = reading.setting(option).filter(|_| !is_option_only) else {
            if !UNLISTED.contains(&name) {
                called.errors.push(Located::new(format!("`Granian()` has no parameter `{name}`"), found.place));
            }
            continue;
        };
        let resolved = match resolved(&given.value, |value| passed(setting, value, reading.version)) {
            Ok(Resolved::Known(Value::Object(what))) => Ok(Resolved::Unknown(format!("it is {what}"))),
            other => other,
        };
        let candidate = Reading::candidate(name, &given.value, resolved, found, &mut called.errors);
        called.candidates.push((setting, candidate));
    }
    // `embed.Server.__init__` of 2.8.7 has a default of its own.
    if embedded && !called.gives("backlog") {
        called.fixed.push(("backlog", Value::Int(128)));
    }
    called
}

/// What `AbstractServer.__init__` makes of an argument.
fn passed(setting: &Setting, value: &Value, version: Version) -> Result<Value, String> {
    match (setting.name(), value) {
        ("workers" | "runtime_threads", Value::Int(n)) => Ok(Value::Int((*n).max(1))),
        ("backlog", Value::Int(n)) => Ok(Value::Int((*n).max(128))),
        ("workers" | "runtime_threads", Value::Str(text)) => {
            Err(format!("the text `{text}` cannot be compared with a number"))
        }
        // A member of one of Granian's enumerations: `Interfaces.ASGI`.
        (_, Value::Object(path)) if setting.at(version).kind() == Kind::Choice => {
            let member = path.rsplit('.').next().unwrap_or(path);
            Ok(Value::Str(member.to_ascii_lowercase()))
        }
        _ => Ok(value.clone()),
    }
}
