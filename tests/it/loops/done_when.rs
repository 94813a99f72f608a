//! The command that checks whether a loop is done: only a user can give it, and it runs once for each `Stop`.

use std::time::{Duration, Instant};

use agent_baton_core::agent::Agent;
use agent_baton_core::run::Status;
use agent_baton_tests::account::Account;
use agent_baton_tests::fake_agent::{Ended, Run};
use agent_baton_tests::reply::Reply;
use agent_baton_tests::window::assert_no_output;
use agent_baton_tests::{Scratch, Window};
use serde_json::json;

fn open<'a>(scratch: &'a Scratch, agent: Agent) -> Window<'a> {
    let mut window = Window::open(scratch, agent, "%1");
    assert_no_output(&window.hook("SessionStart", "s1", &json!({})));
    assert_no_output(&window.hook("UserPromptSubmit", "s1", &json!({"prompt": "words"})));
    window
}

fn call(window: &Window<'_>, account: &Account<'_>, message: &str) -> Run {
    let fields = json!({"last_assistant_message": message, "stop_hook_active": false});
    account.of(window.call("s1", window.payload("Stop", "s1", &fields).to_string()))
}

fn stop(window: &mut Window<'_>, account: &Account<'_>, message: &str) -> Reply {
    let run = call(window, account, message);
    said(&window.process.run(run))
}

fn said(ended: &Ended) -> Reply {
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended:?}");
    Reply::parse(&ended.stdout, "Stop").unwrap().expect("something is said")
}

fn status(scratch: &Scratch) -> Status {
    scratch.state().runs()[0].record.status
}

#[test]
fn a_loop_is_done_when_its_command_succeeds() {
    for agent in Agent::ALL {
        let scratch = Scratch::new();
        let Some(account) = Account::new(&scratch) else { return };
        let mut window = open(&scratch, agent);
        let command = "echo tried >> tries; pwd; wc -l < tries; test $(wc -l < tries) -ge 3";
        let typed = account.types(&format!(
            "run start demo --loop --prompt 'Mend it.' --session s1 --max-iterations 6 --done-when '{command}'"
        ));
        assert_eq!(typed.code, Some(0), "{typed:?}");
        for n in 1..=2 {
            let prompt = stop(&mut window, &account, &format!("part {n}")).reason.unwrap();
            assert!(
                prompt.starts_with("Mend it.") && prompt.contains("exited with 1. The end of its output"),
                "{prompt}"
            );
            assert!(prompt.contains("home/work\n") && prompt.ends_with(&n.to_string()), "in the project: {prompt}");
        }
        let words = stop(&mut window, &account, "part 3").user.unwrap();
        assert!(words.contains("is done at iteration 2 of 6"), "{words}");
        assert_eq!(status(&scratch), Status::Done);
        // The files that were written for the loop are removed with it.
        let approved = scratch.home().join(".local/share/baton/approved");
        assert_eq!(std::fs::read_dir(approved).unwrap().count(), 0, "{agent}");
        assert!(std::fs::read_dir(scratch.state_dir().join("loops")).unwrap().next().is_none(), "{agent}");
    }
}

#[test]
fn several_deliveries_of_one_stop_run_it_once() {
    let scratch = Scratch::new();
    let Some(account) = Account::new(&scratch) else { return };
    let mut window = open(&scratch, Agent::Claude);
    let command = "echo tried >> tries; sleep 0.5; false";
    let typed =
        account.types(&format!("run start demo --loop --prompt 'Mend it.' --session s1 --done-when '{command}'"));
    assert_eq!(typed.code, Some(0), "{typed:?}");
    let run = call(&window, &account, "part 1");
    let ended = window.process.run_all(vec![run; 6]);
    assert_eq!(ended.iter().filter(|one| one.stdout.contains("\"block\"")).count(), 1, "{ended:?}");
    assert_eq!(std::fs::read_to_string(scratch.home().join("work/tries")).unwrap(), "tried\n");
    assert_eq!(scratch.state().runs()[0].record.iteration, 1);
}

