//! The grammar of shell scripts, as a tree that keeps the bytes of every word.
//!
//! Decides which words form a command and which commands a branch, a loop or a function holds, for `sh`
//! and `bash` alike. What a word expands to and which branch runs is not decided here: both need the
//! environment.

mod commands;
mod parameter;
mod scanner;
#[cfg(test)]
mod tests;
mod words;

use std::sync::Arc;

use crate::source::{FileId, Place};

use super::decoded::Decoded;
use scanner::Scanner;

/// A shell script, or a command line that a shell runs.
#[derive(Debug, Clone, Default)]
pub struct Script {
    /// What it does, in order.
    pub body: Vec<Statement>,
    /// Whether all of it was understood; what was not is left out.
    pub is_whole: bool,
    /// Where shells with less grammar than bash refuse to read on.
    pub refused: Refusals,
}

/// The first statement of a script that a shell does not understand. What stands in front of it has run by then.
#[derive(Debug, Clone, Copy, Default)]
pub struct Refusals {
    /// By the grammar of dash 0.5.12.
    pub dash: Option<Refusal>,
    /// By that of the shell of busybox 1.35.
    pub busybox: Option<Refusal>,
}

/// What a shell refuses.
#[derive(Debug, Clone, Copy)]
pub struct Refusal {
    /// Which of the statements of the script it is a part of.
    pub statement: usize,
    /// Where it stands.
    pub place: Place,
}

impl Script {
    /// The places of its simple commands.
    pub fn commands(&self) -> Vec<Place> {
        let mut found = Vec::new();
        self.each(&mut |simple| found.push(simple.place));
        found
    }

    /// Calls `look` with each of its simple commands, those of its functions included.
    pub fn each<'s>(&'s self, look: &mut impl FnMut(&'s Simple)) {
        self.body.iter().for_each(|statement| statement.each(look));
    }
}

impl Simple {
    /// The program as written, where that is plain text.
    pub fn program(&self) -> Option<&str> {
        self.words.first()?.text()
    }

    /// The variables that it sets, for itself or for what comes after it (`export NAME=value`).
    pub fn sets(&self) -> impl Iterator<Item = &str> {
        let declares = matches!(self.program(), Some("export" | "declare" | "typeset" | "readonly" | "local"));
        let words = self.words.iter().skip(1).filter(move |_| declares);
        let named = words.filter_map(|word| match &word.parts.first()?.kind {
            PartKind::Text(text) => text.text().split_once('=').map(|(name, _)| name),
            _ => None,
        });
        self.assignments.iter().chain(&self.arrays).map(|assignment| assignment.name.as_str()).chain(named)
    }
}

impl Word {
    /// Its text, where nothing in it is expanded.
    pub fn text(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [Part { kind: PartKind::Text(text), .. }] => Some(text.text()),
            _ => None,
        }
    }
}

/// One command with everything that belongs to it.
#[derive(Debug, Clone)]
pub enum Statement {
    /// `A=1 program words`.
    Simple(Simple),
    /// `! command`.
    Not(Box<Statement>),
    /// `first && second`.
    And(Box<Statement>, Box<Statement>),
    /// `first || second`.
    Or(Box<Statement>, Box<Statement>),
    /// `first | second | third`; each runs in a shell of its own.
    Pipe(Vec<Statement>),
    /// `command &`.
    Background(Box<Statement>),
    /// `{ list; }`.
    Group(Vec<Statement>),
    /// `( list )`.
    Subshell(Vec<Statement>),
    /// `if a; then b; elif c; then d; else e; fi`.
    If {
        /// Conditions with what runs where they hold, in order.
        branches: Vec<(Vec<Statement>, Vec<Statement>)>,
        /// What runs where none does.
        otherwise: Vec<Statement>,
    },
    /// `while condition; do body; done`.
    While {
        /// Whether it is `until`.
        until: bool,
        /// What is asked before each round.
        condition: Vec<Statement>,
        /// What each round does.
        body: Vec<Statement>,
        /// The file that all of it reads from.
        input: Option<Word>,
    },
    /// `for name in words; do body; done`.
    For {
        /// The variable.
        name: String,
        /// What it goes through; `None` for the arguments.
        words: Option<Vec<Word>>,
        /// What each round does.
        body: Vec<Statement>,
    },
    /// `for (( ; ; ))` or `select`, which are not followed round by round.
    Rounds(Vec<Statement>),
    /// `case word in a|b) list;; esac`.
    Case {
        /// What is compared.
        word: Word,
        /// Patterns with what runs where one matches, and whether the next arm runs then, too.
        arms: Vec<Arm>,
    },
    /// `name() body`.
    Function {
        /// Its name.
        name: String,
        /// What a call runs.
        body: Arc<Statement>,
    },
    /// `[[ expression ]]`, operators as words of their own.
    Test(Vec<Word>),
    /// `(( expression ))`.
    Arithmetic(Vec<Part>),
}

