//! Findings as a comment on a pull request, and as the summary of a job.

use std::fmt::Write as _;

use super::Extent;
use crate::report::{Report, Summary, groups};
use crate::values::Order as _;

/// Longest comment that GitHub takes, in bytes, with room for what somebody puts around it.
const LONGEST: usize = 60_000;

/// Renders the findings, the worst first, as far as they fit into a comment.
pub fn markdown(report: &Report) -> String {
    let mut out = format!("### farrier: {}\n", counted(&report.summary));
    let mut grouped = groups::grouped(&report.findings);
    grouped.order_by_key(|group| std::cmp::Reverse(group.first.severity));
    let mut left = grouped.len();
    for group in &grouped {
        let finding = group.first;
        let at = Extent::of(&report.files, finding.primary.place);
        let path = report.files.get(finding.primary.place.file).path();
        let mut item = format!(
            "\n- **{}** {} at {} (`{}`)\n",
            finding.severity,
            escaped(&finding.message),
            code(&format!("{path}:{}", at.line)),
            finding.rule
        );
        for label in &finding.related {
            let at = Extent::of(&report.files, label.place);
            let path = report.files.get(label.place.file).path();
            let _ = writeln!(item, "  - {}: {}", code(&format!("{path}:{}", at.line)), escaped(&label.text));
        }
        if let Some(help) = &finding.help {
            let _ = writeln!(item, "  - help: {}", escaped(help));
        }
        if let Some(fix) = &finding.fix {
            let _ = writeln!(item, "  - fix ({}): {}", fix.safety.as_str(), escaped(&fix.title));
        }
        if !group.others.is_empty() {
            let _ = writeln!(item, "  - and {} more of the same", group.others.len());
        }
        if out.len() + item.len() > LONGEST {
            break;
        }
        out.push_str(&item);
        left -= 1;
    }
    if left > 0 {
        let _ = writeln!(out, "\n{left} more do not fit into a comment.");
    }
    if !report.notes.is_empty() {
        out.push_str("\n<details><summary>Not read or not checked</summary>\n\n");
        for note in report.notes.iter().take(50) {
            let line = note.line.map_or_else(String::new, |line| format!(":{line}"));
            let _ = writeln!(out, "- {}: {}", code(&format!("{}{line}", note.path)), escaped(&note.reason));
        }
        out.push_str("\n</details>\n");
    }
    out
}

fn counted(summary: &Summary) -> String {
    let count = |count: usize, one: &str, many: &str| {
        (count > 0).then(|| format!("{count} {}", if count == 1 { one } else { many }))
    };
    let all = [
        count(summary.errors, "error", "errors"),
        count(summary.warnings, "warning", "warnings"),
        count(summary.advice, "advice", "pieces of advice"),
    ];
    let told: Vec<String> = all.into_iter().flatten().collect();
    if told.is_empty() { "nothing to say".to_owned() } else { told.join(", ") }
}

/// Text of a project or about it: code stays code, and nothing of the rest is markup or calls anybody by name.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for (index, part) in text.split('`').enumerate() {
        if index % 2 == 1 && text.matches('`').count().is_multiple_of(2) {
            out.push_str(&code(part));
            continue;
        }
        for c in part.chars() {
            match c {
                '\n' | '\r' => out.push(' '),
                '@' => out.push_str("&#64;"),
                '\\' | '*' | '_' | '<' | '>' | '[' | ']' | '#' | '|' | '~' => {
                    out.push('\\');
                    out.push(c);
                }
                other => out.push(other),
            }
        }
    }
    out
}

/// A piece of code, in as many backticks as it needs.
fn code(text: &str) -> String {
    let line = text.replace(['\n', '\r'], " ");
    let most = line.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(most + 1);
    let space = if line.starts_with('`') || line.ends_with('`') { " " } else { "" };
    format!("{fence}{space}{line}{space}{fence}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples;

    #[test]
    fn a_comment_tells_each_finding_with_its_places() {
        insta::assert_snapshot!(markdown(&samples::three_files()), @r##"
        ### farrier: 1 error, 1 warning

        - **error** 30 s to finish requests, but SIGKILL after 10 s at `gunicorn.conf.py:3` (`graceful-exceeds-kill`)
          - `compose.yaml:4`: killed here
          - `Dockerfile:3`: started here
          - help: the grace period has to be longer than the graceful timeout
          - fix (safe): lower `graceful_timeout` to 8

        - **warning** 9 workers of about 90 MiB need 810 MiB, but the service may use 512 MiB at `gunicorn.conf.py:1` (`workers-exceed-memory`)
          - `gunicorn.conf.py:2`: each with 4 threads
          - `gunicorn.conf.py:2`: same line
          - `compose.yaml:8`: the limit
          - `compose.yaml:2`: of this service
        "##);
    }

    #[test]
    fn text_is_no_markup() {
        assert_eq!(escaped("`a_b` <img> @you *x*"), "`a_b` \\<img\\> &#64;you \\*x\\*");
        assert_eq!(escaped("one ` alone"), "one  alone");
        assert_eq!(code("a`b"), "``a`b``");
    }
}
