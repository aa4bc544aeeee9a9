//! Where calls that start servers stand in a text, and where their arguments are.

use std::collections::{BTreeMap, BTreeSet};

use crate::source::Span;

use super::super::syntax::ast::{self, CmpOp, Expr, Stmt};
use super::super::syntax::visitor::{self, Visitor};
use super::super::syntax::{Module, span_of};
use super::{Api, api, is_application_base};

/// A call in the text of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallSite {
    /// What stands in front of the bracket.
    pub callee: Span,
    /// The values given by position; `None` behind a starred one, whose length is not known here.
    pub positional: Vec<Option<Element>>,
    /// What is given by name, in order; those of `**` have no name.
    pub keywords: Vec<Keyword>,
}

/// A value in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Element {
    /// Its bytes.
    pub span: Span,
    /// Whether it is a plain literal.
    pub literal: bool,
    /// The name, where it is nothing but one.
    pub name: Option<String>,
    /// The bytes inside the quotes, where it is a plain text.
    pub inside: Option<Span>,
    /// The elements, where it is a list or a tuple; `None` for each behind a starred one.
    pub items: Vec<Option<Element>>,
}

/// `name=value`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keyword {
    /// The name; `None` for `**value`.
    pub name: Option<String>,
    /// The whole of it.
    pub whole: Span,
    /// The value.
    pub value: Element,
}

/// A call that starts a server, or the class of an application that does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Launch {
    /// What it starts; `None` for a class, which is started elsewhere.
    pub api: Option<Api>,
    /// The call or the class.
    pub span: Span,
    /// The definition of the function it stands in, if it does.
    pub function: Option<Span>,
    /// Whether it runs only if the file is the program.
    pub guarded: bool,
}

/// Whether a module calls the function that is defined at `function` as it is imported, whatever its name is then.
pub fn calls_at_top(module: &Module, function: Span) -> bool {
    let defined = module.body.iter().find_map(|statement| match statement {
        Stmt::FunctionDef(def) if span_of(statement) == function || span_of(&def.name) == function => Some(&def.name),
        _ => None,
    });
    let Some(name) = defined else { return false };
    module.body.iter().any(|statement| {
        let Stmt::Expr(expression) = statement else { return false };
        let Expr::Call(call) = &*expression.value else { return false };
        let own = |callee: &Expr| matches!(callee, Expr::Name(called) if called.id == name.id);
        // `asyncio.run(main())` calls it too.
        own(&call.func)
            || call.arguments.args.iter().any(|given| matches!(given, Expr::Call(inner) if own(&inner.func)))
    })
}

/// The call with exactly these bytes.
pub fn call_at(module: &Module, text: &str, span: Span) -> Option<CallSite> {
    struct At<'a> {
        span: Span,
        found: Option<&'a ast::ExprCall>,
    }
    impl<'a> Visitor<'a> for At<'a> {
        fn visit_stmt(&mut self, stmt: &'a Stmt) {
            let own = span_of(stmt);
            if own.start <= self.span.start && self.span.end <= own.end {
                visitor::walk_stmt(self, stmt);
            }
        }
        fn visit_expr(&mut self, expr: &'a Expr) {
            let own = span_of(expr);
            if let Expr::Call(call) = expr
                && own == self.span
            {
                self.found = Some(call);
            } else if own.start <= self.span.start && self.span.end <= own.end {
                visitor::walk_expr(self, expr);
            }
        }
    }
    let mut at = At { span, found: None };
    for stmt in &module.body {
        at.visit_stmt(stmt);
    }
    let call = at.found?;
    let keywords = call.arguments.keywords.iter().map(|keyword| Keyword {
        name: keyword.arg.as_ref().map(|name| name.as_str().to_owned()),
        whole: span_of(keyword),
        value: element(&keyword.value, text, 0),
    });
    Some(CallSite {
        callee: span_of(call.func.as_ref()),
        positional: elements(&call.arguments.args, text, 0),
        keywords: keywords.collect(),
    })
}

/// Lists of lists hold no words.
const MAX_DEPTH: usize = 2;

