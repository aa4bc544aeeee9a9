//! `farrier lsp`: the language server protocol, version 3.17, on standard input and output.
//!
//! This thread reads messages and keeps to the order of a session; all else happens in another one, which owns the texts
//! and the projects, so that a long analysis keeps nobody from leaving. Nothing of a project is ever run.

mod actions;
mod answers;
mod changes;
mod desk;
mod diagnostics;
mod documents;
mod editor;
mod hover;
mod locations;
mod pages;
mod positions;
mod project;
mod scope;
mod transport;
mod watched;

use std::io;
use std::sync::mpsc::{self, Sender};
use std::thread;

use lsp_server::{ErrorCode, Message, Notification, Request, RequestId};
use lsp_types::notification::{
    Cancel, DidChangeTextDocument, DidChangeWatchedFiles, DidChangeWorkspaceFolders, DidCloseTextDocument,
    DidOpenTextDocument, DidSaveTextDocument, Exit as ExitNotice, Initialized, Notification as _,
};
use lsp_types::request::{
    CodeActionRequest, CodeActionResolveRequest, HoverRequest, Initialize, Request as _, Shutdown,
};
use lsp_types::{
    CodeActionKind, CodeActionOptions, CodeActionProviderCapability, HoverProviderCapability, InitializeResult, OneOf,
    SaveOptions, ServerCapabilities, ServerInfo, TextDocumentSyncCapability, TextDocumentSyncKind,
    TextDocumentSyncOptions, TextDocumentSyncSaveOptions, WorkspaceFoldersServerCapabilities,
    WorkspaceServerCapabilities,
};

use super::{Done, Exit, Failure};
use crate::cli::Cli;
use desk::{Desk, Event, Pending};
use editor::{Editor, Introduction};
use pages::Shelf;
use transport::{Client, Received};

/// What the thread that analyses may put on its stack: trees are followed by recursion.
const STACK: usize = 64 << 20;

/// Requests that the other thread answers.
const ANSWERED: [&str; 3] = [HoverRequest::METHOD, CodeActionRequest::METHOD, CodeActionResolveRequest::METHOD];

/// Notifications that it takes.
const TAKEN: [&str; 7] = [
    Initialized::METHOD,
    DidOpenTextDocument::METHOD,
    DidChangeTextDocument::METHOD,
    DidSaveTextDocument::METHOD,
    DidCloseTextDocument::METHOD,
    DidChangeWatchedFiles::METHOD,
    DidChangeWorkspaceFolders::METHOD,
];

/// How far a session has come.
enum Phase {
    Before,
    Open(Sender<Event>),
    Closed,
}

pub(super) fn run(cli: &Cli) -> Result<Done, Failure> {
    let (client, pending, shelf) = (Client::default(), Pending::default(), Shelf::default());
    let mut session = Session { cli, client, pending, shelf, phase: Phase::Before };
    let mut input = io::stdin().lock();
    let unreadable = |error: io::Error| Failure::Usage(format!("standard input cannot be read: {error}"));
    while let Some(received) = transport::read(&mut input).map_err(unreadable)? {
        match received {
            Received::Broken(code, why) => session.client.refuse_unnamed(code, &why),
            Received::Message(Message::Request(request)) => session.request(request),
            Received::Message(Message::Notification(told)) if told.method == ExitNotice::METHOD => break,
            Received::Message(Message::Notification(told)) => session.notification(told),
            // Nothing is asked whose answer matters.
            Received::Message(Message::Response(_)) => {}
        }
    }
    session.client.leave();
    session.shelf.clear();
    // The protocol has 1 for an end that nobody has announced.
    let exit = if matches!(session.phase, Phase::Closed) { Exit::Clean } else { Exit::ToDo };
    Ok(Done { text: String::new(), exit })
}

struct Session<'c> {
    cli: &'c Cli,
    client: Client,
    pending: Pending,
    shelf: Shelf,
    phase: Phase,
}

