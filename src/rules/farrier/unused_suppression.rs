//! Fires when a comment silences a rule that ran and has nothing to say there.

use super::{FaultKind, OwnFault};
use crate::rules::prelude::*;

pub(super) const RULE: Rule = rule!("unused-suppression", Shape::Own(check));

fn check(fault: &OwnFault, out: &mut Findings) {
    let FaultKind::Unused(rule) = fault.kind else { return };
    out.report(
        fault.place,
        "silences nothing",
        format!("`{rule}` finds nothing here, so this comment silences nothing"),
    )
    .fix(fault.fix.clone());
}
