//! Projects that mean harm, or look as if they did: each ends soon, with a note or an error that says
//! what was left out, and never with a panic.
#![allow(clippy::expect_used, reason = "a test stops where its own ground is missing")]

use std::fmt::Write as _;
use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// Longer than anything here takes in a debug build, on a machine that is busy with other tests.
const PATIENCE: Duration = Duration::from_secs(30);

/// More memory than nothing here may take, in KiB.
const ROOM: u64 = 256 << 10;

/// The most that a process has had resident so far, in KiB; nothing where Linux does not say it.
fn resident(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    peak.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}

/// What a run came to, in JSON.
struct Outcome {
    code: i32,
    answer: Value,
    errors: String,
}

impl Outcome {
    /// What the notes say about a file.
    fn notes(&self, file: &str) -> String {
        let notes = self.answer["notes"].as_array().map(Vec::as_slice).unwrap_or_default();
        let about = notes.iter().filter(|note| note["file"] == file);
        about.filter_map(|note| note["reason"].as_str()).collect::<Vec<_>>().join("; ")
    }

    #[track_caller]
    fn says(&self, file: &str, reason: &str) {
        let notes = self.notes(file);
        assert!(notes.contains(reason), "`{reason}` is not in `{notes}`: {}{}", self.answer["notes"], self.errors);
    }
}

