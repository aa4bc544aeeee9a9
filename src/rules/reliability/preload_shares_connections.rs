//! Fires when a connection is opened before the server forks, so that all workers write to the same one.

use super::prelude::*;
use crate::app::BeginningKind;

pub(super) const RULE: Rule = rule!("preload-shares-connections", Shape::App(check));

fn check(app: &App, service: Option<&Service>, _: &Context, out: &mut Findings) {
    let Some(service) = service else { return };
    let Some(preload) = service.loads_before_fork() else { return };
    // A hook that throws the connections of the parent away settles it.
    let renews = ["dispose", "close_all", "close_all_sessions", "close", "reconnect", "disconnect"];
    let hooks = ["post_fork", "post_worker_init"];
    let configuration = service.deployment.configuration.as_ref();
    if configuration.is_some_and(|file| hooks.iter().any(|hook| file.deeds.hook_calls(hook, &renews))) {
        return;
    }
    let opened = |one: &&crate::app::Beginning| one.kind == BeginningKind::Connects && one.at_import && !one.is_guarded;
    for connection in app.beginnings.iter().filter(opened) {
        out.report(
            connection.place,
            "runs before the fork",
            format!(
                "`{}` opens a connection as the module is imported, and with {} that is before the fork: the workers share it \
                 and mix up its answers",
                connection.what, preload.name
            ),
        )
        .related_to(preload.place.map(|place| Located::new("loads the application before the fork".to_owned(), place)))
        .help("open it in the worker: in `post_fork` or `post_worker_init`, in a start-up hook, or with the first use")
        .fix(None);
    }
}
