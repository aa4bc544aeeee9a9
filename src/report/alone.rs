//! What a request takes by itself, for people and for programs, with the lines that give it back to `advise`.

use std::fmt::Write as _;
use std::time::Duration;

use serde::Serialize;

use super::Look;
use crate::measure::{Alone, Counted};

/// What was seen on one connection.
pub fn alone(seen: &Alone, look: Look) -> String {
    let mut text = format!("{}  {}\n", look.bold("one connection"), seen.label);
    for route in &seen.routes {
        let line = match (route.takes, route.computes, route.waits()) {
            (Some(takes), Some(computes), Some(waits)) => format!(
                "takes {}, computes {}: waits {:.0} % ({} requests)",
                milliseconds(takes),
                milliseconds(computes),
                waits * 100.0,
                route.requests
            ),
            _ => format!("{} of {} requests failed: nothing to tell", route.errors.total(), route.requests),
        };
        let _ = writeln!(text, "  {}  {line}", route.path);
    }
    if let Some((memory, counted)) = seen.worker {
        let how = match counted {
            Counted::Shared => "PSS",
            Counted::Resident => "resident",
        };
        let _ = writeln!(text, "  a worker takes {memory} ({how})");
    }
    if let Some(settings) = settings(seen) {
        let _ = writeln!(text, "  what `advise` goes by then, in `[application]` of farrier.toml:");
        for line in settings {
            let _ = writeln!(text, "    {line}");
        }
    }
    text
}

/// The settings that state what was measured.
fn settings(seen: &Alone) -> Option<Vec<String>> {
    let (takes, computes) = seen.mean()?;
    let seconds = |name: &str, time: Duration| format!("{name} = {:.5}", time.as_secs_f64().max(0.00001));
    let mut lines = vec![seconds("request-time", takes), seconds("cpu-time", computes.min(takes))];
    // What is resident is more than what a worker adds.
    let memory = seen.worker.filter(|(_, counted)| *counted == Counted::Shared);
    lines.extend(memory.map(|(memory, _)| format!("worker-memory = \"{:.0}MiB\"", memory.as_mib().ceil())));
    Some(lines)
}

fn milliseconds(time: Duration) -> String {
    let ms = time.as_secs_f64() * 1000.0;
    if ms < 10.0 { format!("{ms:.2} ms") } else { format!("{ms:.0} ms") }
}

/// The same for programs.
#[derive(Serialize)]
pub(super) struct AloneDocument<'a> {
    label: &'a str,
    routes: Vec<Route<'a>>,
    worker_memory_bytes: Option<u64>,
    /// Whether memory is what a worker adds (PSS) and not all that it maps.
    worker_memory_is_pss: Option<bool>,
    /// What states it to `advise`.
    settings: Vec<String>,
}

#[derive(Serialize)]
struct Route<'a> {
    path: &'a str,
    requests: u64,
    errors: u64,
    takes_ms: Option<f64>,
    cpu_ms: Option<f64>,
    blocking_fraction: Option<f64>,
}

impl<'a> AloneDocument<'a> {
    pub(super) fn new(seen: &'a Alone) -> Self {
        let ms = |time: Option<Duration>| time.map(|time| time.as_secs_f64() * 1000.0);
        Self {
            label: &seen.label,
            routes: seen
                .routes
                .iter()
                .map(|route| Route {
                    path: &route.path,
                    requests: route.requests,
                    errors: route.errors.total(),
                    takes_ms: ms(route.takes),
                    cpu_ms: ms(route.computes),
                    blocking_fraction: route.waits(),
                })
                .collect(),
            worker_memory_bytes: seen.worker.map(|(memory, _)| memory.0),
            worker_memory_is_pss: seen.worker.map(|(_, counted)| counted == Counted::Shared),
            settings: settings(seen).unwrap_or_default(),
        }
    }
}
