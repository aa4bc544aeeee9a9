//! Manifests of Kubernetes and its relatives become one unit per container.
//!
//! All files of clusters are read together, because what runs is put together from several: a container
//! names sets of variables of other files, an overlay patches a base. Init containers are left out: they
//! end before the service starts. Which Dockerfile an image comes from is decided later.

mod base64;
mod container;
mod definitions;
mod expansion;
mod kustomize;
pub(super) mod node;
mod objects;
mod patch;
mod quantities;
mod shared;
pub(super) mod space;
#[cfg(test)]
pub(super) mod tests;
mod traffic;
mod workloads;

use std::collections::BTreeMap;

use crate::findings::Note;
use crate::source::{Comment, FileId, FileKind, Files, Span};

use super::Facts;
use super::decoded::Decoded;
use super::embedded::{self, Embedded};
use super::{helm, yaml};
use kustomize::Kustomizations;
use node::{Entry, Node};
use objects::{Object, fill_parameters};
use space::Space;

/// More documents than any file of manifests has.
const MAX_DOCUMENTS: usize = 2_000;
/// More objects than all files of a project have together.
const MAX_OBJECTS: usize = 4_000;
/// More containers than all objects of a project have together.
const MAX_CONTAINERS: usize = 2_000;

/// Reads all files of clusters among `kinds`.
pub(super) fn read(files: &Files, kinds: &BTreeMap<FileId, FileKind>) -> Facts {
    let mut facts = Facts::default();
    let of = |wanted: FileKind| kinds.iter().filter(move |&(_, &kind)| kind == wanted).map(|(&file, _)| file);
    let members: Vec<FileId> = kinds.iter().filter(|&(_, &kind)| is_member(kind)).map(|(&file, _)| file).collect();
    let Some(&first) = members.first() else { return facts };
    // Sets of variables may be generated from files of them.
    let space = Space::new(files, members.into_iter().chain(of(FileKind::Dotenv)));
    let mut reader = Reader { files, space: &space, facts: &mut facts, left: MAX_OBJECTS };
    let objects: BTreeMap<FileId, Vec<Object>> =
        of(FileKind::Kubernetes).map(|file| (file, reader.manifests(file))).collect();
    let kustomized: Vec<FileId> = of(FileKind::Kustomization).collect();
    let mut kustomizations = Kustomizations::new(files, &space, &kustomized, &objects);
    let mut applied = kustomizations.variants();
    let used = kustomizations.used();
    // What nobody builds on is applied as it is.
    applied.push(objects.iter().filter(|(file, _)| !used.contains(file)).flat_map(|(_, own)| own.clone()).collect());
    let mut notes = Vec::new();
    if kustomizations.is_exhausted() {
        let why = "the kustomizations build on each other more often than is followed; the rest was not read";
        notes.push(Note::file("", why));
    }
    for chart in helm::render(files, kinds, &space, &mut notes) {
        let mut objects: Vec<Object> = chart.templates.iter().flat_map(|rendered| reader.rendered(rendered)).collect();
        for object in &mut objects {
            object.variant.clone_from(&chart.variant);
        }
        applied.push(objects);
    }
    let mut left = helm::overlays::MAX_BYTES;
    for file in of(FileKind::HelmValues).chain(kustomized) {
        let Some(rest) = left.checked_sub(files.get(file).text().len()) else { continue };
        left = rest;
        let comments = yaml::parse(files.get(file).text()).comments;
        reader.facts.comments.insert(file, comments);
    }
    let mut is_complete = true;
    for objects in applied {
        let left = MAX_CONTAINERS - facts.units.len().min(MAX_CONTAINERS);
        let (mut units, complete) = workloads::units(&objects, &space, first, left);
        is_complete &= complete;
        for unit in &mut units {
            space.unit(unit);
        }
        facts.units.append(&mut units);
    }
    if facts.units.len() >= MAX_CONTAINERS {
        notes.push(Note::file("", format!("more than {MAX_CONTAINERS} containers of clusters; the rest was not read")));
    } else if !is_complete {
        let why = "more variables than all containers of a project have; the rest of them was not read";
        notes.push(Note::file("", why));
    }
    facts.notes.append(&mut notes);
    facts
}

/// The files that the sets of a file of manifests hold.
pub(super) fn embedded(text: &str) -> Vec<Embedded> {
    if !text.contains("ConfigMap") && !text.contains("stringData") {
        return Vec::new();
    }
    let tree = yaml::parse(&definitions::blanked(text));
    let rendered = Decoded::verbatim(text, 0);
    let mut found = Vec::new();
    for &top in tree.documents.iter().take(MAX_DOCUMENTS) {
        let Some(node) = node::tree(&tree, &rendered, top) else { continue };
        for object in std::iter::once(&node).chain(node.get("items").into_iter().flat_map(Node::nodes)) {
            found.extend(objects::texts(object).filter_map(|entry| {
                let body = entry.node.scalar()?.decoded.clone();
                Some(Embedded { path: entry.key.clone(), body })
            }));
        }
    }
    found
}

const fn is_member(kind: FileKind) -> bool {
    matches!(
        kind,
        FileKind::Kubernetes
            | FileKind::Kustomization
            | FileKind::HelmTemplate
            | FileKind::HelmValues
            | FileKind::HelmChart
    )
}

