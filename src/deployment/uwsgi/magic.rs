//! `%n`, `%d`, `%k`: what single letters stand for in a configuration of uWSGI.
//!
//! They are put in before a file is parsed. A letter that stands for nothing vanishes (`init_magic_table`).

use super::text::Text;
use crate::deployment::locate;
use crate::python::evaluate::Dependency;
use crate::source::Place;

/// What the letters stand for in one file.
#[derive(Debug, Clone, Default)]
pub(super) struct Magic {
    /// The path on the machine, if it is known.
    path: Option<String>,
    name: String,
    section: String,
    /// The folder the server starts in, if it is known.
    working: Option<String>,
    /// The file that was loaded first, whose letters are upper case.
    first: Option<Box<Magic>>,
}

impl Magic {
    /// The letters of the file that is called `name` by who loads it.
    pub(super) fn of(name: &str, section: &str, working: Option<String>, first: Option<&Self>) -> Self {
        let path = match &working {
            _ if name.starts_with('/') => Some(locate::join("/", name)),
            Some(working) => Some(locate::join(working, name)),
            None => None,
        };
        let base = name.rsplit('/').next().unwrap_or(name).to_owned();
        Self { path, name: base, section: section.to_owned(), working, first: first.cloned().map(Box::new) }
    }

    /// A value with its letters put in.
    pub(super) fn put_in(&self, text: &str, place: Place) -> Text {
        let mut filled = String::with_capacity(text.len());
        let mut chars = text.chars();
        while let Some(char) = chars.next() {
            if char != '%' {
                filled.push(char);
                continue;
            }
            let Some(letter) = chars.next() else {
                filled.push('%');
                break;
            };
            match letter {
                '%' => filled.push('%'),
                '(' => filled.push_str("%("),
                '[' => filled.push('\u{1b}'),
                'k' => {
                    let cores = Dependency::Cpus { place, spelling: "%k".to_owned(), limited: false };
                    let why = "it depends on the number of cores".to_owned();
                    return Text::Unknown { why, depends: vec![cores] };
                }
                'V' => return Text::unknown("it depends on the version of uWSGI"),
                'h' | 't' | 'T' | 'u' | 'U' | 'g' | 'G' | 'b' | 'i' | 'I' | 'j' | 'J' => {
                    return Text::unknown(format!("`%{letter}` is known only to the machine"));
                }
                'v' => match &self.working {
                    Some(working) => filled.push_str(working),
                    None => return Text::unknown("the folder it starts in is not known"),
                },
                letter => {
                    let of = if letter.is_ascii_uppercase() { self.first.as_deref().unwrap_or(self) } else { self };
                    match of.letter(letter.to_ascii_lowercase()) {
                        Some(found) => filled.push_str(&found),
                        None => return Text::unknown("the folder of the configuration is not known"),
                    }
                }
            }
        }
        Text::Known(filled)
    }

    /// `None` for what depends on where the file lies on the machine.
    fn letter(&self, letter: char) -> Option<String> {
        let folder = || Some(self.path.as_deref()?.rsplit_once('/')?.0.to_owned());
        let (stem, ending) = self.name.rsplit_once('.').unwrap_or((&self.name, ""));
        Some(match letter {
            's' => self.name.clone(),
            'n' => stem.to_owned(),
            'e' => ending.to_owned(),
            'x' => self.section.clone(),
            'p' | 'o' => self.path.clone()?,
            'd' => format!("{}/", folder()?),
            'c' => folder()?.rsplit('/').next().unwrap_or_default().to_owned(),
            '0'..='9' => {
                let index = letter.to_digit(10).and_then(|digit| usize::try_from(digit).ok())?;
                folder()?.split('/').filter(|part| !part.is_empty()).nth(index).unwrap_or_default().to_owned()
            }
            _ => String::new(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Files, Span};

    #[test]
    fn letters() {
        let file = Files::new().add("x", "");
        let place = Place::new(file, Span::new(0, 0));
        let magic = Magic::of("/srv/app/web.prod.ini", "uwsgi", Some("/run".into()), None);
        let text = |text: &str| magic.put_in(text, place).known().map(str::to_owned);
        assert_eq!(
            text("%n|%s|%e|%d|%p|%c|%0|%v|%x").as_deref(),
            Some("web.prod|web.prod.ini|ini|/srv/app/|/srv/app/web.prod.ini|app|srv|/run|uwsgi")
        );
        assert_eq!(text("50%% %(a) %q x%").as_deref(), Some("50% %(a)  x%"));
        assert_eq!(text("%k"), None);
        let unknown = Magic::of("web.ini", "", None, None);
        assert!(unknown.put_in("%d", place).known().is_none());
        assert_eq!(unknown.put_in("%n", place).known(), Some("web"));
    }
}
