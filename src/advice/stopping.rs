//! More time until the kill, where a file of the project says how long that is.

use super::alias;
use crate::deployment::Deployment;
use crate::findings::{Edit, Fix};
use crate::sizing::Item;
use crate::source::{Files, Place};

/// Allows `seconds` until the kill, where `kill` is a plain number of them.
pub fn longer(kill: Place, seconds: f64, files: &Files) -> Option<Fix> {
    let written = files.text_at(kill);
    let digits = written.trim_end_matches('s');
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let unit = written.get(digits.len()..).filter(|_| plain && alias::anchor(files, kill).is_none())?;
    let edit = Edit::replace(kill, format!("{seconds:.0}{unit}"));
    Some(Fix::unsafe_(format!("allow {seconds:.0} s to stop"), vec![edit]))
}

/// What follows `item`, if that is about the time until the kill which a file of the project states.
pub(super) fn followed(deployment: &Deployment, item: &Item, files: &Files) -> Option<(Place, Fix)> {
    let kill = deployment.limits.stop_grace.as_ref()?.place;
    let now = item.current.as_ref().filter(|now| now.source.ends_with(&files.describe(kill)))?;
    now.value.whole()?;
    Some((kill, longer(kill, f64::from(item.target.whole()?), files)?))
}
