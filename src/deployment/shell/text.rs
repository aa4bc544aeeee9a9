//! Text of which a part may be unknown.
//!
//! What nobody knows is a hole in the text, so that everything around it keeps its meaning: of
//! `-w 4 --bind :$PORT` the first three words are known. A hole knows the variable it comes from, where
//! there is one that no file sets.

use crate::python::evaluate::Dependency;
use crate::read::{Decoded, FilledBy};
use crate::source::{FileId, Place, Span};

/// Characters that Unicode assigns to nothing stand around a hole; a file that holds them itself gets
/// unknown text, which is never wrong.
const OPEN: char = '\u{10FFFE}';
const CLOSE: char = '\u{10FFFF}';
/// A value that is not empty, and a variable that is passed on from outside on purpose.
const NUMBER: char = '#';
const PASSED: char = '!';

/// What `systemd.unit(5)` calls the name of an instance.
pub(in super::super) const INSTANCE: &str = "%i";

/// Longer text than any command line becomes unknown.
pub(super) const MAX_TEXT: usize = 1 << 16;

/// So many texts that one variable may hold are told apart.
pub(super) const MAX_WAYS: usize = 8;

/// Text of which nothing is known.
pub(super) fn hole() -> String {
    [OPEN, CLOSE].iter().collect()
}

/// A value that is unknown, but not empty.
pub(super) fn something() -> String {
    [OPEN, NUMBER, CLOSE].iter().collect()
}

/// The name of the instance of a template of systemd's, which is never empty.
pub(super) fn instance() -> String {
    format!("{OPEN}{INSTANCE}{CLOSE}")
}

/// The value of a variable that no file sets.
pub(super) fn missing(name: &str) -> String {
    format!("{OPEN}{name}{CLOSE}")
}

/// The value of a variable that a file passes on from outside.
pub(super) fn passed_on(name: &str) -> String {
    format!("{OPEN}{PASSED}{name}{CLOSE}")
}

/// The path of the program `name`, or nothing where there is no such program.
pub(super) fn located(name: &str) -> String {
    format!("{OPEN}/{name}{CLOSE}")
}

/// Whether all of a text is known.
pub(super) fn is_known(text: &str) -> bool {
    !text.contains([OPEN, CLOSE])
}

/// The text with something in the place of each hole.
pub(super) fn stood_in(text: &str) -> String {
    let mut pieces = text.split(OPEN);
    let mut all = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        all.push('_');
        all.push_str(piece.split_once(CLOSE).map_or("", |(_, behind)| behind));
    }
    all
}

/// The text in front of the first hole.
pub(super) fn known_prefix(text: &str) -> &str {
    text.split([OPEN, CLOSE]).next().unwrap_or_default()
}

/// The last part of a path whose folder is not known: `gunicorn` of `$BIN/gunicorn`.
pub(super) fn known_name(text: &str) -> Option<&str> {
    if let Some(name) = text.strip_prefix(OPEN).and_then(|rest| rest.strip_suffix(CLOSE)) {
        return name.strip_prefix('/').filter(|name| is_known(name) && !name.is_empty());
    }
    let (folder, name) = text.rsplit_once('/')?;
    (!is_known(folder) && is_known(name) && !name.is_empty()).then_some(name)
}

/// The variable without which a text is empty, if the text is nothing but that variable.
pub(super) fn vanishing(text: &str) -> Option<&str> {
    let name = text.strip_prefix(OPEN)?.strip_suffix(CLOSE)?;
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    (!name.is_empty() && name.chars().all(plain)).then_some(name)
}

/// The variables that the holes of a text come from, and whether a file passes them on from outside.
pub(super) fn missing_in(text: &str) -> Vec<(String, bool)> {
    let inside = text.split(OPEN).skip(1).filter_map(|rest| rest.split_once(CLOSE));
    let named = inside.map(|(name, _)| name.strip_prefix(PASSED).map_or((name, false), |name| (name, true)));
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let named = named.filter(|(name, _)| *name == INSTANCE || !name.is_empty() && name.chars().all(plain));
    named.map(|(name, passed)| (name.to_owned(), passed)).collect()
}

