//! Fires when the server would print an error and exit instead of starting.

use std::fmt::Write as _;

use super::prelude::*;
use crate::servers::network_around;

pub(super) const RULE: Rule = rule!("refuses-to-start", Shape::AnyServer(check));

fn check(service: &Service, context: &Context, out: &mut Findings) {
    let deployment = service.deployment;
    // Which values and options are refused differs between versions.
    let sure = if deployment.version.is_assumed() { Confidence::Medium } else { Confidence::High };
    let mut told = Vec::new();
    // That other processes cannot import an object is told by a rule of its own.
    // So is what only a later version has, where somebody asks for this one.
    let pinned = deployment.pin_of(table(deployment.server).distribution()).is_some();
    let ahead = |place: Place| pinned && deployment.ahead.iter().any(|one| one.place == place);
    let own = |error: &&Located<String>| {
        Some(error.place) != deployment.object && !ahead(error.place) && !is_echo(service, error, context)
    };
    for error in deployment.errors.iter().filter(own) {
        // A server complains once about a line, so what else is wrong there belongs to the same fault.
        let line = context.files.describe(error.place);
        if told.contains(&line) {
            continue;
        }
        let others = deployment
            .errors
            .iter()
            .filter(|other| other.place != error.place && context.files.describe(other.place) == line);
        let mut says = format!("{} {} does not start: {}", deployment.server, deployment.version, error.value);
        let emptied = emptied(service, error.place, context);
        if let Some(name) = emptied {
            // Nothing stands where the variable does, so the option before it takes the next word.
            let _ = write!(says, ", because `{name}` is empty, unless something else sets it");
        }
        let mut report = out.report(error.place, "refused", says).at_most(sure);
        if emptied.is_some() {
            report = report.severity(Severity::Warning);
        }
        for other in others {
            report = report.related(other.place, other.value.clone());
        }
        match cure(service, error, context) {
            Some((help, fix)) => report.help(help).fix(fix),
            None => report.fix(None),
        }
        told.push(line);
    }
}

/// The variable in front of what is refused that is empty as far as files say, and so leaves no word there.
fn emptied<'s>(service: &Service<'s>, refused: Place, context: &Context) -> Option<&'s str> {
    let command = service.deployment.command;
    let at = refused.span.start.checked_sub(command.span.start).filter(|_| refused.file == command.file)?;
    let before = context.files.text_at(command).get(..at)?;
    let empty = service.deployment.environment.iter().filter(|(_, value)| value.is_empty());
    let mut names = empty.map(|(name, _)| name.as_str());
    names
        .find(|name| before.split_whitespace().any(|word| word == format!("${name}") || word == format!("${{{name}}}")))
}

/// What was meant, where there is hardly anything else that it could be.
fn cure(service: &Service, error: &Located<String>, context: &Context) -> Option<(String, Option<Fix>)> {
    let deployment = service.deployment;
    let written = context.files.text_at(error.place);
    if let Some(option) = error.value.strip_prefix("unrecognised argument `").and_then(|rest| rest.strip_suffix('`')) {
        let version = deployment.version.version;
        let name = option.split('=').next()?.strip_prefix("--")?;
        let table = table(deployment.server);
        // The name of a setting is not always that of its option.
        let own = table.setting(&name.replace('-', "_")).filter(|setting| setting.applies_to(version));
        let flag = own.or_else(|| table.near_miss(name, version))?.at(version).flag()?;
        let rest = written.strip_prefix("--")?.strip_prefix(name)?;
        let edit = Edit::replace(error.place, format!("{flag}{rest}"));
        let fix = Fix::unsafe_(format!("write `{flag}`"), vec![edit]);
        return Some((format!("did you mean `{flag}`?"), Some(fix)));
    }
    let (setting, what) = error.value.strip_prefix('`')?.split_once("`: ")?;
    if let Some(address) = what.strip_suffix(" has host bits set") {
        let network = network_around(address)?;
        let mut found = written.match_indices(address);
        let fix = match (found.next(), found.next()) {
            (Some((at, _)), None) => {
                let start = error.place.span.start + at;
                let place = Place::new(error.place.file, Span::new(start, start + address.len()));
                Some(Fix::unsafe_(format!("write `{network}`"), vec![Edit::replace(place, network.clone())]))
            }
            _ => None,
        };
        return Some((format!("write `{network}`, or `{}` for one machine", address.split('/').next()?), fix));
    }
    if what.ends_with("must be a string") {
        let items = written.trim().strip_prefix(['[', '('])?.strip_suffix([']', ')'])?;
        let parts = items.split(',').map(str::trim).filter(|item| !item.is_empty());
        let parts: Option<Vec<&str>> = parts.map(unquoted).collect();
        let text = format!("\"{}\"", parts?.join(","));
        let edit = Edit::replace(error.place, text.clone());
        return Some((
            format!("write `{setting} = {text}`"),
            Some(Fix::unsafe_(format!("write `{text}`"), vec![edit])),
        ));
    }
    None
}

fn unquoted(item: &str) -> Option<&str> {
    item.strip_prefix(['"', '\''])?.strip_suffix(['"', '\''])
}

/// Whether a value that is computed is refused for what is written, and refused, elsewhere.
fn is_echo(service: &Service, error: &Located<String>, context: &Context) -> bool {
    let what = |error: &Located<String>| error.value.split_once("`: ").map(|(_, what)| what.to_owned());
    let shown = |error: &Located<String>, text: &str| context.files.text_at(error.place).contains(text);
    let own = what(error);
    let quoted = own.as_deref().and_then(|own| own.split('`').nth(1));
    quoted.is_some_and(|quoted| {
        let others = service.deployment.errors.iter().filter(|other| other.place != error.place && what(other) == own);
        !shown(error, quoted) && others.into_iter().any(|other| shown(other, quoted))
    })
}
