//! Variables of the environment: which calls read them, what they are where nobody sets them, and what the files of a
//! project set them to.
//!
//! Decides by names, as people write them: `os.getenv`, `os.environ.get`, `config("NAME", default=...)` of
//! python-decouple and Starlette, `env.bool("NAME", ...)` of environs and django-environ.

use super::known::Known;
use crate::python::calls::last_name;
use crate::python::syntax::ast::{self, Expr};
use crate::source::{Files, SourceFile};

/// Texts that switch something on.
const ON: [&str; 6] = ["1", "on", "t", "true", "y", "yes"];
/// Texts that switch something off.
const OFF: [&str; 8] = ["", "0", "f", "false", "n", "no", "none", "off"];
/// Words in the names of variables that say whether something is done, rather than with what.
const SWITCHES: [&str; 16] = [
    "ALLOW",
    "DEBUG",
    "DISABLE",
    "DISABLED",
    "DRY",
    "ENABLE",
    "ENABLED",
    "EXPERIMENTAL",
    "FEATURE",
    "FORCE",
    "PROFILE",
    "PROFILING",
    "SKIP",
    "TRACE",
    "USE",
    "VERBOSE",
];
/// Methods that read a variable as something, of what is called `env`.
const READ_AS: [&str; 6] = ["__call__", "bool", "float", "get", "int", "str"];
/// Folders and files that tell of no installation: tests, builds, and what is written for people.
const ELSEWHERE: [&str; 6] = [".github/", ".circleci/", ".gitlab-ci", "test", "docs/", "example/"];

/// A variable that a call reads.
pub(super) struct Variable<'a> {
    /// What names it.
    pub(super) name: &'a Expr,
    /// What stands in for it.
    pub(super) default: Option<&'a Expr>,
    /// What is made of its text.
    pub(super) cast: Option<&'a str>,
}

/// The variable that a call reads, by the names in it.
pub(super) fn read_by(call: &ast::ExprCall) -> Option<Variable<'_>> {
    let name = call.arguments.args.first()?;
    let keyword = |name: &str| call.arguments.find_keyword(name).map(|keyword| &keyword.value);
    let default = keyword("default").or_else(|| call.arguments.args.get(1));
    let cast = match keyword("cast") {
        Some(Expr::Name(cast)) => Some(cast.id.as_str()),
        Some(_) => return None,
        None => None,
    };
    match &*call.func {
        Expr::Attribute(method) => {
            let (of, method) = (last_name(&method.value), method.attr.as_str());
            match (of, method) {
                ("os", "getenv") | ("environ", "get") => {}
                ("env" | "ENV", _) if READ_AS.contains(&method) => {
                    return Some(Variable { name, default, cast: Some(method) });
                }
                _ => return None,
            }
        }
        Expr::Name(callee) => match callee.id.as_str() {
            "getenv" => {}
            "config" | "env" if name.is_string_literal_expr() => {}
            _ => return None,
        },
        _ => return None,
    }
    Some(Variable { name, default, cast })
}

/// What a text switches, if it switches anything.
pub(super) fn switches(text: &str) -> Option<bool> {
    let is_one_of = |all: &[&str]| all.iter().any(|one| one.eq_ignore_ascii_case(text));
    if is_one_of(&ON) { Some(true) } else { is_one_of(&OFF).then_some(false) }
}

/// Whether the name of a variable says that it switches something.
pub(super) fn is_switch(name: &str) -> bool {
    name.split('_').any(|word| SWITCHES.iter().any(|known| known.eq_ignore_ascii_case(word)))
}

/// The values that files of the project other than modules give to a variable. Where `ends` is given, to those as well
/// whose names end so: a settings class may have a prefix.
pub(super) fn values_of<'f>(files: &'f Files, name: &str, ends: bool) -> Vec<&'f str> {
    let counts = |file: &SourceFile| {
        let path = file.path();
        let is_other = [".py", ".pyi", ".md", ".rst"].iter().any(|end| path.ends_with(end));
        !is_other && !ELSEWHERE.iter().any(|part| path.contains(part))
    };
    let said = files.iter().filter(|(_, file)| counts(file) && file.text().contains(name));
    said.flat_map(|(_, file)| given(file.text(), name, ends)).collect()
}

/// The variable that an assignment sets: `os.environ["NAME"] = value`.
pub(super) fn set_by_assignment(target: &Expr) -> Option<&str> {
    let Expr::Subscript(part) = target else { return None };
    let Expr::StringLiteral(name) = &*part.slice else { return None };
    (last_name(&part.value) == "environ").then(|| name.value.to_str())
}

