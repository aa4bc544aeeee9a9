//! Applying edits: planned, verified, shown, written.

use std::collections::BTreeMap;

use farrier::Examination;
use farrier::findings::Fix;
use farrier::fix::{self, Rewrite};
use farrier::request::Request;

use super::Failure;

/// What happens to the new texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// They are shown.
    Show,
    /// They are written, and shown.
    Write,
}

/// What applying came to.
#[derive(Debug, Default)]
pub(super) struct Applied {
    /// The differences, and why some were left out.
    pub(super) text: String,
    /// How many files were written.
    pub(super) written: usize,
    /// How many files would change, or did.
    pub(super) changed: usize,
}

/// Applies `fixes` to the files of `examination`; `check` reads a new text the way the run read the
/// old one and says what is wrong with it.
pub(super) fn apply(
    request: &Request,
    examination: &Examination,
    fixes: &[&Fix],
    mode: Mode,
    check: &dyn Fn(&Rewrite) -> Result<(), String>,
) -> Result<Applied, Failure> {
    let files = &examination.files;
    let plan = fix::settle(files, fixes, check);
    let mut applied = Applied::default();
    let mut failed: BTreeMap<String, String> = BTreeMap::new();
    for rewrite in &plan.rewrites {
        let path = files.get(rewrite.file).path();
        applied.changed += 1;
        applied.text.push_str(&fix::diff(path, &rewrite.old, &rewrite.new));
        if mode == Mode::Write {
            match fix::write(&request.root, &request.root.join(path), &rewrite.old, &rewrite.new) {
                Ok(()) => applied.written += 1,
                Err(error) => {
                    failed.insert(path.to_owned(), error.to_string());
                }
            }
        }
    }
    for refused in &plan.refused {
        applied.text.push_str(&format!("not applied: {} ({})\n", refused.title, refused.reason));
    }
    if let Some((path, error)) = failed.into_iter().next() {
        return Err(Failure::Usage(format!("{path} was not written: {error}")));
    }
    Ok(applied)
}

/// Checks that the project, read again with the new text, starts the same servers, that none of them
/// refuses what it took before, and that no setting changed but those `intended`.
pub(super) fn reread(
    request: &Request,
    before: &Examination,
    rewrite: &Rewrite,
    intended: &dyn Fn(&str) -> bool,
) -> Result<(), String> {
    let path = before.files.get(rewrite.file).path();
    let after = farrier::examine_with(request, Some((path, &rewrite.new))).map_err(|error| error.to_string())?;
    let (old, new) = (&before.assembly.deployments, &after.assembly.deployments);
    if old.len() != new.len() {
        return Err("it would change which servers are started".to_owned());
    }
    for (old, new) in old.iter().zip(new) {
        if new.errors.len() > old.errors.len() {
            return Err(format!("{} would refuse to start", new.server));
        }
        for (name, setting) in old.settings.iter().filter(|(name, _)| !intended(name)) {
            if new.setting(name).map(|new| &new.winner.value) != Some(&setting.winner.value) {
                return Err(format!("it would change `{name}` as well"));
            }
        }
    }
    Ok(())
}
