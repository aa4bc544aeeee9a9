//! Measures a real Gunicorn, and looks for what it leaves behind.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test fails where it cannot go on")]

mod support;

use std::ffi::OsString;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use farrier::measure::{
    self, Bounds, Candidate, Doubt, Error, Limits, Means, Outcome, Plan, Progress, Verdict, Warning,
};
use farrier::servers::Server;
use farrier::values::{Bytes, Cpus};
use rustix::process::{Pid, Signal, kill_process};
use support::asgi::asgi;
use support::python::{compiled, python_environment, servers_environment, tools_environment};

/// A variable every process of one test inherits, by which it is found again.
const MARK: &str = "FARRIER_TEST_MARK";
/// Tells the test binary, started once more, what to measure.
const CHILD: &str = "FARRIER_TEST_CHILD";

const APP: &str = r#"
import sys, time

def waiting(environ, start_response):
    time.sleep(0.05)
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]

def computing(environ, start_response):
    end = time.thread_time() + 0.005
    while time.thread_time() < end: pass
    start_response("200 OK", [("Content-Length", "2")])
    return [b"ok"]

kept = []

def hoarding(environ, start_response):
    if len(kept) < 40:
        kept.append(bytearray(4 << 20))
    return waiting(environ, start_response)

def failing(environ, start_response):
    if environ["PATH_INFO"] == "/":
        raise RuntimeError("no")
    return waiting(environ, start_response)

async def asynchronous(scope, receive, send):
    # lifespan
    import asyncio
    await asyncio.sleep(0.05)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})

left = 12

def dying(environ, start_response):
    global left
    left -= 1
    if left == 0:
        import os, signal
        os.kill(os.getppid(), signal.SIGKILL)
    return waiting(environ, start_response)
"#;

/// Measurements share the machine, so they wait for each other.
fn machine() -> MutexGuard<'static, ()> {
    static MACHINE: Mutex<()> = Mutex::new(());
    MACHINE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A plan for two configurations of the application above, and the folder it lies in.
fn plan(mark: &str, current: &str, recommended: &str) -> (Plan, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("app.py"), asgi(APP)).unwrap();
    let candidate = |label: &str, line: &str| {
        Candidate::new(label.to_owned(), line.split_whitespace().map(str::to_owned).collect())
    };
    let program = [python_environment().python.clone().into(), "-m".into(), "gunicorn".into()];
    let candidates = vec![candidate("current", current), candidate("recommended", recommended)];
    let mut plan = Plan::new(program.to_vec(), folder.path().to_owned(), candidates);
    plan.environment = vec![(MARK.to_owned(), mark.to_owned())];
    plan.supervisor = vec![OsString::from(env!("CARGO_BIN_EXE_farrier")), OsString::from(measure::SUPERVISE)];
    plan.connections = 8;
    plan.window = Duration::from_millis(400);
    (plan, folder)
}

/// Measures and makes sure that nothing is left.
fn measured(mark: &str, current: &str, recommended: &str, change: impl FnOnce(&mut Plan)) -> Result<Outcome, Error> {
    let (mut plan, _folder) = plan(mark, current, recommended);
    change(&mut plan);
    let result = measure::run(&plan, &mut |_| {});
    assert_eq!(marked(mark), Vec::new(), "left behind");
    result
}

/// The processes that carry the mark, with their command lines.
fn marked(mark: &str) -> Vec<(i32, String)> {
    let wanted = format!("{MARK}={mark}");
    let mut found: Vec<(i32, String)> = procfs::process::all_processes()
        .unwrap()
        .filter_map(|process| {
            let process = process.ok()?;
            let environment = std::fs::read(format!("/proc/{}/environ", process.pid)).ok()?;
            environment.split(|b| *b == 0).any(|variable| variable == wanted.as_bytes()).then_some(())?;
            Some((process.pid, process.cmdline().ok()?.join(" ")))
        })
        .collect();
    found.sort_unstable();
    found
}

