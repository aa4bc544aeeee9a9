//! What a measured run says: the answer of `measure`. The words are here; each format has a file of its own.

mod html;
mod json;
mod limits;
mod markdown;
mod plot;
mod routes;

pub use html::measured_html;
pub use json::measured_json;
pub use markdown::measured_markdown;
pub use routes::{Load, left_out};

use std::fmt::Write as _;
use std::time::Duration;

use super::Look;
use super::stalls::Sighting;
use crate::measure::{
    Alone, Bounds, Calibration, Choice, Comparison, Doubt, Interval, Latency, Limits, Measured, Outcome, Search,
    Standing, Verdict, Warning, choice,
};
use crate::values::Bytes;

/// Everything that one run found, as far as each of its phases was run.
#[derive(Debug, Clone, Copy, Default)]
pub struct Measurement<'a> {
    /// The comparison.
    pub outcome: Option<&'a Outcome>,
    /// What was asked on one connection.
    pub alone: Option<&'a Alone>,
    /// What was seen of the event loops.
    pub stalls: Option<&'a Sighting<'a>>,
    /// Cores that this machine has for the server.
    pub cores: Option<f64>,
    /// Memory that it has in production, where somebody says so.
    pub memory: Option<Bytes>,
    /// The limits that were asked for, and what became of them.
    pub bounds: Option<&'a Bounds>,
    /// Limits of the project, below what this machine has, that nobody asked for.
    pub declared: Limits,
    /// Connections that were kept busy.
    pub connections: usize,
    /// The day of the run.
    pub measured: &'a str,
    /// The arguments of the current settings.
    pub arguments: &'a [String],
    /// What was asked.
    pub load: Option<&'a Load>,
}

/// Under which limits the servers ran, for people; nothing where there is nothing to say.
pub fn limited(run: &Measurement<'_>, look: Look) -> Option<String> {
    let all = limits::sentences(run);
    let lines = all.iter().map(|sentence| format!("{}  {sentence}\n", look.bold("limits")));
    (!all.is_empty()).then(|| lines.collect())
}

/// More candidates than this have a line each instead of a column.
const MOST_COLUMNS: usize = 3;

/// Columns of the longest bar.
const BAR: u8 = 22;

/// One cell of a table.
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
    let _ = write!(text, "{:16}", "");
    for candidate in &outcome.candidates {
        let _ = write!(text, "  {:>22}", candidate.label);
    }
    text.push('\n');
    for (name, cell) in cells() {
        let _ = write!(text, "{name:16}");
        for candidate in &outcome.candidates {
            let _ = write!(text, "  {:>22}", cell(candidate));
        }
        text.push('\n');
        if name == "requests/s" {
            let bars =
                outcome.candidates.iter().map(|one| format!("{:22}", bar(one, outcome, look))).collect::<Vec<_>>();
            let _ = writeln!(text, "{}", format!("{:18}{}", "", bars.join("  ")).trim_end());
        }
    }
    text.push_str(&routes::lines(outcome));
    text.push('\n');
    for comparison in &outcome.comparisons {
        let sentence = format!("{}: {}", comparison.label, verdict(&comparison.verdict));
        let _ = writeln!(
            text,
            "{}{}",
            look.bold(&sentence),
            times(comparison).map_or_else(String::new, |it| format!(", {it}"))
        );
    }
    text.push_str(&closing(outcome, look));
    text
}

