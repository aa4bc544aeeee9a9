//! `farrier measure`.

mod arguments;
mod export;
mod grid;
pub(super) mod saved;
mod search;

use std::io::{IsTerminal, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use farrier::app::Interface;
use farrier::deployment::Deployment;
use farrier::findings::Finding;
use farrier::measure::{self, Candidate, Choice, Outcome, Plan, Progress, Stalls, Standing, Verdict as Comparison};
use farrier::report::{Measurement, Sighting};
use farrier::servers::Server;
use farrier::sizing::Advice;
use farrier::{Examination, examine, report};

use super::{Done, Exit, Failure, demo};
use crate::cli::{Cli, Measure, RunForm, Switch, Watch};

/// Seconds that a run may take if nobody says otherwise, and the same of a search.
const BUDGET: u64 = 30;
const SEARCH_BUDGET: u64 = 60;
/// What the phase that watches event loops takes of a search's time, its start included.
const WATCHING: Duration = Duration::from_secs(7);

pub(super) fn run(cli: &Cli, wanted: &Measure) -> Result<Done, Failure> {
    let demo = wanted.demo.then(|| demo::written(&arguments::python(wanted, &wanted.path))).transpose()?;
    let path = demo.as_ref().map_or(wanted.path.as_path(), |demo| demo.folder.path());
    let mut request = super::request_of(cli, path, &super::flags(&wanted.production))?;
    request.ask_host = true;
    let found = examine(&request)?;
    let Some((deployment, advice)) = chosen(&found, wanted)? else {
        let text = "no file here starts a server that farrier can measure\n".to_owned();
        return Ok(Done { text, exit: Exit::NothingToCheck });
    };
    let current = arguments::current(&found, deployment, &request.root)?;
    let asgi = found.applications.iter().flatten().any(|application| {
        application.interface == Interface::Asgi
            && deployment.app.as_ref().is_some_and(|app| app.value == application.target)
    });
    let mut plan = planned(wanted, deployment, &request.root, current, advice, asgi);
    if let Some(demo) = &demo {
        // Whoever has no project has an environment all the same.
        if let Some(program) = plan.program.first_mut() {
            *program = arguments::python(wanted, &wanted.path);
        }
        plan.paths.clone_from(&demo.paths);
    }
    if !wanted.compare.is_empty() {
        plan.candidates = with_files(&plan, deployment, &wanted.compare)?;
    }
    if let (Some(spec), Some(current)) = (&wanted.grid, plan.candidates.first()) {
        plan.candidates = grid::candidates(spec, current, deployment, wanted.budget.unwrap_or(BUDGET))?;
    }
    if let Some(kind) = wanted.export {
        plan.check_load()?;
        return Ok(Done { text: export::script(kind, &plan), exit: Exit::Clean });
    }
    let begun = Instant::now();
    let serving = serving(&plan, deployment, asgi);
    let ask_alone = |plan: &Plan| measure::alone(plan, serving, &mut |progress| show(&progress));
    let mut alone = None;
    if wanted.search {
        // What is worth trying depends on what a request takes.
        let seen = ask_alone(&plan)?;
        plan.candidates = search::candidates(&plan, deployment, asgi, Some(&seen));
        alone = Some(Ok(seen));
        let after = if watched(wanted.stalls, &plan, deployment, asgi).is_some() { WATCHING } else { Duration::ZERO };
        plan.budget = plan.budget.saturating_sub(begun.elapsed() + after).max(plan.budget / 2);
        plan.search = true;
    }
    let compared = wanted.stalls != Watch::Only && plan.candidates.len() > 1;
    let outcome = if compared { Some(measure::run(&plan, &mut |progress| show(&progress))?) } else { None };
    if alone.is_none() && wanted.one_connection == Switch::On && wanted.stalls != Watch::Only {
        alone = Some(ask_alone(&plan));
    }
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
    let run = Measurement {
        outcome: outcome.as_ref(),
        alone: alone.as_ref(),
        stalls: sighting.as_ref(),
        cores: farrier::host::Host::detect(Path::new("/")).cpu_limit().map(|limit| limit.value.0),
        memory: wanted.production.memory.or(deployment.limits.memory.as_ref().map(|limit| limit.value)),
        connections: plan.connections,
        measured: &saved::day(SystemTime::now()),
        arguments: plan.candidates.first().map_or(&[], |current| &current.arguments),
    };
    if let Some(file) = &wanted.save {
        saved::write(&saved::place(file, &request.root), &report::measured_json(&run))?;
    }
    let text = match wanted.format {
        RunForm::Pretty => {
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
        RunForm::Json => report::measured_json(&run),
        RunForm::Markdown => report::measured_markdown(&run),
        RunForm::Html => report::measured_html(&run),
    };
    Ok(Done { text, exit: exit(outcome.as_ref(), stalls.as_ref()) })
}

const NOTHING_TO_COMPARE: &str = "the current settings are inside the recommended range: there is nothing to compare\n";

/// What a run comes to: the comparison decides, where there is one.
fn exit(outcome: Option<&Outcome>, stalls: Option<&Stalls>) -> Exit {
    let undecided = |verdict: &Comparison| matches!(verdict, Comparison::Inconclusive(_));
    if let Some(search) = outcome.and_then(|outcome| outcome.search.as_ref()) {
        return match search.standing {
            Standing::Confirmed => Exit::Clean,
            Standing::Refined | Standing::Refuted => Exit::ToDo,
            Standing::Undecided => Exit::Undecided,
        };
    }
    if let Some(many) = outcome.filter(|outcome| outcome.comparisons.len() > 1) {
        // Whether any is known to be the best is what counts.
        let nothing = many.comparisons.iter().all(|comparison| undecided(&comparison.verdict));
        let withheld = matches!(measure::choice(many), Choice::Withheld(_));
        return if nothing || withheld { Exit::Undecided } else { Exit::Clean };
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
    let better = arguments::recommended(&current, deployment, advice, asgi);
    let mut candidates = vec![Candidate { label: "current".to_owned(), arguments: current }];
    candidates.extend(better.map(|arguments| Candidate { label: "recommended".to_owned(), arguments }));
    let program = arguments::program(wanted, deployment, root);
    let recommended = (candidates.len() > 1).then_some(1);
    let mut plan = Plan::new(program, root.join(&deployment.folder), candidates);
    // What the variables say stands on the command line already, where it cannot be lost.
    let of_uwsgi = deployment.server == Server::Uwsgi;
    let own = |(name, _): &&(String, String)| name != "GUNICORN_CMD_ARGS" && !(of_uwsgi && name.starts_with("UWSGI_"));
    plan.environment = deployment.environment.iter().filter(own).cloned().collect();
    plan.server = deployment.server;
    plan.paths.clone_from(&wanted.urls);
    plan.connections = wanted.connections;
    plan.rate = wanted.rate;
    plan.budget = Duration::from_secs(wanted.budget.unwrap_or(if wanted.search { SEARCH_BUDGET } else { BUDGET }));
    plan.recommended = recommended;
    plan.socket = deployment.listens_on_socket() && measure::takes_socket(deployment.server);
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
        Progress::Finalists { count } => format!("comparing the best {count}"),
        Progress::Alone { label } => format!("asking {label} on one connection"),
        Progress::Watching { label } => format!("watching the event loop of {label}"),
        Progress::Stopping => String::new(),
    };
    let _ = write!(out, "\r\x1b[2K{line}");
    let _ = out.flush();
}
