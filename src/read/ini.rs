//! Files of sections: `[name]`, then `key = value` lines.
//!
//! Three families share the look and differ in everything else, see [`Dialect`]. What the keys mean is not
//! decided here. Lines of a template engine are no entries; what stands between `{% if %}` and `{% endif %}`
//! is marked as conditional, whichever branch it is in.

use crate::source::{Comment, Span};

use super::decoded::Decoded;

/// More entries than any file that a person wrote.
const MAX_ENTRIES: usize = 20_000;

/// Whose rules a file follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// Python's `configparser`, as supervisor sets it up: keys end at `=` or `:` and are lower case, indented
    /// lines go on, a `;` or `#` behind white space begins a comment.
    ConfigParser,
    /// systemd: a backslash at the end of a line goes on, comments between such lines are skipped.
    Systemd,
    /// uWSGI: every line by itself, a key may lack a value.
    Uwsgi,
}

/// What a file holds.
#[derive(Debug, Default)]
pub(super) struct Document {
    /// In order; a name may come back.
    pub(super) sections: Vec<Section>,
    pub(super) comments: Vec<Comment>,
    /// Whether that is all of it.
    pub(super) complete: bool,
}

/// `[name]` and what follows.
#[derive(Debug)]
pub(super) struct Section {
    pub(super) name: String,
    /// The line `[name]`.
    pub(super) header: Span,
    pub(super) entries: Vec<Entry>,
    /// Whether a template decides if it is there.
    pub(super) conditional: bool,
}

/// `key = value`.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// In lower case where the family does not tell cases apart.
    pub(super) key: String,
    pub(super) key_span: Span,
    /// Without the white space at its ends; lines that go on are joined as the family joins them.
    pub(super) value: Decoded,
    /// The bytes of the value; an insertion point where it is empty.
    pub(super) value_span: Span,
    /// From the key to the end of the value.
    pub(super) statement: Span,
    /// Whether a template decides if it is there.
    pub(super) conditional: bool,
    /// How far the key is indented.
    indent: usize,
}

/// Reads a file.
pub(super) fn scan(text: &str, dialect: Dialect) -> Document {
    let mut scanner = Scanner {
        dialect,
        document: Document { complete: true, ..Document::default() },
        entries: 0,
        continues: false,
        conditions: 0,
        in_value: false,
    };
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let content = line.trim_end_matches(['\n', '\r']);
        if !scanner.line(content, at) {
            scanner.document.complete = false;
            break;
        }
        at += line.len();
    }
    scanner.document
}

struct Scanner {
    dialect: Dialect,
    document: Document,
    entries: usize,
    /// Whether the last line ended in a backslash.
    continues: bool,
    /// How many `{% if %}` and the like are open.
    conditions: usize,
    /// Whether the last entry began with such a statement as its value, so that its lines are one value or another.
    in_value: bool,
}

impl Scanner {
    /// Takes one line, without its break, that begins at byte `start`; `false` where there are too many.
    fn line(&mut self, line: &str, start: usize) -> bool {
        let unmarked = line.trim_start_matches('\u{feff}');
        let content = unmarked.trim_start();
        let at = start + line.len() - content.len();
        let indent = unmarked.len() - content.len();
        if content.starts_with(['#', ';']) {
            let end = at + content.trim_end().len();
            self.document.comments.push(Comment { span: Span::new(at, end), own_line: true });
            return true;
        }
        if let Some(change) = template_line(content) {
            self.conditions = self.conditions.saturating_add_signed(change);
            if self.in_value {
                self.next_value(change, at);
            }
            return true;
        }
        if content.is_empty() {
            self.continues = false;
            return true;
        }
        let goes_on = match self.dialect {
            Dialect::Systemd => self.continues,
            Dialect::ConfigParser => indent > 0 && self.last().is_some_and(|entry| indent > entry.indent),
            Dialect::Uwsgi => false,
        };
        if goes_on {
            self.go_on(content, at);
            return true;
        }
        if content.starts_with('[') && (self.dialect == Dialect::Uwsgi || content.contains(']')) {
            self.section(content, at);
            return true;
        }
        self.entries += 1;
        if self.entries > MAX_ENTRIES {
            return false;
        }
        self.entry(content, at, indent);
        true
    }

