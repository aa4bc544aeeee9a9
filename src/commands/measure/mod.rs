//! `farrier measure`.

mod against;
mod arguments;
mod export;
mod grid;
mod load;
mod progress;
pub(super) mod saved;
mod search;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use farrier::app::{Application, Interface};
use farrier::deployment::Deployment;
use farrier::findings::Finding;
use farrier::host::Host;
use farrier::measure::{
    self, Bounds, Candidate, Choice, Limits, Outcome, Plan, Stalls, Standing, Verdict as Comparison, Warning,
};
use farrier::report::{Measurement, Sighting};
use farrier::servers::Server;
use farrier::sizing::Advice;
use farrier::{Examination, report};

use super::{Done, Exit, Failure, demo, patience};
use crate::cli::{Cli, Color, Measure, RunForm, Switch, Watch};
use farrier::values::Order as _;

/// Seconds that a run may take if nobody says otherwise, and the same of a search.
const BUDGET: u64 = 30;
const SEARCH_BUDGET: u64 = 60;
/// What the phase that watches event loops takes of a search's time besides its start.
const WATCHING: Duration = Duration::from_millis(6500);

pub(super) fn run(cli: &Cli, wanted: &Measure) -> Result<Done, Failure> {
    let begun = Instant::now();
    let demo = wanted.demo.then(|| demo::written(&arguments::python(wanted, &wanted.path))).transpose()?;
    let path = demo.as_ref().map_or(wanted.path.as_path(), |demo| demo.folder.path());
    let mut request = super::request_of(cli, path, &super::flags(&wanted.production))?;
    request.ask_host = true;
    let found = patience::examined(&request)?;
    let Some((deployment, advice)) = chosen(&found, wanted)? else {
        let text = "no file here starts a server that farrier can measure\n".to_owned();
        return Ok(Done { text, exit: Exit::NothingToCheck });
    };
    let current = arguments::current(&found, deployment, &request.root)?;
    let named = |one: &&Application| deployment.app.as_ref().is_some_and(|app| app.value == one.target);
    let application = found.applications.iter().flatten().find(named);
    let asgi = application.is_some_and(|application| application.interface == Interface::Asgi);
    let mut plan = planned(wanted, deployment, &request.root, current, advice, asgi);
    if demo.is_some() {
        // Whoever has no project has an environment all the same.
        if let Some(program) = plan.program.first_mut() {
            *program = arguments::python(wanted, &wanted.path);
        }
    }
    let usual = demo.as_ref().map_or_else(|| vec!["/".to_owned()], |demo| demo.paths.clone());
    let draft = load::drafted(&wanted.asking, &usual, application)?;
    plan.requests.clone_from(&draft.load.requests);
    plan.headers.clone_from(&wanted.asking.headers);
    if let Some(candidates) = wished(wanted, &plan, deployment)? {
        plan.candidates = candidates;
    }
    let mut left_out = Vec::new();
    if !wanted.against.is_empty() {
        let python = arguments::python(wanted, if demo.is_some() { &wanted.path } else { &request.root });
        left_out = against::add(&mut plan, &wanted.against, &found, deployment, &request.root, &python)?;
    }
    if let Some(kind) = wanted.export {
        plan.requests = draft.unseen().requests;
        plan.check_load()?;
        return Ok(Done { text: export::script(kind, &plan)?, exit: Exit::Clean });
    }
    plan.check_load()?;
    load::warn(&plan.requests);
    plan.bounds =
        Bounds::find(Limits { cpus: wanted.production.cpus, memory: wanted.production.memory }, &plan.supervisor);
    let display = progress::Display::new(stderr_colour(cli));
    let serving = serving(&plan, deployment, asgi);
    let load = draft.settled(&plan, serving, &mut |progress| display.show(&progress))?;
    plan.requests.clone_from(&load.requests);
    let hint = if wanted.asking.is_silent() { load::hint(application) } else { None };
    let refused = |error| load::refused(error, hint.as_deref());
    let ask_alone = |plan: &Plan| measure::alone(plan, serving, &mut |progress| display.show(&progress));
    let mut alone = None;
    if wanted.search {
        // What is worth trying depends on what a request takes.
        let seen = ask_alone(&plan).map_err(refused)?;
        plan.candidates = search::candidates(&plan, deployment, asgi, Some(&seen));
        let watches = watched(wanted.stalls, &plan, deployment, asgi).is_some();
        let after = if watches { WATCHING + seen.ready_after } else { Duration::ZERO };
        plan.budget = plan.budget.saturating_sub(begun.elapsed() + after).max(plan.budget / 2);
        plan.search = true;
        alone = Some(Ok(seen));
    }
    let compared = wanted.stalls != Watch::Only && plan.candidates.len() > 1;
    let race = || measure::run(&plan, &mut |progress| display.show(&progress)).map_err(refused);
    let outcome = compared.then(race).transpose()?.map(|outcome| with_warnings(outcome, left_out));
    if alone.is_none() && wanted.one_connection == Switch::On && wanted.stalls != Watch::Only {
        alone = Some(ask_alone(&plan));
    }
    let (alone, untold) = kept(alone, outcome.is_none()).map_err(refused)?;
    let watched = watched(wanted.stalls, &plan, deployment, asgi);
    let stalls = watched.map(|candidate| measure::stalls(&plan, candidate, &mut |progress| display.show(&progress)));
    let (stalls, failed) = kept(stalls, outcome.is_none()).map_err(refused)?;
    drop(display);
    load::tell(hint.as_deref(), outcome.as_ref());
    let all: Vec<&Finding> = found.findings.iter().chain(found.suppressed.iter().map(|one| &one.finding)).collect();
    let sighting = stalls
        .as_ref()
        .map(|stalls| Sighting { stalls, lines: measure::confirm(stalls, &all, &found.files, &request.root) });
    let host = Host::detect(Path::new("/"));
    let run = Measurement {
        outcome: outcome.as_ref(),
        alone: alone.as_ref(),
        stalls: sighting.as_ref(),
        cores: plan.bounds.cores().or(host.cpu_limit().map(|limit| limit.value.0)),
        memory: wanted.production.memory.or(deployment.limits.memory.as_ref().map(|limit| limit.value)),
        bounds: Some(&plan.bounds),
        declared: declared(deployment, &host),
        connections: plan.connections,
        measured: &saved::day(SystemTime::now()),
        arguments: plan.candidates.first().map_or(&[], |current| &current.arguments),
        load: Some(&load),
    };
    if let Some(file) = &wanted.save {
        super::output::write(&saved::place(file, &request.root), &report::measured_json(&run))?;
    }
    let text = match wanted.format {
        RunForm::Pretty => pretty(&run, wanted.stalls, untold, failed, super::look(cli)),
        RunForm::Json => report::measured_json(&run),
        RunForm::Markdown => report::measured_markdown(&run),
        RunForm::Html => report::measured_html(&run),
    };
    Ok(Done { text, exit: exit(outcome.as_ref(), stalls.as_ref()) })
}

