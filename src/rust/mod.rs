//! Rust services: the packages of a workspace, their modules, and what their functions may do when they run.
//!
//! Decides what can be read from the text alone, without expanding macros and without the sources of dependencies.
//! What a dependency's functions do, the catalogue says; what nobody says has no effect.

mod catalogue;
mod comments;
pub mod effects;
mod handlers;
pub mod launches;
pub mod modules;
pub mod names;
pub mod packages;
pub mod syntax;
mod values;

pub use catalogue::Effect;
pub use comments::comments;
pub use modules::Workspace;

use crate::source::Files;

/// What is known of the Rust of a project.
#[derive(Debug, Default)]
pub struct Project {
    /// Its packages.
    pub workspace: Workspace,
    /// Its programs that serve.
    pub programs: Vec<launches::Program>,
}

impl Project {
    /// Reads it; nothing where there is no `Cargo.toml`.
    pub fn read(files: &Files) -> Self {
        if !files.iter().any(|(_, file)| file.name() == "Cargo.toml") {
            return Self::default();
        }
        let workspace = Workspace::read(files);
        let programs = launches::programs(&workspace);
        Self { workspace, programs }
    }
}
