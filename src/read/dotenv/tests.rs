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

/// What compose 2.40.3 makes of `format: raw`.
#[test]
fn docker_takes_what_is_written() {
    let text = "\u{feff}# comment\r\nA=\"quoted\"\r\nB='single' # not comment\n C=lead\nE=${A}\nF=$A trail  \nG\nI=a=b\nJ=\nA=2";
    let found = |text: &str| -> Vec<(String, Option<String>)> {
        let variables = raw::docker(Files::new().add("a.env", text), text).unwrap_or_default();
        variables.into_iter().map(|one| (one.name, one.value.map(|word| word.text().unwrap()))).collect()
    };
    let expected = [
        ("A", "\"quoted\""),
        ("B", "'single' # not comment"),
        ("C", "lead"),
        ("E", "${A}"),
        ("F", "$A trail  "),
        ("G", "-"),
        ("I", "a=b"),
        ("J", ""),
        ("A", "2"),
    ];
    let expected = expected.map(|(name, value)| (name.to_owned(), (value != "-").then(|| value.to_owned())));
    assert_eq!(found(text), expected);
    for refused in ["A=1\nexport B=2\n", "A=1\n=2\n", "A =1\n"] {
        assert_eq!(found(refused), [], "{refused}");
    }
}

/// What `load_env_file` of systemd 252 makes of a file.
#[test]
fn systemd_adds_pieces_up() {
    let text = "; no\n# no\nA=1 # part of it\nB=\"4\"'5'\nC=  two words  \nexport D=1\nE=a\\\n  b\nF=\"two\nlines\"\nG=\"\\$x\\n\" tail\n\
                H=\nI='it''s'\nJ=it's\nno equals\nK=last";
    let mut files = Files::new();
    let file = files.add("web", text);
    let found: Vec<(String, String)> = raw::systemd(file, text)
        .into_iter()
        .map(|one| (one.name, one.value.and_then(|word| word.text()).unwrap_or_default()))
        .collect();
    let expected = [
        ("A", "1 # part of it"),
        ("B", "45"),
        ("C", "two words"),
        ("E", "a  b"),
        ("F", "two\nlines"),
        ("G", "$x\\ntail"),
        ("H", ""),
        ("I", "its"),
        ("J", "it's"),
        ("K", "last"),
    ];
    assert_eq!(found, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
}

#[test]
fn what_is_not_read_to_its_end_says_nothing() {
    let of = |text: String| {
        let mut files = Files::new();
        let file = files.add(".env", text);
        let mut facts = Facts::default();
        read(file, files.get(file), &mut facts);
        (facts.environments.len(), facts.notes.len())
    };
    let lines = |count: usize| (0..count).map(|n| format!("A{n}=1\n")).collect::<Vec<_>>().concat();
    assert_eq!(of(lines(MAX_VARIABLES)), (1, 0));
    assert_eq!(of(lines(MAX_VARIABLES + 1)), (0, 1));
    assert_eq!(of("#".repeat(MAX_LENGTH + 1)), (0, 1));
}
