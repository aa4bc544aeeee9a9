//! What a measured run says: the answer of `measure`.

use std::fmt::Write as _;
use std::time::Duration;

use serde::Serialize;

use super::Look;
use super::alone::AloneDocument;
use super::document::{Head, write};
use super::stalls::{Sighting, StallsDocument};
use crate::measure::{Alone, Doubt, Interval, Measured, Outcome, Verdict, Warning, best};

/// More candidates than this have a line each instead of a column.
const MOST_COLUMNS: usize = 3;

/// One cell of the table.
type Cell = fn(&Measured) -> String;

/// The run for people.
pub fn measured(outcome: &Outcome, look: Look) -> String {
    if outcome.candidates.len() > MOST_COLUMNS {
        return many(outcome, look);
    }
    let mut text = String::new();
    for candidate in &outcome.candidates {
        let _ = writeln!(text, "{}  {}", look.bold(&candidate.label), candidate.command.join(" "));
    }
    text.push('\n');
    let rows: [(&str, Cell); 9] = [
        ("requests/s", |m| interval(m.rate, 0)),
        ("p50", |m| milliseconds(m.p50)),
        ("p99", |m| milliseconds(m.p99)),
        ("slowest", |m| milliseconds(m.max)),
        ("errors", |m| format!("{} of {}", m.errors.total(), m.requests)),
        ("memory", |m| m.memory.map_or_else(unknown, |memory| memory.bytes.to_string())),
        ("per worker", |m| m.memory_per_worker.map_or_else(unknown, |memory| memory.to_string())),
        ("CPU/request", |m| milliseconds(m.cpu_per_request)),
        ("load per worker", |m| {
            m.shares.iter().map(|share| format!("{:.0} %", share * 100.0)).collect::<Vec<_>>().join(" ")
        }),
    ];
    let _ = write!(text, "{:16}", "");
    for candidate in &outcome.candidates {
        let _ = write!(text, "  {:>22}", candidate.label);
    }
    text.push('\n');
    for (name, cell) in rows {
        let _ = write!(text, "{name:16}");
        for candidate in &outcome.candidates {
            let _ = write!(text, "  {:>22}", cell(candidate));
        }
        text.push('\n');
    }
    text.push('\n');
    for comparison in &outcome.comparisons {
        let ratio = interval(comparison.ratio, 2);
        let verdict = verdict(&comparison.verdict);
        let sentence = format!("{}: {verdict}", comparison.label);
        let _ = writeln!(text, "{}, {ratio} times the requests in {} rounds", look.bold(&sentence), comparison.rounds);
    }
    for warning in &outcome.warnings {
        let _ = writeln!(text, "  {}", caution(warning));
    }
    text
}

/// Many configurations, one line for each, and which to take.
fn many(outcome: &Outcome, look: Look) -> String {
    let mut rows = vec![["", "requests/s", "times", "", "p50", "errors", "memory"].map(str::to_owned)];
    for (index, one) in outcome.candidates.iter().enumerate() {
        let compared = index.checked_sub(1).and_then(|index| outcome.comparisons.get(index));
        rows.push([
            one.label.clone(),
            interval(one.rate, 0),
            compared.map_or_else(String::new, |compared| interval(compared.ratio, 2)),
            compared.map_or_else(String::new, |compared| match compared.verdict {
                Verdict::Inconclusive(_) => "inconclusive".to_owned(),
                ref decided => verdict(decided),
            }),
            milliseconds(one.p50),
            one.errors.total().to_string(),
            one.memory.map_or_else(unknown, |memory| memory.bytes.to_string()),
        ]);
    }
    let widths: [usize; 7] = std::array::from_fn(|column| rows.iter().map(|row| row[column].len()).max().unwrap_or(0));
    let mut text = String::new();
    for row in &rows {
        let cells: Vec<String> = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        let _ = writeln!(text, "{}", cells.join("  ").trim_end());
    }
    text.push('\n');
    let best = match best(outcome) {
        Some(best) => format!("best: {}, or the smallest of those within 5 % of it", best.label),
        None => "best: none, all fail requests".to_owned(),
    };
    let _ = writeln!(text, "{}", look.bold(&best));
    for warning in &outcome.warnings {
        let _ = writeln!(text, "  {}", caution(warning));
    }
    text
}

fn unknown() -> String {
    "unknown".to_owned()
}

fn interval(interval: Interval, digits: usize) -> String {
    let Interval { median, low, high } = interval;
    format!("{median:.digits$} [{low:.digits$}, {high:.digits$}]")
}

fn milliseconds(duration: Option<Duration>) -> String {
    duration.map_or_else(unknown, |duration| {
        let ms = duration.as_secs_f64() * 1000.0;
        if ms < 10.0 { format!("{ms:.2} ms") } else { format!("{ms:.0} ms") }
    })
}

fn verdict(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Better => "better".to_owned(),
        Verdict::Worse => "worse".to_owned(),
        Verdict::Same => "no measurable difference".to_owned(),
        Verdict::Inconclusive(doubt) => format!("inconclusive, because {}", reason(doubt)),
    }
}

fn reason(doubt: &Doubt) -> String {
    match doubt {
        Doubt::Interrupted => "the run was interrupted".to_owned(),
        Doubt::TooFewRounds { rounds } => format!("{rounds} rounds are too few for an interval"),
        Doubt::Noise => "the rounds differ too much among themselves".to_owned(),
        Doubt::ForeignLoad => "other processes used the machine".to_owned(),
        Doubt::ClientBusy => "the load generator was the limit".to_owned(),
        Doubt::BothFail => "both configurations fail requests".to_owned(),
        Doubt::SoundButSlower => "it fails no requests, but answers fewer".to_owned(),
    }
}

