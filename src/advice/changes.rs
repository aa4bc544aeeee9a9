//! From advice to edits of the files that set what it is about.
//!
//! Only the value that wins is edited, and only where it is written out. Anything else is refused
//! with the place to look at, because an edit elsewhere would change nothing.

use super::formula::Formula;
use super::{alias, insert, master, portable, runtime, stopping};
use crate::deployment::{Behind, Candidate, Dependency, Deployment, Effective, Layer, Resolved};
use crate::findings::{Edit, Fix};
use crate::sizing::{Advice, Amount, Class, Item, Verdict};
use crate::source::{FileId, Files, Place};
use crate::values::{Cpus, Value};

/// What the advice changes.
#[derive(Debug, Default)]
pub struct Changes {
    /// Edits, in the order of the advice.
    pub made: Vec<Change>,
    /// Advice that cannot be written.
    pub refused: Vec<Refusal>,
}

/// One setting that gets another value, or goes.
#[derive(Debug, Clone)]
pub struct Change {
    /// The setting.
    pub setting: &'static str,
    /// What it will be; `None` where it is removed.
    pub value: Option<Value>,
    /// The edit.
    pub fix: Fix,
    /// The variable that decides instead, as soon as somebody sets it.
    pub unless: Option<String>,
}

/// Advice that was not written, and where the user has to do it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The setting.
    pub setting: &'static str,
    /// Why not, as a clause that names the place to edit.
    pub reason: String,
    /// Whether the value is known to lie outside its range.
    pub is_outside: bool,
}

/// What is to be written besides the bare numbers.
#[derive(Debug, Clone, Copy, Default)]
pub struct Manner {
    /// The only file that may be edited; `None` for whichever holds the value.
    pub only: Option<FileId>,
    /// Whether a formula over the cores of the machine becomes one that follows the limit of the container.
    pub portable: bool,
}

/// The edits that follow from `advice` about `deployment`.
pub fn changes(deployment: &Deployment, advice: &Advice, manner: Manner, files: &Files) -> Changes {
    let mut changes = Changes::default();
    // A formula that follows the limit is right on every machine, a number that counts on this one is not.
    let follows = |name: &str| {
        manner.portable
            && deployment.setting(name).is_some_and(|one| Formula::of(deployment, &one.winner, files).is_some())
    };
    let uncounted = |item: &Item| advice.elsewhere && GROUP.contains(&item.setting) && !follows(item.setting);
    let wanted = |item: &&Item| !matches!(item.verdict, Verdict::InRange | Verdict::Consider) && !uncounted(item);
    for item in advice.items.iter().filter(wanted) {
        if let Some(other) = deployment.replaced {
            let reason = format!(
                "{} runs the image with another command than {}, so a value here would change nothing",
                files.describe(other),
                files.describe(deployment.command)
            );
            changes.refused.push(Refusal { setting: item.setting, reason, is_outside: false });
            continue;
        }
        let Some(effective) = deployment.setting(item.setting) else {
            match around(deployment, item, manner, files) {
                Ok(change) => changes.made.push(change),
                Err(reason) => {
                    let is_outside = item.verdict == Verdict::Change;
                    changes.refused.push(Refusal { setting: item.setting, reason, is_outside });
                }
            }
            continue;
        };
        let result = match item.verdict {
            Verdict::Remove => remove(effective, item, manner, files),
            _ => set(deployment, effective, item, manner, advice.cpus, files),
        };
        match result {
            Ok(change) => changes.made.push(change),
            Err(reason) => changes.refused.push(Refusal {
                setting: item.setting,
                reason,
                is_outside: matches!(item.verdict, Verdict::Change | Verdict::Remove),
            }),
        }
    }
    all_or_none(&mut changes, advice);
    master::join(&mut changes, deployment, manner, files);
    insert::join(&mut changes.made);
    as_one(&mut changes.made);
    changes
}

/// The settings that make one number of slots together.
pub const GROUP: [&str; 7] =
    ["worker_class", "workers", "worker_threads", "processes", "threads", "blocking_threads", "worker_connections"];

/// Whether a change is one of those that go together.
fn is_in_group(change: &Change) -> bool {
    (GROUP.contains(&change.setting) || master::WANTED.contains(&change.setting)) && change.value.is_some()
}

/// Where one of the group cannot be written, the others would make it worse. What the class ignores makes nothing
/// worse by staying.
fn all_or_none(changes: &mut Changes, advice: &Advice) {
    let counts = |setting: &str| {
        let item = advice.item(setting);
        item.is_some_and(|item| matches!(item.verdict, Verdict::Change | Verdict::Unknown))
    };
    let stuck = |refused: &&Refusal| GROUP.contains(&refused.setting) && counts(refused.setting);
    let Some(stuck) = changes.refused.iter().find(stuck) else { return };
    let reason = format!("it goes with {}, which cannot be written", stuck.setting);
    let (left, made): (Vec<_>, Vec<_>) = changes.made.drain(..).partition(is_in_group);
    changes.made = made;
    let refuse = |change: Change| Refusal { setting: change.setting, reason: reason.clone(), is_outside: true };
    changes.refused.extend(left.into_iter().map(refuse));
}

