//! One request and its answer over a connection that is kept as long as the server allows.

use std::cell::RefCell;
use std::io;
use std::time::Duration;

use tokio::io::ReadBuf;

use super::stream::Stream;
use crate::measure::address::Address;
use crate::measure::http::{Framing, Response, Step};
use crate::measure::plan::Plan;
use crate::measure::requests::{Method, Request, order};

/// Bytes taken from a socket at once. Bodies are thrown away here, so all connections share one
/// buffer, which stays in the cache.
const PIECE: usize = 64 * 1024;

/// What is asked, of whom.
#[derive(Debug)]
pub(in crate::measure) struct Target {
    address: Address,
    asked: Vec<Asked>,
    /// Which of them comes when, by its index, over and over.
    order: Vec<u16>,
    pub(super) timeout: Duration,
    piece: RefCell<Box<[u8]>>,
}

/// One request as it is sent.
#[derive(Debug)]
struct Asked {
    bytes: Vec<u8>,
    head_only: bool,
    /// Whether it is asked once more where the connection turns out to be closed.
    repeatable: bool,
}

impl Target {
    /// The plan's requests for the server at an address.
    pub(in crate::measure) fn new(plan: &Plan, address: &Address) -> Self {
        let weights: Vec<u32> = plan.requests.iter().map(|request| request.weight).collect();
        Self {
            address: address.clone(),
            asked: plan.requests.iter().map(|request| Asked::new(request, plan, address)).collect(),
            order: order(&weights),
            timeout: plan.request_timeout,
            piece: RefCell::new(vec![0; PIECE].into_boxed_slice()),
        }
    }

    /// Which request comes at this place of the order.
    pub(super) fn kind_at(&self, place: usize) -> usize {
        self.order.get(place % self.order.len().max(1)).copied().map_or(usize::MAX, usize::from)
    }

    /// How many different requests there are.
    pub(super) fn kinds(&self) -> usize {
        self.asked.len()
    }
}

impl Asked {
    fn new(request: &Request, plan: &Plan, address: &Address) -> Self {
        let headers = || plan.headers.iter().chain(&request.headers);
        let named = headers().any(|(name, _)| name.eq_ignore_ascii_case("host"));
        let mut text = format!("{} {} HTTP/1.1\r\n", request.method.name(), request.path);
        if !named {
            let host = match address {
                Address::Port(port) => format!("127.0.0.1:{port}"),
                Address::Socket(_) => "localhost".to_owned(),
            };
            text.extend(["Host: ", &host, "\r\n"]);
        }
        text.push_str(concat!("User-Agent: farrier/", env!("CARGO_PKG_VERSION"), "\r\nAccept: */*\r\n"));
        for (name, value) in headers() {
            text.extend([name, ": ", value, "\r\n"]);
        }
        if request.method.has_body() || !request.body.is_empty() {
            text.extend(["Content-Length: ", &request.body.len().to_string(), "\r\n"]);
        }
        text.push_str("\r\n");
        let mut bytes = text.into_bytes();
        bytes.extend(&request.body);
        Self { bytes, head_only: request.method == Method::Head, repeatable: request.method.is_idempotent() }
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
    pub(super) fn new() -> Self {
        Self { open: None, framing: Framing::new(), repeated: 0 }
    }

    /// Sends a request of this kind and reads its answer to the end.
    pub(super) async fn ask(&mut self, target: &Target, kind: usize) -> Result<u16, Failure> {
        let answer = tokio::time::timeout(target.timeout, self.exchange(target, kind)).await;
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

    async fn exchange(&mut self, target: &Target, kind: usize) -> Result<Response, Failure> {
        let Some(request) = target.asked.get(kind) else {
            return Err(Failure::Connect);
        };
        if self.open.is_some() {
            match self.converse(target, request).await {
                // The server may close a kept connection at any time; a request that was not answered at all, and that
                // may as well be asked twice, is repeated once (RFC 9112, section 9.3.1).
                Err(Failure::Reset) if request.repeatable && !self.framing.begun() => self.repeated += 1,
                decided => return decided,
            }
        }
        self.open = Some(Stream::connect(&target.address).await.map_err(|_| Failure::Connect)?);
        self.converse(target, request).await
    }

    async fn converse(&mut self, target: &Target, request: &Asked) -> Result<Response, Failure> {
        let Some(stream) = &mut self.open else {
            return Err(Failure::Connect);
        };
        self.framing.reset(request.head_only);
        stream.write_all(&request.bytes).await.map_err(|_| Failure::Reset)?;
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
pub(in crate::measure) async fn once(target: &Target, kind: usize) -> Result<u16, Failure> {
    Wire::new().ask(target, kind).await
}
