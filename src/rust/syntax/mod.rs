//! One file of Rust as far as it matters here: what it declares, and what its functions evaluate, in order.
//!
//! The only place that names the parser's crates. Operators, literals and control flow are kept as far as they decide
//! what runs and what a name stands for; types are as written.

mod convert;
mod definitions;
mod expansion;
mod items;
mod macros;
mod nesting;
mod patterns;

use std::sync::Arc;

use crate::source::Span;
pub use convert::{is_expression, parse};

/// What a file, or a `mod` in it, declares.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// Names that it brings in.
    pub uses: Vec<Use>,
    /// Free functions.
    pub functions: Vec<Arc<Function>>,
    /// Structures, enumerations and aliases.
    pub types: Vec<Arc<TypeItem>>,
    /// Blocks of methods.
    pub implementations: Vec<Implementation>,
    /// Traits.
    pub traits: Vec<Arc<TraitItem>>,
    /// Modules.
    pub modules: Vec<ModuleItem>,
    /// Constants and statics with their types.
    pub values: Vec<ValueItem>,
    /// Macros by rules.
    pub macros: Vec<Arc<MacroItem>>,
    /// The words in each macro that is called where declarations stand.
    pub declaring: Vec<Vec<String>>,
}

/// A name that `use` brings in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// Whether it begins with `::`.
    pub is_global: bool,
    /// What it names.
    pub path: Vec<String>,
    /// The name from then on; none where it brings in everything.
    pub bound: Option<String>,
}

/// A function, or a method.
#[derive(Debug, Clone)]
pub struct Function {
    /// Its name.
    pub name: String,
    /// Where the name stands.
    pub span: Span,
    /// From the first word to the end of the body.
    pub whole: Span,
    /// Whether it is an `async fn`.
    pub is_async: bool,
    /// What it takes, `self` included.
    pub parameters: Vec<Parameter>,
    /// What it returns.
    pub gives: Type,
    /// What stands above it.
    pub attributes: Vec<Attribute>,
    /// What is asked of its type parameters.
    pub bounds: Vec<(String, Type)>,
    /// What it does, where it says so.
    pub body: Option<Block>,
}

/// What a function takes.
#[derive(Debug, Clone)]
pub struct Parameter {
    /// The names it gets.
    pub pattern: Pattern,
    /// What it is.
    pub ty: Type,
}

/// `#[path(words)]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// Its name.
    pub path: Vec<String>,
    /// Every word and literal behind the name, in order.
    pub words: Vec<String>,
    /// Where each of them stands; empty for what is not in brackets.
    pub spans: Vec<Span>,
}

/// A structure, an enumeration or an alias.
#[derive(Debug, Clone)]
pub struct TypeItem {
    /// Its name.
    pub name: String,
    /// Its type parameters.
    pub generics: Vec<String>,
    /// The fields by name, or by number.
    pub fields: Vec<(String, Type)>,
    /// What it stands for, where it is an alias.
    pub alias: Option<Type>,
}

/// `impl Trait for Type { ... }`.
#[derive(Debug, Clone)]
pub struct Implementation {
    /// Whose methods these are.
    pub ty: Type,
    /// The trait.
    pub of: Option<Path>,
    /// What is asked of its type parameters.
    pub bounds: Vec<(String, Type)>,
    /// What stands above it.
    pub attributes: Vec<Attribute>,
    /// The functions.
    pub functions: Vec<Arc<Function>>,
}

/// A trait with the functions that it declares.
#[derive(Debug, Clone)]
pub struct TraitItem {
    /// Its name.
    pub name: String,
    /// Its functions, with bodies or without.
    pub functions: Vec<Arc<Function>>,
}

/// `mod name`.
#[derive(Debug, Clone)]
pub struct ModuleItem {
    /// Its name.
    pub name: String,
    /// `#[path = "..."]`.
    pub path: Option<String>,
    /// What stands in braces, where that is not another file.
    pub content: Option<Arc<Scope>>,
}

/// A constant or a static.
#[derive(Debug, Clone)]
pub struct ValueItem {
    /// Its name.
    pub name: String,
    /// Its type.
    pub ty: Type,
    /// What it is, where that is a literal or a call.
    pub value: Option<Expression>,
}

/// What `macro_rules!` defines.
#[derive(Debug, Clone)]
pub struct MacroItem {
    /// Its name.
    pub name: String,
    /// The rules of which it is known what they are for, up to the first of which it is not.
    pub rules: Vec<MacroRule>,
}

/// `($name:kind, ...) => { body }`.
#[derive(Debug, Clone)]
pub struct MacroRule {
    /// What it takes, with commas between.
    pub takes: Vec<Taken>,
    /// What it comes to, where that is plain.
    pub body: Option<Block>,
}

/// `$name:kind`.
#[derive(Debug, Clone)]
pub struct Taken {
    /// Its name, without the dollar sign.
    pub name: String,
    /// What it may be: `expr`, `tt`.
    pub kind: String,
    /// Whether it may come any number of times.
    pub repeats: bool,
}

/// A path with what stands in angle brackets behind the last of its parts that has any.
#[derive(Debug, Clone, Default)]
pub struct Path {
    /// Whether it begins with `::`.
    pub is_global: bool,
    /// The parts.
    pub segments: Vec<String>,
    /// The types in angle brackets.
    pub arguments: Vec<Type>,
    /// Where it stands.
    pub span: Span,
}

