//! `baton fleet init`.

use std::time::Instant;

use agent_baton_core::id::FleetId;
use baton_display::strip_control_chars;
use baton_fleet_client::{ChildConnection, Connect, Connection, FleetError, Waiting, random_bits, server_name};
use baton_fleet_protocol::{Answer, Database, Request, Secret};
use clap::Args;

use crate::context::Context;
use crate::error::CommandError;
use crate::output;

/// Create what baton needs in the database.
#[derive(Args)]
pub struct Init {
    /// Role that gets the rights which the machines need; it must exist
    #[arg(long, value_name = "NAME")]
    role: Option<String>,
    /// Print the SQL and connect to nothing
    #[arg(long)]
    print: bool,
}

impl Init {
    /// Creates or completes the schema, or prints it.
    ///
    /// # Errors
    /// Returns an error if the database cannot be asked or refuses a statement.
    pub fn run(self) -> Result<(), CommandError> {
        let context = Context::open()?;
        let limit = Waiting::Command.limit();
        let deadline = Instant::now() + limit;
        if self.print {
            return self.print_schema(&context, deadline);
        }
        let fleet = new_fleet()?;
        let host = server_name(context.database().locate(limit)?.url.reveal());
        let mut connection = context.database().open(None, limit)?;
        let request = Request::Init { fleet: fleet.clone(), role: self.role.clone() };
        let standing = match (connection.ask(&request, deadline)?, self.role) {
            (Answer::Ready(standing), _) => standing,
            // Each user of the database has a fleet of their own, which only that user can make.
            (Answer::Done, Some(role)) => {
                let role = strip_control_chars(&role);
                return output::print(&format!(
                    "the database at {host} has the tables, and the role {role} has the rights that its machines need\n\
                     `baton fleet init` with the URL of that role makes its fleet\n"
                ));
            }
            _ => return Err(FleetError::Answer.into()),
        };
        let what = if standing.fleet == fleet { "has the new fleet" } else { "already has the fleet" };
        output::print(&format!(
            "the database at {host} {what} {} (schema {})\n`baton fleet join` adds this machine to it\n",
            standing.fleet, standing.schema
        ))
    }

    /// Prints the SQL. The program needs no database for that, so nothing has to be configured yet.
    fn print_schema(self, context: &Context, deadline: Instant) -> Result<(), CommandError> {
        let limit = Waiting::Command.limit();
        let nowhere = || Database { url: Secret::new(String::new()), password_file: None, service_file: None };
        let database = match context.database().locate(limit) {
            Err(FleetError::NotConfigured) => nowhere(),
            located => located?,
        };
        let mut connection = ChildConnection::start(database, None, limit)?;
        match connection.ask(&Request::PrintSchema { role: self.role }, deadline)? {
            Answer::Sql { text } => output::print(&text),
            _ => Err(FleetError::Answer.into()),
        }
    }
}

fn new_fleet() -> Result<FleetId, CommandError> {
    let id = format!("f{:012x}", random_bits().map_err(FleetError::from)? >> 80);
    id.parse().map_err(|_| CommandError::bug("a new fleet id is not valid"))
}
