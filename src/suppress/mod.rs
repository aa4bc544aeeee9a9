//! Comments that silence findings, what is wrong with them, and baselines of findings that are known.
//!
//! Decides what a comment says and which findings it covers: the smallest setting or instruction
//! that it stands in, or all of what it stands in front of. Knows no format: the caller finds the comments
//! and says how far the instruction around a place goes. Only comments addressed to farrier count; those of
//! other tools (`noqa`, `type: ignore`) mean nothing here.

mod apart;
mod baseline;
mod directive;
mod ignores;
mod insert;
mod repair;

pub use apart::Apart;
pub use baseline::{Baseline, BaselineError, Compared, Entry, FILE};
pub use insert::comments;

use std::collections::{BTreeMap, BTreeSet};

use crate::findings::{Cause, Edit, Finding, Fix, Label, Severity, Suppressed};
use crate::read::Extent;
use crate::rules::{FaultKind, OwnFault};
use crate::source::{Comment, FileId, Files, Place, SourceFile, Span};
use directive::{Directive, Scope};
use ignores::{Ignore, Ignores, Lines};

/// How many names that stand for no rule are compared with those that do.
const MAX_COMPARED: usize = 200;
/// Longer than the name of any rule, in bytes.
const MAX_NAME: usize = 64;
/// How similar a name must be to be suggested, between 0 and 1. `worker-exceed-memory` for
/// `workers-exceed-memory` is 0.95; two rules about the same setting reach 0.5.
const SIMILAR: f64 = 0.7;

/// What a comment speaks about.
#[derive(Debug, Clone, Copy)]
enum About {
    /// This line.
    Line(usize),
    /// The whole file.
    File,
}

/// The rules of this build, as comments can name them.
#[derive(Clone, Copy)]
pub struct Names<'a> {
    /// The name of the rule that a name, a code or an alias stands for; asked in lower case.
    pub resolve: &'a dyn Fn(&str) -> Option<&'static str>,
    /// All names, for suggestions.
    pub all: &'a [&'static str],
}

/// Every comment of a project that is addressed to farrier, and what they have silenced so far.
pub struct Directives<'a> {
    files: &'a Files,
    written: Vec<Written>,
    ignores: BTreeMap<FileId, Ignores>,
    faults: Vec<OwnFault>,
    /// How many names have been compared with those of all rules.
    compared: usize,
}

impl<'a> Directives<'a> {
    /// Reads all comments. Those of a line come before those of the file, so that the closest one counts
    /// as used.
    pub fn read(files: &'a Files, comments: &BTreeMap<FileId, Vec<Comment>>, names: Names<'_>) -> Self {
        let mut all = Self { files, written: Vec::new(), ignores: BTreeMap::new(), faults: Vec::new(), compared: 0 };
        for (&file, comments) in comments {
            let source = files.get(file);
            let mut ignores = Vec::new();
            let mut surroundings = None;
            for (at, comment) in comments.iter().enumerate() {
                for parsed in directive::parse(source.slice(comment.span)) {
                    match parsed {
                        Ok(directive) => {
                            let around = surroundings.get_or_insert_with(|| Surroundings::of(source, comments));
                            all.enter(
                                &directive,
                                file,
                                *comment,
                                around.about(at, directive.scope),
                                names,
                                &mut ignores,
                            );
                        }
                        Err(malformed) => {
                            let place = Place::new(file, malformed.span.shifted(comment.span.start));
                            let whole = Place::new(file, whole_comment(source, *comment, malformed.span));
                            all.faults.push(malformed_at(files, place, whole, malformed.reason, names));
                        }
                    }
                }
            }
            if !ignores.is_empty() {
                all.ignores.insert(file, Ignores::new(ignores));
            }
        }
        all
    }

