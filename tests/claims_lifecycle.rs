//! What the cards on timeouts, reliability and sizing say about servers is what the servers do: each claim starts
//! one on loopback and looks.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails where it cannot go on")]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::ops::Deref;
use std::path::PathBuf;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use farrier::rules::Card;
use rustix::process::{Pid, Signal, kill_process};
use support::asgi::asgi;
use support::ground::Ground;
use support::python::{compiled, servers_environment};

const WSGI: &str = r#"
import os, socket, threading, time

with open("imports", "a") as log:
    log.write(f"{os.getpid()}\n")
held = socket.socket()
beats = 0
kept = {}

def beat():
    global beats
    while True:
        beats += 1
        time.sleep(0.05)

threading.Thread(target=beat, daemon=True).start()

def app(environ, start_response):
    path = environ["PATH_INFO"].strip("/").split("/")
    body = "ok"
    if path[0] == "sleep":
        time.sleep(float(path[1]))
    elif path[0] == "beats":
        before = beats
        time.sleep(0.4)
        body = str(beats - before)
    elif path[0] == "socket":
        body = f"{os.getpid()} {os.fstat(held.fileno()).st_ino}"
    elif path[0] == "keep":
        kept["it"] = True
        body = str(os.getpid())
    elif path[0] == "kept":
        body = f"{os.getpid()} {'it' in kept}"
    elif path[0] == "pid":
        body = str(os.getpid())
    start_response("200 OK", [("Content-Length", str(len(body))), ("Content-Type", "text/plain")])
    return [body.encode()]
"#;

const ASGI: &str = r#"
import asyncio, os, re

if os.environ.get("HOLD"):
    # One call that does not let go of the interpreter.
    re.match(r"(a+)+$", "a" * int(os.environ["HOLD"]) + "b")

async def app(scope, receive, send):
    # lifespan
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        while (await receive())["type"] != "websocket.disconnect":
            pass
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    if scope["path"] == "/stream":
        while True:
            await send({"type": "http.response.body", "body": b".", "more_body": True})
            await asyncio.sleep(0.1)
    await send({"type": "http.response.body", "body": b"ok"})
"#;

/// A claim, the rule that rests on it, and what shows it.
struct Claim {
    rule: &'static str,
    says: &'static str,
    shown: fn(&mut Bench),
}

const fn claim(rule: &'static str, says: &'static str, shown: fn(&mut Bench)) -> Claim {
    Claim { rule, says, shown }
}

