//! What an application keeps in one process, so that a second one would do it twice or not know of it.
//!
//! Whoever runs one process today is right to. Whoever already runs several hears of it from the rules, and may have
//! thought of it.

use crate::app::{Application, BeginningKind, InstrumentKind, KeepsakeKind};
use crate::deployment::Deployment;
use crate::sizing::{Class, Inputs, Known};
use crate::source::{Files, Place};

/// The rule about clients that one process knows.
const SESSIONS: &str = "socketio-needs-affinity";

/// Something that belongs into one process.
struct Single {
    /// The rule that speaks of it where there are several processes.
    rule: &'static str,
    /// What a second process would do, as a clause.
    why: String,
    /// Where it stands.
    place: Place,
}

/// What keeps `application` in one process on `class`, surest first.
fn singles(application: &Application, class: Class, files: &Files) -> Vec<Single> {
    let jobs = application.beginnings.iter().filter(|one| one.kind == BeginningKind::Schedules && !one.is_guarded);
    let jobs = jobs.map(|one| Single {
        rule: "scheduler-per-worker",
        why: format!("`{}` would run in each of them, and every job as often", one.what),
        place: one.place,
    });
    let sessions = application.instruments.iter().filter(|seen| seen.kind == InstrumentKind::Sessions);
    let sessions = sessions.map(|seen| Single {
        rule: SESSIONS,
        why: "one of them would know a client of Socket.IO, and the others would get its requests as well".to_owned(),
        place: seen.place,
    });
    let kept = application.keepsakes.iter().filter(|kept| kept.is_for_production(files)).filter_map(|kept| {
        let KeepsakeKind::Memory(what) = kept.kind else { return None };
        // Only consumers listen to it, and those need a loop.
        let is_used = !what.contains("channel layer") || class == Class::EventLoop;
        is_used.then(|| Single {
            rule: "per-process-state",
            why: format!("{what} would exist once in each of them"),
            place: kept.place,
        })
    });
    jobs.chain(sessions).chain(kept).collect()
}

/// Keeps `inputs` to one process, where `application` needs that and its `deployment`, if it has one, has no more now
/// or cannot work with more. `runs` says of which rules the user wants to hear about a file.
pub fn hold(
    inputs: &mut Inputs,
    deployment: Option<&Deployment>,
    application: &Application,
    files: &Files,
    runs: &dyn Fn(&str, &str) -> bool,
) {
    let one_now = deployment.is_none() || inputs.configured.workers.as_ref().is_some_and(|workers| workers.value <= 1);
    // Who runs several knows that all of them are told of the others, or hears of it.
    let counts = |single: &Single| one_now || single.rule == SESSIONS && inputs.configured.workers.is_some();
    let heard = |single: &Single| runs(single.rule, files.get(single.place.file).path());
    if deployment.is_some_and(|deployment| deployment.development.is_some()) {
        return;
    }
    let all = singles(application, inputs.class.value, files);
    let first = all.into_iter().find(|single| counts(single) && heard(single));
    inputs.one_process = first.map(|single| Known::certain(single.why, files.describe(single.place)));
}