    /// Sets the findings apart that a comment silences: what is left, and what is not.
    ///
    /// A finding is silenced where its primary place is covered; silencing the other places it names would
    /// hide it from whoever can act on it. Of a finding that stands for several places with the same fault, each
    /// is silenced by itself. Call this before findings are filtered by severity, or
    /// comments look unused that are not. `extent` answers how far the instruction around a place goes, for
    /// those that go over several lines.
    pub fn silence(
        &mut self,
        findings: Vec<Finding>,
        extent: &dyn Fn(Place) -> Extent,
    ) -> (Vec<Finding>, Vec<Suppressed>) {
        let mut kept = Vec::new();
        let mut suppressed = Vec::new();
        for mut finding in findings {
            let (rule, severity) = (finding.rule, finding.severity);
            if self.ignores.is_empty() {
                kept.push(finding);
                continue;
            }
            if let Some(cause) = &finding.cause {
                let covers = self.cover_cause(&finding, cause, extent);
                if let Some(covers) = covers {
                    suppressed.extend(covers.into_iter().map(|(place, (reason, comment))| {
                        let label = Label::new(place, String::new());
                        Suppressed { finding: led_by(&finding, label), reason, comment }
                    }));
                    continue;
                }
            }
            let (alike, others): (Vec<_>, Vec<_>) = finding.related.drain(..).partition(|label| label.leads.is_some());
            finding.related = others;
            let mut left = Vec::new();
            for label in alike {
                match self.cover(rule, severity, label.place, extent) {
                    Some((reason, comment)) => {
                        let finding = led_by(&finding, label);
                        suppressed.push(Suppressed { finding, reason, comment });
                    }
                    None => left.push(label),
                }
            }
            if let Some((reason, comment)) = self.cover(rule, severity, finding.primary.place, extent) {
                let next = (!left.is_empty()).then(|| led_by(&finding, left.remove(0)));
                let lines = finding.cause.iter().flat_map(|cause| &cause.lines);
                let open = lines.copied().find(|line| self.covering(rule, *line, extent).is_none());
                let next = next.or_else(|| Some(led_by(&finding, Label::new(open?, String::new()))));
                suppressed.push(Suppressed { finding, reason, comment });
                let Some(next) = next else { continue };
                finding = next;
            }
            finding.related.extend(left);
            kept.push(finding);
        }
        (kept, suppressed)
    }

    /// What the comments say that cover all lines that a finding stands for, or all calls that they lead to, each comment
    /// with a place that it covers; `None` where something is left.
    fn cover_cause(
        &mut self,
        finding: &Finding,
        cause: &Cause,
        extent: &dyn Fn(Place) -> Extent,
    ) -> Option<Vec<(Place, Reasoned)>> {
        let covered = |places: &[Place]| {
            !places.is_empty() && places.iter().all(|place| self.covering(finding.rule, *place, extent).is_some())
        };
        let (lines, calls) = (covered(&cause.lines), covered(&cause.calls));
        if !lines && !calls {
            return None;
        }
        let own = finding.primary.place;
        let mut places = vec![own];
        places.extend(cause.places().into_iter().filter(|place| *place != own));
        let mut covers: Vec<(Place, Reasoned)> = Vec::new();
        for place in places {
            let Some(cover) = self.cover(finding.rule, finding.severity, place, extent) else { continue };
            if !covers.iter().any(|(_, known)| known.1 == cover.1) {
                covers.push((if lines { place } else { own }, cover));
            }
        }
        Some(covers)
    }

    /// What the comment says that covers a place for a rule; it counts as used.
    fn cover(
        &mut self,
        rule: &'static str,
        severity: Severity,
        place: Place,
        extent: &dyn Fn(Place) -> Extent,
    ) -> Option<Reasoned> {
        let at = self.covering(rule, place, extent)?;
        let ignore = self.ignores.get_mut(&place.file)?.get_mut(at)?;
        ignore.silenced = ignore.silenced.max(Some(severity));
        Some((ignore.reason.clone(), ignore.comment))
    }

    /// Whether a comment names a rule.
    pub fn name(&self, rule: &str) -> bool {
        self.ignores.values().flat_map(Ignores::iter).any(|ignore| ignore.rule == rule)
    }

