//! Drawings of a run as SVG, which a page holds as they are: no script, no font, nothing from elsewhere.
//!
//! Colours are classes of the page's style, so that a dark page has a dark drawing.

use std::fmt::Write as _;

use super::super::stalls::Sighting;
use super::{interval, milliseconds};
use crate::measure::{Latency, MOST_FOREIGN, Measured, Outcome};
use crate::sizing::Scalability;
use crate::values::Bytes;

const WIDTH: f64 = 680.0;
const HEIGHT: f64 = 280.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 20.0;
const TOP: f64 = 30.0;
const BOTTOM: f64 = 44.0;
/// Colours that the page's style has.
const COLOURS: usize = 6;
/// About the width of a letter.
const LETTER: f64 = 6.0;
/// Points of a curve.
const STEPS: u32 = 60;
/// More times that a loop came late cannot be told apart.
const MOST_LAGS: usize = 2000;

/// How numbers of an axis become places on it.
#[derive(Debug, Clone, Copy)]
struct Axis {
    low: f64,
    high: f64,
    log: bool,
}

impl Axis {
    fn from_zero(high: f64) -> Self {
        Self { low: 0.0, high: if high > 0.0 { high * 1.08 } else { 1.0 }, log: false }
    }

    fn decades(low: f64, high: f64) -> Self {
        let low = 10_f64.powf(low.max(1e-3).log10().floor());
        let high = 10_f64.powf(high.max(1e-3).log10().ceil());
        Self { low, high: if high > low { high } else { low * 10.0 }, log: true }
    }

    /// Share of the axis, 0 to 1.
    fn place(self, value: f64) -> f64 {
        let share = if self.log {
            (value.max(self.low).log10() - self.low.log10()) / (self.high.log10() - self.low.log10())
        } else {
            (value - self.low) / (self.high - self.low)
        };
        share.clamp(0.0, 1.0)
    }

    fn ticks(self) -> Vec<f64> {
        if self.log {
            let mut tick = self.low;
            let mut all = Vec::new();
            while tick <= self.high * 1.001 && all.len() < 12 {
                all.push(tick);
                tick *= 10.0;
            }
            return all;
        }
        let rough = (self.high - self.low) / 5.0;
        let decade = 10_f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|n| n * decade).find(|step| *step >= rough).unwrap_or(decade);
        let mut all = Vec::new();
        let mut tick = 0.0;
        while tick <= self.high && all.len() < 12 {
            if tick >= self.low {
                all.push(tick);
            }
            tick += step;
        }
        all
    }
}

fn x(axis: Axis, value: f64) -> f64 {
    LEFT + axis.place(value) * (WIDTH - LEFT - RIGHT)
}

fn y(axis: Axis, value: f64) -> f64 {
    HEIGHT - BOTTOM - axis.place(value) * (HEIGHT - TOP - BOTTOM)
}

/// A drawing with both axes.
fn frame(title: &str, (x_axis, x_name): (Axis, &str), (y_axis, y_name): (Axis, &str), inside: &str) -> String {
    let mut svg = format!(
        "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{0}\"><title>{0}</title>\n",
        escaped(title)
    );
    let (right, floor) = (WIDTH - RIGHT, HEIGHT - BOTTOM);
    for tick in y_axis.ticks() {
        let at = y(y_axis, tick);
        let _ = writeln!(svg, "<line class=\"grid\" x1=\"{LEFT}\" y1=\"{at:.1}\" x2=\"{right}\" y2=\"{at:.1}\"/>");
        let (left, at) = (LEFT - 8.0, at + 4.0);
        let _ = writeln!(svg, "<text class=\"end\" x=\"{left}\" y=\"{at:.1}\">{}</text>", number(tick));
    }
    for tick in x_axis.ticks() {
        let _ = writeln!(
            svg,
            "<text class=\"middle\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
            x(x_axis, tick),
            floor + 16.0,
            number(tick)
        );
    }
    let _ = writeln!(svg, "<line class=\"axis\" x1=\"{LEFT}\" y1=\"{floor}\" x2=\"{right}\" y2=\"{floor}\"/>");
    let middle = f64::midpoint(LEFT, right);
    let _ = writeln!(svg, "<text class=\"middle name\" x=\"{middle}\" y=\"{}\">{x_name}</text>", HEIGHT - 8.0);
    let _ = writeln!(svg, "<text class=\"name\" x=\"4\" y=\"{}\">{y_name}</text>", TOP - 17.0);
    svg.push_str(inside);
    svg.push_str("</svg>\n");
    svg
}

