//! Claims about servers, and where each is put to the real one: a folder with an application, and the server in it.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails where it cannot go on")]

use std::io::{Read as _, Write as _};
use std::net::{TcpStream, UdpSocket};
use std::ops::Deref;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use farrier::rules::Card;
use rustix::process::Signal;

use super::asgi::asgi;
use super::ground::Ground;
use super::python::{PythonEnvironment, release, servers_environment};

/// How long a server may take to start, or to end, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) const WSGI: &str = r#"
import os, threading, time

thread = threading.Thread(target=time.sleep, args=(60,), daemon=True)
thread.start()

def app(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/fail":
        raise RuntimeError("on purpose")
    if path == "/hold":
        time.sleep(30)
    if path == "/read":
        environ["wsgi.input"].read()
    headers = {name: value for name, value in environ.items() if name.startswith("HTTP_")}
    body = f"pid={os.getpid()} from={environ['REMOTE_ADDR']} thread={thread.is_alive()} {headers}"
    start_response("200 OK", [("Content-Length", str(len(body))), ("Content-Type", "text/plain")])
    return [body.encode()]
"#;

pub(crate) const ASGI: &str = r#"
async def app(scope, receive, send):
    # lifespan
    if scope["path"] == "/fail":
        raise RuntimeError("on purpose")
    body = f"from={scope['client'][0]} scheme={scope['scheme']}".encode()
    headers = [(b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
"#;

/// A claim, the rule that rests on it, and what shows it.
pub(crate) struct Claim {
    pub(crate) rule: &'static str,
    pub(crate) says: &'static str,
    pub(crate) shown: fn(&mut Bench),
}

pub(crate) const fn claim(rule: &'static str, says: &'static str, shown: fn(&mut Bench)) -> Claim {
    Claim { rule, says, shown }
}

#[allow(clippy::print_stderr, reason = "a test that fails tells the claim that it was about")]
pub(crate) fn show(claims: &[Claim], prepare: impl Fn(&Bench)) {
    for claim in claims {
        assert!(Card::find(claim.rule).is_some(), "no rule `{}`", claim.rule);
        eprintln!("{}: {}", claim.rule, claim.says);
        let mut bench = Bench::new();
        prepare(&bench);
        (claim.shown)(&mut bench);
    }
}

/// A folder with an application, and the server that runs in it.
pub(crate) struct Bench {
    ground: Ground,
    pub(crate) environment: &'static PythonEnvironment,
    variables: Vec<(String, String)>,
    running: Option<Child>,
    beside: Vec<Child>,
}

impl Bench {
    pub(crate) fn new() -> Self {
        let bench = Self {
            ground: Ground::new(),
            environment: servers_environment(),
            variables: Vec::new(),
            running: None,
            beside: Vec::new(),
        };
        bench.write("app.py", WSGI);
        bench.write("waiting.py", WSGI);
        bench.write("asgi.py", &asgi(ASGI));
        bench
    }

    pub(crate) fn variable(&mut self, name: &str, value: &str) {
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    /// Puts another release in front of the one that is installed.
    pub(crate) fn release(&mut self, name: &str) {
        let folder = release(name);
        self.variable("PYTHONPATH", &folder.display().to_string());
    }

    /// The command with the port of this bench.
    pub(crate) fn bind(&self, command: &str) -> String {
        let port = self.port;
        if command.starts_with("uvicorn") {
            format!("{command} --port {port}")
        } else {
            format!("{command} --bind 127.0.0.1:{port}")
        }
    }

    /// Starts a command; its first word is one of the environment's.
    pub(crate) fn start(&mut self, command: &str) {
        self.running = Some(self.spawn(command));
    }

    /// Starts one that runs beside the server, and ends with it.
    pub(crate) fn beside(&mut self, command: &str) {
        let child = self.spawn(command);
        self.beside.push(child);
    }

    fn spawn(&self, command: &str) -> Child {
        let mut words = command.split_whitespace();
        let program = self.environment.bin.join(words.next().unwrap());
        let mut process = Command::new(program);
        process
            .args(words)
            .env_clear()
            .env("PATH", &self.environment.bin)
            .env("HOME", self.folder.path())
            .env("PYTHONUNBUFFERED", "1")
            .envs(self.variables.iter().cloned());
        self.ground.prepare(&mut process).spawn().unwrap()
    }

    /// Starts a server that has to answer.
    pub(crate) fn serves(&mut self, command: &str) {
        let command = self.bind(command);
        self.serves_as_is(&command);
    }

    pub(crate) fn serves_as_is(&mut self, command: &str) {
        self.start(command);
        let until = Instant::now() + PATIENCE;
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            let ended = self.running.as_mut().unwrap().try_wait().unwrap();
            assert!(ended.is_none() && Instant::now() < until, "{command}: {ended:?}\n{}", self.log());
            std::thread::sleep(Duration::from_millis(30));
        }
        // The master listens before its workers answer.
        assert!(self.get("/").starts_with("HTTP/1.1"), "{command}\n{}", self.log());
    }

    /// Starts a command that has to end by itself, and gives its status.
    pub(crate) fn ends(&mut self, command: &str) -> Option<i32> {
        self.start(command);
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.running.as_mut().unwrap().try_wait().unwrap() {
                self.running = None;
                return status.code();
            }
            assert!(Instant::now() < until, "{command} does not end\n{}", self.log());
            std::thread::sleep(Duration::from_millis(30));
        }
    }

    pub(crate) fn count(&self, text: &str) -> usize {
        self.log().matches(text).count()
    }

    /// Waits until the log holds a text at least so often.
    pub(crate) fn settles(&self, text: &str, times: usize) {
        let until = Instant::now() + PATIENCE;
        while self.count(text) < times {
            assert!(Instant::now() < until, "no `{text}`:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(30));
        }
    }

    pub(crate) fn send(&self, request: &str) -> TcpStream {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        stream
    }

    /// The answer to a request, which has to say that it is the last.
    pub(crate) fn ask(&self, request: &str) -> String {
        self.ask_as_is(&request.replacen("Host: x\r\n", "Host: x\r\nConnection: close\r\n", 1))
    }

    /// The same for one that says so already.
    pub(crate) fn ask_as_is(&self, request: &str) -> String {
        let mut stream = self.send(request);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    }

    pub(crate) fn get(&self, path: &str) -> String {
        self.ask(&format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"))
    }

    /// The answer to a request that claims to have come from elsewhere.
    pub(crate) fn forwarded(&self) -> String {
        self.ask("GET / HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: https\r\n\r\n")
    }

    /// How many processes answer so many requests.
    pub(crate) fn workers_that_answer(&self, requests: usize) -> usize {
        let pid = |answer: String| answer.split("pid=").nth(1)?.split(' ').next().map(str::to_owned);
        let mut pids: Vec<String> = (0..requests).filter_map(|_| pid(self.get("/"))).collect();
        pids.sort();
        pids.dedup();
        pids.len()
    }

    /// What a server tells about a few requests to whoever keeps figures.
    pub(crate) fn figures(&mut self, command: &str) -> String {
        let listener = UdpSocket::bind("127.0.0.1:0").unwrap();
        listener.set_read_timeout(Some(Duration::from_millis(1500))).unwrap();
        let address = listener.local_addr().unwrap();
        self.serves(&format!("{command} --statsd-host {address}"));
        for _ in 0..3 {
            self.get("/");
        }
        let mut figures = String::new();
        let mut buffer = [0; 2048];
        while let Ok(length) = listener.recv(&mut buffer) {
            figures.push_str(&String::from_utf8_lossy(&buffer[..length]));
            figures.push('\n');
        }
        figures
    }
}

impl Deref for Bench {
    type Target = Ground;

    fn deref(&self) -> &Ground {
        &self.ground
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        if let Some(mut child) = self.running.take() {
            self.signal_all(Signal::TERM);
            let until = Instant::now() + Duration::from_secs(5);
            while matches!(child.try_wait(), Ok(None)) && Instant::now() < until {
                std::thread::sleep(Duration::from_millis(30));
            }
            self.signal_all(Signal::KILL);
            let _ = child.wait();
        }
        for mut child in self.beside.drain(..) {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
