//! Which findings a run confirms: the same line, read and seen.

use std::path::Path;

use super::{Held, Stalls};
use crate::findings::{Finding, Label};
use crate::source::Files;

/// One line that held a loop, beside what was said about it without running anything.
#[derive(Debug)]
pub struct Confirmed<'a> {
    /// What was seen.
    pub held: &'a Held,
    /// The path relative to the project, or what is left of that of a library.
    pub path: String,
    /// What stands in the line, where it is one of the project's.
    pub text: Option<String>,
    /// The findings about calls that stop the loop at this line.
    pub by: Vec<&'a Finding>,
}

/// Puts what was seen beside the findings of the project in `root`.
pub fn confirm<'a>(stalls: &'a Stalls, findings: &[&'a Finding], files: &Files, root: &Path) -> Vec<Confirmed<'a>> {
    let root = root.canonicalize().unwrap_or_else(|_| root.to_path_buf());
    let one = |held: &'a Held| {
        let real = held.file.canonicalize().unwrap_or_else(|_| held.file.clone());
        let path = shown(&real, &root);
        let file = files.find(&path);
        let here = |label: &Label| {
            let text = files.get(label.place.file);
            let (first, last) = (text.line(label.place.span.start), text.line(label.place.span.end));
            file == Some(label.place.file) && (first..=last).contains(&held.line)
        };
        let about = |finding: &&Finding| {
            // What a call waits for is said by those rules alone that are about the loop.
            finding.category.is_some() && std::iter::once(&finding.primary).chain(&finding.related).any(here)
        };
        let by = if held.own { findings.iter().copied().filter(about).collect() } else { Vec::new() };
        let text = file.and_then(|file| {
            let file = files.get(file);
            Some(file.slice(file.line_span(held.line)?).trim().to_owned())
        });
        Confirmed { held, path, text, by }
    };
    stalls.held.iter().map(one).collect()
}

fn shown(path: &Path, root: &Path) -> String {
    if let Ok(inside) = path.strip_prefix(root) {
        let parts: Vec<_> = inside.components().map(|part| part.as_os_str().to_string_lossy()).collect();
        return parts.join("/");
    }
    let text = path.to_string_lossy();
    let installed = ["/site-packages/", "/dist-packages/"].iter().find_map(|folder| text.split(folder).nth(1));
    installed.unwrap_or(&text).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_those_of_the_project() {
        let root = Path::new("/srv/shop");
        assert_eq!(shown(Path::new("/srv/shop/app/views.py"), root), "app/views.py");
        assert_eq!(shown(Path::new("/venv/lib/python3.12/site-packages/flask/app.py"), root), "flask/app.py");
        assert_eq!(shown(Path::new("/usr/lib/python3.12/socket.py"), root), "/usr/lib/python3.12/socket.py");
    }
}
