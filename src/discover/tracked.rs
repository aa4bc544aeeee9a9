//! Which files git has under its care.
//!
//! A file that git tracks is part of the project even where a `.gitignore` names it: git itself heeds that for what it
//! does not track yet, and every clone has the file. Decides by the index of the repository, which is read and nothing
//! more: asking git would run what the configuration of the repository names. Of an index that is split or not
//! understood nothing is known.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

/// The longest index that is read, in bytes: about half a million files.
const MAX_INDEX: u64 = 64 << 20;

/// What an entry holds in front of its name (`gitformat-index`): times, numbers of the file system, mode and size in
/// 40 bytes, the hash, the flags.
const HEAD: usize = 40;

/// The length of a hash: SHA-1, or SHA-256.
const HASHES: [usize; 2] = [20, 32];

/// The regular files that git tracks below `root`, relative to it; none where there is no repository.
pub(super) fn files(root: &Path) -> BTreeSet<String> {
    let Some((top, index)) = repository(root) else { return BTreeSet::new() };
    let Some(bytes) = read(&index) else { return BTreeSet::new() };
    let Ok(below) = root.strip_prefix(&top) else { return BTreeSet::new() };
    let parts = below.components().map(|part| part.as_os_str().to_string_lossy());
    let below: String = parts.flat_map(|part| [part, Cow::Borrowed("/")]).collect();
    let all = HASHES.into_iter().find_map(|hash| entries(&bytes, hash)).unwrap_or_default();
    all.into_iter().filter_map(|path| path.strip_prefix(&below).map(str::to_owned)).collect()
}

/// The repository around a folder: its top, and its index.
fn repository(root: &Path) -> Option<(PathBuf, PathBuf)> {
    let top = root.ancestors().find(|folder| fs::symlink_metadata(folder.join(".git")).is_ok())?;
    let git = top.join(".git");
    let folder = if git.is_dir() {
        git
    } else {
        // That of a work tree beside the first, or of a submodule, is a file which says where the folder is.
        let said = String::from_utf8(read(&git)?).ok()?;
        top.join(said.strip_prefix("gitdir:")?.trim())
    };
    Some((top.to_path_buf(), folder.join("index")))
}

/// The bytes of a regular file that is not too long.
fn read(path: &Path) -> Option<Vec<u8>> {
    if !fs::metadata(path).ok()?.is_file() {
        return None;
    }
    let mut bytes = Vec::new();
    fs::File::open(path).ok()?.take(MAX_INDEX + 1).read_to_end(&mut bytes).ok()?;
    (bytes.len() as u64 <= MAX_INDEX).then_some(bytes)
}

/// The paths of the regular files in an index of versions 2 to 4 with hashes of a length; `None` if it is no such one.
fn entries(bytes: &[u8], hash: usize) -> Option<Vec<String>> {
    let number = |at: usize| Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    let version = number(4).filter(|version| bytes.starts_with(b"DIRC") && (2..=4).contains(version))?;
    let count = number(8)?;
    let mut found = Vec::new();
    let mut at = 12;
    let mut path: Vec<u8> = Vec::new();
    for _ in 0..count {
        let mode = number(at + 24)?;
        let flags_at = at + HEAD + hash;
        let flags = u16::from_be_bytes(bytes.get(flags_at..flags_at + 2)?.try_into().ok()?);
        let extended = flags & 0x4000 != 0;
        if extended && version < 3 {
            return None;
        }
        let mut name = flags_at + if extended { 4 } else { 2 };
        if version == 4 {
            // How much of the path before is left out at its end, then what is put there instead.
            let (left_out, length) = offset(bytes.get(name..)?)?;
            path.truncate(path.len().checked_sub(left_out)?);
            name += length;
        } else {
            path.clear();
        }
        let rest = bytes.get(name..)?;
        let length = rest.iter().position(|byte| *byte == 0)?;
        path.extend(rest.get(..length)?);
        if path.is_empty() || flags & 0xfff != u16::try_from(path.len().min(0xfff)).ok()? {
            return None;
        }
        // An entry is filled up with 1 to 8 zeros to a multiple of eight, from version 4 on with one.
        let end = name + length;
        at = if version == 4 { end + 1 } else { at + ((end - at) / 8 + 1) * 8 };
        if mode >> 12 == 0o10
            && let Ok(path) = std::str::from_utf8(&path)
        {
            found.push(path.to_owned());
        }
    }
    Some(found)
}

/// A number of variable length as in the packs of git, and how many bytes it takes.
fn offset(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut value = 0_usize;
    for (index, byte) in bytes.iter().enumerate().take(5) {
        value = (value << 7) | usize::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            return Some((value, index + 1));
        }
        value += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use proptest::prelude::*;

    use super::*;

    fn git(folder: &Path, words: &[&str]) -> String {
        let done = Command::new("git").args(words).current_dir(folder).env("GIT_CONFIG_GLOBAL", "/dev/null").output();
        let done = done.unwrap();
        assert!(done.status.success(), "git {words:?}: {}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).unwrap()
    }

    #[test]
    fn the_index_names_what_git_itself_lists() {
        for (format, version) in [("sha1", "2"), ("sha1", "3"), ("sha1", "4"), ("sha256", "2"), ("sha256", "4")] {
            let folder = tempfile::tempdir().unwrap();
            let root = folder.path();
            git(root, &["init", "--quiet", &format!("--object-format={format}")]);
            for path in ["a.py", "api/main.py", "api/mäin.py", "api/deep/er/settings.py", &"long/".repeat(50)] {
                let path = root.join(path).join("f");
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(&path, "x = 1\n").unwrap();
            }
            fs::write(root.join(".gitignore"), "api/\n").unwrap();
            git(root, &["add", "--force", "."]);
            git(root, &["update-index", "--index-version", version]);
            if version == "3" {
                fs::write(root.join("later"), "").unwrap();
                git(root, &["add", "--intent-to-add", "later"]);
            }
            for inside in ["", "api", "api/deep"] {
                let listed = git(&root.join(inside), &["ls-files", "-z"]);
                let listed: BTreeSet<String> =
                    listed.split('\0').filter(|path| !path.is_empty()).map(str::to_owned).collect();
                assert!(!listed.is_empty());
                assert_eq!(files(&root.join(inside)), listed, "{format} {version} {inside}");
            }
        }
    }

    #[test]
    fn a_work_tree_beside_the_first_has_an_index_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let first = folder.path().join("first");
        fs::create_dir(&first).unwrap();
        git(&first, &["init", "--quiet"]);
        fs::write(first.join("a.py"), "").unwrap();
        git(&first, &["add", "a.py"]);
        let own = ["-c", "user.name=a", "-c", "user.email=a@b"];
        git(&first, &[&own[..], &["commit", "--quiet", "-m", "a"]].concat());
        git(&first, &["worktree", "add", "--quiet", "../second"]);
        assert_eq!(files(&folder.path().join("second")), BTreeSet::from(["a.py".to_owned()]));
        assert!(files(folder.path()).is_empty());
    }

    proptest! {
        #[test]
        fn whatever_the_bytes_are_it_comes_to_an_end(
            version in 2..5_u8, count in 0..4_u8, rest in prop::collection::vec(any::<u8>(), 0..400),
        ) {
            let bytes = [b"DIRC".as_slice(), &[0, 0, 0, version, 0, 0, 0, count], &rest].concat();
            for hash in HASHES {
                let _ = entries(&bytes, hash);
            }
        }
    }
}
