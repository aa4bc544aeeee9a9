//! `farrier advise`.

use std::fmt::Write as _;
use std::path::Path;

use farrier::advice::{self, Changes, Manner};
use farrier::deployment::Deployment;
use farrier::findings::Fix;
use farrier::request::Request;
use farrier::sizing::Advice;
use farrier::source::FileId;
use farrier::values::Value;
use farrier::{Examination, examine, report};

use super::rewrite::{self, Mode};
use super::{Done, Exit, Failure};
use crate::cli::{Advise, Cli, Form};

pub(super) fn run(cli: &Cli, advise: &Advise) -> Result<Done, Failure> {
    let mut request = super::request(cli, std::slice::from_ref(&advise.path), &super::flags(&advise.production))?;
    request.ask_host = true;
    let found = examine(&request)?;
    let file = named_file(&found, &request, &advise.path)?;
    let services = services(&found, file);
    if services.is_empty() {
        let text = match advise.format {
            Form::Json => report::recommendations_json(&found.files, &services, &found.notes),
            Form::Pretty => "no file here starts a server that farrier knows\n".to_owned(),
        };
        return Ok(Done { text, exit: Exit::NothingToCheck });
    }
    if advise.fix || advise.diff {
        return write(&request, &found, &services, file, advise);
    }
    let outside = services.iter().any(|(_, advice)| advice.is_some_and(|advice| !advice.is_settled()));
    let text = match advise.format {
        Form::Json => report::recommendations_json(&found.files, &services, &found.notes),
        Form::Pretty => report::recommendations(&found.files, &services, super::look(cli)),
    };
    Ok(Done { text, exit: if advise.check && outside { Exit::ToDo } else { Exit::Clean } })
}

type Services<'e> = Vec<(&'e Deployment, Option<&'e Advice>)>;

/// The file that the user named, if it was one.
fn named_file(found: &Examination, request: &Request, path: &Path) -> Result<Option<FileId>, Failure> {
    if path.is_dir() {
        return Ok(None);
    }
    let names = super::named(request, &[path.to_path_buf()])?;
    let file = names.first().and_then(|name| found.files.find(name));
    file.map(Some).ok_or_else(|| Failure::Usage(format!("`{}` is no file that farrier reads", path.display())))
}

/// The launches that a file has a part in, or all of them; those for development only where there are
/// no others.
fn services(found: &Examination, file: Option<FileId>) -> Services<'_> {
    let all = || found.assembly.deployments.iter().zip(found.advice.iter().map(Option::as_ref));
    let concerns = |deployment: &Deployment| {
        file.is_none_or(|file| {
            deployment.command.file == file
                || deployment.configuration.as_ref().is_some_and(|configuration| configuration.file == file)
                || deployment
                    .settings
                    .iter()
                    .any(|(_, setting)| setting.place().is_some_and(|place| place.file == file))
        })
    };
    let concerned: Services = all().filter(|(deployment, _)| concerns(deployment)).collect();
    let production: Services =
        concerned.iter().copied().filter(|(deployment, _)| deployment.development.is_none()).collect();
    if production.is_empty() { concerned } else { production }
}

fn write(
    request: &Request,
    found: &Examination,
    services: &Services,
    file: Option<FileId>,
    advise: &Advise,
) -> Result<Done, Failure> {
    let manner = Manner { only: file };
    let changes: Vec<Changes> = services
        .iter()
        .filter_map(|(deployment, advice)| Some(advice::changes(deployment, (*advice)?, manner, &found.files)))
        .collect();
    let planned: Vec<_> = changes.iter().flat_map(|changes| &changes.made).collect();
    let fixes: Vec<&Fix> = planned.iter().map(|change| &change.fix).collect();
    let intended = |name: &str| planned.iter().any(|change| change.setting == name);
    let check = |rewrite: &farrier::fix::Rewrite| {
        rewrite::reread(request, found, rewrite, &intended)?;
        reaches(request, found, rewrite, &planned)
    };
    let mode = if advise.fix { Mode::Write } else { Mode::Show };
    let applied = rewrite::apply(request, found, &fixes, mode, &check)?;
    let mut text = applied.text;
    let mut refused: Vec<_> = changes.iter().flat_map(|changes| &changes.refused).collect();
    refused.dedup();
    for refusal in &refused {
        let _ = writeln!(text, "not written: {}: {}", refusal.setting, refusal.reason);
    }
    if text.is_empty() {
        text.push_str("nothing to do: every value is inside its range\n");
    }
    let left = applied.refused > 0 || refused.iter().any(|refusal| refusal.is_outside);
    let open = left || !advise.fix && applied.changed > 0;
    Ok(Done { text, exit: if open { Exit::ToDo } else { Exit::Clean } })
}

/// Checks that the server would see the values that were meant.
fn reaches(
    request: &Request,
    found: &Examination,
    rewrite: &farrier::fix::Rewrite,
    made: &[&advice::Change],
) -> Result<(), String> {
    let path = found.files.get(rewrite.file).path();
    let after = farrier::examine_with(request, Some((path, &rewrite.new))).map_err(|error| error.to_string())?;
    for change in made {
        let reached = |value: &Value| {
            let mut deployments = after.assembly.deployments.iter();
            deployments.any(|deployment| deployment.setting(change.setting).and_then(|s| s.value()) == Some(value))
        };
        if change.value.as_ref().is_some_and(|value| !reached(value)) {
            return Err(format!("`{}` would not take the new value", change.setting));
        }
    }
    Ok(())
}
