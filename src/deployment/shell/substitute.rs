//! What `$( )` gives: the few commands whose output the files tell.

use std::sync::Arc;

use super::Shell;
use super::builtin::literal;
use super::dialect::Dialect;
use super::program::base;
use super::state::State;
use super::text::{self, Field};
use crate::python::evaluate::Dependency;
use crate::read::shell::{Script, Simple, Statement};
use crate::source::Place;

impl Shell<'_> {
    /// What a substitution leaves in its place.
    pub(super) fn substitute(&mut self, script: &Arc<Script>, place: Place, state: &mut State) -> Field {
        self.substituted = true;
        if let Some(field) = self.cores(script, place) {
            return field;
        }
        if let Some(field) = self.variables_of_file(script, place, state) {
            return field;
        }
        if let Some(name) = looked_for(script) {
            return Field::new(&text::located(&name), place);
        }
        let outer = self.printed.replace(Field::new("", place));
        let substituted = self.substituted;
        self.spend(state.variables.len() / 64);
        let mut inner = state.clone();
        if script.is_whole && self.spend(2) {
            let rounds = std::mem::take(&mut self.rounds);
            let returned = std::mem::take(&mut self.returned);
            self.list(&script.body, &mut inner, true);
            self.rounds = rounds;
            self.returned = returned;
        } else {
            self.print_unknown();
        }
        self.substituted = substituted;
        let printed = std::mem::replace(&mut self.printed, outer);
        let mut field = printed.unwrap_or_else(|| Field::new(&text::hole(), place));
        let trimmed = field.text().trim_end_matches('\n').to_owned();
        let depends = std::mem::take(&mut field.depends);
        let ways = field.ways.iter().map(|way| way.trim_end_matches('\n').to_owned()).collect();
        let mut field = Field { ways, ..Field::new(&trimmed, place) };
        field.depends = depends;
        if field.depends.is_empty() && trimmed == text::hole() {
            let what = format!("what a command prints, {}", self.files().describe(place));
            field.depends.push(Dependency::Other { what });
        }
        field
    }

    /// `$(nproc)` and other ways to ask for the cores of the machine.
    fn cores(&mut self, script: &Script, place: Place) -> Option<Field> {
        let simple = match script.body.as_slice() {
            [Statement::Simple(simple)] => simple,
            // `nproc || echo 2`
            [Statement::Or(first, _)] => match first.as_ref() {
                Statement::Simple(simple) => simple,
                _ => return None,
            },
            [Statement::Pipe(commands)] => match commands.as_slice() {
                [Statement::Simple(first), Statement::Simple(last)] if counts_lines(first, last) => first,
                _ => return None,
            },
            _ => return None,
        };
        let listed = matches!(script.body.as_slice(), [Statement::Pipe(_)]);
        if !asks_for_cores(simple, listed) {
            return None;
        }
        self.asked_for_cores = true;
        let text = self.cpus.map_or_else(text::something, |cores| cores.to_string());
        let mut field = Field::new(&text, place);
        let spelling = self.files().text_at(place).to_owned();
        // A script that looks at the limit of its container counts the cores only where there is none.
        let limited = self.files().get(place.file).text().contains("/sys/fs/cgroup");
        field.depends.push(Dependency::Cpus { place, spelling, limited });
        Some(field)
    }

    /// `$(grep -v '^#' .env | xargs)`: every variable of a file as one word.
    fn variables_of_file(&mut self, script: &Script, place: Place, state: &State) -> Option<Field> {
        let [Statement::Pipe(commands)] = script.body.as_slice() else { return None };
        let Some(Statement::Simple(last)) = commands.last() else { return None };
        let joins: Vec<String> = last.words.iter().filter_map(literal).collect();
        let is_xargs = joins.first().map(String::as_str) == Some("xargs");
        if !is_xargs {
            return None;
        }
        let unknown = Some(Field::any(place));
        let plain = joins.len() == 1
            || joins.get(1..).is_some_and(|rest| matches!(rest, [option] if option == "-0"))
            || joins.get(1..).is_some_and(|rest| matches!(rest, [option, count] if option == "-d" && count == "\\n"));
        if !plain || joins.len() != last.words.len() {
            return unknown;
        }
        let mut path = None;
        for command in commands.get(..commands.len() - 1).unwrap_or_default() {
            let Statement::Simple(simple) = command else { return unknown };
            let words: Option<Vec<String>> = simple.words.iter().map(literal).collect();
            let Some(words) = words else { return unknown };
            match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
                ["cat", file] if path.is_none() => path = Some((*file).to_owned()),
                ["grep", "-v" | "-Ev" | "-vE", pattern] if drops_comments(pattern) && path.is_some() => {}
                ["grep", "-v" | "-Ev" | "-vE", pattern, file] if drops_comments(pattern) && path.is_none() => {
                    path = Some((*file).to_owned());
                }
                _ => return unknown,
            }
        }
        let Some(file) = path.and_then(|path| self.file(&path, state)) else { return unknown };
        let mut words = Vec::new();
        for line in self.files().get(file).text().lines().map(str::trim) {
            if line.starts_with('#') || line.is_empty() {
                continue;
            }
            // Quotes are taken off, and white space splits, in ways that people do not mean.
            if line.contains(['"', '\'', '\\', ' ', '\t', '#', '*', '?', '[']) || !line.contains('=') {
                return unknown;
            }
            words.push(line);
        }
        Some(Field::new(&words.join(" "), place))
    }

    /// Prints what the program `name` would, where the files tell.
    pub(super) fn print_of(&mut self, name: &str, fields: &[Field], state: &State, place: Place) {
        let known: Option<Vec<&str>> = fields.iter().skip(1).map(Field::known).collect();
        let output = known.filter(|_| !self.piped).and_then(|words| match (base(name), words.as_slice()) {
            ("basename", [path]) => Some(basename(path).to_owned()),
            ("basename", [path, suffix]) => {
                let name = basename(path);
                Some(name.strip_suffix(suffix).filter(|rest| !rest.is_empty()).unwrap_or(name).to_owned())
            }
            ("dirname", [path]) => Some(dirname(path)),
            ("cat", [path]) => {
                let file = self.file(path, state)?;
                let text = self.files().get(file).text();
                (text.len() <= text::MAX_TEXT).then(|| text.to_owned())
            }
            _ => None,
        });
        match output {
            Some(output) => self.print(&output, place, &[]),
            None => self.print_unknown(),
        }
    }

    /// `echo`, `printf` and `pwd`.
    pub(super) fn print_builtin(&mut self, name: &str, given: &[Field], state: &State, place: Place) {
        if self.printed.is_none() {
            return;
        }
        let depends: Vec<Dependency> = given.iter().flat_map(|field| field.depends.clone()).collect();
        let texts: Vec<&str> = given.iter().map(Field::text).collect();
        let many = given.iter().any(|field| field.many);
        let output = match name {
            _ if many => None,
            "echo" if state.dialect == Dialect::Dash => echo_of_dash(&texts),
            "echo" => echo(&texts),
            "printf" => printf(&texts),
            _ => state.roots.absolute().map(|folder| folder + "\n"),
        };
        match output {
            Some(output) => self.print(&output, place, &depends),
            None => self.print_unknown(),
        }
    }
}

