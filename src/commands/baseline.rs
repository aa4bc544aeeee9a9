//! `farrier baseline`, and what `check` makes of the file.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use farrier::Examination;
use farrier::request::{Flags, Request};
use farrier::suppress::{Baseline, Compared, Entry, FILE};

use super::{Done, Exit, Failure, patience};
use crate::cli::{self, BaselineAction, BaselineAt, Cli};

pub(super) fn run(cli: &Cli, baseline: &cli::Baseline) -> Result<Done, Failure> {
    match &baseline.action {
        BaselineAction::Create { at, force } => create(cli, at, *force),
        BaselineAction::Prune { at } => prune(cli, at),
        BaselineAction::Show { at } => show(cli, at),
    }
}

/// The file of known findings: the one that was typed, that of the settings, or the one in the root.
pub(super) fn path(request: &Request, typed: Option<&PathBuf>) -> PathBuf {
    typed.or(request.baseline.as_ref()).cloned().unwrap_or_else(|| request.root.join(FILE))
}

/// What the file at `path` holds; `None` where there is none and nobody named it.
pub(super) fn load(path: &Path, named: bool) -> Result<Option<Baseline>, Failure> {
    let unusable = |error: String| Failure::Usage(format!("{}: {error}", path.display()));
    match farrier::source::read_text(path) {
        Ok(text) => Baseline::parse(&text).map(Some).map_err(|error| unusable(error.to_string())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && !named => Ok(None),
        Err(error) => Err(unusable(format!("cannot be read: {error}"))),
    }
}

/// One entry as `check` and `show` name it.
pub(super) fn describe(entry: &Entry) -> String {
    let times = if entry.places() == 1 { String::new() } else { format!(" ({} times)", entry.places()) };
    format!("`{}` at `{}`{times}", entry.rule, entry.text)
}

fn create(cli: &Cli, at: &BaselineAt, force: bool) -> Result<Done, Failure> {
    let (request, found) = judged(cli, at)?;
    let path = path(&request, at.baseline.as_ref());
    if path.exists() && !force {
        let how = "`farrier baseline prune` takes out what is gone, `--force` writes it anew";
        return Err(Failure::Usage(format!("{} is there already; {how}", path.display())));
    }
    let baseline = Baseline::of(&found.findings, &found.files);
    write(&path, &baseline)?;
    let text = format!("{} written to {}\n", count(baseline.len()), path.display());
    Ok(Done { text, exit: Exit::Clean })
}

fn prune(cli: &Cli, at: &BaselineAt) -> Result<Done, Failure> {
    let (path, baseline, compared) = compared(cli, at)?;
    let mut text = String::new();
    for entry in &compared.stale {
        let _ = writeln!(text, "{}: {} is gone", entry.file, describe(entry));
    }
    let gone: usize = compared.stale.iter().map(|entry| entry.count).sum();
    let left = baseline.without(&compared.stale);
    if gone > 0 {
        write(&path, &left)?;
    }
    let _ = writeln!(text, "{} taken out, {} left in {}", count(gone), left.len(), path.display());
    Ok(Done { text, exit: Exit::Clean })
}

fn show(cli: &Cli, at: &BaselineAt) -> Result<Done, Failure> {
    let (path, baseline, compared) = compared(cli, at)?;
    let mut text = String::new();
    for entry in baseline.entries() {
        let is_same = |stale: &&Entry| (&stale.file, &stale.fingerprint) == (&entry.file, &entry.fingerprint);
        let state = match compared.stale.iter().find(is_same) {
            Some(stale) if stale.count == entry.places() => "  gone".to_owned(),
            Some(stale) => format!("  {} of {} gone", stale.count, entry.places()),
            None => String::new(),
        };
        let _ = writeln!(text, "{}: {}{state}", entry.file, describe(entry));
    }
    let gone: usize = compared.stale.iter().map(|entry| entry.count).sum();
    let _ = writeln!(
        text,
        "{} in {}, {gone} of them gone, {} new",
        count(baseline.len()),
        path.display(),
        compared.new.len()
    );
    Ok(Done { text, exit: if gone > 0 { Exit::ToDo } else { Exit::Clean } })
}

fn count(n: usize) -> String {
    format!("{n} finding{}", if n == 1 { "" } else { "s" })
}

fn judged(cli: &Cli, at: &BaselineAt) -> Result<(Request, Examination), Failure> {
    let request = super::request(cli, std::slice::from_ref(&at.path), &Flags::default())?;
    let found = patience::examined(&request)?;
    Ok((request, found))
}

fn compared(cli: &Cli, at: &BaselineAt) -> Result<(PathBuf, Baseline, Compared), Failure> {
    let (request, found) = judged(cli, at)?;
    let path = path(&request, at.baseline.as_ref());
    let baseline = load(&path, true)?.unwrap_or_default();
    let compared = baseline.compare(found.findings, &found.files, &|rule| request.rules.runs(rule));
    Ok((path, baseline, compared))
}

fn write(path: &Path, baseline: &Baseline) -> Result<(), Failure> {
    let unwritten = |error: String| Failure::Usage(format!("{} was not written: {error}", path.display()));
    let text = baseline.render();
    match farrier::source::read_text(path) {
        Ok(old) if old == text => Ok(()),
        Ok(old) => farrier::fix::write(path.parent().unwrap_or(path), path, &old, &text)
            .map_err(|error| unwritten(error.to_string())),
        Err(_) => std::fs::write(path, text).map_err(|error| unwritten(error.to_string())),
    }
}
