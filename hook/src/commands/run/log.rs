//! `baton run log`.

use std::io::{self, Write};
use std::path::PathBuf;
use std::time::Duration;

use agent_baton_core::id::RunId;
use clap::Args;

use crate::args;
use crate::context::Context;
use crate::error::CommandError;
use baton_store::Store;
use baton_store::progress::follow::{LogFiles, LogFollower};

/// How long to wait before looking for new lines.
const POLL: Duration = Duration::from_millis(100);

/// Print the progress log of a run.
#[derive(Args)]
pub struct Log {
    /// Run id or a unique part of it, or its name
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

impl Log {
    /// Prints the log.
    ///
    /// # Errors
    /// Returns an error if no run matches, if several match, or if the log cannot be read.
    pub fn run(self) -> Result<(), CommandError> {
        let context = Context::open()?;
        let id = args::run::resolve(&context, &self.run)?;
        let mut follower = LogFollower::new(RunLogFiles { store: context.store(), run: &id });
        loop {
            // Check this before reading, so that everything written before the end of the run is printed.
            let over = !context.run(&id)?.status.is_unfinished();
            if over {
                context.complete_progress_log(&id)?;
            }
            let mut gone = false;
            follower
                .poll(&mut |lines| show(lines, &mut gone))
                .map_err(|source| CommandError::cannot("read", context.store().progress(&id).display(), source))?;
            if over || gone || !self.follow {
                return Ok(());
            }
            std::thread::sleep(POLL);
        }
    }
}

/// Prints complete lines without control characters. Sets `gone` if the reader has exited, as `less` may.
fn show(lines: &[u8], gone: &mut bool) -> io::Result<()> {
    if *gone {
        return Ok(());
    }
    let text = baton_display::strip_control_chars_by_line(&String::from_utf8_lossy(lines));
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => *gone = true,
        other => return other,
    }
    Ok(())
}
