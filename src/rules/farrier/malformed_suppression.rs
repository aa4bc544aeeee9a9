//! Fires when a comment is addressed to farrier and cannot be understood.

use super::{CommentFault, FaultKind};
use crate::rules::prelude::*;

pub(super) const RULE: Rule = rule!("malformed-suppression", Shape::Comment(check));

fn check(fault: &CommentFault, out: &mut Findings) {
    let FaultKind::Malformed(reason) = fault.kind else { return };
    out.report(fault.place, "not understood", format!("this comment silences nothing: {reason}"))
        .help("`# farrier: ignore[rule] -- reason` is how it is written")
        .fix(fault.fix.clone());
}
