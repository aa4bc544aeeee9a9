//! The schema of `farrier.toml` takes what farrier takes, as a validator reads it.
#![allow(clippy::expect_used, reason = "a test stops where its own ground is missing")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value as Json;
use support::python::tools_environment;

const TEMPLATE: &str = include_str!("../src/commands/init/farrier.toml");
/// Where settings are shown to people.
const PAGES: [&str; 2] = [include_str!("../README.md"), include_str!("../docs/settings.md")];
const SCHEMA: &str = include_str!("../docs/farrier.schema.json");

/// Settings that farrier refuses.
const MISTAKES: &[&str] = &[
    "ignroe = []\n",
    "ignore = \"threads-ignored\"\n",
    "fail-on = \"never\"\n",
    "require-reason = \"yes\"\n",
    "[severity]\nthreads-ignored = \"fatal\"\n",
    "[host]\ncpus = -1\n",
    "[host]\nmemory = \"lots\"\n",
    "[host.staging]\ncpu = 2\n",
    "[proxy]\nidle-timeout = -5\n",
    "[application]\nblocking-fraction = 3\n",
    "[application]\nworkload = \"fast\"\n",
    "[rules.oversubscribed-cpu]\nfaktor = 3\n",
    "[rules.threads-ignored]\nfactor = 3\n",
    "[per-file.\"a/\"]\nselect = []\n",
    "[[blocking.allow]]\ncategories = [\"flie\"]\n",
    "[[blocking.library]]\ndistribution = \"acme\"\n",
    "[[policy]]\nname = \"a\"\nsetting = \"workers\"\n",
    "[[policy]]\nname = \"a\"\nmax = 8\n",
    "[[policy]]\nname = \"a\"\nsetting = \"workers\"\nlimit = \"cpus\"\nmax = 8\n",
    "[[policy]]\nname = \"A b\"\nsetting = \"workers\"\nmax = 8\n",
    "[[policy]]\nname = \"a\"\nsetting = \"workers\"\nmax = 8\nwhen = { server = \"apache\" }\n",
    "[[policy]]\nname = \"a\"\nlimit = \"disk\"\nmax = 8\n",
];

#[test]
fn a_validator_takes_every_example() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut paths: Vec<PathBuf> = transcripts();
    assert!(paths.len() >= 5, "{paths:?}");
    let write = |name: String, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).expect("a file");
        path
    };
    for (i, block) in PAGES.iter().flat_map(|page| page.split("```toml\n").skip(1)).enumerate() {
        let text = block.split("```").next().unwrap_or_default();
        assert!(is_taken(text), "farrier refuses what a page shows:\n{text}");
        paths.push(write(format!("readme-{i}.toml"), text));
    }
    let uncommented = uncommented();
    assert!(is_taken(&uncommented), "farrier refuses its own template:\n{uncommented}");
    paths.push(write("template.toml".to_owned(), &uncommented));
    let (passes, said) = validates(&paths);
    assert!(passes, "{said}");
}

#[test]
fn a_validator_refuses_what_farrier_refuses() {
    let folder = tempfile::tempdir().expect("a folder");
    for (i, text) in MISTAKES.iter().enumerate() {
        assert!(!is_taken(text), "farrier takes it:\n{text}");
        let path = folder.path().join(format!("{i}.toml"));
        fs::write(&path, text).expect("a file");
        let (passes, said) = validates(&[path]);
        assert!(!passes && said.contains("Schema validation errors"), "the schema takes it:\n{text}\n{said}");
    }
}

/// Every table is asked for the words it knows: farrier lists them when it meets one it does not know.
#[test]
fn the_schema_has_the_words_that_the_reader_has() {
    let schema: Json = serde_json::from_str(SCHEMA).expect("JSON");
    for (text, pointer) in [
        ("nonsense = 1\n", ""),
        ("[per-file.x]\nnonsense = 1\n", "/properties/per-file/additionalProperties"),
        ("[[policy]]\nnonsense = 1\n", "/properties/policy/items"),
        ("[[policy]]\nname = 'a'\nwhen = { nonsense = 1 }\n", "/properties/policy/items/properties/when/anyOf/1"),
        ("[host]\nnonsense = 1\n", "/properties/host"),
        ("[host.x]\nnonsense = 1\n", "/properties/host/additionalProperties"),
        ("[proxy]\nnonsense = 1\n", "/properties/proxy"),
        ("[database]\nnonsense = 1\n", "/properties/database"),
        ("[traffic]\nnonsense = 1\n", "/properties/traffic"),
        ("[application]\nnonsense = 1\n", "/properties/application"),
        ("[blocking]\nnonsense = 1\n", "/properties/blocking"),
        ("[[blocking.allow]]\nnonsense = 1\n", "/properties/blocking/properties/allow/items"),
        ("[[blocking.library]]\nnonsense = 1\n", "/properties/blocking/properties/library/items"),
        (
            "[[blocking.library]]\n[[blocking.library.call]]\nnonsense = 1\n",
            "/properties/blocking/properties/library/items/properties/call/items",
        ),
        (
            "[[blocking.library]]\n[[blocking.library.type]]\nnonsense = 1\n",
            "/properties/blocking/properties/library/items/properties/type/items",
        ),
    ] {
        let said = refusal(text);
        let mut known: Vec<&str> = said.split('`').skip(3).step_by(2).collect();
        if said.contains("did you mean") {
            known.pop();
        }
        known.sort_unstable();
        let table = schema.pointer(&format!("{pointer}/properties")).and_then(Json::as_object);
        let mut described: Vec<&str> = table.expect("a table").keys().map(String::as_str).collect();
        described.sort_unstable();
        assert_eq!(described, known, "{text}: {said}");
    }
}

fn transcripts() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts");
    let entries = fs::read_dir(folder).expect("the transcripts are there").flatten();
    // Some of them show what is refused.
    let taken = entries.map(|entry| entry.path()).filter(|folder| refusal_in(folder).is_empty());
    let mut found: Vec<PathBuf> =
        taken.map(|folder| folder.join("farrier.toml")).filter(|path| path.is_file()).collect();
    found.sort();
    found
}

/// The template with its comments taken off, so that every line of it counts.
fn uncommented() -> String {
    let is_setting =
        |line: &str| line.starts_with('[') || line.split_once(" = ").is_some_and(|(key, _)| !key.contains(' '));
    let lines = TEMPLATE.lines().map(|line| line.trim_start_matches("# "));
    lines.filter(|line| is_setting(line)).collect::<Vec<_>>().join("\n") + "\n"
}

fn is_taken(text: &str) -> bool {
    refusal(text).is_empty()
}

/// What farrier says against these settings.
fn refusal(text: &str) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("farrier.toml"), text).expect("a file");
    refusal_in(folder.path())
}

fn refusal_in(folder: &Path) -> String {
    if !folder.join("farrier.toml").is_file() {
        return String::new();
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_farrier"));
    let output = command.current_dir(folder).env_clear().arg("check").output().expect("the binary runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.code() == Some(2) { said.lines().next().unwrap_or("refused").to_owned() } else { String::new() }
}

fn validates(paths: &[PathBuf]) -> (bool, String) {
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/farrier.schema.json");
    let mut command = tools_environment().command();
    let output =
        command.args(["-m", "check_jsonschema", "--schemafile"]).arg(schema).args(paths).output().expect("it runs");
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}
