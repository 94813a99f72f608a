//! Reports records that cannot be read.

use super::finding::Finding;
use super::installation::Installation;

pub fn check(installation: &Installation) -> Vec<Finding> {
    let Some(store) = &installation.store else { return Vec::new() };
    match store.unreadable_records() {
        Ok(wrong) if wrong.is_empty() => vec![Finding::ok("records", "every record can be read")],
        Ok(wrong) => wrong.iter().map(|error| Finding::failed("records", error)).collect(),
        Err(error) => vec![Finding::failed("records", &error)],
    }
}
