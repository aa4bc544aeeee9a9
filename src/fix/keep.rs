//! Keeping the old text of a file that is about to be rewritten, where nobody else would have it.
//!
//! Decides that from git's index alone, which states the size and the time of every file as git last saw it:
//! what has not changed since then, git can give back. Neither runs git, whose configuration may name programs to
//! run, nor looks into its objects. Where the index says nothing that is certain, a copy is kept.

use std::fs::{self, File, Metadata};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::blob;

/// An index larger than this is not read: it would belong to millions of files.
const MAX_INDEX: u64 = 256 << 20;

/// Keeps a copy of `path`, whose text is `old`, beside it, unless git has the text; where the copy is. A copy that
/// is there already stays: the new one gets the next free name of those that GNU tools give, `x~`, `x.~1~`, ….
pub fn keep(path: &Path, old: &str) -> io::Result<Option<PathBuf>> {
    let path = path.canonicalize()?;
    if is_in_git(&path).unwrap_or(false) {
        return Ok(None);
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    for n in 0..1000 {
        let copy = path.with_file_name(if n == 0 { format!("{name}~") } else { format!("{name}.~{n}~") });
        match File::create_new(&copy) {
            Ok(mut file) => {
                // What nobody else may read stays so.
                file.set_permissions(fs::metadata(&path)?.permissions())?;
                file.write_all(old.as_bytes())?;
                return Ok(Some(copy));
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::new(io::ErrorKind::AlreadyExists, "a thousand copies are there already"))
}

/// Whether git could give back what the file at `path` holds; `None` where that cannot be told.
fn is_in_git(path: &Path) -> Option<bool> {
    let home = path.ancestors().skip(1).find(|folder| folder.join(".git").exists())?;
    let git = home.join(".git");
    let folder = if git.is_file() {
        // The tree of a worktree or of a submodule lies elsewhere.
        let text = fs::read_to_string(&git).ok()?;
        home.join(text.strip_prefix("gitdir:")?.trim())
    } else {
        git
    };
    let index = folder.join("index");
    let written = fs::metadata(&index).ok().filter(|index| index.len() <= MAX_INDEX)?;
    let bytes = fs::read(index).ok()?;
    let relative = path.strip_prefix(home).ok()?.to_str()?;
    let file = fs::metadata(path).ok()?;
    let (seen, name) = entry(&bytes, relative)?;
    // A change within the tick in which the index was written leaves no trace in it.
    let untouched = seen == Seen::of(&file)? && file.modified().ok()? < written.modified().ok()?;
    // What was only touched, or restored from somewhere, is the same text.
    Some(untouched || blob::name(&fs::read(path).ok()?) == name)
}

/// What the index states of a file.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    seconds: u32,
    nanoseconds: u32,
    size: u32,
}

impl Seen {
    fn of(file: &Metadata) -> Option<Self> {
        let time = file.modified().unwrap_or(SystemTime::UNIX_EPOCH).duration_since(UNIX_EPOCH).ok()?;
        // The index keeps the lower half of each.
        #[allow(clippy::cast_possible_truncation, reason = "as git does")]
        let seen = Self { seconds: time.as_secs() as u32, nanoseconds: time.subsec_nanos(), size: file.len() as u32 };
        Some(seen)
    }
}

/// The entry of `path` in an index of version 2, 3 or 4 with SHA-1 names (gitformat-index).
fn entry(index: &[u8], path: &str) -> Option<(Seen, [u8; 20])> {
    let number = |at: usize| Some(u32::from_be_bytes(index.get(at..at + 4)?.try_into().ok()?));
    let version = number(4).filter(|version| index.starts_with(b"DIRC") && (2..=4).contains(version))?;
    let mut at = 12;
    let mut name: Vec<u8> = Vec::new();
    for _ in 0..number(8)? {
        let flags = u16::from_be_bytes(index.get(at + 60..at + 62)?.try_into().ok()?);
        let mut start = at + if flags & 0x4000 == 0 { 62 } else { 64 };
        if version == 4 {
            // The name is that of the entry before, less some bytes, and what follows.
            let (cut, length) = offset(index.get(start..)?)?;
            name.truncate(name.len().checked_sub(cut)?);
            start += length;
        } else {
            name.clear();
        }
        let end = start + index.get(start..)?.iter().position(|byte| *byte == 0)?;
        name.extend_from_slice(index.get(start..end)?);
        if name == path.as_bytes() {
            let staged = flags & 0x3000 != 0;
            let seen = Seen { seconds: number(at + 8)?, nanoseconds: number(at + 12)?, size: number(at + 36)? };
            let name = index.get(at + 40..at + 60)?.try_into().ok()?;
            return (!staged).then_some((seen, name));
        }
        at = if version == 4 { end + 1 } else { at + (end - at) / 8 * 8 + 8 };
    }
    None
}

/// A number of variable length, and how many bytes it takes.
fn offset(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut value = 0usize;
    for (index, byte) in bytes.iter().take(8).enumerate() {
        value = (value << 7) | usize::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some((value, index + 1));
        }
        value = value.checked_add(1)?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    fn git(folder: &Path, arguments: &[&str]) {
        let mut command = Command::new("git");
        command.args(["-c", "user.name=x", "-c", "user.email=x@example.org"]).args(arguments).current_dir(folder);
        command.env_remove("GIT_DIR").env_remove("GIT_INDEX_FILE").env_remove("GIT_WORK_TREE");
        assert!(command.output().unwrap().status.success(), "git {arguments:?}");
    }

    /// A file as old as one that was not made within the tick of the index.
    fn old_file(path: &Path, text: &str) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        let before = SystemTime::now() - std::time::Duration::from_secs(90);
        File::options().write(true).open(path).unwrap().set_modified(before).unwrap();
    }

    #[test]
    fn a_copy_is_kept_only_where_git_has_none() {
        for version in ["2", "3", "4"] {
            let folder = tempfile::tempdir().unwrap();
            let at = |name: &str| folder.path().join(name);
            git(folder.path(), &["init", "-q"]);
            for name in ["a/one.py", "a/one.pyc.py", "two.py", "three.py"] {
                old_file(&at(name), "workers = 1\n");
            }
            git(folder.path(), &["config", "index.version", version]);
            git(folder.path(), &["add", "a", "two.py"]);
            assert_eq!(keep(&at("a/one.py"), "workers = 1\n").unwrap(), None, "version {version}");
            assert_eq!(keep(&at("two.py"), "workers = 1\n").unwrap(), None);
            assert_eq!(keep(&at("three.py"), "workers = 1\n").unwrap(), Some(at("three.py~").canonicalize().unwrap()));
            assert_eq!(fs::read_to_string(at("three.py~")).unwrap(), "workers = 1\n");
            // A copy of the folder, or a cache that restores it, makes every file a newer one.
            fs::write(at("two.py"), "workers = 1\n").unwrap();
            assert_eq!(keep(&at("two.py"), "workers = 1\n").unwrap(), None, "version {version}");
            old_file(&at("two.py"), "workers = 2 # not added\n");
            assert!(keep(&at("two.py"), "workers = 2 # not added\n").unwrap().unwrap().ends_with("two.py~"));
            assert!(keep(&at("two.py"), "workers = 3\n").unwrap().unwrap().ends_with("two.py.~1~"));
            assert_eq!(fs::read_to_string(at("two.py~")).unwrap(), "workers = 2 # not added\n");
        }
    }

    #[test]
    fn a_damaged_index_says_nothing() {
        let mut index = b"DIRC\0\0\0\x02\0\0\0\x05".to_vec();
        assert_eq!(entry(&index, "a"), None);
        index.extend([0xff; 200]);
        assert_eq!(entry(&index, "a"), None);
        assert_eq!(entry(b"", "a"), None);
        assert_eq!(offset(&[0xff; 20]), None);
    }
}
