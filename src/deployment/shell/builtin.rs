//! Commands that the shell itself is.

use super::super::commands::Part;
use super::Shell;
use super::arithmetic;
use super::condition::Status;
use super::dialect::Dialect;
use super::parameter::is_name;
use super::program::assignment;
use super::shield::ShieldKind;
use super::state::{Held, State, Variable};
use super::statement::{Done, Flow};
use super::text::{self, Field};
use crate::python::evaluate::Dependency;
use crate::read::Decoded;
use crate::read::shell::{Assigned, PartKind, Script, Simple, Statement};
use crate::source::{Place, Span};

impl Shell<'_> {
    /// Runs the builtin `name`; `None` if it is none.
    pub(super) fn builtin(
        &mut self,
        name: &str,
        state: &mut State,
        fields: &[Field],
        simple: &Simple,
        guarded: bool,
    ) -> Option<Done> {
        let at = fields.iter().position(|field| field.vanishes().is_none()).unwrap_or(0);
        let given = fields.get(at + 1..).unwrap_or_default();
        let count = |default: usize| {
            given.first().map_or(Some(default), |field| field.known().and_then(|text| text.parse::<usize>().ok()))
        };
        let words = if name == "[" { given.split_last().map_or(given, |(_, words)| words) } else { given };
        let again = |shell: &mut Self, state: &mut State| {
            let done = shell.builtin(name, state, fields, simple, guarded);
            done.unwrap_or_else(|| Done::with(Status::Unknown))
        };
        if let Some(done) = self.differing(name, words, simple.place, state, &again) {
            return Some(done);
        }
        Some(match name {
            ":" | "true" => Done::known(true),
            "false" => Done::known(false),
            "cd" | "pushd" => Self::cd(state, given),
            "popd" => {
                if let Some(previous) = state.previous.take() {
                    state.roots = previous;
                }
                Done::with(Status::Likely)
            }
            "export" | "readonly" | "declare" | "typeset" | "local" => self.declare(name, state, given, simple),
            "unset" => unset(state, given),
            "set" => set(state, given),
            "shift" => shift(state, count(1)),
            "return" | "exit" => {
                let status = match given.first() {
                    None => Status::Unknown,
                    Some(code) => code.known().map_or(Status::Unknown, |code| Status::Known(code == "0")),
                };
                Done { status, flow: if name == "exit" { Flow::Exit } else { Flow::Return } }
            }
            "break" => Done::leave(Flow::Break(count(1).unwrap_or(1).max(1))),
            "continue" => Done::leave(Flow::Continue(count(1).unwrap_or(1).max(1))),
            "eval" => self.eval(state, given, guarded),
            "." | "source" => self.source(state, given, guarded),
            "test" => Done::with(self.condition(given.to_vec(), state)),
            "[" => match given.split_last() {
                Some((last, words)) if last.known() == Some("]") => Done::with(self.condition(words.to_vec(), state)),
                _ => Done::with(Status::Unknown),
            },
            "let" => {
                let mut status = Status::Unknown;
                for field in given {
                    let place = field.place;
                    let mut numbers = Numbers { state, place };
                    let value = field.known().and_then(|text| arithmetic::evaluate(text, &mut numbers));
                    if value.is_none() {
                        let text = field.text();
                        let end = text.find(|letter: char| !letter.is_alphanumeric() && letter != '_');
                        let name = text.get(..end.unwrap_or(text.len())).filter(|name| is_name(name));
                        if let Some(name) = name {
                            numbers.state.assign(name, Held::One(Field::new(&text::hole(), place)));
                        }
                    }
                    status = value.map_or(Status::Unknown, |value| Status::Known(value != 0));
                }
                Done::with(status)
            }
            "read" if state.dialect.is_lesser() && reads_array(given) => Done::known(false),
            "read" if self.reads_line(simple, state) => Done::known(true),
            "read" | "getopts" | "mapfile" | "readarray" => read(state, given, name == "getopts"),
            "echo" | "printf" | "pwd" => {
                if !simple.redirected {
                    self.print_builtin(name, given, state, simple.place);
                }
                if name == "printf" && given.first().and_then(Field::known) == Some("-v") && !state.dialect.is_lesser()
                {
                    let name = given.get(1).and_then(Field::known).filter(|name| is_name(name));
                    if let Some(name) = name {
                        state.assign(name, Held::One(Field::new(&text::hole(), simple.place)));
                    }
                }
                Done::known(true)
            }
            // Asking where a program is does not start it.
            "type" | "hash" | "which" => {
                self.print_unknown();
                Done::with(Status::Unknown)
            }
            "command" if matches!(given.first().and_then(Field::known), Some("-v" | "-V")) => {
                self.print_unknown();
                let function =
                    given.get(1).and_then(Field::known).is_some_and(|name| state.functions.contains_key(name));
                Done::with(if function { Status::Known(true) } else { Status::Unknown })
            }
            "exec" if given.is_empty() => Done::known(true),
            "trap" => self.trap(state, given),
            "shopt" => shopt(state, given),
            "wait" | "ulimit" | "umask" | "alias" | "unalias" | "jobs" | "kill" | "sleep" => Done::with(Status::Likely),
            _ => return None,
        })
    }

    fn trap(&mut self, state: &mut State, given: &[Field]) -> Done {
        // What handles the signal itself may pass it on.
        let is_dash = state.dialect == Dialect::Dash;
        let handles = |field: &Field| {
            field.known().is_none_or(|text| match text {
                "TERM" | "15" | "INT" | "QUIT" => true,
                // To dash those are no signals.
                "SIGTERM" | "SIGINT" | "SIGQUIT" => !is_dash,
                _ => false,
            })
        };
        if given.iter().skip(1).any(handles) {
            state.passes_signals = true;
            // What runs in the background by now hears of it as well.
            let shields = self.found.iter_mut().filter_map(|start| start.shield.as_mut());
            for shield in shields.filter(|shield| matches!(shield.kind, ShieldKind::Background { .. })) {
                shield.is_passed = true;
            }
        }
        Done::with(Status::Likely)
    }

    fn cd(state: &mut State, given: &[Field]) -> Done {
        let folder =
            given.iter().find(|field| field.known().is_none_or(|text| !matches!(text, "--" | "-P" | "-L" | "-e")));
        let Some(folder) = folder else { return Done::with(Status::Likely) };
        if folder.known() == Some("-") {
            if let Some(previous) = state.previous.clone() {
                state.previous = Some(std::mem::replace(&mut state.roots, previous));
            }
            return Done::with(Status::Likely);
        }
        let Some(path) = folder.known() else {
            state.roots.drift();
            return Done::with(Status::Likely);
        };
        state.previous = Some(state.roots.clone());
        if !path.is_empty() {
            state.roots.enter(path);
        }
        Done::with(Status::Likely)
    }

    fn declare(&mut self, name: &str, state: &mut State, given: &[Field], simple: &Simple) -> Done {
        let mut exports = name == "export";
        let mut takes_back = false;
        let mut counts = false;
        for field in given {
            let Some(text) = field.known() else {
                self.declare_unknown(state, field, name, exports);
                continue;
            };
            if let Some(options) = text.strip_prefix('-').or_else(|| text.strip_prefix('+')) {
                exports |= options.contains('x') && text.starts_with('-');
                takes_back |= name == "export" && options.contains('n');
                counts |= matches!(name, "declare" | "typeset" | "local") && options.contains('i');
                continue;
            }
            let (variable, value) = match assignment(field) {
                Some((variable, value)) => (variable, Some(value)),
                None if is_name(text) => (text.to_owned(), None),
                None => continue,
            };
            let value = match value {
                Some(value) if counts => Some(counted(value, state)),
                other => other,
            };
            if name == "local" || (matches!(name, "declare" | "typeset") && !self.returned.is_empty()) {
                state.make_local(&variable);
                if value.is_none() {
                    state.variables.insert(variable.clone(), Variable { held: Held::Nothing, exported: false });
                }
            }
            // With another text it is another variable.
            if text::variable_of(&field.depends).is_some()
                && self.files().text_at(field.place).trim_start_matches('"').starts_with('$')
            {
                state.expect_others();
            }
            if let Some(value) = value {
                state.assign(&variable, Held::One(value));
            } else if name == "readonly" && state.is_missing(&variable) {
                continue;
            }
            if exports {
                state.export(&variable, !takes_back);
            }
        }
        self.declare_arrays(name, state, simple, exports);
        Done::known(true)
    }

    /// `export "$NAME=$value"` with an unknown value, or with words that nobody knows.
    fn declare_unknown(&self, state: &mut State, field: &Field, name: &str, exports: bool) {
        if field.vanishes().is_some() {
            return;
        }
        if let Some((variable, value)) = assignment(field) {
            if name == "local" {
                state.make_local(&variable);
            }
            state.assign(&variable, Held::One(value));
            if exports {
                state.export(&variable, true);
            }
        } else {
            let at = self.files().describe(field.place);
            state.forget(format!("variables whose names only a run tells, {at}"), field.place);
        }
    }

    /// `declare -a words=( … )` is no word with a bracket in it.
    fn declare_arrays(&mut self, name: &str, state: &mut State, simple: &Simple, exports: bool) {
        let declared: Vec<_> = simple.arrays.clone();
        for array in declared {
            if name == "local" {
                state.make_local(&array.name);
            }
            if matches!(array.value, Assigned::Array(_)) {
                self.assign(&array, state);
            }
            if exports {
                state.export(&array.name, true);
            }
        }
    }

    fn eval(&mut self, state: &mut State, given: &[Field], guarded: bool) -> Done {
        let others: Vec<Field> =
            given.iter().filter(|field| field.maybe && field.unlikely.is_some()).cloned().collect();
        let likely: Vec<Field> =
            given.iter().filter(|field| !(field.maybe && field.unlikely.is_some())).cloned().collect();
        let given = likely.as_slice();
        let mut text = Decoded::default();
        let known = given.iter().all(|field| field.known().is_some());
        let Some(first) = given.first() else { return Done::known(true) };
        for (n, field) in given.iter().enumerate() {
            if n > 0 {
                text.push_escaped(" ", field.place.span);
            }
            if field.file() == first.file() {
                text.push_from(&field.content, 0..field.text().len());
            } else {
                text.push_escaped(field.text(), first.place.span);
            }
        }
        // What is unknown may hold commands of its own, unless it stands among the words of one.
        let among_words = |script: &Script| matches!(script.body.as_slice(), [Statement::Simple(_)]);
        let begins = text::known_prefix(text.text()).trim_start().contains(char::is_whitespace);
        let script = Self::parse(&text, first.file()).filter(|script| known || begins && among_words(script));
        if let Some(script) = script {
            let before = self.found.len();
            let done = self.body(&script, state, guarded);
            self.rest(before, given, &others);
            done
        } else {
            let at = self.files().describe(first.place);
            state.forget(format!("a command that only a run tells, {at}"), first.place);
            Done::with(Status::Unknown)
        }
    }

    /// What was found since there were `before` programs rests on what the text rests on that they stand in, which may
    /// be another one altogether, or hold the words `others` as well.
    pub(super) fn rest(&mut self, before: usize, text: &[Field], others: &[Field]) {
        let depends: Vec<Dependency> = text.iter().flat_map(|field| field.depends.iter().cloned()).collect();
        let varies = text.iter().filter(|field| field.ways.iter().any(|way| way.contains(' ')));
        let varies = varies.filter_map(|field| Some((text::variable_of(&field.depends)?, field.place)));
        let others = others.iter().filter_map(|field| Some((field.unlikely.clone()?, field.place)));
        let further: Vec<Field> = varies.chain(others).map(|(name, place)| Field::optional(&name, place)).collect();
        let further: Vec<_> = further.iter().map(|field| self.argument(field)).collect();
        for start in self.found.iter_mut().skip(before) {
            let places: Vec<Place> = start.arguments.iter().map(|argument| argument.place).collect();
            for place in places {
                start.parted.note(Part::resting(place, depends.clone()));
            }
            start.arguments.extend(further.iter().cloned());
        }
    }

    fn source(&mut self, state: &mut State, given: &[Field], guarded: bool) -> Done {
        let Some(path) = given.first() else { return Done::with(Status::Unknown) };
        let script = path.known().map(str::to_owned).and_then(|path| self.sourced(&path, state));
        let Some(script) = script else {
            // A virtual environment sets where programs are found, and nothing that a server reads.
            if path.text().ends_with("/activate") {
                return Done::with(Status::Likely);
            }
            let what = format!("a script that is not in the project, {}", self.files().describe(path.place));
            let own = path.known().is_some_and(|path| self.written.contains(&state.roots.at(path)));
            if own || path.known().is_none_or(sets_variables) {
                state.forget(what, path.place);
                if own {
                    let before = Place::new(path.place.file, Span::new(0, path.place.span.start));
                    assigned_in(self.files().text_at(before)).for_each(|name| state.export(name, true));
                }
            } else {
                state.open(what);
            }
            return Done::with(Status::Likely);
        };
        if self.scripts >= 8 {
            return Done::leave(Flow::Exit);
        }
        self.scripts += 1;
        let behind = given.get(1..).unwrap_or_default();
        let outer = (!behind.is_empty()).then(|| std::mem::replace(&mut state.arguments, behind.to_vec()));
        let in_unit = std::mem::replace(&mut state.in_unit, false);
        self.returned.push(Vec::new());
        let done = self.body(&script, state, guarded);
        for left in self.returned.pop().unwrap_or_default() {
            state.join(left.state, None);
        }
        state.in_unit = in_unit;
        if let Some(outer) = outer {
            state.arguments = outer;
        }
        self.scripts -= 1;
        Done { status: done.status, flow: if done.flow == Flow::Return { Flow::Next } else { done.flow } }
    }
}

