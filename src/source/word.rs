//! Words of a command line, as written: with their variables not yet filled in.
//!
//! Dockerfiles, compose files, Procfiles and scripts all hold command lines. Each reader splits its
//! own quoting; what comes out is the same everywhere. Who fills in the variables knows the
//! environment, and that is not decided here.

use super::Place;

/// One word of a command line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// What it is made of, in order; empty for `""`.
    pub parts: Vec<WordPart>,
    /// The bytes of its text, inside any quotes around the whole of it, so that a literal value can
    /// be replaced without touching the quoting.
    pub place: Place,
    /// The bytes to take out so that the list of words stays well formed without this one: quotes,
    /// the comma or white space in front, a whole line for an item of a YAML list.
    pub removal: Place,
    /// Whether every variable in it is quoted, so that none is split into several words.
    pub quoted: bool,
}

/// A piece of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WordPart {
    /// Literal text, quotes and escapes removed.
    Text(String),
    /// `$NAME`, `${NAME}` or `${NAME:-default}`.
    Variable {
        /// The variable.
        name: String,
        /// What stands in when it is unset or empty.
        default: Option<Vec<WordPart>>,
    },
    /// `${NAME:+text}` and the other operators that change what a variable holds.
    Changed {
        /// The variable.
        name: String,
        /// What is done.
        operator: Operator,
        /// What stands behind the operator.
        word: Vec<WordPart>,
    },
    /// Something only a running shell can answer, such as `$(nproc)`, as written.
    Opaque(String),
}

/// What `${NAME…}` does with what the variable holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `${NAME-word}`: the word if it is unset; an empty value counts.
    IfUnset,
    /// `${NAME:+word}`: the word, unless it is unset or empty.
    IfFilled,
    /// `${NAME+word}`: the word, unless it is unset.
    IfSet,
    /// `${NAME#pattern}`: without the shortest start that the pattern fits, the longest for `##`.
    WithoutStart {
        /// Whether the longest one goes.
        longest: bool,
    },
    /// `${NAME%pattern}`: without the shortest end that the pattern fits, the longest for `%%`.
    WithoutEnd {
        /// Whether the longest one goes.
        longest: bool,
    },
}

impl Word {
    /// A word without variables.
    pub fn literal(text: impl Into<String>, place: Place, removal: Place) -> Self {
        Self { parts: vec![WordPart::Text(text.into())], place, removal, quoted: false }
    }

    /// The text, if it holds no variable.
    pub fn text(&self) -> Option<String> {
        self.resolve(&|_| None)
    }

    /// The text with its variables filled in; `None` if one stays unknown.
    ///
    /// `lookup` answers `None` for a variable whose value it does not know; then the default in the
    /// word counts, if there is one.
    pub fn resolve(&self, lookup: &dyn Fn(&str) -> Option<String>) -> Option<String> {
        resolve(&self.parts, lookup)
    }

    /// The variables for which `lookup` has no answer and whose default in the word stands in, each with that
    /// default where all of it is known.
    pub fn stand_ins(&self, lookup: &dyn Fn(&str) -> Option<String>) -> Vec<(String, Option<String>)> {
        let mut found = Vec::new();
        stand_ins(&self.parts, lookup, &mut found);
        found
    }

    /// The names of the variables in it, defaults included, in order.
    pub fn variables(&self) -> Vec<&str> {
        let mut names = Vec::new();
        collect(&self.parts, &mut names);
        names
    }

    /// Whether the file holds exactly the word's text, so that it can be replaced by another.
    pub fn is_literal(&self) -> bool {
        self.parts.iter().all(|part| matches!(part, WordPart::Text(_)))
    }
}

impl WordPart {
    /// Its text with its variables filled in, as [`Word::resolve`] does.
    pub fn resolve(&self, lookup: &dyn Fn(&str) -> Option<String>) -> Option<String> {
        resolve(std::slice::from_ref(self), lookup)
    }
}

fn resolve(parts: &[WordPart], lookup: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let mut text = String::new();
    for part in parts {
        match part {
            WordPart::Text(piece) => text.push_str(piece),
            WordPart::Variable { name, default } => match (lookup(name), default) {
                (Some(value), _) if !value.is_empty() => text.push_str(&value),
                (_, Some(default)) => text.push_str(&resolve(default, lookup)?),
                (Some(_), None) => {}
                (None, None) => return None,
            },
            WordPart::Changed { name, operator, word } => {
                text.push_str(&changed(lookup(name), *operator, word, lookup)?);
            }
            WordPart::Opaque(_) => return None,
        }
        if text.len() > MAX_TEXT {
            return None;
        }
    }
    Some(text)
}

/// A kernel takes no argument and no variable that is longer: `MAX_ARG_STRLEN` of Linux is 128 KiB. What
/// grows beyond it by variables that name each other is not followed.
const MAX_TEXT: usize = 128 << 10;

fn stand_ins(parts: &[WordPart], lookup: &dyn Fn(&str) -> Option<String>, found: &mut Vec<(String, Option<String>)>) {
    for part in parts {
        let (WordPart::Variable { name, default: Some(word) }
        | WordPart::Changed { name, operator: Operator::IfUnset, word }) = part
        else {
            continue;
        };
        if lookup(name).is_none() {
            found.push((name.clone(), resolve(word, lookup)));
            stand_ins(word, lookup, found);
        }
    }
}

/// Longer values are no names or numbers; comparing every piece of them with a pattern takes its time.
const MAX_TRIMMED: usize = 4_096;

/// As for a default in place, a variable that nobody is known to set counts as unset where the author
/// says what happens then.
fn changed(
    value: Option<String>,
    operator: Operator,
    word: &[WordPart],
    lookup: &dyn Fn(&str) -> Option<String>,
) -> Option<String> {
    let or_nothing = |holds: bool| if holds { resolve(word, lookup) } else { Some(String::new()) };
    match operator {
        Operator::IfUnset => value.or_else(|| resolve(word, lookup)),
        Operator::IfFilled => or_nothing(value.is_some_and(|value| !value.is_empty())),
        Operator::IfSet => or_nothing(value.is_some()),
        Operator::WithoutStart { longest } => {
            let (value, pattern) = (value?, resolve(word, lookup)?);
            let fits = |at: &usize| super::pattern::fits(&pattern, value.get(..*at).unwrap_or_default());
            let at = if value.len() > MAX_TRIMMED { return None } else { cut(&value, longest, fits) };
            let at = at.unwrap_or(0);
            value.get(at..).map(str::to_owned)
        }
        Operator::WithoutEnd { longest } => {
            let (value, pattern) = (value?, resolve(word, lookup)?);
            let fits = |at: &usize| super::pattern::fits(&pattern, value.get(*at..).unwrap_or_default());
            let at = if value.len() > MAX_TRIMMED { return None } else { cut(&value, !longest, fits) };
            let at = at.unwrap_or(value.len());
            value.get(..at).map(str::to_owned)
        }
    }
}

/// The first or the last place in a text that `fits`.
fn cut(text: &str, last: bool, fits: impl FnMut(&usize) -> bool) -> Option<usize> {
    let mut places: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    if last {
        places.reverse();
    }
    places.into_iter().find(fits)
}

fn collect<'a>(parts: &'a [WordPart], names: &mut Vec<&'a str>) {
    for part in parts {
        match part {
            WordPart::Variable { name, default } => {
                names.push(name);
                collect(default.as_deref().unwrap_or_default(), names);
            }
            WordPart::Changed { name, word, .. } => {
                names.push(name);
                collect(word, names);
            }
            WordPart::Text(_) | WordPart::Opaque(_) => {}
        }
    }
}
