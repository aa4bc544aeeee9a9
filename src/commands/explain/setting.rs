//! `farrier explain workers`: a setting, and what this project makes of it.

use std::fmt::Write as _;

use farrier::Examination;
use farrier::deployment::{Deployment, Effective, Layer};
use farrier::report::{origin, reasons, value};
use farrier::rules::{self, Card};
use farrier::servers::{Honoured, Server, Setting, Table, WorkerClass, table};
use farrier::sizing::{Advice, Amount};
use farrier::source::Files;

use super::filled;

/// The name of the setting that a word may mean: `--worker-class`, `worker-class`, `-w`.
pub(super) fn named(word: &str) -> Option<String> {
    let name = word.trim_start_matches('-').replace('-', "_").to_ascii_lowercase();
    let all = || Server::every().map(table);
    let of_flag = || {
        let flagged =
            |setting: &&Setting| setting.at(table(setting.server()).newest()).flags().iter().any(|f| f == word);
        all().find_map(|table| table.settings().find(flagged).map(|setting| setting.name().to_owned()))
    };
    if all().any(|table| table.setting(&name).is_some()) { Some(name) } else { of_flag() }
}

/// The setting whose name is most like a word.
pub(super) fn nearest(word: &str) -> Option<&'static str> {
    let name = word.replace('-', "_");
    let mut tables = Server::every().map(table);
    tables.find_map(|table| table.near_miss(&name, table.newest())).map(Setting::name)
}

pub(super) fn page(name: &str, examination: &Examination) -> String {
    let mut text = format!("{name}\n");
    let deployments = &examination.assembly.deployments;
    let used = |server: Server| deployments.iter().any(|deployment| deployment.server == server);
    let tables: Vec<&Table> = Server::every().map(table).filter(|table| table.setting(name).is_some()).collect();
    // Of a project that uses none of the servers, all of them are told that run Python, or else those in Rust.
    let any = tables.iter().any(|table| used(table.server()));
    let of_python = tables.iter().any(|table| !table.server().is_of_rust());
    let is_told = |table: &Table| {
        let server = table.server();
        if any { used(server) } else { server.is_of_rust() != of_python }
    };
    for table in tables.into_iter().filter(|table| is_told(table)) {
        about(&mut text, table, name);
    }
    text.push_str("\nIn this project\n");
    let mut said = false;
    for (deployment, advice) in deployments.iter().zip(&examination.advice) {
        if let Some(effective) = deployment.setting(name) {
            said = true;
            here(&mut text, &examination.files, deployment, effective, advice.as_ref());
        }
    }
    if !said {
        text.push_str("  no server is started that has it\n");
    }
    let looking = rules::that_look_at(name);
    text.push_str("\nRules that look at it\n");
    if looking.is_empty() {
        text.push_str("  none, beside those about all settings\n");
    }
    for card in looking.iter().filter_map(|rule| Card::find(rule)) {
        let here = examination.findings.iter().filter(|finding| finding.rule == card.name).count();
        let count = if here > 0 { format!(" ({here} here)") } else { String::new() };
        let item = format!("{}  {}: {}{count}", card.code, card.name, card.title);
        let _ = writeln!(text, "{}", filled::item(&item, "  ", "          "));
    }
    text
}

/// What the server makes of it, whatever the project.
fn about(text: &mut String, table: &Table, name: &str) {
    for setting in table.settings().filter(|setting| setting.name() == name) {
        let _ = writeln!(text, "\n{}{}", table.server(), range(setting));
        let shape = setting.at(table.newest());
        if !shape.flags().is_empty() {
            let _ = writeln!(text, "  option         {}", shape.flags().join(", "));
        }
        if let Some(variable) = setting.variable() {
            let _ = writeln!(text, "  variable       {variable}");
        }
        if let Some(variable) = setting.default_variable() {
            let _ = writeln!(text, "  default from   {variable}");
        }
        for (versions, default) in defaults(setting, table) {
            let item = format!("{default}{versions}");
            let _ = writeln!(text, "{}", filled::item(&item, "  default        ", "                 "));
        }
        honoured(text, setting, table);
        if let Some(contested) = setting.contested() {
            let sides = contested.split_whitespace().collect::<Vec<_>>().join(" ");
            let _ = writeln!(text, "{}", filled::item(&sides, "  contested      ", "                 "));
        }
    }
}

