//! `farrier advise`.

use std::fmt::Write as _;
use std::io::IsTerminal;
use std::path::Path;

use farrier::advice::{self, Changes, Manner};
use farrier::deployment::Deployment;
use farrier::findings::Fix;
use farrier::report::Machine;
use farrier::request::Request;
use farrier::sizing::{Advice, Known};
use farrier::source::FileId;
use farrier::values::Value;
use farrier::{Examination, report};

use super::ask::Asked;
use super::rewrite::{self, Mode};
use super::{Done, Exit, Failure};
use super::{measure, objections, patience, standing};
use crate::cli::{Advise, Cli, Listing, Measure};

pub(super) fn run(cli: &Cli, advise: &Advise) -> Result<Done, Failure> {
    let mut request = super::request(cli, std::slice::from_ref(&advise.path), &super::flags(&advise.production))?;
    request.ask_host = true;
    let found = patience::examined(&request)?;
    let file = named_file(&found, &request, &advise.path)?;
    let named = super::named(&request, std::slice::from_ref(&advise.path))?;
    let mut services = services(&found, &|one| super::lies_in(&named, found.files.get(one).path()));
    if services.is_empty() {
        // What decides nothing is told so, with the place that does.
        services = self::services(&found, &|_| true);
    }
    if services.is_empty() {
        let text = match advise.format {
            Listing::Json => report::recommendations_json(&found.files, &[], &found.notes),
            Listing::Pretty | Listing::Markdown => "no file here starts a server that farrier knows\n".to_owned(),
        };
        return Ok(Done { text, exit: Exit::NothingToCheck });
    }
    if !advise.compare.is_empty() {
        return Ok(compare(cli, &request, &found, &services, advise));
    }
    let plain: Vec<_> = services.iter().map(|&(index, deployment)| (deployment, advice_of(&found, index))).collect();
    let weighed = objections::weighed(&request, &found, &plain, advise.check && in_ci());
    let services: Vec<_> =
        plain.iter().zip(&weighed).map(|((service, _), advice)| (*service, advice.as_ref())).collect();
    if advise.ask {
        return ask(&request, &found, &services, file);
    }
    if advise.fix || advise.diff {
        return write(
            &request,
            &found,
            &services,
            file,
            if advise.diff { Mode::Show } else { Mode::WriteAndKeep },
            advise.portable,
        );
    }
    let outside = services.iter().any(|(_, advice)| advice.is_some_and(|advice| !advice.is_settled()));
    let answer = if advise.check { stand(&services) } else { String::new() };
    let text = match advise.format {
        Listing::Json => report::recommendations_json(&found.files, &services, &found.notes),
        Listing::Pretty => {
            let text = report::recommendations(&found.files, &services, super::look(cli));
            text + &measured(&request, &found, &services) + &answer
        }
        Listing::Markdown => report::recommendations_markdown(&found.files, &services) + &answer,
    };
    if advise.measure {
        if advise.format == Listing::Json {
            return Err(Failure::Usage(
                "`--measure` prints two documents; `farrier measure --format json` one".to_owned(),
            ));
        }
        let Done { text: proof, exit } = measure::run(cli, &Measure::of(advise))?;
        return Ok(Done { text: text + &proof, exit });
    }
    Ok(Done { text, exit: if advise.check && outside { Exit::ToDo } else { Exit::Clean } })
}

/// What a run that is kept says about these services.
fn measured(request: &Request, found: &Examination, services: &[(&Deployment, Option<&Advice>)]) -> String {
    let Some(saved) = measure::saved::load(&request.root) else { return String::new() };
    let cited = services.iter().filter_map(|(one, _)| saved.comparison(found, one, &request.root));
    cited.map(|line| line + "\n\n").collect()
}

/// Whether this is a run of a pipeline, whose machine serves nobody: all of them say so with `CI`.
fn in_ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| !value.is_empty() && value != "false")
}

fn advice_of(found: &Examination, index: usize) -> Option<&Advice> {
    found.advice.get(index).and_then(Option::as_ref)
}

