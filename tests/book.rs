//! The book in `docs`: its generated pages and pictures say what the program says today, every page can be reached, and
//! every link leads somewhere.
//!
//! `FARRIER_WRITE=1 cargo test --test book` writes what is generated.
#![allow(clippy::expect_used, reason = "a test stops where its own ground is missing")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use farrier::rules::messages::MESSAGES;
use farrier::rules::{CARDS, Expect};
use farrier::sizing::capacity::slots_for_cpu;
use farrier::values::Cpus;
use support::chart::{self, Line};
use support::command::Project;
use support::written::{home, said, said_in, same};

/// The pages in front of those of the rules.
const PAGES: [(&str, &str); 17] = [
    ("introduction.md", "Introduction"),
    ("getting-started.md", "Getting started"),
    ("ci.md", "In hooks and in CI"),
    ("editors.md", "In an editor"),
    ("commands.md", "Commands"),
    ("settings.md", "Settings"),
    ("faq.md", "Questions"),
    ("log-lines.md", "Lines of logs"),
    ("sizing.md", "How many workers"),
    ("advice-measured.md", "The advice, measured"),
    ("blocking.md", "Calls that stop the event loop"),
    ("rust.md", "Services in Rust"),
    ("comparison.md", "Beside other tools"),
    ("measuring.md", "Measuring"),
    ("measure-measured.md", "Measuring, measured"),
    ("library.md", "As a library"),
    ("rules/README.md", "Rules"),
];

#[test]
fn the_table_of_contents_has_every_page() {
    let mut text = String::from("# farrier\n\n");
    for (file, title) in PAGES {
        let _ = writeln!(text, "- [{title}]({file})");
    }
    for card in CARDS {
        let _ = writeln!(text, "  - [{}](rules/{0}.md)", card.name);
    }
    same(&home("docs/SUMMARY.md"), &text, "book");
    let listed: BTreeSet<PathBuf> = links(&text).into_iter().map(|link| home("docs").join(link)).collect();
    let pages: BTreeSet<PathBuf> =
        markdown(&home("docs")).into_iter().filter(|page| !page.ends_with("SUMMARY.md")).collect();
    assert_eq!(listed, pages);
}

#[test]
fn the_page_of_commands_is_their_help() {
    let overview = said(&["--help"]);
    let mut text =
        format!("# Commands\n\nWhat `farrier --help` and `farrier COMMAND --help` print.\n\n{}", fenced(&overview));
    let listed = overview.split("Commands:\n").nth(1).expect("commands are listed").lines();
    let listed = listed.take_while(|line| !line.trim().is_empty());
    let verbs = listed.filter_map(|line| line.strip_prefix("  ")?.split_once("  ").map(|(verb, _)| verb));
    for verb in verbs.filter(|verb| !verb.is_empty() && *verb != "help") {
        let _ = write!(text, "\n## farrier {verb}\n\n{}", fenced(&said(&[verb, "--help"])));
    }
    assert!(text.contains("## farrier measure"), "{text}");
    same(&home("docs/commands.md"), &text, "book");
}

#[test]
fn the_page_of_log_lines_is_that_of_the_messages() {
    let mut text = String::from(
        "# Lines of logs\n\nWhat servers, platforms and browsers say, and why. `farrier explain` takes such a line, or a whole log \
         from standard input, and says which of the causes a project shows.\n",
    );
    let names: BTreeSet<&str> = CARDS.iter().map(|card| card.name).collect();
    for message in MESSAGES {
        let _ = writeln!(text, "\n## `{}`\n\n{}\n", message.texts.first().unwrap_or(&message.name), message.means);
        for cause in message.causes {
            let rules: Vec<String> = cause
                .rules
                .iter()
                .filter(|name| names.contains(*name))
                .map(|name| format!("[{name}](rules/{name}.md)"))
                .collect();
            let found = if rules.is_empty() { String::new() } else { format!(" ({})", rules.join(", ")) };
            let _ = writeln!(text, "1. {} {}{found}", cause.text, cause.advice);
        }
    }
    same(&home("docs/log-lines.md"), &text, "book");
}

#[test]
fn the_page_of_comparisons_is_that_of_the_readme() {
    let readme = fs::read_to_string(home("README.md")).expect("a README");
    let part = |from: &str, to: &str| {
        let rest = readme.split_once(from).expect("the README has that part").1;
        rest.split_once(to)
            .expect("and its end")
            .0
            .replace("](fixtures/", "](../fixtures/")
            .replace("](tests/", "](../tests/")
            .replace("](benches/", "](../benches/")
    };
    let text = format!(
        "# Beside other tools\n\n## Calls that stop the event loop\n{}## How long it takes\n{}",
        part("## Calls that stop the event loop\n", "## How long it takes\n"),
        part("## How long it takes\n", "## Settings\n"),
    );
    same(&home("docs/comparison.md"), &(text.trim_end().to_owned() + "\n"), "book");
}

