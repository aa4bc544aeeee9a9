//! Programs that load a file of variables for the program that they start.

use super::Shell;
use super::program::base;
use super::state::State;

/// The files of variables that the programs among some words load.
#[derive(Default)]
struct Loaded {
    /// In the order in which they are read.
    files: Vec<String>,
    /// Whether they count more than what is set already.
    overrides: bool,
    /// Whether a file that is not in the project may be one that is not there.
    optional: bool,
}

impl Shell<'_> {
    /// Adds to what a program sees what the programs in front of it load for it.
    pub(super) fn load_variables(&mut self, words: &[Option<String>], child: &mut State) {
        let Some(loaded) = uv(words, child).or_else(|| dotenv(words)) else { return };
        for path in loaded.files {
            let file = self.file(&path, child);
            let variables = file.and_then(|file| self.surroundings.facts.environments.get(&file));
            let Some(variables) = variables else {
                if !loaded.optional {
                    child.expect_others();
                }
                continue;
            };
            let mut environment = child.environment();
            let mut more = environment.clone();
            more.extend(variables, &|_| None);
            if loaded.overrides {
                environment = more;
            } else {
                environment.take_over(more, |_| true);
            }
            child.see(&environment);
        }
    }
}

/// `uv run` (uv 0.13.9): the last file wins, and what is set already counts more, so that it is read first.
fn uv(words: &[Option<String>], state: &State) -> Option<Loaded> {
    let text = |at: usize| words.get(at).and_then(Option::as_deref);
    let at = (0..words.len()).find(|&at| text(at).is_some_and(|word| base(word) == "uv"))?;
    let runs = words.iter().skip(at).any(|word| word.as_deref() == Some("run"));
    if !runs || words.iter().flatten().any(|word| word == "--no-env-file") {
        return None;
    }
    let mut files: Vec<String> = (0..words.len())
        .filter_map(|at| match text(at)? {
            "--env-file" => text(at + 1).map(str::to_owned),
            word => word.strip_prefix("--env-file=").map(str::to_owned),
        })
        .collect();
    if files.is_empty() {
        let named = super::known(state, "UV_ENV_FILE").unwrap_or_default();
        files = named.split_whitespace().map(str::to_owned).collect();
    }
    files.reverse();
    Some(Loaded { files, ..Loaded::default() })
}

/// `dotenv -f FILE run` (python-dotenv 1.2.4): one file, `.env` unless another one is named, which counts more than
/// what is set unless it is told not to.
fn dotenv(words: &[Option<String>]) -> Option<Loaded> {
    let text = |at: usize| words.get(at).and_then(Option::as_deref);
    let at = (0..words.len()).find(|&at| text(at).is_some_and(|word| base(word) == "dotenv"))?;
    let mut named = None;
    let mut at = at + 1;
    loop {
        match text(at)? {
            "-f" | "--file" => {
                named = Some(text(at + 1)?);
                at += 2;
            }
            "-q" | "--quote" | "-e" | "--export" => at += 2,
            "run" => break,
            word if word.starts_with("--file=") => {
                named = word.strip_prefix("--file=");
                at += 1;
            }
            word if word.starts_with('-') => at += 1,
            _ => return None,
        }
    }
    let overrides = text(at + 1) != Some("--no-override");
    let files = vec![named.unwrap_or(".env").to_owned()];
    Some(Loaded { files, overrides, optional: named.is_none() })
}
