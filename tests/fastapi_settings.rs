//! What `farrier show` says about `fastapi run` is what fastapi-cli hands to Uvicorn, and what Uvicorn makes of it.

mod support;

use support::differential::Comparison;

#[test]
fn every_setting_is_what_fastapi_and_uvicorn_make_of_it() {
    let comparison = Comparison {
        server: "fastapi",
        distribution: "uvicorn",
        newest: "0.54.0",
        older: &[],
        least: 30,
        app: "absent",
        // It hands over what it sets; the rest keeps the defaults that the comparison with Uvicorn covers.
        apart: &[
            "access_log",
            "app_dir",
            "backlog",
            "date_header",
            "env_file",
            "factory",
            "fd",
            "h11_max_incomplete_event_size",
            "headers",
            "http",
            "http2",
            "interface",
            "lifespan",
            "limit_concurrency",
            "limit_max_requests",
            "limit_max_requests_jitter",
            "log_config",
            "log_level",
            "loop",
            "reload_delay",
            "reload_dirs",
            "reload_excludes",
            "reload_includes",
            "reset_contextvars",
            "server_header",
            "ssl_ca_certs",
            "ssl_cert_reqs",
            "ssl_certfile",
            "ssl_ciphers",
            "ssl_keyfile",
            "ssl_keyfile_password",
            "ssl_version",
            "timeout_graceful_shutdown",
            "timeout_keep_alive",
            "timeout_worker_healthcheck",
            "uds",
            "use_colors",
            "ws",
            "ws_max_queue",
            "ws_max_size",
            "ws_per_message_deflate",
            "ws_ping_interval",
            "ws_ping_timeout",
        ],
    };
    comparison.run("fastapi_settings");
}
