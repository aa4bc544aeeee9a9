//! What the advice would write where a rule objects to a number, so that both write the same.
//!
//! Numbers that make one number of slots together are written together here as well.

use super::prelude::{Context, Fix, Service, Value};
use crate::advice::{self, GROUP, Manner};
use crate::sizing::{Advice, Verdict};

/// Another value for a setting.
#[derive(Debug)]
pub(super) struct Advised {
    /// The number.
    pub(super) value: i64,
    /// What writes it, and whatever goes with it; `None` where it cannot be written.
    pub(super) fix: Option<Fix>,
}

impl Advised {
    /// The fix as one that nobody has to ask for.
    pub(super) fn safely(self) -> Option<Fix> {
        self.fix.map(|fix| Fix::safe(fix.title, fix.edits))
    }
}

impl Service<'_> {
    /// What the advice sets `name` to; `None` where it says nothing, or what is set is fine.
    pub(super) fn advised(&self, name: &str, context: &Context) -> Option<Advised> {
        self.advised_where(name, |verdict| verdict == Verdict::Change, context)
    }

    /// The same where what is set cannot be compared, such as a formula over the cores of whichever machine runs it.
    pub(super) fn advised_instead(&self, name: &str, context: &Context) -> Option<Advised> {
        self.advised_where(name, |verdict| matches!(verdict, Verdict::Change | Verdict::Unknown), context)
    }

    fn advised_where(&self, name: &str, asks: impl Fn(Verdict) -> bool, context: &Context) -> Option<Advised> {
        let advice = self.advice.filter(|advice| !advice.counts_on_this_machine())?;
        let item = advice.item(name).filter(|item| asks(item.verdict))?;
        let value = i64::from(item.target.whole()?);
        // What does not go with it is for others to say.
        let goes_with = |other: &str| other == name || GROUP.contains(&name) && GROUP.contains(&other);
        let items = advice.items.iter().filter(|other| goes_with(other.setting)).cloned().collect();
        let own = Advice { items, ..advice.clone() };
        let changes = advice::changes(self.deployment, &own, Manner::default(), context.files);
        let fix = changes.made.into_iter().find(|change| change.setting == name).map(|change| change.fix);
        Some(Advised { value, fix })
    }

    /// The same; `by_hand` where the advice knows too little to say anything. What it calls fine gets no other number.
    pub(super) fn advised_or(&self, name: &str, by_hand: i64, context: &Context) -> Advised {
        if let Some(advised) = self.advised(name, context) {
            return advised;
        }
        let fine = self.advice.is_some_and(|advice| advice.item(name).is_some());
        let edit = if fine { None } else { self.give(name, &Value::Int(by_hand), context) };
        let fix = edit.map(|edit| Fix::unsafe_(format!("set `{name}` to {by_hand}"), vec![edit]));
        Advised { value: by_hand, fix }
    }
}
