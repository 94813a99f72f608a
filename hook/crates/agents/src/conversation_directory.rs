//! Finds the directory in which a conversation began. Both agents look a conversation up by it.

use std::path::{Path, PathBuf};

use agent_baton_core::session::Session;

use crate::session_files::HeadReading;
use crate::spec;
use baton_system::worktree;

/// Returns the directory in which the agent finds a session's conversation again, or `None` if no directory of the
/// session exists.
///
/// The directory of the newest event may be another one, because the agent's shell may have gone elsewhere. It counts
/// only if nothing shows where the conversation began.
#[must_use]
pub fn conversation_directory(session: &Session) -> Option<PathBuf> {
    let known: Vec<&Path> = [&session.cwd, &session.project].into_iter().flatten().map(Path::new).collect();
    let transcript = session.transcript.as_ref().map(Path::new);
    let began = transcript.and_then(|path| named_by_folder(session, path, &known).or_else(|| head_cwd(session, path)));
    let known = known.into_iter().map(Path::to_owned);
    began.into_iter().chain(known).find(|directory| directory.is_dir())
}

/// Returns the directory above the known ones that gave the transcript's folder its name.
fn named_by_folder(session: &Session, transcript: &Path, known: &[&Path]) -> Option<PathBuf> {
    let is_name_of = spec(session.agent).is_folder_name?;
    let folder = transcript.parent()?.file_name()?.to_str()?;
    let mut above = known.iter().flat_map(|path| path.ancestors());
    above.find(|path| path.to_str().is_some_and(|path| is_name_of(folder, path))).map(Path::to_owned)
}

/// Returns the directory that the beginning of the transcript names, if it is in the session's project. After a rename,
/// another directory may have the old path.
fn head_cwd(session: &Session, transcript: &Path) -> Option<PathBuf> {
    let HeadReading::Conversation(head) = (spec(session.agent).session_files.head)(transcript) else { return None };
    let cwd = PathBuf::from(head.cwd?);
    (session.project.is_none() || worktree::find_root(&cwd) == session.project).then_some(cwd)
}
