//! Whether a new text may replace the old one.
//!
//! Decides that from the two texts alone: what was not edited is the same, byte by byte and piece by
//! piece, and the file is still what its name promises. What the edited values mean is the caller's
//! to check, see [`super::settle`].

use super::shape::{Format, Piece, shape};
use super::{Refusal, Rewrite};
use crate::findings::Edit;
use crate::source::Span;

/// Checks that `rewrite` changes the file at `path` in the places of its edits and nowhere else.
pub fn verify(rewrite: &Rewrite, path: &str) -> Result<(), Refusal> {
    // A template of JSON is no JSON yet, and consists of lines like any other.
    let format = match Format::of(path) {
        Format::Json if shape(Format::Json, &rewrite.old).is_err() => Format::Lines,
        format => format,
    };
    bytes(rewrite)
        .and_then(|()| line_endings(&rewrite.old, &rewrite.new))
        .and_then(|()| final_newline(rewrite))
        .and_then(|()| if matches!(format, Format::Lines | Format::Dockerfile) { lines(rewrite) } else { Ok(()) })
        .and_then(|()| pieces(rewrite, format, path))
        .map_err(|reason| Refusal::new(rewrite.fixes.join("; "), reason))
}

/// Outside the edits the texts are the same bytes; inside, the new one is what the edits say.
fn bytes(rewrite: &Rewrite) -> Result<(), String> {
    let (mut old_at, mut new_at) = (0, 0);
    let gone = || "would change text outside its edits".to_owned();
    for (edit, written) in rewrite.edits.iter().zip(rewrite.written()) {
        let span = edit.place.span;
        let before = rewrite.old.get(old_at..span.start).ok_or_else(gone)?;
        if rewrite.new.get(new_at..written.start) != Some(before)
            || rewrite.new.get(written.start..written.end) != Some(edit.text.as_str())
        {
            return Err(gone());
        }
        (old_at, new_at) = (span.end, written.end);
    }
    let rest = rewrite.old.get(old_at..).ok_or_else(gone)?;
    if rewrite.new.get(new_at..) == Some(rest) { Ok(()) } else { Err(gone()) }
}

/// A file in one style of line endings stays in it. In a mixed file there is nothing to keep.
fn line_endings(old: &str, new: &str) -> Result<(), String> {
    let count = |text: &str| {
        let crlf = text.matches("\r\n").count();
        (crlf, text.matches('\n').count() - crlf, text.matches('\r').count() - crlf)
    };
    let ((old_crlf, old_lf, old_cr), (new_crlf, new_lf, new_cr)) = (count(old), count(new));
    let mixes = (old_crlf == 0 && old_lf > 0 && new_crlf > 0) || (old_lf == 0 && old_crlf > 0 && new_lf > 0);
    if mixes || new_cr > old_cr { Err("would mix line endings".to_owned()) } else { Ok(()) }
}

/// The last line stays ended or unended. Only taking the last lines out may end the one before.
fn final_newline(rewrite: &Rewrite) -> Result<(), String> {
    let (old, new) = (&rewrite.old, &rewrite.new);
    let cut = rewrite.edits.last().is_some_and(|edit| edit.text.is_empty() && edit.place.span.end == old.len());
    let (had, has) = (old.ends_with('\n'), new.ends_with('\n'));
    if had == has || old.is_empty() || new.is_empty() || (has && cut) {
        Ok(())
    } else if had {
        Err("would lose the line break at the end of the file".to_owned())
    } else {
        Err("would add a line break at the end of the file".to_owned())
    }
}

