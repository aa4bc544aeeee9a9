//! What a command line tells a server, word by word.
//!
//! Follows the parser that the server itself uses, abbreviations and errors included. A word with
//! a variable that nobody knows is either an option's unknown value or, where an option could
//! stand, a place in which anything may hide.

mod argparse;
mod click;
mod options;

use options::Options;

use super::schema::Syntax;
use super::{Setting, Table, Version};
use crate::source::{Located, Place, Word, WordPart};
use crate::values::Value;

/// One word of a command line, its variables filled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Argument {
    /// The text; `None` if it holds a variable that nobody knows.
    pub text: Option<String>,
    /// What the text is sure to begin with; all of it where it is known.
    pub prefix: String,
    /// The bytes of its text.
    pub place: Place,
    /// Where the text was taken from, where those bytes only name it: the value of a variable.
    pub origin: Option<Place>,
    /// The bytes to take out to remove it from its list of words.
    pub removal: Place,
    /// Whether the file holds exactly the text.
    pub literal: bool,
    /// The variable without which the word is not there at all; no file sets it.
    pub unless_set: Option<String>,
    /// Whether it is one word, whatever its variables hold.
    pub single: bool,
    /// Whether it is there only on one of several ways that are all possible; that way needs the variable
    /// `unless_set`, where there is one, so that without it is likelier.
    pub maybe: bool,
}

/// What a command line says.
#[derive(Debug, Clone, Default)]
pub struct Arguments {
    /// Every option with its value, in order.
    pub given: Vec<Given>,
    /// The application, if one is named.
    pub app: Option<Located<String>>,
    /// Words that stand where a second application would.
    pub extra: Vec<Located<String>>,
    /// What the parser refuses; the server exits with status 2.
    pub errors: Vec<Located<ArgumentError>>,
    /// An unknown word that is the application, since no other word can be.
    pub unnamed: Option<Place>,
    /// Unknown words where an option or the application could stand: anything may hide there.
    pub opaque: Vec<Place>,
    /// Variables that no file sets, each where further words stand if somebody does.
    pub optional: Vec<(String, Place)>,
    /// Settings that words would set which are there only if somebody sets a variable, with the variable.
    pub possible: Vec<(&'static str, String)>,
    /// The first option that prints something and exits, such as `--version`.
    pub exits: Option<Place>,
}

/// One option of a command line.
#[derive(Debug, Clone)]
pub struct Given {
    /// The setting it sets.
    pub setting: &'static Setting,
    /// The option, without a value glued to it.
    pub flag: Place,
    /// What the server makes of it.
    pub value: Outcome,
    /// The bytes of its value; `None` for an option without one.
    pub value_place: Option<Place>,
    /// Where its value was taken from, or the option itself, as in [`Argument::origin`].
    pub origin: Option<Place>,
    /// All words to take out to drop the option; empty if it shares a word with another one.
    pub removal: Vec<Place>,
    /// Whether `value_place` holds exactly the value, so that another can be written there.
    pub literal: bool,
    /// The value as written, its variables filled in.
    pub text: Option<String>,
    /// Whether every value given counts and not only the last.
    pub adds_up: bool,
    /// Whether it is given only on one of several ways that are all possible.
    pub maybe: bool,
}

/// What the server makes of an option's value.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// The value that the setting gets; one item of it for an option that can be repeated.
    Known(Value),
    /// It stops the start, with this message.
    ///
    /// Gunicorn checks a value that is merely out of range (`-w -1`) only if it is the last one given;
    /// click checks nothing but the last.
    Invalid(String),
    /// It holds a variable that nobody knows.
    Unknown,
}

/// What a server's parser refuses.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArgumentError {
    /// An option or a word that this version does not have.
    #[error("unrecognised argument `{0}`")]
    Unrecognised(String),
    /// An abbreviation of several options.
    #[error("`{text}` could be {}", .candidates.join(", "))]
    Ambiguous {
        /// As written.
        text: String,
        /// The options it begins.
        candidates: Vec<String>,
    },
    /// An option at the end, or before another one, that takes a value.
    #[error("`{0}` needs a value")]
    MissingValue(String),
    /// A value for an option that takes none.
    #[error("`{0}` takes no value")]
    UnexpectedValue(String),
}

impl Argument {
    /// A word that nobody wrote, for what stands at `place`.
    pub fn meant(text: String, place: Place) -> Self {
        Self {
            prefix: text.clone(),
            text: Some(text),
            place,
            origin: None,
            removal: place,
            literal: false,
            unless_set: None,
            single: true,
            maybe: false,
        }
    }

    /// `word`, with its variables answered by `lookup`.
    pub fn new(word: &Word, lookup: &dyn Fn(&str) -> Option<String>) -> Self {
        let text = word.resolve(lookup);
        let known = |part: &WordPart| Word { parts: vec![part.clone()], ..word.clone() }.resolve(lookup);
        Self {
            prefix: text.clone().unwrap_or_else(|| word.parts.iter().map_while(known).collect()),
            text,
            place: word.place,
            origin: None,
            removal: word.removal,
            literal: word.is_literal(),
            unless_set: None,
            single: word.quoted,
            maybe: false,
        }
    }
}

