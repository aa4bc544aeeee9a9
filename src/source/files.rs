//! The texts of one run, each with its line index.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Place, Span};

/// Names one file of a [`Files`]; cheap to copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId(u32);

/// One text file of the project.
#[derive(Debug, Clone)]
pub struct SourceFile {
    path: String,
    text: Arc<str>,
    line_starts: Arc<[usize]>,
    part: Option<Part>,
    /// Whether it is in no file of the project.
    foreign: bool,
}

/// What makes a file a part of another one.
#[derive(Debug, Clone)]
struct Part {
    owner: FileId,
    at: usize,
    /// The text of the other file, with nothing but this part and white space left.
    readable: Arc<str>,
}

impl SourceFile {
    fn new(path: String, text: Arc<str>, foreign: bool) -> Self {
        let mut line_starts = vec![0];
        line_starts.extend(text.match_indices('\n').map(|(at, _)| at + 1));
        Self { path, text, line_starts: line_starts.into(), part: None, foreign }
    }

    /// Path relative to the project root, with `/` between its parts on every system.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The last part of the path.
    pub fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// The folder part of the path, empty for a file in the root.
    pub fn folder(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(folder, _)| folder)
    }

    /// Whether its name says that it is Python code.
    pub fn is_python(&self) -> bool {
        self.path.rsplit('.').next() == Some("py")
    }

    /// Whether its name says that it is code of a program, in whatever language.
    pub fn is_code(&self) -> bool {
        matches!(self.path.rsplit('.').next(), Some("py" | "rs"))
    }

    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text, shared.
    pub fn shared_text(&self) -> Arc<str> {
        Arc::clone(&self.text)
    }

    /// What a reader has to see: of a part of another file only that part, every byte in its place.
    #[must_use]
    pub fn readable(&self) -> Cow<'_, Self> {
        match &self.part {
            None => Cow::Borrowed(self),
            // The part may end before its file does, and so do its lines.
            Some(part) => Cow::Owned(Self {
                text: Arc::clone(&part.readable),
                line_starts: self.line_starts.iter().copied().filter(|start| *start <= part.readable.len()).collect(),
                ..self.clone()
            }),
        }
    }

    /// The text of a span; empty where the span does not lie on character boundaries of this text.
    pub fn slice(&self, span: Span) -> &str {
        self.text.get(span.start..span.end).unwrap_or("")
    }

    /// One-based line of a byte offset.
    pub fn line(&self, offset: usize) -> usize {
        self.line_starts.partition_point(|&start| start <= offset)
    }

    /// One-based line and one-based column of a byte offset; columns count characters.
    pub fn line_column(&self, offset: usize) -> (usize, usize) {
        let line = self.line(offset);
        let start = self.line_starts[line - 1];
        let before = self.text.get(start..offset).unwrap_or("");
        (line, before.chars().count() + 1)
    }

    /// The span of a one-based line without its line break.
    pub fn line_span(&self, line: usize) -> Option<Span> {
        let start = *self.line_starts.get(line.checked_sub(1)?)?;
        let end = self.line_starts.get(line).copied().unwrap_or(self.text.len());
        let text = &self.text[start..end];
        Some(Span::new(start, start + text.trim_end_matches(['\n', '\r']).len()))
    }

    /// How many lines there are; an empty file has one.
    pub fn line_count(&self) -> usize {
        self.line_starts.len()
    }
}

/// All files of a run, addressed by [`FileId`].
#[derive(Debug, Clone, Default)]
pub struct Files {
    all: Vec<SourceFile>,
    /// The first file of each path: commands name many paths, and most of them are not there.
    by_path: BTreeMap<String, FileId>,
    /// The folders with a file that declares a package of Python.
    packages: BTreeSet<String>,
}

impl Files {
    /// No files.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a text and names it.
    pub fn add(&mut self, path: impl Into<String>, text: impl Into<Arc<str>>) -> FileId {
        let path = path.into();
        let id = self.next();
        self.by_path.entry(path.clone()).or_insert(id);
        let file = SourceFile::new(path, text.into(), false);
        if matches!(file.name(), "pyproject.toml" | "setup.py" | "setup.cfg") {
            self.packages.insert(file.folder().to_owned());
        }
        self.all.push(file);
        id
    }

