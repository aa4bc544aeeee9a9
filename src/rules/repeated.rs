//! One finding per call, however many applications lead to it.
//!
//! Each application is judged by itself, so that what several of them share is found several times, each time by
//! another way. Whoever reads the report settles it once.

use std::cmp::Reverse;
use std::fmt::Write as _;

use crate::findings::{Confidence, Finding, Severity};
use crate::source::Place;
use crate::values::Order as _;

/// How many handlers of one finding come before what else there is to say; more of them are counted.
pub(super) const MAX_HANDLERS: usize = 5;
/// What is said of the other lines at which the loop stands still for the same cause.
pub(super) const AS_WELL: &str = "the event loop stands still here as well";

/// What is said of where else a call leads.
const ENDS_THERE: &str = "the same call leads here as well";

/// How the patterns of findings about calls end.
pub(super) const ON_THE_LOOP: &str = " on the event loop";

/// Leaves of the findings about one call the worst and surest, with the handlers of all.
pub(super) fn joined(mut findings: Vec<Finding>) -> Vec<Finding> {
    let mut kept: Vec<Finding> = Vec::new();
    // The order of the others stays.
    findings.order_by(|one, other| call_of(one).cmp(&call_of(other)).then_with(|| standing(one).cmp(&standing(other))));
    for finding in findings {
        match kept.last_mut().filter(|known| call_of(known).is_some() && call_of(known) == call_of(&finding)) {
            Some(known) => join(known, finding),
            None => kept.push(finding),
        }
    }
    for finding in kept.iter_mut().filter(|finding| finding.handlers.len() > MAX_HANDLERS) {
        let help = finding.help.get_or_insert_default();
        let _ = write!(help, "; {} handlers reach it", finding.handlers.len());
    }
    kept
}

/// Leaves of the findings of one rule about one call, whatever that leads to, the worst and surest: there is one thing
/// to do about them. What the others are about is told with it.
pub fn one_per_call(mut findings: Vec<Finding>) -> Vec<Finding> {
    let call = |finding: &Finding| {
        (!finding.handlers.is_empty()).then_some((finding.rule, finding.primary.place, remarks(finding)))
    };
    findings.order_by(|one, other| call(one).cmp(&call(other)).then_with(|| standing(one).cmp(&standing(other))));
    let mut kept: Vec<Finding> = Vec::new();
    let mut also: Vec<String> = Vec::new();
    for finding in findings {
        let is_same = |known: &&mut Finding| call(known).is_some() && call(known) == call(&finding);
        if let Some(known) = kept.last_mut().filter(is_same) {
            let other = finding.pattern.clone().filter(|pattern| known.pattern.as_ref() != Some(pattern));
            also.extend(other.map(|pattern| pattern.trim_end_matches(ON_THE_LOOP).to_owned()));
            join(known, finding);
        } else {
            name_others(kept.last_mut(), &mut also);
            kept.push(finding);
        }
    }
    name_others(kept.last_mut(), &mut also);
    kept
}

/// The same where all that is silenced has been taken out: what is said of the places that are left tells nothing apart.
pub fn one_per_call_left(mut findings: Vec<Finding>) -> Vec<Finding> {
    findings.iter_mut().filter_map(|finding| finding.cause.as_mut()).for_each(|cause| cause.remarks = (0, 0));
    one_per_call(findings)
}

/// Says of a finding what else its call leads to.
fn name_others(finding: Option<&mut Finding>, also: &mut Vec<String>) {
    let names = std::mem::take(also);
    let (Some(finding), [first, rest @ ..]) = (finding, names.as_slice()) else { return };
    let help = finding.help.get_or_insert_default();
    let _ = write!(help, "; the same call leads to {first}");
    for (at, name) in rest.iter().enumerate() {
        let _ = write!(help, "{} {name}", if at + 1 == rest.len() { " and" } else { "," });
    }
    help.push_str(" as well");
}

/// What the project says about the places of a finding: where that differs, one is silenced and another is not.
pub(super) fn remarks(finding: &Finding) -> Option<(u64, u64)> {
    finding.cause.as_ref().map(|cause| cause.remarks)
}

type Call<'f> = (Place, Option<&'static str>, Option<&'f str>, Option<(u64, u64)>);

/// The call that a finding is about, if handlers lead to it.
fn call_of(finding: &Finding) -> Option<Call<'_>> {
    let alike = (finding.primary.place, finding.category, finding.pattern.as_deref(), remarks(finding));
    (!finding.handlers.is_empty()).then_some(alike)
}

/// The worst and surest comes first. Only among those about one call does the order matter.
fn standing(finding: &Finding) -> Option<Reverse<(Severity, Confidence)>> {
    call_of(finding).map(|_| Reverse((finding.severity, finding.confidence)))
}

