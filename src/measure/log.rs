//! The end of a server's log, and the one line of it that says why the server ended.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

/// Bytes of the log that are looked at.
const TAIL: u64 = 16 * 1024;
/// Lines that are shown.
const SHOWN: usize = 20;
/// Longest line that is shown.
const WIDEST: usize = 300;

/// The last lines, without control characters that a terminal would obey.
pub(super) fn tail(path: &Path) -> Vec<String> {
    let text = read(path).unwrap_or_default();
    let clean = |line: &str| line.chars().filter(|c| !c.is_control() || *c == '\t').take(WIDEST).collect::<String>();
    let lines: Vec<String> = text.lines().map(clean).filter(|line| !line.trim().is_empty()).collect();
    lines.into_iter().rev().take(SHOWN).rev().collect()
}

fn read(path: &Path) -> std::io::Result<String> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
    let mut bytes = Vec::new();
    file.take(TAIL).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The line that says why: the last one that ends a Python traceback or a usage message, else
/// the last that Gunicorn marks as an error, else the last.
pub(super) fn reason(lines: &[String]) -> Option<&str> {
    let last = |test: fn(&str) -> bool| lines.iter().map(String::as_str).rfind(|line| test(line));
    last(raised)
        .or_else(|| last(|line| line.contains("[ERROR]") || line.starts_with("Error: ")))
        .or_else(|| last(|_| true))
}

/// Whether the line ends a traceback (`ModuleNotFoundError: No module named 'x'`) or is argparse
/// giving up (`gunicorn: error: unrecognized arguments`).
fn raised(line: &str) -> bool {
    let (name, _) = line.split_once(": ").unwrap_or((line, ""));
    let class = name.rsplit('.').next().unwrap_or(name);
    let named = (class.ends_with("Error") || class.ends_with("Exception")) && class != "Error";
    let dotted = name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '.');
    (named && dotted) || line.contains(": error: ")
}

/// Whether a server says that its address is taken.
pub(super) fn address_in_use(lines: &[String]) -> bool {
    lines
        .iter()
        .any(|line| line.contains("Connection in use") || line.to_ascii_lowercase().contains("address already in use"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn a_traceback_says_it_better_than_the_server() {
        let log = lines(
            "[2026-11-21 04:00:00 +0000] [7] [ERROR] Exception in worker process\n\
             Traceback (most recent call last):\n  File \"x.py\", line 1, in f\n\
             ModuleNotFoundError: No module named 'nothing'\n\
             [2026-11-21 04:00:00 +0000] [7] [INFO] Worker exiting (pid: 7)\n\
             [2026-11-21 04:00:00 +0000] [5] [ERROR] Reason: Worker failed to boot.",
        );
        assert_eq!(reason(&log), Some("ModuleNotFoundError: No module named 'nothing'"));
    }

    #[test]
    fn usage_errors_and_plain_errors() {
        let usage =
            lines("usage: gunicorn [OPTIONS] [APP_MODULE]\ngunicorn: error: unrecognized arguments: --nothing\nbye");
        assert_eq!(reason(&usage), Some("gunicorn: error: unrecognized arguments: --nothing"));
        let plain = lines("hello\n\nError: Not a string: 5\nlast");
        assert_eq!(reason(&plain), Some("Error: Not a string: 5"));
        assert_eq!(reason(&lines("one\ntwo")), Some("two"));
        assert_eq!(reason(&[]), None);
    }

    #[test]
    fn only_the_end_is_read_and_nothing_that_a_terminal_obeys() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let mut text = "x".repeat(100_000);
        text.push_str("\n\u{1b}[31mred\u{1b}[0m\n\n");
        text.push_str(&"line\n".repeat(30));
        std::fs::write(&path, &text).unwrap();
        assert_eq!(tail(&path), vec!["line"; 20]);
        std::fs::write(&path, "\u{1b}[31mred\u{7}\n").unwrap();
        assert_eq!(tail(&path), ["[31mred"]);
        assert!(tail(&folder.path().join("absent")).is_empty());
    }
}
