//! The patterns of a shell: `*`, `?` and `[a-z]`.
//!
//! Does not know files: a slash is a character like any other.

/// Whether `pattern` fits all of `text`.
pub(crate) fn fits(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut read) = (0, 0);
    // Where the last star stands, and how much of the text it has taken so far.
    let mut star: Option<(usize, usize)> = None;
    loop {
        if pattern.get(at) == Some(&'*') {
            star = Some((at, read));
            at += 1;
        } else if let Some(next) = text.get(read).and_then(|char| one(&pattern, at, *char)) {
            at = next;
            read += 1;
        } else if read == text.len() && at == pattern.len() {
            return true;
        } else {
            // Whatever the last star took was too little.
            match &mut star {
                Some((stands, taken)) if *taken < text.len() => {
                    *taken += 1;
                    at = *stands + 1;
                    read = *taken;
                }
                _ => return false,
            }
        }
    }
}

/// The place behind the element of the pattern that stands at `at`, if `char` is one that it admits.
fn one(pattern: &[char], at: usize, char: char) -> Option<usize> {
    match pattern.get(at)? {
        '?' => Some(at + 1),
        '\\' if at + 1 < pattern.len() => (pattern.get(at + 1) == Some(&char)).then_some(at + 2),
        '[' => match set(pattern, at) {
            Some((members, negated, end)) => (holds(members, char) != negated).then_some(end),
            // No bracket closes it, so it stands for itself.
            None => (char == '[').then_some(at + 1),
        },
        literal => (*literal == char).then_some(at + 1),
    }
}

/// The members of the set that begins at `at`, whether it admits all others, and the place behind it.
fn set(pattern: &[char], at: usize) -> Option<(&[char], bool, usize)> {
    let negated = matches!(pattern.get(at + 1), Some('!' | '^'));
    let first = at + 1 + usize::from(negated);
    let end = (first + 1..pattern.len()).find(|end| pattern.get(*end) == Some(&']'))?;
    Some((pattern.get(first..end)?, negated, end + 1))
}

fn holds(members: &[char], char: char) -> bool {
    let mut index = 0;
    while let Some(&low) = members.get(index) {
        let range = (members.get(index + 1) == Some(&'-')).then(|| members.get(index + 2)).flatten();
        if range.map_or(low == char, |high| (low..=*high).contains(&char)) {
            return true;
        }
        index += if range.is_some() { 3 } else { 1 };
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The answers of Python's `fnmatch.fnmatchcase`, which follows the same rules but for the escape.
    #[test]
    fn patterns_fit_all_of_a_text() {
        for (pattern, text, expected) in [
            ("*.py", "a.py", true),
            ("*.py", "a.pyc", false),
            ("a*b*c", "aXbXbYc", true),
            ("?b", "ab", true),
            ("?b", "b", false),
            ("[a-c]x", "bx", true),
            ("[!a-c]x", "bx", false),
            ("[", "[", true),
            ("", "", true),
            ("*", "", true),
            ("\\*", "*", true),
            ("\\*", "a", false),
        ] {
            assert_eq!(fits(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn many_stars_end_soon() {
        assert!(!fits(&"*a".repeat(200), &"a".repeat(150)));
        assert!(!fits(&format!("{}b", "a*".repeat(200)), &"a".repeat(4_000)));
    }
}
