//! Values that Gunicorn takes when it reads them and stumbles over when it starts.

use super::effective::{Candidate, Effective, Layer, Resolved, Settings};
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

/// `create_sockets` of Gunicorn 27.0.1: with sockets that systemd opened, no `bind` counts.
pub(super) fn activate(settings: &mut Settings, sockets: &[Located<String>], awaited: Option<&Located<String>>) {
    let address = |socket: &Located<String>| Value::Str(listen_address(&socket.value));
    let (place, value) = match (sockets.first(), awaited) {
        (Some(first), _) => (first.place, Resolved::Known(Value::List(sockets.iter().map(address).collect()))),
        (None, Some(unit)) => {
            let why = format!("the socket comes from `{}`, which is not in the project", unit.value);
            (unit.place, Resolved::Unknown(why))
        }
        (None, None) => return,
    };
    let candidate = Candidate { value, layer: Layer::Manager, place: Some(place), site: None, depends: Vec::new() };
    settings.outrank("bind", candidate);
}

/// A `ListenStream=` as Gunicorn writes addresses: a port alone is one of all interfaces (`systemd.socket(5)`).
fn listen_address(text: &str) -> String {
    if text.starts_with(['/', '@']) {
        format!("unix:{text}")
    } else if text.bytes().all(|byte| byte.is_ascii_digit()) {
        format!("[::]:{text}")
    } else {
        text.to_owned()
    }
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
