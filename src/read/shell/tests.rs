//! Scripts become trees whose words are found again in the text.

use proptest::prelude::*;

use super::*;
use crate::source::{Files, Span};

fn read(text: &str) -> (Files, Script) {
    let mut files = Files::new();
    let file = files.add("start.sh", text);
    let script = script(&Decoded::verbatim(text, 0), file).expect("short enough");
    (files, script)
}

/// The tree in a notation of its own, words as written.
fn told(text: &str) -> String {
    let (files, script) = read(text);
    let whole = if script.is_whole { "" } else { " (in part)" };
    format!("{}{whole}", list(&files, &script.body))
}

fn list(files: &Files, statements: &[Statement]) -> String {
    statements.iter().map(|statement| one(files, statement)).collect::<Vec<_>>().join("; ")
}

fn words(files: &Files, words: &[Word]) -> String {
    words.iter().map(|word| format!("<{}>", files.text_at(word.place))).collect::<Vec<_>>().join(" ")
}

fn one(files: &Files, statement: &Statement) -> String {
    let list = |statements: &[Statement]| list(files, statements);
    match statement {
        Statement::Simple(simple) => {
            let mut told: Vec<String> = Vec::new();
            for assignment in simple.assignments.iter().chain(&simple.arrays) {
                let sign = if assignment.appends { "+=" } else { "=" };
                told.push(match &assignment.value {
                    Assigned::Word(word) => format!("{}{sign}<{}>", assignment.name, files.text_at(word.place)),
                    Assigned::Array(items) => format!("{}{sign}({})", assignment.name, words(files, items)),
                });
            }
            told.push(words(files, &simple.words));
            told.retain(|piece| !piece.is_empty());
            told.join(" ")
        }
        Statement::Not(inner) => format!("not[{}]", one(files, inner)),
        Statement::And(first, second) => format!("and[{} , {}]", one(files, first), one(files, second)),
        Statement::Or(first, second) => format!("or[{} , {}]", one(files, first), one(files, second)),
        Statement::Pipe(commands) => format!("pipe[{}]", list(commands)),
        Statement::Background(inner) => format!("behind[{}]", one(files, inner)),
        Statement::Group(body) => format!("group[{}]", list(body)),
        Statement::Subshell(body) => format!("apart[{}]", list(body)),
        Statement::If { branches, otherwise } => {
            let branches: Vec<String> =
                branches.iter().map(|(condition, body)| format!("{} ? {}", list(condition), list(body))).collect();
            format!("if[{} : {}]", branches.join(" | "), list(otherwise))
        }
        Statement::While { until, condition, body, .. } => {
            format!("{}[{} ? {}]", if *until { "until" } else { "while" }, list(condition), list(body))
        }
        Statement::For { name, words: given, body } => {
            let given = given.as_ref().map_or("@".to_owned(), |given| words(files, given));
            format!("for[{name} in {given} ? {}]", list(body))
        }
        Statement::Rounds(body) => format!("rounds[{}]", list(body)),
        Statement::Case { word, arms } => {
            let arms: Vec<String> =
                arms.iter().map(|arm| format!("{} ? {}", words(files, &arm.patterns), list(&arm.body))).collect();
            format!("case[<{}> : {}]", files.text_at(word.place), arms.join(" | "))
        }
        Statement::Function { name, body } => format!("function {name} {}", one(files, body)),
        Statement::Test(given) => format!("test[{}]", words(files, given)),
        Statement::Arithmetic(_) => "number".to_owned(),
    }
}