/// The same services on other machines.
fn compare(cli: &Cli, request: &Request, found: &Examination, services: &[Numbered<'_>], advise: &Advise) -> Done {
    let machines: Vec<Machine> = advise
        .compare
        .iter()
        .map(|&(cpus, memory)| {
            let mut other = request.clone();
            other.declared.cpus = Some(Known::certain(cpus, "--compare"));
            other.declared.memory = Some(Known::certain(memory, "--compare"));
            let mut all = farrier::advise_afresh(&other, found);
            let each = services.iter().map(|&(index, _)| all.get_mut(index).and_then(Option::take));
            Machine { cpus, memory, advice: each.collect() }
        })
        .collect();
    let deployments: Vec<&Deployment> = services.iter().map(|&(_, deployment)| deployment).collect();
    let text = match advise.format {
        Listing::Json => report::comparison_json(&found.files, &deployments, &machines, &found.notes),
        Listing::Pretty => report::comparison(&found.files, &deployments, &machines, super::look(cli)),
        Listing::Markdown => report::comparison_markdown(&found.files, &deployments, &machines),
    };
    Done { text, exit: Exit::Clean }
}

/// Asks about each service, and writes what is agreed to.
fn ask(
    request: &Request,
    found: &Examination,
    services: &[(&Deployment, Option<&Advice>)],
    file: Option<FileId>,
) -> Result<Done, Failure> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::Usage("`--ask` needs a terminal to ask at; `--diff` shows and `--fix` writes".to_owned()));
    }
    let mut asked = Asked::new(std::io::stdin().lock(), std::io::stderr());
    let mut agreed = Vec::new();
    for &(deployment, advice) in services {
        let app = deployment.serves().unwrap_or_default();
        let title = format!("{app} on {}", deployment.server);
        if let Some(advice) = advice {
            agreed.push((deployment, asked.agreed(&title, advice)?));
        }
    }
    if agreed.iter().all(|(_, advice)| advice.items.is_empty()) {
        let settled = services.iter().all(|(_, advice)| advice.is_none_or(Advice::is_settled));
        let (text, exit) =
            if settled { (stand(services), Exit::Clean) } else { ("nothing written\n".to_owned(), Exit::ToDo) };
        return Ok(Done { text, exit });
    }
    let services: Vec<_> = agreed.iter().map(|(deployment, advice)| (*deployment, Some(advice))).collect();
    write(request, found, &services, file, Mode::WriteAndKeep, false)
}

/// A launch with its place among all of them.
type Numbered<'e> = (usize, &'e Deployment);

/// The file that the user named, if it was one.
fn named_file(found: &Examination, request: &Request, path: &Path) -> Result<Option<FileId>, Failure> {
    if path.is_dir() {
        return Ok(None);
    }
    let names = super::named(request, &[path.to_path_buf()])?;
    let file = names.first().and_then(|name| found.files.find(name));
    file.map(Some).ok_or_else(|| Failure::Usage(format!("`{}` is no file that farrier reads", path.display())))
}

/// The launches that some of the files have a part in; those for development, or that others replace, only where there are
/// no others.
fn services<'e>(found: &'e Examination, files: &dyn Fn(FileId) -> bool) -> Vec<Numbered<'e>> {
    let all = found.assembly.deployments.iter().enumerate();
    let made = |index: usize| found.applications.get(index).and_then(Option::as_ref);
    let concerned: Vec<Numbered> =
        all.filter(|&(index, deployment)| super::concerns(deployment, made(index), files)).collect();
    let runs = |deployment: &Deployment| deployment.development.is_none() && deployment.replaced.is_none();
    let production: Vec<Numbered> = concerned.iter().copied().filter(|(_, deployment)| runs(deployment)).collect();
    if production.is_empty() { concerned } else { production }
}

