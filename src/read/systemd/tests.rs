//! What units of systemd say.

use super::*;
use crate::source::{Guess, Span};
use crate::values::Seconds;

fn facts(texts: &[(&str, &str)]) -> (Files, Facts) {
    let mut files = Files::new();
    let mut kinds = BTreeMap::new();
    for (path, text) in texts {
        let file = files.add(*path, *text);
        kinds.extend(Guess::of(path).and_then(|guess| guess.settle(path, text)).map(|kind| (file, kind)));
    }
    let facts = read(&files, &kinds);
    (files, facts)
}

fn words(line: &str) -> Vec<(String, Vec<String>)> {
    let text = format!("[Service]\nExecStart={line}\n");
    let (files, facts) = facts(&[("a.service", &text)]);
    let command = facts.units[0].command.clone().unwrap();
    let names = |word: &crate::source::Word| word.variables().iter().map(|name| (*name).to_owned()).collect();
    let text = |word: &crate::source::Word| word.text().unwrap_or_else(|| files.text_at(word.place).to_owned());
    command.words.iter().map(|lexed| (text(&lexed.word), names(&lexed.word))).collect()
}

fn texts(line: &str) -> Vec<String> {
    words(line).into_iter().map(|(text, _)| text).collect()
}

/// What `systemd --test` of 252 prints as the command line of these services.
#[test]
fn words_of_a_command_line() {
    for (line, expected) in [
        ("/bin/a -b  c", &["/bin/a", "-b", "c"][..]),
        ("/bin/a \"b c\" 'd e'", &["/bin/a", "b c", "d e"]),
        ("/bin/a --x=\"b c\" y'z'", &["/bin/a", "--x=b c", "yz"]),
        ("/bin/a \\x41 \\s \\101 \"\\t\"", &["/bin/a", "A", " ", "A", "\t"]),
        ("/bin/a \\d \\. 'x\\'y'", &["/bin/a", "\\d", "\\.", "x'y"]),
        ("-@/bin/a b", &["/bin/a", "b"]),
        ("+!!/bin/a 100%% $$HOME", &["/bin/a", "100%", "$HOME"]),
        ("/bin/a -b$X a$", &["/bin/a", "-b$X", "a$"]),
        ("/bin/a \"\" x", &["/bin/a", "", "x"]),
        ("/bin/true ; /bin/a b", &["/bin/a", "b"]),
        ("/bin/a \\; b", &["/bin/a", ";", "b"]),
        ("/bin/a %n %N-%p %%n", &["/bin/a", "a.service", "a-a", "%n"]),
    ] {
        assert_eq!(texts(line), expected, "{line}");
    }
}

#[test]
fn a_template_knows_only_the_beginning_of_its_name() {
    let (files, facts) = facts(&[("web@.service", "[Service]\nExecStart=/bin/a --name %p --log %n --pid %i\n")]);
    let command = facts.units[0].command.clone().unwrap();
    let told: Vec<_> = command.simple[0].iter().map(|word| (word.text(), files.text_at(word.place))).collect();
    assert_eq!(told[2], (Some("web".to_owned()), "%p"));
    assert_eq!((told[4].0.as_ref(), told[6].0.as_ref()), (None, None));
    let (_, facts) = self::facts(&[("web@.service", "[Service]\nExecStart=/bin/sh -c 'a --port %i'\n")]);
    let command = facts.units[0].command.clone().unwrap();
    // It is not left out of what a shell runs.
    assert_ne!(command.words[2].content.text(), "a --port ");
}

#[test]
fn variables_of_a_command_line() {
    let found = words("/bin/a $A ${B} -x${C}y \"$D\" $1 ${E:-3} -w$F");
    let names: Vec<Vec<String>> = found.into_iter().map(|(_, names)| names).collect();
    let expected: [&[&str]; 8] = [&[], &["A"], &["B"], &["C"], &["D"], &[], &[], &[]];
    assert_eq!(names, expected.map(|names| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()));
}

#[test]
fn a_service_with_drop_ins_and_a_socket() {
    let (files, facts) = facts(&[
        (
            "deploy/web.service",
            "[Unit]\nDescription=x\n[Service]\nType=notify\nUser=www\nWorkingDirectory=-/srv/app\n\
             Environment=\"A=b c\" D=e 'F=g'\nEnvironmentFile=-/etc/default/web\n\
             ExecStart=/srv/venv/bin/gunicorn -w 2 \\\n  # no\n  --bind :80 app:app\nTimeoutStopSec=1min 30s\n\
             CPUQuota=200%\nMemoryMax=1G\nMemoryHigh=512M\nKillSignal=SIGQUIT\n",
        ),
        (
            "deploy/web.service.d/10-more.conf",
            "[Service]\nExecStart=\nExecStart=/usr/bin/gunicorn -w 4 app:app\nEnvironment=D=z\nTimeoutStopSec=infinity\n",
        ),
        ("deploy/web.socket", "[Socket]\nListenStream=/run/web.sock\nListenStream=8000\n"),
        ("deploy/other.socket", "[Socket]\nListenStream=/run/other.sock\n"),
    ]);
    assert_eq!(facts.units.len(), 1);
    let unit = &facts.units[0];
    assert_eq!(unit.name, "web");
    let command: Vec<_> =
        unit.command.as_ref().unwrap().words.iter().map(|lexed| files.text_at(lexed.word.place)).collect();
    assert_eq!(command, ["/usr/bin/gunicorn", "-w", "4", "app:app"]);
    let variables: Vec<_> =
        unit.environment.iter().map(|v| (v.name.as_str(), files.text_at(v.value.as_ref().unwrap().place))).collect();
    assert_eq!(variables, [("A", "b c"), ("D", "e"), ("F", "g"), ("D", "z")]);
    assert_eq!(unit.environment_files[0].path.value, "/etc/default/web");
    assert_eq!(files.text_at(unit.environment_files[0].path.place), "/etc/default/web");
    assert_eq!(unit.working_folder.as_ref().unwrap().value, "/srv/app");
    assert!((unit.limits.cpus.as_ref().unwrap().value.0 - 2.0).abs() < 1e-9);
    assert_eq!(files.text_at(unit.limits.memory.as_ref().unwrap().place), "512M");
    assert!(unit.limits.stop_grace.is_none());
    assert_eq!(unit.stop_signal.as_ref().unwrap().value, "SIGQUIT");
    let sockets: Vec<_> = unit.sockets.iter().map(|socket| socket.value.as_str()).collect();
    assert_eq!(sockets, ["/run/web.sock", "8000"]);
    assert!(facts.notes.is_empty());
}