/// A type, without references.
#[derive(Debug, Clone, Default)]
pub enum Type {
    /// A name.
    Path(Path),
    /// `dyn A + B`, `impl A + B`.
    Bound(Vec<Path>),
    /// `(A, B)`.
    Tuple(Vec<Type>),
    /// `[A]`, `[A; 4]`.
    Slice(Box<Type>),
    /// Anything else.
    #[default]
    Unknown,
}

/// What a value is taken apart into.
#[derive(Debug, Clone)]
pub enum Pattern {
    /// A name for the whole.
    Name(String),
    /// `(a, b)`.
    Tuple(Vec<Pattern>),
    /// `State(a)`.
    Call(Path, Vec<Pattern>),
    /// `Order { amount, .. }`, the type with its fields.
    Fields(Path, Vec<(String, Pattern)>),
    /// One of several, or something that names nothing.
    Any(Vec<Pattern>),
}

/// What stands in braces.
#[derive(Debug, Clone, Default)]
pub struct Block {
    /// What is done, in order.
    pub statements: Vec<Statement>,
    /// Names that it brings in.
    pub uses: Vec<Use>,
    /// Functions that it declares.
    pub functions: Vec<Arc<Function>>,
}

/// A step of a block.
#[allow(clippy::large_enum_variant, reason = "few of the steps are small")]
#[derive(Debug, Clone)]
pub enum Statement {
    /// `let pattern: ty = value else { otherwise }`.
    Let(Pattern, Type, Option<Expression>, Option<Expression>),
    /// An expression, and whether its value is that of the block.
    Expression(Expression, bool),
}

/// An expression with the bytes that it stands at.
#[derive(Debug, Clone)]
pub struct Expression {
    /// What it is.
    pub kind: Kind,
    /// Where.
    pub span: Span,
}

/// What an expression is.
#[derive(Debug, Clone)]
pub enum Kind {
    /// A name.
    Path(Path),
    /// `callee(arguments)`.
    Call(Box<Expression>, Vec<Expression>),
    /// `receiver.name::<types>(arguments)`.
    Method(Box<Method>),
    /// `value.await`.
    Await(Box<Expression>),
    /// A value that is what another one is, behind a sign: `?`, `&`, `*`.
    Same(Box<Expression>),
    /// `value.name`.
    Field(Box<Expression>, String),
    /// `value[index]`.
    Index(Box<Expression>, Box<Expression>),
    /// `Order { amount: 1 }`, with what `..` leaves to another value last.
    Structure(Path, Vec<Expression>),
    /// `|a, b| value`, `async |a| value`.
    Closure(Arc<Closure>),
    /// `async { ... }`.
    Async(Arc<Block>),
    /// `{ ... }`, the bodies of loops included.
    Block(Arc<Block>),
    /// A loop: what it goes over with the names of its items, or its condition; its body.
    Loop(Pattern, Option<Box<Expression>>, Box<Expression>),
    /// One of several values, behind what decides: patterns with conditions and values.
    Choice(Box<Expression>, Vec<(Pattern, Option<Expression>, Expression)>),
    /// `let pattern = value` as a condition.
    Matches(Pattern, Box<Expression>),
    /// `(a, b)`.
    Tuple(Vec<Expression>),
    /// Several values that are needed, and make one of an unknown type: operators, arrays, `return`.
    Several(Vec<Expression>),
    /// `target = value`.
    Assign(Box<Expression>, Box<Expression>),
    /// `path!(...)` with what it evaluates as far as that is plain, and every word in it.
    Macro(Path, Vec<Expression>),
    /// A text.
    Text(String),
    /// A number, without its type.
    Number(String),
    /// `true`, `false`.
    Flag(bool),
    /// What is written in a language of a macro's own: the names that seem to be called in it.
    Unread(Vec<Path>),
    /// Anything else.
    Other,
}

/// A call of a method.
#[derive(Debug, Clone)]
pub struct Method {
    /// On what.
    pub receiver: Expression,
    /// Its name.
    pub name: String,
    /// Where the name stands.
    pub span: Span,
    /// The types in angle brackets.
    pub types: Vec<Type>,
    /// What it is given.
    pub arguments: Vec<Expression>,
}

/// A closure.
#[derive(Debug, Clone)]
pub struct Closure {
    /// Whether calling it gives a future.
    pub is_async: bool,
    /// What it takes.
    pub parameters: Vec<Parameter>,
    /// What it does.
    pub body: Expression,
}

impl Path {
    /// Its last part.
    pub fn last(&self) -> &str {
        self.segments.last().map_or("", String::as_str)
    }

    /// The name, if it is one alone.
    pub fn name(&self) -> Option<&str> {
        match &self.segments[..] {
            [name] if !self.is_global => Some(name),
            _ => None,
        }
    }
}

impl Attribute {
    /// The last part of its name.
    pub fn last(&self) -> &str {
        self.path.last().map_or("", String::as_str)
    }
}

impl Pattern {
    /// The name, if it gives the whole one.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Name(name) => Some(name),
            _ => None,
        }
    }
}