/// A list of options without the variables that stand in it as words of their own, and their names: nothing but
/// `--timeout 88` is in `--timeout 88 $MORE` as long as nobody sets `MORE`. `None` where the text is no such list, and
/// where a variable may be the value of the option in front of it.
pub(super) fn options_without_variables(text: &str) -> Option<(String, Vec<String>)> {
    let (mut kept, mut names) = (Vec::new(), Vec::new());
    for word in text.split_ascii_whitespace() {
        match vanishing(word) {
            Some(_) if kept.last().is_some_and(|last: &&str| last.starts_with('-') && !last.contains('=')) => {
                return None;
            }
            Some(name) => names.push(name.to_owned()),
            None if is_known(word) => kept.push(word),
            None => return None,
        }
    }
    let lists = kept.first().is_some_and(|first| first.starts_with('-'));
    (lists && !text.contains(['\'', '"', '\\'])).then(|| (kept.join(" "), names))
}

/// Whether a text is empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Emptiness {
    Empty,
    Filled,
    /// It is empty unless somebody sets one of these variables.
    Unless(Vec<String>),
    Unknown,
}

pub(super) fn emptiness(text: &str) -> Emptiness {
    let mut names = Vec::new();
    let mut unknown = false;
    let mut rest = text;
    while let Some(at) = rest.find([OPEN, CLOSE]) {
        if at > 0 {
            return Emptiness::Filled;
        }
        let inside = rest.strip_prefix(OPEN).and_then(|rest| rest.split_once(CLOSE));
        let Some((name, behind)) = inside else { return Emptiness::Unknown };
        match name.strip_prefix(PASSED).unwrap_or(name) {
            "#" | INSTANCE => return Emptiness::Filled,
            name if name.is_empty() || name.starts_with('/') => unknown = true,
            name => names.push(name.to_owned()),
        }
        rest = behind;
    }
    match (rest.is_empty(), unknown, names.is_empty()) {
        (false, ..) => Emptiness::Filled,
        (true, true, _) => Emptiness::Unknown,
        (true, false, false) => Emptiness::Unless(names),
        (true, false, true) => Emptiness::Empty,
    }
}

/// One word that reaches a program, or one value that a variable holds.
#[derive(Debug, Clone)]
#[allow(clippy::struct_excessive_bools, reason = "independent facts, not the states of one")]
pub(super) struct Field {
    /// The text, with the bytes that it comes from.
    pub(super) content: Decoded,
    /// The bytes of the word in the command.
    pub(super) place: Place,
    /// The bytes to take out to remove it from its list of words.
    pub(super) removal: Place,
    /// The bytes elsewhere that are exactly the text, such as the value of the variable.
    pub(super) source: Option<Place>,
    /// The bytes elsewhere that the whole text was taken from, exactly or not.
    pub(super) origin: Option<Place>,
    /// What it rests on besides the files.
    pub(super) depends: Vec<Dependency>,
    /// Whether it stands for any number of words.
    pub(super) many: bool,
    /// Whether it is there only on one of several ways that are all possible.
    pub(super) maybe: bool,
    /// The variable without which it is not there, where that way is the likelier one.
    pub(super) unlikely: Option<String>,
    /// Whether the variable that holds it is not set at all, on the likelier of two ways.
    pub(super) unset: bool,
    /// Whether any of it was quoted, so that it is a word even if it is empty.
    pub(super) quoted: bool,
    /// Every text that it may be, the likeliest first, where several are known; otherwise empty.
    pub(super) ways: Vec<String>,
    /// Whether it may also be a text of which not all is known.
    pub(super) varies: bool,
    /// The text as a format holds it, its variables not filled in, and who fills them in where a shell
    /// runs it.
    pub(super) raw: Option<Box<(Decoded, FilledBy)>>,
}

