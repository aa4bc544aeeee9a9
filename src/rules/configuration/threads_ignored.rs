//! Fires when threads are asked for and the worker class never looks at the number.

use super::prelude::*;

pub(super) const RULE: Rule = rule!("threads-ignored", Shape::Deployment(check));

fn check(service: &Service, context: &Context, out: &mut Findings) {
    if !service.in_production() {
        return;
    }
    // One thread is what every class has anyway.
    let Some(threads) = service.useless("threads", context).filter(|threads| threads.int().is_some_and(|n| n > 1))
    else {
        return;
    };
    let Some(place) = threads.place() else { return };
    let class = service.class_name();
    let asgi = service.speaks() == Some(Interface::Asgi);
    out.report(place, "has no effect", format!("`threads` has no effect: `{class}` never reads it"))
        .at_most(threads.confidence())
        .related(service.class_place(), format!("`{class}` runs the application"))
        .help(if asgi {
            "remove it; `def` handlers run in AnyIO's pool, 40 threads per worker whatever this says"
        } else {
            "remove it, or use `gthread`"
        })
        .fix(threads.winner.remove(context.files).map(|edits| Fix::safe("remove `threads`", edits)));
}