    /// Adds a text that is in no file of the project, such as what an image of a registry holds, and names it.
    /// [`Self::iter`] leaves it out, and no path leads to it.
    pub fn add_foreign(&mut self, name: impl Into<String>, text: impl Into<Arc<str>>) -> FileId {
        let id = self.next();
        self.all.push(SourceFile::new(name.into(), text.into(), true));
        id
    }

    /// Adds a file that is written inside `owner` from byte `at` on, and names it. `readable` is the text of
    /// `owner` up to its end with nothing else left in it, so that all places in it are places in `owner`.
    pub fn add_part(&mut self, owner: FileId, at: usize, readable: impl Into<Arc<str>>) -> FileId {
        let id = self.next();
        self.by_path.entry(self.part_path(owner, at)).or_insert(id);
        let part = Some(Part { owner, at, readable: readable.into() });
        self.all.push(SourceFile { part, ..self.get(owner).clone() });
        id
    }

    /// What [`Self::find`] finds the file under that is written inside `owner` from byte `at` on. No file of
    /// a project has such a path.
    pub fn part_path(&self, owner: FileId, at: usize) -> String {
        let file = self.get(owner);
        // An image of a registry may have the name of a file.
        let mark = if file.foreign { "\0\0" } else { "\0" };
        format!("{}{mark}{at}", file.path)
    }

    /// What [`Self::find`] finds a file under.
    pub fn address(&self, id: FileId) -> String {
        let file = self.get(id);
        file.part.as_ref().map_or_else(|| file.path.clone(), |part| self.part_path(part.owner, part.at))
    }

    /// The file that the bytes of `id` are in: itself, unless it is a part of another one.
    pub fn owner(&self, id: FileId) -> FileId {
        self.get(id).part.as_ref().map_or(id, |part| part.owner)
    }

    fn next(&self) -> FileId {
        // A project does not hold four billion files: the walk stops long before.
        FileId(u32::try_from(self.all.len()).unwrap_or(u32::MAX))
    }

    /// Whether the bytes of `id` are in no file of the project.
    pub fn is_foreign(&self, id: FileId) -> bool {
        self.get(id).foreign
    }

    /// The same files without their parts, one of them with another text.
    #[must_use]
    pub fn with_text(self, path: &str, text: &str) -> Self {
        let mut changed = Self::new();
        for file in self.all.into_iter().filter(|file| file.part.is_none() && !file.foreign) {
            let text = if file.path == path { Arc::from(text) } else { file.text };
            changed.add(file.path, text);
        }
        changed
    }

    /// The file that `id` names.
    pub fn get(&self, id: FileId) -> &SourceFile {
        &self.all[id.0 as usize]
    }

    /// The file with this path relative to the project root.
    pub fn find(&self, path: &str) -> Option<FileId> {
        self.by_path.get(path).copied()
    }

    /// The folders with a file that declares a package of Python, which installing it takes its modules from.
    pub fn packages(&self) -> impl Iterator<Item = &str> {
        self.packages.iter().map(String::as_str)
    }

    /// Whether a file lies somewhere below the folder with this path.
    pub fn has_folder(&self, path: &str) -> bool {
        let start = format!("{path}/");
        self.by_path.range(start.clone()..).next().is_some_and(|(first, _)| first.starts_with(&start))
    }

    /// All files of the project, in the order they were added.
    pub fn iter(&self) -> impl Iterator<Item = (FileId, &SourceFile)> {
        let all = self.all.iter().enumerate();
        all.map(|(i, file)| (FileId(u32::try_from(i).unwrap_or(u32::MAX)), file)).filter(|(_, file)| !file.foreign)
    }

    /// The text at a place.
    pub fn text_at(&self, place: Place) -> &str {
        self.get(place.file).slice(place.span)
    }

