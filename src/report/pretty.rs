//! Findings for people: sentence, snippets of every place that contributed, help.

use std::fmt;

use miette::{Diagnostic, GraphicalReportHandler, LabeledSpan, SourceCode};

use super::excerpt::Excerpt;
use super::groups::{Group, grouped};
use super::palette::{Look, one_line, printable};
use super::{Report, Summary};
use crate::findings::{Confidence, Finding, Safety, Severity};
use crate::values::Order as _;

/// How many files with others of a kind are listed.
const LISTED: usize = 12;
/// How many other helps of a kind are.
const HELPS: usize = 2;

/// Renders the report for a terminal or a log.
pub fn pretty(report: &Report, look: Look) -> String {
    let mut out = String::new();
    let groups = grouped(&report.findings);
    for group in &groups {
        out.push_str(&render(report, group.first, look));
        out.push_str(&alike(report, group, look));
        out.push('\n');
    }
    if report.quiet {
        return out;
    }
    for note in &report.notes {
        let line = note.line.map_or_else(String::new, |line| format!(":{line}"));
        let text = format!("note: {}{line}: {}", one_line(&note.path), one_line(&note.reason));
        out.push_str(&look.dim(&text));
        out.push('\n');
    }
    if !report.notes.is_empty() {
        out.push('\n');
    }
    for line in &report.measured {
        out.push_str(&look.dim(&one_line(line)));
        out.push('\n');
    }
    if !report.assumed.is_empty() {
        let versions = report.assumed.join(", ");
        out.push_str(&look.dim(&format!("judged as {versions}, the newest known: no file says which version runs")));
        out.push('\n');
    }
    out.push_str(&summary(&report.summary, groups.len(), look));
    out.push('\n');
    out
}

/// The rest of a group: how many, what they have in common, and where, file by file.
fn alike(report: &Report, group: &Group<'_>, look: Look) -> String {
    if group.others.is_empty() {
        return String::new();
    }
    let mut files: Vec<(&str, Vec<usize>)> = Vec::new();
    for finding in &group.others {
        let file = report.files.get(finding.primary.place.file);
        let line = file.line(finding.primary.place.span.start);
        match files.last_mut().filter(|(path, _)| *path == file.path()) {
            Some((_, lines)) if lines.contains(&line) => {}
            Some((_, lines)) => lines.push(line),
            None => files.push((file.path(), vec![line])),
        }
    }
    let kind = one_line(group.first.pattern.as_deref().unwrap_or_default());
    let through = group.through().map(|(name, count, label)| {
        let how_many = if count == group.others.len() + 1 { "all".to_owned() } else { count.to_string() };
        format!("; {how_many} of them through {}, {}", one_line(name), report.files.describe(label.place))
    });
    let (places, in_files) = (count(group.others.len(), "more place"), count(files.len(), "file"));
    let head = format!("the same at {places} in {in_files} ({kind}{}):", through.unwrap_or_default());
    let mut out = wrapped(&head, 2, look.width);
    for (path, lines) in files.iter().take(LISTED) {
        let lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
        out.push_str(&wrapped(&format!("{}:{}", one_line(path), lines.join(", ")), 4, look.width));
    }
    let left = files.get(LISTED..).unwrap_or_default();
    if !left.is_empty() {
        let places = left.iter().map(|(_, lines)| lines.len()).sum();
        let more = format!("and {} in {}", count(places, "more line"), count(left.len(), "more file"));
        out.push_str(&look.dim(&format!("    {more}, which `--format concise` lists")));
        out.push('\n');
    }
    for (help, times) in other_helps(group) {
        out.push_str(&wrapped(&format!("help for {times} of them: {}", one_line(help)), 2, look.width));
    }
    out
}

