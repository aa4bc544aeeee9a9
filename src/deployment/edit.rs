//! Edits of a setting: a new value for its literal, or its removal.
//!
//! Answers `None` wherever the bytes are not a plain literal: a computed, templated or aliased
//! value gets advice instead of an edit.

use super::{Candidate, Deployment, Layer, Resolved, Site};
use crate::findings::Edit;
use crate::servers::{Server, Setting, Version};
use crate::source::{Files, Place, Span};
use crate::values::Value;

impl Candidate {
    /// Gives the setting another value in place.
    pub fn set(&self, files: &Files, value: &Value) -> Option<Edit> {
        match self.site.as_ref()? {
            Site::Statement { literal, .. } | Site::Argument { literal, .. } => {
                let place = (*literal)?;
                Some(Edit::replace(place, python_literal(value, files.text_at(place))))
            }
            Site::Entry { literal, .. } => Some(Edit::replace((*literal)?, toml_literal(value)?)),
            Site::Option { literal, .. } => Some(Edit::replace((*literal)?, option_text(value)?)),
            Site::Words { literal, .. } | Site::Variable { literal } => {
                Some(Edit::replace((*literal)?, plain_text(value)?))
            }
        }
    }

    /// Takes the setting out altogether.
    pub fn remove(&self, files: &Files) -> Option<Vec<Edit>> {
        match self.site.as_ref()? {
            Site::Statement { statement, .. } | Site::Entry { statement, .. } => {
                Some(vec![Edit::remove(files.own_lines(*statement)?)])
            }
            Site::Argument { removal, .. } => Some(vec![Edit::remove((*removal)?)]),
            Site::Option { statement, .. } => Some(vec![Edit::remove(files.own_lines((*statement)?)?)]),
            Site::Words { removal, .. } => Some(removal.iter().map(|&place| Edit::remove(place)).collect()),
            Site::Variable { .. } => None,
        }
    }
}

impl Candidate {
    /// Sets another setting right beside this one, in the same form.
    pub fn add_beside(&self, files: &Files, setting: &Setting, version: Version, value: &Value) -> Option<Edit> {
        match self.site.as_ref()? {
            Site::Statement { statement, .. } | Site::Entry { statement, .. } => {
                let lines = files.own_lines(*statement)?;
                let text = files.text_at(lines);
                let end = if text.ends_with("\r\n") { "\r\n" } else { "\n" };
                let value = match self.site.as_ref()? {
                    Site::Entry { .. } => toml_literal(value)?,
                    _ => value.to_string(),
                };
                let line = format!("{} = {value}{end}", setting.name());
                // The last line of a file may lack its break.
                let line = if text.ends_with('\n') { line } else { format!("{end}{}", line.trim_end()) };
                let after = Place::new(lines.file, Span::new(lines.span.end, lines.span.end));
                Some(Edit::insert(after, line))
            }
            // Of Granian the parameters have other names than the settings.
            Site::Argument { whole, .. } if setting.server() == Server::Uvicorn => {
                let end = (*whole)?.span.end;
                let after = Place::new((*whole)?.file, Span::new(end, end));
                Some(Edit::insert(after, format!(", {}={value}", setting.name())))
            }
            Site::Option { statement, .. } => {
                let lines = files.own_lines((*statement)?)?;
                let text = files.text_at(lines);
                let end = if text.ends_with("\r\n") { "\r\n" } else { "\n" };
                let name = setting.at(version).flags().iter().find_map(|flag| flag.strip_prefix("--"))?;
                let line = format!("{name} = {}", option_text(value)?);
                let line = if text.ends_with('\n') { format!("{line}{end}") } else { format!("{end}{line}") };
                Some(Edit::insert(Place::new(lines.file, Span::new(lines.span.end, lines.span.end)), line))
            }
            Site::Words { literal, .. } => {
                let place = (*literal)?;
                let flag = setting.at(version).flag()?;
                let text = files.get(place.file).text();
                let after = place.span.end;
                let (at, line) = match text.get(after..)?.chars().next() {
                    // An element of a list in JSON, as in a Dockerfile.
                    Some('"') if in_json_list(text, place) => {
                        (after + 1, format!(", \"{flag}\", \"{}\"", plain_text(value)?))
                    }
                    _ if let Some((end, lead)) = block_item(files, place) => {
                        (end, format!("{lead}{flag}{lead}{}", quoted(&plain_text(value)?)))
                    }
                    Some('"' | '\'') => {
                        // `uvicorn.run("main:app")`
                        let call = text.get(..place.span.start - 1)?.trim_end().strip_suffix('(')?;
                        let own = setting.server() == Server::Uvicorn && ["run", "Config"].iter().any(|f| call.ends_with(f));
                        (after + 1, own.then(|| format!(", {}={value}", setting.name()))?)
                    }
                    _ => (after, format!(" {flag} {}", plain_text(value)?)),
                };
                Some(Edit::insert(Place::new(place.file, Span::new(at, at)), line))
            }
            Site::Argument { .. } | Site::Variable { .. } => None,
        }
    }
}

