//! One line per finding, as compilers print them and editors read them.

use std::fmt::Write as _;

use super::Report;
use super::palette::one_line;

/// Renders `file:line:col: severity[rule] message`, one line per finding, then `file:line: note: reason`
/// for what was not read, so that silence means that everything was.
pub fn concise(report: &Report) -> String {
    let mut out = String::new();
    for finding in &report.findings {
        let file = report.files.get(finding.primary.place.file);
        let (line, column) = file.line_column(finding.primary.place.span.start);
        let (path, message) = (one_line(file.path()), one_line(&finding.message));
        let _ = writeln!(out, "{path}:{line}:{column}: {}[{}] {message}", finding.severity, finding.rule);
    }
    if report.quiet {
        return out;
    }
    for note in &report.notes {
        let line = note.line.map_or_else(String::new, |line| format!(":{line}"));
        let _ = writeln!(out, "{}{line}: note: {}", one_line(&note.path), one_line(&note.reason));
    }
    if !report.assumed.is_empty() {
        let _ =
            writeln!(out, "judged as {}, the newest known: no file says which version runs", report.assumed.join(", "));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;

    #[test]
    fn one_line_per_finding() {
        insta::assert_snapshot!(concise(&samples::three_files()), @r#"
        gunicorn.conf.py:1:11: warning[workers-exceed-memory] 9 workers of about 90 MiB need 810 MiB, but the service may use 512 MiB
        gunicorn.conf.py:3:1: error[graceful-exceeds-kill] 30 s to finish requests, but SIGKILL after 10 s
        "#);
    }
}
