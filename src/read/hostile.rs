//! What every reader must survive, whatever a file holds.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::time::Duration;

use proptest::prelude::*;
use rayon::prelude::*;

use super::stopwatch::Stopwatch;
use super::{Facts, all};
use crate::source::{FileKind, Files, Place, Word};

const KINDS: [FileKind; 40] = [
    FileKind::Dockerfile,
    FileKind::Compose,
    FileKind::Procfile,
    FileKind::Script,
    FileKind::Dotenv,
    FileKind::Python,
    FileKind::Requirements,
    FileKind::Pyproject,
    FileKind::PoetryLock,
    FileKind::UvLock,
    FileKind::Pipfile,
    FileKind::PipfileLock,
    FileKind::SetupConfig,
    FileKind::Kubernetes,
    FileKind::HelmTemplate,
    FileKind::HelmValues,
    FileKind::AppJson,
    FileKind::Fly,
    FileKind::Render,
    FileKind::AppEngine,
    FileKind::EcsTask,
    FileKind::DigitalOcean,
    FileKind::Azure,
    FileKind::HerokuYaml,
    FileKind::Railway,
    FileKind::Nixpacks,
    FileKind::Beanstalk,
    FileKind::Taskfile,
    FileKind::Systemd,
    FileKind::Supervisor,
    FileKind::UwsgiIni,
    FileKind::UwsgiYaml,
    FileKind::UwsgiJson,
    FileKind::UwsgiXml,
    FileKind::HypercornToml,
    FileKind::Makefile,
    FileKind::Justfile,
    FileKind::PackageJson,
    FileKind::Nginx,
    FileKind::Caddyfile,
];

fn read(text: &str, kind: FileKind) -> (Files, Facts) {
    let mut files = Files::new();
    let mut kinds = [(files.add("file", text), kind)].into();
    super::unfold(&mut files, &mut kinds);
    let mut facts = all(&files, &kinds);
    super::compose::by_themselves(&files, &mut facts);
    (files, facts)
}

/// Every place that the facts name.
fn places(facts: &Facts) -> Vec<Place> {
    let mut places = Vec::new();
    let word = |word: &Word| [word.place, word.removal];
    for unit in &facts.units {
        places.push(unit.place);
        for command in unit.entrypoint.iter().chain(&unit.command) {
            places.push(command.place);
            places.extend(command.simple.iter().flatten().flat_map(word));
        }
        places.extend(unit.image.iter().chain(&unit.working_folder).chain(&unit.user).map(|text| text.place));
        places.extend(unit.environment_files.iter().map(|file| file.path.place));
        places.extend(unit.health.iter().map(|check| check.place));
        places.extend(unit.limits.memory.iter().map(|limit| limit.place));
        places.extend(unit.limits.cpus.iter().map(|limit| limit.place));
    }
    for proxy in &facts.proxies {
        places.push(proxy.place);
        places.extend(proxy.upstreams.iter().map(|upstream| upstream.place));
    }
    let variables = facts.units.iter().flat_map(|unit| &unit.environment).chain(facts.environments.values().flatten());
    for variable in variables {
        places.push(variable.place);
        places.extend(variable.value.iter().flat_map(word));
    }
    places.extend(facts.requirements.iter().map(|requirement| requirement.place));
    let comments =
        facts.comments.iter().flat_map(|(&file, comments)| comments.iter().map(move |c| Place::new(file, c.span)));
    places.extend(comments);
    places
}

fn sound(files: &Files, facts: &Facts) -> Result<(), String> {
    if let Some(note) = facts.notes.iter().find(|note| note.reason.contains("defect")) {
        return Err(format!("{note:?}"));
    }
    let wrong = places(facts).into_iter().find(|place| {
        let text = files.get(place.file).text();
        text.get(place.span.start..place.span.end).is_none()
    });
    wrong.map_or(Ok(()), |place| Err(format!("{place:?} lies outside the text")))
}

