//! The one door to the Python parser.
//!
//! Decides which texts are read at all and turns the parser's ranges into [`Span`]s. It is the only
//! place that names the `ruff_*` crates, so that an upgrade touches one file. What the tree means is
//! for the rest of `python`.

use ruff_python_ast::token::TokenKind;
use ruff_python_parser::{Mode, ParseOptions, Parsed, lexer, parse_unchecked};
use ruff_python_trivia::CommentRanges;
use ruff_text_size::{Ranged, TextRange};

use crate::source::{Comment, Span};

pub use ruff_python_ast as ast;
pub use ruff_python_ast::visitor;

/// How deep brackets, blocks or chains of operators may nest before a file is left unread.
///
/// `CPython` itself stops at 100 levels of indentation and 200 of brackets; a chain of operators has no
/// such limit there, and 2,000 in one expression is nothing a person wrote.
const MAX_NESTING: usize = 200;
const MAX_CHAIN: usize = 2_000;

/// More statements than a file has that a person wrote; each takes some hundred bytes of memory.
const MAX_STATEMENTS: usize = 100_000;

/// One parsed Python file.
#[derive(Debug)]
pub struct Module {
    /// The statements, as far as they could be recovered.
    pub body: Vec<ast::Stmt>,
    /// Every comment.
    pub comments: Vec<Comment>,
    /// Where the text is not Python, in source order. The statements around it are still there.
    pub errors: Vec<SyntaxError>,
}

impl Module {
    /// How many positional parameters the function of the module has whose name stands at `name`.
    pub fn parameter_count(&self, name: Span) -> Option<usize> {
        self.body.iter().find_map(|statement| match statement {
            ast::Stmt::FunctionDef(function) if span_of(&function.name) == name => {
                Some(function.parameters.posonlyargs.len() + function.parameters.args.len())
            }
            _ => None,
        })
    }

    /// The same by the name of the function; `None` where the module does not define it exactly once.
    pub fn parameter_count_of(&self, name: &str) -> Option<usize> {
        let mut named = self.body.iter().filter_map(|statement| match statement {
            ast::Stmt::FunctionDef(function) if function.name.as_str() == name => Some(function),
            _ => None,
        });
        let function = named.next().filter(|_| named.next().is_none())?;
        self.parameter_count(span_of(&function.name))
    }

    /// The smallest statement around a span; of one with a block, only what stands before the block.
    pub fn statement_around(&self, span: Span) -> Option<Span> {
        let own = |statement: &&ast::Stmt| {
            let own = span_of(*statement);
            let end = first_of_block(statement).map_or(own.end, |block| block.start);
            Span::new(own.start, end.max(span.end))
        };
        self.statements_around(span).last().map(own)
    }

    /// Where the statements with a block begin that a span stands in the block of, outermost first; of a decorated one,
    /// also where each decorator and the definition itself begin.
    pub fn blocks_around(&self, span: Span) -> Vec<usize> {
        let around = self.statements_around(span);
        let blocks = around.into_iter().filter(|statement| first_of_block(statement).is_some());
        blocks.flat_map(beginnings).collect()
    }

    /// The names that the `with` statements around a span bind, each with where its statement begins.
    pub fn opened_around(&self, span: Span) -> Vec<(&str, usize)> {
        let mut found = Vec::new();
        for statement in self.statements_around(span) {
            let ast::Stmt::With(node) = statement else { continue };
            for item in &node.items {
                if let Some(ast::Expr::Name(name)) = item.optional_vars.as_deref() {
                    found.push((name.id.as_str(), span_of(statement).start));
                }
            }
        }
        found
    }

    /// The functions and classes around a span, outermost first, joined by dots; `None` at the top of the
    /// module.
    pub fn function_around(&self, span: Span) -> Option<String> {
        let name = |statement: &&'_ ast::Stmt| match *statement {
            ast::Stmt::FunctionDef(node) => Some(node.name.to_string()),
            ast::Stmt::ClassDef(node) => Some(node.name.to_string()),
            _ => None,
        };
        let names: Vec<String> = self.statements_around(span).iter().filter_map(name).collect();
        (!names.is_empty()).then(|| names.join("."))
    }

    /// The statements around a span, outermost first.
    fn statements_around(&self, span: Span) -> Vec<&ast::Stmt> {
        let mut around = Around { span, found: Vec::new() };
        visitor::Visitor::visit_body(&mut around, &self.body);
        around.found
    }
}

