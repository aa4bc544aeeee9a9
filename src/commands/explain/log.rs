//! `farrier explain 'WORKER TIMEOUT (pid:42)'`: a line of a log, its causes, and which of them are here.

use farrier::values::Order as _;
use std::fmt::Write as _;

use farrier::Examination;
use farrier::findings::Finding;
use farrier::rules::Card;
use farrier::rules::messages::{Cause, Message};

use super::filled;

/// How many findings of a cause are told.
const TOLD: usize = 5;

pub(super) fn page(message: &Message, examination: &Examination) -> String {
    let title = message.texts.first().unwrap_or(&message.name);
    let mut text = format!("{title}\n{}\n", filled::item(message.means, "  ", "  "));
    let findings = |cause: &Cause| -> Vec<&Finding> {
        examination.findings.iter().filter(|finding| cause.rules.contains(&finding.rule)).collect()
    };
    // What this project shows comes first; otherwise the likeliest does.
    let mut causes: Vec<(&Cause, Vec<&Finding>)> =
        message.causes.iter().map(|cause| (cause, findings(cause))).collect();
    causes.order_by_key(|(_, found)| found.is_empty());
    for (i, (cause, found)) in causes.iter().enumerate() {
        let here = if found.is_empty() { "" } else { " (in this project)" };
        let number = format!("{}. ", i + 1);
        let cause_here = format!("{}{here}", cause.text);
        let _ = writeln!(text, "\n{}", filled::item(&cause_here, &number, "   "));
        for finding in found.iter().take(TOLD) {
            let place = examination.files.describe(finding.primary.place);
            let says = format!("{place}: {}[{}] {}", finding.severity, finding.rule, finding.message);
            let _ = writeln!(text, "{}", filled::item(&says, "   ", "     "));
        }
        if found.len() > TOLD {
            let _ = writeln!(text, "   and {} more", found.len() - TOLD);
        }
        let _ = writeln!(text, "{}", filled::item(cause.advice, "   ", "   "));
        let rules: Vec<&str> = cause.rules.iter().filter_map(|rule| Some(Card::find(rule)?.name)).collect();
        if !rules.is_empty() {
            let by = format!("found by {}", rules.join(", "));
            let _ = writeln!(text, "{}", filled::item(&by, "   ", "     "));
        }
    }
    text.push_str("\nWhere the text comes from\n");
    for seen in message.seen {
        let _ = writeln!(text, "  {} {}, {}", seen.distribution, seen.version, seen.file);
    }
    if !message.source.is_empty() {
        let _ = writeln!(text, "{}", filled::item(message.source, "  ", "    "));
    }
    text
}
