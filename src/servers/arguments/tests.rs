//! Command lines as the servers parse them.

use proptest::prelude::*;

use super::*;
use crate::servers::{Server, table};
use crate::source::{Files, Span, WordPart};

/// The words of `line`, split at single spaces; `?` stands for text that nobody knows.
fn words(line: &str) -> Vec<Argument> {
    let mut files = Files::new();
    let file = files.add("line", line);
    let mut at = 0;
    let mut found = Vec::new();
    for word in line.split(' ') {
        let maybe = word.starts_with('~');
        let text = word.trim_start_matches('~');
        let place = Place::new(file, Span::new(at + usize::from(maybe), at + word.len()));
        let unknown = text.find('?');
        found.push(Argument {
            text: unknown.is_none().then(|| text.to_owned()),
            prefix: text[..unknown.unwrap_or(text.len())].to_owned(),
            place,
            removal: place,
            literal: unknown.is_none(),
            unless_set: None,
            origin: None,
            single: false,
            maybe,
        });
        at += word.len() + 1;
    }
    found
}

fn read(server: Server, version: &str, line: &str) -> Arguments {
    parse(table(server), version.parse().unwrap(), &words(line))
}

fn gunicorn(line: &str) -> Arguments {
    read(Server::Gunicorn, "27.0.1", line)
}

/// What was given, as `name=value` with the bytes of the value; `!` for invalid, `?` for unknown.
fn told(arguments: &Arguments, line: &str) -> Vec<String> {
    let show = |given: &Given| {
        let name = given.setting.name();
        let written = given.value_place.map(|place| &line[place.span.start..place.span.end]).unwrap_or_default();
        match &given.value {
            Outcome::Known(value) => format!("{name}={value}@{written}"),
            Outcome::Invalid(_) => format!("{name}=!@{written}"),
            Outcome::Unknown => format!("{name}=?@{written}"),
        }
    };
    arguments.given.iter().map(show).collect()
}

fn app(arguments: &Arguments) -> Option<&str> {
    arguments.app.as_ref().map(|app| app.value.as_str())
}

fn errors(arguments: &Arguments) -> Vec<ArgumentError> {
    arguments.errors.iter().map(|error| error.value.clone()).collect()
}

#[test]
fn all_spellings_of_a_value_are_read() {
    let line = "-w 4 --workers=5 -w6 -w=7 --worker-con 9 -kgevent app:app";
    let arguments = gunicorn(line);
    assert_eq!(
        told(&arguments, line),
        [
            "workers=4@4",
            "workers=5@5",
            "workers=6@6",
            "workers=7@7",
            "worker_connections=9@9",
            "worker_class=\"gevent\"@gevent"
        ]
    );
    assert!(arguments.given.iter().all(|given| given.literal));
    assert_eq!(app(&arguments), Some("app:app"));
    assert!(arguments.errors.is_empty() && arguments.opaque.is_empty());
    assert_eq!(arguments.last("workers").unwrap().text.as_deref(), Some("7"));
    assert_eq!(arguments.last("workers").unwrap().removal.len(), 1);
    assert_eq!(arguments.given[0].removal.len(), 2);
}

#[test]
fn repeated_options_add_up_only_where_they_append() {
    let arguments = gunicorn("-b a:1 --bind b:2 -w 1 -w 2 app");
    let both = Value::List(vec![Value::Str("a:1".into()), Value::Str("b:2".into())]);
    assert_eq!(arguments.outcome("bind"), Some(Outcome::Known(both)));
    assert_eq!(arguments.outcome("workers"), Some(Outcome::Known(Value::Int(2))));
    assert_eq!(arguments.outcome("threads"), None);
    assert_eq!(gunicorn("-b a:1 -b ?").outcome("bind"), Some(Outcome::Unknown));
}

#[test]
fn short_options_share_a_word() {
    let line = "-DRw 4 app";
    let arguments = gunicorn(line);
    assert_eq!(told(&arguments, line), ["daemon=True@", "enable_stdio_inheritance=True@", "workers=4@4"]);
    assert!(arguments.given.iter().all(|given| given.removal.is_empty()));
    assert_eq!(told(&gunicorn("-Dw4"), "-Dw4"), ["daemon=True@", "workers=4@4"]);
}

