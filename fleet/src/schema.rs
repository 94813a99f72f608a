//! The schema: the steps that make it, and the rights that the machines need.

use agent_baton_core::id::FleetId;
use baton_fleet_protocol::{Answer, Cause, Failure};
use tokio_postgres::types::Type;

use crate::database::{Database, Refusal};
use crate::schema_check;
use crate::standing::{self, Asker, Scope, StoredStanding};

/// The steps. Each can be repeated. The last one writes the number of the schema.
const STEPS: [&str; 4] = [
    include_str!("sql/01_tables.sql"),
    include_str!("sql/02_indexes.sql"),
    include_str!("sql/03_row_security.sql"),
    include_str!("sql/04_number.sql"),
];

/// The rights of a role, where `ROLE` stands for its name.
const GRANTS: &str = include_str!("sql/grants.sql");

/// Returns the SQL that [`init`] runs.
#[must_use]
pub fn text(role: Option<&str>) -> String {
    let mut parts: Vec<String> = STEPS.map(str::to_owned).into();
    parts.extend(role.map(grants));
    parts.join("\n")
}

/// Returns the statements that give a role its rights.
fn grants(role: &str) -> String {
    GRANTS.replace("ROLE", &format!("\"{}\"", role.replace('"', "\"\"")))
}

/// Makes the schema or continues a migration, gives the rights, and makes a fleet for the role, or for the user of the database
/// if no role is named. The answer is [`Answer::Ready`], or [`Answer::Done`] if only the role itself may make its fleet.
///
/// # Errors
///
/// If a statement fails, or the schema is newer.
pub async fn init(database: &mut Database, fleet: &FleetId, role: Option<&str>) -> Result<Answer, Failure> {
    // A user without the right to make tables can use those that an administrator made.
    if !is_complete(database).await? {
        for step in STEPS {
            database.run(step).await?;
        }
    }
    if let Some(role) = role {
        database.run(&grants(role)).await?;
    }
    let id = fleet.to_string();
    let added: Result<Option<StoredStanding>, Refusal> =
        database.write(include_str!("sql/add_fleet.sql"), &[(&id, Type::TEXT), (&role, Type::TEXT)]).await;
    let stored = match added.map_err(Failure::from) {
        // Row-level security gives each user a fleet of their own.
        Err(refused) if refused.cause == Cause::Permission && role.is_some() => return Ok(Answer::Done),
        other => other?,
    };
    standing::check(stored, database, &Asker::default(), Scope::Schema).map(Answer::Ready)
}

/// Returns whether the database has the whole schema.
async fn is_complete(database: &mut Database) -> Result<bool, Failure> {
    const SQL: &str = "select jsonb_build_array(number, oldest_writer)::text from baton.version";
    let found: Result<(i64, i64), Failure> = database.read(SQL, &[]).await;
    match found {
        Ok((number, oldest))
            if number > i64::from(schema_check::NUMBER) && !schema_check::is_usable(number, oldest) =>
        {
            Err(schema_check::failure(&database.server(), Some((number, oldest))))
        }
        Ok((number, _)) => Ok(number >= i64::from(schema_check::NUMBER)),
        // The table has no line, or is not there.
        Err(failure) if matches!(failure.cause, Cause::SchemaMissing | Cause::Protocol) => Ok(false),
        Err(failure) => Err(failure),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_role_is_quoted() {
        let sql = text(Some("a\"; drop schema baton; --"));
        assert!(sql.contains("grant usage on schema baton to \"a\"\"; drop schema baton; --\";"), "{sql}");
        assert!(!text(None).contains("grant"));
    }

    #[test]
    fn every_table_has_forced_row_security() {
        let sql = text(None);
        for line in sql.lines().filter_map(|line| line.strip_prefix("create table if not exists ")) {
            let table = line.split(' ').next().unwrap();
            // The version is the same for every user.
            let forced = sql.contains(&format!("alter table {table} force row level security"));
            assert_eq!(forced, table != "baton.version", "{table}");
        }
    }
}
