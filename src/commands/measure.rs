//! `farrier measure`.

use std::ffi::OsString;
use std::io::{IsTerminal, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use farrier::app::Interface;
use farrier::deployment::{Deployment, Effective, Layer};
use farrier::findings::Finding;
use farrier::measure::{self, Candidate, Outcome, Plan, Progress, Stalls, Verdict as Comparison};
use farrier::report::Sighting;
use farrier::servers::{Action, Server};
use farrier::sizing::{Advice, Amount, Class, Verdict};
use farrier::values::Value;
use farrier::{Examination, examine, report};

use super::{Done, Exit, Failure, demo, grid};
use crate::cli::{Cli, Form, Measure, Switch, Watch};

pub(super) fn run(cli: &Cli, wanted: &Measure) -> Result<Done, Failure> {
    let demo = wanted.demo.then(|| demo::written(&python(wanted, &wanted.path))).transpose()?;
    let path = demo.as_ref().map_or(wanted.path.as_path(), |demo| demo.folder.path());
    let mut request = super::request_of(cli, path, &super::flags(&wanted.production))?;
    request.ask_host = true;
    let found = examine(&request)?;
    let Some((deployment, advice)) = chosen(&found, wanted)? else {
        let text = "no file here starts a server that farrier can measure\n".to_owned();
        return Ok(Done { text, exit: Exit::NothingToCheck });
    };
    let current = arguments(&found, deployment, &request.root)?;
    let asgi = found.applications.iter().flatten().any(|application| {
        application.interface == Interface::Asgi
            && deployment.app.as_ref().is_some_and(|app| app.value == application.target)
    });
    let mut plan = planned(wanted, deployment, &request.root, current, advice, asgi);
    if let Some(demo) = &demo {
        // Whoever has no project has an environment all the same.
        if let Some(program) = plan.program.first_mut() {
            *program = python(wanted, &wanted.path);
        }
        plan.paths.clone_from(&demo.paths);
    }
    if !wanted.compare.is_empty() {
        plan.candidates = with_files(&plan, deployment, &wanted.compare)?;
    }
    if let (Some(spec), Some(current)) = (&wanted.grid, plan.candidates.first()) {
        plan.candidates = grid::candidates(spec, current, deployment, wanted.budget)?;
    }
    let compared = wanted.stalls != Watch::Only && plan.candidates.len() > 1;
    let outcome = if compared { Some(measure::run(&plan, &mut |progress| show(&progress))?) } else { None };
    let wants_alone = wanted.one_connection == Switch::On && wanted.stalls != Watch::Only;
    let alone =
        wants_alone.then(|| measure::alone(&plan, serving(&plan, deployment, asgi), &mut |progress| show(&progress)));
    let (alone, untold) = match alone {
        Some(Err(error)) if outcome.is_none() => return Err(error.into()),
        Some(Err(error)) => (None, Some(error)),
        Some(Ok(alone)) => (Some(alone), None),
        None => (None, None),
    };
    let watched = watched(wanted.stalls, &plan, deployment, asgi);
    let stalls = watched.map(|candidate| measure::stalls(&plan, candidate, &mut |progress| show(&progress)));
    // What was measured is not lost with what was to be watched.
    let (stalls, failed) = match stalls {
        Some(Err(error)) if outcome.is_none() => return Err(error.into()),
        Some(Err(error)) => (None, Some(error)),
        Some(Ok(stalls)) => (Some(stalls), None),
        None => (None, None),
    };
    let all: Vec<&Finding> = found.findings.iter().chain(found.suppressed.iter().map(|one| &one.finding)).collect();
    let sighting = stalls
        .as_ref()
        .map(|stalls| Sighting { stalls, lines: measure::confirm(stalls, &all, &found.files, &request.root) });
    let text = match wanted.format {
        Form::Pretty => {
            let look = super::look(cli);
            let mut parts = Vec::new();
            parts.extend(outcome.as_ref().map(|outcome| report::measured(outcome, look)));
            if outcome.is_none() && wanted.stalls != Watch::Only {
                parts.push(NOTHING_TO_COMPARE.to_owned());
            }
            parts.extend(alone.as_ref().map(|alone| report::alone(alone, look)));
            parts.extend(untold.map(|error| format!("nothing was asked on one connection: {error}\n")));
            parts.extend(sighting.as_ref().map(|sighting| report::stalls(sighting, look)));
            parts.extend(failed.map(|error| format!("the event loop was not watched: {error}\n")));
            parts.join("\n")
        }
        Form::Json => report::measured_json(outcome.as_ref(), alone.as_ref(), sighting.as_ref()),
    };
    Ok(Done { text, exit: exit(outcome.as_ref(), stalls.as_ref()) })
}

const NOTHING_TO_COMPARE: &str = "the current settings are inside the recommended range: there is nothing to compare\n";

/// What a run comes to: the comparison decides, where there is one.
fn exit(outcome: Option<&Outcome>, stalls: Option<&Stalls>) -> Exit {
    let undecided = |verdict: &Comparison| matches!(verdict, Comparison::Inconclusive(_));
    if let Some(Outcome { comparisons, .. }) = outcome.filter(|outcome| outcome.comparisons.len() > 1) {
        // Of many there is always one that is best: whether anything is known about any is what counts.
        let nothing = comparisons.iter().all(|comparison| undecided(&comparison.verdict));
        return if nothing { Exit::Undecided } else { Exit::Clean };
    }
    match (outcome.and_then(|outcome| outcome.comparisons.first()), stalls) {
        (Some(comparison), _) => match comparison.verdict {
            Comparison::Better | Comparison::Same => Exit::Clean,
            Comparison::Worse => Exit::ToDo,
            Comparison::Inconclusive(_) => Exit::Undecided,
        },
        (None, Some(stalls)) if stalls.loops.is_empty() => Exit::Undecided,
        (None, Some(stalls)) if !stalls.held.is_empty() => Exit::ToDo,
        (None, _) => Exit::Clean,
    }
}

/// What is to be run: the current settings, and the recommended ones where they differ.
fn planned(
    wanted: &Measure,
    deployment: &Deployment,
    root: &Path,
    current: Vec<String>,
    advice: &Advice,
    asgi: bool,
) -> Plan {
    let better = recommended(&current, deployment, advice, asgi);
    let mut candidates = vec![Candidate { label: "current".to_owned(), arguments: current }];
    candidates.extend(better.map(|arguments| Candidate { label: "recommended".to_owned(), arguments }));
    let program = vec![python(wanted, root), OsString::from("-m"), OsString::from(deployment.server.as_str())];
    let mut plan = Plan::new(program, root.join(&deployment.folder), candidates);
    // What the variables say stands on the command line already, where it cannot be lost.
    let own = |(name, _): &&(String, String)| name != "GUNICORN_CMD_ARGS";
    plan.environment = deployment.environment.iter().filter(own).cloned().collect();
    plan.server = deployment.server;
    plan.paths.clone_from(&wanted.urls);
    plan.connections = wanted.connections;
    plan.budget = Duration::from_secs(wanted.budget);
    plan
}

/// The current command line with each of these configuration files instead of its own.
fn with_files(plan: &Plan, deployment: &Deployment, files: &[PathBuf]) -> Result<Vec<Candidate>, Failure> {
    if deployment.setting("config").is_none() {
        return Err(Failure::Usage(format!("{} reads no configuration file", deployment.server)));
    }
    let current = plan.candidates.first().map_or(&[][..], |candidate| &candidate.arguments);
    let rest = if current.first().is_some_and(|word| word == "--config") { current.get(2..) } else { Some(current) };
    files
        .iter()
        .map(|file| {
            let absolute = file
                .canonicalize()
                .map_err(|error| Failure::Usage(format!("`{}` cannot be read: {error}", file.display())))?;
            let mut arguments = vec!["--config".to_owned(), absolute.to_string_lossy().into_owned()];
            arguments.extend(rest.unwrap_or_default().iter().cloned());
            Ok(Candidate { label: file.to_string_lossy().into_owned(), arguments })
        })
        .collect()
}

/// The candidate whose event loops are watched: the current one, unless its class cannot serve the application.
fn watched(when: Watch, plan: &Plan, deployment: &Deployment, asgi: bool) -> Option<usize> {
    let serves = serves_asgi(deployment);
    let wanted = when == Watch::Only || when == Watch::On && (asgi || serves);
    wanted.then(|| serving(plan, deployment, asgi))
}

/// The candidate that serves the application: the current one, unless its class cannot.
fn serving(plan: &Plan, deployment: &Deployment, asgi: bool) -> usize {
    // Of Gunicorn alone one class serves it and another does not.
    let fails = deployment.server == Server::Gunicorn && asgi && !serves_asgi(deployment);
    if fails { plan.candidates.len().saturating_sub(1) } else { 0 }
}

fn serves_asgi(deployment: &Deployment) -> bool {
    deployment.class.is_some_and(|class| class.interface() == farrier::servers::Interface::Asgi)
}

/// The launch to measure: the one that was named, else the only one, production before development.
fn chosen<'e>(found: &'e Examination, wanted: &Measure) -> Result<Option<(&'e Deployment, &'e Advice)>, Failure> {
    let all = found.assembly.deployments.iter().zip(&found.advice);
    let able = all.filter(|(deployment, _)| measure::can_measure(deployment.server));
    let mut fitting: Vec<_> =
        able.filter(|(deployment, _)| wanted.launch.as_ref().is_none_or(|name| deployment.unit == *name)).collect();
    fitting.sort_by_key(|(deployment, _)| deployment.development.is_some());
    let Some((deployment, advice)) = fitting.into_iter().next() else {
        return Ok(None);
    };
    let advice = advice.as_ref().ok_or_else(|| {
        Failure::Usage("how the service handles requests is unknown, so there is nothing to recommend".to_owned())
    })?;
    Ok(Some((deployment, advice)))
}

