//! Packages the project asks for, in every notation that Python has for it.

pub(super) mod installs;
pub(super) mod lists;
mod specifier;
pub(super) mod tables;
