//! From paths to texts.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use rayon::prelude::*;

use super::Candidate;
use crate::findings::Note;
use crate::source::{FileId, FileKind, Files, Guess};

/// Longer than any source file that a person wrote.
const MAX_PYTHON: u64 = 2 << 20;
/// Lock files of large projects have some megabytes.
const MAX_OTHER: u64 = 8 << 20;
/// What is longer is data, and nothing that a server is configured with; read only to be put away.
const MAX_OPEN: u64 = 1 << 20;

/// The texts of a run.
#[derive(Debug, Default)]
pub struct Loaded {
    /// The texts, in the order of the candidates.
    pub files: Files,
    /// What each of them is.
    pub kinds: BTreeMap<FileId, FileKind>,
    /// What could not be read.
    pub notes: Vec<Note>,
}

/// Reads the texts of `candidates`, whose paths are relative to `root`.
///
/// A file that is no UTF-8 text, too large or unreadable becomes a note.
pub fn load(root: &Path, candidates: &[Candidate]) -> Loaded {
    let read = |candidate: &Candidate| {
        let text = text(&root.join(&candidate.path), candidate.kind)?;
        Ok(candidate.kind.settle(&candidate.path, &text).map(|kind| (kind, text)))
    };
    let texts: Vec<Result<Option<(FileKind, String)>, String>> = candidates.par_iter().map(read).collect();
    let mut loaded = Loaded::default();
    for (candidate, text) in candidates.iter().zip(texts) {
        match text {
            Ok(Some((kind, text))) => {
                let file = loaded.files.add(candidate.path.clone(), text);
                loaded.kinds.insert(file, kind);
            }
            Ok(None) => {}
            // A file that may well be something else is not missed.
            Err(_) if candidate.kind.is_open() => {}
            Err(why) => loaded.notes.push(Note::file(candidate.path.clone(), why)),
        }
    }
    loaded
}

fn text(path: &Path, kind: Guess) -> Result<String, String> {
    let most = match kind {
        Guess::Sure(FileKind::Python) => MAX_PYTHON,
        Guess::Sure(_) => MAX_OTHER,
        _ => MAX_OPEN,
    };
    let unreadable = |error: std::io::Error| format!("could not be read: {error}");
    let file = File::open(path).map_err(unreadable)?;
    if !file.metadata().map_err(unreadable)?.is_file() {
        return Err("no regular file, so it was not read".to_owned());
    }
    let mut bytes = Vec::new();
    // One byte more than is allowed tells a file that is too large from one that just fits.
    file.take(most + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > most {
        return Err(format!("larger than {} MiB, so it was not read", most >> 20));
    }
    decode(bytes)
}

fn decode(bytes: Vec<u8>) -> Result<String, String> {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err("UTF-16, and only UTF-8 is read".to_owned());
    }
    let text = String::from_utf8(bytes)
        .map_err(|error| format!("no UTF-8 from byte {} on, so it was not read", error.utf8_error().valid_up_to()))?;
    if text.contains('\0') {
        return Err("it holds a NUL byte, so it was taken for a binary file and not read".to_owned());
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_text_is_read() {
        assert_eq!(decode(b"a = 1\r\n".to_vec()).unwrap(), "a = 1\r\n");
        assert!(decode(vec![b'a', 0xff]).unwrap_err().contains("byte 1"));
        assert!(decode(vec![0xff, 0xfe, b'a', 0]).unwrap_err().contains("UTF-16"));
        assert!(decode(vec![b'a', 0]).unwrap_err().contains("NUL"));
    }

    #[test]
    fn a_file_that_cannot_be_read_is_a_note() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("Procfile"), "web: x\n").unwrap();
        std::fs::create_dir(folder.path().join("app.py")).unwrap();
        std::fs::write(folder.path().join("big.py"), vec![b'#'; (2 << 20) + 1]).unwrap();
        let candidate = |path: &str, kind| Candidate { path: path.to_owned(), kind: Guess::Sure(kind) };
        let loaded = load(
            folder.path(),
            &[
                candidate("Procfile", FileKind::Procfile),
                candidate("app.py", FileKind::Python),
                candidate("big.py", FileKind::Python),
                candidate("gone.py", FileKind::Python),
            ],
        );
        assert_eq!(loaded.files.iter().count(), 1);
        let notes: Vec<_> = loaded.notes.iter().map(|note| note.path.as_str()).collect();
        assert_eq!(notes, ["app.py", "big.py", "gone.py"]);
    }
}