fn with_warnings(mut outcome: Outcome, more: Vec<Warning>) -> Outcome {
    outcome.warnings.extend(more);
    outcome
}

/// The run for people, with the reasons of what could not be done.
fn pretty(
    run: &Measurement,
    watch: Watch,
    untold: Option<measure::Error>,
    failed: Option<measure::Error>,
    look: report::Look,
) -> String {
    let mut parts: Vec<String> = report::limited(run, look).into_iter().collect();
    parts.extend(run.outcome.map(|outcome| report::measured(outcome, look)));
    if run.outcome.is_none() && watch != Watch::Only {
        parts.push(NOTHING_TO_COMPARE.to_owned());
    }
    parts.extend(run.alone.map(|alone| report::alone(alone, look)));
    parts.extend(untold.map(|error| format!("nothing was asked on one connection: {error}\n")));
    parts.extend(run.stalls.map(|sighting| report::stalls(sighting, look)));
    parts.extend(failed.map(|error| format!("the event loop was not watched: {error}\n")));
    parts.extend(run.load.map(report::left_out).filter(|text| !text.is_empty()));
    parts.join("\n")
}

/// Limits of the project that are tighter than those of this machine.
fn declared(deployment: &Deployment, host: &Host) -> Limits {
    let cpus = deployment.limits.cpus.as_ref().map(|limit| limit.value);
    let memory = deployment.limits.memory.as_ref().map(|limit| limit.value);
    Limits {
        cpus: cpus.filter(|cpus| host.cpu_limit().is_some_and(|limit| cpus.0 < limit.value.0)),
        memory: memory.filter(|memory| host.memory_limit().is_some_and(|limit| *memory < limit.value)),
    }
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
    let mut candidates = vec![Candidate::new("current".to_owned(), current)];
    candidates.extend(better.map(|arguments| Candidate::new("recommended".to_owned(), arguments)));
    let program = arguments::program(wanted, deployment, root);
    let recommended = (candidates.len() > 1).then_some(1);
    let mut plan = Plan::new(program, root.join(&deployment.folder), candidates);
    // What the variables say stands on the command line already, where it cannot be lost.
    let of_uwsgi = deployment.server == Server::Uwsgi;
    let own = |(name, _): &&(String, String)| name != "GUNICORN_CMD_ARGS" && !(of_uwsgi && name.starts_with("UWSGI_"));
    plan.environment = deployment.environment.iter().filter(own).cloned().collect();
    plan.server = deployment.server;
    plan.connections = wanted.connections;
    plan.rate = wanted.rate;
    plan.budget = Duration::from_secs(wanted.budget.unwrap_or(if wanted.search { SEARCH_BUDGET } else { BUDGET }));
    plan.recommended = recommended;
    plan.socket = deployment.listens_on_socket() && measure::takes_socket(deployment.server);
    plan
}

