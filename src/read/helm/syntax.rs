//! The template language: a text becomes pieces of text and actions, and these a tree.
//!
//! Follows `text/template` of Go. Decides nothing about what functions do.

use super::super::decoded::Decoded;

/// Blocks and parentheses nested deeper than anybody writes.
const MAX_DEPTH: usize = 40;
/// More commands than any expression pipes into.
const MAX_PIPES: usize = 100;
/// More pieces than any template has.
const MAX_PIECES: usize = 20_000;

/// A piece of a template.
#[derive(Debug, Clone)]
pub(super) enum Piece {
    Text(Decoded),
    /// `{{ pipeline }}`, at these bytes of the template.
    Output(Expression, usize, usize),
    /// `{{ $x := pipeline }}`
    Assign(String, Expression),
    /// Conditions with what they lead to; one without a condition is `else`.
    If(Vec<(Option<Expression>, Vec<Piece>)>),
    With {
        value: Expression,
        name: Option<String>,
        body: Vec<Piece>,
        otherwise: Vec<Piece>,
    },
    Range {
        over: Expression,
        names: Vec<String>,
        body: Vec<Piece>,
        otherwise: Vec<Piece>,
    },
    /// `{{ define "name" }}`
    Define(String, Vec<Piece>),
}

/// What an action computes.
#[derive(Debug, Clone)]
pub(super) enum Expression {
    Dot,
    Variable(String),
    Field(Box<Expression>, Vec<String>),
    Text(Decoded),
    Number(Decoded),
    Bool(bool),
    Nil,
    Call(String, Vec<Expression>),
    /// Something that this reader has no notion of.
    Strange,
}

/// Why a template was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) at: usize,
    pub(super) why: &'static str,
}

/// Parses a template.
pub(super) fn parse(source: &Decoded) -> Result<Vec<Piece>, Fault> {
    let mut parser = Parser { source, text: source.text(), at: 0, trim: false, pieces: 0 };
    let (pieces, end) = parser.block(0)?;
    match end {
        Closing::Text => Ok(pieces),
        _ => Err(Fault { at: parser.at, why: "`end` or `else` without a beginning" }),
    }
}

/// The first word of an action and what follows it: a point or a bracket ends a word as well.
fn keyword(action: &str) -> (&str, &str) {
    let end = action.find(|c: char| c.is_whitespace() || "(.".contains(c)).unwrap_or(action.len());
    let (word, rest) = action.split_at(end);
    if matches!(word, "if" | "with" | "range" | "else" | "template") {
        return (word, rest);
    }
    action.split_once(char::is_whitespace).unwrap_or((action, ""))
}

/// What ended a block.
enum Closing {
    Text,
    Block,
    /// `else`, with what follows it.
    Else(String, usize),
}

struct Parser<'a> {
    source: &'a Decoded,
    text: &'a str,
    at: usize,
    /// Whether the last action takes away the white space behind it.
    trim: bool,
    pieces: usize,
}

