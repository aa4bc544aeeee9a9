//! Which requests a description of an interface allows to be made up: `OpenAPI` 3 and Swagger 2.
//!
//! Decides which operations are asked: `GET` alone, and where a parameter is required, only with a value that the
//! description gives itself. Nothing is invented: what needs a value that nobody gives is named instead.

use serde_json::{Map, Value};

use super::{Request, document, is_path};

/// How many references may lead to each other.
const MOST_HOPS: usize = 8;

/// What a description says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Described {
    /// The operations that can be asked, without `base`.
    pub requests: Vec<Request>,
    /// What may stand in front of all of them: of the first server that is named, which a proxy may be.
    pub base: String,
    /// Operations that cannot be asked, each with the reason.
    pub left_out: Vec<(String, String)>,
}

/// Reads a description, or says why it is none.
pub fn openapi(text: &str) -> Result<Described, String> {
    let root = document::parse(text)?;
    let is_text = |name: &str| root.get(name).is_some_and(|version| version.is_string() || version.is_number());
    let paths = root.get("paths").and_then(Value::as_object);
    let Some(paths) = paths.filter(|_| is_text("openapi") || is_text("swagger")) else {
        return Err("it is no OpenAPI or Swagger document with `paths`".to_owned());
    };
    let mut described = Described { base: base(&root), ..Described::default() };
    for (path, item) in paths {
        let Some(item) = resolved(&root, item) else { continue };
        let Some(operation) = item.get("get").and_then(|operation| resolved(&root, operation)) else { continue };
        match request(&root, path, item, operation) {
            Ok(request) => described.requests.push(request),
            Err(reason) => described.left_out.push((path.clone(), reason)),
        }
    }
    Ok(described)
}

/// What stands in front of the paths: `/v1` of `https://example.com/v1`.
fn base(root: &Value) -> String {
    let of_server = || {
        let server = root.get("servers")?.get(0)?;
        let mut url = server.get("url")?.as_str()?.to_owned();
        for (name, variable) in server.get("variables").and_then(Value::as_object).into_iter().flatten() {
            let value = variable.get("default").and_then(Value::as_str).unwrap_or_default();
            url = url.replace(&format!("{{{name}}}"), value);
        }
        Some(match url.split_once("://") {
            Some((_, rest)) => rest.find('/').map_or_else(String::new, |at| rest[at..].to_owned()),
            None => url,
        })
    };
    let of_swagger = || root.get("basePath")?.as_str().map(str::to_owned);
    let base = of_swagger().or_else(of_server).unwrap_or_default();
    let base = base.trim_end_matches('/');
    if is_path(base) && !base.contains(['{', '?']) { base.to_owned() } else { String::new() }
}

/// What a reference inside of the document leads to; the value itself where it is none.
fn resolved<'a>(root: &'a Value, value: &'a Value) -> Option<&'a Value> {
    let mut value = value;
    for _ in 0..MOST_HOPS {
        let Some(reference) = value.get("$ref").and_then(Value::as_str) else { return Some(value) };
        value = root.pointer(reference.strip_prefix('#')?)?;
    }
    None
}

fn request(root: &Value, path: &str, item: &Value, operation: &Value) -> Result<Request, String> {
    let mut parameters: Vec<&Value> = Vec::new();
    for one in [operation, item].into_iter().filter_map(|holder| holder.get("parameters")?.as_array()).flatten() {
        let one = resolved(root, one).ok_or("it has a parameter that is described elsewhere")?;
        // Those of the operation stand for those of all operations of the path.
        let same = |known: &&Value| known.get("name") == one.get("name") && known.get("in") == one.get("in");
        if !parameters.iter().any(same) {
            parameters.push(one);
        }
    }
    if operation.get("requestBody").and_then(|body| body.get("required")) == Some(&Value::Bool(true)) {
        return Err("needs a body".to_owned());
    }
    let (mut path, mut query, mut cookies) = (path.to_owned(), Vec::new(), Vec::new());
    let mut request = Request::get("");
    for parameter in parameters {
        let text = |name: &str| parameter.get(name).and_then(Value::as_str).unwrap_or_default();
        let (name, place) = (text("name"), text("in"));
        if place != "path" && parameter.get("required") != Some(&Value::Bool(true)) {
            continue;
        }
        let given = given(root, parameter).ok_or_else(|| format!("needs `{name}`, of which no example is given"))?;
        let values = words(given).ok_or_else(|| format!("needs `{name}`, which is no word"))?;
        match place {
            "path" => {
                let all: Vec<String> = values.iter().map(|value| encoded(value)).collect();
                path = path.replace(&format!("{{{name}}}"), &all.join(","));
            }
            "query" => query.extend(values.iter().map(|value| format!("{}={}", encoded(name), encoded(value)))),
            "header" => request.headers.push((name.to_owned(), values.join(","))),
            "cookie" => cookies.push(format!("{name}={}", values.join(","))),
            _ => return Err(format!("needs `{name}` in its body")),
        }
    }
    if let Some((_, rest)) = path.split_once('{') {
        let name = rest.split('}').next().unwrap_or_default();
        return Err(format!("needs `{name}`, of which nothing is said"));
    }
    if !cookies.is_empty() {
        request.headers.push(("Cookie".to_owned(), cookies.join("; ")));
    }
    if !query.is_empty() {
        path.push(if path.contains('?') { '&' } else { '?' });
        path.push_str(&query.join("&"));
    }
    request.path = path;
    request.check().map_err(|error| error.to_string())?;
    Ok(request)
}