/// What settles those of a group that the first one's help does not, with how many those are.
fn other_helps<'f>(group: &Group<'f>) -> Vec<(&'f str, usize)> {
    let help = |finding: &'f Finding| finding.help.as_deref().and_then(|help| help.split("; ").next());
    let of_first = help(group.first);
    let mut others: Vec<(&str, usize)> = Vec::new();
    for help in group.others.iter().filter_map(|finding| help(finding)).filter(|help| Some(*help) != of_first) {
        match others.iter_mut().find(|(known, _)| *known == help) {
            Some((_, times)) => *times += 1,
            None => others.push((help, 1)),
        }
    }
    others.order_by_key(|(_, times)| std::cmp::Reverse(*times));
    others.truncate(HELPS);
    others
}

/// A text in lines of this width, each so many columns to the right and those behind the first two more.
fn wrapped(text: &str, indent: usize, width: usize) -> String {
    let mut out = String::new();
    let mut column = 0;
    for word in text.split(' ') {
        let length = word.chars().count();
        if column > 0 && column + 1 + length > width.max(40) {
            out.push('\n');
            column = 0;
        }
        if column == 0 {
            column = if out.is_empty() { indent } else { indent + 2 };
            out.push_str(&" ".repeat(column));
        } else {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += length;
    }
    out.push('\n');
    out
}

fn render(report: &Report, finding: &Finding, look: Look) -> String {
    let excerpt = Excerpt::new(&report.files, finding, look);
    let handler = GraphicalReportHandler::new_themed(look.theme(finding.severity, &excerpt.primary))
        .with_width(look.width)
        .with_links(false)
        .without_syntax_highlighting();
    let drawing = Drawing { finding, excerpt };
    let mut out = String::new();
    if handler.render_report(&mut out, &drawing).is_err() {
        // Formatting into a string fails only if a snippet cannot be drawn: the sentence still counts.
        let place = one_line(&report.files.describe(finding.primary.place));
        out = format!("{}\n\n  {}\n  at {place}\n", drawing.head(), printable(&finding.message));
    }
    // Frames leave spaces behind that nobody sees and every diff tool marks.
    let mut trimmed = String::with_capacity(out.len());
    for line in out.lines() {
        trimmed.push_str(line.trim_end());
        trimmed.push('\n');
    }
    trimmed
}

/// The last line: what was found, and in how much.
fn summary(summary: &Summary, matters: usize, look: Look) -> String {
    let mut counts = Vec::new();
    for (severity, n) in
        [(Severity::Error, summary.errors), (Severity::Warning, summary.warnings), (Severity::Advice, summary.advice)]
    {
        if n > 0 {
            let plural = if severity == Severity::Advice || n == 1 { "" } else { "s" };
            counts.push(look.severity(severity, &format!("{n} {severity}{plural}")));
        }
    }
    let mut line = if counts.is_empty() {
        let scope = format!("{}, {}", count(summary.deployments, "deployment"), count(summary.files_read, "file"));
        format!("{} in {scope}", look.good("nothing found"))
    } else {
        format!("{} in {}", counts.join(", "), count(summary.files_with_findings, "file"))
    };
    let mut aside = Vec::new();
    if matters < summary.errors + summary.warnings + summary.advice {
        aside.push(format!("{matters} different"));
    }
    if summary.suppressed > 0 {
        aside.push(format!("{} suppressed", summary.suppressed));
    }
    if summary.known > 0 {
        aside.push(format!("{} in the baseline", summary.known));
    }
    if summary.notes > 0 {
        aside.push(count(summary.notes, "note"));
    }
    if !aside.is_empty() {
        line.push(' ');
        line.push_str(&look.dim(&format!("({})", aside.join(", "))));
    }
    line
}

fn count(n: usize, noun: &str) -> String {
    format!("{n} {noun}{}", if n == 1 { "" } else { "s" })
}

/// A finding in the shape that miette draws.
#[derive(Debug)]
struct Drawing<'a> {
    finding: &'a Finding,
    excerpt: Excerpt,
}

