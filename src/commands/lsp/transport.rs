//! Messages in and out: framed by their length, whatever else stands between them.
//!
//! Decides what is a message and how a broken one is answered. Nothing that a client sends ends the server but the end
//! of its input: what cannot be read is answered as such, and the next message counts again.

use std::io::{self, BufRead, Read as _, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use lsp_server::{ErrorCode, Message, RequestId, Response};
use lsp_types::notification::Notification;
use lsp_types::request::Request;
use serde::Serialize;
use serde_json::{Value as Json, json};

/// Longer than any line of a header, in bytes.
const LONGEST_LINE: u64 = 8 << 10;
/// Longer than any message about a text that is read, in bytes: what is opened comes whole, and escaped.
const LONGEST: u64 = 64 << 20;

/// What came in.
pub(super) enum Received {
    Message(Message),
    /// What is no message, with the answer to it.
    Broken(ErrorCode, String),
}

/// Reads the next message; `None` where the input ends.
pub(super) fn read(input: &mut impl BufRead) -> io::Result<Option<Received>> {
    let mut length: Option<u64> = None;
    loop {
        let mut line = Vec::new();
        if input.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        let line = String::from_utf8_lossy(&line).to_ascii_lowercase();
        if let Some((_, value)) = line.rsplit_once("content-length:") {
            length = value.trim().parse().ok();
            if length.is_none() {
                return Ok(Some(broken("the length of a message is no number")));
            }
        }
        if line.trim().is_empty() && length.is_some() {
            break;
        }
    }
    let length = length.unwrap_or_default();
    if length > LONGEST {
        io::copy(&mut input.by_ref().take(length), &mut io::sink())?;
        return Ok(Some(broken("the message is longer than any that is read")));
    }
    let mut text = Vec::new();
    input.by_ref().take(length).read_to_end(&mut text)?;
    if (text.len() as u64) < length {
        return Ok(None);
    }
    let value: Json = match serde_json::from_slice(&text) {
        Ok(value) => value,
        Err(error) => return Ok(Some(broken(&format!("the message is no JSON: {error}")))),
    };
    Ok(Some(match serde_json::from_value(value) {
        Ok(message) => Received::Message(message),
        Err(_) => Received::Broken(ErrorCode::InvalidRequest, "this is no message of the protocol".to_owned()),
    }))
}

fn broken(why: &str) -> Received {
    Received::Broken(ErrorCode::ParseError, why.to_owned())
}

/// The other side; messages to it are written whole, from any thread.
#[derive(Clone, Default)]
pub(super) struct Client {
    writing: Arc<Mutex<()>>,
    /// It has said that it wants no more than answers.
    leaving: Arc<AtomicBool>,
}

impl Client {
    /// Answers a request.
    pub(super) fn answer(&self, id: RequestId, result: impl Serialize) {
        match serde_json::to_value(result) {
            Ok(result) => self.write(&Message::Response(Response { id, response_result: Ok(result) })),
            Err(error) => self.refuse(id, ErrorCode::InternalError, error.to_string()),
        }
    }

    /// Answers a request that cannot be carried out.
    pub(super) fn refuse(&self, id: RequestId, code: ErrorCode, why: impl Into<String>) {
        self.write(&Message::Response(Response::new_err(id, code as i32, why.into())));
    }

    /// Answers what names no request.
    pub(super) fn refuse_unnamed(&self, code: ErrorCode, why: &str) {
        let answer = json!({ "jsonrpc": "2.0", "id": null, "error": { "code": code as i32, "message": why } });
        let text = answer.to_string();
        self.frame(|out| write!(out, "Content-Length: {}\r\n\r\n{text}", text.len()));
    }

    /// Tells it something.
    pub(super) fn tell<N: Notification>(&self, params: N::Params) {
        if let Ok(params) = serde_json::to_value(params)
            && !self.leaving.load(Ordering::Relaxed)
        {
            self.write(&Message::Notification(lsp_server::Notification { method: N::METHOD.to_owned(), params }));
        }
    }

    /// Asks it for something whose answer does not matter.
    pub(super) fn ask<R: Request>(&self, id: &str, params: R::Params) {
        if let Ok(params) = serde_json::to_value(params) {
            let id = RequestId::from(id.to_owned());
            self.write(&Message::Request(lsp_server::Request { id, method: R::METHOD.to_owned(), params }));
        }
    }

    /// Says nothing more unasked.
    pub(super) fn leave(&self) {
        self.leaving.store(true, Ordering::Relaxed);
    }

    fn write(&self, message: &Message) {
        self.frame(|out| message.write(out));
    }

    /// Writes one message. Where nobody reads any more, the input ends as well, which ends the server.
    fn frame(&self, write: impl FnOnce(&mut io::Stdout) -> io::Result<()>) {
        let _turn = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut out = io::stdout();
        let _ = write(&mut out).and_then(|()| out.flush());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_broken_is_told_and_the_next_message_counts() {
        let good = r#"{"jsonrpc":"2.0","method":"exit"}"#;
        let frame = |text: &str| format!("Content-Length: {}\r\n\r\n{text}", text.len());
        let input = [
            "garbage\r\n\r\nContent-Type: x\r\n".to_owned(),
            frame("{"),
            frame("[1]"),
            "content-length: many\r\n\r\n".to_owned(),
            format!("more garbage {}", frame(good)),
            "Content-Length: 99\r\n\r\nshort".to_owned(),
        ];
        let mut input = io::Cursor::new(input.concat());
        let mut seen = Vec::new();
        while let Some(received) = read(&mut input).unwrap() {
            seen.push(match received {
                Received::Message(Message::Notification(told)) => told.method,
                Received::Message(other) => panic!("{other:?}"),
                Received::Broken(code, _) => format!("{}", code as i32),
            });
        }
        assert_eq!(seen, ["-32700", "-32600", "-32700", "exit"]);
    }
}
