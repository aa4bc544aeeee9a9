//! The objects of a cluster, and the sets of variables that containers refer to by name.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::source::{FileId, Located};

use super::base64;
use super::node::{Entry, Kind, Node, is_known};

/// One object of a manifest.
#[derive(Debug, Clone)]
pub(super) struct Object {
    pub(super) kind: String,
    pub(super) name: String,
    pub(super) namespace: String,
    pub(super) node: Node,
    /// The file that it begins in.
    pub(super) file: FileId,
    /// The folder of that file.
    pub(super) folder: String,
    /// Files of the project that it holds, by their keys.
    pub(super) files: Vec<(String, FileId)>,
    /// What makes it one of several variants.
    pub(super) variant: Option<Located<String>>,
}

impl Object {
    /// The object that a document describes; `None` for a document that is none.
    pub(super) fn new(node: Node, file: FileId, folder: &str) -> Option<Self> {
        let kind = node.text_of("kind")?.to_owned();
        let of = |key: &str| node.at(&["metadata", key]).and_then(Node::text).unwrap_or_default().to_owned();
        let (name, namespace) = (of("name"), of("namespace"));
        let folder = folder.to_owned();
        Some(Self { kind, name, namespace, node, file, folder, files: Vec::new(), variant: None })
    }

    /// Whether the two can mean the same namespace: one that is not given is set when it is applied.
    pub(super) fn shares_namespace(&self, other: &Self) -> bool {
        self.namespace.is_empty() || other.namespace.is_empty() || self.namespace == other.namespace
    }

    fn is_set(&self, kind: &str) -> bool {
        self.kind == kind || (kind == "Secret" && matches!(self.kind.as_str(), "SealedSecret" | "ExternalSecret"))
    }
}

/// The objects of a cluster that are sets of variables and files, by name.
pub(super) struct Shelf<'a> {
    named: BTreeMap<&'a str, Vec<&'a Object>>,
    /// The entries of the sets that single variables were taken from, the first of each key.
    keyed: RefCell<BTreeMap<*const Object, BTreeMap<&'a str, Given<'a>>>>,
}

impl<'a> Shelf<'a> {
    pub(super) fn new(objects: &'a [Object]) -> Self {
        let mut named: BTreeMap<&str, Vec<&Object>> = BTreeMap::new();
        for object in objects.iter().filter(|object| object.is_set("ConfigMap") || object.is_set("Secret")) {
            named.entry(&object.name).or_default().push(object);
        }
        Self { named, keyed: RefCell::default() }
    }

    fn entry(&self, object: &'a Object, key: &str) -> Option<Given<'a>> {
        let mut keyed = self.keyed.borrow_mut();
        let entries = keyed.entry(std::ptr::from_ref(object)).or_insert_with(|| {
            let mut entries = BTreeMap::new();
            for entry in given_entries(&object.node) {
                entries.entry(entry.key()).or_insert(entry);
            }
            entries
        });
        entries.get(key).copied()
    }
}

/// A name that a workload refers to a set by, and its kind, with the set.
type Found<'a> = BTreeMap<(&'static str, String), Option<&'a Object>>;

/// The sets of variables and files that a workload can refer to.
pub(super) struct Sets<'a> {
    shelf: &'a Shelf<'a>,
    user: &'a Object,
    found: RefCell<Found<'a>>,
}

impl<'a> Sets<'a> {
    /// What `user` can refer to.
    pub(super) fn new(shelf: &'a Shelf<'a>, user: &'a Object) -> Self {
        Self { shelf, user, found: RefCell::default() }
    }

    /// The set of a name: in the same file, else in the nearest folder. Two that are equally near and
    /// differ are none.
    fn find(&self, kind: &'static str, name: &str) -> Option<&'a Object> {
        let mut found = self.found.borrow_mut();
        *found.entry((kind, name.to_owned())).or_insert_with(|| self.look_up(kind, name))
    }

    fn look_up(&self, kind: &str, name: &str) -> Option<&'a Object> {
        let near = |object: &Object| {
            let shared = object.folder.split('/').zip(self.user.folder.split('/')).take_while(|(a, b)| a == b).count();
            (object.file == self.user.file, shared)
        };
        let candidates = || {
            let named = self.shelf.named.get(name).into_iter().flatten().copied();
            named.filter(|object| object.is_set(kind) && object.shares_namespace(self.user))
        };
        let nearest = candidates().map(near).max()?;
        let mut found = candidates().filter(|object| near(object) == nearest);
        let first = found.next()?;
        found.next().is_none().then_some(first)
    }

