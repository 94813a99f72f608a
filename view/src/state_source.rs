//! Reads pictures from the state directory, as `baton status` reads it.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Instant;

use agent_baton_core::id::RunId;
use agent_baton_core::session::Session;
use agent_baton_core::timestamp::Timestamp;
use baton_agents::AgentInspector;
use baton_catalogue::LazyCatalogue;
use baton_engine::config::{self, Settings};
use baton_engine::discovery::{ForeignLoop, LoopActivity};
use baton_status::{Details, Item, ItemKind, SessionReader, StatusReport, WatchedLoops};
use baton_store::{FleetFile, StateDir, StateDirEnv, Store};
use baton_system::environment::OwnEnvironment;
use baton_system::{CurrentSystem, here, worktree};

use crate::fleet_reading::FleetReading;
use crate::picture::{Count, Picture};
use crate::source::{Source, SourceError};

static MACHINE: CurrentSystem = CurrentSystem;
static ENVIRONMENT: OwnEnvironment = OwnEnvironment;

/// The state of an account.
pub struct StateSource {
    env: StateDirEnv,
    directory: Option<PathBuf>,
    loops: WatchedLoops,
    activities: Activities,
    transcripts: Transcripts,
    /// Why the configuration could not be used when it was last read.
    config_problem: Option<String>,
    /// The files of the state before it was last read.
    stamp: u64,
    /// What was read last.
    last: Option<StatusReport>,
    /// What reads the rows of the fleet, if this program is to have it done.
    fleet: Option<FleetReading>,
    /// The file with what was read from the fleet's database, if this machine belongs to a fleet.
    rows: Option<PathBuf>,
    /// That file, before it was last read.
    rows_stamp: Option<FileStamp>,
}

/// What the logs of the shown loops told when they were read, by their paths. A log that has not changed is not read
/// again.
#[derive(Default)]
struct Activities(HashMap<PathBuf, (FileStamp, u32, LoopActivity)>);

/// What the transcripts showed when they were read. A transcript that has not changed is not read again.
#[derive(Default)]
struct Transcripts(HashMap<PathBuf, (FileStamp, Details)>);

/// The device, inode, size and time of a file: what changes when it is written.
type FileStamp = (u64, u64, u64, i64, i64);

impl StateSource {
    /// Creates a source for this environment. Nothing is read yet.
    #[must_use]
    pub fn new(env: StateDirEnv) -> Self {
        let directory = std::env::current_dir().ok();
        Self {
            env,
            directory,
            loops: WatchedLoops::default(),
            activities: Activities::default(),
            transcripts: Transcripts::default(),
            config_problem: None,
            stamp: 0,
            last: None,
            fleet: None,
            rows: None,
            rows_stamp: None,
        }
    }

    /// Has this `baton` program read the fleet's database while somebody looks.
    #[must_use]
    pub fn reading_fleet(mut self, baton: PathBuf) -> Self {
        self.fleet = Some(FleetReading::new(baton));
        self
    }

    /// Watches these directories for the logs of other programs. Without any, the configuration says which, and else they are
    /// searched from the current directory on down.
    #[must_use]
    pub fn watching(mut self, directories: Vec<PathBuf>) -> Self {
        self.loops = WatchedLoops::below(directories);
        self
    }

    /// Opens the state anew: the directory may have been replaced since the last time.
    fn open(&self) -> Result<Opened, SourceError> {
        let here = here()?;
        let directory = StateDir::resolve(&self.env, self.directory.as_deref(), &here.place)?;
        Ok(Opened {
            catalogue: LazyCatalogue::new(&Store::open(&directory, &here.place)),
            inspector: AgentInspector::new(&MACHINE, &ENVIRONMENT, here),
            settings: Settings::new(self.env.clone(), with_user_config, self.directory.clone()),
        })
    }
}

/// The state, as it was opened for one reading.
struct Opened {
    catalogue: LazyCatalogue,
    inspector: AgentInspector<'static>,
    settings: Settings,
}

impl Opened {
    fn reader(&self) -> SessionReader<'_> {
        SessionReader::new(&self.catalogue, &self.inspector, &self.settings)
    }
}

impl Source for StateSource {
    fn read(&mut self) -> Result<Picture, SourceError> {
        let opened = self.open()?;
        // Before anything is read: what is written meanwhile is noticed.
        self.stamp = opened.catalogue.store().change_stamp();
        let rows = rows_file(&opened);
        self.rows_stamp = rows.as_deref().and_then(file_stamp);
        // Before the records: all that the audit tells of is in the picture.
        let audit = opened.catalogue.store().audit()?.next().map_or(0, |line| line.n);
        let reader = opened.reader();
        let report = StatusReport::read(&reader, &mut self.loops)?;
        let mut branches: HashMap<String, Option<String>> = HashMap::new();
        let mut transcripts = Transcripts::default();
        let mut items = report.items(&mut |session: &Session| {
            let branch = session.project.as_ref().and_then(|project| {
                let read = || worktree::branch(Path::new(project));
                branches.entry(project.clone()).or_insert_with(read).clone()
            });
            Details { branch, ..transcripts.details(session, &mut self.transcripts) }
        });
        self.activities.read(&report.loops, &mut items);
        let unfinished: HashMap<&str, &RunId> =
            report.seen.runs.iter().map(|(run, _)| (run.id.as_str(), &run.id)).collect();
        for item in items.iter_mut().filter(|item| item.kind == ItemKind::Run) {
            let log = unfinished.get(item.id.as_str()).map(|id| opened.catalogue.store().progress(id));
            item.log = log.and_then(|log| log.to_str().map(str::to_owned));
        }
        let counts = report.counts().into_iter().map(|(count, word)| Count { count, word: word.to_owned() });
        self.config_problem = config_problem(&opened.settings);
        let problem = self.config_problem.clone().or_else(|| self.loops.problem());
        let problem = problem.as_deref().map(baton_display::strip_control_chars);
        let machines = report.machines.clone();
        let picture = Picture { problem, machines, ..Picture::new(audit, counts.collect(), items) };
        self.transcripts = transcripts;
        self.rows = rows;
        self.last = Some(report);
        Ok(picture)
    }

