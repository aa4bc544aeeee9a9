//! Manifests as people write them, and as nobody does.

use std::fmt::Write as _;
use std::time::Duration;

use proptest::prelude::*;
use proptest::{collection, sample};

use super::super::stopwatch::Stopwatch;
use super::super::{FilledBy, Form, HealthKind, Unit};
use super::*;
use crate::source::{Guess, Located, Place};
use crate::values::{Bytes, Cpus, Seconds};

/// The facts of a project of these files.
pub(in crate::read) fn project(texts: &[(&str, &str)]) -> (Files, Facts) {
    let mut files = Files::new();
    let mut kinds = BTreeMap::new();
    for &(path, text) in texts {
        let file = files.add(path, text);
        kinds.extend(Guess::of(path).and_then(|guess| guess.settle(path, text)).map(|kind| (file, kind)));
    }
    let facts = read(&files, &kinds);
    (files, facts)
}

fn only(text: &str) -> (Files, Unit) {
    let (files, facts) = project(&[("k8s/web.yaml", text)]);
    assert!(facts.notes.is_empty(), "{:?}", facts.notes);
    let mut units = facts.units;
    assert_eq!(units.len(), 1, "{units:?}");
    (files, units.remove(0))
}

/// Checks a value and that its bytes are `text`.
#[track_caller]
#[allow(clippy::needless_pass_by_value, reason = "literals read better without a reference")]
fn is<T: PartialEq + std::fmt::Debug>(files: &Files, located: Option<&Located<T>>, value: T, text: &str) {
    let located = located.unwrap();
    assert_eq!((&located.value, files.text_at(located.place)), (&value, text));
}

/// The value of a variable, with the bytes of it.
fn variable<'f>(files: &'f Files, unit: &Unit, name: &str) -> (Option<String>, &'f str) {
    let found = unit.environment.iter().rev().find(|variable| variable.name == name).unwrap();
    let word = found.value.as_ref().unwrap();
    (word.text(), files.text_at(word.place))
}

const DEPLOYMENT: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 3
  template:
    spec:
      securityContext: {runAsUser: 1000}
      terminationGracePeriodSeconds: 45
      initContainers:
        - {name: migrate, image: shop, command: [python, manage.py, migrate]}
      containers:
        - name: web
          image: registry.example.com/acme/shop:1.2
          workingDir: /srv
          command: [\"gunicorn\"]
          args:
            - shop.wsgi
            - --workers=$(WORKERS)
            - --bind
            - \"0.0.0.0:$(PORT)\"
            - $(NOBODY)
            - $$(WORKERS)
          env:
            - name: WORKERS
              value: \"4\"
            - {name: PORT, value: '8000'}
            - name: URL
              value: http://$(PORT)/$(WORKERS)
            - name: CORES
              valueFrom: {resourceFieldRef: {resource: limits.cpu}}
            - name: MEBIBYTES
              valueFrom: {resourceFieldRef: {resource: limits.memory, divisor: 1Mi}}
            - name: POD
              valueFrom: {fieldRef: {fieldPath: metadata.name}}
            - name: EMPTY
          ports:
            - {name: http, containerPort: 8000}
          resources:
            limits: {cpu: 1500m, memory: 512Mi}
            requests: {cpu: 0.25}
          livenessProbe:
            httpGet: {path: /healthz, port: http}
            periodSeconds: 5
            timeoutSeconds: 3
            failureThreshold: 4
            initialDelaySeconds: 7
          readinessProbe:
            exec: {command: [cat, /tmp/ready]}
          startupProbe:
            tcpSocket: {port: 8000}
          lifecycle:
            preStop: {exec: {command: [\"/bin/sh\", \"-c\", \"sleep 10\"]}}
";

/// The pod's limit is for all of its containers; a side-car that starts first stays, a migration does not.
#[test]
fn containers_of_a_pod_share_its_limits() {
    let pod = |own: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: shop}}\nspec:\n  resources:\n    limits: {{cpu: 2, memory: 1Gi}}\n\
             \x20 initContainers:\n    - {{name: migrate, image: shop, resources: {{requests: {{cpu: 1}}}}}}\n\
             \x20   - {{name: mesh, image: m, restartPolicy: Always, resources: {{requests: {{cpu: 100m, memory: 64Mi}}}}}}\n\
             \x20 containers:\n    - {{name: web, image: shop, command: [gunicorn]{own}}}\n"
        )
    };
    let (files, unit) = only(&pod(""));
    let limits = &unit.limits;
    is(&files, limits.cpus.as_ref(), Cpus(2.0), "2");
    is(&files, limits.cpus_beside.first(), Cpus(0.1), "100m");
    is(&files, limits.memory_beside.first(), Bytes::mib(64), "64Mi");
    assert_eq!(limits.cpus_beside.len(), 1);
    let (files, unit) = only(&pod(", resources: {limits: {cpu: 1500m}}"));
    is(&files, unit.limits.cpus.as_ref(), Cpus(1.5), "1500m");
    assert!(unit.limits.cpus_beside.is_empty());
}

