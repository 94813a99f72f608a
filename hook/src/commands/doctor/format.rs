//! Checks that this version knows the format of the state.

use super::finding::Finding;
use super::installation::Installation;

pub fn check(installation: &Installation) -> Vec<Finding> {
    let Some(store) = &installation.store else { return Vec::new() };
    vec![match store.check_format() {
        Ok(()) => Finding::ok("format", "the state has the format of this version"),
        Err(error) => Finding::failed("format", &error),
    }]
}
