//! Edits of what the project asks for: another package beside one, or one more of its extras.
//!
//! Answers `None` where a list of packages is written by a tool, or in a form that is not known.

use super::Deployment;
use crate::findings::Edit;
use crate::source::{Files, Place, Span};

/// How a package is asked for, as far as another can be put beside it.
enum Form {
    /// A line of its own, with what stands in front of it.
    Line(String),
    /// `name = "version"`, with what stands in front of it.
    Entry(String),
    /// One of several texts in quotes.
    Quoted(char),
    /// A word of a command.
    Word,
}

impl Deployment {
    /// Where the project asks for a distribution, in a file that people write.
    pub fn asked_at(&self, distribution: &str) -> Option<Place> {
        self.mentions.get(distribution).copied()
    }

    /// Asks for `distribution`, from `least` on, beside one that is asked for.
    pub fn ask_beside(&self, files: &Files, beside: &str, distribution: &str, least: Option<&str>) -> Option<Edit> {
        let place = self.asked_at(beside)?;
        let end = files.line_break(place.file);
        let bound = least.map_or_else(String::new, |least| format!(">={least}"));
        let after = |at: usize, text: String| Some(Edit::insert(Place::new(place.file, Span::new(at, at)), text));
        let line_end = files.line_of(place).span.end;
        match form(files, place)? {
            Form::Line(before) => after(line_end, format!("{end}{before}{distribution}{bound}")),
            Form::Entry(before) => {
                let version = if bound.is_empty() { "*" } else { &bound };
                after(line_end, format!("{end}{before}{distribution} = \"{version}\""))
            }
            Form::Quoted(quote) => after(place.span.end + 1, format!(", {quote}{distribution}{bound}{quote}")),
            // A shell would take `>` for a file.
            Form::Word => after(word_end(files, place), format!(" {distribution}")),
        }
    }

    /// Asks for one more extra of a distribution.
    pub fn ask_for_extra(&self, files: &Files, distribution: &str, extra: &str) -> Option<Edit> {
        let place = self.asked_at(distribution)?;
        let text = files.text_at(place);
        let (name, rest) = text.split_at_checked(distribution.len())?;
        let plain = name.eq_ignore_ascii_case(distribution) && !rest.trim_start().starts_with(['[', '@']);
        let at = place.span.start + distribution.len();
        plain.then(|| Edit::insert(Place::new(place.file, Span::new(at, at)), format!("[{extra}]")))
    }
}

fn form(files: &Files, place: Place) -> Option<Form> {
    let file = files.get(place.file);
    let text = file.text();
    let line = files.text_at(files.line_of(place));
    // What holds hashes is written by a tool that knows them all.
    if line.contains("--hash") || line.trim_end().ends_with('\\') && file.name().ends_with(".txt") {
        return None;
    }
    let before = text.get(files.line_of(place).span.start..place.span.start)?;
    let quote = before.chars().next_back().filter(|c| matches!(c, '"' | '\''));
    let is_command = file.name().to_ascii_lowercase().contains("dockerfile") || file.name().ends_with(".sh");
    match quote {
        _ if is_command => Some(Form::Word),
        Some(quote) => {
            let after = text.get(place.span.end..)?;
            let closed = after.strip_prefix(quote)?;
            let key = before.get(..before.len() - 1)?.trim_end();
            match key.strip_suffix('=') {
                // The rest of a table in braces may say anything.
                Some(name) if !name.contains(['{', '[']) => {
                    let indent = name.get(..name.len() - name.trim_start().len())?;
                    let alone = closed.lines().next().unwrap_or_default().trim();
                    (alone.is_empty() || alone.starts_with('#')).then(|| Form::Entry(indent.to_owned()))
                }
                Some(name) if name.contains('[') && !name.contains('{') => Some(Form::Quoted(quote)),
                Some(_) => None,
                None => Some(Form::Quoted(quote)),
            }
        }
        None => {
            let lead = before.trim();
            (lead.is_empty() || lead == "-").then(|| Form::Line(before.to_owned()))
        }
    }
}

/// The end of a word of a command, its quotes included.
fn word_end(files: &Files, place: Place) -> usize {
    let rest = files.get(place.file).text().get(place.span.end..).unwrap_or_default();
    place.span.end + usize::from(rest.starts_with(['"', '\'']))
}
