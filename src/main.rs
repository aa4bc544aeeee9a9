//! The `farrier` command.

mod cli;
mod commands;

use std::io::{self, Write};
use std::process::ExitCode;

use cli::Cli;

fn main() -> ExitCode {
    // A measured server's keeper is this program too; it must start at once and knows no flags.
    #[cfg(unix)]
    if let Some(code) = supervised() {
        return code;
    }
    let cli = Cli::typed().unwrap_or_else(|error| error.exit());
    let (text, code) = match commands::run(&cli) {
        Ok(done) => (done.text, done.exit.code()),
        Err(failure) => {
            let _ = writeln!(io::stderr(), "{failure:#}");
            return ExitCode::from(commands::Exit::Unusable.code());
        }
    };
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        // Whoever read the first lines and left (`farrier check | head`) has what they wanted.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            let _ = writeln!(io::stderr(), "error: cannot write the report: {error}");
            ExitCode::from(commands::Exit::Unusable.code())
        }
        _ => ExitCode::from(code),
    }
}

#[cfg(unix)]
fn supervised() -> Option<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    let supervise = arguments.next().is_some_and(|first| first == farrier::measure::SUPERVISE);
    supervise.then(|| farrier::measure::supervise(&arguments.collect::<Vec<_>>()).into())
}
