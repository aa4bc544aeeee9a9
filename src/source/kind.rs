//! What a file is, told by its name alone.

/// A kind of file that has a reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileKind {
    /// A Dockerfile or Containerfile.
    Dockerfile,
    /// A compose file, overrides included.
    Compose,
    /// A Procfile of a platform or of a local process manager.
    Procfile,
    /// A shell script.
    Script,
    /// Variables, one per line.
    Dotenv,
    /// Python source.
    Python,
    /// Python under a name without `.py`, as far as the name of a configuration tells; it counts only if it
    /// is Python throughout, because other programs have files of such names.
    PythonConfiguration,
    /// A list of requirements or constraints for pip.
    Requirements,
    /// `pyproject.toml`.
    Pyproject,
    /// `poetry.lock`.
    PoetryLock,
    /// `uv.lock`.
    UvLock,
    /// `Pipfile`.
    Pipfile,
    /// `Pipfile.lock`.
    PipfileLock,
    /// `setup.cfg`.
    SetupConfig,
}

impl FileKind {
    /// The kind of the file at `path`, whose parts are separated by `/`; `None` if nothing reads it.
    pub fn of(path: &str) -> Option<Self> {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let lower = name.to_ascii_lowercase();
        let (stem, extension) = lower.rsplit_once('.').unwrap_or((&lower, ""));
        match (lower.as_str(), extension) {
            ("pyproject.toml", _) => return Some(Self::Pyproject),
            ("poetry.lock", _) => return Some(Self::PoetryLock),
            ("uv.lock", _) => return Some(Self::UvLock),
            ("pipfile", _) => return Some(Self::Pipfile),
            ("pipfile.lock", _) => return Some(Self::PipfileLock),
            ("setup.cfg", _) => return Some(Self::SetupConfig),
            (_, "py") => return Some(Self::Python),
            (_, "yml" | "yaml") => return is_compose(stem).then_some(Self::Compose),
            (_, "txt") => return is_requirements(stem, folder).then_some(Self::Requirements),
            (_, "env") => return Some(Self::Dotenv),
            (_, "sh" | "bash") | ("entrypoint" | "docker-entrypoint", _) => return Some(Self::Script),
            _ => {}
        }
        let first = lower.split('.').next().unwrap_or(&lower);
        // `Dockerfile.dockerignore` is the list of what the build leaves out, and a backup starts nothing.
        let inert = matches!(extension, "dockerignore" | "md" | "rst" | "bak" | "orig" | "swp" | "j2" | "tmpl");
        if inert || lower.ends_with('~') {
            None
        } else if matches!(first, "dockerfile" | "containerfile") || matches!(extension, "dockerfile" | "containerfile")
        {
            Some(Self::Dockerfile)
        } else if first == "procfile" {
            Some(Self::Procfile)
        } else if lower == ".env" || lower.starts_with(".env.") || lower.starts_with(".env-") {
            Some(Self::Dotenv)
        } else if is_configuration(&lower) {
            Some(Self::PythonConfiguration)
        } else {
            None
        }
    }

    /// Whether it is Python source, of which a project has many more files than of anything else.
    pub const fn is_python(self) -> bool {
        matches!(self, Self::Python)
    }
}

/// `gunicorn.conf`, `gunicorn_config`, `gunicorn-prod.cfg`.
fn is_configuration(name: &str) -> bool {
    name.starts_with("gunicorn") && matches!(name.rsplit_once('.'), None | Some((_, "conf" | "config" | "cfg")))
}

/// `compose.yaml`, `docker-compose.prod.yml`, `compose-dev.yaml`, `production.compose.yml`.
fn is_compose(stem: &str) -> bool {
    let begins =
        |word: &str| stem.strip_prefix(word).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-', '_']));
    begins("compose")
        || begins("docker-compose")
        || begins("docker_compose")
        || begins("podman-compose")
        || stem.ends_with(".compose")
        || stem.ends_with(".docker-compose")
}

fn is_requirements(stem: &str, folder: &str) -> bool {
    let folder = folder.rsplit('/').next().unwrap_or(folder);
    stem.contains("requirements") || stem == "constraints" || matches!(folder, "requirements" | "reqs")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_the_kind() {
        use FileKind::{Compose, Dockerfile, Dotenv, Pipfile, Procfile, Python, Requirements, Script};
        for (path, kind) in [
            ("Dockerfile", Some(Dockerfile)),
            ("docker/Dockerfile.prod", Some(Dockerfile)),
            ("web.Dockerfile", Some(Dockerfile)),
            ("Containerfile", Some(Dockerfile)),
            ("dockerfile", Some(Dockerfile)),
            ("Dockerfile.dockerignore", None),
            ("Dockerfile.j2", None),
            ("Dockerfile.md", None),
            ("compose.yaml", Some(Compose)),
            ("docker-compose.override.yml", Some(Compose)),
            ("docker-compose-prod.yaml", Some(Compose)),
            ("prod.compose.yml", Some(Compose)),
            ("composer.yml", None),
            ("mkdocs.yml", None),
            ("Procfile", Some(Procfile)),
            ("Procfile.dev", Some(Procfile)),
            (".env", Some(Dotenv)),
            (".env.production", Some(Dotenv)),
            ("deploy/prod.env", Some(Dotenv)),
            (".environment", None),
            ("gunicorn.conf.py", Some(Python)),
            ("requirements.txt", Some(Requirements)),
            ("dev-requirements.txt", Some(Requirements)),
            ("requirements/prod.txt", Some(Requirements)),
            ("robots.txt", None),
            ("Pipfile", Some(Pipfile)),
            ("start.sh", Some(Script)),
        ] {
            assert_eq!(FileKind::of(path), kind, "{path}");
        }
    }
}
