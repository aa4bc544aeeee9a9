//! The texts that the editor holds.
//!
//! Decides what an open file says, saved or not. Of a change that does not fit, the editor's next one decides: nothing it
//! sends is an error here.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lsp_types::{TextDocumentContentChangeEvent, TextDocumentItem, Uri};

use super::locations;
use super::positions::Encoding;

/// One open file.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) uri: Uri,
    pub(super) path: PathBuf,
    pub(super) version: i32,
    pub(super) text: Arc<str>,
}

/// All of them, by address.
#[derive(Debug, Default)]
pub(super) struct Documents {
    open: BTreeMap<String, Document>,
}

impl Documents {
    /// Takes in what was opened; `None` where it is in no file.
    pub(super) fn open(&mut self, item: TextDocumentItem) -> Option<&Document> {
        let path = locations::path_of(&item.uri)?;
        let key = item.uri.as_str().to_owned();
        let document = Document { path, uri: item.uri, version: item.version, text: item.text.into() };
        Some(self.open.entry(key).insert_entry(document).into_mut())
    }

    /// Carries out changes, one after the other.
    pub(super) fn change(
        &mut self,
        uri: &Uri,
        version: i32,
        changes: Vec<TextDocumentContentChangeEvent>,
        encoding: Encoding,
    ) -> Option<&Document> {
        let document = self.open.get_mut(uri.as_str())?;
        let mut text = document.text.to_string();
        for change in changes {
            match change.range {
                None => text = change.text,
                Some(range) => {
                    let start = encoding.offset_in(&text, range.start);
                    let end = encoding.offset_in(&text, range.end).max(start);
                    text.replace_range(start..end, &change.text);
                }
            }
        }
        document.text = text.into();
        document.version = version;
        Some(document)
    }

    pub(super) fn close(&mut self, uri: &Uri) -> Option<Document> {
        self.open.remove(uri.as_str())
    }

    pub(super) fn get(&self, uri: &Uri) -> Option<&Document> {
        self.open.get(uri.as_str())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Document> {
        self.open.values()
    }

    /// The open file with this path relative to a folder.
    pub(super) fn at(&self, root: &Path, path: &str) -> Option<&Document> {
        let whole = root.join(path);
        let same = |document: &&Document| {
            document.path == whole
                || document.path.ends_with(path) && locations::relative(root, &document.path).as_deref() == Some(path)
        };
        self.iter().find(same)
    }

    /// The texts of those below a folder, by their paths relative to it.
    pub(super) fn below(&self, root: &Path) -> BTreeMap<String, Arc<str>> {
        let inside =
            |document: &Document| Some((locations::relative(root, &document.path)?, Arc::clone(&document.text)));
        self.iter().filter_map(inside).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lsp_types::{Position, Range};

    #[test]
    fn changes_apply_in_order_and_never_fail() {
        let uri: Uri = "file:///a/b.py".parse().unwrap();
        let mut documents = Documents::default();
        let item =
            TextDocumentItem::new(uri.clone(), "python".to_owned(), 1, "x = '\u{1f980}'\r\ny = 2\r\n".to_owned());
        assert!(documents.open(item).is_some());
        let change = |start: (u32, u32), end: (u32, u32), text: &str| TextDocumentContentChangeEvent {
            range: Some(Range::new(Position::new(start.0, start.1), Position::new(end.0, end.1))),
            range_length: None,
            text: text.to_owned(),
        };
        let changes = vec![
            change((0, 5), (0, 7), "z"),
            change((1, 4), (1, 5), "3"),
            change((9, 0), (9, 9), "end"),
            change((1, 3), (0, 0), ""),
        ];
        let document = documents.change(&uri, 2, changes, Encoding::Utf16).unwrap();
        assert_eq!((&*document.text, document.version), ("x = 'z'\r\ny = 3\r\nend", 2));
        let whole = TextDocumentContentChangeEvent { range: None, range_length: None, text: "w".to_owned() };
        assert_eq!(&*documents.change(&uri, 3, vec![whole], Encoding::Utf16).unwrap().text, "w");
        assert!(documents.at(Path::new("/a"), "b.py").is_some() && documents.at(Path::new("/a"), "c.py").is_none());
        assert_eq!(documents.below(Path::new("/a")).len(), 1);
        let other: Uri = "untitled:x".parse().unwrap();
        let item = TextDocumentItem::new(other.clone(), String::new(), 1, String::new());
        assert!(documents.open(item).is_none() && documents.close(&other).is_none());
    }
}
