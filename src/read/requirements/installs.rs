//! Packages that a `RUN` line installs by name.

use crate::source::FileId;

use super::super::decoded::Decoded;
use super::super::{Requirement, shell_commands};
use super::specifier;

/// Options of pip and uv whose value is a word of its own, and no package.
const WITH_VALUE: [&str; 18] = [
    "-r",
    "--requirement",
    "-c",
    "--constraint",
    "-e",
    "--editable",
    "-i",
    "--index-url",
    "--extra-index-url",
    "-f",
    "--find-links",
    "-t",
    "--target",
    "--prefix",
    "--root",
    "--python",
    "-p",
    "--trusted-host",
];

/// The requirements of `pip install gunicorn==20.1.0` and its relatives, where `variable` tells what a variable holds
/// before the line runs.
pub(in super::super) fn requirements(
    text: &Decoded,
    file: FileId,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Vec<Requirement> {
    let mentions = ["pip", "uv ", "poetry "].iter().any(|word| text.text().contains(word));
    // A line that installs nothing is not worth splitting.
    let Some(commands) = mentions.then(|| shell_commands::commands(text, file)).flatten() else {
        return Vec::new();
    };
    // What the line sets itself is not what it was before.
    let is_set =
        |name: &str| text.text().contains(&format!("{name}=")) || text.text().contains(&format!("read {name}"));
    let variable = |name: &str| if is_set(name) { None } else { variable(name) };
    let mut found = Vec::new();
    for command in commands {
        let words: Vec<Option<String>> = command.iter().map(|lexed| lexed.word.resolve(&variable)).collect();
        let plain: Vec<&str> = words.iter().map(|word| word.as_deref().unwrap_or("$")).collect();
        let Some(mut at) = arguments(&plain) else {
            continue;
        };
        while let Some(&word) = plain.get(at) {
            if WITH_VALUE.contains(&word) {
                at += 1;
            } else if !word.starts_with('-')
                && !word.contains(['/', '$'])
                && let Some(lexed) = command.get(at)
            {
                found.extend(specifier::parse(word, lexed.word.place));
            }
            at += 1;
        }
    }
    found
}

/// Where the arguments of an installing command begin.
fn arguments(words: &[&str]) -> Option<usize> {
    let is_tool = |word: &str| {
        let name = word.rsplit('/').next().unwrap_or(word);
        name.starts_with("pip") && name[3..].chars().all(|c| c.is_ascii_digit() || c == '.' || c == 'x')
            || matches!(name, "pipenv" | "uv" | "poetry")
    };
    let tool = words.iter().position(|word| is_tool(word))?;
    let verb = words.iter().skip(tool).position(|&word| matches!(word, "install" | "add"))?;
    Some(tool + verb + 1)
}
