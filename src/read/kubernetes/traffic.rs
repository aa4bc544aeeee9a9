//! Who sends requests to the pods of a workload: the service that selects them, the ingress in front of it.

use std::collections::BTreeMap;

use crate::source::{FileId, Located, Place, Span};
use crate::values::Seconds;

use super::super::container::{Container, Edge};
use super::node::Node;
use super::objects::Object;

/// What the controllers of an ingress keep idle connections to pods for, where nobody says otherwise.
///
/// AWS: "Connection idle timeout", 60 s; Google: "backend keepalive timeout", 600 s, which cannot be changed;
/// ingress-nginx: `upstream-keepalive-timeout`, 60 s.
const CONTROLLERS: [(&str, &str, f64); 4] = [
    ("alb", "AWS ALB", 60.0),
    ("gce", "the Google load balancer", 600.0),
    ("gce-internal", "the Google load balancer", 600.0),
    ("nginx", "ingress-nginx", 60.0),
];

/// More labels than a service selects by.
const MAX_LABELS: usize = 100;

/// What sends requests to the pods of a cluster.
pub(super) struct Traffic<'a> {
    services: Vec<&'a Object>,
    /// The ingresses by the services that they lead to.
    ingresses: BTreeMap<&'a str, Vec<&'a Object>>,
    routes: Vec<&'a Object>,
}

/// What leads to the pods of one workload.
#[derive(Debug, Default)]
pub(super) struct Led {
    service: Option<Place>,
    exposed: Option<Place>,
    edge: Option<Edge>,
    tls: Option<Place>,
}

impl Led {
    /// Adds it to what surrounds a container of those pods.
    pub(super) fn add_to(&self, container: &mut Container) {
        if self.service.is_some() {
            (container.service, container.exposed) = (self.service, self.exposed);
        }
        if self.edge.is_some() {
            container.edge.clone_from(&self.edge);
        }
        container.tls = self.tls.or(container.tls);
    }
}

impl<'a> Traffic<'a> {
    pub(super) fn new(objects: &'a [Object]) -> Self {
        let of = |kind: &'static str| objects.iter().filter(move |object| object.kind == kind);
        let mut ingresses: BTreeMap<&str, Vec<&Object>> = BTreeMap::new();
        for ingress in of("Ingress") {
            for service in backends(&ingress.node) {
                ingresses.entry(service).or_default().push(ingress);
            }
        }
        Self { services: of("Service").collect(), ingresses, routes: of("Route").collect() }
    }

    /// What leads to the pods of `user`, which carry these labels.
    pub(super) fn to(&self, user: &Object, metadata: Option<&Node>, file: FileId) -> Led {
        let labels = metadata.and_then(|metadata| metadata.get("labels")).map(Node::entries).unwrap_or_default();
        let labels: BTreeMap<&str, Option<&str>> =
            labels.iter().take(MAX_LABELS).rev().map(|entry| (entry.key.as_str(), entry.node.text())).collect();
        let selects = |object: &&&Object| {
            let selector = object.node.at(&["spec", "selector"]).map(Node::entries).unwrap_or_default();
            (1..=MAX_LABELS).contains(&selector.len())
                && object.shares_namespace(user)
                && selector.iter().all(|entry| {
                    let wanted = entry.node.text();
                    wanted.is_some() && labels.get(entry.key.as_str()).copied().flatten() == wanted
                })
        };
        let Some(service) = self.services.iter().find(selects) else { return Led::default() };
        let at = service.node.get("kind").map_or(service.node.span, Node::content);
        let mut led = Led { service: Some(Place::new(file, at)), ..Led::default() };
        let leading = self.ingresses.get(service.name.as_str()).into_iter().flatten();
        let mut leading = leading.filter(|ingress| ingress.shares_namespace(service));
        let first = leading.next();
        if let Some(ingress) = first.filter(|first| leading.all(|other| std::ptr::eq(*first, other))) {
            led.edge = edge(&ingress.node, file);
            led.tls = takes_tls_off(&ingress.node).map(|span| Place::new(file, span));
        }
        led.tls = led.tls.or_else(|| route(&self.routes, service, file));
        led.exposed = exposed(&service.node).filter(|_| first.is_none()).map(|span| Place::new(file, span));
        led
    }
}

