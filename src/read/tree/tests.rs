//! Three notations, one tree, and every scalar leads back to its bytes.

use proptest::prelude::*;
use proptest::{collection, sample};

use super::super::Facts;
use super::{Node, read_toml, read_yaml};
use crate::source::Files;

fn read(name: &str, text: &str) -> Node {
    let mut files = Files::new();
    let file = files.add(name, text);
    let mut facts = Facts::default();
    let document = if name.contains(".toml") {
        read_toml(file, files.get(file), &mut facts)
    } else {
        read_yaml(file, files.get(file), &mut facts)
    };
    document.tops.into_iter().next().unwrap_or_default()
}

/// Each word of a scalar, and the bytes that it stands for.
fn words<'t>(text: &'t str, node: &Node) -> Vec<(String, &'t str)> {
    let decoded = node.scalar().unwrap();
    let plain = decoded.text();
    plain
        .split_whitespace()
        .map(|word| {
            let start = word.as_ptr() as usize - plain.as_ptr() as usize;
            let span = decoded.span(start..start + word.len());
            (word.to_owned(), &text[span.start..span.end])
        })
        .collect()
}

#[test]
fn three_notations_are_one_tree() {
    for (name, text) in [
        ("a.yaml", "a:\n  b: [x, 'gunicorn -w 4']\n"),
        ("a.json", "{\n\t\"a\": {\"b\": [\"x\", \"gunicorn -w 4\"]}\n}"),
        ("a.toml", "[a]\nb = ['x', \"gunicorn -w 4\"]\n"),
        ("b.toml", "a.b = [\n  \"\"\"x\"\"\",\n  '''\ngunicorn -w 4''',\n]\n"),
    ] {
        let top = read(name, text);
        let items = top.at(&["a", "b"]).unwrap().items();
        assert_eq!(items[0].text(), Some("x"), "{name}");
        let found: Vec<_> = words(text, &items[1]).into_iter().map(|(_, bytes)| bytes).collect();
        assert_eq!(found, ["gunicorn", "-w", "4"], "{name}");
        let removed = items[1].removal;
        assert!(text[removed.start..removed.end].starts_with(','), "{name}");
    }
}

#[test]
fn what_is_filled_in_later_is_open() {
    let top = read("a.yaml", "a: !Ref Port\nb: !Sub '${X}'\nc: ~\nd: !!str 4\n");
    assert!(top.get("a").unwrap().text().is_none());
    assert!(top.get("b").unwrap().text().is_none());
    assert!(top.get("c").is_none());
    assert_eq!(top.get("d").unwrap().text(), Some("4"));
}

#[test]
fn escapes_of_toml_lead_back_to_their_bytes() {
    let text =
        "a = \"x \\\"y\\\" \\u00e4\"\nb = \"\"\"\ngunicorn \\\n   -w 4 \\\n\n   app\"\"\"\nc = '''\r\na\r\nb'''\n";
    let top = read("a.toml", text);
    let bytes = |key: &str| words(text, top.get(key).unwrap());
    assert_eq!(bytes("a")[1], ("\"y\"".to_owned(), "\\\"y\\\""));
    assert_eq!(bytes("a")[2], ("ä".to_owned(), "\\u00e4"));
    let found: Vec<_> = bytes("b").into_iter().map(|(_, bytes)| bytes).collect();
    assert_eq!(found, ["gunicorn", "-w", "4", "app"]);
    let found: Vec<_> = bytes("c").into_iter().map(|(_, bytes)| bytes).collect();
    assert_eq!(found, ["a", "b"]);
}

proptest! {
    /// Whatever a string of TOML is written like, its letters are found again.
    #[test]
    fn any_string_of_toml_is_found_again(
        quote in sample::select(vec!["\"", "'", "\"\"\"", "'''"]),
        pieces in collection::vec(sample::select(vec!["a", " ", "\\n", "\\\"", "\\\n  ", "\n", "\u{e4}", "\\u0041", "\r\n"]), 0..10),
    ) {
        let text = format!("k = {quote}x{}y{quote}\n", pieces.concat());
        let top = read("a.toml", &text);
        if let Some(decoded) = top.get("k").and_then(Node::scalar) {
            for (at, char) in decoded.text().char_indices().filter(|(_, char)| char.is_lowercase()) {
                let span = decoded.span(at..at + char.len_utf8());
                prop_assert_eq!(&text[span.start..span.end], char.to_string());
            }
        }
    }
}
