//! Where further words of a command line go, in each of the forms that files write one.
//!
//! Decides from the text around a word how the file separates words: a list of JSON or YAML, a line for
//! each element, a line of a shell, one that goes on behind a backslash. Does not know what the words
//! mean; who inserts some reads the file again to see that they are taken as meant.

use crate::findings::Edit;
use crate::source::{Place, Span};

/// Adds `flag value`, or a flag that takes none, behind the word at `place` of `text`; `None` where the form is not one of
/// the known.
pub(super) fn behind(text: &str, place: Place, flag: &str, value: Option<&str>) -> Option<Edit> {
    let (before, after) = without_default(text.get(..place.span.start)?, text.get(place.span.end..)?);
    // `"--name=500"`: the word begins in front of its value.
    let quoted =
        after.chars().next().filter(|c| matches!(c, '"' | '\'')).and_then(|quote| Some(before.rfind(quote)? + 1));
    let parts = |c: char| c.is_ascii_whitespace() || matches!(c, '[' | '(' | ',');
    let named = quoted.or_else(|| Some(before.rfind(parts)? + 1)).and_then(|at| {
        let option = before.get(at..)?.strip_suffix('=')?;
        (option.starts_with('-') && !option.contains(char::is_whitespace)).then(|| before.get(..at)).flatten()
    });
    let before = named.unwrap_or(before);
    let quote = after.chars().next().filter(|c| matches!(c, '"' | '\'') && before.ends_with(*c));
    let (before, after) = match quote {
        Some(quote) => (before.strip_suffix(quote)?, after.strip_prefix(quote)?),
        None => (before, after),
    };
    let quoted = quote.map_or_else(String::new, |quote| quote.to_string());
    let end = text.len() - after.len();
    let both = |between: &str| value.map_or_else(|| flag.to_owned(), |value| format!("{flag}{between}{value}"));
    let (at, new) = if let Some(dash) = own_item(before, after) {
        (end, format!("{}{dash}{quoted}{}{quoted}", break_of(text), both("=")))
    } else if in_list(before, after) {
        // A number without quotes would be one in YAML, which Kubernetes does not take for a word.
        let quoted = if quote.is_some() { quoted.as_str() } else { "\"" };
        let comma = comma_of(before, after);
        (end, format!("{comma}{quoted}{}{quoted}", both(&format!("{quoted}{comma}{quoted}"))))
    } else if let Some(indent) = own_line(before) {
        (before.len() - indent.len(), format!("{indent}{} \\{}", both(" "), break_of(text)))
    } else {
        (end, format!(" {}", both(" ")))
    };
    Some(Edit::insert(Place::new(place.file, Span::new(at, at)), new))
}

/// What is around a word that stands in a variable's place, with the variable as that word: `${NAME:-word}`.
fn without_default<'t>(before: &'t str, after: &'t str) -> (&'t str, &'t str) {
    let opens = || {
        let (outer, name) = before.rsplit_once("${")?;
        let name = name.strip_suffix('-')?;
        let name = name.strip_suffix(':').unwrap_or(name);
        name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_').then_some(outer)
    };
    match (after.strip_prefix('}'), opens()) {
        (Some(behind), Some(outer)) => (outer, behind),
        _ => (before, after),
    }
}

/// The line break of a text.
fn break_of(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}

/// What begins the line of an element of a block list of YAML that has its line alone: `    - `.
fn own_item<'t>(before: &'t str, after: &str) -> Option<&'t str> {
    let line = before.rsplit('\n').next()?;
    let rest = after.lines().next().unwrap_or_default().trim();
    let dash = line.trim_start().strip_prefix('-').is_some_and(|rest| !rest.is_empty() && rest.trim().is_empty());
    (dash && (rest.is_empty() || rest.starts_with('#'))).then_some(line)
}

/// Whether a word stands between the brackets and commas of a list.
fn in_list(before: &str, after: &str) -> bool {
    // A Dockerfile goes on behind a backslash inside a list as well.
    let goes_on = |c: char| c.is_whitespace() || c == '\\';
    before.trim_end_matches(goes_on).ends_with([',', '[', '('])
        && after.trim_start_matches(goes_on).starts_with([',', ']', ')'])
}

/// What stands between the elements of a list: a space behind the comma, unless the file leaves it out.
fn comma_of(before: &str, after: &str) -> &'static str {
    let is_tight = |rest: &str| !rest.starts_with(char::is_whitespace);
    let tight = before.ends_with(',') || after.strip_prefix(',').is_some_and(is_tight);
    if tight { "," } else { ", " }
}

