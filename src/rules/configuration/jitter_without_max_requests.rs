//! Fires when restarts are spread over a range and nothing ever restarts a worker.

use super::prelude::*;

pub(super) const RULE: Rule = rule!("jitter-without-max-requests", Shape::Deployment(check));

/// What Gunicorn and Uvicorn call the spread, and what it is a spread of.
const PAIRS: [(&str, &str); 2] =
    [("max_requests_jitter", "max_requests"), ("limit_max_requests_jitter", "limit_max_requests")];

fn check(service: &Service, _: &Context, out: &mut Findings) {
    if !service.in_production() {
        return;
    }
    for (spread, limit) in PAIRS {
        let (Some(jitter), Some(requests)) = (service.deployment.setting(spread), service.deployment.setting(limit))
        else {
            continue;
        };
        let Some((count, place)) = jitter.int().filter(|count| *count > 0).zip(jitter.place()) else {
            continue;
        };
        // A limit that comes from a variable may well be there in production.
        let none = matches!(requests.value(), Some(Value::None | Value::Int(0))) && requests.winner.is_settled();
        if !none {
            continue;
        }
        out.report(
            place,
            "nothing to spread",
            format!("`{spread} = {count}` has no effect: without `{limit}` no worker is ever restarted"),
        )
        .at_most(jitter.confidence())
        .related_to(requests.place().map(|place| Located::new(format!("`{limit}` is switched off here"), place)))
        .help(format!("set `{limit}` too if workers are to be restarted, else remove `{spread}`"))
        .fix(None);
    }
}
