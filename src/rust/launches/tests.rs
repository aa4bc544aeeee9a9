//! Programs as people write them, with what is told of each.

use super::*;
use crate::source::Files;

/// What a program with this `main.rs` serves, one line for each runtime and server.
fn told(main: &str) -> Vec<String> {
    let mut files = Files::default();
    let dependencies =
        ["actix-web", "axum", "hyper", "hyper-util", "poem", "rocket", "salvo", "tokio", "tonic", "warp"];
    let dependencies = dependencies.map(|name| format!("{name} = \"*\"\n")).concat();
    files.add("Cargo.toml".to_owned(), format!("[package]\nname = \"shop\"\n[dependencies]\n{dependencies}"));
    files.add("src/main.rs".to_owned(), main);
    let workspace = Workspace::read(&files);
    assert!(workspace.notes.is_empty(), "{:?}", workspace.notes);
    let settings = |settings: &[Told]| {
        let each = settings.iter().map(|told| {
            // Each is where its value stands.
            let written = files.text_at(told.place);
            match &told.value {
                Some(value) => format!(" {}={written} ({value:?})", told.name),
                None => format!(" {}={written} (unknown)", told.name),
            }
        });
        each.collect::<String>()
    };
    let mut lines = Vec::new();
    for program in programs(&workspace) {
        for runtime in &program.runtimes {
            let kind = runtime.is_single.map_or("some", |single| if single { "single" } else { "multi" });
            lines.push(format!("{kind}{}", settings(&runtime.settings)));
        }
        for server in &program.servers {
            let graceful = match server.graceful {
                Graceful::Told(place) => files.text_at(place).to_owned(),
                other => format!("{other:?}"),
            };
            let address = server.address.as_ref().map_or("?", |told| files.text_at(told.place));
            let name = server.framework.name();
            lines.push(format!("{name} at {address}, {graceful}:{}", settings(&server.settings)));
        }
    }
    lines
}

#[test]
fn axum_without_anybody_who_stops_it() {
    let lines = told(
        r#"
        use axum::Router;
        #[tokio::main(flavor = "multi_thread", worker_threads = 16)]
        async fn main() {
            let listener = tokio::net::TcpListener::bind("0.0.0.0:3000").await.unwrap();
            axum::serve(listener, Router::new()).await.unwrap();
        }"#,
    );
    assert_eq!(lines, ["multi worker_threads=16 (Count(16))", "axum at \"0.0.0.0:3000\", Absent:"]);
}

#[test]
fn axum_that_is_told_when_to_finish() {
    let lines = told(
        r"
        #[tokio::main]
        async fn main() { start().await }
        async fn start() {
            let server = axum::serve(listener().await, app());
            server.with_graceful_shutdown(stopped()).await.unwrap();
        }",
    );
    assert_eq!(lines, ["multi", "axum at ?, with_graceful_shutdown:"]);
}

#[test]
fn whoever_hears_signals_may_stop_it_elsewhere() {
    let select = told(
        r"
        #[tokio::main]
        async fn main() {
            tokio::select! {
                _ = axum::serve(listener().await, app()) => {}
                _ = terminated() => {}
            }
        }",
    );
    assert_eq!(select, ["multi", "axum at ?, Unknown:"]);
    let spawned = told(
        r"
        use tokio::signal;
        #[tokio::main]
        async fn main() {
            tokio::spawn(async { signal::ctrl_c().await; std::process::exit(0) });
            axum::serve(listener().await, app()).await.unwrap();
        }",
    );
    assert_eq!(spawned, ["multi", "axum at ?, Unknown:"]);
}

#[test]
fn actix_with_its_settings_over_several_statements() {
    let lines = told(
        r#"
        use actix_web::{App, HttpServer};
        use std::time::Duration;
        #[actix_web::main]
        async fn main() -> std::io::Result<()> {
            let server = HttpServer::new(|| App::new()).workers(8).keep_alive(Duration::from_secs(75));
            let mut server = server.bind(("0.0.0.0", 8080)).expect("a free port").shutdown_timeout(20);
            if quiet() { server = server.worker_max_blocking_threads(4); }
            server.run().await
        }"#,
    );
    let settings = "workers=8 (Count(8)) keep_alive=Duration::from_secs(75) (Time(75s)) \
                    bind=(\"0.0.0.0\", 8080) (Address(\"0.0.0.0\", 8080)) shutdown_timeout=20 (Count(20)) \
                    worker_max_blocking_threads=4 (unknown)";
    assert_eq!(lines, ["single", &format!("actix-web at (\"0.0.0.0\", 8080), BuiltIn: {settings}")]);
}

#[test]
fn a_runtime_that_is_built_by_hand() {
    let lines = told(
        r"
        use tokio::runtime::Builder;
        fn main() {
            let runtime = Builder::new_multi_thread().worker_threads(32).max_blocking_threads(limit()).build().unwrap();
            runtime.block_on(async { warp::serve(routes()).run(([0, 0, 0, 0], 80)).await });
        }",
    );
    let runtime = "multi worker_threads=32 (Count(32)) max_blocking_threads=limit() (unknown)";
    let address = "([0, 0, 0, 0], 80)";
    let server = format!("warp at {address}, Absent: run={address} (Address(\"0.0.0.0\", 80))");
    assert_eq!(lines, [runtime, &server]);
}

