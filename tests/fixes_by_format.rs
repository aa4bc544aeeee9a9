//! Every rule whose fix changes how a server is started offers it in every format that can hold the setting, and the fix
//! settles what was found; where it does not, the table says why.
#![allow(clippy::expect_used, reason = "a test stops where its own ground is missing")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use farrier::findings::Finding;
use farrier::request::{Flags, Request};
use farrier::settings::Loaded;
use farrier::{Examination, examine, fix};

/// A rule, the application that it is about, and the options that make it fire: name in a configuration, flag, value.
struct Case {
    server: &'static str,
    rule: &'static str,
    asgi: bool,
    options: &'static [(&'static str, &'static str, &'static str)],
}

const fn case(rule: &'static str, asgi: bool, options: &'static [(&'static str, &'static str, &'static str)]) -> Case {
    Case { server: "gunicorn", rule, asgi, options }
}

/// The same for a server that serves ASGI applications.
const fn of(
    server: &'static str,
    rule: &'static str,
    options: &'static [(&'static str, &'static str, &'static str)],
) -> Case {
    Case { server, rule, asgi: true, options }
}

const CLASS: (&str, &str, &str) = ("worker_class", "--worker-class", "uvicorn_worker.UvicornWorker");

const CASES: &[Case] = &[
    case("threads-ignored", true, &[CLASS, ("threads", "--threads", "4")]),
    case("worker-connections-ignored", true, &[CLASS, ("worker_connections", "--worker-connections", "50")]),
    case("keepalive-ignored-by-sync", false, &[("workers", "--workers", "4"), ("keepalive", "--keep-alive", "20")]),
    case("uvicorn-worker-ignores-setting", true, &[CLASS, ("limit_request_line", "--limit-request-line", "8000")]),
    case("wrong-class-option", false, &[("workers", "--workers", "4"), ("asgi_loop", "--asgi-loop", "uvloop")]),
    case("deprecated-uvicorn-workers", true, &[("worker_class", "--worker-class", "uvicorn.workers.UvicornWorker")]),
    case("removed-worker-class", false, &[("worker_class", "--worker-class", "eventlet")]),
    case("asgi-app-on-wsgi-worker", true, &[("worker_class", "--worker-class", "gthread")]),
    case("wsgi-app-on-asgi-worker", false, &[CLASS]),
    case("max-requests-no-jitter", false, &[("workers", "--workers", "4"), ("max_requests", "--max-requests", "900")]),
    case("timeout-disabled", false, &[("workers", "--workers", "4"), ("timeout", "--timeout", "0")]),
    case("grace-below-request", false, &[("workers", "--workers", "4"), ("timeout", "--timeout", "40")]),
    case(
        "request-limits-off",
        false,
        &[("workers", "--workers", "4"), ("limit_request_line", "--limit-request-line", "0")],
    ),
    case("default-single-sync-worker", false, &[("graceful_timeout", "--graceful-timeout", "9")]),
    case(
        "no-keepalive-headroom",
        false,
        &[("threads", "--threads", "8"), ("worker_connections", "--worker-connections", "8")],
    ),
    case("loggers-disabled", false, &[("workers", "--workers", "4"), ("loglevel", "--log-level", "warn")]),
    case("lenient-http-parsing", false, &[("workers", "--workers", "4"), ("header_map", "--header-map", "dangerous")]),
    case("no-access-log", false, &[("workers", "--workers", "4")]),
    case("debug-exposed", false, &[("workers", "--workers", "4"), ("spew", "--spew", "")]),
    case("dev-mode-in-production", false, &[("workers", "--workers", "4"), ("reload", "--reload", "")]),
    case("daemonised-under-supervisor", false, &[("workers", "--workers", "4"), ("daemon", "--daemon", "")]),
    case("socketio-needs-affinity", false, &[("workers", "--workers", "4")]),
    case("slow-upstream-on-sync", false, &[("workers", "--workers", "2")]),
    case(
        "grace-exceeds-kill",
        false,
        &[("workers", "--workers", "4"), ("graceful_timeout", "--graceful-timeout", "120")],
    ),
    case("worker-package-missing", false, &[("worker_class", "--worker-class", "gevent")]),
    case("bind-exposed", false, &[("workers", "--workers", "4"), ("bind", "--bind", "127.0.0.1:8000")]),
    case(
        "file-logs-in-container",
        false,
        &[("workers", "--workers", "4"), ("errorlog", "--error-logfile", "/var/log/web.log")],
    ),
    case(
        "refuses-to-start",
        false,
        &[("workers", "--workers", "4"), ("forwarded_allow_ips", "--forwarded-allow-ips", "10.0.0.1/8")],
    ),
    of("uvicorn", "debug-exposed", &[("", "--workers", "4"), ("", "--log-level", "trace")]),
    of("uvicorn", "max-requests-no-jitter", &[("", "--workers", "4"), ("", "--limit-max-requests", "900")]),
    of("uvicorn", "reload-conflict", &[("", "--workers", "4"), ("", "--reload", "")]),
    of("granian", "granian-interface-mismatch", &[("", "--workers", "4")]),
];

