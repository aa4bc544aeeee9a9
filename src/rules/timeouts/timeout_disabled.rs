//! Fires when Gunicorn never replaces a worker that hangs.

use super::prelude::*;
use crate::deployment::{UnitKind, signs};

pub(super) const RULE: Rule = rule!("timeout-disabled", Shape::Deployment(check));

fn check(service: &Service, context: &Context, out: &mut Findings) {
    let deployment = service.deployment;
    let Some(timeout) = deployment.setting("timeout").filter(|_| service.is_gunicorn() && service.in_production())
    else {
        return;
    };
    let Some(place) = timeout.place().filter(|_| timeout.int() == Some(0)) else { return };
    // Google tells users of Cloud Run to switch it off: there the platform ends requests.
    let bind = deployment.setting("bind").and_then(Setting::place);
    let told = bind.is_some_and(|bind| context.files.text_at(bind).contains("PORT"))
        || signs::is_knative(deployment, context.files);
    if told && matches!(deployment.kind, UnitKind::Image | UnitKind::KubernetesContainer) {
        return;
    }
    if signs::is_handed_to_cloud_run(context.files) {
        return;
    }
    // A debugger stops the worker on purpose.
    if deployment.environment.iter().any(|(name, _)| name.contains("DEBUGPY") || name.contains("PYCHARM")) {
        return;
    }
    let after = out.parameter("instead");
    #[allow(clippy::cast_possible_truncation, reason = "a number of seconds that a person wrote")]
    let instead = after.round() as i64;
    let advised = service.advised_or("timeout", instead, context);
    let instead = advised.value;
    // Where requests have threads or a loop of their own, it bounds none of them.
    let is_bound = deployment.class.is_some_and(|class| class.name() == "sync");
    let what =
        if is_bound { "above the longest request that you allow" } else { "above the longest pause of a worker" };
    out.report(place, "never", "`timeout = 0`: a worker that hangs is never replaced and keeps its slots for ever")
        .at_most(timeout.confidence())
        .help(format!(
            "set it {what}, such as {instead}; only on Cloud Run, whose own limit ends \
             requests, is 0 the advice of the vendor"
        ))
        .fix(advised.fix);
}
