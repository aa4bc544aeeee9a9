//! How far a comment reaches: what is the smallest setting or instruction around some bytes, and where begins what
//! holds it.
//!
//! One rule for all formats. A comment at the end of a line covers the smallest setting or instruction that it touches;
//! one that has its line alone covers what begins in the next line, all of it. So a comment at one word of a list is
//! about that word, at one command of a recipe about that command, and one above `command:`, above `CMD` or above a
//! target about everything below. In Python, that is all of a block below a comment above `def`, `if` or `with`; at the
//! end of the line of a `with` it is also about what is called of the thing that is opened there.

use super::compose::is_pair;
use super::{Command, Facts, Form};
use crate::source::{Files, Place, Span};

/// What a comment may touch to cover something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Extent {
    /// The smallest setting or instruction, any line of which counts.
    pub own: Span,
    /// Bytes of the lines in which what holds it begins.
    pub begins: Vec<usize>,
    /// Bytes of the lines that only a comment above them speaks about with all that is in their block.
    pub blocks: Vec<usize>,
}

impl Facts {
    /// What has to be touched by a comment that covers these bytes.
    pub fn extent(&self, files: &Files, place: Place) -> Extent {
        let span = place.span;
        if let Some(module) = self.python.get(&place.file) {
            let own = module.statement_around(span).unwrap_or(span);
            // What is called of the thing that a `with` statement opens is opened there.
            let text = files.get(place.file).slice(span);
            let is_of = |name: &str| text.strip_prefix(name).is_some_and(|rest| rest.starts_with(['.', '(', '[']));
            let opened = module.opened_around(span).into_iter().filter(|(name, _)| is_of(name));
            let begins = opened.map(|(_, start)| start).collect();
            return Extent { own, begins, blocks: module.blocks_around(span) };
        }
        let holds = |outer: Place| outer.file == place.file && holds(outer.span, span);
        let mut own: Vec<Span> = Vec::new();
        let mut begins = Vec::new();
        if let Some(script) = self.scripts.get(&place.file) {
            script.each(&mut |simple| own.extend(holds(simple.place).then_some(simple.place.span)));
        }
        let text = files.get(place.file).text();
        let commands = self.units.iter().flat_map(|unit| unit.entrypoint.iter().chain(&unit.command));
        for command in commands.filter(|command| holds(command.place)) {
            begins.extend(beginning(text, command.place.span.start));
            own.extend(simple_around(command, span));
            begins.extend(option_before(command, span, text));
        }
        if let Some(whole) = self.compose.get(&place.file).and_then(|compose| compose.command_around(span)) {
            begins.extend(beginning(text, whole.start));
            let compose = self.compose.get(&place.file);
            begins.extend(compose.and_then(|compose| compose.option_before(span)).map(|option| option.start));
        }
        Extent { own: own.into_iter().min_by_key(|own| own.len()).unwrap_or(span), begins, blocks: Vec::new() }
    }
}

const fn holds(outer: Span, inner: Span) -> bool {
    outer.start <= inner.start && inner.end <= outer.end
}

/// The simple command around a span, where a shell reads several of them; a list of words is none.
fn simple_around(command: &Command, span: Span) -> Option<Span> {
    let all = command.simple.iter().filter(|_| command.form == Form::Shell);
    all.filter_map(|words| Some(words.first()?.place.span.cover(words.last()?.place.span)))
        .find(|simple| holds(*simple, span))
}

/// Where in a list of words the option stands whose value these bytes are: both are one setting.
fn option_before(command: &Command, span: Span, text: &str) -> Option<usize> {
    let word = |span: Span| text.get(span.start..span.end).unwrap_or_default().trim_matches(['"', '\'']);
    let pairs = command.simple.iter().filter(|_| command.form == Form::Exec).flat_map(|words| words.windows(2));
    let spans = pairs.filter_map(|pair| Some((pair.first()?.place.span, pair.last()?.place.span)));
    let mut own = spans.filter(|(_, value)| holds(*value, span));
    own.find(|(option, value)| is_pair(word(*option), word(*value))).map(|(option, _)| option.start)
}

/// The line in which an instruction begins whose words begin at `at`: that of its keyword or its key.
fn beginning(text: &str, at: usize) -> Option<usize> {
    let start_of = |at: usize| text.get(..at).map(|before| before.rfind('\n').map_or(0, |at| at + 1));
    let mut start = start_of(at)?;
    let mut before = text.get(start..at)?;
    while let Some(above) = text.get(..start)?.strip_suffix('\n').filter(|above| above.trim_end().ends_with('\\')) {
        start = start_of(above.len())?;
        before = text.get(start..above.len())?;
    }
    if before.contains(|c: char| c.is_ascii_alphanumeric()) {
        return Some(start);
    }
    // The words stand below their key, as in `command:`, or below the target of a recipe.
    let indent = |line: &str| line.len() - line.trim_start().len();
    let margin = indent(text.get(start..)?.lines().next()?);
    let mut end = start;
    while let Some(above) = text.get(..end)?.strip_suffix('\n') {
        let line_start = start_of(above.len())?;
        let line = text.get(line_start..above.len())?;
        let said = line.trim();
        if !said.is_empty() && !said.starts_with('#') {
            // A list in YAML may stand right below its key.
            let is_key =
                indent(line) <= margin && said.contains([':', '=']) && (said.ends_with(':') || !said.starts_with('-'));
            return is_key.then_some(line_start);
        }
        end = line_start;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str, word: &str) -> Option<String> {
        let at = beginning(text, text.find(word)?)?;
        Some(text[at..].lines().next()?.trim().to_owned())
    }

    #[test]
    fn an_instruction_begins_with_its_keyword_or_its_key() {
        for (text, word, begins) in [
            ("CMD [\"gunicorn\", \"a:b\"]\n", "gunicorn", "CMD [\"gunicorn\", \"a:b\"]"),
            ("CMD \\\n  gunicorn \\\n  a:b\n", "gunicorn", "CMD \\"),
            ("web:\n  command:\n    # why\n    - gunicorn\n    - a:b\n", "gunicorn", "command:"),
            ("web:\n  command:\n  - gunicorn\n  - a:b\n", "gunicorn", "command:"),
            ("args: [\n  \"gunicorn\",\n]\n", "gunicorn", "args: ["),
            ("run: build\n\tgunicorn a:b\n", "gunicorn", "run: build"),
            ("ExecStart=gunicorn a:b\n", "gunicorn", "ExecStart=gunicorn a:b"),
        ] {
            assert_eq!(line(text, word).as_deref(), Some(begins), "{text}");
        }
        assert_eq!(line("gunicorn a:b\n", "gunicorn"), None);
    }
}
