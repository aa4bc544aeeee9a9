//! Gunicorn's own loader, and farrier's account of the same folders.
#![allow(clippy::expect_used, reason = "a test stops where its own tools fail")]

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value as Json;

use super::python::python_environment;

/// What Gunicorn's own loader makes of each case, in order.
///
/// # Panics
/// With what Python said, where the driver does not answer.
pub(crate) fn load(cases: &[Json]) -> Vec<Json> {
    shared_out(cases, load_part)
}

fn load_part(cases: &[Json]) -> Vec<Json> {
    let driver = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/gunicorn_loader.py");
    let mut command = python_environment().command();
    command.arg(driver).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = command.spawn().expect("the interpreter was just installed");
    let text = serde_json::to_vec(cases).expect("JSON can be written");
    process.stdin.take().expect("it was asked for").write_all(&text).expect("the driver reads its cases");
    let output = process.wait_with_output().expect("the driver ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "the driver failed:\n{said}");
    serde_json::from_slice(&output.stdout).expect("the driver answers in JSON")
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
