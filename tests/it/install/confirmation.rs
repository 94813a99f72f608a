//! The question of install and of uninstall, at a real terminal.

use std::fs::File;
use std::io::{Read, Write};
use std::process::{Command, Stdio};

use agent_baton_tests::Person;
use nix::pty::openpty;

const CLAUDE: &str = ".claude/settings.json";
const BEFORE: &str = "{\n  // mine\n  \"a\": 1\n}\n";
/// What a terminal sends for Ctrl-D.
const END_OF_INPUT: &str = "\x04";

fn person() -> Person {
    let person = Person::new();
    person.write(CLAUDE, BEFORE);
    person
}

/// Runs a command at a terminal and answers its question. Gives the exit status and what stood on the screen.
fn answered(person: &Person, words: &str, answer: &str) -> (Option<i32>, String) {
    let terminal = openpty(None, None).unwrap();
    let slave = File::from(terminal.slave);
    let end = || Stdio::from(slave.try_clone().unwrap());
    let mut command = Command::new(person.program());
    command.args(words.split_whitespace()).env_clear().envs(person.scratch.env()).current_dir(person.at("work"));
    let mut child = command.stdin(end()).stdout(end()).stderr(end()).spawn().unwrap();
    // The command holds the other ends now: when it ends, reading does.
    drop((command, slave));
    let mut master = File::from(terminal.master);
    let (mut screen, mut asked) = (Vec::new(), false);
    let mut bytes = [0; 4096];
    while let Ok(count @ 1..) = master.read(&mut bytes) {
        screen.extend_from_slice(&bytes[..count]);
        if !asked && String::from_utf8_lossy(&screen).contains("[y/N] ") {
            asked = true;
            master.write_all(answer.as_bytes()).unwrap();
        }
    }
    let screen = String::from_utf8_lossy(&screen).replace('\r', "");
    assert!(asked, "{words}: nothing was asked: {screen}");
    (child.wait().unwrap().code(), screen)
}

#[test]
fn install_writes_only_after_a_yes() {
    for answer in ["n\n", "N\n", "\n", "no\n", "yess\n", "maybe\n", "n y\n", END_OF_INPUT] {
        let person = person();
        let tree = person.tree();
        let (code, screen) = answered(&person, "install", answer);
        assert_eq!(code, Some(1), "{answer:?}: {screen}");
        assert!(screen.contains("nothing was written"), "{answer:?}: {screen}");
        assert_eq!(person.tree(), tree, "{answer:?}");
    }
    for answer in ["y\n", "Y\n", "yes\n"] {
        let person = person();
        let (code, screen) = answered(&person, "install", answer);
        assert_eq!(code, Some(0), "{answer:?}: {screen}");
        // Every line that came into the file was shown before the question.
        let (shown, _) = screen.split_once("Write this? [y/N] ").expect("the question");
        let after = String::from_utf8(person.read(CLAUDE)).unwrap();
        for line in after.lines().filter(|line| !BEFORE.lines().any(|old| old == *line)) {
            assert!(shown.contains(&format!("\n+{line}\n")), "{line} is not in {shown}");
        }
        assert!(after.contains("// mine") && after.matches("--agent").count() == 7, "{after}");
    }
}

#[test]
fn uninstall_takes_out_only_after_a_yes() {
    for answer in ["n\n", "\n", END_OF_INPUT] {
        let person = person();
        person.done("install --yes");
        let tree = person.tree();
        let (code, screen) = answered(&person, "uninstall", answer);
        assert_eq!(code, Some(1), "{answer:?}: {screen}");
        assert_eq!(person.tree(), tree, "{answer:?}");
    }
    let person = person();
    person.done("install --yes");
    let (code, screen) = answered(&person, "uninstall", "y\n");
    assert_eq!(code, Some(0), "{screen}");
    assert!(screen.contains("-            \"type\": \"command\""), "{screen}");
    assert_eq!(person.read(CLAUDE), BEFORE.as_bytes());
}

#[test]
fn purge_asks_for_the_configuration_too() {
    const CONFIG: &str = ".config/baton/config.toml";
    for (answer, left) in [("n\n", true), (END_OF_INPUT, true), ("y\n", false)] {
        let person = person();
        person.write(CONFIG, "# mine\n");
        let (code, screen) = answered(&person, "uninstall --yes --purge", answer);
        assert_eq!(code, Some(0), "{answer:?}: {screen}");
        assert_eq!(person.at(CONFIG).exists(), left, "{answer:?}: {screen}");
    }
}