#[test]
fn abbreviations_are_those_of_the_version() {
    let ambiguous = |version: &str, flag: &str| {
        let arguments = read(Server::Gunicorn, version, &format!("{flag} 3 app"));
        matches!(errors(&arguments).first(), Some(ArgumentError::Ambiguous { .. }))
    };
    assert!(ambiguous("27.0.1", "--worker"));
    assert!(ambiguous("27.0.1", "--access-log"));
    assert!(ambiguous("27.0.1", "--forw"));
    assert!(!ambiguous("20.1.0", "--forw"));
}

#[test]
fn options_of_other_versions_are_refused() {
    let flag = |version: &str| errors(&read(Server::Gunicorn, version, "--no-control-socket app"));
    assert_eq!(flag("27.0.1"), []);
    assert_eq!(flag("23.0.0"), [ArgumentError::Unrecognised("--no-control-socket".into())]);
    assert_eq!(errors(&gunicorn("--keepalive 5 app"))[0], ArgumentError::Unrecognised("--keepalive".into()));
}

#[test]
fn valueless_and_optional_values() {
    let arguments = gunicorn("--preload true");
    assert_eq!(app(&arguments), Some("true"));
    let arguments = gunicorn("--proxy-protocol app:app");
    assert_eq!(app(&arguments), None);
    assert!(matches!(arguments.given[0].value, Outcome::Invalid(_)));
    let auto = Some(Outcome::Known(Value::Str("auto".into())));
    assert_eq!(gunicorn("app:app --proxy-protocol").outcome("proxy_protocol"), auto);
    let on = Some(Outcome::Known(Value::Bool(true)));
    assert_eq!(read(Server::Gunicorn, "23.0.0", "--proxy-protocol app:app").outcome("proxy_protocol"), on);
    assert_eq!(errors(&gunicorn("--preload=1")), [ArgumentError::UnexpectedValue("--preload".into())]);
    assert_eq!(errors(&gunicorn("app -w")), [ArgumentError::MissingValue("-w".into())]);
    assert_eq!(errors(&gunicorn("app -w -t 3")), [ArgumentError::MissingValue("-w".into())]);
    assert_eq!(gunicorn("--no-sendfile").outcome("sendfile"), Some(Outcome::Known(Value::Bool(false))));
}

#[test]
fn only_the_first_group_of_words_is_positional() {
    let arguments = gunicorn("app:app other -w 2");
    assert_eq!((app(&arguments), arguments.extra.len(), arguments.errors.len()), (Some("app:app"), 1, 0));
    let arguments = gunicorn("app:app -w 2 other");
    assert_eq!(errors(&arguments), [ArgumentError::Unrecognised("other".into())]);
    assert_eq!(app(&gunicorn("-w 2 -- app:app")), Some("app:app"));
    let arguments = gunicorn("-w -1 app");
    assert!(matches!(arguments.given[0].value, Outcome::Invalid(_)));
    assert!(arguments.errors.is_empty());
}

#[test]
fn unknown_text_stays_unknown() {
    let line = "? -w ? --threads=? -t? --? --preload app:app";
    let arguments = gunicorn(line);
    assert_eq!(told(&arguments, line), ["workers=?@?", "threads=?@--threads=?", "timeout=?@-t?", "preload_app=True@"]);
    assert!(!arguments.given[1].literal);
    assert_eq!((app(&arguments), arguments.opaque.len()), (Some("app:app"), 2));
    let arguments = gunicorn("-w 2 app.?:app");
    assert_eq!((app(&arguments), arguments.opaque.len()), (None, 1));
}

#[test]
fn a_word_keeps_what_is_known_of_it() {
    let place = words("x")[0].place;
    let variable = |name: &str| WordPart::Variable { name: name.into(), default: None };
    let parts = vec![WordPart::Text("--".into()), variable("MODE"), WordPart::Text("=".into()), variable("N")];
    let word = Word { parts, place, removal: place, quoted: false };
    let argument = |known: &[(&str, &str)]| {
        let lookup = |name: &str| known.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        Argument::new(&word, &lookup)
    };
    let all = argument(&[("MODE", "workers"), ("N", "4")]);
    assert_eq!((all.text.as_deref(), all.prefix.as_str(), all.literal), (Some("--workers=4"), "--workers=4", false));
    let some = argument(&[("MODE", "workers")]);
    assert_eq!((some.text, some.prefix.as_str()), (None, "--workers="));
    assert_eq!(argument(&[("N", "4")]).prefix, "--");
}

