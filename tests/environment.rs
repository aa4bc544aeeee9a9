//! The Python environment of the tests holds the versions that farrier was compared with.

mod support;

use support::python::python_environment;

#[test]
fn the_environment_has_the_versions_that_the_tables_describe() {
    let code = "from importlib.metadata import version as v; \
                print(v('gunicorn'), v('uvicorn'), v('uvicorn-worker'))";
    let output =
        python_environment().command().args(["-I", "-c", code]).output().expect("the interpreter was just installed");
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(said.trim(), "27.0.1 0.54.0 0.4.0");
}

#[test]
fn installed_commands_run_on_their_own() {
    let gunicorn = python_environment().bin.join("gunicorn");
    let output = std::process::Command::new(gunicorn).arg("--version").output().expect("gunicorn was just installed");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("27.0.1"), "{said}");
}
