//! Which commands of a script run, in which order, and what they leave to the ones behind.
//!
//! Where a condition cannot be decided every branch counts as possible: the programs in it may be
//! started, and a variable that the branches leave with different values is unknown.

use super::Shell;
use super::condition::Status;
use super::dialect::Dialect;
use super::expand::MAX_FIELDS;
use super::loops::Parted;
use super::parameter::is_name;
use super::pattern::Pattern;
use super::shield::Position;
use super::state::{Held, State};
use super::text::{self, Field, start_of};
use crate::python::evaluate::Dependency;
use crate::read::shell::{Arm, Assigned, Assignment, PartKind, Simple, Statement, Word};
use crate::source::Place;

/// Lists and calls within each other that are followed.
const MAX_DEPTH: usize = 48;

/// Where it goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flow {
    Next,
    Break(usize),
    Continue(usize),
    Return,
    Exit,
}

/// How a command ended and where it goes on.
pub(super) struct Done {
    pub(super) status: Status,
    pub(super) flow: Flow,
}

impl Done {
    pub(super) fn with(status: Status) -> Self {
        Self { status, flow: Flow::Next }
    }

    pub(super) fn known(holds: bool) -> Self {
        Self::with(Status::Known(holds))
    }

    pub(super) fn leave(flow: Flow) -> Self {
        Self { status: Status::Unknown, flow }
    }
}

