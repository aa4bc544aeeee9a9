//! How a server is started so that it disturbs nothing: on a port of farrier's own, in the foreground.
//!
//! Decides which of the candidate's arguments and variables are taken out and what is added, from the
//! table of its server. Gunicorn reads its command line in ways of its own, which have a file of theirs.

use std::path::Path;

use super::gunicorn;
use crate::servers::{Action, Server, Table, table};

/// Whether the server can be started on an address of farrier's own.
pub fn can_measure(server: Server) -> bool {
    table(server).measured().is_some()
}

/// Settings that a run decides itself: whoever writes a command line leaves them out.
pub fn decided(server: Server) -> &'static [String] {
    table(server).measured().map_or(&[], |measured| &measured.leave_out)
}

/// The candidate's arguments, changed so.
pub(super) fn arguments(server: Server, given: &[String], port: u16, folder: &Path) -> Vec<String> {
    match server {
        Server::Gunicorn => gunicorn::arguments(given, port, folder),
        other => from_table(table(other), given, port),
    }
}

fn from_table(table: &Table, given: &[String], port: u16) -> Vec<String> {
    let options = table.measured().map_or(&[][..], |measured| &measured.options);
    let added = options.iter().map(|option| option.replace("{port}", &port.to_string()));
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
    added.chain(kept).collect()
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
        arguments(server, &given, 5000, Path::new("/t")).join(" ")
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
