//! Nothing is said about projects without a fault, and they are shown to be without one.
#![allow(clippy::expect_used, reason = "a test stops where its own ground is missing")]

mod support;

use std::collections::BTreeSet;
use std::process::Command;

use support::command::{Project, fixtures};
use support::python::python_environment;

/// How the real server is shown each project: the folder to stand in, and a command that loads the
/// configuration and the application without serving.
const LAUNCHES: &[(&str, &str, &[&str])] = &[
    ("computed-configuration", "", &["gunicorn", "app:app"]),
    ("django-asgi", "", &["gunicorn", "chat.asgi:application", "-k", "uvicorn_worker.UvicornWorker", "--workers", "2"]),
    (
        "django-wsgi",
        "",
        &[
            "gunicorn",
            "library.wsgi",
            "--workers",
            "3",
            "--threads",
            "2",
            "--max-requests",
            "1000",
            "--max-requests-jitter",
            "100",
        ],
    ),
    ("fastapi-compose", "", &["gunicorn", "shop.main:app", "--config", "gunicorn.conf.py"]),
    ("fastapi-gunicorn-compose", "", &["gunicorn", "inventory.main:app", "--config", "gunicorn.conf.py"]),
    ("fastapi-uvicorn-docker", "", &["uvicorn", "main:app"]),
    (
        "flask-behind-adapter",
        "",
        &["gunicorn", "portal:app", "--worker-class", "uvicorn_worker.UvicornWorker", "--workers", "2"],
    ),
    ("flask-gthread", "", &["gunicorn", "--config", "gunicorn.conf.py", "bookings:create_app()"]),
    ("flask-procfile", "", &["gunicorn", "wsgi:app", "--workers", "2", "--threads", "8", "--keep-alive", "30"]),
    ("gevent-flask", "", &["gunicorn", "board:board"]),
    ("monorepo", "services/accounts", &["gunicorn", "wsgi:app", "--config", "gunicorn.conf.py"]),
    ("monorepo", "services/gateway", &["uvicorn", "main:app"]),
    ("native-asgi", "", &["gunicorn", "quotes:app", "--worker-class", "asgi", "--workers", "1"]),
    ("offloaded-calls", "", &["uvicorn", "main:app"]),
    ("several-services", "api", &["gunicorn", "app:app", "-k", "uvicorn_worker.UvicornWorker", "-w", "2"]),
    ("several-services", "admin", &["gunicorn", "admin:application", "-w", "1", "--threads", "4"]),
    ("uvicorn-image", "", &["uvicorn", "app.main:app"]),
];

fn projects() -> BTreeSet<String> {
    let entries = std::fs::read_dir(fixtures().join("healthy")).expect("the fixtures are there");
    let folders = entries.flatten().filter(|entry| entry.path().is_dir());
    folders.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

#[test]
fn nothing_is_said_about_healthy_projects() {
    let mut complaints = Vec::new();
    for name in projects() {
        let run = Project::fixture(&format!("healthy/{name}")).farrier("check", &[]);
        if run.exit != Some(0) || !run.list("findings").is_empty() {
            complaints.push(format!("{name}: exit {:?}, {:#?}", run.exit, run.list("findings")));
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn silence_does_not_come_from_reading_nothing() {
    for (name, folder, command) in LAUNCHES {
        let run = Project::fixture(&format!("healthy/{name}")).farrier("show", &[]);
        let app = command.iter().find(|word| word.contains(':') || word.ends_with("wsgi")).copied();
        let launch = run.list("launches").iter().find(|launch| {
            launch["server"] == command[0] && launch["app"].as_str() == app && launch["folder"] == *folder
        });
        assert!(launch.is_some(), "{name}: no launch of {app:?} in {:#}", run.report["launches"]);
    }
}

#[test]
fn the_real_servers_accept_them() {
    let shown: BTreeSet<String> = LAUNCHES.iter().map(|(name, ..)| (*name).to_owned()).collect();
    assert_eq!(shown, projects(), "each project is shown to the server");
    let environment = python_environment();
    for (name, folder, command) in LAUNCHES {
        let project = Project::fixture(&format!("healthy/{name}"));
        let (server, arguments) = command.split_first().expect("a command has a program");
        let mut process = if *server == "gunicorn" {
            let mut process = Command::new(environment.bin.join(server));
            process.args(arguments).arg("--check-config");
            process
        } else {
            // Uvicorn has no such switch: its own loader is what it would call first.
            let load = "import sys; sys.path.insert(0, '.'); from uvicorn import Config; \
                        c = Config(sys.argv[1]); c.load(); print(c.interface)";
            let mut process = environment.command();
            process.args(["-c", load]).args(arguments);
            process
        };
        for variable in ["WEB_CONCURRENCY", "GUNICORN_CMD_ARGS", "PORT", "MEMORY_AVAILABLE", "PYTHONPATH"] {
            process.env_remove(variable);
        }
        let output = process.current_dir(project.path().join(folder)).output().expect("the server starts");
        let said = [&output.stdout[..], &output.stderr[..]].concat();
        assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&said));
    }
}