/// Requests per second by the number of workers, with intervals, the number of cores, and a fitted curve where there are
/// enough points.
pub(super) fn throughput(outcome: &Outcome, cores: Option<f64>) -> Option<String> {
    let shown: Vec<&Measured> =
        outcome.candidates.iter().filter(|one| one.workers > 0 && one.rate.median > 0.0).collect();
    let most = shown.iter().map(|one| count(one.workers)).fold(0.0, f64::max).max(cores.unwrap_or(0.0));
    let highest = shown.iter().map(|one| one.rate.high).fold(0.0, f64::max);
    let (across, up) = (Axis { low: 0.0, high: most + 1.0, log: false }, Axis::from_zero(highest));
    let mut inside = String::new();
    if let Some(cores) = cores {
        let at = x(across, cores);
        let _ = writeln!(
            inside,
            "<line class=\"limit\" x1=\"{at:.1}\" y1=\"{TOP}\" x2=\"{at:.1}\" y2=\"{}\"/>",
            HEIGHT - BOTTOM
        );
        let _ = writeln!(
            inside,
            "<text class=\"limit\" x=\"{:.1}\" y=\"{:.1}\">{} cores</text>",
            at + 4.0,
            TOP + 8.0,
            number(cores)
        );
    }
    if let Some(fitted) = fit(&shown) {
        let points: Vec<String> = (0..=STEPS)
            .map(|step| 1.0 + (most - 1.0) * f64::from(step) / f64::from(STEPS))
            .map(|n| format!("{:.1},{:.1}", x(across, n), y(up, fitted.at(n))))
            .collect();
        let _ = writeln!(inside, "<polyline class=\"fit\" points=\"{}\"/>", points.join(" "));
    }
    for (place, one) in shown.iter().enumerate() {
        let beside = count(shown.iter().take(place).filter(|other| other.workers == one.workers).count());
        let index = outcome.candidates.iter().position(|other| other.label == one.label).unwrap_or(0);
        // Points of one number stand beside each other.
        let at = x(across, count(one.workers)) + beside * 9.0;
        let (low, high, middle) = (y(up, one.rate.low), y(up, one.rate.high), y(up, one.rate.median));
        let colour = index % COLOURS;
        let _ = writeln!(
            inside,
            "<g class=\"c{colour}\"><title>{}: {} requests/s</title>",
            escaped(&one.label),
            interval(one.rate, 0)
        );
        let _ = writeln!(
            inside,
            "<line class=\"whisker\" x1=\"{at:.1}\" y1=\"{low:.1}\" x2=\"{at:.1}\" y2=\"{high:.1}\"/>"
        );
        let _ = writeln!(inside, "<circle cx=\"{at:.1}\" cy=\"{middle:.1}\" r=\"4\"/></g>");
    }
    (!shown.is_empty()).then(|| frame("Throughput by workers", (across, "workers"), (up, "requests/s"), &inside))
}

/// The scalability law, for the numbers of workers of a grid or a search.
pub(super) fn fit(shown: &[&Measured]) -> Option<Scalability> {
    let points: Vec<(u32, f64)> =
        shown.iter().filter_map(|one| Some((u32::try_from(one.workers).ok()?, one.rate.median))).collect();
    Scalability::fit(&points)
}

/// What the drawing below may call itself: without a 99th percentile it is no drawing of one.
pub(super) fn ladder_name(outcome: &Outcome) -> &'static str {
    let known = |one: &Measured| one.steps.iter().any(|step| step.latency.is_some_and(|latency| latency.p99.is_some()));
    if outcome.candidates.iter().any(known) { "p99 against rate" } else { "Latency against rate" }
}