    fn referred(&self, source: &Node, config_map: &str, secret: &str) -> Option<&'a Object> {
        let (kind, reference) =
            source.get(config_map).map(|node| ("ConfigMap", node)).or_else(|| Some(("Secret", source.get(secret)?)))?;
        self.find(kind, reference.text_of("name").or_else(|| reference.text_of("secretName"))?)
    }

    /// The variables that an item of `envFrom` stands for.
    pub(super) fn entries(&self, source: &Node) -> Vec<Given<'a>> {
        let object = self.referred(source, "configMapRef", "secretRef");
        object.map(|object| given_entries(&object.node).collect()).unwrap_or_default()
    }

    /// Whether an item of `envFrom` stands for variables that the project does not tell.
    pub(super) fn is_open(&self, source: &Node) -> bool {
        let object = self.referred(source, "configMapRef", "secretRef");
        object.is_none_or(|object| !is_told(&object.node))
    }

    /// Whether `valueFrom` stands for nothing: the key is not in the set and need not be.
    pub(super) fn lacks(&self, from: &Node) -> bool {
        let reference = from.get("configMapKeyRef").or_else(|| from.get("secretKeyRef"));
        let key = reference.filter(|reference| reference.text_of("optional") == Some("true"));
        let Some(key) = key.and_then(|reference| reference.text_of("key")).filter(|key| is_known(key)) else {
            return false;
        };
        let object = self.referred(from, "configMapKeyRef", "secretKeyRef");
        object.is_some_and(|object| is_told(&object.node) && self.shelf.entry(object, key).is_none())
    }

    /// The entry that `valueFrom` stands for.
    pub(super) fn entry(&self, from: &Node) -> Option<Given<'a>> {
        let key = from.get("configMapKeyRef").or_else(|| from.get("secretKeyRef"))?.text_of("key")?;
        let object = self.referred(from, "configMapKeyRef", "secretKeyRef")?;
        self.shelf.entry(object, key)
    }

    /// The files of the project that a volume holds, each under its name there.
    pub(super) fn files(&self, volume: &Node) -> Vec<(Cow<'a, str>, FileId)> {
        let Some(object) = self.referred(volume, "configMap", "secret") else { return Vec::new() };
        let items = volume.get("configMap").or_else(|| volume.get("secret")).and_then(|set| set.get("items"));
        let mut paths: BTreeMap<&str, &Node> = BTreeMap::new();
        for item in items.into_iter().flat_map(Node::nodes) {
            if let Some(key) = item.text_of("key") {
                paths.entry(key).or_insert(item);
            }
        }
        let named = |key: &'a String| match items {
            None => Some(Cow::Borrowed(key.as_str())),
            Some(_) => Some(Cow::Owned(paths.get(key.as_str())?.text_of("path")?.to_owned())),
        };
        object.files.iter().filter_map(|(key, file)| Some((named(key)?, *file))).collect()
    }
}

/// The entries of a set that are texts of several lines, which is what files are; none of anything else.
pub(super) fn texts(node: &Node) -> impl Iterator<Item = &Entry> {
    let is_set = matches!(node.text_of("kind"), Some("ConfigMap" | "Secret"));
    let entries = is_set.then(|| plain_entries(node)).into_iter().flatten();
    let is_template = |text: &str| text.contains("{{") || text.contains("{%");
    entries.filter(move |entry| entry.node.text().is_some_and(|text| text.contains('\n') && !is_template(text)))
}

/// An entry of a set of variables.
#[derive(Debug, Clone, Copy)]
pub(super) struct Given<'a> {
    entry: &'a Entry,
    /// Whether the value is written in Base64 (`data` of a Secret).
    encoded: bool,
}

