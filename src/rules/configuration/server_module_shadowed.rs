//! Fires when a file of the project has the name of the package that is meant.

use super::prelude::*;

pub(super) const RULE: Rule = rule!("server-module-shadowed", Shape::Deployment(check));

fn check(service: &Service, context: &Context, out: &mut Findings) {
    let deployment = service.deployment;
    for shadow in &deployment.shadows {
        let (name, path) = (shadow.name, context.files.get(shadow.place.file).path());
        let what = match shadow.import {
            None => {
                format!("`python -m {name}` runs `{path}`, which lies in the folder it starts in, and not the server")
            }
            Some(_) => {
                format!("`import {name}` gives `{path}` and not the package: the folder of the application comes first")
            }
        };
        out.report(shadow.place, "in front of the package", what)
            .related(deployment.command, "starts here")
            .related_to(shadow.import.map(|place| Located::new(format!("means the package {name}"), place)))
            .help("give the file another name")
            .fix(None);
    }
}
