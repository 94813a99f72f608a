//! Sessions of which only a transcript is left.

use std::path::Path;

use agent_baton_core::id::SessionId;
use agent_baton_core::reason::Reason;
use agent_baton_core::request::Reading;
use agent_baton_core::session::{End, Session};
use agent_baton_core::stamp::Stamp;

use super::{Discovery, Found, register};
use crate::agents::traces::{Head, Transcript};
use crate::agents::{Row, TABLE};
use crate::machine::Machine;
use crate::machine::environment::Environment;

impl<M: Machine, E: Environment> Discovery<'_, M, E> {
    /// Those that have no record yet and that retention would keep, of every agent, the newest first.
    pub fn written(&self) -> Found {
        let mut found = Found::default();
        let mut all: Vec<(&Row, Transcript)> = Vec::new();
        for row in &TABLE {
            let Some(home) = row.home(self.witness.environment()) else { continue };
            let showing = self.showing(row, &home);
            if showing.partial {
                // One of them may be shown by a process that could not be seen.
                found.partial = true;
                continue;
            }
            let shown: Vec<SessionId> =
                showing.shown.into_iter().filter(|shown| self.may_show(shown)).map(|shown| shown.session).collect();
            all.extend(self.transcripts(row, &home).filter(|it| !shown.contains(&it.session)).map(|it| (row, it)));
        }
        all.sort_by(|(_, a), (_, b)| b.modified_ms.cmp(&a.modified_ms).then_with(|| a.session.cmp(&b.session)));
        self.newest(&all, &mut found);
        found
    }

    fn transcripts(&self, row: &Row, home: &Path) -> impl Iterator<Item = Transcript> {
        let oldest = self.now.unix_ms.saturating_sub(self.kept.age.ms());
        let found = (row.sources.transcripts)(home, self.bounds.entries);
        found.into_iter().filter(move |transcript| transcript.modified_ms >= oldest)
    }

    /// The newest so many of each pool count, with a record or without; those without are found.
    fn newest(&self, all: &[(&Row, Transcript)], found: &mut Found) {
        let (mut attended, mut headless) = (0, 0);
        for (row, transcript) in all {
            if self.is_late() {
                found.partial = true;
                return;
            }
            if attended >= self.kept.sessions && headless >= self.kept.headless {
                return;
            }
            let known = !matches!(self.store.read(|view| view.session(&transcript.session)), Ok(Reading::Absent));
            if known {
                attended += 1;
                continue;
            }
            let Some(head) = (row.sources.head)(&transcript.path).filter(|head| !head.of_subagent) else { continue };
            let (pool, limit) =
                if head.headless { (&mut headless, self.kept.headless) } else { (&mut attended, self.kept.sessions) };
            *pool += 1;
            if *pool <= limit {
                found.sessions.push(self.session(row, transcript, head));
            }
        }
    }

    fn session(&self, row: &Row, transcript: &Transcript, head: Head) -> Session {
        let mut session = Session::new(row.agent, transcript.session.clone(), &self.now);
        // Of another boot than any: only the wall clock is known.
        let last = Stamp { unix_ms: transcript.modified_ms, boot: String::new(), boot_ms: 0 };
        session.created = last.clone();
        session.over = Some(End { at: last, reason: Reason::Discovered });
        session.has_context = true;
        session.transcript = transcript.path.to_str().map(str::to_owned);
        session.headless = head.headless;
        register::place(&mut session, head.cwd);
        session
    }
}
