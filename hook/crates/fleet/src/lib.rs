//! What `baton` does about the runs of a fleet: its files on this machine, the child that asks the database, and decisions that
//! need rows of the database.
//!
//! It may touch the files about the fleet in the state directory, through the store, and it starts `baton-fleet`. It has no
//! network access itself.
//!
//! **Architecture invariant.** The database commits first and the state directory second, so a copy is never ahead of its row.

mod archive_parts;
mod cached_names;
mod cached_rows;
mod connection;
mod copies;
mod database;
mod database_call;
mod database_state;
mod error;
mod fleet_store;
mod handoff;
mod handoff_error;
mod handoff_rows;
mod lease;
mod leaving;
mod marker;
mod member_connection;
mod membership;
mod outage;
mod owner_word;
mod question;
mod records;
mod recovery;
mod release;
mod row_change;
mod server_name;
mod standing;
mod token;
mod unasked;
mod witness;

pub use cached_rows::{CachedRows, MAX_CACHED_ROWS};
pub use connection::{ChildConnection, Connect, Connection, PROGRAM};
pub use database::ConfiguredDatabase;
pub use database_call::Waiting;
pub use database_state::DatabaseState;
pub use error::FleetError;
pub use fleet_store::FleetStore;
pub use handoff::{Handoffs, Offer};
pub use handoff_error::HandoffError;
pub use lease::{Lease, Leases, SAFETY_MARGIN_MS};
pub use leaving::{forget, leave};
pub use marker::Marker;
pub use member_connection::MemberConnection;
pub use membership::{Membership, RestoredDatabase, new_commit, new_token, random_bits};
pub use outage::Outage;
pub use owner_word::{OwnerWord, WordStanding};
pub use records::ConfiguredRecords;
pub use release::release;
pub use server_name::server_name;
pub use token::{TokenLock, join, new_machine};
pub use witness::{Round, Witness, WitnessError};
