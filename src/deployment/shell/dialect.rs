//! Where shells differ: what `sh` does with that which bash alone knows.
//!
//! Seen with dash 0.5.12 and the shell of busybox 1.35. Where nobody knows which shell `sh` is, both what bash does
//! and what dash does is possible; a script that dash cannot read is taken to have a shell that can.

use super::Shell;
use super::condition::Status;
use super::state::{Held, State};
use super::statement::{Done, Flow};
use super::text::{self, Field};
use crate::read::shell::{Assigned, Assignment, Index, Operation, Parameter, Part, PartKind, Refusal, Script, Word};
use crate::read::{Decoded, SystemShell};
use crate::source::Place;

/// Which shell it is, where shells differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// Any that goes by the name of `sh`.
    Posix,
    Dash,
    Busybox,
    /// `bash` and those that follow it.
    Bash,
}

/// Builtins that only bash has, and those that busybox has as well.
const OF_BASH: [&str; 10] =
    ["declare", "typeset", "shopt", "pushd", "popd", "mapfile", "readarray", "builtin", "enable", "disown"];
const OF_BASH_AND_BUSYBOX: [&str; 2] = ["let", "source"];

impl Dialect {
    /// The shell that `sh` is.
    pub(super) const fn of(system: Option<SystemShell>) -> Self {
        match system {
            Some(SystemShell::Dash) => Self::Dash,
            Some(SystemShell::Busybox) => Self::Busybox,
            Some(SystemShell::Bash) => Self::Bash,
            None => Self::Posix,
        }
    }

    /// The shell that the program `name` is, `system` being what `sh` is.
    pub(super) fn named(name: &str, system: Option<SystemShell>) -> Self {
        match name {
            "bash" | "zsh" | "ksh" => Self::Bash,
            "dash" => Self::Dash,
            "ash" | "busybox" => Self::Busybox,
            _ => Self::of(system),
        }
    }

    /// The shell that the first line of a script names; without one, the shell that runs the script is its own.
    pub(super) fn of_first_line(line: &str, system: Option<SystemShell>, around: Self) -> Self {
        let Some(line) = line.strip_prefix("#!") else { return around };
        let names = line.split_whitespace().filter(|word| !word.starts_with('-'));
        let mut names = names.map(|word| word.rsplit('/').next().unwrap_or(word)).filter(|name| *name != "env");
        Self::named(names.next().unwrap_or_default(), system)
    }

