//! `baton`, the program.

fn main() -> std::process::ExitCode {
    agent_baton::commands::main()
}