#[test]
fn scripts_become_trees() {
    let cases = [
        ("gunicorn -w 4 'app:app'", "<gunicorn> <-w> <4> <app:app>"),
        ("A=1 B=\"x y\" gunicorn", "A=<1> B=<x y> <gunicorn>"),
        ("a && b || c; d & wait", "or[and[<a> , <b>] , <c>]; behind[<d>]; <wait>"),
        ("a | b |& c > out 2>&1", "pipe[<a>; <b>; <c>]"),
        ("if a; then b; elif c; then d; else e; fi", "if[<a> ? <b> | <c> ? <d> : <e>]"),
        ("if a; then b; fi > log; c", "if[<a> ? <b> : ]; <c>"),
        ("while a; do b; done; until c\ndo d\ndone", "while[<a> ? <b>]; until[<c> ? <d>]"),
        ("for x in 1 2; do a; done; for y; do b; done", "for[x in <1> <2> ? <a>]; for[y in @ ? <b>]"),
        ("for ((i=0;i<3;i++)); do a; done", "rounds[<a>]"),
        (
            "case \"$1\" in\n  web|app) a ;;\n  (x*) b;;\n  *) c\nesac; d",
            "case[<$1> : <web> <app> ? <a> | <x*> ? <b> | <*> ? <c>]; <d>",
        ),
        ("f() { a; }\nfunction g { b; }; f", "function f group[<a>]; function g group[<b>]; <f>"),
        ("(cd src && a); { b; }", "apart[and[<cd> <src> , <a>]]; group[<b>]"),
        ("cmd=( a\n  -w 4 # four\n)\ncmd+=(b)", "cmd=(<a> <-w> <4>); cmd+=(<b>)"),
        ("declare -a cmd=(a b) x; local y=1", "cmd=(<a> <b>) <declare> <-a> <x>; <local> <y=1>"),
        (
            "[[ -n $A && ( $B == x* || ! $C =~ ^(a|b)$ ) ]]",
            "test[<-n> <$A> <&&> <(> <$B> <==> <x*> <||> <!> <$C> <=~> <^(a|b)$> <)>]",
        ),
        ("((A += 1)); echo $((A * (2 + 1)))", "number; <echo> <$((A * (2 + 1)))>"),
        ("cat <<EOF > x\ngunicorn -w 9\nEOF\na", "<cat>; <a>"),
        ("cat <<-'E'\n\tgunicorn\n\tE\na", "<cat>; <a>"),
        ("a \\\n  -w 4\n", "<a> <-w> <4>"),
        ("! a; time b", "not[<a>]; <b>"),
        ("echo a#b # c", "<echo> <a#b>"),
        ("echo \"$(echo \"a)b\" | tr a b)\" `c d`", "<echo> <$(echo \"a)b\" | tr a b)> <`c d`>"),
        ("echo ${A:-${B:-\"}\"}} ${#A} $# \"${A[@]}\"", "<echo> <${A:-${B:-\"}\"}}> <${#A}> <$#> <${A[@]}>"),
        ("exec \"$@\"", "<exec> <$@>"),
        ("a >&2; b < in >> out", "<a>; <b>"),
        ("{% if x %}\na\n{% endif %}", "<{%> <if> <x> <%}>; <a>; <{%> <endif> <%}>"),
        ("fi; a", "<a> (in part)"),
        ("if a; then b", "if[<a> ? <b> : ] (in part)"),
        ("echo 'a", "<echo> <'a> (in part)"),
    ];
    for (text, expected) in cases {
        assert_eq!(told(text), expected, "{text}");
    }
}

#[test]
fn deep_nesting_ends() {
    for piece in ["$(", "${A:-", "(", "{ ", "if a; then ", "$((", "`", "f() ", "! ", "[[ ( "] {
        let deep = piece.repeat(20_000);
        let mut files = Files::new();
        let file = files.add("start.sh", deep.as_str());
        let _ = script(&Decoded::verbatim(&deep, 0), file);
    }
}

/// Every place lies within the text, and every word within its command.
fn check(files: &Files, statements: &[Statement], length: usize) {
    let inside = |place: Place| {
        assert!(place.span.start <= place.span.end && place.span.end <= length);
        let _ = files.text_at(place);
    };
    for statement in statements {
        statement.each(&mut |simple| inside(simple.place));
        if let Statement::Simple(simple) = statement {
            let within = |span: Span| simple.place.span.start <= span.start && span.end <= simple.place.span.end;
            for word in &simple.words {
                inside(word.place);
                inside(word.removal);
                assert!(within(word.place.span), "{word:?} {:?}", simple.place);
                word.parts.iter().for_each(|part| inside(part.place));
            }
        }
    }
}

proptest! {
    #[test]
    fn no_text_upsets_it(
        pieces in prop::collection::vec("if|then|fi|case|in|esac|;;|do|done|\\{|\\}|\\(|\\)|\\$\\(|\\$\\{A|:-|\"|'|`|\\\\|;|&&|\\||\n|<<E|E|a|A=|x=\\(|\\[\\[|\\]\\]|é| ", 0..40)
    ) {
        let text = pieces.concat();
        let (files, script) = read(&text);
        check(&files, &script.body, text.len());
    }
}
