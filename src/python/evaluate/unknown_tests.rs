//! What nobody can know never becomes a value.
//!
//! Programs are made up with a gap in them. What is known with something unknown in the gap has to come out whatever is
//! put there instead.

use proptest::prelude::*;

use super::*;
use crate::python::syntax::parse;
use crate::source::Files;
use crate::values::Value;

/// Where a program has its gap.
const GAP: &str = "GAP";

/// What no file tells.
const UNKNOWN: [&str; 9] = [
    "int(open('/etc/hostname').read())",
    "os.getpid()",
    "int(time.time())",
    "random.randint(-5, 200)",
    "len(socket.gethostname())",
    "elsewhere.NUMBER",
    "elsewhere.number(3)",
    "int(subprocess.check_output(['nproc']))",
    "int(os.environ['SET_BY_NOBODY'])",
];

/// What may be there.
const KNOWN: [&str; 7] = ["0", "1", "2", "5", "-3", "100", "(-1)"];

const BEGIN: &str = "import os, random, socket, subprocess, time\nfrom multiprocessing import cpu_count\nimport elsewhere\nx = 1\ny = 2\n";

fn expression() -> impl Strategy<Value = String> {
    let leaf = prop::sample::select(&[GAP, GAP, "x", "y", "0", "1", "2", "5", "-3"][..]).prop_map(str::to_owned);
    let forms: &[&str] = &[
        "($1 + $2)",
        "($1 - $2)",
        "($1 * $2)",
        "($1 // 3 + $2)",
        "($1 % 5 - $2)",
        "min($1, $2)",
        "max($1, $2)",
        "($1 or $2)",
        "($1 and $2)",
        "($1 if $2 else 4)",
        "(2 if $1 else $2)",
        "int($1 < $2)",
        "int($1 == $1)",
        "int($1 in (0, 1, $2))",
        "len([$1, $2])",
        "sum([$1, $2, 1])",
        "sum(i for i in ($1, $2) if i > 1)",
        "[$1, $2, 3][$1 % 3]",
        "{'k': $1}.get('k', $2)",
        "{$1: $2}.get(1, 9)",
        "int(f'{ $1 }')",
        "int('%d' % $1) + $2",
        "len(str($1)) * $2",
        "(lambda v, w=2: v * w)($1)",
        "abs($1)",
        "int(not $1)",
        "($1 << 1 | $2)",
        "sorted([$1, $2])[0]",
        "any([$1, $2]) + all([$1, $2])",
        "($1 * 0 + $2)",
        "(n := $1) * 0 + n",
        "int(isinstance($1, int))",
        "[$2 for _ in range(max(1, min($1, 3)))][-1]",
        "int(os.environ.get('W', $1))",
    ];
    leaf.prop_recursive(3, 12, 2, move |inner| {
        (prop::sample::select(forms), inner.clone(), inner)
            .prop_map(|(form, a, b)| form.replace("$1", &a).replace("$2", &b))
    })
}

fn statement() -> impl Strategy<Value = String> {
    let forms: &[&str] = &[
        "x = $1\n",
        "y = $2\n",
        "x += $2\n",
        "x, y = $1, $2\n",
        "if $1:\n    x = $2\n",
        "if $1 > $2:\n    x = 3\nelif $2:\n    y = $1\nelse:\n    x = y\n",
        "for i in range(max(0, min($1, 4))):\n    x = x + $2\n    if x > 20:\n        break\nelse:\n    y = 6\n",
        "for i in [$1, 2, $2]:\n    if i == 2:\n        continue\n    y = i\n",
        "while x > $1:\n    x = x - 1\n    if x < -9:\n        break\n",
        "try:\n    x = 12 // $1\nexcept ZeroDivisionError:\n    y = $2\nelse:\n    y = 8\nfinally:\n    x = x + 1\n",
        "def f(a, b=$2):\n    global y\n    y = a\n    if a > b:\n        return 7\n    return a\nx = f($1)\n",
        "d = {'a': $1}\nd['b'] = $2\nx = d['a'] + d.get('c', 1)\nd.pop('a')\ny = len(d)\n",
        "l = [$1]\nm = l\nm.append($2)\nx = l[-1]\ny = len(l)\n",
        "l = [1, 2, 3]\nl[$1 % 3] = 9\nx = l[0]\n",
        "os.environ['W'] = str($1)\nx = int(os.getenv('W', 5))\n",
        "if $1:\n    os.environ['W'] = '3'\ny = int(os.environ.get('W', $2))\n",
        "class C:\n    n = $1\n    def __init__(self, m):\n        self.m = m\nc = C($2)\nc.n = c.m + 1\nx = C.n\ny = c.n\n",
        "class D:\n    n = 4\nif $1:\n    D.n = $2\nx = D.n\n",
        "globals()['x'] = $1\n",
        "y = {0: 'a', 1: 'bb'}.get($1, 'ccc').__len__()\n",
        "match $1:\n    case 0:\n        x = 5\n    case _:\n        x = $2\n",
        "del x\nx = $2\n",
        "assert $1 is not None\n",
        "setattr(elsewhere, 'NUMBER', $1)\n",
        "with open('/dev/null') as f:\n    x = $1\n",
        "x = [y, $1][bool($2)]\n",
    ];
    (prop::sample::select(forms), expression(), expression())
        .prop_map(|(form, a, b)| form.replace("$1", &a).replace("$2", &b))
}

/// The values of `x` and `y` with something in the gap, where they are known without a doubt.
fn values(program: &str, gap: &str) -> Option<[Option<Value>; 2]> {
    let text = format!("{BEGIN}{}", program.replace(GAP, gap));
    let said = |name: &str| if name == "SET_BY_NOBODY" { Lookup::Lost } else { Lookup::Unset };
    let mut files = Files::new();
    let id = files.add("a.py", text.as_str());
    let parsed = parse(&text).ok()?;
    assert!(parsed.errors.is_empty(), "{text}");
    let globals = module(id, &parsed, &text, &Inputs::closed(&said));
    if globals.fails.is_some() || globals.untrusted.is_some() {
        return None;
    }
    Some(["x", "y"].map(|name| {
        let binding = globals.get(name)?;
        match &binding.value.outcome {
            Outcome::Known(value) if binding.value.depends.is_empty() => Some(value.clone()),
            _ => None,
        }
    }))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_is_known_beside_a_gap_is_so_whatever_fills_it(
        statements in prop::collection::vec(statement(), 1..4), unknown in prop::sample::select(&UNKNOWN[..]),
    ) {
        let program = statements.concat();
        let Some(open) = values(&program, unknown) else { return Ok(()) };
        for filling in KNOWN {
            let Some(filled) = values(&program, filling) else { continue };
            for (name, (open, filled)) in ["x", "y"].into_iter().zip(open.iter().zip(&filled)) {
                if let (Some(open), Some(filled)) = (open, filled) {
                    prop_assert_eq!(open, filled, "{} with {} and with {} in\n{}", name, unknown, filling, program);
                }
            }
        }
    }
}
