//! Every class of the catalogue can come into being in somebody's program.
//!
//! A class that nothing gives and that nobody makes is never met, whatever is said about its methods. What people make
//! or declare themselves is listed in `made.txt`; all others have to be given by a function, or by something
//! that is alive.

use std::collections::BTreeSet;

use super::schema::Type;
use super::{Index, index};
use crate::values::HashSet;
use crate::values::Order as _;

/// Classes that programs make, inherit from, or are handed by a framework.
const MADE: &str = include_str!("made.txt");
/// What `gives` may say besides the name of a type.
const RELATIVE: [&str; 4] = ["Self", "(Self, ...)", "Row", "[Row]"];
/// Modules that are named like classes.
const MODULES: [&str; 1] = ["PIL.Image"];

fn made() -> HashSet<&'static str> {
    MADE.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect()
}

fn types(index: &Index) -> Vec<&'static Type> {
    let mut types: Vec<&'static Type> = index.types.values().map(|known| known.data).collect();
    types.order_by_key(|ty| &ty.name);
    types.dedup_by_key(|ty| &ty.name);
    types
}

/// The class whose method or instance a maker is: `a.B` of `a.B.open` and of `a.B()`; none for `a.open`.
fn owner(maker: &str) -> Option<&str> {
    let maker = maker.trim_end_matches("[]");
    if let Some(class) = maker.strip_suffix("()") {
        return Some(class);
    }
    let owners = maker.match_indices('.').skip(1).map(|(at, _)| maker.get(..at).unwrap_or_default());
    owners.filter(|owner| owner.rsplit('.').next().is_some_and(is_class) && !MODULES.contains(owner)).last()
}

fn is_class(name: &str) -> bool {
    name.starts_with(char::is_uppercase) && !name.chars().all(char::is_uppercase)
}

fn target(index: &Index, name: &'static str) -> &'static str {
    index.types.get(name).map_or(name, |known| known.name())
}

/// Whether a class comes into being, given those of which that is known.
fn comes_alive(ty: &Type, index: &Index, alive: &BTreeSet<&str>, made: &HashSet<&str>) -> bool {
    let named = std::iter::once(&ty.name).chain(&ty.alias).any(|name| made.contains(name.as_str()));
    named
        || ty.narrows.as_deref().is_some_and(|class| alive.contains(class))
        || ty.from.iter().any(|maker| match owner(maker) {
            None => true,
            Some(class) => match index.types.get(class) {
                // A class of the same name makes it by a method of the class; calling an instance takes one.
                Some(known) => alive.contains(known.name()) || (known.name() == ty.name && !maker.ends_with("()")),
                None => {
                    made.contains(class) || alive.contains(class) || !class.rsplit('.').next().is_some_and(is_class)
                }
            },
        })
}

#[test]
fn every_class_is_made_or_given() {
    let (index, made) = (index(), made());
    let types = types(index);
    let mut alive: BTreeSet<&str> = BTreeSet::new();
    loop {
        let before = alive.len();
        for ty in &types {
            if !alive.contains(ty.name.as_str()) && comes_alive(ty, index, &alive, &made) {
                alive.insert(&ty.name);
            }
            if alive.contains(ty.name.as_str()) {
                alive.extend(ty.gives.values().chain(ty.holds.values()).map(|given| target(index, given)));
            }
        }
        if alive.len() == before {
            break;
        }
    }
    let dead: Vec<&str> = types.iter().map(|ty| ty.name.as_str()).filter(|name| !alive.contains(*name)).collect();
    assert!(dead.is_empty(), "nothing makes or gives {} of {}: {dead:#?}", dead.len(), types.len());
}

#[test]
fn what_is_given_is_in_the_catalogue() {
    let index = index();
    let leads_on = |name: &str| index.makers.keys().any(|maker| owner(maker) == Some(name));
    let mut lost = Vec::new();
    for ty in types(index) {
        for (member, given) in ty.gives.iter().chain(&ty.holds) {
            let given = given.as_str();
            if !RELATIVE.contains(&given) && index.known_type(given).is_none() && !leads_on(given) {
                lost.push(format!("{}.{member}: {given}", ty.name));
            }
        }
    }
    assert!(lost.is_empty(), "{lost:#?}");
}

#[test]
fn what_is_made_is_spoken_about() {
    let index = index();
    let owners: HashSet<&str> = index.makers.keys().filter_map(|maker| owner(maker)).collect();
    let speaks = |name: &&str| {
        let package = name.strip_suffix(".*").is_some_and(|package| index.packages.contains_key(package));
        package || index.types.contains_key(*name) || owners.contains(*name)
    };
    let stale: Vec<&str> = made().into_iter().filter(|name| !speaks(name)).collect();
    assert!(stale.is_empty(), "not in the catalogue: {stale:#?}");
}
