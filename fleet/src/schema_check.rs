//! Whether this version may use the schema that the database has.

use baton_fleet_protocol::{Cause, Failure};

/// The number of the schema that this version makes.
pub const NUMBER: u32 = 1;

/// Reads the number of the schema and the oldest one that may write.
pub const SQL: &str = "select number, oldest_writer from baton.version";

/// Returns whether this version may read and write.
#[must_use]
pub const fn is_usable(number: i64, oldest_writer: i64) -> bool {
    number >= NUMBER as i64 && oldest_writer <= NUMBER as i64
}

/// Returns why this version may not use the schema: its number and its oldest writer, or `None` if there is none.
#[must_use]
pub fn failure(server: &str, stored: Option<(i64, i64)>) -> Failure {
    let (cause, text) = match stored {
        Some((number, oldest)) if number > i64::from(NUMBER) => (
            Cause::SchemaNewer,
            format!(
                "{server}: the schema has the number {number} and needs a baton that knows {oldest}; this one knows {NUMBER}"
            ),
        ),
        Some((number, _)) => {
            (Cause::SchemaMissing, format!("{server}: the schema has the number {number} of {NUMBER}"))
        }
        None => (Cause::SchemaMissing, format!("{server}: the database has no tables of baton, or not all of them")),
    };
    crate::error::failure(cause, text)
}
