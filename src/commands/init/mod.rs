//! `farrier init`.

mod gunicorn;
mod likely;
mod schema;

use std::path::Path;

use super::{Done, Exit, Failure};
use crate::cli::{Cli, Init, ServerFile};

/// What there is to decide, with the choice that needs no decision in comments.
const TEMPLATE: &str = include_str!("farrier.toml");

pub(super) fn run(cli: &Cli, init: &Init) -> Result<Done, Failure> {
    if init.schema {
        return Ok(Done { text: schema::schema(), exit: Exit::Clean });
    }
    if let Some(ServerFile::Gunicorn) = init.server {
        let flags = super::flags(&init.production);
        let request = super::request_of(cli, &init.path, &flags)?;
        let path = request.root.join(gunicorn::FILE);
        let text = gunicorn::configuration(request)?;
        return if init.stdout { Ok(Done { text, exit: Exit::Clean }) } else { create(&path, &text) };
    }
    if init.stdout {
        return Ok(Done { text: TEMPLATE.to_owned(), exit: Exit::Clean });
    }
    let root = super::home_of(&init.path)?;
    let path = root.join("farrier.toml");
    let pyproject = farrier::source::read_text(&root.join("pyproject.toml")).unwrap_or_default();
    if pyproject.contains("[tool.farrier") {
        return Err(Failure::Usage("pyproject.toml holds `[tool.farrier]` already".to_owned()));
    }
    create(&path, TEMPLATE)
}

/// Writes a file that is not there yet.
fn create(path: &Path, text: &str) -> Result<Done, Failure> {
    let file = std::fs::OpenOptions::new().write(true).create_new(true).open(path);
    let written = file.and_then(|mut file| std::io::Write::write_all(&mut file, text.as_bytes()));
    written.map_err(|error| {
        let why = match error.kind() {
            std::io::ErrorKind::AlreadyExists => "it is there already, and nothing of it is replaced".to_owned(),
            _ => error.to_string(),
        };
        Failure::Usage(format!("{} was not written: {why}", path.display()))
    })?;
    Ok(Done { text: format!("{} written\n", path.display()), exit: Exit::Clean })
}
