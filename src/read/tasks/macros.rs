//! Variables of makefiles and justfiles: what is put into a recipe before a shell sees it.
//!
//! Values are kept as they are written and expanded where they are used, with a bound on how deep and how
//! long, so that a variable that refers to itself ends as unknown.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;

use super::super::decoded::Decoded;
use super::super::platforms::reader::Reader;
use super::TOO_LONG;
use crate::source::Span;

/// Deeper chains of variables than anybody writes.
const MAX_DEPTH: usize = 16;

/// Longer commands than anybody writes.
const MAX_LENGTH: usize = 64 * 1024;

/// How much is filled in in all of one file: one for each variable and one for each 64 bytes of it.
const MAX_STEPS: usize = 100_000;

/// What is put in for something unknown; no reader takes it for a value.
const HOLE: &str = "{{ ? }}";

/// What a variable is, as far as the file tells.
#[derive(Debug, Clone)]
pub(super) enum Macro {
    /// Text that may name further variables.
    Text(Decoded),
    /// Text in which nothing is filled in any more.
    Done(Decoded),
    /// Text that stands in where the environment does not set a variable.
    Default(String, Decoded),
    /// Something that only running it would tell: a function, a branch, the command line.
    Unknown,
}

/// The variables of one file.
#[derive(Debug, Default, Clone)]
pub(super) struct Macros {
    by_name: BTreeMap<String, Macro>,
    /// How many steps were taken.
    steps: Cell<usize>,
    /// The first text that grew too long to be filled in; copies for single recipes share it.
    cut: Rc<Cell<Option<Span>>>,
}

/// A reference inside a text.
pub(super) struct Reference {
    /// All of it.
    pub(super) range: Range<usize>,
    /// What it names; `None` for anything that is no plain variable.
    pub(super) name: Option<String>,
}

/// Finds the next reference from a byte on.
pub(super) type Scan = fn(&str, usize) -> Option<Reference>;

impl Macros {
    pub(super) fn set(&mut self, name: &str, value: Macro) {
        self.by_name.insert(name.to_owned(), value);
    }

