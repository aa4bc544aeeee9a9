//! Images of registries that start a server by themselves, from `rules/images`.
//!
//! Each is told as a Dockerfile, which is read like one of the project. What is found in it has no place in
//! the project: the line that names the image stands for it.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use crate::source::{FileId, FileKind, Files};

mod python;
#[allow(dead_code, reason = "the build checks what the library reads")]
mod schema;
mod shells;

pub use python::python_of;
pub use schema::SystemShell;
pub use shells::system_shell;

/// An image that `rules/images` describes.
#[derive(Debug)]
pub struct KnownImage(schema::Image);

fn all() -> &'static [KnownImage] {
    static ALL: OnceLock<Vec<KnownImage>> = OnceLock::new();
    ALL.get_or_init(|| {
        let bytes = include_bytes!(concat!(env!("OUT_DIR"), "/images.postcard"));
        // The build wrote it from these same types.
        let images: Vec<schema::Image> = postcard::from_bytes(bytes).unwrap_or_default();
        images.into_iter().map(KnownImage).collect()
    })
}

/// The image that is meant by `name`, whichever of its tags that is; `None` if no file describes it.
pub fn known_image(name: &str) -> Option<&'static KnownImage> {
    let name = name.split('@').next()?.trim();
    let name = ["docker.io/", "index.docker.io/"].iter().find_map(|host| name.strip_prefix(host)).unwrap_or(name);
    let start = name.rfind('/').map_or(0, |at| at + 1);
    let end = name.get(start..)?.find(':').map_or(name.len(), |at| start + at);
    let repository = name.get(..end)?;
    all().iter().find(|image| image.0.names.iter().any(|known| known.eq_ignore_ascii_case(repository)))
}

impl KnownImage {
    /// The first of its names.
    pub fn name(&self) -> &str {
        self.0.names.first().map_or("", String::as_str)
    }

    /// Files that it holds and that say nothing.
    pub fn holds(&self) -> &[String] {
        &self.0.holds
    }
}

/// Adds the images that files among `kinds` speak of to `files`.
pub(super) fn add(files: &mut Files, kinds: &mut BTreeMap<FileId, FileKind>) {
    let names = |image: &KnownImage, text: &str| image.0.names.iter().any(|name| text.contains(name.as_str()));
    let speaks = |kind: FileKind| matches!(kind, FileKind::Dockerfile | FileKind::Compose | FileKind::Kubernetes);
    for image in all() {
        let mut spoken = kinds.iter().filter(|&(_, &kind)| speaks(kind));
        if spoken.any(|(&file, _)| names(image, files.get(file).text())) {
            let file = files.add_foreign(image.name(), image.0.dockerfile.as_str());
            kinds.insert(file, FileKind::Dockerfile);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_known_by_their_repository() {
        let name = |text: &str| known_image(text).map(KnownImage::name);
        let plain = Some("tiangolo/uvicorn-gunicorn");
        assert_eq!(name("tiangolo/uvicorn-gunicorn"), plain);
        assert_eq!(name("docker.io/tiangolo/uvicorn-gunicorn-fastapi:python3.11"), plain);
        assert_eq!(name("tiangolo/uvicorn-gunicorn@sha256:00"), plain);
        assert_eq!(name("mirror:5000/tiangolo/uvicorn-gunicorn"), None);
        assert_eq!(name("tiangolo/uvicorn-gunicorn-other"), None);
        assert_eq!(name("tiangolo/uvicorn-gunicorn:${TAG}"), plain);
    }
}
