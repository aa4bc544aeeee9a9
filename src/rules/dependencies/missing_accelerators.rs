//! Fires when Uvicorn runs without the parser and the loop that are written in C.

use super::prelude::*;

pub(super) const RULE: Rule = rule!("missing-accelerators", Shape::Deployment(check));

fn check(service: &Service, context: &Context, out: &mut Findings) {
    let deployment = service.deployment;
    let serves = deployment.server == ServerName::Uvicorn || service.class_name().contains("Uvicorn");
    let extras = [("uvicorn", "standard"), ("fastapi", "standard"), ("fastapi", "all")];
    let there = ["uvloop", "httptools"].iter().any(|name| deployment.asks_for(name))
        || extras.iter().any(|(name, extra)| deployment.asks_for_extra(name, extra));
    let class = service.class_name();
    let slim =
        deployment.base.as_ref().is_some_and(|base| base.value.contains("alpine") || base.value.contains("pypy"));
    if !serves || slim || !deployment.asks_for("uvicorn") || !service.in_production() {
        return;
    }
    if there {
        // PyPy is what the class is for.
        if let Some(faster) = class.strip_suffix("UvicornH11Worker").filter(|_| service.is_gunicorn()) {
            let faster = format!("{faster}UvicornWorker");
            out.report(
                service.class_place(),
                "a parser in Python",
                format!("`{class}` parses requests in Python, although httptools is installed"),
            )
            .help(format!("use `{faster}`"))
            .fix(
                service
                    .set("worker_class", &Value::Str(faster.clone()), context)
                    .map(|edit| Fix::unsafe_(format!("use `{faster}`"), vec![edit])),
            );
        }
        return;
    }
    out.report(
        deployment.command,
        "a parser in Python",
        "neither uvloop nor httptools is installed: Uvicorn runs on asyncio's loop and parses requests in Python",
    )
    .related_to(
        deployment
            .pin_of("uvicorn")
            .and_then(|pin| Some(Located::new("asks for Uvicorn alone".to_owned(), pin.place?))),
    )
    .help("ask for `uvicorn[standard]`")
    .fix(
        deployment
            .ask_for_extra(context.files, "uvicorn", "standard")
            .map(|edit| Fix::unsafe_("ask for `uvicorn[standard]`", vec![edit])),
    );
}
