//! `farrier check --fix` and `farrier advise --fix` write the same number, for every rule that writes one.

mod support;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use farrier::request::Request;
use support::command::Project;

const FLASK: &str =
    "from flask import Flask\n\napp = Flask(__name__)\n\n\n@app.get(\"/\")\ndef index():\n    return \"x\"\n";
const FASTAPI: &str =
    "from fastapi import FastAPI\n\napp = FastAPI()\n\n\n@app.get(\"/\")\nasync def index():\n    return \"x\"\n";

/// The rule, the settings that both write, and the files beside the application.
type Case = (&'static str, &'static [&'static str], &'static str, &'static [(&'static str, &'static str)]);

const PAYS: &str = "import requests\nfrom flask import Flask\n\napp = Flask(__name__)\n\n\n@app.get(\"/\")\ndef index():\n    \
                    return requests.get(\"https://pay.example.org\", timeout=30).text\n\n\n@app.get(\"/b\")\ndef b():\n    \
                    return requests.get(\"https://pay.example.org/b\", timeout=30).text\n";

const CASES: &[Case] = &[
    (
        "slow-upstream-on-sync",
        &["threads"],
        PAYS,
        &[
            ("compose.yaml", "services:\n  web:\n    image: web\n    cpus: 2\n    command: gunicorn -w 3 app:app\n"),
            ("farrier.toml", "[application]\nworkload = \"io\"\n"),
        ],
    ),
    (
        "host-cpu-count-in-container",
        &["workers"],
        FLASK,
        &[
            ("compose.yaml", "services:\n  web:\n    image: web\n    cpus: 2\n    command: gunicorn app:app\n"),
            ("gunicorn.conf.py", "import os\n\nworkers = os.cpu_count() * 2 + 1\nthreads = 4\n"),
        ],
    ),
    (
        "recycle-too-aggressive",
        &["max_requests"],
        FLASK,
        &[
            (
                "compose.yaml",
                "services:\n  web:\n    image: web\n    cpus: 2\n    command: gunicorn -w 4 --threads 4 --max-requests 200 \
                 app:app\n",
            ),
            ("farrier.toml", "[host]\nreplicas = 1\nboot-time = 10\n\n[traffic]\nrequests-per-second = 50\n"),
        ],
    ),
    (
        "quota-throttle",
        &["workers"],
        FLASK,
        &[
            ("compose.yaml", "services:\n  web:\n    image: web\n    cpus: 1\n    command: gunicorn -w 4 app:app\n"),
            ("farrier.toml", "[application]\nworkload = \"cpu\"\n"),
        ],
    ),
    (
        "oversubscribed-cpu",
        &["workers", "threads"],
        FLASK,
        &[
            (
                "compose.yaml",
                "services:\n  web:\n    image: web\n    cpus: 2\n    command: gunicorn -w 12 --threads 2 app:app\n",
            ),
            ("farrier.toml", "[application]\nworkload = \"io\"\n"),
        ],
    ),
    (
        "idle-cores",
        &["workers"],
        FASTAPI,
        &[(
            "compose.yaml",
            "services:\n  web:\n    image: web\n    cpus: 8\n    command: uvicorn app:app --workers 1\n",
        )],
    ),
    (
        "memory-overcommit",
        &["workers"],
        FLASK,
        &[
            (
                "compose.yaml",
                "services:\n  web:\n    image: web\n    cpus: 2\n    mem_limit: 256M\n    command: gunicorn -w 4 app:app\n",
            ),
            ("farrier.toml", "[application]\nworkload = \"cpu\"\nworker-memory = \"150MiB\"\n"),
        ],
    ),
    (
        "threads-beyond-gil",
        &["threads"],
        FLASK,
        &[
            (
                "compose.yaml",
                "services:\n  web:\n    image: web\n    cpus: 2\n    command: gunicorn -w 2 --threads 16 app:app\n",
            ),
            ("farrier.toml", "[application]\nblocking-fraction = 0.5\n"),
        ],
    ),
    (
        "default-single-sync-worker",
        &["workers"],
        FLASK,
        &[
            ("compose.yaml", "services:\n  web:\n    image: web\n    cpus: 2\n    command: gunicorn app:app\n"),
            ("farrier.toml", "[application]\nworkload = \"mixed\"\n"),
        ],
    ),
    (
        "granian-backpressure-vs-keepalive",
        &["backpressure"],
        FASTAPI,
        &[
            (
                "compose.yaml",
                "services:\n  web:\n    image: web\n    cpus: 2\n    command: granian --interface asgi --workers 2 \
                 --backpressure 16 app:app\n",
            ),
            ("farrier.toml", "[proxy]\nconnections = 64\n"),
        ],
    ),
    (
        "grace-exceeds-kill",
        &["graceful_timeout"],
        FLASK,
        &[(
            "compose.yaml",
            "services:\n  web:\n    image: web\n    stop_grace_period: 20s\n    command: gunicorn -w 2 app:app\n",
        )],
    ),
    (
        "grace-exceeds-kill",
        &["graceful_timeout"],
        FLASK,
        &[
            (
                "compose.yaml",
                "services:\n  web:\n    image: web\n    stop_grace_period: 20s\n    command: gunicorn -w 2 app:app\n",
            ),
            ("farrier.toml", "[rules.grace-exceeds-kill]\nmargin = 2\n"),
        ],
    ),
    (
        "keepalive-race",
        &["timeout_keep_alive"],
        FASTAPI,
        &[
            ("compose.yaml", "services:\n  web:\n    image: web\n    command: uvicorn app:app\n"),
            ("farrier.toml", "[proxy]\nidle-timeout = 60\n\n[rules.keepalive-race]\nmargin = 10\n"),
        ],
    ),
    (
        "timeout-exceeds-edge",
        &["timeout"],
        FLASK,
        &[
            ("compose.yaml", "services:\n  web:\n    image: web\n    command: gunicorn -w 4 --timeout 120 app:app\n"),
            ("farrier.toml", "[proxy]\nrequest-timeout = 45\n"),
        ],
    ),
    (
        "timeout-disabled",
        &["timeout"],
        FLASK,
        &[
            ("compose.yaml", "services:\n  web:\n    image: web\n    command: gunicorn -w 4 --timeout 0 app:app\n"),
            ("farrier.toml", "[proxy]\nrequest-timeout = 45\n"),
        ],
    ),
    (
        "max-requests-no-jitter",
        &["max_requests_jitter"],
        FLASK,
        &[(
            "compose.yaml",
            "services:\n  web:\n    image: web\n    command: gunicorn -w 4 --max-requests 300 app:app\n",
        )],
    ),
];

/// Every setting that is a number, as the server would see it.
fn numbers(root: &Path) -> BTreeMap<String, i64> {
    let found = farrier::examine(&Request { root: root.to_path_buf(), ..Request::default() });
    let found = found.unwrap_or_else(|error| panic!("{error}"));
    let [deployment] = found.assembly.deployments.as_slice() else { panic!("one service in {}", root.display()) };
    deployment.settings.iter().filter_map(|(name, setting)| Some((name.to_owned(), setting.int()?))).collect()
}

fn run(project: &Project, arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_farrier"));
    let output = command.args(arguments).arg(project.path()).current_dir(project.path()).output();
    let output = output.unwrap_or_else(|error| panic!("farrier does not start: {error}"));
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn a_rule_writes_what_the_advice_writes() {
    for (rule, settings, app, files) in CASES {
        let files: Vec<_> = files.iter().copied().chain([("app.py", *app)]).collect();
        let (checked, advised) = (Project::of(&files), Project::of(&files));
        let before = numbers(checked.path());
        run(
            &checked,
            &["check", "--min-severity", "advice", "--pedantic", "--select", rule, "--fix", "--unsafe-fixes"],
        );
        let text = run(&advised, &["advise", "--fix"]);
        let (by_rule, by_advice) = (numbers(checked.path()), numbers(advised.path()));
        for name in settings.iter().copied() {
            assert_ne!(by_rule.get(name), before.get(name), "{rule} writes no {name}");
            assert_eq!(by_rule.get(name), by_advice.get(name), "{rule}, {name}\n{text}");
        }
        // What is written together is written by both.
        let changed = |after: &BTreeMap<String, i64>, name: &str| after.get(name) != before.get(name);
        for name in by_rule.keys().filter(|name| changed(&by_rule, name.as_str())) {
            assert_eq!(by_rule.get(name), by_advice.get(name), "{rule}, {name}\n{text}");
        }
    }
}
