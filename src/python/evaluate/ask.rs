//! The values of single expressions of a file: what a call that starts a server is given.
//!
//! The file is followed as a whole, and every time it comes to one of the expressions its value is
//! noted. An expression in a function therefore sees the parameters of the calls that the file
//! makes, and everything the function did up to there. What the file never comes to is worked out
//! behind its last statement: in a function that nothing in the file calls with the parameters the
//! caller states (a click option, an entry point), in code that is skipped with the final globals.
//!
//! Does not know which expressions matter, nor what other files call the function with.

use std::rc::Rc;

use crate::source::{FileId, Span};
use crate::values::Value;

use super::super::syntax::ast::{self, Expr, Stmt};
use super::super::syntax::visitor::{self, Visitor};
use super::super::syntax::{Module, span_of};
use super::call::Arguments;
use super::cell::{Cell, Dep, Deps, Thing};
use super::export::evaluated;
use super::run::{Run, Step};
use super::state::{Object, Scope};
use super::{Dependency, Evaluated, Inputs, Outcome};

/// What to ask of a file.
#[derive(Debug, Clone, Copy, Default)]
pub struct Question<'q> {
    /// The expressions, by their exact bytes.
    pub expressions: &'q [Span],
    /// Whether the file is run as a program, so that `__name__` is `"__main__"`.
    pub program: bool,
    /// What the parameters of a function hold that nothing in the file calls, by name; one that is not
    /// named here has its default, or is unknown.
    pub parameters: &'q [(String, Evaluated)],
    /// Expressions of the file whose value is known from elsewhere, such as `args.port`.
    pub given: &'q [(Span, Evaluated)],
}

/// The value of one expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The value.
    pub value: Evaluated,
    /// Whether the file comes to it.
    pub reached: Reached,
}

/// Whether following a file leads to an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reached {
    /// It does.
    Yes,
    /// Only on one side of a condition that nothing in the file decides.
    Perhaps,
    /// It does not: the function around it is not called, or its branch is not taken.
    No,
}

/// What was noted about the expressions that somebody asks for.
#[derive(Debug, Default)]
pub(super) struct Watch<'a> {
    expressions: Vec<Span>,
    seen: Vec<Vec<Answer>>,
    given: Vec<(Span, Cell<'a>)>,
}

impl<'a> Watch<'a> {
    pub(super) fn is_empty(&self) -> bool {
        self.expressions.is_empty()
    }

    /// The value that an expression is said to have.
    pub(super) fn given(&self, span: Span) -> Option<&Cell<'a>> {
        self.given.iter().find(|(known, _)| *known == span).map(|(_, cell)| cell)
    }
}

/// Follows a module and answers for each expression of the question, in order.
pub fn expressions<'a>(
    file: FileId,
    module: &'a Module,
    text: &'a str,
    inputs: &Inputs<'a>,
    question: &Question<'_>,
) -> Vec<Answer> {
    let mut run = Run::new(inputs);
    run.program = question.program;
    run.watch.expressions = question.expressions.to_vec();
    run.watch.seen = vec![Vec::new(); question.expressions.len()];
    for (span, value) in question.given {
        if let Ok(cell) = run.cell_of(value) {
            run.watch.given.push((*span, cell));
        }
    }
    run.follow(file, module, text);
    (0..question.expressions.len()).map(|index| run.answer(index, module, question)).collect()
}

