//! What `farrier show` says about Daphne's settings is what Daphne itself makes of the same words.
//!
//! Daphne's own command reads every case of `tests/daphne_settings/*.toml`, up to the server.

mod support;

use support::differential::Comparison;

#[test]
fn every_setting_is_what_daphne_makes_of_it() {
    let comparison = Comparison {
        server: "daphne",
        distribution: "daphne",
        newest: "4.2.3",
        older: &[],
        least: 20,
        app: "async def app(scope, receive, send): pass\n",
        apart: &[],
    };
    comparison.run("daphne_settings");
}
