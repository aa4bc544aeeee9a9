//! An editor: speaks the language server protocol with the built `farrier lsp`, framing its messages by hand.
#![allow(clippy::unwrap_used, reason = "a test fails where it cannot go on")]

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value as Json, json};

/// How long an answer may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Editor {
    child: Child,
    input: Option<ChildStdin>,
    messages: Receiver<Json>,
    /// What has come and was not asked for yet.
    waiting: Vec<Json>,
    next: i32,
    /// The diagnostics of each file, as they were told last.
    pub(crate) diagnostics: BTreeMap<String, Vec<Json>>,
}

/// What an editor of today can do.
pub(crate) fn capabilities() -> Json {
    json!({
        "workspace": {
            "workspaceEdit": { "documentChanges": true },
            "didChangeWatchedFiles": { "dynamicRegistration": true },
        },
        "textDocument": {
            "publishDiagnostics": {
                "relatedInformation": true,
                "tagSupport": { "valueSet": [1, 2] },
                "codeDescriptionSupport": true,
                "versionSupport": true,
            },
            "hover": { "contentFormat": ["markdown", "plaintext"] },
        },
    })
}

/// The address of a file, spelled as plainly as it can be.
pub(crate) fn uri(path: &Path) -> String {
    format!("file://{}", path.display())
}

impl Editor {
    /// Starts the server and says nothing yet.
    pub(crate) fn start() -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_farrier"))
            .args(["lsp", "--stdio"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let (sender, messages) = mpsc::channel();
        thread::spawn(move || {
            loop {
                let mut length = 0;
                loop {
                    let mut line = String::new();
                    if output.read_line(&mut line).unwrap() == 0 {
                        return;
                    }
                    match line.trim_end().split_once(": ") {
                        Some(("Content-Length", value)) => length = value.parse().unwrap(),
                        Some(_) => {}
                        None => break,
                    }
                }
                let mut text = vec![0; length];
                output.read_exact(&mut text).unwrap();
                if sender.send(serde_json::from_slice(&text).unwrap()).is_err() {
                    return;
                }
            }
        });
        let input = child.stdin.take();
        Self { child, input, messages, waiting: Vec::new(), next: 0, diagnostics: BTreeMap::new() }
    }

    /// Starts the server on these folders.
    pub(crate) fn on(folders: &[&Path]) -> Self {
        Self::with(folders, &capabilities())
    }

    pub(crate) fn with(folders: &[&Path], capabilities: &Json) -> Self {
        let mut editor = Self::start();
        let answer = editor.initialize(folders, capabilities);
        assert!(answer["result"]["capabilities"].is_object(), "{answer}");
        editor.tell("initialized", &json!({}));
        editor
    }

    pub(crate) fn initialize(&mut self, folders: &[&Path], capabilities: &Json) -> Json {
        let folders: Vec<Json> = folders.iter().map(|path| json!({ "uri": uri(path), "name": "folder" })).collect();
        let params =
            json!({ "processId": null, "rootUri": null, "capabilities": capabilities, "workspaceFolders": folders });
        self.ask("initialize", &params)
    }

    /// Sends bytes as they are.
    pub(crate) fn raw(&mut self, bytes: &[u8]) {
        let input = self.input.as_mut().unwrap();
        input.write_all(bytes).and_then(|()| input.flush()).unwrap();
    }

    pub(crate) fn send(&mut self, message: &Json) {
        let text = message.to_string();
        self.raw(format!("Content-Length: {}\r\n\r\n{text}", text.len()).as_bytes());
    }

    pub(crate) fn tell(&mut self, method: &str, params: &Json) {
        self.send(&json!({ "jsonrpc": "2.0", "method": method, "params": params }));
    }

    /// Sends a request, and says under which number.
    pub(crate) fn begin(&mut self, method: &str, params: &Json) -> i32 {
        self.next += 1;
        self.send(&json!({ "jsonrpc": "2.0", "id": self.next, "method": method, "params": params }));
        self.next
    }

    /// Sends a request and waits for the answer.
    pub(crate) fn ask(&mut self, method: &str, params: &Json) -> Json {
        let id = self.begin(method, params);
        self.answer(&json!(id))
    }

    /// The answer to a request.
    pub(crate) fn answer(&mut self, id: &Json) -> Json {
        self.until(&|message| message.get("method").is_none() && message["id"] == *id)
    }

    /// The next message that is meant, whatever comes before it.
    pub(crate) fn until(&mut self, meant: &dyn Fn(&Json) -> bool) -> Json {
        if let Some(at) = self.waiting.iter().position(meant) {
            return self.waiting.remove(at);
        }
        let end = Instant::now() + PATIENCE;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let message = self.messages.recv_timeout(left);
            let message = message.unwrap_or_else(|error| panic!("{error}; before that: {:#?}", self.waiting));
            self.note(&message);
            if meant(&message) {
                return message;
            }
            self.waiting.push(message);
        }
    }

