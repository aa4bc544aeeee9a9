//! `farrier init --schema`: what an editor needs to know of `farrier.toml`.
//!
//! A test asks the reader of the settings which words it knows in each table, so that none is missing here.

use farrier::rules::{CARDS, Card};
use farrier::servers::{Server, table};
use serde_json::{Map, Value as Json, json};

/// The shape of an amount of memory.
const MEMORY: &str = "^[0-9]+(\\.[0-9]+)? ?([kKmMgGtT]i?)?[bB]?$";
/// What a call may wait for.
const CATEGORIES: &[&str] = &[
    "sleep",
    "http",
    "dns",
    "socket",
    "db",
    "orm",
    "cache",
    "search",
    "mq",
    "queue",
    "rpc",
    "cloud",
    "saas",
    "llm",
    "mail",
    "ssh",
    "directory",
    "subprocess",
    "lock",
    "event-loop",
    "input",
    "file",
    "cpu",
];

pub(super) fn schema() -> String {
    let levels = json!({"enum": ["off", "advice", "warning", "error"], "description": "A severity, or off."});
    let severity = json!({"enum": ["advice", "warning", "error"]});
    let document = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "farrier.toml",
        "description": "Settings of farrier, a configuration linter and advisor for Python web servers.",
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "extend": words("Files whose settings count where this one says nothing else."),
            "select": rules("Rules to run; empty for all."),
            "ignore": rules("Rules not to run."),
            "exclude": texts("Patterns of paths to leave out, spelled as in a .gitignore."),
            "require-reason": flag("A comment that silences anything has to say why."),
            "baseline": text("The file of findings that are known."),
            "severity": {
                "type": "object", "description": "Other severities for rules.",
                "propertyNames": {"$ref": "#/definitions/rule"}, "additionalProperties": levels,
            },
            "min-severity": described(&severity, "The least severe finding that is shown."),
            "fail-on": described(&severity, "The least severe finding that makes a run fail."),
            "per-file": {
                "type": "object", "description": "What counts in the files of a pattern only.",
                "additionalProperties": table_of(&json!({
                    "ignore": rules("Rules that say nothing there."),
                    "severity": {
                        "type": "object", "propertyNames": {"$ref": "#/definitions/rule"}, "additionalProperties": levels,
                    },
                })),
            },
            "policy": {"type": "array", "description": "Rules of the project's own.", "items": policy(&severity)},
            "rules": parameters(),
            "environment": text("Which of the named environments counts; production if not given."),
            "host": environments("One copy of the service in production.", &json!({
                "cpus": positive("Cores that it may use."),
                "memory": memory("Memory that it may use, such as 512MiB."),
                "reserved-cpus": positive("Cores of that for side-cars and other things under the same limit."),
                "reserved-memory": memory("Memory of that for side-cars and other things under the same limit."),
                "replicas": count("How many copies run."),
                "kill-after": seconds("Seconds between the signal to stop and the kill."),
                "boot-time": seconds("Seconds from the start of a worker until it takes requests."),
            })),
            "proxy": environments("What passes requests on to the service.", &json!({
                "idle-timeout": seconds("Seconds for which it keeps an idle connection to the service."),
                "request-timeout": seconds("Seconds after which it gives up on a request."),
                "buffers": flag("Whether it takes requests and answers in before it passes them on."),
                "connections": count("Idle connections to one copy of the service that it may keep."),
            })),
            "database": environments("The database that the service asks.", &json!({
                "max-connections": count("Connections that its server allows."),
                "reserved": count("How many of them are for others."),
                "pooler": flag("Whether a pooler such as PgBouncer stands in between."),
            })),
            "traffic": environments("The requests that come, to all copies together.", &json!({
                "requests-per-second": positive("How many a second."),
                "concurrency": count("How many are in flight together at the peak."),
                "longest-request": seconds("Seconds that the longest may take."),
                "latency": seconds("Seconds within which 99 of 100 are to be answered."),
            })),
            "application": described(&table_of(&json!({
                "workload": {"enum": ["cpu", "mixed", "io", "stream"], "description": "What requests spend their time on."},
                "blocking-fraction": {"type": "number", "minimum": 0, "maximum": 1, "description": "Share of a request that waits."},
                "worker-memory": memory("Memory of one worker after its first requests (PSS)."),
                "request-time": seconds("Seconds that one request takes on an idle server."),
                "cpu-time": seconds("Seconds of that for which it computes."),
            })), "What the application does, as far as files cannot tell."),
            "blocking": blocking(),
        },
        "definitions": {"rule": rule()},
    });
    serde_json::to_string_pretty(&document).unwrap_or_default() + "\n"
}

