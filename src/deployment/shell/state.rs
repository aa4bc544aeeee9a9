//! What a running shell holds, and what two ways to get somewhere leave of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::super::commands::User;
use super::super::environment::{Entry, Environment};
use super::super::locate::Roots;
use super::text::{self, Field};
use crate::python::evaluate::Dependency;
use crate::read::FilledBy;
use crate::read::shell::Statement;
use crate::source::Place;

use super::dialect::Dialect;
use super::shield::{Shield, Text};

/// What a variable holds.
#[derive(Debug, Clone)]
#[allow(clippy::large_enum_variant, reason = "nearly all are the large one")]
pub(super) enum Held {
    /// It was taken away, or declared and never set.
    Nothing,
    One(Field),
    Many(Vec<Field>),
}

#[derive(Debug, Clone)]
pub(super) struct Variable {
    pub(super) held: Held,
    /// Whether programs see it.
    pub(super) exported: bool,
}

/// What changes how a shell goes on.
#[derive(Debug, Clone, Copy, Default)]
#[allow(clippy::struct_excessive_bools, reason = "independent facts, not the states of one")]
pub(super) struct Options {
    /// `set -a`
    pub(super) exports_all: bool,
    /// `set -e`
    pub(super) stops_at_errors: bool,
    /// Whether words are split at other characters than white space.
    pub(super) splits_elsewhere: bool,
    /// `shopt -s nocasematch`
    pub(super) ignores_case: bool,
}

/// A shell between two commands.
#[derive(Debug, Clone)]
#[allow(clippy::struct_excessive_bools, reason = "independent facts, not the states of one")]
pub(super) struct State {
    /// What is not here may be set by whoever starts everything.
    pub(super) variables: BTreeMap<String, Variable>,
    pub(super) functions: BTreeMap<String, Arc<Statement>>,
    pub(super) roots: Roots,
    /// The folder before the last `cd`.
    pub(super) previous: Option<Roots>,
    /// `$1`, `$2` and so on.
    pub(super) arguments: Vec<Field>,
    /// `$0`.
    pub(super) name: Option<String>,
    /// The command that passed the arguments.
    pub(super) called_at: Place,
    /// Whether a unit holds the text itself, so that its command stands for every command in it.
    pub(super) in_unit: bool,
    pub(super) options: Options,
    /// Whether something nobody knows may have set any variable.
    pub(super) is_open: bool,
    /// What that was.
    pub(super) opened_by: Option<Dependency>,
    /// What may have set any variable before the shell began.
    lost_by: Option<Place>,
    /// What the names begin with of variables that programs may see although nothing in the project sets them.
    others: BTreeSet<String>,
    pub(super) dialect: Dialect,
    /// Whether it may be that it never gets here.
    pub(super) conditional: bool,
    /// The variables without which it never gets here: what files set, or leave unset, leads another way.
    pub(super) only: BTreeSet<String>,
    /// Whether a program is known that runs there instead.
    pub(super) has_instead: bool,
    /// Who fills in the variables of its text.
    pub(super) filled_by: FilledBy,
    /// What this shell runs.
    pub(super) runs: Text,
    /// What keeps signals from this process; nothing where they reach it.
    pub(super) shield: Option<Shield>,
    /// Who runs it, where a command on the way changed that.
    pub(super) user: Option<User>,
    /// Whether signals reach every process, or something in between handles them itself.
    pub(super) passes_signals: bool,
    /// What the variables held that are local to the function that runs.
    pub(super) locals: BTreeMap<String, Option<Variable>>,
}

/// What a shell splits words at, unless a script says otherwise; it does not take that from the environment.
const BLANKS: &str = " \t\n";

/// Variables that every process has, with values that only the machine knows.
const OF_THE_MACHINE: [&str; 24] = [
    "HOME",
    "PATH",
    "PWD",
    "HOSTNAME",
    "USER",
    "LOGNAME",
    "UID",
    "EUID",
    "SHELL",
    "TERM",
    "LANG",
    "OLDPWD",
    "PPID",
    "RANDOM",
    "SECONDS",
    "LINENO",
    "BASH",
    "BASH_SOURCE",
    "BASH_VERSION",
    "BASH_REMATCH",
    "OSTYPE",
    "HOSTTYPE",
    "MACHTYPE",
    "OPTIND",
];