/// Makes one edit of the group, under the name of each of its settings.
fn as_one(changes: &mut [Change]) {
    let group: Vec<&Change> = changes.iter().filter(|change| is_in_group(change)).collect();
    let titles: Vec<&str> = group.iter().map(|change| change.fix.title.as_str()).collect();
    let mut edits: Vec<Edit> = Vec::new();
    for edit in group.iter().flat_map(|change| &change.fix.edits) {
        if !edits.contains(edit) {
            edits.push(edit.clone());
        }
    }
    let whole = Fix::unsafe_(titles.join(", "), edits);
    changes.iter_mut().filter(|change| is_in_group(change)).for_each(|change| change.fix = whole.clone());
}

fn set(
    deployment: &Deployment,
    effective: &Effective,
    item: &Item,
    manner: Manner,
    cores: Option<Cpus>,
    files: &Files,
) -> Result<Change, String> {
    let value = value_of(item.target, deployment);
    let title = format!("set {} to {value}", item.setting);
    let change = |fix, value, unless| Change { setting: item.setting, value: Some(value), fix, unless };
    if value == Value::Str("uvicorn_worker.UvicornWorker".to_owned()) && !deployment.asks_for("uvicorn-worker") {
        return Err(format!(
            "{value} is in the package `uvicorn-worker`, which the project does not list: add it and set {} to that, or \
             to `asgi` with Gunicorn 25.1 or newer",
            item.setting
        ));
    }
    if !effective.is_set() {
        if let Some(reason) = runtime::not_inserted(deployment, item, files) {
            return Err(reason);
        }
        let edit = insert::insert(deployment, item.setting, &value, manner.only, files)?;
        if let Some(anchor) = alias::anchor(files, edit.place) {
            let place = files.describe(edit.place);
            return Err(aliased(&format!("the command at {place} "), &anchor, item, &value));
        }
        return Ok(change(Fix::unsafe_(title, vec![edit]), value, None));
    }
    let (winner, tail) = deployment.without_tail(&effective.winner);
    let winner = &winner;
    let behind = deployment.behind(winner, files);
    if let Some((behind, edit)) = behind.as_ref().and_then(|behind| Some((behind, behind.set(&value)?))) {
        allowed(behind.place, winner.layer, manner.only, files)?;
        if let Some(anchor) = alias::anchor(files, edit.place) {
            return Err(aliased(&format!("at {} ", files.describe(edit.place)), &anchor, item, &value));
        }
        return Ok(change(Fix::unsafe_(title, vec![edit]), value, behind.unless.clone()));
    }
    here(winner, manner.only, files)?;
    if let Some(change) = runtime::left_out(deployment, effective, files) {
        return Ok(change);
    }
    // A formula over all cores of the machine is what the advice is about; it may stay one that sees quotas.
    if let Some(formula) = Formula::of(deployment, winner, files) {
        if manner.portable {
            return portable::follow(effective, item, cores, formula, files);
        }
        return Ok(change(Fix::unsafe_(title, vec![formula.set(&value)]), value, formula.unless));
    }
    if let Some(why) = computed(winner, behind.as_ref(), files) {
        return Err(format!("{why}: set {} to {value} there", item.setting));
    }
    let edit = winner.set(files, &value);
    let edit = edit.ok_or_else(|| {
        let place = effective.place().map_or_else(String::new, |place| files.describe(place));
        let text = effective.place().map_or("", |place| files.text_at(place));
        let what = match &behind {
            Some(Behind { name, place, .. }) if text.contains(['$', '{', '%']) => {
                format!("is filled in from {name}, which {} sets", files.describe(*place))
            }
            Some(Behind { name, place, .. }) => format!("takes it from {name}, which {} sets", files.describe(*place)),
            None if text.contains(['$', '{', '%']) => "is filled in from a template".to_owned(),
            None => "is no plain value".to_owned(),
        };
        format!("what sets it at {place} {what}: set {} to {value} there", item.setting)
    })?;
    let unless = deployment.unset_variable(winner).map(str::to_owned).or(tail);
    // Of a number that one file gives twice the last counts, and whoever reads the file should see no other.
    let again = effective.overridden.iter().filter(|other| {
        let file = |one: &Candidate| one.place.map(|place| place.file);
        other.layer == winner.layer && file(other) == file(winner) && other.value == winner.value
    });
    let mut edits: Vec<Edit> = again.filter_map(|other| other.set(files, &value)).collect();
    edits.push(edit);
    Ok(change(Fix::unsafe_(title, edits), value, unless))
}

fn remove(effective: &Effective, item: &Item, manner: Manner, files: &Files) -> Result<Change, String> {
    here(&effective.winner, manner.only, files)?;
    if let Some(why) = computed(&effective.winner, None, files) {
        return Err(format!("{why}: take it out there, or choose a class that looks at it"));
    }
    let edits =
        effective.winner.remove(files).ok_or_else(|| "it stands where it cannot be taken out alone".to_owned())?;
    let fix = Fix::safe(format!("remove {}", item.setting), edits);
    Ok(Change { setting: item.setting, value: None, fix, unless: None })
}

