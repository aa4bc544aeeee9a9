//! What Kustomize builds: bases with the patches, generated sets and numbers of their overlays.
//!
//! Follows `kustomize build`, as far as it concerns containers. Each kustomization that no other one
//! includes is a variant of its own. Names that are made longer by a prefix or a suffix keep their short
//! form, in which they refer to each other; remote bases, generators and transformers are left out.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::source::{FileId, Files, Located, Place, Span};

use super::super::decoded::Decoded;
use super::super::yaml;
use super::node::{self, Entry, Item, Kind, Node, Text};
use super::objects::Object;
use super::patch;
use super::space::Space;

/// Kustomizations that include each other are followed this far.
const MAX_DEPTH: usize = 12;
/// More objects than all variants of a project have together.
const MAX_BUILT: usize = 4_000;
/// More work than building all variants of a project is: a step is an object that something may change, or some
/// bytes of a file of patches or variables. Kustomizations that include each other several times have no other bound.
const MAX_STEPS: usize = 1_000_000;
/// How many bytes of a file are a step.
const STEP: usize = 16;

/// The kustomizations of a project.
pub(super) struct Kustomizations<'a> {
    files: &'a Files,
    space: &'a Space,
    /// By folder.
    all: Rc<BTreeMap<String, (FileId, Node)>>,
    /// The objects of each file of manifests.
    objects: &'a BTreeMap<FileId, Vec<Object>>,
    left: usize,
    steps_left: usize,
}

impl<'a> Kustomizations<'a> {
    pub(super) fn new(
        files: &'a Files,
        space: &'a Space,
        members: &[FileId],
        objects: &'a BTreeMap<FileId, Vec<Object>>,
    ) -> Self {
        let all = members.iter().filter_map(|&file| {
            let node = document(files, space, file).into_iter().next()?;
            Some((files.get(file).folder().to_owned(), (file, node)))
        });
        Self { files, space, all: Rc::new(all.collect()), objects, left: MAX_BUILT, steps_left: MAX_STEPS }
    }

    /// Whether the variants were too much work to be built in full.
    pub(super) const fn is_exhausted(&self) -> bool {
        self.steps_left == 0
    }

    /// The files that some kustomization builds on.
    pub(super) fn used(&self) -> BTreeSet<FileId> {
        let mut used = BTreeSet::new();
        for (folder, (_, node)) in self.all.iter() {
            let named = ["resources", "bases", "patchesStrategicMerge"].into_iter().flat_map(|key| texts(node, key));
            let patches = ["patches", "patchesJson6902"].into_iter().filter_map(|key| node.get(key));
            let paths = patches.flat_map(Node::nodes).filter_map(|patch| patch.text_of("path"));
            used.extend(named.chain(paths).filter_map(|path| self.files.find(&join(folder, path))));
        }
        used
    }

    /// The objects of each variant.
    pub(super) fn variants(&mut self) -> Vec<Vec<Object>> {
        let included: BTreeSet<String> =
            self.all.iter().flat_map(|(folder, (_, node))| includes(folder, node)).collect();
        let leaf = |(folder, (_, node)): &(&String, &(FileId, Node))| {
            !included.contains(*folder) && node.text_of("kind") != Some("Component")
        };
        let leaves: Vec<(String, FileId)> =
            self.all.iter().filter(leaf).map(|(folder, (file, _))| (folder.clone(), *file)).collect();
        let mut variants = Vec::new();
        for (folder, file) in leaves {
            let mut objects = self.build(&folder, Vec::new(), 0);
            let start = self.space.start(file);
            // The first byte of the kustomization stands for all of it.
            let place = Place::new(file, Span::new(start, start));
            for object in &mut objects {
                object.variant = Some(Located::new(folder.clone(), place));
            }
            variants.push(objects);
        }
        variants
    }

