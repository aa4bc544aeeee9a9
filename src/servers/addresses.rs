//! Network addresses as Gunicorn checks them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::cast::{CastError, refuse};
use super::{Version, integer};
use crate::values::Value;

/// Checks a list of addresses to trust, `*` among them; with `networks`, of networks too.
pub(super) fn trusted(list: Value, networks: bool) -> Result<Value, CastError> {
    if let Value::List(items) = &list {
        for item in items.iter().filter_map(Value::as_str) {
            if item != "*" && item.parse::<IpAddr>().is_err() {
                let Some((address, mask)) = item.split_once('/').filter(|_| networks) else {
                    return refuse(format!("`{item}` does not appear to be an IP address"));
                };
                network(item, address, mask)?;
            }
        }
    }
    Ok(list)
}

fn network(item: &str, address: &str, mask: &str) -> Result<(), CastError> {
    let invalid = || refuse(format!("`{item}` does not appear to be an IP network"));
    let Ok(address) = address.parse::<IpAddr>() else {
        return invalid();
    };
    let (bits, width) = match address {
        IpAddr::V4(v4) => (u128::from(v4.to_bits()), 32),
        IpAddr::V6(v6) => (v6.to_bits(), 128),
    };
    let host_bits = if let Ok(prefix) = mask.parse::<u32>() {
        if prefix > width {
            return invalid();
        }
        width - prefix
    } else {
        // A netmask, or a host mask such as 0.0.0.255.
        let Some(mask) = mask.parse::<Ipv4Addr>().ok().filter(|_| width == 32) else {
            return invalid();
        };
        let mask = mask.to_bits();
        if mask.leading_ones() + mask.trailing_zeros() == 32 {
            mask.trailing_zeros()
        } else if mask.leading_zeros() + mask.trailing_ones() == 32 {
            mask.trailing_ones()
        } else {
            return invalid();
        }
    };
    if bits.trailing_zeros() < host_bits && bits != 0 {
        return refuse(format!("{item} has host bits set"));
    }
    Ok(())
}

/// The network that `10.0.0.1/8`, which has host bits set, is meant for: `10.0.0.0/8`; `None` for anything else.
pub fn network_around(text: &str) -> Option<String> {
    let (address, prefix) = text.split_once('/')?;
    let length: u32 = prefix.parse().ok()?;
    Some(match address.parse().ok()? {
        IpAddr::V4(v4) => {
            let mask = u32::MAX.checked_shl(32_u32.checked_sub(length)?).unwrap_or(0);
            format!("{}/{length}", Ipv4Addr::from_bits(v4.to_bits() & mask))
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX.checked_shl(128_u32.checked_sub(length)?).unwrap_or(0);
            format!("{}/{length}", Ipv6Addr::from_bits(v6.to_bits() & mask))
        }
    })
}

/// The address of a metrics server; until 21.0 it had to be exactly `host:port`.
pub(super) fn metrics(value: Value, version: Version) -> Result<Value, CastError> {
    let Some(text) = value.as_str() else {
        return Ok(value);
    };
    let parts: Vec<&str> = text.split(':').collect();
    let port = |text: &str| integer::decimal(text).is_some();
    let fine = if version < Version::new(21, 0, 0) {
        matches!(parts[..], [_, number] if port(number))
    } else if text.starts_with("unix:") || text.contains('[') || text.contains("://") {
        true
    } else {
        parts.get(1).is_none_or(|number| port(number))
    };
    if fine { Ok(value) } else { refuse("Value must be one of ('host:port', 'unix://PATH')") }
}
/// Why Gunicorn cannot listen on `address`; `None` if it can be tried.
///
/// Follows `gunicorn.util.parse_address` of 27.0.1, which takes what stands between the first two
/// colons for the port.
pub fn address_fault(address: &str) -> Option<String> {
    if address.starts_with("unix:") {
        return None;
    }
    let number = |text: &str, what: &str| {
        // What `int()` takes, and a socket too.
        let fine = integer::decimal(text).is_some_and(|number| number >= 0);
        (!fine).then(|| format!("`{text}` is not a valid {what}"))
    };
    if let Some(descriptor) = address.strip_prefix("fd://") {
        return number(descriptor, "file descriptor");
    }
    let address = address.strip_prefix("tcp://").unwrap_or(address);
    let port = if address.contains('[') && address.contains(']') {
        address.split("]:").nth(1)
    } else {
        address.split(':').nth(1)
    };
    number(port?, "port number")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_lose_their_host_bits() {
        for (text, network) in [
            ("10.0.0.1/8", Some("10.0.0.0/8")),
            ("10.0.0.1/0", Some("0.0.0.0/0")),
            ("192.168.1.130/25", Some("192.168.1.128/25")),
            ("fd00::1/8", Some("fd00::/8")),
            ("10.0.0.1/33", None),
            ("10.0.0.1", None),
            ("web/8", None),
        ] {
            assert_eq!(network_around(text).as_deref(), network, "{text}");
        }
    }
}
