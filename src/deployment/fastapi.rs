//! `fastapi run`: Uvicorn behind a command line of its own.
//!
//! It shares the options that are read here with Uvicorn and has defaults of its own for the rest
//! (fastapi-cli 0.0.34), which are left unknown.

use super::Deployment;
use super::commands::Start;
use super::effective::{Candidate, Layer, Resolved};
use crate::source::Located;

/// Settings whose default `fastapi run` replaces, or whose variable it does not read.
const OWN: [&str; 2] = ["host", "port"];

/// Corrects a deployment that was read as if Uvicorn had been called.
pub(super) fn adjust(deployment: &mut Deployment, start: &Start) {
    // Its own options are unknown to Uvicorn and no reason to refuse the start.
    deployment.errors.clear();
    for name in OWN {
        deployment.settings.change_default(name, |setting| Candidate {
            value: Resolved::Unknown("`fastapi run` chooses it".to_owned()),
            layer: Layer::Default,
            ..setting.clone()
        });
    }
    deployment.app = target(start);
}

/// `fastapi run app/main.py --app api` serves `app.main:api`; without a name it looks for `app`.
fn target(start: &Start) -> Option<Located<String>> {
    let texts: Vec<&str> = start.arguments.iter().map(|argument| argument.text.as_deref().unwrap_or("")).collect();
    let at = texts
        .iter()
        .position(|text| std::path::Path::new(text).extension().is_some_and(|extension| extension == "py"))?;
    let name = texts.iter().position(|text| *text == "--app").and_then(|flag| texts.get(flag + 1)).unwrap_or(&"app");
    let module = texts[at].trim_start_matches("./").trim_end_matches(".py").replace('/', ".");
    Some(Located::new(format!("{module}:{name}"), start.arguments[at].place))
}
