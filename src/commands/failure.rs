//! Why farrier could not do its job, and how that is told.

use std::fmt;

use farrier::{discover, request, settings};

/// Something the user, or whoever runs the machine, must act on.
#[derive(Debug)]
pub(crate) enum Failure {
    Discover(discover::Error),
    Settings(settings::Error),
    #[cfg(unix)]
    Measure(farrier::measure::Error),
    Usage(String),
}

impl From<discover::Error> for Failure {
    fn from(error: discover::Error) -> Self {
        Self::Discover(error)
    }
}

impl From<settings::Error> for Failure {
    fn from(error: settings::Error) -> Self {
        Self::Settings(error)
    }
}

impl From<request::Error> for Failure {
    fn from(error: request::Error) -> Self {
        match error {
            request::Error::Settings(error) => Self::Settings(error),
            request::Error::UnknownRule(..) | request::Error::UnknownEnvironment(_) => Self::Usage(error.to_string()),
        }
    }
}

#[cfg(unix)]
impl From<farrier::measure::Error> for Failure {
    fn from(error: farrier::measure::Error) -> Self {
        Self::Measure(error)
    }
}

/// The message, and for settings the line it is about.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Discover(error) => write!(f, "error: {error}"),
            #[cfg(unix)]
            Self::Measure(error) => write!(f, "error: {error}"),
            Self::Usage(message) => write!(f, "error: {message}"),
            Self::Settings(error) => {
                write!(f, "error: {error}\n  --> {}", error.path.display())?;
                let Some(span) = error.span else {
                    return Ok(());
                };
                let before = error.text.get(..span.start).unwrap_or_default();
                let line = before.matches('\n').count();
                let text = error.text.lines().nth(line).unwrap_or_default();
                let indent = before.rsplit('\n').next().unwrap_or_default().chars().count();
                let marked = error.text.get(span.start..span.end).and_then(|text| text.lines().next());
                let marks = "^".repeat(marked.map_or(1, |text| text.chars().count().max(1)));
                write!(f, ":{}\n   |\n   | {text}\n   | {:indent$}{marks}", line + 1, "")
            }
        }
    }
}