/// Whether the value that wins stands in `only`, if that is all that may be edited.
fn here(winner: &Candidate, only: Option<FileId>, files: &Files) -> Result<(), String> {
    let Some(place) = winner.place else { return Err("nobody sets it".to_owned()) };
    allowed(place, winner.layer, only, files)
}

/// Whether the value that counts for `layer` may be edited at `place`.
fn allowed(place: Place, layer: Layer, only: Option<FileId>, files: &Files) -> Result<(), String> {
    match only.filter(|file| files.owner(place.file) != *file) {
        None => Ok(()),
        Some(file) => Err(format!(
            "it is set at {} ({}), so a value in {} would change nothing",
            files.describe(place),
            layer.as_str(),
            files.get(file).path()
        )),
    }
}

/// Why what several places of a YAML file repeat is left alone.
fn aliased(what: &str, anchor: &str, item: &Item, value: &Value) -> String {
    let setting = item.setting;
    format!(
        "{what}stands behind the anchor `&{anchor}`, which is used elsewhere as well: set {setting} to {value} there"
    )
}

/// Why the value is not one that the bytes at its place simply state; `None` where they do.
fn computed(winner: &Candidate, behind: Option<&Behind>, files: &Files) -> Option<String> {
    let at = winner.place.map_or_else(String::new, |place| format!("at {} ", files.describe(place)));
    if let Some(anchor) = winner.place.and_then(|place| alias::anchor(files, place)) {
        return Some(format!("{at}it stands behind the anchor `&{anchor}`, which is used elsewhere as well"));
    }
    if let Resolved::Unknown(reason) = &winner.value {
        let reason = reason.strip_prefix("depends").map_or_else(|| reason.clone(), |rest| format!("it depends{rest}"));
        // What is written out but refused by the server may be replaced all the same.
        return winner.set(files, &Value::Int(1)).is_none().then(|| format!("{at}it is not known, because {reason}"));
    }
    winner.depends.iter().find_map(|dependency| match dependency {
        Dependency::Environment { name, .. } => Some(match behind {
            Some(Behind { place, name: set, .. }) if *set == format!("`{name}`") => {
                format!("{at}it rests on the variable {set}, which {} sets", files.describe(*place))
            }
            Some(Behind { place, name: by, .. }) => {
                let place = files.describe(*place);
                format!("{at}it takes {by} from {place}, which rests on the variable `{name}`")
            }
            None => format!("{at}it rests on the variable `{name}`"),
        }),
        Dependency::InPlace { .. } => None,
        Dependency::Cpus { spelling, .. } => Some(format!("{at}it is computed from `{spelling}`")),
        Dependency::Quota { .. } => Some(format!("{at}it follows the CPU limit of the container")),
        Dependency::Other { what } => Some(format!("{at}it rests on {what}")),
    })
}

/// Changes what is no setting of the server, where a file of the project has it.
fn around(deployment: &Deployment, item: &Item, manner: Manner, files: &Files) -> Result<Change, String> {
    if let Some((place, change)) = runtime::resized(deployment, item) {
        let is_elsewhere = manner.only.is_some_and(|file| files.owner(place.file) != file);
        return if is_elsewhere { Err(elsewhere(item)) } else { Ok(change) };
    }
    let (place, fix) = stopping::followed(deployment, item, files).ok_or_else(|| elsewhere(item))?;
    if manner.only.is_some_and(|file| files.owner(place.file) != file) {
        return Err(elsewhere(item));
    }
    let value = item.target.whole().map(|seconds| Value::Int(seconds.into()));
    Ok(Change { setting: item.setting, value, fix, unless: None })
}

/// Who sets what is no setting of the server.
fn elsewhere(item: &Item) -> String {
    let target = item.target;
    if item.setting == "thread_limiter" {
        return format!(
            "no setting of the server changes it: let the application set \
             `anyio.to_thread.current_default_thread_limiter().total_tokens` to {target} when it starts"
        );
    }
    let at = item.current.as_ref().map_or("", |current| current.source.as_str());
    if matches!(item.setting, "max_connections" | "max_size") {
        return format!("the pool of the program sets it ({at}): set it to {target} there");
    }
    format!("it is set around the server ({at}): set it to {target} there")
}

/// An amount in the server's own terms.
fn value_of(amount: Amount, deployment: &Deployment) -> Value {
    match amount {
        Amount::Count(n) | Amount::Seconds(n) => Value::Int(n.into()),
        Amount::Class(Class::EventLoop) => Value::Str(deployment.asgi_class().to_owned()),
        Amount::Named(name) => Value::Str(name.to_owned()),
        Amount::Class(class) => Value::Str(class.as_str().to_owned()),
        Amount::Path(path) => Value::Str(path.to_owned()),
        Amount::Open => Value::None,
    }
}
