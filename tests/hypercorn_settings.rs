//! What `farrier show` says about Hypercorn's settings is what Hypercorn itself makes of the same words and files.
//!
//! Hypercorn's own command reads every case of `tests/hypercorn_settings/*.toml`, up to the first process.

mod support;

use support::differential::Comparison;

#[test]
fn every_setting_is_what_hypercorn_makes_of_it() {
    let comparison = Comparison {
        server: "hypercorn",
        distribution: "hypercorn",
        newest: "0.18.0",
        older: &["0.17.3"],
        least: 60,
        app: "async def app(scope, receive, send): pass\n",
        // Options that are no attributes of the configuration that comes out.
        apart: &["config", "cert_reqs"],
    };
    comparison.run("hypercorn_settings");
}
