//! What the cards on configuration, worker classes, packages, security and logs say about servers is what the servers
//! do: each claim starts the real one on loopback and looks.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails where it cannot go on")]

mod support;

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use support::asgi::asgi;
use support::bench::{ASGI, Claim, WSGI, claim, show};
use support::python::python_environment;

const SETTINGS: &[Claim] = &[
    claim("unknown-setting", "names that Gunicorn does not know are passed over", |bench| {
        bench.write("gunicorn.conf.py", "worker = 4\nkeep_alive = 75\nlog_level = 'error'\nmax_request = 3\n");
        bench.serves("gunicorn app:app");
        assert_eq!(bench.count("Booting worker"), 1, "{}", bench.log());
    }),
    claim("config-file-not-loaded", "only `gunicorn.conf.py` is found without a name", |bench| {
        bench.write("gunicorn_conf.py", "workers = 3\n");
        bench.serves("gunicorn app:app");
        assert_eq!(bench.count("Booting worker"), 1, "{}", bench.log());
    }),
    claim("server-module-shadowed", "`python -m gunicorn` runs a file of that name", |bench| {
        bench.write("gunicorn.py", "workers = 4\n");
        let bound = bench.bind("python -m gunicorn app:app");
        assert_eq!(bench.ends(&bound), Some(0));
        assert_eq!(bench.log(), "");
    }),
    claim("server-module-shadowed", "a file `flask.py` stands in front of Flask", |bench| {
        bench.write("flask.py", "DEBUG = False\n");
        bench.write("app.py", "from flask import Flask\napp = Flask(__name__)\n");
        let bound = bench.bind("gunicorn app:app");
        assert_eq!(bench.ends(&bound), Some(3));
        assert!(bench.log().contains("cannot import name 'Flask'"), "{}", bench.log());
    }),
    claim("accidental-setting", "the variable of a loop is a setting", |bench| {
        bench.write("gunicorn.conf.py", "for user in \"bh\":\n    print(user)\n");
        let bound = bench.bind("gunicorn app:app");
        assert_eq!(bench.ends(&bound), Some(1));
        assert!(bench.log().contains("No such user: 'h'"), "{}", bench.log());
    }),
    claim("wrong-class-option", "an option of another class is accepted", |bench| {
        bench.serves("gunicorn app:app -k gthread --asgi-loop uvloop");
        assert!(!bench.log().contains("asgi"), "{}", bench.log());
    }),
    claim("jitter-without-max-requests", "jitter alone restarts nothing", |bench| {
        bench.serves("gunicorn app:app --max-requests-jitter 2");
        assert_eq!(bench.workers_that_answer(12), 1);
    }),
    claim("jitter-without-max-requests", "with `max_requests` workers are replaced", |bench| {
        bench.serves("gunicorn app:app --max-requests 3 --max-requests-jitter 2");
        assert!(bench.workers_that_answer(12) > 1);
    }),
    claim("reload-conflict", "Uvicorn drops `workers` for `reload`", |bench| {
        bench.serves("uvicorn asgi:app --reload --workers 2");
        assert!(bench.log().contains("\"workers\" flag is ignored when reloading is enabled."), "{}", bench.log());
    }),
    claim("app-object-with-workers", "an object cannot be imported by other processes", |bench| {
        let port = bench.port;
        let text = format!("import uvicorn\nfrom asgi import app\nuvicorn.run(app, port={port}, workers=2)\n");
        bench.write("serve.py", &text);
        assert_eq!(bench.ends("python serve.py"), Some(3));
        let says = "You must pass the application as an import string to enable 'reload' or 'workers'.";
        assert!(bench.log().contains(says), "{}", bench.log());
    }),
    claim("overridden-or-fragile-value", "`--thread 4` stands for `--threads 4`", |bench| {
        bench.serves("gunicorn app:app --thread 4");
        assert!(bench.log().contains("Using worker: gthread"), "{}", bench.log());
    }),
    claim("overridden-or-fragile-value", "`umask = 755` is decimal", |bench| {
        bench.write("gunicorn.conf.py", "umask = 755\n");
        bench.start("gunicorn app:app --bind unix:it.sock");
        bench.settles("Listening at", 1);
        // The kernel keeps nine bits of 0o1363 and takes them from 0o777.
        let socket = fs::metadata(bench.folder.path().join("it.sock")).unwrap();
        assert_eq!(socket.permissions().mode() & 0o777, 0o414);
    }),
    claim("overridden-or-fragile-value", "the variable wins over the file", |bench| {
        bench.write("gunicorn.conf.py", "workers = 4\n");
        bench.variable("GUNICORN_CMD_ARGS", "--workers=2");
        bench.serves("gunicorn app:app");
        bench.settles("Booting worker", 2);
    }),
    claim("uvicorn-worker-ignores-setting", "no request line is too long for a Uvicorn worker", |bench| {
        bench.serves("gunicorn asgi:app -k uvicorn_worker.UvicornWorker --limit-request-line 100");
        assert!(bench.get(&format!("/{}", "a".repeat(5000))).starts_with("HTTP/1.1 200"));
    }),
    claim("uvicorn-worker-ignores-setting", "`gthread` refuses a line that is too long", |bench| {
        bench.serves("gunicorn app:app -k gthread --limit-request-line 100");
        assert!(bench.get(&format!("/{}", "a".repeat(5000))).starts_with("HTTP/1.1 414"));
    }),
    claim("uvicorn-worker-ignores-setting", "a Uvicorn worker never calls hooks of requests", |bench| {
        bench.write("gunicorn.conf.py", "def pre_request(worker, req):\n    open('called', 'w').close()\n");
        bench.serves("gunicorn asgi:app -k uvicorn_worker.UvicornWorker");
        assert!(bench.get("/").contains("200"));
        assert!(!bench.folder.path().join("called").exists());
    }),
    claim("deprecated-uvicorn-workers", "Python hides the warning", |bench| {
        bench.serves("gunicorn asgi:app -k uvicorn.workers.UvicornWorker");
        assert!(!bench.log().to_lowercase().contains("deprecat"), "{}", bench.log());
    }),
];

