//! Fires when all processes together may open more connections than the database allows.

use super::prelude::*;
use crate::app::{Framework, KeepsakeKind};
use crate::deployment::Surge;
use crate::deployment::UnitKind;

pub(super) const RULE: Rule = rule!("db-connection-budget", Shape::App(check));

/// Connections that `PostgreSQL` keeps for its superuser.
const RESERVED: u32 = 3;

fn check(app: &App, service: Option<&Service>, context: &Context, out: &mut Findings) {
    let Some(service) = service.filter(|service| service.in_production()) else { return };
    let stated = context.stated;
    let Some((limit, limit_source, limit_at, surest)) = limit(service, context) else { return };
    // A pooler has a budget of its own.
    if stated.pooler.as_ref().is_some_and(|pooler| pooler.value) {
        return;
    }
    let Some((place, each)) = pools(app).or_else(|| by_threads(app, service)) else { return };
    // A worker takes no more connections of its pool than it serves requests at once.
    let each = match service.deployment.class.map(WorkerClass::model) {
        Some(Model::OneRequest) => each.min(1),
        Some(Model::Threads) => service.threads().map_or(each, |threads| each.min(threads)),
        _ => each,
    };
    let Some(workers) = service.workers() else { return };
    let Some(count) = workers.int() else { return };
    let known = service.copies(context);
    let is_open = known.is_none();
    // How many there are nobody says, but one there is.
    let (copies, source, copies_at) =
        known.unwrap_or_else(|| (1, "at least; `replicas` in `[host]` says how many".to_owned(), None));
    let more = match service.deployment.surroundings.surge {
        _ if is_open => 0,
        Some(surge) => surge.of(copies),
        None if service.deployment.kind == UnitKind::KubernetesContainer => Surge::Share(0.25).of(copies),
        None => 0,
    };
    let surge = i64::from(copies) + i64::from(more);
    let total = surge.saturating_mul(count).saturating_mul(each);
    let others = stated.reserved_connections.as_ref();
    let reserved = others.map_or(RESERVED, |reserved| reserved.value);
    let limit_source = match others {
        Some(others) => format!("{limit_source}; {}", others.source),
        None => limit_source,
    };
    let budget = i64::from(limit) - i64::from(reserved);
    if total <= budget {
        return;
    }
    let more = if surge > i64::from(copies) { format!(" ({surge} during an update)") } else { String::new() };
    out.report(
        place,
        format!("up to {each} in each worker"),
        format!(
            "{copies} cop{}{more} ({source}) x {count} workers x {each} connections = {total}, and the database has {budget} \
             for it ({limit} - {reserved}, {limit_source})",
            if copies == 1 { "y" } else { "ies" },
        ),
    )
    .at_most(workers.confidence().min(surest))
    .related_to(limit_at.map(|place| Located::new(format!("allows {limit}"), place)))
    .related_to(workers.place().map(|place| Located::new(format!("{count} workers"), place)))
    .related_to(copies_at.filter(|_| copies > 1).map(|place| Located::new(format!("{copies} copies"), place)))
    .help("make the pools smaller, or put a pooler such as PgBouncer in between")
    .fix(None);
}

/// What the pools of an application open in each worker, and where the first is made.
fn pools(app: &App) -> Option<(Place, i64)> {
    let each = app.connections.iter().map(|pool| i64::from(pool.size.0) + i64::from(pool.overflow.0)).sum();
    Some((app.connections.first()?.place, each))
}

/// Django keeps one connection for each thread, or greenlet, that has served a request, where it is told to keep any.
fn by_threads(app: &App, service: &Service) -> Option<(Place, i64)> {
    let kept = app.keepsakes.iter().find(|kept| matches!(kept.kind, KeepsakeKind::Connections { .. }))?;
    let known = app.framework == Framework::Django && app.interface == AppInterface::Wsgi;
    let deployment = service.deployment;
    // Whoever leaves the number of greenlets to the default has not asked for a thousand of them.
    if deployment.class.is_some_and(|class| class.model() == Model::Greenlets) {
        let greenlets = deployment.setting("worker_connections").filter(|greenlets| known && greenlets.is_set())?;
        return Some((kept.place, greenlets.int()?));
    }
    let slots = service.slots().filter(|_| known)?;
    let workers = service.workers()?.int().filter(|workers| *workers > 0)?;
    Some((kept.place, slots.div_euclid(workers)))
}

/// How many connections the database allows, who says so, where, and how sure that is: the user, or the one database
/// that runs beside the service.
fn limit(service: &Service, context: &Context) -> Option<(u32, String, Option<Place>, Confidence)> {
    if let Some(stated) = context.stated.database_connections.as_ref() {
        return Some((stated.value, stated.source.clone(), None, Confidence::High));
    }
    let beside = |database: &&crate::deployment::Database| database.file == service.deployment.command.file;
    let mut databases = context.databases.iter().filter(beside);
    let (Some(database), None) = (databases.next(), databases.next()) else { return None };
    let connections = &database.connections;
    let place = context.files.describe(connections.place);
    let (source, sure) = if database.by_default {
        (format!("the default of `{}`, {place}", database.service), Confidence::Medium)
    } else {
        (place, Confidence::High)
    };
    (service.deployment.kind == UnitKind::ComposeService).then_some((
        connections.value,
        source,
        Some(connections.place),
        sure,
    ))
}
