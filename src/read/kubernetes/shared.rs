//! What bounds all containers of a pod together, and what its other containers get of that.
//!
//! `spec.resources` of a pod counts from Kubernetes 1.34 on without a switch (KEP-2837). A container's own limit
//! counts before it, which the cluster does not let exceed it.

use crate::source::Located;

use super::super::Limits;
use super::container::{Pod, parsed};
use super::node::Node;
use super::quantities;

/// Adds what the pod sets to the `limits` of `container`, as far as those say nothing.
pub(super) fn fill(limits: &mut Limits, container: &Node, pod: &Pod) {
    if limits.cpus.is_none()
        && let Some((whole, beside)) = of_pod(container, pod, "cpu", quantities::cpus)
    {
        (limits.cpus, limits.cpus_beside) = (Some(whole), beside);
    }
    if limits.memory.is_none()
        && let Some((whole, beside)) = of_pod(container, pod, "memory", quantities::bytes)
    {
        (limits.memory, limits.memory_beside) = (Some(whole), beside);
    }
}

/// The limit of the pod, and what the other containers ask for of it; without a request their limit is one.
///
/// Of the containers that start before the others only those that are started again, side-cars, keep running.
fn of_pod<T>(
    container: &Node,
    pod: &Pod,
    resource: &str,
    read: fn(&str) -> Option<T>,
) -> Option<(Located<T>, Vec<Located<T>>)> {
    let whole = parsed(pod.spec.at(&["resources", "limits", resource]), pod, read)?;
    let list = |key: &str| pod.spec.get(key).into_iter().flat_map(Node::nodes);
    let side_cars = list("initContainers").filter(|before| before.text_of("restartPolicy") == Some("Always"));
    let others = list("containers").chain(side_cars).filter(|other| other.span != container.span);
    let asked = |other: &Node| {
        let amount = ["requests", "limits"].into_iter().find_map(|kind| other.at(&["resources", kind, resource]));
        parsed(amount, pod, read)
    };
    Some((whole, others.filter_map(asked).collect()))
}
