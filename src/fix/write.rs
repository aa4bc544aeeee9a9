//! Replacing a file so that at every moment either the old or the new text is there, whole.

use std::fs::{self, File, Metadata};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// Why a file was not written. In every case it holds what it held before.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// Somebody changed the file since it was read; reading again is up to the user.
    #[error("{} has changed since it was read", .0.display())]
    Changed(PathBuf),
    /// The path leads out of the project, which a symbolic link can make it do.
    #[error("{} leads out of the project", .0.display())]
    Outside(PathBuf),
    /// A device, a pipe, a folder.
    #[error("{} is not a regular file", .0.display())]
    Special(PathBuf),
    /// The same file has another name somewhere; replacing it here would part the two.
    #[error("{} is a hard link, which replacing it would break", .0.display())]
    HardLink(PathBuf),
    /// The new file could not be given to the owner of the old one.
    #[error("{} belongs to somebody else, and the owner cannot be kept: {source}", path.display())]
    Owner {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The disk is full, the folder is read-only, the file is gone.
    #[error("{} cannot be written: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

/// Replaces the text of the file at `path` within the project at `root`.
///
/// The file keeps its mode, owner, group and extended attributes; a symbolic link stays one, and what
/// it leads to is replaced. Refuses if the file no longer holds exactly `expected_old`. After an error
/// the file is as it was, and no temporary file is left beside it.
pub fn write(root: &Path, path: &Path, expected_old: &str, new: &str) -> Result<(), WriteError> {
    let io = |source| WriteError::Io { path: path.to_owned(), source };
    let root = root.canonicalize().map_err(io)?;
    let target = path.canonicalize().map_err(io)?;
    if !target.starts_with(&root) {
        return Err(WriteError::Outside(path.to_owned()));
    }
    let folder = target.parent().ok_or_else(|| WriteError::Special(path.to_owned()))?;
    let old = fs::metadata(&target).map_err(io)?;
    if !old.is_file() {
        return Err(WriteError::Special(path.to_owned()));
    }
    if is_hard_link(&old) {
        return Err(WriteError::HardLink(path.to_owned()));
    }
    let unchanged = || match fs::read(&target) {
        Ok(now) if now == expected_old.as_bytes() => Ok(()),
        Ok(_) => Err(WriteError::Changed(path.to_owned())),
        Err(source) => Err(io(source)),
    };
    unchanged()?;

    let mut file = tempfile::Builder::new().prefix(".farrier-").tempfile_in(folder).map_err(io)?;
    file.write_all(new.as_bytes()).map_err(io)?;
    // The owner first: giving a file away takes special bits off its mode.
    keep_owner(&file, &old).map_err(|source| WriteError::Owner { path: path.to_owned(), source })?;
    keep_attributes(&target, &file).map_err(io)?;
    file.as_file().set_permissions(old.permissions()).map_err(io)?;
    file.as_file().sync_all().map_err(io)?;
    unchanged()?;
    file.persist(&target).map_err(|error| io(error.error))?;
    // Makes the new name survive a power cut, where the file system can. The new text is in place
    // either way, so a failure here is none of the write.
    let _ = sync_folder(folder);
    Ok(())
}

#[cfg(unix)]
fn is_hard_link(old: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    old.nlink() > 1
}

#[cfg(not(unix))]
fn is_hard_link(_: &Metadata) -> bool {
    false
}

#[cfg(unix)]
fn keep_owner(file: &NamedTempFile, old: &Metadata) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt as _;
    let new = file.as_file().metadata()?;
    let owner = (old.uid() != new.uid()).then(|| rustix::fs::Uid::from_raw(old.uid()));
    let group = (old.gid() != new.gid()).then(|| rustix::fs::Gid::from_raw(old.gid()));
    if owner.is_some() || group.is_some() {
        rustix::fs::fchown(file.as_file(), owner, group)?;
    }
    Ok(())
}

#[cfg(not(unix))]
fn keep_owner(_: &NamedTempFile, _: &Metadata) -> io::Result<()> {
    Ok(())
}

/// Copies extended attributes, access control lists among them. Without the latter a server could find
/// that it may no longer read its own configuration.
#[cfg(target_os = "linux")]
fn keep_attributes(from: &Path, to: &NamedTempFile) -> io::Result<()> {
    use rustix::fs::{XattrFlags, fsetxattr, getxattr, listxattr};
    use rustix::io::Errno;

    // The longest list and value that Linux allows.
    const LIMIT: usize = 64 << 10;
    let mut names = vec![0_u8; LIMIT];
    let length = match listxattr(from, names.as_mut_slice()) {
        Ok(length) => length,
        // The file system has no such thing.
        Err(Errno::NOTSUP) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    let mut value = vec![0_u8; LIMIT];
    for name in names[..length].split(|&byte| byte == 0).filter(|name| !name.is_empty()) {
        let size = getxattr(from, name, value.as_mut_slice())?;
        match fsetxattr(to.as_file(), name, &value[..size], XattrFlags::empty()) {
            // Labels of security modules are the system's to give, and the folder decides them.
            Err(_) if name.starts_with(b"security.") => {}
            result => result?,
        }
    }
    Ok(())
}

#[cfg(not(target_os = "linux"))]
fn keep_attributes(_: &Path, _: &NamedTempFile) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn project() -> (tempfile::TempDir, PathBuf) {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("gunicorn.conf.py");
        fs::write(&path, "workers = 9\n").unwrap();
        (root, path)
    }

    #[test]
    fn the_mode_stays_and_nothing_is_left_behind() {
        let (root, path) = project();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        write(root.path(), &path, "workers = 9\n", "workers = 3\n").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "workers = 3\n");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o640);
        assert_eq!(names(root.path()), ["gunicorn.conf.py"]);
    }

    #[test]
    fn a_file_that_changed_meanwhile_is_left_alone() {
        let (root, path) = project();
        let result = write(root.path(), &path, "workers = 8\n", "workers = 3\n");
        assert!(matches!(result, Err(WriteError::Changed(_))), "{result:?}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "workers = 9\n");
        assert_eq!(names(root.path()), ["gunicorn.conf.py"]);
    }

    #[test]
    fn a_link_is_followed_within_the_project_and_no_further() {
        let (root, path) = project();
        let link = root.path().join("link.py");
        symlink(&path, &link).unwrap();
        write(root.path(), &link, "workers = 9\n", "workers = 3\n").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&path).unwrap(), "workers = 3\n");

        let (_elsewhere, outside) = project();
        let out = root.path().join("out.py");
        symlink(&outside, &out).unwrap();
        let result = write(root.path(), &out, "workers = 9\n", "x");
        assert!(matches!(result, Err(WriteError::Outside(_))), "{result:?}");
        assert_eq!(fs::read_to_string(&outside).unwrap(), "workers = 9\n");
    }

    #[test]
    fn hard_links_and_folders_are_refused() {
        let (root, path) = project();
        let result = write(root.path(), root.path(), "", "x");
        assert!(matches!(result, Err(WriteError::Special(_) | WriteError::Outside(_))), "{result:?}");
        fs::hard_link(&path, root.path().join("other.py")).unwrap();
        let result = write(root.path(), &path, "workers = 9\n", "x");
        assert!(matches!(result, Err(WriteError::HardLink(_))), "{result:?}");
    }

    #[test]
    fn a_missing_file_is_an_error_and_stays_missing() {
        let (root, path) = project();
        fs::remove_file(&path).unwrap();
        assert!(matches!(write(root.path(), &path, "", "x"), Err(WriteError::Io { .. })));
        assert!(names(root.path()).is_empty());
    }
}