/// What is told of each configuration.
fn cells() -> [(&'static str, Cell); 13] {
    [
        ("requests/s", rate),
        ("p50", |m| milliseconds(m.p50)),
        ("p90", |m| milliseconds(m.p90)),
        ("p99", |m| milliseconds(m.p99)),
        ("slowest", |m| milliseconds(m.max)),
        ("p50 on schedule", |m| on_schedule(m, |latency| Some(latency.p50))),
        ("p99 on schedule", |m| on_schedule(m, |latency| latency.p99)),
        ("errors", |m| format!("{} of {}", m.errors.total(), m.requests)),
        ("memory", |m| m.memory.map_or_else(unknown, |memory| memory.bytes.to_string())),
        ("per worker", |m| m.memory_per_worker.map_or_else(unknown, |memory| memory.to_string())),
        ("CPU/request", |m| milliseconds(m.cpu_per_request)),
        ("switches/request", |m| m.switches_per_request.map_or_else(unknown, |count| format!("{count:.1}"))),
        ("load per worker", |m| match (m.shares.as_slice(), m.connections.as_slice()) {
            ([], connections) => {
                let counts: Vec<String> = connections.iter().map(|count| format!("{count:.0}")).collect();
                if counts.is_empty() { unknown() } else { format!("{} connections", counts.join(" ")) }
            }
            (shares, _) => shares.iter().map(|share| format!("{:.0} %", share * 100.0)).collect::<Vec<_>>().join(" "),
        }),
    ]
}

/// A latency of the phase that sends on a schedule, with the rate.
fn on_schedule(measured: &Measured, which: fn(Latency) -> Option<Duration>) -> String {
    let known = measured.scheduled.as_ref().and_then(|one| Some((which(one.latency?)?, one.offered)));
    known.map_or_else(unknown, |(time, rate)| format!("{} at {rate:.0}/s", milliseconds(Some(time))))
}

/// Many configurations, one line for each, and which to take.
fn many(outcome: &Outcome, look: Look) -> String {
    let left = |index: usize| {
        let (_, rounds) = outcome.search.as_ref()?.left.iter().find(|(one, _)| *one == index)?;
        Some(if *rounds == 1 { "left after 1 round".to_owned() } else { format!("left after {rounds} rounds") })
    };
    let mut rows = vec![["", "requests/s", "", "times", "", "p50", "errors", "memory"].map(str::to_owned)];
    for (index, one) in outcome.candidates.iter().enumerate() {
        let compared = index.checked_sub(1).and_then(|index| outcome.comparisons.get(index));
        rows.push([
            one.label.clone(),
            rate(one),
            bar(one, outcome, look),
            compared.map_or_else(String::new, |compared| interval(compared.ratio, 2)),
            compared.filter(|_| one.requests > 0).map_or_else(String::new, |compared| match compared.verdict {
                Verdict::Inconclusive(_) => left(index).unwrap_or_else(|| "inconclusive".to_owned()),
                ref decided => verdict(decided),
            }),
            milliseconds(one.p50),
            one.errors.total().to_string(),
            one.memory.map_or_else(unknown, |memory| memory.bytes.to_string()),
        ]);
    }
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; 8] = std::array::from_fn(width);
    let mut text = String::new();
    for row in &rows {
        let cells: Vec<String> = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        let _ = writeln!(text, "{}", cells.join("  ").trim_end());
    }
    text.push('\n');
    let found = choice(outcome);
    let mut best = format!("best: {}", best(&found));
    if matches!(found, Choice::Take(_)) && outcome.search.is_none() {
        best.push_str(", or the smallest of those within 5 % of it");
    }
    let _ = writeln!(text, "{}", look.bold(&best));
    if let Some(search) = &outcome.search {
        let _ = writeln!(text, "{}", standing(search, outcome));
        if let Choice::Take(found) = found {
            let _ = writeln!(text, "  {}", found.command.join(" "));
        }
    }
    text.push_str(&closing(outcome, look));
    text
}

/// What a configuration answers, beside the most that any of them does.
fn bar(one: &Measured, outcome: &Outcome, look: Look) -> String {
    let most = outcome.candidates.iter().map(|one| one.rate.median).fold(f64::MIN_POSITIVE, f64::max);
    look.bar(one.rate.median / most, BAR)
}

/// What weakens the numbers, and what the load generator can do.
fn closing(outcome: &Outcome, look: Look) -> String {
    let mut text = String::new();
    for warning in &outcome.warnings {
        let _ = writeln!(text, "  {}", caution(warning));
    }
    if let Some(generator) = outcome.generator {
        let _ = writeln!(text, "  {}", look.dim(&alone_it_does(generator)));
    }
    text
}

/// What the load generator does alone, in a sentence.
fn alone_it_does(generator: Calibration) -> String {
    let each = generator.cpu_per_request.as_secs_f64() * 1e6;
    format!(
        "the load generator alone asks {:.0} times a second, in {each:.1} µs of processor time each",
        generator.rate
    )
}

