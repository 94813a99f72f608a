//! Machines of a fleet: state directories of their own that share a real database. Each reaches it through a proxy of its own, so
//! a test can cut off one machine.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use agent_baton_core::run::Run;
use agent_baton_tests::namespaces::Namespaces;
use agent_baton_tests::scratch::Output;
use agent_baton_tests::{Scratch, program};
use serde_json::Value;

use crate::proxy::Proxy;
use crate::server::{Postgres, TestDatabase};

/// The remote of the project that every machine has a clone of.
const REMOTE: &str = "git@example.org:team/app.git";

/// The tables whose rows change.
const TABLES: [&str; 6] = ["fleet", "machine", "run", "change", "handoff", "handoff_part"];

/// A database that machines share.
pub struct Fleet {
    server: &'static Postgres,
    database: TestDatabase,
}

/// One machine.
pub struct Machine {
    /// Its home and its state directory.
    pub scratch: Scratch,
    /// Its way to the database.
    pub proxy: Arc<Proxy>,
    /// What makes it a machine of its own, if it is one.
    namespaces: Mutex<Option<Namespaces>>,
}

impl Fleet {
    /// Makes a fleet without machines. Prints that the test is skipped where PostgreSQL is not installed.
    #[must_use]
    pub fn new() -> Option<Self> {
        Postgres::shared().map(Self::on)
    }

    /// Makes a fleet on a server of its own, which the test may kill. It runs until the tests have ended.
    #[must_use]
    pub fn alone() -> Option<Self> {
        Postgres::start().map(|server| Self::on(Box::leak(Box::new(server))))
    }

    fn on(server: &'static Postgres) -> Self {
        let fleet = Self { server, database: server.database() };
        let admin = fleet.unjoined();
        let made = admin.scratch.baton(["fleet", "init"]).run();
        assert_eq!(made.code, Some(0), "{made:?}");
        fleet
    }

    /// Returns a machine that is configured for the fleet and has not joined it.
    #[must_use]
    pub fn unjoined(&self) -> Machine {
        // It has to be beside the program under test.
        program::baton_fleet();
        let (scratch, proxy) = (Scratch::new(), Arc::new(Proxy::start(self.server.port())));
        std::fs::create_dir_all(scratch.home().join(".config/baton")).unwrap();
        let git = scratch.home().join("work/.git");
        std::fs::create_dir_all(&git).unwrap();
        std::fs::write(git.join("HEAD"), "ref: refs/heads/main\n").unwrap();
        std::fs::write(git.join("config"), format!("[remote \"origin\"]\n\turl = {REMOTE}\n")).unwrap();
        let machine = Machine { scratch, proxy, namespaces: Mutex::default() };
        self.configure(&machine);
        machine
    }

    /// Returns the URL by which a machine reaches the database.
    #[must_use]
    pub fn url(&self, machine: &Machine) -> String {
        Postgres::url_at(&self.database, "127.0.0.1", machine.proxy.port())
    }

    /// Writes the configuration of a machine, which names the database and nothing else.
    pub fn configure(&self, machine: &Machine) {
        let path = machine.scratch.home().join(".config/baton/config.toml");
        std::fs::write(path, format!("[fleet]\nurl = \"{}\"\n", self.url(machine))).unwrap();
    }

    /// Returns a machine that joined the fleet. Nothing starts its witness but the test.
    #[must_use]
    pub fn machine(&self, name: &str) -> Machine {
        let machine = self.unjoined();
        let joined = machine.scratch.baton(["fleet", "join", "--no-timer", "--name", name]).run();
        assert_eq!(joined.code, Some(0), "{joined:?}");
        machine
    }

    /// Like [`Self::machine`], in namespaces of its own, with this machine id. Returns `None` where they cannot be made.
    #[must_use]
    pub fn isolated_machine(&self, name: &str, machine_id: &str, has_own_processes: bool) -> Option<Machine> {
        let machine = self.unjoined();
        let host = machine.proxy.listen_in(&machine.scratch.root().join("database"));
        let url = Postgres::url_at(&self.database, &host, machine.proxy.port());
        std::fs::write(machine.scratch.home().join(".config/baton/config.toml"), format!("[fleet]\nurl = \"{url}\"\n"))
            .unwrap();
        machine.isolate(machine_id, has_own_processes)?;
        let joined = machine.baton(["fleet", "join", "--no-timer", "--name", name]);
        assert_eq!(joined.code, Some(0), "{joined:?}");
        Some(machine)
    }