#[test]
fn a_deployment_with_everything() {
    let (files, unit) = only(DEPLOYMENT);
    assert_eq!((unit.name.as_str(), files.text_at(unit.place)), ("web", "web"));
    let limits = &unit.limits;
    is(&files, limits.replicas.as_ref(), 3, "3");
    is(&files, limits.cpus.as_ref(), Cpus(1.5), "1500m");
    is(&files, limits.memory.as_ref(), Bytes::mib(512), "512Mi");
    is(&files, limits.cpu_request.as_ref(), Cpus(0.25), "0.25");
    is(&files, limits.memory_request.as_ref(), Bytes::mib(512), "512Mi");
    is(&files, limits.stop_grace.as_ref(), Seconds(45.0), "45");
    is(&files, unit.stop_delay.as_ref(), Seconds(10.0), "10");
    is(&files, unit.user.as_ref(), "1000".to_owned(), "1000");
    is(&files, unit.working_folder.as_ref(), "/srv".to_owned(), "/srv");
    assert_eq!(unit.image.unwrap().value, "registry.example.com/acme/shop:1.2");
    let kinds: Vec<_> = unit.health.iter().map(|check| check.kind).collect();
    assert_eq!(kinds, [HealthKind::Startup, HealthKind::Readiness, HealthKind::Liveness]);
    let live = &unit.health[2];
    is(&files, live.path.as_ref(), "/healthz".to_owned(), "/healthz");
    is(&files, live.port.as_ref(), "8000".to_owned(), "8000");
    is(&files, live.interval.as_ref(), Seconds(5.0), "5");
    is(&files, live.timeout.as_ref(), Seconds(3.0), "3");
    is(&files, live.failures.as_ref(), 4, "4");
    is(&files, live.start_period.as_ref(), Seconds(7.0), "7");
    assert_eq!(unit.health[1].command.as_ref().unwrap().simple[0].len(), 2);
    assert!(unit.health[0].interval.is_none());
}

#[test]
fn kubernetes_fills_in_commands_and_variables() {
    let (files, unit) = only(DEPLOYMENT);
    let command = unit.command.as_ref().unwrap();
    assert_eq!((command.form, command.filled_by), (Form::Exec, FilledBy::Kubernetes));
    let lookup = |name: &str| (name == "WORKERS").then(|| "4".to_owned());
    let words: Vec<_> = command.simple[0].iter().map(|word| word.resolve(&lookup)).collect();
    let expected = ["shop.wsgi", "--workers=4", "--bind", "?", "$(NOBODY)", "$(WORKERS)"];
    assert_eq!(words, expected.map(|word| (word != "?").then(|| word.to_owned())));
    let written: Vec<_> = command.simple[0].iter().map(|word| files.text_at(word.place)).collect();
    assert_eq!(written[..4], ["shop.wsgi", "--workers=$(WORKERS)", "--bind", "0.0.0.0:$(PORT)"]);
    assert_eq!(files.text_at(command.simple[0][2].removal), "            - --bind\n");
    assert_eq!(variable(&files, &unit, "WORKERS"), (Some("4".to_owned()), "4"));
    assert_eq!(variable(&files, &unit, "CORES"), (Some("2".to_owned()), "1500m"));
    assert_eq!(variable(&files, &unit, "MEBIBYTES"), (Some("512".to_owned()), "512Mi"));
    assert_eq!(variable(&files, &unit, "POD").0, None);
    assert_eq!(variable(&files, &unit, "EMPTY").0, Some(String::new()));
    let url = unit.environment.iter().find(|variable| variable.name == "URL").unwrap().value.as_ref().unwrap();
    assert_eq!(url.variables(), ["PORT", "WORKERS"]);
    assert!(!unit.environment[3].value.as_ref().unwrap().is_literal());
}

