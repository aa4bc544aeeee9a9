//! Charts as people write them. What the templates come to was compared with what Helm renders.

use std::time::Duration;

use super::super::Unit;
use super::super::kubernetes::tests::project;
use super::super::stopwatch::Stopwatch;
use crate::source::{Files, Word};
use crate::values::{Bytes, Cpus};

const VALUES: &str = "\
replicaCount: 2  # two
image:
  repository: registry.example.com/shop
  tag: \"\"
workers: 4
extra: null
debug: false
env:
  LOG_LEVEL: info
  TIMEOUT: 30
args: [gunicorn, \"shop.wsgi\"]
resources:
  limits: {cpu: 500m, memory: 1Gi}
probe:
  httpGet:
    path: /healthz
    port: http
";

const HELPERS: &str = "\
{{/* names */}}
{{- define \"shop.name\" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix \"-\" -}}
{{- end -}}
{{- define \"shop.fullname\" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- if contains $name .Release.Name -}}
{{- .Release.Name -}}
{{- else -}}
{{- printf \"%s-%s\" .Release.Name $name -}}
{{- end -}}
{{- end -}}
{{- define \"shop.labels\" -}}
app: {{ include \"shop.name\" . }}
release: {{ .Release.Name | quote }}
{{- end -}}
";

const DEPLOYMENT: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include \"shop.fullname\" . }}
  labels:
    {{- include \"shop.labels\" . | nindent 4 }}
spec:
  {{- if not .Values.autoscaling }}
  replicas: {{ .Values.replicaCount }}
  {{- end }}
  template:
    spec:
      containers:
        - name: {{ .Chart.Name }}
          image: \"{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}\"
          args:
            {{- toYaml .Values.args | nindent 12 }}
            - --workers={{ .Values.workers }}
            - --threads
            - {{ .Values.threads | default 3 | quote }}
            {{- if .Values.debug }}
            - --reload
            {{- else }}
            - --preload
            {{- end }}
            {{- if .Capabilities.APIVersions.Has \"x/v1\" }}
            - --statsd-host=x
            {{- end }}
          env:
            {{- range $name, $value := .Values.env }}
            - name: {{ $name }}
              value: {{ $value | quote }}
            {{- end }}
            - name: SUM
              value: {{ add .Values.workers 1 | quote }}
          ports:
            - {name: http, containerPort: 8000}
          {{- with .Values.probe }}
          livenessProbe:
            {{- toYaml . | nindent 12 }}
          {{- end }}
          resources:
            {{- toYaml .Values.resources | nindent 12 }}
      {{- with .Values.nodeSelector }}
      nodeSelector:
        {{- toYaml . | nindent 8 }}
      {{- end }}
";

fn chart(template: &str) -> (Files, Vec<Unit>) {
    let (files, facts) = project(&[
        ("chart/Chart.yaml", "apiVersion: v2\nname: shop\nappVersion: \"1.2\"\n"),
        ("chart/values.yaml", VALUES),
        ("chart/templates/_helpers.tpl", HELPERS),
        ("chart/templates/web.yaml", template),
    ]);
    assert!(facts.notes.is_empty(), "{:?}", facts.notes);
    (files, facts.units)
}

#[test]
fn a_chart_is_read_with_its_values() {
    let (files, units) = chart(DEPLOYMENT);
    let unit = &units[0];
    assert_eq!(unit.name, "shop");
    assert_eq!(files.get(unit.place.file).path(), "chart/templates/web.yaml");
    assert_eq!(unit.image.as_ref().unwrap().value, "registry.example.com/shop:1.2");
    let at = |place: crate::source::Place| (files.get(place.file).name(), files.text_at(place));
    let replicas = unit.limits.replicas.as_ref().unwrap();
    assert_eq!((replicas.value, at(replicas.place)), (2, ("values.yaml", "2")));
    let cpus = unit.limits.cpus.as_ref().unwrap();
    assert_eq!((cpus.value, at(cpus.place)), (Cpus(0.5), ("values.yaml", "500m")));
    assert_eq!(unit.limits.memory.as_ref().unwrap().value, Bytes::mib(1024));
    assert_eq!(unit.health[0].port.as_ref().unwrap().value, "8000");
    let words = &unit.command.as_ref().unwrap().simple[0];
    let texts: Vec<_> = words.iter().map(Word::text).collect();
    let known =
        ["gunicorn", "shop.wsgi", "--workers=4", "--threads", "3", "--preload"].map(|word| Some(word.to_owned()));
    assert_eq!(texts[..6], known);
    assert_eq!(texts[6..], [None]);
    assert_eq!(at(words[1].place), ("values.yaml", "shop.wsgi"));
    assert_eq!(at(words[4].place), ("web.yaml", "3"));
    assert_eq!(at(words[5].place), ("web.yaml", "--preload"));
    assert_eq!(at(words[5].removal), ("web.yaml", "--preload"));
    let variables: Vec<_> = unit
        .environment
        .iter()
        .map(|variable| (variable.name.as_str(), variable.value.as_ref().unwrap().text().unwrap()))
        .collect();
    let expected = [("LOG_LEVEL", "info"), ("TIMEOUT", "30"), ("SUM", "5")];
    assert_eq!(variables, expected.map(|(name, value)| (name, value.to_owned())));
    assert_eq!(at(unit.environment[1].value.as_ref().unwrap().place), ("values.yaml", "30"));
}

#[test]
fn what_nothing_tells_stays_open() {
    let (_, units) = chart(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  replicas: {{ .Release.Revision }}\n  template:\n    spec:\n      containers:\n      - name: web\n        command: [\"gunicorn\", \"-w\", \"{{ randInt 1 9 }}\", {{ .Values.extra | default (lookup \"v1\" \"x\" \"y\" \"z\").n | default \"app\" }}]\n        resources:\n          {{- include \"nowhere\" . | nindent 10 }}\n          limits:\n            cpu: {{ .Files.Get \"cpu\" }}\n            memory: 1Gi\n",
    );
    let unit = &units[0];
    assert!(unit.limits.replicas.is_none() && unit.limits.cpus.is_none());
    assert_eq!(unit.limits.memory.as_ref().unwrap().value, Bytes::mib(1024));
    let texts: Vec<_> = unit.entrypoint.as_ref().unwrap().simple[0].iter().map(Word::text).collect();
    assert_eq!(texts, [Some("gunicorn".to_owned()), Some("-w".to_owned()), None, Some("app".to_owned())]);
}

#[test]
fn files_of_values_make_variants() {
    let template = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  replicas: {{ .Values.replicaCount }}\n  template:\n    spec:\n      containers:\n      - name: web\n        image: x\n        env:\n        - {name: W, value: {{ .Values.workers | quote }}}\n";
    let (files, units) = project(&[
        ("chart/Chart.yaml", "apiVersion: v2\nname: shop\n"),
        ("chart/values.yaml", VALUES),
        ("chart/values-prod.yaml", "replicaCount: 9\n"),
        ("chart/ci/test-values.yaml", "workers: 1\n"),
        ("deploy/staging/values.yaml", "workers: 2\n"),
        ("other/values.yaml", "colour: red\n"),
        ("chart/templates/web.yaml", template),
    ]);
    let found: Vec<_> = units
        .units
        .iter()
        .map(|unit| {
            let variant = unit.variant.as_ref().map_or("", |variant| variant.value.as_str());
            let replicas = unit.limits.replicas.as_ref().unwrap();
            let workers = unit.environment[0].value.as_ref().unwrap();
            (variant, replicas.value, workers.text().unwrap(), files.get(replicas.place.file).path())
        })
        .collect();
    let expected = [
        ("", 2, "4", "chart/values.yaml"),
        ("chart/ci/test-values.yaml", 2, "1", "chart/values.yaml"),
        ("chart/values-prod.yaml", 9, "4", "chart/values-prod.yaml"),
        ("deploy/staging/values.yaml", 2, "2", "chart/values.yaml"),
    ];
    assert_eq!(found, expected.map(|(variant, replicas, workers, file)| (variant, replicas, workers.to_owned(), file)));
}

#[test]
fn what_nobody_writes_ends_soon() {
    let watch = Stopwatch::start();
    let read = |template: &str| {
        project(&[("chart/values.yaml", VALUES), ("chart/templates/web.yaml", &format!("kind: Pod\n{template}"))]).1
    };
    assert!(read("a: {{ .Values.x").notes[0].reason.contains("never closed"));
    let deep = format!("{}{}", "{{ if .Values.workers }}".repeat(1_000), "{{ end }}".repeat(1_000));
    assert!(read(&deep).notes[0].reason.contains("nested deeper"));
    read(&format!("a: {{{{ {} }}}}", "(".repeat(100_000)));
    read(&format!("a: {{{{ .Values.workers{} }}}}", " | quote".repeat(100_000)));
    let merged: Vec<String> = (0..4_000).map(|n| format!("{{{{ $a = merge $a (dict \"k{n}\" \"v\") }}}}\n")).collect();
    let merged = merged.concat();
    read(&format!("{{{{ $a := dict }}}}\n{merged}"));
    read("{{ define \"a\" }}{{ include \"a\" . }}{{ include \"a\" . }}{{ end }}a: {{ include \"a\" . }}\n");
    read("{{ range until 1000 }}{{ range until 1000 }}{{ range until 1000 }}x{{ end }}{{ end }}{{ end }}\n");
    read(&"{{".repeat(1 << 20));
    read(&"{{ .Values.x }}\n".repeat(50_000));
    read("{{ end }}\n");
    read("{{ $x := 1 }}{{ $x = tpl \"{{ . }}\" . }}{{ $x }}\n");
    assert!(watch.computed() < Duration::from_secs(10));
}

proptest::proptest! {
    #[test]
    fn any_template_is_survived(
        pieces in proptest::collection::vec(proptest::sample::select(vec![
            "{{", "}}", "{{-", "-}}", " if ", " else ", " end ", " range $a, $b := ", ".Values", ".workers", "|", "quote",
            " (", ") ", "\"x", "\"", "`", "toYaml .Values", "nindent 4 ", "\n  - a", ": ", "\u{e4}", "/*", "*/", "$", ":=", "%s", "printf ",
        ]), 0..40),
    ) {
        let text = format!("kind: Pod\nspec:\n  containers:\n{}", pieces.concat());
        project(&[("chart/values.yaml", VALUES), ("chart/templates/web.yaml", &text)]);
    }
}

/// `merge`, `omit` and `pick` as Sprig 3.3 has them: what is empty gives way.
#[test]
fn maps_are_joined_and_cut() {
    let values = "own:\n  repository: \"\"\n  tag: v2\n  debug: false\nall:\n  repository: shop\n  tag: v1\n  debug: true\n\
                  context: {enabled: true, runAsUser: 1001}\n";
    let template = "{{- define \"image\" -}}\n{{ $image := merge .own .all }}{{ printf \"%s:%s\" $image.repository $image.tag }}\n\
                    {{- end -}}\napiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n    - name: web\n      \
                    image: {{ include \"image\" (dict \"own\" .Values.own \"all\" .Values.all) | trim }}\n      \
                    {{- if.Values.context.enabled }}\n      securityContext: {{- omit .Values.context \"enabled\" | toYaml | nindent 8 }}\n      \
                    {{- end }}\n";
    let (files, facts) =
        project(&[("a/Chart.yaml", "name: a\n"), ("a/values.yaml", values), ("a/templates/web.yaml", template)]);
    let [unit] = facts.units.as_slice() else { panic!("{:?}", facts.notes) };
    assert_eq!(unit.image.as_ref().map(|image| image.value.as_str()), Some("shop:v2"));
    let user = unit.user.as_ref().unwrap();
    assert_eq!((user.value.as_str(), files.text_at(user.place)), ("1001", "1001"));
}
