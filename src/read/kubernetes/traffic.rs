//! Who sends requests to the pods of a workload: the service that selects them, the ingress in front of it.

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

/// Adds what leads to the pods with these labels.
pub(super) fn lead(
    objects: &[Object],
    user: &Object,
    metadata: Option<&Node>,
    file: FileId,
    container: &mut Container,
) {
    let Some(labels) = metadata.and_then(|metadata| metadata.get("labels")) else { return };
    let selects = |object: &&Object| {
        let selector = object.node.at(&["spec", "selector"]).map(Node::entries).unwrap_or_default();
        object.kind == "Service"
            && object.shares_namespace(user)
            && !selector.is_empty()
            && selector.iter().all(|entry| {
                let wanted = entry.node.text();
                wanted.is_some() && labels.text_of(&entry.key) == wanted
            })
    };
    let Some(service) = objects.iter().find(selects) else { return };
    container.service = Some(Place::new(file, service.node.get("kind").map_or(service.node.span, Node::content)));
    let mut ingresses = objects.iter().filter(|object| {
        object.kind == "Ingress"
            && object.shares_namespace(service)
            && backends(&object.node).contains(&service.name.as_str())
    });
    if let (Some(ingress), None) = (ingresses.next(), ingresses.next()) {
        container.edge = edge(&ingress.node, file);
        container.tls = takes_tls_off(&ingress.node).map(|span| Place::new(file, span));
    }
    container.tls = container.tls.or_else(|| route(objects, service, file));
}

/// What makes a route of `OpenShift` to a service take TLS off; the router tells the server so.
fn route(objects: &[Object], service: &Object, file: FileId) -> Option<Place> {
    let leads = |object: &&Object| {
        object.kind == "Route"
            && object.shares_namespace(service)
            && object.node.at(&["spec", "to", "name"]).and_then(Node::text) == Some(service.name.as_str())
    };
    objects.iter().filter(leads).find_map(|route| {
        let termination = route.node.at(&["spec", "tls", "termination"])?;
        matches!(termination.text(), Some("edge" | "reencrypt")).then(|| Place::new(file, termination.content()))
    })
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
