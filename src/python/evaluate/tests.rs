//! Programs and what they leave behind. The values in the table were checked against `CPython` 3.11.

use std::time::{Duration, Instant};

use proptest::prelude::*;

use super::*;
use crate::python::syntax::parse;
use crate::source::Files;

fn evaluate(text: &str, environ: &dyn Fn(&str) -> Lookup, cpus: Option<u32>) -> Globals {
    let mut files = Files::new();
    let id = files.add("a.py", text);
    let parsed = parse(text).unwrap();
    module(id, &parsed, text, &Inputs { cpus, ..Inputs::closed(environ) })
}

fn nobody_says(_: &str) -> Lookup {
    Lookup::Unknown
}

/// The value as Python writes it, `?` and the reason where it is unknown.
fn shown(globals: &Globals, name: &str) -> String {
    match globals.get(name).map(|binding| &binding.value.outcome) {
        Some(Outcome::Known(value)) => value.to_string(),
        Some(Outcome::Unknown(why)) => format!("? {why}"),
        None => "not bound".to_owned(),
    }
}

/// Text, name, value with eight processors and an environment nobody described.
const TABLE: &[(&str, &str, &str)] = &[
    ("x = 500_000", "x", "500000"),
    ("x = 8190 * 4", "x", "32760"),
    ("x = -7 // 2", "x", "-4"),
    ("x = -7 % 3", "x", "2"),
    ("x = 7 / 2", "x", "3.5"),
    ("x = 2 ** -1", "x", "0.5"),
    ("x = True + 1", "x", "2"),
    ("x = round(2.5)", "x", "2"),
    ("x = 1 < 2 < 3", "x", "True"),
    ("x = None or 4", "x", "4"),
    ("x = '%s:%d' % ('h', 80)", "x", "\"h:80\""),
    ("x = '{}:{p}'.format('h', p=80)", "x", "\"h:80\""),
    ("x = f'{3.14159:.2f} {1234567:,} {5:05d}'", "x", "\"3.14 1,234,567 00005\""),
    ("x = ' a,b '.strip().split(',')", "x", "[\"a\", \"b\"]"),
    ("x = [i * 2 for i in range(5) if i % 2]", "x", "[2, 6]"),
    ("a = []\nx = a\na.append(1)\na += [2]", "x", "[1, 2]"),
    ("a, (b, *x) = 1, (2, 3, 4)", "x", "[3, 4]"),
    ("x = {'a': {'b': [1, 2]}}['a']['b'][-1]", "x", "2"),
    ("def f(a, b=2, *c, d=4, **e):\n    if a > b:\n        return a\n    return b + d\nx = f(1) + f(5)", "x", "11"),
    ("def f(n):\n    return 1 if n < 2 else n * f(n - 1)\nx = f(10)", "x", "3628800"),
    ("x = 1\ndef f():\n    global x\n    x = 7\nf()", "x", "7"),
    (
        "def d(f):\n    global x\n    x = 9\n    return f\nx = 1\n@d\ndef h():\n    pass",
        "x",
        "? a decorated function may have changed it",
    ),
    ("class C:\n    w = 4\n    t = w * 2\nx = C.t", "x", "8"),
    ("x = 0\nfor i in range(9):\n    if i == 3:\n        break\n    x += i", "x", "3"),
    ("x = 0\nwhile x < 10:\n    x += 3", "x", "12"),
    ("try:\n    x = int('a')\nexcept ValueError:\n    x = 3", "x", "3"),
    ("import json\ntry:\n    import tomllib_extra\n    x = 1\nexcept ImportError:\n    x = 1", "x", "1"),
    (
        "try:\n    import ujson\n    x = 1\nexcept ImportError:\n    x = 2",
        "x",
        "? depends on whether ujson is installed",
    ),
    ("import multiprocessing\nx = multiprocessing.cpu_count() * 2 + 1", "x", "17"),
    ("from multiprocessing import cpu_count as cc\nx = min(cc(), 4)", "x", "4"),
    ("import os\nx = len(os.sched_getaffinity(0))", "x", "8"),
    ("import os\nx = int(os.environ.get('N', 6))", "x", "6"),
    ("from os import getenv\nx = int(getenv('N') or 4)", "x", "4"),
    ("import os\nx = 4\nif os.getenv('N'):\n    x = int(os.getenv('N'))", "x", "4"),
    ("import os\nx = int(os.environ['N']) if 'N' in os.environ else 4", "x", "4"),
    ("import os\ntry:\n    x = int(os.environ['N'])\nexcept (KeyError, ValueError):\n    x = 4", "x", "4"),
    ("import os\ntry:\n    x = int(os.getenv('N'))\nexcept TypeError:\n    x = 4", "x", "4"),
    (
        "import os\ndef env(n, d):\n    v = os.getenv(n)\n    if v is None:\n        return d\n    return int(v)\nx = env('N', 4)",
        "x",
        "4",
    ),
    ("import os\nos.environ.setdefault('N', '6')\nx = os.environ['N']", "x", "\"6\""),
    ("import os\nx = os.environ['N']", "x", "? depends on the environment variable N"),
    ("import os\nx = os.getenv('N')", "x", "? depends on the environment variable N"),
    ("import os\nx = 8 if os.getenv('N') == 'prod' else 1", "x", "1"),
    ("import os\nx = [1]\nif os.getenv('N'):\n    x.append(2)\nelse:\n    x += [3]", "x", "[1, 3]"),
    ("import os\nx = os.getenv('N') if not os.getenv('M') else 2", "x", "? depends on the environment variable N"),
    ("import os\nx = 8 if os.getenv('N', 'dev') == 'prod' else 1", "x", "1"),
    ("import os\nimport sys\nif not os.getenv('N'):\n    sys.exit(1)\nx = 4", "x", "4"),
    (
        "import requests\nx = requests.get('u').json()['n']",
        "x",
        "? the result of requests.get(), which is not followed",
    ),
    ("import lib\na = [1]\nlib.change(a)\nx = a", "x", "? given to lib.change(a)"),
    ("x = {{ workers }}", "x", "? a template placeholder"),
    ("x = '{{ bind }}'", "x", "? a template placeholder"),
    ("x = 10 ** 10 ** 10", "x", "? too large"),
    ("if __name__ == '__main__':\n    x = 1", "x", "not bound"),
    ("import platform\nx = platform.system() != 'Darwin'", "x", "True"),
];

