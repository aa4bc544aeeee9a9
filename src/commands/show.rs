//! `farrier show`.

use farrier::app::Application;
use farrier::deployment::Deployment;
use farrier::request::Flags;
use farrier::source::FileId;
use farrier::{Survey, report, survey};

use super::{Done, Exit, Failure, patience};
use crate::cli::{Cli, Form, Show};

pub(super) fn run(cli: &Cli, show: &Show) -> Result<Done, Failure> {
    let request = super::request(cli, std::slice::from_ref(&show.path), &Flags::default())?;
    let mut found = patience::with_sign(&request, || survey(&request, &[]))?;
    if show.path.is_dir() {
        narrow(&mut found, &super::named(&request, std::slice::from_ref(&show.path))?);
    }
    let (deployments, notes) = (&found.assembly.deployments, &found.notes);
    let exit = if deployments.is_empty() { Exit::NothingToCheck } else { Exit::Clean };
    let text = match show.format {
        Form::Json => report::launches_json(&found.files, deployments, &found.applications, &found.orphans, notes),
        Form::Pretty => {
            let look = super::look(cli);
            let nothing = if deployments.is_empty() { "no file here starts a server that farrier knows\n" } else { "" };
            // The notes may say why.
            let started = report::launches(&found.files, deployments, &found.applications, notes, show.all, look);
            let unnamed = |(deployment, made): (&Deployment, &Option<Application>)| {
                made.is_none() && (deployment.app.is_none() || deployment.handed.is_some())
            };
            let open = deployments.iter().zip(&found.applications).any(unnamed);
            nothing.to_owned() + &started + &report::unstarted(&found.files, &found.orphans, open, look)
        }
    };
    Ok(Done { text, exit })
}

/// Leaves of what is started what the named folders have a part in; all of it where they have none.
fn narrow(found: &mut Survey, named: &[String]) {
    let files = &found.files;
    let lies = |file: FileId| super::lies_in(named, files.get(file).path());
    let pairs = found.assembly.deployments.iter().zip(&found.applications);
    let concerned: Vec<bool> =
        pairs.map(|(deployment, made)| super::concerns(deployment, made.as_ref(), &lies)).collect();
    let orphan = |application: &Application| lies(application.place.file);
    if !concerned.contains(&true) && !found.orphans.iter().any(orphan) {
        return;
    }
    let mut kept = concerned.iter();
    found.assembly.deployments.retain(|_| kept.next().is_none_or(|kept| *kept));
    let mut kept = concerned.iter();
    found.applications.retain(|_| kept.next().is_none_or(|kept| *kept));
    found.orphans.retain(orphan);
}
