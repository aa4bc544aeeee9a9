//! How questions are asked: each once, those that lead back to themselves included.
//!
//! A question that is open when it is asked again has no answer there, so what is found on the way round such a
//! cycle may lack something. It is gone through again once the question that led to it is closed, until nothing
//! changes any more; only then is it kept.

use std::rc::Rc;

use super::weights::bounded;
use super::{ClassId, ExprRef, Frame, QuickMap, Types, Value, Values};

/// How many possibilities are kept.
const MAX_VALUES: usize = 16;
/// How many, where they are objects of the project or its classes: a factory may make as many.
const MAX_OBJECTS: usize = 64;
/// How many, where they are functions or what calling those gives: a registry may hold as many handlers.
pub(super) const MAX_FUNCTIONS: usize = 512;
/// How deep a question may lead to further questions.
pub(super) const MAX_DEPTH: usize = 48;
/// How many questions one question may lead to before answers on the way round cycles are used as they are.
const MAX_PRECISE: usize = 300;
/// How often answers on the way round cycles are gone through again.
const MAX_ROUNDS: usize = 4;
/// How many such answers of one question are. Where there are more, functions are given each other without end.
const MAX_SETTLED: usize = 3_000;
/// How many questions may lead to answers that are not kept, all together, before such answers are kept as they are:
/// about two seconds of them.
const MAX_WASTED: usize = 200_000;
/// How many questions that may lead to, for each of them: what was out of reach before may not be any more.
const MAX_REDRAFTS: usize = 8;

/// What is asked about a function with what is known of its arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Question<'a> {
    /// What an expression stands for.
    Expression(ExprRef<'a>),
    /// What an annotation admits.
    Annotation(ExprRef<'a>),
    /// What the function returns.
    Result,
    /// What it yields.
    Yield,
    /// What its decorators leave of it.
    Decorated,
    /// What a class inherits from.
    Bases(ClassId),
    /// What callers give for a parameter.
    Given(u16),
}

/// A question, and what is known of the arguments where it is asked.
pub(super) type Key<'a> = (Question<'a>, Frame);

/// Answers that may lack something.
#[derive(Debug, Default)]
pub(super) struct Tentative<'a> {
    answers: QuickMap<Key<'a>, Draft<'a>>,
    /// Their questions, in the order in which they were answered first.
    order: Vec<Key<'a>>,
}

#[derive(Debug, Clone)]
struct Draft<'a> {
    values: Values<'a>,
    /// The first of the open questions that it depends on.
    rests_on: usize,
    /// Whether it is used already while that question is open.
    in_use: bool,
    /// Whether it was another one when it was gone through last.
    changed: bool,
}

