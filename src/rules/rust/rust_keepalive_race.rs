//! Fires when a server in Rust closes idle connections before the proxy that holds them does.

use super::prelude::*;
use crate::rules::timeouts::closes_before_proxy;

pub(super) const RULE: Rule = rule!("rust-keepalive-race", Shape::AnyServer(check));

fn check(service: &Service, context: &Context, out: &mut Findings) {
    if service.deployment.native.is_some() {
        closes_before_proxy(service, context, out);
    }
}
