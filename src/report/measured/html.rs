//! The run as one page of its own: tables and drawings, in the colours that the reader's system prefers.

use std::fmt::Write as _;

use super::plot::{self, escaped};
use super::routes::{Load, cell};
use super::{
    Measurement, alone_it_does, best, caution, cells, interval, limits, milliseconds, standing, times, verdict,
};
use crate::measure::{Alone, Counted, Measured, Outcome, Verdict, choice};

const STYLE: &str = include_str!("page.css");

/// The run for a browser; the page needs nothing from anywhere.
pub fn measured_html(run: &Measurement<'_>) -> String {
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" \
         content=\"width=device-width\">\n<title>farrier measure</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <h1>farrier measure</h1>\n"
    );
    if let Some(outcome) = run.outcome {
        decided(outcome, &mut page);
    }
    for sentence in limits::sentences(run) {
        let _ = writeln!(page, "<p>Limits: {}.</p>", escaped(&sentence));
    }
    if let Some(outcome) = run.outcome {
        numbers(outcome, &mut page);
        by_request(outcome, &mut page);
        drawings(outcome, run, &mut page);
    }
    if let Some(alone) = run.alone {
        one_connection(alone, &mut page);
    }
    loops(run, &mut page);
    if let Some(load) = run.load {
        not_asked(load, &mut page);
    }
    if let Some(outcome) = run.outcome {
        commands(outcome, run, &mut page);
    }
    page.push_str("</body>\n</html>\n");
    page
}

/// The answer, before the numbers.
fn decided(outcome: &Outcome, page: &mut String) {
    if let Some(search) = &outcome.search {
        let _ = writeln!(
            page,
            "<p class=\"verdict\">Best: {}</p>\n<p>{}</p>",
            escaped(&best(&choice(outcome))),
            escaped(&standing(search, outcome))
        );
    } else if outcome.comparisons.len() > 1 {
        let _ = writeln!(page, "<p class=\"verdict\">Best: {}</p>", escaped(&best(&choice(outcome))));
    } else {
        for one in &outcome.comparisons {
            let (label, said) = (escaped(&one.label), escaped(&verdict(&one.verdict)));
            let more = times(one).map_or_else(String::new, |times| format!("\n<p>{times}.</p>"));
            let _ = writeln!(page, "<p class=\"verdict\">{label}: {said}</p>{more}");
        }
    }
    if !outcome.warnings.is_empty() {
        page.push_str("<ul class=\"warnings\">\n");
        for warning in &outcome.warnings {
            let _ = writeln!(page, "<li>{}</li>", escaped(&caution(warning)));
        }
        page.push_str("</ul>\n");
    }
}

/// What each of several requests took.
fn by_request(outcome: &Outcome, page: &mut String) {
    let Some(first) = outcome.candidates.first().filter(|one| !one.routes.is_empty()) else { return };
    page.push_str("<h2>Each request</h2>\n<div class=\"wide\"><table>\n<tr><th></th>");
    for one in &outcome.candidates {
        let _ = write!(page, "<th>{}</th>", escaped(&one.label));
    }
    page.push_str("</tr>\n");
    for (index, asked) in first.routes.iter().enumerate() {
        let _ = write!(page, "<tr><th>{}</th>", escaped(&asked.name));
        for one in &outcome.candidates {
            let told = one.routes.get(index).map_or_else(super::unknown, cell);
            let _ = write!(page, "<td>{}</td>", escaped(&told));
        }
        page.push_str("</tr>\n");
    }
    page.push_str("</table></div>\n");
}

/// What was not asked, and why.
fn not_asked(load: &Load, page: &mut String) {
    let Some(source) = load.source.as_ref().filter(|_| !load.left_out.is_empty()) else { return };
    let _ = writeln!(page, "<h2>Not asked</h2>\n<p>Of {}:</p>\n<ul>", escaped(source));
    for (what, reason) in &load.left_out {
        let _ = writeln!(page, "<li>{}: {}</li>", escaped(what), escaped(reason));
    }
    page.push_str("</ul>\n");
}