impl State {
    /// A shell that sees what `environment` holds.
    pub(super) fn new(environment: &Environment, roots: Roots, place: Place) -> Self {
        let mut state = Self {
            variables: BTreeMap::new(),
            functions: BTreeMap::new(),
            roots,
            previous: None,
            arguments: Vec::new(),
            name: None,
            called_at: place,
            in_unit: true,
            options: Options::default(),
            is_open: false,
            opened_by: None,
            lost_by: None,
            others: BTreeSet::new(),
            dialect: Dialect::Posix,
            conditional: false,
            only: BTreeSet::new(),
            has_instead: false,
            filled_by: FilledBy::Shell,
            runs: Text::None,
            shield: None,
            user: None,
            passes_signals: false,
            locals: BTreeMap::new(),
        };
        state.see(environment);
        state
    }

    /// Takes over the variables of `environment`, which programs see.
    pub(super) fn see(&mut self, environment: &Environment) {
        if let Some(place) = environment.lost_by() {
            self.lost_by = Some(place);
            self.open("variables whose names only a run tells".to_owned());
        }
        self.others.extend(environment.open().iter().cloned());
        for (name, entry) in environment.entries() {
            let mut field = match &entry.text {
                _ if entry.absent => Field { unset: true, ..Field::new("", entry.place) },
                Some(text) => Field::new(text, entry.place),
                None if entry.lost => Field::new(&text::hole(), entry.place),
                None => Field::new(&text::passed_on(name), entry.place),
            };
            field.source = entry.literal.then_some(entry.place);
            field.origin = entry.text.is_some().then_some(entry.place);
            field.depends.clone_from(&entry.depends);
            self.variables.insert(name.clone(), Variable { held: Held::One(field), exported: true });
        }
    }

    /// A program that this shell starts: it gets the exported variables and the folder.
    pub(super) fn child(&self) -> Self {
        let mut child = self.clone();
        child.variables.retain(|_, variable| variable.exported);
        child.functions.clear();
        child.locals.clear();
        child.options = Options::default();
        child.runs = Text::None;
        child
    }

    /// What programs see of the variables.
    pub(super) fn environment(&self) -> Environment {
        let mut environment = Environment::default();
        if let Some(place) = self.lost_by {
            environment.lose(place);
        }
        self.others.iter().for_each(|prefix| environment.rest_on_others(prefix));
        for (name, variable) in self.variables.iter().filter(|(_, variable)| variable.exported) {
            let Held::One(field) = &variable.held else { continue };
            if text::vanishing(field.text()) == Some(name) {
                continue;
            }
            let mut known = field.known().filter(|_| !field.unset).map(str::to_owned);
            let mut depends = field.depends.clone();
            if known.is_none()
                && !field.many
                && let Some((options, names)) = text::options_without_variables(field.text())
            {
                let empty = |name| Dependency::InPlace { name, default: Some(String::new()) };
                depends.extend(names.into_iter().map(empty));
                known = Some(options);
            }
            let is_told = known.is_some() || field.unset || field.text() == text::passed_on(name);
            let entry = Entry::new(known, field.source.unwrap_or(field.place), field.source.is_some())
                .resting_on(depends)
                .absent(field.unset);
            environment.insert(name.clone(), if is_told { entry } else { entry.lost() });
        }
        environment
    }

    /// Notes that something which is not in the project may set any variable that nothing sets.
    pub(super) fn expect_others(&mut self) {
        self.others.insert(String::new());
    }

    /// What a variable holds; for one that nothing sets, text with a hole.
    pub(super) fn variable(&self, name: &str, place: Place) -> Held {
        match self.variables.get(name) {
            Some(variable) => variable.held.clone(),
            None if name == "IFS" => Held::One(Field::new(BLANKS, place)),
            None if OF_THE_MACHINE.contains(&name) => Held::One(Field::new(&text::hole(), place)),
            None if self.is_open => {
                let mut field = Field::new(&text::hole(), place);
                field.depends.extend(self.opened_by.clone());
                Held::One(field)
            }
            None => Held::One(Field::new(&text::missing(name), place)),
        }
    }

