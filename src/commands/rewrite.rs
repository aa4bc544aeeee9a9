//! Applying edits: planned, verified, shown, written.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use farrier::Examination;
use farrier::deployment::{Effective, Layer, Resolved};
use farrier::findings::{Finding, Fix, Severity};
use farrier::fix::{self, Refusal, Rewrite};
use farrier::request::Request;
use farrier::rules::Card;

use super::Failure;

/// What happens to the new texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// They are shown.
    Show,
    /// They are written, and shown.
    Write,
    /// The same, and the old texts are kept where git does not have them.
    WriteAndKeep,
}

/// What applying came to.
#[derive(Debug, Default)]
pub(super) struct Applied {
    /// The differences.
    pub(super) text: String,
    /// Which fixes were left out, and why.
    pub(super) left_out: String,
    /// How many files were written.
    pub(super) written: usize,
    /// How many files would change, or did.
    pub(super) changed: usize,
    /// How many of the fixes were left out.
    pub(super) refused: usize,
}

/// How often fixes are looked for again after some were made.
const MOST_ROUNDS: usize = 4;

/// Texts that were made of what fixes do, and not written yet.
pub(super) struct Made {
    /// The old and the new text of each file, by its path.
    pub(super) texts: BTreeMap<String, (Arc<str>, String)>,
    refused: Vec<Refusal>,
    last: Option<Examination>,
}

/// Applies what `wanted` takes from the findings, and writes or shows what comes of it.
pub(super) fn apply_all(
    request: &Request,
    first: &Examination,
    wanted: &dyn Fn(&Examination) -> Vec<Fix>,
    mode: Mode,
) -> Result<(Applied, Option<Examination>), Failure> {
    let Made { texts, refused, last } = make_all(request, first, wanted)?;
    let changes = texts.iter().filter(|(_, (old, new))| **old != **new);
    let changes: Vec<(&str, &str, &str)> =
        changes.map(|(path, (old, new))| (path.as_str(), &**old, new.as_str())).collect();
    Ok((carry_out(request, &changes, &refused, mode)?, last))
}

/// Applies what `wanted` takes from the findings, and again from those that are left: what collides with another fix
/// comes next, and so does what only the first of them brings up. Nothing is written before the last round, so that one
/// difference shows each file as it was and as it will be.
pub(super) fn make_all(
    request: &Request,
    first: &Examination,
    wanted: &dyn Fn(&Examination) -> Vec<Fix>,
) -> Result<Made, Failure> {
    let mut texts: BTreeMap<String, (Arc<str>, String)> = BTreeMap::new();
    let mut last: Option<Examination> = None;
    let mut refused = Vec::new();
    for _ in 0..MOST_ROUNDS {
        let now = last.as_ref().unwrap_or(first);
        let fixes = wanted(now);
        let plan = fix::settle(&now.files, &fixes.iter().collect::<Vec<_>>(), &|rewrites| {
            let after = reread_over(request, now, &texts, rewrites, &|_| true)?;
            settles(now, &after, rewrites)
        });
        refused = plan.refused;
        if plan.rewrites.is_empty() {
            break;
        }
        for rewrite in plan.rewrites {
            let path = now.files.get(rewrite.file).path().to_owned();
            texts.entry(path).or_insert_with(|| (rewrite.old, String::new())).1 = rewrite.new;
        }
        let instead: Vec<(&str, &str)> = texts.iter().map(|(path, (_, new))| (path.as_str(), new.as_str())).collect();
        let after = farrier::examine_with(request, &instead);
        last = Some(after.map_err(|error| Failure::Usage(error.to_string()))?);
    }
    Ok(Made { texts, refused, last })
}

/// Applies `wanted` to the files of `examination`; `check` reads the new texts the way the run read the
/// old ones and says what is wrong with them.
pub(super) fn apply(
    request: &Request,
    examination: &Examination,
    wanted: &[&Fix],
    mode: Mode,
    check: &dyn Fn(&[Rewrite]) -> Result<(), String>,
) -> Result<Applied, Failure> {
    let files = &examination.files;
    let plan = fix::settle(files, wanted, check);
    let changes: Vec<(&str, &str, &str)> = (plan.rewrites.iter())
        .map(|rewrite| (files.get(rewrite.file).path(), &*rewrite.old, rewrite.new.as_str()))
        .collect();
    carry_out(request, &changes, &plan.refused, mode)
}

