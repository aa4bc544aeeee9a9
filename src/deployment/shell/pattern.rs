//! Patterns of `case`, `[[ ]]` and `${NAME#pattern}`.

/// Longer texts are not compared: the time grows with both lengths.
const MAX_LENGTH: usize = 4_096;

/// Characters that mean something unless a backslash stands in front.
const SPECIAL: [char; 4] = ['*', '?', '[', '\\'];

/// `text` as a pattern that matches nothing but itself.
pub(super) fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len());
    for char in text.chars() {
        if SPECIAL.contains(&char) || char == ']' || char == '-' || char == '!' {
            quoted.push('\\');
        }
        quoted.push(char);
    }
    quoted
}

/// Whether the shell looks for files. A name of one character out of a few, as `[::1]` would be, is left
/// out: nobody has such files.
pub(super) fn is_special(text: &str) -> bool {
    text.contains(['*', '?'])
}

enum Item {
    Any,
    One,
    Char(char),
    Set { negated: bool, ranges: Vec<(char, char)> },
}

/// A pattern taken apart.
pub(super) struct Pattern(Vec<Item>);

impl Pattern {
    /// `None` for what is not understood: classes, extended patterns, too much of anything.
    pub(super) fn new(text: &str) -> Option<Self> {
        if text.len() > MAX_LENGTH || ["@(", "+(", "!(", "?(", "*("].iter().any(|start| text.contains(start)) {
            return None;
        }
        let mut items = Vec::new();
        let mut chars = text.chars().peekable();
        while let Some(char) = chars.next() {
            items.push(match char {
                '*' => Item::Any,
                '?' => Item::One,
                '\\' => Item::Char(chars.next().unwrap_or('\\')),
                '[' => {
                    let rest: String = chars.clone().collect();
                    match set(&rest)? {
                        Some((item, length)) => {
                            for _ in 0..length {
                                chars.next();
                            }
                            item
                        }
                        None => Item::Char('['),
                    }
                }
                other => Item::Char(other),
            });
        }
        Some(Self(items))
    }

    /// Whether all of `text` matches; `None` where it is too long to tell.
    pub(super) fn matches(&self, text: &str) -> Option<bool> {
        let text: Vec<char> = text.chars().collect();
        (text.len() <= MAX_LENGTH).then(|| self.matches_chars(&text))
    }

    fn matches_chars(&self, text: &[char]) -> bool {
        // Where the last star stood, and how much of the text it has taken.
        let (mut item, mut at) = (0, 0);
        let mut star: Option<(usize, usize)> = None;
        loop {
            match (self.0.get(item), text.get(at)) {
                (Some(Item::Any), _) => {
                    star = Some((item, at));
                    item += 1;
                    continue;
                }
                (Some(one), Some(char)) if one.takes(*char) => {
                    item += 1;
                    at += 1;
                    continue;
                }
                (None, None) => return true,
                _ => {}
            }
            match star {
                Some((from, taken)) if taken < text.len() => {
                    star = Some((from, taken + 1));
                    item = from + 1;
                    at = taken + 1;
                }
                _ => return false,
            }
        }
    }

    /// `text` without what the pattern takes off one of its ends.
    pub(super) fn remove(&self, text: &str, from_end: bool, longest: bool) -> Option<String> {
        let chars: Vec<char> = text.chars().collect();
        if chars.len() > MAX_LENGTH / 8 {
            return None;
        }
        let mut lengths: Vec<usize> = (0..=chars.len()).collect();
        if longest {
            lengths.reverse();
        }
        for length in lengths {
            let (part, rest) = if from_end {
                let (rest, part) = chars.split_at(chars.len() - length);
                (part, rest)
            } else {
                chars.split_at(length)
            };
            if self.matches_chars(part) {
                return Some(rest.iter().collect());
            }
        }
        Some(text.to_owned())
    }

