//! What speaks against advice about numbers: a fault that the new number would bring up.
//!
//! All ways of `farrier advise` have to say the same, so that whoever only reads the advice hears of it as well.

use std::path::Path;

use farrier::Examination;
use farrier::advice::{self, Changes, GROUP, Manner};
use farrier::deployment::{Deployment, UnitKind};
use farrier::fix;
use farrier::request::Request;
use farrier::sizing::{Advice, Item, Verdict};

use super::rewrite;

/// The advice for each service, in which what would bring up a fault is no more than a thought, with the fault beside
/// it; so is what rests on the cores of this machine where another one serves. `in_ci`: nothing runs here for long.
pub(super) fn weighed(
    request: &Request,
    found: &Examination,
    services: &[(&Deployment, Option<&Advice>)],
    in_ci: bool,
) -> Vec<Option<Advice>> {
    let mut weighed: Vec<Option<Advice>> = services.iter().map(|(_, advice)| advice.cloned()).collect();
    for ((deployment, _), advice) in services.iter().zip(&mut weighed) {
        if let Some(advice) = advice {
            replaceable(deployment, advice, found);
            if advice.counts_on_this_machine() && (in_ci || runs_elsewhere(deployment, &request.root, found)) {
                demote(advice);
                advice.elsewhere = true;
            }
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

/// Whether an image is what runs, or a platform of which a file says something, or a unit that is installed somewhere else
/// than where it is kept: nobody knows on which machine.
fn runs_elsewhere(deployment: &Deployment, root: &Path, found: &Examination) -> bool {
    let Deployment { kind, container, limits, .. } = deployment;
    let installed =
        || root.canonicalize().is_ok_and(|root| root.starts_with("/etc") || root.starts_with("/usr/lib/systemd"));
    match kind {
        UnitKind::Procfile | UnitKind::Platform => true,
        UnitKind::SystemdService | UnitKind::SupervisorProgram if !installed() => true,
        // A configuration that nothing starts by a name, beside what makes an image.
        UnitKind::GunicornConfiguration | UnitKind::UwsgiConfiguration if advice::makes_image(&found.files) => true,
        _ => kind.is_container() || container.is_some() || limits.memory.is_some() || limits.cpus.is_some(),
    }
}

/// What following the advice would bring up.
fn fault(request: &Request, found: &Examination, services: &[(&Deployment, Option<&Advice>)]) -> Option<String> {
    let (agreed, _) = advice::reconcile(services, &found.files);
    // All of it is written together: what a new class brings up another line of the same advice may settle.
    let changes: Vec<Changes> = (services.iter().zip(&agreed))
        .filter_map(|((deployment, _), advice)| Some((deployment, advice.as_ref().filter(|advice| resizes(advice))?)))
        .map(|(deployment, advice)| advice::changes(deployment, advice, Manner::default(), &found.files))
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

/// Whether `advice` changes how many requests run at once, or where.
fn resizes(advice: &Advice) -> bool {
    advice.items.iter().any(|item| GROUP.contains(&item.setting) && item.verdict == Verdict::Change)
}

/// Makes advice about processes, threads and connections a thought with a reason against it.
fn hold(advice: &mut Advice, why: String) {
    demote(advice);
    advice.objections.push(why);
}

/// Makes advice about processes, threads and connections a thought.
fn demote(advice: &mut Advice) {
    let sized =
        |item: &&mut Item| GROUP.contains(&item.setting) && matches!(item.verdict, Verdict::Change | Verdict::Unknown);
    let mut stays = false;
    for item in advice.items.iter_mut().filter(sized) {
        stays |= item.setting == "worker_class";
        item.verdict = if item.current.is_some() { Verdict::Consider } else { Verdict::Unknown };
    }
    // What suits the other class is nothing for the one that stays.
    if stays {
        advice.items.retain(|item| item.setting != "keepalive");
    }
    advice.slots_then = advice.slots_now;
}
