//! Files that commands change, so that they are not what the project holds any more.
//!
//! Decides by the words of a command which paths it writes. What it writes is told where that is a copy of another
//! file, and else by nobody.

use super::image::{Image, Ran};
use super::locate::{Roots, join};
use super::substitution::{self, Substitution};
use crate::read::Decoded;
use crate::read::shell::{self, PartKind, Simple, Word};
use crate::source::{FileId, Files};

use std::collections::BTreeMap;

/// More instructions that change files than any build has.
const MAX_RUNS: usize = 64;

/// The paths that a command writes or takes away, by its words. What only changes how lines end leaves a file what it
/// is; of a script that is changed in its place most is what it was, so those are left out.
pub(super) fn paths<'w>(words: &[&'w str]) -> Vec<&'w str> {
    let Some((name, rest)) = words.split_first() else { return Vec::new() };
    let in_place = |word: &&str| word.starts_with("--in-place") || word.starts_with('-') && word.contains('i');
    let writes = match name.rsplit('/').next().unwrap_or(name) {
        "sed" | "perl" => rest.iter().any(in_place) && !rest.iter().any(|word| word.contains("\\r")),
        "tee" | "rm" | "unlink" | "patch" | "truncate" | "curl" | "wget" | "aws" | "gsutil" => true,
        _ => false,
    };
    let mut found: Vec<&str> =
        rest.iter().copied().filter(|word| writes && !word.starts_with('-') && !is_script(word)).collect();
    // Whatever the program is, it writes what it is told to put out: `jinja2 a.j2 -o gunicorn.conf.py`.
    for (at, word) in rest.iter().enumerate() {
        let next = rest.get(at + 1).copied();
        let target = match *word {
            "-o" | "--output" | "--out" | "--outfile" | "--output-file" | "--dest" => next,
            // `dockerize -template from:to`
            "-template" | "--template" => next.and_then(|pair| pair.split_once(':')).map(|(_, to)| to),
            glued => glued
                .strip_prefix("--output=")
                .or_else(|| glued.strip_prefix("-template=")?.split_once(':').map(|(_, to)| to)),
        };
        found.extend(target.filter(|path| is_configuration(path)));
    }
    found
}

/// Whether a path is named like a file that a server reads.
fn is_configuration(path: &str) -> bool {
    let extension = path.rsplit('/').next().unwrap_or(path).rsplit_once('.').map(|(_, extension)| extension);
    extension
        .is_some_and(|extension| matches!(extension, "py" | "ini" | "toml" | "conf" | "yaml" | "yml" | "json" | "xml"))
}

fn is_script(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit_once('.').is_none_or(|(_, extension)| matches!(extension, "sh" | "bash"))
}

/// The sources and the destination of a command that puts files in another place.
pub(super) fn moved<'w>(words: &[&'w str]) -> Option<(Vec<&'w str>, &'w str)> {
    let (name, rest) = words.split_first()?;
    if !matches!(name.rsplit('/').next()?, "cp" | "mv" | "ln" | "install") {
        return None;
    }
    let mut paths = Vec::new();
    let mut rest = rest.iter();
    while let Some(word) = rest.next() {
        match *word {
            // The folder is named first, or there are modes and owners.
            "-t" | "-d" | "-D" => return None,
            "-m" | "-o" | "-g" => drop(rest.next()),
            option if option.starts_with('-') && option.len() > 1 => {}
            path => paths.push(path),
        }
    }
    let destination = paths.pop()?;
    Some((paths, destination))
}

/// The scripts of the project that the commands of a build change in their place, each with how, if that is followed.
pub(super) type Edited = BTreeMap<FileId, Option<Vec<Substitution>>>;

/// What the commands of a build do to scripts of the project; `before` tells the folders with the first copies only.
pub(super) fn edited(image: &Image, files: &Files, before: &dyn Fn(usize) -> Roots) -> Edited {
    let mut edited = Edited::new();
    // Nearly no build does, and the folders take time.
    let runs = image.runs.iter().filter(|ran| files.text_at(ran.place).contains("sed "));
    for ran in runs.take(MAX_RUNS) {
        let mut changes = Changes::default();
        changes.of(ran, files);
        let then = (!changes.edited.is_empty()).then(|| before(ran.behind));
        for (path, substitutions) in changes.edited {
            let Some(file) = then.as_ref().and_then(|then| then.holds(files, &path)) else { continue };
            match (edited.entry(file).or_insert(Some(Vec::new())), substitutions) {
                (Some(all), Some(more)) => all.extend(more),
                (known, _) => *known = None,
            }
        }
    }
    edited
}

