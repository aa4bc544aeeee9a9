//! Rust services: the packages of a workspace, their modules, and what their functions may do when they run.
//!
//! Decides what can be read from the text alone, without expanding macros and without the sources of dependencies.
//! What a dependency's functions do, the catalogue says; what nobody says has no effect.

mod catalogue;
mod comments;
mod handlers;
pub mod effects;
pub mod launches;
pub mod modules;
pub mod names;
pub mod packages;
pub mod syntax;
mod values;

pub use catalogue::Effect;
pub use comments::comments;
pub use modules::Workspace;
