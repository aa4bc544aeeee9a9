//! One requirement: `gunicorn[gevent]>=20,<24 ; python_version > "3.8"`.

use crate::source::Place;

use super::super::Requirement;

/// A distribution name as the index compares it: lower case, runs of `-`, `_` and `.` as one `-` (PEP 503).
pub(super) fn normalised(name: &str) -> String {
    let mut normal = String::with_capacity(name.len());
    for char in name.chars() {
        if matches!(char, '-' | '_' | '.') {
            if !normal.ends_with('-') {
                normal.push('-');
            }
        } else {
            normal.extend(char.to_lowercase());
        }
    }
    normal
}

/// Reads a requirement as PEP 508 writes it; `None` for a path or an address without a name.
pub(super) fn parse(text: &str, place: Place) -> Option<Requirement> {
    let text = text.split(';').next().unwrap_or(text).trim();
    let length = text.find(|c: char| !is_name(c)).unwrap_or(text.len());
    let (name, rest) = text.split_at(length);
    if !name.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        return None;
    }
    let rest = rest.trim_start();
    let (extras, rest) = match rest.strip_prefix('[') {
        Some(inside) => inside.split_once(']')?,
        None => ("", rest),
    };
    let rest = rest.trim();
    let rest = rest.strip_prefix('(').and_then(|inside| inside.strip_suffix(')')).unwrap_or(rest);
    // `name @ https://…` names an artefact; `./name` and `name/file.whl` are paths.
    let operator = rest.is_empty() || rest.starts_with(['=', '<', '>', '!', '~', '@']);
    operator.then(|| from_parts(name, extras, if rest.starts_with('@') { "" } else { rest }, place))
}

/// A requirement whose parts stand apart, as in the tables of poetry and pipenv.
pub(super) fn from_parts(name: &str, extras: &str, specifier: &str, place: Place) -> Requirement {
    let specifier = specifier.split_whitespace().collect::<String>();
    let specifier = if specifier == "*" { String::new() } else { specifier };
    let exact = specifier.strip_prefix("===").or_else(|| specifier.strip_prefix("=="));
    let exact = exact.filter(|version| !version.is_empty() && !version.contains([',', '*', '<', '>', '!', '$', '{']));
    Requirement {
        name: normalised(name),
        extras: extras.split(',').map(|extra| normalised(extra.trim())).filter(|extra| !extra.is_empty()).collect(),
        pinned: exact.map(str::to_owned),
        specifier,
        place,
    }
}

fn is_name(char: char) -> bool {
    char.is_ascii_alphanumeric() || matches!(char, '-' | '_' | '.')
}
