//! The labels of a replay.

use super::Replay;
use crate::process::Process;
use crate::view::Names;

impl Replay {
    /// Replaces `{A}` and `{R1}` by ids.
    pub(super) fn expand(&self, text: &str) -> String {
        let sessions = self.sessions.iter().map(|id| (self.session(id), id));
        let runs = self.runs.iter().map(|id| (self.run(id), id));
        sessions.chain(runs).fold(text.to_owned(), |text, (label, id)| text.replace(&format!("{{{label}}}"), id))
    }
}

impl Names for Replay {
    fn session(&self, id: &str) -> String {
        let at = self.sessions.iter().position(|known| known == id);
        at.and_then(|at| Some(char::from(b'A'.checked_add(u8::try_from(at).ok()?)?).to_string()))
            .unwrap_or_else(|| id.to_owned())
    }

    fn run(&self, id: &str) -> String {
        let at = self.runs.iter().position(|known| known == id);
        at.map_or_else(|| id.to_owned(), |at| format!("R{}", at + 1))
    }

    fn process(&self, process: &agent_baton_core::process::Process) -> String {
        self.labels.get(&(process.pid, process.start)).cloned().unwrap_or_else(|| "a process of nobody's".to_owned())
    }

    fn lives(&self, process: &agent_baton_core::process::Process) -> bool {
        let label = self.labels.get(&(process.pid, process.start));
        label.and_then(|label| self.processes.get(label)).is_some_and(Process::is_alive)
    }

    fn path(&self, path: &str) -> String {
        match path.strip_prefix(&self.home) {
            Some("") => "~".to_owned(),
            Some(rest) => format!("~{rest}"),
            None => path.to_owned(),
        }
    }
}
