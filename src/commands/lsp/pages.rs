//! The page of each rule as a file that an editor can open.
//!
//! Pages lie in a folder of their own among the temporary files, written when the first finding of a rule leads there, and
//! gone with the server: they say what this build of farrier says, and need no network.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use farrier::rules::Card;
use lsp_types::{CodeDescription, Uri};
use tempfile::TempDir;

use super::locations;
use crate::commands::explain;

/// Where the pages lie. Whoever starts the server sweeps them away: the thread that writes them may not come to its end.
#[derive(Debug, Default, Clone)]
pub(super) struct Shelf(Arc<Mutex<Option<TempDir>>>);

impl Shelf {
    /// Takes all pages away.
    pub(super) fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

/// The pages that were asked for.
#[derive(Debug, Default)]
pub(super) struct Pages {
    shelf: Shelf,
    written: BTreeMap<&'static str, Option<Uri>>,
}

impl Pages {
    pub(super) fn on(shelf: Shelf) -> Self {
        Self { shelf, written: BTreeMap::new() }
    }

    /// Where a rule is described; a project's own rule is described nowhere else.
    pub(super) fn of(&mut self, rule: &'static str) -> Option<CodeDescription> {
        let href = if let Some(known) = self.written.get(rule) {
            known.clone()
        } else {
            let page = self.write(rule);
            self.written.insert(rule, page.clone());
            page
        };
        href.map(|href| CodeDescription { href })
    }

    fn write(&mut self, rule: &str) -> Option<Uri> {
        let card = Card::find(rule)?;
        let mut folder = self.shelf.0.lock().unwrap_or_else(PoisonError::into_inner);
        if folder.is_none() {
            *folder = tempfile::Builder::new().prefix("farrier-rules-").tempdir().ok();
        }
        let path = folder.as_ref()?.path().join(format!("{rule}.md"));
        std::fs::write(&path, explain::markdown(card)).ok()?;
        locations::uri_of(&path)
    }
}