fn numbers(outcome: &Outcome, page: &mut String) {
    page.push_str("<h2>Numbers</h2>\n<div class=\"wide\"><table>\n<tr><th></th>");
    for (name, _) in cells() {
        let _ = write!(page, "<th>{name}</th>");
    }
    page.push_str("<th>times</th></tr>\n");
    for (index, one) in outcome.candidates.iter().enumerate() {
        let _ = write!(page, "<tr><th class=\"c{}\"><span></span>{}</th>", index % 6, escaped(&one.label));
        for (_, cell) in cells() {
            let _ = write!(page, "<td>{}</td>", escaped(&cell(one)));
        }
        let compared = index.checked_sub(1).and_then(|index| outcome.comparisons.get(index));
        let known = compared.filter(|one| !matches!(one.verdict, Verdict::Inconclusive(_)));
        let _ = writeln!(page, "<td>{}</td></tr>", known.map_or_else(String::new, |one| interval(one.ratio, 2)));
    }
    page.push_str("</table></div>\n");
    if let Some(generator) = outcome.generator {
        let _ = writeln!(page, "<p>For comparison: {}.</p>", escaped(&alone_it_does(generator)));
    }
}

fn drawings(outcome: &Outcome, run: &Measurement<'_>, page: &mut String) {
    let mut figure = |title: &str, drawing: Option<String>, below: &str| {
        if let Some(drawing) = drawing {
            let _ = writeln!(page, "<figure>\n<figcaption>{title}</figcaption>\n{drawing}<p>{below}</p>\n</figure>");
        }
    };
    let shown: Vec<&Measured> =
        outcome.candidates.iter().filter(|one| one.workers > 0 && one.rate.median > 0.0).collect();
    let fitted = plot::fit(&shown).map_or_else(String::new, |fit| {
        format!(
            " The line is the Universal Scalability Law: contention {:.3}, coherency {:.4}.",
            fit.contention, fit.coherency
        )
    });
    let below = format!("Median of the windows with its 95 % interval.{fitted}");
    figure("Throughput by workers", plot::throughput(outcome, run.cores), &below);
    figure(
        plot::ladder_name(outcome),
        plot::ladder(outcome),
        "Sent on a schedule (open loop), latency from when a request was due; a step with fewer than 1000 requests has no \
         99th percentile, its line ends at the slowest. A rate that was not reached has no point.",
    );
    figure(
        "Latency of the closed loop",
        plot::latency(outcome),
        "Each connection waits for its answer before it asks again, so that a stall keeps it from asking.",
    );
    figure(
        if run.memory.is_some() { "Memory against limit" } else { "Memory" },
        plot::memory(outcome, run.memory),
        if resident(outcome) {
            "All processes together, pages that they share counted for each."
        } else {
            "All processes together, shared pages counted once."
        },
    );
    figure("Windows in time", plot::windows(outcome), "Hollow where other processes used the machine.");
}

fn one_connection(alone: &Alone, page: &mut String) {
    page.push_str("<h2>One request by itself</h2>\n<table>\n<tr><th>path</th><th>takes</th><th>computes</th><th>waits</th></tr>\n");
    for route in &alone.routes {
        let waits = route.waits().map_or_else(super::unknown, |share| format!("{:.0} %", share * 100.0));
        let (takes, computes) = (milliseconds(route.takes), milliseconds(route.computes));
        let _ = writeln!(
            page,
            "<tr><th>{}</th><td>{takes}</td><td>{computes}</td><td>{waits}</td></tr>",
            escaped(&route.path)
        );
    }
    page.push_str("</table>\n");
}

