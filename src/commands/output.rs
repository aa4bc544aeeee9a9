//! Where a report goes: to the terminal, into files, several of them in one run.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use farrier::report::{self, About, Look, Report};
use farrier::rules;

use super::Failure;
use crate::cli::Format;

/// The file that GitHub shows on the page of a job, where one of its runners says so.
const SUMMARY_OF_JOB: &str = "GITHUB_STEP_SUMMARY";

impl Format {
    /// Whether it is text that somebody reads as it stands.
    pub(super) const fn is_for_people(self) -> bool {
        matches!(self, Self::Pretty | Self::Concise)
    }
}

/// Writes every format that has a file into it, and hands back the one that has none. `render` gets the look of a file, or
/// none for the terminal.
pub(super) fn deliver(
    printed: &[(Format, Option<PathBuf>)],
    mut render: impl FnMut(Format, Option<Look>) -> String,
) -> Result<String, Failure> {
    let mut out = String::new();
    for (format, file) in printed {
        match file {
            Some(path) => write(path, &render(*format, Some(Look::PLAIN)))?,
            None => out = render(*format, None),
        }
    }
    if printed.iter().any(|(format, _)| *format == Format::Github)
        && let Some(path) = std::env::var_os(SUMMARY_OF_JOB).filter(|path| !path.is_empty())
    {
        append(Path::new(&path), &render(Format::Markdown, Some(Look::PLAIN)))?;
    }
    Ok(out)
}

/// The report in a format; `nothing` says that there was nothing to check.
pub(super) fn rendered(format: Format, report: &Report, look: Look, nothing: bool) -> String {
    let unseen = report.summary.failing_unseen;
    let last = if format.is_for_people() && unseen > 0 && !report.quiet {
        let what = if unseen == 1 { "1 finding is".to_owned() } else { format!("{unseen} findings are") };
        format!("{what} below `min-severity` and not shown, but what `fail-on` names\n")
    } else {
        String::new()
    };
    let text = match format {
        Format::Pretty => {
            let mut text = report::pretty(report, look);
            if nothing && !report.quiet {
                // The last line counts what was found; the reason for finding nothing says more.
                let last = text.trim_end().rfind('\n').map_or(0, |at| at + 1);
                text.truncate(last);
                text.push_str("nothing to check: no file here starts a server that farrier knows\n");
            }
            text
        }
        Format::Concise => report::concise(report),
        Format::Json => report::json(report),
        Format::Sarif => report::sarif(report, &about()),
        Format::Github => report::github(report),
        Format::Gitlab => report::gitlab(report),
        Format::Junit => report::junit(report),
        Format::Checkstyle => report::checkstyle(report),
        Format::Markdown => report::markdown(report),
    };
    text + &last
}

/// Every rule of farrier's own, as its card describes it.
fn about() -> Vec<About> {
    let one = |rule: rules::Rule| About {
        rule: rule.card.name.to_owned(),
        code: rule.card.code.to_owned(),
        group: rule.card.group.to_owned(),
        title: rule.card.title.to_owned(),
        why: rule.card.why.to_owned(),
        advice: rule.card.advice.to_owned(),
        severity: rule.card.severity,
    };
    rules::all().map(one).collect()
}

/// Writes a document to the file that was named, as a whole or not at all.
pub(super) fn write(path: &Path, document: &str) -> Result<(), Failure> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let written = tempfile::NamedTempFile::new_in(folder).and_then(|mut file| {
        file.write_all(document.as_bytes())?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            // Other people's programs read it as well.
            file.as_file().set_permissions(std::fs::Permissions::from_mode(0o644))?;
        }
        file.persist(path).map_err(|error| error.error)
    });
    written.map(drop).map_err(|error| Failure::Usage(format!("{} was not written: {error}", path.display())))
}

/// Adds to a file that others write to as well.
fn append(path: &Path, text: &str) -> Result<(), Failure> {
    let opened = std::fs::OpenOptions::new().append(true).create(true).open(path);
    let written = opened.and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| Failure::Usage(format!("{} was not written: {error}", path.display())))
}
