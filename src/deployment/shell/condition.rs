//! `test`, `[ ]` and `[[ ]]`: whether what is asked holds.

use regex_automata::meta::Regex;

use super::Shell;
use super::pattern::Pattern;
use super::state::State;
use super::text::{Emptiness, Field, emptiness, unless_set};
use crate::python::evaluate::Dependency;
use crate::read::shell::{PartKind, Word};

/// How a command ended.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Status {
    /// It is sure to have succeeded or failed.
    Known(bool),
    /// It is so unless somebody sets one of these variables.
    Unless(bool, Vec<Dependency>),
    /// The same for what a variable is compared with: whoever wrote the comparison expects that it is set, so that
    /// neither way is more what the script is for.
    Presumed(bool, Vec<Dependency>),
    /// A program that is meant to succeed.
    Likely,
    Unknown,
}

impl Status {
    pub(super) fn not(self) -> Self {
        match self {
            Self::Known(holds) => Self::Known(!holds),
            Self::Unless(holds, depends) => Self::Unless(!holds, depends),
            Self::Presumed(holds, depends) => Self::Presumed(!holds, depends),
            Self::Likely | Self::Unknown => Self::Unknown,
        }
    }

    /// The same, if it is known, unless somebody sets one of the variables that it rests on.
    pub(super) fn resting_on<'d>(self, depends: impl IntoIterator<Item = &'d Dependency>) -> Self {
        let mut names: Vec<String> = Vec::new();
        for dependency in depends {
            let (Dependency::Environment { name, .. } | Dependency::InPlace { name, .. }) = dependency else {
                continue;
            };
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
        match self {
            Self::Known(holds) if !names.is_empty() => Self::Unless(holds, unless_set(names)),
            other => other,
        }
    }

    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Known(false), _) | (_, Self::Known(false)) => Self::Known(false),
            (Self::Known(true), other) | (other, Self::Known(true)) => other,
            (Self::Unless(first, mut depends), Self::Unless(second, more)) => {
                depends.extend(more);
                Self::Unless(first && second, depends)
            }
            (
                Self::Unless(first, mut depends) | Self::Presumed(first, mut depends),
                Self::Unless(second, more) | Self::Presumed(second, more),
            ) => {
                depends.extend(more);
                Self::Presumed(first && second, depends)
            }
            _ => Self::Unknown,
        }
    }

    pub(super) fn or(self, other: Self) -> Self {
        self.not().and(other.not()).not()
    }
}

/// One operand: a word, or an operator that is written as one.
struct Operand {
    field: Field,
    /// The pattern that it is on the right of `==`; only within `[[ ]]`.
    pattern: Option<String>,
    /// Whether any of it is quoted, so that it is no operator.
    quoted: bool,
}

impl Operand {
    fn is(&self, operator: &str) -> bool {
        !self.quoted && self.field.known() == Some(operator)
    }

    fn known(&self) -> Option<&str> {
        self.field.known()
    }
}

impl Shell<'_> {
    /// `[ words ]`, without the brackets.
    pub(super) fn condition(&mut self, fields: Vec<Field>, state: &mut State) -> Status {
        // A word that vanishes leaves an expression of another shape.
        if let [only] = fields.as_slice()
            && let Some(name) = only.vanishes()
        {
            return Status::Unless(false, unless_set(vec![name.to_owned()]));
        }
        if fields.iter().any(|field| field.many || field.maybe) {
            return Status::Unknown;
        }
        let gone = fields.iter().any(|field| field.vanishes().is_some());
        // `[ -n $X ]` holds where nothing is left of the variable, `[ -z $X ]` too.
        if gone
            && let [operator, operand] = fields.as_slice()
            && let Some(name) = operand.vanishes()
        {
            let name = vec![name.to_owned()];
            return match operator.known() {
                Some("-z") => Status::Unless(true, unless_set(name)),
                Some("-n") => Status::Known(true),
                _ => Status::Unknown,
            };
        }
        if gone {
            return Status::Unknown;
        }
        let operands: Vec<Operand> =
            fields.into_iter().map(|field| Operand { field, pattern: None, quoted: false }).collect();
        Expression { shell: self, state, operands: &operands, at: 0, double: false, depth: 0 }.simple_test()
    }

    /// `[[ words ]]`.
    pub(super) fn double_condition(&mut self, words: &[Word], state: &mut State) -> Status {
        let operands: Vec<Operand> = words
            .iter()
            .map(|word| {
                let field = self.joined(&word.parts, word.place, state);
                let pattern = self.pattern(&word.parts, state);
                let literal = word.parts.iter().all(|part| matches!(part.kind, PartKind::Text(_)) && !part.quoted);
                Operand { field, pattern, quoted: !literal }
            })
            .collect();
        let mut expression = Expression { shell: self, state, operands: &operands, at: 0, double: true, depth: 0 };
        let status = expression.or();
        if expression.at == operands.len() { status } else { Status::Unknown }
    }
}