fn elements(items: &[Expr], text: &str, depth: usize) -> Vec<Option<Element>> {
    let mut known = true;
    let each = items.iter().map(|item| {
        known &= !matches!(item, Expr::Starred(_));
        known.then(|| element(item, text, depth))
    });
    each.collect()
}

fn element(expr: &Expr, text: &str, depth: usize) -> Element {
    let expr = uncast(expr);
    let span = span_of(expr);
    let literal = match expr {
        Expr::NumberLiteral(_) | Expr::BooleanLiteral(_) | Expr::NoneLiteral(_) => true,
        Expr::StringLiteral(literal) => !literal.value.is_implicit_concatenated(),
        Expr::UnaryOp(op) => matches!(op.operand.as_ref(), Expr::NumberLiteral(_)),
        _ => false,
    };
    let inside = match expr {
        Expr::StringLiteral(literal) if literal.value.to_str().len() + 2 == span.len() => {
            let inner = Span::new(span.start + 1, span.end - 1);
            (text.get(inner.start..inner.end) == Some(literal.value.to_str())).then_some(inner)
        }
        _ => None,
    };
    let items = match expr {
        Expr::List(list) if depth < MAX_DEPTH => elements(&list.elts, text, depth + 1),
        Expr::Tuple(tuple) if depth < MAX_DEPTH => elements(&tuple.elts, text, depth + 1),
        _ => Vec::new(),
    };
    let name = if let Expr::Name(name) = expr { Some(name.id.as_str().to_owned()) } else { None };
    Element { span, literal, name, inside, items }
}

/// What `cast(Type, value)` of `typing` gives: the value.
fn uncast(expr: &Expr) -> &Expr {
    let Expr::Call(call) = expr else { return expr };
    let name = match &*call.func {
        Expr::Name(name) => name.id.as_str(),
        Expr::Attribute(attribute) => attribute.attr.as_str(),
        _ => return expr,
    };
    match (name, &*call.arguments.args) {
        ("cast", [_, value]) if call.arguments.keywords.is_empty() => value,
        _ => expr,
    }
}

/// The launches in a file, in the order of the text.
pub fn find(module: &Module) -> Vec<Launch> {
    let mut names = Names::default();
    for stmt in &module.body {
        names.visit_stmt(stmt);
    }
    let mut search = Search { names: &names.full, functions: Vec::new(), guarded: false, found: Vec::new() };
    for stmt in &module.body {
        search.visit_stmt(stmt);
    }
    search.found
}

/// The functions of a module that make an instance of the class at `class`, by the bytes of their definitions.
pub fn makers(module: &Module, class: Span) -> Vec<Span> {
    struct Makers<'n> {
        class: Span,
        name: Option<&'n str>,
        functions: Vec<Span>,
        found: Vec<Span>,
    }
    impl<'a> Visitor<'a> for Makers<'a> {
        fn visit_stmt(&mut self, stmt: &'a Stmt) {
            match stmt {
                Stmt::FunctionDef(def) => {
                    self.functions.push(span_of(def));
                    visitor::walk_stmt(self, stmt);
                    self.functions.pop();
                }
                // What a class makes of itself is no start.
                Stmt::ClassDef(def) if span_of(def) == self.class => self.name = Some(def.name.as_str()),
                _ => visitor::walk_stmt(self, stmt),
            }
        }

        fn visit_expr(&mut self, expr: &'a Expr) {
            if let (Expr::Call(call), Some(&function)) = (expr, self.functions.last())
                && matches!(call.func.as_ref(), Expr::Name(name) if Some(name.id.as_str()) == self.name)
                && !self.found.contains(&function)
            {
                self.found.push(function);
            }
            visitor::walk_expr(self, expr);
        }
    }
    let mut makers = Makers { class, name: None, functions: Vec::new(), found: Vec::new() };
    // A function may stand in front of the class.
    for _ in 0..2 {
        for stmt in &module.body {
            makers.visit_stmt(stmt);
        }
    }
    makers.found
}

/// What imports bind, wherever in the file they stand.
#[derive(Default)]
struct Names {
    full: BTreeMap<String, String>,
}

