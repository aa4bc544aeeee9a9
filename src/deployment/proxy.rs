//! Which proxies pass requests to which server.
//!
//! Decides by addresses: the path of a socket, the name of a compose service with its port, or a port of this
//! machine. Where more than one server fits, none is taken.

use std::collections::{BTreeMap, BTreeSet};

use super::Deployment;
use crate::read::{Proxy, UnitKind};
use crate::servers::Server;
use crate::values::Value;

/// Gives every deployment the routes that lead to it.
pub(super) fn join(deployments: &mut [Deployment], proxies: &[Proxy]) {
    // Which deployments listen where, by the path or the port alone.
    let mut listening: BTreeMap<Point, Vec<usize>> = BTreeMap::new();
    for (at, deployment) in deployments.iter_mut().enumerate() {
        deployment.listens = addresses(deployment);
        for address in &deployment.listens {
            listening.entry(address.point()).or_default().push(at);
        }
    }
    let mut met = BTreeSet::new();
    for proxy in proxies {
        for upstream in &proxy.upstreams {
            let Some(address) = Address::of(&upstream.value) else { continue };
            let Some(all) = listening.get(&address.point()) else { continue };
            if address.is_loopback() && met.insert(address.point()) {
                for &at in all {
                    deployments[at].beside_proxy = true;
                }
            }
            let fits = |&&at: &&usize| {
                let deployment = &deployments[at];
                deployment.listens.iter().any(|own| leads(&address, own, deployment))
            };
            let mut fitting: Vec<usize> = all.iter().filter(fits).copied().collect();
            fitting.dedup();
            // The edge of a platform stands in front of what a `Procfile` starts.
            if fitting.iter().any(|&at| deployments[at].kind != UnitKind::Procfile) {
                fitting.retain(|&at| deployments[at].kind != UnitKind::Procfile);
            }
            let Some((&first, rest)) = fitting.split_first() else { continue };
            if !rest.iter().all(|&other| deployments[other].is_variant_of(&deployments[first])) {
                continue;
            }
            for at in fitting {
                if !deployments[at].proxies.iter().any(|known| known.place == proxy.place) {
                    deployments[at].proxies.push(proxy.clone());
                }
            }
        }
    }
    for deployment in deployments.iter_mut().filter(|deployment| deployment.inherits()) {
        deployment.listens.clear();
    }
}

/// What two addresses have in common that may meet.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Point {
    Socket(String),
    Port(u16),
}

/// Where a server listens, or a proxy sends to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// A path of the file system.
    Socket(String),
    /// A port.
    Port {
        /// The interface, in lower case; empty for all of them.
        host: String,
        /// Its number.
        port: u16,
    },
}

impl Deployment {
    /// Whether both are one service, which several files or several branches start in different ways.
    fn is_variant_of(&self, other: &Self) -> bool {
        let app = |one: &Self| one.app.as_ref().map(|app| app.value.clone());
        let same = self.kind == other.kind && self.unit == other.unit && self.server == other.server;
        same && (self.command == other.command || app(self).is_some() && app(self) == app(other))
    }

    /// Where it listens, as far as that is known.
    pub fn addresses(&self) -> &[Address] {
        &self.listens
    }

    /// Whether it listens where somebody else has opened an address for it.
    fn inherits(&self) -> bool {
        self.setting("fd").is_some_and(|fd| fd.is_set() && fd.value() != Some(&Value::None))
    }
}

impl Address {
    fn point(&self) -> Point {
        match self {
            Self::Socket(path) => Point::Socket(path.clone()),
            Self::Port { port, .. } => Point::Port(*port),
        }
    }

    /// Whether only the machine, or the container, itself can reach it.
    pub fn is_loopback(&self) -> bool {
        match self {
            Self::Socket(_) => true,
            Self::Port { host, .. } => matches!(host.as_str(), "localhost" | "::1") || host.starts_with("127."),
        }
    }

    /// Reads `host:port`, `host`, `:port`, `unix:path` and `unix//path`.
    fn of(text: &str) -> Option<Self> {
        let text = text.strip_prefix("http://").unwrap_or(text);
        if let Some(path) = text.strip_prefix("unix:").or_else(|| text.strip_prefix("unix/")) {
            let path = path.strip_prefix("//").unwrap_or(path).trim_end_matches('/');
            let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
            return Some(Self::Socket(path));
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, port.parse().ok()?),
            _ => (text, 80),
        };
        Some(Self::Port { host: host.trim_matches(['[', ']']).to_ascii_lowercase(), port })
    }
}

