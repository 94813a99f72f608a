//! What a user can do about an error. The errors of the lower crates say what happened; what to do about each stands here.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::io;

use baton_core_host::CoreError;
use baton_display::error_chain;
use baton_engine::config::ConfigError;
use baton_engine::decide::DecisionError;
use baton_engine::export::{CollectError, ExportError};
use baton_engine::retention::SweepError;
use baton_fleet_client::FleetError;
use baton_fleet_protocol::Cause;
use baton_installer::InstallError;
use baton_installer::witness_timer::SchedulerError;
use baton_protect::ProtectError;
use baton_store::{CommitError, LockError, StateDirError, StoreError};
use baton_system::SystemError;
use baton_system::multiplexer::MultiplexerError;

/// What a user can do: most often a command of baton, in backticks, and what it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint(Cow<'static, str>);

impl Hint {
    /// For what cannot happen.
    pub const BUG: Self = Self(Cow::Borrowed("this is a bug in baton; please report it"));
}

impl From<&'static str> for Hint {
    fn from(text: &'static str) -> Self {
        Self(Cow::Borrowed(text))
    }
}

impl From<String> for Hint {
    fn from(text: String) -> Self {
        Self(Cow::Owned(text))
    }
}

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An error for which there may be a hint.
pub trait Advice: Error {
    /// Returns the hint.
    fn hint(&self) -> Option<Hint>;

    /// Returns the error of a file of the state, if it is one.
    fn store_error(&self) -> Option<&StoreError> {
        None
    }

    /// Returns the error, its causes and the hint in one line.
    fn in_one_line(&self) -> String
    where
        Self: Sized,
    {
        let text = error_chain(self);
        self.hint().map_or_else(|| text.clone(), |hint| format!("{text}; {hint}"))
    }
}

/// It does not say what was tried: the error that has it as its source may have a hint.
impl Advice for io::Error {
    fn hint(&self) -> Option<Hint> {
        None
    }
}

impl Advice for MultiplexerError {
    fn hint(&self) -> Option<Hint> {
        None
    }
}

impl Advice for FleetError {
    fn hint(&self) -> Option<Hint> {
        match self {
            Self::NotConfigured => Some(
                "set `url` or `url_command` in the table `[fleet]` of the configuration; `baton config` names the file"
                    .into(),
            ),
            Self::NotInstalled => {
                Some("`cargo install --path fleet` in baton's source installs it; it belongs beside baton".into())
            }
            Self::NotJoined => Some("`baton fleet join` joins it".into()),
            Self::OtherFleet { .. } => {
                Some("`baton fleet leave`, then `baton fleet join`, if that is what you want".into())
            }
            Self::Conflicts { .. } | Self::Withdrawn | Self::RecordsChanged => Some("run the command again".into()),
            Self::Failed(failure) => fleet_hint(failure.cause),
            Self::Store(error) => error.hint(),
            Self::Lock(error) => error.hint(),
            Self::UrlCommand { .. } => Some("run the command yourself to see what it prints".into()),
            Self::TimedOut { .. } | Self::Outage { .. } => {
                Some("check that the server of the URL runs and can be reached; `baton fleet status` asks again".into())
            }
            Self::Child { .. } | Self::Answer => Some("install baton and baton-fleet of the same version".into()),
            Self::Random(_) => None,
        }
    }

    fn store_error(&self) -> Option<&StoreError> {
        if let Self::Store(error) = self { Some(error) } else { None }
    }
}

/// Returns what a user can do about a failure that `baton-fleet` reported.
fn fleet_hint(cause: Cause) -> Option<Hint> {
    Some(match cause {
        Cause::Version => "install baton and baton-fleet of the same version".into(),
        Cause::Address => "correct the table `[fleet]` of the configuration; `baton config` names the file".into(),
        Cause::Unreachable => {
            "check that the server of the URL runs and can be reached; `baton fleet status` asks again".into()
        }
        Cause::Certificate => {
            "name the authority that signed the server's certificate with `sslrootcert=` in the URL".into()
        }
        Cause::Login => "check the user in the URL, and the password in the `password_file`".into(),
        Cause::SchemaMissing => "`baton fleet init` creates or completes it".into(),
        Cause::SchemaNewer => "install the version of baton that the other machines have".into(),
        Cause::OtherFleet => "`baton fleet leave`, then `baton fleet join`, if that is what you want".into(),
        Cause::Restored => {
            "`baton fleet recover` finds out what was lost, and writes back what this machine knows".into()
        }
        Cause::OtherEpoch | Cause::UnknownToken => "`baton fleet witness` brings this machine in line".into(),
        Cause::Permission => {
            "as the owner of the database, run `baton fleet init --role NAME`, with the user of the URL".into()
        }
        Cause::ReadOnly => "use the URL of the server that accepts writes".into(),
        Cause::Full => "free space on the server".into(),
        Cause::Busy => "run the command again".into(),
        Cause::Protocol => "check that the URL is that of a PostgreSQL server".into(),
    })
}

