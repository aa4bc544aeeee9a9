//! Joins `rules/calls/*.toml` into one file and fails the build where one is malformed.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs};

#[path = "src/python/catalogue/schema.rs"]
#[allow(dead_code, reason = "the build only checks what the library reads")]
mod schema;

fn main() {
    println!("cargo::rerun-if-changed=rules/calls");
    println!("cargo::rerun-if-changed=src/python/catalogue/schema.rs");
    if let Err(message) = calls(Path::new("rules/calls")) {
        println!("cargo::error={message}");
    }
}

fn calls(folder: &Path) -> Result<(), String> {
    let listing = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut paths: Vec<_> = listing.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "toml")
    });
    paths.sort();
    let mut all = String::new();
    for path in paths {
        let text =
            fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let read: schema::Catalogue =
            toml::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
        read.check()
            .map_err(|what| format!("{}: {what}", path.display()))?;
        let _ = writeln!(all, "{text}");
    }
    let out = env::var("OUT_DIR").map_err(|error| error.to_string())?;
    fs::write(Path::new(&out).join("calls.toml"), all).map_err(|error| error.to_string())
}
