//! Files that change on disk while the editor runs.
//!
//! Decides which of them matter: what has a reader, and what decides what is read.

use std::path::Path;

use farrier::discover::Guess;
use lsp_types::notification::{DidChangeWatchedFiles, Notification as _};
use lsp_types::{
    DidChangeWatchedFilesRegistrationOptions, FileSystemWatcher, GlobPattern, Registration, RegistrationParams,
};

/// The names that most of them have.
const WATCHED: [&str; 3] = [
    "**/*.{py,toml,yaml,yml,json,sh,conf,cfg,ini,env,service,txt,lock,xml,tf,tpl,timer,mk}",
    "**/{*Dockerfile*,*dockerfile*,*Containerfile*,Procfile*,Makefile,GNUmakefile,makefile,justfile,Caddyfile,Pipfile,.env*}",
    "**/{.gitignore,.ignore,.farrierignore,.dockerignore}",
];

/// Files that are about farrier, or about what it reads.
const OWN: [&str; 4] = [".gitignore", ".ignore", ".farrierignore", "farrier-baseline.json"];

/// Folders of other people's code, and of git's own business.
const FOREIGN: [&str; 4] = ["node_modules", "__pycache__", "site-packages", ".git"];

/// Asks to be told about them.
pub(super) fn registration() -> RegistrationParams {
    let watcher =
        |pattern: &str| FileSystemWatcher { glob_pattern: GlobPattern::String(pattern.to_owned()), kind: None };
    let options =
        DidChangeWatchedFilesRegistrationOptions { watchers: WATCHED.iter().map(|one| watcher(one)).collect() };
    let registration = Registration {
        id: "farrier-watched-files".to_owned(),
        method: DidChangeWatchedFiles::METHOD.to_owned(),
        register_options: serde_json::to_value(options).ok(),
    };
    RegistrationParams { registrations: vec![registration] }
}

/// Whether anything reads such a file.
pub(super) fn matters(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let is_foreign = path.iter().any(|part| FOREIGN.iter().any(|name| part == *name));
    let named = || Guess::of(&path.to_string_lossy().replace('\\', "/")).is_some();
    !is_foreign && (OWN.contains(&&*name) || named())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_read_matters() {
        for (path, is) in [
            ("/a/gunicorn.conf.py", true),
            ("/a/.gitignore", true),
            ("/a/farrier-baseline.json", true),
            ("/a/farrier.toml", true),
            ("/a/node_modules/x/setup.py", false),
            ("/a/.git/config", false),
            ("/a/picture.png", false),
        ] {
            assert_eq!(matters(Path::new(path)), is, "{path}");
        }
    }
}
