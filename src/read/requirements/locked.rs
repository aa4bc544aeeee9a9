//! Lock files, which pin every package to one version.

use crate::findings::Note;
use crate::source::{FileId, Place, SourceFile, Span};

use super::super::{Facts, toml_tree, yaml};
use super::{MAX_REQUIREMENTS, specifier};

/// Reads the packages of `poetry.lock`, `pdm.lock` or `uv.lock`.
pub(in super::super) fn read_toml_lock(file: FileId, source: &SourceFile, facts: &mut Facts) {
    let tree = toml_tree::parse(file, source, facts);
    let packages = tree.get("package").and_then(|node| node.get_ref().as_array());
    for package in packages.into_iter().flat_map(|packages| packages.iter()).take(MAX_REQUIREMENTS) {
        let field = |key: &str| package.get_ref().as_table().and_then(|table| table.get(key));
        let (Some(name), Some(version)) = (field("name"), field("version")) else {
            continue;
        };
        let (Some(name), Some(text)) = (name.get_ref().as_str(), version.get_ref().as_str()) else {
            continue;
        };
        let span = toml_tree::span(version);
        let place = Place::new(file, Span::new(span.start + 1, span.end.saturating_sub(1).max(span.start + 1)));
        facts.requirements.push(specifier::from_parts(name, "", &format!("=={text}"), place));
    }
}

/// Reads the packages of a `Pipfile.lock`. JSON is YAML, and only the YAML reader knows where things stand.
pub(in super::super) fn read_pipfile_lock(file: FileId, source: &SourceFile, facts: &mut Facts) {
    let tree = yaml::parse(source.text());
    if let Some(error) = &tree.error {
        let reason = format!("not valid JSON, so it may be read in part: {}", error.message);
        facts.notes.push(Note::line(source.path(), error.line, reason));
    }
    let Some(&top) = tree.documents.first() else {
        return;
    };
    for group in ["default", "develop"] {
        let packages = tree.get(top, group).map(|group| tree.entries(group)).unwrap_or_default();
        for package in packages {
            let version = tree.get(package.value, "version");
            let (Some(name), Some(version)) = (tree.text(package.key), version) else {
                continue;
            };
            let place = Place::new(file, tree.content(version));
            let text = tree.text(version).unwrap_or_default();
            facts.requirements.push(specifier::from_parts(name, "", text, place));
        }
    }
}
