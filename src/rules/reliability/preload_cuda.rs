//! Fires when CUDA is used before the server forks.

use super::prelude::*;
use crate::app::BeginningKind;
use crate::deployment::signs;

pub(super) const RULE: Rule = rule!("preload-cuda", Shape::App(check));

fn check(app: &App, service: Option<&Service>, context: &Context, out: &mut Findings) {
    let Some(service) = service else { return };
    // A question touches CUDA only where there is a GPU, and without one nothing uses it afterwards.
    let counts = |what: &str| !is_question(what) || signs::names_a_gpu(context.files);
    if in_configuration(service, &counts, out) {
        return;
    }
    let Some(preload) = service.loads_before_fork() else { return };
    // One finding: the first use is what initialises it.
    let used = |one: &&crate::app::Beginning| one.kind == BeginningKind::Gpu && one.at_import && counts(&one.what);
    let Some(first) = app.beginnings.iter().find(used) else { return };
    out.report(
        first.place,
        "uses CUDA before the fork",
        format!(
            "`{}` runs as the module is imported, with {} before the fork: {}",
            first.what,
            preload.name,
            outcome(&first.what)
        ),
    )
    .related_to(preload.place.map(|place| Located::new("loads the application before the fork".to_owned(), place)))
    .help("load the model in `post_worker_init` or a start-up hook, in as few workers as the GPU has memory for")
    .fix(None);
}

/// Gunicorn loads its configuration in the process that forks, and calls these hooks there.
fn in_configuration(service: &Service, counts: &dyn Fn(&str) -> bool, out: &mut Findings) -> bool {
    let before = |within: Option<&str>| matches!(within, None | Some("on_starting" | "when_ready" | "pre_fork"));
    let Some(file) = service.deployment.configuration.as_ref().filter(|_| service.is_gunicorn()) else { return false };
    let uses = |name: &str| {
        name.starts_with("torch.cuda.") || name.starts_with("torch.") && name.rsplit('.').next() == Some("cuda")
    };
    let Some(call) =
        file.deeds.calls.iter().find(|call| uses(&call.name) && counts(&call.name) && before(call.within.as_deref()))
    else {
        return false;
    };
    let when = call.within.as_ref().map_or_else(|| "as the file is loaded".to_owned(), |hook| format!("in `{hook}`"));
    out.report(
        Place::new(file.file, call.span),
        "uses CUDA before the fork",
        format!("`{}` runs {when}, before the fork: {}", call.name, outcome(&call.name)),
    )
    .help("load the model in `post_worker_init`, in as few workers as the GPU has memory for")
    .fix(None);
    true
}

fn is_question(what: &str) -> bool {
    matches!(what.rsplit('.').next(), Some("is_available" | "device_count"))
}

fn outcome(what: &str) -> &'static str {
    if what.contains("tensorflow") || what.ends_with("Session") {
        "the threads of its session stay in the parent, and no worker has them"
    } else {
        "every worker fails with \"Cannot re-initialize CUDA in forked subprocess\""
    }
}
