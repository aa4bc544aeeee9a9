//! `farrier check`.

use std::fmt::Write as _;
use std::path::Path;

use farrier::findings::{Finding, Fix, Note, Safety, Severity};
use farrier::report::{self, Report};
use farrier::request::Flags;
use farrier::source::Files;
use farrier::suppress::{Compared, Entry};
use farrier::{Examination, examine};

use super::rewrite::{self, Mode};
use super::{Done, Exit, Failure, baseline};
use crate::cli::{Check, Cli, Format};

pub(super) fn run(cli: &Cli, check: &Check) -> Result<Done, Failure> {
    let flags = Flags {
        select: check.select.clone(),
        ignore: check.ignore.clone(),
        pedantic: check.pedantic,
        ..super::flags(&check.production)
    };
    let request = super::request(cli, &check.paths, &flags)?;
    let named = super::named(&request, &check.paths)?;
    let path = baseline::path(&request, check.baseline.as_ref());
    let known = if check.no_baseline { None } else { baseline::load(&path, check.baseline.is_some())? };
    let known = known.unwrap_or_default();
    let judge = || -> Result<(Examination, Compared), Failure> {
        let examination = examine(&request)?;
        let findings = examination.findings.clone();
        let compared = known.compare(findings, &examination.files, &|rule| request.rules.runs(rule));
        Ok((examination, compared))
    };
    let (mut examination, mut compared) = judge()?;
    let mut changed = String::new();
    if check.fix || check.diff {
        let mode = if check.fix { Mode::Write } else { Mode::Show };
        let fixes = applicable(&compared.new, &examination.files, check, &named);
        let done = rewrite::apply(&request, &examination, &fixes, mode, &|rewrite| {
            let after = rewrite::reread(&request, &examination, rewrite, &|_| true)?;
            rewrite::settles(&examination, &after, rewrite)
        })?;
        let _ = write!(changed, "{}", done.text);
        if done.written > 0 {
            (examination, compared) = judge()?;
        }
    }
    let nothing = examination.findings.is_empty()
        && examination.assembly.deployments.is_empty()
        && examination.assembly.development_servers.is_empty()
        && examination.orphans.is_empty();
    let deployments = examination.assembly.deployments.len();
    let is_stale = !compared.stale.is_empty() && !check.allow_unpruned;
    if is_stale {
        examination.notes.extend(compared.stale.iter().map(|entry| gone(&path, entry)));
    }
    let findings = shown(compared.new, &examination.files, check, &named);
    let report = Report::new(examination.files, findings, examination.suppressed, examination.notes, deployments)
        .with_known(compared.known.len());
    let settled = report.findings.is_empty() && !is_stale;
    let exit = match (nothing && settled, settled || check.exit_zero) {
        (true, _) => Exit::NothingToCheck,
        (false, true) => Exit::Clean,
        (false, false) => Exit::ToDo,
    };
    let text = match check.format {
        Format::Pretty => {
            let mut text = changed + &report::pretty(&report, super::look(cli));
            if nothing {
                // The last line counts what was found; the reason for finding nothing says more.
                let last = text.trim_end().rfind('\n').map_or(0, |at| at + 1);
                text.truncate(last);
                text.push_str("nothing to check: no file here starts a server that farrier knows\n");
            }
            text
        }
        Format::Concise => changed + &report::concise(&report),
        Format::Json => report::json(&report),
    };
    Ok(Done { text, exit })
}

/// An entry of the baseline that nothing answers to any more.
fn gone(path: &Path, entry: &Entry) -> Note {
    let file = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    let what = baseline::describe(entry);
    Note::file(file, format!("{what} is gone from {}; `farrier baseline prune` takes it out", entry.file))
}

/// Findings that were asked for: by severity, and by the files that were named. The project is judged
/// as a whole in any case.
fn shown(findings: Vec<Finding>, files: &Files, check: &Check, named: &[String]) -> Vec<Finding> {
    findings.into_iter().filter(|finding| is_shown(finding, files, check, named)).collect()
}

fn is_shown(finding: &Finding, files: &Files, check: &Check, named: &[String]) -> bool {
    let concerns = |path: &str| named.iter().any(|name| path == name || path.starts_with(&format!("{name}/")));
    let mut labels = std::iter::once(&finding.primary).chain(&finding.related);
    (check.advice || finding.severity > Severity::Advice)
        && (named.is_empty() || labels.any(|label| concerns(files.get(label.place.file).path())))
}

fn applicable<'e>(findings: &'e [Finding], files: &Files, check: &Check, named: &[String]) -> Vec<&'e Fix> {
    let allowed = |fix: &&Fix| match fix.safety {
        Safety::Safe => true,
        Safety::Unsafe => check.unsafe_fixes,
        Safety::Display => false,
    };
    let findings = findings.iter().filter(|finding| is_shown(finding, files, check, named));
    findings.filter_map(|finding| finding.fix.as_ref()).filter(allowed).collect()
}
