//! Values, their bytes, and hostile documents.

use std::fmt::Write;

use super::*;

#[test]
fn aliases_and_merge_keys_find_their_values() {
    let text = "base: &base\n  a: 1\n  b: 2\nweb:\n  <<: *base\n  b: 3\nlist: &l [x]\nsame: *l\n";
    let tree = parse(text);
    let top = tree.documents[0];
    let web = tree.get(top, "web").unwrap();
    let value = |key| tree.get(web, key).and_then(|node| tree.text(node));
    assert_eq!((value("a"), value("b"), value("<<")), (Some("1"), Some("3"), None));
    let same = tree.get(top, "same").unwrap();
    assert_eq!(tree.span(same), Span::new(text.len() - 3, text.len() - 1));
    assert_eq!(tree.items(same).unwrap().0, tree.items(tree.get(top, "list").unwrap()).unwrap().0);
}

#[test]
fn aliases_to_aliases_cost_nothing() {
    let mut text = "a0: &a0 [x]\n".to_owned();
    for level in 1..60 {
        let below = format!("*a{}", level - 1);
        writeln!(text, "a{level}: &a{level} [{below}, {below}, {below}]").unwrap();
    }
    text.push_str("m0: &m0 {k: v}\n");
    for level in 1..60 {
        let below = format!("*m{}", level - 1);
        writeln!(text, "m{level}: &m{level} {{<<: [{below}, {below}, {below}]}}").unwrap();
    }
    let tree = parse(&text);
    assert!(tree.error.is_none(), "{:?}", tree.error);
    let last = tree.get(tree.documents[0], "m59").unwrap();
    assert_eq!(tree.get(last, "k").and_then(|node| tree.text(node)), Some("v"));
    let itself = parse("a: &a\n  <<: *a\n  b: [*a]\n");
    assert!(itself.error.is_none());
    assert_eq!(itself.entries(itself.documents[0]).len(), 1);
}

#[test]
fn comments_know_whether_they_stand_alone() {
    let tree = parse("# one\na: 1  # two\n");
    let alone: Vec<bool> = tree.comments.iter().map(|comment| comment.own_line).collect();
    assert_eq!(alone, [true, false]);
}

#[test]
fn nesting_and_size_are_bounded() {
    assert!(parse(&"[".repeat(100_000)).error.is_some());
    assert!(parse(&"- ".repeat(100_000)).error.is_some());
    let many = parse(&format!("[{}]", "1,".repeat(MAX_NODES * 2)));
    assert!(many.error.is_some_and(|error| error.message.contains("nodes")));
}

#[test]
fn definitions_of_resources_are_passed_over() {
    let crd = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nspec: {é: [1, 2]}\n";
    let text = format!("a: 1\n---\n{crd}--- # next\nb: 2\n---\n{crd}");
    let tree = parse(&text);
    assert!(tree.error.is_none(), "{:?}", tree.error);
    let found = tree.documents.iter().filter_map(|&top| tree.get(top, "b"));
    let spans: Vec<Span> = found.map(|node| tree.span(node)).collect();
    assert_eq!(spans.iter().map(|span| &text[span.start..span.end]).collect::<Vec<_>>(), ["2"]);
    assert!(tree.documents.iter().all(|&top| tree.get(top, "spec").is_none()));
}
