//! Which server a command line starts, seen through the programs in front of it.

use super::Server;

/// What a command line starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Program {
    /// A server.
    Server {
        /// Which.
        server: Server,
        /// Index of the first word that is an argument of the server.
        first_argument: usize,
    },
    /// A framework's development server, by the name to call it: `flask run`.
    Development {
        /// Its name.
        name: &'static str,
        /// Index of the first word that is an argument of it.
        first_argument: usize,
    },
}

/// The program that the command line `words` starts; a word is `None` if nobody knows it.
pub fn recognise(_words: &[Option<String>]) -> Option<Program> {
    None
}
