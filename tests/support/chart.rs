//! Plain drawings of numbers, as SVG.

use std::fmt::Write as _;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 320.0;
/// Room for the numbers and the names of the axes.
const LEFT: f64 = 56.0;
const BOTTOM: f64 = 48.0;
const TOP: f64 = 28.0;
const COLOURS: [&str; 3] = ["#2f6f4f", "#c0762b", "#8a8f98"];

/// A named line through points.
pub(crate) struct Line<'a> {
    pub(crate) name: &'a str,
    pub(crate) points: Vec<(f64, f64)>,
}

/// Lines over two axes that begin at 0, with a mark at each of `marks`.
pub(crate) fn lines(x: (&str, f64), y: (&str, f64), all: &[Line], marks: &[(f64, f64, &str)]) -> String {
    let at = |(a, b): (f64, f64)| {
        (LEFT + a / x.1 * (WIDTH - LEFT - 20.0), HEIGHT - BOTTOM - b / y.1 * (HEIGHT - BOTTOM - TOP))
    };
    let mut out = begin();
    axes(&mut out, x.0, y);
    for step in 0..=5 {
        let value = x.1 / 5.0 * f64::from(step);
        let (left, low) = at((value, 0.0));
        text(&mut out, left, low + 16.0, "middle", &format!("{value:.1}"));
    }
    for (line, colour) in all.iter().zip(COLOURS) {
        let points: Vec<String> = line
            .points
            .iter()
            .filter(|point| point.1 <= y.1)
            .map(|&point| {
                let (left, top) = at(point);
                format!("{left:.1},{top:.1}")
            })
            .collect();
        let _ = writeln!(
            out,
            "<polyline points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\"/>",
            points.join(" ")
        );
    }
    legend(&mut out, &all.iter().map(|line| line.name).collect::<Vec<_>>());
    for &(a, b, name) in marks {
        let (left, top) = at((a, b));
        let _ = writeln!(out, "<circle cx=\"{left:.1}\" cy=\"{top:.1}\" r=\"4\" fill=\"{}\"/>", COLOURS[0]);
        text(&mut out, left - 8.0, top - 8.0, "end", name);
    }
    out + "</svg>\n"
}

/// Bars beside each other for every group, in the order of `names`.
pub(crate) fn bars(y: (&str, f64), names: &[&str], groups: &[(String, Vec<f64>)]) -> String {
    let mut out = begin();
    axes(&mut out, "", y);
    #[allow(clippy::cast_precision_loss, reason = "a handful of groups and bars")]
    let wide = (WIDTH - LEFT - 20.0) / groups.len() as f64;
    #[allow(clippy::cast_precision_loss, reason = "a handful of groups and bars")]
    let bar = wide * 0.8 / names.len() as f64;
    let mut left = LEFT + wide * 0.1;
    for (name, values) in groups {
        let mut at = left;
        for (value, colour) in values.iter().zip(COLOURS) {
            let high = value / y.1 * (HEIGHT - BOTTOM - TOP);
            let _ = writeln!(
                out,
                "<rect x=\"{at:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{high:.1}\" fill=\"{colour}\"/>",
                HEIGHT - BOTTOM - high,
                bar - 1.0
            );
            at += bar;
        }
        for (line, word) in name.split(' ').enumerate() {
            let down = if line == 0 { 14.0 } else { 28.0 };
            text(&mut out, left + wide * 0.4, HEIGHT - BOTTOM + down, "middle", word);
        }
        left += wide;
    }
    legend(&mut out, names);
    out + "</svg>\n"
}

fn begin() -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" \
         font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n"
    )
}

/// The two axes, and five lines across.
fn axes(out: &mut String, x: &str, y: (&str, f64)) {
    for step in 0..=5 {
        let share = f64::from(step) / 5.0;
        let top = HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP);
        let _ = writeln!(
            out,
            "<line x1=\"{LEFT}\" x2=\"{}\" y1=\"{top:.1}\" y2=\"{top:.1}\" stroke=\"#d8dade\"/>",
            WIDTH - 20.0
        );
        text(out, LEFT - 6.0, top + 4.0, "end", &format!("{:.0}", share * y.1));
    }
    text(out, LEFT, 14.0, "start", y.0);
    text(out, WIDTH - 20.0, HEIGHT - 8.0, "end", x);
}

fn legend(out: &mut String, names: &[&str]) {
    let mut left = WIDTH - 20.0 - 150.0 * f64::from(u8::try_from(names.len()).unwrap_or(u8::MAX));
    for (name, colour) in names.iter().zip(COLOURS) {
        let _ = writeln!(out, "<rect x=\"{left:.1}\" y=\"5\" width=\"10\" height=\"10\" fill=\"{colour}\"/>");
        text(out, left + 14.0, 14.0, "start", name);
        left += 150.0;
    }
}

fn text(out: &mut String, x: f64, y: f64, anchor: &str, what: &str) {
    let _ = writeln!(out, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" fill=\"#30343a\">{what}</text>");
}
