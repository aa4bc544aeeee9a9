//! Which server a command line starts, seen through the programs in front of it.
//!
//! A shell (`sh -c "..."`) is not seen through: its text is a command line of its own, which the
//! readers split. `fastapi run` is not recognised as Uvicorn, whose options and defaults it does
//! not share.

use super::Server;
use super::wrappers::{ASIDE, WATCHERS, WRAPPERS, Wrapper};

/// What a command line starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Program {
    /// A server.
    Server {
        /// Which.
        server: Server,
        /// Index of the word that names it, a path included; for `python -m` the module.
        name: usize,
        /// Whether Python runs it as a module.
        by_module: bool,
        /// Index of the first word that is an argument of the server.
        first_argument: usize,
    },
    /// The command line of FastAPI, which starts Uvicorn with options and defaults of its own.
    FastApi {
        /// Whether it is `fastapi dev`.
        development: bool,
        /// Index of the first word that is an argument of it.
        first_argument: usize,
    },
    /// A framework's development server.
    Development {
        /// What to call it: `flask run`.
        name: &'static str,
        /// Index of the first word that is an argument of it.
        first_argument: usize,
    },
    /// Python code, which may start a server itself.
    Python {
        /// Which.
        code: Code,
        /// Index of the first word that is an argument of it.
        first_argument: usize,
    },
    /// A program in Rust of the project.
    Native {
        /// Its name.
        name: String,
        /// Whether `cargo run` builds it first, without optimisation.
        unoptimised: bool,
        /// Index of the first word that is an argument of it.
        first_argument: usize,
    },
}

/// What a project may have under the name of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Own {
    /// Python code.
    Code(Code),
    /// A program in Rust.
    Native(String),
}

/// What a project is asked for.
#[derive(Debug, Clone, Copy)]
pub enum Asked<'a> {
    /// A command.
    Command(&'a str),
    /// What `cargo run` runs: the program and the package that it is told, if any.
    Cargo {
        /// `--bin`.
        program: Option<&'a str>,
        /// `--package`.
        package: Option<&'a str>,
    },
}

/// How a command line names Python code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Code {
    /// A file, by its path.
    File(String),
    /// A module: `python -m package.module`.
    Module(String),
    /// A command that an installed package brings along.
    Script(String),
}

impl Program {
    /// Index of the first word that is an argument of the program.
    pub const fn first_argument(&self) -> usize {
        match self {
            Self::Server { first_argument, .. }
            | Self::FastApi { first_argument, .. }
            | Self::Development { first_argument, .. }
            | Self::Python { first_argument, .. }
            | Self::Native { first_argument, .. } => *first_argument,
        }
    }
}

/// The program that the command line `words` starts; a word is `None` if nobody knows it.
pub fn recognise(words: &[Option<String>]) -> Option<Program> {
    recognise_among(words, &|_| None)
}