#[test]
fn a_shell_in_two_pieces_is_one_command() {
    let (files, unit) = only(
        "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n  - name: main\n    command: [/bin/sh, -c]\n\
         \x20   args:\n    - |\n      cd /srv\n      exec gunicorn app:app -w $(N) -b 0.0.0.0:$PORT\n    env:\n    - {name: N, value: \"2\"}\n",
    );
    assert_eq!(unit.name, "web/main");
    assert!(unit.command.is_none());
    let command = unit.entrypoint.unwrap();
    assert_eq!((command.form, command.filled_by), (Form::Exec, FilledBy::Kubernetes));
    let words: Vec<_> = command.simple[1].iter().map(|word| files.text_at(word.place)).collect();
    assert_eq!(words, ["exec", "gunicorn", "app:app", "-w", "$(N)", "-b", "0.0.0.0:$PORT"]);
    assert_eq!(command.simple[1][4].variables(), ["N"]);
}

#[test]
fn sets_of_variables_are_found_by_name() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n  - name: web\n    envFrom:\n\
               \x20   - configMapRef: {name: all}\n    - prefix: P_\n      secretRef: {name: hidden}\n\
               \x20   env:\n    - {name: ONE, valueFrom: {configMapKeyRef: {name: all, key: b}}}\n\
               \x20   - {name: GONE, valueFrom: {configMapKeyRef: {name: none, key: b}}}\n\
               ---\napiVersion: v1\nkind: Secret\nmetadata: {name: hidden}\nstringData: {s: t}\ndata: {e: eA==}\n";
    let near = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: all}\ndata:\n  a: \"1\"\n  b: two\n  file.py: |\n    x = 1\n    y = 2\n";
    let far = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: all}\ndata: {a: far}\n";
    let (files, facts) = project(&[("a/pod.yaml", pod), ("a/map.yaml", near), ("b/map.yaml", far)]);
    let unit = &facts.units[0];
    let names: Vec<_> = unit.environment.iter().map(|variable| variable.name.as_str()).collect();
    assert_eq!(names, ["a", "b", "P_s", "P_e", "ONE", "GONE"]);
    assert_eq!(variable(&files, unit, "P_e"), (Some("x".to_owned()), "eA=="), "Base64");
    assert!(unit.open_sets.is_empty());
    assert_eq!(variable(&files, unit, "a"), (Some("1".to_owned()), "1"));
    assert_eq!(variable(&files, unit, "P_s"), (Some("t".to_owned()), "t"));
    assert_eq!(variable(&files, unit, "ONE"), (Some("two".to_owned()), "two"));
    assert_eq!(variable(&files, unit, "GONE").0, None);
    // Two that are equally near and differ are none.
    let (_, facts) = project(&[("a/pod.yaml", pod), ("b/map.yaml", near), ("c/map.yaml", far)]);
    assert!(facts.units[0].environment.iter().all(|variable| variable.name != "a"));
}

