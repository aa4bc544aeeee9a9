//! The forms with nesting: YAML as libyaml reads it, and JSON.

use crate::findings::Note;
use crate::source::{FileId, Located, Place, SourceFile, Span};

use super::super::yaml::{self, NodeId, Tree};
use super::super::{Facts, UwsgiFile, UwsgiOption, UwsgiSection};
use super::plain;

/// More options than any configuration has.
const MAX_OPTIONS: usize = 20_000;

/// Reads a configuration in YAML form.
pub(in super::super) fn read_yaml(file: FileId, source: &SourceFile, facts: &mut Facts) {
    read(file, source, facts, false);
}

/// Reads a configuration in JSON form, which is YAML but for what some words stand for.
pub(in super::super) fn read_json(file: FileId, source: &SourceFile, facts: &mut Facts) {
    read(file, source, facts, true);
}

fn read(file: FileId, source: &SourceFile, facts: &mut Facts, json: bool) {
    let tree = yaml::parse(source.text());
    let mut configuration = UwsgiFile::default();
    if let Some(error) = &tree.error {
        facts.notes.push(Note::line(source.path(), error.line, format!("not read to its end: {}", error.message)));
        let start = source.line_span(error.line).unwrap_or(Span::new(0, 0));
        let what = format!("the configuration file cannot be parsed: {}", error.message);
        configuration.error = Some(Located::new(what, Place::new(file, start)));
    }
    for &document in tree.documents.iter().take(1) {
        for section in tree.entries(document) {
            let Some(name) = tree.text(section.key) else { continue };
            let reader = Reader { file, source, tree: &tree, json };
            let options = reader.options(section.value);
            let place = Place::new(file, tree.span(section.key));
            configuration.sections.push(UwsgiSection { name: Located::new(name.to_owned(), place), options });
        }
    }
    facts.uwsgi.insert(file, configuration);
    facts.comments.insert(file, tree.comments);
}

struct Reader<'a> {
    file: FileId,
    source: &'a SourceFile,
    tree: &'a Tree,
    json: bool,
}

impl Reader<'_> {
    fn options(&self, section: NodeId) -> Vec<UwsgiOption> {
        let mut options = Vec::new();
        for entry in self.tree.entries(section) {
            let Some(key) = self.tree.text(entry.key) else { continue };
            let key = Located::new(key.to_owned(), Place::new(self.file, self.tree.span(entry.key)));
            match self.tree.items(entry.value) {
                Some((items, _)) => options.extend(items.iter().filter_map(|&item| self.option(&key, item))),
                None => options.extend(self.option(&key, entry.value)),
            }
            if options.len() >= MAX_OPTIONS {
                break;
            }
        }
        options
    }

    fn option(&self, key: &Located<String>, value: NodeId) -> Option<UwsgiOption> {
        let text = self.tree.text(value)?;
        let place = Place::new(self.file, self.tree.content(value));
        let quoted = self.tree.is_quoted(value);
        let text = match text {
            "true" if self.json && !quoted => "1",
            "false" | "null" if self.json && !quoted => "0",
            text => text,
        };
        let literal = self.source.slice(place.span) == text && !text.is_empty();
        Some(plain(key.clone(), text, place, literal))
    }
}
