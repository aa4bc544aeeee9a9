//! Patches of objects: strategic merges, and lists of operations after RFC 6902.

use super::kustomize::keyed;
use super::node::{Entry, Item, Kind, Node};
use super::objects::Object;

/// Deeper than any patch.
const MAX_DEPTH: usize = 40;

/// Whether a patch is meant for an object: by its target, else by the object that it describes itself.
pub(super) fn is_for(object: &Object, patch: &Node, target: Option<&Node>) -> bool {
    let fits = |wanted: Option<&str>, own: &str| wanted.is_none_or(|wanted| wanted == own || pattern(wanted, own));
    match target {
        // What is selected by labels may be anything.
        Some(target) if target.get("labelSelector").is_some() || target.get("annotationSelector").is_some() => false,
        Some(target) => fits(target.text_of("kind"), &object.kind) && fits(target.text_of("name"), &object.name),
        None => {
            patch.text_of("kind") == Some(&object.kind)
                && patch.at(&["metadata", "name"]).and_then(Node::text) == Some(&object.name)
        }
    }
}

/// Names in targets are regular expressions, of which people use `.*`.
fn pattern(wanted: &str, own: &str) -> bool {
    match wanted.split_once(".*") {
        Some((front, back)) => own.len() >= front.len() + back.len() && own.starts_with(front) && own.ends_with(back),
        None => false,
    }
}

/// Changes a node as a patch says.
pub(super) fn apply(node: &mut Node, patch: &Node) {
    if let Kind::List(operations) = &patch.kind {
        for operation in operations {
            operate(node, &operation.node);
        }
    } else {
        merge(node, patch, 0);
    }
}

/// By which key the items of a list are told apart; `None` for a list that is replaced as a whole.
fn merge_key(list: &str) -> Option<&'static str> {
    match list {
        "containers" | "initContainers" | "ephemeralContainers" | "env" | "volumes" | "imagePullSecrets" => {
            Some("name")
        }
        "ports" => Some("containerPort"),
        "volumeMounts" => Some("mountPath"),
        _ => None,
    }
}

fn merge(node: &mut Node, patch: &Node, depth: usize) {
    let (Kind::Map(own), Kind::Map(new)) = (&mut node.kind, &patch.kind) else {
        *node = patch.clone();
        return;
    };
    if depth > MAX_DEPTH {
        return;
    }
    if patch.text_of("$patch") == Some("replace") {
        *own = new.iter().filter(|entry| entry.key != "$patch").cloned().collect();
        return;
    }
    for entry in new.iter().filter(|entry| !entry.key.starts_with('$')) {
        if entry.node.is_null() || entry.node.text_of("$patch") == Some("delete") {
            own.retain(|other| other.key != entry.key);
            continue;
        }
        let Some(existing) = own.iter_mut().find(|other| other.key == entry.key) else {
            own.push(entry.clone());
            continue;
        };
        match (&mut existing.node.kind, &entry.node.kind, merge_key(&entry.key)) {
            (Kind::List(items), Kind::List(changes), Some(key)) => merge_items(items, changes, key, depth),
            _ => merge(&mut existing.node, &entry.node, depth + 1),
        }
    }
}

fn merge_items(items: &mut Vec<Item>, changes: &[Item], key: &str, depth: usize) {
    for change in changes {
        let name = change.node.text_of(key).unwrap_or_default();
        if change.node.text_of("$patch") == Some("delete") {
            items.retain(|item| item.node.text_of(key) != Some(name));
            continue;
        }
        match keyed(items, key, name) {
            // A variable has a value or a source, never both.
            Some(existing) if change.node.get("value").is_some() || change.node.get("valueFrom").is_some() => {
                *existing = change.node.clone();
            }
            Some(existing) => merge(existing, &change.node, depth + 1),
            None => items.push(change.clone()),
        }
    }
}

/// One operation: `op`, `path` and `value`.
fn operate(node: &mut Node, operation: &Node) {
    let (Some(op), Some(path)) = (operation.text_of("op"), operation.text_of("path")) else { return };
    let steps: Vec<String> =
        path.split('/').skip(1).take(MAX_DEPTH).map(|step| step.replace("~1", "/").replace("~0", "~")).collect();
    let Some((last, front)) = steps.split_last() else { return };
    let Some(parent) = front.iter().try_fold(node, |node, step| step_into(node, step)) else { return };
    let value = operation.get("value");
    match (&mut parent.kind, op, value) {
        (Kind::Map(entries), "remove", _) => entries.retain(|entry| entry.key != *last),
        (Kind::Map(entries), "add" | "replace", Some(value)) => {
            match entries.iter_mut().find(|entry| entry.key == *last) {
                Some(entry) => entry.node = value.clone(),
                None => entries.push(Entry { key: last.clone(), key_span: value.span, node: value.clone() }),
            }
        }
        (Kind::List(items), op, value) => {
            let at = if last == "-" { Some(items.len()) } else { last.parse().ok() };
            let Some(at) = at.filter(|at| *at <= items.len()) else { return };
            match (op, value) {
                ("remove", _) if at < items.len() => drop(items.remove(at)),
                ("replace", Some(value)) => {
                    if let Some(item) = items.get_mut(at) {
                        item.node = value.clone();
                    }
                }
                ("add", Some(value)) => items.insert(at, Item { node: value.clone(), removal: value.span }),
                _ => {}
            }
        }
        _ => {}
    }
}

fn step_into<'n>(node: &'n mut Node, step: &str) -> Option<&'n mut Node> {
    match &mut node.kind {
        Kind::Map(entries) => entries.iter_mut().find(|entry| entry.key == step).map(|entry| &mut entry.node),
        Kind::List(items) => items.get_mut(step.parse::<usize>().ok()?).map(|item| &mut item.node),
        _ => None,
    }
}

/// Puts a value at a path of keys whose front is there.
pub(super) fn set(node: &mut Node, path: &[&str], value: Node) {
    let Some((last, front)) = path.split_last() else { return };
    let Some(parent) = front.iter().try_fold(node, |node, step| step_into(node, step)) else { return };
    if let Kind::Map(entries) = &mut parent.kind {
        entries.retain(|entry| entry.key != *last);
        entries.push(Entry { key: (*last).to_owned(), key_span: value.span, node: value });
    }
}

/// Gives every container whose image has the name `name` the name `new`.
pub(super) fn rename_image(node: &mut Node, name: &str, new: &Node, depth: usize) {
    if depth > MAX_DEPTH {
        return;
    }
    match &mut node.kind {
        Kind::Map(entries) => {
            for entry in entries {
                let own = entry.node.text().map(|image| image.split('@').next().unwrap_or(image));
                let is_named = own.is_some_and(|image| {
                    image.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
                });
                if entry.key == "image" && is_named {
                    entry.node = new.clone();
                } else {
                    rename_image(&mut entry.node, name, new, depth + 1);
                }
            }
        }
        Kind::List(items) => items.iter_mut().for_each(|item| rename_image(&mut item.node, name, new, depth + 1)),
        _ => {}
    }
}
