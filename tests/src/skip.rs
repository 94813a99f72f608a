//! A test, or a case of one, that is left out must be seen.

use std::io::Write;

/// Says that a case was left out, and why. The harness shows what `eprintln` says only where a test fails.
pub fn skip(why: &str) {
    drop(writeln!(std::io::stderr(), "\nSKIPPED: {}", why.trim()));
}
