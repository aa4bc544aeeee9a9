//! What `farrier lsp` answers about a place: the setting there, and what can be done about its findings. Every edit is
//! applied the way an editor does it, and the text that comes of it is checked again.
#![allow(clippy::unwrap_used, reason = "a test fails where it cannot go on")]

mod support;

use std::fs;
use std::path::Path;

use serde_json::{Value as Json, json};
use support::command::Project;
use support::editor::{Editor, capabilities, uri};

const CONFIGURATION: &str =
    "# \u{1f980}\r\nworkers = 9\r\nworker_class = 'sync'\r\nx = '\u{1f980}'; threads = 4\r\nkeep_alive = 3\r\n";

/// Two handlers that wait in the same function, at two of its lines.
const HANDLERS: &str = "import time\n\nfrom fastapi import FastAPI\n\napp = FastAPI()\n\n\ndef work(value):\n    time.sleep(value)\n\n\n@app.get('/a')\nasync def a():\n    work(1)\n\n\n@app.get('/b')\nasync def b():\n    work(2)\n";

fn project() -> Project {
    Project::of(&[
        ("gunicorn.conf.py", CONFIGURATION),
        (
            "Dockerfile",
            "FROM python:3.12\nCOPY . /app\nCMD gunicorn --workers 4 --max-requests 1000 main:app --bind 0.0.0.0:80\n",
        ),
        (
            "compose.yaml",
            "services:\n  web:\n    build: .\n    cpus: 2\n    mem_limit: 1g\n    stop_grace_period: 10s\n",
        ),
        ("main.py", "def app(environ, start_response):\n    start_response('200 OK', [])\n    return [b'']\n"),
        ("requirements.txt", "gunicorn==23.0.0\n"),
    ])
}

fn at(line: u32, character: u32) -> Json {
    json!({ "line": line, "character": character })
}

fn hover(editor: &mut Editor, file: &str, line: u32, character: u32) -> Json {
    let params = json!({ "textDocument": { "uri": file }, "position": at(line, character) });
    editor.ask("textDocument/hover", &params)["result"].clone()
}

fn actions(editor: &mut Editor, file: &str, line: u32, character: u32, only: &Json) -> Vec<Json> {
    let mut context = json!({ "diagnostics": editor.diagnostics.get(file).cloned().unwrap_or_default() });
    context["diagnostics"].as_array_mut().unwrap().retain(|one| one["range"]["start"] == at(line, character));
    if !only.is_null() {
        context["only"] = only.clone();
    }
    let range = json!({ "start": at(line, character), "end": at(line, character) });
    let params = json!({ "textDocument": { "uri": file }, "range": range, "context": context });
    let answer = editor.ask("textDocument/codeAction", &params);
    answer["result"].as_array().unwrap_or_else(|| panic!("{answer}")).clone()
}

fn titled<'a>(actions: &'a [Json], start: &str) -> &'a Json {
    let found = actions.iter().find(|one| one["title"].as_str().is_some_and(|title| title.starts_with(start)));
    found.unwrap_or_else(|| panic!("no {start} in {actions:#?}"))
}

/// Waits until a finding of a rule is told about a file.
fn told(editor: &mut Editor, file: &str, rule: &str) {
    editor.until(&|message| {
        let told = &message["params"];
        let has = |all: &Vec<Json>| all.iter().any(|one| one["code"] == rule);
        told["uri"] == file && told["diagnostics"].as_array().is_some_and(has)
    });
}