/// Where a line is all the structure there is, an edit stays within a line or takes and brings whole
/// lines.
fn lines(rewrite: &Rewrite) -> Result<(), String> {
    let old: &str = &rewrite.old;
    let begins_line = |at: usize| {
        let before = old.get(..at).unwrap_or_default();
        before.ends_with('\n') || before.trim_start_matches('\u{feff}').is_empty()
    };
    let ends_line = |at: usize| at == old.len() || matches!(old.as_bytes().get(at), Some(b'\n' | b'\r'));
    for edit in &rewrite.edits {
        let span = edit.place.span;
        let taken = old.get(span.start..span.end).unwrap_or_default();
        // A line that goes on behind a backslash is one with the next, so what is taken there lies in one line.
        let goes_on = taken.split('\n').rev().skip(1).all(|line| line.trim_end_matches('\r').ends_with('\\'));
        if goes_on && !edit.text.contains('\n') {
            continue;
        }
        let from_start = begins_line(span.start)
            && (begins_line(span.end) || span.end == old.len())
            && (edit.text.is_empty() || edit.text.ends_with('\n') || span.end == old.len());
        let from_end = ends_line(span.start)
            && ends_line(span.end)
            && (edit.text.is_empty() || edit.text.starts_with(['\n', '\r']));
        if !from_start && !from_end {
            return Err("would join or split lines".to_owned());
        }
    }
    Ok(())
}

/// The file can still be read, and whatever the edits do not touch is still there, moved at most.
fn pieces(rewrite: &Rewrite, format: Format, path: &str) -> Result<(), String> {
    let old = shape(format, &rewrite.old).map_err(|reason| {
        // Where a parser stumbles over what is no YAML yet says nothing.
        if format == Format::Yaml && rewrite.old.contains("{{") {
            let place =
                |edit: &Edit| rewrite.old.get(..edit.place.span.start).map_or(1, |text| text.matches('\n').count() + 1);
            let line = rewrite.edits.first().map_or(1, place);
            return format!("{path} is a template, which cannot be checked: it would belong at {path}:{line}");
        }
        format!("cannot be checked, because {path} cannot be read: {reason}")
    })?;
    let new = shape(format, &rewrite.new).map_err(|reason| format!("would break the file: {reason}"))?;
    if new.errors > old.errors {
        return Err("would break the syntax of the file".to_owned());
    }
    let edited: Vec<Span> = rewrite.edits.iter().map(|edit| edit.place.span).collect();
    let written = rewrite.written();
    let moved = old.pieces.into_iter().filter(|piece| untouched(piece, &edited)).map(|piece| Piece {
        span: Span::new(moved(piece.span.start, &edited, &written), moved(piece.span.end, &edited, &written)),
        ..piece
    });
    if moved.eq(new.pieces.into_iter().filter(|piece| untouched(piece, &written))) {
        Ok(())
    } else {
        Err("would change the meaning of lines outside its edits".to_owned())
    }
}

/// Whether no edit so much as touches the piece.
fn untouched(piece: &Piece, edits: &[Span]) -> bool {
    let after = edits.partition_point(|edit| edit.end < piece.span.start);
    edits.get(after).is_none_or(|edit| edit.start > piece.span.end)
}