fn range(setting: &Setting) -> String {
    match (setting.since(), setting.until()) {
        (Some(since), Some(until)) => format!(", from {since} until {until}"),
        (Some(since), None) => format!(", from {since}"),
        (None, Some(until)) => format!(", until {until}"),
        (None, None) => String::new(),
    }
}

/// Its defaults, the newest first, with the versions that have them.
fn defaults(setting: &Setting, table: &Table) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    let shown = |shape: &farrier::servers::Shape| match (shape.default(), shape.default_computed()) {
        (Some(value), _) => value.to_string(),
        (None, Some(how)) => how.to_owned(),
        (None, None) => "none".to_owned(),
    };
    let today = shown(setting.at(table.newest()));
    let mut last = today.clone();
    found.push((String::new(), today));
    for (until, shape) in setting.before() {
        let default = shown(shape);
        if default != last {
            found.push((format!(" before {until}"), default.clone()));
            last = default;
        }
    }
    found
}

/// Which worker classes act on it, where they differ.
fn honoured(text: &mut String, setting: &Setting, table: &Table) {
    let version = table.newest();
    let mut groups: [(&str, Vec<String>); 3] =
        [("read by", Vec::new()), ("partly read by", Vec::new()), ("ignored by", Vec::new())];
    for class in table.worker_classes().filter(|class| class.applies_to(version)) {
        let (group, words) = match setting.honoured_by(class, version) {
            Honoured::Yes => (0, class.name().to_owned()),
            Honoured::Partly(how) => (1, format!("{} ({how})", WorkerClass::name(class))),
            Honoured::No => (2, class.name().to_owned()),
            Honoured::Unknown => continue,
        };
        if let Some((_, names)) = groups.get_mut(group) {
            names.push(words);
        }
    }
    let all_alike = groups.iter().filter(|(_, names)| !names.is_empty()).count() < 2;
    if all_alike && setting.name() != "worker_class" && groups.first().is_some_and(|(_, names)| names.len() > 1) {
        let _ = writeln!(text, "  counts         with every worker class");
    }
    for (label, names) in groups.iter().filter(|(_, names)| !names.is_empty() && !all_alike) {
        let label = format!("  {label:14} ");
        let _ = writeln!(text, "{}", filled::item(&names.join(", "), &label, "                 "));
    }
}

/// What one launch makes of it.
fn here(text: &mut String, files: &Files, deployment: &Deployment, effective: &Effective, advice: Option<&Advice>) {
    let unit = if deployment.unit.is_empty() { String::new() } else { format!(" ({})", deployment.unit) };
    let command = files.describe(deployment.command);
    let launch = format!("{} {}, {command}{unit}", deployment.server, deployment.version);
    let _ = writeln!(text, "{}", filled::item(&launch, "  ", "    "));
    let holds = format!("{}  {}", value(&effective.winner), origin(files, deployment, &effective.winner));
    let _ = writeln!(text, "{}", filled::item(&holds, "    ", "      "));
    for reason in reasons(effective, &deployment.environment) {
        let _ = writeln!(text, "{}", filled::item(&reason, "      ", "        "));
    }
    for lost in effective.overridden.iter().filter(|lost| lost.layer > Layer::Default) {
        let loses = format!("{}  {}, overridden", value(lost), origin(files, deployment, lost));
        let _ = writeln!(text, "{}", filled::item(&loses, "    ", "      "));
    }
    if let Some(class) = deployment.class
        && effective.setting.honoured_by(class, deployment.version.version) == Honoured::No
    {
        let _ = writeln!(text, "    has no effect: `{}` never reads it", class.name());
    }
    let Some(item) = advice.and_then(|advice| advice.item(effective.setting.name())) else { return };
    let amount = |amount: Amount| amount.count().map_or_else(|| "no limit".to_owned(), |count| count.to_string());
    let (lower, target, upper) = (amount(item.lower), amount(item.target), amount(item.upper));
    let line = format!("advise: {target}, between {lower} and {upper}, bound by {}", item.binding.as_str());
    let _ = writeln!(text, "{}", filled::item(&line, "    ", "      "));
    for step in advice.iter().flat_map(|advice| &advice.steps) {
        let _ = writeln!(text, "{}", filled::item(&step.text, "      ", "        "));
    }
}
