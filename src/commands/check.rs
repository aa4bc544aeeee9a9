//! `farrier check`.

use std::fmt::Write as _;

use farrier::findings::{Finding, Fix, Safety, Severity};
use farrier::report::{self, Report};
use farrier::request::Flags;
use farrier::{Examination, examine};

use super::rewrite::{self, Mode};
use super::{Done, Exit, Failure};
use crate::cli::{Check, Cli, Format};

pub(super) fn run(cli: &Cli, check: &Check) -> Result<Done, Failure> {
    let flags = Flags { select: check.select.clone(), ignore: check.ignore.clone(), ..super::flags(&check.production) };
    let request = super::request(cli, &check.paths, &flags)?;
    let mut examination = examine(&request)?;
    let mut changed = String::new();
    if check.fix || check.diff {
        let mode = if check.fix { Mode::Write } else { Mode::Show };
        let fixes = applicable(&examination, check);
        let done = rewrite::apply(&request, &examination, &fixes, mode, &|rewrite| {
            rewrite::reread(&request, &examination, rewrite, &|_| true)
        })?;
        let _ = write!(changed, "{}", done.text);
        if done.written > 0 {
            examination = examine(&request)?;
        }
    }
    let nothing = examination.assembly.deployments.is_empty()
        && examination.assembly.development_servers.is_empty()
        && examination.orphans.is_empty();
    let deployments = examination.assembly.deployments.len();
    let findings = shown(examination.findings, check);
    let report = Report::new(examination.files, findings, examination.suppressed, examination.notes, deployments);
    let exit = match (nothing, report.findings.is_empty() || check.exit_zero) {
        (true, _) => Exit::NothingToCheck,
        (false, true) => Exit::Clean,
        (false, false) => Exit::ToDo,
    };
    let text = match check.format {
        Format::Pretty => {
            let mut text = changed + &report::pretty(&report, super::look(cli));
            if nothing {
                text.push_str("nothing to check: no file here starts a server that farrier knows\n");
            }
            text
        }
        Format::Concise => changed + &report::concise(&report),
        Format::Json => report::json(&report, "check"),
    };
    Ok(Done { text, exit })
}

fn shown(findings: Vec<Finding>, check: &Check) -> Vec<Finding> {
    findings.into_iter().filter(|finding| check.advice || finding.severity > Severity::Advice).collect()
}

fn applicable<'e>(examination: &'e Examination, check: &Check) -> Vec<&'e Fix> {
    let allowed = |fix: &&Fix| match fix.safety {
        Safety::Safe => true,
        Safety::Unsafe => check.unsafe_fixes,
        Safety::Display => false,
    };
    let shown = |finding: &&Finding| check.advice || finding.severity > Severity::Advice;
    examination.findings.iter().filter(shown).filter_map(|finding| finding.fix.as_ref()).filter(allowed).collect()
}