/// Shows the new texts of files, and writes them where that is asked for.
fn carry_out(
    request: &Request,
    changes: &[(&str, &str, &str)],
    refused: &[Refusal],
    mode: Mode,
) -> Result<Applied, Failure> {
    let mut applied = Applied::default();
    let mut failed: BTreeMap<String, String> = BTreeMap::new();
    for &(path, old, new) in changes {
        applied.changed += 1;
        applied.text.push_str(&fix::diff(path, old, new));
        if mode == Mode::Show {
            continue;
        }
        let target = request.root.join(path);
        let kept = if mode == Mode::WriteAndKeep { fix::keep(&target, old) } else { Ok(None) };
        let written = kept.map_err(|error| format!("its old text cannot be kept: {error}")).and_then(|kept| {
            fix::write(&request.root, &target, old, new).map_err(|error| {
                // The file is as it was, so that nobody needs the copy.
                let _ = kept.as_ref().map(std::fs::remove_file);
                error.to_string()
            })?;
            Ok(kept)
        });
        match written {
            Ok(kept) => {
                applied.written += 1;
                if let Some(name) = kept.as_deref().and_then(Path::file_name) {
                    let name = name.to_string_lossy();
                    let _ = writeln!(
                        applied.text,
                        "kept: the old text of {path} in `{name}`, because git does not have it"
                    );
                }
            }
            Err(error) => {
                failed.insert(path.to_owned(), error);
            }
        }
    }
    applied.refused = refused.len();
    for refused in refused {
        let line = format!("not applied: {} ({})\n", refused.title, refused.reason);
        // What several launches share is told once.
        if !applied.left_out.contains(&line) {
            applied.left_out.push_str(&line);
        }
    }
    if let Some((path, error)) = failed.into_iter().next() {
        return Err(Failure::Usage(format!("{path} was not written: {error}")));
    }
    Ok(applied)
}

/// Checks that the project, read again with the new texts, starts the same servers, that none of them
/// refuses what it took before, that what every setting is can still be told, and that none changed but those
/// `intended`; what it then says.
pub(super) fn reread(
    request: &Request,
    before: &Examination,
    rewrites: &[Rewrite],
    intended: &dyn Fn(&str) -> bool,
) -> Result<Examination, String> {
    reread_over(request, before, &BTreeMap::new(), rewrites, intended)
}

/// The same where other texts have been made already.
fn reread_over(
    request: &Request,
    before: &Examination,
    texts: &BTreeMap<String, (Arc<str>, String)>,
    rewrites: &[Rewrite],
    intended: &dyn Fn(&str) -> bool,
) -> Result<Examination, String> {
    let mut instead: BTreeMap<&str, &str> =
        texts.iter().map(|(path, (_, new))| (path.as_str(), new.as_str())).collect();
    instead.extend(rewrites.iter().map(|rewrite| (before.files.get(rewrite.file).path(), rewrite.new.as_str())));
    let instead: Vec<(&str, &str)> = instead.into_iter().collect();
    let after = farrier::examine_with(request, &instead).map_err(|error| error.to_string())?;
    let (old, new) = (&before.assembly.deployments, &after.assembly.deployments);
    if old.len() != new.len() {
        return Err("it would change which servers are started".to_owned());
    }
    for (old, new) in old.iter().zip(new) {
        if new.errors.len() > old.errors.len() {
            return Err(format!("{} would refuse to start", new.server));
        }
        for (name, setting) in old.settings.iter() {
            // What a server computes by itself where nobody says anything is no loss.
            let lost = |new: &Effective| new.is_set() && matches!(new.winner.value, Resolved::Unknown(_));
            if matches!(setting.winner.value, Resolved::Known(_)) && new.setting(name).is_some_and(lost) {
                return Err(format!("`{name}` could not be told any more"));
            }
            // What the server computes where nobody sets it follows what is set.
            let computed = |one: &Effective| one.winner.layer == Layer::Default;
            if computed(setting) && new.setting(name).is_some_and(computed) {
                continue;
            }
            if !intended(name) && new.setting(name).map(|new| &new.winner.value) != Some(&setting.winner.value) {
                return Err(format!("it would change `{name}` as well"));
            }
        }
    }
    Ok(after)
}

