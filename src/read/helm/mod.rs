//! The templates of Helm charts, rendered with the values of their chart.
//!
//! Every byte of what comes out leads back to the template, the values or the chart file that it was
//! taken from. A further file of values, such as `values-prod.yaml`, makes a variant of the chart. Values that are given
//! on the command line are not seen, and what only a cluster or a release decides stays open.

mod functions;
mod lines;
pub(in crate::read) mod overlays;
mod render;
mod syntax;
#[cfg(test)]
mod tests;
mod value;

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::findings::Note;
use crate::source::{FileId, FileKind, Files, Located, Place, Span};

use super::decoded::Decoded;
use super::kubernetes::node;
use super::kubernetes::space::Space;
use super::yaml;
use render::{Defined, Renderer};
use syntax::Piece;
use value::{Value, hole};

/// A template with the text that it renders to.
pub(super) struct Rendered {
    pub(super) file: FileId,
    pub(super) text: Decoded,
}

/// The files of one chart.
#[derive(Default)]
struct Chart {
    templates: Vec<FileId>,
    values: Vec<FileId>,
    about: Option<FileId>,
}

/// What a chart renders to with one choice of its values.
pub(super) struct Installed {
    /// The file of values that is laid over those of the chart, if one is.
    pub(super) variant: Option<Located<String>>,
    pub(super) templates: Vec<Rendered>,
}

/// What the charts among the files render to, chart by chart, each with its own values and with every file of them that
/// may be laid over those.
pub(super) fn render(
    files: &Files,
    kinds: &BTreeMap<FileId, FileKind>,
    space: &Space,
    notes: &mut Vec<Note>,
) -> Vec<Installed> {
    let charts = charts(files, kinds);
    let mut all = Vec::new();
    for (folder, chart) in &charts {
        if chart.templates.is_empty() {
            continue;
        }
        let mut values = read_values(chart, files, space);
        // A chart below another takes what that one sets for it under its name.
        if let Some((parent, name)) =
            folder.rsplit_once("/charts/").or_else(|| Some(("", folder.strip_prefix("charts/")?)))
            && let Some(parent) = charts.get(parent).filter(|parent| parent.about.is_some())
        {
            let outer = read_values(parent, files, space);
            for over in [outer.get(name), Value::Map(Rc::new(vec![(key("global"), outer.get("global"))]))] {
                if matches!(over, Value::Map(_)) {
                    values = values.overlaid(&over, 0);
                }
            }
        }
        let parsed = Parsed::of(chart, files, space, notes);
        let overlays = overlays::of(folder, &charts, &values, files, space, notes);
        let mut install = |values: &Value, variant: Option<Located<String>>| {
            let root = root(chart, values, files, space);
            all.push(Installed { variant, templates: parsed.render(&root, files, notes) });
        };
        install(&values, None);
        for (file, over) in overlays {
            let variant = Located::new(files.get(file).path().to_owned(), Place::new(file, Span::new(0, 0)));
            install(&values.overlaid(&over, 0), Some(variant));
        }
    }
    all
}

/// The templates of a chart.
struct Parsed {
    defined: Defined,
    templates: Vec<(FileId, Vec<Piece>)>,
}

impl Parsed {
    fn of(chart: &Chart, files: &Files, space: &Space, notes: &mut Vec<Note>) -> Self {
        let mut defined = Defined::new();
        let mut parsed: Vec<(FileId, Vec<Piece>)> = Vec::new();
        for &file in &chart.templates {
            let source = files.get(file);
            match syntax::parse(&Decoded::verbatim(source.text(), space.start(file))) {
                Ok(mut pieces) => {
                    let offset = space.start(file);
                    shift(&mut pieces, offset);
                    define(&pieces, &mut defined);
                    parsed.push((file, pieces));
                }
                // Other programs have templates of that ending as well.
                Err(_) if chart.about.is_none() && source.name().rsplit('.').next() == Some("tpl") => {}
                Err(fault) => {
                    let line = source.line(fault.at.min(source.text().len()));
                    notes.push(Note::line(source.path(), line, format!("not read: {}", fault.why)));
                }
            }
        }
        Self { defined, templates: parsed }
    }

    fn render(&self, root: &Value, files: &Files, notes: &mut Vec<Note>) -> Vec<Rendered> {
        let mut rendered = Vec::new();
        for (file, pieces) in &self.templates {
            let source = files.get(*file);
            if !source.text().contains("kind:") || source.name().rsplit('.').next() == Some("tpl") {
                continue;
            }
            match Renderer::new(&self.defined, root.clone()).render(pieces) {
                Some(text) => rendered.push(Rendered { file: *file, text: lines::settle(&text) }),
                None => notes.push(Note::file(source.path(), "renders to more than any template, so it was not read")),
            }
        }
        rendered
    }
}

