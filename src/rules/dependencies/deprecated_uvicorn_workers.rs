//! Fires when a worker class is named that its authors have moved to another package.

use super::prelude::*;

pub(super) const RULE: Rule = rule!("deprecated-uvicorn-workers", Shape::Deployment(check));

fn check(service: &Service, context: &Context, out: &mut Findings) {
    let deployment = service.deployment;
    if !service.in_production() {
        return;
    }
    let Some(class) = deployment.class else {
        return derived(service, out);
    };
    let Some(deprecated) = class.deprecated().filter(|deprecated| deprecated.distribution == "uvicorn") else {
        return;
    };
    // Before the deprecation there was nothing else to use.
    let installed = deployment.version_of("uvicorn");
    if let (Some(installed), Some(since)) = (installed, deprecated.since)
        && installed < since
    {
        return;
    }
    // What an image sets by itself nobody can change here; that the image is old is told by a rule of its own.
    if deployment.base.as_ref().is_some_and(|base| base.place == service.class_place()) {
        return;
    }
    let since = deprecated.since.map_or_else(String::new, |since| format!(" since Uvicorn {since}"));
    let replacement = deprecated.replacement.as_str();
    let package = deprecated.replacement_distribution.as_deref().unwrap_or("uvicorn-worker");
    let has_package = deployment.asks_for(package);
    let value = Value::Str(replacement.to_owned());
    out.report(
        service.class_place(),
        "deprecated, and to be removed",
        format!("`{}` is deprecated{since}; Python hides the warning", service.class_name()),
    )
    .help(format!(
        "use `{replacement}`{}, or Gunicorn's own `asgi` class (25.1 and later)",
        if has_package {
            String::new()
        } else {
            let lock = if deployment.locked { ", and lock it," } else { "" };
            format!(" from the package `{package}`: ask for it first{lock} or the server does not start")
        }
    ))
    .fix(service.set("worker_class", &value, context).and_then(|edit| {
        let title = format!("use `{replacement}`");
        if has_package {
            return Some(Fix::safe(title, vec![edit]));
        }
        service.with_package(title, edit, package, context)
    }));
}

/// A class of the project's own is no better than what it derives from.
fn derived(service: &Service, out: &mut Findings) {
    let deployment = service.deployment;
    let Some(base) = &deployment.class_base else { return };
    let Some(deprecated) = table(deployment.server).class(&base.value).and_then(WorkerClass::deprecated) else {
        return;
    };
    let old = |installed| deprecated.since.is_some_and(|since| installed < since);
    if deprecated.distribution != "uvicorn" || deployment.version_of("uvicorn").is_some_and(old) {
        return;
    }
    let since = deprecated.since.map_or_else(String::new, |since| format!(" since Uvicorn {since}"));
    let replacement = deprecated.replacement.as_str();
    out.report(
        base.place,
        "deprecated, and to be removed",
        format!("`{}` derives from `{}`, which is deprecated{since}", service.class_name(), base.value),
    )
    .related(service.class_place(), "runs it")
    .help(format!("derive from `{replacement}` of the package `uvicorn-worker`"))
    .fix(None);
}
