//! Compose files as people write them.

use super::super::{FilledBy, Form, Unit};
use super::*;
use crate::source::{Files, Word};
use crate::values::{Bytes, Cpus, Seconds};

/// The units of one file, with what services take over inside it.
pub(super) fn read_text(text: &str) -> (Files, Facts) {
    let mut files = Files::new();
    let file = files.add("compose.yaml", text);
    let mut facts = Facts::default();
    read(file, files.get(file), &mut facts);
    by_themselves(&files, &mut facts);
    (files, facts)
}

fn placed<'a>(files: &'a Files, words: &[Word]) -> Vec<&'a str> {
    words.iter().map(|word| files.text_at(word.place)).collect()
}

fn only(text: &str) -> (Files, Unit, Vec<Note>) {
    let (files, facts) = read_text(text);
    let notes = facts.notes.clone();
    (files, facts.units.into_iter().next().unwrap(), notes)
}

#[test]
fn a_service_with_everything() {
    let (files, unit, notes) = only(
        "services:\n  web:\n    build:\n      context: ./app\n      dockerfile: Dockerfile.prod\n      target: final\n\
         \x20   image: shop:${TAG:-1}\n    working_dir: /srv\n    user: \"1000\"\n    stop_signal: SIGINT\n    profiles: [prod]\n\
         \x20   env_file:\n      - .env\n      - path: other.env\n        required: false\n\
         \x20   environment:\n      WORKERS: 4\n      NAME: \"a b\"\n      HOST:\n      URL: ${URL}\n\
         \x20   stop_grace_period: 1m30s\n    deploy:\n      replicas: 3\n      resources:\n        limits:\n          cpus: '1.5'\n          memory: 512M\n",
    );
    assert!(notes.is_empty(), "{notes:?}");
    let build = unit.build.unwrap();
    assert_eq!(build.context.unwrap().value, "./app");
    assert_eq!(build.dockerfile.unwrap().value, "Dockerfile.prod");
    assert_eq!(build.target.unwrap().value, "final");
    assert_eq!(unit.image.unwrap().value, "shop:1");
    assert_eq!(files.text_at(unit.user.unwrap().place), "1000");
    assert_eq!(unit.profiles, ["prod"]);
    let files_named: Vec<_> = unit.environment_files.iter().map(|file| file.path.value.as_str()).collect();
    assert_eq!(files_named, [".env", "other.env"]);
    let variables: Vec<_> = unit
        .environment
        .iter()
        .map(|v| (v.name.as_str(), v.value.as_ref().map(|word| files.text_at(word.place)), files.text_at(v.place)))
        .collect();
    let expected = [
        ("WORKERS", Some("4"), "WORKERS: 4"),
        ("NAME", Some("a b"), "NAME: \"a b\""),
        ("HOST", None, "HOST:"),
        ("URL", Some("${URL}"), "URL: ${URL}"),
    ];
    assert_eq!(variables.iter().map(|v| (v.0, v.1)).collect::<Vec<_>>(), expected.map(|v| (v.0, v.1)));
    assert_eq!(variables[0].2, expected[0].2);
    assert_eq!(variables[1].2, expected[1].2);
    assert_eq!(unit.limits.cpus.as_ref().unwrap().value, Cpus(1.5));
    assert_eq!(files.text_at(unit.limits.cpus.unwrap().place), "1.5");
    assert_eq!(unit.limits.memory.unwrap().value, Bytes::mib(512));
    assert_eq!(unit.limits.stop_grace.unwrap().value, Seconds(90.0));
    assert_eq!(unit.limits.replicas.unwrap().value, 3);
}

#[test]
fn commands_in_every_notation() {
    for source in [
        "gunicorn -w 4 app:app",
        "\"gunicorn -w 4 app:app\"",
        "'gunicorn -w 4 app:app'",
        "gunicorn -w \"4\" app:app",
        "[gunicorn, -w, 4, app:app]",
        "[\"gunicorn\", '-w', \"4\", app:app]",
        "\n      - gunicorn\n      - -w\n      - \"4\"  # why\n      - app:app",
        ">\n      gunicorn\n      -w 4\n      app:app",
        "|\n      gunicorn -w 4 app:app\n",
    ] {
        let (files, unit, notes) = only(&format!("services:\n  web:\n    command: {source}\n    image: x\n"));
        assert!(notes.is_empty(), "{notes:?}");
        let command = unit.command.unwrap();
        assert_eq!((command.form, command.filled_by), (Form::Exec, FilledBy::Compose), "{source}");
        assert_eq!(placed(&files, &command.simple[0]), ["gunicorn", "-w", "4", "app:app"], "{source}");
        // Whatever notation it is in, taking an argument out leaves the other words.
        let text = files.iter().next().unwrap().1.text();
        for taken in 1..4 {
            let span = command.simple[0][taken].removal.span;
            let rest = format!("{}{}", &text[..span.start], &text[span.end..]);
            let (_, unit, notes) = only(&rest);
            assert!(notes.is_empty(), "{rest}: {notes:?}");
            let left: Vec<_> = unit.command.unwrap().simple[0].iter().map(|word| word.text().unwrap()).collect();
            let mut expected = vec!["gunicorn", "-w", "4", "app:app"];
            expected.remove(taken);
            assert_eq!(left, expected, "{source}: {rest}");
        }
    }
}

