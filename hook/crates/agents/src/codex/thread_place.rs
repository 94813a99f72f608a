//! Where Codex looks for a thread: `sessions/<year>/<month>/<day>/rollout-<time>-<id>.jsonl`.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::lenient_json::Lenient;
use crate::transcript_place::{MovedConversation, PlaceError};

/// A time as the name of a rollout has it: `2026-11-28T09-55-35`.
struct RolloutTime<'a>(&'a str);

impl<'a> RolloutTime<'a> {
    /// Parses the time of a rollout's name, or the beginning of a time in a line (`2026-11-28T09:55:35.221Z`).
    fn parse(text: &'a str) -> Option<Self> {
        let is_time = text.bytes().zip(b"dddd-dd-ddTdd-dd-dd").all(|(byte, form)| match form {
            b'd' => byte.is_ascii_digit(),
            form => byte == *form,
        });
        (text.len() == "2026-11-28T09-55-35".len() && is_time).then_some(Self(text))
    }

    fn place(&self, session: &str) -> Option<PathBuf> {
        let (year, rest) = self.0.split_once('-')?;
        let (month, rest) = rest.split_once('-')?;
        let (day, _) = rest.split_once('T')?;
        let directory = Path::new("sessions").join(year).join(month).join(day);
        Some(directory.join(format!("rollout-{}-{session}.jsonl", self.0)))
    }
}

/// Returns the place. Its time is the one of the name that the file had, or else the one of its first line.
pub(crate) fn find_place(_: &Path, moved: MovedConversation<'_>) -> Result<PathBuf, PlaceError> {
    let session = moved.session.as_str();
    let named = moved.transcript.and_then(|path| {
        let name = path.rsplit('/').next()?;
        let stem = name.strip_suffix(".zst").unwrap_or(name).strip_suffix(".jsonl")?.strip_prefix("rollout-")?;
        RolloutTime::parse(stem.strip_suffix(session)?.strip_suffix('-')?)?.place(session)
    });
    let of_first_line = || {
        let time = first_line_time(moved.content)?.get(..19)?.replace(':', "-");
        RolloutTime::parse(&time)?.place(session)
    };
    named.or_else(of_first_line).ok_or(PlaceError::NoTime)
}

fn first_line_time(content: &[u8]) -> Option<String> {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct FirstLine {
        timestamp: Lenient<String>,
    }
    let line = content.split(|byte| *byte == b'\n').next()?;
    serde_json::from_slice::<FirstLine>(line).ok()?.timestamp.0
}
