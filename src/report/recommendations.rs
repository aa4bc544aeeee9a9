//! What the numbers should be: the answer of `advise`.

use std::fmt::Write as _;

use serde::Serialize;
use serde_json::Value as Json;

use super::Look;
use super::document::{At, Head, NoteDocument, write};
use crate::advice::unknown_class;
use crate::deployment::{Deployment, UnitKind};
use crate::findings::Note;
use crate::sizing::{Advice, Amount, Given, Item, Quantity, Slots, Verdict};
use crate::source::Files;

/// The recommendations for people, with the derivation of each.
pub fn recommendations(files: &Files, services: &[(&Deployment, Option<&Advice>)], look: Look) -> String {
    let mut text = String::new();
    for (deployment, advice) in services {
        let name = if deployment.unit.is_empty() { String::new() } else { format!(" ({})", deployment.unit) };
        let title = title(deployment, "");
        let _ = writeln!(text, "{}  {}{name}", look.bold(&title), files.describe(deployment.command));
        if let Some(advice) = advice {
            for line in advice.lines() {
                let _ = writeln!(text, "  {line}");
            }
        } else {
            let why = unknown_class(deployment, None, files);
            let _ = writeln!(text, "  how it serves requests is unknown, so there is nothing to compute: {why}");
        }
        text.push('\n');
    }
    text
}

/// The application and its server; `quote` stands around what is code.
fn title(deployment: &Deployment, quote: &str) -> String {
    match deployment.serves() {
        Some(app) => format!("{quote}{app}{quote} on {}", deployment.server),
        None if deployment.kind == UnitKind::GunicornConfiguration => {
            format!("{}, started by nothing here", deployment.server)
        }
        None => deployment.server.to_string(),
    }
}

/// The recommendations for programs.
pub fn recommendations_json(files: &Files, services: &[(&Deployment, Option<&Advice>)], notes: &[Note]) -> String {
    write(&Document {
        head: Head::new("advise"),
        services: services.iter().map(|(deployment, advice)| Service::new(files, deployment, *advice)).collect(),
        notes: notes.iter().map(NoteDocument::new).collect(),
    })
}

#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    head: Head,
    services: Vec<Service<'a>>,
    notes: Vec<NoteDocument<'a>>,
}

/// The recommendations for a page: a table of settings for each service, and the derivation to unfold.
pub fn recommendations_markdown(files: &Files, services: &[(&Deployment, Option<&Advice>)]) -> String {
    let mut text = String::new();
    for (deployment, advice) in services {
        let name = if deployment.unit.is_empty() { String::new() } else { format!(" ({})", deployment.unit) };
        let place = files.describe(deployment.command);
        let _ = write!(text, "### {}{name}\n\nStarted at `{place}`.\n\n", title(deployment, "`"));
        let Some(advice) = advice else {
            let why = unknown_class(deployment, None, files);
            let _ = write!(text, "How it serves requests is unknown, so there is nothing to compute: {why}.\n\n");
            continue;
        };
        text.push_str("| setting | now | advice | range | because of |\n|---|---|---|---|---|\n");
        for item in &advice.items {
            let _ = writeln!(text, "{}", row(item));
        }
        let steps = advice.steps.iter().map(|step| step.text.as_str());
        let rest = advice.sensitivity.iter().map(String::as_str);
        let lines: Vec<String> = steps.chain(rest).map(|line| format!("- {line}")).collect();
        let _ = write!(
            text,
            "\n<details><summary>Why (confidence: {})</summary>\n\n{}\n\n</details>\n\n",
            advice.confidence,
            lines.join("\n")
        );
        for fault in &advice.objections {
            let _ = write!(text, "But first: {fault}.\n\n");
        }
        for question in &advice.questions {
            let _ = write!(text, "Not known: {question}.\n\n");
        }
    }
    text
}

/// One line of the table.
fn row(item: &Item) -> String {
    let now = match (&item.current, &item.written) {
        (Some(current), _) => format!("{} ({})", current.value, current.source),
        (None, Some(written)) => format!("`{}` ({})", written.value, written.source),
        (None, None) => "not known".to_owned(),
    };
    let now = now.replace('|', "\\|");
    let advice = match item.verdict {
        Verdict::InRange => "leave it".to_owned(),
        Verdict::Change | Verdict::Unknown => format!("**{}**", item.target),
        Verdict::Consider => format!("{} would be better", item.target),
        Verdict::Remove => "remove it".to_owned(),
    };
    let range = match (item.lower, item.upper) {
        (lower, upper) if lower == upper => lower.to_string(),
        (lower, Amount::Open) => format!("{lower} and more"),
        (lower, upper) => format!("{lower} to {upper}"),
    };
    format!("| `{}` | {now} | {advice} | {range} | {} |", item.setting, item.binding)
}

