//! Fires when CUDA is used before the server forks.

use super::prelude::*;
use crate::app::BeginningKind;

pub(super) const RULE: Rule = rule!("preload-cuda", Shape::App(check));

fn check(app: &App, service: Option<&Service>, _: &Context, out: &mut Findings) {
    let Some(service) = service else { return };
    let Some(preload) = service.loads_before_fork() else { return };
    // One finding: the first use is what initialises it.
    let used = |one: &&crate::app::Beginning| one.kind == BeginningKind::Gpu && one.at_import;
    let Some(first) = app.beginnings.iter().find(used) else { return };
    out.report(
        first.place,
        "uses CUDA before the fork",
        format!(
            "`{}` runs as the module is imported, with {} before the fork: every worker fails with \"Cannot re-initialize CUDA \
             in forked subprocess\"",
            first.what, preload.name
        ),
    )
    .related_to(preload.place.map(|place| Located::new("loads the application before the fork".to_owned(), place)))
    .help("load the model in `post_worker_init` or a start-up hook, in as few workers as the GPU has memory for")
    .fix(None);
}
