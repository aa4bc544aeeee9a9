//! A change as a unified diff.

use std::fmt::Write as _;

use similar::algorithms::{Capture, Compact, Replace, myers};
use similar::udiff::UnifiedHunkHeader;
use similar::{DiffOp, group_diff_ops};

/// How many unchanged lines are shown around a change.
const CONTEXT: usize = 3;

/// The unified diff that turns `old` into `new`, empty if they are equal.
///
/// Line endings are part of the lines, and a missing final newline is marked, so that `git apply`
/// and `patch -p1` reproduce `new` byte by byte.
pub fn diff(path: &str, old: &str, new: &str) -> String {
    let (before, after) = (lines(old), lines(new));
    let hunks = group_diff_ops(operations(&before, &after), CONTEXT);
    if hunks.is_empty() {
        return String::new();
    }
    let mut text = format!("--- a/{path}\n+++ b/{path}\n");
    for hunk in hunks {
        let _ = writeln!(text, "{}", UnifiedHunkHeader::new(&hunk));
        for operation in hunk {
            let gone = before.get(operation.old_range()).unwrap_or_default();
            let come = after.get(operation.new_range()).unwrap_or_default();
            if matches!(operation, DiffOp::Equal { .. }) {
                push(&mut text, ' ', gone);
            } else {
                push(&mut text, '-', gone);
                push(&mut text, '+', come);
            }
        }
    }
    text
}

/// The lines of a text with their ends.
pub fn lines(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

/// Which lines of `before` become which of `after`, all of both in order.
///
/// By the algorithm of Myers itself: what offers a choice of algorithms brings all of them along, two thirds of a megabyte.
pub fn operations(before: &[&str], after: &[&str]) -> Vec<DiffOp> {
    let mut found = Compact::new(Replace::new(Capture::new()), before, after);
    match myers::diff(&mut found, before, 0..before.len(), after, 0..after.len()) {
        Ok(()) => found.into_inner().into_inner().into_ops(),
        Err(never) => match never {},
    }
}

fn push(text: &mut String, sign: char, lines: &[&str]) {
    for line in lines {
        text.push(sign);
        text.push_str(line);
        if !line.ends_with('\n') {
            text.push_str("\n\\ No newline at end of file\n");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_have_no_diff() {
        assert_eq!(diff("a.py", "x = 1\n", "x = 1\n"), "");
    }

    #[test]
    fn a_missing_final_newline_is_marked_on_the_side_that_misses_it() {
        insta::assert_snapshot!(diff("app/gunicorn.conf.py", "bind = ':1'\nworkers = 9", "bind = ':1'\nworkers = 3"), @r"
        --- a/app/gunicorn.conf.py
        +++ b/app/gunicorn.conf.py
        @@ -1,2 +1,2 @@
         bind = ':1'
        -workers = 9
        \ No newline at end of file
        +workers = 3
        \ No newline at end of file
        ");
        assert!(diff("a", "x\n", "x").ends_with("-x\n+x\n\\ No newline at end of file\n"));
    }

    #[test]
    fn carriage_returns_stay_in_the_lines() {
        assert!(diff("a", "x\r\ny\r\n", "x\r\nz\r\n").contains("-y\r\n+z\r\n"));
    }
}
