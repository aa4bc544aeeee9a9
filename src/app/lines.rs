//! Every line at which the loop stands still for one cause, not only those that the shortest ways run through.
//!
//! Whoever settles a cause at one line and leaves the next one in the same function has gained nothing. Looked at
//! are the calls in `async` functions, and in the plain ones that the loop runs itself, from which plain functions
//! alone lead on to the end. What a way is worth is told by the doubts on it: lines that are less sure than the
//! chain that is told are left out.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};

use super::blocking::{Entry, Site};
use crate::python::effects::{Effects, Step};

/// How many calls may lie between a line and the end.
const MAX_HOPS: usize = 6;
/// How many functions are looked at for one cause.
const MAX_AROUND: usize = 5_000;

/// The part of the graph that the loop gets to, with its edges turned round.
pub(super) struct Lines<'e, 't, 'a> {
    effects: &'e Effects<'t, 'a>,
    /// The fewest doubts on a way to each node.
    doubts: HashMap<usize, usize>,
    callers: HashMap<usize, Vec<(usize, Step)>>,
    /// The nodes that the loop runs itself, as handlers or as callbacks.
    begins: HashSet<usize>,
}

impl<'e, 't, 'a> Lines<'e, 't, 'a> {
    pub(super) fn new(effects: &'e Effects<'t, 'a>, entries: &[&Entry<'_>]) -> Self {
        let begins: HashSet<usize> = entries.iter().filter(|entry| entry.on_loop).map(|entry| entry.node).collect();
        let mut lines = Self { effects, doubts: HashMap::new(), callers: HashMap::new(), begins };
        let mut open: VecDeque<(usize, usize)> = lines.begins.iter().map(|&node| (node, 0)).collect();
        while let Some((node, doubts)) = open.pop_front() {
            if lines.doubts.get(&node).is_some_and(|&known| known <= doubts) {
                continue;
            }
            let is_new = lines.doubts.insert(node, doubts).is_none();
            for step in &effects.node(node).steps {
                if is_new {
                    lines.callers.entry(step.to).or_default().push((node, *step));
                    if step.left {
                        lines.begins.insert(step.to);
                    }
                }
                match step.doubts {
                    0 => open.push_front((step.to, doubts)),
                    more => open.push_back((step.to, doubts + usize::from(more))),
                }
            }
        }
        lines
    }

    /// The lines that lead to these nodes with no more than so many doubts.
    pub(super) fn to(&self, ends: &BTreeSet<usize>, doubts: usize) -> BTreeSet<Site> {
        let mut found = BTreeSet::new();
        let mut seen: HashMap<usize, usize> = HashMap::new();
        let mut open: VecDeque<(usize, usize, usize)> =
            ends.iter().filter(|&&end| !self.is_async(end)).map(|&end| (end, 0, 0)).collect();
        while let Some((node, spent, hops)) = open.pop_front() {
            if seen.get(&node).is_some_and(|&known| known <= spent) || seen.len() > MAX_AROUND {
                continue;
            }
            seen.insert(node, spent);
            for &(caller, step) in self.callers.get(&node).into_iter().flatten() {
                let spent = spent + usize::from(step.doubts);
                let all = self.doubts.get(&caller).map_or(usize::MAX, |before| before.saturating_add(spent));
                if step.left || all > doubts {
                    continue;
                }
                let is_async = self.is_async(caller);
                if is_async || self.begins.contains(&caller) {
                    found.insert((self.effects.node(caller).frame, step.span));
                }
                if !is_async && hops < MAX_HOPS {
                    open.push_back((caller, spent, hops + 1));
                }
            }
        }
        found
    }

    fn is_async(&self, node: usize) -> bool {
        self.effects.types().function(self.effects.node(node).frame.function).is_async
    }
}

#[cfg(test)]
mod tests {
    use crate::app::analyse;
    use crate::python::syntax::parse;
    use crate::source::Files;

    #[test]
    fn every_line_that_leads_to_a_cause_is_named() {
        let text = "\
import asyncio, requests
from fastapi import FastAPI
app = FastAPI()
def get(u): return requests.get(u)
def both(): return [get(u) for u in 'ab']
@app.get('/1')
async def one():
    a = get('a')  # here
    b = both()  # here
    await asyncio.to_thread(get, 'b')
    return a, b, await inner()
async def inner():
    return get('c')  # here
async def never():
    return get('d')
";
        let mut files = Files::new();
        let file = files.add("main.py", text);
        let modules = std::iter::once((file, parse(text).unwrap())).collect();
        let application = analyse(&files, &modules, "main:app", "").unwrap();
        let [blocking] = &*application.blocking else { panic!("{} causes", application.blocking.len()) };
        let line = |at: usize| text[..at].matches('\n').count();
        let found: Vec<usize> = blocking.anchors.iter().map(|place| line(place.span.start)).collect();
        let marked: Vec<usize> =
            (0..).zip(text.lines()).filter(|(_, l)| l.ends_with("# here")).map(|(n, _)| n).collect();
        assert_eq!(found, marked);
    }
}