fn gone_within(mark: &str, limit: Duration) {
    let until = Instant::now() + limit;
    while !marked(mark).is_empty() {
        assert!(Instant::now() < until, "still alive: {:?}", marked(mark));
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn more_workers_are_better_where_workers_wait() {
    let _machine = machine();
    let found = measured("better", "-w 1 app:waiting", "-w 4 app:waiting --bind 0.0.0.0:1", |plan| {
        plan.budget = Duration::from_secs(10);
    })
    .unwrap();
    let comparison = &found.comparisons[0];
    assert_eq!(comparison.verdict, Verdict::Better, "{found:#?}");
    assert!((3.0..4.6).contains(&comparison.ratio.median), "{comparison:?}");

    let [current, recommended] = &found.candidates[..] else { panic!("{found:#?}") };
    // 50 ms per request: 20/s for one worker; with eight connections each waits for seven others.
    assert!((16.0..20.5).contains(&current.rate.median), "{current:?}");
    assert!(current.p50.unwrap() > Duration::from_millis(350), "{current:?}");
    assert!(recommended.p50.unwrap() < Duration::from_millis(250), "{recommended:?}");
    assert_eq!((current.workers, recommended.workers), (1, 4));
    assert_eq!((current.errors.total(), recommended.errors.total()), (0, 0));
    assert_eq!((current.restarts, recommended.restarts), (0, 0));
    assert_eq!(current.p99, None, "a handful of requests has no 99th percentile");
    // A worker of this application takes some 10 MB, four of them share most of it.
    let memory = |measured: &measure::Measured| measured.memory.unwrap().bytes.as_mib();
    assert!((5.0..60.0).contains(&memory(current)), "{current:?}");
    assert!(memory(recommended) > memory(current) && memory(recommended) < 5.0 * memory(current));
    let spent = current.cpu_per_request.unwrap();
    assert!(spent < Duration::from_millis(25), "{spent:?}");
    assert!(recommended.command.iter().any(|word| word.starts_with("127.0.0.1:")));
    assert!(!recommended.command.contains(&"0.0.0.0:1".to_owned()));
    let scheduled = current.scheduled.as_ref().unwrap();
    assert!((scheduled.achieved / scheduled.offered) > 0.7, "{scheduled:?}");
    assert!(found.windows.len() >= 6);
}

#[test]
fn one_configuration_twice_is_never_a_difference() {
    let _machine = machine();
    let found = measured("same", "-w 2 app:waiting", "-w 2 app:waiting", |plan| {
        plan.budget = Duration::from_secs(8);
    })
    .unwrap();
    let comparison = &found.comparisons[0];
    // Tests run beside other work, which may be enough to refuse a verdict.
    let undecided = matches!(comparison.verdict, Verdict::Inconclusive(Doubt::ForeignLoad | Doubt::Noise));
    assert!(comparison.verdict == Verdict::Same || undecided, "{found:#?}");
    assert!((0.9..1.1).contains(&comparison.ratio.median), "{comparison:?}");
}

#[test]
fn a_configuration_that_fails_requests_cannot_win() {
    let _machine = machine();
    let found = measured("fails", "-w 1 app:waiting", "-w 2 app:failing", |plan| {
        plan.budget = Duration::from_secs(6);
    })
    .unwrap();
    assert_eq!(found.comparisons[0].verdict, Verdict::Worse, "{found:#?}");
    let recommended = &found.candidates[1];
    assert!(recommended.errors.failed > 10 && recommended.rate.median < 1.0, "{recommended:?}");
    assert!(found.warnings.iter().any(|w| matches!(w, Warning::Failures { label, .. } if label == "recommended")));
    assert!(
        found.warnings.iter().any(|w| matches!(w, Warning::StatusDiffers { statuses, .. } if statuses == &[200, 500]))
    );
}

#[test]
fn a_path_nobody_answers_is_refused_before_any_load() {
    let error = measured("target", "-w 1 app:failing", "-w 1 app:failing", |_| {}).unwrap_err();
    assert!(matches!(&error, Error::Target { path, status: 500 } if path == "/"), "{error:?}");
}

#[test]
fn a_server_that_does_not_start_says_why() {
    let start = Instant::now();
    let error = measured("import", "-w 1 app:waiting", "-w 1 nothing:app", |_| {}).unwrap_err();
    let Error::Start { label, ended, reason, log } = &error else { panic!("{error:?}") };
    assert_eq!((label.as_str(), ended.as_str()), ("recommended", "exit code 3"));
    assert_eq!(reason, "ModuleNotFoundError: No module named 'nothing'");
    assert!(log.len() > 3);
    assert!(start.elapsed() < Duration::from_secs(15), "must fail as soon as the server ends");

    let error = measured("usage", "-w 1 --nonsense app:waiting", "-w 1 app:waiting", |_| {}).unwrap_err();
    assert!(matches!(&error, Error::Start { reason, .. } if reason.contains("--nonsense")), "{error:?}");

    let error = measured("program", "app:waiting", "app:waiting", |plan| {
        plan.program = vec!["/nowhere/python".into()];
    })
    .unwrap_err();
    assert!(matches!(&error, Error::Program { program, .. } if program == "/nowhere/python"), "{error:?}");
}

#[test]
fn a_server_that_never_answers_is_given_up() {
    let error = measured("slow", "-w 1 app:waiting", "app:waiting", |plan| {
        plan.program = vec!["/bin/sh".into(), "-c".into(), "trap '' TERM; sleep 60 & sleep 60; :".into()];
        plan.ready_within = Duration::from_millis(500);
    })
    .unwrap_err();
    assert!(matches!(error, Error::NotReady { .. }), "{error:?}");
}

#[test]
fn a_server_that_detaches_is_ended_too() {
    let (mut plan, folder) = plan("detached", "-w 1 app:waiting", "-w 1 app:waiting");
    std::fs::write(folder.path().join("gunicorn.conf.py"), "daemon = True\n").unwrap();
    plan.budget = Duration::from_secs(3);
    let found = measure::run(&plan, &mut |_| {}).unwrap();
    assert_eq!(marked("detached"), Vec::new(), "left behind");
    assert_eq!(found.candidates[0].workers, 1, "{found:#?}");
}

/// Body of the processes that the tests below interrupt.
#[test]
#[ignore = "started by the other tests"]
fn child() {
    let Ok(mark) = std::env::var(CHILD) else {
        return;
    };
    let (mut plan, _folder) = plan(&mark, "-w 1 app:waiting", "-w 2 app:waiting");
    if mark == "limited" {
        let limits = Limits { cpus: Some(Cpus(1.0)), memory: Some(Bytes::mib(256)) };
        plan.bounds = Bounds::find(limits, &plan.supervisor);
    }
    let mut error = std::io::stderr();
    let outcome = measure::run(&plan, &mut |progress| {
        if let Progress::Measured { .. } = progress {
            writeln!(std::io::stderr(), "measured").unwrap();
        }
    });
    writeln!(error, "interrupted {}", outcome.is_ok_and(|o| o.warnings.contains(&Warning::Interrupted))).unwrap();
}

/// Starts measuring in a process of its own, and returns when load has begun.
fn measuring(mark: &str) -> (Child, BufReader<ChildStderr>) {
    python_environment();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--ignored", "--nocapture"])
        .env(CHILD, mark)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("measured") {
        line.clear();
        assert!(lines.read_line(&mut line).unwrap() > 0, "the child ended before it measured");
    }
    // Two supervisors, two masters, three workers.
    assert_eq!(marked(mark).len(), 7, "{:?}", marked(mark));
    (child, lines)
}

fn send(pid: u32, signal: Signal) {
    kill_process(Pid::from_raw(i32::try_from(pid).unwrap()).unwrap(), signal).unwrap();
}

#[test]
fn nothing_is_left_after_ctrl_c_and_what_is_known_is_told() {
    for signal in [Signal::INT, Signal::HUP] {
        let (mut child, lines) = measuring("interrupted");
        send(child.id(), signal);
        let rest: Vec<String> = lines.lines().map_while(Result::ok).collect();
        assert!(child.wait().unwrap().success());
        assert!(rest.iter().any(|line| line.contains("interrupted true")), "{rest:?}");
        assert_eq!(marked("interrupted"), Vec::new(), "left behind");
    }
}

#[test]
fn nothing_is_left_after_farrier_is_killed() {
    let (mut child, _lines) = measuring("killed");
    child.kill().unwrap();
    child.wait().unwrap();
    gone_within("killed", Duration::from_secs(5));
}

#[test]
fn no_control_group_is_left_after_farrier_is_killed() {
    let (mut child, _lines) = measuring("limited");
    child.kill().unwrap();
    child.wait().unwrap();
    gone_within("limited", Duration::from_secs(5));
    let until = Instant::now() + Duration::from_secs(5);
    while !groups_of_the_dead().is_empty() {
        assert!(Instant::now() < until, "still there: {:?}", groups_of_the_dead());
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Control groups of supervisors that are no more.
fn groups_of_the_dead() -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::from("/sys/fs/cgroup")];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder).into_iter().flatten().flatten();
        let below: Vec<PathBuf> = entries
            .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
            .map(|entry| entry.path())
            .collect();
        let pid = |path: &Path| path.file_name()?.to_str()?.strip_prefix("farrier-")?.parse::<u32>().ok();
        let dead = |path: &&PathBuf| pid(path).is_some_and(|pid| !Path::new(&format!("/proc/{pid}")).exists());
        found.extend(below.iter().filter(dead).cloned());
        folders.extend(below);
    }
    found
}

