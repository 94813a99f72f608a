//! A PostgreSQL of the demo's own: a server on a socket in the demo's directory, which ends with the demo.

use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, geteuid};

use super::narration::no_scratch;
use crate::error::CommandError;

/// What is needed of an installation of PostgreSQL.
const NEEDED: [&str; 3] = ["initdb", "postgres", "psql"];

/// The account that Linux has for nobody. PostgreSQL refuses to run as root, so it runs as this one then.
const NOBODY: u32 = 65534;

/// How long a server may take until it accepts connections.
const START_LIMIT: Duration = Duration::from_secs(60);

/// A running server. Dropping it ends the server.
pub(super) struct Server {
    programs: PathBuf,
    dir: PathBuf,
    process: Child,
}

impl Server {
    /// Creates a database in a new directory below `scratch` and starts the server. Returns when it accepts connections.
    ///
    /// # Errors
    /// Returns an error if PostgreSQL is not installed, or if it does not start.
    pub(super) fn start(scratch: &Path) -> Result<Self, CommandError> {
        let programs = find_programs().ok_or_else(|| {
            CommandError::failed(
                "PostgreSQL is not installed, which `--fleet` needs (`apt install postgresql` on Debian)",
            )
        })?;
        let dir = scratch.join("database");
        make_dir(scratch, &dir).map_err(no_scratch)?;
        let data = dir.join("data");
        let made = unprivileged(&programs.join("initdb"))
            .and_then(|mut initdb| {
                initdb.arg("-D").arg(&data);
                initdb.args(["-U", "postgres", "-A", "trust", "-N", "-E", "UTF8", "--no-locale"]).output()
            })
            .map_err(|source| CommandError::cannot("start", "initdb", source))?;
        check("initdb", &made)?;
        let process = unprivileged(&programs.join("postgres"))
            .and_then(|mut server| {
                server.arg("-D").arg(&data).arg("-k").arg(&dir);
                server.args(["-c", "listen_addresses=", "-c", "fsync=off"]);
                server.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()
            })
            .map_err(|source| CommandError::cannot("start", "postgres", source))?;
        let mut server = Self { programs, dir, process };
        server.wait_until_ready()?;
        Ok(server)
    }

    /// Returns the URL of the database.
    pub(super) fn url(&self) -> String {
        self.url_at(5432)
    }

    /// Returns a URL at which nothing listens, as for a machine without a network.
    pub(super) fn unreachable_url(&self) -> String {
        self.url_at(1)
    }

    fn url_at(&self, port: u16) -> String {
        let host = self.dir.display().to_string().replace('/', "%2F");
        format!("postgresql://postgres@{host}:{port}/postgres")
    }

    /// Runs a statement as the administrator of the database.
    ///
    /// # Errors
    /// Returns an error if it fails.
    pub(super) fn sql(&self, statement: &str) -> Result<(), CommandError> {
        let output = self.psql(statement).map_err(|source| CommandError::cannot("start", "psql", source))?;
        check("psql", &output)
    }

    fn psql(&self, statement: &str) -> io::Result<Output> {
        let mut psql = unprivileged(&self.programs.join("psql"))?;
        psql.args(["-X", "-q", "-U", "postgres", "-d", "postgres", "-c", statement]).arg("-h").arg(&self.dir).output()
    }

    fn wait_until_ready(&mut self) -> Result<(), CommandError> {
        let begun = Instant::now();
        loop {
            if self.psql("select 1").is_ok_and(|output| output.status.success()) {
                return Ok(());
            }
            let has_ended = self.process.try_wait().map_err(no_scratch)?.is_some();
            if has_ended || begun.elapsed() > START_LIMIT {
                return Err(CommandError::failed("the demo failed: its PostgreSQL does not start"));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // On this signal the server ends its own processes first, so nothing writes into the directory any more.
        if let Ok(pid) = i32::try_from(self.process.id()) {
            let _ = kill(Pid::from_raw(pid), Signal::SIGQUIT);
        }
        let _ = self.process.wait();
    }
}

/// Returns the directory with the programs: Debian's of the newest version, or one in `PATH`.
fn find_programs() -> Option<PathBuf> {
    newest_version(Path::new("/usr/lib/postgresql")).or_else(|| {
        let dir = baton_fs::program::find("postgres")?.parent()?.to_owned();
        has_all(&dir).then_some(dir)
    })
}

/// Returns the programs of the newest version in a directory that has one directory for each version.
fn newest_version(dir: &Path) -> Option<PathBuf> {
    let entries = dir.read_dir().ok()?.flatten();
    let versions =
        entries.filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))));
    versions.filter(|(_, dir)| has_all(dir)).max_by_key(|(version, _): &(u32, PathBuf)| *version).map(|(_, dir)| dir)
}

fn has_all(dir: &Path) -> bool {
    NEEDED.iter().all(|name| dir.join(name).is_file())
}

/// Makes the server's directory, which the server's account owns.
fn make_dir(scratch: &Path, dir: &Path) -> io::Result<()> {
    std::fs::DirBuilder::new().mode(0o700).create(dir)?;
    if geteuid().is_root() {
        chown(dir, Some(NOBODY), Some(NOBODY))?;
        // The account must get to its directory. It can list none of the others, and enter none.
        std::fs::set_permissions(scratch, PermissionsExt::from_mode(0o711))?;
    }
    Ok(())
}

/// Returns a call of a program that ends with this process, and does not run as root.
fn unprivileged(program: &Path) -> io::Result<Command> {
    let mut command = baton_fs::program::command("setpriv")?;
    command.arg("--pdeathsig=KILL");
    if geteuid().is_root() {
        command.args([format!("--reuid={NOBODY}"), format!("--regid={NOBODY}"), "--clear-groups".to_owned()]);
    }
    command.arg(program).env_clear().env("PATH", "/usr/bin:/bin").env("LC_ALL", "C").current_dir("/");
    Ok(command)
}

fn check(program: &str, output: &Output) -> Result<(), CommandError> {
    if output.status.success() {
        return Ok(());
    }
    let why = String::from_utf8_lossy(&output.stderr);
    Err(CommandError::failed(format!("the demo failed: {program}: {}", why.trim())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_version_that_has_every_program_is_used() {
        let scratch = tempfile::tempdir().unwrap();
        for (version, programs) in [("9", &NEEDED[..]), ("15", &NEEDED), ("18", &NEEDED[..1]), ("common", &NEEDED)] {
            let dir = scratch.path().join(version).join("bin");
            std::fs::create_dir_all(&dir).unwrap();
            programs.iter().for_each(|name| std::fs::write(dir.join(name), "").unwrap());
        }
        assert_eq!(newest_version(scratch.path()), Some(scratch.path().join("15/bin")));
        assert_eq!(newest_version(&scratch.path().join("none")), None);
    }
}
