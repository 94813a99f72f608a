//! The complete help and output of every command, at 80 and 40 columns and in a pipe.
//!
//! Each command has a file in `snapshots/`. `BATON_BLESS=1` writes the files anew: read the difference. What varies from run to run (ids,
//! times, process ids, paths) is replaced by text of the same width where it stands in a column.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use agent_baton_core::agent::Agent;
use agent_baton_tests::scenario::BLESS;
use agent_baton_tests::scratch::{Call, Output};
use agent_baton_tests::window::assert_no_output;
use agent_baton_tests::{Installation, Scratch, Window, program};
use serde_json::json;

/// The widths at which help and output are printed.
const WIDTHS: [u16; 2] = [80, 40];

/// The length of the path of the project, so that it never fits into a list of 80 columns.
const PROJECT_PATH_LENGTH: usize = 76;

/// A session at work, which owns a run.
const ACTIVE: &str = "5f0c2a11-7d3e-4a51-9c1b-000000000001";
/// A session that waits for a prompt.
const IDLE: &str = "019b0000-1e23-7000-8000-000000000002";
/// A session whose process was killed.
const LOST: &str = "7be1d0a4-52c6-4e0f-8a77-000000000003";
/// A session that its user left.
const ENDED: &str = "c0ffee00-3b1d-4c5e-9f22-000000000004";

/// What there is when a command is called.
#[derive(Clone, Copy)]
enum State {
    /// Nothing at all.
    Empty,
    /// Four sessions and a run.
    Small,
    /// Small, with a file to import and a session in the trash.
    Exported,
    /// Two agents, without baton's hooks.
    Agents,
    /// Two agents with baton's hooks.
    Installed,
    /// A project with a protected file.
    Protected,
}

/// The calls of one command, one after the other in the same state. `{run}` stands for the id of the run.
struct Case {
    state: State,
    calls: &'static [&'static str],
}

const fn case(state: State, calls: &'static [&'static str]) -> Case {
    Case { state, calls }
}

