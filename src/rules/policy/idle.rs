//! Policies that are about nothing in the project.
//!
//! Decides by the servers that were found. Where a class cannot be told, a policy may well be about it, and one that
//! several projects share is for the others.

use super::{Policy, Subject};
use crate::rules::prelude::{Context, Service};

/// The policies that can say nothing about any of these, each with the reason, as a sentence.
pub fn idle<'p>(policies: &'p [Policy], services: &[Service], context: &Context) -> Vec<(&'p Policy, String)> {
    let own = policies.iter().filter(|policy| !policy.is_shared && !services.is_empty());
    own.filter_map(|policy| Some((policy, reason(policy, services, context)?))).collect()
}

fn reason(policy: &Policy, services: &[Service], context: &Context) -> Option<String> {
    let mut fitting = services.iter().filter(|service| policy.when.may_hold(service, context)).peekable();
    if fitting.peek().is_none() {
        return Some(format!("the `when` of the policy `{}` fits no server that this project starts", policy.name));
    }
    let Subject::Setting(name) = &policy.subject else { return None };
    let has = fitting.any(|service| service.deployment.setting(name).is_some());
    (!has).then(|| {
        format!("the policy `{}` is about no server of this project: none has a setting `{name}`", policy.name)
    })
}
