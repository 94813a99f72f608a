//! What a user can do about an error of the fleet.

use baton_fleet_client::FleetError;
use baton_fleet_protocol::Cause;
use baton_installer::witness_timer::SchedulerError;
use baton_store::StoreError;

use crate::hint::{Advice, Hint};

impl Advice for FleetError {
    fn hint(&self) -> Option<Hint> {
        match self {
            Self::NotConfigured => Some(
                "set `url` or `url_command` in the table `[fleet]` of the configuration; `baton config` names the file"
                    .into(),
            ),
            Self::Configuration { .. } => Some("correct that line; `baton config` shows what is in force".into()),
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
            "name the authority that signed the server's certificate with `sslrootcert=` in the URL; one that expired or is for \
             another name has to be made anew"
                .into()
        }
        Cause::NoTls => "turn TLS on in the server (`ssl = on`), or use a server on this machine".into(),
        Cause::Pooler => "use the URL of the database itself instead of its pooler's".into(),
        Cause::Login => "check the user in the URL, and the password in the `password_file`".into(),
        Cause::SchemaMissing => {
            "check that the URL names the right database; `baton fleet init` makes or completes the tables in it".into()
        }
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
        Cause::TooLong => "report this: the fleet has more than one answer can hold".into(),
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
