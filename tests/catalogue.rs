//! Every rule does what its card says: the examples of the cards are run.

use std::collections::BTreeMap;
use std::path::Path;

use farrier::findings::{Finding, Fix, Safety};
use farrier::request::{Flags, Request};
use farrier::rules::{CARDS, Card, Example, Expect};
use farrier::source::Files;
use farrier::{Examination, examine, fix, rules, settings};

#[test]
fn rules_report_where_their_cards_say() {
    each_example(Expect::Fires, |card, example, examination| {
        let mut found: Vec<String> = of(card, examination).map(|finding| place(&examination.files, finding)).collect();
        let mut expected: Vec<String> = example.at.iter().map(|at| (*at).to_owned()).collect();
        found.sort();
        expected.sort();
        if found != expected {
            return Err(format!("reports at {found:?}, not at {expected:?}"));
        }
        let messages: Vec<&str> = of(card, examination).map(|finding| finding.message.as_str()).collect();
        match example.says.iter().find(|says| !messages.iter().any(|message| message.contains(**says))) {
            Some(says) => Err(format!("no message says `{says}`: {messages:#?}")),
            None => Ok(()),
        }
    });
}

#[test]
fn rules_are_no_surer_and_no_safer_than_their_cards() {
    each_example(Expect::Fires, |card, _, examination| {
        for finding in of(card, examination) {
            if finding.confidence > card.confidence {
                return Err(format!("confidence {}", finding.confidence));
            }
            let offered = finding.fix.as_ref().map(|fix| fix.safety);
            let allowed = match card.fix {
                "safe" => true,
                "unsafe" => offered != Some(Safety::Safe),
                _ => matches!(offered, None | Some(Safety::Display)),
            };
            if !allowed {
                return Err(format!("a fix that is {offered:?}, not {}", card.fix));
            }
        }
        Ok(())
    });
}

#[test]
fn rules_are_silent_where_their_cards_say() {
    each_example(Expect::Silent, |card, _, examination| {
        let said: Vec<String> = of(card, examination)
            .map(|finding| {
                let place = place(&examination.files, finding);
                format!("{place}: {}", finding.message)
            })
            .collect();
        let kept_quiet = examination.suppressed.iter();
        if kept_quiet.into_iter().any(|it| it.finding.rule == card.name) {
            return Err("silent only because of a comment".to_owned());
        }
        if said.is_empty() { Ok(()) } else { Err(format!("reports {said:#?}")) }
    });
}

#[test]
fn comments_silence_rules_where_their_cards_say() {
    each_example(Expect::Suppressed, |card, _, examination| {
        let kept = of(card, examination).count();
        let silenced = examination.suppressed.iter();
        let silenced = silenced.filter(|it| it.finding.rule == card.name).count();
        if (kept, silenced) == (0, 1) {
            Ok(())
        } else {
            Err(format!("{kept} kept and {silenced} silenced, not 0 and 1"))
        }
    });
}

#[test]
fn fixes_give_the_texts_of_the_cards_and_settle_what_was_found() {
    each_example(Expect::Fires, |card, example, examination| {
        if example.fixed.is_empty() {
            return Ok(());
        }
        let fixes: Vec<&Fix> = of(card, examination).filter_map(|it| it.fix.as_ref()).collect();
        let plan = fix::plan(&examination.files, &fixes);
        if !plan.refused.is_empty() {
            return Err(format!("refused: {:#?}", plan.refused));
        }
        let mut after: BTreeMap<&str, &str> = example.files.iter().copied().collect();
        let mut written: BTreeMap<&str, &str> = BTreeMap::new();
        for rewrite in &plan.rewrites {
            written.insert(examination.files.get(rewrite.file).path(), &rewrite.new);
        }
        let expected: BTreeMap<&str, &str> = example.fixed.iter().copied().collect();
        if written != expected {
            return Err(format!("writes {written:#?}, not {expected:#?}"));
        }
        after.extend(written);
        let again = run(after.iter().map(|(path, text)| (*path, *text)));
        match of(card, &again).next() {
            Some(finding) => Err(format!("still reported after the fix: {}", finding.message)),
            None => Ok(()),
        }
    });
}

#[test]
fn cards_that_promise_a_fix_show_one() {
    let silent: Vec<&str> = CARDS
        .iter()
        .filter(|card| {
            let shown = card.examples.iter().any(|example| !example.fixed.is_empty());
            (card.fix != "none") != shown
        })
        .map(|card| card.name)
        .collect();
    assert!(silent.is_empty(), "`fix` and `fixed` disagree: {silent:?}");
}

