//! What held the event loops of a measured server, beside what was said about it before.

use std::fmt::Write as _;
use std::time::Duration;

use serde::Serialize;

use super::Look;
use crate::measure::{Confirmed, Stalls};

/// What was seen, and which findings it confirms.
#[derive(Debug)]
pub struct Sighting<'a> {
    /// What was seen.
    pub stalls: &'a Stalls,
    /// Each line with the findings about it.
    pub lines: Vec<Confirmed<'a>>,
}

/// What was seen, for people.
pub fn stalls(sighting: &Sighting<'_>, look: Look) -> String {
    let Sighting { stalls, lines } = sighting;
    let mut text = String::new();
    if stalls.loops.is_empty() {
        let title = look.bold(&format!("{}: no event loop was seen", stalls.label));
        let _ = writeln!(text, "{title}; Python may be started with -I or -S, which leaves the watchdog out");
        return text;
    }
    let title = format!("{}: event loop watched for {:.0} s", stalls.label, stalls.length.as_secs_f64());
    let _ = writeln!(
        text,
        "{} ({}, {} connections, {} requests, {} failed)",
        look.bold(&title),
        stalls.loops.join(", "),
        stalls.connections,
        stalls.requests,
        stalls.errors.total()
    );
    for line in lines {
        let held = line.held;
        let inside = held.inner.as_ref().map_or_else(String::new, |inner| format!(", inside of {inner}"));
        let _ = writeln!(
            text,
            "  {}  {} holds the loop ({}{inside}): {}, longest {}",
            look.bold(&format!("{}:{}", line.path, held.line)),
            held.function,
            held.holds.as_str(),
            if held.times == 1 { "once".to_owned() } else { format!("{} times", held.times) },
            milliseconds(held.longest)
        );
        let known: Vec<String> = line.by.iter().map(|finding| format!("{} ({})", finding.rule, finding.code)).collect();
        if known.is_empty() {
            let _ = writeln!(text, "    no finding says so");
        } else {
            let _ = writeln!(text, "    confirmed: {}", known.join(", "));
        }
    }
    if lines.is_empty() {
        let _ = writeln!(text, "  no line held it for 50 ms");
    }
    if stalls.late > 0 {
        let _ = writeln!(text, "  {} heartbeats came late although no line held the loop", stalls.late);
    }
    for fault in &stalls.faults {
        let _ = writeln!(text, "  the watchdog failed: {}", fault.trim().lines().last().unwrap_or_default());
    }
    text
}

fn milliseconds(duration: Duration) -> String {
    format!("{:.0} ms", duration.as_secs_f64() * 1000.0)
}

/// What was seen, for programs.
#[derive(Debug, Serialize)]
pub(super) struct StallsDocument<'a> {
    label: &'a str,
    /// Empty where no event loop was seen.
    loops: &'a [String],
    seconds: f64,
    connections: usize,
    requests: u64,
    errors: u64,
    lines: Vec<LineDocument<'a>>,
    late: usize,
    /// Every time a loop came late: seconds since the load began, how long, and by the number of which line.
    lags: Vec<LagDocument>,
}

#[derive(Debug, Serialize)]
struct LagDocument {
    at_seconds: f64,
    lasted_ms: f64,
    line: Option<usize>,
}

#[derive(Debug, Serialize)]
struct LineDocument<'a> {
    path: &'a str,
    line: usize,
    function: &'a str,
    inner: Option<&'a str>,
    own: bool,
    kind: &'static str,
    times: usize,
    longest_ms: f64,
    total_ms: f64,
    /// What stood in the line.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
    /// The findings that say so, by rule; empty where none does.
    confirmed: Vec<&'static str>,
}

impl<'a> StallsDocument<'a> {
    pub(super) fn new(sighting: &'a Sighting<'a>) -> Self {
        let stalls = sighting.stalls;
        let ms = |duration: Duration| duration.as_secs_f64() * 1000.0;
        Self {
            label: &stalls.label,
            loops: &stalls.loops,
            seconds: stalls.length.as_secs_f64(),
            connections: stalls.connections,
            requests: stalls.requests,
            errors: stalls.errors.total(),
            lines: sighting
                .lines
                .iter()
                .map(|line| LineDocument {
                    path: &line.path,
                    line: line.held.line,
                    function: &line.held.function,
                    inner: line.held.inner.as_deref(),
                    own: line.held.own,
                    kind: line.held.holds.as_str(),
                    times: line.held.times,
                    longest_ms: ms(line.held.longest),
                    total_ms: ms(line.held.total),
                    text: line.text.as_deref(),
                    confirmed: line.by.iter().map(|finding| finding.rule).collect(),
                })
                .collect(),
            late: stalls.late,
            lags: stalls
                .lags
                .iter()
                .map(|lag| LagDocument { at_seconds: lag.at.as_secs_f64(), lasted_ms: ms(lag.lasted), line: lag.by })
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::{Errors, Held, Holds};
    use std::path::PathBuf;

    fn seen(held: Vec<Held>, loops: &[&str]) -> Stalls {
        Stalls {
            label: "current".to_owned(),
            loops: loops.iter().map(|&name| name.to_owned()).collect(),
            length: Duration::from_secs(4),
            connections: 8,
            requests: 120,
            errors: Errors::default(),
            held,
            lags: Vec::new(),
            late: 2,
            faults: Vec::new(),
        }
    }

    #[test]
    fn lines_without_a_finding_are_told_as_such() {
        let held = Held {
            file: PathBuf::from("/p/app.py"),
            line: 9,
            function: "home".to_owned(),
            inner: None,
            own: true,
            holds: Holds::Sleep,
            times: 23,
            longest: Duration::from_millis(152),
            total: Duration::from_secs(3),
        };
        let stalls = seen(vec![held], &["uvloop.Loop"]);
        let lines = vec![Confirmed { held: &stalls.held[0], path: "app.py".to_owned(), text: None, by: Vec::new() }];
        let sighting = Sighting { stalls: &stalls, lines };
        let text = super::stalls(&sighting, Look::PLAIN);
        let expected = "\
current: event loop watched for 4 s (uvloop.Loop, 8 connections, 120 requests, 0 failed)
  app.py:9  home holds the loop (sleep): 23 times, longest 152 ms
    no finding says so
  2 heartbeats came late although no line held the loop
";
        assert_eq!(text, expected);
    }

    #[test]
    fn a_server_without_a_loop_is_not_called_free_of_stalls() {
        let stalls = seen(Vec::new(), &[]);
        let text = super::stalls(&Sighting { stalls: &stalls, lines: Vec::new() }, Look::PLAIN);
        assert!(text.starts_with("current: no event loop was seen"), "{text}");
    }
}