/// What makes a route of `OpenShift` to a service take TLS off; the router tells the server so.
fn route(routes: &[&Object], service: &Object, file: FileId) -> Option<Place> {
    let leads = |object: &&&Object| {
        object.shares_namespace(service)
            && object.node.at(&["spec", "to", "name"]).and_then(Node::text) == Some(service.name.as_str())
    };
    routes.iter().filter(leads).find_map(|route| {
        let termination = route.node.at(&["spec", "tls", "termination"])?;
        matches!(termination.text(), Some("edge" | "reencrypt")).then(|| Place::new(file, termination.content()))
    })
}

/// What makes a service one that clients outside reach themselves. Annotations choose balancers that read requests, or that are
/// for the inside only; ranges say who may come.
fn exposed(service: &Node) -> Option<Span> {
    let kind = service.at(&["spec", "type"]).filter(|kind| kind.text() == Some("LoadBalancer"))?;
    let annotations = service.at(&["metadata", "annotations"]).is_some_and(|all| !all.entries().is_empty());
    let bounded =
        ["loadBalancerSourceRanges", "loadBalancerClass"].iter().any(|name| service.at(&["spec", name]).is_some());
    (!annotations && !bounded).then(|| kind.content())
}

/// The names of the services that an ingress leads to.
fn backends(ingress: &Node) -> Vec<&str> {
    let spec = ingress.get("spec");
    let paths = spec.and_then(|spec| spec.get("rules")).into_iter().flat_map(Node::nodes);
    let paths = paths.filter_map(|rule| rule.at(&["http", "paths"])).flat_map(Node::nodes);
    let backends = paths.filter_map(|path| path.get("backend")).chain(spec.and_then(|spec| spec.get("defaultBackend")));
    backends
        .filter_map(|backend| {
            let service = backend.at(&["service", "name"]).or_else(|| backend.get("serviceName"));
            service.and_then(Node::text)
        })
        .collect()
}

/// What makes an ingress take TLS off: its own certificates, or those that its annotations name.
fn takes_tls_off(ingress: &Node) -> Option<Span> {
    let own = ingress.at(&["spec", "tls"]).filter(|tls| tls.nodes().next().is_some());
    let named = || {
        let annotations = ingress.at(&["metadata", "annotations"])?;
        ["alb.ingress.kubernetes.io/certificate-arn", "networking.gke.io/managed-certificates"]
            .iter()
            .find_map(|name| annotations.get(name))
    };
    own.or_else(named).map(Node::content)
}

fn edge(ingress: &Node, file: FileId) -> Option<Edge> {
    let annotations = ingress.at(&["metadata", "annotations"]);
    let annotation = |name: &str| annotations.and_then(|annotations| annotations.get(name));
    let class = ingress.at(&["spec", "ingressClassName"]).or_else(|| annotation("kubernetes.io/ingress.class"))?;
    let (_, name, idle) = CONTROLLERS.into_iter().find(|(word, ..)| class.text() == Some(word))?;
    if let Some(attributes) = annotation("alb.ingress.kubernetes.io/load-balancer-attributes") {
        let text = attributes.text()?;
        let given = text.split(',').find_map(|one| one.trim().strip_prefix("idle_timeout.timeout_seconds="));
        if let Some(given) = given {
            let seconds = given.trim().parse().ok().map(Seconds)?;
            let idle = Located::new(seconds, Place::new(file, attributes.content()));
            return Some(Edge { name, idle, by_default: false });
        }
    }
    Some(Edge { name, idle: Located::new(Seconds(idle), Place::new(file, class.content())), by_default: true })
}
