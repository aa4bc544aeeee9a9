//! Routers and modules of routes that are only registered where somebody sets a variable of the environment.
//!
//! `if ENABLE_EXPORTS: app.include_router(exports)`: whoever does not set it has none of their handlers. A router that is
//! registered elsewhere as well, without such a condition, is registered.

use std::collections::BTreeMap;

use super::foreign::TAKES;
use crate::python::calls::{EventKind, last_name};
use crate::python::frameworks::{Made, Switched, made};
use crate::python::modules::ModuleRef;
use crate::python::syntax::ast::{self, Expr};
use crate::python::types::{Frame, FunctionId, Switch, Types};

/// How many routers may lie inside each other.
const MAX_DEPTH: u8 = 6;

/// Who a router, or a module of routes, is given to, and what has to be set for that.
type Mounts<K> = BTreeMap<K, Vec<(Option<Made>, Option<Switch>)>>;

/// Finds them among what the loaded modules register.
pub(super) fn switched(types: &Types<'_>, loaded: &[u32]) -> Switched {
    let mut calls = Vec::new();
    for &file in loaded {
        for (function, index) in types.facts_at(file).functions.iter().zip(0..) {
            let frame = types.plain(FunctionId { file, index });
            for event in &function.events {
                if let EventKind::Call(call, _) = event.kind
                    && (TAKES.contains(&last_name(&call.func)) || last_name(&call.func) == "include")
                {
                    calls.push((frame, call, types.switch_at(frame, event.span)));
                }
            }
        }
    }
    if calls.iter().all(|(_, _, switch)| switch.is_none()) {
        return Switched::default();
    }
    let (mut routers, mut modules) = (Mounts::new(), Mounts::new());
    for (frame, call, switch) in calls {
        let owner = match &*call.func {
            Expr::Attribute(method) => made(types, &method.value, frame),
            _ => None,
        };
        for given in call.arguments.args.iter().chain(call.arguments.keywords.iter().map(|keyword| &keyword.value)) {
            if let Some(made) = made(types, given, frame).filter(|made| Some(*made) != owner) {
                routers.entry(made).or_default().push((owner, switch));
            }
        }
        if let Some(module) = included(types, call, frame) {
            modules.entry(module).or_default().push((None, switch));
        }
    }
    let of = |mounts: &[(Option<Made>, Option<Switch>)]| least(&routers, mounts, 0);
    Switched {
        routers: routers.iter().filter_map(|(made, mounts)| Some((*made, of(mounts)?))).collect(),
        modules: modules.iter().filter_map(|(module, mounts)| Some((*module, of(mounts)?))).collect(),
    }
}

/// What has to be set for the likeliest of these; nothing where one of them needs nothing.
fn least(routers: &Mounts<Made>, mounts: &[(Option<Made>, Option<Switch>)], depth: u8) -> Option<Switch> {
    let needed = mounts.iter().map(|(owner, switch)| {
        let around = owner.and_then(|owner| routers.get(&owner)).filter(|_| depth < MAX_DEPTH);
        let around = around.and_then(|mounts| least(routers, mounts, depth + 1));
        switch.iter().chain(around.as_ref()).copied().max_by_key(|switch| switch.doubts)
    });
    let needed: Option<Vec<Switch>> = needed.collect();
    needed?.into_iter().min_by_key(|switch| switch.doubts)
}

/// The module of `include("shop.urls")`.
fn included<'a>(types: &Types<'a>, call: &'a ast::ExprCall, frame: Frame) -> Option<u32> {
    let Expr::StringLiteral(name) = call.arguments.args.first().filter(|_| last_name(&call.func) == "include")? else {
        return None;
    };
    let from = types.facts_at(frame.function.file).file;
    match types.modules().find(name.value.to_str(), Some(from))? {
        ModuleRef::File(file) => types.index_of(file),
        ModuleRef::Folder(_) => None,
    }
}
