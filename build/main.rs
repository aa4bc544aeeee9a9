//! Compiles `rules/` in: a card that is malformed fails the build, with its file and line.

#![allow(
    clippy::print_stdout,
    clippy::exit,
    reason = "a build script speaks to cargo through its output and its status"
)]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, process};

mod asked;
mod card;
mod message;

#[path = "../src/python/catalogue/schema.rs"]
#[allow(dead_code, unreachable_pub, reason = "the build only checks what the library reads")]
mod call_schema;
#[path = "../src/read/images/schema.rs"]
#[allow(dead_code, unreachable_pub, reason = "the build only checks what the library reads")]
mod image_schema;
#[path = "../src/read/platforms/schema.rs"]
#[allow(dead_code, unreachable_pub, reason = "the build only checks what the library reads")]
mod platform_schema;
#[path = "../src/servers/schema.rs"]
#[allow(dead_code, unreachable_pub, reason = "the build only checks what the library reads")]
mod server_schema;

fn main() {
    let schemas = [
        "src/rules",
        "src/advice/around.rs",
        "src/python/catalogue/schema.rs",
        "src/servers/schema.rs",
        "src/read/platforms/schema.rs",
        "src/read/images/schema.rs",
    ];
    for input in ["build", "rules"].into_iter().chain(schemas) {
        println!("cargo::rerun-if-changed={input}");
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    let mut mistakes = Vec::new();
    write(&out.join("cards.rs"), &cards(&mut mistakes));
    let (python, rust) = calls(&mut mistakes);
    write(&out.join("calls.postcard"), &python);
    write(&out.join("rust_calls.postcard"), &rust);
    write(&out.join("messages.rs"), &messages(&mut mistakes));
    let settings = servers(&mut mistakes);
    write(&out.join("asked.rs"), &asked::by_setting(&card_names(), &settings));
    let platforms =
        tables::<platform_schema::Platform>("rules/platforms", platform_schema::Platform::check, &mut mistakes);
    write(&out.join("platforms.postcard"), &platforms);
    let images = tables::<image_schema::Image>("rules/images", image_schema::Image::check, &mut mistakes);
    write(&out.join("images.postcard"), &images);
    let shells = tables::<image_schema::Shell>("rules/shells", image_schema::Shell::check, &mut mistakes);
    write(&out.join("shells.postcard"), &shells);
    if !mistakes.is_empty() {
        for mistake in mistakes {
            println!("cargo::error={mistake}");
        }
        process::exit(1);
    }
}

fn write(path: &Path, content: &(impl AsRef<[u8]> + ?Sized)) {
    if let Err(error) = fs::write(path, content) {
        println!("cargo::error={}: {error}", path.display());
        process::exit(1);
    }
}

/// All cards as one Rust expression of type `&[Card]`, sorted by path.
fn cards(mistakes: &mut Vec<String>) -> String {
    let mut code = String::from("&[\n");
    for path in toml_files(Path::new("rules/checks")) {
        match read::<card::Card>(&path).and_then(|card| card.check(&path).map(|()| card)) {
            Ok(card) => {
                let _ = writeln!(code, "{},", card.as_rust(&path));
            }
            Err(mistake) => mistakes.push(mistake),
        }
    }
    code.push_str("]\n");
    code
}

/// The catalogues of blocking calls, that of Python and that of Rust, in a form that is read in a tenth of the time
/// that their texts take.
fn calls(mistakes: &mut Vec<String>) -> (Vec<u8>, Vec<u8>) {
    let (mut python, mut rust) = (Vec::new(), Vec::new());
    for path in toml_files(Path::new("rules/calls")) {
        let checked = read::<call_schema::Catalogue>(&path).and_then(|calls| {
            calls.check().map_err(|what| format!("{}:1: {what}", path.display()))?;
            Ok(calls.library)
        });
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let all = if name.starts_with("rust-") { &mut rust } else { &mut python };
        match checked {
            Ok(libraries) => all.extend(libraries),
            Err(mistake) => mistakes.push(mistake),
        }
    }
    let mut written = |library| {
        let written = postcard::to_allocvec(&call_schema::Catalogue { library });
        written.map_err(|error| mistakes.push(format!("rules/calls: {error}"))).unwrap_or_default()
    };
    (written(python), written(rust))
}

/// The names of all cards, which are those of their files.
fn card_names() -> Vec<String> {
    let stem = |path: &PathBuf| path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    toml_files(Path::new("rules/checks")).iter().filter_map(stem).collect()
}

/// All log lines as one Rust expression of type `&[Message]`, sorted by path.
fn messages(mistakes: &mut Vec<String>) -> String {
    let rules = card_names();
    let mut code = String::from("&[\n");
    for path in toml_files(Path::new("rules/messages")) {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let checked = read::<message::Message>(&path).and_then(|message| {
            message.check(&stem, &rules).map_err(|what| format!("{}:1: {what}", path.display()))?;
            Ok(message)
        });
        match checked {
            Ok(message) => {
                let _ = writeln!(code, "{},", message.as_rust());
            }
            Err(mistake) => mistakes.push(mistake),
        }
    }
    code.push_str("]\n");
    code
}

/// The tables of servers are compiled in as they are; here they are only checked. The names of all settings.
fn servers(mistakes: &mut Vec<String>) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for path in toml_files(Path::new("rules/servers")) {
        match read::<server_schema::Server>(&path) {
            Ok(table) => {
                mistakes.extend(table.check().err().map(|what| format!("{}:1: {what}", path.display())));
                names.extend(table.settings.into_iter().map(|setting| setting.name));
            }
            Err(mistake) => mistakes.push(mistake),
        }
    }
    names
}

/// The tables below `folder`, sorted by path, in the form that `calls` has; what `check` says is wrong with one of them
/// goes to `mistakes`.
fn tables<T: serde::de::DeserializeOwned + serde::Serialize>(
    folder: &str,
    check: fn(&T) -> Result<(), String>,
    mistakes: &mut Vec<String>,
) -> Vec<u8> {
    let mut all = Vec::new();
    for path in toml_files(Path::new(folder)) {
        let checked = read::<T>(&path)
            .and_then(|table| check(&table).map(|()| table).map_err(|what| format!("{}:1: {what}", path.display())));
        match checked {
            Ok(table) => all.push(table),
            Err(mistake) => mistakes.push(mistake),
        }
    }
    postcard::to_allocvec(&all).map_err(|error| mistakes.push(format!("{folder}: {error}"))).unwrap_or_default()
}

fn read<T: serde::de::DeserializeOwned>(path: &Path) -> Result<T, String> {
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    toml::from_str(&text).map_err(|error| {
        let line = error.span().map_or(1, |span| text[..span.start].matches('\n').count() + 1);
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
            } else if path.extension().is_some_and(|extension| extension == "toml") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}
