//! What a comment that cannot be understood was probably meant to say.
//!
//! Only where every word is accounted for: the rules are named and exist, and what follows is a reason.

/// The comment as it has to be written; `None` where that is a guess. `is_rule` is asked in lower case.
pub(super) fn meant(comment: &str, is_rule: &dyn Fn(&str) -> bool) -> Option<String> {
    let lower = comment.to_ascii_lowercase();
    let rest = lower.get(lower.find("farrier")? + "farrier".len()..)?.trim_start_matches([':', ' ', '\t']);
    let rest = rest.strip_prefix("ignores").or_else(|| rest.strip_prefix("ignore"))?;
    let (verb, rest) = match rest.strip_prefix("-file") {
        Some(rest) => ("ignore-file", rest),
        None => ("ignore", rest),
    };
    let (names, reason) = named(rest.trim_start())?;
    let is_known = |name: &str| is_rule(&name.to_ascii_lowercase());
    // Lower case has changed no length, as it is that of ASCII alone.
    let names = lower.find(names).and_then(|at| comment.get(at..at + names.len()))?;
    let names: Vec<&str> = names.split([',', ' ', '\t']).filter(|name| !name.is_empty()).collect();
    if names.is_empty() || !names.iter().all(|name| is_known(name)) {
        return None;
    }
    // The reason keeps its capitals.
    let reason = comment.get(comment.len() - reason.len()..)?;
    let reason = reason.trim_start_matches([' ', '\t', '-', ':', '–', '—', '#']).trim();
    let reason = if reason.is_empty() { String::new() } else { format!(" -- {reason}") };
    let sign = if comment.starts_with(';') { ';' } else { '#' };
    Some(format!("{sign} farrier: {verb}[{}]{reason}", names.join(", ")))
}

/// The names of rules and what stands behind them.
fn named(text: &str) -> Option<(&str, &str)> {
    for (open, close) in [('[', ']'), ('(', ')')] {
        if let Some(inside) = text.strip_prefix(open) {
            // Where nothing closes them, the reason does.
            return inside.split_once(close).or_else(|| Some((inside, "")).filter(|_| !inside.contains("--"))).or_else(
                || {
                    let at = inside.find("--")?;
                    inside.split_at_checked(at)
                },
            );
        }
    }
    // Without brackets one word is a rule and the rest is none.
    let text = text.trim_start_matches([':', '=']).trim_start();
    let end = text.find([' ', '\t']).unwrap_or(text.len());
    let (name, rest) = text.split_at_checked(end)?;
    (rest.trim().is_empty() || rest.trim_start().starts_with('-')).then_some((name, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(comment: &str) -> Option<String> {
        meant(comment, &|word| matches!(word, "a" | "far001"))
    }

    #[test]
    fn what_can_only_mean_one_thing_is_written_out() {
        for (comment, right) in [
            ("# farrier ignore[a]", "# farrier: ignore[a]"),
            ("# farrier: ignore[a,]", "# farrier: ignore[a]"),
            ("# farrier: ignore[a FAR001]", "# farrier: ignore[a, FAR001]"),
            ("# farrier: ignore[a] Because", "# farrier: ignore[a] -- Because"),
            ("# farrier: ignore[a] - because", "# farrier: ignore[a] -- because"),
            ("# farrier: ignore[a] — because", "# farrier: ignore[a] -- because"),
            ("# farrier: ignore[a] --", "# farrier: ignore[a]"),
            ("; farrier ignore[a]", "; farrier: ignore[a]"),
            ("# farrier: ignore(a)", "# farrier: ignore[a]"),
            ("# farrier: ignore[a", "# farrier: ignore[a]"),
            ("# farrier: ignore[a -- Why", "# farrier: ignore[a] -- Why"),
            ("# farrier: ignores[a]", "# farrier: ignore[a]"),
            ("# farrier: ignore a", "# farrier: ignore[a]"),
            ("# farrier: ignore: a -- why", "# farrier: ignore[a] -- why"),
        ] {
            assert_eq!(of(comment).as_deref(), Some(right), "{comment}");
        }
    }

    #[test]
    fn a_guess_is_none() {
        for comment in
            ["# farrier: ignore", "# farrier: ignore[b]", "# farrier: disable[a]", "# farrier: ignore a b", "#"]
        {
            assert_eq!(of(comment), None, "{comment}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_without_panic(comment in "#[ #a-zA-Z:äß-]{0,8}farrier[ :]*(ignore)?(-file)?[\\[\\](), a-zäßİ—-]{0,20}") {
            let _ = meant(&comment, &|_| true);
        }
    }
}