#[test]
fn values_are_those_of_python() {
    for (text, name, expected) in TABLE {
        let globals = evaluate(text, &nobody_says, Some(8));
        assert_eq!(shown(&globals, name), *expected, "{text}");
        assert_eq!(globals.fails, None, "{text}");
    }
}

#[test]
fn a_default_is_named_together_with_its_variable() {
    for text in ["import os\nx = int(os.getenv('W', '4'))", "import os\nx = int(os.getenv('W') or '4')"] {
        let globals = evaluate(text, &nobody_says, None);
        let depends = &globals.get("x").unwrap().value.depends;
        let Some(Dependency::Environment { name, default: Some(_) }) = depends.first() else { panic!("{depends:?}") };
        assert_eq!(name, "W");
    }
}

#[test]
fn the_answered_environment_counts() {
    let set = |name: &str| if name == "W" { Lookup::Set("7".to_owned()) } else { Lookup::Unset };
    let globals = evaluate("import os\nx = int(os.environ['W'])\ny = os.getenv('V', 2)\n", &set, None);
    assert_eq!((shown(&globals, "x"), shown(&globals, "y")), ("7".to_owned(), "2".to_owned()));
    let globals = evaluate("import os\nx = 1\ny = os.environ['V']\n", &set, None);
    assert!(globals.fails.unwrap().1.contains('V'));
}

#[test]
fn processors_are_a_dependency_and_a_limit_shows() {
    let text = "import os\na = os.cpu_count()\nb = min(os.cpu_count(), 4)\n";
    let globals = evaluate(text, &nobody_says, None);
    let limited = |name: &str| match globals.get(name).unwrap().value.depends.as_slice() {
        [Dependency::Cpus { limited, .. }] => *limited,
        other => panic!("{other:?}"),
    };
    assert!(!limited("a") && limited("b"));
    assert!(shown(&globals, "a").starts_with('?'));
}

