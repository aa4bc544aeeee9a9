//! `sed -i 's/a/b/'` on a script that an image is given: what the script is from then on.
//!
//! One command of one substitution is followed, in basic or extended expressions of the usual kinds. What else `sed`
//! does to a script leaves it as the project holds it, and whoever asks is told so.

use regex_automata::meta::Regex;
use regex_automata::util::captures::Captures;

use crate::read::Decoded;

/// Longer expressions than anybody writes into a Dockerfile.
const MAX_LENGTH: usize = 300;

/// Texts that are longer are no scripts.
const MAX_TEXT: usize = 1 << 16;

/// A substitution in every line of a file.
#[derive(Debug, Clone)]
pub(super) struct Substitution {
    expression: Regex,
    replacement: Vec<Piece>,
    all: bool,
}

#[derive(Debug, Clone, PartialEq)]
enum Piece {
    Text(String),
    /// What the group of this number matched, 0 for all of it.
    Group(usize),
}

/// The substitutions of a `sed` that changes files in their place, with the files; `None` for any other command, and no
/// substitution for one that is not followed.
pub(super) fn of<'w>(words: &[&'w str]) -> Option<(Option<Vec<Substitution>>, Vec<&'w str>)> {
    let (name, rest) = words.split_first()?;
    if name.rsplit('/').next() != Some("sed") {
        return None;
    }
    let (mut in_place, mut extended, mut known) = (false, false, true);
    let mut scripts = Vec::new();
    let mut plain = Vec::new();
    let mut rest = rest.iter();
    while let Some(word) = rest.next() {
        match *word {
            "-e" | "--expression" => scripts.push(*rest.next()?),
            "-E" | "-r" | "--regexp-extended" => extended = true,
            "--in-place" | "-i" => in_place = true,
            // Behind `i` stands what the old file is called.
            "-Ei" | "-ri" => {
                (in_place, extended) = (true, true);
            }
            option if option.starts_with("-i") || option.starts_with("--in-place=") => in_place = true,
            option if option.starts_with('-') => known = false,
            word => plain.push(word),
        }
    }
    if scripts.is_empty() && !plain.is_empty() {
        scripts.push(plain.remove(0));
    }
    let found: Option<Vec<Substitution>> = scripts.iter().map(|script| Substitution::parse(script, extended)).collect();
    in_place.then_some((found.filter(|_| known), plain))
}

impl Substitution {
    fn parse(script: &str, extended: bool) -> Option<Self> {
        let script = script.trim();
        let rest = script.strip_prefix('s').filter(|rest| rest.len() <= MAX_LENGTH)?;
        let mark = rest.chars().next().filter(|mark| !mark.is_alphanumeric() && *mark != '\\')?;
        let (pattern, rest) = until(&rest[mark.len_utf8()..], mark)?;
        let (replacement, flags) = until(rest, mark)?;
        if !matches!(flags, "" | "g") {
            return None;
        }
        let (pattern, groups) = translated(&pattern, extended)?;
        let replacement = pieces(&replacement, groups)?;
        Some(Self { expression: Regex::new(&pattern).ok()?, replacement, all: flags == "g" })
    }

    /// Whether it changes a line.
    pub(super) fn touches(&self, line: &str) -> bool {
        self.expression.is_match(line)
    }

    /// The text with the substitution in every line.
    pub(super) fn apply(&self, text: &Decoded) -> Decoded {
        let whole = text.text();
        let mut changed = Decoded::default();
        if whole.len() > MAX_TEXT {
            changed.push_from(text, 0..whole.len());
            return changed;
        }
        let mut start = 0;
        for line in whole.split_inclusive('\n') {
            let content = line.trim_end_matches('\n');
            let mut at = 0;
            let most = if self.all { usize::MAX } else { 1 };
            for captures in self.expression.captures_iter(content).take(most) {
                let Some(found) = captures.get_match() else { continue };
                changed.push_from(text, start + at..start + found.start());
                let span = text.span(start + found.start()..start + found.end());
                changed.push_escaped(&self.replaced(&captures, content), span);
                at = found.end();
            }
            changed.push_from(text, start + at..start + line.len());
            start += line.len();
        }
        changed
    }

    fn replaced(&self, captures: &Captures, line: &str) -> String {
        let piece = |piece: &Piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Group(group) => {
                captures.get_group(*group).and_then(|span| line.get(span.range())).unwrap_or_default().to_owned()
            }
        };
        self.replacement.iter().map(piece).collect()
    }
}

/// The text up to the mark, which a backslash in front makes a character like any other, and what comes behind.
fn until(text: &str, mark: char) -> Option<(String, &str)> {
    let mut found = String::new();
    let mut chars = text.char_indices();
    while let Some((at, char)) = chars.next() {
        match char {
            '\\' => {
                let (_, next) = chars.next()?;
                if next != mark {
                    found.push('\\');
                }
                found.push(next);
            }
            '\n' => return None,
            char if char == mark => return Some((found, &text[at + char.len_utf8()..])),
            char => found.push(char),
        }
    }
    None
}

