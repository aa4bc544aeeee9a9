//! Fires when whoever stops the process kills it before its graceful stop can end.

use super::prelude::*;
use crate::advice;
use crate::rules::reliability::swallows;
use crate::rules::surroundings::seconds;
use crate::sizing::chain::FEW_SECONDS;

pub(super) const RULE: Rule = rule!("grace-exceeds-kill", Shape::AnyServer(check));

fn check(service: &Service, context: &Context, out: &mut Findings) {
    let deployment = service.deployment;
    if !service.in_production() {
        return;
    }
    // Both sides must be known, and somebody must have chosen one of them: defaults that meet are no plan.
    let (Some(graceful), Some(kill)) = (service.graceful(), service.kill(context)) else { return };
    let Some(wait) = graceful.int().filter(|&wait| wait > 0) else { return };
    let delay = deployment.stop_delay.as_ref();
    let total = exact(wait) + delay.map_or(0.0, |delay| delay.value.0);
    if total < kill.seconds || !(graceful.changes() || kill.is_chosen || delay.is_some()) {
        return;
    }
    // A default that is written out is one all the same: what ends within it ends in both cases.
    if total <= kill.seconds && !graceful.changes() && delay.is_none() {
        return;
    }
    if swallows(service, context) {
        return;
    }
    // SIGINT and SIGQUIT end Gunicorn without waiting for requests (27.0.1).
    let other = deployment.stop_signal.as_ref().is_some_and(|signal| !signal.value.contains("TERM"));
    if other && service.is_gunicorn() {
        return;
    }
    let name = graceful.setting.name();
    let before = delay.map_or_else(String::new, |delay| format!(" after {} of `preStop`", seconds(delay.value.0)));
    let what = if graceful.is_set() { "" } else { ", the default," };
    let margin = out.parameter("margin");
    let fits = kill.seconds - delay.map_or(0.0, |delay| delay.value.0) - margin;
    #[allow(clippy::cast_possible_truncation, reason = "a number of seconds that a person wrote")]
    let fits = (fits >= f64::from(FEW_SECONDS)).then_some(fits.floor() as i64);
    let advised = match fits {
        Some(fits) => Some(service.advised_or(name, fits, context)),
        // With a few seconds the margin is much of them, and less patience cuts requests off that are answered today.
        None => service.advised(name, context),
    };
    let fits = advised.as_ref().map(|advised| advised.value);
    let place = graceful.place().or(kill.place).or(delay.map(|delay| delay.place)).unwrap_or(deployment.command);
    out.report(
        place,
        if graceful.place().is_some() { "waits this long" } else { "killed here" },
        format!(
            "{} may wait {wait} s{what} for requests to end{before}, but {} kills it after {} ({})",
            deployment.server,
            kill.who,
            seconds(kill.seconds),
            kill.source
        ),
    )
    .at_most(graceful.confidence())
    .related_to(kill.place.filter(|&other| other != place).map(|place| Located::new("killed here".to_owned(), place)))
    .related_to(kill.place.is_none().then(|| runs_it(service, place)).flatten())
    .related_to(delay.map(|delay| Located::new("waits here first".to_owned(), delay.place)))
    .help(match fits {
        Some(fits) => format!("set `{name}` to {fits}, or allow more time to stop"),
        None => format!("allow {} to stop", seconds(total + margin)),
    })
    .fix(match fits {
        // Nobody has said that it may not take longer where the time to stop is only a default.
        Some(fits) => {
            let safe = kill.is_chosen && fits >= i64::from(FEW_SECONDS);
            advised.and_then(|advised| if safe { advised.safely() } else { advised.fix })
        }
        None => match kill.place {
            Some(place) => advice::longer(place, total + margin, context.files),
            None => allowed(service, total + margin, context),
        },
    });
}

/// More time than the default of Compose.
fn allowed(service: &Service, seconds: f64, context: &Context) -> Option<Fix> {
    let edit = service.in_compose(&format!("stop_grace_period: {seconds:.0}s"), context)?;
    Some(Fix::unsafe_(format!("allow {seconds:.0} s to stop"), vec![edit]))
}

/// What runs it, where that is another file than that of `place`: a default of it kills.
fn runs_it(service: &Service, place: Place) -> Option<Located<String>> {
    let (name, at) = service.deployment.started_by.first().filter(|(_, at)| at.file != place.file)?;
    Some(Located::new(format!("`{name}` runs it, and says nothing of the time to stop"), *at))
}