/// Changes `roots` by what the commands of a build do to files of the project; `before` tells the folders with the
/// first copies only.
pub(super) fn by_build(image: &Image, files: &Files, before: &dyn Fn(usize) -> Roots, roots: &mut Roots) {
    let changes = image.runs.iter().map(|ran| {
        let mut changes = Changes::default();
        changes.of(ran, files);
        (ran, changes)
    });
    for (ran, changes) in changes.filter(|(_, changes)| !changes.all.is_empty()).take(MAX_RUNS) {
        let then = before(ran.behind);
        for (source, target) in changes.all {
            let is_there = then.holds(files, &target).is_some();
            let laid = source.and_then(|source| then.holds(files, &source));
            // What a later copy brings is what it brings.
            let stays = roots.holds(files, &target) == then.holds(files, &target);
            match laid {
                Some(file) if stays => roots.mount(files.get(file).path(), &target),
                None if is_there && stays => roots.hide(&target),
                // What only the build makes is there, and not known.
                None if !is_there && is_configuration(&target) && roots.holds(files, &target).is_none() => {
                    roots.hide(&target);
                }
                _ => {}
            }
        }
    }
}

/// What a build does to files: where each comes from, if that is a path, and where it lands; both absolute.
#[derive(Default)]
struct Changes {
    all: Vec<(Option<String>, String)>,
    /// The scripts that `sed` changes, and how, if that is followed.
    edited: Vec<(String, Option<Vec<Substitution>>)>,
}

impl Changes {
    fn of(&mut self, ran: &Ran, files: &Files) {
        let text = files.text_at(ran.place);
        let body = text.trim_start().get(3..).unwrap_or_default();
        let mut from = text.len() - body.trim_start().len();
        while let Some(rest) = text.get(from..).filter(|rest| rest.starts_with("--")) {
            let behind = rest.find(char::is_whitespace).and_then(|end| rest.get(end..)).unwrap_or_default();
            from = text.len() - behind.trim_start().len();
        }
        // The whole script may be a here-document.
        let first = text.get(from..).unwrap_or_default().lines().next().unwrap_or_default();
        if first.contains("<<") && !first.ends_with('\\') && text.len() > from + first.len() {
            from += first.len() + 1;
        }
        let line = text.get(from..).unwrap_or_default();
        // A list of words is no script.
        if line.starts_with('[') || line.starts_with("<<") {
            return;
        }
        let Some(script) = shell::script(&Decoded::verbatim(line, ran.place.span.start + from), ran.place.file) else {
            return;
        };
        let mut folder = ran.folder.clone().unwrap_or_else(|| "/".to_owned());
        script.each(&mut |simple| self.simple(simple, &mut folder));
    }

    fn simple(&mut self, simple: &Simple, folder: &mut String) {
        let output = simple.output.as_ref().and_then(literal);
        self.all.extend(output.map(|path| (None, join(folder, &path))));
        let texts: Option<Vec<String>> = simple.words.iter().map(literal).collect();
        let Some(texts) = texts else { return };
        let words: Vec<&str> = texts.iter().map(String::as_str).collect();
        if let ["cd", path, ..] = words.as_slice() {
            *folder = join(folder, path);
        }
        self.all.extend(paths(&words).into_iter().map(|path| (None, join(folder, path))));
        // What only changes how lines end leaves a script what it is.
        let ends = words.iter().any(|word| word.contains("\\r"));
        if let Some((substitutions, paths)) = substitution::of(&words).filter(|_| !ends) {
            let scripts = paths.into_iter().filter(|path| is_script(path));
            self.edited.extend(scripts.map(|path| (join(folder, path), substitutions.clone())));
        }
        if let Some((sources, destination)) = moved(&words) {
            for source in sources {
                let into = destination.ends_with('/') || destination == ".";
                let name = source.rsplit('/').next().unwrap_or(source);
                let target = if into { format!("{destination}/{name}") } else { destination.to_owned() };
                self.all.push((Some(join(folder, source)), join(folder, &target)));
            }
        }
    }
}

/// The text of a word in which nothing is filled in.
fn literal(word: &Word) -> Option<String> {
    let texts = word.parts.iter().map(|part| match &part.kind {
        PartKind::Text(text) => Some(text.text().to_owned()),
        _ => None,
    });
    texts.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_tell_what_they_write() {
        let of = |line: &str| paths(&line.split(' ').collect::<Vec<_>>()).join(" ");
        assert_eq!(of("sed -i s/a/b/ conf.py"), "conf.py");
        assert_eq!(of("sed -i s/a/b/ start.sh"), "");
        assert_eq!(of("sed s/a/b/ conf.py"), "");
        assert_eq!(of("sed -i s/\\r$// start.sh"), "");
        assert_eq!(of("/bin/rm -f conf.py"), "conf.py");
        assert_eq!(of("cat conf.py"), "");
        assert_eq!(of("jinja2 a.j2 -o conf.py"), "conf.py");
        assert_eq!(of("cc -o server a.c"), "");
        assert_eq!(of("dockerize -template a.tmpl:b/conf.py"), "b/conf.py");
        let moved =
            |line: &str| moved(&line.split(' ').collect::<Vec<_>>()).map(|(from, to)| (from.join(" "), to.to_owned()));
        assert_eq!(moved("ln -sf a b"), Some(("a".to_owned(), "b".to_owned())));
        assert_eq!(moved("install -m 755 a b"), Some(("a".to_owned(), "b".to_owned())));
        assert_eq!(moved("cp -t b a"), None);
    }
}