impl Deployment {
    /// Gives a setting that nobody sets a value: behind the application on the command line.
    pub fn add_option(&self, files: &Files, name: &str, value: &Value) -> Option<Edit> {
        let setting = self.setting(name)?.setting;
        let place = self.app.as_ref()?.place;
        let Place { span, .. } = self.command;
        // An application that is named elsewhere has no options behind it.
        let inside = place.file == self.command.file && span.start <= place.span.start && place.span.end <= span.end;
        let literal = files.text_at(place) == self.app.as_ref()?.value;
        let word = Candidate {
            value: Resolved::Known(Value::None),
            layer: Layer::CommandLine,
            place: Some(place),
            site: Some(Site::Words { literal: Some(place), removal: Vec::new() }),
            depends: Vec::new(),
        };
        (inside && literal).then(|| word.add_beside(files, setting, self.version.version, value)).flatten()
    }
}

/// For a word that is an item of a block list: where its line ends, and what a further item begins with.
fn block_item(files: &Files, place: Place) -> Option<(usize, String)> {
    let line = files.line_of(place);
    let text = files.text_at(line);
    let (before, rest) = text.split_at_checked(place.span.start.checked_sub(line.span.start)?)?;
    let quote = before.chars().next_back().filter(|c| matches!(c, '"' | '\''));
    let lead = before.trim_end_matches(['"', '\'']);
    let closed = rest.get(place.span.len()..)?;
    let closed = quote.map_or(Some(closed), |quote| closed.strip_prefix(quote))?.trim();
    let alone = closed.is_empty() || closed.starts_with('#');
    (lead.trim() == "-" && lead.ends_with(' ') && alone)
        .then(|| (line.span.end, format!("{}{lead}", files.line_break(place.file))))
}

/// A word as an item of a list in YAML, where numbers would not be texts.
fn quoted(word: &str) -> String {
    let is_plain = word.starts_with(|c: char| c.is_ascii_alphabetic()) && !word.contains(':') && word != "true";
    if is_plain { word.to_owned() } else { format!("\"{word}\"") }
}

/// Whether a quoted word is an element of a list on one line; one of a block list has its line alone.
fn in_json_list(text: &str, place: Place) -> bool {
    let before = text.get(..place.span.start).and_then(|text| text.strip_suffix('"'));
    before.is_some_and(|before| before.trim_end().ends_with([',', '[']))
}

/// A value in Python's spelling, with the quotes that the text it replaces has.
fn python_literal(value: &Value, old: &str) -> String {
    match value {
        Value::Str(text) if old.starts_with('\'') && !text.contains(['\'', '\\']) => {
            format!("'{text}'")
        }
        value => value.to_string(),
    }
}

/// A value as TOML writes it; `None` for one that TOML does not have or would not keep on a line.
fn toml_literal(value: &Value) -> Option<String> {
    match value {
        Value::Int(n) => Some(n.to_string()),
        Value::Float(x) if x.is_finite() => Some(format!("{x:?}")),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Str(text) if !text.contains(|c: char| c.is_control() || c == '"' || c == '\\') => {
            Some(format!("\"{text}\""))
        }
        _ => None,
    }
}

/// A value of an option in a file of options.
fn option_text(value: &Value) -> Option<String> {
    match value {
        Value::Bool(truth) => Some(truth.to_string()),
        value => plain_text(value),
    }
}

/// A value as a word of a command line; `None` for one that has no such form or would need quotes.
fn plain_text(value: &Value) -> Option<String> {
    let text = match value {
        Value::Int(n) => n.to_string(),
        Value::Float(x) => x.to_string(),
        Value::Str(text) => text.clone(),
        _ => return None,
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-:/@%+,=".contains(c);
    (!text.is_empty() && text.chars().all(plain)).then_some(text)
}