#[test]
fn cores_are_limited_however_many_workers_there_are() {
    let _machine = machine();
    let mut by = Means::Nothing;
    let found = measured("cores", "-w 1 app:computing", "-w 4 app:computing", |plan| {
        plan.budget = Duration::from_secs(6);
        plan.bounds = Bounds::find(Limits { cpus: Some(Cpus(1.0)), memory: None }, &plan.supervisor);
        by = plan.bounds.cpus.as_ref().unwrap().by;
    })
    .unwrap();
    assert_ne!(by, Means::Nothing);
    assert_eq!(groups_of_the_dead(), Vec::<PathBuf>::new());
    let cores: Vec<f64> = found.windows.iter().map(|window| window.cores).collect();
    // Processor time is counted in ticks, and a quota in periods.
    assert!(cores.iter().all(|cores| *cores < 1.3), "{by:?}: {cores:?}");
    let throttled = found.candidates[1].throttled > 0;
    if matches!(by, Means::Group | Means::Scope) {
        // Where others take the cores there is nothing left for the quota to take.
        assert!(throttled || found.warnings.iter().any(|w| matches!(w, Warning::ForeignLoad { .. })), "{found:#?}");
    } else {
        assert!(!throttled, "{found:#?}");
    }
}

#[test]
fn memory_is_limited_or_compared_with_the_limit() {
    let _machine = machine();
    let limit = Bytes::mib(80);
    let mut by = Means::Nothing;
    let found = measured("memory", "-w 1 app:waiting", "-w 1 app:hoarding", |plan| {
        plan.budget = Duration::from_secs(6);
        plan.bounds = Bounds::find(Limits { cpus: None, memory: Some(limit) }, &plan.supervisor);
        by = plan.bounds.memory.as_ref().unwrap().by;
    })
    .unwrap();
    let told = found.warnings.iter().find_map(|warning| match warning {
        Warning::Killed { label, processes } => Some((label.as_str(), *processes > 0, true)),
        Warning::OverMemory { label, memory, .. } => Some((label.as_str(), *memory > limit, false)),
        _ => None,
    });
    assert_eq!(told, Some(("recommended", true, by != Means::Nothing)), "{by:?} {found:#?}");
    assert_eq!(groups_of_the_dead(), Vec::<PathBuf>::new());
}

#[test]
fn nothing_is_left_after_every_farrier_is_killed() {
    let (mut child, _lines) = measuring("all-killed");
    child.kill().unwrap();
    for (pid, command) in marked("all-killed") {
        if command.contains(measure::SUPERVISE) {
            send(u32::try_from(pid).unwrap(), Signal::KILL);
        }
    }
    child.wait().unwrap();
    gone_within("all-killed", Duration::from_secs(5));
}

#[test]
fn a_master_that_dies_under_load_is_noticed() {
    let _machine = machine();
    let found = measured("dies", "-w 1 app:waiting", "-w 1 app:dying", |plan| {
        plan.budget = Duration::from_secs(4);
        plan.request_timeout = Duration::from_secs(2);
    })
    .unwrap();
    assert_eq!(found.comparisons[0].verdict, Verdict::Worse, "{found:#?}");
    let died = |warning: &Warning| matches!(warning, Warning::Died { label, reason } if label == "recommended" && reason.contains("signal 9"));
    assert!(found.warnings.iter().any(died), "{:?}", found.warnings);
}