/// Every command and what is called of it. Of the commands without calls only the help is compared: they print for other programs.
const COMMANDS: &[(&str, &[Case])] = &[
    ("", &[case(State::Empty, &[""]), case(State::Small, &[""])]),
    ("hook", &[]),
    ("status", &[case(State::Small, &["status", "status --line"])]),
    ("top", &[]),
    ("serve", &[]),
    ("run", &[]),
    (
        "run start",
        &[case(
            State::Small,
            &[
                "run start second --session IDLE",
                "run start third --session ACTIVE",
                "run start fourth --session IDLE --fleet",
            ],
        )],
    ),
    (
        "run update",
        &[case(
            State::Small,
            &[
                "run update {run} --fence 1 --iteration 4",
                "run update {run} --iteration 4",
                "run update {run} --fence 7 --iteration 4",
                "run update none --iteration 4",
            ],
        )],
    ),
    ("run verify", &[case(State::Small, &["run verify {run} --fence 1", "run verify {run}"])]),
    ("run finish", &[case(State::Small, &["run finish {run} --fence 1", "run finish {run} --fence 1"])]),
    ("run cancel", &[case(State::Small, &["run cancel {run}", "run cancel {run}"])]),
    ("run pause", &[case(State::Small, &["run pause {run} --why lunch"])]),
    ("run continue", &[case(State::Small, &["run pause {run}", "run continue {run}"])]),
    ("run adopt", &[case(State::Small, &["run adopt {run} --session IDLE", "run adopt {run} --session IDLE --take"])]),
    (
        "run list",
        &[
            case(State::Empty, &["run list", "run list --all"]),
            case(State::Small, &["run list", "run cancel {run}", "run list", "run list --all"]),
        ],
    ),
    ("run show", &[case(State::Small, &["run show {run}"])]),
    ("run with", &[case(State::Small, &["run with build -- true", "run with build -- false"])]),
    ("run with-command", &[]),
    ("run log", &[case(State::Small, &["run log {run}"])]),
    ("session", &[]),
    (
        "session list",
        &[
            case(State::Empty, &["session list", "session list --pinned"]),
            case(State::Small, &["session list", "session list --limit 1"]),
        ],
    ),
    ("session show", &[case(State::Small, &["session show ACTIVE", "session show none"])]),
    ("session name", &[case(State::Small, &["session name IDLE parser", "session name IDLE --clear"])]),
    ("session pin", &[case(State::Small, &["session pin IDLE", "session pin IDLE --off"])]),
    (
        "session dismiss",
        &[case(State::Small, &["session dismiss IDLE", "session dismiss IDLE --off", "session dismiss ACTIVE"])],
    ),
    ("session discover", &[case(State::Empty, &["session discover"])]),
    (
        "session delete",
        &[case(
            State::Small,
            &["session delete LOST", "session delete LOST", "session delete ACTIVE", "session show LOST"],
        )],
    ),
    (
        "session restore",
        &[case(State::Exported, &["session restore LOST", "session restore LOST", "session restore none"])],
    ),
    ("session export", &[case(State::Small, &["session export ENDED", "session export ENDED"])]),
    ("session import", &[case(State::Exported, &["session import ended.tar.gz", "session import none.tar.gz"])]),
    ("resume", &[case(State::Empty, &["resume"]), case(State::Small, &["resume", "resume ACTIVE", "resume none"])]),
    ("go", &[case(State::Small, &["go LOST", "go none"])]),
    ("answer", &[case(State::Small, &["answer IDLE words", "answer none words"])]),
    // What a fleet shows needs a database; `tests/it/advice/fleet.rs` plays that.
    ("handoff", &[case(State::Small, &["handoff LOST", "handoff none --cancel"])]),
    ("pickup", &[case(State::Empty, &["pickup", "pickup none --tmux"])]),
    ("fleet", &[]),
    ("fleet init", &[case(State::Empty, &["fleet init"])]),
    ("fleet join", &[case(State::Empty, &["fleet join", "fleet join --name desk --no-timer"])]),
    ("fleet leave", &[case(State::Empty, &["fleet leave", "fleet leave --force"])]),
    ("fleet status", &[case(State::Empty, &["fleet status", "fleet status --json"])]),
    ("fleet witness", &[case(State::Empty, &["fleet witness", "fleet witness --quiet"])]),
    ("fleet recover", &[case(State::Empty, &["fleet recover"])]),
    ("fleet show", &[case(State::Empty, &["fleet show", "fleet show --what-is-stored"])]),
    ("project", &[]),
    ("project list", &[case(State::Empty, &["project list"]), case(State::Protected, &["project list"])]),
    ("project show", &[case(State::Protected, &["project save", "project show"])]),
    ("project save", &[case(State::Empty, &["project save"]), case(State::Protected, &["project save"])]),
    (
        "project restore",
        &[case(
            State::Protected,
            &["project restore", "project save", "project restore --backup 1", "project restore --backup 7"],
        )],
    ),
    (
        "install",
        &[case(
            State::Agents,
            &[
                "install --dry-run",
                "install",
                "install --yes",
                "install --yes",
                "install --agent claude --loops --dry-run",
            ],
        )],
    ),
    ("uninstall", &[case(State::Empty, &["uninstall"]), case(State::Installed, &["uninstall --yes --purge"])]),
    ("doctor", &[case(State::Empty, &["doctor"]), case(State::Installed, &["doctor"])]),
    ("disable", &[case(State::Empty, &["disable", "disable --project"])]),
    ("enable", &[case(State::Empty, &["disable", "enable", "enable --project"])]),
    ("config", &[case(State::Empty, &["config"])]),
    ("gc", &[case(State::Small, &["gc --dry-run", "gc"])]),
    ("explain", &[case(State::Empty, &["explain"]), case(State::Small, &["explain", "explain {run}", "explain none"])]),
    ("log", &[case(State::Empty, &["log"]), case(State::Small, &["log"])]),
    ("demo", &[]),
    ("decide", &[case(State::Empty, &["decide"])]),
    ("replay", &[case(State::Small, &["replay", "replay none.jsonl"])]),
    ("schema", &[case(State::Empty, &["schema", "schema none"])]),
    ("completions", &[]),
    ("man", &[case(State::Empty, &["man none"])]),
];

