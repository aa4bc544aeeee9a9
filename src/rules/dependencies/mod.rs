//! Packages that a server needs or should leave.

mod deprecated_image;
mod deprecated_uvicorn_workers;
mod missing_accelerators;
mod worker_package_missing;
mod worker_package_too_old;

use super::prelude;
pub(super) use worker_package_too_old::bump;

pub(super) const RULES: &[prelude::Rule] = &[
    deprecated_image::RULE,
    deprecated_uvicorn_workers::RULE,
    missing_accelerators::RULE,
    worker_package_missing::RULE,
    worker_package_too_old::RULE,
];