/// A rule by name, code or group; the names of policies are words like any other.
fn rule() -> Json {
    let mut words: Vec<&str> = Vec::new();
    for card in CARDS {
        words.extend([card.name, card.code]);
        words.extend(card.aliases);
    }
    for card in CARDS {
        words.extend(
            [card.group].into_iter().chain(card.code.get(..3)).filter(|word| !words.contains(word)).collect::<Vec<_>>(),
        );
    }
    json!({"anyOf": [{"enum": words}, {"type": "string", "pattern": "^[a-z][a-z0-9-]*$"}]})
}

fn parameters() -> Json {
    let with: Vec<&Card> = CARDS.iter().filter(|card| !card.parameters.is_empty()).collect();
    let of = |card: &Card| {
        let own = card.parameters.iter().map(|parameter| {
            let about = format!("{}; {} if not given.", parameter.doc, parameter.default);
            (parameter.name.to_owned(), json!({"type": "number", "description": about}))
        });
        described(&table_of(&Json::Object(own.collect())), card.title)
    };
    let by_name = with.iter().flat_map(|card| [(card.name.to_owned(), of(card)), (card.code.to_owned(), of(card))]);
    json!({
        "type": "object", "description": "Parameters of rules.", "additionalProperties": false,
        "properties": Json::Object(by_name.collect()),
    })
}

fn policy(severity: &Json) -> Json {
    let mut settings: Vec<&str> =
        Server::every().flat_map(|server| table(server).settings().map(farrier::servers::Setting::name)).collect();
    settings.push("version");
    settings.sort_unstable();
    settings.dedup();
    let scalar = json!({"type": ["string", "number", "boolean"]});
    let scalars = json!({"anyOf": [scalar, {"type": "array", "items": scalar}]});
    let demands =
        ["max", "min", "one-of", "not", "matches", "required", "forbidden"].map(|word| json!({"required": [word]}));
    let servers: Vec<&str> = Server::every().map(Server::as_str).collect();
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["name"],
        "oneOf": [{"required": ["setting"]}, {"required": ["limit"]}],
        "anyOf": demands,
        "properties": {
            "name": {"type": "string", "pattern": "^[a-z][a-z0-9-]*$", "description": "Its name, for comments and settings."},
            "message": text("What to say; the value and the bound are added."),
            "severity": described(severity, "warning if not given."),
            "when": {"anyOf": [{"enum": ["production", "development"]}, table_of(&json!({
                "server": {"anyOf": [{"enum": servers}, {"type": "array", "items": {"enum": servers}}]},
                "worker-class": words("Classes of Gunicorn's workers."),
                "production": flag("Whether it runs in production."),
                "path": words("Patterns of the file that starts the server."),
            }))]},
            "setting": {
                "anyOf": [{"enum": settings}, {"type": "string", "pattern": "^-{0,2}[a-z][a-z0-9_-]*$"}],
                "description": "A setting of a server, or version for the server itself.",
            },
            "limit": {"enum": ["cpus", "memory", "replicas", "stop-grace", "kill-after"], "description": "What bounds the service."},
            "max": described(&scalar, "The most."),
            "min": described(&scalar, "The least."),
            "one-of": described(&scalars, "The only values."),
            "not": described(&scalars, "Values that may not be."),
            "matches": text("A regular expression that the value has to match somewhere."),
            "required": flag("Somebody has to set it."),
            "forbidden": flag("Nobody may set it."),
            "unknown": {"enum": ["silent", "report"], "description": "What to do about a value that cannot be told."},
        },
    })
}