/// Latency at each rate that was offered on a schedule, whatever the server did meanwhile.
pub(super) fn ladder(outcome: &Outcome) -> Option<String> {
    let ms = |time: std::time::Duration| time.as_secs_f64() * 1000.0;
    let known: Vec<(usize, &Measured, f64, Latency)> = outcome
        .candidates
        .iter()
        .enumerate()
        .flat_map(|(index, one)| one.steps.iter().map(move |step| (index, one, step)))
        .filter_map(|(index, one, step)| Some((index, one, step.offered, step.latency?)))
        .collect();
    let top = |latency: &Latency| ms(latency.p99.unwrap_or(latency.max));
    let low = known.iter().map(|(.., latency)| ms(latency.p50)).fold(f64::INFINITY, f64::min);
    let up = Axis::decades(low, known.iter().map(|(.., latency)| top(latency)).fold(0.0, f64::max));
    let across = Axis::from_zero(known.iter().map(|(_, _, rate, _)| *rate).fold(0.0, f64::max));
    let mut inside = String::new();
    for (index, one, rate, latency) in &known {
        let (at, middle, high) = (x(across, *rate), y(up, ms(latency.p50)), y(up, top(latency)));
        let (p50, p99) = (milliseconds(Some(latency.p50)), milliseconds(latency.p99));
        let slowest = milliseconds(Some(latency.max));
        let _ = writeln!(
            inside,
            "<g class=\"c{}\"><title>{} at {rate:.0}/s: p50 {p50}, p99 {p99}, slowest {slowest}</title>",
            index % COLOURS,
            escaped(&one.label)
        );
        let _ = writeln!(
            inside,
            "<line class=\"whisker\" x1=\"{at:.1}\" y1=\"{middle:.1}\" x2=\"{at:.1}\" y2=\"{high:.1}\"/>"
        );
        if latency.p99.is_some() {
            let _ = writeln!(inside, "<circle cx=\"{at:.1}\" cy=\"{high:.1}\" r=\"4\"/>");
        }
        let _ = writeln!(inside, "<circle class=\"hollow\" cx=\"{at:.1}\" cy=\"{middle:.1}\" r=\"4\"/></g>");
    }
    let name = "ms, p50 hollow, p99 filled";
    (!known.is_empty()).then(|| frame(ladder_name(outcome), (across, "requests/s"), (up, name), &inside))
}

/// Latency of the closed loop against the requests that were answered meanwhile.
pub(super) fn latency(outcome: &Outcome) -> Option<String> {
    let known: Vec<(usize, &Measured)> =
        outcome.candidates.iter().enumerate().filter(|(_, one)| one.p50.is_some() && one.rate.median > 0.0).collect();
    let ms = |time: Option<std::time::Duration>| time.map(|time| time.as_secs_f64() * 1000.0);
    let all = || known.iter().flat_map(|(_, one)| [ms(one.p50), ms(one.p99)]).flatten();
    let (low, high) = (all().fold(f64::INFINITY, f64::min), all().fold(0.0, f64::max));
    let across = Axis::from_zero(known.iter().map(|(_, one)| one.rate.median).fold(0.0, f64::max));
    let up = Axis::decades(low, high);
    let mut inside = String::new();
    for (index, one) in &known {
        let at = x(across, one.rate.median);
        let middle = ms(one.p50).map_or(0.0, |value| y(up, value));
        let _ = writeln!(
            inside,
            "<g class=\"c{}\"><title>{}: p50 {}, p99 {}</title>",
            index % COLOURS,
            escaped(&one.label),
            milliseconds(one.p50),
            milliseconds(one.p99)
        );
        if let Some(p99) = ms(one.p99) {
            let top = y(up, p99);
            let _ = writeln!(
                inside,
                "<line class=\"whisker\" x1=\"{at:.1}\" y1=\"{middle:.1}\" x2=\"{at:.1}\" y2=\"{top:.1}\"/>"
            );
            let _ = writeln!(inside, "<circle cx=\"{at:.1}\" cy=\"{top:.1}\" r=\"4\"/>");
        }
        let _ = writeln!(inside, "<circle class=\"hollow\" cx=\"{at:.1}\" cy=\"{middle:.1}\" r=\"4\"/></g>");
    }
    let name = "ms, p50 hollow, p99 filled";
    (!known.is_empty()).then(|| frame("Latency of the closed loop", (across, "requests/s"), (up, name), &inside))
}

