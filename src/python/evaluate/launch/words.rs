//! The words of a command line, told apart by the options that a program declares.

use super::super::cell::Text;

/// How many words an option takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    /// None: it is a flag.
    Nothing,
    One,
    /// One, or none.
    Perhaps,
    /// As many as there are before the next option, at least this many.
    Many(usize),
    Exactly(usize),
}

/// An option that a program declares.
#[derive(Debug, Clone)]
pub(super) struct Declared {
    pub(super) flags: Vec<Text>,
    /// Flags that mean the opposite.
    pub(super) off: Vec<Text>,
    pub(super) takes: Takes,
}

/// An option that was given.
#[derive(Debug, Clone)]
pub(super) struct Use {
    /// Which of those that were declared.
    pub(super) option: usize,
    pub(super) off: bool,
    /// Its words, each `None` where nobody knows it.
    pub(super) words: Vec<Option<Text>>,
}

/// What the words of a command line say.
#[derive(Debug, Clone, Default)]
pub(super) struct Parsed {
    pub(super) uses: Vec<Use>,
    pub(super) positional: Vec<Option<Text>>,
    /// Words behind the last positional one that was asked for.
    pub(super) rest: Vec<Option<Text>>,
    /// Whether a word that nobody knows stands where an option could.
    pub(super) opaque: bool,
    /// What the program refuses.
    pub(super) wrong: Option<String>,
}

/// Reads `words`; with `most`, stops behind that many positional ones. `abbreviates` says whether the
/// beginning of a long option stands for it, as with `argparse`.
pub(super) fn read(declared: &[Declared], words: &[Option<Text>], most: Option<usize>, abbreviates: bool) -> Parsed {
    let mut parsed = Parsed::default();
    let mut at = 0;
    let mut only_positional = false;
    while let Some(word) = words.get(at) {
        at += 1;
        let Some(text) = word else {
            parsed.opaque = true;
            parsed.positional.push(None);
            continue;
        };
        if only_positional || text.len() < 2 || !text.starts_with('-') || is_negative(text) {
            parsed.positional.push(Some(text.clone()));
            if most == Some(parsed.positional.len()) {
                parsed.rest = words.get(at..).unwrap_or_default().to_vec();
                return parsed;
            }
            continue;
        }
        if text.as_ref() == "--" {
            only_positional = true;
            continue;
        }
        let (name, glued) = match text.split_once('=') {
            Some((name, value)) if text.starts_with("--") => (name, Some(value)),
            _ => (text.as_ref(), None),
        };
        if let Some((option, off)) = find(declared, name, abbreviates) {
            let takes = declared.get(option).map_or(Takes::Nothing, |one| one.takes);
            let used = take(takes, off, glued, words, &mut at);
            let Some(words) = used else {
                parsed.wrong = Some(format!("`{text}` lacks its value, or takes none"));
                return parsed;
            };
            parsed.uses.push(Use { option, off, words });
        } else if !short(declared, text, words, &mut at, &mut parsed) {
            parsed.wrong = Some(format!("`{text}` is no option"));
            return parsed;
        }
    }
    parsed
}

fn is_negative(text: &str) -> bool {
    text.strip_prefix('-').is_some_and(|rest| rest.parse::<f64>().is_ok())
}

/// Which option a flag stands for, and whether it is its opposite.
fn find(declared: &[Declared], flag: &str, abbreviates: bool) -> Option<(usize, bool)> {
    let exact = |flags: &[Text]| flags.iter().any(|known| known.as_ref() == flag);
    let found = declared.iter().position(|one| exact(&one.flags)).map(|at| (at, false));
    let found = found.or_else(|| declared.iter().position(|one| exact(&one.off)).map(|at| (at, true)));
    if found.is_some() || !abbreviates || !flag.starts_with("--") {
        return found;
    }
    let begins = |flags: &[Text]| flags.iter().any(|known| known.starts_with(flag));
    let mut begun = declared.iter().enumerate().flat_map(|(at, one)| {
        [(at, false, begins(&one.flags)), (at, true, begins(&one.off))].into_iter().filter(|(_, _, fits)| *fits)
    });
    let (at, off, _) = begun.next()?;
    begun.next().is_none().then_some((at, off))
}