/// Whether a name means the machine itself, or every interface of it.
fn is_own(host: &str) -> bool {
    matches!(host, "" | "localhost" | "0.0.0.0" | "::" | "::1" | "*") || host.starts_with("127.")
}

fn leads(target: &Address, own: &Address, deployment: &Deployment) -> bool {
    match (target, own) {
        (Address::Socket(target), Address::Socket(own)) => target == own,
        (Address::Port { host, port }, Address::Port { host: own, port: listens }) if port == listens => {
            if deployment.kind == UnitKind::ComposeService {
                deployment.unit.eq_ignore_ascii_case(host) && (!is_own(own) || !own.starts_with("127."))
            } else {
                is_own(host) && is_own(own)
            }
        }
        _ => false,
    }
}

/// Where a server listens, as far as its settings are known.
fn addresses(deployment: &Deployment) -> Vec<Address> {
    let text = |name: &str| deployment.setting(name).and_then(|setting| setting.value()).cloned();
    let texts = |name: &str| match text(name) {
        Some(Value::Str(one)) => vec![one],
        Some(Value::List(all)) => all.iter().filter_map(|value| value.as_str().map(str::to_owned)).collect(),
        _ => Vec::new(),
    };
    match deployment.server {
        Server::Gunicorn | Server::Hypercorn => texts("bind").iter().filter_map(|bind| bound(bind)).collect(),
        Server::ActixWeb
        | Server::Axum
        | Server::Hyper
        | Server::Poem
        | Server::Salvo
        | Server::Tonic
        | Server::Warp => texts("bind").iter().filter_map(|bind| Address::of(bind)).collect(),
        Server::Rocket => port_of_host(texts("address").into_iter().next(), deployment),
        Server::Uwsgi => {
            let names = ["socket", "http", "http-socket", "uwsgi-socket", "http_socket", "uwsgi_socket"];
            let all = names.iter().flat_map(|name| texts(name));
            all.filter_map(|bind| if bind.contains('/') { socket(&bind) } else { bound(&bind) }).collect()
        }
        Server::Uvicorn | Server::Granian | Server::Daphne => {
            let sockets = ["uds", "unix_socket"].iter().flat_map(|name| texts(name));
            let found: Vec<Address> = sockets.filter_map(|path| socket(&path)).collect();
            if !found.is_empty() {
                return found;
            }
            port_of_host(texts("host").into_iter().next(), deployment)
        }
    }
}

fn port_of_host(host: Option<String>, deployment: &Deployment) -> Vec<Address> {
    let port = deployment.int("port").and_then(|port| u16::try_from(port).ok());
    match (host, port) {
        (Some(host), Some(port)) => vec![Address::Port { host: host.to_ascii_lowercase(), port }],
        _ => Vec::new(),
    }
}

fn socket(path: &str) -> Option<Address> {
    let path = path.strip_prefix("unix:").unwrap_or(path);
    // A relative path depends on the folder, which the proxy does not share.
    path.starts_with('/').then(|| Address::Socket(path.to_owned()))
}

/// A `bind` of Gunicorn: without a port it listens on 8000.
fn bound(bind: &str) -> Option<Address> {
    if bind.starts_with("unix:") {
        return socket(bind.strip_prefix("unix://").unwrap_or(bind));
    }
    let has_port = bind.rsplit_once(':').is_some_and(|(_, port)| !port.contains(']'));
    if has_port { Address::of(bind) } else { Address::of(&format!("{bind}:8000")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn port(host: &str, port: u16) -> Address {
        Address::Port { host: host.into(), port }
    }

    #[test]
    fn addresses_in_every_spelling() {
        assert_eq!(Address::of("web:8000"), Some(port("web", 8000)));
        assert_eq!(Address::of("web"), Some(port("web", 80)));
        assert_eq!(Address::of("[::1]:8000"), Some(port("::1", 8000)));
        assert_eq!(Address::of(":8000"), Some(port("", 8000)));
        let socket = Some(Address::Socket("/run/app.sock".into()));
        for text in ["unix:/run/app.sock", "unix:///run/app.sock", "unix//run/app.sock"] {
            assert_eq!(Address::of(text), socket, "{text}");
        }
        assert_eq!(bound("unix:/run/app.sock"), socket);
        assert_eq!(bound("unix:///run/app.sock"), socket);
        assert_eq!(bound("0.0.0.0"), Some(port("0.0.0.0", 8000)));
        assert_eq!(bound(":9000"), Some(port("", 9000)));
        assert_eq!(Address::of("web:port"), None);
    }
}
