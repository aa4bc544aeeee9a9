//! Caddyfiles: words by lines, blocks in braces at the end of a line.
//!
//! Every `reverse_proxy` is a route. Snippets are read where they are imported. What a placeholder fills in is
//! unknown, unless it is `{$NAME:default}`, of which the default counts.

use std::collections::BTreeMap;

use crate::findings::Note;
use crate::source::{Comment, FileId, Located, Place, SourceFile, Span};
use crate::values::Bytes;

use super::super::{Facts, Proxy, durations};

/// More lines than any Caddyfile has.
const MAX_LINES: usize = 20_000;

/// Deeper blocks, and chains of snippets, than anybody writes.
const MAX_DEPTH: usize = 32;

/// More routes than a project has; snippets repeat them for free.
const MAX_ROUTES: usize = 2_000;

/// Reads one.
pub(super) fn read(file: FileId, source: &SourceFile, facts: &mut Facts) {
    let mut comments = Vec::new();
    let lines = lines(file, source, &mut comments);
    facts.comments.insert(file, comments);
    let Some(tops) = tree(&lines) else {
        facts.notes.push(Note::file(source.path(), "its blocks are not closed or too deep, so it was not read"));
        return;
    };
    let mut snippets = BTreeMap::new();
    for top in &tops {
        let name = top.words.first().and_then(|word| word.value.strip_prefix('(')?.strip_suffix(')'));
        if let Some(name) = name {
            snippets.insert(name.to_owned(), top);
        }
    }
    let mut reader = Reader { snippets, routes: Vec::new(), steps: MAX_LINES, tls: None };
    for top in tops.iter().filter(|top| !top.words.first().is_some_and(|word| word.value.starts_with('('))) {
        let site = std::slice::from_ref(top);
        // A file may hold the directives of its only site without a block.
        let block = if top.block.is_empty() { site } else { &top.block };
        reader.tls = top.words.iter().find(|word| has_certificate(&word.value)).map(|word| word.place);
        let limit = reader.limit(block, 0);
        reader.block(block, limit.as_ref(), 0);
    }
    facts.proxies.append(&mut reader.routes);
}

/// The words of a line, and the lines of its block.
#[derive(Debug)]
struct Line {
    words: Vec<Located<String>>,
    block: Vec<Line>,
}

fn lines(file: FileId, source: &SourceFile, comments: &mut Vec<Comment>) -> Vec<Vec<Located<String>>> {
    let mut found = Vec::new();
    let mut continued: Vec<Located<String>> = Vec::new();
    for number in 1..=source.line_count().min(MAX_LINES) {
        let Some(span) = source.line_span(number) else { break };
        let text = source.slice(span);
        let (mut words, comment) = words(file, text, span.start);
        if let Some(at) = comment {
            let own_line = text.get(..at).unwrap_or_default().trim().is_empty();
            comments.push(Comment { span: Span::new(span.start + at, span.end), own_line });
        }
        let goes_on = words.last().is_some_and(|word| word.value == "\\");
        if goes_on {
            words.pop();
        }
        continued.append(&mut words);
        if !goes_on && !continued.is_empty() {
            found.push(std::mem::take(&mut continued));
        }
    }
    found
}

fn words(file: FileId, text: &str, offset: usize) -> (Vec<Located<String>>, Option<usize>) {
    let mut words = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.trim().is_empty()) {
        at += rest.len() - rest.trim_start().len();
        let rest = rest.trim_start();
        let quote = rest.chars().next().filter(|first| matches!(first, '"' | '`'));
        if rest.starts_with('#') {
            return (words, Some(at));
        }
        let (start, length, end) = if let Some(quote) = quote {
            let inner = rest.get(1..).unwrap_or_default();
            let length = inner.find(quote).unwrap_or(inner.len());
            (at + 1, length, at + 1 + length + 1)
        } else {
            let length = rest.find(char::is_whitespace).unwrap_or(rest.len());
            (at, length, at + length)
        };
        let value = text.get(start..start + length).unwrap_or_default().to_owned();
        let place = Place::new(file, Span::new(offset + start, offset + start + length));
        words.push(Located::new(value, place));
        at = end.min(text.len());
    }
    (words, None)
}

/// The lines as blocks; `None` where braces do not match or go too deep.
fn tree(lines: &[Vec<Located<String>>]) -> Option<Vec<Line>> {
    let mut open: Vec<Vec<Line>> = vec![Vec::new()];
    for words in lines {
        let closes = words.first().is_some_and(|word| word.value == "}");
        if closes {
            let block = open.pop().filter(|_| !open.is_empty())?;
            open.last_mut()?.last_mut()?.block = block;
            continue;
        }
        let opens = words.last().is_some_and(|word| word.value == "{");
        let words = words.get(..words.len() - usize::from(opens))?.to_vec();
        open.last_mut()?.push(Line { words, block: Vec::new() });
        if opens {
            open.push(Vec::new());
            if open.len() > MAX_DEPTH {
                return None;
            }
        }
    }
    let top = open.pop()?;
    open.is_empty().then_some(top)
}

struct Reader<'l> {
    snippets: BTreeMap<String, &'l Line>,
    routes: Vec<Proxy>,
    steps: usize,
    /// The name that the site at hand has a certificate for.
    tls: Option<Place>,
}

