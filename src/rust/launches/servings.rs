//! What is known of each server that a program begins, and of the runtimes that it starts.
//!
//! Decides what their builders are told. Several of one kind are told as one, of which only that is known in which they
//! agree.

use super::chain::{Chain, Link, Walk};
use super::frameworks::{self, LISTENING, SETTINGS};
use super::reached::Reached;
use super::{Constant, Framework, Graceful, Program, Runtime, Serving, Told, constant};
use crate::rust::names::Meaning;
use crate::rust::syntax::{Attribute, Expression};
use crate::source::Span;

impl<'w> Reached<'w> {
    pub(super) fn program(&self, of: usize) -> Option<Program> {
        let hears = self.hears_signals();
        let (mut servers, mut runtimes) = (Vec::new(), Vec::new());
        for (at, walk) in &self.bodies {
            let attributes = &self.workspace.functions[*at].item.attributes;
            runtimes.extend(attributes.iter().filter_map(|attribute| self.asked_above(*at, attribute)));
            for chain in &walk.chains {
                let Some(name) = self.library(*at, chain.path) else { continue };
                if let Some(framework) = frameworks::begun_by(&name) {
                    servers.push(self.serving(*at, walk, chain, framework, hears));
                } else if let Some(is_single) = frameworks::is_single_runtime(&name) {
                    let settings = self.told(*at, walk, chain);
                    runtimes.push(Runtime { place: self.place(*at, chain.span), is_single: Some(is_single), settings });
                }
            }
        }
        let place = self.begins?;
        let own = &self.workspace.crates[of];
        // The file of a program is called as its package is, dashes included.
        let package = &self.workspace.packages[own.package].name;
        let name = if package.replace('-', "_") == own.name { package } else { &own.name };
        let servers = together(servers);
        (!servers.is_empty()).then(|| Program { of, name: name.clone(), place, runtimes, servers, pools: self.pools() })
    }

    fn serving(
        &self,
        at: usize,
        walk: &Walk<'w>,
        chain: &Chain<'w>,
        framework: Framework,
        hears_signals: bool,
    ) -> Serving {
        let stopping = chain.methods.iter().map(|link| link.method).find(|method| {
            // Who takes a handle stops it with that.
            let stops = ["graceful", "shutdown", "handle"].iter().any(|word| method.name.contains(word));
            !framework.hears_signals() && stops
        });
        let is_deaf = chain.methods.iter().any(|link| link.method.name == "disable_signals");
        let graceful = match stopping {
            Some(method) => Graceful::Told(self.place(at, method.span)),
            None if framework.hears_signals() && !is_deaf => Graceful::BuiltIn,
            // Whoever does not wait for it right here may stop it elsewhere.
            None if chain.is_awaited && !hears_signals && !is_deaf => Graceful::Absent,
            None => Graceful::Unknown,
        };
        let settings = self.told(at, walk, chain);
        let address = match framework {
            Framework::Axum if chain.path.last() == "serve" => self.listener(at, walk, chain),
            Framework::Axum | Framework::Hyper if chain.path.last().starts_with("bind") => {
                chain.arguments.first().map(|value| self.address(at, walk, value))
            }
            Framework::Axum | Framework::Hyper => None,
            Framework::Poem | Framework::Salvo => self.listener(at, walk, chain),
            _ => settings.iter().find(|told| LISTENING.contains(&&*told.name)).cloned(),
        };
        let served = (chain.path.last() == "serve").then(|| self.place(at, chain.span));
        let is_open = framework == Framework::Rocket && chain.path.last() == "custom";
        Serving { framework, place: self.place(at, chain.span), settings, address, graceful, served, is_open }
    }

    /// Where the listener that a server is handed was bound.
    fn listener(&self, at: usize, walk: &Walk<'w>, chain: &Chain<'w>) -> Option<Told> {
        let origin = walk.origin(chain.arguments.first()?)?;
        if !frameworks::is_listener(&self.library(at, origin.path)?) {
            return None;
        }
        Some(self.address(at, walk, origin.arguments.first()?))
    }

    fn address(&self, at: usize, walk: &Walk<'w>, written: &'w Expression) -> Told {
        let value = constant::of(self.workspace, self.module(at), walk.bound_to(written));
        let value = value.filter(|value| matches!(value, Constant::Address(..)));
        Told { name: "bind".to_owned(), place: self.place(at, written.span), value, call: None }
    }

