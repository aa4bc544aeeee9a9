//! Which requests a log of a server counts, and how often: the lines of nginx, Apache, Gunicorn, Uvicorn and Hypercorn,
//! and lines of JSON that name a method and a path.
//!
//! Decides what of a log may be asked again: GET and HEAD requests that were answered well, by path and query. A log is
//! what strangers have sent, so nothing in it is trusted: lines that do not fit are passed over, and only paths are taken,
//! never the server that a line names.

use crate::values::Order as _;
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, BufRead, Read as _};

use serde_json::Value;

use super::{Method, Request, is_path};

/// Longest line that is read; the rest of a longer one is passed over.
const LONGEST_LINE: u64 = 16 * 1024;
/// Most different requests that are counted at a time; when there are more, the rarest of them are forgotten.
const MOST_COUNTED: usize = 20_000;
/// Most different requests that are asked.
const MOST_FREQUENT: usize = 50;
/// Names of the method and of the path in lines of JSON, as servers and their log formats have them.
const METHODS: [&str; 4] = ["method", "request_method", "http_method", "verb"];
const PATHS: [&str; 6] = ["request_uri", "path", "uri", "url", "request_path", "target"];
const QUERIES: [&str; 3] = ["query", "query_string", "args"];
const STATUSES: [&str; 4] = ["status", "status_code", "response_status", "code"];

/// What a log says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Logged {
    /// The most frequent requests, first the most frequent, with their counts as weights.
    pub requests: Vec<Request>,
    /// Lines that are requests of any kind.
    pub seen: u64,
    /// Requests that may be asked again.
    pub fitting: u64,
    /// Those among them that are not in `requests`, because they are too rare.
    pub rare: u64,
    /// Requests by methods that change something.
    pub changing: u64,
    /// Requests that were not answered well.
    pub failed: u64,
}

/// Reads a log to its end, in bounded memory.
pub fn access_log(mut log: impl BufRead) -> io::Result<Logged> {
    let mut logged = Logged::default();
    let mut counts: HashMap<(Method, String), u64, RandomState> = HashMap::default();
    let mut line = Vec::new();
    while next(&mut log, &mut line)? {
        let Some(entry) = entry(&line) else { continue };
        logged.seen += 1;
        let Some(method) = entry.method.filter(|method| matches!(method, Method::Get | Method::Head)) else {
            logged.changing += 1;
            continue;
        };
        if !(200..400).contains(&entry.status) {
            logged.failed += 1;
            continue;
        }
        logged.fitting += 1;
        *counts.entry((method, entry.path)).or_default() += 1;
        if counts.len() > MOST_COUNTED {
            forget_rare(&mut counts);
        }
    }
    let mut all: Vec<((Method, String), u64)> = counts.into_iter().collect();
    all.order_by(|(one, count), (other, more)| more.cmp(count).then_with(|| one.cmp(other)));
    all.truncate(MOST_FREQUENT);
    logged.rare = logged.fitting - all.iter().map(|(_, count)| count).sum::<u64>();
    let request = |((method, path), count)| Request {
        method,
        weight: u32::try_from(count).unwrap_or(u32::MAX),
        ..Request::get(path)
    };
    logged.requests = all.into_iter().map(request).collect();
    Ok(logged)
}

/// Keeps the more frequent half. Who comes again begins anew, which matters for nothing that is frequent.
fn forget_rare<S: BuildHasher>(counts: &mut HashMap<(Method, String), u64, S>) {
    let mut all: Vec<u64> = counts.values().copied().collect();
    let middle = all.len() / 2;
    let least = *all.select_nth_unstable(middle).1;
    let mut room = MOST_COUNTED / 2;
    counts.retain(|_, count| {
        let stays = *count > least || *count == least && room > 0;
        room -= usize::from(stays && *count == least);
        stays
    });
}

/// Reads the next line, as far as it is of a bearable length; false at the end.
fn next(log: &mut impl BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    line.clear();
    let mut count = log.by_ref().take(LONGEST_LINE).read_until(b'\n', line)?;
    let begun = count > 0;
    while count > 0 && line.last() != Some(&b'\n') {
        let mut rest = Vec::new();
        count = log.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut rest)?;
        if rest.last() == Some(&b'\n') {
            // What is cut is no request that could be asked.
            line.clear();
            break;
        }
        if count > 0 {
            line.clear();
            line.push(b' ');
        }
    }
    Ok(begun)
}

/// One request of a log.
#[derive(Debug, PartialEq)]
struct Entry {
    /// None where it is one that is not asked in any case.
    method: Option<Method>,
    path: String,
    status: u16,
}