/// Every command, also those that are hidden.
pub(super) fn commands() -> impl Iterator<Item = &'static str> {
    COMMANDS.iter().map(|(command, _)| *command)
}

/// A state in which commands are called.
struct Scene<'a> {
    scratch: &'a Scratch,
    program: PathBuf,
    project: PathBuf,
    run: String,
    _windows: Vec<Window<'a>>,
}

impl<'a> Scene<'a> {
    fn new(installation: &'a Installation, state: State) -> Self {
        let scratch = &installation.scratch;
        let parent = scratch.home().join("work");
        let padding = PROJECT_PATH_LENGTH.saturating_sub(parent.as_os_str().len() + "/-parser".len()).max(1);
        let project = parent.join(format!("{}-parser", "x".repeat(padding)));
        fs::create_dir_all(&project).unwrap();
        let program = program::baton().to_owned();
        let mut scene = Self { scratch, program, project, run: String::new(), _windows: Vec::new() };
        match state {
            State::Empty => {}
            State::Small => scene.populate(),
            State::Exported => {
                scene.populate();
                for call in ["session export ENDED --out ended.tar.gz", "session delete ENDED", "session delete LOST"] {
                    scene.call(call).run();
                }
            }
            State::Agents | State::Installed => {
                scene.program = installation.program().to_owned();
                fs::create_dir(scratch.home().join(".claude")).unwrap_or_default();
                if matches!(state, State::Installed) {
                    assert_eq!(scene.call("install --yes").run().code, Some(0));
                }
            }
            State::Protected => {
                let config = scratch.home().join(".config/baton");
                fs::create_dir_all(&config).unwrap();
                let text = format!("[[protect]]\nproject = {:?}\npaths = [\"AGENTS.md\"]\n", scene.project);
                fs::write(config.join("config.toml"), text).unwrap();
                fs::write(scene.project.join("AGENTS.md"), "mine\n").unwrap();
            }
        }
        scene
    }

    /// Four sessions, each in a status of its own, and a run.
    fn populate(&mut self) {
        let open = |agent, pane, session: &str| {
            let mut window = Window::open(self.scratch, agent, pane);
            let fields = |more: serde_json::Value| {
                let mut fields = json!({"cwd": self.project});
                fields.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
                fields
            };
            assert_no_output(&window.hook("SessionStart", session, &fields(json!({}))));
            assert_no_output(&window.hook("UserPromptSubmit", session, &fields(json!({"prompt": "words"}))));
            window
        };
        let mut active = open(Agent::Claude, "%1", ACTIVE);
        let mut idle = open(Agent::Codex, "%2", IDLE);
        let mut lost = open(Agent::Claude, "%3", LOST);
        let mut ended = open(Agent::Claude, "%4", ENDED);
        let started = active.baton(ACTIVE, &["run", "start", "port the parser", "--max-iterations", "20", "--json"]);
        let run: serde_json::Value = serde_json::from_str(&started.stdout).unwrap();
        self.run = run["id"].as_str().unwrap().to_owned();
        let update = ["run", "update", &self.run, "--iteration", "3", "--phase", "lexer"];
        assert_eq!(active.baton(ACTIVE, &update).code, Some(0));
        assert_no_output(&idle.hook("Stop", IDLE, &json!({"cwd": self.project, "last_assistant_message": "done"})));
        lost.process.kill();
        assert_no_output(&ended.hook("SessionEnd", ENDED, &json!({"cwd": self.project})));
        let named = self.call("session name IDLE review").run();
        assert_eq!(named.code, Some(0), "{named:?}");
        self._windows = vec![active, idle, lost, ended];
    }

