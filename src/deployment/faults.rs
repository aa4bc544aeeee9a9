//! Values that Gunicorn takes when it reads them and stumbles over when it starts.

use super::effective::{Effective, Layer, Settings};
use crate::servers::address_fault;
use crate::source::Located;
use crate::values::Value;

/// What stops the start although every setting was accepted.
pub(super) fn at_start(settings: &Settings) -> Vec<Located<String>> {
    let mut faults = addresses(settings);
    let class = settings.get("worker_class").filter(|class| class.value() == Some(&Value::None));
    let place = class.and_then(Effective::place);
    faults.extend(place.map(|place| Located::new("`worker_class`: `None` is no class".to_owned(), place)));
    faults
}

fn addresses(settings: &Settings) -> Vec<Located<String>> {
    let Some(bind) = settings.get("bind").filter(|bind| bind.winner.layer > Layer::Default) else {
        return Vec::new();
    };
    let (Some(Value::List(addresses)), Some(place)) = (bind.value(), bind.place()) else { return Vec::new() };
    addresses
        .iter()
        .filter_map(|address| match address {
            Value::None => Some("`None` is no address".to_owned()),
            address => address_fault(address.as_str()?),
        })
        .map(|fault| Located::new(format!("`bind`: {fault}"), place))
        .collect()
}