    fn note(&mut self, message: &Json) {
        if message["method"] == "textDocument/publishDiagnostics" {
            let told = &message["params"];
            let list = told["diagnostics"].as_array().unwrap().clone();
            self.diagnostics.insert(told["uri"].as_str().unwrap().to_owned(), list);
        }
    }

    /// Waits until what was told about all files together is this: `rule line` of each file, sorted, without those that
    /// have nothing.
    pub(crate) fn expect(&mut self, expected: &[(&str, &[&str])]) {
        let expected: BTreeMap<String, Vec<String>> = expected
            .iter()
            .map(|(uri, all)| ((*uri).to_owned(), all.iter().map(|one| (*one).to_owned()).collect()))
            .collect();
        let end = Instant::now() + PATIENCE;
        while self.summary() != expected {
            match self.messages.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok(message) => {
                    self.note(&message);
                    self.waiting.push(message);
                }
                Err(error) => panic!("{error}: {:#?} instead of {expected:#?}", self.summary()),
            }
        }
    }

    fn summary(&self) -> BTreeMap<String, Vec<String>> {
        let says = |one: &Json| {
            let code = one["code"].as_str().unwrap_or("settings");
            format!("{code} {}", one["range"]["start"]["line"])
        };
        let all = self.diagnostics.iter().filter(|(_, list)| !list.is_empty());
        all.map(|(uri, list)| {
            let mut told: Vec<String> = list.iter().map(says).collect();
            told.sort();
            (uri.clone(), told)
        })
        .collect()
    }

    /// One diagnostic of a file.
    pub(crate) fn diagnostic(&self, uri: &str, rule: &str) -> &Json {
        let all = self.diagnostics.get(uri).map(Vec::as_slice).unwrap_or_default();
        all.iter().find(|one| one["code"] == rule).unwrap_or_else(|| panic!("no {rule} in {all:#?}"))
    }

    pub(crate) fn open(&mut self, uri: &str, version: i32, text: &str) {
        let document = json!({ "uri": uri, "languageId": "text", "version": version, "text": text });
        self.tell("textDocument/didOpen", &json!({ "textDocument": document }));
    }

    /// Puts another text into the place of all of it.
    pub(crate) fn rewrite(&mut self, uri: &str, version: i32, text: &str) {
        self.change(uri, version, &json!([{ "text": text }]));
    }

    pub(crate) fn change(&mut self, uri: &str, version: i32, changes: &Json) {
        let document = json!({ "uri": uri, "version": version });
        self.tell("textDocument/didChange", &json!({ "textDocument": document, "contentChanges": changes }));
    }

    pub(crate) fn close(&mut self, uri: &str) {
        self.tell("textDocument/didClose", &json!({ "textDocument": { "uri": uri } }));
    }

    /// Ends the input, as an editor does that dies.
    pub(crate) fn hang_up(&mut self) {
        self.input = None;
    }

    /// How the server ends, within the time that an editor would wait.
    pub(crate) fn end(mut self) -> ExitStatus {
        let end = Instant::now() + Duration::from_secs(10);
        while Instant::now() < end {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            thread::sleep(Duration::from_millis(10));
        }
        panic!("the server does not end");
    }

    /// Leaves as the protocol has it.
    pub(crate) fn leave(mut self) {
        let answer = self.ask("shutdown", &Json::Null);
        assert_eq!(answer["result"], Json::Null, "{answer}");
        assert!(answer.get("error").is_none(), "{answer}");
        self.tell("exit", &Json::Null);
        assert_eq!(self.end().code(), Some(0));
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