/// Runs the binary; a run that does not end is a failure of the test, and is stopped.
#[track_caller]
fn farrier(folder: &Path, arguments: &[&str], patience: Duration) -> Outcome {
    let mut command = Command::new(env!("CARGO_BIN_EXE_farrier"));
    command.current_dir(folder).env_clear().args(arguments);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
    let mut stdout = child.stdout.take().expect("it is piped");
    let mut stderr = child.stderr.take().expect("it is piped");
    let told = std::thread::spawn(move || {
        let mut text = String::new();
        stdout.read_to_string(&mut text).map(|_| text)
    });
    let failed = std::thread::spawn(move || {
        let mut text = String::new();
        stderr.read_to_string(&mut text).map(|_| text)
    });
    let start = Instant::now();
    let mut most = 0;
    let status = loop {
        most = most.max(resident(child.id()));
        if let Some(status) = child.try_wait().expect("the child can be waited for") {
            break status;
        }
        if start.elapsed() > patience {
            child.kill().expect("the child can be stopped");
            child.wait().expect("the child ends");
            panic!("`farrier {}` did not end within {patience:?}", arguments.join(" "));
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let text = told.join().expect("the reader ends").expect("the output is text");
    let errors = failed.join().expect("the reader ends").expect("the errors are text");
    assert!(!errors.contains("panicked"), "{errors}");
    assert!(most <= ROOM, "`farrier {}` had {most} KiB resident", arguments.join(" "));
    let code = status.code().expect("no signal ended it");
    assert!((0..=3).contains(&code), "exit code {code}: {errors}");
    let answer = if text.is_empty() { Value::Null } else { serde_json::from_str(&text).expect("the answer is JSON") };
    Outcome { code, answer, errors }
}

/// Checks a project, after showing it and advising on it have ended well too.
#[track_caller]
fn check(project: &Path) -> Outcome {
    farrier(project, &["show", "--format", "json"], PATIENCE);
    farrier(project, &["advise", "--cpus", "2", "--memory", "512MiB", "--format", "json"], PATIENCE);
    farrier(project, &["check", "--format", "json"], PATIENCE)
}

/// A project with these files and one that is in order.
fn project<T: AsRef<[u8]>>(files: &[(&str, T)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, bytes).expect("a file");
    };
    write("app.py", b"from flask import Flask\n\napp = Flask(__name__)\n");
    for (name, bytes) in files {
        write(name, bytes.as_ref());
    }
    folder
}

/// A project whose configuration file is this, started by a `Procfile`.
fn configured(text: &str) -> tempfile::TempDir {
    project(&[("Procfile", "web: gunicorn -c gunicorn.conf.py app:app\n"), ("gunicorn.conf.py", text)])
}

const LAUNCH: (&str, &str) = ("Procfile", "web: gunicorn app:app\n");

#[test]
fn deep_nesting_ends_in_a_note() {
    let deep = |open: &str, close: &str| open.repeat(100_000) + &close.repeat(100_000);
    let files = [
        ("gunicorn.conf.py", format!("workers = {}\n", deep("(", ")"))),
        ("deep.py", format!("x = {}\n", deep("[", "]"))),
        ("minus.py", format!("x = {}1\n", "-".repeat(100_000))),
        ("plus.py", format!("x = 1{}\n", " + 1".repeat(100_000))),
        ("chain.py", format!("x = y{}\n", ".z()".repeat(100_000))),
        ("blocks.py", (0..2_000).map(|level| " ".repeat(level) + "if x:\n").collect()),
        ("compose.yaml", format!("services: {}\n", deep("[", "]"))),
        ("pyproject.toml", format!("[project]\nx = {}\n", deep("[", "]"))),
        ("Dockerfile", format!("FROM python\nCMD {}\n", deep("[", "]"))),
        ("Procfile", format!("web: gunicorn app:app {}\n", deep("$(", ")"))),
    ];
    let project = project(&files);
    let outcome = check(project.path());
    for file in ["gunicorn.conf.py", "deep.py", "minus.py", "compose.yaml", "pyproject.toml"] {
        assert_ne!(outcome.notes(file), "", "{file}: {}", outcome.answer["notes"]);
    }
}

#[test]
fn aliases_of_aliases_stay_small() {
    let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..40 {
        let alias = format!("*a{}", level - 1);
        writeln!(text, "a{level}: &a{level} [{}]", vec![alias; 10].join(", ")).expect("a text grows");
    }
    text.push_str("services:\n  web:\n    command: gunicorn app:app\n    environment: *a39\n");
    // Nothing unfolds: the service is read, and a list of lists sets no variable.
    let outcome = check(project(&[("compose.yaml", text)]).path());
    assert_eq!(outcome.answer["summary"]["deployments"], 1, "{}", outcome.answer);
}

#[test]
fn a_very_long_line_is_read_or_noted() {
    let long = "x".repeat(5 << 20);
    let files = [
        ("gunicorn.conf.py", format!("raw_env = '{long}'\n")),
        ("compose.yaml", format!("services:\n  web:\n    image: '{long}'\n")),
        ("pyproject.toml", format!("[project]\nname = '{long}'\n")),
        ("Dockerfile", format!("FROM python\nRUN echo {long}\n")),
        ("web.Dockerfile", format!("FROM python\nCMD gunicorn {long}\n")),
        ("Procfile", format!("web: gunicorn app:app --name {long}\n")),
        ("entrypoint.sh", format!("#!/bin/sh\nexec gunicorn app:app --name {long}\n")),
        (".env", format!("X={long}\n")),
        ("requirements.txt", format!("# {long}\n")),
        ("Makefile", format!("serve:\n\tgunicorn app:app --name {long}\n")),
        ("justfile", format!("serve:\n    gunicorn app:app --name {long}\n")),
    ];
    for file in files {
        let outcome = farrier(project(std::slice::from_ref(&file)).path(), &["check", "--format", "json"], PATIENCE);
        let why = match file.0 {
            "gunicorn.conf.py" => "larger than 2 MiB",
            "entrypoint.sh" => "larger than 1 MiB",
            ".env" => "longer than any file of variables",
            "compose.yaml" | "Dockerfile" | "requirements.txt" => "",
            "pyproject.toml" => {
                assert!(outcome.code == 2 && outcome.errors.contains(file.0), "{}", outcome.errors);
                continue;
            }
            _ => "longer than any command",
        };
        if !why.is_empty() {
            outcome.says(file.0, why);
        }
    }
}

#[test]
fn what_is_no_text_is_noted_with_the_reason() {
    let utf16: Vec<u8> =
        [0xff, 0xfe].into_iter().chain("workers = 2\n".encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let files: [(&str, &[u8]); 6] = [
        ("Procfile", b"web: gunicorn app:app\n"),
        ("gunicorn.conf.py", &utf16),
        ("latin.py", b"name = 'caf\xe9'\n"),
        ("nul.py", b"a = 1\0\n"),
        ("compose.yaml", b"\x7fELF\x02\x01\x01\0\0\0\0\0"),
        ("Dockerfile", b"\xfe\xff\0F\0R\0O\0M"),
    ];
    let outcome = check(project(&files).path());
    outcome.says("gunicorn.conf.py", "UTF-16");
    outcome.says("latin.py", "no UTF-8 from byte 11");
    outcome.says("nul.py", "NUL");
    outcome.says("compose.yaml", "NUL");
    outcome.says("Dockerfile", "UTF-16");
    assert_eq!(outcome.answer["summary"]["deployments"], 1);
}

/// A file of every format whose name tells what it is, as far as it takes to be one.
const FORMATS: [(&str, &str); 35] = [
    ("gunicorn.conf.py", "workers = 2\n"),
    ("wsgi.py", "app = 1\n"),
    ("Dockerfile", "FROM python\nCMD [\"gunicorn\", \"app:app\"]\n"),
    ("compose.yaml", "services:\n  web:\n    command: gunicorn app:app\n"),
    ("compose.override.yaml", "services:\n  web:\n    cpus: 1\n"),
    ("start.sh", "#!/bin/sh\nexec gunicorn app:app\n"),
    (".env", "A=1\n"),
    ("requirements.txt", "gunicorn==23.0.0\n"),
    ("poetry.lock", "[[package]]\nname = \"a\"\nversion = \"1\"\n"),
    ("uv.lock", "[[package]]\nname = \"a\"\nversion = \"1\"\n"),
    ("Pipfile", "[packages]\na = \"*\"\n"),
    ("setup.cfg", "[options]\ninstall_requires = a\n"),
    ("chart/Chart.yaml", "name: x\n"),
    ("app.json", "{\"env\": {}}\n"),
    ("fly.toml", "app = \"x\"\n"),
    ("render.yaml", "services: []\n"),
    (".do/app.yaml", "services:\n- name: web\n  run_command: gunicorn app:app\n"),
    ("task-definition.json", "{\"containerDefinitions\": []}\n"),
    ("heroku.yml", "run:\n  web: gunicorn app:app\n"),
    ("railway.json", "{}\n"),
    ("nixpacks.toml", "\n"),
    ("Taskfile.yml", "tasks: {}\n"),
    ("web.service", "[Service]\nExecStart=gunicorn app:app\n"),
    ("supervisord.conf", "[program:web]\ncommand=gunicorn app:app\n"),
    ("uwsgi.ini", "[uwsgi]\nmodule = app\n"),
    ("uwsgi.yaml", "uwsgi:\n  module: app\n"),
    ("uwsgi.json", "{\"uwsgi\": {}}\n"),
    ("uwsgi.xml", "<uwsgi><module>app</module></uwsgi>\n"),
    ("hypercorn.toml", "workers = 1\n"),
    ("Makefile", "all:\n\tgunicorn app:app\n"),
    ("justfile", "all:\n    gunicorn app:app\n"),
    ("package.json", "{\"scripts\": {\"a\": \"gunicorn app:app\"}}\n"),
    ("nginx.conf", "http { server { location / { proxy_pass http://a:8000; } } }\n"),
    ("Caddyfile", ":80 {\n reverse_proxy a:1\n}\n"),
    ("kustomization.yaml", "resources: []\n"),
];

#[test]
fn what_is_no_text_is_noted_in_every_format() {
    for reason in ["UTF-16", "NUL", "no UTF-8"] {
        let broken = |text: &str| match reason {
            "UTF-16" => [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect(),
            "NUL" => [text.as_bytes(), b"\0"].concat(),
            _ => [text.as_bytes(), b"\n# caf\xe9\n"].concat(),
        };
        let files = FORMATS.map(|(name, text)| (name, broken(text)));
        let outcome = check(project(&[&files[..], &[(LAUNCH.0, LAUNCH.1.into())]].concat()).path());
        for (name, _) in FORMATS {
            outcome.says(name, reason);
        }
        assert_eq!(outcome.answer["summary"]["deployments"], 1, "{}", outcome.answer);
    }
}

/// It may hold settings of farrier's own, without which nothing is judged.
#[test]
fn a_project_file_that_is_no_text_is_an_error() {
    for text in [&b"\xff\xfe[\0"[..], b"[project]\nname = 'caf\xe9'\n"] {
        let outcome = farrier(project(&[("pyproject.toml", text)]).path(), &["check", "--format", "json"], PATIENCE);
        assert_eq!(outcome.code, 2, "{}", outcome.answer);
        assert!(outcome.errors.contains("pyproject.toml"), "{}", outcome.errors);
    }
}

#[test]
fn line_endings_and_byte_order_marks_are_no_fault_in_any_format() {
    for broken in [|text: &str| text.replace('\n', "\r\n"), |text: &str| format!("\u{feff}{text}")] {
        let files = FORMATS.map(|(name, text)| (name, broken(text)));
        let outcome = check(project(&files).path());
        for (name, _) in FORMATS {
            assert_eq!(outcome.notes(name), "", "{name}");
        }
    }
}

#[cfg(unix)]
#[test]
fn pipes_and_links_to_themselves_are_noted_in_every_format() {
    let pipe = |path: &Path| {
        let made = Command::new("mkfifo").arg(path).status().expect("mkfifo is there");
        assert!(made.success());
    };
    let link = |path: &Path| std::os::unix::fs::symlink(path.file_name().expect("a name"), path).expect("a link");
    for make in [&pipe as &dyn Fn(&Path), &link] {
        let project = project(&[LAUNCH, ("chart/templates/a.txt", ""), (".do/a.txt", "")]);
        for (name, _) in FORMATS {
            make(&project.path().join(name));
        }
        let outcome = check(project.path());
        for (name, _) in FORMATS {
            assert_ne!(outcome.notes(name), "", "{name}: {}", outcome.answer["notes"]);
        }
    }
}

#[test]
fn line_endings_and_byte_order_marks_change_nothing() {
    let plain = "workers = 2\nworker_class = 'gevent'\nthreads = 8\n";
    let places = |text: &str| {
        let outcome = check(configured(text).path());
        assert_eq!(outcome.code, 1, "{}", outcome.answer);
        let finding = &outcome.answer["findings"][0];
        (finding["rule"].clone(), finding["line"].clone(), finding["column"].clone())
    };
    let expected = places(plain);
    assert_eq!(expected.0, "threads-ignored");
    assert_eq!(places(&plain.replace('\n', "\r\n")), expected);
    assert_eq!(places(&format!("\u{feff}{plain}")), expected);
    let marked = [
        ("Dockerfile", "\u{feff}FROM python:3.12\r\nCMD [\"gunicorn\", \"app:app\", \"-w\", \"2\"]\r\n"),
        ("Procfile", "\u{feff}web: gunicorn app:app -w 2\r\n"),
        ("compose.yaml", "\u{feff}services:\r\n  web:\r\n    command: gunicorn app:app -w 2\r\n"),
    ];
    for file in marked {
        let project = project(&[file]);
        let outcome = farrier(project.path(), &["show", "--format", "json"], PATIENCE);
        assert_eq!(outcome.code, 0, "{}: {}", file.0, outcome.answer);
    }
}

#[cfg(unix)]
#[test]
fn links_pipes_and_folders_in_place_of_files_are_left_out() {
    let project = project(&[LAUNCH]);
    let at = |name: &str| project.path().join(name);
    std::os::unix::fs::symlink(".", at("loop")).expect("a link");
    std::os::unix::fs::symlink("b.py", at("a.py")).expect("a link");
    std::os::unix::fs::symlink("a.py", at("b.py")).expect("a link");
    std::os::unix::fs::symlink("/dev/zero", at("compose.yaml")).expect("a link");
    std::os::unix::fs::symlink("/etc/passwd", at("passwd.py")).expect("a link");
    let made = Command::new("mkfifo").arg(at("gunicorn.conf.py")).status().expect("mkfifo is there");
    assert!(made.success());
    fs::create_dir(at("Dockerfile")).expect("a folder");
    let outcome = check(project.path());
    outcome.says("gunicorn.conf.py", "no regular file");
    assert_eq!(outcome.answer["summary"]["deployments"], 1, "{}", outcome.answer);
    let found = outcome.answer.to_string();
    assert!(!found.contains("root:"), "{found}");

    fs::remove_file(at("Procfile")).expect("it was there");
    fs::create_dir(at("Procfile")).expect("a folder");
    assert_eq!(check(project.path()).code, 3);
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_that_may_not_be_read_is_noted() {
    use std::os::unix::fs::PermissionsExt;

    let status = fs::read_to_string("/proc/self/status").expect("Linux says who runs a process");
    let ids = status.lines().find_map(|line| line.strip_prefix("Uid:")).expect("it has a user");
    let root = ids.split_whitespace().nth(1) == Some("0");
    let project = project(&[LAUNCH, ("gunicorn.conf.py", "workers = 2\n")]);
    let locked = project.path().join("gunicorn.conf.py");
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o000)).expect("the mode can be set");
    let outcome = check(project.path());
    if root {
        // Nothing is closed to root: the file is read, and there is nothing to note.
        assert_eq!(outcome.notes("gunicorn.conf.py"), "");
    } else {
        outcome.says("gunicorn.conf.py", "could not be read");
    }
}

#[test]
fn a_configuration_outside_the_project_is_not_opened() {
    let secret = "workers = 7\n";
    let folder = project(&[("inner/Procfile", "web: gunicorn -c ../secret.py app:app\n"), ("secret.py", secret)]);
    let outcome = farrier(&folder.path().join("inner"), &["show", "--format", "json"], PATIENCE);
    assert_eq!(outcome.code, 0);
    assert!(!outcome.answer["deployments"][0]["settings"].to_string().contains("secret.py:"), "{}", outcome.answer);
    for path in ["../../../../../../etc/passwd", "/etc/passwd", "file:/etc/passwd", "python:os"] {
        let outcome = check(project(&[("Procfile", format!("web: gunicorn -c {path} app:app\n"))]).path());
        assert!(!outcome.answer.to_string().contains("root:"), "{}", outcome.answer);
        assert_ne!(outcome.notes("Procfile"), "", "{path}: {}", outcome.answer);
    }
}

#[test]
fn an_expression_without_end_has_no_value() {
    let hostile = [
        "workers = len('a' * 10**12)\n",
        "workers = 10**10**10\n",
        "workers = 1 << 10**12\n",
        "workers = len([0] * 10**12)\n",
        "x = 'a'\nfor _ in range(10**9):\n    x = x + x\nworkers = len(x)\n",
        "workers = sum(range(10**12))\n",
        "def f(): return f()\nworkers = f()\n",
        "workers = len('%0999999999d' % 1)\n",
        "workers = len(f'{1:999999999}')\n",
        "workers = len('a'.ljust(10**12))\n",
        "workers = len([x for x in range(10**6) for y in range(10**6)])\n",
    ];
    for text in hostile {
        let project = configured(text);
        let outcome = check(project.path());
        assert_ne!(outcome.code, 3, "{text}");
        let shown = farrier(project.path(), &["show", "--format", "json"], PATIENCE);
        let workers = &shown.answer["launches"][0]["settings"]["workers"];
        assert_eq!(workers["known"], false, "{text}: {workers}");
    }
}

/// What grows with every line, or costs more than its length.
#[test]
fn what_doubles_stays_small() {
    let lines = |count: usize, line: &dyn Fn(usize) -> String| (1..count).map(line).collect::<String>();
    let doubling = |n: usize| format!("A{n}=${{A{}}}${{A{}}}\n", n - 1, n - 1);
    let chart = [("chart/Chart.yaml", "name: a\nversion: 1\n".to_owned()), ("chart/values.yaml", "a: 1\n".to_owned())];
    let template =
        format!("kind: Deployment\n{{{{ $a := \"x\" }}}}\n{}", "{{ $a = printf \"%s%s\" $a $a }}\n".repeat(60));
    let cases: Vec<Vec<(&str, String)>> = vec![
        vec![
            (".env", format!("A0=xxxxxxxx\n{}", lines(400, &doubling))),
            (
                "compose.yaml",
                "services:\n  web:\n    env_file: .env\n    command: gunicorn app:app -n ${A399}\n".to_owned(),
            ),
        ],
        chart.into_iter().chain([("chart/templates/web.yaml", template)]).collect(),
        vec![("Dockerfile", format!("FROM python\nCMD [\"gunicorn\"{}]\n", ", \"x\"".repeat(1 << 19)))],
        vec![(
            "Dockerfile",
            format!("FROM python\nENV {}\nCMD gunicorn a\n", lines(1 << 18, &|n| format!("A{n}={n} "))),
        )],
        vec![("Dockerfile", format!("FROM python\n{}CMD gunicorn a\n", "COPY a b\n".repeat(1 << 18)))],
        vec![
            ("Procfile", "web: gunicorn -c gunicorn.conf.py app:app\n".to_owned()),
            ("gunicorn.conf.py", lines(6_000, &|n| format!("class A{n}:\n    x = {n}\n")) + "workers = 2\n"),
        ],
        vec![
            ("Procfile", "web: gunicorn -c gunicorn.conf.py app:app\n".to_owned()),
            (
                "gunicorn.conf.py",
                "import os\n".to_owned() + &lines(6_000, &|n| format!("if os.getenv('A{n}'):\n    workers = {n}\n")),
            ),
        ],
        vec![
            ("Procfile", "web: gunicorn -c gunicorn.conf.py app:app\n".to_owned()),
            ("gunicorn.conf.py", format!("x = (1,)\n{}d = {{x: 1}}\n", "x = (x,) * 9000\n".repeat(8))),
        ],
    ];
    for files in cases {
        farrier(project(&files).path(), &["check", "--format", "json"], PATIENCE);
    }
}

#[test]
fn a_configuration_that_never_ends_is_read_to_its_end() {
    for text in ["while True: pass\nworkers = 2\n", "import itertools\nfor _ in itertools.count(): pass\n"] {
        assert_ne!(check(configured(text).path()).code, 3, "{text}");
    }
}

#[test]
fn modules_that_import_themselves_end() {
    let files = [
        ("Procfile", "web: gunicorn -c gunicorn.conf.py one:app -k uvicorn_worker.UvicornWorker\n"),
        ("gunicorn.conf.py", "from gunicorn_conf import *\nfrom settings import *\nimport settings\n"),
        ("settings.py", "from settings import *\nfrom other import workers\nimport settings\n"),
        ("other.py", "from settings import workers\n"),
        ("one.py", "from one import *\nfrom one import app\nfrom two import app\napp = app\n"),
        ("two.py", "from one import app, helper\nfrom . import two\ndef helper():\n    return helper()\n"),
    ];
    let outcome = check(project(&files).path());
    assert_eq!(outcome.answer["summary"]["deployments"], 1, "{}", outcome.answer);
}

/// What starts, includes or builds itself, or another one that does.
#[test]
fn files_that_lead_back_to_themselves_end() {
    let cases: &[&[(&str, &str)]] = &[
        &[
            ("Procfile", "web: sh a.sh\n"),
            ("a.sh", ". ./b.sh\n. ./a.sh\nsh a.sh\nexec gunicorn app:app\n"),
            ("b.sh", ". ./a.sh\n./b.sh\nsource b.sh\n"),
        ],
        &[
            ("Procfile", "web: make run\n"),
            ("Makefile", "run: other\n\tnpm run start\n\t$(MAKE) run\nother: run\n\tgunicorn app:app\n"),
            ("package.json", "{\"scripts\": {\"start\": \"make run && npm run start\", \"prestart\": \"npm start\"}}"),
        ],
        &[
            ("Procfile", "web: just a\n"),
            ("justfile", "a: b\n    just b\nb: a\n    task c\n    gunicorn app:app\n"),
            ("Taskfile.yml", "version: '3'\ntasks:\n  c:\n    deps: [c]\n    cmds:\n      - task: c\n      - just a\n"),
            ("pyproject.toml", "[tool.poe.tasks]\nx = 'poe y'\ny = 'pdm run x'\n[tool.pdm.scripts]\nx = 'poe x'\n"),
        ],
        &[
            (
                "compose.yaml",
                "include: [compose.yaml]\nservices:\n  a: {extends: b}\n  b: {extends: {file: other.yml, service: c}}\n",
            ),
            ("other.yml", "services:\n  c: {extends: {file: compose.yaml, service: a}, command: gunicorn app:app}\n"),
        ],
        &[
            ("a/kustomization.yaml", "resources: [../b, ., ../a]\ncomponents: [../b]\n"),
            ("b/kustomization.yaml", "bases: [../a]\nresources: [../b/kustomization.yaml]\n"),
        ],
        &[
            (
                "Dockerfile",
                "ARG A=$A\nFROM b AS a\nFROM a AS b\nCOPY --from=b /x /x\nFROM c AS c\nCMD gunicorn app:app\n",
            ),
            ("compose.yaml", "services:\n  web:\n    build: .\n    image: web\n"),
        ],
        &[
            ("Procfile", "web: uwsgi --ini a.ini\n"),
            ("a.ini", "[uwsgi]\nini = a.ini\ninclude = b.ini\na = %(b)\nb = %(a)\nmodule = %(a)\n"),
            ("b.ini", "[uwsgi]\nini = a.ini\nini = :uwsgi\ninherit = b.ini\n"),
        ],
        &[
            (
                "supervisord.conf",
                "[supervisord]\n[include]\nfiles = *.conf supervisord.conf\n[program:a]\ncommand = supervisord -c supervisord.conf\n",
            ),
            ("Procfile", "web: supervisord -c supervisord.conf\n"),
        ],
        &[
            (
                "web.service",
                "[Service]\nEnvironmentFile=web.service\nExecStart=systemctl start web\nExecStart=/srv/run.sh\n",
            ),
            ("web.service.d/a.conf", "[Service]\nEnvironmentFile=web.service.d/a.conf\n"),
            ("run.sh", "exec /srv/run.sh\n"),
        ],
        &[
            ("Procfile", "web: python -m a\n"),
            (
                "a.py",
                "import runpy, subprocess\nsubprocess.run(['python', '-m', 'a'])\nrunpy.run_module('a')\nimport b\nb.main()\n",
            ),
            ("b.py", "import a, os\ndef main():\n    os.execvp('python', ['python', 'a.py'])\n    main()\n"),
        ],
        &[
            (
                "nginx.conf",
                "http { include nginx.conf; include *.conf; server { location / { proxy_pass http://a; } } }\n",
            ),
            (".env", "A=${B}\nB=${A}\n"),
            (
                "compose.yaml",
                "services:\n  web: {env_file: [.env, .env], command: gunicorn -w ${A} app:app, environment: {C: $C}}\n",
            ),
        ],
    ];
    for files in cases {
        let project = project(files);
        let start = Instant::now();
        farrier(project.path(), &["show", "--format", "json"], PATIENCE);
        // In a debug build on a machine that is busy with other tests.
        assert!(start.elapsed() < Duration::from_secs(4), "{:?} for {files:?}", start.elapsed());
        check(project.path());
    }
}

#[test]
fn modules_that_all_import_from_each_other_end() {
    let names: Vec<String> = (0..12).map(|module| format!("m{module}.py")).collect();
    let mut text = String::new();
    for module in 0..12 {
        writeln!(text, "if x{module}:\n    from m{module} import app").expect("a text grows");
    }
    let mut files: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), text.as_str())).collect();
    files.push(("Procfile", "web: gunicorn m0:app\n"));
    let outcome = check(project(&files).path());
    assert_eq!(outcome.answer["summary"]["deployments"], 1, "{}", outcome.answer);
}

