//! `farrier advise --ask`: one question for each group of settings that go together.

use std::io::{BufRead, Write};

use farrier::sizing::{Advice, Amount, Item, Verdict};

use super::Failure;

/// Settings that make sense together only, by the name of their group.
const GROUPS: [(&str, &[&str]); 3] = [
    (
        "processes, threads and connections",
        &[
            "worker_class",
            "workers",
            "processes",
            "threads",
            "blocking_threads",
            "worker_connections",
            "runtime_threads",
            "backpressure",
            "cheaper",
        ],
    ),
    (
        "timeouts",
        &[
            "timeout",
            "graceful_timeout",
            "timeout_graceful_shutdown",
            "workers_kill_timeout",
            "keepalive",
            "timeout_keep_alive",
            "keep_alive_timeout",
            "worker_tmp_dir",
            "stop_grace_period",
            "terminationGracePeriodSeconds",
            "TimeoutStopSec",
            "stopwaitsecs",
            "time until the kill",
        ],
    ),
    ("recycling of workers", &["max_requests", "max_requests_jitter"]),
];

/// What the user wants of the advice about all services.
pub(super) struct Asked<R, W> {
    answers: R,
    questions: W,
    /// Whether the user has had enough.
    quit: bool,
}

impl<R: BufRead, W: Write> Asked<R, W> {
    pub(super) const fn new(answers: R, questions: W) -> Self {
        Self { answers, questions, quit: false }
    }

    /// `advice` with those of its items that the user agrees to, with the values that the user wants.
    pub(super) fn agreed(&mut self, title: &str, advice: &Advice) -> Result<Advice, Failure> {
        let mut agreed = Advice { items: Vec::new(), ..advice.clone() };
        for (name, settings) in GROUPS {
            let open = |item: &&Item| !matches!(item.verdict, Verdict::InRange | Verdict::Consider);
            let of = |item: &&Item| settings.contains(&item.setting);
            let mut items: Vec<Item> = advice.items.iter().filter(open).filter(of).cloned().collect();
            if items.is_empty() || self.quit {
                continue;
            }
            self.say(&format!("\n{title}: {name}\n"))?;
            for item in &items {
                self.say(&format!("  {item}\n"))?;
            }
            if self.wants(advice, &mut items)? {
                agreed.items.append(&mut items);
            }
        }
        self.elsewhere(title, advice)?;
        Ok(agreed)
    }

    /// Tells what no setting of the server decides, so that there is nothing to write.
    fn elsewhere(&mut self, title: &str, advice: &Advice) -> Result<(), Failure> {
        let grouped = |item: &Item| GROUPS.iter().any(|(_, settings)| settings.contains(&item.setting));
        let open = |item: &&Item| item.verdict == Verdict::Change && !grouped(item);
        for (at, item) in advice.items.iter().filter(open).enumerate() {
            if at == 0 {
                self.say(&format!("\n{title}: what is set around the server, and not written\n"))?;
            }
            self.say(&format!("  {item}\n"))?;
        }
        Ok(())
    }

    /// Whether the user wants these items, perhaps with other values.
    fn wants(&mut self, advice: &Advice, items: &mut [Item]) -> Result<bool, Failure> {
        loop {
            self.say("write it? [y]es, [n]o, [e]dit, [w]hy, [q]uit: ")?;
            match self.answer()?.as_deref().map(str::trim) {
                Some("y" | "yes") => return Ok(true),
                Some("n" | "no") => return Ok(false),
                Some("e" | "edit") => {
                    self.edit(items)?;
                    return Ok(true);
                }
                Some("w" | "why") => {
                    for step in &advice.steps {
                        self.say(&format!("  {}\n", step.text))?;
                    }
                    for line in &advice.sensitivity {
                        self.say(&format!("  {line}\n"))?;
                    }
                }
                None | Some("q" | "quit") => {
                    self.quit = true;
                    return Ok(false);
                }
                Some(_) => {}
            }
        }
    }

