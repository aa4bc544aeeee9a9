//! Addresses of files (RFC 8089) and paths.
//!
//! Decides which addresses name a file. Editors spell them in their own ways (`file:///c%3A/a`), so an answer about an
//! open file has the address that it was opened with.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use lsp_types::Uri;

/// The path that an address names; `None` for what is in no file, such as `untitled:Untitled-1`.
pub(super) fn path_of(uri: &Uri) -> Option<PathBuf> {
    path_named(uri.as_str())
}

fn path_named(uri: &str) -> Option<PathBuf> {
    let (scheme, rest) = uri.split_once(':')?;
    if !scheme.eq_ignore_ascii_case("file") {
        return None;
    }
    let rest = rest.split(['?', '#']).next().unwrap_or(rest);
    let path = match rest.strip_prefix("//") {
        // A name of a machine stands in front of the first slash.
        Some(rest) => &rest[rest.find('/')?..],
        None => rest,
    };
    let path = String::from_utf8(decoded(path)).ok()?;
    if !path.starts_with('/') || path.contains('\0') {
        return None;
    }
    let has_drive = matches!(path.as_bytes(), [_, letter, b':', ..] if letter.is_ascii_alphabetic());
    Some(PathBuf::from(if cfg!(windows) && has_drive { &path[1..] } else { &path }))
}

fn decoded(text: &str) -> Vec<u8> {
    let mut bytes = text.bytes();
    let mut out = Vec::with_capacity(text.len());
    while let Some(byte) = bytes.next() {
        let mut ahead = bytes.clone();
        let mut digit =
            || ahead.next().and_then(|byte| char::from(byte).to_digit(16)).and_then(|d| u8::try_from(d).ok());
        match (byte == b'%').then(|| Some((digit()?, digit()?))).flatten() {
            Some((high, low)) => {
                out.push(high * 16 + low);
                bytes = ahead;
            }
            None => out.push(byte),
        }
    }
    out
}

/// The address of a file.
pub(super) fn uri_of(path: &Path) -> Option<Uri> {
    let text = path.to_string_lossy();
    let text = if cfg!(windows) { text.trim_start_matches(r"\\?\").replace('\\', "/") } else { text.into_owned() };
    let mut uri = String::from(if text.starts_with('/') { "file://" } else { "file:///" });
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => uri.push(char::from(byte)),
            other => {
                let _ = write!(uri, "%{other:02X}");
            }
        }
    }
    uri.parse().ok()
}

/// The path of a file relative to a folder, with `/` between its parts; `None` where it lies elsewhere. Either may be
/// reached through a link.
pub(super) fn relative(root: &Path, path: &Path) -> Option<String> {
    let inside = match path.strip_prefix(root) {
        Ok(inside) => inside.to_path_buf(),
        Err(_) => real(path)?.strip_prefix(root.canonicalize().ok()?).ok()?.to_path_buf(),
    };
    let parts: Vec<_> = inside.components().map(|part| part.as_os_str().to_string_lossy().into_owned()).collect();
    Some(parts.join("/"))
}

/// The path without links, of a file that need not be there yet.
fn real(path: &Path) -> Option<PathBuf> {
    path.canonicalize().ok().or_else(|| Some(path.parent()?.canonicalize().ok()?.join(path.file_name()?)))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_files_become_paths_and_back() {
        for (uri, path) in [
            ("file:///a/b%20c/%C3%A4.py", Some("/a/b c/\u{e4}.py")),
            ("file://localhost/a", Some("/a")),
            ("FILE:/a", Some("/a")),
            ("file:///c%3A/a", Some("/c:/a")),
            ("file:///a%2", Some("/a%2")),
            ("file:///a#L3", Some("/a")),
            ("untitled:Untitled-1", None),
            ("file:///a%00b", None),
            ("file:///a%ff", None),
            ("file:a", None),
            ("file://a", None),
        ] {
            assert_eq!(path_named(uri).as_deref(), path.map(Path::new), "{uri}");
        }
        let odd = Path::new("/a b/\u{e4}#?%.py");
        assert_eq!(path_of(&uri_of(odd).unwrap()).as_deref(), Some(odd));
    }

    #[test]
    fn a_path_is_relative_to_its_folder_whatever_links_lead_there() {
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("real"), folder.path().join("link"));
        std::fs::create_dir(&real).unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        assert_eq!(relative(&real, &link.join("new.py")).as_deref(), Some("new.py"));
        assert_eq!(relative(&link, &real.join("new.py")).as_deref(), Some("new.py"));
        assert_eq!(relative(&real, folder.path()), None);
    }
}
