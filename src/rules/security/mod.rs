//! Settings that let somebody in, or believe what a client says about itself.

mod bind_exposed;
mod debug_exposed;
mod header_drop_upgrade;
mod lenient_http_parsing;
mod proxy_not_trusted;
mod proxy_protocol_open;
mod request_limits_off;
mod run_as_root;
mod trust_all_forwarders;
mod vulnerable_server_version;

use super::prelude;

pub(super) const RULES: &[prelude::Rule] = &[
    bind_exposed::RULE,
    debug_exposed::RULE,
    debug_exposed::APP,
    debug_exposed::SERVERS,
    header_drop_upgrade::RULE,
    lenient_http_parsing::RULE,
    proxy_not_trusted::RULE,
    proxy_protocol_open::RULE,
    request_limits_off::RULE,
    run_as_root::RULE,
    trust_all_forwarders::RULE,
    vulnerable_server_version::RULE,
];
