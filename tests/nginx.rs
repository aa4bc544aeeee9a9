//! The routes that farrier reads from configurations of nginx are those that NGINX's own parser, crossplane,
//! leads to: the same targets, and for each the settings that hold at it.
#![allow(clippy::expect_used, reason = "a test stops where its own tools fail")]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use farrier::read::{self, Proxy};
use farrier::source::{FileKind, Files};
use serde_json::{Value as Json, json};

use support::python::python_environment;

/// Directives whose first argument a route shows, without `proxy_` or `uwsgi_`.
const SHOWN: [&str; 5] = ["connect_timeout", "read_timeout", "send_timeout", "buffering", "request_buffering"];

/// What holds at one place of a configuration.
#[derive(Clone, Default)]
struct Scope {
    settings: BTreeMap<String, String>,
    connection: Option<String>,
}

/// The routes that a tree of crossplane leads to.
fn routes(block: &Json, around: &Scope, groups: &BTreeMap<String, Json>, found: &mut Vec<Json>) {
    let block = block.as_array().expect("a block is a list");
    let name = |directive: &Json| directive["directive"].as_str().unwrap_or_default().to_owned();
    let argument = |directive: &Json, at: usize| directive["args"][at].as_str().map(str::to_owned);
    let mut scope = around.clone();
    if block.iter().any(|directive| name(directive) == "proxy_set_header") {
        scope.connection = None;
    }
    for directive in block.iter().filter(|directive| directive["block"].is_null()) {
        if let Some(first) = argument(directive, 0) {
            if name(directive) == "proxy_set_header" && first.eq_ignore_ascii_case("connection") {
                scope.connection = argument(directive, 1);
            }
            scope.settings.insert(name(directive), first);
        }
    }
    for directive in block {
        let family = match name(directive).as_str() {
            "proxy_pass" => "proxy",
            "uwsgi_pass" => "uwsgi",
            "upstream" | "map" => continue,
            _ => {
                if directive["block"].is_array() {
                    routes(&directive["block"], &scope, groups, found);
                }
                continue;
            }
        };
        let target = argument(directive, 0).expect("a target");
        let host = target.split("://").last().unwrap_or_default().split('/').next().unwrap_or_default().to_owned();
        let group = groups.get(&host);
        let inner = |wanted: &str| -> Vec<String> {
            let all = group.and_then(Json::as_array).into_iter().flatten();
            all.filter(|inner| name(inner) == wanted && !inner["args"].to_string().contains("\"down\""))
                .filter_map(|inner| argument(inner, 0))
                .collect()
        };
        let mut route = json!({
            "line": directive["line"],
            "servers": inner("server"),
            "grouped": group.is_some(),
            "keepalive": inner("keepalive").first(),
            "connection": scope.connection,
            "http_version": scope.settings.get(&format!("{family}_http_version")),
            "max_body": scope.settings.get("client_max_body_size"),
        });
        for setting in SHOWN {
            route[setting] = json!(scope.settings.get(&format!("{family}_{setting}")));
        }
        found.push(route);
    }
}

fn groups(block: &Json, found: &mut BTreeMap<String, Json>) {
    for directive in block.as_array().into_iter().flatten() {
        if directive["directive"] == "upstream" {
            found.insert(directive["args"][0].as_str().unwrap_or_default().to_owned(), directive["block"].clone());
        } else {
            groups(&directive["block"], found);
        }
    }
}

/// The same of farrier, each value as the bytes that it was read from.
fn ours(proxy: &Proxy, files: &Files) -> Json {
    let text = |place: Option<farrier::source::Place>| place.map(|place| files.text_at(place).to_owned());
    let servers: Vec<&str> = proxy.upstreams.iter().map(|upstream| upstream.value.as_str()).collect();
    json!({
        "line": files.get(proxy.place.file).line(proxy.place.span.start),
        "servers": servers,
        "keepalive": text(proxy.keepalive.as_ref().map(|value| value.place)),
        "connection": proxy.connection.as_ref().map(|value| &value.value),
        "http_version": text(proxy.http_version.as_ref().map(|value| value.place)),
        "max_body": text(proxy.max_body.as_ref().map(|value| value.place)),
        "connect_timeout": text(proxy.connect_timeout.as_ref().map(|value| value.place)),
        "read_timeout": text(proxy.read_timeout.as_ref().map(|value| value.place)),
        "send_timeout": text(proxy.send_timeout.as_ref().map(|value| value.place)),
        "buffering": text(proxy.buffering.as_ref().map(|value| value.place)),
        "request_buffering": text(proxy.request_buffering.as_ref().map(|value| value.place)),
    })
}

