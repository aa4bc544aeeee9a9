//! Fires when greenlets wait in code that gevent cannot switch away from.

use std::collections::BTreeMap;

use super::prelude::*;
use crate::app::{Category, Context as Runs, Gevent, Reached, Weight};
use crate::values::Order as _;

pub(super) const RULE: Rule = rule!("blocking-c-driver", Shape::App(check));

/// A driver below an ORM that waits in C.
struct Driver {
    package: &'static str,
    /// What makes it yield, if anything does.
    cure: Option<&'static str>,
    /// The kinds of databases that URLs name for it, and its own name there.
    schemes: &'static [&'static str],
    own: &'static str,
}

const POSTGRES: &[&str] = &["postgresql", "postgres", "postgis", "psql", "pgsql"];
const MYSQL: &[&str] = &["mysql", "mariadb"];

const DRIVERS: [Driver; 4] = [
    Driver { package: "psycopg2", cure: Some("psycogreen"), schemes: POSTGRES, own: "psycopg2" },
    Driver { package: "psycopg2-binary", cure: Some("psycogreen"), schemes: POSTGRES, own: "psycopg2" },
    Driver { package: "mysqlclient", cure: None, schemes: MYSQL, own: "mysqldb" },
    Driver { package: "pyodbc", cure: None, schemes: &["mssql"], own: "pyodbc" },
];

/// Drivers that yield under greenlets: a project that asks for one of them may use it and not the other.
const YIELDING: [&str; 4] = ["psycopg", "pymysql", "pg8000", "mysql-connector-python"];

fn check(app: &App, service: Option<&Service>, context: &Context, out: &mut Findings) {
    let Some(service) = service.filter(|service| service.in_production() && service.runs_greenlets()) else {
        return;
    };
    let mut drivers: BTreeMap<String, (Option<&str>, Vec<&Reached>)> = BTreeMap::new();
    for reached in app.reached.iter().filter(|reached| waits_for_others(reached)) {
        if let Some((driver, cure)) = driver(reached, app, service) {
            drivers.entry(driver).or_insert((cure, Vec::new())).1.push(reached);
        }
    }
    for (driver, (cure, mut calls)) in drivers {
        // Entering and leaving a `with` is not what people look for.
        calls.order_by_key(|call| call.what.ends_with("__"));
        let Some(first) = calls.first() else { continue };
        let says = |call: &Reached| {
            let handler = call.handlers.first().map_or("", |(name, ..)| name.as_str());
            let library = if service.class_name() == "eventlet" { "eventlet" } else { "gevent" };
            format!(
                "`{driver}` waits in C, where {library} cannot switch: while `{}` in `{handler}` waits, every request of \
                 the worker stands still",
                call.what
            )
        };
        let mut report = out
            .report(first.call, "no other greenlet runs meanwhile", says(first))
            .at_most(if first.doubtful { Confidence::Low } else { Confidence::High })
            .about(first.category, format!("calls of {}", first.library))
            .related(service.class_place(), "runs requests as greenlets of one thread");
        for call in calls.iter().skip(1) {
            report = report.alike(call.call, "so does this", Some(says(call)));
        }
        report
            .help(match cure {
                Some(cure) => format!("use {cure}"),
                None => "use a driver in Python, or run this service on `gthread`".to_owned(),
            })
            .fix(cure.filter(|cure| cure.contains("patch_psycopg")).and_then(|_| patch(service, context)));
    }
}

/// Has each worker make psycopg2 yield.
fn patch(service: &Service, context: &Context) -> Option<Fix> {
    let hook =
        "\ndef post_fork(server, worker):\n    from psycogreen.gevent import patch_psycopg\n\n    patch_psycopg()\n";
    let mut edits = vec![service.append_to_configuration("post_fork", hook, context)?];
    if !service.deployment.asks_for("psycogreen") {
        let mut drivers = ["psycopg2", "psycopg2-binary"].into_iter();
        edits
            .push(drivers.find_map(|beside| service.deployment.ask_beside(context.files, beside, "psycogreen", None))?);
    }
    Some(Fix::unsafe_("make psycopg2 yield", edits))
}

/// Whether a call waits for another process, and a request runs it.
fn waits_for_others(reached: &Reached) -> bool {
    let here = reached.contexts.iter().any(|context| matches!(context, Runs::Worker | Runs::OwnLoop));
    // A file of this machine, SQLite's included, answers soon.
    let elsewhere = !matches!(reached.category, Category::Cpu | Category::File | Category::Input)
        && !reached.what.starts_with("sqlite3.")
        && reached.library != "duckdb";
    here && elsewhere && reached.weight == Weight::Unbounded
}

/// The databases that the variables of a service name by URLs: kind, and driver if one is named.
fn databases(service: &Service) -> Vec<(String, String)> {
    let scheme = |(_, value): &(String, String)| {
        let (scheme, _) = value.trim_matches(['"', '\'']).split_once("://")?;
        let (kind, own) = scheme.split_once('+').unwrap_or((scheme, ""));
        let is_database = DRIVERS.iter().any(|driver| driver.schemes.contains(&kind)) || kind == "sqlite";
        is_database.then(|| (kind.to_owned(), own.to_owned()))
    };
    service.deployment.environment.iter().filter_map(scheme).collect()
}

/// The library to blame and what makes it yield; `None` for a call that yields.
fn driver<'a>(reached: &Reached, app: &App, service: &Service<'a>) -> Option<(String, Option<&'a str>)> {
    let name = if reached.library == "stdlib" { reached.what.as_str() } else { reached.library };
    match (reached.gevent, reached.gevent_setup) {
        (Gevent::Blocks, _) => Some((name.to_owned(), None)),
        (Gevent::Setup, Some(setup)) if setup.contains("a driver that yields") => {
            let named = databases(service);
            let speaks = |driver: &&Driver| {
                let fits = |(kind, own): &(String, String)| {
                    driver.schemes.contains(&kind.as_str()) && (own.is_empty() || own == driver.own)
                };
                service.deployment.asks_for(driver.package) && (named.is_empty() || named.iter().any(fits))
            };
            let &Driver { package: driver, cure, .. } = DRIVERS.iter().find(speaks)?;
            // Without a URL either of two may be what it names.
            let is_open = named.is_empty() && YIELDING.iter().any(|driver| service.deployment.asks_for(driver))
                || service.deployment.asks_for("psycopg");
            // Eventlet's own patch makes psycopg2 yield (0.41.1, `patcher.py`).
            let is_patched = service.class_name() == "eventlet" && cure.is_some();
            if is_open || is_patched || cure.is_some_and(|cure| app.makes_cooperative(cure)) {
                return None;
            }
            let cure = cure
                .map(|_| "`psycogreen.gevent.patch_psycopg()` in `post_fork`, or psycopg 3, which yields by itself");
            Some((driver.trim_end_matches("-binary").to_owned(), cure))
        }
        // Anything else than a call that has to be made is how the library is used by default.
        (Gevent::Setup, Some(setup)) if setup.starts_with('`') && setup.contains("()") => {
            let call = setup.split("()").next().and_then(|before| before.rsplit(['`', '.', ' ']).next());
            let done = call.is_some_and(|call| app.makes_cooperative(call));
            (!done).then(|| (name.to_owned(), Some(setup)))
        }
        _ => None,
    }
}