impl<'a> Visitor<'a> for Names {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        match stmt {
            Stmt::Import(import) => {
                for alias in &import.names {
                    let full = alias.name.as_str();
                    let first = full.split('.').next().unwrap_or(full);
                    let (name, means) = match &alias.asname {
                        Some(name) => (name.as_str(), full),
                        None => (first, first),
                    };
                    self.full.insert(name.to_owned(), means.to_owned());
                }
            }
            Stmt::ImportFrom(import) if import.level == 0 => {
                let module = import.module.as_ref().map_or("", ast::Identifier::as_str);
                for alias in &import.names {
                    let name = alias.asname.as_ref().unwrap_or(&alias.name).as_str();
                    self.full.insert(name.to_owned(), format!("{module}.{}", alias.name.as_str()));
                }
            }
            // `app = Flask(__name__)`, whose `run` starts a server.
            Stmt::Assign(assign) => {
                let ([Expr::Name(name)], Expr::Call(call)) = (assign.targets.as_slice(), &*assign.value) else {
                    return;
                };
                let made = match &*call.func {
                    Expr::Name(class) => self.full.get(class.id.as_str()).cloned(),
                    Expr::Attribute(class) => match &*class.value {
                        Expr::Name(module) => {
                            self.full.get(module.id.as_str()).map(|module| format!("{module}.{}", class.attr.as_str()))
                        }
                        _ => None,
                    },
                    _ => None,
                };
                if let Some(class) = made.filter(|class| matches!(class.as_str(), "flask.Flask" | "quart.Quart")) {
                    self.full.insert(name.id.as_str().to_owned(), class);
                }
            }
            _ => visitor::walk_stmt(self, stmt),
        }
    }

    fn visit_expr(&mut self, _: &'a Expr) {}
}

/// The last parts of the names of modules that a file imports, wherever in it that stands; a name imported
/// from a module may be one itself.
pub fn imports(module: &Module) -> BTreeSet<&str> {
    #[derive(Default)]
    struct Parts<'a>(BTreeSet<&'a str>);
    impl<'a> Visitor<'a> for Parts<'a> {
        fn visit_stmt(&mut self, stmt: &'a Stmt) {
            let last = |name: &'a str| name.rsplit('.').next().unwrap_or(name);
            match stmt {
                Stmt::Import(import) => self.0.extend(import.names.iter().map(|alias| last(alias.name.as_str()))),
                Stmt::ImportFrom(import) => {
                    self.0.extend(import.module.as_ref().map(|module| last(module.as_str())));
                    self.0.extend(import.names.iter().map(|alias| alias.name.as_str()));
                }
                _ => visitor::walk_stmt(self, stmt),
            }
        }

        fn visit_expr(&mut self, _: &'a Expr) {}
    }
    let mut parts = Parts::default();
    for stmt in &module.body {
        parts.visit_stmt(stmt);
    }
    parts.0
}

struct Search<'n> {
    names: &'n BTreeMap<String, String>,
    functions: Vec<Span>,
    guarded: bool,
    found: Vec<Launch>,
}

impl Search<'_> {
    fn full(&self, expr: &Expr) -> Option<String> {
        match expr {
            Expr::Name(name) => self.names.get(name.id.as_str()).cloned(),
            Expr::Attribute(attribute) => {
                let object = self.full(&attribute.value)?;
                Some(format!("{object}.{}", attribute.attr.as_str()))
            }
            _ => None,
        }
    }

    fn add(&mut self, api: Option<Api>, span: Span) {
        let function = self.functions.last().copied();
        self.found.push(Launch { api, span, function, guarded: self.guarded });
    }
}