/// Applies an edit to the files on disk, with positions in UTF-16 units.
fn apply(edit: &Json) -> Vec<(String, Json)> {
    let changes = edit["documentChanges"].as_array().unwrap_or_else(|| panic!("{edit}"));
    let mut done = Vec::new();
    for change in changes {
        let uri = change["textDocument"]["uri"].as_str().unwrap();
        let path = Path::new(uri.strip_prefix("file://").unwrap());
        let mut text: Vec<u16> = fs::read_to_string(path).unwrap().encode_utf16().collect();
        let offset = |text: &[u16], position: &Json| {
            let mut lines = text.split_inclusive(|unit| *unit == u16::from(b'\n'));
            let before: usize = lines
                .by_ref()
                .take(usize::try_from(position["line"].as_u64().unwrap()).unwrap())
                .map(<[u16]>::len)
                .sum();
            before + usize::try_from(position["character"].as_u64().unwrap()).unwrap()
        };
        // From the last to the first, so that none moves another.
        let mut edits = change["edits"].as_array().unwrap().clone();
        edits.sort_by_key(|edit| offset(&text, &edit["range"]["start"]));
        for edit in edits.iter().rev() {
            let (start, end) = (offset(&text, &edit["range"]["start"]), offset(&text, &edit["range"]["end"]));
            text.splice(start..end, edit["newText"].as_str().unwrap().encode_utf16());
        }
        fs::write(path, String::from_utf16(&text).unwrap()).unwrap();
        done.push((uri.to_owned(), change["textDocument"]["version"].clone()));
    }
    done
}

