//! `environment.yml` of conda: its own packages, and those that it leaves to pip.

use crate::source::{FileId, Place, SourceFile};

use super::super::{Facts, yaml};
use super::{MAX_REQUIREMENTS, specifier};

/// Reads an environment.
pub(in super::super) fn read(file: FileId, source: &SourceFile, facts: &mut Facts) {
    let tree = yaml::parse(source.text());
    let Some(dependencies) = tree.documents.first().and_then(|&top| tree.get(top, "dependencies")) else {
        return;
    };
    let (items, _) = tree.items(dependencies).unwrap_or_default();
    for &item in items.iter().take(MAX_REQUIREMENTS) {
        if let Some(text) = tree.text(item) {
            let place = Place::new(file, tree.content(item));
            facts.requirements.extend(own(text, place));
        } else if let Some(pip) = tree.get(item, "pip") {
            let (packages, _) = tree.items(pip).unwrap_or_default();
            for &package in packages.iter().take(MAX_REQUIREMENTS) {
                let place = Place::new(file, tree.content(package));
                facts.requirements.extend(tree.text(package).and_then(|text| specifier::parse(text, place)));
            }
        }
    }
}

/// `gunicorn=23.0`, `conda-forge::gunicorn=23.0.0=pyhd_0`, `gunicorn >=20,<24`. To conda one `=` means any release
/// that begins so, and a third part names a build, so that the version before it is meant exactly.
fn own(text: &str, place: Place) -> Option<super::super::Requirement> {
    let text = text.rsplit("::").next().unwrap_or(text).trim();
    let end = text.find(|c: char| "=<>!~ ".contains(c)).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let rest = rest.trim();
    if name.is_empty() {
        return None;
    }
    let fuzzy = rest.strip_prefix('=').filter(|rest| !rest.starts_with('='));
    let rest = match fuzzy.map(|rest| rest.split_once('=')) {
        Some(Some((version, _))) => format!("=={version}"),
        // A release has three numbers, and there is no other that begins with them.
        Some(None) if rest.matches('.').count() >= 2 && !rest.contains('*') => format!("={rest}"),
        Some(None) => format!("={}.*", rest.trim_end_matches(".*")),
        None => rest.to_owned(),
    };
    Some(specifier::from_parts(name, "", &rest, place))
}