/// A configuration that asks the kernel for the limit of its container.
const QUOTA: &str = "import os\ndef cores():\n    try:\n        with open('/sys/fs/cgroup/cpu.max') as f:\n            \
    quota, period = f.read().split()\n        return max(1, -(-int(quota) // int(period)))\n    \
    except (OSError, ValueError):\n        return os.cpu_count()\nw = 2 * cores() + 1\n";

#[test]
fn the_limit_of_a_container_is_followed() {
    let with_limit = |text: &str, quota: Option<f64>| {
        let id = Files::new().add("a.py", text);
        module(id, &parse(text).unwrap(), text, &Inputs { quota: quota.map(Cpus), ..Inputs::closed(&nobody_says) })
    };
    let follows = |globals: &Globals| {
        let depends = &globals.get("w").unwrap().value.depends;
        depends.iter().any(|one| matches!(one, Dependency::Quota { path } if path == "/sys/fs/cgroup/cpu.max"))
    };
    for (cores, expected) in [(2.0, "5"), (0.5, "3"), (1.5, "5")] {
        let globals = with_limit(QUOTA, Some(cores));
        assert_eq!(shown(&globals, "w"), expected, "{cores}");
        assert!(follows(&globals));
    }
    let globals = with_limit(QUOTA, None);
    assert!(shown(&globals, "w").starts_with('?') && follows(&globals), "{:?}", globals.get("w"));
    let looks = "import os\nfrom pathlib import Path\nlimit = Path('/sys/fs/cgroup') / 'cpu.max'\n\
                 w = int(limit.read_text().split()[0]) // 100000 if limit.exists() else os.cpu_count()\n";
    assert_eq!(shown(&with_limit(looks, Some(3.0)), "w"), "3");
    assert!(follows(&with_limit(looks, None)));
    // What lies beside it is not known, but it is no count of all cores either.
    let old = QUOTA.replace("cpu.max", "cpu/cpu.cfs_quota_us");
    let globals = with_limit(&old, Some(2.0));
    assert!(shown(&globals, "w").starts_with('?'));
    assert!(globals.get("w").unwrap().value.depends.iter().any(|one| matches!(one, Dependency::Quota { .. })));
}

#[test]
fn bindings_say_where_and_how() {
    let text = "w = 1\nw = 2\nimport lib\nif lib.x:\n    r = True\ndef hook():\n    return w\n";
    let globals = evaluate(text, &nobody_says, None);
    assert_eq!(globals.overridden.len(), 1);
    let w = globals.get("w").unwrap();
    assert_eq!(&text[w.statement.span.start..w.statement.span.end], "w = 2");
    assert!(w.literal && w.read && !w.conditional);
    assert!(globals.get("r").unwrap().conditional);
    assert_eq!(globals.get("hook").unwrap().how, How::Function);
}

#[test]
fn settings_take_the_file_and_the_environment_before_the_default() {
    let text = "from pydantic_settings import BaseSettings, SettingsConfigDict\n\
        from pydantic import Field\n\
        class Settings(BaseSettings):\n\
        \x20   model_config = SettingsConfigDict(env_prefix='APP_', env_file='.env')\n\
        \x20   workers: int = 4\n\
        \x20   threads: int = Field(2, alias='THREADS')\n\
        \x20   port: int = 80\n\
        settings = Settings()\n\
        w, t, p = settings.workers * 2, settings.threads, settings.port\n";
    let file = |path: FilePath<'_>| {
        let variable = FileVariable { name: "app_port".to_owned(), value: Some("81".to_owned()), plain: true };
        (path == FilePath::Running(".env")).then(|| vec![variable])
    };
    let mut files = Files::new();
    let id = files.add("a.py", text);
    let parsed = parse(text).unwrap();
    let set = |name: &str| if name == "THREADS" { Lookup::Set("7".to_owned()) } else { Lookup::Unknown };
    let variables = ["THREADS".to_owned()];
    let inputs = Inputs { env_file: &file, variables: &variables, ..Inputs::closed(&set) };
    let globals = module(id, &parsed, text, &inputs);
    let told = |name: &str| {
        let depends = globals.get(name).unwrap().value.depends.iter().map(|dependency| match dependency {
            Dependency::Environment { name, default } => (name.clone(), default.clone()),
            other => panic!("{other:?}"),
        });
        (shown(&globals, name), depends.collect::<Vec<_>>())
    };
    assert_eq!(told("w"), ("8".to_owned(), vec![("APP_WORKERS".to_owned(), Some(Value::Int(4)))]));
    assert_eq!(told("t").0, "7");
    assert_eq!(told("p"), ("81".to_owned(), vec![("APP_PORT".to_owned(), Some(Value::Str("81".to_owned())))]));
}