/// The same, where `own` tells which commands are code of the project.
pub fn recognise_among(words: &[Option<String>], own: &dyn Fn(Asked<'_>) -> Option<Own>) -> Option<Program> {
    let mut at = 0;
    // Every round passes at least one word.
    while let Some(word) = known(words, at) {
        if is_assignment(word) {
            at += 1;
        } else if let Some(program) = program(words, at) {
            return Some(program);
        } else if base(word) == "cargo" {
            return cargo(words, at, own);
        } else if let Some(own) = own(Asked::Command(word)) {
            let first_argument = at + 1;
            return Some(match own {
                Own::Code(code) => Program::Python { code, first_argument },
                Own::Native(name) => Program::Native { name, unoptimised: false, first_argument },
            });
        } else {
            at = skip_wrapper(words, at)?;
        }
    }
    None
}

/// `cargo run` and what it runs.
fn cargo(words: &[Option<String>], at: usize, own: &dyn Fn(Asked<'_>) -> Option<Own>) -> Option<Program> {
    const VALUED: [&str; 9] =
        ["--features", "-F", "--target", "--target-dir", "--manifest-path", "--color", "--config", "-j", "--jobs"];
    let mut at = at + 1;
    let (mut runs, mut unoptimised) = (false, true);
    let (mut program, mut package) = (None, None);
    while let Some(word) = words.get(at) {
        let word = word.as_deref()?;
        let (option, value) = word.split_once('=').map_or((word, None), |(option, value)| (option, Some(value)));
        let mut valued = || {
            value.or_else(|| {
                at += 1;
                known(words, at)
            })
        };
        match option {
            "--" => break,
            "run" | "r" if !runs => runs = true,
            "--release" => unoptimised = false,
            "--profile" => unoptimised = valued()? == "dev",
            "--bin" => program = Some(valued()?),
            "-p" | "--package" => package = Some(valued()?),
            "--example" => return None,
            _ if VALUED.contains(&option) => drop(valued()),
            _ if option == "-r" => unoptimised = false,
            _ if option.starts_with(['-', '+']) => {}
            _ if runs => {
                at -= 1;
                break;
            }
            _ => return None,
        }
        at += 1;
    }
    let Own::Native(name) = runs.then(|| own(Asked::Cargo { program, package }))?? else { return None };
    Some(Program::Native { name, unoptimised, first_argument: (at + 1).min(words.len()) })
}

fn known(words: &[Option<String>], at: usize) -> Option<&str> {
    words.get(at)?.as_deref()
}

/// The file name of a program given by its path.
fn base(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or(word)
}

fn is_assignment(word: &str) -> bool {
    let name = word.split_once('=').map_or("", |(name, _)| name);
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// The program whose name is word `at`, if it is one that farrier knows.
fn program(words: &[Option<String>], at: usize) -> Option<Program> {
    let word = base(known(words, at)?);
    // What Fedora and Debian call it.
    let word = if matches!(word, "gunicorn3" | "gunicorn-3") { "gunicorn" } else { word };
    if let Some(server) = Server::ALL.into_iter().find(|server| server.as_str() == word) {
        return Some(Program::Server { server, name: at, by_module: false, first_argument: at + 1 });
    }
    match word {
        "fastapi" => fastapi(words, at),
        "flask" => flask(words, at),
        "manage.py" | "django-admin" => django(words, at),
        _ if is_python(word) => python(words, at),
        _ if WATCHERS.iter().any(|watcher| watcher.name == word) => watched(words, at),
        _ if has_extension(word) => Some(file(words, at)?),
        _ => None,
    }
}

/// Python code in a file that is run by its path.
fn file(words: &[Option<String>], at: usize) -> Option<Program> {
    Some(Program::Python { code: Code::File(known(words, at)?.to_owned()), first_argument: at + 1 })
}

fn has_extension(word: &str) -> bool {
    word.strip_suffix(".py").is_some_and(|name| !name.is_empty())
}

/// `python3`, `python3.12`, `pypy3`.
fn is_python(word: &str) -> bool {
    let rest = word.strip_prefix("python").or_else(|| word.strip_prefix("pypy"));
    rest.is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit() || b == b'.'))
}

/// A program started as `python -m module` or `python path`.
fn python(words: &[Option<String>], at: usize) -> Option<Program> {
    let mut at = at + 1;
    loop {
        match known(words, at)? {
            "-m" => return module(words, at + 1),
            "-W" | "-X" => at += 2,
            "-c" | "-" => return None,
            // Only the last of several letters in one word can take the next one: `-um gunicorn`.
            option if option.starts_with('-') && !option.starts_with("--") && option.ends_with('m') => {
                return module(words, at + 1);
            }
            option if option.starts_with('-') => at += 1,
            script => {
                return if is_python(base(script)) { None } else { program(words, at).or_else(|| file(words, at)) };
            }
        }
    }
}

fn module(words: &[Option<String>], at: usize) -> Option<Program> {
    let server = match known(words, at)? {
        "gunicorn" | "gunicorn.app.wsgiapp" => Server::Gunicorn,
        "uvicorn" | "uvicorn.main" => Server::Uvicorn,
        "hypercorn" => Server::Hypercorn,
        "granian" => Server::Granian,
        "daphne" | "daphne.cli" => Server::Daphne,
        "flask" => return flask(words, at),
        "fastapi" => return fastapi(words, at),
        "django" => return django(words, at),
        other if WATCHERS.iter().any(|watcher| watcher.name == other) => return watched(words, at),
        other => return Some(Program::Python { code: Code::Module(other.to_owned()), first_argument: at + 1 }),
    };
    Some(Program::Server { server, name: at, by_module: true, first_argument: at + 1 })
}

/// Python code that a tool for tests or measurements runs: `coverage run -m gunicorn`.
fn watched(words: &[Option<String>], at: usize) -> Option<Program> {
    let name = base(known(words, at)?);
    let watcher = WATCHERS.iter().find(|watcher| watcher.name == name)?;
    let mut command = watcher.command;
    let mut at = at + 1;
    loop {
        match known(words, at)? {
            word if command == Some(word) => {
                command = None;
                at += 1;
            }
            "-m" | "--module" if command.is_none() => return module(words, at + 1),
            "--" => at += 1,
            option if watcher.valued.contains(&option) => at += 2,
            option if option.starts_with('-') => at += 1,
            _ if command.is_some() => return None,
            _ => return program(words, at).or_else(|| file(words, at)),
        }
    }
}

fn fastapi(words: &[Option<String>], at: usize) -> Option<Program> {
    let development = match known(words, at + 1)? {
        "run" => false,
        "dev" => true,
        _ => return None,
    };
    Some(Program::FastApi { development, first_argument: at + 2 })
}

/// `flask run`, options of `flask` itself in between.
fn flask(words: &[Option<String>], at: usize) -> Option<Program> {
    let mut at = at + 1;
    loop {
        match known(words, at)? {
            "run" => {
                return Some(Program::Development { name: "flask run", first_argument: at + 1 });
            }
            "-A" | "--app" | "-e" | "--env-file" => at += 2,
            option if option.starts_with('-') => at += 1,
            _ => return None,
        }
    }
}

fn django(words: &[Option<String>], at: usize) -> Option<Program> {
    let name = match known(words, at + 1)? {
        "runserver" => "manage.py runserver",
        "runserver_plus" => "manage.py runserver_plus",
        _ => return None,
    };
    Some(Program::Development { name, first_argument: at + 2 })
}

/// Index of the command behind the wrapper at `at`; `None` if the word there is no wrapper.
fn skip_wrapper(words: &[Option<String>], at: usize) -> Option<usize> {
    let name = base(known(words, at)?);
    let Some(wrapper) = WRAPPERS.iter().find(|wrapper| wrapper.name.first() == Some(&name)) else {
        return behind_dashes(name, words, at);
    };
    let candidates = WRAPPERS.iter().filter(|other| other.name.first() == wrapper.name.first());
    candidates.into_iter().find_map(|wrapper| behind(wrapper, words, at + 1))
}

/// Index of the server that stands with arguments behind the `--` of a program that nobody knows: what else may it do
/// with such words than start them.
fn behind_dashes(name: &str, words: &[Option<String>], at: usize) -> Option<usize> {
    if ASIDE.contains(&name) {
        return None;
    }
    let command = 1 + (at..words.len()).find(|at| known(words, *at) == Some("--"))?;
    let starts = matches!(program(words, command)?, Program::Server { .. } | Program::FastApi { .. });
    (starts && command + 1 < words.len()).then_some(command)
}

fn behind(wrapper: &Wrapper, words: &[Option<String>], mut at: usize) -> Option<usize> {
    let mut names = wrapper.name.get(1..).unwrap_or_default();
    let mut operands = wrapper.operands;
    if wrapper.dashes {
        return (at..words.len()).find(|at| known(words, *at) == Some("--")).map(|at| at + 1);
    }
    loop {
        let word = known(words, at);
        let text = word.unwrap_or_default();
        let is_valued = || wrapper.valued.contains(&text);
        match names {
            [] if text == "--" => return Some(at + 1 + operands),
            _ if is_valued() => at += 2,
            _ if text.len() > 1 && text.starts_with('-') => at += 1,
            [name, rest @ ..] if *name == text => {
                names = rest;
                at += 1;
            }
            [_, ..] => return None,
            // An operand may be a variable: `timeout $T`, `gosu $USER`.
            [] if operands > 0 => {
                words.get(at)?;
                operands -= 1;
                at += 1;
            }
            [] if wrapper.assignments && is_assignment(text) => at += 1,
            [] => return (at < words.len()).then_some(at),
        }
        if at > words.len() {
            return None;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Words split at spaces; `?` is one that nobody knows.
    fn words(line: &str) -> Vec<Option<String>> {
        line.split_whitespace().map(|word| (word != "?").then(|| word.to_owned())).collect()
    }

    fn found(line: &str) -> Option<(Server, String)> {
        let words = words(line);
        match recognise(&words)? {
            Program::Server { server, first_argument, .. } => {
                let rest: Vec<_> = words[first_argument..].iter().map(|word| word.as_deref().unwrap_or("?")).collect();
                Some((server, rest.join(" ")))
            }
            _ => None,
        }
    }

    #[test]
    fn servers_are_seen_through_their_wrappers() {
        let gunicorn = [
            "gunicorn app:app",
            "/usr/local/bin/gunicorn app:app",
            "exec gunicorn app:app",
            "env A=b -u C gunicorn app:app",
            "A=b C= gunicorn app:app",
            "tini -- gunicorn app:app",
            "/sbin/tini -g -s -- gunicorn app:app",
            "dumb-init --rewrite 15:3 -- gunicorn app:app",
            "gosu www-data gunicorn app:app",
            "gosu ? gunicorn app:app",
            "su-exec app:app /venv/bin/gunicorn app:app",
            "bin/start-nginx gunicorn app:app",
            "bin/start-pgbouncer bin/start-nginx-solo gunicorn app:app",
            "cross-env A=b C=d gunicorn app:app",
            "uv tool run --from gunicorn gunicorn app:app",
            "pipx run --spec gunicorn==23 gunicorn app:app",
            "authbind --deep gunicorn app:app",
            "systemd-run --scope -p MemoryMax=1G gunicorn app:app",
            "aws-vault exec prod -- gunicorn app:app",
            "uv run gunicorn app:app",
            "uv run --no-dev --group prod -- gunicorn app:app",
            "uv --directory /app run gunicorn app:app",
            "poetry run gunicorn app:app",
            "pipenv run gunicorn app:app",
            "pdm run -p /app gunicorn app:app",
            "hatch run gunicorn app:app",
            "rye run gunicorn app:app",
            "python -m gunicorn app:app",
            "python3.12 -u -W ignore -m gunicorn.app.wsgiapp app:app",
            "python -um gunicorn app:app",
            "python /venv/bin/gunicorn app:app",
            "ddtrace-run gunicorn app:app",
            "newrelic-admin run-program gunicorn app:app",
            "opentelemetry-instrument --traces_exporter=otlp --service_name shop gunicorn app:app",
            "nice -n 10 gunicorn app:app",
            "nice -n10 nohup time gunicorn app:app",
            "timeout -k 5 60 gunicorn app:app",
            "s6-setuidgid app gunicorn app:app",
            "./wait-for-it.sh db:5432 -t 60 -- gunicorn app:app",
            "exec gosu app tini -- ddtrace-run uv run python -m gunicorn app:app",
            "runuser -u app -- gunicorn app:app",
            "dockerize -wait tcp://db:5432 -timeout 60s gunicorn app:app",
            "flock -n /tmp/lock gunicorn app:app",
            "xvfb-run -a gunicorn app:app",
            "numactl --cpunodebind=0 gunicorn app:app",
            "chrt -b 0 gunicorn app:app",
            "dotenvx run -f .env -- gunicorn app:app",
            "aws-vault exec prod -- gunicorn app:app",
            "op run --env-file=.env -- python -m gunicorn app:app",
            "coverage run --source src --branch -m gunicorn app:app",
            "python -m coverage run -p -m gunicorn app:app",
            "python -m debugpy --listen 0.0.0.0:5678 --wait-for-client -m gunicorn app:app",
            "memray run --live-port 8001 -m gunicorn app:app",
            "memray run -o /tmp/x.bin /usr/bin/gunicorn app:app",
            "viztracer -o x.json -- gunicorn app:app",
            "python -m cProfile -o x.prof -m gunicorn app:app",
            "py-spy record -o x.svg -- gunicorn app:app",
        ];
        for line in gunicorn {
            assert_eq!(found(line), Some((Server::Gunicorn, "app:app".into())), "{line}");
        }
        assert_eq!(found("python -m uvicorn a:b ?"), Some((Server::Uvicorn, "a:b ?".into())));
        assert_eq!(found("uwsgi --ini x"), Some((Server::Uwsgi, "--ini x".into())));
    }

    #[test]
    fn other_programs_are_not_taken_for_servers() {
        let lines = [
            "",
            "?",
            "? gunicorn app",
            "echo gunicorn",
            "python -c gunicorn",
            "pip install gunicorn",
            "uv sync",
            "uv pip install gunicorn",
            "poetry add gunicorn",
            "gosu",
            "env",
            "timeout 5",
            "wait-for-it.sh db:5432",
            "gunicornc show",
            "tini --",
            "conda install gunicorn",
            "pip install -- gunicorn uvicorn",
            "git log -- gunicorn x",
            "kubectl exec web -- gunicorn app:app",
            "other -- gunicorn",
            "coverage report -m gunicorn",
            "other -- echo gunicorn app:app",
        ];
        for line in lines {
            assert_eq!(recognise(&words(line)), None, "{line}");
        }
    }

    #[test]
    fn python_code_is_told_by_how_it_is_named() {
        let script = |asked: Asked<'_>| match asked {
            Asked::Command(name) if base(name) == "serve" => Some(Own::Code(Code::Script("serve".to_owned()))),
            _ => None,
        };
        let code = |line: &str| match recognise_among(&words(line), &script) {
            Some(Program::Python { code, first_argument }) => Some((code, first_argument)),
            _ => None,
        };
        let file = |path: &str| Code::File(path.to_owned());
        assert_eq!(code("python app.py --port 80"), Some((file("app.py"), 2)));
        assert_eq!(code("tini -- python3 -u /srv/bin/run x"), Some((file("/srv/bin/run"), 5)));
        assert_eq!(code("uv run src/main.py"), Some((file("src/main.py"), 3)));
        assert_eq!(code("python manage.py migrate"), Some((file("manage.py"), 2)));
        assert_eq!(code("python -m shop.cli serve"), Some((Code::Module("shop.cli".to_owned()), 3)));
        assert_eq!(code("exec /venv/bin/serve now"), Some((Code::Script("serve".to_owned()), 2)));
        assert_eq!(code("other serve"), None);
        assert_eq!(recognise(&words("serve")), None);
    }

    #[test]
    fn development_servers_are_told_apart() {
        let name = |line: &str| match recognise(&words(line)) {
            Some(Program::Development { name, .. }) => Some(name),
            _ => None,
        };
        assert_eq!(name("flask --app hello run --debug"), Some("flask run"));
        assert_eq!(name("python manage.py runserver 0.0.0.0:8000"), Some("manage.py runserver"));
        assert_eq!(name("uv run ./manage.py runserver"), Some("manage.py runserver"));
        assert_eq!(name("python -m flask run"), Some("flask run"));
        assert_eq!(name("python manage.py migrate"), None);
        let fastapi = |line: &str| recognise(&words(line));
        assert_eq!(fastapi("fastapi run a.py"), Some(Program::FastApi { development: false, first_argument: 2 }));
        assert_eq!(fastapi("uv run fastapi dev"), Some(Program::FastApi { development: true, first_argument: 4 }));
    }

    proptest! {
        #[test]
        fn no_command_line_upsets_it(
            line in prop::collection::vec("env|uv|run|gosu|timeout|-n|--|-m|python|A=b|wait-for-it.sh|nice|gunicorn|\\?|-|", 0..10),
        ) {
            let words = words(&line.join(" "));
            if let Some(Program::Server { name, first_argument, .. }) = recognise(&words) {
                prop_assert!(name < words.len() && first_argument <= words.len());
            }
        }
    }
}