    /// What the kustomization in `folder` makes of `objects` and those it adds.
    fn build(&mut self, folder: &str, mut objects: Vec<Object>, depth: usize) -> Vec<Object> {
        let all = Rc::clone(&self.all);
        let Some(&(file, ref node)) = all.get(folder).filter(|_| depth < MAX_DEPTH) else { return objects };
        if !self.spend(STEP) {
            return objects;
        }
        for path in ["resources", "bases"].into_iter().flat_map(|key| texts(node, key)) {
            let path = join(folder, path);
            if let Some(known) = self.files.find(&path).and_then(|file| self.objects.get(&file)) {
                self.left = self.left.saturating_sub(known.len());
                if self.left > 0 {
                    objects.extend(known.iter().cloned());
                }
            } else if self.all.contains_key(&path) {
                objects.extend(self.build(&path, Vec::new(), depth + 1));
            }
        }
        for path in texts(node, "components") {
            objects = self.build(&join(folder, path), objects, depth + 1);
        }
        for (key, kind) in [("configMapGenerator", "ConfigMap"), ("secretGenerator", "Secret")] {
            for generator in node.get(key).into_iter().flat_map(Node::nodes) {
                if self.spend(objects.len()) {
                    self.generate(generator, kind, file, folder, &mut objects);
                }
            }
        }
        for (patch, target) in self.patches(node, folder) {
            if !self.spend(objects.len()) {
                break;
            }
            for object in objects.iter_mut().filter(|object| patch::is_for(object, &patch, target.as_ref())) {
                patch::apply(&mut object.node, &patch);
                // Another text takes the place of the one that was read.
                let replaced =
                    |key: &str| patch.at(&["data", key]).or_else(|| patch.at(&["stringData", key])).is_some();
                object.files.retain(|(key, _)| !replaced(key));
            }
        }
        for count in node.get("replicas").into_iter().flat_map(Node::nodes) {
            let (Some(name), Some(number)) = (count.text_of("name"), count.get("count")) else { continue };
            for object in objects.iter_mut().filter(|object| object.name == name) {
                patch::set(&mut object.node, &["spec", "replicas"], number.clone());
            }
        }
        for image in node.get("images").into_iter().flat_map(Node::nodes) {
            let (Some(name), Some(new)) = (image.text_of("name"), image.get("newName")) else { continue };
            if !self.spend(objects.len()) {
                break;
            }
            for object in &mut objects {
                patch::rename_image(&mut object.node, name, new, 0);
            }
        }
        objects
    }

    /// Pays for work; `false` where there is too much of it.
    const fn spend(&mut self, steps: usize) -> bool {
        self.steps_left = self.steps_left.saturating_sub(steps);
        self.steps_left > 0
    }

    /// A set of variables and files out of literals, files of variables and files.
    fn generate(&mut self, generator: &Node, kind: &str, file: FileId, folder: &str, objects: &mut Vec<Object>) {
        let Some(name) = generator.text_of("name") else { return };
        let mut entries = Vec::new();
        let mut held = Vec::new();
        for path in texts(generator, "envs").chain(generator.text_of("env")) {
            let found = self.paid(&join(folder, path));
            entries.extend(found.into_iter().flat_map(|file| self.lines(file)));
        }
        for item in generator.get("literals").into_iter().flat_map(Node::nodes) {
            entries.extend(item.scalar().and_then(|text| assignment(&text.decoded)));
        }
        for item in texts(generator, "files") {
            let (key, path) = item.split_once('=').unwrap_or((item.rsplit('/').next().unwrap_or(item), item));
            held.extend(self.files.find(&join(folder, path)).map(|file| (key.to_owned(), file)));
        }
        let existing = objects.iter_mut().find(|object| object.kind == kind && object.name == name);
        let data = if kind == "ConfigMap" { "data" } else { "stringData" };
        match existing {
            Some(object) if generator.text_of("behavior") == Some("merge") => {
                let patch = map(vec![entry(data, map(entries))]);
                patch::apply(&mut object.node, &patch);
                object.files.extend(held);
            }
            _ => {
                let node = map(vec![entry("kind", text(kind)), entry(data, map(entries))]);
                objects.retain(|object| object.kind != kind || object.name != name);
                objects.push(Object {
                    kind: kind.to_owned(),
                    name: name.to_owned(),
                    namespace: String::new(),
                    node,
                    file,
                    folder: folder.to_owned(),
                    files: held,
                    variant: None,
                });
            }
        }
    }

    /// The file at `path`, as far as it may still be read.
    fn paid(&mut self, path: &str) -> Option<FileId> {
        let file = self.files.find(path).filter(|&file| self.space.holds(file))?;
        self.spend(STEP + self.files.get(file).text().len() / STEP).then_some(file)
    }

