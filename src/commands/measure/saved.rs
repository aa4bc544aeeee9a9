//! A run that is kept beside the project, and what `check` and `advise` tell of it.
//!
//! Decides when a run is still about what stands there: a line is cited while it reads the same, and a comparison while
//! the settings are those that were measured. It is cited, and decides nothing.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use farrier::Examination;
use farrier::deployment::Deployment;
use farrier::findings::Finding;
use farrier::source::Files;
use serde::Deserialize;

use super::arguments;

/// Where `check` and `advise` look, in the root of the project.
pub(crate) const FILE: &str = "farrier-measured.json";

#[derive(Deserialize)]
pub(crate) struct Saved {
    measured: String,
    arguments: Vec<String>,
    candidates: Vec<Candidate>,
    best: Option<String>,
    stalls: Option<Stalls>,
}

#[derive(Deserialize)]
struct Candidate {
    label: String,
    requests_per_second: Range,
}

#[derive(Deserialize)]
struct Range {
    median: f64,
}

#[derive(Deserialize)]
struct Stalls {
    lines: Vec<Held>,
}

#[derive(Deserialize)]
struct Held {
    path: String,
    line: usize,
    text: Option<String>,
    times: usize,
    longest_ms: f64,
}

/// The file that was named, or the one in the root.
pub(super) fn place(named: &Path, root: &Path) -> PathBuf {
    if named == Path::new(FILE) { root.join(FILE) } else { named.to_path_buf() }
}

/// The run that is kept in the root; `None` where there is none that can be read.
pub(crate) fn load(root: &Path) -> Option<Saved> {
    serde_json::from_str(&farrier::source::read_text(&root.join(FILE)).ok()?).ok()
}

impl Saved {
    /// What it says about lines that still read the same, with the findings that it confirms.
    pub(crate) fn lines(&self, files: &Files, findings: &[Finding]) -> Vec<String> {
        let stalls = self.stalls.iter().flat_map(|stalls| &stalls.lines);
        stalls.filter_map(|line| self.line(line, files, findings)).collect()
    }

    fn line(&self, line: &Held, files: &Files, findings: &[Finding]) -> Option<String> {
        let file = files.find(&line.path)?;
        let text = files.get(file);
        let same = text.line_span(line.line).is_some_and(|span| Some(text.slice(span).trim()) == line.text.as_deref());
        if !same {
            return None;
        }
        let about = |finding: &&Finding| {
            let labels = std::iter::once(&finding.primary).chain(&finding.related);
            let mut places = labels.map(|label| label.place);
            finding.category.is_some()
                && places.any(|place| place.file == file && text.line(place.span.start) == line.line)
        };
        let codes: Vec<&str> = findings.iter().filter(about).map(|finding| finding.code).collect();
        let by =
            if codes.is_empty() { "no finding says so".to_owned() } else { format!("confirms {}", codes.join(", ")) };
        let times = if line.times == 1 { "once".to_owned() } else { format!("{} times", line.times) };
        Some(format!(
            "measured on {}: {}:{} held the event loop {times}, longest {:.0} ms ({by})",
            self.measured, line.path, line.line, line.longest_ms
        ))
    }

    /// What it says about a launch whose settings are those that were measured.
    pub(crate) fn comparison(&self, found: &Examination, deployment: &Deployment, root: &Path) -> Option<String> {
        let current = arguments::current(found, deployment, root).ok()?;
        if current != self.arguments || self.candidates.len() < 2 {
            return None;
        }
        let rate = |label: &str| {
            let one = self.candidates.iter().find(|one| one.label == label)?;
            Some(format!("{:.0} requests/s", one.requests_per_second.median))
        };
        let now = rate("current")?;
        let best = self.best.as_deref()?;
        let others = self.candidates.len() - 1;
        let of = if others == 1 { String::new() } else { format!(" of {others} others") };
        Some(if best == "current" {
            format!("measured on {}: these settings answer {now}, and nothing{of} answered clearly more", self.measured)
        } else {
            format!(
                "measured on {}: these settings answer {now}, and the best{of}, {best}, {}",
                self.measured,
                rate(best)?
            )
        })
    }
}

/// The day of a moment, by the calendar of UTC: `2026-11-22`.
pub(super) fn day(moment: SystemTime) -> String {
    let days = moment.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs() / 86_400);
    // Howard Hinnant's `civil_from_days`: years begin in March, so that a leap day is the last of one.
    let shifted = days + 719_468;
    let era = shifted / 146_097;
    let of_era = shifted % 146_097;
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    format!("{:04}-{month:02}-{day:02}", year + era * 400 + next)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn days_are_those_of_the_calendar() {
        let of = |seconds| day(UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(of(0), "1970-01-01");
        assert_eq!(of(951_782_400), "2000-02-29");
        assert_eq!(of(951_868_800), "2000-03-01");
        assert_eq!(of(1_795_305_600), "2026-11-22");
        assert_eq!(of(1_798_761_599), "2026-12-31");
    }

    #[test]
    fn a_line_is_cited_while_it_reads_the_same() {
        let saved: Saved = serde_json::from_str(
            r#"{"measured": "2026-11-22", "arguments": [], "candidates": [], "best": null, "stalls": {"lines":
               [{"path": "app.py", "line": 2, "text": "time.sleep(1)", "times": 3, "longest_ms": 1000.4}]}}"#,
        )
        .unwrap();
        let mut files = Files::new();
        files.add("app.py", "async def home():\n    time.sleep(1)\n");
        let expected =
            "measured on 2026-11-22: app.py:2 held the event loop 3 times, longest 1000 ms (no finding says so)";
        assert_eq!(saved.lines(&files, &[]), [expected]);
        let mut files = Files::new();
        files.add("app.py", "async def home():\n    await asyncio.sleep(1)\n");
        assert!(saved.lines(&files, &[]).is_empty());
    }
}
