//! What is told of the commands themselves: to shells that complete them, and to `man`.

use clap::CommandFactory as _;
use clap_complete::Shell;

use super::{Done, Exit, Failure};
use crate::cli::Cli;

/// What a shell reads to complete commands, options and their values.
pub(super) fn completions(shell: Shell) -> Done {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "farrier", &mut script);
    Done { text: String::from_utf8_lossy(&script).into_owned(), exit: Exit::Clean }
}

/// One page about all commands.
pub(super) fn page() -> Result<Done, Failure> {
    let unwritten = |error: std::io::Error| Failure::Usage(format!("the page cannot be written: {error}"));
    let mut page = Vec::new();
    let mut command = Cli::command();
    command.build();
    clap_mangen::Man::new(command.clone()).render(&mut page).map_err(unwritten)?;
    // What each command takes stands behind the list of them.
    for each in command.get_subcommands().filter(|each| each.get_name() != "help") {
        let man = clap_mangen::Man::new(each.clone());
        man.render_synopsis_section(&mut page)
            .and_then(|()| man.render_options_section(&mut page))
            .map_err(unwritten)?;
    }
    Ok(Done { text: String::from_utf8_lossy(&page).into_owned(), exit: Exit::Clean })
}
