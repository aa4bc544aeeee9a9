//! What Granian computes of its options, and what stops it although every option was taken (2.0.0 to 2.8.7).

use super::effective::{Candidate, Effective, Layer, Resolved, Settings};
use crate::servers::Version;
use crate::source::{Located, Place};
use crate::values::Value;

/// The first version of which it was looked up what `AbstractServer.__init__` computes.
const COMPUTES: Version = Version::new(2, 0, 0);

/// Computes what nobody gives, as `AbstractServer.__init__` does: a worker takes its part of the connections that may
/// wait, and of WSGI half as many threads.
pub(super) fn adjust(settings: &mut Settings, version: Version) {
    if version < COMPUTES {
        return;
    }
    compute(settings, "backpressure", &["backlog", "workers"], |values| match values {
        [backlog, workers] => backlog.as_int()?.checked_div(workers.as_int()?).map(|share| share.max(1)),
        _ => None,
    });
    compute(settings, "blocking_threads", &["interface", "backpressure"], |values| match values {
        [interface, _] if interface.as_str()? != "wsgi" => Some(1),
        [_, pressure] => Some((pressure.as_int()? / 2).max(1)),
        _ => None,
    });
}

/// Gives a setting that nobody gives the number that is made of others, whatever those rest on.
fn compute(settings: &mut Settings, name: &str, of: &[&str], make: impl Fn(&[&Value]) -> Option<i64>) {
    let Some(own) = settings.get(name).filter(|own| own.value() == Some(&Value::None)) else { return };
    let mut depends = own.winner.depends.clone();
    let mut values = Vec::new();
    for other in of.iter().filter_map(|other| settings.get(other)) {
        values.extend(other.value());
        let more = other.winner.depends.iter().filter(|one| !depends.contains(one)).cloned();
        depends.extend(more.collect::<Vec<_>>());
    }
    let value = match make(&values).filter(|_| values.len() == of.len()) {
        Some(number) => Resolved::Known(Value::Int(number)),
        None => Resolved::Unknown(format!("it is computed from `{}`", of.join("` and `"))),
    };
    settings.change_default(name, |own| Candidate { value, layer: Layer::Default, depends, ..own.clone() });
}

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
