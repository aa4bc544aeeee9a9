//! Requirements in TOML: `pyproject.toml`, Pipfile, and the lock files of poetry and uv.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::specifier;
use crate::findings::Note;
use crate::read::Facts;
use crate::source::{Comment, FileId, FileKind, Place, SourceFile, Span};

/// Reads a TOML file of the kinds named above.
pub(in crate::read) fn read(file: FileId, kind: FileKind, source: &SourceFile, facts: &mut Facts) {
    let text = source.text();
    facts.comments.insert(file, comments(text));
    let table = match DeTable::parse(text) {
        Ok(table) => table,
        Err(error) => {
            let line = error.span().map_or(1, |span| source.line(span.start));
            facts.notes.push(Note::line(source.path(), line, format!("not TOML: {}", error.message())));
            return;
        }
    };
    let table = table.get_ref();
    match kind {
        FileKind::PoetryLock | FileKind::UvLock => locked(file, table, facts),
        FileKind::Pipfile => named(file, at(table, &["packages"]), facts),
        _ => {
            listed(file, value_at(table, &["project", "dependencies"]), facts);
            for group in [&["project", "optional-dependencies"][..], &["dependency-groups"]] {
                for (_, list) in at(table, group).into_iter().flat_map(DeTable::iter) {
                    listed(file, Some(list), facts);
                }
            }
            named(file, at(table, &["tool", "poetry", "dependencies"]), facts);
        }
    }
}

/// A list of requirement strings.
fn listed(file: FileId, value: Option<&Spanned<DeValue>>, facts: &mut Facts) {
    let Some(DeValue::Array(items)) = value.map(Spanned::get_ref) else {
        return;
    };
    for item in items.iter() {
        if let DeValue::String(text) = item.get_ref() {
            facts.requirements.extend(specifier::parse(text, inside(file, item)));
        }
    }
}

/// A table from names to versions, as poetry and pipenv have it.
fn named(file: FileId, table: Option<&DeTable>, facts: &mut Facts) {
    for (name, value) in table.into_iter().flat_map(DeTable::iter) {
        let place = inside(file, value);
        let version = match value.get_ref() {
            DeValue::String(version) => Some(version.to_string()),
            DeValue::Table(table) => text(table, "version").map(|(version, _)| version),
            _ => None,
        };
        // Poetry reads a bare version as one that may grow, which is what a caret says.
        let version = version.unwrap_or_default();
        let bare = version.starts_with(|c: char| c.is_ascii_digit());
        let version = if bare { format!("=={version}") } else { version };
        facts.requirements.push(specifier::from_parts(name.get_ref(), "", &version, place));
    }
}

/// `[[package]]` tables with a name and an exact version.
fn locked(file: FileId, table: &DeTable, facts: &mut Facts) {
    let Some(DeValue::Array(packages)) = value_at(table, &["package"]).map(Spanned::get_ref) else {
        return;
    };
    for package in packages.iter() {
        let DeValue::Table(package) = package.get_ref() else {
            continue;
        };
        if let (Some((name, _)), Some((version, at))) = (text(package, "name"), text(package, "version")) {
            let place = Place::new(file, at);
            facts.requirements.push(specifier::from_parts(&name, "", &format!("=={version}"), place));
        }
    }
}

fn text(table: &DeTable, key: &str) -> Option<(String, Span)> {
    let value = value_at(table, &[key])?;
    match value.get_ref() {
        DeValue::String(text) => Some((text.to_string(), span(value))),
        _ => None,
    }
}

fn value_at<'t, 'i>(table: &'t DeTable<'i>, path: &[&str]) -> Option<&'t Spanned<DeValue<'i>>> {
    let (key, rest) = path.split_first()?;
    let value = table.get(*key)?;
    match (rest.is_empty(), value.get_ref()) {
        (true, _) => Some(value),
        (false, DeValue::Table(inner)) => value_at(inner, rest),
        _ => None,
    }
}

fn at<'t, 'i>(table: &'t DeTable<'i>, path: &[&str]) -> Option<&'t DeTable<'i>> {
    match value_at(table, path)?.get_ref() {
        DeValue::Table(table) => Some(table),
        _ => None,
    }
}

fn span(value: &Spanned<DeValue>) -> Span {
    let range = value.span();
    Span::new(range.start, range.end)
}

/// The bytes inside the quotes of a string.
fn inside(file: FileId, value: &Spanned<DeValue>) -> Place {
    let span = span(value);
    let quoted = matches!(value.get_ref(), DeValue::String(_)) && span.len() >= 2;
    Place::new(file, if quoted { Span::new(span.start + 1, span.end - 1) } else { span })
}

/// Comments that have a line to themselves; a `#` elsewhere may stand inside a string.
fn comments(text: &str) -> Vec<Comment> {
    let mut offset = 0;
    let mut found = Vec::new();
    for line in text.split_inclusive('\n') {
        let content = line.trim_end();
        let body = content.trim_start();
        if body.starts_with('#') {
            let start = offset + content.len() - body.len();
            found.push(Comment { span: Span::new(start, offset + content.len()), own_line: true });
        }
        offset += line.len();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Files;

    fn requirements(path: &str, kind: FileKind, text: &str) -> Vec<(String, Option<String>, String)> {
        let mut files = Files::new();
        let file = files.add(path, text);
        let mut facts = Facts::default();
        read(file, kind, files.get(file), &mut facts);
        facts.requirements.into_iter().map(|r| (r.name, r.pinned, r.specifier)).collect()
    }

    #[test]
    fn every_table_that_asks_for_packages() {
        let text = "[project]\ndependencies = ['gunicorn>=21,<24', \"uvicorn[standard]==0.30.0\"]\n\
                    [project.optional-dependencies]\nfast = ['uvloop']\n[dependency-groups]\ndev = ['ruff', {include-group = 'x'}]\n\
                    [tool.poetry.dependencies]\npython = '^3.11'\nflask = {version = '^3.0', extras = ['async']}\n";
        let names: Vec<_> = requirements("pyproject.toml", FileKind::Pyproject, text);
        let names: Vec<&str> = names.iter().map(|(name, ..)| name.as_str()).collect();
        assert_eq!(names, ["gunicorn", "uvicorn", "uvloop", "ruff", "flask", "python"]);
        let lock = "[[package]]\nname = 'Gunicorn'\nversion = '22.0.0'\n";
        assert_eq!(
            requirements("uv.lock", FileKind::UvLock, lock),
            [("gunicorn".into(), Some("22.0.0".into()), "==22.0.0".into())]
        );
    }

    #[test]
    fn a_broken_file_is_a_note() {
        let mut files = Files::new();
        let file = files.add("pyproject.toml", "[project\n");
        let mut facts = Facts::default();
        read(file, FileKind::Pyproject, files.get(file), &mut facts);
        assert_eq!(facts.notes.len(), 1);
    }
}