    /// Asks for each number; an empty answer takes the advice, and one outside its range has to be given twice.
    fn edit(&mut self, items: &mut [Item]) -> Result<(), Failure> {
        for item in items.iter_mut().filter(|item| item.verdict != Verdict::Remove) {
            let number = |text: &str| text.parse::<u32>().ok().filter(|n| *n > 0);
            let make: fn(u32) -> Amount = match item.target {
                Amount::Count(_) => Amount::Count,
                Amount::Seconds(_) => Amount::Seconds,
                Amount::Class(_) | Amount::Named(_) | Amount::Open | Amount::Path(_) => continue,
            };
            let mut doubted = None;
            loop {
                self.say(&format!("  {} [{}]: ", item.setting, item.target))?;
                let answer = self.answer()?;
                let Some(text) = answer.as_deref().map(str::trim).filter(|text| !text.is_empty()) else { break };
                let Some(n) = number(text) else { continue };
                let upper = item.upper.whole().unwrap_or(u32::MAX);
                if item.lower.whole().is_none_or(|lower| (lower..=upper).contains(&n)) || doubted == Some(n) {
                    item.target = make(n);
                    break;
                }
                doubted = Some(n);
                let Item { lower, upper, binding, .. } = item;
                self.say(&format!("  {n} is outside {lower} to {upper} ({binding}); once more writes it\n"))?;
            }
        }
        Ok(())
    }

    fn say(&mut self, text: &str) -> Result<(), Failure> {
        let said = self.questions.write_all(text.as_bytes()).and_then(|()| self.questions.flush());
        said.map_err(|error| Failure::Usage(format!("nobody can be asked: {error}")))
    }

    /// The next line; `None` at the end.
    fn answer(&mut self) -> Result<Option<String>, Failure> {
        let mut line = String::new();
        let read = self.answers.read_line(&mut line);
        let read = read.map_err(|error| Failure::Usage(format!("the answer cannot be read: {error}")))?;
        Ok((read > 0).then_some(line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use farrier::findings::Confidence;
    use farrier::sizing::{Class, Inputs, Known, recommend};
    use farrier::values::Cpus;

    fn advice() -> Advice {
        let mut inputs = Inputs::new("gunicorn", Known::certain(Class::Gthread, "test"));
        inputs.cpus = Some(Known::new(Cpus(2.0), "test", Confidence::High));
        inputs.configured.workers = Some(Known::certain(12, "a.py:1"));
        inputs.configured.threads = Some(Known::certain(500, "a.py:2"));
        recommend(&inputs)
    }

    fn answered(answers: &str) -> (Vec<(String, Amount)>, String) {
        let mut questions = Vec::new();
        let mut asked = Asked::new(answers.as_bytes(), &mut questions);
        let agreed = asked.agreed("app", &advice()).ok().unwrap();
        let items = agreed.items.iter().map(|item| (item.setting.to_owned(), item.target)).collect();
        (items, String::from_utf8(questions).unwrap())
    }

    #[test]
    fn only_what_is_agreed_to_is_left() {
        let (items, questions) = answered("y\n");
        assert_eq!(items.len(), 2, "{questions}");
        assert!(questions.contains("workers: 12 now (a.py:1): set 2"), "{questions}");
        assert!(answered("n\n").0.is_empty());
        assert!(answered("q\n").0.is_empty());
        // The end of the input is no agreement.
        assert!(answered("").0.is_empty());
    }

    #[test]
    fn what_is_set_around_the_server_is_told() {
        let mut questions = Vec::new();
        let mut around = advice();
        let kill = around.items.iter().find(|item| item.setting == "workers").cloned().unwrap();
        around.items.push(Item { setting: "thread_limiter", ..kill });
        let agreed = Asked::new("y\n".as_bytes(), &mut questions).agreed("app", &around).ok().unwrap();
        assert_eq!(agreed.items.len(), 2);
        let questions = String::from_utf8(questions).unwrap();
        assert!(questions.contains("not written\n  thread_limiter: 12 now"), "{questions}");
    }

    #[test]
    fn why_prints_the_derivation_and_asks_again() {
        let (items, questions) = answered("what\nw\ny\n");
        assert_eq!(items.len(), 2);
        assert!(questions.contains("cores carry"), "{questions}");
    }

    #[test]
    fn numbers_may_be_others() {
        let (items, _) = answered("e\n3\nmany\n\n");
        assert_eq!(items[0], ("workers".to_owned(), Amount::Count(3)));
        assert_eq!(items[1].1, advice().item("threads").unwrap().target);
    }

    #[test]
    fn a_number_outside_its_range_is_given_twice() {
        let (items, questions) = answered("e\n99\n99\n\n");
        assert_eq!(items[0], ("workers".to_owned(), Amount::Count(99)));
        assert!(questions.contains("99 is outside 2 to 5 (cpu); once more writes it"), "{questions}");
        let (items, _) = answered("e\n99\n2\n\n");
        assert_eq!(items[0], ("workers".to_owned(), Amount::Count(2)));
    }
}
