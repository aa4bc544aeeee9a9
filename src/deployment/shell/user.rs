//! Commands that another user runs: `su app -c "exec gunicorn shop"`, `gosu app gunicorn shop`.

use super::super::commands::User;
use super::Shell;
use super::dialect::Dialect;
use super::program::{base, is_wrapped};
use super::shield::Text;
use super::state::State;
use super::text::Field;
use crate::read::FilledBy;
use crate::read::shell::Statement;
use crate::source::{Located, Place};

/// Who runs the program of these words, where one in front of it changes that; `place_of` tells where a word stands.
pub(super) fn changed(words: &[Option<String>], place_of: &dyn Fn(usize) -> Place) -> Option<User> {
    let is_one = |word: &Option<String>| word.as_deref().is_some_and(|word| CHANGING.contains(&base(word)));
    let at = words.iter().take(8).position(is_one).filter(|&at| is_wrapped(words, at))?;
    let name = words.get(at)?.as_deref().map(base)?;
    let located = |index: usize, text: &str| User { name: Some(Located::new(text.to_owned(), place_of(index))) };
    let mut options = words.iter().enumerate().skip(at + 1);
    while let Some((index, word)) = options.next() {
        let Some(word) = word else { return Some(User { name: None }) };
        let Some(option) = word.strip_prefix('-') else {
            // `su app -c …`: the first word that is no option; the others run as it whoever they are told.
            return matches!(name, "gosu" | "su-exec" | "su").then(|| located(index, word));
        };
        let option = option.trim_start_matches('-');
        if let Some(user) = ["user=", "reuid="].iter().find_map(|flag| option.strip_prefix(flag)) {
            return Some(located(index, user));
        }
        if matches!(option, "u" | "user" | "reuid") {
            let (index, user) = options.next()?;
            return Some(user.as_deref().map_or(User { name: None }, |user| located(index, user)));
        }
        // Words that belong to another option.
        if matches!(option, "g" | "G" | "group" | "groups" | "regid" | "c" | "s" | "h" | "C" | "p" | "supp-group") {
            options.next();
        }
    }
    None
}

/// Programs that run another one as somebody else.
const CHANGING: [&str; 6] = ["gosu", "su-exec", "su", "runuser", "setpriv", "sudo"];

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
        child.user = changed(words, &|at| {
            solid.get(at).and_then(|&at| fields.get(at)).map_or(state.called_at, |field| field.place)
        })
        .or_else(|| child.user.take());
        child.arguments = Vec::new();
        let before = self.found.len();
        self.run_script(&script, &mut child);
        if field.raw.is_none() {
            self.rest(before, std::slice::from_ref(field), &[]);
        }
        true
    }
}
