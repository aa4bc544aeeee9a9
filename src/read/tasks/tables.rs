//! Tasks in tables: `package.json`, `pyproject.toml`, `Pipfile`, `Taskfile.yml`.

use crate::source::{FileId, SourceFile};

use super::super::decoded::Decoded;
use super::super::platforms::reader::Reader;
use super::super::toml_tree;
use super::super::tree::{Entry, Kind, Node, from_toml, read_yaml};
use super::super::{EnvironmentFile, Facts, Notation, Unit};
use super::task;

/// Reads the scripts of a `package.json`, which a shell runs.
pub(in super::super) fn read_package_json(file: FileId, source: &SourceFile, facts: &mut Facts) {
    // Most hold nothing but JavaScript, and some are long.
    if !source.text().contains("\"scripts\"") {
        return;
    }
    let document = read_yaml(file, source, facts);
    let mut reader = Reader::new(file, source);
    for entry in document.tops.iter().filter_map(|top| top.get("scripts")).flat_map(Node::entries) {
        let unit = entry.value.scalar().and_then(|script| task(&entry.key, entry.key_span, script, &mut reader));
        reader.extend(unit);
    }
    reader.finish(facts);
}

/// Reads the tasks of a `pyproject.toml`; its tree was parsed before for its requirements.
pub(in super::super) fn read_pyproject(file: FileId, source: &SourceFile, facts: &mut Facts) {
    if !source.text().contains("[tool") {
        return;
    }
    let mut nothing = Facts::default();
    let top = from_toml(&toml_tree::parse(file, source, &mut nothing), source.text());
    let mut reader = Reader::new(file, source);
    let mut tables: Vec<(&Node, Lists)> = [
        (&["tool", "poe", "tasks"][..], Lists::Commands),
        (&["tool", "taskipy", "tasks"], Lists::Commands),
        (&["tool", "pdm", "scripts"], Lists::Commands),
        (&["tool", "rye", "scripts"], Lists::Words),
        (&["tool", "pixi", "tasks"], Lists::Commands),
    ]
    .iter()
    .filter_map(|(path, lists)| Some((top.at(path)?, *lists)))
    .collect();
    let environments = top.at(&["tool", "hatch", "envs"]).map(Node::entries).unwrap_or_default();
    let scripts = environments.iter().filter_map(|environment| environment.value.get("scripts"));
    tables.extend(scripts.map(|table| (table, Lists::Hatch)));
    let features = top.at(&["tool", "pixi", "feature"]).map(Node::entries).unwrap_or_default();
    let tasks = features.iter().filter_map(|feature| feature.value.get("tasks"));
    tables.extend(tasks.map(|table| (table, Lists::Commands)));
    for (table, lists) in tables {
        for entry in table.entries() {
            // What begins with an underscore are settings of PDM for all scripts.
            if entry.key != "_" {
                let unit = described(entry, lists, &mut reader);
                reader.extend(unit);
            }
        }
    }
    reader.finish(facts);
}

/// What a list is that stands for a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lists {
    /// Commands, or names of tasks.
    Commands,
    /// The same, in which `{args:default}` is what a person adds.
    Hatch,
    /// One command, word by word.
    Words,
}

/// Reads the scripts of a `Pipfile`.
pub(in super::super) fn read_pipfile(file: FileId, source: &SourceFile, facts: &mut Facts) {
    let mut nothing = Facts::default();
    let top = from_toml(&toml_tree::parse(file, source, &mut nothing), source.text());
    let mut reader = Reader::new(file, source);
    for entry in top.get("scripts").map(Node::entries).unwrap_or_default() {
        let unit = described(entry, Lists::Commands, &mut reader);
        reader.extend(unit);
    }
    reader.finish(facts);
}