fn theirs(path: &Path) -> Vec<Json> {
    let code = "import crossplane, json, sys; \
                print(json.dumps(crossplane.parse(sys.argv[1], single=True, check_ctx=False, check_args=False)))";
    let output = python_environment()
        .command()
        .args(["-c", code])
        .arg(path)
        .output()
        .expect("the interpreter was just installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let said: Json = serde_json::from_slice(&output.stdout).expect("it prints JSON");
    assert_eq!(said["status"], "ok", "{}: {}", path.display(), said["errors"]);
    let parsed = &said["config"][0]["parsed"];
    let (mut by_name, mut found) = (BTreeMap::new(), Vec::new());
    groups(parsed, &mut by_name);
    routes(parsed, &Scope::default(), &by_name, &mut found);
    found
}

/// Pieces that a configuration is made of; every pair of them is one.
const AROUND: &[&str] = &[
    "",
    "proxy_read_timeout 75s;\nclient_max_body_size 10m;\n",
    "proxy_set_header Connection \"\";\nproxy_http_version 1.1;\nproxy_buffering off;\n",
    "# proxy_read_timeout 1s;\nuwsgi_read_timeout 3m;\nproxy_connect_timeout 500ms;\n",
    "log_format x '$remote_addr; { \"a\": \"$request\" }';\nproxy_send_timeout '90s';\n",
    "map $http_upgrade $connection_upgrade { default upgrade; '' close; }\nproxy_set_header Connection $connection_upgrade;\n",
];

const INSIDE: &[&str] = &[
    "location / { proxy_pass http://app; }",
    "location / { proxy_set_header Host $host; proxy_pass http://app/x/; }\nlocation /b { proxy_pass http://127.0.0.1:8001; }",
    "location ~ \\.php$ { proxy_read_timeout 5s; if ($x) { proxy_pass http://app; } }",
    "location ~* \"^/a{2}/\" { uwsgi_pass unix:/run/app.sock; uwsgi_read_timeout 9; uwsgi_buffering off; }",
    "client_max_body_size 5g;\nlocation = /x { location = /x/y { proxy_request_buffering off; proxy_pass http://web:80; } }",
    "location /c { proxy_pass http://app; proxy_read_timeout 1h; }\nlocation /d { return 200 \"a;b{c}\"; }",
];

#[test]
fn crossplane_leads_to_the_same_routes() {
    let folder = tempfile::tempdir().expect("a scratch folder");
    let mut compared = 0;
    for (at, around) in AROUND.iter().enumerate() {
        for (index, inside) in INSIDE.iter().enumerate() {
            let text = format!(
                "events {{ }}\nhttp {{\n{around}upstream app {{\n  server web:8000 weight=2;\n  server unix:/run/a.sock fail_timeout=0;\n  \
                 server old:1 down;\n  keepalive {};\n}}\nserver {{\n  listen 80;\n{inside}\n}}\n}}\n",
                index + 1
            );
            let path = folder.path().join(format!("{at}-{index}.conf"));
            fs::write(&path, &text).expect("a scratch folder is writable");
            let mut files = Files::new();
            let file = files.add("nginx.conf", text.as_str());
            let facts = read::all(&files, &[(file, FileKind::Nginx)].into());
            let mut expected = theirs(&path);
            for route in &mut expected {
                // Where no group is named, the target itself is compared by the tests of the reader.
                let grouped = route["grouped"] == true;
                route.as_object_mut().expect("an object").remove("grouped");
                if !grouped {
                    route["servers"] = Json::Null;
                }
            }
            let found: Vec<Json> = facts
                .proxies
                .iter()
                .zip(&expected)
                .map(|(proxy, expected)| {
                    let mut route = ours(proxy, &files);
                    if expected["servers"].is_null() {
                        route["servers"] = Json::Null;
                    }
                    route
                })
                .collect();
            assert_eq!(facts.proxies.len(), expected.len(), "{text}");
            assert!(!expected.is_empty(), "{text}");
            assert_eq!(found, expected, "{text}");
            compared += 1;
        }
    }
    assert_eq!(compared, AROUND.len() * INSIDE.len());
}
