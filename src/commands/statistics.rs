//! How many findings each rule has.

use std::fmt::Write as _;
use std::path::PathBuf;

use farrier::findings::{Finding, Safety, Severity};
use serde_json::json;

use super::Failure;
use crate::cli::Format;
use farrier::values::Order as _;

/// What a rule found, all in all.
#[derive(Debug)]
struct Row {
    rule: &'static str,
    code: &'static str,
    /// The worst of its findings.
    severity: Severity,
    count: usize,
    /// How many of them have a fix that can be applied.
    fixable: usize,
}

/// The counts of all rules that found something, the most frequent first, as text or in JSON.
pub(super) fn of(findings: &[Finding], printed: &[(Format, Option<PathBuf>)]) -> Result<String, Failure> {
    let counts = counts(findings);
    match printed {
        [(Format::Pretty | Format::Concise, None)] => Ok(table(&counts)),
        [(Format::Json, None)] => Ok(document(&counts)),
        _ => Err(Failure::Usage("`--statistics` prints text or `--format json`, and to standard output".to_owned())),
    }
}

fn counts(findings: &[Finding]) -> Vec<Row> {
    let mut counts: Vec<Row> = Vec::new();
    for finding in findings {
        let is_fixable = finding.fix.as_ref().is_some_and(|fix| fix.safety != Safety::Display);
        let at = counts.iter().position(|count| count.rule == finding.rule).unwrap_or_else(|| {
            let (rule, code, severity) = (finding.rule, finding.code, finding.severity);
            counts.push(Row { rule, code, severity, count: 0, fixable: 0 });
            counts.len() - 1
        });
        if let Some(count) = counts.get_mut(at) {
            count.count += 1;
            count.fixable += usize::from(is_fixable);
            count.severity = count.severity.max(finding.severity);
        }
    }
    counts.order_by(|a, b| b.count.cmp(&a.count).then(a.rule.cmp(b.rule)));
    counts
}

fn document(counts: &[Row]) -> String {
    let one = |count: &Row| {
        let Row { rule, code, severity, count, fixable } = count;
        json!({"rule": rule, "code": code, "severity": severity.to_string(), "count": count, "fixable": fixable})
    };
    let rules: Vec<_> = counts.iter().map(one).collect();
    let version = env!("CARGO_PKG_VERSION");
    format!("{}\n", json!({"schema": 1, "farrier": version, "command": "check --statistics", "rules": rules}))
}

fn table(counts: &[Row]) -> String {
    let widest = |text: &dyn Fn(&Row) -> usize| counts.iter().map(text).max().unwrap_or_default();
    let (digits, rules) = (widest(&|count| count.count.to_string().len()), widest(&|count| count.rule.len()));
    let mut text = String::new();
    for Row { rule, code, severity, count, fixable } in counts {
        let fixable = match fixable {
            0 => String::new(),
            fixable => format!("  {fixable} with a fix"),
        };
        let line = format!("{count:digits$}  {:7}  {rule:rules$}  {code}{fixable}", severity.to_string());
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}