/// `command -v gunicorn`, `which gunicorn`: the program whose path that is, or nothing where there is none.
fn looked_for(script: &Script) -> Option<String> {
    let [Statement::Simple(simple)] = script.body.as_slice() else { return None };
    let words: Option<Vec<String>> = simple.words.iter().map(literal).collect();
    match words?.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["command", "-v", name] | ["which", name] | ["type", "-p", name] if !name.contains('/') => {
            Some((*name).to_owned())
        }
        _ => None,
    }
}

fn echo(words: &[&str]) -> Option<String> {
    let (words, end) = match words.split_first() {
        Some((&"-n", rest)) => (rest, ""),
        Some((option, _)) if option.starts_with("-e") || option.starts_with("-E") => return None,
        _ => (words, "\n"),
    };
    // Whether escapes count differs between shells.
    let plain = words.iter().all(|word| !word.contains('\\'));
    plain.then(|| words.join(" ") + end)
}

/// An option other than `-n` is a word like any other to dash.
fn echo_of_dash(words: &[&str]) -> Option<String> {
    match words.split_first() {
        Some((option, _)) if option.starts_with("-e") || option.starts_with("-E") => {
            let plain = words.iter().all(|word| !word.contains('\\'));
            plain.then(|| words.join(" ") + "\n")
        }
        _ => echo(words),
    }
}

