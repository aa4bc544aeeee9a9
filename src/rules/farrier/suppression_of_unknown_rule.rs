//! Fires when a comment names a rule that does not exist.

use super::{FaultKind, OwnFault};
use crate::rules::prelude::*;

pub(super) const RULE: Rule = rule!("suppression-of-unknown-rule", Shape::Own(check));

fn check(fault: &OwnFault, out: &mut Findings) {
    let FaultKind::UnknownRule { name, nearest } = &fault.kind else { return };
    let message = match nearest {
        Some(rule) => format!("there is no rule `{name}`; the nearest name is `{rule}`"),
        None => format!("there is no rule `{name}`"),
    };
    let report = out.report(fault.place, "no rule of this name", message);
    match nearest {
        Some(_) => report.fix(fault.fix.clone()),
        None => report.help("`farrier rules` lists all names").fix(fault.fix.clone()),
    }
}