/// Which configuration to take, or why none is named.
fn best(found: &Choice<'_>) -> String {
    match found {
        Choice::Take(best) => best.label.clone(),
        Choice::AllFail => "none, all fail requests".to_owned(),
        Choice::Withheld(doubt) => format!("none is named, because {}", reason(doubt)),
    }
}

/// What a search means for what was recommended, in a sentence.
fn standing(search: &Search, outcome: &Outcome) -> String {
    let recommended = outcome.candidates.iter().any(|one| one.label == "recommended");
    let what =
        if recommended { "the recommended settings" } else { "the current settings, which nothing was to change" };
    let times =
        search.over_recommended.map_or_else(String::new, |over| format!(": {} times the requests", interval(over, 2)));
    match search.standing {
        Standing::Confirmed => format!("confirmed: nothing that was tried is better than {what}"),
        Standing::Refined => format!("refined: better than {what}, which are better than the current ones{times}"),
        Standing::Refuted => format!("refuted: better than {what}{times}"),
        Standing::Undecided => format!("not decided: whether it is better than {what} does not show{times}"),
    }
}

fn unknown() -> String {
    "unknown".to_owned()
}

/// How much more it answered, where there was a round to compare.
fn times(comparison: &Comparison) -> Option<String> {
    let rounds = comparison.rounds;
    let ratio = || interval(comparison.ratio, 2);
    (rounds > 0)
        .then(|| format!("{} times the requests in {rounds} round{}", ratio(), if rounds == 1 { "" } else { "s" }))
}

/// What a configuration answers, if it was asked before the run ended.
fn rate(measured: &Measured) -> String {
    if measured.requests == 0 { "not measured".to_owned() } else { interval(measured.rate, 0) }
}

fn interval(interval: Interval, digits: usize) -> String {
    let Interval { median, low, high } = interval;
    if high.is_infinite() {
        // No round at all.
        return String::new();
    }
    if (high - low).abs() < f64::EPSILON {
        // One window has no interval.
        return format!("{median:.digits$}");
    }
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
        Warning::ClientLimit { label, rate, most } => {
            format!("{label}: {rate:.0} requests/s are near the {most:.0} that the load generator reaches at all")
        }
        Warning::ForeignLoad { cores } => {
            format!("other processes used {cores:.2} cores meanwhile")
        }
        Warning::Restarts { label, workers } => {
            format!("{label}: {workers} workers were replaced under load")
        }
        Warning::Asleep { label, awake, workers } => {
            format!("{label}: {awake} of {workers} workers took requests, the others were waited for in vain")
        }
        Warning::Throttled { label, periods } => {
            format!("{label}: a CPU quota stopped it {periods} times, which shows in the slowest requests first")
        }
        Warning::Killed { label, processes } => {
            format!("{label}: the kernel killed {processes} of its processes, which took more memory than the limit")
        }
        Warning::OverMemory { label, memory, limit } => {
            format!("{label}: its processes take {memory}, which does not fit into {limit}")
        }
        Warning::Uneven { label, share, workers } => {
            format!("{label}: one of {workers} workers did {:.0} % of the work", share * 100.0)
        }
        Warning::LeftOut { label, reason } => format!("{label}: left out, {reason}"),
        Warning::StatusDiffers { path, statuses } => {
            format!("`{path}` is answered with {statuses:?}")
        }
        Warning::Redirect { path, status } => {
            format!("`{path}` is answered with a redirect ({status}), which is all that was measured of it")
        }
        Warning::Changes { methods } => format!(
            "{} requests may have changed what the application keeps: the configurations may not have met the same data",
            methods.join(", ")
        ),
        Warning::Slow { p50 } => format!("a request takes {:.1} s: too few fit into the time", p50.as_secs_f64()),
        Warning::FewRequests { label, requests } => {
            format!("{label}: {requests} requests are too few for a 99th percentile")
        }
        Warning::InTurn => "memory was short, so the servers ran in turn".to_owned(),
        Warning::RateNotReached { label, offered, achieved } => {
            format!("{label}: {achieved:.0} of {offered:.0} requests/s were reached")
        }
        Warning::SentLate { label, lag } => {
            let late = milliseconds(Some(*lag));
            format!("{label}: requests on schedule were sent {late} late, which their latencies hold as well")
        }
        Warning::Left { processes } => format!("these processes are still alive: {processes:?}"),
    }
}
