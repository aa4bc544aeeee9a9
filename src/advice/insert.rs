//! Where a setting goes that nobody sets yet.
//!
//! A configuration file takes it before the command line does: that is where a person looks first.

use std::collections::BTreeMap;

use super::Change;
use crate::deployment::{Deployment, UnitKind};
use crate::findings::Edit;
use crate::source::{FileId, Files, Place, Span};
use crate::values::Value;

/// Whether the project makes an image, which may set by its variables what a file in it leaves open.
pub fn makes_image(files: &Files) -> bool {
    let is_recipe =
        |name: &str| ["dockerfile", "containerfile"].iter().any(|word| name.to_ascii_lowercase().contains(word));
    files.iter().any(|(_, file)| is_recipe(file.name()))
}

/// Sets what nobody sets, in `only` if that is all that may be edited.
pub(super) fn insert(
    deployment: &Deployment,
    setting: &'static str,
    value: &Value,
    only: Option<FileId>,
    files: &Files,
) -> Result<Edit, String> {
    if deployment.kind == UnitKind::UwsgiConfiguration && makes_image(files) {
        let at = files.describe(deployment.command);
        return Err(format!(
            "nothing starts {at} by its name, and an image that does may set it by a variable: set it to {value} where it is started"
        ));
    }
    let allowed = |file: FileId| only.is_none_or(|only| files.owner(file) == only);
    let configuration = deployment.configuration.as_ref().filter(|configuration| allowed(configuration.file));
    let in_file = configuration.and_then(|configuration| {
        self::in_file(deployment, setting, value, configuration.file, configuration.last_assignment, files)
    });
    if let Some(edit) = in_file {
        return Ok(edit);
    }
    let in_command = || deployment.add_option(files, setting, value);
    match in_command().filter(|_| allowed(deployment.command.file)) {
        Some(edit) => Ok(edit),
        None => Err(match only {
            Some(file) if !allowed(deployment.command.file) => format!(
                "{} does not set it, and only a configuration file or the command can take a new setting",
                files.get(file).path()
            ),
            _ if deployment.passes(files, setting) => format!(
                "the call at {} gives it already, as something that is no plain value, or hands on keywords that may: set \
                 it to {value} there",
                files.describe(deployment.command)
            ),
            _ => format!(
                "nobody sets it, and the command at {} has no place for it that is plain to see: set it to {value} there",
                files.describe(deployment.command)
            ),
        }),
    }
}

/// Beside its kin in a configuration file, or behind the last assignment: hooks, which conventionally come last, stay last.
fn in_file(
    deployment: &Deployment,
    setting: &'static str,
    value: &Value,
    file: FileId,
    last: Option<Place>,
    files: &Files,
) -> Option<Edit> {
    if let Some(beside) = deployment.beside_in(file, setting, files) {
        let setting = deployment.setting(setting)?.setting;
        return beside.add_beside(files, setting, deployment.version.version, value);
    }
    let text = files.get(file).text();
    let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let line = format!("{setting} = {value}{newline}");
    let end = last.map_or(0, |place| place.span.end);
    let at = match text.get(end..).and_then(|rest| rest.find('\n')) {
        // A file that sets nothing has no line that a new one could follow.
        Some(_) if last.is_none() => return None,
        Some(at) => end + at + 1,
        None => text.len(),
    };
    let place = Place::new(file, Span::new(at, at));
    let needs_break = at == text.len() && !text.is_empty() && !text.ends_with('\n');
    Some(Edit::insert(place, if needs_break { format!("{newline}{}", line.trim_end()) } else { line }))
}

/// Insertions at one point become one, in the order of the advice: otherwise nobody could say which of
/// them comes first.
pub(super) fn join(changes: &mut [Change]) {
    let mut texts: BTreeMap<Place, String> = BTreeMap::new();
    let insertions = |edit: &Edit| edit.place.span.is_empty();
    for edit in changes.iter().flat_map(|change| &change.fix.edits).filter(|edit| insertions(edit)) {
        texts.entry(edit.place).or_default().push_str(&edit.text);
    }
    for edit in changes.iter_mut().flat_map(|change| &mut change.fix.edits).filter(|edit| insertions(edit)) {
        if let Some(text) = texts.get(&edit.place) {
            edit.text.clone_from(text);
        }
    }
}
