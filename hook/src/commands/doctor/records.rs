//! Records that cannot be read.

use super::finding::Finding;
use super::patient::Patient;

pub fn check(patient: &Patient) -> Vec<Finding> {
    let Some(store) = &patient.store else { return Vec::new() };
    match store.unreadable() {
        Ok(wrong) if wrong.is_empty() => vec![Finding::ok("records", "every record can be read")],
        Ok(wrong) => wrong.iter().map(|error| Finding::failed("records", error)).collect(),
        Err(error) => vec![Finding::failed("records", &error)],
    }
}
