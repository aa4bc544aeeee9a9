//! Where a measured server listens: a loopback port or a Unix socket, neither of them the project's own.
//!
//! Decides whose sockets belong to such an address, which tells one server from another that answers there.

use std::path::PathBuf;

/// Where a server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Address {
    /// A port of the loopback interface.
    Port(u16),
    /// A socket in a temporary folder.
    Socket(PathBuf),
}

/// The sockets of an address, by the number that the system gives each.
#[derive(Debug, Default)]
pub(super) struct Sockets {
    /// Those that take connections.
    pub(super) listening: Vec<u64>,
    /// The ends of the server of those that are open.
    pub(super) open: Vec<u64>,
}

impl Address {
    /// The sockets of the address; `None` where the system does not say.
    #[cfg(target_os = "linux")]
    pub(super) fn sockets(&self) -> Option<Sockets> {
        use procfs::net::{TcpState, UnixState};
        let mut all = Sockets::default();
        match self {
            Self::Port(port) => {
                for socket in procfs::net::tcp().ok()?.into_iter().filter(|one| one.local_address.port() == *port) {
                    match socket.state {
                        TcpState::Listen => all.listening.push(socket.inode),
                        TcpState::Established => all.open.push(socket.inode),
                        _ => {}
                    }
                }
            }
            Self::Socket(path) => {
                let own = |one: &procfs::net::UnixNetEntry| one.path.as_ref() == Some(path);
                for socket in procfs::net::unix().ok()?.into_iter().filter(own) {
                    match socket.state {
                        UnixState::UNCONNECTED => all.listening.push(socket.inode),
                        UnixState::CONNECTED => all.open.push(socket.inode),
                        _ => {}
                    }
                }
            }
        }
        Some(all)
    }

    /// Elsewhere the system does not say.
    #[cfg(not(target_os = "linux"))]
    #[allow(clippy::unused_self, reason = "the same question on every system")]
    pub(super) fn sockets(&self) -> Option<Sockets> {
        None
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::net::{Ipv4Addr, TcpListener, TcpStream};
    use std::os::unix::net::{UnixListener, UnixStream};

    use super::*;

    #[test]
    fn sockets_that_listen_are_told_from_those_that_are_open() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let counts = |address: &Address| address.sockets().map(|all| (all.listening.len(), all.open.len()));
        assert_eq!(counts(&Address::Port(port)), Some((1, 0)));
        let _client = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
        let _server = listener.accept().unwrap();
        assert_eq!(counts(&Address::Port(port)), Some((1, 1)));

        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("socket");
        let listener = UnixListener::bind(&path).unwrap();
        let _client = UnixStream::connect(&path).unwrap();
        let _server = listener.accept().unwrap();
        assert_eq!(counts(&Address::Socket(path)), Some((1, 1)));
        assert_eq!(counts(&Address::Socket(folder.path().join("other"))), Some((0, 0)));
    }
}