    /// The characters that words are split at; `None` if nobody knows them.
    pub(super) fn separators(&self) -> Option<String> {
        if !self.options.splits_elsewhere {
            return Some(BLANKS.to_owned());
        }
        match self.variables.get("IFS").map(|variable| &variable.held) {
            None | Some(Held::Nothing) => Some(BLANKS.to_owned()),
            Some(Held::One(field)) => field.known().map(str::to_owned),
            Some(Held::Many(_)) => None,
        }
    }

    /// Whether its variables hold what they held.
    pub(super) fn holds_same(&self, before: &BTreeMap<String, Variable>) -> bool {
        let same = |(name, variable): (&String, &Variable)| {
            before.get(name).is_some_and(|before| variable.held.is_same(&before.held))
        };
        self.variables.len() == before.len() && self.variables.iter().all(same)
    }

    /// Whether nothing that is read sets the variable.
    pub(super) fn is_missing(&self, name: &str) -> bool {
        !self.variables.contains_key(name) && !self.is_open && name != "IFS" && !OF_THE_MACHINE.contains(&name)
    }

    /// Notes that `what` may have set any variable that nothing else sets.
    pub(super) fn open(&mut self, what: String) {
        self.is_open = true;
        self.opened_by.get_or_insert(Dependency::Other { what });
    }

    /// After `what` may have set any variable anew.
    pub(super) fn forget(&mut self, what: String, place: Place) {
        self.open(what);
        self.others.insert(String::new());
        let depends: Vec<Dependency> = self.opened_by.iter().cloned().collect();
        for variable in self.variables.values_mut() {
            variable.held = Held::One(Field { depends: depends.clone(), ..Field::new(&text::hole(), place) });
        }
    }

    pub(super) fn assign(&mut self, name: &str, held: Held) {
        self.options.splits_elsewhere |= name == "IFS";
        let exported = self.options.exports_all || self.variables.get(name).is_some_and(|variable| variable.exported);
        self.variables.insert(name.to_owned(), Variable { held, exported });
    }

    pub(super) fn export(&mut self, name: &str, exported: bool) {
        if let Some(variable) = self.variables.get_mut(name) {
            variable.exported = exported;
            return;
        }
        // Exporting what nothing set leaves it to whoever starts everything.
        if exported && !self.is_missing(name) {
            let place = self.called_at;
            let held = self.variable(name, place);
            self.variables.insert(name.to_owned(), Variable { held, exported });
        } else if exported {
            self.variables.insert(
                name.to_owned(),
                Variable { held: Held::One(Field::new(&text::missing(name), self.called_at)), exported },
            );
        }
    }

    pub(super) fn unset(&mut self, name: &str) {
        self.variables.insert(name.to_owned(), Variable { held: Held::Nothing, exported: false });
    }

    /// Takes the one variable that leads here for set to something, where nothing that is read sets it.
    pub(super) fn assume_set(&mut self, depends: &[Dependency]) -> Option<String> {
        let [Dependency::Environment { name, .. } | Dependency::InPlace { name, .. }] = depends else { return None };
        if !self.is_missing(name) {
            return None;
        }
        let mut field = Field::new(&text::something(), self.called_at);
        field.depend_on(depends);
        self.variables.insert(name.clone(), Variable { held: Held::One(field), exported: true });
        Some(name.clone())
    }

    /// Notes that it only gets here if somebody sets one of the variables in `depends`, and whether something else runs
    /// as long as nobody does. One that a file passes on, or that something outside of the project may well set, says
    /// nothing.
    pub(super) fn goes_only_with(&mut self, depends: &[Dependency], has_instead: bool) {
        let may_be_set = |name: &String| match self.variables.get(name).map(|variable| &variable.held) {
            Some(Held::One(field)) => field.text() == text::passed_on(name),
            Some(_) => false,
            None => self.is_open || self.others.iter().any(|prefix| name.starts_with(prefix.as_str())),
        };
        let names: Vec<String> = text::variables_of(depends).collect();
        if !names.is_empty() && !names.iter().any(may_be_set) {
            self.only.extend(names);
            self.has_instead |= has_instead;
        }
    }

    /// Takes that back, unless something was made of the variable.
    pub(super) fn forget_assumed(&mut self, name: &str) {
        let is_untouched = |variable: &Variable| match &variable.held {
            Held::One(field) => field.text() == text::something(),
            _ => false,
        };
        if self.variables.get(name).is_some_and(is_untouched) {
            self.variables.remove(name);
        }
    }

