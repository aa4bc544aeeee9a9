//! Words as a shell sees them, and where they stand.

use proptest::prelude::*;

use super::*;
use crate::read::shell_commands::commands;
use crate::source::Files;

/// The words of each simple command, with the bytes they stand for.
fn simple(text: &str) -> Vec<Vec<(Option<String>, String)>> {
    let mut files = Files::new();
    let file = files.add("Procfile", text);
    let commands = commands(&Decoded::verbatim(text, 0), file).unwrap();
    let word = |lexed: Lexed| (lexed.word.text(), files.text_at(lexed.word.place).to_owned());
    commands.into_iter().map(|words| words.into_iter().map(word).collect()).collect()
}

fn texts(text: &str) -> Vec<Vec<String>> {
    simple(text).into_iter().map(|words| words.into_iter().map(|(text, raw)| text.unwrap_or(raw)).collect()).collect()
}

#[test]
fn words_and_their_bytes() {
    let [words] = &simple("a 'b c' \"d\\\"e\" f\\ g --h=\"i j\" ''")[..] else { panic!("one command") };
    let expected =
        [("a", "a"), ("b c", "b c"), ("d\"e", "d\\\"e"), ("f g", "f\\ g"), ("--h=i j", "--h=\"i j\""), ("", "")];
    let expected: Vec<_> = expected.map(|(text, raw)| (Some(text.to_owned()), raw.to_owned())).into();
    assert_eq!(*words, expected);
}

#[test]
fn commands_of_a_shell() {
    for (text, expected) in [
        ("a && b; c | d & e", &[&["a"][..], &["b"], &["c"], &["d"], &["e"]][..]),
        ("A=1 B='x y' exec gunicorn app", &[&["A=1", "B=x y", "exec", "gunicorn", "app"]]),
        (
            "if [ -n \"$X\" ]; then gunicorn a; else uvicorn b; fi",
            &[&["[", "-n", "$X", "]"], &["gunicorn", "a"], &["uvicorn", "b"]],
        ),
        ("a > log 2>&1 < in && b 2> /dev/null >> c d", &[&["a"], &["b", "d"]]),
        ("( a ; b ) && { c; }", &[&["a"], &["b"], &["c"]]),
        ("a # b\n  c#d", &[&["a"], &["c#d"]]),
        ("a \\\n  b", &[&["a", "b"]]),
        ("case \"$1\" in web|w) gunicorn a;; *) b ;; esac; c", &[&["gunicorn", "a"], &["b"], &["c"]]),
        ("for i in 1 2; do a $i; done; b", &[&["a", "$i"], &["b"]]),
        ("run() { a; }; run", &[&["a"], &["run"]]),
        ("cat <<EOF > x\nnot a command\nEOF\nb", &[&["cat"], &["b"]]),
        (
            "a -w $((2 * $(nproc) + 1)) `b c` $(d \")\")",
            &[&["a", "-w", "$((2 * $(nproc) + 1))", "`b c`", "$(d \")\")"]],
        ),
        ("while ! nc -z db 1; do sleep 1; done; a", &[&["nc", "-z", "db", "1"], &["sleep", "1"], &["a"]]),
        ("echo if then", &[&["echo", "if", "then"]]),
    ] {
        let expected: Vec<Vec<String>> =
            expected.iter().map(|words| words.iter().map(|word| (*word).to_owned()).collect()).collect();
        assert_eq!(texts(text), expected, "{text}");
    }
}

#[test]
fn more_words_than_anybody_writes_are_refused() {
    let text = "a ".repeat(MAX_WORDS + 1);
    let mut files = Files::new();
    let file = files.add("Procfile", text.as_str());
    assert!(commands(&Decoded::verbatim(&text, 0), file).is_none());
}

proptest! {
    #[test]
    fn any_text_has_words_inside_it(text in "[ a$\"'\\\\{}()`<>&|;#\n=:\u{e4}-]{0,60}") {
        let mut files = Files::new();
        let file = files.add("Procfile", text.as_str());
        for command in commands(&Decoded::verbatim(&text, 0), file).unwrap() {
            for lexed in command {
                for span in [lexed.word.place.span, lexed.word.removal.span] {
                    prop_assert!(text.get(span.start..span.end).is_some());
                }
            }
        }
    }

    /// What is quoted for a shell comes back as it was, from bytes that spell it.
    #[test]
    fn quoted_words_come_back(words in proptest::collection::vec("[ a$\"'\\\\;#\u{e4}]{1,8}", 1..6)) {
        let quoted: Vec<String> = words.iter().map(|word| format!("'{}'", word.replace('\'', "'\\''"))).collect();
        let text = format!("x {}", quoted.join(" "));
        let found = simple(&text).remove(0);
        prop_assert_eq!(found.len(), words.len() + 1);
        for ((found, raw), word) in found[1..].iter().zip(&words) {
            prop_assert_eq!(found.as_deref(), Some(word.as_str()));
            if !word.contains('\'') {
                prop_assert_eq!(raw, word);
            }
        }
    }
}