/// How a file writes a command, given the words of one; `$` stands for them.
enum Words {
    /// One behind the other.
    Plain,
    /// In quotes, with commas.
    Json,
    /// Each on a line of its own, behind this.
    Lines(&'static str),
    /// In quotes with commas, each on a line of its own, behind this.
    Rows(&'static str),
    /// The options alone, one behind the other.
    Options,
    /// As names of a configuration in Python.
    Names,
    /// As entries of a dict, each on a line of its own.
    Entries,
    /// As entries of a dict, all on one line.
    Row,
    /// As keywords of a call.
    Keywords,
}

impl Words {
    /// Whether they are words of a command.
    const fn is_command(&self) -> bool {
        !matches!(self, Self::Names | Self::Options | Self::Entries | Self::Row | Self::Keywords)
    }
}

const FORMATS: &[(&str, &str, Words, &str)] = &[
    ("configuration", "gunicorn.conf.py", Words::Names, "$"),
    ("Procfile", "Procfile", Words::Plain, "web: $\n"),
    ("Dockerfile, list", "Dockerfile", Words::Json, "FROM python:3.13\nCOPY . .\nCMD [$]\n"),
    ("Dockerfile, shell", "Dockerfile", Words::Plain, "FROM python:3.13\nCOPY . .\nCMD exec $\n"),
    ("compose, text", "compose.yaml", Words::Plain, "services:\n  web:\n    image: x\n    command: $\n"),
    ("compose, list", "compose.yaml", Words::Json, "services:\n  web:\n    image: x\n    command: [$]\n"),
    ("compose, lines", "compose.yaml", Words::Lines("      - "), "services:\n  web:\n    image: x\n    command:\n$"),
    (
        "Kubernetes, list",
        "web.yaml",
        Words::Json,
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  template:\n    spec:\n      containers:\n        - name: web\n          image: x\n          command: [$]\n",
    ),
    (
        "Kubernetes, lines",
        "web.yaml",
        Words::Lines("            - "),
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  template:\n    spec:\n      containers:\n        - name: web\n          image: x\n          command:\n$",
    ),
    ("systemd", "web.service", Words::Plain, "[Service]\nExecStart=/srv/venv/bin/$\n"),
    ("supervisord", "supervisord.conf", Words::Plain, "[program:web]\ncommand=$\n"),
    ("script", "start.sh", Words::Plain, "#!/bin/sh\nset -e\nexec $\n"),
    ("script, lines", "start.sh", Words::Lines("    \\"), "#!/bin/sh\nset -e\nexec env \\\n$"),
    ("Dockerfile, lines", "Dockerfile", Words::Lines("    \\"), "FROM python:3.13\nCOPY . .\nCMD exec env \\\n$"),
    ("compose, folded", "compose.yaml", Words::Lines("      "), "services:\n  web:\n    image: x\n    command: >-\n$"),
    (
        "Kubernetes, shell",
        "web.yaml",
        Words::Plain,
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  template:\n    spec:\n      containers:\n        - name: web\n          image: x\n          command: [\"sh\", \"-c\", \"exec $\"]\n",
    ),
    (
        "variable in Kubernetes",
        "web.yaml",
        Words::Options,
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  template:\n    spec:\n      containers:\n        - name: web\n          image: x\n          command: [gunicorn, \"app:app\"]\n          env:\n            - name: GUNICORN_CMD_ARGS\n              value: \"$\"\n",
    ),
    (
        "variable in systemd",
        "web.service",
        Words::Options,
        "[Service]\nEnvironment=\"GUNICORN_CMD_ARGS=$\"\nExecStart=/srv/venv/bin/gunicorn app:app\n",
    ),
    (
        "variable in supervisord",
        "supervisord.conf",
        Words::Options,
        "[program:web]\ncommand=gunicorn app:app\nenvironment=GUNICORN_CMD_ARGS=\"$\"\n",
    ),
    (
        "variable in a script",
        "start.sh",
        Words::Options,
        "#!/bin/sh\nexport GUNICORN_CMD_ARGS=\"$\"\nexec gunicorn app:app\n",
    ),
    (
        "variable in compose, list",
        "compose.yaml",
        Words::Options,
        "services:\n  web:\n    image: x\n    command: gunicorn app:app\n    environment:\n      - GUNICORN_CMD_ARGS=$\n",
    ),
    (
        "variable in a Dockerfile",
        "Dockerfile",
        Words::Options,
        "FROM python:3.13\nCOPY . .\nENV GUNICORN_CMD_ARGS=\"$\"\nCMD [\"gunicorn\", \"app:app\"]\n",
    ),
    (
        "variable in compose",
        "compose.yaml",
        Words::Options,
        "services:\n  web:\n    image: x\n    command: gunicorn app:app\n    environment:\n      GUNICORN_CMD_ARGS: \"$\"\n",
    ),
    (
        "ECS, list",
        "task-definition.json",
        Words::Json,
        "{\n  \"family\": \"x\",\n  \"containerDefinitions\": [{ \"name\": \"web\", \"image\": \"x\", \"command\": [$] }]\n}\n",
    ),
    (
        "ECS, lines",
        "task-definition.json",
        Words::Rows("        "),
        "{\n  \"family\": \"x\",\n  \"containerDefinitions\": [\n    {\n      \"name\": \"web\",\n      \"image\": \"x\",\n      \"command\": [\n$      ]\n    }\n  ]\n}\n",
    ),
    (
        "Python, list",
        "serve.py",
        Words::Json,
        "import subprocess\n\nif __name__ == \"__main__\":\n    subprocess.run([$])\n",
    ),
    (
        "Python, lines",
        "serve.py",
        Words::Rows("            "),
        "import subprocess\n\nif __name__ == \"__main__\":\n    subprocess.run(\n        [\n$        ]\n    )\n",
    ),
    ("application, dict", "serve.py", Words::Entries, DICT),
    ("application, dict in a line", "serve.py", Words::Row, DICT),
    ("application, keywords", "serve.py", Words::Keywords, DICT),
];

/// An application of Gunicorn whose options stand in a dict.
const DICT: &str = "from gunicorn.app.base import BaseApplication\n\nfrom app import app\n\n\n\
    class Standalone(BaseApplication):\n    def __init__(self, app, options=None):\n        self.options = options or {}\n        \
    self.application = app\n        super().__init__()\n\n    def load_config(self):\n        \
    config = {k: v for k, v in self.options.items() if k in self.cfg.settings and v is not None}\n        \
    for key, value in config.items():\n            self.cfg.set(key.lower(), value)\n\n    \
    def load(self):\n        return self.application\n\n\n\
    if __name__ == \"__main__\":\n    options = $\n    Standalone(app, options).run()\n";

const SOCKETS: &str =
    "from flask import Flask\nfrom flask_socketio import SocketIO\n\napp = Flask(__name__)\nsockets = SocketIO(app)\n";

const UPSTREAM: &str = "import requests\nfrom flask import Flask\n\napp = Flask(__name__)\n\n\n\
    @app.get(\"/\")\ndef index():\n    return requests.get(\"http://rates/\", timeout=5).text\n";

/// Where nothing is said, or nothing is changed, and why.
const EXCEPTIONS: &[(&str, &str, &str)] = &[
    ("no-access-log", "Procfile", "the router of the platform has a log of its own"),
    ("no-access-log", "ECS, list", "the load balancer of the platform has a log of its own"),
    ("no-access-log", "ECS, lines", "the load balancer of the platform has a log of its own"),
    ("daemonised-under-supervisor", "ECS, list", "what a platform does then is not known"),
    ("daemonised-under-supervisor", "ECS, lines", "what a platform does then is not known"),
    ("daemonised-under-supervisor", "Procfile", "whoever runs it is not known"),
    ("daemonised-under-supervisor", "script", "whoever runs it is not known"),
    ("grace-below-request", "configuration", "it is killed before, whatever the server allows"),
    ("grace-below-request", "compose, text", "it is killed before, whatever the server allows"),
    ("grace-below-request", "compose, list", "it is killed before, whatever the server allows"),
    ("grace-below-request", "compose, lines", "it is killed before, whatever the server allows"),
    ("grace-below-request", "Kubernetes, list", "it is killed before, whatever the server allows"),
    ("grace-below-request", "Kubernetes, lines", "it is killed before, whatever the server allows"),
    ("grace-below-request", "supervisord", "it is killed before, whatever the server allows"),
    ("grace-below-request", "variable in compose", "it is killed before, whatever the server allows"),
    ("grace-below-request", "compose, folded", "it is killed before, whatever the server allows"),
    ("grace-below-request", "Kubernetes, shell", "it is killed before, whatever the server allows"),
    ("grace-below-request", "variable in Kubernetes", "it is killed before, whatever the server allows"),
    ("grace-below-request", "variable in supervisord", "it is killed before, whatever the server allows"),
    ("grace-below-request", "variable in compose, list", "it is killed before, whatever the server allows"),
    ("daemonised-under-supervisor", "script, lines", "whoever runs it is not known"),
    ("daemonised-under-supervisor", "variable in a script", "whoever runs it is not known"),
    ("worker-package-missing", "configuration", "what an image from elsewhere has is not known"),
    ("worker-package-missing", "compose, text", "what an image from elsewhere has is not known"),
    ("worker-package-missing", "compose, list", "what an image from elsewhere has is not known"),
    ("worker-package-missing", "compose, lines", "what an image from elsewhere has is not known"),
    ("worker-package-missing", "Kubernetes, list", "what an image from elsewhere has is not known"),
    ("worker-package-missing", "Kubernetes, lines", "what an image from elsewhere has is not known"),
    ("worker-package-missing", "compose, folded", "what an image from elsewhere has is not known"),
    ("worker-package-missing", "Kubernetes, shell", "what an image from elsewhere has is not known"),
    ("worker-package-missing", "variable in Kubernetes", "what an image from elsewhere has is not known"),
    ("worker-package-missing", "variable in compose, list", "what an image from elsewhere has is not known"),
    ("worker-package-missing", "variable in compose", "what an image from elsewhere has is not known"),
    ("worker-package-missing", "ECS, list", "what an image from elsewhere has is not known"),
    ("worker-package-missing", "ECS, lines", "what an image from elsewhere has is not known"),
    ("bind-exposed", "Procfile", "nothing says that it runs in a network of its own"),
    ("bind-exposed", "systemd", "nothing says that it runs in a network of its own"),
    ("bind-exposed", "supervisord", "nothing says that it runs in a network of its own"),
    ("bind-exposed", "script", "nothing says that it runs in a network of its own"),
    ("bind-exposed", "script, lines", "nothing says that it runs in a network of its own"),
    ("bind-exposed", "variable in systemd", "nothing says that it runs in a network of its own"),
    ("bind-exposed", "variable in supervisord", "nothing says that it runs in a network of its own"),
    ("bind-exposed", "variable in a script", "nothing says that it runs in a network of its own"),
    ("bind-exposed", "ECS, list", "nothing says that it runs in a network of its own"),
    ("bind-exposed", "ECS, lines", "nothing says that it runs in a network of its own"),
    ("file-logs-in-container", "Procfile", "nothing says that the file goes with a container"),
    ("file-logs-in-container", "systemd", "nothing says that the file goes with a container"),
    ("file-logs-in-container", "supervisord", "nothing says that the file goes with a container"),
    ("file-logs-in-container", "script", "nothing says that the file goes with a container"),
    ("file-logs-in-container", "script, lines", "nothing says that the file goes with a container"),
    ("file-logs-in-container", "variable in systemd", "nothing says that the file goes with a container"),
    ("file-logs-in-container", "variable in supervisord", "nothing says that the file goes with a container"),
    ("file-logs-in-container", "variable in a script", "nothing says that the file goes with a container"),
    ("file-logs-in-container", "ECS, list", "nothing says that the file goes with a container"),
    ("file-logs-in-container", "ECS, lines", "nothing says that the file goes with a container"),
    ("grace-exceeds-kill", "Procfile", "when it is killed is not known"),
    ("grace-exceeds-kill", "Dockerfile, list", "when it is killed is not known"),
    ("grace-exceeds-kill", "Dockerfile, shell", "when it is killed is not known"),
    ("grace-exceeds-kill", "Dockerfile, lines", "when it is killed is not known"),
    ("grace-exceeds-kill", "script", "when it is killed is not known"),
    ("grace-exceeds-kill", "script, lines", "when it is killed is not known"),
    ("grace-exceeds-kill", "variable in a script", "when it is killed is not known"),
    ("grace-exceeds-kill", "variable in a Dockerfile", "when it is killed is not known"),
    ("grace-exceeds-kill", "ECS, list", "when it is killed is not known"),
    ("grace-exceeds-kill", "ECS, lines", "when it is killed is not known"),
    ("grace-exceeds-kill", "Python, list", "when it is killed is not known"),
    ("grace-exceeds-kill", "Python, lines", "when it is killed is not known"),
    ("grace-exceeds-kill", "application, dict", "when it is killed is not known"),
    ("grace-exceeds-kill", "application, dict in a line", "when it is killed is not known"),
    ("grace-exceeds-kill", "application, keywords", "when it is killed is not known"),
    ("grace-exceeds-kill", "supervisord", "the time is a default that no line states"),
    ("grace-exceeds-kill", "variable in supervisord", "the time is a default that no line states"),
];

/// Rules with a fix that is tried by the examples of their cards alone, and why not here.
const BY_CARD: &[(&str, &str)] = &[
    ("accidental-setting", "only a configuration file in Python sets things by accident"),
    ("app-object-with-workers", "only a call hands over an object"),
    ("blocking-c-driver", "is about code, wherever the server is started"),
    ("blocking-call-in-async", "is about code, wherever the server is started"),
    ("blocking-call-transitive", "is about code, wherever the server is started"),
    ("blocking-in-async", "is about code in Rust"),
    ("blocking-in-middleware-or-dependency", "is about code, wherever the server is started"),
    ("blocking-stream-or-background", "is about code, wherever the server is started"),
    ("config-file-not-loaded", "names the file on the command line"),
    ("cpu-in-async", "is about code, wherever the server is started"),
    ("db-pool-vs-threads", "needs a pool of connections"),
    ("django-persistent-connections-asgi", "is about code, wherever the server is started"),
    ("gevent-with-preload", "writes a line into the configuration file"),
    ("granian-backpressure-vs-keepalive", "needs a proxy"),
    ("granian-respawn", "needs the time that a start takes"),
    ("header-drop-upgrade", "needs an application that reads such headers"),
    ("host-cpu-count-in-container", "needs a formula"),
    ("idle-cores", "needs a number of cores"),
    ("keepalive-race", "needs a proxy"),
    ("late-monkey-patch", "is about code, wherever the server is started"),
    ("malformed-suppression", "is about comments"),
    ("memory-overcommit", "needs a limit of memory"),
    ("missing-accelerators", "writes the list of requirements"),
    ("no-drain-window", "writes a manifest of Kubernetes"),
    ("no-graceful-shutdown", "is about code in Rust"),
    ("overridden-or-fragile-value", "depends on what two places say"),
    ("oversubscribed-cpu", "needs a number of cores"),
    ("prometheus-multiprocess", "writes a hook into the configuration file"),
    ("proxy-not-trusted", "needs a proxy"),
    ("quota-throttle", "needs a number of cores"),
    ("recycle-too-aggressive", "needs the time that a start takes"),
    ("run-as-root", "writes a Dockerfile"),
    ("runtime-dir", "needs a file system that is read-only"),
    ("runtime-threads-vs-quota", "is about code in Rust"),
    ("rust-keepalive-race", "is about code in Rust"),
    ("signals-swallowed", "is about the shell around the server"),
    ("suppression-of-unknown-rule", "is about comments"),
    ("sync-db-in-async", "is about code, wherever the server is started"),
    ("threads-beyond-gil", "needs a measurement"),
    ("timeout-exceeds-edge", "needs a proxy"),
    ("tracing-across-fork", "writes a hook into the configuration file"),
    ("unbounded-or-tiny-drain", "needs connections that stay open"),
    ("unbuffered-sync-worker", "needs to know that there is no proxy"),
    ("unknown-setting", "is about names of a configuration file"),
    ("unused-suppression", "is about comments"),
    ("useless-setting", "is about the settings of farrier"),
    ("uvicorn-healthcheck-window", "needs an application that is slow to import"),
    ("uwsgi-unsafe-defaults", "is about files of uWSGI"),
    ("vulnerable-server-version", "writes the list of requirements"),
    ("worker-package-too-old", "writes the list of requirements"),
];

#[test]
fn every_rule_with_a_fix_is_tried_here_or_says_why_not() {
    let promised: BTreeSet<&str> =
        farrier::rules::CARDS.iter().filter(|card| card.fix != "none").map(|card| card.name).collect();
    let here: BTreeSet<&str> = CASES.iter().map(|case| case.rule).collect();
    let by_card: BTreeSet<&str> = BY_CARD.iter().map(|(rule, _)| *rule).collect();
    let missing: Vec<_> = promised.iter().filter(|rule| !here.contains(*rule) && !by_card.contains(*rule)).collect();
    assert!(missing.is_empty(), "no case and no reason: {missing:?}");
    let idle: Vec<_> = by_card.iter().filter(|rule| here.contains(*rule) || !promised.contains(*rule)).collect();
    assert!(idle.is_empty(), "a reason that nothing needs: {idle:?}");
    assert!(here.is_subset(&promised), "a case of a rule without a fix");
}

#[test]
fn fixes_are_offered_and_settle_what_was_found_in_every_format() {
    let mut failures = Vec::new();
    let mut met = Vec::new();
    for case in CASES {
        for (format, path, words, template) in FORMATS {
            // Files and variables of options are Gunicorn's.
            if case.server != "gunicorn" && !words.is_command() {
                continue;
            }
            let outcome = outcome(case, path, words, template);
            let exception = EXCEPTIONS.iter().position(|(rule, at, _)| *rule == case.rule && at == format);
            met.extend(exception);
            match (outcome, exception) {
                (Ok(()), None) | (Err(_), Some(_)) => {}
                (Ok(()), Some(_)) => {
                    failures.push(format!("{} of {} in {format}: is no exception any more", case.rule, case.server));
                }
                (Err(what), None) => failures.push(format!("{} of {} in {format}: {what}", case.rule, case.server)),
            }
        }
    }
    assert!(failures.is_empty(), "{} failed:\n{}", failures.len(), failures.join("\n"));
    assert_eq!(met.len(), EXCEPTIONS.len(), "an exception that nothing needs");
}

/// Whether the rule reports, offers a fix, and says nothing after it.
fn outcome(case: &Case, path: &str, words: &Words, template: &str) -> Result<(), String> {
    let files = project(case, path, words, template);
    let before = run(&files);
    let found = about(case.rule, &before);
    let Some(first) = found.first() else { return Err("says nothing".to_owned()) };
    let offered: Vec<_> = found.iter().filter_map(|finding| finding.fix.as_ref()).collect();
    if offered.is_empty() {
        return Err(format!("no fix for: {}", first.message));
    }
    let plan = fix::settle(&before.files, &offered, &|_| Ok(()));
    if let Some(refused) = plan.refused.first() {
        return Err(format!("refused: {}", refused.reason));
    }
    let mut after = files.clone();
    for rewrite in &plan.rewrites {
        after.insert(before.files.get(rewrite.file).path().to_owned(), rewrite.new.clone());
    }
    let again = run(&after);
    let same = (before.assembly.deployments.len(), again.assembly.deployments.len());
    match about(case.rule, &again).first() {
        Some(left) => Err(format!("still says after the fix: {}\n{}", left.message, after[path])),
        None if same.0 != same.1 => Err(format!("{} servers became {}", same.0, same.1)),
        None if again.assembly.deployments.iter().any(|one| !one.errors.is_empty()) => {
            Err(format!("does not start after the fix:\n{}", after[path]))
        }
        None => Ok(()),
    }
}

fn project(case: &Case, path: &str, words: &Words, template: &str) -> BTreeMap<String, String> {
    let options: Vec<&str> = case.options.iter().flat_map(|(_, flag, value)| [*flag, *value]).collect();
    let options: Vec<&str> = options.into_iter().filter(|word| !word.is_empty()).collect();
    let all: Vec<&str> = [case.server, "app:app"].into_iter().chain(options.iter().copied()).collect();
    let quoted = |word: &&str| format!("\"{word}\"");
    let set = |write: &dyn Fn(&str, String) -> String| -> Vec<String> {
        let value = |value: &str| match value.parse::<i64>() {
            Ok(number) => number.to_string(),
            Err(_) if value.is_empty() => "True".to_owned(),
            Err(_) => format!("\"{value}\""),
        };
        case.options.iter().map(|(name, _, given)| write(name, value(given))).collect()
    };
    let text = match words {
        Words::Plain => all.join(" "),
        Words::Json => all.iter().map(quoted).collect::<Vec<_>>().join(", "),
        Words::Lines(lead) => {
            // Lines of a shell are held together by what ends them.
            let shell = lead.strip_suffix('\\');
            let line = |(at, word): (usize, &&str)| match (shell, *lead == "      ") {
                (Some(lead), _) if at + 1 == all.len() => format!("{lead}{word}\n"),
                (Some(lead), _) => format!("{lead}{word} \\\n"),
                (None, true) => format!("{lead}{word}\n"),
                (None, false) => format!("{lead}\"{word}\"\n"),
            };
            all.iter().enumerate().map(line).collect::<Vec<_>>().concat()
        }
        Words::Rows(lead) => {
            all.iter().map(|word| format!("{lead}{}", quoted(word))).collect::<Vec<_>>().join(",\n") + "\n"
        }
        Words::Options => options.join(" "),
        Words::Names => set(&|name, value| format!("{name} = {value}\n")).concat(),
        Words::Entries => {
            format!("{{\n{}    }}", set(&|name, value| format!("        \"{name}\": {value},\n")).concat())
        }
        Words::Row => format!("{{{}}}", set(&|name, value| format!("'{name}': {value}")).join(", ")),
        Words::Keywords => format!("dict({})", set(&|name, value| format!("{name}={value}")).join(", ")),
    };
    let app = match case.rule {
        "socketio-needs-affinity" => SOCKETS,
        "slow-upstream-on-sync" => UPSTREAM,
        _ if case.asgi => "from fastapi import FastAPI\n\napp = FastAPI()\n",
        _ => "from flask import Flask\n\napp = Flask(__name__)\n",
    };
    let mut files = BTreeMap::from([
        (path.to_owned(), template.replace('$', &text)),
        ("app.py".to_owned(), app.to_owned()),
        (
            "requirements.txt".to_owned(),
            "gunicorn==27.0.1\nuvicorn==0.54.0\nuvicorn-worker\ngranian==2.8.7\n".to_owned(),
        ),
    ]);
    if path == "serve.py" {
        files
            .insert("Dockerfile".to_owned(), "FROM python:3.13\nCOPY . .\nCMD [\"python\", \"serve.py\"]\n".to_owned());
    }
    if path == "gunicorn.conf.py" {
        files.insert(
            "compose.yaml".to_owned(),
            "services:\n  web:\n    image: x\n    command: gunicorn app:app\n".to_owned(),
        );
    }
    files
}

fn about<'e>(rule: &str, examination: &'e Examination) -> Vec<&'e Finding> {
    examination.findings.iter().filter(|finding| finding.rule == rule).collect()
}

fn run(files: &BTreeMap<String, String>) -> Examination {
    let folder = tempfile::tempdir().expect("a folder");
    for (path, text) in files {
        let path = Path::new(folder.path()).join(path);
        std::fs::create_dir_all(path.parent().expect("a folder around it")).expect("a folder");
        std::fs::write(path, text).expect("a file");
    }
    let flags = Flags { pedantic: true, ..Flags::default() };
    let request = Request::new(folder.path().to_path_buf(), &Loaded::default(), &flags).expect("a request");
    examine(&request).expect("it can be read")
}

#[test]
fn a_word_that_came_out_of_a_variable_takes_nothing_else_with_it() {
    let unit =
        "[Service]\nEnvironment=\"OPTS=-k gevent --workers 2 --threads 9\"\nExecStart=/srv/gunicorn app:app $OPTS\n";
    let files: BTreeMap<String, String> =
        [("web.service", unit), ("app.py", "from flask import Flask\n\napp = Flask(__name__)\n")]
            .map(|(path, text)| (path.to_owned(), text.to_owned()))
            .into();
    let examination = run(&files);
    let found = about("threads-ignored", &examination);
    assert_eq!(found.len(), 1);
    assert!(found[0].fix.is_none(), "{:?}", found[0].fix);
}

#[test]
fn two_names_for_one_setting_are_not_both_given_its_name() {
    let of = |path: &str, text: &str| -> Vec<(String, bool)> {
        let files = BTreeMap::from([
            ("Procfile".to_owned(), "web: gunicorn app:app\n".to_owned()),
            ("app.py".to_owned(), "from flask import Flask\n\napp = Flask(__name__)\n".to_owned()),
            (path.to_owned(), text.to_owned()),
        ]);
        let examination = run(&files);
        about("unknown-setting", &examination)
            .iter()
            .map(|finding| (finding.message.split('`').nth(1).unwrap_or_default().to_owned(), finding.fix.is_some()))
            .collect()
    };
    let told = |found: &[(&str, bool)]| found.iter().map(|(name, fix)| ((*name).to_owned(), *fix)).collect::<Vec<_>>();
    assert_eq!(
        of("gunicorn.conf.py", "error_logfile = '-'\nlog_file = 'a.log'\nkeep_alive = 9\n"),
        told(&[("error_logfile", false), ("log_file", false), ("keep_alive", true)])
    );
    assert_eq!(
        of("uwsgi.ini", "[uwsgi]\nmodule = app:app\nhttp = :8000\nharakri = 30\nharakiri = 60\nproceses = 4\n"),
        told(&[("harakri", false), ("proceses", true)])
    );
}

/// `runserver` of developers loads the same settings.
#[test]
fn debug_of_django_is_not_switched_off_unasked() {
    let files = [
        ("Procfile", "web: gunicorn -w 4 --threads 2 shop.wsgi\n"),
        ("shop/__init__.py", ""),
        (
            "shop/wsgi.py",
            "import os\nfrom django.core.wsgi import get_wsgi_application\n\
             os.environ.setdefault(\"DJANGO_SETTINGS_MODULE\", \"shop.settings\")\napplication = get_wsgi_application()\n",
        ),
        ("shop/settings.py", "ROOT_URLCONF = \"shop.urls\"\nDEBUG = True\n"),
        ("shop/urls.py", "urlpatterns = []\n"),
    ];
    let files = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
    let examination = run(&files);
    let found = about("debug-exposed", &examination);
    let safety: Vec<_> = found.iter().map(|finding| finding.fix.as_ref().map(|fix| fix.safety)).collect();
    assert_eq!(safety, [Some(farrier::findings::Safety::Unsafe)]);
}