/// Memory of each configuration, against what production has.
pub(super) fn memory(outcome: &Outcome, limit: Option<Bytes>) -> Option<String> {
    let known: Vec<(usize, &Measured, f64)> = outcome
        .candidates
        .iter()
        .enumerate()
        .filter_map(|(index, one)| Some((index, one, one.memory?.bytes.as_mib())))
        .collect();
    let limit = limit.map(Bytes::as_mib);
    let most = known.iter().map(|(.., mib)| *mib).fold(0.0, f64::max).max(limit.unwrap_or(0.0));
    let across = Axis::from_zero(most);
    let row = 26.0;
    let height = TOP + row * count(known.len()) + BOTTOM;
    let mut svg =
        format!("<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"Memory\"><title>Memory</title>\n");
    for tick in across.ticks() {
        let at = x(across, tick);
        let floor = height - BOTTOM;
        let _ = writeln!(svg, "<line class=\"grid\" x1=\"{at:.1}\" y1=\"{TOP}\" x2=\"{at:.1}\" y2=\"{floor}\"/>");
        let _ = writeln!(svg, "<text class=\"middle\" x=\"{at:.1}\" y=\"{:.1}\">{}</text>", floor + 16.0, number(tick));
    }
    for (place, (index, one, mib)) in known.iter().enumerate() {
        let top = TOP + row * count(place) + 4.0;
        let width = (x(across, *mib) - LEFT).max(1.0);
        let _ = writeln!(
            svg,
            "<g class=\"c{}\"><title>{}: {mib:.0} MiB</title><rect x=\"{LEFT}\" y=\"{top:.1}\" width=\"{width:.1}\" \
             height=\"16\" rx=\"2\"/></g>",
            index % COLOURS,
            escaped(&one.label)
        );
        let after = LEFT + width + 6.0;
        let label = escaped(&one.label);
        let (at, class) = if after + LETTER * count(label.len()) > WIDTH {
            (LEFT + width - 6.0, "end inside")
        } else {
            (after, "beside")
        };
        let _ = writeln!(svg, "<text class=\"{class}\" x=\"{at:.1}\" y=\"{:.1}\">{label}</text>", top + 12.5);
    }
    if let Some(limit) = limit {
        let at = x(across, limit);
        let _ = writeln!(
            svg,
            "<line class=\"limit\" x1=\"{at:.1}\" y1=\"{}\" x2=\"{at:.1}\" y2=\"{}\"/>",
            TOP - 4.0,
            height - BOTTOM
        );
        let _ = writeln!(svg, "<text class=\"limit end\" x=\"{:.1}\" y=\"{}\">limit</text>", at - 4.0, TOP - 4.0);
    }
    let _ =
        writeln!(svg, "<text class=\"middle name\" x=\"{}\" y=\"{}\">MiB</text>\n</svg>", WIDTH / 2.0, height - 8.0);
    (!known.is_empty()).then_some(svg)
}

/// Every window in the order of time; those with a busy machine are hollow.
pub(super) fn windows(outcome: &Outcome) -> Option<String> {
    let end = outcome.windows.iter().map(|one| (one.at + one.length).as_secs_f64()).fold(0.0, f64::max);
    let across = Axis::from_zero(end);
    let up = Axis::from_zero(outcome.windows.iter().map(|one| one.rate).fold(0.0, f64::max));
    let mut inside = String::new();
    for window in &outcome.windows {
        let label = outcome.candidates.get(window.candidate).map_or("", |one| one.label.as_str());
        let class = if window.foreign.is_some_and(|cores| cores > MOST_FOREIGN) { " class=\"hollow\"" } else { "" };
        let _ = writeln!(
            inside,
            "<g class=\"c{}\"><title>{}: {:.0} requests/s</title><circle{class} cx=\"{:.1}\" cy=\"{:.1}\" r=\"3.5\"/></g>",
            window.candidate % COLOURS,
            escaped(label),
            window.rate,
            x(across, window.at.as_secs_f64()),
            y(up, window.rate)
        );
    }
    (!outcome.windows.is_empty()).then(|| frame("Windows in time", (across, "seconds"), (up, "requests/s"), &inside))
}

