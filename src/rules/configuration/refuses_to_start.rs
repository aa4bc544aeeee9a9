//! Fires when the server would print an error and exit instead of starting.

use super::prelude::*;

pub(super) const RULE: Rule = rule!("refuses-to-start", Shape::Deployment(check));

fn check(service: &Service, _: &Context, out: &mut Findings) {
    let deployment = service.deployment;
    // Which values and options are refused differs between versions.
    let sure = if deployment.version.is_assumed() { Confidence::Medium } else { Confidence::High };
    for error in &deployment.errors {
        out.report(
            error.place,
            "refused",
            format!("{} {} does not start: {}", deployment.server, deployment.version.version, error.value),
        )
        .at_most(sure)
        .related(deployment.command, "started here")
        .fix(None);
    }
}
