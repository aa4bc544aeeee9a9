//! `check --watch`: the same again whenever a file changes.
//!
//! Looks at the files that a walk finds, twice a second, instead of being told by the system: that works on shared folders and
//! in containers alike, and folders that are left out cost nothing. Files outside of the project, such as settings that
//! `extend` names, are not looked at.

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, SystemTime};

use farrier::discover::{self, Options};

use super::{Done, Exit, Failure, root};

const EVERY: Duration = Duration::from_millis(500);
/// A file is emptied, then filled; a checkout writes many.
const SETTLED: Duration = Duration::from_millis(50);
/// How often it is looked whether all is written, for what is written without an end.
const LOOKS: usize = 20;
/// What decides what is read and shown, and is not read as a part of the service.
const BESIDE: [&str; 4] = [".gitignore", ".ignore", ".farrierignore", "farrier-baseline.json"];
/// Clears a terminal and goes to its upper left corner.
const CLEAR: &str = "\u{1b}[2J\u{1b}[H";

/// When each file was written, and how long it is.
type State = Vec<(String, Option<(SystemTime, u64)>)>;

/// Runs, prints, and begins anew when a file of the project around `paths` has changed; ends when nobody reads what is
/// printed, or when the project is gone.
pub(super) fn again(paths: &[PathBuf], run: impl Fn() -> Result<Done, Failure>) -> Result<Done, Failure> {
    let root = root(paths)?;
    loop {
        // Taken before the run, so that what changes meanwhile is not missed.
        let before = state(&root)?;
        // Settings that are half written are told, and waited out.
        let text = run().map_or_else(|failure| format!("{failure:#}\n"), |done| done.text);
        let mut out = std::io::stdout();
        let clear = if out.is_terminal() { CLEAR } else { "" };
        let files = before.iter().filter(|(_, known)| known.is_some()).count();
        let waits = format!("waiting for changes in {files} files; Ctrl-C ends\n");
        let printed = out.write_all([clear, &text, &waits].concat().as_bytes()).and_then(|()| out.flush());
        if printed.is_err() {
            return Ok(Done { text: String::new(), exit: Exit::Clean });
        }
        while state(&root)? == before {
            sleep(EVERY);
        }
        settle(&root)?;
    }
}

/// Waits until nothing is written any more.
fn settle(root: &Path) -> Result<(), Failure> {
    let mut seen = state(root)?;
    for _ in 0..LOOKS {
        sleep(SETTLED);
        let now = state(root)?;
        if now == seen {
            break;
        }
        seen = now;
    }
    Ok(())
}

fn state(root: &Path) -> Result<State, Failure> {
    let found = discover::discover(root, &[], &Options::default())?;
    let beside = BESIDE.iter().map(|name| (*name).to_owned());
    let looked_at = found.files.into_iter().map(|file| file.path).chain(beside);
    let of = |path: String| {
        let known = root.join(&path).metadata().ok();
        let known = known.and_then(|metadata| Some((metadata.modified().ok()?, metadata.len())));
        (path, known)
    };
    Ok(looked_at.map(of).collect())
}