#[test]
fn a_default_is_traced_through_helpers_casts_and_texts() {
    let text = "import os\nfrom dataclasses import dataclass\n\
        def env(name, default, cast=int):\n    return cast(os.environ.get(name, default))\n\
        @dataclass\nclass C:\n    n: int = env('A', '3')\n\
        a = C().n * 2 + 1\nb = f'0.0.0.0:{env(\"B\", 80)}'\nc = min(env('C', 4), 8)\nd = [env('D', 1)][0]\n\
        e = '%s:%d' % ('h', env('E', 5))\n";
    let globals = evaluate(text, &nobody_says, None);
    for (name, value) in [("a", "7"), ("b", "\"0.0.0.0:80\""), ("c", "4"), ("d", "1"), ("e", "\"h:5\"")] {
        assert_eq!(shown(&globals, name), value);
        let depends = &globals.get(name).unwrap().value.depends;
        let [Dependency::Environment { name: variable, default: Some(_) }] = depends.as_slice() else {
            panic!("{name}: {depends:?}");
        };
        assert_eq!(*variable, name.to_uppercase());
    }
}

#[test]
fn tricks_with_the_globals_are_noticed() {
    for text in [
        "import lib\nglobals()[lib.name] = 4",
        "exec('w = 4')",
        "from settings import *",
        "import os\nfor k in os.environ:\n    locals()[k] = 1",
    ] {
        assert!(evaluate(text, &nobody_says, None).untrusted.is_some(), "{text}");
    }
}

#[test]
fn what_stands_behind_an_endless_loop_is_never_bound() {
    let globals = evaluate("first = 1\nwhile True:\n    pass\nlast = 2\n", &nobody_says, None);
    assert_eq!((shown(&globals, "first"), shown(&globals, "last")), ("1".to_owned(), "not bound".to_owned()));
}