impl Arguments {
    /// Takes a word that could be anything; one that is not there unless a variable is set leaves the
    /// others as they are.
    fn hide(&mut self, word: &Argument) {
        match &word.unless_set {
            Some(name) => self.optional.push((name.clone(), word.place)),
            // Without an application there is nothing to serve.
            None if word.single && self.app.is_none() && self.unnamed.is_none() && !word.prefix.starts_with('-') => {
                self.unnamed = Some(word.place);
            }
            None => self.opaque.push(word.place),
        }
    }

    /// What is left where words at the places `maybe`, with which the command line is `full`, may be there.
    fn hedged(mut self, full: Self, maybe: &[Place]) -> Self {
        let is_maybe = |flag: Place| {
            let within = |word: &&Place| word.span.start <= flag.span.start && flag.span.end <= word.span.end;
            maybe.iter().filter(within).any(|word| word.file == flag.file)
        };
        let mut added = Vec::new();
        for given in full.given.iter().filter(|given| is_maybe(given.flag)) {
            let same = self.last(given.setting.name()).is_some_and(|sure| !sure.adds_up && sure.value == given.value);
            if !same {
                let (value, removal) = (Outcome::Unknown, Vec::new());
                let given = given.clone();
                added.push(Given {
                    value,
                    removal,
                    value_place: None,
                    literal: false,
                    text: None,
                    maybe: true,
                    ..given
                });
            }
        }
        self.given.extend(added);
        // Which words an option takes rests on what is there.
        let differs = |given: &Given| {
            let sure = self.given.iter().find(|sure| sure.flag == given.flag);
            sure.is_none_or(|sure| sure.value != given.value && sure.value != Outcome::Unknown)
        };
        if full.app.as_ref().map(|app| &app.value) != self.app.as_ref().map(|app| &app.value) {
            self.app = None;
            self.unnamed = maybe.first().copied();
        }
        if full.given.iter().any(|given| !is_maybe(given.flag) && differs(given)) {
            self.opaque.extend(maybe.first().copied());
        }
        self.errors.retain(|error| full.errors.iter().any(|other| other.place == error.place));
        self.exits = self.exits.filter(|_| full.exits.is_some());
        self.opaque.extend(full.opaque);
        self.opaque.sort_unstable();
        self.opaque.dedup();
        self.optional.extend(full.optional);
        self
    }

    /// The option that decides `setting`: the last one given.
    pub fn last(&self, setting: &str) -> Option<&Given> {
        self.given.iter().rfind(|given| given.setting.name() == setting)
    }

    /// What the options make of `setting` together: all values of an option that adds up, else the
    /// last. `None` if none was given.
    pub fn outcome(&self, setting: &str) -> Option<Outcome> {
        let last = self.last(setting)?;
        if !last.adds_up {
            return Some(last.value.clone());
        }
        let mut items = Vec::new();
        for given in self.given.iter().filter(|given| given.setting.name() == setting) {
            match &given.value {
                Outcome::Known(item) => items.push(item.clone()),
                other => return Some(other.clone()),
            }
        }
        Some(Outcome::Known(Value::List(items)))
    }
}

/// Reads the arguments of a server: the words behind its name. What words set that may or may not be there
/// is unknown, unless the others set the same.
pub fn parse(table: &'static Table, version: Version, words: &[Argument]) -> Arguments {
    let options = Options::new(table, version);
    let read = |words: &[Argument]| {
        let mut arguments = match table.syntax() {
            Syntax::Argparse | Syntax::Getopt | Syntax::Code => argparse::parse(&options, words),
            Syntax::Click => click::parse(&options, words),
        };
        if arguments.app.is_some() {
            arguments.opaque.extend(arguments.unnamed.take());
        }
        arguments
    };
    let is_unlikely = |word: &&Argument| word.maybe && word.unless_set.is_some();
    let unlikely: Vec<&Argument> = words.iter().filter(is_unlikely).collect();
    if !unlikely.is_empty() {
        let likely: Vec<Argument> = words.iter().filter(|word| !is_unlikely(word)).cloned().collect();
        let mut arguments = parse(table, version, &likely);
        for given in read(words).given {
            let variable =
                unlikely.iter().find(|word| word.place == given.flag).and_then(|word| word.unless_set.clone());
            arguments.possible.extend(variable.map(|variable| (given.setting.name(), variable)));
        }
        return arguments;
    }
    let sure: Vec<Argument> = words.iter().filter(|word| !word.maybe).cloned().collect();
    if sure.len() == words.len() {
        return read(words);
    }
    let maybe: Vec<Place> = words.iter().filter(|word| word.maybe).map(|word| word.place).collect();
    read(&sure).hedged(read(words), &maybe)
}

/// What an option's value makes of `setting` where it stands outside a command line: in a configuration
/// file of options, such as those of uWSGI, or in a variable. `None` is an option without a value. For an
/// option that adds up, the outcome is one item.
pub fn outcome_of(table: &'static Table, version: Version, setting: &Setting, text: Option<&str>) -> Outcome {
    let options = Options::unnamed(table, version);
    match text {
        Some(text) => options.convert(setting, text),
        None => options.without_value(setting, false),
    }
}

#[cfg(test)]
mod tests;