    fn call(&self, words: &str) -> Call {
        let words = words.replace("{run}", &self.run);
        let words = words.split_whitespace().map(|word| match word {
            "ACTIVE" => ACTIVE,
            "IDLE" => IDLE,
            "LOST" => LOST,
            "ENDED" => ENDED,
            word => word,
        });
        self.scratch.program(&self.program, words.collect::<Vec<_>>()).cwd(&self.project)
    }

    /// The text without what varies.
    fn normalized(&self, text: &str) -> String {
        let root = self.scratch.root().to_str().unwrap();
        let project = self.project.to_str().unwrap();
        let mut text =
            text.replace(project, "[project]").replace(root, "[root]").replace(env!("CARGO_PKG_VERSION"), "[version]");
        // A path whose beginning is cut off.
        while let Some(start) = text.find("\u{2026}xxxx") {
            let end = start
                + '\u{2026}'.len_utf8()
                + text[start + '\u{2026}'.len_utf8()..].chars().take_while(|c| *c == 'x').count();
            text.replace_range(start..end, "\u{2026}");
        }
        let text = text.split_inclusive(|c: char| !c.is_ascii_alphanumeric()).map(normalized_word).collect::<String>();
        without_numbers(&text)
    }
}

/// A word without what varies: the id of a run, and numbers that a clock or the kernel gives.
fn normalized_word(word: &str) -> String {
    let text = word.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
    let rest = &word[text.len()..];
    let is_run = text.len() >= 8
        && text.len() <= 13
        && text
            .strip_prefix('r')
            .is_some_and(|id| id.bytes().all(|byte| byte.is_ascii_hexdigit() && !byte.is_ascii_uppercase()));
    let is_digest = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_digest {
        format!("[digest]{rest}")
    } else if is_run {
        format!("r{}{rest}", "0".repeat(text.len() - 1))
    } else {
        word.to_owned()
    }
}

/// Joins the lines of a sentence about a pid: where they break depends on its digits.
fn without_breaks_beside_pids(text: &str) -> String {
    let mut sentences: Vec<String> = Vec::new();
    for line in text.lines() {
        match sentences.last_mut() {
            Some(sentence) if line.starts_with(CONTINUED) => sentence.extend(["\n", line]),
            _ => sentences.push(line.to_owned()),
        }
    }
    let join = |sentence: String| match sentence.contains("[pid]") {
        true => sentence.replace(&format!("\n{CONTINUED}"), " "),
        false => sentence,
    };
    sentences.into_iter().map(|sentence| join(sentence) + "\n").collect()
}

/// How a line begins that continues a sentence of `explain`.
const CONTINUED: &str = "           ";

/// Replaces numbers that vary, by what stands beside them.
fn without_numbers(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, from) = rest.split_at(start);
        let end = from.find(|c: char| !(c.is_ascii_digit() || ":.-TZ".contains(c))).unwrap_or(from.len());
        let (number, after) = from.split_at(end);
        out.push_str(before);
        let digits = |shape: &str| {
            number.len() >= shape.len()
                && shape
                    .bytes()
                    .zip(number.bytes())
                    .all(|(want, is)| if want == b'0' { is.is_ascii_digit() } else { want == is })
        };
        if digits("00:00:00") {
            out.push_str("HH:MM:SS");
            out.push_str(&number[8..]);
        } else if digits("00-00-00") {
            out.push_str("YY-MM-DD");
            out.push_str(&number[8..]);
        } else if digits("0000000000000") {
            out.push_str("[milliseconds]");
            out.push_str(&number[13..]);
        } else if digits("00:00") {
            out.push_str("HH:MM");
            out.push_str(&number[5..]);
        } else if digits("0000-00-00T00:00:00") {
            out.push_str("[time]");
        } else if digits("0000-00-00") {
            out.push_str("YYYY-MM-DD");
            out.push_str(&number[10..]);
        } else if before.ends_with("pid ") {
            out.push_str("[pid]");
            out.push_str(&number[number.trim_end_matches(['.', ':', '-']).len()..]);
        } else if after.starts_with(" ms") || before.ends_with("takes ") {
            out.push_str("[time]");
        } else if after.starts_with(" bytes") {
            out.push_str("[size]");
        } else {
            out.push_str(number);
        }
        rest = after;
    }
    out + rest
}

