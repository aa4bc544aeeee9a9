//! Configurations of uWSGI in its four forms, each a list of options.
//!
//! Decides which option stands where and what is written for it. What conditions, loops and placeholders make
//! of the list depends on the environment and on other files, and is not decided here. Follows uWSGI 2.0.31
//! (`core/ini.c`, `core/yaml.c`, `core/json.c`, `core/xmlconf.c`).

mod nested;
#[cfg(test)]
mod tests;
mod xml;

use crate::findings::Note;
use crate::source::{FileId, Located, Place, SourceFile, Word, WordPart};

use super::bits::{self, Piece};
use super::ini::{self, Dialect, Entry};
use super::{Facts, UwsgiFile, UwsgiOption, UwsgiSection};

pub(super) use nested::{read_json, read_yaml};
pub(super) use xml::read as read_xml;

/// The section that counts unless another is asked for.
const DEFAULT: &str = "uwsgi";

/// Reads a configuration in INI form.
pub(super) fn read_ini(file: FileId, source: &SourceFile, facts: &mut Facts) {
    let document = ini::scan(source.text(), Dialect::Uwsgi);
    if !document.complete {
        facts.notes.push(Note::file(source.path(), "more options than are read; the rest was skipped"));
    }
    let mut sections: Vec<UwsgiSection> = Vec::new();
    for section in &document.sections {
        let options = section.entries.iter().map(|entry| option(file, entry, section.conditional)).collect();
        let place = Place::new(file, section.header);
        sections.push(UwsgiSection { name: Located::new(section.name.clone(), place), options });
    }
    facts.uwsgi.insert(file, UwsgiFile { sections, error: None });
    facts.comments.insert(file, document.comments);
}

fn option(file: FileId, entry: &Entry, conditional: bool) -> UwsgiOption {
    let value_place = Place::new(file, entry.value_span);
    let bits = bits::of(&entry.value).unwrap_or_default();
    let too_long = bits.is_empty() && !entry.value.text().is_empty();
    let piece = Piece { bits, outer: entry.value_span, inner: None, quoted: true };
    let mut value = piece.word(file, entry.value_span);
    if too_long {
        value.parts = vec![WordPart::Opaque(String::new())];
    }
    let written = entry.value.text();
    UwsgiOption {
        key: Located::new(entry.key.clone(), Place::new(file, entry.key_span)),
        // What looks like a comment is a part of the value here, but not to whoever wrote it.
        literal: value.is_literal() && !written.is_empty() && !written.contains([';', '#']),
        value,
        statement: Some(Place::new(file, entry.statement)),
        conditional: conditional || entry.conditional,
        value_place,
    }
}

/// The option of a form in which a value stands for itself.
fn plain(key: Located<String>, text: &str, place: Place, literal: bool) -> UwsgiOption {
    let value = if text.contains("{{") || text.contains("{%") {
        Word { parts: vec![WordPart::Opaque(text.to_owned())], place, removal: place, quoted: true }
    } else {
        Word::literal(text, place, place)
    };
    UwsgiOption { key, value, statement: None, literal, conditional: false, value_place: place }
}
