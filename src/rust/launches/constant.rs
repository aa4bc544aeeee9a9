//! Values that the text alone tells.
//!
//! A constant of the project is followed to its literal; what a variable of the environment holds is not known.

use std::time::Duration;

use crate::rust::Workspace;
use crate::rust::names::Meaning;
use crate::rust::syntax::{Expression, Kind};

/// A value that is written where it is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Constant {
    /// A whole number.
    Count(u64),
    /// `true`, `false`.
    Flag(bool),
    /// A text.
    Text(String),
    /// A time.
    Time(Duration),
    /// A host with a port.
    Address(String, u16),
    /// As many as the machine has cores, counted by `num_cpus`, as written.
    Cores(String),
}

/// What an expression in a module is, where that is plain.
pub(super) fn of(workspace: &Workspace, module: usize, value: &Expression) -> Option<Constant> {
    deep(workspace, module, value, 0)
}

/// How far a constant may be made of others.
const MAX_DEPTH: usize = 8;

fn deep(workspace: &Workspace, module: usize, value: &Expression, depth: usize) -> Option<Constant> {
    if depth > MAX_DEPTH {
        return None;
    }
    let inner = |value: &Expression| deep(workspace, module, value, depth + 1);
    match &value.kind {
        Kind::Same(value) => inner(value),
        Kind::Number(digits) => digits.parse().ok().map(Constant::Count),
        Kind::Flag(flag) => Some(Constant::Flag(*flag)),
        Kind::Text(text) => Some(address(text).unwrap_or_else(|| Constant::Text(text.clone()))),
        Kind::Tuple(parts) => match &parts[..] {
            [host, port] => {
                let Constant::Count(port) = inner(port)? else { return None };
                Some(Constant::Address(self::host(host)?, u16::try_from(port).ok()?))
            }
            _ => None,
        },
        // `"0.0.0.0:80".parse().unwrap()`, `"0.0.0.0:80".to_string()`.
        Kind::Method(method) => {
            const SAME: [&str; 8] =
                ["parse", "unwrap", "expect", "into", "to_string", "to_owned", "as_str", "unwrap_or_default"];
            SAME.contains(&&*method.name).then(|| inner(&method.receiver)).flatten()
        }
        Kind::Path(path) => match &workspace.meanings(module, path)[..] {
            [Meaning::Value(module, at)] => {
                let value = workspace.modules[*module].scope.values.get(*at)?.value.as_ref()?;
                deep(workspace, *module, value, depth + 1)
            }
            _ => None,
        },
        Kind::Call(callee, arguments) if arguments.is_empty() => {
            let Kind::Path(path) = &callee.kind else { return None };
            match &workspace.meanings(module, path)[..] {
                [Meaning::Library(name)] if name.starts_with("num_cpus::get") => {
                    Some(Constant::Cores(format!("{}()", path.segments.join("::"))))
                }
                _ => None,
            }
        }
        Kind::Call(callee, arguments) => {
            let (Kind::Path(path), [argument]) = (&callee.kind, &arguments[..]) else { return None };
            let meanings = workspace.meanings(module, path);
            let [Meaning::Library(name)] = &meanings[..] else { return None };
            if ["std::net::SocketAddr::from", "std::option::Option::Some", "Some"].contains(&&**name) {
                return inner(argument);
            }
            let unit = name.strip_prefix("std::time::").or_else(|| name.strip_prefix("tokio::time::"))?;
            let Constant::Count(number) = inner(argument)? else { return None };
            match unit {
                "Duration::from_secs" => Some(Constant::Time(Duration::from_secs(number))),
                "Duration::from_millis" => Some(Constant::Time(Duration::from_millis(number))),
                "Duration::from_mins" => Some(Constant::Time(Duration::from_secs(number.checked_mul(60)?))),
                _ => None,
            }
        }
        _ => None,
    }
}

/// A host as a text, or the numbers of its address.
fn host(value: &Expression) -> Option<String> {
    match &value.kind {
        Kind::Text(text) => Some(text.clone()),
        Kind::Several(parts) if parts.len() == 4 => {
            let number = |part: &Expression| match &part.kind {
                Kind::Number(digits) => digits.parse::<u8>().ok().map(|byte| byte.to_string()),
                _ => None,
            };
            Some(parts.iter().map(number).collect::<Option<Vec<_>>>()?.join("."))
        }
        _ => None,
    }
}

fn address(text: &str) -> Option<Constant> {
    let (host, port) = text.rsplit_once(':')?;
    Some(Constant::Address(host.trim_matches(['[', ']']).to_owned(), port.parse().ok()?))
}
