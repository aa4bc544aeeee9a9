//! `farrier lsp`, asked by an editor that speaks the protocol with the built program.
#![allow(clippy::unwrap_used, reason = "a test fails where it cannot go on")]

mod support;

use std::fs;

use serde_json::{Value as Json, json};
use support::command::Project;
use support::editor::{Editor, capabilities, uri};

const CONFIGURATION: &str = "workers = 9\nbacklog = 512\npreload_app = True\nkeep_alive = 3\n";

fn project() -> Project {
    Project::of(&[
        ("gunicorn.conf.py", CONFIGURATION),
        ("Procfile", "web: gunicorn --workers 4 --max-requests 1000 main:app --bind 0.0.0.0:$PORT\n"),
        ("main.py", "def app(environ, start_response):\n    start_response('200 OK', [])\n    return [b'']\n"),
        ("requirements.txt", "gunicorn==23.0.0\n"),
    ])
}

/// What `project` shows in its configuration and in its Procfile.
const FOUND: [&[&str]; 2] = [&["overridden-or-fragile-value 0", "unknown-setting 3"], &["max-requests-no-jitter 0"]];

#[test]
fn a_session_goes_through_its_phases() {
    let mut editor = Editor::start();
    let refused = editor.ask("textDocument/hover", &json!({}));
    assert_eq!(refused["error"]["code"], -32002);
    editor.tell("textDocument/didOpen", &json!({}));
    let answer = editor.initialize(&[], &json!({}));
    assert_eq!(answer["result"]["serverInfo"]["name"], "farrier");
    assert_eq!(answer["result"]["capabilities"]["positionEncoding"], "utf-16");
    assert_eq!(answer["result"]["capabilities"]["textDocumentSync"]["change"], 2);
    editor.tell("initialized", &json!({}));
    assert_eq!(editor.ask("textDocument/rename", &json!({}))["error"]["code"], -32601);
    assert_eq!(editor.ask("$/unheard/of", &json!({}))["error"]["code"], -32601);
    assert_eq!(editor.initialize(&[], &json!({}))["error"]["code"], -32600);
    editor.tell("$/setTrace", &json!({ "value": "off" }));
    editor.tell("$/cancelRequest", &json!({ "id": 77 }));
    editor.tell("$/cancelRequest", &json!({ "id": "nobody" }));
    assert_eq!(editor.ask("shutdown", &Json::Null)["result"], Json::Null);
    assert_eq!(editor.ask("textDocument/hover", &json!({}))["error"]["code"], -32600);
    editor.tell("exit", &Json::Null);
    assert_eq!(editor.end().code(), Some(0));
}

#[test]
fn an_end_that_nobody_announced_is_told_by_the_exit_code() {
    let mut editor = Editor::on(&[]);
    editor.tell("exit", &Json::Null);
    assert_eq!(editor.end().code(), Some(1));
    let mut editor = Editor::on(&[]);
    editor.hang_up();
    assert_eq!(editor.end().code(), Some(1));
}

#[test]
fn broken_messages_are_answered_and_end_nothing() {
    let project = project();
    let file = uri(&project.path().join("gunicorn.conf.py"));
    let mut editor = Editor::on(&[project.path()]);
    let null = Json::Null;
    editor.raw(b"Content-Length: 5\r\n\r\n{oops");
    assert_eq!(editor.answer(&null)["error"]["code"], -32700);
    editor.raw(b"Content-Length: 4\r\n\r\n\xff\xfe\xfd\xfc");
    assert_eq!(editor.answer(&null)["error"]["code"], -32700);
    editor.raw(b"Content-Length: lots\r\n\r\n");
    assert_eq!(editor.answer(&null)["error"]["code"], -32700);
    editor.raw(b"nothing of the kind\r\n\r\n");
    editor.raw(b"Content-Length: 2\r\n\r\n[]");
    assert_eq!(editor.answer(&null)["error"]["code"], -32600);
    // What has the right form and the wrong content.
    editor.tell("textDocument/didOpen", &json!({ "textDocument": 7 }));
    editor.tell("textDocument/didChange", &json!({ "textDocument": { "uri": "::", "version": 1 } }));
    editor.rewrite("file:///never/opened.py", 3, "workers = 1\n");
    editor.close("untitled:Untitled-1");
    editor.open("untitled:Untitled-1", 1, "workers = 1\n");
    editor.tell("workspace/didChangeWatchedFiles", &json!({ "changes": "all" }));
    let procfile = uri(&project.path().join("Procfile"));
    editor.expect(&[(&file, FOUND[0]), (&procfile, FOUND[1])]);
    editor.leave();
}