    /// As if the comments did not name the rules at these places.
    #[must_use]
    pub fn without(mut self, names: &BTreeSet<Place>) -> Self {
        if !names.is_empty() {
            let left =
                |ignores: Ignores| Ignores::new(ignores.into_all().filter(|one| !names.contains(&one.name)).collect());
            self.ignores = self.ignores.into_iter().map(|(file, ignores)| (file, left(ignores))).collect();
        }
        self
    }

    /// Where comments name a rule of these at one of the places that a finding of it stands for, or at none of them.
    pub fn named(
        &self,
        findings: &[Finding],
        heeded: bool,
        is_asked: &dyn Fn(&str) -> bool,
        extent: &dyn Fn(Place) -> Extent,
    ) -> BTreeSet<Place> {
        let mut speaking: BTreeSet<(FileId, usize)> = BTreeSet::new();
        for finding in findings.iter().filter(|finding| is_asked(finding.rule) && self.name(finding.rule)) {
            let places = finding.cause.iter().flat_map(Cause::places).chain([finding.primary.place]);
            let covering = |place: Place| Some((place.file, self.covering(finding.rule, place, extent)?));
            speaking.extend(places.filter_map(covering));
        }
        let all = self
            .ignores
            .iter()
            .flat_map(|(&file, ignores)| (0..).zip(ignores.iter()).map(move |(at, one)| (file, at, one)));
        let asked = all.filter(|(file, at, one)| is_asked(one.rule) && speaking.contains(&(*file, *at)) == heeded);
        asked.map(|(_, _, one)| one.name).collect()
    }

    /// Which of these rules a comment silences at a place.
    pub fn silenced_at(
        &self,
        place: Place,
        rules: &[&'static str],
        extent: &dyn Fn(Place) -> Extent,
    ) -> Vec<&'static str> {
        if !self.ignores.contains_key(&place.file) {
            return Vec::new();
        }
        // Asked for many places and many rules.
        let known = extent(place);
        rules.iter().copied().filter(|rule| self.covering(rule, place, &|_| known.clone()).is_some()).collect()
    }

    fn covering(&self, rule: &'static str, place: Place, extent: &dyn Fn(Place) -> Extent) -> Option<usize> {
        let ignores = self.ignores.get(&place.file)?;
        let file = self.files.get(place.file);
        let Extent { own, begins, blocks } = extent(place);
        let lines_at = |all: Vec<usize>| all.into_iter().map(|at| file.line(at)).collect();
        let own = lines_of(file, own.cover(place.span));
        ignores.covering(rule, place.span, &Lines { own, begins: lines_at(begins), blocks: lines_at(blocks) })
    }

    /// What cannot be understood, names no rule, or silences an error without a reason; with
    /// `always_reason`, anything without a reason.
    pub fn faults(&self, always_reason: bool) -> Vec<OwnFault> {
        let mut faults = self.faults.clone();
        // The worst that each comment silences, and whether it says why.
        let mut said: Vec<(Option<Severity>, bool)> = vec![(None, false); self.written.len()];
        for ignore in self.ignores.values().flat_map(Ignores::iter) {
            if let Some((worst, reasoned)) = said.get_mut(ignore.written) {
                *worst = ignore.silenced.max(*worst);
                *reasoned |= ignore.reason.is_some();
            }
        }
        for (written, (worst, reasoned)) in self.written.iter().zip(said) {
            let serious = worst.filter(|severity| always_reason || *severity == Severity::Error);
            if let Some(severity) = serious.filter(|_| !reasoned) {
                let kind = FaultKind::MissingReason(severity);
                faults.push(OwnFault { place: written.place, kind, fix: None });
            }
        }
        faults
    }

