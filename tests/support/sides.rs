//! Both sides of a comparison: what the real thing answers, and what `farrier show` says.
#![allow(clippy::expect_used, reason = "a test stops where its own tools fail")]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value as Json;

/// What `tests/support/<driver>`, run by the interpreter `python`, answers to each case, in order.
///
/// # Panics
/// With what Python said, where the driver does not answer.
pub(crate) fn ask(mut python: Command, driver: &str, cases: &[Json]) -> Vec<Json> {
    let driver = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support").join(driver);
    python.arg(driver).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = python.spawn().expect("the interpreter was just installed");
    let text = serde_json::to_vec(cases).expect("JSON can be written");
    process.stdin.take().expect("it was asked for").write_all(&text).expect("the driver reads its cases");
    let output = process.wait_with_output().expect("the driver ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "the driver failed:\n{said}");
    serde_json::from_slice(&output.stdout).expect("the driver answers in JSON")
}

/// Equality across the two languages; nothing at all and no items are the same to every server.
pub(crate) fn same(real: &Json, told: &Json) -> bool {
    let empty = |it: &Json| it.is_null() || it.as_array().is_some_and(Vec::is_empty);
    match (real, told) {
        (Json::Number(real), Json::Number(told)) => real.as_f64() == told.as_f64(),
        (Json::Array(real), Json::Array(told)) => {
            real.len() == told.len() && real.iter().zip(told).all(|(real, told)| same(real, told))
        }
        _ => real == told || (empty(real) && empty(told)),
    }
}

/// What `farrier show` says about every folder, in order; what it printed instead, where that is no JSON.
pub(crate) fn shown(folders: &[PathBuf]) -> Vec<Result<Json, String>> {
    shared_out(folders, |part| part.iter().map(|folder| show(folder)).collect())
}

/// The answers of `work`, in the order of `items`, every core doing a share of them.
pub(crate) fn shared_out<T: Sync, R: Send>(items: &[T], work: impl Fn(&[T]) -> Vec<R> + Sync) -> Vec<R> {
    let threads = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    let share = items.len().div_ceil(threads).max(1);
    std::thread::scope(|scope| {
        let running: Vec<_> = items.chunks(share).map(|part| scope.spawn(|| work(part))).collect();
        running.into_iter().flat_map(|thread| thread.join().expect("its share was done")).collect()
    })
}

fn show(folder: &Path) -> Result<Json, String> {
    let output = Command::new(env!("CARGO_BIN_EXE_farrier"))
        .args(["show", "--all", "--format", "json", "--isolated", "."])
        .current_dir(folder)
        .env_clear()
        .output()
        .expect("cargo built farrier for this test");
    serde_json::from_slice(&output.stdout).map_err(|_| {
        let said = [&output.stdout[..], &output.stderr[..]].concat();
        format!("farrier ends with {}: {}", output.status, String::from_utf8_lossy(&said).trim())
    })
}
