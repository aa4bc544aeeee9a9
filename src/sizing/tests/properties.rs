//! What must hold for every input of the model.

use proptest::prelude::*;

use super::super::capacity::Rate;
use super::*;

prop_compose! {
    fn inputs()(
        class in prop_oneof![
            Just(Class::Sync), Just(Class::Gthread), Just(Class::Gevent),
            Just(Class::Tornado), Just(Class::EventLoop),
        ],
        cpus in 0.05..64.0_f64,
        blocking in proptest::option::of(0.0..0.99_f64),
        memory in proptest::option::of(64..65_536_u64),
        worker in proptest::option::of((10..2000_u64, 0..100_u64)),
        demand in proptest::option::of(1..2000_u32),
        database in proptest::option::of((1..500_u32, proptest::option::of(1..50_u32))),
        replicas in proptest::option::of(1..20_u32),
        (sync_handlers, recycles, alone) in (any::<bool>(), any::<bool>(), any::<bool>()),
        profile in prop_oneof![Just(Profile::Latency), Just(Profile::Balanced), Just(Profile::Throughput)],
    ) -> Inputs {
        let mut inputs = Inputs::new("gunicorn", known(class));
        inputs.cpus = Some(known(Cpus(cpus)));
        inputs.blocking_fraction = blocking.map(known);
        inputs.memory = memory.map(|m| known(Bytes::mib(m)));
        inputs.per_worker = worker.map(|(value, less)| known(WorkerMemory {
            low: Bytes::mib(value.saturating_sub(less).max(1)),
            value: Bytes::mib(value),
            high: Bytes::mib(value + less),
        }));
        inputs.demand.concurrency = demand.map(known);
        inputs.database = database.map(|(limit, pool)| Database {
            limit: known(limit),
            per_worker: pool.map(known),
        });
        inputs.replicas = replicas.map(known);
        inputs.sync_handlers = sync_handlers;
        inputs.recycles = recycles;
        inputs.one_process = alone.then(|| known("it would happen twice".to_owned()));
        inputs.profile = profile;
        inputs
    }
}

/// The inputs after somebody did what the advice says.
fn follow(inputs: &Inputs, advice: &Advice) -> Inputs {
    let mut next = inputs.clone();
    next.class.value = advice.class;
    let advised = |setting| advice.item(setting).and_then(|i| i.advised().count()).map(known);
    next.configured.workers = advised("workers");
    next.configured.threads = advised("threads");
    // The threads behind plain handlers count as a setting like any other.
    next.thread_tokens = advised("thread_limiter").or(inputs.thread_tokens.clone());
    next.configured.worker_connections = advised("worker_connections");
    next
}