const CLAIMS: &[Claim] = &[
    claim("signals-swallowed", "a script without exec keeps SIGTERM from the server", |bench| {
        let shell = bench.script("#!/bin/sh\ntrue\n{gunicorn}\n");
        bench.survives(shell);
    }),
    claim("signals-swallowed", "`exec` lets SIGTERM through", |bench| {
        let shell = bench.script("#!/bin/sh\ntrue\nexec {gunicorn}\n");
        bench.ends(shell, Duration::from_secs(5));
    }),
    claim("signals-swallowed", "a pipe keeps SIGTERM from the server", |bench| {
        let line = format!("{} 2>&1 | tee log", bench.gunicorn(""));
        let shell = bench.start(Command::new("sh").arg("-c").arg(line));
        bench.survives(shell);
    }),
    claim("signals-swallowed", "bash becomes the last command of -c", |bench| {
        let line = format!("true && {}", bench.gunicorn(""));
        let shell = bench.start(Command::new("bash").arg("-c").arg(line));
        bench.ends(shell, Duration::from_secs(5));
    }),
    claim("timeout-disabled", "with `timeout = 0` a worker that hangs is left alone", |bench| {
        bench.serve("--timeout 0");
        assert!(bench.get("/sleep/3", 10.0).is_some());
        assert!(!bench.log().contains("WORKER TIMEOUT"), "{}", bench.log());
    }),
    claim("timeout-exceeds-edge", "the timeout of `sync` bounds a request", |bench| {
        bench.serve("--timeout 1");
        assert_ne!(bench.get("/sleep/6", 10.0).as_deref(), Some("ok"));
        assert!(bench.log().contains("WORKER TIMEOUT"), "{}", bench.log());
    }),
    claim("timeout-is-heartbeat", "the timeout of `gthread` bounds none", |bench| {
        bench.serve("--threads 2 --timeout 1");
        assert_eq!(bench.get("/sleep/3", 10.0).as_deref(), Some("ok"));
    }),
    claim("grace-exceeds-kill", "a request is cut off after `graceful_timeout`", |bench| {
        let server = bench.serve("--threads 2 --graceful-timeout 1");
        let mut request = bench.send("/sleep/8");
        std::thread::sleep(Duration::from_millis(300));
        let asked = Instant::now();
        bench.signal(server);
        let mut answer = String::new();
        let _ = request.read_to_string(&mut answer);
        assert_eq!(answer, "");
        assert!(asked.elapsed() < Duration::from_secs(6), "{:?}", asked.elapsed());
    }),
    claim("grace-exceeds-kill", "SIGINT waits for no request", |bench| {
        let server = bench.serve("--graceful-timeout 20");
        let _request = bench.send("/sleep/15");
        std::thread::sleep(Duration::from_millis(300));
        bench.interrupt(server);
        assert!(bench.wait(server, Duration::from_secs(8)).is_some(), "{}", bench.log());
    }),
    claim(
        "grace-below-request",
        "a request that `timeout` would have allowed is cut off after `graceful_timeout`",
        |bench| {
            let server = bench.serve("--timeout 30 --graceful-timeout 1");
            let mut request = bench.send("/sleep/8");
            std::thread::sleep(Duration::from_millis(300));
            bench.signal(server);
            let mut answer = String::new();
            let _ = request.read_to_string(&mut answer);
            assert_eq!(answer, "");
        },
    ),
    claim(
        "uwsgi-unsafe-defaults",
        "without a master nobody replaces a worker that has reached `max-requests`",
        |bench| {
            let server = bench.uwsgi_alone("--max-requests 3 --min-worker-lifetime 0");
            bench.until("the end", || {
                bench.get("/", 2.0);
                bench.wait(server, Duration::from_millis(10)).is_some()
            });
        },
    ),
    claim("unknown-setting", "uWSGI starts with an option that it does not know", |bench| {
        fs::write(bench.folder.path().join("it.ini"), "[uwsgi]\nproceses = 4\n").unwrap();
        bench.uwsgi("--ini it.ini");
    }),
    claim("unknown-setting", "with `strict` uWSGI ends for one", |bench| {
        fs::write(bench.folder.path().join("it.ini"), "[uwsgi]\nstrict = true\nproceses = 4\n").unwrap();
        let server = bench.uwsgi_started("--master --ini it.ini");
        bench.until("the end", || bench.wait(server, Duration::from_millis(10)).is_some());
        assert!(bench.log().contains("[strict-mode] unknown config directive: proceses"), "{}", bench.log());
    }),
    claim("uwsgi-unsafe-defaults", "with `strict` a name of one's own ends the start", |bench| {
        let text = "[uwsgi]\nstrict = true\nbase = /srv\nprocname = %(base)\n";
        fs::write(bench.folder.path().join("it.ini"), text).unwrap();
        let server = bench.uwsgi_started("--master --ini it.ini");
        bench.until("the end", || bench.wait(server, Duration::from_millis(10)).is_some());
        assert!(bench.log().contains("[strict-mode] unknown config directive: base"), "{}", bench.log());
    }),
    claim("no-keepalive-headroom", "Gunicorn warns of its own", |bench| {
        bench.serve("--threads 4 --worker-connections 4");
        let warning = "No keepalived connections can be handled. Check the number of worker connections and threads.";
        assert!(bench.log().contains(warning), "{}", bench.log());
    }),
    claim("daemonised-under-supervisor", "the command ends at once and another process serves", |bench| {
        let line = bench.gunicorn("--daemon");
        let server = bench.start(Command::new("sh").arg("-c").arg(format!("exec {line}")));
        let ended = bench.wait(server, Duration::from_secs(10)).expect("it goes to the background");
        assert!(ended.success());
        bench.answers("/");
    }),
    claim("preload-kills-threads", "a thread of the parent is dead in its workers", |bench| {
        bench.serve("--preload --workers 2");
        assert_eq!(bench.get("/beats", 5.0).as_deref(), Some("0"));
    }),
    claim("preload-kills-threads", "without preload a thread lives in each worker", |bench| {
        bench.serve("--workers 2");
        assert_ne!(bench.get("/beats", 5.0).as_deref(), Some("0"));
    }),
    claim("preload-shares-connections", "workers share a socket that was opened before the fork", |bench| {
        bench.serve("--preload --workers 2");
        let (workers, sockets) = bench.sockets();
        assert_eq!((workers, sockets), (2, 1));
    }),
    claim("preload-shares-connections", "without preload each worker has its own", |bench| {
        bench.serve("--workers 2");
        assert_eq!(bench.sockets(), (2, 2));
    }),
    claim("scheduler-per-worker", "each worker runs what the import does", |bench| {
        bench.serve("--workers 3");
        bench.until("three workers", || bench.imports().len() == 3);
    }),
    claim("per-process-state", "what one worker keeps the others do not see", |bench| {
        bench.serve("--workers 3");
        let owner = bench.get("/keep", 5.0).unwrap();
        let seen = bench.another("/kept", |answer| !answer.starts_with(&owner));
        assert!(seen.ends_with("False"), "{seen}");
    }),
    claim("recycle-too-aggressive", "a worker is replaced after `max_requests`", |bench| {
        bench.serve("--max-requests 5");
        let workers: BTreeSet<String> = (0..12).filter_map(|_| bench.get("/pid", 10.0)).collect();
        assert!(workers.len() > 1, "{workers:?}");
        assert!(bench.log().contains("Autorestarting worker after current request."), "{}", bench.log());
    }),
    claim("max-requests-no-jitter", "every worker is replaced after the same number of requests", |bench| {
        bench.serve("--max-requests 5");
        let served: Vec<String> = (0..15).filter_map(|_| bench.get("/pid", 10.0)).collect();
        let lives: Vec<usize> = served.chunk_by(|a, b| a == b).map(<[String]>::len).collect();
        // The probe of the start was the first request, and the last life goes on.
        assert_eq!(lives[..3], [4, 5, 5], "{lives:?}");
    }),
    claim("keepalive-race", "`gthread` closes an idle connection after 2 s", |bench| {
        bench.serve("--threads 2");
        let idle = bench.idles();
        assert!((1.5..4.5).contains(&idle), "{idle} s");
    }),
    claim("keepalive-race", "Uvicorn closes one after 5 s", |bench| {
        bench.uvicorn("");
        let idle = bench.idles();
        assert!((4.5..8.0).contains(&idle), "{idle} s");
    }),
    claim("unbuffered-sync-worker", "a silent connection keeps everybody else waiting", |bench| {
        bench.serve("--timeout 30");
        let _silent = TcpStream::connect(("127.0.0.1", bench.port)).unwrap();
        std::thread::sleep(Duration::from_millis(300));
        assert_eq!(bench.get("/", 1.5), None);
    }),
    claim("unbuffered-sync-worker", "with threads a silent connection keeps nobody waiting", |bench| {
        bench.serve("--threads 2 --timeout 30");
        let _silent = TcpStream::connect(("127.0.0.1", bench.port)).unwrap();
        std::thread::sleep(Duration::from_millis(300));
        assert_eq!(bench.get("/", 5.0).as_deref(), Some("ok"));
    }),
    claim("unbuffered-sync-worker", "a client that closes late holds its worker for up to 2 s", |bench| {
        bench.serve("");
        let mut late = bench.send("/");
        let mut answer = [0; 512];
        assert!(late.read(&mut answer).unwrap() > 0);
        let asked = Instant::now();
        assert_eq!(bench.get("/", 10.0).as_deref(), Some("ok"));
        assert!(asked.elapsed() > Duration::from_secs(1), "{:?}", asked.elapsed());
        drop(late);
    }),
    claim("liveness-in-request-pool", "a request waits for the one before it", |bench| {
        bench.serve("");
        let _first = bench.send("/sleep/2");
        std::thread::sleep(Duration::from_millis(200));
        let asked = Instant::now();
        assert_eq!(bench.get("/", 10.0).as_deref(), Some("ok"));
        assert!(asked.elapsed() > Duration::from_secs(1), "{:?}", asked.elapsed());
    }),
    claim("unbounded-or-tiny-drain", "Uvicorn waits for an open stream without a limit", |bench| {
        let server = bench.uvicorn("");
        let _stream = bench.stream();
        bench.signal(server);
        assert!(bench.wait(server, Duration::from_secs(4)).is_none());
    }),
    claim("unbounded-or-tiny-drain", "Uvicorn waits for as long as it is told", |bench| {
        let server = bench.uvicorn("--timeout-graceful-shutdown 1");
        let _stream = bench.stream();
        bench.ends(server, Duration::from_secs(5));
    }),
    claim("unbounded-or-tiny-drain", "Uvicorn closes a web socket that is read from", |bench| {
        let server = bench.uvicorn("");
        let mut socket = TcpStream::connect(("127.0.0.1", bench.port)).unwrap();
        let asks = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13";
        let key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==";
        write!(socket, "GET / HTTP/1.1\r\nHost: claim\r\n{asks}\r\n{key}\r\n\r\n").unwrap();
        let mut answer = [0; 512];
        let read = socket.read(&mut answer).unwrap();
        assert!(answer[..read].starts_with(b"HTTP/1.1 101"));
        bench.ends(server, Duration::from_secs(10));
    }),
    claim("unbounded-or-tiny-drain", "Hypercorn waits 3 s", |bench| {
        let server = bench.python(&format!("-m hypercorn --bind 127.0.0.1:{} asgi:app", bench.port));
        bench.answers("/");
        let _stream = bench.stream();
        let asked = Instant::now();
        bench.ends(server, Duration::from_secs(12));
        assert!(asked.elapsed() > Duration::from_secs(2), "{:?}", asked.elapsed());
    }),
    claim("uvicorn-healthcheck-window", "a worker that gives no sign of life is killed", |bench| {
        bench.hold = true;
        bench.python(&bench.uvicorn_line("--workers 2 --timeout-worker-healthcheck 1"));
        bench.until("a worker that is killed", || {
            bench.log().contains("Child process [") && bench.log().contains("] died")
        });
    }),
    claim("uwsgi-unsafe-defaults", "SIGTERM reloads uWSGI", |bench| {
        let server = bench.uwsgi("");
        bench.signal(server);
        assert!(bench.wait(server, Duration::from_secs(3)).is_none());
        bench.answers("/");
    }),
    claim("uwsgi-unsafe-defaults", "with `die-on-term` SIGTERM ends uWSGI", |bench| {
        let server = bench.uwsgi("--die-on-term");
        bench.ends(server, Duration::from_secs(20));
    }),
];