/// Goes down to a span, without a look at the statements beside it: many spans of a long file are asked for.
struct Around<'a> {
    span: Span,
    found: Vec<&'a ast::Stmt>,
}

impl<'a> visitor::Visitor<'a> for Around<'a> {
    fn visit_body(&mut self, body: &'a [ast::Stmt]) {
        let at = body.partition_point(|statement| span_of(statement).end < self.span.end);
        if let Some(statement) = body.get(at).filter(|statement| span_of(*statement).start <= self.span.start) {
            self.found.push(statement);
            visitor::walk_stmt(self, statement);
        }
    }

    /// No statement is in an expression.
    fn visit_expr(&mut self, _: &'a ast::Expr) {}
}

fn beginnings(statement: &ast::Stmt) -> Vec<usize> {
    let (decorators, name) = match statement {
        ast::Stmt::FunctionDef(node) => (&node.decorator_list, span_of(&node.name)),
        ast::Stmt::ClassDef(node) => (&node.decorator_list, span_of(&node.name)),
        _ => return vec![span_of(statement).start],
    };
    decorators.iter().map(|decorator| span_of(decorator).start).chain([name.start]).collect()
}

fn first_of_block(statement: &ast::Stmt) -> Option<Span> {
    let body: &[ast::Stmt] = match statement {
        ast::Stmt::FunctionDef(node) => &node.body,
        ast::Stmt::ClassDef(node) => &node.body,
        ast::Stmt::For(node) => &node.body,
        ast::Stmt::While(node) => &node.body,
        ast::Stmt::If(node) => &node.body,
        ast::Stmt::With(node) => &node.body,
        ast::Stmt::Try(node) => &node.body,
        _ => return None,
    };
    body.first().map(span_of)
}

/// A place where a text is not Python.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyntaxError {
    /// Where.
    pub span: Span,
    /// What the parser expected.
    pub message: String,
}

/// Why a text was not parsed at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// The tree would be too deep to walk.
    #[error("nested too deeply to be read")]
    TooDeep,
    /// The tree would be too large to keep.
    #[error("more statements than any source file has, so it was not read")]
    TooLong,
    /// Spans are 32-bit in the parser.
    #[error("larger than 4 GiB")]
    TooLarge,
}

/// The bytes of a syntax node.
pub fn span_of(node: &impl Ranged) -> Span {
    span(node.range())
}

fn span(range: TextRange) -> Span {
    Span::new(range.start().to_usize(), range.end().to_usize())
}

/// Parses a module; a text with errors yields what could be recovered around them.
pub fn parse(text: &str) -> Result<Module, Unreadable> {
    if u32::try_from(text.len()).is_err() {
        return Err(Unreadable::TooLarge);
    }
    walkable(text)?;
    let parsed = parse_unchecked(text, ParseOptions::from(Mode::Module));
    let comments = comments(&parsed, text);
    let errors = parsed
        .errors()
        .iter()
        .map(|error| SyntaxError { span: span(error.location), message: error.error.to_string() })
        .collect();
    let body = parsed.try_into_module().map(|module| module.into_syntax().body).unwrap_or_default();
    Ok(Module { body: body.into_iter().collect(), comments, errors })
}

fn comments(parsed: &Parsed<ast::Mod>, text: &str) -> Vec<Comment> {
    CommentRanges::from(parsed.tokens())
        .iter()
        .map(|&range| Comment { span: span(range), own_line: CommentRanges::is_own_line(range.start(), text) })
        .collect()
}