fn entry(line: &[u8]) -> Option<Entry> {
    let text = std::str::from_utf8(line).ok()?.trim();
    if text.starts_with('{') {
        return of_json(text);
    }
    // `... "GET /items?page=1 HTTP/1.1" 200 ...`, which all of them have in common.
    let mut rest = text;
    while let Some((_, behind)) = rest.split_once('"') {
        let (quoted, after) = behind.split_once('"')?;
        if let Some((method, target)) = request_line(quoted) {
            let status =
                after.split_ascii_whitespace().next()?.parse().ok().filter(|code| (100..1000).contains(code))?;
            return Some(Entry { method: Method::parse(method), path: path(target)?, status });
        }
        rest = after;
    }
    None
}

/// `GET /items HTTP/1.1`, or the same without the version.
fn request_line(text: &str) -> Option<(&str, &str)> {
    let mut words = text.split(' ');
    let (method, target, version) = (words.next()?, words.next()?, words.next());
    let is_method = !method.is_empty() && method.bytes().all(|b| b.is_ascii_uppercase());
    let is_version = |text: &str| {
        let number = text.strip_prefix("HTTP/").unwrap_or(text);
        !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit() || b == b'.')
    };
    let fits = version.is_none_or(is_version) && words.next().is_none();
    (is_method && fits && (target.starts_with('/') || target.contains("://"))).then_some((method, target))
}

/// The path and query of what was asked for; of an address of a server (which a proxy is asked for) those alone.
fn path(target: &str) -> Option<String> {
    let target = match target.split_once("://") {
        Some(("http" | "https", rest)) => rest.find('/').map_or("/", |at| &rest[at..]),
        _ => target,
    };
    is_path(target).then(|| target.to_owned())
}

fn of_json(text: &str) -> Option<Entry> {
    let value: Value = serde_json::from_str(text).ok()?;
    entry_of(&value).or_else(|| {
        // Structured logs often have an object of their own for the request.
        ["request", "http", "http_request", "httpRequest"].iter().find_map(|name| {
            let inner = value.get(name)?;
            entry_with(inner, status(inner).or_else(|| status(&value))?)
        })
    })
}

fn entry_of(value: &Value) -> Option<Entry> {
    let status = status(value)?;
    if let Some((method, target)) = value.get("request").and_then(Value::as_str).and_then(request_line) {
        return Some(Entry { method: Method::parse(method), path: path(target)?, status });
    }
    entry_with(value, status)
}

fn entry_with(value: &Value, status: u16) -> Option<Entry> {
    let text = |names: &[&str]| names.iter().find_map(|name| value.get(name)?.as_str());
    let (method, target) = (text(&METHODS)?, text(&PATHS)?);
    let query = text(&QUERIES).filter(|query| !query.is_empty() && *query != "-" && !target.contains('?'));
    let whole = query.map_or_else(|| target.to_owned(), |query| format!("{target}?{}", query.trim_start_matches('?')));
    Some(Entry { method: Method::parse(method), path: path(&whole)?, status })
}