    /// Declares a variable that the end of the function gives back.
    pub(super) fn make_local(&mut self, name: &str) {
        if !self.locals.contains_key(name) {
            self.locals.insert(name.to_owned(), self.variables.get(name).cloned());
        }
    }

    /// Gives back what the locals of a function hid.
    pub(super) fn leave(&mut self, outer: BTreeMap<String, Option<Variable>>) {
        for (name, variable) in std::mem::replace(&mut self.locals, outer) {
            match variable {
                Some(variable) => self.variables.insert(name, variable),
                None => self.variables.remove(&name),
            };
        }
    }

    /// What is left where `other` is as possible as `self`. Where one is likelier, because only a
    /// variable that no file sets could lead to the other, its values count and rest on that variable.
    pub(super) fn join(&mut self, other: Self, likelier: Option<&[Dependency]>) {
        let names: BTreeSet<String> = self.variables.keys().chain(other.variables.keys()).cloned().collect();
        for name in names {
            let (ours, theirs) = (self.variables.get(&name), other.variables.get(&name));
            let same = match (ours, theirs) {
                (Some(ours), Some(theirs)) => ours.exported == theirs.exported && ours.held.is_same(&theirs.held),
                (None, None) => true,
                _ => false,
            };
            if same {
                continue;
            }
            let exported = [ours, theirs].iter().flatten().any(|variable| variable.exported);
            let place = [ours, theirs].iter().flatten().find_map(|variable| variable.held.place());
            let place = place.unwrap_or(self.called_at);
            let (ours, theirs) = (ours.map(|ours| &ours.held), theirs.map(|theirs| &theirs.held));
            let missing = |held: Option<&Held>| held.is_none() && self.is_missing(&name);
            let held = match likelier {
                Some(depends) => likely(&name, ours, theirs, depends),
                None => match (ours, theirs) {
                    (Some(Held::Many(ours)), Some(Held::Many(theirs))) => Some(Held::Many(either(ours, theirs, place))),
                    (Some(Held::One(one)), Some(Held::One(other))) => Some(Held::One(open(one, other, place))),
                    (Some(Held::One(one)), other) | (other, Some(Held::One(one))) if missing(other) => {
                        Some(Held::One(open(&Field::new("", place), one, place)))
                    }
                    _ => Some(Held::One(Field::new(&text::hole(), place))),
                },
            };
            if let Some(held) = held {
                self.variables.insert(name, Variable { held, exported });
            }
        }
        let same = self.arguments.len() == other.arguments.len()
            && self.arguments.iter().zip(&other.arguments).all(|(ours, theirs)| ours.is_same(theirs));
        if !same {
            self.arguments = match likelier {
                Some(depends) => likely_words(&self.arguments, &other.arguments, depends),
                None => vec![Field::any(self.called_at)],
            };
        }
        // Of two functions of one name nobody knows which is called; one that is only defined in one
        // way is called in that way.
        for (name, function) in other.functions {
            match self.functions.get(&name) {
                Some(own) if !Arc::ptr_eq(own, &function) && likelier.is_none() => {
                    self.functions.remove(&name);
                }
                Some(_) => {}
                None => {
                    self.functions.insert(name, function);
                }
            }
        }
        self.roots.join(&other.roots);
        self.only.retain(|name| other.only.contains(name));
        self.has_instead &= !self.only.is_empty();
        self.is_open |= other.is_open;
        self.lost_by = self.lost_by.or(other.lost_by);
        self.opened_by = self.opened_by.take().or(other.opened_by);
        self.others.extend(other.others);
        self.passes_signals |= other.passes_signals;
        self.options.exports_all |= other.options.exports_all;
        self.options.splits_elsewhere |= other.options.splits_elsewhere;
        self.options.ignores_case |= other.options.ignores_case;
        self.options.stops_at_errors &= other.options.stops_at_errors;
        self.locals.extend(other.locals);
    }
}