impl Advice for SchedulerError {
    fn hint(&self) -> Option<Hint> {
        match self {
            Self::File(error) => error.hint(),
            Self::Foreign { .. } => Some("move it away if it is of no use".into()),
            Self::NoHome => Some("set HOME".into()),
            Self::Failed { .. } | Self::TimedOut { .. } | Self::Start { .. } => {
                Some("run that command yourself to see what is wrong".into())
            }
            Self::Text(_) => None,
        }
    }
}

impl Advice for SystemError {
    fn hint(&self) -> Option<Hint> {
        match self {
            Self::Unreadable { .. } => Some("mount /proc, if it is not".into()),
            Self::Malformed { .. } => None,
            Self::ForeignProc { .. } => Some("mount the /proc of this pid namespace".into()),
        }
    }
}

impl Advice for CollectError {
    fn hint(&self) -> Option<Hint> {
        match self {
            Self::Store(error) => error.hint(),
            Self::NoTranscript { .. } => Some("leave --with-transcript out".into()),
            Self::Transcript { .. } => None,
            Self::Decision(_) => Some(Hint::BUG),
        }
    }

    fn store_error(&self) -> Option<&StoreError> {
        if let Self::Store(error) = self { Some(error) } else { None }
    }
}

impl Advice for CoreError {
    fn hint(&self) -> Option<Hint> {
        Some(match self {
            Self::Load(_) => "install a baton built for this machine".into(),
            Self::NoMemory(_) => {
                "raise the limit of virtual memory, if there is one (`ulimit -v` shows it): baton needs 100000 KiB"
                    .into()
            }
            Self::RequestTooLong(_) => "the records are too large".into(),
            _ => Hint::BUG,
        })
    }
}

impl Advice for ConfigError {
    fn hint(&self) -> Option<Hint> {
        match self {
            Self::Read { .. } => None,
            Self::InsideWorktree { .. } => {
                Some("unset XDG_CONFIG_HOME if it names a project, or set it to a directory outside of projects".into())
            }
            Self::Invalid { .. } => Some("correct that line; until then every value has its default".into()),
        }
    }
}

impl Advice for StateDirError {
    fn hint(&self) -> Option<Hint> {
        Some(match self {
            Self::Unset => "set BATON_HOME to a directory".into(),
            Self::NotAbsolute { .. } => "set BATON_HOME to an absolute path".into(),
            Self::Owner { path, ours, .. } => Hint::from(format!(
                "`sudo chown -R {ours} {}` gives it to you, or set BATON_HOME to a directory of yours",
                path.display()
            )),
            Self::ForeignParent { .. } => "run baton as that user, or set BATON_HOME to a directory of yours".into(),
            Self::OutOfReach { dir, ours, .. } => Hint::from(format!(
                "`sudo chown {ours} {}` gives it to you, or set BATON_HOME to a directory of yours",
                dir.display()
            )),
            Self::OtherHome { .. } => {
                "if HOME is right, as in a container, set BATON_HOME to a directory outside of projects".into()
            }
            Self::Mode { path, .. } => Hint::from(format!("run `chmod 700 {}`", path.display())),
            Self::NotDirectory { .. } => "move it away, or set BATON_HOME to another path".into(),
            Self::Symlink { .. } => "set BATON_HOME to its real path".into(),
            Self::InWorktree { .. } | Self::InEventDirectory { .. } => "set BATON_HOME to a directory outside".into(),
            Self::Io { .. } => return None,
        })
    }
}

impl Advice for StoreError {
    fn hint(&self) -> Option<Hint> {
        match self {
            Self::Io { source, .. } => of_io(source),
            Self::Unreadable { .. } => {
                Some("if no newer baton wrote it, `baton doctor --quarantine` moves it out of the way".into())
            }
            Self::IndexMissing { .. } => Some("the next call that takes the lock rebuilds it".into()),
            Self::Contended { .. } => Some("try again".into()),
            Self::RecoveryIncomplete { .. } => Some("run the command again to continue".into()),
            Self::TooLong { .. } => None,
        }
    }

    fn store_error(&self) -> Option<&StoreError> {
        Some(self)
    }
}

/// The hint for an error of the system about a file of the state.
fn of_io(source: &io::Error) -> Option<Hint> {
    Some(match source.kind() {
        io::ErrorKind::StorageFull => "free space on its file system; nothing was changed".into(),
        io::ErrorKind::FileTooLarge => {
            "a limit on the size of files is set here (see `ulimit -f`): lift it; nothing was changed".into()
        }
        io::ErrorKind::QuotaExceeded => "your disk quota is used up: free space; nothing was changed".into(),
        io::ErrorKind::ReadOnlyFilesystem => {
            "its file system is read-only here: make it writable, or set BATON_HOME to a directory that is".into()
        }
        io::ErrorKind::PermissionDenied => {
            "make it yours again (chown, chmod u+rwX), or set BATON_HOME to a directory that is".into()
        }
        io::ErrorKind::CrossesDevices => {
            "the state directory must be on one file system: no mount point may be inside it".into()
        }
        _ => return None,
    })
}

