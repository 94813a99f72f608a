//! A server of PostgreSQL of the tests' own.

use std::fs::File;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

use agent_baton_tests::{skip, temporary};

use crate::binaries;
use crate::certificates::{Certificates, Validity};
use crate::keeper::{Keeper, unprivileged};

/// How long to wait for a condition that must become true. It is far more than needed, so only a fault reaches it.
const WAIT: Duration = Duration::from_secs(60);

/// The beginning of the names of the directories, which the pid of the test process follows.
const PREFIX: &str = "baton-postgres-";

/// The user in the client's certificate.
const CERTIFIED: &str = "certified";

/// A server with a unix socket, a port on 127.0.0.1, TLS and passwords. It ends when it is dropped, or with the tests.
pub struct Postgres {
    binaries: PathBuf,
    dir: PathBuf,
    port: u16,
    certificates: Certificates,
    keeper: Mutex<Option<Keeper>>,
}

/// A database with a user of its own.
#[derive(Debug, Clone)]
pub struct TestDatabase {
    /// Its name.
    pub name: String,
    /// The user, who owns it.
    pub user: String,
    /// The user's password.
    pub password: String,
}

impl Postgres {
    /// Starts a server, or prints that the test is skipped where PostgreSQL is not installed.
    #[must_use]
    pub fn start() -> Option<Self> {
        Self::with_certificate(Validity::Valid)
    }

    /// Like [`Self::start`], with such a certificate.
    #[must_use]
    pub fn with_certificate(validity: Validity) -> Option<Self> {
        let Some(binaries) = binaries::find() else {
            skip("PostgreSQL is not installed");
            return None;
        };
        let dir = new_dir();
        let certificates = Certificates::write(&dir, validity, CERTIFIED);
        let (template, data) = (template(&binaries), dir.join("data"));
        run(Command::new("cp").arg("-a").arg(template).arg(&data));
        give(&dir);
        let mut server = Self { binaries, dir, port: 0, certificates, keeper: Mutex::new(None) };
        server.port = free_port();
        server.configure();
        server.restart();
        Some(server)
    }