proptest! {
    #[test]
    fn ranges_are_ordered_and_caps_hold(inputs in inputs()) {
        let advice = recommend(&inputs);
        for item in &advice.items {
            if let (Some(low), Some(target), Some(high)) =
                (item.lower.count(), item.target.count(), item.upper.count())
            {
                prop_assert!(1 <= low && low <= target && target <= high, "{item:?}");
            }
        }
        let (_, workers, _) = range(&advice, "workers").unwrap();
        let threads = range(&advice, "threads").map_or(0, |r| r.1);
        if let Some((limit, worker)) = inputs.memory.as_ref().zip(inputs.per_worker.as_ref()) {
            let used = 20.0 + f64::from(workers)
                * (worker.value.value.as_mib() * 1.3 + f64::from(threads));
            prop_assert!(workers == 1 || used <= 0.9 * limit.value.as_mib() + 0.01, "{advice}");
        }
        if let Some(database) = &inputs.database {
            let slots = match advice.class {
                Class::Sync => Some(1),
                Class::Gthread => Some(threads),
                _ => None,
            };
            let pool = database.per_worker.as_ref().map(|p| p.value);
            let each = slots.into_iter().chain(pool).min().unwrap_or(0);
            let replicas = f64::from(inputs.replicas.as_ref().map_or(1, |r| r.value));
            let opens = replicas * f64::from(workers) * f64::from(each);
            prop_assert!(
                workers == 1 && (each <= 1 || slots.is_none_or(|s| s <= 1) || pool == Some(each))
                    || opens <= f64::from(database.limit.value) + 0.01,
                "{opens} {advice}"
            );
        }
    }

    #[test]
    fn following_the_advice_settles_it(inputs in inputs()) {
        let first = recommend(&inputs);
        let next = follow(&inputs, &first);
        let second = recommend(&next);
        prop_assert!(second.is_settled(), "{first}\n{second}");
    }

    #[test]
    fn more_cores_never_mean_fewer_processes(inputs in inputs(), more in 0.0..8.0_f64) {
        let mut larger = inputs.clone();
        larger.cpus = Some(known(Cpus(inputs.cpus.as_ref().unwrap().value.0 + more)));
        let (before, after) = (recommend(&inputs), recommend(&larger));
        // `sync` may turn into fewer processes with threads.
        if before.class == after.class {
            prop_assert!(
                range(&before, "workers").unwrap().1 <= range(&after, "workers").unwrap().1,
                "{before}\n{after}"
            );
        }
    }

    #[test]
    fn more_memory_never_means_fewer_processes(inputs in inputs(), more in 0..8192_u64) {
        let mut larger = inputs.clone();
        larger.memory = inputs.memory.as_ref().map(|m| known(Bytes(m.value.0 + (more << 20))));
        let (before, after) = (recommend(&inputs), recommend(&larger));
        prop_assert!(range(&before, "workers").unwrap().1 <= range(&after, "workers").unwrap().1);
    }

    /// Cores that slots keep busy, each process one at most: what is answered in a second, of which the whole numbers of
    /// another class may cost a little.
    #[test]
    fn more_of_the_machine_never_answers_less(
        inputs in inputs(), more in 0.0..8.0_f64, mebibytes in 0..8192_u64, waits in 0.0..0.95_f64, pooled in any::<bool>(),
    ) {
        let mut inputs = inputs;
        inputs.class.value = if pooled { Class::Gthread } else { Class::Sync };
        inputs.blocking_fraction = Some(known(waits));
        (inputs.database, inputs.demand.concurrency, inputs.one_process) = (None, None, None);
        let cpus = inputs.cpus.as_ref().unwrap().value.0;
        let planned = inputs.profile.utilisation() * cpus;
        let busy = |inputs: &Inputs| {
            let advice = recommend(&follow(inputs, &recommend(inputs)));
            let workers = range(&advice, "workers").map_or(0, |range| range.1);
            match advice.slots_then {
                #[allow(clippy::cast_precision_loss, reason = "a few thousand")]
                Slots::Count(slots) => (slots as f64 * (1.0 - waits)).min(f64::from(workers)).min(planned),
                _ => 0.0,
            }
        };
        let before = busy(&inputs);
        let roomy = Inputs {
            memory: inputs.memory.as_ref().map(|memory| known(Bytes(memory.value.0 + (mebibytes << 20)))),
            ..inputs.clone()
        };
        prop_assert!(busy(&roomy) >= 0.8 * before - 1e-6, "{}\n{}", recommend(&inputs), recommend(&roomy));
        let fast = Inputs { cpus: Some(known(Cpus(cpus + more))), ..inputs.clone() };
        prop_assert!(busy(&fast) >= 0.8 * before - 1e-6, "{}\n{}", recommend(&inputs), recommend(&fast));
    }

    #[test]
    fn more_connections_of_the_database_never_mean_fewer_processes(inputs in inputs(), more in 0..200_u32) {
        let mut larger = inputs.clone();
        if let Some(database) = &mut larger.database {
            database.limit.value += more;
        }
        let (before, after) = (recommend(&inputs), recommend(&larger));
        if before.class == after.class {
            prop_assert!(range(&before, "workers").unwrap().1 <= range(&after, "workers").unwrap().1, "{before}\n{after}");
        }
    }

    /// What is said to bind is what would have to give way for another number; what is not said to bind, would not.
    #[test]
    fn what_binds_decides(inputs in inputs()) {
        let advice = recommend(&inputs);
        let targets = |advice: &Advice| {
            (advice.class, range(advice, "workers").map(|range| range.1), range(advice, "threads").map(|range| range.1))
        };
        let without_memory = recommend(&Inputs { memory: None, ..inputs.clone() });
        let without_database = recommend(&Inputs { database: None, ..inputs.clone() });
        let without_both = recommend(&Inputs { memory: None, database: None, ..inputs.clone() });
        // Where memory and database stop at the same number, one of them alone changes nothing.
        let decides = |without: &Advice, other: &Advice| {
            targets(without) != targets(&advice) || targets(&without_both) != targets(other)
        };
        let grows = |other: &Advice, setting: &str| {
            other.class == advice.class
                && range(other, setting).map(|range| range.1) > range(&advice, setting).map(|range| range.1)
        };
        for item in advice.items.iter().filter(|item| ["workers", "threads"].contains(&item.setting)) {
            let holds = match item.binding {
                Binding::Memory => decides(&without_memory, &without_database),
                Binding::Database => decides(&without_database, &without_memory),
                Binding::OneProcess => inputs.one_process.is_some(),
                Binding::Cpu => {
                    // Fewer processes by another cap may be given more threads each, never fewer.
                    !grows(&without_memory, item.setting) && !grows(&without_database, item.setting)
                }
                _ => true,
            };
            prop_assert!(holds, "{item:?}\n{advice}\n{without_memory}\n{without_database}");
        }
    }

    #[test]
    fn what_is_printed_adds_up(inputs in inputs()) {
        let advice = recommend(&inputs);
        for line in advice.lines() {
            let Some((left, right)) = line.split_once(" slots = ").filter(|(left, _)| left.contains("cores carry")) else {
                continue;
            };
            let number = |text: &str| text.trim_matches(['(', ')']).parse::<f64>().unwrap();
            let words: Vec<&str> = right.split(' ').collect();
            let (utilisation, cores, blocking) = match words.as_slice() {
                [utilisation, "x", cores, "/", _, "-", blocking] => (*utilisation, cores, blocking),
                [cores, "/", _, "-", blocking] => ("1", cores, blocking),
                _ => panic!("{line}"),
            };
            let shown = number(left.rsplit(' ').next().unwrap());
            let computed = number(utilisation) * number(cores) / (1.0 - number(blocking)).max(0.01);
            // Two decimals of a share near one are a large part of what is left of it.
            let slack = 0.02 + 0.006 / (1.0 - number(blocking)).max(0.01) + 0.006 / number(cores).max(0.01);
            prop_assert!((shown - computed).abs() <= slack * computed.max(shown) + 0.06, "{line}: {computed}");
        }
    }

    #[test]
    fn no_number_panics(
        cpus in any::<f64>(), b in any::<f64>(), s in any::<f64>(), c in any::<f64>(),
        rate in any::<f64>(), surge in any::<u32>(), memory in any::<u64>(), worker in any::<u64>(),
        n in any::<u32>(),
    ) {
        for class in [Class::Sync, Class::Gthread, Class::Gevent, Class::EventLoop] {
            let mut inputs = Inputs::new("granian", known(class));
            inputs.cpus = Some(known(Cpus(cpus)));
            inputs.blocking_fraction = Some(known(b));
            inputs.service_time = Some(known(Seconds(s)));
            inputs.cpu_time = Some(known(Seconds(c)));
            inputs.demand.rate = Some(known(Rate(rate)));
            inputs.demand.concurrency = Some(known(n));
            inputs.surge = surge;
            inputs.memory = Some(known(Bytes(memory)));
            inputs.per_worker = Some(known(WorkerMemory::exactly(Bytes(worker))));
            inputs.database = Some(Database { limit: known(n), per_worker: Some(known(n)) });
            inputs.replicas = Some(known(n));
            inputs.sync_handlers = true;
            inputs.configured.workers = Some(known(n));
            inputs.configured.threads = Some(known(n));
            prop_assert!(!recommend(&inputs).lines().is_empty());
        }
    }
}