const PACKAGES_AND_CLASSES: &[Claim] = &[
    claim("worker-package-missing", "without gevent its class ends the start", |bench| {
        let bound = bench.bind("gunicorn app:app -k gevent");
        assert_eq!(bench.ends(&bound), Some(1));
        assert!(bench.log().contains("gevent worker requires gevent 24.10.1 or higher"), "{}", bench.log());
    }),
    claim("worker-package-missing", "without tornado its class ends the start", |bench| {
        let bound = bench.bind("gunicorn app:app -k tornado");
        assert_eq!(bench.ends(&bound), Some(1));
        assert!(bench.log().contains("You need tornado installed to use this worker."), "{}", bench.log());
    }),
    claim("worker-package-too-old", "Uvicorn 0.30.6 knows no networks", |bench| {
        bench.release("uvicorn==0.30.6");
        bench.serves("uvicorn asgi:app --forwarded-allow-ips 127.0.0.0/8");
        assert!(bench.forwarded().contains("from=127.0.0.1 scheme=http"), "{}", bench.forwarded());
    }),
    claim("worker-package-too-old", "later releases of Uvicorn know networks", |bench| {
        bench.serves("uvicorn asgi:app --forwarded-allow-ips 127.0.0.0/8");
        assert!(bench.forwarded().contains("from=192.0.2.7 scheme=https"), "{}", bench.forwarded());
    }),
    claim("granian-interface-mismatch", "Granian speaks RSGI unless it is told otherwise", |bench| {
        let port = bench.port.to_string();
        bench.serves_as_is(&format!("granian asgi:app --port {port}"));
        assert!(bench.get("/").starts_with("HTTP/1.1 500"), "{}", bench.get("/"));
    }),
    claim("granian-interface-mismatch", "with `--interface asgi` Granian answers", |bench| {
        let port = bench.port.to_string();
        bench.serves_as_is(&format!("granian --interface asgi asgi:app --port {port}"));
        assert!(bench.get("/").starts_with("HTTP/1.1 200"), "{}", bench.get("/"));
    }),
    claim("websocket-on-wsgi-worker", "a connection that stays open takes the worker, until the timeout", |bench| {
        bench.serves("gunicorn app:app --timeout 2");
        let mut open = bench.send("GET /hold HTTP/1.1\r\nHost: x\r\n\r\n");
        std::thread::sleep(Duration::from_millis(300));
        let asked = Instant::now();
        assert!(bench.get("/").contains("200"));
        assert!(asked.elapsed() > Duration::from_secs(1), "answered while the other was open");
        assert!(bench.log().contains("WORKER TIMEOUT"), "{}", bench.log());
        let mut rest = String::new();
        let _ = open.read_to_string(&mut rest);
        assert!(!rest.contains("200 OK"), "{rest}");
    }),
    claim("late-monkey-patch", "gevent warns where ssl came first", |bench| {
        bench.environment = python_environment();
        bench.write("holds.py", "from ssl import SSLContext\n");
        let late = "import holds\nfrom gevent import monkey\nmonkey.patch_all()\nfrom waiting import app\n";
        bench.write("late.py", late);
        let bound = bench.bind("gunicorn late:app");
        bench.start(&bound);
        bench.settles("MonkeyPatchWarning: Monkey-patching ssl after ssl", 1);
    }),
    claim("gevent-with-preload", "the workers patch after the master has imported", |bench| {
        bench.environment = python_environment();
        bench.write("holds.py", "from ssl import SSLContext\nfrom waiting import app\n");
        bench.serves("gunicorn holds:app -k gevent --preload");
        bench.settles("MonkeyPatchWarning", 1);
    }),
];

