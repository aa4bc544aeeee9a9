//! The same load for a generator that runs on many machines: what is asked, how often, and when to give up.
//!
//! Runs nothing. The server is the one that whoever runs the script names.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use farrier::measure::{MOST_FAILURES, Plan};

use crate::cli::Export;

/// Pods that share the load unless the manifest is changed.
const PARALLELISM: u32 = 4;

pub(super) fn script(kind: Export, plan: &Plan) -> String {
    match kind {
        Export::K6 => k6(plan),
        Export::K6Operator => k6_operator(plan),
        Export::Locust => locust(plan),
    }
}

fn k6(plan: &Plan) -> String {
    let paths = serde_json::to_string(&plan.paths).unwrap_or_default();
    format!(
        r"// Written by farrier. TARGET is the service, such as `k6 run -e TARGET=https://staging.example.org load.js`.
import http from 'k6/http';
import {{ check }} from 'k6';

const target = __ENV.TARGET || 'http://127.0.0.1:8000';
const paths = {paths};

export const options = {{
  scenarios: {{
    load: {{ executor: 'constant-vus', vus: {}, duration: '{}s' }},
  }},
  thresholds: {{
    http_req_failed: [{{ threshold: 'rate<{MOST_FAILURES}', abortOnFail: true, delayAbortEval: '10s' }}],
  }},
}};

export default function () {{
  const path = paths[(__VU + __ITER) % paths.length];
  const answer = http.get(target + path, {{ tags: {{ name: path }} }});
  check(answer, {{ 'is no error': (answer) => answer.status < 400 }});
}}
",
        plan.connections,
        plan.budget.as_secs().max(1)
    )
}

fn k6_operator(plan: &Plan) -> String {
    let mut text = "# Written by farrier for the k6 operator; TARGET is the service inside of the cluster.\n\
         apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: farrier-load\ndata:\n  load.js: |\n"
        .to_owned();
    for line in k6(plan).lines() {
        let _ = if line.is_empty() { writeln!(text) } else { writeln!(text, "    {line}") };
    }
    let _ = write!(
        text,
        "---\napiVersion: k6.io/v1alpha1\nkind: TestRun\nmetadata:\n  name: farrier-load\nspec:\n  parallelism: \
         {PARALLELISM}\n  script:\n    configMap:\n      name: farrier-load\n      file: load.js\n  runner:\n    env:\n      \
         - name: TARGET\n        value: http://service.default.svc:8000\n"
    );
    text
}

fn locust(plan: &Plan) -> String {
    let mut weights: BTreeMap<&str, u32> = BTreeMap::new();
    for path in &plan.paths {
        *weights.entry(path).or_default() += 1;
    }
    let mut text = format!(
        "# Written by farrier: locust -f FILE --headless --users {} --spawn-rate {0} --run-time {}s --host \
         http://127.0.0.1:8000\nfrom locust import FastHttpUser, constant, task\n\n\nclass Visitor(FastHttpUser):\n    \
         wait_time = constant(0)\n",
        plan.connections,
        plan.budget.as_secs().max(1)
    );
    for (index, (path, weight)) in weights.iter().enumerate() {
        // JSON's text in quotes is Python's as well, for what a path may hold.
        let path = serde_json::to_string(path).unwrap_or_default();
        let _ = write!(text, "\n    @task({weight})\n    def path_{index}(self):\n        self.client.get({path})\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::path::PathBuf;

    use super::*;

    fn plan() -> Plan {
        let mut plan = Plan::new(vec![OsString::from("python")], PathBuf::from("."), Vec::new());
        plan.paths = ["/", "/items?q=\"x'", "/"].map(str::to_owned).to_vec();
        plan.connections = 8;
        plan
    }

    #[test]
    fn what_is_asked_twice_is_asked_twice_as_often() {
        let text = locust(&plan());
        assert!(text.contains("@task(2)\n    def path_0(self):\n        self.client.get(\"/\")"), "{text}");
        assert!(text.contains("self.client.get(\"/items?q=\\\"x'\")"), "{text}");
        let text = k6(&plan());
        assert!(text.contains(r#"const paths = ["/","/items?q=\"x'","/"];"#) && text.contains("vus: 8"), "{text}");
    }

    #[test]
    fn the_manifest_holds_the_script_as_it_is() {
        let text = k6_operator(&plan());
        let held: Vec<&str> = text
            .split("load.js: |\n")
            .nth(1)
            .and_then(|rest| rest.split("---\n").next())
            .unwrap_or_default()
            .lines()
            .map(|line| line.strip_prefix("    ").unwrap_or(line))
            .collect();
        assert_eq!(held.join("\n") + "\n", k6(&plan()));
    }
}
