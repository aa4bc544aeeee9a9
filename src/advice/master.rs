//! What several processes of uWSGI need: a master, and a signal that stops it.
//!
//! Without a master nobody starts a worker again that died, and the second one outlives the first as an orphan that
//! holds the socket; with one SIGTERM reloads instead of stopping, unless `die-on-term` says otherwise (2.0.31, by
//! running it).

use super::changes::{Change, Changes, Manner, Refusal};
use super::insert;
use crate::deployment::{Deployment, Effective};
use crate::findings::Fix;
use crate::servers::Server;
use crate::source::Files;
use crate::values::Value;

/// The settings that are written beside the number of processes.
pub(super) const WANTED: [&str; 2] = ["master", "die_on_term"];

/// Adds a master to a change from one process to several, or refuses both.
pub(super) fn join(changes: &mut Changes, deployment: &Deployment, manner: Manner, files: &Files) {
    let several = |change: &Change| {
        change.setting == "processes" && change.value.as_ref().and_then(Value::as_int).is_some_and(|count| count > 1)
    };
    if deployment.server != Server::Uwsgi || !changes.made.iter().any(several) {
        return;
    }
    match missing(deployment, manner, files) {
        Ok(more) => changes.made.extend(more),
        Err(reason) => {
            changes.made.retain(|change| !several(change));
            changes.refused.push(Refusal { setting: "processes", reason, is_outside: true });
        }
    }
}

/// What has to be written so that there is a master, which may be nothing.
fn missing(deployment: &Deployment, manner: Manner, files: &Files) -> Result<Vec<Change>, String> {
    // The service of a distribution, and an emperor, have options of their own.
    if !is_off(deployment, "master") || deployment.is_run_by_distribution(files) {
        return Ok(Vec::new());
    }
    let set = deployment.setting("master").filter(|master| master.is_set()).and_then(Effective::place);
    if let Some(place) = set {
        // Whoever runs several without one already hears of that from the rules.
        if deployment.int("processes").is_some_and(|count| count > 1) {
            return Ok(Vec::new());
        }
        return Err(format!("several need a master, which {} says no to", files.describe(place)));
    }
    let hooks = deployment.configuration.iter().flat_map(|file| &file.strangers);
    let stops_otherwise = hooks.into_iter().any(|option| option.name == "hook-master-start")
        || deployment.stop_signal.as_ref().is_some_and(|signal| !signal.value.contains("TERM"));
    let is_needed = |name: &&str| *name == "master" || !stops_otherwise && is_off(deployment, name);
    let write = |name: &'static str| {
        let edit = insert::insert(deployment, name, &Value::Bool(true), manner.only, files)
            .map_err(|_| "several need a master: set `master` and `die-on-term` as well".to_owned())?;
        let fix = Fix::unsafe_(format!("set {name}"), vec![edit]);
        Ok(Change { setting: name, value: Some(Value::Bool(true)), fix, unless: None })
    };
    WANTED.into_iter().filter(is_needed).map(write).collect()
}

/// Whether a switch is known to be off.
fn is_off(deployment: &Deployment, name: &str) -> bool {
    let setting = deployment.setting(name);
    setting.is_some_and(|it| it.value() == Some(&Value::Bool(false)) && !deployment.is_implied(it))
}
