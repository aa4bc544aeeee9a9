//! Fires when nothing gives the server another user than root.

use super::prelude::*;

pub(super) const RULE: Rule = rule!("run-as-root", Shape::AnyServer(check));

fn check(service: &Service, context: &Context, out: &mut Findings) {
    let deployment = service.deployment;
    let Some(container) = deployment.container.filter(|_| service.in_production()) else {
        return;
    };
    // An image from a registry has a user that nobody here knows.
    let built = matches!(deployment.kind, UnitKind::Image) || deployment.command.file != container.file;
    let own = ["user", "uid"].iter().any(|name| deployment.setting(name).is_some_and(Setting::is_set));
    // Kubernetes refuses to start a container that would run as root then.
    let refused = deployment.surroundings.refuses_root;
    let root = deployment.user.as_ref().is_none_or(|user| matches!(user.value.as_str(), "root" | "0" | "0:0"));
    if !built || own || refused || !root || deployment.surroundings.user_is_open {
        return;
    }
    let place = deployment.user.as_ref().map_or(container, |user| user.place);
    out.report(place, "no other user", format!("{} runs as root in its container", deployment.server))
        .related(deployment.command, "starts it")
        .help("create a user in the image and switch to it with `USER`")
        .fix(switch(service, context).map(|edit| Fix::unsafe_("create a user, and switch to it", vec![edit])));
}

/// The lines that give the image a user, by the tools that its base has.
fn switch(service: &Service, context: &Context) -> Option<Edit> {
    let deployment = service.deployment;
    let base = deployment.base.as_ref()?.value.as_str();
    let name = base.split(['@', ':']).next()?.rsplit('/').next()?;
    let creates = match name {
        _ if base.contains("alpine") => "adduser -D app",
        "python" | "debian" | "ubuntu" => "useradd --create-home app",
        _ => return None,
    };
    // A port below 1024 may be refused to others.
    let low = service.ports().iter().any(|&port| port < 1024);
    let text = format!("RUN {creates}\nUSER app\n");
    if low || deployment.user.is_some() { None } else { service.before_instruction(&text, context) }
}
