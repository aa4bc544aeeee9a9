//! Fires when a thread is started before the server forks, so that no worker has it.

use super::prelude::*;
use crate::app::BeginningKind;

pub(super) const RULE: Rule = rule!("preload-kills-threads", Shape::App(check));

fn check(app: &App, service: Option<&Service>, context: &Context, out: &mut Findings) {
    let Some(service) = service else { return };
    let Some(preload) = service.loads_before_fork() else { return };
    let started = |one: &&crate::app::Beginning| {
        // What it leaves in a store the workers find there, whichever process does it.
        matches!(one.kind, BeginningKind::Threads | BeginningKind::Schedules) && one.at_import && !one.stores
    };
    for thread in app.beginnings.iter().filter(started) {
        // Whoever says that it belongs to the parent means it.
        let remark = context.remark(thread.place).to_lowercase();
        if ["master", "arbiter", "parent", "once"].iter().any(|word| remark.contains(word)) {
            continue;
        }
        out.report(
            thread.place,
            "started before the fork",
            format!(
                "`{}` starts a thread as the module is imported, and with {} that is before the fork: no worker has it",
                thread.what, preload.name
            ),
        )
        .related_to(preload.place.map(|place| Located::new("loads the application before the fork".to_owned(), place)))
        .help("start it in `post_fork` or `post_worker_init`, or in a start-up hook of the application")
        .fix(None);
    }
}
