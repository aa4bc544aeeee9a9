//! The edit that has the runtime wait in place of the worker, where one call stands for another of the same arguments.

use crate::findings::{Edit, Fix};
use crate::rust::effects::Sink;
use crate::rust::packages::Package;
use crate::rust::syntax;
use crate::source::{Files, Place, Span};

/// Functions of `std::fs` that `tokio::fs` has with the same arguments and results.
const SAME: [&str; 16] = [
    "read",
    "read_to_string",
    "write",
    "copy",
    "rename",
    "remove_file",
    "remove_dir",
    "remove_dir_all",
    "create_dir",
    "create_dir_all",
    "metadata",
    "symlink_metadata",
    "canonicalize",
    "hard_link",
    "read_link",
    "set_permissions",
];

/// The edit, if what is written around the call can await, and the package has what it takes.
pub(super) fn of(sink: &Sink, call: Place, package: &Package, files: &Files) -> Option<Fix> {
    let tokio = package.dependencies.get("tokio").filter(|one| one.package == "tokio" && sink.can_await)?;
    let has = |feature: &str| tokio.features.iter().any(|one| one == "full" || one == feature);
    let (twin, feature) = match sink.what.as_str() {
        "std::thread::sleep" => ("tokio::time::sleep".to_owned(), "time"),
        "std::fs::exists" => ("tokio::fs::try_exists".to_owned(), "fs"),
        name => {
            let name = name.strip_prefix("std::fs::").filter(|name| SAME.contains(name))?;
            (format!("tokio::fs::{name}"), "fs")
        }
    };
    if !has(feature) {
        return None;
    }
    let text = files.get(call.file).text();
    let written = text.get(call.span.start..call.span.end)?;
    let callee = written.find('(')?;
    let is_path = |part: &str| part.chars().all(|c| c.is_alphanumeric() || c == '_' || c == ':');
    // A macro or another expression in front is not replaced; nor is what a generic argument stands in.
    if !is_path(&written[..callee]) || callee == 0 {
        return None;
    }
    let name = Place::new(call.file, Span::new(call.span.start, call.span.start + callee));
    let end = Place::new(call.file, Span::new(call.span.end, call.span.end));
    // What does not parse afterwards is not offered; what stands around a call does not change what it is.
    let arguments = text.get(name.span.end..call.span.end)?;
    if !syntax::is_expression(&format!("{twin}{arguments}.await")) {
        return None;
    }
    let edits = vec![Edit::replace(name, twin.as_str()), Edit::replace(end, ".await")];
    Some(Fix::unsafe_(format!("await `{twin}`"), edits))
}
