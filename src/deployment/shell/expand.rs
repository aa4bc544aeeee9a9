//! Words become what a program gets: variables filled in, split, quotes taken off.

use super::Shell;
use super::arithmetic;
use super::pattern;
use super::state::{Held, State};
use super::text::{self, Field};
use crate::python::evaluate::Dependency;
use crate::read::Decoded;
use crate::read::shell::{Part, PartKind, Word};
use crate::source::{Place, Span};

/// More words than any command has.
pub(super) const MAX_FIELDS: usize = 4_096;

/// What a piece of a word comes to.
#[allow(clippy::large_enum_variant, reason = "nearly all are the large one")]
pub(super) enum Expansion {
    /// Text, which is split where it is not quoted.
    Text(Field),
    /// Words of their own, each of which is split where it is not quoted.
    Fields(Vec<Field>),
    /// Words that were split already.
    Words(Vec<Field>),
}

/// The word that is being put together.
struct Current {
    field: Field,
    /// Whether nothing was added to a word that came whole.
    whole: bool,
    globs: bool,
}

struct Builder {
    place: Place,
    removal: Place,
    fields: Vec<Field>,
    current: Option<Current>,
}

impl Builder {
    fn current(&mut self) -> &mut Current {
        let (place, removal) = (self.place, self.removal);
        self.current.get_or_insert_with(|| {
            let field = Field { removal, quoted: false, ..Field::of(Decoded::default(), place) };
            Current { field, whole: false, globs: false }
        })
    }

    fn finish(&mut self) {
        let Some(Current { mut field, whole, globs }) = self.current.take() else { return };
        if field.text().is_empty() && !field.quoted && !field.many {
            return;
        }
        // Files with such names may stand beside the program; options do not look like files.
        if globs && !whole && !field.text().starts_with('-') {
            field.many = true;
        }
        if field.text().len() > text::MAX_TEXT {
            field = Field::any(field.place);
        }
        if self.fields.len() < MAX_FIELDS {
            self.fields.push(field);
        }
    }

    /// Text that is not split.
    fn add(&mut self, from: &Field, span_of: Place, quoted: bool) {
        let current = self.current();
        let is_first = current.field.text().is_empty() && !current.field.quoted;
        current.whole = false;
        current.field.source = if is_first { from.source } else { None };
        current.field.origin = if is_first { from.origin.or(from.source) } else { None };
        current.field.quoted |= quoted;
        current.field.many |= from.many;
        current.field.maybe |= from.maybe;
        current.field.content.push_escaped(from.text(), span_of.span);
        current.field.depend_on(&from.depends);
    }

    fn split(&mut self, from: &Field, span_of: Place) {
        let text = from.text();
        if from.many {
            self.add(from, span_of, false);
            return;
        }
        let is_blank = |c: char| matches!(c, ' ' | '\t' | '\n');
        if text.starts_with(is_blank) {
            self.finish();
        }
        let mut pieces = text.split(is_blank).filter(|piece| !piece.is_empty()).peekable();
        let alone = text.chars().all(|c| !is_blank(c));
        while let Some(piece) = pieces.next() {
            let mut field = Field::new(piece, from.place);
            field.source = from.source.filter(|_| alone);
            field.origin = match from.source {
                // The bytes are the text, so those of the piece are the piece.
                Some(source) => {
                    let start = source.span.start + (piece.as_ptr() as usize - text.as_ptr() as usize);
                    Some(Place::new(source.file, Span::new(start, start + piece.len())))
                }
                None => from.origin,
            };
            field.depends.clone_from(&from.depends);
            self.add(&field, span_of, false);
            self.current().globs |= pattern::is_special(piece);
            if pieces.peek().is_some() {
                self.finish();
            }
        }
        if text.ends_with(is_blank) {
            self.finish();
        }
    }

    /// The words of a text that is one of several.
    fn open(&mut self, from: &Field) {
        let ways: Vec<Vec<&str>> = from.ways.iter().map(|way| way.split_whitespace().collect()).collect();
        let known = from.known().is_some();
        let Some(words) = common(&ways, known) else {
            self.fields.push(Field::any(self.place));
            return;
        };
        for (text, maybe) in words {
            let text = text.map_or_else(text::something, str::to_owned);
            let mut field = Field { removal: self.removal, maybe, ..Field::new(&text, from.place) };
            field.quoted = false;
            field.unlikely = if maybe && known { text::variable_of(&from.depends) } else { None };
            field.depends.clone_from(&from.depends);
            field.many = pattern::is_special(&text) && !text.starts_with('-');
            self.fields.push(field);
        }
    }