fn loops(run: &Measurement<'_>, page: &mut String) {
    let Some(sighting) = run.stalls else { return };
    page.push_str("<h2>What holds the event loop</h2>\n");
    if sighting.stalls.loops.is_empty() {
        page.push_str("<p>No event loop was seen.</p>\n");
        return;
    }
    if let Some(drawing) = plot::lags(sighting) {
        let _ = writeln!(page, "<figure>\n<figcaption>Loop lag in time</figcaption>\n{drawing}</figure>");
    }
    if sighting.lines.is_empty() {
        page.push_str("<p>No line held it for 50 ms.</p>\n");
        return;
    }
    page.push_str(
        "<table>\n<tr><th>line</th><th>function</th><th>does</th><th>times</th><th>longest</th><th>said by</th></tr>\n",
    );
    for line in &sighting.lines {
        let held = line.held;
        let by: Vec<&str> = line.by.iter().map(|finding| finding.rule).collect();
        let said = if by.is_empty() { "no finding".to_owned() } else { by.join(", ") };
        let _ = writeln!(
            page,
            "<tr><th>{}:{}</th><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{said}</td></tr>",
            escaped(&line.path),
            held.line,
            escaped(&held.function),
            held.holds.as_str(),
            held.times,
            milliseconds(Some(held.longest))
        );
    }
    page.push_str("</table>\n");
}

/// How to see the same again.
fn commands(outcome: &Outcome, run: &Measurement<'_>, page: &mut String) {
    let _ = writeln!(
        page,
        "<h2>What was run</h2>\n<p>farrier {}, {} connections, {:.0} s.</p>",
        env!("CARGO_PKG_VERSION"),
        run.connections,
        outcome.took.as_secs_f64()
    );
    for one in outcome.candidates.iter().filter(|one| !one.command.is_empty()) {
        let _ = writeln!(page, "<p>{}</p>\n<pre>{}</pre>", escaped(&one.label), escaped(&one.command.join(" ")));
    }
}