    fn is_current(&mut self) -> bool {
        let Ok(opened) = self.open() else { return false };
        let reader = opened.reader();
        if config_problem(&opened.settings) != self.config_problem {
            return false;
        }
        let Some(last) = &self.last else { return false };
        let transcripts = &self.transcripts.0;
        opened.catalogue.store().change_stamp() == self.stamp
            && self.rows.as_deref().and_then(file_stamp) == self.rows_stamp
            && transcripts.iter().all(|(path, (stamp, _))| file_stamp(path) == Some(*stamp))
            && reader.is_current(&last.seen)
            && self.loops.look(&reader, &last.seen) == last.loops
    }

    fn directories(&self) -> Vec<PathBuf> {
        let of_state = self.open().map_or_else(|_| Vec::new(), |opened| opened.catalogue.store().watched_directories());
        of_state.into_iter().chain(self.loops.directories().map(Path::to_owned)).collect()
    }

    fn files(&self) -> Vec<PathBuf> {
        self.transcripts.0.keys().chain(&self.rows).cloned().collect()
    }

    fn refresh(&mut self) {
        if self.last.as_ref().is_some_and(|last| last.is_in_fleet)
            && let Some(fleet) = &mut self.fleet
        {
            fleet.begin_if_due(Instant::now());
        }
    }
}

impl Activities {
    /// Adds to the items of loops what the ends of their logs tell.
    fn read(&mut self, loops: &[ForeignLoop], items: &mut [Item]) {
        let mut before = std::mem::take(&mut self.0);
        for (it, item) in loops.iter().zip(items.iter_mut().filter(|item| item.kind == ItemKind::Loop)) {
            // Before it is read: what is written meanwhile is noticed.
            let Some(stamp) = file_stamp(&it.path) else { continue };
            let activity = match before.remove(&it.path) {
                Some((known, run, activity)) if known == stamp && run == it.run => activity,
                known => {
                    let of_run = |(known, run, _): &(FileStamp, u32, _)| *run == it.run && known.2 <= stamp.2;
                    let before = known.filter(of_run).map(|(_, _, activity)| activity).unwrap_or_default();
                    // A log that cannot be read is the index's problem.
                    LoopActivity::read(&it.path, before).unwrap_or_default()
                }
            };
            let text = |text: &Option<String>| text.as_deref().map(baton_display::strip_control_chars);
            (item.task, item.log_section) = (text(&activity.task), text(&activity.section));
            if let Some(phase) = activity.phase {
                item.phase = Some(phase.to_owned());
            }
            self.0.insert(it.path.clone(), (stamp, it.run, activity));
        }
    }
}

impl Transcripts {
    /// Returns what a session's transcript shows, from what was read before if it has not changed.
    fn details(&mut self, session: &Session, before: &mut Self) -> Details {
        let Some(path) = session.transcript.as_ref().map(PathBuf::from) else { return Details::default() };
        // Before it is read: what is written meanwhile is noticed.
        let Some(stamp) = file_stamp(&path) else { return Details::default() };
        let known = self.0.get(&path).cloned().or_else(|| before.0.remove(&path)).filter(|(known, _)| *known == stamp);
        let read = || Details::of_transcript(session.agent, &path).with_conversation(session.agent, &path);
        let (_, details) = known.unwrap_or_else(|| (stamp, read()));
        self.0.insert(path, (stamp, details.clone()));
        Details { written: minute(stamp.3), ..details }
    }
}

/// Returns the beginning of the minute of a time in seconds since 1970.
fn minute(seconds: i64) -> Option<Timestamp> {
    let unix_ms = u64::try_from(seconds.div_euclid(60) * 60_000).ok()?;
    Some(Timestamp { unix_ms, boot: String::new(), boot_ms: 0 })
}

fn file_stamp(path: &Path) -> Option<FileStamp> {
    let meta = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
    Some((meta.dev(), meta.ino(), meta.len(), meta.mtime(), meta.mtime_nsec()))
}

/// Returns the file with what was read from the fleet's database. Without a fleet, it is not looked for.
fn rows_file(opened: &Opened) -> Option<PathBuf> {
    let is_configured = opened.settings.config().fleet.is_configured();
    is_configured.then(|| opened.catalogue.store().fleet_file_path(FleetFile::Rows))
}

/// Reads the configuration, and returns why it cannot be used.
fn config_problem(settings: &Settings) -> Option<String> {
    let _ = settings.config();
    settings.problem().map(|problem| baton_display::error_chain(problem))
}

fn with_user_config(env: StateDirEnv) -> StateDirEnv {
    match here() {
        Ok(here) => config::with_user_config(&AgentInspector::new(&MACHINE, &ENVIRONMENT, here), env),
        Err(_) => env,
    }
}