#[test]
fn nothing_takes_long() {
    for text in [
        "x = 'a' * 10**12",
        "x = [[]] * 10**9",
        "x = list(range(10**18))",
        "def f(n):\n    return f(n)\nx = f(1)",
        "def f(n):\n    return f(n) + f(n)\nx = f(1)",
        "while True:\n    y = 1",
        "x = 'ab'\nwhile True:\n    x += x",
        "x = 1\nwhile True:\n    x += x",
        "x = []\nfor i in range(10**6):\n    x = [x, x]",
        "x = []\nx.append(x)\ny = x == x\nz = str(x)",
        "import os\ndef f(n):\n    if os.getenv('A'):\n        return f(n)\n    return f(n)\nx = f(1)",
        "x = [a for a in range(9999) for b in range(9999) for c in range(9999)]",
        "x = {}\nfor i in range(10**6):\n    x[i] = x",
        "x = f'{1:>9999999999}'",
        "x = f'{1:09999999999d}'",
        "x = '%9999999999d' % 1",
        "x = '%.9999999999f' % 1.0",
        "x = '{:>9999999999}'.format('a')",
        "x = 'a'.center(10**12)",
        "x = 'a'.zfill(10**12)",
        "x = 'a'.replace('', 'b' * 60000).replace('', 'b' * 60000)",
        "x = b'a' * 10**12",
        "x = sum(range(10**12))",
        "x = max(range(10**12))",
        "x = sorted(range(10**7))",
        "x = list(map(lambda v: v, range(10**9)))",
        "x = [0] * 9999\nx *= 9999\nx *= 9999",
        "x = [[i] * 99 for i in range(99)] * 99",
        "x = (1,) * 9999\nfor i in range(99):\n    x = x + x",
        "x = {i: i for i in range(10**6)}",
        "x = {i for i in range(10**6)}",
        "x = 1\nfor i in range(10**6):\n    globals()['v' + str(i)] = i",
        "x = ','.join('abc' * 9999).split(',') * 9",
        "def f(n):\n    match n:\n        case [a, *b]:\n            return f([n, n])\n    return n\nx = f([1])",
        "class C:\n    @property\n    def p(self):\n        return self.p\nx = C().p",
        "class C:\n    def __init__(self):\n        self.c = C()\nx = C()",
        "from enum import Enum\nclass E(Enum):\n    A = 1\nx = [E(1) for i in range(10**6)]",
        "from pydantic_settings import BaseSettings\nclass S(BaseSettings):\n    s: 'S' = None\nx = [S() for i in range(10**5)]",
        "import json\nx = json.loads('[' * 60000)",
        "import json\nx = '[1]'\nwhile True:\n    x = str(json.loads(x) * 2)",
        "from pathlib import Path\nx = Path('/a')\nwhile True:\n    x = x / x.name / 'b'",
        "import os\nfor i in range(10**6):\n    os.environ['V' + str(i)] = 'x'",
        "import itertools\nx = next(iter(range(10**9)))",
        "x = int('9' * 60000)",
        "x = int('9' * 60000, 0)",
        "x = {}\nfor i in range(10**6):\n    x |= {i: x}",
        "def f(a, n):\n    return [a, a] if n == 0 else f([a, a], n - 1)\nx = str(f(1, 30))",
    ] {
        let before = Instant::now();
        let globals = evaluate(&format!("first = 1\n{text}\nlast = 2\n"), &nobody_says, None);
        assert!(before.elapsed() < Duration::from_secs(2), "{text}: {:?}", before.elapsed());
        // A loop that is given up may have bound anything.
        let first = if text.contains("globals()") { "? globals() may bind any name" } else { "1" };
        assert_eq!((shown(&globals, "first"), shown(&globals, "last")), (first.to_owned(), "2".to_owned()), "{text}");
    }
}

proptest! {
    #[test]
    fn any_text_is_survived(text in "\\PC{0,200}") {
        if parse(&text).is_ok() {
            evaluate(&text, &nobody_says, None);
        }
    }

    #[test]
    fn any_program_is_survived(lines in prop::collection::vec(
        prop::sample::select(&[
            "import os", "x = os.getenv('A')", "x = x + x", "if x:", "else:", "try:", "except Exception:", "    y = [x]",
            "    x = y * 9", "for x in y:", "while x:", "    break", "    y.append(y)", "def f(x):", "    return f(y)",
            "z = f(x)", "    x = f(z)", "del x", "x, y = y, x", "finally:", "    raise", "with x:", "y = {x: y}",
            "y = f'{x}{y!r:>{z}}'", "x = [y for y in x if y]", "class C:", "x = C()", "x.y = C", "x = min(x, y)",
        ][..]), 0..24)
    ) {
        let text = lines.join("\n");
        if parse(&text).is_ok() {
            evaluate(&text, &nobody_says, Some(4));
        }
    }
}

/// What changes the environment takes a copy of it with it, which has to be paid for.
#[test]
fn thousands_of_variables_that_a_file_sets_are_not_followed_for_ever() {
    let stores: String = (0..9_000).fold(String::new(), |all, at| all + &format!("os.environ['A{at}'] = '{at}'\n"));
    let text = format!("import os\nearly = 3\n{stores}workers = int(os.environ['A5'])\n");
    let globals = evaluate(&text, &nobody_says, None);
    assert_eq!(shown(&globals, "early"), "3");
    let workers = shown(&globals, "workers");
    assert!(workers.starts_with('?'), "{workers}");
}