    /// Whether it is known to be one that knows less than bash.
    pub(super) const fn is_lesser(self) -> bool {
        matches!(self, Self::Dash | Self::Busybox)
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Posix => "sh",
            Self::Dash => "dash",
            Self::Busybox => "busybox",
            Self::Bash => "bash",
        }
    }

    /// Whether it has the builtin `name`; `None` where that depends on which shell it is.
    fn has(self, name: &str) -> Option<bool> {
        let of_bash = OF_BASH.contains(&name);
        if !of_bash && !OF_BASH_AND_BUSYBOX.contains(&name) {
            return Some(true);
        }
        match self {
            Self::Bash => Some(true),
            Self::Dash => Some(false),
            Self::Busybox => Some(!of_bash),
            Self::Posix => None,
        }
    }

    /// Whether `test` knows the operators among `words`.
    fn tests(self, words: &[Field]) -> Option<bool> {
        let has = |operator: &str| words.iter().any(|word| word.known() == Some(operator));
        let (equal, set) = (has("==") && words.len() > 2, has("-v") && words.len() > 1);
        match self {
            Self::Posix if equal || set => None,
            Self::Dash => Some(!equal && !set),
            Self::Busybox => Some(!set),
            Self::Posix | Self::Bash => Some(true),
        }
    }

    /// Whether what is made of a variable is a bad substitution to it.
    fn refuses(self, parameter: &Parameter) -> bool {
        let plain = matches!(parameter.index, Index::None);
        match &parameter.operation {
            Operation::Case { .. } | Operation::Indirect | Operation::Unknown => self.is_lesser(),
            _ if !plain => self.is_lesser(),
            Operation::Replace { .. } | Operation::Part { .. } => self == Self::Dash,
            _ => false,
        }
    }

    /// Why it ends a script at the builtin `name` with these words, if it does.
    pub(super) fn ends_at(self, name: &str, words: &[Field], arguments: &[Field]) -> bool {
        let mut options = words.iter().filter_map(Field::known).filter(|word| word.starts_with('-') && word.len() > 1);
        match name {
            _ if !self.is_lesser() => false,
            "local" => options.next().is_some(),
            "export" | "readonly" => {
                let known = if self == Self::Dash { "p" } else { "pn" };
                options.any(|option| option != "--" && option[1..].contains(|c| !known.contains(c)))
            }
            "unset" => words.iter().filter_map(Field::known).any(|word| word.contains('[')),
            "set" if self == Self::Dash => {
                let known: Vec<&str> = words.iter().map_while(Field::known).take_while(|word| *word != "--").collect();
                let takes = |word: &&str| word.starts_with(['-', '+']) && word.contains('o');
                let named = |at: usize| known.get(at + 1).is_some_and(|name| matches!(*name, "pipefail" | "posix"));
                known.iter().enumerate().any(|(at, word)| takes(word) && named(at))
            }
            "shift" if self == Self::Dash => {
                let count = words.first().map_or(Some(1), |word| word.known()?.parse::<usize>().ok());
                !arguments.iter().any(Field::is_vague) && count.is_some_and(|count| count > arguments.len())
            }
            _ => false,
        }
    }

    /// Whether an expression is an error to it, the names in which `holds` says the text of.
    pub(super) fn computes(self, text: &str, holds: &dyn Fn(&str) -> Option<String>) -> bool {
        if self != Self::Dash {
            return true;
        }
        let counts = |sign: &str| {
            let behind = |(at, _): (usize, &str)| {
                text.get(..at).is_some_and(|front| front.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_'))
                    && !text[at + sign.len()..]
                        .trim_start()
                        .starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_')
            };
            text.match_indices(sign).any(behind)
        };
        if text.contains("**") || text.contains([',', '#']) || counts("++") || counts("--") {
            return false;
        }
        // It takes no expression for the value of a variable.
        let names = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let mut names = names.filter(|name| name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_'));
        names.all(|name| {
            let number = |text: &str| {
                let digits = text.trim().trim_start_matches(['-', '+']);
                digits.chars().all(|c| c.is_ascii_digit()) || digits.starts_with("0x")
            };
            holds(name).is_none_or(|text| number(&text))
        })
    }
}

impl Shell<'_> {
    /// The shell that `sh` is.
    pub(super) fn system(&self) -> Option<SystemShell> {
        self.surroundings.shell
    }

    /// Notes that the shell that runs this does not know it.
    pub(super) fn note_strange(&mut self, what: &str, place: Place, state: &State) {
        if state.dialect.is_lesser() && self.printed.is_none() && !state.conditional {
            self.strange.insert((place, format!("`sh` is {} here, which {what}", state.dialect.name())));
        }
    }

    /// A script ends where the shell meets what it does not understand.
    pub(super) fn break_off(&mut self, place: Place, state: &State) -> Done {
        self.note_strange("does not understand this and ends the script", place, state);
        Done { status: Status::Known(false), flow: Flow::Exit }
    }

    /// The statement of a script at which its shell gives up reading.
    pub(super) fn refusal(script: &Script, state: &mut State) -> Option<Refusal> {
        match state.dialect {
            Dialect::Dash => script.refused.dash,
            Dialect::Busybox => script.refused.busybox,
            Dialect::Posix => {
                // Whoever writes it so has a shell that reads it.
                if script.refused.dash.is_some() {
                    state.dialect = Dialect::Bash;
                }
                None
            }
            Dialect::Bash => None,
        }
    }

    /// Does what bash does and what dash does, where nobody knows which of them it is.
    fn as_both(&mut self, state: &mut State, run: &dyn Fn(&mut Self, &mut State) -> Done) -> Done {
        let way = |dialect| {
            move |shell: &mut Self, state: &mut State| {
                state.dialect = dialect;
                let done = run(shell, state);
                state.dialect = Dialect::Posix;
                done
            }
        };
        self.either(state, &mut way(Dialect::Bash), &mut way(Dialect::Dash), None, true)
    }

    /// Runs a command that not every shell has, or that not every shell takes these words for; `None` for any other.
    pub(super) fn differing(
        &mut self,
        name: &str,
        words: &[Field],
        place: Place,
        state: &mut State,
        run: &dyn Fn(&mut Self, &mut State) -> Done,
    ) -> Option<Done> {
        let knows = match name {
            "[" | "test" => state.dialect.tests(words),
            _ => state.dialect.has(name),
        };
        if knows == Some(false) {
            let what = if name == "[" { "`==` or `-v` in `[`".to_owned() } else { format!("`{name}`") };
            self.note_strange(&format!("does not know {what}"), place, state);
            return Some(Done::known(false));
        }
        if state.dialect.ends_at(name, words, &state.arguments) {
            return Some(self.break_off(place, state));
        }
        knows.is_none().then(|| self.as_both(state, run))
    }

    /// `[[ … ]]`.
    pub(super) fn double_test(&mut self, words: &[Word], state: &mut State) -> Done {
        let place = words.first().map_or(state.called_at, |word| word.place);
        match state.dialect {
            Dialect::Bash => Done::with(self.double_condition(words, state)),
            Dialect::Dash => {
                self.note_strange("has no `[[`", place, state);
                Done::known(false)
            }
            // It splits words there and knows no patterns.
            Dialect::Busybox => {
                let odd = |text: &str| text.is_empty() || text.contains([' ', '*', '?', '[', '<', '>']);
                let plain = words
                    .iter()
                    .all(|word| self.joined(&word.parts, word.place, state).known().is_some_and(|text| !odd(text)));
                let status = self.double_condition(words, state);
                Done::with(if plain { status } else { Status::Unknown })
            }
            Dialect::Posix => self.as_both(state, &|shell, state| shell.double_test(words, state)),
        }
    }

    /// `(( … ))`, which is a subshell in another one to those that do not know it.
    pub(super) fn double_brackets(&mut self, parts: &[Part], state: &mut State) -> Done {
        let place = parts.first().map_or(state.called_at, |part| part.place);
        match state.dialect {
            Dialect::Bash => {
                let (value, depends) = self.number(parts, place, state);
                let status = value.map_or(Status::Unknown, |value| Status::Known(value != 0));
                Done::with(status.resting_on(&depends))
            }
            Dialect::Dash | Dialect::Busybox => {
                self.note_strange("has no `((`", place, state);
                let front = match parts.first().map(|part| &part.kind) {
                    Some(PartKind::Text(text)) => text.text().trim_start().to_owned(),
                    _ => return Done::with(Status::Unknown),
                };
                // It looks for a program of that name, unless it is an assignment.
                let name = front.trim_start_matches(|c: char| c.is_ascii_alphanumeric() || c == '_');
                Done::known(name.len() < front.len() && name.starts_with('='))
            }
            Dialect::Posix => self.as_both(state, &|shell, state| shell.double_brackets(parts, state)),
        }
    }

    /// Runs `run` for assignments that are commands to shells other than bash, in those that take them for such.
    pub(super) fn assign_all(&mut self, assignments: &[Assignment], state: &mut State) -> Option<Done> {
        let strange = assignments.iter().find(|assignment| assignment.appends || assignment.indexed);
        let arrays = assignments.iter().any(|assignment| matches!(assignment.value, Assigned::Array(_)));
        match strange {
            Some(_) if state.dialect == Dialect::Posix && !arrays => Some(self.as_both(state, &|shell, state| {
                shell.assign_all(assignments, state).unwrap_or_else(|| Done::known(true))
            })),
            Some(strange) if state.dialect.is_lesser() => {
                let place = match &strange.value {
                    Assigned::Word(word) => word.place,
                    Assigned::Array(_) => state.called_at,
                };
                self.note_strange("takes this for the name of a program", place, state);
                Some(Done::known(false))
            }
            _ => {
                for assignment in assignments {
                    self.assign(assignment, state);
                }
                None
            }
        }
    }

    /// `$'text'`.
    pub(super) fn escaped(text: &Decoded, place: Place, state: &State) -> Field {
        match state.dialect {
            Dialect::Dash => Field::new(&format!("${}", text.text()), place),
            Dialect::Bash | Dialect::Busybox if !text.text().contains('\\') => Field::of(text.clone(), place),
            Dialect::Bash | Dialect::Busybox => Field::new(&unescaped(text.text()).unwrap_or_else(text::hole), place),
            Dialect::Posix => Field::new(&text::hole(), place),
        }
    }

    /// Notes what a shell cannot substitute, which ends it.
    pub(super) fn is_bad(&mut self, parameter: &Parameter, place: Place, state: &State) -> bool {
        let bad = state.dialect.refuses(parameter);
        if bad {
            self.broken.get_or_insert(place);
        }
        bad
    }

    /// Notes an expression that the shell cannot compute, which ends it.
    pub(super) fn cannot_compute(&mut self, text: &str, place: Place, state: &State) -> bool {
        let holds = |name: &str| match &state.variables.get(name)?.held {
            Held::One(field) => field.known().map(str::to_owned),
            _ => None,
        };
        let bad = !state.dialect.computes(text, &holds);
        if bad {
            self.broken.get_or_insert(place);
        }
        bad
    }
}

/// What bash makes of the escapes between `$'` and `'`, where they are the usual ones.
fn unescaped(text: &str) -> Option<String> {
    let mut all = String::new();
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        all.push(match char {
            '\\' => match chars.next()? {
                'n' => '\n',
                't' => '\t',
                quoted @ ('\\' | '\'' | '"') => quoted,
                _ => return None,
            },
            plain => plain,
        });
    }
    Some(all)
}
