use super::*;

#[test]
fn this_machine_has_cores_and_memory() {
    let host = Host::detect(Path::new("/"));
    assert!(host.cpu_limit().is_some_and(|r| r.value.0 > 0.0));
    assert!(host.memory_limit().is_some());
}
