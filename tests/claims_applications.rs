//! What the cards on worker classes, gevent and the event loop say about the applications in them is what happens: each
//! claim starts the real server on loopback, keeps it busy with one request, and looks what becomes of the next.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails where it cannot go on")]

mod support;

use std::io::Read as _;
use std::time::{Duration, Instant};

use support::bench::{Bench, Claim, claim, show};
use support::python::python_environment;

/// How long the first of two requests takes; the second is compared with the half.
const BUSY: Duration = Duration::from_secs(4);

const PLAIN: &str = r#"
import asyncio, ctypes, hashlib, time, urllib.request

def spend(seconds):
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        hashlib.sha256(b"x" * 1000).hexdigest()

def app(environ, start_response):
    path = environ["PATH_INFO"]
    body = "ok"
    if path == "/sleep":
        time.sleep(4)
    elif path == "/in-c":
        ctypes.CDLL(None).usleep(4_000_000)
    elif path == "/compute":
        spend(4)
    elif path == "/loop":
        asyncio.run(asyncio.sleep(1))
    elif path == "/self":
        try:
            urllib.request.urlopen("http://" + environ["HTTP_HOST"] + "/", timeout=2).read()
        except OSError as error:
            body = f"nobody: {error}"
    elif path == "/stream":
        start_response("200 OK", [("Content-Type", "text/event-stream")])
        return endless()
    start_response("200 OK", [("Content-Length", str(len(body))), ("Content-Type", "text/plain")])
    return [body.encode()]

def endless():
    while True:
        yield b"data: x\n\n"
        time.sleep(0.1)
"#;

const ON_THE_LOOP: &str = r#"
import asyncio, sqlite3, threading, time
from fastapi import BackgroundTasks, Depends, FastAPI
from fastapi.responses import StreamingResponse
from plain import spend

app = FastAPI()

@app.middleware("http")
async def look(request, call_next):
    if request.url.path == "/middleware":
        time.sleep(4)
    return await call_next(request)

def waits():
    time.sleep(4)

async def late():
    time.sleep(4)
    yield b"x"

@app.get("/")
async def index():
    return {"threads": threading.active_count()}

@app.get("/sleep")
async def sleep():
    time.sleep(4)

@app.get("/behind")
async def behind():
    waits()

@app.get("/awaited")
async def awaited():
    await asyncio.sleep(4)

@app.get("/plain")
def plain():
    time.sleep(4)

@app.get("/compute")
async def compute():
    spend(4)

@app.get("/database")
async def database():
    with sqlite3.connect("it.db", timeout=4) as connection:
        try:
            connection.execute("begin immediate")
        except sqlite3.OperationalError as error:
            return str(error)

@app.get("/dependency")
async def dependency(it=Depends(waits)):
    return it

@app.get("/middleware")
async def middleware():
    return {}

@app.get("/stream")
async def stream():
    return StreamingResponse(late())

@app.get("/background")
async def background(tasks: BackgroundTasks):
    async def task():
        waits()
    tasks.add_task(task)

@app.get("/task")
def task():
    asyncio.create_task(asyncio.sleep(0))

@app.get("/nested")
async def nested():
    asyncio.run(asyncio.sleep(0))
"#;