impl Parser<'_> {
    fn block(&mut self, depth: usize) -> Result<(Vec<Piece>, Closing), Fault> {
        if depth > MAX_DEPTH {
            return Err(Fault { at: self.at, why: "nested deeper than any template" });
        }
        let mut pieces = Vec::new();
        loop {
            self.pieces += 1;
            if self.pieces > MAX_PIECES {
                return Err(Fault { at: self.at, why: "longer than any template" });
            }
            let rest = self.text.get(self.at..).unwrap_or_default();
            let open = rest.find("{{");
            let mut from = self.at;
            let mut to = self.at + open.unwrap_or(rest.len());
            if self.trim {
                let text = self.text.get(from..to).unwrap_or_default();
                from += text.len() - text.trim_start().len();
            }
            let inner = to + 2;
            let trims = self.text.get(inner..).is_some_and(|inside| {
                inside.strip_prefix('-').is_some_and(|rest| rest.starts_with(char::is_whitespace))
            });
            if open.is_some() && trims {
                to = from + self.text.get(from..to).unwrap_or_default().trim_end().len();
            }
            if from < to {
                pieces.push(Piece::Text(self.source.part(from..to)));
            }
            if open.is_none() {
                self.at = self.text.len();
                return Ok((pieces, Closing::Text));
            }
            let begin = inner - 2;
            let inside = inner + usize::from(trims);
            let Some(close) = action_end(self.text, inside) else {
                return Err(Fault { at: begin, why: "a template whose `{{` is never closed" });
            };
            let written = self.text.get(inside..close).unwrap_or_default();
            let cut = written.strip_suffix('-').filter(|rest| rest.is_empty() || rest.ends_with(char::is_whitespace));
            self.trim = cut.is_some();
            self.at = close + 2;
            let action = cut.unwrap_or(written).trim();
            if action.starts_with("/*") {
                continue;
            }
            let (word, rest) = keyword(action);
            let offset = action_offset(self.text, rest);
            match word {
                "end" => return Ok((pieces, Closing::Block)),
                "else" => {
                    let rest = rest.trim();
                    return Ok((pieces, Closing::Else(rest.to_owned(), action_offset(self.text, rest))));
                }
                "if" => pieces.push(self.conditional(rest, offset, depth)?),
                "with" | "range" => pieces.push(self.scope(word == "range", rest, offset, depth)?),
                "define" | "block" => {
                    let name = rest.trim().split(['"', '`']).nth(1).unwrap_or_default().to_owned();
                    let (body, _) = self.closed(depth)?;
                    pieces.push(Piece::Define(name.clone(), body));
                    if word == "block" {
                        let name = Expression::Text(Decoded::verbatim(&name, 0));
                        let call = Expression::Call("include".to_owned(), vec![name, Expression::Dot]);
                        pieces.push(Piece::Output(call, begin, self.at));
                    }
                }
                "template" => {
                    let arguments = self.expression(&format!("include {rest}"), 0, depth)?;
                    pieces.push(Piece::Output(arguments, begin, self.at));
                }
                "break" | "continue" => pieces.push(Piece::Output(Expression::Strange, begin, self.at)),
                _ => {
                    let (names, rest) = assigned(action);
                    let offset = action_offset(self.text, rest);
                    let value = self.expression(rest, offset, depth)?;
                    match names.into_iter().next() {
                        Some(name) => pieces.push(Piece::Assign(name, value)),
                        None => pieces.push(Piece::Output(value, begin, self.at)),
                    }
                }
            }
        }
    }

    /// A block that ends with `end`; its `else` branch, if any, comes second.
    fn closed(&mut self, depth: usize) -> Result<(Vec<Piece>, Vec<Piece>), Fault> {
        let at = self.at;
        match self.block(depth + 1)? {
            (body, Closing::Block) => Ok((body, Vec::new())),
            (body, Closing::Else(..)) => match self.block(depth + 1)? {
                (otherwise, Closing::Block) => Ok((body, otherwise)),
                _ => Err(Fault { at, why: "a template whose block is never ended" }),
            },
            (_, Closing::Text) => Err(Fault { at, why: "a template whose block is never ended" }),
        }
    }

    fn conditional(&mut self, rest: &str, offset: usize, depth: usize) -> Result<Piece, Fault> {
        let at = self.at;
        let mut condition = Some(self.expression(rest, offset, depth)?);
        let mut branches = Vec::new();
        loop {
            let (body, end) = self.block(depth + 1)?;
            branches.push((condition.take(), body));
            match end {
                Closing::Block => return Ok(Piece::If(branches)),
                Closing::Text => return Err(Fault { at, why: "a template whose block is never ended" }),
                Closing::Else(rest, offset) => {
                    let test = rest.strip_prefix("if").filter(|rest| rest.starts_with([' ', '\t', '\n', '(', '.']));
                    if let Some(test) = test {
                        condition = Some(self.expression(test, offset + 2, depth)?);
                    }
                }
            }
        }
    }

    fn scope(&mut self, range: bool, rest: &str, offset: usize, depth: usize) -> Result<Piece, Fault> {
        let (names, behind) = assigned(rest);
        let value = self.expression(behind, offset + rest.len() - behind.len(), depth)?;
        let (body, otherwise) = self.closed(depth)?;
        Ok(if range {
            Piece::Range { over: value, names, body, otherwise }
        } else {
            Piece::With { value, name: names.into_iter().next(), body, otherwise }
        })
    }

    fn expression(&self, text: &str, offset: usize, depth: usize) -> Result<Expression, Fault> {
        let fault = Fault { at: self.at, why: "an action that is no expression" };
        let verbatim = self.text.get(offset..offset + text.len()) == Some(text);
        let mut source = Decoded::default();
        if verbatim {
            source = self.source.part(offset..offset + text.len());
        } else {
            source.push_escaped(text, self.source.span(self.at.saturating_sub(2)..self.at));
        }
        let mut words = Words { source: &source, text, at: 0, pipes: 0 };
        let value = words.pipeline(depth).ok_or(fault)?;
        if words.next_char().is_some() { Err(fault) } else { Ok(value) }
    }
}

