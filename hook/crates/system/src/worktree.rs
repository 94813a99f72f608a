//! Finds the project of a directory: the root of its git worktree. baton never runs git, because a repository can make
//! git run programs.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use baton_fs::read::{open_regular, read_capped};

/// The maximum number of directories to check, from the start upward.
const MAX_PARENT_DIRECTORIES: usize = 64;

/// The maximum size of a `.git` file, which contains a keyword and a path.
const MAX_GIT_FILE_BYTES: usize = 8 * 1024;

/// Returns the canonical path of the worktree root that contains a directory, or the directory's own canonical path if
/// there is no worktree. Returns `None` if the directory does not exist or its path is not UTF-8. Linked worktrees and
/// submodules are roots of their own.
#[must_use]
pub fn find_root(start: &Path) -> Option<String> {
    let start = std::fs::canonicalize(start).ok()?;
    let root =
        start.ancestors().take(MAX_PARENT_DIRECTORIES).find(|directory| is_worktree_root(directory)).unwrap_or(&start);
    root.to_str().map(str::to_owned)
}

/// Returns what stays of a directory when it is renamed: its device, its inode and when it was made, in nanoseconds since
/// 1970. Returns `None` if the file system does not say when, because inodes are used again.
#[must_use]
pub fn directory_identity(directory: &Path) -> Option<String> {
    let meta = std::fs::metadata(directory).ok()?;
    let made = meta.created().ok()?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    Some(format!("{:x}:{:x}:{}", meta.dev(), meta.ino(), made.as_nanos()))
}

/// Returns whether a directory has a `.git` that is a repository or names one.
fn is_worktree_root(directory: &Path) -> bool {
    let git = directory.join(".git");
    let Ok(meta) = std::fs::metadata(&git) else {
        return false;
    };
    if meta.is_dir() {
        // An empty `.git` directory is not a repository. Some sandboxes mount one.
        return std::fs::symlink_metadata(git.join("HEAD")).is_ok();
    }
    // Whether the repository can be reached does not matter. In a container, that of a linked worktree often is not
    // mounted, and the directory is a worktree all the same.
    meta.is_file() && names_repository(&git)
}

/// Returns whether a `.git` file is one line that names a repository.
fn names_repository(git: &Path) -> bool {
    let Some(text) = read_git_file(git) else {
        return false;
    };
    let path = text.strip_prefix("gitdir:").map(|path| path.trim_matches([' ', '\n', '\r']));
    path.is_some_and(|path| !path.is_empty() && !path.contains(['\0', '\n']))
}

/// Reads a `.git` file. Returns `None` if it cannot be read, is no regular file, is too long or is not UTF-8. A project
/// may contain anything: a pipe would hold up whoever opens it.
pub(crate) fn read_git_file(git: &Path) -> Option<String> {
    String::from_utf8(read_capped(open_regular(git).ok()?, MAX_GIT_FILE_BYTES).ok()?).ok()
}

/// Returns the branch that is checked out in a worktree root, or `None` if it is none or cannot be read.
#[must_use]
pub fn branch(root: &Path) -> Option<String> {
    let head = read_git_file(&git_directory(root)?.join("HEAD"))?;
    head.strip_prefix("ref: refs/heads/").map(|branch| branch.trim_end().to_owned())
}