    fn section(&mut self, content: &str, at: usize) {
        let inside = content.get(1..).unwrap_or_default();
        let name = match self.dialect {
            // The last character is dropped, whatever it is (`uwsgi_ini_config` of uWSGI 2.0.31).
            Dialect::Uwsgi => {
                let inside = inside.trim_end();
                inside.get(..inside.len() - inside.chars().next_back().map_or(0, char::len_utf8)).unwrap_or_default()
            }
            // `SECTCRE` is greedy.
            _ => inside.rsplit_once(']').map_or(inside, |(name, _)| name),
        };
        let header = Span::new(at, at + content.trim_end().len());
        let conditional = self.conditions > 0;
        self.document.sections.push(Section { name: name.to_owned(), header, entries: Vec::new(), conditional });
    }

    fn entry(&mut self, content: &str, at: usize, indent: usize) {
        let delimiters: &[char] = if self.dialect == Dialect::ConfigParser { &['=', ':'] } else { &['='] };
        let (key, rest) = content.split_at(content.find(delimiters).unwrap_or(content.len()));
        let (value, offset) = match rest.get(1..) {
            Some(value) => (value, at + key.len() + 1),
            None => ("", at + content.trim_end().len()),
        };
        let key = key.trim_end();
        let lead = value.len() - value.trim_start().len();
        let (value, offset) = (value.trim_start(), offset + if value.trim().is_empty() { 0 } else { lead });
        let value = self.payload(value, offset, lead > 0);
        let key_span = Span::new(at, at + key.len());
        self.in_value = self.dialect == Dialect::ConfigParser && template_line(value) == Some(1);
        let value = if self.in_value { "" } else { value };
        self.conditions += usize::from(self.in_value);
        let value_span = Span::new(offset, offset + value.len());
        let mut decoded = Decoded::default();
        decoded.push(value, offset);
        let entry = Entry {
            key: if self.dialect == Dialect::ConfigParser { key.to_lowercase() } else { key.to_owned() },
            key_span,
            value: decoded,
            value_span,
            statement: key_span.cover(value_span),
            conditional: self.conditions > 0,
            indent,
        };
        if let Some(section) = self.document.sections.last_mut() {
            section.entries.push(entry);
        }
    }

    /// A line of a template engine inside a value: what follows is another one in its place.
    fn next_value(&mut self, change: isize, at: usize) {
        if change < 0 {
            self.in_value = false;
        }
        let more = change == 0 && self.entries < MAX_ENTRIES;
        let Some(section) = self.document.sections.last_mut().filter(|_| more) else { return };
        let Some(last) = section.entries.last().filter(|last| !last.value.text().is_empty()) else { return };
        let next = Entry { value: Decoded::default(), value_span: Span::new(at, at), ..last.clone() };
        section.entries.push(next);
        self.entries += 1;
    }

    fn go_on(&mut self, content: &str, at: usize) {
        let content = self.payload(content, at, true);
        let dialect = self.dialect;
        let begins = self.in_value;
        if let Some(last) = self.last() {
            if begins && last.value.text().is_empty() {
                last.value.push(content, at);
                last.value_span = Span::new(at, at + content.len());
                last.statement.end = last.value_span.end;
                return;
            }
            let end = Span::new(last.value_span.end, at.max(last.value_span.end));
            last.value.push_escaped(if dialect == Dialect::Systemd { " " } else { "\n" }, end);
            last.value.push(content, at);
            last.value_span.end = at + content.len();
            last.statement.end = last.value_span.end;
        }
    }

    /// What counts of a value that begins at `at`: no comment, no backslash, no white space behind. `apart`
    /// says whether white space stands in front of it.
    fn payload<'t>(&mut self, value: &'t str, at: usize, apart: bool) -> &'t str {
        match self.dialect {
            Dialect::Systemd => {
                let stripped = value.strip_suffix('\\');
                self.continues = stripped.is_some();
                stripped.unwrap_or(value).trim_end()
            }
            Dialect::Uwsgi => value.trim_end(),
            Dialect::ConfigParser => {
                let mut before = if apart { ' ' } else { '=' };
                for (index, char) in value.char_indices() {
                    if matches!(char, ';' | '#') && before.is_whitespace() {
                        let end = at + value.trim_end().len();
                        self.document.comments.push(Comment { span: Span::new(at + index, end), own_line: false });
                        return value.get(..index).unwrap_or_default().trim_end();
                    }
                    before = char;
                }
                value.trim_end()
            }
        }
    }

    fn last(&mut self) -> Option<&mut Entry> {
        self.document.sections.last_mut()?.entries.last_mut()
    }
}

