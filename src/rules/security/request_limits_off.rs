//! Fires when a request line may be as long as a client likes.

use super::prelude::*;

pub(super) const RULE: Rule = rule!("request-limits-off", Shape::Deployment(check));

fn check(service: &Service, context: &Context, out: &mut Findings) {
    let name = "limit_request_line";
    let Some(limit) = service.deployment.setting(name).filter(|_| service.ignored(name).is_none()) else {
        return;
    };
    let (Some(0), Some(place)) = (limit.int(), limit.place().filter(|_| service.in_production())) else {
        return;
    };
    let proxy = service.deployment.proxies.first();
    let report = out
        .report(place, "no limit", "`limit_request_line = 0` lets one request line take all memory of a worker")
        .at_most(limit.confidence());
    // A proxy refuses long lines before the server sees them.
    let report = match proxy {
        Some(proxy) => report.severity(Severity::Advice).related(proxy.place, "has a limit of its own"),
        None => report,
    };
    report.help("set 8190, the most that Gunicorn counts").fix(
        service
            .set(name, &Value::Int(8190), context)
            // Somebody may rely on longer ones.
            .map(|edit| Fix::unsafe_("limit request lines to 8190 bytes", vec![edit])),
    );
}
