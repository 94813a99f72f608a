//! Where the state is, and whether it is safe to use there.

use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

use agent_baton_core::process::Place;

use super::filesystem;
use super::layout::Hash;

/// What of the environment decides where the state is.
#[derive(Debug, Clone, Default)]
pub struct Env {
    /// `BATON_HOME`.
    pub baton_home: Option<OsString>,
    /// `XDG_STATE_HOME`.
    pub xdg_state_home: Option<OsString>,
    /// `HOME`.
    pub home: Option<OsString>,
    /// The account's home, which no environment can change.
    pub account_home: AccountHome,
}

/// The home of the account that runs baton.
#[derive(Debug, Clone, Default)]
pub enum AccountHome {
    /// As the account database says; looked up only when it is needed.
    #[default]
    Database,
    /// As given.
    Is(PathBuf),
}

/// Why the state cannot be where it should.
#[derive(Debug, thiserror::Error)]
pub enum HomeError {
    /// Nothing says where it is.
    #[error(
        "neither BATON_HOME, XDG_STATE_HOME nor HOME says where the state is: set BATON_HOME to a directory"
    )]
    Unset,
    /// The path is relative, or has `..` in it.
    #[error(
        "the state directory {path} must be an absolute path without `..`: set BATON_HOME to one"
    )]
    NotAbsolute {
        /// The path.
        path: PathBuf,
    },
    /// It belongs to someone else.
    #[error(
        "the state directory {path} belongs to uid {owner}, not to yours ({ours}): set BATON_HOME to one of yours"
    )]
    Owner {
        /// The directory.
        path: PathBuf,
        /// Who owns it.
        owner: u32,
        /// Who runs baton.
        ours: u32,
    },
    /// Others can get into it.
    #[error("the state directory {path} is open to others (mode {mode:o}): run chmod 700 {path}")]
    Mode {
        /// The directory.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It is something else than a directory.
    #[error(
        "the state directory {path} is not a directory: move it away, or set BATON_HOME to another path"
    )]
    NotDirectory {
        /// The path.
        path: PathBuf,
    },
    /// A symlink that root did not put there leads to it.
    #[error(
        "the state directory {path} is reached through the symlink {link}: set BATON_HOME to its real path"
    )]
    Symlink {
        /// The state directory.
        path: PathBuf,
        /// The symlink.
        link: PathBuf,
    },
    /// It is in a worktree, whose files are other people's.
    #[error(
        "the state directory {path} is inside the worktree {worktree}: set BATON_HOME to a directory outside"
    )]
    InWorktree {
        /// The state directory.
        path: PathBuf,
        /// The root of the worktree.
        worktree: PathBuf,
    },
    /// It is where the event happened.
    #[error(
        "the state directory {path} is inside the agent's directory {dir}: set BATON_HOME to a directory outside"
    )]
    InEventDirectory {
        /// The state directory.
        path: PathBuf,
        /// The directory of the event.
        dir: PathBuf,
    },
    /// The system does not let it be looked at.
    #[error("cannot look at {path} on the way to the state directory: {source}")]
    Io {
        /// The path.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
}

/// The state directory: checked, perhaps not yet made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    root: PathBuf,
}

impl Env {
    /// The environment of this process.
    #[must_use]
    pub fn of_process() -> Self {
        let var = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        Self {
            baton_home: var("BATON_HOME"),
            xdg_state_home: var("XDG_STATE_HOME"),
            home: var("HOME"),
            account_home: AccountHome::Database,
        }
    }

    fn path(&self) -> Result<PathBuf, HomeError> {
        if let Some(home) = &self.baton_home {
            return Ok(PathBuf::from(home));
        }
        // The XDG specification has relative values ignored.
        let absolute = |value: &Option<OsString>| {
            value
                .as_ref()
                .map(PathBuf::from)
                .filter(|path| path.is_absolute())
        };
        if let Some(state) = absolute(&self.xdg_state_home) {
            return Ok(state.join("baton"));
        }
        absolute(&self.home)
            .or_else(|| self.account_home.find())
            .map(|home| home.join(DEFAULT))
            .ok_or(HomeError::Unset)
    }
}

