//! Files that are written inside other files: the here-document that a Dockerfile copies into an image, the
//! configuration in a `ConfigMap` or below `configs` of a compose file.
//!
//! Such a file is read like any other, by the reader of its kind, from a text in which everything around it is
//! white space. So every place in it is a place in the file that holds it. Where a file ends up in an image
//! is decided where it is used.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::source::{FileId, FileKind, Files};

use super::decoded::Decoded;
use super::{compose, dockerfile, images, kubernetes};

/// More than a project has of such files.
const MAX_PARTS: usize = 1_000;
/// Every such file is kept with all that is in front of it; together they stay below this.
const MAX_BYTES: usize = 32 << 20;

/// A file inside a file.
pub(super) struct Embedded {
    /// Its path or its name, which may tell what it is.
    pub(super) path: String,
    pub(super) body: Decoded,
}

/// Adds the files that are written inside others and the images that they speak of to `files`, and what they are
/// to `kinds`.
pub fn unfold(files: &mut Files, kinds: &mut BTreeMap<FileId, FileKind>) {
    images::add(files, kinds);
    let (mut parts, mut bytes) = (0, 0);
    let owners: Vec<(FileId, FileKind)> = kinds.iter().map(|(&file, &kind)| (file, kind)).collect();
    for (owner, owner_kind) in owners {
        let text = files.get(owner).shared_text();
        // A defect here costs what is inside this file.
        let found = catch_unwind(AssertUnwindSafe(|| match owner_kind {
            FileKind::Dockerfile => dockerfile::embedded(&text, owner),
            FileKind::Kubernetes => kubernetes::embedded(&text),
            FileKind::Compose => compose::embedded(&text),
            _ => Vec::new(),
        }));
        for embedded in found.unwrap_or_default() {
            let Some(kind) = FileKind::of_named(&embedded.path, embedded.body.text()) else { continue };
            let is_inline = kind == FileKind::Dockerfile && owner_kind == FileKind::Compose;
            if matches!(kind, FileKind::Dockerfile | FileKind::Kubernetes | FileKind::Compose) && !is_inline {
                continue;
            }
            let Some(readable) = alone(&text, &embedded.body, kind) else { continue };
            bytes += readable.len();
            parts += 1;
            if parts > MAX_PARTS || bytes > MAX_BYTES {
                return;
            }
            let at = start(&embedded.body);
            kinds.insert(files.add_part(owner, at, readable), kind);
        }
    }
}

/// The byte at which a file inside a file begins, which tells it from others.
pub(super) fn start(body: &Decoded) -> usize {
    let first = body.text().chars().next().map_or(0, char::len_utf8);
    body.span(0..first).start
}

