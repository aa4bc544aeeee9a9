//! The `farrier` command.

mod cli;
mod commands;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;

use cli::Cli;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let (text, code) = match commands::run(&cli) {
        Ok(done) => (done.text, done.exit.code()),
        Err(failure) => {
            let _ = writeln!(io::stderr(), "{}", failure.render(&cli));
            return ExitCode::from(2);
        }
    };
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        // Whoever read the first lines and left (`farrier check | head`) has what they wanted.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            let _ = writeln!(io::stderr(), "error: cannot write the report: {error}");
            ExitCode::from(2)
        }
        _ => ExitCode::from(code),
    }
}