fn blocking() -> Json {
    let category = json!({"enum": CATEGORIES});
    let weight = json!({"enum": ["slight", "bounded", "unbounded"]});
    let gevent = json!({"enum": ["yields", "blocks", "setup", "cpu", "disk", "irrelevant"]});
    let names = json!({"type": "array", "items": {"type": "string"}});
    let position = json!({"type": "integer", "minimum": 0, "description": "The position of its timeout."});
    let by_name = json!({"type": "object", "additionalProperties": {"type": "string"}});
    let first = text("The version of the distribution that has what to use instead first.");
    let since = text("The version of the distribution from which on it blocks.");
    let call = required(
        &["names", "category"],
        &json!({
            "names": names, "category": category, "weight": weight, "gevent": gevent, "instead": text("What to use instead."),
            "instead_since": first, "since": since,
            "unless": names, "needs": names, "lazy": flag("It blocks only when its result is used."),
            "decorator": flag("It is a decorator."), "timeout_at": position,
        }),
    );
    let kind = required(
        &["name", "category"],
        &json!({
            "name": text("The class, dotted."), "alias": names, "from": names, "category": category, "weight": weight,
            "narrows": text("The class of which these are the instances made with one of `made_with`."), "made_with": names,
            "gevent": gevent, "instead": text("What to use instead."), "instead_since": first, "since": since, "block": names, "slight": names, "safe": names,
            "read": names, "construct_needs": names,
            "implicit": {"type": "array", "items": {"enum": ["construct", "enter", "exit", "iterate", "truth", "item"]}},
            "timeout_at": {"type": "object", "additionalProperties": position},
            "waits_for": {"type": "object", "additionalProperties": category},
            "timeout": {"enum": ["operation", "whole", "milliseconds"]},
            "gives": by_name, "holds": by_name, "unless": {"type": "object", "additionalProperties": names},
            "twin": text("The asynchronous class of the same shape."), "dynamic": flag("Its methods are made at run time."),
        }),
    );
    let library = required(
        &["distribution", "modules", "category"],
        &json!({
            "distribution": text("What installs it."), "modules": names, "category": category,
            "checked": text("The version that was read."), "gevent": gevent, "gevent_observed": flag("Whether that was tried."),
            "gevent_setup": text("What has to be called for gevent."), "instead": text("What to use instead."),
            "instead_since": first, "gives_up": seconds("Seconds after which a call gives up by default."), "same": by_name,
            "timeout": {"enum": ["operation", "whole", "milliseconds"]},
            "retries": {"type": "integer", "minimum": 0, "description": "How often a call is tried again by default."},
            "call": {"type": "array", "items": call}, "type": {"type": "array", "items": kind},
        }),
    );
    described(
        &table_of(&json!({
            "library": {"type": "array", "items": library},
            "offloaders": texts("Functions that run elsewhere what they are given."),
            "safe-decorators": texts("Decorators that make the functions under them run elsewhere."),
            "entry-points": texts("Functions that the event loop calls although no framework shows it."),
            "allow": {"type": "array", "items": table_of(&json!({
                "path": text("A pattern of paths, spelled as in a .gitignore."),
                "rules": rules("Rules, by name, code or group."),
                "categories": {"type": "array", "items": category},
                "reason": text("Why."),
            }))},
        })),
        "What blocks, what does not, and what may.",
    )
}

fn table_of(properties: &Json) -> Json {
    json!({"type": "object", "additionalProperties": false, "properties": properties})
}

fn required(names: &[&str], properties: &Json) -> Json {
    json!({"type": "object", "additionalProperties": false, "required": names, "properties": properties})
}

/// A table of facts, with tables of the same shape for named environments.
fn environments(about: &str, properties: &Json) -> Json {
    json!({
        "type": "object", "description": about, "properties": properties,
        "additionalProperties": table_of(properties),
    })
}

fn described(schema: &Json, about: &str) -> Json {
    let mut with = schema.as_object().cloned().unwrap_or_else(Map::new);
    with.insert("description".to_owned(), Json::from(about));
    Json::Object(with)
}

fn text(about: &str) -> Json {
    json!({"type": "string", "description": about})
}

fn texts(about: &str) -> Json {
    json!({"type": "array", "items": {"type": "string"}, "description": about})
}

fn words(about: &str) -> Json {
    json!({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}], "description": about})
}

fn rules(about: &str) -> Json {
    json!({"type": "array", "items": {"$ref": "#/definitions/rule"}, "description": about})
}

fn flag(about: &str) -> Json {
    json!({"type": "boolean", "description": about})
}

fn count(about: &str) -> Json {
    json!({"type": "integer", "minimum": 0, "description": about})
}

fn positive(about: &str) -> Json {
    json!({"type": "number", "exclusiveMinimum": 0, "description": about})
}

fn seconds(about: &str) -> Json {
    json!({"type": "number", "minimum": 0, "description": about})
}

fn memory(about: &str) -> Json {
    json!({"type": "string", "pattern": MEMORY, "description": about})
}
