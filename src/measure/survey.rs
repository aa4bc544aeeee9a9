//! Which of many requests the service answers at all, before any of them is measured.
//!
//! A description, the code or a log says what could be asked; what is answered with an error, because nobody is logged in
//! or nothing of that name is there, would only be failures of a comparison.

use std::rc::Rc;
use std::time::Duration;

use super::drive::once;
use super::plan::Plan;
use super::server::Server;
use super::{Error, Progress, driven, log};

/// What does not answer within this time would take all of a short run.
const WITHIN: Duration = Duration::from_secs(5);

/// Starts candidate number `candidate` and asks each request once: the status, or none without an answer. Blocks until
/// the server is gone.
pub fn survey(
    plan: &Plan,
    candidate: usize,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<Vec<Option<u16>>, Error> {
    plan.check_load()?;
    if !plan.folder.is_dir() {
        return Err(Error::Folder(plan.folder.clone()));
    }
    let found = driven(plan, ask(plan, candidate, progress));
    progress(Progress::Stopping);
    found
}

async fn ask(plan: &Plan, candidate: usize, progress: &mut dyn FnMut(Progress<'_>)) -> Result<Vec<Option<u16>>, Error> {
    let Some(described) = plan.candidates.get(candidate) else {
        return Err(Error::Plan("no such configuration".to_owned()));
    };
    let label = described.label.as_str();
    progress(Progress::Surveying { label, requests: plan.requests.len() });
    let quick = Plan { request_timeout: plan.request_timeout.min(WITHIN), ..plan.clone() };
    let mut server = Server::start(&quick, described, &mut Vec::new()).await?;
    let target = Rc::clone(&server.target);
    let mut answers = Vec::new();
    for index in 0..plan.requests.len() {
        answers.push(once(&target, index).await.ok());
        if let Some(ended) = server.gone() {
            let log = server.log();
            let reason = log::reason(&log).unwrap_or("it wrote nothing").to_owned();
            return Err(Error::Start { label: label.to_owned(), ended, reason, log });
        }
    }
    server.stop();
    Ok(answers)
}