impl<'a> Visitor<'a> for Search<'_> {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        match stmt {
            Stmt::FunctionDef(def) => {
                self.functions.push(span_of(def));
                visitor::walk_stmt(self, stmt);
                self.functions.pop();
            }
            Stmt::If(test) if is_main(&test.test) => {
                let before = std::mem::replace(&mut self.guarded, true);
                visitor::walk_stmt(self, stmt);
                self.guarded = before;
            }
            Stmt::ClassDef(def) => {
                let bases = def.arguments.iter().flat_map(|arguments| &arguments.args);
                if bases.filter_map(|base| self.full(base)).any(|base| is_application_base(&base)) {
                    self.add(None, span_of(def));
                }
                visitor::walk_stmt(self, stmt);
            }
            _ => visitor::walk_stmt(self, stmt),
        }
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        if let Expr::Call(call) = expr
            && let Some(found) = self.full(&call.func).and_then(|name| api(&name))
        {
            self.add(Some(found), span_of(expr));
            visitor::walk_arguments(self, &call.arguments);
            return;
        }
        // A function that somebody else is given to call, with further arguments of the same call.
        if let Expr::Call(call) = expr {
            let positional = call.arguments.args.iter();
            let mut given = positional.chain(call.arguments.keywords.iter().map(|keyword| &keyword.value));
            let passed = given.find_map(|value| self.full(value).and_then(|name| api(&name)));
            if let Some(found) = passed.filter(|found| !matches!(found, Api::Command(_))) {
                self.add(Some(found), span_of(expr));
            }
        }
        // The command of a server that somebody else is given to call.
        if let Expr::Attribute(_) = expr
            && let Some(found @ Api::Command(_)) = self.full(expr).and_then(|name| api(&name))
        {
            self.add(Some(found), span_of(expr));
        }
        visitor::walk_expr(self, expr);
    }
}

/// `__name__ == "__main__"`.
pub fn is_main(test: &Expr) -> bool {
    let Expr::Compare(compare) = test else { return false };
    let is_name = |expr: &Expr| matches!(expr, Expr::Name(name) if name.id == "__name__");
    let is_value = |expr: &Expr| matches!(expr, Expr::StringLiteral(literal) if literal.value.to_str() == "__main__");
    let [right] = &*compare.comparators else { return false };
    let left = compare.left.as_ref();
    *compare.ops == [CmpOp::Eq] && (is_name(left) && is_value(right) || is_value(left) && is_name(right))
}

#[cfg(test)]
mod tests {
    use super::super::super::syntax::parse;
    use super::*;

    #[test]
    fn launches_are_found_under_every_name() {
        let text = "import uvicorn as uv\nfrom uvicorn import run as go, Config\nimport gunicorn.app.base\n\
                    def main():\n    from granian import Granian\n    go('a:b')\n    Granian('a:b').serve()\n\
                    class App(gunicorn.app.base.BaseApplication):\n    pass\n\
                    if __name__ == '__main__':\n    uv.run('a:b')\nother.run()\n";
        let module = parse(text).unwrap();
        let found: Vec<_> = find(&module)
            .into_iter()
            .map(|launch| (&text[launch.span.start..launch.span.end], launch.function.is_some(), launch.guarded))
            .collect();
        assert_eq!(
            found,
            [
                ("go('a:b')", true, false),
                ("Granian('a:b')", true, false),
                ("class App(gunicorn.app.base.BaseApplication):\n    pass", false, false),
                ("uv.run('a:b')", false, true),
            ]
        );
    }

    #[test]
    fn arguments_stand_at_their_bytes() {
        let text = "run(app, ['a', \"b\", *c, 'd'], host='h', **more, n=-1)\n";
        let module = parse(text).unwrap();
        let call = call_at(&module, text, Span::new(0, text.len() - 1)).unwrap();
        let at = |span: Span| &text[span.start..span.end];
        assert_eq!(call.positional[0].as_ref().unwrap().name.as_deref(), Some("app"));
        let items = &call.positional[1].as_ref().unwrap().items;
        let words: Vec<_> = items.iter().map(|item| item.as_ref().map(|item| at(item.inside.unwrap()))).collect();
        assert_eq!(words, [Some("a"), Some("b"), None, None]);
        let keywords: Vec<_> =
            call.keywords.iter().map(|k| (k.name.as_deref(), at(k.whole), at(k.value.span), k.value.literal)).collect();
        assert_eq!(
            keywords,
            [(Some("host"), "host='h'", "'h'", true), (None, "**more", "more", false), (Some("n"), "n=-1", "-1", true)]
        );
    }
}
