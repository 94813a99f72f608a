//! Plays every command that baton suggests. Each situation is built with real processes, the message is produced, and the command in it
//! is taken from the real output and run. A suggestion in the sources that no situation plays fails the test.

mod coverage;
mod documented;
mod fleet;
mod fleet_guide;
mod handoff;
mod install;
mod loops;
mod projects;
mod runs;
mod sessions;
mod stage;

use agent_baton_core::agent::Agent;
use agent_baton_tests::{Installation, Window};
use baton_test_postgres::Postgres;
use serde_json::json;

use stage::Stage;

/// A situation in which baton suggests a command.
struct Situation {
    /// The suggestion. RUN, SESSION, ID, PATH and N stand for whatever the message names.
    advice: &'static str,
    /// Builds the situation and returns the message.
    message: fn(&mut Stage<'_>) -> String,
    /// Where the command is run.
    place: Place,
    /// The exit status of the command.
    code: i32,
    /// A command, and what it prints once the suggestion was followed.
    effect: (&'static str, &'static str),
    /// Whether a fleet's database is needed.
    needs_database: bool,
}

/// Where a suggested command is run.
#[derive(Clone, Copy)]
enum Place {
    /// In a terminal of the user, who confirms what is asked.
    Terminal,
    /// In a tool of this session.
    Session(&'static str),
    /// In a terminal of the user on the other machine.
    OtherMachine,
}

/// A suggestion that the user follows in a terminal.
const fn advice(
    advice: &'static str,
    message: fn(&mut Stage<'_>) -> String,
    effect: (&'static str, &'static str),
) -> Situation {
    Situation { advice, message, place: Place::Terminal, code: 0, effect, needs_database: false }
}

impl Situation {
    /// The same, but in a tool of a session.
    const fn within(mut self, session: &'static str) -> Self {
        self.place = Place::Session(session);
        self
    }

    /// The same, but on the other machine.
    const fn elsewhere(mut self) -> Self {
        self.place = Place::OtherMachine;
        self
    }

    /// The same, but left out where there is no PostgreSQL.
    const fn with_database(mut self) -> Self {
        self.needs_database = true;
        self
    }

    /// The same, but `doctor` still finds what the user was told.
    const fn finding(mut self) -> Self {
        self.code = 1;
        self
    }
}

/// Plays these situations. All of them are played before any failure is reported.
fn play(situations: &[Situation]) {
    let failures: Vec<String> = situations.iter().filter_map(|situation| check(situation).err()).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

/// Plays one situation.
fn check(situation: &Situation) -> Result<(), String> {
    let Situation { advice, message, place, code: status, effect: (words, expected), needs_database } = situation;
    // The server says that the test is skipped.
    if *needs_database && Postgres::shared().is_none() {
        return Ok(());
    }
    let installation = Installation::new();
    let mut stage = Stage::new(&installation);
    let text = message(&mut stage);
    let found = suggestions(&text).find(|command| fits(advice, command));
    let command = found.ok_or_else(|| format!("`baton {advice}` is not suggested in {text:?}"))?;
    let (code, output) = stage.follow(*place, command);
    if code != Some(*status) {
        return Err(format!("`baton {command}`, which was suggested, exits with {code:?}: {output}"));
    }
    let shown = if words.is_empty() { output } else { stage.user(words) };
    if shown.contains(expected) {
        Ok(())
    } else {
        Err(format!("`baton {command}`, which was suggested, does not lead to {expected:?}: {shown}"))
    }
}

/// Returns the commands that a text suggests, without `baton`.
fn suggestions(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2).filter_map(|quoted| quoted.strip_prefix("baton "))
}

/// Returns whether a command is the suggestion, whatever stands for its words in capitals.
fn fits(advice: &str, command: &str) -> bool {
    let (advice, command): (Vec<_>, Vec<_>) = (advice.split(' ').collect(), command.split(' ').collect());
    let same = |(word, is): (&&str, &&str)| word == is || word.bytes().all(|byte| byte.is_ascii_uppercase());
    advice.len() == command.len() && advice.iter().zip(&command).all(same)
}

/// Every situation.
fn situations() -> impl Iterator<Item = &'static Situation> {
    let groups = [runs::SITUATIONS, loops::SITUATIONS, sessions::SITUATIONS, projects::SITUATIONS];
    groups.into_iter().chain([install::SITUATIONS, fleet::SITUATIONS, handoff::SITUATIONS]).flatten()
}

#[test]
fn about_runs() {
    play(runs::SITUATIONS);
}

#[test]
fn about_loops() {
    play(loops::SITUATIONS);
}

#[test]
fn about_sessions() {
    play(sessions::SITUATIONS);
}

#[test]
fn about_projects() {
    play(projects::SITUATIONS);
}

#[test]
fn about_the_fleet() {
    play(fleet::SITUATIONS);
}

#[test]
fn about_handoffs() {
    play(handoff::SITUATIONS);
}

#[test]
fn about_the_installation() {
    play(install::SITUATIONS);
}

/// Whoever makes a repository names its directories.
#[test]
fn a_hostile_name_of_a_project_is_one_word_of_a_suggestion() {
    let installation = Installation::new();
    let stage = Stage::new(&installation);
    let project = installation.at("it's $(touch pwned);touch pwned");
    std::fs::create_dir(&project).unwrap();
    let file = project.join("AGENTS.md");
    std::fs::write(&file, "mine\n").unwrap();
    let config = format!("[[protect]]\nproject = {:?}\npaths = [\"AGENTS.md\"]\n", project.to_str().unwrap());
    installation.write(".config/baton/config.toml", config);
    let mut window = Window::open(&installation.scratch, Agent::Claude, "%1");
    window.hook("SessionStart", "s1", &json!({"cwd": project}));
    std::fs::write(&file, "the tool's\n").unwrap();
    window.process.kill();
    let told = stage.user("uninstall --purge --yes");
    let command =
        suggestions(&told).find(|command| command.starts_with("project restore ")).unwrap_or_else(|| panic!("{told}"));
    let followed = stage.shell(&format!("baton {command}")).run();
    assert!(followed.stdout.contains("restored AGENTS.md"), "{command}: {followed:?}");
    let names = [installation.scratch.home(), installation.at("work"), project].map(|at| at.join("pwned"));
    assert!(names.iter().all(|name| !name.exists()), "{command}");
}

#[test]
fn a_suggestion_stands_in_backticks_and_its_words_in_capitals_stand_for_any() {
    let text = "wait: `fuser x`, or `baton run adopt r1 --take --session s1`";
    assert_eq!(suggestions(text).collect::<Vec<_>>(), ["run adopt r1 --take --session s1"]);
    for (advice, command, expected) in [
        ("run adopt RUN --take", "run adopt r1 --take", true),
        ("run adopt RUN --take", "run adopt r1 --force", false),
        ("run adopt RUN", "run adopt r1 --take", false),
    ] {
        assert_eq!(fits(advice, command), expected, "{advice}, {command}");
    }
}