/// The command line that brings the effective settings about outside their container: paths of the
/// image are replaced by those of the project, and words that hold unknown variables are left out.
fn arguments(found: &Examination, deployment: &Deployment, root: &Path) -> Result<Vec<String>, Failure> {
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

/// The same command line with what the advice changes behind it: the last mention of an option wins.
fn recommended(current: &[String], deployment: &Deployment, advice: &Advice, asgi: bool) -> Option<Vec<String>> {
    let mut words = current.to_vec();
    let app = words.pop()?;
    let before = words.len();
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
        words.push(format!("{flag}={value}"));
    }
    let of_gunicorn = deployment.server == Server::Gunicorn;
    if of_gunicorn
        && asgi
        && !serves_asgi(deployment)
        && !words[before..].iter().any(|word| word.starts_with("--worker-class"))
    {
        words.push(format!("--worker-class={}", deployment.asgi_class()));
    }
    let changed = words.len() > before;
    words.push(app);
    changed.then_some(words)
}

/// The Python that runs the service.
fn python(wanted: &Measure, root: &Path) -> OsString {
    if let Some(python) = &wanted.python {
        // The server starts in a folder of its own; a bare name is looked for in `PATH`.
        let bare = python.components().count() == 1;
        let absolute = if bare { None } else { std::path::absolute(python).ok() };
        return absolute.unwrap_or_else(|| python.clone()).into_os_string();
    }
    let own = std::env::var_os("VIRTUAL_ENV").map(PathBuf::from);
    let beside = [".venv", "venv", "env"].into_iter().map(|name| root.join(name));
    let found = own.into_iter().chain(beside).map(|folder| folder.join("bin/python")).find(|python| python.exists());
    found.map_or_else(
        || OsString::from("python3"),
        |python| std::path::absolute(&python).unwrap_or(python).into_os_string(),
    )
}

/// One line of progress on the terminal, none anywhere else.
fn show(progress: &Progress) {
    let mut out = std::io::stderr();
    if !out.is_terminal() {
        return;
    }
    let line = match progress {
        Progress::Starting { label } => format!("starting {label}"),
        Progress::Ready { label, after } => {
            format!("{label} answers after {:.1} s", after.as_secs_f64())
        }
        Progress::Measured { label, window, done } => {
            format!("{:3.0} %  {label}: {:.0} requests/s", done * 100.0, window.rate)
        }
        Progress::Alone { label } => format!("asking {label} on one connection"),
        Progress::Watching { label } => format!("watching the event loop of {label}"),
        Progress::Stopping => String::new(),
    };
    let _ = write!(out, "\r\x1b[2K{line}");
    let _ = out.flush();
}