#[test]
fn what_a_set_outside_the_project_may_replace() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n  - name: web\n    envFrom:\n\
               \x20   - configMapRef: {name: all}\n    - secretRef: {name: hidden}\n    - {prefix: S_, secretRef: {name: sealed, optional: true}}\n\
               \x20   env:\n    - {name: NONE, valueFrom: {configMapKeyRef: {name: all, key: none, optional: true}}}\n\
               \x20   - {name: SOME, valueFrom: {secretKeyRef: {name: hidden, key: none, optional: true}}}\n\
               ---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: all}\ndata: {a: x}\n\
               ---\napiVersion: bitnami.com/v1alpha1\nkind: SealedSecret\nmetadata: {name: sealed}\nspec: {encryptedData: {a: x}}\n";
    let (files, facts) = project(&[("pod.yaml", pod)]);
    let unit = &facts.units[0];
    let names: Vec<_> = unit.environment.iter().map(|variable| variable.name.as_str()).collect();
    assert_eq!(names, ["a", "SOME"], "a key that a set lacks and need not have is no variable");
    let sets: Vec<_> = unit.open_sets.iter().map(|set| (set.prefix.as_str(), set.before, set.optional)).collect();
    assert_eq!(sets, [("", 1, false), ("S_", 1, true)]);
    is(&files, unit.open_sets[0].name.as_ref(), "Secret hidden".to_owned(), "hidden");
}

#[test]
fn a_rule_scales_the_workload_beside_it() {
    let web = "kind: Deployment\napiVersion: apps/v1\nmetadata: {name: web}\nspec: {template: {spec: {containers: [{name: web}]}}}\n";
    let scaler = |kind: &str, least: &str, most: &str| {
        format!(
            "apiVersion: x/v1\nkind: {kind}\nmetadata: {{name: s}}\nspec:\n  scaleTargetRef: {{name: web}}\n  {least}: 2\n  {most}: 10\n"
        )
    };
    for (kind, least, most) in [
        ("HorizontalPodAutoscaler", "minReplicas", "maxReplicas"),
        ("ScaledObject", "minReplicaCount", "maxReplicaCount"),
    ] {
        let rule = scaler(kind, least, most);
        let (files, facts) = project(&[("a/hpa.yaml", rule.as_str()), ("a/web.yaml", web), ("b/web.yaml", web)]);
        let rules: Vec<_> = facts.units.iter().map(|unit| unit.limits.autoscaler.as_ref()).collect();
        is(&files, rules[0].unwrap().least.as_ref(), 2, "2");
        is(&files, rules[0].unwrap().most.as_ref(), 10, "10");
        assert!(rules[1].is_none());
    }
}

#[test]
fn lists_templates_and_relatives() {
    let (files, facts) = project(&[(
        "openshift.yaml",
        "apiVersion: template.openshift.io/v1\nkind: Template\nparameters:\n- name: REPLICAS\n  value: \"2\"\n- {name: SECRET, generate: expression}\n\
         objects:\n- apiVersion: apps.openshift.io/v1\n  kind: DeploymentConfig\n  metadata: {name: web}\n  spec:\n    replicas: ${{REPLICAS}}\n    template:\n      spec:\n        containers:\n        - name: web\n          image: ${SECRET}/web\n          args: [gunicorn, app, -w, \"${REPLICAS}\", \"$(REPLICAS)\", \"${OTHER}\"]\n",
    )]);
    let unit = &facts.units[0];
    is(&files, unit.limits.replicas.as_ref(), 2, "2");
    let words: Vec<_> = unit.command.as_ref().unwrap().simple[0].iter().map(crate::source::Word::text).collect();
    assert_eq!(words[3..], [Some("2".to_owned()), Some("$(REPLICAS)".to_owned()), Some("${OTHER}".to_owned())]);
    assert!(unit.image.as_ref().unwrap().value.contains("{{"));
    let (_, facts) = project(&[(
        "list.yaml",
        "apiVersion: v1\nkind: List\nitems:\n- apiVersion: batch/v1\n  kind: CronJob\n  metadata: {name: c}\n  spec: {jobTemplate: {spec: {template: {spec: {containers: [{name: a}, {name: b}]}}}}}\n\
         - apiVersion: serving.knative.dev/v1\n  kind: Service\n  metadata: {name: k}\n  spec:\n    template:\n      metadata: {annotations: {autoscaling.knative.dev/min-scale: \"1\", autoscaling.knative.dev/maxScale: \"5\"}}\n      spec: {containers: [{image: x}]}\n",
    )]);
    let names: Vec<_> = facts.units.iter().map(|unit| unit.name.as_str()).collect();
    assert_eq!(names, ["c/a", "c/b", "k"]);
    let scale = facts.units[2].limits.autoscaler.as_ref().unwrap();
    assert_eq!((scale.least.as_ref().unwrap().value, scale.most.as_ref().unwrap().value), (1, 5));
}

