//! The XML of Checkstyle 4.3, which many tools for reviews read.

use std::fmt::Write as _;

use super::{Extent, with_help, xml};
use crate::findings::{Finding, Severity};
use crate::report::Report;

/// Renders one `file` for each file with findings.
pub fn checkstyle(report: &Report) -> String {
    let mut out = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<checkstyle version=\"4.3\">\n".to_owned();
    let path = |finding: &Finding| report.files.get(finding.primary.place.file).path();
    for group in report.findings.chunk_by(|one, other| path(one) == path(other)) {
        let Some(first) = group.first() else { continue };
        let _ = writeln!(out, "  <file name=\"{}\">", xml(path(first)));
        for finding in group {
            let at = Extent::of(&report.files, finding.primary.place);
            let _ = writeln!(
                out,
                "    <error line=\"{}\" column=\"{}\" severity=\"{}\" message=\"{}\" source=\"farrier.{}\"/>",
                at.line,
                at.column,
                level(finding.severity),
                xml(&with_help(finding)),
                xml(finding.rule)
            );
        }
        out.push_str("  </file>\n");
    }
    out.push_str("</checkstyle>\n");
    out
}

const fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Advice => "info",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples;

    #[test]
    fn files_hold_their_findings() {
        insta::assert_snapshot!(checkstyle(&samples::three_files()), @r##"
        <?xml version="1.0" encoding="utf-8"?>
        <checkstyle version="4.3">
          <file name="gunicorn.conf.py">
            <error line="1" column="11" severity="warning" message="9 workers of about 90 MiB need 810 MiB, but the service may use 512 MiB" source="farrier.workers-exceed-memory"/>
            <error line="3" column="1" severity="error" message="30 s to finish requests, but SIGKILL after 10 s&#10;help: the grace period has to be longer than the graceful timeout&#10;fix: lower `graceful_timeout` to 8" source="farrier.graceful-exceeds-kill"/>
          </file>
        </checkstyle>
        "##);
    }
}