#[test]
fn replaced_workers_are_counted() {
    let _machine = machine();
    let found = measured("restarts", "-w 2 app:waiting", "-w 2 --max-requests 2 app:waiting", |plan| {
        plan.budget = Duration::from_secs(8);
    })
    .unwrap();
    assert_eq!(found.candidates[0].restarts, 0, "{found:#?}");
    assert!(found.candidates[1].restarts >= 1, "{found:#?}");
    assert!(found.warnings.iter().any(|w| matches!(w, Warning::Restarts { label, .. } if label == "recommended")));
}

#[test]
fn servers_in_turn_never_live_together() {
    let _machine = machine();
    let (mut plan, _folder) = plan("turn", "-w 1 app:waiting", "-w 2 app:waiting");
    plan.in_turn = true;
    plan.budget = Duration::from_secs(4);
    let mut most = 0;
    let found = measure::run(&plan, &mut |progress| {
        if let Progress::Measured { .. } = progress {
            let supervisors = marked("turn").iter().filter(|(_, line)| line.contains(measure::SUPERVISE)).count();
            most = most.max(supervisors);
        }
    })
    .unwrap();
    assert_eq!(marked("turn"), Vec::new(), "left behind");
    assert_eq!(most, 1);
    assert!(found.comparisons[0].ratio.median > 1.5, "{found:#?}");
}

#[test]
fn other_servers_are_measured_on_an_address_of_their_own() {
    for (server, current, recommended) in [
        (Server::Uvicorn, "--host 0.0.0.0 --port 1 app:asynchronous", "--workers 2 app:asynchronous"),
        (Server::Hypercorn, "-b 0.0.0.0:1 app:asynchronous", "-w 2 app:asynchronous"),
        (
            Server::Granian,
            "--host 0.0.0.0 --interface asgi app:asynchronous",
            "--interface asgi --workers 2 app:asynchronous",
        ),
    ] {
        let _machine = machine();
        let found = measured(server.as_str(), current, recommended, |plan| {
            plan.server = server;
            plan.program = vec![servers_environment().python.clone().into(), "-m".into(), server.as_str().into()];
            plan.environment.push(("UVICORN_UDS".to_owned(), "/nowhere/socket".to_owned()));
            plan.budget = Duration::from_secs(4);
        })
        .unwrap();
        let [one, two] = &found.candidates[..] else { panic!("{found:#?}") };
        // Eight connections and 50 ms: 160 requests a second, whatever the machine.
        assert!(one.rate.median > 40.0, "{server}: {found:#?}");
        // No process is measured that is still starting.
        assert!(two.rate.median > 40.0, "{server}: {found:#?}");
        assert!(!found.warnings.iter().any(|w| matches!(w, Warning::Asleep { .. })), "{server}: {found:#?}");
        assert!(one.switches_per_request.is_some_and(|count| count > 0.0), "{server}: {one:?}");
        assert_eq!((one.errors.total(), two.errors.total()), (0, 0), "{server}: {found:#?}");
        assert_eq!(two.workers, 2, "{server}: {found:#?}");
        assert!(one.memory_per_worker.unwrap().as_mib() > 5.0, "{server}: {one:?}");
    }
}

/// The second worker imports for two seconds longer than the first, which answers meanwhile.
#[test]
fn nothing_is_measured_before_every_worker_takes_requests() {
    let _machine = machine();
    let slow = r#"
import os, time
try:
    os.close(os.open("first", os.O_CREAT | os.O_EXCL))
except FileExistsError:
    end = time.process_time() + 1.5
    while time.process_time() < end:
        pass
    open("second", "w").close()
from app import asynchronous
"#;
    for (server, line) in [
        (Server::Uvicorn, "--workers 2 slow:asynchronous"),
        (Server::Gunicorn, "-w 2 -k uvicorn_worker.UvicornWorker slow:asynchronous"),
    ] {
        let (mut plan, folder) = plan("awake", line, line);
        std::fs::write(folder.path().join("slow.py"), slow).unwrap();
        plan.server = server;
        plan.program = vec![servers_environment().python.clone().into(), "-m".into(), server.as_str().into()];
        plan.budget = Duration::from_secs(2);
        plan.in_turn = true;
        let second = folder.path().join("second");
        let mut ready = 0;
        measure::run(&plan, &mut |progress| {
            if let Progress::Ready { .. } = progress {
                ready += 1;
                assert!(second.exists(), "{server}: the second worker still imports");
                let _ = std::fs::remove_file(&second);
                let _ = std::fs::remove_file(folder.path().join("first"));
            }
        })
        .unwrap();
        assert!(ready >= 2);
    }
}

#[test]
fn a_unix_socket_is_measured_like_a_port() {
    for (server, line) in [
        (Server::Gunicorn, "-w 2 -k uvicorn_worker.UvicornWorker --bind unix:/nowhere/socket app:asynchronous"),
        (Server::Uvicorn, "--uds /nowhere/socket app:asynchronous"),
        (Server::Hypercorn, "-b unix:/nowhere/socket app:asynchronous"),
        (Server::Granian, "--uds /nowhere/socket --interface asgi app:asynchronous"),
    ] {
        let _machine = machine();
        let found = measured("socket", line, line, |plan| {
            plan.server = server;
            plan.socket = true;
            plan.program = vec![servers_environment().python.clone().into(), "-m".into(), server.as_str().into()];
            plan.budget = Duration::from_secs(3);
        })
        .unwrap();
        for one in &found.candidates {
            assert!(one.requests > 0 && one.errors.total() == 0, "{server}: {found:#?}");
            let socket = one.command.iter().any(|word| word.contains("/farrier-") && word.ends_with("/socket"));
            assert!(socket && !one.command.iter().any(|word| word.contains("/nowhere")), "{server}: {:?}", one.command);
        }
    }
}