#[test]
fn overlays_change_their_base() {
    let base = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: 1\n  template:\n    spec:\n      containers:\n      - name: web\n        image: shop\n        env:\n        - {name: A, value: base}\n        - {name: B, value: base}\n        envFrom:\n        - configMapRef: {name: conf}\n        volumeMounts:\n        - {name: conf, mountPath: /etc/web}\n      volumes:\n      - {name: conf, configMap: {name: conf}}\n";
    let patch = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  template:\n    spec:\n      containers:\n      - name: web\n        env:\n        - {name: B, value: patched}\n        resources: {limits: {cpu: \"2\"}}\n";
    let (files, facts) = project(&[
        (
            "base/kustomization.yaml",
            "resources: [web.yaml]\nconfigMapGenerator:\n- name: conf\n  literals: [C=base, D=base]\n  files: [gunicorn.conf.py]\n",
        ),
        ("base/web.yaml", base),
        ("base/gunicorn.conf.py", "workers = 2\n"),
        (
            "overlays/dev/kustomization.yaml",
            "resources: [../../base]\npatches:\n- target: {kind: Deployment}\n  patch: |-\n    - op: replace\n      path: /spec/replicas\n      value: 2\n",
        ),
        (
            "overlays/prod/kustomization.yaml",
            "bases: [../../base]\npatchesStrategicMerge: [patch.yaml]\nreplicas: [{name: web, count: 5}]\nimages: [{name: shop, newName: registry/shop}]\nconfigMapGenerator:\n- {name: conf, behavior: merge, envs: [prod.env]}\n",
        ),
        ("overlays/prod/patch.yaml", patch),
        ("overlays/prod/prod.env", "# production\nD = 1\nD=prod\n"),
    ]);
    assert!(facts.notes.is_empty(), "{:?}", facts.notes);
    let units = &facts.units;
    let variants: Vec<_> = units.iter().map(|unit| unit.variant.as_ref().unwrap().value.as_str()).collect();
    assert_eq!(variants, ["overlays/dev", "overlays/prod"]);
    is(&files, units[0].limits.replicas.as_ref(), 2, "2");
    is(&files, units[1].limits.replicas.as_ref(), 5, "5");
    is(&files, units[1].limits.cpus.as_ref(), Cpus(2.0), "2");
    assert!(units[0].limits.cpus.is_none());
    assert_eq!(units[1].image.as_ref().unwrap().value, "registry/shop");
    let values = |unit: &Unit| ["A", "B", "C", "D"].map(|name| variable(&files, unit, name).0.unwrap());
    assert_eq!(values(&units[0]), ["base"; 4]);
    assert_eq!(values(&units[1]), ["base", "patched", "base", "prod"]);
    let (mounted, place) = &units[0].mounted[0].value;
    assert_eq!((files.get(*mounted).path(), place.as_str()), ("base/gunicorn.conf.py", "/etc/web/gunicorn.conf.py"));
}

/// Every place lies on characters of its file.
fn check(texts: &[(&str, &str)]) -> Facts {
    let (files, facts) = project(texts);
    let ok = |place: Place| {
        let text = files.get(place.file).text();
        assert!(text.get(place.span.start..place.span.end).is_some(), "{place:?}");
    };
    for unit in &facts.units {
        ok(unit.place);
        for command in unit.entrypoint.iter().chain(&unit.command) {
            ok(command.place);
            command.simple.iter().flatten().for_each(|word| {
                ok(word.place);
                ok(word.removal);
            });
        }
        for variable in &unit.environment {
            ok(variable.place);
            variable.value.iter().for_each(|word| ok(word.place));
        }
    }
    facts
}

#[test]
fn what_nobody_writes_ends_soon() {
    let watch = Stopwatch::start();
    let head = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n";
    let long = format!("{head}  - name: web\n    args: [\"{}\"]\n", "x ".repeat(2 << 20));
    check(&[("a.yaml", &long)]);
    let many = format!("{head}  - name: web\n---\n").repeat(10_000);
    assert!(check(&[("a.yaml", &many)]).units.len() <= 2_000);
    let mut bomb = "apiVersion: v1\nkind: Pod\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..40 {
        let before = level - 1;
        let _ = writeln!(bomb, "a{level}: &a{level} [*a{before}, *a{before}, *a{before}, *a{before}]");
    }
    bomb.push_str("spec: {containers: *a39}\n");
    check(&[("a.yaml", &bomb)]);
    check(&[("a.yaml", &format!("apiVersion: v1\nkind: Pod\nspec: {}", "[".repeat(100_000)))]);
    check(&[(
        "a.yaml",
        &format!("apiVersion: v1\nkind: Pod\nspec:\n  containers:\n  - args: [\"{}\"]\n", "$(".repeat(50_000)),
    )]);
    let itself = "resources: [.]\n";
    check(&[
        ("a/kustomization.yaml", itself),
        ("b/kustomization.yaml", "resources: [../c]\n"),
        ("c/kustomization.yaml", "bases: [../b]\n"),
    ]);
    assert!(watch.computed() < Duration::from_secs(10));
}

proptest! {
    #[test]
    fn any_words_are_found_again(
        words in collection::vec(sample::select(vec!["gunicorn", "'a b'", "\"$(X) c\"", "$$(X)", "{{ ? }}", "ä", "|-\n      exec x -w $(X)\n      y", "[a]", "~"]), 1..6),
        shell in proptest::bool::ANY,
    ) {
        let mut text = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n  - name: web\n    env: [{name: X, value: \"1\"}]\n".to_owned();
        if shell {
            text.push_str("    command: [sh, -c]\n");
        }
        text.push_str("    args:\n");
        for word in words {
            let _ = writeln!(text, "    - {word}");
        }
        check(&[("a.yaml", &text)]);
    }
}

#[test]
fn bases_that_are_built_on_again_and_again_end_soon() {
    let mut texts: Vec<(String, String)> = Vec::new();
    for at in 0..30 {
        let bases = (at + 1..at + 8).map(|next| format!("- ../a{next}\n")).collect::<Vec<_>>().concat();
        texts.push((format!("a{at}/kustomization.yaml"), format!("resources:\n{bases}")));
    }
    let borrowed: Vec<(&str, &str)> = texts.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let (_, facts) = project(&borrowed);
    assert!(facts.notes.iter().any(|note| note.reason.contains("more often than is followed")), "{:?}", facts.notes);
}

#[test]
fn a_set_of_too_many_variables_tells_none() {
    let entries = |count: usize| (0..count).map(|n| format!("  A{n}: \"1\"\n")).collect::<Vec<_>>().concat();
    let read = |times: usize| {
        let text = format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c}}\ndata:\n{}---\nkind: Pod\nmetadata: {{name: p}}\n\
             spec:\n  containers:\n  - name: a\n    command: [gunicorn]\n    envFrom:\n{}",
            entries(5_000),
            "    - configMapRef: {name: c}\n".repeat(times)
        );
        project(&[("a.yaml", &text)]).1.units[0].environment.len()
    };
    assert_eq!((read(2), read(3)), (10_000, 0));
}
