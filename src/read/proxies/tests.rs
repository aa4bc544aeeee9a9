//! What each reader makes of its format.

use super::super::{Facts, Proxy, all};
use crate::source::{FileKind, Files};

fn read(texts: &[(&str, &str)], kind: FileKind) -> (Files, Facts) {
    let mut files = Files::new();
    let kinds = texts.iter().map(|(path, text)| (files.add(*path, *text), kind)).collect();
    let facts = all(&files, &kinds);
    (files, facts)
}

fn nginx(text: &str) -> (Files, Vec<Proxy>) {
    let (files, facts) = read(&[("nginx.conf", text)], FileKind::Nginx);
    (files, facts.proxies)
}

fn upstreams(proxy: &Proxy) -> Vec<&str> {
    proxy.upstreams.iter().map(|upstream| upstream.value.as_str()).collect()
}

#[test]
fn settings_come_down_from_http_to_location() {
    let (files, routes) = nginx(
        "http {\n  proxy_read_timeout 75s;\n  proxy_set_header Connection \"\";\n  client_max_body_size 10m;\n\
         upstream app { server web:8000 weight=2; server unix:/run/b.sock; server c:1 down; keepalive 16; keepalive_timeout 1m; }\n\
         server {\n location / { proxy_pass http://app/x; proxy_http_version 1.1; proxy_buffering off; }\n\
         location /api { proxy_set_header Host $host; proxy_read_timeout 5m; proxy_pass http://127.0.0.1:8001; } }\n}\n",
    );
    assert_eq!(routes.len(), 2);
    let first = &routes[0];
    assert_eq!(upstreams(first), ["web:8000", "unix:/run/b.sock"]);
    assert_eq!(first.keepalive.as_ref().unwrap().value, 16);
    assert_eq!(first.keepalive_timeout.as_ref().unwrap().value.to_string(), "60 s");
    assert_eq!(first.read_timeout.as_ref().unwrap().value.to_string(), "75 s");
    assert_eq!(files.text_at(first.read_timeout.as_ref().unwrap().place), "75s");
    assert_eq!(first.connection.as_ref().unwrap().value, "");
    assert_eq!(first.buffering.as_ref().map(|buffering| buffering.value), Some(false));
    assert_eq!(first.max_body.as_ref().unwrap().value, crate::values::Bytes::mib(10));
    let second = &routes[1];
    assert_eq!(upstreams(second), ["127.0.0.1:8001"]);
    assert_eq!(files.text_at(second.upstreams[0].place), "127.0.0.1:8001");
    assert_eq!(second.read_timeout.as_ref().unwrap().value.to_string(), "300 s");
    assert!(second.connection.is_none(), "a level that sets a header inherits none");
}

#[test]
fn targets_in_every_spelling() {
    for (target, expected) in [
        ("proxy_pass http://unix:/run/app.sock:/x", vec!["unix:/run/app.sock"]),
        ("proxy_pass http://web", vec!["web"]),
        ("set $up web:8000; proxy_pass http://$up", vec!["web:8000"]),
        ("proxy_pass http://${HOST}:8000", vec![]),
        ("proxy_pass http://{{ host }}:8000", vec![]),
        ("proxy_pass $target", vec![]),
        ("proxy_pass \"http://web:8000/\"", vec!["web:8000"]),
        ("uwsgi_pass unix:///run/app.sock", vec!["unix:///run/app.sock"]),
        ("include uwsgi_params; uwsgi_pass app:3031", vec!["app:3031"]),
    ] {
        let (files, routes) = nginx(&format!("server {{ location / {{ {target}; }} }}\n"));
        assert_eq!(routes.len(), 1, "{target}");
        assert_eq!(upstreams(&routes[0]), expected, "{target}");
        for upstream in &routes[0].upstreams {
            assert_eq!(files.text_at(upstream.place), upstream.value);
        }
    }
}

#[test]
fn included_files_stand_where_they_are_included() {
    let texts = [
        ("nginx/nginx.conf", "http { proxy_read_timeout 9s; include /etc/nginx/conf.d/*.conf; }\n"),
        (
            "nginx/conf.d/app.conf",
            "upstream app { server web:8000; }\nserver { location / { include proxy.inc; proxy_pass http://app; } }\n",
        ),
        ("nginx/conf.d/proxy.inc", "proxy_connect_timeout 3s;\n"),
        ("nginx/conf.d/self.conf", "include self.conf; include *.conf;\n"),
    ];
    let (_, facts) = read(&texts, FileKind::Nginx);
    assert!(!facts.proxies.is_empty());
    let route = &facts.proxies[0];
    assert_eq!(upstreams(route), ["web:8000"]);
    assert_eq!(route.read_timeout.as_ref().unwrap().value.to_string(), "9 s");
    assert_eq!(route.connect_timeout.as_ref().unwrap().value.to_string(), "3 s");
}

#[test]
fn templates_are_read_as_far_as_they_go() {
    let (_, routes) = nginx(
        "{% if x %}\nserver {\n  client_max_body_size {{ size }};\n  location / {\n    proxy_pass http://app:${PORT};\n    proxy_read_timeout ${T}s;\n  }\n}\n{% endif %}\n",
    );
    assert_eq!(routes.len(), 1);
    assert!(routes[0].upstreams.is_empty() && routes[0].read_timeout.is_none() && routes[0].max_body.is_none());
}

#[test]
fn routes_of_caddy() {
    let text = "(common) {\n  request_body {\n    max_size 10MB\n  }\n}\nexample.com {\n  import common\n  # api\n  handle /api/* {\n    reverse_proxy @x http://api:8000 unix//run/b.sock {\n      flush_interval -1\n      transport http {\n        read_timeout 1m30s\n        dial_timeout 2s\n        keepalive 30s\n        keepalive_idle_conns 8\n      }\n    }\n  }\n  reverse_proxy {$UP:web:9000}\n}\n:80 {\n  reverse_proxy {\n    to c:1\n  }\n}\n";
    let (files, facts) = read(&[("Caddyfile", text)], FileKind::Caddyfile);
    let routes = &facts.proxies;
    assert_eq!(
        routes.iter().map(upstreams).collect::<Vec<_>>(),
        [vec!["api:8000", "unix//run/b.sock"], vec!["web:9000"], vec!["c:1"]]
    );
    let first = &routes[0];
    assert_eq!(first.read_timeout.as_ref().unwrap().value.to_string(), "90 s");
    assert_eq!(first.keepalive.as_ref().unwrap().value, 8);
    assert_eq!(first.max_body.as_ref().unwrap().value.0, 10_000_000);
    assert_eq!(first.buffering.as_ref().map(|buffering| buffering.value), Some(false));
    for upstream in routes.iter().flat_map(|route| &route.upstreams) {
        assert_eq!(files.text_at(upstream.place), upstream.value);
    }
}