/// Whether the system did not tell whose memory is shared.
fn resident(outcome: &Outcome) -> bool {
    outcome.candidates.iter().filter_map(|one| one.memory).any(|memory| memory.counted == Counted::Resident)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::measure::{Calibration, Comparison, Errors, Interval, Latency, Memory, Scheduled, Window};
    use crate::values::Bytes;

    fn measured(label: &str, workers: usize, rate: f64) -> Measured {
        Measured {
            label: label.to_owned(),
            command: vec!["gunicorn".to_owned(), label.to_owned()],
            ready_after: Duration::ZERO,
            rate: Interval { median: rate, low: rate * 0.9, high: rate * 1.1 },
            requests: 2000,
            p50: Some(Duration::from_millis(20)),
            p90: Some(Duration::from_millis(60)),
            p99: Some(Duration::from_millis(90)),
            max: Some(Duration::from_millis(120)),
            errors: Errors::default(),
            repeated: 0,
            memory: Some(Memory { bytes: Bytes(90 << 20), counted: Counted::Shared }),
            memory_per_worker: None,
            workers,
            cpu_per_request: None,
            restarts: 0,
            switches_per_request: None,
            throttled: 0,
            connections: Vec::new(),
            shares: Vec::new(),
            client: 0.1,
            scheduled: None,
            steps: Vec::new(),
            routes: Vec::new(),
        }
    }

    fn outcome() -> Outcome {
        let window = Window {
            candidate: 1,
            round: 0,
            at: Duration::from_secs(1),
            length: Duration::from_secs(1),
            rate: 190.0,
            requests: 190,
            errors: Errors::default(),
            repeated: 0,
            p50: None,
            max: None,
            client: 0.1,
            foreign: Some(0.9),
            cores: 0.5,
            memory: None,
            shares: Vec::new(),
            restarts: 0,
            switches: None,
            throttled: 0,
            connections: Vec::new(),
        };
        Outcome {
            candidates: vec![measured("current", 2, 100.0), measured("<b>&\"", 4, 190.0)],
            comparisons: vec![Comparison {
                label: "<b>&\"".to_owned(),
                verdict: Verdict::Better,
                ratio: Interval { median: 1.9, low: 1.7, high: 2.0 },
                rounds: 5,
            }],
            generator: Some(Calibration { rate: 90_000.0, cpu_per_request: Duration::from_nanos(5_200) }),
            search: None,
            windows: vec![window],
            warnings: Vec::new(),
            took: Duration::from_secs(30),
        }
    }

    #[test]
    fn the_page_needs_nothing_from_anywhere_and_runs_nothing() {
        let outcome = outcome();
        let memory = Some(Bytes(512 << 20));
        let run = Measurement {
            outcome: Some(&outcome),
            cores: Some(2.0),
            memory,
            connections: 16,
            ..Measurement::default()
        };
        let page = measured_html(&run);
        for outside in ["http:", "https:", "src=", "href=", "url(", "@import", "<script", "<b>"] {
            assert!(!page.contains(outside), "{outside} in {page}");
        }
        assert_eq!(page.matches("<svg").count(), 4, "{page}");
        assert_eq!(page.matches("<svg").count(), page.matches("</svg>").count());
        assert!(page.contains("prefers-color-scheme: dark") && page.contains("&lt;b&gt;&amp;&quot;: better"), "{page}");
        assert!(page.contains("2 cores") && page.contains(">limit<"), "{page}");
        assert!(page.contains("Latency of the closed loop") && !page.contains("against rate"), "{page}");
    }

    #[test]
    fn latency_against_rate_is_what_was_sent_on_a_schedule() {
        let step = |offered: f64, p99: Option<u64>, reached: bool| Scheduled {
            offered,
            achieved: offered,
            latency: reached.then_some(Latency {
                p50: Duration::from_millis(20),
                p99: p99.map(Duration::from_millis),
                max: Duration::from_millis(500),
            }),
            lag: Duration::ZERO,
            backlog: 0,
            errors: Errors::default(),
        };
        let drawn = |steps: Vec<Scheduled>| {
            let mut outcome = outcome();
            outcome.candidates[0].steps = steps;
            measured_html(&Measurement { outcome: Some(&outcome), ..Measurement::default() })
        };
        let page = drawn(vec![step(30.0, Some(40), true), step(60.0, None, true), step(90.0, None, false)]);
        assert!(page.contains("<figcaption>p99 against rate</figcaption>"), "{page}");
        assert!(page.contains("current at 30/s: p50 20 ms, p99 40 ms"), "{page}");
        assert!(page.contains("current at 60/s: p50 20 ms, p99 unknown, slowest 500 ms"), "{page}");
        assert!(!page.contains("at 90/s"), "{page}");
        let page = drawn(vec![step(60.0, None, true)]);
        assert!(
            page.contains("<figcaption>Latency against rate</figcaption>") && !page.contains(">p99 against"),
            "{page}"
        );
    }

    #[test]
    fn no_best_is_printed_where_the_machine_was_busy_with_something_else() {
        let mut outcome = outcome();
        outcome.candidates.push(measured("third", 3, 300.0));
        let comparison = Comparison { label: "third".to_owned(), ..outcome.comparisons[0].clone() };
        outcome.comparisons.push(comparison);
        let pages = |outcome: &Outcome| {
            let run = Measurement { outcome: Some(outcome), ..Measurement::default() };
            let json: serde_json::Value = serde_json::from_str(&super::super::measured_json(&run)).unwrap();
            let pretty = super::super::many(outcome, crate::report::Look::detect(None, &|_| None));
            (measured_html(&run), json["best"].clone(), pretty)
        };
        let (html, json, pretty) = pages(&outcome);
        assert!(html.contains("Best: third") && json == "third" && pretty.contains("best: third"), "{pretty}");
        outcome.warnings.push(crate::measure::Warning::ForeignLoad { cores: 1.9 });
        let (html, json, pretty) = pages(&outcome);
        assert!(html.contains("Best: none is named, because other processes used the machine"), "{html}");
        assert!(json.is_null() && pretty.contains("best: none is named, because other processes"), "{pretty}");
    }

    #[test]
    fn a_table_of_markdown_keeps_its_cells() {
        let mut outcome = outcome();
        outcome.candidates[1].label = "a|b".to_owned();
        let run = Measurement { outcome: Some(&outcome), ..Measurement::default() };
        let page = super::super::measured_markdown(&run);
        let columns = |line: &str| line.replace("\\|", "").matches('|').count();
        let rows: Vec<usize> = page.lines().filter(|line| line.starts_with('|')).map(columns).collect();
        assert!(rows.len() == 4 && rows.iter().all(|count| *count == rows[0]), "{page}");
    }
}