struct Expression<'e, 'a> {
    shell: &'e mut Shell<'a>,
    state: &'e mut State,
    operands: &'e [Operand],
    at: usize,
    double: bool,
    depth: usize,
}

const BINARY: [&str; 14] = ["=", "==", "!=", "-eq", "-ne", "-lt", "-le", "-gt", "-ge", "<", ">", "=~", "-nt", "-ot"];

impl<'e> Expression<'e, '_> {
    /// POSIX decides by the number of words; more of them go by precedence.
    fn simple_test(&mut self) -> Status {
        let operands = self.operands;
        match operands {
            [] => Status::Known(false),
            [one] => filled(one),
            [not, one] if not.is("!") => filled(one).not(),
            [operator, one] => self.unary(operator, one),
            [first, operator, second] if BINARY.iter().any(|known| operator.is(known)) => {
                self.binary(first, operator, second)
            }
            [not, ..] if operands.len() <= 4 && not.is("!") => {
                self.operands = &operands[1..];
                self.simple_test().not()
            }
            _ => {
                let status = self.or();
                if self.at == self.operands.len() { status } else { Status::Unknown }
            }
        }
    }

    fn next(&mut self) -> Option<&'e Operand> {
        let operand = self.operands.get(self.at)?;
        self.at += 1;
        Some(operand)
    }

    fn eat(&mut self, operator: &str) -> bool {
        let found = self.operands.get(self.at).is_some_and(|operand| operand.is(operator));
        self.at += usize::from(found);
        found
    }

    fn or(&mut self) -> Status {
        let mut status = self.and();
        while self.eat(if self.double { "||" } else { "-o" }) {
            status = status.or(self.and());
        }
        status
    }

    fn and(&mut self) -> Status {
        let mut status = self.primary();
        while self.eat(if self.double { "&&" } else { "-a" }) {
            status = status.and(self.primary());
        }
        status
    }

    fn primary(&mut self) -> Status {
        self.depth += 1;
        if self.depth > 200 {
            return Status::Unknown;
        }
        if self.eat("!") {
            return self.primary().not();
        }
        if self.eat("(") {
            let status = self.or();
            return if self.eat(")") { status } else { Status::Unknown };
        }
        let Some(first) = self.next() else { return Status::Unknown };
        let binary = self.operands.get(self.at).filter(|next| BINARY.iter().any(|known| next.is(known)));
        if let Some(operator) = binary {
            self.at += 1;
            let Some(second) = self.next() else { return Status::Unknown };
            return self.binary(first, operator, second);
        }
        let is_operator =
            !first.quoted && first.known().is_some_and(|text| text.len() == 2 && text.starts_with('-') && text != "--");
        if is_operator && let Some(second) = self.operands.get(self.at) {
            self.at += 1;
            return self.unary(first, second);
        }
        filled(first)
    }

    fn unary(&mut self, operator: &Operand, operand: &Operand) -> Status {
        let known = operand.known();
        match operator.known() {
            Some("-n") => filled(operand),
            Some("-z") => filled(operand).not(),
            // A file of the project is there; others may be, unless it is known what the image holds.
            Some("-f" | "-e" | "-s" | "-r") => match known {
                Some("") => Status::Known(false),
                Some(path) => self.shell.has(path, self.state).map_or(Status::Unknown, Status::Known),
                _ => Status::Unknown,
            },
            Some("-v") => match known {
                Some(name) if self.state.is_missing(name) => Status::Unless(false, unless_set(vec![name.to_owned()])),
                Some(name) => match self.state.variables.get(name) {
                    Some(variable) => match &variable.held {
                        super::state::Held::Nothing => Status::Known(false),
                        _ => Status::Known(true),
                    },
                    None => Status::Unknown,
                },
                None => Status::Unknown,
            },
            _ => Status::Unknown,
        }
    }

    fn binary(&mut self, left: &Operand, operator: &Operand, right: &Operand) -> Status {
        let operator = operator.known().unwrap_or_default();
        match operator {
            "=" | "==" | "!=" => {
                let status = self.equal(left, right);
                if operator == "!=" { status.not() } else { status }
            }
            "-eq" | "-ne" | "-lt" | "-le" | "-gt" | "-ge" => {
                let number = |operand: &Operand| operand.known().and_then(|text| text.trim().parse::<i64>().ok());
                let (Some(one), Some(other)) = (number(left), number(right)) else { return Status::Unknown };
                let (operands, left, right) = ([left, right], one, other);
                let status = Status::Known(match operator {
                    "-eq" => left == right,
                    "-ne" => left != right,
                    "-lt" => left < right,
                    "-le" => left <= right,
                    "-gt" => left > right,
                    _ => left >= right,
                });
                resting_on(status, &operands)
            }
            "=~" => {
                // A word in quotes stands for itself.
                let expression = right.known().filter(|_| !right.quoted).and_then(regular);
                let (Some(expression), Some(text)) = (expression, left.known()) else { return Status::Unknown };
                resting_on(Status::Known(expression.is_match(text)), &[left, right])
            }
            _ => Status::Unknown,
        }
    }

    /// What is empty unless somebody sets a variable is no text that is written out.
    fn equal_unless_set(one: &Operand, other: &Operand) -> Option<Status> {
        let Emptiness::Unless(names) = emptiness(one.field.text()) else { return None };
        let plain = |c: char| c.is_ascii_alphanumeric() || "_.-/:".contains(c);
        let written = other.known().is_some_and(|text| !text.is_empty() && text.chars().all(plain));
        (written && other.field.depends.is_empty()).then(|| Status::Presumed(false, unless_set(names)))
    }

    fn equal(&self, left: &Operand, right: &Operand) -> Status {
        // Against nothing it is asked whether the variable is empty.
        for (one, other) in [(left, right), (right, left)] {
            if other.known() == Some("") {
                return filled(one).not();
            }
        }
        if let Some(status) = Self::equal_unless_set(left, right).or_else(|| Self::equal_unless_set(right, left)) {
            return status;
        }
        let Some(text) = left.known() else { return Status::Unknown };
        if self.double {
            let folds = self.state.options.ignores_case;
            let folded = |text: &str| if folds { text.to_ascii_lowercase() } else { text.to_owned() };
            let pattern = right.pattern.as_deref().and_then(|pattern| Pattern::new(&folded(pattern)));
            let matches = pattern.and_then(|pattern| pattern.matches(&folded(text)));
            return resting_on(matches.map_or(Status::Unknown, Status::Known), &[left, right]);
        }
        let Some(other) = right.known() else { return Status::Unknown };
        resting_on(Status::Known(text == other), &[left, right])
    }
}