#[test]
fn servers_do_what_the_cards_say() {
    // The first of them makes what all use.
    servers_environment();
    compiled("uwsgi==2.0.31");
    let failed: Vec<String> = std::thread::scope(|scope| {
        let lanes = 6;
        let running: Vec<_> = (0..lanes)
            .map(|lane| {
                scope.spawn(move || {
                    let own = CLAIMS.iter().skip(lane).step_by(lanes);
                    own.filter_map(failure).collect::<Vec<_>>()
                })
            })
            .collect();
        running.into_iter().flat_map(|lane| lane.join().unwrap()).collect()
    });
    assert!(failed.is_empty(), "{} failed:\n{}", failed.len(), failed.join("\n"));
}

#[test]
fn claims_belong_to_rules() {
    for claim in CLAIMS {
        assert!(Card::find(claim.rule).is_some(), "no rule `{}`", claim.rule);
    }
}

fn failure(claim: &Claim) -> Option<String> {
    let mut bench = Bench::new();
    let shown = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| (claim.shown)(&mut bench)));
    bench.clear();
    let left = bench.left();
    let said = shown.err().map(|cause| {
        let text = cause.downcast_ref::<String>().cloned();
        text.or_else(|| cause.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
    });
    let said = said.or_else(|| (!left.is_empty()).then(|| format!("left behind: {left:?}")));
    said.map(|said| format!("{}, \"{}\": {said}", claim.rule, claim.says))
}

