//! What the watchdog wrote, summed up line by line of the project.

use crate::values::Order as _;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Deserialize;

/// One line that held an event loop.
#[derive(Debug, Clone, PartialEq)]
pub struct Held {
    /// The file, as Python named it.
    pub file: PathBuf,
    /// One-based.
    pub line: usize,
    /// The function around it.
    pub function: String,
    /// What it called in a library that was seen at it, such as `socket.create_connection`.
    pub inner: Option<String>,
    /// Whether the file belongs to the project, and not to something installed.
    pub own: bool,
    /// What the thread did meanwhile, as seen most often.
    pub holds: Holds,
    /// How often.
    pub times: usize,
    /// The longest of them.
    pub longest: Duration,
    /// All of them together.
    pub total: Duration,
}

/// What a thread that holds its loop does meanwhile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Holds {
    /// It sleeps.
    Sleep,
    /// It waits for a socket.
    Socket,
    /// It reads or writes a file.
    Disk,
    /// It waits for a pipe.
    Pipe,
    /// It waits for a lock, or for another thread.
    Lock,
    /// It waits for another process to end.
    Process,
    /// It runs Python code.
    Cpu,
    /// It computes inside of one call that is not written in Python.
    CCall,
    /// It waits for something that the system keeps to itself.
    #[serde(other)]
    Waiting,
}

impl Holds {
    /// The word used in output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sleep => "sleep",
            Self::Socket => "socket",
            Self::Disk => "disk",
            Self::Pipe => "pipe",
            Self::Lock => "lock",
            Self::Process => "process",
            Self::Cpu => "cpu",
            Self::CCall => "c-call",
            Self::Waiting => "waiting",
        }
    }
}

/// One time that a loop came late.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lag {
    /// When it went on, counted from the beginning of the load.
    pub at: Duration,
    /// How long it had not.
    pub lasted: Duration,
    /// Which of the lines held it; `None` where no line did.
    pub by: Option<usize>,
}

/// Everything that all processes wrote.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Told {
    pub(super) lags: Vec<Lag>,
    pub(super) loops: Vec<String>,
    pub(super) held: Vec<Held>,
    pub(super) late: usize,
    pub(super) faults: Vec<String>,
}

