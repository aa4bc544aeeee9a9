//! The analysis judged on small applications, each next to one that differs in what matters.
//!
//! `cases.txt` and the files in `cases` hold them: `===` starts one, `---` starts a further file of it,
//! `# blocks` marks a line that has to be reported with a weight above slight, `# may block` one that
//! has to be reported as likely rather than certain, `# could block` one that is hardly more than possible.
//! Every other line has to stay silent.

use super::*;
use crate::findings::Confidence;
use crate::python::syntax::parse;

const PRELUDE: &str = "from fastapi import Depends, FastAPI\napp = FastAPI()\n";

/// How a line says that it has to be reported, and how sure at most.
const MARKS: [(&str, Confidence); 3] =
    [("# blocks", Confidence::High), ("# may block", Confidence::Medium), ("# could block", Confidence::Low)];

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
        let is_marked = |line: &str| MARKS.iter().any(|(mark, _)| line.ends_with(mark));
        let marked = file.text().lines().zip(1..).filter(move |(line, _)| is_marked(line));
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

/// Lines that are called surer than they can be.
fn too_sure(files: &Files, application: &Application) -> Vec<String> {
    let guesses = application.blocking.iter().filter(|blocking| {
        let file = files.get(blocking.call.file);
        let rest = file.text().get(blocking.call.span.end..).unwrap_or_default();
        let line = rest.lines().next().unwrap_or_default();
        MARKS.iter().any(|(mark, most)| line.ends_with(mark) && blocking.certainty > *most)
    });
    guesses.map(|blocking| format!("too sure: {}", files.describe(blocking.call))).collect()
}