/// Whether a line is one of a template engine, and by how much it changes the number of open conditions.
fn template_line(content: &str) -> Option<isize> {
    if content.starts_with("{#") {
        return Some(0);
    }
    let inside = content.strip_prefix("{%").or_else(|| content.strip_prefix("<%"))?;
    // A value may begin with a placeholder, a line of its own ends with the statement.
    let end = content.trim_end();
    if !(end.ends_with("%}") || end.ends_with("%>")) {
        return None;
    }
    let word = inside.trim_start_matches(['-', '+', ' ', '\t']).split(|c: char| !c.is_ascii_alphabetic()).next();
    Some(match word {
        // `{% if x %}key = value{% endif %}` is complete in itself, but for what stands between.
        _ if content.matches("{%").count() > 1 => 0,
        Some("if" | "for" | "unless") => 1,
        Some("endif" | "endfor" | "endunless" | "end") => -1,
        _ => 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(text: &str, dialect: Dialect) -> Vec<(String, String, String)> {
        let document = scan(text, dialect);
        let mut all = Vec::new();
        for section in &document.sections {
            for entry in &section.entries {
                assert_eq!(
                    text.get(entry.key_span.start..entry.key_span.end).unwrap().to_lowercase(),
                    entry.key.to_lowercase()
                );
                if !entry.value.text().contains(['\n', ' ']) {
                    assert_eq!(&text[entry.value_span.start..entry.value_span.end], entry.value.text());
                }
                all.push((section.name.clone(), entry.key.clone(), entry.value.text().to_owned()));
            }
        }
        all
    }

    fn expected(rows: &[(&str, &str, &str)]) -> Vec<(String, String, String)> {
        rows.iter().map(|(a, b, c)| ((*a).to_owned(), (*b).to_owned(), (*c).to_owned())).collect()
    }

    #[test]
    fn a_value_that_a_template_chooses_is_one_or_the_other() {
        let text = "[program:web]\ncommand={% if hot -%}\n  gunicorn --reload a:b\n  -t 5\n{% else -%}\n  gunicorn -w 4 a:b\n{% endif -%}\nuser=x\n";
        let document = scan(text, Dialect::ConfigParser);
        let entries = &document.sections[0].entries;
        let texts: Vec<(&str, &str, bool)> =
            entries.iter().map(|one| (one.key.as_str(), one.value.text(), one.conditional)).collect();
        let expected = [
            ("command", "gunicorn --reload a:b\n-t 5", true),
            ("command", "gunicorn -w 4 a:b", true),
            ("user", "x", false),
        ];
        assert_eq!(texts, expected);
        assert_eq!(&text[entries[1].value_span.start..entries[1].value_span.end], "gunicorn -w 4 a:b");
    }

    #[test]
    fn supervisor_reads_as_configparser_does() {
        let text =
            "; c\n[program:web]\nCommand = gunicorn app ; inline\nenvironment=A=1,\n    B=2 # x\n  # no\n\nuser: x;y\n";
        assert_eq!(
            entries(text, Dialect::ConfigParser),
            expected(&[
                ("program:web", "command", "gunicorn app"),
                ("program:web", "environment", "A=1,\nB=2"),
                ("program:web", "user", "x;y"),
            ])
        );
    }

    #[test]
    fn systemd_joins_lines_around_comments() {
        let text = "[Service]\r\nExecStart=/bin/a \\\r\n# no\r\n   -b \\\r\n; no\r\n -c\r\nUser=x # y\r\n";
        assert_eq!(
            entries(text, Dialect::Systemd),
            expected(&[("Service", "ExecStart", "/bin/a -b -c"), ("Service", "User", "x # y")])
        );
    }

    #[test]
    fn uwsgi_takes_each_line_by_itself() {
        let text = "\u{feff}[uwsgi]\n  master\nhttp = :80 ; x\n\tenv=A=b\n[x ]\n# c\nmodule = y";
        assert_eq!(
            entries(text, Dialect::Uwsgi),
            expected(&[
                ("uwsgi", "master", ""),
                ("uwsgi", "http", ":80 ; x"),
                ("uwsgi", "env", "A=b"),
                ("x ", "module", "y"),
            ])
        );
    }

    #[test]
    fn lines_of_templates_make_entries_conditional() {
        let text = "[uwsgi]\n{% if a -%}\nworkers = 2\n{%- else %}\nworkers = 3\n{% endif %}\nmaster = {{ m }}\n";
        let document = scan(text, Dialect::Uwsgi);
        let found: Vec<_> =
            document.sections[0].entries.iter().map(|entry| (entry.key.as_str(), entry.conditional)).collect();
        assert_eq!(found, [("workers", true), ("workers", true), ("master", false)]);
    }

    #[test]
    fn a_million_keys_are_cut_off() {
        let document = scan(&format!("[a]\n{}", "k=v\n".repeat(100_000)), Dialect::Uwsgi);
        assert!(!document.complete);
    }
}
