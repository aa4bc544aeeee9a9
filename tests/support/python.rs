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

/// An environment that holds everything in `requirements.txt`, and nothing else.
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
    ENVIRONMENT.get_or_init(make)
}

fn make() -> PythonEnvironment {
    let version = run(Command::new("python3").args(["-c", "import sys; print(sys.version)"]));
    let mut hasher = DefaultHasher::new();
    (REQUIREMENTS, &version.stdout).hash(&mut hasher);
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let all = target.parent().unwrap_or(target).join("test-python");
    let folder = all.join(format!("{:016x}", hasher.finish()));
    let bin = folder.join(if cfg!(windows) { "Scripts" } else { "bin" });
    let environment = PythonEnvironment { python: bin.join("python"), bin };
    create(&folder, &environment).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    environment
}

/// Fills `folder` unless it is complete. Its commands name it by its path, so it cannot be made
/// elsewhere and renamed; a lock keeps other test binaries waiting instead.
fn create(folder: &Path, environment: &PythonEnvironment) -> std::io::Result<()> {
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
    run(Command::new("python3").args(["-m", "venv"]).arg(folder));
    let requirements = folder.join("requirements.txt");
    fs::write(&requirements, REQUIREMENTS)?;
    let pip = ["-m", "pip", "--disable-pip-version-check", "install", "--quiet"];
    let pinned = ["--require-hashes", "--only-binary", ":all:", "-r"];
    run(environment.command().args(pip).args(pinned).arg(requirements));
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
