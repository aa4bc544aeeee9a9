//! Reports that all renderers are tested with.

use super::Report;
use crate::findings::{Confidence, Edit, Finding, Fix, Label, Note, Severity, Suppressed};
use crate::source::{Files, Place, Span};

pub(super) fn finding(place: Place, label: &str) -> Finding {
    Finding {
        rule: "graceful-exceeds-kill",
        code: "LIF001",
        severity: Severity::Error,
        confidence: Confidence::High,
        message: "30 s to finish requests, but SIGKILL after 10 s".to_owned(),
        primary: Label::new(place, label),
        related: Vec::new(),
        help: None,
        category: None,
        pattern: None,
        handlers: Vec::new(),
        way: Vec::new(),
        cause: None,
        function: None,
        fix: None,
    }
}

/// The first occurrence of `text` in the file at `path`.
fn place(files: &Files, path: &str, text: &str) -> Place {
    let id = files.find(path).unwrap();
    let start = files.get(id).text().find(text).unwrap();
    Place::new(id, Span::new(start, start + text.len()))
}

pub(super) fn one_label() -> Report {
    let mut files = Files::new();
    files.add("gunicorn.conf.py", "bind = \"0.0.0.0:8000\"\ntimeout = 30  # farrier: ignore[x] -- why\nworkers = 9\n");
    let at = place(&files, "gunicorn.conf.py", "9");
    let mut first = finding(at, "9 workers");
    first.confidence = Confidence::Medium;
    first.help = Some("each worker holds the whole application in memory".to_owned());
    first.fix = Some(Fix::unsafe_("lower `workers` to 3", vec![Edit::replace(at, "3")]));
    let silent = finding(place(&files, "gunicorn.conf.py", "30"), "waits this long");
    let comment = place(&files, "gunicorn.conf.py", "# farrier: ignore[x] -- why");
    let suppressed = vec![Suppressed { finding: silent, reason: Some("why".to_owned()), comment }];
    let notes = vec![Note::line("helm/values.yaml", 3, "not checked, because it is a template")];
    Report::new(files, vec![first], suppressed, notes, 1)
}

pub(super) fn three_files() -> Report {
    let mut files = Files::new();
    files.add(
        "compose.yaml",
        "services:\n  web:\n    build: .\n    stop_grace_period: 10s\n    deploy:\n      resources:\n        limits:\n          memory: 512M\n",
    );
    files.add("Dockerfile", "FROM python:3.13\nCOPY . .\nCMD [\"gunicorn\", \"app:app\"]\n");
    files.add("gunicorn.conf.py", "workers = 9\nthreads = 4\ngraceful_timeout = 30\n");
    let mut lifecycle = finding(place(&files, "gunicorn.conf.py", "graceful_timeout = 30"), "waits this long");
    lifecycle.related = vec![
        Label::new(place(&files, "compose.yaml", "10s"), "killed here"),
        Label::new(place(&files, "Dockerfile", "gunicorn"), "started here"),
    ];
    lifecycle.help = Some("the grace period has to be longer than the graceful timeout".to_owned());
    lifecycle.fix = Some(Fix::safe(
        "lower `graceful_timeout` to 8",
        vec![Edit::replace(place(&files, "gunicorn.conf.py", "30"), "8")],
    ));
    let mut memory = finding(place(&files, "gunicorn.conf.py", "9"), "9 workers");
    memory.rule = "workers-exceed-memory";
    memory.code = "MEM001";
    memory.severity = Severity::Warning;
    memory.message = "9 workers of about 90 MiB need 810 MiB, but the service may use 512 MiB".to_owned();
    memory.related = vec![
        Label::new(place(&files, "gunicorn.conf.py", "4"), "each with 4 threads"),
        Label::new(place(&files, "gunicorn.conf.py", "threads"), "same line"),
        Label::new(place(&files, "compose.yaml", "512M"), "the limit"),
        Label::new(place(&files, "compose.yaml", "web"), "of this service"),
    ];
    Report::new(files, vec![lifecycle, memory], Vec::new(), Vec::new(), 1)
}

/// A long line, tabs, text beyond ASCII, CRLF, control characters, an empty file, no final newline,
/// places over several lines.
pub(super) fn odd_texts() -> Report {
    let mut files = Files::new();
    let long = format!("cmd = \"{} --workers 9 {}\"\n", "--one ".repeat(25), "--two ".repeat(25));
    files.add("a-long.py", long);
    files.add("b-tabs.sh", "if true; then\n\texec\tgunicorn app:app\nfi\n");
    files.add("c-wide.py", "\u{feff}größe = '設定'; workers = 9\r\nx = 1\r\n");
    files.add("d-escape.py", "a = '\x1b[31m'; workers = 9");
    files.add("e-empty.py", "");
    files.add("f-last.py", "threads = 2\nworkers = 9\n");
    files.add("g-several.py", "import x\nx.run(\n    app,\n    workers=9,\n)\ny = 1\n");
    let mut findings: Vec<Finding> = [
        ("a-long.py", "--workers 9"),
        ("b-tabs.sh", "gunicorn"),
        ("c-wide.py", "workers"),
        ("d-escape.py", "9"),
        ("e-empty.py", ""),
        ("g-several.py", "x.run(\n    app,\n    workers=9,\n)"),
    ]
    .iter()
    .map(|(path, text)| finding(place(&files, path, text), "here"))
    .collect();
    let id = files.find("f-last.py").unwrap();
    let end = files.get(id).text().len();
    findings.push(finding(Place::new(id, Span::new(end, end)), "nothing sets it"));
    Report::new(files, findings, Vec::new(), Vec::new(), 1)
}
