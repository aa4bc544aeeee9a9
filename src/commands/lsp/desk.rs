//! The thread that does the work: it owns the texts and the projects, examines what changed, and tells the editor.
//!
//! Decides when a project is examined. What is typed counts once nobody types for a moment; what is opened or saved counts at
//! once; a question waits for an examination of what the text says now.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use farrier::discover;
use lsp_server::{ErrorCode, Notification, Request, RequestId};
use lsp_types::notification::{
    DidChangeTextDocument, DidChangeWatchedFiles, DidChangeWorkspaceFolders, DidCloseTextDocument, DidOpenTextDocument,
    DidSaveTextDocument, Initialized, Notification as _, PublishDiagnostics, ShowMessage,
};
use lsp_types::request::RegisterCapability;
use lsp_types::{
    DidChangeTextDocumentParams, DidChangeWatchedFilesParams, DidChangeWorkspaceFoldersParams,
    DidCloseTextDocumentParams, DidOpenTextDocumentParams, DidSaveTextDocumentParams, MessageType,
    PublishDiagnosticsParams, ShowMessageParams, Uri,
};
use serde::de::DeserializeOwned;

use super::diagnostics::{self, Writer};
use super::documents::Documents;
use super::editor::{Editor, Introduction};
use super::locations;
use super::pages::{Pages, Shelf};
use super::project::{self, Project, Told, Trouble};
use super::scope::{Scope, is_told_here, lies, root_of_file};
use super::transport::Client;
use super::watched;

/// How long nobody types before what is typed counts.
const PAUSE: Duration = Duration::from_millis(200);

/// What came in for this thread.
pub(super) enum Event {
    Request(Request),
    Notification(Notification),
}

/// Requests that are not answered yet, and whether they still matter.
#[derive(Clone, Default)]
pub(super) struct Pending {
    open: Arc<Mutex<BTreeMap<RequestId, bool>>>,
}

impl Pending {
    pub(super) fn add(&self, id: &RequestId) {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone(), true);
    }

    /// Nobody waits for it any more; what is not open is none of anybody's concern.
    pub(super) fn cancel(&self, id: &RequestId) {
        if let Some(matters) = self.open.lock().unwrap_or_else(PoisonError::into_inner).get_mut(id) {
            *matters = false;
        }
    }

    /// Takes it off the list; whether it still matters.
    fn take(&self, id: &RequestId) -> bool {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).remove(id).unwrap_or(false)
    }
}

pub(super) struct Desk {
    pub(super) client: Client,
    pending: Pending,
    pub(super) editor: Editor,
    config: Vec<String>,
    isolated: bool,
    folders: Vec<PathBuf>,
    pub(super) documents: Documents,
    /// By their roots.
    pub(super) projects: BTreeMap<PathBuf, Project>,
    pages: Pages,
    /// How often something was examined.
    runs: u64,
    /// When what is typed counts.
    due: Option<Instant>,
    /// What was shown as a message; nobody wants to read it twice in a row.
    shown: BTreeMap<PathBuf, String>,
}

impl Desk {
    pub(super) fn new(
        client: Client,
        pending: Pending,
        editor: Editor,
        (config, isolated): (Vec<String>, bool),
        shelf: Shelf,
        said: &Introduction,
    ) -> Self {
        let several = said.workspace_folders.iter().flatten().filter_map(|folder| locations::path_of(&folder.uri));
        let mut folders: Vec<PathBuf> = several.collect();
        if folders.is_empty() {
            folders.extend(said.root_uri.as_ref().and_then(locations::path_of));
        }
        Self {
            client,
            pending,
            editor,
            config,
            isolated,
            folders,
            documents: Documents::default(),
            projects: BTreeMap::new(),
            pages: Pages::on(shelf),
            runs: 0,
            due: None,
            shown: BTreeMap::new(),
        }
    }

