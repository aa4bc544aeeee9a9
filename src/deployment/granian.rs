//! What stops Granian although every option was taken (2.8.7).

use super::effective::{Effective, Settings};
use crate::source::{Located, Place};
use crate::values::Value;

/// What `Server.startup` refuses.
pub(super) fn at_start(settings: &Settings, command: Place) -> Vec<Located<String>> {
    let value = |name: &str| settings.get(name).and_then(Effective::value);
    let place = |name: &str| settings.get(name).and_then(Effective::place).unwrap_or(command);
    let mut faults = Vec::new();
    let threads = value("blocking_threads").and_then(Value::as_int).unwrap_or(0);
    if let Some(interface) = value("interface").and_then(Value::as_str)
        && interface != "wsgi"
        && threads > 1
    {
        let what = format!("`blocking_threads`: more than one is not supported on {interface}");
        faults.push(Located::new(what, place("blocking_threads")));
    }
    let list = |name: &str| match value(name) {
        Some(Value::List(items)) => Some(items.len()),
        Some(Value::None) => Some(0),
        _ => None,
    };
    if let (Some(routes), Some(mounts)) = (list("static_path_route"), list("static_path_mount"))
        && mounts > 0
        && routes != mounts
        && (mounts, routes) != (1, 0)
    {
        let what = "`static_path_route`: there must be as many routes as mounts".to_owned();
        faults.push(Located::new(what, place("static_path_mount")));
    }
    faults
}
