//! Questions about a place of a text, and their answers.
//!
//! Decides which project and which file a question is about, and that it is answered from what the text says now.

use std::path::PathBuf;

use farrier::source::{FileId, Span};
use lsp_server::{ErrorCode, Request};
use lsp_types::request::{CodeActionRequest, CodeActionResolveRequest, HoverRequest, Request as _};
use lsp_types::{
    CodeAction, CodeActionParams, Hover, HoverContents, HoverParams, MarkupContent, MarkupKind,
    TextDocumentPositionParams, Uri,
};
use serde::de::DeserializeOwned;
use serde_json::{Value as Json, json};

use super::actions::{self, Chosen};
use super::changes::Bench;
use super::desk::Desk;
use super::scope::depth;
use super::{hover, locations};

impl Desk {
    pub(super) fn request(&mut self, request: Request) {
        let Request { id, method, params } = request;
        let answer = match method.as_str() {
            HoverRequest::METHOD => understood::<HoverParams>(params).map(|params| json!(self.hover(&params))),
            CodeActionRequest::METHOD => {
                understood::<CodeActionParams>(params).map(|params| json!(self.actions(&params)))
            }
            CodeActionResolveRequest::METHOD => {
                understood::<CodeAction>(params).and_then(|action| self.resolved(action)).map(|action| json!(action))
            }
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

    fn actions(&mut self, params: &CodeActionParams) -> Vec<CodeAction> {
        let uri = &params.text_document.uri;
        self.at_bench(uri, |mut bench| {
            let source = bench.found.examination.files.get(bench.file);
            let at = |position| bench.editor.encoding.offset(source, position);
            let span = Span::new(at(params.range.start), at(params.range.end));
            actions::offered(&mut bench, uri, span, &params.context)
        })
        .unwrap_or_default()
    }

    /// The action with its edit, which nobody has asked for before.
    fn resolved(&mut self, action: CodeAction) -> Result<CodeAction, (ErrorCode, String)> {
        let Chosen { uri, run, change } = understood(action.data.clone().unwrap_or_default())?;
        let gone = || (ErrorCode::ContentModified, "the project is not what it was when this was offered".to_owned());
        let made = self.at_bench(&uri, |mut bench| {
            if bench.found.run != run {
                return Err(gone());
            }
            bench.made(change).map_err(|why| (ErrorCode::RequestFailed, format!("it cannot be done: {why}")))
        });
        Ok(CodeAction { edit: Some(made.ok_or_else(gone)??), ..action })
    }

    /// Works on the changes of the file that the editor calls `uri`.
    fn at_bench<T>(&mut self, uri: &Uri, work: impl FnOnce(Bench<'_>) -> T) -> Option<T> {
        let (root, file) = self.examined(uri)?;
        let found = self.projects.get_mut(&root)?.found.as_mut()?;
        Some(work(Bench { root: &root, found, documents: &self.documents, editor: &self.editor, file }))
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