/// The state directory below a home.
const DEFAULT: &str = ".local/state/baton";

impl AccountHome {
    fn find(&self) -> Option<PathBuf> {
        match self {
            Self::Is(home) => Some(home.clone()),
            Self::Database => {
                let uid = nix::unistd::geteuid().as_raw();
                // A static program cannot load the name service's modules: what /etc/passwd does not have, getent has.
                of_passwd(&fs::read_to_string("/etc/passwd").ok()?, uid).or_else(|| {
                    let asked = std::process::Command::new("/usr/bin/getent")
                        .args(["passwd", &uid.to_string()])
                        .stdin(std::process::Stdio::null())
                        .stderr(std::process::Stdio::null())
                        .output()
                        .ok()?;
                    of_passwd(&String::from_utf8(asked.stdout).ok()?, uid)
                })
            }
        }
    }
}

/// The home of an account in the form of passwd(5).
fn of_passwd(text: &str, uid: u32) -> Option<PathBuf> {
    text.lines().find_map(|line| {
        let mut fields = line.split(':').skip(2);
        let found: u32 = fields.next()?.parse().ok()?;
        let home = fields.nth(2)?;
        (found == uid && home.starts_with('/')).then(|| PathBuf::from(home))
    })
}

impl Home {
    /// Finds the state directory and refuses one that is not safe. `event_dir` is the directory of the event, or the
    /// working directory of a command.
    ///
    /// A repository's settings can set any variable for hooks. So only the default under the home that the account
    /// database names may be inside a worktree or the event's directory (as when home is kept in git). A symlink on the
    /// way counts as the system's, and is followed, only where root owns it and root alone can write beside it.
    ///
    /// On a file system that machines may share, the state is one subdirectory for each machine: locks do not hold
    /// across machines there.
    ///
    /// # Errors
    ///
    /// Says what is wrong with the path, and what to set instead.
    pub fn resolve(env: &Env, event_dir: Option<&Path>, place: &Place) -> Result<Self, HomeError> {
        let path = env.path()?;
        let plain = |part| matches!(part, Component::RootDir | Component::Normal(_));
        if !path.is_absolute() || !path.components().all(plain) {
            return Err(HomeError::NotAbsolute { path });
        }
        // Rebuilt from its parts: no doubled or trailing slashes.
        let path: PathBuf = path.components().collect();
        check_way(&path)?;
        if let Err(refused) = check_outside(&path, event_dir) {
            let home = env.account_home.find();
            if home.is_none_or(|home| path != home.join(DEFAULT)) {
                return Err(refused);
            }
        }
        let root = if filesystem::is_shared(&path) {
            let machine = Hash::of(place.machine.as_bytes());
            path.join(format!("machine-{}", machine.as_str()))
        } else {
            path
        };
        Ok(Self { root })
    }

    /// The state directory.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.root
    }

    /// A directory taken as it is, without a check.
    #[cfg(test)]
    pub(super) fn unchecked(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
        }
    }
}