/// Whether the tree of `text` will be shallow enough to visit and to drop on an ordinary stack, and small enough to keep.
///
/// Measured on tokens, because building the tree is what must not happen. A chain is what grows a
/// tree without a bracket: operators, attribute dots and keywords such as `not` or `lambda` between
/// two commas of the same bracket.
fn walkable(text: &str) -> Result<(), Unreadable> {
    let mut lexer = lexer::lex(text, Mode::Module);
    let mut indentation = 0_usize;
    let mut chains: Vec<usize> = vec![0];
    let mut statements = 0_usize;
    loop {
        match lexer.next_token() {
            TokenKind::EndOfFile => return Ok(()),
            TokenKind::Indent => indentation += 1,
            TokenKind::Dedent => indentation = indentation.saturating_sub(1),
            TokenKind::Lpar
            | TokenKind::Lsqb
            | TokenKind::Lbrace
            | TokenKind::FStringStart
            | TokenKind::TStringStart => {
                // A call is a link of the chain it stands in: `f()()()` nests as well.
                if let Some(chain) = chains.last_mut() {
                    *chain += 1;
                }
                chains.push(0);
            }
            TokenKind::Rpar | TokenKind::Rsqb | TokenKind::Rbrace | TokenKind::FStringEnd | TokenKind::TStringEnd
                if chains.len() > 1 =>
            {
                chains.pop();
            }
            kind @ (TokenKind::Comma | TokenKind::Newline | TokenKind::Semi) => {
                statements += usize::from(kind != TokenKind::Comma);
                if let Some(chain) = chains.last_mut() {
                    *chain = 0;
                }
            }
            kind if kind.is_operator() || kind.is_keyword() => {
                if let Some(chain) = chains.last_mut() {
                    *chain += 1;
                }
            }
            _ => {}
        }
        let too_deep = indentation > MAX_NESTING / 2 || chains.len() > MAX_NESTING;
        if too_deep || chains.last().is_some_and(|&chain| chain > MAX_CHAIN) {
            return Err(Unreadable::TooDeep);
        }
        if statements > MAX_STATEMENTS {
            return Err(Unreadable::TooLong);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_what_surrounds_an_error() {
        let module = parse("workers = 2\nthreads =\nbind = 'x'  # here\n").unwrap();
        assert_eq!(module.body.len(), 3);
        assert_eq!(module.errors.len(), 1);
        assert_eq!(module.comments.len(), 1);
        assert!(!module.comments[0].own_line);
    }

    #[test]
    fn refuses_what_would_overflow_a_stack() {
        for text in [
            "(".repeat(100_000),
            format!("x = {}1", "not ".repeat(50_000)),
            format!("x = 1{}", " + 1".repeat(50_000)),
            format!("x = a{}", ".b".repeat(50_000)),
            format!("x = a{}", "()".repeat(50_000)),
            format!("x = {}1", "-".repeat(50_000)),
            format!("x = {}1", "lambda: ".repeat(50_000)),
        ] {
            assert_eq!(parse(&text).err(), Some(Unreadable::TooDeep), "{}", &text[..20]);
        }
        let mut blocks = String::new();
        for depth in 0..300 {
            blocks.push_str(&" ".repeat(depth));
            blocks.push_str("if x:\n");
        }
        assert_eq!(parse(&blocks).err(), Some(Unreadable::TooDeep));
    }

    #[test]
    fn refuses_what_would_fill_the_memory() {
        assert_eq!(parse(&"x = 1\n".repeat(200_000)).err(), Some(Unreadable::TooLong));
        assert_eq!(parse(&"x = 1;".repeat(200_000)).err(), Some(Unreadable::TooLong));
    }

    #[test]
    fn finds_what_stands_around_a_place() {
        let text = "a = 1\nclass C:\n    x = 2\n    def f(self):\n        if x:\n            pass\n        else:\n            y = 3\nb = 4\n";
        let module = parse(text).unwrap();
        let around = |word: &str| {
            let at = text.find(word).unwrap();
            let span = Span::new(at, at + word.len());
            let statement = module.statement_around(span).map(|span| &text[span.start..span.end]);
            (statement, module.function_around(span))
        };
        assert_eq!(around("a = 1"), (Some("a = 1"), None));
        assert_eq!(around("2"), (Some("x = 2"), Some("C".to_owned())));
        assert_eq!(around("y = 3"), (Some("y = 3"), Some("C.f".to_owned())));
        assert_eq!(around("self"), (Some("def f(self):\n        "), Some("C.f".to_owned())));
        assert_eq!(around("b = 4"), (Some("b = 4"), None));
    }

    #[test]
    fn reads_long_but_flat_files() {
        let table = format!("x = [{}]\n", "1, ".repeat(100_000));
        assert!(parse(&table).unwrap().errors.is_empty());
    }
}