/// uWSGI takes its settings from a file, whose socket must not be opened.
#[test]
fn uwsgi_is_measured_without_the_sockets_of_its_file() {
    let _machine = machine();
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    file("app.py", &asgi(APP));
    file("uwsgi.ini", "[uwsgi]\nmodule = app:waiting\nhttp-socket = 127.0.0.1:1\nprocesses = 2\nmaster = true\n");
    file("Procfile", "web: uwsgi --ini uwsgi.ini\n");
    let installed = compiled("uwsgi==2.0.31");
    let mut command = Command::new(env!("CARGO_BIN_EXE_farrier"));
    command.arg("measure").arg(folder.path()).args(["--format", "json", "--budget", "12", "--connections", "8"]);
    command.args(["--grid", "processes=2..2", "--one-connection", "off", "--python", "python3"]);
    let path = std::env::var("PATH").unwrap_or_default();
    command.env("PATH", format!("{}:{path}", installed.join("bin").display()));
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let said: serde_json::Value =
        serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}{}", String::from_utf8_lossy(&output.stderr)));
    for index in 0..2 {
        let one = &said["candidates"][index];
        assert!(one["requests"].as_u64() > Some(0) && one["errors"] == 0, "{said:#}");
        let line = one["command"].to_string();
        assert!(line.contains("--processes=2") && !line.contains("127.0.0.1:1\"") && !line.contains("--ini"), "{line}");
    }
}

#[test]
fn a_search_finds_the_class_that_waiting_needs_and_never_one_that_fails() {
    let _machine = machine();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("app.py"), asgi(APP)).unwrap();
    std::fs::write(folder.path().join("Procfile"), "web: gunicorn app:waiting --workers 2\n").unwrap();
    let project = folder.path().to_str().unwrap();
    let (said, exit) = said(&[project, "--budget", "40", "--connections", "8", "--search"]);
    assert!([0, 1, 4].contains(&exit), "{exit}: {said:#}");
    let labels: Vec<String> =
        said["candidates"].as_array().unwrap().iter().map(|one| one["label"].to_string()).collect();
    assert!(labels.iter().any(|label| label.contains("gthread")) && labels.len() > 3, "{labels:?}");
    // Eight wait 50 ms each: two processes answer 40/s, and eight places 160/s.
    let best = said["candidates"].as_array().unwrap().iter().find(|one| one["label"] == said["best"]);
    match best {
        Some(best) => assert!(best["requests_per_second"]["median"].as_f64() > Some(70.0), "{said:#}"),
        None => assert!(was_busy(&said), "{said:#}"),
    }
    assert_ne!(said["best"], "current", "{said:#}");
    assert!(said["search"]["standing"].is_string(), "{said:#}");
    assert!(said["seconds"].as_f64() < Some(60.0), "{said:#}");
}

#[test]
fn a_search_leaves_out_what_answers_errors_however_fast() {
    let _machine = machine();
    let (mut plan, folder) = plan("errors", "-w 2 app:waiting", "-w 8 app:failing");
    plan.candidates.push(Candidate::new("gone".to_owned(), vec!["nothing:app".to_owned()]));
    plan.candidates.push(Candidate::new("four".to_owned(), vec!["-w=4".into(), "app:waiting".into()]));
    plan.search = true;
    plan.recommended = Some(1);
    plan.budget = Duration::from_secs(20);
    let found = measure::run(&plan, &mut |_| {}).unwrap();
    assert_eq!(marked("errors"), Vec::new(), "left behind");
    let search = found.search.as_ref().unwrap();
    assert_eq!((search.best, search.standing), (3, measure::Standing::Refuted), "{found:#?}");
    let left_out =
        |wanted: &str| found.warnings.iter().any(|w| matches!(w, Warning::LeftOut { label, .. } if label == wanted));
    assert!(left_out("recommended") && left_out("gone"), "{:?}", found.warnings);
    drop(folder);
}

/// Ended at any moment, it leaves no process, no port and no file of the project changed.
#[test]
fn nothing_is_left_whenever_it_is_ended() {
    let _machine = machine();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("app.py"), asgi(APP)).unwrap();
    std::fs::write(folder.path().join("Procfile"), "web: gunicorn app:asynchronous -k asgi -w 2\n").unwrap();
    let files = || {
        let mut all: Vec<(std::path::PathBuf, Vec<u8>)> = std::fs::read_dir(folder.path())
            .unwrap()
            .map(|file| file.unwrap().path())
            // Python keeps there what it has compiled, as it does without farrier.
            .filter(|path| path.is_file())
            .map(|path| (path.clone(), std::fs::read(&path).unwrap()))
            .collect();
        all.sort();
        all
    };
    let before = files();
    let mut state: u64 = 0x5eed;
    for round in 0..30 {
        // SplitMix64, so that the moments are the same in every run.
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut random = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        random ^= random >> 27;
        let mark = format!("ended-{round}");
        let mut child = Command::new(env!("CARGO_BIN_EXE_farrier"))
            .args(["measure", "--budget", "20", "--search", "--python"])
            .arg(&servers_environment().python)
            .arg(folder.path())
            .env(MARK, &mark)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(random % 4000));
        let ports = listening(&mark);
        let signal = [Signal::INT, Signal::TERM, Signal::KILL][round % 3];
        send(child.id(), signal);
        child.wait().unwrap();
        gone_within(&mark, Duration::from_secs(8));
        for port in ports {
            assert!(std::net::TcpListener::bind(("127.0.0.1", port)).is_ok(), "port {port} is still held");
        }
        assert!(files() == before, "a file of the project has changed");
    }
}

