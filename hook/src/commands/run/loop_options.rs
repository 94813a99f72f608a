//! `baton run start --loop`: the options of a loop.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use agent_baton_core::agent::Agent;
use agent_baton_core::id::RunId;
use agent_baton_core::loop_state::LoopLimits;
use agent_baton_core::process::Process;
use clap::Args;

use crate::context::{Context, current_directory};
use crate::error::CommandError;
use baton_agents::spec;
use baton_engine::config::TimeSpan;
use baton_engine::directory_id::DirectoryId;
use baton_engine::loops::approval;
use baton_engine::loops::block_cap::{self, DEFAULT_ITERATIONS};
use baton_engine::loops::definition::{
    DoneWhen, LoopDefinition, MAX_COMMAND_BYTES, MAX_PHRASE_BYTES, MAX_PROMPT_BYTES,
};
use baton_fs::read::{read_capped, read_own};
use baton_system::environment::{Environment, OwnEnvironment};

/// The largest settings file of an agent that is read, in bytes.
const MAX_SETTINGS: usize = 8 * 1024 * 1024;

/// The default for how many iterations may pass without a change of the last message or the project.
const DEFAULT_PATIENCE: u32 = 5;

/// The variables that a command gets, with the values they have in the user's terminal. A repository can change those
/// of the agent.
const KEPT_VARIABLES: [&str; 9] = ["PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "TZ", "TMPDIR"];

/// The options of a loop.
#[derive(Args)]
#[command(next_help_heading = "Loop")]
pub struct LoopOptions {
    /// Keep the agent working: give it the prompt again whenever it wants to stop
    #[arg(long = "loop")]
    is_loop: bool,
    /// Prompt for every iteration
    #[arg(long, value_name = "TEXT", requires = "is_loop")]
    prompt: Option<String>,
    /// File with the prompt; baton reads it once, now
    #[arg(long, value_name = "FILE", requires = "is_loop", conflicts_with = "prompt")]
    prompt_file: Option<PathBuf>,
    /// The loop is done when the last line of the agent's answer is this text alone, outside code and quotations
    #[arg(long, value_name = "TEXT", requires = "is_loop")]
    until: Option<String>,
    /// Maximum duration: 90m, 36h, 2d
    #[arg(long, value_name = "TIME", requires = "is_loop")]
    max_time: Option<TimeSpan>,
    /// The loop is done only when this command exits with status 0 in the project's directory within five minutes;
    /// only you can give one, in a terminal
    #[arg(long, value_name = "COMMAND", requires = "is_loop")]
    done_when: Option<String>,
    /// End the loop when the last message or the project has not changed for N iterations in a row (0: never)
    #[arg(long, value_name = "N", requires = "is_loop", default_value_t = DEFAULT_PATIENCE)]
    patience: u32,
}

/// A loop that is ready to start.
pub struct Prepared {
    definition: LoopDefinition,
    max_ms: Option<u64>,
    patience: u32,
    /// The maximum number of iterations.
    pub max_iterations: u32,
    /// What set this limit, if the user did not.
    pub limited_by: &'static str,
}

impl LoopOptions {
    /// Returns whether the user asked for a loop.
    #[must_use]
    pub const fn is_asked(&self) -> bool {
        self.is_loop
    }

    /// Reads the prompt, determines the client's limit, and checks the options. Writes nothing.
    ///
    /// # Errors
    /// Refused if the iterations exceed the client's limit, if no user gave the command, or if a text is too long.
    pub fn prepare(
        self,
        context: &Context,
        (agent, process, project): (Agent, &Process, Option<String>),
        max_iterations: Option<u32>,
    ) -> Result<Prepared, CommandError> {
        let prompt = self.prompt()?;
        let until = self.until.filter(|until| !until.trim().is_empty());
        check_length("--until", until.as_deref(), MAX_PHRASE_BYTES)?;
        check_length("--done-when", self.done_when.as_deref(), MAX_COMMAND_BYTES)?;
        let here = current_directory()?;
        let directory = project.map_or(here, PathBuf::from);
        let done_when = self.done_when.map(|command| approve_command(context, command, &directory)).transpose()?;
        let cap = context.block_cap(agent, process, &directory);
        let (max_iterations, limited_by) = iteration_limit(agent, cap, max_iterations)?;
        let max_ms = self.max_time.map(|age| age.ms());
        Ok(Prepared {
            definition: LoopDefinition { prompt, until, done_when, directory },
            max_ms,
            patience: self.patience,
            max_iterations,
            limited_by,
        })
    }

    fn prompt(&self) -> Result<String, CommandError> {
        let text = match (&self.prompt, &self.prompt_file) {
            (Some(text), _) => text.clone(),
            (None, Some(path)) => {
                let failed = |source: std::io::Error| CommandError::cannot("read", path.display(), source);
                let file = std::fs::File::open(path).map_err(failed)?;
                let bytes = read_capped(file, MAX_PROMPT_BYTES).map_err(failed)?;
                String::from_utf8(bytes)
                    .map_err(|error| failed(std::io::Error::new(std::io::ErrorKind::InvalidData, error)))?
            }
            (None, None) => String::new(),
        };
        if text.trim().is_empty() {
            return Err(CommandError::refused("the prompt is empty").hint("give one with --prompt or --prompt-file"));
        }
        check_length("--prompt", Some(&text), MAX_PROMPT_BYTES)?;
        Ok(text)
    }
}

impl Prepared {
    /// Writes the definition and the user's approval of the command, and returns the limits for the record.
    ///
    /// # Errors
    /// Returns an error if a file cannot be written. [`Context::remove_loop_definition`] removes what was written.
    pub fn write(&self, context: &Context, run: &RunId) -> Result<LoopLimits, CommandError> {
        let bytes = self.definition.to_bytes();
        context.store().write_loop_definition(run, &bytes)?;
        if let Some(done_when) = &self.definition.done_when {
            let home = context.account_home().ok_or_else(|| {
                CommandError::failed("the account database names no home directory for this account")
                    .hint("leave out --done-when: your approval of the command is stored in that directory")
            })?;
            approval::grant(&home, run, done_when).map_err(|source| {
                CommandError::cannot("store your approval of the command below", home.display(), source)
            })?;
        }
        Ok(LoopLimits { definition: self.definition.digest(), max_ms: self.max_ms, patience: self.patience })
    }
}

/// Approves a command that the user gives. It must come from a terminal, without an agent above that could have typed
/// it.
fn approve_command(context: &Context, command: String, directory: &Path) -> Result<DoneWhen, CommandError> {
    if context.inspector().lineage().is_some() || !std::io::stdin().is_terminal() {
        return Err(CommandError::refused("baton runs a command only if you typed it").hint(
            "run this `baton run start` in a terminal of your own, with --session ID, or leave out --done-when",
        ));
    }
    let environment = command_environment();
    // If it cannot be looked at, the command only does not follow it to another path.
    let directory_id = DirectoryId::from_path(directory).ok();
    Ok(DoneWhen { command, directory: directory.to_owned(), directory_id, environment })
}

/// Returns the environment that a loop's command gets.
#[must_use]
pub fn command_environment() -> BTreeMap<String, String> {
    KEPT_VARIABLES.iter().filter_map(|name| Some(((*name).to_owned(), OwnEnvironment.get(name)?))).collect()
}

/// Returns the maximum number of iterations, and what set it.
fn iteration_limit(agent: Agent, cap: Option<u32>, asked: Option<u32>) -> Result<(u32, &'static str), CommandError> {
    let most = cap.unwrap_or(u32::MAX);
    match asked {
        Some(asked) if asked > most => {
            let variable = spec(agent).block_cap.map_or("", |cap| cap.variable);
            Err(CommandError::refused(format!(
                "{agent} lets a hook keep it working {most} times in a row, so a loop has at most {most} iterations"
            ))
            .hint(format!(
                "to allow more, set {variable} for the agent with `baton install --loops`, then restart the agent"
            )))
        }
        Some(0) => {
            Err(CommandError::refused("a loop has at least one iteration").hint("give --max-iterations 1 or more"))
        }
        Some(asked) => Ok((asked, "")),
        None if most < DEFAULT_ITERATIONS => Ok((most, " (the agent's own limit for hooks)")),
        None => Ok((DEFAULT_ITERATIONS, "")),
    }
}

fn check_length(option: &str, text: Option<&str>, most: usize) -> Result<(), CommandError> {
    let Some(bytes) = text.map(str::len).filter(|bytes| *bytes > most) else { return Ok(()) };
    Err(CommandError::refused(format!("{option} has {bytes} bytes; the limit is {most}"))
        .hint("put the rest into a file of the project, and mention that file in the prompt"))
}

impl Context {
    /// Returns how many `Stop` events in a row the agent in a process lets a hook block. The user's own setting
    /// counts, as the agent reads it. A setting of the project counts only if it is lower.
    #[must_use]
    pub fn block_cap(&self, agent: Agent, process: &Process, project: &Path) -> Option<u32> {
        let block = spec(agent).block_cap?;
        let variable = |name| self.inspector().system().variable(process.pid, name);
        let own = variable(spec(agent).home_variable).map(PathBuf::from).filter(|path| path.is_absolute());
        let own = own.or_else(|| self.account_home().map(|home| home.join(spec(agent).home_default)));
        // Follow a link, as the agent does, but only to a regular file: others may never end.
        let of_file = |path: PathBuf| {
            let bytes = path.canonicalize().and_then(|path| read_own(&path, MAX_SETTINGS)).ok()?;
            (block.from_settings)(std::str::from_utf8(&bytes).ok()?)
        };
        let user = own.and_then(|home| of_file(home.join("settings.json"))).or_else(|| variable(block.variable));
        let of_project = |name: &str| of_file(project.join(spec(agent).home_default).join(name));
        block_cap::effective_cap(agent, user, &[of_project("settings.json"), of_project("settings.local.json")])
    }
}
