//! What is replaced on Gunicorn's command line so that a measured server disturbs nothing.
//!
//! Decides which of the candidate's arguments are taken out and what is added. It does not know
//! what the arguments mean for throughput. Checked against Gunicorn 27.0.1; its parser is
//! argparse, so unambiguous prefixes of long options and clusters of short ones are legal.

use std::path::Path;

use super::address::Address;

/// The candidate's arguments without what decides where the server listens and whether it
/// detaches or reloads, and with an address, a pid file and an error log of farrier's own.
pub(super) fn arguments(given: &[String], address: &Address, folder: &Path) -> Vec<String> {
    let options = given.iter().position(|argument| argument == "--").unwrap_or(given.len());
    let (options, rest) = given.split_at(options);
    let mut kept = Vec::new();
    let mut options = options.iter();
    while let Some(argument) = options.next() {
        match replaced(argument) {
            Replaced::No => kept.push(argument.clone()),
            Replaced::Flag => {}
            // `--bind` is repeatable, so a later one would only add an address.
            Replaced::WithValue => drop(options.next()),
        }
    }
    // Last, because the last of several flags wins, and every flag wins over the configuration
    // file and `GUNICORN_CMD_ARGS`.
    let bind = match address {
        Address::Port(port) => format!("127.0.0.1:{port}"),
        Address::Socket(path) => format!("unix:{}", path.display()),
    };
    kept.extend(["--bind".to_owned(), bind]);
    kept.extend(["--pid".to_owned(), folder.join("pid").to_string_lossy().into_owned()]);
    kept.extend(["--error-logfile".to_owned(), "-".to_owned()]);
    kept.extend(rest.iter().cloned());
    kept
}

/// Variables that must not reach the measured server: sockets and process ids handed over by a
/// service manager or an earlier Gunicorn would replace the address it is given.
pub(super) const WITHOUT: [&str; 5] = ["GUNICORN_FD", "GUNICORN_PID", "LISTEN_FDS", "LISTEN_PID", "NOTIFY_SOCKET"];

/// Variables that must point into a folder of farrier's own: since 25.1 the control socket lies
/// in `$XDG_RUNTIME_DIR`, and a second server would take it over from one already running.
pub(super) const PRIVATE: [&str; 1] = ["XDG_RUNTIME_DIR"];

enum Replaced {
    No,
    Flag,
    WithValue,
}

fn replaced(argument: &str) -> Replaced {
    if let Some(long) = argument.strip_prefix("--") {
        let (name, value) = long.split_once('=').map_or((long, None), |(name, value)| (name, Some(value)));
        // The shortest prefixes that mean exactly one option: `--b` could be `--backlog`,
        // `--da` only `--daemon`; `--reload` has longer siblings and must be whole.
        let is = |option: &str, shortest: usize| name.len() >= shortest && option.starts_with(name);
        if is("bind", 2) {
            return if value.is_some() { Replaced::Flag } else { Replaced::WithValue };
        }
        return if is("daemon", 2) || name == "reload" { Replaced::Flag } else { Replaced::No };
    }
    let Some(short) = argument.strip_prefix('-') else {
        return Replaced::No;
    };
    // `-D` and `-R` take no value, so `-Db ADDRESS` is legal.
    let flags = short.trim_start_matches(['D', 'R']);
    match flags.strip_prefix('b') {
        Some("") => Replaced::WithValue,
        Some(_) => Replaced::Flag,
        None if flags.is_empty() && short.contains('D') => Replaced::Flag,
        None => Replaced::No,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(given: &[&str]) -> Vec<String> {
        let given: Vec<String> = given.iter().map(|&argument| argument.to_owned()).collect();
        let mut arguments = arguments(&given, &Address::Port(5000), Path::new("/t"));
        let added = ["--bind", "127.0.0.1:5000", "--pid", "/t/pid", "--error-logfile", "-"];
        let at = arguments.windows(added.len()).position(|window| window == added).unwrap();
        arguments.drain(at..at + added.len());
        arguments
    }

    #[test]
    fn every_spelling_of_an_address_goes() {
        for bind in [
            &["-b", "0.0.0.0:80"][..],
            &["-b0.0.0.0:80"],
            &["--bind", ":80"],
            &["--bind=:80"],
            &["--bi", ":80"],
            &["-Db", ":80"],
            &["-RD", "-b", ":80"],
        ] {
            let mut given = vec!["-w", "4"];
            given.extend(bind);
            given.extend(["-k", "gthread", "app:app"]);
            assert_eq!(kept(&given), ["-w", "4", "-k", "gthread", "app:app"], "{bind:?}");
        }
    }

    #[test]
    fn detaching_and_reloading_go_and_siblings_stay() {
        let given = [
            "-D",
            "--daemon",
            "--da",
            "--reload",
            "--reload-engine",
            "poll",
            "--backlog",
            "5",
            "--reuse-port",
            "-R",
            "app:app",
        ];
        assert_eq!(kept(&given), ["--reload-engine", "poll", "--backlog", "5", "--reuse-port", "-R", "app:app"]);
    }

    #[test]
    fn options_stay_before_the_end_of_options() {
        let given = ["-w".to_owned(), "2".to_owned(), "--".to_owned(), "app:app".to_owned()];
        let all = arguments(&given, &Address::Port(5000), Path::new("/t"));
        assert_eq!(&all[all.len() - 2..], ["--", "app:app"]);
        assert_eq!(&all[2..4], ["--bind", "127.0.0.1:5000"]);
    }
}
