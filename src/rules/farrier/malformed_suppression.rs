//! Fires when a comment is addressed to farrier and cannot be understood.

use super::{FaultKind, OwnFault};
use crate::rules::prelude::*;

pub(super) const RULE: Rule = rule!("malformed-suppression", Shape::Own(check));

fn check(fault: &OwnFault, out: &mut Findings) {
    let FaultKind::Malformed(reason) = fault.kind else { return };
    out.report(fault.place, "not understood", format!("this comment silences nothing: {reason}"))
        .help("`# farrier: ignore[rule] -- reason` is how it is written")
        .fix(fault.fix.clone());
}