#[test]
fn findings_of_all_files_are_told_and_follow_what_is_typed() {
    let project = project();
    let at = |name: &str| uri(&project.path().join(name));
    let (file, procfile) = (at("gunicorn.conf.py"), at("Procfile"));
    let mut editor = Editor::on(&[project.path()]);
    editor.expect(&[(&file, FOUND[0]), (&procfile, FOUND[1])]);

    let one = editor.diagnostic(&file, "overridden-or-fragile-value").clone();
    assert_eq!((&one["source"], &one["severity"]), (&json!("farrier"), &json!(2)));
    assert_eq!(one["range"], json!({ "start": { "line": 0, "character": 10 }, "end": { "line": 0, "character": 11 } }));
    assert_eq!(one["relatedInformation"][0]["location"]["uri"], procfile.as_str());
    // What is safe to take out is of no use.
    assert_eq!(one["tags"], json!([1]));
    let page = one["codeDescription"]["href"].as_str().unwrap().strip_prefix("file://").unwrap().to_owned();
    assert!(fs::read_to_string(&page).unwrap().starts_with("# overridden-or-fragile-value (CFG013)"));
    let error = editor.diagnostic(&file, "unknown-setting");
    assert_eq!((&error["severity"], error.get("tags")), (&json!(1), None));

    // The text of an open file counts, not the one on disk.
    editor.open(&file, 1, CONFIGURATION);
    let without = "backlog = 512\npreload_app = True\n";
    editor.rewrite(&file, 2, without);
    editor.expect(&[(&procfile, FOUND[1])]);
    let told = editor.until(&|message| message["params"]["uri"] == file.as_str() && message["params"]["version"] == 2);
    assert_eq!(told["params"]["diagnostics"], json!([]));
    // A change of a part, in UTF-16 units.
    let range = |from: u32, to: u32| json!({ "start": { "line": 0, "character": from }, "end": { "line": 0, "character": to } });
    editor.change(&file, 3, &json!([{ "range": range(4, 4), "text": "_" }]));
    editor.expect(&[(&file, &["unknown-setting 0"]), (&procfile, FOUND[1])]);
    // What is closed is what the disk says again, and what is saved is read.
    editor.close(&file);
    editor.expect(&[(&file, FOUND[0]), (&procfile, FOUND[1])]);
    editor.open(&procfile, 1, "web: gunicorn main:app --bind 0.0.0.0:$PORT\n");
    editor.expect(&[(&file, &["unknown-setting 3"])]);
    fs::write(project.path().join("gunicorn.conf.py"), without).unwrap();
    editor.tell("textDocument/didSave", &json!({ "textDocument": { "uri": file } }));
    editor.expect(&[]);
    editor.leave();
    assert!(!std::path::Path::new(&page).exists(), "{page} is left");
}

#[test]
fn a_file_that_is_not_saved_yet_counts() {
    let project = Project::of(&[("requirements.txt", "gunicorn==23.0.0\n")]);
    let file = uri(&project.path().join("Procfile"));
    let mut editor = Editor::on(&[project.path()]);
    editor.open(&file, 1, "web: gunicorn main:app -k eventlet --bind 0.0.0.0:$PORT\n");
    editor.expect(&[(&file, &["worker-package-missing 0"])]);
    editor.close(&file);
    editor.expect(&[]);
    editor.leave();
}

#[test]
fn columns_count_what_was_agreed_on() {
    let text = "x = 1\r\na = '\u{1f980}\u{e4}'; keep_alive = 3\r\n";
    for (encodings, column) in [(json!(["utf-16"]), 11), (json!(["utf-8", "utf-16"]), 14), (Json::Null, 11)] {
        let project = project();
        let file = uri(&project.path().join("gunicorn.conf.py"));
        let mut can = capabilities();
        can["general"] = json!({ "positionEncodings": encodings });
        let mut editor = Editor::with(&[project.path()], &can);
        editor.open(&file, 1, text);
        let procfile = uri(&project.path().join("Procfile"));
        editor.expect(&[(&file, &["unknown-setting 1"]), (&procfile, FOUND[1])]);
        let range = &editor.diagnostic(&file, "unknown-setting")["range"];
        assert_eq!(range["start"], json!({ "line": 1, "character": column }), "{encodings}");
        assert_eq!(range["end"], json!({ "line": 1, "character": column + 10 }), "{encodings}");
        // A change behind such letters hits what it is meant for.
        let at = |character: u32| json!({ "line": 1, "character": character });
        let whole = json!({ "start": at(column), "end": at(column + 10) });
        editor.change(&file, 2, &json!([{ "range": whole, "text": "backlog" }]));
        editor.expect(&[(&procfile, FOUND[1])]);
        editor.leave();
    }
}

