//! What the build of an image leaves behind: `.dockerignore`.
//!
//! Follows `patternmatcher` of `moby`: a pattern speaks of the whole path below the context, `**` stands for any
//! number of folders, what holds for a folder holds for all in it, and of several lines the last one counts.

use super::locate::join;
use crate::source::{FileId, Files, pattern_fits};

/// More lines than anybody writes.
const MAX_RULES: usize = 2_000;

/// The paths that are not sent to whoever builds an image.
#[derive(Debug)]
pub(super) struct LeftOut {
    context: String,
    rules: Vec<Rule>,
}

#[derive(Debug)]
struct Rule {
    parts: Vec<String>,
    /// Whether it takes back what rules in front of it say.
    brings: bool,
}

impl LeftOut {
    /// What is left out where `dockerfile` is built from the folder `context`; `None` where nothing says so. A file
    /// that has the name of the Dockerfile wins over the one of the folder.
    pub(super) fn of(dockerfile: FileId, context: &str, files: &Files) -> Option<Self> {
        let own = format!("{}.dockerignore", files.get(dockerfile).path());
        let file = files.find(&own).or_else(|| files.find(&join(context, ".dockerignore")))?;
        let text = files.get(file).text().trim_start_matches('\u{feff}');
        let rules = text.lines().filter(|line| !line.starts_with('#')).filter_map(rule).take(MAX_RULES).collect();
        Some(Self { context: context.to_owned(), rules })
    }

    /// Whether the file of the project at `path` stays behind.
    pub(super) fn holds(&self, path: &str) -> bool {
        let inside = match self.context.as_str() {
            "" => Some(path),
            context => path.strip_prefix(context).and_then(|rest| rest.strip_prefix('/')),
        };
        let Some(inside) = inside else { return false };
        let parts: Vec<&str> = inside.split('/').collect();
        let concerns =
            |rule: &&Rule| (1..=parts.len()).any(|end| fits(&rule.parts, parts.get(..end).unwrap_or_default()));
        self.rules.iter().rev().find(concerns).is_some_and(|rule| !rule.brings)
    }
}

fn rule(line: &str) -> Option<Rule> {
    let line = line.trim();
    let (pattern, brings) = line.strip_prefix('!').map_or((line, false), |rest| (rest.trim(), true));
    let pattern = join("", pattern.trim_start_matches('/'));
    let parts: Vec<String> = pattern.split('/').map(str::to_owned).collect();
    (!pattern.is_empty()).then_some(Rule { parts, brings })
}

/// Whether a pattern fits all parts of a path. Of `**` it is only seen how far each prefix of the pattern reaches, so
/// this takes as many steps as there are pairs.
fn fits(pattern: &[String], path: &[&str]) -> bool {
    let mut reached = vec![false; path.len() + 1];
    if let Some(first) = reached.first_mut() {
        *first = true;
    }
    for part in pattern {
        let mut next = vec![false; path.len() + 1];
        for (at, _) in reached.iter().enumerate().filter(|(_, reached)| **reached) {
            if part == "**" {
                next.iter_mut().skip(at).for_each(|slot| *slot = true);
            } else if path.get(at).is_some_and(|name| pattern_fits(part, name))
                && let Some(slot) = next.get_mut(at + 1)
            {
                *slot = true;
            }
        }
        reached = next;
    }
    reached.last() == Some(&true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(ignore: &str, context: &str, path: &str) -> bool {
        let mut files = Files::new();
        let dockerfile = files.add("app/Dockerfile", "");
        files.add(join(context, ".dockerignore"), ignore);
        LeftOut::of(dockerfile, context, &files).unwrap().holds(path)
    }

    /// The answers of `patternmatcher` as its own tests and the reference of Dockerfiles give them.
    #[test]
    fn lines_mean_what_docker_makes_of_them() {
        for (ignore, path, expected) in [
            ("start.sh", "start.sh", true),
            ("/start.sh", "start.sh", true),
            ("start.sh", "bin/start.sh", false),
            ("**/start.sh", "start.sh", true),
            ("**/start.sh", "bin/x/start.sh", true),
            ("*.sh", "bin/start.sh", false),
            ("*/*.sh", "bin/start.sh", true),
            ("bin", "bin/x/start.sh", true),
            ("bin/", "bin/x/start.sh", true),
            ("./bin/../bin", "bin/start.sh", true),
            ("bin/**", "bin/x/start.sh", true),
            ("b?n", "bin/start.sh", true),
            ("*\n!app", "app/main.py", false),
            ("*\n!app\n**/*.env", "app/.env", true),
            ("*\n!app/main.py", "app/main.py", false),
            ("*\n!app/main.py", "app/other.py", true),
            ("# start.sh\n\n  bin  ", "start.sh", false),
            ("# start.sh\n\n  bin  ", "bin/a", true),
        ] {
            assert_eq!(left(ignore, "", path), expected, "{ignore:?} {path}");
        }
    }

    #[test]
    fn the_context_is_where_paths_begin() {
        assert!(left("a.sh", "app", "app/a.sh"));
        assert!(!left("a.sh", "app", "a.sh"));
        assert!(!left("app/a.sh", "app", "app/a.sh"));
    }

    #[test]
    fn a_dockerfile_has_a_list_of_its_own() {
        let mut files = Files::new();
        let dockerfile = files.add("app/Dockerfile", "");
        files.add(".dockerignore", "a.sh\n");
        files.add("app/Dockerfile.dockerignore", "b.sh\n");
        let left = LeftOut::of(dockerfile, "", &files).unwrap();
        assert!(left.holds("b.sh") && !left.holds("a.sh"));
    }
}
