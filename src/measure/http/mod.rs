//! Where one HTTP/1.1 response ends (RFC 9112, section 6), from bytes in pieces of any size.
//!
//! Decides the status, the end of the response and whether the connection may carry another one.
//! Bodies are counted off, never kept. Knows no sockets. The bytes come from whatever the user's
//! application sends, so nothing here trusts them: every buffer is capped, and what is not
//! HTTP/1.x is an error rather than a guess.

mod chunked;

use std::mem::MaybeUninit;

use chunked::Chunked;

/// Largest response head kept while it is incomplete. Servers send well below 1 KiB.
const MOST_HEAD: usize = 64 * 1024;
/// Most header fields of one head.
const MOST_HEADERS: usize = 256;
/// Most interim responses (1xx) before the final one.
const MOST_INTERIM: u8 = 16;

/// The bytes are not an HTTP/1.x response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Malformed {
    #[error("the head is not HTTP/1.x")]
    Head,
    #[error("the head is larger than 64 KiB")]
    HeadTooLarge,
    #[error("the length of the body is not a number, or two different ones")]
    Length,
    #[error("the chunked body is broken")]
    Chunk,
    #[error("too many interim responses")]
    Interim,
    #[error("the connection ended inside the response")]
    Truncated,
}

/// A complete response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Response {
    /// The final status, never 1xx.
    pub(super) status: u16,
    /// Whether another request may be sent on the connection.
    pub(super) reusable: bool,
}

/// What a piece of input led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// The response goes on; all bytes were taken.
    More,
    /// The response is complete after this many of the given bytes.
    Done(Response, usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Head,
    /// This many bytes of body are left.
    Fixed(u64),
    Chunked(Chunked),
    /// The body lasts as long as the connection.
    UntilClose,
}

/// The framing of one response at a time.
#[derive(Debug)]
pub(super) struct Framing {
    /// Whether the request was HEAD, whose answer has no body whatever its fields say.
    head_only: bool,
    /// An incomplete head. Empty for nearly every response: heads arrive in one piece.
    head: Vec<u8>,
    state: State,
    response: Response,
    interim: u8,
    /// Whether any byte of the response has arrived.
    begun: bool,
}

impl Framing {
    /// Ready for the first response, to a request other than HEAD.
    pub(super) fn new() -> Self {
        Self {
            head_only: false,
            head: Vec::new(),
            state: State::Head,
            response: Response { status: 0, reusable: false },
            interim: 0,
            begun: false,
        }
    }

    /// Ready for the next response, keeping the buffer.
    pub(super) fn reset(&mut self, head_only: bool) {
        self.head_only = head_only;
        self.head.clear();
        self.state = State::Head;
        self.interim = 0;
        self.begun = false;
    }

    /// Whether any byte of the response has arrived.
    pub(super) fn begun(&self) -> bool {
        self.begun
    }

