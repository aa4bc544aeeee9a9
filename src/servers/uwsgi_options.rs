//! All options of uWSGI by name, for telling a slip from a name of somebody's own.
//!
//! A file of options may hold any other name, for others to refer to as `%(name)`; uWSGI reads such a name and goes
//! on, unless it is `strict`. The table has the options that matter, this list has all of them.

/// The options of 2.0.31 and its plugins, one a line.
const OPTIONS: &str = include_str!("../../rules/servers/uwsgi-options.txt");

/// More letters than any option has.
const MAX_LENGTH: usize = 64;

fn names() -> impl Iterator<Item = &'static str> {
    OPTIONS.lines().filter_map(|line| line.split(' ').next()?.strip_prefix("--"))
}

/// The option that `name` was meant to be; `None` for an option, and for what resembles none or several.
pub fn near_option(name: &str) -> Option<&'static str> {
    if name.len() > MAX_LENGTH || names().any(|known| known == name) {
        return None;
    }
    let plain = name.to_ascii_lowercase().replace('_', "-");
    if let Some(spelled) = names().find(|known| *known == plain) {
        return Some(spelled);
    }
    let mut nearest: Option<(usize, &str)> = None;
    let mut tied = false;
    for known in names() {
        let allowed = match known.len().min(plain.len()) {
            0..=5 => 0,
            6..=8 => 1,
            _ => 2,
        };
        if known.len().abs_diff(plain.len()) > allowed {
            continue;
        }
        let distance = strsim::osa_distance(&plain, known);
        match nearest {
            _ if distance > allowed => {}
            Some((best, _)) if best < distance => {}
            Some((best, other)) if best == distance && other != known => tied = true,
            _ => (nearest, tied) = (Some((distance, known)), false),
        }
    }
    nearest.filter(|_| !tied).map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use super::near_option;

    #[test]
    fn slips_and_spellings() {
        for (wrong, right) in [
            ("proceses", Some("processes")),
            ("harakri", Some("harakiri")),
            ("wsgi_file", Some("wsgi-file")),
            ("max-request", Some("max-requests")),
            ("die-on-terms", Some("die-on-term")),
            ("processes", None),
            ("project", None),
            ("base", None),
            ("app-name", None),
            ("domain", None),
        ] {
            assert_eq!(near_option(wrong), right, "{wrong}");
        }
    }
}
