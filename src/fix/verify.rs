//! Whether a new text may replace the old one.
//!
//! Decides that from the two texts alone: what was not edited is the same, byte by byte and piece by
//! piece, and the file is still what its name promises. What the edited values mean is the caller's
//! to check, see [`verify_with`].

use super::shape::{Format, Piece, shape};
use super::{Refusal, Rewrite};
use crate::source::Span;

/// Checks that `rewrite` changes the file at `path` in the places of its edits and nowhere else.
pub fn verify(rewrite: &Rewrite, path: &str) -> Result<(), Refusal> {
    let format = Format::of(path);
    bytes(rewrite)
        .and_then(|()| line_endings(&rewrite.old, &rewrite.new))
        .and_then(|()| final_newline(rewrite))
        .and_then(|()| {
            if matches!(format, Format::Lines | Format::Dockerfile) {
                lines(rewrite)
            } else {
                Ok(())
            }
        })
        .and_then(|()| pieces(rewrite, format))
        .map_err(|reason| Refusal::new(rewrite.fixes.join("; "), reason))
}

/// [`verify`], and then asks `check` whether the new text says what it was meant to say.
pub fn verify_with(
    rewrite: &Rewrite,
    path: &str,
    check: &dyn Fn(&str) -> Result<(), String>,
) -> Result<(), Refusal> {
    verify(rewrite, path)?;
    check(&rewrite.new).map_err(|reason| Refusal::new(rewrite.fixes.join("; "), reason))
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
    if rewrite.new.get(new_at..) == Some(rest) {
        Ok(())
    } else {
        Err(gone())
    }
}

/// A file in one style of line endings stays in it. In a mixed file there is nothing to keep.
fn line_endings(old: &str, new: &str) -> Result<(), String> {
    let count = |text: &str| {
        let crlf = text.matches("\r\n").count();
        (
            crlf,
            text.matches('\n').count() - crlf,
            text.matches('\r').count() - crlf,
        )
    };
    let ((old_crlf, old_lf, old_cr), (new_crlf, new_lf, new_cr)) = (count(old), count(new));
    let mixes = (old_crlf == 0 && old_lf > 0 && new_crlf > 0)
        || (old_lf == 0 && old_crlf > 0 && new_lf > 0);
    if mixes || new_cr > old_cr {
        Err("would mix line endings".to_owned())
    } else {
        Ok(())
    }
}

/// The last line stays ended or unended. Only taking the last lines out may end the one before.
fn final_newline(rewrite: &Rewrite) -> Result<(), String> {
    let (old, new) = (&rewrite.old, &rewrite.new);
    let cut = rewrite
        .edits
        .last()
        .is_some_and(|edit| edit.text.is_empty() && edit.place.span.end == old.len());
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
    let begins_line = |at: usize| at == 0 || old.as_bytes().get(at - 1) == Some(&b'\n');
    let ends_line =
        |at: usize| at == old.len() || matches!(old.as_bytes().get(at), Some(b'\n' | b'\r'));
    for edit in &rewrite.edits {
        let span = edit.place.span;
        let taken = old.get(span.start..span.end).unwrap_or_default();
        if !taken.contains('\n') && !edit.text.contains('\n') {
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
fn pieces(rewrite: &Rewrite, format: Format) -> Result<(), String> {
    let old = shape(format, &rewrite.old).map_err(|reason| {
        format!("cannot be checked, because the file cannot be read: {reason}")
    })?;
    let new =
        shape(format, &rewrite.new).map_err(|reason| format!("would break the file: {reason}"))?;
    if new.errors > old.errors {
        return Err("would break the syntax of the file".to_owned());
    }
    let edited: Vec<Span> = rewrite.edits.iter().map(|edit| edit.place.span).collect();
    let written = rewrite.written();
    let moved = old
        .pieces
        .into_iter()
        .filter(|piece| untouched(piece, &edited))
        .map(|piece| Piece {
            span: Span::new(
                moved(piece.span.start, &edited, &written),
                moved(piece.span.end, &edited, &written),
            ),
            ..piece
        });
    if moved.eq(new
        .pieces
        .into_iter()
        .filter(|piece| untouched(piece, &written)))
    {
        Ok(())
    } else {
        Err("would change the meaning of lines outside its edits".to_owned())
    }
}

/// Whether no edit so much as touches the piece.
fn untouched(piece: &Piece, edits: &[Span]) -> bool {
    let after = edits.partition_point(|edit| edit.end < piece.span.start);
    edits
        .get(after)
        .is_none_or(|edit| edit.start > piece.span.end)
}

/// Where a byte outside the edits ends up.
fn moved(at: usize, edited: &[Span], written: &[Span]) -> usize {
    let before = edited.partition_point(|edit| edit.end <= at);
    match before
        .checked_sub(1)
        .and_then(|i| edited.get(i).zip(written.get(i)))
    {
        Some((edit, new)) => new.end + (at - edit.end),
        None => at,
    }
}
