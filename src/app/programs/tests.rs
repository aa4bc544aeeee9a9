//! What is told of macros that are not read.

use super::*;

/// The notes about a program with this code behind a handler.
fn noted(code: &str) -> Vec<String> {
    let mut files = Files::default();
    let manifest = "[package]\nname = \"shop\"\n[dependencies]\naxum = \"0.8\"\nmaud = \"0.27\"\ntokio = \"1\"\n";
    files.add("Cargo.toml".to_owned(), manifest);
    let main = format!(
        "use maud::{{Markup, html}};\n{code}\n#[tokio::main]\nasync fn main() {{\n    \
         let app = axum::Router::new().route(\"/\", axum::routing::get(page));\n    \
         axum::serve(listener().await, app).await.unwrap();\n}}\n"
    );
    files.add("src/main.rs".to_owned(), main);
    let project = Project::read(&files);
    assert!(project.workspace.notes.is_empty(), "{:?}", project.workspace.notes);
    let (programs, notes) = programs(&files, &project);
    assert!(programs.iter().all(|program| program.blocking.is_empty()));
    notes.into_iter().map(|note| format!("{}: {}", note.line.unwrap_or_default(), note.reason)).collect()
}

#[test]
fn a_file_has_one_note_about_what_blocks_in_macros_with_a_syntax_of_their_own() {
    let direct = noted(
        r#"
async fn page() -> Markup {
    html! { h1 { "today" } p { (std::fs::read_to_string("today").unwrap()) } };
    html! { p { (other()) } }
}
fn other() -> String { std::fs::read_to_string("other").unwrap() }"#,
    );
    assert_eq!(
        direct,
        ["4: `html!` has a syntax of its own, so what it calls was not followed: `std::fs::read_to_string`"]
    );
    let behind = noted(
        r#"
async fn page() -> Markup { html! { p { (other()) } } }
fn other() -> String { std::fs::read_to_string("other").unwrap() }"#,
    );
    assert_eq!(behind, ["3: `html!` has a syntax of its own, so what it calls was not followed: `other`"]);
}

#[test]
fn nothing_is_told_of_macros_that_call_nothing_which_blocks_or_that_nobody_reaches() {
    let quiet = noted(
        r#"
async fn page(of: Item) -> Markup { html! { p title=(name()) { (of.read_to_string(1)) (Some(1)) fs::read } } }
fn name() -> String { "name".to_owned() }"#,
    );
    assert!(quiet.is_empty(), "{quiet:?}");
    let elsewhere = noted(
        r#"
async fn page() -> &'static str { "page" }
fn unreached() -> Markup { html! { p { (std::fs::read_to_string("other").unwrap()) } } }"#,
    );
    assert!(elsewhere.is_empty(), "{elsewhere:?}");
    let thread = noted(
        r#"
async fn page() -> Markup {
    tokio::task::spawn_blocking(|| html! { p { (std::fs::read_to_string("today").unwrap()) } }).await.unwrap()
}"#,
    );
    assert!(thread.is_empty(), "{thread:?}");
}
