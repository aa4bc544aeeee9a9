//! Where the pods are in the objects of a cluster, and what else bears on them.

use crate::read::Surge;
use std::collections::BTreeMap;

use crate::source::{FileId, Located, Place, Span, Word, WordPart};
use crate::values::Seconds;

use super::super::{Autoscaler, StopDefault, Unit, Variable};
use super::container::{self, Pod};
use super::node::Node;
use super::objects::{Object, Sets, Shelf};
use super::space::Space;
use super::traffic::Traffic;

/// More variables than all containers of a project have together; one set may be given to all of them.
const MAX_VARIABLES: usize = 200_000;
/// More rules than anybody scales one workload with.
const MAX_RULES: usize = 16;

/// The units of the containers that `objects`, which are applied together, run, and whether those are all; no more
/// than `most`.
pub(super) fn units(objects: &[Object], space: &Space, file: FileId, most: usize) -> (Vec<Unit>, bool) {
    let mut units = Vec::new();
    let shelf = Shelf::new(objects);
    let traffic = Traffic::new(objects);
    let scalers = Scalers::new(objects);
    let mut variables = MAX_VARIABLES;
    for object in objects {
        let Some((spec, pod_metadata)) = pod(&object.node) else { continue };
        if spec.get("containers").is_none_or(|containers| containers.nodes().next().is_none()) {
            continue;
        }
        let defaults = limit_range(objects, object);
        let sets = Sets::new(&shelf, object);
        let scaler = scalers.of(object, file).or_else(|| knative_scale(&object.node, pod_metadata, file));
        let led = traffic.to(object, pod_metadata, file);
        let pod = Pod { workload: &object.name, spec, defaults, sets: &sets, space, file };
        for container in spec.get("containers").into_iter().flat_map(Node::nodes) {
            if container.entries().is_empty() {
                continue;
            }
            if units.len() >= most || variables == 0 {
                return (units, false);
            }
            let mut unit = container::read(container, &pod);
            variables = variables.saturating_sub(unit.environment.len());
            unit.limits.replicas = number(object.node.at(&["spec", "replicas"]), file);
            unit.limits.autoscaler.clone_from(&scaler);
            if is_knative(&object.node) {
                unit.environment.insert(0, told_port(container, unit.place));
                // Whoever runs Knative decides how long that is.
                unit.limits.stop_default = is_cloud_run(&object.node).then_some(CLOUD_RUN);
                // 0 is as many as come.
                unit.limits.concurrency = number(spec.get("containerConcurrency"), file).filter(|most| most.value > 0);
                let most = spec.get("containerConcurrency").filter(|most| most.text() == Some("1"));
                unit.container.one_request = most.map(|most| Place::new(file, most.content()));
            }
            unit.variant.clone_from(&object.variant);
            unit.container.is_recreated =
                object.node.at(&["spec", "strategy", "type"]).and_then(Node::text) == Some("Recreate");
            unit.container.surge = surge(&object.node);
            led.add_to(&mut unit.container);
            units.push(unit);
        }
    }
    (units, true)
}

/// The specification of the pods that an object makes, and their metadata.
fn pod(node: &Node) -> Option<(&Node, Option<&Node>)> {
    let spec = node.get("spec")?;
    let template = match node.text_of("kind")? {
        "Pod" => return Some((spec, node.get("metadata"))),
        "CronJob" => spec.at(&["jobTemplate", "spec", "template"])?,
        "PodTemplate" => node.get("template")?,
        // Whatever else makes pods has them below `template`, the kinds of other projects too.
        _ => spec.get("template")?,
    };
    Some((template.get("spec").filter(|spec| spec.get("containers").is_some())?, template.get("metadata")))
}

/// What an update adds: `maxSurge` of a Deployment, and nothing where the next pod takes the name of the last one.
fn surge(node: &Node) -> Option<Surge> {
    let strategy = node.at(&["spec", "strategy", "type"]).and_then(Node::text);
    if node.text_of("kind") == Some("StatefulSet") || strategy == Some("Recreate") {
        return Some(Surge::Copies(0));
    }
    let written = node.at(&["spec", "strategy", "rollingUpdate", "maxSurge"])?.text()?.trim();
    match written.strip_suffix('%') {
        Some(percent) => percent.parse::<u32>().ok().map(|percent| Surge::Share(f64::from(percent) / 100.0)),
        None => written.parse().ok().map(Surge::Copies),
    }
}

/// `PORT`, which the runtime contract of Knative sets to the port of the container, or to 8080. No byte says so.
fn told_port(container: &Node, place: Place) -> Variable {
    let place = Place::new(place.file, Span::new(place.span.start, place.span.start));
    let first = container.get("ports").and_then(|ports| ports.nodes().next());
    let told = first.and_then(|port| port.text_of("containerPort"));
    let parts = match told {
        Some(text) if text.trim().parse::<u16>().is_err() => vec![WordPart::Opaque(text.to_owned())],
        told => {
            let text = told.map_or("8080", str::trim).to_owned();
            vec![WordPart::Variable { name: "Knative sets it".to_owned(), default: Some(vec![WordPart::Text(text)]) }]
        }
    };
    let value = Some(Word { parts, place, removal: place, quoted: true });
    Variable { name: "PORT".to_owned(), value, place, build_only: false }
}