impl Field {
    /// `text`, which stands for the bytes at `place`.
    pub(super) fn new(text: &str, place: Place) -> Self {
        let mut content = Decoded::default();
        content.push_escaped(text, place.span);
        Self::of(content, place)
    }

    pub(super) fn of(content: Decoded, place: Place) -> Self {
        Self {
            content,
            place,
            removal: place,
            source: None,
            origin: None,
            depends: Vec::new(),
            many: false,
            maybe: false,
            unlikely: None,
            unset: false,
            quoted: true,
            ways: Vec::new(),
            varies: false,
            raw: None,
        }
    }

    /// Words that nobody knows the number of.
    pub(super) fn any(place: Place) -> Self {
        Self { many: true, ..Self::new(&hole(), place) }
    }

    /// Words that are there only if somebody sets a variable.
    pub(super) fn optional(name: &str, place: Place) -> Self {
        Self { quoted: false, ..Self::new(&missing(name), place) }
    }

    pub(super) fn text(&self) -> &str {
        self.content.text()
    }

    /// The text, if all of it is known.
    pub(super) fn known(&self) -> Option<&str> {
        Some(self.text()).filter(|text| is_known(text) && !self.many)
    }

    /// The variable without which the word is not there.
    pub(super) fn vanishes(&self) -> Option<&str> {
        if self.quoted || self.many { None } else { vanishing(self.text()) }
    }

    /// Whether it may be no word, or several.
    pub(super) fn is_vague(&self) -> bool {
        self.many || self.maybe || self.vanishes().is_some()
    }

    pub(super) fn file(&self) -> FileId {
        self.place.file
    }

    /// Whether it is the same to whoever gets it.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        let (ours, theirs) = ((self.many, self.maybe), (other.many, other.maybe));
        self.text() == other.text()
            && ours == theirs
            && self.ways == other.ways
            && (is_known(self.text()) || self.place == other.place)
    }

    /// The texts that it may be; nothing where they are not known.
    pub(super) fn possible(&self) -> Vec<String> {
        match self.known() {
            _ if self.varies => Vec::new(),
            _ if !self.ways.is_empty() => self.ways.clone(),
            Some(text) => vec![text.to_owned()],
            None => Vec::new(),
        }
    }

    /// Notes that it may also be `others`.
    pub(super) fn or_else(&mut self, others: &[String]) {
        let mut ways = self.possible();
        if ways.is_empty() || others.is_empty() {
            self.varies = true;
            self.ways.clear();
            return;
        }
        for other in others {
            if !ways.contains(other) {
                ways.push(other.clone());
            }
        }
        self.ways = if ways.len() > 1 && ways.len() <= MAX_WAYS { ways } else { Vec::new() };
    }

    pub(super) fn depend_on(&mut self, depends: &[Dependency]) {
        for dependency in depends {
            if !self.depends.contains(dependency) {
                self.depends.push(dependency.clone());
            }
        }
    }
}

/// The first variable among `depends` that somebody may set.
pub(super) fn variable_of(depends: &[Dependency]) -> Option<String> {
    variables_of(depends).next()
}

/// The variables among `depends` that somebody may set.
pub(super) fn variables_of(depends: &[Dependency]) -> impl Iterator<Item = String> {
    depends.iter().filter_map(|dependency| match dependency {
        Dependency::Environment { name, .. } | Dependency::InPlace { name, .. } => Some(name.clone()),
        Dependency::Cpus { .. } | Dependency::Quota { .. } | Dependency::Other { .. } => None,
    })
}

/// Variables that somebody may set.
pub(super) fn unless_set(names: Vec<String>) -> Vec<Dependency> {
    names.into_iter().map(|name| Dependency::Environment { name, default: None }).collect()
}

/// An empty span at the beginning of a place.
pub(super) fn start_of(place: Place) -> Place {
    Place::new(place.file, Span::new(place.span.start, place.span.start))
}
