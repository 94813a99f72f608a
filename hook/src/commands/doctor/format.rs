//! Whether the state is of a format that this version knows.

use super::finding::Finding;
use super::patient::Patient;

pub fn check(patient: &Patient) -> Vec<Finding> {
    let Some(store) = &patient.store else { return Vec::new() };
    vec![match store.check_format() {
        Ok(()) => Finding::ok("format", "the state is of this version's format"),
        Err(error) => Finding::failed("format", &error),
    }]
}
