//! The run for programs. `docs/measure.schema.json` describes the document.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value as Json};

use super::super::alone::AloneDocument;
use super::super::document::{Head, write};
use super::super::stalls::StallsDocument;
use super::limits::LimitsDocument;
use super::routes::{LoadDocument, RouteDocument};
use super::{Measurement, caution, reason};
use crate::measure::{Interval, Measured, Scheduled, Search, Standing, Verdict, best};

/// The run for programs: a comparison, what was seen of the event loops, or both.
pub fn measured_json(run: &Measurement<'_>) -> String {
    let Measurement { outcome, alone, stalls, .. } = *run;
    write(&Document {
        head: Head::new("measure"),
        measured: run.measured,
        arguments: run.arguments,
        load: run.load.map(LoadDocument::new),
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
        generator: outcome.and_then(|outcome| outcome.generator).map(|alone| Generator {
            requests_per_second: alone.rate,
            cpu_ms_per_request: alone.cpu_per_request.as_secs_f64() * 1000.0,
        }),
        seconds: outcome.map_or(0.0, |outcome| outcome.took.as_secs_f64()),
        search: outcome.and_then(|outcome| outcome.search.as_ref()).map(SearchDocument::new),
        best: outcome.and_then(best).map(|best| best.label.as_str()),
        one_connection: alone.map(AloneDocument::new),
        stalls: stalls.map(StallsDocument::new),
        limits: run.bounds.filter(|bounds| !bounds.is_empty()).map(LimitsDocument::new),
    })
}

#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    head: Head,
    measured: &'a str,
    arguments: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    load: Option<LoadDocument<'a>>,
    candidates: Vec<Candidate<'a>>,
    comparisons: Vec<Comparison<'a>>,
    warnings: Vec<String>,
    /// What the load generator does alone.
    generator: Option<Generator>,
    seconds: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    search: Option<SearchDocument>,
    /// The label of the configuration to take: the smallest of those within 5 % of the most requests. None where the rates
    /// rank nothing.
    best: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    one_connection: Option<AloneDocument<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stalls: Option<StallsDocument<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limits: Option<LimitsDocument<'a>>,
}

/// The load generator, asking an endpoint that does nothing.
#[derive(Serialize)]
struct Generator {
    requests_per_second: f64,
    cpu_ms_per_request: f64,
}

#[derive(Serialize)]
struct Candidate<'a> {
    label: &'a str,
    command: &'a [String],
    requests_per_second: Range,
    requests: u64,
    errors: u64,
    /// The kinds that there were, most frequent first.
    errors_by_kind: Map<String, Json>,
    p50_ms: Option<f64>,
    p90_ms: Option<f64>,
    p99_ms: Option<f64>,
    max_ms: Option<f64>,
    memory_bytes: Option<u64>,
    memory_per_worker_bytes: Option<u64>,
    cpu_ms_per_request: Option<f64>,
    workers: usize,
    restarts: u32,
    context_switches_per_request: Option<f64>,
    throttled_periods: u64,
    /// Share of the computing of each worker, largest first.
    shares: &'a [f64],
    /// Open connections of each worker, most first.
    connections: &'a [f64],
    /// Share of one core that the load generator used.
    client_share: f64,
    scheduled: Vec<Step>,
    /// What became of each of several requests.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    routes: Vec<RouteDocument<'a>>,
}

/// A stretch that was sent on a schedule.
#[derive(Serialize)]
struct Step {
    offered: f64,
    achieved: f64,
    p50_ms: Option<f64>,
    p99_ms: Option<f64>,
    max_ms: Option<f64>,
    /// How late requests were sent although a connection was free, half of them less.
    lag_ms: f64,
    backlog: u64,
    errors: u64,
}

impl Step {
    fn new(step: &Scheduled) -> Self {
        let ms = |duration: Duration| duration.as_secs_f64() * 1000.0;
        let latency = step.latency;
        Self {
            offered: step.offered,
            achieved: step.achieved,
            p50_ms: latency.map(|latency| ms(latency.p50)),
            p99_ms: latency.and_then(|latency| latency.p99).map(ms),
            max_ms: latency.map(|latency| ms(latency.max)),
            lag_ms: ms(step.lag),
            backlog: step.backlog,
            errors: step.errors.total(),
        }
    }
}

/// What a search means for what was recommended.
#[derive(Serialize)]
struct SearchDocument {
    standing: &'static str,
    over_recommended: Option<Range>,
}

impl SearchDocument {
    fn new(search: &Search) -> Self {
        let standing = match search.standing {
            Standing::Confirmed => "confirmed",
            Standing::Refined => "refined",
            Standing::Refuted => "refuted",
            Standing::Undecided => "undecided",
        };
        Self { standing, over_recommended: search.over_recommended.map(Range::new) }
    }
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
        let kinds = measured.errors.by_kind().into_iter();
        Self {
            label: &measured.label,
            command: &measured.command,
            requests_per_second: Range::new(measured.rate),
            requests: measured.requests,
            errors: measured.errors.total(),
            errors_by_kind: kinds.map(|(kind, count)| (kind.replace([' ', '-'], "_"), Json::from(count))).collect(),
            p50_ms: ms(measured.p50),
            p90_ms: ms(measured.p90),
            p99_ms: ms(measured.p99),
            max_ms: ms(measured.max),
            memory_bytes: measured.memory.map(|memory| memory.bytes.0),
            memory_per_worker_bytes: measured.memory_per_worker.map(|memory| memory.0),
            cpu_ms_per_request: ms(measured.cpu_per_request),
            workers: measured.workers,
            restarts: measured.restarts,
            context_switches_per_request: measured.switches_per_request,
            throttled_periods: measured.throttled,
            shares: &measured.shares,
            connections: &measured.connections,
            client_share: measured.client,
            scheduled: measured.steps.iter().map(Step::new).collect(),
            routes: RouteDocument::all(measured),
        }
    }
}