impl<'l> Reader<'l> {
    fn block(&mut self, block: &'l [Line], limit: Option<&Located<Bytes>>, depth: usize) {
        for line in block {
            self.steps = self.steps.saturating_sub(1);
            if self.steps == 0 || depth > MAX_DEPTH {
                return;
            }
            match line.words.first().map(|word| word.value.as_str()) {
                Some("reverse_proxy") => self.route(line, limit),
                Some("import") => {
                    let named = line.words.get(1).and_then(|name| self.snippets.get(&name.value)).copied();
                    if let Some(snippet) = named {
                        self.block(&snippet.block, limit, depth + 1);
                    }
                }
                _ => self.block(&line.block, limit, depth + 1),
            }
        }
    }

    /// `request_body { max_size 10MB }` of a site, which holds for all of it.
    fn limit(&mut self, block: &'l [Line], depth: usize) -> Option<Located<Bytes>> {
        block.iter().find_map(|line| match line.words.first()?.value.as_str() {
            _ if self.steps == 0 => None,
            "request_body" => {
                let size =
                    line.block.iter().find(|inner| inner.words.first().is_some_and(|w| w.value == "max_size"))?;
                let size = size.words.get(1)?;
                // Caddy takes `MB` for a million.
                Some(Located::new(Bytes::parse(&size.value, true)?, size.place))
            }
            "import" if depth < MAX_DEPTH => {
                self.steps = self.steps.saturating_sub(1);
                let snippet = self.snippets.get(&line.words.get(1)?.value).copied()?;
                self.limit(&snippet.block, depth + 1)
            }
            _ => None,
        })
    }

    fn route(&mut self, line: &'l Line, limit: Option<&Located<Bytes>>) {
        let Some(name) = line.words.first().filter(|_| self.routes.len() < MAX_ROUTES) else { return };
        // A matcher may stand in front of the addresses.
        let is_matcher = |word: &Located<String>| word.value.starts_with(['@', '/', '*']);
        let skipped = 1 + usize::from(line.words.get(1).is_some_and(is_matcher));
        let sub = |name: &str| {
            line.block.iter().find(move |inner| inner.words.first().is_some_and(|word| word.value == name))
        };
        let more = sub("to").map(|to| to.words.get(1..).unwrap_or_default()).unwrap_or_default();
        let words = line.words.get(skipped..).unwrap_or_default().iter().chain(more);
        let transport = sub("transport").map(|transport| transport.block.as_slice()).unwrap_or_default();
        let of = |name: &str| {
            let found = transport.iter().find(|inner| inner.words.first().is_some_and(|word| word.value == name))?;
            found.words.get(1)
        };
        let time = |name: &str| {
            let word = of(name)?;
            Some(Located::new(durations::go(&word.value)?, word.place))
        };
        let flushes = sub("flush_interval").and_then(|inner| inner.words.get(1));
        self.routes.push(Proxy {
            program: "Caddy",
            place: name.place,
            upstreams: words.filter_map(address).collect(),
            keepalive: of("keepalive_idle_conns")
                .and_then(|word| Some(Located::new(word.value.parse().ok()?, word.place))),
            keepalive_timeout: time("keepalive"),
            http_version: None,
            connection: None,
            connect_timeout: time("dial_timeout"),
            read_timeout: time("read_timeout").or_else(|| time("response_header_timeout")),
            send_timeout: time("write_timeout"),
            buffering: flushes.filter(|word| word.value == "-1").map(|word| Located::new(false, word.place)),
            request_buffering: None,
            max_body: limit.cloned(),
            headers: line
                .block
                .iter()
                .filter(|inner| inner.words.first().is_some_and(|word| word.value == "header_up"))
                .filter_map(|inner| inner.words.get(1).filter(|name| !name.value.starts_with('-')).cloned())
                .collect(),
            tls: self.tls,
        });
    }
}

/// Whether Caddy gets a certificate for a site of this address: for names, and not for ports, plain HTTP and addresses
/// of the machine itself.
fn has_certificate(address: &str) -> bool {
    let name = address.trim_end_matches(',');
    let host = name.strip_prefix("https://").unwrap_or(name);
    let host = host.split(['/', ':']).next().unwrap_or_default();
    !name.starts_with("http://")
        && host.contains('.')
        && !name.contains(['{', '('])
        && !name.ends_with(":80")
        && host.split('.').any(|label| label.parse::<u8>().is_err())
}

/// The address without its scheme; `unix//run/app.sock` is a socket.
fn address(word: &Located<String>) -> Option<Located<String>> {
    let text = word.value.as_str();
    let start = word.place.span.start;
    let at = |from: usize, length: usize| Place::new(word.place.file, Span::new(start + from, start + from + length));
    if let Some(rest) = text.strip_prefix("{$") {
        let (_, default) = rest.strip_suffix('}')?.split_once(':')?;
        let from = text.len() - 1 - default.len();
        return address(&Located::new(default.to_owned(), at(from, default.len())));
    }
    if text.contains('{') || text.is_empty() {
        return None;
    }
    let schemes = ["http://", "https://", "h2c://"];
    let rest = schemes.iter().find_map(|scheme| text.strip_prefix(scheme)).unwrap_or(text);
    Some(Located::new(rest.to_owned(), at(text.len() - rest.len(), rest.len())))
}
