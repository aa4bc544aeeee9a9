//! A Python environment with the real servers, which the tests make themselves.
//!
//! It is made once per interpreter and set of requirements, below `target`, and shared by all test
//! binaries. A machine without Python fails the tests that compare with it: a skipped comparison
//! looks like a passed one.

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

const REQUIREMENTS: &str = include_str!("requirements.txt");
const SERVERS: &str = include_str!("servers.txt");
const FRAMEWORKS: &str = include_str!("frameworks.txt");
const TOOLS: &str = include_str!("tools.txt");
const LOCUST: &str = include_str!("locust.txt");
const PRE_COMMIT: &str = include_str!("pre-commit.txt");
const WHEEL: &str = include_str!("wheel.txt");
const RELEASES: &str = include_str!("releases.txt");

/// An environment that holds everything in one list of requirements, and nothing else.
#[derive(Debug)]
pub(crate) struct PythonEnvironment {
    /// The interpreter.
    pub(crate) python: PathBuf,
    /// The folder of the installed commands, such as `gunicorn`.
    pub(crate) bin: PathBuf,
}

impl PythonEnvironment {
    /// A Python process that sees the environment and none of the caller's settings.
    pub(crate) fn command(&self) -> Command {
        let mut command = Command::new(&self.python);
        for variable in ["PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "PYTHONWARNINGS"] {
            command.env_remove(variable);
        }
        command.env("PYTHONDONTWRITEBYTECODE", "1");
        command
    }
}

/// The environment; the first caller on a machine waits until pip is done.
///
/// # Panics
/// With the output of Python or pip, where the environment cannot be made.
pub(crate) fn python_environment() -> &'static PythonEnvironment {
    static ENVIRONMENT: OnceLock<PythonEnvironment> = OnceLock::new();
    ENVIRONMENT.get_or_init(|| make(REQUIREMENTS))
}

/// The environment with the servers other than Gunicorn.
///
/// # Panics
/// As [`python_environment`].
pub(crate) fn servers_environment() -> &'static PythonEnvironment {
    static ENVIRONMENT: OnceLock<PythonEnvironment> = OnceLock::new();
    ENVIRONMENT.get_or_init(|| make(SERVERS))
}

/// The environment with the web frameworks.
///
/// # Panics
/// As [`python_environment`].
pub(crate) fn frameworks_environment() -> &'static PythonEnvironment {
    static ENVIRONMENT: OnceLock<PythonEnvironment> = OnceLock::new();
    ENVIRONMENT.get_or_init(|| make(FRAMEWORKS))
}

/// The environment with a validator, and with libraries whose messages farrier explains.
///
/// # Panics
/// As [`python_environment`].
pub(crate) fn tools_environment() -> &'static PythonEnvironment {
    static ENVIRONMENT: OnceLock<PythonEnvironment> = OnceLock::new();
    ENVIRONMENT.get_or_init(|| make(TOOLS))
}

/// The environment with Locust.
///
/// # Panics
/// As [`python_environment`].
pub(crate) fn locust_environment() -> &'static PythonEnvironment {
    static ENVIRONMENT: OnceLock<PythonEnvironment> = OnceLock::new();
    ENVIRONMENT.get_or_init(|| make(LOCUST))
}

/// The environment with pre-commit.
///
/// # Panics
/// As [`python_environment`].
pub(crate) fn pre_commit_environment() -> &'static PythonEnvironment {
    static ENVIRONMENT: OnceLock<PythonEnvironment> = OnceLock::new();
    ENVIRONMENT.get_or_init(|| make(PRE_COMMIT))
}

/// The environment with what builds wheels.
///
/// # Panics
/// As [`python_environment`].
pub(crate) fn wheel_environment() -> &'static PythonEnvironment {
    static ENVIRONMENT: OnceLock<PythonEnvironment> = OnceLock::new();
    ENVIRONMENT.get_or_init(|| make(WHEEL))
}