/// An expression of `sed` as one of this program, and how many groups it has; `None` where they may not mean the same.
fn translated(pattern: &str, extended: bool) -> Option<(String, usize)> {
    let (mut out, mut groups) = (String::new(), 0);
    let mut chars = pattern.chars().peekable();
    let mut is_first = true;
    while let Some(char) = chars.next() {
        let first = std::mem::replace(&mut is_first, false);
        match char {
            '\\' => match chars.next()? {
                '(' if !extended => {
                    groups += 1;
                    out.push('(');
                }
                ')' if !extended => out.push(')'),
                sign @ ('+' | '?') if !extended => out.push(sign),
                's' => out.push_str("[ \\t]"),
                sign if sign.is_ascii_punctuation() && !matches!(sign, '|' | '{' | '}' | '<' | '>' | '`' | '\'') => {
                    out.push('\\');
                    out.push(sign);
                }
                _ => return None,
            },
            '[' => {
                let set: String = chars.by_ref().take_while(|char| *char != ']').collect();
                let plain = set.strip_prefix('^').unwrap_or(&set);
                let is_plain = |c: char| c.is_ascii_alphanumeric() || " _-./:=,".contains(c);
                if plain.is_empty() || !plain.chars().all(is_plain) {
                    return None;
                }
                out.push('[');
                out.push_str(&set);
                out.push(']');
            }
            '(' if extended => {
                groups += 1;
                out.push('(');
            }
            ')' | '+' | '?' if extended => out.push(char),
            '*' if first => return None,
            '.' | '*' => out.push(char),
            '^' if first => out.push('^'),
            '$' if chars.peek().is_none() => out.push('$'),
            '|' | '{' | '}' if extended => return None,
            '(' | ')' | '+' | '?' | '|' | '{' | '}' | '^' | '$' => {
                out.push('\\');
                out.push(char);
            }
            plain => out.push(plain),
        }
    }
    Some((out, groups))
}

fn pieces(replacement: &str, groups: usize) -> Option<Vec<Piece>> {
    let mut all = Vec::new();
    let mut text = String::new();
    let mut chars = replacement.chars();
    while let Some(char) = chars.next() {
        let group = match char {
            '&' => 0,
            '\\' => match chars.next()? {
                digit if digit.is_ascii_digit() => digit.to_digit(10).and_then(|digit| usize::try_from(digit).ok())?,
                letter if letter.is_alphanumeric() => return None,
                other => {
                    text.push(other);
                    continue;
                }
            },
            plain => {
                text.push(plain);
                continue;
            }
        };
        if group > groups {
            return None;
        }
        all.push(Piece::Text(std::mem::take(&mut text)));
        all.push(Piece::Group(group));
    }
    all.push(Piece::Text(text));
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(line: &[&str], text: &str) -> Option<String> {
        let (substitutions, _) = of(line)?;
        let mut text = Decoded::verbatim(text, 0);
        for one in substitutions? {
            text = one.apply(&text);
        }
        Some(text.text().to_owned())
    }

    /// Each as GNU sed 4.9 does it.
    #[test]
    fn lines_are_changed_as_sed_changes_them() {
        let changed = |script: &str, text: &str| after(&["sed", "-i", script, "a.sh"], text);
        assert_eq!(changed("s/-w 3/-w 9/", "a -w 3 -w 3\nb -w 3\n").as_deref(), Some("a -w 9 -w 3\nb -w 9\n"));
        assert_eq!(changed("s/-w 3/-w 9/g", "a -w 3 -w 3\n").as_deref(), Some("a -w 9 -w 9\n"));
        assert_eq!(changed("s#/srv#/app#", "cd /srv\n").as_deref(), Some("cd /app\n"));
        assert_eq!(changed("s/w=[0-9]*/w=7/", "w=31 x\n").as_deref(), Some("w=7 x\n"));
        assert_eq!(changed("s/\\(-w\\) .*/\\1 5/", "g -w 3 x\n").as_deref(), Some("g -w 5\n"));
        assert_eq!(changed("s/a+b(c)$/&!/", "xa+b(c)\n").as_deref(), Some("xa+b(c)!\n"));
        assert_eq!(changed("s/\\/x\\.y/z/", "/x.y\n").as_deref(), Some("z\n"));
        assert_eq!(after(&["sed", "-E", "-i", "s/(w) ([0-9]+)/\\1 4/", "a.sh"], "w 33").as_deref(), Some("w 4"));
        assert_eq!(after(&["sed", "-i", "-e", "s/a/b/", "-e", "s/b/c/", "a.sh"], "a").as_deref(), Some("c"));
        for script in ["/x/d", "s/a\\|b/c/", "s/a/b/2", "1s/a/b/", "s/a/\\n/", "y/a/b/", "s/[[:space:]]/x/"] {
            assert_eq!(changed(script, "a\n"), None, "{script}");
        }
        assert!(of(&["sed", "s/a/b/", "a.sh"]).is_none());
    }
}