#[test]
fn folders_come_and_go_and_a_file_may_lie_in_none() {
    let (one, two) = (project(), project());
    let odd = one.path().join("with space \u{e4}#");
    fs::create_dir(&odd).unwrap();
    fs::write(odd.join("pyproject.toml"), "[project]\nname = 'x'\nversion = '1'\n").unwrap();
    fs::write(odd.join("Procfile"), "web: gunicorn main:app -k eventlet --bind 0.0.0.0:$PORT\n").unwrap();
    let (odd_uri, spelled) = (
        format!("file://{}/with%20space%20%C3%A4%23/Procfile", one.path().display()),
        format!("file://{}/%77ith%20space%20%c3%a4%23/Procfile", one.path().display()),
    );
    let files = |project: &Project| ["gunicorn.conf.py", "Procfile"].map(|name| uri(&project.path().join(name)));
    let [first, _] = files(&one);
    let [second, other] = files(&two);
    let [outside, inside] = [uri(&odd), uri(two.path())];
    let mut editor = Editor::on(&[]);
    // A file of no folder is looked at for itself.
    editor.open(&first, 1, CONFIGURATION);
    editor.expect(&[(&first, FOUND[0])]);
    editor.close(&first);
    editor.expect(&[]);
    let folders = |added: &[&String], removed: &[&String]| {
        let all =
            |uris: &[&String]| -> Vec<Json> { uris.iter().map(|uri| json!({ "uri": uri, "name": "x" })).collect() };
        json!({ "event": { "added": all(added), "removed": all(removed) } })
    };
    let escaped = outside.replace(' ', "%20").replace('\u{e4}', "%C3%A4").replace('#', "%23");
    editor.tell("workspace/didChangeWorkspaceFolders", &folders(&[&inside, &escaped], &[]));
    editor.expect(&[(&second, FOUND[0]), (&other, FOUND[1]), (&odd_uri, &["removed-worker-class 0"])]);
    editor.tell("workspace/didChangeWorkspaceFolders", &folders(&[], &[&inside]));
    editor.expect(&[(&odd_uri, &["removed-worker-class 0"])]);
    // An open file is told under the address that it was opened with.
    editor.open(&spelled, 1, "web: gunicorn main:app -k tornado --bind 0.0.0.0:$PORT\n");
    editor.expect(&[]);
    editor.rewrite(&spelled, 2, "\nweb: gunicorn main:app -k eventlet --bind 0.0.0.0:$PORT\n");
    editor.expect(&[(&spelled, &["removed-worker-class 1"])]);
    editor.leave();
}

#[test]
fn files_that_change_on_disk_are_read_again() {
    let project = project();
    let at = |name: &str| uri(&project.path().join(name));
    let (file, procfile) = (at("gunicorn.conf.py"), at("Procfile"));
    let mut editor = Editor::on(&[project.path()]);
    let asked = editor.until(&|message| message["method"] == "client/registerCapability");
    assert_eq!(asked["params"]["registrations"][0]["method"], "workspace/didChangeWatchedFiles");
    editor.send(&json!({ "jsonrpc": "2.0", "id": asked["id"], "result": null }));
    editor.expect(&[(&file, FOUND[0]), (&procfile, FOUND[1])]);
    fs::remove_file(project.path().join("gunicorn.conf.py")).unwrap();
    editor.tell("workspace/didChangeWatchedFiles", &json!({ "changes": [{ "uri": file, "type": 3 }] }));
    editor.expect(&[(&procfile, FOUND[1])]);
    editor.leave();
}

#[test]
fn settings_count_as_they_are_typed_and_their_faults_are_shown() {
    let project = project();
    let at = |name: &str| uri(&project.path().join(name));
    let (file, procfile, settings) = (at("gunicorn.conf.py"), at("Procfile"), at("farrier.toml"));
    let mut editor = Editor::on(&[project.path()]);
    editor.expect(&[(&file, FOUND[0]), (&procfile, FOUND[1])]);
    editor.open(&settings, 1, "ignore = [\"unknown-setting\"]\n");
    editor.expect(&[(&file, &["overridden-or-fragile-value 0"]), (&procfile, FOUND[1])]);
    editor.rewrite(&settings, 2, "min-severity = \"error\"\nignor = []\n");
    editor.expect(&[(&settings, &["settings 1"])]);
    editor.rewrite(&settings, 3, "min-severity = \"error\"\n");
    editor.expect(&[(&file, &["unknown-setting 3"])]);
    editor.leave();
}

#[test]
fn what_cannot_be_analysed_is_shown_as_a_message() {
    let project = project();
    let gone = project.path().join("gone");
    let mut editor = Editor::on(&[&gone]);
    let shown = editor.until(&|message| message["method"] == "window/showMessage");
    assert_eq!(shown["params"]["type"], 1);
    assert!(shown["params"]["message"].as_str().unwrap().contains("does not exist"), "{shown}");
    editor.leave();
}