/// Where a byte outside the edits ends up.
fn moved(at: usize, edited: &[Span], written: &[Span]) -> usize {
    let before = edited.partition_point(|edit| edit.end <= at);
    match before.checked_sub(1).and_then(|i| edited.get(i).zip(written.get(i))) {
        Some((edit, new)) => new.end + (at - edit.end),
        None => at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::findings::Fix;
    use crate::fix::plan;
    use crate::source::{Files, Place};

    /// Verifies replacing the first `from` by `to`.
    fn change(path: &str, text: &str, from: &str, to: &str) -> Result<(), String> {
        let mut files = Files::new();
        let id = files.add(path, text);
        let start = text.find(from).unwrap();
        let place = Place::new(id, Span::new(start, start + from.len()));
        let fix = Fix::safe("fix", vec![Edit::replace(place, to)]);
        let plan = plan(&files, &[&fix]);
        verify(&plan.rewrites[0], path).map_err(|refusal| refusal.reason)
    }

    #[test]
    fn values_are_replaced_in_every_format() {
        for (path, text) in [
            ("gunicorn.conf.py", "bind = 'x'\nif a:\n    workers = 9  # ä\n    threads = 2\n"),
            ("gunicorn.conf.py", "\u{feff}bind = 'ä'\r\nworkers = 9\r\nthreads = 2"),
            ("compose.yaml", "services:\n  web: {cpus: 9, memory: 1g}\n  db:\n    image: ä\n"),
            ("pyproject.toml", "[tool.x]\nworkers = 9\nother = [1, 2]\n"),
            ("Dockerfile", "FROM x\nENV W=9 \\\n  B=2\nCMD [\"a\"]\n"),
            ("Procfile", "web: gunicorn -w 9"),
            ("src/main.rs", "fn a() {\n    b(9)\n}\n\nfn c() {}\n"),
        ] {
            assert_eq!(change(path, text, "9", "12"), Ok(()), "{path}: {text}");
        }
    }

    #[test]
    fn whole_lines_are_removed_and_added() {
        assert_eq!(change("a.py", "a = 1\nb = 2\nc = 3\n", "b = 2\n", ""), Ok(()));
        assert_eq!(change("a.yaml", "x:\n  a: 1\n  b: 2\n  c: 3\n", "  b: 2\n", ""), Ok(()));
        assert_eq!(change("a.toml", "a = 1\nb = 2\n", "a = 1\n", "a = 1\nz = 1\n"), Ok(()));
        assert_eq!(change("Procfile", "a: x\nb: y\n", "a: x\n", ""), Ok(()));
        assert_eq!(change("Procfile", "a: x\nb: y", "\nb: y", ""), Ok(()));
        assert_eq!(change("Procfile", "a: x\nb: y", "b: y", ""), Ok(()));
    }

    #[test]
    fn what_breaks_a_file_or_reaches_further_than_it_should_is_refused() {
        for (path, text, from, to) in [
            ("a.py", "a = 1\nb = 2\n", "1", "("),
            ("a.py", "a = 1\nb = 2\n\nc = '''x'''\n", "1", "'''"),
            ("a.py", "async def a():\n    await b()\nc = 1\n", "async def", "def"),
            ("a.py", "def a():\n    b()\nc = 1\n", "b()", "await b()"),
            ("a.py", "if a:\n    b = 1\nc = 2\nd = 3\n", "    b", "b"),
            ("a.yaml", "a: 1\nb: 2\n", "1", "[1"),
            ("a.yaml", "a: 1\nx:\n  b: 2\n  c: 3\n", "x:", "x: |"),
            ("a.yaml", "a:\n  b: 1\n  c: 2\nd: 3\n", "a:\n", "a:\n z:\n"),
            ("a.toml", "a = 1\nb = 2\n", "1", "1 2"),
            ("a.rs", "fn a() {\n    b(1)\n}\n", "1", "("),
            ("a.toml", "a = 1\n[x]\nb = 2\nc = 3\n", "[x]", "[y]"),
            ("Dockerfile", "FROM x\nCMD [\"a\"]\n", "CMD", "COMMAND"),
            ("Procfile", "a: x\nb: y\n", "\n", ""),
            ("Procfile", "a: x\nb: y\n", "x", "x\nz: 1"),
            ("Procfile", "a: x\nb: y\n", "y\n", "z"),
            ("Procfile", "a: x\r\nb: y\r\n", "\r\nb", "\nb"),
            ("broken.yaml", "a: [1\nb: 2\n", "2", "3"),
        ] {
            // Line endings are adapted on the way in, so that one is broken by hand.
            if text.contains('\r') {
                assert!(line_endings(text, &text.replacen(from, to, 1)).is_err());
            } else {
                assert!(change(path, text, from, to).is_err(), "{path}: {text:?} {from:?} -> {to:?}");
            }
        }
    }

    #[test]
    fn a_text_that_its_edits_do_not_explain_is_refused() {
        let mut files = Files::new();
        let id = files.add("Procfile", "a: x\nb: y\n");
        let fix = Fix::safe("fix", vec![Edit::replace(Place::new(id, Span::new(3, 4)), "z")]);
        let mut rewrite = plan(&files, &[&fix]).rewrites.remove(0);
        assert_eq!(verify(&rewrite, "Procfile"), Ok(()));
        rewrite.new = rewrite.new.replace('y', "w");
        assert!(verify(&rewrite, "Procfile").is_err());
    }
}
