//! Values that the text alone tells.
//!
//! What a constant of the project or a variable of the environment holds is not followed.

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
}

/// What an expression in a module is, where that is plain.
pub(super) fn of(workspace: &Workspace, module: usize, value: &Expression) -> Option<Constant> {
    match &value.kind {
        Kind::Same(inner) => of(workspace, module, inner),
        Kind::Number(digits) => digits.parse().ok().map(Constant::Count),
        Kind::Flag(flag) => Some(Constant::Flag(*flag)),
        Kind::Text(text) => Some(address(text).unwrap_or_else(|| Constant::Text(text.clone()))),
        Kind::Tuple(parts) => match &parts[..] {
            [host, port] => match (&host.kind, &port.kind) {
                (Kind::Text(host), Kind::Number(port)) => Some(Constant::Address(host.clone(), port.parse().ok()?)),
                _ => None,
            },
            _ => None,
        },
        Kind::Call(callee, arguments) => {
            let (Kind::Path(path), [argument]) = (&callee.kind, &arguments[..]) else { return None };
            let Kind::Number(number) = &argument.kind else { return None };
            let number = number.parse().ok()?;
            let meanings = workspace.meanings(module, path);
            let [Meaning::Library(name)] = &meanings[..] else { return None };
            match name.strip_prefix("std::time::Duration::").or_else(|| name.strip_prefix("tokio::time::Duration::"))? {
                "from_secs" => Some(Constant::Time(Duration::from_secs(number))),
                "from_millis" => Some(Constant::Time(Duration::from_millis(number))),
                _ => None,
            }
        }
        _ => None,
    }
}

fn address(text: &str) -> Option<Constant> {
    let (host, port) = text.rsplit_once(':')?;
    Some(Constant::Address(host.trim_matches(['[', ']']).to_owned(), port.parse().ok()?))
}