#[test]
fn variables_are_taken_away_by_name_or_with_their_value() {
    let (_, facts) = facts(&[(
        "web.service",
        "[Service]\nEnvironment=A=1 B=2\nUnsetEnvironment=A B=3\nEnvironmentFile=-/etc/a\nEnvironmentFile=/etc/b\nExecStart=/x\n",
    )]);
    assert_eq!(facts.units[0].removed, [("A".to_owned(), None), ("B".to_owned(), Some("3".to_owned()))]);
    let optional: Vec<bool> = facts.units[0].environment_files.iter().map(|file| file.optional).collect();
    assert_eq!(optional, [true, false]);
}

#[test]
fn a_socket_that_is_not_there_is_waited_for() {
    let awaited = |text: &str, others: &[(&str, &str)]| {
        let all = [&[("web.service", text)], others].concat();
        facts(&all).1.units[0].awaited_socket.as_ref().map(|socket| socket.value.clone())
    };
    let unit = |line: &str| format!("[Unit]\n{line}\n[Service]\nExecStart=/bin/gunicorn app\n");
    assert_eq!(awaited(&unit("Requires=gunicorn.socket"), &[]).as_deref(), Some("gunicorn.socket"));
    assert_eq!(awaited(&unit("Requires=network.target web.socket"), &[]).as_deref(), Some("web.socket"));
    assert_eq!(awaited(&format!("{}Sockets=a.socket\n", unit("")), &[]).as_deref(), Some("a.socket"));
    assert_eq!(awaited(&unit("Requires=docker.socket postgresql.service"), &[]), None);
    assert_eq!(awaited(&unit("After=gunicorn.socket"), &[]), None, "an order alone starts nothing");
    let socket = [("web.socket", "[Socket]\nListenStream=80\n")];
    assert_eq!(awaited(&unit("Requires=web.socket"), &socket), None);
}

#[test]
fn words_over_several_lines_know_their_bytes() {
    let text = "[Service]\nExecStart=/bin/gunicorn \\\n    --workers \"3\" \\\n    app:app\nTimeoutStopSec=45\n";
    let (files, facts) = facts(&[("a.service.j2", text)]);
    let unit = &facts.units[0];
    let found: Vec<_> =
        unit.command.as_ref().unwrap().words.iter().map(|lexed| files.text_at(lexed.word.place)).collect();
    assert_eq!(found, ["/bin/gunicorn", "--workers", "3", "app:app"]);
    assert_eq!(unit.limits.stop_grace.as_ref().unwrap().value, Seconds(45.0));
    assert_eq!(unit.place.span, Span::new(0, 9));
}

#[test]
fn a_set_of_processors_bounds_as_a_quota_does() {
    let cpus = |rest: &str| {
        let (_, facts) = facts(&[("web.service", &format!("[Service]\nExecStart=/usr/bin/gunicorn a:b\n{rest}"))]);
        facts.units[0].limits.cpus.as_ref().map(|cpus| cpus.value.0)
    };
    // As systemd.resource-control(5) and systemd.exec(5) say.
    assert_eq!(cpus("AllowedCPUs=0-3\n"), Some(4.0));
    assert_eq!(cpus("CPUAffinity=0 1\n"), Some(2.0));
    assert_eq!(cpus("CPUAffinity=0,1\nCPUAffinity=1-2\n"), Some(3.0));
    assert_eq!(cpus("CPUAffinity=0-7\nCPUAffinity=\nCPUAffinity=3\n"), Some(1.0));
    assert_eq!(cpus("AllowedCPUs=0-3\nCPUQuota=150%\n"), Some(1.5));
    assert_eq!(cpus("AllowedCPUs=0\nCPUQuota=150%\n"), Some(1.0));
    for open in ["CPUAffinity=numa\n", "AllowedCPUs=3-1\n", "AllowedCPUs=0-99999999\n", "AllowedCPUs=\n"] {
        assert_eq!(cpus(open), None, "{open}");
    }
}

#[test]
fn a_colon_in_front_keeps_variables_as_they_are_written() {
    for (line, name) in [("/usr/bin/gunicorn -n $X a:b", None), ("+:/usr/bin/gunicorn -n $X a:b", Some("$X"))] {
        let (files, facts) = facts(&[("web.service", &format!("[Service]\nExecStart={line}\n"))]);
        let words = &facts.units[0].command.as_ref().unwrap().words;
        assert_eq!(files.text_at(words[0].word.place), "/usr/bin/gunicorn");
        assert_eq!(words[2].word.text().as_deref(), name, "{line}");
    }
}
