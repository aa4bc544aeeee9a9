//! `pyproject.toml` and `Pipfile`.

use toml::de::DeTable;

use crate::source::{FileId, Located, Place, SourceFile, Span};

use super::super::toml_tree::{self, Node, path, span};
use super::super::{Facts, Requirement};
use super::{MAX_REQUIREMENTS, specifier};

/// Reads the dependencies of a `pyproject.toml`, for the standard tables and for poetry, and the entry point
/// that it names for FastAPI.
pub(in super::super) fn read_pyproject(file: FileId, source: &SourceFile, facts: &mut Facts) {
    let tree = toml_tree::parse(file, source, facts);
    let mut reader = Reader { file, found: Vec::new() };
    if let Some(list) = path(&tree, &["project", "dependencies"]) {
        reader.list(list);
    }
    for groups in
        [&["project", "optional-dependencies"][..], &["dependency-groups"], &["tool", "pdm", "dev-dependencies"]]
    {
        for (_, list) in table(&tree, groups).into_iter().flatten() {
            reader.list(list);
        }
    }
    if let Some(list) = path(&tree, &["tool", "uv", "dev-dependencies"]) {
        reader.list(list);
    }
    reader.table(&tree, &["tool", "poetry", "dependencies"]);
    reader.table(&tree, &["tool", "poetry", "dev-dependencies"]);
    for (_, group) in table(&tree, &["tool", "poetry", "group"]).into_iter().flatten() {
        if let Some(group) = group.get_ref().as_table() {
            reader.table(group, &["dependencies"]);
        }
    }
    facts.requirements.append(&mut reader.found);
    if let Some(node) = path(&tree, &["tool", "fastapi", "entrypoint"])
        && let Some(text) = node.get_ref().as_str()
    {
        facts.entrypoints.insert(file, Located::new(text.to_owned(), reader.place(node)));
    }
}

/// Reads the packages of a `Pipfile`.
pub(in super::super) fn read_pipfile(file: FileId, source: &SourceFile, facts: &mut Facts) {
    let tree = toml_tree::parse(file, source, facts);
    let mut reader = Reader { file, found: Vec::new() };
    reader.table(&tree, &["packages"]);
    reader.table(&tree, &["dev-packages"]);
    facts.requirements.append(&mut reader.found);
}

fn table<'t, 'a>(tree: &'t DeTable<'a>, keys: &[&str]) -> Option<&'t DeTable<'a>> {
    path(tree, keys)?.get_ref().as_table()
}

struct Reader {
    file: FileId,
    found: Vec<Requirement>,
}

impl Reader {
    /// A list of requirements as PEP 508 writes them; an item may also be a table that names a group.
    fn list(&mut self, list: &Node<'_>) {
        for item in list.get_ref().as_array().into_iter().flat_map(|items| items.iter()) {
            if let Some(text) = item.get_ref().as_str() {
                let found = specifier::parse(text, self.place(item));
                self.add(found);
            }
        }
    }

    /// `name = "^1.0"`, `name = {version = "^1.0", extras = ["x"]}` or a list of such tables.
    fn table(&mut self, tree: &DeTable<'_>, keys: &[&str]) {
        for (name, node) in table(tree, keys).into_iter().flatten() {
            let name = name.get_ref().as_ref();
            if name == "python" {
                continue;
            }
            let versions: Vec<&Node<'_>> = match node.get_ref().as_array() {
                Some(items) => items.iter().collect(),
                None => vec![node],
            };
            for node in versions {
                let field = |key: &str| node.get_ref().as_table().and_then(|table| table.get(key));
                let version = field("version").unwrap_or(node);
                let extras: Vec<&str> = field("extras")
                    .and_then(|extras| extras.get_ref().as_array())
                    .into_iter()
                    .flat_map(|extras| extras.iter().filter_map(|extra| extra.get_ref().as_str()))
                    .collect();
                let text = version.get_ref().as_str().unwrap_or_default();
                // To poetry a bare version means exactly that one.
                let bare = text.starts_with(|c: char| c.is_ascii_digit()) && !text.contains(['*', ',', '|', ' ']);
                let text = if bare { format!("=={text}") } else { text.to_owned() };
                let found = specifier::from_parts(name, &extras.join(","), &text, self.place(version));
                self.add(Some(found));
            }
        }
    }

    fn add(&mut self, requirement: Option<Requirement>) {
        if self.found.len() < MAX_REQUIREMENTS {
            self.found.extend(requirement);
        }
    }

    /// The bytes inside the quotes of a plain string.
    fn place(&self, node: &Node<'_>) -> Place {
        let span = span(node);
        let inside = if node.get_ref().as_str().is_some_and(|text| text.len() + 2 == span.len()) {
            Span::new(span.start + 1, span.end - 1)
        } else {
            span
        };
        Place::new(self.file, inside)
    }
}
