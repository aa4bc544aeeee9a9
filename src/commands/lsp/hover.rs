//! What is known of the setting under the pointer: its value, who sets it, who loses, and what it should be.
//!
//! Decides which setting is meant: of all that the bytes there have a part in, the smallest. Of what nobody sets there is
//! nothing to point at.

use std::fmt::Write as _;

use farrier::Examination;
use farrier::deployment::{Candidate, Deployment, Effective, Layer, Site};
use farrier::report::{origin, reasons, value};
use farrier::servers::Honoured;
use farrier::sizing::{Advice, Amount, Item, Verdict};
use farrier::source::{FileId, Files, Place, Span};

/// How many launches are told of.
const MOST: usize = 4;

/// What to show, and the bytes that it is about.
pub(super) fn at(examination: &Examination, file: FileId, offset: usize) -> Option<(Span, String)> {
    let files = &examination.files;
    let deployments = examination.assembly.deployments.iter().zip(&examination.advice);
    let mut hits: Vec<(Place, &Deployment, &Effective, Option<&Advice>)> = Vec::new();
    for (deployment, advice) in deployments {
        for (_, effective) in deployment.settings.iter() {
            let all = std::iter::once(&effective.winner).chain(&effective.overridden);
            let places = all.flat_map(places).filter(|place| holds(files, *place, file, offset));
            if let Some(place) = places.min_by_key(|place| place.span.len()) {
                hits.push((place, deployment, effective, advice.as_ref()));
            }
        }
    }
    let least = hits.iter().map(|(place, ..)| place.span.len()).min()?;
    hits.retain(|(place, ..)| place.span.len() == least);
    let span = hits.first()?.0.span;
    let mut pages: Vec<String> = Vec::new();
    for (_, deployment, effective, advice) in hits {
        let page = page(files, deployment, effective, advice);
        // What several launches share is told once.
        if !pages.contains(&page) {
            pages.push(page);
        }
    }
    let left = pages.len().saturating_sub(MOST);
    pages.truncate(MOST);
    if left > 0 {
        pages.push(format!("and {left} more launches"));
    }
    Some((span, pages.join("\n---\n\n")))
}

fn holds(files: &Files, place: Place, file: FileId, offset: usize) -> bool {
    files.owner(place.file) == file && place.span.start <= offset && offset <= place.span.end && !place.span.is_empty()
}

/// All bytes that have a part in setting a value.
fn places(candidate: &Candidate) -> Vec<Place> {
    let more = match &candidate.site {
        Some(Site::Statement { statement, .. } | Site::Entry { statement, .. }) => vec![*statement],
        Some(Site::Option { statement, .. }) => statement.iter().copied().collect(),
        Some(Site::Words { removal, .. }) => removal.clone(),
        Some(Site::Argument { whole, .. }) => whole.iter().copied().collect(),
        Some(Site::Pair { whole, .. }) => vec![*whole],
        Some(Site::Variable { .. }) | None => Vec::new(),
    };
    candidate.place.into_iter().chain(more).collect()
}

fn page(files: &Files, deployment: &Deployment, effective: &Effective, advice: Option<&Advice>) -> String {
    let name = effective.setting.name();
    let unit = if deployment.unit.is_empty() { String::new() } else { format!(" ({})", deployment.unit) };
    let command = files.describe(deployment.command);
    let mut text = format!("**{name}** = {}\n\n", code(&effective.winner));
    let _ = writeln!(text, "{} {}, {command}{unit}\n", deployment.server, deployment.version);
    let _ = writeln!(text, "- set by {}", origin(files, deployment, &effective.winner));
    for reason in reasons(effective, &deployment.environment) {
        let _ = writeln!(text, "- {reason}");
    }
    for lost in effective.overridden.iter().filter(|lost| lost.layer > Layer::Default) {
        let _ = writeln!(text, "- {} loses: {}", code(lost), origin(files, deployment, lost));
    }
    if let Some(default) = effective.overridden.iter().find(|lost| lost.layer == Layer::Default) {
        let computed = effective.setting.at(deployment.version.version).default_computed();
        let _ = writeln!(text, "- default {}", computed.map_or_else(|| code(default), str::to_owned));
    }
    if let Some(class) = deployment.class
        && effective.setting.honoured_by(class, deployment.version.version) == Honoured::No
    {
        let _ = writeln!(text, "- has no effect: `{}` never reads it", class.name());
    }
    if let Some(advice) = advice
        && let Some(item) = advice.item(name)
    {
        text.push_str(&advised(advice, item));
    }
    text
}

/// What the value should be, and how that comes about.
fn advised(advice: &Advice, item: &Item) -> String {
    let range = match (item.lower, item.upper) {
        (lower, upper) if lower == upper => lower.to_string(),
        (lower, Amount::Open) => format!("{lower} and more"),
        (lower, upper) => format!("{lower} to {upper}"),
    };
    let what = match item.verdict {
        Verdict::InRange => "leave it".to_owned(),
        Verdict::Change | Verdict::Unknown => item.target.to_string(),
        Verdict::Consider => format!("{} would be better", item.target),
        Verdict::Remove => "remove it".to_owned(),
    };
    let mut text = format!("\n**advice: {what}** (range {range}, because of {})\n\n", item.binding);
    let steps = advice.steps.iter().map(|step| step.text.clone());
    let faults = advice.objections.iter().map(|fault| format!("but first: {fault}"));
    let questions = advice.questions.iter().map(|question| format!("not known: {question}"));
    for line in steps.chain(faults).chain(questions) {
        let _ = writeln!(text, "- {line}");
    }
    text
}

/// A value as code, on one line.
fn code(candidate: &Candidate) -> String {
    let value = value(candidate).replace('\n', " ");
    if value.contains('`') { format!("`` {value} ``") } else { format!("`{value}`") }
}
