//! What a server in Rust runs requests on, and how its numbers are written.
//!
//! A number of threads that follows the cores needs no text: the advice takes out what the code says instead of it.

use super::changes::Change;
use super::configured;
use crate::deployment::{Candidate, Connections, Deployment, Effective, Layer, Native};
use crate::findings::{Edit, Fix};
use crate::servers::Server;
use crate::sizing::{self, Inputs, Item, Known, Runtime, available_parallelism};
use crate::source::{Files, Place};
use crate::values::Value;

/// Adds to `inputs` what is known of the runtime of `native`.
pub(super) fn fill(inputs: &mut Inputs, deployment: &Deployment, native: &Native, files: &Files) {
    let cores = inputs.cpus.as_ref().map(|cpus| cpus.value);
    let (called, setting, blocking) = match deployment.server {
        Server::ActixWeb => ("actix-web", "workers", "worker_max_blocking_threads"),
        Server::Rocket => ("Rocket", "workers", "max_blocking"),
        _ => ("tokio", "worker_threads", "max_blocking_threads"),
    };
    let each = deployment.server == Server::ActixWeb;
    // Rocket 0.5.2 asks `num_cpus`, which counts a part of a core as one.
    let rounds_up = deployment.server == Server::Rocket;
    let by_default = cores.map(|cpus| if rounds_up { cpus.whole_up() } else { available_parallelism(cpus) });
    // The workers of Actix run beside the thread that starts them.
    let single = native.is_single.filter(|single| *single && setting == "worker_threads");
    let single = single.map(|_| native.runtime.map_or_else(String::new, |place| files.describe(place)));
    inputs.configured.workers = configured(deployment, setting, cores, files).or_else(|| {
        let is_unset = deployment.setting(setting).is_some_and(|setting| !setting.is_set());
        by_default.filter(|_| is_unset).map(|threads| Known::certain(threads, "default"))
    });
    let shared = || by_default.filter(|_| each).map(|threads| Known::certain((512 / threads).max(1), "default"));
    let blocking = configured(deployment, blocking, cores, files).or_else(shared).map(|most| (blocking, most));
    let pools = native.connections.iter().map(|pool| connections(pool, files)).collect();
    inputs.runtime = Some(Runtime { called, setting, single, blocking, each, by_default, pools });
}

fn connections(pool: &Connections, files: &Files) -> sizing::Connections {
    let place = files.describe(pool.place);
    let source = pool.told.map_or_else(|| "default".to_owned(), |place| files.describe(place));
    let size = pool.size.map(|size| Known::certain(size, source));
    sizing::Connections { setting: pool.setting, size, place, on_threads: pool.on_threads }
}

/// Takes out of the code what sets a number of threads that is better left to the default.
pub(super) fn left_out(deployment: &Deployment, effective: &Effective, files: &Files) -> Option<Change> {
    deployment.native.as_ref()?;
    let setting = effective.setting.name();
    let Candidate { layer: Layer::Call, .. } = effective.winner else { return None };
    // What comes from outside somebody wants to choose.
    let is_chosen = effective.value().is_none() && effective.winner.host_cores().is_none();
    if is_chosen || !matches!(setting, "worker_threads" | "workers") {
        return None;
    }
    let edits = effective.winner.remove(files)?;
    let fix = Fix::unsafe_(format!("leave {setting} to the default, which follows the limit"), edits);
    Some(Change { setting, value: None, fix, unless: None })
}

/// Sets the size of the pool that `item` is about.
pub(super) fn resized(deployment: &Deployment, item: &Item) -> Option<(Place, Change)> {
    let native = deployment.native.as_ref()?;
    let pool = native.connections.iter().find(|pool| pool.setting == item.setting)?;
    let (place, target) = (pool.literal?, item.target.count()?);
    let edit = Edit::replace(place, target.to_string());
    let fix = Fix::unsafe_(format!("set {} to {target}", item.setting), vec![edit]);
    Some((place, Change { setting: item.setting, value: Some(Value::Int(target.into())), fix, unless: None }))
}

/// Why a setting that nobody sets is not written: nobody knows where in the code it would go.
pub(super) fn not_inserted(deployment: &Deployment, item: &Item, files: &Files) -> Option<String> {
    let native = deployment.native.as_ref()?;
    let place = files.describe(native.serving);
    Some(format!("nothing sets it: where {place} makes the server, set {} to {}", item.setting, item.target))
}
