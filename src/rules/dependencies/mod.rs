//! Packages that a server needs or should leave.

mod deprecated_uvicorn_workers;

use super::prelude;

pub(super) const RULES: &[prelude::Rule] = &[deprecated_uvicorn_workers::RULE];
