//! The pages of rules for people who read them elsewhere than in a terminal.

use std::fmt::Write as _;

use farrier::rules::{CARDS, Card, Expect};

/// One rule as a page.
pub(super) fn page(card: &Card) -> String {
    let mut text = format!("# {} ({})\n\n{}\n\n", card.name, card.code, sentence(card.title));
    let _ = writeln!(text, "| severity | confidence | fix | group |\n|---|---|---|---|");
    let _ = writeln!(text, "| {} | {} | {} | {} |", card.severity, card.confidence, card.fix, card.group);
    if card.noisy {
        text.push_str("\nIt runs with `--pedantic`, or where it is selected.\n");
    }
    if !card.aliases.is_empty() {
        let _ = writeln!(text, "\nFormer names: `{}`.", card.aliases.join("`, `"));
    }
    let _ = writeln!(text, "\n## Why\n\n{}\n\n## What to do\n\n{}", card.why, card.advice);
    if !card.parameters.is_empty() {
        text.push_str("\n## Parameters\n\n| name | default | |\n|---|---|---|\n");
        for parameter in card.parameters {
            let _ = writeln!(text, "| `{}` | {} | {} |", parameter.name, parameter.default, parameter.doc);
        }
    }
    text.push_str("\n## How it is known\n\n");
    for evidence in card.evidence {
        let _ = writeln!(text, "- {}: {}", evidence.grade, evidence.text.replace('\n', "\n  "));
    }
    if !card.reproduced.is_empty() {
        text.push_str("\nReproduced by tests that start the real server:\n\n");
        for claim in card.reproduced {
            let _ = writeln!(text, "- {claim}");
        }
    }
    for (expect, heading) in
        [(Expect::Fires, "Reported"), (Expect::Silent, "Not reported"), (Expect::Suppressed, "Silenced by a comment")]
    {
        let _ = writeln!(text, "\n## {heading}");
        for example in card.examples.iter().filter(|example| example.expect == expect) {
            let _ = writeln!(text, "\n{}", sentence(example.title));
            if !example.at.is_empty() {
                let _ = writeln!(text, "\nAt `{}`:", example.at.join("`, `"));
            }
            for (path, content) in example.files {
                file(&mut text, &format!("`{path}`"), path, content);
            }
            for (path, content) in example.fixed {
                file(&mut text, &format!("`{path}` after the fix"), path, content);
            }
        }
    }
    text
}

/// All rules, group by group.
pub(super) fn index() -> String {
    let mut text =
        String::from("# Rules\n\nWritten from the cards in `rules/checks`; `farrier explain RULE` shows the same.\n");
    let shown = CARDS.iter().filter(|card| !card.reproduced.is_empty());
    let (rules, claims) = shown.fold((0, 0), |(rules, claims), card| (rules + 1, claims + card.reproduced.len()));
    let _ = writeln!(
        text,
        "\n{claims} claims about servers, on which {rules} of the {} rules rest, are reproduced by tests that start the real \
         ones; the others name their source.",
        CARDS.len()
    );
    let mut group = "";
    for card in CARDS {
        if card.group != group {
            group = card.group;
            let _ = writeln!(text, "\n## {group}\n\n| rule | code | severity | fix | |\n|---|---|---|---|---|");
        }
        let noisy = if card.noisy { " (`--pedantic`)" } else { "" };
        let (name, code) = (card.name, card.code);
        let _ = writeln!(
            text,
            "| [{name}]({name}.md) | {code} | {} | {} | {}{noisy} |",
            card.severity, card.fix, card.title
        );
    }
    text
}

fn file(text: &mut String, title: &str, path: &str, content: &str) {
    // A fence longer than any in the file.
    let ticks = content.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat((ticks + 1).max(3));
    let _ = writeln!(text, "\n{title}\n\n{fence}{}\n{}\n{fence}", language(path), content.trim_end());
}

fn language(path: &str) -> &'static str {
    let name = path.rsplit('/').next().unwrap_or(path);
    if name.starts_with("Dockerfile") {
        return "dockerfile";
    }
    match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("py") => "python",
        Some("yaml" | "yml") => "yaml",
        Some("toml") => "toml",
        Some("sh") => "sh",
        Some("ini" | "cfg") => "ini",
        Some("json") => "json",
        _ => "text",
    }
}

/// A clause as a sentence.
fn sentence(clause: &str) -> String {
    let mut letters = clause.chars();
    letters.next().map_or_else(String::new, |first| format!("{}{}.", first.to_uppercase(), letters.as_str()))
}
