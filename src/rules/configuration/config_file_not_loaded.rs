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
    // A platform says where to listen, which the address of the file would stand against.
    let told_where = matches!(deployment.kind, UnitKind::Procfile | UnitKind::Platform);
    let takes_over = told_where && unloaded.settings.value.iter().any(|name| name == "bind");
    let edit = path
        .filter(|_| !takes_over)
        .and_then(|path| deployment.add_option(context.files, "config", &Value::Str(path.to_owned())));
    let settings: Vec<String> = unloaded.settings.value.iter().take(4).map(|name| format!("`{name}`")).collect();
    let finds = match deployment.server {
        ServerName::Gunicorn if file.name() == "gunicorn.conf.py" => {
            format!("Gunicorn looks for it in the folder it starts in, which is `{}`", shown(&deployment.folder))
        }
        ServerName::Gunicorn => "Gunicorn finds only `gunicorn.conf.py` in the folder it starts in".to_owned(),
        _ => format!("{} reads only the file that `--config` names", deployment.server),
    };
    out.report(
        unloaded.settings.place,
        "never read",
        format!("`{}` sets {} and nothing loads it: {finds}", file.path(), settings.join(", ")),
    )
    .related(deployment.command, "starts without it")
    .help("name it with `-c`, or remove it")
    .fix(edit.map(|edit| Fix::unsafe_("load it", vec![edit])));
}

/// A folder of the project as a person would name it.
const fn shown(folder: &str) -> &str {
    if folder.is_empty() { "." } else { folder }
}