fn write(
    request: &Request,
    found: &Examination,
    services: &[(&Deployment, Option<&Advice>)],
    file: Option<FileId>,
    mode: Mode,
    portable: bool,
) -> Result<Done, Failure> {
    let manner = Manner { only: file, portable };
    let (agreed, conflicts) = advice::reconcile(services, &found.files);
    let changes: Vec<Changes> = services
        .iter()
        .zip(&agreed)
        .filter_map(|((deployment, _), advice)| {
            Some(advice::changes(deployment, advice.as_ref()?, manner, &found.files))
        })
        .collect();
    let planned: Vec<_> = changes.iter().flat_map(|changes| &changes.made).collect();
    let mut fixes: Vec<&Fix> = planned.iter().map(|change| &change.fix).collect();
    // What is written together comes as one fix under the name of each.
    fixes.dedup();
    let intended = |name: &str| planned.iter().any(|change| change.setting == name);
    let check = |rewrites: &[farrier::fix::Rewrite]| {
        let after = rewrite::reread(request, found, rewrites, &intended)?;
        reaches(found, &after, rewrites, &planned)?;
        rewrite::worsens(found, &after)
    };
    let applied = rewrite::apply(request, found, &fixes, mode, &check)?;
    let mut text = applied.text + &applied.left_out;
    let mut unless: Vec<String> = Vec::new();
    for change in planned.iter().filter(|_| applied.changed > 0) {
        let Some(variable) = &change.unless else { continue };
        let line = format!("{} is {} unless `{variable}` is set\n", change.setting, shown(change.value.as_ref()));
        if !unless.contains(&line) {
            unless.push(line);
        }
    }
    text.extend(unless);
    let mut refused: Vec<_> = changes.iter().flat_map(|changes| &changes.refused).chain(&conflicts).collect();
    refused.dedup();
    for refusal in &refused {
        let _ = writeln!(text, "not written: {}: {}", refusal.setting, refusal.reason);
    }
    for fault in services.iter().filter_map(|(_, advice)| *advice).flat_map(|advice| &advice.objections) {
        let _ = writeln!(text, "not written, because it would bring this up: {fault}");
    }
    let uncounted: Vec<&Deployment> = services
        .iter()
        .filter(|(_, advice)| advice.is_some_and(|advice| advice.elsewhere))
        .map(|(one, _)| *one)
        .collect();
    if !uncounted.is_empty() {
        let of = if uncounted.len() < services.len() {
            let named = uncounted.iter().map(|one| found.files.describe(one.command));
            format!(" for {}", named.collect::<Vec<_>>().join(" and "))
        } else {
            String::new()
        };
        let _ = writeln!(
            text,
            "not written{of}: the cores are those of this machine, and the service runs elsewhere: state those of \
             production (`--cpus`, or `cpus` in `[host]`)"
        );
    }
    if text.is_empty() {
        let unknown = services.iter().find(|(_, advice)| advice.is_none()).map(|(one, _)| *one);
        text.push_str(&nothing(found, services, unknown));
    }
    let left = applied.refused > 0 || refused.iter().any(|refusal| refusal.is_outside);
    let open = left || mode == Mode::Show && applied.changed > 0;
    Ok(Done { text, exit: if open { Exit::ToDo } else { Exit::Clean } })
}

/// Why nothing is written.
fn nothing(found: &Examination, services: &[(&Deployment, Option<&Advice>)], unknown: Option<&Deployment>) -> String {
    if let Some(deployment) = unknown {
        let index = found.assembly.deployments.iter().position(|one| std::ptr::eq(one, deployment));
        let application = index.and_then(|index| found.applications.get(index)).and_then(Option::as_ref);
        let why = advice::unknown_class(deployment, application, &found.files);
        return format!("nothing written: how it serves requests is unknown, so there is nothing to compute: {why}\n");
    }
    stand(services)
}

/// How all values stand.
fn stand(services: &[(&Deployment, Option<&Advice>)]) -> String {
    standing::sentence(&services.iter().map(|(_, advice)| *advice).collect::<Vec<_>>())
}

/// A value as the line of a difference has it.
fn shown(value: Option<&Value>) -> String {
    value.map_or_else(String::new, ToString::to_string)
}

/// Checks that the server would see the values that were meant.
fn reaches(
    found: &Examination,
    after: &Examination,
    rewrites: &[farrier::fix::Rewrite],
    made: &[&advice::Change],
) -> Result<(), String> {
    let written = |edit: &farrier::findings::Edit| {
        rewrites.iter().any(|rewrite| found.files.owner(edit.place.file) == rewrite.file)
    };
    let here = |change: &&&advice::Change| change.fix.edits.iter().any(written);
    for change in made.iter().filter(here) {
        let reached = |value: &Value| {
            let mut deployments = after.assembly.deployments.iter();
            deployments.any(|deployment| {
                if let Some(setting) = deployment.setting(change.setting) {
                    return setting.value() == Some(value);
                }
                // The time until the kill, and the size of a pool, are no settings of the server.
                let pools = deployment.native.iter().flat_map(|native| &native.connections);
                let sizes = pools.filter_map(|pool| pool.size.filter(|_| pool.setting == change.setting));
                let kill = deployment.limits.stop_grace.as_ref().map(|it| it.value.0.to_string());
                kill.into_iter().chain(sizes.map(|size| size.to_string())).any(|is| is == value.to_string())
            })
        };
        if change.value.as_ref().is_some_and(|value| !reached(value)) {
            return Err(format!("`{}` would not take the new value", change.setting));
        }
    }
    Ok(())
}
