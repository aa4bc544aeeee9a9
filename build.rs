//! Compiles `rules/` in: a card that is malformed fails the build, with its file and line.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, process};

#[path = "src/rules/schema.rs"]
mod card_schema;

fn main() {
    println!("cargo::rerun-if-changed=rules");
    println!("cargo::rerun-if-changed=src/rules/schema.rs");
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    let mut mistakes = Vec::new();
    let cards = cards(&mut mistakes);
    write(&out.join("cards.rs"), &cards);
    if !mistakes.is_empty() {
        for mistake in mistakes {
            println!("cargo::error={mistake}");
        }
        process::exit(1);
    }
}

fn write(path: &Path, text: &str) {
    if let Err(error) = fs::write(path, text) {
        println!("cargo::error={}: {error}", path.display());
        process::exit(1);
    }
}

/// All cards as one Rust expression of type `&[Card]`, sorted by path.
fn cards(mistakes: &mut Vec<String>) -> String {
    let mut code = String::from("&[\n");
    for path in toml_files(Path::new("rules/checks")) {
        match read::<card_schema::Card>(&path).and_then(|card| card.check(&path).map(|()| card)) {
            Ok(card) => {
                let _ = writeln!(code, "{},", card.as_rust(&path));
            }
            Err(mistake) => mistakes.push(mistake),
        }
    }
    code.push_str("]\n");
    code
}

fn read<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, String> {
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    toml::from_str(&text).map_err(|error| {
        let line = error
            .span()
            .map_or(1, |span| text[..span.start].matches('\n').count() + 1);
        format!("{}:{line}: {}", path.display(), error.message())
    })
}

fn toml_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path
                .extension()
                .is_some_and(|extension| extension == "toml")
            {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}
