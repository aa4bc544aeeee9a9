//! `farrier host`.

use std::path::Path;

use farrier::host::Host as Limits;
use farrier::report;

use super::{Done, Exit, Failure};
use crate::cli::{Form, Host};

#[allow(clippy::unnecessary_wraps, reason = "every verb answers in the same way")]
pub(super) fn run(host: &Host) -> Result<Done, Failure> {
    let limits = Limits::detect(Path::new("/"));
    let text = match host.format {
        Form::Pretty => report::limits(&limits),
        Form::Json => report::limits_json(&limits),
    };
    Ok(Done { text, exit: Exit::Clean })
}
