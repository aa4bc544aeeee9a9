//! Fires when the image is built on one that its author no longer recommends.

use super::prelude::*;
use crate::deployment::BaseImage;

pub(super) const RULE: Rule = rule!("deprecated-image", Shape::Image(check));

/// Beginnings of their names.
const DEPRECATED: [&str; 2] = ["tiangolo/uvicorn-gunicorn", "tiangolo/meinheld-gunicorn"];

fn check(base: &BaseImage, _: &Context, out: &mut Findings) {
    let name = base.image.value.strip_prefix("docker.io/").unwrap_or(&base.image.value);
    if base.development.is_some() || !DEPRECATED.iter().any(|start| name.starts_with(start)) {
        return;
    }
    let image = name.split(['@', ':']).next().unwrap_or(name);
    out.report(
        base.image.place,
        "deprecated by its author",
        format!("`{image}` is deprecated: it starts as many workers as the machine has cores, whatever the limit is"),
    )
    .help("start from `python` and run `fastapi run`, or Uvicorn or Gunicorn with a number of workers")
    .fix(None);
}