    /// Sets variables to what they were before, the last change first.
    pub(super) fn restore(&mut self, before: Vec<(String, Option<Macro>)>) {
        for (name, value) in before.into_iter().rev() {
            match value {
                Some(value) => self.set(&name, value),
                None => drop(self.by_name.remove(&name)),
            }
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&Macro> {
        self.by_name.get(name)
    }

    /// All variables, by name.
    pub(super) fn all(&self) -> impl Iterator<Item = (&String, &Macro)> {
        self.by_name.iter()
    }

    /// What a variable is in the end; `None` where that is unknown.
    pub(super) fn value(&self, of: &Macro, scan: Scan) -> Option<Decoded> {
        let value = match of {
            Macro::Text(value) | Macro::Default(_, value) => self.expand(value, scan, &|_| None),
            Macro::Done(value) => value.clone(),
            Macro::Unknown => return None,
        };
        Some(value).filter(|value| !value.text().contains("{{"))
    }

    /// Adds text to a variable, as `+=` does: at once where the variable was expanded at once.
    pub(super) fn append(&mut self, name: &str, value: &Decoded, scan: Scan) {
        let behind = |before: &Decoded, value: &Decoded| {
            let mut joined = before.clone();
            if !joined.text().is_empty() {
                joined.push_escaped(" ", value.span(0..0));
            }
            joined.push_from(value, 0..value.text().len());
            joined
        };
        let joined = match self.by_name.get(name) {
            Some(Macro::Text(before) | Macro::Done(before)) if before.text().len() > MAX_LENGTH => Macro::Unknown,
            Some(Macro::Text(before)) => Macro::Text(behind(before, value)),
            Some(Macro::Done(before)) => Macro::Done(behind(before, &self.expand(value, scan, &|_| None))),
            Some(Macro::Unknown | Macro::Default(..)) => Macro::Unknown,
            None => Macro::Text(value.clone()),
        };
        self.set(name, joined);
    }

    /// `text` with its variables filled in; what is unknown becomes a hole that no reader takes for a value.
    /// `otherwise` says what a name stands for that the file does not set.
    pub(super) fn expand(&self, text: &Decoded, scan: Scan, otherwise: &dyn Fn(&str) -> Option<String>) -> Decoded {
        let mut out = Decoded::default();
        self.expand_into(text, scan, otherwise, 0, &mut out);
        if out.text().len() > MAX_LENGTH {
            let whole = text.span(0..text.text().len());
            self.cut.set(self.cut.get().or(Some(whole)));
            out = Decoded::default();
            out.push_escaped(HOLE, whole);
        }
        out
    }

    /// Says which part of the file was left out because it is longer than any command.
    pub(super) fn note_cut(&self, reader: &mut Reader) {
        if let Some(span) = self.cut.get() {
            reader.note(span, TOO_LONG);
        }
    }

    /// Whether as much may still be filled in as a value of `length` bytes takes.
    fn may_fill_in(&self, length: usize) -> bool {
        let steps = self.steps.get().saturating_add(1 + length / 64);
        self.steps.set(steps);
        steps < MAX_STEPS
    }

    /// What a function of make comes to, in the words of a shell: `$(shell nproc)`, `$(or $(X),7)`.
    fn called(&self, call: &str, scan: Scan) -> Option<String> {
        let inner = call.strip_prefix("$(")?.strip_suffix(')')?;
        if let Some(command) = inner.strip_prefix("shell ") {
            let plain = !command.contains(['$', '`', '(', ')', '\n', '#']);
            return plain.then(|| format!("$({})", command.trim()));
        }
        let (first, default) = inner.strip_prefix("or ")?.split_once(',')?;
        let reference = scan(first.trim(), 0).filter(|found| found.range == (0..first.trim().len()))?;
        let name = reference.name.filter(|name| !self.by_name.contains_key(name))?;
        let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        (is_name && is_plain(default)).then(|| format!("${{{name}:-{}}}", default.trim()))
    }

    fn expand_into(
        &self,
        text: &Decoded,
        scan: Scan,
        otherwise: &dyn Fn(&str) -> Option<String>,
        depth: usize,
        out: &mut Decoded,
    ) {
        let plain = text.text();
        let mut at = 0;
        while let Some(reference) = scan(plain, at) {
            out.push_from(text, at..reference.range.start);
            at = reference.range.end.max(reference.range.start + 1);
            let place = text.span(reference.range.clone());
            if out.text().len() > MAX_LENGTH {
                return;
            }
            let Some(name) = reference.name else {
                let called = plain.get(reference.range).and_then(|call| self.called(call, scan));
                match called.filter(|_| !is_in_single_quotes(out.text())) {
                    Some(text) => out.push_escaped(&text, place),
                    None => out.push_escaped(HOLE, place),
                }
                continue;
            };
            match self.by_name.get(&name) {
                // A dollar sign for the shell.
                _ if name == "$" => out.push_escaped("$", place),
                Some(Macro::Done(value)) if self.may_fill_in(value.text().len()) => {
                    out.push_escaped(value.text(), place);
                }
                Some(Macro::Text(value)) if depth < MAX_DEPTH && self.may_fill_in(value.text().len()) => {
                    let mut inner = Decoded::default();
                    self.expand_into(value, scan, otherwise, depth + 1, &mut inner);
                    // The bytes of the definition are what could be edited, but they may be used elsewhere.
                    out.push_escaped(if inner.text().len() > MAX_LENGTH { HOLE } else { inner.text() }, place);
                }
                Some(Macro::Default(asked, value)) if depth < MAX_DEPTH && self.may_fill_in(value.text().len()) => {
                    let mut inner = Decoded::default();
                    self.expand_into(value, scan, otherwise, depth + 1, &mut inner);
                    let length = inner.text().len();
                    match inner.text() {
                        text if is_plain(text) && !is_in_single_quotes(out.text()) => {
                            out.push_escaped(&format!("${{{asked}-{text}}}"), place);
                        }
                        text => out.push_escaped(if length > MAX_LENGTH { HOLE } else { text }, place),
                    }
                }
                Some(_) => out.push_escaped(HOLE, place),
                None => match otherwise(&name) {
                    // Nothing asks for a variable in there.
                    Some(text) if text.contains('$') && is_in_single_quotes(out.text()) => {
                        out.push_escaped(HOLE, place);
                    }
                    Some(text) => out.push_escaped(&text, place),
                    None => out.push_escaped(HOLE, place),
                },
            }
        }
        out.push_from(text, at.min(plain.len())..plain.len());
    }
}

/// Whether a shell takes a text, as the default of a variable, for what it is.
fn is_plain(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || "_./:,@%+= -".contains(c))
}

/// Whether a shell that has read `text` is inside single quotes.
pub(super) fn is_in_single_quotes(text: &str) -> bool {
    let line = text.rsplit('\n').next().unwrap_or(text);
    line.matches('\'').count() % 2 == 1
}
