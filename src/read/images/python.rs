//! Which Python an image holds, told by its name: `python:3.8-slim`, `uvicorn-gunicorn:python3.8`.

use crate::servers::Version;

/// The Python of the image `name`, without what changes within a release; `None` where the name does not say it.
pub fn python_of(name: &str) -> Option<Version> {
    let name = name.split('@').next()?;
    let (_, behind) = name.rsplit_once("python")?;
    let number = behind.strip_prefix([':', '-']).unwrap_or(behind);
    let end = number.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(number.len());
    let mut parts = number.get(..end)?.split('.');
    let (major, minor) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    Some(Version::new(major, minor, 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_an_image_says_which_python_it_holds() {
        for (name, minor) in [
            ("python:3.6.3", 6),
            ("docker.io/library/python:3.12-slim@sha256:0", 12),
            ("tiangolo/uvicorn-gunicorn:python3.8-alpine", 8),
            ("ghcr.io/astral-sh/uv:python3.13-bookworm-slim", 13),
        ] {
            assert_eq!(python_of(name), Some(Version::new(3, minor, 0)), "{name}");
        }
        for name in ["python", "python:3", "python:latest", "python:$TAG", "debian:12", "python-base:1"] {
            assert_eq!(python_of(name), None, "{name}");
        }
    }
}
