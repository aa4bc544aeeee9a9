//! What comments silence, and what is wrong with them.

use super::*;
use crate::findings::{Confidence, Label};
use crate::source::Comment;

const ALL: &[&str] = &["too-many", "too-slow"];

/// What is left, what is silenced, and what is wrong with the comments.
struct Judged {
    kept: Vec<Finding>,
    suppressed: Vec<Suppressed>,
    faults: Vec<OwnFault>,
}

/// Judges one finding of `too-many` (`MANY`) for each `9` in the text, when these rules ran.
fn judge(text: &str, statement: &dyn Fn(Span) -> Span, ran: &[&str]) -> (Files, Judged) {
    judge_all(text, statement, ran, false)
}

/// The same for one finding that stands for all.
fn gathered(text: &str) -> (Files, Judged) {
    judge_all(text, &|span| span, ALL, true)
}

fn judge_all(text: &str, statement: &dyn Fn(Span) -> Span, ran: &[&str], gather: bool) -> (Files, Judged) {
    let mut files = Files::new();
    let id = files.add("a.py", text);
    let mut comments = Vec::new();
    for line in 1..=files.get(id).line_count() {
        let span = files.get(id).line_span(line).unwrap();
        let content = files.get(id).slice(span);
        if let Some(at) = content.find('#') {
            let own_line = content[..at].trim_start_matches('\u{feff}').trim().is_empty();
            comments.push(Comment { span: Span::new(span.start + at, span.end), own_line });
        }
    }
    let mut findings: Vec<Finding> = text
        .match_indices('9')
        .map(|(at, _)| Finding {
            rule: "too-many",
            code: "MANY",
            severity: Severity::Error,
            confidence: Confidence::High,
            message: String::new(),
            primary: Label::new(Place::new(id, Span::new(at, at + 1)), ""),
            related: Vec::new(),
            help: None,
            category: None,
            pattern: None,
            handlers: Vec::new(),
            way: Vec::new(),
            cause: None,
            function: None,
            fix: None,
        })
        .collect();
    if gather {
        let others: Vec<Place> = findings.drain(1..).map(|finding| finding.primary.place).collect();
        let leads = |place: Place| Some(format!("leads in {}", files.get(place.file).line(place.span.start)));
        findings[0].related =
            others.into_iter().map(|place| Label { leads: leads(place), ..Label::new(place, "") }).collect();
    }
    let resolve = |name: &str| match name {
        "too-many" | "many" => Some("too-many"),
        "too-slow" => Some("too-slow"),
        _ => None,
    };
    let names = Names { resolve: &resolve, all: ALL };
    let comments = BTreeMap::from([(id, comments)]);
    let mut directives = Directives::read(&files, &comments, names);
    let (kept, suppressed) = directives.silence(findings, &|place| Extent {
        own: statement(place.span),
        begins: Vec::new(),
        blocks: Vec::new(),
    });
    let mut faults = directives.faults(false);
    faults.extend(directives.unused(&|rule, _| ran.contains(&rule)));
    faults.sort_by_key(|fault| fault.place);
    drop(directives);
    (files, Judged { kept, suppressed, faults })
}

/// Kept, suppressed, and what is wrong.
fn outcome(text: &str) -> (usize, usize, Vec<FaultKind>) {
    let (_, judged) = judge(text, &|span| span, ALL);
    (judged.kept.len(), judged.suppressed.len(), judged.faults.into_iter().map(|fault| fault.kind).collect())
}

#[test]
fn a_comment_covers_its_line_or_the_one_below() {
    for text in [
        "workers = 9  # farrier: ignore[too-many] -- why\n",
        "# farrier: ignore[MANY] -- why\nworkers = 9\n",
        "# farrier: ignore[too-many] -- why\n# measured in May\nworkers = 9\n",
        "\u{feff}# farrier: ignore-file[too-many] -- why\r\n\r\nx = 1\r\nworkers = 9",
        "#!/usr/bin/python\n\n# farrier: ignore-file[too-many] -- why\nworkers = 9\n",
    ] {
        assert_eq!(outcome(text), (0, 1, Vec::new()), "{text}");
    }
}

#[test]
fn a_comment_covers_nothing_else() {
    for text in [
        "x = 1  # farrier: ignore[too-many] -- why\nworkers = 9\n",
        "# farrier: ignore[too-many] -- why\n\nworkers = 9\n",
        "# farrier: ignore[too-many] -- why\nx = 1\nworkers = 9\n",
        "workers = 9\n# farrier: ignore[too-many] -- why\n",
        "workers = 9  # farrier: ignore[too-slow] -- why\n",
    ] {
        let (kept, suppressed, faults) = outcome(text);
        assert_eq!((kept, suppressed), (1, 0), "{text}");
        assert!(matches!(faults.as_slice(), [FaultKind::Unused(_)]), "{text}: {faults:?}");
    }
}

#[test]
fn a_comment_covers_the_whole_statement() {
    let text = "x = 1\nrun(\n  9,\n)  # farrier: ignore[too-many] -- why\n";
    let (_, judged) = judge(text, &|_| Span::new(6, 17), ALL);
    assert_eq!((judged.kept.len(), judged.suppressed.len()), (0, 1));
    let above = "x = 1\n# farrier: ignore[too-many]\nrun(\n  9,\n)\n";
    let (_, judged) = judge(above, &|_| Span::new(34, 45), ALL);
    assert_eq!((judged.kept.len(), judged.suppressed.len()), (0, 1));
}

