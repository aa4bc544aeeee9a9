//! Values that Gunicorn takes and refuses.

use super::*;
use crate::servers::{Server, table};

fn gunicorn(setting: &str, value: &Value, version: &str) -> Result<Value, CastError> {
    cast(table(Server::Gunicorn).setting(setting).unwrap(), value, version.parse().unwrap())
}

fn text(text: &str) -> Value {
    Value::Str(text.into())
}

/// Every line was checked with `Config().set(name, value)` of Gunicorn 27.0.1.
#[test]
fn values_pass_or_fail_as_in_gunicorn() {
    let list = |items: &[&str]| Value::List(items.iter().map(|item| self::text(item)).collect());
    let passes = [
        ("workers", text("3"), Value::Int(3)),
        ("workers", text("0x10"), Value::Int(16)),
        ("workers", Value::Bool(true), Value::Int(1)),
        ("workers", Value::Int(0), Value::Int(0)),
        ("preload_app", text(" TRUE "), Value::Bool(true)),
        ("preload_app", Value::None, Value::None),
        ("bind", text("a:1,b:2"), list(&["a:1,b:2"])),
        ("bind", Value::None, list(&[])),
        ("forwarded_allow_ips", text("10.0.0.0/8, ::1,*"), list(&["10.0.0.0/8", "::1", "*"])),
        ("forwarded_allow_ips", text("10.0.0.0/255.0.0.0"), list(&["10.0.0.0/255.0.0.0"])),
        ("forwarded_allow_ips", text("0.0.0.0/0"), list(&["0.0.0.0/0"])),
        ("proxy_protocol", Value::Bool(true), text("auto")),
        ("proxy_protocol", text("0"), text("off")),
        ("http2_cleartext", Value::Bool(true), text("prior-knowledge")),
        ("header_map", Value::None, Value::None),
        ("header_map", text("Drop "), text("drop")),
        ("http_protocols", text("h2, H1"), list(&["h2", "h1"])),
        ("http_protocols", text(""), list(&["h1"])),
        ("user", text("33"), Value::Int(33)),
        ("user", text("www-data"), text("www-data")),
        ("worker_class", text(" gevent "), text("gevent")),
        ("statsd_host", text("unix:/run/statsd"), text("unix:/run/statsd")),
        ("umask", Value::Int(0o22), Value::Int(18)),
    ];
    for (setting, given, held) in passes {
        assert_eq!(gunicorn(setting, &given, "27.0.1"), Ok(held), "{setting} = {given}");
    }
    let fails = [
        ("workers", Value::Float(4.0)),
        ("workers", Value::None),
        ("workers", text("08")),
        ("workers", Value::Int(-1)),
        ("timeout", text("30s")),
        ("preload_app", Value::Int(1)),
        ("preload_app", text("yes")),
        ("bind", Value::Int(8000)),
        ("bind", Value::List(vec![Value::Int(1)])),
        ("loglevel", Value::Int(20)),
        ("forwarded_allow_ips", list(&["*"])),
        ("forwarded_allow_ips", text("10.0.0.1/8")),
        ("forwarded_allow_ips", text("localhost")),
        ("proxy_protocol", text("v3")),
        ("reload_engine", text("Auto")),
        ("reload_engine", Value::None),
        ("http_protocols", text("h1,h1")),
        ("http_protocols", text("h3")),
        ("http2_max_frame_size", Value::Int(100)),
        ("http2_max_concurrent_streams", Value::Int(0)),
        ("on_exit", Value::None),
        ("on_exit", text("hook")),
        ("logconfig_dict", text("{}")),
        ("chdir", Value::None),
        ("statsd_host", text("localhost:port")),
        ("config", Value::Object("decouple.config".into())),
    ];
    for (setting, given) in fails {
        assert!(gunicorn(setting, &given, "27.0.1").is_err(), "{setting} = {given}");
    }
}

#[test]
fn checks_follow_the_version() {
    let anything = text("localhost");
    assert!(gunicorn("forwarded_allow_ips", &anything, "20.1.0").is_ok());
    assert!(gunicorn("forwarded_allow_ips", &anything, "23.0.0").is_err());
    assert!(gunicorn("forwarded_allow_ips", &text("10.0.0.0/8"), "23.0.0").is_err());
    assert!(gunicorn("forwarded_allow_ips", &text("10.0.0.0/8"), "25.0.0").is_ok());
    assert!(gunicorn("proxy_protocol", &text("v1"), "23.0.0").is_err());
    assert!(gunicorn("http_protocols", &text("h3"), "26.0.0").is_ok());
    assert!(gunicorn("statsd_host", &text("localhost"), "20.1.0").is_err());
}

#[test]
fn variables_become_defaults() {
    let default = |setting: &str, given: &str| {
        let gunicorn = table(Server::Gunicorn);
        default_from(gunicorn.setting(setting).unwrap(), given, gunicorn.newest()).ok()
    };
    let list = |item: &str| Some(Value::List(vec![text(item)]));
    assert_eq!(default("workers", " 3 "), Some(Value::Int(3)));
    for wrong in ["", "auto", "0x3", "-1", "2.0"] {
        assert_eq!(default("workers", wrong), None, "{wrong}");
    }
    assert_eq!(default("bind", "80"), list("0.0.0.0:80"));
    assert_eq!(default("forwarded_allow_ips", "*"), list("*"));
    assert_eq!(default("forwarded_allow_ips", "proxy"), None);
    assert_eq!(default("sendfile", "YES"), Some(Value::Bool(true)));
    assert_eq!(default("sendfile", "on"), Some(Value::Bool(false)));
}

#[test]
fn durations_are_seconds() {
    let granian = |given: &str| {
        let setting = table(Server::Granian).setting("workers_lifetime").unwrap();
        cast(setting, &text(given), Version::new(2, 8, 7)).ok()
    };
    assert_eq!(granian("1h30m"), Some(Value::Int(5400)));
    assert_eq!(granian("90"), Some(Value::Int(90)));
    assert_eq!(granian("90s"), Some(Value::Int(90)));
    assert_eq!(granian("1d"), Some(Value::Int(86_400)));
    for wrong in ["59", "1m1h", "1x", "s", "1.5h", "99999999999999999999d"] {
        assert_eq!(granian(wrong), None, "{wrong}");
    }
}
