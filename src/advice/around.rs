//! What surrounds a service in time: who stops it and when, who keeps connections to it, who gives up on it.
//!
//! Each number comes with its origin and, where it stands in a file, the place. What the user states counts
//! before what files say.

use super::Stated;
use crate::deployment::{Deployment, Effective, UnitKind};
use crate::servers::Server;
use crate::source::{Files, Place};
use crate::values::Value;

/// A number of seconds from around the service.
#[derive(Debug, Clone)]
pub struct Bound {
    /// The number.
    pub seconds: f64,
    /// Who says so, as a noun.
    pub who: String,
    /// Where it comes from, to stand in brackets.
    pub source: String,
    /// Where it stands, if it does in a file.
    pub place: Option<Place>,
    /// Whether somebody chose it.
    pub is_chosen: bool,
}

/// A service and everything that says something about what is around it.
#[derive(Debug, Clone, Copy)]
pub struct Around<'a> {
    /// The service.
    pub deployment: &'a Deployment,
    /// What the user states.
    pub stated: &'a Stated,
    /// The texts, for places.
    pub files: &'a Files,
}

impl Around<'_> {
    /// When it is killed after it was asked to stop; `None` where nobody knows.
    pub fn kill(&self) -> Option<Bound> {
        let limits = &self.deployment.limits;
        if let Some(stated) = &self.stated.kill_after {
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
            let written = self.files.text_at(grace.place).starts_with(|c: char| c.is_ascii_digit());
            return Some(Bound {
                seconds: grace.value.0,
                who: who.to_owned(),
                source: self.files.describe(grace.place),
                place: Some(grace.place),
                is_chosen: written,
            });
        }
        let seconds = by_default.filter(|_| !self.deployment.surroundings.stop_is_open)?;
        Some(Bound { seconds, who: who.to_owned(), source: "the default".to_owned(), place: None, is_chosen: false })
    }

    /// For how long what stands in front keeps an idle connection to it; `None` where nothing is known to.
    pub fn idle_kept(&self) -> Option<Bound> {
        if let Some(stated) = &self.stated.idle_timeout {
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
                    source: kept.map_or_else(|| "its default".to_owned(), |kept| self.files.describe(kept.place)),
                    place: kept.map(|kept| kept.place).or(proxy.keepalive.as_ref().map(|pool| pool.place)),
                    is_chosen: true,
                })
            });
        }
        let edge = self.deployment.surroundings.edge.as_ref()?;
        let source = if edge.by_default { "its default".to_owned() } else { self.files.describe(edge.idle.place) };
        Some(Bound {
            seconds: edge.idle.value.0,
            who: edge.name.to_owned(),
            source,
            place: Some(edge.idle.place),
            is_chosen: !edge.by_default,
        })
    }

    /// When what stands in front gives up on a request; `None` where nobody knows.
    pub fn edge_timeout(&self) -> Option<Bound> {
        if let Some(stated) = &self.stated.request_timeout {
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
                source: read.map_or_else(|| "its default".to_owned(), |read| self.files.describe(read.place)),
                place: Some(read.map_or(proxy.place, |read| read.place)),
                is_chosen: read.is_some(),
            })
        })
    }

    /// How many copies run at least, where that is known.
    pub fn copies(&self) -> Option<(u32, String, Option<Place>)> {
        if let Some(stated) = &self.stated.replicas {
            return Some((stated.value, stated.source.clone(), None));
        }
        let limits = &self.deployment.limits;
        let least = limits.autoscaler.as_ref().and_then(|scaler| scaler.least.as_ref());
        let written = least.or(limits.replicas.as_ref());
        if let Some(written) = written {
            return Some((written.value, self.files.describe(written.place), Some(written.place)));
        }
        let one = matches!(
            self.deployment.kind,
            UnitKind::ComposeService | UnitKind::KubernetesContainer | UnitKind::SystemdService
        );
        (one && limits.autoscaler.is_none()).then(|| (1, "the default".to_owned(), None))
    }
}

/// The setting that bounds how long the server waits for requests when it is asked to stop.
pub fn graceful(deployment: &Deployment) -> Option<&Effective> {
    let name = match deployment.server {
        Server::Gunicorn | Server::Hypercorn => "graceful_timeout",
        Server::Uvicorn => "timeout_graceful_shutdown",
        Server::Granian => "workers_kill_timeout",
        Server::Uwsgi => "worker_reload_mercy",
        Server::Daphne => return None,
    };
    deployment.setting(name)
}

/// The setting that says for how long the server keeps an idle connection, and what it says in seconds;
/// `None` where it keeps none.
pub fn keeps_idle(deployment: &Deployment) -> Option<(&Effective, f64)> {
    let number = |name: &str| {
        let setting = deployment.setting(name)?;
        let seconds = match setting.value()? {
            Value::Float(seconds) => *seconds,
            value => f64::from(u32::try_from(value.as_int()?).ok()?),
        };
        Some((setting, seconds))
    };
    match deployment.server {
        // `sync` closes every connection, and of 0 so do the others.
        Server::Gunicorn if deployment.class?.name() == "sync" => None,
        Server::Gunicorn => number("keepalive").filter(|(_, seconds)| *seconds > 0.0),
        Server::Uvicorn => number("timeout_keep_alive"),
        Server::Hypercorn => number("keep_alive_timeout"),
        Server::Granian | Server::Uwsgi | Server::Daphne => None,
    }
}
