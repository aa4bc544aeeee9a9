//! `farrier explain` and `farrier rules`.

mod filled;
mod log;
mod markdown;
mod setting;

use std::fmt::Write as _;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use farrier::request::{Flags, nearest};
use farrier::rules::messages::{self, Message};
use farrier::rules::{CARDS, Card, Expect};
use farrier::{Examination, examine};
use serde::Serialize;

use super::{Done, Exit, Failure};
use crate::cli::{Cli, Explain, Listing, Page, Rules};

/// How much of a log is read.
const LONGEST_LOG: u64 = 1 << 20;

/// The page of a rule for people who read it elsewhere than in a terminal.
pub(super) fn markdown(card: &Card) -> String {
    markdown::page(card)
}

pub(super) fn explain(cli: &Cli, explain: &Explain) -> Result<Done, Failure> {
    let done = |text: String| Ok(Done { text, exit: Exit::Clean });
    let (word, project) = asked(explain);
    if word == "-" {
        let mut log = Vec::new();
        let read = std::io::stdin().lock().take(LONGEST_LOG).read_to_end(&mut log);
        read.map_err(|error| Failure::Usage(format!("the log cannot be read: {error}")))?;
        let shown = messages::shown_by(&String::from_utf8_lossy(&log));
        return match lines(cli, &project, shown.into_iter().filter(|message| !message.routine).collect())? {
            Some(text) => done(text),
            None => Err(Failure::Usage("nothing in the log is a message that farrier knows".to_owned())),
        };
    }
    if let Some(card) = Card::find(&word) {
        return done(match explain.format {
            Page::Pretty => page(card),
            Page::Markdown => markdown::page(card),
        });
    }
    if let Some(name) = setting::named(&word) {
        return done(setting::page(&name, &judged(cli, &project)?));
    }
    if let Some(text) = lines(cli, &project, messages::shown_by(&word))? {
        return done(text);
    }
    let request = super::request(cli, std::slice::from_ref(&project), &Flags::default())?;
    if let Some(policy) = request.policies.iter().find(|policy| policy.name == word) {
        let says = policy.message.as_deref().unwrap_or("a rule of this project's own");
        let file =
            request.policy_spots.iter().flatten().map(|spot| spot.name.as_str()).next().unwrap_or("the settings");
        return done(format!("{} (policy): {says}\nseverity {}, stated in {file}\n", policy.name, policy.severity));
    }
    // Rules have no underscores in their names.
    let of_setting = || setting::nearest(&word);
    let near =
        if word.contains('_') { of_setting().or_else(|| nearest(&word)) } else { nearest(&word).or_else(of_setting) };
    let near = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
    let what = if word.contains(' ') { "message that farrier knows like" } else { "rule, setting or message" };
    Err(Failure::Usage(format!("there is no {what} `{word}`{near}")))
}

/// What is asked, and about which project: a folder that comes last is one, as for all other commands.
fn asked(explain: &Explain) -> (String, PathBuf) {
    let words = |more: &[String]| [std::slice::from_ref(&explain.subject), more].concat().join(" ");
    match explain.more.as_slice() {
        [more @ .., last] if Path::new(last).is_dir() => (words(more), last.into()),
        more => (words(more), explain.project.clone()),
    }
}

/// What the project says; the numbers to advise count as well.
fn judged(cli: &Cli, project: &PathBuf) -> Result<Examination, Failure> {
    let mut request = super::request(cli, std::slice::from_ref(project), &Flags::default())?;
    request.ask_host = false;
    Ok(examine(&request)?)
}

/// The pages of messages; `None` where there are none.
fn lines(cli: &Cli, project: &PathBuf, found: Vec<&Message>) -> Result<Option<String>, Failure> {
    if found.is_empty() {
        return Ok(None);
    }
    let examination = judged(cli, project)?;
    let pages: Vec<String> = found.into_iter().map(|message| log::page(message, &examination)).collect();
    Ok(Some(pages.join("\n")))
}

fn page(card: &Card) -> String {
    let mut text = String::new();
    let title = format!("{} ({}): {}", card.name, card.code, card.title);
    let _ = writeln!(text, "{}", filled::item(&title, "", "  "));
    let _ = writeln!(
        text,
        "severity {}, confidence {}, fix {}{}\n",
        card.severity,
        card.confidence,
        card.fix,
        if card.noisy { ", only with --pedantic" } else { "" }
    );
    let _ = writeln!(text, "Why\n{}\n", filled::text(card.why, "  "));
    let _ = writeln!(text, "What to do\n{}\n", filled::text(card.advice, "  "));
    if !card.parameters.is_empty() {
        text.push_str("Parameters\n");
        for parameter in card.parameters {
            let item = format!("{} = {}  {}", parameter.name, parameter.default, parameter.doc);
            let _ = writeln!(text, "{}", filled::item(&item, "  ", "    "));
        }
        text.push('\n');
    }
    text.push_str("How it is known\n");
    for evidence in card.evidence {
        let item = format!("{}: {}", evidence.grade, evidence.text);
        let _ = writeln!(text, "{}", filled::item(&item, "  ", "    "));
    }
    for claim in card.reproduced {
        let _ = writeln!(text, "{}", filled::item(&format!("reproduced: {claim}"), "  ", "    "));
    }
    text.push_str("\nExamples\n");
    for example in card.examples {
        let item = format!("{}: {}", expectation(example.expect), example.title);
        let _ = writeln!(text, "{}", filled::item(&item, "  ", "    "));
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
        Listing::Markdown => markdown::index(),
        Listing::Json => serde_json::to_string_pretty(&rows.collect::<Vec<_>>()).unwrap_or_default() + "\n",
        Listing::Pretty => rows.fold(String::new(), |mut text, row| {
            let _ = writeln!(text, "{}  {:36}  {:8}  {}", row.code, row.rule, row.severity, row.title);
            text
        }),
    };
    Ok(Done { text, exit: Exit::Clean })
}