/// A folder with the applications, and the processes that were started in it.
struct Bench {
    ground: Ground,
    /// Whether the application of Uvicorn holds the interpreter for a while as it is imported.
    hold: bool,
    children: std::cell::RefCell<Vec<Child>>,
}

impl Deref for Bench {
    type Target = Ground;

    fn deref(&self) -> &Ground {
        &self.ground
    }
}

impl Bench {
    fn new() -> Self {
        let ground = Ground::new();
        ground.write("wsgi.py", WSGI);
        ground.write("asgi.py", &asgi(ASGI));
        Self { ground, hold: false, children: Vec::new().into() }
    }

    /// Starts a command, and gives its number.
    fn start(&self, command: &mut Command) -> usize {
        if self.hold {
            command.env("HOLD", "30");
        }
        let mut children = self.children.borrow_mut();
        children.push(self.ground.prepare(command).spawn().unwrap());
        children.len() - 1
    }

    fn python(&self, line: &str) -> usize {
        self.start(servers_environment().command().args(line.split_whitespace()))
    }

    fn gunicorn(&self, options: &str) -> String {
        let python = servers_environment().python.display();
        format!("{python} -m gunicorn --no-control-socket --bind 127.0.0.1:{} {options} wsgi:app", self.port)
    }

    /// A Gunicorn that answers.
    fn serve(&self, options: &str) -> usize {
        let server = self.start(Command::new("sh").arg("-c").arg(format!("exec {}", self.gunicorn(options))));
        self.answers("/");
        server
    }