/// A command that writes without end must not fill the memory.
#[test]
fn of_what_the_command_writes_the_end_alone_is_held() {
    let scratch = Scratch::new();
    let Some(account) = Account::new(&scratch) else { return };
    let mut window = open(&scratch, Agent::Claude);
    let command = "yes | head -c 300000000; echo end; false";
    let typed =
        account.types(&format!("run start demo --loop --prompt 'Mend it.' --session s1 --done-when '{command}'"));
    assert_eq!(typed.code, Some(0), "{typed:?}");
    let prompt = stop(&mut window, &account, "part 1").reason.unwrap();
    assert!(prompt.ends_with("y\ny\nend"), "{prompt}");
    let kib = window.process.largest_child_kib();
    assert!(kib < 200 * 1024, "{kib} KiB");
}

/// An agent, or the alarm, may end the hook. A command that continued would run beside that of the next `Stop`.
#[test]
fn the_command_does_not_outlive_its_hook() {
    for (signal, code) in [("ALRM", Some(0)), ("TERM", None), ("KILL", None)] {
        let scratch = Scratch::new();
        let Some(account) = Account::new(&scratch) else { return };
        let mut window = open(&scratch, Agent::Claude);
        let command = format!("sleep 61.5 & echo $! > left; kill -{signal} $PPID; wait");
        let typed =
            account.types(&format!("run start demo --loop --prompt 'Mend it.' --session s1 --done-when '{command}'"));
        assert_eq!(typed.code, Some(0), "{typed:?}");
        let run = call(&window, &account, "part 1");
        let ended = window.process.run(run);
        assert_eq!((ended.code, ended.stdout.as_str()), (code, ""), "{ended:?}");
        let left = std::fs::read_to_string(scratch.home().join("work/left")).unwrap();
        // A zombie has no command line, and a process that is gone has no file.
        let runs = || !std::fs::read(format!("/proc/{}/cmdline", left.trim())).unwrap_or_default().is_empty();
        let begun = Instant::now();
        while runs() {
            assert!(begun.elapsed() < Duration::from_secs(30), "{signal}: it still runs");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Everything that a cloned repository can contain or an agent can do: none of it makes baton run a command.
#[test]
fn no_command_runs_that_no_user_gave() {
    let scratch = Scratch::new();
    let Some(account) = Account::new(&scratch) else { return };
    let evil = scratch.home().join("work/evil");
    let command = format!("touch {}", evil.display());
    let start = ["run", "start", "demo", "--loop", "--prompt", "Go on.", "--done-when", &command];

    // As a tool of the agent, without a terminal, and below the agent with one.
    let mut window = open(&scratch, Agent::Claude);
    let refused = window.baton("s1", &start);
    assert_eq!(refused.code, Some(3), "{refused:?}");
    assert!(refused.stderr.contains("in a terminal of your own"), "{refused:?}");
    let no_terminal = scratch.baton(start.into_iter().chain(["--session", "s1"])).run();
    assert_eq!(no_terminal.code, Some(3), "{no_terminal:?}");

    // Someone writes a command into the definition of a loop that has none.
    let harmless = window.baton("s1", &start[..6]);
    assert_eq!(harmless.code, Some(0), "{harmless:?}");
    let texts = scratch.state().files.into_keys().find(|path| path.starts_with("loops")).unwrap();
    let texts = scratch.state_dir().join(texts);
    let as_written: serde_json::Value = serde_json::from_slice(&std::fs::read(&texts).unwrap()).unwrap();
    let mut planted = as_written.clone();
    planted["done_when"] =
        json!({"command": command, "directory": scratch.home().join("work"), "environment": {"PATH": "/usr/bin:/bin"}});
    std::fs::write(&texts, planted.to_string()).unwrap();
    let words = stop(&mut window, &account, "part 1").user.unwrap();
    assert!(words.contains("waits") && words.contains("cannot be read, or is not the one"), "{words}");

    // The record contains the digest of this definition, but the user did not give the command, whatever `HOME` says.
    let record = scratch.state_dir().join(format!("runs/{}", texts.file_name().unwrap().to_str().unwrap()));
    let mut run: serde_json::Value = serde_json::from_slice(&std::fs::read(&record).unwrap()).unwrap();
    let digest = sha256(&std::fs::read(&texts).unwrap());
    run["loop"]["limits"]["definition"] = json!(digest[..32]);
    run["status"] = json!("active");
    std::fs::write(&record, run.to_string()).unwrap();
    let id = run["id"].as_str().unwrap();
    let clone = scratch.home().join("work/clone");
    std::fs::create_dir_all(clone.join(".local/share/baton/approved")).unwrap();
    let approval = sha256(json!([id, planted["done_when"]]).to_string().as_bytes());
    std::fs::write(clone.join(".local/share/baton/approved").join(id), approval).unwrap();
    let mut run = call(&window, &account, "part 2");
    for name in ["HOME", "XDG_DATA_HOME"] {
        run.env.insert(name.to_owned(), clone.to_str().unwrap().to_owned());
    }
    let words = said(&window.process.run(run)).user.unwrap();
    assert!(words.contains("is paused") && words.contains("No user of this account approved"), "{words}");
    assert!(!evil.exists());
}

#[test]
fn a_loop_without_an_approval_says_what_helps() {
    let scratch = Scratch::new();
    let Some(account) = Account::new(&scratch) else { return };
    let mut window = open(&scratch, Agent::Claude);
    let typed = account.types("run start demo --loop --prompt 'Mend it.' --session s1 --done-when 'make test'");
    assert_eq!(typed.code, Some(0), "{typed:?}");
    // A terminal ends lines by two characters.
    let baton = |words: &str| account.types(words).stdout.replace("\r\n", "\n");
    let shown = baton("run show demo");
    assert!(shown.contains("done when make test\n"), "{shown:?}");
    std::fs::remove_dir_all(scratch.home().join(".local/share/baton/approved")).unwrap();
    let words = stop(&mut window, &account, "part 1").user.unwrap();
    assert!(words.contains("the next Stop pauses it again") && !words.contains("run continue"), "{words}");
    let continued = baton("run continue demo");
    assert!(continued.contains("no user approved its command 'make test'"), "{continued}");
    let shown = baton("run show demo");
    assert!(shown.contains("status    active\n") && shown.contains("make test (no user approved it"), "{shown}");
    stop(&mut window, &account, "part 2");
    window.process.kill();
    let shown = baton("run show demo");
    assert!(shown.contains("status    interrupted, paused before\n") && shown.contains(", gone\n"), "{shown}");
}

/// A repository can set the environment of the agent, and so that of the hook. The command gets the user's.
#[test]
fn the_command_has_the_environment_of_the_user_who_gave_it() {
    let scratch = Scratch::new();
    let Some(account) = Account::new(&scratch) else { return };
    let mut window = open(&scratch, Agent::Claude);
    let typed = account.types(
        "run start demo --loop --prompt 'Mend it.' --session s1 --done-when 'echo \"$PATH-$EVIL-$BATON_HOME\"; false'",
    );
    assert_eq!(typed.code, Some(0), "{typed:?}");
    let mut run = call(&window, &account, "part 1");
    run.env.insert("PATH".to_owned(), format!("/usr/bin:/bin:{}", scratch.home().join("work/bin").display()));
    run.env.insert("EVIL".to_owned(), "evil".to_owned());
    let prompt = said(&window.process.run(run)).reason.unwrap();
    assert!(prompt.ends_with("/usr/local/bin:/usr/bin:/bin--"), "{prompt}");
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest;
    sha2::Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