#[test]
fn clicks_options_must_be_written_out() {
    let line = "app:app --workers 4 --no-access-log --port=80 --host --reload";
    let arguments = read(Server::Uvicorn, "0.54.0", line);
    assert_eq!(
        told(&arguments, line),
        ["workers=4@4", "access_log=False@", "port=80@80", "host=\"--reload\"@--reload"]
    );
    assert_eq!(app(&arguments), Some("app:app"));
    let arguments = read(Server::Uvicorn, "0.54.0", "--work 4 -w");
    assert_eq!(arguments.errors.len(), 2);
    assert_eq!(told(&read(Server::Uvicorn, "0.54.0", "--workers x"), "--workers x"), ["workers=!@x"]);
    assert_eq!(errors(&read(Server::Uvicorn, "0.30.0", "app --http2")).len(), 1);
    assert_eq!(errors(&read(Server::Uvicorn, "0.54.0", "a b")), [ArgumentError::Unrecognised("b".into())]);
}

#[test]
fn uwsgi_options_outside_the_table_are_passed_over() {
    let line = "--rare-option 7 --processes 4 --master";
    let arguments = read(Server::Uwsgi, "2.0.31", line);
    assert_eq!(told(&arguments, line), ["processes=4@4", "master=True@"]);
    assert!(arguments.errors.is_empty() && app(&arguments).is_none());
}

#[test]
fn options_that_only_inform_are_noticed() {
    assert!(gunicorn("--version").exits.is_some());
    assert!(gunicorn("app").exits.is_none());
}

proptest! {
    #[test]
    fn no_words_upset_the_parser(
        texts in prop::collection::vec("(-{0,2}[a-zéw=?D0-9 .:-]{0,6})|(--(workers|w|bind|proxy-protocol|reload)(=?[a4?])?)", 0..8),
    ) {
        let line: Vec<String> = texts.iter().map(|text| text.replace(' ', "_")).collect();
        let line = line.join(" ");
        for server in Server::ALL {
            let table = table(server);
            let arguments = parse(table, table.newest(), &words(&line));
            for given in &arguments.given {
                let value = given.value_place.unwrap_or(given.flag).span;
                prop_assert!(line.get(value.start..value.end).is_some());
                prop_assert!(given.removal.len() <= 2);
            }
        }
    }
}

#[test]
fn words_that_may_be_there_leave_the_others_known() {
    let gunicorn = table(Server::Gunicorn);
    let parsed = |line: &str| parse(gunicorn, gunicorn.newest(), &words(line));
    let arguments = parsed("-w 2 ~--reload ~--threads=4 -b :80 app:app");
    assert_eq!(app(&arguments), Some("app:app"));
    assert_eq!(arguments.outcome("workers"), Some(Outcome::Known(Value::Int(2))));
    assert_eq!(arguments.outcome("reload"), Some(Outcome::Unknown));
    assert_eq!(arguments.outcome("threads"), Some(Outcome::Unknown));
    assert!(arguments.opaque.is_empty() && arguments.errors.is_empty());
    let arguments = parsed("-w 2 ~-w ~4 ~-k ~sync -k sync app:app");
    assert_eq!(arguments.outcome("workers"), Some(Outcome::Unknown));
    assert_eq!(arguments.outcome("worker_class"), Some(Outcome::Known(Value::Str("sync".into()))));
    let arguments = parsed("app:app ~--chdir /srv -w 3");
    assert_eq!(arguments.outcome("chdir"), Some(Outcome::Unknown));
    assert_eq!(arguments.outcome("workers"), Some(Outcome::Known(Value::Int(3))));
    let arguments = parsed("-b ~x :80 -w 2 app:app");
    assert!(!arguments.opaque.is_empty(), "which word is the value of an option is not known");
    let arguments = parsed("-w 2 ~app:app");
    assert_eq!((app(&arguments), arguments.unnamed.is_some()), (None, true));
}

#[test]
fn words_that_need_a_variable_leave_the_likely_values() {
    let mut given = words("app:app --bind :1 ~-w ~4 ~--reload --timeout 5");
    for word in given.iter_mut().filter(|word| word.maybe) {
        word.unless_set = Some("A".to_owned());
    }
    let arguments = parse(table(Server::Gunicorn), "27.0.1".parse().unwrap(), &given);
    assert!(arguments.last("workers").is_none() && arguments.last("reload").is_none());
    assert_eq!(arguments.outcome("timeout"), Some(Outcome::Known(Value::Int(5))));
    let possible: Vec<&str> = arguments.possible.iter().map(|(name, _)| *name).collect();
    assert_eq!(possible, ["workers", "reload"]);
}
