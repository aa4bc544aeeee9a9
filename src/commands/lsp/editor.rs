//! What the editor can do, as it said at the start.

use lsp_types::{ClientCapabilities, InitializeParams, MarkupKind};

use super::positions::Encoding;

/// What the answers depend on.
#[derive(Debug, Clone, Default)]
#[allow(clippy::struct_excessive_bools, reason = "each is a capability of its own")]
pub(super) struct Editor {
    pub(super) encoding: Encoding,
    /// It shows the other places of a finding.
    pub(super) relates: bool,
    /// It shows what is unnecessary or deprecated as such.
    pub(super) tags: bool,
    /// It leads to the page of a rule.
    pub(super) describes: bool,
    /// It reads Markdown.
    pub(super) markdown: bool,
    /// Edits may name the version of the text that they are meant for.
    pub(super) versions: bool,
    /// It asks for the edit of an action when somebody has chosen it.
    pub(super) resolves: bool,
    /// It tells of files that change if it is asked to.
    pub(super) watches: bool,
}

impl Editor {
    pub(super) fn new(said: &InitializeParams) -> Self {
        let ClientCapabilities { workspace, text_document, general, .. } = &said.capabilities;
        let texts = text_document.as_ref();
        let published = texts.and_then(|texts| texts.publish_diagnostics.as_ref());
        let edits = workspace.as_ref().and_then(|workspace| workspace.workspace_edit.as_ref());
        let watched = workspace.as_ref().and_then(|workspace| workspace.did_change_watched_files.as_ref());
        let hover = texts.and_then(|texts| texts.hover.as_ref()?.content_format.as_ref());
        let actions = texts.and_then(|texts| texts.code_action.as_ref());
        let later = actions.and_then(|actions| actions.resolve_support.as_ref());
        let later = later.is_some_and(|later| later.properties.iter().any(|one| one == "edit"));
        Self {
            encoding: Encoding::agreed(general.as_ref()),
            relates: published.and_then(|published| published.related_information) == Some(true),
            tags: published.is_some_and(|published| published.tag_support.is_some()),
            describes: published.and_then(|published| published.code_description_support) == Some(true),
            markdown: hover.is_some_and(|formats| formats.contains(&MarkupKind::Markdown)),
            versions: edits.and_then(|edits| edits.document_changes) == Some(true),
            resolves: later && actions.and_then(|actions| actions.data_support) == Some(true),
            watches: watched.and_then(|watched| watched.dynamic_registration) == Some(true),
        }
    }
}
