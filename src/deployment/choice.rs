//! Worker classes between which a script chooses.
//!
//! Told by the commands of the script, or of the unit, that names the class which runs: whoever starts it may have
//! the others as well.

use super::{Effective, Layer};
use crate::read::shell::Script;
use crate::read::{Facts, Unit};
use crate::servers::{Table, WorkerClass};
use crate::source::{Files, Place};

/// Options that name a worker class.
const OPTIONS: [&str; 2] = ["--worker-class", "-k"];

/// The classes that stand beside the effective one.
pub(super) fn beside(
    class: Option<&Effective>,
    unit: &Unit,
    table: &'static Table,
    files: &Files,
    facts: &Facts,
) -> Vec<&'static WorkerClass> {
    let winner = class.map(|class| &class.winner).filter(|winner| winner.layer == Layer::CommandLine);
    let Some(place) = winner.and_then(|winner| winner.place) else { return Vec::new() };
    let script = facts.scripts.get(&place.file).map(|script| Script::commands(script)).unwrap_or_default();
    let own = unit.command.as_ref().map(|command| command.place).filter(|own| covers(*own, place));
    let texts = script.into_iter().chain(own).map(|command| files.text_at(command));
    texts.flat_map(named).filter_map(|name| table.class(name)).collect()
}

fn covers(outer: Place, inner: Place) -> bool {
    outer.file == inner.file && outer.span.start <= inner.span.start && inner.span.end <= outer.span.end
}

/// The names behind the options of a command, also where a text for a variable holds them.
fn named(command: &str) -> impl Iterator<Item = &str> {
    let rests = OPTIONS.iter().flat_map(|option| command.split(option).skip(1));
    rests.filter_map(|rest| {
        let name = rest.strip_prefix([' ', '='])?.trim_start_matches(['"', '\'', ' ']);
        let end = name.find(|c: char| !c.is_ascii_alphanumeric() && !"._:".contains(c)).unwrap_or(name.len());
        name.get(..end)
    })
}

#[cfg(test)]
mod tests {
    use super::named;

    #[test]
    fn names_stand_behind_the_options() {
        let all = |command: &'static str| named(command).collect::<Vec<_>>();
        assert_eq!(all("gunicorn -k gevent --worker-class='gthread' app"), ["gthread", "gevent"]);
        assert_eq!(all("ARGS=\"-k uvicorn.workers.UvicornWorker\""), ["uvicorn.workers.UvicornWorker"]);
        assert!(all("gunicorn -kgevent app --keyfile x").is_empty());
    }
}
