//! What farrier writes into a Rust service still compiles, and settles what was found.
//!
//! The service depends on tokio alone; the framework that runs its handlers is a stand-in of a few lines, which only
//! the compiler is given. Whether its futures may move between threads is asked for there as the framework asks.
#![allow(clippy::unwrap_used, reason = "a test stops where its own ground is missing")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use support::command::Project;

const MANIFEST: &str = r#"[package]
name = "clock"
version = "0.1.0"
edition = "2024"

[dependencies]
axum = "0.8"
tokio = { version = "1", features = ["full"] }
"#;

const MAIN: &str = r#"mod pages;

use std::thread;
use std::time::Duration;

use axum::Router;
use axum::routing::get;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    thread::sleep(Duration::from_millis(1)); // before the start
    let app = Router::new()
        .route("/", get(index))
        .route("/page", get(pages::page))
        .route("/copy", get(pages::copy))
        .route("/thread", get(pages::in_thread))
        .route("/closure", get(|| async {
            std::thread::sleep(Duration::from_millis(3)); // closure
            "closure".to_owned()
        }));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    axum::serve(listener, app).await
}

async fn index() -> String {
    std::thread::sleep(Duration::from_millis(2)); // handler
    thread::sleep(pause()); // expression
    "index".to_owned()
}

fn pause() -> Duration {
    Duration::from_millis(5)
}
"#;

const PAGES: &str = r#"use std::fs;
use std::thread::sleep as rest;
use std::time::Duration;

pub async fn page() -> String {
    let text = fs::read_to_string("page.html").unwrap_or_default(); // read
    rest(Duration::from_millis(4)); // alias
    text
}

async fn written(to: &str) -> std::io::Result<()> {
    std::fs::write(to, "copied")?; // written
    fs::create_dir_all("copies") // last
}

pub async fn copy() -> String {
    let done = written("copy").await.map(|()| fs::metadata("copy")); // closure without async
    format!("{done:?}")
}

fn slow() -> String {
    rest(Duration::from_millis(9)); // a thread's
    fs::read_to_string("slow.html").unwrap_or_default() // a thread's
}

pub async fn in_thread() -> String {
    tokio::task::spawn_blocking(slow).await.unwrap_or_default()
}
"#;

const STAND_IN: &str = r"pub mod routing {
    pub struct MethodRouter;

    pub fn get<H, F>(_handler: H) -> MethodRouter
    where
        H: Fn() -> F + Clone + Send + Sync + 'static,
        F: Future<Output = String> + Send + 'static,
    {
        MethodRouter
    }
}

#[derive(Default)]
pub struct Router;

impl Router {
    pub fn new() -> Self {
        Self
    }

    pub fn route(self, _path: &str, _handler: routing::MethodRouter) -> Self {
        self
    }
}

pub struct Serve;

pub fn serve<L>(_listener: L, _app: Router) -> Serve {
    Serve
}

impl Serve {
    pub fn with_graceful_shutdown<F>(self, _signal: F) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self
    }
}

impl IntoFuture for Serve {
    type Output = std::io::Result<()>;
    type IntoFuture = std::future::Ready<Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        std::future::ready(Ok(()))
    }
}
";

/// The framework's stand-in, outside of the project.
fn stand_in() -> Project {
    let manifest = "[package]\nname = \"axum\"\nversion = \"0.8.9\"\nedition = \"2024\"\n";
    Project::of(&[("Cargo.toml", manifest), ("src/lib.rs", STAND_IN)])
}

/// Where compiled tokio stays between runs.
fn target() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("rust-fixes")
}

fn compile(project: &Project, axum: &Project) -> Output {
    let patch = format!("patch.crates-io.axum.path = '{}'", axum.path().display());
    Command::new(env!("CARGO"))
        .args(["check", "--quiet", "--config", &patch])
        .current_dir(project.path())
        .env("CARGO_TARGET_DIR", target())
        .env("RUSTFLAGS", "-Dunused_must_use")
        .env_remove("RUSTC_WORKSPACE_WRAPPER")
        .output()
        .unwrap()
}

