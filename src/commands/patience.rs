//! A sign of life while a large project is read: one line on the terminal, there after a second and gone when there is
//! something to read.

use std::io::{IsTerminal as _, stderr};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use farrier::request::Request;
use farrier::{Examination, discover, examine};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// How long nobody wonders.
const PATIENCE: Duration = Duration::from_secs(1);
const TICK: Duration = Duration::from_millis(100);

/// What is found in a project, with the sign while it is looked for.
pub(super) fn examined(request: &Request) -> Result<Examination, discover::Error> {
    with_sign(request, || examine(request))
}

/// Does `work` on a project with the sign.
pub(super) fn with_sign<T>(request: &Request, work: impl FnOnce() -> T) -> T {
    if !is_shown() {
        return work();
    }
    let message = format!("reading {}", request.root.display());
    let (done, ended) = channel();
    thread::scope(|scope| {
        scope.spawn(move || sign(&ended, message));
        let outcome = work();
        drop(done);
        outcome
    })
}

/// Whether somebody sits before a terminal that can go back to the beginning of a line: any other would get hundreds.
pub(super) fn is_shown() -> bool {
    stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|name| name != "dumb")
}

/// Shows `message` from a second after now until the other end of `ended` is gone.
fn sign(ended: &Receiver<()>, message: String) {
    if ended.recv_timeout(PATIENCE) != Err(RecvTimeoutError::Timeout) {
        return;
    }
    let line = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()).with_elapsed(PATIENCE);
    if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg} {elapsed}") {
        line.set_style(style);
    }
    line.set_message(message);
    line.enable_steady_tick(TICK);
    // Nothing is ever sent: it ends where the work does.
    let _ = ended.recv();
    line.finish_and_clear();
}