#[test]
fn hostile_files_end_soon() {
    // A part of what is loaded at most: what takes time with the square of it would still be seen.
    let mega = 1 << 16;
    let mut services =
        "services:\n  a0: &a\n    command: &c [".to_owned() + &"x, ".repeat(15_000) + "x]\n    environment: &e\n";
    for n in 0..4_000 {
        writeln!(services, "      V{n}: x").unwrap();
    }
    for n in 1..8_000 {
        writeln!(services, "  s{n}: {{command: *c, environment: *e}}").unwrap();
    }
    let mut extends = "services:\n  s0: {image: x}\n".to_owned();
    for n in 1..5_000 {
        writeln!(extends, "  s{n}: {{extends: s{}}}", n - 1).unwrap();
    }
    let mut bomb = "a0: &a0 [x]\n".to_owned();
    for n in 1..200 {
        writeln!(bomb, "a{n}: &a{n} {{<<: [*a{p}, *a{p}], k{n}: *a{p}}}", p = n - 1).unwrap();
    }
    bomb.push_str("services: *a199\n");
    let texts = [
        "x".repeat(4 * mega),
        "web: ".to_owned() + &"a ".repeat(2 * mega),
        "CMD ".to_owned() + &"\"a\",".repeat(mega),
        "FROM x\nCMD [".to_owned() + &"\"a\",".repeat(mega / 2) + "\"a\"]\n",
        "FROM x\nCMD a \\\n".repeat(mega / 8),
        "FROM x\n".repeat(mega / 4),
        "FROM x\nRUN <<A <<B <<C\n".repeat(mega / 16),
        "FROM x\nENV ".to_owned() + &"a=$b ".repeat(mega / 2),
        "a: b\n".repeat(mega / 2),
        "a=${b:-".repeat(mega / 4),
        "a=\"".repeat(mega),
        "a='\n".repeat(mega / 2),
        "$(".repeat(mega),
        "web: ".to_owned() + &"`".repeat(mega),
        "web: ".to_owned() + &"${".repeat(mega),
        "web: ".to_owned() + &"a{{ ".repeat(mega),
        "web: ".to_owned() + &"<<a ".repeat(mega / 4),
        "web: ".to_owned() + &"case x in a) ".repeat(mega / 16),
        "[".repeat(100_000),
        "{".repeat(100_000),
        "a = ".to_owned() + &"[".repeat(100_000),
        "a.".repeat(100_000) + "b = 1",
        "- ".repeat(mega),
        "? ".repeat(mega),
        "&a ".repeat(mega / 2),
        "a: *a\n".repeat(mega / 4),
        "#\n".repeat(mega),
        "\n".repeat(2 * mega),
        "\r".repeat(2 * mega),
        "\t".repeat(2 * mega),
        "\0".repeat(mega),
        "'''".repeat(mega),
        "\"\"\"".repeat(mega),
        "[[package]]\nname = 'a'\nversion = '1'\n".repeat(mega / 16),
        "x = 1\n".repeat(mega / 4),
        "if x:\n".repeat(mega / 8),
        "x = ".to_owned() + &"not ".repeat(1_990) + "x",
        "x = ".to_owned() + &"- ".repeat(1_990) + "x",
        "x = ".to_owned() + &"lambda: ".repeat(1_990) + "x",
        "x = ".to_owned() + &"a if b else ".repeat(660) + "x",
        "x = ".to_owned() + &"(".repeat(190) + &")".repeat(190),
        "apiVersion: v1\nkind: Pod\n---\n".repeat(mega / 16),
        "{{ if .a }}\n".repeat(mega / 8),
        "{{ ".repeat(mega / 2),
        "a: {{ .Values.a | default ".to_owned() + &"(".repeat(mega / 2),
        "[uwsgi]\nfor = a b c d e f g h i j\n".repeat(mega / 32),
        "[uwsgi]\na = %(a)%(a)\n".repeat(mega / 16),
        "[uwsgi]\nif-env = A\n".repeat(mega / 16),
        "[program:x]\ncommand=%(ENV_A)s\n".repeat(mega / 16),
        "[program:x]\nenvironment=".to_owned() + &"A=\"b\",".repeat(mega / 8),
        "[Service]\nExecStart=a ".to_owned() + &"\\\n b".repeat(mega / 8),
        "[Service]\nEnvironment=".to_owned() + &"\"A=b\" ".repeat(mega / 8),
        "A = $(A)$(A)\nB = $(B\nall:\n\tgunicorn $(A)\n".to_owned() + &"\techo $(A)\n".repeat(mega / 16),
        "A := a\nA := $(A)$(A)\nB = $(A)$(B)\nall:\n\tgunicorn $(B)\n".to_owned()
            + &"A := $(A)$(A)x\n".repeat(mega / 32),
        "all:\n\ta".to_owned() + &"\\\r\n".repeat(mega / 8),
        "(a) {\n import a\n import a\n import a\n import a\n}\n:80 {\n import a\n}\n".to_owned(),
        "server { {% ".to_owned() + &"a ".repeat(mega),
        "a := ".to_owned() + &"{{ a + ".repeat(mega / 8),
        "http {\n".repeat(mega / 8),
        "http { include a; ".repeat(mega / 16),
        "x {\n reverse_proxy a {\n".repeat(mega / 16),
        "{\"a\": ".repeat(mega / 8),
        "<uwsgi><a>".repeat(mega / 8),
        "[options]\ninstall_requires =\n".to_owned() + &" a\n".repeat(mega / 2),
        services,
        extends,
        bomb,
    ];
    texts.par_iter().for_each(|text| {
        for kind in KINDS {
            let watch = Stopwatch::start();
            let (files, facts) = read(text, kind);
            let computed = watch.computed();
            let head: String = text.chars().take(40).collect();
            // Most take milliseconds; the margin is for an unoptimised build.
            assert!(computed < Duration::from_secs(5), "{kind:?} took {computed:?} for {head:?}");
            assert_eq!(sound(&files, &facts), Ok(()), "{kind:?}: {head:?}");
        }
    });
}

