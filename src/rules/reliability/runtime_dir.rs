//! Fires when Gunicorn has no folder to write the heartbeat of its workers to.

use super::prelude::*;

pub(super) const RULE: Rule = rule!("runtime-dir", Shape::Deployment(check));

/// Where Python looks for a folder for temporary files.
const TEMPORARY: [&str; 3] = ["/tmp", "/var/tmp", "/usr/tmp"];

fn check(service: &Service, context: &Context, out: &mut Findings) {
    let deployment = service.deployment;
    let Some(read_only) = deployment.surroundings.read_only.filter(|_| service.is_gunicorn()) else { return };
    // Whoever names a folder has seen to it, and an unknown one may be any.
    if deployment.setting("worker_tmp_dir").is_none_or(|folder| folder.value() != Some(&Value::None)) {
        return;
    }
    let writable = deployment.surroundings.writable.iter().map(|path| path.trim_end_matches('/'));
    let is_temporary = |path: &str| path.is_empty() || TEMPORARY.contains(&path);
    if writable.clone().any(is_temporary) || deployment.environment.iter().any(|(name, _)| name == "TMPDIR") {
        return;
    }
    out.report(
        read_only,
        "nothing can be written",
        "Gunicorn writes the heartbeat of its workers to a temporary file, and on a read-only file system no folder takes it",
    )
    .related(deployment.command, "starts Gunicorn")
    .help("set `worker_tmp_dir = \"/dev/shm\"`, or mount an `emptyDir` or a `tmpfs` at `/tmp`")
    .fix(
        service
            .give("worker_tmp_dir", &Value::Str("/dev/shm".to_owned()), context)
            .map(|edit| Fix::safe("keep the heartbeat in memory", vec![edit])),
    );
}
