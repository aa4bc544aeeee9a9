//! Fires when a file of the project has the name of the package that is meant.

use super::prelude::*;

pub(super) const RULE: Rule = rule!("server-module-shadowed", Shape::Deployment(check));

/// Packages that a server is started from, and those that an application imports.
const SERVERS: [&str; 5] = ["gunicorn", "uvicorn", "hypercorn", "granian", "daphne"];
const FRAMEWORKS: [&str; 5] = ["fastapi", "flask", "starlette", "django", "quart"];

fn check(service: &Service, context: &Context, out: &mut Findings) {
    let deployment = service.deployment;
    let command = context.files.text_at(deployment.command);
    let words: Vec<&str> =
        command.split(|c: char| c.is_whitespace() || "\"',[]".contains(c)).filter(|word| !word.is_empty()).collect();
    let by_module = |name: &str| words.windows(2).any(|pair| pair == ["-m", name]);
    for name in SERVERS.into_iter().chain(FRAMEWORKS) {
        let folder = if deployment.folder.is_empty() { String::new() } else { format!("{}/", deployment.folder) };
        let path = format!("{folder}{name}.py");
        let Some(file) = context.files.find(&path) else { continue };
        let runs = SERVERS.contains(&name) && by_module(name);
        let imported = FRAMEWORKS.contains(&name).then(|| importer(name, &folder, file, context)).flatten();
        if !runs && imported.is_none() {
            continue;
        }
        let what = if runs {
            format!("`python -m {name}` runs `{path}`, which lies in the folder it starts in, and not the server")
        } else {
            format!("`import {name}` gives `{path}` and not the package: the folder of the application comes first")
        };
        let place = Place::new(file, first_statement(context.files.get(file).text()));
        out.report(place, "in front of the package", what)
            .related(deployment.command, "starts here")
            .related_to(imported.map(|place| Located::new(format!("means the package {name}"), place)))
            .help("give the file another name")
            .fix(None);
    }
}

/// Where another file in the folder imports the package of that name.
fn importer(name: &str, folder: &str, own: FileId, context: &Context) -> Option<Place> {
    let starts = [format!("from {name} import "), format!("import {name}"), format!("from {name}.")];
    context.files.iter().filter(|(file, source)| *file != own && source.path().starts_with(folder)).find_map(
        |(file, source)| {
            if !source.is_python() {
                return None;
            }
            let mut at = 0;
            for line in source.text().split_inclusive('\n') {
                if starts.iter().any(|start| line.starts_with(start.as_str())) {
                    return Some(Place::new(file, Span::new(at, at + line.trim_end().len())));
                }
                at += line.len();
            }
            None
        },
    )
}

/// The first line that says something; the beginning of a file that does not.
fn first_statement(text: &str) -> Span {
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let bare = line.trim_end();
        if !bare.is_empty() && !bare.starts_with('#') {
            return Span::new(at, at + bare.len());
        }
        at += line.len();
    }
    Span::new(0, 0)
}
