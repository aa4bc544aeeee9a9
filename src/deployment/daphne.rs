//! What is peculiar to how Daphne is configured (4.2.3).

use super::effective::{Candidate, Effective, Resolved, Settings};
use crate::source::{Located, Place};
use crate::values::Value;

/// The host and the port have defaults only where nothing else says where to listen, or one of them is given.
pub(super) fn adjust(settings: &mut Settings) {
    let set = |name: &str| settings.get(name).is_some_and(Effective::is_set);
    let elsewhere = ["unix_socket", "file_descriptor", "socket_strings"].into_iter().any(set);
    if elsewhere && !set("host") && !set("port") {
        for name in ["host", "port"] {
            let nothing = Resolved::Known(Value::None);
            settings.change_default(name, |default| Candidate { value: nothing, ..default.clone() });
        }
    }
}

/// What `CommandLineInterface.run` refuses after it has read its options.
pub(super) fn at_start(settings: &Settings, command: Place) -> Vec<Located<String>> {
    let proxied = settings.get("proxy_headers").and_then(Effective::value) == Some(&Value::Bool(false));
    let needs = |name: &str| {
        let given = settings.get(name).filter(|setting| setting.is_set() && setting.text() != Some(""));
        given.filter(|_| proxied).map(|given| {
            Located::new(format!("`{name}`: it needs `--proxy-headers`"), given.place().unwrap_or(command))
        })
    };
    ["proxy_headers_host", "proxy_headers_port"].into_iter().filter_map(needs).collect()
}
