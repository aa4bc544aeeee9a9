//! What speaks against advice about numbers: a fault that the new number would bring up.
//!
//! All ways of `farrier advise` have to say the same, so that whoever only reads the advice hears of it as well.

use farrier::Examination;
use farrier::advice::{self, Changes, GROUP, Manner};
use farrier::deployment::Deployment;
use farrier::fix;
use farrier::request::Request;
use farrier::sizing::{Advice, Item, Verdict};

use super::rewrite;

/// The advice for each service, in which what would bring up a fault is no more than a thought, with the fault beside
/// it.
pub(super) fn weighed(
    request: &Request,
    found: &Examination,
    services: &[(&Deployment, Option<&Advice>)],
) -> Vec<Option<Advice>> {
    let mut weighed: Vec<Option<Advice>> = services.iter().map(|(_, advice)| advice.cloned()).collect();
    for ((deployment, _), advice) in services.iter().zip(&mut weighed) {
        if let Some(advice) = advice {
            replaceable(deployment, advice, found);
        }
    }
    let services: Vec<_> =
        services.iter().zip(&weighed).map(|((service, _), advice)| (*service, advice.as_ref())).collect();
    let services = services.as_slice();
    // Reading a project again takes its time; usually once is enough.
    if fault(request, found, services).is_none() {
        return weighed;
    }
    let each = |&(deployment, advice): &(&Deployment, Option<&Advice>)| {
        let why = fault(request, found, &[(deployment, advice)]);
        let mut advice = advice?.clone();
        if let Some(why) = why {
            hold(&mut advice, why);
        }
        Some(advice)
    };
    services.iter().map(each).collect()
}

/// A number that nobody can tell, and that can be replaced all the same, is one to change: a formula over the cores of
/// whichever machine it runs on.
fn replaceable(deployment: &Deployment, advice: &mut Advice, found: &Examination) {
    let Changes { made, .. } = advice::changes(deployment, advice, Manner::default(), &found.files);
    let written = |item: &&mut Item| made.iter().any(|change| change.setting == item.setting);
    for item in advice.items.iter_mut().filter(|item| item.verdict == Verdict::Unknown).filter(written) {
        item.verdict = Verdict::Change;
    }
}

/// What following the advice would bring up.
fn fault(request: &Request, found: &Examination, services: &[(&Deployment, Option<&Advice>)]) -> Option<String> {
    let (agreed, _) = advice::reconcile(services, &found.files);
    let changes: Vec<Changes> = (services.iter().zip(&agreed))
        .filter_map(|((deployment, _), advice)| Some((deployment, sizes(advice.as_ref()?)?)))
        .map(|(deployment, advice)| advice::changes(deployment, &advice, Manner::default(), &found.files))
        .collect();
    let planned: Vec<_> = changes.iter().flat_map(|changes| &changes.made).collect();
    let mut fixes: Vec<_> = planned.iter().map(|change| &change.fix).collect();
    fixes.dedup();
    let plan = fix::plan(&found.files, &fixes);
    if plan.rewrites.is_empty() {
        return None;
    }
    let intended = |name: &str| planned.iter().any(|change| change.setting == name);
    // What cannot be written at all is refused when it is to be written, with the reason.
    let after = rewrite::reread(request, found, &plan.rewrites, &intended).ok()?;
    rewrite::worse(found, &after).map(|finding| finding.message.clone())
}

/// The part of `advice` that changes how many requests run at once, or where; `None` where nothing of it does.
fn sizes(advice: &Advice) -> Option<Advice> {
    let counts = |item: &&Item| GROUP.contains(&item.setting) && item.verdict == Verdict::Change;
    let items: Vec<Item> = advice.items.iter().filter(counts).cloned().collect();
    (!items.is_empty()).then(|| Advice { items, ..advice.clone() })
}

/// Makes advice about processes, threads and connections a thought with a reason against it.
fn hold(advice: &mut Advice, why: String) {
    let sized = |item: &&mut Item| GROUP.contains(&item.setting) && item.verdict == Verdict::Change;
    advice.items.iter_mut().filter(sized).for_each(|item| item.verdict = Verdict::Consider);
    advice.slots_then = advice.slots_now;
    advice.objections.push(why);
}