/// When the event loop came late, and which line held it.
pub(super) fn lags(sighting: &Sighting<'_>) -> Option<String> {
    let stalls = sighting.stalls;
    let across = Axis { low: 0.0, high: stalls.length.as_secs_f64().max(0.1), log: false };
    let ms = |time: std::time::Duration| time.as_secs_f64() * 1000.0;
    let up = Axis::from_zero(stalls.lags.iter().map(|lag| ms(lag.lasted)).fold(0.0, f64::max));
    let mut inside = String::new();
    for lag in stalls.lags.iter().take(MOST_LAGS) {
        let (begun, ended) = (lag.at.saturating_sub(lag.lasted).as_secs_f64(), lag.at.as_secs_f64());
        let (left, right, top) = (x(across, begun), x(across, ended), y(up, ms(lag.lasted)));
        let line = lag.by.and_then(|by| sighting.lines.get(by));
        let name = line.map_or_else(|| "no line".to_owned(), |line| format!("{}:{}", line.path, line.held.line));
        let class = lag.by.map_or_else(|| "none".to_owned(), |by| format!("c{}", by % COLOURS));
        let _ = writeln!(
            inside,
            "<g class=\"{class}\"><title>{} at {ended:.2} s: {:.0} ms</title><rect class=\"lag\" x=\"{left:.1}\" y=\"{top:.1}\" \
             width=\"{:.1}\" height=\"{:.1}\"/></g>",
            escaped(&name),
            ms(lag.lasted),
            (right - left).max(1.5),
            HEIGHT - BOTTOM - top
        );
    }
    for (index, line) in sighting.lines.iter().take(COLOURS).enumerate() {
        let top = TOP + 6.0 + 15.0 * count(index);
        let at = WIDTH - RIGHT - 12.0;
        let _ = writeln!(
            inside,
            "<g class=\"c{index}\"><rect x=\"{at}\" y=\"{:.1}\" width=\"10\" height=\"10\" rx=\"2\"/></g>",
            top - 9.0
        );
        let name = format!("{}:{} {}", line.path, line.held.line, line.held.function);
        let _ = writeln!(inside, "<text class=\"end\" x=\"{}\" y=\"{top:.1}\">{}</text>", at - 5.0, escaped(&name));
    }
    (!stalls.lags.is_empty()).then(|| frame("Event loop", (across, "seconds"), (up, "ms late"), &inside))
}

#[allow(clippy::cast_precision_loss, reason = "a handful of things in a drawing")]
fn count(number: usize) -> f64 {
    number as f64
}

fn number(value: f64) -> String {
    if value >= 10_000.0 { format!("{}k", value / 1000.0) } else { format!("{}", (value * 1000.0).round() / 1000.0) }
}

/// Text of a page.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_numbers() {
        assert_eq!(Axis::from_zero(100.0).ticks(), [0.0, 50.0, 100.0]);
        assert_eq!(Axis { low: 0.0, high: 6.0, log: false }.ticks(), [0.0, 2.0, 4.0, 6.0]);
        assert_eq!(Axis::decades(3.0, 250.0).ticks().len(), 4);
        assert_eq!([12_000.0, 0.1 + 0.2, 50.0].map(number), ["12k", "0.3", "50"]);
    }

    #[test]
    fn places_lie_on_the_axis() {
        let close = |one: f64, other: f64| (one - other).abs() < 1e-9;
        assert!(close(Axis { low: 0.0, high: 10.0, log: false }.place(5.0), 0.5));
        assert!(close(Axis::decades(1.0, 100.0).place(10.0), 0.5));
        assert!(close(Axis::from_zero(0.0).place(-3.0), 0.0) && close(Axis::from_zero(1.0).place(9.0), 1.0));
    }
}
