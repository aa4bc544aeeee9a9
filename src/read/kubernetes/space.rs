//! One range of addresses for the texts of many files.
//!
//! What a cluster runs is put together from several files: a template and its values, a base and what
//! patches it. While they are joined, every byte has an address in one space; the places that come out
//! are turned back into a file and its bytes at the end.

use std::collections::BTreeMap;

use crate::source::{FileId, Files, Located, Place, Span, Word};

use super::super::{Command, HealthCheck, Unit, Variable};

/// The addresses of all files that describe a cluster.
pub(in crate::read) struct Space {
    /// Where each file begins, in order.
    starts: Vec<(usize, usize, FileId)>,
    by_file: BTreeMap<FileId, usize>,
}

impl Space {
    /// Lays out the texts of `members` one behind the other.
    pub(in crate::read) fn new(files: &Files, members: impl IntoIterator<Item = FileId>) -> Self {
        let mut space = Self { starts: Vec::new(), by_file: BTreeMap::new() };
        let mut at = 0;
        for file in members {
            let length = files.get(file).text().len();
            space.starts.push((at, at + length, file));
            space.by_file.insert(file, at);
            // A gap, so that the end of one file is not the beginning of the next.
            at += length + 1;
        }
        space
    }

    /// The address of the first byte of `file`.
    pub(in crate::read) fn start(&self, file: FileId) -> usize {
        self.by_file.get(&file).copied().unwrap_or_default()
    }

    /// Whether the bytes of `file` have addresses.
    pub(super) fn holds(&self, file: FileId) -> bool {
        self.by_file.contains_key(&file)
    }

    /// The file and the bytes at an address; a span over several files ends with the first.
    pub(in crate::read) fn place(&self, span: Span) -> Option<Place> {
        let index = self.starts.partition_point(|&(start, ..)| start <= span.start).checked_sub(1)?;
        let &(start, end, file) = self.starts.get(index)?;
        let local = |at: usize| at.min(end).saturating_sub(start);
        Some(Place::new(file, Span::new(local(span.start), local(span.end.max(span.start)))))
    }

    fn settle(&self, place: &mut Place) {
        if let Some(found) = self.place(place.span) {
            *place = found;
        }
    }

    fn word(&self, word: &mut Word) {
        self.settle(&mut word.place);
        self.settle(&mut word.removal);
    }

    fn located<T>(&self, located: Option<&mut Located<T>>) {
        if let Some(located) = located {
            self.settle(&mut located.place);
        }
    }

    fn variable(&self, variable: &mut Variable) {
        self.settle(&mut variable.place);
        if let Some(word) = &mut variable.value {
            self.word(word);
        }
    }

    fn command(&self, command: Option<&mut Command>) {
        if let Some(command) = command {
            self.settle(&mut command.place);
            command.simple.iter_mut().flatten().for_each(|word| self.word(word));
            for lexed in &mut command.words {
                self.word(&mut lexed.word);
                let whole = lexed.word.place;
                lexed.content.settle(whole.span, &|span| {
                    self.place(span).filter(|place| place.file == whole.file).map(|place| place.span)
                });
            }
        }
    }

    fn check(&self, check: &mut HealthCheck) {
        self.settle(&mut check.place);
        self.located(check.interval.as_mut());
        self.located(check.timeout.as_mut());
        self.located(check.failures.as_mut());
        self.located(check.start_period.as_mut());
        self.located(check.path.as_mut());
        self.located(check.port.as_mut());
        self.command(check.command.as_mut());
    }

    /// Turns the addresses in a unit into places.
    pub(super) fn unit(&self, unit: &mut Unit) {
        self.settle(&mut unit.place);
        self.command(unit.entrypoint.as_mut());
        self.command(unit.command.as_mut());
        unit.environment.iter_mut().for_each(|variable| self.variable(variable));
        unit.open_sets.iter_mut().for_each(|set| self.located(set.name.as_mut()));
        self.located(unit.working_folder.as_mut());
        self.located(unit.image.as_mut());
        self.located(unit.user.as_mut());
        self.located(unit.variant.as_mut());
        self.located(unit.stop_delay.as_mut());
        unit.health.iter_mut().for_each(|check| self.check(check));
        unit.mounted.iter_mut().for_each(|mounted| self.located(Some(mounted)));
        let container = &mut unit.container;
        let held = [&mut container.drain, &mut container.read_only, &mut container.tls];
        let led = [&mut container.service, &mut container.exposed];
        for place in held.into_iter().chain(led).flatten() {
            self.settle(place);
        }
        self.located(container.edge.as_mut().map(|edge| &mut edge.idle));
        let limits = &mut unit.limits;
        self.located(limits.cpus.as_mut());
        self.located(limits.memory.as_mut());
        self.located(limits.stop_grace.as_mut());
        self.located(limits.replicas.as_mut());
        self.located(limits.cpu_request.as_mut());
        self.located(limits.memory_request.as_mut());
        if let Some(autoscaler) = &mut limits.autoscaler {
            self.settle(&mut autoscaler.place);
            self.located(autoscaler.least.as_mut());
            self.located(autoscaler.most.as_mut());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_lead_back_to_files() {
        let mut files = Files::new();
        let a = files.add("a", "abc");
        let b = files.add("b", "defg");
        let space = Space::new(&files, [a, b]);
        let text = |span| files.text_at(space.place(span).unwrap());
        assert_eq!(text(Span::new(1, 3)), "bc");
        assert_eq!(text(Span::new(space.start(b) + 1, space.start(b) + 3)), "ef");
        assert_eq!(text(Span::new(2, space.start(b) + 2)), "c");
        assert_eq!(space.place(Span::new(3, 3)), Some(Place::new(a, Span::new(3, 3))));
        assert_eq!(space.place(Span::new(900, 901)), Some(Place::new(b, Span::new(4, 4))));
    }
}
