//! Packages the project asks for, in every notation that Python has for it.

pub(super) mod installs;
mod specifier;