    /// Words that come whole, the first glued to what is in front.
    fn fields(&mut self, fields: Vec<Field>, span_of: Place, quoted: bool) {
        for (n, field) in fields.into_iter().enumerate() {
            if n > 0 {
                self.finish();
            }
            let intact = quoted || field.many || !field.text().contains([' ', '\t', '\n', '*', '?', '[']);
            if self.current.is_none() && intact && (quoted || !field.text().is_empty()) {
                let field = if quoted { field } else { Field { quoted: false, ..field } };
                self.current = Some(Current { field, whole: true, globs: false });
            } else if quoted {
                self.add(&field, span_of, true);
            } else {
                self.split(&field, span_of);
            }
        }
    }
}

impl Shell<'_> {
    /// The words that `words` become.
    pub(super) fn expand_all(&mut self, words: &[Word], state: &mut State) -> Vec<Field> {
        let mut fields = Vec::new();
        for word in words {
            if fields.len() > MAX_FIELDS {
                break;
            }
            fields.extend(self.expand(word, false, state));
        }
        fields
    }

    /// The words that a word within `${NAME:-word}` becomes.
    pub(super) fn expand_within(&mut self, word: &Word, state: &mut State) -> Vec<Field> {
        self.expand(word, true, state)
    }

    /// The words that `word` becomes; its own blanks stand between words where it stands `within` another one.
    fn expand(&mut self, word: &Word, within: bool, state: &mut State) -> Vec<Field> {
        let mut builder = Builder { place: word.place, removal: word.removal, fields: Vec::new(), current: None };
        if has_braces(word) && !state.dialect.is_lesser() {
            return vec![Field { removal: word.removal, quoted: false, ..Field::any(word.place) }];
        }
        if let Some(open) = self.glued(word, within, state) {
            builder.open(&open);
            return builder.fields;
        }
        let mut is_first = true;
        for part in &word.parts {
            match &part.kind {
                PartKind::Text(text) if within && !part.quoted => {
                    builder.split(&Field::of(text.clone(), part.place), part.place);
                }
                PartKind::Text(text) => {
                    let current = builder.current();
                    let glued = current.whole;
                    current.whole = false;
                    if glued || !current.field.text().is_empty() {
                        (current.field.source, current.field.origin) = (None, None);
                    }
                    current.field.quoted |= part.quoted;
                    if is_first && !part.quoted && text.text().starts_with('~') {
                        current.field.content.push_escaped(&text::something(), part.place.span);
                    } else {
                        current.field.content.push_from(text, 0..text.text().len());
                        current.globs |= !part.quoted && pattern::is_special(text.text());
                    }
                }
                _ => match self.part(part, state) {
                    Expansion::Text(field) if part.quoted || matches!(part.kind, PartKind::Unknown) => {
                        builder.add(&field, part.place, true);
                    }
                    Expansion::Text(field) if state.options.splits_elsewhere => {
                        match state.separators().and_then(|separators| apart(&field, &separators)) {
                            Some(pieces) => builder.fields(pieces, part.place, true),
                            None => builder.add(&Field { many: true, ..field }, part.place, false),
                        }
                    }
                    Expansion::Text(field) if word.parts.len() == 1 && !field.ways.is_empty() => builder.open(&field),
                    Expansion::Text(field) => {
                        let further = if word.parts.len() == 1 { further(&field) } else { Vec::new() };
                        builder.split(&field, part.place);
                        if !further.is_empty() {
                            builder.finish();
                            builder.fields.extend(further);
                        }
                    }
                    Expansion::Fields(fields) => builder.fields(fields, part.place, part.quoted),
                    Expansion::Words(fields) => builder.fields(fields, part.place, true),
                },
            }
            is_first = false;
        }
        builder.finish();
        builder.fields
    }

    /// A word without quotes that a variable is a part of which holds one text or another: `${OPTIONS}--timeout`.
    fn glued(&mut self, word: &Word, within: bool, state: &mut State) -> Option<Field> {
        let plain = |part: &Part| !part.quoted && matches!(part.kind, PartKind::Text(_) | PartKind::Parameter(_));
        let named = |part: &Part| match &part.kind {
            PartKind::Parameter(parameter) => state.variables.get(&parameter.name).is_some_and(
                |variable| matches!(&variable.held, Held::One(field) if field.ways.iter().any(|way| way.contains(' '))),
            ),
            _ => false,
        };
        if within
            || word.quoted
            || word.parts.len() < 2
            || !word.parts.iter().all(plain)
            || !word.parts.iter().any(named)
        {
            return None;
        }
        let whole = self.joined(&word.parts, word.place, state);
        (!whole.ways.is_empty()).then_some(whole)
    }

    /// The value that a word has where it is not split, as in an assignment.
    pub(super) fn value(&mut self, word: &Word, state: &mut State) -> Field {
        let mut field = self.joined(&word.parts, word.place, state);
        field.removal = word.removal;
        // The bytes of the value are the value.
        if field.source.is_none() && field.known() == Some(self.files().text_at(word.place)) {
            field.source = Some(word.place);
        }
        field
    }

    /// Parts put together, `"$@"` with spaces between.
    pub(super) fn joined(&mut self, parts: &[Part], place: Place, state: &mut State) -> Field {
        let mut all = Field::of(Decoded::default(), place);
        let mut ways = vec![String::new()];
        for part in parts {
            (all.source, all.origin) = (None, None);
            let before = all.text().len();
            match &part.kind {
                PartKind::Text(text) if parts.len() == 1 || !text.text().starts_with('~') || part.quoted => {
                    all.content.push_from(text, 0..text.text().len());
                    if parts.len() == 1 && self.files().text_at(part.place) == text.text() {
                        all.source = Some(part.place);
                    }
                }
                PartKind::Text(_) => all.content.push_escaped(&text::something(), part.place.span),
                _ => {
                    let fields = match self.part(part, state) {
                        Expansion::Text(field) => {
                            all.source = field.source.filter(|_| parts.len() == 1);
                            all.origin = field.origin.or(field.source).filter(|_| parts.len() == 1);
                            vec![field]
                        }
                        Expansion::Fields(fields) | Expansion::Words(fields) => fields,
                    };
                    if let [only] = fields.as_slice()
                        && !only.ways.is_empty()
                    {
                        ways = ways
                            .iter()
                            .flat_map(|way| only.ways.iter().map(move |more| format!("{way}{more}")))
                            .collect();
                        all.content.push_escaped(only.text(), part.place.span);
                        all.depend_on(&only.depends);
                        continue;
                    }
                    all.varies |= fields.iter().any(|field| field.varies);
                    for (n, field) in fields.iter().enumerate() {
                        let space = if n > 0 { " " } else { "" };
                        let whole =
                            format!("{space}{}", if field.many { text::hole() } else { field.text().to_owned() });
                        all.content.push_escaped(&whole, part.place.span);
                        all.depend_on(&field.depends);
                    }
                }
            }
            if all.text().len() > text::MAX_TEXT || ways.len() > text::MAX_WAYS {
                return Field::new(&text::hole(), place);
            }
            let more = all.text().get(before..).unwrap_or_default();
            for way in &mut ways {
                way.push_str(more);
            }
        }
        if ways.len() > 1 && ways.iter().all(|way| text::is_known(way)) {
            all.ways = ways;
        }
        all
    }

    fn part(&mut self, part: &Part, state: &mut State) -> Expansion {
        match &part.kind {
            PartKind::Text(text) => Expansion::Text(Field::of(text.clone(), part.place)),
            PartKind::Escaped(text) => Expansion::Text(Self::escaped(text, part.place, state)),
            PartKind::Unknown => Expansion::Text(Field::new(&text::hole(), part.place)),
            PartKind::Parameter(parameter) => self.parameter(parameter, part, state),
            PartKind::Command(script) => Expansion::Text(self.substitute(script, part.place, state)),
            PartKind::Arithmetic(parts) => {
                let (value, depends) = self.number(parts, part.place, state);
                let text = value.map_or_else(text::something, |value| value.to_string());
                let mut field = Field::new(&text, part.place);
                field.depends = depends;
                Expansion::Text(field)
            }
        }
    }

    /// What an expression comes to, and what it rests on.
    pub(super) fn number(&mut self, parts: &[Part], place: Place, state: &mut State) -> (Option<i64>, Vec<Dependency>) {
        let expression = self.joined(parts, place, state);
        let mut depends = expression.depends.clone();
        // What is unknown counts as a name that nothing holds.
        let holes = !text::is_known(expression.text()) || expression.many;
        if !holes && self.cannot_compute(expression.text(), place, state) {
            return (None, depends);
        }
        let mut variables = Numbers { state, place, depends: &mut depends };
        let value = if holes {
            expression.text().split_whitespace().for_each(|word| variables.note(word));
            None
        } else {
            arithmetic::evaluate(expression.text(), &mut variables)
        };
        // A comparison bounds what comes of the number of cores.
        if expression.text().contains(['?', '<', '>']) {
            for dependency in &mut depends {
                if let Dependency::Cpus { limited, .. } = dependency {
                    *limited = true;
                }
            }
        }
        (value, depends)
    }

    /// A pattern, what is quoted in it standing for itself; `None` where a part is unknown.
    pub(super) fn pattern(&mut self, parts: &[Part], state: &mut State) -> Option<String> {
        let mut whole = String::new();
        for part in parts {
            let field = match self.part(part, state) {
                Expansion::Text(field) => field,
                Expansion::Fields(fields) | Expansion::Words(fields) => match fields.as_slice() {
                    [only] => only.clone(),
                    _ => return None,
                },
            };
            let text = field.known()?;
            if part.quoted { whole.push_str(&pattern::quote(text)) } else { whole.push_str(text) }
        }
        Some(whole)
    }
}