impl Statement {
    fn each<'s>(&'s self, look: &mut impl FnMut(&'s Simple)) {
        let lists: Vec<&[Self]> = match self {
            Self::Simple(simple) => return look(simple),
            Self::Not(inner) | Self::Background(inner) => return inner.each(look),
            Self::Function { body, .. } => return body.each(look),
            Self::And(first, second) | Self::Or(first, second) => {
                first.each(look);
                return second.each(look);
            }
            Self::Pipe(list) | Self::Group(list) | Self::Subshell(list) | Self::Rounds(list) => vec![list],
            Self::For { body, .. } => vec![body],
            Self::If { branches, otherwise } => {
                let branches = branches.iter().flat_map(|(condition, body)| [condition.as_slice(), body]);
                branches.chain([otherwise.as_slice()]).collect()
            }
            Self::While { condition, body, .. } => vec![condition, body],
            Self::Case { arms, .. } => arms.iter().map(|arm| arm.body.as_slice()).collect(),
            Self::Test(_) | Self::Arithmetic(_) => Vec::new(),
        };
        for statement in lists.into_iter().flatten() {
            statement.each(look);
        }
    }
}

/// One arm of `case`.
#[derive(Debug, Clone)]
pub struct Arm {
    /// What it stands for.
    pub patterns: Vec<Word>,
    /// What runs.
    pub body: Vec<Statement>,
    /// Whether it ends with `;&` or `;;&`, so that later arms count as well.
    pub goes_on: bool,
}

/// Assignments and words up to the end of a command.
#[derive(Debug, Clone)]
pub struct Simple {
    /// `NAME=value` in front of the words.
    pub assignments: Vec<Assignment>,
    /// The program and its arguments.
    pub words: Vec<Word>,
    /// The arrays among the words of `declare`, `local` and the like.
    pub arrays: Vec<Assignment>,
    /// Whether what it prints goes to a file or to the errors.
    pub redirected: bool,
    /// The file it reads from.
    pub input: Option<Word>,
    /// The file its output replaces or extends.
    pub output: Option<Word>,
    /// Whether that is written `&>`: to a shell that does not know it, the command ends at the `&`.
    pub joined: bool,
    /// All of it.
    pub place: Place,
}

/// `NAME=value`, `NAME+=value`, `NAME[0]=value` or `NAME=( values )`.
#[derive(Debug, Clone)]
pub struct Assignment {
    /// The variable.
    pub name: String,
    /// Whether one element of an array is set.
    pub indexed: bool,
    /// Whether it adds to what is there.
    pub appends: bool,
    /// The value.
    pub value: Assigned,
}

/// What is assigned.
#[derive(Debug, Clone)]
pub enum Assigned {
    /// One value.
    Word(Word),
    /// The elements of an array.
    Array(Vec<Word>),
}

