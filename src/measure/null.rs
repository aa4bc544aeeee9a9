//! What the load generator can do at most: asked of an endpoint that does nothing, in this process.
//!
//! Decides nothing about how near to that a server may come; `verdict` does. The endpoint has a thread of its own, so
//! that what answering costs is not taken for what asking costs.

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::path::PathBuf;
use std::rc::Rc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

use super::address::Address;
use super::drive::Target;
use super::drive::closed::Load;
use super::plan::Plan;
use super::sample::{self, Snapshot};

/// How long the endpoint is asked, after all connections are open.
const LENGTH: Duration = Duration::from_millis(250);
/// How long they have to find their pace.
const SETTLE: Duration = Duration::from_millis(100);
/// The answer to everything.
const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
/// The end of a request without a body, which all of these are.
const END: &[u8] = b"\r\n\r\n";

/// What the load generator does alone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Calibration {
    /// Answers per second of an endpoint that does nothing, over as many connections as the run keeps busy.
    pub rate: f64,
    /// Processor time of the load generator for each of them.
    pub cpu_per_request: Duration,
}

/// Asks the endpoint over this many connections; `None` where it did not answer. Must be called inside a `LocalSet`.
pub(super) async fn calibrate(connections: usize) -> io::Result<Option<Calibration>> {
    let endpoint = Endpoint::start()?;
    let plan = Plan::new(Vec::new(), PathBuf::new(), Vec::new());
    let load = Load::start(&Rc::new(Target::new(&plan, &Address::Port(endpoint.port))), connections);
    load.settle(SETTLE).await;
    let before = Snapshot::take(&[], None);
    let length = load.window(LENGTH).await;
    let after = Snapshot::take(&[], None);
    let tally = load.finish().await;
    let rate = tally.successes / length.as_secs_f64();
    let cores = sample::between(&before, &after, 0, None).client;
    Ok((rate > 0.0).then(|| Calibration { rate, cpu_per_request: Duration::from_secs_f64(cores / rate) }))
}

/// An endpoint of this process, for as long as this lives.
struct Endpoint {
    port: u16,
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Endpoint {
    fn start() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        let port = listener.local_addr()?.port();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
        let (end, mut ended) = oneshot::channel();
        let thread = thread::Builder::new().name("null endpoint".to_owned()).spawn(move || {
            runtime.block_on(async {
                let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
                loop {
                    tokio::select! {
                        _ = &mut ended => return,
                        accepted = listener.accept() => if let Ok((stream, _)) = accepted {
                            tokio::spawn(answer(stream));
                        },
                    }
                }
            });
        })?;
        Ok(Self { port, end: Some(end), thread: Some(thread) })
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            // It does nothing that could panic, and what is known does not depend on it any more.
            let _ = thread.join();
        }
    }
}

/// Answers every request of a connection until it is closed.
async fn answer(mut stream: TcpStream) {
    let _ = stream.set_nodelay(true);
    let mut seen = Vec::with_capacity(1024);
    while stream.read_buf(&mut seen).await.is_ok_and(|count| count > 0) {
        // The next request comes after the answer to this one.
        if seen.ends_with(END) {
            seen.clear();
            if stream.write_all(ANSWER).await.is_err() {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::driven;

    #[test]
    fn the_generator_is_measured_and_the_endpoint_gone_afterwards() {
        let plan = Plan::new(Vec::new(), PathBuf::new(), Vec::new());
        let found = driven(&plan, async { Ok(calibrate(4).await.unwrap()) }).unwrap().unwrap();
        assert!(found.rate > 100.0, "{found:?}");
        assert!(
            found.cpu_per_request > Duration::ZERO && found.cpu_per_request < Duration::from_millis(10),
            "{found:?}"
        );
        let endpoint = Endpoint::start().unwrap();
        let port = endpoint.port;
        drop(endpoint);
        assert!(std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err());
    }
}
