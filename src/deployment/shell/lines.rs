//! What `read` takes from files of the project, and `xargs` from what another command prints.

use super::Shell;
use super::condition::Status;
use super::loops::Ending;
use super::parameter::is_name;
use super::state::{Held, State};
use super::statement::{Done, Flow};
use super::text::Field;
use crate::read::shell::{Simple, Statement, Word};
use crate::source::{Place, Span};

/// Longer files are no lists of variables.
const MAX_LINES: usize = 200;

/// One line of a file, as the variables that `read` sets.
pub(super) type Line = Vec<(String, Field)>;

/// `read -r a b`, and what it splits lines at.
struct Reading {
    names: Vec<String>,
    separators: String,
    raw: bool,
}

impl Shell<'_> {
    /// The lines of a file that a loop reads one by one; `None` for any other loop, and for what is not known.
    pub(super) fn lines(
        &mut self,
        condition: &[Statement],
        input: Option<&Word>,
        state: &mut State,
    ) -> Option<Vec<Line>> {
        let (simple, takes_rest) = match condition {
            [Statement::Simple(simple)] => (simple, false),
            // `read line || [ -n "$line" ]` takes a last line that does not end.
            [Statement::Or(first, _)] => match first.as_ref() {
                Statement::Simple(simple) => (simple, true),
                _ => return None,
            },
            _ => return None,
        };
        let (place, text) = self.input(input?, state)?;
        let reading = self.reading(simple, state)?;
        let mut lines = Vec::new();
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            let content = line.trim_end_matches('\n');
            if line.ends_with('\n') || takes_rest {
                lines.push(reading.split(content, place, start)?);
            }
            start += line.len();
        }
        (lines.len() <= MAX_LINES).then_some(lines)
    }

    /// Runs the body of a loop for each line.
    pub(super) fn line_by_line(
        &mut self,
        lines: &[Line],
        body: &[Statement],
        state: &mut State,
        guarded: bool,
    ) -> Done {
        for line in lines {
            for (name, field) in line {
                state.assign(name, Held::One(field.clone()));
            }
            let (done, ending) = self.round(body, state, guarded);
            if ending == Ending::Here {
                return done;
            }
        }
        Done::known(true)
    }

    /// `read a b < file`: whether the variables are set to what the file says.
    pub(super) fn reads_line(&mut self, simple: &Simple, state: &mut State) -> bool {
        let line = simple.input.as_ref().and_then(|input| {
            let (place, text) = self.input(input, state)?;
            self.reading(simple, state)?.split(text.split_once('\n')?.0, place, 0)
        });
        for (name, field) in line.iter().flatten() {
            state.assign(name, Held::One(field.clone()));
        }
        line.is_some()
    }

    /// The text of the file of the project that a command reads from.
    fn input(&mut self, input: &Word, state: &mut State) -> Option<(Place, String)> {
        let path = self.joined(&input.parts, input.place, state);
        let file = self.file(path.known()?, state)?;
        let text = self.files().get(file).text();
        (!text.contains('\r')).then(|| (Place::new(file, Span::new(0, text.len())), text.to_owned()))
    }

    fn reading(&mut self, simple: &Simple, state: &mut State) -> Option<Reading> {
        if simple.program() != Some("read") {
            return None;
        }
        let own = simple.assignments.iter().find(|assignment| assignment.name == "IFS");
        let separators = match own.map(|assignment| &assignment.value) {
            Some(crate::read::shell::Assigned::Word(word)) => self.value(word, state).known()?.to_owned(),
            Some(crate::read::shell::Assigned::Array(_)) => return None,
            None => state.separators()?,
        };
        let mut raw = false;
        let mut names = Vec::new();
        for word in simple.words.get(1..)? {
            match self.value(word, state).known()? {
                "-r" => raw = true,
                name if is_name(name) => names.push(name.to_owned()),
                _ => return None,
            }
        }
        (!names.is_empty()).then_some(Reading { names, separators, raw })
    }

    /// `first | xargs program`: the program gets the words that the first command prints, where those are known.
    pub(super) fn with_words_of(&mut self, first: &Statement, last: &Simple, state: &mut State, guarded: bool) -> Done {
        let place = last.place;
        self.printed = Some(Field::new("", place));
        self.apart(state, |shell, state| shell.statement(first, state, true));
        let printed = self.printed.take();
        let mut fields = self.expand_all(last.words.get(1..).unwrap_or_default(), state);
        // Its options say how many words it hands on at once, and where.
        let plain = fields.first().and_then(Field::known).is_some_and(|name| !name.starts_with('-'));
        if !plain {
            return Done::with(Status::Likely);
        }
        let words = printed.as_ref().and_then(Field::known).filter(|text| !text.contains(['"', '\'', '\\']));
        match words {
            Some(text) => fields.extend(text.split_whitespace().map(|word| Field::new(word, place))),
            None => fields.push(Field::any(place)),
        }
        let done = self.execute(&mut state.clone(), fields, &[], place, last, guarded);
        Done { flow: Flow::Next, ..done }
    }
}

impl Reading {
    /// The variables that a line sets which begins at byte `start` of its file.
    fn split(&self, line: &str, place: Place, start: usize) -> Option<Line> {
        if !self.raw && line.contains('\\') {
            return None;
        }
        let is_blank = |c: char| c.is_ascii_whitespace() && self.separators.contains(c);
        let separates = |c: char| self.separators.contains(c);
        let mut rest = line.trim_matches(is_blank);
        let mut found = Line::new();
        for (at, name) in self.names.iter().enumerate() {
            let (piece, behind) = match rest.find(separates) {
                Some(end) if at + 1 < self.names.len() => {
                    let behind = rest[end..].trim_start_matches(is_blank);
                    let mut chars = behind.chars();
                    let solid = chars.next().is_some_and(|c| separates(c) && !is_blank(c));
                    (&rest[..end], if solid { chars.as_str().trim_start_matches(is_blank) } else { behind })
                }
                // One that ends the last word, and is the only one in it, is no part of it.
                Some(end) if rest.len() - end == 1 => (&rest[..end], ""),
                _ => (rest, ""),
            };
            let from = start + (piece.as_ptr() as usize).saturating_sub(line.as_ptr() as usize);
            let bytes = Place::new(place.file, Span::new(from, from + piece.len()));
            let source = (!piece.is_empty()).then_some(bytes);
            let at =
                if piece.is_empty() { Place::new(place.file, Span::new(start, start + line.len())) } else { bytes };
            found.push((name.clone(), Field { source, origin: source, ..Field::new(piece, at) }));
            rest = behind;
        }
        Some(found)
    }
}
