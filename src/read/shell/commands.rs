//! Lists, pipelines, compound and simple commands.

use std::sync::Arc;

use super::parameter::name_length;
use super::scanner::{Heredoc, Lesser, MAX_DEPTH, Scanner, TooLong};
use super::{Arm, Assigned, Assignment, Simple, Statement, Word};

type Read<T> = Result<T, TooLong>;

impl Scanner<'_> {
    /// Commands up to what closes the list around them, which stays.
    pub(super) fn list(&mut self) -> Read<Vec<Statement>> {
        let mut statements = Vec::new();
        if self.depth >= MAX_DEPTH {
            self.is_whole = false;
            self.at = self.text.len();
            return Ok(statements);
        }
        self.depth += 1;
        loop {
            self.skip_lines();
            match self.byte(0) {
                None | Some(b')') => break,
                Some(b';') if matches!(self.byte(1), Some(b';' | b'&')) => break,
                Some(b';' | b'&' | b'|') => {
                    self.at += 1;
                    continue;
                }
                _ if self.reserved().is_some_and(closes) => break,
                _ => {}
            }
            let before = self.at;
            if let Some(statement) = self.and_or()? {
                let background = self.background();
                statements.push(if background { Statement::Background(Box::new(statement)) } else { statement });
                self.statements += usize::from(self.depth == 1);
            }
            if self.at == before {
                // Nothing that begins a command.
                self.is_whole = false;
                self.at += self.rest().chars().next().map_or(1, char::len_utf8);
            }
        }
        self.depth -= 1;
        Ok(statements)
    }

    fn background(&mut self) -> bool {
        self.skip_blanks();
        let found = self.byte(0) == Some(b'&') && self.byte(1) != Some(b'&');
        self.at += usize::from(found);
        found
    }

    fn and_or(&mut self) -> Read<Option<Statement>> {
        let Some(mut statement) = self.pipeline()? else { return Ok(None) };
        loop {
            self.skip_blanks();
            let and = self.starts("&&");
            if !and && !self.starts("||") {
                return Ok(Some(statement));
            }
            self.at += 2;
            self.skip_lines();
            let Some(next) = self.pipeline()? else { return Ok(Some(statement)) };
            let (first, second) = (Box::new(statement), Box::new(next));
            statement = if and { Statement::And(first, second) } else { Statement::Or(first, second) };
        }
    }

    fn pipeline(&mut self) -> Read<Option<Statement>> {
        let mut negated = false;
        loop {
            self.skip_blanks();
            match self.reserved() {
                Some("!") => negated = !negated,
                Some("time") => {
                    self.skip_reserved();
                    self.skip_blanks();
                    if self.starts("-p ") {
                        self.at += "-p".len();
                        self.previous_end = self.at;
                    }
                    continue;
                }
                _ => break,
            }
            self.skip_reserved();
        }
        let Some(first) = self.command()? else { return Ok(None) };
        let mut commands = vec![first];
        loop {
            self.skip_blanks();
            if !self.starts("|") || self.starts("||") {
                break;
            }
            let start = self.at;
            self.at += if self.starts("|&") { 2 } else { 1 };
            if self.at - start == 2 {
                self.refuse(Lesser::All, start);
            }
            self.skip_lines();
            let Some(next) = self.command()? else { break };
            commands.push(next);
        }
        let alone = if commands.len() == 1 { commands.pop() } else { None };
        let statement = alone.unwrap_or(Statement::Pipe(commands));
        Ok(Some(if negated { Statement::Not(Box::new(statement)) } else { statement }))
    }

    fn command(&mut self) -> Read<Option<Statement>> {
        self.skip_blanks();
        let statement = match self.reserved() {
            Some("if") => self.branches()?,
            Some(word @ ("while" | "until")) => {
                self.skip_reserved();
                let condition = self.list()?;
                let body = self.body()?;
                let input = self.redirections()?;
                return Ok(Some(Statement::While { until: word == "until", condition, body, input }));
            }
            Some("for" | "select") => self.rounds()?,
            Some("case") => self.case()?,
            Some("{") => {
                self.skip_reserved();
                let list = self.list()?;
                self.expect("}");
                Statement::Group(list)
            }
            Some("function") => {
                let start = self.at;
                self.skip_reserved();
                self.refuse(Lesser::Dash, start);
                self.skip_blanks();
                let length = self.rest().find(|c: char| c.is_whitespace() || c == '(' || c == '{').unwrap_or(0);
                let name = self.rest().get(..length).unwrap_or_default().to_owned();
                self.at += length;
                self.skip_blanks();
                if self.eat("(") {
                    self.skip_blanks();
                    self.is_whole &= self.eat(")");
                }
                return self.function(name);
            }
            Some("[[") => self.test()?,
            Some(word) if closes(word) => return Ok(None),
            _ if self.starts("((") => match self.double_brackets(self.at + 2) {
                Some(inside) => {
                    let start = self.at;
                    let parts = self.inner(inside.clone())?;
                    self.at = inside.end + 2;
                    // To others it is a subshell in another one, in which brackets are no words.
                    if self.text.get(inside).is_some_and(|text| text.contains(['(', ')']) && !text.contains('$')) {
                        self.refuse(Lesser::All, start);
                    }
                    Statement::Arithmetic(parts)
                }
                None => self.subshell()?,
            },
            _ if self.starts("(") => self.subshell()?,
            _ => return self.simple(),
        };
        self.redirections()?;
        Ok(Some(statement))
    }

    fn subshell(&mut self) -> Read<Statement> {
        self.at += 1;
        self.previous_end = self.at;
        let list = self.list()?;
        self.is_whole &= self.eat(")");
        Ok(Statement::Subshell(list))
    }

    /// The word of the grammar that must stand here.
    fn expect(&mut self, word: &str) {
        self.skip_lines();
        if self.reserved() == Some(word) {
            self.skip_reserved();
        } else {
            self.is_whole = false;
        }
    }

    fn branches(&mut self) -> Read<Statement> {
        let mut branches = Vec::new();
        let mut otherwise = Vec::new();
        self.skip_reserved();
        loop {
            let condition = self.list()?;
            self.expect("then");
            branches.push((condition, self.list()?));
            match self.reserved() {
                Some("elif") => self.skip_reserved(),
                Some("else") => {
                    self.skip_reserved();
                    otherwise = self.list()?;
                    break;
                }
                _ => break,
            }
        }
        self.expect("fi");
        Ok(Statement::If { branches, otherwise })
    }

    fn body(&mut self) -> Read<Vec<Statement>> {
        self.skip_lines();
        if self.reserved() == Some("{") {
            self.skip_reserved();
            let list = self.list()?;
            self.expect("}");
            return Ok(list);
        }
        self.expect("do");
        let list = self.list()?;
        self.expect("done");
        Ok(list)
    }

    fn rounds(&mut self) -> Read<Statement> {
        let select = self.reserved() == Some("select");
        let start = self.at;
        self.skip_reserved();
        self.skip_blanks();
        if select || self.starts("((") {
            self.refuse(Lesser::All, start);
        }
        if self.starts("((") {
            if let Some(inside) = self.double_brackets(self.at + 2) {
                self.at = inside.end + 2;
            }
            self.skip_separator();
            return Ok(Statement::Rounds(self.body()?));
        }
        let length = name_length(self.rest());
        let name = self.rest().get(..length).unwrap_or_default().to_owned();
        self.at += length;
        self.skip_lines();
        let mut words = None;
        if self.starts("in") && self.byte(2).is_none_or(|byte| byte.is_ascii_whitespace() || byte == b';') {
            self.at += 2;
            self.previous_end = self.at;
            let mut list = Vec::new();
            loop {
                self.skip_blanks();
                match self.byte(0) {
                    None | Some(b'\n' | b';' | b'&' | b'|' | b')' | b'(') => break,
                    _ => {
                        let before = self.at;
                        list.push(self.word()?);
                        if self.at == before {
                            self.at += 1;
                        }
                    }
                }
            }
            words = Some(list);
        }
        self.skip_separator();
        let body = self.body()?;
        Ok(if select || name.is_empty() { Statement::Rounds(body) } else { Statement::For { name, words, body } })
    }

    fn skip_separator(&mut self) {
        self.skip_blanks();
        self.eat(";");
        self.skip_lines();
    }

    fn case(&mut self) -> Read<Statement> {
        self.skip_reserved();
        self.skip_blanks();
        let word = self.word()?;
        self.skip_lines();
        if !self.eat("in") {
            self.is_whole = false;
        }
        let mut arms = Vec::new();
        loop {
            self.skip_lines();
            if self.at >= self.text.len() {
                self.is_whole = false;
                break;
            }
            if self.reserved() == Some("esac") {
                self.skip_reserved();
                break;
            }
            let before = self.at;
            self.eat("(");
            let mut patterns = Vec::new();
            loop {
                self.skip_blanks();
                patterns.push(self.word()?);
                self.skip_blanks();
                if !self.eat("|") {
                    break;
                }
            }
            self.is_whole &= self.eat(")");
            self.previous_end = self.at;
            let body = self.list()?;
            let goes_on = self.starts(";;&") || self.starts(";&");
            if goes_on {
                self.refuse(Lesser::All, self.at);
            }
            for end in [";;&", ";;", ";&"] {
                if self.eat(end) {
                    break;
                }
            }
            arms.push(Arm { patterns, body, goes_on });
            if self.at == before {
                self.is_whole = false;
                self.at += self.rest().chars().next().map_or(1, char::len_utf8);
            }
        }
        Ok(Statement::Case { word, arms })
    }

    fn function(&mut self, name: String) -> Read<Option<Statement>> {
        if self.depth >= MAX_DEPTH {
            self.is_whole = false;
            self.at = self.text.len();
            return Ok(None);
        }
        self.skip_lines();
        self.depth += 1;
        let body = self.command()?;
        self.depth -= 1;
        Ok(body.map(|body| Statement::Function { name, body: Arc::new(body) }))
    }

    /// `[[ … ]]`, whose operators are no separators.
    fn test(&mut self) -> Read<Statement> {
        self.at += 2;
        let mut words: Vec<Word> = Vec::new();
        let mut is_pattern = false;
        loop {
            self.skip_lines();
            let rest = self.rest();
            if rest.is_empty() {
                self.is_whole = false;
                break;
            }
            if rest.starts_with("]]") {
                self.at += 2;
                break;
            }
            let before = self.at;
            let operator = ["&&", "||", "(", ")", "<", ">"].into_iter().find(|operator| rest.starts_with(operator));
            if operator == Some("(") {
                self.refuse(Lesser::All, before);
            }
            match operator {
                Some(operator) if !is_pattern => words.push(self.operator_word(operator.len())),
                _ if is_pattern => {
                    words.push(self.expression_word()?);
                    if self
                        .text
                        .get(before..self.at)
                        .is_some_and(|text| text.contains('(') && !text.contains(['\'', '"', '$']))
                    {
                        self.refuse(Lesser::All, before);
                    }
                }
                _ => words.push(self.word()?),
            }
            is_pattern = rest.get(..self.at - before) == Some("=~");
            if self.at == before {
                self.is_whole = false;
                self.at += rest.chars().next().map_or(1, char::len_utf8);
            }
        }
        Ok(Statement::Test(words))
    }

    /// Redirections behind a compound command.
    fn redirections(&mut self) -> Read<Option<Word>> {
        let mut simple = empty(self);
        loop {
            self.skip_blanks();
            if !self.redirection(&mut simple)? {
                return Ok(simple.input);
            }
        }
    }

    fn simple(&mut self) -> Read<Option<Statement>> {
        let start = self.at;
        self.previous_end = start;
        let mut simple = empty(self);
        let mut end = start;
        loop {
            self.skip_blanks();
            let Some(byte) = self.byte(0) else { break };
            if byte == b'\n' || (b";|)".contains(&byte)) || (byte == b'&' && !self.starts("&>")) {
                break;
            }
            if byte == b'(' {
                if let Some(array) = self.declared_array(&mut simple)? {
                    simple.arrays.push(array);
                    end = self.at;
                    continue;
                }
                if let [name] = simple.words.as_slice()
                    && simple.assignments.is_empty()
                {
                    let name = self.text.get(start..end).filter(|_| !name.quoted).unwrap_or_default().to_owned();
                    self.at += 1;
                    self.skip_blanks();
                    if self.eat(")") {
                        if name_length(&name) != name.len() {
                            self.refuse(Lesser::All, start);
                        }
                        return self.function(name);
                    }
                }
                self.is_whole = false;
                break;
            }
            let before = self.at;
            if !self.redirection(&mut simple)? {
                if let Some(assignment) = self.assignment(simple.words.is_empty())? {
                    simple.assignments.push(assignment);
                } else {
                    let word = self.word()?;
                    simple.words.push(word);
                }
            }
            if self.at == before {
                break;
            }
            end = self.at;
        }
        if simple.words.is_empty() && simple.assignments.is_empty() && end == start {
            return Ok(None);
        }
        simple.place = self.place(start..end);
        Ok(Some(Statement::Simple(simple)))
    }

    /// `NAME=value`, where assignments may stand. `export NAME=( … )` is read as words.
    fn assignment(&mut self, may_stand: bool) -> Read<Option<Assignment>> {
        let rest = self.rest();
        let length = name_length(rest);
        if !may_stand || length == 0 {
            return Ok(None);
        }
        let mut at = length;
        let indexed = rest.as_bytes().get(at) == Some(&b'[');
        if indexed {
            match rest.find(']') {
                Some(close) if !rest[..close].contains([' ', '\n', '$', '"']) => at = close + 1,
                _ => return Ok(None),
            }
        }
        let behind = rest.get(at..).unwrap_or_default();
        let appends = behind.starts_with("+=");
        if !appends && !behind.starts_with('=') {
            return Ok(None);
        }
        let name = rest.get(..length).unwrap_or_default().to_owned();
        self.at += at + 1 + usize::from(appends);
        self.previous_end = self.at;
        let value = if self.starts("(") { Assigned::Array(self.array()?) } else { Assigned::Word(self.word()?) };
        Ok(Some(Assignment { name, indexed, appends, value }))
    }

    /// `declare -a NAME=( … )`, whose name was taken for a word.
    fn declared_array(&mut self, simple: &mut Simple) -> Read<Option<Assignment>> {
        let written = self.text.get(..self.at).unwrap_or_default();
        let word = written.rsplit(|c: char| c.is_whitespace()).next().unwrap_or_default();
        let Some(name) = word.strip_suffix('=') else { return Ok(None) };
        let (name, appends) = name.strip_suffix('+').map_or((name, false), |name| (name, true));
        if simple.words.len() < 2 || name.is_empty() || name_length(name) != name.len() {
            return Ok(None);
        }
        simple.words.pop();
        let value = Assigned::Array(self.array()?);
        Ok(Some(Assignment { name: name.to_owned(), indexed: false, appends, value }))
    }

    fn array(&mut self) -> Read<Vec<Word>> {
        self.refuse(Lesser::All, self.at);
        self.at += 1;
        self.previous_end = self.at;
        let mut words = Vec::new();
        loop {
            self.skip_lines();
            match self.byte(0) {
                None => {
                    self.is_whole = false;
                    break;
                }
                Some(b')') => {
                    self.at += 1;
                    break;
                }
                Some(_) => {
                    let before = self.at;
                    words.push(self.word()?);
                    if self.at == before {
                        self.is_whole = false;
                        self.at += 1;
                    }
                }
            }
        }
        Ok(words)
    }

    /// Takes a redirection with its target, if one stands here.
    fn redirection(&mut self, simple: &mut Simple) -> Read<bool> {
        let start = self.at;
        let digits = self.rest().bytes().take_while(u8::is_ascii_digit).count();
        let number = self.rest().get(..digits).unwrap_or_default();
        self.at += digits;
        let both = digits == 0 && self.starts("&>");
        self.at += usize::from(both);
        let is_file = matches!(self.byte(0), Some(b'<' | b'>')) && self.byte(1) != Some(b'(');
        if !is_file {
            self.at = start;
            return Ok(false);
        }
        let operators = ["<<<", "<<-", "<<", "<>", "<&", "<", ">>", ">|", ">&", ">"];
        let operator = operators.into_iter().find(|operator| self.starts(operator)).unwrap_or(">");
        self.at += operator.len();
        if operator == "<<<" {
            self.refuse(Lesser::All, start);
        }
        simple.joined |= both;
        while matches!(self.byte(0), Some(b' ' | b'\t')) {
            self.at += 1;
        }
        let is_word = self.byte(0).is_some_and(|byte| {
            let substitution = matches!(byte, b'<' | b'>') && self.byte(1) == Some(b'(');
            substitution || (!byte.is_ascii_whitespace() && !b";&|<>()".contains(&byte))
        });
        let is_output = operator.starts_with('>') && (both || matches!(number, "" | "1"));
        simple.redirected |= is_output;
        if !is_word {
            return Ok(true);
        }
        let from = self.at;
        let target = self.word()?;
        match operator {
            "<<" | "<<-" => {
                let written = self.text.get(from..self.at).unwrap_or_default();
                let end = written.chars().filter(|c| !matches!(c, '\'' | '"' | '\\')).collect();
                self.heredocs.push(Heredoc { end, strip_tabs: operator == "<<-" });
            }
            "<" if matches!(number, "" | "0") => simple.input = Some(target),
            ">" | ">>" | ">|" if is_output => simple.output = Some(target),
            ">&" if target.text().is_some_and(|text| text != "-" && text.parse::<u32>().is_err()) => {
                self.refuse(Lesser::Dash, start);
            }
            _ => {}
        }
        Ok(true)
    }
}

fn empty(scanner: &Scanner) -> Simple {
    let at = scanner.at;
    Simple {
        assignments: Vec::new(),
        words: Vec::new(),
        arrays: Vec::new(),
        redirected: false,
        input: None,
        output: None,
        joined: false,
        place: scanner.place(at..at),
    }
}

/// Whether a word of the grammar ends the list in front of it.
fn closes(word: &str) -> bool {
    matches!(word, "then" | "elif" | "else" | "fi" | "do" | "done" | "esac" | "}")
}