const WORKERS: &[Claim] = &[
    claim("asgi-app-on-wsgi-worker", "`sync` starts and answers every request with 500", |bench| {
        bench.serves("gunicorn asgi:app");
        assert!(bench.get("/").starts_with("HTTP/1.1 500"));
        bench.settles("missing 1 required positional argument: 'send'", 1);
    }),
    claim("asgi-app-on-wsgi-worker", "`gthread` answers with 500 as well", |bench| {
        bench.serves("gunicorn asgi:app --threads 2");
        assert!(bench.get("/").starts_with("HTTP/1.1 500"));
    }),
    claim("wsgi-app-on-asgi-worker", "a Uvicorn worker starts and answers every request with 500", |bench| {
        bench.serves("gunicorn plain:app -k uvicorn_worker.UvicornWorker");
        assert!(bench.get("/").starts_with("HTTP/1.1 500"));
        bench.settles("missing 1 required positional argument: 'start_response'", 1);
    }),
    claim("wsgi-app-on-asgi-worker", "the class `asgi` answers with 500 as well", |bench| {
        bench.serves("gunicorn plain:app -k asgi");
        assert!(bench.get("/").starts_with("HTTP/1.1 500"));
    }),
    claim("removed-worker-class", "`eventlet` ends the start", |bench| {
        let bound = bench.bind("gunicorn plain:app -k eventlet");
        assert_eq!(bench.ends(&bound), Some(1));
        assert!(bench.log().contains("Entry point"), "{}", bench.log());
    }),
    claim("slow-upstream-on-sync", "one worker of `sync` waits for one thing at a time", |bench| {
        bench.serves("gunicorn plain:app");
        bench.keeps_waiting("/sleep");
    }),
    claim("slow-upstream-on-sync", "with threads nobody waits for the request before", |bench| {
        bench.serves("gunicorn plain:app --threads 4");
        bench.keeps_nobody("/sleep");
    }),
    claim("default-single-sync-worker", "without options one `sync` worker serves", |bench| {
        bench.serves("gunicorn plain:app");
        assert!(bench.log().contains("Using worker: sync"), "{}", bench.log());
        assert_eq!(bench.count("Booting worker"), 1);
    }),
    claim("memory-overcommit", "each worker takes memory of its own", |bench| {
        bench.serves("gunicorn plain:app --workers 3");
        bench.settles("Booting worker", 3);
        let own = |pid: &i32| {
            let rollup = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
            let pss = rollup.lines().find_map(|line| line.strip_prefix("Pss:")).unwrap_or_default();
            pss.trim().trim_end_matches(" kB").parse::<u64>().unwrap_or_default() / 1024
        };
        let sizes: Vec<u64> = bench.left().iter().map(own).filter(|mebibytes| *mebibytes > 4).collect();
        // The parent and its workers.
        assert_eq!(sizes.len(), 4, "{sizes:?}");
    }),
    claim("streaming-on-few-slots", "an open stream takes the worker", |bench| {
        bench.serves("gunicorn plain:app");
        bench.streams();
        bench.is_taken();
    }),
    claim("streaming-on-few-slots", "two open streams take two threads", |bench| {
        bench.serves("gunicorn plain:app --threads 2");
        bench.streams();
        bench.streams();
        bench.is_taken();
    }),
    claim("threads-ignored", "a Uvicorn worker has no thread more", |bench| {
        bench.environment = python_environment();
        bench.serves("gunicorn on_the_loop:app -k uvicorn_worker.UvicornWorker --threads 4");
        assert!(bench.get("/").contains("{\"threads\":1}"), "{}", bench.get("/"));
    }),
    claim("threads-ignored", "gevent has no thread more either", |bench| {
        bench.environment = python_environment();
        bench.serves("gunicorn plain:app -k gevent --threads 4");
        bench.keeps_waiting("/compute");
    }),
    claim("worker-connections-ignored", "`asgi` serves more than `worker_connections` at once", |bench| {
        bench.environment = python_environment();
        bench.serves("gunicorn on_the_loop:app -k asgi --worker-connections 1");
        bench.keeps_nobody("/awaited");
    }),
    claim("worker-connections-ignored", "a Uvicorn worker serves more as well", |bench| {
        bench.environment = python_environment();
        bench.serves("gunicorn on_the_loop:app -k uvicorn_worker.UvicornWorker --worker-connections 1");
        bench.keeps_nobody("/awaited");
    }),
    claim("worker-connections-ignored", "gevent serves no more than that", |bench| {
        bench.environment = python_environment();
        bench.serves("gunicorn plain:app -k gevent --worker-connections 1");
        bench.keeps_waiting("/sleep");
    }),
    claim("keepalive-ignored-by-sync", "`sync` closes at once, whatever it is told", |bench| {
        bench.serves("gunicorn plain:app --keep-alive 6");
        assert!(bench.kept().contains("Connection: close"), "{}", bench.kept());
    }),
    claim("keepalive-ignored-by-sync", "`gthread` keeps the connection", |bench| {
        bench.serves("gunicorn plain:app --keep-alive 6 --threads 2");
        assert!(!bench.kept().contains("Connection: close"), "{}", bench.kept());
    }),
    claim("dev-mode-in-production", "the server of Flask asks for another one", |bench| {
        bench.environment = python_environment();
        bench.write("pages.py", "from flask import Flask\n\napp = Flask(__name__)\n");
        let port = bench.port;
        bench.serves_as_is(&format!("flask --app pages run --port {port}"));
        assert!(bench.log().contains("Do not use it in a production deployment"), "{}", bench.log());
    }),
    claim("header-drop-upgrade", "Gunicorn 21.2.0 hands on headers with underscores", |bench| {
        bench.release("gunicorn==21.2.0");
        bench.write("shows.py", SHOWS);
        bench.serves("gunicorn shows:app");
        assert!(bench.ask("GET / HTTP/1.1\r\nHost: x\r\nX_Remote_User: root\r\n\r\n").contains("REMOTE_USER"));
    }),
    claim("header-drop-upgrade", "later releases drop such headers", |bench| {
        bench.write("shows.py", SHOWS);
        bench.serves("gunicorn shows:app");
        assert!(!bench.ask("GET / HTTP/1.1\r\nHost: x\r\nX_Remote_User: root\r\n\r\n").contains("REMOTE_USER"));
    }),
    claim("refuses-to-start", "Gunicorn ends for numbers that are none and switches that are numbers", |bench| {
        for line in
            ["workers = 2.5", "timeout = '30s'", "workers = None", "preload_app = 1", "forwarded_allow_ips = ['*']"]
        {
            bench.write("gunicorn.conf.py", line);
            let bound = bench.bind("gunicorn plain:app");
            assert_eq!(bench.ends(&bound), Some(1), "{line}\n{}", bench.log());
        }
    }),
    claim("refuses-to-start", "Gunicorn ends for an option that it does not know", |bench| {
        let bound = bench.bind("gunicorn plain:app --keepalive 5");
        assert_ne!(bench.ends(&bound), Some(0));
        assert!(bench.log().contains("unrecognized arguments: --keepalive"), "{}", bench.log());
    }),
];

