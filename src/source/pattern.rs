//! The patterns of a shell: `*`, `?` and `[a-z]`.
//!
//! Does not know files: a slash is a character like any other.

/// Whether `pattern` fits all of `text`.
pub(super) fn fits(pattern: &str, text: &str) -> bool {
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
        '[' => set(pattern, at, char).unwrap_or_else(|| (char == '[').then_some(at + 1)),
        literal => (*literal == char).then_some(at + 1),
    }
}

/// The same for a set; `None` where no bracket closes it, so that it is none.
fn set(pattern: &[char], at: usize, char: char) -> Option<Option<usize>> {
    let negated = matches!(pattern.get(at + 1), Some('!' | '^'));
    let first = at + 1 + usize::from(negated);
    let end = (first + 1..pattern.len()).find(|end| pattern.get(*end) == Some(&']'))?;
    let members = pattern.get(first..end)?;
    let mut holds = false;
    let mut index = 0;
    while let Some(&low) = members.get(index) {
        if let (Some('-'), Some(&high)) = (members.get(index + 1), members.get(index + 2)) {
            holds |= (low..=high).contains(&char);
            index += 3;
        } else {
            holds |= low == char;
            index += 1;
        }
    }
    Some((holds != negated).then_some(end + 1))
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
