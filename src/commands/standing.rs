//! How the values stand, in one sentence: what `advise --check` answers with beside its exit code.
//!
//! A value that would merely be better another way is inside what is tolerated, and outside of what could be called right:
//! the sentence must not call it either.

use farrier::sizing::{Advice, Item, Verdict};

/// The sentence about all `services`; one of which nothing is known has no advice.
pub(super) fn sentence(services: &[Option<&Advice>]) -> String {
    let items = || services.iter().flatten().flat_map(|advice| &advice.items);
    let count = |wanted: &dyn Fn(&Item) -> bool| items().filter(|item| wanted(item)).count();
    let outside = count(&|item| matches!(item.verdict, Verdict::Change | Verdict::Remove));
    if outside > 0 {
        let are = if outside == 1 { "value is not what it" } else { "values are not what they" };
        return format!("to do: {outside} {are} should be\n");
    }
    if count(&|item| item.verdict == Verdict::Consider) > 0 {
        return "nothing to do: no value is known to be wrong, and what would merely be better is left to you\n"
            .to_owned();
    }
    if count(&|item| item.verdict == Verdict::Unknown) > 0 || services.iter().any(Option::is_none) {
        return "nothing to do: no value is known to be wrong, and not all of them are known\n".to_owned();
    }
    "nothing to do: every value is inside its range\n".to_owned()
}