#[test]
fn servers_that_are_told_to_finish_by_their_last_call() {
    let tonic = told(
        r"
        use tonic::transport::Server;
        #[tokio::main]
        async fn main() { Server::builder().add_service(s()).serve_with_shutdown(address(), stopped()).await; }",
    );
    assert_eq!(tonic[1], "tonic at ?, serve_with_shutdown:");
    let rocket = told("#[rocket::launch]\nfn rocket() -> _ { rocket::build() }");
    assert_eq!(rocket, ["multi", "rocket at ?, BuiltIn:"]);
}

#[test]
fn servers_without_a_builder_of_their_own() {
    let hyper = told(
        r#"
        use hyper_util::server::conn::auto::Builder;
        #[tokio::main]
        async fn main() {
            let listener = tokio::net::TcpListener::bind("0.0.0.0:80").await.unwrap();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(serve(stream));
            }
        }
        async fn serve(stream: Stream) { Builder::new(executor()).serve_connection(stream, service()).await; }"#,
    );
    assert_eq!(hyper, ["multi", "hyper at ?, Absent:"]);
    let salvo = told(
        r"
        use salvo::prelude::*;
        #[tokio::main]
        async fn main() { Server::new(acceptors()).serve(router()).await; }",
    );
    assert_eq!(salvo, ["multi", "salvo at ?, Absent:"]);
}

#[test]
fn servers_behind_values_of_the_project() {
    let built = told(
        r"
        struct Service { server: Server }
        impl Service {
            pub async fn build(port: u16) -> Result<Self, Error> { Ok(Self { server: made(port) }) }
            pub async fn run(self) -> std::io::Result<()> { self.begin().await }
            async fn begin(self) -> std::io::Result<()> { axum::serve(listener().await, app()).await }
        }
        // Others have methods of those names, too.
        struct Other;
        impl Other { fn run(self) {} fn begin(self) {} }
        fn main() {
            tokio::runtime::Runtime::new().unwrap().block_on(async {
                let service = Service::build(80).await.unwrap();
                service.run().await
            })
        }",
    );
    assert_eq!(built, ["multi", "axum at ?, Absent:"]);
    // What is called on what nobody knows is followed where one type alone has it.
    let unknown = told(
        r"
        struct One; struct Two;
        impl One { async fn run(self) { axum::serve(listener().await, app()).await; } }
        impl Two { async fn run(self) {} }
        #[tokio::main]
        async fn main() { other::crate_s_own().run().await }",
    );
    assert!(unknown.is_empty());
}

#[test]
fn a_server_in_a_thread_that_a_macro_starts() {
    let thread = |call: &str| {
        told(&format!(
            r#"
            macro_rules! thread {{
                ($name:expr, $method:ident, $run:ident) => {{
                    fn $method() {{ std::thread::Builder::new().name($name.to_string()).spawn($run).unwrap(); }}
                }};
            }}
            thread!("web", spawn_web, run_web);
            thread!("run_web", spawn_other, run_other);
            fn run_other() {{}}
            fn run_web() {{
                let runtime = actix_web::rt::System::new();
                let server = actix_web::HttpServer::new(|| app()).workers(2).bind("0.0.0.0:80").unwrap().run();
                runtime.block_on(server).unwrap()
            }}
            fn main() {{ {call}(); }}"#
        ))
    };
    let server = "actix-web at \"0.0.0.0:80\", BuiltIn: workers=2 (Count(2)) \
                  bind=\"0.0.0.0:80\" (Address(\"0.0.0.0\", 80))";
    assert_eq!(thread("spawn_web"), ["single", server]);
    // Neither the other one nor a text leads there.
    assert!(thread("spawn_other").is_empty());
}

#[test]
fn servers_of_one_kind_are_told_together() {
    let two = |first: &str, second: &str| {
        told(&format!("#[tokio::main]\nasync fn main() {{ if tls() {{ {first}; }} else {{ {second}; }} }}\n"))
    };
    let both = two("axum::serve(l(), r()).await", "axum::serve(u(), r()).await");
    assert_eq!(both, ["multi", "axum at ?, Absent:"]);
    let one = two("axum::serve(l(), r()).with_graceful_shutdown(f()).await", "axum::serve(u(), r()).await");
    assert_eq!(one, ["multi", "axum at ?, Unknown:"]);
    let other = two("axum::serve(l(), r()).await", "hyper::server::conn::http1::Builder::new().serve_connection(s())");
    assert_eq!(other, ["multi", "axum at ?, Absent:"]);
    let address = |port: u16| format!("warp::serve(f()).run(([0, 0, 0, 0], {port})).await");
    let differing = two(&address(80), &address(81));
    assert_eq!(differing, ["multi", "warp at ([0, 0, 0, 0], 80), Absent: run=([0, 0, 0, 0], 80) (unknown)"]);
}

#[test]
fn a_program_without_a_listener_serves_nothing() {
    let client = "#[tokio::main(worker_threads = 64)]\nasync fn main() { fetch().await }\nasync fn fetch() {}";
    assert!(told(client).is_empty());
    // Of somebody else's function of that name nothing is known.
    let own = "mod axum { pub async fn serve() {} }\n#[tokio::main]\nasync fn main() { self::axum::serve().await }";
    assert!(told(own).is_empty());
    // Nobody reaches it.
    let unreached = "fn main() {}\nasync fn other() { axum::serve(l(), a()).await; }";
    assert!(told(unreached).is_empty());
}
