//! Which variables the project sets anywhere.
//!
//! Who only asks whether somebody has thought of a variable looks here: a manifest that is joined with no server may
//! set it all the same.

use std::collections::BTreeSet;

use super::Deployment;
use super::compose::Composed;
use crate::read::{Facts, Variable};

/// The names of all variables that a file of the project sets or passes on.
pub(super) fn all(facts: &Facts, composed: &[Composed], deployments: &[Deployment]) -> BTreeSet<String> {
    let units = facts.units.iter().chain(composed.iter().map(|service| &service.unit));
    let written = units
        .flat_map(|unit| &unit.environment)
        .chain(facts.environments.values().flatten())
        .chain(facts.supervisors.values().flat_map(|supervisor| &supervisor.environment));
    let mut names: BTreeSet<String> = written.map(|variable: &Variable| variable.name.clone()).collect();
    for script in facts.scripts.values() {
        script.each(&mut |simple| names.extend(simple.sets().map(str::to_owned)));
    }
    // A server may set some for its application by itself.
    names.extend(deployments.iter().flat_map(|one| &one.environment).map(|(name, _)| name.clone()));
    names
}