#[test]
fn a_shell_in_a_command_is_looked_into() {
    for source in [
        "bash -c \"migrate && gunicorn -w $$N app\"",
        "bash -c \"migrate && gunicorn -w ${N:-4} app\"",
        "bash -c 'migrate && gunicorn -w $$N app'",
        "bash -c 'migrate && gunicorn -w ${N:-4} app'",
        "[sh, -c, 'migrate && gunicorn -w $$N app']",
        "[\"sh\", \"-c\", \"migrate && gunicorn -w ${N} app\"]",
    ] {
        let (files, unit, _) = only(&format!("services:\n  web:\n    command: {source}\n"));
        let command = unit.command.unwrap();
        // Compose sees the words; the shell among them is looked into when it is run.
        assert_eq!((command.form, command.filled_by, command.words.len()), (Form::Exec, FilledBy::Compose, 3));
        assert_eq!(placed(&files, &command.simple[0]), ["migrate"]);
        let server = &command.simple[1];
        assert_eq!(placed(&files, &server[..2]), ["gunicorn", "-w"]);
        assert_eq!(server[2].variables(), ["N"], "{source}");
    }
}

#[test]
fn extends_and_merge_keys_fill_in_what_is_missing() {
    let (files, facts) = read_text(
        "x-env: &env\n  A: 1\n  B: 1\nservices:\n  base:\n    image: x\n    command: a\n    environment:\n      <<: *env\n      B: 2\n\
         \x20 web:\n    extends: base\n    command: b\n    environment: [\"B=3\", C]\n",
    );
    let web = &facts.units[1];
    assert_eq!(web.image.as_ref().unwrap().value, "x");
    assert_eq!(placed(&files, &web.command.as_ref().unwrap().simple[0]), ["b"]);
    let last = |name: &str| {
        web.environment.iter().rfind(|v| v.name == name).map(|v| v.value.as_ref().map(|w| w.text().unwrap()))
    };
    assert_eq!(last("A"), Some(Some("1".to_owned())));
    assert_eq!(last("B"), Some(Some("3".to_owned())));
    assert_eq!(last("C"), Some(None));
}

#[test]
fn templates_and_errors_are_notes() {
    for text in [
        "services:\n  web:\n    command: {{ command }}\n",
        "services:\n  web:\n    command: a {% if x %} b\n",
        "services:\n  web:\n    cpus: {{ cpus }}\n",
        "services:\n{% if x %}\n  web:\n    image: x\n{% endif %}\n",
    ] {
        let (_, facts) = read_text(text);
        assert!(facts.units.is_empty() && facts.notes[0].reason.contains("template"), "{text}: {:?}", facts.notes);
    }
    let (files, facts) = read_text("services:\n  web:\n    command: gunicorn -w {{ workers }} --threads 3 a:b\n");
    let words = &facts.units[0].command.as_ref().unwrap().simple[0];
    let texts: Vec<_> = words.iter().map(|word| (files.text_at(word.place), word.text().is_some())).collect();
    let known = |text: &'static str| (text, true);
    let hole = ("{{ workers }}", false);
    assert_eq!(texts, [known("gunicorn"), known("-w"), hole, known("--threads"), known("3"), known("a:b")]);
    let (_, facts) = read_text("services:\n  web:\n    image: x\n   command: [\n");
    assert!(facts.units.is_empty() && facts.notes[0].line.is_some(), "{:?}", facts.notes);
}

#[test]
fn what_is_filled_in_from_elsewhere_is_no_number() {
    let (_, unit, _) = only(
        "services:\n  web:\n    cpus: ${CPUS}\n    mem_limit: ${MEM}\n    scale: ${N}\n    stop_grace_period: ${G}\n",
    );
    assert!(unit.limits.cpus.is_none() && unit.limits.memory.is_none());
    assert!(unit.limits.replicas.is_none() && unit.limits.stop_grace.is_none());
}

#[test]
fn an_empty_command_is_not_the_same_as_none() {
    let (_, unit, _) = only("services:\n  web:\n    command: []\n    entrypoint:\n");
    assert!(unit.command.unwrap().simple.is_empty());
    assert!(unit.entrypoint.is_none());
}

