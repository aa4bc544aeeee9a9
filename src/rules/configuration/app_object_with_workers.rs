//! Fires when several processes are asked for an application that only the first of them has.

use super::prelude::*;

pub(super) const RULE: Rule = rule!("app-object-with-workers", Shape::Deployment(check));

fn check(service: &Service, context: &Context, out: &mut Findings) {
    let deployment = service.deployment;
    // An expression is only known to be no text once the application is known that it comes to.
    let handed =
        deployment.handed.filter(|_| service.application.is_some() && deployment.server == ServerName::Uvicorn);
    // An object stops the start before any other process does.
    if deployment.repeated && deployment.object.is_none() {
        repeated(service, out);
    }
    let Some(object) = deployment.object.or(handed) else { return };
    let setting = asking(service);
    if deployment.object.is_none() && setting.is_none() {
        return;
    }
    let name = setting.map_or("workers", |setting| setting.setting.name());
    let written = context.files.text_at(object);
    // Only a name of the module itself is what the text in its place would lead to.
    let app = deployment.app.as_ref().map(|app| app.value.as_str()).filter(|_| !deployment.only_run);
    // One that is imported has that name where it comes from, whatever it is called here.
    let is_path = !written.contains(|c: char| !c.is_alphanumeric() && c != '_' && c != '.');
    let elsewhere = is_path && service.application.is_some_and(|application| application.place.file != object.file);
    let text = app.filter(|app| {
        app.split_once(':').is_some_and(|(_, attribute)| attribute == written || elsewhere && !attribute.contains('('))
    });
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
        None if deployment.only_run => {
            "bind the application outside of `if __name__ == \"__main__\":`, and pass its name as a text".to_owned()
        }
        None => "pass a text such as `\"main:app\"` instead of the object".to_owned(),
    })
    .fix(text.map(|text| {
        Fix::safe(format!("name the application `{text}`"), vec![Edit::replace(object, format!("\"{text}\""))])
    }));
}

/// What asks for other processes.
fn asking<'a>(service: &Service<'a>) -> Option<&'a Setting> {
    let asks = |setting: &&Setting| match setting.value() {
        Some(Value::Bool(asks)) => *asks,
        Some(value) => value.as_int().is_some_and(|count| count > 1),
        None => false,
    };
    ["reload", "workers"].iter().find_map(|name| service.deployment.setting(name).filter(asks))
}

/// Processes are started by importing the program again: without a guard each of them starts a server of its own.
fn repeated(service: &Service, out: &mut Findings) {
    let Some(setting) = asking(service).filter(|setting| setting.place().is_some()) else { return };
    out.report(
        service.deployment.command,
        "runs in every process that it starts",
        format!(
            "with `{}` Uvicorn has other processes import this file, and each of them comes to this call again: they fail \
             with \"An attempt has been made to start a new process before the current process has finished its \
             bootstrapping phase\"",
            setting.setting.name()
        ),
    )
    .at_most(setting.confidence())
    .related_to(setting.place().map(|place| Located::new("asks for other processes".to_owned(), place)))
    .help("put it under `if __name__ == \"__main__\":`")
    .fix(None);
}