fn number(node: Option<&Node>, file: FileId) -> Option<Located<u32>> {
    let node = node?;
    let value = node.text()?.trim().parse().ok()?;
    Some(Located::new(value, Place::new(file, node.content())))
}

/// What the namespace sets for containers that set nothing.
fn limit_range<'a>(objects: &'a [Object], user: &Object) -> Option<&'a Node> {
    let mut ranges = objects
        .iter()
        .filter(|object| object.kind == "LimitRange" && object.shares_namespace(user) && object.folder == user.folder);
    let only = ranges.next().filter(|_| ranges.next().is_none())?;
    only.node.at(&["spec", "limits"])?.nodes().find(|limit| limit.text_of("type") == Some("Container"))
}

/// The rules of a cluster that scale workloads.
struct Scalers<'a> {
    /// By the name of what they scale.
    by_target: BTreeMap<&'a str, Vec<&'a Object>>,
    /// The workloads by name.
    targets: BTreeMap<&'a str, Vec<&'a Object>>,
}

impl<'a> Scalers<'a> {
    fn new(objects: &'a [Object]) -> Self {
        let mut by_target: BTreeMap<&str, Vec<&Object>> = BTreeMap::new();
        for object in objects {
            let is_rule = matches!(object.kind.as_str(), "HorizontalPodAutoscaler" | "ScaledObject");
            let target = object.node.at(&["spec", "scaleTargetRef", "name"]).filter(|_| is_rule);
            if let Some(target) = target.and_then(Node::text) {
                by_target.entry(target).or_default().push(object);
            }
        }
        let mut targets: BTreeMap<&str, Vec<&Object>> = BTreeMap::new();
        for object in objects.iter().filter(|object| by_target.contains_key(object.name.as_str())) {
            targets.entry(&object.name).or_default().push(object);
        }
        Self { by_target, targets }
    }

    /// The rule that scales `user`, if exactly one does.
    fn of(&self, user: &Object, file: FileId) -> Option<Autoscaler> {
        let all = self.by_target.get(user.name.as_str()).filter(|all| all.len() <= MAX_RULES)?;
        let mut rules = all.iter().filter(|rule| {
            let kind = rule.node.at(&["spec", "scaleTargetRef"]).and_then(|target| target.text_of("kind"));
            kind.unwrap_or("Deployment") == user.kind && rule.shares_namespace(user) && self.is_nearest(user, rule)
        });
        let rule = rules.next().filter(|_| rules.next().is_none())?;
        let spec = rule.node.get("spec")?;
        let either = |a: &str, b: &str| number(spec.get(a).or_else(|| spec.get(b)), file);
        Some(Autoscaler {
            least: either("minReplicas", "minReplicaCount"),
            most: either("maxReplicas", "maxReplicaCount"),
            place: Place::new(file, rule.node.span),
        })
    }

    /// Whether no other workload of the same name lies nearer to `rule`: what is installed apart, another way
    /// to deploy the same for example, is not scaled by it.
    fn is_nearest(&self, user: &Object, rule: &Object) -> bool {
        let shared =
            |object: &Object| object.folder.split('/').zip(rule.folder.split('/')).take_while(|(a, b)| a == b).count();
        let named = self.targets.get(user.name.as_str()).into_iter().flatten();
        let rivals = named.filter(|object| object.kind == user.kind);
        rivals.map(|rival| shared(rival)).max() == Some(shared(user))
    }
}

fn is_knative(node: &Node) -> bool {
    node.text_of("apiVersion").is_some_and(|version| version.starts_with("serving.knative.dev/"))
}

/// Whether Google Cloud Run is meant, which takes the same manifests.
fn is_cloud_run(node: &Node) -> bool {
    let paths = [&["metadata", "annotations"][..], &["spec", "template", "metadata", "annotations"]];
    let keys = paths.into_iter().filter_map(|path| node.at(path)).flat_map(Node::entries);
    keys.into_iter().any(|entry| entry.key.starts_with("run.googleapis.com/"))
}

/// Cloud Run kills ten seconds after the signal to stop (its container runtime contract).
const CLOUD_RUN: StopDefault = StopDefault { value: Seconds(10.0), by: "Cloud Run" };

/// The bounds that Knative takes from annotations of the revision.
fn knative_scale(node: &Node, metadata: Option<&Node>, file: FileId) -> Option<Autoscaler> {
    if !is_knative(node) {
        return None;
    }
    let annotations = metadata?.get("annotations")?;
    let bound = |new: &str, old: &str| number(annotations.get(new).or_else(|| annotations.get(old)), file);
    let least = bound("autoscaling.knative.dev/min-scale", "autoscaling.knative.dev/minScale");
    let most = bound("autoscaling.knative.dev/max-scale", "autoscaling.knative.dev/maxScale");
    let place = Place::new(file, annotations.span);
    (least.is_some() || most.is_some()).then_some(Autoscaler { least, most, place })
}

/// Whether an object is one that farrier takes something from.
pub(super) fn is_of_interest(object: &Object) -> bool {
    let sets =
        ["ConfigMap", "Secret", "LimitRange", "HorizontalPodAutoscaler", "ScaledObject", "Service", "Ingress", "Route"];
    sets.contains(&object.kind.as_str()) || pod(&object.node).is_some()
}