/// Answers with the headers.
const SHOWS: &str = "def app(environ, start_response):\n    start_response('200 OK', [])\n    \
                     return [repr(sorted(environ)).encode()]\n";

const GREENLETS: &[Claim] = &[
    claim("gevent-with-asyncio", "of loops that overlap all but one fail", |bench| {
        bench.environment = python_environment();
        bench.serves("gunicorn plain:app -k gevent");
        let first = bench.send("GET /loop HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        std::thread::sleep(Duration::from_millis(300));
        assert!(bench.get("/loop").starts_with("HTTP/1.1 500"));
        bench.settles("cannot be called from a running event loop", 1);
        drop(first);
    }),
    claim("gevent-with-asyncio", "FastAPI answers every request with 500", |bench| {
        bench.environment = python_environment();
        bench.serves("gunicorn on_the_loop:app -k gevent");
        assert!(bench.get("/").starts_with("HTTP/1.1 500"));
    }),
    claim("blocking-c-driver", "a wait in C keeps every greenlet waiting", |bench| {
        bench.environment = python_environment();
        bench.serves("gunicorn plain:app -k gevent");
        bench.keeps_waiting("/in-c");
    }),
    claim("blocking-c-driver", "a wait that is patched keeps nobody waiting", |bench| {
        bench.environment = python_environment();
        bench.serves("gunicorn plain:app -k gevent");
        bench.keeps_nobody("/sleep");
    }),
    claim("gevent-cpu-bound", "a computation keeps every greenlet waiting", |bench| {
        bench.environment = python_environment();
        bench.serves("gunicorn plain:app -k gevent");
        bench.keeps_waiting("/compute");
    }),
];

const LOOP: &[Claim] = &[
    claim("blocking-call-in-async", "`time.sleep` in `async def` keeps everybody waiting", |bench| {
        bench.on_the_loop();
        bench.keeps_waiting("/sleep");
    }),
    claim("blocking-call-in-async", "a wait in `def`, or one that is awaited, keeps nobody waiting", |bench| {
        bench.on_the_loop();
        bench.keeps_nobody("/plain");
        bench.keeps_nobody("/awaited");
    }),
    claim("blocking-call-transitive", "a wait behind a plain function keeps everybody waiting", |bench| {
        bench.on_the_loop();
        bench.keeps_waiting("/behind");
    }),
    claim("blocking-in-middleware-or-dependency", "a wait in middleware keeps everybody waiting", |bench| {
        bench.on_the_loop();
        bench.keeps_waiting("/middleware");
    }),
    claim("blocking-in-middleware-or-dependency", "a plain dependency of FastAPI has a thread", |bench| {
        bench.on_the_loop();
        bench.keeps_nobody("/dependency");
    }),
    claim("blocking-stream-or-background", "a wait in an asynchronous stream keeps everybody waiting", |bench| {
        bench.on_the_loop();
        bench.keeps_waiting("/stream");
    }),
    claim("blocking-stream-or-background", "a wait in a task behind the answer keeps everybody waiting", |bench| {
        bench.on_the_loop();
        bench.keeps_waiting("/background");
    }),
    claim("cpu-in-async", "a computation keeps everybody waiting", |bench| {
        bench.on_the_loop();
        bench.keeps_waiting("/compute");
    }),
    claim("sync-db-in-async", "a database that is asked on the loop keeps everybody waiting", |bench| {
        // Another process holds the database for as long as the test takes.
        let holds = "import sqlite3, threading\nheld = sqlite3.connect('it.db', check_same_thread=False)\n\
                     held.execute('begin immediate')\nthreading.Event().wait()\n";
        bench.write("holds.py", holds);
        bench.environment = python_environment();
        bench.beside("python holds.py");
        bench.on_the_loop();
        bench.keeps_waiting("/database");
    }),
    claim("loop-api-in-sync-handler", "`create_task` in a thread finds no loop", |bench| {
        bench.on_the_loop();
        assert!(bench.get("/task").starts_with("HTTP/1.1 500"));
        bench.settles("no running event loop", 1);
    }),
    claim("nested-event-loop", "`asyncio.run` under a loop raises", |bench| {
        bench.on_the_loop();
        assert!(bench.get("/nested").starts_with("HTTP/1.1 500"));
        bench.settles("asyncio.run() cannot be called from a running event loop", 1);
    }),
    claim("threadpool-exhaustion", "the forty-first plain handler waits for the first", |bench| {
        bench.on_the_loop();
        let request = "GET /plain HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        let _busy: Vec<_> = (0..40).map(|_| bench.send(request)).collect();
        std::thread::sleep(Duration::from_millis(500));
        let asked = Instant::now();
        assert!(bench.get("/plain").contains("200"));
        assert!(asked.elapsed() > BUSY + BUSY / 4, "{:?}", asked.elapsed());
    }),
    claim("self-request", "with one worker nobody answers", |bench| {
        bench.serves("gunicorn plain:app");
        assert!(bench.asks_itself().contains("nobody"), "{}", bench.asks_itself());
    }),
    claim("self-request", "with a second thread it has its answer", |bench| {
        bench.serves("gunicorn plain:app --threads 2");
        assert!(!bench.asks_itself().contains("nobody"), "{}", bench.asks_itself());
    }),
];

#[test]
fn worker_classes_do_what_the_cards_say() {
    show_here(WORKERS);
}

#[test]
fn greenlets_do_what_the_cards_say() {
    show_here(GREENLETS);
}

#[test]
fn the_loop_does_what_the_cards_say() {
    show_here(LOOP);
}

fn show_here(claims: &[Claim]) {
    show(claims, |bench| {
        bench.write("plain.py", PLAIN);
        bench.write("on_the_loop.py", ON_THE_LOOP);
    });
}

/// What happens to the second of two requests.
trait Second {
    fn on_the_loop(&mut self);
    fn keeps_waiting(&self, path: &str);
    fn keeps_nobody(&self, path: &str);
    fn second(&self, path: &str) -> Duration;
    fn streams(&self);
    fn is_taken(&self);
    fn kept(&self) -> String;
    fn asks_itself(&self) -> String;
}

impl Second for Bench {
    fn on_the_loop(&mut self) {
        self.environment = python_environment();
        self.serves("uvicorn on_the_loop:app");
    }

    fn keeps_waiting(&self, path: &str) {
        let waited = self.second(path);
        assert!(waited > BUSY / 2, "{path}: {waited:?}");
    }

    fn keeps_nobody(&self, path: &str) {
        let waited = self.second(path);
        assert!(waited < BUSY / 2, "{path}: {waited:?}");
    }

    /// For how long a request waits that comes behind one to `path`.
    fn second(&self, path: &str) -> Duration {
        let first = self.send(&format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
        std::thread::sleep(Duration::from_millis(500));
        let asked = Instant::now();
        assert!(self.get("/").contains("200 OK"));
        let waited = asked.elapsed();
        drop(first);
        waited
    }

    /// Opens a stream and leaves it open.
    fn streams(&self) {
        let mut stream = self.send("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
        let mut bytes = [0; 64];
        assert!(stream.read(&mut bytes).unwrap() > 0);
        std::mem::forget(stream);
    }

    /// Nobody is left who would answer.
    fn is_taken(&self) {
        let mut next = self.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        next.set_read_timeout(Some(Duration::from_millis(1500))).unwrap();
        let mut bytes = [0; 64];
        assert!(next.read(&mut bytes).is_err(), "{}", String::from_utf8_lossy(&bytes));
    }

    /// The answer on a connection that the client would keep.
    fn kept(&self) -> String {
        let mut connection = self.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n");
        let mut bytes = [0; 512];
        let read = connection.read(&mut bytes).unwrap();
        String::from_utf8_lossy(&bytes[..read]).into_owned()
    }

    /// What the server says that asks itself.
    fn asks_itself(&self) -> String {
        let host = format!("127.0.0.1:{}", self.port);
        self.ask_as_is(&format!("GET /self HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"))
    }
}
