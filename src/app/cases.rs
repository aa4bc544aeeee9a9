//! The analysis judged on small applications, each next to one that differs in what matters.
//!
//! `cases.txt` holds them: `===` starts one, `---` starts a further file of it, `# blocks` marks a
//! line that has to be reported with a weight above slight. Every other line has to stay silent.

use super::*;
use crate::python::syntax::parse;

const PRELUDE: &str = "from fastapi import Depends, FastAPI\napp = FastAPI()\n";

fn analysed(case: &str) -> (Files, Option<Application>) {
    let mut files = Files::new();
    for (i, part) in case.split("\n--- ").enumerate() {
        let (path, text) = part.split_once('\n').unwrap_or((part, ""));
        let (path, prelude) = if i == 0 { ("main.py", PRELUDE) } else { (path, "") };
        files.add(path, format!("{prelude}{text}\n"));
    }
    let modules = files.iter().map(|(id, file)| (id, parse(file.text()).unwrap())).collect();
    let application = analyse(&files, &modules, "main:app", "");
    (files, application)
}

fn marked(files: &Files) -> Vec<String> {
    let lines = files.iter().flat_map(|(_, file)| {
        let marked = file.text().lines().zip(1..).filter(|(line, _)| line.ends_with("# blocks"));
        marked.map(|(_, number)| format!("{}:{number}", file.path())).collect::<Vec<_>>()
    });
    lines.collect()
}

fn reported(files: &Files, application: &Application) -> Vec<String> {
    let heavy = application.blocking.iter().filter(|blocking| blocking.weight > Weight::Slight);
    let places = heavy.flat_map(|blocking| std::iter::once(blocking.call).chain(blocking.more.iter().copied()));
    let mut lines: Vec<_> = places.map(|place| files.describe(place)).collect();
    lines.sort();
    lines.dedup();
    lines
}

#[test]
fn every_case_reports_the_marked_lines_and_no_other() {
    let text = include_str!("cases.txt");
    let mut wrong = Vec::new();
    let cases: Vec<_> = text.split("=== ").skip(1).collect();
    for case in &cases {
        let name = case.lines().next().unwrap_or_default();
        let (files, application) = analysed(case);
        let mut expected = marked(&files);
        expected.sort();
        let found = application.as_ref().map(|application| reported(&files, application));
        if found.as_ref() != Some(&expected) {
            wrong.push(format!("{name}: expected {expected:?}, found {found:?}"));
        }
    }
    assert!(cases.len() >= 60, "only {} cases", cases.len());
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}