impl<'a> Run<'a, '_> {
    /// Notes the value of an expression that somebody asked for.
    pub(super) fn note(&mut self, span: Span, cell: &Cell<'a>) {
        if self.module != 0 {
            return;
        }
        for (wanted, seen) in self.watch.expressions.iter().zip(&mut self.watch.seen) {
            if *wanted == span && seen.len() < 64 {
                let certain = self.state.path.iter().all(|(choice, side)| choice.presumed == Some(*side));
                let mut value = evaluated(cell, &self.state);
                // A value in a branch rests on what led there.
                let control: Vec<Dependency> = super::export::dependencies(&self.control);
                value.depends.extend(control.into_iter().filter(|dep| !cell_has(cell, dep)));
                let reached = if certain { Reached::Yes } else { Reached::Perhaps };
                seen.push(Answer { value, reached });
            }
        }
    }

    fn answer(&mut self, index: usize, module: &'a Module, question: &Question<'_>) -> Answer {
        if let Some(answer) = self.agreed(index) {
            return answer;
        }
        let unknown = |why: &str| Answer {
            value: Evaluated { outcome: Outcome::Unknown(why.to_owned()), depends: Vec::new() },
            reached: Reached::No,
        };
        let Some(span) = question.expressions.get(index).copied() else { return unknown("not asked for") };
        let found = find(module, span);
        let Some(expr) = found.expression else { return unknown("no expression stands there") };
        self.reset();
        let result = match found.function {
            Some(function) => self.enter_function(function, found.nested, question),
            None => self.expression(expr).map(|_| ()),
        };
        self.reset();
        match (self.agreed(index), result) {
            (Some(answer), _) => Answer { reached: Reached::No, ..answer },
            (None, Err(super::run::Halt::Exhausted)) => unknown("it would take too long to follow"),
            (None, _) => unknown("its function does not come to it"),
        }
    }

    /// What all sightings of an expression agree on; those that are certain count before the others.
    fn agreed(&self, index: usize) -> Option<Answer> {
        let seen = self.watch.seen.get(index)?;
        let certain: Vec<&Answer> = seen.iter().filter(|answer| answer.reached == Reached::Yes).collect();
        let counted: Vec<&Answer> = if certain.is_empty() { seen.iter().collect() } else { certain };
        let (first, rest) = counted.split_first()?;
        let mut answer = (*first).clone();
        for other in rest {
            if other.value.outcome != answer.value.outcome {
                answer.value.outcome = Outcome::Unknown("it differs from one time to the next".to_owned());
            }
            for depends in &other.value.depends {
                if !answer.value.depends.contains(depends) {
                    answer.value.depends.push(depends.clone());
                }
            }
        }
        Some(answer)
    }

    /// Calls a function of the first module the way its caller is said to.
    pub(super) fn enter_function(
        &mut self,
        def: &'a ast::StmtFunctionDef,
        nested: bool,
        question: &Question<'_>,
    ) -> Step<()> {
        let outside = self.scope;
        if nested {
            // The names of the function around it are not there any more.
            let lost = Some("a name of the function around it".into());
            self.scope = self.allocate(Object::Scope(Scope { parent: Some(outside), lost, ..Scope::default() }))?;
            self.home = self.scope;
        }
        let mut function = self.function_of(def)?;
        function.suspends = false;
        let mut arguments = Arguments::default();
        for parameter in def.parameters.iter_non_variadic_params() {
            let name = parameter.name().as_str();
            let stated = question.parameters.iter().find(|(known, _)| known == name);
            let cell = match (stated, parameter.default()) {
                (Some((_, value)), _) => self.cell_of(value)?,
                (None, Some(_)) => continue,
                (None, None) => Cell::unknown(&format!("a parameter of {}()", def.name)),
            };
            arguments.named.push((name.into(), cell));
        }
        let result = self.call_function(&Rc::new(function), arguments, span_of(def));
        self.scope = outside;
        result.map(|_| ())
    }

    /// A value from elsewhere as the file would see it.
    pub(super) fn cell_of(&mut self, value: &Evaluated) -> Step<Cell<'a>> {
        let cell = match &value.outcome {
            Outcome::Known(known) => self.cell_of_value(known)?,
            Outcome::Unknown(why) => Cell::unknown(why),
        };
        let mut deps = Deps::default();
        for dependency in &value.depends {
            deps.add(&Deps::one(match dependency {
                Dependency::Environment { name, default } => {
                    Dep::Environment { name: name.as_str().into(), default: default.clone(), sure: false }
                }
                Dependency::InPlace { name, default } => {
                    let default = default.as_ref().map(|text| Value::Str(text.clone()));
                    Dep::Environment { name: name.as_str().into(), default, sure: false }
                }
                Dependency::Cpus { place, spelling, limited } => {
                    Dep::Cpus { place: *place, spelling: spelling.as_str().into(), limited: *limited }
                }
                Dependency::Quota { path } => Dep::Quota(path.as_str().into()),
                Dependency::Other { what } => Dep::Other(what.as_str().into()),
            }));
        }
        Ok(cell.with_deps(&deps))
    }

    pub(super) fn cell_of_value(&mut self, value: &Value) -> Step<Cell<'a>> {
        self.spend(1)?;
        self.nested(|run| {
            Ok(match value {
                Value::None => Cell::new(Thing::None),
                Value::Bool(b) => Cell::new(Thing::Bool(*b)),
                Value::Int(n) => Cell::new(Thing::Int(*n)),
                Value::Float(x) => Cell::new(Thing::Float(*x)),
                Value::Str(text) => Cell::str(text),
                Value::List(items) => {
                    let items = items.iter().map(|item| run.cell_of_value(item)).collect::<Step<Vec<_>>>()?;
                    run.list(items)?
                }
                Value::Dict(entries) => {
                    let mut cells = Vec::new();
                    for (key, value) in entries {
                        cells.push((run.cell_of_value(key)?, run.cell_of_value(value)?));
                    }
                    run.dict(cells)?
                }
                Value::Object(name) => Cell::new(Thing::Object(name.as_str().into())),
            })
        })
    }
}

