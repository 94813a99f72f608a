//! Checks that the clock agrees with the records.

use agent_baton_core::decision::Location;
use agent_baton_core::timestamp::CLOCK_TOLERANCE_MS;

use super::finding::Finding;
use super::installation::Installation;

/// The beginning of 2024, in milliseconds since 1970. baton did not exist before.
const EARLIEST_PLAUSIBLE_MS: u64 = 1_704_067_200_000;

pub fn check(installation: &Installation) -> Vec<Finding> {
    if installation.now.unix_ms < EARLIEST_PLAUSIBLE_MS {
        return vec![Finding::problem(
            "clock",
            format!("it shows {}", baton_display::format_rfc3339(&installation.now)),
            "set the clock",
        )];
    }
    let Some(store) = &installation.store else { return Vec::new() };
    let ids = store.sessions(Location::Live).unwrap_or_default();
    let ahead = ids.iter().filter_map(|id| store.read(|view| view.session(id).record().cloned()).ok().flatten());
    let ahead = ahead.filter(|session| session.updated.unix_ms > installation.now.unix_ms + CLOCK_TOLERANCE_MS).count();
    vec![match ahead {
        0 => Finding::ok("clock", baton_display::format_rfc3339(&installation.now)),
        some => Finding::note(
            "clock",
            format!(
                "{} from the future, because the clock was set back; what was written before this boot counts from its start",
                baton_display::format_count(some, "session is", "sessions are")
            ),
        ),
    }]
}