    /// What a builder is told by methods that take one value. Of what it is told twice, or perhaps, nothing is known.
    pub(super) fn told(&self, at: usize, walk: &Walk<'w>, chain: &Chain<'w>) -> Vec<Told> {
        let mut told: Vec<Told> = Vec::new();
        for Link { method, span, is_optional } in &chain.methods {
            let [argument] = &method.arguments[..] else { continue };
            let value = constant::of(self.workspace, self.module(at), walk.bound_to(argument)).filter(|_| !is_optional);
            let listens = LISTENING.contains(&&*method.name) && matches!(value, Some(Constant::Address(..)));
            if !listens && !SETTINGS.contains(&&*method.name) {
                continue;
            }
            let place = self.place(at, argument.span);
            match told.iter_mut().find(|known| known.name == method.name) {
                Some(known) => known.value = None,
                None => told.push(Told {
                    name: method.name.clone(),
                    place,
                    value,
                    call: Some(self.place(at, Span::new(method.receiver.span.end, span.end))),
                }),
            }
        }
        told.sort_by_key(|told| told.place);
        told
    }

    /// The runtime that an attribute puts around a function.
    fn asked_above(&self, at: usize, attribute: &Attribute) -> Option<Runtime> {
        let meanings = self.workspace.meanings_of(self.module(at), &attribute.path);
        let [Meaning::Library(name)] = &meanings[..] else { return None };
        let item = &self.workspace.functions[at].item;
        let is_single = match name.as_str() {
            "tokio::main" => match value_of(attribute, "flavor") {
                Some(("current_thread" | "local", ..)) => Some(true),
                None | Some(("multi_thread", ..)) => Some(false),
                Some(_) => None,
            },
            // Each worker of Actix has a thread of its own, and this is the one that they are started from.
            "actix_web::main" | "actix_rt::main" => Some(true),
            "rocket::main" | "rocket::launch" => Some(false),
            _ => return None,
        };
        let threads = value_of(attribute, "worker_threads").map(|(count, span, whole)| Told {
            name: "worker_threads".to_owned(),
            place: self.place(at, span),
            value: count.replace('_', "").parse().ok().map(Constant::Count),
            call: Some(self.place(at, whole)),
        });
        Some(Runtime { place: self.place(at, item.span), is_single, settings: threads.into_iter().collect() })
    }
}

/// One server of each kind: what several are told alike is known. The connections of hyper beside another server carry
/// that.
fn together(servers: Vec<Serving>) -> Vec<Serving> {
    let mut all: Vec<Serving> = Vec::new();
    for server in servers {
        let Some(known) = all.iter_mut().find(|known| known.framework == server.framework) else {
            all.push(server);
            continue;
        };
        let same = |one: &Told, others: &[Told]| {
            others.iter().any(|other| other.name == one.name && other.value.is_some() && other.value == one.value)
        };
        let differs = known.address.as_ref().map(|one| &one.value) != server.address.as_ref().map(|one| &one.value);
        for told in known.settings.iter_mut().filter(|told| !same(told, &server.settings)) {
            told.value = None;
        }
        let further = server.settings.into_iter().filter(|told| known.settings.iter().all(|one| one.name != told.name));
        let further: Vec<Told> = further.map(|told| Told { value: None, call: None, ..told }).collect();
        known.settings.extend(further);
        if let Some(address) = known.address.as_mut().or(server.address.clone().as_mut()).filter(|_| differs) {
            address.value = None;
            known.address = Some(address.clone());
        }
        let alike = std::mem::discriminant(&known.graceful) == std::mem::discriminant(&server.graceful);
        known.graceful = if alike { known.graceful } else { Graceful::Unknown };
        (known.served, known.is_open) = (None, known.is_open || server.is_open);
    }
    if all.iter().any(|server| server.framework != Framework::Hyper) {
        all.retain(|server| server.framework != Framework::Hyper);
    }
    all
}

/// What stands behind a word of an attribute, where, and where both stand.
fn value_of<'a>(attribute: &'a Attribute, name: &str) -> Option<(&'a str, Span, Span)> {
    let at = attribute.words.iter().position(|word| word == name)?;
    let (named, value) = (attribute.spans.get(at)?, *attribute.spans.get(at + 1)?);
    Some((attribute.words.get(at + 1)?, value, Span::new(named.start, value.end)))
}