/// The configurations that were asked for instead of the current and the recommended one.
fn wished(wanted: &Measure, plan: &Plan, deployment: &Deployment) -> Result<Option<Vec<Candidate>>, Failure> {
    if !wanted.compare.is_empty() {
        return with_files(plan, deployment, &wanted.compare).map(Some);
    }
    let (Some(spec), Some(current)) = (&wanted.grid, plan.candidates.first()) else { return Ok(None) };
    grid::candidates(spec, current, deployment, wanted.budget.unwrap_or(BUDGET)).map(Some)
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
            Ok(Candidate::new(file.to_string_lossy().into_owned(), arguments))
        })
        .collect()
}

/// What a phase found, or why it found nothing: what was measured before is not lost with it. An error where it was
/// `all` that was asked for.
fn kept<T, E>(phase: Option<Result<T, E>>, all: bool) -> Result<(Option<T>, Option<E>), E> {
    match phase {
        Some(Err(error)) if all => Err(error),
        Some(Err(error)) => Ok((None, Some(error))),
        Some(Ok(found)) => Ok((Some(found), None)),
        None => Ok((None, None)),
    }
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
    if fails { plan.recommended.unwrap_or(plan.candidates.len().saturating_sub(1)) } else { 0 }
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
    fitting.order_by_key(|(deployment, _)| deployment.development.is_some());
    let Some((deployment, advice)) = fitting.into_iter().next() else {
        return Ok(None);
    };
    let advice = advice.as_ref().ok_or_else(|| {
        Failure::Usage("how the service handles requests is unknown, so there is nothing to recommend".to_owned())
    })?;
    Ok(Some((deployment, advice)))
}

/// Whether what is shown meanwhile has colours: it goes to another place than the result.
fn stderr_colour(cli: &Cli) -> bool {
    match cli.color {
        Color::Auto => std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
        Color::Always => true,
        Color::Never => false,
    }
}
