//! `farrier explain` and `farrier rules`.

use std::fmt::Write as _;

use farrier::request::{Flags, nearest};
use farrier::rules::{CARDS, Card, Expect};
use serde::Serialize;

use super::{Done, Exit, Failure};
use crate::cli::{Cli, Explain, Form, Rules};

pub(super) fn explain(explain: &Explain) -> Result<Done, Failure> {
    let word = &explain.rule;
    let card = Card::find(word).ok_or_else(|| {
        let near = nearest(word).map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
        Failure::Usage(format!("there is no rule `{word}`{near}"))
    })?;
    Ok(Done { text: page(card), exit: Exit::Clean })
}

fn page(card: &Card) -> String {
    let mut text = String::new();
    let _ = writeln!(text, "{} ({}): {}", card.name, card.code, card.title);
    let _ = writeln!(
        text,
        "severity {}, confidence {}, fix {}{}\n",
        card.severity,
        card.confidence,
        card.fix,
        if card.noisy { ", only with --pedantic" } else { "" }
    );
    let _ = writeln!(text, "Why\n{}\n", indented(card.why));
    let _ = writeln!(text, "What to do\n{}\n", indented(card.advice));
    if !card.parameters.is_empty() {
        text.push_str("Parameters\n");
        for parameter in card.parameters {
            let _ = writeln!(text, "  {} = {}  {}", parameter.name, parameter.default, parameter.doc);
        }
        text.push('\n');
    }
    text.push_str("How it is known\n");
    for evidence in card.evidence {
        let _ = writeln!(text, "  {}: {}", evidence.grade, evidence.text);
    }
    text.push_str("\nExamples\n");
    for example in card.examples {
        let _ = writeln!(text, "  {}: {}", expectation(example.expect), example.title);
        for (path, content) in example.files {
            let _ = writeln!(text, "    {path}");
            for line in content.lines() {
                let _ = writeln!(text, "{}", format!("      {line}").trim_end());
            }
        }
    }
    text
}

const fn expectation(expect: Expect) -> &'static str {
    match expect {
        Expect::Fires => "reported",
        Expect::Silent => "fine",
        Expect::Suppressed => "silenced",
    }
}

fn indented(text: &str) -> String {
    text.trim_end().lines().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}

#[derive(Serialize)]
struct Row<'r> {
    rule: &'static str,
    code: &'static str,
    group: &'static str,
    severity: &'static str,
    confidence: &'static str,
    fix: &'static str,
    noisy: bool,
    title: &'r str,
}

pub(super) fn list(cli: &Cli, rules: &Rules) -> Result<Done, Failure> {
    let request = super::request(cli, std::slice::from_ref(&rules.project), &Flags::default())?;
    let own = request.policies.iter().map(|policy| Row {
        rule: policy.name,
        code: "policy",
        group: "policy",
        severity: policy.severity.as_str(),
        confidence: "high",
        fix: "none",
        noisy: false,
        title: policy.message.as_deref().unwrap_or("a rule of this project's own"),
    });
    let rows = CARDS.iter().map(|card| Row {
        rule: card.name,
        code: card.code,
        group: card.group,
        severity: card.severity.as_str(),
        confidence: card.confidence.as_str(),
        fix: card.fix,
        noisy: card.noisy,
        title: card.title,
    });
    let rows = rows.chain(own);
    let text = match rules.format {
        Form::Json => serde_json::to_string_pretty(&rows.collect::<Vec<_>>()).unwrap_or_default() + "\n",
        Form::Pretty => rows.fold(String::new(), |mut text, row| {
            let _ = writeln!(text, "{}  {:36}  {:8}  {}", row.code, row.rule, row.severity, row.title);
            text
        }),
    };
    Ok(Done { text, exit: Exit::Clean })
}
