//! Where a line that a shell runs has its comment.
//!
//! Looks at one line alone: a quote that an earlier line opened is not known here.

use crate::source::{Comment, Span};

/// Where the shell that runs the line sees a comment: a `#` that begins a word outside quotes.
pub(super) fn comment_start(line: &str) -> Option<usize> {
    let mut quote = None;
    let mut before = ' ';
    for (at, char) in line.char_indices() {
        match (char, quote) {
            ('#', None) if before.is_whitespace() => return Some(at),
            ('"' | '\'', None) => quote = Some(char),
            (_, Some(end)) if char == end && before != '\\' => quote = None,
            _ => {}
        }
        before = char;
    }
    None
}

/// The comments of lines that a shell runs, the first of which begins at `start`.
pub(super) fn comments(text: &str, mut start: usize) -> Vec<Comment> {
    let mut found = Vec::new();
    for line in text.split_inclusive('\n') {
        let content = line.trim_end();
        if let Some(at) = comment_start(content) {
            let own_line = content.get(..at).is_some_and(|before| before.trim().is_empty());
            found.push(Comment { span: Span::new(start + at, start + content.len()), own_line });
        }
        start += line.len();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_begins_a_comment_only_where_a_word_may_begin() {
        for (line, at) in [
            ("exec gunicorn app:app  # fast", Some(23)),
            ("# all of it", Some(0)),
            ("echo '# no' \"# no\"", None),
            ("echo a#b $#", None),
            ("echo 'a' # b", Some(9)),
        ] {
            assert_eq!(comment_start(line), at, "{line}");
        }
    }

    #[test]
    fn spans_are_those_of_the_file() {
        let text = "  # one\r\nexec x # two\n";
        let found: Vec<_> = comments(text, 0)
            .into_iter()
            .map(|found| (&text[found.span.start..found.span.end], found.own_line))
            .collect();
        assert_eq!(found, [("# one", true), ("# two", false)]);
    }
}