#[test]
fn taking_an_item_out_leaves_every_other_one() {
    for items in [
        "\n      - gunicorn\n      # the rest - of it\n      - |\n        a b\n        c\n      - >-  # why\n\n        d\n      -\n        e\n      - 'f\n        g'\n      - &h h\n",
        " [gunicorn, 'a, b', \"c\",\n      d  # why, oh\n      , e, f g]\n",
        "\n    - gunicorn\n    - *four\n    - &b b\n\n    # behind\n",
        "\r\n      - gunicorn\r\n      - >\r\n        a\r\n      - b\r\n",
    ] {
        let source = format!("x-four: &four \"4\"\nservices:\n  web:\n    command:{items}    image: x\n");
        let words = |text: &str| {
            let (_, unit, notes) = only(text);
            assert!(notes.is_empty(), "{text}: {notes:?}");
            assert_eq!(unit.image.map(|image| image.value).as_deref(), Some("x"), "{text}");
            unit.command.map_or(Vec::new(), |command| command.simple.into_iter().next().unwrap_or_default())
        };
        let all = words(&source);
        assert!(all.len() >= 3, "{source}: {all:?}");
        let texts: Vec<_> = all.iter().map(|word| word.text().unwrap()).collect();
        for (taken, word) in all.iter().enumerate() {
            let span = word.removal.span;
            let rest = format!("{}{}", &source[..span.start], &source[span.end..]);
            let left: Vec<_> = words(&rest).iter().map(|word| word.text().unwrap()).collect();
            let mut expected = texts.clone();
            expected.remove(taken);
            assert_eq!(left, expected, "{source}\nwithout {taken}:\n{rest}");
        }
    }
}

#[test]
fn a_command_ends_with_its_last_item() {
    let (files, unit, _) =
        only("services:\n  web:\n    command:\n      - a\n      - b\n\n    # about the image\n    image: x\n");
    assert_eq!(files.text_at(unit.command.unwrap().place), "- a\n      - b");
}

#[test]
fn an_alias_points_at_the_value_and_is_removed_where_it_stands() {
    let (files, unit, _) =
        only("x-n: &n 4\nservices:\n  web:\n    command:\n      - w\n      - *n\n    environment:\n      N: *n\n");
    let command = unit.command.unwrap();
    let word = &command.simple[0][1];
    assert_eq!((files.text_at(word.place), files.text_at(word.removal)), ("4", "      - *n\n"));
    assert_eq!(files.text_at(unit.environment[0].place), "N: *n");
    assert_eq!(files.text_at(unit.environment[0].value.as_ref().unwrap().place), "4");
}

#[test]
fn what_extends_merges_and_what_is_built_with() {
    let (_, facts) = read_text(
        "services:\n  base:\n    build: {context: ./a, args: [A=1, B]}\n    deploy: {resources: {limits: {memory: 1gb}}}\n\
         \x20 web:\n    extends: {service: base}\n    build: {target: final, args: {A: 2}}\n    deploy: {resources: {limits: {cpus: 0.5}}}\n",
    );
    let web = &facts.units[1];
    let build = web.build.as_ref().unwrap();
    assert_eq!(build.context.as_ref().unwrap().value, "./a");
    assert_eq!(build.target.as_ref().unwrap().value, "final");
    assert_eq!(web.limits.cpus.as_ref().unwrap().value, Cpus(0.5));
    assert_eq!(web.limits.memory.as_ref().unwrap().value, Bytes::mib(1024));
    let arguments: Vec<_> = web
        .environment
        .iter()
        .map(|v| (v.name.as_str(), v.value.as_ref().and_then(Word::text), v.build_only))
        .collect();
    assert_eq!(arguments, [("A", Some("1".into()), true), ("B", None, true), ("A", Some("2".into()), true)]);
}

#[test]
fn the_long_spelling_of_a_limit_counts() {
    let (_, unit, _) = only(
        "services:\n  web:\n    cpus: 4\n    mem_limit: 1g\n    deploy: {resources: {limits: {cpus: \"${C}\", memory: 512m}}}\n",
    );
    assert!(unit.limits.cpus.is_none());
    assert_eq!(unit.limits.memory.unwrap().value, Bytes::mib(512));
}

#[test]
fn documents_in_front_of_an_error_are_kept() {
    let (_, facts) = read_text("services:\n  web:\n    image: x\n---\nservices:\n  half:\n    command: [\n");
    let names: Vec<_> = facts.units.iter().map(|unit| unit.name.as_str()).collect();
    assert_eq!((names, facts.notes.len(), facts.notes[0].line), (vec!["web"], 1, Some(7)));
}

#[test]
fn long_runs_of_comments_are_no_error() {
    let comments = "  # commented out\n".repeat(5_000);
    let (_, facts) = read_text(&format!("services:\n{comments}  web:\n    image: x\n"));
    assert_eq!((facts.units.len(), facts.notes.len()), (1, 0), "{:?}", facts.notes);
    assert_eq!(facts.comments.values().map(Vec::len).sum::<usize>(), 5_000);
}