fn cell_has(cell: &Cell<'_>, dependency: &Dependency) -> bool {
    super::export::dependencies(&cell.deps).contains(dependency)
}

/// An expression and the innermost function it stands in.
#[derive(Default)]
struct Found<'a> {
    span: Span,
    expression: Option<&'a Expr>,
    function: Option<&'a ast::StmtFunctionDef>,
    /// Whether the function stands in another one.
    nested: bool,
}

fn find(module: &Module, span: Span) -> Found<'_> {
    let mut found = Found { span, ..Found::default() };
    found.visit_body(&module.body);
    found
}

impl<'a> Visitor<'a> for Found<'a> {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        let own = span_of(stmt);
        if !(own.start <= self.span.start && self.span.end <= own.end) {
            return;
        }
        if let Stmt::FunctionDef(def) = stmt
            && def.body.iter().any(|stmt| span_of(stmt).start <= self.span.start)
        {
            self.nested |= self.function.is_some();
            self.function = Some(def);
        }
        visitor::walk_stmt(self, stmt);
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        let own = span_of(expr);
        if own == self.span && self.expression.is_none() {
            self.expression = Some(expr);
        } else if own.start <= self.span.start && self.span.end <= own.end {
            visitor::walk_expr(self, expr);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::evaluate::Lookup;
    use crate::python::syntax::parse;
    use crate::source::Files;

    /// The value of the text between `«` and `»`.
    fn ask(marked: &str, program: bool, parameters: &[(String, Evaluated)]) -> (String, Reached) {
        let marked = format!("import asyncio\nfrom lib import run\n{marked}");
        let start = marked.find('«').unwrap();
        let end = marked.find('»').unwrap() - '«'.len_utf8();
        let text = marked.replace(['«', '»'], "");
        let mut files = Files::new();
        let file = files.add("main.py", text.as_str());
        let module = parse(&text).unwrap();
        let inputs = Inputs { cpus: Some(4), ..Inputs::closed(&|_| Lookup::Unknown) };
        let span = [Span::new(start, end)];
        let question = Question { expressions: &span, program, parameters, given: &[] };
        let answer = expressions(file, &module, &text, &inputs, &question).remove(0);
        let shown = match answer.value.outcome {
            Outcome::Known(value) => value.to_string(),
            Outcome::Unknown(why) => format!("? {why}"),
        };
        (shown, answer.reached)
    }

    #[test]
    fn a_call_is_seen_with_what_led_to_it() {
        let told = |text: &str| ask(text, true, &[]);
        let yes = |value: &str| (value.to_owned(), Reached::Yes);
        assert_eq!(told("n = 1\nn += 1\nrun(workers=«n»)\nn = 9\n"), yes("2"));
        assert_eq!(
            told("def main(port=8000):\n    run(port=«port»)\nif __name__ == '__main__':\n    main(9)\n"),
            yes("9")
        );
        assert_eq!(told("import os\nif os.getenv('A'):\n    run(«1 + 1»)\n"), ("2".to_owned(), Reached::Perhaps));
        assert_eq!(told("import os\nrun(port=«int(os.getenv('PORT', 80))»)\n"), yes("80"));
        let differs = "? it differs from one time to the next";
        assert_eq!(told("def f(p):\n    run(«p»)\nf(1)\nf(2)\n"), yes(differs));
    }

    #[test]
    fn a_function_that_nothing_calls_gets_what_it_is_said_to_get() {
        let no = |value: &str| (value.to_owned(), Reached::No);
        let text = "N = 3\ndef main(port, host='h'):\n    x = f'{host}:{port}:{N}'\n    run(«x»)\n";
        assert_eq!(ask(text, false, &[]), no("? a parameter of main()"));
        let port = Evaluated { outcome: Outcome::Known(Value::Int(80)), depends: Vec::new() };
        assert_eq!(ask(text, false, &[("port".to_owned(), port)]), no("\"h:80:3\""));
        assert_eq!(ask("async def main():\n    await run(«2 * 2»)\nasyncio.run(main())\n", true, &[]), no("4"));
        assert_eq!(ask("import lib\n@lib.command()\ndef main(n=2):\n    run(«n»)\nmain()\n", true, &[]), no("2"));
        assert_eq!(ask("def a():\n    v = 1\n    def b():\n        run(«v»)\n", true, &[]).1, Reached::No);
        assert_eq!(ask("if __name__ == '__main__':\n    run(«7»)\n", false, &[]), no("7"));
    }
}