const SECURITY: &[Claim] = &[
    claim("bind-exposed", "Gunicorn listens on loopback unless it is told otherwise", |bench| {
        assert_eq!(bench.ends("gunicorn app:app --print-config"), Some(0));
        let log = bench.log();
        let bind = log.lines().find(|line| line.starts_with("bind ")).unwrap_or_default();
        assert!(bind.contains("127.0.0.1:8000"), "{log}");
    }),
    claim("debug-exposed", "the debugger of Werkzeug runs under any server", |bench| {
        bench.environment = python_environment();
        let debugged = "from werkzeug.debug import DebuggedApplication\nfrom app import app as plain\n\
                        app = DebuggedApplication(plain, evalex=True)\n";
        bench.write("debugged.py", debugged);
        bench.serves("gunicorn debugged:app --threads 2");
        // Since Werkzeug 3.0.3 only for what claims to come from the machine itself.
        let page = bench.ask("GET /fail HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
        assert!(page.contains("EVALEX = true") && page.contains("SECRET"), "{page}");
    }),
    claim("debug-exposed", "Starlette answers with the traceback", |bench| {
        let text = "from fastapi import FastAPI\napp = FastAPI(debug=True)\n\n\n@app.get('/fail')\n\
                    async def fail():\n    raise RuntimeError('on purpose')\n";
        bench.write("pages.py", text);
        bench.serves("uvicorn pages:app");
        assert!(bench.get("/fail").contains("Traceback"), "{}", bench.get("/fail"));
    }),
    claim("lenient-http-parsing", "headers with underscores are dropped", |bench| {
        bench.serves("gunicorn app:app");
        assert!(!bench.ask("GET / HTTP/1.1\r\nHost: x\r\nX_Remote_User: root\r\n\r\n").contains("REMOTE_USER"));
    }),
    claim("lenient-http-parsing", "`header_map = dangerous` lets them through", |bench| {
        bench.serves("gunicorn app:app --header-map dangerous");
        let answer = bench.ask("GET / HTTP/1.1\r\nHost: x\r\nX_Remote_User: root\r\n\r\n");
        assert!(answer.contains("'HTTP_X_REMOTE_USER': 'root'"), "{answer}");
    }),
    claim("lenient-http-parsing", "`get` is no method unless it is folded", |bench| {
        bench.serves("gunicorn app:app");
        assert!(bench.ask("get / HTTP/1.1\r\nHost: x\r\n\r\n").starts_with("HTTP/1.1 400"));
    }),
    claim("lenient-http-parsing", "`casefold_http_method` alone does not fold it", |bench| {
        bench.serves("gunicorn app:app --casefold-http-method");
        assert!(bench.ask("get / HTTP/1.1\r\nHost: x\r\n\r\n").starts_with("HTTP/1.1 400"));
    }),
    claim("lenient-http-parsing", "`get` is folded where any method is permitted", |bench| {
        bench.serves("gunicorn app:app --casefold-http-method --permit-unconventional-http-method");
        assert!(bench.ask("get / HTTP/1.1\r\nHost: x\r\n\r\n").starts_with("HTTP/1.1 200"));
    }),
    claim("request-limits-off", "a line of 100 kB is answered without a limit", |bench| {
        bench.serves("gunicorn app:app --limit-request-line 0");
        assert!(bench.get(&format!("/{}", "a".repeat(100_000))).starts_with("HTTP/1.1 200"));
    }),
    claim("request-limits-off", "0 is no such switch for the size of headers", |bench| {
        bench.serves("gunicorn app:app --limit-request-field_size 0");
        let answer = bench.ask(&format!("GET / HTTP/1.1\r\nHost: x\r\nX-A: {}\r\n\r\n", "a".repeat(20_000)));
        assert!(answer.starts_with("HTTP/1.1 4"), "{answer}");
    }),
    claim("proxy-protocol-open", "any client can claim any address", |bench| {
        bench.serves("gunicorn app:app --proxy-protocol --proxy-allow-from *");
        let line = "PROXY TCP4 192.0.2.7 192.0.2.1 1234 80\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n";
        assert!(bench.ask(line).contains("from=192.0.2.7"), "{}", bench.ask(line));
    }),
    claim("trust-all-forwarders", "every client can forge its address and scheme", |bench| {
        bench.serves("uvicorn asgi:app --forwarded-allow-ips *");
        assert!(bench.forwarded().contains("from=192.0.2.7 scheme=https"), "{}", bench.forwarded());
    }),
    claim("proxy-not-trusted", "the scheme of a proxy that is not trusted does not count", |bench| {
        bench.serves("uvicorn asgi:app --forwarded-allow-ips 192.0.2.1");
        assert!(bench.forwarded().contains("from=127.0.0.1 scheme=http"), "{}", bench.forwarded());
    }),
    claim("vulnerable-server-version", "Gunicorn 21.2.0 reads past a coding that it does not know", |bench| {
        bench.release("gunicorn==21.2.0");
        bench.serves("gunicorn app:app");
        assert!(bench.ask(TWO_LENGTHS).starts_with("HTTP/1.1 200"), "{}", bench.ask(TWO_LENGTHS));
    }),
    claim("vulnerable-server-version", "later releases of Gunicorn refuse it", |bench| {
        bench.serves("gunicorn app:app");
        assert!(!bench.ask(TWO_LENGTHS).starts_with("HTTP/1.1 200"), "{}", bench.ask(TWO_LENGTHS));
    }),
];

/// A body with a length and a coding of which nobody has heard.
const TWO_LENGTHS: &str =
    "POST /read HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nTransfer-Encoding: xchunked\r\n\r\nok";

const LOGS: &[Claim] = &[
    claim("statsd-without-requests", "`gthread` sends figures about requests", |bench| {
        let figures = bench.figures("gunicorn app:app --threads 2");
        assert!(figures.contains("gunicorn.requests") && figures.contains("gunicorn.request.duration"), "{figures}");
    }),
    claim("statsd-without-requests", "a Uvicorn worker sends none", |bench| {
        let figures = bench.figures("gunicorn asgi:app -k uvicorn_worker.UvicornWorker");
        assert!(!figures.contains("gunicorn.request"), "{figures}");
        assert!(figures.contains("gunicorn.workers"), "{figures}");
    }),
    claim("loggers-disabled", "`dictConfig` switches off what Gunicorn logs in its workers", |bench| {
        bench.write("app.py", &format!("{CONFIGURED}{WSGI}"));
        bench.serves("gunicorn app:app");
        assert!(bench.get("/fail").starts_with("HTTP/1.1 500"));
        assert_eq!(bench.count("on purpose"), 0, "{}", bench.log());
    }),
    claim("loggers-disabled", "with `False` Gunicorn logs it", |bench| {
        let keeps = CONFIGURED.replace("'version'", "'disable_existing_loggers': False, 'version'");
        bench.write("app.py", &format!("{keeps}{WSGI}"));
        bench.serves("gunicorn app:app");
        assert!(bench.get("/fail").starts_with("HTTP/1.1 500"));
        bench.settles("on purpose", 1);
    }),
    claim("loggers-disabled", "`dictConfig` switches off the access log of Uvicorn", |bench| {
        bench.write("asgi.py", &asgi(&format!("{CONFIGURED}{ASGI}")));
        bench.serves("uvicorn asgi:app");
        assert!(bench.get("/").contains("200"));
        assert_eq!(bench.count("GET /"), 0, "{}", bench.log());
    }),
    claim("loggers-disabled", "`logconfig_dict` starts from a mapping in which it is false", |bench| {
        bench.write("gunicorn.conf.py", "logconfig_dict = {'version': 1, 'loggers': {'app': {'level': 'INFO'}}}\n");
        bench.serves("gunicorn app:app");
        assert!(bench.get("/fail").starts_with("HTTP/1.1 500"));
        bench.settles("on purpose", 1);
    }),
    claim("loggers-disabled", "`True` switches Gunicorn's own log off", |bench| {
        let text = "logconfig_dict = {'version': 1, 'disable_existing_loggers': True, 'loggers': {'app': {}}}\n";
        bench.write("gunicorn.conf.py", text);
        bench.serves("gunicorn app:app");
        assert!(bench.get("/fail").starts_with("HTTP/1.1 500"));
        assert_eq!(bench.count("on purpose"), 0, "{}", bench.log());
    }),
    claim("loggers-disabled", "a level that Gunicorn does not know is `info`", |bench| {
        bench.serves("gunicorn app:app --log-level warn");
        assert!(bench.log().contains("[INFO] Listening at"), "{}", bench.log());
    }),
    claim("tracing-across-fork", "threads of the master are not in the workers", |bench| {
        bench.serves("gunicorn app:app --preload");
        assert!(bench.get("/").contains("thread=False"), "{}", bench.get("/"));
    }),
];

/// What an application does that configures its loggers without a thought of others.
const CONFIGURED: &str =
    "import logging.config\nlogging.config.dictConfig({'version': 1, 'root': {'level': 'INFO'}})\n";

#[test]
fn settings_do_what_the_cards_say() {
    show(SETTINGS, |_| {});
}

#[test]
fn packages_and_worker_classes_do_what_the_cards_say() {
    show(PACKAGES_AND_CLASSES, |_| {});
}

#[test]
fn security_is_what_the_cards_say() {
    show(SECURITY, |_| {});
}

#[test]
fn logs_are_what_the_cards_say() {
    show(LOGS, |_| {});
}
