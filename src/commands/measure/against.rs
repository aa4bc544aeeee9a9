//! The same application under other servers, as further candidates of one run.
//!
//! Decides which of the servers that are named can run it here, with as many processes and threads as today and an access log
//! where there is one today. How each of them is started so is in its table.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use farrier::app::Interface;
use farrier::deployment::Deployment;
use farrier::measure::{self, Candidate, Launcher, Plan, Warning};
use farrier::servers::{Server, table};
use farrier::values::Value;
use farrier::{Examination, servers};

use super::super::Failure;
use super::super::demo::has;

/// Settings that name folders in which modules are looked for.
const FOLDERS: [&str; 3] = ["app_dir", "pythonpath", "working_dir"];

/// What all of them are started with.
struct Service {
    /// The application, without the call of a factory.
    app: String,
    factory: bool,
    asgi: bool,
    workers: i64,
    threads: Option<i64>,
    logs: bool,
    folder: PathBuf,
}

/// Adds a candidate for each of these servers; those that cannot run here come back with the reason.
pub(super) fn add(
    plan: &mut Plan,
    names: &[Server],
    found: &Examination,
    deployment: &Deployment,
    root: &Path,
    python: &OsStr,
) -> Result<Vec<Warning>, Failure> {
    let refuse = |what: &str| Failure::Usage(format!("{what}, so that other servers cannot be started alike"));
    let asgi =
        is_asgi(found, deployment).ok_or_else(|| refuse("whether the application is ASGI or WSGI is unknown"))?;
    let service = service(deployment, asgi, &root.join(&deployment.folder)).map_err(|what| refuse(&what))?;
    let mut left_out = Vec::new();
    let mut names: Vec<Server> = names.iter().copied().filter(|server| *server != deployment.server).collect();
    let mut seen = Vec::new();
    names.retain(|server| {
        !seen.contains(server) && {
            seen.push(*server);
            true
        }
    });
    if names.is_empty() {
        return Err(Failure::Usage(format!("{} runs it today: name another server", deployment.server)));
    }
    for server in names {
        let label = server.as_str().to_owned();
        match launched(server, &service, python, &plan.folder) {
            Ok((program, arguments)) => {
                let mut candidate = Candidate::new(label, arguments);
                candidate.other = Some(Launcher { server, program });
                plan.candidates.push(candidate);
            }
            Err(reason) => left_out.push(Warning::LeftOut { label, reason }),
        }
    }
    if left_out.len() == seen.len() {
        let all: Vec<String> = left_out.iter().filter_map(told).collect();
        return Err(Failure::Usage(format!("none of these servers can be measured here ({})", all.join("; "))));
    }
    add_folders(plan, deployment, &service.folder);
    Ok(left_out)
}

fn told(warning: &Warning) -> Option<String> {
    let Warning::LeftOut { label, reason } = warning else { return None };
    Some(format!("{label}: {reason}"))
}

/// Whether servers have to speak ASGI to it: by its code, else by what speaks to it today.
fn is_asgi(found: &Examination, deployment: &Deployment) -> Option<bool> {
    let named = |target: &str| deployment.app.as_ref().is_some_and(|app| app.value == target);
    let own = found.applications.iter().flatten().find(|application| named(&application.target));
    let today = || match (deployment.class.map(servers::WorkerClass::interface), deployment.server) {
        (Some(servers::Interface::Asgi), _) | (None, Server::Uvicorn | Server::Daphne) => Some(true),
        (Some(servers::Interface::Wsgi), _) | (None, Server::Uwsgi) => Some(false),
        _ => None,
    };
    match own.map(|application| application.interface) {
        Some(Interface::Asgi) => Some(true),
        Some(Interface::Wsgi) => Some(false),
        Some(Interface::Own(_)) => None,
        Some(Interface::Both | Interface::Unknown) | None => today(),
    }
}

fn service(deployment: &Deployment, asgi: bool, folder: &Path) -> Result<Service, String> {
    let app = deployment.app.as_ref().ok_or("the command names no application")?;
    let mut app = app.value.clone();
    if !app.contains(':') {
        // Each server has a name of its own that it looks for then.
        if deployment.server != Server::Gunicorn {
            return Err("the application is named by its module alone".to_owned());
        }
        app.push_str(":application");
    }
    let called = app.strip_suffix("()").map(str::to_owned);
    let factory = called.is_some() || bool_of(deployment, "factory") == Some(true);
    let app = called.unwrap_or(app);
    if app.contains('(') {
        return Err("the application is made by a call with arguments".to_owned());
    }
    let workers = ["workers", "processes"].into_iter().find_map(|name| deployment.setting(name));
    let workers = match workers.map(|setting| setting.value()) {
        Some(Some(Value::Int(count))) => *count,
        Some(Some(Value::None)) | None => 1,
        Some(_) => return Err("how many processes run is unknown".to_owned()),
    };
    let threads = ["threads", "blocking_threads"].into_iter().find_map(|name| deployment.int(name));
    // Greenlets are not so many threads, whatever that is.
    let greenlets = deployment.class.is_some_and(|class| class.model() == servers::Model::Greenlets);
    let threads = threads.filter(|_| !asgi && !greenlets);
    Ok(Service { app, factory, asgi, workers, threads, logs: logs(deployment), folder: folder.to_owned() })
}

/// Whether each request is logged today.
fn logs(deployment: &Deployment) -> bool {
    let Some(against) = table(deployment.server).against() else { return false };
    let Some(name) = against.access_log.as_deref() else {
        return bool_of(deployment, against.no_access_log.as_deref().unwrap_or_default()) == Some(false);
    };
    match deployment.setting(name).and_then(|setting| setting.value()) {
        Some(Value::Bool(logs)) => *logs,
        Some(Value::Str(place)) => !place.is_empty(),
        _ => false,
    }
}

