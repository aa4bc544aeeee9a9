//! Watches the event loops of real servers whose applications hold them in every way there is.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test fails where it cannot go on")]

mod support;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use farrier::measure::{self, Candidate, Holds, Plan, Request, Stalls};
use farrier::servers::Server;
use support::asgi::asgi;
use support::python::{release, servers_environment};

const WORK: &str = r"
import time

def loop(seconds):
    end = time.process_time() + seconds
    n = 0
    while time.process_time() < end:
        n += 1
    return n
";

const APP: &str = r#"
import asyncio, socket, time
import bcrypt
import work

listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(100)
salt = bcrypt.gensalt(10)

async def app(scope, receive, send):
    # lifespan
    path = scope["path"]
    if path == "/sleep":
        time.sleep(0.15)  # sleep
    elif path == "/socket":
        with socket.create_connection(listener.getsockname()) as peer:
            peer.settimeout(0.15)
            try:
                peer.recv(1)  # socket
            except TimeoutError:
                pass
        listener.accept()[0].close()
    elif path == "/loop":
        work.loop(0.15)
    elif path == "/hash":
        bcrypt.hashpw(b"password", salt); bcrypt.hashpw(b"password", salt)  # hash
    elif path == "/short":
        work.loop(0.012)
    elif path == "/thread":
        await asyncio.to_thread(work.loop, 0.05)
    elif path == "/good":
        await asyncio.sleep(0.05)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})
"#;

/// Leaves a trace, and must not be lost behind the watchdog of the same name.
const SITE: &str = "import os\nopen(os.path.join(os.path.dirname(__file__), 'ran'), 'w').close()\n";

/// Measurements share the machine, so they wait for each other.
fn machine() -> MutexGuard<'static, ()> {
    static MACHINE: Mutex<()> = Mutex::new(());
    MACHINE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Watches a server of the application above while these paths are asked for.
fn watched(server: &str, line: &str, paths: &[&str]) -> Stalls {
    let _machine = machine();
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [("app.py", asgi(APP).as_str()), ("work.py", WORK), ("sitecustomize.py", SITE)] {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let program: Vec<OsString> = vec![servers_environment().python.clone().into(), "-m".into(), server.into()];
    let arguments = line.split_whitespace().map(str::to_owned).collect();
    let candidate = Candidate::new("current".to_owned(), arguments);
    let mut plan = Plan::new(program, folder.path().to_owned(), vec![candidate]);
    plan.server = Server::ALL.into_iter().find(|one| one.as_str() == server).unwrap();
    plan.supervisor = vec![OsString::from(env!("CARGO_BIN_EXE_farrier")), OsString::from(measure::SUPERVISE)];
    let library = release("bcrypt==5.0.0");
    plan.environment = vec![
        ("PYTHONPATH".to_owned(), format!("{}:{}", folder.path().display(), library.display())),
        ("PYTHONDONTWRITEBYTECODE".to_owned(), "1".to_owned()),
    ];
    plan.requests = paths.iter().map(|&path| Request::get(path)).collect();
    plan.connections = 8;
    let found = measure::stalls(&plan, 0, &mut |_| {}).unwrap();
    assert!(found.faults.is_empty(), "{found:#?}");
    assert!(!found.loops.is_empty(), "{found:#?}");
    assert_eq!(found.errors.total(), 0, "{found:#?}");
    let files: BTreeSet<String> = std::fs::read_dir(folder.path())
        .unwrap()
        .map(|file| file.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    let expected = ["app.py", "ran", "sitecustomize.py", "work.py"].map(str::to_owned);
    assert_eq!(files, BTreeSet::from(expected), "only the project's own module leaves anything");
    found
}

fn line_of(text: &str, what: &str) -> usize {
    text.lines().position(|line| line.contains(what)).unwrap() + 1
}

/// Every line that holds the loop is found with what it does, and no other.
fn every_line_is_found(server: &str, line: &str) {
    let found = watched(server, line, &["/sleep", "/socket", "/loop", "/hash"]);
    let seen = |file: &str, line: usize| {
        let held =
            found.held.iter().find(|held| held.file.file_name() == Path::new(file).file_name() && held.line == line);
        held.unwrap_or_else(|| panic!("{file}:{line} in {found:#?}"))
    };
    let sleep = seen("app.py", line_of(&asgi(APP), "# sleep"));
    assert_eq!((sleep.holds, sleep.own, sleep.function.as_str()), (Holds::Sleep, true, "app"));
    assert!(sleep.times >= 2 && (100..600).contains(&sleep.longest.as_millis()), "{sleep:?}");
    assert_eq!(seen("app.py", line_of(&asgi(APP), "# socket")).holds, Holds::Socket);
    // On a machine that is busy with something else the kinds of computing are hard to tell apart.
    assert!(matches!(seen("work.py", line_of(WORK, "while")).holds, Holds::Cpu | Holds::CCall));
    assert!(matches!(seen("app.py", line_of(&asgi(APP), "# hash")).holds, Holds::Cpu | Holds::CCall));

    let times = |held: &&measure::Held| held.times;
    let right: usize = found.held.iter().filter(|held| is_right(held)).map(|held| times(&held)).sum();
    let all: usize = found.held.iter().map(|held| times(&held)).sum();
    assert!(right * 20 >= all * 19, "{found:#?}");
}

fn is_right(held: &measure::Held) -> bool {
    let app = ["# sleep", "# socket", "# hash", "work.loop(0.15)"].map(|what| line_of(&asgi(APP), what));
    match held.file.file_name().and_then(|name| name.to_str()) {
        Some("app.py") => app.contains(&held.line),
        Some("work.py") => true,
        _ => false,
    }
}

#[test]
fn lines_are_found_on_gunicorn_with_uvicorns_worker() {
    every_line_is_found("gunicorn", "app:app -k uvicorn_worker.UvicornWorker");
}

#[test]
fn lines_are_found_on_gunicorns_own_asgi_worker() {
    every_line_is_found("gunicorn", "app:app -k asgi --preload");
}

#[test]
fn lines_are_found_on_uvicorn_with_two_workers() {
    every_line_is_found("uvicorn", "app:app --workers 2 --log-level warning");
}

#[test]
fn no_line_is_blamed_for_plain_overload() {
    let found = watched("gunicorn", "app:app -k uvicorn_worker.UvicornWorker", &["/short", "/thread", "/good"]);
    assert!(found.held.is_empty(), "{found:#?}");
}