/// More variables than a text sets that a script writes.
const MAX_WRITTEN: usize = 200;

/// The names in a text that something may be assigned to: what a script writes of them, it means to set.
fn assigned_in(text: &str) -> impl Iterator<Item = &str> {
    let fronts = text.split('=').take(MAX_WRITTEN);
    let names = fronts.filter_map(|front| front.rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '_').next());
    names.filter(|name| is_name(name))
}

/// Whether the name of a file says that it sets the variables of a program. A script with another name brings
/// functions, or prepares something; a name that is not known could be anything.
fn sets_variables(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    let is_script = name.rsplit_once('.').is_some_and(|(_, end)| matches!(end, "sh" | "bash"));
    let told = ["env", "var", "conf", "setting", "secret", "param", "credential"];
    let told = told.iter().any(|part| name.contains(part));
    let shells = matches!(name.as_str(), ".bashrc" | ".profile" | ".bash_profile" | "profile" | "bashrc");
    told || !is_script && !shells
}

fn shopt(state: &mut State, given: &[Field]) -> Done {
    let words: Vec<&str> = given.iter().filter_map(Field::known).collect();
    if words.contains(&"nocasematch") {
        state.options.ignores_case = words.contains(&"-s");
    }
    Done::with(Status::Likely)
}

fn shift(state: &mut State, count: Option<usize>) -> Done {
    match count {
        Some(count) if !state.arguments.iter().any(Field::is_vague) => {
            if count > state.arguments.len() {
                return Done::known(false);
            }
            state.arguments.drain(..count);
        }
        _ => state.arguments = vec![Field::any(state.called_at)],
    }
    Done::known(true)
}