impl Advice for LockError {
    fn hint(&self) -> Option<Hint> {
        match self {
            Self::Busy { path } => Some(format!("try again; `fuser {}` names that call", path.display()).into()),
            Self::NewerFormat { .. } => Some("install the newer baton".into()),
            Self::OtherMachine { .. } => Some(
                "if that machine is gone, move the file away; records that the commit already changed stay changed"
                    .into(),
            ),
            Self::Store(error) => error.hint(),
        }
    }

    fn store_error(&self) -> Option<&StoreError> {
        if let Self::Store(error) = self { Some(error) } else { None }
    }
}

impl Advice for CommitError {
    fn hint(&self) -> Option<Hint> {
        match self {
            Self::Moved { .. } => Some("run the command again".into()),
            Self::TooLarge { .. } => None,
            Self::InDoubt { source } | Self::Store(source) => source.hint(),
            Self::Refused(_) => Some(Hint::BUG),
        }
    }

    fn store_error(&self) -> Option<&StoreError> {
        if let Self::Store(error) | Self::InDoubt { source: error } = self { Some(error) } else { None }
    }
}

impl Advice for DecisionError {
    fn hint(&self) -> Option<Hint> {
        match self {
            Self::Store(error) => error.hint(),
            Self::Core(error) => error.hint(),
            Self::Refused(_) => Some(Hint::BUG),
            Self::Commit(error) => error.hint(),
            Self::Moving => Some("run the command again".into()),
        }
    }

    fn store_error(&self) -> Option<&StoreError> {
        match self {
            Self::Store(error) => Some(error),
            Self::Commit(error) => error.store_error(),
            Self::Core(_) | Self::Refused(_) | Self::Moving => None,
        }
    }
}

impl Advice for SweepError {
    fn hint(&self) -> Option<Hint> {
        match self {
            Self::Store(error) => error.hint(),
            Self::Lock(error) => error.hint(),
            Self::Commit(error) => error.hint(),
        }
    }
}

impl Advice for ProtectError {
    fn hint(&self) -> Option<Hint> {
        match self {
            Self::Store(error) => error.hint(),
            Self::Record { .. } => Some("`baton doctor` names the command that replaces it".into()),
            Self::Project { .. } | Self::Archive { .. } | Self::Json { .. } => None,
        }
    }
}

impl Advice for ExportError {
    fn hint(&self) -> Option<Hint> {
        match self {
            Self::Format(_) => Some("read it with the baton that wrote it".into()),
            _ => None,
        }
    }
}

impl Advice for InstallError {
    fn hint(&self) -> Option<Hint> {
        Some(match self {
            Self::Io { .. }
            | Self::NotText { .. }
            | Self::LinkToLink { .. }
            | Self::NotFile { .. }
            | Self::Declined => {
                return None;
            }
            Self::Syntax { .. } => "correct that line, then run this again".into(),
            Self::Changed { .. } => "run this again".into(),
            Self::Owner { .. } => "run this as that user".into(),
            Self::ForeignDirectory { .. } => "run this as that user, without sudo".into(),
            Self::NoHome => "set HOME".into(),
            Self::RelativeHome { .. } => "set it to the whole path, or unset it".into(),
            Self::NoCurrentDirectory => "change to another directory".into(),
            Self::NoAgent { .. } => "choose one with --agent".into(),
            Self::NoLocalScope => "use --scope project or --scope user".into(),
            Self::Busy { .. } => "wait until it ends, then run this again".into(),
            Self::Receipt { .. } => "restore the receipt, or move it away".into(),
            Self::NewerReceipt { .. } => "use the newer baton".into(),
            Self::VerificationFailed { .. } => Hint::BUG,
            Self::Untrusted(_) => "start codex: it asks whether to trust new hooks".into(),
            Self::NoTerminal => "check the changes above, then add --yes".into(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_system_refuses_has_a_hint_where_a_user_can_act() {
        for (kind, expected) in [
            (io::ErrorKind::StorageFull, "free space"),
            (io::ErrorKind::ReadOnlyFilesystem, "BATON_HOME"),
            (io::ErrorKind::PermissionDenied, "chown"),
            (io::ErrorKind::Other, ""),
        ] {
            let error = StoreError::Io { operation: "open", path: "/state/lock".into(), source: kind.into() };
            assert!(error.in_one_line().starts_with("cannot open /state/lock: "), "{error}");
            let hint = error.hint().map(|hint| hint.to_string()).unwrap_or_default();
            assert!(hint.contains(expected) && hint.is_empty() == expected.is_empty(), "{kind}: {hint}");
        }
    }
}
