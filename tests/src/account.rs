//! An account whose home belongs to the test. The account database names its home, and no environment variable can
//! change that.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::fake_agent::Run;
use crate::program;
use crate::scratch::{Output, Scratch};
use crate::skip;

/// How long a user's command may take, which is far more than it needs.
const PATIENCE: Duration = Duration::from_secs(60);

/// Mounts a file over the account database, in a mount namespace of its own, and executes the program.
const WITHIN: &str = "mount --bind \"$0\" /etc/passwd && exec \"$@\"";

/// An account that belongs to a test.
pub struct Account<'a> {
    scratch: &'a Scratch,
    database: PathBuf,
}

impl<'a> Account<'a> {
    /// Creates the account with the test's home. Returns `None` if the machine does not allow it, and prints the
    /// reason.
    #[must_use]
    pub fn new(scratch: &'a Scratch) -> Option<Self> {
        let database = scratch.root().join("passwd");
        let uid = nix::unistd::geteuid();
        std::fs::write(&database, format!("me:x:{uid}:0::{}:/bin/sh\n", scratch.home().display())).unwrap();
        let tried = Command::new("unshare").args(["--mount", "sh", "-c", WITHIN]).arg(&database).arg("true").output();
        match tried {
            Ok(output) if output.status.success() => Some(Self { scratch, database }),
            other => {
                skip(&format!("this case needs the right to put a file over /etc/passwd: {other:?}"));
                None
            }
        }
    }

    /// Returns a run of a program with this account.
    #[must_use]
    pub fn of(&self, mut run: Run) -> Run {
        let within = ["unshare", "--mount", "sh", "-c", WITHIN, self.database.to_str().unwrap()];
        run.argv = within.into_iter().map(str::to_owned).chain(run.argv).collect();
        run
    }

    /// Runs `baton` as a user types it: in a terminal, below no agent. Words may be quoted as for a shell.
    #[must_use]
    pub fn types(&self, words: &str) -> Output {
        self.answers(words, "")
    }

    /// Like [`Self::types`]. The user answers what is asked with these lines.
    #[must_use]
    pub fn answers(&self, words: &str, lines: &str) -> Output {
        let (out, status) = (self.scratch.root().join("typed"), self.scratch.root().join("typed.status"));
        let answers = self.scratch.root().join("typed.answers");
        std::fs::write(&answers, lines).unwrap();
        drop(std::fs::remove_file(&status));
        let line = format!("{} {words}", program::baton().display());
        // Start it in the background of a shell that exits at once: the tests themselves may run below an agent's
        // tool.
        let script = "(unshare --mount sh -c \"$1\" \"$2\" script --quiet --return --command \"$3\" /dev/null >\"$4\" 2>&1 <\"$6\"; \
                      echo $? >\"$5.new\"; mv \"$5.new\" \"$5\") &";
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script, "sh", WITHIN]).arg(&self.database).arg(&line).arg(&out).arg(&status).arg(&answers);
        command.current_dir(self.scratch.home().join("work")).env_clear().envs(self.scratch.env());
        assert!(command.status().unwrap().success());
        let begun = Instant::now();
        while !status.exists() {
            assert!(begun.elapsed() < PATIENCE, "waited in vain for {line}");
            std::thread::sleep(Duration::from_millis(5));
        }
        let text = |path| std::fs::read_to_string(path).unwrap();
        Output { code: text(&status).trim().parse().ok(), signal: None, stdout: text(&out), stderr: String::new() }
    }
}
