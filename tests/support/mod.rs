//! What several test binaries need: a real Python environment, the built command, and the fixtures.
#![allow(dead_code, reason = "each test binary uses a part of it")]

pub(crate) mod asgi;
#[cfg(target_os = "linux")]
pub(crate) mod bench;
pub(crate) mod chart;
pub(crate) mod command;
pub(crate) mod corpus;
pub(crate) mod differential;
pub(crate) mod editor;
#[cfg(target_os = "linux")]
pub(crate) mod ground;
pub(crate) mod labelled;
pub(crate) mod python;
pub(crate) mod sides;
pub(crate) mod written;