/// Adds what another way to the same call says: who goes it, and where else.
fn join(known: &mut Finding, other: Finding) {
    let new: Vec<_> = other.handlers.into_iter().filter(|place| !known.handlers.contains(place)).collect();
    for mut label in other.related {
        // The steps of another way are none of this one; where it ends is a place of its own.
        if other.way.contains(&label.place) && !known.way.contains(&label.place) {
            if other.way.last() != Some(&label.place) {
                continue;
            }
            ENDS_THERE.clone_into(&mut label.text);
        }
        let is_new = new.contains(&label.place) || !known.related.iter().any(|told| told.place == label.place);
        let stands_still = label.text == AS_WELL && label.place != known.primary.place;
        if (is_new || stands_still) && !known.related.contains(&label) {
            known.related.push(label);
        }
    }
    known.handlers.extend(new);
    if let (Some(known), Some(other)) = (&mut known.cause, other.cause) {
        known.join(other);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::findings::Label;
    use crate::source::{Files, Span};

    /// A finding at `at`, with handlers at these offsets.
    fn finding(at: usize, pattern: &str, severity: Severity, handlers: std::ops::Range<usize>) -> Finding {
        let mut files = Files::new();
        let file = files.add("app.py", " ".repeat(200));
        let place = |at| Place::new(file, Span::new(at, at + 1));
        Finding {
            rule: "blocking-call-transitive",
            code: "ASY002",
            severity,
            confidence: Confidence::High,
            message: format!("{severity}"),
            primary: Label::new(place(at), "the event loop stands still here"),
            related: handlers.clone().map(|at| Label::new(place(at), format!("handler {at}"))).collect(),
            help: Some("use httpx".to_owned()),
            category: Some("network"),
            pattern: Some(pattern.to_owned()),
            handlers: handlers.map(place).collect(),
            way: Vec::new(),
            cause: None,
            function: None,
            fix: None,
        }
    }

    #[test]
    fn one_call_is_one_finding_with_the_handlers_of_all() {
        let all = joined(vec![
            finding(9, "requests", Severity::Warning, 100..102),
            finding(9, "requests", Severity::Error, 101..104),
        ]);
        let [one] = &*all else { panic!("{} findings", all.len()) };
        assert_eq!((one.severity, &*one.message), (Severity::Error, "error"));
        let named: Vec<&str> = one.related.iter().map(|label| label.text.as_str()).collect();
        assert_eq!(named, ["handler 101", "handler 102", "handler 103", "handler 100"]);
        assert_eq!(one.help.as_deref(), Some("use httpx"));
    }

    #[test]
    fn one_call_that_leads_to_several_others_is_one_finding() {
        let all = one_per_call(vec![
            finding(9, "redis calls on the event loop", Severity::Warning, 100..101),
            finding(9, "requests calls on the event loop", Severity::Error, 101..102),
            finding(9, "open call on the event loop", Severity::Warning, 100..101),
            finding(20, "open call on the event loop", Severity::Warning, 100..101),
            Finding { rule: "cpu-in-async", ..finding(9, "x", Severity::Warning, 100..101) },
            finding(9, "requests", Severity::Warning, 0..0),
        ]);
        let of = |at: usize, rule: &str| {
            all.iter().find(|one| one.rule == rule && one.primary.place.span.start == at && !one.handlers.is_empty())
        };
        assert_eq!(all.len(), 4);
        let one = of(9, "blocking-call-transitive").unwrap();
        assert_eq!((one.severity, one.handlers.len()), (Severity::Error, 2));
        let help = "use httpx; the same call leads to redis calls and open call as well";
        assert_eq!(one.help.as_deref(), Some(help));
        assert_eq!(of(20, "blocking-call-transitive").unwrap().help.as_deref(), Some("use httpx"));
    }

    #[test]
    fn the_steps_of_another_way_are_none_of_this_one() {
        let first = finding(9, "redis", Severity::Error, 100..101);
        let file = first.primary.place.file;
        let place = |at| Place::new(file, Span::new(at, at + 1));
        let by = |steps: [usize; 3], finding: Finding| {
            let labels = steps.into_iter().filter(|at| *at != 9).map(|at| Label::new(place(at), format!("in {at}")));
            Finding { way: steps.map(place).into(), related: labels.collect(), ..finding }
        };
        let other = by([9, 70, 71], finding(9, "requests", Severity::Warning, 100..101));
        let all = one_per_call(vec![other, by([9, 60, 61], first)]);
        let [one] = &*all else { panic!("{} findings", all.len()) };
        let named: Vec<&str> = one.related.iter().map(|label| label.text.as_str()).collect();
        assert_eq!(named, ["in 60", "in 61", ENDS_THERE]);
        assert_eq!(one.related[2].place, place(71));
    }

    #[test]
    fn other_calls_and_other_places_stay() {
        let all = joined(vec![
            finding(9, "requests", Severity::Warning, 100..101),
            finding(9, "redis", Severity::Warning, 100..101),
            finding(8, "requests", Severity::Warning, 100..101),
            finding(9, "requests", Severity::Warning, 0..0),
            finding(9, "requests", Severity::Warning, 0..0),
        ]);
        assert_eq!(all.len(), 5);
    }

    #[test]
    fn many_handlers_are_counted_and_all_of_them_named() {
        let all = joined(vec![
            finding(9, "requests", Severity::Warning, 100..104),
            finding(9, "requests", Severity::Warning, 102..110),
        ]);
        let [one] = &*all else { panic!("{} findings", all.len()) };
        assert_eq!(one.help.as_deref(), Some("use httpx; 10 handlers reach it"));
        assert_eq!(one.related.len(), 10);
    }
}
