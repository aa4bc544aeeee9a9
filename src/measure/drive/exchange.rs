//! One request and its answer over a connection that is kept as long as the server allows.

use std::cell::RefCell;
use std::io;
use std::time::Duration;

use tokio::io::ReadBuf;

use super::stream::Stream;
use crate::measure::address::Address;
use crate::measure::http::{Framing, Response, Step};
use crate::measure::plan::{Method, Plan};

/// Bytes taken from a socket at once. Bodies are thrown away here, so all connections share one
/// buffer, which stays in the cache.
const PIECE: usize = 64 * 1024;

/// What is asked, of whom.
#[derive(Debug)]
pub(in crate::measure) struct Target {
    address: Address,
    /// The bytes of each request, one per path of the plan.
    requests: Vec<Vec<u8>>,
    head_only: bool,
    pub(super) timeout: Duration,
    piece: RefCell<Box<[u8]>>,
}

impl Target {
    /// The plan's requests for the server at an address.
    pub(in crate::measure) fn new(plan: &Plan, address: &Address) -> Self {
        let named = plan.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host"));
        let request = |path: &String| {
            let mut text = format!("{} {path} HTTP/1.1\r\n", plan.method.name());
            if !named {
                let host = match address {
                    Address::Port(port) => format!("127.0.0.1:{port}"),
                    Address::Socket(_) => "localhost".to_owned(),
                };
                text.extend(["Host: ", &host, "\r\n"]);
            }
            text.push_str(concat!("User-Agent: farrier/", env!("CARGO_PKG_VERSION"), "\r\nAccept: */*\r\n"));
            for (name, value) in &plan.headers {
                text.extend([name, ": ", value, "\r\n"]);
            }
            text.push_str("\r\n");
            text.into_bytes()
        };
        Self {
            address: address.clone(),
            requests: plan.paths.iter().map(request).collect(),
            head_only: plan.method == Method::Head,
            timeout: plan.request_timeout,
            piece: RefCell::new(vec![0; PIECE].into_boxed_slice()),
        }
    }
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::measure) enum Failure {
    Connect,
    Reset,
    Timeout,
    Malformed,
}

/// A connection that may carry several requests.
#[derive(Debug)]
pub(super) struct Wire {
    open: Option<Stream>,
    framing: Framing,
    /// Requests repeated because a kept connection turned out to be closed.
    pub(super) repeated: u64,
}

impl Wire {
    pub(super) fn new(target: &Target) -> Self {
        Self { open: None, framing: Framing::new(target.head_only), repeated: 0 }
    }

    /// Sends request number `index` and reads its answer to the end.
    pub(super) async fn ask(&mut self, target: &Target, index: usize) -> Result<u16, Failure> {
        let answer = tokio::time::timeout(target.timeout, self.exchange(target, index)).await;
        match answer {
            Ok(Ok(response)) => {
                if !response.reusable {
                    self.open = None;
                }
                Ok(response.status)
            }
            Ok(Err(failure)) => {
                self.open = None;
                Err(failure)
            }
            Err(_) => {
                self.open = None;
                Err(Failure::Timeout)
            }
        }
    }

    async fn exchange(&mut self, target: &Target, index: usize) -> Result<Response, Failure> {
        let Some(request) = target.requests.get(index % target.requests.len().max(1)) else {
            return Err(Failure::Connect);
        };
        if self.open.is_some() {
            match self.converse(target, request).await {
                // The server may close a kept connection at any time; a safe request that was not
                // answered at all is repeated once (RFC 9112, section 9.3.1).
                Err(Failure::Reset) if !self.framing.begun() => self.repeated += 1,
                decided => return decided,
            }
        }
        self.open = Some(Stream::connect(&target.address).await.map_err(|_| Failure::Connect)?);
        self.converse(target, request).await
    }

    async fn converse(&mut self, target: &Target, request: &[u8]) -> Result<Response, Failure> {
        let Some(stream) = &mut self.open else {
            return Err(Failure::Connect);
        };
        self.framing.reset();
        stream.write_all(request).await.map_err(|_| Failure::Reset)?;
        loop {
            let framing = &mut self.framing;
            let step = std::future::poll_fn(|context| {
                // Borrowed only while the socket is polled: one buffer serves all connections.
                let mut piece = target.piece.borrow_mut();
                let mut buffer = ReadBuf::new(&mut piece);
                let read = std::task::ready!(stream.poll_read(context, &mut buffer));
                std::task::Poll::Ready(take(framing, &read, buffer.filled()))
            })
            .await?;
            if let Some(response) = step {
                return Ok(response);
            }
        }
    }
}

/// What one read from the socket means for the response.
fn take(framing: &mut Framing, read: &io::Result<()>, bytes: &[u8]) -> Result<Option<Response>, Failure> {
    if read.is_err() {
        return Err(Failure::Reset);
    }
    if bytes.is_empty() {
        return framing.end().map(Some).map_err(|_| Failure::Reset);
    }
    match framing.push(bytes) {
        Ok(Step::More) => Ok(None),
        // Bytes nobody asked for would be taken for the next answer.
        Ok(Step::Done(_, used)) if used < bytes.len() => Err(Failure::Malformed),
        Ok(Step::Done(response, _)) => Ok(Some(response)),
        Err(_) => Err(Failure::Malformed),
    }
}

/// One request on a connection of its own: the status, or why there is none.
pub(in crate::measure) async fn once(target: &Target, index: usize) -> Result<u16, Failure> {
    Wire::new(target).ask(target, index).await
}
