//! Questions about a place of a text, and their answers.
//!
//! Decides which project and which file a question is about, and that it is answered from what the text says now.

use std::path::PathBuf;

use farrier::source::{FileId, Span};
use lsp_server::{ErrorCode, Request};
use lsp_types::request::{CodeActionRequest, HoverRequest, Request as _};
use lsp_types::{
    CodeActionOrCommand, CodeActionParams, Hover, HoverContents, HoverParams, MarkupContent, MarkupKind,
    TextDocumentPositionParams, Uri,
};
use serde::de::DeserializeOwned;
use serde_json::{Value as Json, json};

use super::actions::Bench;
use super::desk::{Desk, depth};
use super::{hover, locations};
use crate::commands::Failure;

impl Desk {
    pub(super) fn request(&mut self, request: Request) {
        let Request { id, method, params } = request;
        let answer = match method.as_str() {
            HoverRequest::METHOD => understood::<HoverParams>(params).map(|params| json!(self.hover(&params))),
            CodeActionRequest::METHOD => understood::<CodeActionParams>(params).and_then(|params| {
                let actions = self.actions(&params);
                actions.map(|actions| json!(actions)).map_err(|failure| (ErrorCode::RequestFailed, failure.to_string()))
            }),
            _ => Err((ErrorCode::MethodNotFound, format!("`{method}` is nothing that farrier answers"))),
        };
        match answer {
            Ok(answer) => self.client.answer(id, answer),
            Err((code, why)) => self.client.refuse(id, code, why),
        }
    }

    fn hover(&mut self, params: &HoverParams) -> Option<Hover> {
        let TextDocumentPositionParams { text_document, position } = &params.text_document_position_params;
        let (root, file) = self.examined(&text_document.uri)?;
        let found = self.projects.get(&root)?.found.as_ref()?;
        let source = found.examination.files.get(file);
        let encoding = self.editor.encoding;
        let (span, text) = hover::at(&found.examination, file, encoding.offset(source, *position))?;
        let (kind, value) = if self.editor.markdown {
            (MarkupKind::Markdown, text)
        } else {
            (MarkupKind::PlainText, text.replace("**", ""))
        };
        let contents = HoverContents::Markup(MarkupContent { kind, value });
        Some(Hover { contents, range: Some(encoding.range(source, span)) })
    }

    fn actions(&mut self, params: &CodeActionParams) -> Result<Vec<CodeActionOrCommand>, Failure> {
        let Some((root, file)) = self.examined(&params.text_document.uri) else { return Ok(Vec::new()) };
        let (documents, editor) = (&self.documents, &self.editor);
        let found = self.projects.get_mut(&root).and_then(|project| project.found.as_mut());
        let Some(found) = found else { return Ok(Vec::new()) };
        let source = found.examination.files.get(file);
        let at = |position| editor.encoding.offset(source, position);
        let span = Span::new(at(params.range.start), at(params.range.end));
        Bench { root: &root, found, documents, editor, file }.actions(span, &params.context)
    }

    /// The project and the file that an open text belongs to, examined as it is now.
    fn examined(&mut self, uri: &Uri) -> Option<(PathBuf, FileId)> {
        let path = self.documents.get(uri).map(|document| document.path.clone()).or_else(|| locations::path_of(uri))?;
        let holding = self.projects.iter().filter_map(|(root, project)| {
            let name = locations::relative(root, &path)?;
            Some((depth(root, &project.scope, &path), root.clone(), name))
        });
        let (_, root, name) = holding.max()?;
        if self.projects.get(&root)?.stale {
            self.examine(&root);
        }
        let file = self.projects.get(&root)?.found.as_ref()?.examination.files.find(&name)?;
        Some((root, file))
    }
}

fn understood<P: DeserializeOwned>(params: Json) -> Result<P, (ErrorCode, String)> {
    serde_json::from_value(params).map_err(|error| (ErrorCode::InvalidParams, error.to_string()))
}
