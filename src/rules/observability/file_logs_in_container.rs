//! Fires when a log is written to a file that dies with its container.

use super::prelude::*;

pub(super) const RULE: Rule = rule!("file-logs-in-container", Shape::Deployment(check));

fn check(service: &Service, context: &Context, out: &mut Findings) {
    let deployment = service.deployment;
    let Some(container) = deployment.container.filter(|_| service.in_production()) else {
        return;
    };
    let uwsgi = deployment.server == ServerName::Uwsgi;
    for name in ["accesslog", "errorlog", "logto", "logger"] {
        let Some(log) = deployment.setting(name).filter(|log| log.changes()) else {
            continue;
        };
        // `logger = file:/var/log/app.log` is one of several.
        let first = |value: &Value| match value {
            Value::List(all) => all.iter().find_map(|one| Some(one.as_str()?.strip_prefix("file:")?.to_owned())),
            value => value.as_str().map(str::to_owned),
        };
        let (Some(path), Some(place)) = (log.value().and_then(first), log.place()) else { continue };
        // A path below the working folder may lie on any volume.
        let volume = deployment.outside.volumes.iter().any(|volume| {
            let folder = volume.trim_end_matches('/');
            path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
        });
        let stream = path == "-" || path.starts_with("/dev/") || path.starts_with("/proc/");
        // Somebody may have made the file a link to the standard output.
        let linked = deployment.outside.linked.contains(&path);
        if stream || volume || linked || !path.starts_with('/') {
            continue;
        }
        out.report(
            place,
            "inside the container",
            format!("`{name}` grows at {path} inside the container, and is gone with it"),
        )
        .at_most(log.confidence())
        .related(container, "has no volume there")
        .help(if uwsgi {
            "leave it out: uWSGI writes to the standard error then"
        } else {
            "write to what the container shows: `-`"
        })
        .fix(if uwsgi {
            log.winner.remove(context.files).map(|edits| Fix::safe(format!("remove `{name}`"), edits))
        } else {
            service
                .set(name, &Value::Str("-".to_owned()), context)
                .map(|edit| Fix::safe("write to the output of the container", vec![edit]))
        });
    }
}