    fn script(&self, text: &str) -> usize {
        let path = self.folder.path().join("start.sh");
        fs::write(&path, text.replace("{gunicorn}", &self.gunicorn(""))).unwrap();
        self.start(Command::new("sh").arg(path))
    }

    fn uvicorn_line(&self, options: &str) -> String {
        format!("-m uvicorn --host 127.0.0.1 --port {} {options} asgi:app", self.port)
    }

    fn uvicorn(&self, options: &str) -> usize {
        let server = self.python(&self.uvicorn_line(options));
        self.answers("/");
        server
    }

    fn uwsgi(&self, options: &str) -> usize {
        self.uwsgi_alone(&format!("--master {options}"))
    }

    /// A uWSGI that answers, without a master.
    fn uwsgi_alone(&self, options: &str) -> usize {
        let server = self.uwsgi_started(options);
        self.answers("/");
        server
    }

    fn uwsgi_started(&self, options: &str) -> usize {
        let program: PathBuf = compiled("uwsgi==2.0.31").join("bin/uwsgi");
        let line = format!("--http-socket 127.0.0.1:{} --module wsgi:app {options}", self.port);
        self.start(Command::new(program).args(line.split_whitespace()))
    }

    fn until(&self, what: &str, holds: impl Fn() -> bool) {
        let end = Instant::now() + Duration::from_secs(30);
        while !holds() {
            assert!(Instant::now() < end, "{what} did not come:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn answers(&self, path: &str) {
        self.until("an answer", || self.get(path, 5.0).is_some());
    }

    /// A connection with a request on its way.
    fn send(&self, path: &str) -> TcpStream {
        let mut connection = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        write!(connection, "GET {path} HTTP/1.1\r\nHost: claim\r\n\r\n").unwrap();
        connection
    }

    /// What comes back within some seconds.
    fn get(&self, path: &str, seconds: f64) -> Option<String> {
        let mut connection = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        connection.set_read_timeout(Some(Duration::from_secs_f64(seconds))).ok()?;
        write!(connection, "GET {path} HTTP/1.1\r\nHost: claim\r\nConnection: close\r\n\r\n").ok()?;
        let mut answer = String::new();
        connection.read_to_string(&mut answer).ok()?;
        let (_, body) = answer.split_once("\r\n\r\n")?;
        answer.starts_with("HTTP/1.1 200").then(|| body.to_owned())
    }

    /// What another worker answers: one that is busy leaves the next request to the others.
    fn another(&self, path: &str, is_other: impl Fn(&str) -> bool) -> String {
        let end = Instant::now() + Duration::from_secs(30);
        loop {
            let _busy = self.send("/sleep/1");
            if let Some(answer) = self.get(path, 5.0).filter(|answer| is_other(answer)) {
                return answer;
            }
            assert!(Instant::now() < end, "no other worker answered:\n{}", self.log());
        }
    }

    /// A stream whose first bytes have come.
    fn stream(&self) -> TcpStream {
        let mut stream = self.send("/stream");
        let mut bytes = [0; 64];
        assert!(stream.read(&mut bytes).unwrap() > 0);
        stream
    }

    /// For how many seconds the server keeps a connection on which nothing comes.
    fn idles(&self) -> f64 {
        let mut connection = self.send("/");
        connection.set_read_timeout(Some(Duration::from_secs(12))).unwrap();
        let asked = Instant::now();
        let mut bytes = [0; 512];
        while connection.read(&mut bytes).unwrap() > 0 {}
        asked.elapsed().as_secs_f64()
    }

    /// How many workers answer, and how many sockets they have in all.
    fn sockets(&self) -> (usize, usize) {
        let first = self.get("/socket", 5.0).unwrap();
        let second = self.another("/socket", |answer| answer != first);
        let all = BTreeSet::from([first, second]);
        let sockets: BTreeSet<&str> = all.iter().filter_map(|answer| answer.split(' ').nth(1)).collect();
        (all.len(), sockets.len())
    }

    /// The processes that imported the application.
    fn imports(&self) -> BTreeSet<String> {
        fs::read_to_string(self.folder.path().join("imports")).unwrap_or_default().lines().map(str::to_owned).collect()
    }

    fn interrupt(&self, server: usize) {
        let pid = Pid::from_child(&self.children.borrow()[server]);
        kill_process(pid, Signal::INT).unwrap();
    }

    fn signal(&self, server: usize) {
        let pid = Pid::from_child(&self.children.borrow()[server]);
        kill_process(pid, Signal::TERM).unwrap();
    }

    fn wait(&self, server: usize, limit: Duration) -> Option<std::process::ExitStatus> {
        let end = Instant::now() + limit;
        loop {
            let ended = self.children.borrow_mut()[server].try_wait().unwrap();
            if ended.is_some() || Instant::now() > end {
                return ended;
            }
            std::thread::sleep(Duration::from_millis(30));
        }
    }

    /// SIGTERM ends the process, and nobody serves any more.
    fn ends(&self, server: usize, limit: Duration) {
        self.answers("/");
        self.signal(server);
        assert!(self.wait(server, limit).is_some(), "still there:\n{}", self.log());
        assert_eq!(self.get("/", 1.0), None);
    }

    /// SIGTERM does not reach what serves.
    fn survives(&self, shell: usize) {
        self.answers("/");
        self.signal(shell);
        std::thread::sleep(Duration::from_millis(1500));
        assert_eq!(self.get("/", 5.0).as_deref(), Some("ok"), "{}", self.log());
    }

    /// Ends every process of the claim.
    fn clear(&self) {
        for _ in 0..100 {
            self.signal_all(Signal::KILL);
            for child in self.children.borrow_mut().iter_mut() {
                let _ = child.try_wait();
            }
            if self.left().is_empty() {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}
