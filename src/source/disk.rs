//! Texts that farrier asks for by their names.

use std::fs::{self, File};
use std::io::{Error, ErrorKind, Read, Result};
use std::path::Path;

/// Settings, baselines and lists of patterns are shorter than this.
const LONGEST: u64 = 8 << 20;

/// The text of the regular file at `path`. Whatever else may have that name is not opened: a pipe would not answer,
/// and a device has no end.
pub fn read_text(path: &Path) -> Result<String> {
    if !fs::metadata(path)?.is_file() {
        return Err(Error::new(ErrorKind::InvalidInput, "it is no regular file"));
    }
    let mut text = String::new();
    let read = File::open(path)?.take(LONGEST + 1).read_to_string(&mut text)?;
    if read as u64 > LONGEST {
        return Err(Error::new(ErrorKind::InvalidData, format!("it is larger than {} MiB", LONGEST >> 20)));
    }
    Ok(text)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn only_regular_files_are_opened() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("text"), "a = 1\n").unwrap();
        rustix::fs::mkfifoat(rustix::fs::CWD, at("pipe"), rustix::fs::Mode::RUSR).unwrap();
        std::os::unix::fs::symlink("/dev/zero", at("device")).unwrap();
        assert_eq!(read_text(&at("text")).unwrap(), "a = 1\n");
        for name in ["pipe", "device", ""] {
            assert_eq!(read_text(&at(name)).unwrap_err().kind(), ErrorKind::InvalidInput, "{name}");
        }
        assert_eq!(read_text(&at("none")).unwrap_err().kind(), ErrorKind::NotFound);
        File::create(at("long")).unwrap().set_len(LONGEST + 1).unwrap();
        assert_eq!(read_text(&at("long")).unwrap_err().kind(), ErrorKind::InvalidData);
    }
}