/// Of an ASGI service under Uvicorn, and of a WSGI service under Gunicorn with threads.
#[test]
fn other_servers_run_the_same_application() {
    let _machine = machine();
    for (line, names, out, words) in [
        (
            "uvicorn --workers 2 app:asynchronous",
            "granian,hypercorn,gunicorn,uwsgi",
            "uwsgi: left out, it runs no ASGI application",
            ["--interface=asgi --workers=2", "asgi:app:asynchronous", "--worker-class=uvicorn_worker.UvicornWorker"],
        ),
        (
            "gunicorn -w 2 --threads 4 app:waiting",
            "granian,hypercorn,uvicorn",
            "uvicorn: left out, it runs no WSGI application",
            ["--interface=wsgi --workers=2 --blocking-threads=4", "wsgi:app:waiting", "--threads=4"],
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("app.py"), asgi(APP)).unwrap();
        std::fs::write(folder.path().join("Procfile"), format!("web: {line}\n")).unwrap();
        let folder = folder.path().to_str().unwrap();
        let (found, _) = said(&[
            "--against",
            names,
            "--budget",
            "8",
            "--stalls",
            "off",
            "--one-connection",
            "off",
            "-c",
            "8",
            folder,
        ]);
        let all = found["candidates"].as_array().unwrap();
        let commands: Vec<String> = all.iter().map(|one| one["command"].to_string().replace("\",\"", " ")).collect();
        for wanted in words {
            assert!(commands.iter().any(|command| command.contains(wanted)), "{wanted}: {commands:?}");
        }
        for one in all {
            assert!(one["requests"].as_u64().unwrap() > 0 && one["errors"] == 0, "{one:#}");
            assert!(one["workers"].as_u64().unwrap() >= 2, "{one:#}");
        }
        assert!(found["warnings"].to_string().contains(out), "{}", found["warnings"]);
    }
}

#[test]
fn servers_that_cannot_run_it_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("app.py"), asgi(APP)).unwrap();
    std::fs::write(folder.path().join("Procfile"), "web: uvicorn app:asynchronous\n").unwrap();
    for (names, why) in [
        ("uwsgi", "none of these servers can be measured here (uwsgi: it runs no ASGI application)"),
        ("uvicorn", "Uvicorn runs it today: name another server"),
        ("apache", "one of gunicorn, uvicorn, hypercorn, granian, uwsgi"),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_farrier"));
        command.args(["measure", "--against", names, "--python"]).arg(&servers_environment().python);
        let output = command.arg(folder.path()).output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!((output.status.code(), text.contains(why)), (Some(2), true), "{text}");
    }
}

/// The ports that processes with the mark listen on.
fn listening(mark: &str) -> Vec<u16> {
    let inodes: Vec<u64> = marked(mark)
        .iter()
        .filter_map(|(pid, _)| procfs::process::Process::new(*pid).and_then(|process| process.fd()).ok())
        .flat_map(|files| files.flatten().collect::<Vec<_>>())
        .filter_map(|file| match file.target {
            procfs::process::FDTarget::Socket(inode) => Some(inode),
            _ => None,
        })
        .collect();
    let all = procfs::net::tcp().unwrap().into_iter();
    let own = all.filter(|one| one.state == procfs::net::TcpState::Listen && inodes.contains(&one.inode));
    own.map(|one| one.local_address.port()).collect()
}

/// What `farrier measure` says to programs, with the exit code.
fn said(arguments: &[&str]) -> (serde_json::Value, i32) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_farrier"));
    command.args(["measure", "--format", "json", "--python"]).arg(&servers_environment().python).args(arguments);
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    let value = serde_json::from_str(&text);
    if value.is_ok() {
        validates(&text);
    }
    (
        value.unwrap_or_else(|_| panic!("{text}{}", String::from_utf8_lossy(&output.stderr))),
        output.status.code().unwrap(),
    )
}

/// Whether the run says that something else used the machine.
fn was_busy(said: &serde_json::Value) -> bool {
    said["warnings"].to_string().contains("other processes")
}

/// The published schema describes every document there is.
fn validates(text: &str) {
    let file = tempfile::NamedTempFile::with_suffix(".json").unwrap();
    std::fs::write(file.path(), text).unwrap();
    let schema = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/measure.schema.json");
    let mut command = tools_environment().command();
    let output = command.args(["-m", "check_jsonschema", "--schemafile", schema]).arg(file.path()).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{}\n{text}", String::from_utf8_lossy(&said));
}

#[test]
fn the_demo_needs_no_project() {
    let _machine = machine();
    let (said, exit) = said(&["--demo", "--budget", "4"]);
    assert!([0, 4].contains(&exit), "{exit}: {said:#}");
    let recommended = said["candidates"][1]["command"].to_string();
    assert!(recommended.contains("gthread"), "{said:#}");
    assert!(said["candidates"][1]["requests"].as_u64() > Some(0), "{said:#}");
}

#[test]
fn two_configuration_files_are_compared() {
    let _machine = machine();
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    file("app.py", &asgi(APP));
    file("Procfile", "web: gunicorn app:waiting --bind 0.0.0.0:1\n");
    let (one, other) = (file("one.conf.py", "workers = 1\n"), file("other.conf.py", "workers = 3\n"));
    let project = folder.path().to_str().unwrap();
    let (said, exit) = said(&[project, "--budget", "5", "--compare", &one, &other]);
    let workers: Vec<u64> = (0..2).filter_map(|index| said["candidates"][index]["workers"].as_u64()).collect();
    assert_eq!(workers, [1, 3], "{exit}: {said:#}");
    assert!(said["comparisons"][0]["ratio"]["median"].as_f64() > Some(1.5), "{said:#}");
}

