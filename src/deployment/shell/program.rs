//! From the words of a command to the program that they start.

use std::sync::Arc;

use super::super::commands::{Managed, Part, Parted, Start};
use super::super::locate::Roots;
use super::super::{image, native, rewritten, substitution, supervisor, tasks};
use super::Shell;
use super::condition::Status;
use super::dialect::Dialect;
use super::loops::{Parted as Leaving, Returned};
use super::parameter::is_name;
use super::shield::{self, Position, Shield, ShieldKind, Text};
use super::state::{Held, State, Variable};
use super::statement::{Done, Flow};
use super::text::{self, Field};
use super::user;
use crate::read::shell::{Script, Simple, Statement};
use crate::read::{Decoded, FilledBy};
use crate::servers::arguments::Argument;
use crate::servers::{Asked, Code, Own, Program, recognise, recognise_among};
use crate::source::{FileId, Place, Span};

/// Scripts that call scripts are followed this far.
const MAX_SCRIPTS: usize = 8;

/// How many words in front of a server may be unknown.
const MAX_OPEN: usize = 2;

/// Programs that do something to a file that is named, but do not run it.
const NOT_RUNNING: [&str; 29] = [
    "chmod",
    "chown",
    "cp",
    "mv",
    "rm",
    "cat",
    "ls",
    "ln",
    "mkdir",
    "touch",
    "sed",
    "grep",
    "awk",
    "dos2unix",
    "install",
    "tee",
    "head",
    "tail",
    "wc",
    "stat",
    "md5sum",
    "sha256sum",
    "diff",
    "find",
    "test",
    "vi",
    "basename",
    "dirname",
    "realpath",
];