impl<'a> Types<'a> {
    /// Asks a question once; a question that leads back to itself has no answer.
    pub(super) fn ask(&self, question: Question<'a>, frame: Frame) -> Values<'a> {
        let key = (question, frame);
        if let Some(known) = self.answers.borrow().get(&key) {
            return Rc::clone(known);
        }
        let open = self.asking.borrow().len();
        if open == 0 {
            self.begin();
        } else if let Some((values, rests_on)) = self.drafted(&key) {
            self.rests_on(rests_on);
            return values;
        } else if open >= MAX_DEPTH {
            self.rests_on(0);
            return Rc::clone(&self.nothing);
        }
        self.asked.set(self.asked.get() + 1);
        let (values, rests_on) = self.answer(key, open);
        // An answer found on the way round a cycle depends on where the round began: only there, where
        // it is closed, is it final.
        if rests_on >= open {
            self.answers.borrow_mut().insert(key, Rc::clone(&values));
        } else {
            self.draft(key, &values, rests_on);
            self.rests_on(rests_on);
        }
        if open == 0 {
            let asked = self.asked.get();
            self.settle();
            self.waste(asked);
        }
        values
    }

    /// Answers a question, with as many open, and says which of these the answer depends on.
    fn answer(&self, key: Key<'a>, open: usize) -> (Values<'a>, usize) {
        self.asking.borrow_mut().insert(key, open);
        let outer = self.rests_on.replace(usize::MAX);
        let (question, frame) = key;
        let found = match question {
            Question::Expression(expr) => self.evaluate(expr.0, frame),
            Question::Annotation(annotation) => self.admitted(annotation.0, frame),
            Question::Result => self.read_results(frame),
            Question::Yield => self.read_yields(frame),
            Question::Decorated => self.apply_all(frame),
            Question::Bases(class) => self.read_bases(class, frame),
            Question::Given(position) => self.read_calls(frame, position),
        };
        let values = distinct(found);
        let values: Values<'a> = if values.is_empty() { Rc::clone(&self.nothing) } else { values.into() };
        self.asking.borrow_mut().remove(&key);
        (values, self.rests_on.replace(outer))
    }

    /// What is known so far of a question that is open, or that is not answered for good, and on which of the
    /// open questions it depends.
    fn drafted(&self, key: &Key<'a>) -> Option<(Values<'a>, usize)> {
        let tentative = self.tentative.borrow();
        let draft = tentative.answers.get(key);
        if let Some(draft) = draft.filter(|_| self.settling.get()) {
            return Some((Rc::clone(&draft.values), 0));
        }
        if let Some(&since) = self.asking.borrow().get(key) {
            return Some((Rc::clone(&self.nothing), since));
        }
        draft.filter(|draft| draft.in_use).map(|draft| (Rc::clone(&draft.values), draft.rests_on))
    }

    fn draft(&self, key: Key<'a>, values: &Values<'a>, rests_on: usize) {
        let in_use = self.asked.get() > MAX_PRECISE;
        let draft = Draft { values: Rc::clone(values), rests_on, in_use, changed: false };
        let tentative = &mut *self.tentative.borrow_mut();
        if tentative.answers.insert(key, draft).is_none() {
            tentative.order.push(key);
        }
    }

    /// Makes the drafts final that come out the same again.
    fn settle(&self) {
        let drafts = self.tentative.borrow().order.len();
        if drafts == 0 || drafts > MAX_SETTLED || !self.following.borrow().is_empty() {
            return;
        }
        // Most of them have turned out to lead further than this goes, and their way there has not become shorter.
        if self.in_vain() * 2 > drafts {
            return;
        }
        self.settling.set(true);
        let is_settled = self.redraft_all(drafts * MAX_REDRAFTS + MAX_PRECISE);
        self.settling.set(false);
        if !is_settled {
            let order = &self.tentative.borrow().order;
            self.unsettled.borrow_mut().extend(order.iter().take(drafts).copied());
            return;
        }
        self.keep(|draft| !draft.changed);
    }

    /// Takes those drafts for final that `is_final` says.
    fn keep(&self, is_final: impl Fn(&Draft<'a>) -> bool) {
        let Tentative { answers: mut drafts, order } = self.tentative.take();
        let mut answers = self.answers.borrow_mut();
        for key in order {
            if let Some(draft) = drafts.remove(&key).filter(&is_final) {
                answers.entry(key).or_insert(draft.values);
            }
        }
    }

    /// Counts what is asked in vain, and keeps drafts as they are once that is too much: a project in which everything
    /// leads everywhere is to be answered as well, with what was found by then.
    fn waste(&self, asked: usize) {
        if self.tentative.borrow().order.is_empty() || !self.following.borrow().is_empty() {
            return;
        }
        self.wasted.set(self.wasted.get().saturating_add(asked.max(self.asked.get())));
        if self.wasted.get() > MAX_WASTED {
            self.keep(|_| true);
        }
    }

    /// How many of the drafts could not be settled before.
    fn in_vain(&self) -> usize {
        let unsettled = self.unsettled.borrow();
        self.tentative.borrow().order.iter().filter(|key| unsettled.contains(*key)).count()
    }

    /// Goes through the drafts until none changes, or often enough; `false` if that leads to more than `most`
    /// questions.
    fn redraft_all(&self, most: usize) -> bool {
        self.asked.set(0);
        for _ in 0..MAX_ROUNDS {
            let mut changed = false;
            let mut next = 0;
            while let Some(key) = self.draft_at(next) {
                next += 1;
                if self.answers.borrow().contains_key(&key) {
                    continue;
                }
                changed |= self.redraft(key);
                if self.asked.get() > most {
                    return false;
                }
            }
            if !changed {
                break;
            }
        }
        true
    }

    fn draft_at(&self, index: usize) -> Option<Key<'a>> {
        self.tentative.borrow().order.get(index).copied()
    }

    /// Answers a question again with the drafts of the others, and says whether that made a difference.
    fn redraft(&self, key: Key<'a>) -> bool {
        self.followed.set(0);
        self.asked.set(self.asked.get() + 1);
        let (values, _) = self.answer(key, 0);
        let mut tentative = self.tentative.borrow_mut();
        let Some(draft) = tentative.answers.get_mut(&key) else { return false };
        draft.changed = draft.values != values;
        draft.values = values;
        draft.changed
    }

    /// A question that none other led to.
    fn begin(&self) {
        self.asked.set(0);
        if self.following.borrow().is_empty() {
            self.followed.set(0);
        }
        let tentative = &mut *self.tentative.borrow_mut();
        tentative.answers.clear();
        tentative.order.clear();
    }

    /// What is being answered depends on the question that was opened as this one.
    pub(super) fn rests_on(&self, open: usize) {
        self.rests_on.set(self.rests_on.get().min(open));
    }
}

fn distinct(values: Vec<Value<'_>>) -> Vec<Value<'_>> {
    let mut kept: Vec<Value<'_>> = Vec::new();
    for value in values.into_iter().filter_map(bounded) {
        let most = match value {
            Value::Function(_) | Value::Coroutine(_) | Value::Generator(_) => MAX_FUNCTIONS,
            Value::Object(_) | Value::Class(_) => MAX_OBJECTS,
            _ => MAX_VALUES,
        };
        if kept.len() < most && !kept.contains(&value) {
            kept.push(value);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::super::{FunctionId, Project};
    use super::*;
    use crate::python::calls::last_name;
    use crate::python::syntax::parse;
    use crate::source::Files;

    /// Classes that hand what they are given to the next one, the last one to the first.
    #[test]
    fn what_is_found_on_the_way_round_a_cycle_is_kept() {
        const LENGTH: usize = 5;
        let class = |at: usize| {
            let next = (at + 1) % LENGTH;
            format!(
                "class C{at}:\n    def __init__(self, s):\n        self.s = s\n    \
                 def go(self):\n        C{next}(self.s).go()\n"
            )
        };
        let text: String = (0..LENGTH).map(class).collect();
        let mut files = Files::new();
        let file = files.add("main.py", format!("import requests\n{text}C0(requests.Session()).go()\n"));
        let modules = [(file, parse(files.get(file).text()).unwrap())].into();
        let project = Project::new(&files, &modules);
        let types = Types::new(&project, &"".into());
        types.load(&[0]);
        let given = |name: &str| {
            let calls = &types.facts_at(0).calls;
            let &(index, call) = calls.iter().find(|(_, call)| last_name(&call.func) == name).unwrap();
            types.value(&call.arguments.args[0], types.plain(FunctionId { file: 0, index })).to_vec()
        };
        let session = [Value::Instance("requests.Session".into())];
        assert_eq!(given("C3"), session);
        let questions = || types.answers.borrow().keys().filter(|key| matches!(key.0, Question::Given(_))).count();
        assert_eq!(questions(), LENGTH);
        (0..LENGTH).for_each(|at| assert_eq!(given(&format!("C{at}")), session, "C{at}"));
        assert_eq!(questions(), LENGTH);
    }

    /// Functions that call each other with what they are given, further than anything is followed.
    #[test]
    fn what_does_not_settle_is_not_gone_through_again() {
        const MANY: usize = 1_000;
        let function = |at: usize| format!("def f{at}(s):\n    return f{}(s) or s\n", (at + 1) % MANY);
        let text: String = (0..MANY).map(function).collect();
        let mut files = Files::new();
        let file = files.add("main.py", format!("import requests\n{text}f0(requests.Session())\n"));
        let modules = [(file, parse(files.get(file).text()).unwrap())].into();
        let project = Project::new(&files, &modules);
        let types = Types::new(&project, &"".into());
        types.load(&[0]);
        let asked = |index: u32| {
            let plain = types.plain(FunctionId { file: 0, index });
            types.ask(Question::Result, plain);
            types.asked.get()
        };
        let first = asked(1);
        assert!(!types.unsettled.borrow().is_empty(), "{first}");
        let (second, third) = (asked(2), asked(3));
        assert!(second * 2 < first && third * 2 < first, "{first} {second} {third}");
    }
}