#[test]
fn a_grid_finds_the_workers_that_waiting_needs() {
    let _machine = machine();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("app.py"), asgi(APP)).unwrap();
    std::fs::write(folder.path().join("Procfile"), "web: gunicorn app:waiting\n").unwrap();
    let project = folder.path().to_str().unwrap();
    let (said, exit) = said(&[project, "--budget", "25", "--connections", "8", "--grid", "workers=1..4"]);
    let labels: Vec<&str> = (0..5).filter_map(|index| said["candidates"][index]["label"].as_str()).collect();
    assert_eq!(labels, ["current", "workers=1", "workers=2", "workers=3", "workers=4"], "{exit}: {said:#}");
    // Eight wait 50 ms each, so that four workers answer four times as much as one.
    let rate = |index: usize| said["candidates"][index]["requests_per_second"]["median"].as_f64().unwrap();
    assert!(rate(4) > 2.0 * rate(1), "{said:#}");
    // Tests run beside other work, which may be enough for no name at all; then nothing is decided.
    assert!(said["best"] == "workers=4" || said["best"].is_null() && exit == 4, "{exit}: {said:#}");
    assert_eq!(said["candidates"][3]["workers"], 3, "{said:#}");
}

/// On one connection nothing waits for a place: what a request takes, computes and waits are told apart.
#[test]
fn what_a_request_takes_by_itself_is_told() {
    let _machine = machine();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("app.py"), asgi(APP)).unwrap();
    std::fs::write(folder.path().join("Procfile"), "web: gunicorn app:waiting\n").unwrap();
    let project = folder.path().to_str().unwrap();
    let (said, exit) = said(&[project, "--budget", "3"]);
    let seen = &said["one_connection"];
    let route = &seen["routes"][0];
    assert_eq!((route["path"].as_str(), route["errors"].as_u64()), (Some("/"), Some(0)), "{exit}: {said:#}");
    let takes = route["takes_ms"].as_f64().unwrap();
    assert!((50.0..80.0).contains(&takes), "{said:#}");
    assert!(route["blocking_fraction"].as_f64() > Some(0.8), "{said:#}");
    assert!(seen["worker_memory_bytes"].as_u64() > Some(5 << 20), "{said:#}");
    // What it says is what `advise` takes.
    let settings: Vec<&str> = seen["settings"].as_array().unwrap().iter().filter_map(|line| line.as_str()).collect();
    std::fs::write(folder.path().join("farrier.toml"), format!("[application]\n{}\n", settings.join("\n"))).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_farrier"));
    let output = command.args(["advise", project, "--cpus", "2", "--memory", "1GiB"]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("application.worker-memory") && text.contains("1 - "), "{text}");
}

/// The recommendation and its proof in one go.
#[test]
fn advice_is_measured_where_that_is_asked_for() {
    let _machine = machine();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("app.py"), asgi(APP)).unwrap();
    std::fs::write(folder.path().join("Procfile"), "web: gunicorn app:waiting\n").unwrap();
    std::fs::write(folder.path().join("farrier.toml"), "[application]\nblocking-fraction = 0.99\n").unwrap();
    let advise = |format: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_farrier"));
        command.arg("advise").arg(folder.path()).args(["--measure", "--cpus", "2", "--memory", "1GiB"]);
        command.args(["--format", format]).env(MARK, "advised");
        let environment = servers_environment().python.parent().and_then(std::path::Path::parent).unwrap();
        command.env("VIRTUAL_ENV", environment).output().unwrap()
    };
    let output = advise("pretty");
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(marked("advised"), Vec::new(), "left behind");
    // What is recommended, what it answered, and what a request takes by itself.
    let verdict = ["recommended: better", "recommended: inconclusive"].into_iter().any(|said| text.contains(said));
    assert!(
        verdict && text.contains("gthread") && text.contains("requests/s") && text.contains("one connection"),
        "{text}"
    );
    assert!(text.contains("p50 on schedule"), "{text}");
    assert!([Some(0), Some(4)].contains(&output.status.code()), "{text}");

    // Two documents are no JSON.
    let output = advise("json");
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert_eq!(marked("advised"), Vec::new(), "left behind");
}

/// A rate that is asked for is the only one, and how late requests were sent is told.
#[test]
fn a_schedule_has_the_rate_that_is_asked_for() {
    let _machine = machine();
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("app.py"), asgi(APP)).unwrap();
    std::fs::write(folder.path().join("Procfile"), "web: gunicorn app:waiting -w 2 --threads 8\n").unwrap();
    let project = folder.path().to_str().unwrap();
    let only = ["--one-connection", "off", "--stalls", "off", "--grid", "workers=2", "--budget", "12"];
    let (said, exit) = said(&[&[project, "--rate", "40"], &only[..]].concat());
    for index in 0..2 {
        let steps = said["candidates"][index]["scheduled"].as_array().unwrap();
        let [step] = &steps[..] else { panic!("{exit}: {said:#}") };
        assert_eq!(step["offered"], 40.0, "{said:#}");
        assert!((30.0..46.0).contains(&step["achieved"].as_f64().unwrap()), "{said:#}");
        assert!((50.0..90.0).contains(&step["p50_ms"].as_f64().unwrap()), "{said:#}");
        assert!(step["lag_ms"].as_f64() < Some(20.0), "{said:#}");
        assert!(said["candidates"][index]["client_share"].as_f64() < Some(0.7), "{said:#}");
    }
}

/// A service that does something else for each path, and counts what it is sent.
const SHOP: &str = r#"
import time
from fastapi import FastAPI, Request, Response

