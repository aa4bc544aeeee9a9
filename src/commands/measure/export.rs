//! The same load for a generator that runs on many machines: what is asked, how often, and when to give up.
//!
//! Runs nothing. The server is the one that whoever runs the script names.

use std::fmt::Write as _;

use farrier::measure::{MOST_FAILURES, Method, Plan, Request, shares};

use super::super::Failure;
use crate::cli::Export;

/// Pods that share the load unless the manifest is changed.
const PARALLELISM: u32 = 4;

/// Headers that hold what nobody else is to know have one of these in their names; a script asks the environment for them.
const PRIVATE: [&str; 6] = ["auth", "cookie", "token", "key", "secret", "session"];

pub(super) fn script(kind: Export, plan: &Plan) -> Result<String, Failure> {
    if plan.requests.iter().any(|request| std::str::from_utf8(&request.body).is_err()) {
        return Err(Failure::Usage("a script holds text, which the body of these requests is not".to_owned()));
    }
    Ok(match kind {
        Export::K6 => k6(plan),
        Export::K6Operator => k6_operator(plan),
        Export::Locust => locust(plan),
    })
}

/// What requests carry, as an object or a dictionary of literals; what is private comes from where `private` says.
fn headers(plan: &Plan, request: &Request, private: impl Fn(&str) -> String) -> Option<String> {
    let all = plan.headers.iter().chain(&request.headers).map(|(name, value)| {
        let lower = name.to_ascii_lowercase();
        let value = if PRIVATE.iter().any(|part| lower.contains(part)) {
            private(&name.to_ascii_uppercase().replace(|c: char| !c.is_ascii_alphanumeric(), "_"))
        } else {
            quoted(value)
        };
        format!("{}: {value}", quoted(name))
    });
    let all: Vec<String> = all.collect();
    (!all.is_empty()).then(|| format!("{{{}}}", all.join(", ")))
}

/// JSON's text in quotes, which is JavaScript's and Python's as well for what a request may hold.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap_or_default()
}

fn text(body: &[u8]) -> Option<String> {
    (!body.is_empty()).then(|| quoted(&String::from_utf8_lossy(body)))
}

fn k6(plan: &Plan) -> String {
    let requests =
        plan.requests.iter().zip(shares(&plan.requests)).fold(String::new(), |mut all, (request, weight)| {
            let _ = write!(
                all,
                "  {{ weight: {weight}, method: '{}', path: {}",
                request.method.name(),
                quoted(&request.path)
            );
            if let Some(body) = text(&request.body) {
                let _ = write!(all, ", body: {body}");
            }
            if let Some(headers) = headers(plan, request, |name| format!("__ENV.{name} || ''")) {
                let _ = write!(all, ", headers: {headers}");
            }
            all.push_str(" },\n");
            all
        });
    format!(
        r"// Written by farrier. TARGET is the service, such as `k6 run -e TARGET=https://staging.example.org load.js`.
import http from 'k6/http';
import {{ check }} from 'k6';

const target = __ENV.TARGET || 'http://127.0.0.1:8000';
const requests = [
{requests}];
const total = requests.reduce((sum, request) => sum + request.weight, 0);

export const options = {{
  scenarios: {{
    load: {{ executor: 'constant-vus', vus: {}, duration: '{}s' }},
  }},
  thresholds: {{
    http_req_failed: [{{ threshold: 'rate<{MOST_FAILURES}', abortOnFail: true, delayAbortEval: '10s' }}],
  }},
}};

export default function () {{
  let left = Math.random() * total;
  const request = requests.find((request) => (left -= request.weight) < 0) || requests[0];
  const {{ method, path }} = request;
  const tags = {{ name: `${{method}} ${{path}}` }};
  const answer = http.request(method, target + path, request.body, {{ headers: request.headers, tags }});
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
    let private = |name: &str| format!("os.environ.get(\"{name}\", \"\")");
    let headers_of = |request: &Request| headers(plan, request, private);
    let import = if plan.requests.iter().filter_map(headers_of).any(|text| text.contains("os.environ")) {
        "import os\n\n"
    } else {
        ""
    };
    let mut all = format!(
        "# Written by farrier: locust -f FILE --headless --users {} --spawn-rate {0} --run-time {}s --host \
         http://127.0.0.1:8000\n{import}from locust import FastHttpUser, constant, task\n\n\nclass \
         Visitor(FastHttpUser):\n    wait_time = constant(0)\n",
        plan.connections,
        plan.budget.as_secs().max(1)
    );
    for (index, (request, weight)) in plan.requests.iter().zip(shares(&plan.requests)).enumerate() {
        let (path, method) = (quoted(&request.path), request.method);
        let body = text(&request.body).map(|body| format!(", data={body}.encode()"));
        let headers = headers_of(request).map(|headers| format!(", headers={headers}"));
        let more = [body, headers].into_iter().flatten().collect::<String>();
        let call = if method == Method::Get && more.is_empty() {
            format!("get({path})")
        } else {
            format!("request(\"{}\", {path}{more})", method.name())
        };
        let _ = write!(all, "\n    @task({weight})\n    def request_{index}(self):\n        self.client.{call}\n");
    }
    all
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;
    use std::path::PathBuf;

    use super::*;

    fn plan() -> Plan {
        let mut plan = Plan::new(vec![OsString::from("python")], PathBuf::from("."), Vec::new());
        plan.requests = vec![
            Request { weight: 2000, ..Request::get("/") },
            Request { weight: 1000, ..Request::get("/items?q=\"x'") },
        ];
        plan.connections = 8;
        plan
    }

    #[test]
    fn what_is_asked_twice_is_asked_twice_as_often() {
        let text = locust(&plan());
        assert!(text.contains("@task(2)\n    def request_0(self):\n        self.client.get(\"/\")"), "{text}");
        assert!(text.contains("self.client.get(\"/items?q=\\\"x'\")") && !text.contains("import os"), "{text}");
        let text = k6(&plan());
        assert!(text.contains("{ weight: 2, method: 'GET', path: \"/\" },") && text.contains("vus: 8"), "{text}");
        assert!(text.contains(r#"{ weight: 1, method: 'GET', path: "/items?q=\"x'" },"#), "{text}");
    }

    #[test]
    fn what_is_sent_stands_in_the_script_and_what_is_private_does_not() {
        let mut plan = plan();
        plan.requests =
            vec![Request { method: Method::Post, body: "{\"n\": \"é\"}".into(), ..Request::get("/items") }];
        plan.headers = [("X-Api-Key", "hidden"), ("Accept", "text/html")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .to_vec();
        let text = locust(&plan);
        let call = "self.client.request(\"POST\", \"/items\", data=\"{\\\"n\\\": \\\"é\\\"}\".encode(), \
                    headers={\"X-Api-Key\": os.environ.get(\"X_API_KEY\", \"\"), \"Accept\": \"text/html\"})";
        assert!(text.contains(call) && text.contains("\nimport os\n") && !text.contains("hidden"), "{text}");
        let text = k6(&plan);
        let sent = "method: 'POST', path: \"/items\", body: \"{\\\"n\\\": \\\"é\\\"}\", headers: {\"X-Api-Key\": \
                    __ENV.X_API_KEY || '', \"Accept\": \"text/html\"} },";
        assert!(text.contains(sent) && !text.contains("hidden"), "{text}");
        plan.requests[0].body = vec![0xff];
        assert!(script(Export::K6, &plan).is_err());
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
