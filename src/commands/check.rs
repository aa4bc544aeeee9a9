//! `farrier check`.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::time::Instant;

use farrier::deployment::Deployment;
use farrier::findings::{Finding, Fix, Note, Safety, Severity};
use farrier::report::Report;
use farrier::request::{Flags, Request};
use farrier::source::Files;
use farrier::suppress::Entry;
use farrier::{Examination, examine, examine_with};

use super::changed::{self, Since};
use super::rewrite::{self, Mode};
use super::{Done, Exit, Failure, baseline, measure, output, patience, statistics, watch};
use crate::cli::{Check, Cli};

/// The longest text that is read from standard input, in bytes; no file of a project is read that is longer.
const MAX_TYPED: u64 = 8 << 20;

pub(super) fn run(cli: &Cli, check: &Check) -> Result<Done, Failure> {
    if check.watch { watch::again(&check.paths, || once(cli, check)) } else { once(cli, check) }
}

fn once(cli: &Cli, check: &Check) -> Result<Done, Failure> {
    let begun = Instant::now();
    let flags = Flags {
        select: check.select.clone(),
        ignore: check.ignore.clone(),
        pedantic: check.pedantic,
        min_severity: check.min_severity.or(check.advice.then_some(Severity::Advice)),
        fail_on: check.fail_on,
        ..super::flags(&check.production)
    };
    let paths = check.stdin_filename.as_ref().map_or(check.paths.as_slice(), std::slice::from_ref);
    let mut request = super::request(cli, paths, &flags)?;
    if check.force_exclude {
        request.paths.clear();
    }
    if check.show_settings {
        return Ok(Done { text: settings_of(cli, &request, check)?, exit: Exit::Clean });
    }
    let named = super::named(&request, paths)?;
    let since = check.changed_since.as_deref().map(Since::Revision).or_else(|| check.staged.then_some(Since::Staged));
    let changed_files = since.map(|since| changed::files(&request.root, since)).transpose()?;
    let least = request.min_severity.unwrap_or(Severity::Warning);
    let wanted = Wanted { least, safety: check, named: &named, changed: changed_files.as_deref() };
    let path = baseline::path(&request, check.baseline.as_ref());
    let known = if check.no_baseline { None } else { baseline::load(&path, check.baseline.is_some())? };
    let known = known.unwrap_or_default();
    let compare = |examination: &Examination| {
        let findings = examination.findings.clone();
        known.compare(findings, &examination.files, &|rule| request.rules.runs(rule))
    };
    let mut examination = match check.stdin_filename {
        Some(_) => {
            examine_with(&request, &named.iter().map(String::as_str).zip([typed()?.as_str()]).collect::<Vec<_>>())?
        }
        None if check.quiet => examine(&request)?,
        None => patience::examined(&request)?,
    };
    let mut changed = String::new();
    if check.fix || check.diff {
        let mode = if check.diff { Mode::Show } else { Mode::Write };
        let fixes = |found: &Examination| {
            let new = compare(found).new;
            wanted.fixes(&new, &found.files).into_iter().cloned().collect()
        };
        let (done, after) = rewrite::apply_all(&request, &examination, &fixes, mode)?;
        changed = done.text + &done.left_out;
        if done.written > 0 && after.is_some() {
            examination = examine(&request)?;
        }
    }
    let compared = compare(&examination);
    let nothing = examination.findings.is_empty()
        && examination.assembly.deployments.is_empty()
        && examination.programs.is_empty()
        && examination.assembly.development_servers.is_empty()
        && examination.orphans.is_empty();
    let deployments = examination.assembly.deployments.len();
    let is_stale = !compared.stale.is_empty() && !check.allow_unpruned;
    if is_stale {
        examination.notes.extend(compared.stale.iter().map(|entry| gone(&path, entry)));
    }
    // What is asked to fail does so unseen as well; without a word about it what is shown does.
    let unseen = |finding: &&Finding| {
        finding.severity < wanted.least
            && request.fail_on.is_some_and(|least| finding.severity >= least)
            && wanted.names(finding, &examination.files)
    };
    let unseen = compared.new.iter().filter(unseen).count();
    let findings = wanted.among(compared.new, &examination.files);
    let assumed = examination.assembly.deployments.iter().flat_map(Deployment::assumed_versions).collect();
    let kept = measure::saved::load(&request.root);
    let measured = kept.map_or_else(Vec::new, |kept| kept.lines(&examination.files, &findings));
    if check.verbose {
        let taken = begun.elapsed().as_millis();
        // Whoever closes standard error does not want to know.
        let _ = write!(std::io::stderr(), "{}", read(&request.root, &examination.files, deployments, taken));
    }
    // The program ends soon, and to take the trees of a large project apart takes longer than to print the report.
    if !check.watch {
        std::mem::forget(examination.facts);
    }
    let report = Report::new(examination.files, findings, examination.suppressed, examination.notes, deployments)
        .quietly(check.quiet)
        .with_known(compared.known.len())
        .with_failing_unseen(unseen)
        .with_assumed(assumed)
        .with_measured(measured);
    let failing = |finding: &Finding| request.fail_on.is_none_or(|least| finding.severity >= least);
    let settled = !report.findings.iter().any(failing) && unseen == 0 && !is_stale;
    let exit = match (nothing && settled, settled || check.exit_zero) {
        (true, _) => Exit::NothingToCheck,
        (false, true) => Exit::Clean,
        (false, false) => Exit::ToDo,
    };
    if check.statistics {
        let text = statistics::of(&report.findings, &check.printed)?;
        return Ok(Done { text, exit });
    }
    let text = output::deliver(&check.printed, |format, look| {
        let said = output::rendered(format, &report, look.unwrap_or_else(|| super::look(cli)), nothing);
        // What was changed is told where people look.
        if format.is_for_people() && look.is_none() { format!("{changed}{said}") } else { said }
    })?;
    Ok(Done { text, exit })
}