    /// Works until the editor leaves.
    pub(super) fn work(mut self, events: &Receiver<Event>) {
        loop {
            let event = match self.due {
                None => events.recv().map_err(|_| RecvTimeoutError::Disconnected),
                Some(due) => events.recv_timeout(due.saturating_duration_since(Instant::now())),
            };
            match event {
                Ok(event) => self.take(event),
                Err(RecvTimeoutError::Timeout) => self.examine_all(),
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn take(&mut self, event: Event) {
        match event {
            Event::Notification(told) => {
                let what = told.method.clone();
                let taken = catch_unwind(AssertUnwindSafe(|| self.notification(told)));
                if let Err(panic) = taken {
                    self.show(
                        Path::new(&what),
                        &format!("`{what}` failed, please report it: {}", project::said(&*panic)),
                    );
                }
            }
            Event::Request(request) => {
                if !self.pending.take(&request.id) {
                    return self.client.refuse(request.id, ErrorCode::RequestCanceled, "nobody waits for it any more");
                }
                let id = request.id.clone();
                if let Err(panic) = catch_unwind(AssertUnwindSafe(|| self.request(request))) {
                    let why = format!("it failed, please report it: {}", project::said(&*panic));
                    self.client.refuse(id, ErrorCode::InternalError, why);
                }
            }
        }
    }

    fn notification(&mut self, told: Notification) {
        match told.method.as_str() {
            Initialized::METHOD => {
                if self.editor.watches {
                    // Files change that nobody has opened.
                    self.client.ask::<RegisterCapability>("farrier-watch", watched::registration());
                }
                self.settle();
                self.examine_all();
            }
            DidOpenTextDocument::METHOD => {
                let Some(params) = read::<DidOpenTextDocumentParams>(told) else { return };
                let Some(path) = self.documents.open(params.text_document).map(|document| document.path.clone()) else {
                    return;
                };
                self.settle();
                self.changed(&path);
                self.soon(Duration::ZERO);
            }
            DidChangeTextDocument::METHOD => {
                let Some(params) = read::<DidChangeTextDocumentParams>(told) else { return };
                let (uri, version) = (params.text_document.uri, params.text_document.version);
                let changed = self.documents.change(&uri, version, params.content_changes, self.editor.encoding);
                let Some(path) = changed.map(|document| document.path.clone()) else { return };
                self.changed(&path);
                self.soon(PAUSE);
            }
            DidSaveTextDocument::METHOD => {
                let Some(params) = read::<DidSaveTextDocumentParams>(told) else { return };
                let Some(path) = locations::path_of(&params.text_document.uri) else { return };
                self.settle();
                self.changed(&path);
                self.soon(Duration::ZERO);
            }
            DidCloseTextDocument::METHOD => {
                let Some(params) = read::<DidCloseTextDocumentParams>(told) else { return };
                let Some(document) = self.documents.close(&params.text_document.uri) else { return };
                self.settle();
                self.changed(&document.path);
                self.soon(Duration::ZERO);
            }
            DidChangeWatchedFiles::METHOD => {
                let Some(params) = read::<DidChangeWatchedFilesParams>(told) else { return };
                let paths: Vec<PathBuf> =
                    params.changes.iter().filter_map(|change| locations::path_of(&change.uri)).collect();
                let mut any = false;
                for path in paths.iter().filter(|path| watched::matters(path)) {
                    // What an editor holds counts more than what is on disk, and comes by itself.
                    any |= self.changed(path);
                }
                if any {
                    self.settle();
                    self.soon(PAUSE);
                }
            }
            DidChangeWorkspaceFolders::METHOD => {
                let Some(params) = read::<DidChangeWorkspaceFoldersParams>(told) else { return };
                let gone: Vec<PathBuf> =
                    params.event.removed.iter().filter_map(|folder| locations::path_of(&folder.uri)).collect();
                self.folders.retain(|folder| !gone.contains(folder));
                self.folders.extend(params.event.added.iter().filter_map(|folder| locations::path_of(&folder.uri)));
                self.settle();
                self.soon(Duration::ZERO);
            }
            _ => {}
        }
    }

    /// Finds out which projects there are: those of the folders, and those of files that lie in none of them.
    fn settle(&mut self) {
        let mut wanted: BTreeMap<PathBuf, Scope> = BTreeMap::new();
        let mut enter = |root: PathBuf, path: &Path| {
            let name = locations::relative(&root, path).unwrap_or_default();
            wanted.entry(root).or_default().insert(name);
        };
        let mut troubles = Vec::new();
        for folder in &self.folders {
            match discover::root_of(folder) {
                Ok(root) => enter(root, folder),
                Err(error) => troubles.push((folder.clone(), error.to_string())),
            }
        }
        for document in self.documents.iter().filter(|one| !self.folders.iter().any(|folder| lies(&one.path, folder))) {
            if let Some(root) = root_of_file(&document.path) {
                enter(root, &document.path);
            }
        }
        for (folder, trouble) in troubles {
            self.show(&folder, &trouble);
        }
        let gone: Vec<PathBuf> = self.projects.keys().filter(|root| !wanted.contains_key(*root)).cloned().collect();
        for root in gone {
            let told = self.projects.remove(&root).map(|project| project.told).unwrap_or_default();
            for told in told.into_values() {
                self.publish(told.uri, None, Vec::new());
            }
        }
        for (root, scope) in wanted {
            let project = self.projects.entry(root).or_insert_with(|| Project { stale: true, ..Project::default() });
            project.stale |= project.scope != scope;
            project.scope = scope;
        }
    }

    /// Takes down that a file is not what it was; whether that matters to a project.
    fn changed(&mut self, path: &Path) -> bool {
        let mut any = false;
        for (root, project) in &mut self.projects {
            if locations::relative(root, path).is_some() {
                project.stale = true;
                any = true;
            }
        }
        any
    }

    fn soon(&mut self, pause: Duration) {
        self.due = Some(Instant::now() + pause);
    }

    fn examine_all(&mut self) {
        self.due = None;
        let stale: Vec<PathBuf> =
            self.projects.iter().filter(|(_, project)| project.stale).map(|(root, _)| root.clone()).collect();
        for root in stale {
            self.examine(&root);
        }
    }

    pub(super) fn examine(&mut self, root: &Path) {
        let Some(mut project) = self.projects.remove(root) else { return };
        project.stale = false;
        let answer = project::run(root, &self.config, self.isolated, &self.documents.below(root));
        let mut now: BTreeMap<String, Told> = BTreeMap::new();
        match answer {
            Ok(mut found) => {
                self.runs += 1;
                found.run = self.runs;
                self.shown.remove(root);
                project.found = Some(found);
                self.write(root, &project, &mut now);
                self.tell(&mut project, now);
            }
            Err(Trouble::Settings(error)) => {
                project.found = None;
                let (path, text) = (error.path.clone(), error.to_string());
                let name = locations::relative(root, &path).unwrap_or_default();
                let diagnostic = diagnostics::of_settings(&error, &self.editor);
                match self.address(root, &name).filter(|_| !name.is_empty()) {
                    Some(uri) => {
                        let version = self.documents.at(root, &name).map(|document| document.version);
                        now.insert(uri.as_str().to_owned(), Told { uri, version, diagnostics: vec![diagnostic] });
                    }
                    None => self.show(root, &format!("{}: {text}", path.display())),
                }
                self.tell(&mut project, now);
            }
            // What was told before is the best there is.
            Err(Trouble::Other(text)) => {
                project.found = None;
                self.show(root, &text);
            }
        }
        self.projects.insert(root.to_path_buf(), project);
    }

    /// Writes down what is to be told about each file.
    fn write(&mut self, root: &Path, project: &Project, now: &mut BTreeMap<String, Told>) {
        let Some(found) = &project.found else { return };
        let files = &found.examination.files;
        let documents = &self.documents;
        let uri = |path: &str| address(documents, root, path);
        let mut writer = Writer { files, editor: &self.editor, pages: &mut self.pages, uri: &uri };
        let others: Vec<(&PathBuf, &Project)> = self.projects.iter().collect();
        for finding in found.findings.iter().filter(|finding| project.concerns(finding, &found.examination)) {
            for (file, diagnostic) in writer.all(finding) {
                let path = files.get(file).path();
                let Some(uri) = uri(path).filter(|_| is_told_here(root, project, path, &others)) else { continue };
                let version = documents.at(root, path).map(|document| document.version);
                let told = now.entry(uri.as_str().to_owned());
                told.or_insert(Told { uri, version, diagnostics: Vec::new() }).diagnostics.push(diagnostic);
            }
        }
    }

    /// Tells the editor what is new, and what is gone.
    fn tell(&self, project: &mut Project, now: BTreeMap<String, Told>) {
        for (key, told) in &project.told {
            if !now.contains_key(key) && !told.diagnostics.is_empty() {
                let version = self.documents.get(&told.uri).map(|document| document.version);
                self.publish(told.uri.clone(), version, Vec::new());
            }
        }
        for (key, told) in &now {
            if project.told.get(key) != Some(told) {
                self.publish(told.uri.clone(), told.version, told.diagnostics.clone());
            }
        }
        project.told = now;
    }

    fn publish(&self, uri: Uri, version: Option<i32>, diagnostics: Vec<lsp_types::Diagnostic>) {
        self.client.tell::<PublishDiagnostics>(PublishDiagnosticsParams { uri, diagnostics, version });
    }

    fn address(&self, root: &Path, path: &str) -> Option<Uri> {
        address(&self.documents, root, path)
    }

    /// Shows a message about a project, unless it is the one that was shown last.
    fn show(&mut self, about: &Path, text: &str) {
        let before = self.shown.insert(about.to_path_buf(), text.to_owned());
        if before.as_deref() != Some(text) {
            self.client.tell::<ShowMessage>(ShowMessageParams {
                typ: MessageType::ERROR,
                message: format!("farrier: {text}"),
            });
        }
    }
}

/// The address of a file: the one that it was opened with, where it is open.
pub(super) fn address(documents: &Documents, root: &Path, path: &str) -> Option<Uri> {
    match documents.at(root, path) {
        Some(document) => Some(document.uri.clone()),
        None => locations::uri_of(&root.join(path)),
    }
}

fn read<P: DeserializeOwned>(told: Notification) -> Option<P> {
    serde_json::from_value(told.params).ok()
}