impl Shell<'_> {
    /// A command of a script: a function, a builtin, or a program.
    pub(super) fn execute(
        &mut self,
        state: &mut State,
        fields: Vec<Field>,
        given: &[(String, Field)],
        place: Place,
        simple: &Simple,
        guarded: bool,
    ) -> Done {
        let first = fields.iter().find(|field| field.vanishes().is_none()).and_then(Field::known).map(str::to_owned);
        let Some(name) = first else {
            self.print_unknown();
            return self.program(state, fields, given, place);
        };
        if let Some(function) = state.functions.get(&name).cloned() {
            return self.call(&function, state, &fields, given, guarded);
        }
        // In front of a builtin they hold for that command only, which nearly never matters.
        if let Some(done) = self.builtin(&name, state, &fields, simple, guarded) {
            return done;
        }
        if matches!(base(&name), "cp" | "mv" | "ln" | "install") {
            self.lay(state, &fields);
        }
        let words: Vec<&str> = fields
            .iter()
            .filter(|field| field.vanishes().is_none())
            .map(|field| field.known().unwrap_or("-"))
            .collect();
        if !self.patch(&fields, simple.place, state) {
            self.written.extend(rewritten::paths(&words).into_iter().map(|path| state.roots.at(path)));
        }
        let is_exec = name == "exec";
        if self.printed.is_some() {
            if !simple.redirected {
                self.print_of(&name, &fields, state, place);
            }
            // What is started only to be read is no server.
            return if is_exec { Done::leave(Flow::Exit) } else { Done::with(Status::Likely) };
        }
        let done = self.program(state, fields, given, place);
        if is_exec { Done::leave(Flow::Exit) } else { done }
    }

    /// `sed -i 's/a/b/' c.ini`: which lines that changes; `false` where that is not told, or where more than single
    /// options may come of it.
    fn patch(&mut self, fields: &[Field], place: Place, state: &State) -> bool {
        let there: Vec<&Field> = fields.iter().filter(|field| field.vanishes().is_none()).collect();
        // What is put in may hold anything; which lines it is put into hangs on what is in front of it.
        let texts: Vec<String> = there.iter().map(|field| text::stood_in(field.text())).collect();
        let is_told = |field: &&&Field| field.known().is_some() || text::known_prefix(field.text()).len() > 3;
        if there.iter().filter(is_told).count() < there.len() {
            return false;
        }
        let words: Vec<&str> = texts.iter().map(String::as_str).collect();
        let Some((Some(substitutions), paths)) = substitution::of(&words) else { return false };
        let is_whole = |field: &&Field| match field.text().strip_prefix('s').and_then(|rest| rest.chars().next()) {
            Some(mark) if field.known().is_none() => text::known_prefix(field.text()).matches(mark).count() > 1,
            _ => field.known().is_some(),
        };
        if !there.iter().all(is_whole) {
            return false;
        }
        let mut touched = Vec::new();
        for path in paths {
            let Some(file) = self.file(path, state) else { return false };
            let mut start = 0;
            for line in self.files().get(file).text().split_inclusive('\n') {
                let span = Span::new(start, start + line.len());
                start += line.len();
                if substitutions.iter().any(|one| one.touches(line.trim_end_matches('\n'))) {
                    touched.push((Place::new(file, span), place));
                }
            }
            // Of code a line may hang on another, and so may a section.
            let is_read_by_lines = self.surroundings.facts.uwsgi.contains_key(&file);
            let is_header = |place: &Place| self.files().text_at(*place).trim_start().starts_with('[');
            let of_file = touched.iter().filter(|(line, _)| line.file == file);
            if of_file.clone().count() > 0 && !is_read_by_lines || of_file.clone().any(|(line, _)| is_header(line)) {
                return false;
            }
        }
        self.patched.extend(touched);
        true
    }

    /// `cp a.conf /etc/b.conf`: what the project holds lies in another place from here on.
    fn lay(&mut self, state: &mut State, fields: &[Field]) {
        let mut paths: Vec<Option<&str>> = Vec::new();
        let mut rest = fields.iter().skip_while(|field| field.vanishes().is_some()).skip(1);
        while let Some(field) = rest.next() {
            match field.known() {
                // The folder is named first, or there are modes and owners.
                Some("-t" | "-d" | "-D") => return,
                Some("-m" | "-o" | "-g") => drop(rest.next()),
                Some(option) if option.starts_with('-') && option.len() > 1 => {}
                known => paths.push(known),
            }
        }
        let Some(Some(destination)) = paths.pop() else { return };
        for source in paths {
            let found = source.and_then(|source| self.file(source, state)).filter(|_| !state.conditional);
            if let Some(file) = found {
                self.written.remove(&state.roots.at(destination));
                state.roots.lay(self.files().get(file).path(), destination);
                continue;
            }
            let is_folder = destination == "." || destination.ends_with(['/', '.']);
            let inside = source.filter(|_| is_folder).map(|source| format!("{destination}/{}", base(source)));
            self.written.insert(state.roots.at(inside.as_deref().unwrap_or(destination)));
        }
    }

    fn call(
        &mut self,
        function: &Arc<crate::read::shell::Statement>,
        state: &mut State,
        fields: &[Field],
        given: &[(String, Field)],
        guarded: bool,
    ) -> Done {
        let at = fields.iter().position(|field| field.vanishes().is_none()).unwrap_or(0);
        let behind = fields.get(at + 1..).unwrap_or_default().to_vec();
        let outer = std::mem::replace(&mut state.arguments, behind);
        let locals = std::mem::take(&mut state.locals);
        for (name, field) in given {
            state.make_local(name);
            state.variables.insert(name.clone(), Variable { held: Held::One(field.clone()), exported: true });
        }
        let conditional = state.conditional;
        let rounds = std::mem::take(&mut self.rounds);
        self.returned.push(Vec::new());
        let done = self.list(std::slice::from_ref(function), state, guarded);
        let left = self.returned.pop().unwrap_or_default();
        self.rounds = rounds;
        let Done { mut status, mut flow } = done;
        let mut left = left.into_iter();
        if flow == Flow::Exit
            && let Some(first) = left.next()
        {
            *state = first.state;
            status = first.parted.status;
            flow = Flow::Next;
        }
        for other in left {
            status = either_way(status, state, other);
            // Every way goes on here.
            state.conditional = conditional;
        }
        state.leave(locals);
        state.arguments = outer;
        let flow = if flow == Flow::Exit { Flow::Exit } else { Flow::Next };
        Done { status, flow }
    }

    /// The shell that waits for the program of these words; that around this one where it does not.
    fn shield(&self, state: &State, fields: &[Field]) -> Option<Shield> {
        let first = fields.iter().find(|field| field.vanishes().is_none());
        // In the background, or in a pipe, it takes the place of a shell that was made for it alone.
        let alone = matches!(self.position, Position::Background { .. } | Position::Pipe);
        if first.and_then(Field::known) == Some("exec") && !alone {
            return state.shield.clone();
        }
        let kind = self.position.shields(state.runs, state.dialect == Dialect::Bash);
        let own = kind.zip(first).map(|(kind, first)| Shield {
            kind,
            command: first.place,
            // `$PREFIX gunicorn`: what may stand in front may be anything.
            is_last: self.position == Position::Last && fields.first().is_some_and(|front| front.place == first.place),
            is_passed: false,
        });
        match (&state.shield, own) {
            // The outermost gets the signal, unless it may have become what it runs.
            (Some(outer), Some(own)) if outer.kind.may_give_way() && !own.kind.may_give_way() => Some(own),
            // What waits for the script in between does not wait for this, and goes on where something comes behind.
            (Some(outer), Some(Shield { kind: ShieldKind::Background { is_left }, command, .. })) => {
                let kind = ShieldKind::Background { is_left: is_left && outer.is_last };
                Some(Shield { kind, command, is_last: false, is_passed: outer.is_passed })
            }
            (outer, own) => outer.clone().or(own),
        }
    }

    /// A program with variables of its own in front.
    fn program(&mut self, state: &mut State, fields: Vec<Field>, given: &[(String, Field)], place: Place) -> Done {
        let shield = self.shield(state, &fields);
        if given.is_empty() {
            let before = state.roots.clone();
            let mut child = state.child();
            child.shield = shield;
            self.launch(&mut child, fields, 0, place);
            state.roots = before;
        } else {
            let mut child = state.child();
            child.shield = shield;
            for (name, field) in given {
                child.variables.insert(name.clone(), Variable { held: Held::One(field.clone()), exported: true });
            }
            self.launch(&mut child, fields, 0, place);
        }
        Done::with(Status::Likely)
    }

    /// Starts what the words name, in a process that sees the exported variables of `state`. The first
    /// `own` words are an entry point, which may not be in the project.
    pub(super) fn launch(&mut self, state: &mut State, mut fields: Vec<Field>, own: usize, place: Place) {
        fields = Self::in_front(state, fields);
        // A word that is not there is no name of a program.
        let solid: Vec<usize> =
            fields.iter().enumerate().filter(|(_, field)| field.vanishes().is_none()).map(|(at, _)| at).collect();
        let mut words: Vec<Option<String>> = solid
            .iter()
            .filter_map(|&at| fields.get(at))
            .map(|field| if field.many { None } else { field.known().map(str::to_owned) })
            .collect();
        state.passes_signals |= shield::passes_to_group(&words);
        let place_of = |at: usize| solid.get(at).and_then(|&at| fields.get(at)).map_or(place, |field| field.place);
        state.user = user::changed(&words, &place_of).or_else(|| state.user.take());
        // `$PREFIX gunicorn`: a variable in front of a server holds what it is run under, or nothing.
        let is_folder =
            |at: usize| solid.get(at).and_then(|&at| fields.get(at)).is_some_and(|one| one.text().ends_with('/'));
        let unknown =
            words.iter().take(MAX_OPEN).enumerate().take_while(|(at, word)| word.is_none() && !is_folder(*at));
        let open = unknown.count();
        let solid = if open > 0 && matches!(recognise(&words[open..]), Some(Program::Server { name: 0, .. })) {
            words.drain(..open);
            solid.get(open..).unwrap_or_default()
        } else {
            &solid
        };
        // `$BIN/gunicorn`: wherever the folder is, the name says what runs.
        if let (Some(None), Some(field)) = (words.first(), solid.first().and_then(|&at| fields.get(at)))
            && let Some(name) = text::known_name(field.text())
        {
            let mut told = words.clone();
            told[0] = Some(name.to_owned());
            if matches!(recognise(&told), Some(Program::Server { .. } | Program::Python { .. })) {
                words = told;
            }
        }
        let own_one = |asked: Asked<'_>| self.own_program(asked, state);
        if let Some(program) = recognise_among(&words, &own_one) {
            self.start(state, &program, &fields, solid, &words, place);
            // An entry point in Python runs in the end what it is given, unless it is the server.
            let wraps = matches!(program, Program::Python { .. }) && (1..=own).contains(&program.first_argument());
            if wraps && own < fields.len() {
                let given = fields.split_off(own);
                self.launch(state, given, 0, place);
            }
            return;
        }
        if words.first().and_then(Option::as_deref).is_some_and(|name| NOT_RUNNING.contains(&base(name))) {
            return;
        }
        if self.scripts >= MAX_SCRIPTS || !self.spend(10) {
            return;
        }
        self.scripts += 1;
        let followed = self.task(state, &words)
            || self.supervisor(state, &words)
            || self.processes(state, &words, place)
            || self.as_user(state, &fields, solid, &words)
            || self.shell_command(state, &fields, solid, &words)
            || self.script_file(state, &fields, solid, &words, place);
        if !followed && own > 0 && own < fields.len() {
            // An entry point that is not in the project, such as one of a base image, runs what it is
            // given in the end.
            let given = fields.split_off(own);
            self.launch(state, given, 0, place);
        }
        self.scripts -= 1;
    }

    /// What a command is that the project has itself.
    fn own_program(&self, asked: Asked<'_>, state: &State) -> Option<Own> {
        if let Asked::Command(word) = asked
            && let Some(code) = self.own_code(word, state)
        {
            return Some(Own::Code(code));
        }
        let here = self.surroundings;
        if here.facts.rust.programs.is_empty() {
            return None;
        }
        native::named(asked, &here.renamed, &state.roots.folder(here.files), here.facts).map(Own::Native)
    }

    /// The Python code of the project that a command is: a file without an extension whose first line says so,
    /// or a command that a package of the project installs.
    fn own_code(&self, word: &str, state: &State) -> Option<Code> {
        let facts = self.surroundings.facts;
        let is_program =
            |file: &FileId| facts.python.contains_key(file) && self.files().get(*file).text().starts_with("#!");
        if word.contains('/') && self.file(word, state).is_some_and(|file| is_program(&file)) {
            return Some(Code::File(word.to_owned()));
        }
        let name = base(word);
        let is_installed = facts.console_scripts.values().flatten().any(|script| script.name == name);
        is_installed.then(|| Code::Script(name.to_owned()))
    }

    /// A task of the project; what it sets and where it goes ends with it.
    fn task(&mut self, state: &State, words: &[Option<String>]) -> bool {
        let here = self.surroundings;
        let mut child = state.child();
        let entered = tasks::entered(words);
        if let Some((folder, _)) = &entered {
            child.roots.enter(folder);
        }
        let words = entered.as_ref().map_or(words, |(_, rest)| rest);
        let folder = child.roots.folder(here.files);
        // A folder that is not among those of the project has tasks that nobody knows.
        let is_there = entered.as_ref().is_none_or(|(path, _)| folder.ends_with(path.trim_matches(['.', '/'])));
        let Some(task) = tasks::called(words, &here.facts.units, &folder, here.files).filter(|_| is_there) else {
            return false;
        };
        let mut environment = child.environment();
        environment.extend(&task.environment, &|_| None);
        child.see(&environment);
        if let Some(folder) = &task.working_folder {
            child.roots.enter(&folder.value);
        }
        if let Some(command) = &task.command {
            let fields = self.given(command, &child);
            self.launch(&mut child, fields, 0, command.place);
        }
        true
    }

    /// The programs of a supervisord.
    fn supervisor(&mut self, state: &State, words: &[Option<String>]) -> bool {
        let here = self.surroundings;
        let Some(programs) = supervisor::started(words, &state.roots, here) else { return false };
        for program in programs {
            let mut child = state.child();
            let mut environment = child.environment();
            environment.extend(program.environment, &|_| None);
            environment.extend(&program.unit.environment, &|_| None);
            child.see(&environment);
            if let Some(folder) = &program.unit.working_folder {
                child.roots.enter(&folder.value);
            }
            if let Some(command) = &program.unit.command {
                let outer = self.managed.replace(Managed { program: program.unit.place, kept: None });
                let fields = self.given(command, &child);
                let position = std::mem::replace(&mut self.position, Position::Last);
                child.shield = None;
                child.passes_signals = program.unit.container.stops_group;
                self.launch(&mut child, fields, 0, command.place);
                self.position = position;
                self.managed = outer;
            }
        }
        true
    }

    /// Takes `exec` and what else a shell understands off the front of a program.
    fn in_front(state: &mut State, mut fields: Vec<Field>) -> Vec<Field> {
        while let Some(name) = fields.first().and_then(Field::known) {
            match name {
                "exec" | "command" | "builtin" => {
                    fields.remove(0);
                    while let Some(option) = fields.first().and_then(Field::known).filter(|text| text.starts_with('-'))
                    {
                        let takes_value = option == "-a";
                        fields.remove(0);
                        if takes_value && !fields.is_empty() {
                            fields.remove(0);
                        }
                    }
                }
                "env" => {
                    let mut at = 1;
                    while let Some(text) = fields.get(at).and_then(Field::known).map(str::to_owned) {
                        match text.as_str() {
                            "-" | "-i" | "--ignore-environment" => state.variables.clear(),
                            "-u" | "--unset" => {
                                at += 1;
                                if let Some(name) = fields.get(at).and_then(Field::known) {
                                    state.unset(name);
                                }
                            }
                            _ if text.starts_with("--unset=") => state.unset(&text["--unset=".len()..]),
                            _ => break,
                        }
                        at += 1;
                    }
                    while let Some((name, field)) = fields.get(at).and_then(assignment) {
                        state.variables.insert(name, Variable { held: Held::One(field), exported: true });
                        at += 1;
                    }
                    // Other options are left to who knows the program.
                    if fields.get(at).and_then(Field::known).is_none_or(|text| text.starts_with('-')) {
                        return fields;
                    }
                    fields.drain(..at);
                }
                _ => break,
            }
        }
        fields
    }

    fn start(
        &mut self,
        state: &State,
        program: &Program,
        fields: &[Field],
        solid: &[usize],
        words: &[Option<String>],
        place: Place,
    ) {
        let first = program.first_argument();
        let mut child = state.clone();
        // `A=b gunicorn`, `timeout 5 env -u C A=b gunicorn`: the words in front of the program.
        let mut removes = false;
        for &at in solid.iter().take(first) {
            let Some(field) = fields.get(at) else { continue };
            let text = field.known().unwrap_or_default();
            if removes {
                child.unset(text);
            } else if let Some((name, field)) = assignment(field) {
                child.variables.insert(name, Variable { held: Held::One(field), exported: true });
            }
            removes = matches!(text, "-u" | "--unset") && words.iter().flatten().any(|word| base(word) == "env");
        }
        self.load_variables(words.get(..first).unwrap_or_default(), &mut child);
        let behind = first.checked_sub(1).and_then(|last| solid.get(last)).map_or(0, |at| at + 1);
        let rest = fields.get(behind..).unwrap_or_default();
        let named = first.checked_sub(1).and_then(|last| fields.get(*solid.get(last)?));
        // The words of a script that come from who called it belong to that command.
        let foreign = named.is_some_and(|field| field.file() != place.file);
        let mut parted = Parted::default();
        for field in fields {
            parted.note(Part {
                place: field.place,
                depends: field.depends.clone(),
                source: field.source,
                missing: text::missing_in(field.text()),
                ways: if field.known().is_some() { Vec::new() } else { field.ways.clone() },
            });
        }
        self.found.push(Start {
            program: program.clone(),
            arguments: rest.iter().map(|field| self.argument(field)).collect(),
            environment: child.environment(),
            roots: self.roots_now(state),
            place: if foreign { state.called_at } else { place },
            conditional: state.conditional,
            only: state.only.clone(),
            has_instead: state.has_instead,
            awaits_words: false,
            parted,
            managed: self.managed,
            user: state.user.clone(),
            shield: state.shield.clone().map(|shield| Shield { is_passed: state.passes_signals, ..shield }),
            on_large_node: None,
        });
    }

    /// The folders as they are once the commands in front have run.
    fn roots_now(&self, state: &State) -> Roots {
        let mut roots = state.roots.clone();
        self.written.iter().for_each(|path| roots.hide(path));
        self.patched.iter().for_each(|(line, by)| roots.patch(*line, *by));
        roots
    }

    pub(super) fn argument(&self, field: &Field) -> Argument {
        let text = field.known().map(str::to_owned);
        let prefix = if field.many { "" } else { text::known_prefix(field.text()) };
        Argument {
            prefix: prefix.to_owned(),
            place: field.place,
            origin: field.origin.filter(|origin| *origin != field.place && text.is_some()),
            removal: field.removal,
            // Only bytes that are exactly the text can be replaced by another.
            literal: text.as_deref() == Some(self.files().text_at(field.place)),
            unless_set: field.vanishes().map(str::to_owned).or_else(|| field.unlikely.clone()),
            single: field.quoted && !field.many && !field.maybe,
            maybe: field.maybe,
            text,
        }
    }

    /// `sh -c "script" name arguments`.
    fn shell_command(&mut self, state: &State, fields: &[Field], solid: &[usize], words: &[Option<String>]) -> bool {
        let Some(shell) = words.iter().position(|word| word.as_deref().is_some_and(is_shell)) else { return false };
        if !is_wrapped(words, shell) {
            return false;
        }
        let mut child = state.child();
        let named = words.get(shell).and_then(Option::as_deref).map_or("sh", base);
        child.dialect = Dialect::named(named, self.system());
        let mut at = shell + 1;
        let mut runs_text = false;
        while let Some(option) = words.get(at).and_then(Option::as_deref).filter(|word| word.starts_with(['-', '+'])) {
            at += 1;
            if option == "--" {
                break;
            }
            let Some(letters) = option.strip_prefix('-').filter(|letters| !letters.starts_with('-')) else { continue };
            runs_text |= letters.contains('c');
            child.options.stops_at_errors |= letters.contains('e');
            child.options.exports_all |= letters.contains('a');
            // `-o pipefail` takes a word of its own.
            if letters.ends_with('o') {
                child.options.stops_at_errors |= words.get(at).and_then(Option::as_deref) == Some("errexit");
                at += 1;
            }
        }
        let Some(field) = solid.get(at).and_then(|&at| fields.get(at)) else { return false };
        let behind = solid.get(at).and_then(|&at| fields.get(at + 1..)).unwrap_or_default();
        if runs_text {
            let (text, filled_by) = match field.raw.as_deref() {
                Some((content, filled_by)) => (content.clone(), *filled_by),
                None => (field.content.clone(), FilledBy::Shell),
            };
            let Some(script) = Self::parse(&text, field.file()) else { return true };
            child.runs = match script.body.as_slice() {
                [Statement::Simple(_)] => Text::Alone,
                _ => Text::Line,
            };
            child.filled_by = filled_by;
            child.name = behind.first().and_then(Field::known).map(str::to_owned).or(Some("sh".to_owned()));
            child.arguments = behind.get(1..).unwrap_or_default().to_vec();
            let before = self.found.len();
            self.run_script(&script, &mut child);
            if field.raw.is_none() {
                self.rest(before, std::slice::from_ref(field), &[]);
            }
            // What the script calls `$0` is a text without anything that it rests on.
            if let Some(name) = behind.first().filter(|_| ["$0", "${0"].iter().any(|own| text.text().contains(own))) {
                self.rest(before, std::slice::from_ref(name), &[]);
            }
            return true;
        }
        let Some(path) = field.known().map(str::to_owned) else { return false };
        let Some(script) = self.script_at(&path, state) else { return false };
        child.name = Some(path);
        child.arguments = behind.to_vec();
        child.in_unit = false;
        child.filled_by = FilledBy::Shell;
        child.runs = Text::Script;
        self.run_script(&script.1, &mut child);
        true
    }

    /// A script of the project, with the words behind its name as its arguments.
    fn script_file(
        &mut self,
        state: &State,
        fields: &[Field],
        solid: &[usize],
        words: &[Option<String>],
        place: Place,
    ) -> bool {
        let mut followed = false;
        for (at, word) in words.iter().enumerate().take(8) {
            let Some(path) = word else { continue };
            let Some((file, script)) = self.script_at(path, state) else { continue };
            let mut child = state.child();
            child.name = Some(path.clone());
            child.arguments = solid.get(at).and_then(|&at| fields.get(at + 1..)).unwrap_or_default().to_vec();
            child.called_at = if state.in_unit { state.called_at } else { place };
            let before = self.found.len();
            self.interpret(file, &script, &mut child);
            followed = true;
            // A script that only waits for something may be followed by the one that starts it.
            if self.found.len() > before {
                break;
            }
        }
        followed
    }

    /// Runs a script in the shell that its first line names.
    pub(super) fn interpret(&mut self, file: FileId, script: &Script, state: &mut State) {
        let text = self.files().get(file).text();
        let line = text.lines().next().unwrap_or_default();
        state.dialect = Dialect::of_first_line(line, self.system(), state.dialect);
        state.options.stops_at_errors = line.starts_with("#!")
            && line.split_whitespace().skip(1).any(|word| word.starts_with('-') && word.contains('e'));
        state.in_unit = false;
        state.filled_by = FilledBy::Shell;
        state.runs = Text::Script;
        self.run_script(script, state);
    }

    pub(super) fn run_script(&mut self, script: &Script, state: &mut State) {
        let rounds = std::mem::take(&mut self.rounds);
        let returned = std::mem::take(&mut self.returned);
        let position = std::mem::replace(&mut self.position, Position::Last);
        self.body(script, state, false);
        self.position = position;
        self.rounds = rounds;
        self.returned = returned;
    }

    /// The statements of a script, as far as its shell reads them.
    pub(super) fn body(&mut self, script: &Script, state: &mut State, guarded: bool) -> Done {
        let Some(refusal) = Self::refusal(script, state) else { return self.list(&script.body, state, guarded) };
        let read = script.body.get(..refusal.statement).unwrap_or(&script.body);
        let done = self.before_others(|shell| shell.list(read, state, guarded));
        if done.flow == Flow::Next { self.break_off(refusal.place, state) } else { done }
    }

    /// The script of the project at a path.
    pub(super) fn script_at(&mut self, path: &str, state: &State) -> Option<(FileId, Arc<Script>)> {
        let file = self.installed(path, state).or_else(|| self.file(path, state))?;
        let script = self.surroundings.facts.scripts.get(&file)?;
        self.visited.insert(file);
        Some((file, self.edited(file).unwrap_or_else(|| script.clone())))
    }

    /// What a script is that the build changed.
    fn edited(&mut self, file: FileId) -> Option<Arc<Script>> {
        let Some(substitutions) = self.surroundings.edited.get(&file)? else {
            let place = Place::new(file, Span::new(0, 0));
            self.strange.insert((place, "the build changes this script with `sed`, which was not followed".to_owned()));
            return None;
        };
        if let Some(parsed) = self.parsed.get(&file) {
            return parsed.clone();
        }
        let text = Decoded::verbatim(self.files().get(file).text(), 0);
        let changed = substitutions.iter().fold(text, |text, substitution| substitution.apply(&text));
        let script = Self::parse(&changed, file);
        self.parsed.insert(file, script.clone());
        script
    }

    /// The file of the project that the image holds as a program in a folder of `PATH`.
    fn installed(&self, name: &str, state: &State) -> Option<FileId> {
        if name.contains('/') || name.is_empty() {
            return None;
        }
        let set = state.variables.get("PATH").and_then(|path| match &path.held {
            // What a base image has in front of it or behind it is left out.
            Held::One(field) => Some(field.text().to_owned()),
            _ => None,
        });
        let folders = set.iter().map(String::as_str).chain([image::PATH]);
        folders.into_iter().find_map(|folders| state.roots.program(self.files(), name, folders))
    }

    /// A file that a shell reads as its own text, whatever it is named.
    pub(super) fn sourced(&mut self, path: &str, state: &State) -> Option<Arc<Script>> {
        if let Some((_, script)) = self.script_at(path, state) {
            return Some(script);
        }
        let file = self.file(path, state)?;
        if let Some(parsed) = self.parsed.get(&file) {
            return parsed.clone();
        }
        let script = Self::parse(&Decoded::verbatim(self.files().get(file).text(), 0), file);
        self.parsed.insert(file, script.clone());
        script
    }
}

