//! What `farrier show` says about Uvicorn's settings is what Uvicorn itself makes of the same words, variables
//! and files.
//!
//! Uvicorn's own command reads every case of `tests/uvicorn_settings/*.toml`, up to its `Config`, in the newest
//! release and in two old ones.

mod support;

use support::differential::Comparison;

#[test]
fn every_setting_is_what_uvicorn_makes_of_it() {
    let comparison = Comparison {
        server: "uvicorn",
        distribution: "uvicorn",
        newest: "0.54.0",
        older: &["0.30.6", "0.20.0"],
        least: 80,
        app: "async def app(scope, receive, send): pass\n",
        apart: &[],
    };
    comparison.run("uvicorn_settings");
}
