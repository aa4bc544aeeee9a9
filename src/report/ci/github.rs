//! Commands of GitHub's workflows, which become annotations of a pull request
//! (<https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands>).

use std::fmt::Write as _;

use super::{Extent, with_help};
use crate::findings::Severity;
use crate::report::Report;

/// Renders one command for each finding, and one for each note, so that silence means that everything was read.
pub fn github(report: &Report) -> String {
    let mut out = String::new();
    for finding in &report.findings {
        let at = Extent::of(&report.files, finding.primary.place);
        let path = property(report.files.get(finding.primary.place.file).path());
        // Columns are only shown, and only accepted, within one line.
        let columns = if at.line == at.end_line && at.column < at.end_column {
            format!(",col={},endColumn={}", at.column, at.end_column)
        } else {
            String::new()
        };
        let _ = writeln!(
            out,
            "::{} file={path},line={},endLine={}{columns},title={}::{}",
            level(finding.severity),
            at.line,
            at.end_line,
            property(&format!("farrier ({})", finding.rule)),
            data(&with_help(finding))
        );
    }
    for note in &report.notes {
        let line = note.line.map_or_else(String::new, |line| format!(",line={line}"));
        let (path, reason) = (property(&note.path), data(&note.reason));
        let _ = writeln!(out, "::notice file={path}{line},title=farrier (note)::{reason}");
    }
    out
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Advice => "notice",
    }
}

/// Text behind the second `::`, as the toolkit of GitHub writes it.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples;

    #[test]
    fn each_finding_is_one_line_whatever_it_says() {
        insta::assert_snapshot!(github(&samples::one_label()), @r##"
        ::error file=gunicorn.conf.py,line=3,endLine=3,col=11,endColumn=12,title=farrier (graceful-exceeds-kill)::30 s to finish requests, but SIGKILL after 10 s%0Ahelp: each worker holds the whole application in memory%0Afix: lower `workers` to 3
        ::notice file=helm/values.yaml,line=3,title=farrier (note)::not checked, because it is a template
        "##);
        assert_eq!(github(&samples::odd_texts()).lines().count(), 7);
        assert_eq!(property("a,b:c%\n"), "a%2Cb%3Ac%25%0A");
    }
}