    /// `NAME=value`, one per line.
    fn lines(&self, file: FileId) -> Vec<Entry> {
        let text = self.files.get(file).text();
        let mut at = self.space.start(file);
        let mut entries = Vec::new();
        for line in text.split_inclusive('\n') {
            let content = line.trim();
            let start = at + line.len() - line.trim_start().len();
            at += line.len();
            if !content.is_empty() && !content.starts_with('#') {
                entries.extend(assignment(&Decoded::verbatim(content, start)));
            }
        }
        entries
    }

    /// The patches of a kustomization, each with what it says that it is for.
    fn patches(&mut self, node: &Node, folder: &str) -> Vec<(Node, Option<Node>)> {
        let mut patches = Vec::new();
        let inline = |text: &Text| {
            let tree = yaml::parse(text.decoded.text());
            let documents = tree.documents.iter().filter_map(|&top| node::tree(&tree, &text.decoded, top));
            documents.collect::<Vec<Node>>()
        };
        let mut read = |path: &str| {
            let file = self.paid(&join(folder, path));
            file.map(|file| document(self.files, self.space, file)).unwrap_or_default()
        };
        for item in node.get("patchesStrategicMerge").into_iter().flat_map(Node::nodes) {
            let Some(text) = item.scalar() else { continue };
            let found = if text.decoded.text().contains('\n') { inline(text) } else { read(text.decoded.text()) };
            patches.extend(found.into_iter().map(|patch| (patch, None)));
        }
        for item in ["patches", "patchesJson6902"].into_iter().filter_map(|key| node.get(key)).flat_map(Node::nodes) {
            let target = item.get("target").cloned();
            let written = item.get("patch").and_then(Node::scalar).map(inline);
            let found = written.or_else(|| item.text_of("path").map(&mut read)).unwrap_or_default();
            patches.extend(found.into_iter().map(|patch| (patch, target.clone())));
        }
        patches
    }
}

/// The folders that a kustomization includes.
fn includes(folder: &str, node: &Node) -> Vec<String> {
    let keys = ["resources", "bases", "components"];
    keys.into_iter().flat_map(|key| texts(node, key)).map(|path| join(folder, path)).collect()
}

fn texts<'n>(node: &'n Node, key: &str) -> impl Iterator<Item = &'n str> {
    node.get(key).into_iter().flat_map(Node::nodes).filter_map(Node::text)
}

/// The documents of a file.
fn document(files: &Files, space: &Space, file: FileId) -> Vec<Node> {
    let text = files.get(file).text();
    let tree = yaml::parse(text);
    let rendered = Decoded::verbatim(text, space.start(file));
    tree.documents.iter().filter_map(|&top| node::tree(&tree, &rendered, top)).collect()
}

/// `path` seen from `folder`, without `.` and `..`.
fn join(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// `NAME=value`, quotes around the value taken off.
fn assignment(text: &Decoded) -> Option<Entry> {
    let plain = text.text();
    let (name, value) = plain.split_once('=')?;
    let mut range = name.len() + 1..plain.len();
    if value.len() >= 2 && ['"', '\''].into_iter().any(|quote| value.starts_with(quote) && value.ends_with(quote)) {
        range = range.start + 1..range.end - 1;
    }
    let content = text.span(range.clone());
    let node = Node { span: content, kind: Kind::Text(Text { decoded: text.part(range), content, quoted: true }) };
    Some(Entry { key: name.trim().to_owned(), key_span: text.span(0..name.len()), node })
}

fn map(entries: Vec<Entry>) -> Node {
    let span = entries.first().map_or(Span::default(), |entry| entry.key_span);
    Node { span, kind: Kind::Map(entries) }
}

fn entry(key: &str, node: Node) -> Entry {
    Entry { key: key.to_owned(), key_span: node.span, node }
}

fn text(text: &str) -> Node {
    let mut decoded = Decoded::default();
    decoded.push_escaped(text, Span::default());
    Node { span: Span::default(), kind: Kind::Text(Text { decoded, content: Span::default(), quoted: true }) }
}

/// The items of a list that hold a text under `key`.
pub(super) fn keyed<'n>(items: &'n mut [Item], key: &str, value: &str) -> Option<&'n mut Node> {
    items.iter_mut().map(|item| &mut item.node).find(|node| node.text_of(key) == Some(value))
}
