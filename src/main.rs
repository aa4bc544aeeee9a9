//! The `farrier` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    #[cfg(unix)]
    {
        let mut arguments = std::env::args_os().skip(1);
        if arguments
            .next()
            .is_some_and(|first| first == farrier::measure::SUPERVISE)
        {
            return farrier::measure::supervise(&arguments.collect::<Vec<_>>()).into();
        }
    }
    ExitCode::SUCCESS
}
