//! `baton-fleet`: the PostgreSQL client of baton's fleet. `baton` starts it.

use std::io::{BufReader, Write, stderr, stdin, stdout};
use std::process::ExitCode;

fn main() -> ExitCode {
    match baton_fleet::run(&mut BufReader::new(stdin().lock()), &mut stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // If stderr is closed, there is no other place to report to.
            drop(writeln!(stderr(), "baton-fleet: {}", baton_fleet::chain(&error)));
            ExitCode::FAILURE
        }
    }
}