impl<'a> Given<'a> {
    pub(super) fn key(self) -> &'a str {
        &self.entry.key
    }

    pub(super) fn node(self) -> &'a Node {
        &self.entry.node
    }

    pub(super) const fn is_encoded(self) -> bool {
        self.encoded
    }

    /// What the variable holds, where that is a text.
    pub(super) fn text(self) -> Option<Cow<'a, str>> {
        let text = self.entry.node.text()?;
        if self.encoded { base64::text(text).map(Cow::Owned) } else { Some(Cow::Borrowed(text)) }
    }
}

/// Whether all that a set holds stands in the manifest: it is not encrypted, not fetched from elsewhere, and no
/// template leaves out a part of it.
fn is_told(node: &Node) -> bool {
    let plain = |key: &str| {
        node.get(key).is_none_or(|held| match &held.kind {
            Kind::Map(entries) => entries.iter().all(|entry| is_known(&entry.key)),
            Kind::Null => true,
            Kind::Text(_) | Kind::List(_) => false,
        })
    };
    matches!(node.text_of("kind"), Some("ConfigMap" | "Secret")) && plain("data") && plain("stringData")
}

/// The entries of a set with what they hold; those of `stringData` come first and count.
fn given_entries(node: &Node) -> impl Iterator<Item = Given<'_>> {
    let encoded = (node.text_of("kind") == Some("Secret")).then(|| node.get("data")).flatten();
    let own = node.get("stringData");
    let is_new = move |entry: &&Entry| own.is_none_or(|own| own.get(&entry.key).is_none());
    let encoded = encoded.map(Node::entries).unwrap_or_default().iter().filter(is_new);
    let plain = plain_entries(node).map(|entry| Given { entry, encoded: false });
    plain.chain(encoded.map(|entry| Given { entry, encoded: true }))
}

/// The entries of a set that stand there as text; what is encoded or encrypted is not told.
fn plain_entries(node: &Node) -> impl Iterator<Item = &Entry> {
    let key = if node.text_of("kind") == Some("ConfigMap") { "data" } else { "stringData" };
    node.get(key).map(Node::entries).unwrap_or_default().iter()
}

/// The parameters of an `OpenShift` template filled into its objects.
pub(super) fn fill_parameters(node: &mut Node, parameters: &[(String, Option<Node>)], left: &mut usize) {
    *left = left.saturating_sub(1);
    if *left == 0 {
        return;
    }
    match &mut node.kind {
        Kind::Null => {}
        Kind::List(items) => items.iter_mut().for_each(|item| fill_parameters(&mut item.node, parameters, left)),
        Kind::Map(entries) => entries.iter_mut().for_each(|entry| fill_parameters(&mut entry.node, parameters, left)),
        Kind::Text(text) => {
            let plain = text.decoded.text();
            if !plain.contains("${") {
                return;
            }
            let mut filled = super::super::decoded::Decoded::default();
            let (mut at, mut whole) = (0, None);
            while let Some(found) = plain.get(at..).and_then(|rest| rest.find("${")) {
                let start = at + found;
                let rest = plain.get(start..).unwrap_or_default();
                // `${{NAME}}` is the same without quotes around the outcome.
                let (open, close) = if rest.starts_with("${{") { ("${{", "}}") } else { ("${", "}") };
                let inside = rest.get(open.len()..).and_then(|inside| inside.split_once(close));
                let parameter = inside.and_then(|(name, _)| parameters.iter().find(|(own, _)| own == name));
                let Some((name, value)) = parameter else {
                    filled.push_from(&text.decoded, at..start + 2);
                    at = start + 2;
                    continue;
                };
                filled.push_from(&text.decoded, at..start);
                let end = start + open.len() + name.len() + close.len();
                match value.as_ref().and_then(Node::scalar) {
                    Some(value) => {
                        filled.push_from(&value.decoded, 0..value.decoded.text().len());
                        if (start, end) == (0, plain.len()) {
                            whole = Some(value.content);
                        }
                    }
                    None => filled.push_escaped("{{ ? }}", text.decoded.span(start..end)),
                }
                at = end;
            }
            filled.push_from(&text.decoded, at..plain.len());
            text.decoded = filled;
            text.content = whole.unwrap_or(text.content);
        }
    }
}
