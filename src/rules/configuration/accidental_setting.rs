//! Fires when a configuration file uses the name of a setting for something else.

use super::prelude::*;

pub(super) const RULE: Rule = rule!("accidental-setting", Shape::Deployment(check));

fn check(service: &Service, _: &Context, out: &mut Findings) {
    let deployment = service.deployment;
    let Some(configuration) = &deployment.configuration else { return };
    for accident in &configuration.accidental {
        let (name, place) = (&accident.name.value, accident.name.place);
        // Where the server refuses what it finds, that is said already.
        if deployment.errors.iter().any(|error| error.value.contains(&format!("`{name}`"))) {
            continue;
        }
        let Some(setting) = deployment.setting(name).filter(|setting| setting.winner.layer == Layer::ConfigFile) else {
            continue;
        };
        let reads = match name.as_str() {
            "user" => "the account to switch to",
            "group" => "the group to switch to",
            _ => "a setting of its own",
        };
        out.report(place, "taken for a setting", format!("Gunicorn reads this `{name}` as {reads}"))
            .at_most(if setting.value().is_some() { Confidence::High } else { Confidence::Medium })
            .help(format!("give it another name, such as `_{name}`"))
            .fix(accident.renamed.as_ref().map(|(new, uses)| {
                let edits = uses.iter().map(|(place, text)| Edit::replace(*place, text.as_str())).collect();
                Fix::unsafe_(format!("call it `{new}`"), edits)
            }));
    }
}