/// The space before a word that begins a line of its own and is no value of an option before it, where the line above goes on behind a backslash.
fn own_line(before: &str) -> Option<&str> {
    let (above, indent) = before.rsplit_once('\n')?;
    let above = above.trim_end().strip_suffix('\\').filter(|_| !indent.is_empty() && indent.trim().is_empty())?;
    // Between an option and its value nothing goes.
    let last = above.split_whitespace().next_back().unwrap_or_default();
    let waits = last.starts_with('-') && !last.contains('=');
    (!waits).then_some(indent)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::FileId;

    #[test]
    fn words_are_added_the_way_the_file_writes_them() {
        for (text, expected) in [
            ("web: gunicorn a:b\n", "web: gunicorn a:b -w 4\n"),
            ("CMD [\"gunicorn\", \"a:b\"]\n", "CMD [\"gunicorn\", \"a:b\", \"-w\", \"4\"]\n"),
            ("CMD [\"gunicorn\", \"a:b\", \"-k\", \"x\"]", "CMD [\"gunicorn\", \"a:b\", \"-w\", \"4\", \"-k\", \"x\"]"),
            ("args: [\"x\",\"a:b\",\"y\"]\n", "args: [\"x\",\"a:b\",\"-w\",\"4\",\"y\"]\n"),
            ("args: [\"a:b\",\"y\"]\n", "args: [\"a:b\",\"-w\",\"4\",\"y\"]\n"),
            ("args: ['a:b']\n", "args: ['a:b', '-w', '4']\n"),
            ("args: [gunicorn, a:b]\n", "args: [gunicorn, a:b, \"-w\", \"4\"]\n"),
            ("  - gunicorn\n  - a:b\n", "  - gunicorn\n  - a:b\n  - -w=4\n"),
            ("  - \"a:b\"  # app\n", "  - \"a:b\"\n  - \"-w=4\"  # app\n"),
            ("x = \"gunicorn a:b\"\n", "x = \"gunicorn a:b -w 4\"\n"),
            ("gunicorn \\\n    --bind x \\\n    a:b\n", "gunicorn \\\n    --bind x \\\n    -w 4 \\\n    a:b\n"),
            ("gunicorn \\\r\n  a:b\r\n", "gunicorn \\\r\n  -w 4 \\\r\n  a:b\r\n"),
            ("exec gunicorn 'a:b'\n", "exec gunicorn 'a:b' -w 4\n"),
            ("  - gunicorn\n  - --x=a:b\n  - y\n", "  - gunicorn\n  - --x=a:b\n  - -w=4\n  - y\n"),
            ("args: [gunicorn, --x=a:b]\n", "args: [gunicorn, --x=a:b, \"-w\", \"4\"]\n"),
            ("args: [gunicorn, \"--x=a:b\"]\n", "args: [gunicorn, \"--x=a:b\", \"-w\", \"4\"]\n"),
            ("gunicorn \\\n    --x=a:b \\\n    y\n", "gunicorn \\\n    -w 4 \\\n    --x=a:b \\\n    y\n"),
            ("gunicorn \\\n    --x \\\n    a:b \\\n    y\n", "gunicorn \\\n    --x \\\n    a:b -w 4 \\\n    y\n"),
            ("gunicorn --x=a:b y\n", "gunicorn --x=a:b -w 4 y\n"),
            ("gunicorn --x \"${N:-a:b}\" y\n", "gunicorn --x \"${N:-a:b}\" -w 4 y\n"),
            ("gunicorn --x ${N-a:b} \\\n  y\n", "gunicorn --x ${N-a:b} -w 4 \\\n  y\n"),
        ] {
            let mut files = crate::source::Files::new();
            let file: FileId = files.add("x", text);
            let start = text.find("a:b").unwrap();
            let edit = behind(text, Place::new(file, Span::new(start, start + 3)), "-w", Some("4")).unwrap();
            let at = edit.place.span.start;
            assert_eq!(format!("{}{}{}", &text[..at], edit.text, &text[at..]), expected);
        }
    }

    #[test]
    fn flags_without_a_value_are_added_alike() {
        for (text, expected) in [
            ("web: uwsgi a:b\n", "web: uwsgi a:b --master\n"),
            ("CMD [\"uwsgi\", \"a:b\"]\n", "CMD [\"uwsgi\", \"a:b\", \"--master\"]\n"),
            ("  - uwsgi\n  - a:b\n", "  - uwsgi\n  - a:b\n  - --master\n"),
            ("uwsgi \\\n    a:b\n", "uwsgi \\\n    --master \\\n    a:b\n"),
        ] {
            let mut files = crate::source::Files::new();
            let file: FileId = files.add("x", text);
            let start = text.find("a:b").unwrap();
            let edit = behind(text, Place::new(file, Span::new(start, start + 3)), "--master", None).unwrap();
            let at = edit.place.span.start;
            assert_eq!(format!("{}{}{}", &text[..at], edit.text, &text[at..]), expected);
        }
    }
}