/// A word, before anything in it is expanded.
#[derive(Debug, Clone)]
pub struct Word {
    /// What it is made of, in order.
    pub parts: Vec<Part>,
    /// The bytes of its text, inside quotes around the whole of it.
    pub place: Place,
    /// The bytes to take out to remove it from its list.
    pub removal: Place,
    /// Whether any of it is quoted, so that it is a word even if nothing is left of it.
    pub quoted: bool,
}

/// A piece of a word.
#[derive(Debug, Clone)]
pub struct Part {
    /// What it is.
    pub kind: PartKind,
    /// Whether it stands in quotes, so that it is not split.
    pub quoted: bool,
    /// The piece as written.
    pub place: Place,
}

/// What a piece of a word is.
#[derive(Debug, Clone)]
pub enum PartKind {
    /// Text with quotes and escapes taken off.
    Text(Decoded),
    /// `$'text'`, where bash takes escapes off: without them, it is the text.
    Escaped(Decoded),
    /// `$NAME` and all its forms.
    Parameter(Box<Parameter>),
    /// `$( list )`.
    Command(Arc<Script>),
    /// `$(( expression ))`, the variables in it as parts.
    Arithmetic(Vec<Part>),
    /// What nobody can tell before it runs.
    Unknown,
}

/// `${NAME}` with what is done to it.
#[derive(Debug, Clone)]
pub struct Parameter {
    /// The variable, the number of an argument, or one of `@*#?$!-`.
    pub name: String,
    /// Which element of an array.
    pub index: Index,
    /// What is made of it.
    pub operation: Operation,
}

/// Which elements of an array are meant.
#[derive(Debug, Clone)]
pub enum Index {
    /// None is named.
    None,
    /// `[@]`: each a word.
    Each,
    /// `[*]`: all as one word.
    Joined,
    /// `[expression]`.
    At(Vec<Part>),
}

/// What is made of a variable's value.
#[derive(Debug, Clone)]
pub enum Operation {
    /// The value itself.
    Value,
    /// `${#NAME}`
    Length,
    /// `${!NAME}`
    Indirect,
    /// `${NAME-word}`, `${NAME:-word}`
    Default {
        /// Whether an empty value counts as none.
        colon: bool,
        /// What stands in.
        word: Vec<Part>,
        /// Whether the variable is set to it (`=`).
        assigns: bool,
    },
    /// `${NAME+word}`, `${NAME:+word}`
    Alternative {
        /// Whether an empty value counts as none.
        colon: bool,
        /// What stands in where there is a value.
        word: Vec<Part>,
    },
    /// `${NAME?word}`, `${NAME:?word}`
    Required {
        /// Whether an empty value counts as none.
        colon: bool,
    },
    /// `${NAME#pattern}`, `${NAME%%pattern}`
    Remove {
        /// What is taken off.
        pattern: Vec<Part>,
        /// Whether it is taken off the end.
        from_end: bool,
        /// Whether as much as possible is.
        longest: bool,
    },
    /// `${NAME/pattern/word}`
    Replace {
        /// What is looked for.
        pattern: Vec<Part>,
        /// What stands in.
        word: Vec<Part>,
        /// Which occurrences.
        which: Occurrences,
    },
    /// `${NAME,,}`, `${NAME^}`
    Case {
        /// Whether it becomes upper case.
        upper: bool,
        /// Whether all letters do, and not only the first.
        all: bool,
    },
    /// `${NAME:offset:length}`
    Part {
        /// Where it begins; counted from the end if negative.
        offset: Vec<Part>,
        /// How much; to the end if not given.
        length: Option<Vec<Part>>,
    },
    /// Any other.
    Unknown,
}

/// Which occurrences of a pattern are replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occurrences {
    /// The first one.
    First,
    /// All of them.
    All,
    /// The one at the beginning.
    Prefix,
    /// The one at the end.
    Suffix,
}

/// Reads what a shell would be given; `None` if it is longer than anybody writes.
pub fn script(text: &Decoded, file: FileId) -> Option<Script> {
    Scanner::new(text, file, 0).script()
}
