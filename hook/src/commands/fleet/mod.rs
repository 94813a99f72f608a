//! `baton fleet`: one file for each subcommand.

pub mod fleet_view;
pub mod init;
pub mod join;
pub mod leave;
pub mod machine_name;
pub mod recover;
pub mod show;
pub mod status;
pub mod witness;

use clap::Subcommand;

use crate::error::CommandError;

/// The commands on the fleet: the machines that share one database.
#[derive(Subcommand)]
pub enum Fleet {
    /// Create what baton needs in the database, or complete it
    ///
    /// The database is the one that the table [fleet] of the configuration names. Run this once, as the owner of the
    /// database. It can be repeated, and an installation of a newer baton needs it again.
    Init(init::Init),
    /// Add this machine to the fleet
    ///
    /// Installs a timer that runs `baton fleet witness` each minute: in your systemd, or else in your crontab.
    Join(join::Join),
    /// Remove this machine from the fleet
    Leave(leave::Leave),
    /// Show the database, the machines and the leases of this machine
    Status(status::Status),
    /// Tell the fleet which owners on this machine are alive (the timer calls this)
    Witness(witness::Witness),
    /// Bring this machine in line with a database that was restored from an older copy
    Recover(recover::Recover),
    /// Print what the database stores about this machine
    Show(show::Show),
}

impl Fleet {
    /// Runs the subcommand.
    ///
    /// # Errors
    /// Returns what was refused or went wrong, with its exit status.
    pub fn run(self) -> Result<(), CommandError> {
        match self {
            Self::Init(init) => init.run(),
            Self::Join(join) => join.run(),
            Self::Leave(leave) => leave.run(),
            Self::Status(status) => status.run(),
            Self::Witness(witness) => witness.run(),
            Self::Recover(recover) => recover.run(),
            Self::Show(show) => show.run(),
        }
    }
}
