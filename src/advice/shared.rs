//! One value that several services share: what suits all of them, or why nothing does.
//!
//! Two services of compose with one image, or a `gunicorn.conf.py` that compose and Kubernetes both start.

use super::changes::{GROUP, Refusal};
use crate::deployment::Deployment;
use crate::sizing::{Advice, Amount, Item, Verdict};
use crate::source::{Files, Place, Span};
use crate::values::Value;

/// The advice for each service as far as it can be written together, and what cannot.
pub fn reconcile(services: &[(&Deployment, Option<&Advice>)], files: &Files) -> (Vec<Option<Advice>>, Vec<Refusal>) {
    let mut all: Vec<Option<Advice>> = services.iter().map(|(_, advice)| advice.cloned()).collect();
    let mut refused = Vec::new();
    for second in 1..services.len() {
        for first in 0..second {
            let (before, after) = all.split_at_mut(second);
            let (Some(Some(one)), Some(Some(other))) = (before.get_mut(first), after.first_mut()) else { continue };
            let (Some((owner, _)), Some((sharer, _))) = (services.get(first), services.get(second)) else { continue };
            refused.extend(settle((owner, one), (sharer, other), files));
        }
    }
    (all, refused)
}

/// Agrees on what two services share: the first one writes it for both.
fn settle(
    (owner, one): (&Deployment, &mut Advice),
    (sharer, other): (&Deployment, &mut Advice),
    files: &Files,
) -> Vec<Refusal> {
    let mut refused = Vec::new();
    let mut stuck: Vec<&'static str> = Vec::new();
    for item in &mut one.items {
        let Some(place) = shared(owner, sharer, item.setting, files) else { continue };
        let Some(theirs) = other.items.iter_mut().find(|theirs| theirs.setting == item.setting) else { continue };
        if item.verdict != Verdict::Change && theirs.verdict != Verdict::Change {
            continue;
        }
        // What counts on the cores of the machine that asks says nothing against a limit that a file states.
        if one.elsewhere != other.elsewhere && GROUP.contains(&item.setting) {
            let (open, who) = if one.elsewhere { (item, owner) } else { (theirs, sharer) };
            // A number in place of a formula over the cores would be one there as well, whatever machine that is.
            if open.current.is_none() && !stuck.contains(&open.setting) {
                let reason = format!(
                    "{} serves {} as well, and nothing states the cores of that: state them, or set it for each of them",
                    files.describe(place),
                    name(who, files)
                );
                refused.push(Refusal { setting: open.setting, reason, is_outside: true });
                stuck.push(open.setting);
                continue;
            }
            open.verdict = Verdict::InRange;
            continue;
        }
        if let Some((lower, upper)) = both(item, theirs) {
            item.target = clamp(item.target, lower, upper);
            item.verdict = Verdict::Change;
            theirs.verdict = Verdict::InRange;
            continue;
        }
        if stuck.contains(&item.setting) {
            continue;
        }
        let reason = format!(
            "{} serves {} ({} to {}) and {} ({} to {}): set it for each of them, beside its command or in its \
             environment",
            files.describe(place),
            name(owner, files),
            item.lower,
            item.upper,
            name(sharer, files),
            theirs.lower,
            theirs.upper
        );
        refused.push(Refusal { setting: item.setting, reason, is_outside: true });
        stuck.push(item.setting);
    }
    // What goes with a value that stays would make it worse.
    let grouped = stuck.iter().any(|setting| GROUP.contains(setting));
    let stays = |item: &Item| !(stuck.contains(&item.setting) || grouped && GROUP.contains(&item.setting));
    one.items.retain(stays);
    other.items.retain(stays);
    refused
}

/// Where two services have a setting from, if that is the same place: a configuration file is where one goes that
/// nobody sets.
fn shared(one: &Deployment, other: &Deployment, setting: &str, files: &Files) -> Option<Place> {
    let place = |deployment: &Deployment| {
        let effective = deployment.setting(setting)?;
        if effective.is_set() {
            let behind = deployment.behind(&effective.winner, files).filter(|behind| behind.exact);
            return behind.map(|behind| behind.place).or(effective.winner.place);
        }
        match &deployment.configuration {
            Some(configuration) => Some(Place::new(configuration.file, Span::new(0, 0))),
            // Overlays of one base have one command.
            None if one.command != other.command => None,
            None => deployment.add_option(files, setting, &Value::Int(1)).map(|edit| edit.place),
        }
    };
    place(one).filter(|here| place(other) == Some(*here))
}

/// The bounds of what is right for both.
fn both(one: &Item, other: &Item) -> Option<(u32, u32)> {
    let lower = number(one.lower)?.max(number(other.lower)?);
    let upper = number(one.upper)?.min(number(other.upper)?);
    (lower <= upper).then_some((lower, upper))
}

const fn number(amount: Amount) -> Option<u32> {
    match amount {
        Amount::Count(n) | Amount::Seconds(n) => Some(n),
        Amount::Open => Some(u32::MAX),
        Amount::Class(_) | Amount::Named(_) | Amount::Path(_) => None,
    }
}

fn clamp(amount: Amount, lower: u32, upper: u32) -> Amount {
    match amount {
        Amount::Count(n) => Amount::Count(n.clamp(lower, upper)),
        Amount::Seconds(n) => Amount::Seconds(n.clamp(lower, upper)),
        other => other,
    }
}

fn name(deployment: &Deployment, files: &Files) -> String {
    let place = files.describe(deployment.command);
    if deployment.unit.is_empty() { place } else { format!("{} at {place}", deployment.unit) }
}
