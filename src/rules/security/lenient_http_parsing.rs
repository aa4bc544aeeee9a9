//! Fires when the server takes requests that a proxy in front of it may read in another way.

use super::prelude::*;

pub(super) const RULE: Rule = rule!("lenient-http-parsing", Shape::Deployment(check));

/// What lets wrong requests in, and what comes of it.
const SWITCHES: [(&str, &str); 6] = [
    ("permit_obsolete_folding", "headers that go on in the next line, which others read as two"),
    ("strip_header_spaces", "spaces before the colon of a header, under which proxies let other headers through"),
    ("permit_unconventional_http_method", "methods that no rule of a proxy names"),
    ("permit_unconventional_http_version", "versions of HTTP that nobody has defined"),
    ("casefold_http_method", "`get` for `GET`, which rules of a proxy do not match"),
    ("tolerate_dangerous_framing", "a body with two lengths, of which a proxy may believe the other"),
];

fn check(service: &Service, context: &Context, out: &mut Findings) {
    let acts = |name: &str| service.ignored(name).is_none() && service.in_production();
    // Without it, what the other would fold is refused before.
    let any_method = service.deployment.setting("permit_unconventional_http_method");
    let folds = any_method.is_some_and(|any| any.value() == Some(&Value::Bool(true)));
    for (name, what) in SWITCHES.into_iter().filter(|(name, _)| *name != "casefold_http_method" || folds) {
        let Some(setting) = service.deployment.setting(name).filter(|_| acts(name)) else {
            continue;
        };
        let (Some(Value::Bool(true)), Some(place)) = (setting.value(), setting.place()) else {
            continue;
        };
        out.report(place, "lets wrong requests in", format!("`{name}` takes {what}: requests can be smuggled past it"))
            .at_most(setting.confidence())
            .help("remove it, and have the client send correct HTTP")
            .fix(setting.winner.remove(context.files).map(|edits| Fix::safe(format!("remove `{name}`"), edits)));
    }
    let Some(map) = service.deployment.setting("header_map").filter(|_| acts("header_map")) else {
        return;
    };
    let (Some("dangerous"), Some(place)) = (map.text(), map.place()) else { return };
    out.report(
        place,
        "lets clients imitate headers",
        "`header_map = \"dangerous\"` reads `X_Remote_User` as `X-Remote-User`: a client can send what only the proxy should",
    )
    .at_most(map.confidence())
    .help("name the headers with underscores in `forwarder_headers`, and the proxy in `forwarded_allow_ips`")
    .fix(
        map.winner
            .set(context.files, &Value::Str("drop".to_owned()))
            .map(|edit| Fix::unsafe_("drop headers with underscores", vec![edit])),
    );
}