    /// Returns the server that tests share that leave it running. Each makes a database of its own.
    #[must_use]
    pub fn shared() -> Option<&'static Self> {
        static SHARED: OnceLock<Option<Postgres>> = OnceLock::new();
        SHARED.get_or_init(Self::start).as_ref()
    }

    fn configure(&self) {
        let settings = format!(
            "listen_addresses = '127.0.0.1'\nport = {}\nunix_socket_directories = '{}'\nfsync = off\nfull_page_writes = off\n\
             max_connections = 60\nshared_buffers = '16MB'\npassword_encryption = 'scram-sha-256'\n\
             ssl = on\nssl_cert_file = '{}'\nssl_key_file = '{}'\nssl_ca_file = '{}'\n",
            self.port,
            self.dir.display(),
            self.certificates.server.display(),
            self.certificates.server_key.display(),
            self.certificates.authority.display(),
        );
        let access = format!(
            "local all postgres trust\nlocal all all scram-sha-256\nhostssl all {CERTIFIED} 127.0.0.1/32 cert\n\
             host all all 127.0.0.1/32 scram-sha-256\n"
        );
        std::fs::write(self.dir.join("data/postgresql.auto.conf"), settings).unwrap();
        std::fs::write(self.dir.join("data/pg_hba.conf"), access).unwrap();
        give(&self.dir);
    }

    /// Starts the server, or starts it again after [`Self::kill`]. Returns when it accepts connections.
    pub fn restart(&self) {
        let mut keeper = self.keeper.lock().unwrap();
        let begun = Instant::now();
        let (program, data) = (self.binaries.join("postgres"), self.dir.join("data"));
        loop {
            assert!(begun.elapsed() < WAIT, "{}", self.log());
            // After a kill, the server refuses to start until its last child has ended.
            if keeper.as_mut().is_none_or(Keeper::has_ended) {
                let log = File::options().append(true).create(true).open(self.dir.join("log")).unwrap();
                *keeper = Some(Keeper::start(program.to_str().unwrap(), &["-D", data.to_str().unwrap()], log));
            }
            if self.psql("postgres", "select 1").output().unwrap().status.success() {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Kills the server at once. Its children end as soon as they notice.
    pub fn kill(&self) {
        if let Some(mut keeper) = self.keeper.lock().unwrap().take() {
            keeper.kill();
        }
    }

    /// Returns the pid of the server, or `None` if it is not running.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.keeper.lock().unwrap().as_ref().map(Keeper::pid)
    }

    /// Makes a database and a user who owns it.
    #[must_use]
    pub fn database(&self) -> TestDatabase {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let name = format!("fleet{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let database = TestDatabase { user: name.clone(), password: format!("sEcret-{name}"), name };
        self.sql("postgres", &format!("create role {} login password '{}'", database.user, database.password));
        self.sql("postgres", &format!("create database {} owner {}", database.name, database.user));
        database
    }

    /// Makes another user, and returns the database as that user sees it.
    #[must_use]
    pub fn user(&self, of: &TestDatabase, user: &str) -> TestDatabase {
        let database = TestDatabase { user: user.to_owned(), password: format!("sEcret-{user}"), ..of.clone() };
        self.sql("postgres", &format!("create role {user} login password '{}'", database.password));
        database
    }

    /// Moves a database to another directory, such as one on a small disk.
    pub fn move_to(&self, database: &TestDatabase, directory: &Path) {
        give(directory);
        self.sql("postgres", &format!("create tablespace {}_disk location '{}'", database.name, directory.display()));
        self.sql("postgres", &format!("alter database {0} set tablespace {0}_disk", database.name));
    }

    /// Runs statements as the administrator and returns what they print.
    pub fn sql(&self, database: &str, sql: &str) -> String {
        let output = self.psql(database, sql).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{sql}: {stderr}\n{}", self.log());
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    fn psql(&self, database: &str, sql: &str) -> Command {
        let mut command = Command::new(self.binaries.join("psql"));
        command.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-d", database, "-c", sql]);
        command.arg("-h").arg(&self.dir).args(["-p", &self.port.to_string()]);
        command.env_clear().env("PATH", "/usr/bin:/bin").env("LC_ALL", "C");
        command
    }

    /// Returns the URL by which a user reaches a database through the unix socket.
    #[must_use]
    pub fn socket_url(&self, database: &TestDatabase) -> String {
        let host = self.dir.display().to_string().replace('/', "%2F");
        let TestDatabase { name, user, password } = database;
        format!("postgresql://{user}:{password}@{host}:{}/{name}", self.port)
    }

    /// Returns the URL by which a user reaches a database through TCP: at `localhost` and the server's port, without TLS.
    #[must_use]
    pub fn tcp_url(&self, database: &TestDatabase) -> String {
        Self::url_at(database, "localhost", self.port)
    }

    /// Returns the URL by which a user reaches a database through a port, such as that of a proxy.
    #[must_use]
    pub fn url_at(database: &TestDatabase, host: &str, port: u16) -> String {
        let TestDatabase { name, user, password } = database;
        format!("postgresql://{user}:{password}@{host}:{port}/{name}")
    }

    /// Returns the port on 127.0.0.1.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Returns the directory of the socket and of the files.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Returns the files with the certificates. The client's certificate is for the user `certified`.
    #[must_use]
    pub const fn certificates(&self) -> &Certificates {
        &self.certificates
    }

    /// Returns the path of one of PostgreSQL's programs.
    #[must_use]
    pub fn program(&self, name: &str) -> PathBuf {
        self.binaries.join(name)
    }

    /// Returns what the server printed.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.dir.join("log")).unwrap_or_default()
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.kill();
        remove(&self.dir);
    }
}

/// Removes a directory into which a server that was killed may still write for a moment.
fn remove(dir: &Path) {
    let begun = Instant::now();
    while std::fs::remove_dir_all(dir).is_err() && dir.exists() && begun.elapsed() < Duration::from_secs(5) {
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Returns a new directory. Also removes those of test processes that have ended: a server that tests share is never dropped.
fn new_dir() -> PathBuf {
    for entry in temporary::dir().read_dir().unwrap().flatten() {
        let name = entry.file_name();
        let pid = name.to_str().and_then(|name| name.strip_prefix(PREFIX)?.split('-').next());
        if pid.is_some_and(|pid| !Path::new("/proc").join(pid).exists()) {
            drop(std::fs::remove_dir_all(entry.path()));
        }
    }
    let prefix = format!("{PREFIX}{}-", std::process::id());
    tempfile::Builder::new().prefix(&prefix).tempdir_in(temporary::dir()).unwrap().keep()
}

/// Returns a directory with the data of a server that was never started. Each test process makes it once.
fn template(binaries: &Path) -> &'static Path {
    static MADE: OnceLock<PathBuf> = OnceLock::new();
    MADE.get_or_init(|| {
        let dir = new_dir();
        give(&dir);
        let data = dir.join("data");
        let initdb = binaries.join("initdb");
        run(&mut unprivileged(
            initdb.to_str().unwrap(),
            &["-D", data.to_str().unwrap(), "-U", "postgres", "-A", "trust", "-N", "-E", "UTF8", "--no-locale"],
        ));
        data
    })
}

/// Gives a directory to the user as whom the server runs.
fn give(dir: &Path) {
    if nix::unistd::geteuid().is_root() {
        run(Command::new("chown").args(["-R", "nobody:nogroup"]).arg(dir));
    }
}

fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