#[derive(Serialize)]
pub(super) struct Service<'a> {
    server: &'static str,
    unit: &'a str,
    app: Option<&'a str>,
    #[serde(flatten)]
    at: At,
    class: Option<&'static str>,
    inputs: Vec<InputDocument<'a>>,
    items: Vec<ItemDocument<'a>>,
    settled: Option<bool>,
    derivation: Vec<&'a str>,
    sensitivity: Vec<&'a str>,
    questions: Vec<&'a str>,
    objections: Vec<&'a str>,
    slots_now: Option<u64>,
    slots_then: Option<u64>,
    confidence: Option<&'static str>,
    to_be_surer: &'a [&'static str],
}

#[derive(Serialize)]
struct InputDocument<'a> {
    name: &'static str,
    value: Json,
    #[serde(skip_serializing_if = "Option::is_none")]
    low: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    high: Option<f64>,
    #[serde(skip_serializing_if = "str::is_empty")]
    unit: &'static str,
    source: &'a str,
    confidence: &'static str,
}

#[derive(Serialize)]
struct ItemDocument<'a> {
    setting: &'static str,
    current: Option<Json>,
    current_source: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    written: Option<&'a str>,
    lower: Json,
    target: Json,
    upper: Json,
    binding: &'static str,
    verdict: &'static str,
}

impl<'a> Service<'a> {
    pub(super) fn new(files: &Files, deployment: &'a Deployment, advice: Option<&'a Advice>) -> Self {
        let of = |texts: &'a [String]| texts.iter().map(String::as_str).collect();
        Self {
            server: deployment.server.as_str(),
            unit: &deployment.unit,
            app: deployment.app.as_ref().map(|app| app.value.as_str()),
            at: At::new(files, deployment.command),
            class: advice.map(|advice| advice.class.as_str()),
            inputs: advice.map_or_else(Vec::new, |advice| advice.inputs.iter().map(InputDocument::new).collect()),
            items: advice.map_or_else(Vec::new, |advice| advice.items.iter().map(ItemDocument::new).collect()),
            settled: advice.map(Advice::is_settled),
            derivation: advice
                .map_or_else(Vec::new, |advice| advice.steps.iter().map(|step| step.text.as_str()).collect()),
            sensitivity: advice.map_or_else(Vec::new, |advice| of(&advice.sensitivity)),
            questions: advice.map_or_else(Vec::new, |advice| of(&advice.questions)),
            objections: advice.map_or_else(Vec::new, |advice| of(&advice.objections)),
            slots_now: advice.and_then(|advice| slots(advice.slots_now)),
            slots_then: advice.and_then(|advice| slots(advice.slots_then)),
            confidence: advice.map(|advice| advice.confidence.as_str()),
            to_be_surer: advice.map_or(&[], |advice| advice.measure.as_slice()),
        }
    }
}

impl<'a> InputDocument<'a> {
    fn new(input: &'a Given) -> Self {
        let (value, low, high, unit) = match input.amount {
            Quantity::Word(word) => (Json::from(word), None, None, ""),
            Quantity::Number { value, low, high, unit } => {
                let interval = (low < high).then_some((low, high));
                (Json::from(value), interval.map(|it| it.0), interval.map(|it| it.1), unit)
            }
        };
        Self { name: input.name, value, low, high, unit, source: &input.source, confidence: input.confidence.as_str() }
    }
}

impl<'a> ItemDocument<'a> {
    fn new(item: &'a Item) -> Self {
        Self {
            setting: item.setting,
            current: item.current.as_ref().map(|current| amount(current.value)),
            current_source: item.current.as_ref().map(|current| current.source.as_str()),
            written: item.written.as_ref().map(|written| written.value.as_str()),
            lower: amount(item.lower),
            target: amount(item.target),
            upper: amount(item.upper),
            binding: item.binding.as_str(),
            verdict: match item.verdict {
                Verdict::InRange => "in-range",
                Verdict::Change => "change",
                Verdict::Remove => "remove",
                Verdict::Unknown => "unknown",
                Verdict::Consider => "consider",
            },
        }
    }
}

fn amount(amount: Amount) -> Json {
    match amount {
        Amount::Count(n) | Amount::Seconds(n) => Json::from(n),
        Amount::Class(class) => Json::from(class.as_str()),
        Amount::Named(name) => Json::from(name),
        Amount::Path(path) => Json::from(path),
        Amount::Open => Json::Null,
    }
}

/// A number of slots, where there is one.
const fn slots(slots: Slots) -> Option<u64> {
    match slots {
        Slots::Count(n) => Some(n),
        Slots::Open | Slots::Unknown => None,
    }
}