/// The value that a parameter, or the schema of it, gives as one that fits.
fn given<'a>(root: &'a Value, parameter: &'a Value) -> Option<&'a Value> {
    let own = parameter.get("example").or_else(|| parameter.get("x-example"));
    let named = || match parameter.get("examples")? {
        Value::Object(examples) => first(root, examples),
        Value::Array(examples) => examples.first(),
        _ => None,
    };
    // Swagger 2 says in the parameter itself what `OpenAPI` 3 says in its schema.
    let schema = || resolved(root, parameter.get("schema")?).and_then(|schema| of_schema(root, schema, MOST_HOPS));
    own.or_else(named).or_else(schema).or_else(|| of_schema(root, parameter, 1)).filter(|value| !value.is_null())
}

fn first<'a>(root: &'a Value, examples: &'a Map<String, Value>) -> Option<&'a Value> {
    examples.values().find_map(|example| resolved(root, example)?.get("value"))
}

fn of_schema<'a>(root: &'a Value, schema: &'a Value, hops: usize) -> Option<&'a Value> {
    let hops = hops.checked_sub(1)?;
    let list = |name: &str| schema.get(name)?.as_array()?.iter().find(|value| !value.is_null());
    let known = schema.get("example").or_else(|| list("examples")).or_else(|| schema.get("default"));
    let known = known.or_else(|| schema.get("const")).or_else(|| list("enum")).filter(|value| !value.is_null());
    known.or_else(|| {
        // `Optional[Colour]` and a class with a comment are written so.
        let mut parts =
            ["anyOf", "oneOf", "allOf"].into_iter().filter_map(|name| schema.get(name)?.as_array()).flatten();
        parts.find_map(|part| of_schema(root, resolved(root, part)?, hops))
    })
}

/// A value as it stands in a request: a word, or several.
fn words(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(text) if !text.is_empty() => Some(vec![text.clone()]),
        Value::Number(_) | Value::Bool(_) => Some(vec![value.to_string()]),
        Value::Array(items) if !items.is_empty() => {
            let inner = items.iter().map(|item| if item.is_array() { None } else { words(item) });
            inner.collect::<Option<Vec<_>>>().map(|all| all.concat())
        }
        _ => None,
    }
}

