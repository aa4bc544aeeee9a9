//! Why farrier could not do its job, and how that is told.

use farrier::{discover, measure, request, settings};

use crate::cli::Cli;

/// Something the user, or whoever runs the machine, must act on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error(transparent)]
    Discover(#[from] discover::Error),
    #[error(transparent)]
    Settings(#[from] settings::Error),
    #[error(transparent)]
    Request(#[from] request::Error),
    #[error(transparent)]
    Measure(#[from] measure::Error),
    #[error("{0}")]
    Usage(String),
}

impl Failure {
    /// The message with the lines of settings it is about, for the standard error stream.
    pub(crate) fn render(&self, cli: &Cli) -> String {
        let settings = match self {
            Self::Settings(error) | Self::Request(request::Error::Settings(error)) => error,
            other => return format!("error: {other}"),
        };
        let _ = cli;
        let at = settings.span.map(|span| {
            let line = settings.text.get(..span.start).unwrap_or_default().matches('\n').count() + 1;
            let text = settings.text.lines().nth(line - 1).unwrap_or_default();
            format!(":{line}\n  |\n  | {text}\n  |")
        });
        format!("error: {settings}\n  --> {}{}", settings.path.display(), at.unwrap_or_default())
    }
}