/// Where `part`, a piece of `text`, begins in it.
fn action_offset(text: &str, part: &str) -> usize {
    (part.as_ptr() as usize).checked_sub(text.as_ptr() as usize).filter(|at| *at <= text.len()).unwrap_or_default()
}

/// The byte of the `}}` that closes an action; quoted ones do not count.
fn action_end(text: &str, from: usize) -> Option<usize> {
    let inside = text.get(from..)?;
    let comment = inside.trim_start();
    if comment.starts_with("/*") {
        let end = inside.find("*/")? + 2;
        return Some(from + end + inside.get(end..)?.find("}}")?);
    }
    let bytes = inside.as_bytes();
    let mut quote = None;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match (byte, quote) {
            (b'\\', Some(b'"')) => at += 1,
            (b'"' | b'`', None) => quote = Some(byte),
            (_, Some(open)) if byte == open => quote = None,
            (b'}', None) if bytes.get(at + 1) == Some(&b'}') => return Some(from + at),
            (b'\n', Some(b'"')) => return None,
            _ => {}
        }
        at += 1;
    }
    None
}

/// The names in front of `:=` or `=`, and what follows.
fn assigned(action: &str) -> (Vec<String>, &str) {
    if !action.trim_start().starts_with('$') {
        return (Vec::new(), action);
    }
    let Some((front, behind)) = action.split_once(":=").or_else(|| action.split_once('=')) else {
        return (Vec::new(), action);
    };
    let is_name =
        |name: &str| name.strip_prefix('$').is_some_and(|rest| rest.chars().all(|c| c.is_alphanumeric() || c == '_'));
    let names: Vec<String> = front.split(',').map(|name| name.trim().to_owned()).collect();
    if names.iter().all(|name| is_name(name)) { (names, behind) } else { (Vec::new(), action) }
}

/// The words of an expression.
struct Words<'a> {
    source: &'a Decoded,
    text: &'a str,
    at: usize,
    /// How many commands were piped into: each goes around all in front of it.
    pipes: usize,
}

