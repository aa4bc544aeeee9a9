//! Commands that another user runs: `su app -c "exec gunicorn shop"`.

use super::Shell;
use super::program::{base, is_wrapped};
use super::shield::Text;
use super::state::{Dialect, State};
use super::text::Field;
use crate::read::FilledBy;
use crate::read::shell::Statement;

impl Shell<'_> {
    /// The text that `su` and `runuser` give to the shell of another user. A login begins with an environment of its
    /// own, of which nothing is known.
    pub(super) fn as_user(
        &mut self,
        state: &State,
        fields: &[Field],
        solid: &[usize],
        words: &[Option<String>],
    ) -> bool {
        let named = |word: &Option<String>| word.as_deref().is_some_and(|word| matches!(base(word), "su" | "runuser"));
        let Some(at) = words.iter().position(named).filter(|&at| is_wrapped(words, at)) else { return false };
        let rest = words.get(at + 1..).unwrap_or_default();
        let option =
            |names: &[&str]| rest.iter().position(|word| word.as_deref().is_some_and(|word| names.contains(&word)));
        let Some(text) = option(&["-c", "--command", "-lc"]) else { return false };
        let Some(field) = solid.get(at + 2 + text).and_then(|&at| fields.get(at)) else { return false };
        let (text, filled_by) = match field.raw.as_deref() {
            Some((content, filled_by)) => (content.clone(), *filled_by),
            None => (field.content.clone(), FilledBy::Shell),
        };
        let Some(script) = Self::parse(&text, field.file()) else { return true };
        let mut child = state.child();
        if option(&["-", "-l", "--login", "-lc"]).is_some() {
            child.variables.clear();
        }
        child.dialect = Dialect::Posix;
        child.runs = match script.body.as_slice() {
            [Statement::Simple(_)] => Text::Alone,
            _ => Text::Line,
        };
        child.filled_by = filled_by;
        child.arguments = Vec::new();
        self.run_script(&script, &mut child);
        true
    }
}