#[test]
fn pictures_are_of_real_runs() {
    let chain = CARDS.iter().find(|card| card.name == "blocking-call-transitive").expect("the rule exists");
    let example = chain.examples.iter().find(|example| example.expect == Expect::Fires).expect("it has an example");
    let gevent = Project::fixture("scenarios/5-worker-class/gevent-with-asyncio");
    let article = Project::fixture("scenarios/1-workers-and-threads");
    let healthy = Project::fixture("healthy/fastapi-compose");
    let hop = Project::of(example.files);
    for (picture, project, arguments) in [
        ("check", &gevent, &["check"][..]),
        ("blocking", &hop, &["check"]),
        ("show", &healthy, &["show"]),
        ("advise", &article, &["advise", "--cpus", "2", "--memory", "1GiB"]),
    ] {
        let coloured = [arguments, &["--color", "always"]].concat();
        let (_, text) = said_in(project.path(), &coloured);
        assert!(text.contains('\u{1b}'), "{picture}: {text}");
        let drawn = anstyle_svg::Term::new().render_svg(&format!("$ farrier {}\n{text}", arguments.join(" ")));
        same(&home("docs/pictures").join(format!("{picture}.svg")), &drawn, "book");
    }
}

#[test]
fn the_curve_of_slots_is_that_of_the_formula() {
    let cpus = Cpus(2.0);
    let points =
        (0..=95).map(|percent| f64::from(percent) / 100.0).map(|share| (share, slots_for_cpu(cpus, share, 0.85)));
    let line = Line { name: "0.85 x 2 / (1 - b)", points: points.collect() };
    let marks = [0.05, 0.5, 0.9].map(|share| (share, slots_for_cpu(cpus, share, 0.85)));
    let named = [(marks[0].0, marks[0].1, "cpu"), (marks[1].0, marks[1].1, "mixed"), (marks[2].0, marks[2].1, "io")];
    let drawn =
        chart::lines(("share of a request that waits (b)", 1.0), ("requests in progress", 25.0), &[line], &named);
    same(&home("docs/pictures/slots.svg"), &drawn, "book");
}

#[test]
fn the_bars_of_the_advice_are_those_of_its_table() {
    let page = fs::read_to_string(home("docs/advice-measured.md")).expect("the measured page");
    let rate = |cell: &str| -> Option<f64> { cell.split_once(": ")?.1.split_once("/s")?.0.parse().ok() };
    let rows = page.lines().filter_map(|line| {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let best = rate(cells.get(5)?)?;
        let shares = [4, 6, 7].map(|at| cells.get(at).and_then(|cell| rate(cell)).unwrap_or_default() / best * 100.0);
        Some((format!("{} {}", cells[1], cells[2]), shares.to_vec()))
    });
    let rows: Vec<_> = rows.collect();
    assert_eq!(rows.len(), 15, "{rows:?}");
    let names = ["advised", "2 n + 1 workers", "default"];
    let drawn = chart::bars(("% of the best of a grid", 100.0), &names, &rows);
    same(&home("docs/pictures/advice.svg"), &drawn, "book");
}

#[test]
fn every_link_leads_somewhere() {
    let mut pages = markdown(&home("docs"));
    pages.extend(["README.md", "CONTRIBUTING.md", "CHANGELOG.md"].map(home));
    let texts: BTreeMap<PathBuf, String> =
        pages.into_iter().map(|page| (page.clone(), fs::read_to_string(page).expect("a page"))).collect();
    let mut broken = Vec::new();
    let mut seen = 0;
    for (page, text) in &texts {
        for link in links(text).into_iter().filter(|link| !link.contains("://")) {
            seen += 1;
            let (file, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let folder = page.parent().expect("a folder");
            let target = if file.is_empty() { page.clone() } else { normal(&folder.join(file)) };
            let has = || texts.get(&target).is_some_and(|text| anchors(text).contains(anchor));
            if !target.exists() || !anchor.is_empty() && !has() {
                broken.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert!(seen > 150, "only {seen} links were found");
    assert!(broken.is_empty(), "{broken:#?}");
}

/// The pages below a folder.
fn markdown(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(markdown(&path));
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
    found
}

/// The targets of links and pictures outside of code.
fn links(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut in_code = false;
    for line in text.lines() {
        in_code ^= line.trim_start().starts_with("```");
        if in_code {
            continue;
        }
        // What stands between backticks is no link.
        let plain: String = line.split('`').step_by(2).collect::<Vec<_>>().join("x");
        for rest in plain.split("](").skip(1) {
            found.extend(rest.split_once(')').map(|(link, _)| link.to_owned()));
        }
    }
    found
}

/// What headings can be linked by, as GitHub and mdBook do.
fn anchors(text: &str) -> BTreeSet<String> {
    let titles = text.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim());
    let letter = |c: char| {
        (c.is_alphanumeric() || "-_ ".contains(c)).then(|| if c == ' ' { '-' } else { c.to_ascii_lowercase() })
    };
    titles.map(|title| title.chars().filter_map(letter).collect()).collect()
}

/// A path without `..`.
fn normal(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        if part.as_os_str() == ".." {
            out.pop();
        } else {
            out.push(part);
        }
    }
    out
}

fn fenced(text: &str) -> String {
    format!("```text\n{}\n```\n", text.trim_end())
}
