//! How a server is started so that it disturbs nothing: on a port of farrier's own, in the foreground.
//!
//! Decides which of the candidate's arguments and variables are taken out and what is added, from the
//! table of its server. Gunicorn reads its command line in ways of its own, which have a file of theirs.

use std::path::Path;

use super::address::Address;
use super::gunicorn;
use crate::servers::{Action, Server, Table, table};

/// Whether the server can be started on an address of farrier's own.
pub fn can_measure(server: Server) -> bool {
    table(server).measured().is_some()
}

/// Whether the server can be reached over a Unix socket as well.
pub fn takes_socket(server: Server) -> bool {
    table(server).measured().is_some_and(|measured| !measured.socket_options.is_empty())
}

/// The command that starts the server, where it is no module of Python's (`python -m`).
pub fn command(server: Server) -> Option<&'static str> {
    table(server).measured()?.command.as_deref()
}

/// Settings that a run decides itself: whoever writes a command line leaves them out.
pub fn decided(server: Server) -> &'static [String] {
    table(server).measured().map_or(&[], |measured| &measured.leave_out)
}

/// The candidate's arguments, changed so.
pub(super) fn arguments(server: Server, given: &[String], address: &Address, folder: &Path) -> Vec<String> {
    match server {
        Server::Gunicorn => gunicorn::arguments(given, address, folder),
        other => from_table(table(other), given, address),
    }
}

fn from_table(table: &Table, given: &[String], address: &Address) -> Vec<String> {
    let added: Vec<String> = match (table.measured(), address) {
        (None, _) => Vec::new(),
        (Some(how), Address::Port(port)) => {
            how.options.iter().map(|option| option.replace("{port}", &port.to_string())).collect()
        }
        (Some(how), Address::Socket(path)) => {
            how.socket_options.iter().map(|option| option.replace("{socket}", &path.to_string_lossy())).collect()
        }
    };
    let mut kept = Vec::new();
    let mut words = given.iter();
    while let Some(word) = words.next() {
        let (name, joined) = word.split_once('=').map_or((word.as_str(), false), |(name, _)| (name, true));
        match value_of(table, name) {
            None => kept.push(word.clone()),
            Some(takes) => {
                if takes && !joined {
                    words.next();
                }
            }
        }
    }
    // In front: of click's and argparse's options none that is left could win over them, and the application may
    // stand behind an end of options.
    added.into_iter().chain(kept).collect()
}

/// Whether the option that is left out takes a value; `None` for options that stay.
fn value_of(table: &Table, name: &str) -> Option<bool> {
    let measured = table.measured()?;
    let mut left_out = measured.leave_out.iter().filter_map(|name| table.setting(name));
    left_out.find_map(|setting| {
        let shape = setting.at(table.newest());
        if shape.off_flags().iter().any(|flag| flag == name) {
            return Some(false);
        }
        let own = shape.flags().iter().any(|flag| flag == name);
        own.then(|| matches!(shape.action(), Action::Store | Action::Append))
    })
}

/// Variables that must not reach the server.
pub(super) fn without(server: Server) -> Vec<String> {
    let table = table(server);
    let settings = decided(server).iter().filter_map(|name| table.setting(name));
    let own = settings.filter_map(|setting| table.variable_of(setting));
    own.chain(gunicorn::WITHOUT.map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(server: Server, line: &str) -> String {
        let given: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        arguments(server, &given, &Address::Port(5000), Path::new("/t")).join(" ")
    }

    #[test]
    fn addresses_reloading_and_encryption_go() {
        assert_eq!(
            kept(Server::Uvicorn, "--host 0.0.0.0 --port=80 --reload --workers 2 --ssl-keyfile k app:app"),
            "--host=127.0.0.1 --port=5000 --workers 2 app:app"
        );
        assert_eq!(
            kept(Server::Hypercorn, "-b 0.0.0.0:80 --quic-bind=:443 -D -w 2 app:app"),
            "--bind=127.0.0.1:5000 -w 2 app:app"
        );
        assert_eq!(
            kept(Server::Granian, "--no-reload --uds /run/x --interface asgi --metrics app:app"),
            "--host=127.0.0.1 --port=5000 --interface asgi app:app"
        );
    }

    #[test]
    fn a_socket_takes_the_place_of_a_port() {
        let over = |server: Server, line: &str| {
            let given: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
            arguments(server, &given, &Address::Socket("/t/socket".into()), Path::new("/t")).join(" ")
        };
        assert_eq!(over(Server::Uvicorn, "--uds /run/x --workers 2 app:app"), "--uds=/t/socket --workers 2 app:app");
        assert_eq!(over(Server::Hypercorn, "--bind unix:/run/x app:app"), "--bind=unix:/t/socket app:app");
        assert_eq!(over(Server::Granian, "--host 0.0.0.0 app:app"), "--uds=/t/socket app:app");
        let gunicorn = over(Server::Gunicorn, "-b unix:/run/x -w 2 app:app");
        assert!(gunicorn.contains("--bind unix:/t/socket") && !gunicorn.contains("/run/x"), "{gunicorn}");
        let uwsgi =
            over(Server::Uwsgi, "--socket=/run/x -s :3031 --http=:80 --daemonize /l --processes=2 --module=app");
        assert_eq!(uwsgi, "--http-socket=/t/socket --die-on-term --processes=2 --module=app");
    }

    #[test]
    fn every_setting_that_is_left_out_exists() {
        for server in Server::ALL {
            for name in decided(server) {
                assert!(table(server).setting(name).is_some(), "{server}: {name}");
            }
        }
    }

    #[test]
    fn variables_that_say_otherwise_go() {
        let names = without(Server::Uvicorn);
        assert!(names.contains(&"UVICORN_UDS".to_owned()) && names.contains(&"LISTEN_FDS".to_owned()), "{names:?}");
        assert!(without(Server::Granian).contains(&"GRANIAN_PORT".to_owned()));
    }
}