impl Words<'_> {
    fn next_char(&mut self) -> Option<char> {
        let rest = self.text.get(self.at..)?;
        let trimmed = rest.trim_start();
        self.at += rest.len() - trimmed.len();
        trimmed.chars().next()
    }

    fn pipeline(&mut self, depth: usize) -> Option<Expression> {
        if depth > MAX_DEPTH {
            return None;
        }
        let mut value = self.command(None, depth)?;
        while self.next_char() == Some('|') {
            self.at += 1;
            self.pipes += 1;
            if self.pipes > MAX_PIPES {
                return None;
            }
            value = self.command(Some(value), depth)?;
        }
        Some(value)
    }

    /// A function with its arguments, the piped one last; or a value alone.
    fn command(&mut self, piped: Option<Expression>, depth: usize) -> Option<Expression> {
        let first = self.next_char()?;
        if first.is_alphabetic() || first == '_' {
            let name = self.identifier();
            let constant = match name.as_str() {
                "true" => Some(Expression::Bool(true)),
                "false" => Some(Expression::Bool(false)),
                "nil" => Some(Expression::Nil),
                _ => None,
            };
            if let Some(constant) = constant {
                return Some(constant);
            }
            let mut arguments = self.arguments(depth)?;
            arguments.extend(piped);
            return Some(Expression::Call(name, arguments));
        }
        let value = self.operand(depth)?;
        let arguments = self.arguments(depth)?;
        // A method of something that only a cluster or Helm itself has.
        Some(if arguments.is_empty() && piped.is_none() { value } else { Expression::Strange })
    }

    fn arguments(&mut self, depth: usize) -> Option<Vec<Expression>> {
        let mut arguments = Vec::new();
        while let Some(next) = self.next_char() {
            if matches!(next, '|' | ')') {
                break;
            }
            arguments.push(self.operand(depth)?);
        }
        Some(arguments)
    }

    fn operand(&mut self, depth: usize) -> Option<Expression> {
        let start = self.at;
        let value = match self.next_char()? {
            '(' => {
                self.at += 1;
                let inner = self.pipeline(depth + 1)?;
                (self.next_char() == Some(')')).then(|| self.at += 1)?;
                inner
            }
            '.' => Expression::Dot,
            '$' => {
                self.at += 1;
                Expression::Variable(format!("${}", self.identifier()))
            }
            quote @ ('"' | '`') => {
                let begin = self.at + 1;
                let mut end = begin;
                let bytes = self.text.as_bytes();
                while *bytes.get(end)? != quote as u8 {
                    end += 1 + usize::from(quote == '"' && bytes.get(end) == Some(&b'\\'));
                }
                self.at = end + 1;
                return Some(Expression::Text(unescaped(&self.source.part(begin..end), quote == '"')));
            }
            c if c.is_ascii_digit() || c == '-' || c == '+' => {
                let rest = self.text.get(self.at..)?;
                let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && !"+-._".contains(c)).unwrap_or(rest.len());
                let number = self.source.part(self.at..self.at + end);
                self.at += end.max(1);
                return Some(Expression::Number(number));
            }
            c if c.is_alphabetic() => {
                let name = self.identifier();
                return Some(match name.as_str() {
                    "true" => Expression::Bool(true),
                    "false" => Expression::Bool(false),
                    "nil" => Expression::Nil,
                    _ => Expression::Call(name, Vec::new()),
                });
            }
            _ => return None,
        };
        let mut path = Vec::new();
        while self.text.get(self.at..).is_some_and(|rest| rest.starts_with('.')) {
            self.at += 1;
            let name = self.identifier();
            if name.is_empty() {
                break;
            }
            path.push(name);
        }
        (self.at > start).then_some(())?;
        Some(if path.is_empty() { value } else { Expression::Field(Box::new(value), path) })
    }

    fn identifier(&mut self) -> String {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or_default().to_owned()
    }
}

/// A text without its escapes; those beyond the usual ones make it unknown.
fn unescaped(text: &Decoded, escapes: bool) -> Decoded {
    let plain = text.text();
    if !escapes || !plain.contains('\\') {
        return text.clone();
    }
    let mut decoded = Decoded::default();
    let mut at = 0;
    while let Some(found) = plain.get(at..).and_then(|rest| rest.find('\\')) {
        let start = at + found;
        decoded.push_from(text, at..start);
        let letter = plain.get(start + 1..).and_then(|rest| rest.chars().next()).unwrap_or('\\');
        let plain_letter = match letter {
            'n' => "\n".to_owned(),
            't' => "\t".to_owned(),
            other => other.to_string(),
        };
        let end = (start + 1 + letter.len_utf8()).min(plain.len());
        decoded.push_escaped(&plain_letter, text.span(start..end));
        at = end;
    }
    decoded.push_from(text, at..plain.len());
    decoded
}
