//! `baton session list`.

use agent_baton_core::process::Live;
use clap::Args;

use crate::commands::context::Context;
use crate::commands::error::CommandError;
use crate::commands::print;
use crate::commands::view::SessionView;
use crate::words;

/// Lists sessions, the newest first.
#[derive(Args)]
pub struct List {
    /// Sessions that are over, and superseded ones, too
    #[arg(long)]
    all: bool,
    /// Print a list of sessions as JSON
    #[arg(long)]
    json: bool,
}

impl List {
    /// Lists them. A record that cannot be read is named on stderr, and stops nothing.
    ///
    /// # Errors
    /// When the state directory cannot be used.
    pub fn run(self) -> Result<(), CommandError> {
        let context = Context::open()?;
        let mut sessions: Vec<_> =
            context.sessions(self.all)?.into_iter().filter(|(session, _)| self.all || session.over.is_none()).collect();
        sessions.sort_by(|(a, _), (b, _)| b.updated.unix_ms.cmp(&a.updated.unix_ms).then_with(|| a.id.cmp(&b.id)));
        let views: Vec<SessionView> = sessions
            .iter()
            .map(|(session, archived)| SessionView::new(session, &context.launch_lives(session), *archived))
            .collect();
        if self.json {
            return print::json(&views);
        }
        if views.is_empty() {
            return print::lines("no sessions\n");
        }
        print::lines(&print::table(&views.iter().map(row).collect::<Vec<_>>()))
    }
}

fn row(session: &SessionView) -> Vec<String> {
    let live = match (session.live, &session.over_at) {
        (_, Some(_)) => "over",
        (Live::Yes, None) => "alive",
        (Live::No, None) => "lost",
        (Live::Unknown, None) => "unknown",
    };
    let pane =
        session.launches.iter().rev().find(|launch| launch.live == Live::Yes).map(|launch| words::pane(&launch.pane));
    vec![
        session.id.to_string(),
        session.agent.to_string(),
        live.to_owned(),
        pane.unwrap_or_else(|| "-".to_owned()),
        session.project.as_deref().map(words::clean).unwrap_or_default(),
    ]
}