#[test]
fn every_card_has_a_rule_and_every_kind_of_example() {
    for card in CARDS {
        let has = |expect| card.examples.iter().any(|example| example.expect == expect);
        assert!(rules::all().any(|rule| rule.card.name == card.name), "no rule: {}", card.name);
        assert!(has(Expect::Fires), "{} never fires", card.name);
        assert!(has(Expect::Silent), "{} is never silent", card.name);
        assert!(has(Expect::Suppressed), "{} is never suppressed", card.name);
    }
}

#[test]
fn claims_about_servers_are_reproduced_or_name_their_source() {
    // What tests show, by the rule that rests on it.
    let mut shown: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let texts = ["configuration", "lifecycle", "applications"].map(|of| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/claims_{of}.rs"));
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    });
    for text in &texts {
        for claim in text.split("claim(").skip(1) {
            let words: Vec<&str> = claim.splitn(5, '"').collect();
            if let ["" | "\n        ", rule, _, says, _] = words[..] {
                shown.entry(rule).or_default().push(says);
            }
        }
    }
    assert!(shown.values().map(Vec::len).sum::<usize>() >= 100, "{shown:#?}");
    let mut faults = Vec::new();
    for card in CARDS {
        let named = card.reproduced.to_vec();
        let tested = shown.remove(card.name).unwrap_or_default();
        if named != tested {
            faults.push(format!("{} names {named:#?}, tests show {tested:#?}", card.name));
        }
        let sourced = card.evidence.iter().any(|evidence| matches!(evidence.grade, "source" | "spec"));
        if named.is_empty() && !sourced {
            faults.push(format!("{} is not reproduced and names no source", card.name));
        }
        for evidence in card.evidence {
            // A piece of evidence that nobody can look up is none: a name, a number, a title.
            let found = evidence.text.contains(['`', '#', '"']) || evidence.text.contains(|c: char| c.is_ascii_digit());
            if !found && card.group != "farrier" {
                faults.push(format!("{}: where is this from? {}", card.name, evidence.text));
            }
        }
    }
    faults.extend(shown.keys().map(|rule| format!("tests show something of `{rule}`, which is no rule")));
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_card_has_a_twin_of_its_name() {
    for card in CARDS {
        let twin = format!("src/rules/{}/{}.rs", card.group, card.name.replace('-', "_"));
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(&twin);
        assert!(path.is_file(), "{} has no {twin}", card.name);
    }
}

#[test]
fn no_word_names_two_rules() {
    let mut owners: BTreeMap<String, &str> = BTreeMap::new();
    for card in CARDS {
        for word in [card.name, card.code].iter().chain(card.aliases) {
            if let Some(other) = owners.insert(word.to_lowercase(), card.name) {
                panic!("`{word}` names {other} and {}", card.name);
            }
        }
    }
}

/// What `card`'s rule reports.
fn of<'e>(card: &'e Card, examination: &'e Examination) -> impl Iterator<Item = &'e Finding> {
    examination.findings.iter().filter(|finding| finding.rule == card.name)
}

/// `file:line` of a finding.
fn place(files: &Files, finding: &Finding) -> String {
    let file = files.get(finding.primary.place.file);
    format!("{}:{}", file.path(), file.line(finding.primary.place.span.start))
}

/// Runs every example of one kind and reports all that fail, because one change breaks many.
fn each_example(expect: Expect, judge: impl Fn(&Card, &Example, &Examination) -> Result<(), String>) {
    let mut failures = Vec::new();
    for card in CARDS {
        for example in card.examples.iter().filter(|example| example.expect == expect) {
            let examination = run(example.files.iter().copied());
            if let Err(what) = judge(card, example, &examination) {
                failures.push(format!("{}, \"{}\": {what}", card.name, example.title));
            }
        }
    }
    assert!(failures.is_empty(), "{} failed:\n{}", failures.len(), failures.join("\n"));
}

/// Examines a project of these files.
fn run<'f>(files: impl Iterator<Item = (&'f str, &'f str)>) -> Examination {
    let project = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
    for (path, text) in files {
        let path = project.path().join(path);
        let folder = path.parent().unwrap_or(project.path());
        std::fs::create_dir_all(folder)
            .and_then(|()| std::fs::write(&path, text))
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }
    let loaded = settings::load(project.path()).unwrap_or_else(|error| panic!("{error}"));
    let flags = Flags { pedantic: true, ..Flags::default() };
    let request = Request::new(project.path().to_path_buf(), &loaded, &flags);
    let request = request.unwrap_or_else(|error| panic!("{error}"));
    examine(&request).unwrap_or_else(|error| panic!("{error}"))
}