/// Checks that the findings about the code which the edits of `rewrites` are meant to settle are gone, and
/// that none as bad as what they settle came in their place. A lesser one that comes up is for the next time.
pub(super) fn settles(before: &Examination, after: &Examination, rewrites: &[Rewrite]) -> Result<(), String> {
    let mut open: BTreeMap<Key<'_>, isize> = BTreeMap::new();
    let mut settled = Severity::Warning;
    for finding in &before.findings {
        let meant = finding.fix.as_ref().is_some_and(|fix| {
            let written = || rewrites.iter().flat_map(|rewrite| &rewrite.edits);
            fix.edits.iter().all(|edit| written().any(|other| other.place == edit.place))
        });
        if meant {
            settled = settled.max(finding.severity);
        }
        *open.entry(key(before, finding)).or_default() += isize::from(!(meant && about_code(finding)));
    }
    for finding in &after.findings {
        let left = open.entry(key(after, finding)).or_default();
        *left -= 1;
        if *left < 0 && finding.severity >= settled {
            return Err(format!("it would leave this, or bring it up: {}", finding.message));
        }
    }
    // Errors count whether or not somebody asked for their rule.
    for finding in &before.unasked {
        *open.entry(key(before, finding)).or_default() += 1;
    }
    for finding in &after.unasked {
        let left = open.entry(key(after, finding)).or_default();
        *left -= 1;
        if *left < 0 {
            return Err(format!("it would bring this up: {}", finding.message));
        }
    }
    Ok(())
}

/// Rules that speak of a service as soon as its numbers are known: it is no worse for having others.
const NO_WORSE: [&str; 6] = [
    "granian-respawn",
    "liveness-in-request-pool",
    "max-requests-no-jitter",
    "outbound-without-timeout",
    "recycle-too-aggressive",
    "uwsgi-unsafe-defaults",
];

/// Checks that no rule finds more than before: more processes may each keep what the others should know. About
/// numbers the advice knows more than the rules.
pub(super) fn worsens(before: &Examination, after: &Examination) -> Result<(), String> {
    worse(before, after).map_or(Ok(()), |finding| Err(format!("it would bring this up: {}", finding.message)))
}

/// What one of the rules finds more than before.
pub(super) fn worse<'a>(before: &Examination, after: &'a Examination) -> Option<&'a Finding> {
    let grave = |finding: &&Finding| {
        let sized = farrier::rules::CARDS.iter().any(|card: &Card| card.name == finding.rule && card.group == "sizing");
        finding.severity >= Severity::Warning && !sized && !NO_WORSE.contains(&finding.rule)
    };
    // What is told once for two launches is told twice as soon as their numbers differ: the place is one all the same.
    let count = |found: &Examination, rule: &str| {
        let places = found.findings.iter().filter(grave).filter(|it| it.rule == rule).map(|it| it.primary.place);
        places.collect::<BTreeSet<_>>().len()
    };
    let more = |finding: &&Finding| count(after, finding.rule) > count(before, finding.rule);
    let told = |finding: &&Finding| before.findings.iter().any(|old| old.message == finding.message);
    let mut all = after.findings.iter().filter(grave).filter(more);
    // The one that is new, if it can be told from those that were there.
    all.clone().find(|finding| !told(finding)).or_else(|| all.next())
}

/// What makes two findings the same in two texts of one file.
type Key<'f> = (&'static str, &'f str, &'f str);

fn key<'f>(examination: &'f Examination, finding: &'f Finding) -> Key<'f> {
    // What is said about a launch names numbers that another one may have changed.
    let message = if about_code(finding) { finding.message.as_str() } else { "" };
    (finding.rule, examination.files.get(finding.primary.place.file).path(), message)
}

fn about_code(finding: &Finding) -> bool {
    Card::find(finding.rule).is_some_and(|card| card.group == "blocking")
}
