//! Where the pods are in the objects of a cluster, and what else bears on them.

use crate::source::{FileId, Located, Place};

use super::super::{Autoscaler, Unit};
use super::container::{self, Pod};
use super::node::Node;
use super::objects::{Object, Sets};
use super::space::Space;
use super::traffic;

/// The units of the containers that `objects`, which are applied together, run; no more than `most`.
pub(super) fn units(objects: &[Object], space: &Space, file: FileId, most: usize) -> Vec<Unit> {
    let mut units = Vec::new();
    for object in objects {
        let Some((spec, pod_metadata)) = pod(&object.node) else { continue };
        let defaults = limit_range(objects, object);
        let sets = Sets { objects, user: object };
        let pod = Pod { workload: &object.name, spec, defaults, sets: &sets, space, file };
        for container in spec.get("containers").into_iter().flat_map(Node::nodes) {
            if container.entries().is_empty() {
                continue;
            }
            if units.len() >= most {
                return units;
            }
            let mut unit = container::read(container, &pod);
            unit.limits.replicas = number(object.node.at(&["spec", "replicas"]), file);
            unit.limits.autoscaler =
                autoscaler(objects, object, file).or_else(|| knative_scale(&object.node, pod_metadata, file));
            if is_knative(&object.node) {
                // Whoever runs Knative decides how long that is.
                unit.limits.stop_default = None;
                let most = spec.get("containerConcurrency").filter(|most| most.text() == Some("1"));
                unit.container.one_request = most.map(|most| Place::new(file, most.content()));
            }
            unit.variant.clone_from(&object.variant);
            unit.container.is_recreated =
                object.node.at(&["spec", "strategy", "type"]).and_then(Node::text) == Some("Recreate");
            traffic::lead(objects, object, pod_metadata, file, &mut unit.container);
            units.push(unit);
        }
    }
    units
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

/// The rule that scales `user`, if exactly one does.
fn autoscaler(objects: &[Object], user: &Object, file: FileId) -> Option<Autoscaler> {
    let scales = |object: &&Object| {
        let target = object.node.at(&["spec", "scaleTargetRef"]);
        let kind = target.and_then(|target| target.text_of("kind")).unwrap_or("Deployment");
        matches!(object.kind.as_str(), "HorizontalPodAutoscaler" | "ScaledObject")
            && target.and_then(|target| target.text_of("name")) == Some(&user.name)
            && kind == user.kind
            && object.shares_namespace(user)
            && is_nearest(objects, user, object)
    };
    let mut rules = objects.iter().filter(scales);
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
fn is_nearest(objects: &[Object], user: &Object, rule: &Object) -> bool {
    let shared =
        |object: &Object| object.folder.split('/').zip(rule.folder.split('/')).take_while(|(a, b)| a == b).count();
    let rivals = objects.iter().filter(|object| object.kind == user.kind && object.name == user.name);
    rivals.map(shared).max() == Some(shared(user))
}

fn is_knative(node: &Node) -> bool {
    node.text_of("apiVersion").is_some_and(|version| version.starts_with("serving.knative.dev/"))
}

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