    /// The lines of a place including the break after the last, if it has them alone: a statement that is indented may
    /// be the only one of its block, and one that shares its line with another cannot take the line with it.
    pub fn own_lines(&self, place: Place) -> Option<Place> {
        let text = self.get(place.file).text();
        let start = text.get(..place.span.start)?.rfind('\n').map_or(0, |at| at + 1);
        let rest = text.get(place.span.end..)?;
        let (tail, end) = rest.find('\n').map_or((rest, text.len()), |at| (&rest[..at], place.span.end + at + 1));
        let alone = text.get(start..place.span.start)?.trim_start_matches('\u{feff}').is_empty();
        let tail = tail.trim();
        (alone && (tail.is_empty() || tail.starts_with('#'))).then(|| Place::new(place.file, Span::new(start, end)))
    }

    /// The line that a place begins in, without its break.
    pub fn line_of(&self, place: Place) -> Place {
        let text = self.get(place.file).text();
        let start = text[..place.span.start].rfind('\n').map_or(0, |at| at + 1);
        let end = text[place.span.start..].find(['\n', '\r']).map_or(text.len(), |at| place.span.start + at);
        Place::new(place.file, Span::new(start, end))
    }

    /// The break that ends the lines of a file.
    pub fn line_break(&self, file: FileId) -> &'static str {
        if self.get(file).text().contains("\r\n") { "\r\n" } else { "\n" }
    }

    /// `path:line` of a place, as a person would write it.
    pub fn describe(&self, place: Place) -> String {
        let file = self.get(place.file);
        format!("{}:{}", file.path(), file.line(place.span.start))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_has_the_places_of_its_owner() {
        let mut files = Files::new();
        let owner = files.add("Dockerfile", "COPY <<E /x\na = 1\nE\n");
        let part = files.add_part(owner, 12, "\n\n\n\n\n\n\n\n\n\n\n\na = 1\n");
        let file = files.get(part);
        assert_eq!((file.path(), file.line(16), file.slice(Span::new(12, 17))), ("Dockerfile", 2, "a = 1"));
        assert_eq!((file.readable().text().trim(), file.readable().line(16)), ("a = 1", 2));
        let lines: Vec<_> = (1..=file.readable().line_count()).map(|line| file.readable().line_span(line)).collect();
        assert_eq!(lines, [Some(Span::new(0, 0)), Some(Span::new(12, 17)), Some(Span::new(18, 18))]);
        assert_eq!((files.owner(part), files.owner(owner)), (owner, owner));
        assert_eq!((files.find(&files.address(part)), files.find("Dockerfile")), (Some(part), Some(owner)));
        assert_eq!(files.address(part), files.part_path(owner, 12));
    }

    #[test]
    fn what_is_foreign_is_no_file_of_the_project() {
        let mut files = Files::new();
        let own = files.add("a/b", "x");
        let foreign = files.add_foreign("a/b", "x = 1\n");
        let part = files.add_part(foreign, 4, "    1");
        assert_eq!((files.find("a/b"), files.iter().count()), (Some(own), 1));
        assert!(files.is_foreign(foreign) && files.is_foreign(part) && !files.is_foreign(own));
        assert_eq!(files.find(&files.address(part)), Some(part));
        assert_eq!(files.with_text("a/b", "y").iter().count(), 1);
    }

    #[test]
    fn lines_and_columns_count_characters_from_one() {
        let mut files = Files::new();
        let id = files.add("a/b.py", "x = 1\r\nä = 2\n");
        let file = files.get(id);
        assert_eq!(file.line_column(0), (1, 1));
        assert_eq!(file.line_column(7), (2, 1));
        assert_eq!(file.line_column(9), (2, 2));
        assert_eq!(file.slice(file.line_span(1).unwrap()), "x = 1");
        assert_eq!((file.name(), file.folder()), ("b.py", "a"));
        assert_eq!(file.line_span(9), None);
        assert!(files.has_folder("a") && !files.has_folder("a/b") && !files.has_folder("b"));
        assert_eq!((files.find("a/b.py"), files.find("a")), (Some(id), None));
    }
}