/// Returns git's own directory of a worktree root, which the `.git` file of a linked worktree or a submodule names.
pub(crate) fn git_directory(root: &Path) -> Option<PathBuf> {
    let git = root.join(".git");
    match std::fs::metadata(&git).ok()?.is_dir() {
        true => Some(git),
        false => Some(root.join(read_git_file(&git)?.strip_prefix("gitdir:")?.trim_matches([' ', '\n', '\r']))),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use super::*;

    /// Creates a repository with a linked worktree and a submodule, and directories that only look like repositories.
    fn tree() -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let base = fs::canonicalize(dir.path()).unwrap();
        for path in [
            "repo/.git/worktrees/side",
            "repo/.git/modules/sub",
            "repo/src/deep",
            "repo/sub/x",
            "repo/empty/.git",
            "repo/broken/x",
            "repo/dangling/x",
            "repo/emptied/x",
            "repo/nameless/x",
            "repo/two-lines/x",
            "side/x",
            "plain/x",
        ] {
            fs::create_dir_all(base.join(path)).unwrap();
        }
        for path in ["repo/.git/HEAD", "repo/.git/worktrees/side/HEAD", "repo/.git/modules/sub/HEAD"] {
            fs::write(base.join(path), "ref: refs/heads/main\n").unwrap();
        }
        fs::write(base.join("repo/sub/.git"), "gitdir: ../.git/modules/sub\n").unwrap();
        fs::write(base.join("repo/broken/.git"), "x".repeat(MAX_GIT_FILE_BYTES + 1)).unwrap();
        fs::write(base.join("repo/dangling/.git"), "gitdir: /nowhere/at/all\n").unwrap();
        fs::write(base.join("repo/emptied/.git"), format!("gitdir: {}\n", base.join("plain").display())).unwrap();
        fs::write(base.join("repo/nameless/.git"), "gitdir: \n").unwrap();
        fs::write(base.join("repo/two-lines/.git"), "gitdir: /nowhere\nand more\n").unwrap();
        fs::write(base.join("side/.git"), format!("gitdir: {}\n", base.join("repo/.git/worktrees/side").display()))
            .unwrap();
        std::os::unix::fs::symlink(base.join("repo/src"), base.join("link")).unwrap();
        (dir, base)
    }

    #[test]
    fn the_root_is_the_nearest_worktree_else_the_directory() {
        let (_dir, base) = tree();
        for (start, expected) in [
            ("repo", "repo"),
            ("repo/src/deep", "repo"),
            ("repo/.git/worktrees", "repo"),
            ("repo/sub/x", "repo/sub"),
            ("repo/empty", "repo"),
            ("repo/broken/x", "repo"),
            ("repo/dangling/x", "repo/dangling"),
            ("repo/emptied/x", "repo/emptied"),
            ("repo/nameless/x", "repo"),
            ("repo/two-lines/x", "repo"),
            ("side/x", "side"),
            ("plain/x", "plain/x"),
            ("plain/x/../x", "plain/x"),
            ("link/deep", "repo"),
        ] {
            let found = find_root(&base.join(start)).map(PathBuf::from);
            assert_eq!(found, Some(base.join(expected)), "{start}");
        }
        assert_eq!(find_root(&base.join("missing")), None);
    }

    #[test]
    fn the_branch_is_what_head_names() {
        let (_dir, base) = tree();
        for (root, expected) in [
            ("repo", Some("main")),
            ("side", Some("main")),
            ("repo/sub", Some("main")),
            ("repo/broken", None),
            ("plain", None),
        ] {
            assert_eq!(branch(&base.join(root)).as_deref(), expected, "{root}");
        }
        fs::write(base.join("repo/.git/HEAD"), "0123456789abcdef\n").unwrap();
        assert_eq!(branch(&base.join("repo")), None);
    }

    #[test]
    fn a_pipe_named_git_does_not_hold_up() {
        let (_dir, base) = tree();
        nix::unistd::mkfifo(&base.join("plain/x/.git"), nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert_eq!(find_root(&base.join("plain/x")).map(PathBuf::from), Some(base.join("plain/x")));
    }

    #[test]
    fn a_pipe_in_place_of_a_file_of_git_holds_up_nobody() {
        let dir = tempfile::tempdir().unwrap();
        let pipe = |path: &str| {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
        };
        pipe("head/.git/HEAD");
        pipe("git/.git");
        fs::create_dir_all(dir.path().join("named")).unwrap();
        fs::write(dir.path().join("named/.git"), "gitdir: ../head/.git\n").unwrap();
        for project in ["head", "git", "named"] {
            assert_eq!(branch(&dir.path().join(project)), None, "{project}");
            assert!(find_root(&dir.path().join(project)).is_some(), "{project}");
        }
    }
}
