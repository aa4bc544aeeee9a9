//! Dockerfiles in the forms that people write.

use super::super::{FilledBy, Form};
use super::*;
use crate::source::{Files, Word};

fn read_text(text: &str) -> (Files, Facts) {
    let mut files = Files::new();
    let file = files.add("Dockerfile", text);
    let mut facts = Facts::default();
    read(file, files.get(file), &mut facts);
    (files, facts)
}

fn texts(words: &[Word]) -> Vec<String> {
    words.iter().map(|word| word.text().unwrap_or_else(|| format!("?{:?}", word.parts))).collect()
}

fn placed<'a>(files: &'a Files, words: &[Word]) -> Vec<&'a str> {
    words.iter().map(|word| files.text_at(word.place)).collect()
}

#[test]
fn stages_keep_apart_what_they_say() {
    let (files, facts) = read_text(
        "# syntax=docker/dockerfile:1\nARG PY=3.12\nFROM --platform=linux/amd64 python:${PY} AS base\n\
         ENV A=1 B=\"x y\" \\\n    # why\n    C='z'\nENV OLD some words\nWORKDIR /srv\nWORKDIR app\n\
         FROM base\nARG PY\nCOPY --chown=a:b start.sh gunicorn.conf.py /srv/\nCOPY --from=base /x /y\nUSER web\n\
         STOPSIGNAL SIGQUIT\nENTRYPOINT [\"tini\", \"--\"]\nCMD [\"gunicorn\", \"-w\", \"4\",\\\n  \"app:app\"]\n",
    );
    assert!(facts.notes.is_empty(), "{:?}", facts.notes);
    let [base, last] = &facts.units[..] else { panic!("two stages") };
    assert_eq!((base.name.as_str(), base.image.as_ref().unwrap().value.as_str()), ("base", "python:3.12"));
    assert_eq!(last.image.as_ref().unwrap().value, "base");
    let variables: Vec<_> = base
        .environment
        .iter()
        .map(|v| {
            let word = v.value.as_ref().unwrap();
            (v.name.as_str(), word.text().unwrap(), files.text_at(word.place), files.text_at(v.place))
        })
        .collect();
    let expected = [
        ("A", "1", "1", "A=1"),
        ("B", "x y", "x y", "B=\"x y\""),
        ("C", "z", "z", "C='z'"),
        ("OLD", "some words", "some words", "OLD some words"),
    ];
    assert_eq!(variables, expected.map(|(name, text, place, all)| (name, text.to_owned(), place, all)));
    assert_eq!(base.working_folder.as_ref().unwrap().value, "/srv/app");
    assert_eq!(last.environment[0].value.as_ref().unwrap().text().as_deref(), Some("3.12"));
    assert!(last.environment[0].build_only);
    let stages: Vec<_> = last.copied.iter().map(|copied| copied.stage.as_deref()).collect();
    assert_eq!(stages, [None, Some("base")]);
    assert_eq!(last.copied[0].sources, ["start.sh", "gunicorn.conf.py"]);
    assert_eq!(last.user.as_ref().unwrap().value, "web");
    assert_eq!(last.stop_signal.as_ref().unwrap().value, "SIGQUIT");
    assert_eq!(texts(&last.entrypoint.as_ref().unwrap().simple[0]), ["tini", "--"]);
    let command = last.command.as_ref().unwrap();
    assert_eq!((command.form, command.filled_by), (Form::Exec, FilledBy::Nobody));
    assert_eq!(placed(&files, &command.simple[0]), ["gunicorn", "-w", "4", "app:app"]);
    let removals: Vec<_> = command.simple[0].iter().map(|word| files.text_at(word.removal)).collect();
    assert_eq!(removals, ["\"gunicorn\", ", ", \"-w\"", ", \"4\"", ",\\\n  \"app:app\""]);
}

#[test]
fn shell_form_lines_are_one_command() {
    let (files, facts) = read_text(
        "FROM x\r\nCMD exec gunicorn \\\r\n  # the comment\r\n\r\n  --workers ${N:-4} \\\r\n  --bind 0.0.0.0:$PORT app:app\r\n",
    );
    let command = facts.units[0].command.as_ref().unwrap();
    assert_eq!((command.form, command.filled_by, command.simple.len()), (Form::Shell, FilledBy::Shell, 1));
    let expected = ["exec", "gunicorn", "--workers", "${N:-4}", "--bind", "0.0.0.0:$PORT", "app:app"];
    assert_eq!(placed(&files, &command.simple[0]), expected);
    let file = files.find("Dockerfile").unwrap();
    assert_eq!(facts.comments[&file].len(), 1);
}

#[test]
fn a_shell_in_a_list_is_looked_into() {
    let (files, facts) = read_text(
        "FROM x\nCMD [\"tini\", \"--\", \"/bin/sh\", \"-ec\", \"migrate && exec gunicorn -w \\\"$N\\\" app\"]\n",
    );
    let command = facts.units[0].command.as_ref().unwrap();
    assert_eq!((command.form, command.filled_by, command.words.len()), (Form::Exec, FilledBy::Nobody, 5));
    let [front, migrate, server] = &command.simple[..] else { panic!("{command:?}") };
    assert_eq!(texts(front), ["tini", "--"]);
    assert_eq!(texts(migrate), ["migrate"]);
    assert_eq!(placed(&files, server), ["exec", "gunicorn", "-w", "$N", "app"]);
}

