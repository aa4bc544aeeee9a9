//! Programs that pass requests on from inside the container of a server.
//!
//! Such a program may be installed, copied, started by a script or by a manager; which port it listens on is not
//! asked, because then the server behind it has to listen on no address that others reach.

use super::image::Image;
use crate::read::{Command, Facts, Unit};
use crate::source::{FileId, Files, Place};

/// Reverse proxies, and managers whose programs may be any, by the names of programs, packages and images.
const PROGRAMS: [&str; 10] =
    ["nginx", "caddy", "haproxy", "envoy", "traefik", "httpd", "apache2", "apachectl", "varnishd", "supervisord"];

/// What an image holds besides the server.
pub(super) fn in_image(image: &Image, files: &Files) -> Option<Place> {
    let installs = image.runs.iter().map(|ran| ran.place).find(|place| words(files.text_at(*place)).any(is_program));
    let copies = image.copied.iter().find(|landed| landed.destination.split(['/', '.']).any(is_program));
    let base = image.base.filter(|base| base.value.split(['/', ':', '@', '-']).any(is_program));
    installs.or(copies.map(|_| image.stage.place)).or(base.map(|base| base.place))
}

/// What its commands, or the scripts that they run, start besides the server.
pub(super) fn beside(unit: &Unit, scripts: impl IntoIterator<Item = FileId>, facts: &Facts) -> Option<Place> {
    let commands = unit.entrypoint.iter().chain(&unit.command);
    let written = commands.flat_map(|command: &Command| &command.simple).find_map(|simple| {
        let named = simple.iter().find(|word| word.text().is_some_and(|text| words(&text).any(is_program)))?;
        Some(named.place)
    });
    written.or_else(|| {
        let mut found = None;
        for script in scripts.into_iter().filter_map(|file| facts.scripts.get(&file)) {
            script.each(&mut |simple| {
                let starts = simple.program().is_some_and(|program| words(program).any(is_program));
                found = found.or(starts.then_some(simple.place));
            });
        }
        found
    })
}

/// Words of a command line, paths taken apart.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c.is_whitespace() || "/=;&|\"'()".contains(c))
}

fn is_program(word: &str) -> bool {
    PROGRAMS.contains(&word) || matches!(word, "supervisor" | "apache")
}
