//! `JUnit`'s XML, for services that show tests: each finding is a test that fails.

use std::fmt::Write as _;

use super::{Extent, with_help, xml};
use crate::report::Report;

/// Renders one suite; a run without findings is one test that passes, because services take an empty suite for a run that
/// did not happen.
pub fn junit(report: &Report) -> String {
    let count = report.findings.len();
    let (tests, name) = (count.max(1), "farrier");
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
         <testsuites name=\"{name}\" tests=\"{tests}\" failures=\"{count}\" errors=\"0\">\n  \
         <testsuite name=\"{name}\" tests=\"{tests}\" failures=\"{count}\" errors=\"0\" skipped=\"0\">\n"
    );
    for finding in &report.findings {
        let path = xml(report.files.get(finding.primary.place.file).path());
        let at = Extent::of(&report.files, finding.primary.place);
        let (rule, message) = (xml(finding.rule), xml(&finding.message));
        let _ = writeln!(
            out,
            "    <testcase name=\"{rule} at {path}:{}:{}\" classname=\"farrier.{rule}\" file=\"{path}\" line=\"{}\">\n      \
             <failure type=\"{}\" message=\"{message}\">{}</failure>\n    </testcase>",
            at.line,
            at.column,
            at.line,
            finding.severity,
            xml(&format!("{path}:{}:{}\n{}", at.line, at.column, with_help(finding)))
        );
    }
    if count == 0 {
        out.push_str("    <testcase name=\"no findings\" classname=\"farrier\"/>\n");
    }
    out.push_str("  </testsuite>\n</testsuites>\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples;

    #[test]
    fn each_finding_is_a_test_that_fails() {
        insta::assert_snapshot!(junit(&samples::one_label()), @r##"
        <?xml version="1.0" encoding="utf-8"?>
        <testsuites name="farrier" tests="1" failures="1" errors="0">
          <testsuite name="farrier" tests="1" failures="1" errors="0" skipped="0">
            <testcase name="graceful-exceeds-kill at gunicorn.conf.py:3:11" classname="farrier.graceful-exceeds-kill" file="gunicorn.conf.py" line="3">
              <failure type="error" message="30 s to finish requests, but SIGKILL after 10 s">gunicorn.conf.py:3:11&#10;30 s to finish requests, but SIGKILL after 10 s&#10;help: each worker holds the whole application in memory&#10;fix: lower `workers` to 3</failure>
            </testcase>
          </testsuite>
        </testsuites>
        "##);
    }

    #[test]
    fn nothing_found_is_one_test_that_passes() {
        let report = Report::new(crate::source::Files::new(), Vec::new(), Vec::new(), Vec::new(), 0);
        assert!(junit(&report).contains("tests=\"1\" failures=\"0\""), "{}", junit(&report));
    }
}