    /// Returns the server.
    #[must_use]
    pub const fn server(&self) -> &'static Postgres {
        self.server
    }

    /// Returns the database.
    #[must_use]
    pub const fn database(&self) -> &TestDatabase {
        &self.database
    }

    /// Runs statements in the database as its administrator, and returns what they print.
    #[must_use]
    pub fn sql(&self, sql: &str) -> String {
        self.server.sql(&self.database.name, sql)
    }

    /// Ends the lease of one run, as if its time had passed.
    pub fn end_lease(&self, run: &str) {
        drop(self.sql(&format!("update baton.run set lease_end = now() - interval '1 second' where id = '{run}'")));
    }

    /// Ends the leases of all runs, as if their time had passed.
    pub fn end_leases(&self) {
        drop(self.sql("update baton.run set lease_end = now() - interval '1 second'"));
    }
}

impl Fleet {
    /// Makes a copy of all rows, which replaces an older copy.
    pub fn back_up(&self) {
        let copy =
            |table| format!("drop table if exists saved.{table}; create table saved.{table} as table baton.{table};");
        drop(self.sql(&format!("create schema if not exists saved; {}", TABLES.map(copy).concat())));
    }

    /// Replaces all rows by those of the copy, as a restore of the database does.
    pub fn restore(&self) {
        let restored = |table| format!("delete from baton.{table}; insert into baton.{table} table saved.{table};");
        drop(self.sql(&TABLES.map(restored).concat()));
    }
}

impl Machine {
    /// Puts the machine into new namespaces with this machine id, as a container that was made again. What ran in older ones is
    /// killed. Returns `None` where that is not possible.
    pub fn isolate(&self, machine_id: &str, has_own_processes: bool) -> Option<()> {
        let mut namespaces = self.namespaces.lock().unwrap();
        drop(namespaces.take());
        *namespaces = Some(Namespaces::boot(&self.scratch, machine_id, has_own_processes)?);
        Some(())
    }

    /// Does something with the namespaces of an isolated machine.
    pub fn with_namespaces<T>(&self, act: impl FnOnce(&Namespaces) -> T) -> T {
        act(self.namespaces.lock().unwrap().as_ref().expect("an isolated machine"))
    }

    /// Returns its id in the fleet.
    #[must_use]
    pub fn id(&self) -> String {
        self.fleet_file("membership.json")["machine"].as_str().unwrap().to_owned()
    }

    /// Runs `baton` outside of any agent.
    #[must_use]
    pub fn baton<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Output {
        self.scratch.baton(args).run()
    }

    /// Does one round of the witness.
    pub fn witness(&self) -> Output {
        let round = self.baton(["fleet", "witness"]);
        assert_eq!(round.code, Some(0), "{round:?}");
        round
    }

    /// Returns the only run of the state directory.
    #[must_use]
    pub fn run(&self) -> Run {
        self.scratch.state().only_run()
    }

    /// Returns the run of the state directory with this name.
    #[must_use]
    pub fn run_named(&self, name: &str) -> Run {
        let runs = self.scratch.state().runs();
        runs.into_iter().map(|run| run.record).find(|run| run.name.as_str() == name).unwrap()
    }

    /// Returns a file of the fleet in the state directory, as JSON. Returns null if it is not there.
    #[must_use]
    pub fn fleet_file(&self, name: &str) -> Value {
        let read = std::fs::read(self.fleet_path(name));
        read.map_or(Value::Null, |bytes| serde_json::from_slice(&bytes).unwrap())
    }

    /// Changes a file of the fleet in the state directory behind baton's back.
    pub fn edit_fleet_file(&self, name: &str, edit: impl FnOnce(&mut Value)) {
        let mut value = self.fleet_file(name);
        edit(&mut value);
        std::fs::write(self.fleet_path(name), value.to_string()).unwrap();
    }

    /// Writes a file of the fleet into the state directory.
    pub fn write_fleet_file(&self, name: &str, value: &Value) {
        std::fs::write(self.fleet_path(name), value.to_string()).unwrap();
    }

    /// Removes a file of the fleet from the state directory.
    pub fn remove_fleet_file(&self, name: &str) {
        std::fs::remove_file(self.fleet_path(name)).unwrap();
    }

    fn fleet_path(&self, name: &str) -> PathBuf {
        self.scratch.state_dir().join("fleet").join(name)
    }

    /// Writes more settings, below those of the fleet.
    pub fn configure(&self, settings: &str) {
        let path = self.scratch.home().join(".config/baton/config.toml");
        let before = std::fs::read_to_string(&path).unwrap();
        std::fs::write(path, before + settings).unwrap();
    }
}
