//! The command line that brings the settings of a launch about outside its container.
//!
//! Paths of the image are replaced by those of the project, and words that hold unknown variables are left out.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use farrier::deployment::{Deployment, Effective, Layer};
use farrier::measure;
use farrier::servers::{Action, Server};
use farrier::sizing::{Advice, Amount, Class, Verdict};
use farrier::values::Value;
use farrier::{Examination, deployment};

use super::super::Failure;
use super::serves_asgi;
use crate::cli::Measure;

/// Options of uWSGI that would read a file again whose settings are all on the command line.
const FILES_OF_UWSGI: [&str; 6] = ["ini", "yaml", "xml", "json", "config", "vassals_include"];

/// The arguments of the current settings, without the server itself.
pub(super) fn current(found: &Examination, deployment: &Deployment, root: &Path) -> Result<Vec<String>, Failure> {
    if deployment.server == Server::Uwsgi {
        return of_uwsgi(deployment, root);
    }
    let app = deployment.app.as_ref().ok_or_else(|| Failure::Usage("the command names no application".to_owned()))?;
    let mut words = Vec::new();
    if let Some(configuration) = &deployment.configuration {
        words.push("--config".to_owned());
        words.push(root.join(found.files.get(configuration.file).path()).to_string_lossy().into_owned());
    }
    for (name, setting) in deployment.settings.iter() {
        let decided = measure::decided(deployment.server).iter().any(|known| known == name);
        if decided
            && deployment.server != Server::Gunicorn
            && setting.winner.layer == Layer::ConfigFile
            && name != "bind"
        {
            return Err(Failure::Usage(format!(
                "`{name}` of the configuration cannot be taken back for a measured run"
            )));
        }
        if decided || matches!(name, "config" | "chdir") || setting.winner.layer < Layer::OptionsVariable {
            continue;
        }
        words.extend(option(deployment, setting).into_iter().flatten());
    }
    words.push(app.value.clone());
    Ok(words)
}

/// uWSGI adds up what its files and its command line say, so that a socket of a file could not be taken back: all of
/// it is put on the command line.
fn of_uwsgi(deployment: &Deployment, root: &Path) -> Result<Vec<String>, Failure> {
    let mut words = Vec::new();
    for (name, setting) in deployment.settings.iter() {
        let decided = measure::decided(deployment.server).iter().any(|known| known == name);
        let says_nothing = setting.winner.layer == Layer::Default;
        let elsewhere = matches!(name, "chdir" | "virtualenv" | "uid" | "gid" | "chroot");
        if decided || says_nothing || elsewhere || FILES_OF_UWSGI.contains(&name) {
            continue;
        }
        words.extend(option(deployment, setting).into_iter().flatten());
    }
    let names = |name: &str| words.iter().any(|word| word.starts_with(name));
    if !names("--module") && !names("--wsgi-file") && !names("--mount") {
        let app = deployment.app.as_ref();
        let app = app.ok_or_else(|| Failure::Usage("the settings name no application".to_owned()))?;
        words.push(format!("--module={}", app.value));
    }
    // It does not look into the folder it starts in by itself.
    words.push(format!("--pythonpath={}", absolute(&root.join(&deployment.folder)).display()));
    Ok(words)
}

/// Puts options behind all others, because of several the last one counts: in front of the application, which uWSGI
/// takes as an option like any other.
pub(super) fn with_options(server: Server, arguments: &[String], options: Vec<String>) -> Vec<String> {
    let mut all = arguments.to_vec();
    let at = if server == Server::Uwsgi { all.len() } else { all.len().saturating_sub(1) };
    all.splice(at..at, options);
    all
}

/// An option of the command line that gives a setting its effective value.
fn option(deployment: &Deployment, setting: &Effective) -> Option<Vec<String>> {
    let shape = setting.setting.at(deployment.version.version);
    let flag = shape.flag()?;
    let plain = |value: &Value| match value {
        Value::Str(text) => Some(text.clone()),
        Value::Int(_) | Value::Float(_) => Some(value.to_string()),
        _ => None,
    };
    match (shape.action(), setting.value()?) {
        (Action::Store, value) => Some(vec![format!("{flag}={}", plain(value)?)]),
        (Action::Append, Value::List(items)) => {
            items.iter().map(|item| Some(format!("{flag}={}", plain(item)?))).collect()
        }
        (Action::StoreTrue, Value::Bool(true)) => Some(vec![flag.to_owned()]),
        (Action::StoreTrue, Value::Bool(false)) => Some(vec![shape.off_flags().first()?.clone()]),
        _ => None,
    }
}

/// The same command line with what the advice changes behind it.
pub(super) fn recommended(
    current: &[String],
    deployment: &Deployment,
    advice: &Advice,
    asgi: bool,
) -> Option<Vec<String>> {
    let mut options = Vec::new();
    for item in advice.items.iter().filter(|item| item.verdict == Verdict::Change || item.verdict == Verdict::Unknown) {
        let Some(flag) = deployment.setting(item.setting).and_then(|s| s.setting.at(deployment.version.version).flag())
        else {
            continue;
        };
        let value = match item.target {
            Amount::Count(n) => n.to_string(),
            Amount::Class(Class::EventLoop) => deployment.asgi_class().to_owned(),
            Amount::Class(class) => class.as_str().to_owned(),
            Amount::Named(name) => name.to_owned(),
            // What concerns the end of a run, or the proxy in front, shows in no measurement.
            Amount::Seconds(_) | Amount::Open | Amount::Path(_) => continue,
        };
        options.push(format!("{flag}={value}"));
    }
    let named = options.iter().any(|word| word.starts_with("--worker-class"));
    if deployment.server == Server::Gunicorn && asgi && !serves_asgi(deployment) && !named {
        options.push(format!("--worker-class={}", deployment.asgi_class()));
    }
    (!options.is_empty()).then(|| with_options(deployment.server, current, options))
}

/// The server without its arguments.
pub(super) fn program(wanted: &Measure, deployment: &deployment::Deployment, root: &Path) -> Vec<OsString> {
    program_of(&python(wanted, root), deployment.server)
}

/// A server without its arguments, of the environment of this Python.
pub(super) fn program_of(python: &OsStr, server: Server) -> Vec<OsString> {
    match measure::command(server) {
        // A command lies beside the Python of its environment.
        Some(command) => {
            let beside = Path::new(python).with_file_name(command);
            vec![if beside.is_file() { beside.into_os_string() } else { OsString::from(command) }]
        }
        None => vec![python.to_owned(), OsString::from("-m"), OsString::from(server.as_str())],
    }
}

/// The Python that runs the service.
pub(super) fn python(wanted: &Measure, root: &Path) -> OsString {
    if let Some(python) = &wanted.python {
        // The server starts in a folder of its own; a bare name is looked for in `PATH`.
        let bare = python.components().count() == 1;
        let absolute = if bare { None } else { std::path::absolute(python).ok() };
        return absolute.unwrap_or_else(|| python.clone()).into_os_string();
    }
    let own = std::env::var_os("VIRTUAL_ENV").map(PathBuf::from);
    let beside = [".venv", "venv", "env"].into_iter().map(|name| root.join(name));
    let found = own.into_iter().chain(beside).map(|folder| folder.join("bin/python")).find(|python| python.exists());
    found.map_or_else(|| OsString::from("python3"), |python| absolute(&python).into_os_string())
}

fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf())
}
