//! Fires when Uvicorn's supervisor may take a worker for dead that only starts slowly.

use super::prelude::*;
use crate::rules::DeclaredCpus;

pub(super) const RULE: Rule = rule!("uvicorn-healthcheck-window", Shape::Deployment(check));

/// Packages that take seconds to import.
const HEAVY: [&str; 4] = ["torch", "tensorflow", "transformers", "sentence_transformers"];

fn check(service: &Service, context: &Context, out: &mut Findings) {
    let deployment = service.deployment;
    // The supervisor asks its workers for a sign of life since 0.30.
    if deployment.server != ServerName::Uvicorn
        || !service.in_production()
        || deployment.version.version < crate::servers::Version::new(0, 30, 0)
    {
        return;
    }
    let Some(workers) = deployment.setting("workers") else { return };
    let (Some(count), Some(place)) = (workers.int().filter(|&count| count > 1), workers.place()) else { return };
    let option = deployment.setting("timeout_worker_healthcheck");
    if option.is_some_and(Setting::is_set) {
        return;
    }
    // What only a handler imports does not delay the start.
    let imports = |package: &str| service.application.is_some_and(|app| app.starts_with(package));
    let heavy = HEAVY.iter().find(|package| imports(package));
    // A request bounds nothing, only a limit does.
    let stated = service.cpus.and_then(DeclaredCpus::stated).map(|cpus| (cpus.cpus, cpus.source.clone(), None));
    let limit = stated.or_else(|| {
        let limit = deployment.limits.cpus.as_ref()?;
        Some((limit.value, context.files.describe(limit.place), Some(limit.place)))
    });
    let cramped = limit.filter(|(cpus, ..)| cpus.0 < exact(count) && cpus.0 <= 1.0);
    let why = match (heavy, &cramped) {
        (Some(package), _) => format!("importing {package} takes longer than that"),
        (None, Some((cpus, source, _))) => format!("{count} workers start on {cpus} ({source})"),
        (None, None) => return,
    };
    out.report(
        place,
        "asked for a sign of life within 5 s",
        format!(
            "a worker that does not answer within 5 s is killed and started again, and {why}: \"Child process died\""
        ),
    )
    .at_most(workers.confidence())
    .related_to(cramped.and_then(|(cpus, _, place)| Some(Located::new(format!("allows {cpus}"), place?))))
    .help(match option {
        Some(_) => "set `timeout_worker_healthcheck` to 30",
        None => "update to Uvicorn 0.37, which has `--timeout-worker-healthcheck`, and set it to 30",
    })
    .fix(option.and_then(|_| {
        let edit = service.give("timeout_worker_healthcheck", &Value::Int(30), context)?;
        Some(Fix::safe("wait 30 s for a sign of life", vec![edit]))
    }));
}
