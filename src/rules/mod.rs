//! Findings from beliefs: one Rust file per rule, one card per rule.
//!
//! Decides whether what is known about a service is a fault. A rule never reads a file, the
//! environment or the clock; what it needs was resolved before, with its origin.

mod advised;
mod blocking;
mod card;
mod configuration;
mod dependencies;
mod farrier;
mod gevent;
mod insertions;
pub mod messages;
mod observability;
pub mod policy;
mod prelude;
mod reliability;
mod repeated;
mod rust;
mod security;
mod service;
mod sizing;
mod statement;
mod surroundings;
mod timeouts;
mod worker;

pub use crate::advice::Stated;
pub use card::{CARDS, Card, Evidence, Example, Expect, Parameter};
pub use farrier::{FaultKind, OwnFault};
pub use prelude::{Context, Parameters};
pub use repeated::{one_per_call, one_per_call_left};
pub use service::{DeclaredCpus, Service};

use crate::app::{Application, Program};
use crate::deployment::{Assembly, BaseImage, DevelopmentServer, Unloaded};
use crate::findings::{Finding, Note};
use prelude::Findings;

use crate::source::Place;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A rule: its card, and what it looks at.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// What it believes.
    pub card: &'static Card,
    shape: Shape,
}

/// What a rule looks at.
#[derive(Debug, Clone, Copy)]
enum Shape {
    /// One way in which a server with an application in Python is started.
    Deployment(fn(&Service, &Context, &mut Findings)),
    /// One way in which any server is started, those of programs in Rust too.
    AnyServer(fn(&Service, &Context, &mut Findings)),
    /// An application together with the server that runs it, if any is known.
    App(fn(&Application, Option<&Service>, &Context, &mut Findings)),
    /// An image that the project builds on.
    Image(fn(&BaseImage, &Context, &mut Findings)),
    /// The project as a whole: a file that no server loads.
    File(fn(&Unloaded, &Context, &mut Findings)),
    /// A framework's development server.
    Development(fn(&DevelopmentServer, &Context, &mut Findings)),
    /// A program of Rust that serves requests.
    Program(fn(&Program, &Context, &mut Findings)),
    /// Something that people say to farrier itself.
    Own(fn(&OwnFault, &mut Findings)),
}

/// Names a rule's card and its shape; a name without a card does not compile.
macro_rules! rule {
    ($name:literal, $shape:expr) => {
        $crate::rules::Rule {
            card: const { &$crate::rules::card::CARDS[$crate::rules::card::index_of($name)] },
            shape: $shape,
        }
    };
}
use rule;

/// Settings with the rules that look at them, told from the code of the rules when it was built.
const ASKED: &[(&str, &[&str])] = include!(concat!(env!("OUT_DIR"), "/asked.rs"));

/// The rules that look at a setting of a server.
pub fn that_look_at(setting: &str) -> &'static [&'static str] {
    ASKED.iter().find(|(name, _)| *name == setting).map_or(&[], |(_, rules)| *rules)
}

/// Every rule, group by group.
pub fn all() -> impl Iterator<Item = Rule> {
    [
        blocking::RULES,
        configuration::RULES,
        dependencies::RULES,
        farrier::RULES,
        gevent::RULES,
        observability::RULES,
        reliability::RULES,
        rust::RULES,
        security::RULES,
        sizing::RULES,
        timeouts::RULES,
        worker::RULES,
    ]
    .into_iter()
    .flatten()
    .copied()
}

/// What the rules say, unsorted, each fault once.
///
/// `orphans` are applications that no known server runs.
/// A rule that panics costs its own verdict and nothing else: it becomes a note.
pub fn run(
    services: &[Service],
    orphans: &[Application],
    programs: &[Program],
    assembly: &Assembly,
    context: &Context,
    notes: &mut Vec<Note>,
) -> Vec<Finding> {
    let development = &assembly.development_servers;
    // What is left over starts nothing, whatever it says.
    let started = || services.iter().filter(|service| !service.deployment.is_left_over());
    let mut findings: Vec<Finding> = Vec::new();
    let mut by_place: BTreeMap<(&str, Place), Vec<usize>> = BTreeMap::new();
    for rule in all() {
        let mut found = Findings::new(rule.card, context);
        let ran = catch_unwind(AssertUnwindSafe(|| match rule.shape {
            Shape::Deployment(check) => {
                let in_python = started().filter(|service| service.deployment.native.is_none());
                in_python.for_each(|service| check(service, context, &mut found));
            }
            Shape::AnyServer(check) => started().for_each(|service| check(service, context, &mut found)),
            Shape::App(check) => {
                for service in started() {
                    if let Some(application) = service.application {
                        check(application, Some(service), context, &mut found);
                    }
                }
                for application in orphans {
                    check(application, None, context, &mut found);
                }
            }
            Shape::Image(check) => assembly.images.iter().for_each(|image| check(image, context, &mut found)),
            Shape::File(check) => assembly.unloaded.iter().for_each(|file| check(file, context, &mut found)),
            Shape::Program(check) => programs.iter().for_each(|program| check(program, context, &mut found)),
            Shape::Development(check) => development.iter().for_each(|server| check(server, context, &mut found)),
            // Judged by `about_farrier`, when it is known what they silence.
            Shape::Own(_) => {}
        }));
        if ran.is_err() {
            notes.push(Note::file("", format!("the rule `{}` failed, please report it", rule.card.name)));
        }
        for finding in found.into_findings() {
            // Two deployments that load one file make the same statement about it.
            let here = by_place.entry((finding.rule, finding.primary.place)).or_default();
            let same = |&&at: &&usize| {
                findings[at].primary == finding.primary
                    && findings[at].message == finding.message
                    && repeated::remarks(&findings[at]) == repeated::remarks(&finding)
            };
            if let Some(&known) = here.iter().find(same) {
                let known = &mut findings[known];
                known.confidence = known.confidence.max(finding.confidence);
                if let (Some(known), Some(other)) = (&mut known.cause, finding.cause) {
                    known.join(other);
                }
            } else {
                here.push(findings.len());
                findings.push(finding);
            }
        }
    }
    repeated::joined(findings)
}

/// What the rules say about comments that are addressed to farrier, and about its settings.
pub fn about_farrier(faults: &[OwnFault], context: &Context) -> Vec<Finding> {
    let mut findings = Vec::new();
    for rule in all() {
        if let Shape::Own(check) = rule.shape {
            let mut found = Findings::new(rule.card, context);
            for fault in faults {
                check(fault, &mut found);
            }
            findings.extend(found.into_findings());
        }
    }
    findings
}

/// Whether a rule is about what people say to farrier.
pub fn is_farriers_own(rule: &str) -> bool {
    farrier::RULES.iter().any(|own| own.card.name == rule && matches!(own.shape, Shape::Own(_)))
}