    /// The names that silence nothing, among those that `may_be_unused` in a file: a rule that did not run has found
    /// nothing to silence, which says nothing about the comment.
    pub fn unused(&self, may_be_unused: &dyn Fn(&str, &str) -> bool) -> Vec<OwnFault> {
        let is_unused = |ignore: &&Ignore| {
            ignore.silenced.is_none() && may_be_unused(ignore.rule, self.files.get(ignore.name.file).path())
        };
        let all: Vec<&Ignore> = self.ignores.values().flat_map(Ignores::iter).filter(is_unused).collect();
        let gone: BTreeSet<Place> = all.iter().map(|ignore| ignore.name).collect();
        let without = |ignore: &Ignore| {
            let written = self.written.get(ignore.written)?;
            let left: Vec<Place> = written.names.iter().copied().filter(|name| !gone.contains(name)).collect();
            Some(written.keep(&left, self.files))
        };
        let unused = all.iter().map(|ignore| OwnFault {
            place: ignore.name,
            kind: FaultKind::Unused(ignore.rule),
            fix: without(ignore).map(|edit| Fix::safe("remove what silences nothing", vec![edit])),
        });
        unused.collect()
    }

    /// Takes in what a comment says that is about a line, or about the whole file.
    fn enter(
        &mut self,
        directive: &Directive,
        id: FileId,
        comment: Comment,
        about: Option<About>,
        names: Names<'_>,
        ignores: &mut Vec<Ignore>,
    ) {
        let file = self.files.get(id);
        let at = |span: Span| Place::new(id, span.shifted(comment.span.start));
        let Some(about) = about else {
            let kind = FaultKind::Malformed("`ignore-file` belongs into the comments at the top of the file");
            self.faults.push(OwnFault { place: at(directive.span), kind, fix: None });
            return;
        };
        let written = self.written.len();
        self.written.push(Written {
            place: at(directive.span),
            names: directive.names.iter().map(|name| at(name.span)).collect(),
            whole: whole_comment(file, comment, directive.span),
        });
        for name in &directive.names {
            let place = at(name.span);
            if let Some(rule) = (names.resolve)(&name.text) {
                ignores.push(Ignore {
                    rule,
                    name: place,
                    comment: at(directive.span),
                    written,
                    reason: directive.reason.clone(),
                    line: match about {
                        About::Line(line) => Some(line),
                        About::File => None,
                    },
                    is_above: comment.own_line,
                    silenced: None,
                });
                continue;
            }
            self.compared += 1;
            let comparable = self.compared <= MAX_COMPARED && name.text.len() <= MAX_NAME;
            let mut fault = unknown_at(place, &name.text, if comparable { names.all } else { &[] });
            if let FaultKind::UnknownRule { name, .. } = &mut fault.kind {
                file.slice(place.span).clone_into(name);
            }
            // It silences nothing, but only whoever wrote it knows what it was meant to.
            fault.fix = fault.fix.or_else(|| {
                let written = self.written.get(written)?;
                let left: Vec<Place> = written.names.iter().copied().filter(|other| *other != place).collect();
                let title = "remove the name that stands for no rule";
                Some(Fix::unsafe_(title, vec![written.keep(&left, self.files)]))
            });
            self.faults.push(fault);
        }
    }
}