/// The text of the file up to the end of `body`, with nothing else left in it; `None` where the file spells
/// something else than line breaks in another way.
fn alone(text: &str, body: &Decoded, kind: FileKind) -> Option<String> {
    let plain = body.text();
    let (from, to) = (start(body), body.span(0..plain.len()).end);
    let line = text.get(..from)?.rfind('\n').map_or(0, |at| at + 1);
    let indented = line < from && text.get(line..from)?.trim().is_empty();
    // White space in front of a line says something in INI files, and a line break ends a line that a
    // shell goes on with.
    let filler = match kind {
        FileKind::Script | FileKind::Python | FileKind::PythonConfiguration | FileKind::HypercornToml => b' ',
        _ => b'\n',
    };
    let mut bytes = vec![b'\n'; to];
    bytes.get_mut(from..to)?.fill(filler);
    if indented {
        bytes.get_mut(line..from)?.fill(filler);
        if matches!(kind, FileKind::Python | FileKind::PythonConfiguration) {
            // What is indented is the body of something.
            let header = b"if 1:";
            let end = line.checked_sub(1)?;
            bytes.get_mut(end.checked_sub(header.len())?..end)?.copy_from_slice(header);
        }
    }
    let span_of = |at: usize, char: char| body.span(at..at + char.len_utf8());
    let mut chars = plain.char_indices().peekable();
    // Where a line ended that the file goes on behind with something else.
    let mut ended = None;
    while let Some((at, char)) = chars.next() {
        let span = span_of(at, char);
        if let Some(gap) = ended.take().and_then(|end| bytes.get_mut(end..span.start)) {
            gap.fill(b'\n');
        }
        let written = text.get(span.start..span.end)?;
        let room = bytes.get_mut(span.start..span.end)?;
        if written.starts_with(char) && written.len() == char.len_utf8() {
            room.copy_from_slice(written.as_bytes());
            continue;
        }
        let mut end = at + char.len_utf8();
        while let Some((next, char)) = chars.next_if(|&(next, char)| span_of(next, char) == span) {
            end = next + char.len_utf8();
        }
        let meant = plain.get(at..end)?;
        let breaks = meant.rfind('\n');
        match (breaks, written.trim().is_empty()) {
            // Breaks with the indentation of the next line, some of which may be its own.
            (Some(last), true) => {
                let own = written.len().saturating_sub(meant.len() - last - 1);
                for (at, byte) in room.iter_mut().enumerate() {
                    let source = written.as_bytes().get(at).copied().unwrap_or(filler);
                    *byte = if source == b'\n' || at >= own { source } else { filler };
                }
            }
            (Some(_), false) if meant == "\n" => {
                room.fill(b' ');
                *room.last_mut()? = b'\n';
                ended = Some(span.end);
            }
            // Lines that are folded into one.
            (None, true) => room.fill(b' '),
            _ => return None,
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read;

    fn unfolded(path: &str, kind: FileKind, text: &str) -> (Files, read::Facts) {
        let mut files = Files::new();
        let mut kinds = BTreeMap::from([(files.add(path, text), kind)]);
        unfold(&mut files, &mut kinds);
        let facts = read::all(&files, &kinds);
        (files, facts)
    }

    #[test]
    fn what_a_dockerfile_writes_is_read() {
        let text = "FROM python\nCOPY <<'EOF' /start.sh\n#!/bin/sh\nexec gunicorn a\nEOF\n\
                    COPY <<'EOF' /gunicorn.conf.py\nworkers = 3\nEOF\nCMD /start.sh\n";
        let (files, facts) = unfolded("Dockerfile", FileKind::Dockerfile, text);
        let (_, script) = facts.scripts.first_key_value().unwrap();
        assert_eq!(files.text_at(script.commands()[0]), "exec gunicorn a");
        assert_eq!(files.describe(script.commands()[0]), "Dockerfile:4");
        assert_eq!(facts.python.len(), 1);
        assert!(facts.notes.is_empty(), "{:?}", facts.notes);
    }

    #[test]
    fn what_a_shell_prints_is_read_without_its_escapes() {
        let text = "FROM python\nRUN printf \"bind = \\\"0.0.0.0:80\\\"\\nworkers = 2\\n\" > /h.toml\n\
                    CMD hypercorn -c /h.toml a\n";
        let (files, facts) = unfolded("Dockerfile", FileKind::Dockerfile, text);
        assert!(facts.notes.is_empty(), "{:?}", facts.notes);
        let part = files.iter().find(|(id, _)| files.owner(*id) != *id).map(|(id, _)| id).unwrap();
        let settings = read::toml_settings(part, files.get(part).readable().text());
        assert!(settings.error.is_none(), "{:?}", settings.error);
        let keys: Vec<&str> = settings.entries.iter().map(|entry| entry.key.as_str()).collect();
        assert_eq!(keys, ["bind", "workers"]);
    }

    #[test]
    fn what_a_config_map_holds_is_read() {
        let text = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\ndata:\n  gunicorn.conf.py: |\n    \
                    import os\n    if os.environ.get('A'):\n        workers = 2\n  start.sh: |\n    exec gunicorn \\\n      \
                    a\n  supervisord.conf: |\n    [program:web]\n    command = gunicorn a\n";
        let (files, facts) = unfolded("web.yaml", FileKind::Kubernetes, text);
        let (_, module) = facts.python.first_key_value().unwrap();
        assert!(module.errors.is_empty(), "{:?}", module.errors);
        let (_, script) = facts.scripts.first_key_value().unwrap();
        assert_eq!(files.text_at(script.commands()[0]), "exec gunicorn \\\n      a");
        let program = facts.units.iter().find(|unit| unit.name == "web").unwrap();
        assert_eq!(files.describe(program.place), "web.yaml:14");
    }
}
