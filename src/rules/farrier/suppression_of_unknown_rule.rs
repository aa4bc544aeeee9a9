//! Fires when a comment names a rule that does not exist.

use super::{FaultKind, OwnFault};
use crate::rules::prelude::*;
use crate::rules::{CARDS, Card};

pub(super) const RULE: Rule = rule!("suppression-of-unknown-rule", Shape::Own(check));

fn check(fault: &OwnFault, out: &mut Findings) {
    let FaultKind::UnknownRule { name, nearest } = &fault.kind else { return };
    let message = match nearest {
        Some(rule) => format!("there is no rule `{name}`; the nearest name is `{rule}`"),
        None => format!("there is no rule `{name}`"),
    };
    let is_group = |card: &&Card| card.code[..3].eq_ignore_ascii_case(name) || card.group.eq_ignore_ascii_case(name);
    if let Some(card) = CARDS.iter().find(is_group) {
        out.report(
            fault.place,
            "a group of rules",
            format!("`{name}` is a group of rules, and a comment names single ones"),
        )
        .help(format!("name what it is about, such as `{}`; settings ignore whole groups", card.name))
        .fix(None);
        return;
    }
    let report = out.report(fault.place, "no rule of this name", message);
    match nearest {
        Some(_) => report.fix(fault.fix.clone()),
        None => report.help("`farrier rules` lists all names").fix(fault.fix.clone()),
    }
}