impl Drawing<'_> {
    fn head(&self) -> String {
        let Finding { severity, rule, code, confidence, .. } = self.finding;
        // High confidence is what people expect; only less than that is news.
        let confidence = match confidence {
            Confidence::High => String::new(),
            less => format!(" ({less} confidence)"),
        };
        format!("{severity}[{rule}] {code}{confidence}")
    }
}

impl fmt::Display for Drawing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&printable(&self.finding.message))
    }
}

impl std::error::Error for Drawing<'_> {}

impl Diagnostic for Drawing<'_> {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.head()))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.finding.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
            Severity::Advice => miette::Severity::Advice,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        let fix = self.finding.fix.as_ref().map(|fix| {
            let how = match fix.safety {
                Safety::Safe => "`--fix` does it",
                Safety::Unsafe => "`--fix --unsafe-fixes` does it",
                Safety::Display => "to be done by hand",
            };
            format!("{} ({how})", one_line(&fix.title))
        });
        let more = Some(self.excerpt.left_out).filter(|more| *more > 0);
        let more = more.map(|more| format!("and {}", count(more, "more place")));
        // A help that says no more than the fix does would stand there twice.
        let title = self.finding.fix.as_ref().map(|fix| &fix.title);
        let help = self.finding.help.iter().filter(|help| Some(*help) != title);
        let help = help.map(|help| printable(help).into_owned());
        let parts: Vec<String> = help.chain(fix).chain(more).collect();
        if parts.is_empty() { None } else { Some(Box::new(parts.join("\n"))) }
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.excerpt)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.excerpt.labels()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::samples;
    use super::*;
    use crate::findings::Label;
    use crate::source::{Files, Place, Span};

    #[test]
    fn one_label_in_one_file() {
        insta::assert_snapshot!(pretty(&samples::one_label(), Look::PLAIN), @r#"
        error[graceful-exceeds-kill] LIF001 (medium confidence)

          × 30 s to finish requests, but SIGKILL after 10 s
           ╭─[gunicorn.conf.py:3:11]
         2 │ timeout = 30  # farrier: ignore[x] -- why
         3 │ workers = 9
           ·           ┬
           ·           ╰── 9 workers
           ╰────
          help: each worker holds the whole application in memory
                lower `workers` to 3 (`--fix --unsafe-fixes` does it)

        note: helm/values.yaml:3: not checked, because it is a template

        1 error in 1 file (1 suppressed, 1 note)
        "#);
    }

    #[test]
    fn a_help_that_the_fix_repeats_is_told_once() {
        let mut report = samples::one_label();
        let finding = &mut report.findings[0];
        finding.help = finding.fix.as_ref().map(|fix| fix.title.clone());
        assert_eq!(pretty(&report, Look::PLAIN).matches("lower `workers` to 3").count(), 1);
    }

    #[test]
    fn a_way_is_shown_from_its_beginning() {
        let mut report = samples::three_files();
        let first = &mut report.findings[0];
        let related: Vec<Place> = first.related.iter().map(|label| label.place).collect();
        let last = *related.last().unwrap();
        first.way = vec![last, first.primary.place];
        first.handlers = vec![last];
        let text = pretty(&report, Look::PLAIN);
        let begins = |file: &str| text.find(&format!("[{file}")).unwrap();
        assert!(begins("compose.yaml:2") < begins("gunicorn.conf.py:1"), "{text}");
    }

    #[test]
    fn labels_in_three_files() {
        insta::assert_snapshot!(pretty(&samples::three_files(), Look::PLAIN), @r#"
        warning[workers-exceed-memory] MEM001

          ! 9 workers of about 90 MiB need 810 MiB, but the service may use 512 MiB
           ╭─[gunicorn.conf.py:1:11]
         1 │ workers = 9
           ·           ┬
           ·           ╰── 9 workers
         2 │ threads = 4
           · ───┬───   ┬
           ·    │      ╰── each with 4 threads
           ·    ╰── same line
         3 │ graceful_timeout = 30
           ╰────
           ╭─[compose.yaml:2:3]
         1 │ services:
         2 │   web:
           ·   ─┬─
           ·    ╰── of this service
         3 │     build: .
           ╰────
           ╭─[compose.yaml:8:19]
         7 │         limits:
         8 │           memory: 512M
           ·                   ──┬─
           ·                     ╰── the limit
           ╰────

        error[graceful-exceeds-kill] LIF001

          × 30 s to finish requests, but SIGKILL after 10 s
           ╭─[gunicorn.conf.py:3:1]
         2 │ threads = 4
         3 │ graceful_timeout = 30
           · ──────────┬──────────
           ·           ╰── waits this long
           ╰────
           ╭─[compose.yaml:4:24]
         3 │     build: .
         4 │     stop_grace_period: 10s
           ·                        ─┬─
           ·                         ╰── killed here
         5 │     deploy:
           ╰────
           ╭─[Dockerfile:3:7]
         2 │ COPY . .
         3 │ CMD ["gunicorn", "app:app"]
           ·       ────┬───
           ·           ╰── started here
           ╰────
          help: the grace period has to be longer than the graceful timeout
                lower `graceful_timeout` to 8 (`--fix` does it)

        1 error, 1 warning in 1 file
        "#);
    }

    #[test]
    fn odd_texts() {
        insta::assert_snapshot!(pretty(&samples::odd_texts(), Look::PLAIN), @r#"
        error[graceful-exceeds-kill] LIF001

          × 30 s to finish requests, but SIGKILL after 10 s
           ╭─[a-long.py:1:159]
         1 │ … --one --one --one  --workers 9 --two --two --two --two --two --two --two --two --two --t…
           ·                      ─────┬─────
           ·                           ╰── here
           ╰────

        error[graceful-exceeds-kill] LIF001

          × 30 s to finish requests, but SIGKILL after 10 s
           ╭─[b-tabs.sh:2:7]
         1 │ if true; then
         2 │     exec    gunicorn app:app
           ·             ────┬───
           ·                 ╰── here
         3 │ fi
           ╰────

        error[graceful-exceeds-kill] LIF001

          × 30 s to finish requests, but SIGKILL after 10 s
           ╭─[c-wide.py:1:16]
         1 │ größe = '設定'; workers = 9
           ·                 ───┬───
           ·                    ╰── here
         2 │ x = 1
           ╰────

        error[graceful-exceeds-kill] LIF001

          × 30 s to finish requests, but SIGKILL after 10 s
           ╭─[d-escape.py:1:24]
         1 │ a = '\u{1b}[31m'; workers = 9
           ·                             ┬
           ·                             ╰── here
           ╰────

        error[graceful-exceeds-kill] LIF001

          × 30 s to finish requests, but SIGKILL after 10 s
           ╭─[e-empty.py:1:1]
         1 │
           · ▲
           · ╰── here
           ╰────

        error[graceful-exceeds-kill] LIF001

          × 30 s to finish requests, but SIGKILL after 10 s
           ╭─[f-last.py:3:1]
         2 │ workers = 9
         3 │
           · ▲
           · ╰── nothing sets it
           ╰────

        error[graceful-exceeds-kill] LIF001

          × 30 s to finish requests, but SIGKILL after 10 s
           ╭─[g-several.py:2:1]
         1 │     import x
         2 │ ╭─▶ x.run(
         3 │ │       app,
         4 │ │       workers=9,
         5 │ ├─▶ )
           · ╰──── here
         6 │     y = 1
           ╰────

        7 errors in 7 files
        "#);
    }

    #[test]
    fn ascii_only() {
        let look = Look { unicode: false, width: 60, colour: false };
        let text = pretty(&samples::one_label(), look);
        assert!(text.is_ascii(), "{text}");
    }

    #[test]
    fn colour_changes_nothing_but_colour() {
        let coloured = pretty(&samples::three_files(), Look { colour: true, ..Look::PLAIN });
        assert!(coloured.contains("\x1b[31"));
        let mut plain = String::new();
        let mut escaped = false;
        for c in coloured.chars() {
            match c {
                '\x1b' => escaped = true,
                'm' if escaped => escaped = false,
                c if !escaped => plain.push(c),
                _ => {}
            }
        }
        let trimmed: Vec<&str> = plain.lines().map(str::trim_end).collect();
        assert_eq!(trimmed.join("\n"), pretty(&samples::three_files(), Look::PLAIN).trim_end());
    }

    #[test]
    fn places_that_are_not_drawn_are_counted() {
        let mut report = samples::one_label();
        let label = report.findings[0].primary.clone();
        report.findings[0].related = vec![Label::new(label.place, "so does this"); 67];
        let out = pretty(&report, Look::PLAIN);
        assert!(out.contains("and 51 more places"), "{out}");
        report.findings[0].related.truncate(16);
        assert!(!pretty(&report, Look::PLAIN).contains("more place"));
    }

    #[test]
    fn findings_of_one_pattern_are_told_as_one() {
        let mut report = samples::one_label();
        let one = report.findings.remove(0);
        let file = one.primary.place.file;
        let place = |at: usize| Place::new(file, Span::new(at, at + 1));
        let through = Label::new(place(1), "in `begin.wrapper`");
        let told = |at: usize| Finding {
            primary: Label::new(place(at), "here"),
            related: vec![through.clone(), Label::new(place(2), "other")],
            pattern: Some("peewee calls".to_owned()),
            help: Some(if at == 0 { "use a thread; 7 handlers reach it" } else { "use pwasyncio" }.to_owned()),
            ..one.clone()
        };
        report.findings =
            vec![told(0), told(13), Finding { related: vec![through.clone()], ..told(3) }, told(15), told(16)];
        report.summary.errors = 5;
        let out = pretty(&report, Look::PLAIN);
        assert_eq!(out.matches("30 s to finish").count(), 1, "{out}");
        let out = out.lines().map(str::trim).collect::<Vec<_>>().join(" ");
        assert!(out.contains("the same at 4 more places in 1 file (peewee calls; all of them through"), "{out}");
        assert!(out.contains(" gunicorn.conf.py:1 help"), "{out}");
        assert!(out.contains("help for 1 of them: use a thread  note"), "{out}");
        assert!(out.contains("(1 different, 1 suppressed"), "{out}");
        report.findings.pop();
        assert!(!pretty(&report, Look::PLAIN).contains("the same"));
    }

    #[test]
    fn nothing_found_says_in_how_much() {
        let mut files = Files::new();
        files.add("a.py", "");
        let report = Report::new(files, Vec::new(), Vec::new(), Vec::new(), 2);
        assert_eq!(pretty(&report, Look::PLAIN), "nothing found in 2 deployments, 1 file\n");
    }

    proptest! {
        #[test]
        fn any_span_of_any_text_is_drawn(
            text in "[aäß\u{1f680}\t\r\n\u{feff}\u{1b} ]{0,60}",
            spans in proptest::collection::vec((0_usize..90, 0_usize..90), 1..5),
            width in 0_usize..100,
        ) {
            let mut files = Files::new();
            let ids = [files.add("a.py", text.as_str()), files.add("b.py", text.as_str())];
            let mut finding = samples::finding(Place::new(ids[0], Span::new(0, 0)), "here");
            finding.related = spans
                .iter()
                .enumerate()
                .map(|(i, &(a, b))| Label::new(Place::new(ids[i % 2], Span::new(a.min(b), a.max(b))), "there"))
                .collect();
            let report = Report::new(files, vec![finding], Vec::new(), Vec::new(), 1);
            let out = pretty(&report, Look { width, ..Look::PLAIN });
            prop_assert!(out.contains("here") && out.contains("there"), "{}", out);
            prop_assert!(!out.contains('\x1b'));
        }
    }
}
