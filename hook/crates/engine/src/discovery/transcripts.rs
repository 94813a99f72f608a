//! Finds sessions that have only a transcript.

use std::path::Path;

use agent_baton_core::id::SessionId;
use agent_baton_core::reason::Reason;
use agent_baton_core::request::Reading;
use agent_baton_core::session::{Ended, Session};
use agent_baton_core::timestamp::{CLOCK_TOLERANCE_MS, Timestamp};

use super::{DiscoveredSessions, Discovery, register};
use baton_agents::session_files::{HeadReading, Transcript, TranscriptHead};
use baton_agents::{AGENTS, AgentSpec};

impl Discovery<'_> {
    /// Returns the transcripts of every agent whose sessions have no record and that retention would keep, newest
    /// first.
    pub fn transcript_sessions(&self) -> DiscoveredSessions {
        let mut found = DiscoveredSessions::default();
        let mut all: Vec<(&AgentSpec, Transcript)> = Vec::new();
        for spec in &AGENTS {
            let Some(home) = spec.home(self.inspector.environment()) else { continue };
            let running_sessions = self.reported_sessions(spec, &home);
            if running_sessions.partial {
                // A process that baton could not see may display one of these sessions.
                found.partial = true;
                continue;
            }
            let shown: Vec<SessionId> = running_sessions
                .sessions
                .into_iter()
                .filter(|shown| self.may_be_running(shown))
                .map(|shown| shown.session)
                .collect();
            all.extend(self.transcripts(spec, &home).filter(|it| !shown.contains(&it.session)).map(|it| (spec, it)));
        }
        all.sort_by(|(_, a), (_, b)| b.modified_ms.cmp(&a.modified_ms).then_with(|| a.session.cmp(&b.session)));
        self.add_newest(&all, &mut found);
        found
    }

    fn transcripts(&self, spec: &AgentSpec, home: &Path) -> impl Iterator<Item = Transcript> {
        let oldest = self.now.unix_ms.saturating_sub(self.policy.age.ms());
        let found = (spec.session_files.transcripts)(home, self.bounds.entries);
        let latest = self.now.unix_ms.saturating_add(CLOCK_TOLERANCE_MS);
        // A transcript of the future comes last: it takes the place of none whose age is known.
        let known = move |transcript: Transcript| match transcript.modified_ms > latest {
            true => Transcript { modified_ms: oldest, ..transcript },
            false => transcript,
        };
        found.into_iter().map(known).filter(move |transcript| transcript.modified_ms >= oldest)
    }

    /// Counts the newest sessions of each pool, with or without a record, and adds those without one.
    fn add_newest(&self, all: &[(&AgentSpec, Transcript)], found: &mut DiscoveredSessions) {
        let (mut attended, mut headless) = (0, 0);
        for (spec, transcript) in all {
            if self.out_of_time() {
                found.partial = true;
                return;
            }
            if attended >= self.policy.sessions && headless >= self.policy.headless {
                return;
            }
            let known = !matches!(self.store.read(|view| view.session(&transcript.session)), Ok(Reading::Absent));
            if known {
                attended += 1;
                continue;
            }
            let head = match (spec.session_files.head)(&transcript.path) {
                HeadReading::Conversation(head) if !head.of_subagent => head,
                HeadReading::Conversation(_) | HeadReading::Other => continue,
                HeadReading::Unreadable => {
                    found.partial = true;
                    continue;
                }
            };
            let (pool, limit) = if head.headless {
                (&mut headless, self.policy.headless)
            } else {
                (&mut attended, self.policy.sessions)
            };
            *pool += 1;
            if *pool <= limit {
                found.sessions.push(self.ended_session(spec, transcript, head));
            }
        }
    }

    fn ended_session(&self, spec: &AgentSpec, transcript: &Transcript, head: TranscriptHead) -> Session {
        let mut session = Session::new(spec.agent, transcript.session.clone(), &self.now);
        // The boot is unknown, so only the wall clock time is set.
        let last = Timestamp { unix_ms: transcript.modified_ms, boot: String::new(), boot_ms: 0 };
        session.created = last.clone();
        session.ended = Some(Ended { at: last, reason: Reason::Discovered });
        session.has_context = true;
        session.transcript = transcript.path.to_str().map(str::to_owned);
        session.headless = head.headless;
        register::set_directory(&mut session, head.cwd);
        session
    }
}
