//! Fires when several processes are asked for an application that only the first of them has.

use super::prelude::*;

pub(super) const RULE: Rule = rule!("app-object-with-workers", Shape::Deployment(check));

fn check(service: &Service, context: &Context, out: &mut Findings) {
    let deployment = service.deployment;
    // An expression is only known to be no text once the application is known that it comes to.
    let handed =
        deployment.handed.filter(|_| service.application.is_some() && deployment.server == ServerName::Uvicorn);
    let Some(object) = deployment.object.or(handed) else { return };
    let asks = |setting: &&Setting| match setting.value() {
        Some(Value::Bool(asks)) => *asks,
        Some(value) => value.as_int().is_some_and(|count| count > 1),
        None => false,
    };
    let setting = ["reload", "workers"].iter().find_map(|name| deployment.setting(name).filter(asks));
    if deployment.object.is_none() && setting.is_none() {
        return;
    }
    let name = setting.map_or("workers", |setting| setting.setting.name());
    let written = context.files.text_at(object);
    // Only a name of the module itself is what the text in its place would lead to.
    let app = deployment.app.as_ref().map(|app| app.value.as_str());
    let text = app.filter(|app| app.split_once(':').is_some_and(|(_, attribute)| attribute == written));
    out.report(
        object,
        "exists in this process only",
        format!(
            "with `{name}` Uvicorn has other processes import the application, so it exits: \"You must pass the \
             application as an import string to enable 'reload' or 'workers'.\""
        ),
    )
    .related_to(
        setting.and_then(Setting::place).map(|place| Located::new(format!("`{name}` asks for other processes"), place)),
    )
    .help(match text {
        Some(text) => format!("pass `\"{text}\"` instead of the object"),
        None => "pass a text such as `\"main:app\"` instead of the object".to_owned(),
    })
    .fix(text.map(|text| {
        Fix::safe(format!("name the application `{text}`"), vec![Edit::replace(object, format!("\"{text}\""))])
    }));
}