/// The fix is unsafe, because a corrected name silences what was shown before.
fn unknown_at(place: Place, name: &str, names: &[&'static str]) -> OwnFault {
    let score = |rule: &str| strsim::normalized_damerau_levenshtein(name, rule);
    let alike = names.iter().copied().filter(|rule| score(rule) >= SIMILAR);
    let nearest = alike.max_by(|a, b| score(a).total_cmp(&score(b)).then_with(|| b.cmp(a)));
    let fix = nearest.map(|rule| Fix::unsafe_(format!("name the rule `{rule}`"), vec![Edit::replace(place, rule)]));
    OwnFault { place, kind: FaultKind::UnknownRule { name: name.to_owned(), nearest }, fix }
}

/// The fix is unsafe, because a comment that is understood silences what was shown before, and because only whoever
/// wrote it knows what it was for.
fn malformed_at(files: &Files, place: Place, whole: Place, reason: &'static str, names: Names<'_>) -> OwnFault {
    let text = files.get(place.file).slice(place.span);
    let meant = repair::meant(text, &|word| (names.resolve)(word).is_some());
    let fix = match meant {
        Some(meant) => Fix::unsafe_(format!("write `{meant}`"), vec![Edit::replace(place, meant)]),
        None => Fix::unsafe_("remove what silences nothing", vec![Edit::remove(whole)]),
    };
    OwnFault { place, kind: FaultKind::Malformed(reason), fix: Some(fix) }
}

/// What a comment gives as its reason, and where it stands.
type Reasoned = (Option<String>, Place);

/// One comment, or the part of it that is addressed to farrier.
struct Written {
    place: Place,
    /// The rules it names, known or not.
    names: Vec<Place>,
    /// The bytes to take out so that it is gone.
    whole: Span,
}

impl Written {
    /// The edit that leaves these names alone, and nothing where there are none.
    fn keep(&self, names: &[Place], files: &Files) -> Edit {
        let file = self.place.file;
        let texts: Vec<&str> = names.iter().map(|name| files.get(file).slice(name.span)).collect();
        match (texts.as_slice(), self.names.as_slice()) {
            ([_, ..], [first, .., last]) => {
                Edit::replace(Place::new(file, first.span.cover(last.span)), texts.join(", "))
            }
            _ => Edit::remove(Place::new(file, self.whole)),
        }
    }
}

/// The finding with one of the places that it stands for as its own.
fn led_by(finding: &Finding, label: Label) -> Finding {
    let mut own = finding.clone();
    own.primary.place = label.place;
    own.message = label.leads.unwrap_or(own.message);
    own
}

fn lines_of(file: &SourceFile, span: Span) -> (usize, usize) {
    let first = file.line(span.start);
    (first, file.line(span.end.saturating_sub(1)).max(first))
}

/// The bytes to take out so that the directive is gone: with its comment, if that holds nothing else,
/// and with the line, if that holds nothing but the comment.
fn whole_comment(file: &SourceFile, comment: Comment, own: Span) -> Span {
    let start = comment.span.start + own.start;
    let end = comment.span.start + own.end;
    let text = file.text();
    if comment.own_line && start == comment.span.start && end == comment.span.end {
        let line = text.get(..start).map_or(0, |before| before.rfind('\n').map_or(0, |at| at + 1));
        let next = text.get(end..).and_then(|rest| rest.find('\n')).map_or(text.len(), |at| end + at + 1);
        return Span::new(line, next);
    }
    let before = text.get(..start).unwrap_or_default();
    Span::new(before.trim_end_matches([' ', '\t']).len(), end)
}

/// Where the comments of a file stand.
struct Surroundings {
    /// The line that each speaks about: its own, or the first one below that is not a comment itself.
    lines: Vec<usize>,
    /// How many have only comments and empty lines above.
    first_block: usize,
}

impl Surroundings {
    fn of(file: &SourceFile, comments: &[Comment]) -> Self {
        let own = |comment: &Comment| file.line(comment.span.start);
        let mut lines: Vec<usize> = comments.iter().map(own).collect();
        for at in (0..comments.len()).rev().filter(|&at| comments[at].own_line) {
            let below = lines[at] + 1;
            let next = comments.get(at + 1).filter(|next| next.own_line && own(next) == below);
            lines[at] = if next.is_some() { lines[at + 1] } else { below };
        }
        let mut rest = 0;
        let only_comments = |comment: &&Comment| {
            let between = file.text().get(rest..comment.span.start).unwrap_or("?");
            rest = comment.span.end;
            between.trim_start_matches('\u{feff}').trim().is_empty()
        };
        Self { lines, first_block: comments.iter().take_while(only_comments).count() }
    }

    /// What a comment speaks about; `None` where it cannot speak about that.
    fn about(&self, comment: usize, scope: Scope) -> Option<About> {
        match scope {
            Scope::Statement => self.lines.get(comment).copied().map(About::Line),
            Scope::File => (comment < self.first_block).then_some(About::File),
        }
    }
}

#[cfg(test)]
mod tests;
