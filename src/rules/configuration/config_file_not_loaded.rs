//! Fires when a file sets Gunicorn up and the server is started without it.

use super::prelude::*;
use crate::deployment::Unloaded;

pub(super) const RULE: Rule = rule!("config-file-not-loaded", Shape::File(check));

fn check(unloaded: &Unloaded, context: &Context, out: &mut Findings) {
    let Some(deployment) = context.deployments.get(unloaded.server) else { return };
    let file = context.files.get(unloaded.file);
    let prefix = if deployment.folder.is_empty() { String::new() } else { format!("{}/", deployment.folder) };
    // The path that the server would find it at, where it starts in the folder of the application.
    let path = file.path().strip_prefix(&prefix);
    let edit = path.and_then(|path| deployment.add_option(context.files, "config", &Value::Str(path.to_owned())));
    let settings: Vec<String> = unloaded.settings.value.iter().take(4).map(|name| format!("`{name}`")).collect();
    out.report(
        unloaded.settings.place,
        "never read",
        format!(
            "`{}` sets {} and nothing loads it: Gunicorn finds only `gunicorn.conf.py` in the folder it starts in",
            file.path(),
            settings.join(", ")
        ),
    )
    .related(deployment.command, "starts without it")
    .help("name it with `-c`, or remove it")
    .fix(edit.map(|edit| Fix::unsafe_("load it", vec![edit])));
}
