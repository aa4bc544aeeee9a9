//! What `farrier show` says about Granian's settings is what Granian itself makes of the same words and variables.
//!
//! Granian's own command reads every case of `tests/granian_settings/*.toml`, up to the first worker.

mod support;

use support::differential::Comparison;

#[test]
fn every_setting_is_what_granian_makes_of_it() {
    let comparison = Comparison {
        server: "granian",
        distribution: "granian",
        newest: "2.8.7",
        older: &[],
        least: 40,
        app: "async def app(scope, receive, send): pass\n",
        apart: &[],
    };
    comparison.run("granian_settings");
}