/// The folder of a release named in `releases.txt` (`uvicorn==0.30.6`), without its dependencies: it is put in
/// front of [`servers_environment`].
///
/// # Panics
/// As [`python_environment`], and where the file does not name the release.
pub(crate) fn release(name: &str) -> PathBuf {
    target(name, &["--only-binary", ":all:"])
}

/// The same for a release that exists as source only and is compiled here, which takes a minute.
///
/// # Panics
/// As [`release`], and without a C compiler.
pub(crate) fn compiled(name: &str) -> PathBuf {
    target(name, &[])
}

fn target(name: &str, kinds: &[&str]) -> PathBuf {
    let pinned = RELEASES.split("\n\n").find(|entry| entry.split_whitespace().next() == Some(name));
    let pinned = pinned.unwrap_or_else(|| panic!("releases.txt has no {name}"));
    let folder = place(&[pinned]);
    once(&folder, || {
        let requirements = folder.join("requirements.txt");
        fs::write(&requirements, format!("{pinned}\n"))?;
        let pip = ["-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-deps", "--no-compile"];
        let mut command = servers_environment().command();
        command.args(pip).arg("--require-hashes").args(kinds).arg("--target");
        run(command.arg(&folder).arg("-r").arg(requirements));
        Ok(())
    })
    .unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    folder
}

/// A folder of one's own for what `contents` lead to, below the one that all tests share.
fn place(contents: &[&str]) -> PathBuf {
    let version = run(Command::new("python3").args(["-c", "import sys; print(sys.version)"]));
    let mut hasher = DefaultHasher::new();
    (contents, &version.stdout).hash(&mut hasher);
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let all = target.parent().unwrap_or(target).join("test-python");
    all.join(format!("{:016x}", hasher.finish()))
}

fn make(requirements: &str) -> PythonEnvironment {
    let folder = place(&[requirements]);
    let bin = folder.join(if cfg!(windows) { "Scripts" } else { "bin" });
    let environment = PythonEnvironment { python: bin.join("python"), bin };
    once(&folder, || {
        run(Command::new("python3").args(["-m", "venv"]).arg(&folder));
        let list = folder.join("requirements.txt");
        fs::write(&list, requirements)?;
        let pip = ["-m", "pip", "--disable-pip-version-check", "install", "--quiet"];
        let pinned = ["--require-hashes", "--only-binary", ":all:", "-r"];
        run(environment.command().args(pip).args(pinned).arg(list));
        Ok(())
    })
    .unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    environment
}

/// Fills `folder` unless it is complete. The commands of an environment name it by its path, so it cannot be
/// made elsewhere and renamed; a lock keeps other test binaries waiting instead.
fn once(folder: &Path, fill: impl FnOnce() -> std::io::Result<()>) -> std::io::Result<()> {
    fs::create_dir_all(folder.parent().unwrap_or(folder))?;
    let lock = File::create(folder.with_extension("lock"))?;
    lock.lock()?;
    let complete = folder.join("complete");
    if complete.exists() {
        return Ok(());
    }
    if folder.exists() {
        fs::remove_dir_all(folder)?;
    }
    fs::create_dir_all(folder)?;
    fill()?;
    fs::write(complete, "")
}

fn run(command: &mut Command) -> Output {
    let output = command.output().unwrap_or_else(|error| {
        panic!(
            "{command:?}: {error}\nThe tests compare with real Python servers and need python3, \
             3.11 or newer (Debian and Ubuntu: apt-get install python3-venv)."
        )
    });
    let said = [&output.stdout[..], &output.stderr[..]].concat();
    let said = String::from_utf8_lossy(&said);
    let hint = if said.contains("ensurepip") {
        "\nThis Python comes without ensurepip (Debian and Ubuntu: apt-get install python3-venv)."
    } else {
        ""
    };
    assert!(output.status.success(), "{command:?} failed:\n{said}{hint}");
    output
}