/// Everything that a command prints, in one text.
fn snapshot(command: &str, cases: &[Case]) -> String {
    let mut text = String::new();
    let mut add = |title: &str, code: Option<i32>, screen: &str| {
        let exit = if code == Some(0) { String::new() } else { format!(" (exit status {})", code.unwrap_or(-1)) };
        let screen: String = screen.lines().map(|line| format!("{}\n", line.trim_end())).collect();
        text.push_str(&format!("### {title}{exit}\n{}\n", without_breaks_beside_pids(&screen)));
    };
    let installation = Installation::new();
    let scene = Scene::new(&installation, State::Empty);
    if ["top", "serve"].contains(&command) {
        // The view prints its help itself.
        let path = format!("{}:{}", scene.scratch.env()["PATH"], program::baton_view().parent().unwrap().display());
        scene.scratch.set("PATH", Some(&path));
    }
    for width in WIDTHS {
        let (code, screen) = scene.call(&format!("{command} --help")).run_at_terminal(width);
        add(&format!("help at {width} columns"), code, &screen);
    }
    for case in cases {
        let shown = |call: &str| format!("baton {call}").trim_end().to_owned();
        let in_pipe = play(case, |scene, call| {
            let Output { code, stdout, stderr, .. } = scene.call(call).run();
            let is_one = stderr.is_empty() || stdout.is_empty();
            (code, if is_one { stdout + &stderr } else { format!("{stdout}--- stderr\n{stderr}") })
        });
        for (call, (code, text)) in case.calls.iter().zip(in_pipe) {
            add(&format!("{} in a pipe", shown(call)), code, &text);
        }
        for width in WIDTHS {
            let at_terminal = play(case, |scene, call| scene.call(call).run_at_terminal(width));
            for (call, (code, screen)) in case.calls.iter().zip(at_terminal) {
                add(&format!("{} at {width} columns", shown(call)), code, &screen);
            }
        }
    }
    text
}

/// Makes the calls of a case, and returns what each prints. On a busy machine it does so again: an age of a minute is
/// no longer printed as "just now".
fn play(case: &Case, call: impl Fn(&Scene<'_>, &str) -> (Option<i32>, String)) -> Vec<(Option<i32>, String)> {
    loop {
        let begun = Instant::now();
        let installation = Installation::new();
        let scene = Scene::new(&installation, case.state);
        let print = |words: &&str| {
            let (code, text) = call(&scene, words);
            (code, scene.normalized(&text))
        };
        let printed = case.calls.iter().map(print).collect();
        if begun.elapsed() < Duration::from_secs(60) {
            return printed;
        }
    }
}

fn path(command: &str) -> PathBuf {
    let name = if command.is_empty() { "baton".to_owned() } else { command.replace(' ', "-") };
    program::workspace().join("tests/it/cli/snapshots").join(name).with_extension("txt")
}

/// Compares the commands of one group with their files. The groups are tests of their own, so that they run at the same time.
fn check(group: &str) {
    let bless = std::env::var_os(BLESS).is_some();
    let mut differ = Vec::new();
    for (command, cases) in COMMANDS.iter().filter(|(command, _)| group_of(command) == group) {
        let found = snapshot(command, cases);
        let path = path(command);
        if bless {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, &found).unwrap();
        }
        let expected = fs::read_to_string(&path).unwrap_or_default();
        if found != expected {
            differ.push(format!("{}:\n{}", path.display(), first_difference(&expected, &found)));
        }
    }
    assert!(
        differ.is_empty(),
        "`{BLESS}=1 cargo test -p agent-baton-tests cli::snapshots` writes these files again:\n{}",
        differ.join("\n")
    );
}

