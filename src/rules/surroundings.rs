//! What surrounds a service in time: who stops it and when, who keeps connections to it, who gives up on it.
//!
//! Each number comes with its origin and, where it stands in a file, the place.

use super::prelude::{Context, ServerName, Service, Setting, Value};
use crate::advice::{self, Around, Bound};
use crate::deployment::{Candidate, Layer, Resolved, Site};
use crate::findings::Edit;
use crate::source::Place;

/// What people say that has to be read beside a number: `30 s`, `1.5 s`.
pub(super) fn seconds(value: f64) -> String {
    crate::values::Seconds(value).to_string()
}

/// What makes a server load the application before it forks.
#[derive(Debug, Clone)]
pub(super) struct Preload {
    /// How to call it.
    pub(super) name: &'static str,
    pub(super) place: Option<Place>,
}

impl Service<'_> {
    /// What is around it, as far as files and the user say so.
    fn around<'c>(&'c self, context: &'c Context) -> Around<'c> {
        Around { deployment: self.deployment, stated: context.stated, files: context.files }
    }

    /// Whether the application is loaded once and several workers are forked from there.
    pub(super) fn loads_before_fork(&self) -> Option<Preload> {
        let deployment = self.deployment;
        let is = |name: &str, wanted: bool| {
            deployment.setting(name).filter(|setting| setting.value() == Some(&Value::Bool(wanted)))
        };
        match deployment.server {
            ServerName::Gunicorn => {
                let preload = is("preload_app", true)?;
                let several = deployment.int("workers").is_none_or(|count| count > 1);
                several.then(|| Preload { name: "`preload_app`", place: preload.place() })
            }
            ServerName::Uwsgi => {
                let lazy = is("lazy_apps", false)?;
                let several = deployment.int("processes").is_some_and(|count| count > 1);
                let eager = lazy.winner.is_settled() && is("lazy", true).is_none();
                (several && eager)
                    .then_some(Preload { name: "uWSGI, which loads it once without `lazy-apps`,", place: None })
            }
            _ => None,
        }
    }

    /// The setting that bounds how long the server waits for requests when it is asked to stop.
    pub(super) fn graceful(&self) -> Option<&Setting> {
        advice::graceful(self.deployment)
    }

    /// When it is killed after it was asked to stop; `None` where nobody knows.
    pub(super) fn kill(&self, context: &Context) -> Option<Bound> {
        self.around(context).kill()
    }

    /// For how long what stands in front keeps an idle connection to it; `None` where nothing is known to.
    pub(super) fn idle_kept(&self, context: &Context) -> Option<Bound> {
        self.around(context).idle_kept()
    }

    /// The setting that says for how long the server keeps an idle connection, and what it says in seconds;
    /// `None` where it keeps none.
    pub(super) fn keeps_idle(&self) -> Option<(&Setting, f64)> {
        advice::keeps_idle(self.deployment)
    }

    /// When what stands in front gives up on a request; `None` where nobody knows.
    pub(super) fn edge_timeout(&self, context: &Context) -> Option<Bound> {
        self.around(context).edge_timeout()
    }

    /// How many copies run at least, where that is known.
    pub(super) fn copies(&self, context: &Context) -> Option<(u32, String, Option<Place>)> {
        self.around(context).copies()
    }

    /// Gives a setting a value: where it is set, or where a person would set it.
    pub(super) fn give(&self, name: &str, value: &Value, context: &Context) -> Option<Edit> {
        let deployment = self.deployment;
        let setting = deployment.setting(name)?;
        if setting.is_set() {
            return setting.winner.set(context.files, value);
        }
        let version = deployment.version.version;
        let configuration = deployment.configuration.as_ref();
        // Of uWSGI the file says most, wherever it is started.
        if let Some(beside) = configuration.and_then(|file| deployment.beside_in(file.file, name, context.files)) {
            return beside.add_beside(context.files, setting.setting, version, value);
        }
        if let Some(statement) = configuration.and_then(|file| file.last_assignment) {
            let beside = Candidate {
                value: Resolved::Known(Value::None),
                layer: Layer::ConfigFile,
                place: Some(statement),
                site: Some(Site::Statement { literal: None, statement }),
                depends: Vec::new(),
            };
            return beside.add_beside(context.files, setting.setting, version, value);
        }
        // The command line of FastAPI starts Uvicorn and has few of its options.
        if deployment.server == ServerName::Uvicorn && context.files.text_at(deployment.command).contains("fastapi") {
            return None;
        }
        deployment.add_option(context.files, name, value)
    }
}
