//! Lines of logs that people search for, and what they mean.
//!
//! The build script turns `rules/messages/*.toml` into [`MESSAGES`]. Decides which message a text shows: by
//! words that the server writes every time, so that process numbers and addresses play no part.

use crate::values::Order as _;
/// A line of a log.
#[derive(Debug)]
pub struct Message {
    /// Its name.
    pub name: &'static str,
    /// Texts, any of which shows it.
    pub texts: &'static [&'static str],
    /// What people call it, which is too short to be looked for in a line.
    pub words: &'static [&'static str],
    /// What happened.
    pub means: &'static str,
    /// Where the text comes from, if no file of a distribution holds it; may be empty.
    pub source: &'static str,
    /// Whether servers write it in good order as well: of a whole log it says nothing.
    pub routine: bool,
    /// The files that hold it.
    pub seen: &'static [Seen],
    /// Why it happens, the likeliest first.
    pub causes: &'static [Cause],
}

/// A file of a distribution that holds the text of a message.
#[derive(Debug)]
pub struct Seen {
    /// The distribution; `python` for the standard library.
    pub distribution: &'static str,
    /// The version that was read, as far as it matters.
    pub version: &'static str,
    /// The file, relative to where distributions are installed.
    pub file: &'static str,
    /// Its text.
    pub text: &'static str,
}

/// Why a line is written.
#[derive(Debug)]
pub struct Cause {
    /// As a sentence.
    pub text: &'static str,
    /// The rules that find it.
    pub rules: &'static [&'static str],
    /// What to do.
    pub advice: &'static str,
}

/// All messages, sorted by name.
pub const MESSAGES: &[Message] = include!(concat!(env!("OUT_DIR"), "/messages.rs"));

/// The messages that a text shows, that with the longest words first.
pub fn shown_by(text: &str) -> Vec<&'static Message> {
    let text = text.to_lowercase();
    let is_called = |message: &&Message| message.words.iter().any(|word| word.to_lowercase() == text.trim());
    let called: Vec<&Message> = MESSAGES.iter().filter(is_called).collect();
    if !called.is_empty() {
        return called;
    }
    let longest = |message: &Message| {
        message.texts.iter().filter(|words| text.contains(&words.to_lowercase())).map(|words| words.len()).max()
    };
    let mut found: Vec<(usize, &Message)> =
        MESSAGES.iter().filter_map(|message| Some((longest(message)?, message))).collect();
    found.order_by_key(|(length, message)| (std::cmp::Reverse(*length), message.name));
    found.into_iter().map(|(_, message)| message).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(text: &str) -> Option<&'static str> {
        shown_by(text).first().map(|message| message.name)
    }

    #[test]
    fn lines_as_servers_write_them_are_known() {
        for (line, name) in [
            ("[2026-01-01 10:00:00 +0000] [1] [CRITICAL] WORKER TIMEOUT (pid:42)", "worker-timeout"),
            ("[ERROR] Worker (pid:42) was sent SIGKILL! Perhaps out of memory?", "sigkill-out-of-memory"),
            ("QueuePool limit of size 5 overflow 10 reached, connection timed out, timeout 30.00", "queue-pool-limit"),
            ("RuntimeError: no running event loop", "no-running-event-loop"),
            ("TypeError: FastAPI.__call__() missing 1 required positional argument: 'send'", "missing-send"),
            ("TypeError: f() missing 1 required positional argument: 'start_response'", "missing-start-response"),
            ("at=error code=H12 desc=\"Request timeout\" method=GET path=\"/\"", "heroku-h12"),
            ("[ERROR] Connection in use: ('0.0.0.0', 8000)", "address-in-use"),
            ("[Errno 98] Address already in use", "address-in-use"),
            ("gunicorn.errors.HaltServer: <HaltServer 'Worker failed to boot.' 3>", "worker-failed-to-boot"),
            ("WARNING:  Invalid HTTP request received.", "invalid-http-request"),
            ("INFO:     Child process [17] died", "child-process-died"),
            ("gunicorn: error: unrecognized arguments: --worker 3", "unrecognized-arguments"),
            ("ModuleNotFoundError: No module named 'main'", "module-not-found"),
            ("RuntimeError: Cannot re-initialize CUDA in forked subprocess. To use CUDA", "cuda-in-forked-worker"),
            ("MonkeyPatchWarning: Monkey-patching ssl after ssl has already been imported", "monkey-patch-warning"),
            ("psycopg.OperationalError: FATAL:  sorry, too many clients already", "too-many-clients"),
            ("FATAL:  remaining connection slots are reserved for roles with SUPERUSER", "too-many-clients"),
            ("Request Line is too large (4970 > 4094)", "request-line-too-large"),
            ("ImportError: Entry point ('gunicorn.workers', 'eventlet') not found", "worker-class-not-found"),
            ("RuntimeError: gevent worker requires gevent 24.10.1 or higher", "worker-package"),
            ("[ERROR] Error handling request (no URI read)", "no-uri-read"),
            ("ssl.SSLError: SSL error: decryption failed or bad record mac", "shared-connection"),
            ("invalid request block size: 21573 (max 4096)...skip", "invalid-request-block-size"),
            ("WARNING:  You must pass the application as an import string to enable 'reload'", "import-string"),
            ("WARNING:  \"workers\" flag is ignored when reloading is enabled.", "workers-flag-ignored"),
            ("web-1 exited with code 137", "killed-137"),
            ("[INFO] Booting worker with pid: 7", "booting-worker"),
            ("502", "bad-gateway"),
            ("HTTP 504", "gateway-timeout"),
            ("H12", "heroku-h12"),
            ("10.0.0.7 - - [01/Jan/2026] \"GET / HTTP/1.1\" 502 157 \"-\"", "bad-gateway"),
            ("upstream request timeout", "gateway-timeout"),
            ("Invalid session p8Xk (further occurrences of this error will be logged)", "invalid-session"),
        ] {
            assert_eq!(first(line), Some(name), "{line}");
        }
    }

    #[test]
    fn other_lines_are_not() {
        for line in ["[INFO] Listening at: http://127.0.0.1:8000 (7)", "GET / 200", ""] {
            assert_eq!(first(line), None, "{line}");
        }
    }
}
