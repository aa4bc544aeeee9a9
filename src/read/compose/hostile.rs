//! Texts that nobody writes, or only to do harm.

use std::fmt::Write as _;
use std::time::Duration;

use proptest::prelude::*;

use super::super::Unit;
use super::super::stopwatch::Stopwatch;
use super::tests::read_text;
use crate::source::{Files, Place, Word};

/// Every place that a unit names.
fn places(unit: &Unit) -> Vec<Place> {
    let mut places = vec![unit.place];
    let word = |word: &Word| [word.place, word.removal];
    for command in unit.entrypoint.iter().chain(&unit.command) {
        places.push(command.place);
        places.extend(command.simple.iter().flatten().flat_map(word));
    }
    for variable in &unit.environment {
        places.push(variable.place);
        places.extend(variable.value.iter().flat_map(word));
    }
    places.extend(unit.environment_files.iter().map(|file| file.path.place));
    let texts = [&unit.working_folder, &unit.image, &unit.user, &unit.stop_signal];
    places.extend(texts.into_iter().flatten().map(|text| text.place));
    places.extend(unit.limits.cpus.iter().map(|limit| limit.place));
    places.extend(unit.limits.memory.iter().map(|limit| limit.place));
    places
}

fn check(text: &str) -> (Files, Vec<Unit>) {
    let (files, facts) = read_text(text);
    for place in facts.units.iter().flat_map(places) {
        let span = place.span;
        assert!(text.get(span.start..span.end).is_some(), "{span:?} of {text:?}");
    }
    for comment in facts.comments.values().flatten() {
        assert!(text[comment.span.start..comment.span.end].starts_with('#'), "{text:?}");
    }
    (files, facts.units)
}

/// Texts made of what compose files are made of, most of which parse.
fn pieces() -> impl Strategy<Value = String> {
    let value = prop::sample::select(vec![
        "gunicorn",
        "é ü",
        "'a ''b'",
        "\"\\u00e4\\n b\\\n      c\"",
        ">-\n      a\n\n       b\n",
        "|\n      x\n      y é\n",
        "[a, 'b é', \"c\"]",
        "{A: 1}",
        "\n      - a\n      - >\n        b\n      # c\n      - é",
        "*x",
        "&x b",
        "",
        "~",
        "${X:-é}",
        "$$X",
        "1.5",
        "512m",
        "# é",
        "!reset []",
        "\t",
        "\u{feff}",
        "\0",
    ]);
    let key = prop::sample::select(vec![
        "command",
        "entrypoint",
        "environment",
        "env_file",
        "build",
        "image",
        "cpus",
        "mem_limit",
        "<<",
        "extends",
        "user",
        "é",
    ]);
    prop::collection::vec((key, value), 0..8).prop_map(|fields| {
        let mut text = "x-é: &x é\nservices:\n  web:\n".to_owned();
        for (key, value) in fields {
            writeln!(text, "    {key}: {value}").unwrap();
        }
        text
    })
}

proptest! {
    #[test]
    fn any_text_is_read_without_a_panic(text in "\\PC*", breaks in prop::collection::vec(0_usize..80, 0..8)) {
        check(&text);
        let mut broken: Vec<char> = text.chars().collect();
        for at in breaks {
            broken.insert(at.min(broken.len()), '\n');
        }
        check(&format!("services:\n  web:\n    command: {}", broken.into_iter().collect::<String>()));
    }

    #[test]
    fn what_looks_like_a_service_has_its_places_in_the_file(text in pieces(), windows in any::<bool>(), cut in 0_usize..200) {
        let text = if windows { text.replace('\n', "\r\n") } else { text };
        check(&text);
        let end = (0..=cut.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
        check(&text[..end]);
    }
}

#[test]
fn harmful_files_cost_no_more_than_their_size() {
    let service = |command: &str| format!("services:\n  web:\n    command: {command}\n");
    let mut bomb = "x0: &a0 [a, a, a, a, a, a, a, a, a]\n".to_owned();
    let mut merges = "y0: &b0 {A: 1}\n".to_owned();
    for level in 1..40 {
        let below = level - 1;
        writeln!(bomb, "x{level}: &a{level} [{}]", vec![format!("*a{below}"); 9].join(", ")).unwrap();
        writeln!(merges, "y{level}: &b{level} {{<<: [{}]}}", vec![format!("*b{below}"); 9].join(", ")).unwrap();
    }
    let (mut wide, mut shared, mut chain) = (String::new(), String::new(), String::new());
    for n in 0..4_000 {
        writeln!(wide, "  k{n}: v").unwrap();
    }
    for n in 0..1_000 {
        writeln!(shared, "  s{n}: *wide").unwrap();
        writeln!(chain, "  s{n}:\n    extends: s{}\n    <<: *wide", n + 1).unwrap();
    }
    let files = [
        format!("{bomb}services:\n  web:\n    command: *a39\n"),
        format!("{merges}services:\n  web:\n    environment: *b39\n    <<: *b39\n"),
        format!("wide: &wide\n{wide}services:\n{shared}"),
        format!("wide: &wide\n{wide}services:\n{chain}"),
        "[".repeat(100_000),
        "{".repeat(100_000),
        "- ".repeat(100_000),
        service(&"[".repeat(100_000)),
        service(&"a ".repeat(100_000)),
        service(&"a".repeat(200_000)),
        service(&format!("\"{}\"", "{{".repeat(100_000))),
        service(&format!("\"{}\"", "${X:-".repeat(100_000))),
        service(&format!("\"{}\"", "\\n".repeat(100_000))),
        service(&format!("|\n      a{}b\n      c\n", " ".repeat(400_000))),
        service(&format!("|\n      a\n{}", "\n".repeat(400_000))),
        service(&format!("[{}]", "a, ".repeat(30_000))),
        service(&format!("\n{}", "      - a\n".repeat(30_000))),
        service(&format!("\n      -{}a\n      - b\n", "\n".repeat(200_000))),
        "#\n".repeat(100_000),
        "%".repeat(200_000),
        "\"".repeat(200_001),
        "a: b\0c".to_owned(),
    ];
    for text in files {
        let watch = Stopwatch::start();
        check(&text);
        let computed = watch.computed();
        let head: String = text.chars().take(60).collect();
        // Unoptimised; what grows with the square takes minutes.
        assert!(computed < Duration::from_secs(10), "{head}: {computed:?}");
    }
}
