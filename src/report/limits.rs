//! What this process may use: the answer of `host`.

use std::fmt::Write as _;

use serde::Serialize;

use super::document::{Head, write};
use crate::host::{Host, Reading};
use crate::values::{Bytes, Cpus};

/// The limits for people.
pub fn limits(host: &Host) -> String {
    let mut text = String::new();
    let cpus = host.cpu_limit().map_or_else(|| "unknown".to_owned(), |limit| limit.value.to_string());
    let memory = host.memory_limit().map_or_else(|| "unknown".to_owned(), |limit| limit.value.to_string());
    let _ = writeln!(text, "this process may use {cpus} and {memory}\n");
    let rows = host.cpus.iter().map(row).chain(host.memory.iter().map(row));
    table(&mut text, "limit", rows);
    let unlimited = host.unlimited.iter().map(|reading| {
        [reading.what.to_string(), "none".to_owned(), format!("{} says `{}`", reading.file, reading.raw)]
    });
    table(&mut text, "no limit", unlimited);
    let answers =
        host.answers().into_iter().map(|answer| [answer.asked.to_owned(), answer.answer, answer.sees.to_owned()]);
    table(&mut text, "asked", answers);
    text
}

fn row<T: std::fmt::Display>(reading: &Reading<T>) -> [String; 3] {
    [reading.what.to_string(), reading.value.to_string(), format!("{} says `{}`", reading.file, reading.raw)]
}

fn table(text: &mut String, head: &str, rows: impl Iterator<Item = [String; 3]>) {
    let rows: Vec<[String; 3]> = rows.collect();
    if rows.is_empty() {
        return;
    }
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
    let (first, second) = (width(0).max(head.len()), width(1).max(6));
    let tail = if head == "asked" { "sees" } else { "read from" };
    let _ = writeln!(text, "{head:first$}  {:second$}  {tail}", "answer");
    for [what, value, source] in rows {
        let _ = writeln!(text, "{what:first$}  {value:second$}  {source}");
    }
    text.push('\n');
}

/// The limits for programs.
pub fn limits_json(host: &Host) -> String {
    let cpu = |reading: &Reading<Cpus>| Row {
        what: reading.what.as_str(),
        value: reading.value.0,
        file: reading.file.clone(),
        raw: reading.raw.clone(),
    };
    #[allow(clippy::cast_precision_loss, reason = "no machine has 2^52 bytes of memory")]
    let memory = |reading: &Reading<Bytes>| Row {
        what: reading.what.as_str(),
        value: reading.value.0 as f64,
        file: reading.file.clone(),
        raw: reading.raw.clone(),
    };
    write(&Document {
        head: Head::new("host"),
        cpus: host.cpu_limit().map(|limit| limit.value.0),
        memory_bytes: host.memory_limit().map(|limit| limit.value.0),
        cpu_readings: host.cpus.iter().map(cpu).collect(),
        memory_readings: host.memory.iter().map(memory).collect(),
        answers: host
            .answers()
            .into_iter()
            .map(|answer| AnswerRow { asked: answer.asked, answer: answer.answer, sees: answer.sees })
            .collect(),
    })
}

#[derive(Serialize)]
struct Document {
    #[serde(flatten)]
    head: Head,
    cpus: Option<f64>,
    memory_bytes: Option<u64>,
    cpu_readings: Vec<Row>,
    memory_readings: Vec<Row>,
    answers: Vec<AnswerRow>,
}

#[derive(Serialize)]
struct Row {
    what: &'static str,
    value: f64,
    file: String,
    raw: String,
}

#[derive(Serialize)]
struct AnswerRow {
    asked: &'static str,
    answer: String,
    sees: &'static str,
}
