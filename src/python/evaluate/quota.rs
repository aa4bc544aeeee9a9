//! The files in which the kernel states the CPU limit of a container.
//!
//! Decides what reading `/sys/fs/cgroup/cpu.max` (cgroup v2) gives where a limit is declared, so that a
//! configuration that asks for its limit has the number that it would have there. What else lies below
//! `/sys/fs/cgroup` is unknown, but whoever looks there does not count the cores of the machine alone.

use std::rc::Rc;

use crate::source::Span;

use super::call::Arguments;
use super::cell::{Cell, Dep, Deps, Thing};
use super::operators::Calc;
use super::run::{Run, Step};

/// The limit of the innermost group: `200000 100000` for two cores, microseconds per period, or `max 100000`.
const CPU_MAX: &str = "/sys/fs/cgroup/cpu.max";

/// The period that container engines set.
const PERIOD: f64 = 100_000.0;

/// What `open` gives of such a file.
const FILE: &str = "a file of the control group";

/// Whether a path leads to what the kernel says of control groups.
fn is_of_groups(path: &str) -> bool {
    path.starts_with("/sys/fs/cgroup") || path == "/proc/self/cgroup" || path == "/proc/1/cgroup"
}

fn path_in<'c>(cell: Option<&'c Cell<'_>>) -> Option<&'c str> {
    match &cell?.thing {
        Thing::Str(path) | Thing::Path(path) => Some(path.as_ref()).filter(|path| is_of_groups(path)),
        _ => None,
    }
}

impl<'a> Run<'a, '_> {
    /// `open`, `os.path.exists` or a method of a path that looks at control groups; `None` for all others.
    pub(super) fn look_at_groups(&mut self, name: &str, arguments: &Arguments<'a>, at: Span) -> Option<Step<Cell<'a>>> {
        let path = path_in(arguments.positional.first())?;
        let deps = Deps::one(Dep::Quota(path.into()));
        let known = self.limit().filter(|_| path == CPU_MAX);
        let calc = match (name, known) {
            (
                "open"
                | "io.open"
                | "pathlib.Path.open"
                | "pathlib.Path.read_text"
                | "os.path.exists"
                | "os.path.isfile"
                | "pathlib.Path.exists"
                | "pathlib.Path.is_file",
                None,
            ) => Calc::Unknown("what the kernel says of control groups"),
            ("open" | "io.open" | "pathlib.Path.open", Some(_)) => {
                Calc::Is(Thing::Made(FILE.into(), Rc::new(Arguments::default())))
            }
            ("pathlib.Path.read_text", Some(text)) => Calc::Is(Thing::Str(text.into())),
            (_, Some(_)) if name.starts_with("os.path.") || name.starts_with("pathlib.Path.") => {
                Calc::Is(Thing::Bool(true))
            }
            _ => return None,
        };
        let rests = Cell::new(Thing::None).with_deps(&deps);
        Some(self.settle(calc, &[&rests], at))
    }

    /// A method of the open file.
    pub(super) fn read_group(&mut self, receiver: &Cell<'a>, method: &str, at: Span) -> Option<Step<Cell<'a>>> {
        if !is_group_file(receiver) {
            return None;
        }
        let calc = match (method, self.limit()) {
            ("read" | "readline", Some(text)) => Calc::Is(Thing::Str(text.into())),
            ("close", _) => Calc::Is(Thing::None),
            _ => Calc::Unknown("what the kernel says of control groups"),
        };
        Some(self.settle(calc, &[receiver], at))
    }

    /// What the file of the limit holds.
    fn limit(&self) -> Option<String> {
        let cores = self.inputs.quota?.0;
        (cores > 0.0).then(|| format!("{:.0} {PERIOD:.0}\n", cores * PERIOD))
    }
}

/// Whether it is the file of the limit, opened.
pub(super) fn is_group_file(cell: &Cell<'_>) -> bool {
    matches!(&cell.thing, Thing::Made(what, _) if what.as_ref() == FILE)
}