fn bool_of(deployment: &Deployment, name: &str) -> Option<bool> {
    deployment.setting(name)?.value()?.as_bool()
}

/// The program and the arguments that start the application under this server; else why it cannot be.
fn launched(
    server: Server,
    service: &Service,
    python: &OsStr,
    folder: &Path,
) -> Result<(Vec<OsString>, Vec<String>), String> {
    let against = table(server).against().ok_or("farrier cannot start it so")?;
    let kind = if service.asgi { "ASGI" } else { "WSGI" };
    let threaded = against.threaded.as_ref().filter(|_| service.threads.is_some_and(|threads| threads > 1));
    let words = if service.asgi { against.asgi.as_ref() } else { threaded.or(against.wsgi.as_ref()) };
    let words = words.ok_or_else(|| format!("it runs no {kind} application"))?;
    let program = super::arguments::program_of(python, server);
    if !installed(&program, server, folder) {
        return Err("the Python does not have it".to_owned());
    }
    let factory = against.factory.as_deref().filter(|_| service.factory);
    if service.factory && factory.is_none() {
        return Err("it takes no factory".to_owned());
    }
    let app = if factory == Some(CALL) { format!("{}()", service.app) } else { service.app.clone() };
    let class = if words.iter().any(|word| word.contains("{class}")) { class(python, folder)? } else { "" };
    let mut all = Vec::new();
    for word in words {
        if word.contains("{threads}") && service.threads.is_none() {
            continue;
        }
        let filled = word
            .replace("{workers}", &service.workers.max(1).to_string())
            .replace("{threads}", &service.threads.unwrap_or(1).max(1).to_string())
            .replace("{folder}", &service.folder.to_string_lossy())
            .replace("{class}", class);
        all.push(filled.replace("{app}", &app));
    }
    let mut options: Vec<String> = if service.logs { &against.with_log } else { &against.without_log }.clone();
    options.extend(factory.filter(|option| *option != CALL).map(str::to_owned));
    options.extend(all);
    Ok((program, options))
}

/// Says in a table that a factory is named by a call and not by an option.
const CALL: &str = "call";

/// The class that runs ASGI applications under the Gunicorn that is installed.
fn class(python: &OsStr, folder: &Path) -> Result<&'static str, String> {
    let known = [("uvicorn_worker", "uvicorn_worker.UvicornWorker"), ("gunicorn.workers.gasgi", "asgi")];
    let found = known.into_iter().find(|(module, _)| has(python, module, folder));
    found.map(|(_, class)| class).ok_or_else(|| "it has no class that runs ASGI applications".to_owned())
}

fn installed(program: &[OsString], server: Server, folder: &Path) -> bool {
    let Some(first) = program.first() else { return false };
    if measure::command(server).is_none() {
        return has(first, server.as_str(), folder);
    }
    let mut command = Command::new(first);
    command.arg("--version").current_dir(folder);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// Lets all of them find the modules that an option of today's server makes it find.
fn add_folders(plan: &mut Plan, deployment: &Deployment, folder: &Path) {
    let mut folders = Vec::new();
    for setting in FOLDERS.into_iter().filter_map(|name| deployment.setting(name)) {
        match setting.value() {
            Some(Value::Str(text)) => folders.extend(text.split(',').map(str::to_owned)),
            Some(Value::List(items)) => {
                folders.extend(items.iter().filter_map(|item| item.as_str().map(str::to_owned)));
            }
            _ => {}
        }
    }
    let folders = folders.iter().filter(|path| !path.is_empty()).map(|path| folder.join(path));
    let mut all: Vec<String> = folders.map(|path| path.to_string_lossy().into_owned()).collect();
    if all.is_empty() {
        return;
    }
    let own = plan.environment.iter().rev().find(|(name, _)| name == "PYTHONPATH").map(|(_, value)| value.clone());
    all.extend(own.or_else(|| std::env::var("PYTHONPATH").ok()).filter(|path| !path.is_empty()));
    plan.environment.push(("PYTHONPATH".to_owned(), all.join(":")));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(asgi: bool, factory: bool) -> Service {
        let app = "web.main:app".to_owned();
        Service { app, factory, asgi, workers: 3, threads: Some(4).filter(|_| !asgi), logs: false, folder: "/p".into() }
    }

    #[test]
    fn only_servers_that_can_run_it_are_started() {
        let nowhere = OsStr::new("/nowhere/python");
        let reason = |server, asgi| launched(server, &service(asgi, false), nowhere, Path::new("/")).unwrap_err();
        assert_eq!(reason(Server::Uvicorn, false), "it runs no WSGI application");
        assert_eq!(reason(Server::Uwsgi, true), "it runs no ASGI application");
        assert_eq!(reason(Server::Granian, true), "the Python does not have it");
        assert_eq!(reason(Server::Daphne, true), "farrier cannot start it so");
    }

    #[test]
    fn every_table_fills_its_placeholders() {
        for against in Server::ALL.into_iter().filter_map(|server| table(server).against()) {
            let lists = [&against.asgi, &against.wsgi, &against.threaded];
            for words in lists.into_iter().flatten() {
                assert!(words.iter().any(|word| word.contains("{workers}")), "{words:?}");
                assert!(words.iter().any(|word| word.contains("{app}")), "{words:?}");
            }
            let logs = [&against.access_log, &against.no_access_log];
            assert_eq!(logs.into_iter().flatten().count(), 1, "{against:?}");
        }
    }
}
