//! Fires when the server would print an error and exit instead of starting.

use super::prelude::*;

pub(super) const RULE: Rule = rule!("refuses-to-start", Shape::Deployment(check));

fn check(service: &Service, context: &Context, out: &mut Findings) {
    let deployment = service.deployment;
    // Which values and options are refused differs between versions.
    let sure = if deployment.version.is_assumed() { Confidence::Medium } else { Confidence::High };
    let mut told = Vec::new();
    // That other processes cannot import an object is told by a rule of its own.
    // So is what only a later version has, where somebody asks for this one.
    let pinned = deployment.pin_of(table(deployment.server).distribution()).is_some();
    let ahead = |place: Place| pinned && deployment.ahead.iter().any(|one| one.place == place);
    let own = |error: &&Located<String>| Some(error.place) != deployment.object && !ahead(error.place);
    for error in deployment.errors.iter().filter(own) {
        // A server complains once about a line, so what else is wrong there belongs to the same fault.
        let line = context.files.describe(error.place);
        if told.contains(&line) {
            continue;
        }
        let others = deployment
            .errors
            .iter()
            .filter(|other| other.place != error.place && context.files.describe(other.place) == line);
        let mut report = out
            .report(
                error.place,
                "refused",
                format!("{} {} does not start: {}", deployment.server, deployment.version, error.value),
            )
            .at_most(sure);
        for other in others {
            report = report.related(other.place, other.value.clone());
        }
        report.fix(None);
        told.push(line);
    }
}