/// Percent-encoded, but for what is never reserved (RFC 3986, section 2.3).
fn encoded(text: &str) -> String {
    let mut all = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            all.push(char::from(byte));
        } else {
            all.push('%');
            all.extend(
                [byte >> 4, byte & 15]
                    .iter()
                    .filter_map(|digit| char::from_digit(u32::from(*digit), 16))
                    .map(|digit| digit.to_ascii_uppercase()),
            );
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn paths(text: &str) -> (Vec<String>, Vec<(String, String)>) {
        let found = openapi(text).unwrap();
        (found.requests.into_iter().map(|request| request.path).collect(), found.left_out)
    }

    const OPENAPI: &str = r##"
openapi: 3.1.0
servers: [{url: "https://{host}/api/{version}/", variables: {host: {default: h}, version: {default: v1}}}]
paths:
  /items:
    get:
      parameters: [{name: page, in: query, schema: {type: integer}}]
    post: {requestBody: {required: true}}
  /items/{id}:
    parameters: [{$ref: "#/components/parameters/id"}]
    get: {}
    delete: {}
  /search:
    get:
      parameters:
        - {name: q, in: query, required: true, schema: {type: string, default: a b&c}}
        - {name: kind, in: query, required: true, schema: {anyOf: [{$ref: "#/components/schemas/Kind"}, {type: "null"}]}}
        - {name: tags, in: query, required: true, examples: {two: {value: [x, 2]}}}
        - {name: X-Tenant, in: header, required: true, example: acme}
        - {name: session, in: cookie, required: true, schema: {const: s1}}
  /people/{name}:
    get: {parameters: [{name: name, in: path, required: true, schema: {type: string}}]}
  /files/{path}: {get: {}}
  /loop: {get: {parameters: [{$ref: "#/paths/~1loop/get/parameters/0"}]}}
  /only-post: {post: {}}
components:
  parameters: {id: {name: id, in: path, required: true, schema: {type: integer, example: 7}}}
  schemas: {Kind: {enum: [book, film]}}
"##;

    #[test]
    fn what_a_description_gives_is_filled_in_and_what_it_does_not_is_named() {
        let (found, left) = paths(OPENAPI);
        assert_eq!(found, ["/items", "/items/7", "/search?q=a%20b%26c&kind=book&tags=x&tags=2"]);
        let reasons: Vec<(&str, &str)> = left.iter().map(|(path, reason)| (path.as_str(), reason.as_str())).collect();
        let expected = [
            ("/people/{name}", "needs `name`, of which no example is given"),
            ("/files/{path}", "needs `path`, of which nothing is said"),
            ("/loop", "it has a parameter that is described elsewhere"),
        ];
        assert_eq!(reasons, expected);
        let found = openapi(OPENAPI).unwrap();
        assert_eq!(found.base, "/api/v1");
        let headers = [("X-Tenant", "acme"), ("Cookie", "session=s1")].map(|(a, b)| (a.to_owned(), b.to_owned()));
        assert_eq!(found.requests[2].headers, headers);
    }

    #[test]
    fn swagger_says_the_same_in_other_places() {
        let text = r#"{"swagger": "2.0", "basePath": "/v2", "paths": {
            "/a": {"get": {"parameters": [{"name": "n", "in": "query", "required": true, "type": "integer", "default": 3}]}},
            "/b/{k}": {"get": {"parameters": [{"name": "k", "in": "path", "required": true, "type": "string", "enum": ["x"]}]}},
            "/c": {"get": {"parameters": [{"name": "body", "in": "body", "required": true, "schema": {"example": "x"}}]}}}}"#;
        let (found, left) = paths(text);
        assert_eq!(found, ["/a?n=3", "/b/x"]);
        assert_eq!(left, [("/c".to_owned(), "needs `body` in its body".to_owned())]);
        assert_eq!(openapi(text).unwrap().base, "/v2");
    }

    #[test]
    fn what_is_no_description_says_so() {
        for text in ["{}", "[]", "a: b", "openapi: 3.0.0", "{\"openapi\": \"3.0.0\", \"paths\": []}", "", "%%"] {
            assert!(openapi(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_description_leads_to_no_other_server() {
        let text = "openapi: 3.0.0\nservers: [{url: '//evil.example//x'}]\npaths:\n  //evil.example/: {get: {}}\n  http://e/: {get: {}}\n  '/a b': {get: {}}\n  /ok: {get: {parameters: [{name: Host, in: header, required: true, example: \"a\\r\\nX: y\"}]}}\n";
        let (found, left) = paths(text);
        assert!(found.is_empty() && left.len() == 4, "{found:?} {left:?}");
        assert_eq!(openapi(text).unwrap().base, "");
    }

    proptest! {
        #[test]
        fn nothing_that_is_described_is_sent_otherwise_than_framed(value in ".{0,30}", name in ".{0,10}") {
            let text = serde_json::json!({"openapi": "3.0.0", "paths": {format!("/x/{{{name}}}"): {"get": {"parameters": [
                {"name": name, "in": "path", "required": true, "example": value},
                {"name": name, "in": "query", "required": true, "example": value},
                {"name": name, "in": "header", "required": true, "example": value},
            ]}}}}).to_string();
            if let Ok(found) = openapi(&text) {
                for request in found.requests {
                    prop_assert!(request.check().is_ok());
                }
            }
        }
    }
}