/// One line of what the watchdog wrote.
#[derive(Deserialize)]
#[serde(untagged)]
enum Entry {
    Stall(Stall),
    Hello { r#loop: String },
    Late { late: f64, at: f64 },
    Fault { error: String },
}

#[derive(Deserialize)]
struct Stall {
    #[serde(rename = "stall")]
    milliseconds: f64,
    at: f64,
    kind: Holds,
    own: bool,
    file: PathBuf,
    line: usize,
    function: String,
    inner: Option<String>,
}

/// Reads what was written since then; what runs was told of before.
pub(super) fn read(folder: &Path, since: SystemTime) -> std::io::Result<Told> {
    let mut text = String::new();
    for file in std::fs::read_dir(folder)? {
        text.push_str(&String::from_utf8_lossy(&std::fs::read(file?.path())?));
        text.push('\n');
    }
    Ok(summed(&text, since.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64()))
}

fn summed(text: &str, since: f64) -> Told {
    let mut told = Told::default();
    let mut lines: BTreeMap<(PathBuf, usize), Vec<Stall>> = BTreeMap::new();
    let mut late: Vec<(f64, f64)> = Vec::new();
    let mut blamed: Vec<(f64, f64, PathBuf, usize)> = Vec::new();
    // The last line of a process that was killed may be cut short.
    for entry in text.lines().filter_map(|line| serde_json::from_str(line).ok()) {
        match entry {
            Entry::Hello { r#loop } => told.loops.push(r#loop),
            Entry::Stall(stall) if stall.at >= since => {
                blamed.push((stall.at, stall.milliseconds, stall.file.clone(), stall.line));
                lines.entry((stall.file.clone(), stall.line)).or_default().push(stall);
            }
            Entry::Late { late: ms, at } if at >= since && ms > 0.0 => late.push((at, ms)),
            Entry::Fault { error } => told.faults.push(error),
            Entry::Stall(_) | Entry::Late { .. } => {}
        }
    }
    told.loops.order();
    told.loops.dedup();
    told.faults.order();
    told.faults.dedup();
    told.late = late.len().saturating_sub(blamed.len());
    told.held = lines.into_iter().filter_map(|((file, line), stalls)| held(file, line, &stalls)).collect();
    told.held.order_by(|one, other| other.total.cmp(&one.total).then_with(|| one.file.cmp(&other.file)));
    told.lags = lags(&told.held, &blamed, &late, since);
    told
}

/// Every time that a loop came late, in order; what a line is blamed for is written down twice.
fn lags(held: &[Held], blamed: &[(f64, f64, PathBuf, usize)], late: &[(f64, f64)], since: f64) -> Vec<Lag> {
    let seconds = |value: f64| Duration::from_secs_f64(value.clamp(0.0, 1e6));
    let lag = |at: f64, ms: f64, by| Lag { at: seconds(at - since), lasted: seconds(ms / 1000.0), by };
    let mut all: Vec<Lag> = blamed
        .iter()
        .map(|(at, ms, file, line)| lag(*at, *ms, held.iter().position(|one| one.file == *file && one.line == *line)))
        .collect();
    let known = |(at, ms): &&(f64, f64)| {
        !blamed.iter().any(|(own, own_ms, ..)| (own - at).abs() < SAME_MOMENT && (own_ms - ms).abs() < SAME_LENGTH)
    };
    all.extend(late.iter().filter(known).map(|(at, ms)| lag(*at, *ms, None)));
    all.order_by_key(|lag| lag.at);
    all
}

/// Seconds, and milliseconds, within which two lines of the records are about one and the same time.
const SAME_MOMENT: f64 = 0.02;
const SAME_LENGTH: f64 = 1.0;

/// All stalls of one line as one.
fn held(file: PathBuf, line: usize, stalls: &[Stall]) -> Option<Held> {
    let first = stalls.first()?;
    let mut kinds: BTreeMap<Holds, usize> = BTreeMap::new();
    for stall in stalls {
        *kinds.entry(stall.kind).or_default() += 1;
    }
    let length = |stall: &Stall| Duration::from_secs_f64(stall.milliseconds.clamp(0.0, 1e9) / 1000.0);
    Some(Held {
        file,
        line,
        function: first.function.clone(),
        inner: stalls.iter().find_map(|stall| stall.inner.clone()),
        own: first.own,
        holds: kinds.into_iter().max_by_key(|(_, times)| *times)?.0,
        times: stalls.len(),
        longest: stalls.iter().map(length).max()?,
        total: stalls.iter().map(length).sum(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRITTEN: &str = r#"
{"hello": 7, "loop": "uvloop.Loop", "at": 1.0}
{"hello": 8, "loop": "uvloop.Loop", "at": 1.0}
{"stall": 900.0, "at": 2.0, "kind": "cpu", "own": true, "file": "/p/app.py", "line": 1, "function": "import", "inner": null}
{"stall": 100.0, "at": 5.0, "kind": "sleep", "own": true, "file": "/p/app.py", "line": 9, "function": "home", "inner": null}
{"late": 100.0, "at": 5.0}
{"stall": 150.0, "at": 6.0, "kind": "sleep", "own": true, "file": "/p/app.py", "line": 9, "function": "home", "inner": "time.x"}
{"late": 150.0, "at": 6.0}
{"stall": 300.0, "at": 7.0, "kind": "of-another-system", "own": false, "file": "/l/x.py", "line": 3, "function": "f", "inner": null}
{"late": 300.0, "at": 7.0}
{"late": 70.0, "at": 8.0}
{"error": "KeyError"}
{"stall": 300.0, "at": 7.0, "ki"#;

    #[test]
    fn lines_are_summed_up_and_what_came_before_the_load_is_not() {
        let told = summed(WRITTEN, 4.0);
        assert_eq!(told.loops, ["uvloop.Loop"]);
        assert_eq!((told.late, told.faults.len()), (1, 1));
        let [library, own] = &told.held[..] else { panic!("{told:?}") };
        assert_eq!((library.holds, library.own, library.times), (Holds::Waiting, false, 1));
        assert_eq!((own.line, own.holds, own.times), (9, Holds::Sleep, 2));
        assert_eq!((own.longest.as_millis(), own.total.as_millis()), (150, 250));
        assert_eq!(own.inner.as_deref(), Some("time.x"));
        let lags: Vec<(u128, Option<usize>)> = told.lags.iter().map(|lag| (lag.at.as_millis(), lag.by)).collect();
        assert_eq!(lags, [(1000, Some(1)), (2000, Some(1)), (3000, Some(0)), (4000, None)]);
    }

    #[test]
    fn nothing_written_is_nothing_known() {
        assert_eq!(summed("", 0.0), Told::default());
    }
}
