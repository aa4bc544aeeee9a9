//! How compose finds out whether a service is well.

use crate::source::Word;

use super::super::durations;
use super::super::expansion::Dialect;
use super::super::shell_words::Lexed;
use super::super::{Command, Form, HealthCheck, HealthKind, command as commands};
use super::command;
use super::node::{Node, Outer};
use super::service::read as quantity;

/// The check, of which `get` finds the keys; one without a command leaves that to the image, and one
/// whose command is empty takes the image's back.
pub(super) fn read<'a>(get: impl Fn(&str) -> Option<Node<'a>>, outer: Outer) -> Vec<HealthCheck> {
    let keys = ["test", "interval", "timeout", "retries", "start_period", "disable"];
    let Some(place) = keys.iter().find_map(|key| get(key)).map(Node::content) else { return Vec::new() };
    let filled = |key: &str| get(key)?.filled(outer);
    let duration = |key: &str| filled(key).and_then(|text| quantity(&text, durations::go));
    let disabled = filled("disable").is_some_and(|disable| disable.value.eq_ignore_ascii_case("true"));
    let nothing = Command {
        form: Form::Exec,
        filled_by: super::super::FilledBy::Compose,
        simple: Vec::new(),
        words: Vec::new(),
        place,
    };
    let check = HealthCheck {
        kind: HealthKind::Container,
        place,
        interval: duration("interval"),
        timeout: duration("timeout"),
        failures: filled("retries").and_then(|text| quantity(&text, |text| text.parse().ok())),
        start_period: duration("start_period"),
        path: None,
        port: None,
        command: if disabled { Some(nothing) } else { get("test").and_then(test) },
    };
    vec![check]
}

/// `[CMD, …]`, `[CMD-SHELL, script]`, `[NONE]`, or a script alone.
fn test(node: Node) -> Option<Command> {
    let place = node.content();
    if !node.is_list() {
        let text = node.decoded()?;
        let word = Node::word(&text, place);
        return script(Lexed { word, content: command::dollars(&text), has_quotes: true });
    }
    let mut words = command::words(node)?.into_iter();
    let kind = words.next()?;
    match kind.content.text() {
        "CMD" => commands::exec(words.collect(), Dialect::Compose, place),
        "CMD-SHELL" => script(words.next()?),
        _ => commands::exec(Vec::new(), Dialect::Compose, place),
    }
}

fn script(script: Lexed) -> Option<Command> {
    let place = script.word.place;
    let word = |text: &str| Lexed {
        word: Word::literal(text, place, place),
        content: super::super::decoded::Decoded::verbatim(text, place.span.start),
        has_quotes: true,
    };
    commands::exec(vec![word("sh"), word("-c"), script], Dialect::Compose, place)
}