fn status(value: &Value) -> Option<u16> {
    let known = STATUSES.iter().find_map(|name| value.get(name))?;
    let number = known.as_u64().or_else(|| known.as_str()?.parse().ok())?;
    u16::try_from(number).ok()
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use proptest::prelude::*;

    use super::*;

    fn read(text: &[u8]) -> Logged {
        access_log(text).unwrap()
    }

    fn asked(logged: &Logged) -> Vec<(String, u32)> {
        logged.requests.iter().map(|request| (request.name(), request.weight)).collect()
    }

    #[test]
    fn every_usual_format_is_read() {
        for line in [
            // Apache's common and combined formats, which nginx and Gunicorn write as well.
            r#"127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /a?b=1 HTTP/1.0" 200 2326"#,
            r#"10.0.0.9 - - [22/Nov/2026:10:00:00 +0000] "GET /a?b=1 HTTP/1.1" 304 0 "http://x/\"y" "curl/8 \"z\"""#,
            // Uvicorn, with and without its colours' place, and with a time in front.
            r#"INFO:     127.0.0.1:52614 - "GET /a?b=1 HTTP/1.1" 200 OK"#,
            r#"2026-11-22 10:00:00 INFO 127.0.0.1:52614 - "GET /a?b=1 HTTP/1.1" 200"#,
            // Hypercorn writes the version alone, Daphne none.
            r#"[2026-11-22 10:00:00 +0000] [7] [INFO] 127.0.0.1:52614 - - [22/Nov/2026:10:00:00 +0000] "GET /a?b=1 1.1" 200 2 "-" "curl""#,
            r#"127.0.0.1:52614 - - [22/Nov/2026:10:00:00] "GET /a?b=1" 200 2"#,
            // What a proxy is asked for names a server, which is nobody that is asked here.
            r#"127.0.0.1 - - [22/Nov/2026:10:00:00 +0000] "GET http://example.com/a?b=1 HTTP/1.1" 200 5"#,
            r#"{"time": "x", "method": "GET", "path": "/a", "query": "b=1", "status": 200}"#,
            r#"{"request": "GET /a?b=1 HTTP/1.1", "status": "200"}"#,
            r#"{"level": "info", "request": {"method": "get", "url": "http://h:1/a?b=1"}, "status_code": 204}"#,
        ] {
            assert_eq!(asked(&read(line.as_bytes())), [("/a?b=1".to_owned(), 1)], "{line}");
        }
    }

    #[test]
    fn frequent_requests_come_first_and_the_rest_is_counted() {
        let line =
            |method: &str, path: &str, status: u16| format!("h - - [t] \"{method} {path} HTTP/1.1\" {status} 1\n");
        let mut text = String::from("starting\n");
        for (path, times) in [("/rare", 1), ("/often", 5), ("/some", 3)] {
            text.push_str(&line("GET", path, 200).repeat(times));
        }
        text.push_str(&line("HEAD", "/often", 200));
        text.push_str(&line("POST", "/often", 200).repeat(2));
        text.push_str(&line("GET", "/often", 404));
        for n in 0..60 {
            text.push_str(&line("GET", &format!("/{n}"), 200).repeat(2));
        }
        let found = read(text.as_bytes());
        assert_eq!(asked(&found)[..2], [("/often".to_owned(), 5), ("/some".to_owned(), 3)]);
        assert_eq!((found.requests.len(), found.seen, found.fitting), (MOST_FREQUENT, 133, 130));
        assert_eq!((found.rare, found.changing, found.failed), (12 * 2 + 2, 2, 1));
    }

    #[test]
    fn what_strangers_send_leads_nowhere_else() {
        for target in [
            "//example.com/",
            "http:evil",
            "*",
            "/a b",
            "/a\tb",
            "/\u{1b}[2J",
            "/#x",
            "ftp://h/x",
            "/\u{e9}",
            "\\x16\\x03",
        ] {
            let found = read(format!("h - - [t] \"GET {target} HTTP/1.1\" 200 1\n").as_bytes());
            assert!(found.requests.is_empty(), "{target:?}: {found:?}");
        }
        let found = read(b"h - - [t] \"GET http://example.com//other/x HTTP/1.1\" 200 1\n");
        assert!(found.requests.is_empty(), "{found:?}");
        let found = read(b"h - - [t] \"GET /\xff HTTP/1.1\" 200 1\nh - - [t] \"GET /good HTTP/1.1\" 200 1");
        assert_eq!(asked(&found), [("/good".to_owned(), 1)]);
    }

    #[test]
    fn long_lines_and_many_paths_take_bounded_memory() {
        let mut text = b"h - - [t] \"GET /".to_vec();
        text.resize(text.len() + 100_000, b'a');
        text.extend(b" HTTP/1.1\" 200 1\nh - - [t] \"GET /good HTTP/1.1\" 200 1\n");
        assert_eq!(asked(&read(&text)), [("/good".to_owned(), 1)]);
        let mut many = String::new();
        for n in 0..50_000 {
            let _ = writeln!(many, "\"GET /{n} HTTP/1.1\" 200");
            if n % 5 == 0 {
                many.push_str("\"GET /good HTTP/1.1\" 200\n");
            }
        }
        let found = read(many.as_bytes());
        assert_eq!(asked(&found)[0], ("/good".to_owned(), 10_000));
        assert_eq!(found.fitting, 60_000);
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
            for request in read(&bytes).requests {
                prop_assert!(is_path(&request.path));
            }
        }

        #[test]
        fn nearly_logs_give_nothing_but_paths(
            parts in prop::collection::vec(prop_oneof![
                Just("\"GET "), Just(" HTTP/1.1\" 200"), Just("/a"), Just("//b"), Just("http://h"), Just("\n"), Just("{\"method\":\"GET\",\"path\":\""),
                Just("\",\"status\":200}"), Just("\""), Just(" "), Just("\u{0}"),
            ], 0..30),
        ) {
            for request in read(parts.concat().as_bytes()).requests {
                prop_assert!(request.check().is_ok() && matches!(request.method, Method::Get | Method::Head));
            }
        }
    }
}
