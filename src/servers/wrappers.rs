//! Programs that start another one: what to skip to reach it.

/// How many words of a wrapper come before the command that it starts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wrapper {
    /// The words that name it; further ones are its sub-command.
    pub(super) name: &'static [&'static str],
    /// Options that take the next word as their value.
    pub(super) valued: &'static [&'static str],
    /// Positional words in front of the command.
    pub(super) operands: usize,
    /// Whether the command stands behind `--` if there is one.
    pub(super) dashes: bool,
    /// Whether `NAME=value` may stand in front of the command.
    pub(super) assignments: bool,
}

const fn plain(name: &'static [&'static str]) -> Wrapper {
    Wrapper { name, valued: &[], operands: 0, dashes: false, assignments: false }
}

const fn operands(name: &'static [&'static str], operands: usize) -> Wrapper {
    Wrapper { operands, ..plain(name) }
}

const fn valued(name: &'static [&'static str], valued: &'static [&'static str]) -> Wrapper {
    Wrapper { valued, ..plain(name) }
}

/// `uv run` and its like take options of their own with values.
const UV: &[&str] = &[
    "--with",
    "--with-editable",
    "--with-requirements",
    "--extra",
    "--group",
    "--only-group",
    "--no-group",
    "--no-extra",
    "--env-file",
    "--python",
    "-p",
    "--project",
    "--directory",
    "--package",
    "--index",
    "--default-index",
    "--index-url",
    "--extra-index-url",
    "--find-links",
    "--cache-dir",
    "--config-file",
    "-w",
];

const OPENTELEMETRY: &[&str] = &[
    "--traces_exporter",
    "--metrics_exporter",
    "--logs_exporter",
    "--service_name",
    "--resource_attributes",
    "--exporter_otlp_endpoint",
];

/// Every wrapper that is seen through.
pub(super) const WRAPPERS: &[Wrapper] = &[
    valued(&["exec"], &["-a"]),
    plain(&["command"]),
    plain(&["nohup"]),
    plain(&["setsid"]),
    valued(&["time"], &["-f", "-o"]),
    plain(&["catchsegv"]),
    valued(&["stdbuf"], &["-i", "-o", "-e"]),
    valued(&["nice"], &["-n", "--adjustment"]),
    valued(&["ionice"], &["-c", "-n", "--class", "--classdata"]),
    Wrapper { valued: &["-s", "--signal", "-k", "--kill-after"], ..operands(&["timeout"], 1) },
    operands(&["taskset"], 1),
    Wrapper { valued: &["-u", "--unset", "-C", "--chdir"], assignments: true, ..plain(&["env"]) },
    Wrapper { valued: &["-u", "-g", "--user", "--group"], assignments: true, ..plain(&["sudo"]) },
    valued(&["tini"], &["-p", "-e"]),
    valued(&["dumb-init"], &["-r", "--rewrite"]),
    plain(&["catatonit"]),
    operands(&["gosu"], 1),
    operands(&["su-exec"], 1),
    operands(&["s6-setuidgid"], 1),
    operands(&["setuidgid"], 1),
    valued(&["chpst"], &["-u", "-U", "-b", "-e", "-n", "-l", "-L", "-m"]),
    valued(&["setpriv"], &["--reuid", "--regid", "--groups"]),
    valued(&["uv", "run"], UV),
    valued(&["uvx"], &["--from", "--with", "--python", "-p"]),
    valued(&["poetry", "run"], &["-C", "--directory", "-P", "--project"]),
    plain(&["pipenv", "run"]),
    valued(&["pdm", "run"], &["-p", "--project", "--venv"]),
    plain(&["hatch", "run"]),
    plain(&["rye", "run"]),
    valued(&["pixi", "run"], &["-e", "--environment", "--manifest-path"]),
    valued(&["conda", "run"], &["-n", "--name", "-p", "--prefix", "--cwd"]),
    valued(&["micromamba", "run"], &["-n", "--name", "-p", "--prefix"]),
    plain(&["ddtrace-run"]),
    plain(&["newrelic-admin", "run-program"]),
    plain(&["newrelic-admin", "run-python"]),
    plain(&["scout-apm-run"]),
    valued(&["opentelemetry-instrument"], OPENTELEMETRY),
    valued(&["dotenv", "run"], &["-f", "--file"]),
    valued(&["doppler", "run"], &["-p", "--project", "-c", "--config", "-t", "--token"]),
    valued(&["infisical", "run"], &["--env", "--path", "--projectId"]),
    Wrapper { dashes: true, ..plain(&["wait-for-it.sh"]) },
    Wrapper { dashes: true, ..plain(&["wait-for-it"]) },
    Wrapper { dashes: true, ..plain(&["wait-for"]) },
    Wrapper { dashes: true, ..plain(&["wait-for.sh"]) },
    Wrapper { dashes: true, ..plain(&["chamber", "exec"]) },
    Wrapper { dashes: true, ..plain(&["watchmedo", "auto-restart"]) },
    valued(&["xvfb-run"], &["-n", "-s", "-e", "-f", "-p", "-w", "--server-num", "--server-args"]),
    valued(
        &["dockerize"],
        &[
            "-wait",
            "-timeout",
            "-template",
            "-stdout",
            "-stderr",
            "-wait-retry-interval",
            "-wait-http-header",
            "-delims",
        ],
    ),
    Wrapper { valued: &["-w", "--wait", "--timeout", "-E", "--conflict-exit-code"], ..operands(&["flock"], 1) },
    valued(&["runuser"], &["-u", "--user", "-g", "--group", "-G", "--supp-group"]),
    valued(&["honcho", "run"], &["-e", "--env", "-f", "--procfile", "-d", "--app-root"]),
    plain(&["splunk-py-trace"]),
    plain(&["sfx-py-trace"]),
    valued(&["strace"], &["-o", "-e", "-p", "-s", "-u", "-E"]),
    valued(&["numactl"], &["-N", "-m", "-C", "-i", "-p"]),
    operands(&["chrt"], 1),
    plain(&["unshare"]),
    plain(&["with-contenv"]),
    operands(&["envdir"], 1),
    operands(&["s6-envdir"], 1),
    operands(&["direnv", "exec"], 1),
    valued(&["uv", "tool", "run"], &["--from", "--with", "--python", "-p"]),
    valued(&["pipx", "run"], &["--spec", "--python"]),
    // The buildpacks of Heroku for nginx, pgbouncer and stunnel put these into `bin` of the application.
    plain(&["start-nginx"]),
    plain(&["start-nginx-solo"]),
    plain(&["start-nginx-debug"]),
    plain(&["start-pgbouncer"]),
    plain(&["start-pgbouncer-stunnel"]),
    plain(&["start-stunnel"]),
    Wrapper { assignments: true, ..plain(&["cross-env"]) },
    valued(&["env-cmd"], &["-f", "--file", "-e", "--environments"]),
    plain(&["authbind"]),
    valued(&["systemd-run"], &["-p", "--property", "-u", "--unit", "--uid", "--gid", "--slice", "-E", "--setenv"]),
    plain(&["elasticapm-run"]),
    plain(&["vault-env"]),
    valued(&["cgexec"], &["-g"]),
    Wrapper { dashes: true, ..plain(&["aws-vault", "exec"]) },
    Wrapper { dashes: true, ..plain(&["op", "run"]) },
];