/// The rules that `check` speaks of in a file.
fn checked(project: &Project, file: &str) -> Vec<String> {
    let run = project.farrier("check", &[]);
    let found = run.list("findings").iter().filter(|one| one["file"] == file);
    found.map(|one| one["rule"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_setting_tells_its_value_who_loses_and_what_it_should_be() {
    let project = project();
    let file = |name: &str| uri(&project.path().join(name));
    let (configuration, dockerfile) = (file("gunicorn.conf.py"), file("Dockerfile"));
    let mut editor = Editor::on(&[project.path()]);
    let shown = hover(&mut editor, &configuration, 1, 2);
    assert_eq!(shown["contents"]["kind"], "markdown");
    let text = shown["contents"]["value"].as_str().unwrap();
    for part in [
        "**workers** = `4`",
        "- set by command-line, Dockerfile:3",
        "- `9` loses: config-file, gunicorn.conf.py:2",
        "- default `1`",
        "**advice: leave it** (range 2 to 5, because of availability)",
        "- cores: 2 CPUs (compose.yaml:4)",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    assert_eq!(shown["range"], json!({ "start": at(1, 0), "end": at(1, 11) }));
    // The same from the command line, and where no setting is, nothing.
    let same = hover(&mut editor, &dockerfile, 2, 16);
    assert_eq!(same["contents"]["value"], text);
    let value = hover(&mut editor, &dockerfile, 2, 23);
    assert_eq!(value["contents"]["value"], text);
    assert_eq!(hover(&mut editor, &dockerfile, 0, 3), Json::Null);
    assert_eq!(hover(&mut editor, &configuration, 999, 0), Json::Null);
    assert_eq!(hover(&mut editor, "file:///not/there.py", 0, 0), Json::Null);
    // Behind letters that take two units, in a text that nobody has saved: the answer waits for what it says now.
    editor.open(&configuration, 1, CONFIGURATION);
    editor.rewrite(&configuration, 2, &CONFIGURATION.replace("threads = 4", "threads = 7"));
    let text = hover(&mut editor, &configuration, 3, 11)["contents"]["value"].as_str().unwrap().to_owned();
    assert!(text.starts_with("**threads** = `7`"), "{text}");
    editor.leave();
}

#[test]
fn an_editor_that_reads_no_markdown_gets_plain_text() {
    let project = project();
    let configuration = uri(&project.path().join("gunicorn.conf.py"));
    let mut can = capabilities();
    can["textDocument"]["hover"] = json!({});
    let mut editor = Editor::with(&[project.path()], &can);
    let shown = hover(&mut editor, &configuration, 1, 2);
    assert_eq!(shown["contents"]["kind"], "plaintext");
    assert!(shown["contents"]["value"].as_str().unwrap().starts_with("workers = `4`"), "{shown}");
    editor.leave();
}

#[test]
fn fixes_are_offered_and_hold_what_they_promise() {
    let project = project();
    let file = |name: &str| uri(&project.path().join(name));
    let (configuration, dockerfile, compose) = (file("gunicorn.conf.py"), file("Dockerfile"), file("compose.yaml"));
    let mut editor = Editor::on(&[project.path()]);
    editor.open(&configuration, 7, CONFIGURATION);
    told(&mut editor, &configuration, "overridden-or-fragile-value");
    // A safe one is what an editor does unasked.
    let all = actions(&mut editor, &configuration, 1, 10, &Json::Null);
    let safe = titled(&all, "Remove the `workers` that loses");
    assert_eq!((&safe["kind"], &safe["isPreferred"]), (&json!("quickfix"), &json!(true)));
    assert_eq!(safe["diagnostics"][0]["code"], "overridden-or-fragile-value");
    assert_eq!(apply(&safe["edit"]), [(configuration.clone(), json!(7))]);
    assert_eq!(
        fs::read_to_string(project.path().join("gunicorn.conf.py")).unwrap(),
        CONFIGURATION.replace("workers = 9\r\n", "")
    );
    fs::write(project.path().join("gunicorn.conf.py"), CONFIGURATION).unwrap();
    // One that changes what runs says so.
    let all = actions(&mut editor, &compose, 5, 25, &json!(["quickfix"]));
    let unsafe_ = titled(&all, "Allow 35 s to stop (unsafe");
    assert_eq!(unsafe_["isPreferred"], false);
    assert_eq!(apply(&unsafe_["edit"]), [(compose.clone(), Json::Null)]);
    assert_eq!(checked(&project, "compose.yaml"), Vec::<String>::new());
    // What is asked for decides what is answered.
    let refactorings = actions(&mut editor, &configuration, 1, 10, &json!(["refactor", "source.fixAll.other"]));
    assert_eq!(refactorings, Vec::<Json>::new());
    assert_eq!(actions(&mut editor, &dockerfile, 0, 0, &json!(["quickfix"])), Vec::<Json>::new());
    editor.leave();
}

#[test]
fn all_that_is_safe_is_fixed_at_once_and_nothing_else() {
    let project = project();
    let configuration = uri(&project.path().join("gunicorn.conf.py"));
    let mut editor = Editor::on(&[project.path()]);
    editor.open(&configuration, 1, CONFIGURATION);
    let before = checked(&project, "gunicorn.conf.py");
    assert!(before.contains(&"overridden-or-fragile-value".to_owned()), "{before:?}");
    let all = actions(&mut editor, &configuration, 0, 0, &json!(["source.fixAll"]));
    let [all] = all.as_slice() else { panic!("{all:#?}") };
    assert_eq!(all["kind"], "source.fixAll.farrier");
    apply(&all["edit"]);
    let text = fs::read_to_string(project.path().join("gunicorn.conf.py")).unwrap();
    assert_eq!(text, CONFIGURATION.replace("workers = 9\r\n", ""));
    // A second time, there is nothing left.
    editor.rewrite(&configuration, 2, &text);
    assert_eq!(actions(&mut editor, &configuration, 0, 0, &json!(["source"])), Vec::<Json>::new());
    editor.leave();
}

#[test]
fn a_comment_silences_a_finding_in_every_format_that_has_comments() {
    let served = |command: &str| format!("web: {command}\n");
    for (file, text, rule) in [
        ("gunicorn.conf.py", CONFIGURATION.to_owned(), "unknown-setting"),
        ("gunicorn.conf.py", CONFIGURATION.to_owned(), "overridden-or-fragile-value"),
        ("compose.yaml", String::new(), "grace-exceeds-kill"),
        ("Dockerfile", String::new(), "max-requests-no-jitter"),
        (
            "Dockerfile",
            "FROM python:3.12\nCMD gunicorn \\\n  --workers 4 \\\n  --max-requests 1000 \\\n  main:app\n".to_owned(),
            "max-requests-no-jitter",
        ),
        (
            "Dockerfile",
            "FROM python:3.12\nCMD [\"gunicorn\", \"--workers\", \"4\", \"--max-requests\", \"1000\", \"main:app\"]\n"
                .to_owned(),
            "max-requests-no-jitter",
        ),
        ("Procfile", served("gunicorn --workers 4 --max-requests 1000 main:app"), "max-requests-no-jitter"),
        (
            "start.sh",
            "#!/bin/sh\nexec gunicorn --workers 4 --max-requests 1000 main:app\n".to_owned(),
            "max-requests-no-jitter",
        ),
        (
            "web.service",
            "[Service]\nExecStart=/usr/bin/gunicorn --workers 4 --max-requests 1000 main:app\n".to_owned(),
            "max-requests-no-jitter",
        ),
    ] {
        let project = project();
        let path = project.path().join(file);
        if !text.is_empty() {
            fs::write(&path, &text).unwrap();
        }
        if matches!(file, "Procfile" | "start.sh" | "web.service") {
            fs::remove_file(project.path().join("Dockerfile")).unwrap();
            fs::remove_file(project.path().join("compose.yaml")).unwrap();
        }
        let before = fs::read_to_string(&path).unwrap();
        let mut editor = Editor::on(&[project.path()]);
        let address = uri(&path);
        told(&mut editor, &address, rule);
        let start = editor.diagnostic(&address, rule)["range"]["start"].clone();
        let number = |name: &str| u32::try_from(start[name].as_u64().unwrap()).unwrap();
        let all = actions(&mut editor, &address, number("line"), number("character"), &json!(["quickfix"]));
        let title = format!("Silence `{rule}`");
        apply(&titled(&all, &title)["edit"]);
        let after = fs::read_to_string(&path).unwrap();
        assert!(after.contains(&format!("# farrier: ignore[{rule}]")), "{after}");
        let left = checked(&project, file);
        assert!(!left.contains(&rule.to_owned()), "{left:?}\n{after}");
        assert!(!left.iter().any(|one| one.contains("suppression") && one != "suppression-without-reason"), "{left:?}");
        let comment = format!("# farrier: ignore[{rule}]");
        let without: Vec<&str> = after.lines().filter(|line| line.trim() != comment).collect();
        let without: Vec<String> = without.iter().map(|line| line.replace(&format!("  {comment}"), "")).collect();
        assert_eq!(without, before.lines().map(str::to_owned).collect::<Vec<_>>());
        editor.leave();
    }
}

#[test]
fn a_finding_that_stands_for_several_lines_is_silenced_line_by_line() {
    let served = "FROM python:3.12\nCMD uvicorn main:app --host 0.0.0.0\n";
    let project = Project::of(&[("main.py", HANDLERS), ("Dockerfile", served)]);
    let main = uri(&project.path().join("main.py"));
    let rule = "blocking-call-transitive";
    let mut editor = Editor::on(&[project.path()]);
    for (version, line) in [(1, 13), (2, 18)] {
        let text = fs::read_to_string(project.path().join("main.py")).unwrap();
        if version == 1 {
            editor.open(&main, version, &text);
        } else {
            editor.rewrite(&main, version, &text);
        }
        editor.until(&|message| {
            let told = &message["params"];
            let all = told["diagnostics"].as_array();
            told["version"] == version
                && all.is_some_and(|all| all.iter().any(|one| one["range"]["start"] == at(line, 4)))
        });
        let all = actions(&mut editor, &main, line, 4, &json!(["quickfix"]));
        apply(&titled(&all, &format!("Silence `{rule}`"))["edit"]);
    }
    assert!(!checked(&project, "main.py").contains(&rule.to_owned()));
    editor.leave();
}

#[test]
fn an_editor_that_asks_later_gets_the_edit_of_what_was_chosen() {
    let project = project();
    let configuration = uri(&project.path().join("gunicorn.conf.py"));
    let mut can = capabilities();
    can["textDocument"]["codeAction"] = json!({ "dataSupport": true, "resolveSupport": { "properties": ["edit"] } });
    let mut editor = Editor::with(&[project.path()], &can);
    editor.open(&configuration, 3, CONFIGURATION);
    told(&mut editor, &configuration, "overridden-or-fragile-value");
    let all = actions(&mut editor, &configuration, 1, 10, &Json::Null);
    let titles = ["Remove the `workers` that loses", "Silence `overridden", "Fix all that farrier can fix safely"];
    for title in titles {
        let offered = titled(&all, title);
        assert!(offered.get("edit").is_none(), "{offered}");
        let chosen = editor.ask("codeAction/resolve", offered)["result"].clone();
        assert_eq!((&chosen["title"], &chosen["kind"]), (&offered["title"], &offered["kind"]));
        assert_eq!(apply(&chosen["edit"]), [(configuration.clone(), json!(3))], "{title}");
        let left = checked(&project, "gunicorn.conf.py");
        assert!(!left.contains(&"overridden-or-fragile-value".to_owned()), "{title}: {left:?}");
        fs::write(project.path().join("gunicorn.conf.py"), CONFIGURATION).unwrap();
    }
    // What was offered about another text is not what somebody means now.
    editor.rewrite(&configuration, 4, &format!("\n{CONFIGURATION}"));
    assert_eq!(editor.ask("codeAction/resolve", titled(&all, titles[0]))["error"]["code"], -32801);
    let forged = json!({ "title": "x", "data": { "uri": configuration, "run": "none" } });
    assert_eq!(editor.ask("codeAction/resolve", &forged)["error"]["code"], -32602);
    editor.leave();
}

#[test]
fn what_nobody_waits_for_is_not_done_and_leaving_waits_for_nothing() {
    let project = project();
    let main = project.path().join("main.py");
    // Enough to read for a moment.
    let handler = |number: i32| {
        let served = format!("@app.get('/{number}')\ndef handler_{number}():\n    return helper_{number}({number})\n");
        served + &format!("def helper_{number}(value):\n    return [value for value in range(value)]\n")
    };
    let long = String::from("from flask import Flask\napp = Flask(__name__)\n");
    let long = long + &(0..4000).map(handler).collect::<String>();
    fs::write(&main, long).unwrap();
    let configuration = uri(&project.path().join("gunicorn.conf.py"));
    let mut editor = Editor::on(&[project.path()]);
    let params = json!({ "textDocument": { "uri": configuration }, "position": at(1, 2) });
    let id = editor.begin("textDocument/hover", &params);
    editor.tell("$/cancelRequest", &json!({ "id": id }));
    let start = std::time::Instant::now();
    editor.leave();
    assert!(start.elapsed() < std::time::Duration::from_secs(5), "{:?}", start.elapsed());

    let mut editor = Editor::on(&[project.path()]);
    let id = editor.begin("textDocument/hover", &params);
    editor.tell("$/cancelRequest", &json!({ "id": id }));
    let answer = editor.answer(&json!(id));
    assert!(answer["error"]["code"] == -32800 || answer["result"].is_object(), "{answer}");
    assert_eq!(editor.ask("textDocument/hover", &json!({ "position": 1 }))["error"]["code"], -32602);
    editor.leave();
}

#[test]
fn a_service_in_rust_is_hovered_and_fixed_like_any_other() {
    let main = "#[tokio::main(worker_threads = 16)]\nasync fn main() {\n    let listener = \
                tokio::net::TcpListener::bind(\"0.0.0.0:80\").await.unwrap();\n    \
                axum::serve(listener, axum::Router::new()).await.unwrap();\n}\n";
    let project = Project::of(&[
        (
            "Cargo.toml",
            "[package]\nname = \"shop\"\n[dependencies]\naxum = \"0.8\"\ntokio = { version = \"1\", features = [\"full\"] }\n",
        ),
        ("src/main.rs", main),
        ("Dockerfile", "FROM debian:bookworm-slim\nCOPY target/release/shop /bin/shop\nUSER nobody\nCMD [\"shop\"]\n"),
        ("compose.yaml", "services:\n  web:\n    build: .\n    cpus: 2\n"),
    ]);
    let mut editor = Editor::on(&[project.path()]);
    let file = uri(&project.path().join("src/main.rs"));
    editor.open(&file, 1, main);
    told(&mut editor, &file, "no-graceful-shutdown");
    let shown = hover(&mut editor, &file, 0, 33);
    let text = shown["contents"]["value"].as_str().unwrap_or_else(|| panic!("{shown}"));
    assert!(text.starts_with("**worker_threads** = `16`") && text.contains("**advice: 2**"), "{text}");
    let offered = actions(&mut editor, &file, 3, 4, &Json::Null);
    apply(&titled(&offered, "Finish requests when SIGTERM comes")["edit"]);
    let changed = fs::read_to_string(project.path().join("src/main.rs")).unwrap();
    assert!(changed.contains("axum::Router::new()).with_graceful_shutdown("), "{changed}");
    editor.leave();
}
