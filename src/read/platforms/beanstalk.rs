//! `.ebextensions/*.config` of Elastic Beanstalk.
//!
//! Its variables hold for the `Procfile` of the project, which the two are joined with later. What the
//! platform starts without one comes from a template of its own and is not read.

use crate::source::{FileId, SourceFile};

use super::super::tree::{Node, read_yaml};
use super::super::{Facts, Variable};
use super::reader::Reader;

const ENVIRONMENT: &str = "aws:elasticbeanstalk:application:environment";

/// Reads one.
pub(in super::super) fn read(file: FileId, source: &SourceFile, facts: &mut Facts) {
    let document = read_yaml(file, source, facts);
    let mut reader = Reader::new(file, source);
    for top in &document.tops {
        let Some(settings) = top.get("option_settings") else { continue };
        let variables = variables(settings, &reader);
        if variables.is_empty() {
            continue;
        }
        let mut unit = reader.unit("web", top.key_span("option_settings").unwrap_or(settings.span));
        unit.environment = variables;
        reader.add(unit);
    }
    reader.finish(facts);
}

/// A table by namespace, or a list of settings that each name theirs; without one it is that of variables.
fn variables(settings: &Node, reader: &Reader) -> Vec<Variable> {
    let table = settings.get(ENVIRONMENT).map(|table| reader.variables(table)).unwrap_or_default();
    let single = |item: &Node| {
        let namespace = item.get("namespace").and_then(Node::text);
        let name = item.get("option_name").filter(|_| namespace.is_none_or(|name| name == ENVIRONMENT))?;
        Some(reader.variable(name.text()?, name.content, item.get("value")?))
    };
    table.into_iter().chain(settings.items().iter().filter_map(single)).collect()
}
