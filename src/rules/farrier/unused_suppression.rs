//! Fires when a comment silences a rule that ran and has nothing to say there.

use super::{CommentFault, FaultKind};
use crate::rules::prelude::*;

pub(super) const RULE: Rule = rule!("unused-suppression", Shape::Comment(check));

fn check(fault: &CommentFault, out: &mut Findings) {
    let FaultKind::Unused(rule) = fault.kind else { return };
    out.report(
        fault.place,
        "silences nothing",
        format!("`{rule}` finds nothing here, so this comment silences nothing"),
    )
    .fix(fault.fix.clone());
}
