//! How many cores, how much memory and how many copies a service has, and who says so.
//!
//! The user counts before a file, a file before the machine. The machine that runs this counts for services
//! that no file bounds, and never where a file says what they are sure to get.

use super::{Around, Declared, Sources};
use crate::deployment::{Abreast, Deployment, Surge, UnitKind};
use crate::findings::Confidence;
use crate::host::{Host, What};
use crate::sizing::{Inputs, Known, Origin};
use crate::source::{Files, Located, Place};
use crate::values::{Bytes, Cpus};

/// Sets cores, memory and copies of `inputs`.
pub(super) fn fill(inputs: &mut Inputs, deployment: &Deployment, sources: Sources<'_>) {
    let Sources { declared, stated, host, files, .. } = sources;
    let limits = &deployment.limits;
    // What runs elsewhere has nothing of the machine that asks.
    let host = host.filter(|_| !matches!(deployment.kind, UnitKind::KubernetesContainer | UnitKind::Platform));
    // Nobody has one and a half processors but by a quota.
    let is_part = |cpus: Cpus| cpus.0.fract() > 0.0;
    inputs.is_quota = match &declared.cpus {
        Some(cpus) => is_part(cpus.value),
        // Whole cores of a platform are a virtual machine.
        None => limits
            .cpus
            .as_ref()
            .is_some_and(|cpus| !limits.pinned && (deployment.kind != UnitKind::Platform || is_part(cpus.value))),
    };
    inputs.cpus = declared.cpus.clone().or_else(|| written(limits.cpus.as_ref(), files));
    inputs.lasting = limits.lasting.filter(|_| declared.cpus.is_none());
    if inputs.cpus.is_none() {
        inputs.cpus = requested(limits.cpu_request.as_ref(), files);
        inputs.cpus_of = Origin::Requested;
    }
    if inputs.cpus.is_none()
        && let Some(reading) = host.and_then(Host::cpu_limit)
    {
        inputs.is_quota = matches!(reading.what, What::QuotaV1 | What::QuotaV2);
        inputs.cpus = Some(here(reading.value, &reading.file));
        inputs.cpus_of = Origin::Here;
    }
    inputs.memory = declared.memory.clone().or_else(|| written(limits.memory.as_ref(), files));
    if inputs.memory.is_none() {
        inputs.memory = requested(limits.memory_request.as_ref(), files);
        inputs.memory_of = Origin::Requested;
    }
    // Who bounds the cores of a container runs it on a machine that nobody knows.
    let elsewhere =
        inputs.cpus_of != Origin::Here && (deployment.kind.is_container() || deployment.container.is_some());
    let host = host.filter(|_| !elsewhere);
    if inputs.memory.is_none() {
        inputs.memory = host.and_then(Host::memory_limit).map(|reading| here(reading.value, &reading.file));
        inputs.memory_of = Origin::Here;
    }
    let scaler = limits.autoscaler.as_ref();
    // Who states what this service has left has taken off what others need, and who states what others need
    // knows better than their reservations.
    let others = match &declared.reserved_cpus {
        Some(reserved) => vec![reserved.clone()],
        None if declared.cpus.is_some() => Vec::new(),
        None => known(&limits.cpus_beside, files),
    };
    for reserved in others {
        let Some(cpus) = inputs.cpus.as_mut() else { break };
        let whole = cpus.value;
        // Whatever shares the limit leaves at least a sliver.
        cpus.value = Cpus((cpus.value.0 - reserved.value.0).max(0.05));
        cpus.source = format!(
            "{whole}, {} - {} that others beside it are sure of, {}",
            cpus.source, reserved.value, reserved.source
        );
    }
    inputs.reserved = match &declared.reserved_memory {
        Some(reserved) => vec![reserved.clone()],
        None if declared.memory.is_some() => Vec::new(),
        None => known(&limits.memory_beside, files),
    };
    share(inputs, deployment, declared, files);
    let sure = |place: Option<Place>| if place.is_some() { Confidence::High } else { Confidence::Medium };
    inputs.replicas = stated.replicas.clone().or_else(|| {
        let (copies, source, place) = Around { deployment, stated, files }.copies()?;
        Some(Known::new(copies, source, sure(place)))
    });
    // What the platform sends to each copy, to all of them.
    inputs.demand.concurrency = declared.concurrency.clone().or_else(|| {
        let each = written(limits.concurrency.as_ref(), files)?;
        let copies = inputs.replicas.as_ref().map_or(1, |replicas| replicas.value.max(1));
        Some(Known { value: each.value.saturating_mul(copies), ..each })
    });
    // Whoever states a number of copies knows of the autoscaler.
    let is_stated = stated.replicas.is_some();
    inputs.most_replicas = written(scaler.and_then(|scaler| scaler.most.as_ref()), files).filter(|_| !is_stated);
    let most = inputs.most_replicas.as_ref().or(inputs.replicas.as_ref()).map_or(1, |most| most.value);
    inputs.surge = surge(deployment, most);
}

