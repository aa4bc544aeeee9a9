//! Text in lines that fit a terminal.
//!
//! Breaks at spaces alone, and never within a pair of backticks: what stands there is copied.

/// The columns of a terminal that nobody has widened.
const WIDTH: usize = 80;

/// One paragraph: `first` stands in front of its first line, `rest` in front of the others.
pub(super) fn item(text: &str, first: &str, rest: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut line = first.to_owned();
    let mut is_empty = true;
    for word in words(text) {
        let width = line.chars().count() + usize::from(!is_empty) + word.chars().count();
        if !is_empty && width > WIDTH {
            lines.push(std::mem::replace(&mut line, rest.to_owned()));
            is_empty = true;
        }
        if !is_empty {
            line.push(' ');
        }
        line.push_str(&word);
        is_empty = false;
    }
    lines.push(line);
    lines.join("\n")
}

/// Several paragraphs and lists, each line of them behind `indent`.
pub(super) fn text(text: &str, indent: &str) -> String {
    let mut parts: Vec<(String, bool)> = Vec::new();
    for line in text.trim_end().lines() {
        let bare = line.trim();
        let starts = bare.starts_with("- ") || bare.starts_with("* ") || bare.starts_with(|c: char| c.is_ascii_digit());
        let goes_on = parts.last().is_some_and(|(before, _)| !before.is_empty()) && !bare.is_empty() && !starts;
        match parts.last_mut().filter(|_| goes_on) {
            Some((paragraph, _)) => {
                paragraph.push(' ');
                paragraph.push_str(bare);
            }
            None => parts.push((bare.to_owned(), starts && bare.starts_with(['-', '*']))),
        }
    }
    let hanging = format!("{indent}  ");
    let rest = |is_listed: bool| if is_listed { hanging.as_str() } else { indent };
    let filled = parts.iter().map(|(part, is_listed)| item(part, indent, rest(*is_listed)).trim_end().to_owned());
    filled.collect::<Vec<_>>().join("\n")
}

/// What may not be broken: words, and code between backticks that fits a line.
fn words(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut open = false;
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let joins = open && found.last().is_some_and(|last| last.chars().count() + word.chars().count() < WIDTH / 2);
        match found.last_mut().filter(|_| joins) {
            Some(last) => {
                last.push(' ');
                last.push_str(word);
            }
            None => found.push(word.to_owned()),
        }
        open ^= word.matches('`').count() % 2 == 1;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_fit_and_lose_nothing() {
        let long = "a `worker class` that `never reads it` and more ".repeat(9);
        let filled = item(&long, "1. ", "   ");
        assert!(filled.lines().all(|line| line.chars().count() <= WIDTH && !line.ends_with(' ')), "{filled}");
        let flat = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(flat(&filled), format!("1. {}", flat(&long)));
        assert!(filled.lines().all(|line| line.matches('`').count() % 2 == 0), "{filled}");
    }

    #[test]
    fn a_word_longer_than_a_line_stands_alone() {
        let word = "x".repeat(90);
        assert_eq!(item(&format!("see {word} there"), "", "  "), format!("see\n  {word}\n  there"));
    }

    #[test]
    fn paragraphs_and_lists_stay_apart() {
        let filled = text("One line\nand the next.\n\n- an item\n  of two lines\n- another", "  ");
        assert_eq!(filled, "  One line and the next.\n\n  - an item of two lines\n  - another");
    }
}