fn caution(warning: &Warning) -> String {
    match warning {
        Warning::Interrupted => "interrupted: these are the numbers until then".to_owned(),
        Warning::Died { label, reason } => format!("{label}: the server ended by itself: {reason}"),
        Warning::Failures { label, share, errors } => {
            let kinds: Vec<String> = errors.by_kind().iter().map(|(kind, n)| format!("{n} {kind}")).collect();
            format!("{label}: {:.1} % of the requests failed ({})", share * 100.0, kinds.join(", "))
        }
        Warning::ClientBusy { label, share } => {
            format!("{label}: the load generator used {:.0} % of a core, the server could do more", share * 100.0)
        }
        Warning::ForeignLoad { cores } => {
            format!("other processes used {cores:.2} cores meanwhile")
        }
        Warning::Restarts { label, workers } => {
            format!("{label}: {workers} workers were replaced under load")
        }
        Warning::StatusDiffers { path, statuses } => {
            format!("`{path}` is answered with {statuses:?}")
        }
        Warning::Slow { p50 } => format!("a request takes {:.1} s: too few fit into the time", p50.as_secs_f64()),
        Warning::FewRequests { label, requests } => {
            format!("{label}: {requests} requests are too few for a 99th percentile")
        }
        Warning::InTurn => "memory was short, so the servers ran in turn".to_owned(),
        Warning::RateNotReached { label, offered, achieved } => {
            format!("{label}: {achieved:.0} of {offered:.0} requests/s were reached")
        }
        Warning::Left { processes } => format!("these processes are still alive: {processes:?}"),
    }
}

/// The run for programs: a comparison, what was seen of the event loops, or both.
pub fn measured_json(outcome: Option<&Outcome>, alone: Option<&Alone>, stalls: Option<&Sighting<'_>>) -> String {
    write(&Document {
        head: Head::new("measure"),
        candidates: outcome.iter().flat_map(|outcome| &outcome.candidates).map(Candidate::new).collect(),
        comparisons: outcome
            .iter()
            .flat_map(|outcome| &outcome.comparisons)
            .map(|comparison| Comparison {
                label: &comparison.label,
                verdict: match comparison.verdict {
                    Verdict::Better => "better",
                    Verdict::Worse => "worse",
                    Verdict::Same => "same",
                    Verdict::Inconclusive(_) => "inconclusive",
                },
                reason: match &comparison.verdict {
                    Verdict::Inconclusive(doubt) => Some(reason(doubt)),
                    _ => None,
                },
                ratio: Range::new(comparison.ratio),
                rounds: comparison.rounds,
            })
            .collect(),
        warnings: outcome.iter().flat_map(|outcome| &outcome.warnings).map(caution).collect(),
        seconds: outcome.map_or(0.0, |outcome| outcome.took.as_secs_f64()),
        best: outcome.and_then(best).map(|best| best.label.as_str()),
        one_connection: alone.map(AloneDocument::new),
        stalls: stalls.map(StallsDocument::new),
    })
}

#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    head: Head,
    candidates: Vec<Candidate<'a>>,
    comparisons: Vec<Comparison<'a>>,
    warnings: Vec<String>,
    seconds: f64,
    /// The label of the configuration to take: the smallest of those within 5 % of the most requests.
    best: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    one_connection: Option<AloneDocument<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stalls: Option<StallsDocument<'a>>,
}

#[derive(Serialize)]
struct Candidate<'a> {
    label: &'a str,
    command: &'a [String],
    requests_per_second: Range,
    requests: u64,
    errors: u64,
    p50_ms: Option<f64>,
    p99_ms: Option<f64>,
    max_ms: Option<f64>,
    memory_bytes: Option<u64>,
    memory_per_worker_bytes: Option<u64>,
    cpu_ms_per_request: Option<f64>,
    workers: usize,
    restarts: u32,
    shares: &'a [f64],
}

#[derive(Serialize)]
struct Comparison<'a> {
    label: &'a str,
    verdict: &'static str,
    reason: Option<String>,
    ratio: Range,
    rounds: usize,
}

/// A median with its 95 % interval; an end that is not known is `null`.
#[derive(Serialize)]
struct Range {
    median: f64,
    low: Option<f64>,
    high: Option<f64>,
}

impl Range {
    fn new(interval: Interval) -> Self {
        let finite = |x: f64| x.is_finite().then_some(x);
        Self {
            median: finite(interval.median).unwrap_or_default(),
            low: finite(interval.low),
            high: finite(interval.high),
        }
    }
}

impl<'a> Candidate<'a> {
    fn new(measured: &'a Measured) -> Self {
        let ms = |duration: Option<Duration>| duration.map(|duration| duration.as_secs_f64() * 1000.0);
        Self {
            label: &measured.label,
            command: &measured.command,
            requests_per_second: Range::new(measured.rate),
            requests: measured.requests,
            errors: measured.errors.total(),
            p50_ms: ms(measured.p50),
            p99_ms: ms(measured.p99),
            max_ms: ms(measured.max),
            memory_bytes: measured.memory.map(|memory| memory.bytes.0),
            memory_per_worker_bytes: measured.memory_per_worker.map(|memory| memory.0),
            cpu_ms_per_request: ms(measured.cpu_per_request),
            workers: measured.workers,
            restarts: measured.restarts,
            shares: &measured.shares,
        }
    }
}
