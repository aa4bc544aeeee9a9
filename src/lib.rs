//! farrier reads how a Python web service is started and what the service does, says what is
//! wrong, what the numbers should be and why, and rewrites the file on request.
//!
//! The library promises no stable interface yet.

pub mod advice;
pub mod app;
pub mod deployment;
pub mod discover;
pub mod findings;
pub mod host;
pub mod python;
pub mod read;
pub mod rules;
pub mod servers;
pub mod settings;
pub mod sizing;
pub mod source;
pub mod values;
