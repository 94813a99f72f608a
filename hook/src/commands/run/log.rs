//! `baton run log`.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use agent_baton_core::id::RunId;
use baton_display::strip_control_chars_by_line;
use clap::Args;

use crate::args;
use crate::context::Context;
use crate::error::CommandError;
use baton_store::Store;
use baton_store::progress::follow::{LogFiles, LogFollower};
use baton_system::lock_table::FileId;

/// How long to wait before looking for new lines.
const POLL: Duration = Duration::from_millis(100);

/// Print the progress log of a run.
#[derive(Args)]
pub struct Log {
    /// Run id or a unique part of it, its name, or the id of a loop that `baton session discover` found
    run: String,
    /// Keep printing new lines until the run ends
    #[arg(long, short)]
    follow: bool,
}

struct RunLogFiles<'a> {
    store: &'a Store,
    run: &'a RunId,
}

impl LogFiles for RunLogFiles<'_> {
    fn current(&self) -> PathBuf {
        self.store.progress(self.run)
    }

    fn finished(&self) -> io::Result<Vec<PathBuf>> {
        self.store.finished_progress_logs(self.run).map_err(io::Error::other)
    }
}

/// The log of a loop of another program. It has one file, which the next run of the loop continues or begins anew.
struct ForeignLoopLog(PathBuf);

impl LogFiles for ForeignLoopLog {
    fn current(&self) -> PathBuf {
        self.0.clone()
    }

    fn finished(&self) -> io::Result<Vec<PathBuf>> {
        Ok(Vec::new())
    }
}

impl Log {
    /// Prints the log.
    ///
    /// # Errors
    /// Returns an error if no run or loop matches, if several match, or if the log cannot be read.
    pub fn run(self) -> Result<(), CommandError> {
        let context = Context::open()?;
        let id = match args::run::resolve_in(&context, &self.run, false) {
            Err(error) if error.is_not_found() => {
                let path = args::foreign_loop::resolve(&context, &self.run, error)?.path;
                return self.print(&path, ForeignLoopLog(path.clone()), || Ok(!is_locked(&context, &path)));
            }
            found => found?,
        };
        let log = RunLogFiles { store: context.store(), run: &id };
        self.print(&log.current(), log, || {
            let over = !context.run(&id)?.status.is_unfinished();
            if over {
                context.complete_progress_log(&id)?;
            }
            Ok(over)
        })
    }

    fn print(
        &self,
        path: &Path,
        log: impl LogFiles,
        is_over: impl Fn() -> Result<bool, CommandError>,
    ) -> Result<(), CommandError> {
        let mut follower = LogFollower::new(log);
        loop {
            // Check this before reading, so that everything written before the end of the run is printed.
            let over = is_over()?;
            let mut gone = false;
            follower
                .poll(&mut |lines| show(lines, &mut gone))
                .map_err(|source| CommandError::cannot("read", path.display(), source))?;
            if over || gone || !self.follow {
                return Ok(());
            }
            std::thread::sleep(POLL);
        }
    }
}

/// Returns whether a process holds the lock on a log, as far as that can be seen.
fn is_locked(context: &Context, log: &Path) -> bool {
    let inspector = context.inspector().caching();
    let locks = inspector.lock_table();
    FileId::from_path(log).is_ok_and(|file| locks.is_some_and(|locks| !locks.holders(file).is_empty()))
}

/// Prints complete lines without control characters. Sets `gone` if the reader has exited, as `less` may.
fn show(lines: &[u8], gone: &mut bool) -> io::Result<()> {
    if *gone {
        return Ok(());
    }
    let text = strip_control_chars_by_line(&String::from_utf8_lossy(lines));
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => *gone = true,
        other => return other,
    }
    Ok(())
}
