//! What the numbers should be on several machines: a table for each service.

use std::fmt::Write as _;

use serde::Serialize;

use super::Look;
use super::document::{Head, NoteDocument, write};
use super::recommendations::Service;
use crate::deployment::Deployment;
use crate::findings::Note;
use crate::sizing::{Advice, Amount, Item, Slots};
use crate::source::Files;
use crate::values::{Bytes, Cpus};

/// The advice for one machine, in the order of the services.
#[derive(Debug)]
pub struct Machine {
    /// Its cores.
    pub cpus: Cpus,
    /// Its memory.
    pub memory: Bytes,
    /// What each service should have there.
    pub advice: Vec<Option<Advice>>,
}

const HEADS: [&str; 8] = ["cores", "memory", "class", "workers", "threads", "at a time", "limited by", "confidence"];

/// The tables for people.
pub fn comparison(files: &Files, deployments: &[&Deployment], machines: &[Machine], look: Look) -> String {
    let mut text = String::new();
    for (index, deployment) in deployments.iter().enumerate() {
        let _ = writeln!(text, "{}", look.bold(&title(files, deployment)));
        let rows = rows(index, machines);
        let widths: Vec<usize> = HEADS
            .iter()
            .enumerate()
            .map(|(column, head)| rows.iter().map(|row| row[column].len()).fold(head.len(), usize::max))
            .collect();
        let line = |cells: &[String]| {
            let cells = cells.iter().zip(&widths).map(|(cell, &width)| format!("{cell:width$}"));
            format!("  {}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
        };
        text.push_str(&line(&HEADS.map(str::to_owned)));
        for row in &rows {
            text.push_str(&line(row));
        }
        text.push('\n');
    }
    text
}

/// The tables for a page.
pub fn comparison_markdown(files: &Files, deployments: &[&Deployment], machines: &[Machine]) -> String {
    let mut text = String::new();
    for (index, deployment) in deployments.iter().enumerate() {
        let _ = write!(text, "### {}\n\n| {} |\n", title(files, deployment), HEADS.join(" | "));
        let _ = writeln!(text, "|{}", "---|".repeat(HEADS.len()));
        for row in rows(index, machines) {
            let _ = writeln!(text, "| {} |", row.join(" | "));
        }
        text.push('\n');
    }
    text
}

/// The tables for programs: a list of machines, each with all services.
pub fn comparison_json(files: &Files, deployments: &[&Deployment], machines: &[Machine], notes: &[Note]) -> String {
    write(&Document {
        head: Head::new("advise"),
        machines: machines.iter().map(|machine| profile(files, deployments, machine)).collect(),
        notes: notes.iter().map(NoteDocument::new).collect(),
    })
}

fn profile<'a>(files: &Files, deployments: &[&'a Deployment], machine: &'a Machine) -> Profile<'a> {
    let pairs = deployments.iter().zip(&machine.advice);
    Profile {
        cpus: machine.cpus.0,
        memory: machine.memory.0,
        services: pairs.map(|(deployment, advice)| Service::new(files, deployment, advice.as_ref())).collect(),
    }
}

#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    head: Head,
    machines: Vec<Profile<'a>>,
    notes: Vec<NoteDocument<'a>>,
}

#[derive(Serialize)]
struct Profile<'a> {
    cpus: f64,
    memory: u64,
    services: Vec<Service<'a>>,
}

fn title(files: &Files, deployment: &Deployment) -> String {
    let name = if deployment.unit.is_empty() { String::new() } else { format!(" ({})", deployment.unit) };
    let app = deployment.serves().unwrap_or_default();
    format!("{app} on {}  {}{name}", deployment.server, files.describe(deployment.command)).trim_start().to_owned()
}

/// One line for each machine.
fn rows(index: usize, machines: &[Machine]) -> Vec<[String; 8]> {
    machines
        .iter()
        .map(|machine| {
            let cpus = machine.cpus.to_string();
            let cores = cpus.split(' ').next().unwrap_or_default().to_owned();
            let Some(advice) = machine.advice.get(index).and_then(Option::as_ref) else {
                let unknown = || "?".to_owned();
                let [class, workers, threads, slots, limit, confidence] = std::array::from_fn(|_| unknown());
                return [cores, machine.memory.to_string(), class, workers, threads, slots, limit, confidence];
            };
            let of = |names: &[&str]| advice.items.iter().find(|item| names.contains(&item.setting));
            let workers = of(&["workers", "processes", "instances"]);
            let threads =
                of(&["threads", "blocking_threads", "worker_threads"]).filter(|item| item.upper.count() != Some(1));
            let dash = || "-".to_owned();
            [
                cores,
                machine.memory.to_string(),
                advice.called.to_owned(),
                workers.map_or_else(dash, range),
                threads.map_or_else(dash, range),
                match advice.slots_then {
                    Slots::Count(slots) => slots.to_string(),
                    Slots::Open => "open".to_owned(),
                    Slots::Unknown => "?".to_owned(),
                },
                if advice.falls_short {
                    // Beside a number that cannot be enough nothing else matters.
                    "cpu: too few for the demand".to_owned()
                } else {
                    workers.map_or_else(dash, |item| item.binding.to_string())
                },
                advice.confidence.to_string(),
            ]
        })
        .collect()
}

/// The target, and the range around it where there is one: `4 (3-5)`.
fn range(item: &Item) -> String {
    match (item.lower, item.target, item.upper) {
        (Amount::Count(lower), Amount::Count(target), Amount::Count(upper)) if lower < upper => {
            format!("{target} ({lower}-{upper})")
        }
        (_, target, _) => target.to_string(),
    }
}