    /// Every longest part of `text` that matches, replaced by `word`.
    pub(super) fn replace(&self, text: &str, word: &str, which: crate::read::shell::Occurrences) -> Option<String> {
        use crate::read::shell::Occurrences;
        let chars: Vec<char> = text.chars().collect();
        if chars.len() > MAX_LENGTH / 16 {
            return None;
        }
        let longest = |at: usize| (at..=chars.len()).rev().find(|&end| self.matches_chars(&chars[at..end]));
        let mut result = String::new();
        match which {
            Occurrences::Prefix => {
                let end = longest(0).map(|end| (word, end));
                let (start, from) = end.unwrap_or(("", 0));
                result.push_str(start);
                result.extend(&chars[from..]);
            }
            Occurrences::Suffix => {
                let start = (0..=chars.len()).find(|&start| self.matches_chars(&chars[start..]));
                result.extend(&chars[..start.unwrap_or(chars.len())]);
                result.push_str(start.map_or("", |_| word));
            }
            Occurrences::First | Occurrences::All => {
                let mut at = 0;
                let mut done = false;
                while at < chars.len() {
                    match longest(at).filter(|&end| end > at && !done) {
                        Some(end) => {
                            result.push_str(word);
                            at = end;
                            done = which == Occurrences::First;
                        }
                        None => {
                            result.push(chars[at]);
                            at += 1;
                        }
                    }
                }
            }
        }
        Some(result)
    }
}

impl Item {
    fn takes(&self, char: char) -> bool {
        match self {
            Self::Any => false,
            Self::One => true,
            Self::Char(own) => *own == char,
            Self::Set { negated, ranges } => {
                ranges.iter().any(|(first, last)| (*first..=*last).contains(&char)) != *negated
            }
        }
    }
}

/// The set behind an opening bracket and how many characters it has; `Some(None)` if nothing closes it,
/// `None` for a class such as `[:digit:]`.
fn set(rest: &str) -> Option<Option<(Item, usize)>> {
    let chars: Vec<char> = rest.chars().collect();
    let negated = matches!(chars.first(), Some('!' | '^'));
    let mut at = usize::from(negated);
    let first = at;
    let mut ranges = Vec::new();
    loop {
        let Some(&char) = chars.get(at) else { return Some(None) };
        if char == ']' && at > first {
            return Some(Some((Item::Set { negated, ranges }, at + 1)));
        }
        if char == '[' && matches!(chars.get(at + 1), Some(':' | '.' | '=')) {
            return None;
        }
        let (char, next) = if char == '\\' { (*chars.get(at + 1).unwrap_or(&'\\'), at + 2) } else { (char, at + 1) };
        match (chars.get(next), chars.get(next + 1)) {
            (Some('-'), Some(&last)) if last != ']' => {
                ranges.push((char, last));
                at = next + 2;
            }
            _ => {
                ranges.push((char, char));
                at = next;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read::shell::Occurrences;

    #[test]
    fn patterns_match_as_in_a_shell() {
        let matches = |pattern: &str, text: &str| Pattern::new(pattern).unwrap().matches(text).unwrap();
        assert!(matches("*", "") && matches("a*c", "abbc") && matches("a?c", "abc") && matches("[a-c]x", "bx"));
        assert!(!matches("a*c", "abb") && !matches("[!a]", "a") && !matches("", "x") && matches("\\*", "*"));
        assert!(matches("*a*a*b", "aaab") && matches("*.sh", "start.sh") && matches("[]]", "]"));
        assert!(Pattern::new("[[:digit:]]").is_none() && Pattern::new("@(a|b)").is_none());
    }

    #[test]
    fn patterns_take_off_and_replace() {
        let pattern = |text: &str| Pattern::new(text).unwrap();
        let remove = |p: &str, text: &str, end, long| pattern(p).remove(text, end, long).unwrap();
        assert_eq!(remove("*/", "a/b/c", false, false), "b/c");
        assert_eq!(remove("*/", "a/b/c", false, true), "c");
        assert_eq!(remove(".*", "a.b.c", true, false), "a.b");
        assert_eq!(remove(".*", "a.b.c", true, true), "a");
        assert_eq!(remove("x", "abc", true, true), "abc");
        let replace = |p: &str, text: &str, which| pattern(p).replace(text, "X", which).unwrap();
        assert_eq!(replace("a", "banana", Occurrences::First), "bXnana");
        assert_eq!(replace("a", "banana", Occurrences::All), "bXnXnX");
        assert_eq!(replace("b", "banana", Occurrences::Prefix), "Xanana");
        assert_eq!(replace("n*", "banana", Occurrences::Suffix), "baX");
    }
}
