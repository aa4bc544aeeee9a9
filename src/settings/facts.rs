//! Facts about production that no file of the project shows: the machine, the proxy, the database, the load.
//!
//! Each table may hold further tables, one for each environment (`[host.staging]`): what one of them says
//! counts there, and what it leaves out the plain table says.

use std::collections::BTreeMap;

use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};

use super::{Cores, Memory};

/// A table, and those of the environments in it.
#[derive(Debug, Clone, Default)]
pub struct Environments<T> {
    /// What counts everywhere.
    pub plain: T,
    /// What counts in one environment, by its name.
    pub named: BTreeMap<String, T>,
}

/// Facts of which some may be missing.
pub trait Facts: Default + Clone {
    /// The same, with those of `base` where this one says nothing.
    #[must_use]
    fn or(&self, base: &Self) -> Self;
}

impl<T: Facts> Environments<T> {
    /// What counts in the environment `name`.
    pub fn in_environment(&self, name: &str) -> T {
        self.named.get(name).map_or_else(|| self.plain.clone(), |named| named.or(&self.plain))
    }

    /// How a value is written that counts there: `host.staging.cpus`.
    pub fn path(&self, table: &str, environment: &str, key: &str, own: impl Fn(&T) -> bool) -> String {
        match self.named.get(environment).filter(|named| own(named)) {
            Some(_) => format!("{table}.{environment}.{key}"),
            None => format!("{table}.{key}"),
        }
    }
}

impl<'de, T: Default + DeserializeOwned> Deserialize<'de> for Environments<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (named, plain): (toml::Table, toml::Table) =
            toml::Table::deserialize(deserializer)?.into_iter().partition(|(_, value)| value.is_table());
        let read =
            |table: toml::Table| T::deserialize(toml::Value::Table(table)).map_err(|e| D::Error::custom(e.message()));
        let named = named.into_iter().map(|(name, value)| match value {
            toml::Value::Table(table) => Ok((name, read(table)?)),
            _ => Err(D::Error::custom("no table")),
        });
        Ok(Self { named: named.collect::<Result<_, _>>()?, plain: read(plain)? })
    }
}

/// Facts of which each is there or not; one that is not is taken from another set.
macro_rules! facts {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $field:ident: $kind:ty,)* }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Default, PartialEq, Deserialize)]
        #[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
        pub struct $name {
            $($(#[$doc])* pub $field: Option<$kind>,)*
        }

        impl Facts for $name {
            fn or(&self, base: &Self) -> Self {
                Self { $($field: self.$field.or(base.$field),)* }
            }
        }
    };
}

facts! {
    /// The machine, or the container, that one copy of the service runs in.
    Host {
        /// Cores that it may use.
        cpus: Cores,
        /// Memory that it may use.
        memory: Memory,
        /// Cores of that for other things under the same limit: side-cars, the system of a small machine.
        reserved_cpus: Cores,
        /// Memory of that for other things under the same limit.
        reserved_memory: Memory,
        /// How many copies run.
        replicas: u32,
        /// Seconds between the signal to stop and the kill.
        kill_after: Duration,
        /// Seconds from the start of a worker until it takes requests.
        boot_time: Duration,
    }
}

facts! {
    /// What passes requests on to the service: a load balancer, an ingress, a router.
    Proxy {
        /// Seconds for which it keeps an idle connection to the service.
        idle_timeout: Duration,
        /// Seconds after which it gives up on a request.
        request_timeout: Duration,
        /// Whether it takes requests and answers in before it passes them on.
        buffers: bool,
        /// Idle connections to one copy of the service that it may keep, all of its own copies together.
        connections: u32,
    }
}

facts! {
    /// The database that the service asks.
    Database {
        /// Connections that its server allows.
        max_connections: u32,
        /// How many of them are for others.
        reserved: u32,
        /// Whether a pooler such as `PgBouncer` stands in between.
        pooler: bool,
    }
}

facts! {
    /// The requests that come, to all copies of the service together.
    Traffic {
        /// How many a second.
        requests_per_second: Rate,
        /// How many are in flight together at the peak.
        concurrency: u32,
        /// Seconds that the longest may take.
        longest_request: Duration,
        /// Seconds within which 99 of 100 are to be answered.
        latency: Duration,
    }
}

/// A positive number of something a second.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Deserialize)]
#[serde(try_from = "f64")]
pub struct Rate(pub f64);

impl TryFrom<f64> for Rate {
    type Error = String;

    fn try_from(rate: f64) -> Result<Self, String> {
        let fits = rate.is_finite() && rate > 0.0;
        fits.then_some(Self(rate)).ok_or_else(|| format!("{rate} is no rate, which is above 0"))
    }
}

/// A number of seconds, not negative.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Deserialize)]
#[serde(try_from = "f64")]
pub struct Duration(pub f64);

impl TryFrom<f64> for Duration {
    type Error = String;

    fn try_from(seconds: f64) -> Result<Self, String> {
        let fits = seconds.is_finite() && seconds >= 0.0;
        fits.then_some(Self(seconds)).ok_or_else(|| format!("{seconds} is no number of seconds"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read<T: Default + DeserializeOwned>(text: &str) -> Result<Environments<T>, String> {
        #[derive(Deserialize)]
        #[serde(bound = "T: Default + DeserializeOwned")]
        struct All<T> {
            it: Environments<T>,
        }
        toml::from_str::<All<T>>(text).map(|all| all.it).map_err(|error| error.message().to_owned())
    }

    #[test]
    fn an_environment_says_what_differs() {
        let host = read::<Host>("[it]\ncpus = 2\nkill-after = 30\n[it.staging]\ncpus = 0.5\n").unwrap();
        let staging = host.in_environment("staging");
        assert_eq!(staging.cpus.map(|cores| cores.0.0), Some(0.5));
        assert_eq!(staging.kill_after, Some(Duration(30.0)));
        assert_eq!(host.in_environment("production").cpus.map(|cores| cores.0.0), Some(2.0));
        assert_eq!(host.path("host", "staging", "cpus", |own| own.cpus.is_some()), "host.staging.cpus");
        assert_eq!(host.path("host", "staging", "kill-after", |own| own.kill_after.is_some()), "host.kill-after");
    }

    #[test]
    fn what_is_no_fact_is_refused() {
        assert!(read::<Host>("[it]\ncpu = 2\n").unwrap_err().contains("unknown field `cpu`"));
        assert!(read::<Host>("[it.staging]\ncpus = 0\n").unwrap_err().contains("no number of cores"));
        assert!(read::<Proxy>("[it]\nidle-timeout = -1\n").unwrap_err().contains("no number of seconds"));
        assert!(read::<Traffic>("[it]\nrequests-per-second = 0\n").unwrap_err().contains("above 0"));
        assert!(read::<Database>("[it]\nmax-connections = -5\n").is_err());
    }
}