/// A program that runs Python code and watches it: what it is given is what `python` would be given.
#[derive(Debug, Clone, Copy)]
pub(super) struct Watcher {
    /// The word that names it, as a program or behind `python -m`.
    pub(super) name: &'static str,
    /// Its sub-command, if it has one.
    pub(super) command: Option<&'static str>,
    /// Options that take the next word as their value.
    pub(super) valued: &'static [&'static str],
}

/// coverage.py 7, debugpy 1.8, memray 1.19, and those of their kind.
pub(super) const WATCHERS: &[Watcher] = &[
    Watcher {
        name: "coverage",
        command: Some("run"),
        valued: &[
            "--source",
            "--source-pkgs",
            "--omit",
            "--include",
            "--rcfile",
            "--data-file",
            "--context",
            "--concurrency",
        ],
    },
    Watcher {
        name: "debugpy",
        command: None,
        valued: &["--listen", "--connect", "--log-to", "--adapter-access-token"],
    },
    Watcher { name: "memray", command: Some("run"), valued: &["-o", "--output", "--live-port"] },
    Watcher {
        name: "viztracer",
        command: None,
        valued: &["-o", "--output_file", "--tracer_entries", "--max_stack_depth"],
    },
    Watcher {
        name: "pyinstrument",
        command: None,
        valued: &["-o", "--outfile", "-r", "--renderer", "-i", "--interval"],
    },
    Watcher { name: "scalene", command: None, valued: &["--outfile"] },
    Watcher { name: "cProfile", command: None, valued: &["-o", "-s"] },
];

/// Programs behind whose `--` no command stands, or one that runs elsewhere.
pub(super) const ASIDE: &[&str] = &[
    "grep",
    "rg",
    "git",
    "find",
    "pip",
    "pip3",
    "apt",
    "apt-get",
    "apk",
    "yum",
    "dnf",
    "echo",
    "printf",
    "which",
    "man",
    "pkill",
    "pgrep",
    "kill",
    "killall",
    "docker",
    "docker-compose",
    "podman",
    "kubectl",
    "oc",
    "helm",
    "ssh",
    "heroku",
    "flyctl",
    "fly",
    "aws",
    "gcloud",
    "az",
    "npm",
    "set",
    "test",
];
