//! Input that nobody writes on purpose must not stop the analysis.

#![allow(clippy::format_collect, reason = "the sources are built once, and read better this way")]

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;
use crate::python::syntax::parse;

fn analysed(text: &str) -> Option<Application> {
    let mut files = Files::new();
    files.add("main.py", text);
    let modules = files.iter().filter_map(|(id, file)| Some((id, parse(file.text()).ok()?))).collect();
    analyse(&files, &modules, "main:app", "")
}

const HEAD: &str = "from fastapi import FastAPI, Depends\napp = FastAPI()\n@app.get('/')\n";

/// One text per number, one after the other.
fn each(count: usize, text: impl Fn(usize) -> String) -> String {
    (0..count).fold(String::new(), |all, i| all + &text(i))
}

/// Functions in functions, this deep.
fn deep(levels: usize) -> String {
    each(levels, |i| format!("{}async def n{i}(a=f(lambda: [g(x) for x in y])):\n", "    ".repeat(i)))
}

/// Text, next to what makes it hard.
fn hard() -> Vec<(&'static str, String)> {
    let wide = each(3_000, |i| format!("def f{i}(a, b):\n    return f{}(f{}, a)\n", i + 1, i + 2));
    let mutual =
        each(300, |i| format!("async def g{i}(f):\n    await g{}(lambda: g{i}(f))\n    f()\n", (i * 7 + 1) % 300));
    let classes =
        each(500, |i| format!("class C{i}(C{}, C{}):\n    def m(self):\n        return super().m()\n", i + 1, i + 2));
    let rebound = each(3_000, |i| format!("x = x or y{i}\n"));
    let counting = "def crawl(url, depth):\n    if depth > most:\n        return\n    requests.get(url)\n    \
                    crawl(url, depth + 1)\n";
    let shared = each(45, |i| format!("T{} = {{'a': T{i}, 'b': T{i}}}\n", i + 1));
    let nested = each(80, |i| format!("{}def n{i}():\n", "    ".repeat(i)));
    vec![
        ("calls of calls", format!("{HEAD}async def v():\n    f0(f1, f2)\n{wide}")),
        ("mutual recursion with closures", format!("{HEAD}async def v():\n    await g0(lambda: 1)\n{mutual}")),
        ("cyclic classes", format!("{HEAD}async def v():\n    C0().m()\n{classes}class C500(C0): pass\n")),
        ("a name bound by itself", format!("{HEAD}async def v():\n    x.get()\nx = 1\n{rebound}")),
        ("chain of attributes", format!("{HEAD}async def v():\n    a{}()\n", ".b".repeat(1_500))),
        ("chain of calls", format!("{HEAD}async def v():\n    a{}\n", ".b()".repeat(700))),
        ("lambdas in lambdas", format!("{HEAD}async def v():\n    f({}1)\n", "lambda: ".repeat(1_900))),
        (
            "deep in deep",
            format!("{HEAD}{}{}x({}1{})\n", deep(90), "    ".repeat(90), "[not ".repeat(90), "]".repeat(90)),
        ),
        ("union of itself", format!("{HEAD}async def v(x: A): x.m()\nA = A | B\nB = A | B\n")),
        ("decorators of decorators", format!("{HEAD}@d\nasync def v(): pass\n@d\ndef d(f):\n    return d(d)\n")),
        ("imports in a circle", format!("{HEAD}async def v(): z()\nfrom main import *\nfrom main import z\n")),
        ("functions in functions", format!("{HEAD}async def v(): n0()\n{nested}{}pass\n", "    ".repeat(80))),
        ("a long annotation in quotes", format!("{HEAD}async def v(x: '{}'): x.get()\n", "list[".repeat(190))),
        ("tables that share their parts", format!("{HEAD}async def v():\n    T30['a'](1)\nT0 = {{'a': v}}\n{shared}")),
        ("a depth that is counted up", format!("{HEAD}async def v(): crawl('x', 0)\nimport requests\n{counting}")),
        ("application made of itself", "app = app\n".to_owned()),
        ("factories in a circle", "def a():\n    return b()\ndef b():\n    return a()\napp = a()\n".to_owned()),
    ]
}

#[test]
fn what_is_hard_ends_soon() {
    for (name, text) in hard() {
        let start = Instant::now();
        let _ = analysed(&text);
        let took = start.elapsed();
        assert!(took < Duration::from_secs(5), "{name} took {took:?}");
    }
}

const PIECES: &[&str] = &[
    "async ",
    "def f(a, b=c):",
    "class K(J):",
    "lambda: ",
    "await ",
    "with f() as g:",
    "for x in ",
    "import a.b",
    "from . import *",
    "@f",
    "self.x",
    "= ",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "\n",
    "\n    ",
    "\n        ",
    "f",
    "x",
    ".y",
    "'",
    "\"",
    "if TYPE_CHECKING:",
    "try:",
    "except:",
    "yield ",
    "return ",
    ":",
    ",",
    "*",
    "**k",
    "global x",
    "é",
    "\\",
    "match x:",
    "case y:",
    "app = FastAPI()",
    "Depends(f)",
    "requests.get()",
    "time.sleep(1)",
    ":=",
    "|",
    "\0",
    "\t",
];

proptest! {
    #[test]
    fn any_text_is_survived(picks in prop::collection::vec(0..PIECES.len(), 0..120)) {
        let text: String = picks.into_iter().map(|i| PIECES[i]).collect();
        let _ = analysed(&text);
        let _ = analysed(&format!("{HEAD}async def v():\n    {text}"));
    }
}
