//! `baton schema`: JSON Schemas of the formats that baton reads and writes.

use std::collections::BTreeMap;
use std::io::Read;

use clap::Args;
use flate2::read::GzDecoder;

use crate::error::CommandError;
use crate::output;

/// The files of `schemas/`, compressed by the build script: each name and each text ends with a NUL.
const SCHEMAS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/schemas.gz"));

/// Print a schema, or the names of all schemas.
#[derive(Args)]
pub struct Schema {
    /// The schema's name; without it, the names are listed
    name: Option<String>,
}

impl Schema {
    /// Prints the schema.
    ///
    /// # Errors
    /// Returns an error if no schema has that name.
    pub fn run(self) -> Result<(), CommandError> {
        let mut text = String::new();
        GzDecoder::new(SCHEMAS)
            .read_to_string(&mut text)
            .map_err(|source| CommandError::bug("the schemas cannot be decompressed").caused_by(source))?;
        let mut parts = text.split('\0');
        let schemas: BTreeMap<&str, &str> = std::iter::from_fn(|| Some((parts.next()?, parts.next()?))).collect();
        let Some(wanted) = self.name else {
            return output::print(&schemas.keys().map(|name| format!("{name}\n")).collect::<String>());
        };
        match schemas.get(wanted.as_str()) {
            Some(schema) => output::print(schema),
            None => Err(CommandError::ambiguous(
                "no schema has that name",
                schemas.keys().map(ToString::to_string).collect(),
            )),
        }
    }
}
