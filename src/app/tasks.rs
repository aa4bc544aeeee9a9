//! Coroutines that an application leaves running when it starts: they share the loop with requests.

use std::collections::BTreeSet;

use crate::python::effects::Effects;
use crate::python::frameworks::{Context, Found, Framework, Role};

/// Adds the tasks that start-up code leaves running to what the framework calls.
pub(super) fn left_running(effects: &mut Effects<'_, '_>, found: &mut Vec<Found>, nodes: &mut Vec<usize>) {
    let start_up = found.iter().zip(nodes.iter()).filter(|(found, _)| found.context == Context::StartUp);
    let mut open: Vec<usize> = start_up.map(|(_, &node)| node).collect();
    let mut seen: BTreeSet<usize> = open.iter().copied().collect();
    let mut spawned = BTreeSet::new();
    while let Some(node) = open.pop() {
        let node = effects.node(node);
        spawned.extend(node.spawned.iter().copied());
        for step in &node.steps {
            if seen.insert(step.to) {
                open.push(step.to);
            }
        }
    }
    for frame in spawned {
        nodes.push(effects.explore(frame));
        let (function, framework) = (frame.function, Framework::Unknown);
        let (role, context) = (Role::Background, Context::Loop);
        found.push(Found { frame, function, framework, role, context, route: None });
    }
}
