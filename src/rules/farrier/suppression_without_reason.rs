//! Fires when a comment silences something serious and does not say why.

use super::{FaultKind, OwnFault};
use crate::rules::prelude::*;

pub(super) const RULE: Rule = rule!("suppression-without-reason", Shape::Own(check));

fn check(fault: &OwnFault, out: &mut Findings) {
    let FaultKind::MissingReason(severity) = fault.kind else { return };
    let article = if severity == Severity::Warning { "a" } else { "an" };
    out.report(fault.place, "says no reason", format!("silences {article} {severity} without a reason"))
        .help("add `-- reason` behind the bracket")
        .fix(None);
}