/// Reads files into objects.
struct Reader<'a> {
    files: &'a Files,
    space: &'a Space,
    facts: &'a mut Facts,
    /// How many objects may still be read.
    left: usize,
}

impl Reader<'_> {
    /// The objects of a file of manifests.
    fn manifests(&mut self, file: FileId) -> Vec<Object> {
        let source = self.files.get(file);
        let text = source.text();
        let rendered = Decoded::verbatim(text, self.space.start(file));
        let mut tree = yaml::parse(&definitions::blanked(text));
        self.facts.comments.insert(file, std::mem::take(&mut tree.comments));
        // Placeholders in the place of values are unknown values; more than that cannot be read.
        if tree.error.is_some() && (text.contains("{{") || text.contains("{%")) {
            self.facts.notes.push(Note::file(source.path(), "a template, so it was not read"));
            return Vec::new();
        }
        if let Some(error) = &tree.error {
            let reason = format!("not valid YAML, so this document was not read: {}", error.message);
            self.facts.notes.push(Note::line(source.path(), error.line, reason));
        }
        self.objects(&tree, &rendered, file)
    }

    /// The objects of a template.
    fn rendered(&mut self, rendered: &helm::Rendered) -> Vec<Object> {
        let (file, text) = (rendered.file, rendered.text.text());
        let mut tree = yaml::parse(text);
        let comments = std::mem::take(&mut tree.comments).into_iter().filter_map(|comment| {
            let span = rendered.text.span(comment.span.start..comment.span.end);
            let place = self.space.place(span).filter(|place| place.file == file)?;
            Some(Comment { span: place.span, ..comment })
        });
        let comments = comments.collect();
        self.facts.comments.insert(file, comments);
        let source = self.files.get(file);
        if let Some(error) = tree.error.as_ref().filter(|_| source.text().contains("containers:")) {
            let at = text.split_inclusive('\n').take(error.line.saturating_sub(1)).map(str::len).sum::<usize>();
            let place = self.space.place(rendered.text.span(at..at));
            let line = place.filter(|place| place.file == file).map_or(1, |place| source.line(place.span.start));
            let reason = format!("what it renders to is not valid YAML, so it was not read: {}", error.message);
            self.facts.notes.push(Note::line(source.path(), line, reason));
        }
        self.objects(&tree, &rendered.text, file)
    }

    fn objects(&mut self, tree: &yaml::Tree, rendered: &Decoded, file: FileId) -> Vec<Object> {
        let source = self.files.get(file);
        if tree.documents.len() > MAX_DOCUMENTS {
            let reason = format!("more than {MAX_DOCUMENTS} documents; the rest was not read");
            self.facts.notes.push(Note::file(source.path(), reason));
        }
        let mut objects = Vec::new();
        for &top in tree.documents.iter().take(MAX_DOCUMENTS) {
            let Some(node) = node::tree(tree, rendered, top) else {
                let line = rendered_line(rendered.text(), tree.span(top).start);
                let reason = "larger than any manifest, so this document was not read";
                self.facts.notes.push(Note::line(source.path(), line, reason));
                continue;
            };
            self.unpack(node, file, source.folder(), &mut objects);
        }
        objects
    }

    /// An object, or those in a list or a template.
    fn unpack(&mut self, node: Node, file: FileId, folder: &str, objects: &mut Vec<Object>) {
        let list = match node.text_of("kind") {
            Some("Template") => "objects",
            Some(kind) if kind.ends_with("List") => "items",
            // A list of objects without anything around it.
            None => {
                for inner in node.nodes() {
                    self.add(inner.clone(), file, folder, objects);
                }
                return;
            }
            Some(_) => return self.add(node, file, folder, objects),
        };
        let parameters: Vec<(String, Option<Node>)> = node
            .get("parameters")
            .into_iter()
            .flat_map(Node::nodes)
            .filter_map(|parameter| Some((parameter.text_of("name")?.to_owned(), parameter.get("value").cloned())))
            .collect();
        let mut left = 100_000;
        for inner in node.get(list).into_iter().flat_map(Node::nodes) {
            let mut inner = inner.clone();
            if list == "objects" {
                fill_parameters(&mut inner, &parameters, &mut left);
            }
            self.add(inner, file, folder, objects);
        }
    }

    /// The files that the texts of a set are.
    fn held(&self, object: &Object) -> Vec<(String, FileId)> {
        let file = |entry: &Entry| {
            let body = &entry.node.scalar()?.decoded;
            let place = self.space.place(Span::new(embedded::start(body), embedded::start(body)))?;
            let path = self.files.part_path(place.file, place.span.start);
            Some((entry.key.clone(), self.files.find(&path)?))
        };
        objects::texts(&object.node).filter_map(file).collect()
    }

    fn add(&mut self, node: Node, file: FileId, folder: &str, objects: &mut Vec<Object>) {
        let Some(mut object) = Object::new(node, file, folder).filter(workloads::is_of_interest) else { return };
        object.files = self.held(&object);
        if self.left == 0 {
            return;
        }
        self.left -= 1;
        if self.left == 0 {
            let reason = format!("more than {MAX_OBJECTS} objects; the rest was not read");
            self.facts.notes.push(Note::file(self.files.get(file).path(), reason));
        }
        objects.push(object);
    }
}

fn rendered_line(text: &str, at: usize) -> usize {
    text.get(..at).unwrap_or_default().matches('\n').count() + 1
}