/// What a variable is likely to hold, and what it holds if somebody sets one of the variables in `depends`;
/// `None` where nothing is to be changed.
fn likely(name: &str, ours: Option<&Held>, theirs: Option<&Held>, depends: &[Dependency]) -> Option<Held> {
    let mut held = match (ours, theirs) {
        (Some(Held::Many(ours)), Some(Held::Many(theirs))) => Held::Many(likely_words(ours, theirs, depends)),
        (Some(Held::One(one)), Some(Held::One(other))) => {
            let mut one = one.clone();
            one.or_else(&other.possible());
            Held::One(one)
        }
        (Some(held), _) => held.clone(),
        // What is set on the other way alone is empty on this one, unless somebody sets it as well.
        (None, Some(Held::One(other))) => {
            let mut one = Field { unset: true, ..Field::new("", other.place) };
            one.or_else(&other.possible());
            one.depend_on(&text::unless_set(vec![name.to_owned()]));
            Held::One(one)
        }
        (None, Some(Held::Many(words))) => Held::Many(words.iter().map(|field| unlikely(field, depends)).collect()),
        (None, _) => return None,
    };
    held.depend_on(depends);
    Some(held)
}

/// A word that is there only if somebody sets one of the variables in `depends`.
fn unlikely(field: &Field, depends: &[Dependency]) -> Field {
    Field { maybe: true, unlikely: text::variable_of(depends), ..field.clone() }
}

/// The words of the likelier of two lists, with those of the other one that are there if somebody sets one of the
/// variables in `depends`.
fn likely_words(ours: &[Field], theirs: &[Field], depends: &[Dependency]) -> Vec<Field> {
    let same = ours.iter().zip(theirs).take_while(|(ours, theirs)| ours.is_same(theirs)).count();
    let (front, behind) = (ours.iter().take(same), ours.iter().skip(same));
    let rests = |field: &Field| {
        let mut field = field.clone();
        field.depend_on(depends);
        field
    };
    let mut words: Vec<Field> = front.cloned().chain(behind.map(rests)).collect();
    words.extend(theirs.iter().skip(same).map(|field| unlikely(field, depends)));
    words
}

/// A text that is the one or the other.
fn open(one: &Field, other: &Field, place: Place) -> Field {
    let mut either = Field::new(&text::hole(), place);
    let mut ways = one.clone();
    ways.or_else(&other.possible());
    either.ways = ways.ways;
    either.depend_on(&one.depends);
    either.depend_on(&other.depends);
    either
}

/// The words of two lists, either of which is possible: one that only has more keeps those as words that may
/// be there; what stands in the place of something else could be anything.
fn either(ours: &[Field], theirs: &[Field], place: Place) -> Vec<Field> {
    let same = |(ours, theirs): &(&Field, &Field)| ours.is_same(theirs);
    let front = ours.iter().zip(theirs).take_while(same).count();
    let (ours_left, theirs_left) = (&ours[front..], &theirs[front..]);
    let behind = ours_left.iter().rev().zip(theirs_left.iter().rev()).take_while(same).count();
    let middle = |list: &'_ [Field]| list[..list.len() - behind].to_vec();
    let (ours_middle, theirs_middle) = (middle(ours_left), middle(theirs_left));
    let mut all = ours[..front].to_vec();
    if ours_middle.is_empty() || theirs_middle.is_empty() {
        let more = ours_middle.into_iter().chain(theirs_middle);
        all.extend(more.map(|field| Field { maybe: true, unlikely: None, ..field }));
    } else {
        all.push(Field::any(place));
    }
    all.extend_from_slice(&ours_left[ours_left.len() - behind..]);
    all
}

impl Held {
    fn is_same(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Nothing, Self::Nothing) => true,
            (Self::One(ours), Self::One(theirs)) => ours.is_same(theirs),
            (Self::Many(ours), Self::Many(theirs)) => {
                ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(ours, theirs)| ours.is_same(theirs))
            }
            _ => false,
        }
    }

    fn place(&self) -> Option<Place> {
        match self {
            Self::Nothing => None,
            Self::One(field) => Some(field.place),
            Self::Many(fields) => fields.first().map(|field| field.place),
        }
    }

    fn depend_on(&mut self, depends: &[Dependency]) {
        match self {
            Self::Nothing => {}
            Self::One(field) => field.depend_on(depends),
            Self::Many(fields) => fields.iter_mut().for_each(|field| field.depend_on(depends)),
        }
    }
}