fn assert_compiles(project: &Project, axum: &Project, when: &str) {
    let done = compile(project, axum);
    let read = |name: &str| fs::read_to_string(project.path().join(name)).unwrap_or_default();
    let sources = ["src/main.rs", "src/pages.rs"].map(read);
    assert!(done.status.success(), "{when}: {}\n{}", String::from_utf8_lossy(&done.stderr), sources.join("\n"));
}

fn fixable(project: &Project, code: &str) -> Vec<String> {
    let run = project.farrier("check", &["--advice"]);
    let found = run.list("findings").iter().filter(|it| it["code"] == code && !it["fix"].is_null());
    found.map(|it| format!("{}:{}", it["file"].as_str().unwrap_or_default(), it["line"])).collect()
}

#[test]
fn what_is_fixed_compiles_and_is_settled() {
    let axum = stand_in();
    let project = Project::of(&[("Cargo.toml", MANIFEST), ("src/main.rs", MAIN), ("src/pages.rs", PAGES)]);
    assert_compiles(&project, &axum, "as it is written");

    let expected = ["handler", "closure", "expression"].map(|mark| ("src/main.rs", mark));
    let expected = expected.into_iter().chain(["read", "alias", "written", "last"].map(|mark| ("src/pages.rs", mark)));
    let mut expected: Vec<_> =
        expected.map(|(file, mark)| format!("{file}:{}", project.line(file, &format!("// {mark}")))).collect();
    let mut found = fixable(&project, "RST001");
    expected.sort();
    found.sort();
    assert_eq!(found, expected);

    let before = ["before the start", "closure without async", "a thread's"];
    let line = |mark: &str| {
        let all = ["src/main.rs", "src/pages.rs"].map(|name| fs::read_to_string(project.path().join(name)).unwrap());
        all.iter().flat_map(|text| text.lines()).filter(|line| line.ends_with(mark)).collect::<Vec<_>>().join("\n")
    };
    let kept = before.map(line);
    let fixed = project.farrier("check", &["--advice", "--fix", "--unsafe-fixes"]);
    assert_compiles(&project, &axum, "after the fixes");
    assert_eq!(fixable(&project, "RST001"), Vec::<String>::new(), "{:#?}", fixed.report);
    assert_eq!(before.map(line), kept, "what runs elsewhere stays as it is");
}

/// Sixteen threads on two cores, and nobody who waits for the signal to stop.
const CONTAINED: [(&str, &str); 3] = [
    (
        "src/main.rs",
        r#"use axum::Router;
use axum::routing::get;

#[tokio::main(flavor = "multi_thread", worker_threads = 16)]
async fn main() -> std::io::Result<()> {
    let listener = tokio::net::TcpListener::bind("0.0.0.0:8000").await?;
    axum::serve(listener, Router::new().route("/", get(|| async { "clock".to_owned() }))).await
}
"#,
    ),
    (
        "Dockerfile",
        "FROM rust:1.95 AS build\nCOPY . .\nRUN cargo build --release\nFROM debian:bookworm-slim\n\
         COPY --from=build /target/release/clock /usr/local/bin/clock\nUSER nobody\nCMD [\"clock\"]\n",
    ),
    ("compose.yaml", "services:\n  web:\n    build: .\n    cpus: 2\n"),
];

#[test]
fn what_a_server_is_told_compiles_and_is_settled() {
    let axum = stand_in();
    let files: Vec<(&str, &str)> = CONTAINED.into_iter().chain([("Cargo.toml", MANIFEST)]).collect();
    let project = Project::of(&files);
    assert_compiles(&project, &axum, "as it is written");
    assert_eq!(fixable(&project, "RST002"), ["src/main.rs:4"]);
    assert_eq!(fixable(&project, "RST003"), ["src/main.rs:7"]);

    let fixed = project.farrier("check", &["--advice", "--fix", "--unsafe-fixes"]);
    assert_compiles(&project, &axum, "after the fixes");
    let main = fs::read_to_string(project.path().join("src/main.rs")).unwrap();
    assert!(main.contains("#[tokio::main(flavor = \"multi_thread\")]"), "{main}");
    assert!(main.contains(".with_graceful_shutdown("), "{main}");
    for code in ["RST002", "RST003"] {
        assert_eq!(fixable(&project, code), Vec::<String>::new(), "{:#?}", fixed.report);
    }
}