/// A way on that is taken later.
pub(super) type Way<'w, 'a> = dyn FnMut(&mut Shell<'a>, &mut State) -> Done + 'w;

/// Whether a command is one of those that take assignments as words.
fn declares(simple: &Simple) -> bool {
    let first = simple.words.first().map(|word| word.parts.as_slice());
    let Some([only]) = first else { return false };
    match &only.kind {
        PartKind::Text(text) => matches!(text.text(), "export" | "readonly" | "local" | "declare" | "typeset"),
        _ => false,
    }
}

impl<'a> Shell<'a> {
    pub(super) fn list(&mut self, statements: &[Statement], state: &mut State, guarded: bool) -> Done {
        let mut done = Done::known(true);
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            self.depth -= 1;
            return Done::leave(Flow::Exit);
        }
        let position = self.position;
        for (n, statement) in statements.iter().enumerate() {
            let is_last = n + 1 == statements.len();
            if !is_last && position == Position::Last {
                self.position = Position::Middle;
            }
            if matches!(statement, Statement::Background(_)) {
                self.position = Position::Background { is_left: is_last && position == Position::Last };
            }
            done = self.statement(statement, state, guarded);
            self.position = position;
            if done.flow != Flow::Next {
                break;
            }
        }
        self.depth -= 1;
        done
    }

    /// Runs something that another command comes behind, or that is asked about.
    pub(super) fn before_others<T>(&mut self, run: impl FnOnce(&mut Self) -> T) -> T {
        let position = self.position;
        if position == Position::Last {
            self.position = Position::Middle;
        }
        let result = run(self);
        self.position = position;
        result
    }

    /// `guarded` where a failure is asked about, so that `set -e` does not count.
    pub(super) fn statement(&mut self, statement: &Statement, state: &mut State, guarded: bool) -> Done {
        if !self.spend(1) {
            return Done::leave(Flow::Exit);
        }
        let done = self.one(statement, state, guarded);
        match self.broken.take() {
            Some(place) => self.break_off(place, state),
            None => done,
        }
    }

    fn one(&mut self, statement: &Statement, state: &mut State, guarded: bool) -> Done {
        match statement {
            Statement::Simple(simple) => {
                let done = self.simple(simple, state, guarded);
                Self::stopped(done, state, guarded)
            }
            Statement::Test(words) => {
                let done = self.double_test(words, state);
                Self::stopped(done, state, guarded)
            }
            Statement::Arithmetic(parts) => {
                let done = self.double_brackets(parts, state);
                Self::stopped(done, state, guarded)
            }
            Statement::Not(inner) => {
                let done = self.before_others(|shell| shell.statement(inner, state, true));
                Done { status: done.status.not(), ..done }
            }
            Statement::And(first, second) => {
                let done = self.before_others(|shell| shell.statement(first, state, true));
                if done.flow != Flow::Next {
                    return done;
                }
                self.decide(
                    done.status,
                    state,
                    &mut |shell, state| shell.statement(second, state, guarded),
                    &mut |_, _| Done::known(false),
                )
            }
            Statement::Or(first, second) => {
                let done = self.before_others(|shell| shell.statement(first, state, true));
                if done.flow != Flow::Next {
                    return done;
                }
                // A program that is meant to succeed may fail.
                let status = if done.status == Status::Likely { Status::Unknown } else { done.status };
                self.decide(status, state, &mut |_, _| Done::known(true), &mut |shell, state| {
                    shell.statement(second, state, guarded)
                })
            }
            Statement::Pipe(commands) => self.pipe(commands, state, guarded),
            Statement::Background(inner) => {
                self.apart(state, |shell, state| shell.statement(inner, state, guarded));
                Done::known(true)
            }
            Statement::Group(list) => self.list(list, state, guarded),
            Statement::Subshell(list) => {
                // The shell around it waits, whatever the one inside becomes.
                let status =
                    self.before_others(|shell| shell.apart(state, |shell, state| shell.list(list, state, guarded)));
                Self::stopped(Done::with(status), state, guarded)
            }
            Statement::If { branches, otherwise } => self.branches(branches, otherwise, state, guarded),
            Statement::While { until, condition, body, input } => {
                if let Some(lines) = self.lines(condition, input.as_ref(), state).filter(|_| !until) {
                    return self.line_by_line(&lines, body, state, guarded);
                }
                self.rounds(*until, condition, body, state, guarded)
            }
            Statement::For { name, words, body } => self.each(name, words.as_deref(), body, state, guarded),
            Statement::Rounds(body) => self.maybe(state, &mut |shell, state| shell.round(body, state, guarded).0),
            Statement::Case { word, arms } => {
                let value = self.joined(&word.parts, word.place, state);
                self.arms(&value, arms, state, guarded)
            }
            Statement::Function { name, body } => {
                state.functions.insert(name.clone(), body.clone());
                Done::known(true)
            }
        }
    }

    /// `set -e`: a failure that nobody asks about ends the script.
    fn stopped(done: Done, state: &State, guarded: bool) -> Done {
        let fails = done.status == Status::Known(false) && state.options.stops_at_errors && !guarded;
        if fails && done.flow == Flow::Next { Done { flow: Flow::Exit, ..done } } else { done }
    }

    /// Runs something in a shell of its own: what it changes is gone afterwards.
    pub(super) fn apart(&mut self, state: &mut State, run: impl FnOnce(&mut Self, &mut State) -> Done) -> Status {
        self.spend(state.variables.len() / 64);
        let mut inner = state.clone();
        let loops = std::mem::take(&mut self.rounds);
        let calls = std::mem::take(&mut self.returned);
        let done = run(self, &mut inner);
        self.rounds = loops;
        self.returned = calls;
        done.status
    }

    fn pipe(&mut self, commands: &[Statement], state: &mut State, guarded: bool) -> Done {
        if let [first, Statement::Simple(last)] = commands
            && last.program() == Some("xargs")
            && self.printed.is_none()
        {
            return self.with_words_of(first, last, state, guarded);
        }
        let mut status = Status::Known(true);
        for (n, command) in commands.iter().enumerate() {
            // Only what the last one prints comes out.
            let is_last = n + 1 == commands.len();
            let printed = if is_last { None } else { self.printed.take() };
            if is_last && commands.len() > 1 && !matches!(command, Statement::Simple(_)) {
                self.print_unknown();
            }
            self.piped = n > 0;
            let position = self.position;
            if commands.len() > 1 && !matches!(position, Position::Background { .. }) {
                self.position = Position::Pipe;
            }
            status = self.apart(state, |shell, state| shell.statement(command, state, true));
            self.position = position;
            if !is_last {
                self.printed = printed;
            }
        }
        self.piped = false;
        Self::stopped(Done::with(status), state, guarded)
    }

    /// Goes on one of two ways, or on both where the condition is open.
    pub(super) fn decide(
        &mut self,
        status: Status,
        state: &mut State,
        holds: &mut Way<'_, 'a>,
        fails: &mut Way<'_, 'a>,
    ) -> Done {
        match status {
            Status::Known(true) | Status::Likely => holds(self, state),
            Status::Known(false) => fails(self, state),
            Status::Unless(true, depends) => self.either(state, holds, fails, Some(&depends), true),
            Status::Unless(false, depends) => self.either(state, fails, holds, Some(&depends), true),
            Status::Presumed(true, depends) => self.either(state, holds, fails, Some(&depends), false),
            Status::Presumed(false, depends) => self.either(state, fails, holds, Some(&depends), false),
            Status::Unknown => self.either(state, fails, holds, None, false),
        }
    }

    /// Something that may or may not run.
    pub(super) fn maybe(&mut self, state: &mut State, run: &mut Way<'_, 'a>) -> Done {
        self.either(state, &mut |_, _| Done::with(Status::Unknown), run, None, false)
    }

    /// Both ways are possible; the first is the likelier where the other needs one of the variables in
    /// `likelier`, and what the script is for if it `is_meant`.
    pub(super) fn either(
        &mut self,
        state: &mut State,
        first: &mut Way<'_, 'a>,
        second: &mut Way<'_, 'a>,
        likelier: Option<&[Dependency]>,
        is_meant: bool,
    ) -> Done {
        if !self.spend(1 + state.variables.len() / 16) {
            return Done::leave(Flow::Exit);
        }
        let conditional = state.conditional;
        let mut other = state.clone();
        let printed = self.printed.clone();
        state.conditional |= !is_meant;
        let started = self.found.len();
        let one = first(self, state);
        let printed_by_one = std::mem::replace(&mut self.printed, printed);
        other.conditional = true;
        let has_instead = self.found.len() > started;
        if let Some(depends) = likelier {
            other.goes_only_with(depends, has_instead);
        }
        let assumed = likelier.and_then(|depends| other.assume_set(depends));
        let two = second(self, &mut other);
        if let Some(name) = assumed {
            other.forget_assumed(&name);
        }
        if self.printed.as_ref().map(|field| field.text().to_owned())
            != printed_by_one.as_ref().map(|field| field.text().to_owned())
        {
            let other = std::mem::replace(&mut self.printed, printed_by_one);
            self.print_either(other.as_ref(), likelier);
        }
        let status = if one.status == two.status { one.status.clone() } else { Status::Unknown };
        let parted = |status: &Status, is_first: bool| Parted {
            status: status.clone(),
            likelier: is_first && likelier.is_some(),
            depends: likelier.map(<[Dependency]>::to_vec),
        };
        match (one.flow, two.flow) {
            (Flow::Next, Flow::Next) => {
                state.join(other, likelier);
                state.conditional = conditional;
                // A way that is only likely to fail does not end anything.
                let also = |more: &[Dependency]| likelier.iter().copied().flatten().chain(more).cloned().collect();
                let status = match &one.status {
                    _ if likelier.is_none() => status,
                    Status::Known(holds) if is_meant => Status::Unless(*holds, also(&[])),
                    Status::Known(holds) => Status::Presumed(*holds, also(&[])),
                    Status::Unless(holds, more) if is_meant => Status::Unless(*holds, also(more)),
                    Status::Unless(holds, more) | Status::Presumed(holds, more) => Status::Presumed(*holds, also(more)),
                    Status::Likely | Status::Unknown => status,
                };
                Done::with(status)
            }
            (Flow::Next, flow) => {
                self.put_by(other, flow, parted(&two.status, false));
                state.conditional = conditional;
                one
            }
            (flow, Flow::Next) => {
                let left = std::mem::replace(state, other);
                self.put_by(left, flow, parted(&one.status, true));
                state.conditional = conditional || is_meant;
                two
            }
            (Flow::Exit, flow) => {
                *state = other;
                state.conditional = conditional;
                Done { status, flow }
            }
            (flow, other_flow) => {
                self.put_by(other, other_flow, parted(&two.status, false));
                state.conditional = conditional;
                Done { status, flow }
            }
        }
    }

    fn branches(
        &mut self,
        branches: &[(Vec<Statement>, Vec<Statement>)],
        otherwise: &[Statement],
        state: &mut State,
        guarded: bool,
    ) -> Done {
        let Some(((condition, body), rest)) = branches.split_first() else {
            return self.list(otherwise, state, guarded);
        };
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            self.depth -= 1;
            return Done::leave(Flow::Exit);
        }
        let asked = self.before_others(|shell| shell.list(condition, state, true));
        let done = if asked.flow == Flow::Next {
            let status = if asked.status == Status::Likely { Status::Unknown } else { asked.status };
            self.decide(status, state, &mut |shell, state| shell.list(body, state, guarded), &mut |shell, state| {
                shell.branches(rest, otherwise, state, guarded)
            })
        } else {
            asked
        };
        self.depth -= 1;
        done
    }

    fn arms(&mut self, value: &Field, arms: &[Arm], state: &mut State, guarded: bool) -> Done {
        let mut rest = arms;
        let mut status = Status::Known(false);
        let arm = loop {
            let Some((arm, behind)) = rest.split_first() else {
                return Done::known(true);
            };
            rest = behind;
            for pattern in &arm.patterns {
                status = status.or(self.matches(value, pattern, state));
            }
            if status != Status::Known(false) {
                break arm;
            }
        };
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            self.depth -= 1;
            return Done::leave(Flow::Exit);
        }
        let done = self.decide(
            status,
            state,
            &mut |shell, state| {
                let done = shell.list(&arm.body, state, guarded);
                if arm.goes_on && done.flow == Flow::Next {
                    let body = rest.first().map(|arm| arm.body.as_slice()).unwrap_or_default();
                    return shell.maybe(state, &mut |shell, state| shell.list(body, state, guarded));
                }
                done
            },
            &mut |shell, state| shell.arms(value, rest, state, guarded),
        );
        self.depth -= 1;
        done
    }

    fn matches(&mut self, value: &Field, pattern: &Word, state: &mut State) -> Status {
        let Some(pattern) = self.pattern(&pattern.parts, state) else { return Status::Unknown };
        if pattern == "*" {
            return Status::Known(true);
        }
        let Some(known) = value.known() else {
            // Only whether it is empty can be told of a variable that no file sets.
            return match (pattern.is_empty(), text::emptiness(value.text())) {
                (true, text::Emptiness::Unless(names)) => Status::Unless(true, text::unless_set(names)),
                (true, text::Emptiness::Filled) => Status::Known(false),
                (false, text::Emptiness::Unless(names)) if is_written(&pattern) => {
                    Status::Presumed(false, text::unless_set(names))
                }
                _ => Status::Unknown,
            };
        };
        let folded = |text: &str| if state.options.ignores_case { text.to_ascii_lowercase() } else { text.to_owned() };
        let matches = Pattern::new(&folded(&pattern)).and_then(|pattern| pattern.matches(&folded(known)));
        matches.map_or(Status::Unknown, Status::Known).resting_on(&value.depends)
    }

    /// `NAME=value` behind `export`, or any other word there.
    fn declared(&mut self, word: &Word, state: &mut State) -> Vec<Field> {
        let begins = word.parts.first().and_then(|part| match &part.kind {
            PartKind::Text(text) if !part.quoted => text.text().split_once('='),
            _ => None,
        });
        match begins {
            Some((name, _)) if is_name(name) && word.parts.len() > 1 => vec![self.value(word, state)],
            _ => self.expand_all(std::slice::from_ref(word), state),
        }
    }

    fn simple(&mut self, simple: &Simple, state: &mut State, guarded: bool) -> Done {
        let substituted = std::mem::take(&mut self.substituted);
        let fields = if declares(simple) {
            // What stands behind the name is a value, which is not split.
            let words = simple.words.iter();
            words.flat_map(|word| self.declared(word, state)).collect()
        } else {
            self.expand_all(&simple.words, state)
        };
        let named = fields.iter().any(|field| field.vanishes().is_none());
        if let Some(output) = &simple.output {
            let file = self.joined(&output.parts, output.place, state);
            self.written.extend(file.known().map(|path| state.roots.at(path)));
        }
        if self.broken.is_some() {
            return Done::leave(Flow::Exit);
        }
        if !named {
            if let Some(done) = self.assign_all(&simple.assignments, state) {
                return done;
            }
            let failed = std::mem::replace(&mut self.substituted, substituted);
            // An assignment succeeds; a substitution in it may not.
            return if failed { Done::with(Status::Likely) } else { Done::known(true) };
        }
        self.substituted = substituted;
        let given: Vec<(String, Field)> = simple
            .assignments
            .iter()
            .filter_map(|assignment| match &assignment.value {
                Assigned::Word(word) => Some((assignment.name.clone(), self.value(word, state))),
                Assigned::Array(_) => None,
            })
            .collect();
        if self.broken.is_some() {
            return Done::leave(Flow::Exit);
        }
        let place = if state.in_unit { state.called_at } else { simple.place };
        let detached = simple.joined && state.dialect == Dialect::Dash;
        let outer = self.position;
        if detached && outer == Position::Last {
            // The script ends, and what it left in the background with it.
            self.note_strange("runs this in the background and ends", simple.place, state);
            return Done::known(true);
        }
        if detached {
            self.position = Position::Background { is_left: false };
            self.apart(state, |shell, state| shell.execute(state, fields, &given, place, simple, guarded));
            self.position = outer;
            return Done::known(true);
        }
        self.execute(state, fields, &given, place, simple, guarded)
    }

    pub(super) fn assign(&mut self, assignment: &Assignment, state: &mut State) {
        let name = assignment.name.as_str();
        let place = state.called_at;
        match &assignment.value {
            Assigned::Array(words) => {
                let fields = self.expand_all(words, state);
                let mut all = match state.variables.get(name).map(|variable| variable.held.clone()) {
                    Some(Held::Many(before)) if assignment.appends => before,
                    Some(Held::One(before)) if assignment.appends => vec![before],
                    None if assignment.appends && !state.is_missing(name) => vec![Field::any(place)],
                    _ => Vec::new(),
                };
                all.extend(fields);
                if all.len() > MAX_FIELDS {
                    all = vec![Field::any(place)];
                }
                state.assign(name, Held::Many(all));
            }
            Assigned::Word(word) => {
                let value = self.value(word, state);
                if assignment.indexed {
                    state.assign(name, Held::Many(vec![Field::any(word.place)]));
                    return;
                }
                let held = match state.variable(name, start_of(word.place)) {
                    Held::Many(_) => Held::Many(vec![Field::any(word.place)]),
                    Held::One(before) if assignment.appends => {
                        let mut whole = Field::new(&format!("{}{}", before.text(), value.text()), word.place);
                        whole.depend_on(&before.depends);
                        whole.depend_on(&value.depends);
                        whole.varies = before.varies || value.varies;
                        let more = value.possible();
                        let ways: Vec<String> = before
                            .possible()
                            .iter()
                            .flat_map(|front| more.iter().map(move |behind| format!("{front}{behind}")))
                            .collect();
                        if ways.len() > 1 && ways.len() <= text::MAX_WAYS {
                            whole.ways = ways;
                        }
                        if whole.text().len() > text::MAX_TEXT {
                            whole = Field::new(&text::hole(), word.place);
                        }
                        Held::One(whole)
                    }
                    _ => Held::One(value),
                };
                state.assign(name, held);
            }
        }
    }

    /// Adds to what is printed, where somebody takes it.
    pub(super) fn print(&mut self, text: &str, place: Place, depends: &[Dependency]) {
        if let Some(printed) = &mut self.printed {
            printed.content.push_escaped(text, place.span);
            for way in &mut printed.ways {
                way.push_str(text);
            }
            if !text::is_known(text) {
                printed.ways.clear();
            }
            printed.depend_on(depends);
            if printed.text().len() > text::MAX_TEXT {
                *printed = Field::new(&text::hole(), printed.place);
            }
        }
    }

    /// What is printed so far is that or, if somebody sets one of the variables in `likelier`, `other`.
    fn print_either(&mut self, other: Option<&Field>, likelier: Option<&[Dependency]>) {
        if let (Some(printed), Some(other), Some(depends)) = (&mut self.printed, other, likelier) {
            printed.or_else(&other.possible());
            printed.depend_on(depends);
            if !printed.ways.is_empty() {
                return;
            }
        }
        self.print_unknown();
    }

    pub(super) fn print_unknown(&mut self) {
        if let Some(printed) = &mut self.printed {
            let place = printed.place;
            printed.ways.clear();
            printed.content.push_escaped(&text::hole(), place.span);
        }
    }
}

/// Whether a pattern is a text that is written out, so that nothing is no such text.
fn is_written(pattern: &str) -> bool {
    !pattern.is_empty() && pattern.chars().all(|c| c.is_ascii_alphanumeric() || "_.-/:".contains(c))
}
