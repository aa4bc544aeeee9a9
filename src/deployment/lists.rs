//! Which lists of words a command is put together from, where it is not written in one place.
//!
//! Knows `ENTRYPOINT` and `CMD` of a Dockerfile, `command`, `args` and `entrypoint` of a manifest, and lists in the values
//! of a Helm chart that the templates of the command put in and no other. Where other words come from is not known.

use granit_parser::{Event, Parser};

use super::{Deployment, chart_values};
use crate::source::{FileId, Files, Place};

/// Keys of manifests whose lists are the words of a command.
const KEYS: [&str; 3] = ["command", "args", "entrypoint"];

/// One of the lists of a command, by where it begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct List {
    file: FileId,
    start: usize,
}

impl Deployment {
    /// The list of words at `place`, if it is one that nothing but this command is put together from.
    pub(super) fn list_at(&self, place: Place, files: &Files) -> Option<List> {
        let file = files.get(place.file);
        let name = file.name().to_ascii_lowercase();
        if matches!(name.rsplit('.').next(), Some("yaml" | "yml")) {
            return self.yaml_list_at(place, files);
        }
        let starts = |line: &str| ["ENTRYPOINT", "CMD"].iter().any(|word| line.to_ascii_uppercase().starts_with(word));
        if !name.contains("dockerfile") && !name.contains("containerfile") || place.file != self.command.file {
            return None;
        }
        let mut at = 0;
        let mut begins = None;
        let mut goes_on = false;
        for line in file.text().split_inclusive('\n') {
            if !goes_on {
                begins = starts(line.trim_start()).then_some(at);
            }
            goes_on = line.trim_end().ends_with('\\');
            at += line.len();
            if place.span.start < at {
                return begins.map(|start| List { file: place.file, start });
            }
        }
        None
    }

    fn yaml_list_at(&self, place: Place, files: &Files) -> Option<List> {
        let (start, path) = sequence_at(files.get(place.file).text(), place.span.start)?;
        let list = List { file: place.file, start };
        if place.file == self.command.file {
            let key = path.last().and_then(Option::as_deref);
            return key.is_some_and(|key| KEYS.contains(&key)).then_some(list);
        }
        let path: Option<Vec<&str>> = path.iter().map(Option::as_deref).collect();
        chart_values::is_only_in(&path?.join("."), place.file, self.command.file, files).then_some(list)
    }
}

/// Where the innermost list around a scalar begins, and the keys that lead there; `None` among them for a list.
fn sequence_at(text: &str, at: usize) -> Option<(usize, Vec<Option<String>>)> {
    // Of what is open: where it begins, whether it is a list, and the key that has been read.
    let mut open: Vec<(usize, bool, Option<String>)> = Vec::new();
    for event in Parser::new_from_str(text) {
        let (event, span) = event.ok()?;
        let range = span.byte_range()?;
        match event {
            Event::MappingStart(..) | Event::SequenceStart(..) => {
                open.push((range.start, matches!(event, Event::SequenceStart(..)), None));
            }
            Event::MappingEnd | Event::SequenceEnd => {
                open.pop();
                if let Some((_, false, key)) = open.last_mut() {
                    *key = None;
                }
            }
            Event::Scalar(value, ..) => {
                let (start, is_list, key) = open.last_mut()?;
                if *is_list && range.start <= at && at <= range.end {
                    let start = *start;
                    open.pop();
                    return Some((start, open.into_iter().map(|(_, _, key)| key).collect()));
                }
                if !*is_list {
                    *key = if key.is_none() { Some(value.to_string()) } else { None };
                }
            }
            Event::Alias(..) => {
                if let Some((_, false, key)) = open.last_mut() {
                    *key = None;
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_around_a_scalar_is_named_by_its_keys() {
        let text = "web:\n  image: x\n  command: [a, b]\n  args:\n    - \"c\"\n    - d: [e]\n";
        let at = |word: &str| {
            let (_, path) = sequence_at(text, text.find(word)?)?;
            Some(path.iter().map(|key| key.as_deref().unwrap_or("-")).collect::<Vec<_>>().join("."))
        };
        assert_eq!(at("b]").as_deref(), Some("web.command"));
        assert_eq!(at("c\"").as_deref(), Some("web.args"));
        assert_eq!(at("e]").as_deref(), Some("web.args.-.d"));
        assert_eq!(at("x\n"), None);
    }
}
