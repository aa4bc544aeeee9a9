//! What stands in front of a server, for people and for programs.

use std::fmt::Write as _;

use serde::Serialize;

use super::Look;
use super::document::At;
use crate::deployment::Deployment;
use crate::source::{Files, Located};

/// One line for each route, and its settings below.
pub(super) fn text(text: &mut String, files: &Files, deployment: &Deployment, look: Look) {
    for proxy in &deployment.proxies {
        let _ = writeln!(text, "  behind         {}, {}", proxy.program, files.describe(proxy.place));
        let settings = settings(proxy);
        if !settings.is_empty() {
            let line = settings.iter().map(|(name, value)| format!("{name} {value}")).collect::<Vec<_>>().join(", ");
            let _ = writeln!(text, "  {:14} {}", "", look.dim(&line));
        }
    }
}

fn settings(proxy: &crate::deployment::Proxy) -> Vec<(&'static str, String)> {
    fn shown<T: std::fmt::Display>(name: &'static str, value: Option<&Located<T>>) -> Option<(&'static str, String)> {
        value.map(|located| (name, located.value.to_string()))
    }
    let switch = |name: &'static str, value: Option<&Located<bool>>| {
        value.map(|located| (name, if located.value { "on" } else { "off" }.to_owned()))
    };
    [
        shown("keepalive", proxy.keepalive.as_ref()),
        shown("keepalive timeout", proxy.keepalive_timeout.as_ref()),
        shown("connect timeout", proxy.connect_timeout.as_ref()),
        shown("read timeout", proxy.read_timeout.as_ref()),
        shown("send timeout", proxy.send_timeout.as_ref()),
        switch("buffering", proxy.buffering.as_ref()),
        switch("request buffering", proxy.request_buffering.as_ref()),
        shown("largest body", proxy.max_body.as_ref()),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// A route for programs; what the configuration does not set is `null`.
#[derive(Serialize)]
pub(super) struct ProxyDocument<'a> {
    program: &'static str,
    #[serde(flatten)]
    at: At,
    upstreams: Vec<&'a str>,
    keepalive: Option<u32>,
    keepalive_timeout_seconds: Option<f64>,
    http_version: Option<&'a str>,
    connection_header: Option<&'a str>,
    connect_timeout_seconds: Option<f64>,
    read_timeout_seconds: Option<f64>,
    send_timeout_seconds: Option<f64>,
    buffering: Option<bool>,
    request_buffering: Option<bool>,
    max_body_bytes: Option<u64>,
}

/// The routes to a deployment.
pub(super) fn documents<'a>(files: &Files, deployment: &'a Deployment) -> Vec<ProxyDocument<'a>> {
    let proxies = deployment.proxies.iter();
    proxies
        .map(|proxy| ProxyDocument {
            program: proxy.program,
            at: At::new(files, proxy.place),
            upstreams: proxy.upstreams.iter().map(|upstream| upstream.value.as_str()).collect(),
            keepalive: proxy.keepalive.as_ref().map(|value| value.value),
            keepalive_timeout_seconds: proxy.keepalive_timeout.as_ref().map(|value| value.value.0),
            http_version: proxy.http_version.as_ref().map(|value| value.value.as_str()),
            connection_header: proxy.connection.as_ref().map(|value| value.value.as_str()),
            connect_timeout_seconds: proxy.connect_timeout.as_ref().map(|value| value.value.0),
            read_timeout_seconds: proxy.read_timeout.as_ref().map(|value| value.value.0),
            send_timeout_seconds: proxy.send_timeout.as_ref().map(|value| value.value.0),
            buffering: proxy.buffering.as_ref().map(|value| value.value),
            request_buffering: proxy.request_buffering.as_ref().map(|value| value.value),
            max_body_bytes: proxy.max_body.as_ref().map(|value| value.value.0),
        })
        .collect()
}