fn unset(state: &mut State, given: &[Field]) -> Done {
    for field in given {
        match field.known() {
            Some(option) if option.starts_with('-') => {}
            // The others keep their numbers.
            Some(element) if element.contains('[') => {
                let name = element.split('[').next().unwrap_or_default();
                if let Some(variable) = state.variables.get_mut(name) {
                    variable.held = Held::Many(vec![Field::any(field.place)]);
                }
            }
            Some(name) => {
                if !state.variables.contains_key(name) || state.functions.remove(name).is_none() {
                    state.unset(name);
                }
            }
            None => state.is_open = true,
        }
    }
    Done::known(true)
}

/// `read -a`, which only bash has.
fn reads_array(given: &[Field]) -> bool {
    given.iter().map_while(Field::known).any(|word| word.starts_with('-') && word.contains('a'))
}

/// What comes in from outside goes into variables, which are unknown from here on.
fn read(state: &mut State, given: &[Field], skips_first: bool) -> Done {
    let names = given.iter().skip(usize::from(skips_first));
    for name in names.filter_map(Field::known).filter(|name| is_name(name)) {
        state.assign(name, Held::One(Field::new(&text::hole(), state.called_at)));
    }
    Done::with(Status::Unknown)
}

/// `set -euo pipefail`, `set -a`, `set -- words`.
/// What a variable for whole numbers holds that is set to a text: `typeset -i N=2+3`.
fn counted(value: Field, state: &mut State) -> Field {
    let place = value.place;
    let number = value.known().and_then(|text| arithmetic::evaluate(text, &mut Numbers { state, place }));
    match number.map(|number| number.to_string()) {
        Some(text) if value.known() == Some(&text) => value,
        Some(text) => Field { depends: value.depends, ..Field::new(&text, place) },
        None => Field { depends: value.depends, ..Field::new(&text::hole(), place) },
    }
}

