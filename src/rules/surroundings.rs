//! What surrounds a service in time: who stops it and when, who keeps connections to it, who gives up on it.
//!
//! Each number comes with its origin and, where it stands in a file, the place.

use super::prelude::{Context, ServerName, Service, Setting, Value};
use crate::deployment::{Candidate, Layer, Resolved, Site, UnitKind};
use crate::findings::Edit;
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
        let limits = &self.deployment.limits;
        if let Some(stated) = &context.stated.kill_after {
            return Some(Bound {
                seconds: stated.value,
                who: "whoever runs it".to_owned(),
                source: stated.source.clone(),
                place: None,
                is_chosen: true,
            });
        }
        let (who, by_default) = match self.deployment.kind {
            UnitKind::KubernetesContainer => ("the kubelet", Some(30.0)),
            UnitKind::ComposeService => ("compose", Some(10.0)),
            UnitKind::SystemdService => ("systemd", Some(90.0)),
            UnitKind::SupervisorProgram => ("supervisord", None),
            UnitKind::Platform => ("the platform", None),
            _ => ("whoever stops it", None),
        };
        if let Some(grace) = &limits.stop_grace {
            // The default of supervisord stands at the head of its section.
            let written = context.files.text_at(grace.place).starts_with(|c: char| c.is_ascii_digit());
            return Some(Bound {
                seconds: grace.value.0,
                who: who.to_owned(),
                source: context.files.describe(grace.place),
                place: Some(grace.place),
                is_chosen: written,
            });
        }
        let seconds = by_default.filter(|_| !self.deployment.surroundings.stop_is_open)?;
        Some(Bound { seconds, who: who.to_owned(), source: "the default".to_owned(), place: None, is_chosen: false })
    }

    /// For how long what stands in front keeps an idle connection to it; `None` where nothing is known to.
    pub(super) fn idle_kept(&self, context: &Context) -> Option<Bound> {
        if let Some(stated) = &context.stated.idle_timeout {
            return Some(Bound {
                seconds: stated.value,
                who: "the proxy".to_owned(),
                source: stated.source.clone(),
                place: None,
                is_chosen: true,
            });
        }
        // The nearest counts: a load balancer keeps its connections to the proxy behind it.
        if !self.deployment.proxies.is_empty() {
            return self.deployment.proxies.iter().find_map(|proxy| {
                let empty = |word: &str| word.trim_matches(['"', '\'']).is_empty();
                let reuses = match proxy.program {
                    "nginx" => {
                        proxy.keepalive.as_ref().is_some_and(|pool| pool.value > 0)
                            && proxy.http_version.as_ref().is_some_and(|version| version.value == "1.1")
                            && proxy.connection.as_ref().is_some_and(|sent| empty(&sent.value))
                    }
                    // Go's transport repeats what may be repeated, so only those who chose a number hear of it.
                    _ => proxy.keepalive_timeout.is_some(),
                };
                let kept = proxy.keepalive_timeout.as_ref();
                reuses.then(|| Bound {
                    // nginx: `keepalive_timeout` of `upstream` is 60 s.
                    seconds: kept.map_or(60.0, |kept| kept.value.0),
                    who: proxy.program.to_owned(),
                    source: kept.map_or_else(|| "its default".to_owned(), |kept| context.files.describe(kept.place)),
                    place: kept.map(|kept| kept.place).or(proxy.keepalive.as_ref().map(|pool| pool.place)),
                    is_chosen: true,
                })
            });
        }
        let edge = self.deployment.surroundings.edge.as_ref()?;
        let source = if edge.by_default { "its default".to_owned() } else { context.files.describe(edge.idle.place) };
        Some(Bound {
            seconds: edge.idle.value.0,
            who: edge.name.to_owned(),
            source,
            place: Some(edge.idle.place),
            is_chosen: !edge.by_default,
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
            return Some(Bound {
                seconds: stated.value,
                who: "the proxy".to_owned(),
                source: stated.source.clone(),
                place: None,
                is_chosen: true,
            });
        }
        self.deployment.proxies.iter().find_map(|proxy| {
            let read = proxy.read_timeout.as_ref();
            // nginx: `proxy_read_timeout` is 60 s; Caddy waits for as long as it takes.
            let seconds = read.map(|read| read.value.0).or((proxy.program == "nginx").then_some(60.0))?;
            Some(Bound {
                seconds,
                who: proxy.program.to_owned(),
                source: read.map_or_else(|| "its default".to_owned(), |read| context.files.describe(read.place)),
                place: Some(read.map_or(proxy.place, |read| read.place)),
                is_chosen: read.is_some(),
            })
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
        // The command line of FastAPI starts Uvicorn and has few of its options.
        if deployment.server == ServerName::Uvicorn && context.files.text_at(deployment.command).contains("fastapi") {
            return None;
        }
        deployment.add_option(context.files, name, value)
    }
}
