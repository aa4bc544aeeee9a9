//! What the user states about production in the settings, which no file of the project shows.
//!
//! Advice asks for one that decides, and a rule that needs one is silent without it.

use crate::sizing::Known;

/// Facts that the settings state; durations in seconds.
#[derive(Debug, Clone, Default)]
pub struct Stated {
    /// From the signal to stop to the kill.
    pub kill_after: Option<Known<f64>>,
    /// From the start of a worker until it takes requests.
    pub boot_time: Option<Known<f64>>,
    /// How many copies of the service run.
    pub replicas: Option<Known<u32>>,
    /// For how long the proxy keeps an idle connection to the service.
    pub idle_timeout: Option<Known<f64>>,
    /// When the proxy gives up on a request.
    pub request_timeout: Option<Known<f64>>,
    /// Whether the proxy takes requests and answers in before it passes them on.
    pub buffers: Option<Known<bool>>,
    /// Idle connections that the proxy may keep to one copy of the service.
    pub proxy_connections: Option<Known<u32>>,
    /// Connections that the server of the database allows.
    pub database_connections: Option<Known<u32>>,
    /// How many of them are for others.
    pub reserved_connections: Option<Known<u32>>,
    /// Whether a pooler stands in front of the database.
    pub pooler: Option<Known<bool>>,
    /// Requests a second, to all copies together.
    pub request_rate: Option<Known<f64>>,
    /// What the longest request may take.
    pub longest_request: Option<Known<f64>>,
    /// Within what 99 of 100 requests are to be answered.
    pub latency: Option<Known<f64>>,
}
