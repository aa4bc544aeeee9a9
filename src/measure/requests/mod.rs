//! What is asked of a server: each request, and how often it is asked among the others.
//!
//! Decides which requests are asked at all (those to the server that farrier starts itself, framed by farrier), and in
//! which order they come so that each has its share at any moment. It does not know where they were found.

mod access_log;
mod document;
mod openapi;

pub use access_log::{Logged, access_log};
pub use openapi::{Described, openapi};

use super::Error;

/// Most different requests of one run: more of them tell nothing that those do not.
pub const MOST_REQUESTS: usize = 100;
/// Most places of the order that requests come in; shares below one of so many are rounded up to it.
const MOST_PLACES: u64 = 2000;

/// How the server is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Method {
    /// With a body in the answer.
    #[default]
    Get,
    /// Without one.
    Head,
    /// What is allowed.
    Options,
    /// Whatever the application does with what it is sent.
    Post,
    /// Replaces something.
    Put,
    /// Changes something in part.
    Patch,
    /// Takes something away.
    Delete,
}

impl Method {
    const ALL: [Self; 7] = [Self::Get, Self::Head, Self::Options, Self::Post, Self::Put, Self::Patch, Self::Delete];

    /// The method as it stands in a request line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Options => "OPTIONS",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    /// The method of this name, in any case.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.name().eq_ignore_ascii_case(name))
    }

    /// Whether it asks for nothing but an answer (RFC 9110, section 9.2.1).
    pub fn is_safe(self) -> bool {
        matches!(self, Self::Get | Self::Head | Self::Options)
    }

    /// Whether asking twice does what asking once does (RFC 9110, section 9.2.2).
    pub(super) fn is_idempotent(self) -> bool {
        !matches!(self, Self::Post | Self::Patch)
    }

    /// Whether a server waits for a body unless it is told that there is none.
    pub(super) fn has_body(self) -> bool {
        matches!(self, Self::Post | Self::Put | Self::Patch)
    }
}

/// One request, and how often it is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// How.
    pub method: Method,
    /// For what: a path such as `/items?page=1`.
    pub path: String,
    /// How often, in proportion to the others.
    pub weight: u32,
    /// Headers of its own, besides those of all requests.
    pub headers: Vec<(String, String)>,
    /// What is sent with it.
    pub body: Vec<u8>,
}

impl Request {
    /// `GET` this path, as often as any other.
    pub fn get(path: impl Into<String>) -> Self {
        Self { method: Method::Get, path: path.into(), weight: 1, headers: Vec::new(), body: Vec::new() }
    }

    /// What a report calls it: the path, behind its method where that is not `GET`.
    pub fn name(&self) -> String {
        if self.method == Method::Get { self.path.clone() } else { format!("{} {}", self.method.name(), self.path) }
    }

    /// A path, alone or behind its weight: `/items`, `3:/items`. What stands behind a path could be part of it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (weight, path) = match text.split_once(':') {
            Some((weight, path)) if !text.starts_with('/') => {
                let weight = weight.parse().ok().filter(|weight| *weight > 0);
                (
                    weight.ok_or_else(|| {
                        format!("`{text}` is no path such as `/items`, or `3:/items` of three times the weight")
                    })?,
                    path,
                )
            }
            _ => (1, text),
        };
        if !is_path(path) {
            return Err(format!("`{path}` is not a path such as `/items?page=1` on the server that is started"));
        }
        Ok(Self { weight, ..Self::get(path) })
    }

    /// Whether both are the same request, asked so or so often.
    fn is_same(&self, other: &Self) -> bool {
        (self.method, &self.path, &self.headers, &self.body) == (other.method, &other.path, &other.headers, &other.body)
    }

    /// Refuses what is not asked: another server, or what would change how the request is framed.
    pub(super) fn check(&self) -> Result<(), Error> {
        if !is_path(&self.path) {
            let path = &self.path;
            return Err(Error::Plan(format!(
                "`{path}` is not a path such as `/items?page=1` on the server that is started"
            )));
        }
        if !self.body.is_empty() && !self.method.has_body() && self.method != Method::Delete {
            return Err(Error::Plan(format!("a {} request has no body", self.method.name())));
        }
        check_headers(&self.headers)
    }
}

/// The same requests, each of them once, with the weights of those that are the same added up.
pub fn merged(requests: Vec<Request>) -> Vec<Request> {
    let mut all: Vec<Request> = Vec::new();
    for request in requests {
        match all.iter_mut().find(|known| known.is_same(&request)) {
            Some(known) => known.weight = known.weight.saturating_add(request.weight),
            None => all.push(request),
        }
    }
    all
}

/// Refuses headers that cannot be sent.
pub(super) fn check_headers(headers: &[(String, String)]) -> Result<(), Error> {
    match headers.iter().find(|(name, value)| !is_header(name, value)) {
        Some((name, _)) => Err(Error::Plan(format!("`{name}` is not a header that can be sent"))),
        None => Ok(()),
    }
}

/// Whether the text is an origin-form request target (RFC 9112, section 3.2.1).
pub(super) fn is_path(text: &str) -> bool {
    text.starts_with('/') && !text.starts_with("//") && text.bytes().all(|b| b.is_ascii_graphic() && b != b'#')
}