/// Takes off `inputs` what other processes of the same entry use: a manager starts them on one machine. Who states what
/// one copy has knows of those that are copies.
fn share(inputs: &mut Inputs, deployment: &Deployment, declared: &Declared, files: &Files) {
    let Some(abreast) = &deployment.limits.abreast else { return };
    let Abreast::Count(count) = abreast.value else {
        inputs.abreast_open = true;
        return;
    };
    let (are_copies, place) = (deployment.limits.replicas.is_some(), files.describe(abreast.place));
    if count < 2 {
        return;
    }
    let each = |source: &str| format!("{source}, shared by {count} processes, {place}");
    if let Some(cpus) = inputs.cpus.as_mut().filter(|_| !are_copies || declared.cpus.is_none()) {
        *cpus = Known::new(Cpus(cpus.value.0 / f64::from(count)), each(&cpus.source), cpus.confidence);
    }
    if let Some(memory) = inputs.memory.as_mut().filter(|_| !are_copies || declared.memory.is_none()) {
        *memory = Known::new(Bytes(memory.value.0 / u64::from(count)), each(&memory.source), memory.confidence);
    }
}

/// Sets cores and memory of a service that nothing starts yet.
pub(super) fn of_machine(inputs: &mut Inputs, sources: Sources<'_>) {
    let Sources { declared, host, .. } = sources;
    let cpus = || host?.cpu_limit().map(|reading| here(reading.value, &reading.file));
    let memory = || host?.memory_limit().map(|reading| here(reading.value, &reading.file));
    let whose = |stated: bool| if stated { Origin::Stated } else { Origin::Here };
    (inputs.cpus_of, inputs.memory_of) = (whose(declared.cpus.is_some()), whose(declared.memory.is_some()));
    inputs.cpus = declared.cpus.clone().or_else(cpus);
    inputs.memory = declared.memory.clone().or_else(memory);
}

/// Copies that an update starts before it stops old ones: `maxSurge`, by default a quarter, of Kubernetes, and nobody
/// else starts any unless told.
fn surge(deployment: &Deployment, replicas: u32) -> u32 {
    match deployment.surroundings.surge {
        Some(surge) => surge.of(replicas),
        None if deployment.kind == UnitKind::KubernetesContainer => Surge::Share(0.25).of(replicas),
        None => 0,
    }
}

fn written<T: Copy>(limit: Option<&Located<T>>, files: &Files) -> Option<Known<T>> {
    let limit = limit?;
    Some(Known::certain(limit.value, files.describe(limit.place)))
}

fn known<T: Copy>(all: &[Located<T>], files: &Files) -> Vec<Known<T>> {
    all.iter().map(|one| Known::certain(one.value, files.describe(one.place))).collect()
}

/// What it is sure to get; it may use more where the node has some to spare.
fn requested<T: Copy>(request: Option<&Located<T>>, files: &Files) -> Option<Known<T>> {
    let request = request?;
    let source = format!("requested, no limit, {}", files.describe(request.place));
    Some(Known::new(request.value, source, Confidence::Medium))
}

/// A limit of this machine, which may not be the one that serves.
fn here<T>(value: T, file: &str) -> Known<T> {
    Known::new(value, format!("this machine, {file}"), Confidence::Medium)
}
