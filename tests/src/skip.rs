//! Makes skipped tests and cases visible.

use std::io::Write;

/// Prints that a case was skipped, and why. The harness shows the output of `eprintln` only if a test fails.
pub fn skip(why: &str) {
    drop(writeln!(std::io::stderr(), "\nSKIPPED: {}", why.trim()));
}
