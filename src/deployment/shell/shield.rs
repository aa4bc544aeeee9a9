//! Which shell stays between whoever stops a unit and the server that it started.
//!
//! A signal goes to the process that a container, or a manager of processes, started. A shell that waits
//! for a program does not pass it on (dash 0.5.12, bash 5.2 and busybox 1.35 all do not), and as the first process
//! of a container it does not even die of it.

use crate::source::Place;

/// A shell that waits for the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shield {
    /// How the shell comes to wait.
    pub kind: ShieldKind,
    /// The first word of the command that it waits for.
    pub command: Place,
    /// Whether nothing else would run behind it, so that `exec` in front of it changes nothing else.
    pub is_last: bool,
    /// Whether the signal reaches the server all the same: an init passes it to every process, or the script
    /// handles it.
    pub is_passed: bool,
}

/// How a shell comes to wait for a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShieldKind {
    /// The command is all that `sh -c` is given. bash and busybox become the command, dash 0.5.12 does not.
    Alone,
    /// The last of several that `sh -c` is given, with the same difference.
    Last,
    /// The last of several that `bash -c` is given, which bash becomes.
    LastOfBash,
    /// One that others come behind.
    Middle,
    /// A script in a file waits for it, whichever shell runs it.
    Script,
    /// Its output goes into a pipe, which the shell waits for.
    Pipe,
    /// It runs in the background.
    Background {
        /// Whether the shell ends without waiting for it.
        is_left: bool,
    },
}

impl ShieldKind {
    /// Whether some shells become the command instead of waiting for it.
    pub const fn may_give_way(self) -> bool {
        matches!(self, Self::Alone | Self::Last | Self::LastOfBash)
    }
}

/// Where a command stands in the text that a shell runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Position {
    /// Nothing comes behind it.
    Last,
    /// Something does.
    Middle,
    Pipe,
    Background {
        is_left: bool,
    },
}

/// What a shell runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Text {
    /// No shell runs yet.
    None,
    /// `sh -c` with one simple command.
    Alone,
    /// `sh -c` with more.
    Line,
    /// A file.
    Script,
}

impl Position {
    /// How a shell that runs `text` waits for what stands here; `None` where there is no shell.
    pub(super) const fn shields(self, text: Text, is_bash: bool) -> Option<ShieldKind> {
        Some(match (self, text) {
            (_, Text::None) => return None,
            (Self::Pipe, _) => ShieldKind::Pipe,
            (Self::Background { is_left }, _) => ShieldKind::Background { is_left },
            (_, Text::Script) => ShieldKind::Script,
            (Self::Middle, _) => ShieldKind::Middle,
            (Self::Last, Text::Alone) if is_bash => return None,
            (Self::Last, Text::Alone) => ShieldKind::Alone,
            (Self::Last, Text::Line) if is_bash => ShieldKind::LastOfBash,
            (Self::Last, Text::Line) => ShieldKind::Last,
        })
    }
}

/// Whether a signal that `words` get reaches every process below them: `dumb-init` passes it to the group
/// unless it is told not to, `tini` only if it is told to.
pub(super) fn passes_to_group(words: &[Option<String>]) -> bool {
    let base = |word: &str| word.rsplit('/').next().unwrap_or_default().to_owned();
    let Some(at) = words.iter().position(|word| {
        word.as_deref().is_some_and(|word| matches!(base(word).as_str(), "dumb-init" | "tini" | "tini-static"))
    }) else {
        return false;
    };
    let options = words.get(at + 1..).unwrap_or_default().iter().flatten();
    let mut options = options.take_while(|word| word.starts_with('-') && *word != "--");
    let is_dumb = words.get(at).and_then(Option::as_deref).is_some_and(|word| base(word) == "dumb-init");
    let says = |option: &String, letter: char, long: &str| {
        option == long || (option.starts_with('-') && !option.starts_with("--") && option.contains(letter))
    };
    if is_dumb {
        !options.any(|option| says(option, 'c', "--single-child"))
    } else {
        options.any(|option| says(option, 'g', ""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<Option<String>> {
        line.split_whitespace().map(|word| Some(word.to_owned())).collect()
    }

    #[test]
    fn inits_differ_in_whom_they_signal() {
        assert!(passes_to_group(&words("/usr/bin/dumb-init -- ./start.sh")));
        assert!(!passes_to_group(&words("dumb-init -c -- ./start.sh")));
        assert!(!passes_to_group(&words("dumb-init --single-child ./start.sh")));
        assert!(passes_to_group(&words("/sbin/tini -g -- ./start.sh")));
        assert!(!passes_to_group(&words("tini -- ./start.sh -g")));
        assert!(!passes_to_group(&words("./start.sh")));
    }

    #[test]
    fn a_shell_that_becomes_its_command_shields_nothing() {
        assert_eq!(Position::Last.shields(Text::Alone, true), None);
        assert_eq!(Position::Last.shields(Text::Alone, false), Some(ShieldKind::Alone));
        assert_eq!(Position::Last.shields(Text::Line, true), Some(ShieldKind::LastOfBash));
        assert_eq!(Position::Last.shields(Text::Script, true), Some(ShieldKind::Script));
        assert_eq!(Position::Pipe.shields(Text::Alone, true), Some(ShieldKind::Pipe));
        assert_eq!(Position::Middle.shields(Text::None, true), None);
    }
}
