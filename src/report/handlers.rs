//! How many handlers an application has, and where they run: a part of `show`.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::Look;
use super::launches::WIDTH;
use crate::app::{Application, Calls, Context, Role};
use crate::deployment::Deployment;
use crate::servers::{Interface, Model};
use crate::source::Files;

/// The applications that no known server runs.
pub fn unstarted(files: &Files, orphans: &[Application], look: Look) -> String {
    let mut text = String::new();
    for application in orphans {
        let made = format!("{}, {}", application.framework.name(), files.describe(application.place));
        let _ = writeln!(text, "{}  {made}", look.bold("started by nothing that farrier reads"));
        lines(&mut text, application, Calls::InThreads);
        text.push('\n');
    }
    text
}

/// One line for each place where handlers run: `12 routes, 2 middleware on the event loop`.
pub(super) fn describe(text: &mut String, deployment: &Deployment, application: &Application) {
    lines(text, application, calls(deployment));
}

fn lines(text: &mut String, application: &Application, calls: Calls) {
    let mut places: BTreeMap<Context, BTreeMap<Role, usize>> = BTreeMap::new();
    for handler in &application.handlers {
        *places.entry(handler.runs.under(calls)).or_default().entry(handler.role).or_default() += 1;
    }
    let mut label = "handlers";
    for (place, roles) in &places {
        let counts: Vec<String> = roles.iter().map(|(role, count)| counted(*role, *count)).collect();
        let _ = writeln!(text, "  {label:WIDTH$} {} {}", counts.join(", "), place.place());
        label = "";
    }
}

fn counted(role: Role, count: usize) -> String {
    let (one, several) = role.nouns();
    format!("{count} {}", if count == 1 { one } else { several })
}

fn calls(deployment: &Deployment) -> Calls {
    let class = deployment.class.map(|class| (class.model(), class.interface()));
    match class {
        Some((Model::Greenlets, _)) => Calls::InGreenlets,
        Some((Model::EventLoop, Interface::Wsgi)) => Calls::OnLoop,
        // uWSGI has an option for it instead of a class.
        None if deployment.int("gevent").is_some_and(|greenlets| greenlets > 0) => Calls::InGreenlets,
        _ => Calls::InThreads,
    }
}
