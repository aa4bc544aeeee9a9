//! What the editor can do, as it said at the start.

use lsp_types::{Uri, WorkspaceFolder};
use serde::Deserialize;
use serde_json::Value as Json;

use super::positions::Encoding;

/// What of `initialize` is looked at. The rest is not read: editors fill it with what newer protocols say.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Introduction {
    #[serde(default)]
    pub(super) capabilities: Json,
    pub(super) workspace_folders: Option<Vec<WorkspaceFolder>>,
    /// Older editors name one folder, and name it so.
    pub(super) root_uri: Option<Uri>,
}

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
    /// What `capabilities` come to; those that are not named are not there.
    pub(super) fn new(capabilities: &Json) -> Self {
        let has = |path: &str| capabilities.pointer(path) == Some(&Json::Bool(true));
        let names = |path: &str, name: &str| {
            let named = capabilities.pointer(path).and_then(Json::as_array);
            named.is_some_and(|named| named.iter().any(|one| one == name))
        };
        let published = "/textDocument/publishDiagnostics";
        let tags = capabilities.pointer(&format!("{published}/tagSupport"));
        Self {
            encoding: Encoding::agreed(names("/general/positionEncodings", "utf-8")),
            relates: has(&format!("{published}/relatedInformation")),
            // A flag in older protocols, an object since.
            tags: tags.is_some_and(|tags| !matches!(tags, Json::Null | Json::Bool(false))),
            describes: has(&format!("{published}/codeDescriptionSupport")),
            markdown: names("/textDocument/hover/contentFormat", "markdown"),
            versions: has("/workspace/workspaceEdit/documentChanges"),
            resolves: has("/textDocument/codeAction/dataSupport")
                && names("/textDocument/codeAction/resolveSupport/properties", "edit"),
            watches: has("/workspace/didChangeWatchedFiles/dynamicRegistration"),
        }
    }
}