/// The words of an option; `None` where they do not fit.
fn take(
    takes: Takes,
    off: bool,
    glued: Option<&str>,
    words: &[Option<Text>],
    at: &mut usize,
) -> Option<Vec<Option<Text>>> {
    let takes = if off { Takes::Nothing } else { takes };
    if let Some(glued) = glued {
        return match takes {
            Takes::Nothing => None,
            Takes::Exactly(n) | Takes::Many(n) if n > 1 => None,
            _ => Some(vec![Some(glued.into())]),
        };
    }
    let is_value = |word: &Option<Text>| {
        word.as_ref().is_none_or(|text| !text.starts_with('-') || text.len() < 2 || is_negative(text))
    };
    let there = words.iter().skip(*at).take_while(|word| is_value(word)).count();
    let (least, most) = match takes {
        Takes::Nothing => (0, 0),
        Takes::One => (1, 1),
        Takes::Perhaps => (0, 1),
        Takes::Many(least) => (least, usize::MAX),
        Takes::Exactly(n) => (n, n),
    };
    let count = there.min(most);
    if count < least {
        return None;
    }
    let values = words.iter().skip(*at).take(count).cloned().collect();
    *at += count;
    Some(values)
}

/// `-w4`, `-vq`: short options in one word. False for what is none.
fn short(declared: &[Declared], text: &str, words: &[Option<Text>], at: &mut usize, parsed: &mut Parsed) -> bool {
    if text.starts_with("--") {
        return false;
    }
    let mut rest = text.get(1..).unwrap_or_default();
    while let Some(letter) = rest.chars().next() {
        rest = rest.get(letter.len_utf8()..).unwrap_or_default();
        let Some((option, off)) = find(declared, &format!("-{letter}"), false) else { return false };
        let takes = declared.get(option).map_or(Takes::Nothing, |one| one.takes);
        if takes == Takes::Nothing || off {
            parsed.uses.push(Use { option, off, words: Vec::new() });
            continue;
        }
        let glued = (!rest.is_empty()).then(|| rest.strip_prefix('=').unwrap_or(rest));
        let Some(values) = take(takes, off, glued, words, at) else { return false };
        parsed.uses.push(Use { option, off, words: values });
        return true;
    }
    true
}

/// The words that `shlex.split` makes of a text; `None` where a quote is not closed.
pub(super) fn split(text: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match (quote, letter) {
            (None | Some('"'), '\\') => {
                let next = letters.next()?;
                let word = word.get_or_insert_default();
                // Between quotes the sign counts, unless it stands in front of one of two others.
                if quote.is_some() && !matches!(next, '"' | '\\') {
                    word.push('\\');
                }
                word.push(next);
            }
            (None, '"' | '\'') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (Some(open), letter) if open == letter => quote = None,
            (None, ' ' | '\t' | '\r' | '\n') => words.extend(word.take()),
            (_, letter) => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    quote.is_none().then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_split_like_a_command_line() {
        let said = |text: &str| split(text).map(|words| words.join("|"));
        assert_eq!(said(r#" a  'b c' "d \" e\n" f\ g'' '' "#), Some(r#"a|b c|d " e\n|f g|"#.to_owned()));
        assert_eq!(said("a 'b"), None);
        assert_eq!(said(""), Some(String::new()));
    }

    fn told(line: &str) -> String {
        let option = |flags: &[&str], takes| Declared {
            flags: flags.iter().map(|flag| Text::from(*flag)).collect(),
            off: if flags.contains(&"--reload") { vec!["--no-reload".into()] } else { Vec::new() },
            takes,
        };
        let declared = [
            option(&["-w", "--workers"], Takes::One),
            option(&["--reload", "-r"], Takes::Nothing),
            option(&["--host"], Takes::Perhaps),
            option(&["--tag"], Takes::Many(1)),
        ];
        let words: Vec<Option<Text>> =
            line.split_whitespace().map(|word| (word != "?").then(|| Text::from(word))).collect();
        let parsed = read(&declared, &words, None, true);
        if let Some(wrong) = parsed.wrong {
            return wrong;
        }
        let show = |words: &[Option<Text>]| {
            words.iter().map(|word| word.as_deref().unwrap_or("?").to_owned()).collect::<Vec<_>>().join(",")
        };
        let uses: Vec<String> = parsed
            .uses
            .iter()
            .map(|used| format!("{}{}:{}", used.option, if used.off { "!" } else { "" }, show(&used.words)))
            .collect();
        format!("{} [{}]", uses.join(" "), show(&parsed.positional))
    }

    #[test]
    fn options_take_their_words() {
        assert_eq!(told("-w 4 serve"), "0:4 [serve]");
        assert_eq!(told("-w4 --workers=5 --work 6"), "0:4 0:5 0:6 []");
        assert_eq!(told("-rw 3 --no-reload"), "1: 0:3 1!: []");
        assert_eq!(told("--host --reload"), "2: 1: []");
        assert_eq!(told("--tag a b -r c -- -x"), "3:a,b 1: [c,-x]");
        assert_eq!(told("--workers -1"), "0:-1 []");
        assert_eq!(told("--workers ? ?"), "0:? [?]");
        assert_eq!(told("--workers"), "`--workers` lacks its value, or takes none");
        assert_eq!(told("--reload=1"), "`--reload=1` lacks its value, or takes none");
        assert_eq!(told("--other"), "`--other` is no option");
    }
}