/// Charts by their folders.
fn charts(files: &Files, kinds: &BTreeMap<FileId, FileKind>) -> BTreeMap<String, Chart> {
    let mut charts: BTreeMap<String, Chart> = BTreeMap::new();
    for (&file, kind) in kinds {
        let path = files.get(file).path();
        let folder = files.get(file).folder();
        match kind {
            FileKind::HelmTemplate => {
                let home = path.rfind("/templates/").map_or("", |at| path.get(..at).unwrap_or_default());
                charts.entry(home.to_owned()).or_default().templates.push(file);
            }
            FileKind::HelmValues => charts.entry(folder.to_owned()).or_default().values.push(file),
            FileKind::HelmChart => charts.entry(folder.to_owned()).or_default().about = Some(file),
            _ => {}
        }
    }
    charts
}

/// The file of the values that a chart has by itself: `values.yaml`, or the only one there is.
fn own_values(chart: &Chart, files: &Files) -> Option<FileId> {
    let own = chart.values.iter().find(|&&file| matches!(files.get(file).name(), "values.yaml" | "values.yml"));
    match (own, chart.values.as_slice()) {
        (Some(&file), _) | (None, &[file]) => Some(file),
        _ => None,
    }
}

fn read_values(chart: &Chart, files: &Files, space: &Space) -> Value {
    let Some(file) = own_values(chart, files) else { return Value::Unknown };
    match document(file, files, space) {
        Value::Nil => Value::Map(Rc::default()),
        values => values,
    }
}

fn document(file: FileId, files: &Files, space: &Space) -> Value {
    let text = files.get(file).text();
    let tree = yaml::parse(text);
    if tree.error.is_some() {
        return Value::Unknown;
    }
    let Some(&top) = tree.documents.first() else { return Value::Nil };
    let rendered = Decoded::verbatim(text, space.start(file));
    node::tree(&tree, &rendered, top).map_or(Value::Unknown, |node| Value::of(&node))
}

fn key(text: &str) -> Decoded {
    let mut key = Decoded::default();
    key.push_escaped(text, Span::default());
    key
}

/// What templates find behind `$`. The name of the release and its namespace are chosen by whoever
/// installs the chart.
fn root(chart: &Chart, values: &Value, files: &Files, space: &Space) -> Value {
    let open = || Value::Text(hole(Span::new(0, 0)));
    let map = |entries: Vec<(&str, Value)>| {
        Value::Map(Rc::new(entries.into_iter().map(|(name, value)| (key(name), value)).collect()))
    };
    let about = chart.about.map_or(Value::Unknown, |file| document(file, files, space));
    let about = match &about {
        // `.Chart.AppVersion` is `appVersion` in the file.
        Value::Map(entries) => Value::Map(Rc::new(
            entries
                .iter()
                .map(|(name, value)| {
                    let mut letters = name.text().chars();
                    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
                    (key(&format!("{first}{}", letters.as_str())), value.clone())
                })
                .collect(),
        )),
        other => other.clone(),
    };
    let release = map(vec![
        ("Name", open()),
        ("Namespace", open()),
        ("Service", Value::made("Helm", Span::default())),
        ("IsUpgrade", Value::Unknown),
        ("IsInstall", Value::Unknown),
        ("Revision", Value::Unknown),
    ]);
    map(vec![
        ("Values", values.clone()),
        ("Chart", about),
        ("Release", release),
        ("Capabilities", Value::Unknown),
        ("Files", Value::Unknown),
        ("Template", Value::Unknown),
        ("Subcharts", Value::Unknown),
    ])
}

fn define(pieces: &[Piece], defined: &mut Defined) {
    for piece in pieces {
        match piece {
            Piece::Define(name, body) => {
                define(body, defined);
                defined.insert(name.clone(), Rc::new(body.clone()));
            }
            Piece::If(branches) => branches.iter().for_each(|(_, body)| define(body, defined)),
            _ => {}
        }
    }
}

/// Turns the places of actions in their template into addresses.
fn shift(pieces: &mut [Piece], offset: usize) {
    for piece in pieces {
        match piece {
            Piece::Output(_, start, end) => {
                *start += offset;
                *end += offset;
            }
            Piece::If(branches) => branches.iter_mut().for_each(|(_, body)| shift(body, offset)),
            Piece::With { body, otherwise, .. } | Piece::Range { body, otherwise, .. } => {
                shift(body, offset);
                shift(otherwise, offset);
            }
            Piece::Define(_, body) => shift(body, offset),
            Piece::Text(_) | Piece::Assign(..) => {}
        }
    }
}