/// What was read, code in one number, and how many milliseconds that and the rest took.
fn read(root: &Path, files: &Files, deployments: usize, taken: u128) -> String {
    let (code, others): (Vec<&str>, Vec<&str>) = files
        .iter()
        .map(|(_, file)| file.path())
        .partition(|path| Path::new(path).extension().is_some_and(|extension| extension.eq_ignore_ascii_case("py")));
    let (root, code, others) = (root.display(), code.len(), others.join(", "));
    format!("read below {root}: {others}; Python files: {code}\njudged deployments: {deployments}; {taken} ms in all\n")
}

/// The text that an editor hands over on standard input.
fn typed() -> Result<String, Failure> {
    let mut text = String::new();
    let read = std::io::stdin().lock().take(MAX_TYPED).read_to_string(&mut text);
    read.map_err(|error| Failure::Usage(format!("standard input cannot be read: {error}")))?;
    Ok(text)
}

/// An entry of the baseline that nothing answers to any more.
fn gone(path: &Path, entry: &Entry) -> Note {
    let file = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    let what = baseline::describe(entry);
    Note::file(file, format!("{what} is gone from {}; `farrier baseline prune` takes it out", entry.file))
}

/// Which findings were asked for: by severity, and by the files that were named. The project is judged as a
/// whole in any case.
struct Wanted<'w> {
    least: Severity,
    safety: &'w Check,
    named: &'w [String],
    /// The files that were changed, where only they count.
    changed: Option<&'w [String]>,
}

impl Wanted<'_> {
    fn among(&self, findings: Vec<Finding>, files: &Files) -> Vec<Finding> {
        findings.into_iter().filter(|finding| self.covers(finding, files)).collect()
    }

    fn covers(&self, finding: &Finding, files: &Files) -> bool {
        finding.severity >= self.least && self.names(finding, files)
    }

    /// Whether it has to do with the files that are named, and with one that was changed.
    fn names(&self, finding: &Finding, files: &Files) -> bool {
        let paths = || std::iter::once(&finding.primary).chain(&finding.related);
        let mut paths = [paths(), paths()].map(|labels| labels.map(|label| files.get(label.place.file).path()));
        paths[0].any(|path| super::lies_in(self.named, path))
            && self.changed.is_none_or(|changed| paths[1].any(|path| changed.iter().any(|one| one == path)))
    }

    /// The fixes that may be applied.
    fn fixes<'f>(&self, findings: &'f [Finding], files: &Files) -> Vec<&'f Fix> {
        let allowed = |fix: &&Fix| match fix.safety {
            Safety::Safe => true,
            Safety::Unsafe => self.safety.unsafe_fixes,
            Safety::Display => false,
        };
        let findings = findings.iter().filter(|finding| self.covers(finding, files));
        findings.filter_map(|finding| finding.fix.as_ref()).filter(allowed).collect()
    }
}

/// The settings that count, as TOML, each with its origin.
fn settings_of(cli: &Cli, request: &Request, check: &Check) -> Result<String, Failure> {
    let loaded = super::loaded(cli, &request.root)?;
    let mut text = String::new();
    let mut tell = |key: &str, set: bool, typed: Option<String>, default: &str| {
        let _ = match typed {
            Some(value) => writeln!(text, "{key} = {value}  # --{key}"),
            None if !set => writeln!(text, "{key} = {default}  # default"),
            None => Ok(()),
        };
    };
    let words = |words: &[String]| (!words.is_empty()).then(|| format!("{words:?}"));
    let level = |severity: Option<Severity>| severity.map(|severity| format!("\"{severity}\""));
    let settings = &loaded.settings;
    tell("min-severity", settings.min_severity.is_some(), level(check.min_severity), "\"warning\"");
    tell("fail-on", settings.fail_on.is_some(), level(check.fail_on), "\"advice\"");
    tell("select", !settings.select.is_empty(), words(&check.select), "[]");
    tell("ignore", !settings.ignore.is_empty(), words(&check.ignore), "[]");
    Ok(text + &loaded.render())
}
