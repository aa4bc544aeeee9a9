//! Fires when a container runs a server in Rust that nobody tells to finish its requests.

use super::prelude::*;
use crate::deployment::{Deployment, Graceful};
use crate::servers::Version;

pub(super) const RULE: Rule = rule!("no-graceful-shutdown", Shape::AnyServer(check));

fn check(service: &Service, context: &Context, out: &mut Findings) {
    let deployment = service.deployment;
    let Some(native) = deployment.native.as_ref().filter(|_| service.in_production()) else { return };
    // Outside of a container the signal at least ends the program.
    let Some(container) = deployment.container.filter(|_| native.graceful == Graceful::Absent) else { return };
    let server = deployment.server;
    let kill = service
        .kill(context)
        .map(|kill| format!(" after {} ({})", crate::rules::surroundings::seconds(kill.seconds), kill.source));
    out.report(
        native.serving,
        "nobody tells it to stop",
        format!(
            "nothing listens for SIGTERM, so each deploy cuts requests off: as the first process of its container {server} \
             ignores the signal until the kill{}, and behind an init it ends at once",
            kill.unwrap_or_default()
        ),
    )
    .related(service.container_beside(native.serving).unwrap_or(container), "runs in a container")
    .help(format!("wait for the signal and let requests finish: {}", how(deployment)))
    .fix(graceful(service).map(|edit| Fix::unsafe_("finish requests when SIGTERM comes", vec![edit])));
}

/// What each of them has for it.
fn how(deployment: &Deployment) -> &'static str {
    match deployment.server {
        ServerName::Hyper if deployment.version.version >= Version::new(1, 0, 0) => {
            "`hyper_util::server::graceful::GracefulShutdown`"
        }
        ServerName::Axum | ServerName::Hyper => "`.with_graceful_shutdown(signal)`",
        ServerName::Warp => "`.bind(address).await.graceful(signal).run()`",
        ServerName::Poem => "`.run_with_graceful_shutdown(app, signal, timeout)`",
        ServerName::Tonic => "`.serve_with_shutdown(address, signal)`",
        ServerName::Salvo => "`server.handle()` and `stop_graceful`",
        _ => "by the server's own shutdown",
    }
}

/// The call that lets axum finish, where tokio has signals.
fn graceful(service: &Service) -> Option<Edit> {
    let native = service.deployment.native.as_ref()?;
    let call = native.stopped_by?;
    native.has_signals.then(|| {
        Edit::insert(
            Place::new(call.file, Span::new(call.span.end, call.span.end)),
            ".with_graceful_shutdown(async {\n        \
             let terminate = tokio::signal::unix::SignalKind::terminate();\n        \
             tokio::signal::unix::signal(terminate).expect(\"a handler for SIGTERM\").recv().await;\n    \
             })",
        )
    })
}
