//! Files as people write them, with what python-dotenv 1.2.1 and compose make of them.

use super::*;
use crate::source::Files;

const TEXT: &str = "\u{feff}A=1\r\nexport B = two words # why\n# no\nC='x # $y' # quoted\nD=\"a\\\"b\\n\"\nE=\nF\n\
    G=\"two\nlines\"\nH=a#b\nI=${A:-x}/p\nJ='open\n1 2=3\nK=last";

fn found(text: &str, reader: Reader) -> Vec<(String, Option<(String, String)>)> {
    let mut files = Files::new();
    let file = files.add(".env", text);
    let (variables, ..) = all(file, text, reader);
    let text = |word: &Word| word.text().unwrap_or_else(|| "unknown".to_owned());
    let described = |variable: Variable| {
        let value = variable.value.map(|word| (text(&word), files.text_at(word.place).to_owned()));
        (variable.name, value)
    };
    variables.into_iter().map(described).collect()
}

fn value(name: &str, text: &str, raw: &str) -> (String, Option<(String, String)>) {
    (name.to_owned(), Some((text.to_owned(), raw.to_owned())))
}

#[test]
fn values_and_their_bytes() {
    let expected = [
        value("A", "1", "1"),
        value("B", "two words", "two words"),
        value("C", "x # $y", "x # $y"),
        value("D", "a\"b\n", "a\\\"b\\n"),
        value("E", "", ""),
        ("F".to_owned(), None),
        value("G", "two\nlines", "two\nlines"),
        value("H", "a#b", "a#b"),
        value("I", "x/p", "${A:-x}/p"),
        value("K", "last", "last"),
    ];
    assert_eq!(found(TEXT, Reader::Python), expected);
    assert_eq!(found(TEXT, Reader::Compose), expected);
    let (_, comments, _) = all(Files::new().add(".env", TEXT), TEXT, Reader::Python);
    let comments: Vec<_> = comments.iter().map(|c| (&TEXT[c.span.start..c.span.end], c.own_line)).collect();
    assert_eq!(comments, [("# why", false), ("# no", true), ("# quoted", false)]);
}

#[test]
fn the_readers_disagree() {
    let text = "A: yaml\nB=a\t#b\nC='${X:-y}'\nD='it\\'s'\nE=\"\\$X\"\nF=$X\n'G'=1\nH=$$\n";
    let python = [
        value("B", "a", "a"),
        value("C", "y", "${X:-y}"),
        value("D", "it's", "it\\'s"),
        value("E", "\\$X", "\\$X"),
        value("F", "$X", "$X"),
        value("G", "1", "1"),
        value("H", "$$", "$$"),
    ];
    let compose = [
        value("A", "yaml", "yaml"),
        value("B", "a\t#b", "a\t#b"),
        value("C", "${X:-y}", "${X:-y}"),
        value("D", "it's", "it\\'s"),
        value("E", "$X", "\\$X"),
        value("F", "unknown", "$X"),
        value("H", "$", "$$"),
    ];
    assert_eq!(found(text, Reader::Python), python);
    assert_eq!(found(text, Reader::Compose), compose);
}
