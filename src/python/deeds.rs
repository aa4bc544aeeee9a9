//! What a module does by name: which functions it calls, in which of its own, and which variables of the environment
//! it sets.
//!
//! Names are those that the imports of the module give; one that an import somewhere in it binds counts everywhere. What
//! a called function does is not followed.

use std::collections::BTreeMap;

use super::syntax::ast::{self, Expr, Stmt};
use super::syntax::{Module, span_of, visitor};
use crate::source::Span;

/// What a module does by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Deeds {
    /// Its calls, in the order of lines.
    pub calls: Vec<NamedCall>,
    /// The variables of the environment that it sets, in the order of lines.
    pub variables: Vec<(String, Span)>,
    /// The variables of the environment that it asks for, in the order of lines.
    pub asks: Vec<(String, Span)>,
    /// What its import may load, by whole names; of `from a import b` both `a` and `a.b`, as nobody knows which are modules.
    pub loads: Vec<String>,
}

/// A call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedCall {
    /// The whole name: `gevent.monkey.patch_all`; a method of a local object keeps the name of that object.
    pub name: String,
    /// The outermost function around it; `None` where the import of the module runs it.
    pub within: Option<String>,
    /// The call.
    pub span: Span,
}

impl Deeds {
    /// What `module` does.
    pub fn of(module: &Module) -> Self {
        let mut reader = Reader { imports: whole_names(module), within: None, found: Self::default() };
        visitor::Visitor::visit_body(&mut reader, &module.body);
        reader.found
    }

    /// Whether its import calls a function of this whole name.
    pub fn begins_with(&self, name: &str) -> bool {
        self.calls.iter().any(|call| call.within.is_none() && call.name == name)
    }

    /// Whether one of its functions of this name calls one whose name ends with one of `ends`.
    pub fn hook_calls(&self, hook: &str, ends: &[&str]) -> bool {
        self.calls.iter().any(|call| {
            let last = call.name.rsplit('.').next().unwrap_or_default();
            call.within.as_deref() == Some(hook) && ends.contains(&last)
        })
    }

    /// Whether it calls a function whose name ends with `last`, anywhere.
    pub fn calls(&self, last: &str) -> bool {
        self.calls.iter().any(|call| call.name.rsplit('.').next() == Some(last))
    }
}

/// What the imports of a module bind, by the name that they bind it to.
pub fn whole_names(module: &Module) -> BTreeMap<String, String> {
    let mut imports = Imports::default();
    visitor::Visitor::visit_body(&mut imports, &module.body);
    imports.names
}

/// What the imports of a module call what they bind.
#[derive(Default)]
struct Imports {
    names: BTreeMap<String, String>,
}

impl<'a> visitor::Visitor<'a> for Imports {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::Import(import) => {
                for alias in &import.names {
                    let whole = alias.name.as_str();
                    let first = whole.split('.').next().unwrap_or(whole);
                    let (name, stands_for) =
                        alias.asname.as_ref().map_or((first, first), |name| (name.as_str(), whole));
                    self.names.insert(name.to_owned(), stands_for.to_owned());
                }
            }
            Stmt::ImportFrom(import) if import.level == 0 => {
                let Some(module) = &import.module else { return };
                for alias in &import.names {
                    let name = alias.asname.as_ref().unwrap_or(&alias.name);
                    self.names.insert(name.to_string(), format!("{module}.{}", alias.name));
                }
            }
            _ => visitor::walk_stmt(self, statement),
        }
    }

    fn visit_expr(&mut self, _: &'a Expr) {}
}

struct Reader {
    imports: BTreeMap<String, String>,
    within: Option<String>,
    found: Deeds,
}

impl Reader {
    fn name(&self, expr: &Expr) -> Option<String> {
        match expr {
            Expr::Name(name) => {
                let own = name.id.as_str();
                Some(self.imports.get(own).map_or(own, String::as_str).to_owned())
            }
            Expr::Attribute(attribute) => Some(format!("{}.{}", self.name(&attribute.value)?, attribute.attr)),
            // A method of what a call gives: `Engine(...).dispose`.
            Expr::Call(call) => self.name(&call.func),
            _ => None,
        }
    }

    fn sets(&mut self, key: &Expr, span: Span) {
        if let Expr::StringLiteral(text) = key {
            self.found.variables.push((text.value.to_str().to_owned(), span));
        }
    }

    fn asks(&mut self, key: &Expr, span: Span) {
        if let Expr::StringLiteral(text) = key {
            self.found.asks.push((text.value.to_str().to_owned(), span));
        }
    }

