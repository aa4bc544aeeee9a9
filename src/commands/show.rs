//! `farrier show`.

use farrier::app::Application;
use farrier::deployment::Deployment;
use farrier::request::Flags;
use farrier::{report, survey};

use super::{Done, Exit, Failure};
use crate::cli::{Cli, Form, Show};

pub(super) fn run(cli: &Cli, show: &Show) -> Result<Done, Failure> {
    let request = super::request(cli, std::slice::from_ref(&show.path), &Flags::default())?;
    let found = survey(&request, &[])?;
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
