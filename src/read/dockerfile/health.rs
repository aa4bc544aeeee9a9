//! `HEALTHCHECK`.

use crate::source::{FileId, Located, Place};

use super::super::decoded::Decoded;
use super::super::durations::go as duration;
use super::super::expansion::Dialect;
use super::super::{Command, FilledBy, Form, HealthCheck, HealthKind, command, json_words};
use super::word_ranges;

/// The check; one whose command is empty takes that of the base image back. `None` where it is neither.
pub(super) fn read(rest: &Decoded, file: FileId) -> Option<HealthCheck> {
    let text = rest.text();
    let place = |range| Place::new(file, rest.span(range));
    let whole = place(0..text.len());
    let mut check = HealthCheck {
        kind: HealthKind::Container,
        place: whole,
        interval: None,
        timeout: None,
        failures: None,
        start_period: None,
        path: None,
        port: None,
        command: None,
    };
    for range in word_ranges(text) {
        let word = &text[range.clone()];
        if let Some((name, value)) = word.strip_prefix("--").and_then(|option| option.split_once('=')) {
            let at = place(range.end - value.len()..range.end);
            let time = || duration(value).map(|time| Located::new(time, at));
            match name {
                "interval" => check.interval = time(),
                "timeout" => check.timeout = time(),
                "start-period" => check.start_period = time(),
                "retries" => check.failures = value.parse().ok().map(|count| Located::new(count, at)),
                _ => {}
            }
            continue;
        }
        if word.eq_ignore_ascii_case("none") {
            let none = Command {
                form: Form::Exec,
                filled_by: FilledBy::Nobody,
                simple: Vec::new(),
                words: Vec::new(),
                place: whole,
            };
            check.command = Some(none);
            return Some(check);
        }
        if !word.eq_ignore_ascii_case("cmd") {
            return None;
        }
        let start = text.len() - text[range.end..].trim_start().len();
        let script = rest.part(start..text.len());
        let at = place(start..text.len());
        check.command = match json_words::words(&script, file) {
            Some(words) => command::exec(words, Dialect::Build, at),
            None => command::shell(&script, at),
        };
        return check.command.is_some().then_some(check);
    }
    None
}
