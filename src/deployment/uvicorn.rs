//! What is peculiar to how Uvicorn is configured (0.54.0).

use super::effective::{Effective, Settings};
use super::environment::{Entry, Environment};
use super::locate::Roots;
use crate::read::Facts;
use crate::servers::Version;
use crate::servers::arguments::Arguments;
use crate::source::{Files, Located, Place};
use crate::values::Value;

/// The environment after `--env-file`, which `Config.__init__` loads before it looks at `WEB_CONCURRENCY` and
/// `FORWARDED_ALLOW_IPS`. What is there already stays, and the variables of options were read before.
pub(super) fn with_file(
    environment: &Environment,
    given: &Arguments,
    roots: &Roots,
    files: &Files,
    facts: &Facts,
) -> Environment {
    let environment = environment.clone();
    let variable = || environment.entry("UVICORN_ENV_FILE").and_then(|entry| entry.text.clone());
    let named = match given.last("env_file") {
        Some(given) => given.text.clone(),
        None => variable().filter(|text| !text.is_empty()),
    };
    with_named(environment, named, roots, files, facts)
}

/// The same for a file that is named already.
pub(super) fn with_named(
    environment: Environment,
    named: Option<String>,
    roots: &Roots,
    files: &Files,
    facts: &Facts,
) -> Environment {
    let mut environment = environment;
    let file = named.and_then(|path| roots.file(files, &path));
    if let Some(variables) = file.and_then(|file| facts.environments.get(&file)) {
        let read_later = |name: &str| name == "WEB_CONCURRENCY" || name == "FORWARDED_ALLOW_IPS";
        let mut loaded = environment.clone();
        loaded.extend(variables, &|_| None);
        environment.take_over(loaded, read_later);
    }
    environment
}

/// The variable that names the application, where it holds one; its text may be unknown.
pub(super) fn app_variable(environment: &Environment, version: Version) -> Option<&Entry> {
    let reads = version >= Version::new(0, 24, 0);
    environment.entry("UVICORN_APP").filter(|entry| reads && entry.text.as_deref() != Some(""))
}

/// What stops the start although every option was taken.
pub(super) fn at_start(settings: &Settings, command: Place) -> Vec<Located<String>> {
    let value = |name: &str| settings.get(name).and_then(Effective::value);
    let http2 = settings.get("http2").filter(|http2| http2.value() == Some(&Value::Bool(true)));
    match (http2, value("http").and_then(Value::as_str)) {
        (Some(http2), Some(http)) if http != "zttp" => {
            let what = format!("`http2`: HTTP/2 needs `--http zttp`, not `{http}`");
            vec![Located::new(what, http2.place().unwrap_or(command))]
        }
        _ => Vec::new(),
    }
}
