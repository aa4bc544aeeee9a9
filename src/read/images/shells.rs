//! Which shell goes by the name of `sh` in an image, from `rules/shells`.
//!
//! A tag counts more than a repository: most repositories have images of several distributions. What neither
//! tells is not known.

use std::sync::OnceLock;

use super::schema::{Shell, SystemShell};

fn all() -> &'static [Shell] {
    static ALL: OnceLock<Vec<Shell>> = OnceLock::new();
    ALL.get_or_init(|| {
        // The build wrote it from these same types.
        postcard::from_bytes(include_bytes!(concat!(env!("OUT_DIR"), "/shells.postcard"))).unwrap_or_default()
    })
}

/// Names of registries that hold the official images under their own names.
const MIRRORS: [&str; 6] =
    ["index.docker.io/", "docker.io/", "public.ecr.aws/docker/", "mirror.gcr.io/", "registry-1.docker.io/", "library/"];

/// The shell that `/bin/sh` of the image `name` is.
pub fn system_shell(name: &str) -> Option<SystemShell> {
    let mut name = name.split('@').next()?.trim();
    if name.contains(['$', '{']) {
        return None;
    }
    for mirror in MIRRORS {
        name = name.strip_prefix(mirror).unwrap_or(name);
    }
    let start = name.rfind('/').map_or(0, |at| at + 1);
    let (repository, tag) = match name.get(start..)?.find(':') {
        Some(at) => (name.get(..start + at)?, name.get(start + at + 1..)?),
        None => (name, ""),
    };
    let parts = || tag.split(['-', '_']);
    let tagged = |shell: &&Shell| shell.tags.iter().any(|start| parts().any(|part| part.starts_with(start.as_str())));
    let named = |shell: &&Shell| shell.repositories.iter().any(|known| known == repository);
    all().iter().find(tagged).or_else(|| all().iter().find(named)).map(|shell| shell.is)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distribution_of_an_image_says_what_its_shell_is() {
        let dash = Some(SystemShell::Dash);
        for name in ["python:3.13-slim", "python", "docker.io/library/python:3.12", "ubuntu:24.04", "python@sha256:0"] {
            assert_eq!(system_shell(name), dash, "{name}");
        }
        assert_eq!(system_shell("ghcr.io/astral-sh/uv:python3.13-bookworm-slim"), dash);
        assert_eq!(system_shell("python:3.13-alpine3.20"), Some(SystemShell::Busybox));
        assert_eq!(system_shell("alpine"), Some(SystemShell::Busybox));
        assert_eq!(system_shell("nvidia/cuda:12.4.1-base-ubuntu22.04"), dash);
        assert_eq!(system_shell("registry.access.redhat.com/ubi9/python-312:latest"), Some(SystemShell::Bash));
        for name in ["python:$TAG", "registry.example.com:5000/base", "scratch", "company/python:3.12", ""] {
            assert_eq!(system_shell(name), None, "{name}");
        }
    }
}
