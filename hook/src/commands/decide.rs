//! `baton decide`: asks the core directly.

use std::io::Read;

use clap::Args;

use crate::error::CommandError;
use crate::output;
use baton_core_host::{Core, MAX_REQUEST_BYTES};

/// Decide a request given as JSON on standard input. Nothing is changed.
#[derive(Args)]
pub struct Decide {}

impl Decide {
    /// Decides the request in the sandbox.
    ///
    /// # Errors
    /// Returns an error if the request is too long, or if the core fails.
    pub fn run(self) -> Result<(), CommandError> {
        let mut request = Vec::new();
        let limit = u64::try_from(MAX_REQUEST_BYTES).unwrap_or(u64::MAX);
        std::io::stdin().take(limit + 1).read_to_end(&mut request).map_err(CommandError::input)?;
        let decision = Core::load()?.decide_bytes(&request)?;
        output::print(&format!("{}\n", String::from_utf8_lossy(&decision)))
    }
}