#[test]
fn the_order_of_facts_does_not_depend_on_threads() {
    let mut files = Files::new();
    let kinds = (0..200)
        .map(|n| (files.add(format!("{n}/Procfile"), format!("web{n}: a\nbad\n")), FileKind::Procfile))
        .collect();
    let names = |facts: &Facts| facts.units.iter().map(|unit| unit.name.clone()).collect::<Vec<_>>();
    let first = all(&files, &kinds);
    assert_eq!(names(&first)[..3], ["web0", "web1", "web2"]);
    let second = all(&files, &kinds);
    assert_eq!((names(&first), first.notes), (names(&second), second.notes));
}

/// Lines that mean something in one format or another, so that random files get past the first token.
fn fragments() -> impl Strategy<Value = String> {
    let fragments = [
        "services:\n",
        "  web:\n",
        "    command: ",
        "    environment:\n",
        "      - A=$B\n",
        "    extends: web\n",
        "<<: *a\n",
        "&a ",
        "*a",
        "[",
        "]",
        "{",
        "}",
        "\"",
        "'",
        "|\n",
        ">-\n",
        "- ",
        ": ",
        "# x\n",
        "\n",
        "\r\n",
        "  ",
        "\\\n",
        "\\",
        "FROM a AS b\n",
        "CMD ",
        "ENTRYPOINT ",
        "[\"sh\", \"-c\", \"a $B\"]\n",
        "ENV A=1 B='2'\n",
        "ARG X\n",
        "RUN <<EOF\n",
        "RUN pip install ",
        "gunicorn==1.0",
        "COPY --from=a b c\n",
        "$X",
        "${X:-",
        "$(",
        "$$",
        "`",
        "web: ",
        "&& ",
        ";; ",
        "case x in ",
        "esac",
        "\u{feff}",
        "\u{e4}",
        "{{ x }}",
        "[project]\n",
        "dependencies = [\"a>=1\"]\n",
        "[[package]]\n",
        "name = \"a\"\nversion = \"1\"\n",
        "export A=\"",
        "import x\n",
        "sh -c 'a b'",
        "\t",
        "\u{2028}",
        "~",
        "!!str ",
        "---\n",
        "apiVersion: v1\nkind: Deployment\n",
        "spec:\n  template:\n    spec:\n      containers:\n      - name: a\n",
        "        args: [gunicorn, a]\n",
        "        env:\n        - name: A\n          value: \"$(B)\"\n",
        "{{- if .Values.a }}\n",
        "{{- end }}\n",
        "{{ .Values.a | quote }}",
        "[Service]\n",
        "ExecStart=gunicorn -w ${A} 'b c' $D\n",
        "Environment=A=b \"C=d\"\n",
        "[program:web]\n",
        "command=gunicorn %(ENV_A)s\n",
        "environment=A=\"b\"\n",
        "[uwsgi]\n",
        "processes = %(a)\n",
        "if-env = A\n",
        "http = :8000\n",
        "[processes]\nweb = \"gunicorn a\"\n",
        "[env]\nA = \"1\"\n",
        "web:\n\t@gunicorn $(A) $$B\n",
        "A ?= 1\n",
        "web port=\"1\":\n    gunicorn {{port}}\n",
        "{\"scripts\": {\"a\": \"gunicorn a\"}}",
        "upstream a { server b:1; keepalive 2; }\n",
        "location / { proxy_pass http://a; }\n",
        "reverse_proxy a:1 {\n",
    ];
    proptest::collection::vec(proptest::sample::select(fragments.to_vec()), 0..25).prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn any_file_is_read_without_a_defect(text in fragments()) {
        for kind in KINDS {
            let (files, facts) = read(&text, kind);
            prop_assert_eq!(sound(&files, &facts), Ok(()), "{:?}", kind);
        }
    }

    /// A literal argument of a service is what the file holds at its place, in every notation.
    #[test]
    fn literal_words_stand_at_their_place(words in proptest::collection::vec("[a-z0-9./:=_-]{1,6}", 1..5), notation in 0..6) {
        let words: Vec<String> = words.into_iter().map(|word| format!("w{word}w")).collect();
        let line = words.join(" ");
        let quoted: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
        let (kind, text) = match notation {
            0 => (FileKind::Compose, format!("services:\n  a:\n    command: '{line}'\n")),
            1 => (FileKind::Compose, format!("services:\n  a:\n    command: [{}]\n", quoted.join(", "))),
            2 => (FileKind::Compose, format!("services:\n  a:\n    command: >\n      {}\n", words.join("\n      "))),
            3 => (FileKind::Dockerfile, format!("FROM a\nCMD [{}]\n", quoted.join(","))),
            4 => (FileKind::Dockerfile, format!("FROM a\nCMD {}\n", words.join(" \\\n # c\n  "))),
            _ => (FileKind::Procfile, format!("a: {line}\n")),
        };
        let (files, facts) = read(&text, kind);
        let command = facts.units[0].command.as_ref().unwrap();
        let placed: Vec<_> = command.simple[0].iter().map(|word| files.text_at(word.place)).collect();
        prop_assert_eq!(placed, words);
        let distinct: BTreeSet<_> = command.simple[0].iter().map(|word| word.removal).collect();
        prop_assert_eq!(distinct.len(), command.simple[0].len());
    }
}
