//! Commands in the forms that formats have for them.
//!
//! Decides who sees the words of a command: `["sh", "-c", "gunicorn -w $N"]` is written as a list and
//! run by a shell, so it comes out as what the shell runs.

use crate::source::{FileId, Place, Word};

use super::decoded::Decoded;
use super::expansion::Dialect;
use super::shell_words::{self, Lexed};
use super::{Command, FilledBy, Form, shell_commands};

/// A shell inside a shell inside a shell is as deep as anybody goes.
const MAX_SHELLS: usize = 4;

/// More than a kernel takes as one argument: `MAX_ARG_STRLEN` of Linux is 128 KiB.
const MAX_LENGTH: usize = 128 << 10;

/// A command line that a shell runs; `None` for one that no kernel takes.
pub(super) fn shell(text: &Decoded, place: Place) -> Option<Command> {
    shell_of("/bin/sh", text, place)
}

/// The same for the shell at `path`.
pub(super) fn shell_of(path: &str, text: &Decoded, place: Place) -> Option<Command> {
    if text.text().len() > MAX_LENGTH {
        return None;
    }
    let simple = unwrap_all(shell_commands::commands(text, place.file)?, place.file, 0)?;
    let mut words: Vec<Lexed> = [path, "-c"].into_iter().map(|word| implied(word, place)).collect();
    let word = Word::literal(text.text(), place, place);
    words.push(Lexed { word, content: text.clone(), has_quotes: true });
    Some(Command { form: Form::Shell, filled_by: FilledBy::Shell, simple, words, place })
}

/// A list of words, from a format in which variables mean nothing or are compose's.
pub(super) fn exec(words: Vec<Lexed>, dialect: Dialect, place: Place) -> Option<Command> {
    let all = words.clone();
    let plain = match dialect {
        Dialect::Compose => FilledBy::Compose,
        Dialect::Kubernetes => FilledBy::Kubernetes,
        _ => FilledBy::Nobody,
    };
    let Some(at) = script_position(&words) else {
        let simple = if words.is_empty() { Vec::new() } else { vec![bare(words)] };
        return Some(Command { form: Form::Exec, filled_by: plain, simple, words: all, place });
    };
    let simple = unwrap_shell(words, at, place.file, 0)?;
    Some(Command { form: Form::Exec, filled_by: plain, simple, words: all, place })
}

/// A string that compose splits into words before it starts anything.
pub(super) fn compose_string(text: &Decoded, place: Place) -> Option<Command> {
    exec(shell_words::split(text, place.file)?, Dialect::Compose, place)
}

/// A word that a format puts in front of what is written.
fn implied(text: &str, place: Place) -> Lexed {
    let mut content = Decoded::default();
    content.push_escaped(text, place.span);
    Lexed { word: Word::literal(text, place, place), content, has_quotes: false }
}

fn bare(words: Vec<Lexed>) -> Vec<Word> {
    words.into_iter().map(|lexed| lexed.word).collect()
}

fn unwrap_all(commands: Vec<Vec<Lexed>>, file: FileId, depth: usize) -> Option<Vec<Vec<Word>>> {
    let mut simple = Vec::new();
    for words in commands {
        match script_position(&words).filter(|_| depth < MAX_SHELLS) {
            Some(at) => simple.extend(unwrap_shell(words, at, file, depth)?),
            None => simple.push(bare(words)),
        }
    }
    Some(simple)
}

/// What stands in front of the shell (`tini --`) stays a command of its own, then come the commands of
/// the script at word `at`.
fn unwrap_shell(words: Vec<Lexed>, at: usize, file: FileId, depth: usize) -> Option<Vec<Vec<Word>>> {
    let shell = shell_position(&words).unwrap_or(0);
    let mut simple = Vec::new();
    if let Some(script) = words.get(at) {
        simple = unwrap_all(shell_commands::commands(&script.content, file)?, file, depth + 1)?;
    }
    let front: Vec<Lexed> = words.into_iter().take(shell).collect();
    if !front.is_empty() {
        simple.insert(0, bare(front));
    }
    Some(simple)
}

fn shell_position(words: &[Lexed]) -> Option<usize> {
    words.iter().position(|lexed| {
        let name = lexed.content.text();
        matches!(name.rsplit('/').next(), Some("sh" | "bash" | "dash" | "ash" | "zsh"))
    })
}

/// Which word is the script of `sh -c`.
fn script_position(words: &[Lexed]) -> Option<usize> {
    let shell = shell_position(words)?;
    let mut at = shell + 1;
    loop {
        let option = words.get(at)?.content.text();
        at += 1;
        let letters = option.strip_prefix('-')?;
        if letters.starts_with('-') {
            continue;
        }
        // `-o pipefail` takes a word of its own.
        if letters.ends_with('o') {
            at += 1;
        }
        if letters.contains('c') {
            break;
        }
    }
    // `bash -c -e script` keeps its options before the script.
    while words.get(at)?.content.text().starts_with('-') {
        at += 1;
    }
    Some(at)
}
