//! Which files git says were changed.
//!
//! The project is judged as a whole whatever was changed: one file says little about a service. What was changed decides
//! which findings are shown. Git is asked with its own extensions switched off; what it cannot answer is an error, not
//! an empty list.

use std::path::Path;
use std::process::Command;

use super::Failure;

/// What was changed, and since when.
#[derive(Debug, Clone, Copy)]
pub(super) enum Since<'r> {
    /// Everything that the next commit would hold.
    Staged,
    /// Everything that differs from a commit, with what git does not know yet.
    Revision(&'r str),
}

/// The paths of the files below `root` that were changed, relative to it, with `/` between their parts.
pub(super) fn files(root: &Path, since: Since) -> Result<Vec<String>, Failure> {
    let difference = ["diff", "--name-only", "-z", "--relative", "--diff-filter=d", "--no-ext-diff", "--no-textconv"];
    match since {
        Since::Staged => git(root, &[&difference[..], &["--cached", "--"]].concat()),
        Since::Revision(revision) => {
            if revision.starts_with('-') {
                return Err(Failure::Usage(format!("`{revision}` is no commit")));
            }
            // What others have added to the branch since is no change of this one's.
            let base = git(root, &["merge-base", revision, "HEAD"])?;
            let base = base.first().map_or(revision, |line| line.trim());
            let mut changed = git(root, &[&difference[..], &[base, "--"]].concat())?;
            changed.extend(git(root, &["ls-files", "-z", "--others", "--exclude-standard"])?);
            Ok(changed)
        }
    }
}

/// What git prints between zeros, or on a line.
fn git(root: &Path, words: &[&str]) -> Result<Vec<String>, Failure> {
    let failed = |why: &str| {
        let words: Vec<&str> = words.iter().copied().take(1).collect();
        Failure::Usage(format!("git {} in {} failed: {}", words.join(" "), root.display(), why.trim()))
    };
    let mut command = Command::new("git");
    command.args(["-c", "core.fsmonitor=false", "-c", "core.quotepath=false"]).arg("-C").arg(root).args(words);
    command.env("GIT_OPTIONAL_LOCKS", "0").env("LC_ALL", "C");
    // A hook of a work tree beside the first is told the folder of git and not that of its files, so that git takes the
    // folder it is asked in for the top. Found from there, both are right.
    if std::env::var_os("GIT_WORK_TREE").is_none() {
        command.env_remove("GIT_DIR");
    }
    let output = command.output().map_err(|error| failed(&error.to_string()))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(failed(said.lines().next().unwrap_or("it said nothing")));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text.split('\0').filter(|path| !path.trim().is_empty()).map(str::to_owned).collect())
}