/// A text, a list of words or of commands, or a table that says one of these and what surrounds it.
fn described(entry: &Entry, lists: Lists, reader: &mut Reader) -> Option<Unit> {
    let value = &entry.value;
    let script = match &value.kind {
        Kind::Table(_) => value.any(&["cmd", "shell", "sequence", "composite", "call"]).unwrap_or(value),
        _ => value,
    };
    let is_list = matches!(value.kind, Kind::List(_));
    let is_words = if is_list { lists == Lists::Words } else { value.get("cmd").is_some() };
    let mut text = joined(script, is_words)?;
    if lists == Lists::Hatch {
        text = without_additions(&text);
    }
    let mut unit = task(&entry.key, entry.key_span, &text, reader)?;
    let environment = value.get("env").map(|table| reader.variables(table)).unwrap_or_default();
    // Poe marks what only counts where nothing else sets the variable.
    unit.environment = environment.into_iter().filter(|variable| variable.value.is_some()).collect();
    for file in ["envfile", "env_file"].iter().filter_map(|key| value.get(key)) {
        let paths = std::iter::once(file).chain(file.items()).filter_map(|path| reader.located(Some(path)));
        unit.environment_files.extend(paths.map(|path| EnvironmentFile {
            path,
            notation: Notation::Python,
            optional: false,
        }));
    }
    unit.working_folder = reader.located(value.any(&["cwd", "working_dir", "working_directory"]));
    Some(unit)
}

/// The text with nothing added: `{args:default}` is its default then, and `{args}` nothing.
fn without_additions(script: &Decoded) -> Decoded {
    let text = script.text();
    let mut out = Decoded::default();
    let mut at = 0;
    for (start, _) in text.match_indices("{args") {
        let inner = text.get(start + "{args".len()..).unwrap_or_default();
        let Some(length) = inner.find('}').filter(|_| start >= at && inner.starts_with([':', '}'])) else { continue };
        out.push_from(script, at..start);
        let end = start + "{args".len() + length;
        out.push_from(script, (start + "{args:".len()).min(end)..end);
        at = end + 1;
    }
    out.push_from(script, at..text.len());
    out
}

/// The commands of a task as one script. A list is one command where `is_words`; else it holds commands or names of
/// tasks.
fn joined(script: &Node, is_words: bool) -> Option<Decoded> {
    if let Some(text) = script.scalar() {
        return Some(text.clone());
    }
    let separator = if is_words { " " } else { "\n" };
    let mut all = Decoded::default();
    for item in script.items() {
        let text = item.scalar().or_else(|| item.any(&["cmd", "shell"])?.scalar());
        let Some(text) = text else { continue };
        if !all.text().is_empty() {
            all.push_escaped(separator, crate::source::Span::new(item.span.start, item.span.start));
        }
        all.push_from(text, 0..text.text().len());
    }
    (!all.text().is_empty()).then_some(all)
}

/// The text with `{{.NAME}}` filled in where the file says what that is.
fn filled(script: &Decoded, value: &dyn Fn(&str) -> Option<String>) -> Decoded {
    let text = script.text();
    let mut out = Decoded::default();
    let mut at = 0;
    for (start, _) in text.match_indices("{{") {
        let inner = text.get(start + 2..).unwrap_or_default();
        let Some(length) = inner.find("}}").filter(|_| start >= at) else { continue };
        let name = inner.get(..length).unwrap_or_default().trim().strip_prefix('.').unwrap_or_default();
        let Some(known) = value(name) else { continue };
        out.push_from(script, at..start);
        let end = start + 2 + length + 2;
        out.push_escaped(&known, script.span(start..end));
        at = end;
    }
    out.push_from(script, at..text.len());
    out
}

/// Reads the tasks of a `Taskfile.yml`. What its templates fill in stays unknown, beyond plain variables of the file.
pub(in super::super) fn read_taskfile(file: FileId, source: &SourceFile, facts: &mut Facts) {
    let document = read_yaml(file, source, facts);
    let mut reader = Reader::new(file, source);
    for top in &document.tops {
        let shared = top.get("env").map(|table| reader.variables(table)).unwrap_or_default();
        for entry in top.get("tasks").map(Node::entries).unwrap_or_default() {
            let commands = entry.value.any(&["cmds", "cmd"]).unwrap_or(&entry.value);
            let Some(script) = joined(commands, false) else { continue };
            let own = entry.value.get("vars").map(Node::entries).unwrap_or_default();
            let common = top.get("vars").map(Node::entries).unwrap_or_default();
            let script = filled(&script, &|name| {
                let found = own.iter().chain(common).find(|variable| variable.key == name)?;
                Some(found.value.scalar()?.text().to_owned()).filter(|text| !text.contains("{{"))
            });
            let Some(mut unit) = task(&entry.key, entry.key_span, &script, &mut reader) else { continue };
            unit.environment.clone_from(&shared);
            unit.environment.extend(entry.value.get("env").map(|table| reader.variables(table)).unwrap_or_default());
            unit.working_folder = reader.located(entry.value.get("dir"));
            reader.add(unit);
        }
    }
    reader.finish(facts);
}
