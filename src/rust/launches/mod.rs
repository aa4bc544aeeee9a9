//! What a program serves, and on which runtime: the configuration of a web server that is written in Rust.
//!
//! Decides which servers `main` starts in the functions that it reaches, what their builders are told, and whether they
//! finish requests when they are stopped. A server that the body of a macro starts is not found; what a builder is told
//! under a condition is unknown.

mod chain;
mod constant;
mod frameworks;
mod pools;
mod reached;
mod servings;

use std::collections::BTreeSet;

pub use constant::Constant;
pub use frameworks::Framework;
pub use pools::Pool;

use super::Workspace;
use super::packages::{Package, TargetKind};
use crate::source::Place;
use reached::{Methods, Reached};

/// A program of the project that serves.
#[derive(Debug, Clone)]
pub struct Program {
    /// The number of its crate.
    pub of: usize,
    /// Its name, as its file is called.
    pub name: String,
    /// Where it begins: `main`, or what Rocket launches.
    pub place: Place,
    /// The runtimes that it starts; none where a library starts one for it.
    pub runtimes: Vec<Runtime>,
    /// What it serves with, at least one.
    pub servers: Vec<Serving>,
    /// The connections to databases that it keeps.
    pub pools: Vec<Pool>,
}

/// An executor of futures.
#[derive(Debug, Clone)]
pub struct Runtime {
    /// Where it is asked for.
    pub place: Place,
    /// Whether one thread runs everything; `None` where that is not known.
    pub is_single: Option<bool>,
    /// What it is told.
    pub settings: Vec<Told>,
}

/// A server that the program starts.
#[derive(Debug, Clone)]
pub struct Serving {
    /// What serves.
    pub framework: Framework,
    /// Where it is made.
    pub place: Place,
    /// What it is told.
    pub settings: Vec<Told>,
    /// Where it listens.
    pub address: Option<Told>,
    /// What it does when it is asked to stop.
    pub graceful: Graceful,
    /// The call of `axum::serve`, behind which it can be told when to stop.
    pub served: Option<Place>,
    /// Whether the program makes a configuration of its own, so that nothing is known of its settings.
    pub is_open: bool,
}

/// A setting by the name of its method.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// The name.
    pub name: String,
    /// Where the value stands.
    pub place: Place,
    /// The value; `None` where the text does not tell it.
    pub value: Option<Constant>,
    /// All that says so, and can be taken out: `.workers(8)`, `, worker_threads = 8`.
    pub call: Option<Place>,
}

/// What becomes of open requests when a program is asked to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Graceful {
    /// The server listens for the signal by itself.
    BuiltIn,
    /// It is told when to finish.
    Told(Place),
    /// Nobody tells it, and nothing that the program does waits for a signal.
    Absent,
    /// Not known.
    Unknown,
}

impl Told {
    /// The whole number that it is told.
    pub fn count(&self) -> Option<u64> {
        match self.value {
            Some(Constant::Count(count)) => Some(count),
            _ => None,
        }
    }
}

/// The programs of a project that serve, in the order of its crates.
pub fn programs(workspace: &Workspace) -> Vec<Program> {
    let packages: BTreeSet<String> = frameworks::packages().collect();
    let serves = |package: &Package| packages.iter().any(|name| package.dependency(name).is_some());
    if !workspace.packages.iter().any(serves) {
        return Vec::new();
    }
    let methods = Methods::of(workspace);
    let crates = workspace.crates.iter().enumerate();
    let programs = crates.filter(|(_, one)| one.kind == TargetKind::Program && one.root != usize::MAX);
    programs.filter_map(|(of, one)| Reached::from(workspace, one.root, &methods).program(of)).collect()
}

#[cfg(test)]
mod tests;