/// The words that may stand in the place of a text of options, or of nothing, if somebody sets what it rests on.
fn further(field: &Field) -> Vec<Field> {
    let text = field.known().filter(|text| text.is_empty() || text.starts_with('-'));
    let names = text.into_iter().flat_map(|_| text::variables_of(&field.depends));
    names.map(|name| Field::optional(&name, field.place)).collect()
}

/// The words that a known text falls apart into at `separators`; `None` where some of them would be empty.
fn apart(field: &Field, separators: &str) -> Option<Vec<Field>> {
    let text = field.known()?;
    let blank = |c: char| c.is_ascii_whitespace() && separators.contains(c);
    let pieces: Vec<&str> = text.trim_matches(blank).split(|c: char| separators.contains(c)).collect();
    let last = pieces.len() - 1;
    // One at the end adds no word, and a text without any is one.
    let kept = pieces.iter().enumerate().filter(|(at, piece)| *at != last || !piece.is_empty());
    let kept: Vec<&str> = kept.map(|(_, piece)| *piece).collect();
    let plain = kept.iter().all(|piece| !piece.is_empty() && !pattern::is_special(piece));
    let piece = |piece: &&str| Field { depends: field.depends.clone(), ..Field::new(piece, field.place) };
    plain.then(|| kept.iter().map(piece).collect())
}