/// `%s` and `%d` in a format without escapes but `\n`.
fn printf(words: &[&str]) -> Option<String> {
    let (format, mut rest) = words.split_first().map(|(format, rest)| (*format, rest.iter()))?;
    if format.starts_with('-') {
        return None;
    }
    let mut output = String::new();
    let mut chars = format.chars();
    while let Some(char) = chars.next() {
        match char {
            '%' => match chars.next()? {
                's' => output.push_str(rest.next().copied().unwrap_or_default()),
                'd' => {
                    let number: i64 = rest.next().copied().unwrap_or("0").parse().ok()?;
                    output.push_str(&number.to_string());
                }
                '%' => output.push('%'),
                _ => return None,
            },
            '\\' => match chars.next()? {
                'n' => output.push('\n'),
                't' => output.push('\t'),
                '\\' => output.push('\\'),
                _ => return None,
            },
            other => output.push(other),
        }
    }
    // Further words repeat the format.
    rest.next().is_none().then_some(output)
}

fn basename(path: &str) -> &str {
    let trimmed = path.trim_end_matches('/');
    if trimmed.is_empty() { "/" } else { base(trimmed) }
}

fn dirname(path: &str) -> String {
    let trimmed = path.trim_end_matches('/');
    match trimmed.rsplit_once('/') {
        None if trimmed.is_empty() && !path.is_empty() => "/".to_owned(),
        None => ".".to_owned(),
        Some((folder, _)) => {
            let folder = folder.trim_end_matches('/');
            if folder.is_empty() { "/".to_owned() } else { folder.to_owned() }
        }
    }
}

/// `listed` where the lines of what is printed are counted.
fn asks_for_cores(simple: &Simple, listed: bool) -> bool {
    let words: Option<Vec<String>> = simple.words.iter().map(literal).collect();
    let words = words.unwrap_or_default();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["grep", "^processor" | "processor", "/proc/cpuinfo"] => listed,
        _ if listed => false,
        [program] | [program, "--all"] => base(program) == "nproc",
        ["getconf", "_NPROCESSORS_ONLN" | "_NPROCESSORS_CONF"]
        | ["grep", "-c", "^processor" | "processor", "/proc/cpuinfo"]
        | ["sysctl", "-n", "hw.ncpu" | "hw.logicalcpu" | "hw.physicalcpu"] => true,
        ["python" | "python3", "-c", code] => {
            code.contains("cpu_count()") && code.starts_with("import ") && code.ends_with("cpu_count())")
        }
        _ => false,
    }
}

/// `grep processor /proc/cpuinfo | wc -l`.
fn counts_lines(first: &Simple, last: &Simple) -> bool {
    let words: Vec<String> = last.words.iter().filter_map(literal).collect();
    let counts = words.iter().map(String::as_str).eq(["wc", "-l"]);
    counts && first.words.first().and_then(literal).is_some_and(|name| name == "grep")
}

fn drops_comments(pattern: &str) -> bool {
    ["^#", "^\\s*#", "#", "^#.*", "^ *#", "^$", "^#|^$", "^(#|$)", "^[[:space:]]*#"].contains(&pattern)
}
