//! Fires when a setting of Gunicorn is given to a worker that serves with Uvicorn and never looks at it.

use super::prelude::*;
use crate::servers::Kind;

pub(super) const RULE: Rule = rule!("uvicorn-worker-ignores-setting", Shape::Deployment(check));

/// What to do instead, where there is something.
const INSTEAD: [(&str, &str); 6] = [
    ("access_log_format", "configure the logger `uvicorn.access` in `logconfig_dict`"),
    ("secure_scheme_headers", "Uvicorn knows `X-Forwarded-Proto` only: have the proxy send that"),
    ("pre_request", "use a middleware of the application"),
    ("post_request", "use a middleware of the application"),
    ("root_path", "pass `root_path` to the application, or subclass the worker with `CONFIG_KWARGS`"),
    ("limit_request_line", "set limits in the proxy, or `h11_max_incomplete_event_size` in `CONFIG_KWARGS`"),
];

fn check(service: &Service, context: &Context, out: &mut Findings) {
    if !service.in_production() || !service.serves_by_uvicorn() {
        return;
    }
    for setting in service.ineffective(context) {
        let name = setting.setting.name();
        let Some(place) = setting.place() else { continue };
        let instead = INSTEAD.iter().find(|(known, _)| *known == name);
        let class = service.class_name();
        out.report(place, "has no effect", format!("`{name}` has no effect: `{class}` never looks at it"))
            .at_most(setting.confidence())
            .related(service.class_place(), format!("`{class}` runs the application"))
            .help(match instead {
                Some((_, instead)) => format!("remove it; {instead}"),
                None => "remove it, or use Gunicorn's own `asgi` class where that acts on it".to_owned(),
            })
            .fix(setting.winner.remove(context.files).map(|edits| {
                let title = format!("remove `{name}`");
                // What somebody programmed has to go elsewhere, and not away.
                let is_code = setting.setting.at(service.deployment.version.version).kind() == Kind::Callable;
                if is_code { Fix::unsafe_(title, edits) } else { Fix::safe(title, edits) }
            }));
    }
}
