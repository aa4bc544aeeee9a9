//! What was asked of the service, and what became of each request where there were several.

use std::fmt::Write as _;
use std::time::Duration;

use serde::Serialize;

use super::{milliseconds, unknown};
use crate::measure::{Asked, Measured, Outcome, Request};

/// Where the requests of a run come from, and what is not among them.
#[derive(Debug, Clone, Default)]
pub struct Load {
    /// What is asked.
    pub requests: Vec<Request>,
    /// What says so, if not the command line: `openapi.json`, `the code`.
    pub source: Option<String>,
    /// What could have been asked and is not, each with the reason.
    pub left_out: Vec<(String, String)>,
}

/// More of what is left out is counted instead of named, except for programs.
const MOST_NAMED: usize = 10;

/// What was left out, in a few lines for people.
pub fn left_out(load: &Load) -> String {
    let mut text = String::new();
    let Some(source) = load.source.as_ref().filter(|_| !load.left_out.is_empty()) else { return text };
    let count = load.left_out.len();
    let _ = writeln!(text, "asked {} requests of {source}, not among them {count}:", load.requests.len());
    for (what, reason) in load.left_out.iter().take(MOST_NAMED) {
        let _ = writeln!(text, "  {what}: {reason}");
    }
    if count > MOST_NAMED {
        let _ = writeln!(text, "  and {} more, which `--format json` names", count - MOST_NAMED);
    }
    text
}

/// One line for each request, with what it took in each configuration.
pub(super) fn lines(outcome: &Outcome) -> String {
    let mut rows: Vec<Vec<String>> = Vec::new();
    let first = outcome.candidates.first().map_or(&[][..], |one| &one.routes);
    for (index, asked) in first.iter().enumerate() {
        let cells = outcome.candidates.iter().map(|one| one.routes.get(index).map_or_else(unknown, cell));
        rows.push(std::iter::once(asked.name.clone()).chain(cells).collect());
    }
    let width = rows.iter().filter_map(|row| row.first()).map(|name| name.chars().count()).max().unwrap_or(0).max(16);
    let mut text = String::new();
    for row in rows {
        for (column, cell) in row.iter().enumerate() {
            let _ = if column == 0 { write!(text, "{cell:width$}") } else { write!(text, "  {cell:>22}") };
        }
        text.push('\n');
    }
    text
}

/// `12 ms, p99 40 ms`, and what failed.
pub(super) fn cell(asked: &Asked) -> String {
    let mut text = milliseconds(asked.latency.map(|latency| latency.p50));
    if let Some(p99) = asked.latency.and_then(|latency| latency.p99) {
        let _ = write!(text, ", p99 {}", milliseconds(Some(p99)));
    }
    if asked.errors.total() > 0 {
        let _ = write!(text, ", {} of {} failed", asked.errors.total(), asked.requests);
    }
    text
}

/// Where the requests come from, for programs.
#[derive(Serialize)]
pub(super) struct LoadDocument<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'a str>,
    requests: Vec<RequestDocument<'a>>,
    left_out: Vec<LeftOut<'a>>,
}

#[derive(Serialize)]
struct RequestDocument<'a> {
    method: &'static str,
    path: &'a str,
    weight: u32,
}

#[derive(Serialize)]
struct LeftOut<'a> {
    what: &'a str,
    reason: &'a str,
}

impl<'a> LoadDocument<'a> {
    pub(super) fn new(load: &'a Load) -> Self {
        let of = |one: &'a Request| RequestDocument { method: one.method.name(), path: &one.path, weight: one.weight };
        Self {
            source: load.source.as_deref(),
            requests: load.requests.iter().map(of).collect(),
            left_out: load.left_out.iter().map(|(what, reason)| LeftOut { what, reason }).collect(),
        }
    }
}

/// What became of one of several requests, for programs.
#[derive(Serialize)]
pub(super) struct RouteDocument<'a> {
    request: &'a str,
    requests: u64,
    errors: u64,
    p50_ms: Option<f64>,
    p99_ms: Option<f64>,
    max_ms: Option<f64>,
}

impl<'a> RouteDocument<'a> {
    pub(super) fn all(measured: &'a Measured) -> Vec<Self> {
        let ms = |time: Duration| time.as_secs_f64() * 1000.0;
        let of = |asked: &'a Asked| Self {
            request: &asked.name,
            requests: asked.requests,
            errors: asked.errors.total(),
            p50_ms: asked.latency.map(|latency| ms(latency.p50)),
            p99_ms: asked.latency.and_then(|latency| latency.p99).map(ms),
            max_ms: asked.latency.map(|latency| ms(latency.max)),
        };
        measured.routes.iter().map(of).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::{Errors, Latency};

    #[test]
    fn a_request_says_what_it_took_and_what_failed() {
        let latency = Latency { p50: Duration::from_millis(12), p99: None, max: Duration::from_secs(1) };
        let mut asked = Asked { name: "/".to_owned(), requests: 9, errors: Errors::default(), latency: Some(latency) };
        assert_eq!(cell(&asked), "12 ms");
        asked.latency = Some(Latency { p99: Some(Duration::from_millis(40)), ..latency });
        asked.errors.failed = 2;
        assert_eq!(cell(&asked), "12 ms, p99 40 ms, 2 of 9 failed");
    }

    #[test]
    fn what_is_left_out_is_named_while_it_is_little() {
        let mut load = Load { source: Some("the code".to_owned()), ..Load::default() };
        assert_eq!(left_out(&load), "");
        load.left_out = (0..12).map(|n| (format!("/{n}/{{id}}"), "needs `id`".to_owned())).collect();
        let text = left_out(&load);
        assert!(text.contains("  /9/{id}: needs `id`\n  and 2 more") && !text.contains("/10/"), "{text}");
    }
}