#[test]
fn single_quotes_make_shell_form_as_the_builder_has_it() {
    let (_, facts) = read_text("FROM x\nCMD ['gunicorn', 'app:app']\n");
    let command = facts.units[0].command.as_ref().unwrap();
    assert_eq!(command.form, Form::Shell);
    assert_eq!(texts(&command.simple[0])[0], "[gunicorn,");
}

#[test]
fn an_unknown_instruction_costs_one_line() {
    let (_, facts) = read_text("FROM x\n{% if debug %}\nCMD [\"a\"]\n{% endif %}\n");
    assert_eq!(texts(&facts.units[0].command.as_ref().unwrap().simple[0]), ["a"]);
    assert_eq!(facts.notes.len(), 1);
    assert_eq!(facts.notes[0].line, Some(2));
}

#[test]
fn installed_packages_are_requirements() {
    let (files, facts) = read_text(
        "FROM x\nRUN pip install --no-cache-dir -r requirements.txt gunicorn==20.1.0 'uvicorn[standard]>=0.30' \\\n  && rm -rf x\n\
         RUN python -m pip install gevent\nRUN <<EOF\npip3 install -q flask==3.0.0\nEOF\nRUN apt-get install -y gcc\nRUN pip install . ./x \"$PKG\"\n",
    );
    let found: Vec<_> =
        facts.requirements.iter().map(|r| (r.name.as_str(), r.pinned.as_deref(), files.text_at(r.place))).collect();
    let expected = [
        ("gunicorn", Some("20.1.0"), "gunicorn==20.1.0"),
        ("uvicorn", None, "uvicorn[standard]>=0.30"),
        ("gevent", None, "gevent"),
        ("flask", Some("3.0.0"), "flask==3.0.0"),
    ];
    assert_eq!(found, expected);
}

#[test]
fn versions_may_stand_in_variables() {
    let pinned = |text: &str| {
        let (_, facts) = read_text(text);
        facts.requirements.iter().map(|one| one.pinned.clone()).collect::<Vec<_>>()
    };
    let known = Some("23.0.0".to_owned());
    for run in ["gunicorn==${V}", "\"gunicorn==$V\"", "flask gunicorn==${V:-1}"] {
        assert!(pinned(&format!("FROM x\nARG V=23.0.0\nRUN pip install {run}\n")).contains(&known), "{run}");
    }
    assert_eq!(pinned("ARG V=23.0.0\nFROM x\nARG V\nENV W=$V\nRUN pip install gunicorn==$W\n"), [known]);
    // Set by who builds, in another stage, behind the line, or by the line itself.
    for text in [
        "FROM x\nARG V\nRUN pip install gunicorn==$V\n",
        "ARG V=1\nFROM x\nRUN pip install gunicorn==$V\n",
        "FROM x\nRUN pip install gunicorn==$V\nENV V=1\n",
        "FROM x\nENV V=1\nRUN V=2 && pip install gunicorn==$V\n",
    ] {
        assert_eq!(pinned(text), Vec::<Option<String>>::new(), "{text}");
    }
}

#[test]
fn windows_shells_and_escapes() {
    let (_, facts) =
        read_text("# escape=`\nFROM x\nSHELL [\"powershell\", \"-Command\"]\nENV A=1 `\n  B=2\nCMD Start-Process\n");
    assert_eq!(facts.units[0].environment.len(), 2);
    assert!(facts.units[0].command.is_none());
    assert_eq!(facts.notes.len(), 1);
}

/// A parser that other people wrote finds the same instructions, and the same words in the same bytes.
#[test]
fn another_parser_reads_the_same() {
    let text = "# syntax=docker/dockerfile:1\nFROM python:3.12-slim AS build\nRUN pip install gunicorn \\\n  # note\n  flask\n\
        RUN <<EOF\necho CMD\nEOF\nCOPY --from=build /a /b\nENV A=1\nFROM build\nENTRYPOINT [\"a\", \"b c\"]\n\
        CMD [ \"gunicorn\" ,\"--workers\",\n";
    let text = format!(
        "{}\"4\" , \"\u{e4}\\\"x\" ]\nHEALTHCHECK CMD curl localhost\n",
        text.trim_end_matches('\n').to_owned() + " \\\n   "
    );
    let other = parse_dockerfile::parse(&text).unwrap();
    let (ours, _) = instructions::scan(&text);
    let keywords: Vec<_> = ours.iter().map(|instruction| instruction.keyword.as_str()).collect();
    assert_eq!(keywords.len(), other.instructions.len());
    let (files, facts) = read_text(&text);
    let last = facts.units.last().unwrap();
    let mut compared = 0;
    for instruction in &other.instructions {
        let (arguments, command) = match instruction {
            parse_dockerfile::Instruction::Cmd(cmd) => (&cmd.arguments, last.command.as_ref()),
            parse_dockerfile::Instruction::Entrypoint(entry) => (&entry.arguments, last.entrypoint.as_ref()),
            _ => continue,
        };
        let parse_dockerfile::Command::Exec(arguments) = arguments else { panic!("exec form") };
        let theirs: Vec<_> =
            arguments.value.iter().map(|word| text[word.span.clone()].trim_matches(['"']).to_owned()).collect();
        let ours = placed(&files, &command.unwrap().simple[0]);
        let ours: Vec<_> = ours.iter().map(|word| word.trim_matches('"').to_owned()).collect();
        assert_eq!(ours, theirs);
        compared += 1;
    }
    assert_eq!(compared, 2);
}