/// The cases of one file under `src/app`.
fn written(path: &str) -> String {
    let path = format!("{}/src/app/{path}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    // A case would swallow the marks of a merge as code that cannot be read.
    let is_mark = |line: &&str| ["<<<<<<<", "=======", ">>>>>>>"].iter().any(|mark| line.starts_with(mark));
    assert_eq!(text.lines().find(is_mark), None, "a conflict is left");
    text
}

/// Judges the cases of one file under `src/app`.
fn judge(path: &str) {
    let text = written(path);
    let mut wrong = Vec::new();
    let cases: Vec<_> = format!("\n{text}").split("\n=== ").skip(1).map(str::to_owned).collect();
    for case in &cases {
        let name = case.lines().next().unwrap_or_default();
        let (files, application) = analysed(case);
        let expected = marked(&files);
        let found = application.as_ref().map(|application| reported(&files, application)).unwrap_or_default();
        let missed = expected.iter().filter(|line| !found.contains(line)).map(|line| format!("missed: {line}"));
        let wrongly = found.iter().filter(|line| !expected.contains(line)).map(|line| format!("false: {line}"));
        let unsure = application.as_ref().map(|application| too_sure(&files, application)).unwrap_or_default();
        let faults: Vec<_> = missed.chain(wrongly).chain(unsure).collect();
        if application.is_none() || !faults.is_empty() {
            wrong.push(format!("{name}: {}", faults.join(", ")));
        }
    }
    assert!(cases.len() >= 8, "only {} cases", cases.len());
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

/// What is said of places beside the call: where the loop stands still, what else leads there, and for how long.
fn told(files: &Files, application: &Application) -> Vec<String> {
    let heavy = application.blocking.iter().filter(|blocking| blocking.weight > Weight::Slight);
    let mut told: Vec<String> = heavy
        .flat_map(|blocking| {
            let also = blocking.anchors.iter().filter(|place| **place != blocking.call);
            let still = also.map(|place| format!("{} stands still", files.describe(*place)));
            let leads = blocking.passed.iter().map(|place| format!("{} leads on", files.describe(*place)));
            let limit = match blocking.limit {
                Limit::Given(seconds) => Some(format!("{} takes {seconds} s", files.describe(blocking.call))),
                Limit::Never => Some(format!("{} waits without end", files.describe(blocking.call))),
                _ => None,
            };
            still.chain(leads).chain(limit).collect::<Vec<_>>()
        })
        .collect();
    told.sort();
    told.dedup();
    told
}

/// What the comments of a case say of places: `# stands still`, `# leads on`, `# takes 3 s`, `# waits without end`.
fn to_be_told(files: &Files) -> Vec<String> {
    let mut told = Vec::new();
    for (_, file) in files.iter() {
        for (line, number) in file.text().lines().zip(1..) {
            let said = line.split_once("  # ").map(|(_, said)| said).unwrap_or_default();
            let places = said.split(", ").filter(|one| !one.is_empty() && *one != "blocks");
            told.extend(places.map(|one| format!("{}:{number} {one}", file.path())));
        }
    }
    told.sort();
    told
}

#[test]
fn every_line_that_leads_to_a_call_is_told() {
    let text = written("cases/places.txt");
    for case in format!("\n{text}").split("\n=== ").skip(1) {
        let (files, application) = analysed(case);
        let name = case.lines().next().unwrap_or_default();
        assert_eq!(told(&files, &application.unwrap()), to_be_told(&files), "{name}");
    }
}

#[test]
fn every_case_reports_the_marked_lines_and_no_other() {
    judge("cases.txt");
}

#[test]
fn annotations_say_what_a_value_is() {
    judge("cases/annotations.txt");
}

#[test]
fn values_are_followed_to_where_they_are_made() {
    judge("cases/values.txt");
}

#[test]
fn classes_inherit_and_override() {
    judge("cases/classes.txt");
}

#[test]
fn what_is_not_written_as_a_call_is_one() {
    judge("cases/implicit.txt");
}

#[test]
fn functions_that_are_passed_around_are_called() {
    judge("cases/callables.txt");
}

#[test]
fn threads_take_work_off_the_loop_and_schedulers_put_it_back() {
    judge("cases/offload.txt");
}

#[test]
fn what_only_looks_like_blocking_stays_silent() {
    judge("cases/guards.txt");
}

#[test]
fn what_a_caller_passes_decides_which_branch_runs() {
    judge("cases/arguments.txt");
}

#[test]
fn functions_of_the_project_register_handlers() {
    judge("cases/routes.txt");
}

#[test]
fn idioms_of_larger_projects_are_followed() {
    judge("cases/idioms.txt");
}

#[test]
fn services_are_followed_through_what_holds_them_together() {
    judge("cases/services.txt");
}

#[test]
fn clients_of_libraries_are_followed_to_what_waits() {
    judge("cases/libraries.txt");
}

#[test]
fn what_is_kept_is_made_once() {
    judge("cases/once.txt");
}

#[test]
fn what_a_function_does_before_it_gives_something_is_no_guess() {
    let text = written("cases/candidates.txt");
    let title = "a function of the project of which the result may be a coroutine";
    let case = text.split("=== ").find(|case| case.starts_with(title)).unwrap();
    let (_, application) = analysed(case);
    let sure: Vec<_> = application.unwrap().blocking.iter().map(|one| one.certainty).collect();
    assert!(!sure.is_empty() && sure.iter().all(|one| *one > Confidence::Low), "{sure:?}");
}

#[test]
fn a_call_means_what_can_take_its_arguments() {
    judge("cases/candidates.txt");
}

#[test]
fn names_that_are_put_together_mean_what_fits_them() {
    judge("cases/named.txt");
}

#[test]
fn what_is_handed_to_libraries_is_run_by_them() {
    judge("cases/handed.txt");
}

#[test]
fn models_of_django_are_followed_through_managers_and_relations() {
    judge("cases/django.txt");
}

#[test]
fn queries_are_sent_when_they_are_used_and_give_rows() {
    judge("cases/queries.txt");
}

#[test]
fn what_other_applications_are_told_is_nothing_to_the_served_one() {
    judge("cases/foreign.txt");
}

#[test]
fn what_is_fetched_is_no_file() {
    let case = |call: &str| format!("a title\nimport pandas\n@app.get('/')\nasync def view():\n    {call}\n");
    for (call, category) in [
        ("pandas.read_csv('https://a/b.csv')", Category::Http),
        ("pandas.read_csv(sep=';', filepath_or_buffer='s3://a/b.csv')", Category::Http),
        ("pandas.read_excel(io='b.xlsx')", Category::File),
    ] {
        let (_, application) = analysed(&case(call));
        let found: Vec<Category> = application.unwrap().blocking.iter().map(|one| one.category).collect();
        assert_eq!(found, [category], "{call}");
    }
}