    fn target(&mut self, target: &Expr, span: Span) {
        if let Expr::Subscript(subscript) = target
            && self.name(&subscript.value).as_deref() == Some("os.environ")
        {
            self.sets(&subscript.slice, span);
        }
    }
}

impl<'a> visitor::Visitor<'a> for Reader {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::FunctionDef(function) if self.within.is_none() => {
                self.within = Some(function.name.to_string());
                visitor::walk_stmt(self, statement);
                self.within = None;
                return;
            }
            Stmt::Assign(assign) => assign.targets.iter().for_each(|target| self.target(target, span_of(assign))),
            Stmt::Import(import) if self.within.is_none() => {
                self.found.loads.extend(import.names.iter().map(|alias| alias.name.to_string()));
            }
            Stmt::ImportFrom(import) if self.within.is_none() && import.level == 0 => {
                if let Some(module) = &import.module {
                    self.found.loads.push(module.to_string());
                    self.found.loads.extend(import.names.iter().map(|alias| format!("{module}.{}", alias.name)));
                }
            }
            _ => {}
        }
        visitor::walk_stmt(self, statement);
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        match expr {
            Expr::Subscript(subscript)
                if subscript.ctx.is_load() && self.name(&subscript.value).as_deref() == Some("os.environ") =>
            {
                self.asks(&subscript.slice, span_of(expr));
            }
            Expr::Compare(compare) => {
                if let [of] = &*compare.comparators
                    && self.name(of).as_deref() == Some("os.environ")
                {
                    self.asks(&compare.left, span_of(expr));
                }
            }
            _ => {}
        }
        if let Expr::Call(call) = expr
            && let Some(name) = self.name(&call.func)
        {
            let span = span_of(call);
            match name.as_str() {
                "os.environ.setdefault" | "os.putenv" => {
                    if let Some(key) = call.arguments.args.first() {
                        self.sets(key, span);
                    }
                }
                "os.environ.get" | "os.getenv" => {
                    if let Some(key) = call.arguments.args.first() {
                        self.asks(key, span);
                    }
                }
                "os.environ.update" => self.updates(&call.arguments, span),
                _ => {}
            }
            self.found.calls.push(NamedCall { name, within: self.within.clone(), span });
        }
        visitor::walk_expr(self, expr);
    }
}

impl Reader {
    fn updates(&mut self, arguments: &ast::Arguments, span: Span) {
        for keyword in &arguments.keywords {
            self.found.variables.extend(keyword.arg.as_ref().map(|name| (name.to_string(), span)));
        }
        if let Some(Expr::Dict(dict)) = arguments.args.first() {
            dict.items.iter().filter_map(|item| item.key.as_ref()).for_each(|key| self.sets(key, span));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::syntax;
    use super::*;

    fn deeds(text: &str) -> Deeds {
        Deeds::of(&syntax::parse(text).unwrap())
    }

    #[test]
    fn calls_have_the_names_that_imports_give() {
        let found = deeds(
            "from gevent import monkey as m\nimport os\nm.patch_all(ssl=False)\n# patch_all()\n\
             def post_fork(server, worker):\n    from shop.db import engine\n    engine.dispose()\n",
        );
        let named: Vec<_> = found.calls.iter().map(|call| (call.name.as_str(), call.within.as_deref())).collect();
        assert_eq!(named, [("gevent.monkey.patch_all", None), ("shop.db.engine.dispose", Some("post_fork"))]);
        assert!(found.begins_with("gevent.monkey.patch_all") && !found.begins_with("patch_all"));
        assert!(found.hook_calls("post_fork", &["dispose"]) && !found.hook_calls("pre_fork", &["dispose"]));
    }

    #[test]
    fn variables_that_are_asked_for_are_told() {
        let found = deeds(
            "import os\nfrom os import environ\na = os.environ.get('A')\nb = os.getenv('B', '1')\nc = environ['C']\n\
             d = 'D' in os.environ\nos.environ['E'] = '1'\n",
        );
        let names: Vec<_> = found.asks.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["A", "B", "C", "D"]);
    }

    #[test]
    fn variables_of_the_environment_are_told() {
        let found = deeds(
            "import os\nfrom os import environ as e\nos.environ['A'] = '1'\ne.setdefault('B', '2')\nos.putenv('C', '3')\n\
             os.environ.update({'D': '4'}, E='5')\nsettings['F'] = '6'\nos.environ[name] = '7'\n",
        );
        let names: Vec<_> = found.variables.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["A", "B", "C", "E", "D"]);
    }
}