/// The words of a text that is one of `ways`, each with whether it may not be there; a word that differs
/// between them has no text. `None` where not even that can be told. Of ways that are not equally likely the
/// first one is told, and what another one adds to it.
fn common<'t>(ways: &[Vec<&'t str>], likely: bool) -> Option<Vec<(Option<&'t str>, bool)>> {
    let first = ways.first()?;
    let longest = ways.iter().max_by_key(|way| way.len())?;
    let mut here = vec![true; longest.len()];
    for way in ways {
        let mut rest = way.iter().peekable();
        let mut found = Vec::new();
        for word in longest {
            found.push(rest.next_if(|next| *next == word).is_some());
        }
        if rest.next().is_some() {
            // Words in place of others.
            return if likely {
                // Those of the other ways are there if somebody sets what decides.
                let others = ways.iter().skip(1).flat_map(|way| way.iter().map(|word| (Some(*word), true)));
                Some(first.iter().map(|word| (Some(*word), false)).chain(others).collect())
            } else if ways.iter().all(|way| way.len() == first.len()) {
                let same = |at: usize| ways.iter().all(|way| way.get(at) == first.get(at));
                Some(first.iter().enumerate().map(|(at, word)| (Some(*word).filter(|_| same(at)), false)).collect())
            } else {
                None
            };
        }
        // What the likely way has is there.
        if !likely || std::ptr::eq(way, first) {
            here.iter_mut().zip(found).for_each(|(here, found)| *here &= found);
        }
    }
    Some(longest.iter().zip(here).map(|(word, here)| (Some(*word), !here)).collect())
}

/// `{a,b}` and `{1..3}`, which only bash takes apart.
fn has_braces(word: &Word) -> bool {
    word.parts.iter().any(|part| match &part.kind {
        PartKind::Text(text) if !part.quoted => {
            let text = text.text();
            text.contains('{') && text.contains('}') && (text.contains(',') || text.contains(".."))
        }
        _ => false,
    })
}

struct Numbers<'s> {
    state: &'s mut State,
    place: Place,
    depends: &'s mut Vec<Dependency>,
}

impl Numbers<'_> {
    /// What a variable rests on, whether its value is known or not.
    fn note(&mut self, name: &str) {
        if let Held::One(field) = self.state.variable(name, self.place) {
            for dependency in field.depends {
                if !self.depends.contains(&dependency) {
                    self.depends.push(dependency);
                }
            }
        }
    }
}

impl arithmetic::Variables for Numbers<'_> {
    fn get(&mut self, name: &str) -> Option<String> {
        self.note(name);
        match self.state.variable(name, self.place) {
            Held::Nothing => Some(String::new()),
            Held::One(field) => field.known().map(str::to_owned),
            Held::Many(fields) => fields.first()?.known().map(str::to_owned),
        }
    }

    fn set(&mut self, name: &str, value: i64) {
        self.state.assign(name, Held::One(Field::new(&value.to_string(), self.place)));
    }
}
