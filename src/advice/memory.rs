//! What one more worker may cost, when nobody has measured it.

use crate::app::{Application, Framework};
use crate::findings::Confidence;
use crate::sizing::{Known, WorkerMemory};
use crate::values::Bytes;

/// Packages whose import alone takes much memory that processes do not share: the module, MiB that it takes at
/// least, and a usual number. The model that is loaded with it comes on top and is not guessed.
const HEAVY: [(&str, u64, u64); 2] = [("torch", 100, 250), ("tensorflow", 150, 400)];

/// An interval of proportional set size for a worker of `application`, from its framework alone.
///
/// The lower ends are measured with an application that does nothing (Gunicorn 27.0.1, `CPython`
/// 3.11: Flask 17 MiB, FastAPI on UvicornWorker 30 MiB) or, for Django, the least of what sites
/// report (80 to 150 MiB). The upper end is the 256 MiB per process that Heroku's Python buildpack
/// plans with. The value between is a guess, and the confidence says so.
pub(super) fn estimated(application: &Application) -> Option<Known<WorkerMemory>> {
    let (low, value) = match application.framework {
        Framework::Flask | Framework::Bottle | Framework::Pyramid | Framework::Falcon => (17, 80),
        Framework::FastApi | Framework::Starlette | Framework::Quart | Framework::Litestar => (30, 100),
        Framework::Django => (80, 120),
        _ => return None,
    };
    let heavy: Vec<_> = HEAVY.iter().filter(|(module, ..)| application.starts_with(module)).collect();
    let more = |of: fn(&(&str, u64, u64)) -> u64| heavy.iter().map(|one| of(one)).sum::<u64>();
    let (low, value) = (low + more(|one| one.1), value + more(|one| one.2));
    let memory = WorkerMemory { low: Bytes::mib(low), value: Bytes::mib(value), high: Bytes::mib(256.max(2 * value)) };
    let names: Vec<&str> = heavy.iter().map(|(module, ..)| *module).collect();
    let with = if names.is_empty() { String::new() } else { format!(" with {}", names.join(" and ")) };
    let source = format!("a guess for {}{with}, not measured", application.framework.name());
    Some(Known::new(memory, source, Confidence::Low))
}