/// How a function ends that goes on to its end or returns on another way, which joins `state`.
fn either_way(status: Status, state: &mut State, other: Returned) -> Status {
    let Leaving { status: returned, likelier, depends } = other.parted;
    if likelier {
        let rest = std::mem::replace(state, other.state);
        state.join(rest, depends.as_deref());
    } else {
        state.join(other.state, depends.as_deref());
    }
    let (told, untold) = if likelier { (returned, status) } else { (status, returned) };
    match (told, depends) {
        (told, _) if told == untold => told,
        (Status::Known(holds), Some(depends)) => Status::Presumed(holds, depends),
        (Status::Unless(holds, mut all) | Status::Presumed(holds, mut all), Some(depends)) => {
            all.extend(depends);
            Status::Presumed(holds, all)
        }
        _ => Status::Unknown,
    }
}

/// The file name of a program given by its path.
pub(super) fn base(word: &str) -> &str {
    word.rsplit('/').next().unwrap_or(word)
}

fn is_shell(word: &str) -> bool {
    matches!(base(word), "sh" | "bash" | "dash" | "ash" | "zsh")
}

/// Whether everything in front of a word only starts what comes behind.
pub(super) fn is_wrapped(words: &[Option<String>], at: usize) -> bool {
    let mut front: Vec<Option<String>> = words.get(..at).unwrap_or_default().to_vec();
    front.push(Some("gunicorn".to_owned()));
    matches!(recognise(&front), Some(Program::Server { name, .. }) if name == at)
}

/// `NAME=value` as a word.
pub(super) fn assignment(field: &Field) -> Option<(String, Field)> {
    let (name, value) = field.text().split_once('=')?;
    if !is_name(name) || field.many {
        return None;
    }
    let start = name.len() + 1;
    let mut held = Field::of(field.content.part(start..start + value.len()), field.place);
    // The bytes behind the sign, where they are the value.
    let (whole, own) = (field.place.span, held.content.span(0..value.len()));
    let inside = whole.start < own.start && own.end <= whole.end;
    if held.content.is_verbatim() && inside && own.end - own.start == value.len() && !value.is_empty() {
        held.place.span = own;
        held.source = text::is_known(value).then_some(held.place);
    }
    held.depends.clone_from(&field.depends);
    held.ways = field.ways.iter().filter_map(|way| Some(way.get(start..)?.to_owned())).collect();
    Some((name.to_owned(), held))
}
