//! The run as a page for a pull request.

use std::fmt::Write as _;

use super::super::stalls::Sighting;
use super::routes::{Load, cell};
use super::{Measurement, alone_it_does, best, caution, cells, limits, milliseconds, standing, times, verdict};
use crate::measure::{Alone, Choice, Outcome, choice};

/// The run for a browser that renders Markdown.
pub fn measured_markdown(run: &Measurement<'_>) -> String {
    let mut text = "# Measured\n".to_owned();
    for sentence in limits::sentences(run) {
        let _ = write!(text, "\nLimits: {}.\n", escaped(&sentence));
    }
    if let Some(outcome) = run.outcome {
        compared(outcome, run.connections, &mut text);
    }
    if let Some(alone) = run.alone {
        one_connection(alone, &mut text);
    }
    if let Some(sighting) = run.stalls {
        watched(sighting, &mut text);
    }
    if let Some(load) = run.load {
        not_asked(load, &mut text);
    }
    text
}

fn compared(outcome: &Outcome, connections: usize, text: &mut String) {
    let found = choice(outcome);
    let _ = writeln!(text, "\n{connections} connections, {:.0} s.\n", outcome.took.as_secs_f64());
    if let Some(search) = &outcome.search {
        if found != Choice::AllFail {
            let _ = writeln!(text, "**Best: {}**\n", escaped(&best(&found)));
        }
        let _ = writeln!(text, "{}\n", standing(search, outcome));
    }
    for comparison in outcome.comparisons.iter().filter(|_| outcome.search.is_none()) {
        let (label, said) = (escaped(&comparison.label), verdict(&comparison.verdict));
        let more = times(comparison).map_or_else(String::new, |times| format!(", {times}"));
        let _ = writeln!(text, "- **{label}: {said}**{more}");
    }
    let names = cells().map(|(name, _)| name).join(" | ");
    let _ = writeln!(text, "\n| | {names} |\n|---|{}", "---:|".repeat(cells().len()));
    for one in &outcome.candidates {
        let row = cells().map(|(_, cell)| cell(one)).join(" | ");
        let _ = writeln!(text, "| {} | {row} |", escaped(&one.label));
    }
    text.push('\n');
    for one in &outcome.candidates {
        let _ = writeln!(text, "- {}: `{}`", escaped(&one.label), one.command.join(" ").replace('`', "'"));
    }
    by_request(outcome, text);
    if let Some(generator) = outcome.generator {
        let _ = writeln!(text, "\nFor comparison: {}.", alone_it_does(generator));
    }
    if !outcome.warnings.is_empty() {
        text.push_str("\n## What weakens this\n\n");
        for warning in &outcome.warnings {
            let _ = writeln!(text, "- {}", escaped(&caution(warning)));
        }
    }
}

/// What each of several requests took.
fn by_request(outcome: &Outcome, text: &mut String) {
    let Some(first) = outcome.candidates.first().filter(|one| !one.routes.is_empty()) else { return };
    let names = outcome.candidates.iter().map(|one| escaped(&one.label)).collect::<Vec<_>>().join(" | ");
    let _ = writeln!(text, "\n## Each request\n\n| | {names} |\n|---|{}", "---:|".repeat(outcome.candidates.len()));
    for (index, asked) in first.routes.iter().enumerate() {
        let cells = outcome.candidates.iter().map(|one| one.routes.get(index).map_or_else(super::unknown, cell));
        let _ = writeln!(text, "| {} | {} |", escaped(&asked.name), cells.collect::<Vec<_>>().join(" | "));
    }
}

/// What was not asked, and why.
fn not_asked(load: &Load, text: &mut String) {
    let Some(source) = load.source.as_ref().filter(|_| !load.left_out.is_empty()) else { return };
    let _ = writeln!(text, "\n## Not asked\n\nOf {}:\n", escaped(source));
    for (what, reason) in &load.left_out {
        let _ = writeln!(text, "- {}: {}", escaped(what), escaped(reason));
    }
}

fn one_connection(alone: &Alone, text: &mut String) {
    text.push_str("\n## One request by itself\n\n| path | takes | computes | waits |\n|---|---:|---:|---:|\n");
    for route in &alone.routes {
        let waits = route.waits().map_or_else(super::unknown, |share| format!("{:.0} %", share * 100.0));
        let (takes, computes) = (milliseconds(route.takes), milliseconds(route.computes));
        let _ = writeln!(text, "| {} | {takes} | {computes} | {waits} |", escaped(&route.path));
    }
}

fn watched(sighting: &Sighting<'_>, text: &mut String) {
    text.push_str("\n## What holds the event loop\n\n");
    if sighting.stalls.loops.is_empty() {
        text.push_str("No event loop was seen.\n");
        return;
    }
    if sighting.lines.is_empty() {
        text.push_str("No line held it for 50 ms.\n");
        return;
    }
    text.push_str("| line | function | does | times | longest | said by |\n|---|---|---|---:|---:|---|\n");
    for line in &sighting.lines {
        let held = line.held;
        let by: Vec<&str> = line.by.iter().map(|finding| finding.rule).collect();
        let _ = writeln!(
            text,
            "| {}:{} | {} | {} | {} | {} | {} |",
            escaped(&line.path),
            held.line,
            escaped(&held.function),
            held.holds.as_str(),
            held.times,
            milliseconds(Some(held.longest)),
            if by.is_empty() { "no finding".to_owned() } else { by.join(", ") },
        );
    }
}

/// Text that neither ends a cell nor begins something else.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('|', "\\|").replace('<', "&lt;").replace('*', "\\*").replace('_', "\\_")
}
