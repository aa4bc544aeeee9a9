//! Fires when Granian takes fewer connections than its proxy keeps idle.

use super::prelude::*;

pub(super) const RULE: Rule = rule!("granian-backpressure-vs-keepalive", Shape::Deployment(check));

fn check(service: &Service, context: &Context, out: &mut Findings) {
    let deployment = service.deployment;
    if deployment.server != ServerName::Granian || !service.in_production() {
        return;
    }
    let closes = deployment.setting("http1_keep_alive").is_none_or(|keep| keep.value() == Some(&Value::Bool(false)));
    let Some(pressure) = deployment.setting("backpressure").filter(|pressure| pressure.is_set() && !closes) else {
        return;
    };
    let (Some(takes), Some(place)) = (pressure.int(), pressure.place()) else { return };
    let workers = deployment.int("workers").filter(|&count| count > 0).unwrap_or(1);
    let stated = context.stated.proxy_connections.as_ref().map(|known| (known.value, known.source.clone(), None));
    let pool = deployment.proxies.iter().find_map(|proxy| {
        let pool = proxy.keepalive.as_ref()?;
        Some((pool.value, context.files.describe(pool.place), Some(pool.place)))
    });
    let Some((kept, source, kept_at)) = stated.or(pool) else { return };
    let total = takes.saturating_mul(workers);
    if total >= i64::from(kept) {
        return;
    }
    let by_hand = i64::from(kept).saturating_add(workers - 1) / workers * 2;
    let advised = service.advised_or("backpressure", by_hand, context);
    let enough = advised.value;
    out.report(
        place,
        format!("{takes} connections in each worker"),
        format!(
            "`backpressure` limits connections, not requests: {total} in all, and the proxy keeps {kept} idle ones ({source}), \
             so requests are turned away while the workers are idle"
        ),
    )
    .at_most(pressure.confidence())
    .related_to(kept_at.map(|place| Located::new(format!("keeps {kept}"), place)))
    .help(format!("set `backpressure` to {enough}"))
    .fix(advised.fix);
}