#[test]
fn three_thousand_services_are_read() {
    let mut text = String::from("services:\n");
    for service in 0..3_000 {
        writeln!(text, "  s{service}:\n    command: gunicorn app:app -w 2 -k gevent --threads 4")
            .expect("a text grows");
    }
    let project = project(&[("compose.yaml", text)]);
    let outcome = farrier(project.path(), &["check", "--format", "json"], PATIENCE * 6);
    let deployments = outcome.answer["summary"]["deployments"].as_u64().expect("a number of deployments");
    assert_eq!(deployments, 800);
    outcome.says("compose.yaml", "more than 1000 services; the rest was not read");
}

#[test]
fn an_empty_project_has_nothing_to_check() {
    let folder = tempfile::tempdir().expect("a folder");
    assert_eq!(check(folder.path()).code, 3);
}

#[test]
fn two_thousand_python_files_are_read() {
    let body = "def f(x):\n    return [y + 1 for y in x if y]\n\n\n".repeat(5);
    let names: Vec<String> = (0..2_000).map(|module| format!("package{}/m{module}.py", module % 40)).collect();
    let mut files: Vec<(&str, String)> = names.iter().map(|name| (name.as_str(), body.clone())).collect();
    files.push((LAUNCH.0, LAUNCH.1.to_owned()));
    let project = project(&files);
    let outcome = farrier(project.path(), &["check", "--format", "json"], PATIENCE * 6);
    assert_eq!(outcome.answer["summary"]["files_read"], 2_002);
}