/// The variable that a call sets, and what to: `os.environ.setdefault("NAME", value)`.
pub(super) fn set_by_call(call: &ast::ExprCall) -> Option<(&str, &Expr)> {
    let Expr::Attribute(method) = &*call.func else { return None };
    let [Expr::StringLiteral(name), value] = &*call.arguments.args else { return None };
    let sets = match method.attr.as_str() {
        "setdefault" => last_name(&method.value) == "environ",
        "putenv" => true,
        _ => false,
    };
    sets.then(|| (name.value.to_str(), value))
}

/// Whether a text that a variable is set to comes to the same as this.
pub(super) fn is_same(known: Known<'_>, value: &str) -> bool {
    match known {
        Known::Text(text) => {
            text.eq_ignore_ascii_case(value) || switches(text).is_some_and(|on| switches(value) == Some(on))
        }
        Known::Number(number) => value.parse() == Ok(number),
        known => known.truth().is_some_and(|truth| switches(value) == Some(truth)),
    }
}

/// The values that a text gives to a variable: `NAME=value`, `NAME: value`, `- name: NAME` above `value: value`,
/// `ENV NAME value`.
fn given<'t>(text: &'t str, name: &str, ends: bool) -> Vec<&'t str> {
    let mut found = Vec::new();
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    for (at, _) in text.match_indices(name) {
        let line = text[..at].rfind('\n').map_or(0, |end| end + 1);
        let (head, rest) = (text[line..at].trim_start(), &text[at + name.len()..]);
        let before = head.chars().next_back();
        let continues = rest.starts_with(is_word) || before.is_some_and(|c| c == '$' || c == '{');
        if continues || !ends && before.is_some_and(is_word) || head.starts_with(['#', ';']) || head.starts_with("//") {
            continue;
        }
        let end = rest.find('\n').unwrap_or(rest.len());
        let (rest, next) = (&rest[..end], rest[end..].trim_start());
        let rest = rest.trim_start_matches(['"', '\'']).trim();
        let value = if let Some(value) = rest.strip_prefix(['=', ':']) {
            if value.starts_with('=') {
                continue;
            }
            value
        } else if rest.is_empty() && head.contains("name:") {
            next.strip_prefix("value:").map_or("", |value| value.lines().next().unwrap_or_default())
        } else if head.trim_end().eq_ignore_ascii_case("env") {
            rest
        } else {
            continue;
        };
        found.extend(plain(value.trim(), name));
    }
    found
}

/// A value without its quotes; none where it only hands on what the variable is already.
fn plain<'t>(value: &'t str, name: &str) -> Option<&'t str> {
    let value = match value.strip_prefix(['"', '\'']) {
        Some(quoted) => quoted.split(['"', '\'']).next().unwrap_or_default(),
        None => value.split([' ', '\t', ',', ')']).next().unwrap_or_default(),
    };
    let Some(reference) = value.strip_prefix('$') else { return Some(value) };
    let reference = reference.trim_start_matches('{').trim_end_matches('}');
    match reference.strip_prefix(name) {
        Some("") => None,
        Some(rest) => rest.strip_prefix(":-").or_else(|| rest.strip_prefix('-')),
        None => Some(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_in_the_ways_people_give_them() {
        for (text, value) in [
            ("GATE=TRUE\n", Some("TRUE")),
            ("export GATE='on' # now\n", Some("on")),
            ("environment:\n  GATE: \"yes\"\n", Some("yes")),
            ("  - GATE=${GATE:-LOCAL}\n", Some("LOCAL")),
            ("- name: GATE\n  value: \"1\"\n", Some("1")),
            ("- name: GATE\n  valueFrom:\n", Some("")),
            ("ENV GATE on\n", Some("on")),
            ("{\"GATE\": \"1\",\n", Some("1")),
            ("GATE=${GATE}\n", None),
            ("# GATE=TRUE\n", None),
            ("NAVIGATE=TRUE\nGATES=1\n", None),
            ("[ \"$GATE\" = 1 ]\n", None),
        ] {
            assert_eq!(given(text, "GATE", false), value.into_iter().collect::<Vec<_>>(), "{text}");
        }
        assert_eq!(given("APP_GATE=1\n", "GATE", true), ["1"]);
    }

    #[test]
    fn words_of_names_and_texts_switch() {
        assert_eq!((switches("TRUE"), switches(""), switches("redis")), (Some(true), Some(false), None));
        assert!(is_switch("USE_REDIS") && is_switch("feature_x") && !is_switch("REDIS_URL"));
    }
}