/// A regular expression of POSIX, if it is one that means the same here: no classes by name, nothing escaped.
fn regular(text: &str) -> Option<Regex> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "^$.*+?|()-_/:=,@ ".contains(c);
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('[') {
        let (set, behind) = behind.split_once(']')?;
        let set = set.strip_prefix('^').unwrap_or(set);
        if !before.chars().all(plain)
            || set.is_empty()
            || !set.chars().all(|c| c.is_ascii_alphanumeric() || "_-".contains(c))
        {
            return None;
        }
        rest = behind;
    }
    let lazy = ["*?", "+?", "??", "(?"].iter().any(|mark| text.contains(mark));
    if text.len() > MAX_REGULAR || lazy || !rest.chars().all(plain) {
        return None;
    }
    Regex::new(text).ok()
}

/// Longer expressions than anybody tests a variable with.
const MAX_REGULAR: usize = 200;

/// The answer rests on what its operands rest on: it is another one if somebody sets those variables.
fn resting_on(status: Status, operands: &[&Operand]) -> Status {
    status.resting_on(operands.iter().flat_map(|operand| &operand.field.depends))
}

fn filled(operand: &Operand) -> Status {
    let status = match emptiness(operand.field.text()) {
        Emptiness::Empty => Status::Known(false),
        Emptiness::Filled => Status::Known(true),
        Emptiness::Unless(names) => Status::Unless(false, unless_set(names)),
        Emptiness::Unknown => Status::Unknown,
    };
    resting_on(status, &[operand])
}
