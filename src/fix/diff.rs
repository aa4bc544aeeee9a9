//! A change as a unified diff.

use similar::TextDiff;

/// The unified diff that turns `old` into `new`, empty if they are equal.
///
/// Line endings are part of the lines, and a missing final newline is marked, so that `git apply`
/// and `patch -p1` reproduce `new` byte by byte.
pub fn diff(path: &str, old: &str, new: &str) -> String {
    TextDiff::from_lines(old, new)
        .unified_diff()
        .context_radius(3)
        .header(&format!("a/{path}"), &format!("b/{path}"))
        .to_string()
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