    /// Takes the next bytes.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<Step, Malformed> {
        self.begun |= !bytes.is_empty();
        let mut at = 0;
        loop {
            let rest = bytes.get(at..).unwrap_or_default();
            match self.state {
                State::Head => {
                    let Some(used) = self.take_head(rest)? else {
                        return Ok(Step::More);
                    };
                    at += used;
                    if self.complete() {
                        return Ok(Step::Done(self.response, at));
                    }
                }
                State::Fixed(left) => {
                    let used = left.min(rest.len() as u64);
                    self.state = State::Fixed(left - used);
                    at += length(used);
                    return Ok(if left == used { Step::Done(self.response, at) } else { Step::More });
                }
                State::Chunked(ref mut chunked) => {
                    let (used, complete) = chunked.push(rest)?;
                    at += used;
                    return Ok(if complete { Step::Done(self.response, at) } else { Step::More });
                }
                State::UntilClose => return Ok(Step::More),
            }
        }
    }

    /// The connection was closed by the server: the end of the response, or its truncation.
    pub(super) fn end(&self) -> Result<Response, Malformed> {
        if self.state == State::UntilClose { Ok(self.response) } else { Err(Malformed::Truncated) }
    }

    /// Whether a head just taken was the whole response.
    fn complete(&self) -> bool {
        self.state == State::Fixed(0)
    }

    /// Takes one head if it is complete; the state says what follows. `Ok(None)` wants more bytes.
    fn take_head(&mut self, bytes: &[u8]) -> Result<Option<usize>, Malformed> {
        let before = self.head.len();
        if before == 0 {
            // Nearly always the head is here in one piece and needs no copy.
            let Some(end) = head_end(bytes, 0) else {
                self.keep(bytes)?;
                return Ok(None);
            };
            self.read_head(bytes.get(..end).unwrap_or_default())?;
            return Ok(Some(end));
        }
        self.keep(bytes)?;
        let Some(end) = head_end(&self.head, before) else {
            return Ok(None);
        };
        let mut head = std::mem::take(&mut self.head);
        head.truncate(end);
        self.read_head(&head)?;
        head.clear();
        self.head = head;
        Ok(Some(end - before))
    }

    /// Keeps a part of a head for later.
    fn keep(&mut self, bytes: &[u8]) -> Result<(), Malformed> {
        if self.head.len() + bytes.len() > MOST_HEAD {
            // A body may follow in the same piece, so only a head without an end is too large.
            let room = MOST_HEAD - self.head.len().min(MOST_HEAD);
            let before = self.head.len();
            self.head.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
            if head_end(&self.head, before).is_none() {
                return Err(Malformed::HeadTooLarge);
            }
            return Ok(());
        }
        self.head.extend_from_slice(bytes);
        Ok(())
    }

    /// Reads a complete head and sets what follows it.
    fn read_head(&mut self, bytes: &[u8]) -> Result<(), Malformed> {
        let mut headers = [const { MaybeUninit::<httparse::Header<'_>>::uninit() }; MOST_HEADERS];
        let mut head = httparse::Response::new(&mut []);
        let parsed =
            httparse::ParserConfig::default().parse_response_with_uninit_headers(&mut head, bytes, &mut headers);
        // A head that ends but does not parse to its end (a line break before the status line,
        // say) is not one a server should send.
        if parsed != Ok(httparse::Status::Complete(bytes.len())) {
            return Err(Malformed::Head);
        }
        let status = head.code.unwrap_or(0);
        // An upgrade was not asked for, so 101 is as wrong as a status below 100.
        if status < 100 || status == 101 {
            return Err(Malformed::Head);
        }
        if status < 200 {
            self.interim += 1;
            self.state = State::Head;
            return if self.interim > MOST_INTERIM { Err(Malformed::Interim) } else { Ok(()) };
        }
        let fields = Fields::read(head.headers)?;
        let modern = head.version == Some(1);
        let keep = if modern { !fields.close } else { fields.keep_alive && !fields.close };
        let bare = self.head_only || status == 204 || status == 304;
        (self.state, self.response.reusable) = match (bare, fields.coding, fields.length) {
            (true, _, _) => (State::Fixed(0), keep),
            // RFC 9112, section 6.1: chunked in an answer of HTTP/1.0 is faulty, so close after it.
            (_, Coding::Chunked, _) => (State::Chunked(Chunked::new()), keep && modern),
            (_, Coding::Other, _) | (_, Coding::None, None) => (State::UntilClose, false),
            (_, Coding::None, Some(length)) => (State::Fixed(length), keep),
        };
        self.response.status = status;
        Ok(())
    }
}

/// The fields of a head that decide about framing.
struct Fields {
    length: Option<u64>,
    coding: Coding,
    close: bool,
    keep_alive: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Coding {
    None,
    Chunked,
    /// Some coding, but chunked is not the last one.
    Other,
}

impl Fields {
    fn read(headers: &[httparse::Header<'_>]) -> Result<Self, Malformed> {
        let mut fields = Self { length: None, coding: Coding::None, close: false, keep_alive: false };
        for header in headers {
            if header.name.eq_ignore_ascii_case("content-length") {
                for text in header.value.split(|b| *b == b',') {
                    let length = decimal(text.trim_ascii()).ok_or(Malformed::Length)?;
                    if fields.length.is_some_and(|known| known != length) {
                        return Err(Malformed::Length);
                    }
                    fields.length = Some(length);
                }
            } else if header.name.eq_ignore_ascii_case("transfer-encoding") {
                let last = header.value.rsplit(|b| *b == b',').next().unwrap_or_default();
                let chunked = last.trim_ascii().eq_ignore_ascii_case(b"chunked");
                fields.coding = if chunked { Coding::Chunked } else { Coding::Other };
            } else if header.name.eq_ignore_ascii_case("connection") {
                for option in header.value.split(|b| *b == b',').map(<[u8]>::trim_ascii) {
                    fields.close |= option.eq_ignore_ascii_case(b"close");
                    fields.keep_alive |= option.eq_ignore_ascii_case(b"keep-alive");
                }
            }
        }
        Ok(fields)
    }
}

/// A number of nothing but digits.
fn decimal(text: &[u8]) -> Option<u64> {
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// The length of a head including its empty line. `from` bytes have been searched before.
fn head_end(bytes: &[u8], from: usize) -> Option<usize> {
    let start = from.saturating_sub(3);
    let rest = bytes.get(start..)?;
    rest.iter().enumerate().filter(|(_, byte)| **byte == b'\n').find_map(|(at, _)| match rest.get(at + 1..)? {
        [b'\n', ..] => Some(start + at + 2),
        [b'\r', b'\n', ..] => Some(start + at + 3),
        _ => None,
    })
}

/// A count that was bounded by the length of a slice.
fn length(count: u64) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Feeds the pieces and, if the response is still open, the end of the connection.
    fn read(pieces: &[&[u8]], head_only: bool) -> Result<(Response, usize), Malformed> {
        let mut framing = Framing::new();
        framing.reset(head_only);
        let mut before = 0;
        for piece in pieces {
            match framing.push(piece)? {
                Step::Done(response, used) => return Ok((response, before + used)),
                Step::More => before += piece.len(),
            }
        }
        framing.end().map(|response| (response, before))
    }

    fn whole(text: &str) -> Result<(Response, usize), Malformed> {
        read(&[text.as_bytes()], false)
    }

    fn response(status: u16, reusable: bool) -> Response {
        Response { status, reusable }
    }

    #[test]
    fn a_length_ends_the_body_and_keeps_the_connection() {
        let text = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloNEXT";
        assert_eq!(whole(text), Ok((response(200, true), text.len() - 4)));
    }

    #[test]
    fn close_is_believed_in_both_versions() {
        let with = |version: &str, connection: &str| {
            let text = format!("HTTP/{version} 200 OK\r\n{connection}Content-Length: 0\r\n\r\n");
            whole(&text).unwrap().0.reusable
        };
        assert!(with("1.1", ""));
        assert!(!with("1.1", "Connection: close\r\n"));
        assert!(!with("1.1", "Connection: foo, Close\r\n"));
        assert!(!with("1.0", ""));
        assert!(with("1.0", "Connection: keep-alive\r\n"));
    }

    #[test]
    fn without_a_length_the_connection_is_the_end() {
        assert_eq!(whole("HTTP/1.1 200 OK\r\n\r\nanything"), Ok((response(200, false), 27)));
        assert_eq!(
            whole("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\nContent-Length: 1\r\n\r\nabc"),
            Ok((response(200, false), 66))
        );
    }

    #[test]
    fn chunks_extensions_and_trailers() {
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n";
        for body in [
            "5\r\nhello\r\n0\r\n\r\n",
            "5;name=\"v\"\r\nhello\r\n00\r\nDigest: x\r\nMore: y\r\n\r\n",
            "A \r\n0123456789\r\n0\r\n\r\n",
        ] {
            let text = format!("{head}{body}");
            assert_eq!(whole(&text), Ok((response(200, true), text.len())), "{body:?}");
        }
        for body in ["\r\nhello", "5\r\nhelloX", "g\r\n", "-1\r\n", "1000000000000000\r\n", "5x\r\nhello\r\n0\r\n\r\n"]
        {
            assert_eq!(whole(&format!("{head}{body}")), Err(Malformed::Chunk), "{body:?}");
        }
        let old = "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
        assert_eq!(whole(old), Ok((response(200, false), old.len())));
    }

    #[test]
    fn some_answers_never_have_a_body() {
        for status in ["204 No Content", "304 Not Modified"] {
            let text = format!("HTTP/1.1 {status}\r\nContent-Length: 10\r\n\r\n");
            assert_eq!(whole(&text).unwrap().1, text.len());
        }
        let text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        assert_eq!(read(&[text.as_bytes()], true), Ok((response(200, true), text.len())));
    }

    #[test]
    fn interim_answers_are_skipped_but_not_for_ever() {
        let text = "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
        assert_eq!(whole(text), Ok((response(404, true), text.len())));
        assert_eq!(whole(&"HTTP/1.1 100 Continue\r\n\r\n".repeat(17)), Err(Malformed::Interim));
        assert_eq!(whole("HTTP/1.1 101 Switching Protocols\r\n\r\n"), Err(Malformed::Head));
    }

    #[test]
    fn lengths_must_agree() {
        let with = |fields: &str| whole(&format!("HTTP/1.1 200 OK\r\n{fields}\r\nab"));
        assert!(with("Content-Length: 2\r\nContent-Length: 2\r\n").is_ok());
        assert!(with("Content-Length: 2, 2\r\n").is_ok());
        for fields in [
            "Content-Length: 2\r\nContent-Length: 3\r\n",
            "Content-Length: +2\r\n",
            "Content-Length: \r\n",
            "Content-Length: 99999999999999999999\r\n",
        ] {
            assert_eq!(with(fields), Err(Malformed::Length), "{fields:?}");
        }
    }

    #[test]
    fn truncation_is_an_error() {
        for text in [
            "",
            "HTTP/1.1 200",
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
        ] {
            assert_eq!(whole(text), Err(Malformed::Truncated), "{text:?}");
        }
    }

    #[test]
    fn heads_are_capped_but_many_fields_are_fine() {
        let many = format!("HTTP/1.1 200 OK\r\n{}Content-Length: 0\r\n\r\n", "X-Field: value\r\n".repeat(200));
        assert_eq!(whole(&many), Ok((response(200, true), many.len())));
        let endless = "X-Field: value\r\n".repeat(5000);
        assert_eq!(whole(&format!("HTTP/1.1 200 OK\r\n{endless}")), Err(Malformed::HeadTooLarge));
        assert_eq!(whole("SSH-2.0-OpenSSH_9.2\r\n\r\n"), Err(Malformed::Head));
        assert_eq!(whole("\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"), Err(Malformed::Head));
    }

    #[test]
    fn a_head_in_pieces_with_a_large_body_behind_it() {
        let mut bytes = b"P/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n".to_vec();
        bytes.resize(bytes.len() + 100_000, b'x');
        assert_eq!(read(&[b"HTT", &bytes], false), Ok((response(200, true), bytes.len() + 3)));
    }

    /// Cuts the bytes at the given places.
    fn cut<'a>(bytes: &'a [u8], cuts: &[usize]) -> Vec<&'a [u8]> {
        let mut places: Vec<usize> = cuts.iter().map(|cut| cut % (bytes.len() + 1)).collect();
        places.extend([0, bytes.len()]);
        places.sort_unstable();
        places.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect()
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400), cuts in prop::collection::vec(any::<usize>(), 0..8)) {
            let _ = read(&cut(&bytes, &cuts), false);
        }

        #[test]
        fn nearly_http_never_panics_and_cuts_do_not_matter(
            tail in prop::collection::vec(prop_oneof![
                Just(&b"\r\n"[..]), Just(&b"0"[..]), Just(&b"5"[..]), Just(&b"hello"[..]), Just(&b"Content-Length: 5"[..]),
                Just(&b"Transfer-Encoding: chunked"[..]), Just(&b"Connection: close"[..]), Just(&b"HTTP/1.1 200 OK"[..]), Just(&b"HTTP/1.1 100 C"[..]), Just(&b"\n"[..]), Just(&b";"[..]),
            ], 0..30),
            cuts in prop::collection::vec(any::<usize>(), 0..12),
        ) {
            let mut bytes = b"HTTP/1.1 200 OK\r\n".to_vec();
            bytes.extend(tail.concat());
            prop_assert_eq!(read(&[&bytes], false), read(&cut(&bytes, &cuts), false));
        }

        #[test]
        fn what_was_framed_is_found_again(
            chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..50), 0..6),
            chunked: bool,
            cuts in prop::collection::vec(any::<usize>(), 0..12),
        ) {
            let mut bytes = b"HTTP/1.1 200 OK\r\n".to_vec();
            if chunked {
                bytes.extend(b"Transfer-Encoding: chunked\r\n\r\n");
                for chunk in &chunks {
                    bytes.extend(format!("{:x}\r\n", chunk.len()).bytes().chain(chunk.iter().copied()).chain(*b"\r\n"));
                }
                bytes.extend(b"0\r\n\r\n");
            } else {
                let body = chunks.concat();
                bytes.extend(format!("Content-Length: {}\r\n\r\n", body.len()).bytes().chain(body));
            }
            let length = bytes.len();
            bytes.extend(b"HTTP/1.1 500");
            prop_assert_eq!(read(&cut(&bytes, &cuts), false), Ok((response(200, true), length)));
        }
    }
}