#[test]
fn of_several_places_alike_each_is_silenced_by_itself() {
    const WHY: &str = "  # farrier: ignore[too-many] -- why\n";
    for (text, line, alike) in [
        ("a = 9\nb = 9\nc = 9\n".to_owned(), 1, 2),
        (format!("a = 9{WHY}b = 9\nc = 9\n"), 2, 1),
        (format!("a = 9\nb = 9{WHY}c = 9\n"), 1, 1),
        (format!("a = 9{WHY}b = 9{WHY}c = 9\n"), 3, 0),
    ] {
        let (files, judged) = gathered(&text);
        let [left] = judged.kept.as_slice() else { panic!("{text}: {} left", judged.kept.len()) };
        let at = files.get(left.primary.place.file).line(left.primary.place.span.start);
        assert_eq!((at, left.related.len()), (line, alike), "{text}");
        assert_eq!(left.message, if line == 1 { String::new() } else { format!("leads in {line}") }, "{text}");
        assert_eq!((judged.suppressed.len(), judged.faults), (text.matches(WHY).count(), Vec::new()), "{text}");
    }
    let (_, judged) = gathered(&format!("a = 9{WHY}b = 9{WHY}"));
    assert_eq!((judged.kept.len(), judged.suppressed.len(), judged.faults), (0, 2, Vec::new()));
}

#[test]
fn comments_of_other_tools_mean_nothing() {
    assert_eq!(outcome("workers = 9  # noqa\n"), (1, 0, Vec::new()));
}

#[test]
fn faults_say_what_is_wrong() {
    let (_, _, faults) = outcome(
        "workers = 9  # farrier: ignore[too-mny, too-many]\nx = 1\n# farrier: ignore-file[many]\ny = 9 # farrier: ignore\n",
    );
    assert_eq!(
        faults,
        [
            FaultKind::MissingReason(Severity::Error),
            FaultKind::UnknownRule { name: "too-mny".to_owned(), nearest: Some("too-many") },
            FaultKind::Malformed("`ignore-file` belongs into the comments at the top of the file"),
            FaultKind::Malformed("the rules to ignore are missing, as in `ignore[rule-name]`"),
        ]
    );
}

#[test]
fn a_rule_that_did_not_run_makes_no_comment_unused() {
    let text = "x = 1  # farrier: ignore[too-slow] -- why\n";
    assert_eq!(judge(text, &|span| span, ALL).1.faults.len(), 1);
    assert_eq!(judge(text, &|span| span, &["too-many"]).1.faults.len(), 0);
}

#[test]
fn taking_out_what_is_unused_leaves_the_rest() {
    for (text, left) in [
        (
            "workers = 9  # farrier: ignore[too-slow, too-many] -- why\n",
            "workers = 9  # farrier: ignore[too-many] -- why\n",
        ),
        (
            "workers = 9  # farrier: ignore[too-many, too-slow] -- why\n",
            "workers = 9  # farrier: ignore[too-many] -- why\n",
        ),
        // What names no rule is another fault, with another fix.
        ("x = 1  # farrier: ignore[too-slow, too-mny]\n", "x = 1  # farrier: ignore[too-mny]\n"),
        ("x = 1  # noqa # farrier: ignore[too-slow]\ny = 2\n", "x = 1  # noqa\ny = 2\n"),
        ("x = 1\n  # farrier: ignore[too-slow, too-many]\ny = 2\n", "x = 1\ny = 2\n"),
    ] {
        let (files, judged) = judge(text, &|span| span, ALL);
        let unused: Vec<&OwnFault> =
            judged.faults.iter().filter(|fault| matches!(fault.kind, FaultKind::Unused(_))).collect();
        let edit = &unused[0].fix.as_ref().unwrap().edits[0];
        let span = edit.place.span;
        let old = files.get(edit.place.file).text();
        assert_eq!(format!("{}{}{}", &old[..span.start], edit.text, &old[span.end..]), left);
        assert!(unused.iter().all(|fault| fault.fix.as_ref().unwrap().edits[0] == *edit), "{text}");
    }
}

#[test]
fn many_comments_are_told_apart() {
    let whole = |span: Span| span;
    let lines = "x = 9  # farrier: ignore[many] -- why\n".repeat(20_000);
    let (_, judged) = judge(&lines, &whole, &["too-many"]);
    assert_eq!((judged.kept.len(), judged.suppressed.len(), judged.faults.len()), (0, 20_000, 0));
    // Each of them speaks about the first line below all of them.
    let above = "# farrier: ignore[many] -- why\n".repeat(20_000) + "x = 9\n";
    let (_, judged) = judge(&above, &whole, &["too-many"]);
    assert_eq!((judged.kept.len(), judged.suppressed.len(), judged.faults.len()), (0, 1, 19_999));
    let unknown = (0..2_000).map(|n| format!("x = 1  # farrier: ignore[too-mani{n}]\n")).collect::<Vec<_>>().concat();
    assert_eq!(judge(&unknown, &whole, &[]).1.faults.len(), 2_000);
    let named = format!("x = 9  # farrier: ignore[{}]\n", "many,".repeat(100_000));
    assert_eq!(judge(&named, &whole, &[]).1.faults.len(), 1);
    let unsigned = format!("# {}\n", "x farrier ignore[".repeat(20_000));
    assert_eq!(judge(&unsigned, &whole, &[]).1.faults.len(), 20_000);
}
