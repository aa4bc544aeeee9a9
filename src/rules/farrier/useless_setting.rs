//! Fires when a setting of farrier has no effect.

use super::{FaultKind, OwnFault};
use crate::rules::prelude::*;

pub(super) const RULE: Rule = rule!("useless-setting", Shape::Own(check));

fn check(fault: &OwnFault, out: &mut Findings) {
    let FaultKind::UselessSetting(reason) = &fault.kind else { return };
    out.report(fault.place, "has no effect", reason.clone()).fix(fault.fix.clone());
}