fn look(path: &Path) -> Result<Option<Metadata>, HomeError> {
    match fs::symlink_metadata(path) {
        Ok(meta) => Ok(Some(meta)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(HomeError::Io {
            path: path.to_owned(),
            source,
        }),
    }
}

/// Checks every part of the path that exists, from the top.
fn check_way(path: &Path) -> Result<(), HomeError> {
    let mut above: Option<Metadata> = None;
    let mut parts: Vec<&Path> = path.ancestors().collect();
    parts.reverse();
    for part in parts {
        let Some(mut meta) = look(part)? else {
            return Ok(());
        };
        if meta.is_symlink() {
            let by_root = meta.uid() == 0
                && above
                    .as_ref()
                    .is_some_and(|dir| dir.uid() == 0 && dir.mode() & 0o022 == 0);
            if part == path || !by_root || is_below_a_home_of_root(part) {
                return Err(HomeError::Symlink {
                    path: path.to_owned(),
                    link: part.to_owned(),
                });
            }
            meta = fs::metadata(part).map_err(|source| HomeError::Io {
                path: part.to_owned(),
                source,
            })?;
        }
        if part == path {
            return check_dir(path, &meta);
        }
        above = Some(meta);
    }
    Ok(())
}

/// For root itself "put there by root" proves nothing, so only a symlink directly below `/` is the system's.
fn is_below_a_home_of_root(link: &Path) -> bool {
    nix::unistd::geteuid().is_root() && link.parent() != Some(Path::new("/"))
}

fn check_dir(path: &Path, meta: &Metadata) -> Result<(), HomeError> {
    let ours = nix::unistd::geteuid().as_raw();
    let path = path.to_owned();
    if !meta.is_dir() {
        return Err(HomeError::NotDirectory { path });
    }
    if meta.uid() != ours {
        let owner = meta.uid();
        return Err(HomeError::Owner { path, owner, ours });
    }
    if meta.mode() & 0o077 != 0 {
        let mode = meta.mode() & 0o777;
        return Err(HomeError::Mode { path, mode });
    }
    Ok(())
}

/// Refuses a path in a worktree or in the event's directory, by name and by what the name leads to.
fn check_outside(path: &Path, event_dir: Option<&Path>) -> Result<(), HomeError> {
    let real = real(path);
    let dirs = event_dir.map(|dir| [dir.to_owned(), fs::canonicalize(dir).unwrap_or_default()]);
    for dir in dirs.into_iter().flatten() {
        let inside =
            !dir.as_os_str().is_empty() && [path, &real].iter().any(|at| at.starts_with(&dir));
        // An agent started in `/` works in no directory of a project.
        if inside && dir != Path::new("/") {
            return Err(HomeError::InEventDirectory {
                path: path.to_owned(),
                dir,
            });
        }
    }
    let mut above: Vec<&Path> = path.ancestors().collect();
    if real != path {
        above.extend(real.ancestors());
    }
    for dir in above {
        if look(&dir.join(".git"))?.is_some() {
            return Err(HomeError::InWorktree {
                path: path.to_owned(),
                worktree: dir.to_owned(),
            });
        }
    }
    Ok(())
}

/// The path with the symlinks of its existing part followed.
fn real(path: &Path) -> PathBuf {
    path.ancestors()
        .find_map(|above| {
            let rest = path.strip_prefix(above).ok()?;
            Some(fs::canonicalize(above).ok()?.join(rest))
        })
        .unwrap_or_else(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;
    use std::os::unix::fs::{DirBuilderExt, PermissionsExt, symlink};

    /// A world of directories; `word` names the refusal, or is empty.
    fn check(world: fn(&Path), env: fn(&Path) -> Env, event_dir: &str, word: &str) {
        let dir = tempfile::tempdir().unwrap();
        let top = fs::canonicalize(dir.path()).unwrap();
        world(&top);
        let event = top.join(event_dir);
        let found = Home::resolve(&env(&top), Some(&event), &sample::place());
        let said = found.as_ref().err().map(|e| format!("{e:?}"));
        let said = said.as_deref().unwrap_or_default();
        let kind = said.split([' ', '{']).next().unwrap_or_default();
        assert_eq!(kind, word, "{found:?}");
    }

    fn mkdir(path: &Path) {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .unwrap();
    }

    fn baton_home(path: &str) -> Env {
        Env {
            baton_home: Some(path.into()),
            account_home: AccountHome::Is("/nowhere".into()),
            ..Env::default()
        }
    }

    #[test]
    fn refusals() {
        let at = |top: &Path| baton_home(&format!("{}/a/state", top.display()));
        check(|_| {}, at, "work", "");
        check(|top| mkdir(&top.join("a/state")), at, "work", "");
        check(|_| {}, |_| baton_home("relative"), "work", "NotAbsolute");
        check(|_| {}, |_| baton_home("/x/../y"), "work", "NotAbsolute");
        check(
            |top| {
                mkdir(&top.join("a/state"));
                let open = fs::Permissions::from_mode(0o750);
                fs::set_permissions(top.join("a/state"), open).unwrap();
            },
            at,
            "work",
            "Mode",
        );
        check(
            |top| {
                mkdir(&top.join("a"));
                fs::write(top.join("a/state"), "").unwrap();
            },
            at,
            "work",
            "NotDirectory",
        );
        let linked = |top: &Path| {
            mkdir(&top.join("b/state"));
            symlink(top.join("b"), top.join("a")).unwrap();
        };
        check(linked, at, "work", "Symlink");
        let last = |top: &Path| {
            mkdir(&top.join("b"));
            mkdir(&top.join("a"));
            symlink(top.join("b"), top.join("a/state")).unwrap();
        };
        check(last, at, "work", "Symlink");
        check(|_| {}, at, "a", "InEventDirectory");
        check(|_| {}, at, "a/state/x", "");
        check(|top| mkdir(&top.join("a/.git")), at, "work", "InWorktree");
        let file = |top: &Path| {
            mkdir(&top.join("a"));
            fs::write(top.join("a/.git"), "gitdir: elsewhere").unwrap();
        };
        check(file, at, "work", "InWorktree");
        check(
            |_| {},
            |_| Env {
                account_home: AccountHome::Is("/x".into()),
                ..Env::default()
            },
            "work",
            "",
        );
    }

    #[test]
    fn anothers_directory_is_refused() {
        if !nix::unistd::geteuid().is_root() {
            return; // Only root can make the case.
        }
        let at = |top: &Path| baton_home(&format!("{}/a", top.display()));
        let theirs = |top: &Path| {
            mkdir(&top.join("a"));
            std::os::unix::fs::chown(top.join("a"), Some(12345), None).unwrap();
        };
        check(theirs, at, "work", "Owner");
    }

    #[test]
    fn only_the_accounts_own_default_may_be_in_a_worktree() {
        let home_in_git = |top: &Path| mkdir(&top.join("home/.git"));
        let own = |top: &Path| Env {
            home: Some(top.join("home").into()),
            account_home: AccountHome::Is(top.join("home")),
            ..Env::default()
        };
        check(home_in_git, own, "home", "");
        // HOME as a cloned repository's settings would set it.
        let set_by_others = |top: &Path| Env {
            home: Some(top.join("home").into()),
            account_home: AccountHome::Is(top.join("other")),
            ..Env::default()
        };
        check(home_in_git, set_by_others, "work", "InWorktree");
        check(|_| {}, set_by_others, "home", "InEventDirectory");
        let xdg = |top: &Path| Env {
            xdg_state_home: Some(top.join("home/state").into()),
            account_home: AccountHome::Is(top.join("home")),
            ..Env::default()
        };
        check(home_in_git, xdg, "work", "InWorktree");
    }

    #[test]
    fn the_environment_in_order() {
        let account = AccountHome::Is("/account".into());
        let cases = [
            (Some("/b"), Some("/x"), Some("/h"), "/b"),
            (None, Some("/x"), Some("/h"), "/x/baton"),
            (None, Some("x"), Some("/h"), "/h/.local/state/baton"),
            (None, None, None, "/account/.local/state/baton"),
        ];
        for (baton, xdg, home, expected) in cases {
            let env = Env {
                baton_home: baton.map(Into::into),
                xdg_state_home: xdg.map(Into::into),
                home: home.map(Into::into),
                account_home: account.clone(),
            };
            assert_eq!(env.path().unwrap(), Path::new(expected));
        }
    }

    #[test]
    fn accounts() {
        let text = "root:x:0:0:root:/root:/bin/sh\nbad line\nann:x:1000:1000::/home/ann:/bin/sh\nnb:x:7:7::none:/x\n";
        let cases = [
            (0, Some("/root")),
            (1000, Some("/home/ann")),
            (7, None),
            (8, None),
        ];
        for (uid, home) in cases {
            assert_eq!(of_passwd(text, uid), home.map(PathBuf::from), "{uid}");
        }
    }
}
