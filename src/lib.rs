//! farrier reads how a Python web service is started and what the service does, says what is
//! wrong, what the numbers should be and why, and rewrites the file on request.
//!
//! The library promises no stable interface yet.

pub mod findings;
#[cfg(unix)]
pub mod measure;
pub mod python;
pub mod read;
pub mod source;
pub mod values;