fn set(state: &mut State, given: &[Field]) -> Done {
    let mut at = 0;
    while let Some(field) = given.get(at) {
        let Some(text) = field.known() else { break };
        let (on, letters) = match (text.strip_prefix('-'), text.strip_prefix('+')) {
            (Some("-"), _) => {
                state.arguments = given.get(at + 1..).unwrap_or_default().to_vec();
                return Done::known(true);
            }
            (Some(letters), _) if !letters.is_empty() => (true, letters),
            (_, Some(letters)) => (false, letters),
            _ => break,
        };
        at += 1;
        if letters.contains('e') {
            state.options.stops_at_errors = on;
        }
        if letters.contains('a') {
            state.options.exports_all = on;
        }
        // Wherever in the word it stands, it takes the next one.
        if letters.contains('o') {
            match given.get(at).and_then(Field::known) {
                Some("errexit") => state.options.stops_at_errors = on,
                Some("allexport") => state.options.exports_all = on,
                _ => {}
            }
            at += 1;
        }
    }
    if at < given.len() {
        state.arguments = given.get(at..).unwrap_or_default().to_vec();
    }
    Done::known(true)
}

struct Numbers<'s> {
    state: &'s mut State,
    place: Place,
}

impl arithmetic::Variables for Numbers<'_> {
    fn get(&mut self, name: &str) -> Option<String> {
        match self.state.variable(name, self.place) {
            Held::Nothing => Some(String::new()),
            Held::One(field) => field.known().map(str::to_owned),
            Held::Many(_) => None,
        }
    }

    fn set(&mut self, name: &str, value: i64) {
        self.state.assign(name, Held::One(Field::new(&value.to_string(), self.place)));
    }
}

/// The text of a word without expansions.
pub(super) fn literal(word: &crate::read::shell::Word) -> Option<String> {
    let mut text = String::new();
    for part in &word.parts {
        match &part.kind {
            PartKind::Text(piece) => text.push_str(piece.text()),
            _ => return None,
        }
    }
    Some(text)
}
