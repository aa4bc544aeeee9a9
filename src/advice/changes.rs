//! From advice to edits of a file that the user names.
//!
//! Only the value that wins is edited, and only where the file holds it. Anything else is refused
//! with the place to look at, because an edit there would change nothing.

use crate::deployment::{Candidate, Deployment, Effective, Layer};
use crate::findings::{Edit, Fix};
use crate::sizing::{Advice, Amount, Class, Item, Verdict};
use crate::source::{FileId, Files, Place};
use crate::values::Value;

/// What the advice changes in one file.
#[derive(Debug, Default)]
pub struct Changes {
    /// Edits, in the order of the advice.
    pub made: Vec<Change>,
    /// Advice that cannot be written into the file.
    pub refused: Vec<Refusal>,
}

/// One setting that gets another value, or goes.
#[derive(Debug)]
pub struct Change {
    /// The setting.
    pub setting: &'static str,
    /// What it will be; `None` where it is removed.
    pub value: Option<Value>,
    /// The edit.
    pub fix: Fix,
}

/// Advice that was not written, and where the user has to do it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The setting.
    pub setting: &'static str,
    /// Why not, as a clause that names the place to edit.
    pub reason: String,
}

/// The edits of `file` that follow from `advice` about `deployment`.
pub fn changes(deployment: &Deployment, advice: &Advice, file: FileId, files: &Files) -> Changes {
    let mut changes = Changes::default();
    for item in &advice.items {
        let Some(effective) = deployment.setting(item.setting) else {
            continue;
        };
        let result = match item.verdict {
            Verdict::InRange => continue,
            // Without a current value that is known the edit would replace something unread.
            Verdict::Unknown if effective.value().is_none() && effective.winner.host_cores().is_none() => {
                continue;
            }
            Verdict::Change | Verdict::Unknown => set(deployment, effective, item, file, files),
            Verdict::Remove => remove(effective, item, file, files),
        };
        match result {
            Ok(change) => changes.made.push(change),
            Err(reason) => changes.refused.push(Refusal { setting: item.setting, reason }),
        }
    }
    changes
}

fn set(
    deployment: &Deployment,
    effective: &Effective,
    item: &Item,
    file: FileId,
    files: &Files,
) -> Result<Change, String> {
    let value = value_of(item.target, deployment);
    let title = format!("set {} to {value}", item.setting);
    let edit = if effective.is_set() {
        here(&effective.winner, file, files)?;
        let edit = effective.winner.set(files, &value).or_else(|| effective.winner.replace_formula(&value));
        edit.ok_or_else(|| {
            let place = effective.place().map_or_else(String::new, |place| files.describe(place));
            format!("the value at {place} is computed: change it there")
        })?
    } else {
        insert(deployment, item.setting, &value, file, files)?
    };
    Ok(Change { setting: item.setting, value: Some(value), fix: Fix::unsafe_(title, vec![edit]) })
}

fn remove(effective: &Effective, item: &Item, file: FileId, files: &Files) -> Result<Change, String> {
    here(&effective.winner, file, files)?;
    let edits =
        effective.winner.remove(files).ok_or_else(|| "it stands where it cannot be taken out alone".to_owned())?;
    Ok(Change { setting: item.setting, value: None, fix: Fix::safe(format!("remove {}", item.setting), edits) })
}

/// Whether the value that wins stands in `file`.
fn here(winner: &Candidate, file: FileId, files: &Files) -> Result<(), String> {
    match winner.place {
        Some(place) if place.file == file => Ok(()),
        Some(place) => Err(format!(
            "it is set at {} ({}), so a value in {} would change nothing",
            files.describe(place),
            winner.layer.as_str(),
            files.get(file).path()
        )),
        None => Err("nobody sets it".to_owned()),
    }
}

/// A setting that nobody sets goes behind the last one of the configuration file: hooks, which
/// conventionally come last, stay last.
fn insert(
    deployment: &Deployment,
    setting: &'static str,
    value: &Value,
    file: FileId,
    files: &Files,
) -> Result<Edit, String> {
    let configuration = deployment.configuration.as_ref().filter(|configuration| configuration.file == file);
    let Some(configuration) = configuration else {
        return Err(format!(
            "{} does not set it, and only a configuration file can take a new setting",
            files.get(file).path()
        ));
    };
    let text = files.get(file).text();
    let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let line = format!("{setting} = {value}{newline}");
    let end = configuration.last_assignment.map_or(0, |place| place.span.end);
    let at = match text.get(end..).and_then(|rest| rest.find('\n')) {
        Some(_) if configuration.last_assignment.is_none() => {
            return Err("the file sets nothing that a new line could follow".to_owned());
        }
        Some(at) => end + at + 1,
        None => text.len(),
    };
    let place = Place::new(file, crate::source::Span::new(at, at));
    let needs_break = at == text.len() && !text.is_empty() && !text.ends_with('\n');
    Ok(Edit::insert(place, if needs_break { format!("{newline}{}", line.trim_end()) } else { line }))
}

/// An amount in the server's own terms.
fn value_of(amount: Amount, deployment: &Deployment) -> Value {
    match amount {
        Amount::Count(n) => Value::Int(n.into()),
        Amount::Class(Class::EventLoop) if deployment.asks_for("uvicorn-worker") => {
            Value::Str("uvicorn_worker.UvicornWorker".to_owned())
        }
        Amount::Class(Class::EventLoop) => Value::Str("asgi".to_owned()),
        Amount::Class(class) => Value::Str(class.as_str().to_owned()),
    }
}

impl Candidate {
    /// Replaces a formula over the cores of the machine by a number.
    ///
    /// Computed values are left alone otherwise; this one is what the advice is about.
    fn replace_formula(&self, value: &Value) -> Option<Edit> {
        self.host_cores()?;
        let place = self.place.filter(|_| self.layer == Layer::ConfigFile)?;
        Some(Edit::replace(place, value.to_string()))
    }
}
