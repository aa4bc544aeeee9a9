//! Where the settings state what production is like.
//!
//! Decides how to name the origin of a fact, the same wherever it counts, so that whoever reads of a number is led to
//! its line.

use crate::settings::{Loaded, Spot};

/// A fact and the line that states it.
#[derive(Debug, Clone)]
pub struct Origin {
    /// How a number that comes from there names it: `host.cpus, farrier.toml`.
    pub source: String,
    /// The key and its value.
    pub spot: Spot,
    path: String,
}

/// All facts of the settings.
pub(super) fn all(loaded: &Loaded) -> Vec<Origin> {
    let named = |(path, spot): (String, Spot)| Origin { source: format!("{path}, {}", spot.name), spot, path };
    loaded.facts().into_iter().map(named).collect()
}

/// How to name the origin of the fact at `path`.
pub(super) fn source(origins: &[Origin], path: &str) -> String {
    let stated = origins.iter().find(|origin| origin.path == path);
    stated.map_or_else(|| path.to_owned(), |origin| origin.source.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings;

    #[test]
    fn a_fact_is_named_by_the_file_that_states_it() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write("shared.toml", "[host]\ncpus = 2\nmemory = \"1GiB\"\n[host.staging]\ncpus = 1\n");
        write("farrier.toml", "extend = \"shared.toml\"\ntraffic = { concurrency = 5 }\n[host]\ncpus = 4\n");
        let loaded = settings::load(folder.path()).unwrap();
        let origins = all(&loaded);
        for (path, named, text) in [
            ("host.cpus", "host.cpus, farrier.toml", "cpus = 4"),
            ("host.memory", "host.memory, shared.toml", "memory = \"1GiB\""),
            ("host.staging.cpus", "host.staging.cpus, shared.toml", "cpus = 1"),
            ("traffic.concurrency", "traffic.concurrency, farrier.toml", "concurrency = 5"),
        ] {
            assert_eq!(source(&origins, path), named);
            let spot = &origins.iter().find(|origin| origin.path == path).unwrap().spot;
            assert_eq!(&spot.text[spot.span.start..spot.span.end], text);
        }
    }
}
