//! What surrounds a service in time: who stops it and when, who keeps connections to it, who gives up on it.
//!
//! Each number comes with its origin and, where it stands in a file, the place.

use super::prelude::{Context, ServerName, Service, Setting, Value};
use crate::deployment::{Candidate, Layer, Proxy, Resolved, Site, UnitKind};
use crate::findings::Edit;
use crate::sizing::Known;
use crate::source::Place;

/// A number of seconds from around the service.
#[derive(Debug, Clone)]
pub(super) struct Bound {
    pub(super) seconds: f64,
    /// Who says so, as a noun.
    pub(super) who: String,
    /// Where it comes from, to stand in brackets.
    pub(super) source: String,
    pub(super) place: Option<Place>,
    /// Whether somebody chose it.
    pub(super) is_chosen: bool,
}

impl Bound {
    /// What the settings state.
    fn stated(known: &Known<f64>, who: &str) -> Self {
        let source = known.source.clone();
        Self { seconds: known.value, who: who.to_owned(), source, place: None, is_chosen: true }
    }

    /// What a file says.
    fn written(seconds: f64, who: &str, place: Place, context: &Context) -> Self {
        let source = context.files.describe(place);
        Self { seconds, who: who.to_owned(), source, place: Some(place), is_chosen: true }
    }

