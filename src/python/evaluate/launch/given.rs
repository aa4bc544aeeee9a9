//! Functions that somebody else is given to call: the target of a process, the main function of a loop.
//!
//! Decides which functions of libraries call what they are given, and with which of their own arguments. When
//! that happens does not matter here.

use std::rc::Rc;

use crate::source::Span;

use super::super::call::Arguments;
use super::super::cell::{Cell, Thing};
use super::super::run::{Run, Step};

/// Where the function and its arguments are among those of the call.
#[derive(Clone, Copy)]
enum Way {
    /// The function is at this position, and what is behind it is for the function; what is given by name as well,
    /// if that is the second.
    Behind(usize, bool),
    /// `target=`, `args=` and `kwargs=`.
    Target,
}

fn way(name: &str) -> Option<Way> {
    Some(match name {
        "anyio.run" | "trio.run" | "curio.run" | "anyio.to_thread.run_sync" | "trio.to_thread.run_sync" => {
            Way::Behind(0, false)
        }
        "asyncio.to_thread" | "starlette.concurrency.run_in_threadpool" | "fastapi.concurrency.run_in_threadpool" => {
            Way::Behind(0, true)
        }
        "multiprocessing.Process" | "multiprocessing.context.Process" | "threading.Thread" => Way::Target,
        _ => return None,
    })
}

/// The same of a method, whatever its object is.
fn way_of_method(name: &str) -> Option<Way> {
    Some(match name {
        "start_soon" => Way::Behind(0, false),
        "submit" => Way::Behind(0, true),
        "run_in_executor" => Way::Behind(1, false),
        "Process" | "Thread" => Way::Target,
        _ => return None,
    })
}

/// Whether a function of a library calls what it is given.
pub(super) fn passes(name: &str) -> bool {
    way(name).is_some()
}

impl<'a> Run<'a, '_> {
    /// Calls the function that a call from outside was given to run.
    pub(super) fn call_given(&mut self, name: &str, arguments: &Arguments<'a>, at: Span) -> Step<()> {
        let Some(way) = way(name) else { return Ok(()) };
        self.call_on(way, arguments, at)
    }

    /// The same for a method of something that is not followed.
    pub(in super::super) fn call_given_by_method(
        &mut self,
        callee: &Cell<'a>,
        method: &str,
        arguments: &Arguments<'a>,
        at: Span,
    ) -> Step<()> {
        let named = matches!(&callee.thing, Thing::Dotted(name) if passes(name));
        match way_of_method(method).filter(|_| self.witness.is_some() && !named) {
            Some(way) => self.call_on(way, arguments, at),
            None => Ok(()),
        }
    }

    fn call_on(&mut self, way: Way, arguments: &Arguments<'a>, at: Span) -> Step<()> {
        let target = match way {
            Way::Behind(index, _) => arguments.positional.get(index),
            Way::Target => arguments.get(1, "target"),
        };
        let Some(target) = target.cloned() else { return Ok(()) };
        let is_dotted = matches!(target.thing, Thing::Dotted(_));
        if !is_dotted && !matches!(target.thing, Thing::Function(_) | Thing::Made(..)) {
            return Ok(());
        }
        let mut given = Arguments { open: arguments.open, ..Arguments::default() };
        match way {
            Way::Behind(index, named) => {
                given.positional.extend(arguments.positional.iter().skip(index + 1).cloned());
                if named {
                    given.named.clone_from(&arguments.named);
                }
            }
            Way::Target => {
                if let Some(more) = arguments.get(3, "args").cloned() {
                    match self.iterate(&more, at)? {
                        Some(items) => given.positional = items,
                        None => given.open = true,
                    }
                }
                match arguments.get(4, "kwargs").map(|cell| &cell.thing) {
                    None | Some(Thing::None) => {}
                    Some(Thing::Dict(id)) => {
                        for (key, value) in self.entries(*id).unwrap_or_default() {
                            match &key.thing {
                                Thing::Str(key) => given.named.push((Rc::clone(key), value.clone())),
                                _ => given.open = true,
                            }
                        }
                    }
                    Some(_) => given.open = true,
                }
            }
        }
        if given.open && !is_dotted {
            return Ok(());
        }
        let offset = match way {
            Way::Behind(index, _) => Some(index + 1),
            Way::Target => None,
        };
        if is_dotted {
            return self.with_offset(offset, |run| run.call_cell(&target, given, at)).map(|_| ());
        }
        // A thread may run as long as the program does, which says nothing about what comes behind its start.
        self.apart(|run| run.call_cell(&target, given, at).map(|_| ())).map(|_| ())
    }

    /// `functools.partial(function, ...)` is called.
    pub(in super::super) fn call_partial(
        &mut self,
        held: &Arguments<'a>,
        mut arguments: Arguments<'a>,
        at: Span,
    ) -> Step<Cell<'a>> {
        let Some((function, first)) = held.positional.split_first() else {
            return Ok(Cell::unknown("a partial function without a function"));
        };
        let shifted = !first.is_empty();
        arguments.positional.splice(0..0, first.iter().cloned());
        for (name, cell) in &held.named {
            if arguments.named(name).is_none() {
                arguments.named.push((Rc::clone(name), cell.clone()));
            }
        }
        arguments.open |= held.open;
        let function = function.clone();
        if matches!(function.thing, Thing::Dotted(_)) && shifted {
            return self.with_offset(None, |run| run.call_cell(&function, arguments, at));
        }
        self.call_cell(&function, arguments, at)
    }

    /// Calls something outside the project whose arguments stand elsewhere than in the brackets of the call.
    fn with_offset<T>(&mut self, offset: Option<usize>, call: impl FnOnce(&mut Self) -> T) -> T {
        let before = self.witness.as_ref().and_then(|witness| witness.offset);
        let now = before.zip(offset).map(|(before, offset)| before + offset);
        if let Some(witness) = &mut self.witness {
            witness.offset = now;
        }
        let result = call(self);
        if let Some(witness) = &mut self.witness {
            witness.offset = before;
        }
        result
    }
}
