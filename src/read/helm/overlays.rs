//! Which files of values are laid over those of a chart.
//!
//! `helm upgrade -f values-prod.yaml` says so on a command line that is in no file. Decided by where a file lies, in the
//! chart or below it, and elsewhere by what it holds: it sets what the chart has.

use std::collections::BTreeMap;

use crate::findings::Note;
use crate::source::{FileId, Files};
use crate::values::Order as _;

use super::super::kubernetes::space::Space;
use super::value::Value;
use super::{Chart, document, own_values};

/// More environments than one chart is installed in.
const MAX_OVERLAYS: usize = 20;

/// More bytes than all values of a chart together; each of its variants takes as long as the chart itself.
pub(in crate::read) const MAX_BYTES: usize = 1 << 20;

/// The files that may be laid over `values`, those of the chart in `folder`, in the order of their paths, with what they
/// hold.
pub(super) fn of(
    folder: &str,
    charts: &BTreeMap<String, Chart>,
    values: &Value,
    files: &Files,
    space: &Space,
    notes: &mut Vec<Note>,
) -> Vec<(FileId, Value)> {
    // A chart below another is installed with it.
    if is_subchart(folder, charts) {
        return Vec::new();
    }
    let own: Vec<FileId> = charts.values().filter_map(|chart| own_values(chart, files)).collect();
    let is_chart = |(name, chart): &(&String, &Chart)| !chart.templates.is_empty() && !is_subchart(name, charts);
    let alone = charts.iter().filter(is_chart).count() == 1;
    let mut found = Vec::new();
    let mut left = MAX_BYTES;
    for (place, other) in charts {
        let inside = place == folder || is_below(place, folder);
        let nearest = charts.iter().filter(|(name, chart)| !chart.templates.is_empty() && is_below(place, name));
        let belongs = inside && (place == folder || nearest.map(|(name, _)| name.len()).max() == Some(folder.len()));
        let elsewhere = !inside && alone && other.templates.is_empty();
        if !belongs && !elsewhere {
            continue;
        }
        for &file in &other.values {
            let is_own = own.contains(&file) && !other.templates.is_empty();
            if is_own {
                continue;
            }
            let Some(rest) = left.checked_sub(files.get(file).text().len()) else {
                let why = "more values than any chart has, so this file was not laid over those of its chart";
                notes.push(Note::file(files.get(file).path(), why));
                continue;
            };
            left = rest;
            let over = document(file, files, space);
            if shares_keys(values, &over) {
                found.push((file, over));
            }
        }
    }
    found.order_by_key(|(file, _)| files.get(*file).path());
    found.dedup_by_key(|(file, _)| *file);
    found.truncate(MAX_OVERLAYS);
    found
}

fn is_below(path: &str, folder: &str) -> bool {
    path != folder && (folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/')))
}

fn is_subchart(folder: &str, charts: &BTreeMap<String, Chart>) -> bool {
    charts.iter().any(|(outer, chart)| {
        let inside = if outer.is_empty() { Some(folder) } else { folder.strip_prefix(&format!("{outer}/")) };
        chart.about.is_some() && inside.is_some_and(|inside| inside.starts_with("charts/"))
    })
}

/// Whether a file sets something that the chart has.
fn shares_keys(values: &Value, over: &Value) -> bool {
    let (Value::Map(own), Value::Map(new)) = (values, over) else { return false };
    new.iter().any(|(key, _)| own.iter().any(|(own, _)| own.text() == key.text()))
}
