//! Which value of a Helm chart a template puts in.
//!
//! Knows `{{ .Values.gunicorn.workers }}`, quoted or not, and nothing else: what functions make of a value is no place
//! to put another one in.

use granit_parser::{Event, Parser};

use crate::source::{FileId, Files, Place, Span};

/// The path of the value that the template at `place` puts in, its bytes in the values of the chart, and whether no
/// other place of the templates puts it in.
pub(super) fn of(place: Place, files: &Files) -> Option<(String, Place, bool)> {
    let home = files.get(place.file).path().rsplit_once("/templates/").map(|(home, _)| home)?;
    // A word that is put together from two files has no end in this one.
    let text = files.get(place.file).text().get(place.span.start..)?.lines().next()?;
    let (flag, rest) = text.split_once("{{")?;
    let (inner, behind) = rest.split_once("}}")?;
    let ends = behind.chars().next().is_none_or(|c| c.is_whitespace() || "\"',]".contains(c));
    let glued = |c: char| c.is_ascii_alphanumeric() || "-_=\"'".contains(c);
    if !ends || !flag.chars().all(glued) {
        return None;
    }
    let mut steps = inner.trim_matches(|c: char| c == '-' || c.is_whitespace()).split('|').map(str::trim);
    let path = steps.next()?.strip_prefix(".Values.")?;
    let plain = |c: char| c.is_ascii_alphanumeric() || "._".contains(c);
    if !path.chars().all(plain) || !steps.all(|step| matches!(step, "quote" | "squote" | "int" | "toString")) {
        return None;
    }
    let values = ["values.yaml", "values.yml"].into_iter().find_map(|name| files.find(&format!("{home}/{name}")))?;
    let span = scalar(files.get(values).text(), path)?;
    let name = format!(".Values.{path}");
    let uses = files.iter().filter(|(_, file)| file.path().starts_with(&format!("{home}/templates/")));
    let count: usize = uses.map(|(_, file)| mentions(file.text(), &name)).sum();
    Some((name, Place::new(values, span), count == 1))
}

/// Whether a list in a file of values is put in by the template `user` and by no other of its chart.
pub(super) fn is_only_in(path: &str, values: FileId, user: FileId, files: &Files) -> bool {
    let Some((home, _)) = files.get(user).path().rsplit_once("/templates/") else { return false };
    let is_beside = files.get(values).folder() == home;
    let name = format!(".Values.{path}");
    let templates = format!("{home}/templates/");
    let users =
        files.iter().filter(|(_, file)| file.path().starts_with(&templates) && mentions(file.text(), &name) > 0);
    is_beside && users.map(|(file, _)| file).eq([user])
}

/// How often a path is named as a whole, or one that begins with it.
fn mentions(text: &str, name: &str) -> usize {
    let ends = |at: usize| !text[at..].starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    text.match_indices(name).filter(|(at, found)| ends(at + found.len())).count()
}

/// The bytes of the scalar at a path of keys.
fn scalar(text: &str, path: &str) -> Option<Span> {
    let wanted: Vec<&str> = path.split('.').collect();
    // The keys of the mappings that are open; `None` in front of a key, and for each list.
    let mut open: Vec<Option<String>> = Vec::new();
    let mut lists: Vec<bool> = Vec::new();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.ok()?;
        match event {
            Event::MappingStart(..) | Event::SequenceStart(..) => {
                lists.push(matches!(event, Event::SequenceStart(..)));
                open.push(None);
            }
            Event::MappingEnd | Event::SequenceEnd => {
                open.pop();
                lists.pop();
                if let (Some(key), Some(false)) = (open.last_mut(), lists.last()) {
                    *key = None;
                }
            }
            Event::Scalar(value, ..) => {
                let Some((key, false)) = open.last_mut().zip(lists.last().copied()) else { continue };
                if key.is_none() {
                    *key = Some(value.to_string());
                    continue;
                }
                let here = open.iter().map(|key| key.as_deref()).eq(wanted.iter().map(|one| Some(*one)));
                if here {
                    let range = span.byte_range()?;
                    let quotes = usize::from(text.get(range.clone())?.starts_with(['"', '\'']));
                    return Some(Span::new(range.start + quotes, range.end - quotes));
                }
                if let Some(key) = open.last_mut() {
                    *key = None;
                }
            }
            Event::Alias(..) => {
                if let (Some(key), Some(false)) = (open.last_mut(), lists.last()) {
                    *key = None;
                }
            }
            _ => {}
        }
    }
    None
}