fn group_of(command: &str) -> &str {
    let first = command.split(' ').next().unwrap_or_default();
    if ["run", "session", "project", "install", "uninstall", "doctor"].contains(&first) { first } else { "other" }
}

fn first_difference(expected: &str, found: &str) -> String {
    let mut title = "";
    for (index, line) in found.lines().enumerate() {
        title = if line.starts_with("### ") { line } else { title };
        let was = expected.lines().nth(index);
        if was != Some(line) {
            return format!("{title}\n  - {}\n  + {line}", was.unwrap_or_default());
        }
    }
    format!("{title}\n  lines are missing at the end")
}

#[test]
fn commands_on_runs() {
    check("run");
}

#[test]
fn commands_on_sessions() {
    check("session");
}

#[test]
fn commands_on_projects() {
    check("project");
}

#[test]
fn install() {
    check("install");
}

#[test]
fn uninstall() {
    check("uninstall");
}

#[test]
fn doctor() {
    check("doctor");
}

#[test]
fn the_other_commands() {
    check("other");
}

/// The commands below one, as its help lists them.
fn subcommands(scratch: &Scratch, command: &str) -> Vec<String> {
    let help = scratch.baton(command.split_whitespace().chain(["--help"])).run().stdout;
    let listed = help.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    let names = listed.filter_map(|line| line.strip_prefix("  ")?.split_whitespace().next().map(str::to_owned));
    names.filter(|name| name != "help").map(|name| format!("{command} {name}").trim().to_owned()).collect()
}

#[test]
fn every_command_has_a_snapshot() {
    let scratch = Scratch::new();
    let mut commands = vec![String::new()];
    let mut next = 0;
    while next < commands.len() {
        let below = subcommands(&scratch, &commands[next]);
        commands.extend(below);
        next += 1;
    }
    for command in &commands {
        assert!(COMMANDS.iter().any(|(known, _)| known == command), "`baton {command}` has no case in COMMANDS");
    }
    let known: Vec<PathBuf> = COMMANDS.iter().map(|(command, _)| path(command)).collect();
    for entry in fs::read_dir(path("").parent().unwrap_or(Path::new(""))).unwrap() {
        let file = entry.unwrap().path();
        assert!(known.contains(&file), "{} belongs to no command", file.display());
    }
}

#[test]
fn colour_is_for_terminals_alone() {
    let installation = Installation::new();
    let scene = Scene::new(&installation, State::Small);
    let (_, screen) = scene.call("session list").env("TERM", "xterm").run_at_terminal(200);
    assert!(screen.contains("\u{1b}[31mlost\u{1b}[0m") && screen.contains("\u{1b}[2mID "), "{screen}");
    let (_, screen) = scene.call("session list").env("TERM", "xterm").env("NO_COLOR", "1").run_at_terminal(200);
    assert!(!screen.contains('\u{1b}'), "{screen}");
    let piped = scene.call("session list").env("TERM", "xterm").run();
    assert!(!piped.stdout.contains('\u{1b}') && piped.stdout.starts_with("ID "), "{piped:?}");
}

#[test]
fn titles_are_for_terminals_alone() {
    let installation = Installation::new();
    let scene = Scene::new(&installation, State::Small);
    let transcript = scene.scratch.home().join(format!("work/{LOST}.jsonl"));
    fs::write(transcript, "{\"type\":\"ai-title\",\"aiTitle\":\"Fix the lexer\"}\n").unwrap();
    for words in ["session list", "status"] {
        let (_, screen) = scene.call(words).run_at_terminal(200);
        assert!(screen.contains("Fix the lexer") && screen.contains("\"review\""), "{screen}");
        let piped = scene.call(words).run();
        assert!(!piped.stdout.contains("Fix the lexer") && piped.stdout.contains("\"review\""), "{piped:?}");
    }
}
