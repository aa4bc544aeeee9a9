//! What an application keeps in one process, so that a second one would do it twice or not know of it.
//!
//! Whoever runs one process today is right to. Whoever already runs several hears of it from the rules, and may have
//! thought of it.

use crate::app::{Application, Beginning, BeginningKind, InstrumentKind, KeepsakeKind, Memory, Term};
use crate::deployment::Deployment;
use crate::servers::Server;
use crate::sizing::{Class, Inputs, Known};
use crate::source::{Files, Place};
use crate::values::Value;

/// The rule about clients that one process knows.
const SESSIONS: &str = "socketio-needs-affinity";

/// The rule about threads that are started before the server forks.
const THREADS: &str = "preload-kills-threads";

/// Something that belongs into one process.
struct Single {
    /// The rule that speaks of it where there are several processes.
    rule: &'static str,
    /// Why there must be no second process, as a clause.
    why: String,
    /// Where it stands.
    place: Place,
}

/// What keeps `application` in one process on `class`, surest first.
fn singles(application: &Application, class: Class, files: &Files) -> Vec<Single> {
    let jobs = application.beginnings.iter().filter(|one| one.kind == BeginningKind::Schedules && !one.is_guarded);
    let jobs = jobs.map(|one| Single {
        rule: "scheduler-per-worker",
        why: format!("of several each would run `{}`, and every job as often", one.what),
        place: one.place,
    });
    // Whoever chose one process may have done so because of it. What ends soon is done as well by several.
    let threads = |one: &&Beginning| {
        one.kind == BeginningKind::Threads && one.term == Term::GoesOn && !one.is_guarded && class != Class::Sync
    };
    let threads = application.beginnings.iter().filter(threads).map(|one| Single {
        rule: THREADS,
        why: format!("of several each would run the thread that `{}` starts {}", one.what, moment(one)),
        place: one.place,
    });
    let sessions = application.instruments.iter().filter(|seen| matches!(seen.kind, InstrumentKind::Sessions { .. }));
    let sessions = sessions.map(|seen| Single {
        rule: SESSIONS,
        why: "of several one would know a client of Socket.IO, and the others would get its requests as well"
            .to_owned(),
        place: seen.place,
    });
    let kept = application.keepsakes.iter().filter(|kept| kept.is_for_production(files)).filter_map(|kept| {
        let KeepsakeKind::Memory(what) = kept.kind else { return None };
        // A cache that each has for itself answers less often, and as rightly.
        if what == Memory::FlaskCache {
            return None;
        }
        // Only consumers listen to it, and those need a loop.
        let is_used = what != Memory::ChannelLayer || class == Class::EventLoop;
        is_used.then(|| Single {
            rule: "per-process-state",
            why: format!("of several each would have {} for itself", what.name()),
            place: kept.place,
        })
    });
    // What a loop does outside of its process, several do several times.
    let loops = |one: &&Beginning| one.kind == BeginningKind::Loops && one.term == Term::GoesOn && !one.is_guarded;
    let loops = application.beginnings.iter().filter(loops).map(|one| Single {
        rule: "scheduler-per-worker",
        why: format!("of several each would run `{}` on and on, which starts {}", one.what, moment(one)),
        place: one.place,
    });
    jobs.chain(sessions).chain(kept).chain(threads).chain(loops).collect()
}

/// Keeps `inputs` to one process, where its `deployment`, if it has one, can have no more, or `application` needs that
/// and there are no more now. `runs` says of which rules the user wants to hear about a file.
pub fn hold(
    inputs: &mut Inputs,
    deployment: Option<&Deployment>,
    application: Option<&Application>,
    files: &Files,
    runs: &dyn Fn(&str, &str) -> bool,
) {
    let reload = deployment.filter(|deployment| deployment.server == Server::Uvicorn);
    let reload = reload.and_then(|deployment| deployment.setting("reload"));
    if let Some(reload) = reload.filter(|reload| reload.value() == Some(&Value::Bool(true))) {
        // `Config.workers` is looked at only where nothing reloads (`main.py` of Uvicorn 0.54.0).
        let place = reload.place().map_or_else(|| "default".to_owned(), |place| files.describe(place));
        inputs.configured.workers = Some(Known::certain(1, format!("while it reloads, {place}")));
        inputs.one_process = Some(Known::certain("Uvicorn runs one while it reloads".to_owned(), place));
        return;
    }
    let workers = inputs.configured.workers.as_ref().map(|workers| workers.value);
    let setting = inputs.workers_setting().and_then(|name| deployment?.setting(name));
    // Of a number that nobody can tell the application says as much as of one process, unless that follows the cores.
    let follows_cores = setting.is_some_and(|setting| setting.winner.host_cores().is_some());
    let one_now = workers.map_or(!follows_cores, |workers| workers <= 1);
    let alone = deployment.and_then(|deployment| deployment.alone.as_ref()).filter(|_| one_now);
    if let Some(alone) = alone {
        inputs.one_process = Some(Known::certain(alone.value.to_owned(), files.describe(alone.place)));
        return;
    }
    // An expression that was followed to an application is one.
    let object = deployment.filter(|deployment| deployment.server == Server::Uvicorn && application.is_some());
    if let Some(object) = object.and_then(|deployment| deployment.handed).filter(|_| one_now) {
        let why = "it is handed the application itself, which other processes could not import by a name";
        inputs.one_process = Some(Known::certain(why.to_owned(), files.describe(object)));
        return;
    }
    if deployment.is_some_and(|deployment| deployment.development.is_some()) {
        return;
    }
    // Who runs several knows that all of them are told of the others, or hears of it.
    let counts = |single: &Single| one_now || single.rule == SESSIONS && workers.is_some();
    let heard = |single: &Single| runs(single.rule, files.get(single.place.file).path());
    let all = application.map_or_else(Vec::new, |application| singles(application, inputs.class.value, files));
    let first = all.into_iter().find(|single| counts(single) && heard(single));
    inputs.one_process = first.map(|single| Known::certain(single.why, files.describe(single.place)));
}

/// When something begins.
const fn moment(one: &Beginning) -> &'static str {
    if one.at_import { "when it is imported" } else { "when the application starts" }
}