#[test]
fn a_way_of_three_hundred_calls_is_told_by_its_ends() {
    let mut text = String::from("import requests\nfrom fastapi import FastAPI\n\napp = FastAPI()\n\n\n");
    text.push_str("@app.get('/')\nasync def view():\n    return f0()\n\n\n");
    for step in 0..300 {
        writeln!(text, "def f{step}():\n    return f{}()\n\n", step + 1).expect("a text grows");
    }
    text.push_str("def f300():\n    return requests.get('https://example.org')\n");
    let outcome = check(project(&[("main.py", text.as_str()), ("Procfile", "web: uvicorn main:app\n")]).path());
    let findings = outcome.answer["findings"].as_array().expect("a list");
    let found = findings.iter().find(|finding| finding["code"] == "ASY002").expect("the call stops the loop");
    let message = found["message"].as_str().expect("a text");
    let way = "`view` -> `f0` -> `f1` -> `f2` -> `f3` -> ... 292 calls between ... -> `f296` -> `f297` -> `f298` -> \
               `f299` -> `f300` -> `requests.get`";
    assert!(message.starts_with(way), "{message}");
    let count = |key: &str| found[key].as_array().map_or(0, Vec::len);
    assert!(count("chain") == 10 && count("related") <= 12, "{} {}", count("chain"), count("related"));
}
