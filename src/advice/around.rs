//! What surrounds a service in time: who stops it and when, who keeps connections to it, who gives up on it.
//!
//! Each number comes with its origin and, where it stands in a file, the place. What the user states counts
//! before what files say.

use super::Stated;
use crate::deployment::{Deployment, Effective, Proxy, UnitKind};
use crate::servers::Server;
use crate::sizing::Known;
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

impl Bound {
    /// What the settings state.
    fn stated(known: &Known<f64>, who: &str) -> Self {
        let source = known.source.clone();
        Self { seconds: known.value, who: who.to_owned(), source, place: None, is_chosen: true }
    }

    /// What a file says.
    fn written(seconds: f64, who: &str, place: Place, files: &Files) -> Self {
        let source = files.describe(place);
        Self { seconds, who: who.to_owned(), source, place: Some(place), is_chosen: true }
    }

    /// What holds where nobody says anything.
    fn by_default(seconds: f64, who: &str, whose: &str, place: Option<Place>) -> Self {
        Self { seconds, who: who.to_owned(), source: format!("{whose} default"), place, is_chosen: false }
    }
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
        if let Some(stated) = &self.stated.kill_after {
            return Some(Bound::stated(stated, "whoever runs it"));
        }
        let (who, by_default) = match self.deployment.kind {
            UnitKind::KubernetesContainer => {
                let usual = self.deployment.limits.stop_default;
                (usual.map_or("the kubelet", |usual| usual.by), usual.map(|usual| usual.value.0))
            }
            UnitKind::ComposeService => ("compose", Some(10.0)),
            UnitKind::SystemdService => ("systemd", Some(90.0)),
            UnitKind::SupervisorProgram => ("supervisord", None),
            UnitKind::Platform => ("the platform", None),
            _ => ("whoever stops it", None),
        };
        if let Some(grace) = &self.deployment.limits.stop_grace {
            // The default of supervisord stands at the head of its section.
            let is_chosen = self.files.text_at(grace.place).starts_with(|c: char| c.is_ascii_digit());
            return Some(Bound { is_chosen, ..Bound::written(grace.value.0, who, grace.place, self.files) });
        }
        let seconds = by_default.filter(|_| !self.deployment.surroundings.stop_is_open)?;
        Some(Bound::by_default(seconds, who, "the", None))
    }

    /// For how long what stands in front keeps an idle connection to it; `None` where nothing is known to.
    pub fn idle_kept(&self) -> Option<Bound> {
        if let Some(stated) = &self.stated.idle_timeout {
            return Some(Bound::stated(stated, "the proxy"));
        }
        // The nearest counts: a load balancer keeps its connections to the proxy behind it.
        if !self.deployment.proxies.is_empty() {
            return self.deployment.proxies.iter().find_map(|proxy| kept_by(proxy, self.files));
        }
        if let Some((router, idle)) = self.deployment.limits.router.as_ref().and_then(|it| Some((it, it.idle?))) {
            let who = format!("the router of {}", router.of);
            return Some(Bound { is_chosen: true, ..Bound::by_default(idle.0, &who, "its", Some(router.place)) });
        }
        let edge = self.deployment.surroundings.edge.as_ref()?;
        let (seconds, place) = (edge.idle.value.0, edge.idle.place);
        Some(if edge.by_default {
            Bound::by_default(seconds, edge.name, "its", Some(place))
        } else {
            Bound::written(seconds, edge.name, place, self.files)
        })
    }

    /// When what stands in front gives up on a request; `None` where nobody knows.
    pub fn edge_timeout(&self) -> Option<Bound> {
        if let Some(stated) = &self.stated.request_timeout {
            return Some(Bound::stated(stated, "the proxy"));
        }
        let proxy = self.deployment.proxies.iter().find_map(|proxy| match &proxy.read_timeout {
            Some(read) => Some(Bound::written(read.value.0, proxy.program, read.place, self.files)),
            // nginx: `proxy_read_timeout` is 60 s; Caddy waits for as long as it takes.
            None if proxy.program == "nginx" => Some(Bound::by_default(60.0, "nginx", "its", Some(proxy.place))),
            None => None,
        });
        proxy.or_else(|| {
            let router = self.deployment.limits.router.as_ref()?;
            let who = format!("the router of {}", router.of);
            Some(Bound { is_chosen: true, ..Bound::by_default(router.request?.0, &who, "its", Some(router.place)) })
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

/// For how long a proxy keeps idle connections to the server; `None` where it keeps none.
fn kept_by(proxy: &Proxy, files: &Files) -> Option<Bound> {
    let reuses = proxy.program != "nginx" || reuses(proxy);
    if let Some(kept) = &proxy.keepalive_timeout {
        return reuses.then(|| Bound::written(kept.value.0, proxy.program, kept.place, files));
    }
    let pool = proxy.keepalive.as_ref().map(|pool| pool.place);
    // nginx: `keepalive_timeout` of `upstream` is 60 s. Go's transport repeats what may be repeated, so that of Caddy
    // only those who chose a number hear of it.
    (proxy.program == "nginx" && reuses)
        .then(|| Bound { is_chosen: true, ..Bound::by_default(60.0, "nginx", "its", pool) })
}

/// Whether nginx keeps connections to the server at all.
fn reuses(proxy: &Proxy) -> bool {
    let empty = |word: &str| word.trim_matches(['"', '\'']).is_empty();
    proxy.keepalive.as_ref().is_some_and(|pool| pool.value > 0)
        && proxy.http_version.as_ref().is_some_and(|version| version.value == "1.1")
        && proxy.connection.as_ref().is_some_and(|sent| empty(&sent.value))
}

/// The setting that bounds how long the server waits for requests when it is asked to stop; `None` where it never
/// waits.
///
/// uWSGI's `worker-reload-mercy` is about reloads alone: a signal to stop ends the workers at once, whatever it says
/// (`kill_them_all`, 2.0.31; by running it, with `die-on-term` and without).
pub fn graceful(deployment: &Deployment) -> Option<&Effective> {
    let name = match deployment.server {
        Server::Gunicorn | Server::Hypercorn => "graceful_timeout",
        Server::Uvicorn => "timeout_graceful_shutdown",
        Server::Granian => "workers_kill_timeout",
        Server::ActixWeb => "shutdown_timeout",
        Server::Uwsgi
        | Server::Daphne
        | Server::Axum
        | Server::Hyper
        | Server::Poem
        | Server::Rocket
        | Server::Salvo
        | Server::Tonic
        | Server::Warp => return None,
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
        // Of 0 it closes each connection behind its answer.
        Server::ActixWeb => number("keep_alive").filter(|(_, seconds)| *seconds > 0.0),
        Server::Poem => number("idle_timeout"),
        // hyper closes no idle connection by itself, and Rocket's `keep_alive` is none of that kind.
        Server::Axum
        | Server::Hyper
        | Server::Rocket
        | Server::Salvo
        | Server::Tonic
        | Server::Warp
        | Server::Granian
        | Server::Uwsgi
        | Server::Daphne => None,
    }
}