app = FastAPI()

@app.get("/items")
async def items():
    return "ok"

@app.get("/slow")
def slow():
    time.sleep(0.02)
    return "ok"

@app.get("/items/{number}")
async def item(number: int):
    return number

@app.api_route("/orders", methods=["POST"])
async def order(request: Request):
    assert await request.json() == {"n": 1} and request.headers["X-Tenant"] == "acme"
    return "ok"

@app.get("/private")
async def private():
    return Response(status_code=401)
"#;

fn shop() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("app.py"), SHOP).unwrap();
    std::fs::write(folder.path().join("Procfile"), "web: uvicorn app:app --workers 2\n").unwrap();
    folder
}

/// A short run on the service above.
fn asked(folder: &tempfile::TempDir, arguments: &[&str]) -> serde_json::Value {
    let project = folder.path().to_str().unwrap();
    let short = [
        project,
        "--budget",
        "10",
        "--connections",
        "4",
        "--grid",
        "workers=2",
        "--one-connection",
        "off",
        "--stalls",
        "off",
    ];
    said(&[&short[..], arguments].concat()).0
}

/// Each request of a run with its weight.
fn weights(said: &serde_json::Value) -> Vec<(String, u64)> {
    let all = said["load"]["requests"].as_array().unwrap().iter();
    all.map(|one| (one["path"].as_str().unwrap().to_owned(), one["weight"].as_u64().unwrap())).collect()
}

#[test]
fn paths_are_asked_by_their_weights_and_told_apart() {
    let _machine = machine();
    let folder = shop();
    let said = asked(&folder, &["--path", "3:/items", "--path", "/slow"]);
    assert_eq!(weights(&said), [("/items".to_owned(), 3), ("/slow".to_owned(), 1)]);
    let routes = &said["candidates"][0]["routes"];
    let count = |index: usize| routes[index]["requests"].as_f64().unwrap();
    let ratio = count(0) / count(1);
    assert!((2.5..3.5).contains(&ratio), "{said:#}");
    let p50 = |index: usize| routes[index]["p50_ms"].as_f64().unwrap();
    assert!(p50(1) >= 20.0 && p50(0) < p50(1), "{said:#}");
}

#[test]
fn what_changes_data_is_sent_where_it_is_asked_for() {
    let _machine = machine();
    let folder = shop();
    let body = folder.path().join("order.json");
    std::fs::write(&body, r#"{"n": 1}"#).unwrap();
    let body = format!("@{}", body.display());
    let headers = ["-H", "Content-Type: application/json", "-H", "X-Tenant: acme"];
    let said = asked(&folder, &[&["--path", "/orders", "-X", "post", "--body", &body][..], &headers].concat());
    assert_eq!(said["candidates"][0]["errors"], 0, "{said:#}");
    assert!(said["warnings"].to_string().contains("POST requests may have changed"), "{said:#}");
    assert!(!said.to_string().contains("acme"), "what is sent along is nobody's business: {said:#}");
}

#[test]
fn a_log_says_how_often() {
    let _machine = machine();
    let folder = shop();
    let line = |path: &str| format!("1.2.3.4 - - [22/Nov/2026:10:00:00 +0000] \"GET {path} HTTP/1.1\" 200 2\n");
    let gone = line("/gone");
    let log = [line("/items").repeat(2), line("/items/7?a=b"), gone, line("//evil.example/")].concat();
    let file = folder.path().join("access.log");
    std::fs::write(&file, log).unwrap();
    let said = asked(&folder, &["--access-log", file.to_str().unwrap()]);
    assert_eq!(weights(&said), [("/items".to_owned(), 2), ("/items/7?a=b".to_owned(), 1)]);
    assert!(said["load"]["left_out"].to_string().contains("is answered with status 404"), "{said:#}");
}

#[test]
fn a_description_lists_what_can_be_asked() {
    let _machine = machine();
    let folder = shop();
    let file = folder.path().join("openapi.yaml");
    let text = "openapi: 3.1.0\nservers: [{url: /api}]\npaths:\n  /items/{n}:\n    get: {parameters: [{name: n, in: path, \
                required: true, example: 7}]}\n  /private: {get: {}}\n  /orders: {post: {}}\n  /b/{x}: {get: {}}\n";
    std::fs::write(&file, text).unwrap();
    let said = asked(&folder, &["--openapi", file.to_str().unwrap()]);
    // Nothing answers below `/api`, which is there for a proxy.
    assert_eq!(weights(&said), [("/items/7".to_owned(), 1)]);
    let left = said["load"]["left_out"].to_string();
    assert!(left.contains("status 401") && left.contains("/b/{x}") && !left.contains("/orders"), "{said:#}");
}

#[test]
fn the_code_names_what_can_be_asked_where_there_is_nothing_at_the_root() {
    let _machine = machine();
    let folder = shop();
    let said = asked(&folder, &["--routes"]);
    let paths: Vec<String> = weights(&said).into_iter().map(|(path, _)| path).collect();
    assert_eq!(paths, ["/items", "/slow"]);
    let left = said["load"]["left_out"].to_string();
    assert!(
        left.contains("/items/{number}") && left.contains("does not answer GET") && left.contains("status 401"),
        "{left}"
    );

    let mut command = Command::new(env!("CARGO_BIN_EXE_farrier"));
    command.arg("measure").arg(folder.path()).args(["--grid", "workers=2", "--budget", "10", "--python"]);
    let output = command.arg(&servers_environment().python).output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("`/` is answered with status 404; the code names `/items`, `/slow`"), "{text}");
    assert!(text.contains("`--routes`") && !text.contains('\u{1b}'), "{text}");
}
