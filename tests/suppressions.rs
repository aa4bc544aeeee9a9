//! One rule for comments in every format: at the end of the line, or alone above, a comment covers the
//! smallest statement or instruction that it touches.
#![allow(clippy::expect_used, reason = "a test stops where its own ground is missing")]

use farrier::request::{Flags, Request};
use farrier::settings::Loaded;
use farrier::{Examination, examine};

/// A worker class that every version of Gunicorn in these projects has lost, in a file of each format.
/// `END` and `ABOVE` are where a comment may stand, one at a time.
const FORMATS: &[(&str, &str, &str)] = &[
    ("Python", "gunicorn.conf.py", "workers = 2\nABOVE\nworker_class = \"eventlet\"  END\n"),
    ("Python, over several lines", "gunicorn.conf.py", "ABOVE\nworker_class = (\n    \"eventlet\"\n)  END\n"),
    ("Python in a block", "gunicorn.conf.py", "if 2 > 1:\n    ABOVE\n    worker_class = \"eventlet\"  END\n"),
    ("Procfile", "Procfile", "release: true\nABOVE\nweb: gunicorn app:app -k eventlet  END\n"),
    ("shell script", "start.sh", "#!/bin/sh\nset -e\nABOVE\nexec gunicorn app:app -k eventlet  END\n"),
    (
        "shell script, over several lines",
        "start.sh",
        "#!/bin/sh\nABOVE\nexec gunicorn \\\n  -k eventlet \\\n  app:app  END\n",
    ),
    ("Dockerfile", "Dockerfile", "FROM python:3.13\nABOVE\nCMD [\"gunicorn\", \"app:app\", \"-k\", \"eventlet\"]\n"),
    (
        "Dockerfile, over several lines",
        "Dockerfile",
        "FROM python:3.13\nABOVE\nCMD gunicorn \\\n  -k eventlet \\\n  app:app\n",
    ),
    (
        "compose, in one line",
        "compose.yaml",
        "services:\n  web:\n    image: x\n    ABOVE\n    command: gunicorn app:app -k eventlet  END\n",
    ),
    (
        "compose, as a list",
        "compose.yaml",
        "services:\n  web:\n    image: x\n    command:\n      - gunicorn\n      - app:app\n      - -k\n      ABOVE\n      - eventlet  END\n",
    ),
    (
        "Kubernetes",
        "k8s.yaml",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  template:\n    spec:\n      containers:\n        - name: web\n          image: x\n          ABOVE\n          command: [\"gunicorn\", \"app:app\", \"-k\", \"eventlet\"]  END\n",
    ),
    (
        "render.yaml",
        "render.yaml",
        "services:\n  - type: web\n    name: web\n    env: python\n    ABOVE\n    startCommand: gunicorn app:app -k eventlet  END\n",
    ),
    ("TOML", "fly.toml", "app = \"x\"\n[processes]\nABOVE\nweb = \"gunicorn app:app -k eventlet\"  END\n"),
    (
        "INI of supervisord",
        "supervisord.conf",
        "[program:web]\nABOVE\ncommand=gunicorn app:app -k eventlet\nautostart=true\n",
    ),
    (
        "unit of systemd",
        "web.service",
        "[Service]\nABOVE\nExecStart=/usr/bin/gunicorn app:app -k eventlet\nRestart=always\n",
    ),
    ("makefile", "Makefile", "run:\n\tABOVE\n\tgunicorn app:app -k eventlet  END\n"),
    ("justfile", "justfile", "run:\n    ABOVE\n    gunicorn app:app -k eventlet  END\n"),
];

#[test]
fn a_comment_covers_the_statement_it_touches_in_every_format() {
    let mut failures = Vec::new();
    for &(format, path, text) in FORMATS {
        for mark in ["END", "ABOVE"].into_iter().filter(|mark| text.contains(mark)) {
            let comment = "# farrier: ignore[removed-worker-class] -- the image holds an old Gunicorn";
            let examination = judged(path, text, Some((mark, comment)));
            let outcome = (examination.findings.len(), examination.suppressed.len());
            if outcome != (0, 1) {
                failures.push(format!("{format}, {mark}: {outcome:?} {:#?}", messages(&examination)));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn without_a_comment_every_format_reports() {
    for &(format, path, text) in FORMATS {
        let examination = judged(path, text, None);
        let rules: Vec<&str> = examination.findings.iter().map(|finding| finding.rule).collect();
        assert_eq!(rules, ["removed-worker-class"], "{format}: {:#?}", messages(&examination));
    }
}

#[test]
fn a_comment_at_another_line_covers_nothing_in_any_format() {
    for &(format, path, text) in FORMATS.iter().filter(|(.., text)| text.contains("ABOVE")) {
        let comment = "# farrier: ignore[removed-worker-class] -- too far up\n\n";
        let examination = judged(path, text, Some(("ABOVE", comment)));
        let mut rules: Vec<&str> = examination.findings.iter().map(|finding| finding.rule).collect();
        rules.sort_unstable();
        assert_eq!(rules, ["removed-worker-class", "unused-suppression"], "{format}: {:#?}", messages(&examination));
    }
}

/// What goes over several lines: a comment is about the word or the command that it stands at, and above the key, the
/// keyword or the target about all of them. `HERE` covers the class, `ELSEWHERE` does not.
const LONG: &[(&str, &str, &str)] = &[
    (
        "compose, as a list",
        "compose.yaml",
        "services:\n  web:\n    image: x\n    HERE\n    command:\n      ELSEWHERE\n      - gunicorn\n      - app:app  ELSEWHERE\n      - -k  HERE\n      - eventlet  HERE\n",
    ),
    (
        "compose, a list at the margin of its key",
        "compose.yaml",
        "services:\n  web:\n    image: x\n    HERE\n    command:\n    - gunicorn\n    - app:app  ELSEWHERE\n    - -k\n    HERE\n    - eventlet\n",
    ),
    (
        "Kubernetes, as a list",
        "k8s.yaml",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  template:\n    spec:\n      containers:\n        - name: web\n          image: x\n          HERE\n          command:\n            - gunicorn  ELSEWHERE\n            - app:app\n            - -k  HERE\n            HERE\n            - eventlet\n",
    ),
    (
        "makefile",
        "Makefile",
        "HERE\nrun:\n\techo start  ELSEWHERE\n\tgunicorn app:app -k eventlet  HERE\n\techo end  ELSEWHERE\n",
    ),
    (
        "justfile",
        "justfile",
        "run:\n    echo start  ELSEWHERE\n    HERE\n    gunicorn app:app -k eventlet\n    ELSEWHERE\n    echo end\n",
    ),
    ("shell script", "start.sh", "#!/bin/sh\necho start  ELSEWHERE\ngunicorn \\\n  -k eventlet \\\n  app:app  HERE\n"),
];

#[test]
fn a_comment_covers_the_smallest_instruction_that_it_touches() {
    let comment = "# farrier: ignore[removed-worker-class] -- the image holds an old Gunicorn";
    let mut failures = Vec::new();
    for &(format, path, text) in LONG {
        for (mark, expected) in [("HERE", 0), ("ELSEWHERE", 1)] {
            let marked = |line: &str| line.split_whitespace().last() == Some(mark);
            for (at, _) in text.lines().enumerate().filter(|(_, line)| marked(line)) {
                let lines = text.lines().enumerate().filter_map(|(other, line)| {
                    let bare = line.trim_end().trim_end_matches("ELSEWHERE").trim_end_matches("HERE").trim_end();
                    match (other == at, bare.trim().is_empty()) {
                        (true, _) => Some(format!("{bare}{}{comment}", if bare.is_empty() { "" } else { "  " })),
                        (false, true) => None,
                        (false, false) => Some(bare.to_owned()),
                    }
                });
                let written: Vec<String> = lines.collect();
                let examination = judged(path, &written.join("\n"), None);
                let left = examination.findings.iter().filter(|one| one.rule == "removed-worker-class").count();
                if left != expected {
                    failures.push(format!("{format}, {mark} in line {}: {left} left", at + 1));
                }
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn messages(examination: &Examination) -> Vec<String> {
    let said = examination.findings.iter().map(|finding| format!("{}: {}", finding.rule, finding.message));
    said.chain(examination.notes.iter().map(|note| note.reason.clone())).collect()
}

/// A project with this file and an application, with the mark written out and the others taken away.
fn judged(path: &str, text: &str, fill: Option<(&str, &str)>) -> Examination {
    let folder = tempfile::tempdir().expect("a folder");
    let mut text = text.to_owned();
    if let Some((mark, comment)) = fill {
        text = text.replace(mark, comment);
    }
    let kept = |line: &&str| !matches!(line.trim(), "ABOVE" | "END");
    let lines: Vec<&str> = text.lines().filter(kept).map(|line| line.strip_suffix("  END").unwrap_or(line)).collect();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("a file");
    write(path, &(lines.join("\n") + "\n"));
    write("requirements.txt", "gunicorn==26.0.0\nflask\n");
    write("app.py", "from flask import Flask\n\napp = Flask(__name__)\n");
    if path == "gunicorn.conf.py" {
        write("Procfile", "web: gunicorn app:app\n");
    }
    // What else is wrong with such a service is not the question.
    let select = ["removed-worker-class", "FAR"].map(str::to_owned).to_vec();
    let flags = Flags { select, ..Flags::default() };
    let request = Request::new(folder.path().to_path_buf(), &Loaded::default(), &flags).expect("there are such rules");
    examine(&request).expect("it can be read")
}
