//! Values that Gunicorn takes when it reads them and stumbles over when it starts.

use super::effective::{Layer, Settings};
use crate::servers::address_fault;
use crate::source::Located;
use crate::values::Value;

/// What stops the start although every setting was accepted.
pub(super) fn at_start(settings: &Settings) -> Vec<Located<String>> {
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