/// Whether the pair is one header line that cannot change how the request is framed.
fn is_header(name: &str, value: &str) -> bool {
    const FRAMING: [&str; 6] = ["content-length", "transfer-encoding", "connection", "upgrade", "expect", "te"];
    let token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    !name.is_empty()
        && name.bytes().all(token)
        && !FRAMING.iter().any(|known| name.eq_ignore_ascii_case(known))
        && value.bytes().all(|b| b == b'\t' || (b' '..=b'~').contains(&b) || b >= 0x80)
}

/// The order in which requests of these weights come, by their index: each as evenly spread as its share allows, so that
/// a short window sees what a long one does.
pub(super) fn order(weights: &[u32]) -> Vec<u16> {
    let sum: u64 = weights.iter().map(|weight| u64::from(*weight)).sum();
    let common = weights.iter().fold(0, |known, weight| divisor(known, u64::from(*weight))).max(1);
    let places = |weight: &u32| {
        let weight = u64::from(*weight);
        let whole = weight / common;
        let scaled = (weight * MOST_PLACES).div_ceil(sum.max(1));
        i64::try_from(if sum / common <= MOST_PLACES { whole } else { scaled.max(u64::from(weight > 0)) }).unwrap_or(0)
    };
    let counts: Vec<i64> = weights.iter().map(places).collect();
    let total: i64 = counts.iter().sum();
    // Each gains its share with every place, and who has gained most takes it.
    let mut gained = vec![0; counts.len()];
    let mut all = Vec::new();
    for _ in 0..total {
        for (gained, count) in gained.iter_mut().zip(&counts) {
            *gained += count;
        }
        let most = gained.iter_mut().enumerate().rev().max_by_key(|(_, gained)| **gained);
        let Some((index, gained)) = most else { break };
        *gained -= total;
        all.extend(u16::try_from(index));
    }
    all
}

/// How often each of these requests is asked in one turn through all of them: their weights in small numbers.
pub fn shares(requests: &[Request]) -> Vec<usize> {
    let weights: Vec<u32> = requests.iter().map(|request| request.weight).collect();
    let mut counts = vec![0; weights.len()];
    for place in order(&weights) {
        if let Some(count) = counts.get_mut(usize::from(place)) {
            *count += 1;
        }
    }
    counts
}

fn divisor(one: u64, other: u64) -> u64 {
    if other == 0 { one } else { divisor(other, one % other) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_weight_stands_in_front_of_its_path() {
        assert_eq!(Request::parse("/items=3"), Ok(Request::get("/items=3")));
        assert_eq!(Request::parse("3:/items"), Ok(Request { weight: 3, ..Request::get("/items") }));
        assert_eq!(Request::parse("/3:/items"), Ok(Request::get("/3:/items")));
        for wrong in ["0:/items", "x:/items", "-1:/items", "3:items", "http://host/", "3://host/", "", "items", "3:"] {
            assert!(Request::parse(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn the_same_request_twice_has_twice_the_weight() {
        let post = Request { method: Method::Post, ..Request::get("/a") };
        let all = merged(vec![Request::get("/a"), post.clone(), Request { weight: 2, ..Request::get("/a") }]);
        assert_eq!(all, [Request { weight: 3, ..Request::get("/a") }, post]);
        assert_eq!(all[1].name(), "POST /a");
    }

    #[test]
    fn requests_come_evenly_spread() {
        assert_eq!(order(&[1, 1]), [0, 1]);
        assert_eq!(order(&[2, 1]), [0, 1, 0]);
        assert_eq!(order(&[4, 2, 2]), order(&[2, 1, 1]));
        assert_eq!(order(&[0, 5]), [1]);
        assert!(order(&[]).is_empty());
    }

    #[test]
    fn a_method_that_changes_something_is_told_from_one_that_does_not() {
        assert_eq!(Method::parse("post"), Some(Method::Post));
        assert_eq!(Method::parse("TRACE"), None);
        let safe: Vec<&str> =
            Method::ALL.iter().filter(|method| method.is_safe()).map(|method| method.name()).collect();
        assert_eq!(safe, ["GET", "HEAD", "OPTIONS"]);
        let body = Request { body: b"x".to_vec(), ..Request::get("/") };
        assert!(body.check().is_err());
        assert!(Request { method: Method::Post, ..body }.check().is_ok());
    }

    proptest! {
        #[test]
        fn every_request_has_its_share(weights in prop::collection::vec(1..=u32::MAX, 1..20)) {
            let order = order(&weights);
            let sum: f64 = weights.iter().map(|weight| f64::from(*weight)).sum();
            prop_assert!(order.len() <= 2000 + weights.len());
            for (index, weight) in weights.iter().enumerate() {
                let count = order.iter().filter(|one| usize::from(**one) == index).count();
                #[allow(clippy::cast_precision_loss, reason = "some thousands")]
                let (share, places) = (count as f64 / order.len() as f64, order.len() as f64);
                prop_assert!(count > 0);
                // Rounding up adds one place at most for each of them.
                prop_assert!((share - f64::from(*weight) / sum).abs() <= 21.0 / places.max(21.0), "{weights:?}");
            }
        }

        #[test]
        fn what_is_typed_never_leaves_the_own_server(text in ".{0,40}") {
            if let Ok(request) = Request::parse(&text) {
                prop_assert!(request.path.starts_with('/') && !request.path.starts_with("//"));
                prop_assert!(request.check().is_ok());
            }
        }
    }
}