impl Session<'_> {
    fn request(&mut self, request: Request) {
        match &self.phase {
            Phase::Before if request.method == Initialize::METHOD => self.open(request),
            Phase::Before => {
                self.client.refuse(request.id, ErrorCode::ServerNotInitialized, "`initialize` comes first");
            }
            Phase::Closed => {
                self.client.refuse(request.id, ErrorCode::InvalidRequest, "nothing comes after `shutdown` but `exit`");
            }
            Phase::Open(_) if request.method == Initialize::METHOD => {
                self.client.refuse(request.id, ErrorCode::InvalidRequest, "`initialize` comes once");
            }
            Phase::Open(_) if request.method == Shutdown::METHOD => {
                self.client.answer(request.id, ());
                self.client.leave();
                self.phase = Phase::Closed;
            }
            Phase::Open(events) if ANSWERED.contains(&request.method.as_str()) => {
                self.pending.add(&request.id);
                let id = request.id.clone();
                if events.send(Event::Request(request)).is_err() {
                    self.client.refuse(id, ErrorCode::InternalError, "the analysis has ended");
                }
            }
            Phase::Open(_) => {
                let why = format!("`{}` is nothing that farrier answers", request.method);
                self.client.refuse(request.id, ErrorCode::MethodNotFound, why);
            }
        }
    }

    fn notification(&mut self, told: Notification) {
        let Phase::Open(events) = &self.phase else { return };
        if told.method == Cancel::METHOD {
            if let Ok(id) = serde_json::from_value::<Cancelled>(told.params) {
                self.pending.cancel(&id.id);
            }
        } else if TAKEN.contains(&told.method.as_str()) {
            let _ = events.send(Event::Notification(told));
        }
    }

    /// Answers `initialize`, and starts the thread that does the work.
    fn open(&mut self, request: Request) {
        let said: Introduction = match serde_json::from_value(request.params) {
            Ok(said) => said,
            Err(error) => return self.client.refuse(request.id, ErrorCode::InvalidParams, error.to_string()),
        };
        let editor = Editor::new(&said.capabilities);
        let answer = InitializeResult {
            capabilities: capabilities(&editor),
            server_info: Some(ServerInfo {
                name: "farrier".to_owned(),
                version: Some(env!("CARGO_PKG_VERSION").to_owned()),
            }),
        };
        let (events, received) = mpsc::channel();
        let typed = (self.cli.config.clone(), self.cli.isolated);
        let desk = Desk::new(self.client.clone(), self.pending.clone(), editor, typed, self.shelf.clone(), &said);
        let started =
            thread::Builder::new().name("analysis".to_owned()).stack_size(STACK).spawn(move || desk.work(&received));
        match started {
            Ok(_) => {
                self.phase = Phase::Open(events);
                self.client.answer(request.id, answer);
            }
            Err(error) => self.client.refuse(request.id, ErrorCode::InternalError, error.to_string()),
        }
    }
}

/// What `$/cancelRequest` names.
#[derive(serde::Deserialize)]
struct Cancelled {
    id: RequestId,
}

fn capabilities(editor: &Editor) -> ServerCapabilities {
    ServerCapabilities {
        position_encoding: Some(editor.encoding.kind()),
        text_document_sync: Some(TextDocumentSyncCapability::Options(TextDocumentSyncOptions {
            open_close: Some(true),
            change: Some(TextDocumentSyncKind::INCREMENTAL),
            save: Some(TextDocumentSyncSaveOptions::SaveOptions(SaveOptions { include_text: Some(false) })),
            ..TextDocumentSyncOptions::default()
        })),
        hover_provider: Some(HoverProviderCapability::Simple(true)),
        code_action_provider: Some(CodeActionProviderCapability::Options(CodeActionOptions {
            code_action_kinds: Some(vec![CodeActionKind::QUICKFIX, actions::FIX_ALL]),
            resolve_provider: Some(editor.resolves),
            ..CodeActionOptions::default()
        })),
        workspace: Some(WorkspaceServerCapabilities {
            workspace_folders: Some(WorkspaceFoldersServerCapabilities {
                supported: Some(true),
                change_notifications: Some(OneOf::Left(true)),
            }),
            ..WorkspaceServerCapabilities::default()
        }),
        ..ServerCapabilities::default()
    }
}
