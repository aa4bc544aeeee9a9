//! Whether the project may run on a Python older than what a fix would write.
//!
//! Decides by what images start from and, where none says so, by what the package asks for. Does not know what a
//! machine has installed: where nothing is said, Python is recent.

use crate::source::{Files, SourceFile};

/// The minor release of Python 3 that brought `asyncio.to_thread`
/// (<https://docs.python.org/3/library/asyncio-task.html#asyncio.to_thread>).
const TO_THREAD: u32 = 9;

/// Whether `asyncio.to_thread` may be missing.
pub(super) fn may_lack_to_thread(files: &Files) -> bool {
    let oldest = |of: fn(&SourceFile) -> Vec<u32>| files.iter().flat_map(|(_, file)| of(file)).min();
    oldest(of_images).or_else(|| oldest(of_packages)).is_some_and(|minor| minor < TO_THREAD)
}

/// The releases that the images of a Dockerfile have: `FROM python:3.8-slim`, `ARG PYTHON_VERSION=3.8`.
fn of_images(file: &SourceFile) -> Vec<u32> {
    let name = file.name().to_ascii_lowercase();
    if !name.contains("dockerfile") && !name.contains("containerfile") {
        return Vec::new();
    }
    let told = |line: &str| {
        let (instruction, rest) = line.trim_start().split_once(char::is_whitespace)?;
        let value = match instruction.to_ascii_uppercase().as_str() {
            "FROM" => rest.split_once("python:")?.1,
            "ARG" => rest.split_once('=').filter(|(name, _)| name.to_ascii_uppercase().contains("PYTHON"))?.1,
            _ => return None,
        };
        minor(value.trim_start_matches(['"', '\'']))
    };
    file.text().lines().filter_map(told).collect()
}

/// The oldest releases that the package admits: `requires-python = ">=3.8"`, `python = "^3.8"`.
fn of_packages(file: &SourceFile) -> Vec<u32> {
    if !matches!(file.name(), "pyproject.toml" | "setup.cfg" | "Pipfile") {
        return Vec::new();
    }
    let told = |line: &str| {
        let (key, value) = line.split_once('=')?;
        let keys = ["requires-python", "python_requires", "python", "python_version", "python_full_version"];
        keys.contains(&key.trim()).then(|| lowest(value)).flatten()
    };
    file.text().lines().filter_map(told).collect()
}

/// The oldest release that a bound admits, whatever order its parts have: 8 of `<3.13,>=3.8,!=3.9.1`.
fn lowest(bound: &str) -> Option<u32> {
    let parts = bound.split([',', '|', '{', '}', '"', '\'', '#']).map(str::trim);
    let from = parts.filter(|part| !part.starts_with(['<', '!']));
    from.filter_map(|part| minor(part.trim_start_matches(['>', '=', '~', '^', ' ']))).min()
}

/// `8` of `3.8.18-slim`.
fn minor(version: &str) -> Option<u32> {
    let rest = version.strip_prefix("3.")?;
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    rest.get(..end)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_count_more_than_packages() {
        let lacks = |texts: &[(&str, &str)]| {
            let mut files = Files::new();
            for (path, text) in texts {
                files.add(*path, *text);
            }
            may_lack_to_thread(&files)
        };
        let package = |bound: &str| format!("[project]\nrequires-python = \"{bound}\"\n");
        assert!(!lacks(&[]));
        assert!(lacks(&[("Dockerfile", "FROM python:3.8-slim\n")]));
        assert!(lacks(&[("docker/web.Dockerfile", "ARG PYTHON_VERSION=3.7\nFROM python:${PYTHON_VERSION}\n")]));
        assert!(!lacks(&[("Dockerfile", "FROM docker.io/library/python:3.11\n")]));
        assert!(!lacks(&[("Dockerfile", "FROM python:latest\n")]));
        assert!(lacks(&[("pyproject.toml", &package(">=3.8"))]));
        assert!(lacks(&[("pyproject.toml", "[tool.poetry.dependencies]\npython = \"^3.8\"\n")]));
        assert!(!lacks(&[("pyproject.toml", &package(">=3.10"))]));
        assert!(!lacks(&[("pyproject.toml", &package(">=3.8")), ("Dockerfile", "FROM python:3.12\n")]));
        assert!(lacks(&[("setup.cfg", "[options]\npython_requires = >=3.6\n")]));
        assert!(lacks(&[("pyproject.toml", &package("<3.13, >= 3.8"))]));
        assert!(!lacks(&[("pyproject.toml", &package(">=3.9,!=3.8.*"))]));
        assert!(lacks(&[("pyproject.toml", "[tool.poetry.dependencies]\npython = { version = \"<3.12,>=3.7\" }\n")]));
    }
}