    /// What holds where nobody says anything.
    fn by_default(seconds: f64, who: &str, whose: &str, place: Option<Place>) -> Self {
        Self { seconds, who: who.to_owned(), source: format!("{whose} default"), place, is_chosen: false }
    }
}

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
                let eager = lazy.winner.depends.is_empty() && is("lazy", true).is_none();
                (several && eager)
                    .then_some(Preload { name: "uWSGI, which loads it once without `lazy-apps`,", place: None })
            }
            _ => None,
        }
    }

    /// The setting that bounds how long the server waits for requests when it is asked to stop.
    pub(super) fn graceful(&self) -> Option<&Setting> {
        let name = match self.deployment.server {
            ServerName::Gunicorn | ServerName::Hypercorn => "graceful_timeout",
            ServerName::Uvicorn => "timeout_graceful_shutdown",
            ServerName::Granian => "workers_kill_timeout",
            ServerName::Uwsgi => "worker_reload_mercy",
            ServerName::Daphne => return None,
        };
        self.deployment.setting(name)
    }

    /// When it is killed after it was asked to stop; `None` where nobody knows.
    pub(super) fn kill(&self, context: &Context) -> Option<Bound> {
        if let Some(stated) = &context.stated.kill_after {
            return Some(Bound::stated(stated, "whoever runs it"));
        }
        let (who, by_default) = match self.deployment.kind {
            UnitKind::KubernetesContainer => ("the kubelet", Some(30.0)),
            UnitKind::ComposeService => ("compose", Some(10.0)),
            UnitKind::SystemdService => ("systemd", Some(90.0)),
            UnitKind::SupervisorProgram => ("supervisord", None),
            UnitKind::Platform => ("the platform", None),
            _ => ("whoever stops it", None),
        };
        if let Some(grace) = &self.deployment.limits.stop_grace {
            // The default of supervisord stands at the head of its section.
            let written = context.files.text_at(grace.place).starts_with(|c: char| c.is_ascii_digit());
            return Some(Bound { is_chosen: written, ..Bound::written(grace.value.0, who, grace.place, context) });
        }
        let seconds = by_default.filter(|_| !self.deployment.surroundings.stop_is_open)?;
        Some(Bound::by_default(seconds, who, "the", None))
    }

    /// For how long what stands in front keeps an idle connection to it; `None` where nothing is known to.
    pub(super) fn idle_kept(&self, context: &Context) -> Option<Bound> {
        if let Some(stated) = &context.stated.idle_timeout {
            return Some(Bound::stated(stated, "the proxy"));
        }
        // The nearest counts: a load balancer keeps its connections to the proxy behind it.
        if !self.deployment.proxies.is_empty() {
            return self.deployment.proxies.iter().find_map(|proxy| kept_by(proxy, context));
        }
        let edge = self.deployment.surroundings.edge.as_ref()?;
        let (seconds, place) = (edge.idle.value.0, edge.idle.place);
        Some(match edge.by_default {
            true => Bound::by_default(seconds, edge.name, "its", Some(place)),
            false => Bound::written(seconds, edge.name, place, context),
        })
    }

    /// The setting that says for how long the server keeps an idle connection, and what it says in seconds;
    /// `None` where it keeps none.
    pub(super) fn keeps_idle(&self) -> Option<(&Setting, f64)> {
        let number = |name: &str| {
            let setting = self.deployment.setting(name)?;
            let seconds = match setting.value()? {
                Value::Float(seconds) => *seconds,
                value => super::prelude::exact(value.as_int()?),
            };
            Some((setting, seconds))
        };
        match self.deployment.server {
            // `sync` closes every connection, and of 0 so do the others.
            ServerName::Gunicorn if self.deployment.class?.name() == "sync" => None,
            ServerName::Gunicorn => number("keepalive").filter(|(_, seconds)| *seconds > 0.0),
            ServerName::Uvicorn => number("timeout_keep_alive"),
            ServerName::Hypercorn => number("keep_alive_timeout"),
            ServerName::Granian | ServerName::Uwsgi | ServerName::Daphne => None,
        }
    }

    /// When what stands in front gives up on a request; `None` where nobody knows.
    pub(super) fn edge_timeout(&self, context: &Context) -> Option<Bound> {
        if let Some(stated) = &context.stated.request_timeout {
            return Some(Bound::stated(stated, "the proxy"));
        }
        self.deployment.proxies.iter().find_map(|proxy| match &proxy.read_timeout {
            Some(read) => Some(Bound::written(read.value.0, proxy.program, read.place, context)),
            // nginx: `proxy_read_timeout` is 60 s; Caddy waits for as long as it takes.
            None if proxy.program == "nginx" => Some(Bound::by_default(60.0, "nginx", "its", Some(proxy.place))),
            None => None,
        })
    }

    /// How many copies run at least, where that is known.
    pub(super) fn copies(&self, context: &Context) -> Option<(u32, String, Option<Place>)> {
        if let Some(stated) = &context.stated.replicas {
            return Some((stated.value, stated.source.clone(), None));
        }
        let limits = &self.deployment.limits;
        let least = limits.autoscaler.as_ref().and_then(|scaler| scaler.least.as_ref());
        let written = least.or(limits.replicas.as_ref());
        if let Some(written) = written {
            return Some((written.value, context.files.describe(written.place), Some(written.place)));
        }
        let one = matches!(
            self.deployment.kind,
            UnitKind::ComposeService | UnitKind::KubernetesContainer | UnitKind::SystemdService
        );
        (one && limits.autoscaler.is_none()).then(|| (1, "the default".to_owned(), None))
    }

    /// Gives a setting a value: where it is set, or where a person would set it.
    pub(super) fn give(&self, name: &str, value: &Value, context: &Context) -> Option<Edit> {
        let deployment = self.deployment;
        let setting = deployment.setting(name)?;
        if setting.is_set() {
            return setting.winner.set(context.files, value);
        }
        if let Some(statement) = deployment.configuration.as_ref().and_then(|file| file.last_assignment) {
            let beside = Candidate {
                value: Resolved::Known(Value::None),
                layer: Layer::ConfigFile,
                place: Some(statement),
                site: Some(Site::Statement { literal: None, statement }),
                depends: Vec::new(),
            };
            return beside.add_beside(context.files, setting.setting, deployment.version.version, value);
        }
        // An argument of the call that starts it goes beside another one.
        let beside = deployment.settings.iter().filter(|(_, other)| other.winner.layer == Layer::Call).find_map(
            |(_, other)| other.winner.add_beside(context.files, setting.setting, deployment.version.version, value),
        );
        if beside.is_some() {
            return beside;
        }
        // The command line of FastAPI starts Uvicorn and has few of its options.
        if deployment.server == ServerName::Uvicorn && context.files.text_at(deployment.command).contains("fastapi") {
            return None;
        }
        deployment.add_option(context.files, name, value)
    }
}

/// For how long a proxy keeps idle connections to the server; `None` where it keeps none.
fn kept_by(proxy: &Proxy, context: &Context) -> Option<Bound> {
    if let Some(kept) = &proxy.keepalive_timeout {
        let reuses = proxy.program != "nginx" || reuses(proxy);
        return reuses.then(|| Bound::written(kept.value.0, proxy.program, kept.place, context));
    }
    let pool = proxy.keepalive.as_ref().map(|pool| pool.place);
    // nginx: `keepalive_timeout` of `upstream` is 60 s. Caddy's transport keeps connections for two minutes, and repeats
    // what may be repeated, so only those who chose a number hear of it.
    (proxy.program == "nginx" && reuses(proxy))
        .then(|| Bound { is_chosen: true, ..Bound::by_default(60.0, proxy.program, "its", pool) })
}

/// Whether nginx keeps connections to the server at all.
fn reuses(proxy: &Proxy) -> bool {
    let empty = |word: &str| word.trim_matches(['"', '\'']).is_empty();
    proxy.keepalive.as_ref().is_some_and(|pool| pool.value > 0)
        && proxy.http_version.as_ref().is_some_and(|version| version.value == "1.1")
        && proxy.connection.as_ref().is_some_and(|sent| empty(&sent.value))
}
