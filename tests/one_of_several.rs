//! Calls of one root cause are told together, and silenced one by one: by a comment, by settings for a file, by what the
//! settings allow, by a baseline.
#![allow(clippy::expect_used, reason = "a test stops where its own ground is missing")]

use std::fs;
use std::path::Path;
use std::process::Command;

const HEAD: &str = "import time\nimport requests\nfrom fastapi import FastAPI\n\napp = FastAPI()\n\n\n";
const HELPER: &str = "def helper():\n    time.sleep(30)\n\n\n";

/// A project of `main.py` with this below its imports, and of other files.
fn project(main: &str, others: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), "main.py", main);
    for (path, text) in others {
        write(folder.path(), path, text);
    }
    folder
}

fn write(root: &Path, path: &str, text: &str) {
    let text = if path == "main.py" { format!("{HEAD}{text}") } else { text.to_owned() };
    fs::write(root.join(path), text).expect("it is written");
}

fn handler(name: &str, body: &str) -> String {
    format!("@app.post(\"/{name}\")\nasync def {name}():\n    {body}\n\n\n")
}

fn run(root: &Path, arguments: &[&str]) -> String {
    let output =
        Command::new(env!("CARGO_BIN_EXE_farrier")).args(arguments).current_dir(root).output().expect("it runs");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// What is told: where, by which rule, and the text of that line.
fn told(root: &Path) -> Vec<String> {
    let found = run(root, &["check", "--format", "concise", "--select", "ASY,FAR"]);
    let line = |line: &str| {
        let mut parts = line.splitn(4, ':');
        let (path, number) = (parts.next()?, parts.next()?.parse::<usize>().ok()?);
        let text = fs::read_to_string(root.join(path)).ok()?;
        let rule = line.split(['[', ']']).nth(1)?;
        Some(format!("{path} {rule} {}", text.lines().nth(number - 1)?.trim()))
    };
    found.lines().filter_map(line).collect()
}

fn suppressed(root: &Path) -> Option<u64> {
    let json: serde_json::Value =
        serde_json::from_str(&run(root, &["check", "--format", "json", "--select", "ASY"])).ok()?;
    assert_eq!(json["suppressed"].as_array().map(|all| all.len() as u64), json["summary"]["suppressed"].as_u64());
    json["summary"]["suppressed"].as_u64()
}

#[test]
fn a_comment_at_one_handler_leaves_the_others() {
    const WHY: &str = "  # farrier: ignore[ASY002] -- admin only";
    let [a, b, c] = ["a", "b", "c"].map(|name| handler(name, &format!("helper()  # {name}")));
    for (silenced, left, count) in [
        (vec!["a"], vec!["main.py blocking-call-transitive helper()  # b"], 1),
        (vec!["b"], vec!["main.py blocking-call-transitive helper()  # a"], 1),
        (vec!["c"], vec!["main.py blocking-call-transitive helper()  # a"], 1),
        (vec!["a", "b"], vec!["main.py blocking-call-transitive helper()  # c"], 2),
        (vec!["a", "b", "c"], vec![], 3),
    ] {
        let mut text = format!("{HELPER}{a}{b}{c}");
        for name in &silenced {
            text = text.replace(&format!("helper()  # {name}"), &format!("helper(){WHY}"));
        }
        let folder = project(&text, &[]);
        assert_eq!(told(folder.path()), left, "{silenced:?}");
        assert_eq!(suppressed(folder.path()), Some(count), "{silenced:?}");
    }
}

#[test]
fn of_two_calls_of_one_function_one_is_silenced() {
    const WHY: &str = "  # farrier: ignore[ASY002] -- short";
    const OWN: &str = "  # farrier: ignore[ASY001] -- short";
    for (body, left) in [
        (format!("time.sleep(0.2){OWN}\n    time.sleep(30)"), vec!["main.py blocking-call-in-async time.sleep(30)"]),
        (format!("time.sleep(30){OWN}\n    time.sleep(0.2)"), vec!["main.py blocking-call-in-async time.sleep(0.2)"]),
        (format!("helper(){WHY}\n    helper()"), vec!["main.py blocking-call-transitive helper()"]),
        (format!("helper()\n    helper(){WHY}"), vec!["main.py blocking-call-transitive helper()"]),
        (format!("helper(){WHY}\n    helper(){WHY}"), vec![]),
    ] {
        let folder = project(&format!("{HELPER}{}", handler("a", &body)), &[]);
        assert_eq!(told(folder.path()), left, "{body}");
    }
}

#[test]
fn a_comment_at_the_root_silences_all_ways_through_that_line() {
    const WHY: &str = "  # farrier: ignore[ASY002] -- known";
    let handlers = handler("a", "helper()") + &handler("b", "helper()");
    let silenced = HELPER.replace("(30)", &format!("(30){WHY}"));
    let folder = project(&format!("{silenced}{handlers}"), &[]);
    assert_eq!(told(folder.path()), Vec::<String>::new());
    assert_eq!(suppressed(folder.path()), Some(1));
    // Another call in the helper is another way.
    let more = silenced.replace("(30)", "(60)").replace(WHY, &format!("{WHY}\n    time.sleep(0.2)"));
    let folder = project(&format!("{more}{handlers}"), &[]);
    assert_eq!(told(folder.path()), ["main.py blocking-call-transitive helper()"]);
    assert!(run(folder.path(), &["check", "--format", "concise"]).contains("for 0.2 s"));
    // A comment about another rule silences nothing, and says so.
    let other = HELPER.replace("(30)", "(30)  # farrier: ignore[ASY003] -- known");
    let folder = project(&format!("{other}{handlers}"), &[]);
    assert_eq!(told(folder.path()).len(), 2, "{:?}", told(folder.path()));
}

#[test]
fn a_comment_about_another_rule_tells_no_lines_apart() {
    const OTHER: &str = "  # farrier: ignore[ASY003] -- known";
    for (name, first, second) in [("a", OTHER, "  # b"), ("b", "  # a", OTHER), ("both", OTHER, OTHER)] {
        let handlers = handler("a", &format!("helper(){first}")) + &handler("b", &format!("helper(){second}"));
        let folder = project(&format!("{HELPER}{handlers}"), &[]);
        let told = told(folder.path());
        let of = |rule: &str| told.iter().filter(|one| one.contains(rule)).count();
        let unused = [first, second].iter().filter(|comment| **comment == OTHER).count();
        assert_eq!((of("blocking-call-transitive"), of("unused-suppression")), (1, unused), "{name}: {told:?}");
    }
    // Next to one that means something, it is still of no use.
    let handlers = handler("a", "helper()  # farrier: ignore[ASY002] -- known")
        + &handler("b", &format!("helper(){OTHER}"))
        + &handler("c", "helper()  # c");
    let folder = project(&format!("{HELPER}{handlers}"), &[]);
    let told = told(folder.path());
    assert_eq!(told.iter().filter(|one| one.contains("transitive")).count(), 1, "{told:?}");
    assert_eq!((told.len(), suppressed(folder.path())), (2, Some(1)), "{told:?}");
}

#[test]
fn what_a_with_statement_opens_is_silenced_with_it() {
    let send = "with smtplib.SMTP(\"mail\") as mail:  # farrier: ignore[ASY001] -- on this host\n        ";
    for (inside, left) in [("mail.sendmail(\"a\", \"b\", \"c\")", 0), ("time.sleep(30)", 1)] {
        let folder = project(&format!("import smtplib\n\n\n{}", handler("a", &format!("{send}{inside}"))), &[]);
        assert_eq!(told(folder.path()).len(), left, "{inside}: {:?}", told(folder.path()));
    }
}

#[test]
fn settings_for_one_file_leave_the_others() {
    let admin = "from fastapi import APIRouter\nfrom slow import helper\n\nrouter = APIRouter()\n\n\n@router.get(\"/z\")\nasync def z():\n    helper()\n";
    let slow = "import time\n\n\ndef helper():\n    time.sleep(30)\n";
    let main = "from admin import router\nfrom slow import helper\n\napp.include_router(router)\n\n\n".to_owned()
        + &handler("pay", "helper()  # pay");
    let folder = project(&main, &[("admin.py", admin), ("slow.py", slow)]);
    assert_eq!(told(folder.path()).len(), 1);
    for settings in ["[[blocking.allow]]\npath = \"admin.py\"\n", "[per-file.\"admin.py\"]\nignore = [\"ASY\"]\n"] {
        write(folder.path(), "farrier.toml", settings);
        let left = ["main.py blocking-call-transitive helper()  # pay"];
        assert_eq!(told(folder.path()), left, "{settings}");
    }
}

#[test]
fn a_comment_above_a_block_covers_all_of_it() {
    const WHY: &str = "# farrier: ignore[ASY001] -- known\n";
    let own = handler("a", "if app:\n        time.sleep(30)");
    for (text, left) in [
        (format!("{WHY}{own}"), 0),
        (own.replace("async def", &format!("{WHY}async def")), 0),
        (own.replace("    if", &format!("    {WHY}    if")), 0),
        (own.replace("        time", &format!("        {WHY}        time")), 0),
        // At the end of the line it is about that line, and one above something else about that.
        (own.replace("a():", &format!("a():  {}", WHY.trim_end())), 2),
        (format!("{WHY}x = 1\n{own}"), 2),
        (own.replace("    if", &format!("    {WHY}    x = 1\n    if")), 2),
    ] {
        let folder = project(&text, &[]);
        assert_eq!(told(folder.path()).len(), left, "{text}: {:?}", told(folder.path()));
    }
}

#[test]
fn a_baseline_knows_each_handler_and_each_call() {
    let one = HELPER.to_owned() + &handler("a", "helper()") + &handler("b", "time.sleep(1)");
    let folder = project(&one, &[]);
    let root = folder.path();
    run(root, &["baseline", "create"]);
    assert_eq!(told(root), Vec::<String>::new());
    for (what, text, left) in [
        (
            "a handler",
            one.clone() + &handler("c", "helper()  # c"),
            vec!["main.py blocking-call-transitive helper()  # c"],
        ),
        (
            "a call in a handler",
            one.replace("sleep(1)", "sleep(1)\n    time.sleep(40)"),
            vec!["main.py blocking-call-in-async time.sleep(40)"],
        ),
        (
            "a call before it",
            one.replace("time.sleep(1)", "time.sleep(40)\n    time.sleep(1)"),
            vec!["main.py blocking-call-in-async time.sleep(40)"],
        ),
        (
            "the same call once more",
            one.replace("sleep(1)", "sleep(1)\n    time.sleep(1)"),
            vec!["main.py blocking-call-in-async time.sleep(1)"],
        ),
        (
            "a call in the helper",
            one.replace("sleep(30)", "sleep(30)\n    time.sleep(40)"),
            vec!["main.py blocking-call-transitive helper()"],
        ),
        ("lines above", format!("x = 1\n\n\n{one}"), vec![]),
    ] {
        write(root, "main.py", &text);
        assert_eq!(told(root), left, "{what}");
        // What is told again beside something new is not gone.
        let check = run(root, &["check"]);
        assert!(!check.contains("gone"), "{what}: {check}");
    }
    write(root, "main.py", &one.replace("time.sleep(1)", "pass"));
    assert!(run(root, &["baseline", "prune"]).contains("time.sleep(1)"));
}

#[test]
fn a_baseline_of_the_first_schema_still_counts() {
    let one = HELPER.to_owned() + &handler("a", "helper()") + &handler("b", "helper()");
    let folder = project(&one, &[]);
    let root = folder.path();
    run(root, &["baseline", "create"]);
    let path = root.join("farrier-baseline.json");
    let text = fs::read_to_string(&path).expect("it is there");
    let mut json: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
    json["schema"] = 1.into();
    let entries = json["findings"].as_array_mut().expect("a list");
    entries.retain(|entry| entry["count"] != 0);
    for entry in entries {
        entry.as_object_mut().expect("an object").remove("also");
    }
    fs::write(&path, json.to_string()).expect("it is written");
    assert_eq!(told(root), Vec::<String>::new());
    write(root, "main.py", &(one + &handler("c", "requests.get(\"http://x\")")));
    assert_eq!(told(root).len(), 1);
}
