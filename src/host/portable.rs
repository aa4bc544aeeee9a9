//! Cores and memory on systems without `/proc`: macOS and Windows, where no quota exists.

use sysinfo::{MemoryRefreshKind, RefreshKind, System};

use super::{Host, Reading, What};
use crate::values::{Bytes, Cpus};

/// What the operating system's own calls say.
pub(super) fn read() -> Host {
    let mut host = Host::default();
    if let Ok(count) = u32::try_from(num_cpus::get()) {
        host.cpus.push(Reading {
            value: Cpus(f64::from(count)),
            file: "the operating system's CPU count".to_owned(),
            raw: count.to_string(),
            what: What::Online,
        });
    }
    let memory = RefreshKind::nothing().with_memory(MemoryRefreshKind::nothing().with_ram());
    let total = System::new_with_specifics(memory).map_or(0, |system| system.total_memory());
    if total > 0 {
        host.memory.push(Reading {
            value: Bytes(total),
            file: "the operating system's memory size".to_owned(),
            raw: total.to_string(),
            what: What::Total,
        });
    }
    host
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_system_has_cores_and_memory() {
        let host = read();
        assert!(host.cpu_limit().is_some_and(|r| r.value.0 >= 1.0));
        assert!(host.memory_limit().is_some_and(|r| r.value > Bytes::mib(64)));
    }
}
